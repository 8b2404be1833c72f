//! Unites the parts of a set.
//!
//! Authors do not call this function; see `frontend/parts.rs`.

use std::collections::BTreeSet;

use regorus::Value;

use super::arguments::Arguments;
use super::{Builtin, Outcome};

/// `__pg_united(sets)`: the elements of all sets of an array.
pub(in super::super) const UNITED: &str = "__pg_united";

pub(super) const FUNCTIONS: &[Builtin] = &[Builtin { name: UNITED, arity: 1, run: united }];

fn united(arguments: &[Value]) -> Outcome {
    let mut elements = Vec::new();
    for part in Arguments(arguments).array(0)?.iter() {
        elements.extend(Arguments(std::slice::from_ref(part)).set(0)?.iter().cloned());
    }
    // The elements of each part are in order, which sorting makes use of.
    Ok(elements.into_iter().collect::<BTreeSet<Value>>().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_element_is_there_once() {
        let set =
            |elements: &[u64]| Value::from(elements.iter().map(|n| Value::from(*n)).collect::<BTreeSet<_>>());
        let parts = vec![set(&[3, 1]), set(&[]), set(&[2, 3]), set(&[1])];
        assert_eq!(united(&[parts.into()]).unwrap(), set(&[1, 2, 3]));
        assert_eq!(united(&[Value::new_array()]).unwrap(), Value::new_set());
        assert!(united(&[vec![Value::Null].into()]).is_err());
    }
}
