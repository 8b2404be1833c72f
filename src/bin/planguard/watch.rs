//! Runs something again whenever files change.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use notify::{Event, EventKind, RecursiveMode, Watcher as _};

/// Editors write a file in several steps, and a checkout writes many files: changes are over after this pause.
const QUIET: Duration = Duration::from_millis(150);

/// Extensions of the files that tests depend on.
const EXTENSIONS: [&str; 5] = ["rego", "json", "yaml", "yml", "toml"];

/// Why nothing can be watched.
pub(crate) type Unwatchable = String;

/// Calls `work` once, and again after every change below `paths`, until the process ends. Changes to `own`, which
/// `work` writes itself, are ignored.
///
/// # Errors
/// The system's message if a path cannot be watched.
pub(crate) fn watch(
    paths: &[PathBuf],
    own: Option<&Path>,
    mut work: impl FnMut(),
) -> Result<(), Unwatchable> {
    let (send, changes) = mpsc::channel();
    let own = own.map(absolute);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // If this fails, the receiver is gone.
        if let Ok(event) = event
            && counts(&event, own.as_deref())
        {
            let _ = send.send(());
        }
    })
    .map_err(|error| error.to_string())?;
    for path in paths {
        // An editor replaces the file with a new one, which ends the watch on a file.
        let (watched, mode) = match path.parent() {
            Some(parent) if path.is_file() => (parent, RecursiveMode::NonRecursive),
            Some(_) | None => (path.as_path(), RecursiveMode::Recursive),
        };
        let watched = if watched.as_os_str().is_empty() { Path::new(".") } else { watched };
        watcher.watch(watched, mode).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    loop {
        work();
        if changes.recv().is_err() {
            return Err("the system stopped watching".to_owned());
        }
        while changes.recv_timeout(QUIET).is_ok() {}
    }
}

fn counts(event: &Event, own: Option<&Path>) -> bool {
    let changes = match event.kind {
        EventKind::Access(_) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    };
    let matters = |path: &PathBuf| {
        // A directory that is created or removed takes files with it.
        let is_wanted =
            path.extension().is_none_or(|found| EXTENSIONS.iter().any(|extension| found == *extension));
        is_wanted && own.is_none_or(|own| absolute(path) != own)
    };
    changes && event.paths.iter().any(matters)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
