//! Reports trust policies that allow a principal of another account.

use std::collections::BTreeSet;

use planguard_guardrail_format::Truth;
use planguard_plan::{Plan, ResourceChange, ResourceState, Side, Value};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Pair, Sight, pairs, sight};
use super::twin::created;
use super::{Certainty, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};
use crate::engine::PlanIndex;
use crate::iam::{Document, Principal, Statement, accounts_left, allowed_principals, narrow, new_principals};
use crate::unreadable::Unreadable;

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-trust-foreign-principal",
        title: "A principal of another account may assume a role",
        severity: Severity::High,
        why: "Whoever may assume a role has all of its rights. A principal of another account is managed, and \
              may be compromised, by somebody else.",
        remediation: "Check that the account is yours or your partner's; for a partner, require an external id \
                      as a condition. Then waive this finding for the role.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_iam_role.deploy", "change": {"actions": ["update"],
            "before": {"arn": "arn:aws:iam::111111111111:role/deploy", "assume_role_policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"AWS\": \"arn:aws:iam::111111111111:root\"}}]}"},
            "after": {"arn": "arn:aws:iam::111111111111:role/deploy", "assume_role_policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"AWS\": [\"arn:aws:iam::111111111111:root\", \"arn:aws:iam::222222222222:root\"]}}]}"}}}"#,
        r#"{"address": "aws_iam_role.deploy", "change": {"actions": ["update"],
            "before": {"arn": "arn:aws:iam::111111111111:role/deploy", "assume_role_policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"AWS\": \"arn:aws:iam::111111111111:root\"}}]}"},
            "after": {"arn": "arn:aws:iam::111111111111:role/deploy", "assume_role_policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"AWS\": \"arn:aws:iam::111111111111:role/ci\"}}]}"}}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let index = plan.index();
    let changed = pairs(plan).filter_map(|pair| finding(&pair, index));
    changed.chain(created(plan).filter_map(|new| of_new_role(plan, new, index))).collect()
}

/// The finding for a new role that a whole other account may assume without a condition: whoever that account serves may
/// then use it for others. Which account is the own one has to be known.
fn of_new_role(plan: &Plan<'_>, new: &ResourceChange<'_>, index: &PlanIndex<'_>) -> Option<ChangeFinding> {
    let own = index.own_accounts();
    if own.is_empty() || new.address.resource_type != "aws_iam_role" {
        return None;
    }
    let state = ResourceState::new(plan, new, Side::After)?;
    let place = state.root().key("assume_role_policy");
    let (document, is_sensitive) = match sight(&place) {
        Sight::Unknown => {
            index.known_statements(&place).map(|known| (known.document, known.are_sensitive))?
        }
        Sight::Known(_) | Sight::Computed | Sight::Unset => (trust(&state).ok()??, place.is_sensitive()),
    };
    let other = allowed_principals(&document).into_iter().find_map(|(principal, statement)| {
        let id = principal.id.text()?;
        let is_whole = id.bytes().all(|byte| byte.is_ascii_digit()) || id.ends_with(":root");
        let account = account(id).filter(|account| is_whole && !own.contains(*account))?;
        (statement.conditions.are_empty() == Truth::True).then_some(account)
    })?;
    let who = if is_sensitive { "another account".to_owned() } else { format!("account `{other}`") };
    let message = format!(
        "{} is new, and {who}, which nothing in the plan belongs to, may assume it without a condition such as an external id",
        new.address
    );
    Some(ChangeFinding::on(new, message).at(place.path().clone()).weighing(Severity::Medium))
}

