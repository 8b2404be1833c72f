//! Files that are written from the program's own data: `UPDATE=1 cargo test` writes them anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use planguard::check::Packs;
use planguard::finding::RuleKind;
use planguard::guardrails::definition::Decided;
use planguard::guardrails::{CatalogueEntry, benchmarks, catalogue};
use planguard::rego::convention::manual;
use planguard::rego::{Outline, library, outline, rego_packs};
use planguard::render::{
    Formats, check, cost, coverage, eval, graph, lint, rules, rules::markdown, settings, show, test,
};

/// Compares a file with what it must hold, or writes it.
pub(crate) fn assert_current(path: &Path, text: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, text).expect("the file can be written");
    }
    let on_disk = fs::read_to_string(path).unwrap_or_default();
    assert!(
        on_disk == text,
        "{} is out of date: run UPDATE=1 cargo test --test suite generated",
        path.display()
    );
}

/// The page that a rule stands on.
fn page(entry: &CatalogueEntry) -> String {
    match entry.kind {
        RuleKind::Change => "change".to_owned(),
        RuleKind::Guardrail | RuleKind::Policy => {
            entry.info.id.split('-').next().unwrap_or_default().to_owned()
        }
    }
}

#[test]
fn the_pages_of_rules_are_current() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/guardrails");
    let entries = catalogue();
    let mut pages: BTreeMap<String, Vec<&CatalogueEntry>> = BTreeMap::new();
    for entry in &entries {
        pages.entry(page(entry)).or_default().push(entry);
    }
    let mut index = format!(
        "# Rules\n\nplanguard has {} built-in rules. The packs `{}` are enabled by default; `--pack` enables \
         others. `planguard rules ID` explains a rule.\n",
        entries.len(),
        Packs::ON_BY_DEFAULT.join("` and `")
    );
    for (name, entries) in &pages {
        let _ = writeln!(index, "\n## {name}\n\n| rule | severity | pack | |\n|---|---|---|---|");
        let mut text = format!("# {name}\n");
        for entry in entries {
            let info = &entry.info;
            let _ = writeln!(
                index,
                "| [{0}]({name}.md#{0}) | {1} | {2} | {3} |",
                info.id, info.severity, info.pack, info.title
            );
            let _ = write!(text, "\n{}", markdown::explanation(entry, 2));
        }
        assert_current(&directory.join(format!("{name}.md")), &text);
    }
    assert_current(&directory.join("README.md"), &index);
    let known: Vec<String> = pages.keys().map(|name| format!("{name}.md")).collect();
    for file in fs::read_dir(&directory).expect("the directory exists") {
        let name = file.expect("an entry").file_name().to_string_lossy().into_owned();
        let is_benchmark = benchmarks().iter().any(|benchmark| name == format!("{}.md", benchmark.name));
        let is_other = is_benchmark || ["README.md", "coverage.md"].contains(&name.as_str());
        assert!(is_other || known.contains(&name), "{name} belongs to no rule; delete it");
    }
}

/// The pages of benchmarks: what decides each control, and in `docs/cis.md` how many are decided.
#[test]
fn the_pages_of_benchmarks_are_current() {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut numbers = String::from(
        "| benchmark | controls | with rules | without a rule yet | not decidable from a plan |\n\
         |---|--:|--:|--:|--:|\n",
    );
    for benchmark in benchmarks() {
        let (name, title) = (&benchmark.name, &benchmark.title);
        let mut page = format!(
            "# {title}\n\n`planguard check --benchmark {name}` reports on these controls; [Benchmarks of CIS](../cis.md) \
             says how.\n\n| control | what it asks for | what decides it |\n|---|---|---|\n"
        );
        let (mut with_rules, mut without, mut not_decidable) = (0, 0, 0);
        for control in &benchmark.controls {
            let decided = match &control.decided {
                Decided::ByRules(rules) => {
                    with_rules += 1;
                    let links = rules.ids.iter().map(|id| {
                        let provider = id.split('-').next().unwrap_or_default();
                        format!("[{id}]({provider}.md#{id})")
                    });
                    let limits = rules.limits.as_ref().map(|limits| format!(". {limits}"));
                    format!("{}{}", links.collect::<Vec<_>>().join(", "), limits.unwrap_or_default())
                }
                Decided::NotYet(reason) => {
                    without += 1;
                    format!("No rule yet. {reason}")
                }
                Decided::NotByPlan(reason) => {
                    not_decidable += 1;
                    format!("Not decidable from a plan. {reason}")
                }
            };
            let _ = writeln!(page, "| {} | {} | {decided} |", control.id, control.title);
        }
        let _ = writeln!(
            numbers,
            "| [{name}](guardrails/{name}.md) | {} | {with_rules} | {without} | {not_decidable} |",
            benchmark.controls.len()
        );
        assert_current(&docs.join(format!("guardrails/{name}.md")), &page);
    }
    let path = docs.join("cis.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (start, end) = ("<!-- generated: benchmarks -->\n", "<!-- end: benchmarks -->");
    let (before, rest) = page.split_once(start).expect("the start of the table");
    let (_, after) = rest.split_once(end).expect("the end of the table");
    assert_current(&path, &format!("{before}{start}\n{numbers}\n{end}{after}"));
}

/// The output that the README shows is what its command prints.
#[test]
fn the_readme_shows_what_is_printed() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("a README");
    let command = "cargo run --release -- check fixtures/plans/already-there/plan.json";
    assert!(readme.contains(command), "the README names another plan");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_planguard"))
        .args(["check", "fixtures/plans/already-there/plan.json"])
        .current_dir(&root)
        .output()
        .expect("the program runs");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    let (before, rest) = readme.split_once("```text\n").expect("a block of output");
    let (_, after) = rest.split_once("```").expect("the block ends");
    assert_current(&root.join("README.md"), &format!("{before}```text\n{printed}```{after}"));
}

