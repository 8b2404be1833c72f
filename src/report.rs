//! The result of a run. Renderers convert it to text without further decisions.

use std::time::Duration;

use planguard_plan::ChangeSummary;
use planguard_plan::input::Partition;
use planguard_plan::problem::Problem;
use planguard_plan::redact::{Redactor, SafeText};

use crate::approvals::{Approvals, NotCounted};
use crate::benchmark::BenchmarkReport;
use crate::cost::CostReport;
use crate::details::PlanDetails;
use crate::finding::{Certainty, Finding};
use crate::risk::Risk;
use crate::settings::ChosenEnvironment;
use crate::verdict::Verdict;
use crate::waivers::{Use, Waiver};

/// The result of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The checked plans, in the given order.
    pub plans: Vec<PlanReport>,
    /// Skipped files, with the reasons.
    pub skipped: Vec<SkippedFile>,
    /// How many files were read.
    pub files: Files,
    /// What kept planguard from looking at everything.
    pub problems: Vec<Problem>,
    /// Notices that do not affect the verdict.
    pub notices: Vec<Notice>,
    /// Whether denials are only reported. This affects the exit code, not the verdict.
    pub report_only: bool,
    /// The SHA-256 of the loaded policies, if any.
    pub policies_sha256: Option<SafeText>,
    /// The commits that policies and data are of, if they are named in git.
    pub policy_commits: Vec<PolicyCommit>,
    /// How far the settings can be trusted.
    pub trust: Trust,
    /// The waivers, and what became of each.
    pub waivers: Vec<WaiverReport>,
    /// The baseline, and what became of it.
    pub baseline: Option<BaselineReport>,
    /// The environment whose settings count, if there is one.
    pub environment: Option<EnvironmentReport>,
    /// Who approved the change, if something may need approval.
    pub approvals: Option<ApprovalsReport>,
    /// The SHA-256 of the settings that count, if the report goes where it is shown.
    pub settings_sha256: Option<SafeText>,
    /// The SHA-256 of all that decided, if the report goes where it is shown.
    pub rules_sha256: Option<SafeText>,
    /// The part of the files that were checked, if a run is divided.
    pub part: Option<PartReport>,
    /// How long the run took, if it was measured.
    pub duration: Option<Duration>,
}

/// One of several runs that share the files to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartReport {
    /// Which one of how many.
    pub partition: Partition,
    /// How many files all parts have together.
    pub files: usize,
    /// The SHA-256 of the names and sizes of all these files.
    pub files_sha256: SafeText,
    /// The directories that were searched, and how many of their files in this part were plans or could not be read.
    pub directories: Vec<(SafeText, usize)>,
}

/// A commit that policies are of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyCommit {
    /// The source, as the user names it.
    pub source: SafeText,
    /// The id of its commit.
    pub commit: SafeText,
}

/// The environment of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentReport {
    /// Its name.
    pub name: SafeText,
    /// How it was chosen.
    pub why: SafeText,
}

impl EnvironmentReport {
    /// An environment for the report. Its texts are those of a settings file and of the run, and no plan's.
    pub fn new(environment: &ChosenEnvironment) -> Self {
        let plain = Redactor::default();
        Self { name: plain.text(&environment.name), why: plain.text(&environment.why) }
    }
}

/// The approvals of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalsReport {
    /// How many are needed.
    pub needed: usize,
    /// How many are missing.
    pub missing: usize,
    /// The groups whose people may approve.
    pub from: Vec<SafeText>,
    /// The people whose approval counts.
    pub counted: Vec<SafeText>,
    /// Those whose review does not count, and why.
    pub not_counted: Vec<(SafeText, NotCounted)>,
}

impl ApprovalsReport {
    /// Approvals for the report. Their names are those of a settings file and of people, and no plan's.
    pub(crate) fn new(approvals: &Approvals) -> Self {
        let plain = Redactor::default();
        let texts = |names: &[String]| names.iter().map(|name| plain.text(name)).collect();
        Self {
            needed: approvals.needed,
            missing: approvals.missing(),
            from: texts(&approvals.from),
            counted: texts(&approvals.counted),
            not_counted: approvals
                .not_counted
                .iter()
                .map(|(person, reason)| (plain.text(person), *reason))
                .collect(),
        }
    }
}

