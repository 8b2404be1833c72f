//! Reports in SARIF are held against the schema of SARIF 2.1.0, in the form in which OASIS publishes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::process::{self, run};

/// The schema, from the sources of the crate `serde-sarif`, which Cargo has brought for the tests.
fn schema() -> Value {
    // What only other platforms need, Cargo does not bring.
    let version = Command::new(env!("CARGO")).arg("-vV").output().expect("cargo starts");
    let version = String::from_utf8_lossy(&version.stdout);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("the host's platform");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let manifest = packages
        .filter(|package| package["name"] == "serde-sarif")
        .find_map(|package| package["manifest_path"].as_str())
        .expect("serde-sarif is among the dependencies");
    let file = Path::new(manifest).parent().expect("a directory").join("src/schema.json");
    let mut schema: Value =
        serde_json::from_str(&fs::read_to_string(file).expect("the schema")).expect("JSON");
    assert_eq!(
        schema["$id"],
        "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
    );
    // The pattern of a language, which no report has, is no regular expression: it closes a bracket that is not open.
    for definition in ["run", "toolComponent"] {
        let pattern = &mut schema["definitions"][definition]["properties"]["language"]["pattern"];
        assert_eq!(*pattern, "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$");
        *pattern = json!("^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}$");
    }
    schema
}

#[test]
fn every_report_follows_the_schema_of_oasis() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = tempfile::tempdir().expect("a directory");
    let settings = "[check]\nbaseline = \"b.json\"\nfail-on = \"high\"\n[[waivers]]\nrule = \"aws-instance-*\"\n\
                    address = \"*\"\nreason = \"r\"\nexpires = 2999-12-31\n";
    fs::write(directory.path().join("planguard.toml"), settings).expect("the settings");
    let mut plans: Vec<PathBuf> = walkdir::WalkDir::new(root.join("fixtures/plans"))
        .into_iter()
        .map(|entry| entry.expect("an entry").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    plans.sort();
    assert!(plans.len() > 10, "{plans:?}");
    let old = root.join("fixtures/plans/already-there/plan.json");
    let old = old.to_str().expect("UTF-8");
    run(process::planguard(directory.path(), &["baseline", old]));
    let mut results = 0;
    let mut suppressed = 0;
    let mut validate = |arguments: &[&str]| {
        let arguments = [&["check", "--format", "sarif"], arguments].concat();
        let (_, text, errors) = run(process::planguard(directory.path(), &arguments));
        let log: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{errors}"));
        let wrong: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{arguments:?}: {wrong:#?}");
        // Types that were made of the schema lose nothing of it.
        let typed: serde_sarif::sarif::Sarif = serde_json::from_value(log.clone()).expect("SARIF");
        assert_eq!(typed.runs.len(), 1);
        let found = log["runs"][0]["results"].as_array().expect("results").clone();
        results += found.len();
        suppressed += found.iter().filter(|result| result["suppressions"] != Value::Null).count();
    };
    for plan in &plans {
        validate(&[plan.to_str().expect("UTF-8")]);
    }
    // Errors and notices, without a plan and beside several.
    validate(&["missing.json"]);
    validate(&[old, "missing.json", "--baseline", "missing-baseline.json"]);
    assert!(results > 50 && suppressed > 2, "{results} results, {suppressed} suppressed");
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    for log in [
        json!({"version": "2.1.0"}),
        json!({"version": "2.1.0", "runs": [{"tool": {}}]}),
        json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "a"}}, "results": [{"level": "x", "message": {"text": "a"}}]}]}),
        json!({"version": "2.1.0", "runs": [], "unknown": 1}),
    ] {
        assert!(!validator.is_valid(&log), "{log}");
    }
}
