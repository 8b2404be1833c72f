//! Errors of writing new files.

use std::path::PathBuf;

use miette::Diagnostic;
use planguard_guardrail_format::Contradiction;
use thiserror::Error;

/// An error of writing new files.
#[derive(Debug, Error, Diagnostic)]
pub enum ScaffoldError {
    /// Files already exist.
    #[error("{} already {}; nothing was written", list(paths), if paths.len() == 1 { "exists" } else { "exist" })]
    #[diagnostic(code("PG-NW-001"), help("use another name or directory, or remove the existing files"))]
    Exists {
        /// The existing files.
        paths: Vec<PathBuf>,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    #[diagnostic(code("PG-NW-002"), help("check the directory and its permissions"))]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The operating system's message.
        reason: String,
    },
    /// An invalid policy name.
    #[error("invalid policy name `{name}`")]
    #[diagnostic(
        code("PG-NW-003"),
        help("use letters, digits and underscores, starting with a letter, such as `bucket_owner`")
    )]
    PolicyName {
        /// The name.
        name: String,
    },
    /// An invalid guardrail id.
    #[error("invalid guardrail id `{id}`")]
    #[diagnostic(
        code("PG-NW-004"),
        help(
            "use lower-case words with hyphens, starting with your own prefix, such as `acme-bucket-without-owner`"
        )
    )]
    GuardrailId {
        /// The id.
        id: String,
    },
    /// An invalid resource type.
    #[error("invalid resource type `{name}`")]
    #[diagnostic(
        code("PG-NW-005"),
        help("name it as in `resource \"aws_s3_bucket\" \"logs\"`: `aws_s3_bucket`")
    )]
    ResourceType {
        /// The type.
        name: String,
    },
    /// A resource type that its provider does not have.
    #[error("{contradiction}; nothing was written")]
    #[diagnostic(code("PG-NW-006"))]
    UnknownType {
        /// What contradicts the provider schemas.
        contradiction: Box<Contradiction>,
        /// The type that may have been meant.
        #[help]
        help: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
