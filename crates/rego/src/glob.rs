//! Matches names against the patterns of Go's `path.Match`, which conftest uses for namespaces.

/// Returns whether a name matches a pattern: `*` matches any characters (packages contain no `/`), `?` one character,
/// `[a-z]` and `[^a-z]` one character inside or outside a class, and `\` escapes the next character. An invalid
/// pattern matches nothing.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut position) = (0, 0);
    // The positions to resume from, with one more character matched by the last star.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&'*') {
            star = Some((at + 1, position));
            at += 1;
            continue;
        }
        let step = match (pattern.get(at), name.get(position)) {
            (None, None) => return true,
            (Some(_), Some(c)) => one(&pattern[at..], *c),
            (None, Some(_)) | (Some(_), None) => None,
        };
        match (step, star) {
            (Some(length), _) => {
                at += length;
                position += 1;
            }
            (None, Some((after, taken))) if taken < name.len() => {
                star = Some((after, taken + 1));
                at = after;
                position = taken + 1;
            }
            (None, _) => return false,
        }
    }
}

/// Returns the number of pattern characters that match `c`.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '\\' => (*pattern.get(1)? == c).then_some(2),
        '[' => class(pattern, c),
        literal => (*literal == c).then_some(1),
    }
}

fn class(pattern: &[char], c: char) -> Option<usize> {
    let mut at = 1;
    let negated = pattern.get(at) == Some(&'^');
    at += usize::from(negated);
    let mut found = false;
    let mut first = true;
    while first || *pattern.get(at)? != ']' {
        first = false;
        let low = class_character(pattern, &mut at)?;
        let high = if pattern.get(at) == Some(&'-') {
            at += 1;
            class_character(pattern, &mut at)?
        } else {
            low
        };
        found |= (low..=high).contains(&c);
    }
    (found != negated).then_some(at + 1)
}

fn class_character(pattern: &[char], at: &mut usize) -> Option<char> {
    if matches!(pattern.get(*at)?, '-' | ']') {
        return None;
    }
    if pattern[*at] == '\\' {
        *at += 1;
    }
    let c = *pattern.get(*at)?;
    *at += 1;
    Some(c)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_crosses_dots() {
        assert!(matches("main.*", "main.aws.s3"));
        assert!(matches("*", ""));
        assert!(matches("*.s3", "main.aws.s3"));
        assert!(matches("m*n.*s3", "main.aws.s3"));
        assert!(!matches("main.*", "main"));
        assert!(!matches("main", "main.aws"));
    }

    #[test]
    fn classes_and_escapes_follow_go() {
        assert!(matches("v[0-9]", "v7"));
        assert!(matches("v[^0-9]", "vx"));
        assert!(!matches("v[0-9]", "vx"));
        assert!(matches("a\\*", "a*"));
        assert!(!matches("a\\*", "ab"));
        assert!(matches("ma?n", "main"));
        for malformed in ["[", "[]", "[a", "[a-]", "[-a]", "a\\"] {
            assert!(!matches(malformed, "a"), "{malformed}");
        }
    }
}
