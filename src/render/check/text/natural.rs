//! The order of names in which `plan2` precedes `plan10`.

use std::cmp::Ordering;

/// Compares two names; digits compare as numbers.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (mut one, mut other) = (left, right);
    loop {
        let (Some(a), Some(b)) = (one.chars().next(), other.chars().next()) else {
            // Names that differ in leading zeros alone are still two.
            return one.len().cmp(&other.len()).then_with(|| left.cmp(right));
        };
        if a.is_ascii_digit() && b.is_ascii_digit() {
            let ((number, rest), (another, other_rest)) = (digits(one), digits(other));
            match number.len().cmp(&another.len()).then_with(|| number.cmp(another)) {
                Ordering::Equal => (one, other) = (rest, other_rest),
                unequal => return unequal,
            }
        } else if a == b {
            one = one.get(a.len_utf8()..).unwrap_or_default();
            other = other.get(b.len_utf8()..).unwrap_or_default();
        } else {
            return a.cmp(&b);
        }
    }
}

/// The digits that a text starts with, without leading zeros, and the rest of it.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    (number.trim_start_matches('0'), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = ["plan10.json", "plan2.json", "plan.json", "plan02.json", "a/9/p", "a/10/p", "plan1"];
        names.sort_by(|left, right| compare(left, right));
        assert_eq!(
            names,
            ["a/9/p", "a/10/p", "plan.json", "plan1", "plan02.json", "plan2.json", "plan10.json"]
        );
    }
}
