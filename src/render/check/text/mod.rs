//! The report for people: what is new and worst on top, a block for each rule, and the verdict last.
//!
//! A report of some dozens of findings has room on a few screens: when it would not, the least severe rules get a line
//! each. `--show all` shows everything.

mod benchmarks;
mod block;
mod excerpt;
mod natural;
mod page;
mod plans_table;
mod remedy;
mod verdict;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use planguard_plan::ChangeSummary;
use planguard_plan::redact::SafeText;

use block::{Block, Extent, Remedy, Source};
use page::{Page, Piece, UNBROKEN};
use plans_table::Row;

use super::listing::{approved_by, output_values, outputs_words};
use super::verdict_line::{approvals_words, severities};

use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, FindingWaiver, Origin, WaiverState};
use crate::render::colour::Style;
use crate::render::cost::line as cost_line;
use crate::render::diagnostic::Snippets;
use crate::render::layout::count;
use crate::render::{Detail, Format, Layout, RenderError};
use crate::report::{Coverage, Files, PlanReport, Report};
use crate::verdict::Verdict;

pub(super) const FORMAT: Format<Report> =
    Format { name: "text", former: None, help: "for people", extension: "txt", render };

/// How many lines the report of a plan has, if it can.
const MOST_LINES: usize = 60;

/// The width for which that is meant.
const USUAL_WIDTH: usize = 100;

/// Lines of it beside those about findings: the heading, numbers, the verdict and what leads to another.
const OTHER_LINES: usize = 12;

/// The most instances of a rule that are shown, where there is room.
const MOST_INSTANCES: usize = 8;

/// The most instances where there is none.
const FEW_INSTANCES: usize = 3;

/// The most rules of pre-existing findings, skipped files and problems that are listed.
const MOST_LISTED: usize = 10;

/// The most problems that are shown with their help and the text that they are about.
const MOST_DIAGNOSTICS: usize = 10;

fn render(report: &Report, layout: Layout) -> Result<String, RenderError> {
    let mut page = Page::new(layout.readable());
    let rows = Row::all(report);
    let is_one = rows.len() < 2;
    if !is_one {
        plans_table::render(&mut page, &rows);
    }
    let is_shown = |plan: &&PlanReport| {
        is_one
            || layout.detail == Detail::Everything
            || plan.verdict() != Verdict::Pass
            || !plan.drift.is_empty()
    };
    let plans = rows.iter().filter_map(|row| row.plan);
    let (shown, others): (Vec<&PlanReport>, Vec<&PlanReport>) = plans.partition(is_shown);
    not_judged_in(&mut page, &others);
    shown.into_iter().for_each(|plan| render_plan(&mut page, plan));
    benchmarks::render(&mut page, report);
    skipped(&mut page, report);
    files(&mut page, report);
    held_to(&mut page, report);
    weakenings(&mut page, report);
    problems(&mut page, report);
    verdict::render(&mut page, report);
    Ok(page.text())
}

/// What no guardrail knows in plans that pass and are not shown: a pass does not hide it.
fn not_judged_in(page: &mut Page, plans: &[&PlanReport]) {
    let mut numbers: BTreeMap<&SafeText, usize> = BTreeMap::new();
    for (resource_type, number) in plans.iter().flat_map(|plan| &plan.coverage.unknown_types) {
        *numbers.entry(resource_type).or_default() += number;
    }
    let mut unknown_types: Vec<(SafeText, usize)> =
        numbers.into_iter().map(|(resource_type, number)| (resource_type.clone(), number)).collect();
    unknown_types.sort_by_key(|(_, number)| Reverse(*number));
    let changed = plans.iter().map(|plan| plan.coverage.changed).sum();
    if let Some(words) = coverage_words(&Coverage { changed, unknown_types }) {
        counts(page, &format!("passing plans: {words}"));
        page.gap();
    }
}

