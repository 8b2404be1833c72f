//! Reports targets of internal load balancers that a load balancer on the internet passes requests to.

use std::collections::HashMap;

use planguard_plan::{Plan, ResourceChange, ResourceState, Side, Value, View};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Sight, places, sight};
use super::named::Named;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-exposure-target",
        title: "A target of an internal load balancer can be reached from the internet",
        severity: Severity::High,
        why: "The target was behind an internal load balancer and may neither ask who calls nor withstand what the internet \
              sends. The load balancer on the internet is older than the change, so that no rule about its state reports it \
              as new.",
        remediation: "Pass requests from the internet to targets that were made for it, or demand a login in the listener.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_lb.public", "change": {"actions": ["no-op"], "before": {"arn": "lb-1", "internal": false},
            "after": {"arn": "lb-1", "internal": false}}},
           {"address": "aws_lb.internal", "change": {"actions": ["no-op"], "before": {"arn": "lb-2", "internal": true},
            "after": {"arn": "lb-2", "internal": true}}},
           {"address": "aws_lb_listener.internal", "change": {"actions": ["no-op"],
            "before": {"load_balancer_arn": "lb-2", "default_action": [{"target_group_arn": "orders"}]},
            "after": {"load_balancer_arn": "lb-2", "default_action": [{"target_group_arn": "orders"}]}}},
           {"address": "aws_lb_listener.public", "change": {"actions": ["update"],
            "before": {"load_balancer_arn": "lb-1", "default_action": [{"target_group_arn": "web"}]},
            "after": {"load_balancer_arn": "lb-1", "default_action": [{"target_group_arn": "orders"}]}}}"#,
        r#"{"address": "aws_lb.public", "change": {"actions": ["no-op"], "before": {"arn": "lb-1", "internal": false},
            "after": {"arn": "lb-1", "internal": false}}},
           {"address": "aws_lb_listener.public", "change": {"actions": ["update"],
            "before": {"load_balancer_arn": "lb-1", "default_action": [{"target_group_arn": "web"}]},
            "after": {"load_balancer_arn": "lb-1", "default_action": [{"target_group_arn": "web-2"}]}}}"#,
    ),
    check,
};

const BALANCERS: &[&str] = &["aws_alb", "aws_lb"];
const LISTENERS: &[&str] = &["aws_alb_listener", "aws_lb_listener"];
const RULES: &[&str] = &["aws_alb_listener_rule", "aws_lb_listener_rule"];

/// The ways from a listener or a rule to the target groups that it passes requests to.
const TARGETS: &[&[&str]] = &[
    &["default_action", "target_group_arn"],
    &["default_action", "forward", "target_group", "arn"],
    &["action", "target_group_arn"],
    &["action", "forward", "target_group", "arn"],
];

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let is_door = |change: &&ResourceChange<'_>| {
        let kind = change.address.resource_type.as_str();
        change.deposed.is_none() && (LISTENERS.contains(&kind) || RULES.contains(&kind))
    };
    let doors: Vec<&ResourceChange<'_>> = plan.each_change().filter(is_door).collect();
    if doors.iter().all(|door| door.change.actions.is_no_op()) {
        return Vec::new();
    }
    let paths = Paths {
        balancers: Named::of_types(plan, BALANCERS),
        listeners: Named::of_types(plan, LISTENERS),
        groups: Named::of_types(plan, &["aws_alb_target_group", "aws_lb_target_group"]),
        plan,
    };
    let mut before: HashMap<&str, Former<'_>> = HashMap::new();
    for way in doors.iter().flat_map(|door| paths.through(door, Side::Before)) {
        let is_internal = way.is_internal;
        let former = before.entry(way.target).or_insert(Former { first: way, are_internal: true });
        former.are_internal &= is_internal;
    }
    let mut found: Vec<ChangeFinding> = Vec::new();
    for door in doors.iter().filter(|door| !door.change.actions.is_no_op()) {
        let of_others = found.len();
        for way in paths.through(door, Side::After).iter().filter(|way| !way.is_internal) {
            let former = before.get(way.target).filter(|former| former.are_internal);
            let Some(Former { first: inside, .. }) = former else { continue };
            // A load balancer that goes to the internet itself is the cause, and `change-exposure-flag` tells it.
            if inside.balancer.address == way.balancer.address {
                continue;
            }
            let target = paths.groups.with_identity(way.target).first();
            let target =
                target.map_or_else(|| "a target group".to_owned(), |group| group.address.to_string());
            let message = format!(
                "{} passes requests from the internet through {} to {target}, which only {} reached before",
                door.address, way.balancer.address, inside.balancer.address
            );
            let finding = ChangeFinding::on(door, message);
            // A door may lead to one target in several ways.
            if !found.iter().skip(of_others).any(|told| *told == finding) {
                found.push(finding);
            }
        }
    }
    found
}

