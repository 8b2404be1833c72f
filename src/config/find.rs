//! Finds the configuration of the project that a directory belongs to.

use std::path::{Path, PathBuf};

/// What the file is called.
pub const FILE_NAME: &str = "planguard.toml";

/// The nearest configuration file, from `directory` up to the root of its repository. Whoever shares a machine must
/// not be able to configure the runs of others from `/tmp`, so that nothing above the directory counts where no
/// repository says how far the project reaches.
pub(super) fn find(directory: &Path) -> Option<PathBuf> {
    let repository = directory.ancestors().position(|ancestor| ancestor.join(".git").exists()).unwrap_or(0);
    let place = |ancestor: &Path| ancestor.join(FILE_NAME).is_file();
    let level = directory.ancestors().take(repository + 1).position(place)?;
    // Reports name the files that the configuration names, as their reader would.
    let seen_from_here = std::env::current_dir().is_ok_and(|here| here == directory);
    let root = if seen_from_here {
        "../".repeat(level).into()
    } else {
        directory.ancestors().nth(level)?.to_owned()
    };
    Some(root.join(FILE_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_nearest_file_of_the_repository_counts() {
        let outside = tempfile::tempdir().unwrap();
        let repository = outside.path().join("repository");
        let inner = repository.join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(outside.path().join(FILE_NAME), "").unwrap();
        assert_eq!(find(&inner), None);
        assert_eq!(find(outside.path()), Some(outside.path().join(FILE_NAME)));
        fs::create_dir(repository.join(".git")).unwrap();
        assert_eq!(find(&inner), None);
        fs::write(repository.join(FILE_NAME), "").unwrap();
        assert_eq!(find(&inner), Some(repository.join(FILE_NAME)));
        fs::write(repository.join("a").join(FILE_NAME), "").unwrap();
        assert_eq!(find(&inner), Some(repository.join("a").join(FILE_NAME)));
    }
}
