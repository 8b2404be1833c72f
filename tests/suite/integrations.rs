//! Files for CI systems: those that `init` writes, and those of this repository that others use. Their scripts are run, and
//! the tools that examine such files find nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::process::{planguard, run};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A project that `planguard init` made.
fn initialised(system: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let (code, stdout, stderr) = run(planguard(directory.path(), &["init", "--ci", system]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let script = format!(".{system}/install-planguard.sh");
    assert!(
        stdout.contains(&format!(
            "No release of planguard is published yet. The pipeline fails until {script}"
        ))
    );
    directory
}

/// A program, if it is installed: on the path, or where `.ci/run` puts it. Tests say so if they are skipped.
#[expect(clippy::print_stdout, reason = "a test that was skipped must say so")]
fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = repository().join("target/tools/bin");
    let found =
        std::env::split_paths(&path).chain([own]).map(|place| place.join(name)).find(|file| file.is_file());
    if found.is_none() {
        println!("skipped: {name} is not installed");
    }
    found
}

fn assert_finds_nothing(tool: &Path, arguments: &[&str], directory: &Path) {
    let mut command = Command::new(tool);
    command.args(arguments).current_dir(directory).stdin(Stdio::null());
    let (code, stdout, stderr) = run(command);
    assert_eq!(code, Some(0), "{arguments:?}: {stdout}{stderr}");
}

#[test]
fn zizmor_finds_nothing() {
    let Some(zizmor) = tool("zizmor") else { return };
    let project = initialised("github");
    let strict = ["--offline", "--no-progress", "--persona", "pedantic"];
    for file in [
        project.path().join(".github/workflows/planguard.yml"),
        repository().join("action.yml"),
        repository().join("examples/github/parts.yml"),
        repository().join(".github/workflows/ci.yml"),
        repository().join(".github/workflows/release.yml"),
    ] {
        assert_finds_nothing(&zizmor, &[&strict[..], &[file.to_str().unwrap()]].concat(), project.path());
    }
}

/// Files that somebody runs, or copies from a page: those of git, so that no build directory is searched.
fn files_with_actions() -> Vec<PathBuf> {
    let places = [
        ".github",
        "action.yml",
        "examples",
        "docs",
        "src/scaffold/templates",
        "README.md",
        "CONTRIBUTING.md",
    ];
    let inside = places.iter().flat_map(|place| walkdir::WalkDir::new(repository().join(place)));
    let files = inside.map(|entry| entry.expect("a file").into_path()).filter(|path| path.is_file());
    files
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yml" || extension == "yaml" || extension == "md")
        })
        .collect()
}

#[test]
fn an_action_is_pinned_to_one_commit_everywhere() {
    let mut pins: std::collections::BTreeMap<String, (String, PathBuf)> = std::collections::BTreeMap::new();
    for file in files_with_actions() {
        for line in fs::read_to_string(&file).expect("text").lines() {
            let line = line.trim_start().trim_start_matches("- ").trim_start_matches('`');
            let Some(used) = line.strip_prefix("uses: ").map(|used| used.trim_end_matches('`')) else {
                continue;
            };
            let Some((action, pin)) = used.split_once('@') else { continue };
            // This repository has no address yet: its users fill it in.
            if action.starts_with("OWNER/") {
                continue;
            }
            let (commit, version) = pin.split_once(" # ").unwrap_or((pin, ""));
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit, "{}: {used} is not pinned to a commit", file.display());
            let number = version.strip_prefix('v').unwrap_or_default();
            assert!(number.split('.').count() == 3, "{}: {used} does not say its version", file.display());
            let (known, first) =
                pins.entry(action.to_owned()).or_insert_with(|| (pin.to_owned(), file.clone()));
            assert_eq!(known, pin, "{action} in {} and in {}", first.display(), file.display());
        }
    }
    for action in ["actions/checkout", "actions/upload-artifact", "hashicorp/setup-terraform"] {
        assert!(pins.contains_key(action), "{action} is used nowhere");
    }
}

#[test]
fn files_are_as_their_schemas_say() {
    let Some(check) = tool("check-jsonschema") else { return };
    let (github, gitlab) = (initialised("github"), initialised("gitlab"));
    let files = [
        ("vendor.github-workflows", github.path().join(".github/workflows/planguard.yml")),
        ("vendor.github-workflows", repository().join("examples/github/parts.yml")),
        ("vendor.github-workflows", repository().join(".github/workflows/release.yml")),
        ("vendor.github-actions", repository().join("action.yml")),
        ("vendor.gitlab-ci", gitlab.path().join(".gitlab/planguard.yml")),
        ("vendor.gitlab-ci", repository().join("examples/gitlab/parts.yml")),
    ];
    // Patterns of the schema for Azure are those of another language.
    let azure = ("vendor.azure-pipelines", repository().join("examples/azure/planguard.yml"));
    for (schema, file) in files.into_iter().chain([azure]) {
        let file = file.to_str().unwrap();
        let arguments = ["--regex-variant", "python", "--builtin-schema", schema, file];
        assert_finds_nothing(&check, &arguments, repository());
    }
}

