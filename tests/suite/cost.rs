//! What plans cost: `planguard cost` on every plan at hand, and the limits that `planguard check` holds plans against.

use std::fs;
use std::path::Path;

use planguard::cost::CostView;
use planguard::input::Document;
use planguard::plan::{Plan, sensitive_values};
use planguard::prices::{Decimal, Prices, State};
use planguard::render::{Colour, Detail, Layout, cost::FORMATS};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{planguard, run};
use crate::shared::{files_below, shared};

const LAYOUT: Layout = Layout { colour: Colour::Off, width: 100, detail: Detail::Everything };

/// Shorter values stand in other texts by chance.
const LONG: usize = 8;

/// Every real plan is priced without a panic, its sums add up, and no format has a sensitive value.
#[test]
fn every_plan_at_hand_is_priced() {
    let mut files = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans"));
    files.extend(shared("real").iter().flat_map(|plans| files_below(plans)));
    let (mut plans, mut priced) = (0, 0);
    for path in files {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let Ok(document) = Document::from_text("plan.json", &text) else { continue };
        let Ok(view) = CostView::of(&document, &Prices::default()) else { continue };
        plans += 1;
        priced += view.counts.get(&State::Priced).copied().unwrap_or_default();
        let sum = &view.sum;
        assert_eq!(sum.before.expect("known") + sum.delta().expect("known"), sum.after, "{}", path.display());
        let of_objects: Decimal = view.objects.iter().map(|object| object.sum.after).sum();
        assert_eq!(of_objects, sum.after, "{}", path.display());
        for object in &view.objects {
            assert!(!object.parts().is_empty(), "{}: {:?}", path.display(), object.address);
        }
        let plan = Plan::parse(document.text()).expect("it was parsed");
        let secrets = sensitive_values(&plan).expect("it was read");
        let named = |secret: &str| {
            plan.resource_changes.iter().any(|change| change.address.to_string().contains(secret))
        };
        for format in FORMATS.all() {
            let shown = (format.render)(&view, LAYOUT).expect("rendered");
            for secret in secrets.iter().filter(|secret| secret.len() >= LONG && !named(secret)) {
                assert!(!shown.contains(secret.as_str()), "{}: {} has {secret}", path.display(), format.name);
            }
        }
    }
    assert!(plans > 20 && priced > 5, "{plans} plans, {priced} priced objects");
}

/// A NAT gateway that is created in us-east-1: 32.85 a month. A second one is of the type that is given.
fn project(other: &str, settings: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let change = |address: &str, actions: &[&str], before: Value| {
        let (resource_type, name) = address.split_once('.').expect("an address");
        json!({ "address": address, "mode": "managed", "type": resource_type, "name": name,
            "change": { "actions": actions, "before": before, "after": { "region": "us-east-1" }, "after_unknown": {} } })
    };
    let plan = json!({
        "format_version": "1.2", "planned_values": {},
        "resource_changes": [
            change("aws_nat_gateway.kept", &["no-op"], json!({ "region": "us-east-1" })),
            change("aws_nat_gateway.new", &["create"], Value::Null),
            change(other, &["create"], Value::Null),
        ],
    });
    fs::write(directory.path().join("plan.json"), plan.to_string()).expect("written");
    fs::write(directory.path().join("planguard.toml"), settings).expect("written");
    directory
}

fn check(directory: &TempDir, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let mut command = planguard(directory.path(), &["check", "plan.json", "--format", "json"]);
    command.args(arguments);
    let (code, report, errors) = run(command);
    (code, serde_json::from_str(&report).unwrap_or_default(), errors)
}

/// The rule, enforcement and message of the findings about costs.
fn findings(report: &Value) -> Vec<(String, String, String)> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = report["plans"][0]["findings"].as_array().expect("findings").iter();
    findings
        .map(|finding| (text(finding, "rule"), text(finding, "enforcement"), text(finding, "message")))
        .filter(|(rule, ..)| rule.starts_with("cost-"))
        .collect()
}

