package planguard.lib.tags_test

import data.planguard.lib.tags

_change(type, after, unknown) := {
	"address": concat(".", [type, "x"]), "type": type,
	"change": {"actions": ["create"], "before": null, "after": after, "after_unknown": unknown},
}

test_default_tags_count if {
	tags.of(_change("aws_vpc", {"tags": {"a": "1"}, "tags_all": {"a": "1", "b": "2"}}, {})) == {"a": "1", "b": "2"}
	tags.of(_change("azurerm_subnet", {"tags": {"a": "1"}}, {})) == {"a": "1"}
	google := {"labels": {"a": "1"}, "terraform_labels": {"a": "1", "b": "2"}, "effective_labels": {"c": "3"}}
	tags.of(_change("google_storage_bucket", google, {})) == {"a": "1", "b": "2", "c": "3"}
	database := {"settings": [{"user_labels": {"a": "1"}}]}
	tags.of(_change("google_sql_database_instance", database, {})) == {"a": "1"}
}

test_tag_blocks_count if {
	group := {"tag": [{"key": "a", "value": "1"}, {"key": "b"}, {"key": "a", "value": "2"}]}
	tags.of(_change("aws_autoscaling_group", group, {})) == {"a": "2", "b": ""}
}

test_network_tags_do_not_count if {
	instance := _change("google_compute_instance", {"tags": ["web"], "labels": null}, {})
	tags.of(instance) == {}
	tags.are_possible(instance)
}

test_a_resource_without_tags_has_none if {
	every after in [{}, {"tags": null}, null] { tags.of(_change("aws_vpc", after, {})) == {} }
}

test_a_deleted_resource_has_its_previous_tags if {
	deleted := {"type": "aws_vpc", "change": {"actions": ["delete"], "before": {"tags": {"a": "1"}}, "after": null}}
	tags.of(deleted) == {"a": "1"}
	tags.are_possible(deleted)
	tags.missing(deleted, ["b"]) == {"b"}
}

test_unknown_values_are_not_missing if {
	change := _change("aws_vpc", {"tags": {"a": "1"}}, {"tags": {"b": true}, "tags_all": {"b": true, "a": false}})
	tags.unknown_keys(change) == {"b"}
	not tags.are_unknown(change)
	tags.missing(change, {"a", "b", "c"}) == {"c"}
}

test_no_tag_is_missing_if_all_are_unknown if {
	every marks in [{"tags": true}, {"tags_all": true}, true] {
		change := _change("aws_vpc", {}, marks)
		tags.are_unknown(change)
		tags.unknown_keys(change) == set()
		tags.missing(change, ["a"]) == set()
	}
}

_with_providers(providers) := {"configuration": {"provider_config": providers, "root_module": {}}}

_aws(expressions) := {"name": "aws", "expressions": expressions}

_constant := _aws({"default_tags": [{"tags": {"constant_value": {"b": "2"}}}]})

_new := _change("aws_vpc", {"tags": null}, {"tags_all": true})

test_tags_are_missing_without_default_tags if {
	input_without := _with_providers({"aws": _aws({}), "google": {"name": "google", "expressions": {"default_tags": [{}]}}})
	not tags.are_unknown(_new) with input as input_without
	tags.missing(_new, ["a"]) == {"a"} with input as input_without
}

test_constant_default_tags_count if {
	not tags.are_unknown(_new) with input as _with_providers({"aws": _constant})
	tags.of(_new) == {"b": "2"} with input as _with_providers({"aws": _constant})
	tags.missing(_new, ["a", "b"]) == {"a"} with input as _with_providers({"aws": _constant})
}

test_unknown_default_tags_make_tags_unknown if {
	open := _aws({"default_tags": [{"tags": {"references": ["var.tags"]}}]})
	tags.are_unknown(_new) with input as _with_providers({"aws": open})
	tags.are_unknown(_new) with input as _with_providers({"aws": _constant, "aws.other": _aws({})})
	tags.are_unknown(_new) with input as {}
}

test_all_tags_are_unknown_if_default_tags_are_unknown if {
	change := _change("aws_vpc", {"tags": {"a": "1"}}, {"tags": {}, "tags_all": true})
	tags.are_unknown(change)
}

test_resources_with_an_attribute_for_tags_can_have_tags if {
	tags.are_possible(_change("aws_vpc", {"tags": null}, {}))
	tags.are_possible(_change("aws_vpc", {}, {"tags_all": true}))
	tags.are_possible(_change("aws_autoscaling_group", {"tag": []}, {}))
	not tags.are_possible(_change("aws_route", {"gateway_id": "x"}, {}))
	not tags.are_possible(_change("google_compute_firewall", {"tags": null}, {}))
	not tags.are_possible(_change("datadog_monitor", {"tags": ["a:b"]}, {}))
}
