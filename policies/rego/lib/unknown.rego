# METADATA
# title: Unknown and sensitive values
# description: |
#   Whether attributes are known, unknown or sensitive. Paths are arrays of keys and indexes: `["ingress", 0,
#   "cidr_blocks"]`. A value that is known only after apply is missing in `after`, or null in a list. A policy that
#   reads only `after` takes it for unset and passes.
package planguard.lib.unknown

# METADATA
# title: Whether a value is known only after apply
# description: True if the value at the path, or a value that contains it, is unknown; false otherwise.
# custom:
#   takes: { path: attribute of change }
#   example: |
#     unknown.is_unknown(changes.created[1], ["subnet_id"])
default is_unknown(_, _) := false

is_unknown(change, path) if _marked(object.get(change, ["change", "after_unknown"], {}), path)

# METADATA
# title: Whether a value is partly known only after apply
# description: True if the value at the path is unknown, contains an unknown value, or is part of one; false otherwise.
# custom:
#   takes: { path: attribute of change }
#   example: |
#     unknown.has_unknown(changes.created[1], ["tags"])
default has_unknown(_, _) := false

has_unknown(change, path) if is_unknown(change, path)

has_unknown(change, path) if {
	found := _at(object.get(change, ["change", "after_unknown"], {}), path)
	walk(found, [_, leaf])
	leaf == true
}

# METADATA
# title: Whether a value is sensitive
# description: |
#   True if the value at the path, or a value that contains it, is marked as sensitive in `after_sensitive`; false
#   otherwise.
# custom:
#   takes: { path: attribute of change }
#   example: |
#     not unknown.is_sensitive(changes.created[0], ["bucket"])
default is_sensitive(_, _) := false

is_sensitive(change, path) if _marked(object.get(change, ["change", "after_sensitive"], {}), path)

# METADATA
# title: State of an attribute
# description: "Returns `unknown` if the value is known only after apply, `unset` if it is null or missing, and `known` otherwise."
# custom:
#   takes: { path: attribute of change }
#   example: |
#     unknown.state(changes.created[0], ["bucket"]) == "known"
state(change, path) := "unknown" if {
	is_unknown(change, path)
} else := "unset" if {
	_at(object.get(change, ["change", "after"], {}), path) == null
} else := "known"

# METADATA
# title: Names of unknown attributes
# description: Returns the names of the top-level attributes that are unknown, completely or partly.
# custom:
#   example: |
#     unknown.attributes(changes.created[1]) == {"arn", "subnet_id", "tags", "vpc_security_group_ids"}
attributes(change) := {name |
	some name, _ in _object(object.get(change, ["change", "after_unknown"], {}))
	has_unknown(change, [name])
}

_marked(true, _)

_marked(marks, path) if {
	some length in numbers.range(1, count(path))
	_at(marks, array.slice(path, 0, length)) == true
}

# A path can lead through a value that is not a collection.
_at(value, path) := object.get(value, path, null) if {
	is_object(value)
} else := null

_object(value) := value if {
	is_object(value)
} else := {}
