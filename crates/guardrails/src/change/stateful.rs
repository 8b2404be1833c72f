//! Resource types that hold data or identity: once destroyed, no apply brings back what they held.

use planguard_plan::{Plan, ResourceChange, ResourceState, Side};
use planguard_rule::Severity;

use super::tables::{DESTROY_REFUSED, KEPT_ON_DESTROY, PROTECTION_OFF, STATEFUL};
use super::{pending, switch};

/// What happens to the data of an object that a plan destroys, as a clause.
pub(super) enum Loss {
    /// It is lost. The severity is that of the type, where that is not the one of the guard.
    Certain(String, Option<Severity>),
    /// The provider destroys the object only if it is empty, and fails otherwise.
    OfEmpty(String),
    /// The provider does not destroy the object, and the apply fails.
    Refused(String),
}

impl Loss {
    /// The severity of a finding about it, where that is not the one of its guard: what is refused is not lost.
    pub(super) const fn severity(&self) -> Option<Severity> {
        match self {
            Self::Certain(_, severity) => *severity,
            Self::OfEmpty(_) | Self::Refused(_) => Some(Severity::Medium),
        }
    }

    /// Whether something is lost of which a final snapshot may be kept.
    pub(super) const fn happens(&self) -> bool {
        match self {
            Self::Certain(..) | Self::OfEmpty(_) => true,
            Self::Refused(_) => false,
        }
    }
}

/// Settings with which a provider, or the service behind it, refuses to destroy an object of any type. Other protections
/// are taken off by the provider itself before it destroys the object, as that of an instance.
const REFUSING: &[&str] = &[
    "delete_protection",
    "deletion_protection",
    "deletion_protection_enabled",
    "enable_deletion_protection",
    "enable_drop_protection",
];

/// How an object says that it must not be destroyed, for example `` `deletion_protection` is `true` ``. An update that turns
/// it off comes too late: the plan destroys the object as it is.
pub(super) fn protection(before: &ResourceState<'_>) -> Option<String> {
    let refuses = |attribute: &[String]| {
        let is_own = matches!(attribute, [_]) || attribute.first().is_some_and(|first| first == "settings");
        is_own && attribute.last().is_some_and(|last| REFUSING.contains(&last.as_str()))
    };
    PROTECTION_OFF
        .switches(&before.change.address.resource_type)
        .filter(|switch| refuses(&switch.attribute))
        .find_map(|switch| switch::safe_value(switch, before))
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Certain(words, _) | Self::OfEmpty(words) | Self::Refused(words)) = self;
        f.write_str(words)
    }
}

/// What is lost when an object is destroyed; `None` where that is nothing: its type holds nothing, or the provider keeps
/// it.
pub(super) fn loss_of(plan: &Plan<'_>, resource: &ResourceChange<'_>) -> Option<Loss> {
    let resource_type = &resource.address.resource_type;
    let loss = loss(resource_type)?;
    let severity = STATEFUL.group(resource_type).and_then(|group| group.severity);
    let certain = |words: &str| {
        let kept = pending::kept_for(plan, resource);
        let words =
            kept.map_or_else(|| words.to_owned(), |kept| format!("{words}; it can be restored {kept}"));
        Some(Loss::Certain(words, severity))
    };
    let Some(before) = ResourceState::new(plan, resource, Side::Before) else { return certain(loss) };
    let is_kept = |switch| switch::side(switch, &before) == switch::Side::Safe;
    if KEPT_ON_DESTROY.switches(resource_type).any(is_kept) {
        return None;
    }
    if let Some(protection) = protection(&before) {
        return Some(Loss::Refused(format!("the provider refuses to destroy it: {protection}")));
    }
    let Some(switch) = DESTROY_REFUSED.switches(resource_type).next() else { return certain(loss) };
    let attribute = switch.attribute.join(".");
    Some(match switch::side(switch, &before) {
        switch::Side::Unsafe(why) => Loss::Certain(format!("{loss} ({why})"), severity),
        switch::Side::Safe | switch::Side::Undecided => {
            Loss::OfEmpty(format!("the provider refuses unless it is empty: `{attribute}` is not `true`"))
        }
    })
}

/// Whether objects of a type hold data or identity.
pub(super) fn is_stateful(resource_type: &str) -> bool {
    STATEFUL.group(resource_type).is_some()
}

/// What is lost when an object of a type is destroyed, as a clause; `None` for types that hold nothing.
fn loss(resource_type: &str) -> Option<&'static str> {
    let group = STATEFUL.group(resource_type)?;
    Some(group.loss.as_deref().unwrap_or("its data is destroyed"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use planguard_guardrail_format::change::read_change_table;

    use super::super::testing::shared;
    use super::*;

    #[test]
    fn logs_and_parameters_weigh_less_than_data() {
        let severity = |resource_type: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "resource_changes": [{{"address": "{resource_type}.a",
                    "change": {{"actions": ["delete"], "before": {{}}, "after": null}}}}]}}"#
            );
            let plan = Plan::parse(&text).unwrap();
            loss_of(&plan, &plan.resource_changes[0]).and_then(|loss| loss.severity())
        };
        assert_eq!(severity("aws_cloudwatch_log_group"), Some(Severity::High));
        assert_eq!(severity("aws_ssm_parameter"), Some(Severity::High));
        assert_eq!(severity("aws_rds_cluster"), None);
        assert_eq!(severity("azurerm_log_analytics_workspace"), None);
    }

    #[test]
    fn what_is_lost_has_a_name() {
        assert_eq!(loss("aws_db_instance"), Some("its data is destroyed"));
        assert_eq!(loss("aws_route53_zone"), Some("its records are destroyed"));
        assert_eq!(loss("aws_iam_role"), None);
    }

    /// Every type of the inventory that lies beside the repository is in the table, or has a reason not to be.
    #[test]
    fn the_inventory_of_stateful_types_is_covered() {
        let Some(inventory) = shared("providers/roles.tsv") else { return };
        let file = "../../policies/change/stateful.toml";
        let text = std::fs::read_to_string(file).unwrap();
        let table = read_change_table(file, &text).unwrap();
        let excepted: BTreeMap<&str, &str> = table
            .exceptions
            .iter()
            .flat_map(|row| row.types.iter().map(|name| (name.as_str(), row.entry.as_str())))
            .collect();
        let inventory = std::fs::read_to_string(inventory).unwrap();
        let stateful = inventory.lines().filter_map(|line| line.strip_suffix("\tstateful"));
        let uncovered: Vec<&str> =
            stateful.filter(|name| !is_stateful(name) && !excepted.contains_key(name)).collect();
        assert!(uncovered.is_empty(), "{uncovered:?}");
    }
}
