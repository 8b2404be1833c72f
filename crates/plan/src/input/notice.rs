//! What is worth telling about a document that was read all the same.

use miette::Diagnostic;
use thiserror::Error;

use super::format_version::{FormatVersion, NEWEST_KNOWN};

/// Something that a reader of the report should know about how a document was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Diagnostic)]
#[diagnostic(severity(Warning))]
pub enum Notice {
    /// The plan's format is newer than this release; fields it does not know are not checked.
    #[error("format version {0} is newer than {NEWEST_KNOWN}: fields added since are not checked")]
    #[diagnostic(code("PG-IN-101"), help("look for a newer release of planguard"))]
    NewerFormat(FormatVersion),
    /// The text was UTF-16, as a redirection in Windows PowerShell writes it.
    #[error("the text was UTF-16, so characters outside ASCII may have been damaged before it was read")]
    #[diagnostic(
        code("PG-IN-102"),
        help("let cmd do the redirection: cmd /c \"terraform show -json tfplan > plan.json\"")
    )]
    Transcoded,
    /// Lines of the setup-terraform wrapper were left out.
    #[error("lines of the setup-terraform wrapper were left out")]
    #[diagnostic(code("PG-IN-103"), help("set `terraform_wrapper: false` on setup-terraform, or use its v3"))]
    WrapperLinesStripped,
}