fn finding(pair: &Pair<'_>, index: &PlanIndex<'_>) -> Option<ChangeFinding> {
    let before = trust(&pair.before).transpose()?;
    let root = pair.after.root();
    let place = root.key("assume_role_policy");
    let attribute = place.path().clone();
    let address = &pair.resource.address;
    // A data source may build it at apply, and all of its statements be known already.
    let known = (sight(&place) == Sight::Unknown).then(|| index.known_statements(&place)).flatten();
    let known = known.filter(|known| known.are_all);
    if sight(&place) == Sight::Unknown && known.is_none() {
        let message = format!("{address} may trust more principals: `{attribute}` is known only after apply");
        return Some(
            ChangeFinding::on(pair.resource, message).at(attribute).with(Certainty::DependsOnUnknown),
        );
    }
    let is_sensitive = place.is_sensitive() || known.as_ref().is_some_and(|known| known.are_sensitive);
    let after = match known {
        Some(known) => Ok(known.document),
        None => trust(&pair.after).transpose()?,
    };
    let (before, after) = match before.and_then(|before| Ok((before, after?))) {
        Ok(documents) => documents,
        // The same text trusts the same principals, whoever they are.
        Err(_) if pair.before.root().key("assume_role_policy").raw() == place.raw() => return None,
        Err(reason) => {
            let message = format!("{address} may trust more principals: `{attribute}` {reason}");
            return Some(
                ChangeFinding::on(pair.resource, message).at(attribute).with(Certainty::DependsOnUnknown),
            );
        }
    };
    let old: BTreeSet<Trusted<'_>> = allowed_principals(&before).into_iter().flat_map(Trusted::of).collect();
    let own = own_account(&pair.before);
    let mut foreign = new_principals(&after, &before).into_iter().filter_map(|allowed| {
        let mut trusted = Trusted::of(allowed).into_iter();
        let new = trusted.find(|trusted| {
            !old.contains(trusted) && *trusted != Trusted::Account(own.unwrap_or_default())
        })?;
        Some((allowed.0.id.text().unwrap_or_default(), new))
    });
    let (principal, trusted) = foreign.next()?;
    let who = match (trusted, is_sensitive) {
        (Trusted::Anyone, _) => "anyone".to_owned(),
        (Trusted::Account(_), true) => "a principal of another account".to_owned(),
        (Trusted::Account(account), false) if principal == account || principal == "*" => {
            format!("account `{account}`")
        }
        (Trusted::Account(account), false) => format!("`{principal}` of account `{account}`"),
    };
    Some(ChangeFinding::on(pair.resource, format!("{who} may assume {address}")).at(attribute))
}

/// The trust policy; `None` where there is none.
fn trust(state: &ResourceState<'_>) -> Result<Option<Document>, Unreadable> {
    match sight(&state.root().key("assume_role_policy")) {
        Sight::Known(Value::String(text)) => Document::parse(text).map(Some),
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => Ok(None),
    }
}

/// The account that the role is in.
fn own_account<'p>(state: &ResourceState<'p>) -> Option<&'p str> {
    state.root().key("arn").raw().and_then(Value::as_str).and_then(account)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trusted<'d> {
    Anyone,
    Account(&'d str),
}

impl<'d> Trusted<'d> {
    /// Who is trusted, if the principal belongs to an account; a service of AWS does not. Everyone is anyone, unless
    /// the conditions of the statement narrow it: then those of the accounts that they name.
    fn of((principal, statement): (&'d Principal, &'d Statement)) -> Vec<Self> {
        let Some(id) = principal.id.text() else { return Vec::new() };
        if id != "*" {
            return account(id).map(Self::Account).into_iter().collect();
        }
        if narrow(&statement.conditions) != Truth::True {
            return vec![Self::Anyone];
        }
        accounts_left(&statement.conditions).into_iter().map(Self::Account).collect()
    }
}

