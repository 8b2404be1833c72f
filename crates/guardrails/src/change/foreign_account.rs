//! Attributes that name something in another account, in the place of something in one's own.

use std::collections::BTreeSet;

use planguard_guardrail_format::Truth;
use planguard_guardrail_format::change::Mark;
use planguard_plan::{Configuration, Mode, Plan, ResourceChange, ResourceState, Side, Value};

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, sight};
use super::tables::IAM_WIDENED;
use crate::engine::PlanIndex;
use crate::iam::{Document, Statement, allowed_principals};

/// Attributes with an account that are no ARNs.
const ACCOUNTS: &[&str] = &[
    "account",
    "account_id",
    "destination_account",
    "owner_id",
    "peer_owner_id",
    "principal",
    "registry_id",
];

/// Attributes of new objects that name something which AWS accepts from the same account alone: a role that the object
/// gets, a certificate, a group of targets.
const OF_OWN_ACCOUNT: &[&str] = &[
    "certificate_arn",
    "execution_role_arn",
    "iam_role_arn",
    "monitoring_role_arn",
    "node_role_arn",
    "role",
    "role_arn",
    "service_role",
    "service_role_arn",
    "target_group_arn",
    "task_role_arn",
];

/// The accounts that the plan is about: those that its objects are in, that it was made in, that its providers are for, and
/// from which its new objects can only take what they name.
pub(crate) fn own_accounts(plan: &Plan<'_>) -> BTreeSet<String> {
    let managed = plan.each_change().filter(|change| change.address.mode == Mode::Managed);
    let of_objects = managed.flat_map(|change| {
        let before = change.change.before.as_deref().and_then(|before| before.get("arn"));
        let after = change.change.after.as_deref().filter(|_| is_of_aws(change));
        let named = OF_OWN_ACCOUNT.iter().filter_map(move |name| after?.get(name)?.as_str());
        before.and_then(Value::as_str).and_then(account_of).into_iter().chain(named.filter_map(account_in))
    });
    let providers = plan.configuration.as_ref().map(Configuration::providers).unwrap_or_default();
    let of_providers = providers.iter().filter(|provider| provider.name == "aws").flat_map(|provider| {
        let constant =
            |name: &str| provider.expressions.get(name).and_then(|value| value.get("constant_value"));
        let allowed = constant("allowed_account_ids").map(Value::elements).unwrap_or_default();
        let assumed = provider.expressions.get("assume_role").map(Value::elements).unwrap_or_default();
        let assumed = assumed.iter().filter_map(|block| block.get("role_arn")?.get("constant_value"));
        allowed.iter().chain(assumed).filter_map(Value::as_str).filter_map(account_in)
    });
    let known = of_objects.chain(of_providers).map(ToOwned::to_owned);
    known.chain(plan.caller_accounts()).collect()
}

fn is_of_aws(change: &ResourceChange<'_>) -> bool {
    change.address.resource_type.starts_with("aws_")
}

/// The finding for an attribute that names another account, where an own one, or none, was named.
pub(super) fn named(pair: &Pair<'_>, own: &BTreeSet<String>) -> Option<ChangeFinding> {
    // Copies of backups belong into another account.
    if own.is_empty() || pair.resource.address.resource_type == "aws_backup_plan" {
        return None;
    }
    let (before, after) = (pair.resource.change.before.as_deref()?, pair.resource.change.after.as_deref()?);
    let mut old = BTreeSet::new();
    collect(before, &mut Vec::new(), &mut |_, account| {
        old.insert(account.to_owned());
    });
    // What named others before may name more of them.
    let had_own = old.is_empty() || old.iter().any(|account| own.contains(account));
    let mut found: Option<(String, String)> = None;
    collect(after, &mut Vec::new(), &mut |path, account| {
        if found.is_none() && !own.contains(account) && !old.contains(account) {
            found = Some((path.join("."), account.to_owned()));
        }
    });
    let (path, account) = found.filter(|_| had_own)?;
    let first = path.split('.').next().unwrap_or_default();
    if is_sensitive(pair, first) {
        return None;
    }
    let message = format!(
        "{} uses something of account `{account}`, in the place of an own one: `{path}`",
        pair.resource.address
    );
    Some(ChangeFinding::on(pair.resource, message))
}

