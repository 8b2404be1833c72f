//! Reports for the tests of formats.

use planguard_plan::redact::{Redactor, SafeText};
use planguard_rule::Severity;

use crate::enforcement::Enforcement;
use crate::finding::{
    Certainty, Finding, FindingRule, FindingWaiver, Origin, RuleKind, SourceLine, SourcePlace,
    SourcePrecision, Subject, WaiverState,
};
use crate::report::{BaselineReport, Counts, Coverage, Drift, DriftFate, PlanReport, Report};
use crate::risk::Risk;

/// A text of a plan.
pub(crate) fn text(text: &str) -> SafeText {
    Redactor::default().text(text)
}

/// A new and certain denial of high severity.
pub(crate) fn finding(rule: &str, address: &str) -> Finding {
    Finding {
        rule: FindingRule {
            id: text(rule),
            title: Some(text("A title")),
            kind: RuleKind::Guardrail,
            category: None,
        },
        severity: Severity::High,
        enforcement: Enforcement::Deny,
        certainty: Certainty::Certain,
        origin: Origin::Introduced,
        subject: Some(Subject { address: text(address), deposed: None, actions: Some(text("update")) }),
        attribute: Some(text("acl")),
        value: Some(text("\"public-read\"")),
        before: Some(text("\"private\"")),
        depends_on: Vec::new(),
        message: text(&format!("{address} is public")),
        remediation: Some(text("Set `acl = \"private\"`.")),
        location: None,
        source: None,
        metadata: Vec::new(),
        waiver: None,
        approved_by: Vec::new(),
        cause: None,
        shares: Vec::new(),
    }
}

/// The place of a finding in the configuration.
pub(crate) fn source(file: &str, line: usize) -> Option<Box<SourcePlace>> {
    let at = |line| SourceLine { file: text(file), line, text: text("acl = var.acl") };
    Some(Box::new(SourcePlace {
        at: at(line),
        column: 3,
        end_column: 8,
        precision: SourcePrecision::Attribute,
        block: at(1),
        from: vec![at(line + 1)],
    }))
}

/// A finding that a waiver accepts.
pub(crate) fn waived(rule: &str, address: &str) -> Finding {
    let waiver = FindingWaiver {
        state: WaiverState::Active,
        reason: text("the shop is public"),
        owner: None,
        ticket: None,
        expires: Some(text("2027-01-31")),
        file: text("planguard.toml"),
        line: 4,
    };
    Finding { enforcement: Enforcement::Waived, waiver: Some(waiver), ..finding(rule, address) }
}

/// Drift that a plan keeps, and drift that it puts back.
pub(crate) fn drift() -> Vec<Drift> {
    let drift = |address: &str, attribute: Option<&str>, message: &str, became| Drift {
        address: text(address),
        attribute: attribute.map(text),
        message: text(message),
        became,
    };
    vec![
        drift("aws_x.a", Some("ingress"), "aws_x.a was changed: `ingress`", DriftFate::Kept),
        drift("aws_x.b", None, "aws_x.b allows port 22 (SSH)", DriftFate::PutBack),
    ]
}

/// The report of a plan with these findings.
pub(crate) fn plan(origin: &str, findings: Vec<Finding>) -> PlanReport {
    PlanReport {
        origin: text(origin),
        sha256: text("00"),
        shown_sha256: None,
        changed_outside: 0,
        format_version: text("1.2"),
        terraform_version: Some(text("1.11.4")),
        workspace: None,
        summary: planguard_plan::ChangeSummary { add: 2, change: 1, destroy: 1, ..Default::default() },
        counts: Counts { resources: 4, rules: 10, ..Counts::default() },
        coverage: Coverage::default(),
        risk: Risk::default(),
        cost: None,
        findings,
        benchmarks: Vec::new(),
        drift: Vec::new(),
        outputs: Vec::new(),
        complete: true,
        position: None,
        details: None,
    }
}

/// A report on these plans.
pub(crate) fn report(plans: Vec<PlanReport>) -> Report {
    Report { plans, ..Report::default() }
}

/// A report with a finding of every kind, and with a problem.
pub(crate) fn of_everything() -> Report {
    let mut located = finding("b", "aws_s3_bucket.b");
    located.source = source("./modules/a b/main.tf", 12);
    let mut former = finding("a", "aws_s3_bucket.former");
    former.origin = Origin::AlreadyThere;
    former.severity = Severity::Critical;
    let mut open = finding("b", "aws_s3_bucket.open");
    (open.certainty, open.enforcement) = (Certainty::DependsOnUnknown, Enforcement::Warn);
    let mut whole = finding("data.main.deny", "");
    (whole.subject, whole.attribute, whole.value, whole.before) = (None, None, None, None);
    (whole.rule.title, whole.rule.kind, whole.remediation) = (None, RuleKind::Policy, None);
    whole.message = text("too many changes");
    let in_baseline = Finding { enforcement: Enforcement::Baseline, ..finding("a", "aws_s3_bucket.old") };
    let plans = vec![
        plan("a/tfplan.json", vec![finding("a", "aws_s3_bucket.a"), located, former, open]),
        plan("b/tfplan.json", vec![whole, waived("a", "aws_s3_bucket.w"), in_baseline]),
    ];
    let plain = Redactor::default();
    let diagnostic = miette::MietteDiagnostic::new("cannot read c").with_code("PG-IN-001").with_help("look");
    let problem = planguard_plan::problem::Problem::new(&diagnostic, Some(&text("c.json")), &plain);
    let baseline = BaselineReport { file: text("planguard-baseline.json"), accepted: 1, unused: Vec::new() };
    Report { problems: vec![problem], baseline: Some(baseline), ..report(plans) }
}