const FREE: &str = "aws_iam_group.g";

#[test]
fn a_check_prices_nothing_unless_it_is_asked_to() {
    let directory = project(FREE, "");
    let (code, report, _) = check(&directory, &[]);
    assert_eq!((code, report["plans"][0].get("cost")), (Some(0), None));
    let (code, report, _) = check(&directory, &["--cost"]);
    let cost = &report["plans"][0]["cost"];
    assert_eq!(
        (code, &cost["before"], &cost["after"], &cost["delta"]),
        (Some(0), &json!("32.85"), &json!("65.70"), &json!("32.85"))
    );
    assert_eq!(cost["delta_percent"], "100");
    for (format, said) in [
        ("text", "monthly cost: $32.85 → $65.70 (+$32.85, +100 %)"),
        ("markdown", "monthly cost: `$32.85 → $65.70"),
    ] {
        let (_, text, _) =
            run(planguard(directory.path(), &["check", "plan.json", "--cost", "--format", format]));
        assert!(text.contains(said), "{format}: {text}");
    }
}

#[test]
fn a_plan_above_a_limit_is_denied() {
    for (settings, arguments, denied) in [
        ("[cost]\nmax-delta = 30\n", &[][..], true),
        ("[cost]\nmax-delta = 32.85\n", &[], false),
        ("[cost]\nmax-percent = 99\n", &[], true),
        ("[cost]\nmax-percent = 100\n", &[], false),
        (
            "[cost]\nmax-delta = 1\n[rules]\ncost-increase = { enforcement = \"warn\", reason = \"r\" }\n",
            &[],
            false,
        ),
        (
            "[cost]\nmax-delta = 1\n[env.lab]\nmatch = { branch = [\"x\"] }\n[env.lab.cost]\nmax-delta = 100\n",
            &["--env", "lab"],
            false,
        ),
        (
            "[cost]\nmax-delta = 100\n[env.lab]\nmatch = { branch = [\"x\"] }\n[env.lab.cost]\nmax-delta = 1\n",
            &["--env", "lab"],
            true,
        ),
        (
            "[cost]\nmax-delta = 1\n[[waivers]]\nrule = \"cost-increase\"\nreason = \"r\"\nexpires = 2999-12-31\n",
            &[],
            false,
        ),
    ] {
        let directory = project(FREE, settings);
        let (code, report, errors) = check(&directory, arguments);
        assert_eq!(code, Some(i32::from(denied)), "{settings}: {errors}");
        let found = findings(&report);
        if denied {
            let [(rule, enforcement, message)] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!((rule.as_str(), enforcement.as_str()), ("cost-increase", "deny"));
            assert!(
                message.contains("+$32.85 a month") && message.contains("aws_nat_gateway.new"),
                "{message}"
            );
        }
    }
}

#[test]
fn what_cannot_be_priced_warns_denies_or_is_ignored() {
    let unpriced = "aws_fsx_lustre_file_system.f";
    for (on_unknown, code, enforcement) in [
        ("", 0, Some("warn")),
        ("on-unknown = \"fail\"\n", 1, Some("deny")),
        ("on-unknown = \"ignore\"\n", 0, None),
    ] {
        let directory = project(unpriced, &format!("[cost]\nmax-delta = 100\n{on_unknown}"));
        let (found_code, report, errors) = check(&directory, &[]);
        assert_eq!(found_code, Some(code), "{on_unknown}: {errors}");
        let found = findings(&report);
        let found = found.first().map(|(rule, enforcement, _)| (rule.as_str(), enforcement.as_str()));
        assert_eq!(found, enforcement.map(|enforcement| ("cost-unknown", enforcement)), "{on_unknown}");
        assert_eq!(report["plans"][0]["cost"]["delta_bound"], "at_least");
    }
}

