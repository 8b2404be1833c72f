//! The numbers of a run as OpenMetrics, for the textfile collector of Prometheus. All metrics are gauges, which that
//! collector reads as well.
//!
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/> describes the format.

use std::collections::BTreeMap;

use super::listing::findings;
use crate::render::{Format, Layout, RenderError};
use crate::report::{PlanReport, Report};
use crate::verdict::Verdict;

pub(super) const FORMAT: Format<Report> = Format {
    name: "openmetrics",
    former: None,
    help: "numbers for the textfile collector of Prometheus",
    extension: "prom",
    render,
};

struct Writer {
    text: String,
}

impl Writer {
    fn gauge(&mut self, name: &str, help: &str) {
        self.text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> =
            labels.iter().map(|(key, text)| format!("{key}=\"{}\"", escaped(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.text.push_str(&format!("{name}{labels} {value}\n"));
    }
}

fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    let mut writer = Writer { text: String::new() };
    writer.gauge("planguard_verdict", "Whether this is the verdict of the run.");
    for verdict in [Verdict::Pass, Verdict::Denied, Verdict::Undecided] {
        let value = u8::from(report.verdict() == verdict);
        writer.sample("planguard_verdict", &[("verdict", verdict.as_str())], value);
    }
    writer.gauge("planguard_exit_code", "The exit code of the run.");
    writer.sample("planguard_exit_code", &[], report.exit_code());
    writer.gauge("planguard_plans", "Plans by verdict.");
    for verdict in [Verdict::Pass, Verdict::Denied, Verdict::Undecided] {
        let number = report.plans.iter().filter(|plan| plan.verdict() == verdict).count();
        writer.sample("planguard_plans", &[("verdict", verdict.as_str())], number);
    }
    writer.gauge("planguard_errors", "Errors that kept planguard from checking everything, by code.");
    for (code, number) in numbers(report.problems.iter().map(|problem| problem.code.for_terminal_line())) {
        writer.sample("planguard_errors", &[("code", &code)], number);
    }
    writer.gauge("planguard_findings", "Findings by rule, severity, enforcement and origin.");
    let listed = findings(report);
    let keys = listed.iter().map(|listed| {
        let finding = listed.finding;
        (finding.rule.id.for_terminal_line(), finding.severity, finding.enforcement, finding.origin)
    });
    for ((rule, severity, enforcement, origin), number) in numbers(keys) {
        let labels = [
            ("rule", rule.as_str()),
            ("severity", severity.as_str()),
            ("enforcement", enforcement.as_str()),
            ("origin", origin.as_str()),
        ];
        writer.sample("planguard_findings", &labels, number);
    }
    let sum = |number: fn(&PlanReport) -> usize| -> usize { report.plans.iter().map(number).sum() };
    for (name, help, number) in [
        (
            "planguard_undetermined",
            "Evaluations that depend on values known after apply.",
            sum(|plan| plan.counts.undetermined),
        ),
        ("planguard_resources", "Resource instances in the plans.", sum(|plan| plan.counts.resources)),
        (
            "planguard_resources_changed",
            "Managed resources that the plans change.",
            sum(|plan| plan.coverage.changed),
        ),
        (
            "planguard_resources_unknown",
            "Changed resources of types that no guardrail knows.",
            sum(|plan| plan.coverage.unknown()),
        ),
    ] {
        writer.gauge(name, help);
        writer.sample(name, &[], number);
    }
    writer.gauge("planguard_risk_score", "The highest risk score of a plan.");
    let risk = report.plans.iter().map(|plan| plan.risk.score()).max().unwrap_or_default();
    writer.sample("planguard_risk_score", &[], risk);
    if let Some(environment) = &report.environment {
        writer.gauge("planguard_environment", "The environment whose settings count.");
        let name = environment.name.for_terminal_line();
        writer.sample("planguard_environment", &[("environment", &name)], 1);
    }
    if let Some(approvals) = &report.approvals {
        writer.gauge("planguard_approvals_missing", "Approvals that findings may need and do not have.");
        writer.sample("planguard_approvals_missing", &[], approvals.missing);
    }
    if let Some(duration) = report.duration {
        writer.gauge("planguard_duration_seconds", "How long the run took.");
        writer.sample("planguard_duration_seconds", &[], format!("{:.3}", duration.as_secs_f64()));
    }
    writer.text.push_str("# EOF\n");
    Ok(writer.text)
}

/// How often each key occurs.
fn numbers<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    let mut numbers = BTreeMap::new();
    for key in keys {
        *numbers.entry(key).or_default() += 1;
    }
    numbers
}

/// A text between the quotes of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::check::sample;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn findings_are_counted() {
        let mut report = sample::of_everything();
        report.duration = Some(std::time::Duration::from_millis(1_234));
        insta::assert_snapshot!(render(&report, PLAIN).unwrap());
    }

    #[test]
    fn labels_end_nowhere_else() {
        let finding = sample::finding("a\"} 1\n# EOF \\", "x.y");
        let text = render(&sample::report(vec![sample::plan("p", vec![finding])]), PLAIN).unwrap();
        assert!(text.contains("{rule=\"a\\\"} 1\\\\n# EOF \\\\\",severity="), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("# EOF")).count(), 1);
    }

    /// Every metric of the example dashboard is one of these.
    #[test]
    fn the_dashboard_knows_the_metrics() {
        let mut report = sample::of_everything();
        report.duration = Some(std::time::Duration::from_secs(1));
        let written = render(&report, PLAIN).unwrap();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/grafana-dashboard.json");
        let dashboard: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        assert!(!panels.is_empty());
        for panel in panels {
            let expression = panel["targets"][0]["expr"].as_str().unwrap();
            let names = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let names: Vec<&str> = names.filter(|name| name.starts_with("planguard_")).collect();
            assert!(!names.is_empty(), "{expression}");
            for name in names {
                assert!(written.contains(&format!("# TYPE {name} gauge\n")), "{name}");
            }
        }
    }
}
