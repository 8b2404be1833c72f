//! `planguard show`.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use planguard::input::{Source, discover};
use planguard::problem::Problem;
use planguard::redact::Redactor;
use planguard::render::{Format, show as render};
use planguard::settings::Settings;
use planguard::show::{PlanView, ShowError};

use crate::UNDECIDED;
use crate::args::{InputArguments, Show, SourceArguments};
use crate::format::FormatParser;
use crate::found::plan_in;
use crate::output::Output;
use crate::settings::settings;
use crate::words::word;

pub(crate) const HELP: &str = "\
Sensitive values are told as changed or unchanged, and not shown. Nothing is judged: `planguard check` does that.

Examples:
  planguard show tfplan.json
  terraform show -json tfplan | planguard show -
  planguard show tfplan.json --format markdown > comment.md

Exit codes:
  0    the plan was shown
  2    it could not be read, or is no plan
  130  interrupted";

#[derive(Clone, Debug, Args)]
pub(crate) struct ShowArguments {
    /// The plan: a file, or - for standard input [default: the one in the working directory]
    #[arg(value_name = "PLAN|-")]
    plan: Option<OsString>,
    /// How much the text shows
    #[arg(long, value_parser = word::<Show>(), default_value = "new", value_name = "WHICH", help_heading = "Output")]
    show: Show,
    /// The format
    #[arg(long, value_parser = FormatParser(&render::FORMATS), default_value = render::FORMATS.default().name, value_name = "FORMAT", help_heading = "Output")]
    format: &'static Format<PlanView>,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    sources: SourceArguments,
}

pub(crate) fn run(arguments: &ShowArguments, output: &Output) -> ExitCode {
    let said = arguments.input.said(planguard::settings::Said::default());
    let settings = match settings(said, None, &arguments.sources, output) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    match view(arguments, &settings) {
        Ok(view) => output.report(&view, arguments.format, arguments.show.detail(), 0),
        Err(problems) => {
            problems.iter().for_each(|problem| output.problem(problem));
            ExitCode::from(UNDECIDED)
        }
    }
}

fn view(arguments: &ShowArguments, settings: &Settings) -> Result<PlanView, Vec<Problem>> {
    let plan = match &arguments.plan {
        Some(plan) => plan.clone(),
        None => plan_in(Path::new(".")).map_err(|error| vec![Problem::plain(&error)])?.into_os_string(),
    };
    let plain = Redactor::default();
    let options = arguments.input.read_options(settings);
    let batch = discover(&[Source::from(plan)], &options).read_all(&options);
    if !batch.errors.is_empty() {
        return Err(batch.errors.iter().map(|error| Problem::new(error, None, &plain)).collect());
    }
    match batch.documents.as_slice() {
        [document] => PlanView::of(document).map_err(|error| vec![Problem::plain(&error)]),
        several => Err(vec![Problem::plain(&ShowError::Several { count: several.len() })]),
    }
}
