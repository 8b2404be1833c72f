//! The plans of a page: their objects, maps and dependencies, and what else they do.

use std::collections::BTreeMap;

use planguard_cost::{Bound, Decimal};
use planguard_page::Text;
use planguard_page::model::{
    Action, Block, Cost, Drift, Form, Map, MapBox, MapBoxKind, Plan, Resource, Row, Section, Unchanged,
    Verdict as PageVerdict,
};
use planguard_plan::ChangeSummary;
use planguard_plan::redact::SafeText;

use super::difference::{forcing, of_entries, of_object, words};
use super::findings::AtAddress;
use crate::cost::{CostView, ObjectCost};
use crate::details::PlanDetails;
use crate::enforcement::Enforcement;
use crate::graph::{BoxKind, Graph};
use crate::render::cost::{change, is_free, line, notes as cost_notes, part_lines, sides};
use crate::render::graph::{arrows_and_boxes, notes};
use crate::render::show::{DESTROYS_IMPORT, verb};
use crate::report::PlanReport;
use crate::show::{Deed, Drifted, Entry, Object, PlanView, PutBack};
use crate::verdict::Verdict;

/// Names of attributes that are listed beside a resource.
const MOST_NAMES: usize = 4;

/// The findings by plan and address.
pub(super) type ByAddress<'r> = BTreeMap<(usize, &'r str), AtAddress>;

pub(super) const fn verdict(verdict: Verdict) -> PageVerdict {
    match verdict {
        Verdict::Pass => PageVerdict::Pass,
        Verdict::Denied => PageVerdict::Denied,
        Verdict::Undecided => PageVerdict::Incomplete,
    }
}

/// A plan without its objects.
pub(super) fn plan(report: &PlanReport) -> Plan {
    let number = |wanted: fn(Enforcement) -> bool| {
        report.findings.iter().filter(|finding| wanted(finding.enforcement)).count()
    };
    let version = report.terraform_version.as_ref();
    let details = report.details.as_deref();
    let ChangeSummary { add, change, destroy, .. } = report.summary;
    Plan {
        origin: Text::from(&report.origin),
        made_by: version
            .map(|version| Text::composed(format!("Terraform or OpenTofu {}", version.for_document()))),
        verdict: verdict(report.verdict()),
        line: Text::composed(format!("{add} to add, {change} to change, {destroy} to destroy")),
        actions: details.map_or_else(|| of_summary(&report.summary), |details| of_objects(&details.view)),
        denials: number(Enforcement::denies),
        warnings: number(|enforcement| enforcement == Enforcement::Warn),
        drift: report.changed_outside,
        risk: report.risk.score(),
        notes: details.map(plan_notes).unwrap_or_default(),
        map: details.and_then(|details| map(&details.map)),
        cost: report.cost.as_ref().map(|cost| Text::composed(line(cost, &cost.currency.for_document()))),
    }
}

fn of_objects(view: &PlanView) -> Vec<(Action, usize)> {
    let mut numbers: BTreeMap<Action, usize> = BTreeMap::new();
    for object in objects(view) {
        *numbers.entry(action(object)).or_default() += 1;
    }
    numbers.into_iter().collect()
}

/// The same as far as the numbers of a report tell.
fn of_summary(summary: &ChangeSummary) -> Vec<(Action, usize)> {
    let ChangeSummary { add, change, destroy, replace, import, moved, forget, unchanged: _, read } = *summary;
    let numbers = [
        (Action::Destroy, destroy.saturating_sub(replace)),
        (Action::Replace, replace),
        (Action::Forget, forget),
        (Action::Update, change),
        (Action::Create, add.saturating_sub(replace)),
        (Action::Move, moved),
        (Action::Import, import),
        (Action::Read, read),
    ];
    numbers.into_iter().filter(|(_, number)| *number > 0).collect()
}

fn plan_notes(details: &PlanDetails) -> Vec<Text> {
    let mut notes: Vec<Text> = Vec::new();
    let view = &details.view;
    if view.errored {
        notes.push(Text::from("Planning failed: objects are missing from this plan."));
    } else if view.partial {
        notes.push(Text::from("The plan does not cover all of the configuration."));
    }
    notes
}

fn map(graph: &Graph) -> Option<Map> {
    if graph.boxes.is_empty() {
        return None;
    }
    let graph = &graph.readable();
    let picture = graph.picture();
    Some(Map {
        width: picture.width,
        height: picture.height,
        drawing: arrows_and_boxes(graph, &picture),
        boxes: graph
            .boxes
            .iter()
            .map(|shown| MapBox { kind: map_box(shown.kind), address: Text::from(&shown.address) })
            .collect(),
        notes: notes(graph).into_iter().map(Text::composed).collect(),
    })
}

