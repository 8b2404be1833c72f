//! Guardrails about the change itself, which no look at a resource's state can find. One module each, and one table in
//! `policies/change` for those that look for resource types and attributes.

mod about;
mod access_restriction_removed;
mod acl_rules;
mod action_invoked;
mod admin_role_attached;
mod alarm_removed;
mod alarm_threshold;
mod allowed;
mod archived_findings;
mod audit_trail_weakened;
mod backup_removed;
mod backup_tag;
mod blast_radius;
mod changes;
mod check_failed;
mod compare;
mod count_shifted;
mod created_rules;
mod credential_created;
mod deferred;
mod denied;
mod dependents;
mod destroy_before_create;
mod dns_texts;
mod documents;
mod drift;
mod drift_security;
mod encryption_off;
mod entry_filter;
mod equal_successor;
#[cfg(test)]
mod every_row;
mod example;
mod exception_created;
mod expiry_field;
mod exposure_attached;
mod exposure_cidr;
mod exposure_flag;
mod exposure_route;
mod exposure_service;
mod exposure_split;
mod exposure_target;
mod expression;
mod filter_order;
mod filter_text;
mod final_snapshot_lost;
mod fixed;
mod foreign_account;
mod forgotten;
mod grant_authority;
mod grant_created;
mod group_membership;
mod guard_annotations;
mod guard_moved;
mod guard_removed;
mod hardening_off;
mod helm_values;
mod hollow;
mod iam_widened;
mod image_expiry;
mod ip_set;
mod key_destroyed;
mod key_lockout;
mod limited;
mod lists;
mod live_name_deleted;
mod login_places;
mod loss;
mod managed_twice;
mod module_vanished;
mod monitoring_reduced;
mod named;
mod network;
mod network_policy;
mod newly_expiring;
mod numbers;
mod openings;
mod output_exposed;
mod own_key_dropped;
mod parameters;
mod pending;
mod protection_off;
mod public_access_block_removed;
mod rbac_subjects;
mod reason;
mod receivers;
mod rekeyed;
mod renamed;
mod replaced_members;
mod resilience_reduced;
mod retention_lowered;
mod role_bindings;
mod schedule;
mod secret_added;
mod service_removed;
mod shared_with_account;
mod signatures;
mod state_severity;
mod stateful;
mod stateful_delete;
mod stateful_replace;
mod status_codes;
mod succession;
mod switch;
mod tables;
mod target;
#[cfg(test)]
mod testing;
mod trust_foreign_principal;
mod twin;
mod unknown_action;
mod vault_policy;
mod widened_document;

pub use changes::Changes;
pub use count_shifted::{SHIFT_GUARD, Shift, shifts};
pub use drift::{ChangedOutside, DRIFT_PACK, Fate, OUTSIDE_GUARD, OutsideChange, changed_outside, may_drift};
pub use drift_security::{DRIFT_GUARD, Drift, drift};
pub use example::{ChangeExample, ExampleSection};
pub(crate) use foreign_account::own_accounts;
pub(crate) use network::{Traffic, services};

use planguard_plan::{Address, AttributePath, ResourceChange};
use planguard_rule::{RuleInfo, Severity, Text};

use planguard_guardrail_format::change::Tells;

/// A guardrail written in Rust.
#[derive(Debug)]
pub struct ChangeGuard {
    /// Its id and texts.
    pub info: RuleInfo,
    /// A change that it reports and one that it does not, as `planguard rules` shows them.
    pub example: ChangeExample,
    /// Returns what is wrong with a plan, before [`ChangeGuard::findings`] weighs it.
    check: fn(&Changes<'_>, &ChangeOptions) -> Vec<ChangeFinding>,
}

impl ChangeGuard {
    /// What is wrong with a plan, each finding with its weight.
    pub fn findings(&self, plan: &Changes<'_>, options: &ChangeOptions) -> Vec<ChangeFinding> {
        state_severity::weighed(plan, self, (self.check)(plan, options))
    }
}

/// What a user may set about change guards.
#[derive(Clone, Debug)]
pub struct ChangeOptions {
    /// How many objects a plan may destroy before it is over budget.
    pub max_destroys: usize,
    /// What share of the managed objects a plan may destroy before it is over budget, in percent. Applies to
    /// plans with [`ChangeOptions::MIN_OBJECTS_FOR_SHARE`] objects or more.
    pub max_destroy_percent: u8,
    /// What may be changed outside of Terraform, as patterns: a resource type or an address, or one of them with a dot and an
    /// attribute.
    pub ignore_drift: Vec<String>,
}

impl ChangeOptions {
    /// With fewer managed objects than this, a share means nothing.
    pub const MIN_OBJECTS_FOR_SHARE: usize = 10;
}

impl Default for ChangeOptions {
    fn default() -> Self {
        Self { max_destroys: 20, max_destroy_percent: 30, ignore_drift: Vec::new() }
    }
}

/// A finding of a change guard.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeFinding {
    /// The resource; `None` where the finding is about the plan as a whole.
    pub address: Option<Address>,
    /// The key of the deposed object, if the finding is about one.
    pub deposed: Option<String>,
    /// The attribute that it is about.
    pub attribute: Option<AttributePath>,
    /// What the attribute has to do with it.
    pub role: AttributeRole,
    /// Whether it is certain, or depends on a value known only after apply.
    pub certainty: Certainty,
    /// Its severity, where that is not the one of its guard.
    pub severity: Option<Severity>,
    /// What is wrong, in one sentence that names the resource. Contains no value that the plan marks as
    /// sensitive, except network ranges and ports.
    pub message: String,
    /// How to fix it, where the remedy of the guard is about other kinds of objects.
    pub remedy: Option<Text>,
}

