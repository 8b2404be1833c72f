//! Attributes that name something in another account, in the place of something in one's own.

use std::collections::BTreeSet;

use planguard_plan::{Mode, Plan, ResourceChange, ResourceState, Side, Value};

use super::ChangeFinding;
use super::compare::Pair;

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

/// The accounts that objects of the plan are in.
pub(crate) fn own_accounts(plan: &Plan<'_>) -> BTreeSet<String> {
    let managed = plan.resource_changes.iter().filter(|change| change.address.mode == Mode::Managed);
    managed
        .filter_map(|change| change.change.before.as_deref()?.get("arn")?.as_str())
        .filter_map(account_of)
        .map(ToOwned::to_owned)
        .collect()
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
    use super::super::testing::find_in_update;

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
