//! The findings as SARIF 2.1.0.

use planguard_rego_lint::LintFinding;
use planguard_rego_lint::LintReport;
use planguard_rego_lint::{Level, Lint};
use serde_json::{Value, json};

use crate::render::{Format, Layout, RenderError, json as document};

pub(super) const FORMAT: Format<LintReport> = Format {
    name: "sarif",
    former: None,
    help: "SARIF 2.1.0, for code scanning",
    extension: "sarif",
    render,
};

/// Every lint is a rule.
fn render(report: &LintReport, _: Layout) -> Result<String, RenderError> {
    let notifications: Vec<Value> = report
        .problems
        .iter()
        .map(|problem| {
            json!({
                "level": "error",
                "descriptor": { "id": problem.code.unescaped() },
                "message": { "text": problem.message.unescaped() },
            })
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "planguard lint",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": Lint::ALL.iter().map(|lint| rule(*lint)).collect::<Vec<Value>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": report.problems.is_empty(),
                "exitCode": report.exit_code(),
                "toolExecutionNotifications": notifications,
            }],
            "results": report.findings.iter().map(result).collect::<Vec<Value>>(),
        }],
    });
    Ok(document::indented(&log)?)
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
        "message": { "text": format!("{}; {}", finding.message.unescaped(), finding.help.unescaped()) },
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

/// A path as a relative URI reference, percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~') {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_references() {
        assert_eq!(uri("./a b/ü.rego"), "a%20b/%C3%BC.rego");
        assert_eq!(uri("policies/main.rego"), "policies/main.rego");
    }
}
