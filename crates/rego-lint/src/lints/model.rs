//! All policies that are linted, as their authors wrote them: files, rules, and what names mean.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use planguard_plan::text::suggest;
use planguard_rego::convention::{Choice, Convention, Decider, Group, Located, Presence};
use planguard_rego::error::PolicyError;
use planguard_rego::glob;
use planguard_rego::options::Namespaces;
use planguard_rego::program::path_text;
use planguard_rego::source::{self, Source};
use planguard_rego_syntax::parse;
use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Body, Expr, ExprKind, Import, Literal, Module, Rule, Step};

/// A policy file.
pub(super) struct File<'s> {
    pub name: &'s str,
    pub text: &'s str,
    pub module: Module,
    pub scopes: Scopes<'s>,
    pub convention: Convention,
    /// The platform whose input the file reads.
    pub input: Convention,
    /// Whether the file holds tests, by its name.
    pub is_test: bool,
    pub origin: Origin,
}

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Author,
    /// A platform puts it beside the author's files.
    Platform,
}

/// A rule by its file and its position there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RuleId {
    pub file: usize,
    pub rule: usize,
}

/// Everything that is linted together.
pub(super) struct Project<'s> {
    pub files: Vec<File<'s>>,
    /// Rules by their paths, from `data` on.
    pub rules: BTreeMap<Vec<String>, Vec<RuleId>>,
    /// Paths whose rules decide.
    pub deciding: BTreeSet<Vec<String>>,
    pub namespaces: Namespaces,
    /// The rules that platforms ask for.
    pub deciders: Vec<Decider>,
    /// The first steps of paths that the user's data documents have.
    pub documents: BTreeSet<String>,
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A variable that is declared; the number is that of its declaration in the file.
    Declared(usize),
    /// A path into the input.
    Input(Vec<String>),
    /// A path that starts with `data`.
    Data(Vec<String>),
    /// A variable that is not declared, or a builtin.
    Open(String),
}

