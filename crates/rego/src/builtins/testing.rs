//! Functions that the front end puts into policies that are tested; what they are told is kept for the thread.

use std::cell::RefCell;
use std::collections::BTreeSet;

use regorus::Value;

use super::arguments::Arguments;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "internal.test_case", arity: 1, run: test_case },
    Builtin { name: "internal.reached", arity: 2, run: reached },
    Builtin { name: "internal.no_network", arity: 1, run: no_network },
];

/// A place in a policy: the number of its file, and the offset in what the author wrote.
pub(crate) type Place = (usize, usize);

/// What a test has told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The names of cases, in the order in which they began; each is an array of keys.
    pub cases: Vec<Value>,
    /// The places that were reached.
    pub reached: BTreeSet<Place>,
}

thread_local! {
    static TOLD: RefCell<Told> = RefCell::default();
}

/// What has been told on this thread since this was last called.
pub(crate) fn take_told() -> Told {
    TOLD.take()
}

/// Nobody reads more cases, and a test may have a loop that tells of a million.
const CASE_LIMIT: usize = 10_000;

/// `internal.test_case([name, …])`: a case of a test begins.
fn test_case(arguments: &[Value]) -> Outcome {
    if let Some(name @ Value::Array(_)) = arguments.first() {
        TOLD.with_borrow_mut(|told| {
            if told.cases.len() < CASE_LIMIT {
                told.cases.push(name.clone());
            }
        });
    }
    Ok(Value::from(true))
}

/// `internal.no_network(request)`: a test calls `http.send` and does not replace it.
fn no_network(_: &[Value]) -> Outcome {
    let help = "policies have no network access; replace it in the test: `with http.send as …`";
    Err(Failure::Unsupported(format!("http.send: {help}")))
}

/// `internal.reached(file, offset)`: the evaluation has come to a place, which is the end of a body where the offset is
/// that of its branch.
fn reached(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let number = |index: usize| {
        let value = arguments.0.get(index).and_then(|value| value.as_u64().ok());
        let number = value.and_then(|value| usize::try_from(value).ok());
        number.ok_or_else(|| Failure::unsuitable("a number is expected"))
    };
    let place = (number(0)?, number(1)?);
    TOLD.with_borrow_mut(|told| told.reached.insert(place));
    Ok(Value::from(true))
}
