//! Fixtures made of real plans, where they are at hand: what is found stays, what is secret does not.

#![expect(clippy::unwrap_used, reason = "a test may end in a panic")]

use std::collections::BTreeMap;

use planguard::cases::{CaseFile, CaseStatus, RunOptions};
use planguard::check::{CheckOptions, Rules, check};
use planguard::finding::{Certainty, Finding};
use planguard::fixture::{Fixture, FixtureError, ReplacedKind as Kind, make};
use planguard::input::{Batch, Document, ReadOptions};
use planguard::plan::{Plan, sensitive_values};
use planguard::redact::{SHORTEST_TAINT, SafeText};

use crate::shared::{files_below, shared};

/// Rule, address and whether it is certain.
type Mark = (String, String, bool);

fn marks<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> BTreeMap<Mark, usize> {
    let mut marks = BTreeMap::new();
    for finding in findings {
        if let Some(subject) = &finding.subject {
            let certain = finding.certainty == Certainty::Certain;
            let mark = (finding.rule.id.for_terminal(), subject.address.for_terminal(), certain);
            *marks.entry(mark).or_default() += 1;
        }
    }
    marks
}

fn findings(document: Document, rules: &Rules) -> Vec<Finding> {
    let batch = Batch { documents: vec![document], ..Batch::default() };
    let report = check(&batch, rules, &CheckOptions::default(), &|_| {});
    report.plans.into_iter().flat_map(|plan| plan.findings).collect()
}

/// Every text and number of a plan that is data, keys of instances included.
fn leaves(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Number(number) => found.push(number.to_string()),
        serde_json::Value::Array(elements) => elements.iter().for_each(|element| leaves(element, found)),
        serde_json::Value::Object(members) => members.values().for_each(|member| leaves(member, found)),
        serde_json::Value::Null | serde_json::Value::Bool(_) => {}
    }
}

/// What went wrong with a fixture.
fn mistakes(document: &Document, fixture: &Fixture, rules: &Rules) -> Vec<String> {
    let mut wrong = Vec::new();
    if !fixture.differing.is_empty() {
        wrong.push(format!("differs at {:?}", fixture.differing));
    }
    let original = marks(&findings(document.clone(), rules));
    let found = marks(&findings(Document::from_text("fixture", fixture.plan.clone()).unwrap(), rules));
    // Where no resource is named, everything with a finding is kept. Keys of instances may have new names.
    let renamed = found.keys().any(|mark| !original.contains_key(mark));
    let anonymous = |marks: &BTreeMap<Mark, usize>| {
        let mut counts: BTreeMap<(String, bool), usize> = BTreeMap::new();
        for ((rule, _, certain), count) in marks {
            *counts.entry((rule.clone(), *certain)).or_default() += count;
        }
        counts
    };
    if (!renamed && found != original) || anonymous(&found) != anonymous(&original) {
        wrong.push(format!("finds {found:?}\ninstead of {original:?}"));
    }
    let mut data = Vec::new();
    leaves(&serde_json::from_str(&fixture.plan).unwrap(), &mut data);
    for secret in sensitive_values(&Plan::parse(document.text()).unwrap()).unwrap() {
        let leaf = data.iter().find(|leaf| leaf.contains(&secret));
        if let Some(leaf) = leaf.filter(|_| secret.chars().count() >= SHORTEST_TAINT) {
            wrong.push(format!("holds {secret:?} in {:?}", leaf.chars().take(80).collect::<String>()));
        }
    }
    wrong
}

/// How much of what went in came out.
#[derive(Default)]
struct Size {
    fixtures: usize,
    bytes: (usize, usize),
    objects: (usize, usize),
    spared: BTreeMap<Kind, usize>,
    lost: usize,
}

impl Size {
    fn add(&mut self, document: &Document, fixture: &Fixture) {
        self.fixtures += 1;
        // Indents are no part of what was shrunk.
        let compact = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap().to_string().len();
        self.bytes.0 += compact(document.text());
        self.bytes.1 += compact(&fixture.plan);
        self.objects.0 += fixture.objects;
        self.objects.1 += fixture.kept.len();
        self.lost += fixture.lost.len();
        for (kind, count) in &fixture.spared {
            *self.spared.entry(*kind).or_default() += count;
        }
    }

