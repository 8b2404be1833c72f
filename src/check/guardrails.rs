//! Evaluates the guardrails on a resource's state, before and after each change.
//!
//! What separate resources give an object is judged on them. The state before an object was changed outside of Terraform
//! counts as before: what somebody made by hand is new with this plan, which keeps it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use planguard_guardrail_format::{Guardrail, Mapping, Once, Scope};
use planguard_guardrails::effective::{Effective, LastKnown, can_have_drifted};
use planguard_guardrails::{
    Builtin, Element, Evaluation, Evidence, Mapped, Outcome, PlanIndex, StatementPlace, Unreadable, Variable,
    builtins, evaluate, judged_state, mapped,
};
use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{Attribute, AttributePath, Mode, PathStep, ResourceChange, ResourceState, Side, View};
use planguard_threads::{self as threads, Stack};

use super::benchmarks::{Answer, Asked};
use super::place::policy_draft;
use super::{PlanCheck, Usual};
use crate::enforcement::Enforcement;
use crate::finding::{
    Cause, CauseKind, Certainty, Finding, FindingRule, Origin, PortsMessage, RuleKind, Subject, text_of_rule,
};
use crate::sources::local_references;

/// How many resource changes are judged together on one thread. To judge so many takes longer than to start a
/// thread, and a plan that has no more is judged without starting one.
const SHARE: usize = 256;

/// Where the words for ports belong in a message, until they are known.
const PORTS: &str = "\0";

/// How many actions of a statement a message names.
const MOST_ACTIONS: usize = 3;

/// The result of judging some of the resource changes.
#[derive(Default)]
struct Judged {
    findings: Vec<Finding>,
    /// Those of guardrails that find something only once.
    once: Vec<(OnceKey, Finding)>,
    passed: usize,
    undetermined: usize,
    fixed: usize,
    /// Objects and their attributes that findings report as changed outside of Terraform.
    drifted: Vec<(Drifted, Enforcement)>,
    /// What would be reported of these, had the plan not put it back.
    put_back: Vec<(Drifted, SafeText)>,
    /// What they say to the controls of benchmarks.
    answers: Vec<Answer>,
}

/// A rule and the part of the plan in which it finds something only once.
type OnceKey = (String, String);

/// An object and the attribute of it that was changed outside of Terraform.
pub(super) type Drifted = (String, String);

/// The two sides of a change, computed once for all guardrails.
struct Sides<'p> {
    change: &'p ResourceChange<'p>,
    before: Option<ResourceState<'p>>,
    /// Before it was changed outside of Terraform, if it was.
    last_known: Option<ResourceState<'p>>,
    after: Option<ResourceState<'p>>,
}

/// Whether a guardrail fails before a change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Passes,
    Fails,
    /// It fails now, and passed before somebody changed the object outside of Terraform.
    FailsSinceDrift,
}

