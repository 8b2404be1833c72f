//! What a JSON reader says of a document, without the values that it met.

use std::fmt;

use super::json_place;

/// What a value that does not fit is, what was expected, and where. A reader's own message quotes the value, which may
/// be a secret: nothing is known yet of what is sensitive in a plan that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    what: String,
    place: Option<String>,
    line: usize,
    column: usize,
}

impl From<serde_json::Error> for ShapeError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let what = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
        Self { what: without_value(what), place: None, line, column }
    }
}

impl ShapeError {
    /// The same, with the place in the text that was read.
    pub(super) fn of(text: &str, error: serde_json::Error) -> Self {
        let error = Self::from(error);
        let lines = memchr::memchr_iter(b'\n', text.as_bytes());
        let start = match error.line {
            0 | 1 => Some(0),
            line => lines.map(|newline| newline + 1).nth(line - 2),
        };
        let place = start.and_then(|start| json_place::of_byte(text, start + error.column));
        Self { place, ..error }
    }
}

/// Cuts `string "…"` down to `string` in what serde says of a value that does not fit.
fn without_value(message: &str) -> String {
    let quotes =
        ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant ", "unknown field "];
    let Some(start) = quotes.iter().find_map(|start| message.strip_prefix(start).map(|_| *start)) else {
        return message.to_owned();
    };
    let rest = message.strip_prefix(start).unwrap_or_default();
    // JSON has other words for some of what serde reads.
    let kind = match rest.split(['"', '`', ',']).next().unwrap_or_default() {
        "map" => "object",
        "sequence" => "array",
        plain => plain,
    };
    // The value may hold the same words; what was expected comes last, and is planguard's own.
    let expected = message.rfind(", expected ").and_then(|position| message.get(position..));
    // The names of planguard's own types say nothing to whoever reads a plan.
    let expected = match expected {
        Some(own) if own.starts_with(", expected struct ") || own == ", expected a map" => {
            ", expected an object"
        }
        Some(", expected a sequence") => ", expected an array",
        Some(plain) => plain,
        None => "",
    };
    format!("{}{expected}", format!("{start}{kind}").trim_end())
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "`{place}`: ")?;
        }
        f.write_str(&self.what)?;
        if self.line > 0 {
            write!(f, " at line {} column {}", self.line, self.column)?;
        }
        Ok(())
    }
}

impl std::error::Error for ShapeError {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    enum Word {
        Known,
    }

    #[test]
    fn values_are_not_quoted() {
        let number = |text| ShapeError::from(serde_json::from_str::<u8>(text).unwrap_err()).to_string();
        assert_eq!(number(r#""a, expected \"b\"""#), "invalid type: string, expected u8 at line 1 column 19");
        assert_eq!(number("471147"), "invalid value: integer, expected u8 at line 1 column 6");
        assert_eq!(number("1.25"), "invalid type: floating point, expected u8 at line 1 column 4");
        assert_eq!(number("{}"), "invalid type: object, expected u8 at line 1 column 0");
        let word = serde_json::from_str::<Word>(r#""hunter2""#).map(|Word::Known| ()).unwrap_err();
        assert_eq!(
            ShapeError::from(word).to_string(),
            "unknown variant, expected `Known` at line 1 column 9"
        );
    }

    #[test]
    fn the_place_is_told_without_names_of_types() {
        #[derive(Debug, Deserialize)]
        struct Inner {
            #[expect(dead_code, reason = "only its shape matters")]
            word: Option<String>,
        }
        let text = "{\n \"a\": {\"word\": \"x\"},\n \"b\": 5\n}";
        let error = serde_json::from_str::<BTreeMap<String, Inner>>(text).unwrap_err();
        assert_eq!(
            ShapeError::of(text, error).to_string(),
            "`b`: invalid type: integer, expected an object at line 3 column 7"
        );
        let text = r#"{"a": {"word": []}}"#;
        let error = serde_json::from_str::<BTreeMap<String, Inner>>(text).unwrap_err();
        assert_eq!(
            ShapeError::of(text, error).to_string(),
            "`a.word`: invalid type: array, expected a string at line 1 column 15"
        );
    }

    #[test]
    fn what_quotes_nothing_is_told_as_it_is() {
        let error = ShapeError::from(serde_json::from_str::<u8>("[").unwrap_err());
        assert_eq!(error.to_string(), "invalid type: array, expected u8 at line 1 column 0");
        let error = ShapeError::from(serde_json::from_str::<Vec<u8>>("[").unwrap_err());
        assert_eq!(error.to_string(), "EOF while parsing a list at line 1 column 1");
    }
}
