//! Why an object is destroyed or replaced, in the words of a message.

use planguard_plan::{ActionReason, ResourceChange};

/// Why an object is destroyed, as the clause ` because …` behind a verb; empty where the plan does not say.
pub(super) fn because_destroyed(resource: &ResourceChange<'_>) -> String {
    why_destroyed(resource).map(|reason| format!(" because {reason}")).unwrap_or_default()
}

/// Why an object is replaced, as the clause ` because …` behind a verb; empty where the plan does not say.
pub(super) fn because_replaced(resource: &ResourceChange<'_>) -> String {
    why_replaced(resource).map(|reason| format!(" because {reason}")).unwrap_or_default()
}

fn why_destroyed(resource: &ResourceChange<'_>) -> Option<&'static str> {
    let reason = resource.action_reason.as_ref()?;
    match reason {
        ActionReason::DeleteBecauseNoResourceConfig
        | ActionReason::DeleteBecauseNoModule
        | ActionReason::DeleteBecauseCountIndex
        | ActionReason::DeleteBecauseEachKey
        | ActionReason::DeleteBecauseWrongRepetition
        | ActionReason::DeleteBecauseNoMoveTarget
        | ActionReason::DeleteBecauseEnabledFalse => reason.clause(),
        ActionReason::ReplaceBecauseCannotUpdate
        | ActionReason::ReplaceBecauseTainted
        | ActionReason::ReplaceByRequest
        | ActionReason::ReplaceByTriggers
        | ActionReason::ReadBecauseConfigUnknown
        | ActionReason::ReadBecauseDependencyPending
        | ActionReason::ReadBecauseCheckNested
        | ActionReason::ForgotBecauseLifecycle
        | ActionReason::Other(_) => None,
    }
}

/// Names the attributes that force a replacement, unless it has another reason.
fn why_replaced(resource: &ResourceChange<'_>) -> Option<String> {
    match &resource.action_reason {
        Some(
            reason @ (ActionReason::ReplaceBecauseTainted
            | ActionReason::ReplaceByRequest
            | ActionReason::ReplaceByTriggers),
        ) => reason.clause().map(ToOwned::to_owned),
        Some(_) | None => {
            let mut attributes: Vec<String> =
                resource.change.replace_paths.iter().map(|path| format!("`{path}`")).collect();
            attributes.sort();
            attributes.dedup();
            match attributes.as_slice() {
                [] => None,
                [one] => Some(format!("{one} forces replacement")),
                several => Some(format!("{} force replacement", several.join(", "))),
            }
        }
    }
}
