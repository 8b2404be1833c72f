# METADATA
# title: Resource changes
# description: |
#   The resource changes of the plan. Every element is an entry of `resource_changes`, with `address`, `type`, `name`
#   and `change` as Terraform writes them. Missing parts, such as the `after` of a deleted resource, are empty objects
#   and not errors.
package planguard.lib.changes

_at_root := object.get(input, "resource_changes", null)

# HCP Terraform, Scalr and Spacelift nest the plan under a key.
_wrapped := object.get(input, ["plan", "resource_changes"], null)

_wrapped_by_scalr := object.get(input, ["tfplan", "resource_changes"], null)

_wrapped_by_spacelift := object.get(input, ["terraform", "resource_changes"], null)

_places := [place |
	some place in [_at_root, _wrapped, _wrapped_by_scalr, _wrapped_by_spacelift]
	is_array(place)
]

# METADATA
# title: All entries
# description: |
#   All entries of `resource_changes`, including data sources and unchanged resources. Also works if the platform nests
#   the plan under a key. Empty if the plan has no entries.
# custom:
#   example: |
#     count(changes.entries) == 9
entries := [change | some change in _places[0]; is_object(change)]

# METADATA
# title: Managed resources
# description: All managed resources, including unchanged ones; no data sources or ephemeral resources.
# custom:
#   example: |
#     count(changes.managed) == 8
managed := [change | some change in entries; object.get(change, "mode", "managed") == "managed"]

# METADATA
# title: Changed resources
# description: |
#   Managed resources that the plan creates, updates, deletes, replaces, forgets, imports or moves. Unknown actions
#   count as changes.
# custom:
#   example: |
#     count(changes.touched) == 7
touched := [change | some change in managed; is_touched(change)]

# METADATA
# title: Resources that exist after apply
# description: |
#   Managed resources that exist after apply, including unchanged ones; no deleted or forgotten resources. Use this
#   list for policies on attributes of resources.
# custom:
#   example: |
#     count(changes.resulting) == 6
resulting := [change | some change in managed; exists_after(change)]

# METADATA
# title: Created resources
# description: Managed resources that are created. Replaced resources are in `replaced`.
# custom:
#   example: |
#     {change.address | some change in changes.created} == {"aws_s3_bucket.logs", "module.web.aws_instance.app[\"a.b\"]"}
created := [change | some change in managed; is_created(change)]

# METADATA
# title: Updated resources
# description: Managed resources that are updated in-place.
# custom:
#   example: |
#     changes.updated[0].address == "aws_security_group.web"
updated := [change | some change in managed; is_updated(change)]

# METADATA
# title: Deleted resources
# description: Managed resources that are deleted, and deposed objects. Replaced resources are in `replaced`.
# custom:
#   example: |
#     changes.deleted[0].address == "aws_db_instance.old"
deleted := [change | some change in managed; is_deleted(change)]

# METADATA
# title: Replaced resources
# description: |
#   Managed resources that are replaced, whether the old object is destroyed before or after the new one is created, or
#   forgotten.
# custom:
#   example: |
#     changes.replaced[0].address == "module.web.aws_subnet.inner[0]"
replaced := [change | some change in managed; is_replaced(change)]

# METADATA
# title: Forgotten resources
# description: Managed resources that are removed from the state without being destroyed.
# custom:
#   example: |
#     changes.forgotten[0].address == "aws_iam_user.left"
forgotten := [change | some change in managed; is_forgotten(change)]

# METADATA
# title: Imported resources
# description: Managed resources that are imported. They can be in other lists too, such as `updated`.
# custom:
#   example: |
#     changes.imported[0].address == "aws_kms_key.adopted"
imported := [change | some change in managed; is_imported(change)]

# METADATA
# title: Moved resources
# description: Managed resources whose address changes.
# custom:
#   example: |
#     changes.moved[0].previous_address == "aws_kms_key.main"
moved := [change | some change in managed; is_moved(change)]

# METADATA
# title: Resources of a type
# description: Managed resources of a type, whatever their actions are.
# custom:
#   example: |
#     count(changes.by_type("aws_s3_bucket")) == 1
by_type(type) := [change | some change in managed; change.type == type]

# METADATA
# title: Resulting resources of a type
# description: The resources of `resulting` that have this type.
# custom:
#   example: |
#     changes.resulting_of("aws_s3_bucket")[0].change.after.bucket == "logs"
resulting_of(type) := [change | some change in resulting; change.type == type]

# METADATA
# title: Resources by action
# description: |
#   Managed resources whose `actions` contain an action: create, read, update, delete, forget or no-op. A replaced
#   resource has both `create` and `delete`.
# custom:
#   example: |
#     count(changes.by_action("delete")) == 2
by_action(action) := [change | some change in managed; action in actions(change)]

# METADATA
# title: Actions of a change
# description: The set of actions in `change.actions`; empty if there are none.
# custom:
#   example: |
#     changes.actions(changes.replaced[0]) == {"create", "delete"}
actions(change) := {action | some action in _list(object.get(change, ["change", "actions"], []))}

# METADATA
# title: Whether a resource is created
# description: True if the resource is created and not replaced; false otherwise.
# custom:
#   example: |
#     changes.is_created(changes.created[0])
default is_created(_) := false

is_created(change) if {
	"create" in actions(change)
	not is_replaced(change)
}

# METADATA
# title: Whether a resource is updated
# description: True if the resource is updated in-place; false otherwise.
# custom:
#   example: |
#     not changes.is_updated(changes.created[0])
default is_updated(_) := false

is_updated(change) if "update" in actions(change)

