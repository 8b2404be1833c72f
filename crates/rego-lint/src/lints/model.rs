//! The policies to lint, as their authors wrote them: files, rules, and the meaning of names.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::{Bound, Range};

use planguard_plan::text::suggest;
use planguard_rego::convention::{Choice, Convention, Decider, Group, Located, Presence};
use planguard_rego::error::{ConventionError, PolicyError};
use planguard_rego::glob;
use planguard_rego::options::Namespaces;
use planguard_rego::program::path_text;
use planguard_rego::source::{self, Source};
use planguard_rego_syntax::resolve::{self, Imports};
use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Expr, ExprKind, Import, Module, Rule, Scalar, Step};

/// A policy file.
pub(super) struct File<'s> {
    pub name: &'s str,
    pub text: &'s str,
    pub module: &'s Module,
    pub scopes: Scopes<'s>,
    pub imports: Imports<'s>,
    pub convention: Convention,
    /// The platform whose input the file reads.
    pub input: Convention,
    /// Whether the file contains tests, by its name.
    pub is_test: bool,
    pub origin: Origin,
}

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Author,
    /// A platform adds it to the author's files.
    Platform,
}

/// A rule, by its file and its position in that file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RuleId {
    pub file: usize,
    pub rule: usize,
}

/// All policies that are linted together.
pub(super) struct Project<'s> {
    pub files: Vec<File<'s>>,
    /// Rules by path, starting with `data`.
    pub rules: BTreeMap<Vec<String>, Vec<RuleId>>,
    /// The paths of the rules that decide.
    pub deciding: BTreeSet<Vec<String>>,
    pub namespaces: Namespaces,
    /// The rules that platforms query.
    pub deciders: Vec<Decider>,
    /// The first steps of the paths that the user's data documents define.
    pub documents: BTreeSet<String>,
}

/// The meaning of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A declared variable, by the number of its declaration in the file.
    Declared(usize),
    /// A path into the input.
    Input(Vec<String>),
    /// A path that starts with `data`.
    Data(Vec<String>),
    /// An undeclared variable, or a builtin.
    Open(String),
}

impl<'s> Project<'s> {
    /// Reads the files that the front end can parse.
    pub(super) fn new(
        sources: &'s [Source],
        helpers: &'s [Source],
        located: &[Located],
        groups: &[Group],
        namespaces: &Namespaces,
        documents: BTreeSet<String>,
    ) -> Self {
        let mut files = Vec::new();
        // Of several groups with a file, the first counts.
        let mut by_group: HashMap<&str, Convention> = HashMap::new();
        for group in groups {
            for source in &group.sources {
                by_group.entry(&source.name).or_insert(group.convention);
            }
        }
        let sources = sources.iter().map(|source| (source, Origin::Author));
        for (source, origin) in sources.chain(helpers.iter().map(|source| (source, Origin::Platform))) {
            let Ok(module) = source.module() else { continue };
            let scopes = Scopes::of(module, &source.text);
            let name = source.name.as_str();
            let convention = by_group.get(name).copied().unwrap_or_else(|| convention_of(name, located));
            files.push(File {
                name,
                input: input_of(convention, &module.package, &source.text),
                text: &source.text,
                module,
                scopes,
                imports: Imports::of(module),
                convention,
                is_test: name.ends_with("_test.rego") || name.ends_with("/test.rego"),
                origin,
            });
        }
        let deciders: Vec<Decider> = groups
            .iter()
            .flat_map(|group| match &group.choice {
                Choice::Rules { deciders, .. } => deciders.clone(),
                Choice::Namespaces(_) => Vec::new(),
            })
            .collect();
        let mut project = Self {
            files,
            rules: BTreeMap::new(),
            deciding: BTreeSet::new(),
            namespaces: namespaces.clone(),
            deciders,
            documents,
        };
        for file in 0..project.files.len() {
            for rule in 0..project.files[file].module.rules.len() {
                let id = RuleId { file, rule };
                let path = project.path_of(id);
                if project.decides(id) {
                    project.deciding.insert(path.clone());
                }
                project.rules.entry(path).or_default().push(id);
            }
        }
        project
    }

