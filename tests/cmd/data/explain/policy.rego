package main

import data.tags

# A bucket needs an owner.
deny contains msg if {
	some rc in input.resource_changes
	rc.type == "terraform_data"
	not tags.has_owner(rc)
	every action in rc.change.actions {
		action != "delete"
	}
	msg := sprintf("%s has no owner", [rc.address])
}

deny contains "an index" if {
	input.resource_changes[i].change.after.input.owner == "nobody"
	i > 0
}

deny contains sprintf("%s is not empty", [rc.address]) if {
	rc := input.resource_changes[_]
	rc.change.after.output.name
	is_production(rc)
}

warn if {
	resources := [rc | some rc in input.resource_changes; rc.mode == "managed"]
	count(resources) > 100
}

is_production(rc) if rc.change.after.input.environment == "production"

is_production(rc) if {
	startswith(rc.name, "prod")
} else if {
	contains(rc.name, "live")
}
