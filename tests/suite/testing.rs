//! `planguard test` as a whole.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn planguard_test(arguments: &[&str], directory: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.arg("test").args(arguments).current_dir(directory);
    command.output().expect("planguard starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

fn fixtures() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"))
}

#[test]
fn no_format_tells_what_is_sensitive() {
    let directory = tempfile::tempdir().expect("a directory");
    let policy = "package main\n\ndeny contains msg if {\n\tsome rc in input.resource_changes\n\
                  \tprint(\"look\", rc.change.after)\n\tmsg := sprintf(\"%s is %v\", [rc.address, rc.change.after])\n}\n";
    fs::write(directory.path().join("p.rego"), policy).expect("written");
    let cases = "[[case]]\nname = \"nothing is found\"\nfindings = []\n\n[[case.resources]]\ntype = \"terraform_data\"\n\
                 after = { password = \"canary-4711-secret\" }\nsensitive = { password = true }\n";
    fs::write(directory.path().join("cases.toml"), cases).expect("written");
    for format in ["pretty", "json", "junit", "github"] {
        let output = planguard_test(&["-v", "--coverage", "--format", format, "."], directory.path());
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        for stream in [&output.stdout, &output.stderr] {
            assert!(!text(stream).contains("canary-4711"), "{format}: {}", text(stream));
        }
        assert!(text(&output.stdout).contains("(sensitive value)"), "{format}: {}", text(&output.stdout));
    }
}

#[test]
fn reports_do_not_depend_on_the_number_of_jobs() {
    let report = |jobs| {
        let directories = ["testing/failing", "testing/passing", "testing/coverage", "cases/failing"];
        let mut arguments = vec!["--format", "json", "--coverage", "--jobs", jobs];
        arguments.extend(directories);
        planguard_test(&arguments, fixtures()).stdout
    };
    let one = report("1");
    assert!(text(&one).contains("test_tables"));
    assert_eq!(one, report("7"));
}

#[test]
fn coverage_is_written_beside_the_report() {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, format, start) in
        [("a.info", None, "TN:\nSF:"), ("b.json", None, "{"), ("c.json", Some("lcov"), "TN:\nSF:")]
    {
        let file = directory.path().join(name);
        let file = file.to_str().expect("UTF-8");
        let mut arguments = vec!["--coverage-output", file, "testing/coverage"];
        arguments.extend(format.iter().flat_map(|format| ["--coverage-format", format]));
        let output = planguard_test(&arguments, fixtures());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(fs::read_to_string(file).expect("written").starts_with(start), "{name}");
    }
    let nowhere = directory.path().join("no/such/file");
    let arguments = ["--coverage-output", nowhere.to_str().expect("UTF-8"), "testing/coverage"];
    assert_eq!(planguard_test(&arguments, fixtures()).status.code(), Some(2));
}

#[test]
fn cases_are_updated_and_nothing_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).expect("written");
    let test =
        "package main\n\ndeny contains \"no\" if input.resource_changes\n\ntest_wrong if count(deny) == 7\n";
    write("p_test.rego", test);
    let cases = "[[case]]\nname = \"wrong\"\nfindings = []\nresources = [{ type = \"terraform_data\", after = {} }]\n";
    write("cases.toml", cases);
    let output = planguard_test(&["--update"], directory.path());
    assert_eq!(output.status.code(), Some(1), "the Rego test still fails");
    assert!(text(&output.stdout).contains("updated wrong"), "{}", text(&output.stdout));
    let read = |name: &str| fs::read_to_string(directory.path().join(name)).expect("read");
    assert!(read("cases.toml").contains("main.deny"), "{}", read("cases.toml"));
    assert_eq!(read("p_test.rego"), test);
    assert_eq!(planguard_test(&["-r", "wrong", "cases.toml"], directory.path()).status.code(), Some(0));
}

#[test]
fn the_directory_policy_is_looked_at_first() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("policy")).expect("made");
    fs::write(directory.path().join("policy/a_test.rego"), "package a\n\ntest_a if true\n").expect("written");
    fs::write(directory.path().join("b_test.rego"), "package b\n\ntest_b if true\n").expect("written");
    let ran = |arguments: &[&str]| {
        let output = planguard_test(arguments, directory.path());
        text(&output.stdout).lines().filter(|line| line.contains(" passed")).count() - 1
    };
    assert_eq!((ran(&[]), ran(&["."])), (1, 2));
}

/// A policy with a test that passes, which must not hide that something else was not run.
fn passing(directory: &Path) {
    fs::write(directory.join("p_test.rego"), "package main\n\ntest_it if true\n").expect("written");
}

