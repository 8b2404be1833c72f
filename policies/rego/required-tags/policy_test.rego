package planguard.packs.required_tags_test

import data.planguard.packs.required_tags as pack

_change(name, tags, unknown) := {
	"address": concat("", ["aws_vpc.", name]), "type": "aws_vpc", "mode": "managed",
	"change": {"actions": ["create"], "before": null, "after": {"tags": tags}, "after_unknown": unknown},
}

_plan(change) := {"resource_changes": [change]}

_params := {"tags": {"owner": {}, "stage": {"values": ["prod", "dev"], "optional": true}, "cost": {"pattern": "[0-9]{4}", "types": ["aws_v*"]}}}

test_a_resource_with_every_tag_passes if {
	plan := _plan(_change("a", {"owner": "me", "stage": "prod", "cost": "1234"}, {}))
	count(pack.deny_missing) == 0 with input as plan with data.planguard.params["required-tags"] as _params
	count(pack.deny_value) == 0 with input as plan with data.planguard.params["required-tags"] as _params
	count(pack.deny_unknown) == 0 with input as plan with data.planguard.params["required-tags"] as _params
}

test_missing_tags_are_reported_unless_optional if {
	found := pack.deny_missing with input as _plan(_change("a", {"Owner": "me", "cost": null}, {}))
		with data.planguard.params["required-tags"] as _params
	{finding.msg | some finding in found} == {"aws_vpc.a has no tag `owner`", "aws_vpc.a has no tag `cost`"}
}

test_case_can_be_ignored if {
	count(pack.deny_missing) == 0 with input as _plan(_change("a", {"Owner": "me", "COST": "1234"}, {}))
		with data.planguard.params["required-tags"] as object.union(_params, {"ignore_case": true})
}

test_wrong_values_are_reported if {
	found := pack.deny_value with input as _plan(_change("a", {"owner": "", "stage": "test", "cost": "12345"}, {}))
		with data.planguard.params["required-tags"] as _params
	{finding.msg | some finding in found} == {
		"aws_vpc.a has the tag `owner` with the value ``, which is empty",
		"aws_vpc.a has the tag `stage` with the value `test`, which is not one of prod, dev",
		"aws_vpc.a has the tag `cost` with the value `12345`, which does not match `[0-9]{4}`",
	}
}

test_unknown_tags_are_warnings if {
	plan := _plan(_change("a", {"cost": "1234"}, {"tags": {"owner": true}}))
	count(pack.deny_missing) == 0 with input as plan with data.planguard.params["required-tags"] as _params
	found := pack.deny_unknown with input as plan with data.planguard.params["required-tags"] as _params
	{finding.msg | some finding in found} == {"aws_vpc.a has a tag `owner` that is known only after apply"}
}

test_each_tag_is_reported_if_all_tags_are_unknown if {
	plan := _plan(_change("a", null, {"tags": true}))
	count(pack.deny_missing) == 0 with input as plan with data.planguard.params["required-tags"] as _params
	found := pack.deny_unknown with input as plan with data.planguard.params["required-tags"] as _params
	{finding.msg | some finding in found} == {
		"aws_vpc.a may have no tag `owner`: its tags are known only after apply",
		"aws_vpc.a may have no tag `cost`: its tags are known only after apply",
	}
}

test_tags_can_be_required_for_some_types_only if {
	found := pack.deny_missing with input as _plan(object.union(_change("a", {}, {}), {"type": "aws_subnet"}))
		with data.planguard.params["required-tags"] as _params
	count(found) == 1
}
