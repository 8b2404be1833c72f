//! Finds assignments to names that mean a credential in a text, such as `DB_PASSWORD=…` or `"api_key": "…"`.
//!
//! Each separator is looked at, and what is on both sides of it: an expression would be tried at every character, and
//! most texts of a plan have words such as `key` in them.

use std::ops::Range;

use memchr::memchr2_iter;

/// The fewest bytes of a value.
const SHORTEST: usize = 8;

/// Names that mean a credential, alone or behind `_`. `secret` and `token` alone do not: as often they name a secret
/// (`--secret=orders-db`, `arn:…:secret:orders-db`).
const NAMES: &[&[u8]] = &[
    b"pgpassword",
    b"dbpassword",
    b"rootpassword",
    b"adminpassword",
    b"userpassword",
    b"password",
    b"passwd",
    b"pwd",
    b"secret_access_key",
    b"secret_key",
    b"secretkey",
    b"api_key",
    b"apikey",
    b"private_key",
    b"privatekey",
];

/// Ends of names that mean a credential behind a word of letters and digits.
const ENDINGS: &[&[u8]] = &[b"_secret", b"_token"];

/// Where the assigned values are. What begins with a character of shell, such as `$(`, is none.
pub(super) fn values(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut searched = 0;
    memchr2_iter(b':', b'=', bytes).filter_map(move |separator| {
        let front = bytes.get(searched..separator)?;
        let value = named(front, searched.checked_sub(1).and_then(|last| bytes.get(last).copied()))
            .then(|| value(bytes, separator + 1))
            .flatten();
        if let Some(value) = &value {
            searched = value.end;
        }
        value
    })
}

/// Whether a text ends in a name that means a credential, perhaps in quotes. `before` comes before the text.
fn named(front: &[u8], before: Option<u8>) -> bool {
    let blanks = front.iter().rev().take_while(|byte| is_blank(**byte)).count();
    let front = front.get(..front.len() - blanks).unwrap_or_default();
    let front = front.strip_suffix(b"\"").or_else(|| front.strip_suffix(b"'")).unwrap_or(front);
    let without = |end: &[u8]| {
        let (rest, found) = front.split_at_checked(front.len().checked_sub(end.len())?)?;
        found.eq_ignore_ascii_case(end).then_some(rest)
    };
    let is_whole = |rest: &[u8]| {
        let last = rest.last().copied().or(before.filter(|_| rest.is_empty()));
        !last.is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    NAMES.iter().filter_map(|name| without(name)).any(is_whole)
        || ENDINGS
            .iter()
            .filter_map(|end| without(end))
            .any(|rest| rest.last().is_some_and(u8::is_ascii_alphanumeric))
}

/// The value behind a separator, perhaps in quotes.
fn value(bytes: &[u8], mut start: usize) -> Option<Range<usize>> {
    start += bytes.get(start..)?.iter().take_while(|byte| is_blank(**byte)).count();
    start += usize::from(matches!(bytes.get(start), Some(b'"' | b'\'')));
    let ends = |byte: &u8| is_blank(*byte) || b"\"'<(%*&;,[".contains(byte);
    let length = bytes.get(start..)?.iter().take_while(|byte| !ends(byte)).count();
    let value = start..start + length;
    // Counted in characters, of which a long text has enough.
    let is_long = length >= SHORTEST
        && str::from_utf8(bytes.get(value.clone())?).ok()?.chars().nth(SHORTEST - 1).is_some();
    is_long.then_some(value)
}

/// Blanks as expressions without Unicode know them.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

#[cfg(test)]
mod tests {
    use regex_lite::Regex;

    use super::*;

    /// What is meant, as an expression.
    const EXPRESSION: &str = r#"(?i)(?:\b|_)(?:pgpassword|dbpassword|rootpassword|adminpassword|userpassword|password|passwd|pwd|[a-z0-9]+_(?:secret|token)|secret_access_key|secret_?key|api_?key|private_?key)["']?\s*[:=]\s*["']?([^\s"'<(%*&;,\[]{8,})"#;

    #[test]
    fn values_are_what_the_expression_finds() {
        let parts = [
            "password",
            "Passwd",
            "db_PWD",
            "PGPASSWORD",
            "dbPassword",
            "a_secret",
            "_token",
            "x1_Token",
            "SECRET_ACCESS_KEY",
            "secretkey",
            "api_key",
            "private_Key",
            "secret",
            "my",
            "_",
            "x",
            "\u{e9}",
            " ",
            "\n",
            "\"",
            "'",
            ":",
            "=",
            ":",
            "=",
            ": \"",
            "abcdefgh",
            "0123456",
            "\u{e9}\u{e9}\u{e9}\u{e9}",
            "a:b=c/d.e",
            "$x",
            "<",
            "(",
            "%",
            ",",
            "[",
        ];
        let expression = Regex::new(EXPRESSION).unwrap();
        // Each text is a number of so many digits; the generator is Knuth's.
        let mut state: u64 = 20_261_130;
        let mut found = 0;
        for length in 0..30_000_usize {
            let mut text = String::new();
            for _ in 0..=length % 11 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(parts[usize::try_from(state >> 33).unwrap() % parts.len()]);
            }
            let wanted: Vec<Range<usize>> =
                expression.captures_iter(&text).filter_map(|found| Some(found.get(1)?.range())).collect();
            found += wanted.len();
            assert_eq!(values(&text).collect::<Vec<_>>(), wanted, "{text:?}");
        }
        assert!(found > 500, "{found}");
    }

    #[test]
    fn a_long_text_of_separators_is_read_once() {
        for part in ["=", ":=", "a=", "password=a;", "pwd = ", "_token:"] {
            assert_eq!(values(&part.repeat(200_000)).count(), 0, "{part}");
        }
    }
}
