//! Writes files of a commit into a directory of their own.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use planguard_git::{Config, Tree, TreeError};
use tempfile::TempDir;

/// Why a file of a commit is not there, in words.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommitError {
    /// It cannot be had.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// It cannot be written.
    #[error("{}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
}

/// The files of a commit. Those that are asked for are written to a directory that lives as long as this.
#[derive(Debug)]
pub(super) struct CommitFiles {
    tree: RefCell<Tree>,
    directory: TempDir,
}

impl CommitFiles {
    /// The files of a commit of the repository of a directory.
    ///
    /// # Errors
    ///
    /// If `git` cannot list them, or no directory can be made.
    pub(super) fn open(repository: &Path, commit: &str) -> Result<Self, CommitError> {
        let tree = Tree::open(repository, Config::Usual, commit)?;
        let directory = tempfile::Builder::new()
            .prefix("planguard-")
            .tempdir()
            .map_err(|reason| CommitError::Write { path: std::env::temp_dir(), reason })?;
        Ok(Self { tree: RefCell::new(tree), directory })
    }

    /// The directory that stands for the top of the commit.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Writes the file or directory of this path, relative to the top. A path that the commit does not have writes
    /// nothing.
    ///
    /// # Errors
    ///
    /// If something below it cannot be had.
    pub(super) fn bring(&self, path: &str) -> Result<(), CommitError> {
        let mut tree = self.tree.borrow_mut();
        for (place, object) in tree.files(path)? {
            let path = self.directory().join(place);
            if path.exists() {
                continue;
            }
            let failed = |reason| CommitError::Write { path: path.clone(), reason };
            let content = tree.read(&object)?;
            fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(failed)?;
            fs::write(&path, content).map_err(failed)?;
        }
        Ok(())
    }
}
