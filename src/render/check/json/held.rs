//! What a verdict rests on beside findings, in the JSON report: the environment, approvals and risk scores.

use serde::{Deserialize, Serialize};

use super::v2::{ReadError, safe, text};
use crate::approvals::NotCounted as Reason;
use crate::risk::{RiskFactor, RiskPart as OfRisk};
use crate::{report, risk};

/// The environment of a run.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Environment {
    name: String,
    /// How it was chosen: the flag or variable that names it, or the patterns that match.
    why: String,
}

/// The approvals of a run.
#[derive(Serialize, Deserialize)]
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
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NotCounted {
    /// Who.
    by: String,
    /// Why.
    reason: String,
}

/// The risk score of a plan: the sum of the points of its parts, which docs/risk.md describes.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Risk {
    score: usize,
    parts: Vec<RiskPart>,
}

/// A part of a risk score.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RiskPart {
    /// What has points, such as `destroy` or `exposure-high`.
    part: String,
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

impl From<Environment> for report::EnvironmentReport {
    fn from(environment: Environment) -> Self {
        Self { name: safe(&environment.name), why: safe(&environment.why) }
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
                .map(|(by, reason)| NotCounted { by: text(by), reason: reason.as_str().to_owned() })
                .collect(),
        }
    }
}

impl TryFrom<Approvals> for report::ApprovalsReport {
    type Error = ReadError;

    fn try_from(approvals: Approvals) -> Result<Self, ReadError> {
        let texts = |texts: &[String]| texts.iter().map(|text| safe(text)).collect();
        let not_counted = approvals.not_counted.iter().map(|NotCounted { by, reason }| {
            let known = Reason::ALL.into_iter().find(|known| known.as_str() == reason);
            Ok((safe(by), known.ok_or_else(|| ReadError::unknown("reason", reason))?))
        });
        Ok(Self {
            needed: approvals.needed,
            missing: approvals.missing,
            from: texts(&approvals.from),
            counted: texts(&approvals.counted),
            not_counted: not_counted.collect::<Result<_, _>>()?,
        })
    }
}

impl Risk {
    pub(super) fn of(risk: &risk::Risk) -> Self {
        let part = |part: &risk::RiskPart| RiskPart {
            part: part.factor.as_str().to_owned(),
            number: part.number,
            points: part.points(),
        };
        Self { score: risk.score(), parts: risk.parts.iter().map(part).collect() }
    }
}

impl TryFrom<Risk> for risk::Risk {
    type Error = ReadError;

    fn try_from(risk: Risk) -> Result<Self, ReadError> {
        let parts = risk.parts.iter().map(|RiskPart { part, number, points: _ }| {
            let factor = RiskFactor::all().find(|factor| factor.as_str() == part);
            Ok(OfRisk { factor: factor.ok_or_else(|| ReadError::unknown("part", part))?, number: *number })
        });
        Ok(Self { parts: parts.collect::<Result<_, _>>()? })
    }
}
