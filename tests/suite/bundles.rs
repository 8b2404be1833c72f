//! Bundles of OPA on the command line: every command that takes policies takes them, and a bad one is refused by name.

use std::path::{Path, PathBuf};

use crate::process::{planguard, run};

const PLAN: &str = r#"{"format_version": "1.2", "terraform_version": "1.11.4",
    "planned_values": {"root_module": {"resources": [{"address": "aws_instance.web", "mode": "managed",
        "type": "aws_instance", "name": "web", "provider_name": "registry.terraform.io/hashicorp/aws",
        "schema_version": 1, "values": {}, "sensitive_values": {}}]}},
    "resource_changes": [{"address": "aws_instance.web", "mode": "managed", "type": "aws_instance", "name": "web",
        "provider_name": "registry.terraform.io/hashicorp/aws", "change": {"actions": ["create"], "before": null,
        "after": {}, "after_unknown": {}, "before_sensitive": false, "after_sensitive": {}}}]}"#;

fn bundles() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bundles")
}

/// The exit code of a command in the directory of the bundles, and both streams.
fn ran(arguments: &[&str]) -> (Option<i32>, String) {
    let plan = tempfile::NamedTempFile::with_suffix(".json").expect("a file");
    std::fs::write(plan.path(), PLAN).expect("written");
    let plan = plan.path().to_string_lossy().into_owned();
    let arguments: Vec<&str> = arguments
        .iter()
        .map(|argument| if *argument == "PLAN" { plan.as_str() } else { *argument })
        .collect();
    let (code, out, err) = run(planguard(&bundles(), &arguments));
    (code, format!("{out}{err}"))
}

fn checked(more: &[&str]) -> (Option<i32>, String) {
    ran(&[&["check", "PLAN", "--no-builtin"], more].concat())
}

#[test]
fn a_bundle_decides_as_a_directory_does() {
    let (code, text) = checked(&["-p", "unsigned.tar.gz"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("aws_instance.web has the type aws_instance, which is not allowed"), "{text}");
    let (code, text) = ran(&["eval", "data.limits.types", "-p", "unsigned.tar.gz"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("aws_s3_bucket"), "{text}");
    let (code, text) = ran(&["lint", "unsigned.tar.gz"]);
    assert_eq!((code, text.starts_with("1 file")), (Some(0), true), "{text}");
    let (_, text) = ran(&["test", "unsigned.tar.gz"]);
    assert!(!text.contains("PG-TS-006"), "{text}");
}

#[test]
fn a_signature_is_verified_or_a_notice_says_that_it_is_not() {
    let (code, text) = checked(&["-p", "rs256.tar.gz", "--bundle-key", "rsa.pem"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(!text.contains("PG-CF-106"), "{text}");
    let (code, text) = checked(&["-p", "rs256.tar.gz"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("rs256.tar.gz is signed, and its signature is not verified"), "{text}");
}

#[test]
fn bad_bundles_are_refused_by_name_in_every_command() {
    for (bundle, code) in [
        ("unsigned.tar.gz", "PG-RG-107"),
        ("confused.tar.gz", "PG-RG-108"),
        ("none.tar.gz", "PG-RG-108"),
        ("scope.tar.gz", "PG-RG-108"),
        ("tampered.tar.gz", "PG-RG-109"),
        ("extra.tar.gz", "PG-RG-109"),
        ("missing.tar.gz", "PG-RG-109"),
    ] {
        for arguments in [
            &["check", "PLAN", "-p", bundle][..],
            &["eval", "data.main.deny", "-p", bundle],
            &["lint", bundle],
            &["test", bundle],
        ] {
            let (exit, text) = ran(&[arguments, &["--bundle-key", "rsa.pem"]].concat());
            assert_eq!(exit, Some(2), "{arguments:?}: {text}");
            assert!(text.contains(code) && text.contains(bundle), "{arguments:?}: {text}");
        }
    }
    let (exit, text) = checked(&["-p", "rs256.tar.gz", "--bundle-key", "nothing.pem"]);
    assert_eq!(exit, Some(2), "{text}");
    assert!(text.contains("PG-RG-111"), "{text}");
    let (exit, text) = checked(&["-p", "scope.tar.gz", "--bundle-key", "rsa.pem", "--bundle-scope", "write"]);
    assert_eq!(exit, Some(1), "{text}");
}

#[test]
fn bundles_keep_to_their_roots() {
    for (arguments, code) in [
        (&["-p", "unsigned.tar.gz", "-p", "overlapping.tar.gz"][..], "PG-RG-106"),
        (&["-p", "outside.tar.gz"], "PG-RG-105"),
        (&["-p", "wasm.tar.gz"], "PG-RG-103"),
        (&["-p", "unsigned.tar.gz", "-d", "overlapping.tar.gz"], "PG-RG-110"),
        (&["-p", "git::https://example.com/policies.git?ref=v1"], "PG-RG-113"),
    ] {
        let (exit, text) = checked(arguments);
        assert_eq!(exit, Some(2), "{text}");
        assert_eq!(text.matches(code).count(), 1, "{text}");
    }
}

#[test]
fn the_digest_of_the_rules_follows_what_a_bundle_has() {
    let directory = tempfile::tempdir().expect("a directory");
    let digest = |bundle: &str| {
        std::fs::copy(bundles().join(bundle), directory.path().join("b.tar.gz")).expect("copied");
        std::fs::write(directory.path().join("plan.json"), PLAN).expect("written");
        let arguments = ["check", "plan.json", "--no-builtin", "-p", "b.tar.gz", "--format", "json"];
        let (_, text, _) = run(planguard(directory.path(), &arguments));
        let report: serde_json::Value = serde_json::from_str(&text).expect("a report");
        report["rules_sha256"].clone()
    };
    let first = digest("unsigned.tar.gz");
    assert!(first.is_string(), "{first}");
    assert_eq!(digest("unsigned.tar.gz"), first);
    assert_ne!(digest("tampered.tar.gz"), first);
    assert_ne!(digest("tampered-data.tar.gz"), first);
}
