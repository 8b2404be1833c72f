//! Reports snapshots, images and other copies of data that are shared with another account.

use planguard_guardrail_format::change::Mark;
use planguard_plan::{ResourceState, Side, Value};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Sight, pairs, places, sight};
use super::foreign_account::{controlled, given_away, named};
use super::tables::SHARED_WITH_ACCOUNT;
use super::twin::created;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-shared-with-account",
        title: "Another account gets data, or takes a part in a service",
        severity: Severity::High,
        why: "What a service writes to or runs may be in an account that is not yours. Whoever holds the other \
              account can copy all data in it, and the copy remains theirs when it is no longer shared. Intruders take \
              databases away like this.",
        remediation: "Check that the account is yours or your partner's. Then waive this finding for the resource.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_db_snapshot.orders", "change": {"actions": ["update"],
            "before": {"shared_accounts": ["111111111111"]}, "after": {"shared_accounts": ["111111111111", "222222222222"]}}}"#,
        r#"{"address": "aws_db_snapshot.orders", "change": {"actions": ["update"],
            "before": {"shared_accounts": ["111111111111", "222222222222"]}, "after": {"shared_accounts": ["111111111111"]}}}"#,
    ),
    check,
};

/// The account that stands for everyone, which guardrails report by itself.
const EVERYONE: &str = "all";

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = Vec::new();
    let changed = pairs(plan).map(|pair| (pair.resource, Some(pair.before), pair.after));
    let shared = created(plan)
        .filter(|new| SHARED_WITH_ACCOUNT.group(&new.address.resource_type).is_some())
        .filter_map(|new| Some((new, None, ResourceState::new(plan, new, Side::After)?)));
    for (resource, before, after) in changed.chain(shared) {
        for marked in SHARED_WITH_ACCOUNT.marked(&resource.address.resource_type, Mark::Accounts) {
            let mut old =
                before.iter().flat_map(|state| accounts(state, &marked.attribute)).collect::<Vec<_>>();
            old.extend(own_account(&after).or_else(|| before.as_ref().and_then(own_account)));
            let mut new = accounts(&after, &marked.attribute);
            new.retain(|account| !old.contains(account) && *account != EVERYONE);
            let after_places = places(&after.root(), &marked.attribute);
            let Some(place) = after_places.first().filter(|_| !new.is_empty()) else { continue };
            let is_sensitive = after_places.iter().any(planguard_plan::View::is_sensitive);
            let who = match (is_sensitive, new.as_slice()) {
                (true, _) => "another account".to_owned(),
                (false, [one]) => format!("account `{one}`"),
                (false, many) => {
                    let many: Vec<String> = many.iter().map(|account| format!("`{account}`")).collect();
                    format!("accounts {}", many.join(", "))
                }
            };
            let what = shared_object(&after).map(|id| format!(" `{id}`")).unwrap_or_default();
            let message = format!("{} shares{what} with {who}: `{}`", resource.address, place.path());
            found.push(ChangeFinding::on(resource, message).at(place.path().clone()));
        }
    }
    let index = plan.index();
    let own = index.own_accounts();
    found.extend(created(plan).filter_map(|new| given_away(plan, new, own)));
    found.extend(created(plan).filter_map(|new| controlled(plan, new, own, index)));
    for pair in pairs(plan) {
        let is_told = |finding: &ChangeFinding| finding.address.as_ref() == Some(&pair.resource.address);
        if !found.iter().any(is_told) {
            found.extend(named(&pair, own));
        }
    }
    found
}

/// The known accounts at a path, or in the lists there.
fn accounts<'p>(state: &ResourceState<'p>, path: &[String]) -> Vec<&'p str> {
    let places = places(&state.root(), path);
    let values = places.iter().filter_map(|place| match sight(place) {
        Sight::Known(value) => Some(value),
        Sight::Unknown | Sight::Computed | Sight::Unset => None,
    });
    let texts = values.flat_map(|value| {
        value.as_str().into_iter().chain(value.elements().iter().filter_map(Value::as_str))
    });
    texts.filter(|text| !text.is_empty()).collect()
}

