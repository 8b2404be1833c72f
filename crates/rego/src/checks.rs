//! Checks the loaded policies for errors that the engine would not report or would not survive.

use std::collections::BTreeSet;

use planguard_plan::text::suggest;
use regorus::unstable::{BUILTINS, Span};

use super::builtins;
use super::error::{PolicyError, is_full, report};
use super::program::{Document, Program, RuleFacts, path_text};
use super::source::file_of;
use super::syntax::{Fact, Reference};

/// The maximum length of a chain of dependent rules. The stack has room for several times as many.
const CHAIN_LIMIT: usize = 500;

/// The number of the policies' functions that are considered for suggestions, since comparing takes time.
const SUGGESTIBLE: usize = 1_000;

/// Functions that need the network, the environment or credentials.
const REFUSED: [(&str, &str); 5] = [
    ("http.send", "policies have no network access"),
    ("net.lookup_ip_addr", "policies have no network access"),
    ("opa.runtime", "policies cannot read the environment"),
    ("rego.parse_module", "policies cannot read other policies"),
    ("providers.aws.sign_req", "policies cannot use credentials"),
];

/// Conftest's functions that read files. They are allowed in tests, which only `planguard test` evaluates.
const FILE_FUNCTIONS: [&str; 2] = ["parse_config_file", "parse_combined_config_files"];

fn is_for_tests(rule: &RuleFacts<'_>) -> bool {
    rule.is_test() || file_of(rule.span).ends_with("_test.rego")
}

/// The result of the checks.
#[derive(Default)]
pub(super) struct Problems {
    pub errors: Vec<PolicyError>,
    /// The files that must not be loaded into the engine.
    pub unsafe_files: BTreeSet<String>,
}

/// Checks functions and the dependencies of rules.
///
/// After removing the unsafe files, check again: the remaining ones may contain another cycle.
pub(super) fn check(program: &Program<'_>) -> Problems {
    let mut checker = Checker { program, names: None, problems: Problems::default() };
    for rule in &program.rules {
        for fact in &rule.facts {
            match fact {
                Fact::Refers(reference) | Fact::Replaces(reference) => {
                    checker.refused(rule, reference);
                }
                Fact::Calls { function, arguments, span } => {
                    if !checker.refused(rule, function) {
                        checker.unknown(rule, function);
                    }
                    checker.lone_walk(function, *arguments, span);
                }
                Fact::Assigns { .. } | Fact::Iterates { .. } | Fact::Declares(_) => {}
            }
        }
    }
    let mut problems = checker.problems;
    Chains::new(program, &mut problems).check();
    problems
}

struct Checker<'p, 'a> {
    program: &'p Program<'a>,
    /// Every function name in a stable order, for suggestions; built when first needed.
    names: Option<Vec<&'p str>>,
    problems: Problems,
}

impl<'p> Checker<'p, '_> {
    /// Returns whether a reference is to a refused function.
    fn refused(&mut self, rule: &RuleFacts<'_>, reference: &Reference<'_>) -> bool {
        let name = reference.dotted();
        let Some((name, reason)) = REFUSED.iter().find(|(refused, _)| *refused == name) else { return false };
        if !self.program.functions(rule, reference).is_empty() {
            return false;
        }
        let error = PolicyError::RefusedFunction {
            name: (*name).to_owned(),
            reason,
            text: self.program.text_of(reference.span),
            at: self.program.place_of(reference.span),
        };
        report(&mut self.problems.errors, error);
        self.problems.unsafe_files.insert(file_of(rule.span).to_owned());
        true
    }

    fn unknown(&mut self, rule: &RuleFacts<'_>, function: &Reference<'_>) {
        let name = function.dotted();
        let known = !self.program.functions(rule, function).is_empty()
            || name == "print"
            || BUILTINS.contains_key(name.as_str())
            || builtins::all().any(|builtin| builtin.name == name)
            || (is_for_tests(rule) && FILE_FUNCTIONS.contains(&name.as_str()));
        if known || is_full(&self.problems.errors) {
            return;
        }
        let program = self.program;
        let names = self.names.get_or_insert_with(|| {
            let functions = program.function_names().take(SUGGESTIBLE);
            let added = builtins::all().map(|builtin| builtin.name);
            let mut names: Vec<&str> = BUILTINS.keys().copied().chain(added).chain(functions).collect();
            names.sort_unstable();
            names.dedup();
            names
        });
        let help = if FILE_FUNCTIONS.contains(&name.as_str()) {
            "call it only in tests: in rules whose name starts with `test_`, or in files that end in `_test.rego`"
                .to_owned()
        } else if OPA_ONLY.iter().any(|only| name.starts_with(only)) {
            "the engine does not support this OPA function; rewrite the rule without it".to_owned()
        } else if let Some(suggestion) = suggest::nearest(&name, names.iter().copied()) {
            format!("did you mean `{suggestion}`?")
        } else {
            "load the policy that defines it, or fix the name".to_owned()
        };
        let text = self.program.text_of(function.span);
        let error =
            PolicyError::UnknownFunction { name, text, at: self.program.place_of(function.span), help };
        report(&mut self.problems.errors, error);
    }

    /// The engine supports `walk` only as a relation with two arguments. With one argument it is undefined without an
    /// error, so that a rule never fires.
    fn lone_walk(&mut self, function: &Reference<'_>, arguments: usize, span: &Span) {
        if function.dotted() != "walk" || arguments != 1 {
            return;
        }
        let argument = span.text().strip_prefix("walk(").and_then(|rest| rest.strip_suffix(')'));
        let error = PolicyError::AssignedWalk {
            text: self.program.text_of(span),
            at: self.program.place_of(span),
            help: format!(
                "write `walk({}, [path, value])` as a separate expression",
                argument.unwrap_or("x")
            ),
        };
        report(&mut self.problems.errors, error);
    }
}

