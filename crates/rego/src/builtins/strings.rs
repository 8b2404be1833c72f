//! Functions for strings.

use regorus::Value;

use super::arguments::{Arguments, type_name};
use super::text::check_length;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "lower", arity: 1, run: lower },
    Builtin { name: "upper", arity: 1, run: upper },
    Builtin { name: "indexof", arity: 2, run: indexof },
    Builtin { name: "indexof_n", arity: 2, run: indexof_n },
    Builtin { name: "strings.split_n", arity: 3, run: split_n },
    Builtin { name: "strings.count", arity: 2, run: count },
    Builtin { name: "strings.replace_n", arity: 2, run: replace_n },
    Builtin { name: "replace", arity: 3, run: replace },
    Builtin { name: "concat", arity: 2, run: concat },
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

/// `replace(text, old, new)`: the text with every occurrence of the old part replaced. Nothing occurs around every
/// character.
fn replace(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (text, old, new) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, part) in text.match_indices(old) {
        out.push_str(&text[copied..at]);
        out.push_str(new);
        check_length(&out)?;
        copied = at + part.len();
    }
    out.push_str(&text[copied..]);
    Ok(out.into())
}

/// `concat(delimiter, texts)`: the texts of an array or set one after the other, with the delimiter between them.
fn concat(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let delimiter = arguments.text(0)?;
    let texts: Vec<&Value> = match arguments.value(1) {
        Value::Array(elements) => elements.iter().collect(),
        Value::Set(elements) => elements.iter_sorted().collect(),
        _ => return Err(arguments.wrong(1, "one of {set, array}")),
    };
    let mut out = String::new();
    for (index, text) in texts.into_iter().enumerate() {
        let Value::String(text) = text else {
            let got = type_name(text);
            return Err(Failure::unsuitable(format!(
                "operand 2 must be array of strings but got array containing {got}"
            )));
        };
        if index > 0 {
            out.push_str(delimiter);
        }
        out.push_str(text);
        check_length(&out)?;
    }
    Ok(out.into())
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
            check_length(&out)?;
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn no_function_builds_a_text_that_fills_the_memory() {
        let many = Value::from("a".repeat(10_000));
        let patterns = Value::from(BTreeMap::from([(Value::from("a"), many.clone())]));
        let copies = Value::from(vec![many.clone(); 10_000]);
        for outcome in [
            replace(&[many.clone(), "a".into(), many.clone()]),
            replace_n(&[patterns, many]),
            concat(&["".into(), copies]),
        ] {
            assert!(matches!(outcome, Err(Failure::TooLarge(_))), "{:?}", outcome.map(|_| "a long text"));
        }
    }

    #[test]
    fn nothing_is_replaced_around_every_character() {
        assert_eq!(replace(&["ab".into(), "".into(), "-".into()]), Ok("-a-b-".into()));
        assert_eq!(replace(&["aXbX".into(), "X".into(), "".into()]), Ok("ab".into()));
    }

    #[test]
    fn a_set_is_joined_in_its_order() {
        let set = Value::from(BTreeSet::from(["b", "a"].map(Value::from)));
        assert_eq!(concat(&[", ".into(), set]), Ok("a, b".into()));
        let Err(failure) = concat(&[",".into(), vec![Value::from(1u64)].into()]) else { panic!("no text") };
        assert!(failure.to_string().contains("array containing number"), "{failure}");
    }
}
