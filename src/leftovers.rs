//! The temporary files and directories of this process, which a signal that ends it must not leave behind: half a report,
//! or a plan file with its secrets.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

static MADE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn lock() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    MADE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stands for something temporary that exists. Dropping it forgets it, and removes nothing.
#[derive(Debug)]
pub struct Leftover(PathBuf);

/// Makes something temporary, whose path `path` tells.
///
/// # Errors
///
/// Those of `make`.
pub fn made<T, E>(
    make: impl FnOnce() -> Result<T, E>,
    path: impl FnOnce(&T) -> &Path,
) -> Result<(T, Leftover), E> {
    let mut all = lock();
    let made = make()?;
    let path = path(&made).to_owned();
    all.insert(path.clone());
    Ok((made, Leftover(path)))
}

impl Leftover {
    /// Does what makes it permanent. No signal comes in between.
    pub fn taken<T>(self, work: impl FnOnce() -> T) -> T {
        let mut all = lock();
        let done = work();
        all.remove(&self.0);
        done
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        // `taken` holds the lock no longer when it drops this.
        lock().remove(&self.0);
    }
}

/// Removes everything temporary, and keeps other threads from making more: the process has to end now.
pub fn remove_for_end() {
    let all = lock();
    for path in all.iter() {
        // It is one of the two; nobody is left to be told of an error.
        let _ = fs::remove_file(path);
        let _ = fs::remove_dir_all(path);
    }
    std::mem::forget(all);
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// `remove_for_end` ends all further work, so that only another process can try it: tests/suite/faults.rs does.
    #[test]
    fn what_is_kept_or_gone_is_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("half");
        let make = || fs::write(&path, "half").map(|()| path.clone());
        let known = || lock().contains(&path);
        let (_, leftover) = made(make, |path| path).unwrap();
        assert!(known());
        leftover.taken(|| ());
        assert!(!known());
        let (_, leftover) = made(make, |path| path).unwrap();
        drop(leftover);
        assert!(!known());
        assert!(made(|| Err::<PathBuf, _>(io::Error::other("no")), |path| path).is_err());
    }
}
