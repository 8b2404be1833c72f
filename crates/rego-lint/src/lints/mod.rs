//! Finds what is wrong in policies, in the text that their authors wrote.
//!
//! `model` reads the files and says what names mean; `shape` says where in a plan an expression is, by
//! `planguard_rego::plan_shape`, and `infer` follows that through variables, rules, functions and comprehensions. Each of the other files holds the
//! lints of one family. What they need to know of providers is in `planguard_schemas`.

mod attributes;
mod bodies;
mod calls;
mod infer;
mod input;
mod model;
mod names;
mod results;
mod shape;
mod tests_of_policies;
mod tidiness;
mod values;

use std::collections::BTreeSet;
use std::ops::Range;

use planguard_rego::bundle;
use planguard_rego::convention::{self, Dialect, Group};
use planguard_rego::data::{self, DataDocument};
use planguard_rego::error::{PolicyError, report};
use planguard_rego::metadata::{self, Blocks};
use planguard_rego::nesting;
use planguard_rego::options::PolicyOptions;
use planguard_rego::set::{self, in_time};
use planguard_rego::source::{self, Source};

use self::infer::Inference;
use self::model::{Project, RuleId};
use crate::{Lint, LintOptions};

/// Something that a lint found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub lint: Lint,
    pub file: String,
    /// Where in the file, in bytes.
    pub span: Range<usize>,
    pub message: String,
    pub help: String,
}

/// What the lints had to say.
#[derive(Debug, Default)]
pub(crate) struct Linted {
    pub found: Vec<Found>,
    pub problems: Vec<PolicyError>,
    /// The name and text of every file.
    pub files: Vec<(String, std::sync::Arc<str>)>,
}

/// Reads policies and looks for everything that is wrong with them.
pub(crate) fn lint(options: &LintOptions) -> Linted {
    let options = options.clone();
    in_time(move || lint_all(&options))
        .unwrap_or_else(|error| Linted { problems: vec![error], ..Linted::default() })
}

fn lint_all(options: &LintOptions) -> Linted {
    let mut linted = Linted::default();
    let sources = source::load(&options.paths, &mut Vec::new());
    let mut loader = Loader::default();
    let mut errors = Vec::new();
    let namespaces = options.namespaces.clone().unwrap_or_default();
    let policy_options = PolicyOptions {
        paths: options.paths.clone(),
        convention: options.convention,
        namespaces: namespaces.clone(),
        ..PolicyOptions::default()
    };
    let located = convention::conventions(&policy_options);
    let grouping = convention::group(&policy_options);
    // A package or rule that is misspelt is why a platform finds nothing of its own; the lints say so.
    let is_told = |error: &PolicyError| {
        matches!(error, PolicyError::NoneOfPlatform { .. } | PolicyError::DecidesNothing { .. })
    };
    errors.extend(grouping.errors.iter().filter(|error| !is_told(error)).cloned());
    let documents = data::load(&options.data, &mut errors);
    for group in &grouping.groups {
        load(group, options, &documents, &mut errors);
    }
    let is_own = |source: &Source| sources.iter().any(|own| own.name == source.name);
    let mut helpers: Vec<Source> = Vec::new();
    for source in grouping.groups.iter().flat_map(|group| &group.sources) {
        if !is_own(source) && !helpers.iter().any(|known| known.name == source.name) {
            helpers.push(source.clone());
        }
    }
    let mut completed = sources.clone();
    bundle::complete(&mut completed);
    helpers.extend(completed.into_iter().filter(|source| !is_own(source)));
    let keys: BTreeSet<String> = documents.iter().flat_map(DataDocument::keys).collect();
    let project = Project::new(&sources, &helpers, &located, &grouping.groups, &namespaces, keys);
    errors.extend(project.unknown_queries());
    let inference = Inference::new(&project);
    let mut linter = Linter {
        project: &project,
        inference: &inference,
        blocks: blocks(&sources, &project, &mut errors),
        named_packages: options.namespaces.is_some(),
        found: Vec::new(),
    };
    names::lint(&mut linter);
    results::lint(&mut linter);
    calls::lint(&mut linter);
    input::lint(&mut linter);
    values::lint(&mut linter);
    bodies::lint(&mut linter);
    tidiness::lint(&mut linter);
    tests_of_policies::lint(&mut linter);
    linted.found = linter.found;
    if linted.found.is_empty() {
        errors.extend(grouping.errors.iter().filter(|error| is_told(error)).cloned());
    }
    errors.into_iter().for_each(|error| loader.add(error));
    linted.found.extend(loader.found);
    linted.problems = loader.problems;
    linted.files = sources.iter().map(|source| (source.name.clone(), source.text.clone())).collect();
    linted.found.sort_by(|left, right| {
        (&left.file, left.span.start, left.lint, &left.message).cmp(&(
            &right.file,
            right.span.start,
            right.lint,
            &right.message,
        ))
    });
    linted.found.dedup_by(|later, earlier| {
        later.file == earlier.file && later.lint == earlier.lint && later.span.start == earlier.span.start
    });
    linted
}

