//! Finds in the loaded policies what the engine would not notice, or would not survive.

use std::collections::BTreeSet;

use planguard_plan::text::suggest;
use regorus::unstable::{BUILTINS, Span};

use super::builtins;
use super::error::{PolicyError, is_full, report};
use super::program::{Document, Program, RuleFacts, path_text};
use super::source::file_of;
use super::syntax::{Fact, Reference};

/// How many rules may need each other in turn. The stack carries several times as many.
const CHAIN_LIMIT: usize = 500;

/// How many functions of the policies are considered when a name is unknown: comparing takes time.
const SUGGESTIBLE: usize = 1_000;

/// Functions that reach outside the evaluation, or would if the engine had them.
const REFUSED: [(&str, &str); 5] = [
    ("http.send", "a policy may not use the network"),
    ("net.lookup_ip_addr", "a policy may not use the network"),
    ("opa.runtime", "a policy may not see the environment"),
    ("rego.parse_module", "a policy may not read other policies"),
    ("providers.aws.sign_req", "a policy may not use credentials"),
];

/// Conftest's functions that read files. They are let pass in tests, which only `planguard test` evaluates.
const FILE_FUNCTIONS: [&str; 2] = ["parse_config_file", "parse_combined_config_files"];

fn is_for_tests(rule: &RuleFacts<'_>) -> bool {
    rule.is_test() || file_of(rule.span).ends_with("_test.rego")
}

/// What the checks found.
#[derive(Default)]
pub(super) struct Problems {
    pub errors: Vec<PolicyError>,
    /// The files that the engine must not get to see.
    pub unsafe_files: BTreeSet<String>,
}

/// Every problem with functions and with the shape of the call graph.
///
/// Whoever leaves out the unsafe files must check again: what is left may hold another way round the cycle.
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
    /// Every name that could be called, in a stable order; built when the first suggestion is needed.
    names: Option<Vec<&'p str>>,
    problems: Problems,
}

impl<'p> Checker<'p, '_> {
    /// Whether the reference is to a function that is refused.
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
            "only tests may read files: rules whose name starts with `test_`, and files that end in `_test.rego`"
                .to_owned()
        } else if OPA_ONLY.iter().any(|only| name.starts_with(only)) {
            "OPA has this function and the engine does not; write the rule without it".to_owned()
        } else if let Some(suggestion) = suggest::nearest(&name, names.iter().copied()) {
            format!("did you mean `{suggestion}`?")
        } else {
            "load the policy that defines it, or correct the name".to_owned()
        };
        let text = self.program.text_of(function.span);
        let error =
            PolicyError::UnknownFunction { name, text, at: self.program.place_of(function.span), help };
        report(&mut self.problems.errors, error);
    }

    /// The engine evaluates `walk` rightly only as a relation with two arguments. Assigned, it yields nothing
    /// and says nothing, so that a rule never fires.
    fn lone_walk(&mut self, function: &Reference<'_>, arguments: usize, span: &Span) {
        if function.dotted() != "walk" || arguments != 1 {
            return;
        }
        let argument = span.text().strip_prefix("walk(").and_then(|rest| rest.strip_suffix(')'));
        let error = PolicyError::AssignedWalk {
            text: self.program.text_of(span),
            at: self.program.place_of(span),
            help: format!(
                "write `walk({}, [path, value])` as a statement of its own",
                argument.unwrap_or("x")
            ),
        };
        report(&mut self.problems.errors, error);
    }
}

/// Builtins of OPA 1.20 that neither regorus 0.14.1 nor [`builtins`] has, or how their names start.
const OPA_ONLY: [&str; 5] = ["assign", "crypto.", "graphql.", "internal.", "rego.metadata."];

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    /// On the path that is being followed.
    Open,
    Done,
}

/// Which edges a search follows.
#[derive(Clone, Copy)]
enum Edges {
    /// Only documents that are named in full: a cycle of these is recursion for certain.
    Certain,
    /// All, to be sure of the stack.
    Possible,
}

/// Follows who needs whom. The depth of the search is limited, so that it needs little stack itself; if it
/// meets that limit, the document where it started is reported as the start of too long a chain.
struct Chains<'p, 'a> {
    program: &'p Program<'a>,
    state: Vec<State>,
    /// The longest chain that starts at a document.
    length: Vec<usize>,
    path: Vec<usize>,
    problems: &'p mut Problems,
}

impl<'p, 'a> Chains<'p, 'a> {
    fn new(program: &'p Program<'a>, problems: &'p mut Problems) -> Self {
        let count = program.documents.len();
        let (state, length) = (vec![State::Unseen; count], vec![0; count]);
        Self { program, state, length, path: Vec::new(), problems }
    }

    fn check(mut self) {
        self.search(Edges::Certain);
        self.state.fill(State::Unseen);
        self.length.fill(0);
        self.search(Edges::Possible);
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
                if matches!(edges, Edges::Certain) {
                    self.cycle(document);
                }
                return 0;
            }
            State::Unseen if self.path.len() > CHAIN_LIMIT => return 1,
            State::Unseen => {}
        }
        self.state[document] = State::Open;
        self.path.push(document);
        let program = self.program;
        let Document { needs, may_need, .. } = &program.documents[document];
        let possible = match edges {
            Edges::Certain => None,
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

    fn cycle(&mut self, first: usize) {
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
        let error = PolicyError::Recursion {
            cycle: names.join(" \u{2192} "),
            text: self.program.text_of(rule.head_span),
            at: self.program.place_of(rule.head_span),
        };
        report(&mut self.problems.errors, error);
    }

    fn too_long(&mut self, document: usize) {
        let rule = self.rule(document);
        // One chain has many starts; one of them for each file is enough to find it.
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
