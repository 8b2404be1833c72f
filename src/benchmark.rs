//! What plans say of the controls of a benchmark.

use planguard_plan::redact::SafeText;

use crate::enforcement::Enforcement;
use crate::report::PlanReport;

/// A benchmark, and what a plan says of each of its controls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchmarkReport {
    /// Its name, such as `cis-aws-5.0`.
    pub name: SafeText,
    /// What it is called.
    pub title: SafeText,
    /// Its controls, in their order.
    pub controls: Vec<ControlReport>,
}

/// What a plan says of a control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlReport {
    /// The id.
    pub id: SafeText,
    /// What it asks for.
    pub title: SafeText,
    /// What decides it.
    pub decided: DecidedBy,
    /// How many evaluations of its rules passed.
    pub passed: usize,
    /// What violates it.
    pub violations: Vec<ControlFinding>,
    /// What may violate it, as is known only after apply.
    pub undetermined: Vec<ControlFinding>,
}

/// What decides a control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecidedBy {
    /// Rules; and what of it they do not tell.
    Rules(Option<SafeText>),
    /// Nothing that a plan has, for this reason.
    NotByPlan(SafeText),
    /// Nothing: no rule looks for it yet.
    NotYet(SafeText),
}

/// A resource that violates a control, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlFinding {
    /// The plan; `None` where the report is about one.
    pub plan: Option<SafeText>,
    /// The rule that says so.
    pub rule: SafeText,
    /// The address of the resource.
    pub address: SafeText,
    /// What its finding does, which can be accepted; a violation stays one.
    pub enforcement: Enforcement,
}

/// What becomes of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControlStatus {
    /// A resource violates it.
    Violated,
    /// A resource may violate it, and none certainly does.
    Undetermined,
    /// Rules looked at resources, and all of them are right.
    Met,
    /// The plan has no resource that its rules look at.
    NothingToLookAt,
    /// No rule looks for it yet.
    NoRule,
    /// A plan does not tell.
    NotDecidable,
}

impl ControlStatus {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 6] = [
        Self::Violated,
        Self::Undetermined,
        Self::Met,
        Self::NothingToLookAt,
        Self::NoRule,
        Self::NotDecidable,
    ];

    /// The name in reports for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Violated => "violated",
            Self::Undetermined => "undetermined",
            Self::Met => "met",
            Self::NothingToLookAt => "nothing-to-look-at",
            Self::NoRule => "no-rule",
            Self::NotDecidable => "not-decidable",
        }
    }

    /// The words in reports for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Violated => "violated",
            Self::Undetermined => "undetermined",
            Self::Met => "met",
            Self::NothingToLookAt => "with nothing in the plan to look at",
            Self::NoRule => "without a rule",
            Self::NotDecidable => "not decidable from a plan",
        }
    }
}

impl ControlReport {
    /// What becomes of it. It is met only if a rule looked at something.
    pub fn status(&self) -> ControlStatus {
        match self.decided {
            DecidedBy::NotByPlan(_) => ControlStatus::NotDecidable,
            DecidedBy::NotYet(_) => ControlStatus::NoRule,
            DecidedBy::Rules(_) if !self.violations.is_empty() => ControlStatus::Violated,
            DecidedBy::Rules(_) if !self.undetermined.is_empty() => ControlStatus::Undetermined,
            DecidedBy::Rules(_) if self.passed > 0 => ControlStatus::Met,
            DecidedBy::Rules(_) => ControlStatus::NothingToLookAt,
        }
    }

    /// Why it is not decided, or what its rules do not tell.
    pub const fn reason(&self) -> Option<&SafeText> {
        match &self.decided {
            DecidedBy::Rules(limits) => limits.as_ref(),
            DecidedBy::NotByPlan(reason) | DecidedBy::NotYet(reason) => Some(reason),
        }
    }
}

impl BenchmarkReport {
    /// Its controls of this status.
    pub fn of(&self, status: ControlStatus) -> impl Iterator<Item = &ControlReport> {
        self.controls.iter().filter(move |control| control.status() == status)
    }

    /// `3 violated, 12 met, 48 not decidable from a plan`.
    pub fn numbers(&self) -> String {
        let parts: Vec<String> = ControlStatus::ALL
            .into_iter()
            .map(|status| (self.of(status).count(), status.words()))
            .filter(|(number, _)| *number > 0)
            .map(|(number, words)| format!("{number} {words}"))
            .collect();
        parts.join(", ")
    }

