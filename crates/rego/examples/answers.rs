//! Answers queries on policies, one JSON line for each: the side of planguard in `scripts/fuzz-against-opa.py`.
//!
//! A line `{"modules": ["package main …"], "input": {…}, "queries": ["data.main.r"]}` is answered by the list of what
//! each query gives: `{"value": 1}`, `{}` if it is undefined, or `{"error": "…"}`. The modules are in Rego v1, unless
//! `"version": "v0"` says otherwise.

use std::io::{self, BufRead, Write};

use miette::Diagnostic;
use planguard_rego::{
    BuiltinErrors, ContextOptions, Convention, PolicyInput, QueryInput, RegoVersion, Workspace,
    WorkspaceOptions,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// A policy set with an input and what is asked of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    modules: Vec<String>,
    input: Value,
    queries: Vec<String>,
    #[serde(default)]
    version: Version,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Version {
    V0,
    #[default]
    V1,
}

impl From<Version> for RegoVersion {
    fn from(version: Version) -> Self {
        match version {
            Version::V0 => Self::V0,
            Version::V1 => Self::V1,
        }
    }
}

fn main() -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let question: Question = serde_json::from_str(&line?)?;
        let version = Some(question.version.into());
        let mut options = WorkspaceOptions { version, ..WorkspaceOptions::default() };
        for (index, module) in question.modules.iter().enumerate() {
            let path = directory.path().join(format!("{index}.rego"));
            std::fs::write(&path, module)?;
            options.paths.push(path);
        }
        writeln!(output, "[{}]", answers(&question, &options).join(","))?;
        output.flush()?;
    }
    Ok(())
}

/// The answers as JSON.
fn answers(question: &Question, options: &WorkspaceOptions) -> Vec<String> {
    let all =
        |error: String| question.queries.iter().map(|_| json!({ "error": error }).to_string()).collect();
    let workspace = match Workspace::load(options) {
        Ok(workspace) => workspace,
        Err(errors) => return all(errors.iter().map(|error| text(error)).collect::<Vec<_>>().join("; ")),
    };
    if !workspace.problems().is_empty() {
        return all(workspace.problems().iter().map(|error| text(error)).collect::<Vec<_>>().join("; "));
    }
    let document = question.input.to_string();
    let plan = PolicyInput { name: "plan.json", text: &document, plan: None, cost: None };
    let input = match QueryInput::of_plan(plan, Convention::CONFTEST, &ContextOptions::default()) {
        Ok(input) => input,
        Err(errors) => return all(errors.iter().map(|error| text(error)).collect::<Vec<_>>().join("; ")),
    };
    let answer = |query: &String| match workspace.query(query, &input, BuiltinErrors::Lax) {
        Err(error) => json!({ "error": text(&error) }).to_string(),
        Ok(answers) => match answers.results.first().and_then(|result| result.expressions.first()) {
            None => "{}".to_owned(),
            Some(expression) => answers.integers.restored(&json!({ "value": expression.value }).to_string()),
        },
    };
    question.queries.iter().map(answer).collect()
}

/// An error with its code.
fn text(error: &dyn Diagnostic) -> String {
    error.code().map_or_else(|| error.to_string(), |code| format!("{code}: {error}"))
}
