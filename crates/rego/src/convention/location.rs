//! Turns the places that a user names into groups of files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{
    Convention, Group, atlantis, digger, env0, harness, hcp, recognise, regula, scalr, spacelift, terrateam,
};
use crate::error::PolicyError;
use crate::options::{Namespaces, PolicyOptions};
use crate::policies::PassedOver;
use crate::source::{self, Source};

/// A file or directory of policies that belong to one platform.
pub(crate) struct Location {
    /// The path as it was named.
    pub path: PathBuf,
    /// The directory itself, or that of the file.
    pub root: PathBuf,
    /// Every policy that was found.
    pub sources: Vec<Source>,
}

/// What the locations hold.
#[derive(Default)]
pub struct Grouping {
    /// What is loaded together.
    pub groups: Vec<Group>,
    /// Files that are not evaluated, with the reasons.
    pub passed_over: Vec<PassedOver>,
    /// What could not be read.
    pub errors: Vec<PolicyError>,
}

/// A path and the convention that it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The path as it was named.
    pub path: PathBuf,
    /// The convention.
    pub convention: Convention,
}

impl Location {
    /// Reads what a path holds. A configuration file stands for its directory.
    fn read(path: &Path, errors: &mut Vec<PolicyError>) -> Self {
        let is_policy = path.extension().is_some_and(|extension| extension == "rego");
        let root = if path.is_file() {
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
        } else {
            path.to_owned()
        };
        let searched = if path.is_file() && !is_policy { root.clone() } else { path.to_owned() };
        let sources = source::load(&[searched], errors);
        Self { path: path.to_owned(), root, sources }
    }

    /// The path for messages.
    pub(super) fn name(&self) -> String {
        source::display_name(&self.path)
    }
}

/// Reads all locations and groups their files. Whatever follows conftest's convention is one group, however many
/// locations it comes from.
pub fn group(options: &PolicyOptions) -> Grouping {
    let mut grouping = Grouping::default();
    let mut located = Vec::new();
    let mut seen = BTreeSet::new();
    for path in &options.paths {
        // Two names of one place would tell everything twice.
        if !seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())) {
            continue;
        }
        match convention(path, options) {
            Ok(convention) => located.push(Located { path: path.clone(), convention }),
            Err(error) => grouping.errors.push(error),
        }
    }
    let of_conftest: Vec<PathBuf> = located
        .iter()
        .filter(|located| located.convention == Convention::Conftest)
        .map(|located| located.path.clone())
        .collect();
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
        let add = match convention {
            Convention::Conftest => continue,
            Convention::Hcp => hcp::group,
            Convention::Spacelift => spacelift::group,
            Convention::Scalr => scalr::group,
            Convention::Env0 => env0::group,
            Convention::Digger => digger::group,
            Convention::Harness => harness::group,
            Convention::Atlantis => atlantis::group,
            Convention::Terrateam => terrateam::group,
            Convention::Regula => regula::group,
        };
        let location = Location::read(path, &mut grouping.errors);
        // The sets of Atlantis lie wherever its configuration says.
        if location.sources.is_empty() && *convention != Convention::Atlantis {
            grouping.errors.push(PolicyError::NoPolicies { searched: location.name() });
            continue;
        }
        let (groups, errors) = (grouping.groups.len(), grouping.errors.len());
        add(&location, options, &mut grouping);
        if grouping.groups.len() == groups && grouping.errors.len() == errors {
            grouping.errors.push(PolicyError::NoneOfPlatform {
                platform: convention.platform().title,
                path: location.path.clone(),
            });
        }
    }
    grouping
}

/// The convention of each path, where it can be told.
pub fn conventions(options: &PolicyOptions) -> Vec<Located> {
    let located = options
        .paths
        .iter()
        .filter_map(|path| Some(Located { path: path.clone(), convention: convention(path, options).ok()? }));
    located.collect()
}

/// The convention that the user names; otherwise what the files look like. Whoever names packages means
/// conftest, the only convention that lets one choose them.
fn convention(path: &Path, options: &PolicyOptions) -> Result<Convention, PolicyError> {
    match options.convention.or_else(|| recognise::of_config(path)) {
        Some(convention) => Ok(convention),
        None if options.namespaces != Namespaces::default() => Ok(Convention::Conftest),
        None => recognise::convention(path),
    }
}
