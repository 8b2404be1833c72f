//! Applies rules to plans.

mod by_address;
mod causes;
mod changes;
mod coverage;
mod drift;
mod error;
mod guardrails;
mod lints;
mod options;
mod origins;
mod place;
mod policies;
mod risk;
mod whole_plan;
mod workspace;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use by_address::ByAddress;
pub use error::CheckError;
use guardrails::Drifted;
pub use lints::PolicyLints;
pub use options::{CheckOptions, OnErroredPlan, OnIncompletePlan, OnUncovered, Packs, Rules};

use planguard_plan::input::{
    Batch, Discovery, Document, InputError, Origin, ReadOptions, Reading, Source, discover,
};
use planguard_plan::problem::Problem;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{ChangeSummary, Plan, PlanError};
use planguard_rule::{RuleInfo, Severity};
use planguard_source::Configuration;
use planguard_threads::{self as threads, Stack};

use crate::approvals::Approvals;
use crate::baseline::BaselineUse;
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, Origin as FindingOrigin};
use crate::known_rules::KnownRules;
use crate::report::{
    ApprovalsReport, BaselineReport, Counts, Files, Notice, PlanReport, Report, SkippedFile, WaiverReport,
};
use crate::risk::Risk;
use crate::waivers::{Applied, UsedComments};

/// The progress of a run, for progress bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The number of files to read.
    Found(usize),
    /// A file was read.
    Read,
    /// A plan was checked.
    Checked,
}

/// Reads and checks all documents of the sources.
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

/// Checks the documents of a batch, and reports its skipped and rejected files.
pub fn check(
    batch: &Batch,
    rules: &Rules,
    options: &CheckOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Report {
    let plain = Redactor::default();
    let check_all = || {
        threads::map(&batch.documents, Stack::Plan, |document| {
            let outcome = check_document(document, rules, options);
            progress(Progress::Checked);
            outcome
        })
    };
    let (linted, outcomes) = match (&rules.policies, &rules.lints) {
        (Some(policies), Some(lints)) => {
            threads::both(Stack::Plan, || lints::look(policies, lints), check_all)
        }
        (Some(policies), None) => (lints::errors_of(policies), check_all()),
        (None, _) => (lints::Linted::default(), check_all()),
    };
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
        report.problems.extend(linted.problems);
        report.notices.extend(linted.notices);
        report.notices.extend(policies.skipped().iter().map(|skipped| Notice {
            code: SafeText::fixed("PG-CK-101"),
            message: plain.text(&skipped.to_string()),
        }));
    }
    let mut applied = Applied::default();
    let mut comments = UsedComments::default();
    let mut baseline = BaselineUse::default();
    for outcome in outcomes {
        applied.add(outcome.waivers);
        comments.add(outcome.comments);
        baseline.add(outcome.baseline);
        report.plans.extend(outcome.plan);
        report.problems.extend(outcome.problems);
        report.notices.extend(outcome.notices);
    }
    report.approvals = rules.approvals.as_ref().map(ApprovalsReport::new);
    report.waivers = rules.waivers.uses(&applied).into_iter().map(WaiverReport::new).collect();
    report.notices.extend(report.waivers.iter().filter_map(WaiverReport::notice));
    report.notices.extend(comments.into_notices());
    report.baseline = rules.baseline.as_ref().map(|of_rules| of_rules.report(&baseline));
    if let Some(baseline) = report.baseline.as_mut().filter(|_| !report.problems.is_empty()) {
        // What could not be checked may have the findings.
        baseline.unused.clear();
    }
    report.notices.extend(report.baseline.as_ref().and_then(BaselineReport::notice));
    if report.plans.iter().any(|plan| plan.counts.rules == 0) && report.problems.is_empty() {
        report.problems.push(Problem::new(&CheckError::NoRules, None, &plain));
    }
    if report.plans.is_empty() && report.problems.is_empty() {
        report.problems.push(Problem::new(&CheckError::NoPlans, None, &plain));
    }
    report
}

/// The result of one document.
#[derive(Default)]
struct DocumentResult {
    plan: Option<PlanReport>,
    problems: Vec<Problem>,
    notices: Vec<Notice>,
    waivers: Applied,
    comments: UsedComments,
    baseline: BaselineUse,
}

