//! Runs the plan cases and guardrail cases below paths.

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

use super::outcome::{TestKind, TestOutcome, TestResult, UpdatedCase};
use crate::cases::{CaseFile, CaseOutcome, CaseStatus, RunOptions, is_case_file, run_guardrail_file};

/// The key of a TOML file that contains guardrails.
const GUARDRAIL_KEY: &str = "guardrail";

/// What to do with failing cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailedCases {
    /// Report them.
    #[default]
    Report,
    /// Update their expectations to the actual findings.
    Update,
}

/// The result of all cases.
#[derive(Debug, Default)]
pub(super) struct CasesRun {
    pub tests: Vec<TestResult>,
    pub problems: Vec<Problem>,
    pub updated: Vec<UpdatedCase>,
    /// The number of cases not selected by name.
    pub deselected: usize,
    pub coverage: Vec<Coverage>,
}

/// The options for running cases.
#[derive(Clone, Copy, Debug)]
pub(super) struct CasesOptions<'o> {
    pub run: Option<&'o Regex>,
    pub jobs: NonZeroUsize,
    pub on_failed: OnFailedCases,
    pub options: RunOptions,
}

/// A file with cases.
enum CaseSource {
    Plans(PathBuf),
    Guardrails(PathBuf),
}

/// Runs the cases of every file below `paths`, several files in parallel.
pub(super) fn run(paths: &[PathBuf], ignored: &[String], options: &CasesOptions<'_>) -> CasesRun {
    let mut all = CasesRun::default();
    let files = find(paths, &Ignored::new(ignored), &mut all.problems);
    let division = Division { at_most: options.jobs, stack: Stack::Plan };
    let work = |(): &mut (), file: &CaseSource| match file {
        CaseSource::Plans(path) => plan_cases(path, options),
        CaseSource::Guardrails(path) => guardrail_cases(path, options),
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

/// The files of guardrails and of plan cases that a test of these paths reads.
#[derive(Debug, Default)]
pub struct TestedFiles {
    /// The files of guardrails.
    pub guardrails: Vec<PathBuf>,
    /// The files of plan cases.
    pub cases: Vec<PathBuf>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// The files of guardrails and of plan cases among paths and in directories.
pub fn tested_files(paths: &[PathBuf]) -> TestedFiles {
    let mut files = TestedFiles::default();
    for source in find(paths, &Ignored::new(&[]), &mut files.problems) {
        match source {
            CaseSource::Plans(path) => files.cases.push(path),
            CaseSource::Guardrails(path) => files.guardrails.push(path),
        }
    }
    files
}

/// Returns the files without duplicates, in the order of the paths and then by name. Hidden directories are skipped.
fn find(paths: &[PathBuf], ignored: &Ignored<'_>, problems: &mut Vec<Problem>) -> Vec<CaseSource> {
    let (mut files, mut named): (Vec<PathBuf>, Vec<PathBuf>) = (Vec::new(), Vec::new());
    for path in paths {
        let is_hidden = |entry: &walkdir::DirEntry| {
            entry.depth() > 0
                && entry.file_type().is_dir()
                && entry.file_name().to_string_lossy().starts_with('.')
        };
        let entries = WalkDir::new(path).sort_by_file_name().into_iter();
        // The loader of policies reports unreadable paths.
        for entry in entries.filter_entry(|entry| !is_hidden(entry)).flatten() {
            let is_toml = entry.path().extension().is_some_and(|extension| extension == "toml");
            if !is_toml || entry.file_type().is_dir() || ignored.matches(paths, entry.path()) {
                continue;
            }
            // A link may point to a file with cases, or be broken.
            match std::fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_file() => {
                    if entry.depth() == 0 {
                        named.push(entry.path().to_owned());
                    }
                    files.push(entry.into_path());
                }
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => {
                    let error = std::io::Error::other("not a regular file");
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
            found.push(CaseSource::Plans(file.clone()));
            continue;
        }
        match std::fs::read_to_string(file) {
            Ok(text) if may_hold_guardrails(&text) => found.push(CaseSource::Guardrails(file.clone())),
            // A file that is passed explicitly may have any name.
            Ok(_) if named.contains(file) => found.push(CaseSource::Plans(file.clone())),
            Ok(_) => {}
            Err(error) => problems.push(unreadable(file, &error)),
        }
    }
    found
}

/// Returns whether a TOML file may contain guardrails, in any notation; an invalid file may.
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
            // Cases that are not selected are not updated.
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
        Err(errors) => run.problems.extend(errors.iter().map(|error| problem(error))),
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

/// Returns the name that `--run` matches.
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
            CaseStatus::Passed => TestOutcome::Passed,
            CaseStatus::Failed => TestOutcome::Failed,
            CaseStatus::Undecided => TestOutcome::Error,
        },
        duration: case.took,
        reasons: Vec::new(),
        stopped_at: None,
        diff: case.diff.lines,
        output: case.prints,
        cases: Vec::new(),
    }
}
