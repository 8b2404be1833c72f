//! What platforms agree on with policy authors: which files belong together, which rules decide, where the input
//! has the plan, and what results mean.
//!
//! Each platform is one [`Platform`] descriptor in a file of its own. To add one, write that file, declare it here
//! and list its descriptor in `REGISTRY`.

mod atlantis;
mod config;
pub mod conftest;
mod digger;
mod env0;
mod group;
mod harness;
mod hcp;
pub(super) mod library;
mod location;
pub mod manual;
mod platform;
mod recognise;
mod regula;
pub(super) mod regula_view;
mod results;
mod scalr;
mod spacelift;
mod terrateam;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use planguard_rule::{UnknownWord, Word};

pub use group::{Choice, Decider, Dialect, Group, Presence, Reading};
pub use location::{Grouping, Located, conventions, group};
pub use platform::{
    DecidingRules, Levels, LintFacts, Manual, Package, PackageName, Packages, PlanPlace, Platform,
    PolicyKinds, Results, Sign,
};
pub(super) use regula::regula_library;
pub(super) use results::{Unusable, results};

/// Every platform, in the order of the manual.
const REGISTRY: &[&Platform] = &[
    &conftest::PLATFORM,
    &hcp::PLATFORM,
    &spacelift::PLATFORM,
    &scalr::PLATFORM,
    &env0::PLATFORM,
    &digger::PLATFORM,
    &harness::PLATFORM,
    &atlantis::PLATFORM,
    &terrateam::PLATFORM,
    &regula::PLATFORM,
];

/// A platform of the registry; two are equal if they have the same word.
#[derive(Clone, Copy)]
pub struct Convention(&'static Platform);

impl Convention {
    /// conftest, which is assumed where nothing points to another platform.
    pub const CONFTEST: Self = Self(&conftest::PLATFORM);

    /// Every convention, in the order of the manual.
    pub const ALL: [Self; REGISTRY.len()] = {
        let mut all = [Self::CONFTEST; REGISTRY.len()];
        let mut index = 0;
        while index < all.len() {
            all[index] = Self(REGISTRY[index]);
            index += 1;
        }
        all
    };

    /// The word for `--convention`.
    pub const fn as_str(self) -> &'static str {
        self.0.word
    }

    /// Whether its files are one group, whatever paths they come from.
    pub fn is_loaded_together(self) -> bool {
        matches!(self.platform().loading, platform::Loading::Together)
    }

    /// What planguard knows of the platform.
    pub const fn platform(self) -> &'static Platform {
        self.0
    }
}

impl Word for Convention {
    const KIND: &'static str = "a platform";
    const ALL: &'static [Self] = &Self::ALL;

    fn as_str(self) -> &'static str {
        self.as_str()
    }

    fn about(self) -> Option<&'static str> {
        Some(self.0.help)
    }
}

impl FromStr for Convention {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::from_word(word).ok_or_else(|| UnknownWord::of::<Self>(word))
    }
}

impl fmt::Display for Convention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Convention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for Convention {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Convention {}

impl PartialOrd for Convention {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Convention {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Convention {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// The keys that have the plan on some platform, each once. Every input that has context has the plan under all of
/// them, so that a policy that tries several finds the plan as on its own platform.
pub(super) fn plan_keys() -> impl Iterator<Item = &'static str> {
    let keys = |upto: usize| REGISTRY[..upto].iter().filter_map(|platform| platform.plan.key());
    (0..REGISTRY.len()).filter_map(move |index| {
        let key = REGISTRY[index].plan.key()?;
        keys(index).all(|earlier| earlier != key).then_some(key)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_convention_is_found_by_its_word() {
        for convention in Convention::ALL {
            assert_eq!(convention.as_str().parse(), Ok(convention));
        }
        let words: BTreeSet<&str> = Convention::ALL.into_iter().map(Convention::as_str).collect();
        assert_eq!(words.len(), Convention::ALL.len());
        let error = "jenkins".parse::<Convention>().unwrap_err().to_string();
        assert!(error.starts_with("`jenkins` is not a platform; use conftest, hcp, "), "{error}");
    }

    #[test]
    fn each_plan_key_is_listed_once() {
        let keys: BTreeSet<&str> = plan_keys().collect();
        assert_eq!(plan_keys().count(), keys.len());
        assert!(keys.is_superset(&BTreeSet::from(["plan", "terraform", "tfplan"])), "{keys:?}");
    }

    #[test]
    fn facts_and_variables_go_to_keys_of_their_own_platform() {
        for platform in REGISTRY {
            let own = platform.runner.iter().flat_map(|runner| runner.own_places());
            for place in platform.facts.iter().map(|(_, place)| *place).chain(own) {
                let key = place.split('.').next().unwrap();
                assert!(platform.context.contains(&key), "{}: {place}", platform.word);
            }
        }
    }
}