#[test]
fn prices_of_a_file_and_amounts_of_infracost_count() {
    let directory = project(FREE, "[cost]\nmax-delta = 30\nprices = \"prices.toml\"\n");
    fs::write(
        directory.path().join("prices.toml"),
        "[[prices]]\nmatch = { type = \"aws_nat_gateway\" }\nhourly = 0.04\n",
    )
    .expect("written");
    let (code, report, _) = check(&directory, &[]);
    assert_eq!((code, &report["plans"][0]["cost"]["delta"]), (Some(0), &json!("29.20")));
    fs::write(directory.path().join("prices.toml"), "[[prices]]\n").expect("written");
    let (code, _, _) = check(&directory, &[]);
    assert_eq!(code, Some(2), "a file of prices that says nothing leaves a check undecided");

    let directory = project(FREE, "[cost]\nmax-delta = 30\n");
    write(&directory, "costs.json", &infracost(&[("kept", Some(50)), ("new", None)]));
    let (code, report, _) = check(&directory, &["--infracost", "costs.json"]);
    assert_eq!((code, findings(&report)[0].2.contains("+49.50 EUR a month")), (Some(1), true));
    // The shape of 2.0 knows no past, which does not matter for what is created and what stays.
    let scan = json!({ "summary": { "total_monthly_cost": "99.5" }, "projects": [{ "resources": [
        { "name": "aws_nat_gateway.kept", "cost_components": [{ "total_monthly_cost": "50" }] },
        { "name": "aws_nat_gateway.new", "cost_components": [{ "total_monthly_cost": "49.5" }] }] }] });
    write(&directory, "costs.json", &scan.to_string());
    let (code, report, errors) = check(&directory, &["--infracost", "costs.json"]);
    assert_eq!((code, findings(&report)[0].0.as_str()), (Some(1), "cost-increase"), "{errors}");
}

fn write(directory: &TempDir, name: &str, text: &str) {
    fs::write(directory.path().join(name), text).expect("written");
}

/// A report of Infracost on gateways, which cost 49.50 a month, and before what is given.
fn infracost(gateways: &[(&str, Option<u32>)]) -> String {
    let resource = |name: &str, monthly: &str| {
        json!({ "name": format!("aws_nat_gateway.{name}"), "resourceType": "aws_nat_gateway",
            "costComponents": [{ "name": "NAT gateway", "monthlyCost": monthly }] })
    };
    let before = gateways.iter().filter_map(|(name, before)| Some(resource(name, &(*before)?.to_string())));
    let after = gateways.iter().map(|(name, before)| match before {
        Some(before) => resource(name, &before.to_string()),
        None => resource(name, "49.5"),
    });
    json!({ "totalMonthlyCost": "99.5", "pastTotalMonthlyCost": "50", "currency": "EUR", "projects": [{ "name": "p",
        "pastBreakdown": { "resources": before.collect::<Vec<_>>() },
        "breakdown": { "resources": after.collect::<Vec<_>>() } }] })
    .to_string()
}

/// The codes of what a report tells beside findings.
fn notices(report: &Value) -> Vec<String> {
    let notices = report["notices"].as_array().into_iter().flatten();
    notices.map(|notice| format!("{} {}", notice["code"], notice["message"])).collect()
}