fn check_document(document: &Document, rules: &Rules, options: &CheckOptions) -> DocumentResult {
    let plain = Redactor::default();
    let origin = plain.text(&document.origin().to_string());
    let mut outcome = DocumentResult::default();
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
    // A crash on one plan must neither pass nor hide the findings of others.
    let checked = catch_unwind(AssertUnwindSafe(|| check_plan(document, rules, options, &origin)));
    let checked = checked.unwrap_or_else(|_| {
        let error = CheckError::Internal { plan: origin.unescaped().to_owned() };
        DocumentResult {
            problems: vec![Problem::new(&error, Some(&origin), &plain)],
            ..DocumentResult::default()
        }
    });
    outcome.plan = checked.plan;
    outcome.problems.extend(checked.problems);
    if let Some(plan) = &mut outcome.plan {
        plan.complete = outcome.problems.is_empty();
    }
    outcome.notices.extend(checked.notices);
    outcome.waivers = checked.waivers;
    outcome.comments = checked.comments;
    outcome.baseline = checked.baseline;
    outcome
}

/// The state of the check of one plan.
struct PlanCheck<'c> {
    plan: &'c Plan<'c>,
    rules: &'c Rules,
    options: &'c CheckOptions,
    redactor: &'c Redactor,
    origin: &'c SafeText,
    /// Where the document comes from.
    document_origin: &'c Origin,
    /// The configuration that the plan was made of, read for the first finding.
    configuration: OnceLock<Option<Arc<Configuration>>>,
    /// Built for the first finding that names a resource by its address.
    by_address: OnceLock<ByAddress<'c>>,
    findings: Vec<Finding>,
    /// What findings of guardrails report as changed outside of Terraform, and the strictest effect of those findings.
    drifted: BTreeMap<Drifted, Enforcement>,
    /// What guardrails would report, had the plan not put back what was changed outside of Terraform.
    put_back: BTreeMap<Drifted, SafeText>,
    counts: Counts,
    problems: Vec<Problem>,
    notices: Vec<Notice>,
}

impl<'c> PlanCheck<'c> {
    fn by_address(&self) -> &ByAddress<'c> {
        self.by_address.get_or_init(|| ByAddress::new(self.plan))
    }

    /// The severity of a finding, and what it does. `own` is its severity if settings do not change that of the rule.
    fn effect(
        &self,
        info: &RuleInfo,
        own: Severity,
        certainty: Certainty,
        origin: FindingOrigin,
    ) -> (Severity, Enforcement) {
        let options = &self.options.enforcement;
        let set = self.rules.overrides.of(&info.id);
        let severity = set.and_then(|set| set.severity).unwrap_or(own);
        let enforcement = match set.and_then(|set| set.enforcement) {
            Some(enforcement) => options.applied_to(enforcement.into(), severity, certainty, origin),
            None => options.of(severity, certainty, origin),
        };
        (severity, enforcement)
    }

    /// Reports an error in planguard's own words, which hold addresses and no values of the plan.
    fn problem(&mut self, error: &CheckError) {
        self.problems.push(Problem::new(error, Some(self.origin), &Redactor::default()));
    }
}

/// Why findings have no lines, for whoever named the configuration. `sought` is what was found, if it was looked for.
fn about_sources(
    rules: &Rules,
    sought: Option<&Option<Arc<Configuration>>>,
    origin: &SafeText,
) -> Vec<Notice> {
    let (Some(directory), Some(found)) = (rules.sources.named(), sought) else { return Vec::new() };
    let Some(configuration) = found else {
        let message = format!(
            "{}: findings have no lines, because {} lacks blocks or modules of the plan, or cannot be read",
            origin.unescaped(),
            directory.display()
        );
        return vec![Notice::new("PG-CK-107", &message)];
    };
    let problems = configuration.problems().iter();
    problems
        .map(|problem| Notice::new("PG-CK-108", &format!("{problem}; findings there have no lines")))
        .collect()
}

