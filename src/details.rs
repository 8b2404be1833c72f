//! What a plan does object by object, with the differences of attributes and what depends on what: for reports that show it
//! beside the findings.

use planguard_cost::PlanCost;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{Dependencies, Plan};

use crate::cost::CostView;
use crate::graph::Graph;
use crate::show::{PlanView, block_of, does_something, type_of};

/// What a plan does.
#[derive(Clone, Debug, Default)]
pub struct PlanDetails {
    /// The objects that change, what was changed outside, and what else the plan does.
    pub view: PlanView,
    /// The picture of its modules, or of its blocks if it has none.
    pub map: Graph,
    /// What depends on what, block by block.
    pub blocks: Graph,
    /// What each object costs, if that was asked for and is not imported.
    pub cost: Option<CostView>,
    /// The objects that stay as they are, in the order of the plan.
    pub unchanged: Vec<UnchangedObject>,
}

/// An object that stays as it is.
#[derive(Clone, Debug)]
pub struct UnchangedObject {
    /// The whole address.
    pub address: SafeText,
    /// The address of its module; empty for the root module.
    pub module: SafeText,
    /// The address of its block.
    pub block: SafeText,
    /// Its type.
    pub resource_type: SafeText,
}

impl PlanDetails {
    /// The details of a plan that was read.
    pub(crate) fn of(
        plan: &Plan<'_>,
        redactor: &Redactor,
        origin: &SafeText,
        cost: Option<&PlanCost>,
        dependencies: &Dependencies,
    ) -> Self {
        let (map, blocks) = Graph::of_plan(plan, dependencies, redactor, origin);
        let unchanged = plan.resource_changes.iter().filter(|change| !does_something(change));
        Self {
            view: PlanView::of_plan(plan, redactor, origin.clone()),
            map,
            blocks,
            cost: cost.map(|cost| CostView::told(origin.clone(), cost, redactor)),
            unchanged: unchanged
                .map(|change| UnchangedObject {
                    address: SafeText::address(&change.address),
                    module: SafeText::module(&change.address),
                    block: block_of(change, redactor),
                    resource_type: type_of(change, redactor),
                })
                .collect(),
        }
    }
}
