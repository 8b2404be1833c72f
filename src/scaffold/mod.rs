//! Templates of new files: a policy, a guardrail or a whole project, each with cases.

mod error;
mod guardrail;
mod name;
mod policy;
mod project;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

pub use error::ScaffoldError;
pub use guardrail::guardrail;
pub use name::{GuardrailId, PolicyName, ResourceType};
pub use policy::policy;
pub use project::{Pipeline, project};

/// New files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scaffold {
    files: Vec<NewFile>,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NewFile {
    path: PathBuf,
    text: String,
}

impl Scaffold {
    fn with(mut self, path: impl Into<PathBuf>, text: String) -> Self {
        self.files.push(NewFile { path: path.into(), text });
        self
    }

    /// Returns the files' paths, relative to the target directory.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// Writes the files below `directory`, unless one already exists.
    ///
    /// # Errors
    ///
    /// A file already exists or cannot be written. In the second case, some files may have been written.
    pub fn write(&self, directory: &Path) -> Result<(), ScaffoldError> {
        let here = directory == Path::new(".");
        let path = |file: &NewFile| if here { file.path.clone() } else { directory.join(&file.path) };
        let taken: Vec<PathBuf> =
            self.files.iter().map(path).filter(|path| path.symlink_metadata().is_ok()).collect();
        if !taken.is_empty() {
            return Err(ScaffoldError::Exists { paths: taken });
        }
        for file in &self.files {
            let path = path(file);
            write_new(&path, &file.text)
                .map_err(|error| ScaffoldError::Unwritable { path, reason: error.to_string() })?;
        }
        Ok(())
    }
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// Replaces `{{name}}` in a template with values.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_if_a_file_exists() {
        let directory = tempfile::tempdir().unwrap();
        let scaffold = Scaffold::default().with("a/one", "1".to_owned()).with("two", "2".to_owned());
        fs::write(directory.path().join("two"), "mine").unwrap();
        let Err(ScaffoldError::Exists { paths }) = scaffold.write(directory.path()) else { panic!() };
        assert_eq!(paths, [directory.path().join("two")]);
        assert!(!directory.path().join("a").exists());
        fs::remove_file(directory.path().join("two")).unwrap();
        scaffold.write(directory.path()).unwrap();
        assert_eq!(fs::read_to_string(directory.path().join("a/one")).unwrap(), "1");
    }

    #[test]
    fn templates_have_no_unfilled_values() {
        let all = [
            policy(&"owner".parse().unwrap(), &ResourceType::default()),
            guardrail(&"team-owner".parse().unwrap(), &ResourceType::default()),
            project(Pipeline::GitHub),
            project(Pipeline::GitLab),
        ];
        for file in all.iter().flat_map(|scaffold| &scaffold.files) {
            // `${{ … }}` is syntax of GitHub Actions.
            assert!(!file.text.replace("${{", "").contains("{{"), "{}", file.text);
        }
    }
}
