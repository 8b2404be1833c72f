//! Whether the security groups of an object limit who reaches it, as far as a plan shows it.

use std::collections::HashMap;

use planguard_guardrail_format::change::{Direction, TrafficEffect};
use planguard_plan::{Mode, Plan, ResourceState, Side, Value};

use super::compare::{Sight, sight};
use super::network::Addresses;
use super::openings::Reader;

/// What security groups of a plan let in, by how others call them.
pub(super) struct Limits<'p>(HashMap<&'p str, Limit>);

/// From where a security group lets in, by its own rules and those that are resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    SomeRanges,
    /// Half of the internet or more, or what nobody knows.
    Wide,
}

impl<'p> Limits<'p> {
    /// Reads the rules of a plan.
    pub(super) fn of(plan: &'p Plan<'p>) -> Self {
        let mut limits: HashMap<&str, Limit> = HashMap::new();
        let managed = plan.each_change().filter(|change| change.address.mode == Mode::Managed);
        for change in managed.filter(|change| change.deposed.is_none()) {
            let Some(state) = ResourceState::new(plan, change, Side::After) else { continue };
            for reader in Reader::all(&change.address.resource_type) {
                if reader.kind() != (Direction::In, TrafficEffect::Allow) {
                    continue;
                }
                let place = state.root().key(reader.object().unwrap_or("id"));
                let Sight::Known(Value::String(group)) = sight(&place) else { continue };
                let openings = reader.read(&state);
                let is_wide =
                    openings.known.iter().any(|opening| Addresses::cover_half_the_internet(&[opening.from]));
                let limit = limits.entry(group).or_insert(Limit::SomeRanges);
                if is_wide || !openings.unknown.is_empty() {
                    *limit = Limit::Wide;
                }
            }
        }
        Self(limits)
    }

    /// Whether all security groups of an object are in the plan, and none of them lets in most of the internet.
    pub(super) fn limit(&self, object: &ResourceState<'_>) -> bool {
        let place = object.root().key("security_groups");
        let groups = sight(&place).known().map(Value::elements).unwrap_or_default();
        let groups: Option<Vec<&str>> = groups.iter().map(Value::as_str).collect();
        let Some(groups) = groups.filter(|groups| !groups.is_empty()) else { return false };
        groups.into_iter().all(|group| self.0.get(group) == Some(&Limit::SomeRanges))
    }
}

#[cfg(test)]
mod tests {
    use planguard_rule::Severity;

    use super::super::exposure_flag::GUARD;
    use super::super::testing::{find_in_changes, update};

    /// How severe a load balancer that leaves its network is, with these groups and these other changes.
    fn severity(groups: &str, others: &[&str]) -> Option<Severity> {
        let balancer = |internal: bool| format!(r#"{{"internal": {internal}, "security_groups": {groups}}}"#);
        let change = update("aws_lb.a", &balancer(true), &balancer(false), "{}");
        let entries = std::iter::once(change.as_str()).chain(others.iter().copied()).collect::<Vec<_>>();
        let found = find_in_changes(&GUARD, &entries.join(","));
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].severity
    }

    fn group(id: &str, cidr: &str) -> String {
        let state = format!(
            r#"{{"id": "{id}", "ingress": [{{"from_port": 443, "to_port": 443, "protocol": "tcp",
                "cidr_blocks": ["{cidr}"]}}]}}"#
        );
        update(&format!("aws_security_group.{id}"), &state, &state, "{}")
    }

    fn rule(name: &str, cidr: &str) -> String {
        let state = format!(
            r#"{{"security_group_id": "a", "ip_protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ipv4": {cidr}}}"#
        );
        update(&format!("aws_vpc_security_group_ingress_rule.{name}"), &state, &state, "{}")
    }

    #[test]
    fn a_load_balancer_whose_groups_let_in_some_ranges_is_not_told_as_open() {
        let office = group("a", "203.0.113.0/24");
        let limited = severity(r#"["a"]"#, &[&office]);
        assert_eq!(limited, Some(Severity::Medium));
        let rule = rule("office", r#""203.0.113.0/24""#);
        assert_eq!(severity(r#"["a"]"#, &[&rule]), limited, "by a rule that is a resource");
    }

    #[test]
    fn a_load_balancer_that_one_group_opens_is_open() {
        let (office, all) = (group("a", "203.0.113.0/24"), group("b", "0.0.0.0/0"));
        assert_eq!(severity(r#"["b"]"#, &[&all]), Some(Severity::High));
        assert_eq!(severity(r#"["a", "b"]"#, &[&office, &all]), Some(Severity::High));
        assert_eq!(severity(r#"["a"]"#, &[&office, &rule("all", r#""0.0.0.0/0""#)]), Some(Severity::High));
    }

    #[test]
    fn a_load_balancer_is_open_as_long_as_the_plan_does_not_show_that_it_is_limited() {
        let office = group("a", "203.0.113.0/24");
        assert_eq!(severity("[]", &[&office]), Some(Severity::High), "no group");
        assert_eq!(severity(r#"["c"]"#, &[&office]), Some(Severity::High), "a group of another plan");
        let state = r#"{"security_group_id": "a", "ip_protocol": "tcp", "from_port": 443, "to_port": 443}"#;
        let unknown = update("aws_vpc_security_group_ingress_rule.u", state, state, r#"{"cidr_ipv4": true}"#);
        assert_eq!(severity(r#"["a"]"#, &[&office, &unknown]), Some(Severity::High), "a range nobody knows");
    }
}
