//! Reports objects that are destroyed and created again because the keys of their block changed.

use std::collections::BTreeMap;

use planguard_plan::{ActionReason, Address, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::destroyed;
use super::equal_successor::is_as_good_as_its_equal;
use super::twin::{Place, recreated, twins};
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-rekeyed",
        title: "An object is destroyed and created again with another key",
        severity: Severity::High,
        why: "Changing from `count` to `for_each`, or renaming a key, gives the object a new address. Terraform \
              destroys the object at the old address and creates it at the new one, although nothing about it \
              changed.",
        remediation: "Add a `moved` block from the old address to the new one; the plan then keeps the object.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_subnet.a[0]", "action_reason": "delete_because_wrong_repetition",
            "change": {"actions": ["delete"], "after": null,
                       "before": {"cidr_block": "10.0.0.0/24", "availability_zone": "eu-west-1a", "id": "s-1"}}},
           {"address": "aws_subnet.a[\"eu-west-1a\"]",
            "change": {"actions": ["create"], "before": null,
                       "after": {"cidr_block": "10.0.0.0/24", "availability_zone": "eu-west-1a"}}}"#,
        r#"{"address": "aws_subnet.a[\"one\"]", "action_reason": "delete_because_each_key",
            "change": {"actions": ["delete"], "after": null,
                       "before": {"cidr_block": "10.0.0.0/24", "availability_zone": "eu-west-1a", "id": "s-1"}}},
           {"address": "aws_subnet.a[\"two\"]",
            "change": {"actions": ["create"], "before": null,
                       "after": {"cidr_block": "10.0.9.0/24", "availability_zone": "eu-west-1b"}}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let rekeyed = destroyed(plan).filter(|resource| lost_its_key(resource));
    let rekeyed = rekeyed.filter(|resource| !is_as_good_as_its_equal(&resource.address.resource_type));
    let mut modules: BTreeMap<(String, String), Vec<(&ResourceChange<'_>, &ResourceChange<'_>)>> =
        BTreeMap::new();
    for pair in twins(plan, rekeyed, Place::SameBlock) {
        modules
            .entry((pair.0.address.module_address(), pair.1.address.module_address()))
            .or_default()
            .push(pair);
    }
    modules.into_iter().flat_map(|((old, new), pairs)| findings(&old, &new, pairs)).collect()
}

/// The findings for the objects that go from one module to another: a single one where the module got another key, which
/// is one cause.
fn findings(
    old: &str,
    new: &str,
    pairs: Vec<(&ResourceChange<'_>, &ResourceChange<'_>)>,
) -> Vec<ChangeFinding> {
    let kept_own_key =
        |(old, new): &(&ResourceChange<'_>, &ResourceChange<'_>)| old.address.key == new.address.key;
    match pairs.as_slice() {
        [first, _, ..] if old != new && pairs.iter().all(kept_own_key) => {
            let named: Vec<String> = pairs
                .iter()
                .take(MOST_NAMED)
                .map(|(old, _)| Address { modules: Vec::new(), ..old.address.clone() }.to_string())
                .collect();
            let more = match pairs.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let message = format!(
                "{old} is destroyed and created again as {new}, with {} objects: {}{more}",
                pairs.len(),
                named.join(", ")
            );
            vec![ChangeFinding::on(first.0, message)]
        }
        _ => pairs.into_iter().map(recreated).collect(),
    }
}

/// How many objects of a module a message names.
const MOST_NAMED: usize = 3;

/// Whether the block exists, but not with this key. A key of a module counts too: for its resources Terraform gives
/// the reason that their module is gone.
fn lost_its_key(resource: &ResourceChange<'_>) -> bool {
    match resource.action_reason {
        Some(
            ActionReason::DeleteBecauseCountIndex
            | ActionReason::DeleteBecauseEachKey
            | ActionReason::DeleteBecauseWrongRepetition
            | ActionReason::DeleteBecauseNoModule,
        ) => true,
        Some(
            ActionReason::ReplaceBecauseCannotUpdate
            | ActionReason::ReplaceBecauseTainted
            | ActionReason::ReplaceByRequest
            | ActionReason::ReplaceByTriggers
            | ActionReason::DeleteBecauseNoResourceConfig
            | ActionReason::DeleteBecauseNoMoveTarget
            | ActionReason::DeleteBecauseEnabledFalse
            | ActionReason::ReadBecauseConfigUnknown
            | ActionReason::ReadBecauseDependencyPending
            | ActionReason::ReadBecauseCheckNested
            | ActionReason::ForgotBecauseLifecycle
            | ActionReason::Other(_),
        )
        | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    #[test]
    fn a_key_of_the_module_counts_like_a_key_of_the_block() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "module.net[0].aws_subnet.a", "action_reason": "delete_because_no_module",
                "change": {"actions": ["delete"], "before": {"cidr_block": "10.0.0.0/24", "az": "a"}, "after": null}},
               {"address": "module.net[\"eu.west\"].aws_subnet.a",
                "change": {"actions": ["create"], "before": null, "after": {"cidr_block": "10.0.0.0/24", "az": "a"}}}"#,
        );
        assert_eq!(
            findings[0].message,
            r#"module.net[0].aws_subnet.a is destroyed and created again as module.net["eu.west"].aws_subnet.a"#
        );
    }

    #[test]
    fn a_module_under_another_key_is_told_once() {
        let entries: Vec<String> = ["a", "b", "c", "d"]
            .iter()
            .map(|name| {
                format!(
                    r#"{{"address": "module.net[\"x\"].aws_subnet.{name}", "action_reason": "delete_because_no_module",
                        "change": {{"actions": ["delete"], "before": {{"cidr_block": "{name}", "az": "a"}}, "after": null}}}},
                       {{"address": "module.net[\"y\"].aws_subnet.{name}",
                        "change": {{"actions": ["create"], "before": null, "after": {{"cidr_block": "{name}", "az": "a"}}}}}}"#
                )
            })
            .collect();
        let found = find_in_changes(&GUARD, &entries.join(","));
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].message,
            r#"module.net["x"] is destroyed and created again as module.net["y"], with 4 objects: aws_subnet.a, aws_subnet.b, aws_subnet.c and 1 more"#
        );
    }

    #[test]
    fn each_object_has_its_own_twin() {
        let old = |key: u8| {
            format!(
                r#"{{"address": "aws_x.a[{key}]", "action_reason": "delete_because_wrong_repetition", "change":
                    {{"actions": ["delete"], "before": {{"name": "n", "path": "/"}}, "after": null}}}}"#
            )
        };
        let new = r#"{"address": "aws_x.a[\"k\"]", "change": {"actions": ["create"], "before": null,
            "after": {"name": "n", "path": "/"}}}"#;
        let findings = find_in_changes(&GUARD, &format!("{}, {}, {new}", old(0), old(1)));
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn what_would_not_have_stayed_the_same_is_no_finding() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "aws_iam_user.a[\"bob\"]", "action_reason": "delete_because_each_key",
                "change": {"actions": ["delete"], "before": {"name": "bob", "path": "/"}, "after": null}},
               {"address": "aws_iam_user.a[\"eve\"]",
                "change": {"actions": ["create"], "before": null, "after": {"name": "eve", "path": "/"}}}"#,
        );
        assert_eq!(findings, []);
    }
}
