//! Text in Markdown, in which nothing of a plan or a policy acts: no markup, HTML, links, images, mentions, references to
//! issues or commits, and no cell of a table ends early.
//!
//! Sites look for mentions and references in the finished page, where a backslash or an entity no longer protects a
//! character, and leave only code alone. So every word that is more than letters becomes code.

use planguard_plan::redact::SafeText;

/// Shorter words of hexadecimal digits are no names of commits.
const SHORTEST_COMMIT: usize = 7;

/// A text as code, on one line and without a `|` that ends a cell. `most` is how many characters of it are shown.
pub(super) fn code(text: &SafeText, most: usize) -> String {
    code_of(&cut(&text.for_terminal_line(), most))
}

/// A sentence: words of letters as they are, all others as code. What stands between backticks is code already.
pub(super) fn sentence(text: &SafeText, most: usize) -> String {
    prose(&cut(&text.for_terminal_line(), most))
}

/// The same for a text that is escaped.
pub(super) fn prose(text: &str) -> String {
    if !text.matches('`').count().is_multiple_of(2) {
        return words(text);
    }
    let mut prose = String::new();
    for (position, part) in text.split('`').enumerate() {
        let is_code = position % 2 == 1;
        match (is_code, part.is_empty()) {
            (true, true) => {}
            (true, false) => prose.push_str(&code_of(part)),
            (false, _) => prose.push_str(&words(part)),
        }
    }
    prose
}

/// Words with the white space between them, of which nothing starts a line.
fn words(text: &str) -> String {
    let mut words = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let core = bare.trim_start_matches('(').trim_end_matches(['.', ',', ';', ':', ')']);
        let (before, rest) = bare.split_at(bare.len() - bare.trim_start_matches('(').len());
        let after = rest.strip_prefix(core).unwrap_or_default();
        words.push_str(before);
        words.push_str(&if is_harmless(core) { core.to_owned() } else { code_of(core) });
        words.push_str(after);
        if bare.len() < word.len() {
            words.push(' ');
        }
    }
    words
}

/// Whether a word is nothing but letters, with hyphens or apostrophes between them, or a short number.
fn is_harmless(word: &str) -> bool {
    let is_number = word.len() < SHORTEST_COMMIT && word.chars().all(|c| c.is_ascii_digit());
    let is_word = word.split(['-', '\'']).all(|part| part.chars().all(char::is_alphabetic))
        && !word.starts_with(['-', '\''])
        && !word.ends_with(['-', '\'']);
    let is_commit = word.len() >= SHORTEST_COMMIT && word.chars().all(|c| c.is_ascii_hexdigit());
    is_number || is_word && !is_commit
}

/// Escaped text as code. The fence is longer than any in the text.
fn code_of(text: &str) -> String {
    if text.trim().is_empty() {
        return "` `".to_owned();
    }
    let fence = "`".repeat(longest_run(text, '`') + 1);
    let space = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", without_pipes(text))
}

/// Lines as a block of code. Its fence is longer than any in them.
pub(super) fn block(lines: &[String], language: &str) -> String {
    let longest = lines.iter().map(|line| longest_run(line, '`')).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or_default()
}

/// A `|` ends a cell of a table even inside code. A backslash before it prevents that unless another one is in front of
/// it, and is shown where there is no table.
fn without_pipes(text: &str) -> String {
    text.replace('|', "\\u{7c}")
}

/// The start of a text.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use planguard_plan::redact::Redactor;
    use proptest::prelude::*;

    use super::*;

    fn sentence_of(text: &str) -> String {
        sentence(&Redactor::default().text(text), 1000)
    }

    #[test]
    fn words_stay_and_all_else_is_code() {
        for (text, expected) in [
            ("aws_x.a[\"b\"] allows port 22 (SSH).", "`aws_x.a[\"b\"]` allows port 22 (SSH)."),
            ("In the `ingress` block, use `::/0`.", "In the `ingress` block, use `::/0`."),
            ("@admin, see #12 (GH-3)!", "`@admin`, see `#12` (`GH-3)!`"),
            ("www.example.com http://x.y a@b.c", "`www.example.com` `http://x.y` `a@b.c`"),
            ("![i](x) <b>hi</b> **b** _i_ a|b", "`![i](x`) `<b>hi</b>` `**b**` `_i_` `a\\u{7c}b`"),
            ("deadbeef 1234567 123456 facade it's", "`deadbeef` `1234567` 123456 facade it's"),
            ("- one\n# two", "`-` `one\\n#` two"),
            ("odd ` tick", "odd `` ` `` tick"),
            ("a ``x`` b", "a x b"),
            ("", ""),
        ] {
            assert_eq!(sentence_of(text), expected, "{text}");
        }
    }

    #[test]
    fn code_is_never_left() {
        let code = |text: &str| code(&Redactor::default().text(text), 5);
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("|\\|"), "`\\u{7c}\\\\u{7c}`");
        assert_eq!(code("123456"), "`12345…`");
        assert_eq!(code(""), "` `");
    }

    proptest! {
        /// Outside of code there are letters, digits, spaces and punctuation that means nothing.
        #[test]
        fn nothing_acts(text in "(\\PC|[a-z]|[`*_<>@#|()\\[\\]!~:/.\\\\ -]|\n){0,30}") {
            let shown = sentence_of(&text);
            prop_assert!(!shown.contains('|') && !shown.contains('\n'));
            let mut rest = shown.as_str();
            while let Some(start) = rest.find('`') {
                let (outside, code) = rest.split_at(start);
                let harmless = |c: char| c.is_alphanumeric() || " ().,;:-'…".contains(c);
                prop_assert!(outside.chars().all(harmless), "{shown:?}");
                let fence = &code[..code.len() - code.trim_start_matches('`').len()];
                let inside = &code[fence.len()..];
                // A run of as many backticks and no more ends the code.
                let end = (0..inside.len()).find(|at| {
                    inside.is_char_boundary(*at) && inside[*at..].starts_with(fence)
                        && !inside[..*at].ends_with('`') && !inside[*at + fence.len()..].starts_with('`')
                });
                prop_assert!(end.is_some(), "{shown:?}");
                rest = &inside[end.unwrap_or_default() + fence.len()..];
            }
            prop_assert!(rest.chars().all(|c| c.is_alphanumeric() || " ().,;:-'…".contains(c)), "{shown:?}");
        }
    }
}