/// A waiver, and what became of it in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverReport {
    /// The rules that it means, as it is written.
    pub rule: SafeText,
    /// The resources that it means, as it is written; `None` for findings about the whole plan.
    pub address: Option<SafeText>,
    /// The environment for which alone it counts.
    pub environment: Option<SafeText>,
    /// Why findings are accepted.
    pub reason: SafeText,
    /// Who accepted them.
    pub owner: Option<SafeText>,
    /// Where the decision is recorded.
    pub ticket: Option<SafeText>,
    /// The last day on which it counts, such as `2027-01-31`.
    pub expires: Option<SafeText>,
    /// The file that contains it.
    pub file: SafeText,
    /// The line, counted from 1.
    pub line: usize,
    /// What became of it.
    pub became: Use,
}

impl WaiverReport {
    /// A waiver for the report. Its texts are those of a settings file, and no plan's.
    pub(crate) fn new((waiver, became): (&Waiver, Use)) -> Self {
        let plain = Redactor::default();
        let optional = |text: &Option<String>| text.as_deref().map(|text| plain.text(text));
        Self {
            rule: plain.text(waiver.rule.as_str()),
            address: waiver.address.as_ref().map(|address| plain.text(address.as_str())),
            environment: optional(&waiver.environment),
            reason: plain.text(&waiver.reason),
            owner: optional(&waiver.owner),
            ticket: optional(&waiver.ticket),
            expires: waiver.expires.map(|last| plain.text(&last.to_string())),
            file: plain.text(&waiver.place.file.to_string_lossy()),
            line: waiver.place.line,
            became,
        }
    }

    /// What the owner of the waiver should know; `None` if it does what it is for.
    pub(crate) fn notice(&self) -> Option<Notice> {
        let what = match &self.address {
            Some(address) => format!("{} on {}", self.rule.unescaped(), address.unescaped()),
            None => self.rule.unescaped().to_owned(),
        };
        let (code, message) = match &self.became {
            Use::Accepted(_) | Use::OtherEnvironment => return None,
            Use::Unused => ("PG-WV-101", "is not used: no finding of this run is like that".to_owned()),
            Use::Shadowed => {
                ("PG-WV-102", "is not used: earlier waivers accept the same findings".to_owned())
            }
            Use::Expired(number) => {
                let expires = self.expires.as_ref().map(SafeText::unescaped).unwrap_or_default();
                let findings = if *number == 1 { "finding" } else { "findings" };
                ("PG-WV-103", format!("expired on {expires} and no longer accepts {number} {findings}"))
            }
            Use::UnknownRule { nearest: Some(near) } => {
                ("PG-WV-104", format!("is not used: no rule has that id; did you mean {near}?"))
            }
            Use::UnknownRule { nearest: None } => {
                ("PG-WV-104", "is not used: no rule has that id; `planguard rules` lists them".to_owned())
            }
        };
        let place = format!("{}:{}", self.file.unescaped(), self.line);
        let message = format!("{place}: the waiver for {what} {message}");
        Some(Notice::new(code, &message))
    }
}

/// A baseline, and what became of it in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaselineReport {
    /// The file.
    pub file: SafeText,
    /// How many findings it accepts.
    pub accepted: usize,
    /// Its entries for which the checked plans have no finding.
    pub unused: Vec<UnusedEntry>,
}

/// An entry of a baseline that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedEntry {
    /// The plan that it is for, if it is for one.
    pub plan: Option<SafeText>,
    /// The rule.
    pub rule: SafeText,
    /// The resource; `None` for a finding about the whole plan.
    pub address: Option<SafeText>,
    /// The attribute.
    pub attribute: Option<SafeText>,
}

impl BaselineReport {
    /// The most unused entries that are named.
    const MOST: usize = 5;

    /// What the owner of the baseline should know; `None` if all of it is used.
    pub(crate) fn notice(&self) -> Option<Notice> {
        let number = self.unused.len();
        let mut named: Vec<String> = self.unused.iter().take(Self::MOST).map(UnusedEntry::words).collect();
        if number > Self::MOST {
            named.push(format!("{} more", number - Self::MOST));
        }
        let entries =
            if number == 1 { "1 entry is not used" } else { &format!("{number} entries are not used") };
        let message = format!(
            "{}: {entries}, and would accept the finding if it came back; `planguard baseline` writes the file anew: {}",
            self.file.unescaped(),
            named.join(", ")
        );
        (number > 0).then(|| Notice::new("PG-BL-101", &message))
    }
}