/// The mapped objects by their mappings, with the types as which they are judged.
fn by_mapping<'m, 'p>(
    mapped: &'m [Mapped<'p>],
) -> Vec<(String, Option<&'static Mapping>, Vec<&'m ResourceChange<'p>>)> {
    let mut groups: Vec<(String, Option<&'static Mapping>, Vec<&'m ResourceChange<'p>>)> = Vec::new();
    for one in mapped {
        let same = groups
            .iter_mut()
            .find(|(_, mapping, _)| mapping.is_some_and(|mapping| std::ptr::eq(mapping, one.mapping)));
        match same {
            Some((.., changes)) => changes.push(&one.change),
            None => groups.push((one.mapping.to.clone(), Some(one.mapping), vec![&one.change])),
        }
    }
    groups
}

impl PlanCheck<'_> {
    pub(super) fn guardrails(&mut self) {
        let plan = self.plan;
        let (configuration, sources, origin) =
            (&self.configuration, &self.rules.sources, self.document_origin);
        let read = move || configuration.get_or_init(|| sources.of(plan, origin)).as_deref();
        let index = PlanIndex::new(plan)
            .with_drafts(Box::new(move |change, path| policy_draft(read()?, change, path)))
            .with_local_values(Box::new(move |module, name| local_references(read()?, module, name)));
        let mut by_type: BTreeMap<String, Vec<&ResourceChange<'_>>> = BTreeMap::new();
        for change in &plan.resource_changes {
            let resource_type = &change.address.resource_type;
            let written = match change.address.mode {
                Mode::Managed => resource_type.clone(),
                Mode::Data => format!("data.{resource_type}"),
                // Guardrails do not apply to resources without state.
                Mode::Ephemeral | Mode::Action => continue,
            };
            by_type.entry(written).or_default().push(change);
        }
        let providers = plan.provider_changes();
        let types = plan.configuration.iter().flat_map(|all| all.providers());
        let types = types.filter(|provider| !provider.expressions.members().is_empty());
        for (provider, block) in types.zip(&providers) {
            by_type.entry(provider.type_name()).or_default().push(block);
        }
        let rules = self.rules;
        let own = &self.rules.guardrails;
        let overrides = &self.rules.overrides;
        let mut met = BTreeSet::new();
        let mapped = mapped(plan);
        let by_type = by_type.into_iter().map(|(written, changes)| (written, None, changes));
        let by_type = by_type.chain(by_mapping(&mapped)).map(|(resource_type, mapping, changes)| {
            let is_enough = |guardrail: &Guardrail| {
                mapping.is_none_or(|mapping: &Mapping| mapping.is_enough_for(guardrail))
            };
            let builtin =
                Builtin::for_type(&resource_type).filter(|builtin| rules.enables(*builtin, &resource_type));
            let builtin: Vec<(Guardrail, Asked)> = builtin
                .map(|builtin| {
                    let mut guardrail = builtin.definition();
                    overrides.set_parameters(&mut guardrail);
                    (guardrail, rules.asked(builtin, &resource_type))
                })
                .filter(|(guardrail, _)| is_enough(guardrail))
                .collect();
            let of_type = own.iter().filter(|guardrail| guardrail.resources.contains(&resource_type));
            let own: Vec<&Guardrail> = of_type.filter(|guardrail| is_enough(guardrail)).collect();
            let builtin_ids = builtin.iter().map(|(guardrail, _)| guardrail);
            met.extend(builtin_ids.chain(own.iter().copied()).map(|guardrail| guardrail.info.id.clone()));
            (builtin, own, changes)
        });
        let by_type: Vec<_> = by_type.collect();
        let work: Vec<_> = by_type
            .iter()
            .flat_map(|(builtin, own, changes)| changes.iter().map(move |change| (builtin, own, *change)))
            .filter(|(builtin, own, _)| !builtin.is_empty() || !own.is_empty())
            .collect();
        let shares: Vec<_> = work.chunks(SHARE).collect();
        let (effective, last_known) = (Effective::new(plan), LastKnown::new(plan));
        let check = &*self;
        let by_settings = Asked::default();
        let judged = threads::map(&shares, Stack::Plan, |share| {
            let mut judged = Judged::default();
            for (builtin, own, change) in *share {
                // The drift of an object is that of its own type.
                let drift = last_known.drift(change).filter(|_| !change.is_translated());
                let own_drift = drift.and_then(|drift| effective.own_drift(drift));
                let own_change = effective.own(change);
                let (drift, change) = (own_drift.as_ref().or(drift), own_change.as_ref().unwrap_or(change));
                let sides = Sides {
                    change,
                    before: ResourceState::new(plan, change, Side::Before),
                    last_known: drift.and_then(|drift| ResourceState::new(plan, drift, Side::Before)),
                    after: ResourceState::new(plan, change, Side::After),
                };
                let builtin = builtin.iter().map(|(guardrail, asked)| (guardrail, asked));
                for (guardrail, asked) in builtin.chain(own.iter().map(|own| (*own, &by_settings))) {
                    check.guardrail(guardrail, asked, &sides, &index, &mut judged);
                }
            }
            judged
        });
        let mut once: BTreeMap<OnceKey, Finding> = BTreeMap::new();
        for judged in judged {
            self.findings.extend(judged.findings);
            for (key, finding) in judged.once {
                match once.entry(key) {
                    Entry::Vacant(entry) => {
                        entry.insert(finding);
                    }
                    // The strictest is told; of equals the first, in the order of the plan.
                    Entry::Occupied(mut entry) if finding.enforcement < entry.get().enforcement => {
                        entry.insert(finding);
                    }
                    Entry::Occupied(_) => {}
                }
            }
            self.counts.passed += judged.passed;
            self.counts.undetermined += judged.undetermined;
            self.counts.fixed += judged.fixed;
            self.put_back.extend(judged.put_back);
            self.answers.extend(judged.answers);
            for (drifted, enforcement) in judged.drifted {
                let strictest = self.drifted.entry(drifted).or_insert(enforcement);
                *strictest = enforcement.min(*strictest);
            }
        }
        self.findings.extend(once.into_values());
        let switched_on = builtins().filter(|builtin| rules.enables_somewhere(*builtin)).count() + own.len();
        self.counts.rules += switched_on;
        self.counts.rules_matching_nothing += switched_on - met.len();
    }

    /// The variables with credentials in parentheses, behind a space; empty without any.
    fn variables_words(&self, variables: &[Variable]) -> SafeText {
        /// More are counted.
        const MOST: usize = 5;
        let mut parts = Vec::new();
        for (position, variable) in variables.iter().take(MOST).enumerate() {
            parts.push(SafeText::fixed(if position == 0 { " (`" } else { ", `" }));
            parts.extend([self.redactor.text(&variable.name), SafeText::fixed("`")]);
            if let Some(owner) = &variable.of {
                parts.extend([SafeText::fixed(" of `"), self.redactor.text(owner), SafeText::fixed("`")]);
            }
        }
        match variables.len() {
            0 => {}
            few if few <= MOST => parts.push(SafeText::fixed(")")),
            many => parts.extend([SafeText::fixed(" and "), (many - MOST).into(), SafeText::fixed(" more)")]),
        }
        SafeText::concat(&parts)
    }

    /// Which statements of a policy decide, and with which actions; `None` where that goes without saying.
    fn statement_words(&self, element: &Element) -> Option<SafeText> {
        let mut statements: Vec<(&StatementPlace, Vec<&str>)> = Vec::new();
        for place in element.statement.iter().chain(&element.together) {
            let same = statements
                .iter_mut()
                .find(|(other, _)| (other.document, other.position) == (place.document, place.position));
            let actions = match same {
                Some((_, actions)) => actions,
                None => {
                    statements.push((place, Vec::new()));
                    let Some((_, actions)) = statements.last_mut() else { continue };
                    actions
                }
            };
            let new: Vec<&str> =
                place.actions.iter().map(String::as_str).filter(|new| !actions.contains(new)).collect();
            actions.extend(new);
        }
        let plain = Redactor::default();
        let mut parts: Vec<SafeText> = Vec::new();
        for (place, actions) in statements {
            let mut part: Vec<SafeText> = Vec::new();
            for action in actions.iter().take(MOST_ACTIONS) {
                let link = if part.is_empty() { "`" } else { ", `" };
                part.extend([plain.text(link), self.redactor.text(action), SafeText::fixed("`")]);
            }
            if actions.len() > MOST_ACTIONS {
                part.push(plain.text(&format!(" and {} more", actions.len() - MOST_ACTIONS)));
            }
            let link = if part.is_empty() { "statement " } else { " in statement " };
            match &place.sid {
                _ if place.of < 2 => {}
                Some(sid) => {
                    part.extend([
                        plain.text(&format!("{link}`")),
                        self.redactor.text(sid),
                        SafeText::fixed("`"),
                    ]);
                }
                None => part.push(plain.text(&format!("{link}{} of {}", place.position + 1, place.of))),
            }
            if !part.is_empty() {
                parts.push(SafeText::concat(part.iter().collect::<Vec<_>>()));
            }
        }
        let mut words: Vec<SafeText> = Vec::new();
        for part in parts {
            if !words.is_empty() {
                words.push(SafeText::fixed(", and "));
            }
            words.push(part);
        }
        (!words.is_empty()).then(|| SafeText::concat(words.iter().collect::<Vec<_>>()))
    }

    fn guardrail(
        &self,
        guardrail: &Guardrail,
        asked: &Asked,
        sides: &Sides<'_>,
        index: &PlanIndex<'_>,
        judged: &mut Judged,
    ) {
        let change = sides.change;
        let judged_on_change = guardrail.scope == Scope::Change;
        if judged_on_change && change.deposed.is_some() {
            // What becomes of a left-over is nothing that happens to the object.
            return;
        }
        let after = match guardrail.scope {
            Scope::State => sides.after,
            Scope::Change => judged_state(guardrail, self.plan, change),
        };
        let Some(asking) = asked.about(after.as_ref(), index) else { return };
        let after = after.map(|state| evaluate(guardrail, &state, index));
        if let Some(evaluation) = &after {
            let address = || SafeText::address(&change.address);
            judged.answers.extend(asking.answers(evaluation.outcome, &guardrail.info.id, address));
        }
        let (evaluation, certainty) = match after {
            Some(evaluation @ Evaluation { outcome: Outcome::Fail, .. }) => (evaluation, Certainty::Certain),
            Some(evaluation @ Evaluation { outcome: Outcome::Undetermined, .. }) => {
                judged.undetermined += 1;
                (evaluation, Certainty::DependsOnUnknown)
            }
            Some(Evaluation { outcome: outcome @ (Outcome::Pass | Outcome::NotApplicable), .. }) => {
                judged.passed += usize::from(outcome == Outcome::Pass);
                if !change.change.actions.is_no_op() && !judged_on_change {
                    sides.count_fixed(guardrail, index, judged);
                }
                return;
            }
            None => {
                // A forgotten object is unchanged.
                if change.change.actions.deletes() && !judged_on_change {
                    sides.count_fixed(guardrail, index, judged);
                }
                return;
            }
        };
        let before = match guardrail.scope {
            Scope::State if sides.is_as_unclear_before(guardrail, index, &evaluation) => Before::Fails,
            Scope::State => sides.fails_before(guardrail, index, Some(&evaluation)),
            // A change is new.
            Scope::Change => Before::Passes,
        };
        let origin = match before {
            Before::Fails => Origin::AlreadyThere,
            Before::Passes | Before::FailsSinceDrift => Origin::Introduced,
        };
        let usual = if asking.is_violated_by_failure() { Usual::Denies } else { Usual::BySeverity };
        let (severity, enforcement) =
            self.effect(&guardrail.info, evaluation.severity(guardrail), certainty, origin, usual);
        if enforcement == Enforcement::Off {
            return;
        }
        let address = change.address.to_string();
        let unset = evaluation.unset(guardrail);
        let Evaluation { evidence, ports, .. } = evaluation;
        let ports = ports.filter(|_| certainty == Certainty::Certain);
        let message = guardrail.says(&address, ports.as_ref().map(|_| PORTS));
        let message = match unset {
            Some(unset) => format!("{message} (not set: decided by {})", unset.decided_by),
            None => message,
        };
        let message = match certainty {
            Certainty::Certain => message,
            Certainty::DependsOnUnknown => possibly(&message, &address),
        };
        let message = match before {
            Before::FailsSinceDrift => format!("{message} (changed outside of Terraform)"),
            Before::Passes | Before::Fails => message,
        };
        if before == Before::FailsSinceDrift
            && let Some(attribute) = evidence.as_ref().and_then(|evidence| evidence.path.first_key())
        {
            judged.drifted.push(((address.clone(), attribute.to_owned()), enforcement));
        }
        let told = ports.and_then(|ports| {
            let (before, after) = message.split_once(PORTS)?;
            Some(PortsMessage { before: before.to_owned(), ports, after: after.to_owned() })
        });
        let message = told.as_ref().map_or(message, PortsMessage::words);
        let cause = cause(guardrail, certainty, evidence.as_ref(), told);
        let unreadable = evidence.as_ref().and_then(|evidence| Some((&evidence.path, evidence.unreadable?)));
        // A guardrail's words and an address.
        let words = Redactor::default();
        let message = match unreadable {
            // The path may have a key of a sensitive map.
            Some((path, reason)) => SafeText::concat([
                &words.text(&format!("{message}: `")),
                &self.redactor.path(path),
                &words.text(&format!("` {reason}")),
            ]),
            None => words.text(&message),
        };
        let element = evidence.as_ref().map(|evidence| &evidence.element);
        let message = match element.and_then(|element| self.statement_words(element)) {
            Some(statements) => {
                SafeText::concat([&message, &SafeText::fixed(" ("), &statements, &SafeText::fixed(")")])
            }
            None => message,
        };
        let message = element.map_or_else(
            || message.clone(),
            |element| SafeText::concat([&message, &self.variables_words(&element.variables)]),
        );
        let message = match element.and_then(|element| element.region.as_ref()) {
            Some(region) => SafeText::concat([
                &message,
                &SafeText::fixed(" (in `"),
                &self.redactor.text(region),
                &SafeText::fixed("`)"),
            ]),
            None => message,
        };
        let depends_on = match (certainty, &evidence) {
            (Certainty::DependsOnUnknown, Some(evidence)) if unreadable.is_none() => {
                self.sources(sides, &evidence.path, index)
            }
            (Certainty::Certain | Certainty::DependsOnUnknown, _) => Vec::new(),
        };
        let values =
            evidence.as_ref().map(|evidence| self.values(change, &evidence.path)).unwrap_or_default();
        let source = self.place(change, evidence.as_ref().map(|evidence| &evidence.path));
        let finding = Finding {
            rule: FindingRule::new(&guardrail.info, RuleKind::Guardrail),
            severity,
            enforcement,
            certainty,
            origin,
            subject: Some(self.subject(change)),
            attribute: evidence.as_ref().map(|evidence| self.redactor.path(&evidence.path)),
            value: evidence
                .and_then(|evidence| evidence.value)
                .map(|value| self.redactor.text(&value))
                .or(values.after),
            before: values.before,
            depends_on,
            message,
            remediation: Some(text_of_rule(&guardrail.info.remediation)),
            location: None,
            source: source.map(Box::new),
            metadata: Vec::new(),
            waiver: None,
            approved_by: Vec::new(),
            cause,
            shares: Vec::new(),
        };
        match guardrail.once {
            None => judged.findings.push(finding),
            Some(once) => {
                judged.once.push(((guardrail.info.id.to_string(), self.part_of(change, once)), finding));
            }
        }
    }

    /// The part of the plan that a change belongs to.
    fn part_of(&self, change: &ResourceChange<'_>, once: Once) -> String {
        match once {
            Once::Plan => String::new(),
            Once::Module => change.address.module_address(),
            Once::Provider => {
                let block = self.plan.configuration.as_ref().and_then(|all| all.resource(&change.address));
                let key = block.and_then(|(_, block)| block.provider_config_key.as_deref());
                key.or(change.provider_name.as_deref()).unwrap_or_default().to_owned()
            }
        }
    }

    /// Returns what the expression of an attribute reads that is known only after apply; all that it reads, where the plan
    /// does not tell.
    fn sources(&self, sides: &Sides<'_>, path: &AttributePath, index: &PlanIndex<'_>) -> Vec<SafeText> {
        let resources = sides.after.and_then(|state| state.references(path)).map(|found| found.resources);
        let resources = resources.unwrap_or_default();
        let are_all_known = resources.iter().all(|reference| index.is_known(reference));
        let mut sources: Vec<SafeText> = resources
            .iter()
            .filter(|reference| are_all_known || !index.is_known(reference))
            // The configuration's own names.
            .map(|reference| Redactor::default().text(&reference.to_string()))
            .collect();
        sources.sort();
        sources.dedup();
        sources
    }

    pub(super) fn subject(&self, change: &ResourceChange<'_>) -> Subject {
        Subject {
            address: SafeText::address(&change.address),
            deposed: change.deposed.as_deref().map(|key| self.redactor.text(key)),
            actions: Some(SafeText::actions(&change.change.actions)),
        }
    }
}

