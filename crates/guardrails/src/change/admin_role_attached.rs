//! Reports objects that get a role with the rights of an administrator, where the role is older than the change.

use std::collections::{HashMap, HashSet};

use planguard_guardrail_format::change::Mark;
use planguard_guardrail_format::{Effect, Truth};
use planguard_plan::{Mode, Plan, ResourceChange, Value, View};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Pair, Sight, pairs, places, shown, sight};
use super::iam_widened::is_powerful_policy;
use super::named::{Named, identities};
use super::tables::ADMIN_ROLE_ATTACHED;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, group_membership};
use crate::iam::{Document, Statement};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-admin-role-attached",
        title: "An object or a user gets the rights of an administrator",
        severity: Severity::High,
        why: "The role is older than the change, and nothing about it is new. Whoever controls the object, for example \
              through a hole in the code that runs there, has all rights of the role from now on. A user who \
              comes into a group of administrators has all of theirs.",
        remediation: "Give the object a role of its own with the actions and resources that it needs.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_iam_role_policy_attachment.admin", "change": {"actions": ["no-op"],
            "before": {"role": "admin", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            "after": {"role": "admin", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}}},
           {"address": "aws_lambda_function.resize", "change": {"actions": ["update"],
            "before": {"role": "arn:aws:iam::111111111111:role/resize"}, "after": {"role": "arn:aws:iam::111111111111:role/admin"}}}"#,
        r#"{"address": "aws_iam_role_policy_attachment.reader", "change": {"actions": ["no-op"],
            "before": {"role": "reader", "policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
            "after": {"role": "reader", "policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}},
           {"address": "aws_lambda_function.resize", "change": {"actions": ["update"],
            "before": {"role": "arn:aws:iam::111111111111:role/resize"}, "after": {"role": "arn:aws:iam::111111111111:role/reader"}}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut roles: Option<Roles<'_>> = None;
    let mut described_names: Option<HashSet<&str>> = None;
    let mut found = group_membership::findings(plan);
    for pair in pairs(plan) {
        for marked in ADMIN_ROLE_ATTACHED.marked(&pair.resource.address.resource_type, Mark::Role) {
            let kind = Kind::of(&marked.attribute);
            let (before, after) = (pair.before.root(), pair.after.root());
            let texts = |places: &[View<'_, '_>]| -> Vec<String> {
                places.iter().filter_map(|place| Some(sight(place).known()?.as_str()?.to_owned())).collect()
            };
            let old = places(&before, &marked.attribute);
            let old_names = texts(&old);
            for place in places(&after, &marked.attribute) {
                let Sight::Known(Value::String(name)) = sight(&place) else { continue };
                if name.is_empty() || old_names.iter().any(|old| old == name) {
                    continue;
                }
                let roles = roles.get_or_insert_with(|| Roles::of(plan));
                let Some(power) = roles.power_of(kind, name) else {
                    let described = described_names.get_or_insert_with(|| described(plan));
                    let short = name.rsplit('/').next().unwrap_or(name);
                    if !described.contains(name.as_ref()) && !described.contains(short) {
                        found.extend(by_its_name(&pair, &place, &old_names, name));
                    }
                    continue;
                };
                if old_names.iter().any(|old| roles.power_of(kind, old).is_some()) {
                    continue;
                }
                let to = shown(&place).unwrap_or_else(|| "a role".to_owned());
                let from =
                    old.first().and_then(shown).map(|from| format!(" from {from}")).unwrap_or_default();
                let message = format!(
                    "{} gets the rights of an administrator: `{}` changes{from} to {to}, and {} {}",
                    pair.resource.address,
                    place.path(),
                    power.by.address,
                    power.grants
                );
                found.push(ChangeFinding::on(pair.resource, message).at(place.path().clone()));
            }
        }
    }
    found
}

/// The names of the roles and profiles that the plan has, or that something is attached to.
fn described<'p>(plan: &'p Plan<'p>) -> HashSet<&'p str> {
    let of_iam = plan.each_change().filter(|change| {
        change.address.mode == Mode::Managed && change.address.resource_type.starts_with("aws_iam_")
    });
    let sides = of_iam.flat_map(|change| [change.change.before.as_deref(), change.change.after.as_deref()]);
    let named = |side: &'p Value<'p>| {
        let attributes = ["arn", "id", "name"].into_iter().chain(OF_ROLE.iter().copied());
        attributes.filter_map(|attribute| side.get(attribute)).flat_map(texts)
    };
    sides.flatten().flat_map(named).collect()
}

/// Words in the names of roles and of profiles that have the rights of an administrator.
const NAMED: [&str; 4] = ["admin", "poweruser", "fullaccess", "superuser"];

/// Whether a role or a group is called an administrator's.
pub(super) fn is_named_admin(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase().replace(['-', '_', ' '], "");
    NAMED.iter().any(|word| name.contains(word))
}

/// The finding for a role that is called an administrator's, where the plan does not say what it may do.
fn by_its_name(pair: &Pair<'_>, place: &View<'_, '_>, old: &[String], name: &str) -> Option<ChangeFinding> {
    if !is_named_admin(name) || old.iter().any(|old| is_named_admin(old)) {
        return None;
    }
    let to = shown(place)?;
    let from = old.first().map(|from| format!(" from `{from}`")).unwrap_or_default();
    let message = format!(
        "{} may get the rights of an administrator: `{}` changes{from} to {to}, which is called one's",
        pair.resource.address,
        place.path()
    );
    Some(ChangeFinding::on(pair.resource, message).at(place.path().clone()).weighing(Severity::Medium))
}

/// What makes a role one of an administrator.
#[derive(Clone)]
struct Power<'p> {
    by: &'p ResourceChange<'p>,
    /// What it does, as the second half of a sentence.
    grants: String,
}

/// The roles that are an administrator's before a plan and after it, by name.
struct Roles<'p> {
    powers: HashMap<&'p str, Power<'p>>,
    profiles: Named<'p>,
}