#[cfg(unix)]
mod scripts {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// An archive as a release has it, with programs that say who they are, and its SHA-256.
    fn archive(directory: &Path, programs: &[&str]) -> (String, String) {
        let files = directory.join("files");
        for program in programs {
            let file = files.join(program);
            fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
            // The real program, started by a small one.
            fs::write(&file, format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_planguard")))
                .expect("text");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a file");
        }
        let archive = directory.join("planguard.tar.gz");
        let status = Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(&files).arg(".").status();
        assert!(status.expect("a status").success());
        let digest = Sha256::digest(fs::read(&archive).expect("a file"));
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        (format!("file://{}", archive.display()), hex)
    }

    /// What the script answers with these values, in a directory that is both its home and its working directory.
    fn install(home: &Path, values: &[(&str, &str)]) -> (Option<i32>, String, String) {
        let mut command = Command::new("sh");
        command
            .arg(repository().join("src/scaffold/templates/install-planguard.sh"))
            .current_dir(home)
            .stdin(Stdio::null())
            .env("HOME", home)
            .env_remove("GITHUB_PATH")
            .envs(values.iter().copied());
        run(command)
    }

    #[test]
    fn a_release_is_installed_if_its_checksum_is_right() {
        if tool("curl").is_none() {
            return;
        }
        let home = tempfile::tempdir().unwrap();
        let (url, sha256) = archive(home.path(), &["planguard-1.0/planguard"]);
        let installed = home.path().join(".planguard/bin/planguard");
        for bad in [&"0".repeat(64), "", "abc", &"g".repeat(64)] {
            let (code, stdout, stderr) =
                install(home.path(), &[("INSTALL_ARCHIVE_URL", &url), ("INSTALL_ARCHIVE_SHA256", bad)]);
            assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
            assert!(stderr.contains("archive_sha256"), "{stderr}");
            assert!(!installed.exists());
        }
        let path = home.path().join("path");
        let right = [("INSTALL_ARCHIVE_URL", url.as_str()), ("INSTALL_ARCHIVE_SHA256", &sha256)];
        let (code, stdout, stderr) =
            install(home.path(), &[&right[..], &[("GITHUB_PATH", path.to_str().unwrap())]].concat());
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stdout.contains(env!("CARGO_PKG_VERSION")), "{stdout}");
        let bin = installed.parent().unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), format!("{}\n", bin.display()));
    }

    #[test]
    fn what_names_nothing_certain_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let (git, rev) = ("INSTALL_GIT_URL", "INSTALL_GIT_REV");
        for (values, says) in [
            (&[][..], "no release of planguard is published yet; set git_url and git_rev"),
            (&[(git, "x"), ("INSTALL_ARCHIVE_URL", "y")], "names a release and a commit"),
            (&[(git, "x")], "git_rev must be the full id of a commit"),
            (&[(git, "x"), (rev, "main")], "git_rev must be the full id of a commit"),
        ] {
            let (code, stdout, stderr) = install(home.path(), values);
            assert_eq!((code, stdout.as_str()), (Some(2), ""), "{values:?}: {stderr}");
            assert!(stderr.contains(says), "{stderr}");
        }
        assert!(!home.path().join(".planguard").exists());
    }

    #[test]
    fn an_archive_has_one_program() {
        if tool("curl").is_none() {
            return;
        }
        for programs in [&["other"][..], &["a/planguard", "b/planguard"]] {
            let home = tempfile::tempdir().unwrap();
            let (url, sha256) = archive(home.path(), programs);
            let values = [("INSTALL_ARCHIVE_URL", url.as_str()), ("INSTALL_ARCHIVE_SHA256", &sha256)];
            let (code, _, stderr) = install(home.path(), &values);
            assert_eq!(code, Some(2));
            assert!(stderr.contains("must contain exactly one file named planguard"), "{stderr}");
            assert!(!home.path().join(".planguard").exists());
        }
    }

    /// What Atlantis is told of a plan, and whether the step ends with an error.
    #[test]
    fn the_step_for_atlantis_fails_by_its_output_and_errs_if_incomplete() {
        let example = fs::read_to_string(repository().join("examples/atlantis/repos.yaml")).unwrap();
        let (_, rest) = example.split_once("- run: ").unwrap();
        let (directory, trusted) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let settings = trusted.path().to_str().unwrap();
        let command = rest.lines().next().unwrap().replace("/etc/planguard", settings);
        let program = Path::new(env!("CARGO_BIN_EXE_planguard")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let step = |plan: &Path| {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("{{ {command}; }} 2>&1")]).current_dir(directory.path());
            shell.stdin(Stdio::null()).env("PATH", &path).env("SHOWFILE", plan).env_remove("GITHUB_ACTIONS");
            let (code, output, _) = run(shell);
            (code, output.to_lowercase().contains("fail"), output)
        };
        let plans = repository().join("fixtures/plans");
        let (code, fails, output) = step(&plans.join("all-clean/plan.json"));
        assert_eq!((code, fails, output.as_str()), (Some(0), false, "PASS\n"));
        let (code, fails, output) = step(&plans.join("already-there/plan.json"));
        assert_eq!((code, fails), (Some(0), true), "{output}");
        assert!(output.ends_with("\nDENIED\n"), "{output}");
        let (code, fails, output) = step(&directory.path().join("none.json"));
        assert_eq!((code, fails), (Some(2), true), "{output}");
        assert!(output.contains("none.json"), "{output}");
    }

    /// The scripts of the action's steps.
    fn steps() -> Vec<String> {
        let action = fs::read_to_string(repository().join("action.yml")).expect("a file");
        let scripts = action.split("\n      run: |\n").skip(1);
        scripts
            .map(|text| {
                let lines = text.lines().take_while(|line| line.is_empty() || line.starts_with("        "));
                lines.map(|line| line.get(8..).unwrap_or_default().to_owned() + "\n").collect()
            })
            .collect()
    }

    /// Runs a step as a runner does, with the values of the inputs.
    fn step(script: &str, directory: &Path, values: &[(&str, &str)]) -> (Option<i32>, String, String) {
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
            .current_dir(directory)
            .stdin(Stdio::null())
            .env("GITHUB_ACTION_PATH", repository())
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", directory.join("output"))
            .env("GITHUB_STEP_SUMMARY", directory.join("summary.md"))
            .env("INSTALL_ROOT", directory.join("planguard"))
            .env("INSTALLED", directory.join("planguard"))
            .env("INSTALL_GIT_URL", "")
            .env_remove("GITHUB_PATH")
            .envs(values.iter().copied());
        run(command)
    }

    #[test]
    fn the_action_installs_and_checks() {
        if tool("curl").is_none() || tool("bash").is_none() {
            return;
        }
        let steps = steps();
        let [install, check] = steps.as_slice() else { panic!("{steps:?}") };
        let directory = tempfile::tempdir().unwrap();
        let (url, sha256) = archive(directory.path(), &["planguard"]);
        let values = [("INSTALL_ARCHIVE_URL", url.as_str()), ("INSTALL_ARCHIVE_SHA256", &sha256)];
        let (code, _, stderr) = step(install, directory.path(), &values);
        assert_eq!(code, Some(0), "{stderr}");

        let plan = |name: &str| {
            repository().join("fixtures/plans").join(name).join("plan.json").display().to_string()
        };
        let (clean, denied) = (plan("all-clean"), plan("already-there"));
        let output = || fs::read_to_string(directory.path().join("output")).unwrap_or_default();
        let report = directory.path().join("planguard/report.json");
        for (plan, arguments, exit, verdict) in [
            (clean.as_str(), "", 0, "pass"),
            (&denied, "", 1, "denied"),
            (&denied, "--report-only\n\n", 0, "denied"),
            (&denied, "--gate=introduced\n--fail-on=critical", 1, "denied"),
            ("not there.json", "", 2, "undecided"),
        ] {
            let _ = fs::remove_file(directory.path().join("output"));
            let (code, stdout, stderr) =
                step(check, directory.path(), &[("PLAN", plan), ("ARGUMENTS", arguments)]);
            assert_eq!(code, Some(exit), "{plan} {arguments}: {stdout}{stderr}");
            assert_eq!(output(), format!("verdict={verdict}\nreport={}\n", report.display()));
        }
        assert!(
            fs::read_to_string(directory.path().join("summary.md")).unwrap().contains("## planguard: DENIED")
        );

        // One argument on each line: what is not one is no report, and never a pass.
        let _ = fs::remove_file(directory.path().join("output"));
        let (code, _, stderr) =
            step(check, directory.path(), &[("PLAN", &clean), ("ARGUMENTS", "--fail-on high")]);
        assert_eq!(code, Some(2));
        assert!(stderr.contains("--fail-on high"), "{stderr}");
        assert_eq!(output(), "verdict=undecided\nreport=\n");
    }
}
