//! How far a body gets.

use miette::SourceSpan;
use regorus::Value;

use super::ask::{Asker, Environment, File, Found, Question};
use super::cause::{self, Cause, Setting};
use super::words::Words;
use super::{Outcome, Reason};
use crate::frontend::{BodyAnatomy, LiteralAnatomy, PieceKind, RuleAnatomy};
use crate::program::path_text;

/// How many ways in which a body holds are shown.
const SHOWN: usize = 3;

/// A body and what it is called with.
pub(super) struct Case<'c> {
    pub file: &'c File<'c>,
    pub rule: &'c RuleAnatomy,
    pub body: &'c BodyAnatomy,
    pub arguments: &'c [Value],
}

/// What there is to tell of a body.
pub(super) struct ToldBody {
    pub outcome: Outcome,
    pub message: Words,
    pub labels: Vec<(SourceSpan, Words)>,
    pub notes: Vec<Words>,
    pub reasons: Vec<Reason>,
}

/// One way in which the first literals hold.
struct Solution {
    values: Vec<Value>,
}

/// Whether a solution is about the address that is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Address,
    Another,
    /// Nothing in it is a resource change.
    Nothing,
}

pub(super) fn explain(asker: &Asker<'_>, case: &Case<'_>, address: Option<&str>) -> Vec<ToldBody> {
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
    // What the body yields may be undefined too.
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
                let mut told = unexplained(case, reason);
                told.labels.push((span(&piece.span), Words::of("here")));
                return vec![told];
            }
        };
        if solutions.is_empty() {
            let names = columns.last().map(Vec::as_slice).unwrap_or_default();
            let environment = bound(&environment, names, reached.first());
            let cause = cause::of_value(asker, case.file, &environment, piece);
            let mut message = Words::default();
            message
                .code(&path_text(&case.rule.path))
                .say(" has no value: its body holds, and what it yields is undefined");
            return vec![told(message, Outcome::Fails, cause)];
        }
    }
    holds(asker, case, &columns, &reached, yields, address)
}

/// What has a value after so many literals.
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

/// The solutions that are about what is asked for.
fn solutions(found: &Found, address: Option<&str>) -> Result<Vec<Solution>, String> {
    let rows = found.as_ref().map_err(Clone::clone)?;
    let all: Vec<Solution> = rows
        .iter()
        .map(|row| Solution {
            values: row.as_array().map(|row| row.iter().cloned().collect()).unwrap_or_default(),
        })
        .collect();
    let Some(address) = address else { return Ok(all) };
    // As long as nothing is a resource change, the body is about all of them.
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

/// The address of a resource change.
pub(super) fn address_of(value: &Value) -> Option<&str> {
    match (&value["address"], &value["change"]) {
        (Value::String(address), Value::Object(_)) => Some(address.as_ref()),
        _ => None,
    }
}

/// The variables among the columns, with the values of a solution.
fn bound(environment: &Environment, columns: &[String], solution: Option<&Solution>) -> Environment {
    let mut bound = environment.clone();
    let values = solution.iter().flat_map(|solution| &solution.values);
    for (column, value) in columns.iter().zip(values) {
        // An expression that stands for a resource change is no variable.
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
) -> ToldBody {
    let rule = path_text(&case.rule.path);
    let Some(literal) = number.checked_sub(1).and_then(|index| case.body.literals.get(index)) else {
        let mut message = Words::default();
        message.code(&rule).say(" has other arguments than these: ");
        for (index, argument) in case.arguments.iter().enumerate() {
            message.say(if index == 0 { "" } else { ", " }).value(argument);
        }
        let labels = vec![(span(&case.rule.head), Words::of("these patterns do not match"))];
        return ToldBody { outcome: Outcome::Fails, message, labels, notes: Vec::new(), reasons: Vec::new() };
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
    message.say(if case.body.is_else { " (the body after `else`) does not hold" } else { " does not hold" });
    match (address, resource) {
        (Some(address), Some(_)) => {
            message.say(&format!(" for {address}"));
        }
        (Some(_), None) => {}
        (None, Some(first)) if reached.len() > 1 => {
            message.say(&format!(": {} get this far and no further; the first of them is ", reached.len()));
            message.value(first);
        }
        (None, Some(first)) => {
            message.say(" for ").value(first);
        }
        (None, None) => {}
    }
    let setting = Setting { environment: &environment, resource, address, replaced };
    told(message, Outcome::Fails, Cause::of(asker, case.file, setting, literal))
}

/// Gives the index of a literal that looks through resource changes the value that leads to the address. What is
/// to be replaced in its expressions comes back, and the resource change.
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

fn told(message: Words, outcome: Outcome, cause: Cause) -> ToldBody {
    let Cause { labels, notes, reasons } = cause;
    ToldBody { outcome, message, labels, notes, reasons }
}

fn failed(case: &Case<'_>, number: usize, reason: String) -> ToldBody {
    let mut told = unexplained(case, reason);
    if let Some(literal) = number.checked_sub(1).and_then(|index| case.body.literals.get(index)) {
        told.labels.push((span(&literal.span), Words::of("here")));
    }
    told
}

/// A body that fails otherwise than by being false or undefined, or that cannot be taken apart.
fn unexplained(case: &Case<'_>, reason: String) -> ToldBody {
    let mut message = Words::default();
    message.code(&path_text(&case.rule.path)).say(" could not be followed: ").say(&reason);
    ToldBody {
        outcome: Outcome::Unexplained,
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
) -> Vec<ToldBody> {
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
        // The arguments of a function are known before its body.
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
            let tells = !matches!(piece.kind, PieceKind::Scalar) && !names.contains(&piece.text);
            if let Some(value) = value.filter(|_| tells) {
                let mut words = Words::of("is ");
                words.value(&value);
                labels.push((span(&piece.span), words));
            }
        }
        if labels.is_empty() {
            labels.push((span(&case.rule.head), Words::of("everything in its body holds")));
        }
        all.push(ToldBody {
            outcome: Outcome::Holds,
            message,
            labels,
            notes: Vec::new(),
            reasons: Vec::new(),
        });
    }
    if reached.len() > shown
        && let Some(last) = all.last_mut()
    {
        last.notes.push(Words::of(&format!("it holds in {} more ways", reached.len() - shown)));
    }
    all
}

pub(super) fn span(span: &std::ops::Range<usize>) -> SourceSpan {
    (span.start, span.len()).into()
}
