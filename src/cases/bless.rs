//! Writes what was found into a file of plan cases, and leaves everything else as it stands.

use std::fs;
use std::path::Path;

use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, Value};

use super::error::{CaseError, CaseProblem};
use super::expected::{Found, without_data};
use super::file::CaseFile;
use super::run::{CaseOutcome, CaseStatus};
use crate::finding::Certainty;

/// What a blessing did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blessed {
    /// The names of the cases whose findings were rewritten.
    pub rewritten: Vec<String>,
    /// The names of cases that fail and were left alone, because a problem and not a finding is the reason.
    pub left: Vec<String>,
}

impl CaseFile {
    /// Makes what was found what is expected: rewrites `findings` of the cases that failed. An expectation that
    /// a finding comes near to is changed where it differs; what a case expects of messages and severities it
    /// goes on expecting. The file is written only if something changes, and whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written, or is no longer what was read.
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
            write(path, &document.to_string()).map_err(|reason| error(CaseProblem::Unwritable { reason }))?;
        }
        Ok(blessed)
    }
}

/// The table of a case, written as `[[case]]` or in an array.
fn case_table(document: &mut DocumentMut, position: usize) -> Option<&mut dyn TableLike> {
    match document.get_mut("case")? {
        Item::ArrayOfTables(tables) => Some(tables.get_mut(position)?),
        Item::Value(Value::Array(array)) => Some(array.get_mut(position)?.as_inline_table_mut()?),
        _ => None,
    }
}

/// Puts what was found in the place of the findings, in the order of the expectations.
fn rewrite(case: &mut dyn TableLike, found: &[(Found, Option<usize>)]) {
    let written = expectations(case);
    let mut found: Vec<&(Found, Option<usize>)> = found.iter().collect();
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
        // A comment above an expectation stays there.
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
        // What stands around the key and behind the value stays.
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

/// What stands behind the last of the findings, if a comment does.
fn trailing_comment(case: &dyn TableLike) -> Option<String> {
    let trailing = case.get("findings")?.as_array()?.trailing().as_str()?;
    trailing.contains('#').then(|| trailing.to_owned())
}

/// The findings as they are written, each as one inline table.
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

/// Makes an expectation fit a finding. Only what is written is changed, so that a case goes on expecting what
/// its author meant to pin down, and no more.
fn update(entry: &mut InlineTable, found: &Found) {
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
    // Without an address, only the message tells two findings of a rule apart.
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

/// Sets a text, unless it is what stands there; quotes and spaces around it stay where it stood.
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

/// Replaces a file whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), String> {
    let permissions = fs::metadata(path).map(|metadata| metadata.permissions());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".blessed");
    let beside = path.with_file_name(name);
    let written = fs::write(&beside, text)
        .and_then(|()| fs::set_permissions(&beside, permissions?))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        // What is left of the attempt is of no use, and a second failure changes nothing.
        let _ = fs::remove_file(&beside);
        error.to_string()
    })
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
    { rule = "own-bucket-name", address = "aws_s3_bucket.later", message = "it may be that aws_s3_bucket.later is called x", outcome = "undetermined" },
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
        // What is blessed passes, and there is nothing left to bless.
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
