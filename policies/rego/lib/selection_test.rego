package planguard.lib.selection_test

import data.planguard.lib.selection

_change(address, type, actions) := {"address": address, "type": type, "mode": "managed", "change": {"actions": actions}}

_plan := {"resource_changes": [
	_change("t.a", "t", ["create"]),
	_change("t.b", "t", ["no-op"]),
	_change("module.m.u.c[\"x\"]", "u", ["update"]),
	_change("t.d", "t", ["delete"]),
]}

_chosen(settings) := [change.address | some change in selection.resulting(settings)]

test_empty_settings_select_all_resulting_resources if {
	_chosen({}) == ["t.a", "t.b", "module.m.u.c[\"x\"]"] with input as _plan
}

test_each_setting_narrows_the_selection if {
	_chosen({"scope": "touched"}) == ["t.a", "module.m.u.c[\"x\"]"] with input as _plan
	_chosen({"types": ["u"]}) == ["module.m.u.c[\"x\"]"] with input as _plan
	_chosen({"except_types": ["u*"]}) == ["t.a", "t.b"] with input as _plan
	_chosen({"except": ["module.m.*", "t.b"]}) == ["t.a"] with input as _plan
}

test_deleted_resources_can_be_selected if {
	deleted := _plan.resource_changes[3]
	selection.is_chosen({"scope": "touched"}, deleted)
	selection.is_chosen({}, deleted)
	not selection.is_chosen({"scope": "some other"}, deleted)
}
