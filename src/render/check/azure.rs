//! The report as logging commands of Azure Pipelines, which it shows on the summary of a run.
//!
//! <https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands> describes the commands; how values are
//! escaped is in `node/taskcommand.ts` of microsoft/azure-pipelines-task-lib.

use planguard_plan::redact::SafeText;
use planguard_plan::text::escape;

use super::listing::{Listed, worst_first};
use super::verdict_line;
use crate::enforcement::Enforcement;
use crate::render::{Format, Layout, RenderError};
use crate::report::Report;

pub(super) const FORMAT: Format<Report> = Format {
    name: "azure",
    former: None,
    help: "logging commands of Azure Pipelines",
    extension: "txt",
    render,
};

/// Problems and denials are errors; a last line is for people. The exit code ends the task, and no command.
fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    let mut text = String::new();
    for problem in &report.problems {
        let help = problem.help.as_ref().map(|help| format!("\n{}", help.unescaped())).unwrap_or_default();
        let file = problem.plan.as_ref().map(SafeText::unescaped).unwrap_or_default();
        let properties = [("type", "error"), ("sourcepath", file), ("code", problem.code.unescaped())];
        text.push_str(&issue(&properties, &format!("{}{help}", problem.message.unescaped())));
    }
    for listed in &worst_first(report) {
        let level = match listed.finding.enforcement {
            Enforcement::Deny | Enforcement::Approve => "error",
            Enforcement::Warn => "warning",
            Enforcement::Approved | Enforcement::Waived | Enforcement::Baseline | Enforcement::Off => {
                continue;
            }
        };
        text.push_str(&of_finding(level, listed));
    }
    text.push_str(&format!("{}\n", verdict_line::line(report)));
    Ok(text)
}

fn of_finding(level: &str, listed: &Listed<'_>) -> String {
    let place = listed.place();
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let line = number(place.line);
    let column = number(place.columns.map(|(start, _)| start as u64));
    let lines = listed.lines();
    let lines: Vec<&str> = lines.iter().map(SafeText::unescaped).collect();
    let properties = [
        ("type", level),
        ("sourcepath", place.file.unescaped().trim_start_matches("./")),
        ("linenumber", &line),
        ("columnnumber", &column),
        ("code", listed.finding.rule.id.unescaped()),
    ];
    issue(&properties, &lines.join("\n"))
}

/// A command on a line of its own, without properties that are empty.
fn issue(properties: &[(&str, &str)], message: &str) -> String {
    let properties: Vec<String> = properties
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key}={}", property(value)))
        .collect();
    format!("##vso[task.logissue {}]{}\n", properties.join(";"), data(message))
}

fn data(text: &str) -> String {
    // Carriage returns and further commands are among what is escaped as `\u{..}`.
    escape::for_document(text).replace('%', "%AZP25").replace('\n', "%0A")
}

/// A property ends at a semicolon, the properties at a bracket.
fn property(text: &str) -> String {
    data(text).replace(';', "%3B").replace(']', "%5D")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::check::sample;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn denials_come_first() {
        insta::assert_snapshot!(render(&sample::of_everything(), PLAIN).unwrap());
    }

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(
            issue(
                &[("type", "error"), ("code", "a];b%\n"), ("sourcepath", "")],
                "##vso[task.complete]\r\n::x"
            ),
            "##vso[task.logissue type=error;code=a%5D%3Bb%AZP25%0A]\\u{23}#vso[task.complete]\\u{d}%0A\\u{3a}:x\n"
        );
    }
}
