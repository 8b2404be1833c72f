//! The one place that decides what of a plan may be printed.

mod json;

use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Write as _;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

pub use json::JsonRedactor;

/// What stands in the place of a sensitive value.
pub const PLACEHOLDER: &str = "(sensitive value)";

/// Shorter values are hidden where a mask marks them, but not searched for elsewhere: nearly every text
/// would hold them by chance.
pub const SHORTEST_TAINT: usize = 6;

/// A text that may leave the process: sensitive values are replaced, and control characters and those that
/// reorder text are escaped. Line feeds stay; renderers decide what a line may start with.
///
/// Renderers accept no other text of a plan. The only ways to make one are [`Redactor::text`], for what comes
/// from a plan or a policy, and [`SafeText::fixed`], for what is part of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafeText(String);

impl SafeText {
    /// A text that is part of the program or of a guardrail, and never of a plan.
    pub fn fixed(text: &str) -> Self {
        Self(escape(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text on one line: line feeds are written as `\n`.
    pub fn one_line(&self) -> String {
        self.0.replace('\n', "\\n")
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Replaces the sensitive values of one plan wherever they occur, also where a copy lost its mark.
#[derive(Debug, Default)]
pub struct Redactor {
    search: Search,
}

#[derive(Debug, Default)]
enum Search {
    /// Nothing is sensitive.
    #[default]
    Nothing,
    /// These values are.
    Values(AhoCorasick),
    /// There are so many values that no search for them can be built: then everything is hidden.
    Everything,
}

/// A text as JSON writes it between its quotes.
fn quoted(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// JSON as Go writes it, and `json.marshal` of policies: it can stand in a web page.
fn for_html(json: &str) -> String {
    let escaped = [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ];
    escaped.iter().fold(json.to_owned(), |json, (plain, escape)| json.replace(*plain, escape))
}

impl Redactor {
    /// A redactor for these values; those shorter than [`SHORTEST_TAINT`] characters are left out.
    pub fn new(sensitive: &BTreeSet<String>) -> Self {
        let mut patterns: BTreeSet<String> = BTreeSet::new();
        for value in sensitive.iter().filter(|value| value.chars().count() >= SHORTEST_TAINT) {
            patterns.insert(value.clone());
            // Messages often hold a value as JSON or as a debug text writes it, without the outer quotes.
            // Where a text of JSON is written into JSON again, it is so twice.
            for quoted in [quoted(value), for_html(&quoted(value))] {
                let twice = self::quoted(&quoted);
                patterns.extend([quoted, twice]);
            }
            // A text of several lines may be printed line by line.
            patterns.extend(
                value
                    .lines()
                    .map(str::trim)
                    .filter(|line| line.chars().count() >= SHORTEST_TAINT)
                    .map(ToOwned::to_owned),
            );
        }
        // What a run prints is short, so an automaton that is quick to build beats one that searches faster:
        // the DFA that would be chosen for few patterns takes longer to build than reading a small plan does.
        let build =
            || AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&patterns).ok();
        let search = if patterns.is_empty() {
            Search::Nothing
        } else {
            build().map_or(Search::Everything, Search::Values)
        };
        Self { search }
    }

    /// The text as it may be printed.
    pub fn text(&self, text: &str) -> SafeText {
        let searcher = match &self.search {
            Search::Nothing => return SafeText(escape(text)),
            Search::Everything => return SafeText(PLACEHOLDER.to_owned()),
            Search::Values(searcher) => searcher,
        };
        // Overlapping matches are merged, so that no rest of a longer value stays behind.
        let mut spans: Vec<(usize, usize)> =
            searcher.find_overlapping_iter(text).map(|found| (found.start(), found.end())).collect();
        if spans.is_empty() {
            return SafeText(escape(text));
        }
        spans.sort_unstable();
        let mut redacted = String::with_capacity(text.len());
        let mut printed = 0;
        let mut spans = spans.into_iter().peekable();
        while let Some((start, mut end)) = spans.next() {
            while let Some(&(next_start, next_end)) = spans.peek().filter(|(next, _)| *next <= end) {
                debug_assert!(next_start >= start);
                end = end.max(next_end);
                spans.next();
            }
            redacted.push_str(&text[printed..start]);
            redacted.push_str(PLACEHOLDER);
            printed = end;
        }
        redacted.push_str(&text[printed..]);
        SafeText(escape(&redacted))
    }
}

/// Writes control characters, line and paragraph separators and bidirectional controls as `\u{..}`, and the
/// first character of what a CI system would take for a command. A tab becomes a space.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut word_starts = true;
    for (position, character) in text.char_indices() {
        match character {
            '\n' => escaped.push('\n'),
            '\t' => escaped.push(' '),
            ':' | '#' if word_starts && is_command(&text[position..]) => {
                push_code_point(&mut escaped, character)
            }
            dangerous if is_dangerous(dangerous) => push_code_point(&mut escaped, dangerous),
            plain => escaped.push(plain),
        }
        word_starts = character.is_whitespace();
    }
    escaped
}

fn push_code_point(text: &mut String, character: char) {
    // Writing to a String does not fail.
    let _ = write!(text, "\\u{{{:x}}}", u32::from(character));
}

/// Whether a text starts like a workflow command of GitHub (`::error::`) or Azure Pipelines (`##[error]`,
/// `##vso[`). They count at the start of a line, and any word may come to stand there when lines wrap. An
/// IPv6 address has two colons only once.
fn is_command(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let github = line
        .strip_prefix("::")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.contains("::"));
    github || line.starts_with("##[") || line.starts_with("##vso[")
}

fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redactor(values: &[&str]) -> Redactor {
        Redactor::new(&values.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn values_are_replaced_wherever_they_occur() {
        let redactor = redactor(&["hunter2-secret", "short"]);
        assert_eq!(
            redactor.text("a hunter2-secret, b hunter2-secret").as_str(),
            "a (sensitive value), b (sensitive value)"
        );
        assert_eq!(redactor.text("short stays").as_str(), "short stays");
    }

    #[test]
    fn too_many_values_to_search_for_hide_everything() {
        let redactor = Redactor { search: Search::Everything };
        assert_eq!(redactor.text("anything").as_str(), PLACEHOLDER);
    }

    #[test]
    fn overlapping_values_leave_no_rest() {
        assert_eq!(redactor(&["abcdef", "cdefgh"]).text("xabcdefghy").as_str(), "x(sensitive value)y");
        assert_eq!(redactor(&["abcdef", "abcdefgh"]).text("abcdefgh").as_str(), "(sensitive value)");
    }

    #[test]
    fn quoted_and_split_forms_are_replaced_too() {
        let redactor = redactor(&["first \"line\"\nsecond line"]);
        assert_eq!(redactor.text(r#"x first \"line\"\nsecond line y"#).as_str(), "x (sensitive value) y");
        assert_eq!(redactor.text("only second line here").as_str(), "only (sensitive value) here");
    }

    #[test]
    fn terminals_are_not_steered() {
        assert_eq!(
            SafeText::fixed("a\u{1b}[31mb\u{202e}c\r\td\ne").as_str(),
            "a\\u{1b}[31mb\\u{202e}c\\u{d} d\ne"
        );
    }

    #[test]
    fn ci_systems_are_not_given_commands() {
        assert_eq!(
            SafeText::fixed("::error::x\n  ##[warning]y a ##vso[task]z").as_str(),
            "\\u{3a}:error::x\n  \\u{23}#[warning]y a \\u{23}#vso[task]z"
        );
        let harmless = "data::x::y, open to ::/0 and ::ffff:10.0.0.1, ## heading";
        assert_eq!(SafeText::fixed(harmless).as_str(), harmless);
    }

    proptest! {
        #[test]
        fn no_value_survives(
            values in proptest::collection::btree_set("[a-d]{6,9}", 1..5),
            noise in proptest::collection::vec("[a-d ]{0,8}", 1..6),
        ) {
            let redactor = Redactor::new(&values);
            let all: Vec<&str> = values.iter().map(String::as_str).collect();
            let text: String = noise.iter().enumerate().map(|(i, n)| format!("{n}{}", all[i % all.len()])).collect();
            let safe = redactor.text(&text);
            for value in &values {
                prop_assert!(!safe.as_str().contains(value.as_str()), "{value} in {}", safe.as_str());
            }
        }
    }

    #[test]
    fn values_are_found_as_go_writes_them_into_json() {
        let redactor = Redactor::new(&BTreeSet::from(["a<b>&\"c\u{2028}".to_owned()]));
        for text in [
            r#"{"x":"a\u003cb\u003e\u0026\"c\u2028"}"#,
            r#"{\"x\":\"a\\u003cb\\u003e\\u0026\\\"c\\u2028\"}"#,
            "{\\\"x\\\":\\\"a<b>&\\\\\\\"c\u{2028}\\\"}",
        ] {
            assert!(redactor.text(text).as_str().contains(PLACEHOLDER), "{text}");
        }
    }
}
