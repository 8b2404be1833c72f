//! Reports restrictions of who can reach a resource that are removed.

use planguard_guardrail_format::change::Mark;
use planguard_plan::{ResourceState, Value, View};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Pair, Sight, pairs, shown, sight};
use super::network_policy::loosened;
use super::signatures::let_through;
use super::switch::{Wording, findings};
use super::tables::ACCESS_RESTRICTION_REMOVED;
use super::{
    ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, filter_order, guard_annotations, lists,
    login_places,
};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-access-restriction-removed",
        title: "A restriction of who can reach a resource is removed",
        severity: Severity::High,
        why: "The resource could be reached from named networks, by private endpoints or with named identities only. Without \
              the restriction everyone who finds it can try.",
        remediation: "Keep the restriction, or put its successor into the same plan.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "google_container_cluster.a", "change": {"actions": ["update"],
            "before": {"master_authorized_networks_config": [{"cidr_blocks": [{"cidr_block": "10.0.0.0/8"}]}]}, "after": {"master_authorized_networks_config": []}}}"#,
        r#"{"address": "azurerm_storage_account.a", "change": {"actions": ["update"],
            "before": {"shared_access_key_enabled": true}, "after": {"shared_access_key_enabled": false}}}"#,
    ),
    check,
};

const WORDING: Wording =
    Wording { certain: "can be reached by more than before", unknown: "may be reached by more than before" };

const LISTS: lists::Wording =
    lists::Wording { what: WORDING.certain, lost: "no longer contains", gained: "now contains" };

/// A firewall is reached by nobody: it stands in front of what is.
const OF_FILTERS: Wording =
    Wording { certain: "stops fewer requests than before", unknown: "may stop fewer requests than before" };

/// What the names of types of firewalls contain, whose rules stop requests and packets.
const FILTERS: [&str; 5] =
    ["_networkfirewall_", "_waf", "_web_application_firewall_", "_security_policy", "_frontdoor_firewall_"];

/// A policy is reached by nobody either: it says what may be built.
const OF_POLICIES: Wording =
    Wording { certain: "forbids less than before", unknown: "may forbid less than before" };

/// What a message says of an object of a type.
fn wording(resource_type: &str) -> &'static Wording {
    if resource_type.ends_with("_policy_assignment") {
        return &OF_POLICIES;
    }
    match FILTERS.iter().any(|part| resource_type.contains(part)) {
        true => &OF_FILTERS,
        false => &WORDING,
    }
}

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = Vec::new();
    for pair in pairs(plan) {
        let wording = wording(&pair.resource.address.resource_type);
        found.extend(findings(&pair, &ACCESS_RESTRICTION_REMOVED, wording));
    }
    for pair in pairs(plan) {
        found.extend(lost_filters(&pair));
        found.extend(filter_order::passed_by(&pair));
        found.extend(let_through(&pair));
        found.extend(loosened(&pair));
        found.extend(guard_annotations::weakened(&pair));
        found.extend(login_places::moved(plan, &pair));
        found.extend(lists::changed(plan, &pair, &ACCESS_RESTRICTION_REMOVED, &LISTS));
    }
    found
}

/// The findings for rules of a web application firewall that are removed, or no longer block.
fn lost_filters(pair: &Pair<'_>) -> Vec<ChangeFinding> {
    let marked = ACCESS_RESTRICTION_REMOVED.marked(&pair.resource.address.resource_type, Mark::Filters);
    marked
        .filter_map(|marked| {
            let [block, name] = marked.attribute.as_slice() else { return None };
            let (before, after) =
                (Filters::of(&pair.before, block, name)?, Filters::of(&pair.after, block, name)?);
            let lost = before.blocking.iter().filter(|name| !after.blocking.contains(name));
            let (weaker, gone): (Vec<&String>, Vec<&String>) =
                lost.partition(|name| after.all.contains(name));
            let new = after.blocking.iter().filter(|name| !before.all.contains(name)).count();
            let weaker = weaker.into_iter().map(|name| format!("rule {name} no longer blocks"));
            // A rule under another name may do the same.
            let gone = gone.iter().filter(|_| gone.len() > new).map(|name| format!("rule {name} is removed"));
            let lost: Vec<String> = weaker.chain(gone).collect();
            if lost.is_empty() {
                return None;
            }
            let what = wording(&pair.resource.address.resource_type).certain;
            let message = format!("{} {what}: {}", pair.resource.address, lost.join(", "));
            Some(ChangeFinding::on(pair.resource, message))
        })
        .collect()
}

