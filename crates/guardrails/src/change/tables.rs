//! The tables of `policies/change`: what a guard knows of a resource type, decoded when a plan has the type.

use std::ops::Range;
use std::sync::OnceLock;

use planguard_guardrail_format::change::{
    DocumentSwitch, Group, Mark, MarkedAttribute, NamedSetting, OpeningLayout, Period, Switch, TypeFacts,
};

use crate::names::Name;

static BYTES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/change-tables.bin"));

// One static for each file, for example `STATEFUL` for `stateful.toml`. A table that no guard uses is dead code.
include!(concat!(env!("OUT_DIR"), "/change-tables.rs"));

/// The table of one guard, as the build script embedded it.
pub(super) struct Table {
    /// The types that the table names, sorted, and where the facts about each are in `BYTES`.
    types: &'static [(Name, Range<u32>)],
    /// Where the facts about every type are.
    every: Range<u32>,
    /// The facts that were decoded: one for each of `types`, and the last for every type.
    decoded: &'static [OnceLock<Box<TypeFacts>>],
}

impl Table {
    /// The group that a type is in.
    pub(super) fn group(&self, resource_type: &str) -> Option<&'static Group> {
        self.of_type(resource_type)?.group.as_ref()
    }

    /// The switches of a type. One that is named for the type replaces the one of this name for every type.
    pub(super) fn switches(&self, resource_type: &str) -> impl Iterator<Item = &'static Switch> {
        let own = self.of_type(resource_type).map(|facts| facts.switches.as_slice()).unwrap_or_default();
        let every = self.of_every_type().switches.iter();
        every.filter(move |switch| own.iter().all(|named| named.attribute != switch.attribute)).chain(own)
    }

    /// The periods of a type. One that is named for the type replaces the one of this name for every type.
    pub(super) fn periods(&self, resource_type: &str) -> impl Iterator<Item = &'static Period> {
        let own = self.of_type(resource_type).map(|facts| facts.periods.as_slice()).unwrap_or_default();
        let every = self.of_every_type().periods.iter();
        every.filter(move |period| own.iter().all(|named| named.attribute != period.attribute)).chain(own)
    }

    /// The settings of a type inside texts.
    pub(super) fn documents(&self, resource_type: &str) -> &'static [DocumentSwitch] {
        self.of_type(resource_type).map(|facts| facts.documents.as_slice()).unwrap_or_default()
    }

    /// The settings of a type that have their name in an attribute.
    pub(super) fn parameters(&self, resource_type: &str) -> &'static [NamedSetting] {
        self.of_type(resource_type).map(|facts| facts.parameters.as_slice()).unwrap_or_default()
    }

    /// The attributes of a type that bear a mark.
    pub(super) fn marked(
        &self,
        resource_type: &str,
        mark: Mark,
    ) -> impl Iterator<Item = &'static MarkedAttribute> {
        let own = self.of_type(resource_type).map(|facts| facts.attributes.as_slice()).unwrap_or_default();
        self.of_every_type().attributes.iter().chain(own).filter(move |attribute| attribute.mark == mark)
    }

    /// How a type describes the network traffic that it allows and denies.
    pub(super) fn openings(&self, resource_type: &str) -> &'static [OpeningLayout] {
        self.of_type(resource_type).map(|facts| facts.openings.as_slice()).unwrap_or_default()
    }

    /// Whether the table names a type.
    pub(super) fn names(&self, resource_type: &str) -> bool {
        self.position(resource_type).is_some()
    }

    /// The types that the table names, sorted.
    #[cfg(test)]
    pub(super) fn types(&self) -> impl Iterator<Item = &'static str> {
        self.types.iter().map(|(name, _)| name.of(NAMES))
    }

    fn of_every_type(&self) -> &'static TypeFacts {
        self.decode(self.types.len(), &self.every)
    }

    fn of_type(&self, resource_type: &str) -> Option<&'static TypeFacts> {
        let position = self.position(resource_type)?;
        Some(self.decode(position, &self.types[position].1))
    }

    fn position(&self, resource_type: &str) -> Option<usize> {
        self.types.binary_search_by(|(name, _)| name.of(NAMES).cmp(resource_type)).ok()
    }

    fn decode(&self, position: usize, range: &Range<u32>) -> &'static TypeFacts {
        self.decoded[position].get_or_init(|| {
            // The build script of the same version wrote it, and a test decodes all of it.
            let bytes = &BYTES[range.start as usize..range.end as usize];
            Box::new(postcard::from_bytes(bytes).expect("the build encoded it"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_decodes() {
        for table in ALL {
            assert!(table.types().is_sorted_by(|left, right| left < right));
            table.of_every_type();
            for name in table.types() {
                let facts = table.of_type(name).unwrap();
                let entries = facts.switches.len()
                    + facts.documents.len()
                    + facts.parameters.len()
                    + facts.periods.len()
                    + facts.attributes.len()
                    + facts.openings.len();
                assert!(entries > 0 || facts.group.is_some(), "{name}");
            }
        }
        assert!(STATEFUL.group("aws_db_instance").is_some() && STATEFUL.group("aws_instance").is_none());
    }

    #[test]
    fn a_switch_of_a_type_replaces_the_one_of_every_type() {
        let protections = |resource_type: &str| {
            let named = PROTECTION_OFF.switches(resource_type);
            named.filter(|switch| switch.attribute == ["deletion_protection"]).count()
        };
        assert_eq!(protections("aws_cognito_user_pool"), 1);
        assert_eq!(protections("no_such_type"), 1);
    }

    /// The guards of other tables do not look at it: it would be written and mean nothing.
    #[test]
    fn only_what_is_lost_has_a_severity_by_type() {
        let mut with_one = 0;
        for table in ALL {
            let types = table.types();
            let weighed: Vec<&str> = types
                .filter(|name| table.group(name).is_some_and(|group| group.severity.is_some()))
                .collect();
            let losses: [&Table; 5] =
                [&STATEFUL, &ALARM_REMOVED, &BACKUP_REMOVED, &GUARD_REMOVED, &SERVICE_REMOVED];
            assert!(
                weighed.is_empty() || losses.iter().any(|lost| std::ptr::eq(*table, *lost)),
                "{weighed:?}"
            );
            with_one += weighed.len();
        }
        assert!(with_one > 0);
    }
}
