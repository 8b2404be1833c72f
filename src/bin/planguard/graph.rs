//! `planguard graph`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use planguard::graph::{By, Graph, GraphOptions};
use planguard::problem::Problem;
use planguard::redact::Redactor;
use planguard::render::{Detail, Format, graph as render};
use planguard::rule::words;
use planguard::settings::Said;

use crate::UNDECIDED;
use crate::args::{InputArguments, SourceArguments, flag};
use crate::format::FormatParser;
use crate::output::Output;
use crate::settings::settings;
use crate::show::document_by;
use crate::words::word;

pub(crate) const HELP: &str = "\
An arrow leads from what depends to what it depends on. Dashed arrows are known from the state alone. What a plan
does not contain, such as locals, is read from the configuration if that is at hand, or else counted and not guessed.

Examples:
  planguard graph tfplan.json > plan.svg
  planguard graph tfplan.json --focus aws_db_instance.main --hops 2 --format mermaid
  planguard graph tfplan.json --by block --changed --format dot | dot -Tpng > plan.png

Exit codes:
  0    the plan was drawn
  2    it could not be read, or is no plan
  130  interrupted";

words! {
    /// What stands for a box.
    #[derive(Default)]
    pub(crate) enum ByWord is "a choice" {
        #[default]
        Auto = "auto": "modules if the plan has some, or else blocks",
        Module = "module": "modules, and the blocks of the root module",
        Block = "block": "blocks of resources and data sources",
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct GraphArguments {
    /// The plan: a file, or - for standard input [default: the one in the working directory]
    #[arg(value_name = "PLAN|-")]
    plan: Option<OsString>,
    /// What stands for a box
    #[arg(long, value_parser = word::<ByWord>(), default_value = "auto", value_name = "WHAT")]
    by: ByWord,
    /// Draw what is around this block or module; keys of instances are ignored
    #[arg(long, value_name = "ADDRESS", value_parser = NonEmptyStringValueParser::new())]
    focus: Option<String>,
    /// How many arrows away from it
    #[arg(long, value_name = "N", default_value_t = 1, requires = "focus")]
    hops: usize,
    /// Leave out what the plan does nothing with
    #[arg(long)]
    changed: bool,
    /// The format
    #[arg(long, value_parser = FormatParser(&render::FORMATS), default_value = render::FORMATS.default().name, value_name = "FORMAT", help_heading = "Output")]
    format: &'static Format<Graph>,
    #[command(flatten)]
    input: InputArguments,
    /// The directory with the Terraform configuration, which tells what local values and dynamic blocks refer to
    /// [default: the plan's directory or the working directory, if the plan was made of it]
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    source: Option<PathBuf>,
    #[command(flatten)]
    sources: SourceArguments,
}

pub(crate) fn run(arguments: &GraphArguments, output: &Output) -> ExitCode {
    drawn(arguments, output).unwrap_or_else(|code| code)
}

fn drawn(arguments: &GraphArguments, output: &Output) -> Result<ExitCode, ExitCode> {
    let said = Said { source: flag("--source", arguments.source.clone().map(Some)), ..Said::default() };
    let settings = settings(arguments.input.said(said), None, &arguments.sources, output)?;
    let mut problems = Vec::new();
    let source = settings
        .source_directory(&mut |error| problems.push(Problem::new(error, None, &Redactor::default())));
    if !problems.is_empty() {
        problems.iter().for_each(|problem| output.problem(problem));
        return Err(ExitCode::from(UNDECIDED));
    }
    let options = GraphOptions {
        by: match arguments.by {
            ByWord::Auto => By::Auto,
            ByWord::Module => By::Module,
            ByWord::Block => By::Block,
        },
        focus: arguments.focus.clone(),
        hops: arguments.hops,
        changed: arguments.changed,
        source,
    };
    let document = document_by(arguments.plan.as_ref(), &arguments.input, &settings, output)?;
    let graph = Graph::of(&document, &options).map_err(|error| {
        output.problem(&Problem::plain(&error));
        ExitCode::from(UNDECIDED)
    })?;
    Ok(output.report(&graph, arguments.format, Detail::default(), 0))
}
