//! What shells and `man` know of the command line.

use std::fs;

use crate::process::{planguard, run};

const COMMANDS: [&str; 5] = ["check", "merge", "rules", "waive", "completions"];

#[test]
fn every_shell_knows_commands_and_flags() {
    let directory = tempfile::tempdir().expect("a directory");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, script, _) = run(planguard(directory.path(), &["completions", shell]));
        assert_eq!(code, Some(0), "{shell}");
        for known in COMMANDS.into_iter().chain(["partition", "different-rules"]) {
            assert!(script.contains(known), "{shell}: {known}");
        }
    }
    let (code, script, error) = run(planguard(directory.path(), &["completions", "cmd"]));
    assert_eq!((code, script.as_str()), (Some(2), ""));
    assert!(error.contains("bash, elvish, fish, powershell, zsh"), "{error}");
}

/// bash itself completes what was typed.
#[cfg(unix)]
#[test]
fn bash_completes_a_flag() {
    let directory = tempfile::tempdir().expect("a directory");
    let (_, script, _) = run(planguard(directory.path(), &["completions", "bash"]));
    let typed = "COMP_WORDS=(planguard merge --diff) COMP_CWORD=2; _planguard planguard --diff merge; echo \"${COMPREPLY[@]}\"";
    let bash =
        std::process::Command::new("bash").args(["--norc", "-c", &format!("{script}\n{typed}")]).output();
    let Ok(completed) = bash else {
        println!("skipped: there is no bash");
        return;
    };
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "--different-rules");
}

#[test]
fn every_command_has_a_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let (code, _, _) = run(planguard(directory.path(), &["man", "pages/man1"]));
    assert_eq!(code, Some(0));
    let pages = directory.path().join("pages/man1");
    for command in COMMANDS {
        let page = fs::read_to_string(pages.join(format!("planguard-{command}.1"))).expect("a page");
        assert!(page.contains(".SH DESCRIPTION"), "{command}");
    }
    assert!(pages.join("planguard.1").exists());
    fs::write(directory.path().join("file"), "").expect("a file");
    assert_eq!(run(planguard(directory.path(), &["man", "file/pages"])).0, Some(2));
}
