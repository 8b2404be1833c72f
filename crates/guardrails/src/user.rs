//! Loads a user's own guardrails, in the format of the built-in ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use planguard_guardrail_format::{DefinitionError, Guardrail, is_case_file, read_file};
use thiserror::Error;
use walkdir::WalkDir;

use super::builtin::builtins;
use super::change::GUARDS;

/// Why guardrails could not be loaded.
#[derive(Debug, Error, Diagnostic)]
pub enum GuardrailError {
    /// A file or directory could not be read.
    #[error("cannot read guardrails from {}: {reason}", path.display())]
    #[diagnostic(code("PG-GR-001"), help("check the path and its permissions"))]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        reason: String,
    },
    /// A directory has no guardrails.
    #[error("no guardrails in {}", path.display())]
    #[diagnostic(
        code("PG-GR-002"),
        help("guardrails are read from files named *.toml; see docs/guardrail-format.md")
    )]
    Nothing {
        /// The path as given.
        path: PathBuf,
    },
    /// A file does not follow the format.
    #[error(transparent)]
    #[diagnostic(code("PG-GR-003"), help("docs/guardrail-format.md describes the format"))]
    Definition(#[from] DefinitionError),
    /// Two guardrails have the same id.
    #[error("{file}: duplicate guardrail id `{id}`")]
    #[diagnostic(code("PG-GR-004"), help("give the guardrail a unique id, for example with a prefix"))]
    IdTaken {
        /// The file of the second one.
        file: String,
        /// The id.
        id: String,
    },
}

/// Loads the guardrails of files and directories (`*.toml`, recursively, in the order of their names).
///
/// # Errors
/// Every error, not only the first.
pub fn load_guardrails(paths: &[PathBuf]) -> Result<Vec<Guardrail>, Vec<GuardrailError>> {
    let mut ids: BTreeSet<String> = builtins().map(|builtin| builtin.id().to_owned()).collect();
    ids.extend(GUARDS.iter().map(|guard| guard.info.id.to_string()));
    let (mut guardrails, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        let before = guardrails.len() + errors.len();
        for file in toml_files(path, &mut errors) {
            let name = file.display().to_string();
            match fs::read_to_string(&file) {
                Err(error) => {
                    errors.push(GuardrailError::Unreadable { path: file, reason: error.to_string() })
                }
                Ok(text) => match read_file(&name, &text) {
                    Err(error) => errors.push(error.into()),
                    Ok(read) => {
                        for (guardrail, _) in read {
                            let id = guardrail.info.id.to_string();
                            if ids.insert(id.clone()) {
                                guardrails.push(guardrail);
                            } else {
                                errors.push(GuardrailError::IdTaken { file: name.clone(), id });
                            }
                        }
                    }
                },
            }
        }
        if guardrails.len() + errors.len() == before {
            errors.push(GuardrailError::Nothing { path: path.clone() });
        }
    }
    if errors.is_empty() { Ok(guardrails) } else { Err(errors) }
}

fn toml_files(path: &Path, errors: &mut Vec<GuardrailError>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in WalkDir::new(path).sort_by_file_name() {
        match entry {
            Err(error) => {
                let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                errors.push(GuardrailError::Unreadable { path: path.to_owned(), reason });
            }
            Ok(entry) => {
                let named = entry.depth() == 0;
                let toml = entry.path().extension().is_some_and(|extension| extension == "toml");
                // Plan cases are next to what they test.
                let wanted = named || toml && !is_case_file(entry.path());
                if entry.file_type().is_file() && wanted {
                    files.push(entry.into_path());
                }
            }
        }
    }
    files
}
