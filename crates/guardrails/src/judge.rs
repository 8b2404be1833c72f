//! What a guardrail says of a case that stands beside it.

use planguard_guardrail_format::{Case, Expectation, Guardrail};
use planguard_plan::{Plan, PlanError, ResourceState, Side};

use super::engine::{Outcome, PlanIndex, evaluate};

/// What the guardrail says of the judged resource.
///
/// # Errors
/// What the author wrote makes no plan, for example because of a mask that is none.
pub fn judge(guardrail: &Guardrail, case: &Case) -> Result<Expectation, PlanError> {
    let plan = Plan::parse(&case.plan)?;
    let index = PlanIndex::new(&plan);
    // A case is completed with the judged resource in front.
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
