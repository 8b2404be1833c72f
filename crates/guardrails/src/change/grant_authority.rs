//! Finds grants of Google Cloud that two resources manage: a policy replaces all grants of its object, a binding all members
//! of its role, and a member is one of them.

use std::collections::{BTreeMap, HashMap};

use planguard_plan::{Address, Mode, Plan, ResourceChange, ResourceState, Side, Value, View};

use super::ChangeFinding;
use super::compare::{Sight, sight};
use super::managed_twice::addresses;
use crate::engine::is_same_instance;

/// What a resource claims of the grants of its object, from all of them to a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Policy,
    Binding,
    Member,
}

const ENDINGS: [(&str, Claim); 3] =
    [("_iam_policy", Claim::Policy), ("_iam_binding", Claim::Binding), ("_iam_member", Claim::Member)];

/// Attributes that do not say which object it is about.
const OTHERS: &[&str] = &["condition", "etag", "id", "member", "members", "policy_data", "role", "timeouts"];

struct Grant<'p> {
    resource: &'p ResourceChange<'p>,
    claim: Claim,
}

/// A resource with those whose grants it removes.
struct Contest<'p> {
    authority: &'p ResourceChange<'p>,
    claim: Claim,
    undone: Vec<&'p ResourceChange<'p>>,
}

/// The resources whose grants another one removes, as findings on that one.
pub(super) fn findings(plan: &Plan<'_>) -> Vec<ChangeFinding> {
    let findings = contests(plan).into_iter().map(|Contest { authority, claim, undone }| {
        let all = match claim {
            Claim::Policy => "all grants of its object",
            Claim::Binding | Claim::Member => "all members of its role",
        };
        let (both, adds) = (addresses(&undone), if undone.len() == 1 { "adds" } else { "add" });
        let message = format!(
            "{} sets {all}, and {both} {adds} to them: each apply undoes what the other one made",
            authority.address
        );
        ChangeFinding::on(authority, message)
    });
    findings.collect()
}

/// The resources of which one that sets all grants removed something with the last apply.
pub(super) fn undone(plan: &Plan<'_>) -> Vec<Address> {
    let undone = contests(plan).into_iter().flat_map(|contest| contest.undone);
    undone.map(|resource| resource.address.clone()).collect()
}

fn contests<'p>(plan: &'p Plan<'p>) -> Vec<Contest<'p>> {
    let mut by_object: BTreeMap<String, Vec<Grant<'_>>> = BTreeMap::new();
    let claim = |resource: &ResourceChange<'_>| {
        let own = resource.address.resource_type.as_str();
        ENDINGS.iter().find(|(ending, _)| own.ends_with(ending)).copied()
    };
    let grants = || {
        plan.each_change().filter(|change| {
            change.address.mode == Mode::Managed
                && change.deposed.is_none()
                && change.exists_after()
                && change.address.resource_type.starts_with("google_")
        })
    };
    let is_authority = |(_, claim): (&str, Claim)| claim != Claim::Member;
    if !grants().any(|resource| claim(resource).is_some_and(is_authority)) {
        return Vec::new();
    }
    let objects = Objects::of(plan);
    for resource in grants() {
        let Some((ending, claim)) = claim(resource) else { continue };
        let Some(object) = objects.whose(plan, resource) else { continue };
        let stem = resource.address.resource_type.trim_end_matches(ending);
        by_object.entry(format!("{stem} {object}")).or_default().push(Grant { resource, claim });
    }
    let mut found = Vec::new();
    for grants in by_object.values() {
        for authority in grants.iter().filter(|grant| grant.claim != Claim::Member) {
            let undone = grants.iter().filter(|other| undoes(authority, other)).map(|other| other.resource);
            let undone: Vec<_> = undone.collect();
            if !undone.is_empty() {
                found.push(Contest { authority: authority.resource, claim: authority.claim, undone });
            }
        }
    }
    found
}

/// Whether the first one removes what the second one grants. Nothing is removed as long as neither is new or changed.
fn undoes(authority: &Grant<'_>, other: &Grant<'_>) -> bool {
    let is_changed = |grant: &Grant<'_>| {
        let change = &grant.resource.change;
        change.before.as_deref() != change.after.as_deref()
    };
    if authority.resource.address == other.resource.address || !(is_changed(authority) || is_changed(other)) {
        return false;
    }
    let (Some(own), Some(others)) =
        (authority.resource.change.after.as_deref(), other.resource.change.after.as_deref())
    else {
        return false;
    };
    let members = others.get("members").map(Value::elements).unwrap_or_default();
    let members: Vec<&str> = members.iter().chain(others.get("member")).filter_map(Value::as_str).collect();
    match authority.claim {
        Claim::Policy => {
            // A policy that grants it as well removes nothing.
            let policy = own.get("policy_data").and_then(Value::as_str).unwrap_or_default();
            let role = others.get("role").and_then(Value::as_str).unwrap_or_default();
            let is_granted =
                |member: &&str| policy.contains(&format!("\"{member}\"")) && policy.contains(role);
            other.claim > Claim::Policy && (members.is_empty() || !members.iter().all(is_granted))
        }
        Claim::Binding => {
            let role = own.get("role").and_then(Value::as_str);
            let listed = own.get("members").map(Value::elements).unwrap_or_default();
            let is_listed = |member: &&str| listed.iter().any(|one| one.as_str() == Some(member));
            other.claim != Claim::Policy
                && role.is_some()
                && role == others.get("role").and_then(Value::as_str)
                && condition(own) == condition(others)
                // A member that the binding has to learn of first is granted by both.
                && !(other.claim == Claim::Member && (members.is_empty() || members.iter().all(is_listed)))
                // Of two bindings, one is enough to tell of both.
                && (other.claim == Claim::Member
                    || authority.resource.address.to_string() < other.resource.address.to_string())
        }
        Claim::Member => false,
    }
}

