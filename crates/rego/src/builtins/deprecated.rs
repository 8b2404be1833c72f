//! Functions that OPA keeps for policies from before version 1.

use regorus::Value;
use regorus::value::Set;

use super::arguments::Arguments;
use super::{Builtin, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "any", arity: 1, run: any },
    Builtin { name: "all", arity: 1, run: all },
    Builtin { name: "cast_array", arity: 1, run: cast_array },
    Builtin { name: "cast_set", arity: 1, run: cast_set },
    Builtin { name: "cast_string", arity: 1, run: cast_string },
    Builtin { name: "cast_boolean", arity: 1, run: cast_boolean },
    Builtin { name: "cast_null", arity: 1, run: cast_null },
    Builtin { name: "cast_object", arity: 1, run: cast_object },
    Builtin { name: "set_diff", arity: 2, run: set_diff },
];

const TRUE: Value = Value::Bool(true);

/// `any(collection)`: whether an element of the array or set is `true`.
fn any(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    match arguments.value(0) {
        Value::Array(elements) => Ok(elements.contains(&TRUE).into()),
        Value::Set(elements) => Ok(elements.contains(&TRUE).into()),
        _ => Err(arguments.wrong(0, "one of {array, set}")),
    }
}

/// `all(collection)`: whether every element of the array or set is `true`.
fn all(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    match arguments.value(0) {
        Value::Array(elements) => Ok(elements.iter().all(|element| *element == TRUE).into()),
        Value::Set(elements) => Ok(elements.iter().all(|element| *element == TRUE).into()),
        _ => Err(arguments.wrong(0, "one of {array, set}")),
    }
}

/// `cast_array(x)`: the array, or a set as an array.
fn cast_array(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    match arguments.value(0) {
        array @ Value::Array(_) => Ok(array.clone()),
        Value::Set(elements) => Ok(elements.iter_sorted().cloned().collect::<Vec<_>>().into()),
        _ => Err(arguments.wrong(0, "one of {array, set}")),
    }
}

/// `cast_set(x)`: the set, or an array as a set.
fn cast_set(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    match arguments.value(0) {
        set @ Value::Set(_) => Ok(set.clone()),
        Value::Array(elements) => Ok(elements.iter().cloned().collect::<Set>().into()),
        _ => Err(arguments.wrong(0, "one of {array, set}")),
    }
}

/// `cast_string(x)`: the string; nothing is converted.
fn cast_string(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    arguments.text(0).map(Value::from)
}

/// `cast_boolean(x)`: the boolean.
fn cast_boolean(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    match arguments.value(0) {
        Value::Bool(value) => Ok((*value).into()),
        _ => Err(arguments.wrong(0, "boolean")),
    }
}

/// `cast_null(x)`: null.
fn cast_null(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    match arguments.value(0) {
        Value::Null => Ok(Value::Null),
        _ => Err(arguments.wrong(0, "null")),
    }
}

/// `cast_object(x)`: the object.
fn cast_object(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    match arguments.value(0) {
        object @ Value::Object(_) => Ok(object.clone()),
        _ => Err(arguments.wrong(0, "object")),
    }
}

/// `set_diff(x, y)`: what is in the first set and not in the second.
fn set_diff(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    Ok(arguments.set(0)?.difference(arguments.set(1)?).into())
}
