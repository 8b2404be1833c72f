//! Wildcards in waivers, namespaces and IAM policies: `*` matches any characters, `?` matches one,
//! everything else matches itself.

use std::str::Chars;

/// Whether `pattern` matches the whole of `text`. Takes time proportional to the product of the lengths.
pub fn matches(pattern: &str, text: &str) -> bool {
    matches_by(pattern, text, |expected, character| expected == character)
}

/// As [`matches`], with the letters of ASCII alike in either case.
pub fn matches_in_any_case(pattern: &str, text: &str) -> bool {
    matches_by(pattern, text, |expected, character| expected.eq_ignore_ascii_case(&character))
}

fn matches_by(pattern: &str, text: &str, is_same: impl Fn(char, char) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to continue if a later character does not match: after the last star, one character further.
    let mut retry: Option<(Chars<'_>, Chars<'_>)> = None;
    while let Some(character) = text.clone().next() {
        match pattern.clone().next() {
            Some('*') => {
                pattern.next();
                retry = Some((pattern.clone(), text.clone()));
            }
            Some(expected) if expected == '?' || is_same(expected, character) => {
                pattern.next();
                text.next();
            }
            _ => match &mut retry {
                Some((star, start)) => {
                    start.next();
                    (pattern, text) = (star.clone(), start.clone());
                }
                None => return false,
            },
        }
    }
    pattern.all(|character| character == '*')
}

#[cfg(test)]
mod tests {
    use super::{matches, matches_in_any_case};

    #[test]
    fn stars_and_question_marks_match_as_written() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("s3:*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*ab*ab", "abxabyab", true),
            ("*a*b*c", "xxaybyyczc", true),
            ("*a*b*c", "xxaybyycz", false),
            ("main", "main.sub", false),
            ("?", "é", true),
            ("A*", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
        assert!(matches_in_any_case("S3:get*", "s3:GetObject"));
        assert!(!matches_in_any_case("S3:get", "s3:GetObject"));
    }
}
