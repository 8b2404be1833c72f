//! Guards that a plan takes from one object and puts on another, so that the first one stays without them.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use planguard_plan::{Mode, Plan, ResourceChange, Value};

use super::ChangeFinding;
use super::changes::Changes;
use super::compare::{Pair, Sight, pairs, shown, sight};

/// A type whose objects put a guard on something.
struct Tie {
    types: &'static [&'static str],
    /// The attribute that names what is guarded.
    place: &'static str,
    /// What a message says of the place that it was taken from.
    loss: &'static str,
}

const POLICY: &str = "is no longer bound by it";
const FILTER: &str = "is no longer behind it";
const NETWORK: &str = "has these rules no longer";

const TIES: &[Tie] = &[
    Tie { types: &["aws_organizations_policy_attachment"], place: "target_id", loss: POLICY },
    Tie {
        types: &["azurerm_management_group_policy_assignment"],
        place: "management_group_id",
        loss: POLICY,
    },
    Tie { types: &["azurerm_subscription_policy_assignment"], place: "subscription_id", loss: POLICY },
    Tie { types: &["azurerm_resource_group_policy_assignment"], place: "resource_group_id", loss: POLICY },
    Tie { types: &["azurerm_resource_policy_assignment"], place: "resource_id", loss: POLICY },
    Tie { types: &["azurerm_management_lock"], place: "scope", loss: "may be deleted" },
    Tie { types: &["google_org_policy_policy"], place: "parent", loss: POLICY },
    Tie { types: &["google_folder_organization_policy"], place: "folder", loss: POLICY },
    Tie { types: &["google_organization_policy"], place: "org_id", loss: POLICY },
    Tie { types: &["google_project_organization_policy"], place: "project", loss: POLICY },
    Tie { types: &["google_iam_deny_policy"], place: "parent", loss: POLICY },
    Tie { types: &["google_resource_manager_lien"], place: "parent", loss: "may be deleted" },
    Tie {
        types: &[
            "google_compute_firewall_policy_association",
            "google_compute_network_firewall_policy_association",
        ],
        place: "attachment_target",
        loss: NETWORK,
    },
    Tie {
        types: &[
            "aws_shield_protection",
            "aws_wafregional_web_acl_association",
            "aws_wafv2_web_acl_association",
        ],
        place: "resource_arn",
        loss: FILTER,
    },
    Tie { types: &["azurerm_subnet_network_security_group_association"], place: "subnet_id", loss: NETWORK },
    Tie {
        types: &["azurerm_network_interface_security_group_association"],
        place: "network_interface_id",
        loss: NETWORK,
    },
    Tie {
        types: &[
            "aws_networkfirewall_vpc_endpoint_association",
            "aws_route53_resolver_firewall_rule_group_association",
        ],
        place: "vpc_id",
        loss: FILTER,
    },
    Tie { types: &["github_branch_protection"], place: "pattern", loss: "is no longer protected" },
    Tie { types: &["github_branch_protection_v3"], place: "branch", loss: "is no longer protected" },
    Tie { types: &["gitlab_branch_protection"], place: "branch", loss: "is no longer protected" },
    Tie {
        types: &[
            "google_project_iam_audit_config",
            "google_folder_iam_audit_config",
            "google_organization_iam_audit_config",
        ],
        place: "service",
        loss: "is no longer recorded",
    },
];

/// Settings of an object that are resources of their own.
const SETTINGS: &[Tie] = &[
    Tie { types: &["aws_s3_bucket_public_access_block"], place: "bucket", loss: "can be made public" },
    Tie { types: &["aws_s3_bucket_versioning"], place: "bucket", loss: "keeps no old versions" },
    Tie {
        types: &["aws_s3_bucket_object_lock_configuration"],
        place: "bucket",
        loss: "lets everything be deleted",
    },
    Tie { types: &["aws_s3_bucket_logging"], place: "bucket", loss: UNLOGGED },
    Tie { types: &["aws_networkfirewall_logging_configuration"], place: "firewall_arn", loss: UNLOGGED },
    Tie { types: &["aws_wafv2_web_acl_logging_configuration"], place: "resource_arn", loss: UNLOGGED },
    Tie { types: &["aws_route53_query_log"], place: "zone_id", loss: UNLOGGED },
    Tie { types: &["aws_redshift_logging"], place: "cluster_identifier", loss: UNLOGGED },
    Tie { types: &["aws_flow_log"], place: "vpc_id", loss: UNLOGGED },
    Tie { types: &["aws_flow_log"], place: "subnet_id", loss: UNLOGGED },
    Tie { types: &["aws_flow_log"], place: "eni_id", loss: UNLOGGED },
    Tie { types: &["aws_flow_log"], place: "transit_gateway_id", loss: UNLOGGED },
    Tie { types: &["azurerm_monitor_diagnostic_setting"], place: "target_resource_id", loss: UNLOGGED },
    Tie { types: &["azurerm_mssql_server_extended_auditing_policy"], place: "server_id", loss: UNLOGGED },
    Tie { types: &["azurerm_mssql_database_extended_auditing_policy"], place: "database_id", loss: UNLOGGED },
    Tie {
        types: &["azurerm_storage_account_network_rules"],
        place: "storage_account_id",
        loss: "lets in every network",
    },
    Tie { types: &["aws_secretsmanager_secret_rotation"], place: "secret_id", loss: "is no longer rotated" },
    Tie {
        types: &["aws_backup_vault_lock_configuration"],
        place: "backup_vault_name",
        loss: "lets its backups be deleted",
    },
];

