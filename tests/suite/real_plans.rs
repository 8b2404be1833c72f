//! Plans of other people, where they are at hand: all are read and judged, and counted as Terraform counts them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use planguard::check::{CheckOptions, Rules, run};
use planguard::input::{ReadOptions, Source};
use planguard::report::Report;
use planguard::verdict::Verdict;
use regex::Regex;

use crate::shared::{files_below, shared};

fn check(path: &Path) -> Report {
    let sources = [Source::Path(path.to_owned())];
    run(&sources, &ReadOptions::default(), &Rules::default(), &CheckOptions::default(), &|_| {})
}

/// The plan says two things that cannot both be true.
const CONTRADICTORY: &[&str] = &["PG-CK-003"];

/// Plans that leave the verdict undecided, and should: the codes that say why.
const UNDECIDED: &[(&str, &[&str])] = &[
    // `errored` is true: planning failed half-way.
    ("opentofu__opentofu/internal__command__testdata__show-json__plan-error__output.json", &["PG-CK-004"]),
    // Edited by hand: a create that has a `before`.
    (
        "GoogleCloudPlatform__terraform-validator/test__read_planned_assets__tf0_12plan.allcoverage.json",
        CONTRADICTORY,
    ),
    ("GoogleCloudPlatform__terraform-validator/test__read_planned_assets__tf0_12plan.json", CONTRADICTORY),
    (
        "GoogleCloudPlatform__terraform-validator/test__read_planned_assets__tf1_0plan.allcoverage.json",
        CONTRADICTORY,
    ),
    ("GoogleCloudPlatform__terraform-validator/test__read_planned_assets__tf1_0plan.json", CONTRADICTORY),
    // Edited by hand: the same address twice.
    ("StackGuardian__tirith/tests__providers__terraform_plan__fixtures__input.json", CONTRADICTORY),
    ("jond3k__tfplan-validator/test__fixtures__itest__plan-duplicate-address.json", CONTRADICTORY),
    // Edited by hand: an attribute or a block of the configuration has been lost.
    (
        "bridgecrewio__checkov/tests__terraform__runner__resources__plan__tf_plan_filtered_rule_fail.json",
        CONTRADICTORY,
    ),
    (
        "bridgecrewio__checkov/tests__terraform__runner__resources__plan_change_keys__tfplan.json",
        CONTRADICTORY,
    ),
    ("cycloidio__terracost/testdata__aws__terraform-noprior-plan.json", CONTRADICTORY),
    ("cycloidio__terracost/testdata__aws__terraform-plan-no-region.json", CONTRADICTORY),
    ("snyk__cli/test__fixtures__iac__terraform-plan__tf-plan-create.json", CONTRADICTORY),
    ("snyk__snyk-iac-parsers/testdata__terraform-plans__tf-plan-create.json", CONTRADICTORY),
    ("terraspin__terraspin/testdata__plan_with_modules.json", CONTRADICTORY),
    // Trimmed by hand: `resource_changes` is missing or lacks resources that are planned.
    (
        "aquasecurity__trivy/pkg__iac__scanners__terraformplan__tfjson__testdata__plan_no_resource_changes.json",
        CONTRADICTORY,
    ),
    (
        "bridgecrewio__checkov/tests__terraform__runner__resources__plan_with_resource_reference__tfplan_graph.json",
        CONTRADICTORY,
    ),
    (
        "cloudposse__atmos/pkg__ci__plugins__terraform__testdata__plan_json__success_no_changes.json",
        CONTRADICTORY,
    ),
    ("cycloidio__terracost/testdata__aws__asg-plan.json", CONTRADICTORY),
    // Trimmed by hand: a side or `after_unknown` of a change is missing.
    (
        "bridgecrewio__checkov/tests__terraform__parser__resources__plan_after_unknown__tfplan.json",
        CONTRADICTORY,
    ),
    (
        "bridgecrewio__checkov/tests__terraform__parser__resources__plan_batch_job_null_container_properties__tfplan.json",
        CONTRADICTORY,
    ),
    (
        "bridgecrewio__checkov/tests__terraform__runner__resources__plan_with_deleted_resources__tfplan.json",
        CONTRADICTORY,
    ),
    ("leonamvasquez__terraview/testdata__plan-with-modules.json", CONTRADICTORY),
    // Written by another program, with `infracost_resource_changes` in the place of `resource_changes`.
    (
        "infracost__infracost/internal__providers__terraform__testdata__hcl_provider_test__adds_source_url_from_remote_module__expected.json",
        CONTRADICTORY,
    ),
    (
        "infracost__infracost/internal__providers__terraform__testdata__hcl_provider_test__adds_source_url_from_remote_module_chdir__expected.json",
        CONTRADICTORY,
    ),
    (
        "infracost__infracost/internal__providers__terraform__testdata__hcl_provider_test__builds_module_configuration_correctly_with_count__expected.json",
        CONTRADICTORY,
    ),
    (
        "infracost__infracost/internal__providers__terraform__testdata__hcl_provider_test__does_not_panic_on_double_attribute_definition__expected.json",
        CONTRADICTORY,
    ),
    (
        "infracost__infracost/internal__providers__terraform__testdata__hcl_provider_test__populates_warnings_on_missing_vars__expected.json",
        CONTRADICTORY,
    ),
    (
        "infracost__infracost/internal__providers__terraform__testdata__hcl_provider_test__renders_module_resources__expected.json",
        CONTRADICTORY,
    ),
    (
        "infracost__infracost/internal__providers__terraform__testdata__hcl_provider_test__renders_multiple_count_resources_correctly__expected.json",
        CONTRADICTORY,
    ),
    (
        "infracost__infracost/internal__providers__terraform__testdata__hcl_provider_test__shows_correct_duplicate_variable_warning__expected.json",
        CONTRADICTORY,
    ),
    (
        "infracost__infracost/internal__providers__terraform__testdata__hcl_provider_test__structures_module_expressions_correctly_with_count__expected.json",
        CONTRADICTORY,
    ),
];

