//! Escapes text for where it is printed, by one table of characters that hide text or steer what shows it.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// Characters outside of Unicode's category Cc (controls) that are invisible, reorder text or break lines, in order.
///
/// From the Unicode Character Database, version 16.0: all of `Default_Ignorable_Code_Point` (`DerivedCoreProperties.txt`)
/// and of `Bidi_Control` (`PropList.txt`), the line and paragraph separators (category Zl and Zp) and the interlinear
/// annotation marks. Tag characters (U+E0000 to U+E007F) and variation selectors are among the first. U+FE0E and U+FE0F
/// are left out: they choose between the text form and the emoji form of a visible character.
const HIDING_OR_STEERING: &[RangeInclusive<char>] = &[
    '\u{ad}'..='\u{ad}',       // soft hyphen
    '\u{34f}'..='\u{34f}',     // combining grapheme joiner
    '\u{61c}'..='\u{61c}',     // Arabic letter mark
    '\u{115f}'..='\u{1160}',   // Hangul fillers
    '\u{17b4}'..='\u{17b5}',   // Khmer inherent vowels
    '\u{180b}'..='\u{180f}',   // Mongolian variation selectors and vowel separator
    '\u{200b}'..='\u{200f}',   // zero-width space, non-joiner and joiner; direction marks
    '\u{2028}'..='\u{202e}',   // line and paragraph separator; direction embeddings and overrides
    '\u{2060}'..='\u{206f}',   // word joiner, invisible operators, direction isolates, deprecated controls
    '\u{3164}'..='\u{3164}',   // Hangul filler
    '\u{fe00}'..='\u{fe0d}',   // variation selectors
    '\u{feff}'..='\u{feff}',   // byte order mark
    '\u{ffa0}'..='\u{ffa0}',   // halfwidth Hangul filler
    '\u{fff0}'..='\u{fffb}',   // unassigned ignorables; interlinear annotation marks
    '\u{1bca0}'..='\u{1bca3}', // shorthand format controls
    '\u{1d173}'..='\u{1d17a}', // musical symbol controls
    '\u{e0000}'..='\u{e0fff}', // tag characters; more variation selectors
];

/// Whether a character is a control character or none, is invisible, reorders text or breaks lines.
pub fn hides_or_steers(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control()
        || is_noncharacter(character)
        || HIDING_OR_STEERING
            .binary_search_by(|range| {
                if *range.end() < character {
                    std::cmp::Ordering::Less
                } else if *range.start() > character {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Equal
                }
            })
            .is_ok()
}

/// Whether a character is none: Unicode reserves it, nothing shows it, and no XML document may have the first two.
const fn is_noncharacter(character: char) -> bool {
    let code = character as u32;
    code & 0xfffe == 0xfffe || matches!(code, 0xfdd0..=0xfdef)
}

/// How a medium writes line feeds and tabs.
#[derive(Clone, Copy)]
struct Medium {
    line_feed: &'static str,
    tab: &'static str,
}

const TERMINAL: Medium = Medium { line_feed: "\n", tab: " " };
const TERMINAL_LINE: Medium = Medium { line_feed: "\\n", tab: " " };
const DOCUMENT: Medium = Medium { line_feed: "\n", tab: "\t" };

/// A text as a terminal or a CI log may show it. Characters that hide text or steer the terminal, and the first
/// character of what a CI system takes for a command, are written as `\u{..}`; a tab becomes a space. Line feeds stay.
pub fn for_terminal(text: &str) -> String {
    escaped(text, TERMINAL)
}

/// The same on one line: line feeds are written as `\n`.
pub fn for_terminal_line(text: &str) -> String {
    escaped(text, TERMINAL_LINE)
}

/// A text for a document that people read in a viewer (XML, annotations of a pull request), and that may pass through
/// a CI log on its way there: as [`for_terminal`], but tabs stay.
pub fn for_document(text: &str) -> String {
    escaped(text, DOCUMENT)
}

fn escaped(text: &str, medium: Medium) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut starts_word = true;
    let mut rest = text.chars();
    loop {
        let ahead = rest.as_str();
        let Some(character) = rest.next() else { return escaped };
        match character {
            '\n' => escaped.push_str(medium.line_feed),
            '\t' => escaped.push_str(medium.tab),
            ':' | '#' if starts_command(ahead, starts_word) => push_code_point(&mut escaped, character),
            dangerous if hides_or_steers(dangerous) => push_code_point(&mut escaped, dangerous),
            plain => escaped.push(plain),
        }
        starts_word = character.is_whitespace();
    }
}

fn push_code_point(text: &mut String, character: char) {
    // Writing to a String does not fail.
    let _ = write!(text, "\\u{{{:x}}}", u32::from(character));
}

/// Whether a text starts like a workflow command of GitHub (`::error::`, `##[error]`) or Azure Pipelines (`##vso[`).
///
/// Both systems look for `##[` and `##vso[` anywhere in a line. GitHub takes `::` at the start of a line only, but any
/// word may come to stand there when lines wrap, and the `::` that ends the command may be in another text of the line. An
/// IPv6 address has two colons only once, and no letters behind F, which every command has.
fn starts_command(text: &str, starts_word: bool) -> bool {
    let is_github = || {
        let line = text.lines().next().unwrap_or_default();
        line.strip_prefix("::").is_some_and(|rest| {
            let mut name = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
            let is_no_address = name.any(|byte| !byte.is_ascii_hexdigit());
            rest.starts_with(|c: char| c.is_ascii_alphabetic()) && (is_no_address || rest.contains("::"))
        })
    };
    starts_hash_command(text) || starts_word && is_github()
}

