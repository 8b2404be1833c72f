//! A set of policies that were loaded together and can be evaluated on any number of plans.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use planguard_threads::{self as threads, Stack};
use regorus::unstable::{Module, Ref};
use regorus::{Engine, Value};
use sha2::{Digest, Sha256};

use super::beside;
use super::builtins::Shared;
use super::bundle;
use super::chance;
use super::checks;
use super::context::{Context, GroupContext};
use super::convention::{
    Choice, Decider, Dialect, Group, PlanPlace, Reading, conftest, plan_keys, regula_view,
};
use super::coverage::{Coverage, CoverageMode};
use super::cpu_time::Watch;
use super::data::{self, DataDocument};
use super::data_paths;
use super::dialect;
use super::error::{PolicyError, ReadingError, report};
use super::frontend::{self, LoadedNames, RewriteError, Rewritten, parts};
use super::input_paths;
use super::metadata::{self, Blocks, RuleMetadata, Scope};
use super::nesting;
use super::options::{PolicyOptions, RegoVersion};
use super::plan_value::Sections;
use super::program::{Program, RuleFacts, path_text};
use super::rule::{PolicyRule, RuleKind};
use super::select::{self, Loaded, Selection};
use super::shell::{self, Memory};
use super::source::{self, Source};
use super::together::Together;
use super::unknown;

/// Loading 500 files takes about 30 ms, so that loading that takes this long would never end.
const LOAD_LIMIT: Duration = Duration::from_secs(60);

/// How many files make a thread worth its start: to rewrite so many takes about a millisecond.
const FILES_WORTH_A_THREAD: usize = 8;

/// The memory that loading may allocate.
const LOAD_MEMORY: u64 = 1 << 30;

/// A prepared set of policies. It can be shared between threads.
#[derive(Debug)]
pub struct PolicySet {
    pub(super) engine: Engine,
    pub(super) rules: Vec<PolicyRule>,
    /// The path of the `exception` rule of each package that has one.
    pub(super) exceptions: BTreeMap<String, String>,
    pub(super) sections: Sections,
    pub(super) reads_file_name: bool,
    pub(super) reads_index: bool,
    pub(super) reads_cost: bool,
    pub(super) reads_cost_report: bool,
    pub(super) together: Together,
    pub(super) frame: Frame,
    /// Reads the policies for what depends on unknown values; `None` for packs, which treat them themselves.
    pub(super) unknown: Option<unknown::Reader>,
    pub(super) sources: Vec<Source>,
    pub(super) time_limit: Duration,
    pub(super) memory_limit: Option<u64>,
    /// The lines that evaluations have reached so far, if coverage is measured.
    pub(super) coverage: Option<Mutex<Coverage>>,
    /// The rules that exceeded their time limit on a plan.
    pub(super) slow: Mutex<BTreeSet<String>>,
    passed_over: Vec<String>,
    evaluated: Evaluated,
    problems: Vec<PolicyError>,
    sha256: String,
}

/// The rules that evaluation can reach: those that decide, those of exceptions, and everything that they use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluated {
    /// The paths of the rules, from `data` on, by file.
    by_file: BTreeMap<String, BTreeSet<Vec<String>>>,
}

impl Evaluated {
    fn of(program: &Program<'_>, documents: &BTreeSet<usize>) -> Self {
        let mut evaluated = Self::default();
        for rule in program.rules.iter().filter(|rule| documents.contains(&rule.document)) {
            let path = program.documents[rule.document].path.clone();
            evaluated.by_file.entry(source::file_of(rule.span).to_owned()).or_default().insert(path);
        }
        evaluated
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (file, paths) in &other.by_file {
            self.by_file.entry(file.clone()).or_default().extend(paths.iter().cloned());
        }
    }

    /// Returns whether a rule of this file is evaluated.
    pub fn has_file(&self, file: &str) -> bool {
        self.by_file.contains_key(file)
    }

    /// Returns whether a rule of this file and path, from `data` on, is evaluated. Where the engine and the author
    /// end a path differently, as in `deny["x"]`, the shorter one counts.
    pub fn has_rule(&self, file: &str, path: &[String]) -> bool {
        let is_same = |known: &Vec<String>| known.starts_with(path) || path.starts_with(known);
        self.by_file.get(file).is_some_and(|paths| paths.iter().any(is_same))
    }
}

