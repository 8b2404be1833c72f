//! Plans × rules → findings.

mod by_address;
mod changes;
mod coverage;
mod error;
mod guardrails;
mod options;
mod policies;
mod whole_plan;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use by_address::ByAddress;
pub use error::CheckError;
pub use options::{CheckOptions, OnErroredPlan, OnIncompletePlan, OnUncovered, Packs, Rules};

use planguard_plan::input::{Batch, Discovery, Document, InputError, ReadOptions, Reading, Source, discover};
use planguard_plan::problem::Problem;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{ChangeSummary, Plan, PlanError, sensitive_values};
use planguard_threads::{self as threads, Stack};

use crate::finding::Finding;
use crate::report::{Counts, Files, Notice, PlanReport, Report, SkippedFile};

/// How far a run has come; for progress bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many files are to be read.
    Found(usize),
    /// One more file is read.
    Read,
    /// One more plan is checked.
    Checked,
}

/// Reads everything that the sources hold and checks it.
pub fn run(
    sources: &[Source],
    read: &ReadOptions,
    rules: &Rules,
    options: &CheckOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Report {
    let discovery = discover(sources, read);
    progress(Progress::Found(discovery.files.len()));
    let batch = read_all(discovery, read, progress);
    check(&batch, rules, options, progress)
}

fn read_all(discovery: Discovery, options: &ReadOptions, progress: &(dyn Fn(Progress) + Sync)) -> Batch {
    let outcomes: Vec<Result<Reading, InputError>> =
        threads::map(&discovery.files, Stack::Plan, |candidate| {
            let outcome = candidate.read(options);
            progress(Progress::Read);
            outcome
        });
    discovery.conclude(outcomes)
}

/// Checks the documents of a batch, and reports what of the batch was skipped or refused.
pub fn check(
    batch: &Batch,
    rules: &Rules,
    options: &CheckOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Report {
    let plain = Redactor::default();
    let mut report = Report { report_only: options.report_only, ..Report::default() };
    report.problems.extend(batch.errors.iter().map(|error| {
        let origin = plain.text(&error.origin().to_string());
        Problem::new(error, Some(&origin), &plain)
    }));
    report.skipped.extend(batch.skipped.iter().map(|skipped| SkippedFile {
        file: plain.text(&skipped.origin.to_string()),
        reason: plain.text(&skipped.reason.to_string()),
    }));
    report.files =
        Files { plans: batch.plan_files, other: batch.other_files, directories: batch.directories };
    if let Some(policies) = &rules.policies {
        report.policies_sha256 = (!policies.sets().is_empty()).then(|| plain.text(policies.sha256()));
        report.problems.extend(policies.problems().iter().map(|error| Problem::new(error, None, &plain)));
        report.notices.extend(policies.passed_over().iter().map(|passed_over| Notice {
            code: SafeText::fixed("PG-CK-101"),
            message: plain.text(&passed_over.to_string()),
        }));
    }
    let outcomes = threads::map(&batch.documents, Stack::Plan, |document| {
        let outcome = check_document(document, rules, options);
        progress(Progress::Checked);
        outcome
    });
    for outcome in outcomes {
        report.plans.extend(outcome.plan);
        report.problems.extend(outcome.problems);
        report.notices.extend(outcome.notices);
    }
    if report.plans.iter().any(|plan| plan.counts.rules == 0) && report.problems.is_empty() {
        report.problems.push(Problem::new(&CheckError::NoRules, None, &plain));
    }
    if report.plans.is_empty() && report.problems.is_empty() {
        report.problems.push(Problem::new(&CheckError::NoPlans, None, &plain));
    }
    report
}

/// What came of one document.
#[derive(Default)]
struct Outcome {
    plan: Option<PlanReport>,
    problems: Vec<Problem>,
    notices: Vec<Notice>,
}

fn check_document(document: &Document, rules: &Rules, options: &CheckOptions) -> Outcome {
    let plain = Redactor::default();
    let origin = plain.text(&document.origin().to_string());
    let mut outcome = Outcome::default();
    for notice in document.notices() {
        if options.strict {
            let error = CheckError::Doubtful { plan: origin.unescaped().to_owned(), notice };
            outcome.problems.push(Problem::new(&error, Some(&origin), &plain));
            continue;
        }
        let code = miette::Diagnostic::code(&notice).map(|code| code.to_string()).unwrap_or_default();
        let message = plain.text(&format!("{}: {notice}", origin.unescaped()));
        outcome.notices.push(Notice { code: plain.text(&code), message });
    }
    // A defect of planguard in one plan must neither pass nor hide what is found in the others.
    let checked = catch_unwind(AssertUnwindSafe(|| check_plan(document, rules, options, &origin)));
    let checked = checked.unwrap_or_else(|_| {
        let error = CheckError::Internal { plan: origin.unescaped().to_owned() };
        Outcome { problems: vec![Problem::new(&error, Some(&origin), &plain)], ..Outcome::default() }
    });
    outcome.plan = checked.plan;
    outcome.problems.extend(checked.problems);
    if let Some(plan) = &mut outcome.plan {
        plan.complete = outcome.problems.is_empty();
    }
    outcome.notices.extend(checked.notices);
    outcome
}

/// What a check of one plan is made with.
struct PlanCheck<'c> {
    plan: &'c Plan<'c>,
    rules: &'c Rules,
    options: &'c CheckOptions,
    redactor: &'c Redactor,
    origin: &'c SafeText,
    /// Made for the first finding that names a resource by its address.
    by_address: OnceLock<ByAddress<'c>>,
    findings: Vec<Finding>,
    counts: Counts,
    problems: Vec<Problem>,
    notices: Vec<Notice>,
}

impl<'c> PlanCheck<'c> {
    fn by_address(&self) -> &ByAddress<'c> {
        self.by_address.get_or_init(|| ByAddress::new(self.plan))
    }

    fn problem(&mut self, diagnostic: &dyn miette::Diagnostic) {
        self.problems.push(Problem::new(diagnostic, Some(self.origin), self.redactor));
    }
}

