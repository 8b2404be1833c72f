//! Lints the policies of a check: a policy with a mistake that keeps it from firing must not pass plans.

use std::collections::BTreeMap;

use planguard_plan::problem::Problem;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_rego::Policies;
use planguard_rego_lint::{Level, Lint, LintFinding, LintOptions, lint_evaluated};

use crate::report::Notice;

/// How many places a notice names.
const NAMED_PLACES: usize = 5;

/// How the policies of a check are linted.
#[derive(Clone, Debug)]
pub struct PolicyLints {
    /// The policies, loaded as the check loads them, and the levels of lints.
    pub options: LintOptions,
    /// What is said of lints whose findings would be errors if the settings had not lowered them.
    pub lowered: BTreeMap<Lint, String>,
}

/// What linting adds to a report.
#[derive(Debug, Default)]
pub(super) struct Linted {
    pub problems: Vec<Problem>,
    pub notices: Vec<Notice>,
}

/// The errors of loading policies that are not linted.
pub(super) fn errors_of(policies: &Policies) -> Linted {
    let plain = Redactor::default();
    let problems = policies.problems().iter().map(|error| Problem::new(error, None, &plain));
    Linted { problems: problems.collect(), notices: Vec::new() }
}

/// The errors of loading policies and those of linting them, each fault once.
pub(super) fn look(policies: &Policies, PolicyLints { options, lowered }: &PolicyLints) -> Linted {
    let plain = Redactor::default();
    let report = lint_evaluated(options, policies);
    let mut linted = Linted { problems: report.problems, notices: Vec::new() };
    let mut accepted: BTreeMap<Lint, Vec<&LintFinding>> = BTreeMap::new();
    for finding in &report.findings {
        if finding.level() == Level::Error {
            // The name is for people; the code alone is stable.
            let mut problem = Problem::new(finding, None, &plain);
            problem.code = SafeText::fixed(finding.lint.info().code);
            linted.problems.push(problem);
        } else {
            accepted.entry(finding.lint).or_default().push(finding);
        }
    }
    linted.notices.extend(accepted.into_iter().map(|(lint, findings)| match lowered.get(&lint) {
        Some(said) => accepted_notice(lint, said, &findings),
        None => told_notice(lint, &findings),
    }));
    linted
}

/// Tells what a policy overlooks.
fn told_notice(lint: Lint, findings: &[&LintFinding]) -> Notice {
    let (places, count) = (places(findings), findings.len());
    let first = findings.first().map(|finding| (finding.message.unescaped(), finding.help.unescaped()));
    let (message, help) = first.unwrap_or_default();
    let message = if count == 1 {
        format!("{message} ({places}); {help}")
    } else {
        format!("{count} findings of the lint {} ({places}), the first: {message}; {help}", lint.info().name)
    };
    Notice::new(lint.info().code, &message)
}

fn places(findings: &[&LintFinding]) -> String {
    let places = findings.iter().map(|finding| format!("{}:{}", finding.file.unescaped(), finding.line));
    let mut places: Vec<String> = places.take(NAMED_PLACES).collect();
    if findings.len() > NAMED_PLACES {
        places.push("…".to_owned());
    }
    places.join(", ")
}

/// Tells which findings a lowered lint does not turn into errors, and why it is lowered.
fn accepted_notice(lint: Lint, said: &str, findings: &[&LintFinding]) -> Notice {
    let (count, name) = (findings.len(), lint.info().name);
    let what = if count == 1 { "finding" } else { "findings" };
    let message = format!("{count} {what} of the lint {name} accepted ({}): {said}", places(findings));
    Notice::new(lint.info().code, &message)
}
