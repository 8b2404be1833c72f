//! One resolution for all commands: flags over environment over `planguard.toml` over `conftest.toml` over defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use planguard_rego::Convention;

use super::conftest::{self, ConftestSettings};
use super::environments::{ChosenEnvironment, EnvironmentChoice, Named};
use super::origin::Origin;
use super::table::{Said, Settings};
use super::trust::{Trusted, is_tracked};
use super::{SettingsError, approve, environment, environments, file, find};
use crate::approvals::Approvals;
use crate::environments::described;
use crate::report::Notice;
use crate::run::{Run, RunSources};

/// Where a run takes its settings from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// What the flags say.
    pub flags: Said,
    /// A file of pack parameters, whose tables replace those of the settings file.
    pub parameters: Option<PathBuf>,
    /// The settings files.
    pub files: Files,
    /// Where settings, policies, data and guardrails of the project are taken from.
    pub place: Place,
    /// How the environment of the run is chosen.
    pub environment: EnvironmentChoice,
    /// A file with reviews of the change; else the one that `PLANGUARD_APPROVALS` names.
    pub approvals: Option<PathBuf>,
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

/// Where the settings, policies, data and guardrails of a project are taken from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// From the project itself.
    #[default]
    Project,
    /// From the directory or commit that a flag names, or else `PLANGUARD_TRUSTED`; from the project if neither does.
    Trusted(Option<String>),
}

/// The settings of a run.
#[derive(Debug)]
pub struct Resolution {
    /// The settings, from every source that could be read.
    pub settings: Settings,
    /// The place that they are taken from, if one is named. Files of a commit are there as long as this.
    pub trusted: Option<Trusted>,
    /// The environment whose settings count.
    pub environment: Option<ChosenEnvironment>,
    /// Who approved the change; `None` if nothing can need approval.
    pub approvals: Option<Approvals>,
    /// Which files and variables they are from.
    pub notices: Vec<Notice>,
    /// What is wrong with the sources. Unless this is empty, no verdict that rests on the settings is decided.
    pub errors: Vec<SettingsError>,
}

/// Resolves the settings of a run.
pub fn resolve(sources: Sources) -> Resolution {
    let mut notices = Vec::new();
    let (variables, mut errors) = environment::read(&sources.variables);
    note_variables(&mut notices, &variables);
    let variable = |name| sources.variables.get(name).filter(|text| !text.is_empty());
    let mut files = match (sources.files, variable(environment::CONFIG)) {
        (Files::OfProject, Some(path)) => Files::Named(PathBuf::from(path)),
        (files, _) => files,
    };
    let name = match &sources.place {
        Place::Project => None,
        Place::Trusted(flag) => flag.as_ref().or_else(|| variable(environment::TRUSTED)),
    };
    let trusted = name.and_then(|name| {
        let opened = Trusted::open(name, &sources.directory);
        opened.inspect(|trusted| note_trusted(&mut notices, trusted)).map_err(|error| errors.push(error)).ok()
    });
    if name.is_some() && trusted.is_none() {
        // Nothing of the project counts where another place was asked for.
        files = Files::None;
    }
    let mut reader = Reader { trusted: trusted.as_ref(), directory: &sources.directory, notices, errors };
    let project = reader.project(&files);
    let parameters = reader.parameters(sources.parameters);
    let [flags, variables] = [sources.flags, variables].map(|said| reader.trusted(said));
    let run = reader.run(
        &sources.environment,
        sources.approvals.as_deref(),
        &sources.variables,
        [&flags, &variables, &project],
    );
    let environment = reader.environment(&sources.environment, &sources.variables, &project, &run);
    let layered = |of_environment: Said| {
        let project = of_environment.over(parameters.clone().over(project.clone()));
        flags.clone().over_adding_packs(variables.clone().over_adding_packs(project))
    };
    let (of_environment, environment) = environment.unzip();
    let said = layered(of_environment.unwrap_or_default());
    let lower = if files == Files::OfProject && follows_conftest(&said) {
        reader.conftest(&said)
    } else {
        Said::default()
    };
    let Reader { mut notices, mut errors, .. } = reader;
    let mut settings = said.over(lower).resolve();
    errors.extend(settings.waivers_without_end());
    errors.extend(settings.refuse_own_program());
    let mut approvals = None;
    if sources.environment != EnvironmentChoice::Never {
        let others = project.environments.iter().map(|other| layered(other.said.clone()).resolve());
        errors.extend(approve::mistakes(std::iter::once(settings.clone()).chain(others)));
        approvals = approve::of_run(&settings, &run, &mut notices, &mut errors);
    }
    if let Some(trusted) = &trusted {
        trusted.complete(&settings, &mut errors);
    }
    Resolution { settings, trusted, environment, approvals, notices, errors }
}

