//! Versions, read as leniently as OPA does: zeros may lead, and one `v` may stand before.

use std::cmp::Ordering;

use regorus::Value;

use super::arguments::Arguments;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "semver.is_valid", arity: 1, run: is_valid },
    Builtin { name: "semver.compare", arity: 2, run: compare },
];

/// `1.2.3-rc.1`; what follows a `+` does not count.
struct Version<'t> {
    numbers: [i64; 3],
    /// The identifiers of a version before the release; none if it is released.
    before_release: Vec<&'t str>,
}

impl<'t> Version<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, build) = text.split_once('+').unwrap_or((text, ""));
        let (text, before_release) = text.split_once('-').unwrap_or((text, ""));
        let mut parts = text.split('.').map(|part| {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<i64>().ok().filter(|_| is_number)
        });
        let numbers = [parts.next()??, parts.next()??, parts.next()??];
        let is_complete = parts.next().is_none();
        identifiers(build)?;
        is_complete.then_some(Self { numbers, before_release: identifiers(before_release)? })
    }
}

fn identifiers(text: &str) -> Option<Vec<&str>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let is_identifier = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let parts: Vec<&str> = text.split('.').collect();
    parts.iter().all(is_identifier).then_some(parts)
}

/// Numbers come before words.
fn order_of_identifiers(left: &str, right: &str) -> Ordering {
    let number = |text: &str| text.parse::<i64>().ok().filter(|_| !text.starts_with(['+', '-']));
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

fn order(left: &Version<'_>, right: &Version<'_>) -> Ordering {
    let numbers = left.numbers.cmp(&right.numbers);
    let released = left.before_release.is_empty().cmp(&right.before_release.is_empty());
    let pairs = left.before_release.iter().zip(&right.before_release);
    let identifiers =
        pairs.map(|(left, right)| order_of_identifiers(left, right)).find(|order| order.is_ne());
    let lengths = left.before_release.len().cmp(&right.before_release.len());
    numbers.then(released).then(identifiers.unwrap_or(lengths))
}

/// `semver.is_valid(text)`: whether it is a version. Anything but a string is none.
fn is_valid(arguments: &[Value]) -> Outcome {
    Ok(Arguments(arguments).text(0).is_ok_and(|text| Version::parse(text).is_some()).into())
}

/// `semver.compare(a, b)`: -1 if the first version is the older one, 1 if it is the newer one, 0 otherwise.
fn compare(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let version = |index: usize| {
        let text = arguments.text(index)?;
        Version::parse(text).ok_or_else(|| {
            let place = index + 1;
            Failure::unsuitable(format!("operand {place}: string {text:?} is not a valid SemVer"))
        })
    };
    Ok(Value::from(order(&version(0)?, &version(1)?) as i64))
}
