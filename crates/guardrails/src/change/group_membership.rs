//! Groups with the rights of an administrator that get a member more.

use std::collections::{BTreeMap, HashMap};

use planguard_plan::{Mode, Plan, ResourceChange, ResourceState, Side, Value, View};
use planguard_rule::Severity;

use super::ChangeFinding;
use super::admin_role_attached::{grants, is_named_admin, texts};
use super::changes::Changes;
use super::compare::{Pair, Sight, pairs, places, shown, sight};
use super::named::{Named, identities};
use super::twin::created;

/// How a type says who is in which group.
struct Membership {
    types: &'static [&'static str],
    group: &'static [&'static str],
    members: &'static [&'static str],
}

const MEMBERSHIPS: &[Membership] = &[
    Membership { types: &["aws_iam_group_membership"], group: &["group"], members: &["users"] },
    Membership { types: &["aws_iam_user_group_membership"], group: &["groups"], members: &["user"] },
    Membership {
        types: &["azuread_group", "azuread_group_without_members"],
        group: &["display_name"],
        members: &["members"],
    },
    Membership {
        types: &["google_cloud_identity_group_membership"],
        group: &["group"],
        members: &["preferred_member_key", "id"],
    },
    Membership {
        types: &["googleworkspace_group_members"],
        group: &["group_id"],
        members: &["members", "email"],
    },
    Membership { types: &["keycloak_group_memberships"], group: &["group_id"], members: &["members"] },
    Membership { types: &["okta_group_memberships"], group: &["group_id"], members: &["users"] },
    Membership { types: &["opsgenie_team"], group: &["name"], members: &["member", "id"] },
    Membership { types: &["vault_identity_group"], group: &["name"], members: &["member_entity_ids"] },
    Membership {
        types: &["vault_identity_group_member_entity_ids"],
        group: &["group_name"],
        members: &["member_entity_ids"],
    },
];

/// The findings for users who are in such a group after a plan, and were not before.
pub(super) fn findings(plan: &Changes<'_>) -> Vec<ChangeFinding> {
    let mut admins: Option<Admins<'_>> = None;
    let mut found = Vec::new();
    for pair in pairs(plan) {
        let kind = pair.resource.address.resource_type.as_str();
        let Some(membership) = MEMBERSHIPS.iter().find(|membership| membership.types.contains(&kind)) else {
            continue;
        };
        let Some(new) = gained(&pair, membership.members) else { continue };
        let more_groups = gained(&pair, membership.group).unwrap_or_default();
        // Of a user, groups are what grows.
        let is_of_user = membership.members == ["user"];
        if (is_of_user && more_groups.is_empty()) || (!is_of_user && new.is_empty()) {
            continue;
        }
        let admins = admins.get_or_insert_with(|| Admins::of(plan));
        let after = pair.after.root();
        let groups: Vec<View<'_, '_>> = places(&after, membership.group)
            .iter()
            .flat_map(|place| place.elements().unwrap_or_default())
            .collect();
        let groups = groups
            .iter()
            .filter(|group| !is_of_user || shown(group).is_some_and(|name| more_groups.contains(&name)));
        for place in groups {
            let Sight::Known(Value::String(name)) = sight(place) else { continue };
            let power = admins.power_of(name);
            if power.is_none() && !is_named_admin(name) {
                continue;
            }
            let group = shown(place).unwrap_or_else(|| "a group".to_owned());
            let who = if is_of_user { texts_of(&after, membership.members) } else { new.clone() };
            let who = if who.is_empty() { "one more".to_owned() } else { who.join(", ") };
            let address = &pair.resource.address;
            found.push(match power {
                Some((by, grants)) => ChangeFinding::on(
                    pair.resource,
                    format!("{address} gives {who} the rights of an administrator: {} of group {group} {grants}", by.address),
                ),
                None => ChangeFinding::on(
                    pair.resource,
                    format!("{address} may give {who} the rights of an administrator: group {group} is called one's"),
                )
                .weighing(Severity::Medium),
            }
            .at(attribute(&after, if is_of_user { membership.group } else { membership.members })));
        }
    }
    found.extend(joined(plan, admins));
    found
}

/// The findings for a new object that puts somebody into a group which is one of administrators already.
fn joined<'p>(plan: &'p Plan<'p>, mut admins: Option<Admins<'p>>) -> Vec<ChangeFinding> {
    let mut found = Vec::new();
    found.extend(joined_elsewhere(plan));
    for new in created(plan).filter(|new| new.address.resource_type == "aws_iam_user_group_membership") {
        let Some(after) = new.change.after.as_deref() else { continue };
        let admins = admins.get_or_insert_with(|| Admins::of(plan));
        let powers = after.get("groups").into_iter().flat_map(texts).filter_map(|name| admins.power_of(name));
        for (by, grants) in powers.filter(|(by, _)| by.exists_before()).take(1) {
            let message = format!(
                "{} gives a user the rights of an administrator: {} of its group {grants}",
                new.address, by.address
            );
            found.push(ChangeFinding::on(new, message));
        }
    }
    found
}

