//! Why files could not be started.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// What keeps files from being written.
#[derive(Debug, Error, Diagnostic)]
pub enum ScaffoldError {
    /// Files are there already.
    #[error("nothing was written, because there is already {}", list(paths))]
    #[diagnostic(code("PG-NW-001"), help("choose another name or directory, or move what is there"))]
    Exists {
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    #[diagnostic(code("PG-NW-002"), help("check the directory and its permissions"))]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A name cannot be a policy's.
    #[error("`{name}` cannot be the name of a policy")]
    #[diagnostic(
        code("PG-NW-003"),
        help("use letters, digits and underscores, with a letter first, such as `bucket_owner`")
    )]
    PolicyName {
        /// The name.
        name: String,
    },
    /// An id cannot be a guardrail's.
    #[error("`{id}` cannot be the id of a guardrail")]
    #[diagnostic(
        code("PG-NW-004"),
        help(
            "use lower case words with hyphens, with a word of your own first, such as `acme-bucket-without-owner`"
        )
    )]
    GuardrailId {
        /// The id.
        id: String,
    },
    /// A word cannot be a resource type.
    #[error("`{name}` is no resource type")]
    #[diagnostic(
        code("PG-NW-005"),
        help("name it as in `resource \"aws_s3_bucket\" \"logs\"`: `aws_s3_bucket`")
    )]
    ResourceType {
        /// The word.
        name: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
