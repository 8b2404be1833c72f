package planguard.lib.references_test

import data.planguard.lib.references

_refers(names) := {"references": names}

# The root passes a key to a module, which passes it to another; an output comes back the same way.
_plan := {"configuration": {"root_module": {
	"resources": [
		{"address": "t.key", "expressions": {"fixed": {"constant_value": 1}}},
		{
			"address": "t.user",
			"expressions": {
				"direct": _refers(["t.key.id", "t.key"]),
				"blocks": [{"nested": _refers(["data.t.found.id", "data.t.found"])}],
				"through": _refers(["module.outer[0].id", "module.outer[0]", "module.outer"]),
				"nothing": _refers(["each.value", "count.index", "local.x", "path.module", "var.free", "terraform.workspace"]),
			},
			"depends_on": ["t.before"],
			"for_each_expression": _refers(["t.many"]),
		},
		{"address": "t.before"},
		{"address": "t.many", "count_expression": _refers(["t.number.count", "t.number"])},
		{"address": "t.number"},
		{"address": "data.t.found"},
	],
	"module_calls": {"outer": {
		"source": "./outer",
		"version_constraint": "1.0",
		"expressions": {"key": _refers(["t.key.id", "t.key"])},
		"module": {
			"outputs": {"id": {"expression": _refers(["module.inner.id", "module.inner"]), "depends_on": ["t.late"]}},
			"resources": [{"address": "t.late"}],
			"module_calls": {"inner": {
				"source": "./inner",
				"expressions": {"key": _refers(["var.key"])},
				"module": {
					"outputs": {"id": {"expression": _refers(["t.deep.id", "t.deep"])}},
					"resources": [{"address": "t.deep", "expressions": {"key": _refers(["var.key.arn", "var.key"])}}],
				},
			}},
		},
	}},
}}}

test_references_are_followed_through_modules if {
	references.of("t.user") == {
		"t.key", "data.t.found", "t.before", "t.many", "module.outer.module.inner.t.deep", "module.outer.t.late",
	} with input as _plan
	references.of("module.outer[0].module.inner.t.deep[\"k\"]") == {"t.key"} with input as _plan
}

test_references_end_at_resources if {
	references.of("t.many") == {"t.number"} with input as _plan
	references.of("t.key") == set() with input as _plan
}

test_an_unconfigured_resource_has_no_references if references.of({"address": "t.gone"}) == set() with input as _plan

test_references_to_a_resource_are_found if {
	references.to({"address": "t.key"}) == {"t.user", "module.outer.module.inner.t.deep"} with input as _plan
	references.to("t.user") == set() with input as _plan
}

test_a_single_reference_can_be_checked if {
	references.refers({"address": "t.many[0]"}, {"address": "t.number"}) with input as _plan
	not references.refers("t.number", "t.many") with input as _plan
}

test_modules_and_calls_at_every_level_are_found if {
	every place in [_plan, {"plan": _plan}, {"tfplan": _plan}, {"terraform": _plan}] {
		paths := {module.path | some module in references.modules} with input as place
		paths == {[], ["outer"], ["outer", "inner"]}
		told := {[call.address, call.source, call.version] | some call in references.calls} with input as place
		told == {["module.outer", "./outer", "1.0"], ["module.outer.module.inner", "./inner", ""]}
	}
}

test_an_attribute_is_set_by_the_configuration_or_not if {
	references.sets("t.user[1]", "direct") with input as _plan
	not references.sets("t.user", "computed") with input as _plan
	not references.sets("t.before", "direct") with input as _plan
	not references.sets("t.gone", "direct") with input as _plan
}

test_a_plan_without_configuration_has_no_references if {
	references.modules == [] with input as {}
	references.calls == [] with input as {}
	references.of("t.key") == set() with input as {}
}

test_providers_are_found_by_key if {
	references.providers.aws == 1 with input as {"configuration": {"provider_config": {"aws": 1}}}
	references.providers == {} with input as {"configuration": {}}
}
