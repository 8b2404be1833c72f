//! A report of Infracost, whose amounts count instead of those of the book.

use std::path::{Path, PathBuf};

use planguard_cost::{Held, HoldError, InfracostReport, PlanCost, read_infracost};
use planguard_plan::Plan;
use planguard_plan::input::read_text_file;
use planguard_plan::redact::SafeText;

use super::CostError;

/// A report of Infracost, and the file that it was read from.
#[derive(Clone, Debug)]
pub struct ImportedCosts {
    path: PathBuf,
    report: InfracostReport,
}

/// The most addresses in a sentence.
const MOST: usize = 3;

impl ImportedCosts {
    /// Reads a file. `named_by` is the flag, variable, or line of the settings that names it.
    ///
    /// # Errors
    /// The file cannot be read, or is no such report.
    pub fn read(path: &Path, named_by: &str) -> Result<Self, CostError> {
        let text = read_text_file(path).map_err(|error| CostError::Unreadable {
            path: path.to_owned(),
            named_by: named_by.to_owned(),
            reason: error.to_string(),
        })?;
        let report =
            read_infracost(&text).map_err(|source| CostError::Infracost { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), report })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole report, whatever plan it is about.
    pub(super) fn whole(&self) -> PlanCost {
        self.report.whole()
    }

    /// What a plan costs by the report.
    ///
    /// # Errors
    /// The report is about another plan.
    pub(super) fn held(&self, plan: &Plan<'_>, file: Option<&Path>) -> Result<PlanCost, CostError> {
        let held = self.report.held(plan, file);
        held.map_err(|source| {
            let name = file.map_or_else(|| "plan.json".to_owned(), |file| file.display().to_string());
            let write = format!("infracost breakdown --path {name} --format json > costs.json");
            let help = match source {
                HoldError::Foreign { .. } => {
                    format!("write it for this plan: {write}; or leave it out, and the price book counts")
                }
                HoldError::Ambiguous { .. } => {
                    format!("write one of this plan alone, whose path it then has: {write}")
                }
            };
            CostError::Held { path: self.path.clone(), source, help }
        })
    }
}

/// What a report of Infracost and the plan do not share, a sentence each: what the report lacks, and what it has beyond.
pub(crate) fn not_shared(held: &Held) -> [Option<String>; 2] {
    let objects = |addresses: &[SafeText], one: &str, many: &str| {
        let number = addresses.len();
        let mut named: Vec<&str> = addresses.iter().take(MOST).map(SafeText::unescaped).collect();
        let more = format!("{} more", number.saturating_sub(MOST));
        if number > MOST {
            named.push(&more);
        }
        let subject = if number == 1 { format!("1 {one}") } else { format!("{number} {many}") };
        (number > 0).then(|| format!("{subject}: {}", named.join(", ")))
    };
    [
        objects(
            &held.not_in_report,
            "object of the plan is not in the report of Infracost, so that the sums are without it",
            "objects of the plan are not in the report of Infracost, so that the sums are without them",
        ),
        objects(
            &held.not_in_plan,
            "object of the report of Infracost is not in the plan, and does not count",
            "objects of the report of Infracost are not in the plan, and do not count",
        ),
    ]
}
