//! Says why a rule holds or does not: how far each of its bodies gets, and what it stops at.
//!
//! The text of a body is evaluated literal by literal: the first one alone, the first two, and so on, each time with
//! everything that has a value by then. What cannot be evaluated so is said to be unexplained, never guessed.

mod ask;
mod body;
mod cause;
mod words;

use std::collections::BTreeSet;

use miette::SourceSpan;
use regorus::{Engine, Value};

use planguard_plan::text::suggest;
pub use words::Told;
use words::Words;

use self::ask::{Asker, File};
use super::error::PolicyText;
use super::frontend::{self, RuleAnatomy};
use super::input_paths;
use super::plan_index;
use super::program::{package_path, path_text};
use super::query::{QueryError, QueryInput};
use super::source::Source;
use super::workspace::Workspace;

/// How many rules and functions are followed in turn.
const DEPTH: usize = 3;

/// Why one body of a rule holds or does not. It has to be told by [`Explanation::told`], which hides what is
/// sensitive.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The rule's path.
    pub rule: String,
    /// Whether the body holds.
    pub outcome: Outcome,
    /// How many rules lead from the one that was asked about to this one.
    pub depth: usize,
    message: Words,
    labels: Vec<(SourceSpan, Words)>,
    notes: Vec<Words>,
    text: PolicyText,
}

/// Whether a body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does, with what the explanation shows.
    Holds,
    /// It does not.
    Fails,
    /// It could not be taken apart.
    Unexplained,
}

/// What an explanation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'s> {
    /// The whole plan.
    Plan,
    /// The resource change of this address.
    Address(&'s str),
}

impl Workspace {
    /// Explains every body of a rule such as `data.main.deny`, and the rules and functions that decide about it.
    ///
    /// # Errors
    ///
    /// There is no such rule or address, or the explanation took too long.
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
                || format!("the rules are {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(QueryError::NoRule { rule, help });
        }
        let address = match subject {
            Subject::Plan => None,
            Subject::Address(address) => Some(address.to_owned()),
        };
        let (sources, mut input) = (self.sources.clone(), input.clone());
        if input_paths::reads_index(&program) {
            input.value = plan_index::added(&input.value);
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

/// Whether a rule builds a document or a part of it: `deny["x"]` and `deny.storage` are parts of `deny`.
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
        || "`planguard eval --plan PLAN 'input.resource_changes[_].address'` lists the addresses".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Err(QueryError::NoAddress { address: wanted.to_owned(), help })
}

fn explain(engine: &Engine, sources: &[Source], rule: &str, address: Option<String>) -> Vec<Explanation> {
    let texts = || sources.iter().map(|source| source.text.as_ref());
    let files = sources.iter().filter_map(|source| {
        // A file that cannot be taken apart was refused when it was loaded.
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

/// A rule or function that decides about another one.
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
            message.code(rule).say(" is always what its default says: it has no body");
            self.found.push(Explanation {
                rule: rule.to_owned(),
                outcome: Outcome::Holds,
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
                // A function has to be called by somebody to have arguments.
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
        message.code(&path_text(&rule.path)).say(" is a function, which is explained where a rule calls it");
        self.found.push(Explanation {
            rule: path_text(&rule.path),
            outcome: Outcome::Unexplained,
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
            // What a function is called for is decided by its arguments.
            let address = if reason.arguments.is_empty() { self.address.as_deref() } else { None };
            let told = body::explain(&self.asker, &case, address);
            let holds = told.iter().any(|body| body.outcome == Outcome::Holds);
            for body in told {
                // That a constant is what it is explains nothing.
                if depth > 0 && case.body.literals.is_empty() && body.outcome == Outcome::Holds {
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
            if holds && rule.bodies.iter().any(|body| body.is_else) {
                // What follows is not evaluated.
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests;
