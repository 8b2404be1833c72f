//! Why an object goes, in the words of a message.

use planguard_plan::{ActionReason, ResourceChange};

/// Why an object is destroyed, as the end of a sentence; `None` where the plan does not say, or where the
/// reason is no reason to destroy.
pub(super) fn why_destroyed(resource: &ResourceChange<'_>) -> Option<&'static str> {
    match resource.action_reason.as_ref()? {
        ActionReason::DeleteBecauseNoResourceConfig => Some("its block is gone from the configuration"),
        ActionReason::DeleteBecauseNoModule => Some("its module is gone from the configuration"),
        ActionReason::DeleteBecauseCountIndex => Some("`count` became smaller"),
        ActionReason::DeleteBecauseEachKey => Some("its key is gone from `for_each`"),
        ActionReason::DeleteBecauseWrongRepetition => {
            Some("`count` or `for_each` was added to its block or taken away")
        }
        ActionReason::DeleteBecauseNoMoveTarget => Some("a `moved` block leads to where no block is"),
        ActionReason::DeleteBecauseEnabledFalse => Some("`enabled` is false"),
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

/// Why an object is replaced, as the end of a sentence that names the attributes which force it.
pub(super) fn why_replaced(resource: &ResourceChange<'_>) -> Option<String> {
    match &resource.action_reason {
        Some(ActionReason::ReplaceBecauseTainted) => Some("it is marked as tainted".to_owned()),
        Some(ActionReason::ReplaceByRequest) => Some("`-replace` asks for it".to_owned()),
        Some(ActionReason::ReplaceByTriggers) => Some("its `replace_triggered_by` fires".to_owned()),
        Some(_) | None => {
            let mut attributes: Vec<String> =
                resource.change.replace_paths.iter().map(|path| format!("`{path}`")).collect();
            attributes.sort();
            attributes.dedup();
            (!attributes.is_empty()).then(|| format!("{} cannot be changed in place", attributes.join(", ")))
        }
    }
}
