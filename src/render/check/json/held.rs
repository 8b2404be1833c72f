//! What a verdict rests on beside findings, in the JSON report: the environment, approvals and risk scores.

use serde::Serialize;

use super::v2::text;
use crate::{report, risk};

/// The environment of a run.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Environment {
    name: String,
    /// How it was chosen: the flag or variable that names it, or the patterns that match.
    why: String,
}

/// The approvals of a run.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Approvals {
    /// How many are needed.
    needed: usize,
    /// How many are missing.
    missing: usize,
    /// The groups whose people may approve.
    from: Vec<String>,
    /// The people whose approval counts.
    counted: Vec<String>,
    /// Those whose review does not count.
    not_counted: Vec<NotCounted>,
}

/// A review that does not count as an approval.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NotCounted {
    /// Who.
    by: String,
    /// Why.
    reason: &'static str,
}

/// The risk score of a plan: the sum of the points of its parts, which docs/risk.md describes.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Risk {
    score: usize,
    parts: Vec<RiskPart>,
}

/// A part of a risk score.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RiskPart {
    /// What has points, such as `destroy` or `exposure-high`.
    part: &'static str,
    /// How often.
    number: usize,
    /// All points of the part.
    points: usize,
}

impl Environment {
    pub(super) fn of(environment: &report::EnvironmentReport) -> Self {
        Self { name: text(&environment.name), why: text(&environment.why) }
    }
}

impl Approvals {
    pub(super) fn of(approvals: &report::ApprovalsReport) -> Self {
        Self {
            needed: approvals.needed,
            missing: approvals.missing,
            from: approvals.from.iter().map(text).collect(),
            counted: approvals.counted.iter().map(text).collect(),
            not_counted: approvals
                .not_counted
                .iter()
                .map(|(by, reason)| NotCounted { by: text(by), reason: reason.as_str() })
                .collect(),
        }
    }
}

impl Risk {
    pub(super) fn of(risk: &risk::Risk) -> Self {
        let part = |part: &risk::RiskPart| RiskPart {
            part: part.factor.as_str(),
            number: part.number,
            points: part.points(),
        };
        Self { score: risk.score(), parts: risk.parts.iter().map(part).collect() }
    }
}
