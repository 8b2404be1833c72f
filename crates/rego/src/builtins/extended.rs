//! Numbers as OPA computes with them: binary fractions of 64 bits, of which the engine keeps 53.
//!
//! For OPA, `0.1 + 0.2` is 0.3, and `1.1 + 2.2` is 3.3000000000000000002, which is more than 3.3. The engine has no
//! number of that length. What differs from a short decimal by less than the engine can tell is therefore the engine's
//! next number on that side of it, so that comparisons come out as in OPA; read again, it is what it stands for. For
//! what has more digits, such as 1 / 3, a thread remembers all bits of its latest results, for those who compute with them.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;

use num_bigint::{BigInt, BigUint, Sign};
use regorus::Value;

use super::decimal::{Decimal, LARGEST_EXPONENT};

/// The bits of a number.
const BITS: u64 = 64;

/// The bits of a float.
const FLOAT_BITS: u64 = 53;

/// So many digits tell any two numbers apart.
const MOST_DIGITS: usize = 21;

/// Larger numbers are not written out to find their digits.
const LARGEST_SHIFT: u64 = 2_000;

/// Decimals of up to so many digits are each another float.
const SHORT: usize = 15;

/// A float next to a decimal of up to so many digits stands for a number near the decimal. With more digits, too many
/// floats would be next to one.
const NEAR: usize = 12;

/// `mantissa` times two to the power of `exponent`; the mantissa has [`BITS`] bits, or the number is zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extended {
    negative: bool,
    mantissa: BigUint,
    exponent: i64,
    origin: Origin,
}

/// What is known of a number's last bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// They are those that OPA has.
    Exact,
    /// The engine has kept too few: the number is that of the engine.
    Rounded,
}

impl Origin {
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Exact, Self::Exact) => Self::Exact,
            (Self::Rounded, _) | (_, Self::Rounded) => Self::Rounded,
        }
    }
}

/// Whether digits below a mantissa were left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    Nothing,
    Something,
}

impl Below {
    fn of(remainder: &BigUint) -> Self {
        if *remainder == BigUint::ZERO { Self::Nothing } else { Self::Something }
    }
}

