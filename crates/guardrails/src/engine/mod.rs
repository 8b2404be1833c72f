//! Evaluates guardrails on one side of a resource change, in three values.

mod account_wide;
mod assignment;
mod attribute;
mod cidr;
mod companion;
mod compared;
mod counted;
mod credentials;
mod draft;
#[cfg(test)]
mod forms;
mod hard_coded;
mod literal;
mod of_change;
mod open_ports;
mod place;
mod plan_index;
mod policy_document;
mod ports;
mod range;
mod refused;
mod secret;
#[cfg(test)]
mod testing;
mod together;

use planguard_guardrail_format::{Guardrail, IfUnset, Predicate, Quantifier, Scope, Test, Truth};
use planguard_plan::{Attribute, Plan, ResourceChange, ResourceState, Side, Value, View};
use planguard_rule::Severity;

pub(crate) use companion::is_same_instance;
use draft::Drafted;
pub use draft::{Drafts, PolicyDraft};
pub(crate) use hard_coded::is_hard_coded;
pub(crate) use literal::{is_empty, quantity};
pub use open_ports::OpenPorts;
pub(crate) use place::at as place_at;
pub use plan_index::{LocalValues, PlanIndex};
pub use secret::{credentials, decoded, is_named_credential};
pub(crate) use secret::{promises_credential, token};

use self::credentials::Credentials;
use crate::unreadable::{self, Unreadable};

/// The result of a guardrail on one side of a resource change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The verdict on the resource.
    pub outcome: Outcome,
    /// The attribute that decided, where one did.
    pub evidence: Option<Evidence>,
    /// The ports that are open, where a test of ports holds.
    pub ports: Option<OpenPorts>,
    /// The credentials that a test of secrets finds.
    credentials: Credentials,
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

impl Evaluation {
    /// Whether it is about credentials that another evaluation of the same guardrail is not about.
    pub fn has_other_credentials_than(&self, before: &Self) -> bool {
        self.credentials.has_more_than(&before.credentials)
    }

    /// A verdict that nothing is wrong.
    fn silent(outcome: Outcome) -> Self {
        Self { outcome, evidence: None, ports: None, credentials: Credentials::default() }
    }

    /// The severity of what the guardrail finds: its own, unless what decides is not set and others decide, or what is
    /// unknown is unlikely to be wrong.
    pub fn severity(&self, guardrail: &Guardrail) -> Severity {
        let severity = self.unset(guardrail).map_or(guardrail.info.severity, |unset| unset.severity);
        match self.evidence.as_ref().and_then(|evidence| evidence.at_most) {
            Some(most) if self.outcome == Outcome::Undetermined => severity.min(most),
            Some(_) | None => severity,
        }
    }

    /// What the guardrail says about an attribute that is not set, if that decides.
    pub fn unset<'g>(&self, guardrail: &'g Guardrail) -> Option<&'g IfUnset> {
        let is_unset = self.evidence.as_ref().is_some_and(|evidence| evidence.is_unset);
        guardrail.if_unset.as_ref().filter(|_| is_unset)
    }
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
    /// Whether it is not set.
    pub is_unset: bool,
    /// Whether the provider that made the plan does not have it, so that nobody can set it.
    pub is_unknown_to_provider: bool,
    /// The highest severity that its being unknown justifies, where what it is made of tells.
    pub at_most: Option<Severity>,
    /// The element of a list of blocks, or the statement of a policy, that it belongs to.
    pub element: Element,
}

/// A part of a resource that can be wrong on its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The block in a list.
    pub block: Option<planguard_plan::AttributePath>,
    /// The statement of the policy that is the attribute; `None` if the attribute is no policy, or not one statement
    /// decides.
    pub statement: Option<StatementPlace>,
    /// The other statements that are wrong only together with it; the same one where it has several actions that are.
    pub together: Vec<StatementPlace>,
    /// Where the block is, if it is one of several: a replica in a region.
    pub region: Option<String>,
    /// The values in a map that are credentials.
    pub variables: Vec<Variable>,
}

/// A named value that is a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The name of the element that has it, as a container; `None` where there is no such element, or it has no name.
    pub of: Option<String>,
}

