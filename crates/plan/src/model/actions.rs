//! The actions of a resource change: the plan's list of verbs, classified by membership.

use std::fmt;

use serde::Deserialize;

/// One verb of `change.actions`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Unchanged; imports and moves have this verb, too.
    NoOp,
    /// An object is created.
    Create,
    /// A data source is read at apply.
    Read,
    /// An object is updated in-place.
    Update,
    /// An object is destroyed.
    Delete,
    /// An object is forgotten: removed from the state but not destroyed.
    Forget,
    /// An ephemeral object is opened (OpenTofu 1.11).
    Open,
    /// An unknown verb; it is reported, never skipped.
    Unknown(String),
}

impl Verb {
    fn parse(word: &str) -> Self {
        match word {
            "no-op" => Self::NoOp,
            "create" => Self::Create,
            "read" => Self::Read,
            "update" => Self::Update,
            "delete" => Self::Delete,
            "forget" => Self::Forget,
            "open" | "Open" => Self::Open,
            other => Self::Unknown(other.to_owned()),
        }
    }

    /// The word that plan JSON uses.
    pub fn as_str(&self) -> &str {
        match self {
            Self::NoOp => "no-op",
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Forget => "forget",
            Self::Open => "open",
            Self::Unknown(word) => word,
        }
    }
}

/// The order of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplaceOrder {
    /// Destroy, then create: an outage.
    DestroyFirst,
    /// `create_before_destroy`.
    CreateFirst,
}

/// The verbs of one change in the plan's own order.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Actions(Vec<Verb>);

impl Actions {
    /// The actions of these words, as plan JSON spells them.
    pub fn from_words<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        Self(words.into_iter().map(Verb::parse).collect())
    }

    /// The verbs in the plan's order.
    pub fn verbs(&self) -> &[Verb] {
        &self.0
    }

    fn has(&self, verb: &Verb) -> bool {
        self.0.contains(verb)
    }

    /// Whether an object is created, replacements included.
    pub fn creates(&self) -> bool {
        self.has(&Verb::Create)
    }

    /// Whether an object is destroyed, replacements included.
    pub fn deletes(&self) -> bool {
        self.has(&Verb::Delete)
    }

    /// Whether an object is updated in-place.
    pub fn updates(&self) -> bool {
        self.has(&Verb::Update)
    }

    /// Whether a data source is read at apply.
    pub fn reads(&self) -> bool {
        self.has(&Verb::Read)
    }

    /// Whether an object is forgotten.
    pub fn forgets(&self) -> bool {
        self.has(&Verb::Forget)
    }

    /// Whether an object is destroyed and not replaced.
    pub fn only_deletes(&self) -> bool {
        self.deletes() && !self.creates()
    }

    /// The order of the replacement; `None` if nothing is replaced.
    pub fn replaces(&self) -> Option<ReplaceOrder> {
        let delete = self.0.iter().position(|verb| *verb == Verb::Delete)?;
        let create = self.0.iter().position(|verb| *verb == Verb::Create)?;
        Some(if delete < create { ReplaceOrder::DestroyFirst } else { ReplaceOrder::CreateFirst })
    }

    /// Whether the object is unchanged.
    pub fn is_no_op(&self) -> bool {
        self.0.iter().all(|verb| *verb == Verb::NoOp)
    }

    /// The unknown verbs.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|verb| match verb {
            Verb::Unknown(word) => Some(word.as_str()),
            Verb::NoOp
            | Verb::Create
            | Verb::Read
            | Verb::Update
            | Verb::Delete
            | Verb::Forget
            | Verb::Open => None,
        })
    }
}

impl fmt::Display for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(Verb::as_str).collect();
        f.write_str(&words.join("+"))
    }
}

impl<'de> Deserialize<'de> for Actions {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words: Vec<std::borrow::Cow<'de, str>> = Deserialize::deserialize(deserializer)?;
        Ok(Self::from_words(words.iter().map(AsRef::as_ref)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(words: &[&str]) -> Actions {
        Actions::from_words(words.iter().copied())
    }

    #[test]
    fn replacements_know_their_order() {
        assert_eq!(actions(&["delete", "create"]).replaces(), Some(ReplaceOrder::DestroyFirst));
        assert_eq!(actions(&["create", "delete"]).replaces(), Some(ReplaceOrder::CreateFirst));
        assert_eq!(actions(&["create", "forget"]).replaces(), None);
        assert!(actions(&["create", "forget"]).forgets());
        assert!(actions(&["delete"]).only_deletes());
        assert!(!actions(&["delete", "create"]).only_deletes());
    }

    #[test]
    fn a_verb_nobody_knows_is_kept() {
        let strange = actions(&["create", "teleport"]);
        assert_eq!(strange.unknown().collect::<Vec<_>>(), ["teleport"]);
        assert_eq!(strange.to_string(), "create+teleport");
        assert!(!strange.is_no_op());
    }
}
