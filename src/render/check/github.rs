//! The report as workflow commands of GitHub Actions, which it shows beside the lines of a pull request.

use planguard_plan::redact::SafeText;

use super::listing::{Listed, worst_first};
use super::verdict_line;
use crate::enforcement::Enforcement;
use crate::render::layout::count;
use crate::render::workflow_command::workflow_command;
use crate::render::{Format, Layout, RenderError};
use crate::report::Report;

pub(super) const FORMAT: Format<Report> = Format {
    name: "github",
    former: None,
    help: "annotations of GitHub Actions (printed by themselves there)",
    extension: "txt",
    render,
};

/// GitHub shows this many errors and this many warnings of a step, the first ones, and drops the others:
/// <https://docs.github.com/actions/reference/limits>.
const MOST: usize = 10;

/// Errors and denials, warnings, and a last line for people.
fn render(report: &Report, layout: Layout) -> Result<String, RenderError> {
    let annotations = annotations(report, layout)?;
    Ok(format!("{annotations}{}\n", verdict_line::line(report)))
}

/// The workflow commands alone: the most urgent findings, and how many others there are.
///
/// # Errors
/// None so far.
pub(super) fn annotations(report: &Report, _: Layout) -> Result<String, RenderError> {
    let listed = worst_first(report);
    let of = |enforcement: Enforcement| {
        listed.iter().filter(move |listed| listed.finding.enforcement == enforcement)
    };
    let problems = report.problems.iter().map(|problem| {
        let help = problem.help.as_ref().map(|help| format!("\n{}", help.unescaped())).unwrap_or_default();
        let mut properties = vec![("title", problem.code.unescaped().to_owned())];
        properties.extend(problem.plan.as_ref().map(|plan| ("file", plan.unescaped().to_owned())));
        workflow_command("error", &properties, &format!("{}{help}", problem.message.unescaped()))
    });
    let denials = listed.iter().filter(|listed| listed.finding.enforcement.denies());
    let denials = denials.map(|listed| annotation("error", listed));
    let warnings = of(Enforcement::Warn).map(|listed| annotation("warning", listed));
    Ok(limited("error", problems.chain(denials).collect()) + &limited("warning", warnings.collect()))
}

/// As many as are shown. If there are more, the last one says how many.
fn limited(level: &str, mut commands: Vec<String>) -> String {
    if commands.len() > MOST {
        let more = commands.len() - (MOST - 1);
        commands.truncate(MOST - 1);
        let message =
            format!("{}; the log of the run has all of them", count(more, "more finding", "more findings"));
        commands.push(workflow_command(level, &[("title", "planguard".to_owned())], &message));
    }
    commands.concat()
}

fn annotation(level: &str, listed: &Listed<'_>) -> String {
    let place = listed.place();
    let mut properties = vec![("file", place.file.unescaped().trim_start_matches("./").to_owned())];
    properties.extend(place.line.map(|line| ("line", line.to_string())));
    if let Some((start, end)) = place.columns {
        properties.extend([("col", start.to_string()), ("endColumn", end.to_string())]);
    }
    let finding = listed.finding;
    let notes: Vec<String> = listed.notes().iter().map(|note| format!(", {note}")).collect();
    properties
        .push(("title", format!("{}[{}]{}", finding.severity, finding.rule.id.unescaped(), notes.concat())));
    let mut lines = listed.lines();
    if let Some(address) =
        listed.address().filter(|address| !finding.message.unescaped().contains(address.unescaped()))
    {
        lines.insert(0, address.clone());
    }
    let lines: Vec<&str> = lines.iter().map(SafeText::unescaped).collect();
    workflow_command(level, &properties, &lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::check::sample;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn denials_come_first_and_waived_findings_are_left_out() {
        insta::assert_snapshot!(render(&sample::of_everything(), PLAIN).unwrap());
    }

    #[test]
    fn there_are_no_more_than_github_shows() {
        for (number, expected) in [(9, 9), (10, 10), (11, 10), (500, 10)] {
            let finding = |number: usize| sample::finding("a", &format!("x.y{number}"));
            let mut findings: Vec<_> = (0..number).map(finding).collect();
            findings.extend(
                (0..number)
                    .map(finding)
                    .map(|finding| crate::finding::Finding { enforcement: Enforcement::Warn, ..finding }),
            );
            let text = annotations(&sample::report(vec![sample::plan("p", findings)]), PLAIN).unwrap();
            for level in ["::error ", "::warning "] {
                assert_eq!(text.lines().filter(|line| line.starts_with(level)).count(), expected, "{text}");
            }
            assert_eq!(
                text.contains(&format!("{} more findings", number - expected.min(number) + 1)),
                number > 10
            );
        }
    }
}
