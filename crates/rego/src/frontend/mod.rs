//! Rewrites policies so that the engine evaluates them as OPA does.
//!
//! Each pass reads the policy and edits its text. No pass adds or removes a line, so the engine's line numbers are
//! those of the author's file. The order of [`PASSES`] matters: each pass relies on the results of earlier ones.

mod anatomy;
mod bound;
mod contents;
mod definitions;
mod edit;
mod ignored_body;
mod kind;
mod late_key;
mod network;
pub(super) mod outline;
pub(super) mod parts;
mod passes;
mod plain;
mod policy;
mod preparation;
mod query;
mod unsafe_negation;

pub(super) use self::anatomy::{
    BodyAnatomy, ExprAnatomy, ExprAnatomyKind, FileAnatomy, LiteralAnatomy, LiteralAnatomyKind, RuleAnatomy,
    anatomy,
};
use std::collections::HashMap;

use self::contents::Contents;
use self::edit::{EditError, Edits, Shifts};
pub(super) use self::network::network_for_tests;
use self::policy::{Author, Policy, RuleNames};
pub(super) use self::preparation::Preparation;
pub(super) use self::query::{QueryShape, Shaped, shape_of_query};
use planguard_rego_syntax::parse::{self, SyntaxError};
use planguard_rego_syntax::token;

use super::bundle::is_own;
use super::options::RegoVersion;
use super::source::Source;

/// The policy text for the engine.
#[derive(Clone, Debug)]
pub(super) struct Rewritten {
    pub text: String,
    /// The edits of each pass, in order.
    shifts: Vec<Shifts>,
}

impl Rewritten {
    /// Maps an offset in the engine's text to the offset in the author's.
    pub(super) fn original(&self, offset: usize) -> usize {
        self.shifts.iter().rev().fold(offset, |offset, shifts| shifts.before(offset))
    }
}

/// The names of the rules of all policies that are loaded together.
#[derive(Debug, Default)]
pub(super) struct LoadedNames {
    rules: RuleNames,
    /// The number of each file.
    files: HashMap<String, usize>,
}

/// A policy that the front end cannot rewrite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RewriteError {
    /// The byte offset of the error.
    pub offset: usize,
    pub cause: Cause,
}

/// The reason why a policy cannot be rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Its syntax is unknown to the front end.
    Form,
    /// See [`unsafe_negation`].
    UnsafeNegation,
    /// See [`ignored_body`].
    IgnoredBody,
    /// See [`late_key`].
    LateKey,
    /// It imports a keyword that is unknown here, such as `future.keywords.not`, which gives words another meaning.
    UnknownKeyword,
}

/// Whether an import is of a keyword other than those of Rego v1.
fn is_unknown_keyword(path: &[String]) -> bool {
    match path {
        [future, keywords, word, ..] if future == "future" && keywords == "keywords" => {
            !matches!(word.as_str(), "contains" | "every" | "if" | "in")
        }
        _ => false,
    }
}

impl RewriteError {
    fn form(offset: usize) -> Self {
        Self { offset, cause: Cause::Form }
    }

    fn of_syntax(error: SyntaxError) -> Self {
        Self::form(error.offset)
    }
}

impl LoadedNames {
    /// The names of policies of which only the values of rules are asked, so that a set may be evaluated in parts.
    pub(super) fn of_values() -> Self {
        Self { rules: RuleNames::of_values(), ..Self::default() }
    }

    /// Adds the rules of a policy, if it can be parsed.
    pub(super) fn add(&mut self, source: &Source) {
        if let Ok(module) = source.module() {
            let author = if is_own(source) { Author::Planguard } else { Author::User };
            let file = self.rules.add(module, &source.text);
            self.rules.add_author(module, author);
            self.files.insert(source.name.clone(), file);
        }
    }
}

type Pass = for<'a, 'p> fn(&'a Policy<'p>) -> Edits<'p>;

/// A pass, or what comes before all of them.
type AnyPass<'f> = dyn for<'a, 'p> Fn(&'a Policy<'p>) -> Edits<'p> + 'f;

