//! Reports policies, roles and bindings that grant more than before in a way that matters.

use planguard_guardrail_format::change::Mark;
use planguard_plan::text::wildcard;
use planguard_plan::{AttributePath, ResourceState, Value, View};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Pair, Sight, pairs, places, shown, sight};
use super::grant_created::new_grants;
use super::role_bindings::{binding_finding, role_raised};
use super::switch::{self, Wording};
use super::tables::IAM_WIDENED;
use super::widened_document::{document_finding, is_of_trust};
use super::{
    Certainty, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, acl_rules, expression,
    rbac_subjects, vault_policy,
};
use crate::engine::PlanIndex;

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-iam-widened",
        title: "A policy grants more than before",
        severity: Severity::High,
        why: "Wildcards, removed conditions and removed denials grant rights that nobody listed, and whoever \
              gains control of the identity has all of them. One more named action on a named resource is \
              everyday work and not reported.",
        remediation: "List the actions and resources that are needed, and keep conditions and denials.",
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

/// Ends of the ARNs of managed policies that allow everything, or to grant oneself everything.
const POWERFUL_POLICIES: &[&str] =
    &[":policy/AdministratorAccess", ":policy/IAMFullAccess", ":policy/PowerUserAccess"];

/// Whether an ARN is that of a managed policy which allows everything, or to grant oneself everything.
pub(super) fn is_powerful_policy(arn: &str) -> bool {
    POWERFUL_POLICIES.iter().any(|ending| arn.ends_with(ending))
}

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let index = plan.index();
    let mut found: Vec<ChangeFinding> = pairs(plan).flat_map(|pair| findings(&pair, index)).collect();
    found.extend(new_grants(plan));
    found.into_iter().map(of_attachment).collect()
}

/// An attachment has neither actions nor conditions that could be put right.
fn of_attachment(found: ChangeFinding) -> ChangeFinding {
    let is_attachment =
        found.address.as_ref().is_some_and(|address| address.resource_type.ends_with("_policy_attachment"));
    match is_attachment {
        true => found.mended_by(
            "Attach a policy of your own that lists the actions and resources that are needed, or one of AWS that only reads.",
        ),
        false => found,
    }
}

pub(super) const WORDING: Wording =
    Wording { certain: "grants more than before", unknown: "may grant more than before" };

/// What a change grants beyond what was granted.
pub(super) fn findings(pair: &Pair<'_>, index: &PlanIndex<'_>) -> Vec<ChangeFinding> {
    let resource_type = &pair.resource.address.resource_type;
    let marked = |mark| IAM_WIDENED.marked(resource_type, mark).map(|marked| marked.attribute.as_slice());
    let switches = switch::findings(pair, &IAM_WIDENED, &WORDING).into_iter();
    // Other providers keep other things under the names that every type of AWS shares.
    if resource_type.starts_with("aws_") {
        let documents =
            marked(Mark::PolicyDocument).filter_map(|path| document_finding(pair, index, path, |_| true));
        let trust = marked(Mark::TrustPolicy)
            .filter_map(|path| document_finding(pair, index, path, is_of_trust))
            // What is not known, the guard of trust policies reports.
            .filter(|finding| finding.certainty == Certainty::Certain);
        let attached = marked(Mark::ManagedPolicies).filter_map(|path| attachment_finding(pair, path));
        return documents.chain(trust).chain(attached).chain(switches).collect();
    }
    let mut found: Vec<ChangeFinding> =
        marked(Mark::Wildcards).filter_map(|path| wildcard_finding(pair, path)).collect();
    if found.is_empty() {
        found.extend(role_definition_finding(pair));
    }
    found.extend(vault_policy::widened(pair));
    found.extend(acl_rules::widened(pair));
    found.extend(expression::loosened(pair));
    found.extend(rbac_subjects::widened(pair));
    match binding_finding(pair) {
        // It says who gets the role as well.
        Some(finding) => found.push(finding),
        None => {
            let by_switch: Vec<ChangeFinding> = switches.collect();
            let by_rank = if by_switch.is_empty() { role_raised(pair) } else { None };
            found.extend(by_switch.into_iter().chain(by_rank));
        }
    }
    found
}

