//! Each scenario of `fixtures/plans` yields exactly what its `expected.toml` says: findings, verdict, counts.
//! `UPDATE=1 cargo test` writes the files anew; read what changed before you commit it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use planguard::check::{CheckOptions, Rules, run};
use planguard::finding::{Certainty, Finding, Origin};
use planguard::input::{ReadOptions, Source};
use planguard::plan::ChangeSummary;
use planguard::report::Report;
use serde::Deserialize;

const ROOT: &str = "fixtures/plans";

/// What a scenario must yield.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// What the scenario shows, in a sentence.
    shows: String,
    verdict: String,
    /// The counts of the summary that are not zero.
    #[serde(default)]
    changes: BTreeMap<String, usize>,
    /// How many failures of what is there the plan puts right.
    #[serde(default)]
    fixed: usize,
    /// The codes of what left the verdict undecided.
    #[serde(default)]
    problems: Vec<String>,
    /// The codes of what a reader should know beside.
    #[serde(default)]
    notices: Vec<String>,
    #[serde(default)]
    findings: Vec<Row>,
}

/// One finding; `address` is empty where it is about the plan as a whole.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    enforcement: String,
    outcome: String,
    rule: String,
    address: String,
    #[serde(default)]
    already_there: bool,
}

impl Row {
    fn of(finding: &Finding) -> Self {
        let outcome = match finding.certainty {
            Certainty::Certain => "fail",
            Certainty::DependsOnUnknown => "undetermined",
        };
        Self {
            enforcement: finding.enforcement.to_string(),
            outcome: outcome.to_owned(),
            rule: finding.rule.id.for_terminal(),
            address: finding
                .subject
                .as_ref()
                .map(|subject| subject.address.for_terminal())
                .unwrap_or_default(),
            already_there: finding.origin == Origin::AlreadyThere,
        }
    }

    fn line(&self) -> String {
        let mut line = format!(
            "{{ enforcement = \"{}\", outcome = \"{}\", rule = \"{}\", address = {}",
            self.enforcement,
            self.outcome,
            self.rule,
            quoted(&self.address)
        );
        if self.already_there {
            line.push_str(", already_there = true");
        }
        line.push_str(" }");
        line
    }
}

/// As a literal text where TOML allows it, because addresses are full of quotes.
fn quoted(text: &str) -> String {
    if text.contains('"') && !text.contains(['\'', '\n']) {
        return format!("'{text}'");
    }
    toml::Value::from(text).to_string()
}

/// The file without its first lines: what can be compared and written.
fn outcome(
    verdict: &str,
    changes: &BTreeMap<String, usize>,
    fixed: usize,
    problems: &[String],
    notices: &[String],
    findings: &[Row],
) -> String {
    let mut text = format!("verdict = \"{verdict}\"\n");
    // Writing to a String does not fail.
    if !changes.is_empty() {
        let counts: Vec<String> = changes.iter().map(|(name, count)| format!("{name} = {count}")).collect();
        let _ = writeln!(text, "changes = {{ {} }}", counts.join(", "));
    }
    if fixed > 0 {
        let _ = writeln!(text, "fixed = {fixed}");
    }
    for (name, codes) in [("problems", problems), ("notices", notices)] {
        if !codes.is_empty() {
            let _ = writeln!(text, "{name} = {codes:?}");
        }
    }
    if !findings.is_empty() {
        let mut lines: Vec<String> = findings.iter().map(|row| format!("    {},\n", row.line())).collect();
        lines.sort();
        let _ = write!(text, "findings = [\n{}]\n", lines.concat());
    }
    text
}

impl Expected {
    fn text(&self) -> String {
        outcome(&self.verdict, &self.changes, self.fixed, &self.problems, &self.notices, &self.findings)
    }
}

fn counts(summary: ChangeSummary) -> BTreeMap<String, usize> {
    let ChangeSummary { add, change, destroy, replace, import, moved, forget, unchanged, read } = summary;
    let all = [
        ("add", add),
        ("change", change),
        ("destroy", destroy),
        ("replace", replace),
        ("import", import),
        ("move", moved),
        ("forget", forget),
        ("unchanged", unchanged),
        ("read", read),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count)).collect()
}

fn check(plan: &Path) -> Report {
    let sources = [Source::Path(plan.to_owned())];
    run(&sources, &ReadOptions::default(), &Rules::default(), &CheckOptions::default(), &|_| {})
}

fn text(report: &Report) -> String {
    let [plan] = &report.plans[..] else { panic!("one plan expected: {:?}", report.problems) };
    let findings: Vec<Row> = plan.findings.iter().flat_map(Finding::shares).map(Row::of).collect();
    let problems: Vec<String> = report.problems.iter().map(|problem| problem.code.for_terminal()).collect();
    let notices: Vec<String> = report.notices.iter().map(|notice| notice.code.for_terminal()).collect();
    outcome(
        report.verdict().as_str(),
        &counts(plan.summary),
        plan.counts.fixed,
        &problems,
        &notices,
        &findings,
    )
}

fn scenarios() -> Vec<PathBuf> {
    let entries =
        fs::read_dir(ROOT).expect("the fixtures are there").map(|entry| entry.expect("readable").path());
    let mut scenarios: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    scenarios.sort();
    scenarios
}

/// The lines that only one of two texts has.
fn difference(expected: &str, got: &str) -> String {
    let only_in = |text: &str, other: &str, mark: char| -> String {
        let others: Vec<&str> = other.lines().collect();
        text.lines()
            .filter(|line| !others.contains(line))
            .map(|line| format!("  {mark} {}\n", line.trim()))
            .collect()
    };
    format!("{}{}", only_in(expected, got, '-'), only_in(got, expected, '+'))
}

#[test]
fn each_scenario_yields_exactly_what_is_expected() {
    let mut wrong = String::new();
    for scenario in scenarios() {
        let path = scenario.join("expected.toml");
        let written = fs::read_to_string(&path).expect("a scenario says what is expected");
        let expected: Expected =
            toml::from_str(&written).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let got = text(&check(&scenario.join("plan.json")));
        if std::env::var_os("UPDATE").is_some() {
            let comments: String = written
                .lines()
                .take_while(|line| line.starts_with('#'))
                .map(|line| format!("{line}\n"))
                .collect();
            fs::write(&path, format!("{comments}shows = {}\n{got}", quoted(&expected.shows)))
                .expect("can be written");
        } else if got != expected.text() {
            let _ = writeln!(wrong, "{}\n{}", scenario.display(), difference(&expected.text(), &got));
        }
    }
    assert!(wrong.is_empty(), "- is missing, + is unexpected\n{wrong}");
}

#[test]
fn scenarios_are_whole() {
    for scenario in scenarios() {
        assert!(scenario.join("main.tf").is_file(), "{} has no main.tf", scenario.display());
        let plan = fs::read_to_string(scenario.join("plan.json")).expect("a plan");
        // What was made on somebody's machine must not tell whose.
        assert!(!plan.contains("/home/") && !plan.contains("/tmp/"), "{} holds a path", scenario.display());
    }
}

#[test]
fn no_scenario_tells_a_secret() {
    for scenario in scenarios() {
        let report = check(&scenario.join("plan.json"));
        let json = crate::properties::rendered("json", &report);
        assert!(!json.contains("canary-4711-secret"), "{}: {json}", scenario.display());
    }
}
