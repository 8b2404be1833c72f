//! All rules of a policy set, and their dependencies.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use miette::{NamedSource, SourceSpan};
use planguard_rego_syntax::parse;
use planguard_rego_syntax::resolve::{self, Root};
use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Import, ImportPlace};
use regorus::unstable::{Module, Ref, Span};

use super::error::PolicyText;
use super::frontend::parts;
use super::query;
use super::source::{Source, file_of};
use super::syntax::{self, Fact, Form, Reference, Step};

/// The maximum length of a chain of alias rules that is followed.
const RULES_IN_TURN: usize = 8;

/// The rules of the loaded modules.
pub(super) struct Program<'a> {
    pub rules: Vec<RuleFacts<'a>>,
    /// Rules with the same path define one document and count as one.
    pub documents: Vec<Document>,
    by_path: BTreeMap<Vec<String>, usize>,
    imports: Vec<HashMap<String, Import>>,
    /// The offsets of the names in each module's text that are variables, found when a name may be one or something else.
    variables: Vec<OnceCell<HashSet<usize>>>,
    packages: Vec<Vec<String>>,
    texts: HashMap<&'a str, (PolicyText, &'a Source)>,
}

/// One rule.
pub(super) struct RuleFacts<'a> {
    pub module: usize,
    pub document: usize,
    /// The first name of the head.
    pub name: &'a str,
    /// Whether the head has further steps, as in `deny.storage` or `deny[msg]`.
    pub steps: Vec<Step>,
    pub form: Form,
    /// The reference that the rule is an alias of, if it is one.
    pub value: Option<Reference<'a>>,
    pub span: &'a Span,
    pub head_span: &'a Span,
    pub facts: Vec<Fact<'a>>,
    /// The names of variables that it declares anywhere.
    declared: HashSet<&'a str>,
}

/// The document that rules with the same path define.
pub(super) struct Document {
    pub path: Vec<String>,
    pub is_function: bool,
    /// Documents that are referenced by their full path.
    pub needs: BTreeSet<usize>,
    /// Documents that are meant by the name of something that holds them, such as their package. The engine follows a
    /// reference no further than to the first step that is not written out.
    pub may_need: BTreeSet<usize>,
    /// Those of them that the steps after that can mean: all that OPA takes for needed.
    pub may_mean: BTreeSet<usize>,
    /// The first rule.
    pub rule: usize,
}

/// The meaning of a reference.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A variable of the rule itself.
    Own,
    /// A path into the plan.
    Input(Vec<Step>),
    /// A path into `data`, which contains the rules.
    Data(Vec<Step>),
    /// Anything else, possibly a builtin.
    Nothing,
}

impl RuleFacts<'_> {
    /// Returns whether the rule is a test, which only `opa test` and `conftest verify` run.
    pub(super) fn is_test(&self) -> bool {
        self.name.starts_with("test_") || self.name.starts_with("todo_test_")
    }
}

/// Returns the path of a package: `data.main` is `["data", "main"]`.
pub(super) fn package_path(module: &Module) -> Vec<String> {
    let mut path = vec!["data".to_owned()];
    if let Some(reference) = syntax::reference(&module.package.refr) {
        path.push(reference.root.to_owned());
        path.extend(reference.fixed_steps().map(str::to_owned));
    }
    path
}

/// Returns a path in the engine's syntax: names joined by dots, any other key as a string in brackets.
pub fn path_text(path: &[String]) -> String {
    let mut text = String::new();
    for part in path {
        let mut characters = part.chars();
        let is_name = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            text.push('[');
            text.push_str(&serde_json::Value::from(part.as_str()).to_string());
            text.push(']');
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(part);
        }
    }
    text
}

/// How often the rules of each file have been collected.
#[cfg(test)]
pub(super) static COLLECTED: std::sync::Mutex<BTreeMap<String, usize>> =
    std::sync::Mutex::new(BTreeMap::new());