/// The finding for a powerful managed policy that is attached now and was not before.
fn attachment_finding(pair: &Pair<'_>, path: &[String]) -> Option<ChangeFinding> {
    let powerful = |state: &ResourceState<'_>| first_element(state, path, is_powerful_policy);
    if powerful(&pair.before).is_some() {
        return None;
    }
    let (attribute, arn) = powerful(&pair.after)?;
    let policy = arn.map_or_else(|| "a managed policy".to_owned(), |arn| format!("managed policy {arn}"));
    let message = format!(
        "{} grants more than before: `{attribute}` names {policy}, which allows everything or lets its holder gain \
         any right",
        pair.resource.address
    );
    Some(ChangeFinding::on(pair.resource, message).at(attribute))
}

/// The place of the first text in the lists at a path that something holds of, and the text as messages show it.
fn first_element(
    state: &ResourceState<'_>,
    path: &[String],
    holds: impl Fn(&str) -> bool,
) -> Option<(AttributePath, Option<String>)> {
    let lists = places(&state.root(), path);
    let elements = lists.iter().flat_map(|list| list.elements().unwrap_or_default());
    let mut found =
        elements.into_iter().filter(|element| element.raw().and_then(Value::as_str).is_some_and(&holds));
    found.next().map(|element| (element.path().clone(), shown(&element)))
}

fn wildcard_finding(pair: &Pair<'_>, path: &[String]) -> Option<ChangeFinding> {
    let wildcard = |state: &ResourceState<'_>| first_element(state, path, |text| text == "*");
    if wildcard(&pair.before).is_some() {
        return None;
    }
    let (attribute, _) = wildcard(&pair.after)?;
    let message = format!("{} grants more than before: `{attribute}` is `*`", pair.resource.address);
    Some(ChangeFinding::on(pair.resource, message).at(attribute))
}

/// The action with which roles are assigned in Azure, in lower case.
const ASSIGN_ROLES: &str = "microsoft.authorization/roleassignments/write";

/// A custom role of Azure whose holders can assign roles, themselves included, and could not before.
fn role_definition_finding(pair: &Pair<'_>) -> Option<ChangeFinding> {
    if pair.resource.address.resource_type != "azurerm_role_definition" || assigns(&pair.before)?.is_some() {
        return None;
    }
    let action = assigns(&pair.after)??;
    let attribute = action.path().clone();
    let named = shown(&action).map(|action| format!(" is {action}")).unwrap_or_default();
    let message = format!(
        "{} grants more than before: `{attribute}`{named}, and no action of `not_actions` excludes that its holder \
         assigns roles",
        pair.resource.address
    );
    Some(ChangeFinding::on(pair.resource, message).at(attribute))
}

