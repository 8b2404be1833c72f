package planguard.lib.resources_test

import data.planguard.lib.resources

_resource(address, mode) := {"address": address, "mode": mode, "type": "t", "values": {"child_modules": [{"resources": [1]}]}}

_plan := {"planned_values": {
	"outputs": {"resources": {"value": [1]}},
	"root_module": {
		"resources": [_resource("t.a", "managed"), _resource("data.t.b", "data")],
		"child_modules": [{
			"address": "module.m",
			"child_modules": [{"address": "module.m.module.n", "resources": [_resource("module.m.module.n.t.c", "managed")]}],
		}],
	},
}}

_addresses := {"t.a", "data.t.b", "module.m.module.n.t.c"}

test_resources_in_all_modules_are_found if {
	every place in [_plan, {"plan": _plan}, {"tfplan": _plan}, {"terraform": _plan}] {
		found := [resource.address | some resource in resources.planned] with input as place
		count(found) == 3
		{address | some address in found} == _addresses
	}
}

test_a_plan_that_destroys_everything_has_no_planned_resources if {
	resources.planned == [] with input as {"planned_values": {"root_module": {}}}
	resources.planned == [] with input as {}
	resources.by_address == {} with input as {}
}

test_resources_are_found_by_type_and_address if {
	count(resources.by_type("t")) == 2 with input as _plan
	resources.by_type("u") == [] with input as _plan
	resources.by_address["t.a"].mode == "managed" with input as _plan
	not resources.by_address["t.z"] with input as _plan
}
