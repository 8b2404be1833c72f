//! Selects the rules to evaluate, and reports rules that only resemble them.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::text::suggest;
use planguard_rego_syntax::tree::{ExprKind, Rule};

use super::convention::{Decider, Presence, conftest};
use super::error::{ConventionError, PolicyError, report};
use super::options::{self, Namespaces};
use super::program::{Program, RuleFacts, path_text};
use super::rule::RuleKind;
use super::syntax::{Form, Step};

/// The documents to evaluate.
#[derive(Default)]
pub(super) struct Selection {
    /// The documents of rules that decide.
    pub deciding: Vec<usize>,
    /// The documents of `exception` rules.
    pub exceptions: Vec<usize>,
    /// Packages with rules that decide that no namespace selects.
    pub passed_over: Vec<String>,
}

/// Whether to report a namespace without a match. If files were skipped, they may have contained it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Loaded {
    All,
    Partly,
}

/// Selects rules by namespaces and by their names.
pub(super) fn select(
    program: &Program<'_>,
    namespaces: &Namespaces,
    loaded: Loaded,
    errors: &mut Vec<PolicyError>,
) -> Selection {
    let deciding = deciding(program);
    let mut packages: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for rule in &program.rules {
        packages.entry(path_text(program.package(rule))).or_default();
    }
    for document in deciding {
        let rule = &program.rules[program.documents[document].rule];
        packages.entry(path_text(program.package(rule))).or_default().push(document);
    }
    let mut chosen = BTreeSet::new();
    match namespaces {
        Namespaces::All => {
            chosen.extend(packages.keys().map(String::as_str));
            if loaded == Loaded::All && packages.values().all(Vec::is_empty) {
                report(errors, PolicyError::NoDecisionRule { pattern: "*".to_owned() });
            }
        }
        Namespaces::Named(patterns) => {
            for pattern in patterns {
                let fits = |name: &&str| options::selects(pattern, name);
                let matched: Vec<&str> = packages.keys().map(String::as_str).filter(fits).collect();
                if loaded == Loaded::All {
                    if matched.is_empty() {
                        report(errors, unknown_namespace(pattern, &packages));
                    } else if matched.iter().all(|name| packages[*name].is_empty()) {
                        report(errors, PolicyError::NoDecisionRule { pattern: pattern.clone() });
                    }
                }
                chosen.extend(matched);
            }
        }
    }
    report_lookalikes(program, &chosen, errors);
    let mut selection = Selection::default();
    for (package, documents) in &packages {
        if chosen.contains(package.as_str()) {
            selection.deciding.extend(documents);
        } else if !documents.is_empty() {
            selection.passed_over.push(package.clone());
        }
    }
    selection.exceptions = documents_named(program, |name| name == conftest::EXCEPTION)
        .into_iter()
        .filter(|document| {
            let rule = &program.rules[program.documents[*document].rule];
            chosen.contains(path_text(program.package(rule)).as_str())
        })
        .collect();
    selection
}

/// Selects rules by their paths, each with the configuration that makes it decide.
pub(super) fn select_named<'d>(
    program: &Program<'_>,
    deciders: &'d [Decider],
    nothing: &PolicyError,
    loaded: Loaded,
    errors: &mut Vec<PolicyError>,
) -> (Selection, BTreeMap<usize, Vec<&'d Decider>>) {
    let mut chosen: BTreeMap<usize, Vec<&Decider>> = BTreeMap::new();
    for decider in deciders {
        let is_meant =
            |document: &super::program::Document| document.path == decider.path && !document.is_function;
        match (program.documents.iter().position(is_meant), &decider.presence) {
            (Some(document), _) => chosen.entry(document).or_default().push(decider),
            (None, Presence::Queried { .. }) if loaded == Loaded::All => {
                report(errors, unknown_query(program, decider));
            }
            (None, Presence::Queried { .. } | Presence::Optional) => {}
        }
    }
    let is_queried = |decider: &Decider| matches!(decider.presence, Presence::Queried { .. });
    if chosen.is_empty() && loaded == Loaded::All && !deciders.iter().any(is_queried) {
        report(errors, nothing.clone());
    }
    report_other_names(program, deciders, errors);
    let deciding = chosen.keys().copied().collect();
    (Selection { deciding, ..Selection::default() }, chosen)
}

