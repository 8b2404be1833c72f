//! Updates the expected findings in a file of plan cases, and keeps everything else.

use std::fs;

use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, Value};

use super::error::{CaseError, CaseProblem};
use super::expected::{ActualFinding, without_data};
use super::file::CaseFile;
use super::run::{CaseOutcome, CaseStatus};
use crate::finding::Certainty;
use crate::whole_file;

/// The result of an update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blessed {
    /// The names of the updated cases.
    pub rewritten: Vec<String>,
    /// The names of failing cases that were not updated, because they fail with an error.
    pub left: Vec<String>,
}

impl CaseFile {
    /// Replaces the `findings` of failed cases with the actual ones. An expectation that resembles a finding is
    /// changed only where it differs, and keeps whether it tests messages and severities. The file is written
    /// atomically, and only if something changes.
    ///
    /// # Errors
    /// The file cannot be written, or has changed since it was read.
    pub fn bless(&self, outcomes: &[CaseOutcome]) -> Result<Blessed, CaseError> {
        let path = self.path();
        let error = |problem| CaseError::of_file(path, problem);
        let unreadable = |reason: String| error(CaseProblem::Unreadable { reason });
        let text = fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        if text != self.text.as_str() {
            return Err(error(CaseProblem::Changed));
        }
        let mut document: DocumentMut =
            text.parse().map_err(|error: toml_edit::TomlError| unreadable(error.message().to_owned()))?;
        let mut blessed = Blessed::default();
        for (position, outcome) in outcomes.iter().enumerate() {
            let name = outcome.name.unescaped().to_owned();
            match outcome.status {
                CaseStatus::Passed => {}
                CaseStatus::Failed if outcome.missing_problems.is_empty() => {
                    let Some(case) = case_table(&mut document, position) else {
                        return Err(error(CaseProblem::Changed));
                    };
                    rewrite(case, &outcome.found);
                    blessed.rewritten.push(name);
                }
                CaseStatus::Failed | CaseStatus::Undecided => blessed.left.push(name),
            }
        }
        if !blessed.rewritten.is_empty() {
            whole_file::write(path, &document.to_string())
                .map_err(|reason| error(CaseProblem::Unwritable { reason: reason.to_string() }))?;
        }
        Ok(blessed)
    }
}

/// Returns the table of a case, written as `[[case]]` or in an array.
fn case_table(document: &mut DocumentMut, position: usize) -> Option<&mut dyn TableLike> {
    match document.get_mut("case")? {
        Item::ArrayOfTables(tables) => Some(tables.get_mut(position)?),
        Item::Value(Value::Array(array)) => Some(array.get_mut(position)?.as_inline_table_mut()?),
        _ => None,
    }
}

/// Replaces the findings with the actual ones, in the order of the expectations.
fn rewrite(case: &mut dyn TableLike, found: &[(ActualFinding, Option<usize>)]) {
    let written = expectations(case);
    let mut found: Vec<&(ActualFinding, Option<usize>)> = found.iter().collect();
    found.sort_by_key(|(_, expectation)| expectation.unwrap_or(usize::MAX));
    let mut findings = Array::new();
    for (found, expectation) in found {
        let mut entry = expectation.and_then(|position| written.get(position)).cloned().unwrap_or_default();
        let fresh = entry.is_empty();
        update(&mut entry, found);
        if fresh {
            entry.fmt();
        }
        let mut entry = Value::InlineTable(entry);
        // Keep a comment above an expectation.
        let comment =
            entry.decor().prefix().and_then(|prefix| prefix.as_str()).filter(|text| text.contains('#'));
        let prefix = comment.map_or_else(|| "\n    ".to_owned(), str::to_owned);
        *entry.decor_mut() = toml_edit::Decor::new(prefix, "");
        findings.push_formatted(entry);
    }
    if !findings.is_empty() {
        let trailing = trailing_comment(case).unwrap_or_else(|| "\n".to_owned());
        findings.set_trailing(trailing);
        findings.set_trailing_comma(true);
    }
    match case.get_mut("findings") {
        // Keep whitespace and comments around the key and after the value.
        Some(Item::Value(value)) => {
            let decor = value.decor().clone();
            *value = Value::Array(findings);
            *value.decor_mut() = decor;
        }
        _ => {
            case.insert("findings", Item::Value(Value::Array(findings)));
        }
    }
}

/// Returns the comment after the last finding.
fn trailing_comment(case: &dyn TableLike) -> Option<String> {
    let trailing = case.get("findings")?.as_array()?.trailing().as_str()?;
    trailing.contains('#').then(|| trailing.to_owned())
}

