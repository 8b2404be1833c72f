# METADATA
# title: Resource changes
# description: |
#   What the plan does, resource by resource. Every element is an entry of `resource_changes`, so that `address`,
#   `type`, `name` and `change` are where Terraform puts them. The functions are total: what a plan leaves out, such
#   as the `after` of a delete, is an empty object and no error.
package planguard.lib.changes

_at_root := object.get(input, "resource_changes", null)

# HCP Terraform, Scalr and Spacelift put the plan below a key.
_wrapped := object.get(input, ["plan", "resource_changes"], null)

_wrapped_by_scalr := object.get(input, ["tfplan", "resource_changes"], null)

_wrapped_by_spacelift := object.get(input, ["terraform", "resource_changes"], null)

_places := [place |
	some place in [_at_root, _wrapped, _wrapped_by_scalr, _wrapped_by_spacelift]
	is_array(place)
]

# METADATA
# title: Every entry
# description: |
#   All of `resource_changes` as it stands, with data sources and what does not change; wherever the platform puts the
#   plan. Empty if the plan has no entries.
# custom:
#   example: |
#     count(changes.entries) == 9
entries := [change | some change in _places[0]; is_object(change)]

# METADATA
# title: Managed resources
# description: Every entry but data sources and ephemeral resources, with those that do not change.
# custom:
#   example: |
#     count(changes.managed) == 8
managed := [change | some change in entries; object.get(change, "mode", "managed") == "managed"]

# METADATA
# title: What changes
# description: |
#   Managed resources that the plan does something to: create, update, delete, replace or forget them, import them or
#   move them to another address. A verb that nobody knows yet counts too.
# custom:
#   example: |
#     count(changes.touched) == 7
touched := [change | some change in managed; is_touched(change)]

# METADATA
# title: What exists afterwards
# description: |
#   Managed resources that exist when the plan is applied, those that do not change included. This is what a policy on
#   the state of resources iterates; resources that are deleted or forgotten are not in it.
# custom:
#   example: |
#     count(changes.resulting) == 6
resulting := [change | some change in managed; exists_after(change)]

# METADATA
# title: Created resources
# description: Managed resources that are created and did not exist before. Replaced ones are in `replaced`.
# custom:
#   example: |
#     {change.address | some change in changes.created} == {"aws_s3_bucket.logs", "module.web.aws_instance.app[\"a.b\"]"}
created := [change | some change in managed; is_created(change)]

# METADATA
# title: Updated resources
# description: Managed resources that are updated in place.
# custom:
#   example: |
#     changes.updated[0].address == "aws_security_group.web"
updated := [change | some change in managed; is_updated(change)]

# METADATA
# title: Deleted resources
# description: Managed resources that are deleted for good, and deposed objects. Replaced ones are in `replaced`.
# custom:
#   example: |
#     changes.deleted[0].address == "aws_db_instance.old"
deleted := [change | some change in managed; is_deleted(change)]

# METADATA
# title: Replaced resources
# description: |
#   Managed resources that are replaced by new ones, whether the old one is destroyed first, afterwards, or left
#   running and forgotten.
# custom:
#   example: |
#     changes.replaced[0].address == "module.web.aws_subnet.inner[0]"
replaced := [change | some change in managed; is_replaced(change)]

# METADATA
# title: Forgotten resources
# description: Managed resources that go on to exist and are no longer managed.
# custom:
#   example: |
#     changes.forgotten[0].address == "aws_iam_user.left"
forgotten := [change | some change in managed; is_forgotten(change)]

# METADATA
# title: Imported resources
# description: Managed resources that are taken under management; what else happens to them is in other lists.
# custom:
#   example: |
#     changes.imported[0].address == "aws_kms_key.adopted"
imported := [change | some change in managed; is_imported(change)]

# METADATA
# title: Moved resources
# description: Managed resources that get another address.
# custom:
#   example: |
#     changes.moved[0].previous_address == "aws_kms_key.main"
moved := [change | some change in managed; is_moved(change)]

# METADATA
# title: Resources of a type
# description: Managed resources of a type, whatever happens to them.
# custom:
#   example: |
#     count(changes.by_type("aws_s3_bucket")) == 1
by_type(type) := [change | some change in managed; change.type == type]

# METADATA
# title: Resulting resources of a type
# description: As `resulting`, of one type.
# custom:
#   example: |
#     changes.resulting_of("aws_s3_bucket")[0].change.after.bucket == "logs"
resulting_of(type) := [change | some change in resulting; change.type == type]

