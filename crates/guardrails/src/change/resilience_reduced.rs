//! Reports copies in other zones and regions that are given up.

use std::collections::BTreeMap;

use planguard_plan::{Mode, Plan, ResourceChange, ResourceState, Value};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Pair, Sight, pairs, sight};
use super::lists;
use super::numbers;
use super::reason::because_destroyed;
use super::schedule::more_seldom;
use super::status_codes::loosened;
use super::switch::{Wording, turned_off};
use super::tables::RESILIENCE_REDUCED;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, replaced_members};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-resilience-reduced",
        title: "A service survives fewer failures than before",
        severity: Severity::Medium,
        why: "Nothing takes over when the one zone or region that is left fails, nobody notices that a target answers with \
              errors, or messages that failed are lost.",
        remediation: "Keep the setting. Where the environment may fail, waive this finding for the resource.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_db_instance.a", "change": {"actions": ["update"],
            "before": {"multi_az": true}, "after": {"multi_az": false}}}"#,
        r#"{"address": "aws_db_instance.a", "change": {"actions": ["update"],
            "before": {"multi_az": false}, "after": {"multi_az": true}}}"#,
    ),
    check,
};

const WORDING: Wording = Wording {
    certain: "survives fewer failures than before",
    unknown: "may survive fewer failures than before",
};

const LISTS: lists::Wording =
    lists::Wording { what: WORDING.certain, lost: "no longer contains", gained: "now contains" };

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = turned_off(plan, &RESILIENCE_REDUCED, &WORDING);
    for pair in pairs(plan) {
        found.extend(lists::changed(plan, &pair, &RESILIENCE_REDUCED, &LISTS));
        found.extend(loosened(&pair, &RESILIENCE_REDUCED, WORDING.certain));
        found.extend(receives_often(&pair));
        found.extend(more_seldom(&pair));
        found.extend(numbers::moved(&pair, &RESILIENCE_REDUCED, WORDING.certain));
    }
    found.extend(last_of_several(plan));
    found.extend(replaced_members::findings(plan));
    found
}

/// How often a message may fail before it is put aside; beyond it, a message that nobody can handle holds up the others.
const OFTEN: f64 = 100.0;

/// The finding for a queue that puts messages aside only after they failed very often.
fn receives_often(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let count = |state: &ResourceState<'_>| {
        let Sight::Known(text) = sight(&state.root().key("redrive_policy")) else { return None };
        let policy: serde_json::Value = serde_json::from_str(text.as_str()?).ok()?;
        let count = policy.get("maxReceiveCount")?;
        count.as_f64().or_else(|| count.as_str()?.parse().ok())
    };
    let (before, after) = (count(&pair.before)?, count(&pair.after)?);
    (before < OFTEN && after >= OFTEN).then(|| {
        let message = format!(
            "{} {}: a message that cannot be handled goes to the dead-letter queue after {after} instead of {before} attempts",
            pair.resource.address, WORDING.certain
        );
        ChangeFinding::on(pair.resource, message)
    })
}

/// The findings for objects of which there were several, and of which a plan leaves one.
fn last_of_several(plan: &Plan<'_>) -> Vec<ChangeFinding> {
    let mut groups: BTreeMap<String, Vec<&ResourceChange<'_>>> = BTreeMap::new();
    let objects = plan.each_change();
    for object in objects.filter(|object| object.address.mode == Mode::Managed && object.deposed.is_none()) {
        if let Some(copies) = copies_of(object) {
            groups.entry(copies).or_default().push(object);
        }
    }
    let findings = groups.into_values().filter_map(|copies| {
        let before = copies.iter().filter(|copy| copy.exists_before()).count();
        let mut after = copies.iter().filter(|copy| copy.exists_after());
        let (left, None) = (after.next()?, after.next()) else { return None };
        let mut gone = copies.iter().filter(|copy| copy.change.actions.only_deletes());
        let first = gone.next().filter(|_| before > 1)?;
        let message = format!(
            "{} {}: of {before} copies, {} is left; {} is destroyed{}{}",
            first.address,
            WORDING.certain,
            left.address,
            first.address,
            because_destroyed(first),
            match gone.count() {
                0 => String::new(),
                1 => ", and so is another".to_owned(),
                others => format!(", and so are {others} others"),
            }
        );
        Some(ChangeFinding::on(first, message))
    });
    findings.collect()
}

