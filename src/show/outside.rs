//! What was changed outside of Terraform, apart from what the plan does.

use planguard_guardrails::change::{self, Fate, OutsideChange};
use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{AttributePath, PathStep, Plan, ResourceChange};

use super::entry::Entry;
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
    /// What of it the plan puts back.
    pub put_back: PutBack,
    /// The attributes that differ.
    pub entries: Vec<Entry>,
}

/// What of a change outside of Terraform the plan undoes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutBack {
    /// Nothing.
    Nothing,
    /// These attributes.
    Attributes(Vec<SafeText>),
    /// All of it; a deleted object is created anew.
    Everything,
}

impl Outside {
    pub(crate) fn of(plan: &Plan<'_>, redactor: &Redactor) -> Self {
        let mut outside = Self::default();
        let mut matters = change::changed_outside(plan).into_iter().peekable();
        for change in plan.resource_drift.iter().filter(|change| !change.change.actions.is_no_op()) {
            // Both are in the order of the plan.
            let what =
                matters.next_if(|matters| std::ptr::eq(matters.drift, change)).map(|matters| matters.what);
            let mut drifted = Drifted {
                address: SafeText::address(&change.address),
                deleted: change.change.actions.only_deletes(),
                put_back: what.as_ref().map_or(PutBack::Nothing, |what| PutBack::of(what, redactor)),
                entries: changed_outside(change, redactor).entries,
            };
            let says_something = drifted.deleted || !drifted.entries.iter().all(Entry::is_nothing);
            if says_something && is_relevant(plan, change) {
                outside.relevant.push(drifted);
                continue;
            }
            match what {
                None => outside.noise += 1,
                Some(OutsideChange::Deleted(_)) => outside.others.push(drifted),
                Some(OutsideChange::Attributes(attributes)) => {
                    let is_named = |name: &str| attributes.iter().any(|(attribute, _)| attribute == name);
                    drifted.entries.retain(|entry| is_named(entry.name.unescaped()));
                    outside.others.push(drifted);
                }
            }
        }
        outside
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.relevant.is_empty() && self.others.is_empty() && self.noise == 0
    }
}

impl PutBack {
    fn of(what: &OutsideChange, redactor: &Redactor) -> Self {
        match what {
            OutsideChange::Deleted(Fate::PutBack) => Self::Everything,
            OutsideChange::Deleted(_) => Self::Nothing,
            OutsideChange::Attributes(attributes) => {
                let put_back = attributes.iter().filter(|(_, fate)| *fate == Fate::PutBack);
                let names: Vec<SafeText> = put_back.map(|(name, _)| redactor.key(name)).collect();
                match names.len() {
                    0 => Self::Nothing,
                    all if all == attributes.len() => Self::Everything,
                    _ => Self::Attributes(names),
                }
            }
        }
    }
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
