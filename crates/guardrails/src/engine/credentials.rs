//! Which credentials a predicate finds, so that those of two sides of a change can be told apart.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use planguard_plan::{Attribute, PathStep, Value, View};

use super::secret;
use crate::unreadable;

/// The credentials that an answer is about: what they hash to, since nothing else of them may be printed or is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Credentials(BTreeSet<u64>);

impl Credentials {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether some of these are not among the others.
    pub(super) fn has_more_than(&self, other: &Self) -> bool {
        !self.0.is_subset(&other.0)
    }

    fn add(&mut self, text: impl Hash) {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        self.0.insert(hasher.finish());
    }

    /// Those that a text, a list or a map contains; all of a text that tells only what it was made of.
    pub(super) fn within(value: &Value<'_>) -> Self {
        let mut found = Self::default();
        secret::each_credential(value, &mut |text| found.add(text));
        if let (true, Some(text)) = (found.is_empty(), value.as_str()) {
            found.add(text);
        }
        found
    }

    /// The value of a place that is a credential as a whole. Of a document, what is beside the credentials does not count: a
    /// user has another name, and the password is the old one.
    pub(super) fn at(place: &View<'_, '_>) -> Self {
        let mut found = Self::default();
        match place.attribute() {
            Attribute::Known(value) => {
                let document = value.as_str().and_then(|text| unreadable::json(text).ok());
                let value = document.as_ref().filter(|document| is_document(document)).unwrap_or(value);
                collect(value, &mut found);
                if found.is_empty() {
                    found.add(format!("{value:?}"));
                }
            }
            // A value that is only written has a version, which changes with it.
            Attribute::Unset => {
                if let [PathStep::Key(name)] = place.path().0.as_slice()
                    && let Attribute::Known(version) =
                        place.state().root().key(&format!("{name}_version")).attribute()
                {
                    found.add(format!("{version:?}"));
                }
            }
            Attribute::Unknown => {}
        }
        found
    }
}

fn is_document(value: &Value<'_>) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

/// The texts of a document, without those whose names say that they are none.
fn collect(value: &Value<'_>, found: &mut Credentials) {
    /// What stands beside a password, where the document is all that a client needs.
    const BESIDE: &[&str] = &[
        "user",
        "username",
        "login",
        "host",
        "hostname",
        "endpoint",
        "port",
        "engine",
        "database",
        "dbname",
        "db_name",
        "region",
        "name",
        "description",
    ];
    for element in value.elements() {
        collect(element, found);
    }
    for (name, member) in value.members() {
        if !BESIDE.contains(&name.to_ascii_lowercase().as_str()) {
            collect(member, found);
        }
    }
    if let Some(text) = value.as_str() {
        found.add(text);
    }
}