/// A way from a load balancer to a target group.
struct Way<'p> {
    balancer: &'p ResourceChange<'p>,
    is_internal: bool,
    target: &'p str,
}

/// The ways that led to a target group before.
struct Former<'p> {
    first: Way<'p>,
    /// Whether none of them came from the internet.
    are_internal: bool,
}

struct Paths<'p> {
    plan: &'p Plan<'p>,
    balancers: Named<'p>,
    listeners: Named<'p>,
    groups: Named<'p>,
}

impl<'p> Paths<'p> {
    /// The ways through a listener or a rule; none where its load balancer is not in the plan.
    fn through(&self, door: &'p ResourceChange<'p>, side: Side) -> Vec<Way<'p>> {
        let Some(state) = ResourceState::new(self.plan, door, side) else { return Vec::new() };
        let Some(balancer) = self.balancer_of(&state) else { return Vec::new() };
        let object = match side {
            Side::Before => balancer.change.before.as_deref(),
            Side::After => balancer.change.after.as_deref(),
        };
        let Some(object) = object else { return Vec::new() };
        let is_internal = object.get("internal") == Some(&Value::Bool(true));
        let targets = TARGETS.iter().flat_map(|path| places(&state.root(), path));
        let mut targets: Vec<&str> = targets.filter_map(|place| text(&place)).collect();
        targets.sort_unstable();
        targets.dedup();
        targets.into_iter().map(|target| Way { balancer, is_internal, target }).collect()
    }

    fn balancer_of(&self, state: &ResourceState<'p>) -> Option<&'p ResourceChange<'p>> {
        let root = state.root();
        if !RULES.contains(&state.change.address.resource_type.as_str()) {
            return self.balancers.at(&root.key("load_balancer_arn")).into_iter().next();
        }
        let listener = self.listeners.at(&root.key("listener_arn")).into_iter().next()?;
        let sides = [state.side, Side::After, Side::Before];
        let listener = sides.into_iter().find_map(|side| ResourceState::new(self.plan, listener, side))?;
        self.balancers.at(&listener.root().key("load_balancer_arn")).into_iter().next()
    }
}

fn text<'p>(place: &View<'p, '_>) -> Option<&'p str> {
    match sight(place) {
        Sight::Known(value) => value.as_str().filter(|text| !text.is_empty()),
        Sight::Unknown | Sight::Computed | Sight::Unset => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    fn entry(address: &str, before: &str, after: &str) -> String {
        let actions = match (before, after) {
            ("null", _) => "create",
            (before, after) if before == after => "no-op",
            _ => "update",
        };
        format!(
            r#"{{"address": "{address}", "change": {{"actions": ["{actions}"], "before": {before}, "after": {after}}}}}"#
        )
    }

    fn kept(address: &str, values: &str) -> String {
        entry(address, values, values)
    }

    fn messages(entries: &[String]) -> Vec<String> {
        find_in_changes(&GUARD, &entries.join(",")).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_new_rule_of_a_public_listener_reaches_what_was_internal() {
        let balancer = |name: &str, internal: bool| {
            kept(&format!("aws_lb.{name}"), &format!(r#"{{"arn": "lb/{name}", "internal": {internal}}}"#))
        };
        let listener = |name: &str, target: &str| {
            kept(
                &format!("aws_lb_listener.{name}"),
                &format!(
                    r#"{{"arn": "l/{name}", "load_balancer_arn": "lb/{name}", "default_action": [{{"target_group_arn": "{target}"}}]}}"#
                ),
            )
        };
        let group = kept("aws_lb_target_group.orders", r#"{"arn": "tg/orders"}"#);
        let rule = entry(
            "aws_lb_listener_rule.orders",
            "null",
            r#"{"listener_arn": "l/web", "action": [{"forward": [{"target_group": [{"arn": "tg/orders"}]}]}]}"#,
        );
        let with = |inside: bool| {
            messages(&[
                balancer("web", false),
                balancer("inside", inside),
                listener("web", "tg/web"),
                listener("inside", "tg/orders"),
                group.clone(),
                rule.clone(),
            ])
        };
        assert_eq!(
            with(true),
            [
                "aws_lb_listener_rule.orders passes requests from the internet through aws_lb.web to aws_lb_target_group.orders, which only aws_lb.inside reached before"
            ]
        );
        assert!(with(false).is_empty(), "it was public before");
    }
}