/// The account that an object is in, as its ARN says.
fn own_account<'p>(state: &ResourceState<'p>) -> Option<&'p str> {
    let arns = ["arn", "db_snapshot_arn", "db_cluster_snapshot_arn", "data_share_arn"];
    let mut found = arns.iter().filter_map(|name| state.root().key(name).raw()?.as_str()?.split(':').nth(4));
    found.find(|account| !account.is_empty())
}

/// What a resource shares that does nothing else.
fn shared_object<'p>(state: &ResourceState<'p>) -> Option<&'p str> {
    let root = state.root();
    let named = ["snapshot_id", "image_id", "data_share_arn"].iter().map(|name| root.key(name));
    let mut shown = named.filter(|place| !place.is_sensitive());
    shown.find_map(|place| place.raw()?.as_str().filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{find_in_changes, find_in_update};
    use super::*;

    fn created(address: &str, values: &str) -> Vec<String> {
        let entry = format!(
            r#"{{"address": "{address}", "change": {{"actions": ["create"], "before": null, "after": {values}}}}}"#
        );
        find_in_changes(&GUARD, &entry).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_permission_names_what_it_shares_and_with_whom() {
        assert_eq!(
            created(
                "aws_snapshot_create_volume_permission.a",
                r#"{"snapshot_id": "snap-1", "account_id": "222222222222"}"#
            ),
            [
                "aws_snapshot_create_volume_permission.a shares `snap-1` with account `222222222222`: `account_id`"
            ]
        );
        assert_eq!(
            created(
                "aws_ami_launch_permission.a",
                r#"{"image_id": "ami-1", "group": "all", "account_id": null}"#
            ),
            Vec::<String>::new(),
            "a guardrail says that it is public"
        );
    }

    #[test]
    fn only_accounts_that_are_new_and_others_count() {
        let shared = |accounts: &str| {
            format!(
                r#"{{"db_snapshot_arn": "arn:aws:rds:eu-west-1:111111111111:snapshot:s", "shared_accounts": [{accounts}]}}"#
            )
        };
        let of = |before: &str, after: &str| {
            let found = find_in_update(&GUARD, "aws_db_snapshot.a", &shared(before), &shared(after), "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            of("", r#""333333333333", "222222222222""#),
            ["aws_db_snapshot.a shares with accounts `333333333333`, `222222222222`: `shared_accounts`"]
        );
        assert!(of(r#""222222222222""#, r#""222222222222""#).is_empty());
        assert!(of("", r#""111111111111""#).is_empty());
        assert!(of("", r#""all""#).is_empty());
    }

    #[test]
    fn a_new_right_of_another_account_is_told() {
        let own = r#"{"address": "aws_sqs_queue.q", "change": {"actions": ["no-op"],
            "before": {"arn": "arn:aws:sqs:eu-west-1:111111111111:q"}, "after": {"arn": "arn:aws:sqs:eu-west-1:111111111111:q"}}}"#;
        let found = |address: &str, attribute: &str, value: &str| {
            let new = format!(
                r#"{own}, {{"address": "{address}", "change": {{"actions": ["create"], "before": null, "after": {{"{attribute}": "{value}"}}}}}}"#
            );
            find_in_changes(&GUARD, &new).into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let reader = "arn:aws:iam::999999999999:role/reader";
        assert_eq!(
            found("aws_kms_grant.a", "grantee_principal", reader),
            [
                "aws_kms_grant.a is new and is for account `999999999999`, which nothing in the plan belongs to: `grantee_principal`"
            ]
        );
        assert_eq!(found("aws_lambda_permission.a", "principal", "999999999999").len(), 1);
        assert_eq!(found("aws_lambda_permission.a", "principal", "s3.amazonaws.com"), [""; 0]);
        assert_eq!(
            found("aws_kms_grant.a", "grantee_principal", "arn:aws:iam::111111111111:role/own"),
            [""; 0]
        );
    }
}
