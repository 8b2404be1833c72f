//! Plans divided among jobs: the merged report is that of one run, and nothing that is missing passes.

use std::fs;
use std::path::{Path, PathBuf};

use planguard::render::check::{FORMATS, PAGE, read};
use tempfile::TempDir;

use crate::process::{planguard, run};

/// A run: the exit code, and what is on both streams.
type Run = (Option<i32>, String, String);

const PARTS: usize = 3;

fn plans() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans")
}

/// A directory with plans, one that nobody may merge, and settings with waivers, of which one accepts findings in several
/// plans, one is for nothing, and one has expired.
fn project() -> TempDir {
    let project = tempfile::tempdir().expect("a directory");
    let bucket = |name: &str| {
        format!(
            r#"{{"format_version": "1.2", "terraform_version": "1.12.2", "planned_values": {{}}, "resource_changes": [{{
                "address": "aws_instance.{name}", "mode": "managed", "type": "aws_instance", "name": "{name}",
                "change": {{"actions": ["create"], "before": null, "after_unknown": {{}}, "after_sensitive": {{}},
                    "after": {{"associate_public_ip_address": true, "monitoring": true,
                        "root_block_device": [{{"encrypted": false}}]}}}}}}]}}"#
        )
    };
    fs::create_dir(project.path().join("plans")).expect("a directory");
    for name in ["a", "b", "c", "d", "e"] {
        fs::write(project.path().join(format!("plans/{name}.json")), bucket(name)).expect("a file");
    }
    fs::write(project.path().join("plans/cut.json"), &bucket("cut")[..90]).expect("a file");
    fs::write(project.path().join("plans/state.json"), r#"{"version": 4, "serial": 1, "lineage": "x"}"#)
        .expect("a file");
    let waiver = |rule: &str, address: &str, expires: &str| {
        format!(
            "[[waivers]]\nrule = \"{rule}\"\naddress = \"{address}\"\nreason = \"r\"\nexpires = {expires}\n\n"
        )
    };
    let settings = [
        waiver("aws-instance-public-ip", "aws_instance.b", "2001-01-31"),
        waiver("aws-instance-public-ip", "aws_instance.?", "2999-01-31"),
        waiver("aws-instance-public-ip", "aws_instance.c", "2999-01-31"),
        waiver("aws-instance-public-ip", "aws_instance.nowhere", "2999-01-31"),
    ];
    fs::write(project.path().join("planguard.toml"), settings.concat()).expect("a file");
    project
}

fn in_project(project: &TempDir, arguments: &[&str]) -> Run {
    run(planguard(project.path(), arguments))
}

/// Writes the report of every part of a run with these arguments.
fn divide(project: &TempDir, of: usize, arguments: &[&str]) -> Vec<String> {
    let reports = (1..=of).map(|part| {
        let (report, part) = (format!("report-{part}.json"), format!("{part}/{of}"));
        let own = ["check", "--partition", &part, "--format", "json", "--output", &report];
        in_project(project, &[&own, arguments].concat());
        report
    });
    reports.collect()
}

fn merged(project: &TempDir, reports: &[String], arguments: &[&str]) -> Run {
    let reports: Vec<&str> = reports.iter().map(String::as_str).collect();
    in_project(project, &[&["merge"], reports.as_slice(), arguments].concat())
}

/// A run without the time that it took.
fn timeless((code, stdout, stderr): Run) -> Run {
    let lines = stdout.lines().filter(|line| !line.contains("planguard_duration_seconds"));
    (code, lines.collect::<Vec<_>>().join("\n"), stderr)
}

#[test]
fn the_merged_report_is_that_of_one_run() {
    let project = project();
    let fixtures = plans();
    let fixtures = fixtures.to_str().unwrap();
    for plans in
        [vec!["plans"], vec![fixtures], vec!["plans/a.json", "plans/d.json"], vec!["plans", fixtures]]
    {
        // More parts than there are plans leave some without any.
        let most = if plans == ["plans"] { 12 } else { PARTS };
        for of in [1, most] {
            let reports = divide(&project, of, &plans);
            // What plans do object by object is in no report: the page of merged reports has other parts.
            for format in FORMATS.all().iter().filter(|format| format.name != PAGE.name) {
                let format = ["--format", format.name];
                let whole = in_project(&project, &[&["check"], plans.as_slice(), &format].concat());
                let together = merged(&project, &reports, &format);
                assert_eq!(timeless(together), timeless(whole), "{plans:?} {of} {format:?}");
            }
        }
    }
}

/// What the merged report says of a run, by the codes of its problems.
fn codes(project: &TempDir, reports: &[String], arguments: &[&str]) -> Vec<String> {
    let (code, json, _) = merged(project, reports, &[arguments, &["--format", "json"]].concat());
    let report = read(&json).expect("a report");
    assert_eq!(code, Some(if report.problems.is_empty() { 1 } else { 2 }), "{json}");
    report.problems.iter().map(|problem| problem.code.unescaped().to_owned()).collect()
}

