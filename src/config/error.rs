//! Why a configuration file counts for nothing.

use std::path::PathBuf;
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// What is wrong with a configuration file.
#[derive(Debug, Error, Diagnostic)]
pub enum ConfigError {
    /// It could not be read.
    #[error("cannot read {}: {reason}", path.display())]
    #[diagnostic(code("PG-CF-001"), help("check the path and its permissions; the file is UTF-8 text"))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// It is no TOML, or holds something that is not configuration.
    #[error("{}: {reason}", path.display())]
    #[diagnostic(code("PG-CF-002"), help("docs/configuration.md lists every key"))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// The file's text.
        #[source_code]
        text: Arc<NamedSource<String>>,
        /// Where.
        #[label("here")]
        at: SourceSpan,
    },
    /// conftest's file cannot be followed.
    #[error("{}: {reason}", path.display())]
    #[diagnostic(
        code("PG-CF-003"),
        help(
            "write what is meant into planguard.toml under [policies] (docs/configuration.md), or take no \
             configuration with --no-config"
        )
    )]
    Conftest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// The file's text.
        #[source_code]
        text: Arc<NamedSource<String>>,
        /// Where.
        #[label("here")]
        at: SourceSpan,
    },
}
