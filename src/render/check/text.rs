//! The report for people: the plan's changes, the findings resource by resource, and the verdict.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use planguard_plan::ChangeSummary;
use planguard_plan::redact::SafeText;
use planguard_rule::Severity;

use super::summary_table;
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, FindingWaiver, Origin, WaiverState};
use crate::render::colour::Style;
use crate::render::layout::count;
use crate::render::{Format, Layout, RenderError};
use crate::report::{Coverage, Files, PlanReport, Report};
use crate::verdict::Verdict;

pub(super) const FORMAT: Format<Report> =
    Format { name: "text", former: None, help: "for people", extension: "txt", render };

/// The report as text. Problems are not part of it: they are diagnostics, and go to standard error.
fn render(report: &Report, layout: Layout) -> Result<String, RenderError> {
    let mut text = Writer { text: String::new(), layout: layout.readable(), remedies: BTreeSet::new() };
    for plan in &report.plans {
        text.plan(plan);
    }
    text.skipped(report);
    text.files(report);
    text.weakenings(report);
    text.verdict(report);
    Ok(text.text)
}

struct Writer {
    text: String,
    layout: Layout,
    /// The remediations that are printed already, with their rules: each is printed once.
    remedies: BTreeSet<(SafeText, SafeText)>,
}

impl Writer {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn paint(&self, style: Style, text: &str) -> String {
        self.layout.colour.paint(style, text)
    }

    /// Wraps text behind `indent` columns. Each further line starts with a mark, so that no text of a plan or a policy
    /// is at the start of a line, where a CI system takes `::` for a command.
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

    /// A line of counts, wrapped. Lines with addresses and rule ids are not: people copy them.
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
        // The most severe resource first; equals stay in the order of their addresses.
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
        if let Some(line) = coverage_line(&plan.coverage) {
            self.counts(&line);
        }
        self.line("");
    }

    fn group(&mut self, group: &Group<'_>, findings: &[&Finding]) {
        let heading = match group.address {
            Some(address) => self.paint(Style::Heading, &address.for_terminal_line()),
            None => self.paint(Style::Heading, "the whole plan"),
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
            notes.push("undetermined: known after apply");
        }
        if finding.origin == Origin::AlreadyThere {
            notes.push("pre-existing");
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
            let before = finding.before.as_ref();
            let before =
                before.map_or_else(String::new, |before| format!(", was {}", before.for_terminal_line()));
            self.line(&format!("      at  {}{value}{before}", attribute.for_terminal_line()));
        }
        if let Some(place) = &finding.source {
            self.line(&format!("      in  {}:{}", place.at.file.for_terminal_line(), place.at.line));
        }
        for source in &finding.depends_on {
            self.line(&format!("      from {}", source.for_terminal_line()));
        }
        if let Some(location) = &finding.location {
            self.line(&format!("      in  {}:{}", location.file.for_terminal_line(), location.line));
        }
        if let Some(waiver) = &finding.waiver {
            self.line(&format!("      {}", waiver_line(waiver)));
        }
        if let Some(remediation) = &finding.remediation
            && finding.enforcement != Enforcement::Waived
            && self.remedies.insert((finding.rule.id.clone(), remediation.clone()))
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
            self.line(&format!("  and {} more (--format json lists all)", report.skipped.len() - MOST));
        }
        self.line("");
    }

    /// Whoever names a directory does not see which of its files are plans.
    fn files(&mut self, report: &Report) {
        let Files { plans, other, directories } = report.files;
        if directories == 0 {
            return;
        }
        let other = if other == 0 {
            String::new()
        } else {
            format!(
                "; {}",
                count(other, "other file does not look like a plan", "other files do not look like plans")
            )
        };
        self.line(&format!("{} read as plans{other}", count(plans, "file was", "files were")));
        self.line("");
    }

    /// Whoever reviews a change must see that its settings let through more than usual.
    fn weakenings(&mut self, report: &Report) {
        let weakenings = &report.trust.weakenings;
        if weakenings.is_empty() {
            return;
        }
        let heading = count(weakenings.len(), "setting weakens", "settings weaken");
        let heading = self.paint(Style::Heading, &format!("{heading} the gate"));
        self.line(&format!("{heading} (to take settings from another branch: --trusted)"));
        for weakening in weakenings {
            let line = weakening.line.map_or_else(String::new, |line| format!(":{line}"));
            self.line(&format!(
                "  {}{line}: {}: {}",
                weakening.file.for_terminal_line(),
                weakening.setting.for_terminal_line(),
                weakening.effect.for_terminal_line()
            ));
        }
        self.line("");
    }

    fn verdict(&mut self, report: &Report) {
        let verdict = report.verdict();
        let several = report.plans.len() > 1;
        let findings = || report.plans.iter().flat_map(|plan| &plan.findings);
        let denials = findings().filter(|finding| finding.enforcement == Enforcement::Deny);
        let (style, words) = match verdict {
            Verdict::Pass => {
                let warnings = findings().filter(|finding| finding.enforcement == Enforcement::Warn);
                (Style::Good, format!("PASS: 0 denials, {}", warning_words(warnings)))
            }
            Verdict::Denied => (Style::Bad, format!("DENIED: {}", denial_words(denials))),
            Verdict::Undecided => {
                let errors = count(report.problems.len(), "error", "errors");
                let denials = match denials.count() {
                    0 => String::new(),
                    number => format!("; {} so far", count(number, "denial", "denials")),
                };
                (Style::Bad, format!("INCOMPLETE: {errors} (above){denials}"))
            }
        };
        let plans = if several { format!(" ({} plans)", report.plans.len()) } else { String::new() };
        let waived = findings().filter(|finding| finding.enforcement == Enforcement::Waived).count();
        let waived = if waived == 0 { String::new() } else { format!("; {waived} waived") };
        let weakened = match report.trust.weakenings.len() {
            0 => String::new(),
            number => format!("; {} the gate (above)", count(number, "setting weakens", "settings weaken")),
        };
        let line = self.paint(style, &format!("{words}{waived}{plans}{weakened}"));
        self.line(&line);
        if report.report_only && verdict == Verdict::Denied {
            let line = self.paint(Style::Bad, "REPORT ONLY: exit code 0 despite the denials");
            self.line(&line);
        }
    }
}

