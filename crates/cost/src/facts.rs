//! Reads what prices depend on from the attributes of objects, and follows references to other objects.

use std::collections::HashMap;

use planguard_plan::{
    Attribute, AttributePath, Mode, Plan, ResourceChange, ResourceState, Side, Value, View,
};
use rust_decimal::Decimal;

use crate::amount::parse_amount;
use crate::bill::{Input, Missing};

/// The most that anything is counted to; more is a mistake or a joke.
const MOST: u32 = 1_000_000;

/// The most of gigabytes, operations a second and the like.
const MOST_OF_A_SIZE: u32 = 1_000_000_000;

/// The managed objects of a plan by the addresses of their blocks.
pub(crate) struct World<'p> {
    pub(crate) plan: &'p Plan<'p>,
    by_block: HashMap<String, Vec<&'p ResourceChange<'p>>>,
}

impl<'p> World<'p> {
    pub(crate) fn of(plan: &'p Plan<'p>) -> Self {
        let mut by_block: HashMap<String, Vec<_>> = HashMap::new();
        let managed = plan
            .resource_changes
            .iter()
            .filter(|change| change.address.mode == Mode::Managed && change.deposed.is_none());
        for change in managed {
            by_block.entry(change.address.configuration_address()).or_default().push(change);
        }
        Self { plan, by_block }
    }
}

/// An object on one side of its change.
pub(crate) struct Resource<'w, 'p> {
    pub(crate) world: &'w World<'p>,
    pub(crate) state: ResourceState<'p>,
}

impl<'w, 'p> Resource<'w, 'p> {
    pub(crate) fn new(world: &'w World<'p>, change: &'p ResourceChange<'p>, side: Side) -> Option<Self> {
        ResourceState::new(world.plan, change, side).map(|state| Self { world, state })
    }

    /// All of its attributes.
    pub(crate) fn root(&self) -> Place<'p, '_> {
        Place { view: self.state.root(), name: String::new() }
    }

    pub(crate) fn resource_type(&self) -> &'p str {
        &self.state.change.address.resource_type
    }

    /// The object of one of these types that an attribute names: by a reference of the configuration, or by its `id`,
    /// `name` or `arn`. `what` names it in the reason why it is not found.
    pub(crate) fn named_by(&self, place: &Place<'p, '_>, types: &[&str], what: &str) -> Input<Self> {
        if let Attribute::Known(Value::String(text)) = place.view.attribute()
            && !text.is_empty()
            && let Some(found) = self.by_identity(text, types)
        {
            return Ok(found);
        }
        match self.by_reference(place.view.path(), types) {
            Found::One(found) => Ok(found),
            Found::None => Err(Missing::unknown(format!("the {what} is not in the plan"))),
            Found::Several => Err(Missing::unknown(format!("the plan does not tell which {what} it is"))),
        }
    }

    fn by_identity(&self, text: &str, types: &[&str]) -> Option<Self> {
        let changes = self.world.plan.resource_changes.iter();
        let of_types = changes.filter(|change| {
            change.deposed.is_none()
                && change.address.mode == Mode::Managed
                && types.contains(&change.address.resource_type.as_str())
        });
        let mut found = of_types.filter(|change| {
            let sides = [change.change.before.as_deref(), change.change.after.as_deref()];
            sides.into_iter().flatten().any(|value| {
                ["id", "name", "arn", "self_link", "family"]
                    .iter()
                    .any(|key| value.get(key).and_then(Value::as_str) == Some(text))
            })
        });
        let first = found.next()?;
        if found.next().is_some() {
            return None;
        }
        self.beside(first)
    }

    fn by_reference(&self, path: &AttributePath, types: &[&str]) -> Found<Self> {
        let Some(resolution) = self.configured().and_then(|state| state.references(path)) else {
            return Found::None;
        };
        let own = &self.state.change.address;
        let mut found: Vec<&'p ResourceChange<'p>> = Vec::new();
        for reference in &resolution.resources {
            let Some(changes) = self.world.by_block.get(&reference.address) else { continue };
            let mut near: Vec<_> = changes
                .iter()
                .copied()
                .filter(|change| types.contains(&change.address.resource_type.as_str()))
                .collect();
            // Of several instances it is the one of the same module instance, then of the key that the reference or the
            // object itself has.
            let filters: [&dyn Fn(&ResourceChange<'_>) -> bool; 2] = [
                &|change| {
                    change.address.modules.iter().all(|step| {
                        own.modules.iter().all(|other| step.name != other.name || step.key == other.key)
                    })
                },
                &|change| match &reference.key {
                    Some(written) if !written.contains("each.") && !written.contains("count.") => {
                        change.address.key.as_ref().is_some_and(|key| key.to_string() == *written)
                    }
                    Some(_) | None => change.address.key == own.key,
                },
            ];
            for filter in filters {
                if near.len() > 1 && near.iter().any(|change| filter(change)) {
                    near.retain(|change| filter(change));
                }
            }
            found.extend(near);
        }
        found.sort_by_key(|change| change.address.to_string());
        found.dedup_by_key(|change| change.address.to_string());
        match found.as_slice() {
            [only] => self.beside(only).map_or(Found::None, Found::One),
            [] => Found::None,
            _ => Found::Several,
        }
    }

    /// The state whose configuration tells what this one refers to. That of an object before its change is gone, but
    /// its references are mostly those of today.
    fn configured(&self) -> Option<ResourceState<'p>> {
        match self.state.side {
            Side::After => Some(self.state),
            Side::Before => ResourceState::new(self.world.plan, self.state.change, Side::After),
        }
    }

    /// Another object on the same side, or on the one that it has.
    fn beside(&self, change: &'p ResourceChange<'p>) -> Option<Self> {
        let other = match self.state.side {
            Side::Before => Side::After,
            Side::After => Side::Before,
        };
        Self::new(self.world, change, self.state.side).or_else(|| Self::new(self.world, change, other))
    }
}

