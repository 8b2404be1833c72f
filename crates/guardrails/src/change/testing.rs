//! Help for the tests of change guards: small plans, the provider schemas, the collection of real plans.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use planguard_plan::Plan;
use serde_json::Value;

use super::{ChangeFinding, ChangeGuard, ChangeOptions};

/// What a guard finds in a plan given as JSON text, with default options.
pub(super) fn find(guard: &ChangeGuard, plan: &str) -> Vec<ChangeFinding> {
    let plan = Plan::parse(plan).unwrap_or_else(|error| panic!("{error:?}: {plan}"));
    (guard.check)(&plan, &ChangeOptions::default())
}

/// What a guard finds in these entries of `resource_changes`, with default options.
pub(super) fn find_in_changes(guard: &ChangeGuard, entries: &str) -> Vec<ChangeFinding> {
    find(guard, &format!(r#"{{"format_version": "1.2", "resource_changes": [{entries}]}}"#))
}

/// What a guard finds in an update of one resource, with everything in `after_unknown` configured.
pub(super) fn find_in_update(
    guard: &ChangeGuard,
    address: &str,
    before: &str,
    after: &str,
    after_unknown: &str,
) -> Vec<ChangeFinding> {
    find_in_changes(guard, &update(address, before, after, after_unknown))
}

/// An entry of `resource_changes` that updates a resource.
pub(super) fn update(address: &str, before: &str, after: &str, after_unknown: &str) -> String {
    format!(
        r#"{{"address": {address:?}, "change": {{"actions": ["update"], "before": {before},
            "after": {after}, "after_unknown": {after_unknown}}}}}"#
    )
}

/// The provider schemas that lie beside the repository.
pub(super) struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// Reads the schemas; `None`, with a line that says so, where they are not there.
    pub(super) fn read() -> Option<&'static Self> {
        static SCHEMAS: LazyLock<Option<Schemas>> = LazyLock::new(Schemas::read_once);
        SCHEMAS.as_ref()
    }

    fn read_once() -> Option<Self> {
        let directory = shared("schemas")?;
        let mut types = BTreeMap::new();
        for path in
            files_below(&directory).into_iter().filter(|path| path.extension().is_some_and(|e| e == "gz"))
        {
            let mut text = String::new();
            let file = std::fs::File::open(&path).unwrap();
            flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
            let schema: Value = serde_json::from_str(&text).unwrap();
            let resources = schema["resources"].as_object().unwrap().clone();
            types.extend(resources);
        }
        Some(Self(types))
    }

    /// Whether a type exists, or belongs to a provider that the schemas do not cover.
    pub(super) fn knows_type(&self, resource_type: &str) -> bool {
        self.0.contains_key(resource_type) || !Self::covers(resource_type)
    }

    /// Whether a type has an attribute, or belongs to a provider that the schemas do not cover.
    pub(super) fn knows_attribute(&self, resource_type: &str, path: &[&str]) -> bool {
        if !Self::covers(resource_type) {
            return true;
        }
        let mut place = self.0.get(resource_type);
        for name in path {
            place = place.and_then(through_list).and_then(|block| block.get(name));
        }
        place.is_some()
    }

    /// Whether any type has an attribute.
    pub(super) fn some_type_has(&self, path: &[&str]) -> bool {
        self.0.keys().any(|resource_type| self.knows_attribute(resource_type, path))
    }

    fn covers(resource_type: &str) -> bool {
        ["aws_", "azurerm_", "google_", "kubernetes_", "github_"]
            .iter()
            .any(|provider| resource_type.starts_with(provider))
    }
}

/// A nested block that may stand several times is written as a list of one.
fn through_list(place: &Value) -> Option<&Value> {
    match place {
        Value::Array(elements) => elements.first(),
        other => Some(other),
    }
}

/// The real plans that lie beside the repository, with their paths; none where they are not there.
pub(super) fn real_plans() -> Vec<(PathBuf, String)> {
    let Some(directory) = shared("plans/real") else { return Vec::new() };
    let texts = files_below(&directory).into_iter().filter_map(|path| {
        // Plans in other encodings are a matter of `input`.
        let text = String::from_utf8(std::fs::read(&path).unwrap()).ok()?;
        Some((path, text.trim_start_matches('\u{feff}').to_owned()))
    });
    texts.collect()
}

fn shared(part: &str) -> Option<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(part);
    if !directory.is_dir() {
        eprintln!("skipped: {} is absent", directory.display());
        return None;
    }
    Some(directory)
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(directory).follow_links(true).sort_by_file_name();
    let files = entries.into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    files.map(walkdir::DirEntry::into_path).collect()
}
