//! Comments in policies that ignore lints: `# planguard:ignore NAME because REASON`.
//!
//! At the end of a line, the comment applies to that line; on a line of its own, it applies only to the next line
//! that is not a comment.

use std::ops::Range;

use super::catalogue::Lint;

/// The start of an ignore comment.
const MARK: &str = "planguard:ignore";

/// The word between the lints and the reason.
const BECAUSE: &str = "because";

/// An ignore comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ignore {
    pub lints: Vec<Lint>,
    /// The line that it applies to, counted from 1.
    pub line: usize,
    /// The byte range of the comment.
    pub span: Range<usize>,
    /// The error in the comment, if it is invalid; it then ignores nothing.
    pub problem: Option<String>,
}

/// Returns every ignore comment of a text.
pub(super) fn read(text: &str) -> Vec<Ignore> {
    let lines: Vec<&str> = text.lines().collect();
    planguard_rego::comments(text)
        .into_iter()
        .filter_map(|span| {
            let comment = text.get(span.clone())?.trim_start_matches('#').trim();
            let rest = comment.strip_prefix(MARK)?;
            let own = text[..span.start].matches('\n').count();
            let alone = lines.get(own).is_some_and(|line| line.trim_start().starts_with('#'));
            let line = if alone {
                let next = (own + 1..lines.len()).find(|index| {
                    let line = lines[*index].trim();
                    !line.is_empty() && !line.starts_with('#')
                });
                next.unwrap_or(own)
            } else {
                own
            };
            let (lints, problem) = match parse(rest.trim_start_matches(':')) {
                Ok(lints) => (lints, None),
                Err(problem) => (Vec::new(), Some(problem)),
            };
            Some(Ignore { lints, line: line + 1, span, problem })
        })
        .collect()
}

fn parse(text: &str) -> Result<Vec<Lint>, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some(because) = words.iter().position(|word| *word == BECAUSE) else {
        return Err("it has no reason".to_owned());
    };
    let (names, reason) = words.split_at(because);
    if names.is_empty() {
        return Err("it names no lint".to_owned());
    }
    if reason.len() < 2 {
        return Err("it has no reason".to_owned());
    }
    let names = names.iter().flat_map(|names| names.split(',')).filter(|name| !name.is_empty());
    names.map(|name| name.parse::<Lint>().map_err(|error| error.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Ignore {
        let [ignore] = read(text).try_into().unwrap();
        ignore
    }

    #[test]
    fn a_comment_applies_to_its_line_or_the_next() {
        let ignore = only("package a\nx := 1 # planguard:ignore unused-rule because dashboards read it\n");
        assert_eq!((ignore.line, ignore.lints, ignore.problem), (2, vec![Lint::UnusedRule], None));
        let ignore = only("package a\n# planguard:ignore unused-rule, old-syntax because x\n# y\n\nx := 1\n");
        assert_eq!((ignore.line, ignore.lints.len()), (5, 2));
        assert!(read("package a\nx := \"# planguard:ignore unused-rule because x\"\n").is_empty());
    }

    #[test]
    fn a_reason_is_required() {
        for (comment, problem) in [
            ("unused-rule", "no reason"),
            ("unused-rule because", "no reason"),
            ("because I say so", "no lint"),
            ("unused-rul because x", "unused-rule"),
        ] {
            let ignore = only(&format!("package a\n# planguard:ignore {comment}\nx := 1\n"));
            assert!(ignore.problem.is_some_and(|text| text.contains(problem)), "{comment}");
        }
    }
}
