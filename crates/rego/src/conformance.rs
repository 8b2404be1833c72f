//! Holds front end and engine together against what OPA answers, case by case.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::builtins::{Lenience, facts};
use super::convention::Dialect;
use super::dialect;
use super::options::RegoVersion;
use super::set;
use super::source::Source;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// JSON, for the cases that have none of their own.
    input: Option<String>,
    /// A module that all cases have as well.
    module: Option<String>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    version: Version,
    modules: Vec<String>,
    /// JSON.
    input: Option<String>,
    #[serde(default = "default_query")]
    query: String,
    /// JSON, or `undefined` or `error`.
    opa: String,
    /// What comes out instead, if that is known to be something else.
    engine: Option<String>,
    /// The reason for that.
    differs: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Version {
    V0,
    #[default]
    V1,
}

fn default_query() -> String {
    "data.main.r".to_owned()
}

#[derive(Debug, PartialEq)]
enum Answer {
    Value(serde_json::Value),
    Undefined,
    Error,
}

impl Answer {
    fn expected(text: &str) -> Self {
        match text {
            "undefined" => Self::Undefined,
            "error" => Self::Error,
            json => Self::Value(serde_json::from_str(json).unwrap()),
        }
    }
}

fn cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/rego/conformance");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let file: File = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        cases.extend(file.case.into_iter().map(|mut case| {
            case.input = case.input.or_else(|| file.input.clone());
            case.modules.extend(file.module.clone());
            case
        }));
    }
    cases
}

fn version(case: &Case) -> RegoVersion {
    match case.version {
        Version::V0 => RegoVersion::V0,
        Version::V1 => RegoVersion::V1,
    }
}

fn sources(case: &Case) -> Vec<Source> {
    let named = case.modules.iter().enumerate();
    let mut sources: Vec<Source> =
        named.map(|(index, text)| Source::new(format!("{index}.rego"), text.as_str())).collect();
    set::rewrite(&mut sources, Dialect::Given(version(case)));
    sources
}

fn answer(case: &Case) -> Answer {
    let mut engine = dialect::new_engine();
    // As OPA does unless told otherwise.
    let _lenience = Lenience::grant();
    engine.set_strict_builtin_errors(false);
    for source in sources(case) {
        if dialect::add(&mut engine, &source, version(case)).is_err() {
            return Answer::Error;
        }
    }
    if let Some(input) = &case.input {
        engine.set_input(regorus::Value::from_json_str(input).unwrap());
    }
    match engine.eval_query(case.query.clone(), false) {
        Err(_) => Answer::Error,
        Ok(results) => match results.result.first().map(|result| &result.expressions[0].value) {
            None | Some(regorus::Value::Undefined) => Answer::Undefined,
            Some(value) => Answer::Value(serde_json::from_str(&value.to_json_str().unwrap()).unwrap()),
        },
    }
}

/// The rows of `docs/rego.md` about facts are true; `UPDATE=1` writes them anew.
#[test]
fn the_page_has_the_number_of_facts() {
    let cases = cases();
    for case in &cases {
        assert_eq!(case.engine.is_some(), case.differs.is_some(), "{}: a difference has a reason", case.name);
    }
    let reasons: Vec<&str> = cases.iter().filter_map(|case| case.differs.as_deref()).collect();
    let (builtins, differing) = facts::counted();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rego.md");
    let mut page = std::fs::read_to_string(&path).unwrap();
    for (kind, all, known) in [
        ("language constructs (`conformance/`)", cases.len(), reasons.len()),
        ("builtins (`builtins/`)", builtins, differing.len()),
    ] {
        let same = thousands(all - known);
        let row = format!("| {kind} | {} | {same} | {known} |", thousands(all));
        let written = page.lines().find(|line| line.starts_with(&format!("| {kind}"))).unwrap().to_owned();
        page = page.replace(&written, &row);
    }
    let reasons = reasons.into_iter().chain(differing.iter().map(String::as_str));
    let table = table_of(reasons);
    let start = page.find(REASONS).unwrap() + REASONS.len();
    let end = page[start..].find("\n\n").unwrap() + start;
    page.replace_range(start..end, &table);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    } else {
        let written = std::fs::read_to_string(&path).unwrap();
        assert_eq!(written, page, "run UPDATE=1 cargo test -p planguard-rego --lib");
    }
}

/// The head of the table of reasons.
const REASONS: &str = "| why the others differ | number |\n|---|---|\n";

/// A row for each reason, the most frequent first.
fn table_of<'r>(reasons: impl Iterator<Item = &'r str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    reasons.for_each(|reason| *counts.entry(reason).or_default() += 1);
    let mut rows: Vec<(&str, usize)> = counts.into_iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let rows: Vec<String> = rows.iter().map(|(reason, count)| format!("| {reason} | {count} |")).collect();
    rows.join("\n")
}

fn thousands(number: usize) -> String {
    match (number / 1000, number % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands},{rest:03}"),
    }
}

#[test]
fn every_case_is_answered_as_opa_answers_it() {
    let cases = cases();
    assert!(cases.len() > 600, "only {} cases were found", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let (answer, opa) = (answer(case), Answer::expected(&case.opa));
        match &case.engine {
            Some(_) if answer == opa => wrong.push(format!("{} no longer differs", case.name)),
            Some(engine) if answer == Answer::expected(engine) => {}
            None if answer == opa => {}
            Some(_) | None => wrong.push(format!("{}: {answer:?} instead of {opa:?}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn rewriting_keeps_lines_and_is_done_after_once() {
    for case in cases() {
        let mut again = sources(&case);
        for (source, author) in again.iter_mut().zip(&case.modules) {
            let text = source.engine_text().to_owned();
            assert_eq!(text.matches('\n').count(), author.matches('\n').count(), "{text}");
            *source = Source::new(source.name.as_str(), text);
        }
        set::rewrite(&mut again, Dialect::Given(version(&case)));
        for source in again {
            assert_eq!(source.engine_text(), &*source.text, "{}", case.name);
        }
    }
}