    fn told(&self) -> String {
        let part = 100.0 * self.bytes.1 as f64 / self.bytes.0.max(1) as f64;
        format!(
            "{} fixtures with {} of {} objects and {part:.0} % of the bytes; stayed {:?}, lost {}",
            self.fixtures, self.objects.1, self.objects.0, self.spared, self.lost
        )
    }
}

#[test]
fn fixtures_of_real_plans_show_the_same_and_hold_no_secret() {
    let Some(root) = shared("real") else { return };
    let rules = Rules::default();
    let (mut small, mut whole, mut wrong) = (Size::default(), Size::default(), Vec::new());
    for path in files_below(&root) {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let document = Document::from_bytes(&name, std::fs::read(&path).unwrap(), &ReadOptions::default());
        let document = document.unwrap();
        for (wanted, size) in [(Vec::new(), &mut small), (vec!["*".to_owned()], &mut whole)] {
            // All 420 take half a minute with everything kept, so a third of them has to do.
            if !wanted.is_empty() && !document.sha256().to_string().starts_with(['0', '1', '2', '3', '4']) {
                continue;
            }
            match make(&document, &rules, &wanted) {
                Ok(fixture) => {
                    size.add(&document, &fixture);
                    let mistakes = mistakes(&document, &fixture, &rules);
                    wrong
                        .extend(mistakes.into_iter().map(|mistake| format!("{name}: {wanted:?}: {mistake}")));
                }
                Err(FixtureError::NothingFound | FixtureError::NoSuchResource { .. }) => {}
                Err(error) => wrong.push(format!("{name}: {wanted:?}: {error}")),
            }
        }
    }
    // The figures, for who asks with --nocapture.
    println!("of what has findings: {}\nof everything: {}", small.told(), whole.told());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(small.fixtures >= 100 && whole.fixtures >= 80);
}

/// What must not be in a fixture of `fixtures/fixture/plan.json`.
const SECRETS: [&str; 11] = [
    "correct-horse",
    "482910375566",
    "731920485511",
    "AKIAQ3ETRSVWPLMN4XYZ",
    "54.240",
    "2a05:d018",
    "5f3b8c1e",
    "alice",
    "acme-logistics",
    "acme-reports-prod",
    "Y29ycmVjdC1ob3JzZ",
];

fn written() -> Document {
    Document::from_text("plan.json", include_str!("../../fixtures/fixture/plan.json")).unwrap()
}

#[test]
fn a_fixture_has_placeholders_in_the_place_of_what_must_not_leave() {
    let rules = Rules::default();
    let fixture = make(&written(), &rules, &[]).unwrap();
    assert_eq!(mistakes(&written(), &fixture, &rules), [""; 0]);
    for secret in SECRETS {
        assert!(!fixture.plan.contains(secret), "{secret}");
    }
    assert!(fixture.spared.is_empty() && fixture.lost.is_empty());
    insta::assert_snapshot!("fixture_of_a_plan", fixture.plan);
}

#[test]
fn a_fixture_names_no_host_person_account_or_credential() {
    let after = serde_json::json!({
        "endpoint": "orders.q1w2e3r4.eu-central-1.rds.amazonaws.com",
        "machine": "ec2-52-9-8-7.eu-central-1.compute.amazonaws.com",
        "link": "https://wiki.acme-works.io/a",
        "mail": "Ann <ann@acme-works.io>",
        "account": 210_987_654_321_u64,
        "id": "7d3c1a52-9f0b-4f6e-8d21-0c5b7a9e4f13",
        "key": "Zk3".repeat(13) + "Q",
        "jwt": "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJxdWl6In0.cXVpei1zaWduYXR1cmU",
        "storage": "AccountName=x;AccountKey=cXVpeg12cXVpeg12cXVpeg12==;EndpointSuffix=core.windows.net",
        "hook": "https://hooks.slack.com/services/T0QUIZ/B0QUIZ/quizquizquiz",
        "script": "mysql -u root -pquizquiz1 db\ncurl -u admin:quizquiz2 x\ndeploy --token quizquiz3",
        "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ann@notebook",
    });
    let plan = serde_json::json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
        "applyable": true, "complete": true, "errored": false, "configuration": {"root_module": {}},
        "resource_changes": [{"address": "aws_instance.a", "mode": "managed", "type": "aws_instance", "name": "a",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {},
                "before_sensitive": false, "after_sensitive": {}}}],
    });
    let document = Document::from_text("plan.json", plan.to_string()).expect("a plan");
    let fixture = make(&document, &Rules::default(), &["*".to_owned()]).expect("a fixture");
    for told in [
        "orders",
        "q1w2e3r4",
        "52-9-8-7",
        "acme",
        "ann@",
        "210987654321",
        "7d3c1a52",
        "Zk3Zk3",
        "cXVpe",
        "T0QUIZ",
        "quizquiz",
    ] {
        assert!(!fixture.plan.contains(told), "{told}: {}", fixture.plan);
    }
    assert!(fixture.plan.contains(".eu-central-1.rds.amazonaws.com"), "{}", fixture.plan);
}

