//! Evaluates a policy set on a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use planguard_plan::Plan;
use regorus::{Engine, Value};

use super::builtins::Lenience;
use super::convention::conftest::{self, ExceptsNothing};
use super::convention::{self, Unusable};
use super::coverage::Coverage;
use super::cpu_time::{self, Budget, Stopped, Watch};
use super::error::{ConventionError, PolicyError, report};
use super::finding::PolicyFinding;
use super::options::PolicyOptions;
use super::plan_index;
use super::plan_value::{self, Sections};
use super::rule::PolicyRule;
use super::set::{self, PolicySet};
use super::shell::{self, Memory};
use super::source;
use super::unknown::{self, Judged};
use super::unshared::is_larger;

/// The memory limit of an evaluation, apart from the size of the plan.
pub(super) const MEMORY_BASE: u64 = 512 << 20;

/// The memory for each byte of the plan's text: for its value, and for values that policies compute.
const MEMORY_FACTOR: u64 = 8;

/// The maximum depth of a result. Policies can nest values by the thousand, but renderers run on an ordinary stack.
pub(super) const RESULT_DEPTH: usize = plan_value::DEPTH_LIMIT / 4;

/// The maximum number of values within a result, of which a report shows each.
pub(super) const RESULT_SIZE: usize = 1 << 20;

/// The literals and members that the search for what depends on unknown values may cost on one plan: a few seconds.
const STEP_LIMIT: u64 = 10_000_000;

/// The maximum number of printed lines in a report.
const PRINT_LIMIT: usize = 1_000;

/// A plan to evaluate policies on.
#[derive(Clone, Copy, Debug)]
pub struct PolicyInput<'t> {
    /// The plan's path, or `-`; policies read it as `data.conftest.file`.
    pub name: &'t str,
    /// The plan's JSON, as printed by `terraform show -json`.
    pub text: &'t str,
    /// The plan's model, which tells what is known only after apply; without it, an unknown value is absent.
    pub plan: Option<&'t Plan<'t>>,
    /// What the plan costs, as a JSON object; only policies that [read it](crate::Policies::reads_cost) need it.
    pub cost: Option<&'t str>,
}

/// The result of a policy set on one plan.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// The findings, ordered by rule.
    pub findings: Vec<PolicyFinding>,
    /// The errors of rules whose result is missing or unreliable.
    pub errors: Vec<PolicyError>,
    /// The failed builtins of rules that were evaluated again as OPA does, with the failed calls undefined. The
    /// findings of these rules are listed, but others may be missing.
    pub diagnostics: Vec<PolicyError>,
    /// Rules excepted by the policies themselves.
    pub exceptions: Vec<PolicyException>,
    /// The lines printed by policies, as `file:line: text`.
    pub prints: Vec<String>,
    /// The number of rules with a result.
    pub rules_evaluated: usize,
    /// The paths of the rules without findings.
    pub rules_without_result: Vec<String>,
    /// The paths of the rules of which it could not be told whether they depend on unknown values.
    pub not_told: Vec<String>,
}

impl Evaluation {
    /// Returns whether every rule has a reliable result. The set's own [problems](PolicySet::problems) are separate.
    pub fn is_decided(&self) -> bool {
        self.errors.is_empty() && self.diagnostics.is_empty()
    }
}

/// A rule whose findings an `exception` rule suppresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyException {
    /// The path of the excepted rule.
    pub rule: String,
    /// The name in the exception; empty for a rule without a suffix.
    pub suffix: String,
    /// The number of suppressed findings. Conftest counts an exception even if the rule has no findings.
    pub withheld: usize,
}

