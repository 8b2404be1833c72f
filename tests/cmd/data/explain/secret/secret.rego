package secret

deny contains "weak" if {
	some rc in input.resource_changes
	password := rc.change.after.input.password
	password in {"tr0ub4dor", "hunter2"}
}
