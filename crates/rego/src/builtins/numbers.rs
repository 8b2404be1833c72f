//! Amounts with units, shifts of bits, and numbers out of texts. The engine's own take as long as the numbers in
//! their arguments are large, or read more than OPA does.

use regorus::Value;
use sha2::{Digest, Sha256};

use super::arguments::Arguments;
use super::decimal::Decimal;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "units.parse", arity: 1, run: parse },
    Builtin { name: "units.parse_bytes", arity: 1, run: parse_bytes },
    Builtin { name: "bits.lsh", arity: 2, run: lsh },
    Builtin { name: "round", arity: 1, run: round },
    Builtin { name: "ceil", arity: 1, run: ceil },
    Builtin { name: "floor", arity: 1, run: floor },
    Builtin { name: "format_int", arity: 2, run: format_int },
    Builtin { name: "to_number", arity: 1, run: to_number },
    Builtin { name: "rand.intn", arity: 2, run: random },
];

/// How far bits may be shifted; OPA has no limit.
const FARTHEST_SHIFT: i64 = 1 << 16;

/// Beyond so many tens, nobody means the amount.
const LARGEST_EXPONENT: i32 = 24;

/// An amount as a fraction.
struct Amount {
    numerator: i128,
    denominator: i128,
}

impl Amount {
    /// Reads `-1.5e3`.
    fn read(number: &str) -> Option<Self> {
        let (number, exponent) = match number.find(['e', 'E']) {
            Some(at) => (&number[..at], number[at + 1..].parse().ok()?),
            None => (number, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        let numerator: i128 = digits.parse().ok()?;
        let exponent: i32 = i32::try_from(fraction.len())
            .ok()
            .and_then(|places| places.checked_neg()?.checked_add(exponent))?;
        (-LARGEST_EXPONENT..=LARGEST_EXPONENT).contains(&exponent).then_some(())?;
        let power = 10i128.pow(exponent.unsigned_abs());
        Some(if exponent < 0 {
            Self { numerator, denominator: power }
        } else {
            Self { numerator: numerator.checked_mul(power)?, denominator: 1 }
        })
    }

    fn times(self, factor: i128) -> Option<Self> {
        Some(Self { numerator: self.numerator.checked_mul(factor)?, ..self })
    }
}

/// The number that a text starts with, and the unit after it.
fn parts(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is_sign = |at: usize| matches!(bytes.get(at), Some(b'+' | b'-'));
    let mut end = usize::from(is_sign(0));
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'0'..=b'9' | b'.' => end += 1,
            b'e' | b'E' if is_digit(end + 1) => end += 1,
            b'e' | b'E' if is_sign(end + 1) && is_digit(end + 2) => end += 2,
            _ => break,
        }
    }
    text.split_at(end)
}

fn amount<'t>(text: &'t str, of: &str) -> Result<(Amount, &'t str), Failure> {
    if text.contains(' ') {
        return Err(Failure::unsuitable("spaces not allowed in resource strings"));
    }
    let (number, unit) = parts(text);
    if !number.contains(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(Failure::unsuitable(format!("no {of} provided")));
    }
    let amount = Amount::read(number);
    Ok((amount.ok_or_else(|| Failure::unsuitable(format!("could not parse {of} to a number")))?, unit))
}

/// What a unit in small letters multiplies by.
fn factor(unit: &str) -> Option<i128> {
    let mut letters = unit.chars();
    let power = match letters.next() {
        None => return Some(1),
        Some(letter) => u32::try_from("kmgtpe".find(letter)?).ok()? + 1,
    };
    match letters.as_str() {
        "" => Some(1_000i128.pow(power)),
        "i" => Some(1_024i128.pow(power)),
        _ => None,
    }
}

fn too_large() -> Failure {
    Failure::TooLarge("the amount is out of range".to_owned())
}

/// `units.parse(text)`: the number of an amount such as `10Ki`. `m` is a thousandth, `M` a million.
fn parse(arguments: &[Value]) -> Outcome {
    let text = Arguments(arguments).text(0)?.replace('"', "");
    let (amount, unit) = amount(&text, "amount")?;
    let amount = if unit == "m" {
        Amount { denominator: amount.denominator.checked_mul(1_000).ok_or_else(too_large)?, ..amount }
    } else {
        let factor = factor(&unit.to_lowercase());
        let factor = factor.ok_or_else(|| Failure::unsuitable(format!("unit {unit} not recognized")))?;
        amount.times(factor).ok_or_else(too_large)?
    };
    let Amount { numerator, denominator } = amount;
    if numerator % denominator == 0 {
        return Ok((numerator / denominator).into());
    }
    // Ten decimals are kept.
    let scaled = numerator.checked_mul(20_000_000_000).ok_or_else(too_large)? / denominator;
    let rounded = (scaled + scaled.signum()) / 2;
    let (whole, fraction) = (rounded / 10_000_000_000, rounded.unsigned_abs() % 10_000_000_000);
    let sign = if rounded < 0 && whole == 0 { "-" } else { "" };
    let number: f64 = format!("{sign}{whole}.{fraction:010}").parse().map_err(|_| too_large())?;
    Ok(number.into())
}

/// `units.parse_bytes(text)`: how many whole bytes an amount such as `10KiB` is, however its letters are written.
fn parse_bytes(arguments: &[Value]) -> Outcome {
    let text = Arguments(arguments).text(0)?.replace('"', "");
    let (amount, unit) = amount(&text, "byte amount")?;
    let lower = unit.to_lowercase();
    let plain = if lower.len() > 1 { lower.strip_suffix('b').unwrap_or(&lower) } else { &lower };
    let factor =
        factor(plain).ok_or_else(|| Failure::unsuitable(format!("byte unit {lower} not recognized")))?;
    let amount = amount.times(factor).ok_or_else(too_large)?;
    Ok((amount.numerator / amount.denominator).into())
}

