//! Wildcards in waivers, namespaces and IAM policies: `*` matches any characters, `?` matches one,
//! everything else matches itself.

/// Whether `pattern` matches the whole of `text`. Takes time proportional to the product of the lengths.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to continue if a later character does not match: after the last star, one character further.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(character) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(expected) if *expected == '?' || expected == character => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, start)) => {
                    retry = Some((star, start + 1));
                    p = star;
                    t = start + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|character| *character == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

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
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