/// The account in an ARN, or the account that a principal of twelve digits is.
fn account(principal: &str) -> Option<&str> {
    let account = match principal.strip_prefix("arn:") {
        Some(rest) => rest.split(':').nth(3)?,
        None => principal,
    };
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{find_in_changes, find_in_update};
    use super::*;

    #[test]
    fn a_new_role_for_a_whole_account_of_others_needs_a_condition() {
        let found = |principal: &str, condition: &str, function: &str| {
            let policy = format!(
                r#"{{"Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {{"AWS": "{principal}"}}{condition}}}]}}"#
            );
            let changes = format!(
                r#"{{"address": "aws_iam_role.r", "change": {{"actions": ["create"], "before": null,
                    "after": {{"assume_role_policy": {}}}}}}}{function}"#,
                serde_json::Value::String(policy)
            );
            let found = find_in_changes(&GUARD, &changes).into_iter();
            found.map(|finding| (finding.severity, finding.message)).collect::<Vec<_>>()
        };
        let own = r#", {"address": "aws_lambda_function.f", "change": {"actions": ["create"], "before": null,
            "after": {"role": "arn:aws:iam::111111111111:role/f"}}}"#;
        let told = "aws_iam_role.r is new, and account `222222222222`, which nothing in the plan belongs to, may assume it without a condition such as an external id";
        let other = "arn:aws:iam::222222222222:root";
        assert_eq!(found(other, "", own), [(Some(Severity::Medium), told.to_owned())]);
        assert_eq!(found("222222222222", "", own).len(), 1);
        assert_eq!(found(other, "", ""), [], "no account is known as the own one");
        assert_eq!(found("arn:aws:iam::111111111111:root", "", own), []);
        assert_eq!(found("arn:aws:iam::222222222222:role/ci", "", own), [], "one role of a partner");
        let external = r#", "Condition": {"StringEquals": {"sts:ExternalId": "x"}}"#;
        assert_eq!(found(other, external, own), []);
    }

    fn role(principal: &str) -> String {
        let text = format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {principal}}}]}}"#
        );
        format!(
            r#"{{"arn": "arn:aws:iam::111111111111:role/a", "assume_role_policy": {}}}"#,
            serde_json::Value::String(text)
        )
    }

    fn messages(before: &str, after: &str) -> Vec<String> {
        let findings = find_in_update(&GUARD, r#"aws_iam_role.a["x.y"]"#, &role(before), &role(after), "{}");
        findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn another_account_and_anyone_are_reported_and_services_are_not() {
        let service = r#"{"Service": "ec2.amazonaws.com"}"#;
        assert_eq!(
            messages(service, r#"{"AWS": "222222222222"}"#),
            [r#"account `222222222222` may assume aws_iam_role.a["x.y"]"#]
        );
        assert_eq!(messages(service, r#""*""#), [r#"anyone may assume aws_iam_role.a["x.y"]"#]);
        assert!(messages(service, r#"{"Service": "lambda.amazonaws.com"}"#).is_empty());
        assert!(messages(service, r#"{"AWS": "arn:aws:iam::111111111111:user/b"}"#).is_empty());
        let foreign = r#"{"AWS": "arn:aws:iam::222222222222:role/b"}"#;
        assert!(messages(foreign, r#"{"AWS": "arn:aws:iam::222222222222:role/c"}"#).is_empty());
    }

    #[test]
    fn who_was_among_those_trusted_is_not_new() {
        let trust = |statement: &str| {
            let text = format!(
                r#"{{"Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole", {statement}}}]}}"#
            );
            format!(
                r#"{{"arn": "arn:aws:iam::111111111111:role/a", "assume_role_policy": {}}}"#,
                serde_json::Value::String(text)
            )
        };
        let found = |before: &str, after: &str| {
            find_in_update(&GUARD, "aws_iam_role.a", &trust(before), &trust(after), "{}")
                .into_iter()
                .map(|finding| finding.message)
                .collect::<Vec<_>>()
        };
        let everyone = r#""Principal": {"AWS": "*"}"#;
        let in_organization =
            r#""Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#;
        let account = r#""Principal": {"AWS": "arn:aws:iam::222222222222:root"}"#;
        let with_mfa = r#""Principal": {"AWS": "222222222222"}, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}"#;
        let service = r#""Principal": {"Service": "ec2.amazonaws.com"}"#;
        assert!(found(everyone, with_mfa).is_empty());
        assert!(found(everyone, account).is_empty());
        assert!(found(everyone, in_organization).is_empty());
        assert!(found(service, in_organization).is_empty());
        assert_eq!(found(in_organization, everyone), ["anyone may assume aws_iam_role.a"]);
        assert_eq!(
            found(in_organization, account),
            ["`arn:aws:iam::222222222222:root` of account `222222222222` may assume aws_iam_role.a"]
        );
        let with_id = r#""Principal": "*", "Condition": {"StringEquals": {"sts:ExternalId": "7"}}"#;
        assert_eq!(found(service, with_id), ["anyone may assume aws_iam_role.a"]);
        let of_account = r#""Principal": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/*"}}"#;
        assert_eq!(found(service, of_account), ["account `222222222222` may assume aws_iam_role.a"]);
    }

    #[test]
    fn a_new_policy_that_cannot_be_read_is_undetermined() {
        let cut = r#"{"assume_role_policy": "{\"Statement\": ["}"#;
        let found = |before: &str, after: &str| find_in_update(&GUARD, "aws_iam_role.a", before, after, "{}");
        for findings in [found(&role(r#""*""#), cut), found(cut, &role(r#""*""#))] {
            assert_eq!(findings[0].certainty, Certainty::DependsOnUnknown);
            assert_eq!(
                findings[0].message,
                "aws_iam_role.a may trust more principals: `assume_role_policy` is not valid JSON at line 1 column 15"
            );
        }
        assert!(found(cut, cut).is_empty());
    }

    #[test]
    fn an_unknown_policy_depends_on_it() {
        let unknown = r#"{"assume_role_policy": true}"#;
        let findings = find_in_update(&GUARD, "aws_iam_role.a", &role(r#""*""#), "{}", unknown);
        assert_eq!(findings[0].certainty, Certainty::DependsOnUnknown);
    }
}