impl PolicySet {
    /// Evaluates every rule on a plan.
    ///
    /// This always ends: all rules together have [`PolicyOptions::PLAN_FACTOR`] times the time limit, in CPU time, so
    /// that the result does not depend on what else the machine does. A rule that exceeds its limit inside a single
    /// builtin, where the engine cannot interrupt it, is abandoned on its thread; until it ends, it keeps using a
    /// processor and its share of the memory limit. A rule that exceeded its limit is not evaluated on another plan.
    pub fn evaluate(&self, plan: PolicyInput<'_>) -> Evaluation {
        let mut evaluation = Evaluation::default();
        let work = Work::new(plan, self.memory_limit, self.time_limit);
        match read_plan(plan, &self.sections) {
            Ok(value) => self.evaluate_on(&value, plan, &work, &mut evaluation),
            Err(error) => evaluation.errors.push(error),
        }
        evaluation
    }

    /// Evaluates every rule on a parsed plan.
    pub(super) fn evaluate_on(
        &self,
        value: &Value,
        plan: PolicyInput<'_>,
        work: &Work,
        evaluation: &mut Evaluation,
    ) {
        let prepared =
            self.cost(plan).and_then(|cost| Ok((self.prepare(value, cost.as_ref(), plan.name)?, cost)));
        match prepared {
            Ok((engine, cost)) => {
                self.run(engine, work, evaluation);
                self.judge_unknown(value, cost.as_ref(), plan, evaluation);
            }
            Err(error) => evaluation.errors.push(error),
        }
    }

