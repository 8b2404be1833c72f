//! Explains whether a rule is satisfied: how far each of its bodies gets, and which literal stops it.
//!
//! A body is evaluated with its first literal, its first two, and so on, each time with the variables bound so far. A
//! body that cannot be evaluated this way is reported as unexplained, never guessed.

mod ask;
mod body;
mod cause;
mod words;

use std::collections::BTreeSet;
use std::ops::Range;

use miette::SourceSpan;
use regorus::{Engine, Value};

use planguard_plan::text::suggest;
pub use words::RedactedExplanation;
use words::Words;

use self::ask::{Asker, File};
use super::error::PolicyText;
use super::frontend::{self, RuleAnatomy};
use super::program::{package_path, path_text};
use super::query::{QueryError, QueryInput};
use super::source::Source;
use super::workspace::Workspace;

/// The maximum number of rules and functions that are followed in a chain.
const DEPTH: usize = 3;

/// The explanation of one body of a rule. Print it with [`Explanation::redacted`], which hides sensitive values.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The rule's path.
    pub rule: String,
    /// Whether the body is satisfied.
    pub outcome: BodyOutcome,
    /// The number of rules between the requested rule and this one.
    pub depth: usize,
    message: Words,
    labels: Vec<(SourceSpan, Words)>,
    notes: Vec<Words>,
    text: PolicyText,
}

/// Whether a body is satisfied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyOutcome {
    /// It is; the explanation shows its values.
    Satisfied,
    /// It is not.
    Unsatisfied,
    /// It could not be analysed.
    Unexplained,
}

/// The subject of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'s> {
    /// The whole plan.
    Plan,
    /// The resource change of this address.
    Address(&'s str),
}

impl Workspace {
    /// Explains every body of a rule such as `data.main.deny`, and the rules and functions that it depends on.
    ///
    /// # Errors
    ///
    /// The rule or address does not exist, or the time limit was exceeded.
    pub fn explain(
        &self,
        rule: &str,
        input: &QueryInput,
        subject: Subject<'_>,
    ) -> Result<Vec<Explanation>, QueryError> {
        let rule = rule.trim().to_owned();
        let known = self.rule_paths();
        let packages: Vec<Vec<String>> = self.modules.iter().map(|module| package_path(module)).collect();
        let program = self.program();
        let is_rule = program.documents.iter().any(|document| builds(&document.path, &rule))
            && !packages.iter().any(|package| builds(package, &rule));
        if !is_rule {
            let near = suggest::nearest(&rule, known.iter().map(String::as_str));
            let help = near.map_or_else(
                || format!("use one of {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(QueryError::NoRule { rule, help });
        }
        let address = match subject {
            Subject::Plan => None,
            Subject::Address(address) => Some(address.to_owned()),
        };
        let (sources, mut input) = (self.sources.clone(), input.clone());
        if let Some(indexed) = input.indexed(&program) {
            input.value = indexed;
        }
        self.ask(&rule.clone(), move |engine| {
            input.give(engine)?;
            if let Some(address) = &address {
                has_address(&input.value, address)?;
            }
            Ok(explain(engine, &sources, &rule, address))
        })?
    }
}

impl Workspace {
    /// Says what the parts of the statement are that stops a test, such as "`count(deny)` is 1". `statement` is its
    /// range in the file. Nothing is said where it cannot be told.
    pub(super) fn parts_of_failure(&self, test: &str, file: &str, statement: &Range<usize>) -> Vec<String> {
        let Some(source) = self.sources.iter().find(|source| source.name == file).cloned() else {
            return Vec::new();
        };
        let (sources, test, statement) = (self.sources.clone(), test.to_owned(), statement.clone());
        let told = self.ask(&test.clone(), move |engine| {
            let texts = sources.iter().map(|source| source.text.as_ref());
            let Ok(anatomy) = frontend::anatomy(&source.text, texts) else { return Vec::new() };
            let files = [File { source: &source, anatomy }];
            let asker = Asker::new(engine, &sources);
            let explainer = Explainer { asker, files: &files, address: None, found: Vec::new() };
            let mut bodies = explainer.all(&test).into_iter();
            let stopped = bodies.find(|body| body.depth == 0 && body.outcome == BodyOutcome::Unsatisfied);
            stopped.map(|body| body.parts(&statement)).unwrap_or_default()
        });
        told.unwrap_or_default()
    }
}

/// Returns whether a rule defines a document or a part of it: `deny["x"]` and `deny.storage` are parts of `deny`.
fn builds(path: &[String], document: &str) -> bool {
    (1..=path.len()).any(|length| path_text(&path[..length]) == document)
}

fn has_address(input: &Value, wanted: &str) -> Result<(), QueryError> {
    let plan = if input["resource_changes"] == Value::Undefined { &input["plan"] } else { input };
    let changes = plan["resource_changes"].as_array().into_iter().flat_map(|changes| changes.iter());
    let addresses: Vec<&Value> = changes.map(|change| &change["address"]).collect();
    let addresses: BTreeSet<&str> = addresses
        .into_iter()
        .filter_map(|address| match address {
            Value::String(address) => Some(address.as_ref()),
            _ => None,
        })
        .collect();
    if addresses.contains(wanted) {
        return Ok(());
    }
    let near = suggest::nearest(wanted, addresses.iter().copied());
    let help = near.map_or_else(
        || {
            "run `planguard eval --plan PLAN 'input.resource_changes[_].address'` to list the addresses"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    );
    Err(QueryError::NoAddress { address: wanted.to_owned(), help })
}

fn explain(engine: &Engine, sources: &[Source], rule: &str, address: Option<String>) -> Vec<Explanation> {
    let texts = || sources.iter().map(|source| source.text.as_ref());
    let files = sources.iter().filter_map(|source| {
        // Files that cannot be analysed were rejected by the loader.
        Some(File { source, anatomy: frontend::anatomy(&source.text, texts()).ok()? })
    });
    let files: Vec<File<'_>> = files.collect();
    let explainer =
        Explainer { asker: Asker::new(engine, sources), files: &files, address, found: Vec::new() };
    explainer.all(rule)
}

struct Explainer<'e> {
    asker: Asker<'e>,
    files: &'e [File<'e>],
    address: Option<String>,
    found: Vec<Explanation>,
}

/// A rule or function that another rule depends on.
struct Reason {
    rule: String,
    arguments: Vec<Value>,
}

impl<'e> Explainer<'e> {
    fn all(mut self, rule: &str) -> Vec<Explanation> {
        let reason = Reason { rule: rule.to_owned(), arguments: Vec::new() };
        self.rule(&reason, 0);
        let source = self.files.iter().find(|file| {
            let mut rules = file.anatomy.defaults.iter();
            rules.any(|path| builds(path, rule))
        });
        if let (true, Some(file)) = (self.found.is_empty(), source) {
            let mut message = Words::default();
            message.code(rule).say(" always has its default value, because it has no body");
            self.found.push(Explanation {
                rule: rule.to_owned(),
                outcome: BodyOutcome::Satisfied,
                depth: 0,
                message,
                labels: Vec::new(),
                notes: Vec::new(),
                text: file.source.named(),
            });
        }
        self.found
    }

