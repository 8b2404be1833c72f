//! Reports objects that are put under network rules which let in the internet, and which others had before.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use planguard_guardrail_format::change::Mark;
use planguard_plan::{Mode, Plan, ResourceChange, ResourceState, Side, Value, View};
use planguard_rule::Severity;

use super::about::About;
use super::allowed::Allowed;
use super::changes::Changes;
use super::compare::{Sight, pairs, places, shown, sight};
use super::named::{Named, identities};
use super::network::Traffic;
use super::openings::{Opening, Reader};
use super::tables::EXPOSURE_ATTACHED;
use super::twin::created;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-exposure-attached",
        title: "An object is put under network rules that let in the internet",
        severity: Severity::High,
        why: "Neither the object nor the rules are wrong by themselves, and the rules are older than the change. Together \
              they open what was closed before. Rules for HTTP and HTTPS alone are not reported.",
        remediation: "Give the object a group of its own with the rules that it needs.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_security_group.bastion", "change": {"actions": ["no-op"],
            "before": {"id": "sg-1", "ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}]},
            "after": {"id": "sg-1", "ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}]}}},
           {"address": "aws_instance.app", "change": {"actions": ["update"],
            "before": {"vpc_security_group_ids": ["sg-2"]}, "after": {"vpc_security_group_ids": ["sg-2", "sg-1"]}}}"#,
        r#"{"address": "aws_security_group.web", "change": {"actions": ["no-op"],
            "before": {"id": "sg-1", "ingress": [{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}]},
            "after": {"id": "sg-1", "ingress": [{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}]}}},
           {"address": "aws_instance.app", "change": {"actions": ["update"],
            "before": {"vpc_security_group_ids": ["sg-2"]}, "after": {"vpc_security_group_ids": ["sg-2", "sg-1"]}}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut groups: Option<Groups<'_>> = None;
    let mut found = Vec::new();
    let changed = pairs(plan).map(|pair| (pair.resource, Some(pair.before), pair.after));
    let attached = created(plan)
        .filter(|new| EXPOSURE_ATTACHED.group(&new.address.resource_type).is_some())
        .filter_map(|new| Some((new, None, ResourceState::new(plan, new, Side::After)?)));
    for (resource, before, after) in changed.chain(attached) {
        for marked in EXPOSURE_ATTACHED.marked(&resource.address.resource_type, Mark::NetworkGroups) {
            let old: Vec<&str> = before
                .iter()
                .flat_map(|state| named(state, &marked.attribute))
                .map(|(name, _)| name)
                .collect();
            let new = named(&after, &marked.attribute).into_iter().filter(|(name, _)| !old.contains(name));
            let new: Vec<_> = new.collect();
            if new.is_empty() {
                continue;
            }
            let groups = groups.get_or_insert_with(|| Groups::of(plan));
            found.extend(
                new.into_iter().filter_map(|(name, place)| groups.finding(resource, &old, name, &place)),
            );
        }
    }
    found
}

/// The known texts at a path, or in the lists there, with the place of each.
fn named<'p, 's>(state: &'s ResourceState<'p>, path: &[String]) -> Vec<(&'p str, View<'p, 's>)> {
    let lists = places(&state.root(), path);
    let elements = lists.into_iter().flat_map(|place| match sight(&place) {
        Sight::Known(Value::Array(_)) => place.elements().unwrap_or_default(),
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => vec![place],
    });
    elements
        .filter_map(|element| {
            let text = sight(&element).known()?.as_str().filter(|text| !text.is_empty())?;
            Some((text, element))
        })
        .collect()
}

/// Types whose objects are groups of rules.
const GROUPS: &[&str] =
    &["aws_default_security_group", "aws_security_group", "azurerm_network_security_group"];

fn is_group(change: &ResourceChange<'_>) -> bool {
    GROUPS.contains(&change.address.resource_type.as_str())
}

/// The attribute of a firewall rule of Google that names the tags of the machines that it is for.
const TAGS: &str = "target_tags";

/// The network rules that a plan keeps, by the groups that they are in.
struct Groups<'p> {
    groups: Named<'p>,
    rules: HashMap<&'p str, Vec<Kept<'p>>>,
    /// What is open by each name that somebody asked for.
    open: RefCell<HashMap<String, Rc<[Kept<'p>]>>>,
}

/// Something that a rule allows, before the plan and after it.
#[derive(Clone)]
struct Kept<'p> {
    rule: &'p ResourceChange<'p>,
    opening: Opening,
}

