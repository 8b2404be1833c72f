//! Finds passwords in URLs, `scheme://user:password@host`, without an expression: most texts of a plan that have the
//! marker of a form have this one, and none of them a password.

use std::ops::Range;

use memchr::memmem;

use super::IN_URL;

/// The fewest characters of a password.
const SHORTEST: usize = 3;

/// Where passwords of URLs are in a text.
pub(super) fn passwords(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut searched = 0;
    memmem::find_iter(text.as_bytes(), IN_URL).filter_map(move |marker| {
        let front = text.get(searched..marker).unwrap_or_default();
        let before = searched.checked_sub(1).and_then(|position| text.as_bytes().get(position).copied());
        let found = if ends_in_scheme(front.as_bytes(), before) {
            password(text, marker + IN_URL.len())
        } else {
            None
        };
        if let Some(password) = &found {
            searched = password.end + 1;
        }
        found
    })
}

/// Whether a text, of which this is what comes before it, ends in the name of a scheme.
fn ends_in_scheme(text: &[u8], before: Option<u8>) -> bool {
    let is_part = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'.' | b'-');
    let length = text.iter().rev().take_while(|byte| is_part(byte)).count();
    let start = text.len() - length;
    let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    (start..text.len()).any(|position| {
        let before = position.checked_sub(1).map_or(before, |before| text.get(before).copied());
        text.get(position).is_some_and(u8::is_ascii_lowercase) && !before.is_some_and(|byte| of_word(&byte))
    })
}

/// The password behind a user that begins here, and before an `@`.
fn password(text: &str, user: usize) -> Option<Range<usize>> {
    let colon = user + length_of_part(text.get(user..)?);
    let start = colon + 1;
    if colon == user || text.as_bytes().get(colon) != Some(&b':') {
        return None;
    }
    let end = start + length_of_part(text.get(start..)?);
    let is_long = text.get(start..end)?.chars().nth(SHORTEST - 1).is_some();
    (is_long && text.as_bytes().get(end) == Some(&b'@')).then_some(start..end)
}

/// How many bytes are of a user's name or a password, and not of a reference such as `${password}`.
fn length_of_part(text: &str) -> usize {
    let ends = |byte: &u8| {
        matches!(byte, b':' | b'/' | b'@' | b'$' | b'<' | b'{' | b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
    };
    text.bytes().position(|byte| ends(&byte)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::FORMS;
    use super::*;

    proptest! {
        /// The expression of the form says what is meant.
        #[test]
        fn passwords_are_what_the_expression_finds(text in "([a-cZ0_.+:/@$<{ \u{e9}\\n-]|://|a://b:abc@|://b:|s://){0,12}") {
            let form = FORMS.iter().find(|form| form.marker == IN_URL).unwrap();
            let wanted: Vec<Range<usize>> = form
                .found(&text)
                .map(|found| {
                    let user = found.start() + found.as_str().find(IN_URL).unwrap() + IN_URL.len();
                    user + text[user..].find(':').unwrap() + 1..found.end() - 1
                })
                .collect();
            prop_assert_eq!(passwords(&text).collect::<Vec<_>>(), wanted, "{:?}", text);
        }
    }
}
