//! What was changed outside of Terraform, apart from what the plan does.

use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{AttributePath, PathStep, Plan, ResourceChange};

use super::difference::Entry;
use super::object::changed_outside;

/// What was changed outside of Terraform.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// Objects of which this plan depends on a changed attribute.
    pub relevant: Vec<Drifted>,
    /// All others in which something differs that a configuration can set.
    pub others: Vec<Drifted>,
    /// How many differ in nothing else than what providers compute, or in how they write what is empty.
    pub noise: usize,
}

/// An object that was changed outside of Terraform.
#[derive(Clone, Debug)]
pub struct Drifted {
    /// Its address.
    pub address: SafeText,
    /// Whether it was deleted.
    pub deleted: bool,
    /// The attributes that differ.
    pub entries: Vec<Entry>,
}

impl Outside {
    pub(super) fn of(plan: &Plan<'_>, redactor: &Redactor) -> Self {
        let mut outside = Self::default();
        for change in plan.resource_drift.iter().filter(|change| !change.change.actions.is_no_op()) {
            let mut drifted = Drifted {
                address: SafeText::address(&change.address),
                deleted: change.change.actions.only_deletes(),
                entries: changed_outside(change, redactor).entries,
            };
            if is_relevant(plan, change) {
                outside.relevant.push(drifted);
                continue;
            }
            drifted.entries.retain(|entry| !is_noise(change, entry));
            if drifted.deleted || !drifted.entries.is_empty() {
                outside.others.push(drifted);
            } else {
                outside.noise += 1;
            }
        }
        outside
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.relevant.is_empty() && self.others.is_empty() && self.noise == 0
    }
}

/// Whether an attribute differs without anybody's doing: no configuration can set it, or nothing is written in another way.
fn is_noise(change: &ResourceChange<'_>, entry: &Entry) -> bool {
    let name = entry.name.unescaped();
    let attribute = change.schema().and_then(|schema| schema.block.attribute(name));
    attribute.is_some_and(|attribute| !attribute.is_settable()) || entry.is_nothing()
}

/// Whether the plan depends on an attribute that differs. Terraform lists such attributes by the addresses of blocks or of
/// instances.
fn is_relevant(plan: &Plan<'_>, change: &ResourceChange<'_>) -> bool {
    let (address, block) = (change.address.to_string(), change.address.configuration_address());
    let of_object = plan
        .relevant_attributes
        .iter()
        .filter(|relevant| *relevant.resource == address || *relevant.resource == block);
    of_object.into_iter().any(|relevant| differs(change, &relevant.attribute))
}

/// Whether what a path leads to differs.
fn differs(change: &ResourceChange<'_>, path: &AttributePath) -> bool {
    let follow = |value: Option<&planguard_plan::Value<'_>>| {
        path.0
            .iter()
            .try_fold(value?, |value, step| match step {
                PathStep::Key(name) => value.get(name),
                PathStep::Index(position) => value.elements().get(*position),
            })
            .map(planguard_plan::Value::written)
    };
    follow(change.change.before.as_deref()) != follow(change.change.after.as_deref())
}
