//! `planguard plan`: the plan that was checked is the one that its last line applies. And `check` without a plan.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::process::{self, run};

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans").join(name).join("plan.json")
}

fn planguard(directory: &TempDir, arguments: &[&str]) -> (Option<i32>, String, String) {
    run(process::planguard(directory.path(), arguments))
}

#[test]
fn without_a_plan_the_only_one_in_the_directory_is_checked() {
    let directory = tempfile::tempdir().unwrap();
    let (code, _, errors) = planguard(&directory, &["check"]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("PG-CL-005") && errors.contains("contains none"), "{errors}");
    fs::copy(fixture("all-clean"), directory.path().join("tfplan.json")).unwrap();
    let (code, _, errors) = planguard(&directory, &["check"]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        errors.contains("note[PG-CL-102]: checking tfplan.json, the plan in the working directory"),
        "{errors}"
    );
    fs::copy(fixture("drift"), directory.path().join("other.json")).unwrap();
    let (code, _, errors) = planguard(&directory, &["check"]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("contains several: other.json, tfplan.json"), "{errors}");
}

/// A directory `infra`, and a program that stands for terraform: it says what it was asked, and shows a fixture.
#[cfg(unix)]
fn project(shown: &str, exit: i32) -> TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("infra")).expect("a directory");
    let program = directory.path().join("terraform");
    // The header of a zip archive with an entry `tfplan`, which is what planguard takes for a binary plan.
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> \"$(dirname \"$0\")/asked\"\ncase \"$*\" in\n*\" plan \"*) for a in \"$@\"; do case \
         \"$a\" in -out=*) printf 'PK\\003\\004......................\\006\\000..tfplan' > \"${{a#-out=}}\";; esac; done; echo planned; exit {exit};;\n\
         *show*) cat '{}';;\nesac\n",
        fixture(shown).display()
    );
    fs::write(&program, script).expect("the program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("permissions");
    directory
}

#[cfg(unix)]
fn plan(directory: &TempDir, arguments: &[&str]) -> (Option<i32>, String, String) {
    planguard(directory, &[&["plan", "infra", "--terraform", "./terraform"], arguments].concat())
}

#[cfg(unix)]
#[test]
fn a_plan_that_passes_is_kept_and_its_application_is_named() {
    let directory = project("all-clean", 0);
    let (code, report, said) = plan(&directory, &["--out", "kept.tfplan", "--", "-var=a=b"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(report.contains("PASS"), "{report}");
    assert!(!report.contains("planned") && said.contains("planned"), "{said}");
    assert!(said.contains("To apply exactly this plan:\n  ./terraform -chdir=infra apply "), "{said}");
    assert!(directory.path().join("kept.tfplan").exists());
    let asked = fs::read_to_string(directory.path().join("asked")).unwrap();
    let lines: Vec<&str> = asked.lines().collect();
    assert!(lines[0].starts_with("-chdir=infra plan -out=") && lines[0].ends_with("-var=a=b"), "{asked}");
    assert!(lines[1].starts_with("-chdir=infra show -json"), "{asked}");
}

#[cfg(unix)]
#[test]
fn the_plan_that_passed_is_the_one_that_is_attested() {
    let directory = project("all-clean", 0);
    let key = |name: &str| {
        let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/attestation");
        keys.join(name).to_string_lossy().into_owned()
    };
    let signed = ["--out", "kept.tfplan", "--attest", "a.json", "--key", &key("signing.pem")];
    let (code, _, said) = plan(&directory, &signed);
    assert_eq!(code, Some(0), "{said}");
    let verify = ["verify", "kept.tfplan", "--attestation", "a.json", "--key", &key("public.pem")];
    let (code, report, said) = planguard(&directory, &verify);
    assert_eq!(code, Some(0), "{said}");
    assert!(report.contains("ACCEPTED: kept.tfplan"), "{report}");
}

#[cfg(unix)]
#[test]
fn a_plan_that_is_denied_is_not_kept() {
    let directory = project("drift", 0);
    let (code, _, said) = plan(&directory, &["--out", "kept.tfplan"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(!said.contains("To apply"), "{said}");
    assert!(!directory.path().join("kept.tfplan").exists());
}

#[cfg(unix)]
#[test]
fn what_keeps_terraform_from_planning_leaves_the_run_undecided() {
    for (exit, arguments, wanted) in
        [(1, &[][..], "PG-CL-009"), (2, &[][..], "PG-CL-009"), (0, &["--", "-out=x"][..], "PG-CL-007")]
    {
        let (code, _, said) = plan(&project("all-clean", exit), arguments);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(wanted), "{said}");
    }
    // Terraform says by 2 that there are changes, if it is asked to.
    assert_eq!(plan(&project("all-clean", 2), &["--out=o", "--", "-detailed-exitcode"]).0, Some(0));
    let directory = tempfile::tempdir().unwrap();
    assert!(planguard(&directory, &["plan", "nowhere"]).2.contains("PG-CL-006"));
    let (code, _, said) = planguard(&directory, &["plan", "--terraform", "./nothing"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("PG-CL-008"), "{said}");
}
