//! Runs the unit tests and examples of the bundled policies.

use std::path::{Path, PathBuf};

use regorus::{Engine, Value};

use super::{library, outline};
use crate::convention::Dialect;
use crate::options::RegoVersion;
use crate::program::{Program, path_text};
use crate::source::{self, Source};
use crate::{dialect, set};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/rego")
}

fn engine(sources: &mut [Source]) -> Engine {
    set::rewrite(sources, Dialect::Given(RegoVersion::V1));
    let mut engine = dialect::new_engine();
    for source in sources {
        dialect::add(&mut engine, source, RegoVersion::V1).unwrap();
    }
    engine
}

/// Failing builtins are errors here, unlike in OPA: bundled policies must not depend on one.
#[test]
fn every_unit_test_passes_and_every_line_is_reached() {
    let mut sources = source::load(&[root()], &mut Vec::new());
    assert!(sources.iter().all(|source| !source.text.contains("print(")), "something prints");
    let mut engine = engine(&mut sources);
    engine.set_enable_coverage(true);
    let modules = engine.get_modules().clone();
    let program = Program::new(&modules, &sources);
    let tests = program.documents.iter().filter(|document| {
        document.path.last().is_some_and(|name| name.starts_with("test_")) && !document.is_function
    });
    let tests: Vec<String> = tests.map(|document| path_text(&document.path)).collect();
    drop(program);
    assert!(tests.len() >= 63, "only {} tests were found", tests.len());
    let mut wrong = Vec::new();
    for test in &tests {
        match engine.eval_rule(format!("data.{}", test.trim_start_matches("data."))) {
            Ok(Value::Bool(true)) => {}
            other => wrong.push(format!("{test}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {} fail:\n{}", wrong.len(), tests.len(), wrong.join("\n"));
    let report = engine.get_coverage_report().unwrap();
    for file in report.files.iter().filter(|file| !file.path.ends_with("_test.rego")) {
        assert!(file.not_covered.is_empty(), "{}: no test reaches lines {:?}", file.path, file.not_covered);
    }
}

/// Examples are expressions that are true for the plan beside the library.
#[test]
fn every_example_is_true() {
    let plan = std::fs::read_to_string(root().join("lib/example.json")).unwrap();
    let plan = Value::from_json_str(&plan).unwrap();
    let mut count = 0;
    for file in library() {
        for rule in outline(file.text).unwrap().rules {
            let example = rule.text("custom.example");
            assert!(!example.is_empty(), "{}: {} has no example", file.path, rule.name);
            let packages = library().iter().map(|file| file.name().trim_end_matches(".rego"));
            let imports: Vec<String> = packages
                .filter(|package| example.contains(&format!("{package}.")))
                .map(|package| format!("import data.planguard.lib.{package}\n"))
                .collect();
            let text = format!("package example\n{}holds if {{ {example} }}\n", imports.concat());
            let mut sources = vec![Source::new("example.rego", text)];
            super::complete(&mut sources);
            let mut engine = engine(&mut sources);
            engine.set_input(plan.clone());
            let answer = engine.eval_rule("data.example.holds".to_owned());
            assert_eq!(answer.ok(), Some(Value::Bool(true)), "{}: {example}", file.path);
            count += 1;
        }
    }
    assert!(count >= 70, "only {count} examples were found");
}

/// The documented defaults of a pack are those of its policies.
#[test]
fn the_defaults_of_packs_are_as_described() {
    for pack in super::rego_packs() {
        let mut sources = vec![pack.file.source()];
        super::complete(&mut sources);
        let mut engine = engine(&mut sources);
        let value = engine.eval_rule(format!("data.{}.defaults", pack.outline().package)).unwrap();
        let defaults = serde_json::to_value(&value).unwrap();
        let parameters = pack.parameters();
        let described = parameters["properties"].as_object().unwrap().iter();
        let described: serde_json::Map<String, serde_json::Value> = described
            .filter_map(|(name, schema)| Some((name.clone(), schema.get("default")?.clone())))
            .collect();
        assert_eq!(defaults, serde_json::Value::Object(described), "{}", pack.name);
    }
}
