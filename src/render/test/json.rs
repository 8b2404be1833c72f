//! The test report for programs, documented in `docs/test-report.schema.json`. The types are frozen: fields are added,
//! never changed or removed.

use planguard_rego::testing::FileCoverage;
use serde::Serialize;

use crate::cases::{DiffLine, DiffMark};
use crate::render::{Format, Layout, RenderError, json};
use crate::testing::{self, Percentage};

/// The version of this format.
const SCHEMA_VERSION: &str = "1.0";

pub(super) const FORMAT: Format<testing::TestReport> = Format {
    name: "json",
    former: None,
    help: "see docs/test-report.schema.json",
    extension: "json",
    render,
};

/// Times are left out, so that two runs of the same tests give the same text.
fn render(report: &testing::TestReport, _: Layout) -> Result<String, RenderError> {
    Ok(json::indented(&TestReport::of(report))?)
}

/// A run of `planguard test`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TestReport {
    /// The version of this format: a new minor version adds fields, a new major version is another document.
    schema_version: &'static str,
    /// The version of planguard.
    planguard_version: &'static str,
    /// The answer: `pass`, `denied` if a test failed or too little was covered, `undecided` if not everything ran.
    verdict: &'static str,
    /// The process's exit code.
    exit_code: u8,
    /// Whether everything could be loaded and run.
    complete: bool,
    /// The number of tests by outcome.
    summary: Summary,
    /// The tests in the order of their files and lines.
    tests: Vec<Test>,
    /// Cases whose expectations were rewritten.
    updated: Vec<Updated>,
    /// Coverage of the policies, if it was measured.
    coverage: Option<Coverage>,
    /// Errors that kept planguard from running everything.
    problems: Vec<Problem>,
}

/// The number of tests by outcome.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary {
    /// Tests that were selected.
    tests: usize,
    passed: usize,
    failed: usize,
    /// Tests that could not be evaluated.
    errors: usize,
    skipped: usize,
    /// Tests that `--run` filtered out.
    deselected: usize,
}

/// A test.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Test {
    /// The kind of test.
    kind: Kind,
    /// The file that contains it.
    file: String,
    /// The line in the file, counted from 1.
    line: u64,
    /// The package of a Rego test.
    package: Option<String>,
    /// Its name in the package or the file.
    name: String,
    /// The outcome.
    outcome: Outcome,
    /// Why it did not pass.
    reasons: Vec<String>,
    /// The statement that failed.
    stopped_at: Option<Statement>,
    /// The difference between expected and actual findings.
    diff: Vec<Difference>,
    /// The output of `print`, line by line.
    output: Vec<String>,
    /// Its cases, if it has any.
    cases: Vec<Case>,
}

/// The kind of a test.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// A rule of a policy.
    Rego,
    /// A plan with its expected findings.
    PlanCase,
    /// A case beside a guardrail.
    GuardrailCase,
}

/// The outcome of a test.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It could not be evaluated.
    Error,
    /// It was not run.
    Skipped,
}

/// A place in a policy.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Statement {
    file: String,
    line: u64,
    /// The source text.
    text: String,
    /// What its parts are, one sentence each.
    parts: Vec<String>,
}

/// A line of a difference.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Difference {
    mark: Mark,
    text: String,
}

/// The kind of a difference.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Mark {
    /// Expected and not found.
    Missing,
    /// Found and not expected.
    Unexpected,
    /// An error kept planguard from checking the plan.
    Problem,
}

/// A case of a Rego test.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Case {
    name: String,
    passed: bool,
}

/// A case whose expectations were rewritten.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Updated {
    file: String,
    /// The line of the case before the update, counted from 1.
    line: usize,
    name: String,
    /// The removed and the added expectations.
    diff: Vec<Difference>,
}

/// Coverage of the policies.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Coverage {
    /// The share of lines in percent.
    percent: f64,
    covered_lines: usize,
    not_covered_lines: usize,
    /// The required share, in percent.
    threshold: Option<f64>,
    files: Vec<CoveredFile>,
}

/// How much of a policy was reached.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CoveredFile {
    file: String,
    /// The share of lines in percent.
    percent: f64,
    covered_lines: usize,
    /// The lines that were not reached, counted from 1.
    not_covered: Vec<u32>,
    /// The paths of rules of which nothing was evaluated.
    rules_not_evaluated: Vec<String>,
}

/// Errors that kept planguard from running everything.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Problem {
    /// The stable code.
    code: String,
    /// What happened, and where.
    message: String,
    /// How to put it right.
    help: Option<String>,
}

fn percent(share: Option<Percentage>) -> f64 {
    share.map_or(0.0, |share| share.fraction() * 100.0)
}

