//! `planguard cost`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use planguard::cost::{CostError, CostView};
use planguard::problem::Problem;
use planguard::render::{Format, cost as render};
use planguard::settings::{Said, Settings};

use crate::UNDECIDED;
use crate::args::{InputArguments, Show, SourceArguments, flag};
use crate::format::FormatParser;
use crate::output::Output;
use crate::settings::settings;
use crate::show::document_by;
use crate::words::word;

pub(crate) const HELP: &str = "\
Prices are on-demand list prices of AWS, Azure and Google Cloud from a book in the program; nothing is looked up. What
cannot be priced is said, and never counts as zero. Nothing is judged: `planguard check` does that, with limits under
[cost] in planguard.toml.

Examples:
  planguard cost tfplan.json
  planguard cost tfplan.json --prices contract.toml --show all
  planguard cost tfplan.json --format markdown > comment.md
  planguard cost --infracost costs.json
  planguard cost tfplan.json --infracost costs.json

Exit codes:
  0    the costs were told
  2    the plan could not be read, or is no plan, or the report of Infracost is about another plan
  130  interrupted";

#[derive(Clone, Debug, Args)]
pub(crate) struct CostArguments {
    /// The plan: a file, or - for standard input [default: the one in the working directory]
    #[arg(value_name = "PLAN|-")]
    plan: Option<OsString>,
    /// Prices and discounts of your own, as a TOML file (docs/cost.md)
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Take the amounts of a report of Infracost: those of PLAN, or without PLAN the whole report
    #[arg(long, value_name = "FILE", conflicts_with = "prices")]
    infracost: Option<PathBuf>,
    /// What the text lists: `new`, the objects whose cost the plan changes; `all`, every object, with all parts of its cost
    #[arg(long, value_parser = word::<Show>(), default_value = "new", hide_possible_values = true, value_name = "WHICH", help_heading = "Output")]
    show: Show,
    /// The format
    #[arg(long, value_parser = FormatParser(&render::FORMATS), default_value = render::FORMATS.default().name, value_name = "FORMAT", help_heading = "Output")]
    format: &'static Format<CostView>,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    sources: SourceArguments,
}

pub(crate) fn run(arguments: &CostArguments, output: &Output) -> ExitCode {
    let said = Said {
        prices: flag("--prices", arguments.prices.clone().map(Some)),
        infracost: flag("--infracost", arguments.infracost.clone().map(Some)),
        ..Said::default()
    };
    let settings = match settings(arguments.input.said(said), None, &arguments.sources, output) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    match costs(arguments, &settings, output) {
        Ok(view) => output.report(&view, arguments.format, arguments.show.detail(), 0),
        Err(code) => code,
    }
}

fn costs(arguments: &CostArguments, settings: &Settings, output: &Output) -> Result<CostView, ExitCode> {
    let failed = |error: &CostError| {
        output.problem(&Problem::plain(error));
        ExitCode::from(UNDECIDED)
    };
    // Prices that a flag names count more than a report that a variable or a file does.
    let imported = match arguments.prices {
        Some(_) => None,
        None => settings.imported_costs().map_err(|error| failed(&error))?,
    };
    if let (Some(imported), Some(_), None) = (&imported, &arguments.infracost, &arguments.plan) {
        return Ok(CostView::imported(imported));
    }
    let prices = settings.read_prices().map_err(|error| failed(&error))?;
    let document = document_by(arguments.plan.as_ref(), &arguments.input, settings, output)?;
    let view = match &imported {
        Some(imported) => CostView::held(&document, imported),
        None => CostView::of(&document, &prices),
    };
    view.map_err(|error| failed(&error))
}
