//! The end of the report: the verdict in numbers, and what would make a denied plan pass.

use planguard_plan::redact::SafeText;
use planguard_plan::text::shell;

use super::page::Page;
use super::plans_table::Row;
use crate::enforcement::Enforcement;
use crate::finding::{Finding, Origin, RuleKind};
use crate::render::check::listing::joined;
use crate::render::check::verdict_line::{accepted, approval_words, severities};
use crate::render::colour::Style;
use crate::render::layout::count;
use crate::report::{Coverage, Report};
use crate::verdict::Verdict;

/// With more new findings that deny, a waiver is not the way to go on.
const FEW: usize = 5;

/// What would make the plan pass, and the verdict, which is the last line.
pub(super) fn render(page: &mut Page, report: &Report) {
    let findings = || report.plans.iter().flat_map(|plan| &plan.findings);
    let (pre_existing, new): (Vec<&Finding>, Vec<&Finding>) = findings()
        .filter(|finding| finding.enforcement == Enforcement::Deny)
        .partition(|finding| finding.origin == Origin::AlreadyThere);
    let verdict = report.verdict();
    let approval = approval_words(report);
    if verdict == Verdict::Denied {
        way_forward(page, &new, &pre_existing);
        if new.is_empty() && pre_existing.is_empty() {
            approvals_forward(page, report);
        }
    }
    let (style, words) = match verdict {
        Verdict::Pass => {
            let warnings = findings().filter(|finding| finding.enforcement == Enforcement::Warn);
            (Style::Good, format!("PASS: 0 denials, {}{}", warning_words(warnings), not_judged(report)))
        }
        Verdict::Denied => {
            let denials = denial_words(&new, &pre_existing).into_iter().chain(approval);
            (Style::Bad, format!("DENIED: {}", denials.collect::<Vec<_>>().join("; ")))
        }
        Verdict::Undecided => {
            let errors = count(report.problems.len(), "error", "errors");
            let denials = match new.len() + pre_existing.len() {
                0 => String::new(),
                number => format!("; {} so far", count(number, "denial", "denials")),
            };
            (Style::Bad, format!("INCOMPLETE: {errors} (above){denials}"))
        }
    };
    let accepted: String = accepted(findings()).into_iter().map(|words| format!("; {words}")).collect();
    let weakened = match report.trust.weakenings.len() {
        0 => String::new(),
        number => format!("; {} the gate (above)", count(number, "setting weakens", "settings weaken")),
    };
    let needs_new = |finding: &Finding| {
        finding.enforcement == Enforcement::Approve && finding.origin == Origin::Introduced
    };
    let passes_gate = verdict == Verdict::Denied && new.is_empty() && !findings().any(needs_new);
    let forward = if passes_gate { "; passes with --gate introduced" } else { "" };
    let only = if report.report_only && verdict == Verdict::Denied {
        "; REPORT ONLY: exit code 0 despite the denials"
    } else {
        ""
    };
    let plans = plan_words(report);
    let line = page.paint(style, &format!("{words}{accepted}{plans}{weakened}{forward}{only}"));
    page.line(line);
}

/// `; 3 of 4 changed resources not judged`: a pass does not hide how much it is worth. Policies may judge what no
/// guardrail knows, and nobody can tell.
fn not_judged(report: &Report) -> String {
    if report.policies_sha256.is_some() {
        return String::new();
    }
    let sum = |number: fn(&Coverage) -> usize| report.plans.iter().map(|plan| number(&plan.coverage)).sum();
    let (unknown, changed): (usize, usize) = (sum(Coverage::unknown), sum(|coverage| coverage.changed));
    match unknown {
        0 => String::new(),
        _ => format!("; {unknown} of {} not judged", count(changed, "changed resource", "changed resources")),
    }
}

