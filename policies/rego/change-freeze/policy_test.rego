package planguard.packs.change_freeze_test

import data.planguard.packs.change_freeze as pack

_change(name, actions) := {"address": concat("", ["t.", name]), "type": "t", "mode": "managed", "change": {"actions": actions}}

_plan := {"resource_changes": [_change("a", ["create"]), _change("b", ["delete"]), _change("c", ["no-op"])]}

# Sunday, 20 December 2026, 23:30 in UTC, which is Monday, 00:30 in Berlin.
_now := time.parse_rfc3339_ns("2026-12-20T23:30:00Z")

_denied(params) := found if {
	found := {finding.msg | some finding in pack.deny_frozen} with input as _plan
		with data.planguard.params["change-freeze"] as params
		with data.planguard.packs.change_freeze.now as _now
}

_is_open(window, zone) if count(_denied({"windows": [window], "time_zone": zone})) == 2

test_windows_have_bounds if {
	_is_open({}, "UTC")
	_is_open({"from": "2026-12-20", "to": "2026-12-21"}, "UTC")
	_is_open({"from": "2026-12-20T23:30", "to": "2026-12-20T23:30:01"}, "UTC")
	not _is_open({"to": "2026-12-20T23:30:00"}, "UTC")
	not _is_open({"from": "2026-12-20", "to": "2026-12-21"}, "Europe/Berlin")
	_is_open({"from": "2026-12-21", "to": "2026-12-22"}, "Europe/Berlin")
	not _is_open({"from": "2026-12-21"}, "UTC")
}

test_windows_repeat_each_week if {
	_is_open({"days": ["sat", "sun"]}, "UTC")
	not _is_open({"days": ["sat", "sun"]}, "Europe/Berlin")
	_is_open({"days": ["mon"], "after": "00:00", "before": "06:00"}, "Europe/Berlin")
	_is_open({"after": "18:00", "before": "24:00"}, "UTC")
	not _is_open({"before": "23:30"}, "UTC")
	not _is_open({"after": "23:31"}, "UTC")
}

test_only_selected_changes_are_denied if {
	windows := [{"reason": "holidays"}, {"reason": "audit"}, {}]
	_denied({"windows": windows, "actions": ["destroy"]}) == {"t.b has a planned `destroy` during a freeze (audit, holidays)"}
	_denied({"windows": windows, "actions": ["update"]}) == set()
	_denied({"windows": [{}], "except": ["t.a"]}) == {"t.b has a planned `change` during a freeze"}
	_denied({"windows": [{}], "except_types": ["t"]}) == set()
	_denied({"windows": [{}], "types": ["u"]}) == set()
}

test_the_time_is_that_of_the_check if pack.now == time.now_ns()
