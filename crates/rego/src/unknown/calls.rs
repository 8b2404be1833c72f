//! Calls builtins with values of which parts are known only after apply.

use std::collections::BTreeMap;

use planguard_rego_syntax::tree::Operator;
use regorus::unstable::BUILTINS;
use regorus::{Engine, Value};

use super::compare::{self, Answer, Keep};
use super::marks::{Doubt, Marks, Stands};
use crate::{builtins, dialect};

/// The engines that answer for builtins of the engine, each with one call.
#[derive(Default)]
pub(super) struct Calls {
    engines: BTreeMap<(String, usize), Engine>,
}

impl Calls {
    /// What a builtin answers; `None` if that cannot be said.
    pub(super) fn answer(&mut self, name: &str, values: &[Value], marks: &Marks) -> Option<Value> {
        if matches!(name, "print" | "trace") {
            return Some(Value::Bool(true));
        }
        // Most calls read one member or ask for the kind of a resource: all of it need not be searched for marks.
        match (name, values) {
            ("object.get", [object @ Value::Object(_), key, default]) => {
                return Some(got(object, key, default, marks));
            }
            (
                "is_string" | "is_number" | "is_boolean" | "is_null" | "is_array" | "is_set" | "is_object"
                | "type_name",
                [value],
            ) if marks.why_unknown(value).is_none() => return self.known(name, values),
            _ => {}
        }
        let doubt = values.iter().fold(Doubt::NONE, |all, value| all.and(&marks.doubt_in(value)));
        if doubt.is_none() {
            return self.known(name, values);
        }
        let first = values.first()?;
        let is_known_inside = marks.why_unknown(first).is_none();
        let size = marks.doubt_of_size(first);
        match (name, values) {
            ("count" | "array.reverse", [_]) if size.is_none() => self.known(name, values),
            ("count", [collection]) => match marks.count(collection) {
                Some((least, most)) => Some(marks.unknown_as(&size, Stands::Count(least, most))),
                None => Some(marks.unknown(&doubt)),
            },
            ("object.keys", [_]) if size.is_none() && is_known_inside => self.known(name, values),
            ("object.get", [object, key, default]) => Some(got(object, key, default, marks)),
            // The text around what is unknown is known.
            ("sprintf", [Value::String(format), Value::Array(_)]) => {
                let (format, shown) = formatted(format, &values[1], marks);
                self.known(name, &[format, shown])
            }
            ("minus", [left @ Value::Set(_), right @ Value::Set(_)]) => {
                Some(compare::filtered(left, right, Keep::Other, marks))
            }
            ("and", [left @ Value::Set(_), right @ Value::Set(_)]) => {
                Some(compare::filtered(left, right, Keep::Common, marks))
            }
            ("object.subset", [whole, part]) => Some(match compare::contains_all(whole, part, marks) {
                Answer::No => Value::Bool(false),
                Answer::Yes => Value::Bool(true),
                Answer::Depends(why) => marks.unknown(&why),
            }),
            // The other members stay as they are.
            ("object.remove" | "object.filter" | "json.remove" | "json.filter", [object, keys])
                if marks.doubt_in(keys).is_none()
                    && marks.doubt_of_size(object).is_none()
                    && is_known_inside =>
            {
                self.known(name, values)
            }
            ("concat", [_, parts]) if marks.doubt_of_size(parts).is_none() => self.known(name, values),
            ("array.concat" | "object.union" | "or", _)
                if values.iter().all(|value| marks.why_unknown(value).is_none()) =>
            {
                self.known(name, values)
            }
            _ => Some(marks.unknown(&doubt)),
        }
    }

