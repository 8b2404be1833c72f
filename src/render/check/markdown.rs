//! The report as a comment on a pull request: what is new first, the rest folded, and never longer than a comment may
//! be.

use planguard_plan::redact::SafeText;

use super::listing::{Group, Listed, outputs_words, worst_first};
use super::rules;
use super::verdict_line::{self, approvals_words};
use crate::benchmark::{self, ControlFinding, ControlReport, ControlStatus};
use crate::enforcement::Enforcement;
use crate::finding::Certainty;
use crate::render::cost::{amounts_as_code, line as cost_line};
use crate::render::layout::count;
use crate::render::markdown::{code, sentence};
use crate::render::{Format, Layout, RenderError};
use crate::report::{PlanReport, Report};
use crate::verdict::Verdict;

pub(super) const FORMAT: Format<Report> = Format {
    name: "markdown",
    former: None,
    help: "a comment for a pull request, below 65,000 characters",
    extension: "md",
    render,
};

/// The first line, by which the next run finds the comment that it replaces.
const MARKER: &str = "<!-- planguard -->";

/// GitHub refuses comments of more than 65,536 characters.
const MOST: usize = 65_000;

/// What the last line needs.
const RESERVE: usize = 400;

/// The most characters of an address, a value or a file in a cell, and of a sentence.
const MOST_OF_CELL: usize = 160;
const MOST_OF_SENTENCE: usize = 600;

/// A list of more plans than this has no lines for those that pass.
const MOST_PASSING: usize = 10;

fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    let listed = worst_first(report);
    let of = |group: Group| -> Vec<&Listed<'_>> {
        listed.iter().filter(|listed| listed.group() == group).collect()
    };
    let mut page = Page { text: String::new(), left_out: 0, plans: report.plans.len() };
    // What comes first has the room that it needs; what comes later has the rest.
    page.head(report);
    page.problems(report);
    page.held_to(report);
    page.weakenings(report);
    page.list_plans(report);
    page.open_table(&of(Group::New));
    page.drift(report);
    page.benchmarks(report);
    page.fixes(report, &listed);
    // What denies is not folded if nothing above denies: the reader looks for the reason.
    let denies = |listed: &[&Listed<'_>]| listed.iter().any(|listed| listed.finding.enforcement.denies());
    let mut is_explained = denies(&of(Group::New));
    for (group, what) in [
        (Group::Undetermined, "undetermined: depends on values known after apply"),
        (Group::PreExisting, "pre-existing"),
        (Group::Approved, "approved"),
        (Group::Waived, "waived"),
        (Group::Baseline, "in the baseline"),
    ] {
        let listed = of(group);
        let tag = if denies(&listed) && !is_explained { "<details open>" } else { "<details>" };
        is_explained |= denies(&listed);
        page.folded_table(tag, what, &listed);
    }
    page.not_judged(report);
    page.end();
    Ok(page.text)
}

/// The head of a table of controls.
const CONTROLS: &str = "| control | | status | |\n|---|---|---|---|\n";

/// The most resources that a row of a control names.
const MOST_RESOURCES: usize = 10;

/// `| 2.1.4 | S3 blocks public access | violated | `aws_s3_bucket.a`: `aws-s3-public-acls-accepted` |`.
fn control_row(control: &ControlReport, status: ControlStatus) -> String {
    let found = match status {
        ControlStatus::Violated => &control.violations[..],
        ControlStatus::Undetermined => &control.undetermined[..],
        ControlStatus::Met
        | ControlStatus::NothingToLookAt
        | ControlStatus::NoRule
        | ControlStatus::NotDecidable => &[],
    };
    let place = |found: &ControlFinding| {
        let plan = found.plan.as_ref().map(|plan| format!(" in {}", code(plan, MOST_OF_CELL)));
        let effect =
            if found.enforcement.denies() { String::new() } else { format!(" ({})", found.enforcement) };
        format!(
            "{}{}: {}{effect}",
            code(&found.address, MOST_OF_CELL),
            plan.unwrap_or_default(),
            code(&found.rule, MOST_OF_CELL)
        )
    };
    let mut cells: Vec<String> = found.iter().take(MOST_RESOURCES).map(place).collect();
    if found.len() > MOST_RESOURCES {
        cells.push(format!("and {} more", found.len() - MOST_RESOURCES));
    }
    cells.extend(control.reason().map(|reason| sentence(reason, MOST_OF_SENTENCE)));
    format!(
        "| {} | {} | {} | {} |\n",
        sentence(&control.id, MOST_OF_CELL),
        sentence(&control.title, MOST_OF_SENTENCE),
        status.words(),
        cells.join("<br>")
    )
}