impl<'a> Program<'a> {
    /// Collects the rules of the modules parsed from `sources`.
    pub(super) fn new(modules: &'a [Ref<Module>], sources: &'a [Source]) -> Self {
        #[cfg(test)]
        for source in sources {
            *COLLECTED.lock().unwrap().entry(source.name.clone()).or_default() += 1;
        }
        let mut program = Self {
            rules: Vec::new(),
            documents: Vec::new(),
            by_path: BTreeMap::new(),
            imports: modules.iter().map(|module| imports(module)).collect(),
            variables: modules.iter().map(|_| OnceCell::new()).collect(),
            packages: modules.iter().map(|module| package_path(module)).collect(),
            texts: sources.iter().map(|source| (source.name.as_str(), (source.named(), source))).collect(),
        };
        for (index, module) in modules.iter().enumerate() {
            for rule in &module.policy {
                program.add(index, rule);
            }
        }
        program.connect();
        program
    }

    fn add(&mut self, module: usize, rule: &'a Ref<regorus::unstable::Rule>) {
        let Some(head) = syntax::head(rule) else { return };
        let mut path = self.packages[module].clone();
        let name = parts::whole(head.name.root);
        path.push(name.to_owned());
        path.extend(head.name.fixed_steps().map(str::to_owned));
        let is_function = head.form == Form::Function;
        let index = self.rules.len();
        let document = *self.by_path.entry(path.clone()).or_insert_with(|| {
            self.documents.push(Document {
                path,
                is_function,
                needs: BTreeSet::new(),
                may_need: BTreeSet::new(),
                may_mean: BTreeSet::new(),
                rule: index,
            });
            self.documents.len() - 1
        });
        let facts = syntax::facts(rule);
        let declared = facts
            .iter()
            .filter_map(|fact| match fact {
                Fact::Declares(name) => Some(*name),
                Fact::Refers(_)
                | Fact::Calls { .. }
                | Fact::Assigns { .. }
                | Fact::Iterates { .. }
                | Fact::Replaces(_) => None,
            })
            .collect();
        self.rules.push(RuleFacts {
            module,
            document,
            name,
            steps: head.name.steps,
            form: head.form,
            value: head.value,
            span: rule.span(),
            head_span: head.name.span,
            facts,
            declared,
        });
    }

    fn connect(&mut self) {
        for rule in &self.rules {
            let mut needs = BTreeSet::new();
            let mut may_need = BTreeSet::new();
            let mut may_mean: BTreeSet<usize> = BTreeSet::new();
            for fact in &rule.facts {
                match fact {
                    Fact::Refers(reference) => {
                        if let Meaning::Data(steps) = self.meaning(rule, reference) {
                            let below = self.targets(&steps, &mut needs);
                            may_mean.extend(
                                below.iter().copied().filter(|document| self.can_mean(*document, &steps)),
                            );
                            may_need.extend(below);
                        }
                    }
                    Fact::Calls { function, .. } => needs.extend(self.functions(rule, function)),
                    Fact::Assigns { .. } | Fact::Iterates { .. } | Fact::Declares(_) | Fact::Replaces(_) => {}
                }
            }
            let document = &mut self.documents[rule.document];
            document.needs.extend(needs);
            document.may_need.extend(may_need);
            document.may_mean.extend(may_mean);
        }
    }

    /// Returns the text of a syntax node's file, for a diagnostic.
    pub(super) fn text_of(&self, span: &Span) -> PolicyText {
        let known = self.texts.get(file_of(span)).map(|(text, _)| text.clone());
        known.unwrap_or_else(|| PolicyText::new(NamedSource::new(file_of(span), "".into())))
    }

    /// Returns the range of a syntax node in the author's text.
    pub(super) fn place_of(&self, span: &Span) -> SourceSpan {
        self.texts.get(file_of(span)).map_or((0, 0).into(), |(_, source)| source.span_of(span))
    }

