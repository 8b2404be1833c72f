# METADATA
# title: Tags
# description: |
#   Tags and labels after apply, including the default tags of the provider: `tags` and `tags_all` of AWS, `tags` of
#   Azure, `labels`, `terraform_labels` and `effective_labels` of Google Cloud, and the `tag` blocks of Auto Scaling
#   groups. Network tags of Google Cloud are lists and do not count. All functions take a resource change.
package planguard.lib.tags

import data.planguard.lib.changes
import data.planguard.lib.references
import data.planguard.lib.unknown

# The attributes with tags. Later ones win, because they are closer to the result.
_of_google := [
	["labels"],
	["resource_labels"],
	["user_labels"],
	["settings", 0, "user_labels"],
	["terraform_labels"],
	["effective_labels"],
]

_of_others := [["tags"], ["tags_all"]]

_places(change) := _of_google if {
	startswith(change.type, "google_")
} else := _of_others

# METADATA
# title: Tags of a resource
# description: |
#   Returns the tags after apply, or the tags before apply of a deleted resource; empty if it has none. It does not
#   contain tags that are known only after apply; see `unknown_keys`. An empty value counts as a value. If `tags_all` is
#   unknown, the constant default tags of the provider count.
# custom:
#   example: |
#     tags.of(changes.created[0]) == {"owner": "data", "stage":"prod"}
of(change) := object.union_n(array.concat(_constant_default_tags(change), _own(change)))

# The tags of the attributes, and those of blocks.
_own(change) := array.concat(
	[found |
		some place in _places(change)
		found := object.get(changes.state(change), place, null)
		is_object(found)
	],
	[_blocks(change)],
)

_blocks(change) := object.union_n([{block.key: object.get(block, "value", "")} |
	some block in _list(object.get(changes.state(change), "tag", null))
])

# METADATA
# title: Unknown tags
# description: Returns the keys of tags whose values are known only after apply.
# custom:
#   example: |
#     tags.unknown_keys(changes.created[1]) == {"release"}
unknown_keys(change) := {key |
	some place in _places(change)
	marks := object.get(_object(object.get(change, ["change", "after_unknown"], {})), place, null)
	is_object(marks)
	some key, true in marks
}

# METADATA
# title: Whether all tags are unknown
# description: |
#   True if all tags are known only after apply, so that a missing tag can still be added; false otherwise. On AWS,
#   `tags_all` is often unknown for a new resource. That counts only if the default tags of the provider are unknown, or
#   if the plan has no configuration that shows them.
# custom:
#   example: |
#     not tags.are_unknown(changes.created[0])
default are_unknown(_) := false

are_unknown(change) if {
	some place in _places(change)
	place != ["tags_all"]
	unknown.is_unknown(change, place)
}

are_unknown(change) if {
	unknown.is_unknown(change, ["tags_all"])
	_has_open_default_tags(change)
}

_has_open_default_tags(_) if not references.providers

_has_open_default_tags(change) if {
	some block in _default_tags(change)
	not _is_constant(block)
}

# Which configuration of the provider the resource uses is not looked up.
_has_open_default_tags(change) if {
	count(_default_tags(change)) > 0
	count(_provider_configurations(change)) > 1
}

_is_constant(block) if is_object(block.tags.constant_value)

_constant_default_tags(change) := [block.tags.constant_value |
	unknown.is_unknown(change, ["tags_all"])
	not _has_open_default_tags(change)
	some block in _default_tags(change)
]

# The `default_tags` of all configurations of the provider, as they are written.
_default_tags(change) := [block |
	some provider in _provider_configurations(change)
	written := object.get(provider, ["expressions", "default_tags"], [])
	some block in _blocks_of(written)
]

_blocks_of(written) := written if {
	is_array(written)
} else := [written]

_provider_configurations(change) := [provider |
	some provider in references.providers
	startswith(change.type, concat("", [provider.name, "_"]))
]

# METADATA
# title: Whether a resource can have tags
# description: |
#   True if the resource has an attribute for tags, set or not; false otherwise. It reads the attributes in the plan,
#   so it works for every resource type.
# custom:
#   example: |
#     not tags.are_possible(changes.updated[0])
default are_possible(_) := false

are_possible(change) if {
	some place in _places(change)
	_may_be_tags(change, place)
}

are_possible(change) if {
	change.type == "aws_autoscaling_group"
}

_may_be_tags(change, place) if {
	value := object.get(changes.state(change), place, "missing")
	_is_object_or_null(value)
}

_may_be_tags(change, place) if unknown.is_unknown(change, place)

_is_object_or_null(value) if is_object(value)

_is_object_or_null(null)

# METADATA
# title: Missing tags
# description: |
#   Returns the keys of an array or set that the resource does not have after apply. Keys with unknown values are not
#   missing. If all tags are unknown, no key is missing.
# custom:
#   example: |
#     tags.missing(changes.created[0], ["owner", "cost-centre"]) == {"cost-centre"}
missing(change, keys) := set() if {
	are_unknown(change)
} else := {key |
	some key in keys
	not key in object.keys(of(change))
	not key in unknown_keys(change)
}

_list(value) := value if {
	is_array(value)
} else := []

_object(value) := value if {
	is_object(value)
} else := {}
