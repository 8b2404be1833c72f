//! The functions that policies may call and that the engine lacks, or answers otherwise than OPA does.
//!
//! The engine looks for a function among the policies first, then among what is installed here, then among its
//! own. What is here therefore replaces a function of the engine that has the same name.

mod aggregates;
mod annotations;
mod arguments;
mod cache;
mod clock;
mod collections;
mod conftest;
mod crypto;
mod decimal;
mod deprecated;
mod encoding;
mod extended;
mod filter;
mod glob;
mod json;
mod jwt;
mod keys;
mod layout;
mod lenience;
mod net;
mod numbers;
mod of_library;
mod of_type;
mod of_value;
mod operators;
mod parts;
mod patch;
mod regex;
mod schema;
mod semver;
mod sprintf;
mod strings;
mod template;
mod testing;
mod text;
mod time;
mod tracing;
mod uri;
mod urlquery;
mod uuid;
mod walked;
mod yaml_text;

#[cfg(test)]
pub(super) mod facts;

use std::collections::HashMap;
use std::sync::LazyLock;

use regorus::unstable::BUILTINS;
use regorus::{Engine, Value};

pub(super) use annotations::{Shared, fill};
pub(super) use conftest::{Files, prefer_files_in};
pub(super) use extended::as_written;
pub(super) use filter::{Condition, FILTERED, Term};
pub(crate) use jwt::SignedBy;
pub(super) use lenience::Lenience;
pub(super) use of_library::OF_LIBRARY;
pub(super) use of_type::{OF_TYPE, OF_TYPE_BY_KEY};
pub(super) use of_value::OF_VALUE;
pub(super) use operators::order;
pub(super) use parts::UNITED;
pub(super) use testing::{Place, Told, take_told};
pub(super) use walked::{IN_ORDER, WALK_TO, WALKED};

/// What the front end calls in the place of a collection that is scanned, with the collection as the first argument.
pub(super) const SCANS: [&str; 4] = [FILTERED, OF_TYPE, OF_TYPE_BY_KEY, OF_VALUE];

/// A function for policies.
pub struct Builtin {
    /// The name, with its dots.
    pub name: &'static str,
    /// How many arguments a call must have.
    pub arity: u8,
    run: fn(&[Value]) -> Outcome,
}

/// What a function answers. [`Value::Undefined`] is an answer too.
type Outcome = Result<Value, Failure>;

/// Why a function has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Failure {
    /// The arguments do not suit the function. For OPA, the call is then undefined.
    #[error("{0}")]
    Unsuitable(String),
    /// The answer would be too large. OPA has no such limits, so this is never taken for undefined.
    #[error("{0}")]
    TooLarge(String),
    /// OPA has an answer and planguard has not. This is never taken for undefined either.
    #[error("{0}")]
    Unsupported(String),
}

impl Failure {
    fn unsuitable(reason: impl Into<String>) -> Self {
        Self::Unsuitable(reason.into())
    }
}

/// All functions, by family.
const FAMILIES: &[&[Builtin]] = &[
    sprintf::FUNCTIONS,
    deprecated::FUNCTIONS,
    operators::FUNCTIONS,
    numbers::FUNCTIONS,
    regex::FUNCTIONS,
    glob::FUNCTIONS,
    net::FUNCTIONS,
    aggregates::FUNCTIONS,
    collections::FUNCTIONS,
    strings::FUNCTIONS,
    template::FUNCTIONS,
    encoding::FUNCTIONS,
    uri::FUNCTIONS,
    yaml_text::FUNCTIONS,
    urlquery::FUNCTIONS,
    uuid::FUNCTIONS,
    walked::FUNCTIONS,
    crypto::FUNCTIONS,
    jwt::FUNCTIONS,
    keys::FUNCTIONS,
    semver::FUNCTIONS,
    json::FUNCTIONS,
    patch::FUNCTIONS,
    schema::FUNCTIONS,
    time::FUNCTIONS,
    tracing::FUNCTIONS,
    conftest::FUNCTIONS,
    filter::FUNCTIONS,
    of_library::FUNCTIONS,
    of_type::FUNCTIONS,
    of_value::FUNCTIONS,
    parts::FUNCTIONS,
    testing::FUNCTIONS,
];

/// Every function that [`install`] adds.
pub fn all() -> impl Iterator<Item = &'static Builtin> {
    FAMILIES.iter().copied().flatten()
}

/// Adds the functions to an engine that has none of them yet. `time.now_ns()` is from now on the present time, so that
/// all plans that one policy set evaluates are judged at one time.
pub(super) fn install(engine: &mut Engine) {
    for builtin in all() {
        let extension = move |arguments: Vec<Value>| call(builtin, &arguments).map_err(anyhow::Error::msg);
        // This fails only for a name that is taken, and a test sees to it that none is.
        let _ = engine.add_extension(builtin.name.to_owned(), builtin.arity, Box::new(extension));
    }
    let now = time::now();
    let _ = engine.add_extension("time.now_ns".to_owned(), 0, Box::new(move |_: Vec<Value>| Ok(now.clone())));
}