/// What the input of a set contains besides the plan.
#[derive(Debug)]
pub(super) enum Frame {
    /// The plan is the input.
    Nothing,
    /// The input is a list of resources built from the plan.
    Resources,
    /// The input contains the plan under every alias as well, and the context.
    Context { entries: Vec<(Value, Value)>, configuration: &'static [&'static str] },
}

impl Frame {
    pub(super) fn new(context: &GroupContext) -> Self {
        match (context.platform.plan, context.platform.context) {
            (PlanPlace::Root, []) => Self::Nothing,
            (PlanPlace::Resources, _) => Self::Resources,
            (PlanPlace::Root | PlanPlace::RootAnd(_) | PlanPlace::Under(_), _) => {
                Self::Context { entries: context.entries(), configuration: context.platform.configuration }
            }
        }
    }

    /// The input of a set. Nothing of the plan is copied but the references to its sections.
    pub(super) fn around(&self, plan: &Value) -> Value {
        let (context, configuration) = match self {
            Self::Nothing => return plan.clone(),
            Self::Resources => return regula_view::input(plan),
            Self::Context { entries, configuration } => (entries, configuration),
        };
        let Ok(sections) = plan.as_object() else { return plan.clone() };
        let sections = sections.iter_sorted().map(|(key, value)| (key.clone(), value.clone()));
        let aliases = plan_keys().map(|key| (Value::from(key), plan.clone()));
        let context = context.iter().cloned();
        let mut input = Value::from(sections.chain(aliases).chain(context).collect::<BTreeMap<_, _>>());
        if !configuration.is_empty() {
            fill(&mut input, configuration, &plan["configuration"]);
        }
        input
    }
}

/// Inserts a value at a path that has no value yet.
fn fill(object: &mut Value, path: &[&str], value: &Value) {
    let (Some((key, rest)), false) = (path.split_first(), *value == Value::Undefined) else { return };
    let mut inner = object[*key].clone();
    match (rest, &inner) {
        ([], Value::Undefined) => inner = value.clone(),
        ([_, ..], Value::Undefined) => {
            inner = Value::new_object();
            fill(&mut inner, rest, value);
        }
        (_, Value::Object(_)) => fill(&mut inner, rest, value),
        // The user has set another value there.
        _ => return,
    }
    if let Ok(object) = object.as_object_mut() {
        object.insert(Value::from(*key), inner);
    }
}

impl PolicySet {
    /// Reads, checks and prepares policies that follow conftest's convention.
    ///
    /// A file that cannot be loaded is left out, so that the others are still evaluated. All problems are in
    /// [`PolicySet::problems`], and each of them leaves every verdict undecided.
    ///
    /// # Errors
    ///
    /// All problems, if no rule is left to evaluate.
    pub fn load(options: &PolicyOptions) -> Result<Self, Vec<PolicyError>> {
        let options = options.clone();
        in_time(move || load_conftest(&options)).unwrap_or_else(|error| Err(vec![error]))
    }

    /// The rules that are evaluated, ordered by path.
    pub fn rules(&self) -> &[PolicyRule] {
        &self.rules
    }

    /// What was wrong while loading. Unless this is empty, no verdict that rests on the set is decided.
    pub fn problems(&self) -> &[PolicyError] {
        &self.problems
    }

    /// Packages that have rules that decide and that no namespace matches, so that they are not evaluated.
    pub fn packages_passed_over(&self) -> &[String] {
        &self.passed_over
    }

    /// The rules that evaluation can reach.
    pub(super) fn evaluated(&self) -> &Evaluated {
        &self.evaluated
    }

