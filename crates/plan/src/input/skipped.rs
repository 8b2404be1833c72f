//! Files in a directory that were skipped, with the reason.

use std::fmt;

use super::origin::Origin;
use super::problem::SpecialKind;

/// Something in a directory that was not read as a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file or directory.
    pub origin: Origin,
    /// Why it was skipped.
    pub reason: SkipReason,
}

/// Why something in a directory was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// A directory whose name starts with a dot, such as `.git` or `.terraform`.
    HiddenDirectory,
    /// A directory in which a package manager of another language puts what it installs (`node_modules`).
    InstalledPackages,
    /// A symbolic link to a file outside the directory that was named, which does not look like a plan.
    LinkOutside,
    /// A symbolic link to something that does not exist.
    DanglingLink,
    /// A pipe, socket or device.
    Special(SpecialKind),
    /// A file named like a binary plan, which contains other text.
    TextNamedAsPlan,
    /// A complete document of another kind.
    OtherDocument(OtherKind),
}

/// Complete JSON documents that are not plans and not the result of a mistake in making one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OtherKind {
    /// A state file (`terraform.tfstate`).
    State,
    /// The configuration, as `tofu show -config -json` writes it.
    Configuration,
    /// The schemas of providers.
    ProviderSchemas,
    /// The result of `terraform validate -json`.
    Validation,
    /// An array.
    Array,
    /// A string, number, boolean or null.
    Scalar,
    /// An object with none of a plan's keys.
    Object,
}

impl fmt::Display for OtherKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "a state file",
            Self::Configuration => "the JSON form of a configuration",
            Self::ProviderSchemas => "a list of provider schemas",
            Self::Validation => "the result of `terraform validate`",
            Self::Array => "a JSON array",
            Self::Scalar => "a JSON value that is not an object",
            Self::Object => "a JSON object with none of a plan's keys",
        })
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HiddenDirectory => f.write_str("hidden directory"),
            Self::InstalledPackages => f.write_str("directory of installed packages"),
            Self::LinkOutside => f.write_str("symbolic link to a target outside the directory"),
            Self::DanglingLink => f.write_str("symbolic link to a target that does not exist"),
            Self::Special(kind) => kind.fmt(f),
            Self::TextNamedAsPlan => f.write_str("named like a binary plan, but contains text"),
            Self::OtherDocument(kind) => kind.fmt(f),
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.reason)
    }
}
