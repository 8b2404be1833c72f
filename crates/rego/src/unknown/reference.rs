//! Follows references into values, and below `data`.

use std::collections::BTreeSet;

use regorus::Value;

use super::compare::{self, Answer};
use super::machine::{Environment, Flow, Machine, Stop, Then};
use super::marks::Doubt;
use super::pattern::is_open;
use super::resolved::{Kind, Path, Term};

impl Machine<'_> {
    /// Follows the steps of a reference into a value.
    pub(super) fn follow(
        &mut self,
        value: &Value,
        steps: &[Term],
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, Value>,
    ) -> Flow {
        if *value == Value::Undefined {
            return Ok(());
        }
        let Some((step, rest)) = steps.split_first() else {
            return then(self, environment, value.clone(), doubt);
        };
        if let Some(why) = self.marks.why_unknown(value) {
            if !self.marks.may_have_members(value) {
                return Ok(());
            }
            // Whether it has the member is unknown as well.
            let doubt = doubt.and(&why);
            if is_open(step, environment) {
                return self.unify(
                    step,
                    value,
                    environment,
                    &doubt,
                    &mut |machine, environment, (), doubt| {
                        machine.follow(value, rest, environment, doubt, then)
                    },
                );
            }
            return self.follow(value, rest, environment, &doubt, then);
        }
        if is_open(step, environment) {
            for (key, member) in compare::members(value) {
                self.step()?;
                let (member, why) = self.marks.member(&member);
                let key = if matches!(value, Value::Set(_)) { member.clone() } else { key };
                self.unify(
                    step,
                    &key,
                    environment,
                    &doubt.and(&why),
                    &mut |machine, environment, (), doubt| {
                        machine.follow(&member, rest, environment, doubt, then)
                    },
                )?;
            }
            return Ok(());
        }
        self.term(step, environment, doubt, &mut |machine, environment, key, doubt| {
            let why = machine.marks.doubt_in(&key);
            if !why.is_none() {
                if compare::members(value).is_empty() {
                    return Ok(());
                }
                let unknown = machine.marks.unknown(&why);
                return machine.follow(&unknown, rest, environment, doubt, then);
            }
            if let Value::Set(_) = value {
                return match compare::is_in(None, &key, value, machine.marks) {
                    Answer::No => Ok(()),
                    Answer::Yes => machine.follow(&key, rest, environment, doubt, then),
                    Answer::Depends(why) => machine.follow(&key, rest, environment, &doubt.and(&why), then),
                };
            }
            let (member, why) = machine.marks.member(&value[&key]);
            if member == Value::Undefined
                && let Value::Object(members) = value
            {
                // A key that is unknown may be this one.
                let keys =
                    members.iter().fold(Doubt::NONE, |all, (key, _)| all.and(&machine.marks.doubt_in(key)));
                if !keys.is_none() {
                    let unknown = machine.marks.unknown(&keys);
                    return machine.follow(&unknown, rest, environment, &doubt.and(&keys), then);
                }
            }
            machine.follow(&member, rest, environment, &doubt.and(&why), then)
        })
    }

    /// Follows the steps of a reference below `data`.
    pub(super) fn data(
        &mut self,
        path: &mut Path,
        steps: &[Term],
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, Value>,
    ) -> Flow {
        let program = self.program;
        if let Some(document) = program.documents.get(path) {
            if document.kind == Kind::Function {
                return Err(Stop::GaveUp);
            }
            let results = self.document(path)?;
            if let Some(whole) = &results.whole {
                return self.follow(whole, steps, environment, doubt, then);
            }
            for (_, value, why) in &results.items {
                self.follow(value, steps, environment, &doubt.and(why), then)?;
            }
            return Ok(());
        }
        let is_package =
            program.documents.range(path.clone()..).next().is_some_and(|(known, _)| known.starts_with(path));
        if !is_package {
            let base =
                path.iter().fold(self.data.clone(), |value, key| value[&Value::from(key.as_str())].clone());
            return self.follow(&base, steps, environment, doubt, then);
        }
        // A whole package as a value.
        let Some((step, rest)) = steps.split_first() else { return Err(Stop::GaveUp) };
        if is_open(step, environment) {
            let base =
                path.iter().fold(self.data.clone(), |value, key| value[&Value::from(key.as_str())].clone());
            let mut names: BTreeSet<String> = program
                .documents
                .range(path.clone()..)
                .take_while(|(known, _)| known.starts_with(path))
                .filter_map(|(known, _)| known.get(path.len()).cloned())
                .collect();
            for (key, _) in compare::members(&base) {
                if let Value::String(key) = key {
                    names.insert(key.to_string());
                }
            }
            for name in names {
                let key = Value::from(name.as_str());
                let mut below = path.clone();
                below.push(name);
                if program.documents.get(&below).is_some_and(|document| document.kind == Kind::Function) {
                    continue;
                }
                self.unify(step, &key, environment, doubt, &mut |machine, environment, (), doubt| {
                    machine.data(&mut below.clone(), rest, environment, doubt, then)
                })?;
            }
            return Ok(());
        }
        let path = path.clone();
        self.term(step, environment, doubt, &mut |machine, environment, key, doubt| {
            let Value::String(key) = key else { return Ok(()) };
            let mut below = path.clone();
            below.push(key.to_string());
            machine.data(&mut below, rest, environment, doubt, then)
        })
    }
}
