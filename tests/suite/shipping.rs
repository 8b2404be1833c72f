//! What is installed: one list of targets and names of archives, which the release workflow, `cargo binstall`, the formula, the
//! install script and the page for users agree on.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use toml_edit::DocumentMut;

use crate::process::{planguard, run};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every system that a release has an archive for. `install-planguard.sh` and `action.yml` take those with `.tar.gz`.
const TARGETS: [(&str, &str); 7] = [
    ("x86_64-unknown-linux-gnu", "tar.gz"),
    ("aarch64-unknown-linux-gnu", "tar.gz"),
    ("x86_64-unknown-linux-musl", "tar.gz"),
    ("aarch64-unknown-linux-musl", "tar.gz"),
    ("x86_64-apple-darwin", "tar.gz"),
    ("aarch64-apple-darwin", "tar.gz"),
    ("x86_64-pc-windows-msvc", "zip"),
];

fn targets() -> BTreeSet<&'static str> {
    TARGETS.iter().map(|(target, _)| *target).collect()
}

/// The archive of a target, with a version as its user writes it.
fn archive(version: &str, target: &str) -> String {
    let (_, extension) = TARGETS.iter().find(|(known, _)| *known == target).expect("a target");
    format!("planguard-v{version}-{target}.{extension}")
}

/// What stands behind `before` in every line that has it.
fn all_after<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix(before));
    lines.map(|rest| rest.trim_matches([' ', '"', ','])).collect()
}

fn manifest() -> DocumentMut {
    read("Cargo.toml").parse().expect("TOML")
}

