//! The findings as JSON, whose shape stays as it is (docs/policies/lint-report.md).

use planguard_rego_lint::Level;
use planguard_rego_lint::LintFinding;
use planguard_rego_lint::LintReport;
use serde::Serialize;

#[derive(Serialize)]
struct Document<'r> {
    version: u32,
    files: usize,
    errors: usize,
    warnings: usize,
    ignored: usize,
    complete: bool,
    exit_code: u8,
    findings: Vec<Finding<'r>>,
    problems: Vec<Problem<'r>>,
}

#[derive(Serialize)]
struct Finding<'r> {
    code: &'static str,
    name: &'static str,
    level: &'static str,
    file: &'r str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    message: &'r str,
    help: &'r str,
}

#[derive(Serialize)]
struct Problem<'r> {
    code: &'r str,
    message: &'r str,
    help: Option<&'r str>,
}

/// The report as JSON.
///
/// # Errors
///
/// What the serializer says; it has no reason to.
pub fn render(report: &LintReport) -> Result<String, serde_json::Error> {
    let document = Document {
        version: 1,
        files: report.files,
        errors: report.count(Level::Error),
        warnings: report.count(Level::Warning),
        ignored: report.ignored,
        complete: report.problems.is_empty(),
        exit_code: report.exit_code(),
        findings: report.findings.iter().map(finding).collect(),
        problems: report
            .problems
            .iter()
            .map(|problem| Problem {
                code: problem.code.as_str(),
                message: problem.message.as_str(),
                help: problem.help.as_ref().map(|help| help.as_str()),
            })
            .collect(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn finding(finding: &LintFinding) -> Finding<'_> {
    let info = finding.lint.info();
    Finding {
        code: info.code,
        name: info.name,
        level: info.level.as_str(),
        file: finding.file.as_str(),
        line: finding.line,
        column: finding.column,
        end_line: finding.end_line,
        end_column: finding.end_column,
        message: finding.message.as_str(),
        help: finding.help.as_str(),
    }
}
