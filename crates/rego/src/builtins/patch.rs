//! `json.patch`: changes documents by RFC 6902. The engine's own is undefined where OPA's fails.

use std::collections::BTreeMap;

use regorus::Value;
use regorus::value::{Object, Set};

use super::arguments::Arguments;
use super::text::value_text;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "json.patch", arity: 2, run: patch },
    Builtin { name: "json.filter", arity: 2, run: filter },
];

/// How long a path may be.
const LONGEST_PATH: usize = 1_000;

/// The keys that lead to a value: an array of them, or a text with `/` between them.
fn path(value: &Value) -> Result<Vec<Value>, Failure> {
    let keys: Vec<Value> = match value {
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => {
            let text = text.trim_start_matches('/');
            text.split('/').map(|key| key.replace("~1", "/").replace("~0", "~").into()).collect()
        }
        Value::Array(keys) => keys.to_vec(),
        _ => {
            return Err(Failure::unsuitable(
                "must be one of {set, array} containing string paths or array of path segments",
            ));
        }
    };
    if keys.len() > LONGEST_PATH {
        return Err(Failure::TooLarge(format!("a path of more than {LONGEST_PATH} keys")));
    }
    Ok(keys)
}

/// `json.patch(document, operations)`: the document after the operations.
fn patch(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let mut document = arguments.value(0).clone();
    for operation in arguments.array(1)?.iter() {
        document = apply(document, operation)?;
    }
    match document {
        Value::Undefined => Err(Failure::unsuitable("the document itself is removed")),
        document => Ok(document),
    }
}

fn apply(document: Value, operation: &Value) -> Outcome {
    let Value::Object(fields) = operation else {
        return Err(Failure::unsuitable("must be an array of JSON-Patch objects"));
    };
    let field = |name: &str| {
        fields
            .get(&Value::from(name))
            .ok_or_else(|| Failure::unsuitable(format!("missing '{name}' attribute")))
    };
    let name = match field("op")? {
        Value::String(name) => name.to_string(),
        _ => return Err(Failure::unsuitable("attribute 'op' must be a string")),
    };
    let target = path(field("path")?)?;
    match name.as_str() {
        "add" => add(document, &target, field("value")?.clone()),
        // A later operation may add another.
        "remove" if target.is_empty() => Ok(Value::Undefined),
        "remove" => Ok(remove(document, &target)?.0),
        "replace" => {
            let value = field("value")?.clone();
            if target.is_empty() {
                return Ok(value);
            }
            let (document, _) = remove(document, &target)?;
            add(document, &target, value)
        }
        "move" => {
            let source = path(field("from")?)?;
            let (document, value) = remove(document, &source)?;
            add(document, &target, value)
        }
        "copy" => {
            let value = get(&document, &path(field("from")?)?)?;
            add(document, &target, value)
        }
        "test" => {
            let (found, expected) = (get(&document, &target)?, field("value")?);
            if found == *expected {
                return Ok(document);
            }
            let (expected, found) = (value_text(expected)?, value_text(&found)?);
            let reason = format!("value from EditTree != patch value. Expected: {expected} Found: {found}");
            Err(Failure::unsuitable(reason))
        }
        _ => Err(Failure::unsuitable(format!("unrecognized op: '{name}'"))),
    }
}

fn missing(key: &Value) -> Failure {
    about_key(key, |key| format!("path {key} does not exist in the document"))
}

/// What is wrong with a key, or that its text would be too long.
fn about_key(key: &Value, reason: impl FnOnce(&str) -> String) -> Failure {
    value_text(key).map_or_else(|failure| failure, |key| Failure::unsuitable(reason(&key)))
}

fn get(document: &Value, path: &[Value]) -> Outcome {
    let mut part = document.clone();
    for key in path {
        part = child(&part, key)?;
    }
    Ok(part)
}

/// The position that a key means in an array.
fn position(key: &Value) -> Option<usize> {
    match key {
        Value::String(digits) if digits.as_ref() == "0" || !digits.starts_with(['0', '+']) => {
            digits.parse().ok()
        }
        Value::Number(number) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
        _ => None,
    }
}

fn child(part: &Value, key: &Value) -> Outcome {
    match part {
        Value::Object(members) => members.get(key).cloned().ok_or_else(|| missing(key)),
        Value::Array(elements) => {
            position(key).and_then(|at| elements.get(at)).cloned().ok_or_else(|| missing(key))
        }
        Value::Set(elements) if elements.contains(key) => Ok(key.clone()),
        _ => Err(missing(key)),
    }
}

