//! Finds and reads the files of policies and data inside the given directories.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::error::{PolicyError, ReadingError};
use super::git_source::{self, Kind};
use super::opa_bundle;

/// The maximum size of a file, far beyond any hand-written policy or data document.
const SIZE_LIMIT: u64 = 8 << 20;

/// Returns the files below `paths` with one of `extensions`, without duplicates and in a stable order. A file in
/// `paths` itself may have any extension.
pub(super) fn find(paths: &[PathBuf], extensions: &[&str], errors: &mut Vec<PolicyError>) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    if let Err(error) = opa_bundle::check_roots(paths) {
        errors.push(error);
    }
    for path in paths {
        for file in find_below(path, extensions, errors) {
            // A file with two names would declare every rule twice.
            if seen.insert(fs::canonicalize(&file).unwrap_or_else(|_| file.clone())) {
                found.push(file);
            }
        }
    }
    found
}

/// Returns whether this is the address of something to fetch, as conftest and Terraform write it.
fn is_address(path: &Path) -> bool {
    let text = path.to_string_lossy();
    ["git::", "git@", "oci://", "http://", "https://", "http:/", "https:/", "s3::", "gcs::", "hg::"]
        .iter()
        .any(|start| text.starts_with(start))
}

/// Whether there is a file at a path.
pub(super) fn is_file(path: &Path) -> bool {
    git_source::kind(path).map_or_else(|| path.is_file(), |kind| kind == Kind::File)
}

/// Whether there is a directory at a path.
pub(super) fn is_dir(path: &Path) -> bool {
    git_source::kind(path).map_or_else(|| path.is_dir(), |kind| kind == Kind::Directory)
}

/// The paths in a directory.
pub(super) fn inside(directory: &Path) -> Vec<PathBuf> {
    git_source::names(directory).unwrap_or_else(|| {
        let entries = fs::read_dir(directory).into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
    })
}

fn find_below(root: &Path, extensions: &[&str], errors: &mut Vec<PolicyError>) -> Vec<PathBuf> {
    if let Some(found) = git_source::find(root, extensions) {
        return found.unwrap_or_else(|error| {
            errors.push(error);
            Vec::new()
        });
    }
    let kind = match fs::metadata(root) {
        Ok(metadata) => metadata.file_type(),
        Err(_) if is_address(root) => {
            errors.push(PolicyError::Reading(ReadingError::Address { path: root.to_owned() }));
            return Vec::new();
        }
        Err(error) => {
            errors.push(PolicyError::Reading(ReadingError::Unreadable {
                path: root.to_owned(),
                reason: error.to_string(),
            }));
            return Vec::new();
        }
    };
    if opa_bundle::is_bundle(root) {
        return opa_bundle::find(root, extensions).unwrap_or_else(|error| {
            errors.push(error);
            Vec::new()
        });
    }
    if kind.is_file() {
        return vec![root.to_owned()];
    }
    if !kind.is_dir() {
        errors.push(PolicyError::Reading(ReadingError::SpecialFile { path: root.to_owned() }));
        return Vec::new();
    }
    let mut found = Vec::new();
    for entry in WalkDir::new(root).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                errors
                    .push(PolicyError::Reading(ReadingError::Unreadable { path, reason: error.to_string() }));
                continue;
            }
        };
        let path = entry.path();
        let wanted =
            path.extension().is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted));
        let kind = entry.file_type();
        if kind.is_symlink() {
            match follow(root, path, wanted) {
                Ok(true) => found.push(path.to_owned()),
                Ok(false) => {}
                Err(error) => errors.push(error),
            }
        } else if kind.is_file() && wanted {
            found.push(path.to_owned());
        } else if wanted && !kind.is_dir() {
            errors.push(PolicyError::Reading(ReadingError::SpecialFile { path: path.to_owned() }));
        }
    }
    found
}

/// Returns whether to read a link below `root`. A link to a directory inside is not followed, since the walk visits
/// it anyway.
fn follow(root: &Path, link: &Path, wanted: bool) -> Result<bool, PolicyError> {
    let unreadable = |error: std::io::Error| {
        PolicyError::Reading(ReadingError::Unreadable { path: link.to_owned(), reason: error.to_string() })
    };
    let target = match fs::canonicalize(link) {
        Ok(target) => target,
        // A link with another extension is probably not a directory.
        Err(error) if error.kind() == ErrorKind::NotFound && !wanted && link.extension().is_some() => {
            return Ok(false);
        }
        Err(error) => return Err(unreadable(error)),
    };
    let kind = fs::metadata(&target).map_err(unreadable)?.file_type();
    let inside = target.starts_with(fs::canonicalize(root).map_err(unreadable)?);
    if !inside && (wanted || kind.is_dir()) {
        return Err(PolicyError::Reading(ReadingError::EscapingLink { path: link.to_owned(), target }));
    }
    if wanted && !kind.is_dir() && !kind.is_file() {
        return Err(PolicyError::Reading(ReadingError::SpecialFile { path: link.to_owned() }));
    }
    Ok(wanted && kind.is_file())
}