fn starts_hash_command(text: &str) -> bool {
    text.starts_with("##[") || text.starts_with("##vso[")
}

/// JSON as a terminal or a CI log may show it: what [`for_terminal`] escapes is written as an escape of JSON, so that
/// a reader of the JSON gets the same texts.
///
/// `json` must be valid JSON: there such characters occur in strings only, apart from white space between values.
pub fn json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    let mut rest = json.chars();
    loop {
        let ahead = rest.as_str();
        let Some(character) = rest.next() else { return escaped };
        let is_layout = matches!(character, '\n' | '\t' | '\r');
        if hides_or_steers(character) && !is_layout || character == '#' && starts_hash_command(ahead) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a String does not fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
}

/// Source text for a snippet, in which every position stays where it is: a dangerous character becomes as many question
/// marks as it has bytes. Line feeds and tabs stay.
pub fn same_length(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut starts_word = true;
    let mut rest = text.chars();
    loop {
        let ahead = rest.as_str();
        let Some(character) = rest.next() else { return shown };
        let is_dangerous = match character {
            '\n' | '\t' => false,
            // In front of the line feed that ends the line.
            '\r' => !ahead.starts_with("\r\n"),
            ':' | '#' => starts_command(ahead, starts_word),
            other => hides_or_steers(other),
        };
        if is_dangerous {
            shown.extend(std::iter::repeat_n('?', character.len_utf8()));
        } else {
            shown.push(character);
        }
        starts_word = character.is_whitespace();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_is_in_order() {
        for pair in HIDING_OR_STEERING.windows(2) {
            assert!(pair[0].end() < pair[1].start(), "{pair:?}");
        }
    }

    #[test]
    fn every_kind_of_dangerous_character_is_in_the_table() {
        let dangerous = "\u{0}\u{1b}\u{7f}\u{9b}\u{85}\u{ad}\u{61c}\u{200b}\u{200d}\u{200e}\u{2028}\u{2029}\u{202a}\
            \u{202e}\u{2060}\u{2066}\u{2069}\u{206f}\u{feff}\u{fe00}\u{fffa}\u{e0001}\u{e0041}\u{e007f}\u{e01ef}\
            \u{fffe}\u{ffff}\u{fdd0}\u{1ffff}\u{10fffe}";
        assert_eq!(dangerous.chars().find(|c| !hides_or_steers(*c)), None);
        let harmless = "aß計é🦀⚠\u{fe0f} \u{a0}\u{300}~";
        assert_eq!(harmless.chars().find(|c| hides_or_steers(*c)), None);
    }

    #[test]
    fn terminals_are_not_steered() {
        let text = "a\u{1b}[31mb\u{202e}c\r\td\ne\u{200b}\u{e0041}";
        assert_eq!(for_terminal(text), "a\\u{1b}[31mb\\u{202e}c\\u{d} d\ne\\u{200b}\\u{e0041}");
        assert_eq!(for_terminal_line(text), "a\\u{1b}[31mb\\u{202e}c\\u{d} d\\ne\\u{200b}\\u{e0041}");
        assert_eq!(for_document(text), "a\\u{1b}[31mb\\u{202e}c\\u{d}\td\ne\\u{200b}\\u{e0041}");
        assert_eq!(for_terminal("Größe 計画.json"), "Größe 計画.json");
    }

    #[test]
    fn ci_systems_are_not_given_commands() {
        assert_eq!(
            for_terminal("::error::x\n  ##[warning]y a ##vso[task]z b##vso[c]"),
            "\\u{3a}:error::x\n  \\u{23}#[warning]y a \\u{23}#vso[task]z b\\u{23}#vso[c]"
        );
        let harmless = "data::x::y, open to ::/0 and ::ffff:10.0.0.1, ## heading";
        assert_eq!(for_terminal(harmless), harmless);
    }

    /// A report may print two texts on a line, or another text with two colons, such as an address.
    #[test]
    fn a_command_that_another_text_of_the_line_would_end_is_none() {
        for (text, shown) in [
            ("::error x", "\\u{3a}:error x"),
            ("a ::stop-commands", "a \\u{3a}:stop-commands"),
            ("::add-mask", "\\u{3a}:add-mask"),
            ("::", "::"),
            ("::fe80", "::fe80"),
            ("::1", "::1"),
        ] {
            assert_eq!(for_terminal(text), shown);
            assert!(!format!("{} is open to ::/0", for_terminal(text)).starts_with("::error"));
        }
    }

    #[test]
    fn positions_in_source_text_stay() {
        assert_eq!(same_length("é\u{202e}\u{1b}[1m\r\n\tx\ry ##vso[z"), "é????[1m\r\n\tx?y ?#vso[z");
    }

    proptest! {
        #[test]
        fn json_keeps_the_text(text in "(\\PC|\\p{C}|##vso\\[|##\\[|::error::|\"|\\\\){0,40}") {
            let plain = serde_json::Value::from(text.clone()).to_string();
            let escaped = json(&plain);
            prop_assert!(!escaped.chars().any(hides_or_steers), "{escaped:?}");
            prop_assert!(!escaped.contains("##vso[") && !escaped.contains("##["));
            prop_assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        }

        #[test]
        fn escaping_twice_changes_nothing(text in "(\\PC|\\p{C}|##vso\\[|\n::error::){0,40}") {
            let once = for_terminal(&text);
            prop_assert_eq!(for_terminal(&once), once.clone());
            prop_assert!(once.chars().all(|c| c == '\n' || !hides_or_steers(c)));
            prop_assert_eq!(same_length(&text).len(), text.len());
        }
    }
}
