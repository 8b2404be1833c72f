//! Finds the settings file of the project that a directory belongs to.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::SettingsError;

/// The name of the settings file.
pub const FILE_NAME: &str = "planguard.toml";

/// The nearest settings file, from `directory` up to the root of its repository. Without a repository nothing above
/// the directory counts: users of a shared machine must not be able to set up the runs of others from `/tmp`.
pub(super) fn find(directory: &Path) -> Option<PathBuf> {
    let root = repository(directory).unwrap_or(directory);
    let level = directory
        .ancestors()
        .take_while(|ancestor| ancestor.starts_with(root))
        .position(|ancestor| is_there(&ancestor.join(FILE_NAME)))?;
    let here = as_seen_from_here(directory);
    let root = if here.as_os_str().is_empty() {
        "../".repeat(level).into()
    } else {
        directory.ancestors().nth(level)?.to_owned()
    };
    Some(root.join(FILE_NAME))
}

/// The settings file of the project that the working directory belongs to, if it has one.
pub fn settings_file() -> Option<PathBuf> {
    find(&std::env::current_dir().ok()?)
}

/// The root of the repository that a directory belongs to.
pub(super) fn repository(directory: &Path) -> Option<&Path> {
    directory.ancestors().find(|ancestor| ancestor.join(".git").exists())
}

/// Whether a file belongs to the project of the working directory, where a change can edit it.
pub(super) fn is_in_project(file: &Path) -> bool {
    let Ok(here) = std::env::current_dir().and_then(fs::canonicalize) else { return true };
    let root = repository(&here).unwrap_or(&here);
    let written = here.join(file);
    let real = fs::canonicalize(&written).or_else(|_| {
        // What is missing is where its directory is.
        let directory = fs::canonicalize(written.parent().unwrap_or(&written))?;
        Ok::<_, std::io::Error>(directory.join(written.file_name().unwrap_or_default()))
    });
    // A link of the project may lead outside, and one outside into it.
    written.starts_with(root) || real.is_ok_and(|file| file.starts_with(root))
}

/// A directory as its user would name it: reports name the files that the settings name. The working directory is
/// empty.
pub(super) fn as_seen_from_here(directory: &Path) -> PathBuf {
    if std::env::current_dir().is_ok_and(|here| here == directory) {
        PathBuf::new()
    } else {
        directory.to_owned()
    }
}

/// Whether a directory has an entry of this name, whatever it is. A link that leads nowhere, a directory or a pipe is
/// a mistake to report, and not a project without settings.
pub(super) fn is_there(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

/// Reads a settings file. Only regular files are read, because reading a named pipe may never end.
///
/// # Errors
///
/// If it is not a regular file, cannot be read or is not UTF-8.
pub(super) fn read(path: &Path) -> Result<String, SettingsError> {
    let unreadable = |reason: String| SettingsError::Unreadable { path: path.to_owned(), reason };
    let metadata = fs::metadata(path).map_err(|error| {
        let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        match (is_link, error.kind()) {
            (true, ErrorKind::NotFound) => {
                unreadable("it is a link to a file that does not exist".to_owned())
            }
            _ => unreadable(error.to_string()),
        }
    })?;
    if metadata.is_dir() {
        return Err(unreadable("it is a directory".to_owned()));
    }
    if !metadata.is_file() {
        return Err(unreadable("it is a named pipe, a socket or a device".to_owned()));
    }
    fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_directory_of_that_name_is_found_and_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        fs::create_dir(&path).unwrap();
        assert_eq!(find(directory.path()), Some(path.clone()));
        assert!(read(&path).unwrap_err().to_string().ends_with("it is a directory"));
    }

    #[cfg(unix)]
    #[test]
    fn a_dangling_link_and_a_socket_are_found_and_refused() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join(FILE_NAME);
        std::os::unix::fs::symlink("missing.toml", &link).unwrap();
        assert_eq!(find(directory.path()), Some(link.clone()));
        assert!(read(&link).unwrap_err().to_string().ends_with("it is a link to a file that does not exist"));
        fs::remove_file(&link).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(&link).unwrap();
        assert_eq!(find(directory.path()), Some(link.clone()));
        assert!(read(&link).unwrap_err().to_string().ends_with("a named pipe, a socket or a device"));
    }
}