#[test]
fn what_is_missing_or_made_otherwise_leaves_the_verdict_undecided() {
    let project = project();
    fs::remove_file(project.path().join("plans/cut.json")).unwrap();
    let reports = divide(&project, PARTS, &["plans"]);
    assert_eq!(codes(&project, &reports, &[]), Vec::<String>::new());
    assert_eq!(codes(&project, &reports, &["--expect", "3"]), Vec::<String>::new());
    assert_eq!(codes(&project, &reports, &["--expect", "4"]), ["PG-MG-004"]);
    // A part is lost.
    for lost in 0..PARTS {
        let mut rest = reports.clone();
        rest.remove(lost);
        assert_eq!(codes(&project, &rest, &[]), ["PG-MG-005"], "{lost}");
    }
    // A part is there twice, in the place of another and beside it.
    let twice = [reports[0].clone(), reports[1].clone(), reports[1].clone()];
    assert_eq!(codes(&project, &twice, &[]), ["PG-MG-006", "PG-MG-005"]);
    let copy = project.path().join("copy.json");
    fs::copy(project.path().join(&reports[1]), copy).unwrap();
    let twice = [reports.clone(), vec!["copy.json".to_owned()]].concat();
    assert_eq!(codes(&project, &twice, &[]), ["PG-MG-006", "PG-MG-012", "PG-MG-012"]);
    // A file that is gone, one that is no report, and a directory without any.
    for (name, text, code) in [
        ("gone.json", None, "PG-MG-001"),
        ("plans/a.json", None, "PG-MG-002"),
        ("half.json", Some(()), "PG-MG-002"),
    ] {
        if text.is_some() {
            let whole = fs::read_to_string(project.path().join(&reports[2])).unwrap();
            fs::write(project.path().join(name), &whole[..whole.len() / 2]).unwrap();
        }
        let with = [reports[0].clone(), reports[1].clone(), name.to_owned()];
        assert_eq!(codes(&project, &with, &[]), [code, "PG-MG-005"], "{name}");
    }
    fs::create_dir(project.path().join("empty")).unwrap();
    assert_eq!(codes(&project, &["empty".to_owned()], &[]), ["PG-MG-003"]);
    // Reports of whole runs beside parts.
    in_project(&project, &["check", "plans", "--format", "json", "--output", "whole.json"]);
    let mixed = [reports.clone(), vec!["whole.json".to_owned()]].concat();
    let mixed = codes(&project, &mixed, &[]);
    assert_eq!(mixed[0], "PG-MG-007");
    assert!(mixed[1..].iter().all(|code| code == "PG-MG-012"), "{mixed:?}");
}

#[test]
fn a_report_that_is_named_twice_does_not_stand_for_a_lost_one() {
    let project = project();
    fs::create_dir(project.path().join("reports")).unwrap();
    in_project(&project, &["check", "plans/a.json", "--format", "json", "--output", "reports/a.json"]);
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(codes(&project, &named(&["reports", "--expect", "1"]), &[]), Vec::<String>::new());
    // The same file: by its name, in its directory, and on another way to it.
    for (again, code) in [
        (["reports/a.json", "reports/a.json"], "PG-MG-013"),
        (["reports", "reports/a.json"], "PG-MG-013"),
        (["reports/a.json", "reports/../reports/a.json"], "PG-MG-012"),
    ] {
        assert_eq!(codes(&project, &named(&again), &["--expect", "2"]), [code], "{again:?}");
        assert_eq!(codes(&project, &named(&again), &[]), [code], "{again:?}");
    }
    // Another file with the same content.
    fs::copy(project.path().join("reports/a.json"), project.path().join("copy.json")).unwrap();
    let copied = named(&["reports/a.json", "copy.json"]);
    assert_eq!(codes(&project, &copied, &["--expect", "2"]), ["PG-MG-012"]);
}

