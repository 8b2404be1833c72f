//! The digests that attestations name.

use std::fmt;

use planguard_plan::input::Sha256Digest;
use planguard_plan::redact::SafeText;
use serde::{Deserialize, Serialize};

use super::AttestationError;

/// A SHA-256 as 64 hexadecimal digits in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct Digest(String);

impl Digest {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A digest of the report.
    ///
    /// # Errors
    ///
    /// If the report lacks it.
    pub(super) fn of(text: Option<&SafeText>, what: &'static str) -> Result<Self, AttestationError> {
        let digest = text.and_then(|text| Self::try_from(text.unescaped().to_owned()).ok());
        digest.ok_or(AttestationError::Incomplete { what })
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_digest =
            text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_digest {
            Ok(Self(text))
        } else {
            Err("a digest is not 64 hexadecimal digits in lower case".to_owned())
        }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl From<Sha256Digest> for Digest {
    fn from(digest: Sha256Digest) -> Self {
        Self(digest.to_string())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
