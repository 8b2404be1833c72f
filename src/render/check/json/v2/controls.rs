//! The controls of benchmarks in the JSON report.

use serde::{Deserialize, Serialize};

use super::{Enforcement, safe, text};
use crate::benchmark::{self, ControlStatus, DecidedBy};

/// A benchmark, and what the plan says of its controls.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Benchmark {
    /// Its name, such as `cis-aws-5.0`.
    name: String,
    /// What it is called.
    title: String,
    /// Its controls, in their order.
    controls: Vec<Control>,
}

/// A control of a benchmark.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Control {
    /// Its id, such as `2.1.4`.
    id: String,
    /// What it asks for, in planguard's words.
    title: String,
    /// What becomes of it.
    status: Status,
    /// How many evaluations of its rules passed; left out if none did.
    #[serde(default, skip_serializing_if = "is_zero")]
    passed: usize,
    /// What violates it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Found>,
    /// What may violate it, as is known only after apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    undetermined: Vec<Found>,
    /// Why no rule decides it, or what of it the rules do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What becomes of a control.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Status {
    /// A resource violates it.
    Violated,
    /// A resource may violate it, and none certainly does.
    Undetermined,
    /// Rules looked at resources, and all of them are right.
    Met,
    /// The plan has no resource that its rules look at.
    NothingToLookAt,
    /// No rule looks for it yet; `reason` says why.
    NoRule,
    /// A plan does not tell; `reason` says why.
    NotDecidable,
}

/// A resource that violates a control, or may.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Found {
    /// The id of the rule.
    rule: String,
    /// The address of the resource.
    address: String,
    /// What the finding does; `off` if settings leave it out.
    enforcement: Enforcement,
}

const fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Benchmark {
    pub(super) fn of(benchmark: &benchmark::BenchmarkReport) -> Self {
        Self {
            name: text(&benchmark.name),
            title: text(&benchmark.title),
            controls: benchmark.controls.iter().map(Control::of).collect(),
        }
    }

    pub(super) fn read(&self) -> benchmark::BenchmarkReport {
        benchmark::BenchmarkReport {
            name: safe(&self.name),
            title: safe(&self.title),
            controls: self.controls.iter().map(Control::read).collect(),
        }
    }
}

impl Control {
    fn of(control: &benchmark::ControlReport) -> Self {
        Self {
            id: text(&control.id),
            title: text(&control.title),
            status: Status::of(control.status()),
            passed: control.passed,
            violations: control.violations.iter().map(Found::of).collect(),
            undetermined: control.undetermined.iter().map(Found::of).collect(),
            reason: control.reason().map(text),
        }
    }

    fn read(&self) -> benchmark::ControlReport {
        let reason = self.reason.as_deref().map(safe);
        benchmark::ControlReport {
            id: safe(&self.id),
            title: safe(&self.title),
            decided: match self.status {
                Status::NotDecidable => DecidedBy::NotByPlan(reason.unwrap_or_default()),
                Status::NoRule => DecidedBy::NotYet(reason.unwrap_or_default()),
                Status::Violated | Status::Undetermined | Status::Met | Status::NothingToLookAt => {
                    DecidedBy::Rules(reason)
                }
            },
            passed: self.passed,
            violations: self.violations.iter().map(Found::read).collect(),
            undetermined: self.undetermined.iter().map(Found::read).collect(),
        }
    }
}

impl Status {
    const fn of(status: ControlStatus) -> Self {
        match status {
            ControlStatus::Violated => Self::Violated,
            ControlStatus::Undetermined => Self::Undetermined,
            ControlStatus::Met => Self::Met,
            ControlStatus::NothingToLookAt => Self::NothingToLookAt,
            ControlStatus::NoRule => Self::NoRule,
            ControlStatus::NotDecidable => Self::NotDecidable,
        }
    }
}

impl Found {
    fn of(found: &benchmark::ControlFinding) -> Self {
        Self { rule: text(&found.rule), address: text(&found.address), enforcement: found.enforcement.into() }
    }

    fn read(&self) -> benchmark::ControlFinding {
        benchmark::ControlFinding {
            plan: None,
            rule: safe(&self.rule),
            address: safe(&self.address),
            enforcement: (&self.enforcement).into(),
        }
    }
}
