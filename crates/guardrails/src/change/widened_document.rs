//! Policy documents of AWS that grant more than before.

use std::collections::HashSet;

use planguard_plan::{ResourceState, Value, View};
use planguard_rule::Severity;

use super::compare::{Pair, Sight, places, sight};
use super::{Certainty, ChangeFinding};
use crate::engine::PlanIndex;
use crate::iam::{
    Document, Grant, adds_subjects_of_known_projects, allowed_principals, changed_conditions, grants_beyond,
};
use crate::unreadable::Unreadable;

/// Types whose attribute `policy` says something else than who may do what.
const RULES_OF_ANOTHER_KIND: &[&str] = &[
    "aws_ecr_lifecycle_policy",
    "aws_ecrpublic_lifecycle_policy",
    "aws_opensearchserverless_lifecycle_policy",
    "aws_s3control_bucket_lifecycle_configuration",
];

/// Whether this guard reports a grant of a trust policy. Another one reports who may assume the role.
pub(super) const fn is_of_trust(grant: Grant) -> bool {
    match grant {
        Grant::WithoutCondition | Grant::NoLongerDenied => true,
        Grant::Anyone
        | Grant::AllActions
        | Grant::AllResources
        | Grant::AllOfKind
        | Grant::Destroys
        | Grant::Escalation
        | Grant::RolesByPattern
        | Grant::Principal
        | Grant::OfOthers => false,
    }
}

/// What a policy document in an attribute grants beyond what it did, of the grants that are reported.
pub(super) fn document_finding(
    pair: &Pair<'_>,
    index: &PlanIndex<'_>,
    path: &[String],
    is_reported: impl Fn(Grant) -> bool,
) -> Option<ChangeFinding> {
    let read = document(&pair.before, path).and_then(|before| Ok((before, document(&pair.after, path)?)));
    let address = &pair.resource.address;
    let after = places(&pair.after.root(), path);
    let attribute = after.first()?.path().clone();
    let (before, granted) = match read {
        Ok((before, granted)) => (before?, granted),
        // The same text grants the same, whatever it is.
        Err(_) if is_unchanged(pair, path) => return None,
        // Rules of another kind have the same name: what a registry keeps, what a firewall manager enforces.
        Err(Unreadable::NoStatement) if RULES_OF_ANOTHER_KIND.contains(&address.resource_type.as_str()) => {
            return None;
        }
        Err(reason) => {
            let message = format!("{address} may grant more than before: `{attribute}` {reason}");
            return Some(
                ChangeFinding::on(pair.resource, message).at(attribute).with(Certainty::DependsOnUnknown),
            );
        }
    };
    let mut sensitive = after.iter().chain(&places(&pair.before.root(), path)).any(View::is_sensitive);
    let mut granted = granted;
    let mut are_all = true;
    for place in after.iter().filter(|place| sight(place) == Sight::Unknown) {
        // Data sources build it at apply, and most of them is known already.
        match index.known_statements(place) {
            Some(known) => {
                are_all &= known.are_all;
                sensitive |= known.are_sensitive;
                granted.get_or_insert_default().statements.extend(known.document.statements);
            }
            None => are_all = false,
        }
    }
    let granted = granted.unwrap_or_default();
    let mut grants = grants_beyond(&granted, &before);
    // What is not known may deny it as before.
    grants.retain(|grant, _| is_reported(*grant) && (are_all || *grant != Grant::NoLongerDenied));
    if grants.is_empty() && !are_all {
        let message =
            format!("{address} may grant more than before: `{attribute}` is known only after apply");
        return Some(
            ChangeFinding::on(pair.resource, message).at(attribute).with(Certainty::DependsOnUnknown),
        );
    }
    if grants.is_empty() {
        let account = foreign_account(&granted, &before, index)?;
        let who = if sensitive { "another account".to_owned() } else { format!("account `{account}`") };
        let message = format!("{address} grants more than before in `{attribute}`: {who} is new in it");
        return Some(ChangeFinding::on(pair.resource, message).at(attribute));
    }
    let is_of_known_projects = grants.keys().all(|grant| *grant == Grant::WithoutCondition)
        && adds_subjects_of_known_projects(&granted, &before);
    let is_about_principals = grants.keys().all(|grant| *grant == Grant::Principal);
    let what: Vec<String> = grants
        .into_iter()
        .map(|(grant, subjects)| match sensitive {
            true => grant.describe_in_general().to_owned(),
            false if grant == Grant::WithoutCondition => {
                let changed = changed_conditions(&granted, &before);
                let how = (!changed.is_empty()).then(|| format!(" ({})", changed.join(", ")));
                format!("{}{}", grant.describe(&subjects), how.unwrap_or_default())
            }
            false => grant.describe(&subjects),
        })
        .collect();
    let message = format!("{address} grants more than before in `{attribute}`: {}", what.join("; "));
    let finding = ChangeFinding::on(pair.resource, message).at(attribute);
    Some(match (is_about_principals, is_of_known_projects) {
        (true, _) => finding.mended_by(OF_PRINCIPALS),
        (false, true) => finding.weighing(Severity::Medium).mended_by(OF_SUBJECTS),
        (false, false) => finding,
    })
}

/// The remedy for another branch or environment of a repository in a trust policy.
const OF_SUBJECTS: &str = "Check who can run workflows there: whoever can push to the branch, or be approved for the environment, \
                           has the role. If that is meant, waive this finding for the address.";

/// The remedy for somebody new in a policy.
const OF_PRINCIPALS: &str = "Check that the account is yours or your partner's, name the role that needs access instead of the \
                             whole account, and list its actions.";

/// An account of others that a policy allows something, and did not before.
pub(super) fn foreign_account(after: &Document, before: &Document, index: &PlanIndex<'_>) -> Option<String> {
    let accounts = |document: &Document| -> Vec<String> {
        let principals = allowed_principals(document).into_iter();
        principals.filter_map(|(principal, _)| account_of(principal.id.text()?)).collect()
    };
    let old: HashSet<String> = accounts(before).into_iter().collect();
    let mut new = accounts(after).into_iter().filter(|account| !old.contains(account)).peekable();
    new.peek()?;
    let own = index.own_accounts();
    new.find(|account| !own.is_empty() && !own.contains(account))
}

/// The account of a principal: it stands for itself, or is part of an ARN.
fn account_of(principal: &str) -> Option<String> {
    let account = principal.split(':').nth(4).unwrap_or(principal);
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then(|| account.to_owned())
}

/// Whether all values at a path are the same on both sides.
pub(super) fn is_unchanged(pair: &Pair<'_>, path: &[String]) -> bool {
    let (before, after) = (pair.before.root(), pair.after.root());
    let (before, after) = (places(&before, path), places(&after, path));
    before.iter().map(View::raw).eq(after.iter().map(View::raw))
}

/// The documents at a path as one; `None` where there is none.
fn document(state: &ResourceState<'_>, path: &[String]) -> Result<Option<Document>, Unreadable> {
    let mut all: Option<Document> = None;
    for place in places(&state.root(), path) {
        let Sight::Known(Value::String(text)) = sight(&place) else { continue };
        all.get_or_insert_default().statements.extend(Document::parse(text)?.statements);
    }
    Ok(all)
}
