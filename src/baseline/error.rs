//! Why a baseline cannot be read or written.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// What is wrong with a baseline.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum BaselineError {
    /// The file cannot be read.
    #[error("cannot read the baseline {}: {reason}", file.display())]
    #[diagnostic(
        code("PG-BL-001"),
        help(
            "write it with `planguard baseline PLAN`, or remove the flag --baseline or the setting `baseline`"
        )
    )]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// It is not what `planguard baseline` writes.
    #[error("{}: {reason}", file.display())]
    #[diagnostic(code("PG-BL-002"), help("{help}"))]
    Invalid {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        reason: String,
        /// How to put it right.
        help: String,
    },
    /// A later version of planguard wrote it.
    #[error("{}: the baseline has the version {version}, and this planguard reads version {}", file.display(), super::VERSION)]
    #[diagnostic(
        code("PG-BL-003"),
        help("write it anew with `planguard baseline PLAN`, or use the planguard that wrote it")
    )]
    UnknownVersion {
        /// The file.
        file: PathBuf,
        /// Its version.
        version: String,
    },
    /// A file that is no baseline would be lost.
    #[error("cannot write {}: it exists and is not a baseline", file.display())]
    #[diagnostic(code("PG-BL-004"), help("remove it, or name another file with --output"))]
    NotABaseline {
        /// The file.
        file: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {reason}", file.display())]
    #[diagnostic(code("PG-BL-005"), help("check the directory and its permissions; nothing was changed"))]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Something could not be checked, and its findings are not known.
    #[error("no baseline was written, because not everything could be checked")]
    #[diagnostic(
        code("PG-BL-006"),
        help("put right what is reported above; a baseline lacks what was not checked")
    )]
    Incomplete,
}
