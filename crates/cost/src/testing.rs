//! What the tests of rules ask for: the components of one object that is created.

use planguard_plan::Plan;

use crate::amount::amount;
use crate::plan_cost::{PlanCost, ResourceCost};
use crate::prices_file::Prices;

/// A component as a test looks at it.
#[derive(Debug)]
pub(crate) struct Priced {
    pub(crate) state: String,
    pub(crate) monthly: String,
    pub(crate) note: String,
}

/// What an object costs.
#[derive(Debug)]
pub(crate) struct Costs {
    pub(crate) total: String,
    pub(crate) components: Vec<Priced>,
}

impl Costs {
    /// The states of the components, in their order.
    pub(crate) fn states(&self) -> Vec<String> {
        self.components.iter().map(|component| component.state.clone()).collect()
    }

    fn of(resource: &ResourceCost) -> Self {
        let components = resource.side().into_iter().flat_map(|side| &side.components);
        Self {
            total: amount(resource.sum.after),
            components: components
                .map(|component| Priced {
                    state: component.state.name().to_owned(),
                    monthly: component.monthly.map(amount).unwrap_or_default(),
                    note: component.note.clone().unwrap_or_default(),
                })
                .collect(),
        }
    }
}

/// An object of a type that is created with these attributes.
pub(crate) fn costs(resource_type: &str, after: &str) -> Costs {
    let change = format!(
        r#"{{"address": "{resource_type}.a", "change": {{"actions": ["create"], "before": null, "after": {after}, "after_unknown": {{}}}}}}"#
    );
    let address = format!("{resource_type}.a");
    let configuration = format!(
        r#"{{"resources": [{{"mode": "managed", "type": "{resource_type}", "name": "a", "expressions": {{}}}}]}}"#
    );
    in_plan(&change, &configuration, &address)
}

/// The first component of such an object.
pub(crate) fn one(resource_type: &str, after: &str) -> Priced {
    costs(resource_type, after).components.into_iter().next().expect("a component")
}

/// An object of a plan with these changes and this root module.
pub(crate) fn in_plan(changes: &str, root_module: &str, address: &str) -> Costs {
    let text = format!(
        r#"{{"format_version": "1.2", "resource_changes": [{changes}], "configuration": {{"root_module": {root_module}}}}}"#
    );
    let plan = Plan::parse(&text).expect("a plan");
    let cost = PlanCost::of(&plan, &Prices::default());
    let found = cost.resources.iter().find(|resource| resource.address.unescaped() == address);
    Costs::of(found.expect("the object"))
}
