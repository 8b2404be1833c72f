# METADATA
# title: Findings
# description: |
#   Builds what `deny` and `warn` say, with the keys that planguard and conftest know: `msg`, `address`, `severity` and
#   `remediation`. Other keys are told as metadata.
package planguard.lib.findings

# METADATA
# title: Severities
# description: The words for how bad a finding is, the least first.
# custom:
#   example: |
#     findings.severities[4] == "critical"
severities := ["info", "low", "medium", "high", "critical"]

# METADATA
# title: A finding about a resource
# description: A finding with a resource's address, for a resource change or planned resource.
# custom:
#   example: |
#     findings.about(changes.created[0], "high", "has no owner").address == "aws_s3_bucket.logs"
about(resource, severity, message) := {
	"msg": concat(" ", [resource.address, message]),
	"address": resource.address,
	"severity": severity,
}

# METADATA
# title: A finding about no resource
# description: A finding about the plan as a whole.
# custom:
#   example: |
#     findings.general("low", "too much").msg == "too much"
general(severity, message) := {"msg": message, "severity": severity}

# METADATA
# title: How to put it right
# description: A finding with one more key, which says how to put it right.
# custom:
#   example: |
#     findings.with_remediation(findings.general("low", "x"), "do y").remediation == "do y"
with_remediation(finding, remediation) := object.union(finding, {"remediation": remediation})

# METADATA
# title: Whether a severity is at least another
# description: True if the first severity is as bad as the second or worse; false otherwise, and for other words.
# custom:
#   example: |
#     findings.is_at_least("high", "medium")
default is_at_least(_, _) := false

is_at_least(severity, least) if {
	some own, severity_word in severities
	severity_word == severity
	some other, least_word in severities
	least_word == least
	own >= other
}
