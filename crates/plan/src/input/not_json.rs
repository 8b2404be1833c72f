//! Classifies text that does not start like a JSON object.

use memchr::memmem;
use serde::de::IgnoredAny;

use super::problem::{JsonKind, Problem, TextKind};
use super::top_level::syntax_problem;

/// How much of a text is searched for typical phrases.
const PHRASE_WINDOW: usize = 64 * 1024;

/// What is wrong with `text[start..]`, whose first byte is not `{`.
pub(super) fn problem(text: &str, start: usize) -> Problem {
    let rest = text.get(start..).unwrap_or_default();
    let array = rest.starts_with('[');
    let parsed = serde_json::from_str::<IgnoredAny>(rest);
    if parsed.is_ok() {
        return Problem::NotAnObject(if array { JsonKind::Array } else { JsonKind::Scalar });
    }
    if has_terragrunt_prefix(rest) {
        return Problem::TerragruntPrefix;
    }
    match parsed {
        Err(error) if array => syntax_problem(text, start, &error),
        _ if rest.contains("\n{") => Problem::TextBeforeJson,
        _ => Problem::NotJson(kind(rest)),
    }
}

/// `[module] {`, or `12:34:56.789 STDOUT [module] terraform: {` from newer versions.
pub(super) fn has_terragrunt_prefix(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let named = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let bracketed =
        named.is_some_and(|(name, rest)| !name.contains(['"', '{', ',']) && rest.starts_with([' ', '\t']));
    let stamped = line.starts_with(|first: char| first.is_ascii_digit()) && line.contains(" STDOUT ");
    bracketed || stamped
}

fn kind(text: &str) -> TextKind {
    let window = text.as_bytes().get(..PHRASE_WINDOW).unwrap_or(text.as_bytes());
    let has =
        |phrases: &[&str]| phrases.iter().any(|phrase| memmem::find(window, phrase.as_bytes()).is_some());
    if has(&["execution plan", "will perform the following actions", "No changes."]) {
        TextKind::HumanPlan
    } else if has(&["Error: ", "Warning: "]) {
        TextKind::Diagnostics
    } else {
        TextKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_apart_what_starts_with_a_bracket() {
        assert!(matches!(problem("[1, {}]", 0), Problem::NotAnObject(JsonKind::Array)));
        assert!(matches!(problem("[live/vpc] {\"a\":1}", 0), Problem::TerragruntPrefix));
        assert!(matches!(problem("[{\"a\": 1}, ", 0), Problem::Truncated { .. }));
        assert!(matches!(problem("[1 2]", 0), Problem::Syntax { .. }));
    }

    #[test]
    fn tells_apart_texts() {
        let stamped = "14:02:11.003 STDOUT [vpc] terraform: {\"a\":1}";
        assert!(matches!(problem(stamped, 0), Problem::TerragruntPrefix));
        assert!(matches!(problem("Warning: old\n\n{\"a\":1}", 0), Problem::TextBeforeJson));
        assert!(matches!(problem("Error: no", 0), Problem::NotJson(TextKind::Diagnostics)));
        assert!(matches!(problem("No changes. Fine.", 0), Problem::NotJson(TextKind::HumanPlan)));
        assert!(matches!(problem("resource \"a\" {}", 0), Problem::NotJson(TextKind::Other)));
        assert!(matches!(problem("null", 0), Problem::NotAnObject(JsonKind::Scalar)));
    }
}
