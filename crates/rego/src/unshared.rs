//! How large a value is with everything that it shares written out.
//!
//! The engine shares equal parts: a value of forty levels, each of which has the one below twice, takes little memory
//! until something writes or copies it. Whatever does so looks here first.

use regorus::Value;

/// The most values within a value that is written or copied. A plan of 100 MB has fewer.
pub(super) const MOST_VALUES: usize = 16 << 20;

/// Returns whether a value has more than `most` values within it; does not count further.
pub(super) fn is_larger(value: &Value, most: usize) -> bool {
    let mut left = most;
    !count(value, &mut left)
}

/// Takes the values within a value from those that are left. Returns whether there were enough.
fn count(value: &Value, left: &mut usize) -> bool {
    match left.checked_sub(1) {
        Some(fewer) => *left = fewer,
        None => return false,
    }
    match value {
        Value::Array(elements) => elements.iter().all(|element| count(element, left)),
        Value::Set(elements) => elements.iter().all(|element| count(element, left)),
        Value::Object(object) => object.iter().all(|(key, value)| count(key, left) && count(value, left)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_counts_wherever_it_stands() {
        let mut value = Value::from(vec![Value::Null]);
        for _ in 0..10 {
            value = Value::from(vec![value.clone(), value]);
        }
        // 2^10 leaves, as many arrays around them, and 2^10 - 1 pairs.
        assert!(!is_larger(&value, 3 * 1024 - 1));
        assert!(is_larger(&value, 3 * 1024 - 2));
        for _ in 0..60 {
            value = Value::from(vec![value.clone(), value]);
        }
        assert!(is_larger(&value, 1000), "it ends at once");
    }
}
