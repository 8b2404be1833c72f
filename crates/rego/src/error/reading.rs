//! Errors of reading policies and data documents.

use std::path::PathBuf;

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use super::PolicyText;

/// An error of reading policies and data documents.
#[derive(Clone, Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum ReadingError {
    /// No policy to evaluate.
    #[error("no policy found in {searched}")]
    #[diagnostic(code("PG-RG-001"), help("pass a .rego file, or a directory that contains .rego files"))]
    NoPolicies {
        /// The paths that were searched.
        searched: String,
    },

    /// A path that does not exist or cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    #[diagnostic(code("PG-RG-002"), help("check the path and its permissions"))]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's message.
        reason: String,
    },

    /// A symbolic link to a file outside the given directory.
    #[error("the link {} points outside its directory, to {}", path.display(), target.display())]
    #[diagnostic(
        code("PG-RG-003"),
        help("copy the files into the directory, or pass their directory as well")
    )]
    EscapingLink {
        /// The link.
        path: PathBuf,
        /// Its target.
        target: PathBuf,
    },

    /// An address instead of a path.
    #[error("{} is an address, and planguard fetches nothing", path.display())]
    #[diagnostic(
        code("PG-RG-113"),
        help(
            "fetch it in a step before (git clone, curl), and pass the directory, the bundle or git::CLONE//DIRECTORY?ref=REF"
        )
    )]
    Address {
        /// The address.
        path: PathBuf,
    },

    /// A device, pipe or socket where a file was expected.
    #[error("{} is not a regular file", path.display())]
    #[diagnostic(code("PG-RG-004"), help("remove it from the directory"))]
    SpecialFile {
        /// The path.
        path: PathBuf,
    },

    /// A file that is too large for a hand-written policy.
    #[error("{} is larger than {limit} bytes", path.display())]
    #[diagnostic(code("PG-RG-005"), help("split the file"))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },

    /// A file that is not text.
    #[error("{} is not UTF-8 text", path.display())]
    #[diagnostic(code("PG-RG-006"), help("save the file as UTF-8"))]
    NotText {
        /// The file.
        path: PathBuf,
    },

    /// A data document that does not parse, or whose root is not an object.
    #[error("invalid data document {}: {reason}", path.display())]
    #[diagnostic(code("PG-RG-007"), help("a data document is JSON or YAML whose root is an object"))]
    InvalidData {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },

    /// Two data documents with different values at the same path.
    #[error("{} conflicts with an earlier data document: {reason}", path.display())]
    #[diagnostic(
        code("PG-RG-008"),
        help("rename one of the keys; all data documents are merged at the root of `data`")
    )]
    ConflictingData {
        /// The later file.
        path: PathBuf,
        /// The engine's message.
        reason: String,
    },

    /// A data document with a value where a rule is.
    #[error("conflicting rule for data path `{rule}`: {} has a value there", path.display())]
    #[diagnostic(code("PG-RG-009"), help("rename the rule, or the key of the document"))]
    ShadowingData {
        /// The document.
        path: PathBuf,
        /// The path of the rule.
        rule: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The rule.
        #[label("this rule")]
        at: SourceSpan,
    },
}