struct Page {
    text: String,
    /// How many lines had no room.
    left_out: usize,
    /// How many plans the report is about.
    plans: usize,
}

impl Page {
    /// Adds a block if there is room for it.
    fn add(&mut self, block: &str) -> bool {
        let has_room = self.text.len() + block.len() + RESERVE <= MOST;
        if has_room {
            self.text.push_str(block);
        }
        has_room
    }

    /// Adds as many lines as there is room for, between a start and an end. With the first line goes all or nothing.
    fn add_lines(&mut self, start: &str, lines: &[String], end: &str) {
        let Some(first) = lines.first() else { return };
        if self.text.len() + start.len() + first.len() + end.len() + RESERVE > MOST {
            self.left_out += lines.len();
            return;
        }
        self.text.push_str(start);
        for (position, line) in lines.iter().enumerate() {
            if self.text.len() + line.len() + end.len() + RESERVE > MOST {
                self.left_out += lines.len() - position;
                break;
            }
            self.text.push_str(line);
        }
        self.text.push_str(end);
    }

    fn head(&mut self, report: &Report) {
        let verdict = report.verdict();
        let head = format!(
            "{MARKER}\n## planguard: {}\n\n{}\n",
            verdict_line::name(verdict),
            verdict_line::numbers(report)
        );
        self.add(&head);
    }

    fn problems(&mut self, report: &Report) {
        let lines: Vec<String> = report
            .problems
            .iter()
            .map(|problem| {
                // An item of a list is one line.
                let flat = |text: &SafeText| sentence(&text.replaced("\n", " "), MOST_OF_SENTENCE);
                let help = problem.help.as_ref().map(|help| format!("; {}", flat(help)));
                format!(
                    "- {}: {}{}\n",
                    code(&problem.code, MOST_OF_CELL),
                    flat(&problem.message),
                    help.unwrap_or_default()
                )
            })
            .collect();
        self.add_lines("\n### Errors: not everything could be checked\n\n", &lines, "");
    }

    /// The environment, who approved, and what the risk scores consist of.
    fn held_to(&mut self, report: &Report) {
        let mut lines = Vec::new();
        if let Some(environment) = &report.environment {
            let (name, why) = (&environment.name, &environment.why);
            lines.push(format!(
                "- environment {} ({})\n",
                code(name, MOST_OF_CELL),
                sentence(why, MOST_OF_SENTENCE)
            ));
        }
        if let Some(approvals) = &report.approvals {
            lines.push(format!("- {}\n", sentence(&approvals_words(approvals), MOST_OF_SENTENCE)));
        }
        for plan in report.plans.iter().filter(|plan| plan.risk.score() > 0) {
            let of = if report.plans.len() > 1 {
                format!(" of {}", code(&plan.origin, MOST_OF_CELL))
            } else {
                String::new()
            };
            lines.push(format!("- risk score{of}: {} = {}\n", plan.risk.score(), plan.risk.words()));
        }
        for plan in &report.plans {
            let Some(cost) = &plan.cost else { continue };
            let of = if report.plans.len() > 1 {
                format!(" of {}", code(&plan.origin, MOST_OF_CELL))
            } else {
                String::new()
            };
            let amounts = cost_line(cost, &cost.currency.for_terminal_line());
            lines.push(format!("- monthly cost{of}: {}\n", amounts_as_code(&amounts)));
        }
        self.add_lines("\n", &lines, "");
    }