const UNLOGGED: &str = "is no longer recorded";

/// The findings for guards that are on something else than before.
pub(super) fn moved(plan: &Changes<'_>) -> Vec<ChangeFinding> {
    let seen = Seen { plan, by_identity: OnceCell::new(), by_place: OnceCell::new() };
    pairs(plan).filter_map(|pair| finding(&pair, &seen)).collect()
}

/// The objects of a plan, by what a guard can be on. Most plans move none, and then nobody asks.
struct Seen<'p> {
    plan: &'p Plan<'p>,
    by_identity: OnceCell<ByIdentity<'p>>,
    by_place: OnceCell<ByPlace<'p>>,
}

/// The managed objects of a plan, by what they are called before it.
type ByIdentity<'p> = HashMap<&'p str, Vec<&'p ResourceChange<'p>>>;

fn by_identity<'p>(plan: &'p Plan<'p>) -> ByIdentity<'p> {
    let mut found = ByIdentity::new();
    for change in plan.each_change().filter(|change| change.address.mode == Mode::Managed) {
        planguard_work::steps(1);
        let Some(before) = change.change.before.as_deref() else { continue };
        let called = |identity: &&str| before.get(identity).and_then(Value::as_str);
        let names: HashSet<&str> = ["id", "arn", "self_link", "name"].iter().filter_map(called).collect();
        names.into_iter().for_each(|name| found.entry(name).or_default().push(change));
    }
    found
}

/// The objects that tie a guard to a place after a plan: by their type, the name of the attribute, and the place.
type ByPlace<'p> = HashMap<(&'p str, &'static str, &'p str), Vec<&'p ResourceChange<'p>>>;

fn by_place<'p>(plan: &'p Plan<'p>) -> ByPlace<'p> {
    let mut found = ByPlace::new();
    for change in plan.each_change() {
        planguard_work::steps(1);
        let kind = change.address.resource_type.as_str();
        let Some(after) = change.change.after.as_deref() else { continue };
        let ties = TIES.iter().chain(SETTINGS).filter(|tie| tie.types.contains(&kind));
        let places: BTreeSet<&'static str> = ties.map(|tie| tie.place).collect();
        for place in places {
            if let Some(value) = after.get(place).and_then(Value::as_str) {
                found.entry((kind, place, value)).or_default().push(change);
            }
        }
    }
    found
}

fn finding(pair: &Pair<'_>, seen: &Seen<'_>) -> Option<ChangeFinding> {
    let own_type = pair.resource.address.resource_type.as_str();
    let ties = TIES.iter().chain(SETTINGS).filter(|tie| tie.types.contains(&own_type));
    ties.into_iter().find_map(|tie| finding_of(pair, tie, seen))
}

fn finding_of(pair: &Pair<'_>, tie: &Tie, seen: &Seen<'_>) -> Option<ChangeFinding> {
    let own_type = pair.resource.address.resource_type.as_str();
    let place = pair.after.root().key(tie.place);
    let Sight::Known(Value::String(old)) = sight(&pair.before.root().key(tie.place)) else { return None };
    let new = match sight(&place) {
        Sight::Known(Value::String(new)) => Some(new.as_ref()),
        Sight::Unknown => None,
        Sight::Known(_) | Sight::Computed | Sight::Unset => return None,
    };
    if old.is_empty() || new.is_some_and(|new| new == old.as_ref() || takes_in(new, old)) {
        return None;
    }
    let named = Objects::called(seen.by_identity.get_or_init(|| by_identity(seen.plan)), old, own_type);
    if named.go
        // The new name of what keeps its address.
        || (new.is_none() && !named.stay)
        || is_guarded_by_another(seen.by_place.get_or_init(|| by_place(seen.plan)), pair, tie, old)
    {
        return None;
    }
    let from = shown(&pair.before.root().key(tie.place)).unwrap_or_else(|| "what it was on".to_owned());
    let to = shown(&place).map(|to| format!(" to {to}")).unwrap_or_default();
    let message = format!(
        "{} is put on something else: `{}` changes from {from}{to}, and {from} {}",
        pair.resource.address, tie.place, tie.loss
    );
    Some(ChangeFinding::on(pair.resource, message).at(place.path().clone()))
}

