//! Measures which lines and rules of policies the tests reach, counted as `opa test --coverage` does.
//!
//! A line counts if a statement, the head of a rule or an `else` starts on it. A statement is covered when it is
//! evaluated, whatever its value; a head when its body is satisfied, so a rule that no test makes fire is reported.
//! Tests and test files do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use regorus::Engine;

use super::{RegoTests, TestedFile};
use crate::builtins::Place;
use crate::coverage::Coverage;
use crate::frontend::outline::{Depth, Join, RuleOutline};
use crate::program::path_text;

/// The reached places.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    /// The lines on which an expression was evaluated, by file.
    lines: BTreeMap<String, BTreeSet<u32>>,
    /// Places that the engine does not report: satisfied bodies, and statements in the values of `else`.
    places: BTreeSet<Place>,
    /// As `lines`, from evaluations that do not report satisfied bodies.
    lines_of_plans: BTreeMap<String, BTreeSet<u32>>,
}

impl Hits {
    /// Adds the hits of other tests.
    pub fn merge(&mut self, other: Self) {
        self.lines(other.lines);
        self.places(other.places);
        for (file, lines) in other.lines_of_plans {
            self.lines_of_plans.entry(file).or_default().extend(lines);
        }
    }

    pub(super) fn lines(&mut self, lines: BTreeMap<String, BTreeSet<u32>>) {
        for (file, lines) in lines {
            self.lines.entry(file).or_default().extend(lines);
        }
    }

    pub(super) fn places(&mut self, places: BTreeSet<Place>) {
        self.places.extend(places);
    }
}

/// The coverage of a policy.
#[derive(Clone, Debug)]
pub struct FileCoverage {
    /// The file's name.
    pub file: String,
    /// The text.
    pub text: Arc<str>,
    /// The covered lines.
    pub covered: BTreeSet<u32>,
    /// The lines that are not covered.
    pub uncovered: BTreeSet<u32>,
    /// The rules in file order; rules with the same path are one.
    pub rules: Vec<RuleCoverage>,
}

/// The coverage of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCoverage {
    /// The path: `data.main.deny`.
    pub path: String,
    /// The first rule of that path in the file.
    pub line: u32,
    /// Whether any part of it was evaluated.
    pub evaluated: bool,
}

/// Returns the lines of each file on which an engine has evaluated an expression.
pub(super) fn lines(engine: &Engine) -> BTreeMap<String, BTreeSet<u32>> {
    // This fails only for a syntax tree from elsewhere.
    let Ok(report) = engine.get_coverage_report() else { return BTreeMap::new() };
    report.files.into_iter().map(|file| (file.path, file.covered)).collect()
}

impl RegoTests {
    /// Adds the lines that evaluations of plans have reached. These may use other paths for the policies.
    pub fn add_reached_by_plans(&self, hits: &mut Hits, coverage: &Coverage) {
        let place = |name: &str| fs::canonicalize(name).unwrap_or_else(|_| PathBuf::from(name));
        let known: BTreeMap<PathBuf, &str> =
            self.files.iter().map(|file| (place(&file.source.name), file.source.name.as_str())).collect();
        for (name, lines) in coverage.files() {
            if let Some(name) = known.get(&place(name)) {
                hits.lines_of_plans.entry((*name).to_owned()).or_default().extend(&lines.covered);
            }
        }
    }

    /// Returns the coverage of each policy by file, without test files and files without a line that counts.
    pub fn coverage(&self, hits: &Hits) -> Vec<FileCoverage> {
        let files = self.files.iter().enumerate().filter(|(_, file)| !is_test_file(&file.source.name));
        let covered = files.map(|(index, file)| of_file(index, file, hits));
        covered.filter(|file| !file.covered.is_empty() || !file.uncovered.is_empty()).collect()
    }
}

fn is_test_file(name: &str) -> bool {
    name.ends_with("_test.rego")
}

fn of_file(index: usize, file: &TestedFile, hits: &Hits) -> FileCoverage {
    let none = BTreeSet::new();
    let by_plans = hits.lines_of_plans.get(&file.source.name).unwrap_or(&none);
    let reached: BTreeSet<u32> =
        hits.lines.get(&file.source.name).unwrap_or(&none).union(by_plans).copied().collect();
    let is_in =
        |lines: &BTreeSet<u32>, range: &Range<usize>| lines.range(file.lines.lines(range)).next().is_some();
    let (mut covered, mut uncovered) = (BTreeSet::new(), BTreeSet::new());
    let mut rules: BTreeMap<String, RuleCoverage> = BTreeMap::new();
    for rule in &file.outline.rules {
        if rule.test_segment().is_some() {
            continue;
        }
        let mut evaluated = false;
        for branch in &rule.branches {
            let held = hits.places.contains(&(index, branch.start));
            evaluated |= held;
            let mut count = |line: u32, is_reached: bool| {
                evaluated |= is_reached;
                if is_reached {
                    covered.insert(line)
                } else {
                    uncovered.insert(line)
                };
            };
            // A chained body has no head of its own.
            if branch.join != Join::Chained {
                // A rule without a body is covered when its value is evaluated. Evaluations of plans report no
                // satisfied bodies, so a head without a value counts if they reach the whole body.
                let by_value = is_in(if branch.has_body { by_plans } else { &reached }, &branch.head);
                let mut body = branch.statements.iter().filter(|statement| statement.depth == Depth::Outer);
                let by_body = branch.has_body && body.all(|statement| is_in(by_plans, &statement.span));
                count(file.lines.line(branch.head.start), held || by_value || by_body);
            }
            for statement in &branch.statements {
                let is_reached =
                    is_in(&reached, &statement.span) || hits.places.contains(&(index, statement.span.start));
                count(file.lines.line(statement.span.start), is_reached);
            }
        }
        note(&mut rules, file, rule, evaluated);
    }
    // A shared line is covered if anything on it is.
    uncovered.retain(|line| !covered.contains(line));
    let mut rules: Vec<RuleCoverage> = rules.into_values().collect();
    rules.sort_by_key(|rule| rule.line);
    FileCoverage {
        file: file.source.name.clone(),
        text: Arc::clone(&file.source.text),
        covered,
        uncovered,
        rules,
    }
}

fn note(rules: &mut BTreeMap<String, RuleCoverage>, file: &TestedFile, rule: &RuleOutline, evaluated: bool) {
    let mut path = file.outline.package.clone();
    path.extend(rule.name.iter().map(|segment| segment.text.clone()));
    let path = path_text(&path);
    let line = file.lines.line(rule.span.start);
    let known = rules.entry(path.clone()).or_insert(RuleCoverage { path, line, evaluated: false });
    known.evaluated |= evaluated;
}