    /// The SHA-256, in hexadecimal, of the policies and data documents in the order in which they were read.
    /// Each text is preceded by its length in bytes, as a little-endian 64-bit number.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// Runs `work` on a thread with a large stack and limited memory, and waits until the thread has had a minute of CPU
/// time: what is loaded must not depend on what else the machine does.
///
/// # Errors
///
/// [`PolicyError::NoThread`] if the system cannot start a thread, [`PolicyError::LoadAbandoned`] if `work` panics or
/// takes too long.
pub fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PolicyError> {
    within(LOAD_LIMIT, work)
}

fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PolicyError> {
    let (send, receive) = mpsc::channel();
    let watch = Watch::default();
    let watched = watch.clone();
    let started = shell::detach(move || {
        watched.over_this_thread();
        let loaded = shell::guard(|| {
            let _memory = Memory::reserve(LOAD_MEMORY);
            work()
        });
        // Nobody receives it if loading took too long.
        let _ = send.send(loaded);
    });
    started.map_err(|reason| PolicyError::NoThread { reason })?;
    let abandoned = |reason| Err(PolicyError::LoadAbandoned { reason });
    match watch.wait(&receive, limit) {
        Ok(Ok(loaded)) => Ok(loaded),
        Ok(Err(panic)) => abandoned(format!("the engine crashed: {panic}")),
        Err(_) => abandoned(format!("it took longer than {} s", limit.as_secs())),
    }
}

fn load_conftest(options: &PolicyOptions) -> Result<PolicySet, Vec<PolicyError>> {
    let mut errors = Vec::new();
    let sources = source::load(&options.paths, &mut errors);
    if sources.is_empty() {
        // A path that cannot be read has been reported.
        if errors.is_empty() {
            errors.push(PolicyError::nothing_in(&options.paths));
        }
        return Err(errors);
    }
    let documents = beside::load(&options.paths, &options.data, &mut errors);
    let group = Group::conftest(options, sources);
    let context = Context::default().of_group(&group);
    match load(group, options, &context, &documents) {
        Ok(mut set) => {
            set.problems.splice(0..0, errors);
            Ok(set)
        }
        Err(more) => {
            errors.extend(more);
            Err(errors)
        }
    }
}

/// Loads one group.
pub(super) fn load(
    group: Group,
    options: &PolicyOptions,
    context: &GroupContext,
    documents: &[DataDocument],
) -> Result<PolicySet, Vec<PolicyError>> {
    let mut errors = Vec::new();
    let Group { mut sources, choice, dialect, notes, .. } = group;
    bundle::complete(&mut sources);
    let sha256 = digest(&sources, documents);
    let count = sources.len();
    sources.retain(|source| match nesting::check(source) {
        Ok(()) => true,
        Err(error) => {
            report(&mut errors, error);
            false
        }
    });
    let known = match options.coverage {
        CoverageMode::Off => LoadedNames::of_values(),
        // The parts of a set would be counted as well.
        CoverageMode::Lines => LoadedNames::default(),
    };
    rewrite_knowing(known, &mut sources, dialect, &read_as);
    let read = &mut |compiled: &Compiled<'_>| {
        let loaded = if compiled.sources.len() == count { Loaded::All } else { Loaded::Partly };
        let chosen = Chosen::of(compiled, &choice, loaded, options, context, documents);
        let together = chosen.together.clone();
        (chosen, together)
    };
    let Some((engine, chosen, together)) =
        compile_reading(dialect, &mut sources, documents, &mut errors, read)
    else {
        return Err(errors);
    };
    let Chosen {
        mut rules,
        exceptions,
        sections,
        reads_file_name,
        reads_index,
        reads_cost,
        reads_cost_report,
        coverage,
        ..
    } = chosen;
    chosen.errors.into_iter().for_each(|error| report(&mut errors, error));
    for rule in &mut rules {
        rule.notes.extend(notes.clone());
    }
    if rules.is_empty() {
        return Err(errors);
    }
    let mut engine = engine;
    engine.set_input(regorus::Value::new_object());
    engine.set_enable_coverage(coverage.is_some());
    Ok(PolicySet {
        engine,
        rules,
        exceptions,
        sections,
        reads_file_name,
        reads_index,
        reads_cost,
        reads_cost_report,
        together,
        frame: Frame::new(context),
        unknown: Some(unknown::Reader::default()),
        sources,
        time_limit: options.time_limit,
        memory_limit: options.memory_limit,
        coverage: coverage.map(Mutex::new),
        slow: Mutex::default(),
        passed_over: chosen.passed_over,
        evaluated: chosen.evaluated,
        problems: errors,
        sha256,
    })
}

/// What the rules of a group say of how it is evaluated.
struct Chosen {
    /// Ordered by path.
    rules: Vec<PolicyRule>,
    exceptions: BTreeMap<String, String>,
    sections: Sections,
    reads_file_name: bool,
    reads_index: bool,
    reads_cost: bool,
    reads_cost_report: bool,
    together: Together,
    coverage: Option<Coverage>,
    passed_over: Vec<String>,
    evaluated: Evaluated,
    errors: Vec<PolicyError>,
}

