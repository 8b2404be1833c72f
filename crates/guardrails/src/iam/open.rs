//! What is open to anyone, as AWS defines public access
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>): a statement for
//! everyone, unless a condition, or a denial, leaves only requests with fixed values of a few keys.

use planguard_guardrail_format::{Effect, Truth};

use super::condition::{Comparison, Condition, Conditions, Quantifier};
use super::document::{Document, Identifier, Listed, Principal, PrincipalKind, Statement, Values};
use super::grants::Patterns;
use crate::special_ranges::{addresses, includes_public};
use crate::truths::{all, any};

/// A condition key that tells who sends a request, or from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// An identifier as a whole.
    Id,
    /// An ARN.
    Arn,
    /// A path that starts with an organization.
    OrgPath,
    /// `ROLE-ID:SESSION`.
    UserId,
    /// An address.
    Address,
    /// A truth that only holds inside of a network of the owner.
    Flag,
}

/// The keys whose fixed values narrow a statement: those of AWS's definition for S3, what other services' definitions
/// add, and their younger siblings.
const NARROWING: &[(&str, Key)] = &[
    ("aws:sourcearn", Key::Arn),
    ("aws:sourceaccount", Key::Id),
    ("aws:sourceowner", Key::Id),
    ("aws:sourceorgid", Key::Id),
    ("aws:sourceorgpaths", Key::OrgPath),
    ("aws:sourcevpc", Key::Id),
    ("aws:sourcevpcarn", Key::Arn),
    ("aws:sourcevpce", Key::Id),
    ("aws:vpceaccount", Key::Id),
    ("aws:vpceorgid", Key::Id),
    ("aws:vpceorgpaths", Key::OrgPath),
    ("aws:principalorgid", Key::Id),
    ("aws:principalorgpaths", Key::OrgPath),
    ("aws:principalaccount", Key::Id),
    ("aws:principalarn", Key::Arn),
    ("aws:userid", Key::UserId),
    ("aws:sourceip", Key::Address),
    ("s3:dataaccesspointaccount", Key::Id),
    ("s3:dataaccesspointarn", Key::Arn),
    ("kms:calleraccount", Key::Id),
    ("elasticfilesystem:accesspointarn", Key::Arn),
    ("elasticfilesystem:accessedviamounttarget", Key::Flag),
];

/// Keys that tell services of AWS from everybody else; a denial may leave them out.
const SERVICE_CALLS: &[&str] = &["aws:principalisawsservice", "aws:viaawsservice"];

/// Whether a statement of a document is meant for anyone: `Principal: "*"`, `Principal: {"AWS": "*"}`, or everyone but
/// a few. A denial for everyone but a few is not.
pub(crate) fn is_for_anyone(statement: &Statement) -> Truth {
    let excepted = match (&statement.principals.all_but, statement.effect) {
        (None, _) | (Some(_), Some(Effect::Deny)) => Truth::False,
        (Some(values), Some(Effect::Allow)) if values.complete => Truth::True,
        (Some(_), Some(Effect::Allow) | None) => Truth::Unknown,
    };
    any([names_everyone(&statement.principals), excepted])
}

fn names_everyone(principals: &Listed<Principal>) -> Truth {
    principals.these.as_ref().map_or(Truth::False, |values| {
        values.any(|principal| {
            let kind = match &principal.kind {
                Some(PrincipalKind::Everyone | PrincipalKind::Aws) => Truth::True,
                Some(
                    PrincipalKind::Service
                    | PrincipalKind::Federated
                    | PrincipalKind::CanonicalUser
                    | PrincipalKind::Other(_),
                ) => Truth::False,
                None => Truth::Unknown,
            };
            let id = match &principal.id {
                Identifier::Known(id) => Truth::of(id == "*"),
                Identifier::OfObject => Truth::False,
                Identifier::Unknown => Truth::Unknown,
            };
            all([kind, id])
        })
    })
}

/// Whether neither the conditions of a statement nor a denial of its document leave only requests with fixed values.
pub(crate) fn is_not_narrowed(document: &Document, statement: &Statement) -> Truth {
    let denied = any(document.statements.iter().map(|denial| closes(denial, statement)));
    any([narrow(&statement.conditions), denied]).negated()
}

