# METADATA
# title: Blast radius
# description: |
#   A plan does no more of a kind than limits allow: so many resources of a type, in a module, or so many per cent of those
#   that are there. Several limits may apply to one resource.
# custom:
#   parameters:
#     type: object
#     additionalProperties: false
#     required: [limits]
#     properties:
#       limits:
#         type: array
#         minItems: 1
#         description: What a plan may do at most.
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
#               description: What is counted. `destroy` is delete and replace.
#             max:
#               type: integer
#               minimum: 0
#               description: How many resources it may be.
#             max_percent:
#               type: number
#               minimum: 0
#               description: How many per cent it may be of the resources that are there before and that the limit is about.
#             types:
#               type: array
#               minItems: 1
#               items: { type: string }
#               description: Wildcards of the resource types that the limit is about, if not about all.
#             module:
#               type: string
#               description: The address of the module that the limit is about; without keys, all its instances.
#             reason:
#               type: string
#               description: Why there is this limit; told with the finding.
#       except:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the addresses that are not counted.
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

# A resource that two actions of the limit describe counts once.
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
# title: A plan does more than a limit allows
# description: The number of resources that a limit counts is above its maximum.
# custom:
#   severity: high
#   remediation: Split the change, or raise the limit for this one.
deny_number contains findings.general("high", message) if {
	some limit in settings.limits
	number := _number(limit)
	number > limit.max
	message := sprintf("%s: %d resources, and at most %d are allowed%s", [_subject(limit), number, limit.max, _because(limit)])
}

# METADATA
# title: A plan does more than a share allows
# description: |
#   The resources that a limit counts are more than its share of those that are there. Where nothing is there, there is no
#   share.
# custom:
#   severity: high
#   remediation: Split the change, or raise the limit for this one.
deny_share contains findings.general("high", message) if {
	some limit in settings.limits
	number := _number(limit)
	there := _there(limit)
	there > 0
	number * 100 > limit.max_percent * there
	message := sprintf("%s: %d of %d resources, and at most %v per cent are allowed%s", [_subject(limit), number, there, limit.max_percent, _because(limit)])
}

# METADATA
# title: Changes are put off and not counted
# description: The plan defers changes, so that more may be done than is counted.
# custom:
#   severity: low
#   remediation: Apply the plan, and check the one that follows.
warn_unknown contains findings.general("low", sprintf("%d deferred changes are not counted", [count(input.deferred_changes)])) if {
	count(input.deferred_changes) > 0
}
