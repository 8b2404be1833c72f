//! Attestations: only what was checked and passed is accepted, and everything else is refused by name.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{Duration, Utc};
use planguard::attestation::{KeySource, Signer, Statement, Time, seal};
use serde_json::Value;
use tempfile::TempDir;

use super::process::{self, run};

const NAME: &str = "a.json";

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

/// A directory with a plan that passes, one that is denied, and keys.
fn project() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (from, name) in [
        ("plans/all-clean/plan.json", "plan.json"),
        ("plans/drift/plan.json", "denied.json"),
        ("attestation/signing.pem", "signing.pem"),
        ("attestation/public.pem", "public.pem"),
    ] {
        fs::copy(fixture(from), directory.path().join(name)).expect("copied");
    }
    directory
}

type Said = (Option<i32>, String, String);

fn planguard(directory: &TempDir, line: &str) -> Said {
    run(process::planguard(directory.path(), &line.split(' ').collect::<Vec<_>>()))
}

/// Checks a plan of the project, and writes the attestation.
fn attest(directory: &TempDir, line: &str) -> Said {
    planguard(directory, &format!("check {line} --attest {NAME} --key signing.pem"))
}

fn verify(directory: &TempDir, line: &str) -> Said {
    planguard(directory, &format!("verify {line} --attestation {NAME} --key public.pem"))
}

fn read(directory: &TempDir, name: &str) -> String {
    fs::read_to_string(directory.path().join(name)).expect("the file")
}

fn write(directory: &TempDir, name: &str, text: &str) {
    fs::write(directory.path().join(name), text).expect("written");
}

/// The statement of the attestation.
fn statement(directory: &TempDir) -> Value {
    use base64::Engine as _;
    let envelope: Value = serde_json::from_str(&read(directory, NAME)).expect("JSON");
    let payload = envelope["payload"].as_str().expect("a payload");
    let payload = base64::engine::general_purpose::STANDARD.decode(payload).expect("base64");
    serde_json::from_slice(&payload).expect("JSON")
}

/// Signs the statement of the attestation once more, after a change.
fn sign_anew(directory: &TempDir, change: impl FnOnce(&mut Statement)) {
    let mut changed: Statement = serde_json::from_value(statement(directory)).expect("a statement");
    change(&mut changed);
    let key = Signer::read(&KeySource::File(directory.path().join("signing.pem"))).expect("a key");
    write(directory, NAME, &seal(&changed, &key).expect("sealed"));
}

/// A run that did not accept, with this exit code and code.
fn assert_refused(said: &Said, exit: i32, code: &str) {
    let (actual, report, errors) = said;
    assert_eq!(*actual, Some(exit), "{code}: {report}{errors}");
    assert!(errors.contains(code), "{code}: {errors}");
    assert!(!report.contains("ACCEPTED"), "{report}");
    assert_eq!(report.contains("REFUSED"), exit == 1, "{report}");
}

#[test]
fn what_was_checked_and_passed_is_accepted() {
    let directory = project();
    let (code, report, said) = attest(&directory, "plan.json");
    assert_eq!(code, Some(0), "{said}");
    assert!(
        report.contains("PASS") && said.contains("note[PG-AT-102]: a.json is signed by 06e3fd8f"),
        "{said}"
    );
    let (code, report, said) = verify(&directory, "plan.json --same-rules --max-age 1h");
    assert_eq!(code, Some(0), "{said}");
    assert!(report.starts_with("ACCEPTED: plan.json is the plan that passed the check\n"), "{report}");
    assert!(report.contains("(as expected)"), "{report}");
    assert!(said.contains("PG-AT-103"), "nothing that Terraform applies was verified: {said}");
    let rules = statement(&directory)["predicate"]["rules_sha256"].as_str().expect("a digest").to_owned();
    assert!(report.contains(&rules), "{report}");
    assert_eq!(verify(&directory, &format!("plan.json --rules-sha256 {rules}")).0, Some(0));
}