impl UnusedEntry {
    /// `aws-instance-public-ip on aws_instance.web (network_interface[0])`.
    fn words(&self) -> String {
        let text = |before: &str, text: &Option<SafeText>, behind: &str| {
            text.as_ref().map(|text| format!("{before}{}{behind}", text.unescaped())).unwrap_or_default()
        };
        let address = text(" on ", &self.address, "");
        let (attribute, plan) = (text(" (", &self.attribute, ")"), text(" in ", &self.plan, ""));
        format!("{}{address}{attribute}{plan}", self.rule.unescaped())
    }
}

/// How far the settings of a run can be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The place that settings, policies, data and guardrails were taken from, if `--trusted` named one.
    pub place: Option<SafeText>,
    /// Settings of files that let through what the defaults would deny, unless the files are trusted.
    pub weakenings: Vec<Weakening>,
}

/// A setting of a file that lets through what its default would deny.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weakening {
    /// The setting as the file has it, such as `check.builtin = false`.
    pub setting: SafeText,
    /// What it lets through.
    pub effect: SafeText,
    /// The file.
    pub file: SafeText,
    /// The line, counted from 1, where the format tells it.
    pub line: Option<usize>,
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
    /// The origin of the plan.
    pub origin: SafeText,
    /// The SHA-256 of the document.
    pub sha256: SafeText,
    /// Of a binary plan, the SHA-256 of the JSON that Terraform printed for it.
    pub shown_sha256: Option<SafeText>,
    /// `format_version`.
    pub format_version: SafeText,
    /// The version of Terraform or OpenTofu.
    pub terraform_version: Option<SafeText>,
    /// The workspace, if the directory of the plan says so.
    pub workspace: Option<SafeText>,
    /// A summary of the planned actions.
    pub summary: ChangeSummary,
    /// The numbers of resources and rules.
    pub counts: Counts,
    /// How much of what the plan changes any rule knows.
    pub coverage: Coverage,
    /// The risk score.
    pub risk: Risk,
    /// What it costs, if that was asked for.
    pub cost: Option<CostReport>,
    /// What was found, resource by resource.
    pub findings: Vec<Finding>,
    /// What it says of the controls of benchmarks, if some were asked for.
    pub benchmarks: Vec<BenchmarkReport>,
    /// What was changed outside of Terraform and matters.
    pub drift: Vec<Drift>,
    /// How many objects were changed outside of Terraform, whether that matters or not.
    pub changed_outside: usize,
    /// The outputs of the root module that change, by name.
    pub outputs: Vec<OutputReport>,
    /// Whether the whole plan could be checked.
    pub complete: bool,
    /// The place of its file among those of all parts, counted from 0, if the run is one of several parts.
    pub position: Option<usize>,
    /// What it does object by object, if a report that shows it is wanted.
    pub details: Option<Box<PlanDetails>>,
}

/// An output of the root module that the plan changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputReport {
    /// Its name.
    pub name: SafeText,
    /// What happens to it.
    pub action: OutputAction,
    /// What it is now, as Terraform writes it; `None` if it is not there or long.
    pub before: Option<SafeText>,
    /// What it will be; `None` if it is deleted or long.
    pub after: Option<SafeText>,
    /// Whether it, or a part of it, is or was sensitive; then no value is told.
    pub is_sensitive: bool,
    /// Whether it, or a part of it, is known only after apply.
    pub is_unknown: bool,
}

/// What happens to an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutputAction {
    /// It is created.
    Create,
    /// Its value changes.
    Change,
    /// It is deleted.
    Delete,
}

impl OutputAction {
    /// All actions, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Create, Self::Change, Self::Delete];

    /// Returns the name in reports for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Delete => "delete",
        }
    }

    /// Returns the words in reports for people, as those about resources.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Create => "to add",
            Self::Change => "to change",
            Self::Delete => "to delete",
        }
    }
}

/// Something that was changed outside of Terraform and matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The object.
    pub address: SafeText,
    /// The attribute; `None` for the whole object.
    pub attribute: Option<SafeText>,
    /// What happened.
    pub message: SafeText,
    /// What the plan does with it.
    pub became: DriftFate,
}

/// What a plan does with what was changed outside of Terraform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DriftFate {
    /// It stays; a finding reports it.
    Kept,
    /// The plan puts it back.
    PutBack,
    /// The plan says nothing of the object, as one of `-refresh-only`.
    Unplanned,
}

impl DriftFate {
    /// Returns the name in reports for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::PutBack => "put-back",
            Self::Unplanned => "unplanned",
        }
    }

    /// Returns the words in reports for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Kept => "kept by this plan",
            Self::PutBack => "put back by this plan",
            Self::Unplanned => "not planned for",
        }
    }
}

