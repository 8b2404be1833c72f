//! Evaluates queries on policies and a plan.

mod error;
mod input;
mod members;
mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use miette::Diagnostic;
use regorus::{Engine, Value};
use serde_json::Value as Json;

pub use error::QueryError;
pub use input::QueryInput;
pub use members::builtin_names;
pub(super) use text::{QueryText, RULE};

use super::builtins::Lenience;
use super::checks;
use super::cpu_time::{self, Stopped};
use super::dialect;
use super::error::PolicyError;
use super::evaluate::{RESULT_DEPTH, RESULT_SIZE, nests_deeper};
use super::large_integers::IntegerMark;
use super::options::RegoVersion;
use super::program::{Program, path_text};
use super::source::{self, Source};
use super::unshared::is_larger;
use super::workspace::Workspace;

/// The effect of a failing builtin on a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuiltinErrors {
    /// The query fails.
    #[default]
    Strict,
    /// The call is undefined, as in `opa eval`, and a diagnostic is reported.
    Lax,
}

/// The result of a query.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// One for each solution; none if the query is undefined.
    pub results: Vec<QueryResult>,
    /// What stands for integers beyond 64 bits in the results.
    pub integers: IntegerMark,
    /// The lines printed by policies and the query, as `file:line: text`.
    pub prints: Vec<String>,
    /// The failed builtins whose calls were treated as undefined.
    pub diagnostics: Vec<QueryError>,
}

/// One solution of a query.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct QueryResult {
    /// The expressions of the query, in its order, without `some` declarations.
    pub expressions: Vec<ExpressionValue>,
    /// The variables of the query.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub bindings: BTreeMap<String, Json>,
}

/// The value of an expression of a query.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ExpressionValue {
    /// The value; a set becomes an array.
    pub value: Json,
    /// The source text of the expression.
    pub text: String,
    /// Its place in the query.
    pub location: QueryLocation,
}

/// A place in a query; both numbers start at one, and columns are bytes, as in OPA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct QueryLocation {
    /// The line.
    pub row: usize,
    /// The column.
    pub col: usize,
}

impl Workspace {
    /// Evaluates a query on an input.
    ///
    /// # Errors
    ///
    /// The query is not valid Rego, calls a refused function, fails in a builtin (unless `builtin_errors` is lax),
    /// exceeds the time limit, or returns a value that nests too deeply.
    pub fn query(
        &self,
        query: &str,
        input: &QueryInput,
        builtin_errors: BuiltinErrors,
    ) -> Result<Answers, QueryError> {
        let query = QueryText::read(query)?;
        let (question, input) = (query.clone(), input.clone());
        let sources = self.sources.clone();
        let limit = self.time_limit;
        let answer = self.ask("the query", move |engine| {
            input.give(engine)?;
            answer(engine, &question, &input, sources, builtin_errors, limit)
        })?;
        let Raw { value, prints, diagnostics } = answer?;
        let prints = prints.iter().map(|line| query.print(line)).collect();
        let (results, integers) = query.results(&value);
        Ok(Answers { results, integers, prints, diagnostics })
    }
}

impl Workspace {
    /// Returns the paths of all rules and functions, in order: `data.main.deny`.
    pub fn rule_paths(&self) -> Vec<String> {
        let program = self.program();
        let paths = program.documents.iter().map(|document| path_text(&document.path));
        let mut paths: Vec<String> = paths.filter(|path| !is_private_to_library(path)).collect();
        paths.sort();
        paths
    }
}

/// Returns whether a rule is private to the library.
fn is_private_to_library(path: &str) -> bool {
    path.starts_with("data.planguard.lib.") && path.contains("._")
}

/// The engine's answer.
struct Raw {
    value: Value,
    prints: Vec<String>,
    diagnostics: Vec<QueryError>,
}

fn answer(
    engine: &mut Engine,
    query: &QueryText,
    input: &QueryInput,
    mut sources: Vec<Source>,
    builtin_errors: BuiltinErrors,
    limit: Duration,
) -> Result<Raw, QueryError> {
    let source = query.source();
    let refused = |error: &dyn Diagnostic| query.refused(error);
    let rule = if query.is_whole_data() {
        // Exclude the rule that contains the query from its own result.
        None
    } else {
        super::nesting::check(&source).map_err(|error| refused(&error))?;
        engine.set_rego_v0(false);
        dialect::add(engine, &source, RegoVersion::V1).map_err(|error| refused(&error))?;
        sources.push(source);
        let modules = engine.get_modules().clone();
        let program = Program::new(&modules, &sources);
        if let Some(indexed) = input.indexed(&program) {
            engine.set_input(indexed);
        }
        let problems = checks::check(&program);
        let own = |error: &&PolicyError| is_in_query(*error);
        if let Some(error) = problems.errors.iter().find(own) {
            return Err(refused(error));
        }
        Some(RULE.to_owned())
    };
    let evaluate = |engine: &mut Engine| match &rule {
        Some(rule) => engine.eval_rule(rule.clone()),
        None => engine.eval_query("data".to_owned(), false).map(|mut results| {
            let first = results.result.pop().and_then(|mut result| result.expressions.pop());
            first.map_or(Value::Undefined, |expression| text::whole_data(expression.value))
        }),
    };
    let ask = |engine: &mut Engine| cpu_time::limited(engine, limit, evaluate);
    let mut lenient = engine.clone();
    let first = ask(engine);
    let failed = |stopped: &Stopped| match stopped {
        Stopped::Time => {
            PolicyError::OutOfTime { rule: "the query".to_owned(), limit_ms: limit.as_millis() }.into()
        }
        Stopped::Failed(message) => query.failed(&source::read_message(message, &sources), &sources),
    };
    let mut raw = Raw {
        value: Value::Undefined,
        prints: engine.take_prints().unwrap_or_default(),
        diagnostics: Vec::new(),
    };
    raw.value = match first {
        Ok(value) => value,
        Err(stopped) => {
            let error = failed(&stopped);
            if builtin_errors == BuiltinErrors::Strict || matches!(stopped, Stopped::Time) {
                return Err(error);
            }
            raw.diagnostics.push(error);
            lenient.set_strict_builtin_errors(false);
            let _lenience = Lenience::grant();
            let value = ask(&mut lenient).map_err(|stopped| failed(&stopped))?;
            raw.prints = lenient.take_prints().unwrap_or_default();
            value
        }
    };
    if is_larger(&raw.value, RESULT_SIZE) {
        return Err(QueryError::TooLarge);
    }
    if nests_deeper(&raw.value, RESULT_DEPTH) {
        return Err(QueryError::TooDeep);
    }
    raw.value = text::without_generated(raw.value);
    Ok(raw)
}

fn is_in_query(error: &dyn Diagnostic) -> bool {
    let label = error.labels().and_then(|mut labels| labels.next());
    let text = label.and_then(|label| error.source_code()?.read_span(label.inner(), 0, 0).ok());
    text.is_some_and(|text| text.name() == Some(text::FILE))
}

#[cfg(test)]
mod tests;
