//! Binary plans: a program turns them into JSON if a flag, a variable or a setting allows it, and none that the change
//! under review brings.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::process::run;

/// A project with a binary plan beside an initialised configuration, and these settings.
fn project(settings: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(directory.path().join("infra/.terraform")).expect("a directory");
    fs::copy(root.join("fixtures/invalid/binary-plan.tfplan"), directory.path().join("infra/tfplan"))
        .expect("a plan");
    fs::write(directory.path().join("planguard.toml"), settings).expect("the settings");
    directory
}

/// Programs called `terraform` and `tofu` outside of the project, which say what they were asked and show a fixture.
fn programs(names: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    names.iter().for_each(|name| drop(program(directory.path(), name)));
    directory
}

fn program(directory: &Path, name: &str) -> PathBuf {
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/already-there/plan.json");
    let file = directory.join(name);
    let script =
        format!("#!/bin/sh\necho \"$0 $@\" >> {}/asked\ncat {}\n", directory.display(), plan.display());
    fs::write(&file, script).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("executable");
    file
}

/// What was asked of the programs.
fn asked(programs: &TempDir) -> String {
    fs::read_to_string(programs.path().join("asked")).unwrap_or_default()
}

fn check(project: &TempDir, programs: &TempDir, arguments: &[&str]) -> (Option<i32>, String, String) {
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.args([&["check"], arguments].concat()).current_dir(project.path()).stdin(Stdio::null());
    command.env("PATH", path).env_remove("GITHUB_ACTIONS").env_remove("COLUMNS");
    run(command)
}

#[test]
fn without_a_setting_the_error_names_the_setting_and_the_flag() {
    let (project, programs) = (project(""), programs(&["terraform"]));
    for source in ["infra/tfplan", "infra"] {
        let (code, text, _) = check(&project, &programs, &[source]);
        assert_eq!(code, Some(2), "{text}");
        for part in ["--terraform terraform", "`terraform = true`", "terraform show -json infra/tfplan"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    assert_eq!(asked(&programs), "", "nothing was run");
}

#[test]
fn a_setting_allows_the_program_on_the_path_also_in_directories() {
    for (setting, names, wanted) in [
        ("true", &["terraform", "tofu"][..], "/terraform"),
        ("true", &["tofu"], "/tofu"),
        ("\"tofu\"", &["terraform", "tofu"], "/tofu"),
    ] {
        for source in ["infra/tfplan", "infra"] {
            let (project, programs) =
                (project(&format!("[check]\nterraform = {setting}\n")), programs(names));
            let (code, text, errors) = check(&project, &programs, &[source]);
            assert_eq!(code, Some(1), "{text}{errors}");
            let asked = asked(&programs);
            // The schemas of the providers are where `init` has run.
            let infra = fs::canonicalize(project.path()).unwrap().join("infra");
            let arguments = format!("-chdir={0} show -json -no-color {0}/tfplan", infra.display());
            assert!(asked.contains(wanted) && asked.contains(&arguments), "{asked}");
        }
    }
}

#[test]
fn a_plan_is_made_with_the_program_that_the_settings_name() {
    let (project, programs) = (project("[check]\nterraform = \"tofu\"\n"), programs(&["terraform", "tofu"]));
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.args(["plan", "infra", "--out", "tfplan"]).current_dir(project.path()).env("PATH", path);
    run(command);
    let asked = asked(&programs);
    assert!(asked.contains("/tofu -chdir=infra plan -out=") && !asked.contains("/terraform"), "{asked}");
}

#[test]
fn a_flag_and_a_variable_count_more() {
    let programs = programs(&["terraform", "tofu"]);
    let project = project("[check]\nterraform = false\n");
    let (code, text, _) = check(&project, &programs, &["infra/tfplan", "--terraform=tofu"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(asked(&programs).contains("/tofu "));
    let (code, text, _) = check(&project, &programs, &["infra/tfplan"]);
    assert_eq!(code, Some(2), "{text}");
    let (_, settings, _) = check(&project, &programs, &["--print-settings", "--terraform=tofu"]);
    assert!(
        settings.contains("check.terraform = \"tofu\"") && settings.contains("# --terraform"),
        "{settings}"
    );
}

/// Whoever edits the project must not run a program of theirs where its plans are checked.
#[test]
fn a_program_of_the_project_is_never_run_because_a_file_says_so() {
    let programs = programs(&["terraform"]);
    let project = project("");
    let own = program(project.path(), "own");
    let link = project.path().join("link");
    std::os::unix::fs::symlink(programs.path().join("terraform"), &link).expect("a link");
    for (setting, code) in [
        (format!("\"{}\"", own.display()), "PG-CF-009"),
        (format!("\"{}\"", link.display()), "PG-CF-009"),
        (format!("\"{}/missing\"", project.path().display()), "PG-CF-009"),
        ("\"./own\"".to_owned(), "PG-CF-002"),
        ("\"infra/../own\"".to_owned(), "PG-CF-002"),
    ] {
        fs::write(project.path().join("planguard.toml"), format!("[check]\nterraform = {setting}\n"))
            .unwrap();
        let (exit, text, _) = check(&project, &programs, &["infra/tfplan"]);
        assert_eq!(exit, Some(2), "{setting}: {text}");
        assert!(text.contains(code), "{setting}: {text}");
        assert_eq!(asked(&project) + &asked(&programs), "", "{setting}");
    }
    // A machine that reads JSON alone need not have the program.
    fs::write(project.path().join("planguard.toml"), "[check]\nterraform = \"/no/such/terraform\"\n")
        .unwrap();
    let (code, text, _) = check(&project, &programs, &["infra/tfplan"]);
    assert!(code == Some(2) && text.contains("PG-IN-040"), "{text}");
    let json = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/no-changes/plan.json");
    assert_eq!(check(&project, &programs, &[json.to_str().unwrap()]).0, Some(0));
    // One outside of the project may be named by its path, and the pipeline may name any.
    let outside = programs.path().join("terraform");
    fs::write(
        project.path().join("planguard.toml"),
        format!("[check]\nterraform = \"{}\"\n", outside.display()),
    )
    .unwrap();
    assert_eq!(check(&project, &programs, &["infra/tfplan"]).0, Some(1));
    assert_eq!(check(&project, &programs, &["infra/tfplan", "--terraform=./own"]).0, Some(1));
    assert!(asked(&project).contains("own"));
}

/// Where settings are trusted, the change's own allow nothing.
#[test]
fn with_a_trusted_place_only_its_settings_allow_a_program() {
    let programs = programs(&["terraform"]);
    let project = project("[check]\nterraform = true\n");
    let trusted = tempfile::tempdir().expect("a directory");
    let flag = format!("--trusted={}", trusted.path().display());
    let (code, text, _) = check(&project, &programs, &["infra/tfplan", &flag]);
    assert_eq!(code, Some(2), "{text}");
    assert_eq!(asked(&programs), "");
    fs::write(trusted.path().join("planguard.toml"), "[check]\nterraform = true\n").unwrap();
    let (code, text, _) = check(&project, &programs, &["infra/tfplan", &flag]);
    assert_eq!(code, Some(1), "{text}");
}
