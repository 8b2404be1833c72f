//! Who gets which role: bindings of Google and role assignments of Azure that grant more than before.

use std::collections::HashSet;

use planguard_plan::{AttributePath, ResourceState, Side, Value, View};
use planguard_rule::Severity;

use super::compare::{Pair, Sight, shown, sight};
use super::iam_widened::WORDING;
use super::widened_document::is_unchanged;
use super::{Certainty, ChangeFinding};
use crate::unreadable::{self, Unreadable};

/// Roles that allow everything, or to grant oneself everything.
const POWERFUL_ROLES: &[&str] = &[
    "roles/owner",
    "roles/editor",
    "roles/iam.securityAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountTokenCreator",
    "roles/resourcemanager.organizationAdmin",
    "roles/resourcemanager.projectIamAdmin",
    "Owner",
    "Contributor",
    "Role Based Access Control Administrator",
    "User Access Administrator",
];

/// Google's words for everyone.
const EVERYONE: &[&str] = &["allUsers", "allAuthenticatedUsers"];

/// Bindings of Google and role assignments of Azure: who has which role.
pub(super) fn binding_finding(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let resource_type = &pair.resource.address.resource_type;
    let is_binding = resource_type.starts_with("google_")
        && ["_iam_binding", "_iam_member", "_iam_policy"]
            .iter()
            .any(|ending| resource_type.ends_with(ending));
    if !is_binding && resource_type != "azurerm_role_assignment" {
        return None;
    }
    let before = bindings(&pair.before.root());
    let after = bindings(&pair.after.root());
    let held: HashSet<&(String, String)> = before.held.iter().collect();
    let new: Vec<_> = after.held.iter().filter(|holder| !held.contains(holder)).collect();
    let address = &pair.resource.address;
    let shown = |name: &str, general: &str| match after.is_sensitive {
        true => general.to_owned(),
        false => format!("`{name}`"),
    };
    let everyone = new.iter().find(|(_, member)| EVERYONE.contains(&member.as_str()));
    let powerful = new.iter().find(|(role, _)| POWERFUL_ROLES.contains(&role.as_str()));
    let what = match (everyone, powerful) {
        (Some((role, member)), _) => {
            let (role, member) = (shown(role, "a role"), shown(member, "everyone"));
            Some(format!("grants {role} to {member}, which is everyone on the internet"))
        }
        (None, Some((role, member))) => {
            let (role, member) = (shown(role, "a role"), shown(member, "a new member"));
            Some(format!("grants {role} to {member}, who can then gain any right"))
        }
        (None, None) => None,
    };
    if let Some(what) = what {
        let root = pair.after.root();
        let names: &[&str] = match everyone {
            Some(_) => &["policy_data", "members", "member"],
            None => &["policy_data", "role", "role_definition_name"],
        };
        let finding = ChangeFinding::on(pair.resource, format!("{address} {what}"));
        let place = names.iter().map(|name| root.key(name)).find(|place| sight(place).known().is_some());
        return Some(match place {
            Some(place) => finding.at(place.path().clone()),
            None => finding,
        });
    }
    let (attribute, why) = after.unclear?;
    if is_unchanged(pair, &["policy_data".to_owned()]) && bindings(&pair.before.root()).unclear.is_some() {
        return None;
    }
    let message = format!("{address} may grant more than before: `{attribute}` {why}");
    Some(ChangeFinding::on(pair.resource, message).at(attribute).with(Certainty::DependsOnUnknown))
}

/// The words in the names of Azure's roles, by what their holders can do; the names of most say it.
const RANKS: [&[&str]; 3] =
    [&["reader"], &["contributor", "officer", "operator", "writer"], &["administrator", "admin", "owner"]];

/// How much a role of Azure allows, as its name says it; `None` for one that says nothing.
fn rank(role: &str) -> Option<usize> {
    let role = role.to_ascii_lowercase();
    let is_said = |word: &&str| role.split(' ').any(|own| own == *word);
    RANKS.iter().rposition(|words| words.iter().any(is_said))
}

/// The finding for an assignment in Azure whose role becomes one that changes things, or administers them.
pub(super) fn role_raised(pair: &Pair<'_>) -> Option<ChangeFinding> {
    if pair.resource.address.resource_type != "azurerm_role_assignment" {
        return None;
    }
    let role = |state: &ResourceState<'_>| {
        let place = state.root().key("role_definition_name");
        let Sight::Known(Value::String(name)) = sight(&place) else { return None };
        Some((rank(name), shown(&place)))
    };
    let ((old, from), (new, to)) = (role(&pair.before)?, role(&pair.after)?);
    // A role that only uses something is below those that change it.
    if new? <= old.unwrap_or_default() {
        return None;
    }
    let place = pair.after.root().key("role_definition_name");
    let what = match from.zip(to) {
        Some((from, to)) => format!("`role_definition_name` changes from {from} to {to}"),
        None => "its role is one with more rights".to_owned(),
    };
    let message = format!("{} {}: {what}", pair.resource.address, WORDING.certain);
    Some(ChangeFinding::on(pair.resource, message).at(place.path().clone()).weighing(Severity::Medium))
}

/// Who holds which role.
#[derive(Default)]
struct Bindings {
    /// Roles with their holders.
    held: Vec<(String, String)>,
    /// An attribute whose bindings nobody knows, and why.
    unclear: Option<(AttributePath, String)>,
    /// Whether any of it must not be shown.
    is_sensitive: bool,
}

/// Attributes that say who has which role.
const BINDING: &[&str] =
    &["role", "role_definition_name", "members", "member", "principal_id", "policy_data"];

fn bindings(root: &View<'_, '_>) -> Bindings {
    let mut bindings = Bindings {
        is_sensitive: BINDING.iter().any(|name| root.key(name).is_sensitive()),
        ..Bindings::default()
    };
    let policy = match sight(&root.key("policy_data")) {
        Sight::Known(Value::String(text)) => Some(text),
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => None,
    };
    if let Some(text) = policy {
        match policy_data(text) {
            Ok(held) => bindings.held = held,
            Err(reason) => {
                bindings.unclear = Some((root.key("policy_data").path().clone(), reason.to_string()))
            }
        }
        return bindings;
    }
    let unknown = BINDING.iter().map(|name| root.key(name)).find(|place| sight(place) == Sight::Unknown);
    bindings.unclear = unknown
        .filter(|_| root.state().side == Side::After)
        .map(|place| (place.path().clone(), "is known only after apply".to_owned()));
    let text = |name: &str| root.key(name).raw().and_then(Value::as_str).map(ToOwned::to_owned);
    let Some(role) = text("role").or_else(|| text("role_definition_name")) else { return bindings };
    let listed = root.key("members").raw().map(Value::elements).unwrap_or_default();
    let mut members: Vec<String> = listed.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
    members.extend(text("member").or_else(|| text("principal_id")));
    bindings.held = members.into_iter().map(|member| (role.clone(), member)).collect();
    bindings
}

/// The bindings in a policy of Google, which is JSON text.
fn policy_data(text: &str) -> Result<Vec<(String, String)>, Unreadable> {
    let policy = unreadable::json(text)?;
    let bindings = policy.get("bindings").map(Value::elements).unwrap_or_default();
    let mut held = Vec::new();
    for binding in bindings {
        let Some(role) = binding.get("role").and_then(Value::as_str) else { continue };
        let members = binding.get("members").map(Value::elements).unwrap_or_default();
        held.extend(
            members.iter().filter_map(Value::as_str).map(|member| (role.to_owned(), member.to_owned())),
        );
    }
    Ok(held)
}