    /// What the plan costs, if a rule reads it.
    fn cost(&self, plan: PolicyInput<'_>) -> Result<Option<Value>, PolicyError> {
        let text = plan.cost.filter(|_| self.reads_cost);
        let value = text.map(Value::from_json_str).transpose();
        value.map_err(|error| PolicyError::InvalidInput {
            plan: plan.name.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Adds what depends on values that are known only after apply.
    fn judge_unknown(
        &self,
        value: &Value,
        cost: Option<&Value>,
        plan: PolicyInput<'_>,
        evaluation: &mut Evaluation,
    ) {
        let (Some(reader), Some(model)) = (&self.unknown, plan.plan) else { return };
        let unknown = reader.relevant(&self.sources, model);
        if unknown.is_empty() {
            return;
        }
        let judged = Judged {
            reader,
            sources: &self.sources,
            rules: &self.rules,
            text: plan.text,
            plan: model,
            unknown: &unknown,
            step_limit: STEP_LIMIT,
        };
        let told = shell::run(|| {
            let mut told = evaluation.clone();
            let mut data = self.engine.get_data();
            if self.reads_file_name {
                let file = file_data(plan.name)["conftest"]["file"].clone();
                data = unknown::replaced(&data, &["conftest", "file"], file);
            }
            unknown::judge(&judged, value, &|plan| self.input(plan, cost), data, &mut told);
            told
        });
        match told {
            Ok(told) => *evaluation = told,
            // A crash there takes nothing away from what the engine said.
            Err(_) => evaluation.not_told.extend(self.rules.iter().map(|rule| rule.path.clone())),
        }
    }

    /// The input of the rules for a plan.
    fn input(&self, plan: &Value, cost: Option<&Value>) -> Value {
        let input = self.frame.around(plan);
        if self.reads_index { plan_index::added(&input, cost) } else { input }
    }

    /// Returns a copy of the engine with the input.
    fn prepare(&self, plan: &Value, cost: Option<&Value>, name: &str) -> Result<Engine, PolicyError> {
        let prepared = shell::run(|| {
            let mut engine = self.engine.clone();
            engine.set_input(self.input(plan, cost));
            // Adding data makes the engine prepare again, which takes longer than most evaluations; so it is done
            // only if needed, and once for all rules.
            if self.reads_file_name {
                engine.add_data(file_data(name)).map_err(|error| error.to_string())?;
                set::prepared(&mut engine)?;
            }
            Ok(engine)
        });
        prepared
            .and_then(|engine| engine)
            .map_err(|reason| PolicyError::InvalidInput { plan: name.to_owned(), reason })
    }

    fn run(&self, engine: Engine, work: &Work, evaluation: &mut Evaluation) {
        let bytes = work.bytes;
        let exceptions = self.exceptions.values().map(String::as_str);
        let paths: Vec<String> =
            exceptions.chain(self.rules.iter().map(|rule| rule.path.as_str())).map(str::to_owned).collect();
        let paths = self.without_slow(paths, evaluation);
        let PathResults { answers, failures, unreached } = self.ask_all(&engine, work, &paths);
        evaluation.errors.extend(failures.into_values());
        if !unreached.is_empty() {
            let rules = unreached.iter().map(|place| paths[*place].clone()).collect();
            evaluation.errors.push(PolicyError::NotReached { rules });
        }
        let excepted = self.excepted(&answers, evaluation);
        for rule in &self.rules {
            // A rule without an answer has an error.
            let Some(answer) = answers.get(&rule.path) else { continue };
            self.note(&rule.path, answer, bytes, evaluation);
            if let Ok(value) = &answer.value {
                conclude(rule, value, &excepted, evaluation);
            }
        }
        for path in self.exceptions.values() {
            if let Some(answer) = answers.get(path) {
                self.note(path, answer, bytes, evaluation);
            }
        }
        // Two rules that use the same helper print its lines twice.
        let mut seen = BTreeSet::new();
        evaluation.prints.retain(|line| seen.insert(line.clone()));
        if evaluation.prints.len() > PRINT_LIMIT {
            let more = evaluation.prints.len() - PRINT_LIMIT;
            evaluation.prints.truncate(PRINT_LIMIT);
            evaluation.prints.push(format!("{more} more lines were printed"));
        }
    }

    /// Leaves out, with an error, what exceeded its time limit on another plan, or on this one with its objects as they
    /// were. The run is undecided already, and would only take longer.
    fn without_slow(&self, paths: Vec<String>, evaluation: &mut Evaluation) -> Vec<String> {
        let (left_out, paths): (Vec<String>, Vec<String>) =
            paths.into_iter().partition(|path| self.is_slow(path));
        evaluation.errors.extend(left_out.into_iter().map(|rule| PolicyError::OutOfTimeBefore { rule }));
        paths
    }

    /// Whether a rule exceeded its time limit before.
    pub(super) fn is_slow(&self, rule: &str) -> bool {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner).contains(rule)
    }

    /// The error of a rule that exceeded its time limit, which is kept in mind.
    fn out_of_time(&self, rule: String) -> PolicyError {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner).insert(rule.clone());
        PolicyError::OutOfTime { rule, limit_ms: self.time_limit.as_millis() }
    }

    /// The error of a rule whose thread is abandoned.
    fn given_up(&self, rule: String, attempt: Attempt) -> PolicyError {
        match attempt {
            // Rules that were evaluated together are evaluated one by one.
            Attempt::Strict => PolicyError::OutOfTime { rule, limit_ms: self.time_limit.as_millis() },
            Attempt::ThenLenient => self.out_of_time(rule),
        }
    }

    /// Evaluates paths one after the other, until one of the budgets is spent.
    pub(super) fn ask(
        &self,
        engine: &Engine,
        work: &Work,
        paths: &[(usize, String)],
        attempt: Attempt,
        budgets: &[&Budget],
    ) -> PathResults {
        let spend = |time| budgets.iter().for_each(|budget| budget.spend(time));
        let mut asked = PathResults::default();
        let mut worker: Option<Worker> = None;
        for (index, (place, path)) in paths.iter().enumerate() {
            if budgets.iter().any(|budget| budget.is_spent()) {
                asked.unreached.extend(paths[index..].iter().map(|(place, _)| *place));
                break;
            }
            let busy = match worker.take() {
                Some(worker) => worker,
                None => {
                    let rest = paths[index..].iter().map(|(_, path)| path.clone()).collect();
                    match self.start(engine, &work.memory, rest, attempt) {
                        Ok(worker) => worker,
                        Err(reason) => {
                            asked.failures.insert(*place, PolicyError::NoThread { reason });
                            break;
                        }
                    }
                }
            };
            let rule = path.clone();
            match busy.watch.wait(&busy.answers, self.time_limit) {
                Ok((answer, time)) => {
                    spend(time);
                    match answer {
                        Ok(answer) => {
                            asked.answers.insert(rule, answer);
                        }
                        Err(reason) => {
                            asked.failures.insert(*place, PolicyError::Crashed { rule, reason });
                        }
                    }
                    worker = Some(busy);
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let reason = "its thread ended".to_owned();
                    asked.failures.insert(*place, PolicyError::Crashed { rule, reason });
                }
                // The next rule gets a new thread.
                Err(RecvTimeoutError::Timeout) => {
                    spend(self.time_limit);
                    asked.failures.insert(*place, self.given_up(rule, attempt));
                }
            }
        }
        asked
    }

    /// Starts a thread that evaluates the paths in order.
    fn start(
        &self,
        engine: &Engine,
        memory: &Arc<Memory>,
        paths: Vec<String>,
        attempt: Attempt,
    ) -> Result<Worker, String> {
        let (send, answers) = mpsc::channel();
        let watch = Watch::default();
        let watched = watch.clone();
        let (engine, memory, limit) = (engine.clone(), Arc::clone(memory), self.time_limit);
        shell::detach(move || {
            let _memory = memory;
            watched.over_this_thread();
            let mut used = None;
            for path in paths {
                let evaluate = || answer(&engine, &mut used, &path, limit, attempt);
                if send.send(cpu_time::measured(|| shell::guard(evaluate))).is_err() {
                    return;
                }
            }
        })?;
        Ok(Worker { answers, watch })
    }

    /// Records a rule's errors and printed lines.
    fn note(&self, rule: &str, answer: &PathResult, bytes: u64, evaluation: &mut Evaluation) {
        evaluation.prints.extend(answer.prints.iter().cloned());
        if let Some(coverage) = &self.coverage {
            coverage.lock().unwrap_or_else(PoisonError::into_inner).merge(&answer.reached);
        }
        let rule = rule.to_owned();
        // A rule that fails both ways has no incomplete result.
        if let (Some(message), Ok(_)) = (&answer.swallowed, &answer.value) {
            let message = source::read_message(message, &self.sources);
            let (text, at) = source::excerpt(&message, &self.sources).unzip();
            let (reason, at) = (message.reason, at.flatten());
            let error = PolicyError::SwallowedError { rule: rule.clone(), reason, text, at };
            report(&mut evaluation.diagnostics, error);
        }
        let error = match &answer.value {
            Ok(_) => return,
            Err(Failure::Time) => self.out_of_time(rule),
            Err(Failure::Memory) => PolicyError::OutOfMemory { rule, limit: bytes },
            Err(Failure::Depth) => PolicyError::ResultShape { rule, shape: "a value that nests too deeply" },
            Err(Failure::Size) => PolicyError::ResultShape { rule, shape: "a value that is too large" },
            Err(Failure::Other(message)) => {
                let message = source::read_message(message, &self.sources);
                let (text, at) = source::excerpt(&message, &self.sources).unzip();
                PolicyError::RuleFailed { rule, reason: message.reason, text, at: at.flatten() }
            }
        };
        report(&mut evaluation.errors, error);
    }

    /// Returns the exceptions of each package.
    fn excepted(
        &self,
        answers: &BTreeMap<String, PathResult>,
        evaluation: &mut Evaluation,
    ) -> BTreeMap<String, BTreeSet<String>> {
        let mut excepted = BTreeMap::new();
        for (package, path) in &self.exceptions {
            let Some(PathResult { value: Ok(value), .. }) = answers.get(path) else { continue };
            match conftest::excepted(value) {
                Ok(suffixes) => {
                    excepted.insert(package.clone(), suffixes.into_iter().collect());
                }
                Err(ExceptsNothing) => {
                    evaluation.errors.push(PolicyError::ExceptionShape { rule: path.clone() });
                }
            }
        }
        excepted
    }
}

/// The time and memory limits of all sets together for one plan.
pub(super) struct Work {
    memory: Arc<Memory>,
    bytes: u64,
    pub budget: Budget,
    /// The length of the plan's text.
    pub size: usize,
}

impl Work {
    pub(super) fn new(plan: PolicyInput<'_>, memory_limit: Option<u64>, time_limit: Duration) -> Self {
        let size = u64::try_from(plan.text.len()).unwrap_or(u64::MAX);
        let bytes =
            memory_limit.unwrap_or_else(|| size.saturating_mul(MEMORY_FACTOR).saturating_add(MEMORY_BASE));
        let budget = Budget::new(time_limit.saturating_mul(PolicyOptions::PLAN_FACTOR));
        Self { memory: Arc::new(Memory::reserve(bytes)), bytes, budget, size: plan.text.len() }
    }
}

/// Parses the sections of a plan that policies use.
pub(super) fn read_plan(plan: PolicyInput<'_>, sections: &Sections) -> Result<Value, PolicyError> {
    shell::run(|| plan_value::read(plan.text, sections))
        .and_then(|value| value)
        .map_err(|reason| PolicyError::InvalidInput { plan: plan.name.to_owned(), reason })
}

/// Converts a rule's value to findings, unless it is excepted.
fn conclude(
    rule: &PolicyRule,
    value: &Value,
    excepted: &BTreeMap<String, BTreeSet<String>>,
    evaluation: &mut Evaluation,
) {
    evaluation.rules_evaluated += 1;
    let results = convention::results(rule, value);
    if results.is_empty() {
        evaluation.rules_without_result.push(rule.path.clone());
    }
    let mut found = Vec::new();
    for result in results {
        let rule = rule.path.clone();
        match result {
            Ok(finding) => found.push(finding),
            Err(Unusable::Shape(shape)) => {
                report(&mut evaluation.errors, PolicyError::ResultShape { rule, shape });
            }
            Err(Unusable::NoArray(shape)) => {
                report(
                    &mut evaluation.errors,
                    PolicyError::Convention(ConventionError::NoArray { rule, shape }),
                );
            }
            Err(Unusable::NoMessage) => report(&mut evaluation.errors, PolicyError::NoMessage { rule }),
        }
    }
    let suffix = conftest::suffix(&rule.name, rule.kind).unwrap_or_default();
    if excepted.get(&rule.package).is_some_and(|suffixes| suffixes.contains(suffix)) {
        evaluation.exceptions.push(PolicyException {
            rule: rule.path.clone(),
            suffix: suffix.to_owned(),
            withheld: found.len(),
        });
    } else {
        evaluation.findings.append(&mut found);
    }
}

/// Returns `data.conftest.file` as conftest sets it (`filepath.Base` and `filepath.Dir` of the plan's path).
pub(super) fn file_data(name: &str) -> Value {
    let path = Path::new(name);
    let base = path.file_name().map_or_else(|| name.to_owned(), |base| base.to_string_lossy().into_owned());
    let parent = path.parent().map(|parent| parent.to_string_lossy().into_owned());
    let directory = parent.filter(|parent| !parent.is_empty()).unwrap_or_else(|| ".".to_owned());
    let object = |entries: Vec<(&str, Value)>| {
        Value::from(
            entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect::<BTreeMap<_, _>>(),
        )
    };
    let file = object(vec![("name", base.into()), ("dir", directory.into())]);
    object(vec![("conftest", object(vec![("file", file)]))])
}

/// How a rule is evaluated.
#[derive(Clone, Copy, Debug)]
pub(super) enum Attempt {
    /// Once and strictly.
    Strict,
    /// After an error, once more as OPA does.
    ThenLenient,
}

/// A thread that evaluates paths in order.
struct Worker {
    /// The result of each path, or the message of a panic, with the CPU time that it took.
    answers: Receiver<(Result<PathResult, String>, Duration)>,
    watch: Watch,
}

impl PathResult {
    /// Returns the value of a rule that was evaluated together with others, unless it had errors, or printed lines,
    /// whose order matters.
    pub(super) fn undisturbed(self) -> Option<Value> {
        let Self { value, swallowed, prints, reached: _ } = self;
        value.ok().filter(|_| swallowed.is_none() && prints.is_empty())
    }