/// What the findings under one heading have in common.
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

/// `waived until 2027-01-31 by team-web (OPS-1): the shop is public (planguard.toml:4)`.
fn waiver_line(waiver: &FindingWaiver) -> String {
    let last = waiver.expires.as_ref().map(SafeText::for_terminal_line);
    let mut line = match (waiver.state, last) {
        (WaiverState::Active, Some(last)) => format!("waived until {last}"),
        (WaiverState::Active, None) => "waived".to_owned(),
        (WaiverState::Expired, last) => format!("its waiver expired on {}", last.unwrap_or_default()),
    };
    if let Some(owner) = &waiver.owner {
        let _ = write!(line, " by {}", owner.for_terminal_line());
    }
    if let Some(ticket) = &waiver.ticket {
        let _ = write!(line, " ({})", ticket.for_terminal_line());
    }
    let _ = write!(
        line,
        ": {} ({}:{})",
        waiver.reason.for_terminal_line(),
        waiver.file.for_terminal_line(),
        waiver.line
    );
    line
}

/// Terraform's words for a list of actions.
fn action_words(actions: &SafeText) -> String {
    let words = match actions.unescaped() {
        "no-op" => "unchanged",
        "create" => "created",
        "update" => "updated in-place",
        "delete" => "destroyed",
        "delete+create" => "replaced (destroy, then create)",
        "create+delete" => "replaced (create, then destroy)",
        "read" => "read",
        "forget" => "forgotten",
        "forget+create" => "replaced (forget, then create)",
        "create+forget" => "replaced (create, then forget)",
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
    let applied = counts.rules.saturating_sub(counts.rules_matching_nothing);
    let mut line = format!(
        "{}; {applied} of {} {} to this plan; {} undetermined",
        count(counts.resources, "resource", "resources"),
        count(counts.rules, "rule", "rules"),
        if applied == 1 { "applies" } else { "apply" },
        counts.undetermined
    );
    if counts.fixed > 0 {
        let _ = write!(line, "; {} fixed by this plan", counts.fixed);
    }
    if counts.exceptions > 0 {
        let _ = write!(line, "; {} suppressed by exceptions in policies", counts.exceptions);
    }
    line
}

/// `40 of 52 changed resources are of a type that no guardrail knows (`oci_core_instance` 38, `oci_core_vcn` 2)`.
fn coverage_line(coverage: &Coverage) -> Option<String> {
    const MOST: usize = 5;
    let unknown = coverage.unknown();
    if unknown == 0 {
        return None;
    }
    let types = &coverage.unknown_types;
    let mut named: Vec<String> = types
        .iter()
        .take(MOST)
        .map(|(resource_type, number)| format!("`{}` {number}", resource_type.for_terminal_line()))
        .collect();
    if types.len() > MOST {
        named.push(format!("{} more", count(types.len() - MOST, "type", "types")));
    }
    Some(format!(
        "{unknown} of {} {} of a type that no guardrail knows ({})",
        count(coverage.changed, "changed resource", "changed resources"),
        if unknown == 1 { "is" } else { "are" },
        named.join(", ")
    ))
}

/// `45 warnings (45 pre-existing)`.
fn warning_words<'f>(warnings: impl Iterator<Item = &'f Finding>) -> String {
    let (pre_existing, new): (Vec<&Finding>, Vec<&Finding>) =
        warnings.partition(|finding| finding.origin == Origin::AlreadyThere);
    let all = count(pre_existing.len() + new.len(), "warning", "warnings");
    match pre_existing.len() {
        0 => all,
        number => format!("{all} ({number} pre-existing)"),
    }
}

