//! Merges the reports of several runs into one: of parts of a divided run, or of runs on different plans.
//!
//! Whatever keeps the merged report from being that of one run on all plans is a problem of it, so that it is undecided.

mod error;
mod waivers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use planguard_plan::input::InputError;
use planguard_plan::problem::Problem;
use planguard_plan::redact::{Redactor, SafeText};

pub use error::MergeError;

use crate::check::conclude;
use crate::report::{BaselineReport, Files, Notice, PartReport, PlanReport, Report, UnusedEntry};

/// A report to merge.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its file, as messages name it.
    pub name: String,
    /// The report.
    pub report: Report,
}

/// What is expected of the reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergeOptions {
    /// How many there should be; `None` if nobody says so.
    pub expected: Option<usize>,
    /// What reports by different rules are worth.
    pub different_rules: OnDifferentRules,
}

/// What reports are worth that were made by different rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDifferentRules {
    /// The verdict is undecided.
    #[default]
    Undecided,
    /// They are merged: workspaces have settings of their own. Parts of one run never differ.
    Accept,
}

/// Merges reports, and whatever was wrong with reading them, into one report.
pub fn merge(reports: Vec<Named>, unread: Vec<MergeError>, options: &MergeOptions) -> Report {
    let mut problems = unread;
    let number = reports.len() + problems.len();
    if let Some(expected) = options.expected.filter(|expected| *expected != number) {
        problems.push(MergeError::Number { expected, found: number });
    }
    let (parts, wholes): (Vec<Named>, Vec<Named>) =
        reports.into_iter().partition(|named| named.report.part.is_some());
    if let (Some(part), Some(whole)) = (parts.first(), wholes.first()) {
        problems.push(MergeError::Mixed { part: part.name.clone(), whole: whole.name.clone() });
    }
    problems.extend(named_again(&wholes));
    problems.extend(missing(&parts));
    let mut all: Vec<Named> = parts;
    all.sort_by_key(|named| named.report.part.as_ref().map(|part| part.partition));
    all.extend(wholes);
    problems.extend(differences(&all, options));
    let mut merged = joined(all);
    let plain = Redactor::default();
    merged.problems.extend(problems.iter().map(|error| Problem::new(error, None, &plain)));
    if let Some(baseline) = merged.baseline.as_mut().filter(|_| !merged.problems.is_empty()) {
        // What could not be checked may have the findings.
        baseline.unused.clear();
    }
    merged.notices.extend(merged.baseline.as_ref().and_then(BaselineReport::notice));
    conclude(&mut merged);
    merged
}

/// The reports of whole runs that are named more than once. A part that is there twice is told with its number.
fn named_again(wholes: &[Named]) -> impl Iterator<Item = MergeError> {
    let mut names = BTreeSet::new();
    let again: BTreeSet<&str> =
        wholes.iter().map(|named| named.name.as_str()).filter(|name| !names.insert(*name)).collect();
    again.into_iter().map(|name| MergeError::Again { report: name.to_owned() })
}

/// What keeps parts from being the whole: parts that are missing or there twice, or parts of something else.
fn missing(parts: &[Named]) -> Vec<MergeError> {
    let mut problems = Vec::new();
    let mut by_part: BTreeMap<usize, &str> = BTreeMap::new();
    let of_first = parts.first().and_then(|named| Some((named, named.report.part.as_ref()?)));
    let Some((first, whole)) = of_first else { return problems };
    let is_same = |part: &PartReport| {
        (part.partition.of(), part.files, &part.files_sha256)
            == (whole.partition.of(), whole.files, &whole.files_sha256)
    };
    for named in parts {
        let Some(part) = &named.report.part else { continue };
        if !is_same(part) {
            problems.push(MergeError::OtherFiles { one: first.name.clone(), other: named.name.clone() });
        }
        if let Some(earlier) = by_part.insert(part.partition.part(), &named.name) {
            problems.push(MergeError::Twice {
                part: part.partition.to_string(),
                one: earlier.to_owned(),
                other: named.name.clone(),
            });
        }
    }
    let of = whole.partition.of();
    let missing: Vec<usize> = (1..=of).filter(|part| !by_part.contains_key(part)).collect();
    if !missing.is_empty() {
        problems.push(MergeError::Missing { missing, of });
    }
    problems
}

/// What keeps reports from being those of one run: other rules, another treatment of denials, the same plan again.
fn differences(all: &[Named], options: &MergeOptions) -> Vec<MergeError> {
    let mut problems = Vec::new();
    let Some(first) = all.first() else { return problems };
    let is_divided = first.report.part.is_some();
    let mut plans: BTreeMap<(&SafeText, &SafeText), &str> = BTreeMap::new();
    for named in all {
        let rules = (&named.report.rules_sha256, &first.report.rules_sha256);
        let names = || (first.name.clone(), named.name.clone());
        match rules {
            (None, _) => problems.push(MergeError::NoRules { report: named.name.clone() }),
            (Some(_), None) => {}
            (Some(one), Some(other)) if one == other => {}
            (Some(_), Some(_)) if !is_divided && options.different_rules == OnDifferentRules::Accept => {}
            (Some(_), Some(_)) => {
                let (one, other) = names();
                problems.push(MergeError::OtherRules { one, other });
            }
        }
        if named.report.report_only != first.report.report_only {
            let (one, other) = names();
            problems.push(MergeError::OtherEffect { one, other });
        }
        for plan in &named.report.plans {
            let earlier = plans.insert((&plan.origin, &plan.sha256), &named.name);
            if let Some(earlier) = earlier.filter(|earlier| *earlier != named.name) {
                problems.push(MergeError::PlanTwice {
                    plan: plan.origin.unescaped().to_owned(),
                    one: earlier.to_owned(),
                    other: named.name.clone(),
                });
            }
        }
    }
    problems
}

