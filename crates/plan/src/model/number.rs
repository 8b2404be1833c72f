//! A number of a plan, exact however many digits it has.

use std::fmt;

/// Numbers of so many digits are doubles that are all different.
const DIGITS_OF_DOUBLE: usize = 15;

/// A number that takes more characters is written with an exponent.
const LONGEST: usize = 64;

/// A number: what a 64-bit integer or a double tells exactly, or else its digits. Terraform computes with 512 bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Number(Form);

#[derive(Clone, Debug, PartialEq)]
enum Form {
    /// An integer of 64 bits, or a double whose shortest form is the number.
    Machine(serde_json::Number),
    /// More digits than that.
    Digits(Box<Digits>),
}

#[derive(Clone, Debug, PartialEq)]
struct Digits {
    /// The one way in which the number is written, so that equal numbers are equal texts.
    text: Box<str>,
    /// What is nearest to it.
    nearest: serde_json::Number,
}

impl Number {
    /// The double, unless it is not finite.
    pub fn from_f64(value: f64) -> Option<Self> {
        serde_json::Number::from_f64(value).map(Self::from)
    }

    /// The number that stands in a document of JSON in this way, of which the parser makes `nearest`.
    pub(super) fn written_as(token: &str, nearest: serde_json::Number) -> Self {
        if !nearest.is_f64() && is_whole(token) {
            return Self::from(nearest);
        }
        let text = Decimal::of(token).text();
        if let Ok(whole) = text.parse::<u64>() {
            return Self::from(whole);
        }
        if let Ok(whole) = text.parse::<i64>() {
            return Self::from(whole);
        }
        // The parser may miss the nearest double by a little.
        let nearest = text.parse().ok().and_then(serde_json::Number::from_f64).unwrap_or(nearest);
        if Decimal::of(&nearest.to_string()).text() == text {
            return Self::from(nearest);
        }
        Self(Form::Digits(Box::new(Digits { text: text.into(), nearest })))
    }

    /// Whether what the parser makes of a number may be another one.
    pub(super) fn may_be_inexact(token: &str) -> bool {
        let digits = token.bytes().filter(u8::is_ascii_digit).count();
        (digits > DIGITS_OF_DOUBLE || token.contains(['e', 'E'])) && !is_whole(token)
    }

    /// The number if it is a whole one of 64 bits that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        self.nearest().as_u64()
    }

    /// The number if it is a whole one of 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        self.nearest().as_i64()
    }

    /// The double that is nearest to it.
    pub fn as_f64(&self) -> Option<f64> {
        self.nearest().as_f64()
    }

    /// Whether it is no whole number of 64 bits.
    pub fn is_f64(&self) -> bool {
        self.nearest().is_f64()
    }

    /// All ways in which planguard or a parser may write it: a secret is looked for in each.
    pub fn spellings(&self) -> Vec<String> {
        let mut spellings = vec![self.to_string(), self.nearest().to_string()];
        spellings.dedup();
        spellings
    }

    const fn nearest(&self) -> &serde_json::Number {
        match &self.0 {
            Form::Machine(number) => number,
            Form::Digits(digits) => &digits.nearest,
        }
    }
}

/// All digits, as Terraform writes them, unless they are very many.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Machine(number) if number.is_f64() => f.write_str(&Decimal::of(&number.to_string()).text()),
            Form::Machine(number) => number.fmt(f),
            Form::Digits(digits) => f.write_str(&digits.text),
        }
    }
}

impl From<serde_json::Number> for Number {
    fn from(number: serde_json::Number) -> Self {
        Self(Form::Machine(number))
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::from(serde_json::Number::from(number))
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::from(serde_json::Number::from(number))
    }
}

impl From<i32> for Number {
    fn from(number: i32) -> Self {
        Self::from(i64::from(number))
    }
}

/// Whether this is a whole number of 64 bits, written as one.
fn is_whole(token: &str) -> bool {
    token.parse::<u64>().is_ok() || token.parse::<i64>().is_ok() && token != "-0"
}

/// The significant digits of a number and the power of ten that they are multiplied by.
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads a number of JSON.
    fn of(token: &str) -> Self {
        let (is_negative, token) = match token.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, token),
        };
        let (mantissa, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let written = exponent.strip_prefix('+').unwrap_or(exponent);
        let limit = if written.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
        let exponent = written.parse().unwrap_or(limit).clamp(i64::MIN / 2, i64::MAX / 2);
        let places = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX / 4);
        let digits = all.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        let exponent = exponent - places(fraction) + places(digits) - places(significant);
        Self { is_negative, digits: significant.to_owned(), exponent }
    }

    /// The one way in which this number is written.
    fn text(&self) -> String {
        let Self { is_negative, digits, exponent } = self;
        let sign = if *is_negative { "-" } else { "" };
        let count = i64::try_from(digits.len()).unwrap_or(i64::MAX / 4);
        // Where the point stands, counted from the first digit.
        let point = count + exponent;
        let longest = i64::try_from(LONGEST).unwrap_or(i64::MAX / 4).max(count + 1);
        if digits.is_empty() {
            return "0".to_owned();
        }
        let zeros = |number: i64| "0".repeat(usize::try_from(number).unwrap_or_default());
        if (count..=longest).contains(&point) {
            return format!("{sign}{digits}{}", zeros(*exponent));
        }
        if (1..count).contains(&point) {
            let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
            return format!("{sign}{whole}.{fraction}");
        }
        if point <= 0 && count - point <= longest {
            return format!("{sign}0.{}{digits}", zeros(-point));
        }
        let (first, rest) = digits.split_at(1);
        let rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
        format!("{sign}{first}{rest}e{:+}", point - 1)
    }
}