/// Types of which each object puts somebody into a group: the attribute that names the group, the type of the groups, and
/// what a group is called by there.
const JOINING: &[(&str, &str, &str, &str)] = &[
    ("azuread_group_member", "group_object_id", "azuread_group", "display_name"),
    ("azuread_directory_role_member", "role_object_id", "azuread_directory_role", "display_name"),
    ("google_cloud_identity_group_membership", "group", "google_cloud_identity_group", "display_name"),
    ("okta_user_group_memberships", "groups", "okta_group", "name"),
    ("okta_group_memberships", "group_id", "okta_group", "name"),
];

/// The findings for somebody who comes into a group of another provider that is called one of administrators, or to which
/// roles of a directory are assigned. The group is older than the plan.
fn joined_elsewhere<'p>(plan: &'p Plan<'p>) -> Vec<ChangeFinding> {
    let mut found = Vec::new();
    let mut existing = None;
    for new in created(plan) {
        let Some((_, attribute, of, name)) =
            JOINING.iter().find(|(own, ..)| *own == new.address.resource_type.as_str())
        else {
            continue;
        };
        let Some(group_id) = new.change.after.as_deref().and_then(|after| after.get(attribute)) else {
            continue;
        };
        let ids: Vec<&str> = texts(group_id).collect();
        let existing = existing.get_or_insert_with(|| {
            let mut existing: HashMap<(&str, &str), BTreeMap<usize, &ResourceChange<'_>>> = HashMap::new();
            for (position, group) in plan.each_change().enumerate() {
                let before = group.change.before.as_deref();
                for own in ["object_id", "id", "name"].iter().filter_map(|name| before?.get(name)?.as_str()) {
                    let key = (group.address.resource_type.as_str(), own);
                    existing.entry(key).or_default().insert(position, group);
                }
            }
            existing
        });
        let groups: BTreeMap<usize, &ResourceChange<'_>> = ids
            .into_iter()
            .filter_map(|id| existing.get(&(*of, id)))
            .flatten()
            .map(|(at, it)| (*at, *it))
            .collect();
        let groups = groups.into_values();
        let called = |group: &'p ResourceChange<'p>| {
            let state = ResourceState::new(plan, group, Side::After)?;
            let root = state.root();
            let is_for_roles = sight(&root.key("assignable_to_role")) == Sight::Known(&Value::Bool(true));
            let place = root.key(name);
            let is_admin = sight(&place).known().and_then(Value::as_str).is_some_and(is_named_admin);
            let is_role = *of == "azuread_directory_role";
            (is_for_roles || is_role || is_admin)
                .then(|| shown(&place).unwrap_or_else(|| format!("that of {}", group.address)))
        };
        let Some(name) = groups.filter_map(called).next() else { continue };
        let message = format!(
            "{} may give somebody the rights of an administrator: `{attribute}` is {name}",
            new.address
        );
        found.push(ChangeFinding::on(new, message).weighing(Severity::Medium));
    }
    found
}

fn attribute(root: &View<'_, '_>, way: &[&str]) -> planguard_plan::AttributePath {
    places(root, way).first().map(|place| place.path().clone()).unwrap_or_default()
}

/// The texts at a path as messages show them.
fn texts_of(root: &View<'_, '_>, way: &[&str]) -> Vec<String> {
    let elements = places(root, way).into_iter().flat_map(|place| place.elements().unwrap_or_default());
    let mut found = Vec::new();
    for element in elements {
        if let Sight::Known(Value::String(_)) = sight(&element) {
            found.push(shown(&element).unwrap_or_else(|| "one more".to_owned()));
        }
    }
    found
}

/// The texts at a path that were not there before; `None` if there is nothing to compare with.
fn gained(pair: &Pair<'_>, way: &[&str]) -> Option<Vec<String>> {
    let (old, new) = (texts_of(&pair.before.root(), way), texts_of(&pair.after.root(), way));
    Some(new.into_iter().filter(|text| !old.contains(text)).collect())
}

/// The groups that a plan makes or leaves administrators', with what does so.
struct Admins<'p> {
    /// By the name of the group, the first in the plan's order with its position.
    powers: HashMap<&'p str, (usize, &'p ResourceChange<'p>, String)>,
    groups: Named<'p>,
}

