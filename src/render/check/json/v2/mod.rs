//! Version 2 of the JSON report, documented in `docs/report.schema.json`. `write` makes it of a report, and `read` makes a
//! report of it.

mod controls;
mod read;
mod write;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use controls::Benchmark;

use super::held::{Approvals, Cost, Environment, Risk};

pub use read::ReadError;
pub(super) use read::{read, safe};
pub(super) use write::text;

/// The version of this format.
const SCHEMA_VERSION: &str = "2.5";

/// A run of planguard.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Report {
    /// The version of this format: a new minor version adds fields, a new major version is another document.
    schema_version: String,
    /// The version of planguard.
    planguard_version: String,
    /// The verdict.
    verdict: Verdict,
    /// The process's exit code.
    exit_code: u8,
    /// Whether everything was checked; false if and only if the verdict is `undecided`.
    complete: bool,
    /// Whether denials are only reported and the exit code stays 0.
    report_only: bool,
    /// The SHA-256 of the policies that were loaded.
    policies_sha256: Option<String>,
    /// The commits of git that policies and data are of; left out if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    policy_commits: Vec<PolicyCommit>,
    /// The place that settings, policies, data and guardrails were taken from, as `--trusted` names it; null if they
    /// are the project's own.
    trusted: Option<String>,
    /// Settings in files of the project that let through what the defaults would deny. Empty with `--trusted`.
    weakenings: Vec<Weakening>,
    /// The environment whose settings count; null if none does.
    environment: Option<Environment>,
    /// Who approved the change; null if no setting asks for approval.
    approvals: Option<Approvals>,
    /// The SHA-256 of the settings that count, wherever they were set.
    settings_sha256: Option<String>,
    /// The SHA-256 of all that decided: the version, the built-in rules, the settings, and what they name.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules_sha256: Option<String>,
    /// The part of the plans that were checked; left out if it is all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<Part>,
    /// The waivers of the settings.
    waivers: Vec<Waiver>,
    /// The baseline; null if there is none.
    baseline: Option<Baseline>,
    /// The rules that have findings, by their ids.
    rules: BTreeMap<String, Rule>,
    /// The plans that were checked.
    plans: Vec<Plan>,
    /// Files in directories that were skipped.
    skipped: Vec<Skipped>,
    /// How many files were read.
    files: Files,
    /// Errors that kept planguard from checking everything.
    problems: Vec<Problem>,
    /// Notes that do not affect the verdict.
    notices: Vec<Notice>,
}

/// A commit that policies are of.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PolicyCommit {
    /// The source, such as `git::../policies//rego?ref=v1.2.0`.
    source: String,
    /// The id of its commit.
    commit: String,
}

/// One of several runs that share the files to check.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Part {
    /// Which one, counted from 1.
    part: usize,
    /// How many there are.
    of: usize,
    /// How many files all of them have together.
    files: usize,
    /// The SHA-256 of the names and sizes of these files.
    files_sha256: String,
    /// The directories that were searched.
    directories: Vec<Directory>,
}

/// A directory that was searched.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Directory {
    /// The directory.
    directory: String,
    /// How many of its files that this run has were read as plans, or could not be read.
    files: usize,
}

/// A setting that lets through what its default would deny.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Weakening {
    /// The setting as the file has it, such as `check.builtin = false`.
    setting: String,
    /// What it lets through.
    effect: String,
    file: String,
    /// Counted from 1; null if the file does not say it in one place.
    line: Option<usize>,
}

/// One plan.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Plan {
    /// Where the plan came from, as it was named.
    file: String,
    /// The SHA-256 of the bytes that were read.
    sha256: String,
    /// The plan's `format_version`.
    format_version: String,
    /// The version of Terraform or OpenTofu.
    terraform_version: Option<String>,
    /// The workspace, if the directory of the plan says so.
    workspace: Option<String>,
    /// The verdict for this plan alone.
    verdict: Verdict,
    /// What the plan does.
    changes: Changes,
    /// How much was checked.
    counts: Counts,
    /// How much of what the plan changes is of a type that a guardrail knows.
    coverage: Coverage,
    /// The risk score.
    risk: Risk,
    /// What it costs a month; left out if that was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cost: Option<Cost>,
    /// The findings, resource by resource, the most severe first.
    findings: Vec<Finding>,
    /// What it says of the controls of each benchmark; left out if none was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    benchmarks: Vec<Benchmark>,
    /// What was changed outside of Terraform and matters.
    #[serde(default)]
    drift: Vec<Drift>,
    /// How many objects were changed outside of Terraform, whether that matters or not; left out if none was.
    #[serde(default, skip_serializing_if = "is_none")]
    changed_outside: usize,
    /// The outputs of the root module that change; left out if none does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<Output>,
    /// Of a part: the lines of the configuration that findings point to: for each file, the number of a line and its
    /// text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    source_lines: BTreeMap<String, BTreeMap<usize, String>>,
    /// The place of its file among those of all parts, counted from 0; left out if the run is no part.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<usize>,
}