# METADATA
# title: Whether a resource is deleted
# description: True if the resource is deleted and not replaced; false otherwise.
# custom:
#   example: |
#     changes.is_deleted(changes.deleted[0])
default is_deleted(_) := false

is_deleted(change) if {
	"delete" in actions(change)
	not "create" in actions(change)
}

# METADATA
# title: Whether a resource is replaced
# description: True if the resource is replaced, so that its old object is deleted or forgotten; false otherwise.
# custom:
#   example: |
#     changes.is_replaced(changes.replaced[0])
default is_replaced(_) := false

is_replaced(change) if {
	"create" in actions(change)
	some action in ["delete", "forget"]
	action in actions(change)
}

# METADATA
# title: Whether a resource is forgotten
# description: True if the resource is removed from the state without being destroyed or replaced; false otherwise.
# custom:
#   example: |
#     changes.is_forgotten(changes.forgotten[0])
default is_forgotten(_) := false

is_forgotten(change) if {
	"forget" in actions(change)
	not "create" in actions(change)
}

# METADATA
# title: Whether a resource is destroyed
# description: True if an object is destroyed, because the resource is deleted or replaced; false otherwise.
# custom:
#   example: |
#     changes.is_destroyed(changes.replaced[0])
default is_destroyed(_) := false

is_destroyed(change) if "delete" in actions(change)

# METADATA
# title: Whether a resource is imported
# description: True if the resource is imported; false otherwise.
# custom:
#   example: |
#     changes.is_imported(changes.imported[0])
default is_imported(_) := false

is_imported(change) if is_object(object.get(change, ["change", "importing"], null))

# METADATA
# title: Whether a resource is moved
# description: True if the address of the resource changes; false otherwise.
# custom:
#   example: |
#     changes.is_moved(changes.moved[0])
default is_moved(_) := false

is_moved(change) if {
	previous := object.get(change, "previous_address", null)
	is_string(previous)
	previous != object.get(change, "address", "")
}

# METADATA
# title: Whether a resource is changed
# description: |
#   False if its only actions are no-op or read and it is neither imported nor moved; true otherwise.
# custom:
#   example: |
#     not changes.is_touched(changes.by_type("aws_vpc")[0])
default is_touched(_) := false

is_touched(change) if count(actions(change) - {"no-op", "read"}) > 0

is_touched(change) if is_imported(change)

is_touched(change) if is_moved(change)

# METADATA
# title: Whether a resource exists after apply
# description: False if the resource is deleted or forgotten and not replaced; true otherwise.
# custom:
#   example: |
#     not changes.exists_after(changes.deleted[0])
default exists_after(_) := true

exists_after(change) := false if is_deleted(change)

exists_after(change) := false if is_forgotten(change)

# METADATA
# title: Whether a change has a kind
# description: |
#   True if the change is of a kind: create, update, delete, replace, forget, import, move, destroy (delete or replace)
#   or any. False for other words.
# custom:
#   example: |
#     changes.does(changes.replaced[0], "destroy")
default does(_, _) := false

does(change, "create") if is_created(change)

does(change, "update") if is_updated(change)

does(change, "delete") if is_deleted(change)

does(change, "replace") if is_replaced(change)

does(change, "forget") if is_forgotten(change)

does(change, "import") if is_imported(change)

does(change, "move") if is_moved(change)

does(change, "destroy") if is_destroyed(change)

does(change, "any") if is_touched(change)

# METADATA
# title: Attributes after apply
# description: |
#   `change.after`, or an empty object if it is missing. It does not contain attributes that are known only after
#   apply; see the package `unknown`.
# custom:
#   returns: change.change.after
#   example: |
#     changes.after(changes.deleted[0]) == {}
after(change) := _object(object.get(change, ["change", "after"], {}))

# METADATA
# title: Attributes before apply
# description: "`change.before`, or an empty object if it is missing."
# custom:
#   returns: change.change.before
#   example: |
#     changes.before(changes.created[0]) == {}
before(change) := _object(object.get(change, ["change", "before"], {}))

# METADATA
# title: Attributes after apply, or before for deleted resources
# description: |
#   The attributes after apply, or the attributes before apply if the resource is deleted or forgotten. Use it for
#   policies that check the name or tags of deleted resources.
# custom:
#   returns: change.change.before
#   example: |
#     changes.state(changes.deleted[0]).identifier == "old"
state(change) := after(change) if {
	exists_after(change)
} else := before(change)

# METADATA
# title: One attribute after apply
# description: |
#   The value at a path of `after`, or a default if there is no value or if it is null. The path is an array.
# custom:
#   takes: { path: attribute of change }
#   example: |
#     changes.attribute(changes.updated[0], ["ingress", 0, "from_port"], -1) == 22
attribute(change, path, otherwise) := value if {
	value := object.get(after(change), path, null)
	value != null
} else := otherwise

# METADATA
# title: Whether an attribute changes
# description: |
#   True if the value at a path differs between `before` and `after`, or is known only after apply; false otherwise.
# custom:
#   takes: { path: attribute of change }
#   example: |
#     changes.is_changed(changes.updated[0], ["ingress"])
default is_changed(_, _) := false

is_changed(change, path) if {
	object.get(before(change), path, null) != object.get(after(change), path, null)
}

is_changed(change, path) if object.get(change, ["change", "after_unknown"], {}) == true

is_changed(change, path) if {
	some length in numbers.range(1, count(path))
	prefix := array.slice(path, 0, length)
	object.get(_object(object.get(change, ["change", "after_unknown"], {})), prefix, false) == true
}

_object(value) := value if {
	is_object(value)
} else := {}

_list(value) := value if {
	is_array(value)
} else := []