#[test]
fn a_report_of_infracost_is_held_against_the_plan() {
    let directory = project(FREE, "[cost]\nmax-delta = 10\n");
    let with = |text: &str| {
        write(&directory, "costs.json", text);
        check(&directory, &["--infracost", "costs.json"])
    };
    let (code, report, _) = with(&infracost(&[("other", Some(1))]));
    assert_eq!(code, Some(2), "a report of another plan");
    assert!(
        report.to_string().contains("PG-CO-005") && report.to_string().contains("aws_nat_gateway.other"),
        "{report}"
    );
    // The report lacks what the plan adds: no limit is passed with it.
    let (code, report, _) = with(&infracost(&[("kept", Some(50)), ("gone", Some(900))]));
    let found = findings(&report);
    assert_eq!((code, found.len(), found[0].0.as_str()), (Some(0), 1, "cost-unknown"));
    assert_eq!(report["plans"][0]["cost"]["delta_bound"], "at_least");
    let told = notices(&report).join("\n");
    assert!(told.contains("PG-CO-102") && told.contains("aws_nat_gateway.new"), "{told}");
    assert!(told.contains("PG-CO-103") && told.contains("aws_nat_gateway.gone"), "{told}");
    // One of an older state has the object before already.
    let (code, report, _) = with(&infracost(&[("kept", Some(50)), ("new", Some(49))]));
    assert_eq!((code, findings(&report)[0].0.as_str()), (Some(1), "cost-increase"));
}

#[test]
fn what_is_wrong_with_a_report_of_infracost_is_told_once() {
    let directory = project(FREE, "[cost]\nmax-delta = 10\n");
    write(
        &directory,
        "p.rego",
        "package terraform_plan_cost\n\ndeny contains \"x\" if input.costs.totalMonthlyCost > 1\n",
    );
    for (text, arguments) in [
        ("{}", &["-p", "p.rego"][..]),
        ("[]", &["-p", "p.rego"]),
        ("{", &["-p", "p.rego"]),
        ("{}", &[]),
        ("{", &["--max-risk", "5"]),
    ] {
        write(&directory, "costs.json", text);
        let arguments = [&["--infracost", "costs.json", "--convention", "harness"], arguments].concat();
        let (code, report, errors) = check(&directory, &arguments);
        let problems = report["problems"].as_array().unwrap_or_else(|| panic!("{report} {errors}"));
        assert_eq!((code, problems.len()), (Some(2), 1), "{text} {arguments:?}: {problems:#?}");
        assert_eq!(problems[0]["code"], "PG-CO-003", "{problems:#?}");
    }
}

#[test]
fn policies_that_read_the_totals_of_several_plans_are_named() {
    let directory = project(FREE, "");
    write(
        &directory,
        "p.rego",
        "package env0\n\ndeny contains \"x\" if input.costEstimation.monthlyCostDiff > 100\n",
    );
    let mut both: Value =
        serde_json::from_str(&infracost(&[("kept", Some(50)), ("new", None)])).expect("JSON");
    let told = |report: &Value| {
        write(&directory, "costs.json", &report.to_string());
        let arguments = ["--infracost", "costs.json", "-p", "p.rego", "--convention", "env0"];
        notices(&check(&directory, &arguments).1).join("\n")
    };
    assert!(!told(&both).contains("PG-CO-105"));
    let other: Value = serde_json::from_str(&infracost(&[("elsewhere", None)])).expect("JSON");
    both["projects"].as_array_mut().expect("projects").push(other["projects"][0].clone());
    assert!(told(&both).contains("PG-CO-105"));
}

#[test]
fn cost_takes_the_amounts_of_a_report_as_check_does() {
    let directory = project(FREE, "");
    write(&directory, "costs.json", &infracost(&[("kept", Some(50)), ("new", None), ("gone", Some(7))]));
    let told = |arguments: &[&str], variable: Option<&str>| {
        let mut command = planguard(directory.path(), &["cost"]);
        command.args(arguments);
        command.envs(variable.map(|file| ("PLANGUARD_INFRACOST", file)));
        let (code, text, errors) = run(command);
        assert_eq!(code, Some(0), "{errors}");
        text
    };
    let held = "50.00 EUR → 99.50 EUR (+49.50 EUR, +99 %)";
    for text in [
        told(&["plan.json", "--infracost", "costs.json"], None),
        told(&["plan.json"], Some("costs.json")),
        told(&[], Some("costs.json")),
    ] {
        assert!(text.contains(held) && text.contains("aws_nat_gateway.gone"), "{text}");
    }
    assert!(told(&["--infracost", "costs.json"], None).starts_with("costs.json"));
    write(&directory, "prices.toml", "[[prices]]\nmatch = { type = \"aws_nat_gateway\" }\nmonthly = 3\n");
    let own = told(&["plan.json", "--prices", "prices.toml"], Some("costs.json"));
    assert!(own.contains("$3.00 → $6.00"), "{own}");
    write(&directory, "costs.json", &infracost(&[("other", None)]));
    let (code, _, errors) =
        run(planguard(directory.path(), &["cost", "plan.json", "--infracost", "costs.json"]));
    assert_eq!(code, Some(2));
    assert!(errors.contains("PG-CO-005"), "{errors}");
}

