//! `planguard rules`.

use std::process::ExitCode;

use planguard::finding::RuleKind;
use planguard::guardrails::definition::unknown_type;
use planguard::guardrails::{CatalogueEntry, catalogue, remedy};
use planguard::rego::{RegoPack, rego_packs};
use planguard::render::Detail;
use planguard::render::rules::RulesReport;
use planguard::risk::PLAN_RISK;

use crate::UNDECIDED;
use crate::args::RulesArguments;
use crate::output::Output;

pub(crate) fn run(arguments: &RulesArguments, output: &Output) -> ExitCode {
    let all = catalogue();
    let print = |report| output.report(&report, arguments.format, Detail::default(), 0);
    let named = arguments.id.as_ref().or(arguments.pack.as_ref());
    let pack = named.and_then(|name| RegoPack::find(name.split('/').next().unwrap_or(name)));
    if let Some(pack) = pack
        && !all.iter().any(|entry| Some(entry.info.pack.as_ref()) == arguments.pack.as_deref())
    {
        return print(RulesReport::Pack(pack));
    }
    let Some(id) = &arguments.id else {
        let chosen: Vec<CatalogueEntry> =
            all.into_iter().filter(|entry| is_chosen(entry, arguments)).collect();
        if chosen.is_empty() {
            if let Some(unknown) = arguments.resource_type.as_deref().and_then(unknown_type) {
                let remedy = remedy(&unknown).unwrap_or_default();
                output.complain(&format!("{unknown}; {remedy} (PG-CL-003)"));
                return ExitCode::from(UNDECIDED);
            }
            output.complain("no rule matches these filters; `planguard rules` lists all rules (PG-CL-003)");
            return ExitCode::from(UNDECIDED);
        }
        let packs = if arguments.is_unfiltered() { rego_packs() } else { &[] };
        return print(RulesReport::List { guardrails: chosen, packs });
    };
    let found = all
        .iter()
        .find(|entry| entry.info.id == id.as_str() || entry.info.aliases.iter().any(|alias| alias == id));
    match found {
        Some(entry) => print(RulesReport::Guardrail(Box::new(entry.clone()))),
        None if id == PLAN_RISK => output.finish(
            "plan-risk: the risk score of the plan is above `max-risk`, or needs approval from `risk` under [approve] on.\n\
             docs/risk.md lists the points.\n",
            0,
        ),
        None => {
            let near =
                all.iter().map(|entry| entry.info.id.as_ref()).filter(|known| known.contains(id.as_str()));
            let near: Vec<&str> = near.take(5).collect();
            let hint =
                if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
            output.complain(&format!("there is no rule `{id}`{hint} (PG-CL-004)"));
            ExitCode::from(UNDECIDED)
        }
    }
}

fn is_chosen(entry: &CatalogueEntry, arguments: &RulesArguments) -> bool {
    let provider = match entry.kind {
        RuleKind::Change => "change",
        RuleKind::Guardrail | RuleKind::Policy => entry.info.id.split('-').next().unwrap_or_default(),
    };
    arguments
        .provider
        .as_ref()
        .is_none_or(|wanted| wanted == provider || wanted == "azurerm" && provider == "azure")
        && arguments.pack.as_ref().is_none_or(|wanted| entry.info.pack == wanted.as_str())
        && arguments.severity.is_none_or(|wanted| entry.info.severity == wanted)
        && arguments.category.is_none_or(|wanted| entry.info.category == wanted)
        && arguments.resource_type.as_ref().is_none_or(|wanted| entry.resources.contains(wanted))
}
