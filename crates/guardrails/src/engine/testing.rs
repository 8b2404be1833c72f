//! Built-in guardrails on plans, for the tests of the engine.

use planguard_guardrail_format::Guardrail;
use planguard_plan::{Plan, ResourceState, Side};

use super::{Evaluation, evaluate};
use crate::{Builtin, PlanIndex};

/// What a built-in guardrail says of the first resource of a plan, as it is after the change.
pub(super) fn judge(id: &str, plan: &str) -> (Evaluation, Guardrail) {
    let plan = Plan::parse(plan).unwrap();
    let change = &plan.resource_changes[0];
    let guardrail = Builtin::for_type(&change.address.resource_type)
        .find(|builtin| builtin.id() == id)
        .unwrap()
        .definition();
    let state = ResourceState::new(&plan, change, Side::After).unwrap();
    let found = evaluate(&guardrail, &state, &PlanIndex::new(&plan));
    (found, guardrail)
}