/// How many arguments a builtin takes, be it of the engine or one that planguard adds, if that is certain.
pub fn fixed_arity(name: &str) -> Option<usize> {
    if name == "print" || name == "walk" {
        return None;
    }
    // The engine writes 0 for functions with a varying number.
    arity(name)
        .or_else(|| BUILTINS.get(name).map(|(_, arity)| usize::from(*arity)).filter(|arity| *arity > 0))
}

/// How many arguments a function has that [`install`] adds.
pub(super) fn arity(name: &str) -> Option<usize> {
    let builtin = all().find(|builtin| builtin.name == name);
    let arity = builtin.map(|builtin| usize::from(builtin.arity));
    arity.or_else(|| (name == "time.now_ns").then_some(0))
}

/// What a function of ours answers to arguments that are written out; `None` if there is no such function.
///
/// # Errors
/// What the function says of its arguments.
pub fn answer(name: &str, arguments: &[serde_json::Value]) -> Option<Result<serde_json::Value, String>> {
    static BY_NAME: LazyLock<HashMap<&str, &Builtin>> =
        LazyLock::new(|| all().map(|builtin| (builtin.name, builtin)).collect());
    let builtin = BY_NAME.get(name)?;
    if usize::from(builtin.arity) != arguments.len() {
        return None;
    }
    let arguments: Vec<Value> = arguments.iter().cloned().map(Value::from).collect();
    let answer = call(builtin, &arguments);
    Some(answer.and_then(|value| serde_json::to_value(&value).map_err(|error| error.to_string())))
}

/// What a function of ours answers, where unsuitable arguments are undefined as in OPA. The outer `None` means that there
/// is no such function, the inner one that it has no answer where OPA has one.
pub(super) fn quietly(name: &str, arguments: &[Value]) -> Option<Option<Value>> {
    static BY_NAME: LazyLock<HashMap<&str, &Builtin>> =
        LazyLock::new(|| all().map(|builtin| (builtin.name, builtin)).collect());
    let builtin = BY_NAME.get(name)?;
    if usize::from(builtin.arity) != arguments.len() {
        return Some(None);
    }
    Some(match (builtin.run)(arguments) {
        Ok(value) => Some(value),
        Err(Failure::Unsuitable(_)) => Some(Value::Undefined),
        Err(Failure::TooLarge(_) | Failure::Unsupported(_)) => None,
    })
}

fn call(builtin: &Builtin, arguments: &[Value]) -> Result<Value, String> {
    match (builtin.run)(arguments) {
        Ok(value) => Ok(value),
        Err(Failure::Unsuitable(_)) if Lenience::is_granted() => Ok(Value::Undefined),
        // The author knows nothing of those that the front end has written.
        Err(failure) if builtin.name.starts_with("__pg_") => Err(failure.to_string()),
        Err(failure) => Err(format!("{}: {failure}", builtin.name)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use super::*;

    /// To capture one takes longer than most rules, and policies that fail on many resources would pay it for each.
    #[test]
    fn an_error_of_the_engine_captures_no_backtrace() {
        const NAME: &str = "builtins::tests::an_error_of_the_engine_captures_no_backtrace";
        if std::env::var("RUST_BACKTRACE").is_ok_and(|value| value == "full") {
            let shown = format!("{:?}", anyhow::Error::msg("refused"));
            assert_eq!(shown, "refused");
            return;
        }
        // The variable is read once in a process.
        let mut tests = Command::new(std::env::current_exe().unwrap());
        let output = tests.args([NAME, "--exact"]).env("RUST_BACKTRACE", "full").output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
    }

    #[test]
    fn no_name_is_taken_twice() {
        let names: BTreeSet<&str> = all().map(|builtin| builtin.name).collect();
        assert_eq!(names.len(), all().count());
    }

    #[test]
    fn time_stands_still() {
        let mut engine = super::super::dialect::new_engine();
        let mut now = || {
            engine.eval_query("x := time.now_ns()".to_owned(), false).unwrap().result[0].bindings["x"].clone()
        };
        let first = now();
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert_eq!(first, now());
        assert!(first > Value::from(1_700_000_000_000_000_000i64));
    }

    #[test]
    fn what_conftest_parses_is_parsed() {
        let mut engine = super::super::dialect::new_engine();
        let mut ask = |query: &str| engine.eval_query(query.to_owned(), false);
        for (parser, text) in [("json", "{\\\"a\\\": [1]}"), ("yaml", "a:\\n- 1\\n")] {
            let results = ask(&format!("x := parse_config(\"{parser}\", \"{text}\").a[0]")).unwrap();
            assert_eq!(results.result[0].bindings["x"], Value::from(1u64), "{parser}");
        }
        assert!(ask("x := parse_config(\"xml\", \"\")").unwrap_err().to_string().contains("xml"));
        assert!(ask("x := parse_config(\"json\", \"{\")").is_err());
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
