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

/// The numbers of a plan. Accepted findings are in none of them.
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
    /// The code of the first problem that kept planguard from looking at all of it.
    problem: Option<&'r SafeText>,
}

impl<'r> Row<'r> {
    /// The plans of a run in the order in which people count.
    pub(super) fn all(report: &'r Report) -> Vec<Self> {
        let known: BTreeSet<&SafeText> = report.plans.iter().map(|plan| &plan.origin).collect();
        let unread: BTreeSet<&SafeText> =
            report.problems.iter().filter_map(|problem| problem.plan.as_ref()).collect();
        let problem = |origin: &SafeText| {
            let of_it = report.problems.iter().find(|problem| problem.plan.as_ref() == Some(origin));
            of_it.map(|problem| &problem.code)
        };
        let unread =
            unread.difference(&known).map(|origin| Self { origin, plan: None, problem: problem(origin) });
        let plans = report.plans.iter().map(|plan| Self {
            origin: &plan.origin,
            plan: Some(plan),
            problem: problem(&plan.origin),
        });
        let mut rows: Vec<Self> = plans.chain(unread).collect();
        rows.sort_by(|left, right| natural::compare(left.origin.unescaped(), right.origin.unescaped()));
        rows
    }

    fn workspace(&self) -> Option<&'r SafeText> {
        self.plan.and_then(|plan| plan.workspace.as_ref())
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
    let mut tables = [Cause::Shown, Cause::Hidden].into_iter().map(|cause| table(&rows, cause));
    match tables.find(|table| table.iter().all(|line| page.fits(line))) {
        // Every plan passes.
        _ if rows.is_empty() => {}
        Some(table) => table.into_iter().for_each(|line| page.line(line)),
        None => rows.iter().for_each(|row| line(page, row)),
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

/// Whether the table says why a plan is incomplete. The report has the problems below it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    Shown,
    Hidden,
}

fn table(rows: &[Row<'_>], cause: Cause) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    // Where nobody selects workspaces, there is nothing to tell apart.
    let has_workspaces = rows.iter().any(|row| row.workspace().is_some());
    let workspace = has_workspaces.then_some("workspace");
    let numbers = ["add", "change", "destroy", "new", "pre-existing", "undetermined"];
    table.set_header(["plan"].into_iter().chain(workspace).chain(numbers).chain(["verdict"]));
    for row in rows {
        let mut cells = vec![row.origin.for_terminal_line()];
        cells.extend(
            has_workspaces
                .then(|| row.workspace().map_or_else(|| "-".to_owned(), SafeText::for_terminal_line)),
        );
        match row.plan {
            Some(plan) => {
                let (numbers, summary) = (Numbers::of(&plan.findings), &plan.summary);
                let changes = [summary.add, summary.change, summary.destroy];
                let found = [numbers.new, numbers.pre_existing, numbers.undetermined];
                cells.extend(changes.into_iter().chain(found).map(|number| number.to_string()));
            }
            None => cells.extend(std::iter::repeat_n("-".to_owned(), 6)),
        }
        let code = row
            .problem
            .filter(|_| cause == Cause::Shown)
            .map(|code| format!(" ({})", code.for_terminal_line()));
        cells.push(format!("{}{}", word(row.verdict()), code.unwrap_or_default()));
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(1 + usize::from(has_workspaces)).take(numbers.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    // Without the margin of the first column.
    table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned()).collect()
}

fn line(page: &mut Page, row: &Row<'_>) {
    let mut pieces = vec![Piece::word(row.origin.for_terminal_line())];
    pieces.extend(row.workspace().map(|name| Piece::fact(format!("workspace {}", name.for_terminal_line()))));
    if let Some(plan) = row.plan {
        let (numbers, summary) = (Numbers::of(&plan.findings), &plan.summary);
        pieces.extend([Piece::fact(format!("+{} ~{} -{}", summary.add, summary.change, summary.destroy))]);
        // Without those that are zero: a line per plan is read for what it has.
        let found = [
            (numbers.new, "new"),
            (numbers.pre_existing, "pre-existing"),
            (numbers.undetermined, "undetermined"),
        ];
        for (position, (number, name)) in found.into_iter().filter(|(number, _)| *number > 0).enumerate() {
            let words = format!("{number} {name}");
            pieces.push(if position == 0 { Piece::fact(words) } else { Piece::element(words) });
        }
    }
    pieces.extend(row.problem.map(|code| Piece::fact(code.for_terminal_line())));
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
