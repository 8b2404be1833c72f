//! Asks the rules of benchmarks about the resources of a plan, whichever packs are enabled.

use std::collections::BTreeMap;

use planguard_guardrails::definition::{Benchmark, ControlRules, Decided, Predicate, Truth};
use planguard_guardrails::{Builtin, Outcome, PlanIndex, benchmarks, is_about};
use planguard_plan::ResourceState;
use planguard_plan::redact::{Redactor, SafeText};

use super::Rules;
use crate::benchmark::{BenchmarkReport, ControlFinding, ControlReport, DecidedBy};
use crate::enforcement::Enforcement;
use crate::finding::Finding;

/// The benchmarks that a check reports on.
#[derive(Clone, Debug, Default)]
pub struct Benchmarks {
    chosen: Vec<&'static Benchmark>,
    /// The controls that each rule decides.
    by_rule: BTreeMap<&'static str, Vec<Place>>,
}

/// A control of a chosen benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    benchmark: usize,
    control: usize,
}

/// Why a guardrail judges resources of a type, and which controls ask it.
#[derive(Debug, Default)]
pub(super) struct Asked {
    by: By,
    controls: Vec<(Place, &'static ControlRules)>,
}

/// Who wants to know what a guardrail says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum By {
    /// A pack, or the settings.
    #[default]
    Settings,
    /// Only controls.
    Controls,
}

/// The controls that ask a guardrail about one resource.
#[derive(Debug, Default)]
pub(super) struct Asking(Vec<Question>);

/// What a control asks about a resource.
#[derive(Clone, Copy, Debug)]
struct Question {
    place: Place,
    /// Whether the control is about the resource.
    is_about: Truth,
    /// Whether a failure of the rule would violate the control.
    violates: Truth,
}

/// What a guardrail says about a resource to a control.
#[derive(Debug)]
pub(super) struct Answer {
    place: Place,
    said: Said,
    rule: String,
    address: SafeText,
}

/// What a guardrail says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Passes,
    Fails,
    MayFail,
}

impl Benchmarks {
    /// These benchmarks, each once.
    pub fn new(names: impl IntoIterator<Item = &'static Benchmark>) -> Self {
        let mut of_names = Self::default();
        for benchmark in names {
            if of_names.chosen.iter().any(|known| known.name == benchmark.name) {
                continue;
            }
            for (position, control) in benchmark.controls.iter().enumerate() {
                for id in control.rules().into_iter().flat_map(|rules| &rules.ids) {
                    let place = Place { benchmark: of_names.chosen.len(), control: position };
                    of_names.by_rule.entry(id).or_default().push(place);
                }
            }
            of_names.chosen.push(benchmark);
        }
        of_names
    }

    /// The benchmark of this name.
    pub fn find(name: &str) -> Option<&'static Benchmark> {
        benchmarks().iter().find(|benchmark| benchmark.name == name)
    }

    /// The names of all benchmarks.
    pub fn names() -> impl Iterator<Item = &'static str> {
        benchmarks().iter().map(|benchmark| benchmark.name.as_str())
    }

    /// The controls that ask a rule about resources of a type.
    fn controls(&self, rule: &str, resource_type: &str) -> Vec<(Place, &'static ControlRules)> {
        let places = self.by_rule.get(rule).into_iter().flatten();
        let rules = places.filter_map(|place| {
            let control = self.chosen.get(place.benchmark)?.controls.get(place.control)?;
            Some((*place, control.rules()?))
        });
        rules.filter(|(_, rules)| rules.ask(rule, resource_type)).collect()
    }

    /// What the rules of a plan said of each control. Findings tell what became of each violation.
    pub(super) fn report(&self, answers: Vec<Answer>, findings: &[Finding]) -> Vec<BenchmarkReport> {
        let plain = Redactor::default();
        let control = |control: &planguard_guardrails::definition::Control| ControlReport {
            id: plain.text(&control.id),
            title: plain.text(&control.title),
            decided: match &control.decided {
                Decided::ByRules(rules) => {
                    DecidedBy::Rules(rules.limits.as_ref().map(|text| plain.text(text)))
                }
                Decided::NotByPlan(reason) => DecidedBy::NotByPlan(plain.text(reason)),
                Decided::NotYet(reason) => DecidedBy::NotYet(plain.text(reason)),
            },
            passed: 0,
            violations: Vec::new(),
            undetermined: Vec::new(),
        };
        let mut reports: Vec<BenchmarkReport> = self
            .chosen
            .iter()
            .map(|benchmark| BenchmarkReport {
                name: plain.text(&benchmark.name),
                title: plain.text(&benchmark.title),
                controls: benchmark.controls.iter().map(control).collect(),
            })
            .collect();
        let effects = Effects::of(findings);
        for Answer { place, said, rule, address } in answers {
            let of_benchmark = reports.get_mut(place.benchmark);
            let Some(control) = of_benchmark.and_then(|report| report.controls.get_mut(place.control)) else {
                continue;
            };
            let list = match said {
                Said::Passes => {
                    control.passed += 1;
                    continue;
                }
                Said::Fails => &mut control.violations,
                Said::MayFail => &mut control.undetermined,
            };
            let enforcement = effects.on(&rule, &address);
            let found = ControlFinding { plan: None, rule: plain.text(&rule), address, enforcement };
            if !list.contains(&found) {
                list.push(found);
            }
        }
        reports
    }
}