/// The passes, each with what it looks for: a policy that has none of it stays as it is.
///
/// Templates come first, since no other pass looks into them; then passes on the form of rules, then those on names,
/// so that passes on bodies can resolve every name. Head values are moved into bodies before bodies are rewritten.
/// Negation comes near the end because it moves text written by other passes. It may extract an expression that
/// searches, so the pass on searches runs twice.
const PASSES: [(Contents, Pass); 48] = [
    (Contents::TEMPLATES, passes::template::edits),
    (Contents::IGNORED_BODIES, ignored_body::edits),
    (Contents::UNIFIED_ARRAYS, passes::array_pattern::edits),
    (Contents::RULES, passes::leading_expression::edits),
    (Contents::RULES, passes::keyword_name::edits),
    (Contents::RULES, passes::spaced_head::edits),
    (Contents::RULES, passes::chained_bodies::edits),
    (Contents::RULES, passes::bodyless_rule::edits),
    (Contents::PATHS, passes::overlapped_key::edits),
    (Contents::RULES, passes::partial_object::edits),
    (Contents::PATHS, passes::rule_prefix::edits),
    (Contents::SIGNS, passes::minus::edits),
    (Contents::RULES, passes::bracketed_line::edits),
    (Contents::LARGE_NUMBERS, passes::large_number::edits),
    (Contents::DEEP_LITERALS, passes::deep_literal::edits),
    (Contents::DEEP_COMPREHENSIONS, passes::deep_comprehension::edits),
    (Contents::IMPORTS, passes::import::edits),
    (Contents::DATA, passes::dynamic_package::edits),
    (Contents::CALLED_LITERALS, passes::called_operator::edits),
    (Contents::WRITERS, passes::written_value::edits),
    (Contents::CALLED_LITERALS, passes::output_argument::edits),
    (Contents::DECLARATIONS, passes::declaration::edits),
    (Contents::REPLACED, passes::replaced_function::edits),
    (Contents::WITHS, passes::replaced_rule::edits),
    (Contents::WITHS, passes::builtin_as_replacement::edits),
    (Contents::NAMES, passes::local_name::edits),
    (Contents::COMPUTATIONS, passes::operator::edits),
    (Contents::WAITING, passes::early_negation::edits),
    (Contents::WALKS, passes::walk::edits),
    (Contents::WALKS, passes::walked_key::edits),
    (Contents::EVERY, passes::every_body::edits),
    (Contents::EVERY, passes::every_variable::edits),
    (Contents::WILDCARDS, passes::wildcard_pattern::edits),
    (Contents::RULES, passes::head_value::edits),
    (Contents::COMPREHENSIONS, passes::searched_head::edits),
    (Contents::COMPREHENSIONS, passes::ordered_list::edits),
    (Contents::OBJECTS, passes::object_pattern::edits),
    // An object pattern may become one of arrays.
    (Contents::UNIFIED_ARRAYS, passes::array_pattern::edits),
    (Contents::WILDCARDS, passes::wildcard_pattern::edits),
    (Contents::COMPUTED_INDEXES, passes::searched_index::edits),
    (Contents::ITERATIONS, passes::searched_pattern::edits),
    (Contents::ITERATIONS, passes::iterated_value::edits),
    (Contents::NEGATIONS, passes::negation::edits),
    (Contents::NEGATIONS, passes::negated_unification::edits),
    (Contents::COMPUTED_INDEXES, passes::searched_index::edits),
    (Contents::RULES, passes::indexed_literal::edits),
    (Contents::FOUND, passes::settled_index::edits),
    (Contents::MEMBERSHIPS, passes::membership::edits),
];