/// ` (30 plans: 27 pass, 2 denied, 1 incomplete)`.
fn plan_words(report: &Report) -> String {
    let rows = Row::all(report);
    if rows.len() < 2 {
        return String::new();
    }
    let numbers = [(Verdict::Pass, "pass"), (Verdict::Denied, "denied"), (Verdict::Undecided, "incomplete")]
        .into_iter()
        .filter_map(|(verdict, word)| {
            let number = rows.iter().filter(|row| row.verdict() == verdict).count();
            (number > 0).then(|| format!("{number} {word}"))
        });
    format!(" ({} plans: {})", rows.len(), numbers.collect::<Vec<_>>().join(", "))
}

/// What the reader of a denial can do, beside fixing it.
fn way_forward(page: &mut Page, new: &[&Finding], pre_existing: &[&Finding]) {
    let before = page.lines.len();
    if new.len() <= FEW
        && let Some(finding) = new.iter().min_by_key(|finding| std::cmp::Reverse(finding.severity))
        && let Some(command) = waive_command(finding)
    {
        let which =
            if new.len() == 1 { "To accept the new finding" } else { "To accept one of the new findings" };
        let same = match finding.rule.kind {
            RuleKind::Policy => ", with the same policies as this run",
            RuleKind::Guardrail | RuleKind::Change => "",
        };
        let rules = 1 + finding.other_rules().count();
        let each = if rules > 1 { format!(" (each of its {rules} rules by itself)") } else { String::new() };
        page.prose("", 2, &format!("{which} until a date{same}{each}:"), None);
        page.line(format!("  {command}"));
    }
    if !pre_existing.is_empty() {
        let findings = count(pre_existing.len(), "pre-existing finding denies", "pre-existing findings deny");
        let also = if new.is_empty() { "" } else { " as well" };
        let text = format!(
            "{findings}{also}; with `--gate introduced`, or `gate = \"introduced\"` under `[check]` in planguard.toml, \
             only new findings do."
        );
        page.prose("", 2, &text, None);
    }
    if page.lines.len() > before {
        page.gap();
    }
}

/// The command that waives a finding; `None` if a text of it has to be escaped, and would not be found again.
fn waive_command(finding: &Finding) -> Option<String> {
    let mut command = format!("planguard waive {}", shell_word(&finding.rule.id)?);
    if let Some(subject) = &finding.subject {
        command.push(' ');
        command.push_str(&shell_word(&subject.address)?);
    }
    command.push_str(" --reason 'WHY' --expires YYYY-MM-DD");
    Some(command)
}

/// A text as one word of a shell command.
fn shell_word(text: &SafeText) -> Option<String> {
    let exact = text.unescaped();
    if exact.is_empty() || exact.starts_with('-') || text.for_terminal_line() != exact {
        return None;
    }
    Some(shell::word(exact))
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
fn denial_words(new: &[&Finding], pre_existing: &[&Finding]) -> Option<String> {
    Some(match (new.len(), pre_existing.len()) {
        (0, 0) => return None,
        (0, number) => {
            let findings = count(number, "pre-existing finding", "pre-existing findings");
            format!("{findings} ({})", severities(pre_existing.iter().copied()))
        }
        (number, 0) => {
            format!("{} ({})", count(number, "new finding", "new findings"), severities(new.iter().copied()))
        }
        (number, former) => {
            let findings = count(number, "new finding", "new findings");
            format!("{findings} ({}); {former} pre-existing", severities(new.iter().copied()))
        }
    })
}

/// What is missing where nothing but approvals is.
fn approvals_forward(page: &mut Page, report: &Report) {
    if let Some(approvals) = &report.approvals {
        let (one, several) = if approvals.counted.is_empty() {
            ("approval", "approvals")
        } else {
            ("more approval", "more approvals")
        };
        let from = joined(&approvals.from, " or ");
        let text = format!(
            "The plan passes with {} by {}.",
            count(approvals.missing, one, several),
            from.unescaped()
        );
        page.prose("", 2, &text, None);
        page.gap();
    }
}