/// An output of the root module that the plan changes.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Output {
    /// Its name.
    name: String,
    /// What happens to it.
    action: OutputAction,
    /// Its present value as Terraform writes it; left out if there is none, or if it is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// Its new value; left out if there is none, or if it is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// Whether it, or a part of it, is or was sensitive; then no value is told.
    sensitive: bool,
    /// Whether it, or a part of it, is known only after apply.
    unknown: bool,
}

/// What happens to an output.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum OutputAction {
    /// It is created.
    Create,
    /// Its value changes.
    Change,
    /// It is deleted.
    Delete,
}

const fn is_none(number: &usize) -> bool {
    *number == 0
}

/// Something that was changed outside of Terraform and matters.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Drift {
    /// The address of the object.
    address: String,
    /// The attribute; left out for the whole object.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// What happened.
    message: String,
    /// What the plan does with it.
    became: DriftFate,
}

/// What a plan does with what was changed outside of Terraform.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum DriftFate {
    /// It stays; a finding reports it.
    Kept,
    /// The plan puts it back.
    PutBack,
    /// The plan says nothing of the object, as one of `-refresh-only`.
    Unplanned,
}

/// How many managed objects the plan touches. A replacement counts in `add`, in `destroy` and in `replace`.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Changes {
    add: usize,
    change: usize,
    destroy: usize,
    replace: usize,
    import: usize,
    r#move: usize,
    forget: usize,
    unchanged: usize,
    read: usize,
}

/// How much was checked.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Counts {
    /// Resource instances in the plan, unchanged ones included.
    resources: usize,
    /// Rules that were enabled.
    rules: usize,
    /// Of these, rules that do not apply to the plan.
    rules_matching_nothing: usize,
    /// Evaluations that passed.
    passed: usize,
    /// Evaluations that depend on values known after apply.
    undetermined: usize,
    /// Failures that the plan fixes or removes.
    fixed: usize,
    /// Policy results that an `exception` suppressed.
    exceptions: usize,
}

/// How many files were read.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Files {
    /// Files that were read as plans. A file with one plan per line counts once.
    plans: usize,
    /// Files in directories that do not look like plans.
    other: usize,
    /// Directories that were searched.
    #[serde(default)]
    directories: usize,
}

/// How much of what the plan changes is of a type that a guardrail knows.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Coverage {
    /// Managed resources that the plan does not leave unchanged.
    changed: usize,
    /// Of these, resources of a type that no guardrail knows.
    unknown: usize,
    /// The types that no guardrail knows, the most frequent first.
    unknown_types: Vec<UnknownType>,
}

/// A resource type that no guardrail knows.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct UnknownType {
    r#type: String,
    /// How many resources of the type the plan changes.
    changed: usize,
}

/// A finding of a rule. A member without a value is left out.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Finding {
    /// The id of the rule, which `rules` describes.
    rule: String,
    /// The severity.
    severity: Severity,
    /// What it does to the verdict.
    enforcement: Enforcement,
    /// Whether it depends on values known after apply; left out if it is certain.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    undetermined: bool,
    /// Whether the object fails the rule before the plan as well; left out if the plan introduces the failure.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pre_existing: bool,
    /// The address of the resource; left out if the finding is about the whole plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The key of a deposed object.
    #[serde(skip_serializing_if = "Option::is_none")]
    deposed: Option<String>,
    /// What the plan does with the resource: Terraform's actions, joined by `+`; left out if it is not in the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<String>,
    /// The attribute that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// Its value as Terraform writes it, if it is useful and not sensitive.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Its value before the change, if it was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// The resources whose attributes decide an undetermined outcome at apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    /// What is wrong.
    message: String,
    /// How to fix it, if it is another remedy than that of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<String>,
    /// The location that a policy gives for the finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    /// Where the configuration defines the resource or the attribute; left out if it is not at hand or does not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    /// Other keys that a policy gives for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    /// The waiver that accepts it, or did until it expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiver: Option<FindingWaiver>,
    /// The people who approved it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    approved_by: Vec<String>,
    /// What each rule finds, if several find the same cause: `rule` and the other members are those of the strictest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shares: Vec<Share>,
}