impl Variable {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), of: None }
    }

    /// Notes the nearest element that has a name, unless that is the variable.
    fn belong_to(&mut self, element: &str) {
        if self.of.is_none() && self.name != element {
            self.of = Some(element.to_owned());
        }
    }
}

impl Element {
    /// Adds the statements of an answer that holds as well.
    fn join(&mut self, other: Self) {
        if self.statement.is_some() {
            self.together.extend(other.statement.into_iter().chain(other.together));
        }
    }
}

/// A statement of a policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementPlace {
    /// The position of its document, where a policy is made of several.
    pub document: usize,
    /// Its position in the document, counted from 0.
    pub position: usize,
    /// How many there are.
    pub of: usize,
    /// Its `Sid`, if it has one.
    pub sid: Option<String>,
    /// Its actions that a test asks for, as they are written; none where it allows all.
    pub actions: Vec<String>,
}

impl Evidence {
    /// An attribute that decided, without its value.
    fn of(path: planguard_plan::AttributePath) -> Self {
        Self {
            path,
            value: None,
            unreadable: None,
            is_unset: false,
            is_unknown_to_provider: false,
            at_most: None,
            element: Element::default(),
        }
    }
}

/// The state on which a guardrail judges a change: that after it; a guardrail about changes judges an object that is
/// destroyed on what it was.
pub fn judged_state<'p>(
    guardrail: &Guardrail,
    plan: &'p Plan<'p>,
    change: &'p ResourceChange<'p>,
) -> Option<ResourceState<'p>> {
    let after = ResourceState::new(plan, change, Side::After);
    match guardrail.scope {
        Scope::State => after,
        Scope::Change => after.or_else(|| ResourceState::new(plan, change, Side::Before)),
    }
}

/// Whether a predicate holds for a resource.
pub(crate) fn holds(predicate: &Predicate, state: &ResourceState<'_>, index: &PlanIndex<'_>) -> Truth {
    Evaluator { index, tells: Tells::Truth }.predicate(predicate, &state.root()).truth
}

/// Evaluates a guardrail on a resource that it judges by type.
pub fn evaluate(guardrail: &Guardrail, state: &ResourceState<'_>, index: &PlanIndex<'_>) -> Evaluation {
    let root = state.root();
    let evaluator = Evaluator { index, tells: Tells::Truth };
    let applies = guardrail.when.as_ref().map_or(Truth::True, |when| evaluator.predicate(when, &root).truth);
    if applies == Truth::False {
        return Evaluation::silent(Outcome::NotApplicable);
    }
    let answer = |tells: Tells| {
        let evaluator = Evaluator { index, tells };
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
        (answer, outcome)
    };
    if answer(Tells::Truth).1 == Outcome::Pass {
        return Evaluation::silent(Outcome::Pass);
    }
    let (answer, outcome) = answer(Tells::Evidence);
    // What nobody can set with this release of the provider is no advice.
    if answer.evidence.as_ref().is_some_and(|evidence| evidence.is_unknown_to_provider) {
        return Evaluation::silent(Outcome::NotApplicable);
    }
    match outcome {
        Outcome::Fail | Outcome::Undetermined => {
            let mut evidence = answer.evidence;
            // What the provider filled in is in the state since, and is nobody's choice all the same.
            if let (Some(evidence), Some(_), Outcome::Fail) = (&mut evidence, &guardrail.if_unset, outcome) {
                evidence.is_unset |= place::at(&root, &evidence.path).is_filled_in();
            }
            // Where nothing tells what the configuration sets, an unknown value is no worse than one that is not set.
            if let (Some(evidence), Some(unset), Outcome::Undetermined, None) =
                (&mut evidence, &guardrail.if_unset, outcome, &state.plan.configuration)
            {
                evidence.at_most =
                    Some(evidence.at_most.map_or(unset.severity, |most| most.min(unset.severity)));
            }
            Evaluation { outcome, evidence, ports: answer.ports, credentials: answer.credentials }
        }
        Outcome::Pass | Outcome::NotApplicable => Evaluation::silent(outcome),
    }
}

/// A truth and the attribute that decided it.
#[derive(Clone, Debug)]
struct Answer {
    truth: Truth,
    evidence: Option<Evidence>,
    /// The ports that are open, if it is the answer to whether some are.
    ports: Option<OpenPorts>,
    /// The credentials that were found, if it is the answer to whether there are some.
    credentials: Credentials,
}

