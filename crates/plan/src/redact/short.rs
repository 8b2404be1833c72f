//! Short sensitive values: which of them are looked for in texts, and where they count.
//!
//! A plan that marks `12345` is certain that it is secret, but three to five characters also occur by chance. So they
//! count only as whole words, and only if they are more than an ordinary word or a small number: a report with holes in
//! its sentences helps nobody, and each hole in a known sentence tells what fills it.

use std::ops::Range;

use super::SHORTEST_TAINT;
use crate::model::is_setting;

/// Shorter values, such as `eu`, occur in most texts.
const SHORTEST: usize = 3;

/// Numbers of fewer digits are too common to identify a secret: ports, percentages, versions such as `1.2`.
pub(super) const SHORTEST_NUMBER: usize = 4;

/// The value as it is looked for, if it is a short one that is: without blanks around it.
pub(super) fn sought(value: &str) -> Option<&str> {
    let value = value.trim();
    let length = value.chars().count();
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let counts = (SHORTEST..SHORTEST_TAINT).contains(&length)
        && value.contains(char::is_alphanumeric)
        && !(is_number && digits < SHORTEST_NUMBER)
        && !matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "null")
        && !is_setting(value);
    counts.then_some(value)
}

/// Whether a short value stands at this place as a whole word. One that is made of letters only may be part of a name,
/// as `prod` is of `my-prod_db`; others count there as well.
pub fn stands_alone(text: &[u8], span: &Range<usize>) -> bool {
    let (Some(front), Some(value), Some(rest)) =
        (text.get(..span.start), text.get(span.clone()), text.get(span.end..))
    else {
        return false;
    };
    let is_word = value.iter().all(u8::is_ascii_alphabetic);
    let joins = |character: char| character.is_alphanumeric() || is_word && matches!(character, '-' | '_');
    let joins =
        |inner: Option<char>, outer: Option<char>| inner.is_some_and(joins) && outer.is_some_and(joins);
    let goes_before = joins(first(value), last(front)) && !ends_with_escape(front);
    let goes_on = joins(last(value), first(rest));
    !(goes_before || goes_on)
}

/// Whether the last letter of a text belongs to an escape of JSON, as in `\n` and `\u003c`.
fn ends_with_escape(text: &[u8]) -> bool {
    match text {
        [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
        [.., b'\\', b'u', a, b, c, d] => [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()),
        _ => false,
    }
}

/// The first character, if it is one: decoded bytes may be anything.
fn first(bytes: &[u8]) -> Option<char> {
    (1..=4).find_map(|length| std::str::from_utf8(bytes.get(..length)?).ok()?.chars().next())
}

fn last(bytes: &[u8]) -> Option<char> {
    (1..=4).find_map(|length| {
        std::str::from_utf8(bytes.get(bytes.len().checked_sub(length)?..)?).ok()?.chars().next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_are_looked_for_unless_they_are_ordinary() {
        for value in ["12345", "pin", "a b", "4711", "#1a", "Ab1", "1.234", "é1è"] {
            assert_eq!(sought(value), Some(value), "{value}");
        }
        assert_eq!(sought(" 12345\n"), Some("12345"));
        for value in
            ["", "  ", "ab", "443", "-1", "1.2", "true", "NULL", "TCP", "none", "---", "://", "hunter2"]
        {
            assert_eq!(sought(value), None, "{value}");
        }
    }

    fn places(text: &str, value: &str) -> Vec<usize> {
        let places = text.match_indices(value).map(|(start, value)| start..start + value.len());
        places.filter(|place| stands_alone(text.as_bytes(), place)).map(|place| place.start).collect()
    }

    #[test]
    fn short_values_count_as_whole_words() {
        for text in [
            "12345",
            "pin 12345.",
            "\"12345\"",
            "x=12345;",
            "“12345”",
            "a_12345-b",
            r"\n12345",
            r"\u003c12345",
        ] {
            assert_eq!(places(text, "12345").len(), 1, "{text}");
        }
        for text in ["123456", "012345", "x12345", "12345é", "é12345", "n12345", "u003c12345"] {
            assert!(places(text, "12345").is_empty(), "{text}");
        }
    }

    #[test]
    fn words_do_not_count_as_parts_of_names() {
        assert_eq!(places("the vpc of aws_vpc, vpc-1, my-vpc and (vpc)", "vpc"), [4, 39]);
        // What is no letter ends a word by itself.
        assert_eq!(places("a#1a", "#1a"), [1]);
    }
}
