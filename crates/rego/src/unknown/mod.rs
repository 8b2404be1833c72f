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
mod memory;
mod named;
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

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::OnceLock;

use planguard_plan::{Holds, Owner, PathStep, Plan, SetBy, UnknownValue};
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
                && names(value).is_none_or(|names| names.iter().any(|name| reads.may_read(name)))
        });
        unknown
    }

    fn program(&self, sources: &[Source]) -> &Understood {
        self.program.get_or_init(|| {
            let (mut program, left_out) = resolve::program(sources);
            let reach = Reach::of(&program, &left_out);
            for (path, place) in reach.local() {
                if let Some(branch) = program.branch_mut(path, place) {
                    branch.is_local = true;
                }
            }
            Understood { program, reach, left_out }
        })
    }
}

/// The names by which a policy reads an unknown value; `None` if any will do, since all of a resource is unknown.
fn names(value: &UnknownValue) -> Option<Vec<&str>> {
    match (&value.owner, value.path.0.first()) {
        (Owner::Output(_), _) => Some(vec!["output_changes", "outputs"]),
        (Owner::Change(_), Some(PathStep::Key(name))) => Some(vec![name]),
        (Owner::Change(_), Some(PathStep::Index(_)) | None) => None,
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
/// Returns the steps that it took.
pub(super) fn judge(
    judged: &Judged<'_>,
    plan: &Value,
    input_of: &dyn Fn(&Value) -> Value,
    data: Value,
    evaluation: &mut Evaluation,
) -> u64 {
    let Understood { program, reach, left_out } = judged.reader.program(judged.sources);
    let is_excepted =
        |rule: &PolicyRule| evaluation.exceptions.iter().any(|exception| exception.rule == rule.path);
    // Resources of a type have the same unknown attributes.
    let mut by_names: BTreeMap<Option<Vec<&str>>, Vec<usize>> = BTreeMap::new();
    for (index, value) in judged.unknown.iter().enumerate() {
        by_names.entry(names(value)).or_default().push(index);
    }
    let mut marked: BTreeSet<usize> = BTreeSet::new();
    let mut rules: Vec<(&PolicyRule, Path)> = Vec::new();
    for rule in judged.rules.iter().filter(|rule| !is_excepted(rule)) {
        let path = document_path(rule);
        let read = reach.read_by(&path);
        let may_read = |names: &Option<Vec<&str>>| {
            names.as_ref().is_none_or(|names| names.iter().any(|name| read.has(name)))
        };
        let met: Vec<&Vec<usize>> =
            by_names.iter().filter(|(names, _)| may_read(names)).map(|(_, indices)| indices).collect();
        if !met.is_empty() {
            marked.extend(met.into_iter().flatten());
            rules.push((rule, path));
        }
    }
    if rules.is_empty() {
        return 0;
    }
    let marks = &Marks::apart_from(judged.text);
    let unknown = marked.into_iter().map(|index| (index, &judged.unknown[index])).collect::<Vec<_>>();
    let input = input_of(&marked::plan(plan, judged.plan, &unknown, marks));
    let mut machine = Machine::new(program, marks, input, data, judged.step_limit);
    let mut lines = Lines::default();
    for (rule, path) in rules {
        let possible_of = |results: Result<Rc<Results>, Stop>| match results {
            Ok(results) => Some(possible(rule, &results, marks)),
            Err(Stop::Enough | Stop::GaveUp) => None,
        };
        let mut found = None;
        if !left_out.contains(&path) {
            // Mostly it is enough to look at resources with unknown values. Others matter if they may have a finding
            // that is in doubt for those.
            found = match rule.reading {
                Reading::Approval => None,
                _ => machine.document_of_marked(&path).and_then(possible_of),
            };
            if found.as_ref().is_none_or(|possible| is_in_doubt(rule, possible, evaluation)) {
                found = possible_of(machine.document(&path));
            }
        }
        match found {
            Some(possible) => compare(judged, rule, &possible, &machine, &mut lines, evaluation),
            None => evaluation.not_told.push(rule.path.clone()),
        }
    }
    machine.steps_taken()
}

fn document_path(rule: &PolicyRule) -> Path {
    rule.path.split('.').skip(1).map(str::to_owned).collect()
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

/// Whether a finding of the engine may be one that depends on unknown values.
fn is_in_doubt(rule: &PolicyRule, possible: &[Possible], evaluation: &Evaluation) -> bool {
    let mut doubtful: HashSet<(&str, Option<&str>)> = HashSet::new();
    let mut within: Vec<&Possible> = Vec::new();
    for way in possible.iter().filter(|way| !way.doubt.is_none() || !way.within.is_none()) {
        doubtful.insert(way.finding.text());
        if !way.within.is_none() {
            within.push(way);
        }
    }
    evaluation.findings.iter().filter(|finding| finding.rule == rule.path).any(|finding| {
        doubtful.contains(&finding.text())
            || within.iter().any(|way| way.finding.address == finding.address && fits(&way.finding, finding))
    })
}

fn compare(
    judged: &Judged<'_>,
    rule: &PolicyRule,
    possible: &[Possible],
    machine: &Machine<'_>,
    lines: &mut Lines,
    evaluation: &mut Evaluation,
) {
    let looks_itself =
        judged.reader.program(judged.sources).reach.read_by(&document_path(rule)).has("after_unknown");
    let mut used = vec![false; possible.len()];
    let mut by_text: BTreeMap<(&str, Option<&str>), Vec<usize>> = BTreeMap::new();
    for (index, way) in possible.iter().enumerate() {
        by_text.entry(way.finding.text()).or_default().push(index);
    }
    for finding in evaluation.findings.iter_mut().filter(|finding| finding.rule == rule.path) {
        let same = by_text.get(&finding.text());
        let mut ways: Vec<usize> = same.into_iter().flatten().copied().collect();
        if ways.is_empty() {
            // The engine's text has something else in the place of what is unknown.
            let matches = |way: &Possible| {
                !way.within.is_none() && way.finding.address == finding.address && fits(&way.finding, finding)
            };
            ways = (0..possible.len()).filter(|index| matches(&possible[*index])).collect();
        }
        for index in &ways {
            used[*index] = true;
        }
        let is_certain = ways.is_empty() || ways.iter().any(|way| possible[*way].doubt.is_none());
        let doubt = ways.iter().fold(Doubt::NONE, |all, way| all.and(&possible[*way].doubt));
        let is_configured = doubt.unknowns().any(|unknown| {
            judged.unknown.get(unknown).is_some_and(|value| value.set_by == SetBy::Configuration)
        });
        if !is_certain && is_configured && !finding.undetermined {
            finding.undetermined = true;
            finding.waits_for = waits_for(judged, &doubt, machine, lines);
        }
    }
    // A policy that looks at what is unknown is taken at its word about each resource that it has a finding for.
    let is_told = |finding: &PolicyFinding| {
        finding.waits_for.is_empty() && (finding.undetermined || looks_itself && finding.address.is_some())
    };
    let taken_at_its_word: BTreeSet<Option<String>> = evaluation
        .findings
        .iter()
        .filter(|finding| finding.rule == rule.path && is_told(finding))
        .map(|finding| finding.address.clone())
        .collect();
    let mut seen: BTreeSet<(String, Option<String>)> = BTreeSet::new();
    let mut added = 0usize;
    let mut alike: BTreeMap<(Option<String>, Doubt), usize> = BTreeMap::new();
    for (way, used) in possible.iter().zip(used) {
        let doubt = way.doubt.and(&way.within);
        if doubt.is_none() || used {
            continue;
        }
        let mut finding = way.finding.clone();
        if finding.address.as_deref().is_none_or(|address| address.contains(marks::AFTER_APPLY)) {
            finding.address = only_address(judged, &doubt);
        }
        if taken_at_its_word.contains(&finding.address)
            || !seen.insert((finding.message.clone(), finding.address.clone()))
        {
            continue;
        }
        added += 1;
        let number = alike.entry((finding.address.clone(), doubt.clone())).or_default();
        *number += 1;
        match (*number).cmp(&MOST_ALIKE).max(added.cmp(&MOST_OF_A_RULE)) {
            Ordering::Less => {}
            Ordering::Equal => {
                finding.message = format!("{}, and more findings like it", finding.message);
            }
            Ordering::Greater => continue,
        }
        finding.undetermined = true;
        finding.waits_for = waits_for(judged, &doubt, machine, lines);
        evaluation.findings.push(finding);
    }
    evaluation.findings.sort_by(|left, right| left.rule.cmp(&right.rule));
}

/// How many findings of one rule and resource the same unknown values may bring. A rule that compares every resource with
/// every other one has thousands, which say the same.
const MOST_ALIKE: usize = 20;

/// How many findings unknown values may bring to one rule.
const MOST_OF_A_RULE: usize = 500;

/// Whether a finding with unknown parts in its text may be this one of the engine.
fn fits(way: &PolicyFinding, finding: &PolicyFinding) -> bool {
    let mut pieces = way.message.split(marks::AFTER_APPLY);
    let first = pieces.next().unwrap_or_default();
    let says_nothing = way.message == marks::AFTER_APPLY;
    let Some(mut rest) = finding.message.strip_prefix(first) else { return false };
    let mut last = None;
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
        last = Some(piece);
    }
    let ends_well = last.is_some_and(|last| last.is_empty() || finding.message.ends_with(last));
    ends_well && (!says_nothing || finding.address.is_some())
}

fn waits_for(judged: &Judged<'_>, doubt: &Doubt, machine: &Machine<'_>, lines: &mut Lines) -> Vec<WaitsFor> {
    // What the configuration sets comes first: it is what an author can do something about.
    let mut unknowns: Vec<usize> = doubt.unknowns().collect();
    unknowns
        .sort_by_key(|index| judged.unknown.get(*index).is_none_or(|value| value.set_by == SetBy::Provider));
    let values = unknowns.into_iter().filter_map(|index| {
        let value = judged.unknown.get(index)?;
        Some(WaitsFor {
            address: address_of(judged, value)?,
            path: value.path.clone(),
            depends_on: value.depends_on.clone(),
            read_at: machine.places.get(&index).and_then(|place| lines.of(judged.sources, *place)),
        })
    });
    values.collect()
}

/// The address of what an unknown value belongs to.
fn address_of(judged: &Judged<'_>, value: &UnknownValue) -> Option<String> {
    match &value.owner {
        Owner::Change(change) => Some(judged.plan.resource_changes.get(*change)?.address.to_string()),
        Owner::Output(name) => Some(format!("output.{name}")),
    }
}

/// The address that all unknown values of a doubt belong to.
fn only_address(judged: &Judged<'_>, doubt: &Doubt) -> Option<String> {
    let mut values = doubt.unknowns().filter_map(|index| judged.unknown.get(index));
    let first = values.next()?;
    values.all(|value| value.owner == first.owner).then(|| address_of(judged, first))?
}

/// The lines of places, each looked for once.
#[derive(Default)]
struct Lines(HashMap<Place, Option<PolicyLocation>>);

impl Lines {
    fn of(&mut self, sources: &[Source], place: Place) -> Option<PolicyLocation> {
        self.0.entry(place).or_insert_with(|| location(sources, place)).clone()
    }
}

fn location(sources: &[Source], place: Place) -> Option<PolicyLocation> {
    let source = sources.get(place.source)?;
    let before = source.text.get(..place.offset)?;
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    Some(PolicyLocation { file: source.name.clone(), line: u64::try_from(line).unwrap_or(0) })
}