impl<'p> Groups<'p> {
    fn of(plan: &'p Plan<'p>) -> Self {
        let mut rules: HashMap<&str, Vec<Kept<'_>>> = HashMap::new();
        for rule in plan
            .each_change()
            .filter(|change| change.address.mode == Mode::Managed && change.deposed.is_none())
        {
            let Some(reader) = Reader::of(&rule.address.resource_type) else { continue };
            let after = rule.change.after.as_deref();
            let mut names: Vec<&str> = match (is_group(rule), reader.object()) {
                (true, _) => identities(rule).collect(),
                (false, Some(_)) if rule.address.resource_type.starts_with("google_") => {
                    let tags =
                        after.and_then(|after| after.get(TAGS)).map(Value::elements).unwrap_or_default();
                    tags.iter().filter_map(Value::as_str).collect()
                }
                (false, Some(object)) => {
                    after.and_then(|after| after.get(object)?.as_str()).into_iter().collect()
                }
                (false, None) => continue,
            };
            names.sort_unstable();
            names.dedup();
            for opening in kept(plan, rule, reader) {
                for name in &names {
                    rules.entry(name).or_default().push(Kept { rule, opening: opening.clone() });
                }
            }
        }
        Self { groups: Named::of_types(plan, GROUPS), rules, open: RefCell::default() }
    }

