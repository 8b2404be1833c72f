//! Orders the literals of a body as OPA does: a literal comes first only when its variables have values.

use std::collections::HashSet;

use planguard_rego_syntax::tree::Operator;

use super::resolved::{Base, Literal, LiteralKind, Term};

/// Returns the literals in an order in which variables are bound before they are used, in the written order as far as
/// possible. `bound` are the variables that have a value before the body.
pub(super) fn ordered(literals: Vec<Literal>, bound: &HashSet<usize>) -> Vec<Literal> {
    let mut bound = bound.clone();
    let mut rest = literals;
    let mut ordered = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        // A literal that never gets ready is unsafe, and the engine has refused the policy.
        let next = rest.iter().position(|literal| is_ready(literal, &bound)).unwrap_or(0);
        let literal = rest.remove(next);
        literal_variables(&literal, &mut |slot| {
            bound.insert(slot);
        });
        ordered.push(literal);
    }
    ordered
}

fn is_ready(literal: &Literal, bound: &HashSet<usize>) -> bool {
    let has = |term: &Term| needs_only(term, bound);
    literal.withs.iter().all(|(_, value)| has(value))
        && match &literal.kind {
            LiteralKind::Declaration => true,
            LiteralKind::SomeIn { collection, .. } => has(collection),
            LiteralKind::Every { collection, body, first_slot, .. } => {
                has(collection) && body.iter().all(|literal| outer_are_bound(literal, *first_slot, bound))
            }
            LiteralKind::Holds(Term::Operation {
                operator: Operator::Assign | Operator::Unify,
                operands,
            }) => match operands.as_slice() {
                [left, right] => {
                    (has(right) && pattern_needs_only(left, bound))
                        || (has(left) && pattern_needs_only(right, bound))
                }
                _ => false,
            },
            LiteralKind::Holds(term) => has(term),
            LiteralKind::Not(term) => {
                let mut all = true;
                variables(term, usize::MAX, &mut |slot| all &= bound.contains(&slot));
                all
            }
        }
}

fn outer_are_bound(literal: &Literal, first_slot: usize, bound: &HashSet<usize>) -> bool {
    let mut all = true;
    literal_variables_below(literal, first_slot, &mut |slot| all &= bound.contains(&slot));
    all
}

/// Whether a term can be evaluated: everything in it has a value but the variables that its references search.
fn needs_only(term: &Term, bound: &HashSet<usize>) -> bool {
    let has = |term: &Term| needs_only(term, bound);
    match term {
        Term::Constant(_) | Term::Wildcard => true,
        Term::Variable(slot) => bound.contains(slot),
        Term::Reference { base, steps } => {
            let base = match base {
                Base::Input | Base::Data => true,
                Base::Term(term) => has(term),
            };
            base && steps.iter().all(|step| pattern_needs_only(step, bound))
        }
        Term::Call { arguments, output, .. } => {
            arguments.iter().all(has) && output.as_deref().is_none_or(|term| pattern_needs_only(term, bound))
        }
        Term::Operation { operands, .. } => operands.iter().all(has),
        Term::Array(items) | Term::Set(items) | Term::Template(items) => items.iter().all(has),
        Term::Object(fields) => fields.iter().all(|(key, value)| has(key) && has(value)),
        Term::Comprehension { heads, body, first_slot, .. } => {
            let mut all = true;
            let mut see = |slot| all &= bound.contains(&slot);
            heads.iter().for_each(|head| variables(head, *first_slot, &mut see));
            body.iter().for_each(|literal| literal_variables_below(literal, *first_slot, &mut see));
            all
        }
    }
}

/// Whether a value can be compared with a pattern: a variable may be bound by it.
fn pattern_needs_only(term: &Term, bound: &HashSet<usize>) -> bool {
    match term {
        Term::Variable(_) | Term::Wildcard | Term::Constant(_) => true,
        Term::Array(items) => items.iter().all(|item| pattern_needs_only(item, bound)),
        Term::Object(fields) => {
            fields.iter().all(|(key, value)| needs_only(key, bound) && pattern_needs_only(value, bound))
        }
        Term::Reference { .. }
        | Term::Call { .. }
        | Term::Operation { .. }
        | Term::Set(_)
        | Term::Comprehension { .. }
        | Term::Template(_) => needs_only(term, bound),
    }
}

fn literal_variables(literal: &Literal, see: &mut dyn FnMut(usize)) {
    literal_variables_below(literal, usize::MAX, see);
}

fn literal_variables_below(literal: &Literal, below: usize, see: &mut dyn FnMut(usize)) {
    for (_, value) in &literal.withs {
        variables(value, below, see);
    }
    match &literal.kind {
        LiteralKind::Declaration => {}
        LiteralKind::SomeIn { key, value, collection } => {
            key.iter().chain([value, collection]).for_each(|term| variables(term, below, see));
        }
        LiteralKind::Every { collection, body, first_slot, .. } => {
            variables(collection, below, see);
            let below = below.min(*first_slot);
            body.iter().for_each(|literal| literal_variables_below(literal, below, see));
        }
        LiteralKind::Holds(term) | LiteralKind::Not(term) => variables(term, below, see),
    }
}

/// Passes every variable of a term that belongs to a scope before `below`; those of inner bodies are left out.
fn variables(term: &Term, below: usize, see: &mut dyn FnMut(usize)) {
    match term {
        Term::Constant(_) | Term::Wildcard => {}
        Term::Variable(slot) => {
            if *slot < below {
                see(*slot);
            }
        }
        Term::Reference { base, steps } => {
            if let Base::Term(term) = base {
                variables(term, below, see);
            }
            steps.iter().for_each(|step| variables(step, below, see));
        }
        Term::Call { arguments, output, .. } => {
            arguments.iter().chain(output.as_deref()).for_each(|term| variables(term, below, see));
        }
        Term::Operation { operands: terms, .. }
        | Term::Array(terms)
        | Term::Set(terms)
        | Term::Template(terms) => terms.iter().for_each(|term| variables(term, below, see)),
        Term::Object(fields) => fields.iter().for_each(|(key, value)| {
            variables(key, below, see);
            variables(value, below, see);
        }),
        Term::Comprehension { heads, body, first_slot, .. } => {
            let below = below.min(*first_slot);
            heads.iter().for_each(|head| variables(head, below, see));
            body.iter().for_each(|literal| literal_variables_below(literal, below, see));
        }
    }
}
