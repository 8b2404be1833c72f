# METADATA
# title: References
# description: |
#   References between resources, read from `configuration`. References through module variables and outputs are
#   followed. References through `locals` are not, because a plan does not contain them. Addresses have no keys: all
#   instances of a resource have the same references.
package planguard.lib.references

import data.planguard.lib.addresses

_at_root := object.get(input, "configuration", null)

_wrapped := object.get(input, ["plan", "configuration"], null)

_wrapped_by_scalr := object.get(input, ["tfplan", "configuration"], null)

_wrapped_by_spacelift := object.get(input, ["terraform", "configuration"], null)

_configurations := [place |
	some place in [_at_root, _wrapped, _wrapped_by_scalr, _wrapped_by_spacelift]
	is_object(place)
]

# METADATA
# title: Modules of the configuration
# description: |
#   All modules, including the root module, as objects with `path` (the names of the modules that lead to it), `prefix`
#   (the start of addresses in it) and `configuration` (its entry in the plan).
# custom:
#   example: |
#     {module.prefix | some module in references.modules} == {"", "module.web."}
modules := [module | some module in _modules_of(_configurations[0])]

_modules_of(configuration) := [module |
	walk(configuration, [path, found])
	path[0] == "root_module"
	every index, step in path { _leads_to_modules(index, step) }
	count(path) % 3 == 1
	names := [name | some index, name in path; index % 3 == 2]
	module := {"path": names, "prefix": _prefix(names), "configuration": found}
]

_leads_to_modules(0, "root_module")

_leads_to_modules(index, "module_calls") if index % 3 == 1

_leads_to_modules(index, _) if index % 3 == 2

_leads_to_modules(index, "module") if {
	index > 0
	index % 3 == 0
}

_prefix(names) := concat("", [concat("", ["module.", name, "."]) | some name in names])

# METADATA
# title: Module calls
# description: |
#   All module calls, as objects with `address`, `source`, `version` (empty if it has none), `prefix` (of the calling
#   module), `name` and `configuration`.
# custom:
#   example: |
#     references.calls[0].source == "./web"
calls := [call |
	some module in modules
	some name, found in object.get(module.configuration, "module_calls", {})
	call := {
		"address": concat("", [module.prefix, "module.", name]),
		"name": name,
		"prefix": module.prefix,
		"source": object.get(found, "source", ""),
		"version": object.get(found, "version_constraint", ""),
		"configuration": found,
	}
]

# METADATA
# title: Configured providers
# description: |
#   The provider configurations of the plan by key, as in `provider_config_key` of a resource; empty if the plan has
#   none.
# custom:
#   example: |
#     references.providers.aws.expressions.region.constant_value == "eu-central-1"
providers := object.get(_configurations[0], "provider_config", {})

# METADATA
# title: Configured resources
# description: |
#   All resources and data sources of the configuration by address, including those in modules.
# custom:
#   example: |
#     "module.web.aws_instance.app" in object.keys(references.configured)
configured[address] := resource if {
	some module in modules
	some resource in object.get(module.configuration, "resources", [])
	address := concat("", [module.prefix, resource.address])
}

# METADATA
# title: References of a resource
# description: |
#   Returns the addresses of the resources and data sources that a resource refers to, including references in
#   `depends_on`, `count` and `for_each`. Indirect references through other resources are not included. The resource is
#   a resource change or an address.
# custom:
#   example: |
#     references.of("module.web.aws_instance.app[\"a.b\"]") == {"aws_security_group.web", "module.web.aws_subnet.inner"}
of(resource) := {target |
	some target in _reached[addresses.without_keys(_address(resource))]
	configured[target]
}

# METADATA
# title: References to a resource
# description: Returns the addresses of the resources and data sources that refer to a resource, the inverse of `of`.
# custom:
#   example: |
#     references.to("aws_security_group.web") == {"module.web.aws_instance.app"}
to(resource) := {source |
	address := addresses.without_keys(_address(resource))
	some source, targets in _reached
	address in targets
	source != address
}

# METADATA
# title: Whether a resource refers to another
# description: True if the first resource refers to the second; false otherwise. Both are resource changes or addresses.
# custom:
#   example: |
#     references.refers("module.web.aws_instance.app", "aws_security_group.web")
default refers(_, _) := false

refers(resource, other) if addresses.without_keys(_address(other)) in of(resource)

# METADATA
# title: Whether the configuration sets an attribute
# description: |
#   True if the configuration sets the attribute; false otherwise. An unknown attribute that the configuration does not
#   set is computed by the provider. The configuration in a plan does not contain blocks that `dynamic` generates.
# custom:
#   takes: { attribute: attribute of resource }
#   example: |
#     references.sets("module.web.aws_instance.app[\"a.b\"]", "subnet_id")
default sets(_, _) := false

sets(resource, attribute) if {
	address := addresses.without_keys(_address(resource))
	object.get(configured[address], ["expressions", attribute], null) != null
}

_address(resource) := resource if {
	is_string(resource)
} else := resource.address

# Edges start at variables and outputs only, so that the search ends at resources.
_edges[node] := targets if {
	some module in modules
	some name, output in object.get(module.configuration, "outputs", {})
	node := concat("", [module.prefix, "output.", name])
	targets := _targets(module.prefix, [output])
}

_edges[node] := targets if {
	some call in calls
	some name, expression in object.get(call.configuration, "expressions", {})
	node := concat("", [call.prefix, "module.", call.name, ".var.", name])
	targets := _targets(call.prefix, [expression])
}

_graph := object.union({address: [] | some address, _ in configured}, _edges)

_reached[address] := graph.reachable(_graph, direct) if {
	some module in modules
	some resource in object.get(module.configuration, "resources", [])
	address := concat("", [module.prefix, resource.address])
	direct := _targets(module.prefix, [
		object.get(resource, "expressions", {}),
		object.get(resource, "count_expression", {}),
		object.get(resource, "for_each_expression", {}),
		{"references": object.get(resource, "depends_on", [])},
	])
}

_targets(prefix, expressions) := {concat("", [prefix, target]) |
	walk(expressions, [path, found])
	path[count(path) - 1] in {"references", "depends_on"}
	some reference in found
	is_string(reference)
	target := _target(split(addresses.without_keys(reference), "."))
}

# The node of a reference: `aws_x.y.id` is the resource, `module.m.z` an output.
_target(steps) := concat(".", ["var", steps[1]]) if {
	steps[0] == "var"
	count(steps) > 1
}

_target(steps) := concat(".", ["module", steps[1], "output", steps[2]]) if {
	steps[0] == "module"
	count(steps) > 2
}

_target(steps) := concat(".", array.slice(steps, 0, 3)) if {
	steps[0] in {"data", "ephemeral"}
	count(steps) > 2
}

_target(steps) := concat(".", array.slice(steps, 0, 2)) if {
	not steps[0] in {"var", "module", "data", "ephemeral", "each", "count", "path", "terraform", "self", "local"}
	count(steps) > 1
}