/// What an attribute has to do with a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeRole {
    /// Its new value is what is wrong; a guardrail may report the same.
    Wrong,
    /// It is the reason for something else, such as a replacement.
    Reason,
}

/// Whether a finding depends on what is known only after apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The plan says so.
    Certain,
    /// A value that decides is unknown.
    DependsOnUnknown,
}

impl ChangeFinding {
    /// A certain finding on a resource.
    fn on(resource: &ResourceChange<'_>, message: String) -> Self {
        Self {
            address: Some(resource.address.clone()),
            deposed: resource.deposed.as_deref().map(ToOwned::to_owned),
            attribute: None,
            role: AttributeRole::Wrong,
            certainty: Certainty::Certain,
            severity: None,
            message,
            remedy: None,
        }
    }

    /// A certain finding on the plan as a whole.
    fn on_plan(message: String) -> Self {
        Self {
            address: None,
            deposed: None,
            attribute: None,
            role: AttributeRole::Wrong,
            certainty: Certainty::Certain,
            severity: None,
            message,
            remedy: None,
        }
    }

    /// The same finding, about an attribute.
    fn at(self, attribute: AttributePath) -> Self {
        Self { attribute: Some(attribute), ..self }
    }

    /// The same finding, with a remedy of its own.
    fn mended_by(self, remedy: &'static str) -> Self {
        Self { remedy: Some(Text::Borrowed(remedy)), ..self }
    }

    /// The same finding, with another severity than its guard has.
    fn weighing(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }

    /// The same finding, with the severity that an entry of a table has.
    fn told(self, tells: &Tells) -> Self {
        Self { severity: tells.severity.or(self.severity), ..self }
    }

    /// The same finding, with another certainty.
    fn with(self, certainty: Certainty) -> Self {
        Self { certainty, ..self }
    }
}

/// Types that change guards read by code of their own, and that no table need name.
const READ_BY_CODE: &[&str] = &[
    "aws_default_route_table",
    "aws_guardduty_filter",
    "aws_iam_group_membership",
    "aws_iam_user_group_membership",
    "aws_route",
    "aws_route_table",
    "aws_route_table_association",
    "aws_securityhub_automation_rule",
    "aws_waf_ipset",
    "aws_wafregional_ipset",
    "aws_wafv2_ip_set",
];

/// Whether a change guard looks at a resource type by its name. What the tables say about every type does not count.
pub fn names_type(resource_type: &str) -> bool {
    READ_BY_CODE.contains(&resource_type) || tables::ALL.iter().any(|table| table.names(resource_type))
}

/// Whether objects of a type hold data or identity, which no apply brings back once they are destroyed.
pub fn holds_data(resource_type: &str) -> bool {
    stateful::is_stateful(resource_type)
}

/// Whether a rule reports that an object with data is destroyed or replaced.
pub fn is_about_lost_data(rule: &str) -> bool {
    [&stateful_delete::GUARD, &stateful_replace::GUARD].iter().any(|guard| guard.info.id == rule)
}