/// What findings do, by rule and resource.
struct Effects<'f>(BTreeMap<(&'f str, &'f str), Enforcement>);

impl<'f> Effects<'f> {
    fn of(findings: &'f [Finding]) -> Self {
        let mut effects = BTreeMap::new();
        for share in findings.iter().flat_map(Finding::shares) {
            let address = share.subject.as_ref().map_or("", |subject| subject.address.unescaped());
            let rule = share.rule.id.unescaped();
            // The strictest counts where one resource has several; a rule that finds something once in a plan tells of
            // one resource alone.
            for key in [(rule, address), (rule, "")] {
                let effect = effects.entry(key).or_insert(share.enforcement);
                *effect = share.enforcement.min(*effect);
            }
        }
        Self(effects)
    }

    fn on(&self, rule: &str, address: &SafeText) -> Enforcement {
        let own = self.0.get(&(rule, address.unescaped())).or_else(|| self.0.get(&(rule, "")));
        own.copied().unwrap_or(Enforcement::Off)
    }
}

impl Rules {
    /// Whether a pack or a benchmark enables a built-in guardrail for resources of a type.
    pub(super) fn enables(&self, builtin: Builtin, resource_type: &str) -> bool {
        self.packs.contains(builtin.pack())
            || !self.benchmarks.controls(builtin.id(), resource_type).is_empty()
    }

    /// Whether a pack or a benchmark enables a built-in guardrail for any resources.
    pub(super) fn enables_somewhere(&self, builtin: Builtin) -> bool {
        self.packs.contains(builtin.pack()) || self.benchmarks.by_rule.contains_key(builtin.id())
    }

    /// Who asks a built-in guardrail about resources of a type.
    pub(super) fn asked(&self, builtin: Builtin, resource_type: &str) -> Asked {
        let by = if self.packs.contains(builtin.pack()) { By::Settings } else { By::Controls };
        Asked { by, controls: self.benchmarks.controls(builtin.id(), resource_type) }
    }
}

impl Asked {
    /// The controls that ask about this resource; `None` if nobody asks.
    pub(super) fn about(&self, state: Option<&ResourceState<'_>>, index: &PlanIndex<'_>) -> Option<Asking> {
        let mut asking = Vec::new();
        if let Some(state) = state {
            for (place, rules) in &self.controls {
                let holds = |condition: &Option<Predicate>| {
                    condition.as_ref().map_or(Truth::True, |condition| is_about(condition, state, index))
                };
                let (is_about, violates) = (holds(&rules.when), holds(&rules.violated_when));
                if is_about != Truth::False {
                    asking.push(Question { place: *place, is_about, violates });
                }
            }
        }
        (self.by == By::Settings || !asking.is_empty()).then_some(Asking(asking))
    }
}

impl Asking {
    /// Whether a failure is certainly one of a control.
    pub(super) fn is_violated_by_failure(&self) -> bool {
        self.0.iter().any(|question| question.is_about == Truth::True && question.violates == Truth::True)
    }

    /// What an outcome says to the controls. Nobody knows what a resource says to a control that may not be about it, but
    /// that nothing is wrong with it.
    pub(super) fn answers(
        &self,
        outcome: Outcome,
        rule: &str,
        address: impl Fn() -> SafeText,
    ) -> Vec<Answer> {
        let said = |question: &Question| match (outcome, question.is_about, question.violates) {
            (Outcome::Pass, Truth::True, _)
            | (Outcome::Fail | Outcome::Undetermined, Truth::True, Truth::False) => Some(Said::Passes),
            (Outcome::Fail, Truth::True, Truth::True) => Some(Said::Fails),
            (Outcome::Fail | Outcome::Undetermined, _, Truth::True | Truth::Unknown) => Some(Said::MayFail),
            (Outcome::Fail | Outcome::Undetermined, _, Truth::False)
            | (Outcome::Pass | Outcome::NotApplicable, ..) => None,
        };
        let answers = self.0.iter().filter_map(|question| {
            let said = said(question)?;
            Some(Answer { place: question.place, said, rule: rule.to_owned(), address: address() })
        });
        answers.collect()
    }
}
