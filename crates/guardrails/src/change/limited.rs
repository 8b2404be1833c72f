//! Whether the security groups of an object limit who reaches it, as far as a plan shows it.

use planguard_guardrail_format::change::{Direction, TrafficEffect};
use planguard_plan::{Mode, Plan, ResourceState, Side, Value};

use super::compare::sight;
use super::network::Addresses;
use super::openings::Reader;

/// Whether all security groups of an object are in the plan, and none of them lets in most of the internet.
pub(super) fn limits_sources(plan: &Plan<'_>, object: &ResourceState<'_>) -> bool {
    let place = object.root().key("security_groups");
    let groups = sight(&place).known().map(Value::elements).unwrap_or_default();
    let groups: Option<Vec<&str>> = groups.iter().map(Value::as_str).collect();
    let Some(groups) = groups.filter(|groups| !groups.is_empty()) else { return false };
    groups.into_iter().all(|group| is_limited(plan, group))
}

/// Whether a security group is in the plan, and lets in only some ranges, by its own rules and those that are resources.
fn is_limited(plan: &Plan<'_>, group: &str) -> bool {
    let managed = plan.resource_changes.iter().filter(|change| change.address.mode == Mode::Managed);
    let mut is_known = false;
    for change in managed.filter(|change| change.deposed.is_none()) {
        let Some(state) = ResourceState::new(plan, change, Side::After) else { continue };
        for reader in Reader::all(&change.address.resource_type) {
            let place = state.root().key(reader.object().unwrap_or("id"));
            if reader.kind() != (Direction::In, TrafficEffect::Allow)
                || sight(&place).known().and_then(Value::as_str) != Some(group)
            {
                continue;
            }
            is_known = true;
            let openings = reader.read(&state);
            let is_wide =
                openings.known.iter().any(|opening| Addresses::cover_half_the_internet(&[opening.from]));
            if is_wide || !openings.unknown.is_empty() {
                return false;
            }
        }
    }
    is_known
}
