//! Loads the documents beside policies as `opa test DIR` does: the directory of a document is its path in `data`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use planguard_plan::text::wildcard;
use regorus::Value;

use crate::data::{self, DataDocument};
use crate::error::PolicyError;
use crate::files;

/// File extensions of documents.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

/// Keys that occur only at the root of a plan.
const PLAN_KEYS: [&str; 2] = ["format_version", "resource_changes"];

/// A document that is not loaded into `data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredDocument {
    /// The file.
    pub file: PathBuf,
}

/// Names of ignored files.
#[derive(Debug)]
pub struct Ignored<'o> {
    patterns: &'o [String],
}

impl<'o> Ignored<'o> {
    /// Returns a matcher for these patterns.
    pub fn new(patterns: &'o [String]) -> Self {
        Self { patterns }
    }

    /// Returns whether the name of a file, or of a directory between it and a root, is ignored.
    pub fn matches(&self, roots: &[PathBuf], file: &Path) -> bool {
        names_below(roots, file)
            .iter()
            .any(|name| self.patterns.iter().any(|pattern| wildcard::matches(pattern, name)))
    }
}

/// Returns the names of the directories between a root and a file, and the file's own.
fn names_below(roots: &[PathBuf], file: &Path) -> Vec<String> {
    let root =
        roots.iter().filter(|root| file.starts_with(root)).max_by_key(|root| root.components().count());
    let below = root.and_then(|root| file.strip_prefix(root).ok()).unwrap_or(file);
    below.components().map(|component| component.as_os_str().to_string_lossy().into_owned()).collect()
}

/// The documents beside policies.
pub(super) struct Beside {
    pub documents: Vec<DataDocument>,
    pub ignored: Vec<IgnoredDocument>,
}

/// Loads the documents below `roots`, each nested in objects for its directories.
pub(super) fn beside(roots: &[PathBuf], ignored: &Ignored<'_>, problems: &mut Vec<PolicyError>) -> Beside {
    let mut beside = Beside { documents: Vec::new(), ignored: Vec::new() };
    for file in files::find(roots, &EXTENSIONS, problems) {
        let names = names_below(roots, &file);
        let is_document =
            file.extension().is_some_and(|found| EXTENSIONS.iter().any(|known| found == *known));
        // Directories such as `.git` and `.terraform` contain files of other programs.
        let is_hidden = names.iter().any(|name| name.starts_with('.'));
        if !is_document || is_hidden || ignored.matches(roots, &file) {
            continue;
        }
        match read(&file) {
            Ok(Some(mut document)) => {
                let directories = names.split_last().map_or(&[][..], |(_, directories)| directories);
                for directory in directories.iter().rev() {
                    document.value = Value::from(
                        [(Value::from(directory.as_str()), document.value)]
                            .into_iter()
                            .collect::<std::collections::BTreeMap<_, _>>(),
                    );
                }
                beside.documents.push(document);
            }
            Ok(None) => beside.ignored.push(IgnoredDocument { file }),
            Err(error) => problems.push(error),
        }
    }
    beside
}

/// Returns the document, or `None` for a plan.
fn read(file: &Path) -> Result<Option<DataDocument>, PolicyError> {
    let text = match files::read(file) {
        Ok(text) => text,
        // Plans may be large, and start with their format version.
        Err(PolicyError::TooLarge { .. }) if starts_as_plan(file) => return Ok(None),
        Err(error) => return Err(error),
    };
    let value = data::parse(file, &text)?;
    let is_plan = value
        .as_object()
        .is_ok_and(|object| PLAN_KEYS.iter().any(|key| object.get(&Value::from(*key)).is_some()));
    Ok((!is_plan).then(|| DataDocument { path: file.to_owned(), text, value }))
}

fn starts_as_plan(file: &Path) -> bool {
    let mut start = Vec::new();
    let Ok(file) = File::open(file) else { return false };
    file.take(1 << 10).read_to_end(&mut start).is_ok()
        && String::from_utf8_lossy(&start).contains("\"format_version\"")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn directories_become_paths_in_data() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for (name, text) in [
            ("data.json", "{\"a\": 1}"),
            ("x/y/other.yaml", "b: 2"),
            ("x/plan.json", "{\"format_version\": \"1.2\", \"c\": 3}"),
            ("node/skipped.json", "{\"d\": 4}"),
            (".hidden/e.json", "no JSON"),
            ("list.json", "[1]"),
        ] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), text).unwrap();
        }
        let mut problems = Vec::new();
        let patterns = ["no*".to_owned()];
        let found = beside(&[root.to_owned()], &Ignored::new(&patterns), &mut problems);
        let values: Vec<String> = found.documents.iter().map(|found| found.value.to_string()).collect();
        assert_eq!(values, [r#"{"a":1}"#, r#"{"x":{"y":{"b":2}}}"#].map(|text| text.to_owned()));
        assert_eq!(found.ignored, [IgnoredDocument { file: root.join("x/plan.json") }]);
        assert!(matches!(problems.as_slice(), [PolicyError::InvalidData { .. }]), "{problems:?}");
        let named = [root.join("x/y/other.yaml")];
        let found = beside(&named, &Ignored::new(&[]), &mut problems);
        assert_eq!(found.documents[0].value.to_string(), r#"{"b":2}"#);
    }

    #[test]
    fn a_large_plan_is_skipped() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("p.json");
        fs::write(&file, format!("{{\"format_version\":\"1.2\",\"x\":\"{}\"}}", "y".repeat(9 << 20)))
            .unwrap();
        assert!(read(&file).unwrap().is_none());
        fs::write(&file, format!("{{\"x\":\"{}\"}}", "y".repeat(9 << 20))).unwrap();
        assert!(read(&file).is_err());
    }
}
