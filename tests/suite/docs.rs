//! The pages: each is followed to the letter, in a directory of its own.
//!
//! A fence with a `title` is a file that the reader writes, ```` ```console ```` is what the reader types and sees.
//! `<!-- copy FIXTURE NAME -->` puts a file of this repository there, and `<!-- exit N -->` before a console says how
//! its last command ends. In what is seen, `[..]` stands for anything in a line, and a line `...` for any lines.
//! `UPDATE=1 cargo test` writes anew what is seen; read what changed before you commit it. What cannot be typed, because it
//! needs another program, a network or values of the reader's, is in a fence of `sh`, and `NOT_TYPED` says where and why.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A part of a page that does something.
enum Step {
    /// Write a file of the reader's.
    Write { name: String, text: String },
    /// Copy a file of the repository.
    Copy { from: String, name: String },
    /// Type commands.
    Type { commands: Vec<Typed>, exit: i32 },
}

/// A command and the lines of the page that follow it.
struct Typed {
    command: String,
    seen: Range<usize>,
}

fn steps(lines: &[&str]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut exit = 0;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        if let Some(words) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            match words.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["copy", from, name] => steps.push(Step::Copy { from: (*from).into(), name: (*name).into() }),
                ["exit", code] => exit = code.parse().expect("an exit code"),
                // Where a page has text from the program itself; see `generated.rs`.
                ["generated:" | "end:", _] => {}
                _ => panic!("{line} says nothing to do"),
            }
        } else if let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) {
            let end = at + lines[at..].iter().position(|line| *line == "```").expect("the fence ends");
            if info == "console" {
                steps.push(Step::Type { commands: commands(lines, at..end), exit });
                exit = 0;
            } else if let Some((_, title)) = info.split_once(" title=\"") {
                let name = title.trim_end_matches('"').to_owned();
                steps.push(Step::Write { name, text: lines[at..end].join("\n") + "\n" });
            }
            at = end + 1;
        }
    }
    steps
}

fn commands(lines: &[&str], block: Range<usize>) -> Vec<Typed> {
    let starts: Vec<usize> = block.clone().filter(|at| lines[*at].starts_with("$ ")).collect();
    let ends = starts.iter().skip(1).copied().chain([block.end]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| Typed { command: lines[*start][2..].to_owned(), seen: start + 1..end })
        .collect()
}

/// Whether the page shows what was seen.
fn shows(page: &[&str], seen: &[&str]) -> bool {
    match page.split_first() {
        None => seen.is_empty(),
        Some((&"...", rest)) => (0..=seen.len()).any(|skipped| shows(rest, &seen[skipped..])),
        Some((line, rest)) => {
            seen.split_first().is_some_and(|(first, others)| line_shows(line, first) && shows(rest, others))
        }
    }
}

fn line_shows(page: &str, seen: &str) -> bool {
    match page.split_once("[..]") {
        None => page == seen,
        Some((start, rest)) => seen.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len()).filter(|at| tail.is_char_boundary(*at)).any(|at| line_shows(rest, &tail[at..]))
        }),
    }
}

fn run(command: &str, directory: &Path) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_planguard"));
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", &format!("{command} 2>&1")])
        .current_dir(directory)
        .env("PATH", format!("{}:{path}", program.parent().expect("a directory").display()))
        // The layout must not depend on who runs the tests, nor what policies are told of the run.
        .env_remove("COLUMNS")
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .output()
        .expect("a shell");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text)
}

