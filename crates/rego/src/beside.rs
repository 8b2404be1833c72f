//! Reads the documents beside policies, as OPA reads a bundle: a document's place in `data` is its directory.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use planguard_plan::text::wildcard;
use regorus::Value;

use crate::data::{self, DataDocument};
use crate::error::{PolicyError, ReadingError, report};
use crate::files;

/// The documents of a bundle. Every command reads them.
const BUNDLE: [&str; 3] = ["data.json", "data.yaml", "data.yml"];

/// Extensions of documents.
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

/// Which of the documents beside policies are read.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// Those of a bundle: `data.json`, `data.yaml` and `data.yml`.
    Bundle,
    /// Those under other names as well, as `opa test` has it: the plans and tables of tests.
    All,
}

impl Wanted {
    fn includes(self, file: &Path) -> bool {
        let is_of_bundle = BUNDLE.iter().any(|known| file.file_name().is_some_and(|name| name == *known));
        match self {
            Self::Bundle => is_of_bundle,
            Self::All => {
                is_of_bundle
                    || file.extension().is_some_and(|found| EXTENSIONS.iter().any(|known| found == *known))
            }
        }
    }
}

/// The documents of the bundle at `paths`, and then those that are named, each at the root of `data`.
pub fn load(paths: &[PathBuf], named: &[PathBuf], errors: &mut Vec<PolicyError>) -> Vec<DataDocument> {
    let mut documents = beside(paths, &Ignored::new(&[]), Wanted::Bundle, errors).documents;
    let is_named = data::load(named, errors);
    // A document that is named is where the user wants it.
    documents.retain(|document| !is_named.iter().any(|named| is_same(&named.path, &document.path)));
    documents.extend(is_named);
    documents
}

fn is_same(left: &Path, right: &Path) -> bool {
    left == right
        || matches!((left.canonicalize(), right.canonicalize()), (Ok(left), Ok(right)) if left == right)
}

/// What was found beside policies.
pub(super) struct Beside {
    pub documents: Vec<DataDocument>,
    pub ignored: Vec<IgnoredDocument>,
}

/// The documents below `roots`, each inside of objects for the directories between.
pub(super) fn beside(
    roots: &[PathBuf],
    ignored: &Ignored<'_>,
    wanted: Wanted,
    problems: &mut Vec<PolicyError>,
) -> Beside {
    let mut beside = Beside { documents: Vec::new(), ignored: Vec::new() };
    let mut errors = Vec::new();
    let files = files::find(roots, &EXTENSIONS, &mut errors);
    // Whoever looks for policies in the same places tells of the others.
    errors.retain(|error| match error {
        PolicyError::Reading(ReadingError::Unreadable { path, .. })
        | PolicyError::Reading(ReadingError::SpecialFile { path })
        | PolicyError::Reading(ReadingError::EscapingLink { path, .. }) => wanted.includes(path),
        _ => true,
    });
    errors.into_iter().for_each(|error| report(problems, error));
    for file in files {
        let names = names_below(roots, &file);
        let is_document = wanted.includes(&file);
        // Directories such as `.git` and `.terraform` are full of other programs' files.
        let is_hidden = names.iter().any(|name| name.starts_with('.'));
        if !is_document || is_hidden || ignored.matches(roots, &file) {
            continue;
        }
        match read(&file) {
            Ok(Some(mut document)) => {
                let directories = names.split_last().map_or(&[][..], |(_, directories)| directories);
                if directories.is_empty()
                    && let Err(error) = data::check_root(&document)
                {
                    problems.push(error);
                    continue;
                }
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
        Err(PolicyError::Reading(ReadingError::TooLarge { .. })) if starts_as_plan(file) => return Ok(None),
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
        let found = beside(&[root.to_owned()], &Ignored::new(&patterns), Wanted::All, &mut problems);
        let values: Vec<String> = found.documents.iter().map(|found| found.value.to_string()).collect();
        assert_eq!(values, [r#"{"a":1}"#, r#"{"x":{"y":{"b":2}}}"#].map(|text| text.to_owned()));
        assert_eq!(found.ignored, [IgnoredDocument { file: root.join("x/plan.json") }]);
        assert!(
            matches!(problems.as_slice(), [PolicyError::Reading(ReadingError::InvalidData { .. })]),
            "{problems:?}"
        );
        let named = [root.join("x/y/other.yaml")];
        let found = beside(&named, &Ignored::new(&[]), Wanted::All, &mut problems);
        assert_eq!(found.documents[0].value.to_string(), r#"{"b":2}"#);
    }

    #[test]
    fn a_bundle_consists_of_its_data_documents() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for (name, text) in [
            ("data.json", "{\"a\": 1}"),
            ("types/data.yaml", "[t3.micro]"),
            ("count/data.yml", "3"),
            ("types/plan.json", "{\"b\": 2}"),
            ("values.yaml", "{{ template }}"),
        ] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), text).unwrap();
        }
        let named = root.join("types/plan.json");
        let mut errors = Vec::new();
        let documents = load(&[root.to_owned()], &[named], &mut errors);
        let values: Vec<String> = documents.iter().map(|found| found.value.to_string()).collect();
        assert_eq!(values, [r#"{"count":3}"#, r#"{"a":1}"#, r#"{"types":["t3.micro"]}"#, r#"{"b":2}"#]);
        assert!(errors.is_empty(), "{errors:?}");
        fs::write(root.join("data.json"), "[1]").unwrap();
        let documents = load(&[root.to_owned()], &[], &mut errors);
        assert_eq!(documents.len(), 2);
        assert!(
            matches!(errors.as_slice(), [PolicyError::Reading(ReadingError::InvalidData { .. })]),
            "{errors:?}"
        );
    }

    #[test]
    fn a_large_plan_is_no_problem() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("p.json");
        fs::write(&file, format!("{{\"format_version\":\"1.2\",\"x\":\"{}\"}}", "y".repeat(9 << 20)))
            .unwrap();
        assert!(read(&file).unwrap().is_none());
        fs::write(&file, format!("{{\"x\":\"{}\"}}", "y".repeat(9 << 20))).unwrap();
        assert!(read(&file).is_err());
    }
}