/// What an attribute names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Role,
    /// The instance profile of a role.
    Profile,
}

impl Kind {
    fn of(attribute: &[String]) -> Self {
        let is_profile = attribute.iter().any(|name| name.ends_with("instance_profile"));
        if is_profile { Self::Profile } else { Self::Role }
    }
}

/// Attributes of policies and attachments that name the role, or the roles.
const OF_ROLE: &[&str] = &["role", "roles"];

impl<'p> Roles<'p> {
    fn of(plan: &'p Plan<'p>) -> Self {
        let policies = Named::of_types(plan, &["aws_iam_policy"]);
        let mut powers: HashMap<&str, Power<'_>> = HashMap::new();
        for change in plan.each_change().filter(|change| change.address.mode == Mode::Managed) {
            let (Some(before), Some(after)) =
                (change.change.before.as_deref(), change.change.after.as_deref())
            else {
                continue;
            };
            let grants = |side: &Value<'_>| grants(&change.address.resource_type, side, &policies);
            // What becomes powerful with this plan, other rules report.
            let (Some(_), Some(grants)) = (grants(before), grants(after)) else { continue };
            let names: Vec<&str> = match change.address.resource_type.as_str() {
                "aws_iam_role" => identities(change).collect(),
                _ => OF_ROLE.iter().filter_map(|name| after.get(name)).flat_map(texts).collect(),
            };
            for name in names {
                powers.entry(name).or_insert_with(|| Power { by: change, grants: grants.clone() });
            }
        }
        Self { powers, profiles: Named::of_types(plan, &["aws_iam_instance_profile"]) }
    }

    /// What makes the role that a name or an ARN means, or the role of that instance profile, an administrator's.
    fn power_of(&self, kind: Kind, name: &str) -> Option<&Power<'p>> {
        let of_role =
            |name: &str| self.powers.get(name).or_else(|| self.powers.get(name.rsplit('/').next()?));
        match kind {
            Kind::Role => of_role(name),
            Kind::Profile => {
                let named = self.profiles.with_identity(name).iter();
                let roles =
                    named.filter_map(|profile| profile.change.after.as_deref()?.get("role")?.as_str());
                roles.filter_map(of_role).next()
            }
        }
    }
}

/// A text, or the texts of a list.
pub(super) fn texts<'v>(value: &'v Value<'_>) -> impl Iterator<Item = &'v str> {
    value.as_str().into_iter().chain(value.elements().iter().filter_map(Value::as_str))
}

/// What a role, a policy of a role or a group, or an attachment grants, if it makes an administrator.
pub(super) fn grants(resource_type: &str, side: &Value<'_>, policies: &Named<'_>) -> Option<String> {
    let managed = |arn: &str| {
        if is_powerful_policy(arn) {
            return Some(format!("attaches `{}`", arn.rsplit('/').next().unwrap_or(arn)));
        }
        let own = policies.with_identity(arn).iter();
        let mut powerful = own.filter(|policy| {
            let text = policy.change.after.as_deref().and_then(|after| after.get("policy")?.as_str());
            text.is_some_and(allows_everything)
        });
        powerful
            .next()
            .map(|policy| format!("attaches {}, which allows all actions on all resources", policy.address))
    };
    let inline =
        |text: &str| allows_everything(text).then(|| "allows all actions on all resources".to_owned());
    let text = |name: &str| side.get(name).and_then(Value::as_str);
    match resource_type {
        "aws_iam_role" => {
            let arns = side.get("managed_policy_arns").into_iter().flat_map(texts);
            let documents = side.get("inline_policy").map(Value::elements).unwrap_or_default().iter();
            let documents = documents.filter_map(|block| block.get("policy")?.as_str());
            arns.filter_map(managed).next().or_else(|| documents.filter_map(inline).next())
        }
        "aws_iam_group_policy" | "aws_iam_role_policy" => inline(text("policy")?),
        "aws_iam_group_policy_attachment"
        | "aws_iam_policy_attachment"
        | "aws_iam_role_policy_attachment" => managed(text("policy_arn")?),
        _ => None,
    }
}

