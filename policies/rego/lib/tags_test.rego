package planguard.lib.tags_test

import data.planguard.lib.tags

_change(type, after, unknown) := {
	"address": concat(".", [type, "x"]), "type": type,
	"change": {"actions": ["create"], "before": null, "after": after, "after_unknown": unknown},
}

test_tags_that_a_provider_adds_count if {
	tags.of(_change("aws_vpc", {"tags": {"a": "1"}, "tags_all": {"a": "1", "b": "2"}}, {})) == {"a": "1", "b": "2"}
	tags.of(_change("azurerm_subnet", {"tags": {"a": "1"}}, {})) == {"a": "1"}
	google := {"labels": {"a": "1"}, "terraform_labels": {"a": "1", "b": "2"}, "effective_labels": {"c": "3"}}
	tags.of(_change("google_storage_bucket", google, {})) == {"a": "1", "b": "2", "c": "3"}
	database := {"settings": [{"user_labels": {"a": "1"}}]}
	tags.of(_change("google_sql_database_instance", database, {})) == {"a": "1"}
}

test_blocks_of_tags_count if {
	group := {"tag": [{"key": "a", "value": "1"}, {"key": "b"}, {"key": "a", "value": "2"}]}
	tags.of(_change("aws_autoscaling_group", group, {})) == {"a": "2", "b": ""}
}

test_network_tags_are_no_tags if {
	instance := _change("google_compute_instance", {"tags": ["web"], "labels": null}, {})
	tags.of(instance) == {}
	tags.are_possible(instance)
}

test_a_resource_without_tags_has_none if {
	every after in [{}, {"tags": null}, null] { tags.of(_change("aws_vpc", after, {})) == {} }
}

test_what_is_deleted_has_the_tags_it_had if {
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

test_where_all_tags_are_unknown_nothing_is_missing if {
	every marks in [{"tags": true}, {"tags_all": true}, true] {
		change := _change("aws_vpc", {}, marks)
		tags.are_unknown(change)
		tags.unknown_keys(change) == set()
		tags.missing(change, ["a"]) == set()
	}
}

test_known_tags_and_unknown_defaults_leave_the_rest_open if {
	change := _change("aws_vpc", {"tags": {"a": "1"}}, {"tags": {}, "tags_all": true})
	tags.are_unknown(change)
}

test_resources_that_can_have_tags_are_told_by_their_attributes if {
	tags.are_possible(_change("aws_vpc", {"tags": null}, {}))
	tags.are_possible(_change("aws_vpc", {}, {"tags_all": true}))
	tags.are_possible(_change("aws_autoscaling_group", {"tag": []}, {}))
	not tags.are_possible(_change("aws_route", {"gateway_id": "x"}, {}))
	not tags.are_possible(_change("google_compute_firewall", {"tags": null}, {}))
	not tags.are_possible(_change("datadog_monitor", {"tags": ["a:b"]}, {}))
}
