# METADATA
# title: Required tags
# description: |
#   Resources bear the tags or labels that are asked for, with values that are allowed. Tags that a provider adds to
#   everything count. Only resources that can have tags are judged.
# custom:
#   parameters:
#     type: object
#     additionalProperties: false
#     required: [tags]
#     properties:
#       tags:
#         type: object
#         minProperties: 1
#         description: The tags that are asked for, by key, each with what its value has to be.
#         additionalProperties:
#           type: object
#           additionalProperties: false
#           properties:
#             values:
#               type: array
#               minItems: 1
#               items: { type: string }
#               description: The values that are allowed.
#             pattern:
#               type: string
#               format: regex
#               description: A regular expression that all of the value has to match.
#             types:
#               type: array
#               minItems: 1
#               items: { type: string }
#               description: Wildcards of the resource types that need the tag, if not all do.
#             optional:
#               type: boolean
#               description: Whether the tag may be missing, so that only its value is judged.
#       ignore_case:
#         type: boolean
#         default: false
#         description: Whether `Owner` is as good as `owner`. Values are always compared as they are.
#       scope:
#         type: string
#         enum: [all, touched]
#         default: all
#         description: Whether all resources are judged that exist afterwards, or those only that the plan touches.
#       types:
#         type: array
#         items: { type: string }
#         default: ["*"]
#         description: Wildcards of the resource types that are judged.
#       except_types:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the resource types that are not judged.
#       except:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the addresses that are not judged.
package planguard.packs.required_tags

import data.planguard.lib.findings
import data.planguard.lib.selection
import data.planguard.lib.tags
import data.planguard.lib.wildcards

defaults := {"scope": "all", "types": ["*"], "except_types": [], "except": [], "ignore_case": false}

settings := object.union(defaults, data.planguard.params["required-tags"])

# Every resource with every tag that is asked of it.
_asked contains [change, key, rule] if {
	some change in selection.resulting(settings)
	tags.are_possible(change)
	some key, rule in settings.tags
	wildcards.matches_any(object.get(rule, "types", ["*"]), change.type)
}

# METADATA
# title: A required tag is missing
# description: A resource does not bear a tag that is asked for.
# custom:
#   severity: medium
#   remediation: Add the tag to the resource, or to the default tags of its provider.
deny_missing contains findings.about(change, "medium", sprintf("has no tag `%s`", [key])) if {
	some [change, key, rule] in _asked
	not object.get(rule, "optional", false)
	not tags.are_unknown(change)
	not _is_open(change, key)
	count(_values(change, key)) == 0
}

# METADATA
# title: A tag has a value that is not allowed
# description: A tag is empty, or its value is not among those that are allowed.
# custom:
#   severity: medium
#   remediation: Give the tag one of the values that are allowed.
deny_value contains findings.about(change, "medium", message) if {
	some [change, key, rule] in _asked
	some value in _values(change, key)
	reason := _wrong(rule, value)
	message := sprintf("has the tag `%s` with the value `%s`, %s", [key, value, reason])
}

# METADATA
# title: A required tag is known only after apply
# description: Whether a resource bears a tag, or what its value is, cannot be told from the plan.
# custom:
#   severity: low
#   remediation: Make the tag from values that are known when planning.
warn_unknown contains findings.about(change, "low", sprintf("has a tag `%s` that is known only after apply", [key])) if {
	some [change, key, _] in _asked
	_is_open(change, key)
}

warn_unknown contains findings.about(change, "low", message) if {
	some [change, key, rule] in _asked
	tags.are_unknown(change)
	not _is_open(change, key)
	not object.get(rule, "optional", false)
	count(_values(change, key)) == 0
	message := sprintf("has tags that are known only after apply, perhaps without `%s`", [key])
}

_is_open(change, key) if {
	some other in tags.unknown_keys(change)
	_folded(other) == _folded(key)
}

_values(change, key) := {value |
	some other, value in tags.of(change)
	_folded(other) == _folded(key)
	value != null
}

_folded(key) := lower(key) if {
	settings.ignore_case
} else := key

_wrong(_, "") := "which is empty"

_wrong(rule, value) := sprintf("which is none of %s", [concat(", ", rule.values)]) if {
	value != ""
	not value in object.get(rule, "values", [value])
}

_wrong(rule, value) := sprintf("which does not match %s", [rule.pattern]) if {
	value != ""
	value in object.get(rule, "values", [value])
	not regex.match(concat("", ["^(?:", object.get(rule, "pattern", "(?s).*"), ")$"]), value)
}
