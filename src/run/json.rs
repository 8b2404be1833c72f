//! Reads the JSON documents that describe a run.

use std::path::Path;

use serde_json::Value as Json;

use super::RunError;

/// The document in a file.
///
/// # Errors
///
/// If it cannot be read or is not JSON.
pub(super) fn read(path: &Path, help: &str) -> Result<Json, RunError> {
    let failed = |reason: String| RunError::File { path: path.to_owned(), reason, help: help.to_owned() };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
}

/// The text at a place such as `user.login`; `None` if there is none, or an empty one.
pub(super) fn text<'j>(value: &'j Json, place: &str) -> Option<&'j str> {
    let found = place.split('.').try_fold(value, |value, key| value.get(key))?;
    found.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// What a value is.
pub(super) const fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}
