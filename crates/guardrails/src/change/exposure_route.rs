//! Reports subnets that exist and get a route to the internet: they become public.

use planguard_plan::{Attribute, Plan, ResourceChange, ResourceState, Side, View};
use planguard_rule::Severity;

use super::about::About;
use super::network::Addresses;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-exposure-route",
        title: "A route table that exists gets a route to the internet",
        severity: Severity::Medium,
        why: "Its subnets become public: whatever in them has a public address, or gets one later, can be reached from the \
              internet.",
        remediation: "Route outbound traffic through a NAT gateway. Put what has to be reached into a subnet of its own.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_route_table.private", "change": {"actions": ["update"],
            "before": {"id": "rtb-1", "route": []},
            "after": {"id": "rtb-1", "route": [{"cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}]}}}"#,
        r#"{"address": "aws_route_table.private", "change": {"actions": ["update"],
            "before": {"id": "rtb-1", "route": []},
            "after": {"id": "rtb-1", "route": [{"cidr_block": "0.0.0.0/0", "nat_gateway_id": "nat-1"}]}}}"#,
    ),
    check,
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    plan.resource_changes.iter().filter_map(|change| finding(plan, change)).collect()
}

fn finding(plan: &Plan<'_>, change: &ResourceChange<'_>) -> Option<ChangeFinding> {
    let is_table = match change.address.resource_type.as_str() {
        "aws_route_table" | "aws_default_route_table" => true,
        "aws_route" => false,
        _ => return None,
    };
    if change.change.actions.is_no_op() || change.deposed.is_some() {
        return None;
    }
    let after = ResourceState::new(plan, change, Side::After)?;
    let before = ResourceState::new(plan, change, Side::Before);
    if is_table {
        let leads_out = |state: &ResourceState<'_>| {
            let routes = state.root().key("route").elements().unwrap_or_default();
            routes.into_iter().any(|route| leads_out(&route, "cidr_block", "ipv6_cidr_block"))
        };
        let is_new = leads_out(&after) && !leads_out(&before?);
        return is_new.then(|| report(change));
    }
    let leads_out = |state: &ResourceState<'_>| {
        leads_out(&state.root(), "destination_cidr_block", "destination_ipv6_cidr_block")
    };
    // A table whose id is not known yet is new, and so are its subnets.
    let is_of_existing = text(&after.root().key("route_table_id")).is_some();
    (is_of_existing && leads_out(&after) && !before.is_some_and(|before| leads_out(&before)))
        .then(|| report(change))
}

fn report(change: &ResourceChange<'_>) -> ChangeFinding {
    let message =
        format!("{} routes traffic to an internet gateway, which it did not before", change.address);
    ChangeFinding::on(change, message)
}

/// Whether a route sends everything to an internet gateway.
fn leads_out(route: &View<'_, '_>, v4: &str, v6: &str) -> bool {
    let is_everything = [v4, v6]
        .iter()
        .filter_map(|name| text(&route.key(name)))
        .any(|range| Addresses::parse(range).iter().any(|range| Addresses::EVERYWHERE.contains(range)));
    let gateway = route.key("gateway_id");
    let refers = || {
        let found = route.state().references(gateway.path());
        found.is_some_and(|found| {
            found.resources.iter().any(|one| one.address.contains("aws_internet_gateway."))
        })
    };
    let is_out = match gateway.attribute() {
        Attribute::Known(value) => value.as_str().is_some_and(|id| id.starts_with("igw-")),
        Attribute::Unknown => refers(),
        Attribute::Unset => false,
    };
    is_everything && is_out
}

/// A text that is known and not empty.
fn text<'p>(place: &View<'p, '_>) -> Option<&'p str> {
    match place.attribute() {
        Attribute::Known(value) => value.as_str().filter(|text| !text.is_empty()),
        Attribute::Unknown | Attribute::Unset => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    fn route(actions: &str, before: &str, table: &str, target: &str) -> usize {
        let entry = format!(
            r#"{{"address": "aws_route.a", "change": {{"actions": [{actions}], "before": {before},
                "after": {{"destination_cidr_block": "0.0.0.0/0", "gateway_id": "{target}" {table}}}}}}}"#
        );
        find_in_changes(&GUARD, &entry).len()
    }

    #[test]
    fn only_tables_that_exist_count() {
        let known = r#", "route_table_id": "rtb-1""#;
        assert_eq!(route(r#""create""#, "null", known, "igw-1"), 1);
        assert_eq!(route(r#""create""#, "null", "", "igw-1"), 0);
        assert_eq!(route(r#""create""#, "null", known, "vgw-1"), 0);
    }

    #[test]
    fn a_route_that_led_out_already_is_not_new() {
        let known = r#", "route_table_id": "rtb-1""#;
        let before = |target: &str| {
            format!(r#"{{"route_table_id": "rtb-1", "destination_cidr_block": "0.0.0.0/0", {target}}}"#)
        };
        let replaced = r#""delete", "create""#;
        assert_eq!(route(replaced, &before(r#""nat_gateway_id": "nat-1""#), known, "igw-1"), 1);
        assert_eq!(route(replaced, &before(r#""gateway_id": "igw-0""#), known, "igw-1"), 0);
    }
}