const POLICY: &str = "package main

deny contains sprintf(\"%v %s more\", [input.planguard.cost.delta, input.planguard.cost.currency]) if {
	input.planguard.cost.delta > 30
}

warn contains sprintf(\"%s: %s\", [part.address, part.state]) if some part in input.planguard.cost.unknown
";

#[test]
fn policies_read_the_cost() {
    let directory = project("aws_fsx_lustre_file_system.f", "");
    write(&directory, "p.rego", POLICY);
    let (code, report, errors) = check(&directory, &["-p", "p.rego"]);
    let found = report["plans"][0]["findings"].as_array().unwrap_or_else(|| panic!("{report} {errors}"));
    let messages: Vec<&str> = found.iter().filter_map(|finding| finding["message"].as_str()).collect();
    assert!(messages.iter().any(|message| message.contains("32.85 USD more")), "{messages:?}");
    assert!(
        messages.iter().any(|message| message.contains("aws_fsx_lustre_file_system.f: no_price")),
        "{messages:?}"
    );
    assert_eq!((code, report["plans"][0].get("cost")), (Some(1), None), "the line was not asked for");
    write(&directory, "costs.json", &infracost(&[("kept", Some(50)), ("new", None)]));
    let (_, report, _) = check(&directory, &["-p", "p.rego", "--infracost", "costs.json"]);
    assert!(report.to_string().contains("49.5 EUR more"), "{report}");
    let asked = |query: &str| {
        let (code, text, errors) =
            run(planguard(directory.path(), &["eval", "--plan", "plan.json", "-p", "p.rego", query]));
        assert_eq!(code, Some(0), "{errors}");
        text.trim().to_owned()
    };
    assert_eq!(asked("input.planguard.cost.after"), "65.7");
    assert_eq!(asked("input.planguard.cost.resources[\"aws_nat_gateway.new\"].delta_bound"), "\"exact\"");
    assert_eq!(asked("input.planguard.cost.after_lower_bound"), "true");
    assert!(asked("data.main.deny").contains("32.85"));
    write(&directory, "p.rego", &POLICY.replace("cost.delta", "cost.detla"));
    let (code, text, errors) = run(planguard(directory.path(), &["lint", "p.rego"]));
    assert_eq!(code, Some(1), "{errors}");
    assert!(
        (text.clone() + &errors).contains("did you mean `input.planguard.cost.delta`?"),
        "{text} {errors}"
    );
}

#[test]
fn the_risk_score_counts_the_cost_of_the_price_book() {
    let steps = |arguments: &[&str]| {
        let directory = project(FREE, "[cost]\nprices = \"prices.toml\"\n");
        write(
            &directory,
            "prices.toml",
            "[[prices]]\nmatch = { type = \"aws_nat_gateway\" }\nmonthly = 250\n",
        );
        let (_, report, errors) = check(&directory, arguments);
        let parts =
            report["plans"][0]["risk"]["parts"].as_array().unwrap_or_else(|| panic!("{errors}")).clone();
        parts.iter().find(|part| part["part"] == "cost").map(|part| part["number"].clone())
    };
    assert_eq!(steps(&["--max-risk", "90"]), Some(json!(2)));
    assert_eq!(steps(&["--cost"]), Some(json!(2)));
    assert_eq!(steps(&[]), None);
}

#[test]
fn settings_and_entries_that_do_nothing_are_told() {
    let directory = project(FREE, "[cost]\non-unknown = \"fail\"\n");
    let told = notices(&check(&directory, &[]).1).join("\n");
    assert!(told.contains("PG-CO-101") && told.contains("planguard.toml:2"), "{told}");
    let limited = project(
        FREE,
        "[cost]\non-unknown = \"fail\"\n[env.prod]\nmatch = { branch = [\"x\"] }\n[env.prod.cost]\nmax-delta = 5\n",
    );
    assert!(!notices(&check(&limited, &["--env", "none"]).1).join("\n").contains("PG-CO-101"));
    let fail = "[check]\nignore-drift = [\"aws_nat_gateway\"]\nfail-on-drift";
    for (settings, code, is_told) in [
        ("[check]\nignore-drift = [\"aws_nat_gateway\"]\n", "PG-CK-111", true),
        (&format!("{fail} = true\n"), "PG-CK-111", false),
        (&format!("{fail} = false\npacks = [\"drift\"]\n"), "PG-CK-111", false),
        (
            &format!(
                "{fail} = false\n[env.prod]\nmatch = {{ branch = [\"x\"] }}\n[env.prod.check]\nfail-on-drift = true\n"
            ),
            "PG-CK-111",
            false,
        ),
        ("[policies]\nbundle-scope = \"team\"\n", "PG-CK-112", true),
        ("[approve]\ncount = 2\n", "PG-CK-113", true),
        ("[approve]\ncount = 2\nrisk = 50\n", "PG-CK-113", false),
    ] {
        let (_, report, errors) = check(&project(FREE, settings), &[]);
        let told = notices(&report).join("\n");
        assert_eq!(told.contains(code), is_told, "{settings}: {told}{errors}");
        assert!(!is_told || told.contains("planguard.toml:2"), "{settings}: {told}");
    }
    let directory = project(
        FREE,
        "[check]\nignore-drift = [\"aws_nat_gateway.region\", \"aws_nat_gatway\"]\n[cost]\nmax-delta = 1000\nprices = \"prices.toml\"\n",
    );
    let entry =
        |resource_type: &str| format!("[[prices]]\nmatch = {{ type = \"{resource_type}\" }}\nhourly = 1\n");
    write(&directory, "prices.toml", &(entry("aws_nat_gateway") + &entry("aws_nat_gatway")));
    let told = notices(&check(&directory, &[]).1).join("\n");
    assert!(told.contains("PG-CO-104"), "{told}");
    assert_eq!(told.matches("aws_nat_gatway").count(), 2, "{told}");
    assert!(told.contains("PG-CK-110") && !told.contains("aws_nat_gateway.region"), "{told}");
}

#[test]
fn a_merged_report_has_the_costs() {
    let directory = project(FREE, "[cost]\nmax-delta = 1\n");
    run(planguard(directory.path(), &["check", "plan.json", "--output", "report.json"]));
    let (_, merged, errors) = run(planguard(directory.path(), &["merge", "report.json", "--format", "json"]));
    let merged: Value = serde_json::from_str(&merged).unwrap_or_else(|error| panic!("{error}: {errors}"));
    assert_eq!(merged["plans"][0]["cost"]["after"], "65.70", "{merged}");
    assert_eq!(findings(&merged).len(), 1);
}

#[test]
fn bad_input_is_named_and_ends_in_2() {
    let directory = project(FREE, "");
    fs::write(directory.path().join("bad.toml"), "[[discounts]]\nservice = \"ec3\"\npercent = 5\n")
        .expect("written");
    fs::write(directory.path().join("bad.json"), "{}").expect("written");
    for (arguments, said) in [
        (&["plan.json", "--prices", "bad.toml"][..], "did you mean `ec2`?"),
        (&["plan.json", "--prices", "none.toml"], "PG-CO-001"),
        (&["plan.json", "--prices", "none.toml"], "check the path that --prices names"),
        (&["--infracost", "bad.json"], "PG-CO-003"),
        (&["--infracost", "none.json"], "PG-CO-004"),
        (&["bad.json"], "PG-IN-"),
    ] {
        let mut command = planguard(directory.path(), &["cost"]);
        command.args(arguments);
        let (code, _, errors) = run(command);
        assert_eq!(code, Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(said), "{arguments:?}: {errors}");
    }
}

/// A plan of one root module with these changes, whose provider block has this region.
fn plan_of(region: Option<&str>, changes: &[Value]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let expressions =
        region.map_or_else(|| json!({}), |region| json!({ "region": { "constant_value": region } }));
    let plan = json!({
        "format_version": "1.2", "planned_values": {}, "resource_changes": changes,
        "configuration": { "provider_config": { "aws": { "name": "aws", "expressions": expressions } }, "root_module": {} },
    });
    write(&directory, "plan.json", &plan.to_string());
    directory
}

fn created(address: &str, after: &Value) -> Value {
    let (resource_type, name) = address.split_once('.').expect("an address");
    let (name, index) = match name.split_once('[') {
        Some((name, index)) => (name, index.trim_end_matches(']').parse::<u64>().ok()),
        None => (name, None),
    };
    let mut change = json!({ "address": address, "mode": "managed", "type": resource_type, "name": name,
        "change": { "actions": ["create"], "before": null, "after": after, "after_unknown": {} } });
    if let Some(index) = index {
        change["index"] = json!(index);
    }
    change
}

const LIMIT: &str = "[cost]\nmax-delta = 1000\non-unknown = \"fail\"\n";

#[test]
fn a_region_of_the_provider_that_is_not_known_has_no_prices() {
    let changes = [created("aws_nat_gateway.a", &json!({}))];
    for region in ["cn-north-1", "mars-1", "EU-CENTRAL-1"] {
        let directory = plan_of(Some(region), &changes);
        let (_, text, _) = run(planguard(directory.path(), &["cost", "plan.json"]));
        assert!(
            text.contains(&format!("does not know the region `{region}`")) && !text.contains("us-east-1"),
            "{text}"
        );
        write(&directory, "planguard.toml", LIMIT);
        let (code, report, _) = check(&directory, &[]);
        assert_eq!((code, findings(&report)[0].0.as_str()), (Some(1), "cost-unknown"), "{report}");
    }
}

#[test]
fn an_assumed_region_is_told_and_is_not_known_to_the_gate() {
    let directory = plan_of(None, &[created("aws_nat_gateway.a", &json!({}))]);
    let (_, text, _) = run(planguard(directory.path(), &["check", "plan.json", "--cost"]));
    assert!(text.contains("(+$32.85), plus usage; us-east-1 is assumed for 1 object"), "{text}");
    write(&directory, "planguard.toml", LIMIT);
    let (code, report, _) = check(&directory, &[]);
    let found = findings(&report);
    assert_eq!((code, found.len(), found[0].1.as_str()), (Some(1), 1, "deny"), "{report}");
    assert!(found[0].2.contains("the region of 1 object, and us-east-1 is assumed"), "{found:?}");
    // A report that is read again has the same.
    run(planguard(directory.path(), &["check", "plan.json", "--output", "report.json"]));
    let (_, merged, _) = run(planguard(directory.path(), &["merge", "report.json"]));
    assert!(merged.contains("us-east-1 is assumed for 1 object"), "{merged}");
}

#[test]
fn a_percentage_of_nothing_is_told() {
    let directory = plan_of(Some("us-east-1"), &[created("aws_nat_gateway.a", &json!({}))]);
    write(&directory, "planguard.toml", "[cost]\nmax-percent = 1\n");
    let (_, report, _) = check(&directory, &[]);
    assert!(notices(&report).join("\n").contains("PG-CO-106"), "{report}");
    let kept = project(FREE, "[cost]\nmax-percent = 1000\n");
    assert!(!notices(&check(&kept, &[]).1).join("\n").contains("PG-CO-106"));
}

#[test]
fn a_plan_without_changes_is_not_unchanged_at_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let object = |name: &str| {
        json!({ "address": format!("aws_nat_gateway.{name}"), "mode": "managed",
        "type": "aws_nat_gateway", "name": name, "values": {} })
    };
    let plan = json!({ "format_version": "1.2", "planned_values": {},
        "prior_state": { "values": { "root_module": { "resources": [object("a"), object("b")] } } } });
    write(&directory, "plan.json", &plan.to_string());
    let (_, text, _) = run(planguard(directory.path(), &["cost", "plan.json"]));
    assert!(text.contains("Monthly cost: not known\n"), "{text}");
    assert!(text.contains("its 2 existing objects are not"), "{text}");
    write(&directory, "planguard.toml", LIMIT);
    let (code, report, _) = check(&directory, &[]);
    assert_eq!((code, findings(&report)[0].0.as_str()), (Some(1), "cost-unknown"), "{report}");
}