    fn rule(&mut self, reason: &Reason, depth: usize) {
        let files: &'e [File<'e>] = self.files;
        for file in files {
            for rule in &file.anatomy.rules {
                if !builds(&rule.path, &reason.rule) {
                    continue;
                }
                // A function has arguments only where it is called.
                if rule.arguments.len() == reason.arguments.len() {
                    self.bodies(file, rule, reason, depth);
                } else if depth == 0 {
                    self.uncalled(file, rule);
                }
            }
        }
    }

    fn uncalled(&mut self, file: &File<'_>, rule: &RuleAnatomy) {
        let mut message = Words::default();
        message.code(&path_text(&rule.path)).say(" is a function; explain a rule that calls it");
        self.found.push(Explanation {
            rule: path_text(&rule.path),
            outcome: BodyOutcome::Unexplained,
            depth: 0,
            message,
            labels: Vec::new(),
            notes: Vec::new(),
            text: file.source.named(),
        });
    }

    fn bodies(&mut self, file: &File<'_>, rule: &RuleAnatomy, reason: &Reason, depth: usize) {
        for body in &rule.bodies {
            let case = body::Case { file, rule, body, arguments: &reason.arguments };
            // A function's arguments determine its resource.
            let address = if reason.arguments.is_empty() { self.address.as_deref() } else { None };
            let explained = body::explain(&self.asker, &case, address);
            let is_satisfied = explained.iter().any(|body| body.outcome == BodyOutcome::Satisfied);
            for body in explained {
                // A satisfied constant explains nothing.
                if depth > 0 && case.body.literals.is_empty() && body.outcome == BodyOutcome::Satisfied {
                    continue;
                }
                let rule = path_text(&rule.path);
                self.found.push(Explanation {
                    rule,
                    outcome: body.outcome,
                    depth,
                    message: body.message,
                    labels: body.labels,
                    notes: body.notes,
                    text: file.source.named(),
                });
                if depth < DEPTH {
                    for reason in &body.reasons {
                        self.rule(reason, depth + 1);
                    }
                }
            }
            if is_satisfied && rule.bodies.iter().any(|body| body.is_else) {
                // Later `else` bodies are not evaluated.
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests;
