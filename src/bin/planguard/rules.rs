//! `planguard rules`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use miette::Diagnostic;
use planguard::check::{Benchmarks, Packs};
use planguard::finding::RuleKind;
use planguard::guardrails::definition::{Control, Decided, unknown_type};
use planguard::guardrails::{
    CatalogueEntry, Concern, ConcernAnswer, benchmarks, catalogue, concerns, remedy,
};
use planguard::plan::text::suggest;
use planguard::plan_rules::PlanRule;
use planguard::problem::Problem;
use planguard::rego::{RegoPack, rego_packs, rule_id};
use planguard::render::Detail;
use planguard::render::rules::RulesReport;

use crate::UNDECIDED;
use crate::args::RulesArguments;
use crate::output::Output;

/// How many ids a hint has.
const FEW: usize = 5;

/// Why there is nothing to list.
#[derive(Debug, thiserror::Error, Diagnostic)]
enum RulesError {
    /// No rule has the id.
    #[error("there is no rule `{id}`")]
    #[diagnostic(code("PG-CL-004"), help("{help}"))]
    UnknownRule { id: String, help: String },
    /// No rule looks for what the id means in another tool, for a reason.
    #[error("no rule corresponds to {id}: {meaning}")]
    #[diagnostic(code("PG-CL-004"), help("{reason}"))]
    LeftOut { id: String, meaning: &'static str, reason: &'static str },
    /// No rule corresponds to what the id means in another tool.
    #[error("no rule corresponds to {id}")]
    #[diagnostic(
        code("PG-CL-004"),
        help("nobody has written one yet; docs/guardrails/coverage.md has the state")
    )]
    Open { id: &'static str },
    /// No rule has this value of a filter.
    #[error("there is no {what} `{value}`")]
    #[diagnostic(code("PG-CL-003"), help("{help}"))]
    UnknownValue { what: &'static str, value: String, help: String },
    /// No rule is about the resource type.
    #[error("{reason}")]
    #[diagnostic(code("PG-CL-003"), help("{help}"))]
    UnknownType { reason: String, help: String },
    /// Every filter is good, and no rule passes all of them.
    #[error("no rule matches these filters")]
    #[diagnostic(code("PG-CL-003"), help("leave one out; `planguard rules` lists all rules"))]
    NoMatch,
}

pub(crate) fn run(arguments: &RulesArguments, output: &Output) -> ExitCode {
    match report(arguments, catalogue()) {
        Ok(report) => output.report(&report, arguments.format, Detail::default(), 0),
        Err(error) => {
            output.problem(&Problem::plain(&error));
            ExitCode::from(UNDECIDED)
        }
    }
}

fn report(arguments: &RulesArguments, all: Vec<CatalogueEntry>) -> Result<RulesReport, RulesError> {
    if let Some(rule) = arguments.id.as_deref().and_then(PlanRule::find) {
        return Ok(RulesReport::Plan(rule));
    }
    let named = arguments.id.as_ref().or(arguments.pack.as_ref());
    let pack = named.and_then(|name| RegoPack::find(name.split('/').next().unwrap_or(name)));
    if let Some(pack) = pack
        && !all.iter().any(|entry| Some(entry.info.pack.as_ref()) == arguments.pack.as_deref())
    {
        return Ok(RulesReport::Pack(pack));
    }
    if let Some(benchmark) = arguments.id.as_deref().and_then(Benchmarks::find) {
        return Ok(RulesReport::Benchmark(benchmark));
    }
    if let Some(id) = &arguments.id {
        return named_rule(id, all);
    }
    known_values(arguments, &all)?;
    let chosen: Vec<CatalogueEntry> = all.into_iter().filter(|entry| is_chosen(entry, arguments)).collect();
    if chosen.is_empty() {
        return Err(match arguments.resource_type.as_deref().and_then(unknown_type) {
            Some(unknown) => RulesError::UnknownType {
                reason: unknown.to_string(),
                help: remedy(&unknown).unwrap_or_else(|| "`planguard rules` lists all rules".to_owned()),
            },
            None => RulesError::NoMatch,
        });
    }
    let packs = if arguments.is_unfiltered() { rego_packs() } else { &[] };
    Ok(RulesReport::List { guardrails: chosen, packs })
}

/// The rule of this id, former id or id of another tool, which several rules may have.
fn named_rule(id: &str, all: Vec<CatalogueEntry>) -> Result<RulesReport, RulesError> {
    let is_own =
        |entry: &&CatalogueEntry| entry.info.id == id || entry.info.aliases.iter().any(|alias| alias == id);
    if let Some(entry) = all.iter().find(is_own) {
        return Ok(RulesReport::Guardrail(Box::new(entry.clone())));
    }
    if let Some((name, control)) = control(id) {
        return of_control(&name, control, all);
    }
    let has = |entry: &&CatalogueEntry| {
        entry.info.also.by_tool().any(|(_, ids)| ids.iter().any(|other| other.eq_ignore_ascii_case(id)))
    };
    let mut others: Vec<CatalogueEntry> = all.iter().filter(has).cloned().collect();
    match others.len() {
        0 => elsewhere(id, all),
        1 => Ok(RulesReport::Guardrail(Box::new(others.remove(0)))),
        _ => Ok(RulesReport::List { guardrails: others, packs: &[] }),
    }
}

/// The control of a benchmark that an id means, such as `cis-aws-5.0 2.1.4` or `CIS AWS 5.0 2.1.4`, with its name.
fn control(id: &str) -> Option<(String, &'static Control)> {
    benchmarks().iter().find_map(|benchmark| {
        let control = benchmark.controls.iter().find(|control| {
            [&benchmark.name, &benchmark.foreign]
                .into_iter()
                .any(|name| format!("{name} {}", control.id).eq_ignore_ascii_case(id))
        })?;
        Some((format!("{} {}", benchmark.name, control.id), control))
    })
}

/// The rules that decide a control, or the reason why none does.
fn of_control(
    name: &str,
    control: &'static Control,
    all: Vec<CatalogueEntry>,
) -> Result<RulesReport, RulesError> {
    let left_out = |meaning, reason| RulesError::LeftOut { id: name.to_owned(), meaning, reason };
    match &control.decided {
        Decided::ByRules(rules) => {
            let is_of_it = |entry: &CatalogueEntry| rules.ids.iter().any(|id| *id == entry.info.id);
            Ok(RulesReport::List { guardrails: all.into_iter().filter(is_of_it).collect(), packs: &[] })
        }
        Decided::NotByPlan(reason) => Err(left_out("it cannot be seen in a plan", reason)),
        Decided::NotYet(reason) => Err(left_out("nobody has written one yet", reason)),
    }
}

/// The rules for what an id means in another tool, or the reason why there is none.
fn elsewhere(id: &str, all: Vec<CatalogueEntry>) -> Result<RulesReport, RulesError> {
    let known = concerns();
    let found: Vec<(&Concern, &'static str)> = known
        .iter()
        .filter_map(|concern| {
            Some((concern, concern.ids().find(|(_, other)| other.eq_ignore_ascii_case(id))?.1))
        })
        .collect();
    let rules: BTreeSet<&str> = found.iter().flat_map(|(concern, _)| concern.answer.rules()).collect();
    if !rules.is_empty() {
        let guardrails = all.into_iter().filter(|entry| rules.contains(entry.info.id.as_ref())).collect();
        return Ok(RulesReport::List { guardrails, packs: &[] });
    }
    let reason = found.iter().find_map(|(concern, id)| match concern.answer {
        ConcernAnswer::LeftOut(reason, text) => Some((*id, reason, text)),
        ConcernAnswer::Rules(_) | ConcernAnswer::Open => None,
    });
    Err(match (reason, found.first()) {
        (Some((id, why, reason)), _) => {
            RulesError::LeftOut { id: id.to_owned(), meaning: why.meaning(), reason }
        }
        (None, Some((_, id))) => RulesError::Open { id },
        (None, None) => RulesError::UnknownRule { id: id.to_owned(), help: hint(id, &all) },
    })
}

/// The id that was probably meant, or ids that contain what is written.
fn hint(id: &str, all: &[CatalogueEntry]) -> String {
    let of_packs = rego_packs().iter().flat_map(|pack| {
        let package = pack.outline().package;
        let path = move |name: &str| rule_id(&format!("data.{package}.{name}")).into_owned();
        pack.rules().into_iter().map(move |rule| path(&rule.name)).chain([pack.name.to_owned()])
    });
    let own = all
        .iter()
        .map(|entry| entry.info.id.to_string())
        .chain(PlanRule::all().map(|rule| rule.id.to_owned()));
    let mut ids: Vec<String> = own.chain(of_packs).collect();
    let foreign = concerns()
        .into_iter()
        .flat_map(|concern| concern.ids().map(|(_, id)| id.to_owned()).collect::<Vec<_>>());
    let also = all.iter().flat_map(|entry| entry.info.also.by_tool()).flat_map(|(_, ids)| ids);
    ids.extend(foreign.chain(also.map(ToString::to_string)).collect::<BTreeSet<_>>());
    // Foreign ids of controls begin like the names of benchmarks.
    let near = suggest::nearest_or_longer(id, Benchmarks::names())
        .or_else(|| suggest::nearest(id, ids.iter().map(String::as_str)));
    if let Some(near) = near {
        return format!("did you mean {near}?");
    }
    let holding: Vec<&str> =
        ids.iter().map(String::as_str).filter(|known| known.contains(&id.to_lowercase())).take(FEW).collect();
    if holding.is_empty() {
        "`planguard rules` lists all rules".to_owned()
    } else {
        format!("did you mean {}?", holding.join(", "))
    }
}

/// Whether some rule has what each filter names.
fn known_values(arguments: &RulesArguments, all: &[CatalogueEntry]) -> Result<(), RulesError> {
    let providers: BTreeSet<&str> = all.iter().map(provider).collect();
    let is_wanted = |entry: &&CatalogueEntry| {
        arguments.provider.as_deref().is_none_or(|wanted| is_of_provider(entry, wanted))
    };
    let services: BTreeSet<&str> = all.iter().filter(is_wanted).filter_map(|entry| entry.service).collect();
    let mut packs = Packs::choices();
    packs.extend(rego_packs().iter().map(|pack| pack.name));
    // The name by which Terraform knows the provider.
    let mut known_providers = providers.clone();
    known_providers.insert("azurerm");
    for (what, written, known, listed) in [
        ("provider", &arguments.provider, known_providers, providers),
        ("service", &arguments.service, services.clone(), services),
        ("pack", &arguments.pack, packs.clone(), packs),
    ] {
        let Some(value) = written.as_deref().filter(|value| !known.contains(value)) else { continue };
        let near = suggest::nearest(value, known.iter().copied());
        let help = near.map_or_else(
            || format!("use {}", listed.into_iter().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean {near}?"),
        );
        return Err(RulesError::UnknownValue { what, value: value.to_owned(), help });
    }
    Ok(())
}

fn provider(entry: &CatalogueEntry) -> &str {
    match entry.kind {
        RuleKind::Change => "change",
        RuleKind::Guardrail | RuleKind::Policy => entry.info.id.split('-').next().unwrap_or_default(),
    }
}

fn is_of_provider(entry: &CatalogueEntry, wanted: &str) -> bool {
    let provider = provider(entry);
    wanted == provider || wanted == "azurerm" && provider == "azure"
}

fn is_chosen(entry: &CatalogueEntry, arguments: &RulesArguments) -> bool {
    arguments.provider.as_deref().is_none_or(|wanted| is_of_provider(entry, wanted))
        && arguments.service.as_deref().is_none_or(|wanted| entry.service == Some(wanted))
        && arguments
            .pack
            .as_ref()
            .is_none_or(|wanted| wanted == Packs::ALL || entry.info.pack == wanted.as_str())
        && arguments.severity.is_none_or(|wanted| entry.info.severity == wanted)
        && arguments.category.is_none_or(|wanted| entry.info.category == wanted)
        && arguments.resource_type.as_ref().is_none_or(|wanted| entry.resources.contains(wanted))
}