    /// What an operator that computes answers; `None` if that cannot be said.
    pub(super) fn operation(&mut self, operator: Operator, values: &[Value], marks: &Marks) -> Option<Value> {
        match (operator, values) {
            (Operator::Negate, [value]) => self.answer("minus", &[Value::from(0), value.clone()], marks),
            (Operator::Union, _) => self.answer("or", values, marks),
            (Operator::Intersection, _) => self.answer("and", values, marks),
            (Operator::Add, _) => self.answer("plus", values, marks),
            (Operator::Subtract, _) => self.answer("minus", values, marks),
            (Operator::Multiply, _) => self.answer("mul", values, marks),
            (Operator::Divide, _) => self.answer("div", values, marks),
            (Operator::Remainder, _) => self.answer("rem", values, marks),
            _ => None,
        }
    }

    fn known(&mut self, name: &str, values: &[Value]) -> Option<Value> {
        if let Some(answer) = builtins::quietly(name, values) {
            return answer;
        }
        if name != "time.now_ns" && !BUILTINS.contains_key(name) {
            return None;
        }
        let engine = match self.engines.entry((name.to_owned(), values.len())) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(engine_of(name, values.len())?),
        };
        engine.set_input(Value::from(values.to_vec()));
        let answer = engine.eval_rule("data.planguard_call.answer".to_owned());
        let _ = engine.take_prints();
        // An error of a builtin is undefined, as in OPA.
        Some(answer.unwrap_or(Value::Undefined))
    }
}

fn engine_of(name: &str, arguments: usize) -> Option<Engine> {
    let mut engine = dialect::new_engine();
    engine.set_strict_builtin_errors(false);
    let arguments: Vec<String> = (0..arguments).map(|index| format!("input[{index}]")).collect();
    let text = format!("package planguard_call\n\nanswer := {name}({})\n", arguments.join(", "));
    engine.add_policy("call".to_owned(), text).ok()?;
    Some(engine)
}

/// A format and its arguments where what is unknown is a mark, shown as it is.
fn formatted(format: &str, arguments: &Value, marks: &Marks) -> (Value, Value) {
    let shown: Vec<(Value, bool)> = compare::members(arguments)
        .into_iter()
        .map(|(_, argument)| {
            let doubt = marks.doubt_in(&argument);
            let is_unknown = !doubt.is_none();
            match &argument {
                Value::String(_) => (argument, is_unknown),
                _ if is_unknown => (marks.unknown(&doubt), true),
                _ => (argument, false),
            }
        })
        .collect();
    let mut text = String::new();
    let (mut rest, mut next) = (format, 0);
    while let Some((before, verb)) = rest.split_once('%') {
        text.push_str(before);
        if let Some(after) = verb.strip_prefix('%') {
            text.push_str("%%");
            rest = after;
            continue;
        }
        let end = verb.find(|c: char| c.is_ascii_alphabetic()).map_or(verb.len(), |at| at + 1);
        let (verb, after) = verb.split_at(end);
        text.push('%');
        text.push_str(if shown.get(next).is_some_and(|(_, is_unknown)| *is_unknown) { "v" } else { verb });
        next += 1;
        rest = after;
    }
    text.push_str(rest);
    (Value::from(text), Value::from(shown.into_iter().map(|(argument, _)| argument).collect::<Vec<_>>()))
}

/// `object.get`: the member at a key, or at a path of keys, or else the default.
fn got(object: &Value, key: &Value, default: &Value, marks: &Marks) -> Value {
    let keys: Vec<Value> = match key {
        Value::Array(_) => compare::members(key).into_iter().map(|(_, key)| key).collect(),
        key => vec![key.clone()],
    };
    let mut value = object.clone();
    for key in keys {
        let doubt = marks.doubt_in(&key);
        if !doubt.is_none() {
            return marks.unknown(&doubt);
        }
        if let Some(why) = marks.why_unknown(&value) {
            return marks.unknown(&why);
        }
        let (member, why) = marks.member(&value[&key]);
        if !why.is_none() {
            return marks.unknown(&why);
        }
        if member == Value::Undefined {
            return default.clone();
        }
        value = member;
    }
    value
}
