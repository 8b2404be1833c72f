package planguard.lib.changes_test

import data.planguard.lib.changes

# A change of each kind, named after it.
_change(name, actions) := {
	"address": concat("", ["t.", name]), "mode": "managed", "type": "t", "name": name,
	"change": {"actions": actions, "before": {"a": 1}, "after": {"a": 2}},
}

_plan := {"resource_changes": [
	_change("none", ["no-op"]),
	_change("made", ["create"]),
	_change("altered", ["update"]),
	_change("gone", ["delete"]),
	_change("destroyed_first", ["delete", "create"]),
	_change("created_first", ["create", "delete"]),
	_change("forgotten", ["forget"]),
	_change("left_behind", ["create", "forget"]),
	_change("left_behind_first", ["forget", "create"]),
	_change("new_verb", ["reticulate"]),
	object.union(_change("adopted", ["no-op"]), {"change": {"importing": {"id": "1"}}}),
	object.union(_change("renamed", ["no-op"]), {"previous_address": "t.former"}),
	object.union(_change("unmoved", ["no-op"]), {"previous_address": "t.unmoved"}),
	object.union(_change("source", ["read"]), {"mode": "data", "address": "data.t.source"}),
	"no object",
]}

_names(list) := {change.name | some change in list}

test_entries_are_found_under_the_key_of_each_platform if {
	every input_document in [_plan, {"plan": _plan}, {"tfplan": _plan}, {"terraform": _plan}] {
		count(changes.entries) == 14 with input as input_document
		count(changes.managed) == 13 with input as input_document
	}
}

test_a_plan_without_changes_has_none if {
	every empty in [{}, {"resource_changes": null}, {"plan": null}, {"resource_changes": []}] {
		changes.entries == [] with input as empty
		changes.touched == [] with input as empty
	}
}

test_each_kind_is_in_its_list if {
	_names(changes.created) == {"made"} with input as _plan
	_names(changes.updated) == {"altered"} with input as _plan
	_names(changes.deleted) == {"gone"} with input as _plan
	_names(changes.forgotten) == {"forgotten"} with input as _plan
	_names(changes.imported) == {"adopted"} with input as _plan
	_names(changes.moved) == {"renamed"} with input as _plan
}

test_replacements_are_found_in_every_order if {
	replaced := {"destroyed_first", "created_first", "left_behind", "left_behind_first"}
	_names(changes.replaced) == replaced with input as _plan
}

test_touched_includes_unknown_actions if {
	untouched := _names(changes.managed) - _names(changes.touched) with input as _plan
	untouched == {"none", "unmoved"}
}

test_resulting_excludes_deleted_and_forgotten_resources if {
	left := _names(changes.managed) - _names(changes.resulting) with input as _plan
	left == {"gone", "forgotten"}
}

test_changes_are_found_by_type_and_action if {
	count(changes.by_type("t")) == 13 with input as _plan
	changes.by_type("u") == [] with input as _plan
	count(changes.resulting_of("t")) == 11 with input as _plan
	_names(changes.by_action("forget")) == {"forgotten", "left_behind", "left_behind_first"} with input as _plan
}

test_destroying_is_deleting_or_replacing if {
	destroyed := {change.name | some change in changes.managed; changes.is_destroyed(change)} with input as _plan
	destroyed == {"gone", "destroyed_first", "created_first"}
}

test_missing_parts_are_empty if {
	every odd in [{}, {"change": null}, {"change": {}}, {"change": {"actions": null, "after": null, "before": "x"}}] {
		changes.actions(odd) == set()
		changes.after(odd) == {}
		changes.before(odd) == {}
		changes.state(odd) == {}
		changes.exists_after(odd)
		not changes.is_created(odd)
		not changes.is_updated(odd)
		not changes.is_deleted(odd)
		not changes.is_replaced(odd)
		not changes.is_forgotten(odd)
		not changes.is_destroyed(odd)
		not changes.is_imported(odd)
		not changes.is_moved(odd)
		not changes.is_touched(odd)
		changes.attribute(odd, ["a", "b"], "none") == "none"
		not changes.is_changed(odd, ["a"])
	}
}

test_the_state_of_a_deleted_resource_is_before if {
	deleted := {"change": {"actions": ["delete"], "before": {"a": 1}, "after": null}}
	changes.state(deleted) == {"a": 1}
	changes.state(_change("x", ["update"])) == {"a": 2}
}

test_an_attribute_is_found_at_any_depth if {
	change := {"change": {"after": {"a": [{"b": 1, "c": null, "d": false}]}}}
	changes.attribute(change, ["a", 0, "b"], 0) == 1
	changes.attribute(change, ["a", 0, "d"], true) == false
	changes.attribute(change, ["a", 0, "c"], "null is nothing") == "null is nothing"
	changes.attribute(change, ["a", 1, "b"], "beyond") == "beyond"
}

test_unknown_values_count_as_changed if {
	change := {"change": {
		"before": {"a": 1, "b": 2, "c": [{"d": 1}]},
		"after": {"a": 2, "b": 2, "c": [{}]},
		"after_unknown": {"c": [{"d": true}], "e": {}},
	}}
	changes.is_changed(change, ["a"])
	not changes.is_changed(change, ["b"])
	changes.is_changed(change, ["c", 0, "d"])
	not changes.is_changed(change, ["e"])
}

test_a_completely_unknown_resource_counts_as_changed if {
	change := {"change": {"before": {"a": null}, "after": {"a": null}, "after_unknown": true}}
	changes.is_changed(change, ["a"])
	collection := {"change": {"before": {}, "after": {}, "after_unknown": {"a": true}}}
	changes.is_changed(collection, ["a", "b"])
}

test_kinds_of_change if {
	found := {word: names |
		some word in ["create", "update", "delete", "replace", "forget", "import", "move", "destroy", "any", "else"]
		names := {change.name | some change in changes.managed; changes.does(change, word)} with input as _plan
	}
	found.create == {"made"}
	found.update == {"altered"}
	found["delete"] == {"gone"}
	count(found.replace) == 4
	found.forget == {"forgotten"}
	found["import"] == {"adopted"}
	found.move == {"renamed"}
	found.destroy == {"gone", "destroyed_first", "created_first"}
	count(found.any) == 11
	found["else"] == set()
}
