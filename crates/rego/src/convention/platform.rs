//! The descriptor of a platform: everything that planguard knows of one, in one value.
//!
//! Each platform has a file beside this one with its descriptor and the code that groups its policies. Everything
//! else in planguard asks the descriptor and never which platform it is.

use std::path::{Path, PathBuf};

use super::conftest;
use super::location::{Grouping, Location};
use crate::context::{RunFact, Runner};
use crate::options::PolicyOptions;

/// A platform whose policies planguard evaluates as the platform does.
#[derive(Debug)]
pub struct Platform {
    /// The word for `--convention`.
    pub word: &'static str,
    /// The platform's own name.
    pub title: &'static str,
    /// The line for `--help`.
    pub help: &'static str,
    /// What the manual says about the platform.
    pub manual: Manual,
    /// Where the input has the plan.
    pub plan: PlanPlace,
    /// The keys of the input beside the plan, which describe the run.
    pub context: &'static [&'static str],
    /// The path where users have their pipelines put the plan's configuration; empty if there is none.
    pub configuration: &'static [&'static str],
    /// Where the input has facts that planguard can find out by itself.
    pub(crate) facts: &'static [(RunFact, &'static str)],
    /// The variables that the platform sets where it runs planguard.
    pub(crate) runner: Option<Runner>,
    /// Other environment variables that decide how policies are loaded.
    pub(crate) variables: &'static [&'static str],
    /// The packages of the platform's policies, as far as they have fixed names.
    pub packages: &'static [Package],
    /// The platform's settings file.
    pub(super) settings: Option<Settings>,
    /// How policies are loaded.
    pub(super) loading: Loading,
    /// The rules that decide.
    pub rules: DecidingRules,
    /// What `lint` has to know besides.
    pub lint: LintFacts,
}

/// What the manual says about a platform, in Markdown.
#[derive(Debug)]
pub struct Manual {
    /// The files by which planguard recognises the platform.
    pub recognised_by: &'static str,
    /// The files that are loaded together.
    pub loaded_together: &'static str,
    /// The rules that decide.
    pub decides: &'static str,
    /// Which results deny and which warn, where the platform has words of its own for this.
    pub levels: Option<Levels>,
    /// Where planguard differs from the platform, one sentence or two each.
    pub differences: &'static [&'static str],
}

/// A platform's words for what its results do.
#[derive(Debug)]
pub struct Levels {
    /// What denies.
    pub denies: &'static str,
    /// What warns.
    pub warns: &'static str,
}

/// Where a platform's input has the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanPlace {
    /// The plan is the input.
    Root,
    /// The plan is under this key.
    Under(&'static str),
    /// The plan is the input, and under this key as well.
    RootAnd(&'static str),
    /// The input has resources that are made from the plan.
    Resources,
}

/// A package name, and how clearly it points to its platform.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// The name.
    pub name: PackageName,
    /// How clearly a package of this name points to the platform.
    pub sign: Sign,
}

/// One or more package names.
#[derive(Clone, Copy, Debug)]
pub enum PackageName {
    /// This package.
    Exactly(&'static str),
    /// This package and those below it.
    AtOrBelow(&'static str),
    /// The packages below this one.
    Below(&'static str),
}

/// How clearly something points to a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// Not at all: policies for anything may have it.
    None,
    /// A package name that others may use as well.
    Weak,
    /// A settings file, or a package with the platform's name.
    Strong,
}

/// How a platform's settings file is found.
#[derive(Debug)]
pub(super) struct Settings {
    /// Whether a file that the user names is the settings file.
    pub is: fn(&Path) -> bool,
    /// The settings file by which a directory is recognised.
    pub in_directory: fn(&Path) -> Option<PathBuf>,
}

/// Groups the policies of one location.
pub(super) type GroupPolicies = fn(&Location, &PolicyOptions, &mut Grouping);

/// How a platform's policies are loaded.
#[derive(Debug)]
pub(super) enum Loading {
    /// The policies of all locations are one group.
    Together,
    /// Each location is grouped by itself.
    Separately(GroupPolicies),
    /// The settings file says where the policies are, so that the location itself may have none.
    BySettings(GroupPolicies),
}

/// The rules of a platform that decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidingRules {
    /// `deny`, `violation` and `warn`, alone or with `_name`, as conftest reads them.
    Conftest,
    /// The rules that the settings file queries.
    Queried,
    /// Rules with these names.
    Named {
        /// The names.
        names: &'static [&'static str],
        /// The packages that count.
        packages: Packages,
    },
    /// Rules with these names, which judge one resource at a time. Planguard generates the rules that decide.
    Judgements(&'static [&'static str]),
}

