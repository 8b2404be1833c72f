//! Floats under the verbs `e`, `E`, `f`, `F`, `g`, `G`, `b`, `x` and `X`.

use super::layout::Layout;

/// The verbs that apply to floats; `v` is `g`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `1.5e+10`
    Exponent,
    /// `15000000000.000000`
    Plain,
    /// Whichever of these is shorter.
    Shorter,
    /// `6755399441055744p-52`
    Binary,
    /// `0x1.8p+00`
    Hexadecimal,
}

/// Whether letters are large.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    Small,
    Large,
}

/// What a verb asks for.
pub(super) fn form(verb: char) -> Option<(Form, Letters)> {
    Some(match verb {
        'e' => (Form::Exponent, Letters::Small),
        'E' => (Form::Exponent, Letters::Large),
        'f' | 'F' => (Form::Plain, Letters::Small),
        'g' | 'v' => (Form::Shorter, Letters::Small),
        'G' => (Form::Shorter, Letters::Large),
        'b' => (Form::Binary, Letters::Small),
        'x' => (Form::Hexadecimal, Letters::Small),
        'X' => (Form::Hexadecimal, Letters::Large),
        _ => return None,
    })
}

/// Go's default where no precision is given: six digits after the point, or as many as it takes to read the
/// same number again.
fn precision(form: Form, layout: &Layout) -> Option<usize> {
    match form {
        Form::Exponent | Form::Plain => Some(layout.precision.unwrap_or(6)),
        Form::Shorter | Form::Binary | Form::Hexadecimal => layout.precision,
    }
}

/// Writes a float, which must be finite.
pub(super) fn float(value: f64, form: Form, letters: Letters, layout: &Layout, out: &mut String) {
    let precision = precision(form, layout);
    let magnitude = value.abs();
    let mut digits = match form {
        Form::Exponent => exponent(magnitude, precision),
        Form::Plain => format!("{magnitude:.*}", precision.unwrap_or(6)),
        Form::Shorter => shorter(magnitude, precision),
        Form::Binary => binary(magnitude),
        Form::Hexadecimal => hexadecimal(magnitude, precision),
    };
    if layout.sharp && form != Form::Binary {
        digits = with_point(&digits, form, letters, precision);
    }
    if letters == Letters::Large {
        digits.make_ascii_uppercase();
    }
    let sign = layout.sign(value.is_sign_negative());
    match (sign, layout.width) {
        (Some(sign), Some(width)) if layout.zero && !layout.minus && width > digits.len() + 1 => {
            out.push(sign);
            layout.padding(width - digits.len() - 1, out);
            out.push_str(&digits);
        }
        (Some(sign), _) => layout.pad(&format!("{sign}{digits}"), out),
        (None, _) => layout.pad(&digits, out),
    }
}

/// The significant digits without zeros at their end, and the exponent of the first.
fn significant(value: f64, count: Option<usize>) -> (String, i32) {
    let text = match count {
        Some(count) => format!("{value:.*e}", count.max(1) - 1),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    (digits.trim_end_matches('0').to_owned(), exponent.parse().unwrap_or(0))
}

fn exponent(value: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(precision) => format!("{value:.precision$e}"),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    with_exponent(mantissa, 'e', exponent.parse().unwrap_or(0))
}

fn with_exponent(mantissa: &str, letter: char, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{letter}{sign}{:02}", exponent.unsigned_abs())
}

/// A finite float under the verb `g`.
pub(in super::super) fn shortest_float(value: f64) -> String {
    let sign = if value.is_sign_negative() && value != 0.0 { "-" } else { "" };
    format!("{sign}{}", shorter(value.abs(), None))
}

fn shorter(value: f64, precision: Option<usize>) -> String {
    let count = precision.map(|precision| precision.max(1));
    let (digits, exponent_of_first) = significant(value, count);
    let integral = if digits.is_empty() { 0 } else { exponent_of_first + 1 };
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let limit = match count.and_then(|count| i32::try_from(count).ok()) {
        Some(count) if count > length && length >= integral => length,
        Some(count) => count,
        None => 6,
    };
    if integral < -3 || integral > limit {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return with_exponent(&format!("{first}{point}{rest}"), 'e', exponent_of_first);
    }
    let decimals = usize::try_from(length.saturating_sub(integral)).unwrap_or(0);
    format!("{value:.decimals$}")
}

const MANTISSA_BITS: i32 = 52;
const BIAS: i32 = 1_023;

/// The mantissa as an integer and the exponent of two that belongs to it.
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let mantissa = bits & ((1 << MANTISSA_BITS) - 1);
    let exponent = i32::try_from((bits >> MANTISSA_BITS) & 0x7ff).unwrap_or(0);
    match exponent {
        0 => (mantissa, 1 - BIAS),
        _ => (mantissa | (1 << MANTISSA_BITS), exponent - BIAS),
    }
}

fn binary(value: f64) -> String {
    let (mantissa, exponent) = parts(value);
    let exponent = exponent - MANTISSA_BITS;
    let sign = if exponent < 0 { "" } else { "+" };
    format!("{mantissa}p{sign}{exponent}")
}

fn hexadecimal(value: f64, precision: Option<usize>) -> String {
    let (mut mantissa, mut exponent) = parts(value);
    if mantissa == 0 {
        exponent = 0;
    }
    // One digit before the point and up to fifteen after it: the point stands below the bits 60 to 63.
    mantissa <<= 8;
    while mantissa != 0 && mantissa & (1 << 60) == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if let Some(precision) = precision.filter(|precision| *precision < 15) {
        let shift = u32::try_from(precision * 4).unwrap_or(60);
        let extra = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if extra | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let first = (mantissa >> 60) & 15;
    let rest = format!("{:015x}", mantissa & ((1 << 60) - 1));
    let rest = match precision {
        None => rest.trim_end_matches('0').to_owned(),
        Some(precision) if precision <= rest.len() => rest[..precision].to_owned(),
        Some(precision) => format!("{rest:0<precision$}"),
    };
    let point = if rest.is_empty() { "" } else { "." };
    with_exponent(&format!("0x{first}{point}{rest}"), 'p', exponent)
}

/// `#`: a point whatever comes after it, and the zeros that `g` leaves out.
fn with_point(digits: &str, form: Form, letters: Letters, precision: Option<usize>) -> String {
    let mark = if form == Form::Hexadecimal { 'p' } else { 'e' };
    let (mut number, tail) = match digits.find(mark) {
        Some(at) => (digits[..at].to_owned(), &digits[at..]),
        None => (digits.to_owned(), ""),
    };
    let wanted = match (form, letters) {
        (Form::Hexadecimal, Letters::Large) => precision.unwrap_or(0),
        (Form::Shorter | Form::Hexadecimal, _) => precision.unwrap_or(6),
        (Form::Exponent | Form::Plain | Form::Binary, _) => 0,
    };
    // The `0` of `0x` is no digit that counts, but everything after the first that is not zero is.
    let counted = number.chars().filter(|c| *c != '.').skip_while(|c| *c == '0').count();
    let mut missing = wanted.saturating_sub(counted);
    if !number.contains('.') {
        if number == "0" {
            missing = missing.saturating_sub(1);
        }
        number.push('.');
    }
    number.push_str(&"0".repeat(missing));
    number + tail
}