/// Whether conditions leave only requests with fixed values.
pub(crate) fn narrow(conditions: &Conditions) -> Truth {
    conditions.some(|condition| {
        let positive =
            condition.operator.as_ref().map_or(Truth::Unknown, |operator| Truth::of(!operator.is_negated));
        all([positive, has_fixed_values(condition), conditions.demand_key_of(condition)])
    })
}

/// The accounts that conditions leave, where they leave principals of a few accounts only.
pub(crate) fn accounts_left(conditions: &Conditions) -> Vec<&str> {
    let left = conditions.known.iter().filter_map(|condition| {
        let account: fn(&str) -> Option<&str> = match condition.key.as_deref()? {
            "aws:principalaccount" => |whole| Some(whole),
            "aws:principalarn" => owner_of_arn,
            _ => return None,
        };
        Some(condition.values.known.iter().filter_map(move |value| account(value)))
    });
    left.flatten().collect()
}

/// Whether a denial leaves nothing of a statement to those outside: it denies all, or all but fixed values.
fn closes(denial: &Statement, statement: &Statement) -> Truth {
    let denies = denial.effect.map_or(Truth::Unknown, |effect| Truth::of(effect == Effect::Deny));
    if denies == Truth::False {
        return Truth::False;
    }
    let all_but_named = denial.principals.all_but.as_ref().map_or(Truth::False, |excepted| {
        all([
            Truth::of(!excepted.known.iter().any(|principal| principal.id.text() == Some("*"))),
            if excepted.complete { Truth::True } else { Truth::Unknown },
        ])
    });
    let conditions = &denial.conditions;
    let rest = if conditions.may_have_more { Truth::Unknown } else { Truth::True };
    all([
        denies,
        any([names_everyone(&denial.principals), all_but_named]),
        covers(&denial.actions, &statement.actions, str::to_ascii_lowercase),
        covers(&denial.resources, &statement.resources, ToOwned::to_owned),
        all(conditions.known.iter().map(leaves_out_fixed_values).chain([rest])),
    ])
}

/// Whether a condition of a denial holds for all requests but those with fixed values.
fn leaves_out_fixed_values(condition: &Condition) -> Truth {
    let (Some(operator), Some(key)) = (&condition.operator, &condition.key) else { return Truth::Unknown };
    if SERVICE_CALLS.contains(&key.as_str()) {
        return Truth::of(
            operator.comparison == Comparison::Bool
                && condition.values.known.iter().all(|value| value.eq_ignore_ascii_case("false")),
        );
    }
    all([
        // `ForAnyValue` does not hold for a request without the key.
        Truth::of(operator.is_negated && operator.quantifier != Quantifier::Any),
        has_fixed_values(condition),
    ])
}

/// Whether a pattern of a denial covers all that a statement lists.
fn covers(denied: &Listed<String>, allowed: &Listed<String>, fold: impl Fn(&str) -> String) -> Truth {
    let patterns = |listed: &Listed<String>| Patterns::of(listed, |text: &String| Some(fold(text)));
    let are_complete = |listed: &Listed<String>| {
        [&listed.these, &listed.all_but].into_iter().flatten().all(|values| values.complete)
    };
    let (own, others) = (patterns(denied), patterns(allowed));
    match own.cover(&others) {
        true if own.is_everything() || are_complete(allowed) => Truth::True,
        false if are_complete(denied) && are_complete(allowed) => Truth::False,
        true | false => Truth::Unknown,
    }
}

/// Whether a condition compares a narrowing key with fixed values, and with nothing else.
fn has_fixed_values(condition: &Condition) -> Truth {
    let Some(name) = &condition.key else { return Truth::Unknown };
    let Some((_, key)) = NARROWING.iter().find(|(narrowing, _)| narrowing == name) else {
        return Truth::False;
    };
    let fits = condition.operator.as_ref().map_or(Truth::Unknown, |operator| {
        Truth::of(match key {
            Key::Address => operator.comparison == Comparison::IpAddress,
            Key::Flag => operator.comparison == Comparison::Bool,
            Key::Id | Key::Arn | Key::OrgPath | Key::UserId => {
                matches!(
                    operator.comparison,
                    Comparison::Equal | Comparison::EqualIgnoringCase | Comparison::Like
                )
            }
        })
    });
    let Values { known, complete, .. } = &condition.values;
    let fixed = match (known.iter().all(|value| is_fixed(*key, value)), complete) {
        (false, _) => Truth::False,
        (true, false) if condition.others_are_of_objects && matches!(key, Key::Id | Key::Arn) => Truth::True,
        (true, false) => Truth::Unknown,
        (true, true) => Truth::of(!known.is_empty()),
    };
    all([fits, fixed])
}

