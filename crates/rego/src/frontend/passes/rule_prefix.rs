//! Defines the objects on the way to a rule that may have no value.
//!
//! In OPA, `g.q := x if …` makes `g` an object whether or not the rule has a value. In the engine, `g` is undefined
//! without one. A function below `g` makes it an object, too, and shows in no value.
//!
//! ```text
//! g.q := x if { … }
//! g.q := x if { … } g.__pg1(__pg1) := 1
//! ```

use std::collections::HashSet;

use planguard_rego_syntax::tree::{ExprKind, Rule, Step};

use super::super::edit::Edits;
use super::super::policy::{PREFIX, Policy};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let functions = policy.module.rules.iter().filter(|rule| rule.head.arguments.is_some());
    let mut defined: HashSet<&str> = functions.filter_map(|rule| prefix(policy, rule)).collect();
    for rule in &policy.module.rules {
        if rule.is_default || rule.head.arguments.is_some() || rule.head.key.is_some() {
            continue;
        }
        let (Some(prefix), Some(last)) = (prefix(policy, rule), rule.branches.last()) else { continue };
        if !prefix.starts_with(PREFIX) && defined.insert(prefix) {
            let name = policy.fresh_name();
            edits.insert(last.span.end, format!(" {prefix}.{name}({name}) := 1").as_str());
        }
    }
    edits
}

/// Returns the name of a rule without its last step, if its name is a path.
fn prefix<'p>(policy: &Policy<'p>, rule: &Rule) -> Option<&'p str> {
    let ExprKind::Reference { base, steps } = &rule.head.name.kind else { return None };
    steps.iter().all(|step| step.key(policy.text).is_some()).then_some(())?;
    let (last, before) = steps.split_last()?;
    // In Rego v0, `p["x"]` is an element of a set.
    if matches!(last, Step::Index(_)) && rule.head.value.is_none() && rule.head.arguments.is_none() {
        return None;
    }
    let mut path = vec![policy.text_of(base).to_owned()];
    let mut end = base.span.end;
    for step in before {
        // What is below computed keys is one of them, and only with a value.
        if policy.has_computed_keys(&path) {
            break;
        }
        path.push(step.key(policy.text)?.to_owned());
        end = match step {
            Step::Field(span) => span.end,
            Step::Index(key) => key.span.end + policy.text.get(key.span.end..)?.find(']')? + 1,
        };
    }
    policy.text.get(base.span.start..end)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn the_objects_on_the_way_are_defined_once() {
        assert_pass(
            edits,
            "g.q := x if { x }\ng.p := 1\ng[\"a\"].b := 1 if y",
            "g.q := x if { x } g.__pg1(__pg1) := 1\ng.p := 1\ng[\"a\"].b := 1 if y g[\"a\"].__pg2(__pg2) := 1",
        );
    }

    #[test]
    fn nothing_is_defined_beside_computed_keys() {
        assert_pass(
            edits,
            "g.a.b.c := 1 if x\ng.a[x] := 1 if f(x)",
            "g.a.b.c := 1 if x g.a.__pg1(__pg1) := 1\ng.a[x] := 1 if f(x)",
        );
    }

    #[test]
    fn other_rules_stay() {
        for rule in [
            "g contains x if { x }",
            "g.q contains 1 if x",
            "g[x] := 1 if x",
            "g.f(x) := x\ng.q := x if y",
            "g := 1 if x",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
