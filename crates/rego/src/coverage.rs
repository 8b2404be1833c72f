//! The lines of policies that evaluations reach.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Engine;

use super::program::Program;
use super::source;
use super::syntax::Fact;

/// Whether evaluations record the lines that they reach, which takes time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CoverageMode {
    /// They do not record lines.
    #[default]
    Off,
    /// They record lines.
    Lines,
}

/// The lines of policy files that evaluations reached, by file name.
///
/// Only lines with an expression count; a line with several expressions is covered when the first is evaluated. Test
/// files (`*_test.rego`) are excluded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    files: BTreeMap<String, FileCoverage>,
}

/// The lines of one file, counted from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileCoverage {
    /// The covered lines.
    pub covered: BTreeSet<u32>,
    /// The lines that are not covered.
    pub not_covered: BTreeSet<u32>,
}

impl FileCoverage {
    /// Returns the covered part of the lines, from 0 to 1; 1 if no line counts.
    pub fn ratio(&self) -> f64 {
        let all = self.covered.len() + self.not_covered.len();
        // The number of lines fits a float exactly.
        if all == 0 { 1.0 } else { self.covered.len() as f64 / all as f64 }
    }
}

impl Coverage {
    /// Returns the coverage by file.
    pub fn files(&self) -> &BTreeMap<String, FileCoverage> {
        &self.files
    }

    /// Adds the lines of other evaluations.
    pub fn merge(&mut self, other: &Self) {
        for (name, lines) in &other.files {
            let file = self.files.entry(name.clone()).or_default();
            file.covered.extend(&lines.covered);
            file.not_covered.extend(&lines.not_covered);
            file.not_covered.retain(|line| !file.covered.contains(line));
        }
    }

    /// Returns every line that counts as not covered, because the engine reports nothing about files that it did not
    /// reach.
    pub(super) fn nothing_reached(program: &Program<'_>) -> Self {
        let mut coverage = Self::default();
        for rule in &program.rules {
            let name = source::file_of(rule.span);
            if is_test_file(name) {
                continue;
            }
            let lines = rule.facts.iter().filter_map(|fact| match fact {
                Fact::Refers(reference) => Some(reference.span.line),
                Fact::Calls { span, .. } => Some(span.line),
                Fact::Assigns { left, .. } => Some(left.span().line),
                Fact::Iterates { collection, .. } => Some(collection.span().line),
                Fact::Declares(_) | Fact::Replaces(_) => None,
            });
            coverage.files.entry(name.to_owned()).or_default().not_covered.extend(lines);
        }
        coverage
    }

    /// Returns the lines that an engine has reached; none if it does not record them.
    pub(super) fn of(engine: &Engine) -> Self {
        // The report fails only for rules that the engine rejects at load time.
        let files = engine.get_coverage_report().map_or_else(|_| Vec::new(), |report| report.files);
        let files = files.into_iter().filter(|file| !is_test_file(&file.path)).map(|file| {
            let not_covered = file.not_covered.difference(&file.covered).copied().collect();
            (file.path, FileCoverage { covered: file.covered, not_covered })
        });
        Self { files: files.collect() }
    }
}

fn is_test_file(name: &str) -> bool {
    name.ends_with("_test.rego")
}