impl Extended {
    /// The number of the engine, with what it stands for.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let Value::Number(number) = value else { return None };
        if number.is_integer() {
            return Some(Self::of_integer(&number.format_decimal().parse().ok()?));
        }
        let float = number.as_f64()?;
        if let Some(near) = written(float, NEAR) {
            return Some(Self::of_decimal(&near));
        }
        if let Some(result) = Results::known(float) {
            return Some(result);
        }
        if let Some(short) = written(float, SHORT) {
            return Some(Self::of_decimal(&short));
        }
        let (below, above) = (written(float.next_down(), NEAR), written(float.next_up(), NEAR));
        match (below, above) {
            (Some(below), None) => Some(Self::of_decimal(&below).next(Ordering::Greater)),
            (None, Some(above)) => Some(Self::of_decimal(&above).next(Ordering::Less)),
            (None, None) | (Some(_), Some(_)) => Self::of_float(float),
        }
    }

    fn of_integer(integer: &BigInt) -> Self {
        let negative = integer.sign() == Sign::Minus;
        Self::rounded(negative, integer.magnitude(), 0, Below::Nothing, Origin::Exact)
    }

    /// The product with a number that has as many bits as a float, and as many bits of it.
    pub(super) fn mul_short(&self, other: &Self) -> Self {
        let product = &self.mantissa * &other.mantissa;
        let exponent = self.exponent.saturating_add(other.exponent);
        let negative = self.negative != other.negative;
        Self::with_bits(FLOAT_BITS, negative, &product, exponent, Below::Nothing, Origin::Exact)
    }

    fn of_decimal(decimal: &Decimal) -> Self {
        let (digits, exponent) = decimal.parts();
        let (negative, magnitude) = (digits.sign() == Sign::Minus, digits.magnitude());
        let power = BigUint::from(10u32).pow(exponent.unsigned_abs());
        if exponent >= 0 {
            return Self::rounded(negative, &(magnitude * power), 0, Below::Nothing, Origin::Exact);
        }
        let (quotient, exponent, below) = quotient(magnitude, 0, &power, 0);
        Self::rounded(negative, &quotient, exponent, below, Origin::Exact)
    }

    fn of_float(float: f64) -> Option<Self> {
        let exact = Decimal::of_float(float)?;
        Some(Self { origin: Origin::Rounded, ..Self::of_decimal(&exact) })
    }

    /// The number to the nearest mantissa, of two the even one.
    fn rounded(negative: bool, magnitude: &BigUint, exponent: i64, below: Below, origin: Origin) -> Self {
        Self::with_bits(BITS, negative, magnitude, exponent, below, origin)
    }

    fn with_bits(
        bits: u64,
        negative: bool,
        magnitude: &BigUint,
        exponent: i64,
        below: Below,
        origin: Origin,
    ) -> Self {
        if *magnitude == BigUint::ZERO {
            return Self { negative: false, mantissa: BigUint::ZERO, exponent: 0, origin };
        }
        let Some(extra) = magnitude.bits().checked_sub(bits).filter(|extra| *extra > 0) else {
            let missing = BITS.saturating_sub(magnitude.bits());
            let exponent = exponent.saturating_sub_unsigned(missing);
            return Self { negative, mantissa: magnitude << missing, exponent, origin };
        };
        let mut mantissa = magnitude >> extra;
        let rest = magnitude - (&mantissa << extra);
        let half = BigUint::from(1u32) << (extra - 1);
        let up = match rest.cmp(&half) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => below == Below::Something || mantissa.bit(0),
        };
        if up {
            mantissa += 1u32;
        }
        let exponent = exponent.saturating_add_unsigned(extra);
        // All mantissas are written with as many bits, and a carry has made one more.
        let missing = BITS.abs_diff(mantissa.bits());
        if mantissa.bits() > BITS {
            return Self {
                negative,
                mantissa: mantissa >> missing,
                exponent: exponent.saturating_add_unsigned(missing),
                origin,
            };
        }
        let exponent = exponent.saturating_sub_unsigned(missing);
        Self { negative, mantissa: mantissa << missing, exponent, origin }
    }

    /// The next number on that side.
    fn next(self, side: Ordering) -> Self {
        let outwards = (side == Ordering::Less) == self.negative;
        let (magnitude, exponent) = if outwards {
            (&self.mantissa + 1u32, self.exponent)
        } else if self.mantissa == BigUint::from(1u32) << (BITS - 1) {
            ((&self.mantissa << 1u32) - 1u32, self.exponent.saturating_sub(1))
        } else {
            (&self.mantissa - 1u32, self.exponent)
        };
        Self::rounded(self.negative, &magnitude, exponent, Below::Nothing, self.origin)
    }

    fn is_zero(&self) -> bool {
        self.mantissa == BigUint::ZERO
    }

    fn signed(&self) -> BigInt {
        let sign = if self.negative { Sign::Minus } else { Sign::Plus };
        BigInt::from_biguint(sign, self.mantissa.clone())
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let origin = self.origin.with(other.origin);
        if self.is_zero() || other.is_zero() {
            let sum = if self.is_zero() { other } else { self };
            return Self { origin, ..sum.clone() };
        }
        let exponent = self.exponent.min(other.exponent);
        let scaled = |number: &Self| number.signed() << number.exponent.abs_diff(exponent);
        let sum = scaled(self) + scaled(other);
        let negative = sum.sign() == Sign::Minus;
        Self::rounded(negative, sum.magnitude(), exponent, Below::Nothing, origin)
    }

    pub(super) fn sub(&self, other: &Self) -> Self {
        self.add(&Self { negative: !other.negative, ..other.clone() })
    }

    pub(super) fn mul(&self, other: &Self) -> Self {
        let origin = self.origin.with(other.origin);
        let exponent = self.exponent.saturating_add(other.exponent);
        let product = &self.mantissa * &other.mantissa;
        Self::rounded(self.negative != other.negative, &product, exponent, Below::Nothing, origin)
    }

    /// The quotient, or none for a divisor of zero.
    pub(super) fn div(&self, other: &Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        let origin = self.origin.with(other.origin);
        let (quotient, exponent, below) =
            quotient(&self.mantissa, self.exponent, &other.mantissa, other.exponent);
        Some(Self::rounded(self.negative != other.negative, &quotient, exponent, below, origin))
    }

    /// The number for the engine, unless it is too large for one.
    pub(super) fn value(&self) -> Option<Value> {
        let float = self.float();
        let Some(short) = written(float, SHORT) else { return self.remembered(float) };
        let side = match (self.origin, written(float, NEAR)) {
            (Origin::Exact, Some(near)) => self.cmp_magnitude(&Self::of_decimal(&near)),
            (Origin::Exact, None) => {
                Results::add(float, self);
                Ordering::Equal
            }
            (Origin::Rounded, _) => Ordering::Equal,
        };
        match (side, self.negative) {
            (Ordering::Equal, _) => short.value(),
            (Ordering::Greater, false) | (Ordering::Less, true) => self.remembered(float.next_up()),
            (Ordering::Less, false) | (Ordering::Greater, true) => self.remembered(float.next_down()),
        }
    }

    /// The number for the engine, the bits of which are remembered.
    fn remembered(&self, float: f64) -> Option<Value> {
        match self.origin {
            Origin::Exact => Results::add(float, self),
            Origin::Rounded => {}
        }
        float.is_finite().then(|| float.into())
    }

    /// The number for the engine, if it is an integer that needs all bits: the one with the fewest digits that has these
    /// bits, as OPA writes it.
    pub(super) fn large_integer(&self) -> Option<Value> {
        let exponent = u64::try_from(self.exponent).ok().filter(|exponent| *exponent < LARGEST_SHIFT)?;
        if self.origin == Origin::Rounded {
            return None;
        }
        let exact = &self.mantissa << exponent;
        let digits = exact.to_string().len();
        (1..=digits.min(MOST_DIGITS)).find_map(|kept| {
            let unit = BigUint::from(10u32).pow(u32::try_from(digits - kept).ok()?);
            let rounded = (&exact + &unit / 2u32) / &unit * &unit;
            let sign = if self.negative { Sign::Minus } else { Sign::Plus };
            let integer = BigInt::from_biguint(sign, rounded);
            (Self::of_integer(&integer) == *self)
                .then(|| Value::from_numeric_string(&integer.to_string()).ok())?
        })
    }

    /// The number for the engine, of a number with as many bits as a float. OPA reads what it writes of it.
    pub(super) fn float_value(&self) -> Option<Value> {
        let float = self.float();
        if let Some(short) = written(float, SHORT) {
            return short.value();
        }
        if let Some(decimal) = written(float, MOST_DIGITS) {
            Results::add(float, &Self::of_decimal(&decimal));
        }
        float.is_finite().then(|| float.into())
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => {
                self.exponent.cmp(&other.exponent).then_with(|| self.mantissa.cmp(&other.mantissa))
            }
        }
    }

    /// The nearest number of the engine.
    fn float(&self) -> f64 {
        let mut mantissa = u64::try_from(&self.mantissa).unwrap_or(u64::MAX) as f64;
        let mut exponent = i32::try_from(self.exponent).unwrap_or(i32::MAX);
        // In two steps, since neither factor may leave the range where the result does not.
        while exponent != 0 {
            let step = exponent.clamp(-1_000, 1_000);
            mantissa *= 2f64.powi(step);
            exponent -= step;
            if mantissa == 0.0 || mantissa.is_infinite() {
                break;
            }
        }
        if self.negative { -mantissa } else { mantissa }
    }
}

