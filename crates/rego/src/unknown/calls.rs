//! Calls builtins with values of which parts are known only after apply.

use std::collections::BTreeMap;

use planguard_rego_syntax::tree::Operator;
use regorus::unstable::BUILTINS;
use regorus::{Engine, Value};

use super::compare;
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
        let doubt = values.iter().fold(Doubt::NONE, |all, value| all.and(&marks.doubt_in(value)));
        if doubt.is_none() {
            return self.known(name, values);
        }
        let first = values.first()?;
        let is_known_inside = marks.why_unknown(first).is_none();
        let size = marks.doubt_of_size(first);
        match (name, values) {
            ("count" | "array.reverse", [_]) if size.is_none() => self.known(name, values),
            (
                "is_string" | "is_number" | "is_boolean" | "is_null" | "is_array" | "is_set" | "is_object"
                | "type_name",
                [_],
            ) if is_known_inside => self.known(name, values),
            ("count", [collection]) => match marks.count(collection) {
                Some((least, most)) => Some(marks.unknown_as(&size, Stands::Count(least, most))),
                None => Some(marks.unknown(&doubt)),
            },
            ("object.keys", [_]) if size.is_none() && is_known_inside => self.known(name, values),
            ("object.get", [object, key, default]) => Some(got(object, key, default, marks)),
            // The text around what is unknown is known.
            ("sprintf", _) => self.known(name, values),
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
