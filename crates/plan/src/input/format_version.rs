//! The version of the plan format, and the supported versions.

use std::fmt;

/// The newest version that this release was written for. Terraform has written it since 1.5,
/// OpenTofu always.
pub const NEWEST_KNOWN: FormatVersion = FormatVersion { major: 1, minor: 2 };

const OLDEST: FormatVersion = FormatVersion { major: 0, minor: 1 };

/// A plan's `format_version`: a new minor version adds fields, a new major version changes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatVersion {
    /// The major version.
    pub major: u32,
    /// The minor version.
    pub minor: u32,
}

impl FormatVersion {
    /// Parses `1.2`, also `1` and `1.2.0`; `None` if it is not a version.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(number);
        let major = parts.next()??;
        let minor = parts.next().unwrap_or(Some(0))?;
        parts.next().unwrap_or(Some(0))?;
        parts.next().is_none().then_some(Self { major, minor })
    }

    /// Whether it is supported: 0.1 (Terraform 0.12) to any 1.x.
    pub fn is_supported(self) -> bool {
        self >= OLDEST && self.major <= NEWEST_KNOWN.major
    }

    /// Whether it may have fields that this release does not know.
    pub fn is_newer_than_known(self) -> bool {
        self > NEWEST_KNOWN
    }
}

/// Digits only: `str::parse` also accepts `+1`.
fn number(part: &str) -> Option<u32> {
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_and_refuses_what_only_resembles_one() {
        for (text, version) in [("0.1", (0, 1)), ("1.2", (1, 2)), ("1", (1, 0)), ("1.10.3", (1, 10))] {
            let (major, minor) = version;
            assert_eq!(FormatVersion::parse(text), Some(FormatVersion { major, minor }), "{text}");
        }
        for text in ["", "1.", ".2", "v1.2", "+1.2", "1.2-beta", " 1.2", "1.2.0.1", "4294967296.0", "1,2"] {
            assert_eq!(FormatVersion::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn supports_every_version_up_to_the_next_major() {
        let supported = |text| FormatVersion::parse(text).unwrap().is_supported();
        assert!(["0.1", "0.2", "1.0", "1.1", "1.2", "1.99"].map(supported).into_iter().all(|yes| yes));
        assert!(!["0.0", "2.0", "99.0"].map(supported).into_iter().any(|yes| yes));
    }
}