/// What a plan does with the objects that have a name.
struct Objects {
    /// One of them is destroyed or replaced.
    go: bool,
    /// One of them stays.
    stay: bool,
}

impl Objects {
    /// Looks for objects of other types: a tie has the identity of what it is on.
    fn called(by_identity: &ByIdentity<'_>, name: &str, tie: &str) -> Self {
        let named = by_identity.get(name).into_iter().flatten().copied().filter(|change| {
            change.address.resource_type != tie
                // A setting of a bucket has the bucket's name too.
                && !change.address.resource_type.starts_with("aws_s3_bucket_")
        });
        let (go, stay): (Vec<_>, Vec<_>) = named.partition(|change| change.change.actions.deletes());
        Self { go: !go.is_empty(), stay: !stay.is_empty() }
    }
}

/// Whether another object of the type puts the same guard on a place: all else that names something is equal.
fn is_guarded_by_another(by_place: &ByPlace<'_>, pair: &Pair<'_>, tie: &Tie, place: &str) -> bool {
    let before = pair.before.change.change.before.as_deref();
    let names = |value: Option<&Value<'_>>| -> HashSet<String> {
        let members = value.map(Value::members).unwrap_or_default().iter();
        let names = members.filter(|(name, _)| {
            ["_id", "_arn", "policy", "constraint", "group"].iter().any(|ending| name.ends_with(ending))
                && name.as_ref() != tie.place
        });
        names
            .filter_map(|(_, value)| Some(value.as_str().filter(|text| !text.is_empty())?.to_owned()))
            .collect()
    };
    let guards = names(before);
    let there = by_place.get(&(pair.resource.address.resource_type.as_str(), tie.place, place));
    there.into_iter().flatten().any(|other| {
        other.address != pair.resource.address && guards.is_subset(&names(other.change.after.as_deref()))
    })
}

/// Whether a place is above another one, so that what is put there reaches both.
fn takes_in(new: &str, old: &str) -> bool {
    let parent = old.to_ascii_lowercase();
    let is_path = parent.strip_prefix(&new.to_ascii_lowercase()).is_some_and(|rest| rest.starts_with('/'));
    is_path
        || new == "allServices"
        || matches!((level(new), level(old)), (Some(new), Some(old)) if new < old)
        || covers_branch(new, old)
}

/// Whether a pattern of branches takes in the name of one.
fn covers_branch(pattern: &str, branch: &str) -> bool {
    pattern.contains('*') && planguard_plan::text::wildcard::matches(pattern, branch)
}

