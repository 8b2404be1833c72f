//! Evaluates tests in parallel and determines their outcomes.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use planguard_threads::{self as threads, Division, Stack};
use regorus::{Engine, Value};

use super::coverage::{self, Hits};
use super::discover::{RegoTest, TestState};
use super::{Measure, RegoTests};
use crate::builtins::{Lenience, Told, prefer_files_in, take_told};
use crate::cpu_time;
use crate::error::PolicyError;
use crate::evaluate::{self, Failure};
use crate::finding::PolicyLocation;
use crate::frontend::outline::{Depth, RuleForm};
use crate::source::{excerpt, read_message};
use crate::worker::Worker;
use crate::workspace::Workspace;

/// The result of a test.
#[derive(Clone, Debug)]
pub struct TestRun {
    /// The index in [`RegoTests::tests`].
    pub test: usize,
    /// The outcome.
    pub outcome: RegoOutcome,
    /// The duration.
    pub duration: Duration,
    /// The printed lines, as `file:line: text`.
    pub prints: Vec<String>,
    /// The results of its cases, if it has any: `test_x[name]`.
    pub cases: Vec<CaseRun>,
    /// The unsatisfied statement of a failing test.
    pub stopped_at: Option<Stop>,
    /// A builtin that failed. As in OPA, its result was undefined.
    pub swallowed: Option<PolicyError>,
}

/// The outcome of a test.
#[derive(Clone, Debug)]
pub enum RegoOutcome {
    /// Its value, or that of every case, is `true`.
    Passed,
    /// It failed.
    Failed(FailedBecause),
    /// It is skipped.
    Skipped,
    /// It could not be evaluated.
    Error(Box<PolicyError>),
}

/// The reason why a test failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedBecause {
    /// Its value is undefined.
    Undefined,
    /// Its value is `false`.
    False,
    /// Its value is not a boolean.
    NotABoolean(&'static str),
    /// Cases failed.
    Cases,
    /// It has no cases.
    NoCases,
    /// It is a function, which is never called.
    Function,
}

/// A case of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRun {
    /// The name, after the names of the enclosing cases.
    pub name: Vec<String>,
    /// Whether it passed.
    pub passed: bool,
}

/// An unsatisfied statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The place of its start.
    pub location: PolicyLocation,
    /// The source text.
    pub statement: String,
    /// What its parts are, such as "`count(deny)` is 1".
    pub parts: Vec<String>,
}

/// The engine's answer.
struct TestAnswer {
    value: Result<Value, Failure>,
    swallowed: Option<String>,
    prints: Vec<String>,
    reported: Told,
}

impl RegoTests {
    /// Runs the tests with these indexes, `jobs` at a time. The results are in the order of the indexes.
    pub fn run(&self, chosen: &[usize], jobs: NonZeroUsize) -> (Vec<TestRun>, Hits) {
        let Some(workspace) = &self.workspace else { return (Vec::new(), Hits::default()) };
        let division = Division { at_most: jobs, stack: Stack::Plan };
        let start = || Lane { tests: self, workspace, worker: None, engine: None, hits: Hits::default() };
        let (runs, lanes) = threads::map_with(chosen, division, start, |lane, &test| {
            self.tests.get(test).map(|found| lane.run(test, found))
        });
        let mut hits = Hits::default();
        lanes.into_iter().for_each(|lane| hits.merge(lane.finish()));
        // A test that was chosen twice ran twice and counts once.
        let runs: BTreeMap<usize, TestRun> = runs.into_iter().flatten().map(|run| (run.test, run)).collect();
        (runs.into_values().collect(), hits)
    }
}

/// Runs tests one after the other.
struct Lane<'s> {
    tests: &'s RegoTests,
    workspace: &'s Workspace,
    worker: Option<Worker<TestAnswer>>,
    /// The engine that counts lines, or that has evaluated another test: a new copy must allocate room for every
    /// expression of every policy.
    engine: Option<Engine>,
    hits: Hits,
}

