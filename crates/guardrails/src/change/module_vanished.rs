//! Reports whole modules that the plan destroys because their `module` block was removed.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::{ActionReason, Address, Configuration, ModuleStep, Plan, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::destroyed;
use super::stateful::is_stateful;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-module-vanished",
        title: "A whole module is destroyed because its `module` block was removed",
        severity: Severity::High,
        why: "Removing or renaming one `module` block destroys everything in the module, which the diff of the \
              configuration does not show.",
        remediation: "Restore the `module` block. If the module was renamed or moved, add a `moved` block from \
                      the old module address to the new one. If all of it is meant to be destroyed, waive this \
                      finding for the module.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "module.shop.aws_sqs_queue.jobs", "action_reason": "delete_because_no_module",
            "change": {"actions": ["delete"], "before": {"name": "jobs"}, "after": null}},
           {"address": "module.shop.aws_iam_role.worker", "action_reason": "delete_because_no_module",
            "change": {"actions": ["delete"], "before": {"name": "worker"}, "after": null}}"#,
        r#"{"address": "module.shop.aws_iam_role.worker", "action_reason": "delete_because_no_resource_config",
            "change": {"actions": ["delete"], "before": {"name": "worker"}, "after": null}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let gone: Vec<&ResourceChange<'_>> = destroyed(plan)
        .filter(|resource| match resource.action_reason {
            Some(ActionReason::DeleteBecauseNoModule) => true,
            // What Terraform 1.11 writes for a removed `module` block as well.
            Some(ActionReason::DeleteBecauseNoResourceConfig) => lacks_call(plan, &resource.address),
            _ => false,
        })
        .collect();
    let holders: BTreeSet<&[ModuleStep]> =
        gone.iter().map(|resource| resource.address.modules.as_slice()).collect();
    let mut modules: BTreeMap<&[ModuleStep], Vec<&ResourceChange<'_>>> = BTreeMap::new();
    for resource in &gone {
        modules.entry(vanished_call(plan, &resource.address, &holders)).or_default().push(resource);
    }
    modules.iter().map(|(module, resources)| finding(plan, module, resources)).collect()
}

/// Whether the configuration has no call of a module that an address is in.
fn lacks_call(plan: &Plan<'_>, address: &Address) -> bool {
    plan.configuration.as_ref().is_some_and(|configuration| first_missing(configuration, address).is_some())
}

/// How many steps of an address lead to the first module call that the configuration does not have.
fn first_missing(configuration: &Configuration<'_>, address: &Address) -> Option<usize> {
    let mut path = String::new();
    for (depth, step) in address.modules.iter().enumerate() {
        if configuration.module(&path).is_none_or(|(_, module)| module.call(&step.name).is_none()) {
            return Some(depth + 1);
        }
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&format!("module.{}", step.name));
    }
    None
}

/// The outermost module call that is gone: the first on the way that the configuration does not have.
///
/// Without a configuration, and where a call is there but not for this key, it is the outermost module in
/// which the plan destroys something for this reason.
fn vanished_call<'p>(
    plan: &Plan<'_>,
    address: &'p Address,
    holders: &BTreeSet<&[ModuleStep]>,
) -> &'p [ModuleStep] {
    let steps = &address.modules;
    let missing = plan.configuration.as_ref().and_then(|all| first_missing(all, address));
    if let Some(length) = missing {
        return &steps[..length];
    }
    let prefixes = (1..steps.len()).map(|length| &steps[..length]);
    prefixes.into_iter().find(|prefix| holders.contains(prefix)).unwrap_or(steps)
}

fn finding(plan: &Plan<'_>, module: &[ModuleStep], resources: &[&ResourceChange<'_>]) -> ChangeFinding {
    let is_called = plan.configuration.is_some()
        && resources.first().is_some_and(|first| !lacks_call(plan, &first.address));
    let what = if is_called { "its key" } else { "its `module` block" };
    let module = module.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
    let stateful = resources.iter().filter(|r| is_stateful(&r.address.resource_type)).count();
    let objects = if resources.len() == 1 { "object" } else { "objects" };
    let mut message = format!(
        "{module} is destroyed because {what} was removed from the configuration: {} {objects}",
        resources.len()
    );
    if stateful > 0 {
        message.push_str(&format!(", {stateful} of them with data"));
    }
    // The address lets a waiver name the module; the plan's order makes the first one stable.
    ChangeFinding { address: resources.first().map(|r| r.address.clone()), ..ChangeFinding::on_plan(message) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::find;
    use super::*;

    fn entry(address: &str) -> String {
        format!(
            r#"{{"address": "{address}", "action_reason": "delete_because_no_module",
                "change": {{"actions": ["delete"], "before": {{}}, "after": null}}}}"#
        )
    }

    fn messages(entries: &[String], rest: &str) -> Vec<String> {
        let text =
            format!(r#"{{"format_version": "1.2", "resource_changes": [{}] {rest}}}"#, entries.join(","));
        find(&GUARD, &text).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn inner_modules_belong_to_the_outermost_one_that_is_gone() {
        let entries = [
            entry(r#"module.app[\"a.b\"].module.db.aws_db_instance.x"#),
            entry(r#"module.app[\"a.b\"].aws_iam_role.y"#),
            entry("module.other.aws_iam_role.z"),
        ];
        assert_eq!(
            messages(&entries, ""),
            [
                r#"module.app["a.b"] is destroyed because its `module` block was removed from the configuration: 2 objects, 1 of them with data"#,
                "module.other is destroyed because its `module` block was removed from the configuration: 1 object",
            ]
        );
    }

    /// Terraform 1.11 gives the reason of a removed `resource` block for everything in a removed module.
    #[test]
    fn a_module_without_a_call_is_gone_whatever_the_reason_says() {
        let entries = [entry("module.app.aws_iam_role.x"), entry("module.app.aws_sqs_queue.y")]
            .map(|entry| entry.replace("delete_because_no_module", "delete_because_no_resource_config"));
        let calls = |calls: &str| {
            messages(
                &entries,
                &format!(r#", "configuration": {{"root_module": {{"module_calls": {{{calls}}}}}}}"#),
            )
        };
        assert_eq!(
            calls(""),
            [
                "module.app is destroyed because its `module` block was removed from the configuration: 2 objects, 1 of them with data"
            ]
        );
        assert!(calls(r#""app": {"module": {}}"#).is_empty());
        assert!(messages(&entries, "").is_empty(), "a plan without a configuration does not tell");
    }

    #[test]
    fn the_configuration_tells_which_call_is_missing() {
        let entries =
            [entry("module.app.module.db.aws_iam_role.x"), entry("module.app.module.web.aws_iam_role.y")];
        let without = r#", "configuration": {"root_module": {}}"#;
        assert_eq!(messages(&entries, without).len(), 1);
        let with = r#", "configuration": {"root_module": {"module_calls": {"app": {"module": {}}}}}"#;
        assert_eq!(
            messages(&entries, with),
            [
                "module.app.module.db is destroyed because its `module` block was removed from the configuration: 1 object",
                "module.app.module.web is destroyed because its `module` block was removed from the configuration: 1 object",
            ]
        );
    }
}
