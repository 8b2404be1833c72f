//! What policies read of a plan: which sections they need, and which paths no plan has.

use std::collections::{BTreeSet, HashMap};

use planguard_plan::text::suggest;

use super::bundle;
use super::context::{self, GroupContext};
use super::convention::{PLAN_ALIASES, PlanPlace, Platform};
use super::error::{PolicyError, report};
use super::plan_index;
use super::plan_value::Sections;
use super::program::{Meaning, Program, RuleFacts, path_text};
use super::syntax::{self, Absence, Fact, Reference, Step};

/// The top level of a plan in every format version up to Terraform 1.17 and OpenTofu 1.13
/// (`internal/command/jsonplan/plan.go` of both), and `proposed_unknown`, which is documented and never written.
pub const PLAN_KEYS: [&str; 20] = [
    "action_invocations",
    "applyable",
    "checks",
    "complete",
    "condition_results",
    "configuration",
    "deferred_action_invocations",
    "deferred_changes",
    "errored",
    "format_version",
    "output_changes",
    "planned_values",
    "prior_state",
    "proposed_unknown",
    "relevant_attributes",
    "resource_changes",
    "resource_drift",
    "terraform_version",
    "timestamp",
    "variables",
];

/// The keys of a resource change (`internal/command/jsonplan/resource.go`).
const RESOURCE_CHANGE_KEYS: [&str; 12] = [
    "action_reason",
    "address",
    "change",
    "deposed",
    "index",
    "index_unknown",
    "mode",
    "module_address",
    "name",
    "previous_address",
    "provider_name",
    "type",
];

/// The keys of its `change`.
const CHANGE_KEYS: [&str; 11] = [
    "actions",
    "after",
    "after_identity",
    "after_sensitive",
    "after_unknown",
    "before",
    "before_identity",
    "before_sensitive",
    "generated_config",
    "importing",
    "replace_paths",
];

/// The sections that any rule names. What a rule never names it cannot see, so that leaving it out changes
/// nothing.
pub(super) fn sections(program: &Program<'_>, platform: &Platform) -> Sections {
    if platform.plan == PlanPlace::Resources {
        return Sections::All;
    }
    let has_aliases = platform.plan != PlanPlace::Root || !platform.context.is_empty();
    let mut named = BTreeSet::new();
    for rule in &program.rules {
        for fact in &rule.facts {
            let Fact::Refers(reference) = fact else { continue };
            let Meaning::Input(steps) = program.meaning_outside(rule.module, reference) else { continue };
            let is_configuration = steps.iter().zip(platform.configuration).all(|(step, key)| match step {
                Step::Key(own) => own == key,
                Step::Dynamic => true,
            });
            if is_configuration && !platform.configuration.is_empty() {
                named.insert("configuration".to_owned());
            }
            let section = match steps.as_slice() {
                [Step::Key(alias), rest @ ..] if has_aliases && PLAN_ALIASES.contains(&alias.as_str()) => {
                    rest
                }
                steps => steps,
            };
            match section.first() {
                Some(Step::Key(key)) if key == plan_index::KEY => {
                    named.insert(plan_index::SOURCE.to_owned());
                }
                Some(Step::Key(key)) => {
                    named.insert(key.clone());
                }
                Some(Step::Dynamic) | None => return Sections::All,
            }
        }
    }
    Sections::Named(named)
}

/// Whether any rule names what planguard adds to the plan. A rule that looks at the whole input does not, since it
/// would find everything twice.
pub(super) fn reads_index(program: &Program<'_>) -> bool {
    program.rules.iter().any(|rule| {
        rule.facts.iter().any(|fact| {
            let Fact::Refers(reference) = fact else { return false };
            let Meaning::Input(steps) = program.meaning_outside(rule.module, reference) else { return false };
            let is = |step: Option<&Step>, key: &str| step.and_then(Step::key) == Some(key);
            let is_alias = PLAN_ALIASES.iter().any(|alias| is(steps.first(), alias));
            is(steps.first(), plan_index::KEY) || is_alias && is(steps.get(1), plan_index::KEY)
        })
    })
}

/// Whether any rule looks at `data.conftest`, or at `data` as a whole.
pub(super) fn reads_file_name(program: &Program<'_>) -> bool {
    program.rules.iter().any(|rule| {
        rule.facts.iter().any(|fact| {
            let Fact::Refers(reference) = fact else { return false };
            match program.meaning_outside(rule.module, reference) {
                Meaning::Data(steps) => match steps.first() {
                    Some(Step::Key(key)) => key == "conftest",
                    Some(Step::Dynamic) | None => true,
                },
                Meaning::Own | Meaning::Input(_) | Meaning::Nothing => false,
            }
        })
    })
}

