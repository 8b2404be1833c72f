//! All policies of a run: several sets, possibly with different conventions.

use std::fmt;
use std::sync::PoisonError;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::beside;
use super::context::Context;
use super::convention::{self, Group, Grouping, Located};
use super::coverage::Coverage;
use super::error::{PolicyError, report};
use super::evaluate::{Evaluation, PolicyInput, Work, read_plan};
use super::options::PolicyOptions;
use super::plan_value::Sections;
use super::set::{self, Evaluated, PolicySet};
use super::source::Source;

/// The policies of all given paths. They can be shared between threads.
#[derive(Debug)]
pub struct Policies {
    sets: Vec<PolicySet>,
    sections: Sections,
    memory_limit: Option<u64>,
    time_limit: Duration,
    skipped: Vec<SkippedPolicy>,
    read: ReadPolicies,
    problems: Vec<PolicyError>,
    sha256: String,
}

/// The policies of the user as they were read, for those who look at them once more. Their sources share what was parsed.
#[derive(Clone, Debug, Default)]
pub struct ReadPolicies {
    /// Policies that were loaded together.
    pub groups: Vec<Group>,
    /// The convention of each path.
    pub located: Vec<Located>,
    /// Every file below the paths, if the groups have all of them: some platforms leave files out.
    pub files: Option<Vec<Source>>,
}

impl ReadPolicies {
    fn of(grouping: &mut Grouping, options: &PolicyOptions) -> Self {
        let (groups, located) = (grouping.groups.clone(), std::mem::take(&mut grouping.located));
        let is_whole = located.len() == options.paths.len()
            && located.iter().all(|located| located.convention.is_loaded_together());
        let files = groups.iter().flat_map(|group| &group.sources).cloned();
        Self { files: is_whole.then(|| files.collect()), groups, located }
    }
}

/// A package or file that is not evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkippedPolicy {
    /// A package with rules that decide that no namespace selects.
    Package(String),
    /// A file that its platform would not evaluate on a plan.
    File {
        /// The file.
        file: String,
        /// The reason.
        reason: &'static str,
    },
}

impl fmt::Display for SkippedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package(package) => {
                write!(f, "package `{package}` is not evaluated: no --namespace selects it")
            }
            Self::File { file, reason } => write!(f, "{file} is not evaluated: {reason}"),
        }
    }
}

impl Policies {
    /// Loads policies, each group by its convention.
    ///
    /// Errors are in [`Policies::problems`], and each makes every verdict incomplete; the remaining policies are
    /// evaluated nevertheless.
    pub fn load(options: &PolicyOptions) -> Self {
        Self::load_telling(options, |_| {})
    }

    /// As [`Policies::load`]; before the policies are parsed, `told` gets to know how many bytes of them were read.
    pub fn load_telling(options: &PolicyOptions, told: fn(u64)) -> Self {
        let whole = options.clone();
        set::in_time(move || load(&whole, told))
            .unwrap_or_else(|error| Self::of(options, Vec::new(), vec![error]))
    }

    fn of(options: &PolicyOptions, sets: Vec<PolicySet>, problems: Vec<PolicyError>) -> Self {
        Self {
            sections: sets
                .iter()
                .fold(Sections::Named(Default::default()), |all, set| all.with(&set.sections)),
            memory_limit: options.memory_limit,
            time_limit: options.time_limit,
            skipped: Vec::new(),
            read: ReadPolicies::default(),
            sha256: digest(&sets),
            problems,
            sets,
        }
    }

    /// Returns the sets, those of conftest's convention first.
    pub fn sets(&self) -> &[PolicySet] {
        &self.sets
    }

    /// Returns the number of rules that are evaluated.
    pub fn rule_count(&self) -> usize {
        self.sets.iter().map(|set| set.rules().len()).sum()
    }

    /// Returns whether some rule reads what the plan costs.
    pub fn reads_cost(&self) -> bool {
        self.sets.iter().any(|set| set.reads_cost)
    }

    /// Returns whether some rule reads what its platform has of a cost report.
    pub fn reads_cost_report(&self) -> bool {
        self.sets.iter().any(|set| set.reads_cost_report)
    }

