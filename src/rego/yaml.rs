//! Reads YAML with the engine's reader, after looking for what that reader takes too long to refuse.

use regorus::Value;

/// The reader refuses nesting beyond 128 levels, but only after a search that is quadratic in the brackets:
/// 10 ms for a thousand, more than a minute for a hundred thousand. Brackets in texts count too; no document
/// has a thousand that are not closed.
const OPEN_BRACKETS: usize = 1_000;

/// Reads one YAML document.
///
/// # Errors
///
/// What is wrong, on one line.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut open: usize = 0;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > OPEN_BRACKETS {
            return Err(format!("more than {OPEN_BRACKETS} brackets are open at once"));
        }
    }
    Value::from_yaml_str(text).map_err(|error| error.to_string().replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_refused_at_once_or_by_the_reader() {
        assert!(parse(&"[".repeat(500_000)).unwrap_err().contains("brackets"));
        assert!(parse(&"[".repeat(200)).is_err());
        assert!(parse(&"- ".repeat(10_000)).is_err());
        assert_eq!(parse("a: [1]").unwrap()["a"][0], Value::from(1u64));
    }
}