    /// Returns the policy that a syntax node is from.
    pub(super) fn source_of(&self, span: &Span) -> Option<&'a Source> {
        self.texts.get(file_of(span)).map(|(_, source)| *source)
    }

    /// Returns the package of a rule, without `data`.
    pub(super) fn package(&self, rule: &RuleFacts<'_>) -> &[String] {
        &self.packages[rule.module][1..]
    }

    /// Returns the meaning of a reference.
    pub(super) fn meaning(&self, rule: &RuleFacts<'_>, reference: &Reference<'_>) -> Meaning {
        let steps = || reference.steps.iter().cloned();
        let mut path = self.packages[rule.module].clone();
        path.push(reference.root.to_owned());
        let is_rule = |_: &str| {
            self.by_path.range(path.clone()..).next().is_some_and(|(known, _)| known.starts_with(&path))
        };
        let import = self.imports[rule.module].get(reference.root);
        let outside = match resolve::outside(reference.root, import, is_rule) {
            resolve::Meaning::Input => Meaning::Input(steps().collect()),
            resolve::Meaning::Data => Meaning::Data(steps().collect()),
            resolve::Meaning::Import(import) => {
                let (root, target) = import.target();
                let path = target.iter().cloned().map(Step::Key).chain(steps()).collect();
                match root {
                    Root::Input => Meaning::Input(path),
                    Root::Data => Meaning::Data(path),
                }
            }
            resolve::Meaning::Rule => {
                Meaning::Data(path[1..].iter().cloned().map(Step::Key).chain(steps()).collect())
            }
            resolve::Meaning::Local(_) | resolve::Meaning::Open => Meaning::Nothing,
        };
        if !rule.declared.contains(reference.root) {
            return outside;
        }
        match outside {
            Meaning::Own | Meaning::Nothing => Meaning::Own,
            Meaning::Input(_) | Meaning::Data(_) if self.is_variable(rule, reference) => Meaning::Own,
            Meaning::Input(_) | Meaning::Data(_) => outside,
        }
    }

    /// Whether a reference starts with a variable, where the rule declares one of its name.
    fn is_variable(&self, rule: &RuleFacts<'_>, reference: &Reference<'_>) -> bool {
        let variables = self.variables[rule.module].get_or_init(|| {
            let text = rule.span.source.get_contents();
            match parse::parse(text) {
                Ok(module) => Scopes::of(&module, text).uses().map(|(offset, _)| offset).collect(),
                // What is rejected for its form is not evaluated.
                Err(_) => HashSet::new(),
            }
        });
        variables.contains(&reference.root_at)
    }

    /// Returns whether a module imports a document or package by a name.
    pub(super) fn imports(&self, module: usize, name: &str) -> bool {
        self.imports[module].contains_key(name)
    }

    /// Returns the functions of the loaded policies that a call may refer to. The engine falls back from an import to
    /// the caller's package, so there can be two; a cycle through either would end the process.
    pub(super) fn functions(&self, rule: &RuleFacts<'_>, called: &Reference<'_>) -> Vec<usize> {
        let Some(tail) = called.steps.iter().map(Step::key).collect::<Option<Vec<&str>>>() else {
            return Vec::new();
        };
        let imported = self.imports[rule.module].get(called.root).map(|import| import.path.clone());
        let mut beside = self.packages[rule.module].clone();
        beside.push(called.root.to_owned());
        let mut found = Vec::new();
        for mut path in imported.into_iter().chain([beside, vec![called.root.to_owned()]]) {
            path.extend(tail.iter().map(|step| (*step).to_owned()));
            let document = self.by_path.get(&path).copied();
            found.extend(document.filter(|document| self.documents[*document].is_function));
        }
        found
    }

    /// Adds the document that a path into `data` names in full, or else returns those below the part that is written
    /// out.
    fn targets(&self, steps: &[Step], needs: &mut BTreeSet<usize>) -> Vec<usize> {
        let mut path = vec!["data".to_owned()];
        for step in steps {
            match step {
                Step::Key(key) => path.push(key.clone()),
                Step::Dynamic => break,
            }
            if let Some(document) = self.by_path.get(&path) {
                needs.insert(*document);
                return Vec::new();
            }
        }
        let below = self.by_path.range(path.clone()..).take_while(|(known, _)| known.starts_with(&path));
        // A query is a rule only for the engine: nothing in `data` is the query.
        let query: Vec<&str> = query::RULE.split('.').collect();
        below.filter(|(known, _)| **known != query).map(|(_, document)| *document).collect()
    }

    /// Whether a path into `data` can lead to a document or into it.
    fn can_mean(&self, document: usize, steps: &[Step]) -> bool {
        self.documents[document].path[1..].iter().zip(steps).all(|(own, step)| match step {
            Step::Key(key) => own == key,
            Step::Dynamic => true,
        })
    }

    /// The paths of all packages and documents.
    pub(super) fn paths(&self) -> impl Iterator<Item = &[String]> {
        self.packages.iter().chain(self.by_path.keys()).map(Vec::as_slice)
    }

    /// Whether a rule builds the document at a path, which is without `data`.
    pub(super) fn is_rule(&self, path: &[String]) -> bool {
        let path: Vec<String> = ["data".to_owned()].iter().chain(path).cloned().collect();
        self.by_path.contains_key(&path)
    }

    /// Returns the path into the input for a path into `data` through an alias such as `run := input.run`, if no
    /// other rule defines the alias.
    pub(super) fn through_rule(&self, steps: &[Step]) -> Option<Vec<Step>> {
        self.through_rules(steps, 0)
    }

    fn through_rules(&self, steps: &[Step], passed: usize) -> Option<Vec<Step>> {
        // Aliases of each other have no meaning.
        if passed > RULES_IN_TURN {
            return None;
        }
        let mut path = vec!["data".to_owned()];
        for (index, step) in steps.iter().enumerate() {
            path.push(step.key()?.to_owned());
            let Some(document) = self.by_path.get(&path) else { continue };
            let mut rules = self.rules.iter().filter(|rule| rule.document == *document);
            let (Some(rule), None) = (rules.next(), rules.next()) else { return None };
            let start = match self.meaning(rule, rule.value.as_ref()?) {
                Meaning::Input(start) => start,
                Meaning::Data(steps) => self.through_rules(&steps, passed + 1)?,
                Meaning::Own | Meaning::Nothing => return None,
            };
            return Some(start.into_iter().chain(steps[index + 1..].iter().cloned()).collect());
        }
        None
    }

    /// Returns whether nothing else is defined at the path of a document or below. Otherwise its path has a larger value
    /// than the document itself.
    pub(super) fn stands_alone(&self, document: usize) -> bool {
        let path = &self.documents[document].path;
        let below = self.by_path.range(path.clone()..).take_while(|(other, _)| other.starts_with(path));
        below.count() == 1
            && !(1..path.len()).any(|length| self.by_path.contains_key(&path[..length]))
            && !self.packages.iter().any(|package| package.starts_with(path))
    }

    /// Returns every document that `roots` depend on, including the roots.
    pub(super) fn reachable(&self, roots: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut pending: Vec<usize> = roots.into_iter().collect();
        while let Some(document) = pending.pop() {
            if reached.insert(document) {
                let document = &self.documents[document];
                pending.extend(document.needs.iter().chain(&document.may_need));
            }
        }
        reached
    }

    /// Returns the names of all functions, as a caller in another package would write them.
    pub(super) fn function_names(&self) -> impl Iterator<Item = &str> {
        let functions = self.documents.iter().filter(|document| document.is_function);
        functions.filter_map(|document| document.path.last().map(String::as_str))
    }
}