/// Returns the expected findings, each as one inline table.
fn expectations(case: &dyn TableLike) -> Vec<InlineTable> {
    match case.get("findings") {
        Some(Item::Value(Value::Array(array))) => {
            array.iter().map(|entry| entry.as_inline_table().cloned().unwrap_or_default()).collect()
        }
        Some(Item::ArrayOfTables(tables)) => tables
            .iter()
            .map(|table| {
                let mut inline = table.clone().into_inline_table();
                inline.fmt();
                inline
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Updates an expectation to a finding. Only its existing keys change, so that a case keeps testing what its author
/// chose.
fn update(entry: &mut InlineTable, found: &ActualFinding) {
    let fresh = entry.is_empty();
    let same_rule = text(entry, "rule").is_some_and(|rule| without_data(rule) == found.rule);
    if !same_rule {
        set(entry, "rule", &found.rule);
    }
    match &found.address {
        Some(address) => set(entry, "address", address.unescaped()),
        None => {
            entry.remove("address");
        }
    }
    // Without an address, only the message distinguishes two findings of a rule.
    if entry.contains_key("message") || (fresh && found.address.is_none()) {
        set(entry, "message", found.message.unescaped());
    }
    if entry.contains_key("severity") {
        set(entry, "severity", found.severity.as_str());
    }
    if entry.contains_key("enforcement") {
        set(entry, "enforcement", found.enforcement.as_str());
    }
    match found.certainty {
        Certainty::DependsOnUnknown => set(entry, "outcome", "undetermined"),
        Certainty::Certain if text(entry, "outcome") == Some("undetermined") => {
            entry.remove("outcome");
        }
        Certainty::Certain => {}
    }
}

fn text<'e>(entry: &'e InlineTable, key: &str) -> Option<&'e str> {
    entry.get(key).and_then(Value::as_str)
}

/// Sets a string, unless it is unchanged; keeps its quotes and whitespace.
fn set(entry: &mut InlineTable, key: &str, new: &str) {
    if text(entry, key) == Some(new) {
        return;
    }
    match entry.get_mut(key) {
        Some(value) => {
            let decor = value.decor().clone();
            *value = Value::from(new);
            *value.decor_mut() = decor;
        }
        None => {
            entry.insert(key, Value::from(new));
            entry.fmt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::run::RunOptions;
    use super::*;

    const BEFORE: &str = r#"# What a bucket must have.
guardrails = ["own.toml"]

[[case]]
# An old expectation.
name = "wrong in several ways"
findings = [ # as of last year
    # this one stays
    { rule = 'own-bucket-name',   address = "aws_s3_bucket.bad", severity = "low" },
    { rule = "own-bucket-name", address = "aws_s3_bucket.gone", message = "is gone" }, # goes
] # the end
resources = [
    { type = "aws_s3_bucket", name = "bad", after = { bucket = "x" } },
    { type = "aws_s3_bucket", name = "worse", after = { bucket = "x" } },
    { type = "aws_s3_bucket", name = "later", unknown = { bucket = true }, expressions = { bucket = {} } },
]

[[case]]
name = "right already" # untouched
findings = [ ]
resources = [{ type = "aws_s3_bucket", after = { bucket = "logs" } }]
"#;

    const GUARDRAIL: &str = r#"
[[guardrail]]
id = "own-bucket-name"
title = "Bucket is called x"
severity = "medium"
category = "resilience"
pack = "own"
resources = ["aws_s3_bucket"]
fail = { attribute = "bucket", is = "x" }
message = "{address} is called x"
why = "Nobody knows what is in it."
remediation = "Call it after what is in it."
"#;

    const AFTER: &str = r#"findings = [ # as of last year
    # this one stays
    { rule = 'own-bucket-name',   address = "aws_s3_bucket.bad", severity = "medium" },
    { rule = "own-bucket-name", address = "aws_s3_bucket.later", message = "aws_s3_bucket.later may be called x", outcome = "undetermined" },
    { rule = "own-bucket-name", address = "aws_s3_bucket.worse" }, # goes
] # the end
"#;

    #[test]
    fn only_findings_of_failing_cases_change() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cases.toml");
        fs::write(directory.path().join("own.toml"), GUARDRAIL).unwrap();
        fs::write(&path, BEFORE).unwrap();
        let file = CaseFile::read(&path).unwrap();
        let outcome = file.run(RunOptions::default()).unwrap();
        let blessed = file.bless(&outcome.cases).unwrap();
        assert_eq!(blessed.rewritten, ["wrong in several ways"]);
        let after = fs::read_to_string(&path).unwrap();
        let start = BEFORE.find("findings = [ #").unwrap();
        let end = BEFORE.find("resources = [\n").unwrap();
        assert_eq!(after, format!("{}{AFTER}{}", &BEFORE[..start], &BEFORE[end..]));
        // An updated case passes, and needs no further update.
        let file = CaseFile::read(&path).unwrap();
        let outcome = file.run(RunOptions::default()).unwrap();
        assert!(outcome.cases.iter().all(|case| case.status == CaseStatus::Passed), "{:?}", outcome.cases);
        assert_eq!(file.bless(&outcome.cases).unwrap(), Blessed::default());
        assert_eq!(fs::read_to_string(&path).unwrap(), after);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cases.toml");
        fs::write(directory.path().join("own.toml"), GUARDRAIL).unwrap();
        fs::write(&path, BEFORE).unwrap();
        let file = CaseFile::read(&path).unwrap();
        let outcome = file.run(RunOptions::default()).unwrap();
        let edited = BEFORE.replace("last year", "yesterday");
        fs::write(&path, &edited).unwrap();
        assert!(matches!(file.bless(&outcome.cases).unwrap_err().problem(), CaseProblem::Changed));
        assert_eq!(fs::read_to_string(&path).unwrap(), edited);
    }
}
