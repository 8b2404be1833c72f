//! Functions for strings.

use regorus::Value;

use super::arguments::Arguments;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "lower", arity: 1, run: lower },
    Builtin { name: "upper", arity: 1, run: upper },
    Builtin { name: "indexof", arity: 2, run: indexof },
    Builtin { name: "indexof_n", arity: 2, run: indexof_n },
    Builtin { name: "strings.split_n", arity: 3, run: split_n },
    Builtin { name: "strings.count", arity: 2, run: count },
    Builtin { name: "strings.replace_n", arity: 2, run: replace_n },
];

/// `lower(text)`: the text in small letters. As Go has it, a letter never becomes several.
fn lower(arguments: &[Value]) -> Outcome {
    let small = |c: char| c.to_lowercase().next().unwrap_or(c);
    Ok(Arguments(arguments).text(0)?.chars().map(small).collect::<String>().into())
}

/// `upper(text)`: the text in capital letters. As Go has it, a letter that would become several stays as it is.
fn upper(arguments: &[Value]) -> Outcome {
    let capital = |c: char| {
        let mut capitals = c.to_uppercase();
        if capitals.len() == 1 { capitals.next().unwrap_or(c) } else { c }
    };
    Ok(Arguments(arguments).text(0)?.chars().map(capital).collect::<String>().into())
}

/// The places of a part, counted in characters; they may overlap.
fn places<'t>(text: &'t str, part: &'t str) -> Result<impl Iterator<Item = usize> + 't, Failure> {
    if part.is_empty() {
        return Err(Failure::unsuitable("empty search character"));
    }
    let starts = text.char_indices().enumerate();
    Ok(starts.filter(move |(_, (at, _))| text[*at..].starts_with(part)).map(|(place, _)| place))
}

/// `indexof(text, part)`: where the part first occurs, or -1.
fn indexof(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let first = places(arguments.text(0)?, arguments.text(1)?)?.next();
    Ok(first.map_or_else(|| Value::from(-1i64), Value::from))
}

/// `indexof_n(text, part)`: wherever the part occurs.
fn indexof_n(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    Ok(places(arguments.text(0)?, arguments.text(1)?)?.map(Value::from).collect::<Vec<_>>().into())
}

/// `strings.split_n(text, delimiter, number)`: the first so many of the parts between the delimiters, or the last
/// if the number is negative.
fn split_n(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (text, delimiter, number) = (arguments.text(0)?, arguments.text(1)?, arguments.integer(2)?);
    let parts: Vec<Value> = if delimiter.is_empty() {
        text.chars().map(|c| Value::from(c.encode_utf8(&mut [0; 4]) as &str)).collect()
    } else {
        text.split(delimiter).map(Value::from).collect()
    };
    let count = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX).min(parts.len());
    let wanted = if number < 0 { &parts[parts.len() - count..] } else { &parts[..count] };
    Ok(wanted.to_vec().into())
}

/// `strings.count(text, part)`: how often the part occurs without overlapping. Nothing occurs around every character.
fn count(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (text, part) = (arguments.text(0)?, arguments.text(1)?);
    Ok(text.matches(part).count().into())
}

/// `strings.replace_n(patterns, text)`: the text with every key of the object replaced by its value, in one pass. Where
/// several keys occur, the first in their order counts.
fn replace_n(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let Value::Object(patterns) = arguments.value(0) else { return Err(arguments.wrong(0, "object")) };
    let mut pairs = Vec::new();
    for (old, new) in patterns.iter_sorted() {
        let (Value::String(old), Value::String(new)) = (old, new) else {
            return Err(Failure::unsuitable("operand 1 must be an object of strings"));
        };
        pairs.push((old.as_ref(), new.as_ref()));
    }
    let text = arguments.text(1)?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_nothing = false;
    loop {
        let is_wanted =
            |(old, _): &&(&str, &str)| rest.starts_with(old) && !(after_nothing && old.is_empty());
        if let Some((old, new)) = pairs.iter().find(is_wanted) {
            out.push_str(new);
            rest = &rest[old.len()..];
            after_nothing = old.is_empty();
            continue;
        }
        after_nothing = false;
        let mut characters = rest.chars();
        let Some(c) = characters.next() else { break };
        out.push(c);
        rest = characters.as_str();
    }
    Ok(out.into())
}
