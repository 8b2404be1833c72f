//! What reports in SARIF 2.1.0 have in common.

use planguard_plan::problem::Problem;
use serde_json::{Value, json};

use super::json as document;

/// What one report puts into its only run.
pub(super) struct Run {
    /// The name of the tool.
    pub(super) tool: &'static str,
    /// The rules, to whose positions results refer.
    pub(super) rules: Vec<Value>,
    /// The results.
    pub(super) results: Vec<Value>,
    /// The exit code.
    pub(super) exit_code: u8,
    /// Notifications of the tool.
    pub(super) notifications: Vec<Value>,
    /// Whether everything was looked at.
    pub(super) is_complete: bool,
}

/// A log with one run.
///
/// # Errors
/// Those of JSON.
pub(super) fn log(run: &Run) -> Result<String, serde_json::Error> {
    document::indented(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": run.tool,
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": run.rules,
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": run.is_complete,
                "exitCode": run.exit_code,
                "toolExecutionNotifications": run.notifications,
            }],
            "results": run.results,
        }],
    }))
}

/// What kept planguard from looking at everything.
pub(super) fn notification(problem: &Problem) -> Value {
    let help = problem.help.as_ref().map(|help| format!("; {}", help.unescaped())).unwrap_or_default();
    let mut notification = json!({
        "level": "error",
        "descriptor": { "id": problem.code.unescaped() },
        "message": message(&format!("{}{help}", problem.message.unescaped())),
    });
    if let Some(plan) = &problem.plan {
        notification["locations"] =
            json!([{ "physicalLocation": { "artifactLocation": { "uri": uri(plan.unescaped()) } } }]);
    }
    notification
}

/// A message. SARIF takes `[text](target)` for a link, and no text of a plan may be one.
pub(super) fn message(text: &str) -> Value {
    json!({ "text": text.replace("](", "]\\u{28}") })
}

/// A path as a URI reference, percent-encoded.
pub(super) fn uri(path: &str) -> String {
    // An absolute path without a scheme would be read as one of the host.
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
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
    fn paths_are_references() {
        assert_eq!(uri("./a b/ü.rego"), "a%20b/%C3%BC.rego");
        assert_eq!(uri("policies/main.rego"), "policies/main.rego");
        assert_eq!(uri("/tmp/a:b"), "file:///tmp/a%3Ab");
        assert_eq!(uri("//host/a"), "file:////host/a");
    }

    #[test]
    fn no_message_has_a_link() {
        assert_eq!(message("a[0](x) [b](https://c)")["text"], "a[0]\\u{28}x) [b]\\u{28}https://c)");
    }
}
