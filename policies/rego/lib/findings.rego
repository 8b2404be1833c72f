# METADATA
# title: Findings
# description: |
#   Builds the findings that `deny` and `warn` return, with the keys that planguard reads: `msg`, `address`, `severity`,
#   `remediation` and `undetermined`. Other keys are reported as metadata.
package planguard.lib.findings

# METADATA
# title: Severities
# description: All severities, the lowest first.
# custom:
#   example: |
#     findings.severities[4] == "critical"
severities := ["info", "low", "medium", "high", "critical"]

# METADATA
# title: A finding about a resource
# description: Returns a finding with the address of a resource change or planned resource. The message starts with the address.
# custom:
#   example: |
#     findings.about(changes.created[0], "high", "has no owner").address == "aws_s3_bucket.logs"
about(resource, severity, message) := {
	"msg": concat(" ", [resource.address, message]),
	"address": resource.address,
	"severity": severity,
}

# METADATA
# title: A finding about the plan
# description: Returns a finding without an address.
# custom:
#   example: |
#     findings.general("low", "too much").msg == "too much"
general(severity, message) := {"msg": message, "severity": severity}

# METADATA
# title: A finding with a remediation
# description: Returns the finding with the key `remediation`, which says how to fix it.
# custom:
#   example: |
#     findings.with_remediation(findings.general("low", "x"), "do y").remediation == "do y"
with_remediation(finding, remediation) := object.union(finding, {"remediation": remediation})

# METADATA
# title: An undetermined finding
# description: |
#   Returns the finding with the key `undetermined`: whether the rule fails depends on what is known only after apply.
#   `--unknown` decides whether such a finding denies, warns or is only counted.
# custom:
#   example: |
#     findings.undetermined(findings.general("low", "x")).undetermined
undetermined(finding) := object.union(finding, {"undetermined": true})

# METADATA
# title: Compare severities
# description: True if the first severity is equal to or higher than the second; false otherwise, and for unknown severities.
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
