//! Policies of a commit in a repository that is already cloned: `git::REPOSITORY//DIRECTORY?ref=REF`, as Terraform and conftest
//! write it. Nothing is fetched and nothing is checked out.
//!
//! A file of a commit has the text of the source and its name below the directory as its path, such as
//! `git::../policies//rego?ref=v1.2.0/main.rego`; `files` finds and reads it like any other.

mod error;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use planguard_git::{Config, Object, Tree, TreeError, commit};

pub use error::GitSourceError;

use crate::error::{PolicyError, ReadingError};

/// What a source starts with.
const START: &str = "git::";

/// The commit if none is named.
const HEAD: &str = "HEAD";

/// A directory or file of a commit, as a user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSource {
    repository: PathBuf,
    directory: String,
    reference: String,
}

impl GitSource {
    /// Reads a source. `None` if the path is another one, or the address of a repository elsewhere.
    ///
    /// # Errors
    ///
    /// If it is not written as one.
    pub fn of(path: &Path) -> Option<Result<Self, GitSourceError>> {
        let text = path.to_str()?;
        let rest = text.strip_prefix(START)?;
        let rest = rest.strip_prefix("file://").unwrap_or(rest);
        (!is_elsewhere(rest)).then(|| Self::read(text, rest))
    }

    fn read(text: &str, rest: &str) -> Result<Self, GitSourceError> {
        let wrong = |reason| GitSourceError::Shape { source_text: text.to_owned(), reason };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut reference = HEAD;
        for (number, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
            match pair.split_once('=') {
                Some(("ref", "")) => return Err(wrong("ref names nothing")),
                Some(("ref", name)) if number == 0 => reference = name,
                _ => return Err(wrong("ref, once, is all that may follow `?`")),
            }
        }
        if reference.starts_with('-') {
            return Err(wrong("a ref does not start with `-`"));
        }
        // Two slashes at the start belong to the path of the repository.
        let inner = place
            .char_indices()
            .skip(1)
            .find(|(at, _)| place.get(*at..).is_some_and(|rest| rest.starts_with("//")));
        let (repository, directory) = match inner {
            Some((at, _)) => (place.get(..at).unwrap_or_default(), place.get(at + 2..).unwrap_or_default()),
            None => (place, ""),
        };
        if repository.is_empty() {
            return Err(wrong("it names no repository"));
        }
        let steps: Vec<&str> = directory.split('/').filter(|step| !step.is_empty() && *step != ".").collect();
        if steps.contains(&"..") {
            return Err(wrong(
                "the path behind `//` starts at the top of the repository, and does not lead back",
            ));
        }
        Ok(Self {
            repository: PathBuf::from(repository),
            directory: steps.join("/"),
            reference: reference.to_owned(),
        })
    }

    /// The repository.
    pub fn repository(&self) -> &Path {
        &self.repository
    }

    /// The same of another repository.
    #[must_use]
    pub fn in_repository(&self, repository: &Path) -> PathBuf {
        let Self { directory, reference, .. } = self;
        let directory = if directory.is_empty() { String::new() } else { format!("//{directory}") };
        PathBuf::from(format!("{START}{}{directory}?ref={reference}", repository.display()))
    }

    fn open(&self) -> Result<Checkout, GitSourceError> {
        let repository = self.repository.display().to_string();
        let config = Config::OfRepository;
        let is_known = planguard_git::git(&self.repository, config, &["rev-parse", "--git-dir"]);
        is_known.map_err(|reason| GitSourceError::NoRepository { repository: repository.clone(), reason })?;
        let commit = commit(&self.repository, config, &self.reference).map_err(|_| {
            GitSourceError::NoCommit { repository: repository.clone(), reference: self.reference.clone() }
        })?;
        let failed = |reason: TreeError| GitSourceError::Tree {
            repository: repository.clone(),
            commit: commit.clone(),
            reason,
        };
        let mut tree = Tree::open(&self.repository, config, &commit).map_err(failed)?;
        let found = tree.files(&self.directory).map_err(failed)?;
        let below = format!("{}/", self.directory);
        let files: BTreeMap<String, Object> = found
            .into_iter()
            .map(|(name, object)| {
                let name = name.strip_prefix(&below).map(str::to_owned).unwrap_or(name);
                (name, object)
            })
            .collect();
        if files.is_empty() {
            let directory =
                if self.directory.is_empty() { "files".to_owned() } else { self.directory.clone() };
            return Err(GitSourceError::NoPath { repository, commit, directory });
        }
        let is_file = files.len() == 1 && files.contains_key(&self.directory);
        Ok(Checkout { commit, is_file, files, tree: Mutex::new(tree) })
    }
}

