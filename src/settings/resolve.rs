//! One resolution for all commands: flags over environment over `planguard.toml` over `conftest.toml` over defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use planguard_plan::redact::{Redactor, SafeText};
use planguard_rego::Convention;

use super::conftest::{self, ConftestSettings};
use super::origin::Origin;
use super::table::{Said, Settings};
use super::{SettingsError, environment, file, find};
use crate::report::Notice;

/// Where a run takes its settings from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// What the flags say.
    pub flags: Said,
    /// A file of pack parameters, whose tables replace those of the settings file.
    pub parameters: Option<PathBuf>,
    /// The settings files.
    pub files: Files,
    /// The environment.
    pub variables: BTreeMap<String, String>,
    /// The working directory.
    pub directory: PathBuf,
}

/// Which settings files are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Files {
    /// The `planguard.toml` of the project, and the `conftest.toml` of the working directory.
    #[default]
    OfProject,
    /// This file.
    Named(PathBuf),
    /// None.
    None,
}

/// The settings of a run.
#[derive(Debug)]
pub struct Resolution {
    /// The settings, from every source that could be read.
    pub settings: Settings,
    /// Which files and variables they are from.
    pub notices: Vec<Notice>,
    /// What is wrong with the sources. Unless this is empty, no verdict that rests on the settings is decided.
    pub errors: Vec<SettingsError>,
}

/// Resolves the settings of a run.
pub fn resolve(sources: Sources) -> Resolution {
    let mut notices = Vec::new();
    let (variables, mut errors) = environment::read(&sources.variables);
    let files = match (sources.files, sources.variables.get(environment::CONFIG)) {
        (Files::OfProject, Some(path)) if !path.is_empty() => Files::Named(PathBuf::from(path)),
        (files, _) => files,
    };
    let path = match &files {
        Files::OfProject => find::find(&sources.directory),
        Files::Named(path) => Some(path.clone()),
        Files::None => None,
    };
    let project = path.map_or_else(Said::default, |path| {
        let read = find::read(&path).map_err(|error| vec![error]);
        match read.and_then(|text| file::parse(&path, &text)) {
            Ok(said) => {
                let shown = shown(&path, &sources.directory);
                notices.push(notice("PG-CF-101", &format!("settings are read from {shown}")));
                said
            }
            Err(mistakes) => {
                errors.extend(mistakes);
                Said::default()
            }
        }
    });
    let parameters = sources.parameters.map_or_else(Said::default, |path| {
        file::parameters(&path).unwrap_or_else(|error| {
            errors.push(error);
            Said::default()
        })
    });
    note_variables(&mut notices, &variables);
    let said = sources.flags.over_adding_packs(variables.over_adding_packs(parameters.over(project)));
    let lower = if files == Files::OfProject && follows_conftest(&said) {
        match conftest::find(&find::as_seen_from_here(&sources.directory)) {
            Ok(None) => Said::default(),
            Ok(Some(found)) => {
                notices.push(conftest_notice(&found, &said));
                found.said
            }
            Err(error) => {
                errors.push(error);
                Said::default()
            }
        }
    } else {
        Said::default()
    };
    Resolution { settings: said.over(lower).resolve(), notices, errors }
}

/// Whether `conftest.toml` counts: nobody has named another platform.
fn follows_conftest(said: &Said) -> bool {
    let named = said.convention.as_ref().and_then(|convention| convention.value.named());
    named.is_none_or(|convention| convention == Convention::CONFTEST)
}

/// Names the variables that set something.
fn note_variables(notices: &mut Vec<Notice>, said: &Said) {
    let entries = said.clone().resolve().entries();
    let names: Vec<&str> = entries
        .iter()
        .filter_map(|entry| if let Origin::Variable(name) = entry.origin { Some(name) } else { None })
        .collect();
    if !names.is_empty() {
        let message = format!("settings are read from the environment: {}", names.join(", "));
        notices.push(notice("PG-CF-103", &message));
    }
}

fn conftest_notice(found: &ConftestSettings, higher: &Said) -> Notice {
    let path = found.path.display();
    let mut message = match higher.paths {
        Some(_) => format!("settings of policies, except their paths, are read from {path}"),
        None => format!("settings of policies are read from {path}"),
    };
    if !found.ignored.is_empty() {
        message.push_str(&format!("; ignored keys: {}", found.ignored.join(", ")));
    }
    notice("PG-CF-102", &message)
}

/// A path as the user of the directory would name it.
fn shown(path: &Path, directory: &Path) -> String {
    path.strip_prefix(directory).unwrap_or(path).display().to_string()
}

fn notice(code: &'static str, message: &str) -> Notice {
    Notice { code: SafeText::fixed(code), message: Redactor::default().text(message) }
}
