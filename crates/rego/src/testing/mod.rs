//! Runs the tests of Rego policies as `opa test` does.
//!
//! `discover` finds the tests, `run` evaluates them, and `coverage` says
//! which lines of the policies that has reached. How tests of one name are kept apart and how cases are told is in the
//! front end.

mod coverage;
mod discover;
mod run;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::beside::{self, Wanted};
use super::builtins::Files;
use super::convention::regula_library;
use super::data;
use super::error::{PolicyError, report};
use super::files;
use super::frontend::{self, Preparation, outline};
use super::options::RegoVersion;
use super::set::{self, in_time};
use super::source::{Source, display_name};
use super::workspace::{self, Workspace, WorkspaceOptions};

pub use super::beside::{Ignored, IgnoredDocument};
pub use coverage::{FileCoverage, Hits, RuleCoverage};
pub use discover::{RegoTest, TestState};
pub use run::{CaseRun, FailedBecause, RegoOutcome, Stop, TestRun};

/// The policies and tests to run.
#[derive(Clone, Debug)]
pub struct RegoTestOptions {
    /// Files and directories with policies, tests and documents.
    pub paths: Vec<PathBuf>,
    /// Files and directories with documents for `data`, each merged at its root.
    pub data: Vec<PathBuf>,
    /// Names of files and directories to ignore; `*` and `?` are wildcards.
    pub ignore: Vec<String>,
    /// The dialect; if `None`, each file is parsed as v1 and, if that fails, as v0.
    pub version: Option<RegoVersion>,
    /// The time limit of one test.
    pub time_limit: Duration,
    /// Whether coverage is measured.
    pub measure: Measure,
}

/// What to measure while tests run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Nothing, at full speed.
    #[default]
    Nothing,
    /// The lines that are evaluated.
    Coverage,
}

impl Default for RegoTestOptions {
    /// Returns options without paths, with each file's own dialect and five seconds for a test, as in `opa test`.
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            data: Vec::new(),
            ignore: Vec::new(),
            version: None,
            time_limit: Duration::from_secs(5),
            measure: Measure::Nothing,
        }
    }
}

/// Loaded policies and tests. They can be shared between threads.
#[derive(Debug, Default)]
pub struct RegoTests {
    /// `None` if no policy could be loaded.
    workspace: Option<Workspace>,
    files: Vec<TestedFile>,
    tests: Vec<RegoTest>,
    ignored: Vec<IgnoredDocument>,
    problems: Vec<PolicyError>,
    measure: Measure,
}

/// A policy file with its outline.
#[derive(Debug)]
struct TestedFile {
    source: Source,
    outline: outline::Outline,
    lines: LineStarts,
}

/// The starts of the lines of a text.
#[derive(Debug)]
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        Self([0].into_iter().chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// Returns the line of an offset, counted from 1.
    fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.0.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    /// Returns the lines from the start to the end of a range.
    fn lines(&self, range: &std::ops::Range<usize>) -> std::ops::RangeInclusive<u32> {
        self.line(range.start)..=self.line(range.end.saturating_sub(1).max(range.start))
    }
}

impl RegoTests {
    /// Loads policies, tests and data.
    ///
    /// Files that could not be loaded are omitted and reported by [`RegoTests::problems`]. No policies at all are not
    /// a problem, since there may be plan cases.
    pub fn load(options: &RegoTestOptions) -> Self {
        let options = options.clone();
        in_time(move || load(&options))
            .unwrap_or_else(|error| Self { problems: vec![error], ..Self::default() })
    }

    /// Returns the tests, by file and line.
    pub fn tests(&self) -> &[RegoTest] {
        &self.tests
    }

    /// Returns the errors of loading. Unless it is empty, results are incomplete.
    pub fn problems(&self) -> &[PolicyError] {
        &self.problems
    }

    /// Returns the documents beside the policies that were not loaded as data.
    pub fn ignored(&self) -> &[IgnoredDocument] {
        &self.ignored
    }

