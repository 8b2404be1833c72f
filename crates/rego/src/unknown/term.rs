//! Evaluates terms.

use std::collections::{BTreeMap, BTreeSet};

use planguard_rego_syntax::tree::Operator;
use regorus::Value;

use super::super::builtins::order;
use super::compare::{self, Answer};
use super::machine::{Environment, Flow, Machine, Stop, Then, enough, note};
use super::marks::{Doubt, Stands};
use super::resolved::{Base, Function, Literal, Makes, Term};

impl Machine<'_> {
    pub(super) fn term(
        &mut self,
        term: &Term,
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, Value>,
    ) -> Flow {
        match term {
            Term::Constant(value) => then(self, environment, value.clone(), doubt),
            Term::Variable(slot) => {
                let value = environment.get(*slot).cloned().flatten().ok_or(Stop::GaveUp)?;
                then(self, environment, value, doubt)
            }
            Term::Wildcard => Err(Stop::GaveUp),
            Term::Reference { base: Base::Input, steps } => {
                let input = self.input.clone();
                self.follow(&input, steps, environment, doubt, then)
            }
            Term::Reference { base: Base::Data, steps } => {
                self.data(&mut Vec::new(), steps, environment, doubt, then)
            }
            Term::Reference { base: Base::Term(base), steps } => {
                self.term(base, environment, doubt, &mut |machine, environment, value, doubt| {
                    machine.follow(&value, steps, environment, doubt, then)
                })
            }
            Term::Call { function, arguments, output } => {
                let terms: Vec<&Term> = arguments.iter().collect();
                self.all(
                    &terms,
                    Vec::new(),
                    environment,
                    doubt,
                    &mut |machine, environment, values, doubt| {
                        machine.call(function, values, output.as_deref(), environment, doubt, then)
                    },
                )
            }
            Term::Operation { operator, operands } => {
                let terms: Vec<&Term> = operands.iter().collect();
                self.all(
                    &terms,
                    Vec::new(),
                    environment,
                    doubt,
                    &mut |machine, environment, values, doubt| match machine.operation(*operator, &values)? {
                        Value::Undefined => Ok(()),
                        value => then(machine, environment, value, doubt),
                    },
                )
            }
            Term::Array(items) => {
                let terms: Vec<&Term> = items.iter().collect();
                self.all(
                    &terms,
                    Vec::new(),
                    environment,
                    doubt,
                    &mut |machine, environment, values, doubt| {
                        then(machine, environment, Value::from(values), doubt)
                    },
                )
            }
            Term::Set(items) => {
                let terms: Vec<&Term> = items.iter().collect();
                self.all(
                    &terms,
                    Vec::new(),
                    environment,
                    doubt,
                    &mut |machine, environment, values, doubt| {
                        let set: BTreeSet<Value> = values.into_iter().collect();
                        then(machine, environment, Value::from(set), doubt)
                    },
                )
            }
            Term::Object(fields) => {
                let terms: Vec<&Term> = fields.iter().flat_map(|(key, value)| [key, value]).collect();
                self.all(
                    &terms,
                    Vec::new(),
                    environment,
                    doubt,
                    &mut |machine, environment, values, doubt| {
                        let mut object = BTreeMap::new();
                        let mut values = values.into_iter();
                        while let (Some(key), Some(value)) = (values.next(), values.next()) {
                            object.insert(key, value);
                        }
                        then(machine, environment, Value::from(object), doubt)
                    },
                )
            }
            Term::Comprehension { makes, heads, body, .. } => {
                let made = self.comprehension(*makes, heads, body, environment)?;
                then(self, environment, made, doubt)
            }
            Term::Template(parts) => {
                let mut text = String::new();
                for part in parts {
                    let mut shown = None;
                    let flow = self.term(part, environment, &Doubt::NONE, &mut |machine, _, value, _| {
                        shown = Some(match (&value, machine.marks.doubt_in(&value)) {
                            (Value::String(text), _) => text.to_string(),
                            (other, doubt) if doubt.is_none() => other.to_string(),
                            // The marks in it are not for people.
                            (_, doubt) => match machine.marks.unknown(&doubt) {
                                Value::String(mark) => mark.to_string(),
                                other => other.to_string(),
                            },
                        });
                        Err(Stop::Enough)
                    });
                    enough(flow)?;
                    text.push_str(shown.as_deref().unwrap_or("<undefined>"));
                }
                then(self, environment, Value::from(text), doubt)
            }
        }
    }

    pub(super) fn comprehension(
        &mut self,
        makes: Makes,
        heads: &[Term],
        body: &[Literal],
        environment: &mut Environment,
    ) -> Result<Value, Stop> {
        let mut found: Vec<(Vec<Value>, Doubt)> = Vec::new();
        let heads: Vec<&Term> = heads.iter().collect();
        let mut inner = environment.clone();
        self.body(body, &mut inner, &Doubt::NONE, &mut |machine, environment, (), doubt| {
            machine.all(&heads, Vec::new(), environment, doubt, &mut |_, _, values, doubt| {
                found.push((values, doubt.clone()));
                Ok(())
            })
        })?;
        let marks = self.marks;
        let first = |values: &[Value]| values.first().cloned().unwrap_or(Value::Undefined);
        Ok(match makes {
            Makes::Array => {
                let elements = found.iter().map(|(values, doubt)| marks.maybe(first(values), doubt));
                Value::from(elements.collect::<Vec<_>>())
            }
            Makes::Set => {
                let mut elements: BTreeMap<Value, Doubt> = BTreeMap::new();
                for (values, doubt) in &found {
                    note(&mut elements, first(values), doubt);
                }
                let elements = elements.into_iter().map(|(value, doubt)| marks.maybe(value, &doubt));
                Value::from(elements.collect::<BTreeSet<_>>())
            }
            Makes::Object => {
                let mut members: BTreeMap<Value, (Value, Doubt)> = BTreeMap::new();
                for (values, doubt) in &found {
                    let value = values.get(1).cloned().unwrap_or(Value::Undefined);
                    let member = members.entry(first(values)).or_insert((value, doubt.clone()));
                    if doubt.is_none() {
                        member.1 = Doubt::NONE;
                    }
                }
                let members =
                    members.into_iter().map(|(key, (value, doubt))| (key, marks.maybe(value, &doubt)));
                Value::from(members.collect::<BTreeMap<_, _>>())
            }
        })
    }

    pub(super) fn call(
        &mut self,
        function: &Function,
        values: Vec<Value>,
        output: Option<&Term>,
        environment: &mut Environment,
        doubt: &Doubt,
        then: Then<'_, Value>,
    ) -> Flow {
        let mut answer =
            |machine: &mut Machine<'_>, environment: &mut Environment, value: Value, doubt: &Doubt| {
                match output {
                    None => then(machine, environment, value, doubt),
                    Some(pattern) => machine.unify(
                        pattern,
                        &value,
                        environment,
                        doubt,
                        &mut |machine, environment, (), doubt| {
                            then(machine, environment, Value::Bool(true), doubt)
                        },
                    ),
                }
            };
        match function {
            Function::OfPolicy(path) => {
                for (value, why) in self.function(path, values)?.iter() {
                    answer(self, environment, value.clone(), &doubt.and(why))?;
                }
                Ok(())
            }
            Function::Builtin(name) if name == "walk" => {
                let Some(value) = values.first() else { return Err(Stop::GaveUp) };
                self.walk(&mut Vec::new(), value, &mut |machine, pair| {
                    answer(machine, environment, pair, doubt)
                })
            }
            Function::Builtin(name) => {
                let value = self.calls.answer(name, &values, self.marks).ok_or(Stop::GaveUp)?;
                if value == Value::Undefined { Ok(()) } else { answer(self, environment, value, doubt) }
            }
        }
    }

    pub(super) fn walk(
        &mut self,
        path: &mut Vec<Value>,
        value: &Value,
        see: &mut dyn FnMut(&mut Machine<'_>, Value) -> Flow,
    ) -> Flow {
        self.step()?;
        let pair = |path: &[Value], value: Value| Value::from(vec![Value::from(path.to_vec()), value]);
        if let Some(why) = self.marks.why_unknown(value) {
            return match self.marks.stands_for(value) {
                // In an unknown document there may be anything, anywhere.
                Stands::Anything => {
                    let anywhere = self.marks.unknown(&why);
                    see(self, Value::from(vec![anywhere, value.clone()]))
                }
                // A walk through a plan looks for resources and for plain values. In a list or map of an attribute
                // there may be plain values.
                stands @ (Stands::Members | Stands::Scalar | Stands::Count(..)) => {
                    let plain = self.marks.unknown_as(&why, Stands::Scalar);
                    see(self, pair(path, plain.clone()))?;
                    if stands == Stands::Members {
                        path.push(plain.clone());
                        see(self, pair(path, plain))?;
                        path.pop();
                    }
                    Ok(())
                }
            };
        }
        see(self, pair(path, value.clone()))?;
        for (key, member) in compare::members(value) {
            path.push(key);
            // In a walk, a member that exists only perhaps counts as one.
            let (member, _) = self.marks.member(&member);
            self.walk(path, &member, see)?;
            path.pop();
        }
        Ok(())
    }

    pub(super) fn operation(&mut self, operator: Operator, values: &[Value]) -> Result<Value, Stop> {
        let marks = self.marks;
        let doubt = || values.iter().fold(Doubt::NONE, |all, value| all.and(&marks.doubt_in(value)));
        let answer = |answer: Answer| match answer {
            Answer::No => Value::Bool(false),
            Answer::Yes => Value::Bool(true),
            Answer::Depends(why) => marks.unknown(&why),
        };
        Ok(match (operator, values) {
            (Operator::Equal | Operator::Unify | Operator::Assign, [left, right]) => {
                answer(compare::equal(left, right, marks))
            }
            (Operator::NotEqual, [left, right]) => answer(compare::equal(left, right, marks).negated()),
            (Operator::In, [value, collection]) => answer(compare::is_in(None, value, collection, marks)),
            (Operator::In, [key, value, collection]) => {
                answer(compare::is_in(Some(key), value, collection, marks))
            }
            (
                Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual,
                [left, right],
            ) => {
                let holds = |left: &Value, right: &Value| {
                    let ordering = order(left, right);
                    match operator {
                        Operator::Less => ordering.is_lt(),
                        Operator::LessOrEqual => ordering.is_le(),
                        Operator::Greater => ordering.is_gt(),
                        _ => ordering.is_ge(),
                    }
                };
                let why = doubt();
                if why.is_none() {
                    return Ok(Value::Bool(holds(left, right)));
                }
                // Where every possible count gives the same answer, that is the answer.
                let ends = |value: &Value| match marks.stands_for(value) {
                    Stands::Count(least, most) => vec![Value::from(least), Value::from(most)],
                    Stands::Anything | Stands::Members | Stands::Scalar => vec![value.clone()],
                };
                let (lefts, rights) = (ends(left), ends(right));
                let decides = lefts.iter().chain(&rights).all(|value| marks.doubt_in(value).is_none());
                let answers: BTreeSet<bool> = lefts
                    .iter()
                    .flat_map(|left| rights.iter().map(move |right| holds(left, right)))
                    .collect();
                match answers.first() {
                    Some(answer) if decides && answers.len() == 1 => Value::Bool(*answer),
                    _ => marks.unknown(&why),
                }
            }
            (
                Operator::Union
                | Operator::Intersection
                | Operator::Add
                | Operator::Subtract
                | Operator::Multiply
                | Operator::Divide
                | Operator::Remainder
                | Operator::Negate,
                _,
            ) => self.calls.operation(operator, values, marks).ok_or(Stop::GaveUp)?,
            _ => return Err(Stop::GaveUp),
        })
    }
}