/// Reads the files of settings, in the project or in the place that stands for it.
struct Reader<'r> {
    trusted: Option<&'r Trusted>,
    directory: &'r Path,
    notices: Vec<Notice>,
    errors: Vec<SettingsError>,
}

impl Reader<'_> {
    /// What `planguard.toml` says.
    fn project(&mut self, files: &Files) -> Said {
        let path = match (files, self.trusted) {
            (Files::None, _) => Ok(None),
            (Files::OfProject, None) => Ok(find::find(self.directory)),
            (Files::OfProject, Some(trusted)) => trusted.settings(),
            (Files::Named(path), None) => Ok(Some(path.clone())),
            (Files::Named(path), Some(trusted)) => trusted.path(path).map(Some),
        };
        let path = match path {
            Ok(Some(path)) => path,
            Ok(None) => return Said::default(),
            Err(error) => return self.failed([error]),
        };
        match find::read(&path).map_err(|error| vec![error]).and_then(|text| file::parse(&path, &text)) {
            Ok(said) => {
                let shown = self.shown(path.strip_prefix(self.directory).unwrap_or(&path));
                self.notices.push(notice("PG-CF-101", &format!("settings are read from {shown}")));
                match self.trusted {
                    Some(trusted) => trusted.sources_in_git(said, &mut self.errors),
                    None => said,
                }
            }
            Err(mistakes) => self.failed(mistakes),
        }
    }

    /// What the file of pack parameters says.
    fn parameters(&mut self, path: Option<PathBuf>) -> Said {
        let Some(path) = path else { return Said::default() };
        let there = self.trusted.map_or_else(|| Ok(path.clone()), |trusted| trusted.path(&path));
        there.and_then(|path| file::parameters(&path)).unwrap_or_else(|error| self.failed([error]))
    }

    /// What a flag or a variable says, with paths of the trusted place.
    fn trusted(&mut self, said: Said) -> Said {
        match self.trusted {
            Some(trusted) => trusted.said(said, &mut self.errors),
            None => said,
        }
    }

    /// What `conftest.toml` says.
    fn conftest(&mut self, higher: &Said) -> Said {
        let directory = match self.trusted {
            Some(trusted) => trusted.directory_with(&[conftest::CONFTEST_FILE_NAME]),
            None => Ok(find::as_seen_from_here(self.directory)),
        };
        match directory.and_then(|directory| conftest::find(&directory)) {
            Ok(None) => Said::default(),
            Ok(Some(found)) => {
                let shown = self.shown(&found.path);
                self.notices.push(conftest_notice(&found, &shown, higher));
                found.said
            }
            Err(error) => self.failed([error]),
        }
    }

    fn failed(&mut self, errors: impl IntoIterator<Item = SettingsError>) -> Said {
        self.errors.extend(errors);
        Said::default()
    }

    /// What is known of the run, if something depends on it.
    fn run(
        &mut self,
        choice: &EnvironmentChoice,
        approvals: Option<&Path>,
        variables: &BTreeMap<String, String>,
        [flags, of_variables, project]: [&Said; 3],
    ) -> Run {
        let variable = |name| variables.get(name).filter(|text| !text.is_empty());
        let approvals = approvals.map_or_else(
            || variable(environment::APPROVALS).map(PathBuf::from),
            |path| Some(path.to_owned()),
        );
        let is_needed = approvals.is_some()
            || !project.environments.is_empty()
            || [flags, of_variables, project].into_iter().any(approve::may_need);
        if *choice == EnvironmentChoice::Never || !is_needed {
            return Run::default();
        }
        // What a file of the project names as the context of the run, the change can have written.
        let context = flags.context.as_ref().or(of_variables.context.as_ref());
        let context = context.and_then(|context| context.value.clone());
        let mut errors = Vec::new();
        let sources = RunSources { variables: variables.clone(), context, approvals };
        let mut run = Run::read(&sources, &mut errors);
        self.errors.extend(errors.into_iter().map(SettingsError::from));
        let files = [sources.context, sources.approvals].into_iter().flatten();
        let own = files.filter(|_| !run.reviews.is_empty()).find(|file| is_tracked(self.directory, file));
        if let Some(path) = own {
            run.reviews.clear();
            self.errors.push(SettingsError::OwnApprovals { path });
        }
        run
    }

    /// The environment of the run, with what it changes.
    fn environment(
        &mut self,
        choice: &EnvironmentChoice,
        variables: &BTreeMap<String, String>,
        project: &Said,
        run: &Run,
    ) -> Option<(Said, ChosenEnvironment)> {
        let EnvironmentChoice::Chosen(flag) = choice else { return None };
        if project.environments.is_empty() && !self.errors.is_empty() {
            // Whatever the file would have said, the verdict is undecided.
            return None;
        }
        let variable = || variables.get(environment::ENVIRONMENT).filter(|text| !text.is_empty());
        let flag = flag.as_ref().map(|name| Named { name, origin: Origin::Flag("--env") });
        let named = flag.or_else(|| {
            variable().map(|name| Named { name, origin: Origin::Variable(environment::ENVIRONMENT) })
        });
        match environments::of_run(&project.environments, named.as_ref(), &run.facts) {
            Ok(Some((environment, chosen))) => Some((environment.said.clone(), chosen)),
            Ok(None) => {
                if !project.environments.is_empty() {
                    let why = match named {
                        Some(Named { origin, .. }) => format!("as {origin} says"),
                        None => format!("because none matches this run: {}", described(&run.facts)),
                    };
                    let message = format!("settings of no environment count, {why}");
                    self.notices.push(notice("PG-EN-101", &message));
                }
                None
            }
            Err(error) => {
                self.errors.push(error);
                None
            }
        }
    }

    /// A path as people would name it.
    fn shown(&self, path: &Path) -> String {
        let path = path.display().to_string();
        self.trusted.map_or_else(|| path.clone(), |trusted| trusted.shown(&path))
    }
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

/// Says where settings and policies are taken from.
fn note_trusted(notices: &mut Vec<Notice>, trusted: &Trusted) {
    let name = trusted.name();
    let place = trusted.described();
    let message = format!("settings, policies, data and guardrails of the project are taken from {place}");
    notices.push(notice("PG-CF-104", &message));
    if trusted.is_checked_out {
        let message =
            format!("{name} is the commit that is checked out: the change under review can edit it");
        notices.push(notice("PG-CF-105", &message));
    }
}

fn conftest_notice(found: &ConftestSettings, path: &str, higher: &Said) -> Notice {
    let mut message = match higher.paths {
        Some(_) => format!("settings of policies, except their paths, are read from {path}"),
        None => format!("settings of policies are read from {path}"),
    };
    if !found.ignored.is_empty() {
        message.push_str(&format!("; ignored keys: {}", found.ignored.join(", ")));
    }
    notice("PG-CF-102", &message)
}

fn notice(code: &'static str, message: &str) -> Notice {
    Notice::new(code, message)
}