    /// Returns the errors of loading. Unless it is empty, every verdict from these policies is incomplete.
    pub fn problems(&self) -> &[PolicyError] {
        &self.problems
    }

    /// Returns the rules that evaluation can reach.
    pub fn evaluated(&self) -> Evaluated {
        let mut evaluated = Evaluated::default();
        self.sets.iter().for_each(|set| evaluated.add(set.evaluated()));
        evaluated
    }

    /// Returns the lines reached so far; `None` unless [`PolicyOptions::coverage`] enables it.
    pub fn coverage(&self) -> Option<Coverage> {
        let mut sets = self.sets.iter().filter_map(|set| set.coverage.as_ref()).peekable();
        sets.peek()?;
        let mut all = Coverage::default();
        for set in sets {
            all.merge(&set.lock().unwrap_or_else(PoisonError::into_inner));
        }
        Some(all)
    }

    /// Returns the packages and files that are not evaluated.
    pub fn skipped(&self) -> &[SkippedPolicy] {
        &self.skipped
    }

    /// Returns the policies as they were read.
    pub fn read(&self) -> &ReadPolicies {
        &self.read
    }

    /// Returns the digest of the only set, or else the SHA-256 of the hexadecimal digests of all sets in order.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Evaluates every rule of every set on a plan, which is parsed once. See [`PolicySet::evaluate`]; the limits on
    /// time and memory are for all sets together.
    pub fn evaluate(&self, plan: PolicyInput<'_>) -> Evaluation {
        let mut evaluation = Evaluation::default();
        let work = Work::new(plan, self.memory_limit, self.time_limit);
        match read_plan(plan, &self.sections) {
            Ok(value) => {
                for set in &self.sets {
                    set.evaluate_on(&value, plan, &work, &mut evaluation);
                }
            }
            Err(error) => evaluation.errors.push(error),
        }
        evaluation
    }
}

fn load(options: &PolicyOptions, told: fn(u64)) -> Policies {
    let mut grouping = match (options.paths.as_slice(), options.packs.is_empty()) {
        ([], false) => Grouping::default(),
        _ => convention::group(options),
    };
    let sources = grouping.groups.iter().flat_map(|group| &group.sources);
    told(sources.map(|source| source.text.len() as u64).sum());
    let mut problems = std::mem::take(&mut grouping.errors);
    let read = ReadPolicies::of(&mut grouping, options);
    let context = Context::load(&options.context, &mut problems);
    let documents =
        beside::load(&[options.paths.as_slice(), &options.beside].concat(), &options.data, &mut problems);
    let mut sets = Vec::new();
    let packs = (!options.packs.is_empty()).then(|| options.packs.group());
    let of_users = grouping.groups.into_iter().map(|group| (group, documents.as_slice()));
    let of_packs = packs.iter().map(|(group, document)| (group.clone(), std::slice::from_ref(document)));
    let all = of_users.map(|of| (of, false)).chain(of_packs.map(|of| (of, true)));
    for ((group, documents), is_pack) in all {
        let context = context.of_group(&group);
        match set::load(group, options, &context, documents) {
            Ok(mut set) => {
                if is_pack {
                    set.unknown = None;
                }
                set.problems().iter().cloned().for_each(|error| report(&mut problems, error));
                sets.push(set);
            }
            // Whatever the reason, policies that are not evaluated must not pass.
            Err(errors) if errors.is_empty() => {
                report(&mut problems, PolicyError::nothing_in(&options.paths));
            }
            Err(errors) => errors.into_iter().for_each(|error| report(&mut problems, error)),
        }
    }
    let packages = sets.iter().flat_map(PolicySet::packages_passed_over).cloned().map(SkippedPolicy::Package);
    let skipped = packages.chain(grouping.passed_over).collect();
    Policies { skipped, read, ..Policies::of(options, sets, problems) }
}

fn digest(sets: &[PolicySet]) -> String {
    if let [set] = sets {
        return set.sha256().to_owned();
    }
    let mut hasher = Sha256::new();
    for set in sets {
        hasher.update(set.sha256());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
