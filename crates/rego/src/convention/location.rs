//! Turns the paths that a user names into groups of files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::platform::Loading;
use super::{Convention, Group, recognise};
use crate::error::{ConventionError, PolicyError, ReadingError};
use crate::files;
use crate::opa_bundle;
use crate::options::{Namespaces, PolicyOptions};
use crate::policies::SkippedPolicy;
use crate::source::{self, Source};

/// A file or directory of policies that belong to one platform.
pub(crate) struct Location {
    /// The path as the user wrote it.
    pub path: PathBuf,
    /// The directory itself, or that of the file.
    pub root: PathBuf,
    /// Every policy in it.
    pub sources: Vec<Source>,
}

/// The policies of all locations.
#[derive(Default)]
pub struct Grouping {
    /// Policies that are loaded together.
    pub groups: Vec<Group>,
    /// The convention of each path, a place with two names once.
    pub located: Vec<Located>,
    /// Files that are skipped, with the reasons.
    pub passed_over: Vec<SkippedPolicy>,
    /// Files that could not be read, and errors in settings files.
    pub errors: Vec<PolicyError>,
}

/// A path and the convention that it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The path as the user wrote it.
    pub path: PathBuf,
    /// The convention.
    pub convention: Convention,
}

impl Location {
    /// Reads the policies of a path. A settings file stands for its directory.
    fn read(path: &Path, errors: &mut Vec<PolicyError>) -> Self {
        let is_policy =
            path.extension().is_some_and(|extension| extension == "rego") || opa_bundle::is_bundle(path);
        let root = if files::is_file(path) {
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
        } else {
            path.to_owned()
        };
        let searched = if files::is_file(path) && !is_policy { root.clone() } else { path.to_owned() };
        let sources = source::load(&[searched], errors);
        Self { path: path.to_owned(), root, sources }
    }

    /// The path for messages.
    pub(super) fn name(&self) -> String {
        source::display_name(&self.path)
    }
}

/// Reads all locations and groups their files. The files of conftest are one group, whatever locations they come
/// from.
pub fn group(options: &PolicyOptions) -> Grouping {
    let mut grouping = Grouping::default();
    let mut located = Vec::new();
    let mut seen = BTreeSet::new();
    for path in &options.paths {
        // A place with two names would give every finding twice.
        if !seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())) {
            continue;
        }
        match convention(path, options) {
            Ok(convention) => located.push(Located { path: path.clone(), convention }),
            Err(error) => grouping.errors.push(error),
        }
    }
    let is_together = |located: &&Located| located.convention.is_loaded_together();
    let of_conftest: Vec<PathBuf> =
        located.iter().filter(is_together).map(|located| located.path.clone()).collect();
    if !of_conftest.is_empty() || options.paths.is_empty() {
        let errors = grouping.errors.len();
        let sources = source::load(&of_conftest, &mut grouping.errors);
        if !sources.is_empty() {
            grouping.groups.push(Group::conftest(options, sources));
        } else if grouping.errors.len() == errors {
            // A path that cannot be read has been reported.
            grouping.errors.push(PolicyError::nothing_in(&of_conftest));
        }
    }
    for Located { path, convention } in &located {
        let (add, has_policies) = match convention.platform().loading {
            Loading::Together => continue,
            Loading::Separately(add) => (add, true),
            Loading::BySettings(add) => (add, false),
        };
        let location = Location::read(path, &mut grouping.errors);
        if has_policies && location.sources.is_empty() {
            grouping
                .errors
                .push(PolicyError::Reading(ReadingError::NoPolicies { searched: location.name() }));
            continue;
        }
        let (groups, errors) = (grouping.groups.len(), grouping.errors.len());
        add(&location, options, &mut grouping);
        if grouping.groups.len() == groups && grouping.errors.len() == errors {
            grouping.errors.push(PolicyError::Convention(ConventionError::NoneOfPlatform {
                platform: convention.platform().title,
                path: location.path.clone(),
            }));
        }
    }
    grouping.located = located;
    grouping
}

/// The convention of each path for which there is exactly one.
pub fn conventions(options: &PolicyOptions) -> Vec<Located> {
    let located = options
        .paths
        .iter()
        .filter_map(|path| Some(Located { path: path.clone(), convention: convention(path, options).ok()? }));
    located.collect()
}

/// The convention that the user names, or else the one that the files point to. A user who names packages means
/// conftest, the only convention in which packages can be chosen.
fn convention(path: &Path, options: &PolicyOptions) -> Result<Convention, PolicyError> {
    match options.convention.or_else(|| recognise::of_config(path)) {
        Some(convention) => Ok(convention),
        None if options.namespaces != Namespaces::default() => Ok(Convention::CONFTEST),
        None => recognise::convention(path),
    }
}