    pub(super) fn file(&self, id: RuleId) -> &File<'s> {
        &self.files[id.file]
    }

    pub(super) fn rule(&self, id: RuleId) -> &Rule {
        &self.files[id.file].module.rules[id.rule]
    }

    /// Returns every rule, file by file.
    pub(super) fn ids(&self) -> impl Iterator<Item = RuleId> + '_ {
        (0..self.files.len()).flat_map(|file| self.ids_of(file))
    }

    /// Returns the rules of a file.
    pub(super) fn ids_of(&self, file: usize) -> impl Iterator<Item = RuleId> + use<> {
        let count = self.files.get(file).map_or(0, |read| read.module.rules.len());
        (0..count).map(move |rule| RuleId { file, rule })
    }

    /// Returns a rule's path, such as `["data", "main", "deny"]`, including constant keys in the head.
    pub(super) fn path_of(&self, id: RuleId) -> Vec<String> {
        let file = self.file(id);
        let rule = self.rule(id);
        let mut path = file.module.package.clone();
        path.push(rule.name(file.text).to_owned());
        if let ExprKind::Reference { steps, .. } = &rule.head.name.kind {
            for step in steps {
                match step.key(file.text) {
                    Some(key) => path.push(key.to_owned()),
                    None => break,
                }
            }
        }
        path
    }

    /// Returns whether a rule decides, by its name and package.
    pub(super) fn decides(&self, id: RuleId) -> bool {
        let file = self.file(id);
        let name = self.rule(id).name(file.text);
        let mut path = file.module.package.clone();
        path.push(name.to_owned());
        self.deciders.iter().any(|decider| decider.path == path) || is_asked(file.convention, &path)
    }

    /// Returns whether conftest would read the package with the selected namespaces.
    pub(super) fn is_selected(&self, package: &[String]) -> bool {
        let name = package.get(1..).unwrap_or_default().join(".");
        match &self.namespaces {
            Namespaces::All => true,
            Namespaces::Named(patterns) => {
                patterns.iter().any(|pattern| *pattern == name || glob::matches(pattern, &name))
            }
        }
    }

    /// Returns an error for every query of a configuration file that matches no rule, not even a misspelt one.
    pub(super) fn unknown_queries(&self) -> Vec<PolicyError> {
        let unanswered = self.deciders.iter().filter(|decider| !self.rules.contains_key(&decider.path));
        let almost = |decider: &&Decider| {
            self.ids().any(|id| self.queried(id).is_some_and(|path| path == decider.path.as_slice()))
        };
        unanswered
            .filter(|decider| !almost(decider))
            .filter_map(|decider| match &decider.presence {
                Presence::Queried { policy, text, at } => {
                    Some(PolicyError::Convention(ConventionError::UnknownQuery {
                        policy: policy.clone(),
                        query: path_text(&decider.path),
                        text: text.clone(),
                        at: *at,
                        help: "add the rule, or fix the query".to_owned(),
                    }))
                }
                Presence::Optional => None,
            })
            .collect()
    }

    /// Returns the query of a configuration file that no rule matches and that resembles this rule's path.
    pub(super) fn queried(&self, id: RuleId) -> Option<&[String]> {
        let file = self.file(id);
        let name = self.rule(id).name(file.text);
        let unanswered = self.deciders.iter().filter(|decider| !self.rules.contains_key(&decider.path));
        unanswered.map(|decider| decider.path.as_slice()).find(|path| {
            path.split_last()
                .is_some_and(|(last, package)| package == file.module.package && suggest::is_near(name, last))
        })
    }

    /// Returns the meaning of a name.
    pub(super) fn meaning(&self, file: usize, name: &Expr) -> Meaning {
        let read = &self.files[file];
        let word = name.text(read.text);
        let own = || read.module.package.iter().cloned().chain([word.to_owned()]).collect::<Vec<_>>();
        let is_rule = |_: &str| self.has_below(&own());
        match read.imports.meaning(&read.scopes, name, read.text, is_rule) {
            resolve::Meaning::Local(index) => Meaning::Declared(index),
            resolve::Meaning::Input => Meaning::Input(Vec::new()),
            resolve::Meaning::Data => Meaning::Data(vec!["data".to_owned()]),
            resolve::Meaning::Import(import) => match import.target() {
                (resolve::Root::Input, path) => Meaning::Input(path.to_vec()),
                (resolve::Root::Data, _) => Meaning::Data(import.path.clone()),
            },
            resolve::Meaning::Rule => Meaning::Data(own()),
            resolve::Meaning::Open => Meaning::Open(word.to_owned()),
        }
    }

    pub(super) fn import(&self, file: usize, alias: &str) -> Option<&Import> {
        self.files[file].imports.get(alias)
    }

    /// Returns whether a rule exists at or below a path.
    pub(super) fn has_below(&self, path: &[String]) -> bool {
        let from_here = (Bound::Included(path), Bound::Unbounded);
        self.rules.range::<[String], _>(from_here).next().is_some_and(|(known, _)| known.starts_with(path))
    }

    /// Returns the rules at a path or at a prefix of it.
    pub(super) fn rules_at<'p>(&'p self, path: &[String]) -> Option<(&'p [RuleId], usize)> {
        (2..=path.len())
            .find_map(|length| self.rules.get(&path[..length]).map(|ids| (ids.as_slice(), length)))
    }

    /// Returns the functions that a call refers to, or `None` for a builtin.
    pub(super) fn function(&self, file: usize, function: &Expr) -> Option<(Vec<String>, &[RuleId])> {
        let path = self.data_path(file, function)?;
        let ids = self.rules.get(&path)?;
        ids.iter().any(|id| self.rule(*id).head.arguments.is_some()).then_some((path, ids.as_slice()))
    }

    /// Returns the constant part of a reference into `data`.
    pub(super) fn data_path(&self, file: usize, expr: &Expr) -> Option<Vec<String>> {
        let (root, steps) = parts(expr)?;
        let Meaning::Data(mut path) = self.meaning(file, root) else { return None };
        for step in steps {
            match step.key(self.files[file].text) {
                Some(key) => path.push(key.to_owned()),
                None => break,
            }
        }
        Some(path)
    }

    pub(super) fn is_test_rule(&self, id: RuleId) -> bool {
        let file = self.file(id);
        file.is_test || is_test_name(self.rule(id).name(file.text))
    }
}

