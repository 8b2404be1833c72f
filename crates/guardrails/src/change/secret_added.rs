//! Reports private keys and tokens of providers that a plan writes into any attribute.

use std::collections::HashSet;

use planguard_guardrail_format::{AttributeTest, PathPattern, PatternStep, Predicate, Test, Truth};
use planguard_plan::{AttributePath, Mode, PathStep, ResourceChange, ResourceState, Side, Value, View};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};
use crate::Builtin;
use crate::engine::{Outcome, PlanIndex, evaluate, is_hard_coded, token};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-secret-added",
        title: "A private key or token is written into the configuration",
        severity: Severity::High,
        why: "Everybody who can read the repository, the plan or the state has the credential. Formats that only \
              credentials have are searched for in every attribute of every resource; a value that another resource \
              makes, or that is passed in, is not reported.",
        remediation: "Revoke the credential. Pass the new one in as a sensitive or ephemeral variable, or read it from a \
                      secret store at run time.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "null_resource.deploy", "change": {"actions": ["create"], "before": null,
            "after": {"triggers": {"token": "ghp_0123456789abcdefghijABCDEFGHIJ012345"}}}}"#,
        r#"{"address": "null_resource.deploy", "change": {"actions": ["create"], "before": null,
            "after": {"triggers": {"token": "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}}}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let changes = plan.each_change().filter(|change| change.address.mode == Mode::Managed);
    let index = plan.index();
    changes.filter_map(|change| finding(index, change)).collect()
}

/// The finding for the first new token of a resource: whoever removes it sees the next one.
fn finding(index: &PlanIndex<'_>, change: &ResourceChange<'_>) -> Option<ChangeFinding> {
    let after = change.change.after.as_deref()?;
    if change.change.before.as_deref() == Some(after) {
        return None;
    }
    let found = tokens(after);
    if found.is_empty() {
        return None;
    }
    let before = change.change.before.as_deref().map(tokens).unwrap_or_default();
    let old: HashSet<&str> = before.iter().map(|token| token.text).collect();
    let state = ResourceState::new(index.plan(), change, Side::After)?;
    let judged = attributes_of_other_rules(&state, index);
    let token = found.into_iter().filter(|token| !old.contains(token.text)).find(|token| {
        let [PathStep::Key(attribute), ..] = token.path.0.as_slice() else { return false };
        !judged.contains(attribute) && is_written(&place(&state.root(), &token.path), index)
    })?;
    let message = format!("{} has {} in `{}`", change.address, token.name, token.path);
    Some(ChangeFinding::on(change, message).at(token.path))
}

/// Whether the configuration writes a value, as far as the plan tells: neither another resource makes it, nor is it
/// passed in. What the provider computes is sensitive.
fn is_written(place: &View<'_, '_>, index: &PlanIndex<'_>) -> bool {
    match is_hard_coded(place, index) {
        Ok(Truth::True) => true,
        Ok(Truth::Unknown) | Err(_) => !place.is_sensitive(),
        // A local value is written in the configuration as well, unless it is made from something else.
        Ok(Truth::False) => place.state().references(place.path()).is_some_and(|found| {
            found.resources.is_empty()
                && found.variables.is_empty()
                && !found.unresolved.is_empty()
                && found.unresolved.iter().all(|reference| reference.starts_with("local."))
        }),
    }
}

fn place<'s, 'p>(root: &View<'s, 'p>, path: &AttributePath) -> View<'s, 'p> {
    let mut place = root.clone();
    for step in &path.0 {
        let next = match step {
            PathStep::Key(name) => Some(place.key(name)),
            PathStep::Index(position) => place.elements().and_then(|mut elements| {
                (*position < elements.len()).then(|| elements.swap_remove(*position))
            }),
        };
        let Some(next) = next else { break };
        place = next;
    }
    place
}

/// A text with a token.
struct Token<'v> {
    path: AttributePath,
    text: &'v str,
    name: &'static str,
}

fn tokens<'v>(value: &'v Value<'_>) -> Vec<Token<'v>> {
    let mut found = Vec::new();
    collect(value, &AttributePath::default(), &mut found);
    found
}

