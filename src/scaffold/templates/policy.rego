package main

import data.planguard.lib.changes
import data.planguard.lib.findings
import data.planguard.lib.tags

# METADATA
# title: A resource has no owner
# description: Whoever finds the resource broken, open or expensive has nobody to ask.
# custom:
#   severity: medium
deny_{{name}} contains findings.with_remediation(
	findings.about(resource, "medium", "has no owner"),
	"Add `owner` to `{{attribute}}`, with the name of the team.",
) if {
	some resource in changes.resulting_of("{{type}}")
	count(tags.missing(resource, ["owner"])) > 0
}

# METADATA
# title: The owner of a resource is known only after apply
# custom:
#   severity: low
warn_{{name}} contains findings.about(resource, "low", "has an owner that is known only after apply") if {
	some resource in changes.resulting_of("{{type}}")
	tags.are_unknown(resource)
}