impl<'p> Admins<'p> {
    fn of(plan: &'p Plan<'p>) -> Self {
        let policies = Named::of_types(plan, &["aws_iam_policy"]);
        let mut powers = HashMap::new();
        for (position, change) in
            plan.each_change().enumerate().filter(|(_, change)| change.address.mode == Mode::Managed)
        {
            let Some(after) = change.change.after.as_deref() else { continue };
            let Some(grants) = grants(&change.address.resource_type, after, &policies) else { continue };
            let groups = ["group", "groups"].into_iter().filter_map(|name| after.get(name)).flat_map(texts);
            for group in groups {
                powers.entry(group).or_insert_with(|| (position, change, grants.clone()));
            }
        }
        Self { powers, groups: Named::of_types(plan, &["aws_iam_group"]) }
    }

    /// What makes a group one of administrators.
    fn power_of(&self, group: &str) -> Option<(&'p ResourceChange<'p>, &str)> {
        let named = self.groups.with_identity(group).iter().flat_map(|group| identities(group));
        let powers = named.chain([group]).filter_map(|name| self.powers.get(name));
        let (_, by, grants) = powers.min_by_key(|(position, ..)| *position)?;
        Some((by, grants))
    }
}

#[cfg(test)]
mod tests {
    use super::super::admin_role_attached::GUARD;
    use super::super::testing::find_in_changes;
    use super::*;

    fn found(entries: &[String]) -> Vec<(Option<Severity>, String)> {
        let found = find_in_changes(&GUARD, &entries.join(","));
        found.into_iter().map(|finding| (finding.severity, finding.message)).collect()
    }

    fn policy(address: &str, action: &str) -> String {
        let text = serde_json::json!({"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
        let values = serde_json::json!({"group": "ops", "policy": text.to_string()});
        serde_json::json!({"address": address, "change": {"actions": ["no-op"], "before": values, "after": values}})
            .to_string()
    }

    fn change(address: &str, before: &str, after: &str) -> String {
        format!(
            r#"{{"address": "{address}", "change": {{"actions": ["update"], "before": {before}, "after": {after}}}}}"#
        )
    }

    #[test]
    fn a_member_more_of_a_group_of_administrators_is_told() {
        let members = |before: &str, after: &str| {
            let of = |users: &str| format!(r#"{{"name": "m", "group": "ops", "users": [{users}]}}"#);
            change("aws_iam_group_membership.m", &of(before), &of(after))
        };
        let all = policy("aws_iam_group_policy.all", "*");
        assert_eq!(
            found(&[all.clone(), members(r#""ada""#, r#""ada", "grace""#)]),
            [(
                None,
                "aws_iam_group_membership.m gives `grace` the rights of an administrator: aws_iam_group_policy.all of group `ops` allows all actions on all resources".to_owned()
            )]
        );
        assert_eq!(found(&[all.clone(), members(r#""ada", "grace""#, r#""ada""#)]), []);
        assert_eq!(
            found(&[policy("aws_iam_group_policy.some", "s3:*"), members(r#""ada""#, r#""ada", "grace""#)]),
            []
        );
        let user = |groups: &str| format!(r#"{{"user": "grace", "groups": [{groups}]}}"#);
        let user = change("aws_iam_user_group_membership.u", &user(r#""dev""#), &user(r#""dev", "ops""#));
        assert_eq!(found(&[all.clone(), user]).len(), 1);
        let new = r#"{"address": "aws_iam_user_group_membership.n", "change": {"actions": ["create"], "before": null,
            "after": {"user": "grace", "groups": ["ops"]}}}"#;
        assert_eq!(found(&[all, new.to_owned()]).len(), 1);
        assert_eq!(found(&[policy("aws_iam_group_policy.some", "s3:*"), new.to_owned()]), []);
    }

    #[test]
    fn a_group_that_is_called_one_of_administrators_is_told_with_less_weight() {
        let group =
            |name: &str, members: &str| format!(r#"{{"display_name": "{name}", "members": [{members}]}}"#);
        let of = |name: &str| {
            found(&[change("azuread_group.g", &group(name, r#""a""#), &group(name, r#""a", "b""#))])
        };
        assert_eq!(
            of("Platform Admins"),
            [(
                Some(Severity::Medium),
                "azuread_group.g may give `b` the rights of an administrator: group `Platform Admins` is called one's".to_owned()
            )]
        );
        assert_eq!(of("Readers"), []);
    }

    #[test]
    fn somebody_who_comes_into_a_group_that_has_roles_is_told() {
        let group = |assignable: bool| {
            let values = format!(
                r#"{{"object_id": "g", "display_name": "Platform", "assignable_to_role": {assignable}}}"#
            );
            format!(
                r#"{{"address": "azuread_group.g", "change": {{"actions": ["no-op"], "before": {values}, "after": {values}}}}}"#
            )
        };
        let member = r#"{"address": "azuread_group_member.m", "change": {"actions": ["create"], "before": null,
            "after": {"group_object_id": "g", "member_object_id": "u"}}}"#;
        assert_eq!(found(&[group(true), member.to_owned()]).len(), 1);
        assert_eq!(found(&[group(false), member.to_owned()]), []);
    }
}
