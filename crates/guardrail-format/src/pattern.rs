//! Regular expressions in guardrails, compiled when first used.

use std::sync::OnceLock;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

/// A regular expression that is known to compile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pattern {
    source: String,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Checks an expression.
    ///
    /// # Errors
    /// It is not a regular expression.
    pub fn parse(source: &str) -> Result<Self, String> {
        let compiled = Regex::new(source).map_err(|_| format!("`{source}` is not a regular expression"))?;
        Ok(Self { source: source.to_owned(), compiled: OnceLock::from(Some(compiled)) })
    }

    /// Whether the expression finds a match.
    pub fn is_match(&self, text: &str) -> bool {
        // `parse` has compiled the same source before it was encoded.
        self.compiled
            .get_or_init(|| Regex::new(&self.source).ok())
            .as_ref()
            .is_some_and(|regex| regex.is_match(text))
    }
}