    /// Adds what another plan says.
    fn join(&mut self, other: Self) {
        for (own, other) in self.controls.iter_mut().zip(other.controls) {
            own.passed += other.passed;
            own.violations.extend(other.violations);
            own.undetermined.extend(other.undetermined);
        }
    }
}

/// What all plans together say of each benchmark: a control that one of them violates is violated.
pub fn of_all(plans: &[PlanReport]) -> Vec<BenchmarkReport> {
    let mut all: Vec<BenchmarkReport> = Vec::new();
    for plan in plans {
        for mut benchmark in plan.benchmarks.iter().cloned() {
            if plans.len() > 1 {
                let found = |control: &mut ControlReport| {
                    for found in control.violations.iter_mut().chain(&mut control.undetermined) {
                        found.plan = Some(plan.origin.clone());
                    }
                };
                benchmark.controls.iter_mut().for_each(found);
            }
            let same = |known: &&mut BenchmarkReport| {
                known.name == benchmark.name && known.controls.len() == benchmark.controls.len()
            };
            match all.iter_mut().find(same) {
                Some(known) => known.join(benchmark),
                None => all.push(benchmark),
            }
        }
    }
    all
}

/// The ids of controls, where those that follow on each other are a range: `1.1.1–1.1.21, 1.2.3`.
pub fn ranges(ids: &[&str]) -> String {
    let is_next = |one: &str, next: &str| {
        let parts = |id: &str| {
            let (section, number) = id.rsplit_once('.').unwrap_or(("", id));
            Some((section.to_owned(), number.parse::<u32>().ok()?))
        };
        matches!((parts(one), parts(next)), (Some((a, n)), Some((b, m))) if a == b && m == n + 1)
    };
    let mut runs: Vec<Vec<&str>> = Vec::new();
    for id in ids {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| is_next(last, id)) => run.push(id),
            Some(_) | None => runs.push(vec![id]),
        }
    }
    let words = runs.iter().flat_map(|run| match run[..] {
        [first, _, .., last] => vec![format!("{first}–{last}")],
        _ => run.iter().map(ToString::to_string).collect(),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use planguard_plan::redact::Redactor;

    use super::*;
    use crate::render::check::sample;

    fn text(text: &str) -> SafeText {
        Redactor::default().text(text)
    }

    fn control(passed: usize, violations: usize, undetermined: usize) -> ControlReport {
        let found = |number: usize| {
            let one = ControlFinding {
                plan: None,
                rule: text("r"),
                address: text("a"),
                enforcement: Enforcement::Deny,
            };
            vec![one; number]
        };
        ControlReport {
            id: text("1"),
            title: text("t"),
            decided: DecidedBy::Rules(None),
            passed,
            violations: found(violations),
            undetermined: found(undetermined),
        }
    }

    #[test]
    fn a_control_is_met_only_if_something_was_looked_at() {
        assert_eq!(control(0, 0, 0).status(), ControlStatus::NothingToLookAt);
        assert_eq!(control(1, 0, 0).status(), ControlStatus::Met);
        assert_eq!(control(1, 0, 1).status(), ControlStatus::Undetermined);
        assert_eq!(control(1, 1, 1).status(), ControlStatus::Violated);
        let not = ControlReport { decided: DecidedBy::NotByPlan(text("By hand.")), ..control(1, 0, 0) };
        assert_eq!(not.status(), ControlStatus::NotDecidable);
    }

    #[test]
    fn plans_are_told_together() {
        let plan = |origin: &str, control: ControlReport| {
            let name = text("b");
            let benchmark = BenchmarkReport { title: name.clone(), name, controls: vec![control] };
            PlanReport { benchmarks: vec![benchmark], ..sample::plan(origin, Vec::new()) }
        };
        let all = of_all(&[plan("p", control(2, 0, 0)), plan("q", control(1, 1, 0))]);
        let [benchmark] = &all[..] else { panic!("one benchmark") };
        assert_eq!(benchmark.controls[0].passed, 3);
        assert_eq!(benchmark.controls[0].violations[0].plan, Some(text("q")));
        assert_eq!(benchmark.numbers(), "1 violated");
    }

    #[test]
    fn ids_that_follow_on_each_other_are_a_range() {
        assert_eq!(ranges(&["1.1", "1.2", "1.3", "1.5", "2.1", "2.2"]), "1.1–1.3, 1.5, 2.1, 2.2");
        assert_eq!(ranges(&["1.9", "1.10", "1.11"]), "1.9–1.11");
        assert_eq!(ranges(&[]), "");
    }
}
