//! Evaluates a guardrail on one of its own cases.

use planguard_guardrail_format::{Case, Expectation, Guardrail};
use planguard_plan::{Plan, PlanError, ResourceState, Side};

use super::engine::{Outcome, PlanIndex, evaluate};

/// The outcome of a guardrail on the judged resource of a case.
///
/// # Errors
/// The case is no valid plan, for example because a mask is malformed.
pub fn judge(guardrail: &Guardrail, case: &Case) -> Result<Expectation, PlanError> {
    let plan = Plan::parse(&case.plan)?;
    let index = PlanIndex::new(&plan);
    // The judged resource comes first in a completed case.
    let state =
        plan.resource_changes.first().and_then(|change| ResourceState::new(&plan, change, Side::After));
    let Some(state) = state else { return Ok(Expectation::NotApplicable) };
    Ok(match evaluate(guardrail, &state, &index).outcome {
        Outcome::Pass => Expectation::Pass,
        Outcome::Fail => Expectation::Fail,
        Outcome::Undetermined => Expectation::Undetermined,
        Outcome::NotApplicable => Expectation::NotApplicable,
    })
}