/// The numbers of a document of JSON, in the order in which they stand in it.
pub(super) fn tokens(document: &str) -> Vec<&str> {
    let bytes = document.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = behind_text(bytes, at + 1),
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                let length = bytes.iter().skip(at).take_while(is_part).count();
                tokens.extend(document.get(at..at + length));
                at += length;
            }
            _ => at += 1,
        }
    }
    tokens
}

/// The place behind the quote that ends a text.
fn behind_text(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{DuplicateKeys, Value};

    fn number(token: &str) -> Number {
        let duplicates = DuplicateKeys::default();
        match Value::parse(token, &duplicates).unwrap() {
            Value::Number(number) => number,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn numbers_are_told_apart_however_many_digits_they_have() {
        for (one, other) in [
            ("9007199254740992", "9007199254740993"),
            ("9007199254740992.0", "9007199254740993.0"),
            ("9007199254740993e0", "9007199254740992"),
            ("18446744073709551615", "18446744073709551616"),
            ("-9223372036854775808", "-9223372036854775809"),
            ("100000000000000000000", "100000000000000000001"),
            ("0.1", "0.1000000000000000000001"),
            ("123456789.123456789", "123456789.123456788"),
            ("1e300", "1.0000000000000000000000001e300"),
        ] {
            assert_ne!(number(one), number(other));
            assert_ne!(number(one).to_string(), number(other).to_string());
        }
    }

    #[test]
    fn equal_numbers_are_equal_however_they_are_written() {
        for (one, other) in [
            ("100000000000000000000", "1e20"),
            ("9007199254740993", "9007199254740993.0"),
            ("9007199254740993", "9.007199254740993e15"),
            ("100000000000000000001", "100000000000000000001.000"),
            ("100000000000000000001", "10.0000000000000000001E+19"),
            ("-0.12345678901234567890", "-1234567890123456789e-19"),
            ("22", "22.0"),
            ("0", "-0.0"),
            ("0", "-0.00000000000000000000000"),
        ] {
            assert_eq!(number(one), number(other));
            assert_eq!(number(one).to_string(), number(other).to_string());
        }
    }

    #[test]
    fn digits_are_written_out() {
        for (token, written) in [
            ("1e20", "100000000000000000000"),
            ("1e-6", "0.000001"),
            ("123456789.123456789", "123456789.123456789"),
            ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
            ("-0.30000000000000004", "-0.30000000000000004"),
            ("1.5", "1.5"),
            ("1e300", "1e+300"),
            ("1.23456789012345678e-300", "1.23456789012345678e-300"),
        ] {
            assert_eq!(number(token).to_string(), written);
        }
        assert_eq!(number("1e20").spellings(), ["100000000000000000000", "1e+20"]);
        assert_eq!(number("7").spellings(), ["7"]);
    }

    #[test]
    fn every_number_of_a_document_keeps_its_digits() {
        let duplicates = DuplicateKeys::default();
        let text = r#"{"a\"1": [1, -2.5, "3", 4e2], "b": 100000000000000000001, "b": {"\\": 0.1000000000000000000001}, "c": "9\\"}"#;
        let value = Value::parse(text, &duplicates).unwrap();
        assert_eq!(
            value.written(),
            r#"{ "a\"1" = [1, -2.5, "3", 400], b = { "\\" = 0.1000000000000000000001 }, c = "9\\" }"#
        );
        assert_eq!(duplicates.count(), 1, "the second reading counts nothing again");
    }

    #[test]
    fn what_computes_has_the_nearest_number() {
        assert_eq!(number("100000000000000000001").as_f64(), Some(1e20));
        assert_eq!(number("9007199254740993.0").as_u64(), Some(9_007_199_254_740_993));
        assert_eq!(number("100000000000000000001").as_u64(), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_the_same_number(whole in "-?(0|[1-9][0-9]{0,30})", fraction in "(\\.[0-9]{1,30})?", exponent in "([eE][+-]?[0-9]{1,2})?") {
            let read = number(&format!("{whole}{fraction}{exponent}"));
            prop_assert_eq!(&number(&read.to_string()), &read);
        }
    }
}