impl Sides<'_> {
    /// Counts a failure before the change that the plan fixes, and notes what it puts back.
    fn count_fixed(&self, guardrail: &Guardrail, index: &PlanIndex<'_>, judged: &mut Judged) {
        let before = self.fails_before(guardrail, index, None);
        judged.fixed += usize::from(before != Before::Passes);
        let evidence = self.before.as_ref().and_then(|before| evaluate(guardrail, before, index).evidence);
        if let (Before::FailsSinceDrift, Some(key)) =
            (before, evidence.as_ref().and_then(|found| found.path.first_key()))
        {
            let address = self.change.address.to_string();
            // A guardrail's words and an address.
            let said = Redactor::default().text(&guardrail.says(&address, None));
            judged.put_back.push(((address, key.to_owned()), said));
        }
    }

    /// Whether nobody can tell of the same value either what it is before the change: where it comes from does not show, or
    /// it cannot be read.
    fn is_as_unclear_before(
        &self,
        guardrail: &Guardrail,
        index: &PlanIndex<'_>,
        evaluation: &Evaluation,
    ) -> bool {
        let (Some(before), Some(after), Some(evidence)) = (&self.before, &self.after, &evaluation.evidence)
        else {
            return false;
        };
        if evaluation.outcome != Outcome::Undetermined || !is_known_and_same(before, after, &evidence.path) {
            return false;
        }
        match evidence.unreadable {
            // The plan has the configuration after the change only, and the value is older.
            Some(Unreadable::NoConfiguration | Unreadable::NoVariable | Unreadable::NoLocalValue) => true,
            Some(
                Unreadable::NotJson { .. }
                | Unreadable::NotYaml { .. }
                | Unreadable::NoStatement
                | Unreadable::NotText
                | Unreadable::Compressed,
            )
            | None => {
                let old = evaluate(guardrail, before, index);
                old.outcome == Outcome::Undetermined
                    && old.evidence.is_some_and(|old| old.path == evidence.path)
            }
        }
    }

    /// Whether the guardrail fails before the change, for the same reason as in the evaluation after it: a new credential is
    /// no old one.
    fn fails_before(
        &self,
        guardrail: &Guardrail,
        index: &PlanIndex<'_>,
        after: Option<&Evaluation>,
    ) -> Before {
        let evaluation =
            |state: &Option<ResourceState<'_>>| Some(evaluate(guardrail, state.as_ref()?, index));
        let Some(before @ Evaluation { outcome: Outcome::Fail, .. }) = evaluation(&self.before) else {
            return Before::Passes;
        };
        if after.is_some_and(|after| after.has_other_credentials_than(&before)) {
            return Before::Passes;
        }
        let evidence = before.evidence;
        let by_hand = |path: &AttributePath| {
            self.last_known.as_ref().is_some_and(|state| can_have_drifted(state.change, path))
        };
        match evaluation(&self.last_known).map(|last_known| last_known.outcome) {
            Some(Outcome::Pass | Outcome::NotApplicable)
                if evidence.as_ref().is_none_or(|evidence| by_hand(&evidence.path)) =>
            {
                Before::FailsSinceDrift
            }
            Some(_) | None => Before::Fails,
        }
    }
}

