//! Regular expressions: Go's dialect, which is RE2's.

mod class;
mod dialect;
mod expand;
mod globs;

use std::sync::Arc;

use regorus::Value;

use super::arguments::Arguments;
use super::cache::Cache;
use super::text::check_length;
use super::{Builtin, Failure, Outcome};
pub(super) use dialect::Pattern;

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "regex.match", arity: 2, run: matches },
    Builtin { name: "re_match", arity: 2, run: matches },
    Builtin { name: "regex.is_valid", arity: 1, run: is_valid },
    Builtin { name: "regex.split", arity: 2, run: split },
    Builtin { name: "regex.replace", arity: 3, run: replace },
    Builtin { name: "regex.find_n", arity: 3, run: find_n },
    Builtin { name: "regex.find_all_string_submatch_n", arity: 3, run: find_all_string_submatch_n },
    Builtin { name: "regex.template_match", arity: 4, run: template_match },
    Builtin { name: "regex.globs_match", arity: 2, run: globs::globs_match },
];

static PATTERNS: Cache<Pattern> = Cache::new();

/// What the pattern was compiled to.
pub(super) fn compiled(pattern: &str) -> Result<Arc<Pattern>, Failure> {
    PATTERNS.get(pattern, || dialect::compile(pattern))
}

/// `regex.match(pattern, text)` and the older `re_match`: whether the pattern occurs in the text.
fn matches(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (pattern, text) = (arguments.text(0)?, arguments.text(1)?);
    Ok(compiled(pattern)?.regex.is_match(text).into())
}

/// `regex.is_valid(pattern)`: whether it is a pattern. Anything but a string is none.
fn is_valid(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let Ok(pattern) = arguments.text(0) else { return Ok(false.into()) };
    match compiled(pattern) {
        Ok(_) => Ok(true.into()),
        Err(Failure::Unsuitable(_)) => Ok(false.into()),
        Err(failure @ (Failure::TooLarge(_) | Failure::Unsupported(_))) => Err(failure),
    }
}

/// `regex.split(pattern, text)`: what stands between the matches. A match of nothing at the start splits nothing.
fn split(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (pattern, text) = (arguments.text(0)?, arguments.text(1)?);
    let compiled = compiled(pattern)?;
    if text.is_empty() && !pattern.is_empty() {
        return Ok(vec![Value::from("")].into());
    }
    let mut parts = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for found in compiled.regex.find_iter(text) {
        end = found.start();
        if found.end() != 0 {
            parts.push(Value::from(&text[begin..end]));
        }
        begin = found.end();
    }
    if end != text.len() {
        parts.push(Value::from(&text[begin..]));
    }
    Ok(parts.into())
}

/// `regex.replace(text, pattern, replacement)`: the text with every match replaced; in the replacement, `$1` and
/// `${name}` stand for groups.
fn replace(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (text, pattern, replacement) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    let compiled = compiled(pattern)?;
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for captures in compiled.regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(&text[copied..whole.start()]);
        expand::expand(replacement, &captures, &compiled.names, &mut out);
        copied = whole.end();
        // A short text can be replaced by a very long one many times.
        check_length(&out)?;
    }
    out.push_str(&text[copied..]);
    Ok(out.into())
}

/// How many matches are wanted: all, if the number is negative.
fn limit(arguments: &Arguments<'_>) -> Result<usize, Failure> {
    Ok(usize::try_from(arguments.integer(2)?).unwrap_or(usize::MAX))
}

/// `regex.find_n(pattern, text, number)`: the first matches.
fn find_n(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (pattern, text) = (arguments.text(0)?, arguments.text(1)?);
    let limit = limit(&arguments)?;
    let compiled = compiled(pattern)?;
    let found = compiled.regex.find_iter(text).take(limit);
    Ok(found.map(|found| Value::from(found.as_str())).collect::<Vec<_>>().into())
}

/// `regex.find_all_string_submatch_n(pattern, text, number)`: the first matches, each with its groups. A group
/// that took no part is an empty string.
fn find_all_string_submatch_n(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (pattern, text) = (arguments.text(0)?, arguments.text(1)?);
    let limit = limit(&arguments)?;
    let compiled = compiled(pattern)?;
    let found = compiled.regex.captures_iter(text).take(limit).map(|captures| {
        let groups = captures.iter().map(|group| group.map_or("", |group| group.as_str()));
        Value::from(groups.map(Value::from).collect::<Vec<_>>())
    });
    Ok(found.collect::<Vec<_>>().into())
}

/// `regex.template_match(template, text, start, end)`: whether the whole text is the template, in which patterns
/// stand between the delimiters.
fn template_match(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (template, text) = (arguments.text(0)?, arguments.text(1)?);
    let start = delimiter(arguments.text(2)?, "start")?;
    let end = delimiter(arguments.text(3)?, "end")?;
    let unbalanced = || Failure::unsuitable(format!("unbalanced braces in {template:?}"));
    let mut pattern = String::from("^");
    let mut level = 0usize;
    let mut begin = 0;
    for (at, byte) in template.bytes().enumerate() {
        if byte == start {
            level += 1;
            if level == 1 {
                pattern.push_str(&dialect::quote_meta(&template[begin..at]));
                begin = at + 1;
            }
        } else if byte == end {
            level = level.checked_sub(1).ok_or_else(unbalanced)?;
            if level == 0 {
                let inner = &template[begin..at];
                // On its own, so that a parenthesis cannot close the group around it.
                compiled(&format!("^{inner}$"))?;
                pattern.push_str(&format!("({inner})"));
                begin = at + 1;
            }
        }
    }
    if level > 0 {
        return Err(unbalanced());
    }
    pattern.push_str(&dialect::quote_meta(&template[begin..]));
    pattern.push('$');
    Ok(compiled(&pattern)?.regex.is_match(text).into())
}

fn delimiter(text: &str, which: &str) -> Result<u8, Failure> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        bytes => Err(Failure::unsuitable(format!(
            "{which} delimiter has to be exactly one character long but is {} long",
            bytes.len()
        ))),
    }
}