#[test]
fn every_real_plan_gets_a_verdict() {
    let Some(root) = shared("real") else { return };
    let mut undecided: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut verdicts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for path in files_below(&root) {
        let report = check(&path);
        *verdicts.entry(report.verdict()).or_default() += 1;
        if report.verdict() == Verdict::Undecided {
            let name = path.strip_prefix(&root).expect("below the root").display().to_string();
            undecided
                .insert(name, report.problems.iter().map(|problem| problem.code.for_terminal()).collect());
        }
    }
    let expected: BTreeMap<String, Vec<String>> = UNDECIDED
        .iter()
        .map(|(name, codes)| ((*name).to_owned(), codes.iter().map(ToString::to_string).collect()))
        .collect();
    assert_eq!(undecided, expected, "{verdicts:?}");
    assert_eq!(verdicts.values().sum::<usize>(), 420);
}

#[test]
fn nothing_that_is_no_plan_passes() {
    let Some(root) = shared("not-a-plan") else { return };
    let files = files_below(&root);
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let report = check(path);
        // One plan per line is read as several plans.
        if path.to_string_lossy().contains("terragrunt-multiplan") {
            assert_eq!(report.plans.len(), 3);
            continue;
        }
        assert_eq!(report.exit_code(), 2, "{}", path.display());
        assert!(report.plans.is_empty(), "{}", path.display());
    }
    assert!(files.len() > 50);
}

/// Terraform's summary line of a plan, as another tool's repository keeps it.
#[derive(Debug, PartialEq, Eq, Default)]
struct Summary {
    import: usize,
    add: usize,
    change: usize,
    destroy: usize,
}

#[test]
fn changes_are_counted_as_terraform_counts_them() {
    let Some(table) = shared("expected.tsv") else { return };
    let Some(root) = shared("real") else { return };
    let line = Regex::new(r"Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy")
        .expect("valid");
    let mut compared = 0;
    let mut different = BTreeMap::new();
    for row in fs::read_to_string(table).expect("readable").lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [plan, _, _, expected, ..] = columns[..] else { panic!("{row}") };
        let told = match line.captures(expected) {
            Some(found) => {
                let number =
                    |group| found.get(group).map_or(0, |text| text.as_str().parse().expect("digits"));
                Summary { import: number(1), add: number(2), change: number(3), destroy: number(4) }
            }
            None if expected.contains("No changes.") => Summary::default(),
            None => continue,
        };
        let report = check(&root.join(plan));
        let counted = report.plans[0].summary;
        let counted = Summary {
            import: counted.import,
            add: counted.add,
            change: counted.change,
            destroy: counted.destroy,
        };
        compared += 1;
        if counted != told {
            different.insert(plan.to_owned(), format!("{told:?} is {counted:?}"));
        }
    }
    assert!(different.is_empty(), "{different:#?}");
    assert!(compared >= 59, "only {compared} plans have a line to compare with");
}