/// Whether a policy allows all actions on all resources, without a condition.
fn allows_everything(text: &str) -> bool {
    let names_all = |listed: &crate::iam::Listed<String>| {
        listed.these.as_ref().is_some_and(|these| these.known.iter().any(|one| one == "*" || one == "*:*"))
    };
    let is_all = |statement: &Statement| {
        statement.effect == Some(Effect::Allow)
            && names_all(&statement.actions)
            && names_all(&statement.resources)
            && statement.conditions.are_empty() == Truth::True
    };
    Document::parse(text).is_ok_and(|document| document.statements.iter().any(is_all))
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    fn kept(address: &str, values: &serde_json::Value) -> String {
        let change = serde_json::json!({"actions": ["no-op"], "before": values, "after": values});
        serde_json::json!({"address": address, "change": change}).to_string()
    }

    fn messages(entries: &[String]) -> Vec<String> {
        let found = find_in_changes(&GUARD, &entries.join(","));
        found.into_iter().map(|finding| finding.message).collect()
    }

    fn admin_policy() -> String {
        serde_json::json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}).to_string()
    }

    #[test]
    fn an_instance_profile_is_followed_to_its_role() {
        let policy =
            kept("aws_iam_role_policy.all", &serde_json::json!({"role": "admin", "policy": admin_policy()}));
        let profile = kept(
            "aws_iam_instance_profile.admin",
            &serde_json::json!({"id": "box", "name": "box", "role": "admin"}),
        );
        let instance = |before: &str, after: &str| {
            format!(
                r#"{{"address": "module.a.aws_instance.b", "change": {{"actions": ["update"],
                    "before": {{"iam_instance_profile": "{before}"}}, "after": {{"iam_instance_profile": "{after}"}}}}}}"#
            )
        };
        let with = |instance: String| messages(&[policy.clone(), profile.clone(), instance]);
        assert_eq!(
            with(instance("app", "box")),
            [
                "module.a.aws_instance.b gets the rights of an administrator: `iam_instance_profile` changes from `app` to `box`, and aws_iam_role_policy.all allows all actions on all resources"
            ]
        );
        assert!(with(instance("box", "app")).is_empty());
        assert!(with(instance("box", "box")).is_empty());
        assert!(
            messages(&[policy, instance("app", "admin")]).is_empty(),
            "a profile is not the role of its name"
        );
    }

    #[test]
    fn a_policy_of_the_plan_is_looked_into() {
        let policy = |action: &str| {
            let text =
                serde_json::json!({"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
                    .to_string();
            kept("aws_iam_policy.p", &serde_json::json!({"arn": "arn:aws:iam::1:policy/p", "policy": text}))
        };
        let attachment = kept(
            "aws_iam_policy_attachment.a",
            &serde_json::json!({"roles": ["x", "admin"], "policy_arn": "arn:aws:iam::1:policy/p"}),
        );
        let task = r#"{"address": "aws_ecs_task_definition.t", "change": {"actions": ["delete", "create"],
            "before": {"task_role_arn": "arn:aws:iam::1:role/app"}, "after": {"task_role_arn": "arn:aws:iam::1:role/team/admin"}}}"#;
        let of = |action: &str| messages(&[policy(action), attachment.clone(), task.to_owned()]);
        assert_eq!(
            of("*"),
            [
                "aws_ecs_task_definition.t gets the rights of an administrator: `task_role_arn` changes from `arn:aws:iam::1:role/app` to `arn:aws:iam::1:role/team/admin`, and aws_iam_policy_attachment.a attaches aws_iam_policy.p, which allows all actions on all resources"
            ]
        );
        assert!(of("s3:*").is_empty());
    }

    #[test]
    fn a_role_that_this_plan_makes_powerful_is_reported_there() {
        let attached = r#"{"address": "aws_iam_role_policy_attachment.a", "change": {"actions": ["create"], "before": null,
            "after": {"role": "admin", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}}}"#;
        let function = r#"{"address": "aws_lambda_function.f", "change": {"actions": ["update"],
            "before": {"role": "arn:aws:iam::1:role/app"}, "after": {"role": "arn:aws:iam::1:role/admin"}}}"#;
        assert!(messages(&[attached.to_owned(), function.to_owned()]).is_empty());
    }
}