/// Whether two sides have the same known value at a path.
fn is_known_and_same(before: &ResourceState<'_>, after: &ResourceState<'_>, path: &AttributePath) -> bool {
    let (before, after) = (before.root(), after.root());
    let at = |root| {
        path.0.iter().fold(root, |view: View<'_, '_>, step| match step {
            PathStep::Key(name) => view.key(name),
            PathStep::Index(position) => view.index(*position),
        })
    };
    match (at(before).attribute(), at(after).attribute()) {
        (Attribute::Known(old), Attribute::Known(new)) => old == new,
        (Attribute::Known(_) | Attribute::Unknown | Attribute::Unset, _) => false,
    }
}

/// What of other findings is caused by the same, for findings of a guardrail.
fn cause(
    guardrail: &Guardrail,
    certainty: Certainty,
    evidence: Option<&Evidence>,
    ports: Option<PortsMessage>,
) -> Option<Cause> {
    let path = || evidence.map(|evidence| evidence.path.clone());
    let (kind, place) = match (certainty, &guardrail.cause) {
        (Certainty::DependsOnUnknown, _) => {
            let unreadable =
                evidence.and_then(|evidence| evidence.unreadable.as_ref()).map(ToString::to_string);
            (CauseKind::Unknown { unreadable }, path()?)
        }
        (Certainty::Certain, None) => (CauseKind::Attribute, path()?),
        (Certainty::Certain, Some(name)) => {
            let element = evidence.map(|evidence| &evidence.element);
            let block = element.and_then(|element| element.block.clone()).unwrap_or_default();
            let place = match element.and_then(|element| element.statement.as_ref()) {
                Some(statement) => path()?.index(statement.document).index(statement.position),
                None => block,
            };
            (CauseKind::Declared(name.clone()), place)
        }
    };
    Some(Cause { kind, place, attribute: path(), ports })
}

