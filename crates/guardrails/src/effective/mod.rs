//! What an object has beyond what separate resources of the plan give it: rules, attachments and policies, which are
//! judged as the resources that they are.
//!
//! A provider reads all of it back into computed attributes of the object. These say how the object was when it was last
//! read, before this plan, and they differ from the last apply as soon as a separate resource exists.

mod parts;
mod table;

pub(crate) use parts::unexplained;
pub(crate) use table::{Filler, MIRRORS, Mirror, Parts};

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use planguard_plan::{AttributePath, PathStep, Plan, ResourceChange, Value};

/// The separate resources of a plan that exist before it, by type and by the object that they name.
#[derive(Debug)]
pub struct Effective<'p> {
    plan: &'p Plan<'p>,
    fillers: HashMap<(&'static str, &'p str), Vec<&'p Value<'p>>>,
    /// Those among them that the plan destroys.
    destroyed: HashSet<(&'static str, &'p str)>,
}

impl<'p> Effective<'p> {
    /// Looks at the resources of a plan.
    pub fn new(plan: &'p Plan<'p>) -> Self {
        let mut fillers: HashMap<(&'static str, &'p str), Vec<&'p Value<'p>>> = HashMap::new();
        let mut destroyed: HashSet<(&'static str, &'p str)> = HashSet::new();
        let types: HashMap<&str, &Filler> = MIRRORS
            .iter()
            .flat_map(|mirror| mirror.fillers)
            .map(|filler| (filler.resource_type, filler))
            .collect();
        let changes = plan.each_change().filter(|change| change.deposed.is_none());
        let changes = changes.filter_map(|change| {
            let is_destroyed = change.change.actions.only_deletes();
            Some((change.address.resource_type.as_str(), change.change.before.as_deref()?, is_destroyed))
        });
        // A plan of `-refresh-only` has the objects in its state only.
        let refreshed = plan.refreshed.iter().map(|(of_type, values)| (of_type.as_ref(), values, false));
        for (resource_type, before, is_destroyed) in changes.chain(refreshed) {
            let Some(filler) = types.get(resource_type) else { continue };
            for name in before.get(filler.names).into_iter().flat_map(texts) {
                fillers.entry((filler.resource_type, name)).or_default().push(before);
                if is_destroyed {
                    destroyed.insert((filler.resource_type, name));
                }
            }
        }
        Self { plan, fillers, destroyed }
    }

    /// A change without what separate resources account for, on both sides; `None` where that is nothing.
    pub fn own(&self, change: &ResourceChange<'p>) -> Option<ResourceChange<'p>> {
        self.without(change, |mirror| self.is_configured(change, mirror))
    }

    /// The same for what was changed since the last apply. Then a separate resource filled in what it accounts for, even if
    /// the configuration sets the attribute as well: the two undo each other, and nobody else did anything. Of an attribute
    /// without parts, that is what the separate resource says, or all of it, if this plan destroys that resource.
    pub fn own_drift(&self, drift: &ResourceChange<'p>) -> Option<ResourceChange<'p>> {
        let object = drift.change.before.as_deref()?;
        let was_filled_in = |mirror: &Mirror| {
            mirror.fillers.iter().any(|filler| {
                let mut names =
                    filler.identities.iter().filter_map(|identity| object.get(identity)?.as_str());
                names.any(|name| self.destroyed.contains(&(filler.resource_type, name)))
            })
        };
        let is_of_another = |mirror: &Mirror| {
            let found = drift.change.after.as_deref().and_then(|after| after.get(mirror.attribute));
            let fillers = self.fillers_of(mirror, object);
            fillers.iter().any(|filler| filler.get(mirror.attribute).is_some_and(|own| Some(own) == found))
        };
        self.without(drift, |mirror| {
            matches!(mirror.parts, Parts::Whole)
                && self.is_configured(drift, mirror)
                && !was_filled_in(mirror)
                && !is_of_another(mirror)
        })
    }

    /// A change without what separate resources account for, except in the mirrors that something leaves out.
    fn without(
        &self,
        change: &ResourceChange<'p>,
        is_left_out: impl Fn(&Mirror) -> bool,
    ) -> Option<ResourceChange<'p>> {
        if self.fillers.is_empty() {
            return None;
        }
        let object = change.change.before.as_deref()?;
        let mut own: Option<ResourceChange<'p>> = None;
        for mirror in MIRRORS.iter().filter(|mirror| mirror.object == change.address.resource_type) {
            if is_left_out(mirror) || is_masked(change, mirror) {
                continue;
            }
            let fillers = self.fillers_of(mirror, object);
            if fillers.is_empty() {
                continue;
            }
            let rest = |side: &Option<Arc<Value<'p>>>| {
                let whole = side.as_deref()?;
                let own = parts::unexplained(mirror, whole.get(mirror.attribute)?, &fillers, object)?;
                Some(Arc::new(whole.clone().with(mirror.attribute, own)))
            };
            let current = own.as_ref().map_or(&change.change, |own| &own.change);
            let (before, after) = (rest(&current.before), rest(&current.after));
            if before.is_none() && after.is_none() {
                continue;
            }
            let own = own.get_or_insert_with(|| change.clone());
            own.change.before = before.or_else(|| own.change.before.take());
            own.change.after = after.or_else(|| own.change.after.take());
        }
        own
    }

