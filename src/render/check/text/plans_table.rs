//! The table of a run of many plans: what each changes, what was found, and its verdict.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::natural;
use super::page::{Page, Piece};
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, Origin};
use crate::render::Detail;
use crate::render::layout::count;
use crate::report::PlanReport;
use crate::verdict::Verdict;

/// With more plans, those that pass are counted.
const MOST_ROWS: usize = 20;

/// The numbers of a plan. Waived findings are in none of them.
struct Numbers {
    new: usize,
    pre_existing: usize,
    undetermined: usize,
}

impl Numbers {
    fn of(findings: &[Finding]) -> Self {
        let number = |matches: &dyn Fn(&Finding) -> bool| {
            let counted = findings.iter().filter(|finding| finding.enforcement != Enforcement::Waived);
            counted.filter(|finding| matches(finding)).count()
        };
        let is_certain = |finding: &Finding| finding.certainty == Certainty::Certain;
        Self {
            new: number(&|finding| is_certain(finding) && finding.origin == Origin::Introduced),
            pre_existing: number(&|finding| is_certain(finding) && finding.origin == Origin::AlreadyThere),
            undetermined: number(&|finding| !is_certain(finding)),
        }
    }
}

/// Plans in the order in which people count.
pub(super) fn sorted(plans: &[PlanReport]) -> Vec<&PlanReport> {
    let mut sorted: Vec<&PlanReport> = plans.iter().collect();
    sorted.sort_by(|left, right| natural::compare(left.origin.unescaped(), right.origin.unescaped()));
    sorted
}

/// The table, or a line per plan where it has no room.
pub(super) fn render(page: &mut Page, plans: &[&PlanReport]) {
    let is_folded = plans.len() > MOST_ROWS && page.layout.detail == Detail::Failures;
    let passes = |plan: &PlanReport| plan.verdict() == Verdict::Pass;
    let rows: Vec<&PlanReport> = plans.iter().copied().filter(|plan| !is_folded || !passes(plan)).collect();
    let table = table(&rows);
    if rows.is_empty() {
        // Every plan passes.
    } else if table.iter().all(|line| page.fits(line)) {
        table.into_iter().for_each(|line| page.line(line));
    } else {
        rows.iter().for_each(|plan| row(page, plan));
    }
    if rows.len() < plans.len() {
        let passed = plans.len() - rows.len();
        page.line(if rows.is_empty() {
            format!("{} PASS (--show all lists them)", count(passed, "plan", "plans"))
        } else {
            format!("… {passed} more PASS (--show all lists them)")
        });
    }
    page.gap();
}

fn table(plans: &[&PlanReport]) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["plan", "add", "change", "destroy", "new", "pre-existing", "undetermined", "verdict"]);
    for plan in plans {
        let numbers = Numbers::of(&plan.findings);
        table.add_row([
            plan.origin.for_terminal_line(),
            plan.summary.add.to_string(),
            plan.summary.change.to_string(),
            plan.summary.destroy.to_string(),
            numbers.new.to_string(),
            numbers.pre_existing.to_string(),
            numbers.undetermined.to_string(),
            word(plan.verdict()).to_owned(),
        ]);
    }
    for column in table.column_iter_mut().skip(1).take(6) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    // Without the margin of the first column.
    table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned()).collect()
}

fn row(page: &mut Page, plan: &PlanReport) {
    let (numbers, summary) = (Numbers::of(&plan.findings), &plan.summary);
    let pieces = [
        Piece::word(plan.origin.for_terminal_line()),
        Piece::fact(format!("+{} ~{} -{}", summary.add, summary.change, summary.destroy)),
        Piece::fact(format!("{} new", numbers.new)),
        Piece::element(format!("{} pre-existing", numbers.pre_existing)),
        Piece::element(format!("{} undetermined", numbers.undetermined)),
    ];
    page.pieces(&format!("{:<10} ", word(plan.verdict())), 4, &pieces);
}

/// The first word of a verdict line.
const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Denied => "DENIED",
        Verdict::Undecided => "INCOMPLETE",
    }
}
