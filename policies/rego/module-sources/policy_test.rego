package planguard.packs.module_sources_test

import data.planguard.packs.module_sources as pack

_plan(source, version) := {"configuration": {"root_module": {"module_calls": {"a": {"source": source, "version_constraint": version, "module": {}}}}}}

_unpinned(source, version, params) := found if {
	found := {finding.msg | some finding in pack.deny_unpinned} with input as _plan(source, version)
		with data.planguard.params["module-sources"] as params
}

_refused(source, params) := found if {
	found := {finding.msg | some finding in pack.deny_source} with input as _plan(source, "")
		with data.planguard.params["module-sources"] as params
}

test_pinned_modules_pass if {
	every call in [
		["./modules/a", ""], ["../a", ""],
		["hashicorp/consul/aws", "1.2.3"], ["hashicorp/consul/aws//modules/x", "~> 1.2"], ["example.com/ns/name/aws", ">= 1.0, < 2.0"],
		["git::https://example.com/a.git?ref=v1.2.3", ""], ["git@github.com:o/r.git//sub?depth=1&ref=1.0", ""],
		["github.com/o/r?ref=0123456789abcdef0123456789abcdef01234567", ""],
		["https://example.com/a.zip?checksum=sha256:00", ""], ["s3::https://example.com/a.zip?version=3", ""],
	] {
		_unpinned(call[0], call[1], {}) == set()
	}
}

test_unpinned_modules_are_reported if {
	_unpinned("hashicorp/consul/aws", "", {}) == {"module.a has no version constraint"}
	_unpinned("hashicorp/consul/aws", ">= 1.0", {}) == {"module.a has the version constraint `>= 1.0`, which has no upper bound"}
	_unpinned("git::https://example.com/a.git", "", {}) == {"module.a has no `ref`"}
	_unpinned("github.com/o/r?ref=main", "", {}) == {"module.a has the ref `main`, which is not an allowed tag or commit"}
	_unpinned("https://example.com/a.zip", "", {}) == {"module.a is an archive without a checksum or version"}
}

test_strictness_is_a_parameter if {
	_unpinned("hashicorp/consul/aws", "~> 1.2", {"registry": "exact"}) == {"module.a has the version constraint `~> 1.2`, which is not a single version"}
	_unpinned("hashicorp/consul/aws", "= 1.2.3", {"registry": "exact"}) == set()
	_unpinned("hashicorp/consul/aws", "", {"registry": "any"}) == set()
	_unpinned("github.com/o/r?ref=release-1", "", {"ref": "release-[0-9]+"}) == set()
	_unpinned("github.com/o/r", "", {"except": ["module.a"]}) == set()
}

test_sources_are_allowed_by_wildcards if {
	params := {"allowed": ["git::https://example.com/*", "acme/*"]}
	_refused("acme/vpc/aws", params) == set()
	_refused("./local", params) == set()
	_refused("hashicorp/consul/aws", params) == {"module.a has the source `hashicorp/consul/aws`, which is not allowed"}
}

test_all_modules_are_checked_without_parameters if {
	count(pack.deny_unpinned) == 1 with input as _plan("github.com/o/r", "")
	count(pack.deny_source) == 0 with input as _plan("github.com/o/r", "")
}