    /// The resources that fill in a mirror of an object.
    fn fillers_of(&self, mirror: &Mirror, object: &Value<'p>) -> Vec<&'p Value<'p>> {
        let mut found = Vec::new();
        for filler in mirror.fillers {
            let names = filler.identities.iter().filter_map(|identity| object.get(identity)?.as_str());
            let mut names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
            names.sort_unstable();
            names.dedup();
            let named = names.iter().flat_map(|name| {
                self.fillers.get(&(filler.resource_type, *name)).map(Vec::as_slice).unwrap_or_default()
            });
            found.extend(named.copied().filter(|resource| belongs(filler, resource, object)));
        }
        found
    }

    fn is_configured(&self, change: &ResourceChange<'p>, mirror: &Mirror) -> bool {
        let config = self.plan.configuration.as_ref().and_then(|all| all.resource(&change.address));
        config.is_some_and(|(_, block)| block.expressions.get(mirror.attribute).is_some())
    }
}

/// Whether a resource fills in the mirror of an object that it names.
pub(crate) fn belongs(filler: &Filler, resource: &Value<'_>, object: &Value<'_>) -> bool {
    let is_within = filler.within.is_none_or(|name| resource.get(name) == object.get(name));
    is_within
        && filler.when.is_none_or(|(name, text)| match resource.get(name) {
            Some(Value::Bool(flag)) => flag.to_string() == text,
            Some(value) => value.as_str() == Some(text),
            None => false,
        })
}

/// Whether a mask says something of a mirror: it goes by positions, which must stay as they are.
fn is_masked(change: &ResourceChange<'_>, mirror: &Mirror) -> bool {
    let change = &change.change;
    let masks = [&change.after_unknown, &change.before_sensitive, &change.after_sensitive];
    masks.into_iter().flatten().any(|mask| match mask {
        Value::Object(_) => mask.get(mirror.attribute).is_some_and(Value::has_true_leaf),
        whole => whole.has_true_leaf(),
    })
}

/// Whether the provider reads an attribute back from what others attach, without a trace of what: an elastic address that
/// the same configuration gives to a machine shows up as drift of the machine.
pub fn is_read_back(attribute: &AttributePath) -> bool {
    attribute.last_key() == Some("associate_public_ip_address")
}

/// Whether an attribute that differs from the last known object can have been changed outside of Terraform. It cannot if
/// the object has no value of it, since a newer release of the provider may read it for the first time, and if what
/// others attach is read back into it.
pub fn can_have_drifted(last_known: &ResourceChange<'_>, attribute: &AttributePath) -> bool {
    let before = last_known.change.before.as_deref().zip(attribute.first_key());
    let was_read =
        before.and_then(|(before, name)| before.get(name)).is_some_and(|value| *value != Value::Null);
    was_read && !is_read_back(attribute)
}

/// A text, or the texts of a list.
fn texts<'v>(value: &'v Value<'_>) -> impl Iterator<Item = &'v str> {
    let elements = value.elements().iter().filter_map(Value::as_str);
    value.as_str().into_iter().chain(elements).filter(|text| !text.is_empty())
}

/// The state of an object that Terraform last knew, where it was changed outside of Terraform since then.
#[derive(Debug)]
pub struct LastKnown<'p>(HashMap<String, &'p ResourceChange<'p>>);

impl<'p> LastKnown<'p> {
    /// Looks at the drift of a plan.
    pub fn new(plan: &'p Plan<'p>) -> Self {
        let drifted = plan.each_drift().filter(|drift| drift.deposed.is_none());
        Self(drifted.map(|drift| (drift.address.to_string(), drift)).collect())
    }

    /// The drift of the object that a change is about.
    pub fn drift(&self, change: &ResourceChange<'p>) -> Option<&'p ResourceChange<'p>> {
        if self.0.is_empty() || change.deposed.is_some() {
            return None;
        }
        let former = || self.0.get(&change.previous_address.as_ref()?.to_string());
        self.0.get(&change.address.to_string()).or_else(former).copied()
    }
}

/// The attributes of objects that were changed outside of Terraform, and not by its own separate resources.
#[derive(Debug)]
pub struct ByHand(HashMap<String, Vec<String>>);

impl ByHand {
    /// Looks at the drift of a plan.
    pub fn new(plan: &Plan<'_>) -> Self {
        let effective = Effective::new(plan);
        let mut attributes: HashMap<String, Vec<String>> = HashMap::new();
        for drift in plan.each_drift().filter(|drift| drift.deposed.is_none()) {
            let own = effective.own_drift(drift);
            let own = own.as_ref().unwrap_or(drift);
            let (Some(before), Some(after)) = (&own.change.before, &own.change.after) else { continue };
            let changed = before.members().iter().filter(|(name, value)| after.get(name) != Some(value));
            let names = changed.map(|(name, _)| name.to_string());
            let names = names
                .filter(|name| can_have_drifted(drift, &AttributePath(vec![PathStep::Key(name.clone())])));
            attributes.entry(drift.address.to_string()).or_default().extend(names);
        }
        Self(attributes)
    }

    /// Whether an attribute of the object with this address was.
    pub fn has(&self, address: &str, attribute: &str) -> bool {
        self.0.get(address).is_some_and(|names| names.iter().any(|name| name == attribute))
    }

    /// Whether anything of the object with this address was.
    pub fn has_some(&self, address: &str) -> bool {
        self.0.get(address).is_some_and(|names| !names.is_empty())
    }
}

#[cfg(test)]
mod tests;