/// `4 new findings (1 critical, 3 high); 16 pre-existing`.
fn denial_words<'f>(denials: impl Iterator<Item = &'f Finding>) -> String {
    let (pre_existing, new): (Vec<&Finding>, Vec<&Finding>) =
        denials.partition(|finding| finding.origin == Origin::AlreadyThere);
    let severities = |findings: &[&Finding]| {
        let numbers = Severity::ALL.into_iter().rev().filter_map(|severity| {
            let number = findings.iter().filter(|finding| finding.severity == severity).count();
            (number > 0).then(|| format!("{number} {severity}"))
        });
        numbers.collect::<Vec<_>>().join(", ")
    };
    match (new.len(), pre_existing.len()) {
        (0, number) => {
            let findings = count(number, "pre-existing finding", "pre-existing findings");
            format!("{findings} ({})", severities(&pre_existing))
        }
        (number, 0) => format!("{} ({})", count(number, "new finding", "new findings"), severities(&new)),
        (number, former) => {
            let findings = count(number, "new finding", "new findings");
            format!("{findings} ({}); {former} pre-existing", severities(&new))
        }
    }
}

#[cfg(test)]
mod tests {
    use planguard_plan::input::{Batch, Document};

    use super::*;
    use crate::check::{CheckOptions, Rules, check};
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn lines_of_counts_respect_the_width() {
        let plan = r#"{"format_version": "1.2", "planned_values": {}, "resource_changes": []}"#;
        let documents = vec![Document::from_text("p", plan).unwrap()];
        let batch = Batch { documents, ..Batch::default() };
        let report = check(&batch, &Rules::default(), &CheckOptions::default(), &|_| {});
        let longest = |width| {
            let text = render(&report, Layout { width, ..PLAIN }).unwrap();
            text.lines().map(|line| line.chars().count()).max().unwrap()
        };
        assert!(longest(40) <= 40);
        // One line would be longer.
        assert!(longest(1000) > 40);
    }
}
