//! Valid names of policies, guardrails and resource types.

use std::fmt;
use std::str::FromStr;

use planguard_guardrail_format::unknown_type;
use planguard_guardrails::remedy;

use super::error::ScaffoldError;

/// The name of a policy. It is used in a rule `deny_NAME` and in file names, so it has the form of conftest's rule
/// suffixes: letters and digits, separated by single underscores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyName(String);

impl PolicyName {
    /// Returns the name of the first policy of a new project.
    pub(super) fn first() -> Self {
        Self("bucket_owner".to_owned())
    }
}

impl FromStr for PolicyName {
    type Err = ScaffoldError;

    /// Parses a name; hyphens become underscores.
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

/// The id of a guardrail: at least two lower-case words with hyphens.
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

/// The resource type of a policy or guardrail.
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

impl ResourceType {
    /// Checks that the provider has the type. A type of a provider that has no schema may exist.
    ///
    /// # Errors
    /// The provider has a schema, and does not have the type.
    pub fn known(&self) -> Result<&Self, ScaffoldError> {
        let Some(contradiction) = unknown_type(&self.0) else { return Ok(self) };
        let help = remedy(&contradiction).unwrap_or_default();
        Err(ScaffoldError::UnknownType { contradiction: Box::new(contradiction), help })
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
    /// Returns the attribute of the provider's resources that contains owners.
    pub(super) fn owner_attribute(&self) -> &'static str {
        if self.0.starts_with("google_") { "labels" } else { "tags" }
    }
}

/// Returns whether a text is words with single separators, starting with a letter.
fn is_words(text: &str, separator: char, may_contain: impl Fn(char) -> bool) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.split(separator).all(|word| !word.is_empty() && word.chars().all(&may_contain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_rule_suffixes() {
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
    fn a_type_is_one_of_its_provider() {
        let known = |name: &str| name.parse::<ResourceType>().unwrap().known().map(ToString::to_string);
        for name in ["aws_s3_bucket", "azurerm_sql_server", "acme_widget", "terraform_data"] {
            assert_eq!(known(name).unwrap(), name);
        }
        for (name, meant) in [
            ("aws_instnce", "did you mean `aws_instance`?"),
            ("aws_caller_identity", "it is the data source `data.aws_caller_identity`"),
            ("aws_no_such_thing_at_all", "use a name of provider version "),
        ] {
            let error = known(name).unwrap_err();
            assert!(
                matches!(&error, ScaffoldError::UnknownType { help, .. } if help.contains(meant)),
                "{error:?}"
            );
        }
    }

    #[test]
    fn types_need_a_provider_prefix() {
        assert!("aws_s3_bucket".parse::<ResourceType>().is_ok());
        for name in ["", "bucket", "aws_s3_bucket.logs", "AWS_x"] {
            assert!(name.parse::<ResourceType>().is_err(), "{name}");
        }
    }
}
