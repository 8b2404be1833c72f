//! The report for people: what the plan does, what was found resource by resource, and the sum of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use planguard_plan::ChangeSummary;
use planguard_plan::redact::SafeText;

use super::summary_table;
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, Origin};
use crate::render::colour::Style;
use crate::render::layout::count;
use crate::render::{Format, Layout, RenderError};
use crate::report::{PlanReport, Report};
use crate::verdict::Verdict;

pub(super) const FORMAT: Format<Report> =
    Format { name: "text", former: None, help: "for people", extension: "txt", render };

/// The report as text. Problems are not part of it: they are diagnostics, and go to standard error.
fn render(report: &Report, layout: Layout) -> Result<String, RenderError> {
    let mut text = Writer { text: String::new(), layout: layout.readable(), told: BTreeSet::new() };
    for plan in &report.plans {
        text.plan(plan);
    }
    text.skipped(report);
    text.verdict(report);
    Ok(text.text)
}

struct Writer {
    text: String,
    layout: Layout,
    /// The rules whose remediation stands above already; once is enough for a reader.
    told: BTreeSet<(SafeText, SafeText)>,
}

impl Writer {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn paint(&self, style: Style, text: &str) -> String {
        self.layout.colour.paint(style, text)
    }

    /// Text that wraps behind `indent` columns. Each of its own lines starts with a mark, so that nothing
    /// from a plan or a policy stands at the start of a line, where a CI system would take `::` or `##` for
    /// a command.
    fn wrapped(&mut self, indent: usize, label: &str, text: &SafeText) {
        let first = format!("{}{label}", " ".repeat(indent));
        let next = format!("{}| ", " ".repeat(indent));
        let plain = text.for_terminal();
        let options = textwrap::Options::new(self.layout.width)
            .initial_indent(&first)
            .subsequent_indent(&next)
            .break_words(false);
        let lines: Vec<String> =
            textwrap::wrap(&plain, options).into_iter().map(|line| line.into_owned()).collect();
        for line in lines {
            self.line(line.trim_end());
        }
    }

    /// A line of our own numbers, wrapped. Addresses and rule ids are not: people copy them.
    fn counts(&mut self, text: &str) {
        let options =
            textwrap::Options::new(self.layout.width).initial_indent("  ").subsequent_indent("    ");
        for line in textwrap::wrap(text, options) {
            self.line(&line);
        }
    }

    fn plan(&mut self, plan: &PlanReport) {
        let version = plan.terraform_version.as_ref().map_or_else(String::new, |version| {
            format!(" (Terraform or OpenTofu {})", version.for_terminal_line())
        });
        let heading = self.paint(Style::Heading, &plan.origin.for_terminal_line());
        self.line(&format!("{heading}{version}"));
        self.counts(&summary_line(&plan.summary));
        self.line("");
        let mut groups: Vec<(Group<'_>, Vec<&Finding>)> = Vec::new();
        for finding in &plan.findings {
            let group = Group::of(finding);
            match groups.last_mut().filter(|(last, _)| *last == group) {
                Some((_, findings)) => findings.push(finding),
                None => groups.push((group, vec![finding])),
            }
        }
        // The most severe resource first; among equals the order of addresses, which the findings have.
        groups.sort_by_key(|(_, findings)| {
            std::cmp::Reverse(
                findings
                    .iter()
                    .map(|finding| (finding.enforcement == Enforcement::Deny, finding.severity))
                    .max(),
            )
        });
        for (group, findings) in groups {
            self.group(&group, &findings);
        }
        if let Some(table) = summary_table::render(&plan.findings, self.layout.width) {
            for line in table.lines() {
                self.line(&format!("  {line}"));
            }
        }
        self.counts(&counts_line(plan));
        self.line("");
    }

    fn group(&mut self, group: &Group<'_>, findings: &[&Finding]) {
        let heading = match group.address {
            Some(address) => self.paint(Style::Heading, &address.for_terminal_line()),
            None => self.paint(Style::Heading, "the plan as a whole"),
        };
        let mut line = format!("  {heading}");
        if let Some(deposed) = group.deposed {
            let _ = write!(line, " (deposed object {})", deposed.for_terminal_line());
        }
        if let Some(actions) = group.actions {
            let _ = write!(line, "  {}", self.paint(Style::Faint, &action_words(actions)));
        }
        self.line(&line);
        for finding in findings {
            self.finding(finding);
        }
        self.line("");
    }

    fn finding(&mut self, finding: &Finding) {
        let severity = self.paint(Style::Severity(finding.severity), &format!("{:<8}", finding.severity));
        let enforcement =
            self.paint(Style::Enforcement(finding.enforcement), &format!("{:<4}", finding.enforcement));
        let mut notes = Vec::new();
        if finding.certainty == Certainty::DependsOnUnknown {
            notes.push("undetermined: known only after apply");
        }
        if finding.origin == Origin::AlreadyThere {
            notes.push("already there");
        }
        let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join(", ")) };
        let notes = self.paint(Style::Faint, &notes);
        self.line(&format!("    {severity} {enforcement} {}{notes}", finding.rule.id.for_terminal_line()));
        self.wrapped(6, "- ", &finding.message);
        if let Some(attribute) = &finding.attribute {
            let value = finding
                .value
                .as_ref()
                .map_or_else(String::new, |value| format!(" = {}", value.for_terminal_line()));
            self.line(&format!("      at  {}{value}", attribute.for_terminal_line()));
        }
        for source in &finding.depends_on {
            self.line(&format!("      from {}", source.for_terminal_line()));
        }
        if let Some(location) = &finding.location {
            self.line(&format!("      in  {}:{}", location.file.for_terminal_line(), location.line));
        }
        if let Some(remediation) = &finding.remediation
            && self.told.insert((finding.rule.id.clone(), remediation.clone()))
        {
            self.wrapped(6, "fix ", remediation);
        }
    }

    fn skipped(&mut self, report: &Report) {
        if report.skipped.is_empty() {
            return;
        }
        const MOST: usize = 10;
        let heading =
            self.paint(Style::Heading, &count(report.skipped.len(), "file skipped", "files skipped"));
        self.line(&heading);
        for skipped in report.skipped.iter().take(MOST) {
            self.line(&format!(
                "  {}: {}",
                skipped.file.for_terminal_line(),
                skipped.reason.for_terminal_line()
            ));
        }
        if report.skipped.len() > MOST {
            self.line(&format!(
                "  and {} more (all of them with --format json)",
                report.skipped.len() - MOST
            ));
        }
        self.line("");
    }

    fn verdict(&mut self, report: &Report) {
        let verdict = report.verdict();
        let several = report.plans.len() > 1;
        let denials = report.plans.iter().flat_map(|plan| &plan.findings);
        let denials = denials.filter(|finding| finding.enforcement == Enforcement::Deny).count();
        let denials = (denials > 0).then(|| count(denials, "finding denies", "findings deny"));
        let (style, words) = match verdict {
            Verdict::Pass if several => (Style::Good, "PASS: nothing stands against these plans".to_owned()),
            Verdict::Pass => (Style::Good, "PASS: nothing stands against this plan".to_owned()),
            Verdict::Denied => (Style::Bad, format!("DENIED: {}", denials.unwrap_or_default())),
            Verdict::Undecided => {
                let problems = count(report.problems.len(), "problem", "problems");
                let denials = denials.map_or_else(String::new, |denials| format!("; {denials}"));
                let words =
                    format!("UNDECIDED: {problems} kept planguard from looking at everything{denials}");
                (Style::Bad, words)
            }
        };
        let plans = if several { format!(" ({} plans)", report.plans.len()) } else { String::new() };
        let line = self.paint(style, &format!("{words}{plans}"));
        self.line(&line);
        if report.report_only && verdict == Verdict::Denied {
            let line = self.paint(Style::Bad, "REPORT ONLY: the exit code is 0 although findings deny");
            self.line(&line);
        }
    }
}

