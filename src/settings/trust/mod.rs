//! Takes settings, policies, data and guardrails from a place that the change under review cannot edit: a directory,
//! or a commit of the repository.

mod files;

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use files::{CommitError, CommitFiles};
use planguard_git::{Config, TreeError, commit, git};
use planguard_rego::git_source::GitSource;

use super::origin::Sourced;
use super::table::{Said, Settings};
use super::{FILE_NAME, SettingsError, find};
use crate::report::Report;

/// A place that stands for the root of the project.
#[derive(Debug)]
pub struct Trusted {
    /// As the user names it.
    name: String,
    /// The id of the commit, if it is one.
    commit: Option<String>,
    /// The directory that stands for the root of the project.
    root: PathBuf,
    /// The files of the commit, if it is one; they are written below `root` when they are needed.
    tree: Option<CommitFiles>,
    /// The root of the project under review: that of its repository, or the working directory.
    project: PathBuf,
    /// The working directory.
    directory: PathBuf,
    /// Whether it is the commit that is checked out, which the change can edit.
    pub(super) is_checked_out: bool,
}

impl Trusted {
    /// The place of this name, for a project that contains the working directory `directory`.
    ///
    /// # Errors
    ///
    /// If it is neither a directory nor a commit, if it is both, or if it is a part of the project that the change
    /// can edit.
    pub(super) fn open(name: &str, directory: &Path) -> Result<Self, SettingsError> {
        let failed = |reason: String, help: &str| SettingsError::Trusted {
            place: name.to_owned(),
            reason,
            help: help.to_owned(),
        };
        let project = find::repository(directory).unwrap_or(directory).to_owned();
        let commit = commit(&project, Config::Usual, name);
        let trusted = |root, commit, tree, is_checked_out| Self {
            name: name.to_owned(),
            commit,
            root,
            tree,
            project: project.clone(),
            directory: directory.to_owned(),
            is_checked_out,
        };
        match (directory.join(name).is_dir(), commit) {
            (true, Ok(_)) => Err(failed(
                "it is a directory and a commit".to_owned(),
                "write ./NAME for the directory, and the full name, such as refs/remotes/origin/main, for the commit",
            )),
            (true, Err(_)) => {
                let root = PathBuf::from(name);
                let seen = fs::canonicalize(directory.join(name)).unwrap_or_else(|_| directory.join(name));
                let own = fs::canonicalize(&project).unwrap_or_else(|_| project.clone());
                let is_edited = seen == own || seen.starts_with(&own) && has_tracked_files(&project, &seen);
                if is_edited {
                    return Err(failed(
                        "it belongs to the project under review, so the change can edit it".to_owned(),
                        "name a checkout of the branch that is merged into, a directory outside of the project, or \
                         a commit such as origin/main",
                    ));
                }
                Ok(trusted(root, None, None, false))
            }
            (false, Ok(commit)) => {
                let open =
                    |error: CommitError| failed(error.to_string(), "check the repository with `git fsck`");
                let tree = CommitFiles::open(&project, &commit).map_err(open)?;
                let is_checked_out =
                    planguard_git::commit(&project, Config::Usual, "HEAD").is_ok_and(|head| head == commit);
                Ok(trusted(tree.directory().to_owned(), Some(commit), Some(tree), is_checked_out))
            }
            (false, Err(error)) => Err(failed(
                format!("it is neither a directory nor a commit of the repository ({error})"),
                "fetch the branch first, as in `git fetch origin main`; CI systems often clone one branch only",
            )),
        }
    }