fn unknown_query(program: &Program<'_>, decider: &Decider) -> PolicyError {
    let query = path_text(&decider.path);
    let paths: Vec<String> = program.documents.iter().map(|document| path_text(&document.path)).collect();
    let last = decider.path.last();
    let help = match suggest::nearest(&query, paths.iter().map(String::as_str)) {
        Some(path) => format!("did you mean `{path}`?"),
        None => {
            let same_name = program.documents.iter().filter(|document| document.path.last() == last);
            let same_name: Vec<String> =
                same_name.map(|document| path_text(&document.path)).take(5).collect();
            if same_name.is_empty() {
                "add the rule, or fix the query".to_owned()
            } else {
                format!("use one of {}", same_name.join(", "))
            }
        }
    };
    match &decider.presence {
        Presence::Queried { policy, text, at } => {
            let (policy, text, at) = (policy.clone(), text.clone(), *at);
            PolicyError::Convention(ConventionError::UnknownQuery { policy, query, text, at, help })
        }
        Presence::Optional => PolicyError::NoDecisionRule { pattern: query },
    }
}

/// Reports rules whose names resemble those that decide: `deny_public` where the platform evaluates only `deny`. A
/// configuration file may name rules freely, so its helpers may have any name.
fn report_other_names(program: &Program<'_>, deciders: &[Decider], errors: &mut Vec<PolicyError>) {
    let optional = || deciders.iter().filter(|decider| matches!(decider.presence, Presence::Optional));
    let is_beside =
        |path: &[String]| optional().any(|decider| decider.path.split_last().map(|(_, p)| p) == Some(path));
    let used = used(program);
    for (index, document) in program.documents.iter().enumerate() {
        let rule = &program.rules[document.rule];
        let decides = optional().any(|decider| decider.path == document.path);
        let beside = document.path.split_last().is_some_and(|(_, package)| is_beside(package));
        if decides || !beside || rule.is_test() || used.contains(&index) || document.is_function {
            continue;
        }
        let kind = conftest::kind(rule.name).or_else(|| {
            let meant = conftest::meant(rule.name)?;
            conftest::kind(&meant)
        });
        let is_asked_for = |kind: &RuleKind| {
            optional().any(|decider| decider.path.last().is_some_and(|name| name == kind.as_str()))
        };
        let Some(meant) = kind.filter(is_asked_for) else { continue };
        let error = PolicyError::NearMiss {
            rule: rule.name.to_owned(),
            reason: "the platform evaluates another name",
            text: program.text_of(rule.head_span),
            at: program.place_of(rule.head_span),
            help: format!("rename it to `{meant}`"),
        };
        report(errors, error);
    }
}

fn deciding(program: &Program<'_>) -> BTreeSet<usize> {
    documents_named(program, |name| conftest::kind(name).is_some())
}

/// Returns the documents of rules whose head is a plain name that fits.
fn documents_named(program: &Program<'_>, fits: impl Fn(&str) -> bool) -> BTreeSet<usize> {
    let is_plain = |rule: &&RuleFacts<'_>| rule.steps.is_empty() && rule.form != Form::Function;
    let rules = program.rules.iter().filter(is_plain).filter(|rule| fits(rule.name));
    rules.map(|rule| rule.document).collect()
}

fn unknown_namespace(pattern: &str, packages: &BTreeMap<String, Vec<usize>>) -> PolicyError {
    // Packages with rules that decide are suggested before others.
    let decides = packages.iter().filter(|(_, documents)| !documents.is_empty());
    let names: Vec<&str> = decides.map(|(name, _)| name.as_str()).collect();
    let help = match suggest::nearest(pattern, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "add a rule named `deny`, `violation` or `warn`".to_owned(),
        None => format!("select a package with rules that decide: {}", names.join(", ")),
    };
    PolicyError::UnknownNamespace { pattern: pattern.to_owned(), help }
}

fn report_lookalikes(program: &Program<'_>, chosen: &BTreeSet<&str>, errors: &mut Vec<PolicyError>) {
    let used = used(program);
    for rule in &program.rules {
        if rule.is_test() || !chosen.contains(path_text(program.package(rule)).as_str()) {
            continue;
        }
        if let Some(error) = lookalike(program, rule, used.contains(&rule.document)) {
            report(errors, error);
        }
    }
}

/// A rule that others use is a helper, whatever its name. Tests do not count, since they test the misnamed rule.
fn used(program: &Program<'_>) -> BTreeSet<usize> {
    program
        .documents
        .iter()
        .filter(|document| !program.rules[document.rule].is_test())
        .flat_map(|document| document.needs.iter().chain(&document.may_need).copied())
        .collect()
}

