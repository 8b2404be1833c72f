//! Which settings a run is held to, who approved it, and what its audit log says.

use std::fs;
use std::path::Path;
use std::process::Command;

use planguard::render::{check, rules};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::{self, run};

/// Production needs two approvals for what is not critical.
const SETTINGS: &str = r#"
[env.production]
match = { branch = ["main"] }
not = { label = ["sandbox"] }
fail-on = "critical"

[env.production.approve]
severity = "medium"
count = 2
from = ["platform", "security"]

[env.production.rules]
aws-security-group-open-database = { enforcement = "approve", reason = "the network team decides" }

[env.sandbox]
fail-on = "critical"

[env.sandbox.rules]
"*" = { enforcement = "warn", reason = "nothing of value is in it" }

[groups]
platform = ["alice", "bob"]
security = ["carol"]
"#;

/// By these variables planguard knows who runs it.
const MARKS: [&str; 8] = [
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "ATLANTIS_TERRAFORM_VERSION",
    "TFC_RUN_ID",
    "TF_VAR_spacelift_run_id",
    "TF_BUILD",
    "BITBUCKET_BUILD_NUMBER",
    "JENKINS_URL",
];

/// A directory with a plan of four findings, two of them new, and these settings.
fn project(settings: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/already-there/plan.json");
    fs::copy(plan, directory.path().join("plan.json")).expect("the fixture");
    write(&directory, "planguard.toml", settings);
    directory
}

fn write(directory: &TempDir, name: &str, text: &str) {
    fs::write(directory.path().join(name), text).expect("written");
}

/// planguard without what the machine says of a run.
fn command(directory: &TempDir, arguments: &[&str]) -> Command {
    let mut command = process::planguard(directory.path(), arguments);
    for variable in MARKS.iter().chain(&["TF_WORKSPACE"]) {
        command.env_remove(variable);
    }
    command
}

fn check(directory: &TempDir, arguments: &[&str]) -> (Option<i32>, String, String) {
    run(command(directory, &[&["check", "plan.json"], arguments].concat()))
}