fn render_plan(page: &mut Page, plan: &PlanReport) {
    let mut pieces = vec![Piece::fact(page.paint(Style::Heading, &plan.origin.for_terminal_line()))];
    pieces.extend(
        plan.terraform_version
            .as_ref()
            .map(|version| Piece::fact(format!("Terraform or OpenTofu {}", version.for_terminal_line()))),
    );
    pieces.push(Piece::fact(summary_words(&plan.summary)));
    page.pieces("", 2, &pieces);
    page.gap();
    let of = |enforcement: Enforcement| {
        plan.findings.iter().filter(move |finding| finding.enforcement == enforcement)
    };
    let open = || plan.findings.iter().filter(|finding| !finding.enforcement.is_accepted());
    let pre_existing: Vec<&Finding> =
        open().filter(|finding| finding.origin == Origin::AlreadyThere).collect();
    let folded = folded_lines(page.layout, "pre-existing", &pre_existing, MOST_LISTED);
    let approved = approved_lines(page.layout, of(Enforcement::Approved));
    let waived = waived_lines(page.layout, of(Enforcement::Waived));
    // Nobody looks at them but with `--show all`.
    let baseline: Vec<&Finding> = of(Enforcement::Baseline).collect();
    let baseline = folded_lines(page.layout, "in the baseline", &baseline, 0);
    // The lines of a narrow terminal hold less.
    let most = MOST_LINES * USUAL_WIDTH / page.layout.width.min(USUAL_WIDTH);
    let accepted = [approved, waived, baseline];
    let room = most.saturating_sub(OTHER_LINES + folded.len() + accepted.iter().map(Vec::len).sum::<usize>());
    new_findings(page, open().filter(|finding| finding.origin == Origin::Introduced), room);
    for lines in [folded].into_iter().chain(accepted) {
        page.gap();
        page.lines.extend(lines);
    }
    drift(page, plan);
    outputs(page, plan);
    page.gap();
    counts(page, &counts_words(plan));
    if let Some(words) = coverage_words(&plan.coverage) {
        counts(page, &words);
    }
    if plan.risk.score() > 0 {
        counts(page, &format!("risk score {}: {}", plan.risk.score(), plan.risk.words()));
    }
    if let Some(cost) = &plan.cost {
        counts(page, &format!("monthly cost: {}", cost_line(cost, &cost.currency.for_terminal_line())));
    }
    page.gap();
}

/// The blocks of new findings. Where `room` does not suffice, without excerpts; then the last ones as a line each.
fn new_findings<'r>(page: &mut Page, findings: impl Iterator<Item = &'r Finding>, room: usize) {
    let blocks = Block::of(findings);
    let rendered = |instances, source, of_new: Remedy| -> Vec<Vec<String>> {
        let (mut remedies, mut places) = (BTreeSet::new(), BTreeSet::new());
        blocks
            .iter()
            .map(|block| {
                let is_new = block.remedy().is_none_or(|remedy| remedies.insert(remedy));
                let remedy = if is_new { of_new } else { Remedy::ShownAbove };
                let is_seen = block.line().is_some_and(|place| !places.insert(place));
                let source = if is_seen { Source::Place } else { source };
                let mut scratch = Page::new(page.layout);
                block.full(&mut scratch, Extent { instances, source, remedy });
                scratch.lines
            })
            .collect()
    };
    let everything = page.layout.detail == Detail::Everything;
    let instances = if everything { usize::MAX } else { MOST_INSTANCES };
    let ways = [
        (Source::Excerpt, Remedy::WithOthers),
        (Source::Excerpt, Remedy::Shown),
        (Source::Place, Remedy::Shown),
    ];
    for (source, remedy) in ways {
        let ample = rendered(instances, source, remedy);
        // With an empty line behind each.
        if everything || ample.iter().map(|lines| lines.len() + 1).sum::<usize>() <= room {
            for lines in ample {
                page.gap();
                page.lines.extend(lines);
            }
            return;
        }
    }
    let tight = rendered(FEW_INSTANCES, Source::Place, Remedy::Shown);
    let folded_lines = |blocks: &[Block<'_>]| -> usize {
        let (denying, warning) = blocks.split_at(blocks.partition_point(Block::denies));
        let mut scratch = Page::new(page.layout);
        fold(&mut scratch, denying, usize::MAX);
        fold(&mut scratch, warning, MOST_LISTED);
        scratch.lines.len()
    };
    let mut used = 0;
    let mut whole = 0;
    for (position, lines) in tight.iter().enumerate() {
        used += lines.len();
        // The others have a heading.
        let rest = blocks.get(position + 1..).map_or(0, folded_lines) + 1;
        if position > 0 && used + rest > room {
            break;
        }
        whole += 1;
    }
    page.lines.extend(tight.into_iter().take(whole).flatten());
    let rest = blocks.get(whole..).unwrap_or_default();
    if rest.is_empty() {
        return;
    }
    let number = count(rest.iter().map(Block::len).sum(), "more new finding", "more new findings");
    let (denying, warning) = rest.split_at(rest.partition_point(Block::denies));
    // All of them deny, or none does: that is said below.
    let denials = match (denying.iter().map(Block::len).sum(), warning.is_empty()) {
        (0, _) | (_, true) => String::new(),
        (1, false) => " (1 denies)".to_owned(),
        (denials, false) => format!(" ({denials} deny)"),
    };
    counts(page, &format!("{number}{denials}, a line per rule (`--show all` has the details):"));
    fold(page, denying, usize::MAX);
    fold(page, warning, MOST_LISTED);
}