/// The numbers of resources, rules and results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The resource instances in the plan, including unchanged ones.
    pub resources: usize,
    /// The enabled rules.
    pub rules: usize,
    /// The enabled rules that do not apply to this plan.
    pub rules_matching_nothing: usize,
    /// The passed evaluations.
    pub passed: usize,
    /// The undetermined evaluations, reported or not.
    pub undetermined: usize,
    /// The failures before the change that this plan fixes or removes.
    pub fixed: usize,
    /// The policy results suppressed by an `exception`.
    pub exceptions: usize,
}

/// How much of what a plan changes is of a type that a built-in rule or a guardrail of the user knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The managed resources that the plan does not leave unchanged.
    pub changed: usize,
    /// Of these, how many are of each type that no guardrail knows, the most frequent first.
    pub unknown_types: Vec<(SafeText, usize)>,
}

impl Coverage {
    /// How many of the changed resources are of a type that no guardrail knows.
    pub fn unknown(&self) -> usize {
        self.unknown_types.iter().map(|(_, number)| number).sum()
    }
}

/// A file that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedFile {
    /// The file.
    pub file: SafeText,
    /// The reason.
    pub reason: SafeText,
}

/// The codes of notices about what was not checked: a failed or partial plan, values that count twice, a plan of
/// `-refresh-only`.
const UNCHECKED: [&str; 4] = ["PG-CK-102", "PG-CK-103", "PG-CK-104", "PG-CK-106"];

/// A notice that does not affect the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The stable code.
    pub code: SafeText,
    /// The message.
    pub message: SafeText,
    /// The plan that it is about, if it is about one.
    pub plan: Option<SafeText>,
}

impl Notice {
    /// A notice that no text of a plan is part of.
    pub fn new(code: &'static str, message: &str) -> Self {
        Self::of(SafeText::fixed(code), Redactor::default().text(message))
    }

    /// A notice with this code and message.
    pub const fn of(code: SafeText, message: SafeText) -> Self {
        Self { code, message, plan: None }
    }
}

impl Notice {
    /// Whether it says that a plan, or a part of it, was not checked.
    pub fn is_of_unchecked(&self) -> bool {
        UNCHECKED.contains(&self.code.unescaped())
    }
}

impl Report {
    /// Returns the verdict of all plans.
    pub fn verdict(&self) -> Verdict {
        let denied = self.plans.iter().map(PlanReport::verdict).max().unwrap_or(Verdict::Pass);
        if self.problems.is_empty() { denied } else { Verdict::Undecided }
    }

    /// Orders what is said of plans by their names, behind what is said of the run: a report does not depend on which
    /// process checked which plan.
    pub(crate) fn order(&mut self) {
        self.problems.sort_by(|one, other| one.plan.cmp(&other.plan));
        self.notices.sort_by(|one, other| one.plan.cmp(&other.plan));
        self.skipped.sort_by(|one, other| one.file.cmp(&other.file));
    }

    /// Replaces the start of paths, wherever one is named.
    pub fn rename(&mut self, from: &str, to: &str) {
        let rename = |text: &mut SafeText| *text = text.replaced(from, to);
        for problem in &mut self.problems {
            problem.rename(from, to);
        }
        self.notices.iter_mut().for_each(|notice| rename(&mut notice.message));
        self.waivers.iter_mut().for_each(|waiver| rename(&mut waiver.file));
        self.baseline.iter_mut().for_each(|baseline| rename(&mut baseline.file));
        for finding in self.plans.iter_mut().flat_map(|plan| &mut plan.findings) {
            finding.location.iter_mut().for_each(|location| rename(&mut location.file));
            finding.waiver.iter_mut().for_each(|waiver| rename(&mut waiver.file));
        }
    }

    /// Returns the exit code of the verdict, or 0 for a denial that is only reported.
    pub fn exit_code(&self) -> u8 {
        match self.verdict() {
            Verdict::Denied if self.report_only => Verdict::Pass.exit_code(),
            verdict => verdict.exit_code(),
        }
    }
}

impl PlanReport {
    /// Returns the verdict of this plan.
    pub fn verdict(&self) -> Verdict {
        if !self.complete {
            return Verdict::Undecided;
        }
        let denied = self.findings.iter().any(|finding| finding.enforcement.denies());
        if denied { Verdict::Denied } else { Verdict::Pass }
    }

    /// Returns the findings that are certain.
    pub fn certain(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.certainty == Certainty::Certain)
    }
}
