//! Evaluates guardrails on one side of a resource change, in three values.

mod account_wide;
mod attribute;
mod cidr;
mod companion;
mod hard_coded;
mod literal;
mod place;
mod policy_document;
mod ports;
mod secret;
mod together;

use planguard_guardrail_format::{Guardrail, Predicate, Quantifier, Test, Truth};
use planguard_plan::{Attribute, ResourceState, Value, View};

pub use companion::PlanIndex;
pub(crate) use hard_coded::is_hard_coded;
pub(crate) use literal::{is_empty, quantity};
pub(crate) use secret::token;
pub use secret::{credentials, decoded, is_named_credential};

use crate::unreadable::{self, Unreadable};

/// The result of a guardrail on one side of a resource change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The verdict on the resource.
    pub outcome: Outcome,
    /// The attribute that decided, where one did.
    pub evidence: Option<Evidence>,
}

/// The verdict of a rule on a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Nothing is wrong.
    Pass,
    /// Something is wrong.
    Fail,
    /// It depends on what is known only after apply, or on a text that cannot be read.
    Undetermined,
    /// The rule does not apply to this resource.
    NotApplicable,
}

/// What decided an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The path of the attribute.
    pub path: planguard_plan::AttributePath,
    /// Its value, where it helps and is not sensitive.
    pub value: Option<String>,
    /// Why its text cannot be read; `None` where it can be, or does not matter.
    pub unreadable: Option<Unreadable>,
}

/// Evaluates a guardrail on a resource that it judges by type.
pub fn evaluate(guardrail: &Guardrail, state: &ResourceState<'_>, index: &PlanIndex<'_>) -> Evaluation {
    let root = state.root();
    let evaluator = Evaluator { index };
    let applies = guardrail.when.as_ref().map_or(Truth::True, |when| evaluator.predicate(when, &root).truth);
    if applies == Truth::False {
        return Evaluation { outcome: Outcome::NotApplicable, evidence: None };
    }
    let (answer, wrong_when) = match &guardrail.test {
        Test::Fail(test) => (evaluator.fails(test, &root), Truth::True),
        Test::Require(test) => (evaluator.predicate(test, &root), Truth::False),
    };
    let outcome = if answer.truth == wrong_when.negated() {
        Outcome::Pass
    } else if answer.truth == Truth::Unknown || applies == Truth::Unknown {
        Outcome::Undetermined
    } else {
        Outcome::Fail
    };
    let evidence = match outcome {
        Outcome::Fail | Outcome::Undetermined => answer.evidence,
        Outcome::Pass | Outcome::NotApplicable => None,
    };
    Evaluation { outcome, evidence }
}

/// A truth and the attribute that decided it.
#[derive(Clone, Debug)]
struct Answer {
    truth: Truth,
    evidence: Option<Evidence>,
}

impl Answer {
    const fn bare(truth: Truth) -> Self {
        Self { truth, evidence: None }
    }

    /// An answer from an attribute, without its value.
    fn at(truth: Truth, view: &View<'_, '_>) -> Self {
        let path = view.path().clone();
        let evidence = (!path.is_empty()).then_some(Evidence { path, value: None, unreadable: None });
        Self { truth, evidence }
    }

    /// The answer about an attribute whose text cannot be read.
    fn unreadable(view: &View<'_, '_>, reason: Unreadable) -> Self {
        let mut answer = Self::at(Truth::Unknown, view);
        if let Some(evidence) = &mut answer.evidence {
            evidence.unreadable = Some(reason);
        }
        answer
    }
}

struct Evaluator<'i, 'p> {
    index: &'i PlanIndex<'p>,
}

impl Evaluator<'_, '_> {
    /// The answer of a predicate that must not be true.
    fn fails(&self, predicate: &Predicate, root: &View<'_, '_>) -> Answer {
        let answer = self.predicate(predicate, root);
        match answer.truth {
            Truth::True => answer,
            Truth::False | Truth::Unknown => self.together(predicate, root).unwrap_or(answer),
        }
    }

    fn predicate(&self, predicate: &Predicate, view: &View<'_, '_>) -> Answer {
        match predicate {
            Predicate::All(all) => {
                fold(all.iter().map(|one| self.predicate(one, view)), Truth::False, Truth::True)
            }
            Predicate::Any(any) => {
                fold(any.iter().map(|one| self.predicate(one, view)), Truth::True, Truth::False)
            }
            Predicate::Not(one) => {
                let answer = self.predicate(one, view);
                Answer { truth: answer.truth.negated(), ..answer }
            }
            Predicate::Attribute(attribute) => self.attribute(attribute, view),
            Predicate::Elements(elements) => {
                let list = place::find_first(view, &elements.paths);
                let empty = match elements.quantifier {
                    Quantifier::Some => Truth::False,
                    Quantifier::Each => Truth::True,
                };
                let Some(members) = list.elements() else {
                    return Answer::at(elements.unknown.unwrap_or(Truth::Unknown), &list);
                };
                if members.is_empty() {
                    return Answer::at(elements.unset.unwrap_or(empty), &list);
                }
                let answers = members.iter().map(|member| self.predicate(&elements.condition, member));
                fold(answers, empty.negated(), empty)
            }
            Predicate::Document { paths, condition, unset, unknown } => {
                let place = place::find_first(view, paths);
                match place.attribute() {
                    Attribute::Unknown => Answer::at(unknown.unwrap_or(Truth::Unknown), &place),
                    Attribute::Unset => Answer::at(unset.unwrap_or(Truth::False), &place),
                    Attribute::Known(value) if is_empty(value) => {
                        Answer::at(unset.unwrap_or(Truth::False), &place)
                    }
                    Attribute::Known(value) => self.document(value, &place, condition),
                }
            }
            Predicate::Ports(ports) => ports::includes(ports, view),
            Predicate::Companion(companion) => self.companion(companion, view),
        }
    }

    /// The condition on the JSON document that is the text of an attribute. It is unknown what text says that is no
    /// JSON.
    fn document(&self, value: &Value<'_>, place: &View<'_, '_>, condition: &Predicate) -> Answer {
        let parsed = value.as_str().ok_or(Unreadable::NotText).and_then(unreadable::json);
        let document = match parsed {
            Ok(document) => document,
            Err(reason) => return Answer::unreadable(place, reason),
        };
        let answer = self.predicate(condition, &place.document(&document));
        // A document has no attributes; the evidence is the attribute that it is the text of.
        Answer { evidence: Answer::at(answer.truth, place).evidence, ..answer }
    }
}

/// Combines answers: a `decisive` one decides; without decisive and unknown ones the result is `otherwise`. The
/// evidence is that of the first answer that counts.
fn fold(answers: impl Iterator<Item = Answer>, decisive: Truth, otherwise: Truth) -> Answer {
    let mut unknown: Option<Answer> = None;
    let mut last: Option<Answer> = None;
    for answer in answers {
        if answer.truth == decisive {
            return answer;
        }
        let slot = if answer.truth == Truth::Unknown { &mut unknown } else { &mut last };
        let better = slot.as_ref().is_none_or(|kept| kept.evidence.is_none() && answer.evidence.is_some());
        if better {
            *slot = Some(answer);
        }
    }
    unknown.or(last).unwrap_or_else(|| Answer::bare(otherwise))
}