/// Whether a repository is on another machine.
fn is_elsewhere(text: &str) -> bool {
    let is_login = text.split_once(':').is_some_and(|(host, _)| host.contains('@') && !host.contains('/'));
    text.contains("://") || is_login
}

/// The path of a source in a settings file, for a file of this directory.
pub fn below(directory: &Path, path: &Path) -> PathBuf {
    match GitSource::of(path) {
        Some(Ok(source)) => match directory.join(&source.repository) {
            repository if repository == source.repository => path.to_owned(),
            repository => source.in_repository(&repository),
        },
        // What is wrong with it is said as it is written.
        _ if path.to_string_lossy().starts_with(START) => path.to_owned(),
        _ => directory.join(path),
    }
}

/// The files of a source.
#[derive(Debug)]
struct Checkout {
    commit: String,
    /// Whether the source is a file.
    is_file: bool,
    files: BTreeMap<String, Object>,
    tree: Mutex<Tree>,
}

/// The sources that this process opened, by their texts: a name means one commit throughout a run. Paths would be no keys: for
/// them two slashes are one.
static OPENED: Mutex<BTreeMap<String, Opened>> = Mutex::new(BTreeMap::new());

type Opened = Result<Arc<Checkout>, Arc<GitSourceError>>;

fn opened() -> MutexGuard<'static, BTreeMap<String, Opened>> {
    OPENED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a source, once. `None` if the path is no source.
fn open(path: &Path) -> Option<Opened> {
    let source = GitSource::of(path)?;
    let text = path.to_str()?;
    let mut opened = opened();
    if let Some(known) = opened.get(text) {
        return Some(known.clone());
    }
    let checkout = source.and_then(|source| source.open()).map(Arc::new).map_err(Arc::new);
    opened.insert(text.to_owned(), checkout.clone());
    Some(checkout)
}

/// The id of the commit that a source has; `None` if the path is no source, or one that cannot be opened.
pub fn commit_of(path: &Path) -> Option<String> {
    open(path)?.ok().map(|checkout| checkout.commit.clone())
}

/// Returns the files of a source with these extensions, by name; `None` if the path is no source.
pub(crate) fn find(path: &Path, extensions: &[&str]) -> Option<Result<Vec<PathBuf>, PolicyError>> {
    let checkout = match open(path)? {
        Ok(checkout) => checkout,
        Err(error) => return Some(Err(PolicyError::Git(error))),
    };
    if checkout.is_file {
        return Some(Ok(vec![path.to_owned()]));
    }
    let is_wanted = |name: &&String| {
        let extension = Path::new(name.as_str()).extension();
        extension.is_some_and(|found| extensions.iter().any(|wanted| found == *wanted))
    };
    Some(Ok(checkout.files.keys().filter(is_wanted).map(|name| path.join(name)).collect()))
}

/// A path of an opened source: the files of its commit, and the name below the source.
fn within(path: &Path) -> Option<(Arc<Checkout>, String)> {
    let known = opened();
    path.ancestors().find_map(|root| {
        let checkout = known.get(root.to_str()?)?.as_ref().ok()?;
        let name = path.strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/");
        Some((Arc::clone(checkout), name))
    })
}

