package planguard.lib.unknown_test

import data.planguard.lib.unknown

_change := {"change": {
	"after": {"known": 1, "null": null, "list": [null, "x"], "map": {"a": 1}, "block": [{}]},
	"after_unknown": {"whole": true, "list": [true, false], "map": {"b": true}, "block": [{"c": true}], "known": false, "empty": {}},
	"after_sensitive": {"map": true, "block": [{"c": true}]},
}}

test_unknown_values_are_found_at_any_depth if {
	every path in [["whole"], ["whole", "below"], ["list", 0], ["map", "b"], ["block", 0, "c"]] {
		unknown.is_unknown(_change, path)
	}
	every path in [["known"], ["null"], ["list"], ["list", 1], ["map"], ["map", "a"], ["block", 0], ["nowhere", "at", "all"]] {
		not unknown.is_unknown(_change, path)
	}
}

test_parts_can_be_unknown if {
	every path in [["whole"], ["list"], ["map"], ["block"], ["block", 0]] {
		unknown.has_unknown(_change, path)
	}
	every path in [["known"], ["empty"], ["list", 1], ["nowhere"]] {
		not unknown.has_unknown(_change, path)
	}
}

test_everything_can_be_unknown if {
	every change in [{"change": {"after_unknown": true}}] {
		unknown.is_unknown(change, ["a"])
		unknown.has_unknown(change, ["a", 0])
		unknown.state(change, ["a"]) == "unknown"
		unknown.attributes(change) == set()
	}
}

test_missing_marks_mean_known if {
	every change in [{}, {"change": null}, {"change": {"after_unknown": null, "after": null}}, {"change": {"after_unknown": false}}] {
		not unknown.is_unknown(change, ["a"])
		not unknown.has_unknown(change, ["a"])
		not unknown.is_sensitive(change, ["a"])
		unknown.state(change, ["a"]) == "unset"
		unknown.attributes(change) == set()
	}
}

test_nested_values_of_sensitive_values_are_sensitive if {
	unknown.is_sensitive(_change, ["map", "a"])
	unknown.is_sensitive(_change, ["block", 0, "c"])
	not unknown.is_sensitive(_change, ["block", 0])
	unknown.is_sensitive({"change": {"after_sensitive": true}}, ["a"])
}

test_an_attribute_has_one_of_three_states if {
	unknown.state(_change, ["known"]) == "known"
	unknown.state(_change, ["map", "a"]) == "known"
	unknown.state(_change, ["whole"]) == "unknown"
	unknown.state(_change, ["null"]) == "unset"
	unknown.state(_change, ["nowhere"]) == "unset"
}

test_unknown_attributes_are_listed_by_name if unknown.attributes(_change) == {"whole", "list", "map", "block"}
