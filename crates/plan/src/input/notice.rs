//! Warnings about documents that were read.

use miette::Diagnostic;
use thiserror::Error;

use super::format_version::{FormatVersion, NEWEST_KNOWN};

/// A warning about how a document was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Diagnostic)]
#[diagnostic(severity(Warning))]
pub enum Notice {
    /// The plan's format is newer than this release, which does not check the fields that it does not know.
    #[error("format version {0} is newer than {NEWEST_KNOWN}: fields added since are not checked")]
    #[diagnostic(code("PG-IN-101"), help("upgrade planguard"))]
    NewerFormat(FormatVersion),
    /// The text was UTF-16, as a redirection in Windows PowerShell writes it.
    #[error("the text was UTF-16, so characters outside ASCII may have been damaged before it was read")]
    #[diagnostic(
        code("PG-IN-102"),
        help("redirect with cmd: cmd /c \"terraform show -json tfplan > plan.json\"")
    )]
    Transcoded,
    /// Lines of the setup-terraform wrapper were removed.
    #[error("lines of the setup-terraform wrapper were removed")]
    #[diagnostic(code("PG-IN-103"), help("set `terraform_wrapper: false` on setup-terraform, or use its v3"))]
    WrapperLinesStripped,
}
