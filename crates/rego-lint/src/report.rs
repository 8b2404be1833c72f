//! The result of linting.

use planguard_plan::problem::Problem;

use super::catalogue::Level;
use super::finding::LintFinding;
use super::options::Warnings;

/// The result of linting.
#[derive(Clone, Debug, Default)]
pub struct LintReport {
    /// The findings, by file and place.
    pub findings: Vec<LintFinding>,
    /// The problems that prevented planguard from linting everything.
    pub problems: Vec<Problem>,
    /// The number of linted files.
    pub files: usize,
    /// The number of findings that a comment in the policy ignores.
    pub ignored: usize,
    pub(super) warnings: Warnings,
}

impl LintReport {
    /// Returns the number of findings of a level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level() == level).count()
    }

    /// Returns 0 without findings that count, 1 with such findings, and 2 if not everything could be linted.
    pub fn exit_code(&self) -> u8 {
        if !self.problems.is_empty() || self.files == 0 {
            return 2;
        }
        let counts = |finding: &LintFinding| match (finding.level(), self.warnings) {
            (Level::Error, _) | (Level::Warning, Warnings::Deny) => true,
            (Level::Warning, Warnings::Tell) | (Level::Pedantic, _) => false,
        };
        u8::from(self.findings.iter().any(counts))
    }
}
