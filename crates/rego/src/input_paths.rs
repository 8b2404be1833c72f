//! What policies read of a plan: which sections they need, and which paths no plan has.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::bundle;
use super::context::{self, GroupContext};
use super::convention::{PlanPlace, Platform, plan_keys};
use super::error::{PolicyError, report};
use super::plan_shape::{self, COST_KEY, INDEX_KEY, INDEX_SOURCE, Meant, Next};
use super::plan_value::Sections;
use super::program::{Meaning, Program, RuleFacts, path_text};
use super::syntax::{self, Absence, Fact, Reference, Step};

/// The sections that any rule names. No rule can see a section that it does not name, so leaving it out changes
/// nothing.
pub(super) fn sections(program: &Program<'_>, platform: &Platform) -> Sections {
    if platform.plan == PlanPlace::Resources {
        return Sections::All;
    }
    let has_other_keys = platform.plan != PlanPlace::Root || !platform.context.is_empty();
    let mut named = BTreeSet::new();
    for rule in &program.rules {
        for fact in &rule.facts {
            let Fact::Refers(reference) = fact else { continue };
            let Some(steps) = path_into_input(program, rule, reference) else { continue };
            let is_configuration = steps.iter().zip(platform.configuration).all(|(step, key)| match step {
                Step::Key(own) => own == key,
                Step::Dynamic => true,
            });
            if is_configuration && !platform.configuration.is_empty() {
                named.insert("configuration".to_owned());
            }
            let section = match steps.as_ref() {
                [Step::Key(alias), rest @ ..] if has_other_keys && is_plan_key(alias) => rest,
                steps => steps,
            };
            match section.first() {
                Some(Step::Key(key)) if key == INDEX_KEY => {
                    named.insert(INDEX_SOURCE.to_owned());
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

/// The path into the input that a reference means outside of its rule. Most mean none, or say so themselves.
fn path_into_input<'r>(
    program: &Program<'_>,
    rule: &RuleFacts<'_>,
    reference: &'r Reference<'_>,
) -> Option<Cow<'r, [Step]>> {
    if reference.root == "input" {
        return Some(Cow::Borrowed(&reference.steps));
    }
    if !program.imports(rule.module, reference.root) {
        return None;
    }
    match program.meaning(rule, reference) {
        Meaning::Input(steps) => Some(Cow::Owned(steps)),
        Meaning::Own | Meaning::Data(_) | Meaning::Nothing => None,
    }
}

/// Whether some platform has the plan under this key of its input.
fn is_plan_key(key: &str) -> bool {
    plan_keys().any(|own| own == key)
}

/// Whether any rule names what planguard adds to the plan. For rules that only walk the whole input, nothing is added:
/// they would find everything twice.
pub(super) fn reads_index(program: &Program<'_>) -> bool {
    any_below_index(program, |_| true)
}

/// Whether any rule names what the plan costs, or all that planguard adds to the plan.
pub(super) fn reads_cost(program: &Program<'_>) -> bool {
    any_below_index(program, |below| match below.first() {
        Some(Step::Key(key)) => key == COST_KEY,
        Some(Step::Dynamic) | None => true,
    })
}

/// Whether any rule names what the platform has of a cost report: its totals are those of all plans that it is about.
pub(super) fn reads_cost_report(program: &Program<'_>, platform: &Platform) -> bool {
    let places = || platform.facts.iter().filter(|(fact, _)| fact.is_cost()).map(|(_, place)| *place);
    program.rules.iter().any(|rule| {
        rule.facts.iter().any(|fact| {
            let Fact::Refers(reference) = fact else { return false };
            let Some(steps) = path_into_input(program, rule, reference) else { return false };
            let leads = |place: &str| {
                steps.iter().zip(place.split('.')).all(|(step, key)| step.key().is_none_or(|own| own == key))
            };
            !steps.is_empty() && places().any(leads)
        })
    })
}

/// Whether any rule refers to what planguard adds to the plan, by such steps below it.
fn any_below_index(program: &Program<'_>, is_meant: impl Fn(&[Step]) -> bool) -> bool {
    program.rules.iter().any(|rule| {
        rule.facts.iter().any(|fact| {
            let Fact::Refers(reference) = fact else { return false };
            let Some(steps) = path_into_input(program, rule, reference) else { return false };
            let is_index = |step: &Step| step.key() == Some(INDEX_KEY);
            match steps.as_ref() {
                [index, below @ ..] if is_index(index) => is_meant(below),
                [Step::Key(plan), index, below @ ..] if is_plan_key(plan) && is_index(index) => {
                    is_meant(below)
                }
                _ => false,
            }
        })
    })
}

/// Whether any rule looks at `data.conftest`, or at `data` as a whole.
pub(super) fn reads_file_name(program: &Program<'_>) -> bool {
    program.rules.iter().any(|rule| {
        rule.facts.iter().any(|fact| {
            let Fact::Refers(reference) = fact else { return false };
            let is_file_name = |step: Option<&Step>| match step {
                Some(Step::Key(key)) => key == "conftest",
                Some(Step::Dynamic) | None => true,
            };
            if reference.root == "data" {
                return is_file_name(reference.steps.first());
            }
            // A rule of the same package is below that package.
            let is_elsewhere = program.package(rule).first().is_some_and(|first| first != "conftest");
            if is_elsewhere && !program.imports(rule.module, reference.root) {
                return false;
            }
            match program.meaning(rule, reference) {
                Meaning::Data(steps) => is_file_name(steps.first()),
                Meaning::Own | Meaning::Input(_) | Meaning::Nothing => false,
            }
        })
    })
}

/// Reports every path into the input that neither plans nor the context have, in the rules that decide and those that
/// they use.
///
/// A policy that gives a helper another input, with `with input as`, may name anything there; then only missing
/// context is reported. Below the top level, new releases add keys to the plan, so only keys that look like typos are
/// reported there.
pub(super) fn check(
    program: &Program<'_>,
    deciding: &BTreeSet<usize>,
    context: &GroupContext,
    errors: &mut Vec<PolicyError>,
) {
    let evaluated = || {
        program.rules.iter().filter(|rule| {
            deciding.contains(&rule.document) && !rule.is_test()
            // The library looks under every key that has the plan on some platform.
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
                // `object.get(input, "plan", input)` works on several platforms.
                && (meant == Meant::SimilarKey || reference.absence == Absence::Undefined)
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
            "pass a JSON file with this key to --context: {example}; use null if there is no value"
        ),
    }
}

/// A rule's own variables that stand for a path into the plan: `rc := input.resource_changes[_]` or
/// `some rc in input.resource_changes`. A variable that is declared twice may have either value and is left out. So is
/// one for a path that no plan has, which would only repeat the report.
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
        // If the platform has context, a rule that stands for a path may lead to context that is missing.
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

fn unknown(steps: &[Step], context: &GroupContext) -> Option<Unknown> {
    let (Step::Key(first), rest) = steps.split_first()? else { return None };
    if context.has(first) {
        return None;
    }
    let mut path = format!("input.{first}");
    let mut next = plan_shape::of_input(context.platform, first);
    let mut below = None;
    let mut rest = rest.iter();
    loop {
        let node = match next {
            Next::Place(node) => node,
            Next::Attribute | Next::Anything => return None,
            Next::Nothing(missing) => {
                let is_certain = below.is_none_or(plan_shape::Node::has_no_other_keys);
                let is_reported = is_certain || missing.meant == Meant::SimilarKey;
                return is_reported.then_some(Unknown { path, meant: missing.meant, help: missing.help });
            }
        };
        let step = match rest.next()? {
            Step::Key(key) => plan_shape::Step::Key(key),
            Step::Dynamic => plan_shape::Step::Element,
        };
        next = node.step(step, &path);
        below = Some(node);
        match step {
            plan_shape::Step::Key(key) => {
                path.push('.');
                path.push_str(key);
            }
            plan_shape::Step::Element => path.push_str("[_]"),
        }
    }
}

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
        with_policy(rules, |program| match sections(program, Convention::CONFTEST.platform()) {
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
    fn a_rule_that_reads_the_whole_input_needs_every_section() {
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
        assert!(!with_policy(rules, reads_cost));
        for rules in [
            "x if input.planguard.cost.delta > 1",
            "x if input.tfplan.planguard.cost.after",
            "x := object.get(input.planguard, \"cost\", {})",
            "x := input.planguard",
        ] {
            assert!(with_policy(rules, reads_cost) && with_policy(rules, reads_index), "{rules}");
        }
        assert!(unknown_paths("deny if input.planguard.cost.resources[\"a.b\"].delta > 5").is_empty());
        assert!(unknown_paths("deny if input.planguard.by_type.aws_x[_].name").is_empty());
        assert!(unknown_paths("deny if input.planguard.by_action[\"create+forget\"]").is_empty());
        for slip in [
            "planguard.by_types",
            "planguard.type",
            "planguard.by_action.craete",
            "planguard.cost.detla",
            "plangaurd",
        ] {
            let path = format!("input.{slip}");
            assert_eq!(unknown_paths(&format!("deny if {path}")), [format!("no plan contains `{path}`")]);
        }
    }

    #[test]
    fn a_rule_that_reads_a_cost_report_is_found() {
        let env0 = "env0".parse::<Convention>().unwrap().platform();
        let reads = |rules: &str| with_policy(rules, |program| reads_cost_report(program, env0));
        assert!(reads("x if input.costEstimation.monthlyCostDiff > 5"));
        assert!(reads("x := input.costEstimation"));
        assert!(!reads("x if input.plan.resource_changes"));
        assert!(!reads("x if input.planguard.cost.delta > 5"));
        let plain = Convention::CONFTEST.platform();
        assert!(!with_policy("x := input.costEstimation", |program| reads_cost_report(program, plain)));
    }

    #[test]
    fn a_default_excuses_a_path_that_is_not_a_typo() {
        assert!(unknown_paths("deny if object.get(input, \"plan\", input)").is_empty());
        assert_eq!(unknown_paths("deny if object.get(input, \"varibles\", 1)").len(), 1);
        assert_eq!(unknown_paths("deny if input.plan"), ["no plan contains `input.plan`"]);
    }

    #[test]
    fn only_a_variable_with_one_meaning_is_followed() {
        let certain = "deny if { rc := input.resource_changes[0]; rc.chnage }";
        assert_eq!(unknown_paths(certain), ["no plan contains `input.resource_changes[_].chnage`"]);
        let doubtful = "deny if { rc := input.resource_changes[0]; [1 | rc := {\"chnage\": 1}; rc.chnage] }";
        assert!(unknown_paths(doubtful).is_empty());
    }
}
