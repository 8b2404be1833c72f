//! Coverage for programs: LCOV's tracefile, and the JSON of `opa test --coverage --format json`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use planguard_rego::testing::FileCoverage;
use serde::Serialize;

use crate::testing::{CoverageReport, Percentage};

/// A tracefile as geninfo(1) of LCOV describes it. A line was evaluated once or never; rules stand for functions.
pub fn lcov(coverage: &CoverageReport) -> String {
    let mut text = String::new();
    for file in &coverage.files {
        // Writing to a string does not fail.
        let _ = writeln!(text, "TN:\nSF:{}", file.file);
        for rule in &file.rules {
            let _ = writeln!(text, "FN:{},{}", rule.line, rule.path);
        }
        for rule in &file.rules {
            let _ = writeln!(text, "FNDA:{},{}", u8::from(rule.evaluated), rule.path);
        }
        let evaluated = file.rules.iter().filter(|rule| rule.evaluated).count();
        let _ = writeln!(text, "FNF:{}\nFNH:{evaluated}", file.rules.len());
        for line in file.covered.union(&file.uncovered) {
            let _ = writeln!(text, "DA:{line},{}", u8::from(file.covered.contains(line)));
        }
        let lines = file.covered.len() + file.uncovered.len();
        let _ = writeln!(text, "LF:{lines}\nLH:{}\nend_of_record", file.covered.len());
    }
    text
}

#[derive(Serialize)]
struct Report<'c> {
    files: BTreeMap<&'c str, File>,
    covered_lines: usize,
    not_covered_lines: usize,
    coverage: f64,
}

#[derive(Serialize)]
struct File {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    covered: Vec<Range>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_covered: Vec<Range>,
    covered_lines: usize,
    not_covered_lines: usize,
    coverage: f64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Range {
    start: Row,
    end: Row,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    row: u32,
}

/// OPA's JSON, with a line feed at the end. The names of the files are the keys of `files`.
///
/// # Errors
/// Never in practice: all keys are texts.
pub fn json(coverage: &CoverageReport) -> Result<String, serde_json::Error> {
    let percent = |share: Option<Percentage>| share.map_or(0.0, |share| share.fraction() * 100.0);
    let file = |file: &FileCoverage| File {
        covered: ranges(&file.covered),
        not_covered: ranges(&file.uncovered),
        covered_lines: file.covered.len(),
        not_covered_lines: file.uncovered.len(),
        coverage: percent(Percentage::of(file.covered.len(), file.uncovered.len())),
    };
    let (covered_lines, not_covered_lines) = coverage.lines();
    let report = Report {
        files: coverage.files.iter().map(|found| (found.file.as_str(), file(found))).collect(),
        covered_lines,
        not_covered_lines,
        coverage: percent(coverage.percentage()),
    };
    let mut text = serde_json::to_string_pretty(&report)?;
    text.push('\n');
    Ok(text)
}

/// Lines that follow each other as one range.
fn ranges(lines: &BTreeSet<u32>) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for &row in lines {
        match ranges.last_mut().filter(|range| range.end.row + 1 == row) {
            Some(range) => range.end.row = row,
            None => ranges.push(Range { start: Row { row }, end: Row { row } }),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;

    #[test]
    fn lines_that_follow_each_other_are_a_range() {
        let ranges = ranges(&BTreeSet::from([1, 2, 3, 7, 9, 10]));
        let rows: Vec<(u32, u32)> = ranges.iter().map(|range| (range.start.row, range.end.row)).collect();
        assert_eq!(rows, [(1, 3), (7, 7), (9, 10)]);
    }

    #[test]
    fn every_line_is_in_both_forms() {
        let report = sample::report(&["testing/failing"]);
        let coverage = report.coverage.unwrap();
        let (covered, uncovered) = coverage.lines();
        assert!(covered > 0);
        let lcov = lcov(&coverage);
        assert_eq!(lcov.matches("\nDA:").count(), covered + uncovered);
        assert_eq!(lcov.matches(",1\n").count(), covered);
        assert!(lcov.contains("\nFN:3,data.main.required\n"), "{lcov}");
        let json: serde_json::Value = serde_json::from_str(&json(&coverage).unwrap()).unwrap();
        assert_eq!(json["covered_lines"], covered);
        let file = &json["files"]["fixtures/testing/failing/tags.rego"];
        assert_eq!(file["covered"][0]["start"]["row"], 3);
    }
}