#[test]
fn another_plan_is_refused() {
    let directory = project();
    attest(&directory, "plan.json");
    write(&directory, "changed.json", &(read(&directory, "plan.json") + " "));
    assert_refused(&verify(&directory, "changed.json"), 1, "PG-AT-023");
    assert_refused(&verify(&directory, "plan.json changed.json"), 1, "PG-AT-023");
    assert_refused(&verify(&directory, "nothing.json"), 2, "PG-AT-009");
    assert_refused(&verify(&directory, "."), 2, "PG-AT-009");
}

#[test]
fn a_plan_that_did_not_pass_is_attested_and_refused() {
    let directory = project();
    let (code, _, said) = attest(&directory, "denied.json");
    assert_eq!(code, Some(1));
    assert!(said.contains("`verify` refuses it: the check denied this plan"), "{said}");
    assert_refused(&verify(&directory, "denied.json"), 1, "PG-AT-024");
    assert_eq!(attest(&directory, "denied.json --report-only").0, Some(0));
    let refused = verify(&directory, "denied.json");
    assert_refused(&refused, 1, "PG-AT-024");
    assert_refused(&refused, 1, "PG-AT-026");
    assert_eq!(attest(&directory, "plan.json --report-only").0, Some(0));
    assert_refused(&verify(&directory, "plan.json"), 1, "PG-AT-026");
    assert_eq!(attest(&directory, "plan.json -p nowhere").0, Some(2));
    assert_refused(&verify(&directory, "plan.json"), 1, "PG-AT-025");
    // A log that is lost leaves the run undecided, and its attestation says so.
    if cfg!(target_os = "linux") {
        assert_eq!(attest(&directory, "plan.json --audit /dev/full").0, Some(2));
        assert_refused(&verify(&directory, "plan.json"), 1, "PG-AT-025");
    }
}

#[test]
fn nothing_is_attested_about_no_plan_or_several() {
    let directory = project();
    for (plans, code) in [("nothing.json", "PG-AT-006"), ("plan.json denied.json", "PG-AT-007")] {
        let (exit, report, _) = attest(&directory, plans);
        assert_eq!(exit, Some(2), "{report}");
        assert!(report.contains(code) && report.contains("INCOMPLETE"), "{report}");
        assert!(!directory.path().join(NAME).exists(), "{plans}");
    }
}

#[test]
fn what_was_changed_or_is_signed_by_another_key_is_refused() {
    let directory = project();
    attest(&directory, "denied.json");
    let denied = read(&directory, NAME);
    attest(&directory, "plan.json");
    let good: Value = serde_json::from_str(&read(&directory, NAME)).expect("JSON");
    // The payload of one attestation with the signature of another.
    let mut mixed: Value = serde_json::from_str(&denied).expect("JSON");
    mixed["signatures"] = good["signatures"].clone();
    write(&directory, NAME, &mixed.to_string());
    assert_refused(&verify(&directory, "denied.json"), 1, "PG-AT-022");
    // The key of RFC 8032, section 7.1, TEST 2.
    let other = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n\
                 -----END PUBLIC KEY-----\n";
    write(&directory, "other.pem", other);
    write(&directory, NAME, &good.to_string());
    let by_other = "verify plan.json --attestation a.json --key other.pem";
    assert_refused(&planguard(&directory, by_other), 1, "PG-AT-021");
    write(&directory, NAME, "{}");
    assert_refused(&verify(&directory, "plan.json"), 2, "PG-AT-014");
    fs::remove_file(directory.path().join(NAME)).expect("removed");
    assert_refused(&verify(&directory, "plan.json"), 2, "PG-AT-013");
}