impl Chosen {
    fn of(
        Compiled { program, modules, sources }: &Compiled<'_>,
        choice: &Choice,
        loaded: Loaded,
        options: &PolicyOptions,
        context: &GroupContext,
        documents: &[DataDocument],
    ) -> Self {
        let mut errors = Vec::new();
        let (Selection { deciding, exceptions, passed_over }, deciders) = match choice {
            Choice::Namespaces(namespaces) => {
                (select::select(program, namespaces, loaded, &mut errors), BTreeMap::new())
            }
            Choice::Rules { deciders, nothing } => {
                select::select_named(program, deciders, nothing, loaded, &mut errors)
            }
        };
        let evaluated = program.reachable(deciding.iter().chain(&exceptions).copied());
        input_paths::check(program, &evaluated, context, &mut errors);
        chance::check(program, &evaluated, &mut errors);
        // What was left out may have been what a path leads to.
        if loaded == Loaded::All {
            data_paths::check(program, |document| evaluated.contains(&document), documents, &mut errors);
        }
        let described = Described::read(modules, sources, &mut errors);
        let metadata = described.of_documents(program);
        let policy_rules = |document: &usize| {
            let metadata = metadata.get(document).cloned().unwrap_or_default();
            match deciders.get(document) {
                Some(deciders) => deciders
                    .iter()
                    .map(|decider| named_rule(program, *document, metadata.clone(), decider))
                    .collect(),
                None => Vec::from_iter(conftest_rule(program, *document, metadata)),
            }
        };
        let mut rules: Vec<PolicyRule> = deciding.iter().flat_map(policy_rules).collect();
        rules.sort_by(|left, right| left.path.cmp(&right.path));
        let exceptions = exceptions.iter().map(|document| {
            let document = &program.documents[*document];
            (path_text(program.package(&program.rules[document.rule])), path_text(&document.path))
        });
        let (together, coverage) = match options.coverage {
            // The generated rules would be counted as reached.
            CoverageMode::Lines => (Together::default(), Some(Coverage::nothing_reached(program))),
            CoverageMode::Off => (Together::of(program, &deciding), None),
        };
        Self {
            rules,
            exceptions: exceptions.collect(),
            sections: input_paths::sections(program, context.platform),
            reads_file_name: input_paths::reads_file_name(program),
            reads_index: input_paths::reads_index(program),
            reads_cost: input_paths::reads_cost(program),
            reads_cost_report: input_paths::reads_cost_report(program, context.platform),
            together,
            coverage,
            passed_over,
            evaluated: Evaluated::of(program, &evaluated),
            errors,
        }
    }
}

/// Rewrites every policy for the engine. What the policies define together decides how each is rewritten.
pub fn rewrite(sources: &mut [Source], dialect: Dialect) {
    rewrite_by(sources, dialect, &read_as);
}

/// What the front end makes of a policy. Several threads call it at the same time.
pub(super) type ReadAs<'f> = dyn Fn(&Source, RegoVersion, &LoadedNames) -> source::RewriteResult + Sync + 'f;

/// As [`rewrite`], with `read` as the front end.
pub(super) fn rewrite_by(sources: &mut [Source], dialect: Dialect, read: &ReadAs<'_>) {
    rewrite_knowing(LoadedNames::default(), sources, dialect, read);
}

/// As [`rewrite_by`], with what is known before the files are read.
fn rewrite_knowing(mut known: LoadedNames, sources: &mut [Source], dialect: Dialect, read: &ReadAs<'_>) {
    let shares: Vec<&[Source]> = sources.chunks(FILES_WORTH_A_THREAD).collect();
    // What is parsed here is known to all who look at the files later.
    threads::map(&shares, Stack::Policy, |share| {
        share.iter().for_each(|source| {
            let _parsed = source.module();
        });
    });
    sources.iter().for_each(|source| known.add(source));
    if let Some(shared) = Shared::of(sources.iter().map(|source| source.text.as_ref())) {
        let shared = Arc::new(shared);
        sources.iter_mut().for_each(|source| source.annotations = Some(Arc::clone(&shared)));
    }
    let shares: Vec<&[Source]> = sources.chunks(FILES_WORTH_A_THREAD).collect();
    let read_one = |source: &Source| match dialect {
        Dialect::Given(version) => (read(source, dialect::written_in(source, version), &known), None),
        Dialect::EachFile => {
            // The front end must know the dialect, and whether the file can be parsed in it shows only afterwards.
            let mut source = source.clone();
            for version in [RegoVersion::V1, RegoVersion::V0] {
                source.reading = read(&source, version, &known);
                if !dialect::may_be_v0(&source) || dialect::parses(&source, version) {
                    return (source.reading, Some(version));
                }
            }
            (read(&source, RegoVersion::V1, &known), None)
        }
    };
    let readings =
        threads::map(&shares, Stack::Policy, |share| share.iter().map(read_one).collect::<Vec<_>>());
    for (source, (reading, version)) in sources.iter_mut().zip(readings.into_iter().flatten()) {
        source.reading = reading;
        source.version = version;
    }
}

