//! Explains how far the evaluation of a body gets.

use miette::SourceSpan;
use regorus::Value;

use super::ask::{Asker, Environment, File, Found, Question};
use super::cause::{self, Cause, Setting};
use super::words::Words;
use super::{BodyOutcome, Reason};
use crate::frontend::{BodyAnatomy, ExprAnatomyKind, LiteralAnatomy, RuleAnatomy};
use crate::program::path_text;

/// The number of solutions that are reported.
const SHOWN: usize = 3;

/// A body and its arguments.
pub(super) struct Case<'c> {
    pub file: &'c File<'c>,
    pub rule: &'c RuleAnatomy,
    pub body: &'c BodyAnatomy,
    pub arguments: &'c [Value],
}

/// The explanation of a body.
pub(super) struct BodyExplanation {
    pub outcome: BodyOutcome,
    pub message: Words,
    pub labels: Vec<(SourceSpan, Words)>,
    pub notes: Vec<Words>,
    pub reasons: Vec<Reason>,
}

/// A solution of the first literals.
struct Solution {
    values: Vec<Value>,
}

/// Whether a solution contains the requested address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Address,
    Another,
    /// No value in it is a resource change.
    Nothing,
}

pub(super) fn explain(asker: &Asker<'_>, case: &Case<'_>, address: Option<&str>) -> Vec<BodyExplanation> {
    let literals = &case.body.literals;
    let environment: Environment =
        case.rule.arguments.iter().cloned().zip(case.arguments.iter().cloned()).collect();
    let columns: Vec<Vec<String>> = (0..=literals.len()).map(|number| columns(case, number)).collect();
    let mut questions: Vec<Question> = columns
        .iter()
        .enumerate()
        .map(|(number, columns)| Question {
            yields: format!("[{}]", columns.join(", ")),
            body: literals.iter().take(number).map(|literal| literal.text.clone()).collect(),
        })
        .collect();
    // The value of the rule may be undefined too.
    let all: Vec<String> = literals.iter().map(|literal| literal.text.clone()).collect();
    for piece in &case.body.yields {
        let mut body = all.clone();
        body.push(format!("__planguard_v := {}", piece.text));
        let mut columns = columns.last().cloned().unwrap_or_default();
        columns.push("__planguard_v".to_owned());
        questions.push(Question { yields: format!("[{}]", columns.join(", ")), body });
    }
    let found = asker.ask(case.file, &environment, &questions);
    let (prefixes, yields) = found.split_at(literals.len() + 1);
    let mut reached: Vec<Solution> = Vec::new();
    for (number, prefix) in prefixes.iter().enumerate() {
        let solutions = match solutions(prefix, address) {
            Ok(solutions) => solutions,
            Err(reason) => return vec![failed(case, number, reason)],
        };
        if solutions.is_empty() {
            return vec![stopped(asker, case, number, &columns, &reached, address)];
        }
        reached = solutions;
    }
    for (piece, found) in case.body.yields.iter().zip(yields) {
        let solutions = match solutions(found, address) {
            Ok(solutions) => solutions,
            Err(reason) => {
                let mut explanation = unexplained(case, reason);
                explanation.labels.push((span(&piece.span), Words::of("here")));
                return vec![explanation];
            }
        };
        if solutions.is_empty() {
            let names = columns.last().map(Vec::as_slice).unwrap_or_default();
            let environment = bound(&environment, names, reached.first());
            let cause = cause::of_value(asker, case.file, &environment, piece);
            let mut message = Words::default();
            message
                .code(&path_text(&case.rule.path))
                .say(" is undefined: its body is satisfied, but its value is undefined");
            return vec![explained(message, BodyOutcome::Unsatisfied, cause)];
        }
    }
    holds(asker, case, &columns, &reached, yields, address)
}

/// Returns the variables and resource expressions that have values after `number` literals.
fn columns(case: &Case<'_>, number: usize) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for literal in case.body.literals.iter().take(number) {
        for column in literal.binds.iter().chain(&literal.resources) {
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        }
    }
    columns
}

/// Returns the solutions for the requested address.
fn solutions(found: &Found, address: Option<&str>) -> Result<Vec<Solution>, String> {
    let rows = found.as_ref().map_err(Clone::clone)?;
    let all: Vec<Solution> = rows
        .iter()
        .map(|row| Solution {
            values: row.as_array().map(|row| row.iter().cloned().collect()).unwrap_or_default(),
        })
        .collect();
    let Some(address) = address else { return Ok(all) };
    // Without a resource change, a solution applies to all of them.
    Ok(all.into_iter().filter(|solution| about(solution, address) != About::Another).collect())
}

