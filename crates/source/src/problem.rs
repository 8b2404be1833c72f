//! Errors of a configuration directory: what could not be read, and is therefore not used.

use std::path::PathBuf;
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};

use crate::place::{Position, SourceFile};

/// A part of a configuration that could not be read. The rest is used.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum SourceError {
    /// The directory of the configuration or of a module could not be read.
    #[error("cannot read the directory `{}`: {cause}", path.display())]
    #[diagnostic(
        code("PG-SC-001"),
        help("name the directory that contains the root module, and check out all of its local modules")
    )]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A file could not be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    #[diagnostic(code("PG-SC-002"), help("make the file readable"))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A file is larger than a configuration file can reasonably be.
    #[error("`{}` has {size} bytes; the limit for a configuration file is {limit}", path.display())]
    #[diagnostic(code("PG-SC-003"), help("divide the file, or move the data out of it"))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file is not valid HCL or JSON.
    #[error("{}:{}: invalid {language}: {reason}", text.name(), position.line)]
    #[diagnostic(code("PG-SC-004"), help("fix the syntax; `terraform validate` explains it"))]
    Syntax {
        /// `HCL` or `JSON`.
        language: &'static str,
        /// What the parser says.
        reason: String,
        /// Where the parser stopped.
        position: Position,
        /// The file.
        #[source_code]
        text: Arc<NamedSource<String>>,
        /// Where the parser stopped, in the text.
        #[label("here")]
        at: SourceSpan,
    },
    /// `.terraform/modules/modules.json` could not be read.
    #[error("cannot read the list of installed modules `{}`: {reason}", path.display())]
    #[diagnostic(code("PG-SC-005"), help("write it again with `terraform init`"))]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The files of a called module are not there.
    #[error("{file}:{line}: the files of `{module}` are not available")]
    #[diagnostic(
        code("PG-SC-006"),
        help("run `terraform init` in the directory of the configuration: it downloads the modules")
    )]
    MissingModule {
        /// The module's address without keys, for example `module.network.module.subnet`.
        module: String,
        /// The file that calls it.
        file: String,
        /// The line of the call.
        line: usize,
    },
    /// The configuration calls more modules than planguard follows.
    #[error("the configuration calls more than {limit} modules; the others were not read")]
    #[diagnostic(code("PG-SC-007"), help("remove module calls that repeat each other"))]
    TooManyModules {
        /// The limit.
        limit: usize,
    },
}

impl SourceError {
    /// A syntax error at a byte of a file.
    pub(crate) fn syntax(language: &'static str, file: &SourceFile, at: usize, reason: String) -> Self {
        let at = at.min(file.text().len());
        let length = file.text().get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        Self::Syntax {
            language,
            reason,
            position: file.position(at),
            text: Arc::new(NamedSource::new(file.path().display().to_string(), file.text().to_owned())),
            at: (at, length).into(),
        }
    }
}
