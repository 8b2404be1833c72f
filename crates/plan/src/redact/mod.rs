//! Decides which texts of a plan may leave the process.

mod json;

use std::borrow::Cow;
use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

pub use json::JsonRedactor;

use crate::text::escape;

/// The replacement of a sensitive value.
pub const PLACEHOLDER: &str = "(sensitive value)";

/// Shorter values are replaced if a mask marks them, but not searched for elsewhere: most texts
/// contain them by chance.
pub const SHORTEST_TAINT: usize = 6;

/// A text that may leave the process: sensitive values are replaced. It is exact otherwise, so a renderer escapes it
/// for its own medium.
///
/// Renderers accept no other text of a plan. What comes from a plan, a policy or a file becomes one by
/// [`Redactor::text`]; what is part of the program by [`SafeText::fixed`]; and several become one by
/// [`SafeText::concat`]. There is no `Display`, so that no text reaches a terminal unescaped by accident.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafeText(Cow<'static, str>);

impl SafeText {
    /// A text that is part of the program.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Texts one after the other.
    pub fn concat<'t>(parts: impl IntoIterator<Item = &'t Self>) -> Self {
        Self(Cow::Owned(parts.into_iter().map(Self::unescaped).collect()))
    }

    /// The text with spaces behind it, so that it has at least this many characters.
    pub fn padded(&self, characters: usize) -> Self {
        Self(Cow::Owned(format!("{:<characters$}", self.0)))
    }

    /// The exact text, for comparisons and for formats that escape by themselves, as JSON does.
    pub fn unescaped(&self) -> &str {
        &self.0
    }

    /// The text for a terminal or a log, with its line feeds.
    pub fn for_terminal(&self) -> String {
        escape::for_terminal(&self.0)
    }

    /// The text for one line of a terminal or a log: line feeds are written as `\n`.
    pub fn for_terminal_line(&self) -> String {
        escape::for_terminal_line(&self.0)
    }

    /// The text for a document that people read in a viewer, with its line feeds and tabs.
    pub fn for_document(&self) -> String {
        escape::for_document(&self.0)
    }
}

/// A number.
impl From<usize> for SafeText {
    fn from(number: usize) -> Self {
        Self(Cow::Owned(number.to_string()))
    }
}

/// Replaces the sensitive values of one plan wherever they occur, including copies without a mark.
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
    /// Too many values to build a search for: every text is replaced.
    Everything,
}

/// A text as JSON writes it between its quotes.
fn quoted(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

/// JSON as Go and `json.marshal` of policies write it, escaped for HTML.
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
            // Messages often contain a value in its JSON form, without the outer quotes.
            // JSON inside of JSON is escaped twice.
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
        // A run prints little, so an automaton that is quick to build beats one that searches faster:
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
            Search::Nothing => return SafeText(Cow::Owned(text.to_owned())),
            Search::Everything => return SafeText::fixed(PLACEHOLDER),
            Search::Values(searcher) => searcher,
        };
        // Overlapping matches are merged, so that no part of a longer value remains.
        let mut spans: Vec<(usize, usize)> =
            searcher.find_overlapping_iter(text).map(|found| (found.start(), found.end())).collect();
        if spans.is_empty() {
            return SafeText(Cow::Owned(text.to_owned()));
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
            redacted.push_str(text.get(printed..start).unwrap_or_default());
            redacted.push_str(PLACEHOLDER);
            printed = end;
        }
        redacted.push_str(text.get(printed..).unwrap_or_default());
        SafeText(Cow::Owned(redacted))
    }
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
            redactor.text("a hunter2-secret, b hunter2-secret").unescaped(),
            "a (sensitive value), b (sensitive value)"
        );
        assert_eq!(redactor.text("short stays").unescaped(), "short stays");
    }

    #[test]
    fn too_many_values_to_search_for_hide_everything() {
        let redactor = Redactor { search: Search::Everything };
        assert_eq!(redactor.text("anything").unescaped(), PLACEHOLDER);
    }

    #[test]
    fn overlapping_values_leave_no_rest() {
        assert_eq!(redactor(&["abcdef", "cdefgh"]).text("xabcdefghy").unescaped(), "x(sensitive value)y");
        assert_eq!(redactor(&["abcdef", "abcdefgh"]).text("abcdefgh").unescaped(), "(sensitive value)");
    }

    #[test]
    fn quoted_and_split_forms_are_replaced_too() {
        let redactor = redactor(&["first \"line\"\nsecond line"]);
        assert_eq!(redactor.text(r#"x first \"line\"\nsecond line y"#).unescaped(), "x (sensitive value) y");
        assert_eq!(redactor.text("only second line here").unescaped(), "only (sensitive value) here");
    }

    #[test]
    fn what_is_not_sensitive_stays_exact() {
        let text = "\t::error::\u{1b}[31m\u{202e}\r\n\u{200b}";
        assert_eq!(redactor(&["hunter2-secret"]).text(text).unescaped(), text);
        let both =
            SafeText::concat([&SafeText::fixed("a\t"), &SafeText::from(7), &Redactor::default().text("\n")]);
        assert_eq!(both.unescaped(), "a\t7\n");
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
                prop_assert!(!safe.unescaped().contains(value.as_str()), "{value} in {}", safe.unescaped());
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
            assert!(redactor.text(text).unescaped().contains(PLACEHOLDER), "{text}");
        }
    }
}