/// Reports every path into the input that no plan has and that the context lacks, in the rules that decide and in what they need.
///
/// A policy that gives a helper another input, by `with input as`, may name anything there; then only missing
/// context is reported. Below the top level the plan's keys grow with every release, so only what looks like a slip of
/// the pen is.
pub(super) fn check(
    program: &Program<'_>,
    deciding: &BTreeSet<usize>,
    context: &GroupContext,
    errors: &mut Vec<PolicyError>,
) {
    let evaluated = || {
        program.rules.iter().filter(|rule| {
            deciding.contains(&rule.document) && !rule.is_test()
            // The library looks wherever platforms put the plan.
            && !bundle::is_of_library(&path_text(program.package(rule)))
        })
    };
    let replaced = evaluated().any(|rule| {
        rule.facts.iter().any(|fact| match fact {
            Fact::Replaces(target) => matches!(program.meaning(rule, target), Meaning::Input(_)),
            Fact::Refers(_)
            | Fact::Calls { .. }
            | Fact::Assigns { .. }
            | Fact::Iterates { .. }
            | Fact::Declares(_) => false,
        })
    });
    for rule in evaluated() {
        let aliases = aliases(program, rule, context);
        let mut told = BTreeSet::new();
        for fact in &rule.facts {
            let Fact::Refers(reference) = fact else { continue };
            let Some(steps) = input_steps(program, rule, &aliases, context, reference) else { continue };
            if let Some(missing) = context.missing(&steps, reference.absence) {
                if told.insert(missing.join(".")) {
                    report(errors, missing_context(program, reference, &missing));
                }
            } else if !replaced
                && let Some(Unknown { path, meant, help }) = unknown(&steps, context)
                // `object.get(input, "plan", input)` is at home on several platforms.
                && (meant == Meant::AnotherKey || reference.absence == Absence::Undefined)
                && told.insert(path.clone())
            {
                let (text, at) = (program.text_of(reference.span), program.place_of(reference.span));
                report(errors, PolicyError::UnknownInput { path, text, at, help });
            }
        }
    }
}

fn missing_context(program: &Program<'_>, reference: &Reference<'_>, missing: &[String]) -> PolicyError {
    let example = context::skeleton(missing);
    PolicyError::MissingContext {
        path: format!("input.{}", missing.join(".")),
        text: program.text_of(reference.span),
        at: program.place_of(reference.span),
        help: format!(
            "pass a JSON file with --context that says it, {example}; null says that there is none"
        ),
    }
}

/// A rule's own variables that stand for a path into the plan: `rc := input.resource_changes[_]` or
/// `some rc in input.resource_changes`. One that is declared twice stands for nothing certain, and one for a path
/// that no plan has would only repeat the report.
fn aliases<'a>(
    program: &Program<'_>,
    rule: &RuleFacts<'a>,
    context: &GroupContext,
) -> HashMap<&'a str, Vec<Step>> {
    let mut declared: HashMap<&str, usize> = HashMap::new();
    for fact in &rule.facts {
        if let Fact::Declares(name) = fact {
            *declared.entry(name).or_default() += 1;
        }
    }
    let once = |name: &str| declared.get(name) == Some(&1);
    let mut aliases: HashMap<&'a str, Vec<Step>> = HashMap::new();
    for fact in &rule.facts {
        match fact {
            Fact::Assigns { left, right } => {
                let path = syntax::reference(right)
                    .and_then(|reference| input_steps(program, rule, &aliases, context, &reference));
                if let (Some(name), Some(path)) = (syntax::variable(left), path)
                    && once(name)
                    && unknown(&path, context).is_none()
                {
                    aliases.insert(name, path);
                }
            }
            Fact::Iterates { value: Some(name), collection } => {
                let path = syntax::reference(collection)
                    .and_then(|reference| input_steps(program, rule, &aliases, context, &reference));
                if let Some(mut path) = path
                    && once(name)
                    && unknown(&path, context).is_none()
                {
                    path.push(Step::Dynamic);
                    aliases.insert(name, path);
                }
            }
            Fact::Iterates { value: None, .. }
            | Fact::Declares(_)
            | Fact::Refers(_)
            | Fact::Calls { .. }
            | Fact::Replaces(_) => {}
        }
    }
    aliases
}

