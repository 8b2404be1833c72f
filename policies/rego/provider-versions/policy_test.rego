package planguard.packs.provider_versions_test

import data.planguard.packs.provider_versions as pack

_aws := {"name": "aws", "full_name": "registry.terraform.io/hashicorp/aws"}

_constraint(provider, params) := found if {
	found := {finding.msg | some finding in pack.deny_constraint} with input as {"configuration": {"provider_config": {"p": provider}}}
		with data.planguard.params["provider-versions"] as params
}

_with(constraint) := object.union(_aws, {"version_constraint": constraint})

test_bounded_constraints_pass if {
	every constraint in ["6.0.0", "= 6.0.0", "~> 6.0", ">= 5.0, < 7.0"] { _constraint(_with(constraint), {}) == set() }
}

test_wide_constraints_are_reported if {
	name := "provider `registry.terraform.io/hashicorp/aws`"
	_constraint(_aws, {}) == {sprintf("%s has no version constraint", [name])}
	_constraint(_with(">= 5.0"), {}) == {sprintf("%s has the version constraint `>= 5.0`, which has no upper bound", [name])}
	_constraint(_with("~> 5.0"), {"constraint": "exact"}) == {sprintf("%s has the version constraint `~> 5.0`, which is not a single version", [name])}
	_constraint({"name": "aws"}, {"constraint": "present"}) == {"provider `aws` has no version constraint"}
}

test_strictness_is_a_parameter if {
	_constraint(_with(">= 5.0"), {"constraint": "present"}) == set()
	_constraint(_aws, {"constraint": "any"}) == set()
	_constraint(_aws, {"except": ["hashicorp/aws"]}) == set()
	_constraint(object.union(_aws, {"module_address": "module.m"}), {}) == set()
	_constraint({"name": "terraform", "full_name": "terraform.io/builtin/terraform"}, {}) == set()
}

test_providers_are_allowed_by_full_name_or_without_the_host if {
	plan := {
		"configuration": {"provider_config": {"aws": _aws}},
		"resource_changes": [{"address": "x.y", "provider_name": "example.com/acme/x"}],
	}
	every allowed in [["hashicorp/*"], ["registry.terraform.io/*"]] {
		found := pack.deny_provider with input as plan with data.planguard.params["provider-versions"] as {"allowed": allowed}
		{finding.msg | some finding in found} == {"provider `example.com/acme/x` is not allowed"}
	}
	count(pack.deny_provider) == 0 with input as plan
}