#[test]
fn a_fixture_keeps_what_is_asked_for_and_what_its_findings_need() {
    let kept = |wanted: &[&str]| {
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        make(&written(), &Rules::default(), &wanted).map(|fixture| {
            assert!(fixture.differing.is_empty(), "{:?}", fixture.differing);
            fixture.kept.iter().map(SafeText::for_terminal).collect::<Vec<_>>()
        })
    };
    assert_eq!(kept(&["aws_sns_topic.plain"]).unwrap(), ["aws_sns_topic.plain"]);
    let instance = r#"module.app.aws_instance.box["user1@domain1.example"]"#;
    assert_eq!(kept(&["module.app"]).unwrap(), [instance]);
    assert_eq!(kept(&["*.box*", "google_*"]).unwrap(), [instance, "google_storage_bucket_iam_member.all"]);
    assert!(matches!(kept(&["aws_sns_topic.plan"]), Err(FixtureError::NoSuchResource { .. })));
}

#[test]
fn findings_that_count_keep_what_they_count_or_are_named() {
    let gone = |number| {
        format!(
            r#"{{"address": "aws_sns_topic.t[{number}]", "mode": "managed", "type": "aws_sns_topic", "name": "t",
                "index": {number}, "change": {{"actions": ["delete"], "before": {{"name": "t"}}, "after": null}}}}"#
        )
    };
    let stays =
        gone(99).replace("delete", "no-op").replace("\"after\": null", "\"after\": {\"name\": \"t\"}");
    let entries: Vec<String> = (0..25).map(gone).chain([stays]).collect();
    let text = format!(r#"{{"format_version": "1.2", "resource_changes": [{}]}}"#, entries.join(","));
    let document = Document::from_text("plan", text).unwrap();
    let rules = Rules::default();
    let whole = make(&document, &rules, &[]).unwrap();
    assert!(whole.lost.is_empty() && whole.kept.len() == 25, "{:?} {}", whole.lost, whole.kept.len());
    let part = make(&document, &rules, &["aws_sns_topic.t[3]".to_owned()]).unwrap();
    assert_eq!(part.kept.len(), 1);
    assert_eq!(part.lost[0].unescaped(), "change-blast-radius");
}

#[test]
fn the_case_of_a_fixture_holds() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("made");
    let command = |resource: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_planguard"))
            .args([
                "fixture",
                "fixtures/fixture/plan.json",
                "-p",
                "fixtures/fixture/owner.rego",
                "-r",
                resource,
            ])
            .arg("-o")
            .arg(&output)
            .output()
            .unwrap()
    };
    let first = command("*");
    let told = String::from_utf8(first.stdout).unwrap();
    assert_eq!(first.status.code(), Some(0), "{told}");
    assert!(told.contains("because findings depend on them: 1 host name"), "{told}");
    assert!(SECRETS.iter().all(|secret| !told.contains(secret)), "{told}");
    let file = CaseFile::read(&output.join("cases.toml")).unwrap();
    let outcome = file.run(RunOptions::default()).unwrap();
    assert!(outcome.cases.iter().all(|case| case.status == CaseStatus::Passed), "{:?}", outcome.cases);
    // Nothing is written over.
    let second = command("*");
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8(second.stderr).unwrap().contains("PG-FX-005"));
    // A mistyped address is not repeated with what the plan holds.
    let third = command("module.app.aws_instance.box[\"alice@acme-logistics.co\"]");
    assert_eq!(third.status.code(), Some(2));
}
