//! Integers under the verbs `d`, `b`, `o`, `O`, `x`, `X`, `c`, `q` and `U`.

use regorus::Value;

use super::layout::Layout;
use super::string::alphabet;
use crate::builtins::text::{is_printable, quote};

/// How the digits are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Binary,
    Octal,
    /// Octal with the prefix `0o`.
    MarkedOctal,
    Decimal,
    Hexadecimal,
    UpperHexadecimal,
}

impl Base {
    /// The base that a verb asks for.
    pub(super) fn of(verb: char) -> Option<Self> {
        Some(match verb {
            'b' => Self::Binary,
            'o' => Self::Octal,
            'O' => Self::MarkedOctal,
            'd' | 'v' => Self::Decimal,
            'x' => Self::Hexadecimal,
            'X' => Self::UpperHexadecimal,
            _ => return None,
        })
    }
}

/// An integer of 64 bits.
pub(super) fn small(integer: i64, base: Base, layout: &Layout, out: &mut String) {
    let magnitude = integer.unsigned_abs();
    if layout.precision == Some(0) && magnitude == 0 {
        return layout.without_zero().padding(layout.width.unwrap_or(0), out);
    }
    let digits = match base {
        Base::Binary => format!("{magnitude:b}"),
        Base::Octal | Base::MarkedOctal => format!("{magnitude:o}"),
        Base::Decimal => magnitude.to_string(),
        Base::Hexadecimal => format!("{magnitude:x}"),
        Base::UpperHexadecimal => format!("{magnitude:X}"),
    };
    let sign = layout.sign(integer < 0);
    let least = match (layout.precision, layout.width) {
        (Some(precision), _) => precision,
        (None, Some(width)) if layout.zero && !layout.minus => width - usize::from(sign.is_some()).min(width),
        (None, _) => 0,
    };
    let zeros = "0".repeat(least.saturating_sub(digits.len()));
    let digits = zeros + &digits;
    let prefix = match base {
        Base::Binary if layout.sharp => "0b",
        Base::Octal if layout.sharp && !digits.starts_with('0') => "0",
        Base::MarkedOctal if layout.sharp && !digits.starts_with('0') => "0o0",
        Base::MarkedOctal => "0o",
        Base::Hexadecimal if layout.sharp => "0x",
        Base::UpperHexadecimal if layout.sharp => "0X",
        Base::Binary | Base::Octal | Base::Decimal | Base::Hexadecimal | Base::UpperHexadecimal => "",
    };
    let text: String = sign.into_iter().chain(prefix.chars()).chain(digits.chars()).collect();
    layout.without_zero().pad(&text, out);
}

/// An integer beyond 64 bits, for which Go has rules of its own: zeros count the prefix.
pub(super) fn large(integer: &Value, base: Base, layout: &Layout, out: &mut String) {
    let Value::Number(number) = integer else { return };
    let digits = match base {
        Base::Binary => number.format_bin(),
        Base::Octal | Base::MarkedOctal => number.format_octal(),
        Base::Decimal => number.format_decimal(),
        Base::Hexadecimal => number.format_hex(),
        Base::UpperHexadecimal => number.format_big_hex(),
    };
    let (is_negative, digits) = match digits.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, digits.as_str()),
    };
    let sign = layout.sign(is_negative);
    let prefix = match base {
        Base::Binary if layout.sharp => "0b",
        Base::Octal if layout.sharp => "0",
        Base::MarkedOctal => "0o",
        Base::Hexadecimal if layout.sharp => "0x",
        Base::UpperHexadecimal if layout.sharp => "0X",
        Base::Binary | Base::Octal | Base::Decimal | Base::Hexadecimal | Base::UpperHexadecimal => "",
    };
    let mut zeros = layout.precision.unwrap_or(0).saturating_sub(digits.len());
    let length = usize::from(sign.is_some()) + prefix.len() + zeros + digits.len();
    if layout.zero && !layout.minus && layout.precision.is_none() {
        zeros = layout.width.unwrap_or(0).saturating_sub(length);
    }
    let zeros = "0".repeat(zeros);
    let text: String = sign.into_iter().chain((prefix.to_owned() + &zeros + digits).chars()).collect();
    layout.without_zero().pad(&text, out);
}

fn character(integer: i64) -> char {
    u32::try_from(integer).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// `%c`: the character of that code.
pub(super) fn code(integer: i64, layout: &Layout, out: &mut String) {
    layout.pad(&character(integer).to_string(), out);
}

/// `%q`: the character as a Go literal.
pub(super) fn quoted_code(integer: i64, layout: &Layout, out: &mut String) {
    layout.pad(&quote(&character(integer).to_string(), '\'', alphabet(layout)), out);
}

/// `%U`: `U+1F600`, and with `#` the character itself too.
pub(super) fn unicode(integer: i64, layout: &Layout, out: &mut String) {
    let least = layout.precision.map_or(4, |precision| precision.max(4));
    let code = integer.cast_unsigned();
    let mut text = format!("U+{code:0least$X}");
    let printable = u32::try_from(code).ok().and_then(char::from_u32).filter(|c| is_printable(*c));
    if let (true, Some(c)) = (layout.sharp, printable) {
        text.push_str(&format!(" '{c}'"));
    }
    layout.without_zero().pad(&text, out);
}
