//! The findings as workflow commands, which GitHub shows beside the lines of a pull request.

use planguard_rego_lint::Level;
use planguard_rego_lint::LintReport;

use crate::render::workflow_command;

/// One line a finding.
pub fn render(report: &LintReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let info = finding.lint.info();
        let command = match info.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Pedantic => "notice",
        };
        let properties = [
            ("file", finding.file.to_string()),
            ("line", finding.line.to_string()),
            ("endLine", finding.end_line.to_string()),
            ("col", finding.column.to_string()),
            ("endColumn", finding.end_column.to_string()),
            ("title", format!("{} {}", info.code, info.name)),
        ];
        let message = format!("{}\n{}", finding.message, finding.help);
        text.push_str(&workflow_command(command, &properties, &message));
    }
    for problem in &report.problems {
        let properties = [("title", problem.code.to_string())];
        text.push_str(&workflow_command("error", &properties, problem.message.as_str()));
    }
    text
}
