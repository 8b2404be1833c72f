//! Predicates on a change: what the object was, what becomes of it, and what the plan does with it.

use planguard_guardrail_format::{ActionWord, Predicate, Truth};
use planguard_plan::{ResourceChange, ResourceState, Side, View};

use super::{Answer, Evaluator};

impl Evaluator<'_, '_> {
    /// The answer of a predicate on one side of the change. Of an object that does not exist on that side, nothing holds.
    pub(super) fn on_side(&self, side: Side, predicate: &Predicate, view: &View<'_, '_>) -> Answer {
        let state = view.state();
        match ResourceState::new(self.index.plan(), state.change, side) {
            Some(state) => self.predicate(predicate, &state.root()),
            None => Answer::bare(Truth::False),
        }
    }
}

/// Whether the plan does one of these with an object.
pub(super) fn does(change: &ResourceChange<'_>, wanted: &[ActionWord]) -> bool {
    let actions = &change.change.actions;
    wanted.iter().any(|word| match word {
        ActionWord::Create => actions.creates() && !actions.deletes(),
        ActionWord::Update => actions.updates(),
        ActionWord::Delete => actions.only_deletes(),
        ActionWord::Replace => actions.replaces().is_some(),
        ActionWord::Forget => actions.forgets(),
        ActionWord::Import => change.change.importing.is_some(),
        ActionWord::NoOp => actions.is_no_op(),
    })
}