/// `docs/policies/library.md`, from the METADATA of the library.
#[test]
fn the_manual_of_the_library_is_current() {
    let mut text = String::from(
        "# The library for policies\n\n\
         A policy imports the packages of the library, for example with `import data.planguard.lib.changes`. Nothing has to be \
         installed, and the library costs nothing if no policy imports it. `planguard lib DIR` writes the files for use with \
         OPA or conftest. If your policies contain a package of the same name, it replaces planguard's.\n\n\
         ```rego\n\
         package main\n\n\
         import data.planguard.lib.changes\n\
         import data.planguard.lib.findings\n\n\
         deny contains findings.about(change, \"high\", \"is replaced\") if {\n\
         \tsome change in changes.replaced\n\
         \tchange.type == \"aws_db_instance\"\n\
         }\n\
         ```\n\n\
         Functions have a result for every valid plan, unless their description says that they can be undefined. A resource \
         change is an entry of `resource_changes`. The examples use the plan in \
         [`policies/rego/lib/example.json`](../../policies/rego/lib/example.json); tests evaluate all of them.\n\n\
         | package | |\n|---|---|\n",
    );
    let outlines: Vec<Outline> =
        library().iter().map(|file| outline(file.text).expect("METADATA can be read")).collect();
    for outline in &outlines {
        let name = outline.package.trim_start_matches("planguard.lib.");
        let _ = writeln!(text, "| [`{name}`](#{name}) | {} |", outline.text("title"));
    }
    for outline in &outlines {
        let name = outline.package.trim_start_matches("planguard.lib.");
        let _ = writeln!(text, "\n## {name}\n\n{}", flat(outline.text("description")));
        for rule in &outline.rules {
            let _ = writeln!(
                text,
                "\n### `{name}.{}`\n\n{}\n\n```rego\n{}\n```",
                rule.signature,
                flat(rule.text("description")),
                rule.text("custom.example")
            );
        }
    }
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/policies");
    fs::create_dir_all(&directory).expect("the directory can be made");
    assert_current(&directory.join("library.md"), &text);
}

/// `docs/policies/packs.md`, from the METADATA of the packs.
#[test]
fn the_manual_of_packs_is_current() {
    let mut text = String::from(
        "# Packs of policies\n\n\
         These packs are Rego policies that come with planguard. They are disabled by default; `--pack NAME` or `packs` in \
         planguard.toml enables them. Set their parameters in planguard.toml, in one table for each pack, or without \
         `packs.` in the file of `--params`:\n\n\
         ```toml\n\
         [packs.required-tags.tags]\n\
         owner = {}\n\
         environment = { values = [\"prod\", \"dev\"] }\n\
         cost-centre = { pattern = \"[0-9]{4}\", types = [\"aws_*\"] }\n\
         ```\n\n\
         An unknown parameter, a value of the wrong type and a missing parameter make the check incomplete (PG-PK-001 to \
         PG-PK-006). In wildcards, `*` matches any characters and `?` matches one character; regular expressions must \
         match the whole string. Reports name a rule by pack and name, for example `required-tags/missing`. If a \
         result is known only after apply, it is a warning.\n\n\
         | pack | |\n|---|---|\n",
    );
    for pack in rego_packs() {
        let _ = writeln!(text, "| [`{0}`](#{0}) | {1} |", pack.name, flat(pack.outline().text("title")));
    }
    for pack in rego_packs() {
        let _ = write!(text, "\n{}", markdown::pack(pack, 2));
    }
    assert_current(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/policies/packs.md"), &text);
}

/// The tables of `docs/policies/platforms.md`, from the descriptors of the platforms. Each stands between two comments.
#[test]
fn the_tables_of_platforms_are_current() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/policies/platforms.md");
    let mut page = fs::read_to_string(&path).expect("the page");
    for (name, table) in manual::tables() {
        let (start, end) = (format!("<!-- generated: {name} -->\n"), format!("<!-- end: {name} -->"));
        let (before, rest) = page.split_once(&start).unwrap_or_else(|| panic!("`{start}` is missing"));
        let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("`{end}` is missing"));
        page = format!("{before}{start}\n{table}\n{end}{after}");
    }
    assert_current(&path, &page);
}

