//! What platforms agree on with policy authors: which files belong together, which rules decide, where the
//! plan stands in the input, and what results mean.

mod atlantis;
mod config;
pub mod conftest;
mod digger;
mod env0;
mod harness;
mod hcp;
pub(super) mod library;
mod location;
mod recognise;
mod regula;
pub(super) mod regula_view;
mod results;
mod scalr;
mod spacelift;
mod terrateam;

use std::collections::BTreeMap;
use std::fmt;

use miette::SourceSpan;

use super::error::{PolicyError, PolicyText};
use super::options::{Namespaces, PolicyOptions, RegoVersion};
use super::rule::RuleKind;
use super::source::Source;

pub use location::{Grouping, Located, conventions, group};
pub(super) use regula::regula_library;
pub(super) use results::{Unusable, results};

/// A platform whose policies are evaluated as that platform does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Convention {
    /// Conftest: the plan is the input, and rules called deny, violation and warn decide.
    Conftest,
    /// HCP Terraform and Terraform Enterprise: `policies.hcl` names the queries.
    Hcp,
    /// Spacelift: `package spacelift`, each file alone.
    Spacelift,
    /// Scalr: `scalr-policy.hcl` names the policies, each of which is evaluated alone.
    Scalr,
    /// env0: `package env0`, a directory at a time.
    Env0,
    /// Digger: `data.digger.deny` of one file.
    Digger,
    /// Harness: `deny` of each file.
    Harness,
    /// Atlantis: conftest for each of the policy sets of a server's configuration.
    Atlantis,
    /// Terrateam: conftest on the directory `policy`.
    Terrateam,
    /// Regula: packages below `rules`, about resources.
    Regula,
}

impl Convention {
    /// Every convention.
    pub const ALL: [Self; 10] = [
        Self::Conftest,
        Self::Hcp,
        Self::Spacelift,
        Self::Scalr,
        Self::Env0,
        Self::Digger,
        Self::Harness,
        Self::Atlantis,
        Self::Terrateam,
        Self::Regula,
    ];

    /// The word of the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conftest => "conftest",
            Self::Hcp => "hcp",
            Self::Spacelift => "spacelift",
            Self::Scalr => "scalr",
            Self::Env0 => "env0",
            Self::Digger => "digger",
            Self::Harness => "harness",
            Self::Atlantis => "atlantis",
            Self::Terrateam => "terrateam",
            Self::Regula => "regula",
        }
    }

    /// What policies of the platform find in their input.
    pub const fn platform(self) -> &'static Platform {
        match self {
            Self::Conftest => &conftest::PLATFORM,
            Self::Atlantis => &atlantis::PLATFORM,
            Self::Terrateam => &terrateam::PLATFORM,
            Self::Regula => &regula::PLATFORM,
            Self::Hcp => &hcp::PLATFORM,
            Self::Spacelift => &spacelift::PLATFORM,
            Self::Scalr => &scalr::PLATFORM,
            Self::Env0 => &env0::PLATFORM,
            Self::Digger => &digger::PLATFORM,
            Self::Harness => &harness::PLATFORM,
        }
    }
}

impl fmt::Display for Convention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What policies of a platform find in their input.
#[derive(Debug)]
pub struct Platform {
    /// The platform's own name.
    pub title: &'static str,
    /// Where the plan stands.
    pub plan: PlanPlace,
    /// The keys of the input beside the plan, which describe the run.
    pub context: &'static [&'static str],
    /// Where the plan's configuration stands besides, because users have their pipelines put it there; nothing if
    /// nowhere.
    pub configuration: &'static [&'static str],
}

/// Where a platform puts the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanPlace {
    /// It is the input.
    Root,
    /// Under this key of the input.
    Under(&'static str),
    /// It is the input, and it stands under this key as well.
    RootAnd(&'static str),
    /// Policies see resources that are made of it.
    Resources,
}

impl PlanPlace {
    /// The key that the plan stands under, if that is the only place where it stands.
    pub const fn only_key(self) -> Option<&'static str> {
        match self {
            Self::Root | Self::RootAnd(_) | Self::Resources => None,
            Self::Under(key) => Some(key),
        }
    }

    /// Whether the plan stands under `key`.
    pub fn has(self, key: &str) -> bool {
        match self {
            Self::Root | Self::Resources => false,
            Self::Under(own) | Self::RootAnd(own) => own == key,
        }
    }
}