    pub(super) fn of(value: Value) -> Self {
        Self { value: Ok(value), swallowed: None, prints: Vec::new(), reached: Coverage::default() }
    }
}

/// The results of several paths, by their index.
#[derive(Default)]
pub(super) struct PathResults {
    pub answers: BTreeMap<String, PathResult>,
    /// The errors of paths without a result.
    pub failures: BTreeMap<usize, PolicyError>,
    /// The paths that were not evaluated in time.
    pub unreached: BTreeSet<usize>,
}

/// The engine's result for one path.
pub(super) struct PathResult {
    value: Result<Value, Failure>,
    /// The error of the builtin that stopped the strict evaluation.
    swallowed: Option<String>,
    prints: Vec<String>,
    /// The reached lines, if the engine records them.
    reached: Coverage,
}

/// The reason why a path has no value.
pub(super) enum Failure {
    Time,
    Memory,
    /// The value nests too deeply for the stack of the caller.
    Depth,
    /// The value is larger than what anybody reads, perhaps because it shares its parts.
    Size,
    Other(String),
}

impl From<Stopped> for Failure {
    /// The engine returns its errors as text, so the text decides.
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Time => Self::Time,
            Stopped::Failed(message) if message.contains("execution exceeded memory limit") => Self::Memory,
            Stopped::Failed(message) => Self::Other(message),
        }
    }
}

