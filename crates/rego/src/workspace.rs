//! Policies with their tests and data for development: every package is loaded.

use std::path::{Path, PathBuf};
use std::time::Duration;

use regorus::unstable::{Module, Ref};
use regorus::{Engine, Value};

use super::beside;
use super::builtins::Files;
use super::bundle;
use super::convention::Dialect;
use super::data::{self, DataDocument};
use super::dialect;
use super::error::{PolicyError, report};
use super::evaluate::MEMORY_BASE;
use super::nesting;
use super::options::RegoVersion;
use super::program::Program;
use super::set::{self, in_time};
use super::source::{self, Source};
use super::worker::Worker;

/// The policies to load.
#[derive(Clone, Debug)]
pub struct WorkspaceOptions {
    /// Files and directories that hold `.rego` files and the data documents beside them; directories are read recursively.
    pub paths: Vec<PathBuf>,
    /// Files and directories with documents for `data`, each merged at its root.
    pub data: Vec<PathBuf>,
    /// The dialect; if `None`, each file is parsed as v1 and, if that fails, as v0.
    pub version: Option<RegoVersion>,
    /// The time limit of one query.
    pub time_limit: Duration,
    /// The queries, whose library packages are loaded too.
    pub asked: String,
}

impl Default for WorkspaceOptions {
    /// Returns options without paths, with each file's own dialect and five seconds for a query.
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            data: Vec::new(),
            version: None,
            time_limit: Duration::from_secs(5),
            asked: String::new(),
        }
    }
}

/// Loaded policies. It can be shared between threads.
#[derive(Debug)]
pub struct Workspace {
    /// The prepared engine with policies and data, and without input. A copy takes a microsecond.
    pub(super) engine: Engine,
    pub(super) modules: Vec<Ref<Module>>,
    pub(super) sources: Vec<Source>,
    pub(super) time_limit: Duration,
    problems: Vec<PolicyError>,
}

impl Workspace {
    /// Loads policies. Those that could not be loaded are omitted and reported by [`Workspace::problems`].
    ///
    /// # Errors
    ///
    /// All problems, if no policy could be loaded.
    pub fn load(options: &WorkspaceOptions) -> Result<Self, Vec<PolicyError>> {
        let options = options.clone();
        in_time(move || load(&options)).unwrap_or_else(|error| Err(vec![error]))
    }

    /// Returns an engine without policies, for queries that need none.
    ///
    /// # Errors
    ///
    /// All problems of the documents.
    pub fn without_policies(options: &WorkspaceOptions) -> Result<Self, Vec<PolicyError>> {
        let options = options.clone();
        in_time(move || {
            let mut problems = Vec::new();
            let documents = data::load(&options.data, &mut problems);
            let mut sources = Vec::new();
            bundle::complete_for(&mut sources, &options.asked);
            if !sources.is_empty() {
                return assemble(&options, sources, &documents, &set::rewrite, problems);
            }
            let mut engine = dialect::new_engine();
            set::add_data(&mut engine, &documents, &mut problems);
            engine.set_input(Value::new_object());
            let (modules, sources, time_limit) = (Vec::new(), Vec::new(), options.time_limit);
            if problems.is_empty() {
                Ok(Self { engine, modules, sources, time_limit, problems })
            } else {
                Err(problems)
            }
        })
        .unwrap_or_else(|error| Err(vec![error]))
    }

    /// Returns the errors of loading. Unless it is empty, answers are incomplete.
    pub fn problems(&self) -> &[PolicyError] {
        &self.problems
    }

    /// Returns the rules of all files.
    pub(super) fn program(&self) -> Program<'_> {
        Program::new(&self.modules, &self.sources)
    }

    /// Runs `work` on a copy of the engine, on a thread with a large stack, within `memory` bytes and the time limit.
    /// Work that stays inside one builtin for longer is abandoned.
    ///
    /// # Errors
    ///
    /// The work exceeded a limit or crashed.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&mut Engine) -> T + Send + 'static,
    ) -> Result<T, PolicyError> {
        self.ask_on(self.engine.clone(), name, work).map(|(_, answer)| answer)
    }

    /// As [`Workspace::ask`], but the engine keeps its state.
    pub(super) fn ask_on<T: Send + 'static>(
        &self,
        engine: Engine,
        name: &str,
        work: impl FnOnce(&mut Engine) -> T + Send + 'static,
    ) -> Result<(Engine, T), PolicyError> {
        let (_, engine, answer) = self.worker()?.work(engine, self.time_limit, name, work)?;
        Ok((engine, answer))
    }

    /// Returns a thread for several pieces of work, with the memory of one.
    pub(super) fn worker<T: Send + 'static>(&self) -> Result<Worker<T>, PolicyError> {
        Worker::hire(MEMORY_BASE)
    }
}

