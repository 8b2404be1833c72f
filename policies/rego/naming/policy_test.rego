package planguard.packs.naming_test

import data.planguard.packs.naming as pack

_change(type, label, after, unknown) := {
	"address": concat(".", [type, label]), "type": type, "name": label, "mode": "managed",
	"change": {"actions": ["create"], "before": null, "after": after, "after_unknown": unknown},
}

_params := {
	"patterns": {"aws_*": "acme-[a-z-]+", "aws_s3_bucket": "[a-z]+", "azurerm_resource_group": "rg-.*"},
	"attributes": {"azurerm_resource_group": "tags.title"},
	"labels": "[a-z_]+",
	"modules": "[a-z]+",
}

_names(change) := found if {
	found := {finding.msg | some finding in pack.deny_name} with input as {"resource_changes": [change]}
		with data.planguard.params.naming as _params
}

test_names_that_match_pass if {
	every change in [
		_change("aws_sqs_queue", "a", {"name": "acme-queue"}, {}),
		_change("aws_instance", "a", {"tags": {"Name": "acme-web"}}, {}),
		_change("aws_s3_bucket", "a", {"bucket": "logs"}, {}),
		_change("azurerm_resource_group", "a", {"tags": {"title": "rg-1"}}, {}),
		_change("google_project", "a", {"project_id": "X"}, {}),
		_change("aws_sqs_queue", "a", {"name": null}, {}),
	] {
		_names(change) == set()
	}
}

test_names_that_do_not_match_are_denied if {
	_names(_change("aws_sqs_queue", "a", {"name": "my-acme-queue"}, {})) == {"aws_sqs_queue.a has the name `my-acme-queue`, which does not match `acme-[a-z-]+`"}
	_names(_change("aws_s3_bucket", "a", {"bucket": "acme-logs"}, {})) == {"aws_s3_bucket.a has the name `acme-logs`, which does not match `[a-z]+`"}
}

test_names_in_the_configuration_are_checked if {
	plan := {
		"resource_changes": [_change("t", "good_one", {}, {}), _change("t", "Bad", {}, {})],
		"configuration": {"root_module": {"module_calls": {"good": {}, "bad1": {}}}},
	}
	labels := {finding.msg | some finding in pack.deny_label} with input as plan with data.planguard.params.naming as _params
	labels == {"t.Bad has the name `Bad` in the configuration, which does not match `[a-z_]+`"}
	modules := {finding.msg | some finding in pack.deny_module} with input as plan with data.planguard.params.naming as _params
	modules == {"module.bad1 has the name `bad1`, which does not match `[a-z]+`"}
}

test_unknown_names_are_reported if {
	found := pack.deny_unknown with input as {"resource_changes": [
		_change("aws_sqs_queue", "a", {}, {"name": true}),
		_change("t", "b", {}, {"name": true}),
	]}
		with data.planguard.params.naming as _params
	{finding.address | some finding in found} == {"aws_sqs_queue.a"}
}