/// How far down in an organization a place is.
fn level(place: &str) -> Option<u8> {
    let is_account = place.len() == 12 && place.bytes().all(|byte| byte.is_ascii_digit());
    match () {
        () if place.starts_with("r-") || place.starts_with("organizations/") => Some(0),
        () if place.starts_with("ou-") || place.starts_with("folders/") => Some(1),
        () if is_account || place.starts_with("projects/") => Some(2),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::guard_removed::GUARD;
    use super::super::testing::find_in_changes;

    fn moved(old: &str, new: &str, others: &str) -> Vec<String> {
        let entry = format!(
            r#"{{"address": "aws_organizations_policy_attachment.a", "change": {{"actions": ["delete", "create"],
                "before": {{"id": "1", "policy_id": "p-1", "target_id": "{old}"}},
                "after": {{"policy_id": "p-1", "target_id": "{new}"}}, "after_unknown": {{"id": true}}}}}}{others}"#
        );
        find_in_changes(&GUARD, &entry).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_policy_that_moves_to_a_smaller_place_is_told() {
        assert_eq!(
            moved("r-x1y2", "ou-x1y2-sandbox1", ""),
            [
                "aws_organizations_policy_attachment.a is put on something else: `target_id` changes from `r-x1y2` to \
                 `ou-x1y2-sandbox1`, and `r-x1y2` is no longer bound by it"
            ]
        );
        assert_eq!(moved("ou-x1y2-sandbox1", "123456789012", "").len(), 1);
        assert_eq!(moved("ou-x1y2-one", "ou-x1y2-other", "").len(), 1);
        assert_eq!(moved("ou-x1y2-sandbox1", "r-x1y2", ""), [""; 0]);
        assert_eq!(moved("123456789012", "ou-x1y2-one", ""), [""; 0]);
    }

    #[test]
    fn what_goes_or_is_guarded_by_another_is_no_loss() {
        let unit = r#", {"address": "aws_organizations_organizational_unit.a", "change": {"actions": ["delete"],
            "before": {"id": "ou-x1y2-one"}, "after": null}}"#;
        assert_eq!(moved("ou-x1y2-one", "ou-x1y2-other", unit), [""; 0]);
        let other = |policy: &str| {
            format!(
                r#", {{"address": "aws_organizations_policy_attachment.b", "change": {{"actions": ["create"], "before": null,
                    "after": {{"policy_id": "{policy}", "target_id": "r-x1y2"}}}}}}"#
            )
        };
        assert_eq!(moved("r-x1y2", "ou-x1y2-other", &other("p-1")), [""; 0]);
        assert_eq!(moved("r-x1y2", "ou-x1y2-other", &other("p-2")).len(), 1);
    }

    #[test]
    fn an_association_that_follows_a_new_object_is_told_where_the_old_one_stays() {
        let found = |actions: &str| {
            let entry = format!(
                r#"{{"address": "aws_wafv2_web_acl_association.a", "change": {{"actions": ["delete", "create"],
                    "before": {{"resource_arn": "lb", "web_acl_arn": "acl"}}, "after": {{"web_acl_arn": "acl"}},
                    "after_unknown": {{"resource_arn": true}}}}}},
                   {{"address": "aws_lb.a", "change": {{"actions": [{actions}], "before": {{"arn": "lb"}}, "after": {{"arn": "lb"}}}}}}"#
            );
            find_in_changes(&GUARD, &entry).len()
        };
        assert_eq!(found(r#""no-op""#), 1);
        assert_eq!(found(r#""delete", "create""#), 0);
    }

    #[test]
    fn a_setting_that_moves_to_another_object_is_told_where_the_old_one_stays() {
        let found = |old_bucket: &str, others: &str| {
            let block = |bucket: &str| {
                format!(r#"{{"bucket": "{bucket}", "block_public_acls": true, "block_public_policy": true}}"#)
            };
            let entry = format!(
                r#"{{"address": "aws_s3_bucket_public_access_block.trail", "change": {{"actions": ["delete", "create"],
                    "before": {}, "after": {}}}}},
                   {{"address": "aws_s3_bucket.trail", "change": {{"actions": ["{old_bucket}"], "before": {{"id": "trail"}},
                    "after": {{"id": "trail"}}}}}}{others}"#,
                block("trail"),
                block("logs")
            );
            find_in_changes(&GUARD, &entry).into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            found("no-op", ""),
            [
                "aws_s3_bucket_public_access_block.trail is put on something else: `bucket` changes from `trail` to `logs`, \
                 and `trail` can be made public"
            ]
        );
        assert_eq!(found("delete", ""), [""; 0]);
        let other = r#", {"address": "aws_s3_bucket_public_access_block.other", "change": {"actions": ["create"],
            "before": null, "after": {"bucket": "trail", "block_public_policy": true}}}"#;
        assert_eq!(found("no-op", other), [""; 0]);
        let log =
            |network: &str| format!(r#"{{"vpc_id": "{network}", "traffic_type": "ALL", "subnet_id": null}}"#);
        let entry = format!(
            r#"{{"address": "aws_flow_log.a", "change": {{"actions": ["delete", "create"], "before": {}, "after": {}}}}}"#,
            log("vpc-1"),
            log("vpc-2")
        );
        assert_eq!(find_in_changes(&GUARD, &entry).len(), 1);
    }

    #[test]
    fn a_pattern_that_takes_in_the_branch_is_no_loss() {
        let found = |before: &str, after: &str| {
            let entry = format!(
                r#"{{"address": "github_branch_protection.a", "change": {{"actions": ["update"],
                    "before": {{"pattern": "{before}", "repository_id": "r"}}, "after": {{"pattern": "{after}", "repository_id": "r"}}}}}}"#
            );
            find_in_changes(&GUARD, &entry).len()
        };
        assert_eq!(found("main", "old-*"), 1);
        assert_eq!(found("main", "ma*"), 0);
    }

    #[test]
    fn a_tie_with_the_identity_of_what_it_is_on_is_not_what_goes() {
        let entry = r#"{"address": "azurerm_subnet_network_security_group_association.a", "change": {"actions": ["delete", "create"],
            "before": {"id": "s1", "subnet_id": "s1", "network_security_group_id": "n"},
            "after": {"subnet_id": "s2", "network_security_group_id": "n"}}}"#;
        assert_eq!(find_in_changes(&GUARD, entry).len(), 1);
    }
}
