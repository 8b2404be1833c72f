//! Decimal fractions of any length: what a number says as it is written.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};
use regorus::Value;

/// No number of a document is written with a larger exponent, so that none takes long to write out.
pub(super) const LARGEST_EXPONENT: i32 = 500;

/// `digits` times ten to the power of `exponent`.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    digits: BigInt,
    exponent: i32,
}

impl Decimal {
    /// Reads `-1.5e3`.
    pub(super) fn read(number: &str) -> Option<Self> {
        let (number, exponent) = match number.find(['e', 'E']) {
            Some(at) => (&number[..at], number[at + 1..].parse().ok()?),
            None => (number, 0i32),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        if exponent.unsigned_abs() > LARGEST_EXPONENT.unsigned_abs() {
            return None;
        }
        let digits = BigInt::parse_bytes(format!("{whole}{fraction}").as_bytes(), 10)?;
        Some(Self { digits, exponent })
    }

    /// A number of a policy, by the shortest decimal that means it.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) if number.is_integer() => Self::read(&number.format_decimal()),
            Value::Number(number) => Self::read(&format!("{:e}", number.as_f64()?)),
            _ => None,
        }
    }

    /// A float with all the digits that it stands for, as far as they can matter.
    pub(super) fn of_float(float: f64) -> Option<Self> {
        Self::read(&format!("{float:.60e}"))
    }

    /// The digits, and the power of ten that they are multiplied by.
    pub(super) fn parts(&self) -> (&BigInt, i32) {
        (&self.digits, self.exponent)
    }

    /// The digits that both have when they have one exponent, and that exponent.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i32) {
        let exponent = self.exponent.min(other.exponent);
        let scaled = |decimal: &Self| &decimal.digits * power(decimal.exponent.abs_diff(exponent));
        (scaled(self), scaled(other), exponent)
    }

    pub(super) fn is_integer(&self) -> bool {
        self.exponent >= 0 || (&self.digits % power(self.exponent.unsigned_abs())).sign() == Sign::NoSign
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits.sign() == Sign::NoSign
    }

    pub(super) fn is_negative(&self) -> bool {
        self.digits.sign() == Sign::Minus
    }

    /// Whether it is a whole number of times `divisor`, which is not zero.
    pub(super) fn is_multiple_of(&self, divisor: &Self) -> bool {
        let (dividend, divisor, _) = self.aligned(divisor);
        divisor.sign() != Sign::NoSign && (dividend % divisor).sign() == Sign::NoSign
    }

    /// The number without its fraction.
    pub(super) fn truncated(&self) -> BigInt {
        let power = power(self.exponent.unsigned_abs());
        if self.exponent < 0 { &self.digits / power } else { &self.digits * power }
    }

    /// The number that is nearest, unless it is too large for one.
    pub(super) fn value(&self) -> Option<Value> {
        Value::from_numeric_string(&self.text()).ok()
    }

    /// As it is written without an exponent.
    fn text(&self) -> String {
        let (sign, digits) = (self.digits.sign(), self.digits.magnitude().to_string());
        let sign = if sign == Sign::Minus { "-" } else { "" };
        let Some(places) = usize::try_from(-i64::from(self.exponent)).ok().filter(|places| *places > 0)
        else {
            let zeros = usize::try_from(self.exponent).unwrap_or(0);
            return format!("{sign}{digits}{}", "0".repeat(zeros));
        };
        let digits = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        match fraction.trim_end_matches('0') {
            "" => format!("{sign}{whole}"),
            fraction => format!("{sign}{whole}.{fraction}"),
        }
    }

    /// As Go's `%g` writes it: with an exponent if it has seven digits or more, or is below 0.0001.
    pub(super) fn shortest(&self) -> String {
        let all = self.digits.magnitude().to_string();
        let digits = all.trim_end_matches('0');
        if digits.is_empty() {
            return "0".to_owned();
        }
        let exponent = i64::from(self.exponent) + i64::try_from(all.len()).unwrap_or(i64::MAX) - 1;
        if (-4..6).contains(&exponent) {
            return self.text();
        }
        let sign = if self.digits.sign() == Sign::Minus { "-" } else { "" };
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        format!("{sign}{first}{point}{rest}e{exponent_sign}{:02}", exponent.unsigned_abs())
    }
}

fn power(exponent: u32) -> BigInt {
    BigInt::from(10u32).pow(exponent)
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right, _) = self.aligned(other);
        left.cmp(&right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::read(text).unwrap()
    }

    #[test]
    fn fractions_are_cut_off() {
        assert_eq!(decimal("-15.9").truncated(), BigInt::from(-15));
        assert_eq!(decimal("1.5e3").truncated(), BigInt::from(1_500));
    }

    #[test]
    fn numbers_are_read_and_compared_as_they_are_written() {
        assert!(decimal("0.3").is_multiple_of(&decimal("0.1")));
        assert!(!decimal("0.35").is_multiple_of(&decimal("0.1")));
        assert!(decimal("1.50e1").is_integer() && !decimal("1.5").is_integer());
        assert!(decimal("-2") < decimal("-1.5"));
        assert_eq!(decimal("1.0"), decimal("10e-1"));
        assert!(Decimal::read("1e999999999").is_none() && Decimal::read("x").is_none());
    }

    #[test]
    fn they_are_written_as_go_writes_them() {
        for (written, shortest) in [
            ("0.1", "0.1"),
            ("1e-7", "1e-07"),
            ("1e22", "1e+22"),
            ("12345678.25", "1.234567825e+07"),
            ("123456.5", "123456.5"),
            ("100", "100"),
            ("-0.0001", "-0.0001"),
            ("0", "0"),
        ] {
            assert_eq!(decimal(written).shortest(), shortest);
        }
    }
}