/// How many threads the tests of each file have started, and how many copies of the engine they have taken.
#[cfg(test)]
static TAKEN: std::sync::Mutex<BTreeMap<String, (usize, usize)>> = std::sync::Mutex::new(BTreeMap::new());

impl Lane<'_> {
    fn run(&mut self, index: usize, test: &RegoTest) -> TestRun {
        let mut run = TestRun {
            test: index,
            outcome: RegoOutcome::Skipped,
            duration: Duration::ZERO,
            prints: Vec::new(),
            cases: Vec::new(),
            stopped_at: None,
            swallowed: None,
        };
        if test.state == TestState::Todo {
            return run;
        }
        if test.kind == RuleForm::Function {
            run.outcome = RegoOutcome::Failed(FailedBecause::Function);
            return run;
        }
        let start = Instant::now();
        let answer = self.ask(test);
        run.duration = start.elapsed();
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                run.outcome = RegoOutcome::Error(Box::new(error));
                return run;
            }
        };
        run.prints = std::mem::take(&mut answer.prints);
        let path = test.path();
        if let (Some(message), Ok(_)) = (&answer.swallowed, &answer.value) {
            run.swallowed = Some(self.failed(&path, message, Certainty::Swallowed));
        }
        run.outcome = match answer.value {
            Ok(value) => {
                run.cases = cases(&value, test.kind, &answer.reported);
                judge(&value, test.kind, &run.cases)
            }
            Err(failure) => RegoOutcome::Error(Box::new(self.error(&path, failure))),
        };
        if let RegoOutcome::Failed(FailedBecause::Undefined) = run.outcome {
            run.stopped_at = self.stopped_at(test);
        }
        self.hits.places(answer.reported.reached);
        run
    }

    /// Returns the work on an engine for a test.
    fn work(&self, test: &RegoTest) -> impl FnOnce(&mut Engine) -> TestAnswer + Send + use<> {
        let path = test.engine_path.clone();
        let beside = Path::new(&test.location.file).parent().map(Path::to_owned).unwrap_or_default();
        let beside = if beside.as_os_str().is_empty() { PathBuf::from(".") } else { beside };
        let limit = self.workspace.time_limit;
        move |engine| {
            prefer_files_in(beside);
            answer(engine, &path, limit)
        }
    }

    fn ask(&mut self, test: &RegoTest) -> Result<TestAnswer, PolicyError> {
        #[cfg(test)]
        {
            let mut taken = TAKEN.lock().unwrap();
            let (threads, copies) = taken.entry(test.location.file.clone()).or_default();
            *threads += usize::from(self.worker.is_none());
            *copies += usize::from(self.engine.is_none());
        }
        let mut engine = match self.tests.measure {
            Measure::Nothing => self.engine.take(),
            // What was counted must not be lost with a test that is abandoned.
            Measure::Coverage => self.engine.clone(),
        }
        .unwrap_or_else(|| self.workspace.engine.clone());
        if self.tests.measure == Measure::Coverage {
            engine.set_enable_coverage(true);
        }
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => self.workspace.worker()?,
        };
        let limit = self.workspace.time_limit;
        let (worker, engine, answer) = worker.work(engine, limit, &test.path(), self.work(test))?;
        self.worker = Some(worker);
        // An evaluation that an error has ended may leave something behind.
        let is_clean = answer.value.is_ok() && answer.swallowed.is_none();
        if is_clean || self.tests.measure == Measure::Coverage {
            self.engine = Some(engine);
        }
        Ok(answer)
    }

    fn error(&self, rule: &str, failure: Failure) -> PolicyError {
        let rule_name = rule.to_owned();
        match failure {
            Failure::Time => {
                PolicyError::OutOfTime { rule: rule_name, limit_ms: self.workspace.time_limit.as_millis() }
            }
            Failure::Memory => PolicyError::OutOfMemory { rule: rule_name, limit: evaluate::MEMORY_BASE },
            Failure::Depth => {
                PolicyError::ResultShape { rule: rule_name, shape: "a value that nests too deeply" }
            }
            Failure::Size => PolicyError::ResultShape { rule: rule_name, shape: "a value that is too large" },
            Failure::Other(message) => self.failed(rule, &message, Certainty::Failed),
        }
    }

    fn failed(&self, rule: &str, message: &str, certainty: Certainty) -> PolicyError {
        let message = read_message(message, &self.workspace.sources);
        let (text, at) = excerpt(&message, &self.workspace.sources).unzip();
        let (rule, reason, at) = (rule.to_owned(), message.reason, at.flatten());
        match certainty {
            Certainty::Swallowed => PolicyError::SwallowedError { rule, reason, text, at },
            Certainty::Failed => PolicyError::RuleFailed { rule, reason, text, at },
        }
    }

    /// Returns the last statement of a test's body that was evaluated, which is the one that is not satisfied:
    /// evaluates the test again and examines the reached lines. Statements are evaluated in file order, unless one
    /// needs a variable that a later one assigns.
    fn stopped_at(&self, test: &RegoTest) -> Option<Stop> {
        let file = self.tests.files.get(test.file)?;
        let rule = file.outline.rules.get(test.rule)?;
        let mut engine = self.workspace.engine.clone();
        engine.clear_coverage_data();
        engine.set_enable_coverage(true);
        let (engine, _) = self.workspace.ask_on(engine, &test.path(), self.work(test)).ok()?;
        let lines = coverage::lines(&engine).remove(&file.source.name)?;
        let body = rule.branches.iter().flat_map(|branch| &branch.statements);
        let mut reached = body
            .filter(|statement| statement.depth == Depth::Outer)
            .filter(|statement| lines.range(file.lines.lines(&statement.span)).next().is_some());
        let statement = reached.next_back()?;
        let parts = self.workspace.parts_of_failure(&test.path(), &file.source.name, &statement.span);
        Some(Stop {
            parts,
            location: PolicyLocation {
                file: file.source.name.clone(),
                line: u64::from(file.lines.line(statement.span.start)),
            },
            statement: file.source.text.get(statement.span.clone())?.to_owned(),
        })
    }

    fn finish(mut self) -> Hits {
        if let (Measure::Coverage, Some(engine)) = (self.tests.measure, &self.engine) {
            self.hits.lines(coverage::lines(engine));
        }
        self.hits
    }
}

