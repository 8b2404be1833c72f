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

/// `UPDATE_DOCS=1` regenerates the page.
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
                let language =
                    if file.extension().is_some_and(|kind| kind == "rego") { "rego" } else { "yaml" };
                page += &format!("\n```{language}\n{text}```\n");
            }
        }
    }
    page
}

/// The additions to the plan that `docs/policies/platforms.md` describes are known, with the types of their resources.
#[test]
fn additions_to_the_plan_are_known() {
    let found = |path: &str, attribute: &str| -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let policy = format!(
            "package main\n\ndeny contains message if {{\n\tsome one in input.planguard.{path}\n\t\
             one.change.after.{attribute}\n\tmessage := sprintf(\"%s\", [one.address])\n}}\n"
        );
        fs::write(directory.path().join("p.rego"), policy).unwrap();
        let report = look(directory.path().to_owned(), Lint::UnknownInput);
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        report.findings.iter().map(ToString::to_string).collect()
    };
    assert_eq!(found("by_type.aws_s3_bucket", "force_destroy"), Vec::<String>::new());
    assert_eq!(found("by_action[\"create+forget\"]", "name"), Vec::<String>::new());
    for (path, attribute, expected) in [
        ("by_type.aws_s3_bukket", "force_destroy", "unknown resource type `aws_s3_bukket`"),
        ("by_type[\"aws_s3_bukket\"]", "force_destroy", "unknown resource type `aws_s3_bukket`"),
        ("by_type.aws_s3_bucket", "force_destroi", "`aws_s3_bucket` has no attribute `force_destroi`"),
        ("by_types.aws_s3_bucket", "force_destroy", "no plan contains `input.planguard.by_types`"),
        ("by_action.craete", "name", "no plan contains `input.planguard.by_action.craete`"),
    ] {
        let found = found(path, attribute);
        assert!(found.iter().any(|finding| finding.contains(expected)), "{path}: {found:?}");
    }
}
