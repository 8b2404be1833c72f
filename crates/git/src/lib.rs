//! Reads files of a commit with the program `git`, which runs nothing that a repository names and asks no other machine.

mod run;
mod tree;

use std::path::Path;

pub use run::{Config, GitError, git};
pub use tree::{Object, Tree, TreeError};

/// The id of the commit of this name in the repository of a directory.
///
/// # Errors
///
/// If `git` does not start, or knows no such commit.
pub fn commit(directory: &Path, config: Config, name: &str) -> Result<String, GitError> {
    let wanted = format!("{name}^{{commit}}");
    let id = git(directory, config, &["rev-parse", "--verify", "--end-of-options", &wanted])?;
    Ok(String::from_utf8_lossy(&id).trim().to_owned())
}