/// The steps of a rule's name as its author wrote them: a pass may have put a variable in the place of a key. Returns none
/// for a rule that a pass has added behind another.
fn steps_as_written(program: &Program<'_>, rule: &RuleFacts<'_>) -> Option<Vec<Step>> {
    let mut steps = rule.steps.clone();
    let Some(source) = program.source_of(rule.head_span) else { return Some(steps) };
    let Ok(module) = source.module() else { return Some(steps) };
    let start = program.place_of(rule.head_span).offset();
    let ends = |rule: &Rule| rule.branches.last().is_some_and(|branch| branch.span.end == start);
    if module.rules.iter().any(ends) {
        return None;
    }
    let written = module.rules.iter().find(|rule| rule.head.span.contains(&start));
    if let Some(ExprKind::Reference { steps: written, .. }) = written.map(|rule| &rule.head.name.kind) {
        for (step, written) in steps.iter_mut().zip(written) {
            if let (Step::Dynamic, Some(key)) = (&*step, written.key(&source.text)) {
                *step = Step::Key(key.to_owned());
            }
        }
    }
    Some(steps)
}

fn lookalike(program: &Program<'_>, rule: &RuleFacts<'_>, used: bool) -> Option<PolicyError> {
    let (text, at) = (program.text_of(rule.head_span), program.place_of(rule.head_span));
    let name = rule.name.to_owned();
    let near_miss = |reason, help| {
        let (rule, text) = (name.clone(), text.clone());
        (!used).then_some(PolicyError::NearMiss { rule, reason, text, at, help })
    };
    if conftest::kind(rule.name).is_none() {
        let meant = conftest::meant(rule.name)?;
        return near_miss("its name resembles one that is", format!("rename it to `{meant}`"));
    }
    let steps = steps_as_written(program, rule)?;
    match (rule.form, steps.as_slice()) {
        (Form::Value | Form::Set | Form::Default, []) => None,
        (Form::Function, _) => near_miss(
            "it is a function and is never called",
            format!("write `{name} contains message if {{ … }}`"),
        ),
        (Form::Value, [Step::Dynamic, ..]) => {
            let help = format!("write `{name} contains message if {{ … }}`");
            Some(PolicyError::NotASet { rule: name, text, at, help })
        }
        (Form::Value | Form::Set | Form::Default, _) => {
            let suffix: Vec<String> = steps
                .iter()
                .map(|step| match step {
                    Step::Key(key) => {
                        key.replace(|other: char| !other.is_ascii_alphanumeric() && other != '_', "_")
                    }
                    Step::Dynamic => "x".to_owned(),
                })
                .collect();
            near_miss(
                "a rule that decides must have a plain name",
                format!("rename it to `{name}_{}`", suffix.join("_")),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use miette::Diagnostic;

    use super::*;
    use crate::convention::Dialect;
    use crate::options::RegoVersion;
    use crate::source::Source;
    use crate::{dialect, set};

    /// What is said of the rules of a policy.
    fn told(rules: &str) -> Vec<String> {
        let mut sources = [Source::new("p.rego", format!("package main\n{rules}"))];
        set::rewrite(&mut sources, Dialect::Given(RegoVersion::V1));
        let mut engine = dialect::new_engine();
        for source in &sources {
            dialect::add(&mut engine, source, RegoVersion::V1).unwrap();
        }
        let mut errors = Vec::new();
        let modules = engine.get_modules().clone();
        select(&Program::new(&modules, &sources), &Namespaces::All, Loaded::All, &mut errors);
        errors.iter().filter_map(|error| error.help().map(|help| help.to_string())).collect()
    }

    #[test]
    fn the_name_of_a_rule_is_suggested_whatever_is_beside_it() {
        let named = "rename it to `deny_public`";
        let set = "write `deny contains message if { … }`";
        let decides = "warn contains \"w\" if input.x\n";
        for (rules, expected) in [
            ("deny.public contains msg if msg := input.x", vec![named]),
            (
                "deny.public contains msg if msg := input.x\ndeny[msg] := 1 if msg := input.y",
                vec![named, set],
            ),
            (
                "deny.public contains msg if msg := input.x\ndeny[k] contains 1 if k := input.y",
                vec![named, "rename it to `deny_x`"],
            ),
            ("deny.public := 1 if input.x", vec![named]),
            ("deny.public := 1 if input.x\ndeny[k] := 1 if k := input.y", vec![named, set]),
            (
                "deny[\"public\"].late := 1 if input.x\ndeny[k].late := 1 if k := input.y",
                vec!["rename it to `deny_public_late`", set],
            ),
            ("deny[\"is-public\"] contains msg if msg := input.x", vec!["rename it to `deny_is_public`"]),
        ] {
            assert_eq!(told(&format!("{decides}{rules}")), expected, "{rules}");
        }
    }
}