/// Passes that change nothing but how long an evaluation takes. What one of them changes, no other looks at, so that the
/// policy is not parsed between them.
const FASTER: [for<'a, 'p> fn(&'a Policy<'p>, &mut Edits<'p>); 5] = [
    passes::typed_scan::add,
    passes::joined_scan::add,
    passes::filtered_scan::add,
    passes::library_call::add,
    passes::parted_set::add,
];

/// Rewrites a policy; returns `None` if nothing changes.
pub(super) fn rewrite(
    source: &Source,
    version: RegoVersion,
    known: &LoadedNames,
) -> Result<Option<Rewritten>, RewriteError> {
    rewrite_after(|policy| policy.edits(), source, version, known)
}

/// Prepares a policy for tests or coverage, and rewrites it.
pub(super) fn rewrite_for_tests(
    source: &Source,
    version: RegoVersion,
    known: &LoadedNames,
    preparation: &Preparation,
) -> Result<Option<Rewritten>, RewriteError> {
    rewrite_after(|policy| preparation::edits(policy, preparation), source, version, known)
}

fn rewrite_after(
    first: impl for<'a, 'p> Fn(&'a Policy<'p>) -> Edits<'p>,
    source: &Source,
    version: RegoVersion,
    known: &LoadedNames,
) -> Result<Option<Rewritten>, RewriteError> {
    let written = source.module().map_err(RewriteError::of_syntax)?;
    if let Some(import) = written.imports.iter().find(|import| is_unknown_keyword(&import.path)) {
        return Err(RewriteError { offset: import.span.start, cause: Cause::UnknownKeyword });
    }
    let rewritten = through_passes(first, &REFUSALS, source, version, known)?;
    Ok((!rewritten.shifts.is_empty()).then_some(rewritten))
}

/// What OPA reads otherwise than its own language says, or rejects, and how to find it.
struct Refusals {
    /// In the policy as its author wrote it.
    as_written: fn(&Policy<'_>, Contents) -> Option<RewriteError>,
    /// After all passes that may change a result.
    as_rewritten: fn(&Policy<'_>, Contents) -> Option<usize>,
}

const REFUSALS: Refusals = Refusals { as_written: refused_as_written, as_rewritten: unsafe_negation };

fn refused_as_written(policy: &Policy<'_>, contents: Contents) -> Option<RewriteError> {
    let ignored =
        if contents.has_any_of(Contents::IGNORED_BODIES) { ignored_body::find(policy) } else { None };
    if let Some(offset) = ignored {
        return Some(RewriteError { offset, cause: Cause::IgnoredBody });
    }
    let offset = if contents.has_any_of(Contents::OBJECTS) { late_key::find(policy) } else { None };
    offset.map(|offset| RewriteError { offset, cause: Cause::LateKey })
}

fn unsafe_negation(policy: &Policy<'_>, contents: Contents) -> Option<usize> {
    contents.has_any_of(Contents::NEGATIONS).then(|| unsafe_negation::find(policy)).flatten()
}

/// Applies the passes that change only how long an evaluation takes. Only the engine parses the result.
fn made_faster(policy: &Policy<'_>) -> Result<Option<(String, Shifts)>, EditError> {
    let mut edits = policy.edits();
    FASTER.iter().for_each(|add| add(policy, &mut edits));
    edits.apply()
}

fn error_of(error: EditError, rewritten: &Rewritten) -> RewriteError {
    match error {
        EditError::CopyLimitExceeded => RewriteError::form(0),
        EditError::Overlap(place) => RewriteError::form(rewritten.original(place)),
    }
}

/// How often the passes have looked at each file.
#[cfg(test)]
static ASKED: std::sync::Mutex<std::collections::BTreeMap<String, usize>> =
    std::sync::Mutex::new(std::collections::BTreeMap::new());

/// Applies all passes, unless the policy has what is refused.
fn through_passes(
    first: impl for<'a, 'p> Fn(&'a Policy<'p>) -> Edits<'p>,
    refusals: &Refusals,
    source: &Source,
    version: RegoVersion,
    known: &LoadedNames,
) -> Result<Rewritten, RewriteError> {
    let written = source.module().map_err(RewriteError::of_syntax)?;
    let mut module = None;
    let mut rewritten = Rewritten { text: source.text.to_string(), shifts: Vec::new() };
    let mut passes: Vec<(Contents, &AnyPass<'_>)> = vec![(Contents::RULES, &first)];
    passes.extend(PASSES.iter().map(|(needed, pass)| (*needed, pass as &AnyPass<'_>)));
    let mut passes = passes.into_iter();
    let file = known.files.get(&source.name).copied().unwrap_or_default();
    loop {
        let module_here = module.as_ref().unwrap_or(written);
        let policy = Policy::new(&rewritten.text, module_here, version, &known.rules).in_file(file);
        let contents = Contents::of(&policy);
        if module.is_none()
            && let Some(refused) = (refusals.as_written)(&policy, contents)
        {
            return Err(refused);
        }
        let mut changed = None;
        // What is known of the policy holds until a pass changes it.
        while changed.is_none()
            && let Some((needed, pass)) = passes.next()
        {
            if !contents.has_any_of(needed) {
                #[cfg(test)]
                assert!(matches!(pass(&policy).apply(), Ok(None)), "{needed:?} in {}", policy.text);
                continue;
            }
            #[cfg(test)]
            {
                *ASKED.lock().unwrap().entry(source.name.clone()).or_default() += 1;
            }
            policy.take_names_back();
            changed = pass(&policy).apply().map_err(|error| error_of(error, &rewritten))?;
        }
        if let Some((text, shifts)) = changed {
            module = Some(parse::parse(&text).map_err(RewriteError::of_syntax)?);
            rewritten.text = text;
            rewritten.shifts.push(shifts);
            continue;
        }
        if let Some(place) = (refusals.as_rewritten)(&policy, contents) {
            return Err(RewriteError { offset: rewritten.original(place), cause: Cause::UnsafeNegation });
        }
        policy.take_names_back();
        if let Some((text, shifts)) = made_faster(&policy).map_err(|error| error_of(error, &rewritten))? {
            rewritten.text = text;
            rewritten.shifts.push(shifts);
        }
        return Ok(rewritten);
    }
}

/// Returns the ranges of all comments, if the text can be split into tokens.
pub fn comments(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut comments = Vec::new();
    match token::read_within(text, 0..text.len(), &mut comments) {
        Ok(_) => comments,
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Compares the output of a pass with the expected text.
    pub(super) fn assert_pass(pass: Pass, rules: &str, expected: &str) {
        let text = format!("package main\n{rules}");
        let module = parse::parse(&text).unwrap();
        let mut names = RuleNames::default();
        names.add(&module, &text);
        let policy = Policy::new(&text, &module, RegoVersion::V1, &names);
        let new = pass(&policy).apply().unwrap().map_or(text.clone(), |(text, _)| text);
        assert_eq!(new, format!("package main\n{expected}"));
        assert_eq!(new.matches('\n').count(), text.matches('\n').count());
    }

    /// Returns the output of all passes, even for a policy that is rejected afterwards.
    fn passed(text: &str, version: RegoVersion) -> Result<Option<Rewritten>, RewriteError> {
        let source = Source::new("p.rego", text);
        let mut known = LoadedNames::default();
        known.add(&source);
        let refusals = Refusals { as_written: |_, _| None, as_rewritten: |_, _| None };
        let rewritten = through_passes(|policy| policy.edits(), &refusals, &source, version, &known)?;
        Ok((!rewritten.shifts.is_empty()).then_some(rewritten))
    }

    fn is_rejected(text: &str, version: RegoVersion) -> bool {
        let source = Source::new("p.rego", text);
        let mut known = LoadedNames::default();
        known.add(&source);
        rewrite(&source, version, &known).is_err()
    }

    fn rewritten(text: &str) -> Option<Rewritten> {
        passed(text, RegoVersion::V1).unwrap()
    }

    #[test]
    fn a_policy_that_the_engine_reads_correctly_is_unchanged() {
        let text = "package main\n\nimport rego.v1\n\n# METADATA\n# title: x\ndeny contains msg if {\n\
                    \tsome rc in input.resource_changes # not f(x.y)\n\tnot rc.change.after.encrypted\n\
                    \tnot rc.type == \"x\"\n\twalk(rc, [path, value])\n\
                    \tmsg := sprintf(\"%s\", [rc.address])\n}\n";
        assert!(rewritten(text).is_none());
    }

    /// Whatever makes an evaluation faster is written at once, after which only the engine parses.
    #[test]
    fn a_policy_is_parsed_once_however_many_scans_it_has() {
        for count in [1, 10] {
            let scans = |number: usize| {
                format!(
                    "deny contains msg if {{ some x in input.resource_changes; x.type == \"t{number}\"; \
                     count([y | some y in input.resource_changes; y.name == x.name]) == 1; msg := x.n }}\n"
                )
            };
            let text = format!("package main\n{}", (0..count).map(scans).collect::<String>());
            let new = rewritten(&text).unwrap();
            assert_eq!(new.shifts.len(), 1);
            assert_eq!(new.text.matches("__pg_of_type(").count(), count);
            assert_eq!(new.text.matches("__pg_of_value(").count(), count);
        }
    }

    /// To ask all of them is a good part of loading many policies.
    #[test]
    fn only_passes_that_may_change_a_policy_look_at_it() {
        let text = "package main\n\ndeny contains message if {\n\tsome change in input.resource_changes\n\
                    \tchange.type == \"t\"\n\tsome action in change.change.actions\n\taction in [\"create\"]\n\
                    \tmessage := sprintf(\"%s\", [change.address])\n}\n";
        let source = Source::new("only_passes_that_may_change.rego", text);
        let mut known = LoadedNames::default();
        known.add(&source);
        rewrite(&source, RegoVersion::V1, &known).unwrap();
        let asked = ASKED.lock().unwrap().get(&source.name).copied();
        assert!(asked.is_some_and(|asked| asked <= PASSES.len() / 2), "{asked:?} of {}", PASSES.len());
    }

    #[test]
    fn offsets_map_back_through_all_passes() {
        let text = "package main\nimport input.x as y\nr if not f(y.missing, [p | [p, _] := walk(y)])\n";
        let new = rewritten(text).unwrap();
        for words in ["missing", "f(", "not", "p |"] {
            let here = new.text.find(words).unwrap();
            assert_eq!(new.original(here), text.find(words).unwrap(), "{words} in {}", new.text);
        }
        assert_eq!(new.original(new.text.len()), text.len());
    }

    #[test]
    fn invalid_rego_is_an_error() {
        let read = |text: &str| {
            rewrite(&Source::new("p.rego", text), RegoVersion::V0, &LoadedNames::default()).err()
        };
        assert_eq!(read("package main\nx := $\n"), Some(RewriteError::form(18)));
        assert_eq!(read("x := 1"), Some(RewriteError::form(0)));
        assert_eq!(read("package main\nx {"), Some(RewriteError::form(16)));
        let with = format!("with input as \"{}\"", "x".repeat(1 << 17));
        let copied = format!("package main\nr {{ not f({}) {with} }}", "a.b, ".repeat(200));
        assert_eq!(read(&copied), Some(RewriteError { offset: 23, cause: Cause::UnsafeNegation }));
        let copied = copied.replace("a.b", "input.b");
        assert_eq!(read(&copied), Some(RewriteError::form(0)));
        let nested = format!("package main\nx := {}", "(".repeat(100_000));
        assert!(read(&nested).is_some());
    }

    fn word() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "package",
            "import",
            "data.a",
            "input.x",
            "as",
            "r",
            "x",
            "y",
            "f",
            "walk",
            "not",
            "some",
            "in",
            "every",
            "with",
            "if",
            "else",
            "contains",
            "default",
            "true",
            "_",
            "1",
            "-",
            "\"s\"",
            "`a\nb`",
            "$\"{x}\"",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ",",
            ";",
            ":",
            ".",
            ":=",
            "=",
            "==",
            "!=",
            "<",
            "|",
            "&",
            "+",
            "*",
            "\n",
            " ",
            "#",
            "\\",
            "é",
            "f(x.y)",
            "x[y]",
            "not f(x.y)",
            "[p, v] := walk(x)",
            "{ x; y }",
            "some x in y",
        ])
    }

    /// Generates expressions that parse, whether or not they are meaningful.
    fn expression() -> impl Strategy<Value = String> {
        let leaves =
            ["x", "y", "lib.z", "input.a", "input.xs[_]", "1", "\"s\"", "r", "$\"{x.y} {r}\"", "`a\nb`"];
        let leaf = prop::sample::select(leaves.to_vec()).prop_map(str::to_owned);
        leaf.prop_recursive(4, 32, 3, |inner| {
            let pair = || (inner.clone(), inner.clone());
            prop_oneof![
                inner.clone().prop_map(|e| format!("f({e})")),
                inner.clone().prop_map(|e| format!("walk({e})")),
                inner.clone().prop_map(|e| format!("input.b[{e}].c")),
                inner.clone().prop_map(|e| format!("-count({e})")),
                pair().prop_map(|(a, b)| format!("({a} > {b})")),
                pair().prop_map(|(a, b)| format!("({a} ==\n{b})")),
                pair().prop_map(|(a, b)| format!("({a} in {b})")),
                pair().prop_map(|(a, b)| format!("[{a}, # c\n {b}]")),
                pair().prop_map(|(a, b)| format!("{{{a}: {b}}}")),
                pair().prop_map(|(a, b)| format!("[{a} | x := {b}\n not {a}]")),
                pair().prop_map(|(a, b)| format!("{{x | some x in {a}; x = {b}[x]}}")),
            ]
        })
    }

    fn literal() -> impl Strategy<Value = String> {
        let pair = || (expression(), expression());
        prop_oneof![
            expression(),
            expression().prop_map(|e| format!("not {e}")),
            expression().prop_map(|e| format!("[x, y] := {e}")),
            expression().prop_map(|e| format!("some q, x in {e}")),
            expression().prop_map(|e| format!("y = y[{e}]")),
            pair().prop_map(|(a, b)| format!("not f({a}) with q as {b} with input.x as xs[_]")),
            pair().prop_map(|(a, b)| format!("every x in {a} {{ not {b} }}")),
        ]
    }

    fn policy() -> impl Strategy<Value = String> {
        // Most bodies give their variables a value, or the policy is rejected.
        let bound =
            prop::sample::select(vec!["", "x = input.q[_]; y = input.w; q = input.e\n ", "y = input.w\n "]);
        let literals = || prop::collection::vec(literal(), 1..4);
        let body = || {
            (bound.clone(), literals()).prop_map(|(bound, literals)| bound.to_owned() + &literals.join("\n "))
        };
        (body(), body(), expression(), expression()).prop_map(|(a, b, bare, value)| {
            format!(
                "package main\nimport data.lib\nq := {value}\nr [{value}] {{ {a} }} {{ {b} }}\n\
                 f(x) := {value} if {{ {a} }} else := {value} if not f({bare})\nimport input.y as z\ns if not f({bare})\n"
            )
        })
    }

    fn assert_sound(text: &str, version: RegoVersion) -> Result<(), TestCaseError> {
        let Ok(Some(new)) = passed(text, version) else { return Ok(()) };
        prop_assert_eq!(new.text.matches('\n').count(), text.matches('\n').count());
        for offset in 0..=new.text.len() {
            prop_assert!(new.original(offset) <= text.len());
        }
        // What a negation may search for is told by all names of a body; where one has no value, the policy is rejected.
        if is_rejected(text, version) {
            return Ok(());
        }
        let again = passed(&new.text, version);
        prop_assert!(matches!(&again, Ok(None)), "{:?} became {:?}, then {:?}", text, new.text, again);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: ProptestConfig::default().cases.div_ceil(5), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn no_text_makes_a_pass_panic(words in prop::collection::vec(word(), 0..40), spaced: bool) {
            let soup = words.join(if spaced { " " } else { "" });
            assert_sound(&soup, RegoVersion::V1)?;
            assert_sound(&format!("package a\n{soup}"), RegoVersion::V1)?;
            assert_sound(&format!("package a\nr {{ {soup} }}"), RegoVersion::V0)?;
        }

        #[test]
        fn rewriting_is_idempotent(text in policy()) {
            prop_assert!(rewritten(&text).is_some());
            assert_sound(&text, RegoVersion::V1)?;
        }
    }
}
