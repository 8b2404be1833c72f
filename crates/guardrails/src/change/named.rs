//! Objects of a plan by what others call them: a known identity, or a reference.

use std::collections::HashMap;

use planguard_plan::{Mode, Plan, ResourceChange, Value, View};

use super::compare::{Sight, sight};
use crate::engine::is_same_instance;

/// Attributes by which an object is named.
const IDENTITIES: &[&str] = &["id", "arn", "name"];

/// The objects of some types.
pub(super) struct Named<'p> {
    by_block: HashMap<String, Vec<&'p ResourceChange<'p>>>,
    by_identity: HashMap<&'p str, Vec<&'p ResourceChange<'p>>>,
}

impl<'p> Named<'p> {
    /// Indexes the objects of these types.
    pub(super) fn of_types(plan: &'p Plan<'p>, types: &[&str]) -> Self {
        let is_one = |change: &&ResourceChange<'_>| {
            change.address.mode == Mode::Managed
                && change.deposed.is_none()
                && types.contains(&change.address.resource_type.as_str())
        };
        let mut by_block: HashMap<String, Vec<_>> = HashMap::new();
        let mut by_identity: HashMap<&str, Vec<_>> = HashMap::new();
        for object in plan.each_change().filter(is_one) {
            by_block.entry(object.address.configuration_address()).or_default().push(object);
            for identity in identities(object) {
                let named = by_identity.entry(identity).or_default();
                // One object may have an identity twice.
                if named.last().is_none_or(|other: &&ResourceChange<'_>| other.address != object.address) {
                    named.push(object);
                }
            }
        }
        Self { by_block, by_identity }
    }

    /// The objects with an identity.
    pub(super) fn with_identity(&self, text: &str) -> &[&'p ResourceChange<'p>] {
        self.by_identity.get(text).map(Vec::as_slice).unwrap_or_default()
    }

    /// The objects that a place names: those with its known text, or else those that it refers to.
    pub(super) fn at(&self, place: &View<'p, '_>) -> Vec<&'p ResourceChange<'p>> {
        match sight(place) {
            Sight::Known(value) => {
                value.as_str().map(|text| self.with_identity(text).to_vec()).unwrap_or_default()
            }
            Sight::Unset | Sight::Computed => Vec::new(),
            Sight::Unknown => {
                let own = &place.state().change.address;
                let references = place.state().references(place.path());
                let references = references.into_iter().flat_map(|found| found.resources);
                references
                    .flat_map(|reference| {
                        let of_block = self.by_block.get(&reference.address).cloned().unwrap_or_default();
                        of_block.into_iter().filter(move |object| {
                            is_same_instance(&object.address, own, reference.key.as_deref())
                        })
                    })
                    .collect()
            }
        }
    }
}

/// What others may call an object, as it is and as it will be.
pub(super) fn identities<'p>(object: &'p ResourceChange<'p>) -> impl Iterator<Item = &'p str> {
    let sides = [object.change.before.as_deref(), object.change.after.as_deref()];
    let values =
        sides.into_iter().flatten().flat_map(|side| IDENTITIES.iter().filter_map(|name| side.get(name)));
    values.filter_map(Value::as_str).filter(|text| !text.is_empty())
}
