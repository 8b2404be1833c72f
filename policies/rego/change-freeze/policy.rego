# METADATA
# title: Change freeze
# description: |
#   Nothing is changed in windows of time, or only what is harmless. The time is that of the check, in the time zone that
#   is given; a plan that is applied later has to be checked again.
# custom:
#   parameters:
#     type: object
#     additionalProperties: false
#     required: [windows]
#     properties:
#       windows:
#         type: array
#         minItems: 1
#         description: When nothing may be changed. A window without bounds is always.
#         items:
#           type: object
#           additionalProperties: false
#           properties:
#             from:
#               type: string
#               pattern: '^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$'
#               description: The first moment, such as 2026-12-20 or 2026-12-20T18:00.
#             to:
#               type: string
#               pattern: '^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$'
#               description: The first moment that is free again.
#             days:
#               type: array
#               minItems: 1
#               items: { type: string, enum: [mon, tue, wed, thu, fri, sat, sun] }
#               description: The days of the week, if not all.
#             after:
#               type: string
#               pattern: '^\d{2}:\d{2}$'
#               description: The time of day from which on nothing may be changed, such as 16:00.
#             before:
#               type: string
#               pattern: '^\d{2}:\d{2}$'
#               description: The time of day that is free again; 24:00 is the end of the day.
#             reason:
#               type: string
#               description: Told with the finding.
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
#         description: What may not be done. `destroy` is delete and replace.
#       types:
#         type: array
#         items: { type: string }
#         default: ["*"]
#         description: Wildcards of the resource types that may not be changed.
#       except_types:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the resource types that may be changed.
#       except:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the addresses that may be changed.
package planguard.packs.change_freeze

import data.planguard.lib.changes
import data.planguard.lib.findings
import data.planguard.lib.selection

defaults := {"time_zone": "UTC", "actions": ["any"], "types": ["*"], "except_types": [], "except": []}

settings := object.union(defaults, data.planguard.params["change-freeze"])

# The moment of the check; a rule of its own, so that tests can replace it.
now := time.now_ns()

# Texts of this form are ordered as the moments are.
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
# title: A resource changes during a freeze
# description: The plan does something to a resource in a window of time in which that may not be done.
# custom:
#   severity: high
#   remediation: Wait until the freeze is over, or except the resource.
deny_frozen contains findings.about(change, "high", sprintf("is in for `%s` during a freeze%s", [action, _because])) if {
	count(_open) > 0
	some change in changes.touched
	selection.is_chosen(settings, change)
	actions := [word | some word in settings.actions; changes.does(change, word)]
	action := _told(actions[0])
}

_told("any") := "change"

_told(word) := word if word != "any"

_because := sprintf(" (%s)", [concat(", ", reasons)]) if {
	reasons := sort({window.reason | some window in _open})
	count(reasons) > 0
} else := ""
