//! The verdict with its numbers, on one line.

use planguard_plan::redact::SafeText;
use planguard_rule::Severity;

use super::listing::{Group, Listed, findings, joined};
use crate::enforcement::Enforcement;
use crate::finding::Finding;
use crate::render::layout::count;
use crate::report::{ApprovalsReport, Report};
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
    parts.extend(approval_words(report));
    parts.push(count(of(Enforcement::Warn).len(), "warning", "warnings"));
    parts.extend(accepted(report.plans.iter().flat_map(|plan| &plan.findings)));
    if report.plans.len() > 1 {
        parts.push(format!("{} plans", report.plans.len()));
    }
    let risk = report.plans.iter().map(|plan| plan.risk.score()).max().unwrap_or_default();
    if risk > 0 {
        let highest = if report.plans.len() > 1 { "highest risk score" } else { "risk score" };
        parts.push(format!("{highest} {risk}"));
    }
    if let Some(environment) = &report.environment {
        parts.push(format!("environment {}", environment.name.for_terminal_line()));
    }
    if report.report_only && report.verdict() == Verdict::Denied {
        parts.push("report only: exit code 0 despite the denials".to_owned());
    }
    parts.join("; ")
}

/// `2 findings need approval (1 of 2 approvals by platform missing)`; `None` if none does.
pub(super) fn approval_words(report: &Report) -> Option<String> {
    let findings = report.plans.iter().flat_map(|plan| &plan.findings);
    let number = findings.filter(|finding| finding.enforcement == Enforcement::Approve).count();
    let needs = if number == 1 { "needs" } else { "need" };
    (number > 0).then(|| {
        let missing =
            report.approvals.as_ref().map(|approvals| format!(" ({} missing)", missing_words(approvals)));
        format!("{} {needs} approval{}", count(number, "finding", "findings"), missing.unwrap_or_default())
    })
}

/// `approvals: 1 of 2 by platform (alice); bob does not count: wrote the change`.
pub(super) fn approvals_words(approvals: &ApprovalsReport) -> SafeText {
    let ApprovalsReport { needed, from, counted, not_counted, .. } = approvals;
    let mut words = vec![
        SafeText::fixed("approvals: "),
        SafeText::from(counted.len()),
        SafeText::fixed(" of "),
        SafeText::from(*needed),
        SafeText::fixed(" by "),
        joined(from, " or "),
    ];
    if !counted.is_empty() {
        words.extend([SafeText::fixed(" ("), joined(counted, ", "), SafeText::fixed(")")]);
    }
    for (person, reason) in not_counted {
        let reason = SafeText::fixed(reason.as_str());
        words.extend([SafeText::fixed("; "), person.clone(), SafeText::fixed(" does not count: "), reason]);
    }
    SafeText::concat(&words)
}

/// `1 of 2 approvals by platform or security`.
fn missing_words(approvals: &ApprovalsReport) -> String {
    let ApprovalsReport { needed, missing, from, .. } = approvals;
    let number = if missing == needed { String::new() } else { format!("{missing} of ") };
    format!(
        "{number}{} by {}",
        count(*needed, "approval", "approvals"),
        joined(from, " or ").for_terminal_line()
    )
}

/// ` (2 critical, 1 medium)`; nothing for no findings.
fn in_brackets(listed: &[&Listed<'_>]) -> String {
    let numbers = severities(listed.iter().map(|listed| listed.finding));
    if numbers.is_empty() { String::new() } else { format!(" ({numbers})") }
}

/// `2 approved`, `1 waived` and `4 in the baseline`, as far as there are any.
pub(super) fn accepted<'f>(findings: impl Iterator<Item = &'f Finding> + Clone) -> Vec<String> {
    let words = [
        (Enforcement::Approved, "approved"),
        (Enforcement::Waived, "waived"),
        (Enforcement::Baseline, "in the baseline"),
    ];
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
