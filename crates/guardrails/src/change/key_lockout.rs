//! Policies of keys after which nobody can change the policy any more: only the provider's support can help then.

use planguard_guardrail_format::Effect;
use planguard_plan::text::wildcard;
use planguard_plan::{ResourceState, Value};

use super::ChangeFinding;
use super::compare::{Pair, Sight, sight};
use crate::iam::{Document, Statement};

/// The action by which whoever may do it can give everyone every right on a key.
const CHANGE_POLICY: &str = "kms:putkeypolicy";

/// The finding for a key whose policy names nobody any more who can change it.
pub(super) fn locked_out(pair: &Pair<'_>) -> Option<ChangeFinding> {
    if !matches!(
        pair.resource.address.resource_type.as_str(),
        "aws_kms_key" | "aws_kms_key_policy" | "aws_kms_replica_key" | "aws_kms_external_key"
    ) {
        return None;
    }
    if !has_administrator(&pair.before)? || has_administrator(&pair.after)? {
        return None;
    }
    let message = format!(
        "{} locks everyone out: no statement of `policy` allows `kms:PutKeyPolicy` any more, so that nobody can change \
         the policy",
        pair.resource.address
    );
    Some(ChangeFinding::on(pair.resource, message).at(pair.after.root().key("policy").path().clone()))
}

/// Whether a policy allows anybody to change it; `None` where nobody knows.
fn has_administrator(state: &ResourceState<'_>) -> Option<bool> {
    let Sight::Known(Value::String(text)) = sight(&state.root().key("policy")) else { return None };
    let document = Document::parse(text).ok().filter(|document| !document.statements.is_empty())?;
    Some(document.statements.iter().any(allows_to_change))
}

fn allows_to_change(statement: &Statement) -> bool {
    let matches = |action: &String| wildcard::matches(&action.to_ascii_lowercase(), CHANGE_POLICY);
    let listed = &statement.actions;
    let names = listed.these.as_ref().is_some_and(|these| these.known.iter().any(matches));
    // All but some others.
    let leaves = listed.all_but.as_ref().is_some_and(|others| !others.known.iter().any(matches));
    statement.effect == Some(Effect::Allow) && (names || leaves)
}

#[cfg(test)]
mod tests {
    use super::super::key_destroyed::GUARD;
    use super::super::testing::find_in_update;

    #[test]
    fn a_policy_without_anybody_who_can_change_it_is_told() {
        let policy = |actions: &[&str]| {
            let statements: Vec<_> = actions
                .iter()
                .map(|action| {
                    serde_json::json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                        "Action": action, "Resource": "*"})
                })
                .collect();
            serde_json::json!({"policy": serde_json::json!({"Statement": statements}).to_string()})
                .to_string()
        };
        let found = |before: &[&str], after: &[&str]| {
            let found = find_in_update(&GUARD, "aws_kms_key.a", &policy(before), &policy(after), "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            found(&["kms:*", "kms:Decrypt"], &["kms:Decrypt"]),
            [
                "aws_kms_key.a locks everyone out: no statement of `policy` allows `kms:PutKeyPolicy` any more, so that \
                 nobody can change the policy"
            ]
        );
        assert_eq!(found(&["kms:*"], &["kms:Put*"]), [""; 0]);
        assert_eq!(found(&["kms:Decrypt"], &["kms:Encrypt"]), [""; 0], "nobody could before");
    }
}