/// Returns a message with its verb after "may": `db is public` becomes `db may be public`.
///
/// The messages of guardrails are an address and a verb in the third person. Any other message gets a prefix.
fn possibly(message: &str, address: &str) -> String {
    let sentence = message.strip_prefix(address).and_then(|rest| rest.strip_prefix(' '));
    // What stands behind a colon says how an attribute is that nobody knows yet.
    let sentence = sentence.map(|sentence| sentence.split_once(": `").map_or(sentence, |(lead, _)| lead));
    let Some((verb, rest)) = sentence.and_then(|sentence| sentence.split_once(' ')) else {
        return format!("possibly: {message}");
    };
    let (negated, rest) = match (verb, rest.strip_prefix("not ")) {
        ("does" | "is", Some(rest)) => (" not", rest),
        _ => ("", rest),
    };
    let infinitive = match verb {
        "is" => " be".to_owned(),
        "has" => " have".to_owned(),
        "does" if !negated.is_empty() => String::new(),
        "can" => " be able to".to_owned(),
        "cannot" => " be unable to".to_owned(),
        _ => match infinitive(verb) {
            Some(infinitive) => format!(" {infinitive}"),
            None => return format!("possibly: {message}"),
        },
    };
    format!("{address} may{negated}{infinitive} {rest}")
}

