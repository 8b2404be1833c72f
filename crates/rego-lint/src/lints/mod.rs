//! The lints: each examines policies as their authors wrote them.
//!
//! `model` reads the files and resolves names; `shape` locates expressions in the structure of a plan, which
//! `planguard_rego::plan_shape` describes, and `infer` follows its values through variables, rules, functions and
//! comprehensions. Every other file contains one family of lints. Facts about providers come from
//! `planguard_schemas`.

mod arguments;
mod attributes;
mod bodies;
mod calls;
mod infer;
mod input;
mod model;
mod names;
mod null_booleans;
mod nulls;
mod results;
mod shape;
mod tests_of_policies;
mod tidiness;
mod types;
mod values;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use planguard_rego::beside;
use planguard_rego::bundle;
use planguard_rego::convention::{self, DecidingRules, Dialect, Group, Grouping};
use planguard_rego::data::DataDocument;
use planguard_rego::data_paths;
use planguard_rego::error::{ConventionError, PolicyError, report};
use planguard_rego::metadata::{self, Blocks};
use planguard_rego::nesting;
use planguard_rego::options::PolicyOptions;
use planguard_rego::set::{self, in_time};
use planguard_rego::source::{self, Source};
use planguard_rego::{Evaluated, ReadPolicies};
use planguard_threads::{self as threads, Stack};

use self::infer::Inference;
use self::model::{Project, RuleId};
use crate::{Level, Lint, LintOptions};

/// The families whose findings a check of plans tells; none needs to know what another has found.
const FAMILIES: [fn(&mut Linter<'_, '_>); 7] =
    [names::lint, results::lint, calls::lint, input::lint, values::lint, arguments::lint, nulls::lint];

/// A finding of a lint before it becomes part of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LintHit {
    pub lint: Lint,
    pub file: String,
    /// The byte range in the file.
    pub span: Range<usize>,
    pub message: String,
    pub help: String,
    pub bearing: Bearing,
}

/// Whether a finding says anything of what a check of plans would decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bearing {
    OnVerdict,
    /// It is in a test, or in a rule that the check does not evaluate.
    None,
}

/// What a check knows of the policies that it has loaded.
pub(crate) struct Evaluation {
    pub rules: Evaluated,
    /// The errors of loading.
    pub problems: Vec<PolicyError>,
    /// The policies as the check has read them.
    pub read: ReadPolicies,
}

/// A finding before anything is known of its file but the number.
struct Hit {
    /// The number of the file.
    file: usize,
    lint: Lint,
    /// The byte range in the file.
    span: Range<usize>,
    message: String,
    help: String,
}

/// The result of linting.
#[derive(Debug, Default)]
pub(crate) struct Linted {
    pub found: Vec<LintHit>,
    pub problems: Vec<PolicyError>,
    /// The name and text of every file.
    pub files: Vec<(String, std::sync::Arc<str>)>,
    /// The rules that the check evaluates, if it is about one.
    evaluated: Option<Evaluated>,
}

impl Linted {
    /// Returns whether findings about a file as a whole bear on the verdict.
    pub(crate) fn bears(&self, file: &str) -> bool {
        self.evaluated.as_ref().is_none_or(|evaluated| evaluated.has_file(file))
    }
}

/// Runs every lint. Without `evaluation`, loads the policies for the errors that only the engine can find.
pub(crate) fn lint(options: &LintOptions, evaluation: Option<Evaluation>) -> Linted {
    let options = options.clone();
    in_time(move || lint_all(&options, evaluation))
        .unwrap_or_else(|error| Linted { problems: vec![error], ..Linted::default() })
}

