//! The input of a pass: a parsed policy, and the other names of its package.

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet};

use planguard_rego_syntax::parse::is_keyword;
use planguard_rego_syntax::resolve::{Imports, Meaning};
use planguard_rego_syntax::scope::{DeclaredBy, Scopes};
use planguard_rego_syntax::tree::{Expr, ExprKind, Import, Literal, Module, Rule};
use planguard_rego_syntax::walk::{each_body, outside_bodies};

use super::super::options::RegoVersion;
use super::edit::Edits;
use super::outline::is_test_name;
use super::parts::PartedSets;

/// The names of all rules, by package.
#[derive(Debug, Default)]
pub(super) struct RuleNames {
    packages: BTreeMap<Vec<String>, Names>,
    /// The number of policies.
    files: usize,
    /// The paths that `with` replaces in any policy.
    replaced: BTreeSet<Vec<String>>,
    /// The packages of the library that comes with planguard, as far as nobody adds to them.
    of_library: BTreeMap<Vec<String>, Author>,
    /// The sets that are evaluated in parts.
    pub(super) parts: PartedSets,
}

/// Who wrote a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    Planguard,
    User,
}

#[derive(Debug, Default)]
struct Names {
    values: BTreeSet<String>,
    functions: BTreeSet<String>,
    /// The names of several rules.
    repeated: BTreeSet<String>,
    /// How many rules have each name.
    counts: BTreeMap<String, usize>,
    /// The paths after which a rule computes its key.
    computed: BTreeSet<Vec<String>>,
}

impl RuleNames {
    /// Adds the rules of a policy. Returns its number.
    pub(super) fn add(&mut self, module: &Module, text: &str) -> usize {
        let file = self.files;
        self.files += 1;
        let names = self.packages.entry(module.package.clone()).or_default();
        let mut repeated = BTreeSet::new();
        for rule in &module.rules {
            names.computed.extend(path_to_computed_key(rule, text));
            let is_function = rule.head.arguments.is_some();
            *names.counts.entry(rule.name(text).to_owned()).or_default() += 1;
            let names = if is_function { &mut names.functions } else { &mut names.values };
            if !names.insert(rule.name(text).to_owned()) {
                repeated.insert(rule.name(text).to_owned());
            }
        }
        self.packages.entry(module.package.clone()).or_default().repeated.extend(repeated);
        let imports = Imports::of(module);
        each_body(module, &mut |body| {
            for with in body.literals.iter().flat_map(|literal| &literal.withs) {
                let Some((first, steps)) = with.target.path(text) else { continue };
                let mut path = match imports.outside(first, |_| true) {
                    Meaning::Import(import) => import.path.clone(),
                    Meaning::Input | Meaning::Data => vec![first.to_owned()],
                    Meaning::Local(_) | Meaning::Rule | Meaning::Open => {
                        module.package.iter().cloned().chain([first.to_owned()]).collect()
                    }
                };
                path.extend(steps.into_iter().map(str::to_owned));
                self.replaced.insert(path);
            }
        });
        self.parts.add(file, module, text, &imports);
        file
    }
}

impl RuleNames {
    /// The names of policies of which only the values of rules are asked: neither the lines that are reached, nor the
    /// names of rules.
    pub(super) fn of_values() -> Self {
        Self { parts: PartedSets::allowed(), ..Self::default() }
    }

    /// Notes who wrote a policy.
    pub(super) fn add_author(&mut self, module: &Module, author: Author) {
        let known = self.of_library.entry(module.package.clone()).or_insert(author);
        if author == Author::User {
            *known = author;
        }
    }
}

/// Returns the path in a rule's name up to its first computed key, if it has one.
fn path_to_computed_key(rule: &Rule, text: &str) -> Option<Vec<String>> {
    let ExprKind::Reference { base, steps } = &rule.head.name.kind else { return None };
    let mut path = vec![base.text(text).to_owned()];
    for step in steps {
        match step.key(text) {
            Some(key) => path.push(key.to_owned()),
            None => return Some(path),
        }
    }
    None
}

/// A policy, as passes see it.
#[derive(Debug)]
pub(super) struct Policy<'p> {
    pub text: &'p str,
    pub module: &'p Module,
    pub version: RegoVersion,
    rules: &'p RuleNames,
    /// The names of its package.
    own: Option<&'p Names>,
    imports: Imports<'p>,
    /// What the policy declares, read for the first pass that asks.
    scopes: OnceCell<Scopes<'p>>,
    /// The number of the policy's file.
    pub file: usize,
    /// The number of the first generated name, and of the next.
    first_name: usize,
    next_name: Cell<usize>,
}