#[test]
fn parts_of_other_rules_or_files_are_refused() {
    let project = project();
    fs::remove_file(project.path().join("plans/cut.json")).unwrap();
    let other = |arguments: &[&str], code: &str| {
        let reports = divide(&project, PARTS, &["plans"]);
        let own = ["check", "plans", "--partition", "2/3", "--format", "json", "--output", "report-2.json"];
        in_project(&project, &[&own, arguments].concat());
        let found = codes(&project, &reports, &[]);
        assert_eq!(found, [code], "{arguments:?}");
        // Only workspaces may have rules of their own.
        assert_eq!(codes(&project, &reports, &["--different-rules"]), found);
    };
    other(&["--fail-on", "high"], "PG-MG-009");
    other(&["--max-destroys", "3"], "PG-MG-009");
    other(&["--no-waivers"], "PG-MG-009");
    other(&["--allow-errored"], "PG-MG-009");
    other(&["--report-only"], "PG-MG-011");
    // A policy and a guardrail count by what they say, and not by their name.
    let policy = project.path().join("p.rego");
    for own in ["deny contains \"a\" if false", "deny contains \"b\" if false"] {
        fs::write(&policy, format!("package main\n\n{own}\n")).unwrap();
        let reports = divide(&project, PARTS, &["plans", "--policy", "p.rego"]);
        fs::write(&policy, "package main\n\ndeny contains \"c\" if false\n").unwrap();
        let other = ["check", "plans", "--partition", "1/3", "--format", "json", "--output", "report-1.json"];
        in_project(&project, &[&other, ["--policy", "p.rego"].as_slice()].concat());
        assert_eq!(codes(&project, &reports, &[]), ["PG-MG-009", "PG-MG-009"]);
    }
    // A report of an earlier run is left over, and the plans have changed since.
    let reports = divide(&project, PARTS, &["plans"]);
    let plan = project.path().join("plans/e.json");
    fs::write(&plan, fs::read_to_string(&plan).unwrap() + "\n").unwrap();
    in_project(
        &project,
        &["check", "plans", "--partition", "3/3", "--format", "json", "--output", "report-3.json"],
    );
    assert!(codes(&project, &reports, &[]).contains(&"PG-MG-008".to_owned()));
    // Another directory, and another number of parts.
    let reports = divide(&project, PARTS, &["plans"]);
    fs::copy(project.path().join("plans/a.json"), project.path().join("plans/z.json")).unwrap();
    in_project(
        &project,
        &["check", "plans", "--partition", "3/3", "--format", "json", "--output", "report-3.json"],
    );
    assert!(codes(&project, &reports, &[]).contains(&"PG-MG-008".to_owned()));
    in_project(
        &project,
        &["check", "plans", "--partition", "3/4", "--format", "json", "--output", "report-3.json"],
    );
    assert!(codes(&project, &reports, &[]).contains(&"PG-MG-008".to_owned()));
}

/// A part without plans passes if others have some; if none has any, every part is undecided.
#[test]
fn nothing_passes_because_it_was_divided() {
    let project = project();
    let clean = plans().join("all-clean/plan.json");
    fs::copy(clean, project.path().join("plans/a.json")).unwrap();
    let part = |plans: &[&str], part: &str| {
        in_project(&project, &[&["check", "--partition", part], plans].concat()).0
    };
    assert_eq!(part(&["plans/a.json"], "1/2"), Some(0));
    assert_eq!(part(&["plans/a.json"], "2/2"), Some(0));
    assert_eq!(part(&["plans/c.json"], "1/2"), Some(1));
    fs::create_dir(project.path().join("barren")).unwrap();
    for name in ["barren/a.json", "barren/b.json"] {
        fs::copy(project.path().join("plans/state.json"), project.path().join(name)).unwrap();
    }
    for one in ["1/1", "1/2", "2/2", "3/3"] {
        assert_eq!(part(&["barren"], one), Some(2), "{one}");
    }
    // A directory without plans beside one with plans: no part knows, and the merged report does.
    let reports = divide(&project, 2, &["plans/a.json", "barren"]);
    let (code, text, _) = merged(&project, &reports, &[]);
    let (whole, one, _) = in_project(&project, &["check", "plans/a.json", "barren"]);
    assert_eq!((code, whole), (Some(2), Some(2)), "{text}");
    assert_eq!(text, one);
}

/// Jobs of a matrix name their plans alike, and may have settings of their own.
#[test]
fn workspaces_of_a_matrix_are_merged() {
    let project = project();
    for name in ["a", "b"] {
        let directory = project.path().join(name);
        fs::create_dir(&directory).unwrap();
        fs::copy(project.path().join(format!("plans/{name}.json")), directory.join("tfplan.json")).unwrap();
        fs::write(
            directory.join("planguard.toml"),
            format!("[check]\nfail-on = \"{}\"\n", ["high", "low"][usize::from(name == "b")]),
        )
        .unwrap();
        run(planguard(&directory, &["check", "tfplan.json", "--format", "json", "--output", "report.json"]));
    }
    let reports = ["a/report.json".to_owned(), "b/report.json".to_owned()];
    assert_eq!(codes(&project, &reports, &[]), ["PG-MG-009"]);
    assert_eq!(codes(&project, &reports, &["--different-rules", "--expect", "2"]), Vec::<String>::new());
    let (_, json, _) = merged(&project, &reports, &["--different-rules", "--format", "json"]);
    let origins: Vec<String> =
        read(&json).unwrap().plans.iter().map(|plan| plan.origin.unescaped().to_owned()).collect();
    assert_eq!(origins, ["tfplan.json (a/report.json)", "tfplan.json (b/report.json)"]);
}

#[test]
fn a_job_without_a_number_is_told_so() {
    let project = project();
    let mut command = planguard(project.path(), &["check", "plans", "--partition", "kubernetes"]);
    command.env_remove("JOB_COMPLETION_INDEX");
    let (code, _, error) = run(command);
    assert_eq!(code, Some(2));
    assert!(error.contains("JOB_COMPLETION_INDEX is not set"), "{error}");
    let mut command =
        planguard(project.path(), &["check", "plans", "--partition", "kubernetes", "--format", "json"]);
    command.env("JOB_COMPLETION_INDEX", "1").env("PLANGUARD_PARTITIONS", "3");
    let (_, json, _) = run(command);
    assert_eq!(read(&json).unwrap().part.unwrap().partition.to_string(), "2/3");
}