/// All change guards, in the order of their ids.
pub const GUARDS: &[&ChangeGuard] = &[
    &access_restriction_removed::GUARD,
    &action_invoked::GUARD,
    &admin_role_attached::GUARD,
    &alarm_removed::GUARD,
    &audit_trail_weakened::GUARD,
    &backup_removed::GUARD,
    &blast_radius::GUARD,
    &check_failed::GUARD,
    &count_shifted::GUARD,
    &credential_created::GUARD,
    &deferred::GUARD,
    &destroy_before_create::GUARD,
    &drift::GUARD,
    &drift_security::GUARD,
    &encryption_off::GUARD,
    &exception_created::GUARD,
    &exposure_attached::GUARD,
    &exposure_cidr::GUARD,
    &exposure_flag::GUARD,
    &exposure_route::GUARD,
    &exposure_service::GUARD,
    &exposure_split::GUARD,
    &exposure_target::GUARD,
    &final_snapshot_lost::GUARD,
    &forgotten::GUARD,
    &guard_removed::GUARD,
    &hardening_off::GUARD,
    &iam_widened::GUARD,
    &key_destroyed::GUARD,
    &live_name_deleted::GUARD,
    &managed_twice::GUARD,
    &module_vanished::GUARD,
    &monitoring_reduced::GUARD,
    &output_exposed::GUARD,
    &own_key_dropped::GUARD,
    &protection_off::GUARD,
    &public_access_block_removed::GUARD,
    &rekeyed::GUARD,
    &renamed::GUARD,
    &resilience_reduced::GUARD,
    &retention_lowered::GUARD,
    &secret_added::GUARD,
    &service_removed::GUARD,
    &shared_with_account::GUARD,
    &stateful_delete::GUARD,
    &stateful_replace::GUARD,
    &trust_foreign_principal::GUARD,
    &unknown_action::GUARD,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::testing::{find, real_plans};
    use super::*;

    #[test]
    fn ids_are_unique_and_in_order() {
        assert!(GUARDS.is_sorted_by(|left, right| left.info.id < right.info.id));
    }

    #[test]
    fn every_module_with_a_guard_is_registered() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/change");
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            if text.lines().any(|line| line.starts_with("pub(super) const GUARD: ChangeGuard")) {
                let name = path.file_stem().unwrap().to_str().unwrap();
                ids.push(format!("change-{}", name.replace('_', "-")));
            }
        }
        ids.sort();
        let registered: Vec<_> = GUARDS.iter().map(|guard| guard.info.id.as_ref()).collect();
        assert_eq!(ids, registered);
    }

    #[test]
    fn examples_hold_what_they_promise() {
        for guard in GUARDS {
            let failing = find(guard, &guard.example.failing_plan());
            assert!(!failing.is_empty(), "{} passes its failing example", guard.info.id);
            assert!(failing.iter().all(|finding| finding.certainty == Certainty::Certain));
            let passing = find(guard, &guard.example.passing_plan());
            assert_eq!(passing, [], "{} finds something in its passing example", guard.info.id);
        }
    }

    #[test]
    fn nothing_is_found_in_a_fresh_create() {
        for guard in GUARDS {
            let Some(created) = guard.example.failing_plan_as_creates() else { continue };
            assert_eq!(find(guard, &created), [], "{} fires on a create", guard.info.id);
        }
    }

    #[test]
    fn texts_are_complete() {
        for guard in GUARDS {
            let info = &guard.info;
            assert!(!info.title.ends_with('.'), "{}: a title is no sentence", info.id);
            assert!(info.why.ends_with('.') && info.remediation.ends_with('.'), "{}", info.id);
        }
    }

    /// Turns what real plans create into objects that exist and are updated without any difference.
    fn as_updates_of_nothing(text: &str) -> Option<String> {
        let mut plan: serde_json::Value = serde_json::from_str(text).ok()?;
        for section in
            ["resource_drift", "deferred_changes", "action_invocations", "checks", "output_changes"]
        {
            plan.as_object_mut()?.remove(section);
        }
        let entries = plan.get_mut("resource_changes")?.as_array_mut()?;
        entries.retain(|entry| entry["change"]["actions"] == serde_json::json!(["create"]));
        for entry in entries {
            let change = entry["change"].as_object_mut()?;
            change.insert("actions".to_owned(), serde_json::json!(["update"]));
            change.insert("before".to_owned(), change["after"].clone());
            change.remove("after_unknown");
        }
        Some(plan.to_string())
    }

    #[test]
    fn an_update_that_changes_nothing_is_no_finding() {
        for (path, text) in real_plans() {
            let Some(text) = as_updates_of_nothing(&text) else { continue };
            let Ok(plan) = planguard_plan::Plan::parse(&text) else { continue };
            for guard in GUARDS {
                let findings = guard.findings(&Changes::new(&plan), &ChangeOptions::default());
                assert_eq!(findings, [], "{} in {}", guard.info.id, path.display());
            }
        }
    }

    #[test]
    fn no_guard_panics_on_a_real_plan() {
        let mut found: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, text) in real_plans() {
            let Ok(plan) = planguard_plan::Plan::parse(&text) else { continue };
            for guard in GUARDS {
                let findings = guard.findings(&Changes::new(&plan), &ChangeOptions::default());
                *found.entry(&guard.info.id).or_default() += findings.len();
            }
        }
        assert!(found.is_empty() || found["change-stateful-delete"] > 0, "{found:?}");
    }
}