/// Returns the text of a file without a byte order mark.
pub(super) fn read(path: &Path) -> Result<String, PolicyError> {
    let unreadable = |error: std::io::Error| {
        PolicyError::Reading(ReadingError::Unreadable { path: path.to_owned(), reason: error.to_string() })
    };
    let bytes = match git_source::read(path).or_else(|| opa_bundle::read(path)) {
        Some(bytes) => bytes?,
        None => {
            let file = File::open(path).map_err(unreadable)?;
            let mut bytes = Vec::new();
            // Reading one byte more than allowed detects a file beyond the limit, even if it grows meanwhile.
            file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(unreadable)?;
            bytes
        }
    };
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(PolicyError::Reading(ReadingError::TooLarge {
            path: path.to_owned(),
            limit: SIZE_LIMIT,
        }));
    }
    let mut text = String::from_utf8(bytes)
        .map_err(|_| PolicyError::Reading(ReadingError::NotText { path: path.to_owned() }))?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_sorted_and_unique() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("b")).unwrap();
        for name in ["z.rego", "b/a.rego", "a.rego", "notes.md"] {
            fs::write(directory.path().join(name), "package main\n").unwrap();
        }
        let mut errors = Vec::new();
        let roots = [directory.path().to_owned(), directory.path().join("b")];
        let found = find(&roots, &["rego"], &mut errors);
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(directory.path()).unwrap()).collect();
        assert_eq!(names, [Path::new("a.rego"), Path::new("b/a.rego"), Path::new("z.rego")]);
        assert!(errors.is_empty());
    }

    #[test]
    fn nothing_is_fetched() {
        for address in [
            "git::https://example.com/policies?ref=v1",
            "https://example.com/b.tar.gz",
            "oci://example.com/p",
        ] {
            let mut errors = Vec::new();
            assert!(find(&[address.into()], &["rego"], &mut errors).is_empty());
            assert!(
                matches!(errors.as_slice(), [PolicyError::Reading(ReadingError::Address { .. })]),
                "{errors:?}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_only_inside() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret.rego"), "package main\n").unwrap();
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("a.txt"), "package main\n").unwrap();
        let link = |target: &Path, name: &str| {
            std::os::unix::fs::symlink(target, directory.path().join(name)).unwrap();
        };
        link(&directory.path().join("a.txt"), "inside.rego");
        link(&outside.path().join("secret.rego"), "outside.rego");
        link(outside.path(), "directory");
        link(Path::new("nowhere"), "broken.rego");
        link(Path::new("nowhere"), "other.txt");
        link(Path::new("nowhere"), "submodule");
        link(Path::new("turning"), "turning");
        let mut errors = Vec::new();
        let found = find(&[directory.path().to_owned()], &["rego"], &mut errors);
        assert_eq!(found, [directory.path().join("inside.rego")]);
        assert!(matches!(
            errors.as_slice(),
            [
                PolicyError::Reading(ReadingError::Unreadable { .. }),
                PolicyError::Reading(ReadingError::EscapingLink { .. }),
                PolicyError::Reading(ReadingError::EscapingLink { .. }),
                PolicyError::Reading(ReadingError::Unreadable { .. }),
                PolicyError::Reading(ReadingError::Unreadable { .. })
            ]
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_is_rejected() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trap.rego");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let mut errors = Vec::new();
        assert!(find(&[directory.path().to_owned()], &["rego"], &mut errors).is_empty());
        assert!(matches!(errors.as_slice(), [PolicyError::Reading(ReadingError::SpecialFile { .. })]));
    }

    #[test]
    fn text_is_utf_8_of_a_reasonable_size() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("p.rego");
        fs::write(&path, b"\xef\xbb\xbfpackage main").unwrap();
        assert_eq!(read(&path).unwrap(), "package main");
        fs::write(&path, b"\xff\xfep").unwrap();
        assert!(matches!(read(&path), Err(PolicyError::Reading(ReadingError::NotText { .. }))));
        File::create(&path).unwrap().set_len(SIZE_LIMIT + 1).unwrap();
        assert!(matches!(read(&path), Err(PolicyError::Reading(ReadingError::TooLarge { .. }))));
    }
}
