package main_{{name}}_test

import data.main

resource(after, unknown) := {
	"address": "{{type}}.example",
	"mode": "managed",
	"type": "{{type}}",
	"name": "example",
	"change": {"actions": ["create"], "before": null, "after": after, "after_unknown": unknown},
}

plan(resources) := {"format_version": "1.2", "resource_changes": resources}

test_{{name}}_with_owner if {
	owned := resource({"{{attribute}}": {"owner": "storage"}}, {})
	count(main.deny_{{name}}) == 0 with input as plan([owned])
}

test_{{name}}_without_owner if {
	ownerless := resource({"{{attribute}}": {"stage": "test"}}, {})
	{finding.address | some finding in main.deny_{{name}}} == {"{{type}}.example"} with input as plan([ownerless])
}

test_{{name}}_unknown if {
	unknown := resource({}, {"{{attribute}}": true})
	count(main.deny_{{name}}) == 0 with input as plan([unknown])
	count(main.warn_{{name}}) == 1 with input as plan([unknown])
}
