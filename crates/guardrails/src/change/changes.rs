//! A plan with what several change guards ask of it, found once.

use std::ops::Deref;
use std::sync::OnceLock;

use planguard_plan::Plan;

use super::compare::{Pair, pairs_of};
use super::succession::successions;
use crate::engine::PlanIndex;

/// A plan, as change guards look at it. One serves all guards of a run, on whatever thread they are.
pub struct Changes<'p> {
    plan: &'p Plan<'p>,
    pairs: OnceLock<Vec<Pair<'p>>>,
    index: OnceLock<PlanIndex<'p>>,
}

impl<'p> Changes<'p> {
    /// The changes of a plan. Nothing is looked for before a guard asks.
    pub const fn new(plan: &'p Plan<'p>) -> Self {
        Self { plan, pairs: OnceLock::new(), index: OnceLock::new() }
    }

    /// The objects that exist on both sides, and those that another one follows.
    pub(super) fn pairs(&self) -> &[Pair<'p>] {
        self.pairs.get_or_init(|| {
            let changed = pairs_of(self.plan, &self.plan.resource_changes);
            changed.chain(successions(self.plan)).collect()
        })
    }

    /// What is to be found in the plan by type, block and value.
    pub(super) fn index(&self) -> &PlanIndex<'p> {
        self.index.get_or_init(|| PlanIndex::new(self.plan))
    }
}

impl<'p> Deref for Changes<'p> {
    type Target = Plan<'p>;

    fn deref(&self) -> &Self::Target {
        self.plan
    }
}