fn input_steps(
    program: &Program<'_>,
    rule: &RuleFacts<'_>,
    aliases: &HashMap<&str, Vec<Step>>,
    context: &GroupContext,
    reference: &Reference<'_>,
) -> Option<Vec<Step>> {
    match program.meaning(rule, reference) {
        Meaning::Input(steps) => Some(steps),
        Meaning::Own => {
            let start = aliases.get(reference.root)?;
            Some(start.iter().chain(&reference.steps).cloned().collect())
        }
        // Where there is context, what a rule stands for must not be missed.
        Meaning::Data(steps) if !context.platform.context.is_empty() => program.through_rule(&steps),
        Meaning::Data(_) | Meaning::Nothing => None,
    }
}

/// The part of a path that no plan has.
struct Unknown {
    path: String,
    meant: Meant,
    help: String,
}

/// What the author probably meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meant {
    /// A key that plans have and that is spelt almost alike.
    AnotherKey,
    /// Something else.
    SomethingElse,
}

fn unknown(steps: &[Step], context: &GroupContext) -> Option<Unknown> {
    let platform = context.platform;
    let (Step::Key(first), rest) = steps.split_first()? else { return None };
    // A resource has any attribute.
    if context.has(first) || platform.plan == PlanPlace::Resources {
        return None;
    }
    if platform.plan.has(first) {
        return unknown_in_plan(rest, &format!("input.{first}"));
    }
    let Some(key) = platform.plan.only_key() else { return unknown_in_plan(steps, "input") };
    let own = || platform.context.iter().copied().chain([key]);
    let (meant, help) = if PLAN_KEYS.contains(&first.as_str()) {
        let help = format!("on {} the plan is under `input.{key}`: `input.{key}.{first}`", platform.title);
        (Meant::AnotherKey, help)
    } else if let Some(near) = suggest::nearest(first, own()) {
        (Meant::AnotherKey, format!("did you mean `input.{near}`?"))
    } else {
        let own: Vec<&str> = own().collect();
        (Meant::SomethingElse, format!("the input on {} has {}", platform.title, own.join(", ")))
    };
    Some(Unknown { path: format!("input.{first}"), meant, help })
}

fn unknown_in_plan(steps: &[Step], root: &str) -> Option<Unknown> {
    let path = |count: usize| {
        let mut path = root.to_owned();
        for step in &steps[..count] {
            match step {
                Step::Key(key) => {
                    path.push('.');
                    path.push_str(key);
                }
                Step::Dynamic => path.push_str("[_]"),
            }
        }
        path
    };
    let (Step::Key(section), rest) = steps.split_first()? else { return None };
    let misspelt = |key: &str, keys: &[&'static str], count: usize| {
        if keys.contains(&key) {
            return None;
        }
        let meant = suggest::nearest(key, keys.iter().copied())?;
        let help = format!("did you mean `{}.{meant}`?", path(count - 1));
        Some(Unknown { path: path(count), meant: Meant::AnotherKey, help })
    };
    if section == plan_index::KEY {
        return match rest {
            [Step::Key(key), rest @ ..] if plan_index::KEYS.contains(&key.as_str()) => match rest {
                [Step::Key(action), ..] if key == plan_index::BY_ACTION => {
                    misspelt(action, &plan_index::ACTIONS, 3)
                }
                _ => None,
            },
            [Step::Key(_), ..] => {
                let help = format!("`{root}.{section}` has {}", plan_index::KEYS.join(" and "));
                Some(Unknown { path: path(2), meant: Meant::AnotherKey, help })
            }
            [Step::Dynamic, ..] | [] => None,
        };
    }
    if !PLAN_KEYS.contains(&section.as_str()) {
        let (meant, help) = match suggest::nearest(section, PLAN_KEYS.into_iter().chain([plan_index::KEY])) {
            Some(key) => (Meant::AnotherKey, format!("did you mean `{root}.{key}`?")),
            None if WRAPPERS.contains(&section.as_str()) => {
                let help = format!(
                    "the plan itself is the input here, so that `input.{section}.resource_changes` is written \
                     `input.resource_changes`"
                );
                (Meant::SomethingElse, help)
            }
            None => {
                let help = format!("the top level of a plan has {}", PLAN_KEYS.join(", "));
                (Meant::SomethingElse, help)
            }
        };
        return Some(Unknown { path: path(1), meant, help });
    }
    let (Step::Key(key), rest) = (match (section.as_str(), rest) {
        ("resource_changes" | "resource_drift", [Step::Dynamic, rest @ ..]) => rest.split_first()?,
        _ => return None,
    }) else {
        return None;
    };
    if let Some(slip) = misspelt(key, &RESOURCE_CHANGE_KEYS, 3) {
        return Some(slip);
    }
    match (key.as_str(), rest) {
        ("change", [Step::Key(key), ..]) => misspelt(key, &CHANGE_KEYS, 4),
        _ => None,
    }
}

