package main

import data.planguard.lib.changes
import data.planguard.lib.findings
import data.planguard.lib.tags

# METADATA
# title: Resource has no owner
# description: If the resource fails, is exposed or causes costs, nobody knows whom to contact.
# custom:
#   severity: medium
deny_{{name}} contains findings.with_remediation(
	findings.about(resource, "medium", "has no owner"),
	"Set `owner` in `{{attribute}}` to the name of the team.",
) if {
	some resource in changes.resulting_of("{{type}}")
	count(tags.missing(resource, ["owner"])) > 0
}

# METADATA
# title: Owner of a resource is known only after apply
# custom:
#   severity: low
warn_{{name}} contains findings.about(resource, "low", "may have no owner ({{attribute}} known after apply)") if {
	some resource in changes.resulting_of("{{type}}")
	tags.are_unknown(resource)
}