/// What the findings below one heading share.
#[derive(PartialEq, Eq)]
struct Group<'r> {
    address: Option<&'r SafeText>,
    deposed: Option<&'r SafeText>,
    actions: Option<&'r SafeText>,
}

impl<'r> Group<'r> {
    fn of(finding: &'r Finding) -> Self {
        let subject = finding.subject.as_ref();
        Self {
            address: subject.map(|subject| &subject.address),
            deposed: subject.and_then(|subject| subject.deposed.as_ref()),
            actions: subject.and_then(|subject| subject.actions.as_ref()),
        }
    }
}

/// What people call a list of actions.
fn action_words(actions: &SafeText) -> String {
    let words = match actions.unescaped() {
        "no-op" => "stays as it is",
        "create" => "is created",
        "update" => "is changed in place",
        "delete" => "is destroyed",
        "delete+create" => "is replaced: destroyed, then created",
        "create+delete" => "is replaced: created, then destroyed",
        "read" => "is read",
        "forget" => "is forgotten",
        "forget+create" => "is replaced: forgotten, then created",
        "create+forget" => "is replaced: created, then forgotten",
        _ => return actions.for_terminal_line(),
    };
    words.to_owned()
}

/// `Plan: 2 to add, 1 to change, 1 to destroy (1 to replace), 1 to import`.
fn summary_line(summary: &ChangeSummary) -> String {
    if *summary == (ChangeSummary { unchanged: summary.unchanged, ..ChangeSummary::default() }) {
        return "Plan: no changes to resources".to_owned();
    }
    let mut line =
        format!("Plan: {} to add, {} to change, {} to destroy", summary.add, summary.change, summary.destroy);
    if summary.replace > 0 {
        let _ = write!(line, " ({} to replace)", summary.replace);
    }
    for (number, words) in [
        (summary.import, "to import"),
        (summary.moved, "to move"),
        (summary.forget, "to forget"),
        (summary.read, "to read"),
    ] {
        if number > 0 {
            let _ = write!(line, ", {number} {words}");
        }
    }
    line
}

fn counts_line(plan: &PlanReport) -> String {
    let counts = &plan.counts;
    let mut line = format!(
        "{}, {} evaluated ({} matched nothing), {} undetermined",
        count(counts.resources, "resource", "resources"),
        count(counts.rules, "rule", "rules"),
        counts.rules_matching_nothing,
        counts.undetermined
    );
    if counts.fixed > 0 {
        let _ = write!(line, ", {} fixed by this plan", counts.fixed);
    }
    if counts.exceptions > 0 {
        let _ = write!(line, ", {} silenced by exceptions in policies", counts.exceptions);
    }
    line
}

#[cfg(test)]
mod tests {
    use planguard_plan::input::{Batch, Document};

    use super::*;
    use crate::check::{CheckOptions, Rules, check};
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn our_own_lines_respect_the_width() {
        let plan = r#"{"format_version": "1.2", "planned_values": {}, "resource_changes": []}"#;
        let documents = vec![Document::from_text("p", plan).unwrap()];
        let batch = Batch { documents, ..Batch::default() };
        let report = check(&batch, &Rules::default(), &CheckOptions::default(), &|_| {});
        let longest = |width| {
            let text = render(&report, Layout { width, ..PLAIN }).unwrap();
            text.lines().map(|line| line.chars().count()).max().unwrap()
        };
        assert!(longest(40) <= 40);
        // There is something to wrap.
        assert!(longest(1000) > 40);
    }
}
