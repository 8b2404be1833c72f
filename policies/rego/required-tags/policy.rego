# METADATA
# title: Required tags
# description: |
#   Requires resources to have given tags or labels with allowed values. Default tags of the provider count. Only
#   resources that can have tags are checked.
# custom:
#   parameters:
#     type: object
#     additionalProperties: false
#     required: [tags]
#     properties:
#       tags:
#         type: object
#         minProperties: 1
#         description: The required tags by key, each with the requirements for its value.
#         additionalProperties:
#           type: object
#           additionalProperties: false
#           properties:
#             values:
#               type: array
#               minItems: 1
#               items: { type: string }
#               description: The allowed values.
#             pattern:
#               type: string
#               format: regex
#               description: A regular expression that the whole value must match.
#             types:
#               type: array
#               minItems: 1
#               items: { type: string }
#               description: Wildcards of the resource types that need the tag; all by default.
#             optional:
#               type: boolean
#               description: Whether the tag can be missing, so that only its value is checked.
#       ignore_case:
#         type: boolean
#         default: false
#         description: Whether the case of keys is ignored, so that `Owner` equals `owner`. The case of values always counts.
#       scope:
#         type: string
#         enum: [all, touched]
#         default: all
#         description: "`all` checks all resources that exist after apply, `touched` only those that the plan changes."
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
package planguard.packs.required_tags

import data.planguard.lib.findings
import data.planguard.lib.selection
import data.planguard.lib.tags
import data.planguard.lib.wildcards

defaults := {"scope": "all", "types": ["*"], "except_types": [], "except": [], "ignore_case": false}

settings := object.union(defaults, data.planguard.params["required-tags"])

# Each resource that can have tags, with what is known of them.
_tagged := [tagged |
	some change in selection.resulting(settings)
	tags.are_possible(change)
	tagged := {
		"change": change,
		"tags": tags.of(change),
		"unknown_keys": tags.unknown_keys(change),
		"are_unknown": tags.are_unknown(change),
	}
]

# Each of them with each tag that it needs.
_asked := [asked |
	some tagged in _tagged
	some key, rule in settings.tags
	wildcards.matches_any(object.get(rule, "types", ["*"]), tagged.change.type)
	asked := {
		"change": tagged.change,
		"key": key,
		"rule": rule,
		"values": _values(tagged.tags, key),
		"is_open": _is_open(tagged.unknown_keys, key),
		"are_unknown": tagged.are_unknown,
	}
]

# METADATA
# title: Required tag is missing
# description: The resource does not have a required tag.
# custom:
#   severity: medium
#   remediation: Add the tag to the resource or to the default tags of its provider.
deny_missing contains findings.about(asked.change, "medium", sprintf("has no tag `%s`", [asked.key])) if {
	some asked in _asked
	count(asked.values) == 0
	not object.get(asked.rule, "optional", false)
	not asked.are_unknown
	not asked.is_open
}

# METADATA
# title: Tag value is not allowed
# description: The tag is empty, or its value is not one of the allowed values.
# custom:
#   severity: medium
#   remediation: Set the tag to an allowed value.
deny_value contains findings.about(asked.change, "medium", message) if {
	some asked in _asked
	some value in asked.values
	reason := _wrong(asked.rule, value)
	message := sprintf("has the tag `%s` with the value `%s`, %s", [asked.key, value, reason])
}

# METADATA
# title: Required tag is known only after apply
# description: The pack cannot check whether the resource has the tag, or its value.
# custom:
#   severity: low
#   remediation: Set the tag to a value that is known at plan time.
deny_unknown contains findings.undetermined(findings.about(asked.change, "low", sprintf("has a tag `%s` that is known only after apply", [asked.key]))) if {
	some asked in _asked
	asked.is_open
}

deny_unknown contains findings.undetermined(findings.about(asked.change, "low", message)) if {
	some asked in _asked
	count(asked.values) == 0
	asked.are_unknown
	not asked.is_open
	not object.get(asked.rule, "optional", false)
	message := sprintf("may have no tag `%s`: its tags are known only after apply", [asked.key])
}

default _is_open(_, _) := false

_is_open(unknown_keys, key) if {
	some other in unknown_keys
	_folded(other) == _folded(key)
}

_values(of, key) := {value |
	some other, value in of
	_folded(other) == _folded(key)
	value != null
} if {
	settings.ignore_case
} else := {value |
	value := of[key]
	value != null
}

_folded(key) := lower(key) if {
	settings.ignore_case
} else := key

_wrong(_, "") := "which is empty"

_wrong(rule, value) := sprintf("which is not one of %s", [concat(", ", rule.values)]) if {
	value != ""
	not value in object.get(rule, "values", [value])
}

_wrong(rule, value) := sprintf("which does not match `%s`", [rule.pattern]) if {
	value != ""
	value in object.get(rule, "values", [value])
	not regex.match(concat("", ["^(?:", object.get(rule, "pattern", "(?s).*"), ")$"]), value)
}