/// Returns whether a rule at this path decides on a platform, whatever its settings file.
pub(super) fn is_asked(convention: Convention, path: &[String]) -> bool {
    let Some((name, package)) = path.split_last() else { return false };
    convention.platform().decides(&package_text(package), name)
}

/// Returns whether `opa test` and `conftest verify` would run a rule of that name.
pub(super) fn is_test_name(name: &str) -> bool {
    name.starts_with("test_") || name.starts_with("todo_test_")
}

/// The convention of a file that is in no group: that of its path.
fn convention_of(name: &str, located: &[Located]) -> Convention {
    let below = |located: &&Located| {
        // A configuration file applies to its directory.
        let path = if located.path.is_file() && located.path.extension().is_none_or(|end| end != "rego") {
            located.path.parent().unwrap_or(&located.path)
        } else {
            &located.path
        };
        let path = source::display_name(path);
        name.starts_with(path.as_str()) || path == "."
    };
    located.iter().find(below).map_or(Convention::CONFTEST, |located| located.convention)
}

/// Returns the platform whose input a file reads if no configuration selects one, for instance for a policy of HCP
/// Terraform without `policies.hcl`. In `package main`, the plan is the input.
fn input_of(convention: Convention, package: &[String], text: &str) -> Convention {
    if convention != Convention::CONFTEST
        || package_text(package) == "main"
        || text.contains("input.resource_changes")
        || text.contains("input.planned_values")
    {
        return convention;
    }
    let reads = |key: &str| {
        let path = format!("input.{key}");
        text.match_indices(&path).any(|(at, _)| {
            let rest = &text[at + path.len()..];
            !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        })
    };
    let wraps = |known: &Convention| known.platform().plan.only_key().is_some_and(reads);
    Convention::ALL.into_iter().find(wraps).unwrap_or(convention)
}

/// Splits a reference into its root and steps; a name has no steps.
pub(super) fn parts(expr: &Expr) -> Option<(&Expr, &[Step])> {
    match &expr.kind {
        ExprKind::Name => Some((expr, &[])),
        ExprKind::Reference { base, steps } => match base.kind {
            ExprKind::Name => Some((base, steps)),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the byte range of a step.
pub(super) fn step_span(step: &Step) -> Range<usize> {
    match step {
        Step::Field(span) => span.clone(),
        Step::Index(index) => index.span.clone(),
    }
}

/// Returns whether an expression is a number, `true`, `false` or `null`.
pub(super) fn is_other_scalar(expr: &Expr) -> bool {
    matches!(expr.scalar(), Some(Scalar::Null | Scalar::Bool(_) | Scalar::Number(_)))
}

/// Returns the path of a package as text, without `data`.
pub(super) fn package_text(package: &[String]) -> String {
    package.get(1..).unwrap_or_default().join(".")
}