/// The latest results of a thread with all their bits, by those of the float.
#[derive(Default)]
struct Results {
    latest: HashMap<u64, Bits>,
    /// Those before, which go when there are as many of the latest.
    earlier: HashMap<u64, Bits>,
}

/// A number by its sign, its mantissa and its exponent.
type Bits = (bool, u64, i64);

/// How many results are kept twice.
const REMEMBERED: usize = 1 << 15;

thread_local! {
    /// Each evaluation has a thread of its own.
    static RESULTS: RefCell<Results> = RefCell::default();
}

impl Results {
    fn add(float: f64, result: &Extended) {
        let Ok(mantissa) = u64::try_from(&result.mantissa) else { return };
        RESULTS.with_borrow_mut(|results| {
            results.keep(float.to_bits(), (result.negative, mantissa, result.exponent));
        });
    }

    fn known(float: f64) -> Option<Extended> {
        let key = float.to_bits();
        let (negative, mantissa, exponent) = RESULTS.with_borrow_mut(|results| {
            if let Some(bits) = results.latest.get(&key) {
                return Some(*bits);
            }
            let bits = results.earlier.get(&key).copied()?;
            results.keep(key, bits);
            Some(bits)
        })?;
        Some(Extended { negative, mantissa: mantissa.into(), exponent, origin: Origin::Exact })
    }

    fn keep(&mut self, key: u64, bits: Bits) {
        if self.latest.len() >= REMEMBERED {
            self.earlier = std::mem::take(&mut self.latest);
        }
        self.latest.insert(key, bits);
    }
}

/// A float as OPA would hand it to Go: what stands for a number next to a short decimal is that decimal, of which it
/// differs too little for a float.
pub(in super::super) fn as_written(float: f64) -> f64 {
    if written(float, SHORT).is_some() {
        return float;
    }
    let (below, above) = (float.next_down(), float.next_up());
    match (written(below, NEAR), written(above, NEAR)) {
        (Some(_), None) => below,
        (None, Some(_)) => above,
        (None, None) | (Some(_), Some(_)) => float,
    }
}