/// What one of several rules finds.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Share {
    /// The id of the rule, which `rules` describes.
    rule: String,
    severity: Severity,
    enforcement: Enforcement,
    /// The address of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The attribute that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// What is wrong.
    message: String,
}

/// Where the configuration defines what a finding is about.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Source {
    file: String,
    /// Counted from 1.
    line: usize,
    /// The first character in the line and the one behind the last, counted from 1.
    columns: [usize; 2],
    /// Whether it is a block around the attribute; left out if it is the attribute.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    around: bool,
    /// Of a part: the head of the resource's block, if it is another line.
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<Location>,
    /// Of a part: where the value comes from, if it is a copy: local values, arguments of modules and variables, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    from: Vec<Location>,
}

/// The waiver of a finding.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FindingWaiver {
    /// Whether it expired, and accepts the finding no longer.
    expired: bool,
    reason: String,
    owner: Option<String>,
    ticket: Option<String>,
    /// The last day on which it counts, in UTC, such as `2027-01-31`.
    expires: Option<String>,
    file: String,
    /// Counted from 1.
    line: usize,
}

/// A waiver, and what became of it.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Waiver {
    /// The rules that it means, as it is written.
    rule: String,
    /// The resources that it means, as it is written; null for findings about the whole plan.
    address: Option<String>,
    /// The environment for which alone it counts; null if it counts everywhere.
    environment: Option<String>,
    reason: String,
    owner: Option<String>,
    ticket: Option<String>,
    /// The last day on which it counts, in UTC, such as `2027-01-31`.
    expires: Option<String>,
    file: String,
    /// Counted from 1.
    line: usize,
    /// What became of it.
    state: WaiverState,
    /// The rule that may have been meant, if no rule has such an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<String>,
    /// The findings that it accepts, or no longer accepts if it expired.
    findings: usize,
}

/// What became of a waiver.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum WaiverState {
    /// It accepts findings.
    Used,
    /// Its last day is past.
    Expired,
    /// Earlier waivers accept all findings that it means.
    Shadowed,
    /// No finding is like that.
    Unused,
    /// It is for another environment.
    OtherEnvironment,
    /// No rule has such an id.
    UnknownRule,
}

/// The findings that the project had when it began with planguard.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Baseline {
    file: String,
    /// The findings that it accepts.
    findings: usize,
    /// Its entries for which the checked plans have no finding.
    unused: Vec<UnusedEntry>,
}

/// An entry of a baseline that is not used.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct UnusedEntry {
    /// The plan that it is for; null if it is for any.
    plan: Option<String>,
    rule: String,
    /// The address of the resource; null for a finding about the whole plan.
    address: Option<String>,
    attribute: Option<String>,
}

/// A rule that has findings.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Rule {
    /// A one-line description.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// What kind of rule it is.
    kind: RuleKind,
    /// The category of harm, such as `exposure`, if the rule names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    /// How to fix its findings, unless a finding has a remedy of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<String>,
}

/// May the plan be merged?
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Verdict {
    /// Everything was checked, without denials.
    Pass,
    /// At least one finding denies.
    Denied,
    /// Not everything could be checked.
    Undecided,
}

/// The severity of a finding.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

/// What a finding does to the verdict.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Enforcement {
    Deny,
    /// It needs approval that it does not have, and denies until then.
    Approve,
    Warn,
    /// Enough people approved it.
    Approved,
    /// A waiver accepts it.
    Waived,
    /// The baseline has it.
    Baseline,
    Off,
}

/// What kind of rule a finding comes from.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum RuleKind {
    /// A guardrail about a resource's state.
    Guardrail,
    /// A guardrail about the change.
    Change,
    /// A Rego policy.
    Policy,
}

/// A place in a source file.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Location {
    file: String,
    /// Counted from 1.
    line: u64,
}

/// A file that was skipped.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Skipped {
    file: String,
    reason: String,
}

/// An error that kept planguard from checking everything.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Problem {
    /// A stable code, for example `PG-IN-003`.
    code: String,
    message: String,
    /// How to fix it.
    help: Option<String>,
    /// The plan that it concerns.
    file: Option<String>,
}

/// A note that does not affect the verdict.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Notice {
    /// A stable code; `print` for what a policy printed.
    code: String,
    message: String,
    /// The plan that it concerns; left out if it concerns the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}