#[test]
fn time_and_number_are_refused_by_name() {
    let directory = project();
    attest(&directory, "plan.json --expires-in 1m");
    let now = Utc::now();
    let at = |minutes: i64| Time::new(now + Duration::minutes(minutes));
    sign_anew(&directory, |statement| {
        statement.predicate.checked_at = at(-20);
        statement.predicate.expires_at = at(-10);
    });
    assert_refused(&verify(&directory, "plan.json"), 1, "PG-AT-027");
    sign_anew(&directory, |statement| {
        statement.predicate.checked_at = at(60);
        statement.predicate.expires_at = at(90);
    });
    assert_refused(&verify(&directory, "plan.json"), 1, "PG-AT-028");
    sign_anew(&directory, |statement| statement.predicate.checked_at = at(-20));
    assert_refused(&verify(&directory, "plan.json --max-age 19m"), 1, "PG-AT-029");
    assert_eq!(verify(&directory, "plan.json --max-age 30m").0, Some(0));
    sign_anew(&directory, |statement| statement.subject.push(statement.subject[0].clone()));
    assert_refused(&verify(&directory, "plan.json"), 1, "PG-AT-031");
    sign_anew(&directory, |statement| {
        statement.predicate_type = "urn:planguard:attestation:check:v2".to_owned()
    });
    assert_refused(&verify(&directory, "plan.json"), 2, "PG-AT-016");
    let (code, _, said) = attest(&directory, "plan.json --expires-in 31d");
    assert!(code == Some(2) && said.contains("is not between 1m and 30d"), "{said}");
}

#[test]
fn a_check_with_other_rules_is_refused() {
    let directory = project();
    attest(&directory, "plan.json --fail-on critical");
    assert_refused(&verify(&directory, "plan.json --same-rules"), 1, "PG-AT-030");
    assert_eq!(verify(&directory, "plan.json --same-rules --fail-on critical").0, Some(0));
    let other = "0".repeat(64);
    assert_refused(&verify(&directory, &format!("plan.json --rules-sha256 {other}")), 1, "PG-AT-030");
    let policy =
        "package main\n\nimport rego.v1\n\ndeny contains \"x\" if input.terraform_version == \"0\"\n";
    let guardrail = "[[guardrail]]\nid = \"own-rule\"\ntitle = \"t\"\nseverity = \"high\"\ncategory = \"resilience\"\n\
                     pack = \"default\"\nresources = [\"aws_sqs_queue\"]\nmessage = \"{address} is small\"\nwhy = \"w\"\n\
                     remediation = \"r\"\nfail = { attribute = \"name\", is = \"small\" }\n";
    write(&directory, "g.toml", guardrail);
    for (file, text) in [
        ("planguard.toml", "[check]\nfail-on = \"critical\"\n"),
        ("p.rego", policy),
        ("planguard.toml", "[check]\nguardrails = [\"g.toml\"]\n\n[policies]\npaths = [\"p.rego\"]\n"),
        ("p.rego", &policy.replace("\"0\"", "\"1\"")),
        ("g.toml", &guardrail.replace("high", "low")),
    ] {
        attest(&directory, "plan.json");
        write(&directory, file, text);
        let said = verify(&directory, "plan.json --same-rules");
        // Until the settings name it, the policy is no rule.
        if file == "p.rego" && !read(&directory, "planguard.toml").contains("p.rego") {
            assert_eq!(said.0, Some(0), "{}", said.2);
        } else {
            assert_refused(&said, 1, "PG-AT-030");
        }
    }
    // Without the flag, rules are not compared, and the report says so.
    attest(&directory, "plan.json");
    write(&directory, "planguard.toml", "");
    let (code, report, said) = verify(&directory, "plan.json");
    assert!(code == Some(0) && report.contains("(not compared)"), "{report}{said}");
    // Settings that cannot be read are no rules to compare with.
    write(&directory, "planguard.toml", "[check]\nfail-onn = \"critical\"\n");
    assert_refused(&verify(&directory, "plan.json --same-rules"), 2, "PG-CF");
    let (code, _, said) = verify(&directory, &format!("plan.json --same-rules --rules-sha256 {other}"));
    assert!(code == Some(2) && said.contains("cannot be used with"), "{said}");
}

