//! The findings as workflow commands, which GitHub shows beside the lines of a pull request.

use std::fmt::Write as _;

use super::catalogue::Level;
use super::report::LintReport;

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
        let _ = writeln!(
            text,
            "::{command} file={},line={},endLine={},col={},endColumn={},title={}::{}",
            property(finding.file.as_str()),
            finding.line,
            finding.end_line,
            finding.column,
            finding.end_column,
            property(&format!("{} {}", info.code, info.name)),
            data(&format!("{}\n{}", finding.message.as_str(), finding.help.as_str())),
        );
    }
    for problem in &report.problems {
        let _ = writeln!(
            text,
            "::error title={}::{}",
            property(problem.code.as_str()),
            data(problem.message.as_str())
        );
    }
    text
}

/// The message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command, which ends at a comma or colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(property("a:b,c%\nd"), "a%3Ab%2Cc%25%0Ad");
        assert_eq!(data("::error::x\n"), "::error::x%0A");
    }
}
