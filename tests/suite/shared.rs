//! Real plans that stand beside the repository on some machines, and are no part of it.

use std::path::{Path, PathBuf};

/// A file or folder of the shared plans, or `None` with a line that says so.
#[expect(clippy::print_stdout, reason = "a test that was skipped must say so")]
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/plans").join(name);
    if !path.exists() {
        println!("skipped: no shared plans at {}", path.display());
        return None;
    }
    Some(path)
}

/// All files below a folder, in the order of their names.
pub(crate) fn files_below(root: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(root).sort_by_file_name();
    let entries = walk.into_iter().map(|entry| entry.expect("the folder can be read"));
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}
