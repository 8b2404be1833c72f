//! Finds escapes of half a character, which parsers refuse only in what they read.

use memchr::memmem;

/// The first byte of an escape such as `\ud800` that has no other half, if any.
///
/// `json` must be valid JSON. RFC 8259, section 7: a character beyond the first 65,536 is written as two escapes, one of
/// `d800` to `dbff` and one of `dc00` to `dfff`.
pub(super) fn first_unpaired(json: &str) -> Option<usize> {
    let bytes = json.as_bytes();
    let first = |start: &[u8]| {
        memmem::find_iter(bytes, start).find(|&at| is_escape(bytes, at) && is_unpaired(bytes, at))
    };
    [first(br"\ud"), first(br"\uD")].into_iter().flatten().min()
}

/// Whether the backslash at `at` begins an escape: it does not where another one escapes it.
fn is_escape(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(..at).unwrap_or_default();
    before.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 0
}

/// Whether the escape at `at` is half a character beside which the other half does not stand.
fn is_unpaired(bytes: &[u8], at: usize) -> bool {
    match half(bytes, at) {
        Some(Half::First) => half(bytes, at + ESCAPE) != Some(Half::Second),
        Some(Half::Second) => {
            at.checked_sub(ESCAPE)
                .filter(|&before| is_escape(bytes, before))
                .and_then(|before| half(bytes, before))
                != Some(Half::First)
        }
        None => false,
    }
}

/// The bytes of an escape: a backslash, `u` and four digits.
const ESCAPE: usize = 6;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    First,
    Second,
}

/// Which half of a character the escape at `at` is, if it is one.
fn half(bytes: &[u8], at: usize) -> Option<Half> {
    match bytes.get(at..at + 4)? {
        [b'\\', b'u', b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B'] => Some(Half::First),
        [b'\\', b'u', b'd' | b'D', b'c'..=b'f' | b'C'..=b'F'] => Some(Half::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_are_found_where_they_stand_alone() {
        for (json, at) in [
            (r#""\ud800""#, 1),
            (r#""\uDBFF""#, 1),
            (r#""\uDC00""#, 1),
            (r#""\udfff\ud83d""#, 1),
            (r#""\ud83d\ud83d\ude00""#, 1),
            (r#""\ud83d\ude00\ude00""#, 13),
            (r#""\\\ud800""#, 3),
            (r#"["\uD83D\uDE00", "\ud83d", "\uD83D"]"#, 18),
        ] {
            assert_eq!(first_unpaired(json), Some(at), "{json}");
        }
        for json in
            [r#""\ud83d\ude00""#, r#""\uD83D\uDe00""#, r#""\\ud800""#, r#""\ud7ff\ue000""#, "\"ud800\""]
        {
            assert_eq!(first_unpaired(json), None, "{json}");
        }
    }

    proptest! {
        /// What the parser refuses is found, and nothing else is.
        #[test]
        fn agrees_with_the_parser(parts in prop::collection::vec(prop::sample::select(vec![
            r"\ud800", r"\uDBFF", r"\udc00", r"\uDFFF", r"\ud7ff", r"\\", "u", "d800", r"\n", "x",
        ]), 0..8)) {
            let json = format!("\"{}\"", parts.concat());
            let parsed = serde_json::from_str::<String>(&json);
            prop_assert_eq!(first_unpaired(&json).is_some(), parsed.is_err(), "{}", json);
        }
    }
}
