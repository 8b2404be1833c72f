//! Evaluates a guardrail on one of its own cases.

use std::fmt;

use planguard_guardrail_format::{Case, Expectation, Guardrail};
use planguard_plan::{Plan, PlanError};
use planguard_rule::Severity;

use super::engine::{Outcome, PlanIndex, evaluate, judged_state};

/// What a guardrail says of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The outcome.
    pub outcome: Expectation,
    /// The severity of what it finds, if the case names one.
    pub severity: Option<Severity>,
}

impl Judgement {
    /// What a case expects.
    pub fn expected(case: &Case) -> Self {
        Self { outcome: case.expect, severity: case.severity }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.outcome)?;
        self.severity.map_or(Ok(()), |severity| write!(f, " ({severity})"))
    }
}

/// What a guardrail says of the judged resource of a case.
///
/// # Errors
/// The case is no valid plan, for example because a mask is malformed.
pub fn judge(guardrail: &Guardrail, case: &Case) -> Result<Judgement, PlanError> {
    let plan = Plan::parse(&case.plan)?;
    let index = PlanIndex::new(&plan);
    // The judged resource comes first in a completed case.
    let providers = plan.provider_changes();
    // A case with a provider block is about the first one.
    let judged = providers.first().or_else(|| plan.resource_changes.first());
    let Some(state) = judged.and_then(|change| judged_state(guardrail, &plan, change)) else {
        return Ok(Judgement { outcome: Expectation::NotApplicable, severity: None });
    };
    let evaluation = evaluate(guardrail, &state, &index);
    let outcome = match evaluation.outcome {
        Outcome::Pass => Expectation::Pass,
        Outcome::Fail => Expectation::Fail,
        Outcome::Undetermined => Expectation::Undetermined,
        Outcome::NotApplicable => Expectation::NotApplicable,
    };
    Ok(Judgement { outcome, severity: case.severity.map(|_| evaluation.severity(guardrail)) })
}