#[test]
fn an_attestation_ends_with_the_last_day_of_a_waiver_that_was_used() {
    let directory = project();
    let today = Utc::now().date_naive();
    let waiver = format!(
        "[[waivers]]\nrule = \"aws-security-group-open-ssh\"\naddress = \"aws_security_group.left_open\"\nreason = \"for now\"\nowner = \"ops\"\nexpires = \"{today}\"\n"
    );
    write(&directory, "planguard.toml", &waiver);
    let (code, report, said) = attest(&directory, "denied.json");
    assert_eq!(code, Some(0), "{report}{said}");
    let predicate = &statement(&directory)["predicate"];
    let tomorrow = today.succ_opt().expect("a day");
    assert_eq!(predicate["expires_at"], format!("{tomorrow}T00:00:00Z"));
    assert_eq!(predicate["waivers"][0]["owner"], "ops");
    assert_eq!(predicate["waivers"][0]["expires"], today.to_string());
    let (code, report, _) = verify(&directory, "denied.json");
    assert_eq!(code, Some(0), "{report}");
    assert!(
        report.contains(&format!("waived: {}", predicate["waivers"][0]["rule"].as_str().expect("a rule")))
    );
    assert!(report.contains(&format!(", by ops, until {today}")), "{report}");
}

#[test]
fn keys_are_taken_from_variables_and_never_printed() {
    let directory = project();
    let with = |line: &str, name: &str, text: &str| {
        let mut command = process::planguard(directory.path(), &line.split(' ').collect::<Vec<_>>());
        command.env(name, text);
        run(command)
    };
    let (private, public) = (read(&directory, "signing.pem"), read(&directory, "public.pem"));
    let (sign, check) = ("check plan.json --attest a.json", "verify plan.json --attestation a.json");
    assert_refused(&planguard(&directory, check), 2, "PG-AT-001");
    assert_refused(&planguard(&directory, sign), 2, "PG-AT-001");
    assert_eq!(with(sign, "PLANGUARD_SIGNING_KEY", &private).0, Some(0));
    assert_eq!(with(check, "PLANGUARD_PUBLIC_KEY", &public).0, Some(0));
    for (line, name, text, code) in [
        (check, "PLANGUARD_PUBLIC_KEY", private.as_str(), "PG-AT-004"),
        (check, "PLANGUARD_PUBLIC_KEY", "x", "PG-AT-003"),
        (sign, "PLANGUARD_SIGNING_KEY", public.as_str(), "PG-AT-003"),
        (sign, "PLANGUARD_SIGNING_KEY", private.get(..90).expect("a part"), "PG-AT-003"),
    ] {
        let said = with(line, name, text);
        assert_refused(&said, 2, code);
        let secret = private.lines().nth(1).expect("the key").get(24..).expect("its end");
        assert!(!said.1.contains(secret) && !said.2.contains(secret), "{}", said.2);
    }
    for (line, code) in [
        ("check plan.json --attest a.json --key nothing.pem", "PG-AT-002"),
        ("check plan.json --attest a.json --key .", "PG-AT-002"),
        ("check plan.json --key signing.pem", "PG-AT-005"),
        ("check plan.json --binary plan.json", "PG-AT-005"),
        ("check plan.json --attest signing.pem --key signing.pem", "PG-AT-011"),
        ("check plan.json --attest plan.json --key signing.pem", "PG-CL-007"),
        ("check plan.json --attest nowhere/a.json --key signing.pem", "PG-CL-007"),
        ("check plan.json --attest r.json --key signing.pem --output r.json", "PG-AT-011"),
        ("verify plan.json --attestation a.json --key nothing.pem", "PG-AT-002"),
    ] {
        let (exit, report, said) = planguard(&directory, line);
        assert_eq!(exit, Some(2), "{line}: {report}");
        assert!(said.contains(code) && !report.contains("PASS"), "{line}: {report}{said}");
    }
    assert_eq!(read(&directory, "signing.pem"), private, "no key is overwritten");
}

#[test]
fn attest_checks_and_signs() {
    let directory = project();
    let (code, report, _) = planguard(&directory, "attest plan.json --key signing.pem");
    assert!(code == Some(0) && report.contains("PASS"), "{report}");
    let line = "verify plan.json --attestation planguard-attestation.json --key public.pem";
    assert_eq!(planguard(&directory, line).0, Some(0));
    let (code, ..) = planguard(&directory, "attest denied.json --attest d.json --key signing.pem");
    assert_eq!(code, Some(1));
    assert!(directory.path().join("d.json").exists());
}