/// Loads a group as `check` does, for what only the engine can say.
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
    set::compile(dialect, &mut sources, documents, errors);
}

/// Sorts what loading reports into findings, which say what is wrong with a rule, and problems, which keep planguard
/// from looking.
#[derive(Default)]
struct Loader {
    found: Vec<Found>,
    problems: Vec<PolicyError>,
}

impl Loader {
    fn add(&mut self, error: PolicyError) {
        let message = error.to_string();
        let (lint, text, at, help) = match &error {
            PolicyError::UnknownFunction { text, at, help, .. } => {
                (Lint::UnknownFunction, text, at, help.clone())
            }
            PolicyError::RefusedFunction { text, at, .. } => {
                let help = "put the value into a document and pass that with --data".to_owned();
                (Lint::RefusedFunction, text, at, help)
            }
            _ => {
                if !self.problems.iter().any(|known| known.to_string() == message) {
                    self.problems.push(error);
                }
                return;
            }
        };
        let span = at.offset()..at.offset() + at.len();
        self.found.push(Found { lint, file: text.name().to_owned(), span, message, help });
    }
}

fn blocks(sources: &[Source], project: &Project<'_>, errors: &mut Vec<PolicyError>) -> Vec<Blocks> {
    let mut of = |file: &model::File<'_>| {
        let source = sources.iter().find(|source| source.name == file.name)?;
        let starts = file.module.rules.iter().map(|rule| start_of(rule, file.text));
        let starts = starts.chain([file.module.package_span.start]);
        let lines = starts.filter_map(|start| u32::try_from(line_of(file.text, start)).ok());
        Some(metadata::read(source, &lines.collect(), errors))
    };
    project.files.iter().map(|file| of(file).unwrap_or_default()).collect()
}

/// Where a rule starts; the head of a default rule stands after the keyword.
fn start_of(rule: &planguard_rego_syntax::tree::Rule, text: &str) -> usize {
    let start = rule.head.span.start;
    if !rule.is_default {
        return start;
    }
    text[..start].rfind("default").unwrap_or(start)
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset.min(text.len())].matches('\n').count() + 1
}

/// What the lints work with.
struct Linter<'p, 's> {
    project: &'p Project<'s>,
    inference: &'p Inference<'p, 's>,
    /// The METADATA of each file.
    blocks: Vec<Blocks>,
    /// Whether the user has said which packages count.
    named_packages: bool,
    found: Vec<Found>,
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
        self.found.push(Found { lint, file, span, message: message.into(), help: help.into() });
    }

    /// The rules that are evaluated on plans: not those of tests.
    fn policy_rules(&self) -> Vec<RuleId> {
        self.project.ids().filter(|id| !self.project.is_test_rule(*id)).collect()
    }
}
