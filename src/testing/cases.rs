//! Runs the plan cases and the cases beside guardrails that are found below paths.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use planguard_plan::problem::Problem;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_rego::Coverage;
use planguard_rego::testing::Ignored;
use planguard_threads::{self as threads, Division, Stack};
use regex::Regex;
use walkdir::WalkDir;

use super::outcome::{Outcome, TestKind, TestResult, UpdatedCase};
use crate::cases::{CaseFile, CaseOutcome, CaseStatus, RunOptions, is_case_file, run_guardrail_file};

/// What tells a file of guardrails from other TOML.
const GUARDRAIL_KEY: &str = "guardrail";

/// What is done with cases that fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailedCases {
    /// They are reported.
    #[default]
    Report,
    /// What was found is written into their files as what is expected.
    Update,
}

/// What came of all cases.
#[derive(Debug, Default)]
pub(super) struct CasesRun {
    pub tests: Vec<TestResult>,
    pub problems: Vec<Problem>,
    pub updated: Vec<UpdatedCase>,
    /// How many cases have names that were not asked for.
    pub deselected: usize,
    pub coverage: Vec<Coverage>,
}

/// How cases are run.
#[derive(Clone, Copy, Debug)]
pub(super) struct CasesOptions<'o> {
    pub run: Option<&'o Regex>,
    pub jobs: NonZeroUsize,
    pub on_failed: OnFailedCases,
    pub options: RunOptions,
}

/// A file with cases.
enum Found {
    Plans(PathBuf),
    Guardrails(PathBuf),
}

/// Runs the cases of every file below `paths`, several files at a time.
pub(super) fn run(paths: &[PathBuf], ignored: &[String], options: &CasesOptions<'_>) -> CasesRun {
    let mut all = CasesRun::default();
    let files = find(paths, &Ignored::new(ignored), &mut all.problems);
    let division = Division { at_most: options.jobs, stack: Stack::Plan };
    let work = |(): &mut (), file: &Found| match file {
        Found::Plans(path) => plan_cases(path, options),
        Found::Guardrails(path) => guardrail_cases(path, options),
    };
    for run in threads::map_with(&files, division, || (), work).0 {
        all.tests.extend(run.tests);
        all.problems.extend(run.problems);
        all.updated.extend(run.updated);
        all.deselected += run.deselected;
        all.coverage.extend(run.coverage);
    }
    all
}

/// The files, each once, in the order of the paths and then of the names. Hidden directories are passed over.
fn find(paths: &[PathBuf], ignored: &Ignored<'_>, problems: &mut Vec<Problem>) -> Vec<Found> {
    let (mut files, mut named): (Vec<PathBuf>, Vec<PathBuf>) = (Vec::new(), Vec::new());
    for path in paths {
        let is_hidden = |entry: &walkdir::DirEntry| {
            entry.depth() > 0
                && entry.file_type().is_dir()
                && entry.file_name().to_string_lossy().starts_with('.')
        };
        let entries = WalkDir::new(path).sort_by_file_name().into_iter();
        // What cannot be read is told by whoever looks for policies in the same place.
        for entry in entries.filter_entry(|entry| !is_hidden(entry)).flatten() {
            let is_toml = entry.path().extension().is_some_and(|extension| extension == "toml");
            if !is_toml || entry.file_type().is_dir() || ignored.matches(paths, entry.path()) {
                continue;
            }
            // A link may lead to a file of cases, or to nothing where one should be.
            match std::fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_file() => {
                    if entry.depth() == 0 {
                        named.push(entry.path().to_owned());
                    }
                    files.push(entry.into_path());
                }
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => {
                    let error = std::io::Error::other("it is not a regular file");
                    problems.push(unreadable(entry.path(), &error));
                }
                Err(error) => problems.push(unreadable(entry.path(), &error)),
            }
        }
    }
    let mut found = Vec::new();
    for (index, file) in files.iter().enumerate() {
        if files[..index].contains(file) {
            continue;
        }
        if is_case_file(file) {
            found.push(Found::Plans(file.clone()));
            continue;
        }
        match std::fs::read_to_string(file) {
            Ok(text) if may_hold_guardrails(&text) => found.push(Found::Guardrails(file.clone())),
            // Whoever names a file means it, whatever it is called.
            Ok(_) if named.contains(file) => found.push(Found::Plans(file.clone())),
            Ok(_) => {}
            Err(error) => problems.push(unreadable(file, &error)),
        }
    }
    found
}