fn read_as(source: &Source, version: RegoVersion, known: &LoadedNames) -> source::RewriteResult {
    reading(frontend::rewrite(source, version, known))
}

/// The result of rewriting a policy.
pub(super) fn reading(rewritten: Result<Option<Rewritten>, RewriteError>) -> source::RewriteResult {
    match rewritten {
        Ok(None) => source::RewriteResult::AsWritten,
        Ok(Some(rewritten)) => source::RewriteResult::Rewritten(Arc::new(rewritten)),
        Err(unread) => source::RewriteResult::Failed(unread),
    }
}

fn digest(sources: &[Source], documents: &[DataDocument]) -> String {
    let texts = sources.iter().map(|source| source.text.as_ref());
    let mut hasher = Sha256::new();
    for text in texts.chain(documents.iter().map(|document| document.text.as_str())) {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Policies that the engine has parsed and that have passed all checks.
struct Compiled<'c> {
    program: &'c Program<'c>,
    modules: &'c [Ref<Module>],
    sources: &'c [Source],
}

/// Builds an engine with the policies that can be loaded, and removes the others from `sources`.
pub fn compile(
    dialect: Dialect,
    sources: &mut Vec<Source>,
    documents: &[DataDocument],
    errors: &mut Vec<PolicyError>,
) -> Option<(Engine, Vec<Ref<Module>>)> {
    let modules = &mut |compiled: &Compiled<'_>| (compiled.modules.to_vec(), Together::default());
    let (engine, modules, _) = compile_reading(dialect, sources, documents, errors, modules)?;
    Some((engine, modules))
}

/// As [`compile`]. `read` sees the rules before the engine prepares them, and groups those that are evaluated together. It
/// is asked again if the engine then refuses a file. Every round without a result removes a file, so that this ends.
fn compile_reading<T>(
    dialect: Dialect,
    sources: &mut Vec<Source>,
    documents: &[DataDocument],
    errors: &mut Vec<PolicyError>,
    read: &mut dyn FnMut(&Compiled<'_>) -> (T, Together),
) -> Option<(Engine, T, Together)> {
    let mut first_round = true;
    loop {
        let mut engine = dialect::new_engine();
        sources.retain(|source| match dialect::add(&mut engine, source, version(dialect, source)) {
            Ok(()) => true,
            Err(error) => {
                report(errors, error);
                false
            }
        });
        if sources.is_empty() {
            return None;
        }
        let modules = engine.get_modules().clone();
        let program = Program::new(&modules, sources);
        let problems = checks::check(&program);
        for error in problems.errors {
            // A function is also unknown when its file was left out, which has been reported.
            if first_round || is_about_recursion(&error) {
                report(errors, error);
            }
        }
        first_round = false;
        if !problems.unsafe_files.is_empty() {
            drop(program);
            sources.retain(|source| !problems.unsafe_files.contains(&source.name));
            continue;
        }
        if data::shadows(&program, documents, errors) {
            return None;
        }
        let (found, together) = read(&Compiled { program: &program, modules: &modules, sources });
        drop(program);
        add_data(&mut engine, documents, errors);
        parts::unite(&mut engine, &modules);
        if let Some(learned) = together.taught(&engine) {
            return Some((learned, found, together));
        }
        let Err(message) = prepared(&mut engine) else { return Some((engine, found, Together::default())) };
        let message = source::read_message(&message, sources);
        let Some((text, at)) = source::excerpt(&message, sources) else {
            report(errors, PolicyError::EngineRefused { reason: message.reason });
            return None;
        };
        let name = message.source.map(str::to_owned);
        report(errors, PolicyError::Uncompilable { reason: message.reason, text, at });
        sources.retain(|source| Some(source.name.as_str()) != name.as_deref());
    }
}

/// The path of no rule: nothing is evaluated for it.
const NO_RULE: &str = "data.__pg_no_rule";

/// What the engine says of such a path once it is prepared.
const NOT_A_RULE: &str = "not a valid rule path";

/// How often the engine has prepared each file.
#[cfg(test)]
static PREPARED: std::sync::Mutex<BTreeMap<String, usize>> = std::sync::Mutex::new(BTreeMap::new());

/// Makes the engine prepare its policies, which the first evaluation does. Its clones share the result.
pub(super) fn prepared(engine: &mut Engine) -> Result<(), String> {
    #[cfg(test)]
    for module in engine.get_modules().iter() {
        let file = source::file_of(&module.package.span).to_owned();
        *PREPARED.lock().unwrap().entry(file).or_default() += 1;
    }
    // A query finds out whether documents are in the way of rules. It allocates room for all policies once more.
    if engine.get_data().as_object().is_ok_and(|documents| !documents.is_empty()) {
        return engine.eval_query("true".to_owned(), false).map(drop).map_err(|error| error.to_string());
    }
    match engine.eval_rule(NO_RULE.to_owned()).map_err(|error| error.to_string()) {
        Err(message) if message != NOT_A_RULE => Err(message),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn version(dialect: Dialect, source: &Source) -> RegoVersion {
    match dialect {
        Dialect::Given(version) => version,
        Dialect::EachFile => source.version.unwrap_or_else(|| dialect::of(source)),
    }
}

fn is_about_recursion(error: &PolicyError) -> bool {
    matches!(
        error,
        PolicyError::Recursion { .. }
            | PolicyError::DispatchToItself { .. }
            | PolicyError::ChainTooLong { .. }
    )
}

pub(super) fn add_data(engine: &mut Engine, documents: &[DataDocument], errors: &mut Vec<PolicyError>) {
    for document in documents {
        if let Err(error) = engine.add_data(document.value.clone()) {
            let reason = error.to_string().replace('\n', " ");
            report(
                errors,
                PolicyError::Reading(ReadingError::ConflictingData { path: document.path.clone(), reason }),
            );
        }
    }
}

/// The METADATA of all files.
struct Described {
    blocks: BTreeMap<String, Blocks>,
    packages: BTreeMap<Vec<String>, RuleMetadata>,
}

impl Described {
    fn read(modules: &[Ref<Module>], sources: &[Source], errors: &mut Vec<PolicyError>) -> Self {
        let mut described = Self { blocks: BTreeMap::new(), packages: BTreeMap::new() };
        let by_name: HashMap<&str, &Source> =
            sources.iter().map(|source| (source.name.as_str(), source)).collect();
        for module in modules {
            let file = source::file_of(&module.package.span);
            let Some(source) = by_name.get(file) else { continue };
            let rules = module.policy.iter().map(|rule| rule.span().line);
            let lines: BTreeSet<u32> = rules.chain([module.package.span.line]).collect();
            let blocks = metadata::read(source, &lines, errors);
            for (scope, metadata) in blocks.values() {
                if *scope == Scope::Package {
                    let package = super::program::package_path(module);
                    described.packages.entry(package).or_default().merge(metadata);
                }
            }
            described.blocks.insert(source.name.clone(), blocks);
        }
        described
    }

    /// The metadata of each document: that of its rules, or else that of its package.
    fn of_documents(&self, program: &Program<'_>) -> BTreeMap<usize, RuleMetadata> {
        let mut metadata: BTreeMap<usize, RuleMetadata> = BTreeMap::new();
        for rule in &program.rules {
            if let Some(block) = self.of_rule(rule) {
                metadata.entry(rule.document).or_default().merge(block);
            }
        }
        for (index, document) in program.documents.iter().enumerate() {
            let package = document.path.split_last().and_then(|(_, package)| self.packages.get(package));
            if let Some(package) = package {
                metadata.entry(index).or_insert_with(|| package.clone());
            }
        }
        metadata
    }

    fn of_rule(&self, rule: &RuleFacts<'_>) -> Option<&RuleMetadata> {
        let (scope, metadata) = self.blocks.get(source::file_of(rule.span))?.get(&rule.span.line)?;
        (*scope == Scope::Rule).then_some(metadata)
    }
}

fn conftest_rule(program: &Program<'_>, document: usize, metadata: RuleMetadata) -> Option<PolicyRule> {
    let name = program.rules[program.documents[document].rule].name;
    Some(policy_rule(program, document, metadata, conftest::kind(name)?, Reading::Messages))
}

fn named_rule(
    program: &Program<'_>,
    document: usize,
    mut metadata: RuleMetadata,
    decider: &Decider,
) -> PolicyRule {
    if metadata.title.is_none() && metadata.description.is_none() {
        metadata.title.clone_from(&decider.description);
    }
    let rule = policy_rule(program, document, metadata, decider.kind, decider.reading);
    PolicyRule { notes: decider.notes.clone(), ..rule }
}

fn policy_rule(
    program: &Program<'_>,
    document: usize,
    metadata: RuleMetadata,
    kind: RuleKind,
    reading: Reading,
) -> PolicyRule {
    let document = &program.documents[document];
    let first = &program.rules[document.rule];
    PolicyRule {
        path: path_text(&document.path),
        name: first.name.to_owned(),
        kind,
        package: path_text(program.package(first)),
        file: source::file_of(first.span).to_owned(),
        line: first.span.line,
        metadata,
        notes: BTreeMap::new(),
        reading,
    }
}

/// The set must be shareable: several plans are evaluated at the same time.
const _: fn() = || {
    fn shareable<T: Send + Sync>() {}
    shareable::<Arc<PolicySet>>();
};

#[cfg(test)]
mod tests {
    use super::super::policies::Policies;
    use super::*;

    #[test]
    fn loading_that_computes_without_end_is_abandoned() {
        let (end, ended) = mpsc::channel::<()>();
        let computes = move || while ended.try_recv() != Err(mpsc::TryRecvError::Disconnected) {};
        let abandoned = within(Duration::ZERO, computes);
        drop(end);
        let Err(PolicyError::LoadAbandoned { reason }) = abandoned else { panic!("{abandoned:?}") };
        assert_eq!(reason, "it took longer than 0 s");
    }

    /// Each of these passes over all files is a fifth of loading, or more.
    #[test]
    fn a_file_is_parsed_collected_and_prepared_once() {
        let directory = tempfile::tempdir().unwrap();
        let helper = "package lib\n\nchanged contains rc if some rc in input.resource_changes\n";
        std::fs::write(directory.path().join("lib.rego"), helper).unwrap();
        for number in 0..20 {
            let policy = format!(
                "package main{number}\n\nimport data.lib\n\ndeny contains \"x\" if lib.changed[_].type == \"t\"\n"
            );
            std::fs::write(directory.path().join(format!("p{number}.rego")), policy).unwrap();
        }
        let paths = vec![directory.path().to_owned()];
        let namespaces = crate::options::Namespaces::All;
        let set = PolicySet::load(&PolicyOptions { paths, namespaces, ..PolicyOptions::default() }).unwrap();
        assert_eq!((set.rules().len(), set.together.groups().count()), (20, 1));
        for source in &set.sources {
            for counted in [&dialect::PARSED, &super::super::program::COLLECTED, &PREPARED] {
                assert_eq!(counted.lock().unwrap().get(&source.name), Some(&1), "{}", source.name);
            }
        }
    }

    #[test]
    fn preparing_says_what_is_wrong() {
        let mut engine = dialect::new_engine();
        engine.add_policy("a.rego".to_owned(), "package a\nb.c := 1\n".to_owned()).unwrap();
        assert_eq!(prepared(&mut engine), Ok(()));
        engine.add_data(Value::from_json_str(r#"{"x": {"y": 2}}"#).unwrap()).unwrap();
        assert_eq!(prepared(&mut engine), Ok(()));
        let mut engine = dialect::new_engine();
        engine.add_policy("a.rego".to_owned(), "package a\nb if c == 1\n".to_owned()).unwrap();
        assert!(prepared(&mut engine).is_err_and(|message| message.contains("unsafe")));
    }

    #[test]
    fn a_path_that_is_missing_is_reported_once() {
        let options = PolicyOptions { paths: vec!["no/such/policies".into()], ..PolicyOptions::default() };
        let errors = PolicySet::load(&options).unwrap_err();
        assert!(
            matches!(errors.as_slice(), [PolicyError::Reading(ReadingError::Unreadable { .. })]),
            "{errors:?}"
        );
        let policies = Policies::load(&options);
        assert!(
            matches!(policies.problems(), [PolicyError::Reading(ReadingError::Unreadable { .. })]),
            "{:?}",
            policies.problems()
        );
    }
}