/// The action that allows to assign roles and that nothing excludes; `None` if actions are known only after apply.
fn assigns<'p, 's>(state: &'s ResourceState<'p>) -> Option<Option<View<'p, 's>>> {
    for block in state.root().key("permissions").elements()? {
        let matching = |name: &str| {
            let list = block.key(name);
            let actions = match sight(&list) {
                Sight::Unset | Sight::Computed => Vec::new(),
                Sight::Known(_) | Sight::Unknown => list.elements()?,
            };
            let matches = |action: &View<'_, '_>| {
                let text = action.raw().and_then(Value::as_str).map(str::to_ascii_lowercase);
                text.is_some_and(|text| wildcard::matches(&text, ASSIGN_ROLES))
            };
            Some(actions.into_iter().find(matches))
        };
        if let (Some(action), None) = (matching("actions")?, matching("not_actions")?) {
            return Some(Some(action));
        }
    }
    Some(None)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{find, find_in_changes, find_in_update, update};
    use super::*;

    fn policy(statements: &str) -> String {
        let text = format!(r#"{{"Statement": {statements}}}"#);
        format!(r#"{{"policy": {}}}"#, serde_json::Value::String(text))
    }

    #[test]
    fn a_role_of_azure_that_changes_what_it_read_is_told() {
        let found = |before: &str, after: &str| {
            let side = |role: &str| {
                format!(r#"{{"scope": "/s", "principal_id": "p", "role_definition_name": "{role}"}}"#)
            };
            let found =
                find_in_update(&GUARD, "azurerm_role_assignment.a", &side(before), &side(after), "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            found("Key Vault Reader", "Key Vault Secrets Officer"),
            [
                "azurerm_role_assignment.a grants more than before: `role_definition_name` changes from `Key Vault Reader` to `Key Vault Secrets Officer`"
            ]
        );
        assert_eq!(found("Storage Blob Data Reader", "Storage Blob Data Contributor").len(), 1);
        assert_eq!(found("Storage Blob Data Contributor", "Storage Blob Data Reader"), [""; 0]);
        assert_eq!(found("Key Vault Secrets User", "Key Vault Reader"), [""; 0]);
        assert_eq!(found("Contributor", "Owner").len(), 1);
    }

    #[test]
    fn switches_of_other_providers_are_read_as_well() {
        let key = |read_only: bool| format!(r#"{{"title": "ci", "read_only": {read_only}}}"#);
        let address = "github_repository_deploy_key.a";
        assert_eq!(find_in_update(&GUARD, address, &key(true), &key(false), "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, address, &key(false), &key(true), "{}"), []);
        let member = |role: &str| format!(r#"{{"username": "a", "permission": "{role}"}}"#);
        let address = "github_repository_collaborator.a";
        assert_eq!(find_in_update(&GUARD, address, &member("pull"), &member("admin"), "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, address, &member("pull"), &member("push"), "{}"), []);
    }

    #[test]
    fn a_new_policy_that_cannot_be_read_is_undetermined() {
        let readable = policy("[]");
        let cut = r#"{"policy": "{\"Statement\": ["}"#;
        let found =
            |before: &str, after: &str| find_in_update(&GUARD, "aws_iam_policy.a", before, after, "{}");
        for findings in [found(&readable, cut), found(cut, &readable)] {
            assert_eq!(findings[0].certainty, Certainty::DependsOnUnknown);
            assert_eq!(
                findings[0].message,
                "aws_iam_policy.a may grant more than before: `policy` is not valid JSON at line 1 column 15"
            );
        }
        assert!(found(cut, cut).is_empty());
        let (whole, cut) = (r#"{"policy_data": "{}"}"#, r#"{"policy_data": "bindings:"}"#);
        let google = |before: &str, after: &str| {
            find_in_update(&GUARD, "google_project_iam_policy.a", before, after, "{}")
        };
        assert_eq!(google(whole, cut)[0].certainty, Certainty::DependsOnUnknown);
        assert!(google(cut, cut).is_empty());
    }

    /// What is found where a data source that is read at apply gives the policy, with these statements.
    fn of_data_source(statements: &str, unknown: &str) -> Vec<ChangeFinding> {
        let before = policy(
            r#"[{"Effect": "Allow", "Action": "a:B", "Resource": "arn:a", "Principal": {"AWS": "arn:r"},
                "Condition": {"StringEquals": {"aws:SourceArn": "arn:d"}}}, {"Effect": "Deny", "Action": "c:D", "Resource": "*", "Principal": {"AWS": ["*"]}}]"#,
        );
        let changed = update("aws_kms_key.k", &before, "{}", r#"{"policy": true}"#);
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{changed},
                {{"address": "data.aws_iam_policy_document.k", "mode": "data", "type": "aws_iam_policy_document", "name": "k",
                  "change": {{"actions": ["read"], "before": null, "after": {{"statement": [{statements}]}},
                  "after_unknown": {{"json": true, "statement": [{unknown}]}}}}}}],
                "configuration": {{"root_module": {{"resources": [
                  {{"address": "aws_kms_key.k", "mode": "managed", "type": "aws_kms_key", "name": "k", "expressions": {{"policy":
                    {{"references": ["data.aws_iam_policy_document.k.json", "data.aws_iam_policy_document.k"]}}}}}},
                  {{"address": "data.aws_iam_policy_document.k", "mode": "data", "type": "aws_iam_policy_document", "name": "k",
                    "expressions": {{"statement": [{{"actions": {{}}, "resources": {{"references": ["aws_x.a.arn", "aws_x.a"]}}}}]}}}}]}}}}}}"#
        );
        find(&GUARD, &text)
    }

    #[test]
    fn what_a_data_source_read_at_apply_says_already_is_compared() {
        let same = r#"{"actions": ["a:B"], "effect": null, "resources": ["arn:a"], "principals": [{"type": "AWS", "identifiers": ["arn:r"]}],
            "condition": [{"test": "StringEquals", "variable": "AWS:SourceArn", "values": ["arn:d"]}]}"#;
        let denied = r#"{"actions": ["c:D"], "effect": "Deny", "resources": ["*"], "principals": [{"type": "AWS", "identifiers": ["*"]}]}"#;
        assert_eq!(of_data_source(&format!("{same}, {denied}"), ""), []);
        let messages = |statements: &str, unknown: &str| {
            let found = of_data_source(statements, unknown).into_iter();
            found.map(|finding| (finding.certainty, finding.message)).collect::<Vec<_>>()
        };
        let not_denied = "aws_kms_key.k grants more than before in `policy`: `c:D` is no longer denied";
        assert_eq!(messages(same, ""), [(Certainty::Certain, not_denied.to_owned())]);
        let open = r#"{"actions": ["iam:PassRole"], "resources": ["*"], "principals": [{"type": "AWS", "identifiers": ["arn:r"]}]}"#;
        let elsewhere = r#"{"actions": ["a:B"], "resources": [null]}"#;
        let escalation = "aws_kms_key.k grants more than before in `policy`: `iam:PassRole` is allowed, with which more rights can be gained";
        assert_eq!(
            messages(&format!("{elsewhere}, {open}"), r#"{"resources": [true]}, {}"#),
            [(Certainty::Certain, escalation.to_owned())]
        );
        let open_to_question = "aws_kms_key.k may grant more than before: `policy` is known only after apply";
        assert_eq!(
            messages(&format!("{elsewhere}, {denied}"), r#"{"resources": [true]}, {}"#),
            [(Certainty::DependsOnUnknown, open_to_question.to_owned())]
        );
    }

    #[test]
    fn roles_that_a_pattern_names_are_told() {
        let pass = |role: &str| {
            policy(&format!(
                r#"[{{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/{role}"}}]"#
            ))
        };
        let found = |after: &str| {
            let found = find_in_update(&GUARD, "aws_iam_policy.a", &pass("shop-fn"), &pass(after), "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            found("shop-*"),
            [
                "aws_iam_policy.a grants more than before in `policy`: all roles named `arn:aws:iam::123456789012:role/shop-*` can be passed or assumed, also those that are created later"
            ]
        );
        assert_eq!(found("shop-job"), [""; 0]);
        assert_eq!(found("aws-service-role/*"), [""; 0]);
    }

    #[test]
    fn names_what_is_granted() {
        let before = policy(
            r#"[{"Effect": "Allow", "Action": "a:B", "Resource": "r", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]"#,
        );
        let after = policy(r#"[{"Effect": "Allow", "Action": ["a:B", "secret:*"], "Resource": "r"}]"#);
        let findings = find_in_update(&GUARD, r#"aws_iam_role_policy.a["x.y"]"#, &before, &after, "{}");
        assert_eq!(
            findings[0].message,
            r#"aws_iam_role_policy.a["x.y"] grants more than before in `policy`: `secret:*` is allowed; conditions on `a:B` let in what they refused before (`aws:securetransport` is no longer compared)"#
        );
        assert_eq!(find_in_update(&GUARD, "aws_iam_policy.a", &after, &before, "{}"), []);
    }

    #[test]
    fn a_condition_dropped_from_a_trust_policy_is_found() {
        let trust = |principal: &str, condition: &str| {
            let text = format!(
                r#"{{"Statement": [{{"Effect": "Allow", "Principal": {principal}, "Action": "sts:AssumeRole", "Condition": {condition}}}]}}"#
            );
            format!(r#"{{"assume_role_policy": {}}}"#, serde_json::Value::String(text))
        };
        let found = |before: &str, after: &str| find_in_update(&GUARD, "aws_iam_role.a", before, after, "{}");
        let account = r#"{"AWS": "arn:aws:iam::111122223333:root"}"#;
        let mfa = trust(account, r#"{"Bool": {"aws:MultiFactorAuthPresent": "true"}}"#);
        let bare = trust(account, "{}");
        assert_eq!(
            found(&mfa, &bare)[0].message,
            "aws_iam_role.a grants more than before in `assume_role_policy`: conditions on `sts:AssumeRole` let in what they refused before (`aws:multifactorauthpresent` is no longer compared)"
        );
        assert_eq!(found(&bare, &mfa), []);
        let organization = trust(r#""*""#, r#"{"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#);
        let two = trust(r#""*""#, r#"{"StringEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}}"#);
        assert_eq!(found(&two, &organization), []);
        // Who may assume the role is for the guard of trust policies to say.
        assert_eq!(found(&bare, &trust(r#"{"AWS": "444455556666"}"#, "{}")), []);
        assert_eq!(found(&trust(r#""*""#, "{}"), &mfa), []);
    }

    #[test]
    fn another_subject_of_a_known_repository_weighs_less() {
        let trust = |subjects: &str| {
            let text = format!(
                r#"{{"Statement": [{{"Effect": "Allow", "Principal": {{"Federated": "arn:aws:iam::1:oidc-provider/ci.example"}},
                    "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {{"StringLike": {{"ci.example:sub": {subjects}}}}}}}]}}"#
            );
            format!(r#"{{"assume_role_policy": {}}}"#, serde_json::Value::String(text))
        };
        let main = trust(r#"["repo:acme/api:ref:refs/heads/main"]"#);
        let weight = |added: &str| {
            let after = trust(&format!(r#"["repo:acme/api:ref:refs/heads/main", "{added}"]"#));
            find_in_update(&GUARD, "aws_iam_role.a", &main, &after, "{}")[0].severity
        };
        assert_eq!(weight("repo:acme/api:environment:prod"), Some(Severity::Medium));
        for wider in
            ["repo:acme/api:ref:refs/heads/*", "repo:acme/*", "repo:acme/web:ref:refs/heads/main", "*"]
        {
            assert_eq!(weight(wider), None, "{wider}");
        }
    }

    #[test]
    fn an_account_of_others_is_told_whatever_it_may_do() {
        let own = r#"{"address": "aws_sqs_queue.q", "change": {"actions": ["no-op"],
            "before": {"arn": "arn:aws:sqs:eu-west-1:111111111111:q"}, "after": {"arn": "arn:aws:sqs:eu-west-1:111111111111:q"}}}"#;
        let statement = |principal: &str, action: &str| {
            format!(
                r#"{{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": "{action}", "Resource": "arn:aws:s3:::a/*"}}"#
            )
        };
        let app = statement("arn:aws:iam::111111111111:role/app", "s3:GetObject");
        let found = |more: &str| {
            let (before, after) = (policy(&format!("[{app}]")), policy(&format!("[{app}, {more}]")));
            let changed = update("aws_s3_bucket_policy.a", &before, &after, "{}");
            let found = find_in_changes(&GUARD, &format!("{own}, {changed}"));
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            found(&statement("arn:aws:iam::999999999999:role/x", "s3:PutObject")),
            [
                "aws_s3_bucket_policy.a grants more than before in `policy`: account `999999999999` is new in it"
            ]
        );
        assert_eq!(found(&statement("999999999999", "s3:PutObject")).len(), 1);
        assert_eq!(found(&statement("arn:aws:iam::111111111111:role/new", "s3:PutObject")), [""; 0]);
    }

    #[test]
    fn a_role_of_a_higher_rank_is_told() {
        let bound =
            |kind: &str, name: &str| format!(r#"{{"role_ref": [{{"kind": "{kind}", "name": "{name}"}}]}}"#);
        let count = |kind: &str, from: &str, to: &str| {
            let (before, after) = (bound(kind, from), bound(kind, to));
            find_in_update(&GUARD, "kubernetes_role_binding_v1.a", &before, &after, "{}").len()
        };
        assert_eq!(
            (count("ClusterRole", "view", "edit"), count("ClusterRole", "edit", "cluster-admin")),
            (1, 1)
        );
        assert_eq!((count("ClusterRole", "admin", "view"), count("ClusterRole", "own", "view")), (0, 0));
        assert_eq!(count("Role", "view", "admin"), 0, "a role of the namespace, whatever its name");
        let member = |role: &str| format!(r#"{{"member": "user:a@x.org", "role": "{role}"}}"#);
        let google = |from: &str, to: &str| {
            let address = "google_storage_bucket_iam_member.a";
            find_in_update(&GUARD, address, &member(from), &member(to), "{}").len()
        };
        assert_eq!(google("roles/storage.objectViewer", "roles/storage.admin"), 1);
        assert_eq!(google("roles/storage.admin", "roles/storage.objectViewer"), 0);
        assert_eq!(google("roles/storage.objectViewer", "roles/storage.objectCreator"), 0);
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
    fn an_unknown_document_depends_on_it() {
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
        assert_eq!(
            find("roles/viewer", r#""allUsers""#)[0].message,
            "google_project_iam_binding.a grants `roles/viewer` to `allUsers`, which is everyone on the internet"
        );
        assert_eq!(
            find("roles/viewer", r#""allUsers""#)[0].attribute.as_ref().unwrap().to_string(),
            "members"
        );
        assert_eq!(
            find("roles/owner", r#""user:b@x.org""#)[0].message,
            "google_project_iam_binding.a grants `roles/owner` to `user:b@x.org`, who can then gain any right"
        );
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
    fn a_custom_role_of_azure_that_can_assign_roles_is_found() {
        let role = |actions: &str, excluded: &str| {
            format!(r#"{{"permissions": [{{"actions": [{actions}], "not_actions": [{excluded}]}}]}}"#)
        };
        let of = |before: &str, after: &str| {
            let found = find_in_update(&GUARD, "azurerm_role_definition.a", before, after, "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let read = role(r#""*/read""#, "");
        let message = |action: &str| {
            format!(
                "azurerm_role_definition.a grants more than before: `permissions[0].actions[0]` is `{action}`, and no \
                 action of `not_actions` excludes that its holder assigns roles"
            )
        };
        let authorization = role(r#""Microsoft.Authorization/*""#, "");
        assert_eq!(of(&read, &authorization), [message("Microsoft.Authorization/*")]);
        assert!(of(&authorization, &read).is_empty());
        let excluding = role(r#""*""#, r#""Microsoft.Authorization/*/Write""#);
        assert_eq!(of(&excluding, &role(r#""*""#, "")), [message("*")]);
        assert!(of(&role(r#""*""#, ""), &excluding).is_empty());
        assert!(of(&read, &role(r#""*/write""#, r#""Microsoft.Authorization/*/Write""#)).is_empty());
    }

    #[test]
    fn a_new_wildcard_in_a_role_of_kubernetes_is_found() {
        let rules = |verbs: &str| format!(r#"{{"rule": [{{"verbs": [{verbs}], "resources": ["pods"]}}]}}"#);
        let address = "kubernetes_cluster_role_v1.a";
        let findings = find_in_update(&GUARD, address, &rules(r#""get""#), &rules(r#""get", "*""#), "{}");
        assert_eq!(
            findings[0].message,
            "kubernetes_cluster_role_v1.a grants more than before: `rule[0].verbs[1]` is `*`"
        );
        assert_eq!(find_in_update(&GUARD, address, &rules(r#""*""#), &rules(r#""*", "get""#), "{}"), []);
    }

    #[test]
    fn a_sensitive_policy_is_not_shown() {
        let text = |action: &str| {
            policy(&format!(r#"[{{"Effect": "Allow", "Action": "{action}", "Resource": "r"}}]"#))
        };
        let entry = format!(
            r#"{{"address": "aws_iam_policy.a", "change": {{"actions": ["update"], "before": {}, "after": {},
                "after_sensitive": {{"policy": true}}}}}}"#,
            text("secret:Get"),
            text("secret:*")
        );
        let findings = find_in_changes(&GUARD, &entry);
        assert_eq!(
            findings[0].message,
            "aws_iam_policy.a grants more than before in `policy`: all actions of a service are allowed"
        );
    }

    #[test]
    fn a_boundary_that_is_removed_grants_more() {
        let role = r#"{"permissions_boundary": "arn:aws:iam::1:policy/limit"}"#;
        let found = find_in_update(&GUARD, "aws_iam_role.a", role, r#"{"permissions_boundary": null}"#, "{}");
        assert_eq!(
            found[0].message,
            "aws_iam_role.a grants more than before: `permissions_boundary` is no longer set (was `arn:aws:iam::1:policy/limit`)"
        );
        assert_eq!(
            find_in_update(&GUARD, "aws_iam_role.a", r#"{"permissions_boundary": null}"#, role, "{}"),
            []
        );
    }
}
