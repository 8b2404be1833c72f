//! Everything that linting has found.

use planguard_plan::problem::Problem;

use super::catalogue::Level;
use super::finding::LintFinding;
use super::options::Warnings;

/// What linting has found.
#[derive(Clone, Debug, Default)]
pub struct LintReport {
    /// By file, and by place in the file.
    pub findings: Vec<LintFinding>,
    /// What kept planguard from looking at everything.
    pub problems: Vec<Problem>,
    /// How many files were looked at.
    pub files: usize,
    /// How many findings a comment in the policy ignores.
    pub ignored: usize,
    pub(super) warnings: Warnings,
}

impl LintReport {
    /// How many findings are of a level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level() == level).count()
    }

    /// 0 if nothing stands against the policies, 1 if something does, 2 if not everything could be looked at.
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