const fn map_box(kind: BoxKind) -> MapBoxKind {
    match kind {
        BoxKind::Module => MapBoxKind::Module,
        BoxKind::Resource | BoxKind::Data => MapBoxKind::Block,
        BoxKind::Type => MapBoxKind::Type,
        BoxKind::Rest => MapBoxKind::Rest,
    }
}

/// What the objects of a plan cost, by their addresses.
fn costs(details: &PlanDetails) -> BTreeMap<&str, (&ObjectCost, String)> {
    let view = details.cost.as_ref();
    let currency = view.map(|view| view.currency.for_document()).unwrap_or_default();
    let objects = view.into_iter().flat_map(|view| &view.objects);
    objects.map(|object| (object.address.unescaped(), (object, currency.clone()))).collect()
}

fn cost((object, currency): &(&ObjectCost, String)) -> Cost {
    let sum = &object.sum;
    let delta = sum.delta().unwrap_or_default();
    let is_same = sum.bound == Bound::Exact && delta.is_zero();
    let cents = delta.checked_mul(Decimal::ONE_HUNDRED).and_then(|cents| i64::try_from(cents.round()).ok());
    let is_nothing = is_same && sum.after.is_zero() && !sum.after_is_least;
    let has_both_sides = object.before.is_some() && object.after.is_some();
    let told = match (is_nothing && sum.has_usage, is_same || has_both_sides) {
        (true, _) => "by usage".to_owned(),
        (false, true) => sides(object, currency),
        (false, false) => String::new(),
    };
    let usage = if sum.has_usage && !is_nothing { " plus usage" } else { "" };
    let parts = if is_free(object) { Vec::new() } else { part_lines(object, currency) };
    Cost {
        change: Text::composed(if is_same { String::new() } else { change(object, 1, currency) }),
        sides: Text::composed(format!("{told}{usage}").trim_start().to_owned()),
        cents: cents.unwrap_or_default(),
        parts: parts.into_iter().map(Text::composed).collect(),
    }
}

/// What the sums of a plan lack, and where the prices come from.
fn about_costs(view: &CostView) -> Vec<Row> {
    let notes = cost_notes(view).into_iter();
    notes.map(|note| words(0, Form::Line, Text::composed(note))).collect()
}

fn objects(view: &PlanView) -> impl Iterator<Item = &Object> {
    view.modules.iter().flat_map(|module| &module.groups).flat_map(|group| {
        if group.objects.is_empty() { std::slice::from_ref(&group.first) } else { &group.objects }
    })
}

fn action(object: &Object) -> Action {
    match &object.deed {
        Deed::Create => Action::Create,
        Deed::Update => Action::Update,
        Deed::Destroy => Action::Destroy,
        Deed::Replace(_) => Action::Replace,
        Deed::Read | Deed::Open => Action::Read,
        Deed::Forget | Deed::ForgetAndCreate => Action::Forget,
        Deed::Keep if object.moved_from.is_some() => Action::Move,
        Deed::Keep => Action::Import,
        Deed::Other(_) => Action::Unknown,
    }
}

/// Blocks and arrows of all plans, and where those of a plan are.
#[derive(Default)]
pub(super) struct Dependencies {
    pub(super) blocks: Vec<Block>,
    pub(super) arrows: Vec<(usize, usize)>,
}

impl Dependencies {
    /// Adds those of a plan, and returns the positions of its blocks by their addresses.
    pub(super) fn add<'d>(&mut self, plan: usize, graph: &'d Graph) -> BTreeMap<&'d str, usize> {
        let first = self.blocks.len();
        self.blocks
            .extend(graph.boxes.iter().map(|shown| Block { plan, address: Text::from(&shown.address) }));
        self.arrows.extend(graph.arrows.iter().map(|arrow| (first + arrow.from, first + arrow.to)));
        let addresses = graph.boxes.iter().enumerate();
        addresses.map(|(at, shown)| (shown.address.unescaped(), first + at)).collect()
    }
}

