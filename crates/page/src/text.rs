//! The texts of a page. What comes from a plan or a policy becomes one only as [`SafeText`], without what is sensitive; what
//! could hide something or steer a viewer is escaped. The template escapes what is markup.

use std::fmt;

use planguard_plan::redact::SafeText;
use serde::Serialize;

/// A text of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// A sentence that planguard made of its own words, of numbers and of texts that are escaped already.
    pub const fn composed(sentence: String) -> Self {
        Self(sentence)
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How much room it takes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The start of a text that is longer than this, and how much it leaves out.
    #[must_use]
    pub fn cut(self, longest: usize) -> Self {
        match self.0.char_indices().nth(longest) {
            Some((end, _)) => {
                let more = self.0.chars().count() - longest;
                Self(format!("{}… ({more} more characters)", self.0.get(..end).unwrap_or_default()))
            }
            None => self,
        }
    }
}

impl From<&SafeText> for Text {
    fn from(text: &SafeText) -> Self {
        Self(text.for_document())
    }
}

impl From<&'static str> for Text {
    fn from(words: &'static str) -> Self {
        Self(words.to_owned())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