fn members(object: &Object) -> BTreeMap<Value, Value> {
    object.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn without(set: &Set, key: &Value) -> Set {
    set.iter().filter(|element| *element != key).cloned().collect()
}

fn with(set: &Set, element: Value) -> Value {
    set.iter().cloned().chain([element]).collect::<Set>().into()
}

fn add(part: Value, path: &[Value], value: Value) -> Outcome {
    let Some((key, rest)) = path.split_first() else { return Ok(value) };
    let inner = if rest.is_empty() { value } else { add(child(&part, key)?, rest, value)? };
    match &part {
        Value::Object(object) => {
            let mut members = members(object);
            members.insert(key.clone(), inner);
            Ok(members.into())
        }
        Value::Array(elements) => {
            let mut elements = elements.to_vec();
            if !rest.is_empty() {
                let element =
                    position(key).and_then(|at| elements.get_mut(at)).ok_or_else(|| missing(key))?;
                *element = inner;
            } else if *key == Value::from("-") {
                elements.push(inner);
            } else {
                let at = position(key).filter(|at| *at <= elements.len());
                let reason = "index for array insertion out of bounds";
                elements.insert(at.ok_or_else(|| Failure::unsuitable(reason))?, inner);
            }
            Ok(elements.into())
        }
        Value::Set(set) if rest.is_empty() => {
            if *key != inner {
                return Err(Failure::unsuitable("set key does not equal value to be inserted"));
            }
            Ok(with(set, inner))
        }
        Value::Set(set) => Ok(with(&without(set, key), inner)),
        _ => Err(missing(key)),
    }
}

/// The document without the value, and the value.
fn remove(part: Value, path: &[Value]) -> Result<(Value, Value), Failure> {
    let Some((key, rest)) = path.split_first() else { return Ok((Value::Null, part)) };
    let found = child(&part, key)
        .map_err(|_| about_key(key, |key| format!("cannot delete child key {key} that does not exist")))?;
    let (kept, removed) = if rest.is_empty() {
        (None, found)
    } else {
        let (kept, removed) = remove(found, rest)?;
        (Some(kept), removed)
    };
    let part = match &part {
        Value::Object(object) => {
            let mut members = members(object);
            match kept {
                Some(kept) => members.insert(key.clone(), kept),
                None => members.remove(key),
            };
            Value::from(members)
        }
        Value::Array(elements) => {
            let mut elements = elements.to_vec();
            let at = position(key).filter(|at| *at < elements.len()).ok_or_else(|| missing(key))?;
            match kept {
                Some(kept) => elements[at] = kept,
                None => drop(elements.remove(at)),
            }
            elements.into()
        }
        Value::Set(set) => match kept {
            Some(kept) => with(&without(set, key), kept),
            None => without(set, key).into(),
        },
        _ => return Err(missing(key)),
    };
    Ok((part, removed))
}

/// What of a document is kept: everything, or what some keys lead to.
#[derive(Default)]
struct Kept {
    all: bool,
    keys: BTreeMap<Value, Self>,
}

/// `json.filter(object, paths)`: what of the object the paths lead to.
fn filter(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let Value::Object(_) = arguments.value(0) else { return Err(arguments.wrong(0, "object")) };
    let paths: Vec<Value> = match arguments.value(1) {
        Value::Array(paths) => paths.to_vec(),
        Value::Set(paths) => paths.iter_sorted().cloned().collect(),
        _ => return Err(arguments.wrong(1, "one of {set, array}")),
    };
    let mut kept = Kept::default();
    for each in &paths {
        let mut place = &mut kept;
        for key in path(each)? {
            place = place.keys.entry(key).or_default();
        }
        place.all = true;
    }
    kept.all = false;
    Ok(kept.of(arguments.value(0)))
}

impl Kept {
    fn of(&self, value: &Value) -> Value {
        if self.all {
            return value.clone();
        }
        let key_of = |key: &Value, value: &Value| self.keys.get(key).map(|kept| kept.of(value));
        match value {
            Value::Object(object) => object
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), key_of(key, value)?)))
                .collect::<BTreeMap<_, _>>()
                .into(),
            Value::Array(elements) => {
                let kept = elements
                    .iter()
                    .enumerate()
                    .filter_map(|(position, element)| key_of(&position.to_string().into(), element));
                kept.collect::<Vec<_>>().into()
            }
            Value::Set(elements) => {
                elements.iter().filter_map(|element| key_of(element, element)).collect::<Set>().into()
            }
            other => other.clone(),
        }
    }
}