/// What was changed outside of Terraform: somebody has to know, also where the plan puts it back.
fn drift(page: &mut Page, plan: &PlanReport) {
    if plan.drift.is_empty() {
        return;
    }
    page.gap();
    let heading = page.paint(Style::Heading, "drift");
    page.line(format!("{heading}: changed outside of Terraform"));
    let most = if page.layout.detail == Detail::Everything { usize::MAX } else { MOST_LISTED };
    for drift in plan.drift.iter().take(most) {
        let label = format!("  {}: ", drift.became.words());
        page.prose(&label, 4, drift.message.unescaped(), None);
    }
    if plan.drift.len() > most {
        page.line(format!("  and {} more (--show all)", plan.drift.len() - most));
    }
}

/// What other configurations will read. The values are for whoever asks for everything.
fn outputs(page: &mut Page, plan: &PlanReport) {
    let Some(words) = outputs_words(&plan.outputs, |name| name.unescaped().to_owned()) else { return };
    page.gap();
    let heading = page.paint(Style::Heading, "outputs");
    page.prose(&format!("{heading}: "), 2, &words, None);
    if page.layout.detail == Detail::Everything {
        for output in &plan.outputs {
            let label = format!("  {} {}: ", output.name.for_terminal_line(), output.action.words());
            page.prose(&label, 4, output_values(output).unescaped(), None);
        }
    }
}

/// A line per block, and the number of the others.
fn fold(page: &mut Page, blocks: &[Block<'_>], most: usize) {
    blocks.iter().take(most).for_each(|block| block.folded(page));
    let others = blocks.get(most..).unwrap_or_default();
    if !others.is_empty() {
        let findings: usize = others.iter().map(Block::len).sum();
        page.line(format!(
            "  and {} of {} (--show all)",
            count(findings, "finding", "findings"),
            count(others.len(), "more rule", "more rules")
        ));
    }
}

/// Findings that nobody has to read first: their number and a line for each of the first `most` rules, or everything.
fn folded_lines(layout: Layout, name: &str, findings: &[&Finding], most: usize) -> Vec<String> {
    let mut page = Page::new(layout);
    if findings.is_empty() {
        return page.lines;
    }
    let blocks = Block::of(findings.iter().copied());
    if layout.detail == Detail::Everything {
        let heading = page.paint(Style::Heading, name);
        if most == 0 {
            page.line(format!("{heading}: {}", count(findings.len(), "finding", "findings")));
        }
        for block in &blocks {
            page.gap();
            let extent = Extent { instances: usize::MAX, source: Source::Place, remedy: Remedy::Shown };
            block.full(&mut page, extent);
        }
        return page.lines;
    }
    let heading = page.paint(Style::Heading, name);
    let words = format!(
        "{} ({}); `--show all` {}",
        count(findings.len(), "finding", "findings"),
        severities(findings.iter().copied()),
        if most == 0 { "lists them" } else { "has the details" }
    );
    page.prose(&format!("{heading}: "), 2, &words, None);
    if most > 0 {
        fold(&mut page, &blocks, most);
    }
    page.lines
}

/// What is approved: a line per rule.
fn approved_lines<'r>(layout: Layout, findings: impl Iterator<Item = &'r Finding>) -> Vec<String> {
    let mut page = Page::new(layout);
    let mut groups: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        groups.entry((&finding.rule.id, &finding.approved_by)).or_default().push(finding);
    }
    for ((rule, _), findings) in groups {
        let words = findings.first().map(|finding| approved_by(finding)).unwrap_or_default();
        accepted(&mut page, rule, &findings, words.unescaped());
    }
    page.lines
}

