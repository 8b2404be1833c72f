//! Holds the functions against the answers that OPA 1.20.2 gave, which are in `fixtures/rego/builtins`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use crate::convention::Dialect;
use crate::options::RegoVersion;
use crate::source::Source;
use crate::{dialect, set, shell};

/// One expression and what OPA made of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fact {
    eval: String,
    /// The value, with sets as arrays.
    #[serde(default, deserialize_with = "present")]
    gives: Option<serde_json::Value>,
    /// The reason why there is none.
    fails: Option<String>,
    #[serde(default)]
    undefined: bool,
    /// Why the answer here is known to be another one.
    differs: Option<String>,
}

/// Null is a value.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(Some)
}

#[derive(Debug, PartialEq)]
enum Answer {
    Value(serde_json::Value),
    Undefined,
    Failure(String),
    /// Which is never right.
    Panic(String),
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/rego/builtins")
}

/// The number of facts, and the reasons of those that are known to differ.
pub(crate) fn counted() -> (usize, Vec<String>) {
    let files = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    let facts: Vec<Fact> = files
        .flat_map(|file| -> Vec<Fact> { serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap() })
        .collect();
    (facts.len(), facts.into_iter().filter_map(|fact| fact.differs).collect())
}

fn answer(engine: &regorus::Engine, expression: &str) -> Answer {
    let mut engine = engine.clone();
    let mut sources = [Source::new("fact.rego", format!("package facts\nv := {expression}"))];
    set::rewrite(&mut sources, Dialect::Given(RegoVersion::V1));
    let results = shell::guard(|| {
        let added = sources.iter().try_for_each(|source| dialect::add(&mut engine, source, RegoVersion::V1));
        added.map_err(|error| error.to_string())?;
        engine.eval_query("v := data.facts.v".to_owned(), false).map_err(|error| error.to_string())
    });
    match results {
        Err(panic) => Answer::Panic(panic),
        Ok(Err(error)) => Answer::Failure(error),
        Ok(Ok(results)) => match results.result.first() {
            None => Answer::Undefined,
            Some(result) => match serde_json::to_value(&result.bindings["v"]) {
                Ok(value) => Answer::Value(value),
                Err(error) => Answer::Failure(error.to_string()),
            },
        },
    }
}

/// Whether two JSON values are the same, however their numbers are written.
fn same(left: &serde_json::Value, right: &serde_json::Value) -> bool {
    use serde_json::Value;
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || (!(left.is_i64() && right.is_i64()) && left.as_f64() == right.as_f64())
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        (left, right) => left == right,
    }
}

fn agrees(fact: &Fact, answer: &Answer) -> bool {
    match answer {
        Answer::Value(value) => fact.gives.as_ref().is_some_and(|expected| same(expected, value)),
        Answer::Undefined => fact.undefined,
        Answer::Failure(_) => fact.fails.is_some(),
        Answer::Panic(_) => false,
    }
}

#[test]
fn functions_answer_as_opa_does() {
    let engine = dialect::new_engine();
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let files = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    for file in files {
        let facts: Vec<Fact> = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let family = file.file_stem().unwrap().to_string_lossy().into_owned();
        for fact in facts {
            let answer = answer(&engine, &fact.eval);
            let count = counts.entry(family.clone()).or_default();
            count.0 += 1;
            match (agrees(&fact, &answer), &fact.differs) {
                (true, None) => count.1 += 1,
                (false, Some(_)) => {}
                (true, Some(reason)) => wrong.push(format!("{} no longer differs: {reason}", fact.eval)),
                (false, None) => {
                    let expected = fact.gives.map(|value| value.to_string()).or(fact.fails);
                    let expected = expected.unwrap_or_else(|| "undefined".to_owned());
                    wrong.push(format!("{}\n   OPA: {expected}\n  here: {answer:?}", fact.eval));
                }
            }
        }
    }
    println!("{counts:?}");
    assert!(wrong.is_empty(), "{} of {counts:?}:\n{}", wrong.len(), wrong.join("\n"));
}