#[cfg(unix)]
#[test]
fn cases_behind_links_are_run_and_broken_links_are_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let below = directory.path().join("policy");
    fs::create_dir(&below).expect("made");
    passing(&below);
    let link = below.join("cases.toml");
    std::os::unix::fs::symlink(directory.path().join("shared.toml"), &link).expect("linked");
    let output = planguard_test(&["policy"], directory.path());
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("PG-TS-005"), "{}", text(&output.stderr));

    fs::write(directory.path().join("shared.toml"), "[[case]]\nname = 1\n").expect("written");
    let output = planguard_test(&["policy"], directory.path());
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("PG-CS-002"), "{}", text(&output.stderr));
}

#[test]
fn guardrails_are_known_in_whatever_way_their_table_is_written() {
    for guardrails in ["[[ guardrail ]]\nid = 1\n", "guardrail = [{ id = 1 }]\n", "[[guardrail\n"] {
        let directory = tempfile::tempdir().expect("a directory");
        passing(directory.path());
        fs::write(directory.path().join("own.toml"), guardrails).expect("written");
        let output = planguard_test(&["."], directory.path());
        assert_eq!(output.status.code(), Some(2), "{guardrails}: {}", text(&output.stdout));
    }
}

#[test]
fn a_file_that_is_named_is_run_whatever_it_is_called() {
    let directory = tempfile::tempdir().expect("a directory");
    passing(directory.path());
    fs::write(directory.path().join("mine.toml"), "[[case]]\nname = 1\n").expect("written");
    assert_eq!(planguard_test(&["."], directory.path()).status.code(), Some(0));
    let output = planguard_test(&["p_test.rego", "mine.toml"], directory.path());
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
}

#[test]
fn a_test_that_passes_over_a_failing_builtin_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let policy = "package main\n\ndeny contains \"x\" if to_number(input.a) == 22\n";
    fs::write(directory.path().join("p.rego"), policy).expect("written");
    let test = "package main_test\n\nimport data.main\n\n\
                test_range if count(main.deny) == 0 with input as {\"a\": \"1-2\"}\n";
    fs::write(directory.path().join("p_test.rego"), test).expect("written");
    let output = planguard_test(&[], directory.path());
    assert_eq!(output.status.code(), Some(0));
    let told = text(&output.stdout);
    assert!(told.contains("1 test passed although a builtin failed (-v lists them)"), "{told}");
    let output = planguard_test(&["-v"], directory.path());
    assert!(text(&output.stdout).contains("p.rego:3: to_number"), "{}", text(&output.stdout));
}

#[test]
fn a_named_file_that_nothing_reads_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let test = "package main_test\n\ntest_sum if 1 + 1 == 2\n";
    fs::write(directory.path().join("a_test.rego"), test).expect("written");
    fs::write(directory.path().join("b_test.rgeo"), test).expect("written");
    let output = planguard_test(&["a_test.rego", "b_test.rgeo"], directory.path());
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("PG-TS-006"), "{}", text(&output.stderr));
    let output = planguard_test(&["."], directory.path());
    assert_eq!(output.status.code(), Some(0), "what lies in a directory may be anything");
}

#[test]
fn a_failing_statement_says_what_its_parts_are() {
    let policy = "package main\n\ndeny contains msg if {\n\tsome rc in input.resource_changes\n\tmsg := \
                  sprintf(\"%s is a bucket\", [rc.address])\n}\n";
    for (statement, parts) in [
        (
            "count(main.deny) == 2 with input as plan",
            &["`count(main.deny)` is 1", "`main.deny` is [\"a is a bucket\"]"][..],
        ),
        ("some msg in main.deny with input as plan; msg == \"b\"", &["`msg` is \"a is a bucket\""]),
        ("not \"a is a bucket\" in main.deny with input as plan", &["is true, so `not` is false"]),
        ("x := main.deny with input as plan; y := count(x); y > 3; true", &["`y` is 1"]),
        ("main.nothing.here == 1 with input as plan", &["is undefined: `main` has no `nothing`"]),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("p.rego"), policy).expect("written");
        let statement = statement.replace("; ", "\n\t");
        let test = format!(
            "package main_test\n\nimport data.main\n\nplan := {{\"resource_changes\": [{{\"type\": \"aws_s3_bucket\", \
             \"address\": \"a\"}}]}}\n\ntest_x if {{\n\t{statement}\n}}\n"
        );
        fs::write(directory.path().join("p_test.rego"), test).expect("written");
        let output = planguard_test(&["."], directory.path());
        for part in parts {
            assert!(text(&output.stdout).contains(part), "{part}: {}", text(&output.stdout));
        }
    }
}
