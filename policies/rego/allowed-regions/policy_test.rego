package planguard.packs.allowed_regions_test

import data.planguard.packs.allowed_regions as pack

_change(type, after, unknown) := {
	"address": concat("", [type, ".a"]), "type": type, "mode": "managed",
	"change": {"actions": ["create"], "before": null, "after": after, "after_unknown": unknown},
}

_params := {"regions": {"aws": ["eu-*"], "azurerm": ["West Europe"], "google": ["europe-west3"], "other": ["x"]}}

_plan(change) := {"resource_changes": [change]}

_denied(plan) := found if {
	found := {finding.msg | some finding in pack.deny_region} with input as plan
		with data.planguard.params["allowed-regions"] as _params
}

_warned(plan) := found if {
	found := {finding.address | some finding in pack.deny_unknown} with input as plan
		with data.planguard.params["allowed-regions"] as _params
}

test_regions_are_compared_as_each_provider_writes_them if {
	every change in [
		_change("aws_vpc", {"region": "eu-central-1"}, {}),
		_change("aws_subnet", {"availability_zone": "eu-west-1a"}, {}),
		_change("azurerm_subnet", {"location": "westeurope"}, {}),
		_change("azurerm_subnet", {"location": "West Europe"}, {}),
		_change("google_compute_disk", {"zone": "europe-west3-a"}, {}),
		_change("google_storage_bucket", {"location": "EUROPE-WEST3"}, {}),
		_change("google_compute_address", {"region": "https://example.com/regions/europe-west3"}, {}),
		_change("other_thing", {"location": "X"}, {}),
	] {
		_denied(_plan(change)) == set()
		_warned(_plan(change)) == set()
	}
}

test_other_regions_are_denied if {
	_denied(_plan(_change("aws_vpc", {"region": "us-east-1"}, {}))) == {"aws_vpc.a is in region `us-east-1`, which is not allowed"}
	_denied(_plan(_change("azurerm_subnet", {"location": "North Europe"}, {}))) == {"azurerm_subnet.a is in region `northeurope`, which is not allowed"}
	_denied(_plan(_change("google_compute_disk", {"zone": "us-east1-b"}, {}))) == {"google_compute_disk.a is in region `us-east1`, which is not allowed"}
}

test_providers_without_regions_are_skipped if {
	_denied(_plan(_change("random_id", {"region": "us-east-1"}, {}))) == set()
	_warned(_plan(_change("random_id", {}, {"region": true}))) == set()
}

_with_provider(type, key, providers) := {
	"resource_changes": [_change(type, {}, {})],
	"variables": {"region": {"value": "us-west-2"}},
	"configuration": {
		"provider_config": providers,
		"root_module": {"resources": [{"address": concat("", [type, ".a"]), "provider_config_key": key}]},
	},
}

test_the_region_of_the_provider_counts if {
	providers := {
		"aws": {"expressions": {"region": {"constant_value": "eu-west-1"}}},
		"aws.far": {"expressions": {"region": {"references": ["var.region"]}}},
	}
	_denied(_with_provider("aws_vpc", "aws", providers)) == set()
	_warned(_with_provider("aws_vpc", "aws", providers)) == set()
	_denied(_with_provider("aws_vpc", "aws.far", providers)) == {"aws_vpc.a is in region `us-west-2`, which is not allowed"}
	_denied(_with_provider("aws_vpc", "module.m:aws.far", providers)) == {"aws_vpc.a is in region `us-west-2`, which is not allowed"}
	_denied(_with_provider("aws_iam_role", "aws.far", providers)) == set()
	_warned(_with_provider("aws_iam_role", "aws.far", providers)) == set()
}

test_unknown_regions_are_reported if {
	_warned(_with_provider("aws_vpc", "aws", {"aws": {"expressions": {}}})) == {"aws_vpc.a"}
	_warned(_plan(_change("azurerm_subnet", {}, {"location": true}))) == {"azurerm_subnet.a"}
	_warned(_plan(_change("azurerm_subnet_route_table_association", {}, {}))) == set()
}
