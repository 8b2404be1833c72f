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
    assert!(over.contains("the plan destroys 5 of 7 objects, over the budget of 4 objects"), "{over}");
}