/// Does what a page says, and returns the page as it should be.
fn follow(page: &Path, text: &str) -> String {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = tempfile::tempdir().expect("a directory");
    let lines: Vec<&str> = text.lines().collect();
    let mut current = Vec::new();
    let mut copied = 0;
    for step in steps(&lines) {
        match step {
            Step::Write { name, text } => {
                let file = directory.path().join(name);
                fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
                fs::write(file, text).expect("the file can be written");
            }
            Step::Copy { from, name } => {
                let file = directory.path().join(name);
                fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
                fs::copy(repository.join(&from), file).unwrap_or_else(|error| panic!("{from}: {error}"));
            }
            Step::Type { commands, exit } => {
                let last = commands.len().saturating_sub(1);
                for (index, typed) in commands.iter().enumerate() {
                    let (code, output) = run(&typed.command, directory.path());
                    if index == last {
                        assert_eq!(code, exit, "{}: `{}` answers\n{output}", page.display(), typed.command);
                    }
                    let seen: Vec<&str> = output.trim_end().lines().map(str::trim_end).collect();
                    let shown = &lines[typed.seen.clone()];
                    let blank = shown.iter().rev().take_while(|line| line.is_empty()).count();
                    let shown = &shown[..shown.len() - blank];
                    let same = shows(shown, &seen);
                    current.extend(lines[copied..typed.seen.start].iter().map(|line| (*line).to_owned()));
                    current.extend(if same { shown } else { &seen }.iter().map(|line| (*line).to_owned()));
                    current.extend(std::iter::repeat_n(String::new(), blank));
                    copied = typed.seen.end;
                }
            }
        }
    }
    current.extend(lines[copied..].iter().map(|line| (*line).to_owned()));
    current.join("\n") + "\n"
}

/// The README and all pages of the book.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages: Vec<PathBuf> = walkdir::WalkDir::new(root.join("docs"))
        .into_iter()
        .map(|entry| entry.expect("readable").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

/// Pages with fences of commands or output that no test types, and why.
const NOT_TYPED: [(&str, &str); 11] = [
    (
        "README.md",
        "builds and terraform; `generated` holds the output of the first run, other pages type the rest",
    ),
    ("docs/attest.md", "makes a pair of keys, which would be another one each time; applies"),
    ("docs/ci.md", "terraform"),
    ("docs/comparison.md", "other tools"),
    ("docs/formats.md", "the page is generated; the tests of streams write several reports"),
    ("docs/install.md", "builds, docker, gh, and releases"),
    ("docs/many-plans.md", "reports of jobs on other machines"),
    ("docs/policies/git.md", "needs a clone"),
    ("docs/policies/bundles.md", "opa, which makes the bundles"),
    ("docs/rego.md", "part of a report, which the tests of unknown values hold, and OPA"),
    ("docs/run-task.md", "answers to HCP Terraform"),
];

/// Other fences are files, or parts of files.
const FILES: [&str; 5] = ["hcl", "json", "rego", "toml", "yaml"];

#[test]
fn what_is_not_typed_is_named() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("the page");
        let name =
            page.strip_prefix(root).expect("in the repository").display().to_string().replace('\\', "/");
        let mut inside = false;
        for line in text.lines() {
            let Some(info) = line.trim_start().strip_prefix("```") else { continue };
            inside = !inside;
            if !inside {
                assert_eq!(info, "", "{name}: {line}");
                continue;
            }
            let language = info.split(' ').next().unwrap_or_default();
            match language {
                // `steps` looks for it at the start of a line.
                "console" => {
                    assert!(line.starts_with("```") && name != "README.md", "{name}: {line} is not typed")
                }
                "sh" | "text" => {
                    found.insert(name.clone());
                }
                file => assert!(FILES.contains(&file), "{name}: {line} has no language that is known here"),
            }
        }
        assert!(!inside, "{name}: a fence does not end");
    }
    let named: BTreeSet<String> = NOT_TYPED.iter().map(|(page, _)| (*page).to_owned()).collect();
    assert_eq!(found, named, "type them in a fence of `console`, or say why not");
}

#[cfg(unix)]
#[test]
fn pages_tell_the_truth() {
    let mut stale = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("the page");
        let current = follow(&page, &text);
        if current != text {
            if std::env::var_os("UPDATE").is_some() {
                fs::write(&page, current).expect("the page can be written");
            } else {
                stale.push(format!("{} should read:\n{current}", page.display()));
            }
        }
    }
    assert!(stale.is_empty(), "run UPDATE=1 cargo test, and read what changed: {}", stale.join("\n"));
}

#[test]
fn elisions_stand_for_what_they_say() {
    assert!(shows(&["a [..] c", "...", "z"], &["a b c", "x", "y", "z"]));
    assert!(shows(&["..."], &[]));
    assert!(!shows(&["a"], &["a", "b"]));
    assert!(!shows(&["a[..]b"], &["ab c"]));
}