/// The effect of an engine's error on the test.
#[derive(Clone, Copy)]
enum Certainty {
    /// It may still pass.
    Swallowed,
    /// It has no value.
    Failed,
}

/// Evaluates a test strictly to find failing builtins, and then as OPA does, with their results undefined.
fn answer(engine: &mut Engine, path: &str, limit: Duration) -> TestAnswer {
    take_told();
    let (value, prints) = value(engine, path, limit);
    match value {
        Err(Failure::Other(message)) => {
            // Cases that passed in the first attempt are recorded; the cases will start again.
            let mut reported = Told { cases: Vec::new(), ..take_told() };
            engine.set_strict_builtin_errors(false);
            let lenience = Lenience::grant();
            let (value, prints) = self::value(engine, path, limit);
            drop(lenience);
            engine.set_strict_builtin_errors(true);
            let again = take_told();
            reported.cases = again.cases;
            reported.reached.extend(again.reached);
            TestAnswer { value, swallowed: Some(message), prints, reported }
        }
        value => TestAnswer { value, swallowed: None, prints, reported: take_told() },
    }
}

fn value(engine: &mut Engine, path: &str, limit: Duration) -> (Result<Value, Failure>, Vec<String>) {
    match evaluate::evaluate(engine, path, limit) {
        // A path that is only a prefix of rules, as `test_x` is for `test_x.a`.
        (Err(Failure::Other(message)), _) if message.contains("not a valid rule path") => {
            let query = |engine: &mut Engine| engine.eval_query(path.to_owned(), false);
            let value = cpu_time::limited(engine, limit, query).map_err(Failure::from).map(|results| {
                let expression =
                    results.result.into_iter().next().and_then(|row| row.expressions.into_iter().next());
                expression.map_or(Value::Undefined, |expression| expression.value)
            });
            (value, engine.take_prints().unwrap_or_default())
        }
        evaluated => evaluated,
    }
}

