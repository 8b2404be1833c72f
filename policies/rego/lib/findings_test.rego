package planguard.lib.findings_test

import data.planguard.lib.findings

test_a_finding_names_its_resource if {
	finding := findings.with_remediation(findings.about({"address": "t.a"}, "high", "is wrong"), "mend it")
	finding == {"msg": "t.a is wrong", "address": "t.a", "severity": "high", "remediation": "mend it"}
}

test_a_finding_can_have_no_address if {
	findings.general("low", "is wrong") == {"msg": "is wrong", "severity": "low"}
}

test_severities_are_ordered if {
	findings.is_at_least("critical", "low")
	findings.is_at_least("low", "low")
	not findings.is_at_least("info", "low")
	not findings.is_at_least("grave", "low")
	not findings.is_at_least("low", "grave")
	count(findings.severities) == 5
}
