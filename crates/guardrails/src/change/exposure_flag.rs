//! Reports settings that make a resource publicly accessible.

use std::cell::LazyCell;

use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Pair, pairs};
use super::limited::Limits;
use super::switch::{Wording, findings};
use super::tables::EXPOSURE_FLAG;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-exposure-flag",
        title: "A resource becomes publicly accessible",
        severity: Severity::Critical,
        why: "The resource was private. Services behind it were not hardened for the internet, and scanners \
              find a public address within minutes.",
        remediation: "Revert the setting and reach the resource through a private endpoint, a bastion host or \
                      a load balancer.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"publicly_accessible": false}, "after": {"publicly_accessible": true}}}"#,
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"publicly_accessible": true}, "after": {"publicly_accessible": false}}}"#,
    ),
    check,
};

const WORDING: Wording =
    Wording { certain: "becomes publicly accessible", unknown: "may become publicly accessible" };

/// Tasks get public addresses; what reaches them, their security groups say.
const OF_TASKS: Wording = Wording {
    certain: "assigns public IP addresses to its tasks",
    unknown: "may assign public IP addresses to its tasks",
};

/// Types that run tasks of ECS.
const WITH_TASKS: &[&str] = &["aws_ecs_service", "aws_ecs_task_set"];

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let wording = |pair: &Pair<'_>| match WITH_TASKS.contains(&pair.resource.address.resource_type.as_str()) {
        true => &OF_TASKS,
        false => &WORDING,
    };
    let limits = LazyCell::new(|| Limits::of(plan));
    pairs(plan)
        .flat_map(|pair| {
            let mut found = findings(&pair, &EXPOSURE_FLAG, wording(&pair));
            let is_balancer = BALANCERS.contains(&pair.resource.address.resource_type.as_str());
            if !found.is_empty() && is_balancer && !limits.limit(&pair.after) {
                found.iter_mut().for_each(|finding| finding.severity = Some(Severity::High));
            }
            found
        })
        .collect()
}

/// Types of load balancers, whose security groups say who reaches them.
const BALANCERS: &[&str] = &["aws_alb", "aws_elb", "aws_lb"];

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::{find, find_in_changes, find_in_update, update};
    use super::*;

    #[test]
    fn a_cluster_endpoint_inside_a_block_is_seen() {
        let findings = find_in_update(
            &GUARD,
            r#"module.a["b.c"].aws_eks_cluster.main"#,
            r#"{"vpc_config": [{"endpoint_public_access": false}]}"#,
            r#"{"vpc_config": [{"endpoint_public_access": true}]}"#,
            "{}",
        );
        assert_eq!(findings[0].severity, Some(Severity::High));
        assert_eq!(
            findings[0].message,
            r#"module.a["b.c"].aws_eks_cluster.main becomes publicly accessible: `vpc_config[0].endpoint_public_access` changes from `false` to `true`"#
        );
    }

    #[test]
    fn tasks_get_addresses_and_are_not_open_for_that() {
        let network =
            |public: bool| format!(r#"{{"network_configuration": [{{"assign_public_ip": {public}}}]}}"#);
        let found = find_in_update(&GUARD, "aws_ecs_service.a", &network(false), &network(true), "{}");
        assert_eq!(found[0].severity, Some(Severity::High));
        assert_eq!(
            found[0].message,
            "aws_ecs_service.a assigns public IP addresses to its tasks: `network_configuration[0].assign_public_ip` changes from `false` to `true`"
        );
    }

    #[test]
    fn removing_what_is_open_by_default_opens() {
        let address = "azurerm_key_vault.a";
        let before = r#"{"network_acls": [{"default_action": "Deny"}]}"#;
        let findings = find_in_update(&GUARD, address, before, r#"{"network_acls": []}"#, "{}");
        assert!(findings[0].message.ends_with("is no longer set (was `Deny`)"));
    }

    #[test]
    fn an_unknown_flag_is_reported_if_the_configuration_sets_it() {
        let before = r#"{"publicly_accessible": false}"#;
        let unknown = r#"{"publicly_accessible": true}"#;
        let configured = find_in_update(&GUARD, "aws_rds_cluster_instance.a", before, "{}", unknown);
        assert_eq!(configured[0].certainty, Certainty::DependsOnUnknown);
        assert_eq!(configured[0].severity, Some(Severity::Critical), "as the guardrail about databases");
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{}], "configuration": {{"root_module": {{
                "resources": [{{"mode": "managed", "type": "aws_rds_cluster_instance", "name": "a", "expressions": {{}}}}]}}}}}}"#,
            update("aws_rds_cluster_instance.a", before, "{}", unknown)
        );
        assert_eq!(find(&GUARD, &text), []);
    }

    #[test]
    fn a_replacement_is_compared_like_an_update() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "aws_instance.a", "change": {"actions": ["delete", "create"],
                "before": {"associate_public_ip_address": false}, "after": {"associate_public_ip_address": true}}}"#,
        );
        assert_eq!(findings.len(), 1);
    }
}
