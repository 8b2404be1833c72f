//! Writes text from outside so that it cannot steer a terminal or reorder what a reader sees.

use std::fmt::{self, Write};

/// Displays its text with control and direction characters escaped as `\u{..}`.
pub(super) struct Printable<'a>(pub(super) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if character.is_control() || steers_layout(character) {
                write!(f, "{}", character.escape_unicode())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// Line and paragraph separators, direction marks, overrides and isolates, and the zero-width
/// characters that make two names look alike.
fn steers_layout(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{61c}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_steers_a_terminal_and_nothing_else() {
        assert_eq!(Printable("a\u{1b}[2Jb\nc").to_string(), "a\\u{1b}[2Jb\\u{a}c");
        assert_eq!(Printable("\u{202e}nalp\u{9b}").to_string(), "\\u{202e}nalp\\u{9b}");
        assert_eq!(Printable("Größe 計画.json").to_string(), "Größe 計画.json");
    }
}