/// A program that stands for terraform: it shows a fixture, and writes down the variable with the key.
#[cfg(unix)]
fn terraform(directory: &TempDir, shown: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let shown = fixture("plans").join(shown).join("plan.json");
    let script =
        format!("#!/bin/sh\necho \"key:$PLANGUARD_SIGNING_KEY\" >> asked\ncat '{}'\n", shown.display());
    let program = directory.path().join("terraform");
    fs::write(&program, script).expect("the program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("permissions");
    fs::copy(fixture("invalid/binary-plan.tfplan"), directory.path().join("tfplan")).expect("a plan");
}

#[cfg(unix)]
#[test]
fn a_binary_plan_is_bound_to_what_was_checked() {
    let directory = project();
    terraform(&directory, "all-clean");
    // planguard converts it.
    let line = "check tfplan --terraform ./terraform --attest a.json";
    let mut command = process::planguard(directory.path(), &line.split(' ').collect::<Vec<_>>());
    command.env("PLANGUARD_SIGNING_KEY", read(&directory, "signing.pem"));
    let (code, report, said) = run(command);
    assert_eq!(code, Some(0), "{report}{said}");
    assert_eq!(read(&directory, "asked"), "key:\n", "the program does not get the key");
    assert_eq!(statement(&directory)["predicate"]["binary"], "converted");
    // Which program converts plans is no rule.
    let (code, report, said) = verify(&directory, "tfplan plan.json --same-rules");
    assert_eq!((code, said.as_str()), (Some(0), ""), "{report}");
    assert!(report.starts_with("ACCEPTED: tfplan and plan.json are the plan"), "{report}");
    // It compares the JSON with what it converts.
    let compared = attest(&directory, "plan.json --binary tfplan --terraform ./terraform");
    assert_eq!(compared.0, Some(0), "{}", compared.1);
    assert_eq!(statement(&directory)["predicate"]["binary"], "compared");
    assert_eq!(verify(&directory, "tfplan").0, Some(0));
    // The pipeline states it.
    assert_eq!(attest(&directory, "plan.json --binary tfplan").0, Some(0));
    let (code, report, _) = verify(&directory, "tfplan");
    assert!(code == Some(0) && report.contains("named by the pipeline"), "{report}");
    let tampered = fs::read(directory.path().join("tfplan")).expect("the plan");
    fs::write(directory.path().join("tfplan"), [&tampered[..], b"x"].concat()).expect("written");
    assert_refused(&verify(&directory, "tfplan"), 1, "PG-AT-023");
    // What does not belong together is not attested.
    terraform(&directory, "drift");
    for (line, wanted) in [
        ("plan.json --binary tfplan --terraform ./terraform", "PG-AT-010"),
        ("tfplan --binary tfplan --terraform ./terraform", "PG-AT-008"),
        ("plan.json --binary nothing", "PG-AT-009"),
        ("plan.json --binary plan.json --terraform ./terraform", "PG-AT-009"),
    ] {
        let _ = fs::remove_file(directory.path().join(NAME));
        let (code, report, _) = attest(&directory, line);
        assert_eq!(code, Some(2), "{line}: {report}");
        assert!(report.contains(wanted), "{line}: {report}");
        assert!(!directory.path().join(NAME).exists(), "{line}");
    }
}

/// What has the digest must be what was shown.
#[cfg(unix)]
#[test]
fn a_plan_that_changes_while_it_is_converted_is_not_checked() {
    let directory = project();
    terraform(&directory, "all-clean");
    let script = read(&directory, "terraform") + "for plan; do :; done\nprintf x >> \"$plan\"\n";
    write(&directory, "terraform", &script);
    let (code, report, _) = attest(&directory, "tfplan --terraform ./terraform");
    assert_eq!(code, Some(2), "{report}");
    assert!(report.contains("PG-IN-044") && !directory.path().join(NAME).exists(), "{report}");
}

#[cfg(unix)]
#[test]
fn a_private_key_that_everybody_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = project();
    for (mode, is_told) in [(0o644, true), (0o600, false)] {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(directory.path().join("signing.pem"), permissions).expect("permissions");
        let (code, _, said) = attest(&directory, "plan.json");
        assert_eq!((code, said.contains("note[PG-AT-101]")), (Some(0), is_told), "{said}");
    }
}
