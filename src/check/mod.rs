//! Applies rules to plans.

mod benchmarks;
mod by_address;
mod causes;
mod changes;
mod cost;
mod coverage;
mod drift;
mod entries;
mod error;
mod guardrails;
mod lints;
mod options;
mod origins;
mod outputs;
mod place;
mod plan_finding;
mod policies;
mod risk;
mod room;
mod whole_plan;
mod workspace;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use benchmarks::Answer;
pub use benchmarks::Benchmarks;
use by_address::ByAddress;
pub use error::CheckError;
use guardrails::Drifted;
pub use lints::PolicyLints;
pub use options::{
    CheckOptions, Details, OnDrift, OnErroredPlan, OnIncompletePlan, OnUncovered, Packs, Rules,
};
use room::Room;

use entries::UsedEntries;
use planguard_cost::{BOOK_CURRENCY, PlanCost};
use planguard_guardrails::change;
use planguard_plan::input::{
    Batch, Candidate, Document, Origin, Partition, ReadOptions, Reading, Source, discover,
};
use planguard_plan::problem::Problem;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{ChangeSummary, Plan, PlanError};
use planguard_rego::Policies;
use planguard_rule::{RuleInfo, Severity};
use planguard_source::Configuration;
use planguard_threads::{self as threads, Stack};

