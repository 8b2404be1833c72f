package planguard.packs.blast_radius_test

import data.planguard.packs.blast_radius as pack

_change(address, type, actions) := {"address": address, "type": type, "mode": "managed", "change": {"actions": actions, "before": {"a": 1}}}

_plan := {"resource_changes": [
	_change("t.a", "t", ["delete"]),
	object.union(_change("t.a", "t", ["delete"]), {"deposed": "1"}),
	_change("t.b", "t", ["delete", "create"]),
	_change("module.m[0].u.c", "u", ["delete"]),
	_change("t.d", "t", ["no-op"]),
	{"address": "t.e", "type": "t", "mode": "managed", "change": {"actions": ["create"], "before": null}},
]}

_denied(limits) := found if {
	found := {finding.msg | some finding in pack.deny_number | pack.deny_share} with input as _plan
		with data.planguard.params["blast-radius"] as {"limits": limits}
}

test_a_plan_below_the_limits_passes if {
	_denied([{"actions": ["delete"], "max": 3}, {"actions": ["create"], "max": 1}, {"actions": ["destroy"], "max_percent": 80}]) == set()
}

test_numbers_are_limited if {
	_denied([{"actions": ["delete"], "max": 2}]) == {"delete: resource count is 3, maximum is 2"}
	_denied([{"actions": ["delete", "destroy"], "max": 0, "types": ["t"], "reason": "stateful"}]) == {"delete or destroy of t: resource count is 3, maximum is 0 (stateful)"}
	_denied([{"actions": ["any"], "max": 0, "module": "module.m"}]) == {"any in module.m: resource count is 1, maximum is 0"}
}

test_shares_are_limited if {
	_denied([{"actions": ["delete"], "max_percent": 50}]) == {"delete: resource count is 3 of 5, maximum is 50 percent"}
	_denied([{"actions": ["create"], "max_percent": 0, "types": ["v"]}]) == set()
}

test_exceptions_are_not_counted if {
	found := pack.deny_number with input as _plan
		with data.planguard.params["blast-radius"] as {"limits": [{"actions": ["delete"], "max": 0}], "except": ["t.*", "module.*"]}
	count(found) == 0
}

test_deferred_changes_are_reported if {
	found := pack.deny_unknown with input as {"deferred_changes": [{}, {}]}
	{finding.msg | some finding in found} == {"2 deferred changes are not counted"}
	count(pack.deny_unknown) == 0 with input as {}
}
