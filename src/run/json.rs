//! Reads the JSON documents that describe a run.

use std::path::Path;

use planguard_plan::input::read_text_file;
use serde_json::Value as Json;

use super::RunError;

/// A document, with its text.
pub(super) struct Document<'p> {
    path: &'p Path,
    text: String,
    pub(super) value: Json,
}

/// What is wrong with a value of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Which value, and what is wrong with it.
    pub(super) reason: String,
    /// How to put it right, if the description of the format does not say it.
    pub(super) help: Option<String>,
    /// What is written there: its line is shown, if it is in the document once.
    pub(super) written: Option<String>,
}

impl Mistake {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), help: None, written: None }
    }
}

impl<'p> Document<'p> {
    /// The document in a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is not JSON.
    pub(super) fn read(path: &'p Path, help: &str) -> Result<Self, RunError> {
        let failed = |reason: String| RunError::File { path: path.to_owned(), reason, help: help.to_owned() };
        let text = read_text_file(path).map_err(|error| failed(error.to_string()))?;
        let value = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        Ok(Self { path, text, value })
    }

    /// The error for a mistake in it.
    pub(super) fn error(&self, mistake: Mistake, help: &str) -> RunError {
        let written = mistake.written.map(|written| Json::from(written).to_string());
        let lines = |written: String| {
            let mut found = self.text.match_indices(&written).map(|(at, _)| at);
            found.next().filter(|_| found.next().is_none())
        };
        let at = written.and_then(lines);
        let line = at.map(|at| self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1);
        RunError::Value {
            place: match line {
                Some(line) => format!("{}:{line}", self.path.display()),
                None => self.path.display().to_string(),
            },
            reason: mistake.reason,
            help: mistake.help.unwrap_or_else(|| help.to_owned()),
        }
    }
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
