//! Finds resource changes by address in constant time.

use std::collections::HashMap;

use planguard_plan::{Plan, ResourceChange};

/// The resource changes of a plan by address; a deposed object has the address of its current object.
pub(super) struct ByAddress<'c>(HashMap<String, Vec<&'c ResourceChange<'c>>>);

impl<'c> ByAddress<'c> {
    pub(super) fn new(plan: &'c Plan<'c>) -> Self {
        let mut changes: HashMap<String, Vec<&'c ResourceChange<'c>>> = HashMap::new();
        for change in &plan.resource_changes {
            changes.entry(change.address.to_string()).or_default().push(change);
        }
        Self(changes)
    }

    /// Returns the first change with this address.
    pub(super) fn first(&self, address: &str) -> Option<&'c ResourceChange<'c>> {
        self.0.get(address)?.first().copied()
    }

    /// Returns the change of exactly this object.
    pub(super) fn object(&self, address: &str, deposed: Option<&str>) -> Option<&'c ResourceChange<'c>> {
        self.0.get(address)?.iter().copied().find(|change| change.deposed.as_deref() == deposed)
    }
}