    /// The nearest settings file, from the place that stands for the working directory up to the root.
    ///
    /// # Errors
    ///
    /// If it cannot be had.
    pub(super) fn settings(&self) -> Result<Option<PathBuf>, SettingsError> {
        for level in self.inner().ancestors() {
            let path = self.have(&level.join(FILE_NAME))?;
            if find::is_there(&path) {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// The directory that stands for the working directory, with these files or directories of it.
    ///
    /// # Errors
    ///
    /// If one of them cannot be had.
    pub(super) fn directory_with(&self, names: &[&str]) -> Result<PathBuf, SettingsError> {
        for name in names {
            self.have(&self.inner().join(name))?;
        }
        Ok(self.root.join(self.inner()))
    }

    /// What stands for a path that the command line or a variable names. A path outside of the project stands for
    /// itself.
    ///
    /// # Errors
    ///
    /// If it cannot be had.
    pub(super) fn path(&self, path: &Path) -> Result<PathBuf, SettingsError> {
        match GitSource::of(path) {
            Some(Ok(source)) => return self.git_source(path, &source),
            // What is wrong with it is said where it is read.
            Some(Err(_)) => return Ok(path.to_owned()),
            None => {}
        }
        match self.within_project(path) {
            Some(relative) => self.have(&relative),
            None => Ok(path.to_owned()),
        }
    }

    /// A commit stands for itself, if the change cannot edit the repository that has it.
    fn git_source(&self, path: &Path, source: &GitSource) -> Result<PathBuf, SettingsError> {
        // What a settings file of a commit names beside itself is beside the project.
        let of_commit = self.tree.as_ref().and_then(|_| source.repository().strip_prefix(&self.root).ok());
        let moved = of_commit.map(|relative| self.project.join(relative));
        let repository = moved.as_deref().unwrap_or(source.repository());
        let seen = fs::canonicalize(self.directory.join(repository)).unwrap_or_default();
        let project = fs::canonicalize(&self.project).unwrap_or_else(|_| self.project.clone());
        if seen.starts_with(&project) && seen != project && has_tracked_files(&project, &seen) {
            return Err(SettingsError::Trusted {
                place: self.name.clone(),
                reason: format!(
                    "{} belongs to the project under review, so the change can edit it",
                    repository.display()
                ),
                help: "name a clone outside of the project".to_owned(),
            });
        }
        Ok(moved.map_or_else(|| path.to_owned(), |repository| source.in_repository(&repository)))
    }

    /// `said`, as a settings file of the place has it, with its sources in git.
    pub(super) fn sources_in_git(&self, mut said: Said, errors: &mut Vec<SettingsError>) -> Said {
        for list in [&mut said.paths, &mut said.data].into_iter().flatten() {
            for path in &mut list.value {
                let Some(Ok(source)) = GitSource::of(path) else { continue };
                match self.git_source(path, &source) {
                    Ok(there) => *path = there,
                    Err(error) => errors.push(error),
                }
            }
        }
        said
    }

    /// `said` with what stands for its policies, data, guardrails, baseline and key of bundles. Descriptions of the run are the pipeline's own.
    pub(super) fn said(&self, mut said: Said, errors: &mut Vec<SettingsError>) -> Said {
        for list in [&mut said.paths, &mut said.data, &mut said.guardrails].into_iter().flatten() {
            for path in &mut list.value {
                match self.path(path) {
                    Ok(there) => *path = there,
                    Err(error) => errors.push(error),
                }
            }
        }
        for file in [&mut said.baseline, &mut said.bundle_key, &mut said.prices] {
            let Some(Sourced { value: Some(path), .. }) = file else { continue };
            match self.path(path) {
                Ok(there) => *path = there,
                Err(error) => errors.push(error),
            }
        }
        said
    }

    /// Makes sure that every path of the settings that lies in this place is there.
    pub(super) fn complete(&self, settings: &Settings, errors: &mut Vec<SettingsError>) {
        let Settings { paths, data, guardrails, context, infracost, baseline, bundle_key, prices, .. } =
            settings;
        let lists = [&paths.value, &data.value, &guardrails.value];
        let files = [&context.value, &infracost.value, &baseline.value, &bundle_key.value, &prices.value];
        for path in lists.into_iter().flatten().chain(files.into_iter().flatten()) {
            if self.tree.is_none() || !path.starts_with(&self.root) {
                continue;
            }
            let brought = match lexical(path).strip_prefix(&self.root) {
                Ok(relative) => self.have(relative).map(|_| ()),
                Err(_) => Err(self.failed(&TreeError::Link(path.display().to_string()).into())),
            };
            errors.extend(brought.err());
        }
    }

    /// The place, as the user names it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The place for a notice: a commit has its id, because a name may move.
    pub(super) fn described(&self) -> String {
        match self.commit.as_deref().and_then(|commit| commit.get(..12)) {
            Some(id) => format!("{} ({id})", self.name),
            None => self.name.clone(),
        }
    }

    /// `text` with the paths of a commit as people would name them: `origin/main:policies/a.rego`.
    pub fn shown(&self, text: &str) -> String {
        self.tree.as_ref().map_or_else(
            || text.to_owned(),
            |tree| {
                let (from, to) = (shown_root(tree), format!("{}:", self.name));
                text.replace(&from, &to)
            },
        )
    }

    /// Names the paths of a commit in a report as people would.
    pub fn name_in(&self, report: &mut Report) {
        if let Some(tree) = &self.tree {
            report.rename(&shown_root(tree), &format!("{}:", self.name));
        }
    }

    /// The working directory, relative to the project.
    fn inner(&self) -> &Path {
        self.directory.strip_prefix(&self.project).unwrap_or(Path::new(""))
    }

    /// A path of the place, relative to its root, after it was written if it belongs to a commit.
    fn have(&self, relative: &Path) -> Result<PathBuf, SettingsError> {
        if let Some(tree) = &self.tree {
            let steps = relative.components().map(|step| step.as_os_str().to_string_lossy());
            let path = steps.collect::<Vec<_>>().join("/");
            tree.bring(&path).map_err(|error| self.failed(&error))?;
        }
        Ok(self.root.join(relative))
    }

    fn failed(&self, error: &CommitError) -> SettingsError {
        SettingsError::Trusted {
            place: self.name.clone(),
            reason: self.shown(&error.to_string()),
            help: "check out the commit beside the project, and name that directory with --trusted"
                .to_owned(),
        }
    }

    /// A path relative to the root of the project; `None` if it lies outside of it, or in the place itself.
    fn within_project(&self, path: &Path) -> Option<PathBuf> {
        let written = lexical(&self.directory.join(path));
        if written.starts_with(lexical(&self.directory.join(&self.root))) {
            return None;
        }
        if let Ok(relative) = written.strip_prefix(&self.project) {
            return Some(relative.to_owned());
        }
        // A link may lead into the project.
        let seen = fs::canonicalize(&written).ok()?;
        let project = fs::canonicalize(&self.project).ok()?;
        seen.strip_prefix(project).ok().map(Path::to_owned)
    }
}

/// The directory of a commit as texts name it.
fn shown_root(tree: &CommitFiles) -> String {
    format!("{}{}", tree.directory().display(), std::path::MAIN_SEPARATOR)
}

/// A path without `.` and `..`.
fn lexical(path: &Path) -> PathBuf {
    let mut steps = PathBuf::new();
    for step in path.components() {
        match step {
            Component::CurDir => {}
            Component::ParentDir => {
                steps.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => steps.push(step),
        }
    }
    steps
}

/// Whether the repository around a directory tracks this file, so that a change can edit it.
pub(super) fn is_tracked(directory: &Path, file: &Path) -> bool {
    let file = directory.join(file);
    let words = ["--literal-pathspecs", "ls-files", "-z", "--"].map(AsRef::<OsStr>::as_ref);
    let arguments: Vec<&OsStr> = words.into_iter().chain([file.as_os_str()]).collect();
    let repository = find::repository(directory);
    repository.is_some_and(|repository| {
        git(repository, Config::Usual, &arguments).is_ok_and(|files| !files.is_empty())
    })
}

/// Whether the repository of the project tracks the directory, or anything in it. Without a repository it does.
fn has_tracked_files(project: &Path, directory: &Path) -> bool {
    let arguments = ["ls-files".as_ref(), "-z".as_ref(), "--".as_ref(), directory.as_os_str()];
    git(project, Config::Usual, &arguments).map_or(true, |files| !files.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_without_the_steps_that_lead_back() {
        for (path, wanted) in [("/a/./b/../c", "/a/c"), ("/a/../../b", "/b"), ("/a/b/", "/a/b")] {
            assert_eq!(lexical(Path::new(path)), Path::new(wanted), "{path}");
        }
    }
}