/// The packages whose rules count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packages {
    /// Any package.
    Any,
    /// Those in [`Platform::packages`].
    Own,
}

/// What only `lint` has to know of a platform.
#[derive(Debug)]
pub struct LintFacts {
    /// The results that the platform can use.
    pub results: Results,
    /// Whether the package has other policies as well.
    pub kinds: PolicyKinds,
    /// The rules that the platform reads besides those that decide.
    pub other_rules: &'static [&'static str],
    /// The rule whose value is the resource type that a policy is about.
    pub resource_type_rule: Option<&'static str>,
}

/// The results that a platform can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Results {
    /// Strings, and objects with the message under `msg`.
    StringsAndMsg,
    /// Strings and objects.
    StringsAndObjects,
    /// Anything.
    Any,
}

/// The kinds of policies that share a platform's package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKinds {
    /// Only policies that are evaluated on plans.
    Plan,
    /// Others as well. A file without a rule that decides is one of them and has another input.
    Several,
}

impl Platform {
    /// Whether a rule decides, by its name and package (without `data`).
    pub fn decides(&self, package: &str, name: &str) -> bool {
        match self.rules {
            DecidingRules::Conftest => conftest::kind(name).is_some(),
            DecidingRules::Queried => false,
            DecidingRules::Named { names, packages } => {
                names.contains(&name) && self.counts(packages, package)
            }
            DecidingRules::Judgements(names) => names.contains(&name),
        }
    }

    fn counts(&self, packages: Packages, name: &str) -> bool {
        match packages {
            Packages::Any => true,
            Packages::Own => self.has_package(name),
        }
    }

    /// Whether one of [`Self::packages`] has this name.
    pub fn has_package(&self, name: &str) -> bool {
        self.packages.iter().any(|package| package.name.includes(name))
    }
}

impl PlanPlace {
    /// The key that has the plan, if the plan is nowhere else.
    pub const fn only_key(self) -> Option<&'static str> {
        match self {
            Self::Root | Self::RootAnd(_) | Self::Resources => None,
            Self::Under(key) => Some(key),
        }
    }

    /// The key that has the plan.
    pub const fn key(self) -> Option<&'static str> {
        match self {
            Self::Root | Self::Resources => None,
            Self::Under(key) | Self::RootAnd(key) => Some(key),
        }
    }

    /// Whether the plan is under `key`.
    pub fn has(self, key: &str) -> bool {
        self.key() == Some(key)
    }

    /// Where the plan is, in Markdown.
    pub fn described(self) -> String {
        match self {
            Self::Root => "`input`".to_owned(),
            Self::Under(key) => format!("`input.{key}`"),
            Self::RootAnd(key) => format!("`input` and `input.{key}`"),
            Self::Resources => "`input` is a resource, or has `input.resources`".to_owned(),
        }
    }
}

impl Package {
    /// The package with this name.
    pub(super) const fn exactly(name: &'static str, sign: Sign) -> Self {
        Self { name: PackageName::Exactly(name), sign }
    }
}

impl PackageName {
    /// Whether a package is meant.
    pub fn includes(self, package: &str) -> bool {
        let below = |root: &str| package.strip_prefix(root).is_some_and(|rest| rest.starts_with('.'));
        match self {
            Self::Exactly(name) => package == name,
            Self::AtOrBelow(name) => package == name || below(name),
            Self::Below(name) => below(name),
        }
    }

    /// The name of a single package.
    pub const fn single(self) -> Option<&'static str> {
        match self {
            Self::Exactly(name) | Self::AtOrBelow(name) => Some(name),
            Self::Below(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_names_end_at_a_dot() {
        for (name, package, included) in [
            (PackageName::Exactly("a"), "a", true),
            (PackageName::Exactly("a"), "a.b", false),
            (PackageName::AtOrBelow("a"), "a", true),
            (PackageName::AtOrBelow("a"), "a.b", true),
            (PackageName::AtOrBelow("a"), "ab", false),
            (PackageName::Below("a"), "a.b", true),
            (PackageName::Below("a"), "a", false),
        ] {
            assert_eq!(name.includes(package), included, "{name:?}: {package}");
        }
    }
}