    /// Returns the number of policy files.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }
}

fn load(options: &RegoTestOptions) -> RegoTests {
    let mut problems = Vec::new();
    let ignored_by_name = Ignored::new(&options.ignore);
    let mut sources = Vec::new();
    for path in files::find(&options.paths, &["rego"], &mut problems) {
        // A named file is tested whatever its extension, but is a policy only with `.rego`.
        let is_policy = path.extension().is_some_and(|extension| extension == "rego");
        if !is_policy || ignored_by_name.matches(&options.paths, &path) {
            continue;
        }
        match files::read(&path) {
            Ok(text) => {
                let name = display_name(&path);
                sources.push(Source::new(name.strip_prefix("./").unwrap_or(&name), text));
            }
            Err(error) => problems.push(error),
        }
    }
    if sources.is_empty() {
        return RegoTests { problems, measure: options.measure, ..RegoTests::default() };
    }
    let mut found = beside::beside(&options.paths, &ignored_by_name, Wanted::All, &mut problems);
    found.documents.extend(data::load(&options.data, &mut problems));
    let files: Vec<TestedFile> = sources
        .iter()
        .filter_map(|source| {
            // Unreadable files are reported when they are loaded.
            let outline = outline::outline(&source.text)?;
            Some(TestedFile { lines: LineStarts::of(&source.text), source: source.clone(), outline })
        })
        .collect();
    let (mut tests, renames) = discover::discover(&files);
    let preparations = preparations(&files, &renames, options.measure);
    sources.extend(regula_library(&sources));
    sources.extend(frontend::network_for_tests(&sources));
    let workspace_options = WorkspaceOptions {
        paths: options.paths.clone(),
        data: options.data.clone(),
        version: options.version,
        time_limit: options.time_limit,
        ..WorkspaceOptions::default()
    };
    let rewrite = |sources: &mut [Source], dialect| {
        set::rewrite_by(sources, dialect, &|source, version, known| {
            let none = Preparation::default();
            let preparation = preparations.get(&source.name).unwrap_or(&none);
            set::reading(frontend::rewrite_for_tests(source, version, known, preparation))
        });
    };
    let loaded = workspace::assemble(&workspace_options, sources, &found.documents, &rewrite, Vec::new());
    let workspace = match loaded {
        Ok(mut workspace) => {
            // Only engines for tests have these functions.
            let _ = Files::below(directories(&options.paths)).allow(&mut workspace.engine);
            workspace.problems().iter().for_each(|problem| report(&mut problems, problem.clone()));
            let is_loaded = |file: &str| workspace.sources.iter().any(|source| source.name == file);
            tests.retain(|test| is_loaded(&test.location.file));
            Some(workspace)
        }
        Err(errors) => {
            errors.into_iter().for_each(|error| report(&mut problems, error));
            tests.clear();
            None
        }
    };
    RegoTests { workspace, files, tests, ignored: found.ignored, problems, measure: options.measure }
}

/// Returns the directories from which tests may read files: the named ones, and those of named files.
fn directories(paths: &[PathBuf]) -> impl Iterator<Item = PathBuf> {
    paths.iter().map(|path| match path.parent() {
        Some(parent) if path.is_file() && parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) if path.is_file() => parent.to_owned(),
        Some(_) | None => path.clone(),
    })
}

