//! Everything that a run has to tell. Renderers turn it into text and decide nothing.

use planguard_plan::ChangeSummary;
use planguard_plan::problem::Problem;
use planguard_plan::redact::SafeText;

use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding};
use crate::verdict::Verdict;

/// The result of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The plans that were looked at, in the order in which they were named.
    pub plans: Vec<PlanReport>,
    /// Files that were passed over, and why.
    pub skipped: Vec<SkippedFile>,
    /// How many files were read.
    pub files: Files,
    /// What kept planguard from looking at everything.
    pub problems: Vec<Problem>,
    /// What a reader should know beside.
    pub notices: Vec<Notice>,
    /// Whether denials were asked to be told only. The verdict stays what it is.
    pub report_only: bool,
    /// The SHA-256 of the policies that were loaded, if any.
    pub policies_sha256: Option<SafeText>,
}

/// How many files were read, and how many were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Files that were read as plans.
    pub plans: usize,
    /// Files in directories that do not look like plans.
    pub other: usize,
    /// Directories that were searched.
    pub directories: usize,
}

/// What was found in one plan.
#[derive(Clone, Debug)]
pub struct PlanReport {
    /// Where the plan came from.
    pub origin: SafeText,
    /// The SHA-256 of the bytes that were read.
    pub sha256: SafeText,
    /// `format_version`.
    pub format_version: SafeText,
    /// The version of Terraform or OpenTofu.
    pub terraform_version: Option<SafeText>,
    /// What the plan does.
    pub summary: ChangeSummary,
    /// How much was looked at.
    pub counts: Counts,
    /// How much of what the plan changes any rule knows.
    pub coverage: Coverage,
    /// What was found, resource by resource.
    pub findings: Vec<Finding>,
    /// Whether everything in the plan could be looked at.
    pub complete: bool,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Resource instances in the plan, unchanged ones included.
    pub resources: usize,
    /// Rules that were switched on.
    pub rules: usize,
    /// Of these, rules for which the plan has nothing to judge.
    pub rules_matching_nothing: usize,
    /// Judgements that came out well.
    pub passed: usize,
    /// Judgements that depend on what is known only after apply, told or not.
    pub undetermined: usize,
    /// Failures of objects as they are that the plan puts right or removes.
    pub fixed: usize,
    /// Policy results that an `exception` silenced.
    pub exceptions: usize,
}

/// How much of what a plan changes is of a type that a built-in rule or a guardrail of the user knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The managed resources that the plan does not leave unchanged.
    pub changed: usize,
    /// Of these, how many are of each type that no rule knows, the most frequent first.
    pub unknown_types: Vec<(SafeText, usize)>,
}

impl Coverage {
    /// How many of the changed resources are of a type that no rule knows.
    pub fn unknown(&self) -> usize {
        self.unknown_types.iter().map(|(_, number)| number).sum()
    }
}

/// A file that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedFile {
    /// The file.
    pub file: SafeText,
    /// Why.
    pub reason: SafeText,
}

/// Something to know that does not touch the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The stable code.
    pub code: SafeText,
    /// What it is.
    pub message: SafeText,
}

impl Report {
    /// The verdict over all plans.
    pub fn verdict(&self) -> Verdict {
        let denied = self.plans.iter().map(PlanReport::verdict).max().unwrap_or(Verdict::Pass);
        if self.problems.is_empty() { denied } else { Verdict::Undecided }
    }

    /// The exit code: that of the verdict, but 0 for a denial that is only to be told.
    pub fn exit_code(&self) -> u8 {
        match self.verdict() {
            Verdict::Denied if self.report_only => Verdict::Pass.exit_code(),
            verdict => verdict.exit_code(),
        }
    }
}

impl PlanReport {
    /// The verdict on this plan alone.
    pub fn verdict(&self) -> Verdict {
        if !self.complete {
            return Verdict::Undecided;
        }
        let denied = self.findings.iter().any(|finding| finding.enforcement == Enforcement::Deny);
        if denied { Verdict::Denied } else { Verdict::Pass }
    }

    /// The findings that are certain.
    pub fn certain(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.certainty == Certainty::Certain)
    }
}
