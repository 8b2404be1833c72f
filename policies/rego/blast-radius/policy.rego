# METADATA
# title: Blast radius
# description: |
#   Limits how many resources a plan may change, by kind of change, resource type and module, as a number or as a
#   percentage of the existing resources. Several limits can apply to one resource.
# custom:
#   parameters:
#     type: object
#     additionalProperties: false
#     required: [limits]
#     properties:
#       limits:
#         type: array
#         minItems: 1
#         description: A list of limits, each with `actions` and `max` or `max_percent`.
#         items:
#           type: object
#           additionalProperties: false
#           required: [actions]
#           minProperties: 2
#           properties:
#             actions:
#               type: array
#               minItems: 1
#               items: { type: string, enum: [create, update, delete, replace, forget, import, move, destroy, any] }
#               description: The kinds of change to count. `destroy` means delete or replace.
#             max:
#               type: integer
#               minimum: 0
#               description: The maximum number of resources.
#             max_percent:
#               type: number
#               minimum: 0
#               description: The maximum percentage of the existing resources that the limit applies to.
#             types:
#               type: array
#               minItems: 1
#               items: { type: string }
#               description: Wildcards of the resource types that the limit applies to; all by default.
#             module:
#               type: string
#               description: The address of the module that the limit applies to. An address without keys matches all instances.
#             reason:
#               type: string
#               description: The reason for the limit, printed with the finding.
#       except:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the addresses to skip.
package planguard.packs.blast_radius

import data.planguard.lib.addresses
import data.planguard.lib.changes
import data.planguard.lib.findings
import data.planguard.lib.wildcards

defaults := {"except": []}

settings := object.union(defaults, data.planguard.params["blast-radius"])

_about(limit) := [change |
	some change in changes.managed
	wildcards.matches_any(object.get(limit, "types", ["*"]), change.type)
	addresses.is_in_module(change.address, object.get(limit, "module", ""))
	not wildcards.matches_any(settings.except, change.address)
]

_counted(limit) := [change |
	some change in _about(limit)
	some action in limit.actions
	changes.does(change, action)
]

# A resource that matches two actions of the limit counts once.
_number(limit) := count({[change.address, object.get(change, "deposed", "")] | some change in _counted(limit)})

_there(limit) := count([change | some change in _about(limit); changes.before(change) != {}])

_subject(limit) := concat("", [
	concat(" or ", limit.actions),
	_in_words(" of ", object.get(limit, "types", [])),
	_in_words(" in ", [module | module := limit.module]),
])

_in_words(_, []) := ""

_in_words(preposition, words) := concat("", [preposition, concat(", ", words)]) if count(words) > 0

_because(limit) := sprintf(" (%s)", [limit.reason]) if {
	limit.reason
} else := ""

# METADATA
# title: Plan changes more resources than allowed
# description: The number of changed resources is above the `max` of a limit.
# custom:
#   severity: high
#   remediation: Split the change into smaller plans, or raise the limit.
deny_number contains findings.general("high", message) if {
	some limit in settings.limits
	number := _number(limit)
	number > limit.max
	message := sprintf("%s: resource count is %d, maximum is %d%s", [_subject(limit), number, limit.max, _because(limit)])
}

# METADATA
# title: Plan changes a larger percentage of resources than allowed
# description: |
#   The percentage of changed resources is above the `max_percent` of a limit. Without existing resources the limit
#   does not apply.
# custom:
#   severity: high
#   remediation: Split the change into smaller plans, or raise the limit.
deny_share contains findings.general("high", message) if {
	some limit in settings.limits
	number := _number(limit)
	there := _there(limit)
	there > 0
	number * 100 > limit.max_percent * there
	message := sprintf("%s: resource count is %d of %d, maximum is %v percent%s", [_subject(limit), number, there, limit.max_percent, _because(limit)])
}

# METADATA
# title: Plan has deferred changes
# description: The plan defers changes. They are not counted.
# custom:
#   severity: low
#   remediation: Apply the plan, then check the next plan, which contains the deferred changes.
deny_unknown contains findings.undetermined(findings.general("low", sprintf("%d deferred changes are not counted", [count(input.deferred_changes)]))) if {
	count(input.deferred_changes) > 0
}
