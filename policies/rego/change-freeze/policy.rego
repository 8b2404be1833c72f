# METADATA
# title: Change freeze
# description: |
#   Denies changes in given time windows, or only some kinds of change. The pack uses the time of the check. Check a
#   plan again if it is applied later.
# custom:
#   parameters:
#     type: object
#     additionalProperties: false
#     required: [windows]
#     properties:
#       windows:
#         type: array
#         minItems: 1
#         description: The windows in which changes are denied. A window without keys always applies.
#         items:
#           type: object
#           additionalProperties: false
#           properties:
#             from:
#               type: string
#               pattern: '^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$'
#               description: Start of the window, such as 2026-12-20 or 2026-12-20T18:00.
#             to:
#               type: string
#               pattern: '^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$'
#               description: End of the window (exclusive).
#             days:
#               type: array
#               minItems: 1
#               items: { type: string, enum: [mon, tue, wed, thu, fri, sat, sun] }
#               description: The days of the week; all by default.
#             after:
#               type: string
#               pattern: '^\d{2}:\d{2}$'
#               description: The time of day at which the window starts, such as 16:00.
#             before:
#               type: string
#               pattern: '^\d{2}:\d{2}$'
#               description: The time of day at which the window ends (exclusive). 24:00 is the end of the day.
#             reason:
#               type: string
#               description: The reason for the freeze, printed with the finding.
#       time_zone:
#         type: string
#         format: time-zone
#         default: UTC
#         description: The time zone of all windows.
#       actions:
#         type: array
#         minItems: 1
#         items: { type: string, enum: [create, update, delete, replace, forget, import, move, destroy, any] }
#         default: [any]
#         description: The kinds of change to deny. `destroy` means delete or replace.
#       types:
#         type: array
#         items: { type: string }
#         default: ["*"]
#         description: Wildcards of the resource types to check.
#       except_types:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the resource types to skip.
#       except:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the addresses to skip.
package planguard.packs.change_freeze

import data.planguard.lib.changes
import data.planguard.lib.findings
import data.planguard.lib.selection

defaults := {"time_zone": "UTC", "actions": ["any"], "types": ["*"], "except_types": [], "except": []}

settings := object.union(defaults, data.planguard.params["change-freeze"])

# The time of the check. It is a separate rule so that tests can replace it.
now := time.now_ns()

# Strings in this format sort by time.
_moment := sprintf("%04d-%02d-%02dT%s:%02d", [date[0], date[1], date[2], _time_of_day, clock[2]]) if {
	date := time.date([now, settings.time_zone])
	clock := time.clock([now, settings.time_zone])
}

_time_of_day := sprintf("%02d:%02d", [clock[0], clock[1]]) if clock := time.clock([now, settings.time_zone])

_day := lower(substring(time.weekday([now, settings.time_zone]), 0, 3))

_open contains window if {
	some window in settings.windows
	object.get(window, "from", "") <= _moment
	_moment < object.get(window, "to", "9")
	_day in object.get(window, "days", [_day])
	object.get(window, "after", "") <= _time_of_day
	_time_of_day < object.get(window, "before", "9")
}

# METADATA
# title: Resource is changed during a freeze
# description: The plan changes a resource in a window in which such changes are denied.
# custom:
#   severity: high
#   remediation: Wait until the freeze ends, or add the address of the resource to `except`.
deny_frozen contains findings.about(change, "high", sprintf("has a planned `%s` during a freeze%s", [action, _because])) if {
	count(_open) > 0
	some change in changes.touched
	selection.is_chosen(settings, change)
	actions := [word | some word in settings.actions; changes.does(change, word)]
	action := _kind(actions[0])
}

_kind("any") := "change"

_kind(word) := word if word != "any"

_because := sprintf(" (%s)", [concat(", ", reasons)]) if {
	reasons := sort({window.reason | some window in _open})
	count(reasons) > 0
} else := ""