/// How several reports of one run are asked for.
const SEVERAL: &str = "
One run writes several reports. Each `--output FILE` belongs to the `--format` before it:

```sh
planguard check tfplan.json --format sarif --output planguard.sarif --output report.json
```

- An `--output` that follows no `--format` of its own takes the first format with the file's extension.
- Standard output has the one `--format` without an `--output`, or with `--output -`; else the text.
- A file is written as a whole or not at all. If that fails, the run is undecided (exit code 2, `PG-CL-007`); a missing \
directory is reported before plans are read.
- No format changes the exit code.
- Every format with a verdict, except for `lines`, says which [environment](environments.md) it is for, which approvals are missing, and the \
[risk score](risk.md). `--audit` is no format: it [adds to a log](environments.md#the-audit-log).

`sarif`: upload it to code scanning. A result is at the line of the configuration if it is known, else at the plan; its \
fingerprint (rule, address, attribute) stays when lines move. Waived findings are suppressed, with the reason, approved \
ones with the people who approved them, and those in the baseline. Texts are \
exact, except that `](` is written as `]\\u{28}` in messages, where it would make a link.

`json`: rules stand once, by their ids; a finding is a line and leaves out what it has not.

`markdown`: a comment starts with `<!-- planguard -->`, by which the next run finds the comment to replace. It has at most \
65,000 characters: errors and new findings first, the most severe on top; the last line says how much is left out.

`github`: at most 10 errors and 10 warnings, which is what GitHub shows of a step; denials first. Under `GITHUB_ACTIONS=true` \
planguard prints these annotations to standard error by itself, and adds the Markdown report to the summary of the step \
(`GITHUB_STEP_SUMMARY`), whatever the format of the report. `--no-annotations` turns both off.

`gitlab` and `gitlab-terraform` are the files of `artifacts:reports:codequality` and `artifacts:reports:terraform`:

```yaml
plan:
  script:
    - planguard check tfplan.json --format gitlab --output quality.json --format gitlab-terraform --output changes.json
  artifacts:
    when: always
    reports:
      codequality: quality.json
      terraform: changes.json
```

`junit` and `tap`: a denial and a finding that lacks approval fail, a warning does not, a finding that is waived, approved \
or in the baseline is skipped (JUnit) or a TODO (TAP).

`csv`: cells that a spreadsheet would take for a formula start with an apostrophe. Lines of errors have the enforcement \
`error`. Columns are added at the end.

`openmetrics`: write it to a `.prom` file in the directory of the textfile collector. \
[`examples/grafana-dashboard.json`](../examples/grafana-dashboard.json) is a dashboard for Grafana.
";

/// `docs/formats.md`, from the tables of the renderers.
#[test]
fn the_manual_of_formats_is_current() {
    let mut text = String::from(
        "# Formats\n\n\
         `--format NAME` chooses the form of a report; the first of each table is the default. Sensitive values are \
         replaced in all of them. Everything else is exact in JSON. Formats for people write control \
         characters, invisible characters, characters that reorder text and commands of CI systems as `\\u{..}`.\n",
    );
    formats(&mut text, "planguard check", &check::FORMATS);
    text.push_str(SEVERAL);
    formats(&mut text, "planguard eval", &eval::FORMATS);
    formats(&mut text, "planguard lint", &lint::FORMATS);
    formats(&mut text, "planguard test", &test::FORMATS);
    formats(&mut text, "planguard test --coverage-output FILE --coverage-format", &coverage::FORMATS);
    formats(&mut text, "planguard rules", &rules::FORMATS);
    formats(&mut text, "planguard show", &show::FORMATS);
    formats(&mut text, "planguard graph", &graph::FORMATS);
    formats(&mut text, "planguard cost", &cost::FORMATS);
    formats(&mut text, "planguard check --print-settings", &settings::FORMATS);
    assert_current(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md"), &text);
}

fn formats<R>(text: &mut String, command: &str, formats: &Formats<R>) {
    let _ = writeln!(text, "\n## `{command}`\n\n| format | | usual extension |\n|---|---|---|");
    for format in formats.all() {
        let _ = writeln!(text, "| `{}` | {} | `.{}` |", format.name, format.help, format.extension);
    }
}

/// On one line, as Markdown does not need any others.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