/// Whether a TOML file holds guardrails, in whatever way the table is written. One that is broken may have meant to.
fn may_hold_guardrails(text: &str) -> bool {
    match text.parse::<toml::Table>() {
        Ok(table) => table.contains_key(GUARDRAIL_KEY),
        Err(_) => text.contains(GUARDRAIL_KEY),
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> Problem {
    let error = super::TestError::Unreadable { file: file.to_owned(), reason: error.to_string() };
    problem(&error)
}

fn problem(error: &dyn Diagnostic) -> Problem {
    Problem::new(error, None, &Redactor::default())
}

fn plan_cases(path: &Path, options: &CasesOptions<'_>) -> CasesRun {
    let mut run = CasesRun::default();
    let name = display(path);
    let is_chosen = |case: &str| options.run.is_none_or(|pattern| pattern.is_match(&whole_name(&name, case)));
    let look = |run: &mut CasesRun| -> Option<(CaseFile, Vec<CaseOutcome>)> {
        let file = CaseFile::read(path)
            .map_err(|errors| run.problems.extend(errors.iter().map(|error| problem(error))))
            .ok()?;
        if !file.names().any(is_chosen) {
            run.deselected = file.names().count();
            return None;
        }
        match file.run(options.options) {
            Ok(outcome) => {
                run.coverage.extend(outcome.coverage);
                Some((file, outcome.cases))
            }
            Err(errors) => {
                run.problems.extend(errors.iter().map(|error| problem(error)));
                None
            }
        }
    };
    let Some((file, mut outcomes)) = look(&mut run) else { return run };
    if options.on_failed == OnFailedCases::Update
        && outcomes.iter().any(|outcome| outcome.status == CaseStatus::Failed)
    {
        for outcome in outcomes.iter_mut().filter(|outcome| !is_chosen(outcome.name.unescaped())) {
            // What was not asked for stays as it is.
            outcome.status = CaseStatus::Passed;
        }
        match file.bless(&outcomes) {
            Ok(blessed) => {
                let rewritten = outcomes
                    .iter()
                    .filter(|outcome| blessed.rewritten.iter().any(|name| name == outcome.name.unescaped()));
                run.updated.extend(rewritten.map(|outcome| UpdatedCase {
                    file: Redactor::default().text(&name),
                    line: outcome.line,
                    name: outcome.name.clone(),
                    diff: outcome.diff.lines.clone(),
                }));
                let Some((_, again)) = look(&mut run) else { return run };
                outcomes = again;
            }
            Err(error) => run.problems.push(problem(&error)),
        }
    }
    run.take(outcomes, TestKind::PlanCase, &name, is_chosen);
    run
}

fn guardrail_cases(path: &Path, options: &CasesOptions<'_>) -> CasesRun {
    let mut run = CasesRun::default();
    let name = display(path);
    match run_guardrail_file(path) {
        Ok(outcomes) => run.take(outcomes, TestKind::GuardrailCase, &name, |case| {
            options.run.is_none_or(|pattern| pattern.is_match(&whole_name(&name, case)))
        }),
        Err(error) => run.problems.push(problem(&error)),
    }
    run
}

impl CasesRun {
    fn take(
        &mut self,
        outcomes: Vec<CaseOutcome>,
        kind: TestKind,
        file: &str,
        is_chosen: impl Fn(&str) -> bool,
    ) {
        let all = outcomes.len();
        let chosen = outcomes.into_iter().filter(|outcome| is_chosen(outcome.name.unescaped()));
        let before = self.tests.len();
        self.tests.extend(chosen.map(|outcome| result(outcome, kind, file)));
        self.deselected += all - (self.tests.len() - before);
    }
}

/// What `--run` is matched with.
fn whole_name(file: &str, case: &str) -> String {
    format!("{file}: {case}")
}

fn display(path: &Path) -> String {
    let name = path.to_string_lossy().replace('\\', "/");
    name.strip_prefix("./").unwrap_or(&name).to_owned()
}

fn result(case: CaseOutcome, kind: TestKind, file: &str) -> TestResult {
    TestResult {
        kind,
        file: Redactor::default().text(file),
        line: case.line as u64,
        package: SafeText::default(),
        name: case.name,
        outcome: match case.status {
            CaseStatus::Passed => Outcome::Passed,
            CaseStatus::Failed => Outcome::Failed,
            CaseStatus::Undecided => Outcome::Error,
        },
        duration: case.took,
        reasons: Vec::new(),
        stopped_at: None,
        diff: case.diff.lines,
        output: case.prints,
        cases: Vec::new(),
    }
}
