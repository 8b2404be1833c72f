//! Matches values with patterns, which may bind variables.

use regorus::Value;

use super::compare::{self, Answer};
use super::machine::{Environment, Flow, Machine, Then};
use super::marks::Doubt;
use super::resolved::Term;

impl Machine<'_> {
    /// Matches a value with a pattern, which may bind variables.
    pub(super) fn unify(
        &mut self,
        pattern: &Term,
        value: &Value,
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, ()>,
    ) -> Flow {
        match pattern {
            Term::Wildcard => then(self, environment, (), doubt),
            Term::Variable(slot) if environment.get(*slot).is_some_and(Option::is_none) => {
                environment[*slot] = Some(value.clone());
                let flow = then(self, environment, (), doubt);
                environment[*slot] = None;
                flow
            }
            Term::Array(items) if is_open(pattern, environment) => {
                if let Some(why) = self.marks.why_unknown(value) {
                    let pairs: Vec<(&Term, Value)> = items.iter().map(|item| (item, value.clone())).collect();
                    return self.unify_all(&pairs, environment, &doubt.and(&why), then);
                }
                let Value::Array(elements) = value else { return Ok(()) };
                if elements.iter().count() != items.len() {
                    return Ok(());
                }
                let pairs: Vec<(&Term, Value)> = items.iter().zip(elements.iter().cloned()).collect();
                self.unify_all(&pairs, environment, doubt, then)
            }
            Term::Object(fields) if is_open(pattern, environment) => {
                let keys: Vec<&Term> = fields.iter().map(|(key, _)| key).collect();
                self.all(&keys, Vec::new(), environment, doubt, &mut |machine, environment, keys, doubt| {
                    let values = fields.iter().map(|(_, value)| value);
                    if let Some(why) = machine.marks.why_unknown(value) {
                        let pairs: Vec<(&Term, Value)> = values.map(|field| (field, value.clone())).collect();
                        return machine.unify_all(&pairs, environment, &doubt.and(&why), then);
                    }
                    let Value::Object(members) = value else { return Ok(()) };
                    if members.iter().count() != keys.len() {
                        return Ok(());
                    }
                    let pairs: Vec<(&Term, Value)> =
                        values.zip(keys.iter().map(|key| value[key].clone())).collect();
                    if pairs.iter().any(|(_, value)| *value == Value::Undefined) {
                        return Ok(());
                    }
                    machine.unify_all(&pairs, environment, doubt, then)
                })
            }
            term => self.term(term, environment, doubt, &mut |machine, environment, other, doubt| {
                match compare::equal(&other, value, machine.marks) {
                    Answer::No => Ok(()),
                    Answer::Yes => then(machine, environment, (), doubt),
                    Answer::Depends(why) => then(machine, environment, (), &doubt.and(&why)),
                }
            }),
        }
    }

    pub(super) fn unify_all(
        &mut self,
        pairs: &[(&Term, Value)],
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, ()>,
    ) -> Flow {
        let Some(((pattern, value), rest)) = pairs.split_first() else {
            return then(self, environment, (), doubt);
        };
        let (value, why) = self.marks.member(value);
        self.unify(pattern, &value, environment, &doubt.and(&why), &mut |machine, environment, (), doubt| {
            machine.unify_all(rest, environment, doubt, then)
        })
    }

    /// The values of several terms, in every combination.
    pub(super) fn all(
        &mut self,
        terms: &[&Term],
        values: Vec<Value>,
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, Vec<Value>>,
    ) -> Flow {
        let Some((first, rest)) = terms.split_first() else { return then(self, environment, values, doubt) };
        self.term(first, environment, doubt, &mut |machine, environment, value, doubt| {
            let mut values = values.clone();
            values.push(value);
            machine.all(rest, values, environment, doubt, then)
        })
    }
}

/// Whether a pattern has a variable without a value.
pub(super) fn is_open(pattern: &Term, environment: &Environment) -> bool {
    match pattern {
        Term::Wildcard => true,
        Term::Variable(slot) => environment.get(*slot).is_some_and(Option::is_none),
        Term::Array(items) => items.iter().any(|item| is_open(item, environment)),
        Term::Object(fields) => fields.iter().any(|(_, value)| is_open(value, environment)),
        Term::Constant(_)
        | Term::Reference { .. }
        | Term::Call { .. }
        | Term::Operation { .. }
        | Term::Set(_)
        | Term::Comprehension { .. }
        | Term::Template(_) => false,
    }
}
