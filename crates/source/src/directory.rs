//! Lists and reads the configuration files of a directory, by the rules of Terraform and of OpenTofu.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::body::Body;
use crate::place::SourceFile;
use crate::problem::SourceError;
use crate::{hcl, tf_json};

/// The largest file that is read. Terraform's own limit is memory; generated configurations stay far below.
const MAX_FILE_SIZE: u64 = 16 * 1024 * 1024;

/// Which tool made a plan: OpenTofu also reads `.tofu` files, and they replace `.tf` files of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// Terraform.
    Terraform,
    /// OpenTofu.
    OpenTofu,
}

/// A file of a module that was read, or that could not be.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    name: FileName,
    /// `None` if it could not be read.
    pub(crate) content: Option<Content>,
}

#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) file: Arc<SourceFile>,
    pub(crate) body: Arc<Body>,
}

/// The name of a configuration file, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FileName {
    whole: String,
    stem: String,
    language: Language,
    read_by: ReadBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Language {
    Hcl,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ReadBy {
    Both,
    OpenTofu,
}

impl FileName {
    /// The parts of a name; `None` for a file that is not part of a configuration.
    fn parse(name: &str) -> Option<Self> {
        // Hidden files and the backups of editors are ignored.
        if name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#')) {
            return None;
        }
        let endings = [
            (".tf", Language::Hcl, ReadBy::Both),
            (".tf.json", Language::Json, ReadBy::Both),
            (".tofu", Language::Hcl, ReadBy::OpenTofu),
            (".tofu.json", Language::Json, ReadBy::OpenTofu),
        ];
        endings.into_iter().find_map(|(ending, language, read_by)| {
            let stem = name.strip_suffix(ending)?.to_owned();
            Some(Self { whole: name.to_owned(), stem, language, read_by })
        })
    }
}

impl ConfigFile {
    /// Whether it changes blocks of other files: `override.tf`, `x_override.tf`.
    pub(crate) fn is_override(&self) -> bool {
        self.name.stem == "override" || self.name.stem.ends_with("_override")
    }

    /// Whether Terraform does not read it.
    pub(crate) fn is_for_opentofu(&self) -> bool {
        self.name.read_by == ReadBy::OpenTofu
    }
}

/// The files that a tool reads, in its order.
pub(crate) fn read_by(files: &[ConfigFile], tool: Tool) -> Vec<&ConfigFile> {
    let replaced = |file: &ConfigFile| {
        files.iter().any(|other| {
            other.is_for_opentofu()
                && other.name.stem == file.name.stem
                && other.name.language == file.name.language
        })
    };
    let is_read = |file: &&ConfigFile| match tool {
        Tool::Terraform => !file.is_for_opentofu(),
        Tool::OpenTofu => file.is_for_opentofu() || !replaced(file),
    };
    files.iter().filter(is_read).collect()
}

/// Whether a directory contains configuration files, so that it can be a root module.
pub fn holds_configuration(directory: &Path) -> bool {
    names(directory).is_ok_and(|names| !names.is_empty())
}

/// Reads all configuration files of a directory, in the order of their names. `shown` is the path that places have.
///
/// # Errors
/// The directory cannot be listed. Files that cannot be read are added to `problems`.
pub(crate) fn read(
    directory: &Path,
    shown: &Path,
    problems: &mut Vec<SourceError>,
) -> io::Result<Vec<ConfigFile>> {
    let names = names(directory)?;
    let mut files = Vec::new();
    for name in names {
        let content = match content(&directory.join(&name.whole), shown.join(&name.whole), name.language) {
            Ok(content) => Some(content),
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        files.push(ConfigFile { name, content });
    }
    Ok(files)
}

fn names(directory: &Path) -> io::Result<BTreeSet<FileName>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // A name that is not Unicode cannot be that of a file that Terraform reads by its ending and shows in errors;
        // its ending decides here as well.
        let Some(name) = FileName::parse(&entry.file_name().to_string_lossy()) else { continue };
        if !fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir()) {
            names.insert(name);
        }
    }
    Ok(names)
}

fn content(path: &Path, shown: PathBuf, language: Language) -> Result<Content, SourceError> {
    let unreadable = |cause| SourceError::File { path: shown.clone(), cause };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        // A pipe would block.
        return Err(unreadable(io::Error::from(io::ErrorKind::InvalidInput)));
    }
    if metadata.len() > MAX_FILE_SIZE {
        return Err(SourceError::TooLarge { path: shown, size: metadata.len(), limit: MAX_FILE_SIZE });
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let file = SourceFile::new(shown, &bytes);
    let (name, body) = match language {
        Language::Hcl => ("HCL", hcl::read(file.text())),
        Language::Json => ("JSON", tf_json::read(file.text())),
    };
    let body = body.map_err(|error| SourceError::syntax(name, &file, error.at, error.reason))?;
    Ok(Content { file: Arc::new(file), body: Arc::new(body) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<ConfigFile> {
        names
            .iter()
            .filter_map(|name| FileName::parse(name))
            .map(|name| ConfigFile { name, content: None })
            .collect()
    }

    fn read(names: &[&str], tool: Tool) -> Vec<String> {
        read_by(&files(names), tool).iter().map(|file| file.name.whole.clone()).collect()
    }

    #[test]
    fn only_configuration_files_are_read() {
        let names =
            ["a.tf", ".b.tf", "c.tf~", "#d.tf#", "e.tf.json", "f.tfvars", "g.json", "h.tftest.hcl", "tf"];
        assert_eq!(read(&names, Tool::Terraform), ["a.tf", "e.tf.json"]);
    }

    #[test]
    fn tofu_files_replace_tf_files_of_the_same_name_for_opentofu() {
        let names = ["a.tf", "a.tf.json", "a.tofu", "b.tf", "c.tofu.json"];
        assert_eq!(read(&names, Tool::Terraform), ["a.tf", "a.tf.json", "b.tf"]);
        assert_eq!(read(&names, Tool::OpenTofu), ["a.tf.json", "a.tofu", "b.tf", "c.tofu.json"]);
    }

    #[test]
    fn override_files_are_told_by_their_name() {
        let files =
            files(&["override.tf", "x_override.tf.json", "override.tofu", "overrides.tf", "xoverride.tf"]);
        let overrides: Vec<bool> = files.iter().map(ConfigFile::is_override).collect();
        assert_eq!(overrides, [true, true, true, false, false]);
    }
}