/// How other platforms wrap the plan.
const WRAPPERS: [&str; 4] = ["plan", "tfplan", "terraform", "run"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;
    use crate::convention::{Convention, Group};
    use crate::options::PolicyOptions;
    use crate::source::Source;

    fn with_policy<T>(rules: &str, test: impl FnOnce(&Program<'_>) -> T) -> T {
        let text = format!("package main\n\n{rules}\n");
        let mut engine = regorus::Engine::new();
        engine.add_policy("p.rego".to_owned(), text.clone()).unwrap();
        let sources = [Source::new("p.rego", text)];
        test(&Program::new(engine.get_modules(), &sources))
    }

    fn named(rules: &str) -> Option<Vec<String>> {
        with_policy(rules, |program| match sections(program, Convention::Conftest.platform()) {
            Sections::All => None,
            Sections::Named(names) => Some(names.into_iter().collect()),
        })
    }

    fn unknown_paths(rules: &str) -> Vec<String> {
        with_policy(rules, |program| {
            let mut errors = Vec::new();
            let group = Group::conftest(&PolicyOptions::default(), Vec::new());
            let context = Context::default().of_group(&group);
            check(program, &(0..program.documents.len()).collect(), &context, &mut errors);
            errors.iter().map(ToString::to_string).collect()
        })
    }

    #[test]
    fn named_sections_are_found_in_every_form() {
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(named("x := input.a.b\ny := input[\"c\"]"), names(&["a", "c"]));
        assert_eq!(named("x if some v in input.a"), names(&["a"]));
        assert_eq!(named("x if walk(input.a, [_, v])"), names(&["a"]));
        assert_eq!(named("x := object.get(input, \"a\", 1)"), names(&["a"]));
        assert_eq!(named("x := object.get(input, [\"a\", \"b\"], 1)"), names(&["a"]));
        assert_eq!(named("x if y with input as 1\ny := input.a"), names(&["a"]));
        assert_eq!(named("f(v) := v.a\nx := {\"k\": [n | n := input.b[_]]}"), names(&["b"]));
        assert_eq!(named("x := 1 if not input.a else := input.b"), names(&["a", "b"]));
        assert_eq!(
            named("x[input.a] := input.b if every e in input.c { e == input.d }"),
            names(&["a", "b", "c", "d"])
        );
    }

    #[test]
    fn a_look_at_the_whole_input_needs_every_section() {
        for rules in [
            "x := input",
            "x := input[k] if some k in [\"a\"]",
            "x if walk(input, [_, v])",
            "x := object.get(input, k, 1) if k := \"a\"",
            "x := count(input)",
            "f(v) := v\nx := f(input)",
            "x if \"a\" in input",
            "x if y with data.z as input",
        ] {
            assert_eq!(named(&rules.replace("if y", "if true")), None, "{rules}");
        }
    }

    #[test]
    fn the_index_is_made_of_the_resource_changes() {
        let rules = "x if input.planguard.by_type.aws_x[_].name\ny if input.plan.planguard.by_action.read";
        assert_eq!(named("x if input.planguard.by_type.a"), Some(vec!["resource_changes".to_owned()]));
        assert!(with_policy(rules, reads_index));
        assert!(!with_policy("x if walk(input, [_, v])\ny := input.resource_changes", reads_index));
        assert!(unknown_paths("deny if input.planguard.by_type.aws_x[_].name").is_empty());
        assert!(unknown_paths("deny if input.planguard.by_action[\"create+forget\"]").is_empty());
        for slip in ["planguard.by_types", "planguard.type", "planguard.by_action.craete", "plangaurd"] {
            let path = format!("input.{slip}");
            assert_eq!(unknown_paths(&format!("deny if {path}")), [format!("no plan has `{path}`")]);
        }
    }

    #[test]
    fn a_default_excuses_what_is_no_slip() {
        assert!(unknown_paths("deny if object.get(input, \"plan\", input)").is_empty());
        assert_eq!(unknown_paths("deny if object.get(input, \"varibles\", 1)").len(), 1);
        assert_eq!(unknown_paths("deny if input.plan"), ["no plan has `input.plan`"]);
    }

    #[test]
    fn only_a_variable_with_one_meaning_is_followed() {
        let certain = "deny if { rc := input.resource_changes[0]; rc.chnage }";
        assert_eq!(unknown_paths(certain), ["no plan has `input.resource_changes[_].chnage`"]);
        let doubtful = "deny if { rc := input.resource_changes[0]; [1 | rc := {\"chnage\": 1}; rc.chnage] }";
        assert!(unknown_paths(doubtful).is_empty());
    }
}
