//! Policies written for other platforms, from `fixtures/policies`, evaluated on a small plan.

use std::path::Path;

use miette::Diagnostic as _;
use planguard::rego::{
    ContextOptions, Convention, ConventionError, Evaluation, Namespaces, Policies, PolicyError,
    PolicyFinding, PolicyInput, PolicyOptions, RuleKind,
};

const PLAN: &str = include_str!("../../../fixtures/policies/plan.json");

fn options(names: &[&str]) -> PolicyOptions {
    let paths = names.iter().map(|name| Path::new("fixtures/policies").join(name)).collect();
    PolicyOptions { paths, ..PolicyOptions::default() }
}

fn with_context(options: PolicyOptions) -> PolicyOptions {
    let file = Some("fixtures/policies/context/run.json".into());
    PolicyOptions { context: ContextOptions { file, ..ContextOptions::default() }, ..options }
}

fn evaluate(policies: &Policies) -> Evaluation {
    policies.evaluate(PolicyInput { name: "plan.json", text: PLAN, plan: None, cost: None })
}

/// What a user is told of the problems: code, message and place.
fn problems(policies: &Policies) -> Vec<String> {
    policies.problems().iter().map(told).collect()
}

fn told(error: &PolicyError) -> String {
    let code = error.code().map(|code| code.to_string()).unwrap_or_default();
    let help = error.help().map(|help| help.to_string()).unwrap_or_default();
    format!("{code} {error} ({help})")
}

/// The findings as kind, policy and message, sorted.
fn findings(evaluation: &Evaluation) -> Vec<(RuleKind, String, String)> {
    let policy = |finding: &PolicyFinding| {
        finding.metadata.get("policy").and_then(|policy| policy.as_str()).unwrap_or_default().to_owned()
    };
    let mut found: Vec<_> = evaluation
        .findings
        .iter()
        .map(|finding| (finding.kind, policy(finding), finding.message.clone()))
        .collect();
    found.sort();
    found
}

/// The findings of policies with which nothing is wrong.
fn found(options: &PolicyOptions) -> Vec<(RuleKind, String, String)> {
    let policies = Policies::load(options);
    assert!(policies.problems().is_empty(), "{:?}", problems(&policies));
    let evaluation = evaluate(&policies);
    assert!(evaluation.is_decided(), "{:?} {:?}", evaluation.errors, evaluation.diagnostics);
    findings(&evaluation)
}

fn finding(kind: RuleKind, policy: &str, message: &str) -> (RuleKind, String, String) {
    (kind, policy.to_owned(), message.to_owned())
}

