//! What policies, guardrails and resource types can be called.

use std::fmt;
use std::str::FromStr;

use super::error::ScaffoldError;

/// The name of a policy: it becomes a rule `deny_NAME` and files `NAME.…`, so that it is what conftest takes for the
/// suffix of a rule: letters and digits, and here and there an underscore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyName(String);

impl PolicyName {
    /// The policy that a new project starts with.
    pub(super) fn first() -> Self {
        Self("bucket_owner".to_owned())
    }
}

impl FromStr for PolicyName {
    type Err = ScaffoldError;

    /// Reads a name; hyphens become underscores.
    fn from_str(name: &str) -> Result<Self, ScaffoldError> {
        let written = name.replace('-', "_");
        if is_words(&written, '_', |c| c.is_ascii_alphanumeric()) {
            Ok(Self(written))
        } else {
            Err(ScaffoldError::PolicyName { name: name.to_owned() })
        }
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of a guardrail: lower case words with hyphens, at least two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardrailId(String);

impl FromStr for GuardrailId {
    type Err = ScaffoldError;

    fn from_str(id: &str) -> Result<Self, ScaffoldError> {
        if id.contains('-') && is_words(id, '-', |c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
            Ok(Self(id.to_owned()))
        } else {
            Err(ScaffoldError::GuardrailId { id: id.to_owned() })
        }
    }
}

impl fmt::Display for GuardrailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The type of the resources that a policy or guardrail is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceType(String);

impl FromStr for ResourceType {
    type Err = ScaffoldError;

    fn from_str(name: &str) -> Result<Self, ScaffoldError> {
        if name.contains('_')
            && is_words(name, '_', |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        {
            Ok(Self(name.to_owned()))
        } else {
            Err(ScaffoldError::ResourceType { name: name.to_owned() })
        }
    }
}

impl Default for ResourceType {
    fn default() -> Self {
        Self("aws_s3_bucket".to_owned())
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResourceType {
    /// The attribute in which resources of the type's provider say whose they are.
    pub(super) fn owner_attribute(&self) -> &'static str {
        if self.0.starts_with("google_") { "labels" } else { "tags" }
    }
}

/// Whether a text is words with one separator between them, the first of which begins with a letter.
fn is_words(text: &str, separator: char, may_contain: impl Fn(char) -> bool) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.split(separator).all(|word| !word.is_empty() && word.chars().all(&may_contain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_conventions_take() {
        for (name, written) in
            [("owner", "owner"), ("bucket-owner", "bucket_owner"), ("S3_Owner2", "S3_Owner2")]
        {
            assert_eq!(name.parse::<PolicyName>().unwrap().to_string(), written);
        }
        for name in ["", "1st", "a__b", "_a", "a_", "a.b", "a/b", "../a", "ä"] {
            assert!(name.parse::<PolicyName>().is_err(), "{name}");
        }
    }

    #[test]
    fn ids_are_words_with_hyphens() {
        assert!("acme-bucket-2".parse::<GuardrailId>().is_ok());
        for id in ["", "bucket", "Acme-bucket", "acme--bucket", "acme-", "acme_bucket-x", "2-acme"] {
            assert!(id.parse::<GuardrailId>().is_err(), "{id}");
        }
    }

    #[test]
    fn types_are_told_from_other_words() {
        assert!("aws_s3_bucket".parse::<ResourceType>().is_ok());
        for name in ["", "bucket", "aws_s3_bucket.logs", "AWS_x"] {
            assert!(name.parse::<ResourceType>().is_err(), "{name}");
        }
    }
}
