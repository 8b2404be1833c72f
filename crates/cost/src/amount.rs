//! Amounts of US dollars.

use rust_decimal::{Decimal, RoundingStrategy};

/// The hours of a month, by which providers and everybody else calculate.
pub(crate) fn hours_of_month() -> Decimal {
    Decimal::from(730_u32)
}

/// An amount in whole cents; half a cent is rounded up.
pub fn rounded(amount: Decimal) -> Decimal {
    let mut cents = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    cents.rescale(2);
    // There is no minus zero of dollars.
    if cents.is_zero() { Decimal::new(0, 2) } else { cents }
}

/// An amount for programs: `1234.50`.
pub fn amount(amount: Decimal) -> String {
    rounded(amount).to_string()
}

/// An amount for people: `$1,234.50`, `-$3.00`.
pub fn dollars(amount: Decimal) -> String {
    let cents = rounded(amount);
    let text = cents.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if cents.is_sign_negative() { "-" } else { "" };
    format!("{sign}${grouped}.{fraction}")
}

/// A number as JSON and Terraform write it: `12.5`, `1e3`. `None` for what is no number, or too large for one.
pub fn parse_amount(text: &str) -> Option<Decimal> {
    let text = text.trim();
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_in_cents() {
        for (written, people, programs) in [
            ("0", "$0.00", "0.00"),
            ("-0.001", "$0.00", "0.00"),
            ("0.005", "$0.01", "0.01"),
            ("-0.005", "-$0.01", "-0.01"),
            ("999.999", "$1,000.00", "1000.00"),
            ("1234567.8", "$1,234,567.80", "1234567.80"),
            ("-1234", "-$1,234.00", "-1234.00"),
        ] {
            let parsed = parse_amount(written).unwrap();
            assert_eq!((dollars(parsed).as_str(), amount(parsed).as_str()), (people, programs), "{written}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        assert_eq!(parse_amount("1e3"), Some(Decimal::from(1000)));
        for text in ["", "NaN", "inf", "-Infinity", "1e400", "0x10", "twelve", "1,000"] {
            assert_eq!(parse_amount(text), None, "{text}");
        }
    }
}
