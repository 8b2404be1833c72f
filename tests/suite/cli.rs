//! The command line as its users see it: arguments, both streams, exit code.

use std::process::Command;

/// `tests/cmd/bless.sh` writes the answers anew.
#[test]
fn commands_answer_as_written() {
    trycmd::TestCases::new().case("tests/cmd/*.toml").case("tests/cmd/*.trycmd");
}

#[test]
fn a_smaller_budget_makes_destruction_a_finding() {
    let check = |budget: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
        command.arg("check").args(budget).arg("fixtures/plans/stateful-changes/plan.json");
        String::from_utf8(command.output().expect("planguard starts").stdout).expect("UTF-8")
    };
    // Five of seven objects, by default too few to speak of a share.
    assert!(!check(&[]).contains("change-blast-radius"));
    assert!(!check(&["--max-destroys", "5"]).contains("change-blast-radius"));
    let over = check(&["--max-destroys", "4"]);
    assert!(over.contains("the plan destroys 5 of 7 objects, more than the budget of 4 objects"), "{over}");
}

/// The written answers cannot show this: where they are compared, a backslash counts as a slash.
#[test]
fn standard_output_is_json_and_agrees_with_the_exit_code() {
    for (plan, code) in [("drift", 1), ("no-changes", 0), ("errored", 2), ("odd-keys", 0)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
        command.args(["check", "--format", "json"]).arg(format!("fixtures/plans/{plan}/plan.json"));
        let output = command.output().expect("planguard starts");
        let report: serde_json::Value =
            serde_json::from_slice(&output.stdout).expect("JSON and nothing else");
        assert_eq!(output.status.code(), Some(code), "{plan}");
        assert_eq!(report["exit_code"], code, "{plan}");
        if plan == "drift" {
            assert_eq!(report["plans"][0]["findings"][0]["value"], r#""0.0.0.0/0""#);
        }
    }
}

#[test]
fn an_explanation_that_stops_at_a_failure_is_undecided() {
    let directory = tempfile::tempdir().expect("a directory");
    let policy =
        "package main\n\ndeny contains msg if {\n\tmsg := to_number(\"x\")\n}\n\nwarn contains 1 if input\n";
    std::fs::write(directory.path().join("p.rego"), policy).expect("written");
    for (rule, code) in [("data.main.warn", 0), ("data.main.deny", 2)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
        command.args(["eval", "--plan", "fixtures/plans/no-changes/plan.json", "--explain", rule, "-p"]);
        let output = command.arg(directory.path()).output().expect("planguard starts");
        assert_eq!(output.status.code(), Some(code), "{rule}");
    }
}