/// What is waived: a line per rule and waiver.
fn waived_lines<'r>(layout: Layout, findings: impl Iterator<Item = &'r Finding>) -> Vec<String> {
    let mut page = Page::new(layout);
    let mut groups: BTreeMap<_, (&FindingWaiver, Vec<&Finding>)> = BTreeMap::new();
    for finding in findings {
        let Some(waiver) = &finding.waiver else { continue };
        let key = (&finding.rule.id, &waiver.file, waiver.line);
        groups.entry(key).or_insert((waiver, Vec::new())).1.push(finding);
    }
    for ((rule, ..), (waiver, findings)) in groups {
        accepted(&mut page, rule, &findings, &waiver_words(waiver));
    }
    page.lines
}

/// `[rule] address: approved by alice`.
fn accepted(page: &mut Page, rule: &SafeText, findings: &[&Finding], words: &str) {
    let addresses: BTreeSet<String> = findings
        .iter()
        .filter_map(|finding| finding.subject.as_ref())
        .map(|subject| subject.address.for_terminal_line())
        .collect();
    let mut label =
        page.paint(Style::Enforcement(Enforcement::Waived), &format!("[{}]", rule.for_terminal_line()));
    match (addresses.first(), addresses.len()) {
        (Some(address), 1) => {
            let _ = write!(label, " {address}");
        }
        (Some(_), number) if page.layout.detail == Detail::Failures => {
            let _ = write!(label, " {number} resources");
        }
        (Some(_), _) => {
            let _ = write!(label, " {}", addresses.iter().cloned().collect::<Vec<_>>().join(", "));
        }
        (None, _) => {}
    }
    page.prose(&format!("{label}: "), 2, &words.replace('\n', " "), None);
}

/// `waived until 2027-01-31 by team-web (OPS-1): the shop is public (planguard.toml:4)`.
fn waiver_words(waiver: &FindingWaiver) -> String {
    let last = waiver.expires.as_ref().map(SafeText::unescaped);
    let mut line = match (waiver.state, last) {
        (WaiverState::Active, Some(last)) => format!("waived until {last}"),
        (WaiverState::Active, None) => "waived".to_owned(),
        (WaiverState::Expired, last) => format!("its waiver expired on {}", last.unwrap_or_default()),
    };
    if let Some(owner) = &waiver.owner {
        let _ = write!(line, " by {}", owner.unescaped());
    }
    if let Some(ticket) = &waiver.ticket {
        let _ = write!(line, " ({})", ticket.unescaped());
    }
    let (reason, file) = (waiver.reason.unescaped(), waiver.file.unescaped());
    let _ = write!(line, ": {reason} ({file}:{})", waiver.line);
    line.replace('\n', " ")
}

/// A line of numbers.
fn counts(page: &mut Page, words: &str) {
    page.prose("", 2, words, None);
}

fn skipped(page: &mut Page, report: &Report) {
    if report.skipped.is_empty() {
        return;
    }
    let heading = page.paint(Style::Heading, &count(report.skipped.len(), "file skipped", "files skipped"));
    page.line(heading);
    let most = if page.layout.detail == Detail::Everything { usize::MAX } else { MOST_LISTED };
    for skipped in report.skipped.iter().take(most) {
        let label = format!("  {}: ", skipped.file.for_terminal_line());
        page.prose(&label, 4, &skipped.reason.unescaped().replace('\n', " "), None);
    }
    if report.skipped.len() > most {
        page.line(format!("  and {} more (--show all)", report.skipped.len() - most));
    }
    page.gap();
}

/// Whoever names a directory does not see which of its files are plans.
fn files(page: &mut Page, report: &Report) {
    let Files { plans, other, directories } = report.files;
    if directories == 0 {
        return;
    }
    let other = if other == 0 {
        String::new()
    } else {
        let other =
            count(other, "other file does not look like a plan", "other files do not look like plans");
        format!("; {other}")
    };
    let read = count(plans, "file was read as a plan", "files were read as plans");
    counts(page, &format!("{read}{other}"));
    page.gap();
}