    /// Whoever reviews a change must see that its settings let through more than usual.
    fn weakenings(&mut self, report: &Report) {
        let lines: Vec<String> = report
            .trust
            .weakenings
            .iter()
            .map(|weakening| {
                let line = weakening.line.map_or_else(String::new, |line| format!(" line {line}"));
                format!(
                    "- {}{line}: {}: {}\n",
                    code(&weakening.file, MOST_OF_CELL),
                    code(&weakening.setting, MOST_OF_CELL),
                    sentence(&weakening.effect, MOST_OF_SENTENCE)
                )
            })
            .collect();
        self.add_lines("\n### Settings that weaken the gate\n\n", &lines, "");
    }

    fn list_plans(&mut self, report: &Report) {
        if let [plan] = report.plans.as_slice() {
            let version = plan.terraform_version.as_ref();
            let version = version.map(|version| format!(" (version {})", code(version, MOST_OF_CELL)));
            self.add(&format!(
                "\n{}{}: {}\n",
                code(&plan.origin, MOST_OF_CELL),
                version.unwrap_or_default(),
                changes(plan)
            ));
            return;
        }
        let (passing, other): (Vec<&PlanReport>, Vec<&PlanReport>) =
            report.plans.iter().partition(|plan| plan.verdict() == Verdict::Pass);
        let listed = passing.iter().take(MOST_PASSING.saturating_sub(other.len()));
        let more = passing.len() - listed.len();
        let lines: Vec<String> = other
            .iter()
            .chain(listed)
            .map(|plan| {
                let denials = plan.findings.iter().filter(|finding| finding.enforcement.denies()).count();
                let summary = &plan.summary;
                format!(
                    "| {} | {} | {} | {} | {denials} | {} |\n",
                    code(&plan.origin, MOST_OF_CELL),
                    summary.add,
                    summary.change,
                    summary.destroy,
                    verdict_line::name(plan.verdict()),
                )
            })
            .collect();
        let start = "\n| plan | add | change | destroy | denials | verdict |\n|---|--:|--:|--:|--:|---|\n";
        self.add_lines(start, &lines, "");
        if more > 0 {
            self.add(&format!("\n{}\n", count(more, "more plan passes", "more plans pass")));
        }
    }

