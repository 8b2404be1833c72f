//! A plan with what several change guards ask of it, found once.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::OnceLock;

use planguard_plan::{Mode, Plan, ResourceChange, Value};

use super::compare::{Pair, pairs_of};
use super::succession::successions;
use crate::engine::PlanIndex;

/// A plan, as change guards look at it. One serves all guards of a run, on whatever thread they are.
pub struct Changes<'p> {
    plan: &'p Plan<'p>,
    pairs: OnceLock<Vec<Pair<'p>>>,
    index: OnceLock<PlanIndex<'p>>,
    called: OnceLock<ByText<'p>>,
    answering: OnceLock<ByText<'p>>,
}

/// Objects of a plan by a text that they have.
type ByText<'p> = HashMap<String, Vec<&'p ResourceChange<'p>>>;

/// The attributes with what an object is called.
const CALLED: [&str; 4] = ["arn", "id", "name", "bucket"];

/// The attributes with the names that providers give to what answers.
const ANSWERING: [&str; 6] = ["default_hostname", "dns_name", "domain_name", "endpoint", "fqdn", "hostname"];

impl<'p> Changes<'p> {
    /// The changes of a plan. Nothing is looked for before a guard asks.
    pub const fn new(plan: &'p Plan<'p>) -> Self {
        Self {
            plan,
            pairs: OnceLock::new(),
            index: OnceLock::new(),
            called: OnceLock::new(),
            answering: OnceLock::new(),
        }
    }

    /// The plan itself, for what outlives a look at it.
    pub(super) const fn plan(&self) -> &'p Plan<'p> {
        self.plan
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

    /// The managed objects that are called by a name, an identifier or an ARN after the plan.
    pub(super) fn called(&self, name: &str) -> &[&'p ResourceChange<'p>] {
        let called = self.called.get_or_init(|| self.by_texts(&CALLED, str::to_owned));
        called.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The managed objects that answer at a name of DNS after the plan, however it is capitalised.
    pub(super) fn answering(&self, name: &str) -> &[&'p ResourceChange<'p>] {
        let answering = self.answering.get_or_init(|| self.by_texts(&ANSWERING, str::to_ascii_lowercase));
        answering.get(&name.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default()
    }

    fn by_texts(&self, attributes: &[&str], spelled: impl Fn(&str) -> String) -> ByText<'p> {
        let mut found = ByText::new();
        for change in self.plan.each_change().filter(|change| change.address.mode == Mode::Managed) {
            let Some(after) = change.change.after.as_deref() else { continue };
            for text in attributes.iter().filter_map(|name| after.get(name).and_then(Value::as_str)) {
                found.entry(spelled(text)).or_default().push(change);
            }
        }
        found
    }
}

impl<'p> Deref for Changes<'p> {
    type Target = Plan<'p>;

    fn deref(&self) -> &Self::Target {
        self.plan
    }
}