fn condition<'v>(grant: &'v Value<'_>) -> Option<&'v str> {
    grant.get("condition")?.elements().first()?.get("expression")?.as_str()
}

/// The objects of a plan by their blocks.
struct Objects<'p>(HashMap<String, Vec<&'p Address>>);

impl<'p> Objects<'p> {
    fn of(plan: &'p Plan<'p>) -> Self {
        let mut by_block: HashMap<String, Vec<&Address>> = HashMap::new();
        for change in plan.each_change().filter(|change| change.deposed.is_none()) {
            by_block.entry(change.address.configuration_address()).or_default().push(&change.address);
        }
        Self(by_block)
    }

    /// What names the object whose grants these are; `None` where that is not certain.
    fn whose(&self, plan: &Plan<'_>, resource: &ResourceChange<'_>) -> Option<String> {
        let state = ResourceState::new(plan, resource, Side::After)?;
        let mut parts = Vec::new();
        for attribute in resource.schema()?.block.attributes() {
            let name = attribute.name.as_str();
            if OTHERS.contains(&name) || !attribute.is_settable() {
                continue;
            }
            match sight(&state.root().key(name)) {
                Sight::Known(value) => parts.push(format!("{name}={}", value.written())),
                Sight::Unknown => parts.push(format!("{name}={}", self.referred(&state.root().key(name))?)),
                Sight::Computed | Sight::Unset => {}
            }
        }
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// The one object that a place refers to.
    fn referred(&self, place: &View<'_, '_>) -> Option<String> {
        let own = &place.state().change.address;
        let [reference] = &place.state().references(place.path())?.resources[..] else { return None };
        let mut objects = self.0.get(&reference.address)?.iter();
        let is_meant = |address: &&&Address| is_same_instance(address, own, reference.key.as_deref());
        let object = objects.find(is_meant)?;
        objects.find(is_meant).is_none().then(|| object.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::super::managed_twice::GUARD;
    use super::super::testing::find_in_changes;

    fn created(address: &str, values: &str) -> String {
        format!(
            r#"{{"address": "{address}", "change": {{"actions": ["create"], "before": null, "after": {values}}}}}"#
        )
    }

    fn found(entries: &[String]) -> Vec<String> {
        let found = find_in_changes(&GUARD, &entries.join(","));
        found.into_iter().map(|finding| finding.message).collect()
    }

    fn binding(role: &str) -> String {
        let values = format!(r#"{{"project": "p", "role": "{role}", "members": ["user:a@x.org"]}}"#);
        created("google_project_iam_binding.b", &values)
    }

    fn member(project: &str, member: &str) -> String {
        let values = format!(r#"{{"project": "{project}", "role": "roles/viewer", "member": "{member}"}}"#);
        created("google_project_iam_member.m", &values)
    }

    #[test]
    fn a_binding_removes_other_members_of_its_role() {
        let both = [binding("roles/viewer"), member("p", "user:b@x.org")];
        assert_eq!(
            found(&both),
            [
                "google_project_iam_binding.b sets all members of its role, and google_project_iam_member.m adds to them: each \
              apply undoes what the other one made"
            ]
        );
        for compatible in [
            [binding("roles/editor"), member("p", "user:b@x.org")],
            [binding("roles/viewer"), member("q", "user:b@x.org")],
            [binding("roles/viewer"), member("p", "user:a@x.org")],
        ] {
            assert_eq!(found(&compatible), [""; 0], "{compatible:?}");
        }
    }

    #[test]
    fn a_policy_removes_what_it_does_not_grant() {
        let policy = |member: &str| {
            let data =
                format!(r#"{{\"bindings\":[{{\"role\":\"roles/viewer\",\"members\":[\"{member}\"]}}]}}"#);
            created(
                "google_project_iam_policy.all",
                &format!(r#"{{"project": "p", "policy_data": "{data}"}}"#),
            )
        };
        assert_eq!(found(&[policy("user:a@x.org"), member("p", "user:b@x.org")]).len(), 1);
        assert_eq!(found(&[policy("user:b@x.org"), member("p", "user:b@x.org")]), [""; 0]);
    }

    #[test]
    fn what_stays_as_it_is_fights_with_nothing() {
        let both = [binding("roles/viewer"), member("p", "user:b@x.org")].map(|entry| {
            let values = entry.split_once(r#""after": "#).unwrap().1.to_owned();
            let values = values.strip_suffix("}}").unwrap();
            let before = format!(r#""before": {values}, "#);
            entry.replace("create", "no-op").replace(r#""before": null, "#, &before)
        });
        assert_eq!(found(&both), [""; 0]);
    }
}