impl Answer {
    fn bare(truth: Truth) -> Self {
        Self { truth, evidence: None, ports: None, credentials: Credentials::default() }
    }

    /// An answer from an attribute, without its value.
    fn at(truth: Truth, view: &View<'_, '_>) -> Self {
        let path = view.path().clone();
        Self { evidence: (!path.is_empty()).then(|| Evidence::of(path)), ..Self::bare(truth) }
    }

    /// The same answer, about an attribute that is not set.
    fn of_unset(mut self) -> Self {
        if let Some(evidence) = &mut self.evidence {
            evidence.is_unset = true;
        }
        self
    }

    /// The same answer, about an element of a list, if it is a block: a value of a list is wrong only together with
    /// what is beside the list.
    fn within(mut self, member: &View<'_, '_>) -> Self {
        if let (Some(evidence), Some(Value::Object(_))) = (&mut self.evidence, member.raw()) {
            evidence.element.block = Some(member.path().clone());
            let region =
                ["location", "region_name"].iter().find_map(|name| match member.key(name).attribute() {
                    Attribute::Known(Value::String(region)) => Some(region.to_string()),
                    Attribute::Known(_) | Attribute::Unknown | Attribute::Unset => None,
                });
            evidence.element.region = region.or(evidence.element.region.take());
            let owner = member.key("name");
            if let (Attribute::Known(Value::String(owner)), false) = (owner.attribute(), owner.is_sensitive())
            {
                for variable in &mut evidence.element.variables {
                    variable.belong_to(owner);
                }
            }
        }
        self
    }

    /// Whether it is about an attribute that the provider does not have.
    fn is_void(&self) -> bool {
        self.evidence.as_ref().is_some_and(|evidence| evidence.is_unknown_to_provider)
    }

    /// Adds the credentials of an answer that holds as well, and their names.
    fn add_credentials(&mut self, other: Self) {
        self.credentials.join(other.credentials);
        let Some(evidence) = &mut self.evidence else { return };
        let known = &mut evidence.element.variables;
        for variable in other.evidence.into_iter().flat_map(|other| other.element.variables) {
            if !known.contains(&variable) {
                known.push(variable);
            }
        }
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

/// What is asked of an evaluator. Most tests of most resources find nothing, and then nobody asks what decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tells {
    /// Whether a predicate holds.
    Truth,
    /// Also which attribute decided, with what a report says of it.
    Evidence,
}

struct Evaluator<'i, 'p> {
    index: &'i PlanIndex<'p>,
    tells: Tells,
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
                // Ports that are not open are of no interest, and neither are credentials that must not be there.
                Answer { evidence: answer.evidence, ..Answer::bare(answer.truth.negated()) }
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
                    return Answer::at(elements.unset.unwrap_or(empty), &list).of_unset();
                }
                let mut answers =
                    members.iter().map(|member| self.predicate(&elements.condition, member).within(member));
                let answer = fold(&mut answers, empty.negated(), empty);
                match &answer.ports {
                    // Other blocks open other ports; all are told, so that mending one is not taken for the end of it.
                    Some(_) if answer.truth == empty.negated() => {
                        let others = answers.filter(|other| other.truth == answer.truth);
                        let others: Vec<OpenPorts> = others.filter_map(|other| other.ports).collect();
                        let ports = answer.ports.map(|first| others.iter().fold(first, OpenPorts::and));
                        Answer { ports, ..answer }
                    }
                    Some(_) | None => answer,
                }
            }
            Predicate::Document { paths, condition, unset, unknown } => {
                let place = place::find_first(view, paths);
                match place.attribute() {
                    Attribute::Unknown => {
                        let draft = self.index.draft(&place);
                        let draft = draft.as_deref().and_then(Option::as_ref);
                        let answer = match draft.and_then(Drafted::document) {
                            Some((document, mask)) => {
                                self.of_document(&place, &place.document_with(&document, &mask), condition)
                            }
                            None => Answer::at(Truth::Unknown, &place),
                        };
                        match (answer.truth, unknown) {
                            (Truth::Unknown, Some(instead)) => Answer::at(*instead, &place),
                            _ => answer,
                        }
                    }
                    Attribute::Unset => Answer::at(unset.unwrap_or(Truth::False), &place),
                    Attribute::Known(value) if is_empty(value) => {
                        Answer::at(unset.unwrap_or(Truth::False), &place)
                    }
                    Attribute::Known(value) => self.document(value, &place, condition),
                }
            }
            Predicate::Ports(ports) => ports::includes(ports, view),
            Predicate::Companion(companion) => self.companion(companion, view),
            Predicate::PlanHas { types, condition, test } => {
                self.plan_has(types, condition.as_deref(), test, view)
            }
            Predicate::Count(count) => self.counted(count, view),
            Predicate::Range(range) => range::is_such(range, view),
            Predicate::Was(predicate) => self.on_side(Side::Before, predicate, view),
            Predicate::Becomes(predicate) => self.on_side(Side::After, predicate, view),
            Predicate::Actions(wanted) => {
                Answer::bare(Truth::of(of_change::does(view.state().change, wanted)))
            }
        }
    }

    /// The condition on the document that is the text of an attribute, or on one of several. It is unknown what text says
    /// that cannot be read.
    fn document(&self, value: &Value<'_>, place: &View<'_, '_>, condition: &Predicate) -> Answer {
        let parsed = value.as_str().ok_or(Unreadable::NotText).and_then(unreadable::documents);
        let documents = match parsed {
            Ok(documents) => documents,
            Err(reason) => return Answer::unreadable(place, reason),
        };
        let views: Vec<View<'_, '_>> = documents.iter().map(|document| place.document(document)).collect();
        let answers = views.iter().map(|view| self.of_document(place, view, condition));
        fold(answers, Truth::True, Truth::False)
    }

    /// The condition on a document that is the text of an attribute. A document has no attributes; the evidence is the
    /// attribute that it is the text of.
    fn of_document(&self, place: &View<'_, '_>, document: &View<'_, '_>, condition: &Predicate) -> Answer {
        let answer = self.predicate(condition, document);
        let mut evidence = Answer::at(answer.truth, place).evidence;
        if let (Some(evidence), Some(inside), false) = (&mut evidence, &answer.evidence, place.is_sensitive())
        {
            evidence.element.variables.clone_from(&inside.element.variables);
        }
        Answer { evidence, ..answer }
    }
}