#[test]
fn the_release_has_every_target() {
    let workflow = read(".github/workflows/release.yml");
    assert_eq!(all_after(&workflow, "- target: "), targets());
    assert!(workflow.contains(r#"scripts/package-release.sh "$TARGET" "$binary" dist"#));
    // Licences and banned crates are examined for the same systems.
    let deny: DocumentMut = read("deny.toml").parse().expect("TOML");
    let examined = deny["graph"]["targets"].as_array().expect("an array");
    assert_eq!(examined.iter().filter_map(|target| target.as_str()).collect::<BTreeSet<_>>(), targets());
}

#[test]
fn cargo_binstall_fetches_what_the_release_has() {
    let manifest = manifest();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let overrides = binstall["overrides"].as_table_like().expect("a table");
    assert!(overrides.iter().all(|(target, _)| targets().contains(target)), "an override for no target");
    for (target, extension) in TARGETS {
        let of = |key: &str| {
            let own = overrides.get(target).and_then(|own| own.get(key));
            own.unwrap_or(&binstall[key]).as_str().expect("a text").to_owned()
        };
        let fill = |text: &str| {
            text.replace("{ repo }", "REPO").replace("{ version }", "1.2.3").replace("{ target }", target)
        };
        assert_eq!(
            fill(&of("pkg-url")),
            format!("REPO/releases/download/v1.2.3/{}", archive("1.2.3", target))
        );
        assert_eq!(of("pkg-fmt"), if extension == "zip" { "zip" } else { "tgz" });
        assert_eq!(fill(&of("bin-dir")), format!("planguard-v1.2.3-{target}/{{ bin }}{{ binary-ext }}"));
    }
}

#[test]
fn the_page_lists_the_archives() {
    let page = read("docs/install.md");
    for target in targets() {
        assert!(page.contains(&format!("| `{}` |", archive("VERSION", target))), "{target}");
    }
    assert_eq!(page.matches("| `planguard-vVERSION-").count(), TARGETS.len());
}

/// Nobody is sent to a release before there is one: the pages and the script say so together.
#[test]
fn all_say_that_no_release_is_published() {
    for path in ["docs/install.md", "docs/ci.md", "src/scaffold/templates/install-planguard.sh", "README.md"]
    {
        let text = read(path).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("No release of planguard is published yet"), "{path}");
    }
    assert!(read("action.yml").contains("Empty while no release is published"));
}

/// The wheel says of itself what the crate says.
#[test]
fn the_wheel_says_what_the_crate_says() {
    let project: DocumentMut = read("pyproject.toml").parse().expect("TOML");
    let (project, manifest) = (&project["project"], manifest());
    let (package, workspace) = (&manifest["package"], &manifest["workspace"]["package"]);
    for key in ["name", "description", "readme"] {
        assert_eq!(project[key].as_str(), package[key].as_str(), "{key}");
    }
    assert_eq!(project["license"].as_str(), workspace["license"].as_str());
    let words = |of: &toml_edit::Item| -> Vec<String> {
        of.as_array()
            .expect("an array")
            .iter()
            .filter_map(|word| word.as_str())
            .map(ToOwned::to_owned)
            .collect()
    };
    assert_eq!(words(&project["keywords"]), words(&package["keywords"]));
    assert_eq!(words(&project["dynamic"]), ["version"], "maturin takes it from Cargo.toml");
}

/// The licences that a release lists are those that `cargo deny` accepts.
#[test]
fn a_release_accepts_the_licences_of_cargo_deny() {
    let (about, deny): (DocumentMut, DocumentMut) =
        (read("about.toml").parse().expect("TOML"), read("deny.toml").parse().expect("TOML"));
    let names = |of: &toml_edit::Item| -> BTreeSet<String> {
        of.as_array()
            .expect("an array")
            .iter()
            .filter_map(|name| name.as_str())
            .map(ToOwned::to_owned)
            .collect()
    };
    assert_eq!(names(&about["accepted"]), names(&deny["licenses"]["allow"]));
    let exceptions = deny["licenses"]["exceptions"].as_array().expect("an array");
    for exception in exceptions.iter().filter_map(|one| one.as_inline_table()) {
        let name = exception["crate"].as_str().expect("a crate");
        let allowed = exception["allow"].as_array().expect("an array");
        let accepted = about[name]["accepted"].as_array().expect("an array");
        assert_eq!(accepted.to_string().trim(), allowed.to_string().trim(), "{name}");
    }
}

/// The image: static, without rights, and nothing of the directory gets into its build that nobody named.
#[test]
fn the_image_runs_without_rights_on_a_pinned_base() {
    let file = read("Dockerfile");
    let stages: Vec<&str> = file.lines().filter(|line| line.starts_with("FROM ")).collect();
    let base = stages.last().expect("a stage");
    let (name, digest) = base.split_once("@sha256:").expect("a base that is pinned by digest");
    assert!(name.starts_with("FROM gcr.io/distroless/static-"), "{name}");
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
    assert!(file.contains("\nUSER nonroot\n"));
    assert!(!file.contains("ADD ") && file.contains("--locked"));
    let ignored = read(".dockerignore");
    assert!(ignored.lines().any(|line| line == "*"));
    for kept in ignored.lines().filter_map(|line| line.strip_prefix('!')) {
        assert!(repository().join(kept).exists(), "{kept}");
    }
}

/// Versions and numbers that docs/stability.md names are those of the program.
#[test]
fn what_is_promised_is_what_is_there() {
    let page = read("docs/stability.md");
    let manifest = manifest();
    let workspace = &manifest["workspace"]["package"];
    let text = |key: &str| workspace[key].as_str().expect("a text");
    let (rust, version) = (text("rust-version"), text("version"));
    assert!(page.contains(&format!("- **Rust** {rust} is the oldest version")));
    assert!(read("docs/install.md").contains(&format!("[Rust](https://rustup.rs) {rust} or newer")));
    let (minor, _) = version.rsplit_once('.').expect("three numbers");
    assert!(page.contains(&format!("planguard is version {minor}.")));

    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str| directory.path().join(name).display().to_string();
    let (report, tests, log) = (file("report.json"), file("tests.json"), file("audit.jsonl"));
    fs::create_dir(directory.path().join("policies")).expect("a directory");
    fs::write(
        directory.path().join("policies/one_test.rego"),
        "package one_test\n\ntest_one if 1 + 1 == 2\n",
    )
    .expect("a policy");
    let plan = repository().join("fixtures/plans/all-clean/plan.json").display().to_string();
    let check = ["check", &plan, "--format", "json", "--output", &report, "--audit", &log];
    let test = ["test", "policies", "--format", "json"];
    for arguments in [&check[..], &test] {
        let (code, stdout, stderr) = run(planguard(directory.path(), arguments));
        assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
        // `test` writes its report to standard output.
        fs::write(&tests, stdout).expect("a file");
    }
    for (document, path) in [
        ("report of `check`, `merge`, `plan`", &report),
        ("report of `test`", &tests),
        ("line of the audit log", &log),
    ] {
        let text = fs::read_to_string(path).expect("a document");
        let (_, rest) = text.split_once("\"schema_version\":").expect("a version");
        let version = rest.trim_start().trim_start_matches('"').split('"').next().expect("a version");
        assert!(page.contains(&format!("| {document} | {version} |")), "{document} {version}");
    }
}

#[cfg(unix)]
mod scripts {
    use std::process::{Command, Stdio};

    use sha2::{Digest as _, Sha256};

    use super::*;

    fn packed(directory: &Path, target: &str) -> (Option<i32>, String, String) {
        let mut command = Command::new("bash");
        command
            .arg(repository().join("scripts/package-release.sh"))
            .args([target, env!("CARGO_BIN_EXE_planguard")])
            .arg(directory)
            .stdin(Stdio::null());
        run(command)
    }

    /// The archive that the workflow packs is the one that the script of `init` installs.
    #[test]
    fn an_archive_of_a_release_is_installed_and_checks_a_plan() {
        let directory = tempfile::tempdir().unwrap();
        let target = "x86_64-unknown-linux-musl";
        let (code, stdout, stderr) = packed(directory.path(), target);
        let name = archive(env!("CARGO_PKG_VERSION"), target);
        assert_eq!((code, stdout.trim()), (Some(0), name.as_str()), "{stderr}");
        let file = directory.path().join(&name);
        let mut list = Command::new("tar");
        list.arg("-tzf").arg(&file);
        let (_, files, _) = run(list);
        let stem = name.trim_end_matches(".tar.gz");
        for inside in ["planguard", "LICENSE", "completions/planguard.zsh", "man/planguard-check.1"] {
            assert!(files.lines().any(|line| line == format!("{stem}/{inside}")), "{inside}: {files}");
        }

        let digest: String =
            Sha256::digest(fs::read(&file).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut install = Command::new("sh");
        install
            .arg(repository().join("src/scaffold/templates/install-planguard.sh"))
            .stdin(Stdio::null())
            .env_remove("GITHUB_PATH")
            .env("INSTALL_ROOT", directory.path().join("root"))
            .env("INSTALL_GIT_URL", "")
            .env("INSTALL_ARCHIVE_URL", format!("file://{}", file.display()))
            .env("INSTALL_ARCHIVE_SHA256", digest);
        let (code, stdout, stderr) = run(install);
        assert_eq!(code, Some(0), "{stderr}");
        assert_eq!(stdout.trim(), format!("planguard {}", env!("CARGO_PKG_VERSION")));

        let mut check = planguard(repository(), &["check", "fixtures/plans/already-there/plan.json"]);
        let installed = Command::new(directory.path().join("root/bin/planguard"));
        let (arguments, mut installed) =
            (check.get_args().map(ToOwned::to_owned).collect::<Vec<_>>(), installed);
        installed.args(arguments).current_dir(repository()).stdin(Stdio::null()).env_remove("GITHUB_ACTIONS");
        check.env_remove("GITHUB_ACTIONS");
        let (code, stdout, _) = run(installed);
        assert_eq!((code, stdout), (Some(1), run(check).1));
    }

    #[test]
    fn the_formula_is_filled_from_the_checksums() {
        let directory = tempfile::tempdir().unwrap();
        let sums = directory.path().join("SHA256SUMS");
        let fill = || {
            let mut command = Command::new("sh");
            command.arg(repository().join("packaging/homebrew/fill.sh"));
            command.args(["https://example.com/planguard", "1.2.3"]).arg(&sums).stdin(Stdio::null());
            run(command)
        };
        let line = |(number, (target, _)): (usize, &(&str, &str))| {
            format!("{}  {}\n", format!("{number:x}").repeat(64), archive("1.2.3", target))
        };
        let all: String = TARGETS.iter().enumerate().map(line).collect();
        fs::write(&sums, &all).unwrap();
        let (code, formula, stderr) = fill();
        assert_eq!(code, Some(0), "{stderr}");
        for word in ["REPOSITORY", "VERSION", "SHA256-"] {
            assert!(!formula.contains(word), "{formula}");
        }
        let mut named = 0;
        for (number, (target, _)) in TARGETS.iter().enumerate() {
            let url = format!(
                "url \"https://example.com/planguard/releases/download/v1.2.3/{}\"\n",
                archive("1.2.3", target)
            );
            let sum = format!("sha256 \"{}\"\n", format!("{number:x}").repeat(64));
            if let Some((_, rest)) = formula.split_once(&url) {
                assert!(rest.trim_start().starts_with(&sum), "{target}: {rest}");
                named += 1;
            }
        }
        assert_eq!(named, 4, "macOS and Linux, each on two architectures");

        // A release without one of them is no release.
        fs::write(&sums, all.replace("aarch64-apple-darwin", "aarch64-apple")).unwrap();
        let (code, formula, stderr) = fill();
        assert_eq!((code, formula.as_str()), (Some(2), ""));
        assert!(stderr.contains("has no planguard-v1.2.3-aarch64-apple-darwin.tar.gz"), "{stderr}");
    }

    /// What packs a binary of another version packs nothing.
    #[test]
    fn a_binary_of_another_version_is_not_packed() {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("bash");
        command.arg(repository().join("scripts/package-release.sh"));
        command.args(["x86_64-apple-darwin", "/bin/echo"]).arg(directory.path()).stdin(Stdio::null());
        let (code, stdout, stderr) = run(command);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.contains("and Cargo.toml says"), "{stderr}");
    }
}