use crate::approvals::Approvals;
use crate::baseline::BaselineUse;
use crate::cost::{CostReport, CostUse, not_shared};
use crate::details::PlanDetails;
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, Origin as FindingOrigin};
use crate::huge_pages;
use crate::known_rules::KnownRules;
use crate::report::{
    ApprovalsReport, BaselineReport, Counts, Files, Notice, PartReport, PlanReport, Report, SkippedFile,
    WaiverReport,
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

/// Reads and checks all documents of the sources. Each is dropped after its check, so that memory depends on the
/// largest documents and not on their number.
pub fn run(
    sources: &[Source],
    read: &ReadOptions,
    rules: &Rules,
    options: &CheckOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Report {
    let found = discover(sources, read);
    let (discovery, part) = match options.partition {
        Some(partition) => {
            let files = found.files.len();
            let files_sha256 = SafeText::digest(&found.files_sha256());
            let (here, others) = found.part(partition);
            (here, Some(Divided { partition, files, files_sha256, others }))
        }
        None => (found, None),
    };
    progress(Progress::Found(discovery.files.len()));
    let room = Room::default();
    let (linted, outcomes) = beside_lints(rules, || {
        threads::map(&discovery.files, Stack::Plan, |candidate| {
            let size = candidate.size().unwrap_or_default();
            huge_pages::allow_for(size);
            let mut held = room.enter(size);
            let reading = candidate.read(read);
            progress(Progress::Read);
            let outcome = reading.map(|reading| {
                reading.map(|document| {
                    held.has(document.text().len() as u64);
                    check_document(&document, rules, options)
                })
            });
            progress(Progress::Checked);
            outcome
        })
    });
    let mut batch = discovery.conclude(outcomes);
    let results = std::mem::take(&mut batch.documents);
    let mut report = report(&batch, results, linted, rules, options);
    // A part may have no plans if others have some.
    let others_have =
        report.plans.is_empty() && part.as_ref().is_some_and(|part| part.others_have_plans(read));
    report.part = part.map(|divided| divided.report(&batch));
    if others_have {
        report.order();
    } else {
        conclude(&mut report);
    }
    report
}

/// Checks the documents of a batch, and reports its skipped and rejected files.
pub fn check(
    batch: &Batch,
    rules: &Rules,
    options: &CheckOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Report {
    let (linted, results) = beside_lints(rules, || {
        threads::map(&batch.documents, Stack::Plan, |document| {
            let result = check_document(document, rules, options);
            progress(Progress::Checked);
            result
        })
    });
    let mut report = report(batch, results, linted, rules, options);
    conclude(&mut report);
    report
}

/// What a part has to know of the whole.
struct Divided {
    partition: Partition,
    /// How many files all parts have together.
    files: usize,
    files_sha256: SafeText,
    /// The files of other parts.
    others: Vec<Candidate>,
}

impl Divided {
    /// Whether other parts have plans, or what should be plans.
    fn others_have_plans(&self, read: &ReadOptions) -> bool {
        self.others.iter().any(|candidate| !matches!(candidate.read(read), Ok(Reading::Skipped(_))))
    }

    fn report<D>(self, batch: &Batch<D>) -> PartReport {
        let plain = Redactor::default();
        let directories = batch.directories.iter();
        PartReport {
            partition: self.partition,
            files: self.files,
            files_sha256: self.files_sha256,
            directories: directories
                .map(|directory| (plain.text(&directory.path.to_string_lossy()), directory.files))
                .collect(),
        }
    }
}

/// Checks plans, and lints the policies that they are checked with at the same time.
fn beside_lints<R>(rules: &Rules, check_all: impl FnOnce() -> R) -> (lints::Linted, R) {
    match (&rules.policies, &rules.lints) {
        (Some(policies), Some(lints)) => {
            threads::both(Stack::Plan, || lints::look(policies, lints), check_all)
        }
        (Some(policies), None) => (lints::errors_of(policies), check_all()),
        (None, _) => (lints::Linted::default(), check_all()),
    }
}

/// What is wrong with policies, whatever the plan is.
pub fn mistakes(rules: &Rules) -> Vec<Problem> {
    beside_lints(rules, || ()).0.problems
}

/// The report of all documents, and of the files of a batch that are none.
fn report<D>(
    batch: &Batch<D>,
    results: Vec<DocumentResult>,
    linted: lints::Linted,
    rules: &Rules,
    options: &CheckOptions,
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
        Files { plans: batch.plan_files, other: batch.other_files, directories: batch.directories.len() };
    if let Some(policies) = &rules.policies {
        report.policies_sha256 = (!policies.sets().is_empty()).then(|| plain.text(policies.sha256()));
        report.problems.extend(linted.problems);
        report.notices.extend(linted.notices);
        report
            .notices
            .extend(policies.skipped().iter().map(|skipped| Notice::new("PG-CK-101", &skipped.to_string())));
    }
    let mut applied = Applied::default();
    let mut comments = UsedComments::default();
    let mut baseline = BaselineUse::default();
    let mut entries = UsedEntries::default();
    for (index, mut result) in results.into_iter().enumerate() {
        if let Some(plan) = &mut result.plan {
            plan.position = batch.positions.get(index).copied();
        }
        applied.add(result.waivers);
        comments.add(result.comments);
        baseline.add(result.baseline);
        entries.add(result.unused);
        report.plans.extend(result.plan);
        report.problems.extend(result.problems);
        report.notices.extend(result.notices);
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
    // The plans of other parts, and what could not be checked, may use them.
    if options.partition.is_none() && report.problems.is_empty() {
        report.notices.extend(entries.notices(&options.change.ignore_drift));
    }
    report
}

/// Adds what is wrong with a report on nothing, or by no rules, and orders what was said.
pub(crate) fn conclude(report: &mut Report) {
    let plain = Redactor::default();
    if report.plans.iter().any(|plan| plan.counts.rules == 0) && report.problems.is_empty() {
        report.problems.push(Problem::new(&CheckError::NoRules, None, &plain));
    }
    if report.plans.is_empty() && report.problems.is_empty() {
        report.problems.push(Problem::new(&CheckError::NoPlans, None, &plain));
    }
    report.order();
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
    unused: UsedEntries,
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
        outcome.notices.push(Notice::of(plain.text(&code), message));
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
    outcome.notices.iter_mut().for_each(|notice| notice.plan = Some(origin.clone()));
    outcome.waivers = checked.waivers;
    outcome.comments = checked.comments;
    outcome.baseline = checked.baseline;
    outcome.unused = checked.unused;
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
    /// What guardrails say to the controls of benchmarks.
    answers: Vec<Answer>,
    /// What the plan costs, once something asked for it; nothing if that cannot be told.
    cost: Option<Option<Arc<PlanCost>>>,
    counts: Counts,
    problems: Vec<Problem>,
    notices: Vec<Notice>,
}

/// What a finding does that no setting is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Usual {
    /// Its severity decides.
    BySeverity,
    /// It denies: whoever asks for a benchmark wants to know whether it is kept.
    Denies,
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
        usual: Usual,
    ) -> (Severity, Enforcement) {
        let options = &self.options.enforcement;
        let set = self.rules.overrides.of(&info.id);
        let severity = set.and_then(|set| set.severity).unwrap_or(own);
        let enforcement = match set.and_then(|set| set.enforcement) {
            Some(enforcement) => options.applied_to(enforcement.into(), severity, certainty, origin),
            None => match usual {
                Usual::BySeverity => options.of(severity, certainty, origin),
                Usual::Denies => options.applied_to(Enforcement::Deny, severity, certainty, origin),
            },
        };
        (severity, enforcement)
    }

    /// What the plan costs. If that cannot be told, the reason is reported once.
    fn cost(&mut self) -> Option<Arc<PlanCost>> {
        if let Some(cost) = &self.cost {
            return cost.clone();
        }
        let cost = match self.rules.cost.cost(self.plan, self.document_origin.path()) {
            Ok(cost) => Some(Arc::new(cost)),
            Err(error) => {
                self.problems.push(Problem::new(&error, Some(self.origin), &Redactor::default()));
                None
            }
        };
        if let Some(held) = cost.as_ref().and_then(|cost| cost.held.as_ref()) {
            let said = not_shared(held).into_iter().zip(["PG-CO-102", "PG-CO-103"]);
            self.notices.extend(said.filter_map(|(said, code)| Some(Notice::new(code, &said?))));
            if held.other_projects > 0
                && self.rules.policies.as_ref().is_some_and(Policies::reads_cost_report)
            {
                let message = "policies that read the totals of the report of Infracost see the sum of all its projects, \
                               and not that of this plan: write a report for each plan, or read `input.planguard.cost`";
                self.notices.push(Notice::new("PG-CO-105", message));
            }
        }
        if self.rules.cost.limits.max_percent.is_some()
            && cost.as_ref().is_some_and(|cost| cost.sum.is_from_nothing())
        {
            let message = "max-percent under [cost] does not limit this plan: nothing costs anything before it, and nothing is \
                           a percentage of nothing; max-delta limits it";
            self.notices.push(Notice::new("PG-CO-106", message));
        }
        if let Some(currency) =
            cost.as_ref().map(|cost| cost.currency.as_str()).filter(|name| *name != BOOK_CURRENCY)
            && self.rules.cost.limits.max_delta.is_some()
        {
            let message = format!(
                "max-delta under [cost] is held in {currency}, the currency of the report of Infracost, and not in {BOOK_CURRENCY}"
            );
            self.notices.push(Notice::new("PG-CO-108", &message));
        }
        self.cost = Some(cost.clone());
        cost
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
        answers: Vec::new(),
        cost: None,
        counts: Counts { resources: plan.resource_changes.len(), ..Counts::default() },
        problems: Vec::new(),
        notices: Vec::new(),
    };
    check.whole_plan();
    check.guardrails();
    check.changes();
    check.policies(document);
    let is_priced = rules.cost.wanted == CostUse::Told
        || rules.cost.imported.is_some()
        || options.risk.are_a_gate()
        || check.cost.is_some();
    let cost = if is_priced { check.cost() } else { None };
    let drift = check.drift();
    let changed_outside = check.changed_outside(&drift);
    let outputs = check.outputs();
    let coverage = check.coverage();
    let sought = check.configuration.take();
    check.notices.extend(about_sources(rules, sought.as_ref(), origin));
    let configuration = sought.flatten();
    let PlanCheck { mut findings, answers, counts, problems, notices, .. } = check;
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
    let increase = cost.as_ref().and_then(|cost| cost.sum.delta());
    let risk = Risk::of(&plan, &findings, increase);
    if let Some(mut finding) = risk::finding(&risk, rules, options) {
        waivers.add(rules.waivers.apply(std::slice::from_mut(&mut finding), &sha256));
        findings.insert(0, finding);
    }
    let own_prices = cost.as_ref().map(|cost| cost.own_prices.clone()).unwrap_or_default();
    let told_cost = cost.filter(|_| rules.cost.wanted == CostUse::Told);
    let cost = told_cost.as_deref().map(|cost| CostReport::of(cost, &redactor));
    if let Some(cost) = &cost {
        let mut about_cost = cost::findings(cost, &rules.cost.limits, rules);
        waivers.add(rules.waivers.apply(&mut about_cost, &sha256));
        findings.splice(0..0, about_cost);
    }
    if let Some(approvals) = rules.approvals.as_ref().filter(|approvals| approvals.are_enough()) {
        // Approval is given to what each rule finds.
        let mut shares = causes::split(findings);
        approve(&mut shares, approvals);
        findings = causes::merged(shares);
    }
    let benchmarks = rules.benchmarks.report(answers, &findings);
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
        cost,
        findings,
        benchmarks,
        drift,
        changed_outside,
        outputs,
        // Computed after all problems are collected.
        complete: false,
        position: None,
        details: match options.details {
            Details::LeftOut => None,
            Details::Wanted => {
                let dependencies = rules.sources.dependencies(&plan, document.origin());
                let cost = told_cost.as_deref();
                Some(Box::new(PlanDetails::of(&plan, &redactor, origin, cost, &dependencies)))
            }
        },
    };
    let baseline = baseline.unwrap_or_default();
    let may_drift = change::may_drift(&plan, &options.change.ignore_drift);
    DocumentResult {
        plan: Some(report),
        problems,
        notices,
        waivers,
        comments,
        baseline,
        unused: UsedEntries { own_prices, may_drift },
    }
}