/// The names of the rules of a firewall, as messages show them.
struct Filters {
    all: Vec<String>,
    /// Those that block or challenge, and neither let through nor count only.
    blocking: Vec<String>,
}

impl Filters {
    /// Reads one side; `None` if some of it is known only after apply, or sensitive.
    fn of(state: &ResourceState<'_>, block: &str, name: &str) -> Option<Self> {
        let mut filters = Self { all: Vec::new(), blocking: Vec::new() };
        for rule in state.root().key(block).elements()? {
            let name = shown(&rule.key(name))?;
            if is_blocking(&rule) {
                filters.blocking.push(name.clone());
            }
            filters.all.push(name);
        }
        Some(filters)
    }
}

/// Whether a rule does more than let through or count.
fn is_blocking(rule: &View<'_, '_>) -> bool {
    const HARMLESS: &[&str] = &["allow", "count", "log"];
    let is_set = |place: &View<'_, '_>| place.elements().is_some_and(|blocks| !blocks.is_empty());
    match sight(&rule.key("action")) {
        Sight::Known(Value::String(word)) => {
            !HARMLESS.iter().any(|harmless| word.eq_ignore_ascii_case(harmless))
        }
        _ => !["action", "override_action"].iter().any(|action| {
            let blocks = rule.key(action).elements().unwrap_or_default();
            blocks.iter().any(|block| HARMLESS.iter().any(|harmless| is_set(&block.key(harmless))))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn keys_that_are_allowed_again_are_seen() {
        let (closed, open) =
            (r#"{"shared_access_key_enabled": false}"#, r#"{"shared_access_key_enabled": true}"#);
        let address = "azurerm_storage_account.a";
        assert_eq!(find_in_update(&GUARD, address, closed, open, "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, address, open, closed, "{}"), []);
    }

    #[test]
    fn rules_of_a_firewall_that_are_removed_or_only_count_are_named() {
        let rule = |name: &str, action: &str| {
            format!(r#"{{"name": "{name}", "override_action": [{{"{action}": [{{}}]}}]}}"#)
        };
        let acl = |rules: &[String]| format!(r#"{{"rule": [{}]}}"#, rules.join(","));
        let of = |before: &[String], after: &[String]| {
            let found = find_in_update(&GUARD, "aws_wafv2_web_acl.a", &acl(before), &acl(after), "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let (sql, bots) = (rule("sql", "none"), rule("bots", "none"));
        let both = [sql.clone(), bots.clone()];
        let lost = "aws_wafv2_web_acl.a stops fewer requests than before: rule `bots` is removed";
        assert_eq!(of(&both, std::slice::from_ref(&sql)), [lost]);
        let counts = "aws_wafv2_web_acl.a stops fewer requests than before: rule `bots` no longer blocks";
        assert_eq!(of(&both, &[rule("bots", "count"), sql.clone()]), [counts]);
        assert!(of(&both, &[bots.clone(), sql.clone()]).is_empty());
        assert!(of(&both, &[sql.clone(), rule("robots", "none")]).is_empty());
        assert_eq!(
            of(&both, &[rule("bots", "count"), rule("robots", "none"), sql.clone()]),
            [counts],
            "it is no other one"
        );
        assert_eq!(
            of(&[rule("x", "none"), sql.clone(), bots.clone()], &[rule("robots", "none"), sql.clone()]).len(),
            1
        );
        assert!(of(&[sql.clone(), rule("ours", "allow")], &[sql]).is_empty());
        let policy = |action: &str| format!(r#"{{"custom_rules": [{{"name": "x", "action": "{action}"}}]}}"#);
        let address = "azurerm_web_application_firewall_policy.a";
        assert_eq!(find_in_update(&GUARD, address, &policy("Block"), &policy("Log"), "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, address, &policy("Log"), &policy("Block"), "{}"), []);
    }
}
