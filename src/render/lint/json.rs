//! The findings as JSON. Fields are added, never changed or removed; `docs/policies/lint.md` describes them.

use planguard_rego_lint::Level;
use planguard_rego_lint::LintFinding;
use planguard_rego_lint::LintReport;
use serde::Serialize;

use crate::render::{Format, Layout, RenderError, json};

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

pub(super) const FORMAT: Format<LintReport> =
    Format { name: "json", former: None, help: "see docs/policies/lint.md", extension: "json", render };

fn render(report: &LintReport, _: Layout) -> Result<String, RenderError> {
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
                code: problem.code.unescaped(),
                message: problem.message.unescaped(),
                help: problem.help.as_ref().map(|help| help.unescaped()),
            })
            .collect(),
    };
    Ok(json::indented(&document)?)
}

fn finding(finding: &LintFinding) -> Finding<'_> {
    let info = finding.lint.info();
    Finding {
        code: info.code,
        name: info.name,
        level: finding.level().as_str(),
        file: finding.file.unescaped(),
        line: finding.line,
        column: finding.column,
        end_line: finding.end_line,
        end_column: finding.end_column,
        message: finding.message.unescaped(),
        help: finding.help.unescaped(),
    }
}
