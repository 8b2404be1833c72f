# METADATA
# title: Planned resources
# description: |
#   The resources of `planned_values`, including those in modules. They have no actions, and an attribute that is known
#   only after apply looks like one that is not set. Prefer the package `changes`.
package planguard.lib.resources

_at_root := object.get(input, "planned_values", null)

_wrapped := object.get(input, ["plan", "planned_values"], null)

_wrapped_by_scalr := object.get(input, ["tfplan", "planned_values"], null)

_wrapped_by_spacelift := object.get(input, ["terraform", "planned_values"], null)

_places := [place |
	some place in [_at_root, _wrapped, _wrapped_by_scalr, _wrapped_by_spacelift]
	is_object(place)
]

# METADATA
# title: All planned resources
# description: All resources and data sources of `planned_values`, including those in nested modules.
# custom:
#   returns: input.planned_values.root_module.resources
#   example: |
#     count(resources.planned) == 3
planned := [resource |
	walk(_places[0], [path, found])
	path[count(path) - 1] == "resources"
	every step in path { _leads_to_resources(step) }
	some resource in found
]

_leads_to_resources(step) if step in {"root_module", "child_modules", "resources"}

_leads_to_resources(step) if is_number(step)

# METADATA
# title: Planned resources of a type
# description: Managed resources of a type.
# custom:
#   example: |
#     resources.by_type("aws_s3_bucket")[0].values.bucket == "logs"
by_type(type) := [resource |
	some resource in planned
	resource.type == type
	object.get(resource, "mode", "managed") == "managed"
]

# METADATA
# title: Planned resource by address
# description: The planned resource with an address; undefined if there is none.
# custom:
#   example: |
#     resources.by_address["module.web.aws_subnet.inner[0]"].values.cidr_block == "10.0.1.0/24"
by_address := {resource.address: resource | some resource in planned}