fn judge(value: &Value, kind: RuleForm, cases: &[CaseRun]) -> RegoOutcome {
    let because = match (kind, value) {
        (RuleForm::Object, Value::Object(_) | Value::Undefined) if cases.is_empty() => FailedBecause::NoCases,
        (RuleForm::Object, Value::Object(_) | Value::Undefined) => {
            if cases.iter().all(|case| case.passed) {
                return RegoOutcome::Passed;
            }
            FailedBecause::Cases
        }
        (_, Value::Bool(true)) => return RegoOutcome::Passed,
        (_, Value::Bool(false)) => FailedBecause::False,
        (_, Value::Undefined) => FailedBecause::Undefined,
        (_, Value::Null) => FailedBecause::NotABoolean("null"),
        (_, Value::Number(_)) => FailedBecause::NotABoolean("a number"),
        (_, Value::String(_)) => FailedBecause::NotABoolean("a string"),
        (_, Value::Array(_)) => FailedBecause::NotABoolean("an array"),
        (_, Value::Set(_)) => FailedBecause::NotABoolean("a set"),
        (_, Value::Object(_)) => FailedBecause::NotABoolean("an object"),
    };
    RegoOutcome::Failed(because)
}

/// Returns the cases of a test by name: those in its value, and those that started and are not in it, which failed.
fn cases(value: &Value, kind: RuleForm, reported: &Told) -> Vec<CaseRun> {
    if kind != RuleForm::Object {
        return Vec::new();
    }
    let mut found = BTreeMap::new();
    in_value(value, &mut Vec::new(), &mut found);
    for case in &reported.cases {
        let keys = case.as_array().map(|keys| keys.iter().map(key).collect()).unwrap_or_default();
        found.entry(keys).or_insert(false);
    }
    found.into_iter().map(|(name, passed)| CaseRun { name, passed }).collect()
}

fn in_value(value: &Value, name: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, bool>) {
    match value {
        Value::Object(object) => {
            for (field, value) in object.iter_sorted() {
                name.push(key(field));
                in_value(value, name, found);
                name.pop();
            }
        }
        Value::Undefined => {}
        value => {
            found.insert(name.clone(), *value == Value::from(true));
        }
    }
}

/// Returns a key as text.
fn key(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::RegoTestOptions;
    use super::*;

    #[test]
    fn tests_share_a_thread_and_an_engine_until_one_fails_to_evaluate() {
        let directory = tempfile::tempdir().unwrap();
        let passing: String = (0..20)
            .map(|number| format!("test_{number} if x == {number} with input as {{\"n\": {number}}}\n"))
            .collect();
        let failing =
            "test_a if x == 1 with input as {\"n\": 2}\ntest_b if x.y == to_number(\"n\")\ntest_c if true\n";
        let counted = [("passing", passing.as_str(), (1, 1)), ("failing", failing, (1, 2))].map(
            |(name, tests, taken)| {
                let path = directory.path().join(format!("{name}_test.rego"));
                std::fs::write(&path, format!("package {name}\nx := input.n\n{tests}")).unwrap();
                let loaded = RegoTests::load(&RegoTestOptions {
                    paths: vec![path.clone()],
                    ..RegoTestOptions::default()
                });
                assert!(loaded.problems().is_empty(), "{:?}", loaded.problems());
                let all: Vec<usize> = (0..loaded.tests().len()).collect();
                let (runs, _) = loaded.run(&all, NonZeroUsize::MIN);
                let passed = runs.iter().filter(|run| matches!(run.outcome, RegoOutcome::Passed)).count();
                (passed, TAKEN.lock().unwrap()[&loaded.tests()[0].location.file], taken)
            },
        );
        let [(passed, taken, expected), (others, taken_by_others, expected_of_others)] = counted;
        assert_eq!((passed, taken), (20, expected));
        assert_eq!((others, taken_by_others), (1, expected_of_others));
    }
}
