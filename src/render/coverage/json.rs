//! Coverage as the JSON of `opa test --coverage --format json`.

use std::collections::{BTreeMap, BTreeSet};

use planguard_rego::testing::FileCoverage;
use serde::Serialize;

use crate::render::{Format, Layout, RenderError, json};
use crate::testing::{CoverageReport, Percentage};

pub(super) const FORMAT: Format<CoverageReport> = Format {
    name: "json",
    former: None,
    help: "as `opa test --coverage` writes it",
    extension: "json",
    render,
};

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

/// The names of the files are the keys of `files`.
fn render(coverage: &CoverageReport, _: Layout) -> Result<String, RenderError> {
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
    Ok(json::indented(&report)?)
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

    #[test]
    fn lines_that_follow_each_other_are_a_range() {
        let ranges = ranges(&BTreeSet::from([1, 2, 3, 7, 9, 10]));
        let rows: Vec<(u32, u32)> = ranges.iter().map(|range| (range.start.row, range.end.row)).collect();
        assert_eq!(rows, [(1, 3), (7, 7), (9, 10)]);
    }
}