    /// What the rules of a group allow from the internet. Rules may name it by another identity than objects do.
    fn openings(&self, name: &str) -> Rc<[Kept<'p>]> {
        if let Some(known) = self.open.borrow().get(name) {
            return Rc::clone(known);
        }
        let others = self.groups.with_identity(name).iter().flat_map(|group| identities(group));
        let names: BTreeSet<&str> = others.chain([name]).collect();
        let mut all: Vec<&Kept<'_>> =
            names.into_iter().filter_map(|name| self.rules.get(name)).flatten().collect();
        planguard_work::steps(all.len());
        // A provider reads rules that are resources of their own back into their group.
        all.sort_by_key(|kept| is_group(kept.rule));
        let mut told = HashSet::new();
        all.retain(|kept| told.insert((kept.opening.from, &kept.opening.traffic)));
        let found: Rc<[Kept<'p>]> = all.into_iter().cloned().collect();
        self.open.borrow_mut().insert(name.to_owned(), Rc::clone(&found));
        found
    }

    /// The finding for an object that gets a group whose rules allow what those of its former groups did not.
    fn finding(
        &self,
        resource: &'p ResourceChange<'p>,
        old: &[&str],
        name: &str,
        place: &View<'_, '_>,
    ) -> Option<ChangeFinding> {
        let open = self.openings(name);
        let is_of_interest =
            |kept: &&Kept<'_>| kept.opening.from.is_wide_and_public() && !kept.opening.traffic.is_everyday();
        let mut open: Vec<&Kept<'_>> = open.iter().filter(is_of_interest).collect();
        if open.is_empty() {
            return None;
        }
        let old: Vec<Rc<[Kept<'_>]>> = old.iter().map(|name| self.openings(name)).collect();
        let old: Vec<Opening> =
            old.iter().flat_map(|kept| kept.iter()).map(|kept| kept.opening.clone()).collect();
        let before = Allowed::new(&old);
        open.retain(|kept| !before.covers(&kept.opening.traffic, kept.opening.from));
        let first = open.first()?;
        let mut allowed: Vec<(&Traffic, Vec<String>)> = Vec::new();
        for kept in open.iter().filter(|kept| kept.rule.address == first.rule.address) {
            let range = kept.opening.from.to_string();
            match allowed.iter_mut().find(|(traffic, _)| **traffic == kept.opening.traffic) {
                Some((_, ranges)) if ranges.contains(&range) => {}
                Some((_, ranges)) => ranges.push(range),
                None => allowed.push((&kept.opening.traffic, vec![range])),
            }
        }
        let allowed = allowed.iter().map(|(traffic, ranges)| format!("{} on {traffic}", ranges.join(", ")));
        let allowed: Vec<String> = allowed.collect();
        let group = shown(place).unwrap_or_else(|| "a group of rules".to_owned());
        let message = format!(
            "{} lets in more than before: `{}` gains {group}, for which {} allows {}",
            resource.address,
            list_of(place),
            first.rule.address,
            allowed.join("; ")
        );
        Some(ChangeFinding::on(resource, message).at(place.path().clone()))
    }
}

/// The attribute of a place without its position in a list: that of an element of a set means nothing.
fn list_of(place: &View<'_, '_>) -> String {
    let path = place.path().to_string();
    path.rfind('[').filter(|_| path.ends_with(']')).map_or(path.clone(), |end| path[..end].to_owned())
}

/// What a rule, or the rules of a group, allow both before a plan and after it: what is new, other guards report.
fn kept<'p>(plan: &'p Plan<'p>, rule: &'p ResourceChange<'p>, reader: Reader) -> Vec<Opening> {
    let read = |side| {
        ResourceState::new(plan, rule, side).map(|state| reader.read(&state).known).unwrap_or_default()
    };
    let before = Allowed::new(&read(Side::Before));
    let mut after = read(Side::After);
    after.retain(|opening| before.covers(&opening.traffic, opening.from));
    after
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    fn kept(address: &str, values: &str) -> String {
        format!(
            r#"{{"address": "{address}", "change": {{"actions": ["no-op"], "before": {values}, "after": {values}}}}}"#
        )
    }

    fn messages(entries: &[String]) -> Vec<String> {
        let found = find_in_changes(&GUARD, &entries.join(","));
        found.into_iter().map(|finding| finding.message).collect()
    }

    fn with_groups(address: &str, before: &str, after: &str) -> String {
        format!(
            r#"{{"address": "{address}", "change": {{"actions": ["update"], "before": {before}, "after": {after}}}}}"#
        )
    }

    #[test]
    fn rules_of_their_own_count_for_the_group_that_they_name() {
        let rule = kept(
            "aws_vpc_security_group_ingress_rule.ssh",
            r#"{"id": "sgr-1", "security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": "0.0.0.0/0"}"#,
        );
        // What the provider reads back.
        let group = kept(
            "aws_security_group.open",
            r#"{"id": "sg-1", "ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}]}"#,
        );
        let database = |before: &str, after: &str| {
            let groups = |ids: &str| format!(r#"{{"vpc_security_group_ids": [{ids}]}}"#);
            with_groups(r#"module.a["b"].aws_db_instance.a"#, &groups(before), &groups(after))
                .replace(r#"["b"]"#, r#"[\"b\"]"#)
        };
        assert_eq!(
            messages(&[group, rule.clone(), database(r#""sg-2""#, r#""sg-1", "sg-2""#)]),
            [
                r#"module.a["b"].aws_db_instance.a lets in more than before: `vpc_security_group_ids` gains `sg-1`, for which aws_vpc_security_group_ingress_rule.ssh allows 0.0.0.0/0 on tcp port 22 (SSH)"#
            ]
        );
        assert!(messages(&[rule.clone(), database(r#""sg-1", "sg-2""#, r#""sg-2""#)]).is_empty());
        assert!(
            messages(&[rule, database(r#""sg-1""#, r#""sg-1", "sg-3""#)]).is_empty(),
            "nothing is known of it"
        );
    }

    #[test]
    fn what_another_group_allowed_already_is_not_new() {
        let group = |name: &str, from: u32, to: u32| {
            kept(
                &format!("aws_security_group.{name}"),
                &format!(
                    r#"{{"id": "sg-{name}", "ingress": [{{"protocol": "tcp", "from_port": {from}, "to_port": {to}, "cidr_blocks": ["0.0.0.0/0"]}}]}}"#
                ),
            )
        };
        let update = with_groups(
            "aws_lb.a",
            r#"{"security_groups": ["sg-a"]}"#,
            r#"{"security_groups": ["sg-a", "sg-b"]}"#,
        );
        let of = |old: (u32, u32), new: (u32, u32)| {
            messages(&[group("a", old.0, old.1), group("b", new.0, new.1), update.clone()]).len()
        };
        assert_eq!(of((0, 65535), (22, 22)), 0);
        assert_eq!(of((443, 443), (22, 22)), 1);
    }

    #[test]
    fn a_group_that_this_plan_opens_is_reported_there() {
        let opened = r#"{"address": "aws_security_group.a", "change": {"actions": ["update"],
            "before": {"id": "sg-1", "ingress": []},
            "after": {"id": "sg-1", "ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}]}}}"#;
        let update =
            with_groups("aws_lb.a", r#"{"security_groups": []}"#, r#"{"security_groups": ["sg-1"]}"#);
        assert!(messages(&[opened.to_owned(), update]).is_empty());
    }

    #[test]
    fn an_attachment_by_a_resource_of_its_own_counts() {
        let group = kept(
            "azurerm_network_security_group.open",
            r#"{"id": "/x/open", "name": "open", "security_rule": []}"#,
        );
        let rule = kept(
            "azurerm_network_security_rule.rdp",
            r#"{"network_security_group_name": "open", "access": "Allow", "direction": "Inbound", "protocol": "Tcp",
                "destination_port_range": "3389", "source_address_prefix": "*"}"#,
        );
        let associated = |actions: &str, before: &str| {
            format!(
                r#"{{"address": "azurerm_subnet_network_security_group_association.a", "change": {{"actions": [{actions}],
                    "before": {before}, "after": {{"subnet_id": "/x/s", "network_security_group_id": "/x/open"}}}}}}"#
            )
        };
        let with = |association: String| messages(&[group.clone(), rule.clone(), association]);
        assert_eq!(
            with(associated(
                r#""delete", "create""#,
                r#"{"subnet_id": "/x/s", "network_security_group_id": "/x/closed"}"#
            )),
            [
                "azurerm_subnet_network_security_group_association.a lets in more than before: `network_security_group_id` gains `/x/open`, for which azurerm_network_security_rule.rdp allows 0.0.0.0/0, ::/0 on tcp port 3389 (RDP)"
            ]
        );
        assert!(with(associated(r#""create""#, "null")).is_empty(), "without a group all was open");
        let interface = r#"{"address": "aws_network_interface_sg_attachment.a", "change": {"actions": ["create"],
            "before": null, "after": {"network_interface_id": "eni-1", "security_group_id": "sg-1"}}}"#;
        let open = kept(
            "aws_security_group.open",
            r#"{"id": "sg-1", "ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}]}"#,
        );
        assert_eq!(messages(&[open, interface.to_owned()]).len(), 1);
    }

    #[test]
    fn a_network_tag_puts_a_machine_under_the_rules_that_name_it() {
        let firewall = kept(
            "google_compute_firewall.ssh",
            r#"{"id": "f", "network": "n", "direction": "INGRESS", "target_tags": ["bastion"], "source_ranges": ["0.0.0.0/0"],
                "allow": [{"protocol": "tcp", "ports": ["22"]}]}"#,
        );
        let machine = |before: &str, after: &str| {
            with_groups(
                "google_compute_instance.a",
                &format!(r#"{{"tags": [{before}]}}"#),
                &format!(r#"{{"tags": [{after}]}}"#),
            )
        };
        assert_eq!(
            messages(&[firewall.clone(), machine(r#""db""#, r#""bastion", "db""#)]),
            [
                "google_compute_instance.a lets in more than before: `tags` gains `bastion`, for which google_compute_firewall.ssh allows 0.0.0.0/0 on tcp port 22 (SSH)"
            ]
        );
        assert!(messages(&[firewall, machine(r#""db""#, r#""db", "web""#)]).is_empty());
    }
}