/// The objects of a plan that change, each with the address by which others name it.
pub(super) fn resources<'d>(
    plan: usize,
    details: &'d PlanDetails,
    blocks: &BTreeMap<&str, usize>,
    findings: &ByAddress<'_>,
) -> Vec<(&'d str, Resource)> {
    let affected = details.blocks.affected.iter();
    let reach: BTreeMap<&str, usize> = affected
        .map(|affected| (affected.address.unescaped(), affected.direct.len() + affected.indirect.len()))
        .collect();
    let costs = costs(details);
    let modules = details.view.modules.iter();
    modules
        .flat_map(|module| module.groups.iter().map(move |group| (module, group)))
        .flat_map(|(module, group)| {
            let objects =
                if group.objects.is_empty() { std::slice::from_ref(&group.first) } else { &group.objects };
            objects.iter().map(move |object| (module, object))
        })
        .map(|(module, object)| {
            let found = findings.get(&(plan, object.address.unescaped())).cloned().unwrap_or_default();
            let goes_away = matches!(object.deed, Deed::Destroy | Deed::Replace(_));
            let dependents = reach.get(object.block.unescaped()).copied().filter(|_| goes_away);
            let resource = Resource {
                plan,
                address: Text::from(&object.address),
                module: Text::from(&module.address),
                name: Text::from(&object.name),
                kind: Text::from(&object.resource_type),
                action: action(object),
                said: said(object),
                notes: object_notes(object),
                names: names(object),
                forced_by: forced_by(object),
                rows: of_object(object),
                is_cut: false,
                findings: found.positions,
                marks: found.marks,
                drift: Vec::new(),
                block: blocks.get(object.block.unescaped()).copied(),
                dependents: dependents.unwrap_or_default(),
                cost: costs.get(object.address.unescaped()).map(cost),
            };
            (object.address.unescaped(), resource)
        })
        .collect()
}

/// The objects of a plan that stay as they are.
pub(super) fn unchanged(
    plan: usize,
    details: &PlanDetails,
    blocks: &BTreeMap<&str, usize>,
    findings: &ByAddress<'_>,
) -> Vec<Unchanged> {
    let costs = costs(details);
    let all = details.unchanged.iter();
    all.map(|object| {
        let found = findings.get(&(plan, object.address.unescaped())).cloned().unwrap_or_default();
        Unchanged {
            plan,
            address: Text::from(&object.address),
            module: Text::from(&object.module),
            kind: Text::from(&object.resource_type),
            block: blocks.get(object.block.unescaped()).copied(),
            findings: found.positions,
            marks: found.marks,
            drift: Vec::new(),
            cost: costs.get(object.address.unescaped()).filter(|(object, _)| !is_free(object)).map(cost),
        }
    })
    .collect()
}

/// `replaced: destroyed, then created, because …`.
fn said(object: &Object) -> Text {
    let because = object.reason.as_ref().map(|reason| format!(", because {}", reason.for_document()));
    Text::composed(format!("{}{}", verb(object), because.unwrap_or_default()))
}

fn object_notes(object: &Object) -> Vec<Text> {
    let parts = [
        ("moved from ", &object.moved_from),
        ("imported from ", &object.imported_by),
        ("deposed object ", &object.deposed),
    ];
    parts
        .into_iter()
        .filter_map(|(words, text)| {
            text.as_ref().map(|text| Text::composed(format!("{words}{}", text.for_document())))
        })
        .chain(object.destroys_import().then(|| Text::from(DESTROYS_IMPORT)))
        .collect()
}

/// What of an object that stays changes; why, of others.
fn names(object: &Object) -> Text {
    match &object.deed {
        Deed::Update | Deed::Replace(_) | Deed::Other(_) => {
            // What forces a replacement is named before.
            let is_forcing = |entry: &&Entry| matches!(object.deed, Deed::Replace(_)) && forcing(entry);
            let shown =
                object.entries.iter().filter(|entry| !entry.is_nothing()).filter(|entry| !is_forcing(entry));
            let all: Vec<String> = shown.map(|entry| entry.name.for_document()).collect();
            let more = all.len().saturating_sub(MOST_NAMES);
            let listed = all.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
            let more = if more > 0 { format!(", {more} more") } else { String::new() };
            Text::composed(format!("{listed}{more}"))
        }
        Deed::Keep => object_notes(object).into_iter().next().unwrap_or_default(),
        Deed::Create | Deed::Destroy | Deed::Read | Deed::Forget | Deed::ForgetAndCreate | Deed::Open => {
            let because = object.reason.as_ref().map(|reason| format!("because {}", reason.for_document()));
            Text::composed(because.unwrap_or_default())
        }
    }
}