/// Returns the bytes of a file of a commit; `None` if the path leads through no commit.
pub(crate) fn read(path: &Path) -> Option<Result<Vec<u8>, PolicyError>> {
    let (checkout, name) = within(path)?;
    let unreadable =
        |reason: String| PolicyError::Reading(ReadingError::Unreadable { path: path.to_owned(), reason });
    let object = if checkout.is_file && name.is_empty() {
        checkout.files.values().next()
    } else {
        checkout.files.get(&name)
    };
    let Some(object) = object else {
        return Some(Err(unreadable("the commit has no such file".to_owned())));
    };
    let mut tree = checkout.tree.lock().unwrap_or_else(PoisonError::into_inner);
    Some(tree.read(object).map_err(|error| unreadable(error.to_string())))
}

/// What a path of a commit is; `None` if it leads through no commit.
pub(crate) fn kind(path: &Path) -> Option<Kind> {
    let (checkout, name) = within(path).or_else(|| Some((open(path)?.ok()?, String::new())))?;
    let below = format!("{name}/");
    let has_below =
        || checkout.files.range(below.clone()..).next().is_some_and(|(name, _)| name.starts_with(&below));
    Some(if (checkout.is_file && name.is_empty()) || checkout.files.contains_key(&name) {
        Kind::File
    } else if name.is_empty() || has_below() {
        Kind::Directory
    } else {
        Kind::Nothing
    })
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Nothing,
}

/// The names in a directory of a commit; `None` if it leads through no commit.
pub(crate) fn names(path: &Path) -> Option<Vec<PathBuf>> {
    let (checkout, name) = within(path)?;
    let below = if name.is_empty() { String::new() } else { format!("{name}/") };
    let mut names: Vec<PathBuf> = checkout
        .files
        .keys()
        .filter_map(|file| Some(path.join(file.strip_prefix(&below)?.split('/').next()?)))
        .collect();
    names.dedup();
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<Result<(String, String, String), &'static str>> {
        Some(match GitSource::of(Path::new(text))? {
            Ok(source) => Ok((source.repository.display().to_string(), source.directory, source.reference)),
            Err(GitSourceError::Shape { reason, .. }) => Err(reason),
            Err(_) => Err("something else"),
        })
    }

    #[test]
    fn sources_are_read_as_terraform_writes_them() {
        for (text, repository, directory, reference) in [
            ("git::../policies//rego?ref=v1.2.0", "../policies", "rego", "v1.2.0"),
            ("git::../policies//rego/./a/?ref=refs/heads/main", "../policies", "rego/a", "refs/heads/main"),
            ("git::/srv/policies.git?ref=main", "/srv/policies.git", "", "main"),
            ("git::file:///srv/policies.git//a", "/srv/policies.git", "a", "HEAD"),
            ("git::.", ".", "", "HEAD"),
        ] {
            let expected = (repository.to_owned(), directory.to_owned(), reference.to_owned());
            assert_eq!(parts(text), Some(Ok(expected)), "{text}");
        }
        for text in [
            "git::https://example.com/policies?ref=v1",
            "git::ssh://git@example.com/policies",
            "git::git@example.com:policies.git",
            "policies",
            "../git::policies",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
        for text in [
            "git::",
            "git::?ref=v1",
            "git::p?ref=",
            "git::p?ref=--output=x",
            "git::p?ref=a&ref=b",
            "git::p?depth=1",
            "git::p?ref=a&depth=1",
            "git::p//../q?ref=v1",
        ] {
            assert!(matches!(parts(text), Some(Err(_))), "{text}");
        }
    }

    #[test]
    fn a_source_of_a_settings_file_is_relative_to_it() {
        let of = |path: &str| below(Path::new("infra"), Path::new(path)).display().to_string();
        assert_eq!(of("git::../policies//rego?ref=v1"), "git::infra/../policies//rego?ref=v1");
        assert_eq!(of("git::/srv/p//rego?ref=v1"), "git::/srv/p//rego?ref=v1");
        assert_eq!(of("git::https://example.com/p?ref=v1"), "git::https://example.com/p?ref=v1");
        assert_eq!(of("rego"), Path::new("infra").join("rego").display().to_string());
    }
}