/// Returns the preparation of each file for the front end.
fn preparations(
    files: &[TestedFile],
    renames: &BTreeMap<(usize, usize), String>,
    measure: Measure,
) -> BTreeMap<String, Preparation> {
    let preparation = |(index, file): (usize, &TestedFile)| {
        let renames = renames.range((index, 0)..(index + 1, 0));
        let preparation = Preparation {
            renames: renames.map(|((_, at), name)| (*at, name.clone())).collect(),
            measured_as: match measure {
                Measure::Nothing => None,
                Measure::Coverage => Some(index),
            },
        };
        (file.source.name.clone(), preparation)
    };
    files.iter().enumerate().map(preparation).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::num::NonZeroUsize;

    use super::*;

    fn suite(files: &[(&str, &str)], options: &RegoTestOptions) -> RegoTests {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::create_dir_all(directory.path().join(name).parent().unwrap()).unwrap();
            fs::write(directory.path().join(name), text).unwrap();
        }
        RegoTests::load(&RegoTestOptions { paths: vec![directory.path().to_owned()], ..options.clone() })
    }

    fn run_all(tests: &RegoTests) -> (Vec<TestRun>, Hits) {
        let all: Vec<usize> = (0..tests.tests().len()).collect();
        tests.run(&all, NonZeroUsize::new(3).unwrap())
    }

    /// Returns each test with its outcome.
    fn outcomes(text: &str) -> Vec<String> {
        let tests = suite(&[("p_test.rego", text)], &RegoTestOptions::default());
        assert!(tests.problems().is_empty(), "{:?}", tests.problems());
        let (runs, _) = run_all(&tests);
        let word = |run: &TestRun| match &run.outcome {
            RegoOutcome::Passed => "passed".to_owned(),
            RegoOutcome::Failed(because) => format!("{because:?}"),
            RegoOutcome::Skipped => "skipped".to_owned(),
            RegoOutcome::Error(error) => format!("{error}"),
        };
        runs.iter().map(|run| format!("{}: {}", tests.tests()[run.test].name, word(run))).collect()
    }

    #[test]
    fn only_true_passes() {
        let text = "package p\nimport rego.v1\ntest_a if true\ntest_b if false\ntest_c := false\ntest_d := 1\n\
                    todo_test_e if true\na.test_f := true\ntest_g contains 1\ntest_h(x) if x\ntest_i.j if true\n\
                    a[\"test_k\"] := true\n";
        let expected = [
            "test_a: passed",
            "test_b: Undefined",
            "test_c: False",
            "test_d: NotABoolean(\"a number\")",
            "todo_test_e: skipped",
            "a.test_f: passed",
            "test_g: NotABoolean(\"a set\")",
            "test_h: Function",
            "test_i: NotABoolean(\"an object\")",
            "a.test_k: passed",
        ];
        assert_eq!(outcomes(text), expected);
    }

    #[test]
    fn tests_with_the_same_name_do_not_hide_each_other() {
        let text = "package p\ntest_a if false\ntest_a if true\ntest_a if { false } { true }\ndefault test_b := false\n\
                    test_b if true\n";
        let expected = [
            "test_a: Undefined",
            "test_a#01: passed",
            "test_a#02: Undefined",
            "test_a#03: passed",
            "test_b: False",
            "test_b#01: passed",
        ];
        assert_eq!(outcomes(text), expected);
    }

    #[test]
    fn cases_are_reported_by_name() {
        let text = "package p\ntest_a[c.note] if {\n\tsome c in [{\"note\": \"one\", \"x\": 1}, {\"note\": \"two\", \"x\": 2}]\n\
                    \tc.x == 1\n}\ntest_b[x] if {\n\tsome x in [1, 2]\n\tx > 0\n}\ntest_c[x] if some x in []\n\
                    test_d[x][y] := y > 1 if {\n\tx := \"x\"\n\tsome y in [1, 2]\n}\n";
        let tests = suite(&[("p_test.rego", text)], &RegoTestOptions::default());
        let (runs, _) = run_all(&tests);
        let cases = |run: &TestRun| -> Vec<(String, bool)> {
            run.cases.iter().map(|case| (case.name.join("/"), case.passed)).collect()
        };
        assert_eq!(cases(&runs[0]), [("one".to_owned(), true), ("two".to_owned(), false)]);
        assert!(matches!(runs[0].outcome, RegoOutcome::Failed(FailedBecause::Cases)));
        assert_eq!(cases(&runs[1]), [("1".to_owned(), true), ("2".to_owned(), true)]);
        assert!(matches!(runs[1].outcome, RegoOutcome::Passed));
        assert!(matches!(runs[2].outcome, RegoOutcome::Failed(FailedBecause::NoCases)));
        assert_eq!(cases(&runs[3]), [("x/1".to_owned(), false), ("x/2".to_owned(), true)]);
    }

    #[test]
    fn input_data_and_functions_are_replaced() {
        let policy = "package p\ndeny contains data.limits.text if input.x > data.limits.max\n\
                      f(x) := net.cidr_is_valid(x)\ng(x) := f(x)\n";
        let test = "package p_test\nimport data.p\ntest_input if p.deny == {\"t\"} with input as {\"x\": 2}\n\
                    test_data if count(p.deny) == 0 with input.x as 2 with data.limits.max as 3\n\
                    test_function if p.f(\"x\") with net.cidr_is_valid as mock\nmock(_) := true\n\
                    test_own if p.g(\"x\") == \"m\" with data.p.f as \"m\"\ntest_by_import if p.g(\"x\") with p.f as mock\n";
        let files = [
            ("p.rego", policy),
            ("t_test.rego", test),
            ("limits/data.json", "{\"max\": 1, \"text\": \"t\"}"),
        ];
        let (runs, _) = run_all(&suite(&files, &RegoTestOptions::default()));
        assert!(runs.iter().all(|run| matches!(run.outcome, RegoOutcome::Passed)), "{runs:#?}");
        assert_eq!(runs.len(), 5);
    }

    #[test]
    fn files_beside_tests_are_read() {
        let test = "package p\nimport rego.v1\ntest_a if parse_config_file(\"x.json\").n == 2\n";
        let files = [("a/p_test.rego", test), ("a/x.json", "{\"n\": 2}"), ("b/x.json", "{\"n\": 1}")];
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::create_dir_all(directory.path().join(name).parent().unwrap()).unwrap();
            fs::write(directory.path().join(name), text).unwrap();
        }
        let paths = vec![directory.path().to_owned()];
        let (runs, _) = run_all(&RegoTests::load(&RegoTestOptions { paths, ..RegoTestOptions::default() }));
        assert!(matches!(runs[0].outcome, RegoOutcome::Passed), "{runs:?}");
    }

    #[test]
    fn a_failing_test_reports_its_place_and_prints() {
        let text = "package p\ntest_a if {\n\tx := 1\n\tprint(\"x is\", x)\n\tx == \\\n2\n\tx == 3\n}\n";
        let tests = suite(&[("p_test.rego", &text.replace("\\\n", "\n\t\t"))], &RegoTestOptions::default());
        let (runs, _) = run_all(&tests);
        let stop = runs[0].stopped_at.clone().unwrap();
        assert_eq!((stop.location.line, stop.statement.as_str()), (5, "x == \n\t\t2"));
        assert_eq!(runs[0].prints.len(), 1);
        assert!(runs[0].prints[0].ends_with("p_test.rego:4: x is 1"), "{:?}", runs[0].prints);
    }

    #[test]
    fn the_parts_of_a_failure_do_not_meet_rules_that_were_added() {
        let deep = format!("{}1{}", "{\"a\": [".repeat(20), "]}".repeat(20));
        let text = format!(
            "package p\ntest_a if count(input.a[0].a) == 3 with count as sum with input as {deep}\n\
             test_b if count([2, 3]) == 3 with count as sum\n"
        );
        let (runs, _) = run_all(&suite(&[("p_test.rego", &text)], &RegoTestOptions::default()));
        let stop = runs[1].stopped_at.clone().unwrap();
        assert!(stop.parts.contains(&"`count([2, 3])` is 5".to_owned()), "{:?}", stop.parts);
    }

    #[test]
    fn a_failing_builtin_is_undefined_and_reported() {
        let text = "package p\ntest_a if not to_number(\"x\")\ntest_b if to_number(\"x\") == 1\n";
        let (runs, _) = run_all(&suite(&[("p_test.rego", text)], &RegoTestOptions::default()));
        assert!(matches!(runs[0].outcome, RegoOutcome::Passed), "{runs:?}");
        assert!(matches!(runs[1].outcome, RegoOutcome::Failed(FailedBecause::Undefined)));
        assert!(runs.iter().all(|run| matches!(run.swallowed, Some(PolicyError::SwallowedError { .. }))));
    }

    #[test]
    fn a_test_that_takes_too_long_is_an_error() {
        let text = "package p\ntest_a if {\n\tsome i in numbers.range(1, 100000)\n\tsome j in numbers.range(1, 100000)\n\
                    \ti * j < 0\n}\ntest_b if true\n";
        let options = RegoTestOptions { time_limit: Duration::from_millis(200), ..Default::default() };
        let (runs, _) = run_all(&suite(&[("p_test.rego", text)], &options));
        let RegoOutcome::Error(error) = &runs[0].outcome else { panic!("{runs:?}") };
        assert!(matches!(**error, PolicyError::OutOfTime { .. }));
        assert!(matches!(runs[1].outcome, RegoOutcome::Passed));
    }

    #[test]
    fn files_that_cannot_be_loaded_are_problems_and_the_rest_runs() {
        let files =
            [("a_test.rego", "package a\ntest_a if true\n"), ("b_test.rego", "package b\ntest_b if {\n")];
        let tests = suite(&files, &RegoTestOptions::default());
        assert_eq!(tests.problems().len(), 1);
        assert_eq!(run_all(&tests).0.len(), 1);
        assert!(suite(&[("x.txt", "")], &RegoTestOptions::default()).problems().is_empty());
    }

    #[test]
    fn files_of_both_dialects_run_together() {
        let files =
            [("a_test.rego", "package a\ntest_a { data.b.x }\n"), ("b.rego", "package b\nx if true\n")];
        let tests = suite(&files, &RegoTestOptions::default());
        assert!(tests.problems().is_empty(), "{:?}", tests.problems());
        assert!(matches!(run_all(&tests).0[0].outcome, RegoOutcome::Passed));
    }

    #[test]
    fn coverage_lists_reached_lines() {
        let policy = "package p\n\ndefault allow := false\n\nallow if {\n\tinput.x == 1\n\tinput.y == 1\n}\n\n\
                      deny contains msg if {\n\tsome x in input.xs\n\tx > 1\n\tmsg := \"more\"\n}\n\n\
                      level := \"high\" if {\n\tinput.x == 1\n} else := \"low\" if {\n\tinput.x == 2\n} else := [x |\n\tx := 1\n]\n\n\
                      limit := 7\n\nnever if {\n\tsome v\n\tinput.vs[v] == [w |\n\t\tw := input.ws[_]\n\t]\n}\n";
        let test = "package p_test\nimport data.p\ntest_a if not p.allow with input as {\"x\": 1}\n\
                    test_b if count(p.deny) == 1 with input.xs as [1, 2]\n\
                    test_c if p.level == \"low\" with input.x as 2\ntest_d if p.level == [1] with input.x as 3\n";
        let options = RegoTestOptions { measure: Measure::Coverage, ..RegoTestOptions::default() };
        let tests = suite(&[("p.rego", policy), ("p_test.rego", test)], &options);
        assert!(tests.problems().is_empty(), "{:?}", tests.problems());
        let (runs, hits) = run_all(&tests);
        assert!(runs.iter().all(|run| matches!(run.outcome, RegoOutcome::Passed)), "{runs:#?}");
        let coverage = tests.coverage(&hits);
        let [file] = coverage.as_slice() else { panic!("{coverage:?}") };
        assert_eq!(Vec::from_iter(&file.covered), [&3, &6, &7, &10, &11, &12, &13, &17, &18, &19, &20, &21]);
        assert_eq!(Vec::from_iter(&file.uncovered), [&5, &16, &24, &26, &28, &29]);
        let never: Vec<&str> =
            file.rules.iter().filter(|rule| !rule.evaluated).map(|rule| rule.path.as_str()).collect();
        assert_eq!(never, ["data.p.limit", "data.p.never"]);
    }
}