fn about(solution: &Solution, address: &str) -> About {
    let mut about = About::Nothing;
    for value in &solution.values {
        match address_of(value) {
            Some(found) if found == address => return About::Address,
            Some(_) => about = About::Another,
            None => {}
        }
    }
    about
}

/// Returns the address of a resource change.
pub(super) fn address_of(value: &Value) -> Option<&str> {
    match (&value["address"], &value["change"]) {
        (Value::String(address), Value::Object(_)) => Some(address.as_ref()),
        _ => None,
    }
}

/// Returns the variables among the columns, with the values of a solution.
fn bound(environment: &Environment, columns: &[String], solution: Option<&Solution>) -> Environment {
    let mut bound = environment.clone();
    let values = solution.iter().flat_map(|solution| &solution.values);
    for (column, value) in columns.iter().zip(values) {
        // A column may also be an expression for a resource change.
        if !column.contains(['[', '.']) {
            bound.retain(|(name, _)| name != column);
            bound.push((column.clone(), value.clone()));
        }
    }
    bound
}

fn stopped(
    asker: &Asker<'_>,
    case: &Case<'_>,
    number: usize,
    columns: &[Vec<String>],
    reached: &[Solution],
    address: Option<&str>,
) -> BodyExplanation {
    let rule = path_text(&case.rule.path);
    let Some(literal) = number.checked_sub(1).and_then(|index| case.body.literals.get(index)) else {
        let mut message = Words::default();
        message.code(&rule).say(" does not accept the arguments ");
        for (index, argument) in case.arguments.iter().enumerate() {
            message.say(if index == 0 { "" } else { ", " }).value(argument);
        }
        let labels = vec![(span(&case.rule.head), Words::of("the patterns do not match"))];
        return BodyExplanation {
            outcome: BodyOutcome::Unsatisfied,
            message,
            labels,
            notes: Vec::new(),
            reasons: Vec::new(),
        };
    };
    let before = number - 1;
    let arguments: Environment =
        case.rule.arguments.iter().cloned().zip(case.arguments.iter().cloned()).collect();
    let names = columns.get(before).map(Vec::as_slice).unwrap_or_default();
    let environment = bound(&arguments, names, reached.first());
    let addressed = || {
        let values = reached.first().map(|solution| solution.values.as_slice()).unwrap_or_default();
        values.iter().chain(case.arguments).filter(|value| address_of(value).is_some())
    };
    let resource = addressed().find(|value| address_of(value) == address).or_else(|| addressed().next());
    let mut environment = environment;
    let searched = address.and_then(|address| searched(asker, case, literal, &mut environment, address));
    let (replaced, found) = searched.unzip();
    let resource = resource.or(found.as_ref());
    let mut message = Words::default();
    message.code(&rule);
    message.say(if case.body.is_else {
        " (the body after `else`) is not satisfied"
    } else {
        " is not satisfied"
    });
    match (address, resource) {
        (Some(address), Some(_)) => {
            message.say(&format!(" for {address}"));
        }
        (Some(_), None) => {}
        (None, Some(first)) if reached.len() > 1 => {
            message.say(&format!(" for any of {} candidates; the first is ", reached.len()));
            message.value(first);
        }
        (None, Some(first)) => {
            message.say(" for ").value(first);
        }
        (None, None) => {}
    }
    let setting = Setting { environment: &environment, resource, address, replaced };
    explained(message, BodyOutcome::Unsatisfied, Cause::of(asker, case.file, setting, literal))
}

/// Binds the index of a literal that searches resource changes to the requested address. Returns the text to replace
/// in the literal's expressions, its replacement, and the resource change.
fn searched(
    asker: &Asker<'_>,
    case: &Case<'_>,
    literal: &LiteralAnatomy,
    environment: &mut Environment,
    address: &str,
) -> Option<((String, String), Value)> {
    let [resource] = literal.resources.as_slice() else { return None };
    let (collection, index) = resource.strip_suffix(']')?.rsplit_once('[')?;
    if environment.iter().any(|(name, _)| name == index) {
        return None;
    }
    let question = Question {
        yields: format!("[{index}, {resource}]"),
        body: vec![format!("{resource}.address == {}", serde_json::Value::from(address))],
    };
    let found = asker.ask(case.file, environment, &[question]).pop()?.ok()?.into_iter().next()?;
    environment.push((index.to_owned(), found[0u64].clone()));
    Some(((format!("{collection}[_]"), resource.clone()), found[1u64].clone()))
}