/// Returns the imports of documents and packages by their names; the last of a name wins.
fn imports(module: &Module) -> HashMap<String, Import> {
    let mut imports = HashMap::new();
    for import in &module.imports {
        let Some(reference) = syntax::reference(&import.refr) else { continue };
        let mut path = vec![reference.root.to_owned()];
        path.extend(reference.fixed_steps().map(str::to_owned));
        let alias = import.r#as.as_ref().map(|span| span.text().to_owned()).or_else(|| path.last().cloned());
        let Some(alias) = alias else { continue };
        let span = import.span.start as usize..import.span.end as usize;
        let import = Import { span, path, alias: alias.clone(), place: ImportPlace::BeforeRules };
        if import.is_of_document() {
            imports.insert(alias, import);
        }
    }
    imports
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_program<T>(policies: &[&str], test: impl FnOnce(&Program<'_>) -> T) -> T {
        let mut engine = regorus::Engine::new();
        for (index, policy) in policies.iter().enumerate() {
            engine.add_policy(format!("{index}.rego"), (*policy).to_owned()).unwrap();
        }
        test(&Program::new(engine.get_modules(), &[]))
    }

    fn needs(program: &Program<'_>, path: &str) -> Vec<String> {
        let document = program.documents.iter().find(|document| path_text(&document.path) == path).unwrap();
        document.needs.iter().map(|need| path_text(&program.documents[*need].path)).collect()
    }

    #[test]
    fn calls_are_resolved_through_packages_and_imports() {
        let main = "package main\nimport data.lib as l\nimport data.lib.g\n\
                    deny contains m if { l.f(1); g(2); data.lib.h(3); m := own(4) }\nown(x) := x";
        let lib = "package lib\nf(x) := x\ng(x) := f(x)\nh(x) := g(x)";
        with_program(&[main, lib], |program| {
            let expected = ["data.main.own", "data.lib.f", "data.lib.g", "data.lib.h"];
            assert_eq!(needs(program, "data.main.deny"), expected);
            assert_eq!(needs(program, "data.lib.g"), ["data.lib.f"]);
        });
    }

    #[test]
    fn an_import_does_not_hide_a_function_of_the_same_name() {
        let main = "package main\nimport data.nowhere as f\nf(x) := f(x + 1)";
        with_program(&[main], |program| assert_eq!(needs(program, "data.main.f"), ["data.main.f"]));
    }

    #[test]
    fn a_rules_own_variable_is_not_another_rule() {
        let policy =
            "package main\nresource := 1\ndeny contains m if { some resource in [1]; m := resource }";
        with_program(&[policy], |program| assert!(needs(program, "data.main.deny").is_empty()));
    }

    #[test]
    fn a_variable_of_an_inner_body_is_another_rule_outside_of_it() {
        let policy = "package main\nimport data.lib\nresource := 1\n\
                      deny contains m if { x := [resource | some resource in lib]; m := [x, resource] }\n\
                      warn contains m if { some lib in [1]; m := [resource | resource := lib.x] }";
        with_program(&[policy, "package lib\nx := 1"], |program| {
            assert_eq!(needs(program, "data.main.deny"), ["data.main.resource"]);
            assert!(needs(program, "data.main.warn").is_empty());
            let deny =
                program.documents.iter().find(|document| document.path.ends_with(&["deny".to_owned()]));
            assert_eq!(deny.unwrap().may_need.len(), 1, "all of the package lib");
        });
    }

    #[test]
    fn a_reference_to_a_package_may_depend_on_all_its_rules() {
        with_program(&["package main\nx := data.lib[_]", "package lib\na := 1\nb := 2"], |program| {
            let document = &program.documents[0];
            assert!(document.needs.is_empty());
            assert_eq!(document.may_need.len(), 2);
            assert_eq!(program.reachable([0]).len(), 3);
        });
    }

    #[test]
    fn paths_have_the_syntax_of_the_engine() {
        let path = ["data", "a-b", "c", "1"].map(str::to_owned);
        assert_eq!(path_text(&path), r#"data["a-b"].c["1"]"#);
    }
}