/// Types whose new objects give somebody a right, or send something to them, with the attribute that says to whom.
const GIVING: &[(&str, &str)] = &[
    ("aws_cloudwatch_event_permission", "principal"),
    ("aws_cloudwatch_event_target", "arn"),
    ("aws_cloudwatch_log_subscription_filter", "destination_arn"),
    ("aws_kms_grant", "grantee_principal"),
    ("aws_lakeformation_permissions", "principal"),
    ("aws_lambda_permission", "principal"),
    ("aws_ram_principal_association", "principal"),
    ("aws_redshift_endpoint_authorization", "account"),
    ("aws_vpc_endpoint_service_allowed_principal", "principal_arn"),
];

/// The finding for a new object that gives another account a right, or sends something there.
pub(super) fn given_away(
    plan: &Plan<'_>,
    new: &ResourceChange<'_>,
    own: &BTreeSet<String>,
) -> Option<ChangeFinding> {
    let (_, name) = GIVING.iter().find(|(name, _)| *name == new.address.resource_type)?;
    if own.is_empty() {
        return None;
    }
    let state = ResourceState::new(plan, new, Side::After)?;
    let place = state.root().key(name);
    let text = place.raw()?.as_str()?;
    let account =
        if is_account(text) { text } else { text.split(':').nth(4).filter(|part| is_account(part))? };
    if own.contains(account) || place.is_sensitive() {
        return None;
    }
    let message = format!(
        "{} is new and is for account `{account}`, which nothing in the plan belongs to: `{name}`",
        new.address
    );
    Some(ChangeFinding::on(new, message).at(place.path().clone()))
}

/// The finding for a new object whose policy lets another account do anything with it: that account can then also change
/// the policy.
pub(super) fn controlled(
    plan: &Plan<'_>,
    new: &ResourceChange<'_>,
    own: &BTreeSet<String>,
    index: &PlanIndex<'_>,
) -> Option<ChangeFinding> {
    if own.is_empty() || !is_of_aws(new) {
        return None;
    }
    let state = ResourceState::new(plan, new, Side::After)?;
    let root = state.root();
    IAM_WIDENED.marked(&new.address.resource_type, Mark::PolicyDocument).find_map(|policy| {
        places(&root, &policy.attribute).iter().find_map(|place| {
            let (document, is_sensitive) = match sight(place) {
                Sight::Known(text) => (Document::parse(text.as_str()?).ok()?, place.is_sensitive()),
                Sight::Unknown => {
                    let known = index.known_statements(place)?;
                    (known.document, known.are_sensitive)
                }
                Sight::Computed | Sight::Unset => return None,
            };
            let account = allowed_principals(&document).into_iter().find_map(|(principal, statement)| {
                let account = account_in(principal.id.text()?).filter(|account| !own.contains(*account))?;
                (allows_everything(statement) && statement.conditions.are_empty() == Truth::True)
                    .then_some(account)
            })?;
            let who =
                if is_sensitive { "another account".to_owned() } else { format!("account `{account}`") };
            let message = format!(
                "{} is new and lets {who}, which nothing in the plan belongs to, do anything with it: `{}`",
                new.address,
                place.path()
            );
            Some(ChangeFinding::on(new, message).at(place.path().clone()))
        })
    })
}

/// Whether a statement names all actions, or all of a service.
fn allows_everything(statement: &Statement) -> bool {
    let is_all =
        |action: &String| action == "*" || action.split_once(':').is_some_and(|(_, action)| action == "*");
    statement.actions.these.as_ref().is_some_and(|actions| actions.known.iter().any(is_all))
}

/// The account in an ARN of any service, or the account that a text is.
fn account_in(text: &str) -> Option<&str> {
    let account = match text.strip_prefix("arn:") {
        Some(rest) => rest.split(':').nth(3)?,
        None => text,
    };
    is_account(account).then_some(account)
}

fn is_sensitive(pair: &Pair<'_>, name: &str) -> bool {
    pair.before.root().key(name).is_sensitive() || pair.after.root().key(name).is_sensitive()
}

