//! Adds the packages of `data.planguard.lib` that policies use.

use super::files;
use crate::convention::library::needed;
use crate::source::Source;

/// The start of the names of embedded files.
const OWN: &str = "<planguard>/";

/// A Rego file embedded in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundledFile {
    /// The path below `policies/rego`.
    pub path: &'static str,
    /// The text.
    pub text: &'static str,
}

impl BundledFile {
    /// Returns the file as a source, under a name that no file of a user has.
    pub(super) fn source(&self) -> Source {
        Source::new(format!("{OWN}{}", self.path), self.text)
    }

    /// Returns the file's name without directories.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }
}

/// Returns the files of the library, one for each package `planguard.lib.…`, ordered by name.
pub fn library() -> &'static [BundledFile] {
    &files::LIBRARY
}

/// Adds the library packages that `sources` use. A package that they define themselves is not added, since the user
/// may have changed a copy of the library.
pub fn complete(sources: &mut Vec<Source>) {
    // Most policies do not use the library; then nothing is copied.
    if sources.iter().any(|source| source.text.contains("planguard")) {
        let library: Vec<Source> = library().iter().map(BundledFile::source).collect();
        let needed = needed(sources, &library);
        sources.extend(needed);
    }
}

/// As [`complete`], and adds what a text that is not a policy uses, such as a query.
pub fn complete_for(sources: &mut Vec<Source>, asked: &str) {
    sources.push(Source::new(String::new(), asked));
    let place = sources.len() - 1;
    complete(sources);
    sources.remove(place);
}

/// Returns whether a policy is a file of the library as it comes with planguard.
pub fn is_own(source: &Source) -> bool {
    source.name.starts_with(OWN)
        && library().iter().any(|file| source.name[OWN.len()..] == *file.path && *source.text == *file.text)
}

/// Returns whether a package belongs to the library, in any file. The library finds the plan wherever a platform puts
/// it.
pub fn is_of_library(package: &str) -> bool {
    package.starts_with("planguard.lib.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convention::library::package_of;

    fn added(texts: &[&str]) -> Vec<String> {
        let mut sources: Vec<Source> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| Source::new(format!("{index}.rego"), *text))
            .collect();
        complete(&mut sources);
        sources.split_off(texts.len()).into_iter().map(|source| source.name).collect()
    }

    #[test]
    fn used_packages_are_added_with_their_dependencies() {
        assert!(added(&["package main\ndeny contains \"no\" if input.x"]).is_empty());
        assert_eq!(
            added(&["package main\nimport data.planguard.lib.findings"]),
            ["<planguard>/lib/findings.rego"]
        );
        let tags = ["addresses", "changes", "references", "tags", "unknown"]
            .map(|name| format!("<planguard>/lib/{name}.rego"));
        assert_eq!(added(&["package main\nx := data.planguard.lib.tags.of(input)"]), tags);
        assert_eq!(added(&["package main\nimport data.planguard.lib"]).len(), library().len());
    }

    #[test]
    fn packages_used_by_a_query_are_added() {
        let mut sources = vec![Source::new("0.rego", "package main")];
        complete_for(&mut sources, "count(data.planguard.lib.findings.severities)");
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        assert_eq!(names, ["0.rego", "<planguard>/lib/findings.rego"]);
    }

    #[test]
    fn a_package_of_the_user_is_not_added() {
        let own = "package planguard.lib.changes\nentries := []";
        assert!(added(&["package main\nimport data.planguard.lib.changes", own]).is_empty());
    }

    #[test]
    fn every_file_is_bundled_and_names_its_package() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/rego/lib");
        let entries = std::fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> =
            names.filter(|name| name.ends_with(".rego") && !name.ends_with("_test.rego")).collect();
        names.sort();
        let bundled: Vec<&str> = library().iter().map(BundledFile::name).collect();
        assert_eq!(bundled, names);
        for file in library() {
            let stem = file.name().trim_end_matches(".rego");
            assert_eq!(package_of(file.text), Some(format!("planguard.lib.{stem}")), "{}", file.path);
            assert!(is_of_library(&package_of(file.text).unwrap()));
        }
    }
}
