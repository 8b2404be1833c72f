//! What the plans say of the controls of benchmarks, as a section of a page.

use std::collections::BTreeMap;

use planguard_page::Text;
use planguard_page::model::{Benchmark, Control, ControlGroup, ControlResource, ControlRule};
use planguard_plan::redact::SafeText;

use crate::benchmark::{self, BenchmarkReport, ControlFinding, ControlReport, ControlStatus};
use crate::report::Report;

/// The most resources of a rule that a control names; the findings have all of them.
const MOST_RESOURCES: usize = 50;

/// The benchmarks of a report. `resource` finds the row of an address.
pub(super) fn of(report: &Report, resource: &dyn Fn(usize, &str) -> Option<usize>) -> Vec<Benchmark> {
    let row = |found: &ControlFinding| {
        let of_plan = |origin: &SafeText| report.plans.iter().position(|plan| plan.origin == *origin);
        let plan = found.plan.as_ref().map_or(Some(0), of_plan)?;
        resource(plan, found.address.unescaped())
    };
    let all = benchmark::of_all(&report.plans);
    all.iter().map(|benchmark| shown(benchmark, &row)).collect()
}

fn shown(benchmark: &BenchmarkReport, row: &dyn Fn(&ControlFinding) -> Option<usize>) -> Benchmark {
    let groups = ControlStatus::ALL.into_iter().filter_map(|status| {
        let controls: Vec<Control> = benchmark.of(status).map(|of| control(of, status, row)).collect();
        (!controls.is_empty()).then(|| ControlGroup {
            status: status.as_str(),
            title: Text::composed(format!("{} {}", controls.len(), status.words())),
            is_open: matches!(status, ControlStatus::Violated | ControlStatus::Undetermined),
            controls,
        })
    });
    Benchmark {
        name: Text::from(&benchmark.name),
        title: Text::from(&benchmark.title),
        numbers: Text::composed(benchmark.numbers()),
        groups: groups.collect(),
    }
}

fn control(
    control: &ControlReport,
    status: ControlStatus,
    row: &dyn Fn(&ControlFinding) -> Option<usize>,
) -> Control {
    let found = match status {
        ControlStatus::Violated => &control.violations,
        ControlStatus::Undetermined => &control.undetermined,
        ControlStatus::Met
        | ControlStatus::NothingToLookAt
        | ControlStatus::NoRule
        | ControlStatus::NotDecidable => &Vec::new(),
    };
    let mut rules: BTreeMap<&SafeText, Vec<&ControlFinding>> = BTreeMap::new();
    for one in found {
        rules.entry(&one.rule).or_default().push(one);
    }
    let rules = rules.into_iter().map(|(rule, found)| ControlRule {
        rule: Text::from(rule),
        more: found.len().saturating_sub(MOST_RESOURCES),
        resources: found
            .into_iter()
            .take(MOST_RESOURCES)
            .map(|found| ControlResource {
                address: Text::from(&found.address),
                resource: row(found),
                about: about(found),
            })
            .collect(),
    });
    Control {
        id: Text::from(&control.id),
        title: Text::from(&control.title),
        reason: control.reason().map(Text::from),
        rules: rules.collect(),
    }
}

/// `waived, in a/tfplan.json`.
fn about(found: &ControlFinding) -> Text {
    let accepted = (!found.enforcement.denies()).then(|| found.enforcement.to_string());
    let plan = found.plan.as_ref().map(|plan| format!("in {}", plan.for_document()));
    Text::composed(accepted.into_iter().chain(plan).collect::<Vec<_>>().join(", "))
}
