//! For how long what a plan destroys waits for its deletion and can still be restored.

use planguard_plan::{Plan, ResourceChange, ResourceState, Side, Value};

use super::compare::{Sight, sight};

/// Types whose objects wait, with the attribute that says for how many days.
const WINDOWS: &[(&str, &str)] = &[
    ("aws_kms_external_key", "deletion_window_in_days"),
    ("aws_kms_key", "deletion_window_in_days"),
    ("aws_kms_replica_external_key", "deletion_window_in_days"),
    ("aws_kms_replica_key", "deletion_window_in_days"),
    ("aws_secretsmanager_secret", "recovery_window_in_days"),
];

/// The days where the attribute is not set: the provider has the same default for all of them.
const DEFAULT_DAYS: usize = 30;

/// For how long a destroyed object can be restored, as part of a sentence; `None` where it cannot.
pub(super) fn kept_for(plan: &Plan<'_>, resource: &ResourceChange<'_>) -> Option<String> {
    let (_, attribute) = WINDOWS.iter().find(|(name, _)| *name == resource.address.resource_type)?;
    let before = ResourceState::new(plan, resource, Side::Before)?;
    let place = before.root().key(attribute);
    match sight(&place) {
        Sight::Known(days) if !place.is_sensitive() => {
            let Value::Number(days) = days else { return None };
            let days = days.to_string();
            (days != "0").then(|| format!("for {days} days (`{attribute}`)"))
        }
        Sight::Known(_) | Sight::Unknown | Sight::Computed => None,
        Sight::Unset => Some(format!("for {DEFAULT_DAYS} days (`{attribute}` is not set)")),
    }
}
