//! Reports of `planguard waivers`.

mod json;
mod text;

use super::Formats;
use crate::finding::{Finding, WaiverState};
use crate::report::{PlanReport, Report, WaiverReport};

/// The waivers of a project, with what they accept in plans.
#[derive(Debug)]
pub struct WaiverList {
    /// The report of a check of the plans.
    pub report: Report,
    /// Whether there are plans; without them nobody knows what a waiver accepts.
    pub has_plans: bool,
}

impl WaiverList {
    /// The findings that a waiver accepts, with their plans.
    fn accepted_by<'r>(
        &'r self,
        waiver: &'r WaiverReport,
    ) -> impl Iterator<Item = (&'r PlanReport, &'r Finding)> {
        let findings = self
            .report
            .plans
            .iter()
            .flat_map(|plan| plan.findings.iter().map(move |finding| (plan, finding)));
        findings.filter(|(_, finding)| {
            finding.waiver.as_ref().is_some_and(|of_finding| {
                of_finding.state == WaiverState::Active
                    && (&of_finding.file, of_finding.line) == (&waiver.file, waiver.line)
            })
        })
    }
}

/// The formats of the report.
pub static FORMATS: Formats<WaiverList> = Formats::new(&[text::FORMAT, json::FORMAT]);