/// A quotient of enough bits, its exponent, and whether a remainder is left.
fn quotient(
    dividend: &BigUint,
    exponent: i64,
    divisor: &BigUint,
    exponent_of_divisor: i64,
) -> (BigUint, i64, Below) {
    let shift = (BITS + 2 + divisor.bits()).saturating_sub(dividend.bits());
    let dividend = dividend << shift;
    let quotient = &dividend / divisor;
    let below = Below::of(&(dividend - &quotient * divisor));
    let exponent = exponent.saturating_sub(exponent_of_divisor).saturating_sub_unsigned(shift);
    (quotient, exponent, below)
}

/// The decimal that a float is written as, if it has no more than so many digits.
fn written(float: f64, most: usize) -> Option<Decimal> {
    if !float.is_finite() {
        return None;
    }
    let text = format!("{float:e}");
    let (digits, exponent) = text.split_once('e')?;
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    let exponent: i32 = exponent.parse().ok()?;
    (count <= most && exponent.unsigned_abs() <= LARGEST_EXPONENT.unsigned_abs())
        .then(|| Decimal::read(&text))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::from_numeric_string(text).unwrap()
    }

    fn computed(left: &str, operator: char, right: &str) -> Value {
        applied(&number(left), operator, &number(right))
    }

    fn applied(left: &Value, operator: char, right: &Value) -> Value {
        let (left, right) = (Extended::of(left).unwrap(), Extended::of(right).unwrap());
        let result = match operator {
            '+' => left.add(&right),
            '-' => left.sub(&right),
            '*' => left.mul(&right),
            _ => left.div(&right).unwrap(),
        };
        result.value().unwrap()
    }

    #[test]
    fn results_compare_as_those_of_opa() {
        assert_eq!(computed("0.1", '+', "0.2"), number("0.3"));
        assert_eq!(computed("100", '*', "1.1"), number("110"));
        assert!(computed("1.1", '+', "2.2") > number("3.3"));
        assert!(computed("-1.1", '-', "2.2") < number("-3.3"));
        assert_eq!(applied(&computed("1.1", '+', "2.2"), '*', &number("10")), number("33"));
        assert_eq!(applied(&computed("1", '/', "3"), '*', &number("3")), number("1"));
        assert_eq!(computed("3", '/', "10"), number("0.3"));
    }

    #[test]
    fn results_of_many_digits_keep_their_bits() {
        // OPA says of a / b * b that it is a but for these.
        let through = |left: &str, right: &str| {
            applied(&computed(left, '/', right), '*', &number(right)).cmp(&number(left))
        };
        for (left, right, expected) in [
            ("1", "3", Ordering::Equal),
            ("1", "49", Ordering::Equal),
            ("1", "41", Ordering::Less),
            ("7", "13", Ordering::Greater),
            ("3", "45", Ordering::Greater),
        ] {
            assert_eq!(through(left, right), expected, "{left} / {right}");
        }
        let seventh = computed("7", '/', "13");
        for other in 1..2 * REMEMBERED + 10 {
            Results::add(f64::from_bits(other as u64), &Extended::of(&number("1.5")).unwrap());
            if other % 1_000 == 0 {
                assert!(applied(&seventh, '*', &number("13")) > number("7"), "what is used stays");
            }
        }
        assert!(
            RESULTS.with_borrow(|results| results.latest.len() + results.earlier.len()) <= 2 * REMEMBERED
        );
    }

    #[test]
    fn large_quotients_have_all_their_bits() {
        let quotient = |left: &str, right: &str| {
            let (left, right) = (number(left), number(right));
            Extended::of(&left).unwrap().div(&Extended::of(&right).unwrap()).unwrap().large_integer()
        };
        assert_eq!(
            quotient("123456789012345678901234567890", "10"),
            Some(number("12345678901234567890000000000"))
        );
        assert_eq!(
            quotient("-123456789012345678901234567890", "7"),
            Some(number("-17636684144620811271000000000"))
        );
        assert_eq!(quotient("100000000000000000000", "3"), Some(number("33333333333333333334")));
        assert_eq!(quotient("10", "4"), None);
    }

    #[test]
    fn zero_and_far_numbers_are_computed() {
        assert_eq!(computed("0.5", '-', "0.5"), number("0"));
        assert_eq!(computed("0", '*', "1.5"), number("0"));
        assert_eq!(computed("1e300", '+', "0.5"), number("1e300"));
        assert!(computed("1.5e-300", '*', "1.5e-300") > number("0"));
        let large = Extended::of(&number("1.5e300")).unwrap();
        assert!(large.mul(&large).value().is_none());
        assert!(large.div(&Extended::of(&number("0")).unwrap()).is_none());
    }
}