fn lint_all(options: &LintOptions, evaluation: Option<Evaluation>) -> Linted {
    let mut linted = Linted::default();
    let mut loader = Loader::default();
    let mut errors = Vec::new();
    let namespaces = options.namespaces.clone().unwrap_or_default();
    let policy_options = PolicyOptions {
        paths: options.paths.clone(),
        convention: options.convention,
        namespaces: namespaces.clone(),
        ..PolicyOptions::default()
    };
    // A misspelt package or rule also makes a platform find no policy; the lint's finding is more precise.
    let is_reported_by_lint = |error: &PolicyError| {
        matches!(
            error,
            PolicyError::Convention(ConventionError::NoneOfPlatform { .. })
                | PolicyError::Convention(ConventionError::DecidesNothing { .. })
                | PolicyError::UnknownNamespace { .. }
                | PolicyError::NoDecisionRule { .. }
        )
    };
    // What a check has read is not read again.
    let (evaluated, known, read, general) = match evaluation {
        Some(Evaluation { rules, problems, read }) => (Some(rules), Some(problems.clone()), read, problems),
        None => {
            let Grouping { groups, errors, .. } = convention::group(&policy_options);
            let located = convention::conventions(&policy_options);
            (None, None, ReadPolicies { groups, located, files: None }, errors)
        }
    };
    let sources = read.files.unwrap_or_else(|| source::load(&options.paths, &mut Vec::new()));
    errors.extend(general.iter().filter(|error| !is_reported_by_lint(error)).cloned());
    // What a check has loaded is among its errors already.
    let mut repeated = Vec::new();
    let told = if known.is_some() { &mut repeated } else { &mut errors };
    let documents = beside::load(&options.paths, &options.data, told);
    if known.is_none() {
        for group in &read.groups {
            load(group, options, &documents, &mut errors);
        }
    }
    let mut known_names: HashSet<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    let of_groups = read.groups.iter().flat_map(|group| &group.sources);
    let mut helpers: Vec<Source> =
        of_groups.filter(|source| known_names.insert(&source.name)).cloned().collect();
    let mut completed = sources.clone();
    bundle::complete(&mut completed);
    helpers.extend(completed.into_iter().skip(sources.len()));
    let keys: BTreeSet<String> = documents.iter().flat_map(DataDocument::keys).collect();
    let project = Project::new(&sources, &helpers, &read.located, &read.groups, &namespaces, keys);
    if known.is_none() {
        errors.extend(project.unknown_queries());
    }
    let inference = Inference::new(&project);
    let blocks = blocks(&sources, &project, if known.is_some() { &mut repeated } else { &mut errors });
    let new_linter = || Linter {
        project: &project,
        inference: &inference,
        blocks: &blocks,
        named_packages: options.namespaces.is_some(),
        found: Vec::new(),
    };
    let found = threads::map(&FAMILIES, Stack::Policy, |family| {
        let mut linter = new_linter();
        family(&mut linter);
        linter.found
    });
    let mut linter = Linter { found: found.concat(), ..new_linter() };
    // A check tells none of these unless the settings make them errors.
    if known.is_none() || options.levels.values().any(|level| *level == Level::Error) {
        bodies::lint(&mut linter);
        tidiness::lint(&mut linter);
        tests_of_policies::lint(&mut linter);
    }
    if let Some(evaluated) = &evaluated {
        let found = std::mem::take(&mut linter.found);
        linter.found = bearing_on(evaluated, &project, found);
    }
    linted.found = linter.found;
    let is_more_precise = |found: &LintHit| match known {
        None => true,
        Some(_) => {
            found.bearing == Bearing::OnVerdict
                && is_about_names(found.lint)
                && options.level(found.lint) == Level::Error
        }
    };
    if !linted.found.iter().any(is_more_precise) {
        errors.extend(general.iter().filter(|error| is_reported_by_lint(error)).cloned());
    }
    errors.into_iter().for_each(|error| loader.add(error));
    for found in loader.found {
        if !linted.found.iter().any(|own| is_about_the_same(own, &found)) {
            linted.found.push(found);
        }
    }
    linted.evaluated = evaluated;
    linted.problems = loader.problems;
    linted.files = sources.iter().map(|source| (source.name.clone(), source.text.clone())).collect();
    linted.found.sort_by(|left, right| {
        // Of several findings of a place, the first is kept: one that bears on the verdict.
        (&left.file, left.span.start, left.lint, left.bearing, &left.message).cmp(&(
            &right.file,
            right.span.start,
            right.lint,
            right.bearing,
            &right.message,
        ))
    });
    linted.found.dedup_by(|later, earlier| {
        later.file == earlier.file && later.lint == earlier.lint && later.span.start == earlier.span.start
    });
    linted
}

/// The findings, each with its bearing on the verdict of a check that evaluates these rules.
fn bearing_on(evaluated: &Evaluated, project: &Project<'_>, found: Vec<LintHit>) -> Vec<LintHit> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for (number, file) in project.files.iter().enumerate() {
        numbers.entry(file.name).or_insert(number);
    }
    let bears = |hit: &LintHit| {
        let Some(&index) = numbers.get(hit.file.as_str()) else { return true };
        let file = &project.files[index];
        match hit.lint {
            _ if file.is_test => false,
            // The engine knows better what is there, and has told it.
            Lint::UnknownData => false,
            Lint::MisspeltPackage => true,
            // These are not evaluated, which is what is wrong with them.
            Lint::NearMissName | Lint::DecisionFunction => {
                file.convention.platform().rules != DecidingRules::Conftest
                    || project.is_selected(&file.module.package)
            }
            _ => {
                let is_around = |id: &RuleId| {
                    let rule = project.rule(*id);
                    let end = rule.branches.iter().map(|branch| branch.span.end);
                    let end = end.fold(rule.head.span.end, usize::max);
                    (rule.head.span.start..=end).contains(&hit.span.start)
                };
                match project.ids_of(index).find(is_around) {
                    Some(id) => {
                        !project.is_test_rule(id) && evaluated.has_rule(file.name, &project.path_of(id))
                    }
                    None => evaluated.has_file(file.name),
                }
            }
        }
    };
    let marked = |hit: LintHit| {
        let bearing = if bears(&hit) { Bearing::OnVerdict } else { Bearing::None };
        LintHit { bearing, ..hit }
    };
    found.into_iter().map(marked).collect()
}