fn load(options: &WorkspaceOptions) -> Result<Workspace, Vec<PolicyError>> {
    let mut errors = Vec::new();
    let sources = source::load(&options.paths, &mut errors);
    let documents = beside::load(&options.paths, &options.data, &mut errors);
    assemble(options, sources, &documents, &set::rewrite, errors)
}

/// Checks and prepares parsed policies, using `rewrite`.
pub(super) fn assemble(
    options: &WorkspaceOptions,
    mut sources: Vec<Source>,
    documents: &[DataDocument],
    rewrite: &dyn Fn(&mut [Source], Dialect),
    mut errors: Vec<PolicyError>,
) -> Result<Workspace, Vec<PolicyError>> {
    bundle::complete_for(&mut sources, &options.asked);
    sources.retain(|source| match nesting::check(source) {
        Ok(()) => true,
        Err(error) => {
            report(&mut errors, error);
            false
        }
    });
    let dialect = options.version.map_or(Dialect::EachFile, Dialect::Given);
    rewrite(&mut sources, dialect);
    let compiled = set::compile(dialect, &mut sources, documents, &mut errors);
    let Some((mut engine, modules)) = compiled else {
        if errors.is_empty() {
            errors.push(PolicyError::nothing_in(&options.paths));
        }
        return Err(errors);
    };
    engine.set_input(Value::new_object());
    // Tests run in a workspace, and only they may read files.
    let directories = sources.iter().map(|source| {
        let parent = Path::new(&source.name).parent().filter(|parent| !parent.as_os_str().is_empty());
        parent.unwrap_or(Path::new(".")).to_owned()
    });
    if let Err(reason) = Files::below(directories).allow(&mut engine) {
        return Err(vec![PolicyError::Crashed { rule: "parse_config_file".to_owned(), reason }]);
    }
    Ok(Workspace { engine, modules, sources, time_limit: options.time_limit, problems: errors })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn load_text(text: &str) -> Result<Workspace, Vec<PolicyError>> {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("p.rego"), text).unwrap();
        Workspace::load(&WorkspaceOptions {
            paths: vec![directory.path().to_owned()],
            time_limit: Duration::from_millis(200),
            ..WorkspaceOptions::default()
        })
    }

    #[test]
    fn tests_read_files_beside_them() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("plan.yaml"), "a: on").unwrap();
        let text = "package a\ntest_a if parse_config_file(\"plan.yaml\").a == true\n";
        fs::write(directory.path().join("a_test.rego"), text).unwrap();
        let paths = vec![directory.path().to_owned()];
        let workspace = Workspace::load(&WorkspaceOptions { paths, ..WorkspaceOptions::default() }).unwrap();
        assert!(workspace.problems().is_empty());
        let answer = workspace.ask("a", |engine| engine.eval_rule("data.a.test_a".to_owned()).unwrap());
        assert_eq!(answer.unwrap(), Value::from(true));
    }

    #[test]
    fn every_package_can_be_queried() {
        let workspace =
            load_text("package a.b\n\nx := input.y + 1\n\ntest_x if x == 2 with input as {\"y\": 1}\n");
        let workspace = workspace.unwrap();
        assert!(workspace.problems().is_empty());
        let answer = workspace.ask("x", |engine| engine.eval_rule("data.a.b.test_x".to_owned()).ok());
        assert_eq!(answer.unwrap(), Some(Value::from(true)));
        assert_eq!(workspace.program().documents.len(), 2);
    }

    #[test]
    fn an_endless_query_is_abandoned() {
        let text = "package a\n\nx if {\n\tsome i in numbers.range(1, 100000)\n\tsome j in numbers.range(1, 100000)\n\ti * j < 0\n}\n";
        let answer = load_text(text).unwrap().ask("data.a.x", |engine| {
            engine.eval_rule("data.a.x".to_owned()).map_err(|error| error.to_string())
        });
        assert!(
            matches!(&answer, Ok(Err(reason)) if reason.contains("time")) || answer.is_err(),
            "{answer:?}"
        );
    }

    #[test]
    fn loading_no_policy_is_an_error() {
        assert_eq!(load_text("package a\nx if {").unwrap_err().len(), 1);
        assert!(!Workspace::load(&WorkspaceOptions::default()).unwrap_err().is_empty());
    }
}
