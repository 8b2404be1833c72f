//! A line for each finding that denies, which stays the same while other findings come and go.
//!
//! For systems that compare lines from run to run, such as the sticky approvals of Atlantis. A pass has no text of a plan
//! or a policy: Atlantis searches the output for `fail`.

use std::collections::BTreeSet;

use super::listing::findings;
use super::verdict_line;
use crate::finding::Finding;
use crate::render::{Format, Layout, RenderError};
use crate::report::{PlanReport, Report};

pub(super) const FORMAT: Format<Report> = Format {
    name: "lines",
    former: None,
    help: "a stable line for each finding that denies, for Atlantis",
    extension: "txt",
    render,
};

/// `FAIL high[rule] address: message`, sorted, each once; then the verdict without numbers.
///
/// Rules that find the same cause have a line each: whether another rule finds it too does not change the line of one.
fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    let several = report.plans.len() > 1;
    let mut lines: BTreeSet<String> = BTreeSet::new();
    for problem in &report.problems {
        let (code, message) = (problem.code.for_terminal_line(), problem.message.for_terminal_line());
        lines.insert(format!("FAIL error[{code}]: {message}\n"));
    }
    for listed in findings(report).iter().filter(|listed| listed.finding.enforcement.denies()) {
        let plan = several.then_some(listed.plan);
        let shares = listed.finding.shares.iter().filter(|share| share.enforcement.denies());
        lines.extend(shares.map(|share| line(share, plan)));
        // Nothing that denies is without a line.
        if listed.finding.shares.iter().all(|share| !share.enforcement.denies()) {
            lines.insert(line(listed.finding, plan));
        }
    }
    let mut text: String = lines.into_iter().collect();
    text.push_str(verdict_line::name(report.verdict()));
    text.push('\n');
    Ok(text)
}

fn line(finding: &Finding, plan: Option<&PlanReport>) -> String {
    let plan = plan.map(|plan| format!("{}: ", plan.origin.for_terminal_line())).unwrap_or_default();
    // Most messages begin with the address of the object that the line already has.
    let after = finding.subject.as_ref().and_then(|subject| finding.message.after(&subject.address));
    let message = after.as_ref().unwrap_or(&finding.message);
    let subject = finding.subject.as_ref().map(|subject| {
        let deposed = subject.deposed.as_ref().map(|key| format!(" (deposed {})", key.for_terminal_line()));
        format!(" {}{}", subject.address.for_terminal_line(), deposed.unwrap_or_default())
    });
    format!(
        "FAIL {}[{}]{}: {plan}{}\n",
        finding.severity,
        finding.rule.id.for_terminal_line(),
        subject.unwrap_or_default(),
        message.for_terminal_line()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enforcement::Enforcement;
    use crate::render::check::sample;
    use crate::render::layout::sample::PLAIN;

    fn lines(findings: Vec<Finding>) -> Vec<String> {
        let text = render(&sample::report(vec![sample::plan("p", findings)]), PLAIN).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn only_what_denies_has_a_line() {
        insta::assert_snapshot!(render(&sample::of_everything(), PLAIN).unwrap());
    }

    #[test]
    fn a_line_stays_when_other_findings_come_and_go() {
        let one = sample::finding("b", "x.one");
        let alone = lines(vec![one.clone()]);
        assert_eq!(alone, ["FAIL high[b] x.one: is public", "DENIED"]);
        let others =
            [sample::finding("a", "x.one"), sample::finding("b", "x.another"), sample::waived("b", "x.z")];
        let among = lines(others.iter().cloned().chain([one.clone()]).collect());
        assert_eq!(among.len(), 4);
        assert!(among.contains(&alone[0]));
        // Another rule finds the same, and is the stricter one.
        let stricter = sample::finding("a", "x.one");
        let both = Finding { shares: vec![stricter.clone(), one.clone()], ..stricter };
        assert!(lines(vec![both]).contains(&alone[0]));
        // An object that fails twice by one rule in the same words is one item to approve.
        assert_eq!(lines(vec![one.clone(), one]).len(), 2);
    }

    #[test]
    fn a_pass_says_nothing_of_a_plan() {
        let mut warning = sample::finding("fail", "x.failover");
        warning.enforcement = Enforcement::Warn;
        assert_eq!(lines(vec![warning, sample::waived("b", "x.failover")]), ["PASS"]);
    }
}