impl TestReport {
    fn of(report: &testing::TestReport) -> Self {
        let verdict = report.verdict();
        let counts = report.counts();
        Self {
            schema_version: SCHEMA_VERSION,
            planguard_version: env!("CARGO_PKG_VERSION"),
            verdict: verdict.as_str(),
            exit_code: verdict.exit_code(),
            complete: report.problems.is_empty() && counts.errors == 0,
            summary: Summary {
                tests: counts.total(),
                passed: counts.passed,
                failed: counts.failed,
                errors: counts.errors,
                skipped: counts.skipped,
                deselected: report.deselected,
            },
            tests: report.tests.iter().map(Test::of).collect(),
            updated: report
                .updated
                .iter()
                .map(|case| Updated {
                    file: case.file.unescaped().to_owned(),
                    line: case.line,
                    name: case.name.unescaped().to_owned(),
                    diff: differences(&case.diff),
                })
                .collect(),
            coverage: report.coverage.as_ref().map(|coverage| {
                let (covered_lines, not_covered_lines) = coverage.lines();
                Coverage {
                    percent: percent(coverage.percentage()),
                    covered_lines,
                    not_covered_lines,
                    threshold: report.threshold.map(|share| percent(Some(share))),
                    files: coverage.files.iter().map(CoveredFile::of).collect(),
                }
            }),
            problems: report
                .problems
                .iter()
                .map(|problem| Problem {
                    code: problem.code.unescaped().to_owned(),
                    message: problem.message.unescaped().to_owned(),
                    help: problem.help.as_ref().map(|help| help.unescaped().to_owned()),
                })
                .collect(),
        }
    }
}

impl Test {
    fn of(test: &testing::TestResult) -> Self {
        let texts = |texts: &[planguard_plan::redact::SafeText]| {
            texts.iter().map(|text| text.unescaped().to_owned()).collect()
        };
        Self {
            kind: match test.kind {
                testing::TestKind::Rego => Kind::Rego,
                testing::TestKind::PlanCase => Kind::PlanCase,
                testing::TestKind::GuardrailCase => Kind::GuardrailCase,
            },
            file: test.file.unescaped().to_owned(),
            line: test.line,
            package: match test.kind {
                testing::TestKind::Rego => Some(test.package.unescaped().to_owned()),
                testing::TestKind::PlanCase | testing::TestKind::GuardrailCase => None,
            },
            name: test.name.unescaped().to_owned(),
            outcome: match test.outcome {
                testing::TestOutcome::Passed => Outcome::Passed,
                testing::TestOutcome::Failed => Outcome::Failed,
                testing::TestOutcome::Error => Outcome::Error,
                testing::TestOutcome::Skipped => Outcome::Skipped,
            },
            reasons: texts(&test.reasons),
            stopped_at: test.stopped_at.as_ref().map(|stop| Statement {
                file: stop.file.unescaped().to_owned(),
                line: stop.line,
                text: stop.text.unescaped().to_owned(),
                parts: texts(&stop.parts),
            }),
            diff: differences(&test.diff),
            output: texts(&test.output),
            cases: test
                .cases
                .iter()
                .map(|case| Case { name: case.name.unescaped().to_owned(), passed: case.passed })
                .collect(),
        }
    }
}

impl CoveredFile {
    fn of(file: &FileCoverage) -> Self {
        let never = file.rules.iter().filter(|rule| !rule.evaluated);
        Self {
            file: file.file.clone(),
            percent: percent(Percentage::of(file.covered.len(), file.uncovered.len())),
            covered_lines: file.covered.len(),
            not_covered: file.uncovered.iter().copied().collect(),
            rules_not_evaluated: never.map(|rule| rule.path.clone()).collect(),
        }
    }
}

fn differences(lines: &[DiffLine]) -> Vec<Difference> {
    let difference = |line: &DiffLine| Difference {
        mark: match line.mark {
            DiffMark::Missing => Mark::Missing,
            DiffMark::Unexpected => Mark::Unexpected,
            DiffMark::Problem => Mark::Problem,
        },
        text: line.text.unescaped().to_owned(),
    };
    lines.iter().map(difference).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::render::layout::sample::PLAIN;
    use crate::render::test::sample;

    fn published() -> serde_json::Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/test-report.schema.json");
        let schema = schemars::generate::SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<TestReport>();
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let on_disk = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(on_disk == text, "docs/test-report.schema.json is out of date: run UPDATE=1 cargo test");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn reports_follow_the_published_schema() {
        let validator = jsonschema::validator_for(&published()).unwrap();
        let report = sample::report(&["testing/failing", "testing/problems", "cases/failing"]);
        let value: serde_json::Value = serde_json::from_str(&render(&report, PLAIN).unwrap()).unwrap();
        if let Err(error) = validator.validate(&value) {
            panic!("{error}");
        }
        assert_eq!(value["exit_code"], 2);
        assert_eq!(value["complete"], false);
        let of_kind = |kind: &str| value["tests"].as_array().unwrap().iter().any(|test| test["kind"] == kind);
        assert!(of_kind("rego") && of_kind("plan_case"));
        assert!(value["tests"].as_array().unwrap().iter().any(|test| test["diff"] != serde_json::json!([])));
    }
}