#[test]
fn hcp_levels_decide_between_denying_and_warning() {
    let options = with_context(options(&["hcp/sound"]));
    let expected = [
        finding(RuleKind::Deny, "no-public-buckets", "aws_s3_bucket.logs is public"),
        finding(RuleKind::Warn, "manual-apply", "payments applies by itself"),
        finding(RuleKind::Warn, "owners", r#"{"address":"aws_instance.web[\"a.b\"]","wanted":"Owner"}"#),
    ];
    assert_eq!(found(&options), expected);
    let evaluation = evaluate(&Policies::load(&options));
    let denied = evaluation.findings.iter().find(|finding| finding.kind == RuleKind::Deny).unwrap();
    assert_eq!(denied.metadata["enforcement_level"], "mandatory");
    assert_eq!(denied.metadata["overridable"], "on HCP Terraform, by members who may override policies");
    assert_eq!(denied.title.as_deref(), Some("Buckets are not public"));
}

#[test]
fn hcp_policies_without_their_context_are_undecided() {
    let policies = Policies::load(&options(&["hcp/sound"]));
    let problems = problems(&policies);
    assert_eq!(problems.len(), 2, "{problems:?}");
    let name = problems
        .iter()
        .find(|problem| problem.starts_with("PG-RG-081 the policy reads `input.run.workspace.name`"));
    assert!(
        name.is_some_and(|name| name.contains(r#"to --context: {"run": {"workspace": {"name": …}}}"#)),
        "{problems:?}"
    );
    assert_eq!(findings(&evaluate(&policies)).len(), 2, "the other policies are evaluated");
}

#[test]
fn hcp_queries_must_exist_and_yield_arrays() {
    let policies = Policies::load(&options(&["hcp/missing"]));
    let expected = "PG-RG-075 policy `a` queries `data.terraform.a.denied`, which does not exist \
                    (did you mean `data.terraform.a.deny`?)";
    assert_eq!(problems(&policies), [expected]);
    let evaluation = evaluate(&Policies::load(&options(&["hcp/shape"])));
    let errors: Vec<String> = evaluation.errors.iter().map(ToString::to_string).collect();
    let expected = [
        "rule `data.terraform.shape.allow` returns a boolean, but the platform requires an array",
        "rule `data.terraform.shape.never` returns nothing (it is undefined), but the platform requires an array",
    ];
    assert_eq!(errors, expected);
}

#[test]
fn hcp_reads_json_and_knows_where_the_plan_is() {
    let policies = Policies::load(&options(&["hcp/json"]));
    let expected = "PG-RG-019 no plan contains `input.resource_changes` (on HCP Terraform the plan is under \
                    `input.plan`: write `input.plan.resource_changes`)";
    assert_eq!(problems(&policies), [expected]);
    assert_eq!(policies.rule_count(), 1);
}

#[test]
fn a_broken_configuration_is_told_with_file_and_line() {
    let policies = Policies::load(&options(&["hcp/broken"]));
    let file = "PG-RG-072 fixtures/policies/hcp/broken/policies.hcl";
    let expected = [
        format!(
            "{file}:3: unknown enforcement level `hard-mandatory` (the levels are advisory and mandatory)"
        ),
        format!(
            "{file}:7: the query `count(data.terraform.a.deny)` is not the path of a rule (name a rule by its path: \
             data.package.deny)"
        ),
        format!("{file}:11: unknown key `querry` (a policy has query, enforcement_level and description)"),
        format!(
            "{file}:14: policy `d` has no query (declare each policy: policy \"name\" {{ query = \
             \"data.package.deny\" }})"
        ),
        format!("{file}:18: unknown key `version` (a policy has query, enforcement_level and description)"),
    ];
    assert_eq!(problems(&policies)[..5], expected);
}

#[test]
fn a_configuration_that_is_no_hcl_is_told_with_file_and_line() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.rego"), "package a\n\ndeny contains 1 if false\n").unwrap();
    for (name, text) in
        [("policies.hcl", "policy \"a\" {\n  query = \n}\n"), ("policies.json", "{\"policy\": \n[}")]
    {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        let options = PolicyOptions {
            paths: vec![path.clone()],
            convention: Some("hcp".parse().unwrap()),
            ..PolicyOptions::default()
        };
        let problems = problems(&Policies::load(&options));
        assert!(problems[0].starts_with("PG-RG-072"), "{problems:?}");
        assert!(problems[0].contains(&format!("{name}:2: this is not ")), "{problems:?}");
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn without_its_configuration_hcp_is_undecided() {
    let options = PolicyOptions { convention: Some("hcp".parse().unwrap()), ..options(&["good"]) };
    let problems = problems(&Policies::load(&options));
    assert!(problems[0].starts_with("PG-RG-071"), "{problems:?}");
}

#[test]
fn spacelift_policies_of_one_package_are_strangers() {
    let options = with_context(options(&["spacelift/plans"]));
    let expected = [
        finding(RuleKind::Deny, "deletions", "aws_db_instance.main is deleted"),
        finding(RuleKind::Deny, "labels", "aws_s3_bucket.logs is public in production"),
        finding(RuleKind::Warn, "deletions", "something changes"),
    ];
    assert_eq!(found(&options), expected);
    assert_eq!(Policies::load(&options).sets().len(), 2);
}

#[test]
fn spacelift_policies_without_their_context_are_undecided() {
    let problems = problems(&Policies::load(&options(&["spacelift/plans"])));
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert!(problem.contains("`input.spacelift.stack.labels`"), "{problem}");
}

#[test]
fn spacelifts_other_kinds_of_policies_are_passed_over() {
    let policies = Policies::load(&with_context(options(&["spacelift/other"])));
    let skipped: Vec<String> = policies.skipped().iter().map(ToString::to_string).collect();
    let expected =
        "fixtures/policies/spacelift/other/push.rego is not evaluated: it is not a plan policy of Spacelift";
    assert_eq!(skipped, [expected]);
    let problems = problems(&policies);
    assert!(problems[0].contains("`input.spacelift.previous_run.flags`"), "{problems:?}");
}

#[test]
fn names_and_paths_that_spacelift_does_not_know_are_told() {
    let problems = problems(&Policies::load(&options(&["spacelift/names"])));
    let expected = [
        "PG-RG-032 rule `deny_public` is not evaluated: the platform evaluates another name (rename it to `deny`)",
        "PG-RG-019 no plan contains `input.resource_changes` (on Spacelift the plan is under `input.terraform`: \
         write `input.terraform.resource_changes`)",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn several_shapes_need_a_word_from_the_user() {
    let ambiguous = options(&["ambiguous"]);
    let expected = "PG-RG-070 fixtures/policies/ambiguous matches several platforms: conftest (`package main`), spacelift \
                    (`package spacelift`) (select one with --convention, or pass the directories separately)";
    assert_eq!(problems(&Policies::load(&ambiguous)), [expected]);
    for (convention, rule) in
        [(Convention::CONFTEST, "data.main.deny"), ("spacelift".parse().unwrap(), "data.spacelift.deny")]
    {
        let options = PolicyOptions { convention: Some(convention), ..ambiguous.clone() };
        let policies = Policies::load(&options);
        assert!(policies.problems().is_empty(), "{:?}", problems(&policies));
        assert_eq!(policies.sets()[0].rules()[0].path, rule);
    }
    let namespaces = Namespaces::Named(vec!["spacelift".to_owned()]);
    let policies = Policies::load(&PolicyOptions { namespaces, ..ambiguous });
    assert_eq!(
        policies.sets()[0].rules()[0].path,
        "data.spacelift.deny",
        "conftest lets one choose packages"
    );
}

#[test]
fn locations_may_follow_different_conventions() {
    let options = with_context(options(&["boolean", "spacelift/plans", "hcp/sound"]));
    let policies = Policies::load(&options);
    assert_eq!(policies.sets().len(), 4);
    let found = found(&options);
    assert_eq!(found.iter().filter(|(kind, _, _)| *kind == RuleKind::Deny).count(), 4, "{found:?}");
}

#[test]
fn a_plain_directory_means_to_policies_what_it_means_to_conftest() {
    for name in ["good", "boolean", "exceptions", "namespace", "near-miss", "input-path", "broken", "walk"] {
        let options = options(&[name]);
        let alone = planguard::rego::PolicySet::load(&options);
        let policies = Policies::load(&options);
        let (alone_problems, evaluation) = match alone {
            Ok(set) => {
                assert_eq!(set.sha256(), policies.sha256(), "{name}");
                let evaluation =
                    set.evaluate(PolicyInput { name: "plan.json", text: PLAN, plan: None, cost: None });
                (set.problems().to_vec(), evaluation)
            }
            Err(errors) => (errors, Evaluation::default()),
        };
        let alone_problems: Vec<String> = alone_problems.iter().map(told).collect();
        assert_eq!(problems(&policies), alone_problems, "{name}");
        assert_eq!(evaluate(&policies).findings, evaluation.findings, "{name}");
    }
}

#[test]
fn a_context_may_not_replace_the_plan() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("context.json");
    for (text, reason) in [
        (r#"{"plan": {}}"#, "`plan` is part of the plan"),
        (r#"{"resource_changes": []}"#, "`resource_changes` is part of the plan"),
        ("[]", "its root is not an object"),
        ("{", "EOF"),
    ] {
        std::fs::write(&path, text).unwrap();
        let context = ContextOptions { file: Some(path.clone()), ..ContextOptions::default() };
        let problems = problems(&Policies::load(&PolicyOptions { context, ..options(&["boolean"]) }));
        assert!(problems[0].starts_with("PG-RG-080") && problems[0].contains(reason), "{problems:?}");
    }
}

fn with_costs(options: PolicyOptions) -> PolicyOptions {
    let infracost = Some("fixtures/policies/context/infracost.json".into());
    PolicyOptions { context: ContextOptions { infracost, ..ContextOptions::default() }, ..options }
}

fn with_written_context(options: PolicyOptions, context: &str) -> (tempfile::TempDir, PolicyOptions) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("context.json");
    std::fs::write(&path, context).unwrap();
    let context = ContextOptions { file: Some(path), ..options.context.clone() };
    (directory, PolicyOptions { context, ..options })
}

fn skipped(policies: &Policies) -> Vec<String> {
    policies.skipped().iter().map(ToString::to_string).collect()
}

#[test]
fn scalr_policies_stand_alone_with_their_levels_and_imports() {
    let options = with_costs(options(&["scalr"]));
    let expected = [
        finding(RuleKind::Deny, "cost", "the estimate is above the limit"),
        finding(RuleKind::Deny, "deletions", "1 objects are deleted"),
        finding(RuleKind::Warn, "tags", "aws_instance.web[\"a.b\"] has no owner"),
    ];
    assert_eq!(found(&options), expected);
    let policies = Policies::load(&options);
    let reasons: Vec<String> = skipped(&policies)
        .iter()
        .map(|told| told.rsplit('/').next().unwrap_or_default().to_owned())
        .collect();
    let expected = [
        "retired.rego is not evaluated: scalr-policy.hcl disables it",
        "undeclared.rego is not evaluated: scalr-policy.hcl does not declare it",
    ];
    assert_eq!(reasons, expected);
    let evaluation = evaluate(&policies);
    let overridable =
        evaluation.findings.iter().filter(|finding| finding.metadata.contains_key("overridable"));
    let policies: Vec<_> = overridable.map(|finding| &finding.metadata["enforcement_level"]).collect();
    assert_eq!(policies, ["soft-mandatory"]);
}

#[test]
fn scalrs_configuration_is_checked() {
    let problems = problems(&Policies::load(&options(&["scalr-broken"])));
    let file = "PG-RG-072 fixtures/policies/scalr-broken/scalr-policy.hcl";
    for (problem, expected) in problems.iter().zip([
        ":1: unknown version of the settings file",
        ":3: missing.rego not found beside this file",
        ":9: `enabled` is neither true nor false",
        ":13: policy `unset` has no enforcement_level",
        ":18: unknown enforcement level `mandatory`",
    ]) {
        assert!(problem.starts_with(&format!("{file}{expected}")), "{problem}");
    }
    assert_eq!(problems.len(), 5);
}

#[test]
fn scalr_policies_without_costs_are_undecided() {
    let problems = problems(&Policies::load(&options(&["scalr/group"])));
    assert!(problems.iter().any(|told| told.contains("`input.tfrun.cost_estimate.proposed_monthly_cost`")));
}

#[test]
fn env0_directories_deny_warn_and_wait() {
    let expected = [
        finding(RuleKind::Deny, "", "aws_db_instance.main is deleted"),
        finding(RuleKind::Warn, "", "something is deleted"),
    ];
    assert_eq!(found(&options(&["env0/deny"])), expected);
    let costs = with_costs(options(&["env0/cost"]));
    let pending = finding(RuleKind::Deny, "", "costs rise by more than 5, see the platform team");
    assert_eq!(found(&costs), [pending], "the limit is the default of the schema");
    let evaluation = evaluate(&Policies::load(&costs));
    assert_eq!(evaluation.findings[0].metadata["overridable"], "on env0, by an approval");
    let (_directory, raised) = with_written_context(costs, r#"{"policyData": {"limit": 11}}"#);
    assert!(found(&raised).is_empty());
}

#[test]
fn env0_goes_on_only_where_something_allows_it() {
    let approval = options(&["env0/approval"]);
    let problems = problems(&Policies::load(&approval));
    assert!(problems[0].contains("`input.approvers`"), "{problems:?}");
    let approved = |context: &str| {
        let (_directory, options) = with_written_context(approval.clone(), context);
        found(&options)
    };
    let deployer = r#""deployerUser": {"email": "a@example.com"}"#;
    let refused = approved(&format!(r#"{{{deployer}, "approvers": [{{"email": "a@example.com"}}]}}"#));
    assert_eq!(refused, [finding(RuleKind::Deny, "", "not allowed: data.env0.allow has no result")]);
    assert!(approved(&format!(r#"{{{deployer}, "approvers": [{{"email": "b@example.com"}}]}}"#)).is_empty());
}

#[test]
fn digger_evaluates_one_file() {
    let repository = options(&["digger/repo"]);
    assert_eq!(found(&repository), [finding(RuleKind::Deny, "", "aws_db_instance.main may not be deleted")]);
    let expected = "fixtures/policies/digger/repo/access.rego is not evaluated: it is a Digger policy for access or drift";
    assert_eq!(skipped(&Policies::load(&repository)), [expected]);
    let both = problems(&Policies::load(&options(&["digger/both"])));
    assert!(both[0].starts_with("PG-RG-077"), "{both:?}");
    let evaluation = evaluate(&Policies::load(&options(&["digger/answer"])));
    assert!(
        matches!(evaluation.errors.as_slice(), [PolicyError::Convention(ConventionError::NoArray { .. })]),
        "{:?}",
        evaluation.errors
    );
}

#[test]
fn harness_policies_find_the_plan_in_both_places() {
    let options = with_costs(options(&["harness"]));
    let expected = [
        finding(RuleKind::Deny, "cost", "costs rise to 30.5"),
        finding(RuleKind::Deny, "plan", "aws_s3_bucket.logs is public"),
        finding(RuleKind::Deny, "root", "aws_db_instance.main is deleted"),
    ];
    assert_eq!(found(&options), expected);
    let expected =
        "fixtures/policies/harness/state.rego is not evaluated: it is a policy for Terraform state";
    assert_eq!(skipped(&Policies::load(&options)), [expected]);
}

#[test]
fn atlantis_policy_sets_are_evaluated_one_by_one() {
    let options = options(&["atlantis/repos.yaml"]);
    let evaluation = evaluate(&Policies::load(&options));
    let sets: Vec<_> = evaluation
        .findings
        .iter()
        .map(|finding| {
            (finding.kind, finding.metadata["policy_set"].as_str().unwrap(), finding.message.as_str())
        })
        .collect();
    let expected = [
        (RuleKind::Deny, "tags", "aws_instance.web[\"a.b\"] has no owner"),
        (RuleKind::Warn, "cost", "from the other set"),
    ];
    assert_eq!(sets, expected);
    assert!(evaluation.is_decided());
}

#[test]
fn a_policy_set_that_cannot_be_read_is_told() {
    let problems = problems(&Policies::load(&options(&["atlantis/broken/repos.yaml"])));
    let file = "PG-RG-072 fixtures/policies/atlantis/broken/repos.yaml";
    let expected = [
        format!("{file}:3: policy set `remote` has the source `github`; only `local` is supported"),
        "PG-RG-002 cannot read fixtures/policies/atlantis/broken/nowhere".to_owned(),
        format!("{file}:6: policy set `gone` has no policies"),
        format!("{file}:8: policy set `pathless` has no path"),
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:?}");
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.starts_with(&expected), "{problem}");
    }
}

#[test]
fn terrateam_is_conftest_on_its_directory() {
    let options = PolicyOptions { convention: Some("terrateam".parse().unwrap()), ..options(&["terrateam"]) };
    assert_eq!(found(&options), [finding(RuleKind::Deny, "", "from the directory policy")]);
    let environment = [("CONFTEST_NAMESPACE".to_owned(), "other".to_owned())].into();
    let context = ContextOptions { environment, ..ContextOptions::default() };
    let problems = problems(&Policies::load(&PolicyOptions { context, ..options }));
    assert!(problems[0].contains("no package matches namespace `other`"), "{problems:?}");
}

#[test]
fn ci_variables_are_context() {
    let environment = [("GITHUB_ACTIONS", "true"), ("GITHUB_SHA", "0abc")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("policies.hcl"), "policy \"p\" { query = \"data.p.deny\" }\n")
        .unwrap();
    let policy = "package p\n\ndeny contains input.run.commit_sha if true\n";
    std::fs::write(directory.path().join("p.rego"), policy).unwrap();
    let options = PolicyOptions {
        paths: vec![directory.path().to_owned()],
        context: ContextOptions { environment, ..ContextOptions::default() },
        ..PolicyOptions::default()
    };
    assert_eq!(found(&options), [finding(RuleKind::Warn, "p", "0abc")]);
}

#[test]
fn libraries_of_a_plain_directory_may_have_any_name() {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("main.rego", "package main\n\ndeny contains m if some m in data.env0.deny\n"),
        ("env0.rego", "package env0\n\ndeny contains \"from the library\" if true\n"),
        ("plan.rego", "package terraform_plan\n\ndeny contains \"never evaluated\" if true\n"),
    ] {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let options = PolicyOptions { paths: vec![directory.path().to_owned()], ..PolicyOptions::default() };
    assert_eq!(found(&options), [finding(RuleKind::Deny, "", "from the library")]);
}

#[test]
fn context_is_missed_through_rules_and_variables_too() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("policies.hcl"), "policy \"p\" { query = \"data.p.deny\" }\n")
        .unwrap();
    let options = PolicyOptions { paths: vec![directory.path().to_owned()], ..PolicyOptions::default() };
    let (_context, options) = with_written_context(options, r#"{"run": {"workspace": {}}}"#);
    for policy in [
        "run := input.run\n\ndeny contains 1 if run.workspace.name",
        "deny contains 1 if {\n\trun := input.run\n\trun.workspace.name\n}",
        "import input.run.workspace as w\n\ndeny contains 1 if not w.name",
        "run := input.run\nws := run.workspace\n\ndeny contains 1 if ws.name",
        "run := input.run\n\ndeny contains 1 if {\n\tw := run.workspace\n\tw.name\n}",
        "deny contains 1 if helper(1)\n\nhelper(x) if input.run.workspace.name == x",
        "deny contains 1 if input[\"run\"].workspace[\"name\"]",
    ] {
        std::fs::write(directory.path().join("p.rego"), format!("package p\n\n{policy}\n")).unwrap();
        let problems = problems(&Policies::load(&options));
        assert!(
            problems.len() == 1 && problems[0].contains("`input.run.workspace.name`"),
            "{policy}: {problems:?}"
        );
    }
    let unread = "package p\n\ndeny contains 1 if input.plan.errored\n\nunused if input.run.id\n";
    std::fs::write(directory.path().join("p.rego"), unread).unwrap();
    assert!(found(&options).is_empty(), "what decides nothing needs nothing");
}

#[test]
fn a_place_that_is_named_twice_is_evaluated_once() {
    let twice = with_context(options(&["spacelift/plans", "spacelift/../spacelift/plans"]));
    assert_eq!(Policies::load(&twice).sets().len(), 2);
}

#[test]
fn regula_asks_its_rules_about_resources() {
    let plan = PolicyInput {
        name: "plan.json",
        text: include_str!("../../../fixtures/policies/regula/plan.json"),
        plan: None,
        cost: None,
    };
    let policies = Policies::load(&options(&["regula"]));
    assert!(policies.problems().is_empty(), "{:?}", problems(&policies));
    let evaluation = policies.evaluate(plan);
    assert!(evaluation.is_decided(), "{:?} {:?}", evaluation.errors, evaluation.diagnostics);
    let expected = [
        finding(RuleKind::Deny, "bucket_block", "Buckets block public access"),
        finding(RuleKind::Deny, "bucket_block", "there is no trail"),
        finding(RuleKind::Deny, "volume_encrypted", "Volumes are encrypted"),
        finding(RuleKind::Deny, "volume_size", "400 GiB is more than 100"),
        finding(RuleKind::Warn, "never", "rule never is disabled"),
        finding(RuleKind::Warn, "volume_owner", "Volumes have an owner"),
    ];
    assert_eq!(findings(&evaluation), expected);
    let of = |policy: &str| {
        let found = evaluation.findings.iter().filter(|finding| finding.metadata["policy"] == policy);
        found.map(|finding| finding.address.as_deref().unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(
        of("bucket_block"),
        ["", "aws_s3_bucket.public"],
        "the other one is blocked through a variable"
    );
    assert_eq!(of("volume_encrypted"), ["aws_ebs_volume.data"]);
    let encrypted =
        evaluation.findings.iter().find(|finding| finding.metadata["policy"] == "volume_encrypted").unwrap();
    assert_eq!(encrypted.severity, Some(planguard::Severity::High));
    assert_eq!(encrypted.metadata["rule_id"], "ORG_0001");
    let expected =
        "fixtures/policies/regula/rules/stack.rego is not evaluated: it is a rule for CloudFormation";
    assert_eq!(skipped(&policies), [expected]);
}

#[test]
fn rules_that_regula_would_not_ask_are_told() {
    let problems = problems(&Policies::load(&options(&["regula-broken"])));
    let decides_nothing = |file: &str| {
        format!(
            "PG-RG-074 fixtures/policies/regula-broken/{file}.rego decides nothing: Regula evaluates resource_type"
        )
    };
    assert_eq!(problems.len(), 2, "{problems:?}");
    for (problem, file) in problems.iter().zip(["several", "typo"]) {
        assert!(problem.starts_with(&decides_nothing(file)), "{problem}");
    }
}

#[test]
fn a_hostile_file_keeps_nobody_busy() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    let nested = format!("package spacelift\n\ndeny := {}1{}\n", "[".repeat(400), "]".repeat(400));
    write("hostile.rego", &nested);
    write("sound.rego", "package spacelift\n\ndeny contains \"found\" if true\n");
    let options = PolicyOptions { paths: vec![directory.path().to_owned()], ..PolicyOptions::default() };
    let policies = Policies::load(&options);
    assert!(matches!(policies.problems(), [PolicyError::TooDeep { .. }]), "{:?}", problems(&policies));
    assert_eq!(findings(&evaluate(&policies)), [finding(RuleKind::Deny, "sound", "found")]);
}

#[test]
fn what_holds_no_policy_is_never_passed() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("policies.hcl", "policy \"p\" { query = \"data.p.deny\" }\n");
    write("p_test.rego", "package p\n\ntest_p if true\n");
    for convention in std::iter::once(None).chain(Convention::ALL.map(Some)) {
        let paths = vec![directory.path().to_owned()];
        let policies = Policies::load(&PolicyOptions { paths, convention, ..PolicyOptions::default() });
        assert!(!policies.problems().is_empty(), "{convention:?}");
    }
}

#[test]
fn a_configuration_that_is_named_itself_stands_for_its_directory() {
    let namespaces = Namespaces::Named(vec!["main".to_owned(), "m*".to_owned()]);
    let atlantis = PolicyOptions { namespaces, ..options(&["atlantis/repos.yaml"]) };
    assert_eq!(Policies::load(&atlantis).sets().len(), 2);
    assert_eq!(found(&with_context(options(&["hcp/sound/policies.hcl"]))).len(), 3);
}

#[test]
fn spacelift_policies_find_the_configuration_where_the_documentation_puts_it() {
    let directory = tempfile::tempdir().unwrap();
    let policy = "package spacelift\n\ndeny contains name if {\n\tsome name, _ in \
                  input.third_party_metadata.custom.configuration.root_module.module_calls\n}\n";
    std::fs::write(directory.path().join("modules.rego"), policy).unwrap();
    let options = PolicyOptions { paths: vec![directory.path().to_owned()], ..PolicyOptions::default() };
    let plan = PolicyInput {
        name: "plan.json",
        text: include_str!("../../../fixtures/policies/regula/plan.json"),
        plan: None,
        cost: None,
    };
    let expected = [finding(RuleKind::Deny, "modules", "block")];
    let policies = Policies::load(&options);
    assert!(policies.problems().is_empty(), "{:?}", problems(&policies));
    assert_eq!(findings(&policies.evaluate(plan)), expected);
    let (_context, options) =
        with_written_context(options, r#"{"third_party_metadata": {"custom": {"tfsec": {}}}}"#);
    assert_eq!(findings(&Policies::load(&options).evaluate(plan)), expected, "beside other custom input");
    let own = r#"{"third_party_metadata": {"custom": {"configuration": {"root_module": {"module_calls": {"own": 1}}}}}}"#;
    let (_context, options) = with_written_context(options, own);
    let expected = [finding(RuleKind::Deny, "modules", "own")];
    assert_eq!(findings(&Policies::load(&options).evaluate(plan)), expected, "the user's own comes first");
}