/// `bits.lsh(x, s)`: the integer with its bits shifted up by `s`.
fn lsh(arguments: &[Value]) -> Outcome {
    let values = Arguments(arguments);
    let shift = values.integer(1)?;
    if shift < 0 {
        return Err(Failure::unsuitable(
            "operand 2 must be an unsigned integer number but got a negative integer",
        ));
    }
    if shift > FARTHEST_SHIFT {
        return Err(Failure::TooLarge(format!("bits are not shifted by more than {FARTHEST_SHIFT}")));
    }
    match (values.number(0)?, values.number(1)?) {
        (Value::Number(number), Value::Number(shift)) => {
            number.lsh(shift).map(Value::from).ok_or_else(|| {
                Failure::unsuitable("operand 1 must be integer number but got floating-point number")
            })
        }
        _ => Err(values.wrong(0, "number")),
    }
}

/// A number that is rounded, if it is no integer.
fn rounded(arguments: &[Value], round: fn(f64) -> f64) -> Outcome {
    let value = Arguments(arguments).number(0)?;
    let fraction = match value {
        Value::Number(number) if !number.is_integer() => number.as_f64(),
        _ => None,
    };
    let Some(fraction) = fraction else { return Ok(value.clone()) };
    Value::from_numeric_string(&format!("{:.0}", round(fraction)))
        .map_err(|_| Failure::TooLarge("the number is out of range".to_owned()))
}

/// `round(x)`: the nearest integer, of two the one farther from zero.
fn round(arguments: &[Value]) -> Outcome {
    rounded(arguments, f64::round)
}

/// `ceil(x)`: the next integer that is not below the number; as in OPA, 1 for numbers between -1 and 0.
fn ceil(arguments: &[Value]) -> Outcome {
    rounded(arguments, |number| if number > -1.0 && number < 0.0 { 1.0 } else { number.ceil() })
}

/// `floor(x)`: the next integer that is not above the number; as in OPA, 0 for numbers between -1 and 0.
fn floor(arguments: &[Value]) -> Outcome {
    rounded(arguments, |number| if number > -1.0 && number < 0.0 { 0.0 } else { number.floor() })
}

/// `format_int(x, base)`: the number without its fraction, written in base 2, 8, 10 or 16.
fn format_int(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let number = Decimal::of(arguments.number(0)?).map(|number| number.truncated());
    let base = match arguments.number(1)? {
        Value::Number(base) => base.as_u64().filter(|base| matches!(base, 2 | 8 | 10 | 16)),
        _ => None,
    };
    let base = base.and_then(|base| u32::try_from(base).ok());
    let base = base.ok_or_else(|| Failure::unsuitable("operand 2 must be one of {2, 8, 10, 16}"))?;
    match number {
        Some(number) => Ok(number.to_str_radix(base).into()),
        None => Err(Failure::TooLarge("the number is out of range".to_owned())),
    }
}

/// Whether the text is written as JSON writes numbers.
fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// `to_number(x)`: the number that a text says; null is 0, `false` is 0 and `true` is 1.
fn to_number(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    match arguments.value(0) {
        Value::Null => Ok(0u64.into()),
        Value::Bool(value) => Ok(u64::from(*value).into()),
        number @ Value::Number(_) => Ok(number.clone()),
        Value::String(text) => {
            let invalid =
                || Failure::unsuitable(format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"));
            if !is_json_number(text) {
                return Err(invalid());
            }
            Value::from_numeric_string(text).map_err(|_| invalid())
        }
        _ => Err(arguments.wrong(0, "one of {null, boolean, number, string}")),
    }
}

/// `rand.intn(text, n)`: a whole number from 0 to below `n`, always the same one for the same text and `n`. OPA gives
/// the same one within one evaluation only, so that rules that decide by it are told (see `chance.rs`).
fn random(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (text, limit) = (arguments.text(0)?, arguments.integer(1)?.unsigned_abs());
    if limit == 0 {
        return Ok(0u64.into());
    }
    let mut digest = Sha256::new();
    digest.update(limit.to_be_bytes());
    digest.update(text.as_bytes());
    let number = digest.finalize().iter().fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    Ok((number % u128::from(limit)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_are_in_range_and_stay_the_same() {
        let draw = |text: &str, limit: i64| random(&[text.into(), limit.into()]).unwrap();
        let numbers: std::collections::BTreeSet<Value> =
            (0..200).map(|number| draw(&number.to_string(), 10)).collect();
        assert_eq!(numbers, (0..10u64).map(Value::from).collect());
        assert_eq!(draw("a", 1_000_000), draw("a", 1_000_000));
        assert_ne!(draw("a", 1_000_000), draw("b", 1_000_000));
        assert!(draw("a", -5) < Value::from(5u64));
    }

    #[test]
    fn exponents_cost_nothing() {
        for text in
            ["1e999999999K", "1e-999999999", "1e99999999999999999999", "999999999999999999999999999999e20E"]
        {
            assert!(parse(&[text.into()]).is_err(), "{text}");
            assert!(parse_bytes(&[text.into()]).is_err(), "{text}");
        }
        assert!(matches!(lsh(&[1u64.into(), (1u64 << 40).into()]), Err(Failure::TooLarge(_))));
    }
}