fn explained(message: Words, outcome: BodyOutcome, cause: Cause) -> BodyExplanation {
    let Cause { labels, notes, reasons } = cause;
    BodyExplanation { outcome, message, labels, notes, reasons }
}

fn failed(case: &Case<'_>, number: usize, reason: String) -> BodyExplanation {
    let mut explanation = unexplained(case, reason);
    if let Some(literal) = number.checked_sub(1).and_then(|index| case.body.literals.get(index)) {
        explanation.labels.push((span(&literal.span), Words::of("here")));
    }
    explanation
}

/// A body that fails with an error, or that cannot be analysed.
fn unexplained(case: &Case<'_>, reason: String) -> BodyExplanation {
    let mut message = Words::default();
    message.code(&path_text(&case.rule.path)).say(" cannot be explained: ").say(&reason);
    BodyExplanation {
        outcome: BodyOutcome::Unexplained,
        message,
        labels: Vec::new(),
        notes: Vec::new(),
        reasons: Vec::new(),
    }
}

fn holds(
    asker: &Asker<'_>,
    case: &Case<'_>,
    columns: &[Vec<String>],
    reached: &[Solution],
    yields: &[Found],
    address: Option<&str>,
) -> Vec<BodyExplanation> {
    let shown = reached.len().min(SHOWN);
    let names = columns.last().map(Vec::as_slice).unwrap_or_default();
    let mut all = Vec::new();
    for (index, solution) in reached.iter().take(SHOWN).enumerate() {
        let mut message = Words::default();
        message.code(&path_text(&case.rule.path)).say(" holds");
        if let Some(resource) = solution.values.iter().find(|value| address_of(value).is_some()) {
            message.say(" for ").value(resource);
        }
        if reached.len() > 1 {
            message.say(&format!(" ({} of {})", index + 1, reached.len()));
        }
        let mut labels = Vec::new();
        // The arguments of a function have values before its body.
        let mut known: Vec<&String> = case.rule.arguments.iter().collect();
        let arguments: Environment =
            case.rule.arguments.iter().cloned().zip(case.arguments.iter().cloned()).collect();
        let environment = bound(&arguments, names, Some(solution));
        for literal in &case.body.literals {
            let mut words = Words::default();
            let mut said = false;
            for name in &literal.binds {
                let Some(column) = names.iter().position(|column| column == name) else { continue };
                let Some(value) = solution.values.get(column).filter(|_| !known.contains(&name)) else {
                    continue;
                };
                words.say(if said { ", " } else { "" }).say(&format!("{name} is ")).value(value);
                (said, _) = (true, known.push(name));
            }
            if said {
                labels.push((span(&literal.span), words));
            }
            labels.extend(cause::seen(asker, case.file, &environment, literal));
        }
        for (piece, found) in case.body.yields.iter().zip(yields) {
            let value = solutions(found, address).ok().and_then(|solutions| {
                solutions
                    .into_iter()
                    .find(|yielded| yielded.values.starts_with(&solution.values))
                    .and_then(|yielded| yielded.values.last().cloned())
            });
            let tells = !matches!(piece.kind, ExprAnatomyKind::Scalar) && !names.contains(&piece.text);
            if let Some(value) = value.filter(|_| tells) {
                let mut words = Words::of("is ");
                words.value(&value);
                labels.push((span(&piece.span), words));
            }
        }
        if labels.is_empty() {
            labels.push((span(&case.rule.head), Words::of("every condition is satisfied")));
        }
        all.push(BodyExplanation {
            outcome: BodyOutcome::Satisfied,
            message,
            labels,
            notes: Vec::new(),
            reasons: Vec::new(),
        });
    }
    if reached.len() > shown
        && let Some(last) = all.last_mut()
    {
        last.notes.push(Words::of(&format!("{} more solutions", reached.len() - shown)));
    }
    all
}

pub(super) fn span(span: &std::ops::Range<usize>) -> SourceSpan {
    (span.start, span.len()).into()
}
