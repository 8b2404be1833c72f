//! Help for the tests of change guards: small plans, the provider schemas, the collection of real plans.

use std::path::{Path, PathBuf};

use planguard_plan::Plan;

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

/// What the provider schemas have.
pub(super) struct Schemas;

impl Schemas {
    /// The schemas; they are always there.
    pub(super) fn read() -> Option<&'static Self> {
        Some(&Self)
    }

    /// Whether a type exists, or belongs to a provider whose old types are not known.
    pub(super) fn knows_type(&self, resource_type: &str) -> bool {
        planguard_schemas::resource(resource_type).is_some() || !Self::covers(resource_type)
    }

    /// Whether a type has an attribute, or belongs to a provider whose old types are not known.
    pub(super) fn knows_attribute(&self, resource_type: &str, path: &[&str]) -> bool {
        match planguard_schemas::resource(resource_type) {
            Some(schema) => schema.block.descend(path.iter().copied()).is_ok(),
            None => !Self::covers(resource_type),
        }
    }

    fn covers(resource_type: &str) -> bool {
        ["aws_", "azurerm_", "google_", "kubernetes_", "github_"]
            .iter()
            .any(|provider| resource_type.starts_with(provider))
    }

    /// Whether any type has an attribute.
    pub(super) fn some_type_has(&self, path: &[&str]) -> bool {
        planguard_schemas::provider_prefixes()
            .flat_map(|prefix| planguard_schemas::resource_types_beside(&format!("{prefix}_")))
            .any(|resource_type| self.knows_attribute(&resource_type, path))
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
