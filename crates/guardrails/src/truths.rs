//! Several truths as one.

use planguard_guardrail_format::Truth;

/// Whether one of several holds.
pub(crate) fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
    let mut all = Truth::False;
    for one in truths {
        match one {
            Truth::True => return Truth::True,
            Truth::Unknown => all = Truth::Unknown,
            Truth::False => {}
        }
    }
    all
}

/// Whether all of several hold.
pub(crate) fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
    any(truths.into_iter().map(Truth::negated)).negated()
}
