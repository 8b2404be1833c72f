//! Writes JSON as OPA does before it hashes a document: keys sorted, no spaces, numbers as they were written.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// How deep documents may be nested.
const DEPTH: usize = 128;

/// Returns the text; `None` if it is no JSON, or nested too deeply.
pub(super) fn json(text: &str) -> Option<String> {
    let mut written = String::with_capacity(text.len());
    write(text.trim(), 0, &mut written)?;
    Some(written)
}

fn write(text: &str, depth: usize, written: &mut String) -> Option<()> {
    if depth > DEPTH {
        return None;
    }
    match text.as_bytes().first()? {
        b'{' => {
            let object: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            written.push('{');
            for (position, (key, value)) in object.into_iter().enumerate() {
                if position > 0 {
                    written.push(',');
                }
                string(&key, written)?;
                written.push(':');
                write(value.get(), depth + 1, written)?;
            }
            written.push('}');
        }
        b'[' => {
            let array: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            written.push('[');
            for (position, value) in array.into_iter().enumerate() {
                if position > 0 {
                    written.push(',');
                }
                write(value.get(), depth + 1, written)?;
            }
            written.push(']');
        }
        b'"' => string(&serde_json::from_str::<String>(text).ok()?, written)?,
        _ => written.push_str(serde_json::from_str::<&RawValue>(text).ok()?.get()),
    }
    Some(())
}

/// Go escapes the two line separators as well, which JavaScript once took for ends of lines.
fn string(text: &str, written: &mut String) -> Option<()> {
    let json = serde_json::to_string(text).ok()?;
    written.push_str(&json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn keys_are_sorted_and_numbers_stay() {
        let text = "{ \"b\": [1.0, 1e5, 12345678901234567890123, null, true],\n \"a\": {\"\\u0041<&\": \"\\u2028\\n\"} }\n";
        let expected = "{\"a\":{\"A<&\":\"\\u2028\\n\"},\"b\":[1.0,1e5,12345678901234567890123,null,true]}";
        assert_eq!(json(text).as_deref(), Some(expected));
        assert_eq!(json("{"), None);
        assert_eq!(json(""), None);
        assert_eq!(json(&"[".repeat(100_000)), None);
    }
}
