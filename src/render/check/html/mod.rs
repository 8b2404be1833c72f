//! The report as one HTML page for reviewers, which needs no network: fills the model of `planguard_page`.

mod benchmarks;
mod difference;
mod findings;
mod plans;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use planguard_page::Text;
use planguard_page::model::{Page, Problem, Resource, Waiver};
use planguard_plan::redact::SafeText;

use super::verdict_line::{approvals_words, numbers};
use crate::render::layout::count;
use crate::render::{Format, Layout, RenderError};
use crate::report::{Report, WaiverReport};
use crate::waivers::Use;
use findings::Findings;
use plans::Dependencies;

pub(super) const FORMAT: Format<Report> = Format {
    name: "html",
    former: None,
    help: "one page for reviewers, with differences, a map and filters; it needs no network",
    extension: "html",
    render,
};

/// How large a page may be before differences are left out of it, in bytes.
const MOST_BYTES: usize = 5_000_000;

/// More dependencies between blocks are left out.
const MOST_ARROWS: usize = 50_000;

fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    Ok(planguard_page::render_within(&mut page(report), MOST_BYTES)?)
}

fn page(report: &Report) -> Page {
    let findings = Findings::of(report);
    let by_address = findings.by_address(report);
    let mut dependencies = Dependencies::default();
    let (mut resources, mut unchanged) = (Vec::new(), Vec::new());
    for (index, plan) in report.plans.iter().enumerate() {
        let Some(details) = plan.details.as_deref() else { continue };
        let blocks = dependencies.add(index, &details.blocks);
        resources.extend(plans::resources(index, details, &blocks, &by_address));
        unchanged.extend(plans::unchanged(index, details, &blocks, &by_address));
    }
    // A reviewer must look at what denies first, then at what takes something away, then at what warns.
    resources.sort_by_cached_key(|(address, resource)| {
        let found = by_address.get(&(resource.plan, *address));
        let denied = found.and_then(|found| found.denied);
        (Reverse(denied), resource.action, Reverse(found.and_then(|found| found.warned)), resource.plan)
    });
    let rows: HashMap<(usize, &str), usize> =
        resources.iter().enumerate().map(|(row, (address, shown))| ((shown.plan, *address), row)).collect();
    let changing = resources.len();
    let staying: HashMap<(usize, &str), usize> = report
        .plans
        .iter()
        .enumerate()
        .flat_map(|(index, plan)| plan.details.iter().map(move |details| (index, details)))
        .flat_map(|(index, details)| details.unchanged.iter().map(move |object| (index, object)))
        .enumerate()
        .map(|(position, (index, object))| ((index, object.address.unescaped()), changing + position))
        .collect();
    let row_of = |plan: usize, address: &str| {
        let key = (plan, address);
        rows.get(&key).or_else(|| staying.get(&key)).copied()
    };
    let mut drift = Vec::new();
    let mut drift_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, plan) in report.plans.iter().enumerate() {
        for drifted in plans::drift(plan, &|address| row_of(index, address)) {
            if let Some(row) = drifted.resource {
                drift_of.entry(row).or_default().push(drift.len());
            }
            drift.push(drifted);
        }
    }
    let groups = findings.groups(report, &row_of);
    let mut resources: Vec<Resource> = resources.into_iter().map(|(_, resource)| resource).collect();
    for (row, positions) in drift_of {
        if let Some(resource) = resources.get_mut(row) {
            resource.drift = positions;
        } else if let Some(object) = row.checked_sub(changing).and_then(|row| unchanged.get_mut(row)) {
            object.drift = positions;
        }
    }
    let arrows_left_out = dependencies.arrows.len().saturating_sub(MOST_ARROWS);
    if arrows_left_out > 0 {
        dependencies.arrows.clear();
    }
    let Dependencies { blocks, arrows } = dependencies;
    Page {
        verdict: plans::verdict(report.verdict()),
        numbers: Text::composed(numbers(report)),
        facts: facts(report),
        problems: report.problems.iter().map(problem).collect(),
        weakenings: weakenings(report),
        plans: report.plans.iter().map(plans::plan).collect(),
        levels: findings.levels(),
        findings: groups,
        resources,
        unchanged,
        has_costs: report
            .plans
            .iter()
            .any(|plan| plan.details.as_ref().is_some_and(|details| details.cost.is_some())),
        benchmarks: benchmarks::of(report, &row_of),
        drift,
        others: others_of(report),
        waivers: report.waivers.iter().map(waiver).collect(),
        notices: report.notices.iter().map(|notice| Text::from(&notice.message)).collect(),
        unchecked: report
            .notices
            .iter()
            .filter(|notice| notice.is_of_unchecked())
            .map(|notice| Text::from(&notice.message))
            .collect(),
        unknown_types: unknown_types(report),
        blocks,
        arrows,
        arrows_left_out,
    }
}

