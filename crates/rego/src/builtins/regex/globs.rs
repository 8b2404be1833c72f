//! `regex.globs_match`: whether two simple patterns have a string in common.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use regorus::Value;

use crate::builtins::arguments::Arguments;
use crate::builtins::{Failure, Outcome};

/// Patterns are compared place by place, so their lengths multiply.
const MOST_PLACES: usize = 4_000_000;

/// `regex.globs_match(glob1, glob2)`: whether a string matches both. Of the signs of regular expressions, only
/// `.`, `*`, `+`, `[`, `-`, `]` and `\` mean anything.
pub(super) fn globs_match(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (left, right) = (tokens(arguments.text(0)?)?, tokens(arguments.text(1)?)?);
    if left.len().saturating_mul(right.len()) > MOST_PLACES {
        return Err(Failure::TooLarge(format!("the patterns need more than {MOST_PLACES} comparisons")));
    }
    Ok(intersect(&left, &right).into())
}

/// One step of a pattern: characters, and whether it may be left out or repeated.
struct Token {
    characters: Characters,
    optional: bool,
    repeatable: bool,
}

enum Characters {
    Any,
    Ranges(Vec<RangeInclusive<char>>),
}

impl Characters {
    fn meet(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::Ranges(left), Self::Ranges(right)) => left.iter().any(|left| {
                right.iter().any(|right| left.start() <= right.end() && right.start() <= left.end())
            }),
        }
    }
}

/// Follows both patterns at once. A place is how far each has come. As OPA does it, nothing is left out once the
/// other pattern has ended: `a.*` and `a` have nothing in common.
fn intersect(left: &[Token], right: &[Token]) -> bool {
    let mut seen = HashSet::from([(0, 0)]);
    let mut pending = vec![(0, 0)];
    while let Some((i, j)) = pending.pop() {
        if i == left.len() && j == right.len() {
            return true;
        }
        let (here, there) = (left.get(i), right.get(j));
        let mut next = Vec::new();
        if there.is_some() && here.is_some_and(|token| token.optional) {
            next.push((i + 1, j));
        }
        if here.is_some() && there.is_some_and(|token| token.optional) {
            next.push((i, j + 1));
        }
        if let (Some(here), Some(there)) = (here, there)
            && here.characters.meet(&there.characters)
        {
            next.push((i + 1, j + 1));
            if here.repeatable {
                next.push((i, j + 1));
            }
            if there.repeatable {
                next.push((i + 1, j));
            }
        }
        pending.extend(next.into_iter().filter(|place| seen.insert(*place)));
    }
    false
}

fn tokens(glob: &str) -> Result<Vec<Token>, Failure> {
    let invalid =
        |reason: &str| Failure::unsuitable(format!("input:{glob}, {reason}: the input provided is invalid"));
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = glob.chars().peekable();
    while let Some(c) = rest.next() {
        let characters = match c {
            '.' => Characters::Any,
            '[' => Characters::Ranges(set(&mut rest).map_err(invalid)?),
            ']' => return Err(invalid("set-close ']' with no preceding '['")),
            '*' | '+' => return Err(invalid("a flag must be preceded by a non-flag")),
            '\\' => {
                let escaped =
                    rest.next().ok_or_else(|| invalid("input ends with a \\ (escape) character"))?;
                Characters::Ranges(vec![escaped..=escaped])
            }
            _ => Characters::Ranges(vec![c..=c]),
        };
        let flag = rest.next_if(|next| matches!(next, '*' | '+'));
        tokens.push(Token { characters, optional: flag == Some('*'), repeatable: flag.is_some() });
    }
    Ok(tokens)
}

/// What stands in brackets, up to the one that closes them.
fn set(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
) -> Result<Vec<RangeInclusive<char>>, &'static str> {
    const UNCLOSED: &str = "found [ without matching ]";
    let mut ranges = Vec::new();
    let mut previous = None;
    loop {
        let c = rest.next().ok_or(UNCLOSED)?;
        match c {
            ']' => return Ok(ranges),
            '-' => {
                let low =
                    previous.take().ok_or("range character '-' must be preceded by a Unicode character")?;
                let high = match rest.next() {
                    Some(']' | '-') | None => {
                        return Err("range character '-' must be followed by a Unicode character");
                    }
                    Some('\\') => rest.next().ok_or(UNCLOSED)?,
                    Some(high) => high,
                };
                if high < low {
                    return Err("range is out of order");
                }
                ranges.push(low..=high);
            }
            _ => {
                let c = if c == '\\' { rest.next().ok_or(UNCLOSED)? } else { c };
                ranges.push(c..=c);
                previous = Some(c);
            }
        }
    }
}
