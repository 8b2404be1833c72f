//! The findings as SARIF 2.1.0.

use planguard_rego_lint::LintFinding;
use planguard_rego_lint::LintReport;
use planguard_rego_lint::{Level, Lint};
use serde_json::{Value, json};

use crate::render::sarif::{self, Run, message, uri};
use crate::render::{Format, Layout, RenderError};

pub(super) const FORMAT: Format<LintReport> = Format {
    name: "sarif",
    former: None,
    help: "SARIF 2.1.0, for code scanning",
    extension: "sarif",
    render,
};

/// Every lint is a rule.
fn render(report: &LintReport, _: Layout) -> Result<String, RenderError> {
    let run = Run {
        tool: "planguard lint",
        rules: Lint::ALL.iter().map(|lint| rule(*lint)).collect(),
        results: report.findings.iter().map(result).collect(),
        exit_code: report.exit_code(),
        notifications: report.problems.iter().map(sarif::notification).collect(),
        is_complete: report.problems.is_empty(),
    };
    Ok(sarif::log(&run)?)
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Pedantic => "note",
    }
}

fn rule(lint: Lint) -> Value {
    let info = lint.info();
    json!({
        "id": info.code,
        "name": info.name,
        "shortDescription": { "text": info.summary },
        "fullDescription": { "text": info.why },
        "defaultConfiguration": { "level": level(info.level) },
    })
}

fn result(finding: &LintFinding) -> Value {
    let info = finding.lint.info();
    json!({
        "ruleId": info.code,
        "ruleIndex": Lint::ALL.iter().position(|lint| *lint == finding.lint),
        "level": level(finding.level()),
        "message": message(&format!("{}; {}", finding.message.unescaped(), finding.help.unescaped())),
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(finding.file.unescaped()) },
            "region": {
                "startLine": finding.line,
                "startColumn": finding.column,
                "endLine": finding.end_line,
                "endColumn": finding.end_column,
            },
        }}],
    })
}