/// The keys under which one platform or another puts the plan. All of them lead to the same value, so that a
/// policy that tries several finds what it finds at home.
pub(super) const PLAN_ALIASES: [&str; 3] = ["plan", "tfplan", "terraform"];

/// Files that are loaded together, and what decides among their rules.
#[derive(Clone, Debug)]
pub struct Group {
    /// The platform.
    pub convention: Convention,
    /// The policies.
    pub sources: Vec<Source>,
    /// Which of their rules decide.
    pub choice: Choice,
    /// How their dialect is found.
    pub dialect: Dialect,
    /// What every finding says of where it comes from.
    pub notes: BTreeMap<String, String>,
    /// Keys of the input that the files themselves bring.
    pub context: serde_json::Map<String, serde_json::Value>,
    /// Paths of the input that may be absent without anything being amiss.
    pub optional: Vec<Vec<String>>,
}

/// Which rules of a group decide.
#[derive(Clone, Debug)]
pub enum Choice {
    /// Those that conftest would choose.
    Namespaces(Namespaces),
    /// These, with what to say if none of them exists.
    /// These, with what to say if none of them exists.
    Rules {
        /// The rules.
        deciders: Vec<Decider>,
        /// What to say if none of them exists.
        nothing: Box<PolicyError>,
    },
}

/// How the dialect of a file is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The user says.
    Given(RegoVersion),
    /// The platform chooses for each policy: v1 if it parses as that.
    EachFile,
}

/// A rule that decides.
#[derive(Clone, Debug)]
pub struct Decider {
    /// Its path, from `data` on.
    pub path: Vec<String>,
    /// What its results do.
    pub kind: RuleKind,
    /// How its value is read.
    pub reading: Reading,
    /// What the platform's configuration says of the rule.
    pub notes: BTreeMap<String, String>,
    /// The words that describe the rule if it does not do so itself.
    pub description: Option<String>,
    /// Whether it must exist.
    pub presence: Presence,
}

/// Whether a rule that decides must exist.
#[derive(Clone, Debug)]
pub enum Presence {
    /// A policy may leave it out.
    Optional,
    /// A configuration file asks for it.
    /// A configuration file asks for it, at this place.
    Queried {
        /// The policy that the file names.
        policy: String,
        /// The file.
        text: PolicyText,
        /// Where in the file.
        at: SourceSpan,
    },
}

/// How the value of a rule is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A set or array of messages, or a boolean; undefined finds nothing.
    Messages,
    /// As `Messages`, but neither undefined nor a boolean.
    Array,
    /// A set or array of reasons to go on; without any, that is the finding.
    Approval,
    /// An array or set in which every element is a finding, whatever it is; undefined is an error.
    Query,
}

impl Group {
    /// A group of conftest's.
    pub(super) fn conftest(options: &PolicyOptions, sources: Vec<Source>) -> Self {
        Self {
            convention: Convention::Conftest,
            sources,
            choice: Choice::Namespaces(options.namespaces.clone()),
            dialect: Dialect::of(options),
            notes: BTreeMap::new(),
            context: serde_json::Map::new(),
            optional: Vec::new(),
        }
    }
}

impl Dialect {
    /// What the user says, or else every file chooses.
    pub(super) fn of(options: &PolicyOptions) -> Self {
        options.version.map_or(Self::EachFile, Self::Given)
    }
}

/// `["data", …]` of a package and a rule's name.
pub(super) fn rule_path(package: &str, name: &str) -> Vec<String> {
    let parts = std::iter::once("data").chain(package.split('.')).chain([name]);
    parts.map(str::to_owned).collect()
}
