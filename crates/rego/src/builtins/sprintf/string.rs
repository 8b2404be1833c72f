//! Strings under the verbs `s`, `q`, `v`, `x` and `X`.

use super::layout::Layout;
use crate::builtins::text::{Alphabet, quote};

/// `%s`: the text, cut to as many characters as the precision says.
pub(super) fn plain(text: &str, layout: &Layout, out: &mut String) {
    layout.pad(cut(text, layout), out);
}

/// `%q`: the text as a Go literal; with `#`, between backquotes if it can be.
pub(super) fn quoted(text: &str, layout: &Layout, out: &mut String) {
    let text = cut(text, layout);
    let literal = if layout.sharp && fits_backquotes(text) {
        format!("`{text}`")
    } else {
        quote(text, '"', alphabet(layout))
    };
    layout.pad(&literal, out);
}

/// `+` asks for ASCII.
pub(super) fn alphabet(layout: &Layout) -> Alphabet {
    if layout.plus { Alphabet::Ascii } else { Alphabet::Printable }
}

fn cut<'t>(text: &'t str, layout: &Layout) -> &'t str {
    let end = layout.precision.and_then(|precision| text.char_indices().nth(precision));
    end.map_or(text, |(end, _)| &text[..end])
}

fn fits_backquotes(text: &str) -> bool {
    text.chars().all(|c| !matches!(c, '\0'..='\u{8}' | '\n'..='\u{1f}' | '\u{7f}' | '`' | '\u{feff}'))
}

/// `%x` and `%X`: the bytes, as many as the precision says. `#` writes `0x` before, and with a space between
/// the bytes, before each of them.
pub(super) fn hexadecimal(text: &str, upper: bool, layout: &Layout, out: &mut String) {
    let count = layout.precision.map_or(text.len(), |precision| precision.min(text.len()));
    let prefix = match (layout.sharp, upper) {
        (false, _) => "",
        (true, false) => "0x",
        (true, true) => "0X",
    };
    let mut digits = String::with_capacity(count * 3);
    for (index, byte) in text.bytes().take(count).enumerate() {
        if layout.space && index > 0 {
            digits.push(' ');
        }
        if layout.space || index == 0 {
            digits.push_str(prefix);
        }
        digits.push_str(&if upper { format!("{byte:02X}") } else { format!("{byte:02x}") });
    }
    layout.pad(&digits, out);
}