impl<'s> Project<'s> {
    /// Reads the files that the front end can read.
    pub(super) fn new(
        sources: &'s [Source],
        helpers: &'s [Source],
        located: &[Located],
        groups: &[Group],
        namespaces: &Namespaces,
        documents: BTreeSet<String>,
    ) -> Self {
        let mut files = Vec::new();
        let sources = sources.iter().map(|source| (source, Origin::Author));
        for (source, origin) in sources.chain(helpers.iter().map(|source| (source, Origin::Platform))) {
            let Ok(module) = parse::parse(&source.text) else { continue };
            let scopes = Scopes::of(&module, &source.text);
            let name = source.name.as_str();
            let convention = convention_of(name, located, groups);
            files.push(File {
                name,
                input: input_of(convention, &module.package, &source.text),
                text: &source.text,
                module,
                scopes,
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

    /// Every rule, file by file.
    pub(super) fn ids(&self) -> impl Iterator<Item = RuleId> + '_ {
        self.files
            .iter()
            .enumerate()
            .flat_map(|(file, read)| (0..read.module.rules.len()).map(move |rule| RuleId { file, rule }))
    }

    /// `["data", "main", "deny"]`; what follows the name in the head is part of it as far as it is written out.
    pub(super) fn path_of(&self, id: RuleId) -> Vec<String> {
        let file = self.file(id);
        let rule = self.rule(id);
        let mut path = file.module.package.clone();
        path.push(rule.name(file.text).to_owned());
        if let ExprKind::Reference { steps, .. } = &rule.head.name.kind {
            for step in steps {
                match step {
                    Step::Field(span) => path.push(file.text[span.clone()].to_owned()),
                    Step::Index(index) => match string(file.text, index) {
                        Some(key) => path.push(key),
                        None => break,
                    },
                }
            }
        }
        path
    }

    /// Whether a rule's name and package make it decide, whatever its form.
    pub(super) fn decides(&self, id: RuleId) -> bool {
        let file = self.file(id);
        let name = self.rule(id).name(file.text);
        let mut path = file.module.package.clone();
        path.push(name.to_owned());
        self.deciders.iter().any(|decider| decider.path == path) || is_asked(file.convention, &path)
    }

    /// Whether conftest would read the package, under the namespaces that were chosen.
    pub(super) fn is_selected(&self, package: &[String]) -> bool {
        let name = package.get(1..).unwrap_or_default().join(".");
        match &self.namespaces {
            Namespaces::All => true,
            Namespaces::Named(patterns) => {
                patterns.iter().any(|pattern| *pattern == name || glob::matches(pattern, &name))
            }
        }
    }

    /// The queries of configuration files that no rule answers, and that no rule almost answers either.
    pub(super) fn unknown_queries(&self) -> Vec<PolicyError> {
        let unanswered = self.deciders.iter().filter(|decider| !self.rules.contains_key(&decider.path));
        let almost = |decider: &&Decider| {
            self.ids().any(|id| self.queried(id).is_some_and(|path| path == decider.path.as_slice()))
        };
        unanswered
            .filter(|decider| !almost(decider))
            .filter_map(|decider| match &decider.presence {
                Presence::Queried { policy, text, at } => Some(PolicyError::UnknownQuery {
                    policy: policy.clone(),
                    query: path_text(&decider.path),
                    text: text.clone(),
                    at: *at,
                    help: "add the rule, or correct the query".to_owned(),
                }),
                Presence::Optional => None,
            })
            .collect()
    }

    /// The path that a configuration file asks for, that no rule has, and that is almost that of a rule.
    pub(super) fn queried(&self, id: RuleId) -> Option<&[String]> {
        let file = self.file(id);
        let name = self.rule(id).name(file.text);
        let unanswered = self.deciders.iter().filter(|decider| !self.rules.contains_key(&decider.path));
        unanswered.map(|decider| decider.path.as_slice()).find(|path| {
            path.split_last()
                .is_some_and(|(last, package)| package == file.module.package && suggest::is_near(name, last))
        })
    }

    /// What a name means where it stands.
    pub(super) fn meaning(&self, file: usize, name: &Expr) -> Meaning {
        let read = &self.files[file];
        if let Some(index) = read.scopes.index(name) {
            return Meaning::Declared(index);
        }
        let word = name.text(read.text);
        match word {
            "input" => return Meaning::Input(Vec::new()),
            "data" => return Meaning::Data(vec!["data".to_owned()]),
            _ => {}
        }
        if let Some(import) = self.import(file, word) {
            return match import.path.first().map(String::as_str) {
                Some("input") => Meaning::Input(import.path[1..].to_vec()),
                _ => Meaning::Data(import.path.clone()),
            };
        }
        let mut path = read.module.package.clone();
        path.push(word.to_owned());
        if self.has_below(&path) { Meaning::Data(path) } else { Meaning::Open(word.to_owned()) }
    }

    pub(super) fn import(&self, file: usize, alias: &str) -> Option<&Import> {
        let imports = &self.files[file].module.imports;
        imports.iter().rfind(|import| import.alias == alias && is_real_import(import))
    }

    /// Whether a rule is at a path or below it.
    pub(super) fn has_below(&self, path: &[String]) -> bool {
        self.rules.range(path.to_vec()..).next().is_some_and(|(known, _)| known.starts_with(path))
    }

    /// The rules that a path leads to or into.
    pub(super) fn rules_at<'p>(&'p self, path: &[String]) -> Option<(&'p [RuleId], usize)> {
        (2..=path.len())
            .find_map(|length| self.rules.get(&path[..length]).map(|ids| (ids.as_slice(), length)))
    }

    /// The functions that a call may mean, or nothing if it is a builtin.
    pub(super) fn function(&self, file: usize, function: &Expr) -> Option<(Vec<String>, &[RuleId])> {
        let path = self.data_path(file, function)?;
        let ids = self.rules.get(&path)?;
        ids.iter().any(|id| self.rule(*id).head.arguments.is_some()).then_some((path, ids.as_slice()))
    }

    /// The path into `data` that a reference is, as far as it is written out.
    pub(super) fn data_path(&self, file: usize, expr: &Expr) -> Option<Vec<String>> {
        let (root, steps) = parts(expr)?;
        let Meaning::Data(mut path) = self.meaning(file, root) else { return None };
        for step in steps {
            match key(self.files[file].text, step) {
                Some(key) => path.push(key),
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

/// Whether a rule with this path decides on a platform, whatever the settings file says.
pub(super) fn is_asked(convention: Convention, path: &[String]) -> bool {
    let Some((name, package)) = path.split_last() else { return false };
    convention.platform().decides(&package_text(package), name)
}

/// Whether `opa test` and `conftest verify` would run a rule of that name.
pub(super) fn is_test_name(name: &str) -> bool {
    name.starts_with("test_") || name.starts_with("todo_test_")
}

/// Imports of keywords change the language and name nothing.
pub(super) fn is_real_import(import: &Import) -> bool {
    matches!(import.path.first().map(String::as_str), Some("data" | "input"))
}

fn convention_of(name: &str, located: &[Located], groups: &[Group]) -> Convention {
    let holds = |group: &&Group| group.sources.iter().any(|source| source.name == name);
    let below = |located: &&Located| {
        // A configuration file stands for its directory.
        let path = if located.path.is_file() && located.path.extension().is_none_or(|end| end != "rego") {
            located.path.parent().unwrap_or(&located.path)
        } else {
            &located.path
        };
        let path = source::display_name(path);
        name.starts_with(path.as_str()) || path == "."
    };
    let by_group = groups.iter().find(holds).map(|group| group.convention);
    let by_path = || located.iter().find(below).map(|located| located.convention);
    by_group.or_else(by_path).unwrap_or(Convention::CONFTEST)
}

/// The platform whose input a file reads that nothing else tells the platform of: a policy of HCP Terraform without its
/// `policies.hcl`, for instance. In `package main` the plan is the input.
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

/// A reference as its root and steps; a name has no steps.
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

/// The key of a step that is written out.
pub(super) fn key(text: &str, step: &Step) -> Option<String> {
    match step {
        Step::Field(span) => text.get(span.clone()).map(str::to_owned),
        Step::Index(index) => string(text, index),
    }
}

/// The place of a step.
pub(super) fn step_span(step: &Step) -> Range<usize> {
    match step {
        Step::Field(span) => span.clone(),
        Step::Index(index) => index.span.clone(),
    }
}

/// The value of a string literal.
pub(super) fn string(text: &str, expr: &Expr) -> Option<String> {
    let expr = expr.bare();
    let ExprKind::Scalar = expr.kind else { return None };
    let written = expr.text(text);
    match written.as_bytes().first()? {
        b'"' => serde_json::from_str(written).ok(),
        b'`' => written.strip_prefix('`')?.strip_suffix('`').map(str::to_owned),
        _ => None,
    }
}

/// A literal that is no string: a number, `true`, `false` or `null`.
pub(super) fn other_scalar<'t>(text: &'t str, expr: &Expr) -> Option<&'t str> {
    let expr = expr.bare();
    let ExprKind::Scalar = expr.kind else { return None };
    let written = expr.text(text);
    (!matches!(written.as_bytes().first(), Some(b'"' | b'`' | b'$'))).then_some(written)
}

/// The operator between the operands of an operation.
pub(super) fn operator<'t>(text: &'t str, left: &Expr, right: &Expr) -> &'t str {
    let between = text.get(left.span.end..right.span.start).unwrap_or("");
    // Comments between operands are rare, and then nothing is recognised.
    between.trim_matches(|c: char| c.is_whitespace() || c == '(' || c == ')')
}

/// Shows every literal of a body to `see`, those of inner bodies too.
pub(super) fn each_literal<'m>(body: &'m Body, see: &mut dyn FnMut(&'m Literal)) {
    for literal in &body.literals {
        see(literal);
        for expr in literal.exprs() {
            each_body_in(expr, &mut |inner| each_literal(inner, see));
        }
        if let Some(inner) = literal.body() {
            each_literal(inner, see);
        }
    }
}

/// Shows the bodies of the comprehensions in an expression that stand in no other comprehension.
pub(super) fn each_body_in<'m>(expr: &'m Expr, see: &mut dyn FnMut(&'m Body)) {
    if let Some(body) = expr.body() {
        see(body);
    }
    for child in expr.children() {
        each_body_in(child, see);
    }
}

/// Shows an expression and everything in it to `see`, the bodies of comprehensions included.
pub(super) fn each_expr<'m>(expr: &'m Expr, see: &mut dyn FnMut(&'m Expr)) {
    see(expr);
    for child in expr.children() {
        each_expr(child, see);
    }
    if let Some(body) = expr.body() {
        each_expr_of_body(body, see);
    }
}

pub(super) fn each_expr_of_body<'m>(body: &'m Body, see: &mut dyn FnMut(&'m Expr)) {
    for literal in &body.literals {
        for expr in literal.exprs() {
            each_expr(expr, see);
        }
        if let Some(inner) = literal.body() {
            each_expr_of_body(inner, see);
        }
    }
}

/// Shows every expression of a rule to `see`, the head's included.
pub(super) fn each_expr_of_rule<'m>(rule: &'m Rule, see: &mut dyn FnMut(&'m Expr)) {
    for argument in rule.head.arguments.iter().flatten() {
        each_expr(argument, see);
    }
    for branch in &rule.branches {
        for expr in rule.head_exprs(branch) {
            each_expr(expr, see);
        }
        if let Some(body) = &branch.body {
            each_expr_of_body(body, see);
        }
    }
}

/// The path of a package as text, without `data`.
pub(super) fn package_text(package: &[String]) -> String {
    package.get(1..).unwrap_or_default().join(".")
}
