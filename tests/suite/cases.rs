//! Files of plan cases from `fixtures/cases`, read and run as a whole.

#![expect(clippy::unwrap_used, reason = "a test may end in a panic")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use planguard::cases::{
    CaseFile, CaseOutcome, CaseStatus, FileOutcome, RunOptions, discover, run_guardrail_file,
};
use planguard::redact::SafeText;
use planguard::rego::CoverageMode;

fn run(path: &str, coverage: CoverageMode) -> FileOutcome {
    let file = CaseFile::read(Path::new(path)).unwrap();
    file.run(RunOptions { coverage }).unwrap()
}

fn differences(outcomes: &[CaseOutcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        let (file, line) = (outcome.file.display(), outcome.line);
        let name = outcome.name.for_terminal();
        writeln!(text, "{file}:{line}: {name} ({:?})", outcome.status).unwrap();
        for line in &outcome.diff.lines {
            writeln!(text, "{}", line.text().for_terminal_line()).unwrap();
        }
        writeln!(text).unwrap();
    }
    text
}

fn told<'d>(errors: impl IntoIterator<Item = &'d (dyn Diagnostic + 'd)>) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_links(false);
    let mut text = String::new();
    for error in errors {
        handler.render_report(&mut text, error).unwrap();
        text.push('\n');
    }
    text
}

#[test]
fn cases_that_hold_pass() {
    let outcome = run("fixtures/cases/passing/cases.toml", CoverageMode::Off);
    assert!(
        outcome.cases.iter().all(|case| case.status == CaseStatus::Passed),
        "{}",
        differences(&outcome.cases)
    );
    assert_eq!(outcome.cases.len(), 7);
    assert!(outcome.coverage.is_none());
    let prints: Vec<String> =
        outcome.cases.iter().flat_map(|case| &case.prints).map(SafeText::for_terminal).collect();
    assert_eq!(prints, ["fixtures/cases/passing/owner.rego:29: version 1.5.7"]);
    let own = run_guardrail_file(Path::new("fixtures/cases/passing/own.toml")).unwrap();
    assert_eq!(own.len(), 2);
    assert!(own.iter().all(|case| case.status == CaseStatus::Passed), "{}", differences(&own));
}

#[test]
fn packs_take_their_parameters_from_the_file() {
    let outcome = run("fixtures/cases/packs/cases.toml", CoverageMode::Off);
    assert!(
        outcome.cases.iter().all(|case| case.status == CaseStatus::Passed),
        "{}",
        differences(&outcome.cases)
    );
    assert_eq!(outcome.cases.len(), 2);
}

#[test]
fn cases_that_do_not_hold_say_what_differs() {
    let outcome = run("fixtures/cases/failing/cases.toml", CoverageMode::Off);
    let own = run_guardrail_file(Path::new("fixtures/cases/failing/own.toml")).unwrap();
    insta::assert_snapshot!(
        "cases_that_do_not_hold_say_what_differs",
        format!("{}{}", differences(&outcome.cases), differences(&own))
    );
}

#[test]
fn files_that_cannot_be_used_say_why_and_where() {
    let files = discover(&[PathBuf::from("fixtures/cases/bad")]).unwrap();
    let mut text = String::new();
    for file in &files {
        let errors = match CaseFile::read(file) {
            Ok(read) => read.run(RunOptions::default()).unwrap_err(),
            Err(errors) => errors,
        };
        write!(text, "{}", told(errors.iter().map(|error| error as &dyn Diagnostic))).unwrap();
    }
    assert_eq!(files.len(), 13);
    insta::assert_snapshot!("files_that_cannot_be_used_say_why_and_where", text);
}

#[test]
fn coverage_knows_the_lines_that_no_case_reaches() {
    let outcome = run("fixtures/cases/failing/cases.toml", CoverageMode::Lines);
    let coverage = outcome.coverage.unwrap();
    let file = &coverage.files()["fixtures/cases/failing/main.rego"];
    assert_eq!(file.covered.iter().copied().collect::<Vec<_>>(), [3, 4, 5, 6, 9, 10]);
    assert!(file.not_covered.is_empty(), "{file:?}");
    // Without a plan that makes it so, the second half of a rule is never reached.
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write(
        "a.rego",
        "package main\n\ndeny contains \"x\" if {\n\tinput.variables.never.value\n\tinput.y\n}\n",
    );
    write("lib.rego", "package lib\n\nunused if {\n\tinput.z\n}\n");
    write("a_test.rego", "package main\n\ntest_x if {\n\tcount(deny) == 0\n}\n");
    write("cases.toml", "[[case]]\nname = \"x\"\nresources = []\n");
    let path = directory.path().join("cases.toml");
    let coverage = run(path.to_str().unwrap(), CoverageMode::Lines).coverage.unwrap();
    let lines: Vec<(String, Vec<u32>, Vec<u32>)> = coverage
        .files()
        .iter()
        .map(|(name, file)| {
            let name = Path::new(name).file_name().unwrap().to_string_lossy().into_owned();
            let list = |lines: &std::collections::BTreeSet<u32>| lines.iter().copied().collect();
            (name, list(&file.covered), list(&file.not_covered))
        })
        .collect();
    assert_eq!(lines, [("a.rego".to_owned(), vec![4], vec![3, 5]), ("lib.rego".to_owned(), vec![], vec![4])]);
}

#[test]
fn the_cases_of_bundled_packs_hold() {
    for pack in planguard::rego::rego_packs() {
        let outcome = run(&format!("policies/rego/{}/cases.toml", pack.name), CoverageMode::Off);
        assert!(!outcome.cases.is_empty(), "{} has no cases", pack.name);
        assert!(
            outcome.cases.iter().all(|case| case.status == CaseStatus::Passed),
            "{}",
            differences(&outcome.cases)
        );
    }
}