/// Combines answers: a `decisive` one decides; without decisive and unknown ones the result is `otherwise`. The
/// evidence is that of the first answer that counts, and is not about an attribute that the provider does not have.
fn fold(mut answers: impl Iterator<Item = Answer>, decisive: Truth, otherwise: Truth) -> Answer {
    let mut unknown: Option<Answer> = None;
    let mut last: Option<Answer> = None;
    let mut void: Option<Answer> = None;
    while let Some(mut answer) = answers.next() {
        if answer.truth == decisive && answer.is_void() {
            void = Some(answer);
            continue;
        }
        if answer.truth == decisive {
            // Each credential is one to be revoked, and an old one does not hide a new one.
            if !answer.credentials.is_empty() {
                answers
                    .filter(|other| other.truth == decisive)
                    .for_each(|other| answer.add_credentials(other));
            }
            return answer;
        }
        let slot = if answer.truth == Truth::Unknown { &mut unknown } else { &mut last };
        let Some(kept) = slot else {
            *slot = Some(answer);
            continue;
        };
        // Of alternatives one is enough that can be had; of what comes together, all have to be there.
        let are_alternatives = otherwise != Truth::True;
        let (is_void, was_void) = (answer.is_void(), kept.is_void());
        let Answer { truth, evidence, ports, credentials } = answer;
        kept.credentials.join(credentials);
        match (&mut kept.evidence, evidence) {
            (_, evidence) if is_void != was_void && is_void != are_alternatives => {
                (kept.truth, kept.evidence) = (truth, evidence);
            }
            (_, _) if is_void != was_void => {}
            (None, evidence) => (kept.truth, kept.evidence) = (truth, evidence),
            (Some(first), Some(other)) if otherwise == Truth::True && first.path == other.path => {
                first.element.join(other.element);
            }
            (Some(_), Some(_) | None) => {}
        }
        kept.ports = kept.ports.take().or(ports);
    }
    unknown.or(void).or(last).unwrap_or_else(|| Answer::bare(otherwise))
}