/// Builtins of OPA 1.20, or prefixes of them, that neither regorus 0.14.1 nor [`builtins`] provides.
const OPA_ONLY: [&str; 5] = ["assign", "crypto.", "graphql.", "internal.", "rego.metadata."];

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    /// On the current path.
    Open,
    Done,
}

/// The edges that a search follows.
#[derive(Clone, Copy)]
enum Edges {
    /// Only documents with their full path, where a cycle is certainly recursion.
    Certain,
    /// Those of dynamic references as well, as far as OPA takes them for needed: a cycle of these is recursion there.
    Meant,
    /// All that the engine follows, to be sure of the stack. It has no value for what needs itself, and says nothing.
    Possible,
}

/// Searches the dependencies. The depth of the search is limited, so it needs little stack; if it reaches the limit,
/// the document where it started is reported as the start of a chain that is too long.
struct Chains<'p, 'a> {
    program: &'p Program<'a>,
    state: Vec<State>,
    /// The longest chain that starts at each document.
    length: Vec<usize>,
    path: Vec<usize>,
    cycles: usize,
    /// Whether cycles have been told already, by a search that knows better.
    is_told: bool,
    problems: &'p mut Problems,
}

impl<'p, 'a> Chains<'p, 'a> {
    fn new(program: &'p Program<'a>, problems: &'p mut Problems) -> Self {
        let count = program.documents.len();
        let (state, length) = (vec![State::Unseen; count], vec![0; count]);
        Self { program, state, length, path: Vec::new(), cycles: 0, is_told: false, problems }
    }

    fn check(mut self) {
        self.search(Edges::Certain);
        for edges in [Edges::Meant, Edges::Possible] {
            self.state.fill(State::Unseen);
            self.length.fill(0);
            // The files of a cycle are left out, and what is left is checked again.
            self.is_told = self.cycles > 0;
            self.search(edges);
        }
    }

    fn search(&mut self, edges: Edges) {
        for document in 0..self.program.documents.len() {
            if self.state[document] == State::Unseen && self.visit(document, edges) > CHAIN_LIMIT {
                self.too_long(document);
            }
        }
    }

    fn visit(&mut self, document: usize, edges: Edges) -> usize {
        match self.state[document] {
            State::Done => return self.length[document],
            State::Open => {
                if !self.is_told {
                    self.cycle(document, edges);
                }
                return 0;
            }
            State::Unseen if self.path.len() > CHAIN_LIMIT => return 1,
            State::Unseen => {}
        }
        self.state[document] = State::Open;
        self.path.push(document);
        let program = self.program;
        let Document { needs, may_need, may_mean, .. } = &program.documents[document];
        let possible = match edges {
            Edges::Certain => None,
            Edges::Meant => Some(may_mean),
            Edges::Possible => Some(may_need),
        };
        let mut longest = 0;
        for next in needs.iter().chain(possible.into_iter().flatten()) {
            longest = longest.max(self.visit(*next, edges));
        }
        self.path.pop();
        self.state[document] = State::Done;
        self.length[document] = longest + 1;
        longest + 1
    }

    fn cycle(&mut self, first: usize, edges: Edges) {
        self.cycles += 1;
        let start = self.path.iter().position(|open| *open == first).unwrap_or(0);
        let members = &self.path[start..];
        for member in members {
            self.problems.unsafe_files.insert(file_of(self.rule(*member).span).to_owned());
        }
        if is_full(&self.problems.errors) {
            return;
        }
        let documents = members.iter().chain([&first]).map(|member| &self.program.documents[*member]);
        let names: Vec<String> = documents.map(|document| path_text(&document.path)).collect();
        let rule = self.rule(first);
        let cycle = names.join(" \u{2192} ");
        let (text, at) = (self.program.text_of(rule.head_span), self.program.place_of(rule.head_span));
        let error = match edges {
            Edges::Certain | Edges::Meant => PolicyError::Recursion { cycle, text, at },
            Edges::Possible => PolicyError::DispatchToItself { cycle, text, at },
        };
        report(&mut self.problems.errors, error);
    }

    fn too_long(&mut self, document: usize) {
        let rule = self.rule(document);
        // One chain has many starts; one for each file is enough.
        if !self.problems.unsafe_files.insert(file_of(rule.span).to_owned()) {
            return;
        }
        let error = PolicyError::ChainTooLong {
            limit: CHAIN_LIMIT,
            rule: path_text(&self.program.documents[document].path),
            text: self.program.text_of(rule.head_span),
            at: self.program.place_of(rule.head_span),
        };
        report(&mut self.problems.errors, error);
    }

    fn rule(&self, document: usize) -> &'p RuleFacts<'a> {
        &self.program.rules[self.program.documents[document].rule]
    }
}
