//! Reads the documents that policies see as `data`.

use std::path::PathBuf;
use std::sync::Arc;

use regorus::Value;

use super::error::{PolicyError, ReadingError, report};
use super::files;
use super::large_integers::{Marked, restore};
use super::opa_bundle::{self, BundleError};
use super::program::{Program, path_text};
use super::yaml;

/// A data document.
pub struct DataDocument {
    /// The file.
    pub path: PathBuf,
    /// The text.
    pub text: String,
    /// Its value, an object at the root of `data`.
    pub value: Value,
}

impl DataDocument {
    /// Returns the top-level keys of the document.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        let object = self.value.as_object().ok();
        let keys = object.into_iter().flat_map(|object| object.keys_sorted());
        keys.filter_map(|key| key.as_string().ok()).map(|key| key.to_string())
    }
}

/// Reads every document below `paths`.
pub fn load(paths: &[PathBuf], errors: &mut Vec<PolicyError>) -> Vec<DataDocument> {
    let mut documents = Vec::new();
    let (bundles, paths): (Vec<_>, Vec<_>) =
        paths.iter().cloned().partition(|path| opa_bundle::is_bundle(path));
    // Its documents have places of their own, and policies may be among them.
    errors
        .extend(bundles.into_iter().map(|path| PolicyError::Bundle(Arc::new(BundleError::AsData { path }))));
    for path in files::find(&paths, &["json", "yaml", "yml"], errors) {
        let document = files::read(&path).and_then(|text| {
            let value = parse(&path, &text)?;
            let document = DataDocument { path: path.clone(), text, value };
            check_root(&document).map(|()| document)
        });
        match document {
            Ok(document) => documents.push(document),
            Err(error) => errors.push(error),
        }
    }
    documents
}

/// Parses the text of a document.
pub(super) fn parse(path: &std::path::Path, text: &str) -> Result<Value, PolicyError> {
    let invalid = |reason: String| {
        PolicyError::Reading(ReadingError::InvalidData {
            path: path.to_owned(),
            reason: reason.replace('\n', " "),
        })
    };
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let parsed = if is_json { json(text) } else { yaml::parse(text, yaml::Booleans::Words) };
    parsed.map_err(invalid)
}

/// Parses JSON with integers of any size.
fn json(text: &str) -> Result<Value, String> {
    let marked = Marked::of(text);
    let (text, mark) = match &marked {
        Some(marked) => (marked.text.as_str(), Some(&marked.mark)),
        None => (text, None),
    };
    let mut value = Value::from_json_str(text).map_err(|error| error.to_string())?;
    if let Some(mark) = mark {
        restore(&mut value, mark);
    }
    Ok(value)
}

/// Refuses a document that is no object, and so cannot be merged at the root of `data`.
pub(super) fn check_root(document: &DataDocument) -> Result<(), PolicyError> {
    match &document.value {
        Value::Object(_) => Ok(()),
        _ => Err(PolicyError::Reading(ReadingError::InvalidData {
            path: document.path.clone(),
            reason: "its root is no object".to_owned(),
        })),
    }
}

/// What a document has at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// A value.
    Value,
    /// Something that is no object stands at a part of the path.
    Blocked,
    /// An object on the way, at this depth, has no such key.
    Nothing(usize),
}

/// Looks for a path, without `data`, in a document.
pub(super) fn held(document: &DataDocument, path: &[String]) -> Held {
    let mut value = &document.value;
    for (depth, key) in path.iter().enumerate() {
        let Ok(object) = value.as_object() else { return Held::Blocked };
        match object.get(&Value::from(key.as_str())) {
            Some(inner) => value = inner,
            None => return Held::Nothing(depth),
        }
    }
    Held::Value
}

/// Reports every document that has a value where a rule is, as OPA does; whether there is one.
pub(super) fn shadows(
    program: &Program<'_>,
    documents: &[DataDocument],
    errors: &mut Vec<PolicyError>,
) -> bool {
    let mut found = false;
    for document in documents {
        for rules in &program.documents {
            if matches!(held(document, &rules.path[1..]), Held::Nothing(_)) {
                continue;
            }
            found = true;
            let rule = &program.rules[rules.rule];
            let error = PolicyError::Reading(ReadingError::ShadowingData {
                path: document.path.clone(),
                rule: path_text(&rules.path),
                text: program.text_of(rule.head_span),
                at: program.place_of(rule.head_span),
            });
            report(errors, error);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn json_and_yaml_are_read_and_anything_else_is_reported() {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("a.json", "{\"a\": 1}"),
            ("b.yaml", "b: [x]"),
            ("c.yml", "- list"),
            ("d.json", "{"),
            ("e.txt", "e: 1"),
        ] {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let mut errors = Vec::new();
        let documents = load(&[directory.path().to_owned()], &mut errors);
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[1].value["b"][0], Value::from("x"));
        assert!(matches!(
            errors.as_slice(),
            [
                PolicyError::Reading(ReadingError::InvalidData { .. }),
                PolicyError::Reading(ReadingError::InvalidData { .. })
            ]
        ));
    }
}
