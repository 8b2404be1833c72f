//! JSON documents.

use planguard_plan::text::escape;
use serde::Serialize;

/// A value as indented JSON with a line feed at the end. A reader gets every text exactly; what could steer a terminal
/// or a CI system is written as an escape of JSON.
///
/// # Errors
/// If a map has a key that is no text.
pub(super) fn indented(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(escape::json(&serde_json::to_string_pretty(value)?) + "\n")
}

/// A value as JSON on one line, without a line feed.
///
/// # Errors
/// If a map has a key that is no text.
pub(super) fn compact(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(escape::json(&serde_json::to_string(value)?))
}

/// A value as JSON on a line.
///
/// # Errors
/// If a map has a key that is no text.
pub(super) fn line(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(compact(value)? + "\n")
}
