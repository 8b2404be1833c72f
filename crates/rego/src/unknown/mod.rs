//! Tells which results of policies depend on values that are known only after apply.
//!
//! OPA takes an unknown value for one that is absent: `after.acl == "public-read"` is false although the access list may
//! be public, and `not encrypted(after)` holds although the key may be set. The engine answers as OPA does. Here the
//! rules are evaluated once more in three values, on a plan with marks in the place of unknown values, and what holds
//! only perhaps is compared with the engine's answer:
//!
//! - a result that the engine has not and that some value would bring is added as undetermined;
//! - a result that the engine has and that some value would take away is undetermined. It stays certain if all unknown
//!   values are the provider's, since the configuration then leaves the attribute unset, which is what such rules mean.

mod body;
mod calls;
mod compare;
mod machine;
mod marked;
mod marks;
mod order;
mod pattern;
mod reach;
mod reads;
mod reference;
mod resolve;
mod resolved;
mod term;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashSet};
use std::sync::OnceLock;

use planguard_plan::{Holds, PathStep, Plan, SetBy, UnknownValue};
use regorus::Value;

pub(super) use self::body::replaced;
use self::machine::{Machine, Results, Stop};
use self::marks::{Doubt, Marks};
use self::reach::Reach;
use self::reads::Reads;
use self::resolved::{Path, Place, Program};
use super::convention::{self, Reading};
use super::evaluate::Evaluation;
use super::finding::{PolicyFinding, PolicyLocation, WaitsFor};
use super::rule::PolicyRule;
use super::source::Source;

/// The policies of a set as they are read here; each part when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Reader {
    reads: OnceLock<Reads>,
    program: OnceLock<Understood>,
}

/// The rules of a set, resolved.
#[derive(Debug)]
struct Understood {
    program: Program,
    reach: Reach,
    /// The paths of rules that are not understood.
    left_out: HashSet<Path>,
}

impl Reader {
    /// The unknown values of a plan that the policies may read.
    pub(super) fn relevant(&self, sources: &[Source], plan: &Plan<'_>) -> Vec<UnknownValue> {
        let mut unknown = plan.unknown_values();
        if unknown.is_empty() {
            return unknown;
        }
        let reads = self.reads.get_or_init(|| Reads::of(sources));
        unknown.retain(|value| {
            // Blocks, lists and maps that the configuration leaves out are absent for guardrails too: nobody expects
            // the provider to add what a policy looks for in them.
            !(value.set_by == SetBy::Provider && value.holds == Holds::Members)
                && value.path.0.first().is_none_or(|step| match step {
                    PathStep::Key(name) => reads.may_read(name),
                    PathStep::Index(_) => true,
                })
        });
        unknown
    }

    fn program(&self, sources: &[Source]) -> &Understood {
        self.program.get_or_init(|| {
            let (program, left_out) = resolve::program(sources);
            Understood { reach: Reach::of(&program), program, left_out }
        })
    }
}

/// What is judged: rules on a plan with unknown values.
pub(super) struct Judged<'j> {
    pub reader: &'j Reader,
    pub sources: &'j [Source],
    pub rules: &'j [PolicyRule],
    /// The plan's text.
    pub text: &'j str,
    pub plan: &'j Plan<'j>,
    pub unknown: &'j [UnknownValue],
    /// The literals and members that the rules may cost together.
    pub step_limit: u64,
}

/// Adds to an evaluation what depends on unknown values. `input_of` makes the input of the rules of a plan's value.
pub(super) fn judge(
    judged: &Judged<'_>,
    plan: &Value,
    input_of: &dyn Fn(&Value) -> Value,
    data: Value,
    evaluation: &mut Evaluation,
) {
    let Understood { program, reach, left_out } = judged.reader.program(judged.sources);
    let attributes: HashSet<&str> = judged
        .unknown
        .iter()
        .filter_map(|value| match value.path.0.first() {
            Some(PathStep::Key(name)) => Some(name.as_str()),
            Some(PathStep::Index(_)) | None => None,
        })
        .collect();
    let all_of_one = judged.unknown.iter().any(|value| value.path.is_empty());
    let marks = &Marks::apart_from(judged.text);
    let input = input_of(&marked::plan(plan, judged.plan, judged.unknown, marks));
    let mut machine = Machine::new(program, marks, input, data, judged.step_limit);
    for rule in judged.rules {
        if evaluation.exceptions.iter().any(|exception| exception.rule == rule.path) {
            continue;
        }
        let path: Path = rule.path.split('.').skip(1).map(str::to_owned).collect();
        if !(all_of_one || left_out.contains(&path) || reach.may_read(&path, &attributes)) {
            continue;
        }
        let results = if left_out.contains(&path) { Err(Stop::GaveUp) } else { machine.document(&path) };
        match results {
            Ok(results) => {
                let possible = possible(rule, &results, marks);
                compare(judged, rule, &possible, &machine, evaluation);
            }
            Err(Stop::Enough | Stop::GaveUp) => evaluation.not_told.push(rule.path.clone()),
        }
    }
}

/// A finding that a rule has for some values at least of what is unknown.
struct Possible {
    finding: PolicyFinding,
    /// What decides whether it is there.
    doubt: Doubt,
    /// What its text contains. The engine has no such finding, since it cannot build the text.
    within: Doubt,
}