/// Three instances of 32.85 each cost more than one cluster of 73.00, and a database has a part without a price.
#[test]
fn what_drives_the_cost_is_named_with_all_its_instances() {
    let database =
        json!({ "instance_class": "db.t3.medium", "engine": "oracle-se2", "allocated_storage": 10 });
    let mut changes: Vec<Value> =
        (0..3).map(|number| created(&format!("aws_nat_gateway.n[{number}]"), &json!({}))).collect();
    changes.push(created("aws_eks_cluster.k", &json!({})));
    changes.push(created("aws_db_instance.d", &database));
    let directory = plan_of(Some("us-east-1"), &changes);
    write(&directory, "planguard.toml", "[cost]\nmax-delta = 100\n");
    let (code, report, _) = check(&directory, &[]);
    let found = findings(&report);
    assert_eq!((code, found[0].0.as_str()), (Some(1), "cost-increase"), "{report}");
    let said = "the plan costs at least +$171.55 a month, above $100.00 (max-delta): \
                aws_nat_gateway.n (+$98.55, 3 instances), aws_eks_cluster.k (+$73.00)";
    assert_eq!(found[0].2, said);
    for format in ["text", "markdown"] {
        let (_, text, _) = run(planguard(directory.path(), &["cost", "plan.json", "--format", format]));
        let line = text.lines().find(|line| line.contains("(3 instances)")).unwrap_or_default();
        assert!(line.contains("+$98.55") && line.contains("$32.85"), "{format}: {text}");
    }
}

#[test]
fn an_object_of_infracost_without_an_amount_is_not_known() {
    let directory =
        plan_of(Some("us-east-1"), &[created("aws_instance.a", &json!({ "instance_type": "t3.micro" }))]);
    for costs in [
        json!({ "totalMonthlyCost": "0", "projects": [{ "name": "p", "pastBreakdown": { "resources": [] },
            "breakdown": { "resources": [{ "name": "aws_instance.a", "monthlyCost": null }] } }] }),
        json!({ "summary": { "total_monthly_cost": "0" }, "projects": [{ "resources": [
            { "name": "aws_instance.a", "is_supported": true, "is_free": false, "cost_components": [] }] }] }),
    ] {
        write(&directory, "costs.json", &costs.to_string());
        let (_, text, _) =
            run(planguard(directory.path(), &["cost", "plan.json", "--infracost", "costs.json"]));
        assert!(text.contains("$0.00 → not known") && text.contains("has no amount"), "{text}");
        write(&directory, "planguard.toml", LIMIT);
        let (code, report, _) = check(&directory, &["--infracost", "costs.json"]);
        assert_eq!((code, findings(&report)[0].0.as_str()), (Some(1), "cost-unknown"), "{report}");
    }
}
