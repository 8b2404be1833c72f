//! The table of a run of many plans: what each changes, what was found, and its verdict.

use std::collections::BTreeSet;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use planguard_plan::redact::SafeText;

use super::natural;
use super::page::{Page, Piece};
use crate::finding::{Certainty, Finding, Origin};
use crate::render::Detail;
use crate::render::layout::count;
use crate::report::{PlanReport, Report};
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
            let counted = findings.iter().filter(|finding| !finding.enforcement.is_accepted());
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

/// A plan, or a file that could not be read as one.
#[derive(Clone, Copy)]
pub(super) struct Row<'r> {
    origin: &'r SafeText,
    /// What was found in it.
    pub(super) plan: Option<&'r PlanReport>,
}

impl<'r> Row<'r> {
    /// The plans of a run in the order in which people count.
    pub(super) fn all(report: &'r Report) -> Vec<Self> {
        let known: BTreeSet<&SafeText> = report.plans.iter().map(|plan| &plan.origin).collect();
        let unread: BTreeSet<&SafeText> =
            report.problems.iter().filter_map(|problem| problem.plan.as_ref()).collect();
        let unread = unread.difference(&known).map(|origin| Self { origin, plan: None });
        let plans = report.plans.iter().map(|plan| Self { origin: &plan.origin, plan: Some(plan) });
        let mut rows: Vec<Self> = plans.chain(unread).collect();
        rows.sort_by(|left, right| natural::compare(left.origin.unescaped(), right.origin.unescaped()));
        rows
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.plan.map_or(Verdict::Undecided, PlanReport::verdict)
    }
}

/// The table, or a line per plan where it has no room.
pub(super) fn render(page: &mut Page, all: &[Row<'_>]) {
    let is_folded = all.len() > MOST_ROWS && page.layout.detail == Detail::Failures;
    let is_listed = |row: &Row<'_>| !is_folded || row.verdict() != Verdict::Pass;
    let rows: Vec<Row<'_>> = all.iter().copied().filter(is_listed).collect();
    let table = table(&rows);
    if rows.is_empty() {
        // Every plan passes.
    } else if table.iter().all(|line| page.fits(line)) {
        table.into_iter().for_each(|line| page.line(line));
    } else {
        rows.iter().for_each(|row| line(page, row));
    }
    if rows.len() < all.len() {
        let passed = all.len() - rows.len();
        page.line(if rows.is_empty() {
            format!("{} PASS (--show all lists them)", count(passed, "plan", "plans"))
        } else {
            format!("… {passed} more PASS (--show all lists them)")
        });
    }
    page.gap();
}

fn table(rows: &[Row<'_>]) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["plan", "add", "change", "destroy", "new", "pre-existing", "undetermined", "verdict"]);
    for row in rows {
        let mut cells = vec![row.origin.for_terminal_line()];
        match row.plan {
            Some(plan) => {
                let (numbers, summary) = (Numbers::of(&plan.findings), &plan.summary);
                let changes = [summary.add, summary.change, summary.destroy];
                let found = [numbers.new, numbers.pre_existing, numbers.undetermined];
                cells.extend(changes.into_iter().chain(found).map(|number| number.to_string()));
            }
            None => cells.extend(std::iter::repeat_n("-".to_owned(), 6)),
        }
        cells.push(word(row.verdict()).to_owned());
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(1).take(6) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    // Without the margin of the first column.
    table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned()).collect()
}

fn line(page: &mut Page, row: &Row<'_>) {
    let mut pieces = vec![Piece::word(row.origin.for_terminal_line())];
    if let Some(plan) = row.plan {
        let (numbers, summary) = (Numbers::of(&plan.findings), &plan.summary);
        pieces.extend([
            Piece::fact(format!("+{} ~{} -{}", summary.add, summary.change, summary.destroy)),
            Piece::fact(format!("{} new", numbers.new)),
            Piece::element(format!("{} pre-existing", numbers.pre_existing)),
            Piece::element(format!("{} undetermined", numbers.undetermined)),
        ]);
    }
    page.pieces(&format!("{:<10} ", word(row.verdict())), 4, &pieces);
}

/// The first word of a verdict line.
const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Denied => "DENIED",
        Verdict::Undecided => "INCOMPLETE",
    }
}