# METADATA
# title: Resources by verb
# description: |
#   Managed resources in whose `actions` a verb of Terraform stands: create, read, update, delete, forget or no-op. A
#   replacement is found by `create` and by `delete`.
# custom:
#   example: |
#     count(changes.by_action("delete")) == 2
by_action(action) := [change | some change in managed; action in actions(change)]

# METADATA
# title: Verbs of a change
# description: The set of verbs in `change.actions`; empty if there are none.
# custom:
#   example: |
#     changes.actions(changes.replaced[0]) == {"create", "delete"}
actions(change) := {action | some action in _list(object.get(change, ["change", "actions"], []))}

# METADATA
# title: Whether a resource is created
# description: True if it is created and replaces nothing; false otherwise.
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
# description: True if it is updated in place; false otherwise.
# custom:
#   example: |
#     not changes.is_updated(changes.created[0])
default is_updated(_) := false

is_updated(change) if "update" in actions(change)

# METADATA
# title: Whether a resource is deleted
# description: True if it is deleted and not replaced; false otherwise.
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
# description: True if a new object takes the place of one that is deleted or forgotten; false otherwise.
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
# description: True if it goes on to exist without being managed, and nothing replaces it; false otherwise.
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
# description: True if an object is destroyed, be it deleted for good or replaced; false otherwise.
# custom:
#   example: |
#     changes.is_destroyed(changes.replaced[0])
default is_destroyed(_) := false

is_destroyed(change) if "delete" in actions(change)

# METADATA
# title: Whether a resource is imported
# description: True if it is taken under management; false otherwise.
# custom:
#   example: |
#     changes.is_imported(changes.imported[0])
default is_imported(_) := false

is_imported(change) if is_object(object.get(change, ["change", "importing"], null))

# METADATA
# title: Whether a resource is moved
# description: True if it gets another address; false otherwise.
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
# title: Whether anything happens to a resource
# description: |
#   False if its only verbs are no-op and read and it is neither imported nor moved; true otherwise.
# custom:
#   example: |
#     not changes.is_touched(changes.by_type("aws_vpc")[0])
default is_touched(_) := false

is_touched(change) if count(actions(change) - {"no-op", "read"}) > 0

is_touched(change) if is_imported(change)

is_touched(change) if is_moved(change)

# METADATA
# title: Whether a resource exists afterwards
# description: True unless it is deleted or forgotten without a successor.
# custom:
#   example: |
#     not changes.exists_after(changes.deleted[0])
default exists_after(_) := true

exists_after(change) := false if is_deleted(change)

exists_after(change) := false if is_forgotten(change)

# METADATA
# title: Whether something is done to a resource
# description: |
#   Whether a word tells what happens to a resource: create, update, delete, replace, forget, import, move, destroy, which
#   is delete or replace, or any. False for other words.
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
# title: Attributes afterwards
# description: |
#   `change.after`, or an empty object where there is none. Attributes that are known only after apply are not in it;
#   see the package `unknown`.
# custom:
#   example: |
#     changes.after(changes.deleted[0]) == {}
after(change) := _object(object.get(change, ["change", "after"], {}))

# METADATA
# title: Attributes before
# description: "`change.before`, or an empty object where there is none."
# custom:
#   example: |
#     changes.before(changes.created[0]) == {}
before(change) := _object(object.get(change, ["change", "before"], {}))

# METADATA
# title: Attributes of what is there
# description: |
#   The attributes afterwards, or those before of a resource that is deleted or forgotten: what a policy reads that
#   judges by name or tags what is taken away.
# custom:
#   example: |
#     changes.state(changes.deleted[0]).identifier == "old"
state(change) := after(change) if {
	exists_after(change)
} else := before(change)

# METADATA
# title: One attribute afterwards
# description: |
#   The value at a path of `after`, given as an array, or a default if the path leads nowhere. A null counts as
#   nothing.
# custom:
#   example: |
#     changes.attribute(changes.updated[0], ["ingress", 0, "from_port"], -1) == 22
attribute(change, path, otherwise) := value if {
	value := object.get(after(change), path, null)
	value != null
} else := otherwise

# METADATA
# title: Whether an attribute changes
# description: |
#   True if the value at a path differs between before and after, or will be known only after apply; false otherwise.
# custom:
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
