//! Reports plans that destroy more objects than their budget allows.

use std::collections::BTreeMap;

use planguard_plan::{Mode, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::hollow::is_hollow;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-blast-radius",
        title: "The plan destroys more than its budget allows",
        severity: Severity::High,
        why: "A plan that destroys a large part of what it manages is usually run with the wrong workspace, the \
              wrong variables or a deleted module. Replacements and deposed objects count too. Not counted: data sources, objects \
              that are forgotten, and what exists in Terraform's state only (`null_resource`, `terraform_data`, \
              `random_*`, `time_*`, `local_*`).",
        remediation: "Check workspace, variables and branch. If all of it is meant to be destroyed, split the \
                      change, or raise the budget for this run.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_sns_topic.a[0]", "change": {"actions": ["delete"], "before": {}, "after": null}},
           {"address": "aws_sns_topic.a[1]", "change": {"actions": ["delete"], "before": {}, "after": null}},
           {"address": "aws_sns_topic.a[2]", "change": {"actions": ["delete"], "before": {}, "after": null}},
           {"address": "aws_sns_topic.a[3]", "change": {"actions": ["delete"], "before": {}, "after": null}},
           {"address": "aws_iam_role.a[0]", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
           {"address": "aws_iam_role.a[1]", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
           {"address": "aws_iam_role.a[2]", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
           {"address": "aws_iam_role.a[3]", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
           {"address": "aws_iam_role.a[4]", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
           {"address": "aws_iam_role.a[5]", "change": {"actions": ["no-op"], "before": {}, "after": {}}}"#,
        r#"{"address": "aws_sns_topic.a[0]", "change": {"actions": ["delete"], "before": {}, "after": null}},
           {"address": "aws_sns_topic.a[1]", "change": {"actions": ["delete"], "before": {}, "after": null}},
           {"address": "aws_iam_role.a[0]", "change": {"actions": ["no-op"], "before": {}, "after": {}}}"#,
    ),
    check,
};

/// How many groups a message names.
const NAMED: usize = 3;

fn check(plan: &Changes<'_>, options: &ChangeOptions) -> Vec<ChangeFinding> {
    let existing: Vec<&ResourceChange<'_>> = plan.each_change().filter(|r| counts(r)).collect();
    let destroyed: Vec<&ResourceChange<'_>> =
        existing.iter().copied().filter(|resource| resource.change.actions.deletes()).collect();
    let all = existing.len();
    let over_count = destroyed.len() > options.max_destroys;
    let over_share = all >= ChangeOptions::MIN_OBJECTS_FOR_SHARE
        && destroyed.len() * 100 > all * usize::from(options.max_destroy_percent);
    let budget = match (over_count, over_share) {
        (false, false) => return Vec::new(),
        (true, false) => format!("{} objects", options.max_destroys),
        (false, true) => format!("{} %", options.max_destroy_percent),
        (true, true) => format!("{} objects or {} %", options.max_destroys, options.max_destroy_percent),
    };
    let types = largest(destroyed.iter().map(|resource| resource.address.resource_type.clone()));
    let modules = largest(destroyed.iter().map(|resource| match resource.address.module_address() {
        root if root.is_empty() => "root module".to_owned(),
        module => module,
    }));
    vec![ChangeFinding::on_plan(format!(
        "the plan destroys {} of {all} objects, more than the budget of {budget}: {types}; by module: {modules}",
        destroyed.len()
    ))]
}

/// Whether a real object exists that the plan could destroy. What only Terraform's state has does not count; a deposed
/// object exists until it is destroyed, like any other.
fn counts(resource: &ResourceChange<'_>) -> bool {
    resource.address.mode == Mode::Managed
        && resource.exists_before()
        && !is_hollow(&resource.address.resource_type)
}

/// The most frequent names with their counts, as a list for people.
fn largest(names: impl Iterator<Item = String>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by(|(left, fewer), (right, more)| more.cmp(fewer).then_with(|| left.cmp(right)));
    let rest: usize = counts.iter().skip(NAMED).map(|(_, count)| count).sum();
    let mut parts: Vec<String> =
        counts.iter().take(NAMED).map(|(name, count)| format!("{count} {name}")).collect();
    if rest > 0 {
        parts.push(format!("{rest} others"));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_with(entries: &[String], options: &ChangeOptions) -> Vec<ChangeFinding> {
        let text = format!(r#"{{"format_version": "1.2", "resource_changes": [{}]}}"#, entries.join(","));
        check(&Changes::new(&planguard_plan::Plan::parse(&text).unwrap()), options)
    }

    fn entries(address: &str, actions: &str, count: usize) -> Vec<String> {
        (0..count)
            .map(|n| {
                format!(
                    r#"{{"address": "{address}[{n}]", "change": {{"actions": {actions}, "before": {{}}, "after": {{}}}}}}"#
                )
            })
            .collect()
    }

    #[test]
    fn names_the_largest_types_and_modules() {
        let mut all = entries(r#"module.a[\"x.y\"].aws_sns_topic.t"#, r#"["delete"]"#, 12);
        all.extend(entries("aws_iam_role.r", r#"["delete", "create"]"#, 9));
        all.extend(entries("aws_iam_role.keep", r#"["no-op"]"#, 79));
        let findings = check_with(&all, &ChangeOptions::default());
        assert_eq!(findings[0].address, None);
        assert_eq!(
            findings[0].message,
            r#"the plan destroys 21 of 100 objects, more than the budget of 20 objects: 12 aws_sns_topic, 9 aws_iam_role; by module: 12 module.a["x.y"], 9 root module"#
        );
    }

    #[test]
    fn the_limits_themselves_are_within_budget() {
        let mut all = entries("aws_sns_topic.t", r#"["delete"]"#, 3);
        all.extend(entries("aws_iam_role.r", r#"["no-op"]"#, 7));
        assert_eq!(check_with(&all, &ChangeOptions::default()), []);
        let strict = ChangeOptions { max_destroys: 2, max_destroy_percent: 29, ..ChangeOptions::default() };
        assert!(check_with(&all, &strict)[0].message.contains("more than the budget of 2 objects or 29 %"));
    }

    #[test]
    fn the_share_of_few_objects_is_not_reported() {
        assert_eq!(
            check_with(&entries("aws_sns_topic.t", r#"["delete"]"#, 9), &ChangeOptions::default()),
            []
        );
    }

    #[test]
    fn deposed_objects_count() {
        let all: Vec<String> = (0..21)
            .map(|n| {
                format!(
                    r#"{{"address": "aws_instance.a", "deposed": "{n:08x}", "change": {{"actions": ["delete"], "before": {{}}, "after": null}}}}"#
                )
            })
            .collect();
        assert_eq!(check_with(&all, &ChangeOptions::default()).len(), 1);
    }

    #[test]
    fn triggers_and_random_values_do_not_count() {
        let all = entries("null_resource.t", r#"["delete", "create"]"#, 40);
        assert_eq!(check_with(&all, &ChangeOptions::default()), []);
    }
}
