//! Reports subnets that exist and get a route to the internet: they become public.

use std::collections::HashMap;
use std::fmt;

use planguard_plan::{Address, Attribute, Plan, ResourceChange, ResourceState, Side, Value, View};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{pairs, shown};
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

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found: Vec<ChangeFinding> =
        plan.each_change().filter_map(|change| finding(plan, change)).collect();
    found.extend(associated(plan));
    found
}

fn finding(plan: &Plan<'_>, change: &ResourceChange<'_>) -> Option<ChangeFinding> {
    if change.change.actions.is_no_op() || change.deposed.is_some() {
        return None;
    }
    let after = ResourceState::new(plan, change, Side::After)?;
    let before = ResourceState::new(plan, change, Side::Before);
    let way = match change.address.resource_type.as_str() {
        "aws_route_table" | "aws_default_route_table" => {
            let way = way_of_table(&after)?;
            if way_of_table(&before?).is_some() {
                return None;
            }
            way
        }
        "aws_route" => {
            // A table whose id is not known yet is new, and so are its subnets.
            text(&after.root().key(TABLE))?;
            let way = way_of_route(&after)?;
            if before.is_some_and(|before| way_of_route(&before).is_some()) {
                return None;
            }
            way
        }
        _ => return None,
    };
    let message = format!("{} routes {way}, which it did not before", change.address);
    Some(ChangeFinding::on(change, message))
}

/// The findings for subnets that exist and get another route table, which leads out.
fn associated(plan: &Changes<'_>) -> Vec<ChangeFinding> {
    let mut tables: Option<Tables<'_>> = None;
    let mut found = Vec::new();
    for pair in pairs(plan).filter(|pair| pair.resource.address.resource_type == ASSOCIATION) {
        let (before, after) = (pair.before.root(), pair.after.root());
        let (Some(subnet), Some(table)) = (text(&after.key(SUBNET)), text(&after.key(TABLE))) else {
            continue;
        };
        let Some(old) = text(&before.key(TABLE)).filter(|old| *old != table) else { continue };
        if text(&before.key(SUBNET)) != Some(subnet) {
            continue;
        }
        let tables = tables.get_or_insert_with(|| Tables::of(plan));
        let (Some((by, way)), None) = (tables.ways.get(table), tables.ways.get(old)) else { continue };
        let message = format!(
            "{} makes subnet `{subnet}` public: `{TABLE}` changes from `{old}` to `{table}`, where {by} routes {way}",
            pair.resource.address
        );
        found.push(ChangeFinding::on(pair.resource, message).at(after.key(TABLE).path().clone()));
    }
    found
}

const ASSOCIATION: &str = "aws_route_table_association";
const SUBNET: &str = "subnet_id";
const TABLE: &str = "route_table_id";

/// The route tables that lead to the internet after a plan, by id, with the resource that says so.
struct Tables<'p> {
    ways: HashMap<&'p str, (&'p Address, Way)>,
}

impl<'p> Tables<'p> {
    fn of(plan: &'p Plan<'p>) -> Self {
        let mut ways = HashMap::new();
        for change in plan.each_change().filter(|change| change.deposed.is_none()) {
            let Some(state) = ResourceState::new(plan, change, Side::After) else { continue };
            let (name, way) = match change.address.resource_type.as_str() {
                "aws_route_table" | "aws_default_route_table" => ("id", way_of_table(&state)),
                "aws_route" => (TABLE, way_of_route(&state)),
                _ => continue,
            };
            let id = state.root().key(name).raw().and_then(Value::as_str).filter(|id| !id.is_empty());
            if let (Some(id), Some(way)) = (id, way) {
                ways.entry(id).or_insert((&change.address, way));
            }
        }
        Self { ways }
    }
}

/// A route of everything to an internet gateway.
struct Way {
    range: String,
    gateway: Option<String>,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.gateway {
            Some(gateway) => write!(f, "{} to internet gateway {gateway}", self.range),
            None => write!(f, "{} to an internet gateway", self.range),
        }
    }
}

fn way_of_table(state: &ResourceState<'_>) -> Option<Way> {
    let routes = state.root().key("route").elements().unwrap_or_default();
    routes.iter().find_map(|route| way_out(route, "cidr_block", "ipv6_cidr_block"))
}

fn way_of_route(state: &ResourceState<'_>) -> Option<Way> {
    way_out(&state.root(), "destination_cidr_block", "destination_ipv6_cidr_block")
}

/// Where a route sends everything to an internet gateway, if it does.
fn way_out(route: &View<'_, '_>, v4: &str, v6: &str) -> Option<Way> {
    let range = [v4, v6]
        .iter()
        .filter_map(|name| text(&route.key(name)))
        .find(|range| Addresses::parse(range).iter().any(|range| Addresses::EVERYWHERE.contains(range)))?;
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
    is_out.then(|| Way { range: range.to_owned(), gateway: shown(&gateway) })
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

    #[test]
    fn a_subnet_that_gets_a_table_which_leads_out_becomes_public() {
        let associated = |old: &str, new: &str| {
            format!(
                r#"{{"address": "aws_route_table_association.a", "change": {{"actions": ["update"],
                    "before": {{"subnet_id": "subnet-1", "route_table_id": "{old}"}},
                    "after": {{"subnet_id": "subnet-1", "route_table_id": "{new}"}}}}}}"#
            )
        };
        let public = r#"{"address": "aws_route.public", "change": {"actions": ["no-op"],
            "before": {"route_table_id": "rtb-2", "destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"},
            "after": {"route_table_id": "rtb-2", "destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}}}"#;
        let of = |old: &str, new: &str| {
            let found = find_in_changes(&GUARD, &format!("{public}, {}", associated(old, new)));
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            of("rtb-1", "rtb-2"),
            [
                "aws_route_table_association.a makes subnet `subnet-1` public: `route_table_id` changes from `rtb-1` to `rtb-2`, where aws_route.public routes 0.0.0.0/0 to internet gateway `igw-1`"
            ]
        );
        assert!(of("rtb-2", "rtb-1").is_empty());
    }
}
