//! Helpers for the tests of change guards: small plans, and the collection of real plans beside the repository.

use std::path::{Path, PathBuf};

use planguard_plan::Plan;

use super::{ChangeFinding, ChangeGuard, ChangeOptions, Changes};

/// What a guard finds in a plan given as JSON text, with default options.
pub(super) fn find(guard: &ChangeGuard, plan: &str) -> Vec<ChangeFinding> {
    find_with(guard, plan, &ChangeOptions::default())
}

/// What a guard finds in a whole plan, with these options.
pub(super) fn find_with(guard: &ChangeGuard, plan: &str, options: &ChangeOptions) -> Vec<ChangeFinding> {
    let plan = Plan::parse(plan).unwrap_or_else(|error| panic!("{error:?}: {plan}"));
    guard.findings(&Changes::new(&plan), options)
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

/// A file or directory of the collection beside the repository; `None`, with a line that says so, without it.
pub(super) fn shared(part: &str) -> Option<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(part);
    if !directory.exists() {
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
