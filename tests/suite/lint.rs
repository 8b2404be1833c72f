//! Every lint against its examples, and its page.

use std::fs;
use std::path::{Path, PathBuf};

use planguard::lint::{Level, Lint, LintInfo, LintOptions, LintReport, Strictness, lint};

use super::shared::files_below;

const EXAMPLES: &str = "fixtures/lint/examples";

/// What linting a path finds, with the pedantic lints only if `lint` is one.
fn look(path: PathBuf, wanted: Lint) -> LintReport {
    let strictness = match wanted.info().level {
        Level::Pedantic => Strictness::Pedantic,
        Level::Error | Level::Warning => Strictness::Usual,
    };
    lint(&LintOptions { paths: vec![path], strictness, ..LintOptions::default() })
}

/// A wrong example raises its lint and, besides matters of taste, no other. A right one does not raise it, and
/// nothing that is more than a matter of taste.
#[test]
fn examples_are_what_they_say() {
    let mut wrong = Vec::new();
    for lint in Lint::ALL {
        let directory = Path::new(EXAMPLES).join(lint.info().name);
        for (side, expected) in [("wrong", true), ("right", false)] {
            let report = look(directory.join(side), lint);
            let raised = report.findings.iter().any(|finding| finding.lint == lint);
            let others = report
                .findings
                .iter()
                .filter(|finding| finding.lint != lint && finding.level() != Level::Pedantic);
            let others: Vec<String> =
                others.map(|finding| format!("{} {finding}", finding.lint.info().name)).collect();
            let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
            if raised != expected || !others.is_empty() || !problems.is_empty() {
                wrong.push(format!(
                    "{} {side}: raised {raised}, besides {others:?} {problems:?}",
                    lint.info().name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `UPDATE_DOCS=1` writes the page anew.
#[test]
fn the_page_is_up_to_date() {
    let path = Path::new("docs/policies/lints.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all("docs/policies").unwrap();
        fs::write(path, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), page, "run the test with UPDATE_DOCS=1");
}

fn page() -> String {
    let mut page = "# Lints\n\nWhat `planguard lint` looks for ([lint.md](lint.md) says how). This page is generated; \
                    every example is executed by a test.\n\n| code | name | level | finds |\n|---|---|---|---|\n"
        .to_owned();
    for lint in Lint::ALL {
        let LintInfo { code, name, level, summary, .. } = lint.info();
        page += &format!("| {code} | [{name}](#{name}) | {level} | {summary} |\n");
    }
    for lint in Lint::ALL {
        let LintInfo { code, name, level, summary, why } = lint.info();
        page += &format!("\n## {name}\n\n{code}, {level}: {summary}.\n\n{why}\n");
        for (side, heading) in [("wrong", "Wrong"), ("right", "Right")] {
            page += &format!("\n{heading}:\n");
            let files = files_below(&Path::new(EXAMPLES).join(name).join(side));
            for file in &files {
                if let (Some(name), 2..) = (file.file_name(), files.len()) {
                    page += &format!("\n`{}`:\n", name.to_string_lossy());
                }
                let text = fs::read_to_string(file).expect("an example is text");
                page += &format!("\n```rego\n{text}```\n");
            }
        }
    }
    page
}
