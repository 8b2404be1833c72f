//! Why a text in a plan, such as a policy document, cannot be read. A text that nobody can read is not clean: every
//! question about it is undetermined.

use planguard_plan::{DuplicateKeys, Value};

/// Why a text in a plan cannot be read. Displayed after the name of its attribute; it quotes nothing of the text, which
/// can be sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The text is not JSON: cut off, in another format, or with half a surrogate pair.
    #[error("is not valid JSON at line {line} column {column}")]
    NotJson {
        /// The line of the text, counted from 1.
        line: usize,
        /// The column in the line, counted from 1; 0 where the line is empty.
        column: usize,
    },
    /// The text is neither JSON nor YAML.
    #[error("is not valid YAML at line {line}")]
    NotYaml {
        /// The line of the text, counted from 1.
        line: usize,
    },
    /// The text is JSON, but no policy document.
    #[error("has no `Statement`")]
    NoStatement,
    /// The value should be a text and is something else.
    #[error("is not a text")]
    NotText,
    /// The question is where the value comes from, and the plan has no block of the resource.
    #[error("cannot be traced: the plan has no configuration for it")]
    NoConfiguration,
    /// The question is where the value comes from, and the plan lacks a variable of the root module or its value.
    #[error("cannot be traced: the plan lacks the variable that it comes from, or its value")]
    NoVariable,
    /// The question is where the value comes from, and it comes from a local value, which is not in a plan.
    #[error("cannot be traced: it comes from a local value, which only the files of the configuration tell")]
    NoLocalValue,
    /// The text is the Base64 of compressed data.
    #[error("is compressed with gzip")]
    Compressed,
}

/// Reads the JSON document or the YAML documents that are the text of an attribute. A text that is neither an object nor
/// a list is none.
///
/// # Errors
/// The text is neither; what starts like JSON is meant to be JSON.
pub(crate) fn documents(text: &str) -> Result<Vec<Value<'_>>, Unreadable> {
    match json(text) {
        Ok(document) => Ok(vec![document]),
        Err(not_json) if text.trim_start().starts_with(['{', '[']) => Err(not_json),
        Err(not_json) => match crate::yaml::documents(text) {
            Ok(documents) if documents.is_empty() => Err(not_json),
            Ok(documents) => Ok(documents),
            Err(line) => Err(Unreadable::NotYaml { line }),
        },
    }
}

/// Reads the JSON that is the text of an attribute.
///
/// # Errors
/// The text is not JSON.
pub(crate) fn json(text: &str) -> Result<Value<'_>, Unreadable> {
    Value::parse(text, &DuplicateKeys::default())
        .map_err(|error| Unreadable::NotJson { line: error.line(), column: error.column() })
}
