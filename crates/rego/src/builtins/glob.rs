//! Globs, with the delimiters that `*` and `?` do not cross.

use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};
use regorus::Value;

use super::arguments::Arguments;
use super::cache::Cache;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "glob.match", arity: 3, run: matches },
    Builtin { name: "glob.quote_meta", arity: 1, run: quote_meta },
];

/// What a compiled glob may need.
const SIZE_LIMIT: usize = 10 << 20;

static GLOBS: Cache<Regex> = Cache::new();

/// `glob.match(pattern, delimiters, text)`: whether the whole text matches. No delimiters are given by null; an empty
/// array stands for the dot.
fn matches(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let pattern = arguments.text(0)?;
    let mut delimiters = String::new();
    match arguments.value(1) {
        Value::Null => {}
        Value::Array(elements) if elements.iter().len() == 0 => delimiters.push('.'),
        Value::Array(elements) => {
            for element in elements.iter() {
                match element {
                    Value::String(text) if text.chars().count() == 1 => delimiters.push_str(text),
                    _ => {
                        let reason = "operand 2 must be array of runes";
                        return Err(Failure::unsuitable(reason));
                    }
                }
            }
        }
        _ => return Err(arguments.wrong(1, "array")),
    }
    let text = arguments.text(2)?;
    let key = format!("{delimiters}\n{pattern}");
    let glob = GLOBS.get(&key, || compile(pattern, &delimiters))?;
    Ok(glob.is_match(text).into())
}

/// `glob.quote_meta(text)`: a pattern that matches the text and nothing else.
fn quote_meta(arguments: &[Value]) -> Outcome {
    let mut quoted = String::new();
    for c in Arguments(arguments).text(0)?.chars() {
        if "\\*?[]{}".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    Ok(quoted.into())
}

fn compile(pattern: &str, delimiters: &str) -> Result<Regex, Failure> {
    let one = match delimiters {
        "" => ".".to_owned(),
        _ => format!("[^{}]", delimiters.chars().map(class_member).collect::<String>()),
    };
    let mut translation = String::from("^(?:");
    let mut open = 0usize;
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' if rest.next_if_eq(&'*').is_some() => translation.push_str(".*"),
            '*' => translation.push_str(&format!("{one}*")),
            '?' => translation.push_str(&one),
            '[' => translation.push_str(&class(&mut rest).map_err(Failure::unsuitable)?),
            '{' => {
                open += 1;
                translation.push_str("(?:");
            }
            '}' if open > 0 => {
                open -= 1;
                translation.push(')');
            }
            ',' if open > 0 => translation.push('|'),
            '\\' => translation.extend(rest.next().map(literal)),
            c => translation.push_str(&literal(c)),
        }
    }
    // What is left open reaches to the end.
    translation.push_str(&")".repeat(open));
    translation.push_str(")$");
    let built = RegexBuilder::new(&translation).dot_matches_new_line(true).size_limit(SIZE_LIMIT).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            Failure::TooLarge(format!("the pattern needs more than {SIZE_LIMIT} bytes: {pattern:?}"))
        }
        error => Failure::unsuitable(error.to_string().replace('\n', " ")),
    })
}

fn literal(c: char) -> String {
    regex::escape(c.encode_utf8(&mut [0; 4]))
}

fn class_member(c: char) -> String {
    format!("\\x{{{:x}}}", u32::from(c))
}

/// `[abc]`, `[a-c]`, `[!abc]` or `[!a-c]`: a list or one range, never both.
fn class(rest: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    const UNFINISHED: &str = "unexpected end of input";
    let negation = if rest.next_if_eq(&'!').is_some() { "^" } else { "" };
    let mut ahead = rest.clone();
    let first = ahead.next().ok_or(UNFINISHED)?;
    let members = if ahead.next() == Some('-') {
        rest.nth(1);
        let last = rest.next().ok_or(UNFINISHED)?;
        match rest.next() {
            Some(']') if last < first => {
                return Err(format!("hi character '{last}' should be greater than lo '{first}'"));
            }
            Some(']') => format!("{}-{}", class_member(first), class_member(last)),
            Some(_) => return Err("expected close range character".to_owned()),
            None => return Err(UNFINISHED.to_owned()),
        }
    } else {
        let mut members = String::new();
        loop {
            match rest.next().ok_or(UNFINISHED)? {
                ']' => break members,
                '\\' => members.extend(rest.next().map(class_member)),
                c => members.push_str(&class_member(c)),
            }
        }
    };
    if members.is_empty() {
        return Err("could not parse range".to_owned());
    }
    Ok(format!("[{negation}{members}]"))
}
