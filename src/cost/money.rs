//! Amounts for people, in the currency of a report.

use planguard_cost::{Decimal, dollars};

/// An amount in a currency: `$12.00`, `12.00 EUR`.
pub(crate) fn money(amount: Decimal, currency: &str) -> String {
    match currency {
        "USD" => dollars(amount),
        other => format!("{} {other}", dollars(amount).replace('$', "")),
    }
}

/// A difference, with its sign: `+$12.00`.
pub(crate) fn difference(amount: Decimal, currency: &str) -> String {
    let sign = if amount.is_sign_negative() || amount.is_zero() { "" } else { "+" };
    format!("{sign}{}", money(amount, currency))
}