/// The report on all plans, without what [`conclude`] adds.
fn joined(all: Vec<Named>) -> Report {
    let mut merged = Report::default();
    let is_divided = all.iter().any(|named| named.report.part.is_some());
    let mut directories: Vec<(SafeText, usize)> = Vec::new();
    let mut baselines = Vec::new();
    let mut waivers = Vec::new();
    let mut plans: Vec<(Option<usize>, PlanReport)> = Vec::new();
    let ambiguous = names_of_several(&all);
    for (index, Named { name, report }) in all.into_iter().enumerate() {
        let own: Vec<Notice> = report
            .waivers
            .iter()
            .filter_map(crate::report::WaiverReport::notice)
            .chain(report.baseline.as_ref().and_then(BaselineReport::notice))
            .collect();
        let notices = report.notices.into_iter().filter(|notice| !own.contains(notice));
        for notice in notices {
            if !merged.notices.contains(&notice) {
                merged.notices.push(notice);
            }
        }
        for problem in report.problems {
            if !merged.problems.iter().any(|known| is_same(known, &problem)) {
                merged.problems.push(problem);
            }
        }
        plans.extend(report.plans.into_iter().map(|plan| {
            let origin = if ambiguous.contains(&plan.origin) {
                let of = Redactor::default().text(&format!(" ({name})"));
                SafeText::concat([&plan.origin, &of])
            } else {
                plan.origin.clone()
            };
            (plan.position, PlanReport { origin, position: None, ..plan })
        }));
        merged.skipped.extend(report.skipped);
        let Files { plans: read, other, directories: searched } = report.files;
        merged.files.plans += read;
        merged.files.other += other;
        if is_divided {
            merged.files.directories = merged.files.directories.max(searched);
        } else {
            merged.files.directories += searched;
        }
        for (directory, files) in report.part.iter().flat_map(|part| &part.directories) {
            match directories.iter_mut().find(|(known, _)| known == directory) {
                Some((_, known)) => *known += files,
                None => directories.push((directory.clone(), *files)),
            }
        }
        baselines.push(report.baseline);
        waivers.push(report.waivers);
        if index == 0 {
            merged.report_only = report.report_only;
            merged.policies_sha256 = report.policies_sha256;
            merged.settings_sha256 = report.settings_sha256;
            merged.rules_sha256 = report.rules_sha256;
            merged.environment = report.environment;
            merged.approvals = report.approvals;
            merged.trust = report.trust;
            merged.policy_commits = report.policy_commits;
            continue;
        }
        // What is not the same everywhere is not said of all.
        let keep = |known: &mut Option<SafeText>, other: Option<SafeText>| {
            if *known != other {
                *known = None;
            }
        };
        keep(&mut merged.policies_sha256, report.policies_sha256);
        keep(&mut merged.settings_sha256, report.settings_sha256);
        keep(&mut merged.rules_sha256, report.rules_sha256);
        if merged.environment != report.environment {
            merged.environment = None;
        }
        if merged.approvals != report.approvals {
            // Somebody approved between the runs: the findings of the earlier one lack it.
            let known = merged.approvals.take().into_iter();
            merged.approvals = known.chain(report.approvals).max_by_key(|approvals| approvals.missing);
        }
        keep(&mut merged.trust.place, report.trust.place);
        for commit in report.policy_commits {
            if !merged.policy_commits.contains(&commit) {
                merged.policy_commits.push(commit);
            }
        }
        for weakening in report.trust.weakenings {
            if !merged.trust.weakenings.contains(&weakening) {
                merged.trust.weakenings.push(weakening);
            }
        }
    }
    if is_divided {
        plans.sort_by_key(|(position, _)| *position);
        for (directory, _) in directories.iter().filter(|(_, files)| *files == 0) {
            let error = InputError::nothing_in(PathBuf::from(directory.unescaped()));
            merged.problems.push(Problem::new(&error, Some(directory), &Redactor::default()));
        }
    }
    merged.plans = plans.into_iter().map(|(_, plan)| plan).collect();
    merged.baseline = baseline(baselines);
    merged.waivers = waivers::merged(waivers);
    waivers::drop_unused_comments(&mut merged);
    merged.notices.extend(merged.waivers.iter().filter_map(crate::report::WaiverReport::notice));
    merged
}

/// The names of plans that several reports have: jobs that each check a `tfplan.json` of their own.
fn names_of_several(all: &[Named]) -> BTreeSet<SafeText> {
    let (mut seen, mut several) = (BTreeSet::new(), BTreeSet::new());
    for named in all.iter().filter(|named| named.report.part.is_none()) {
        let own: BTreeSet<&SafeText> = named.report.plans.iter().map(|plan| &plan.origin).collect();
        several.extend(own.into_iter().filter(|origin| !seen.insert((*origin).clone())).cloned());
    }
    several
}

/// Whether two problems are the same, such as that of a policy that every part has loaded.
fn is_same(one: &Problem, other: &Problem) -> bool {
    (&one.code, &one.message, &one.help, &one.plan) == (&other.code, &other.message, &other.help, &other.plan)
}

/// What became of the baseline in all runs: an entry is unused if no run has its finding.
fn baseline(all: Vec<Option<BaselineReport>>) -> Option<BaselineReport> {
    let mut all = all.into_iter();
    let first = all.next()??;
    all.try_fold(first, |merged, other| {
        let other = other.filter(|other| other.file == merged.file)?;
        let unused: Vec<UnusedEntry> =
            merged.unused.into_iter().filter(|entry| other.unused.contains(entry)).collect();
        Some(BaselineReport { file: merged.file, accepted: merged.accepted + other.accepted, unused })
    })
}