/// Marks what needs approval, and has it.
fn approve(findings: &mut [Finding], approvals: &Approvals) {
    let plain = Redactor::default();
    let people: Vec<SafeText> = approvals.counted.iter().map(|person| plain.text(person)).collect();
    for finding in findings.iter_mut().filter(|finding| finding.enforcement == Enforcement::Approve) {
        finding.enforcement = Enforcement::Approved;
        finding.approved_by.clone_from(&people);
    }
}

fn check_plan(
    document: &Document,
    rules: &Rules,
    options: &CheckOptions,
    origin: &SafeText,
) -> DocumentResult {
    let refused = |error: &dyn miette::Diagnostic| DocumentResult {
        problems: vec![Problem::new(error, Some(origin), &Redactor::default())],
        ..DocumentResult::default()
    };
    let name = origin.unescaped().to_owned();
    let plan = match Plan::parse(document.text()) {
        Ok(plan) => plan,
        Err(source) => return refused(&CheckError::Plan { plan: name, source }),
    };
    let contradictions = plan.contradictions();
    if !contradictions.is_empty() {
        let source = PlanError::Contradictory(contradictions);
        return refused(&CheckError::Plan { plan: name, source });
    }
    let redactor = match Redactor::for_plan(&plan) {
        Ok(redactor) => redactor,
        Err(source) => return refused(&CheckError::Plan { plan: name, source }),
    };
    let mut check = PlanCheck {
        plan: &plan,
        rules,
        options,
        redactor: &redactor,
        origin,
        document_origin: document.origin(),
        configuration: OnceLock::new(),
        by_address: OnceLock::new(),
        findings: Vec::new(),
        drifted: BTreeMap::new(),
        put_back: BTreeMap::new(),
        counts: Counts { resources: plan.resource_changes.len(), ..Counts::default() },
        problems: Vec::new(),
        notices: Vec::new(),
    };
    check.whole_plan();
    check.guardrails();
    check.changes();
    check.policies(document);
    let drift = check.drift();
    let coverage = check.coverage();
    let sought = check.configuration.take();
    check.notices.extend(about_sources(rules, sought.as_ref(), origin));
    let configuration = sought.flatten();
    let PlanCheck { mut findings, counts, problems, notices, .. } = check;
    findings.sort_by(Finding::order);
    let sha256 = document.sha256().to_string();
    let mut waivers = rules.waivers.apply(&mut findings, &sha256);
    let comments = configuration.map_or_else(UsedComments::default, |configuration| {
        let known = || KnownRules::of(rules);
        rules.waivers.comments.apply(&mut findings, &configuration, known, rules.waivers.today)
    });
    let baseline = rules.baseline.as_ref().map(|baseline| baseline.apply(&mut findings, origin));
    let mut findings = causes::merged(findings);
    // What is accepted is no risk, and the score itself can be waived.
    let risk = Risk::of(&plan, &findings, options.risk.monthly_increase);
    if let Some(mut finding) = risk::finding(&risk, rules, options) {
        waivers.add(rules.waivers.apply(std::slice::from_mut(&mut finding), &sha256));
        findings.insert(0, finding);
    }
    if let Some(approvals) = rules.approvals.as_ref().filter(|approvals| approvals.are_enough()) {
        // Approval is given to what each rule finds.
        let mut shares = causes::split(findings);
        approve(&mut shares, approvals);
        findings = causes::merged(shares);
    }
    let report = PlanReport {
        origin: origin.clone(),
        sha256: SafeText::digest(&document.sha256()),
        shown_sha256: document.shown_sha256().as_ref().map(SafeText::digest),
        format_version: redactor.text(&plan.format_version),
        terraform_version: plan.terraform_version.as_deref().map(|version| redactor.text(version)),
        workspace: document
            .origin()
            .path()
            .and_then(workspace::selected_beside)
            .map(|name| redactor.text(&name)),
        summary: ChangeSummary::of(&plan),
        counts,
        coverage,
        risk,
        findings,
        drift,
        // Computed after all problems are collected.
        complete: false,
    };
    let baseline = baseline.unwrap_or_default();
    DocumentResult { plan: Some(report), problems, notices, waivers, comments, baseline }
}