/// Which settings count, and who approved.
fn held_to(page: &mut Page, report: &Report) {
    if let Some(environment) = &report.environment {
        let words = format!("environment {}: {}", environment.name.unescaped(), environment.why.unescaped());
        counts(page, &words.replace('\n', " "));
    }
    if let Some(approvals) = &report.approvals {
        counts(page, &approvals_words(approvals).unescaped().replace('\n', " "));
    }
    page.gap();
}

/// Whoever reviews a change must see that its settings let through more than usual.
fn weakenings(page: &mut Page, report: &Report) {
    let weakenings = &report.trust.weakenings;
    if weakenings.is_empty() {
        return;
    }
    let heading = count(weakenings.len(), "setting weakens", "settings weaken");
    let heading = page.paint(Style::Heading, &format!("{heading} the gate"));
    page.prose(&format!("{heading} "), 2, "(to take settings from another branch: --trusted)", None);
    for weakening in weakenings {
        let line = weakening.line.map_or_else(String::new, |line| format!(":{line}"));
        let label = format!("  {}{line}: ", weakening.file.for_terminal_line());
        let (setting, effect) = (weakening.setting.unescaped(), weakening.effect.unescaped());
        page.prose(&label, 4, &format!("{setting}: {effect}").replace('\n', " "), None);
    }
    page.gap();
}

/// What could not be looked at. It is part of the report, so that its reader need not look for another stream.
fn problems(page: &mut Page, report: &Report) {
    let most = if page.layout.detail == Detail::Everything { usize::MAX } else { MOST_DIAGNOSTICS };
    let mut snippets = Snippets::new(page.layout);
    for problem in report.problems.iter().take(most) {
        let rendered = snippets.render(problem);
        page.lines.extend(rendered.trim_end().lines().map(|line| line.trim_end().to_owned()));
        page.gap();
    }
    // Each is named, or something would be left out silently.
    let others = report.problems.get(most..).unwrap_or_default();
    for problem in others {
        page.prose("  × ", 4, &problem.line().unescaped().replace('\n', " "), None);
    }
    page.gap();
}

/// `Plan: 2 to add, 1 to change, 1 to destroy (1 to replace), 1 to import`.
fn summary_words(summary: &ChangeSummary) -> String {
    if *summary == (ChangeSummary { unchanged: summary.unchanged, ..ChangeSummary::default() }) {
        return "no changes to resources".to_owned();
    }
    let mut line =
        format!("{} to add, {} to change, {} to destroy", summary.add, summary.change, summary.destroy);
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

fn counts_words(plan: &PlanReport) -> String {
    let counts = &plan.counts;
    let applied = counts.rules.saturating_sub(counts.rules_matching_nothing);
    let mut line = format!(
        "{}; {applied} of {} {} to this plan; {} undetermined",
        count(counts.resources, "resource", "resources"),
        count(counts.rules, "rule", "rules"),
        if applied == 1 { "applies" } else { "apply" },
        counts.undetermined
    );
    // Rules that depend on one attribute are one finding.
    let undetermined =
        plan.findings.iter().filter(|finding| finding.certainty == Certainty::DependsOnUnknown).count();
    if (1..counts.undetermined).contains(&undetermined) {
        let _ = write!(line, " in {}", count(undetermined, "finding", "findings"));
    }
    if counts.fixed > 0 {
        let _ = write!(line, "; {} fixed by this plan", counts.fixed);
    }
    if counts.exceptions > 0 {
        let _ = write!(line, "; {} suppressed by exceptions in policies", counts.exceptions);
    }
    line
}

/// `not judged by any guardrail: 40 of 52 changed resources (oci_core_instance 38, oci_core_vcn 2)`: none knows the type.
fn coverage_words(coverage: &Coverage) -> Option<String> {
    const MOST: usize = 5;
    let unknown = coverage.unknown();
    if unknown == 0 {
        return None;
    }
    let types = &coverage.unknown_types;
    let mut named: Vec<String> = types
        .iter()
        .take(MOST)
        .map(|(resource_type, number)| format!("{}{UNBROKEN}{number}", resource_type.unescaped()))
        .collect();
    if types.len() > MOST {
        let more = count(types.len() - MOST, "more type", "more types");
        named.push(more.replace(' ', &UNBROKEN.to_string()));
    }
    Some(format!(
        "not judged by any guardrail: {unknown} of {} ({})",
        count(coverage.changed, "changed resource", "changed resources"),
        named.join(", "),
    ))
}
