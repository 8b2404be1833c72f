//! The flags, width and precision of a directive, and the padding that follows from them.

/// What stands between `%` and the verb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub minus: bool,
    pub plus: bool,
    pub sharp: bool,
    pub space: bool,
    pub zero: bool,
    /// `+` and `#` before `v`, where they mean something else.
    pub plus_v: bool,
    pub sharp_v: bool,
    pub width: Option<usize>,
    pub precision: Option<usize>,
}

impl Layout {
    /// `count` characters of padding. Zeros stand on the left only.
    pub(super) fn padding(&self, count: usize, out: &mut String) {
        let character = if self.zero && !self.minus { '0' } else { ' ' };
        out.extend(std::iter::repeat_n(character, count));
    }

    /// The text, padded to the width.
    pub(super) fn pad(&self, text: &str, out: &mut String) {
        let missing = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        if !self.minus {
            self.padding(missing, out);
        }
        out.push_str(text);
        if self.minus {
            self.padding(missing, out);
        }
    }

    /// The same without padding by zeros.
    pub(super) fn without_zero(&self) -> Self {
        Self { zero: false, ..self.clone() }
    }

    /// The sign that a number gets.
    pub(super) fn sign(&self, is_negative: bool) -> Option<char> {
        match (is_negative, self.plus, self.space) {
            (true, _, _) => Some('-'),
            (false, true, _) => Some('+'),
            (false, false, true) => Some(' '),
            (false, false, false) => None,
        }
    }
}