/// Evaluates a path strictly, to detect every error, and after an error once more as OPA does. A copy of the engine
/// that had no error is used again, since a new one must allocate room for every expression of every policy.
fn answer(
    engine: &Engine,
    used: &mut Option<Engine>,
    path: &str,
    limit: Duration,
    attempt: Attempt,
) -> PathResult {
    let mut strict = used.take().unwrap_or_else(|| engine.clone());
    match (evaluate(&mut strict, path, limit), attempt) {
        ((Err(Failure::Other(message)), _), Attempt::ThenLenient) => {
            let mut lenient = engine.clone();
            // This copies the compiled policies, so it is done only when needed.
            lenient.set_strict_builtin_errors(false);
            let _lenience = Lenience::grant();
            let (value, prints) = evaluate(&mut lenient, path, limit);
            PathResult { value, swallowed: Some(message), prints, reached: Coverage::of(&lenient) }
        }
        ((value, prints), _) => {
            let reached = Coverage::of(&strict);
            if value.is_ok() {
                *used = Some(strict);
            }
            PathResult { value, swallowed: None, prints, reached }
        }
    }
}

/// Evaluates a path once, and takes the printed lines.
pub(super) fn evaluate(
    engine: &mut Engine,
    path: &str,
    limit: Duration,
) -> (Result<Value, Failure>, Vec<String>) {
    let value = match cpu_time::limited(engine, limit, |engine| engine.eval_rule(path.to_owned())) {
        Ok(value) if is_larger(&value, RESULT_SIZE) => Err(Failure::Size),
        Ok(value) if nests_deeper(&value, RESULT_DEPTH) => Err(Failure::Depth),
        value => value.map_err(Failure::from),
    };
    (value, engine.take_prints().unwrap_or_default())
}

/// Returns whether a value has more than `levels` levels, without descending further.
pub(super) fn nests_deeper(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else { return true };
    match value {
        Value::Array(elements) => elements.iter().any(|element| nests_deeper(element, below)),
        Value::Set(elements) => elements.iter().any(|element| nests_deeper(element, below)),
        Value::Object(object) => {
            object.iter().any(|(key, value)| nests_deeper(key, below) || nests_deeper(value, below))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plans_name_is_split_as_conftest_does() {
        for (name, base, directory) in [
            ("plans/a.json", "a.json", "plans"),
            ("a.json", "a.json", "."),
            ("-", "-", "."),
            ("/a", "a", "/"),
        ] {
            let data = file_data(name);
            assert_eq!(data["conftest"]["file"]["name"], Value::from(base), "{name}");
            assert_eq!(data["conftest"]["file"]["dir"], Value::from(directory), "{name}");
        }
    }
}
