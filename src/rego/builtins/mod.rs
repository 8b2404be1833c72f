//! The functions that policies may call and that the engine lacks, or answers otherwise than OPA does.
//!
//! The engine looks for a function among the policies first, then among what is installed here, then among its
//! own. What is here therefore replaces a function of the engine that has the same name.

mod arguments;
mod deprecated;
mod lenience;
mod operators;
mod regex;
mod sprintf;
mod text;

#[cfg(test)]
mod facts;

use regorus::{Engine, Value};

pub(super) use lenience::Lenience;

/// A function for policies.
pub(super) struct Builtin {
    pub name: &'static str,
    /// How many arguments a call must have.
    pub arity: u8,
    run: fn(&[Value]) -> Outcome,
}

/// What a function answers. [`Value::Undefined`] is an answer too.
type Outcome = Result<Value, Failure>;

/// Why a function has no answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Failure {
    /// The arguments do not suit the function. For OPA, the call is then undefined.
    #[error("{0}")]
    Unsuitable(String),
    /// The answer would be too large. OPA has no such limits, so this is never taken for undefined.
    #[error("{0}")]
    TooLarge(String),
}

impl Failure {
    fn unsuitable(reason: impl Into<String>) -> Self {
        Self::Unsuitable(reason.into())
    }
}

/// All functions, by family.
const FAMILIES: [&[Builtin]; 4] =
    [sprintf::FUNCTIONS, deprecated::FUNCTIONS, operators::FUNCTIONS, regex::FUNCTIONS];

/// Every function that [`install`] adds.
pub(super) fn all() -> impl Iterator<Item = &'static Builtin> {
    FAMILIES.into_iter().flatten()
}

/// Adds the functions to an engine that has none of them yet.
pub(super) fn install(engine: &mut Engine) {
    for builtin in all() {
        let extension = move |arguments: Vec<Value>| call(builtin, &arguments).map_err(anyhow::Error::msg);
        // This fails only for a name that is taken, and a test sees to it that none is.
        let _ = engine.add_extension(builtin.name.to_owned(), builtin.arity, Box::new(extension));
    }
}

fn call(builtin: &Builtin, arguments: &[Value]) -> Result<Value, String> {
    match (builtin.run)(arguments) {
        Ok(value) => Ok(value),
        Err(Failure::Unsuitable(_)) if Lenience::is_granted() => Ok(Value::Undefined),
        Err(failure) => Err(format!("{}: {failure}", builtin.name)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_taken_twice() {
        let names: BTreeSet<&str> = all().map(|builtin| builtin.name).collect();
        assert_eq!(names.len(), all().count());
    }

    #[test]
    fn a_failure_is_an_error_unless_leniency_is_granted() {
        let mut engine = super::super::dialect::new_engine();
        let mut ask = || engine.eval_query("x := sprintf(1, [])".to_owned(), false);
        let error = ask().unwrap_err().to_string();
        assert!(error.contains("sprintf: operand 1 must be string but got number"), "{error}");
        let lenience = Lenience::grant();
        assert!(ask().unwrap().result.is_empty());
        drop(lenience);
        assert!(ask().is_err());
    }
}
