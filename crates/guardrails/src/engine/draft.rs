//! Policies that are known only after apply, as far as the files of the configuration say what will be in them.

use std::collections::BTreeSet;
use std::sync::Arc;

use planguard_guardrail_format::StatementTest;
use planguard_plan::{AttributePath, PathStep, Plan, ResourceChange, Side, Value, View};

use super::PlanIndex;
use crate::iam::Document;

/// A policy as the files of the configuration write it.
#[derive(Clone, Debug)]
pub struct PolicyDraft {
    /// JSON text, with [`crate::UNKNOWN`] and [`crate::OF_OBJECT`] for what the files do not say.
    pub json: String,
    /// The blocks, variables and local values that its expression refers to.
    pub references: BTreeSet<String>,
    /// Names what a reference of a plan refers to in the same way.
    pub block: fn(&str) -> Option<String>,
}

/// Looks for the policy that an attribute of a resource gets.
pub type Drafts<'p> =
    Box<dyn Fn(&ResourceChange<'_>, &AttributePath) -> Option<PolicyDraft> + Send + Sync + 'p>;

impl PlanIndex<'_> {
    /// What the files of the configuration say of a policy that is known only after apply. Files that say something else
    /// than the plan are not those that it was made of.
    pub(super) fn draft(&self, place: &View<'_, '_>) -> Option<Arc<Option<Document>>> {
        let drafts = self.drafts()?;
        let state = place.state();
        if state.side != Side::After {
            return None;
        }
        let key = format!("{}.{}", state.change.address.configuration_address(), place.path());
        let read = || {
            let draft = drafts(state.change, place.path())?;
            let expected = references(self.plan(), state.change, place.path(), draft.block)?;
            (expected == draft.references).then(|| Document::of_draft(&draft.json))?
        };
        Some(self.drafted(key, read))
    }

    /// The same, with a test on each of its statements.
    pub(super) fn draft_with(
        &self,
        place: &View<'_, '_>,
        test: &StatementTest,
        matches: fn(&Document, &StatementTest) -> planguard_guardrail_format::Truth,
    ) -> planguard_guardrail_format::Truth {
        let document = self.draft(place);
        let document = document.as_deref().and_then(Option::as_ref);
        document.map_or(planguard_guardrail_format::Truth::Unknown, |document| matches(document, test))
    }
}

/// What the expression of an attribute refers to, by the plan.
fn references(
    plan: &Plan<'_>,
    change: &ResourceChange<'_>,
    path: &AttributePath,
    block: fn(&str) -> Option<String>,
) -> Option<BTreeSet<String>> {
    let [PathStep::Key(name)] = path.0.as_slice() else { return None };
    let (_, resource) = plan.configuration.as_ref()?.resource(&change.address)?;
    let references = resource.expressions.get(name)?.get("references")?;
    Some(references.elements().iter().filter_map(Value::as_str).filter_map(block).collect())
}
