//! What the plans say of the controls of benchmarks.

use std::collections::BTreeMap;

use planguard_plan::redact::SafeText;

use super::page::Page;
use crate::benchmark::{self, BenchmarkReport, ControlFinding, ControlReport, ControlStatus, ranges};
use crate::render::Detail;
use crate::render::colour::Style;
use crate::report::Report;

/// The most resources of a rule that are named.
const MOST_RESOURCES: usize = 5;

pub(super) fn render(page: &mut Page, report: &Report) {
    for benchmark in benchmark::of_all(&report.plans) {
        let heading = page.paint(Style::Heading, &benchmark.name.for_terminal_line());
        page.prose(&format!("{heading} "), 2, &format!("({})", benchmark.title.unescaped()), None);
        for status in ControlStatus::ALL {
            match status {
                ControlStatus::Violated | ControlStatus::Undetermined => in_full(page, &benchmark, status),
                ControlStatus::Met => met(page, &benchmark),
                ControlStatus::NothingToLookAt => without_reason(page, &benchmark, status),
                ControlStatus::NoRule | ControlStatus::NotDecidable => by_reason(page, &benchmark, status),
            }
        }
        page.prose("  ", 2, &benchmark.numbers(), None);
        page.gap();
    }
}

/// `violated 2.1.4: S3 blocks public access`, with a line for each rule.
fn in_full(page: &mut Page, benchmark: &BenchmarkReport, status: ControlStatus) {
    let style = match status {
        ControlStatus::Violated => Style::Bad,
        _ => Style::Heading,
    };
    for control in benchmark.of(status) {
        let word = page.paint(style, status.words());
        page.prose(
            &format!("  {word} {}: ", control.id.for_terminal_line()),
            4,
            control.title.unescaped(),
            None,
        );
        let found = match status {
            ControlStatus::Violated => &control.violations,
            _ => &control.undetermined,
        };
        for (rule, found) in by_rule(found) {
            let everything = page.layout.detail == Detail::Everything;
            let most = if everything { usize::MAX } else { MOST_RESOURCES };
            let mut named: Vec<String> = found.iter().take(most).map(|found| place(found)).collect();
            if found.len() > most {
                named.push(format!("{} more (--show all)", found.len() - most));
            }
            page.prose(&format!("    [{}] ", rule.for_terminal_line()), 6, &named.join(", "), None);
        }
        if let Some(limits) = control.reason() {
            page.prose("    ", 6, limits.unescaped(), None);
        }
    }
}

/// `aws_s3_bucket.a (waived) in a/tfplan.json`.
fn place(found: &ControlFinding) -> String {
    let accepted =
        if found.enforcement.denies() { String::new() } else { format!(" ({})", found.enforcement) };
    let plan = found.plan.as_ref().map(|plan| format!(" in {}", plan.for_terminal_line()));
    format!("{}{accepted}{}", found.address.for_terminal_line(), plan.unwrap_or_default())
}

fn by_rule(found: &[ControlFinding]) -> BTreeMap<&SafeText, Vec<&ControlFinding>> {
    let mut rules: BTreeMap<&SafeText, Vec<&ControlFinding>> = BTreeMap::new();
    for one in found {
        rules.entry(&one.rule).or_default().push(one);
    }
    rules
}

fn met(page: &mut Page, benchmark: &BenchmarkReport) {
    for control in benchmark.of(ControlStatus::Met) {
        let word = page.paint(Style::Good, ControlStatus::Met.words());
        let limits = control.reason().map(|limits| format!(". {}", limits.unescaped())).unwrap_or_default();
        let words = format!("{}{limits}", control.title.unescaped());
        page.prose(&format!("  {word} {}: ", control.id.for_terminal_line()), 4, &words, None);
    }
}

fn without_reason(page: &mut Page, benchmark: &BenchmarkReport, status: ControlStatus) {
    let controls: Vec<&ControlReport> = benchmark.of(status).collect();
    if !controls.is_empty() {
        page.prose(&format!("  {}: ", status.words()), 4, &ids(&controls), None);
    }
}

/// The controls that have one reason are told together.
fn by_reason(page: &mut Page, benchmark: &BenchmarkReport, status: ControlStatus) {
    let mut reasons: Vec<(&SafeText, Vec<&ControlReport>)> = Vec::new();
    for control in benchmark.of(status) {
        let Some(reason) = control.reason() else { continue };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, controls)) => controls.push(control),
            None => reasons.push((reason, vec![control])),
        }
    }
    if !reasons.is_empty() {
        page.line(format!("  {}:", status.words()));
    }
    for (reason, controls) in reasons {
        page.prose(&format!("    {}: ", ids(&controls)), 6, reason.unescaped(), None);
    }
}

fn ids(controls: &[&ControlReport]) -> String {
    ranges(&controls.iter().map(|control| control.id.unescaped()).collect::<Vec<_>>())
}