fn possible(rule: &PolicyRule, results: &Results, marks: &Marks) -> Vec<Possible> {
    if rule.reading == Reading::Approval {
        return not_approved(rule, results, marks);
    }
    let mut possible = Vec::new();
    let mut add = |value: &Value, doubt: Doubt, within: Doubt| {
        for finding in convention::results(rule, value).into_iter().flatten() {
            possible.push(Possible { finding, doubt: doubt.clone(), within: within.clone() });
        }
    };
    let one = |member: &Value| Value::from(BTreeSet::from([marks.readable(member)]));
    for (keys, value, doubt) in &results.items {
        match value {
            // Conftest does not read objects.
            _ if !keys.is_empty() => {}
            _ if !results.is_complete() => add(&one(value), doubt.clone(), marks.doubt_in(value)),
            Value::Array(_) | Value::Set(_) => {
                for (_, member) in compare::members(value) {
                    let (member, why) = marks.member(&member);
                    add(&one(&member), doubt.and(&why), marks.doubt_in(&member));
                }
            }
            value => match marks.why_unknown(value) {
                Some(why) => add(&Value::Bool(true), doubt.and(&why), Doubt::NONE),
                None => add(value, doubt.clone(), Doubt::NONE),
            },
        }
    }
    possible
}

/// A rule that approves has a finding unless it holds.
fn not_approved(rule: &PolicyRule, results: &Results, marks: &Marks) -> Vec<Possible> {
    let mut doubt = Doubt::NONE;
    for (_, value, why) in &results.items {
        match value {
            Value::Bool(false) | Value::Undefined => {}
            value => {
                let why = why.and(&marks.doubt_in(value));
                if why.is_none() {
                    return Vec::new();
                }
                doubt = doubt.and(&why);
            }
        }
    }
    let denied = convention::results(rule, &Value::Undefined).into_iter().flatten();
    denied.map(|finding| Possible { finding, doubt: doubt.clone(), within: Doubt::NONE }).collect()
}

fn compare(
    judged: &Judged<'_>,
    rule: &PolicyRule,
    possible: &[Possible],
    machine: &Machine<'_>,
    evaluation: &mut Evaluation,
) {
    let is_same = |left: &PolicyFinding, right: &PolicyFinding| {
        left.message == right.message && left.address == right.address && left.metadata == right.metadata
    };
    let waits = |doubt: &Doubt| waits_for(judged, doubt, machine);
    let mut certain_addresses: BTreeSet<Option<String>> = BTreeSet::new();
    for finding in evaluation.findings.iter_mut().filter(|finding| finding.rule == rule.path) {
        let mut ways: Vec<&Possible> = possible.iter().filter(|way| is_same(&way.finding, finding)).collect();
        if ways.is_empty() && finding.address.is_some() {
            // The engine's text lacks what is unknown.
            let has_other_text =
                |way: &&Possible| !way.within.is_none() && way.finding.address == finding.address;
            ways = possible.iter().filter(has_other_text).collect();
        }
        let is_certain = ways.is_empty() || ways.iter().any(|way| way.doubt.is_none());
        let doubt = ways.iter().fold(Doubt::NONE, |all, way| all.and(&way.doubt));
        let is_configured = doubt.unknowns().any(|unknown| {
            judged.unknown.get(unknown).is_some_and(|value| value.set_by == SetBy::Configuration)
        });
        if !is_certain && is_configured && !finding.undetermined {
            finding.undetermined = true;
            finding.waits_for = waits(&doubt);
        }
        certain_addresses.insert(finding.address.clone());
    }
    let mut added: Vec<PolicyFinding> = Vec::new();
    for way in possible {
        let doubt = way.doubt.and(&way.within);
        if doubt.is_none() {
            continue;
        }
        let mut finding = way.finding.clone();
        let waits_for = waits(&doubt);
        if finding.address.as_deref().is_none_or(|address| address.contains(marks::AFTER_APPLY)) {
            finding.address = only_address(&waits_for);
        }
        let known = evaluation.findings.iter().chain(&added).filter(|known| known.rule == rule.path);
        let is_known = known.clone().any(|known| is_same(known, &way.finding) || is_same(known, &finding))
            || finding.address.is_some() && certain_addresses.contains(&finding.address)
            || added.iter().any(|known| known.address == finding.address && known.waits_for == waits_for);
        if is_known {
            continue;
        }
        finding.undetermined = true;
        finding.waits_for = waits_for;
        added.push(finding);
    }
    evaluation.findings.append(&mut added);
    evaluation.findings.sort_by(|left, right| left.rule.cmp(&right.rule));
}

/// The address that all unknown values belong to.
fn only_address(waits_for: &[WaitsFor]) -> Option<String> {
    let mut addresses = waits_for.iter().map(|value| &value.address);
    let first = addresses.next()?;
    addresses.all(|address| address == first).then(|| first.clone())
}

fn waits_for(judged: &Judged<'_>, doubt: &Doubt, machine: &Machine<'_>) -> Vec<WaitsFor> {
    let values = doubt.unknowns().filter_map(|index| {
        let value = judged.unknown.get(index)?;
        let change = judged.plan.resource_changes.get(value.change)?;
        Some(WaitsFor {
            address: change.address.to_string(),
            path: value.path.clone(),
            depends_on: value.depends_on.clone(),
            read_at: machine.places.get(&index).and_then(|place| location(judged.sources, *place)),
        })
    });
    values.collect()
}

fn location(sources: &[Source], place: Place) -> Option<PolicyLocation> {
    let source = sources.get(place.source)?;
    let before = source.text.get(..place.offset)?;
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    Some(PolicyLocation { file: source.name.clone(), line: u64::try_from(line).unwrap_or(0) })
}