/// The start of generated names.
pub(super) const PREFIX: &str = "__pg";

/// Whether a pass wrote a name, and not the author.
pub(super) fn is_generated(name: &str) -> bool {
    name.starts_with(PREFIX)
}

impl<'p> Policy<'p> {
    pub(super) fn new(text: &'p str, module: &'p Module, version: RegoVersion, rules: &'p RuleNames) -> Self {
        let used = text.match_indices(PREFIX).filter_map(|(at, _)| {
            let number = &text[at + PREFIX.len()..];
            let digits = number.bytes().take_while(u8::is_ascii_digit).count();
            number[..digits].parse::<usize>().ok()
        });
        let first_name = used.max().unwrap_or(0).saturating_add(1);
        let imports = Imports::of(module);
        let (scopes, next_name) = (OnceCell::new(), Cell::new(first_name));
        let own = rules.packages.get(&module.package);
        Self { text, module, version, rules, own, imports, scopes, file: 0, first_name, next_name }
    }

    /// Says which file the policy is, of those that are loaded together.
    pub(super) fn in_file(self, file: usize) -> Self {
        Self { file, ..self }
    }

    /// Returns what the policy declares.
    pub(super) fn scopes(&self) -> &Scopes<'p> {
        self.scopes.get_or_init(|| Scopes::of(self.module, self.text))
    }

    /// Forgets the generated names: the pass that asked for them has used none.
    pub(super) fn take_names_back(&self) {
        self.next_name.set(self.first_name);
    }

    pub(super) fn edits(&self) -> Edits<'p> {
        Edits::new(self.text, &self.module.line_ends)
    }

    /// Returns a name that the policy does not use.
    pub(super) fn fresh_name(&self) -> String {
        let number = self.next_name.get();
        self.next_name.set(number.saturating_add(1));
        format!("{PREFIX}{number}")
    }

    /// Returns the name of a rule that no file of the package has.
    pub(super) fn fresh_rule_name(&self) -> String {
        format!("{}_{}", self.fresh_name(), self.file)
    }

    pub(super) fn text_of(&self, expr: &Expr) -> &'p str {
        expr.text(self.text)
    }

    /// Returns whether the policy's package has a rule of that name, in any file.
    pub(super) fn is_rule(&self, name: &str) -> bool {
        self.own.is_some_and(|names| names.values.contains(name) || names.functions.contains(name))
    }

    /// Returns whether the policy's package has a rule of that name that is not a function.
    pub(super) fn is_value(&self, name: &str) -> bool {
        self.own.is_some_and(|names| names.values.contains(name))
    }

    /// Returns whether a rule of the policy's package, in any file, computes its key after a path.
    pub(super) fn has_computed_keys(&self, path: &[String]) -> bool {
        self.own.is_some_and(|names| names.computed.contains(path))
    }

    /// Returns whether any policy replaces a rule or function by `with`.
    pub(super) fn replaces_anything(&self) -> bool {
        !self.rules.replaced.is_empty()
    }

    /// Returns whether the policy's package has a function of that name that `with` replaces somewhere.
    pub(super) fn is_replaced_function(&self, name: &str) -> bool {
        self.is_rule(name) && !self.is_value(name) && {
            let path: Vec<String> = self.module.package.iter().cloned().chain([name.to_owned()]).collect();
            self.rules.replaced.contains(&path)
        }
    }

    /// Returns whether a path from `data` on is that of a function of the library as it comes with planguard, which no
    /// `with` replaces.
    pub(super) fn is_of_library(&self, path: &[String]) -> bool {
        let Some((_, package)) = path.split_last() else { return false };
        self.rules.of_library.get(package) == Some(&Author::Planguard)
            && self.is_function(path)
            && !self.rules.replaced.iter().any(|replaced| path.starts_with(replaced))
    }

    /// Returns whether only the values of rules are asked.
    pub(super) fn is_only_asked_for_values(&self) -> bool {
        self.rules.parts.are_allowed()
    }

    /// Returns whether the policy's package has one rule of that name, a function.
    pub(super) fn has_one_rule(&self, name: &str) -> bool {
        self.own.is_some_and(|names| {
            names.functions.contains(name) && !names.values.contains(name) && !names.repeated.contains(name)
        })
    }

    /// Returns how many rules of the policy's package have a name, in all files.
    pub(super) fn number_of_rules(&self, name: &str) -> usize {
        self.own.and_then(|names| names.counts.get(name)).copied().unwrap_or(0)
    }

    /// Returns whether a set of the policy's package is evaluated in parts.
    pub(super) fn is_parted(&self, name: &str) -> bool {
        self.rules.parts.includes(&self.module.package, name, &self.rules.replaced)
    }

    /// The name of the part of a set to which one of the policy's rules adds, which is the `nth` that it has of the set.
    pub(super) fn part_of_set(&self, name: &str, nth: usize) -> String {
        self.rules.parts.part(&self.module.package, name, self.file, nth)
    }

    /// Returns the names of the packages directly below a path that have a rule, if some package below the path has
    /// tests, and nothing else could be meant by an index after the path.
    pub(super) fn tested_packages(&self, path: &[String], rule: &str) -> Vec<&'p str> {
        let below = || {
            let packages = self.rules.packages.range(path.to_vec()..);
            packages.take_while(|(package, _)| package.starts_with(path))
        };
        let has_tests = |names: &Names| names.values.iter().any(|name| is_test_name(name));
        let is_rule = |package: &[String]| match package.get(path.len()..) {
            // A rule of the path's own package, or a package that has the name of the rule.
            Some([] | [_, _, ..]) | None => true,
            Some([_]) => false,
        };
        if !below().any(|(_, names)| has_tests(names)) || below().any(|(package, _)| is_rule(package)) {
            return Vec::new();
        }
        let with_rule = below().filter(|(_, names)| names.values.contains(rule));
        with_rule.filter_map(|(package, _)| package.last().map(String::as_str)).collect()
    }

    /// Returns the import with that alias.
    pub(super) fn import(&self, name: &str) -> Option<&'p Import> {
        self.imports.get(name)
    }

    /// Returns whether an import has that alias.
    pub(super) fn is_import(&self, name: &str) -> bool {
        self.imports.get(name).is_some()
    }

    /// Returns whether a path from `data` on is that of a function, in any file.
    pub(super) fn is_function(&self, path: &[String]) -> bool {
        let Some((name, package)) = path.split_last() else { return false };
        self.rules.packages.get(package).is_some_and(|names| names.functions.contains(name))
    }

    /// Returns whether a pass wrote or moved a literal, which then binds a generated name.
    pub(super) fn is_moved(&self, literal: &Literal) -> bool {
        let mut found = false;
        for expr in literal.own_exprs() {
            outside_bodies(expr, &mut |part| {
                found |= matches!(part.kind, ExprKind::Name) && self.text_of(part).starts_with(PREFIX);
            });
        }
        found
    }

    /// Returns whether a name has a value independent of the rule that uses it.
    pub(super) fn is_global(&self, scopes: &Scopes<'_>, name: &Expr) -> bool {
        match self.meaning(scopes, name) {
            Meaning::Input | Meaning::Data | Meaning::Import(_) | Meaning::Rule => true,
            Meaning::Local(_) | Meaning::Open => false,
        }
    }

    /// Returns the meaning that a name has outside of its rule.
    pub(super) fn outside(&self, name: &Expr) -> Meaning<'p> {
        self.imports.outside(self.text_of(name), |word| self.is_rule(word))
    }

    /// Returns the meaning of a name.
    pub(super) fn meaning(&self, scopes: &Scopes<'_>, name: &Expr) -> Meaning<'p> {
        self.imports.meaning(scopes, name, self.text, |word| self.is_rule(word))
    }

    /// Returns whether a name is a variable that must be bound elsewhere.
    pub(super) fn is_open(&self, scopes: &Scopes<'_>, name: &Expr) -> bool {
        match self.meaning(scopes, name) {
            Meaning::Local(declaration) => {
                scopes.declarations.get(declaration).is_some_and(|found| found.how == DeclaredBy::Some)
            }
            Meaning::Open => true,
            Meaning::Input | Meaning::Data | Meaning::Import(_) | Meaning::Rule => false,
        }
    }
}

/// Returns a path in Rego syntax: `data.main["a-b"]`.
pub(super) fn path_text(path: &[String]) -> String {
    let mut text = String::new();
    for (index, part) in path.iter().enumerate() {
        let mut characters = part.chars();
        let is_name = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !is_keyword(part);
        if index == 0 {
            text.push_str(part);
        } else if is_name {
            text.push('.');
            text.push_str(part);
        } else {
            text.push_str(&format!("[{}]", serde_json::Value::from(part.as_str())));
        }
    }
    text
}

/// Returns the `with` modifiers of a literal, for a statement under the same conditions.
pub(super) fn modifiers(edits: &Edits<'_>, literal: &Literal) -> String {
    literal.withs.iter().map(|with| format!(" {}", edits.copy(&with.span))).collect()
}