/// Calls with every account that a value names, and where. Documents are judged by other rules.
fn collect<'v>(value: &'v Value<'_>, path: &mut Vec<&'v str>, found: &mut impl FnMut(&[&str], &str)) {
    match value {
        Value::Object(_) => {
            for (name, member) in value.members() {
                path.push(name.as_ref());
                collect(member, path, found);
                path.pop();
            }
        }
        Value::Array(elements) => {
            for element in elements {
                collect(element, path, found);
            }
        }
        Value::String(text) => {
            let is_account = path.last().is_some_and(|name| ACCOUNTS.contains(name)) && is_account(text);
            if let Some(account) = if is_account { Some(text.as_ref()) } else { account_of(text) } {
                found(path, account);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The account of an ARN. Those of roles and users are judged as principals.
fn account_of(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    let (prefix, service) = (parts.next()?, parts.nth(1)?);
    let account = parts.nth(1).filter(|account| is_account(account))?;
    (prefix == "arn" && service != "iam" && !arn.contains(char::is_whitespace)).then_some(account)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::shared_with_account::GUARD;
    use super::super::testing::{find, find_in_update};

    #[test]
    fn a_new_key_that_another_account_controls_is_told_where_the_own_account_is_known() {
        let own = "arn:aws:iam::111111111111:root";
        let key = |principal: &str, action: &str, rest: &str| {
            let policy = format!(
                r#"{{"Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{own}"}}, "Action": "kms:*", "Resource": "*"}},
                    {{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": "{action}", "Resource": "*"{rest}}}]}}"#
            );
            format!(
                r#"{{"address": "aws_kms_key.k", "change": {{"actions": ["create"], "before": null,
                    "after": {{"policy": {}}}}}}}"#,
                serde_json::Value::String(policy)
            )
        };
        let function = r#"{"address": "aws_lambda_function.f", "change": {"actions": ["create"], "before": null,
            "after": {"role": "arn:aws:iam::111111111111:role/f"}}}"#;
        let found = |entries: &[&str], more: &str| {
            let text =
                format!(r#"{{"format_version": "1.2", "resource_changes": [{}]{more}}}"#, entries.join(","));
            find(&GUARD, &text).into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let other = "arn:aws:iam::222222222222:root";
        let told = "aws_kms_key.k is new and lets account `222222222222`, which nothing in the plan belongs to, do anything with it: `policy`";
        assert_eq!(found(&[&key(other, "kms:*", ""), function], ""), [told]);
        assert_eq!(found(&[&key("222222222222", "*", ""), function], ""), [told]);
        assert_eq!(found(&[&key(other, "kms:*", "")], ""), [""; 0], "no account is known as the own one");
        assert_eq!(found(&[&key(other, "kms:Decrypt", ""), function], ""), [""; 0]);
        assert_eq!(found(&[&key(own, "kms:*", ""), function], ""), [""; 0]);
        let condition =
            r#", "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}"#;
        assert_eq!(found(&[&key(other, "kms:*", condition), function], ""), [""; 0]);
        let caller = r#", "prior_state": {"values": {"root_module": {"resources": [{"address": "data.aws_caller_identity.c",
            "mode": "data", "type": "aws_caller_identity", "name": "c", "values": {"account_id": "111111111111"}}]}}}"#;
        assert_eq!(found(&[&key(other, "kms:*", "")], caller), [told]);
        let provider = |expressions: &str| {
            format!(
                r#", "configuration": {{"provider_config": {{"aws": {{"name": "aws", "expressions": {expressions}}}}},
                    "root_module": {{}}}}"#
            )
        };
        for expressions in [
            r#"{"allowed_account_ids": {"constant_value": ["111111111111"]}}"#,
            r#"{"assume_role": [{"role_arn": {"constant_value": "arn:aws:iam::111111111111:role/deploy"}}]}"#,
        ] {
            assert_eq!(found(&[&key(other, "kms:*", "")], &provider(expressions)), [told], "{expressions}");
        }
    }

    #[test]
    fn another_account_in_the_place_of_the_own_one_is_told() {
        let function = |layer: &str| {
            format!(r#"{{"arn": "arn:aws:lambda:eu-west-1:111111111111:function:f", "layers": ["{layer}"]}}"#)
        };
        let found = |before: &str, after: &str| {
            let found =
                find_in_update(&GUARD, "aws_lambda_function.f", &function(before), &function(after), "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let layer = |account: &str| format!("arn:aws:lambda:eu-west-1:{account}:layer:l:1");
        assert_eq!(
            found(&layer("111111111111"), &layer("222222222222")),
            [
                "aws_lambda_function.f uses something of account `222222222222`, in the place of an own one: `layers`"
            ]
        );
        assert!(found(&layer("222222222222"), &layer("111111111111")).is_empty());
        assert!(found(&layer("222222222222"), &layer("222222222222")).is_empty());
    }
}
