//! Reads JSON that only planguard writes: every key once, known, and in its place.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a value. The types refuse unknown and repeated keys; what they would accept beside what they write, such as
/// arrays for objects and keys that are left out, is refused here.
pub(super) fn read<T: Serialize + DeserializeOwned>(text: &str) -> Result<T, String> {
    let read: T = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    let given: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if written == given { Ok(read) } else { Err("its JSON has another form".to_owned()) }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        a: u8,
        b: Option<u8>,
    }

    #[test]
    fn only_what_is_written_is_read() {
        assert_eq!(read::<Pair>("{\"a\": 1, \"b\": null}"), Ok(Pair { a: 1, b: None }));
        for text in [
            "[1, 2]",
            "{\"a\": 1}",
            "{\"a\": 1, \"b\": 2, \"c\": 3}",
            "{\"a\": 1, \"a\": 1, \"b\": 2}",
            "{\"a\": 1, \"b\": 2} {}",
            "{\"a\": 1.0, \"b\": 2}",
        ] {
            assert!(read::<Pair>(text).is_err(), "{text}");
        }
    }
}
