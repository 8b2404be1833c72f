//! Loads a user's own guardrails, in the format of the built-in ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use planguard_guardrail_format::{
    Contradiction, Definition, DefinitionError, Guardrail, contradictions, is_case_file, read_definitions,
};
use planguard_plan::text::suggest;
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
    /// A guardrail contradicts the schemas of the providers, so that it would judge nothing, or wrongly.
    #[error("{file}:{line}: guardrail `{id}`: {contradiction}")]
    #[diagnostic(code("PG-GR-005"))]
    Schema {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The guardrail's id.
        id: String,
        /// What contradicts the schemas.
        contradiction: Box<Contradiction>,
        /// The name that may have been meant.
        #[help]
        help: String,
    },
}

/// Loads the guardrails of files and directories (`*.toml`, recursively, in the order of their names).
///
/// # Errors
/// Every error, not only the first.
pub fn load_guardrails(paths: &[PathBuf]) -> Result<Vec<Guardrail>, Vec<GuardrailError>> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids: BTreeSet<String> = builtins().map(|builtin| builtin.id().to_owned()).collect();
    ids.extend(GUARDS.iter().map(|guard| guard.info.id.to_string()));
    let (mut guardrails, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        let before = guardrails.len() + errors.len();
        for file in toml_files(path, &mut errors) {
            match read_guardrail_file(&file) {
                Err(found) => errors.extend(found),
                Ok(read) => {
                    for Definition { guardrail, .. } in read {
                        let id = guardrail.info.id.to_string();
                        if ids.insert(id.clone()) {
                            guardrails.push(guardrail);
                        } else {
                            errors.push(GuardrailError::IdTaken { file: file.display().to_string(), id });
                        }
                    }
                }
            }
        }
        if guardrails.len() + errors.len() == before {
            errors.push(GuardrailError::Nothing { path: path.clone() });
        }
    }
    if errors.is_empty() { Ok(guardrails) } else { Err(errors) }
}

/// Reads a file of guardrails with their cases.
///
/// # Errors
/// Every error, not only the first.
pub fn read_guardrail_file(path: &Path) -> Result<Vec<Definition>, Vec<GuardrailError>> {
    let text = fs::read_to_string(path).map_err(|error| {
        vec![GuardrailError::Unreadable { path: path.to_owned(), reason: error.to_string() }]
    })?;
    let name = path.display().to_string();
    let read = read_definitions(&name, &text).map_err(|error| vec![error.into()])?;
    let errors: Vec<GuardrailError> =
        read.iter().flat_map(|definition| misfits(&name, &text, definition)).collect();
    if errors.is_empty() { Ok(read) } else { Err(errors) }
}

/// How a definition contradicts the schemas, and how its cases do. Types of providers that have no schema are taken as they are.
pub(crate) fn misfits(file: &str, text: &str, definition: &Definition) -> Vec<GuardrailError> {
    let own = contradictions(&definition.guardrail).into_iter().map(|found| (definition.line, found));
    let of_cases = definition.case_contradictions.iter().cloned();
    own.chain(of_cases)
        .filter(|(_, contradiction)| !matches!(contradiction, Contradiction::UnknownProvider { .. }))
        .map(|(start, contradiction)| {
            let help = remedy(&contradiction)
                .unwrap_or_else(|| "docs/guardrail-format.md describes what a guardrail can test".to_owned());
            GuardrailError::Schema {
                file: file.to_owned(),
                line: line_of(text, start, contradiction.name()),
                id: definition.guardrail.info.id.to_string(),
                contradiction: Box::new(contradiction),
                help,
            }
        })
        .collect()
}

/// What an author can do about a name that no schema has; `None` for another contradiction.
pub fn remedy(contradiction: &Contradiction) -> Option<String> {
    let candidates = contradiction.candidates();
    if let Some(near) = suggest::nearest(contradiction.name(), candidates.iter().map(String::as_str)) {
        return Some(format!("did you mean `{near}`?"));
    }
    let name = match contradiction {
        Contradiction::UnknownType { resource_type } if planguard_schemas::data(resource_type).is_some() => {
            return Some(format!("it is the data source `data.{resource_type}`, not a resource type"));
        }
        Contradiction::UnknownType { resource_type: name }
        | Contradiction::UnknownAttribute { place: name, .. } => name,
        Contradiction::UnknownProvider { .. }
        | Contradiction::InList { .. }
        | Contradiction::Misfit { .. } => return None,
    };
    let provider = planguard_schemas::provider(name.strip_prefix("data.").unwrap_or(name))?;
    Some(format!("use a name of provider version {} or older", provider.version))
}

/// The first line from `start` on that has a name; `start` if none has.
fn line_of(text: &str, start: usize, name: &str) -> usize {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let has_name = |line: &str| {
        line.split(|c: char| !is_name(c)).any(|word| word == name || word.split('.').any(|part| part == name))
    };
    let mut lines = text.lines().enumerate().skip(start.saturating_sub(1));
    lines.find(|(_, line)| !name.is_empty() && has_name(line)).map_or(start, |(index, _)| index + 1)
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
