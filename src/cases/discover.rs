//! Finds files of plan cases.

use std::path::PathBuf;

use planguard_guardrail_format::is_case_file;
use walkdir::WalkDir;

use super::error::{CaseError, CaseProblem};

/// Returns the files of plan cases in `paths`, without duplicates, in the order of the paths and then by name. A file
/// in `paths` itself may have any name. Hidden directories are skipped.
///
/// # Errors
/// Every path that cannot be read. Finding no file is not an error.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<CaseError>> {
    let (mut files, mut errors): (Vec<PathBuf>, Vec<CaseError>) = (Vec::new(), Vec::new());
    for path in paths {
        let walk = WalkDir::new(path).sort_by_file_name().into_iter();
        let hidden = |entry: &walkdir::DirEntry| {
            let dotted = entry.file_name().to_string_lossy().starts_with('.');
            entry.depth() > 0 && entry.file_type().is_dir() && dotted
        };
        for entry in walk.filter_entry(|entry| !hidden(entry)) {
            match entry {
                Ok(entry) => {
                    let wanted = entry.depth() == 0 || is_case_file(entry.path());
                    if wanted && entry.file_type().is_file() && !files.iter().any(|file| file == entry.path())
                    {
                        files.push(entry.into_path());
                    }
                }
                Err(error) => {
                    let place = error.path().unwrap_or(path).to_owned();
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    errors.push(CaseError::of_file(&place, CaseProblem::Unreadable { reason }));
                }
            }
        }
    }
    if errors.is_empty() { Ok(files) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn files_are_found_by_their_names() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b/cases.toml", "a/s3.cases.toml", "a/mycases.toml", ".hidden/cases.toml", "named.toml"]
        {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let paths = [directory.path().join("named.toml"), directory.path().to_owned()];
        let found = discover(&paths).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(directory.path()).unwrap()).collect();
        assert_eq!(names, ["named.toml", "a/s3.cases.toml", "b/cases.toml"].map(Path::new));
    }

    #[test]
    fn a_path_that_does_not_exist_is_an_error() {
        let errors = discover(&[PathBuf::from("no/such/directory")]).unwrap_err();
        assert!(errors[0].to_string().starts_with("cannot read no/such/directory: "), "{}", errors[0]);
    }
}