fn report(directory: &TempDir, arguments: &[&str]) -> Value {
    let (_, text, errors) = check(directory, &[&["--format", "json"], arguments].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{errors}"))
}

/// The context of a run on the branch `main` by alice, with these approvals.
fn context(directory: &TempDir, approvals: &Value) {
    let part =
        json!({"branch": "main", "labels": [], "author": "dave", "commit": "abc", "approvals": approvals});
    write(directory, "run.json", &json!({ "planguard": part }).to_string());
}

fn enforcements(report: &Value) -> Vec<&str> {
    let findings = report["plans"][0]["findings"].as_array().expect("findings").iter();
    findings.map(|finding| finding["enforcement"].as_str().expect("a word")).collect()
}

#[test]
fn an_environment_is_chosen_by_name_or_by_what_ci_says() {
    let directory = project(SETTINGS);
    let by = |variables: &[(&str, &str)], arguments: &[&str]| {
        let arguments = [&["check", "plan.json", "--format", "json"], arguments].concat();
        let mut command = command(&directory, &arguments);
        command.envs(variables.iter().copied());
        let (code, text, _) = run(command);
        let report: Value = serde_json::from_str(&text).expect("JSON");
        let text = |key: &str| report["environment"][key].as_str().unwrap_or("-").to_owned();
        (code.expect("a code"), text("name"), text("why"))
    };
    let github =
        [("GITHUB_ACTIONS", "true"), ("GITHUB_REF_NAME", "main"), ("GITHUB_EVENT_PATH", "event.json")];
    write(&directory, "event.json", "{\"ref\": \"refs/heads/main\"}");
    let of = |code: i32, name: &str, why: &str| (code, name.to_owned(), why.to_owned());
    assert_eq!(by(&[], &["--env", "sandbox"]), of(0, "sandbox", "--env"));
    assert_eq!(by(&[("PLANGUARD_ENV", "sandbox")], &[]), of(0, "sandbox", "PLANGUARD_ENV"));
    assert_eq!(by(&[("PLANGUARD_ENV", "sandbox")], &["--env", "production"]), of(1, "production", "--env"));
    assert_eq!(by(&github, &[]), of(1, "production", "branch `main` matches `main`"));
    assert_eq!(by(&github, &["--env", "sandbox"]), of(0, "sandbox", "--env"));
    assert_eq!(by(&github, &["--env", "none"]), of(1, "-", "-"));
    let labels = json!({"pull_request": {"base": {"ref": "main"}, "labels": [{"name": "sandbox"}]}});
    write(&directory, "event.json", &labels.to_string());
    assert_eq!(by(&github, &[]), of(1, "-", "-"), "an exclusion wins");
    // Without the event, nobody knows the labels.
    let unread = [github[0], github[1], ("GITHUB_EVENT_PATH", "missing.json")];
    assert_eq!(by(&unread, &[]), of(2, "-", "-"));
    let gitlab = [("GITLAB_CI", "true"), ("CI_COMMIT_REF_NAME", "main")];
    assert_eq!(by(&gitlab, &[]).1, "production");
    let feature = [("GITLAB_CI", "true"), ("CI_COMMIT_REF_NAME", "feature")];
    assert_eq!(by(&feature, &[]), of(1, "-", "-"), "none matches");
}

#[test]
fn an_environment_that_cannot_be_chosen_leaves_the_verdict_undecided() {
    let open = project(SETTINGS);
    let (code, text, _) = check(&open, &[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("PG-EN-003") && text.contains("branch and label are not known"), "{text}");
    assert!(text.contains("production (planguard.toml:2)"), "{text}");
    let (code, text, _) = check(&open, &["--env", "prodution"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("PG-EN-001") && text.contains("did you mean `production`?"), "{text}");
    let (code, text, _) = check(&open, &["--env", "production", "--no-config"]);
    assert_eq!(code, Some(2), "{text}");
    let both = "[env.a]\nmatch = { branch = \"*\" }\n[env.b]\nmatch = { branch = \"main\" }\n";
    let both = project(both);
    context(&both, &json!([]));
    let (code, text, _) = check(&both, &["--context", "run.json"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("PG-EN-002") && text.contains("a (planguard.toml:1), b"), "{text}");
}

/// A mistake in an environment is not left for the day on which a run has it.
#[test]
fn rules_of_every_environment_exist() {
    let directory = project(
        "[env.a.rules]\naws-instance-pubic-ip = { enforcement = \"warn\", reason = \"r\" }\n[env.b]\nstrict = true\n",
    );
    for environment in ["a", "b", "none"] {
        let (code, text, _) = check(&directory, &["--env", environment]);
        assert_eq!(code, Some(2), "{text}");
        assert_eq!(text.matches("PG-CF-007").count(), 1, "{text}");
        assert!(
            text.contains("planguard.toml:2") && text.contains("did you mean aws-instance-public-ip?"),
            "{text}"
        );
    }
    // One error for a file that cannot be read, and none for what it would have said.
    write(&directory, "planguard.toml", "[env.a\n");
    let (code, text, _) = check(&directory, &["--env", "a"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("PG-CF-002") && !text.contains("PG-EN-001"), "{text}");
}

/// So do their parameters, and a mistake in the environment of the run is one mistake.
#[test]
fn parameters_of_every_environment_exist() {
    let directory = project(
        "[env.a.rules.aws-db-instance-no-backup]\nparams = { minimum-dyas = 7 }\nreason = \"r\"\n\
         [env.b]\nstrict = true\n",
    );
    for environment in ["a", "b", "none"] {
        let (code, text, _) = check(&directory, &["--env", environment]);
        assert_eq!(code, Some(2), "{text}");
        assert_eq!(text.matches("PG-CF-010").count(), 1, "{text}");
        assert!(text.contains("planguard.toml:1") && text.contains("did you mean `minimum-days`?"), "{text}");
    }
}

/// A waiver comes before the baseline, both before the score, and approvals last.
#[test]
fn every_finding_is_accepted_by_the_first_that_may() {
    let directory = project(
        "[check]\nfail-on = \"critical\"\nbaseline = \"planguard-baseline.json\"\n\
         [approve]\nseverity = \"medium\"\nfrom = [\"g\"]\n[groups]\ng = [\"bob\"]\n\
         [[waivers]]\nrule = \"aws-instance-public-ip\"\naddress = \"*\"\nreason = \"r\"\nexpires = 2999-12-31\n",
    );
    let score = |report: &Value| report["plans"][0]["risk"]["score"].as_u64().expect("a score");
    let (code, _, errors) = run(command(&directory, &["baseline", "plan.json", "--no-config"]));
    assert_eq!(code, Some(0), "{errors}");
    context(&directory, &json!(["bob"]));
    let accepted = report(&directory, &["--context", "run.json"]);
    let mut kinds = enforcements(&accepted);
    kinds.sort_unstable();
    assert_eq!(kinds, ["approved", "baseline", "baseline", "waived"]);
    assert_eq!(accepted["verdict"], "pass");
    let open = report(&directory, &["--context", "run.json", "--no-waivers"]);
    assert!(score(&accepted) < score(&open), "what the baseline has is no risk");
    // What is in the baseline needs no approval, and no approval is missing for it.
    let (_, text, _) = check(&directory, &[]);
    assert!(text.contains("1 finding needs approval"), "{text}");
    let (_, text, _) = check(&directory, &["--context", "run.json", "--show", "all"]);
    for words in ["approved by bob", "waived until 2999-12-31", "in the baseline: 2 findings"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("; 1 approved; 1 waived; 2 in the baseline"), "{text}");
}

#[test]
fn what_needs_approval_denies_until_it_has_it() {
    let directory = project(SETTINGS);
    let approve = |approvals: Value| {
        context(&directory, &approvals);
        let arguments = ["--context", "run.json"];
        let (code, text, _) = check(&directory, &arguments);
        (code, text, report(&directory, &arguments))
    };
    let (code, text, missing) = approve(json!(["bob", "dave", {"by": "carol", "commit": "old"}, "eve"]));
    assert_eq!((code, enforcements(&missing)), (Some(1), vec!["approve"; 3]));
    assert!(
        text.contains("DENIED: 3 findings need approval (1 of 2 approvals by platform or security missing)"),
        "{text}"
    );
    assert!(text.contains("The plan passes with 1 more approval by platform or security."), "{text}");
    let approvals = &missing["approvals"];
    assert_eq!((&approvals["needed"], &approvals["missing"]), (&2.into(), &1.into()));
    assert_eq!(approvals["counted"], json!(["bob"]));
    let reasons: Vec<String> = approvals["not_counted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|review| format!("{}: {}", review["by"].as_str().unwrap(), review["reason"].as_str().unwrap()))
        .collect();
    let wanted =
        ["carol: reviewed an earlier commit", "dave: wrote the change", "eve: is in none of the groups"];
    assert_eq!(reasons, wanted);
    let (code, text, approved) = approve(json!(["bob", "Carol"]));
    assert_eq!((code, enforcements(&approved)), (Some(0), vec!["approved"; 4]), "{text}");
    assert!(text.contains("PASS: 0 denials, 0 warnings; 4 approved"), "{text}");
    assert!(text.contains("approved by bob, Carol"), "{text}");
    assert_eq!(approved["plans"][0]["findings"][0]["approved_by"], json!(["bob", "Carol"]));
    let (code, _, _) = approve(json!(["bob", "bob", "BOB"]));
    assert_eq!(code, Some(1), "one person has one voice");
    let (code, _, _) = approve(json!([{"by": "bob"}, "carol", {"by": "bob", "state": "DISMISSED"}]));
    assert_eq!(code, Some(1));
}

#[test]
fn reviews_of_github_approve() {
    let directory = project(SETTINGS);
    let review = |by: &str, state: &str| json!({"author": {"login": by}, "state": state, "submittedAt": "2026-11-01T00:00:00Z", "commit": {"oid": "abc"}});
    let reviews = |reviews: Vec<Value>| {
        let document = json!({"author": {"login": "dave"}, "headRefOid": "abc", "reviews": reviews});
        write(&directory, "reviews.json", &document.to_string());
        check(&directory, &["--env", "production", "--approvals", "reviews.json"])
    };
    assert_eq!(reviews(vec![review("bob", "APPROVED"), review("carol", "APPROVED")]).0, Some(0));
    assert_eq!(reviews(vec![review("bob", "APPROVED"), review("carol", "COMMENTED")]).0, Some(1));
    let (_, _, notes) = reviews(vec![review("bob", "APPROVED")]);
    assert!(!notes.contains("PG-EN-102"), "{notes}");
    let mut by_variable = command(&directory, &["check", "plan.json", "--env", "production"]);
    by_variable.env("PLANGUARD_APPROVALS", "reviews.json");
    assert_eq!(run(by_variable).0, Some(1));
    let (code, text, _) = reviews(vec![review("bob", "APROVED")]);
    assert_eq!(code, Some(2));
    assert!(text.contains("PG-EN-008") && text.contains("`reviews[0].state`"), "{text}");
    assert!(text.contains("did you mean APPROVED?"), "{text}");
    let (code, text, _) = check(&directory, &["--env", "production", "--approvals", "missing.json"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("PG-EN-007"), "{text}");
    // The author is not known, so anybody might be the author.
    write(&directory, "reviews.json", &json!([{"user": {"login": "bob"}, "state": "APPROVED"}]).to_string());
    let (code, text, _) = check(&directory, &["--env", "production", "--approvals", "reviews.json"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("PG-EN-006") && text.contains("bob approved"), "{text}");
}

/// The change could have written it.
#[test]
fn a_context_that_the_project_names_chooses_and_approves_nothing() {
    let settings = format!("{SETTINGS}\n[policies]\ncontext = \"run.json\"\n");
    let directory = project(&settings);
    context(&directory, &json!(["bob", "carol"]));
    let (code, text, _) = check(&directory, &[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("PG-EN-003"), "{text}");
    let (code, text, _) = check(&directory, &["--env", "production"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("approvals: 0 of 2"), "{text}");
}

#[test]
fn settings_about_approvals_that_contradict_each_other_are_errors() {
    for (settings, code, help) in [
        ("[env.a.approve]\nrisk = 5\n", "PG-EN-004", "name the groups"),
        ("[rules]\nx-y = { enforcement = \"approve\", reason = \"r\" }\n", "PG-EN-004", "name the groups"),
        (
            "[approve]\nseverity = \"high\"\nfrom = [\"g\"]\n[groups]\ng = [\"a\"]\n",
            "PG-EN-005",
            "raise `fail-on`",
        ),
        (
            "[approve]\nrisk = 9\nfrom = [\"g\"]\n[check]\nmax-risk = 5\n[groups]\ng = [\"a\"]\n",
            "PG-EN-005",
            "name a score up to",
        ),
        (
            "[approve]\nrisk = 9\ncount = 2\nfrom = [\"g\"]\n[groups]\ng = [\"a\", \"A\"]\n",
            "PG-EN-005",
            "lower `count`",
        ),
        ("[approve]\nfrom = [\"security\"]\n[groups]\ng = [\"a\"]\n", "PG-CF-002", "add it to [groups]"),
    ] {
        let (exit, text, _) = check(&project(settings), &[]);
        assert_eq!(exit, Some(2), "{settings}: {text}");
        assert!(text.contains(code) && text.contains(help), "{settings}: {text}");
    }
    let directory = project("[groups]\nplatform = [\"a\"]\n");
    let mut command = command(&directory, &["check", "plan.json"]);
    command.env("PLANGUARD_APPROVE_RISK", "1").env("PLANGUARD_APPROVE_FROM", "platfrom");
    let (code, text, _) = run(command);
    assert_eq!(code, Some(2));
    assert!(text.contains("did you mean `platform`?"), "{text}");
}

#[test]
fn a_score_above_the_limit_denies_and_from_another_on_needs_approval() {
    let directory = project("[groups]\nplatform = [\"bob\"]\n");
    let limited = |arguments: &[&str]| {
        let all = [&["--format", "json", "--fail-on", "critical", "--unknown", "warn"], arguments].concat();
        let report: Value = serde_json::from_str(&check(&directory, &all).1).expect("JSON");
        let findings = report["plans"][0]["findings"].as_array().unwrap().clone();
        let risk = findings.iter().find(|finding| finding["rule"] == "plan-risk");
        (report["plans"][0]["risk"].clone(), risk.map(|finding| finding["enforcement"].clone()))
    };
    let (risk, none) = limited(&[]);
    let score = risk["score"].as_u64().unwrap();
    let parts = risk["parts"].as_array().unwrap().iter();
    assert_eq!(parts.map(|part| part["points"].as_u64().unwrap()).sum::<u64>(), score);
    assert!(score > 0 && none.is_none());
    assert_eq!(limited(&["--max-risk", &score.to_string()]).1, None);
    assert_eq!(limited(&["--max-risk", &(score - 1).to_string()]).1, Some("deny".into()));
    write(
        &directory,
        "planguard.toml",
        &format!(
            "[check]\nfail-on = \"critical\"\n[approve]\nrisk = {score}\nfrom = [\"g\"]\n[groups]\ng = [\"bob\"]\n\
         [[waivers]]\nrule = \"aws-security-group-open-database\"\naddress = \"*\"\nreason = \"r\"\nexpires = 2999-12-31\n"
        ),
    );
    let waived = report(&directory, &[]);
    assert!(waived["plans"][0]["risk"]["score"].as_u64().unwrap() < score, "a waived finding has no points");
    let (_, text, _) = check(&directory, &["--no-waivers"]);
    assert!(text.contains("plan-risk] (needs approval) the risk score of the plan is"), "{text}");
    write(
        &directory,
        "planguard.toml",
        "[check]\nmax-risk = 0\n[[waivers]]\nrule = \"plan-risk\"\nreason = \"r\"\nexpires = 2999-12-31\n",
    );
    let (_, text, notes) = check(&directory, &[]);
    assert!(text.contains("[plan-risk]: waived until 2999-12-31"), "{text}");
    assert!(!notes.contains("PG-WV-1"), "{notes}");
}

#[test]
fn the_rule_about_the_score_is_explained() {
    for format in rules::FORMATS.all() {
        let (code, text, _) = run(command(&project(""), &["rules", "plan-risk", "--format", format.name]));
        assert_eq!(code, Some(0));
        assert!(text.contains("max-risk") && text.contains("docs/risk.md"), "{text}");
        if format.name == "json" {
            let parsed: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(parsed[0]["id"], "plan-risk");
        }
    }
    let (code, _, errors) = run(command(&project(""), &["rules", "plan-rsik"]));
    assert_eq!(code, Some(2));
    assert!(errors.contains("did you mean plan-risk?"), "{errors}");
}

#[test]
fn a_cost_report_has_points() {
    let directory = project("");
    let side =
        |monthly: &str| json!({"resources": [{"name": "aws_instance.legacy", "monthlyCost": monthly}]});
    let costs = json!({"totalMonthlyCost": "1250.5", "diffTotalMonthlyCost": "350.0",
        "projects": [{"pastBreakdown": side("900.5"), "breakdown": side("1250.5")}]});
    write(&directory, "costs.json", &costs.to_string());
    let report = report(&directory, &["--infracost", "costs.json"]);
    let parts = report["plans"][0]["risk"]["parts"].as_array().unwrap();
    let cost = parts.iter().find(|part| part["part"] == "cost").expect("the cost");
    assert_eq!((&cost["number"], &cost["points"]), (&3.into(), &3.into()));
    write(&directory, "costs.json", "{}");
    let (code, text, _) = check(&directory, &["--infracost", "costs.json"]);
    assert_eq!(code, Some(2), "{text}");
}

#[test]
fn warnings_deny_on_demand() {
    let directory = project("");
    let arguments = ["--fail-on", "critical", "--unknown", "warn"];
    let lax = report(&directory, &arguments);
    assert!(enforcements(&lax).contains(&"warn"));
    let strict = report(&directory, &[&arguments[..], &["--fail-on-warn"]].concat());
    assert!(enforcements(&strict).iter().all(|word| *word == "deny"), "{strict}");
    let gate = report(&directory, &[&arguments[..], &["--fail-on-warn", "--gate", "introduced"]].concat());
    assert_eq!(enforcements(&gate).iter().filter(|word| **word == "warn").count(), 2, "pre-existing ones");
}

#[test]
fn a_waiver_counts_in_its_environment_alone() {
    let waiver = "[[waivers]]\nrule = \"*\"\naddress = \"aws_*\"\nenvironment = \"sandbox\"\nreason = \"r\"\n\
                  expires = 2999-12-31\n";
    let directory =
        project(&format!("[env.sandbox]\nfail-on = \"low\"\n[env.production]\nstrict = true\n{waiver}"));
    for (environment, code, state) in [
        ("sandbox", Some(0), "used"),
        ("production", Some(1), "other-environment"),
        ("none", Some(1), "other-environment"),
    ] {
        assert_eq!(check(&directory, &["--env", environment]).0, code, "{environment}");
        let (_, _, notes) = check(&directory, &["--env", environment]);
        assert!(!notes.contains("PG-WV"), "{notes}");
        assert_eq!(report(&directory, &["--env", environment])["waivers"][0]["state"], state);
    }
    let list = |arguments: &[&str]| run(command(&directory, &[&["waivers"], arguments].concat())).1;
    assert!(list(&[]).contains("* on aws_* in the environment sandbox"), "{}", list(&[]));
    assert!(list(&["plan.json"]).contains("not used in this environment"));
    assert!(list(&["plan.json", "--env", "sandbox"]).contains("accepts aws-instance-public-ip in plan.json"));
    let add = |environment: &str| {
        let arguments = ["waive", "aws-instance-public-ip", "a.b", "--reason=r", "--expires=2999-12-31"];
        run(command(&directory, &[&arguments[..], &["--env", environment]].concat()))
    };
    let (code, text, _) = add("production");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("environment = \"production\""), "{text}");
    let (code, _, errors) = add("prod");
    assert_eq!(code, Some(2));
    assert!(errors.contains("PG-EN-001"), "{errors}");
}

#[test]
fn the_audit_log_has_verdicts_waivers_and_approvals() {
    let waiver = "[[waivers]]\nrule = \"aws-instance-public-ip\"\naddress = \"*\"\nreason = \"a bastion\"\n\
                  owner = \"team-web\"\nticket = \"OPS-1\"\nexpires = 2999-12-31\n";
    let directory = project(&format!("{SETTINGS}{waiver}"));
    context(&directory, &json!(["bob", "carol"]));
    let arguments = ["--context", "run.json", "--audit", "audit.jsonl"];
    let lines = || -> Vec<Value> {
        let text = fs::read_to_string(directory.path().join("audit.jsonl")).expect("the log");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    assert_eq!(check(&directory, &arguments).0, Some(0));
    let first = lines();
    let kinds: Vec<&str> = first.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["waiver", "approval", "approval", "approval", "verdict"]);
    let schema: Value = serde_json::from_str(
        &fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/audit.schema.json")).unwrap(),
    )
    .unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for line in &first {
        assert!(validator.is_valid(line), "{line}");
        assert_eq!(line["environment"], "production");
        for hash in ["plan_sha256", "settings_sha256"] {
            assert_eq!(line[hash].as_str().unwrap().len(), 64, "{hash}");
        }
    }
    let waiver = &first[0];
    let said = ["reason", "ticket", "expires", "rule", "address"].map(|key| waiver[key].as_str().unwrap());
    let wanted = ["a bastion", "OPS-1", "2999-12-31", "aws-instance-public-ip", "aws_instance.legacy"];
    assert_eq!((said, &waiver["who"]), (wanted, &json!(["team-web"])));
    assert_eq!(first[1]["who"], json!(["bob", "carol"]));
    assert_eq!((&first[4]["verdict"], &first[4]["exit_code"]), (&"pass".into(), &0.into()));
    // Lines are added, and other settings have another hash.
    assert_eq!(check(&directory, &[&arguments[..], &["--fail-on", "low"]].concat()).0, Some(1));
    let both = lines();
    assert_eq!(both[..5], first[..]);
    assert_eq!(both.last().unwrap()["verdict"], "denied");
    assert_ne!(both.last().unwrap()["settings_sha256"], first[4]["settings_sha256"]);
    assert_eq!(both.last().unwrap()["plan_sha256"], first[4]["plan_sha256"]);
    // No line says that an undecided run passed.
    let (code, _, _) = check(&directory, &["missing.json", "--env", "sandbox", "--audit", "other.jsonl"]);
    assert_eq!(code, Some(2));
    let other = fs::read_to_string(directory.path().join("other.jsonl")).unwrap();
    assert_eq!(other.matches("\"verdict\":\"undecided\"").count(), 2, "{other}");
}

#[test]
fn an_audit_log_that_cannot_be_written_leaves_the_verdict_undecided() {
    let directory = project("");
    for (arguments, reason) in [
        (&["--audit", "none/a.jsonl"][..], "does not exist"),
        (&["--audit", "."], "it is a directory"),
        (&["--audit", "plan.json"], "one of the plans"),
        (&["--audit", "./a.json", "--output", "a.json"], "a report is written to it"),
    ] {
        let (code, _, errors) = check(&directory, arguments);
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains("PG-CL-007") && errors.contains(reason), "{errors}");
    }
    #[cfg(target_os = "linux")]
    {
        let (code, text, _) = check(&directory, &["--env", "none", "--audit", "/dev/full"]);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("PG-CL-007"), "{text}");
    }
}

/// The settings of a commit, among them environments and groups, are the gate; the branch's own are not.
#[test]
fn environments_and_groups_come_from_the_trusted_place() {
    let directory = project(SETTINGS);
    context(&directory, &json!(["mallory", "trudy"]));
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]);
        assert!(
            command.args(arguments).current_dir(directory.path()).output().expect("git").status.success()
        );
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "planguard.toml"]);
    git(&["commit", "-qm", "settings"]);
    git(&["checkout", "-qb", "feature"]);
    write(&directory, "planguard.toml", &SETTINGS.replace("\"alice\", \"bob\"", "\"mallory\", \"trudy\""));
    git(&["commit", "-qam", "more people"]);
    let arguments = ["--context", "run.json"];
    assert_eq!(check(&directory, &arguments).0, Some(0), "a change that edits the groups approves itself");
    let (code, text, _) = check(&directory, &[&arguments[..], &["--trusted", "main"]].concat());
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("mallory does not count: is in none of the groups"), "{text}");
    assert!(!text.contains("weaken"), "{text}");
    // Approvals in a file of the repository are the change's own.
    git(&["add", "run.json"]);
    git(&["commit", "-qm", "approve ourselves"]);
    let (code, text, _) = check(&directory, &arguments);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("PG-EN-009") && text.contains("approvals: 0 of 2"), "{text}");
    git(&["rm", "-q", "--cached", "run.json"]);
    git(&["commit", "-qm", "no more"]);
    // Errors name the files of the commit as git does.
    let (code, text, _) = check(&directory, &["--trusted", "main"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("production (main:planguard.toml:2)"), "{text}");
}

#[test]
fn every_format_says_what_the_verdict_rests_on() {
    let directory = project(SETTINGS);
    for (approvals, words) in
        [(json!(["bob"]), ["approv", "missing"]), (json!(["bob", "carol"]), ["bob", "carol"])]
    {
        context(&directory, &approvals);
        for format in check::FORMATS.all() {
            let (_, text, _) = check(&directory, &["--context", "run.json", "--format", format.name]);
            // These have entries for findings, and no verdict or one without numbers.
            if !matches!(format.name, "gitlab" | "gitlab-terraform" | "csv" | "lines") {
                assert!(text.contains("production"), "the environment in {}: {text}", format.name);
                assert!(text.contains("43"), "the risk score in {}: {text}", format.name);
            }
            // These leave out what is accepted, and have numbers alone.
            if !matches!(
                format.name,
                "gitlab" | "gitlab-terraform" | "csv" | "github" | "azure" | "openmetrics" | "lines"
            ) {
                for word in words {
                    assert!(text.contains(word), "{word} in {}: {text}", format.name);
                }
            }
        }
    }
    let (_, csv, _) = check(&directory, &["--context", "run.json", "--format", "csv"]);
    assert_eq!(csv.matches(",\"bob, carol\"").count(), 4, "{csv}");
}
