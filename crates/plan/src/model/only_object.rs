//! Reads parts of a plan that are objects from objects alone.
//!
//! A derived reader also takes an array, field by field: `[[]]` would be a variable without a name for its value, and
//! whatever stands further behind would be lost without a word.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

/// Implements `Deserialize` for types that derive it with `#[serde(remote = "Self")]`.
macro_rules! only_objects {
    ($($name:ident),+ $(,)?) => {$(
        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Read;

                impl<'de> $crate::model::only_object::OfObject<'de> for Read {
                    type Value = $name<'de>;

                    fn read<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error> {
                        $name::deserialize(deserializer)
                    }
                }

                $crate::model::only_object::read::<Read, D>(deserializer)
            }
        }
    )+};
}

pub(super) use only_objects;

/// What is read of the members of an object.
pub(super) trait OfObject<'de> {
    /// What they make.
    type Value;

    /// Reads it.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error>;
}

/// Reads an object; everything else is an error.
pub(super) fn read<'de, R: OfObject<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<R::Value, D::Error> {
    deserializer.deserialize_map(OnlyObject::<R>(PhantomData))
}

struct OnlyObject<R>(PhantomData<R>);

impl<'de, R: OfObject<'de>> Visitor<'de> for OnlyObject<R> {
    type Value = R::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        R::read(MapAccessDeserializer::new(map))
    }
}
