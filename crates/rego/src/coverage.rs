//! Which lines of policies evaluations have reached.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Engine;

use super::program::Program;
use super::source;
use super::syntax::Fact;

/// Whether evaluations note the lines that they reach, which takes time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CoverageMode {
    /// They do not.
    #[default]
    Off,
    /// They do.
    Lines,
}

/// The lines of policy files that evaluations have reached, by the name of the file.
///
/// Only lines that hold an expression count; a line of several expressions is reached with the first of them.
/// Files of tests (`*_test.rego`) are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    files: BTreeMap<String, FileCoverage>,
}

/// The lines of one file, counted from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileCoverage {
    /// Lines that were reached.
    pub covered: BTreeSet<u32>,
    /// Lines that were not.
    pub not_covered: BTreeSet<u32>,
}

impl FileCoverage {
    /// The part of the lines that was reached, from 0 to 1; 1 if there is none to reach.
    pub fn ratio(&self) -> f64 {
        let all = self.covered.len() + self.not_covered.len();
        // Files have far fewer lines than a float has digits.
        if all == 0 { 1.0 } else { self.covered.len() as f64 / all as f64 }
    }
}

impl Coverage {
    /// The files with their lines.
    pub fn files(&self) -> &BTreeMap<String, FileCoverage> {
        &self.files
    }

    /// Adds what other evaluations have reached.
    pub fn merge(&mut self, other: &Self) {
        for (name, lines) in &other.files {
            let file = self.files.entry(name.clone()).or_default();
            file.covered.extend(&lines.covered);
            file.not_covered.extend(&lines.not_covered);
            file.not_covered.retain(|line| !file.covered.contains(line));
        }
    }

    /// Every line that could be reached, and none that was. The engine says nothing about files that it never
    /// came to.
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

    /// What an engine has reached since it was made; nothing if it was not told to note that.
    pub(super) fn of(engine: &Engine) -> Self {
        // The report fails for rules that the engine would not have loaded.
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
