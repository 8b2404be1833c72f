//! Reads the documents that policies see as `data`.

use std::path::PathBuf;

use regorus::Value;

use super::error::PolicyError;
use super::files;
use super::yaml;

/// A data document.
pub struct DataDocument {
    /// The file.
    pub path: PathBuf,
    /// The text.
    pub text: String,
    /// The value, an object.
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
    for path in files::find(paths, &["json", "yaml", "yml"], errors) {
        let document = files::read(&path).and_then(|text| {
            let value = parse(&path, &text)?;
            Ok(DataDocument { path: path.clone(), text, value })
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
    let invalid = |reason: String| PolicyError::InvalidData {
        path: path.to_owned(),
        reason: reason.replace('\n', " "),
    };
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let parsed = if is_json {
        Value::from_json_str(text).map_err(|error| error.to_string())
    } else {
        yaml::parse(text, yaml::Booleans::Words)
    };
    let value = parsed.map_err(invalid)?;
    match &value {
        Value::Object(_) => Ok(value),
        _ => Err(invalid("its root is not an object".to_owned())),
    }
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
            [PolicyError::InvalidData { .. }, PolicyError::InvalidData { .. }]
        ));
    }
}