/// `bucket forces replacement`.
fn forced_by(object: &Object) -> Option<Text> {
    if !matches!(object.deed, Deed::Replace(_)) {
        return None;
    }
    let names: Vec<String> =
        object.entries.iter().filter(|entry| forcing(entry)).map(|entry| entry.name.for_document()).collect();
    let verb = if names.len() == 1 { "forces" } else { "force" };
    (!names.is_empty()).then(|| Text::composed(format!("{} {verb} replacement", names.join(", "))))
}

/// What was changed outside of Terraform: what the report tells, with its differences, then what else the plan depends on, and
/// then the rest. `resource` finds the row of an address.
pub(super) fn drift(report: &PlanReport, resource: &dyn Fn(&str) -> Option<usize>) -> Vec<Drift> {
    let outside = report.details.as_deref().map(|details| &details.view.outside);
    let drifted = |address: &str| -> Option<&Drifted> {
        let outside = outside?;
        let mut all = outside.relevant.iter().chain(&outside.others);
        all.find(|drifted| drifted.address.unescaped() == address)
    };
    let rows = |drifted: &Drifted| if drifted.deleted { Vec::new() } else { of_entries(&drifted.entries) };
    let mut told: Vec<&str> = Vec::new();
    let mut all = Vec::new();
    for drift in &report.drift {
        let address = drift.address.unescaped();
        // An object with several entries has its differences once.
        let is_first = !told.contains(&address);
        told.push(address);
        all.push(Drift {
            address: Text::from(&drift.address),
            resource: resource(address),
            message: Text::from(&drift.message),
            fate: Text::from(drift.became.words()),
            rows: drifted(address).filter(|_| is_first).map(rows).unwrap_or_default(),
            is_cut: false,
        });
    }
    let relevant = outside.into_iter().flat_map(|outside| &outside.relevant).map(|drifted| (drifted, true));
    let others = outside.into_iter().flat_map(|outside| &outside.others).map(|drifted| (drifted, false));
    let untold = relevant.chain(others).filter(|(drifted, _)| !told.contains(&drifted.address.unescaped()));
    all.extend(untold.map(|(drifted, is_relevant)| {
        let address = drifted.address.for_document();
        let what = if drifted.deleted { "was deleted" } else { "was changed" };
        Drift {
            address: Text::from(&drifted.address),
            resource: resource(drifted.address.unescaped()),
            message: Text::composed(format!("{address} {what}")),
            fate: if is_relevant {
                Text::from("this plan depends on it")
            } else {
                Text::composed(put_back(&drifted.put_back))
            },
            rows: rows(drifted),
            is_cut: false,
        }
    }));
    all
}

/// What of a change outside of Terraform the plan undoes.
fn put_back(put_back: &PutBack) -> String {
    match put_back {
        PutBack::Nothing => "not put back by this plan".to_owned(),
        PutBack::Everything => "put back by this plan".to_owned(),
        PutBack::Attributes(names) => {
            let names: Vec<String> = names.iter().map(SafeText::for_document).collect();
            format!("put back by this plan: {}", names.join(", "))
        }
    }
}

/// Outputs, and what else a plan does.
pub(super) fn others(details: &PlanDetails, plan: Option<&Text>) -> Vec<Section> {
    let view = &details.view;
    let section = |title: &'static str, rows: Vec<Row>| {
        (!rows.is_empty()).then(|| Section {
            title: Text::from(title),
            plan: plan.cloned(),
            rows,
            left_out: 0,
        })
    };
    let line = |sentence: String| words(0, Form::Line, Text::composed(sentence));
    let deferred = view.deferred.iter().map(|deferred| {
        line(format!("{}, because {}", deferred.address.for_document(), deferred.reason.for_document()))
    });
    let actions = view.invocations.iter().map(|action| {
        let when = action.when.as_ref().map(|when| format!(" {}", when.for_document())).unwrap_or_default();
        let later = if action.deferred { " (deferred to a later plan)" } else { "" };
        line(format!("{}{when}{later}", action.address.for_document()))
    });
    let checks = view.failed_checks.iter().flat_map(|check| {
        let how = if check.errored { "cannot be evaluated" } else { "fails" };
        let head = line(format!("{} {how}", check.address.for_document()));
        let problems = check.problems.iter().map(|problem| words(1, Form::Line, Text::from(problem)));
        std::iter::once(head).chain(problems).collect::<Vec<_>>()
    });
    [
        section("Outputs", of_entries(&view.outputs)),
        section("Deferred to a later plan", deferred.collect()),
        section("Actions of providers", actions.collect()),
        section("Checks that fail", checks.collect()),
        section(
            "What the monthly cost is made of",
            details.cost.as_ref().map(about_costs).unwrap_or_default(),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