fn collect<'v>(value: &'v Value<'_>, path: &AttributePath, found: &mut Vec<Token<'v>>) {
    match value {
        Value::String(text) => {
            found.extend(token(text).map(|name| Token { path: path.clone(), text, name }));
        }
        Value::Array(elements) => {
            for (position, element) in elements.iter().enumerate() {
                collect(element, &path.index(position), found);
            }
        }
        Value::Object(object) => {
            for (name, member) in object.members() {
                collect(member, &path.key(name), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The top attributes of a resource that a guardrail searches for credentials: one secret is one finding. A guardrail that
/// does not apply to the resource searches nothing.
fn attributes_of_other_rules(state: &ResourceState<'_>, index: &PlanIndex<'_>) -> HashSet<String> {
    let mut names = HashSet::new();
    let own = Builtin::for_type(&state.change.address.resource_type);
    for builtin in own.filter(|builtin| builtin.pack() == "default") {
        let guardrail = builtin.definition();
        if evaluate(&guardrail, state, index).outcome == Outcome::NotApplicable {
            continue;
        }
        let (Test::Fail(test) | Test::Require(test)) = guardrail.test;
        searched(&test, None, &mut names);
    }
    names
}

fn searched(predicate: &Predicate, inside: Option<&[PathPattern]>, names: &mut HashSet<String>) {
    let tops = |paths: &[PathPattern]| -> Vec<String> {
        paths
            .iter()
            .filter_map(|path| match path.0.first() {
                Some(PatternStep::Key(name)) => Some(name.clone()),
                Some(PatternStep::Select { .. }) | None => None,
            })
            .collect()
    };
    match predicate {
        Predicate::All(all) | Predicate::Any(all) => {
            all.iter().for_each(|one| searched(one, inside, names));
        }
        Predicate::Not(one) => searched(one, inside, names),
        Predicate::Attribute(attribute) => {
            if matches!(attribute.test, AttributeTest::Secret | AttributeTest::LiteralInConfiguration) {
                names.extend(tops(inside.unwrap_or(&attribute.paths)));
            }
        }
        Predicate::Elements(elements) => {
            searched(&elements.condition, Some(inside.unwrap_or(&elements.paths)), names);
        }
        Predicate::Document { paths, condition, .. } => {
            searched(condition, Some(inside.unwrap_or(paths)), names);
        }
        Predicate::Ports(_)
        | Predicate::Range(_)
        | Predicate::Count(_)
        | Predicate::Companion(_)
        | Predicate::PlanHas { .. }
        | Predicate::Was(_)
        | Predicate::Becomes(_)
        | Predicate::Actions(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{find, find_in_update};
    use super::*;

    const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

    fn messages(after: &str, expressions: &str, rest: &str) -> Vec<String> {
        let plan = format!(
            r#"{{"format_version": "1.2", {rest} "configuration": {{"root_module": {{"resources": [
                {{"address": "null_resource.a", "mode": "managed", "type": "null_resource", "name": "a", "expressions": {expressions}}},
                {{"address": "tls_private_key.k", "mode": "managed", "type": "tls_private_key", "name": "k", "expressions": {{}}}}],
                "variables": {{"t": {{"default": "{TOKEN}"}}, "given": {{}}}}}}}},
                "resource_changes": [{{"address": "null_resource.a", "change": {{"actions": ["create"], "before": null,
                "after": {after}, "after_unknown": {{}}}}}}]}}"#
        );
        find(&GUARD, &plan).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn what_the_configuration_writes_is_found_and_what_is_passed_in_is_not() {
        let after = format!(r#"{{"triggers": {{"t": "{TOKEN}"}}}}"#);
        let found = ["null_resource.a has a GitHub token in `triggers.t`".to_owned()];
        let none: [String; 0] = [];
        let constant = format!(r#"{{"triggers": {{"constant_value": {{"t": "{TOKEN}"}}}}}}"#);
        assert_eq!(messages(&after, &constant, ""), found);
        assert_eq!(messages(&after, r#"{"triggers": {}}"#, ""), found);
        let refer = |to: &str| format!(r#"{{"triggers": {{"references": ["{to}"]}}}}"#);
        assert_eq!(messages(&after, &refer("local.t"), ""), found);
        let default = format!(r#""variables": {{"t": {{"value": "{TOKEN}"}}}},"#);
        assert_eq!(messages(&after, &refer("var.t"), &default), found);
        assert_eq!(
            messages(
                &after,
                &refer("var.given"),
                &format!(r#""variables": {{"given": {{"value": "{TOKEN}"}}}},"#)
            ),
            none
        );
        assert_eq!(messages(&after, &refer("tls_private_key.k.private_key_pem"), ""), none);
        assert_eq!(messages(r#"{"triggers": {"t": "v1.2.3"}}"#, &constant, ""), none);
    }

    #[test]
    fn only_a_new_token_of_an_attribute_without_a_rule_of_its_own_counts() {
        let with = |content: &str| format!(r#"{{"content": "{content}"}}"#);
        let key = r"-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----";
        let found =
            |before: &str, after: &str| find_in_update(&GUARD, "local_file.a", before, after, "{}").len();
        assert_eq!(found(&with("hello"), &with(key)), 1);
        assert_eq!(found(&with(key), &with(key)), 0);
        assert_eq!(found(&with(key), &with("hello")), 0);
        let user_data = |text: &str| format!(r#"{{"user_data": "{text}"}}"#);
        let instance = find_in_update(&GUARD, "aws_instance.a", &user_data("x"), &user_data(TOKEN), "{}");
        assert_eq!(instance, []);
    }

    #[test]
    fn a_rule_that_does_not_apply_searches_nothing() {
        let parameter = |kind: &str, value: &str| format!(r#"{{"type": "{kind}", "value": "{value}"}}"#);
        let found = |kind: &str| {
            let (before, after) = (parameter(kind, "x"), parameter(kind, TOKEN));
            find_in_update(&GUARD, "aws_ssm_parameter.a", &before, &after, "{}").len()
        };
        assert_eq!(found("of a kind that no rule is about"), 1);
        assert_eq!((found("String"), found("SecureString")), (0, 0));
    }
}
