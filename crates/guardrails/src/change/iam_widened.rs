//! Finds policies, roles and bindings that grant more than before in a way that matters.

use planguard_plan::{AttributePath, Plan, ResourceState, Side, Value, View};
use planguard_rule::Severity;

use super::about::About;
use super::compare::{Pair, Sight, pairs, places, sight};
use super::policy::{Document, Grant};
use super::{Certainty, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-iam-widened",
        title: "A policy grants more than before",
        severity: Severity::High,
        why: "Wildcards, dropped conditions and lifted denials give rights that nobody listed, and an attacker \
              who gets hold of the identity has them all. One more named action on a named resource is \
              everyday work and passes.",
        remediation: "List the actions and resources that are needed, keep the conditions, and keep denials \
                      in place.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_iam_policy.app", "change": {"actions": ["update"],
            "before": {"policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"arn:aws:s3:::shop/*\"}]}"},
            "after": {"policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"arn:aws:s3:::shop/*\"}]}"}}}"#,
        r#"{"address": "aws_iam_policy.app", "change": {"actions": ["update"],
            "before": {"policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"arn:aws:s3:::shop/*\"}]}"},
            "after": {"policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:GetObject\", \"s3:PutObject\"], \"Resource\": \"arn:aws:s3:::shop/*\"}]}"}}}"#,
    ),
    check,
};

/// Attributes of AWS types that hold policy documents as JSON text.
const DOCUMENTS: &[&[&str]] = &[
    &["access_policies"],
    &["access_policy"],
    &["inline_policy"],
    &["policy"],
    &["policy_document"],
    &["resource_policy"],
    &["inline_policy", "policy"],
];

/// The attribute of a service control policy. Other types keep all kinds of text under this name.
const CONTROL_POLICY: (&str, &[&str]) = ("aws_organizations_policy", &["content"]);

/// Attributes that name managed policies of AWS: texts or lists of texts.
const ATTACHED: &[&str] = &["managed_policy_arn", "managed_policy_arns", "policy_arn"];

/// The ends of the names of managed policies that allow everything, or to take the right to.
const POWERFUL_POLICIES: &[&str] =
    &[":policy/AdministratorAccess", ":policy/IAMFullAccess", ":policy/PowerUserAccess"];

/// Lists in which `*` means everything.
const WILDCARD_LISTS: &[(&[&str], &[&str])] = &[
    (&["azurerm_role_definition"], &["permissions", "actions"]),
    (&["azurerm_role_definition"], &["permissions", "data_actions"]),
    (KUBERNETES_ROLES, &["rule", "api_groups"]),
    (KUBERNETES_ROLES, &["rule", "resources"]),
    (KUBERNETES_ROLES, &["rule", "verbs"]),
];

const KUBERNETES_ROLES: &[&str] =
    &["kubernetes_cluster_role", "kubernetes_cluster_role_v1", "kubernetes_role", "kubernetes_role_v1"];

/// Roles with which their holder can do everything, or take the right to.
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

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    pairs(plan).flat_map(|pair| findings(&pair)).collect()
}

/// What a change grants beyond what was granted.
pub(super) fn findings(pair: &Pair<'_>) -> Vec<ChangeFinding> {
    let resource_type = &pair.resource.address.resource_type;
    if resource_type.starts_with("aws_") {
        let mut found: Vec<ChangeFinding> =
            DOCUMENTS.iter().filter_map(|path| document_finding(pair, path)).collect();
        let (control_policy, path) = CONTROL_POLICY;
        if resource_type == control_policy {
            found.extend(document_finding(pair, path));
        }
        found.extend(ATTACHED.iter().filter_map(|name| attachment_finding(pair, name)));
        return found;
    }
    let mut found: Vec<ChangeFinding> = WILDCARD_LISTS
        .iter()
        .filter(|(types, _)| types.contains(&resource_type.as_str()))
        .filter_map(|(_, path)| wildcard_finding(pair, path))
        .collect();
    found.extend(binding_finding(pair));
    found
}

fn document_finding(pair: &Pair<'_>, path: &[&str]) -> Option<ChangeFinding> {
    let before = document(&pair.before, path)?;
    let address = &pair.resource.address;
    let places = places(&pair.after.root(), path);
    let attribute = places.first()?.path().clone();
    if places.iter().any(|place| sight(place) == Sight::Unknown) {
        let message =
            format!("{address} may grant more than before: the new `{attribute}` is known only after apply");
        return Some(
            ChangeFinding::on(pair.resource, message).at(attribute).with(Certainty::DependsOnUnknown),
        );
    }
    let grants = document(&pair.after, path)?.grants_beyond(&before);
    if grants.is_empty() {
        return None;
    }
    let what: Vec<&str> = grants.into_iter().map(Grant::describe).collect();
    let message = format!("{address} grants more than before in `{attribute}`: {}", what.join("; "));
    Some(ChangeFinding::on(pair.resource, message).at(attribute))
}

/// The documents at a path as one; `None` where there is none that can be read.
fn document(state: &ResourceState<'_>, path: &[&str]) -> Option<Document> {
    let mut all: Option<Document> = None;
    for place in places(&state.root(), path) {
        let Sight::Known(Value::String(text)) = sight(&place) else { continue };
        all.get_or_insert_default().extend(Document::parse(text)?);
    }
    all
}

/// The finding for a powerful managed policy that is attached now and was not before.
fn attachment_finding(pair: &Pair<'_>, name: &str) -> Option<ChangeFinding> {
    let powerful = |state: &ResourceState<'_>| {
        let elements = state.root().key(name).elements().unwrap_or_default();
        let is_powerful = |element: &View<'_, '_>| {
            let arn = element.raw().and_then(Value::as_str);
            arn.is_some_and(|arn| POWERFUL_POLICIES.iter().any(|ending| arn.ends_with(ending)))
        };
        elements.iter().find(|element| is_powerful(element)).map(|element| element.path().clone())
    };
    if powerful(&pair.before).is_some() {
        return None;
    }
    let attribute = powerful(&pair.after)?;
    let message = format!(
        "{} grants more than before: `{attribute}` names a managed policy that can take any right",
        pair.resource.address
    );
    Some(ChangeFinding::on(pair.resource, message).at(attribute))
}

fn wildcard_finding(pair: &Pair<'_>, path: &[&str]) -> Option<ChangeFinding> {
    let has_wildcard = |state: &ResourceState<'_>| {
        places(&state.root(), path)
            .into_iter()
            .find_map(|list| {
                let elements = list.elements()?;
                elements.into_iter().find(|element| element.raw().and_then(Value::as_str) == Some("*"))
            })
            .map(|element| element.path().clone())
    };
    if has_wildcard(&pair.before).is_some() {
        return None;
    }
    let attribute = has_wildcard(&pair.after)?;
    let message = format!("{} grants more than before: `{attribute}` is a wildcard", pair.resource.address);
    Some(ChangeFinding::on(pair.resource, message).at(attribute))
}

/// Bindings of Google and role assignments of Azure: who has which role.
fn binding_finding(pair: &Pair<'_>) -> Option<ChangeFinding> {
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
    let new: Vec<_> = after.held.iter().filter(|holder| !before.held.contains(holder)).collect();
    let address = &pair.resource.address;
    let everyone = new.iter().any(|(_, member)| EVERYONE.contains(&member.as_str()));
    let powerful = new.iter().any(|(role, _)| POWERFUL_ROLES.contains(&role.as_str()));
    let what = match (everyone, powerful) {
        (true, _) => Some("grants a role to everyone on the internet"),
        (false, true) => Some("grants a role that can take any right to somebody who did not hold it"),
        (false, false) => None,
    };
    if let Some(what) = what {
        return Some(ChangeFinding::on(pair.resource, format!("{address} {what}")));
    }
    let attribute = after.unknown?;
    let message =
        format!("{address} may grant more than before: the new `{attribute}` is known only after apply");
    Some(ChangeFinding::on(pair.resource, message).at(attribute).with(Certainty::DependsOnUnknown))
}

/// Who holds which role.
#[derive(Default)]
struct Bindings {
    held: Vec<(String, String)>,
    unknown: Option<AttributePath>,
}

fn bindings(root: &View<'_, '_>) -> Bindings {
    let mut bindings = Bindings::default();
    let policy = match sight(&root.key("policy_data")) {
        Sight::Known(Value::String(text)) => Some(text),
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => None,
    };
    if let Some(text) = policy {
        bindings.held = policy_data(text);
        return bindings;
    }
    let names = ["role", "role_definition_name", "members", "member", "principal_id", "policy_data"];
    let unknown = names.iter().map(|name| root.key(name)).find(|place| sight(place) == Sight::Unknown);
    bindings.unknown = unknown.map(|place| place.path().clone()).filter(|_| root.state().side == Side::After);
    let text = |name: &str| root.key(name).raw().and_then(Value::as_str).map(ToOwned::to_owned);
    let Some(role) = text("role").or_else(|| text("role_definition_name")) else { return bindings };
    let listed = root.key("members").raw().map(Value::elements).unwrap_or_default();
    let mut members: Vec<String> = listed.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
    members.extend(text("member").or_else(|| text("principal_id")));
    bindings.held = members.into_iter().map(|member| (role.clone(), member)).collect();
    bindings
}

/// The bindings in a policy of Google, which is JSON text.
fn policy_data(text: &str) -> Vec<(String, String)> {
    let duplicates = planguard_plan::DuplicateKeys::default();
    let Ok(policy) = Value::parse(text, &duplicates) else { return Vec::new() };
    let bindings = policy.get("bindings").map(Value::elements).unwrap_or_default();
    let mut held = Vec::new();
    for binding in bindings {
        let Some(role) = binding.get("role").and_then(Value::as_str) else { continue };
        let members = binding.get("members").map(Value::elements).unwrap_or_default();
        held.extend(
            members.iter().filter_map(Value::as_str).map(|member| (role.to_owned(), member.to_owned())),
        );
    }
    held
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Schemas, find_in_update};
    use super::*;

    #[test]
    fn attributes_are_in_the_provider_schemas() {
        let Some(schemas) = Schemas::read() else { return };
        assert!(DOCUMENTS.iter().all(|path| schemas.some_type_has(path)));
        assert!(schemas.knows_attribute(CONTROL_POLICY.0, CONTROL_POLICY.1));
        assert!(ATTACHED.iter().all(|name| schemas.some_type_has(&[name])));
        for (types, path) in WILDCARD_LISTS {
            assert!(
                types.iter().all(|resource_type| schemas.knows_attribute(resource_type, path)),
                "{path:?}"
            );
        }
    }

    fn policy(statements: &str) -> String {
        let text = format!(r#"{{"Statement": {statements}}}"#);
        format!(r#"{{"policy": {}}}"#, serde_json::Value::String(text))
    }

    #[test]
    fn says_in_which_way_and_not_what() {
        let before = policy(
            r#"[{"Effect": "Allow", "Action": "a:B", "Resource": "r", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]"#,
        );
        let after = policy(r#"[{"Effect": "Allow", "Action": ["a:B", "secret:*"], "Resource": "r"}]"#);
        let findings = find_in_update(&GUARD, r#"aws_iam_role_policy.a["x.y"]"#, &before, &after, "{}");
        assert_eq!(
            findings[0].message,
            r#"aws_iam_role_policy.a["x.y"] grants more than before in `policy`: all actions of a service, or all there are, are allowed; conditions are dropped or loosened"#
        );
        assert_eq!(find_in_update(&GUARD, "aws_iam_policy.a", &after, &before, "{}"), []);
    }

    #[test]
    fn a_powerful_managed_policy_is_found() {
        let attached = |name: &str| format!(r#"{{"policy_arn": "arn:aws:iam::aws:policy/{name}"}}"#);
        let address = "aws_iam_role_policy_attachment.a";
        let find = |before, after| find_in_update(&GUARD, address, &attached(before), &attached(after), "{}");
        assert_eq!(find("ReadOnlyAccess", "AdministratorAccess").len(), 1);
        assert_eq!(find("AdministratorAccess", "ReadOnlyAccess"), []);
        assert_eq!(find("ReadOnlyAccess", "ViewOnlyAccess"), []);
    }

    #[test]
    fn an_unknown_document_is_a_perhaps() {
        let findings =
            find_in_update(&GUARD, "aws_sqs_queue_policy.a", &policy("[]"), "{}", r#"{"policy": true}"#);
        assert_eq!(findings[0].certainty, Certainty::DependsOnUnknown);
    }

    #[test]
    fn everyone_and_powerful_roles_count_in_bindings() {
        let address = "google_project_iam_binding.a";
        let members = |role: &str, members: &str| format!(r#"{{"role": "{role}", "members": [{members}]}}"#);
        let find = |role: &str, after: &str| {
            find_in_update(&GUARD, address, &members(role, r#""user:a@x.org""#), &members(role, after), "{}")
        };
        assert_eq!(find("roles/viewer", r#""user:a@x.org", "user:b@x.org""#), []);
        assert!(find("roles/viewer", r#""allUsers""#)[0].message.ends_with("everyone on the internet"));
        assert!(find("roles/owner", r#""user:b@x.org""#)[0].message.contains("can take any right"));
        let unknown = find_in_update(
            &GUARD,
            address,
            &members("roles/viewer", r#""user:a@x.org""#),
            r#"{"role": "roles/viewer", "members": [null]}"#,
            r#"{"members": true}"#,
        );
        assert_eq!(unknown[0].certainty, Certainty::DependsOnUnknown);
    }

    #[test]
    fn a_policy_of_google_is_read_as_bindings() {
        let data = |member: &str| {
            let text = format!(r#"{{"bindings": [{{"role": "roles/viewer", "members": ["{member}"]}}]}}"#);
            format!(r#"{{"policy_data": {}}}"#, serde_json::Value::String(text))
        };
        let address = "google_storage_bucket_iam_policy.a";
        assert_eq!(find_in_update(&GUARD, address, &data("user:a"), &data("allUsers"), "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, address, &data("allUsers"), &data("allUsers"), "{}"), []);
    }

    #[test]
    fn a_new_wildcard_in_a_role_of_kubernetes_is_found() {
        let rules = |verbs: &str| format!(r#"{{"rule": [{{"verbs": [{verbs}], "resources": ["pods"]}}]}}"#);
        let address = "kubernetes_cluster_role_v1.a";
        let findings = find_in_update(&GUARD, address, &rules(r#""get""#), &rules(r#""get", "*""#), "{}");
        assert_eq!(
            findings[0].message,
            "kubernetes_cluster_role_v1.a grants more than before: `rule[0].verbs[1]` is a wildcard"
        );
        assert_eq!(find_in_update(&GUARD, address, &rules(r#""*""#), &rules(r#""*", "get""#), "{}"), []);
    }
}