    fn open_table(&mut self, listed: &[&Listed<'_>]) {
        let start = format!("\n### {}\n\n{TABLE}", count(listed.len(), "new finding", "new findings"));
        self.add_lines(&start, &rows(listed, self.plans), "");
    }

    fn folded_table(&mut self, tag: &str, what: &str, listed: &[&Listed<'_>]) {
        let findings = count(listed.len(), "finding", "findings");
        let severities = verdict_line::severities(listed.iter().map(|listed| listed.finding));
        let start = format!("\n{tag}<summary>{findings} {what} ({severities})</summary>\n\n{TABLE}");
        self.add_lines(&start, &rows(listed, self.plans), "\n</details>\n");
    }

    /// What becomes of each control: what violates one is seen at once, the rest is folded.
    fn benchmarks(&mut self, report: &Report) {
        for benchmark in benchmark::of_all(&report.plans) {
            let rows_of = |status: ControlStatus| -> Vec<String> {
                benchmark.of(status).map(|control| control_row(control, status)).collect()
            };
            let title = sentence(&benchmark.title, MOST_OF_SENTENCE);
            self.add(&format!("\n### {title}\n\n{}\n", benchmark.numbers()));
            let open: Vec<String> = [ControlStatus::Violated, ControlStatus::Undetermined]
                .into_iter()
                .flat_map(rows_of)
                .collect();
            self.add_lines(&format!("\n{CONTROLS}"), &open, "");
            for status in ControlStatus::ALL.into_iter().skip(2) {
                let rows = rows_of(status);
                let number = count(rows.len(), "control", "controls");
                let start =
                    format!("\n<details><summary>{number} {}</summary>\n\n{CONTROLS}", status.words());
                self.add_lines(&start, &rows, "\n</details>\n");
            }
        }
    }

    /// How to fix what is not waived, rule by rule, the most urgent first.
    fn fixes(&mut self, report: &Report, listed: &[Listed<'_>]) {
        let rules = rules::of_report(report);
        let mut seen: Vec<(&SafeText, Option<&SafeText>)> = Vec::new();
        let mut lines = Vec::new();
        let is_new = |listed: &Listed<'_>| matches!(listed.group(), Group::New | Group::Undetermined);
        let denies = |listed: &Listed<'_>| listed.finding.enforcement.denies();
        // Where nothing new denies, the reader needs the remedies of what does.
        let has_new = listed.iter().any(|listed| is_new(listed) && denies(listed));
        for listed in listed.iter().filter(|listed| is_new(listed) || !has_new && denies(listed)) {
            let finding = listed.finding;
            let remedy = finding.remediation.as_ref();
            if seen.contains(&(&finding.rule.id, remedy)) {
                continue;
            }
            seen.push((&finding.rule.id, remedy));
            let title = rules.get(&finding.rule.id).and_then(|rule| rule.title);
            let texts: Vec<String> =
                title.into_iter().chain(remedy).map(|text| sentence(text, MOST_OF_SENTENCE)).collect();
            if !texts.is_empty() {
                lines.push(format!("- {}: {}\n", code(&finding.rule.id, MOST_OF_CELL), texts.join(". ")));
            }
        }
        self.add_lines("\n<details><summary>How to fix them</summary>\n\n", &lines, "\n</details>\n");
    }

    /// What was changed outside of Terraform; never folded.
    fn drift(&mut self, report: &Report) {
        let drift = report.plans.iter().flat_map(|plan| &plan.drift);
        let lines: Vec<String> = drift
            .map(|drift| {
                let message = sentence(&drift.message, MOST_OF_SENTENCE);
                format!("- {}: {message}\n", drift.became.words())
            })
            .collect();
        self.add_lines("\n### Drift: changed outside of Terraform\n\n", &lines, "");
    }

    fn not_judged(&mut self, report: &Report) {
        let lines: Vec<String> = report
            .plans
            .iter()
            .flat_map(|plan| &plan.coverage.unknown_types)
            .map(|(name, number)| {
                format!("- {} in {}\n", count(*number, "resource", "resources"), code(name, MOST_OF_CELL))
            })
            .collect();
        let unknown: usize = report.plans.iter().map(|plan| plan.coverage.unknown()).sum();
        let start = format!(
            "\n<details><summary>{} of types that no guardrail knows</summary>\n\n",
            count(unknown, "changed resource is", "changed resources are")
        );
        self.add_lines(&start, &lines, "\n</details>\n");
    }

    fn end(&mut self) {
        if self.left_out > 0 {
            let lines = count(self.left_out, "line is", "lines are");
            self.text.push_str(&format!(
                "\n**{lines} left out**, because a comment may not be longer. The log of the run and the other formats of \
                 planguard have all of them.\n"
            ));
        }
    }
}

const TABLE: &str = "| severity | rule | resource | finding | place | value |\n|---|---|---|---|---|---|\n";

fn rows(listed: &[&Listed<'_>], plans: usize) -> Vec<String> {
    listed.iter().map(|listed| row(listed, plans)).collect()
}

fn row(listed: &Listed<'_>, plans: usize) -> String {
    let finding = listed.finding;
    let effect = match finding.enforcement {
        Enforcement::Deny => " **denies**",
        Enforcement::Approve => " **needs approval**",
        Enforcement::Warn
        | Enforcement::Approved
        | Enforcement::Waived
        | Enforcement::Baseline
        | Enforcement::Off => "",
    };
    let address =
        listed.address().map_or_else(|| "the whole plan".to_owned(), |address| code(address, MOST_OF_CELL));
    let place = listed.place();
    let place = match place.line {
        Some(line) => {
            let line = SafeText::from(usize::try_from(line).unwrap_or(usize::MAX));
            code(&SafeText::concat([place.file, &SafeText::fixed(":"), &line]), MOST_OF_CELL)
        }
        // The only plan is named above.
        None if plans == 1 => String::new(),
        None => code(place.file, MOST_OF_CELL),
    };
    let attribute = finding.attribute.as_ref().map(|attribute| code(attribute, MOST_OF_CELL));
    let sides: Vec<String> = [&finding.before, &finding.value]
        .into_iter()
        .flatten()
        .map(|side| code(side, MOST_OF_CELL))
        .collect();
    let value: Vec<String> =
        attribute.into_iter().chain((!sides.is_empty()).then(|| sides.join(" → "))).collect();
    let approval = listed.approval().filter(|_| finding.enforcement == Enforcement::Approved);
    let approval = approval.map(|words| format!("; {}", sentence(&words, MOST_OF_CELL)));
    let waiver =
        finding.waiver.as_ref().map(|waiver| format!("; waiver: {}", sentence(&waiver.reason, MOST_OF_CELL)));
    let others = finding.other_rules().map(|rule| &rule.id);
    let rules: Vec<String> =
        std::iter::once(&finding.rule.id).chain(others).map(|id| code(id, MOST_OF_CELL)).collect();
    let unknown = if finding.certainty == Certainty::DependsOnUnknown { "; undetermined" } else { "" };
    format!(
        "| {}{effect} | {} | {address} | {}{unknown}{}{} | {place} | {} |\n",
        finding.severity,
        rules.join(", "),
        sentence(&finding.message, MOST_OF_SENTENCE),
        waiver.unwrap_or_default(),
        approval.unwrap_or_default(),
        value.join(": ")
    )
}

fn changes(plan: &PlanReport) -> String {
    let summary = &plan.summary;
    let outputs = outputs_words(&plan.outputs, |name| code(name, MOST_OF_CELL));
    format!(
        "{} to add, {} to change, {} to destroy; {} checked{}",
        summary.add,
        summary.change,
        summary.destroy,
        count(plan.counts.resources, "resource", "resources"),
        outputs.map(|words| format!("; outputs: {words}")).unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use planguard_rule::Severity;

    use super::*;
    use crate::render::check::sample;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn what_is_new_comes_first_and_the_rest_is_folded() {
        let text = render(&sample::of_everything(), PLAIN).unwrap();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn the_reason_of_a_denial_is_not_folded() {
        let mut former = sample::finding("a", "x.y");
        former.origin = crate::finding::Origin::AlreadyThere;
        let text = |findings| render(&sample::report(vec![sample::plan("p", findings)]), PLAIN).unwrap();
        let alone = text(vec![former.clone()]);
        assert!(alone.contains("<details open><summary>1 finding pre-existing"), "{alone}");
        assert!(alone.contains("- `a`: A title. Set `acl = \"private\"`."), "{alone}");
        assert!(!text(vec![former, sample::finding("a", "x.z")]).contains("<details open>"));
    }

    #[test]
    fn a_comment_is_never_too_long() {
        let long = |number: usize| {
            let address = format!("aws_s3_bucket.b[\"{number}{}\"]", "é|`".repeat(number % 90));
            let mut finding = sample::finding(&format!("rule-{}", number % 300), &address);
            finding.severity = if number == 4_999 { Severity::Critical } else { Severity::Medium };
            finding.remediation = Some(sample::text(&"word ".repeat(200)));
            finding
        };
        for number in [0, 1, 100, 300, 5_000] {
            let findings: Vec<_> = (0..number).map(long).collect();
            let text = render(&sample::report(vec![sample::plan("p", findings)]), PLAIN).unwrap();
            assert!(text.len() <= MOST, "{number}: {}", text.len());
            assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
            assert!(text.contains("left out") == (number >= 300) || number == 100, "{number}");
            assert!(number < 5_000 || text.contains("critical **denies**") && text.len() > MOST - 2_000);
        }
        let plans =
            (0..3_000).map(|number| sample::plan(&format!("{number}{}", "p".repeat(150)), Vec::new()));
        let text = render(&sample::report(plans.collect()), PLAIN).unwrap();
        assert!(text.contains("| PASS |") && text.contains("2990 more plans pass"), "{text}");
        let plans = (0..3_000).map(|number| {
            let findings = vec![sample::finding("a", &format!("x.y{number}"))];
            sample::plan(&format!("{number}{}", "p".repeat(150)), findings)
        });
        let text = render(&sample::report(plans.collect()), PLAIN).unwrap();
        assert!(text.len() <= MOST && text.contains("left out") && !text.contains("more plans pass"));
    }
}
