//! Counts of a plan's changes: those that Terraform prints, and others.

use super::Plan;
use super::address::Mode;

/// Counts over the managed resources of a plan. A replacement counts once in `add` and once in `destroy`,
/// as in Terraform's own summary line, and once in `replace`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeSummary {
    /// Objects that are created.
    pub add: usize,
    /// Objects that are updated in-place.
    pub change: usize,
    /// Objects that are destroyed.
    pub destroy: usize,
    /// Objects that are replaced.
    pub replace: usize,
    /// Objects that are imported.
    pub import: usize,
    /// Objects that are moved.
    pub moved: usize,
    /// Objects that are forgotten.
    pub forget: usize,
    /// Objects that are unchanged.
    pub unchanged: usize,
    /// Data sources that are read at apply.
    pub read: usize,
}

impl ChangeSummary {
    /// Counts the changes of a plan.
    pub fn of(plan: &Plan<'_>) -> Self {
        let mut summary = Self::default();
        for resource in &plan.resource_changes {
            let actions = &resource.change.actions;
            match resource.address.mode {
                Mode::Managed => {}
                Mode::Data | Mode::Ephemeral | Mode::Action => {
                    summary.read += usize::from(actions.reads());
                    continue;
                }
            }
            summary.add += usize::from(actions.creates());
            summary.change += usize::from(actions.updates());
            summary.destroy += usize::from(actions.deletes());
            summary.replace += usize::from(actions.replaces().is_some());
            summary.forget += usize::from(actions.forgets());
            summary.unchanged += usize::from(actions.is_no_op());
            summary.import += usize::from(resource.change.importing.is_some());
            summary.moved += usize::from(resource.previous_address.is_some());
        }
        summary
    }
}
