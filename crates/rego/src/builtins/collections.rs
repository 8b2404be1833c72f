//! Functions for arrays and objects.

use regorus::Value;
use regorus::value::{Array, Object, Set};

use super::arguments::Arguments;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "array.flatten", arity: 1, run: flatten },
    Builtin { name: "object.subset", arity: 2, run: subset },
];

/// `array.flatten(array)`: the array with the elements of the arrays in it in their place, one level deep.
fn flatten(arguments: &[Value]) -> Outcome {
    let mut flat = Vec::new();
    for element in Arguments(arguments).array(0)?.iter() {
        match element {
            Value::Array(elements) => flat.extend(elements.iter().cloned()),
            other => flat.push(other.clone()),
        }
    }
    Ok(flat.into())
}

/// `object.subset(super, sub)`: whether the first holds all of the second. Objects and what is in them are compared
/// by key, arrays by elements that follow each other, sets by elements; an array can hold a set.
fn subset(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let holds = match (arguments.value(0), arguments.value(1)) {
        (Value::Object(outer), Value::Object(inner)) => object_holds(outer, inner),
        (Value::Set(outer), Value::Set(inner)) => inner.is_subset(outer),
        (Value::Array(outer), Value::Array(inner)) => array_holds(outer, inner),
        (Value::Array(outer), Value::Set(inner)) => set_is_in(inner, outer),
        _ => {
            let reason = "both arguments object.subset must be of the same type or array and set";
            return Err(Failure::unsuitable(reason));
        }
    };
    Ok(holds.into())
}

fn object_holds(outer: &Object, inner: &Object) -> bool {
    inner.iter().all(|(key, inner)| match (outer.get(key), inner) {
        (Some(Value::Object(outer)), Value::Object(inner)) => object_holds(outer, inner),
        (Some(Value::Set(outer)), Value::Set(inner)) => inner.is_subset(outer),
        (Some(Value::Array(outer)), Value::Array(inner)) => array_holds(outer, inner),
        (Some(outer), inner) => outer == inner,
        (None, _) => false,
    })
}

fn array_holds(outer: &Array, inner: &Array) -> bool {
    // A window has the length of `inner`, which is why that must not be zero.
    inner.is_empty()
        || outer.to_vec().windows(inner.iter().len()).any(|window| window.iter().eq(inner.iter()))
}

fn set_is_in(inner: &Set, outer: &Array) -> bool {
    inner.iter().all(|element| outer.contains(element))
}
