//! The findings as workflow commands, which GitHub shows beside the lines of a pull request.

use planguard_rego_lint::Level;
use planguard_rego_lint::LintReport;

use crate::render::workflow_command::workflow_command;
use crate::render::{Format, Layout, RenderError};

pub(super) const FORMAT: Format<LintReport> = Format {
    name: "github",
    former: None,
    help: "workflow commands of GitHub Actions",
    extension: "txt",
    render,
};

/// One line a finding.
fn render(report: &LintReport, _: Layout) -> Result<String, RenderError> {
    let mut text = String::new();
    for finding in &report.findings {
        let info = finding.lint.info();
        let command = match finding.level() {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Pedantic => "notice",
        };
        let properties = [
            ("file", finding.file.unescaped().to_owned()),
            ("line", finding.line.to_string()),
            ("endLine", finding.end_line.to_string()),
            ("col", finding.column.to_string()),
            ("endColumn", finding.end_column.to_string()),
            ("title", format!("{} {}", info.code, info.name)),
        ];
        let message = format!("{}\n{}", finding.message.unescaped(), finding.help.unescaped());
        text.push_str(&workflow_command(command, &properties, &message));
    }
    for problem in &report.problems {
        let properties = [("title", problem.code.unescaped().to_owned())];
        text.push_str(&workflow_command("error", &properties, problem.message.unescaped()));
    }
    Ok(text)
}
