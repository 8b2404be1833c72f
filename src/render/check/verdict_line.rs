//! The verdict with its numbers, on one line.

use planguard_rule::Severity;

use super::listing::{Group, Listed, findings};
use crate::enforcement::Enforcement;
use crate::finding::Finding;
use crate::render::layout::count;
use crate::report::Report;
use crate::verdict::Verdict;

/// The verdict's name for people.
pub(super) const fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Denied => "DENIED",
        Verdict::Undecided => "INCOMPLETE",
    }
}

/// `3 new denials (2 critical, 1 medium); 11 pre-existing denials; 2 warnings; 1 waived`, after the number of errors.
pub(super) fn numbers(report: &Report) -> String {
    let listed = findings(report);
    let of = |enforcement: Enforcement| -> Vec<&Listed<'_>> {
        listed.iter().filter(|listed| listed.finding.enforcement == enforcement).collect()
    };
    let denials = of(Enforcement::Deny);
    let (former, new): (Vec<&Listed<'_>>, Vec<&Listed<'_>>) =
        denials.into_iter().partition(|listed| listed.group() == Group::PreExisting);
    let mut parts = Vec::new();
    if !report.problems.is_empty() {
        parts.push(count(report.problems.len(), "error", "errors"));
    }
    parts.push(format!("{}{}", count(new.len(), "new denial", "new denials"), in_brackets(&new)));
    if !former.is_empty() {
        let words = count(former.len(), "pre-existing denial", "pre-existing denials");
        parts.push(format!("{words}{}", in_brackets(&former)));
    }
    parts.push(count(of(Enforcement::Warn).len(), "warning", "warnings"));
    parts.extend(accepted(report.plans.iter().flat_map(|plan| &plan.findings)));
    if report.plans.len() > 1 {
        parts.push(format!("{} plans", report.plans.len()));
    }
    if report.report_only && report.verdict() == Verdict::Denied {
        parts.push("report only: exit code 0 despite the denials".to_owned());
    }
    parts.join("; ")
}

/// ` (2 critical, 1 medium)`; nothing for no findings.
fn in_brackets(listed: &[&Listed<'_>]) -> String {
    let numbers = severities(listed.iter().map(|listed| listed.finding));
    if numbers.is_empty() { String::new() } else { format!(" ({numbers})") }
}

/// `1 waived` and `4 in the baseline`, as far as there are any.
pub(super) fn accepted<'f>(findings: impl Iterator<Item = &'f Finding> + Clone) -> Vec<String> {
    let words = [(Enforcement::Waived, "waived"), (Enforcement::Baseline, "in the baseline")];
    let numbers = words.into_iter().filter_map(|(enforcement, words)| {
        let number = findings.clone().filter(|finding| finding.enforcement == enforcement).count();
        (number > 0).then(|| format!("{number} {words}"))
    });
    numbers.collect()
}

/// `2 critical, 1 medium`.
pub(super) fn severities<'f>(findings: impl Iterator<Item = &'f Finding> + Clone) -> String {
    let numbers = Severity::ALL.into_iter().rev().filter_map(|severity| {
        let number = findings.clone().filter(|finding| finding.severity == severity).count();
        (number > 0).then(|| format!("{number} {severity}"))
    });
    numbers.collect::<Vec<_>>().join(", ")
}

/// `DENIED: 1 new denial (1 high); 0 warnings`.
pub(super) fn line(report: &Report) -> String {
    format!("{}: {}", name(report.verdict()), numbers(report))
}