/// Returns whether a lint finds rules that a platform does not evaluate because of how they are named or written.
fn is_about_names(lint: Lint) -> bool {
    matches!(
        lint,
        Lint::MisspeltPackage | Lint::NearMissName | Lint::DecisionFunction | Lint::MissingContains
    )
}

/// Returns whether a lint has found what the engine reports too.
fn is_about_the_same(own: &LintHit, engine: &LintHit) -> bool {
    own.bearing == Bearing::OnVerdict
        && own.file == engine.file
        && own.span.start < engine.span.end
        && engine.span.start < own.span.end
        && (own.lint == engine.lint || is_about_names(own.lint) && is_about_names(engine.lint))
}

/// Loads a group as `check` does, to collect the errors that only the engine can find.
fn load(group: &Group, options: &LintOptions, documents: &[DataDocument], errors: &mut Vec<PolicyError>) {
    let mut sources = group.sources.clone();
    sources.retain(|source| match nesting::check(source) {
        Ok(()) => true,
        Err(error) => {
            report(errors, error);
            false
        }
    });
    bundle::complete(&mut sources);
    let dialect = options.version.map_or(Dialect::EachFile, Dialect::Given);
    set::rewrite(&mut sources, dialect);
    let count = sources.len();
    if let Some((_, modules)) = set::compile(dialect, &mut sources, documents, errors)
        // What was left out may have been what a path leads to.
        && sources.len() == count
    {
        data_paths::check_all(&modules, &sources, documents, errors);
    }
}

/// Sorts load errors into findings about a rule and problems that prevented planguard from linting.
#[derive(Default)]
struct Loader {
    found: Vec<LintHit>,
    problems: Vec<PolicyError>,
}

impl Loader {
    fn add(&mut self, error: PolicyError) {
        let message = error.to_string();
        let (lint, text, at, help) = match &error {
            PolicyError::UnknownFunction { text, at, help, .. } => {
                (Lint::UnknownFunction, text, at, help.clone())
            }
            PolicyError::UnknownData { text, at, help, .. } => (Lint::UnknownData, text, at, help.clone()),
            PolicyError::RefusedFunction { text, at, .. } => {
                let help = "put the value into a document and pass it with --data".to_owned();
                (Lint::RefusedFunction, text, at, help)
            }
            PolicyError::UnknownInput { text, at, help, .. } => (Lint::UnknownInput, text, at, help.clone()),
            PolicyError::NearMiss { text, at, help, .. } => (Lint::NearMissName, text, at, help.clone()),
            PolicyError::NotASet { text, at, help, .. } => (Lint::MissingContains, text, at, help.clone()),
            _ => {
                report(&mut self.problems, error);
                return;
            }
        };
        let span = at.offset()..at.offset() + at.len();
        let file = text.name().to_owned();
        self.found.push(LintHit { lint, file, span, message, help, bearing: Bearing::OnVerdict });
    }
}

fn blocks(sources: &[Source], project: &Project<'_>, errors: &mut Vec<PolicyError>) -> Vec<Blocks> {
    let by_name: HashMap<&str, &Source> =
        sources.iter().map(|source| (source.name.as_str(), source)).collect();
    let mut of = |file: &model::File<'_>| {
        let source = by_name.get(file.name)?;
        let starts = file.module.rules.iter().map(|rule| rule.start);
        let starts = starts.chain([file.module.package_span.start]);
        let lines = starts.filter_map(|start| u32::try_from(line_of(file.text, start)).ok());
        Some(metadata::read(source, &lines.collect(), errors))
    };
    project.files.iter().map(|file| of(file).unwrap_or_default()).collect()
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset.min(text.len())].matches('\n').count() + 1
}

/// The input and output of the lints.
struct Linter<'p, 's> {
    project: &'p Project<'s>,
    inference: &'p Inference<'p, 's>,
    /// The METADATA of each file.
    blocks: &'p [Blocks],
    /// Whether the user selected namespaces.
    named_packages: bool,
    found: Vec<LintHit>,
}

impl Linter<'_, '_> {
    fn report(
        &mut self,
        lint: Lint,
        file: usize,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let read = &self.project.files[file];
        if read.origin == model::Origin::Platform {
            return;
        }
        let file = read.name.to_owned();
        let (message, help, bearing) = (message.into(), help.into(), Bearing::OnVerdict);
        self.found.push(LintHit { lint, file, span, message, help, bearing });
    }

    fn report_hit(&mut self, Hit { file, lint, span, message, help }: Hit) {
        self.report(lint, file, span, message, help);
    }

    /// Returns the author's rules that are evaluated on plans, without tests.
    fn policy_rules(&self) -> Vec<RuleId> {
        let is_told = |id: &RuleId| {
            self.project.file(*id).origin != model::Origin::Platform && !self.project.is_test_rule(*id)
        };
        self.project.ids().filter(is_told).collect()
    }
}
