//! Solves bodies: the literals one after the other, with every solution of those before.

use std::collections::BTreeMap;

use planguard_rego_syntax::tree::Operator;
use regorus::Value;

use super::compare::{self, Answer};
use super::machine::{Environment, Flow, Machine, Stop, Then, enough};
use super::marks::Doubt;
use super::pattern::is_open;
use super::resolved::{Base, Literal, LiteralKind, Pattern, Place, Replaced, Term};

impl Machine<'_> {
    pub(super) fn body(
        &mut self,
        body: &[Literal],
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, ()>,
    ) -> Flow {
        let Some((literal, rest)) = body.split_first() else { return then(self, environment, (), doubt) };
        self.step()?;
        let before = doubt.clone();
        self.literal(literal, environment, doubt, &mut |machine, environment, (), doubt| {
            machine.note_place(literal.place, &before, doubt);
            machine.body(rest, environment, doubt, then)
        })
    }

    /// Notes where unknown values were first decisive.
    fn note_place(&mut self, place: Place, before: &Doubt, doubt: &Doubt) {
        if doubt.is_none() || doubt == before {
            return;
        }
        for unknown in doubt.unknowns().filter(|unknown| before.unknowns().all(|other| other != *unknown)) {
            self.places.entry(unknown).or_insert(place);
        }
    }

    /// Solves a literal that searches a collection, for the elements with an unknown part and those that exist only
    /// perhaps.
    pub(super) fn search_marked(
        &mut self,
        literal: &Literal,
        environment: &mut Environment,
        then: Then<'_, ()>,
    ) -> Flow {
        let Some(search) = literal.kind.search() else { return Err(Stop::GaveUp) };
        let mut noted = |machine: &mut Machine<'_>, environment: &mut Environment, (), doubt: &Doubt| {
            machine.note_place(literal.place, &Doubt::NONE, doubt);
            then(machine, environment, (), doubt)
        };
        let mut search_one =
            |machine: &mut Machine<'_>, environment: &mut Environment, whole: Value, doubt: &Doubt| {
                let is_known = doubt.is_none() && machine.marks.why_unknown(&whole).is_none();
                if !is_known {
                    return machine.search(search.pattern, &whole, environment, doubt, &mut noted);
                }
                for (its_key, member) in compare::members(&whole) {
                    if !machine.has_marks(&its_key) && !machine.has_marks(&member) {
                        continue;
                    }
                    machine.step()?;
                    machine.meet(search.pattern, &its_key, &member, environment, doubt, &mut noted)?;
                }
                Ok(())
            };
        match search.base {
            Base::Input => {
                let input = self.input.clone();
                self.follow(&input, search.steps, environment, &Doubt::NONE, &mut search_one)
            }
            Base::Data => {
                self.data(&mut Vec::new(), search.steps, environment, &Doubt::NONE, &mut search_one)
            }
            Base::Term(_) => Err(Stop::GaveUp),
        }
    }

    /// Matches the elements of a collection with what a search looks for.
    fn search(
        &mut self,
        pattern: Pattern<'_>,
        whole: &Value,
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, ()>,
    ) -> Flow {
        if let Some(why) = self.marks.why_unknown(whole) {
            if !self.marks.may_have_members(whole) {
                return Ok(());
            }
            // It may have any members, or none.
            let mark = self.marks.unknown(&why);
            return self.meet(pattern, &mark, &mark, environment, &doubt.and(&why), then);
        }
        for (its_key, member) in compare::members(whole) {
            self.step()?;
            self.meet(pattern, &its_key, &member, environment, doubt, then)?;
        }
        Ok(())
    }

    fn meet(
        &mut self,
        pattern: Pattern<'_>,
        its_key: &Value,
        member: &Value,
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, ()>,
    ) -> Flow {
        let is_its_own_key = its_key == member;
        let (member, why) = self.marks.member(member);
        let its_key = if is_its_own_key { member.clone() } else { its_key.clone() };
        let mut pairs = vec![(pattern.value, member)];
        pairs.extend(pattern.key.map(|key| (key, its_key)));
        self.unify_all(&pairs, environment, &doubt.and(&why), then)
    }

    pub(super) fn literal(
        &mut self,
        literal: &Literal,
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, ()>,
    ) -> Flow {
        if literal.withs.is_empty() {
            return self.plain(&literal.kind, environment, doubt, then);
        }
        let targets: Vec<&Term> = literal.withs.iter().map(|(_, value)| value).collect();
        self.all(&targets, Vec::new(), environment, doubt, &mut |machine, environment, values, doubt| {
            let (input, data) = (machine.input.clone(), machine.data.clone());
            let (documents, functions) =
                (std::mem::take(&mut machine.documents), std::mem::take(&mut machine.functions));
            let mut solutions: Vec<(Environment, Doubt)> = Vec::new();
            for ((target, _), value) in literal.withs.iter().zip(values) {
                match target {
                    Replaced::Input(path) => machine.input = replaced(&machine.input, path, value),
                    Replaced::Data(path) => {
                        // A rule that is replaced is not a document any more.
                        if machine.program.documents.keys().any(|known| known.starts_with(path)) {
                            return Err(Stop::GaveUp);
                        }
                        machine.data = replaced(&machine.data, path, value);
                    }
                }
            }
            let flow = machine.plain(&literal.kind, environment, doubt, &mut |_, environment, (), doubt| {
                solutions.push((environment.clone(), doubt.clone()));
                Ok(())
            });
            (machine.input, machine.data) = (input, data);
            (machine.documents, machine.functions) = (documents, functions);
            flow?;
            for (mut environment, doubt) in solutions {
                then(machine, &mut environment, (), &doubt)?;
            }
            Ok(())
        })
    }

    pub(super) fn plain(
        &mut self,
        kind: &LiteralKind,
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, ()>,
    ) -> Flow {
        match kind {
            LiteralKind::Declaration => then(self, environment, (), doubt),
            LiteralKind::SomeIn { key, value, collection } => {
                self.term(collection, environment, doubt, &mut |machine, environment, whole, doubt| {
                    machine.search(Pattern { key: key.as_ref(), value }, &whole, environment, doubt, then)
                })
            }
            LiteralKind::Every { key, value, collection, body, .. } => {
                self.term(collection, environment, doubt, &mut |machine, environment, whole, doubt| {
                    let mut all = doubt.clone();
                    if let Some(why) = machine.marks.why_unknown(&whole) {
                        return then(machine, environment, (), &doubt.and(&why));
                    }
                    for (its_key, member) in compare::members(&whole) {
                        let (member, exists) = machine.marks.member(&member);
                        let mut pairs = vec![(value, member)];
                        pairs.extend(key.iter().map(|key| (key, its_key.clone())));
                        let answer = machine.whether(environment, &mut |machine, environment, then| {
                            machine.unify_all(
                                &pairs,
                                environment,
                                &Doubt::NONE,
                                &mut |machine, environment, (), doubt| {
                                    machine.body(body, environment, doubt, then)
                                },
                            )
                        })?;
                        match answer {
                            Answer::Yes => {}
                            Answer::Depends(why) => all = all.and(&why).and(&exists),
                            Answer::No if exists.is_none() => return Ok(()),
                            Answer::No => all = all.and(&exists),
                        }
                    }
                    then(machine, environment, (), &all)
                })
            }
            LiteralKind::Holds(term) => self.holds(term, environment, doubt, then),
            LiteralKind::Not(term) => {
                let answer = self.whether(environment, &mut |machine, environment, then| {
                    machine.holds(term, environment, &Doubt::NONE, then)
                })?;
                match answer {
                    Answer::Yes => Ok(()),
                    Answer::No => then(self, environment, (), doubt),
                    Answer::Depends(why) => then(self, environment, (), &doubt.and(&why)),
                }
            }
        }
    }

    /// Whether something has a solution.
    pub(super) fn whether(
        &mut self,
        environment: &mut Environment,
        solve: &mut dyn FnMut(&mut Machine<'_>, &mut Environment, Then<'_, ()>) -> Flow,
    ) -> Result<Answer, Stop> {
        let (mut certain, mut perhaps) = (false, Doubt::NONE);
        let mut inner = environment.clone();
        let flow = solve(self, &mut inner, &mut |_, _, (), doubt| {
            if doubt.is_none() {
                certain = true;
                return Err(Stop::Enough);
            }
            perhaps = perhaps.and(doubt);
            Ok(())
        });
        enough(flow)?;
        Ok(match (certain, perhaps.is_none()) {
            (true, _) => Answer::Yes,
            (false, true) => Answer::No,
            (false, false) => Answer::Depends(perhaps),
        })
    }

    pub(super) fn holds(
        &mut self,
        term: &Term,
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, ()>,
    ) -> Flow {
        if let Term::Operation { operator: Operator::Assign | Operator::Unify, operands } = term
            && let [left, right] = operands.as_slice()
        {
            let (pattern, term) = if is_open(left, environment) { (left, right) } else { (right, left) };
            return self.term(term, environment, doubt, &mut |machine, environment, value, doubt| {
                machine.unify(pattern, &value, environment, doubt, then)
            });
        }
        self.term(term, environment, doubt, &mut |machine, environment, value, doubt| match value {
            Value::Bool(false) | Value::Undefined => Ok(()),
            value => match machine.marks.why_unknown(&value) {
                Some(why) => then(machine, environment, (), &doubt.and(&why)),
                None => then(machine, environment, (), doubt),
            },
        })
    }
}

/// A value with another one at a path.
pub(crate) fn replaced<S: AsRef<str>>(whole: &Value, path: &[S], value: Value) -> Value {
    let Some((key, rest)) = path.split_first() else { return value };
    let key = Value::from(key.as_ref());
    let mut members: BTreeMap<Value, Value> = match whole {
        Value::Object(_) => compare::members(whole).into_iter().collect(),
        _ => BTreeMap::new(),
    };
    let inner = members.get(&key).cloned().unwrap_or(Value::Undefined);
    members.insert(key, replaced(&inner, rest, value));
    Value::from(members)
}