/// Whether a value names one owner. A wildcard behind the account of an ARN, or behind an organization, does not
/// change whose it is.
fn is_fixed(key: Key, value: &str) -> bool {
    let is_literal = |text: &str| !text.is_empty() && !text.contains(['*', '?']) && !text.contains("${");
    if value.contains("${") {
        return false;
    }
    match key {
        Key::Id => is_literal(value),
        Key::Arn => is_literal(value) || owner_of_arn(value).is_some_and(is_literal),
        Key::OrgPath => value.split('/').next().is_some_and(is_literal),
        Key::UserId => value.split(':').next().is_some_and(is_literal),
        Key::Address => is_narrow_range(value),
        Key::Flag => value.eq_ignore_ascii_case("true"),
    }
}

/// The account in an ARN, or the bucket in one of S3, whose name only one account has.
fn owner_of_arn(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, service, _, account, resource] = parts.as_slice() else { return None };
    match *service {
        "s3" => resource.split('/').next(),
        _ => Some(account),
    }
}

/// Whether a range is none of those that AWS calls very broad: wider than `/8`, or than `/32` with IPv6, and not
/// private.
fn is_narrow_range(text: &str) -> bool {
    use ipnet::IpNet;
    let range = text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
    range.is_ok_and(|range: IpNet| {
        let narrowest = if range.addr().is_ipv4() { 8 } else { 32 };
        range.prefix_len() >= narrowest || !includes_public(&addresses(&range))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a statement for everyone with this condition is open.
    fn open(condition: &str) -> bool {
        open_beside(condition, "")
    }

    fn open_beside(condition: &str, others: &str) -> bool {
        let text = format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
                "Condition": {condition}}}{others}]}}"#
        );
        let document = Document::parse(&text).unwrap();
        let statement = &document.statements[0];
        assert_eq!(is_for_anyone(statement), Truth::True);
        let open = is_not_narrowed(&document, statement);
        assert_ne!(open, Truth::Unknown);
        open == Truth::True
    }

    #[test]
    fn fixed_values_of_narrowing_keys_narrow() {
        for condition in [
            r#"{"StringEquals": {"aws:SourceAccount": "111122223333"}}"#,
            r#"{"StringEquals": {"AWS:SourceOwner": ["111122223333", "444455556666"]}}"#,
            r#"{"StringEqualsIgnoreCase": {"aws:PrincipalAccount": 111122223333}}"#,
            r#"{"StringLike": {"aws:PrincipalOrgID": "o-1"}}"#,
            r#"{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-1/r-1/ou-1/*"]}}"#,
            r#"{"StringEquals": {"aws:SourceVpc": "vpc-1"}}"#,
            r#"{"StringEquals": {"AWS:SOURCEVPCE": ["vpce-1", "vpce-2"]}}"#,
            r#"{"StringLike": {"aws:userid": ["AROAEXAMPLE:*", "AIDAEXAMPLE"]}}"#,
            r#"{"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::bucket"}}"#,
            r#"{"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:bucket"}}"#,
            r#"{"ArnLike": {"aws:SourceArn": "arn:aws:events:*:111122223333:rule/*"}}"#,
            r#"{"StringLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/ci-*"}}"#,
            r#"{"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "fc00::/7"]}}"#,
            r#"{"IpAddress": {"aws:SourceIp": "52.0.0.0/8"}}"#,
            r#"{"StringEquals": {"kms:CallerAccount": "111122223333", "kms:ViaService": "s3.eu-west-1.amazonaws.com"}}"#,
            r#"{"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#,
            r#"{"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}"#,
            r#"{"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}, "Null": {"aws:PrincipalOrgID": "false"}}"#,
        ] {
            assert!(!open(condition), "{condition}");
        }
    }

    #[test]
    fn other_conditions_do_not() {
        for condition in [
            "{}",
            r#"{"Bool": {"aws:SecureTransport": "true"}}"#,
            r#"{"Bool": {"aws:MultiFactorAuthPresent": "true"}}"#,
            r#"{"StringEquals": {"sts:ExternalId": "1234"}}"#,
            r#"{"StringLike": {"aws:Referer": "https://example.com/*"}}"#,
            r#"{"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}"#,
            r#"{"StringLike": {"aws:PrincipalOrgID": "*"}}"#,
            r#"{"StringLike": {"aws:PrincipalOrgID": ["o-1", "o-*"]}}"#,
            r#"{"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}}"#,
            r#"{"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}"#,
            r#"{"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:*"}}"#,
            r#"{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "*/r-1/*"}}"#,
            r#"{"StringLike": {"aws:userid": "*:session"}}"#,
            r#"{"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}"#,
            r#"{"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#,
            r#"{"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}"#,
            r#"{"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "0.0.0.0/7"]}}"#,
            r#"{"IpAddress": {"aws:SourceIp": "2001::/16"}}"#,
            r#"{"IpAddress": {"aws:SourceIp": "everywhere"}}"#,
            r#"{"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}"#,
            r#"{"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#,
            r#"{"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}, "Null": {"aws:SourceVpc": "false"}}"#,
            r#"{"Null": {"aws:PrincipalOrgID": "false"}}"#,
            r#"{"StringEquals": {"aws:PrincipalTag/team": "a"}}"#,
            r#"{"StringEquals": {}}"#,
        ] {
            assert!(open(condition), "{condition}");
        }
    }

    #[test]
    fn a_denial_for_all_but_fixed_values_closes() {
        let deny = |principal: &str, action: &str, condition: &str| {
            format!(
                r#", {{"Effect": "Deny", {principal}, "Action": "{action}", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Condition": {condition}}}"#
            )
        };
        let everyone = r#""Principal": "*""#;
        for denial in [
            deny(everyone, "s3:*", r#"{"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}"#),
            deny(everyone, "S3:Get*", r#"{"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}"#),
            deny(
                everyone,
                "s3:*",
                r#"{"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}"#,
            ),
            deny(r#""NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}"#, "s3:*", "{}"),
        ] {
            assert!(!open_beside("{}", &denial), "{denial}");
        }
        for denial in [
            deny(everyone, "s3:PutObject", r#"{"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}"#),
            deny(everyone, "s3:*", r#"{"StringEquals": {"aws:SourceVpce": "vpce-1"}}"#),
            deny(everyone, "s3:*", r#"{"ForAnyValue:StringNotEquals": {"aws:SourceVpce": "vpce-1"}}"#),
            deny(everyone, "s3:*", r#"{"Bool": {"aws:SecureTransport": "false"}}"#),
            deny(
                everyone,
                "s3:*",
                r#"{"StringNotEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"aws:SecureTransport": "false"}}"#,
            ),
            deny(
                r#""Principal": {"AWS": "111122223333"}"#,
                "s3:*",
                r#"{"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}"#,
            ),
        ] {
            assert!(open_beside("{}", &denial), "{denial}");
        }
    }

    #[test]
    fn everyone_has_several_spellings() {
        let anyone = |effect: &str, principal: &str| {
            let text = format!(r#"{{"Statement": {{"Effect": "{effect}", {principal}, "Action": "a:B"}}}}"#);
            is_for_anyone(&Document::parse(&text).unwrap().statements[0])
        };
        for principal in [
            r#""Principal": "*""#,
            r#""Principal": ["*"]"#,
            r#""Principal": {"AWS": "*"}"#,
            r#""Principal": {"Service": "x.amazonaws.com", "AWS": ["111122223333", "*"]}"#,
            r#""NotPrincipal": {"AWS": "111122223333"}"#,
        ] {
            assert_eq!(anyone("Allow", principal), Truth::True, "{principal}");
        }
        for principal in [
            r#""Principal": {"AWS": "111122223333"}"#,
            r#""Principal": {"Service": "*"}"#,
            r#""Principal": {"CanonicalUser": "*"}"#,
            r#""Principal": {"Federated": "accounts.google.com"}"#,
        ] {
            assert_eq!(anyone("Allow", principal), Truth::False, "{principal}");
        }
        assert_eq!(anyone("Deny", r#""NotPrincipal": {"AWS": "111122223333"}"#), Truth::False);
    }
}