fn facts(report: &Report) -> Vec<Text> {
    let mut facts = Vec::new();
    if let Some(environment) = &report.environment {
        let (name, why) = (environment.name.for_document(), environment.why.for_document());
        facts.push(Text::composed(format!("environment {name} ({why})")));
    }
    if let Some(approvals) = &report.approvals {
        facts.push(Text::from(&approvals_words(approvals)));
    }
    // Of several plans the table has the score.
    if let [plan] = report.plans.as_slice()
        && plan.risk.score() > 0
    {
        facts.push(Text::composed(format!("risk score: {} = {}", plan.risk.score(), plan.risk.words())));
    }
    if let Some(part) = &report.part {
        let files = count(part.files, "file", "files");
        facts.push(Text::composed(format!("part {} of {files}", part.partition)));
    }
    let has_details = report.plans.iter().any(|plan| plan.details.is_some());
    if !report.plans.is_empty() && !has_details {
        facts.push(Text::from(
            "Made of reports, which have no differences of attributes: `planguard check --format html` of a plan shows them.",
        ));
    }
    facts
}

fn problem(problem: &planguard_plan::problem::Problem) -> Problem {
    Problem {
        code: Text::from(&problem.code),
        message: Text::from(&problem.message),
        help: problem.help.as_ref().map(Text::from),
    }
}

fn weakenings(report: &Report) -> Vec<Text> {
    let all = report.trust.weakenings.iter();
    all.map(|weakening| {
        let line = weakening.line.map(|line| format!(" line {line}")).unwrap_or_default();
        let (file, setting) = (weakening.file.for_document(), weakening.setting.for_document());
        Text::composed(format!("{file}{line}: {setting}: {}", weakening.effect.for_document()))
    })
    .collect()
}

fn others_of(report: &Report) -> Vec<planguard_page::model::Section> {
    let several = report.plans.len() > 1;
    let plans = report.plans.iter().filter_map(|plan| Some((plan, plan.details.as_deref()?)));
    plans
        .flat_map(|(plan, details)| {
            let origin = several.then(|| Text::from(&plan.origin));
            plans::others(details, origin.as_ref())
        })
        .collect()
}

fn unknown_types(report: &Report) -> Vec<Text> {
    let types = report.plans.iter().flat_map(|plan| &plan.coverage.unknown_types);
    types
        .map(|(name, number)| {
            let resources = count(*number, "changed resource", "changed resources");
            Text::composed(format!("{}: {resources}", name.for_document()))
        })
        .collect()
}

fn waiver(waiver: &WaiverReport) -> Waiver {
    let (became, is_stale) = match &waiver.became {
        Use::Accepted(number) => (format!("accepts {}", count(*number, "finding", "findings")), false),
        Use::Expired(number) => {
            (format!("expired; it accepted {}", count(*number, "finding", "findings")), true)
        }
        Use::Shadowed => ("not used: earlier waivers accept the same".to_owned(), true),
        Use::Unused => ("not used: no finding is like that".to_owned(), true),
        Use::OtherEnvironment => ("for another environment".to_owned(), false),
        Use::UnknownRule { .. } => ("not used: no rule has that id".to_owned(), true),
    };
    let parts: [(&str, &Option<SafeText>); 4] = [
        ("by ", &waiver.owner),
        ("until ", &waiver.expires),
        ("", &waiver.ticket),
        ("environment ", &waiver.environment),
    ];
    let about: Vec<String> = parts
        .into_iter()
        .filter_map(|(words, text)| text.as_ref().map(|text| format!("{words}{}", text.for_document())))
        .collect();
    Waiver {
        rule: Text::from(&waiver.rule),
        address: waiver.address.as_ref().map_or_else(|| Text::from("the whole plan"), Text::from),
        reason: Text::from(&waiver.reason),
        about: Text::composed(about.join(", ")),
        place: Text::composed(format!("{}:{}", waiver.file.for_document(), waiver.line)),
        became: Text::composed(became),
        is_stale,
    }
}