/// What an object is a copy of: the same block, or what its type names as its subject. `None` for an object that has no
/// copies.
fn copies_of(object: &ResourceChange<'_>) -> Option<String> {
    let subject = RESILIENCE_REDUCED.group(&object.address.resource_type)?.subject.first();
    let Some(name) = subject else {
        return Some(planguard_plan::Address { key: None, ..object.address.clone() }.to_string());
    };
    // A copy that comes may not know yet what it is a copy of.
    let side = |value: Option<&Value<'_>>| value?.get(name)?.as_str().map(ToOwned::to_owned);
    let whole = side(object.change.before.as_deref()).or_else(|| side(object.change.after.as_deref()))?;
    Some(format!("{} {whole}", object.address.resource_type))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{find_in_changes, find_in_update};
    use super::*;

    fn nat(key: u8, actions: &str) -> String {
        let side = format!(r#"{{"subnet_id": "subnet-{key}"}}"#);
        let (before, after) = match actions {
            "delete" => (side.as_str(), "null"),
            "create" => ("null", side.as_str()),
            _ => (side.as_str(), side.as_str()),
        };
        format!(
            r#"{{"address": "module.vpc.aws_nat_gateway.this[{key}]", "action_reason": "delete_because_count_index",
                "change": {{"actions": ["{actions}"], "before": {before}, "after": {after}}}}}"#
        )
    }

    #[test]
    fn the_last_of_several_copies_is_told() {
        let of = |actions: &[&str]| {
            let entries: Vec<String> = (0..).zip(actions).map(|(key, actions)| nat(key, actions)).collect();
            let found = find_in_changes(&GUARD, &entries.join(","));
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            of(&["no-op", "delete", "delete"]),
            [
                "module.vpc.aws_nat_gateway.this[1] survives fewer failures than before: of 3 copies, module.vpc.aws_nat_gateway.this[0] is left; module.vpc.aws_nat_gateway.this[1] is destroyed because `count` was reduced, and so is another"
            ]
        );
        assert_eq!(of(&["no-op", "no-op", "delete"]), [""; 0], "two are left");
        assert_eq!(of(&["delete", "delete", "delete"]), [""; 0], "none is left, and nothing that it serves");
        assert_eq!(of(&["no-op", "create", "create"]), [""; 0]);
        assert_eq!(of(&["no-op", "no-op", "no-op"]), [""; 0]);
    }

    #[test]
    fn copies_in_several_blocks_belong_to_one_cluster() {
        let instance = |name: &str, cluster: &str, actions: &str, after: &str| {
            format!(
                r#"{{"address": "aws_rds_cluster_instance.{name}", "change": {{"actions": ["{actions}"],
                    "before": {{"cluster_identifier": "{cluster}"}}, "after": {after}}}}}"#
            )
        };
        let writer = instance("writer", "a", "no-op", r#"{"cluster_identifier": "a"}"#);
        let found = |other: String| find_in_changes(&GUARD, &format!("{writer},{other}")).len();
        assert_eq!(found(instance("reader", "a", "delete", "null")), 1);
        assert_eq!(found(instance("reader", "b", "delete", "null")), 0);
    }

    #[test]
    fn a_copy_that_is_given_up_is_named() {
        let server = |blocks: &str| format!(r#"{{"high_availability": [{blocks}]}}"#);
        let (twice, once) = (server(r#"{"mode": "ZoneRedundant"}"#), server(""));
        let found = find_in_update(&GUARD, "azurerm_postgresql_flexible_server.a", &twice, &once, "{}");
        assert_eq!(
            found[0].message,
            "azurerm_postgresql_flexible_server.a survives fewer failures than before: `high_availability` is removed"
        );
        let storage = |kind: &str| format!(r#"{{"account_replication_type": "{kind}"}}"#);
        let of = |from, to| {
            find_in_update(&GUARD, "azurerm_storage_account.a", &storage(from), &storage(to), "{}")
        };
        assert_eq!(of("GRS", "LRS").len(), 1);
        assert_eq!(of("GRS", "ZRS"), []);
    }
}