fn check_plan(document: &Document, rules: &Rules, options: &CheckOptions, origin: &SafeText) -> Outcome {
    let refused = |error: &dyn miette::Diagnostic| Outcome {
        problems: vec![Problem::new(error, Some(origin), &Redactor::default())],
        ..Outcome::default()
    };
    let name = origin.unescaped().to_owned();
    let plan = match Plan::parse(document.text()) {
        Ok(plan) => plan,
        Err(source) => return refused(&CheckError::Plan { plan: name, source }),
    };
    match plan.contradictions() {
        Ok(contradictions) if contradictions.is_empty() => {}
        Ok(contradictions) => {
            let source = PlanError::Contradictory(contradictions);
            return refused(&CheckError::Plan { plan: name, source });
        }
        Err(source) => return refused(&CheckError::Plan { plan: name, source }),
    }
    let redactor = match sensitive_values(&plan) {
        Ok(values) => Redactor::new(&values),
        Err(source) => return refused(&CheckError::Plan { plan: name, source }),
    };
    let mut check = PlanCheck {
        plan: &plan,
        rules,
        options,
        redactor: &redactor,
        origin,
        by_address: OnceLock::new(),
        findings: Vec::new(),
        counts: Counts { resources: plan.resource_changes.len(), ..Counts::default() },
        problems: Vec::new(),
        notices: Vec::new(),
    };
    check.whole_plan();
    check.guardrails();
    check.changes();
    check.policies(document);
    let coverage = check.coverage();
    let PlanCheck { mut findings, counts, problems, notices, .. } = check;
    findings.sort_by(Finding::order);
    let report = PlanReport {
        origin: origin.clone(),
        sha256: Redactor::default().text(&document.sha256().to_string()),
        format_version: redactor.text(&plan.format_version),
        terraform_version: plan.terraform_version.as_deref().map(|version| redactor.text(version)),
        summary: ChangeSummary::of(&plan),
        counts,
        coverage,
        findings,
        // Decided when everything that kept us from looking is gathered.
        complete: false,
    };
    Outcome { plan: Some(report), problems, notices }
}