enum Found<T> {
    None,
    One(T),
    Several,
}

/// A place among the attributes of an object.
pub(crate) struct Place<'p, 's> {
    pub(crate) view: View<'p, 's>,
    /// The name of the attribute, for sentences.
    name: String,
}

impl<'p, 's> Place<'p, 's> {
    /// The place of an attribute.
    pub(crate) fn get(&self, name: &str) -> Self {
        Self { view: self.view.key(name), name: name.to_owned() }
    }

    /// Why a price that depends on an attribute without a value is missing.
    pub(crate) fn not_set(&self, name: &str) -> Missing {
        let is_known_later = self.view.key(name).is_known_after_apply();
        Missing::unknown(format!(
            "`{name}` is {}",
            if is_known_later { "known after apply" } else { "not set" }
        ))
    }

    fn unknown(&self) -> Missing {
        let why = if self.view.is_sensitive() { "sensitive" } else { "known after apply" };
        Missing::unknown(format!("`{}` is {why}", self.name))
    }

    /// The attribute here. One that is marked as sensitive is as good as unknown: an amount would tell it.
    fn attribute(&self) -> Attribute<'p> {
        match self.view.attribute() {
            Attribute::Known(_) if self.view.is_sensitive() => Attribute::Unknown,
            attribute => attribute,
        }
    }

    /// The text of an attribute, if it is set.
    pub(crate) fn text(&self, name: &str) -> Input<Option<&'p str>> {
        let place = self.get(name);
        match place.attribute() {
            Attribute::Known(Value::String(text)) if text.is_empty() => Ok(None),
            Attribute::Known(Value::String(text)) => Ok(Some(text)),
            Attribute::Known(_) => Err(Missing::unknown(format!("`{name}` is not a text"))),
            Attribute::Unknown => Err(place.unknown()),
            Attribute::Unset => Ok(None),
        }
    }

    /// The text of an attribute that a price depends on.
    pub(crate) fn needed(&self, name: &str) -> Input<&'p str> {
        self.text(name)?.ok_or_else(|| self.not_set(name))
    }

    /// A number that is not negative, if it is set. Some attributes have it as a text.
    pub(crate) fn number(&self, name: &str) -> Input<Option<Decimal>> {
        let place = self.get(name);
        let text = match place.attribute() {
            Attribute::Known(Value::Number(number)) => number.to_string(),
            Attribute::Known(Value::String(text)) if text.is_empty() => return Ok(None),
            Attribute::Known(Value::String(text)) => text.to_string(),
            Attribute::Known(_) => return Err(Missing::unknown(format!("`{name}` is not a number"))),
            Attribute::Unknown => return Err(place.unknown()),
            Attribute::Unset => return Ok(None),
        };
        let number = parse_amount(&text)
            .filter(|number| !number.is_sign_negative() && *number <= Decimal::from(MOST_OF_A_SIZE));
        number.map(Some).ok_or_else(|| Missing::unknown(format!("`{name}` is not a possible number")))
    }

    /// How many of something there are, if it is set.
    pub(crate) fn count(&self, name: &str) -> Input<Option<Decimal>> {
        let number = self.number(name)?;
        if number.is_some_and(|number| !number.fract().is_zero() || number > Decimal::from(MOST)) {
            return Err(Missing::unknown(format!("`{name}` is not a number from 0 to {MOST}")));
        }
        Ok(number)
    }

    /// How many of something there are, which a price depends on.
    pub(crate) fn needed_count(&self, name: &str) -> Input<Decimal> {
        self.count(name)?.ok_or_else(|| self.not_set(name))
    }

    /// Whether a flag is set.
    pub(crate) fn flag(&self, name: &str) -> Input<bool> {
        let place = self.get(name);
        match place.attribute() {
            Attribute::Known(Value::Bool(flag)) => Ok(*flag),
            Attribute::Known(Value::String(text)) => Ok(text == "true"),
            Attribute::Known(_) => Err(Missing::unknown(format!("`{name}` is not true or false"))),
            Attribute::Unknown => Err(place.unknown()),
            Attribute::Unset => Ok(false),
        }
    }

    /// The blocks or elements of an attribute.
    pub(crate) fn list(&self, name: &str) -> Input<Vec<Self>> {
        let place = self.get(name);
        let elements = place.view.elements().ok_or_else(|| place.unknown())?;
        Ok(elements.into_iter().map(|view| Self { view, name: name.to_owned() }).collect())
    }

    /// The first block of an attribute, if it has one.
    pub(crate) fn block(&self, name: &str) -> Input<Option<Self>> {
        Ok(self.list(name)?.into_iter().next())
    }

    /// The text at this place itself, an element of a list.
    pub(crate) fn own_text(&self) -> Input<&'p str> {
        match self.attribute() {
            Attribute::Known(Value::String(text)) => Ok(text),
            Attribute::Known(_) | Attribute::Unset => {
                Err(Missing::unknown(format!("`{}` is not set", self.name)))
            }
            Attribute::Unknown => Err(self.unknown()),
        }
    }
}

/// How many elements there are.
pub(crate) fn number_of<T>(elements: &[T]) -> Decimal {
    Decimal::from(elements.len())
}
