//! Groups of policies that are loaded together, and the rules among them that decide.

use std::collections::BTreeMap;

use miette::SourceSpan;

use super::{Convention, Platform};
use crate::error::{ConventionError, PolicyError, PolicyText};
use crate::options::{Namespaces, PolicyOptions, RegoVersion};
use crate::rule::RuleKind;
use crate::source::Source;

/// Files that are loaded together.
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
    /// Notes on the origin of each finding, which go into its metadata.
    pub notes: BTreeMap<String, String>,
    /// Keys of the input that come with the files themselves.
    pub context: serde_json::Map<String, serde_json::Value>,
    /// Paths of the input that may be absent.
    pub optional: Vec<Vec<String>>,
}

/// Which rules of a group decide.
#[derive(Clone, Debug)]
pub enum Choice {
    /// Those that conftest would choose.
    Namespaces(Namespaces),
    /// A list of rules.
    Rules {
        /// The rules.
        deciders: Vec<Decider>,
        /// The error to report if none of them exists.
        nothing: Box<PolicyError>,
    },
}

/// How the dialect of a file is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The user names it.
    Given(RegoVersion),
    /// planguard chooses for each file: v1 if the file parses as v1.
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
    /// Notes from the platform's settings, which go into each finding's metadata.
    pub notes: BTreeMap<String, String>,
    /// The description for a rule that has none of its own.
    pub description: Option<String>,
    /// Whether it must exist.
    pub presence: Presence,
}

/// Whether a rule that decides must exist.
#[derive(Clone, Debug)]
pub enum Presence {
    /// A policy may leave it out.
    Optional,
    /// A settings file queries it.
    Queried {
        /// The policy in the settings file.
        policy: String,
        /// The settings file.
        text: PolicyText,
        /// The query's position in the file.
        at: SourceSpan,
    },
}

/// How the value of a rule is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A set or array of messages, or a boolean. Undefined gives no findings.
    Messages,
    /// As `Messages`, but neither undefined nor a boolean.
    Array,
    /// A set or array of reasons to allow the plan. None at all is the finding.
    Approval,
    /// An array or set in which every element is a finding, whatever its type. Undefined is an error.
    Query,
}

impl Group {
    /// A group of the platform `platform` in which the rules of `choice` decide.
    pub(super) fn new(
        platform: &'static Platform,
        options: &PolicyOptions,
        sources: Vec<Source>,
        choice: Choice,
    ) -> Self {
        Self {
            convention: Convention(platform),
            sources,
            choice,
            dialect: Dialect::of(options),
            notes: BTreeMap::new(),
            context: serde_json::Map::new(),
            optional: Vec::new(),
        }
    }

    /// A group of conftest.
    pub(crate) fn conftest(options: &PolicyOptions, sources: Vec<Source>) -> Self {
        Self::run_by_conftest(Convention::CONFTEST.platform(), options, sources)
    }

    /// A group of a platform that runs conftest.
    pub(super) fn run_by_conftest(
        platform: &'static Platform,
        options: &PolicyOptions,
        sources: Vec<Source>,
    ) -> Self {
        Self::new(platform, options, sources, Choice::Namespaces(options.namespaces.clone()))
    }
}

impl Choice {
    /// These rules of one file, at least one of which must exist.
    pub(super) fn rules(
        platform: &'static Platform,
        file: &str,
        deciders: Vec<Decider>,
        expected: &'static str,
    ) -> Self {
        let nothing = PolicyError::Convention(ConventionError::DecidesNothing {
            file: file.to_owned(),
            platform: platform.title,
            expected,
        });
        Self::Rules { deciders, nothing: Box::new(nothing) }
    }
}

impl Decider {
    /// A rule that a policy may leave out.
    pub(super) fn optional(package: &str, name: &str, kind: RuleKind, reading: Reading) -> Self {
        let path = std::iter::once("data").chain(package.split('.')).chain([name]);
        Self {
            path: path.map(str::to_owned).collect(),
            kind,
            reading,
            notes: BTreeMap::new(),
            description: None,
            presence: Presence::Optional,
        }
    }
}

impl Dialect {
    /// The user's choice, or else each file's own.
    pub(super) fn of(options: &PolicyOptions) -> Self {
        options.version.map_or(Self::EachFile, Self::Given)
    }
}