/// Returns the infinitive of a regular verb in the third person.
fn infinitive(verb: &str) -> Option<String> {
    let stem = verb.strip_suffix('s').filter(|stem| stem.len() > 2 && verb != "always")?;
    if let Some(stem) = stem.strip_suffix("ie") {
        return Some(format!("{stem}y"));
    }
    let without_e = stem.strip_suffix('e').unwrap_or(stem);
    let takes_es = ["ss", "sh", "ch", "x", "o"].iter().any(|end| without_e.ends_with(end));
    Some(if takes_es && stem != "cache" { without_e } else { stem }.to_owned())
}

#[cfg(test)]
mod tests {
    use planguard_guardrails::{Builtin, decoded_on_this_thread};
    use planguard_plan::input::Document;

    use super::possibly;
    use crate::check::{CheckOptions, Packs, Rules, check_document};
    use crate::finding::Origin;
    use planguard_rule::Category;

    /// How many guardrails a check decodes for a plan with so many objects of each type.
    fn decoded(types: &[&str], objects: usize, packs: &Packs) -> usize {
        let changes = types.iter().flat_map(|name| {
            (0..objects).map(move |number| {
                format!(
                    r#"{{"address": "{name}.a{number}", "change": {{"actions": ["create"], "before": null,
                        "after": {{}}, "after_unknown": {{}}}}}}"#
                )
            })
        });
        let changes = changes.collect::<Vec<_>>().join(", ");
        let text = format!(
            r#"{{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {{}},
                "resource_changes": [{changes}], "configuration": {{"root_module": {{}}}}}}"#
        );
        let document = Document::from_text("plan", text).unwrap();
        let rules = Rules { packs: packs.clone(), ..Rules::default() };
        let before = decoded_on_this_thread();
        check_document(&document, &rules, &CheckOptions::default());
        decoded_on_this_thread() - before
    }

    #[test]
    fn a_run_decodes_the_guardrails_of_its_types_and_packs_once() {
        let enabled = |name: &str, packs: &Packs| {
            Builtin::for_type(name).filter(|builtin| packs.contains(builtin.pack())).count()
        };
        let (default, all) = (Packs::default(), Packs::none().with(Packs::ALL));
        let types = ["aws_s3_bucket", "aws_db_instance", "azurerm_storage_account"];
        for packs in [&default, &all] {
            let expected: usize = types.iter().map(|name| enabled(name, packs)).sum();
            assert_eq!(decoded(&types, 1, packs), expected);
            assert_eq!(decoded(&types, 40, packs), expected);
        }
        assert!(decoded(&types, 1, &default) < decoded(&types, 1, &all));
        assert_eq!(decoded(&["random_id"], 1, &all), 0);
        assert_eq!(decoded(&[], 1, &all), 0);
    }

    /// Of each finding of a rule about credentials whether it is new, with its message, for an object that changes.
    fn credentials(address: &str, sides: [&str; 2], expressions: &str) -> Vec<(bool, String)> {
        let [before, after] = sides;
        let (kind, name) = address.split_once('.').unwrap();
        let text = format!(
            r#"{{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {{}},
                "variables": {{"given": {{"value": "hunter2-given-by-hand"}}}},
                "resource_changes": [{{"address": "{address}", "mode": "managed", "type": "{kind}", "name": "{name}",
                    "change": {{"actions": ["update"], "before": {before}, "after": {after}, "after_unknown": {{}}}}}}],
                "configuration": {{"root_module": {{"variables": {{"given": {{}}}}, "resources": [{{
                    "address": "{address}", "mode": "managed", "type": "{kind}", "name": "{name}",
                    "expressions": {expressions}}}]}}}}}}"#
        );
        let document = Document::from_text("plan", text).unwrap();
        let report = check_document(&document, &Rules::default(), &CheckOptions::default());
        let report = report.plan.unwrap();
        let about = report.findings.iter().filter(|finding| finding.rule.category == Some(Category::Secrets));
        about
            .filter(|finding| {
                let id = finding.rule.id.unescaped();
                ["literal", "plaintext", "secret-in"].iter().any(|word| id.contains(word))
            })
            .map(|finding| (finding.origin == Origin::Introduced, finding.message.unescaped().to_owned()))
            .collect()
    }

    #[test]
    fn another_credential_in_the_same_place_is_new() {
        let is_new = |address: &str, sides: [&str; 2], expressions: &str| {
            let found = credentials(address, sides, expressions);
            assert_eq!(found.len(), 1, "{address} {sides:?}: {found:?}");
            found[0].0
        };
        let literal = |name: &str| format!(r#"{{"{name}": {{"constant_value": "hunter2-and-more"}}}}"#);
        for (address, name) in [
            ("aws_secretsmanager_secret_version.a", "secret_string"),
            ("aws_db_instance.a", "password"),
            ("azurerm_key_vault_secret.a", "value"),
            ("google_secret_manager_secret_version.a", "secret_data"),
            ("github_actions_secret.a", "plaintext_value"),
        ] {
            let with = |value: &str| format!(r#"{{"{name}": "{value}", "tags": null}}"#);
            let same = [with("hunter2-and-more"), with("hunter2-and-more").replace("null", r#"{"a": "b"}"#)];
            let other = [with("hunter2-from-elsewhere"), with("hunter2-and-more")];
            assert!(!is_new(address, [&same[0], &same[1]], &literal(name)), "{address}");
            assert!(is_new(address, [&other[0], &other[1]], &literal(name)), "{address}");
        }
        // In a document, the user's name is no credential.
        let document = |user: &str, password: &str| {
            format!(r#"{{"secret_string": "{{\"username\":\"{user}\",\"password\":\"{password}\"}}"}}"#)
        };
        let secret = |sides: [(&str, &str); 2]| {
            let [before, after] = sides.map(|(user, password)| document(user, password));
            is_new("aws_secretsmanager_secret_version.a", [&before, &after], r#"{"secret_string": {}}"#)
        };
        assert!(!secret([("app", "hunter2-and-more"), ("web", "hunter2-and-more")]));
        assert!(secret([("app", "hunter2-and-more"), ("app", "hunter2-once-more")]));
        // In a script and in an environment, what is beside the credential does not count either.
        let script = |port: &str, password: &str| {
            format!(r#"{{"user_data": "PORT={port}\nDB_PASSWORD={password}\n"}}"#)
        };
        let user_data = |sides: [(&str, &str); 2]| {
            let [before, after] = sides.map(|(port, password)| script(port, password));
            is_new("aws_instance.a", [&before, &after], r#"{"user_data": {}}"#)
        };
        assert!(!user_data([("80", "hunter2-and-more"), ("443", "hunter2-and-more")]));
        assert!(user_data([("80", "hunter2-and-more"), ("80", "hunter2-once-more")]));
        let variables = |others: &str| {
            format!(r#"{{"environment": [{{"variables": {{"DB_PASSWORD": "hunter2-and-more"{others}}}}}]}}"#)
        };
        let lambda = |others: &str| {
            let sides = [variables(""), variables(others)];
            is_new("aws_lambda_function.a", [&sides[0], &sides[1]], r#"{"environment": [{"variables": {}}]}"#)
        };
        assert!(!lambda(r#", "LOG_LEVEL": "debug""#));
        assert!(lambda(r#", "API_TOKEN": "hunter2-once-more""#));
        // A write-only value has a version, which tells.
        let version = |number: u8| format!(r#"{{"password_wo": null, "password_wo_version": {number}}}"#);
        let write_only = |versions: [u8; 2]| {
            let [before, after] = versions.map(version);
            is_new("aws_db_instance.a", [&before, &after], &literal("password_wo"))
        };
        assert!(!write_only([1, 1]));
        assert!(write_only([1, 2]));
    }

    #[test]
    fn the_container_and_its_variable_are_named() {
        let container = |name: &str, variable: &str| {
            format!(
                r#"{{\"name\":\"{name}\",\"environment\":[{{\"name\":\"PORT\",\"value\":\"80\"}},{{\"name\":\"{variable}\",\"value\":\"hunter2-and-more\"}}]}}"#
            )
        };
        let definitions = |all: &[String]| {
            format!(r#"{{"family": "web", "container_definitions": "[{}]"}}"#, all.join(","))
        };
        let one = definitions(&[container("app", "DB_PASSWORD")]);
        let two = definitions(&[container("app", "DB_PASSWORD"), container("log", "API_TOKEN")]);
        let message = |after: &str| {
            let found = credentials("aws_ecs_task_definition.a", [r#"{"family": "web"}"#, after], "{}");
            found.into_iter().map(|(_, message)| message).collect::<Vec<_>>().join("; ")
        };
        let says = "aws_ecs_task_definition.a has credentials in a container's environment variables";
        assert_eq!(message(&one), format!("{says} (`DB_PASSWORD` of `app`)"));
        assert_eq!(message(&two), format!("{says} (`DB_PASSWORD` of `app`, `API_TOKEN` of `log`)"));
    }

    #[test]
    fn verbs_follow_may() {
        for (message, expected) in [
            ("a.b is public", "a.b may be public"),
            ("a.b is not encrypted", "a.b may not be encrypted"),
            ("a.b has no backup", "a.b may have no backup"),
            ("a.b does not log", "a.b may not log"),
            ("a.b cannot be restored", "a.b may be unable to be restored"),
            ("a.b allows SSH", "a.b may allow SSH"),
            ("a.b caches keys", "a.b may cache keys"),
            ("a.b reaches hosts", "a.b may reach hosts"),
            ("a.b replies to all", "a.b may reply to all"),
            ("a.b stores secrets", "a.b may store secrets"),
        ] {
            assert_eq!(possibly(message, "a.b"), expected);
        }
    }

    #[test]
    fn other_messages_get_a_prefix() {
        for message in ["a.b still records nothing", "port 22 of a.b is open", "a.b fails"] {
            assert_eq!(possibly(message, "a.b"), format!("possibly: {message}"));
        }
    }
}
