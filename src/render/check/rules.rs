//! The rules of a report's findings, each once.

use std::collections::BTreeMap;

use planguard_guardrails::change::GUARDS;
use planguard_guardrails::{Builtin, builtins};
use planguard_plan::redact::SafeText;
use planguard_rule::{Category, RuleInfo, Severity};

use crate::finding::{Finding, RuleKind};
use crate::report::Report;

/// A rule that has findings.
#[derive(Clone, Debug)]
pub(super) struct ReportedRule<'r> {
    pub(super) title: Option<&'r SafeText>,
    pub(super) kind: RuleKind,
    pub(super) category: Option<Category>,
    /// The highest severity of its findings.
    pub(super) severity: Severity,
    /// The remedy of its first finding, if all of its findings have one.
    pub(super) remediation: Option<&'r SafeText>,
}

/// The rules, by their ids.
pub(super) fn of_report(report: &Report) -> BTreeMap<&SafeText, ReportedRule<'_>> {
    let mut rules: BTreeMap<&SafeText, ReportedRule<'_>> = BTreeMap::new();
    let findings = report.plans.iter().flat_map(|plan| &plan.findings);
    for finding in findings.flat_map(Finding::shares) {
        let rule = rules.entry(&finding.rule.id).or_insert_with(|| ReportedRule {
            title: finding.rule.title.as_ref(),
            kind: finding.rule.kind,
            category: finding.rule.category,
            severity: finding.severity,
            remediation: finding.remediation.as_ref(),
        });
        rule.severity = rule.severity.max(finding.severity);
        if finding.remediation.is_none() {
            rule.remediation = None;
        }
    }
    rules
}

impl ReportedRule<'_> {
    /// The remedy of a finding, if it is another than the rule's.
    pub(super) fn other_remediation<'f>(&self, finding: &'f Finding) -> Option<&'f SafeText> {
        finding.remediation.as_ref().filter(|remedy| Some(*remedy) != self.remediation)
    }
}

/// The descriptions of the built-in rules among these, by their ids. A guardrail of the user may have the id of one that
/// is disabled, but not its title.
pub(super) fn built_in<'r>(rules: &BTreeMap<&'r SafeText, ReportedRule<'r>>) -> BTreeMap<String, RuleInfo> {
    let is_reported = |info: &RuleInfo| {
        let mut rules = rules.iter();
        rules.any(|(id, rule)| {
            id.unescaped() == info.id && rule.title.is_some_and(|title| title.unescaped() == info.title)
        })
    };
    let is_named = |id: &str| rules.keys().any(|named| named.unescaped() == id);
    let guardrails = builtins().filter(|builtin| is_named(builtin.id())).map(Builtin::info);
    let guards = GUARDS.iter().map(|guard| guard.info.clone());
    guardrails.chain(guards).filter(is_reported).map(|info| (info.id.to_string(), info)).collect()
}
