//! `planguard show`.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use planguard::input::{Document, Source, discover};
use planguard::problem::Problem;
use planguard::redact::Redactor;
use planguard::render::{Format, show as render};
use planguard::settings::{Said, Settings};
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
    let shown = document(arguments.plan.as_ref(), &arguments.input, &arguments.sources, output).and_then(
        |document| {
            PlanView::of(&document).map_err(|error| {
                output.problem(&Problem::plain(&error));
                ExitCode::from(UNDECIDED)
            })
        },
    );
    match shown {
        Ok(view) => output.report(&view, arguments.format, arguments.show.detail(), 0),
        Err(code) => code,
    }
}

/// The one plan that is named, or that is in the working directory. What is wrong with it is printed.
///
/// # Errors
/// The exit code of a run without a plan.
pub(crate) fn document(
    plan: Option<&OsString>,
    input: &InputArguments,
    sources: &SourceArguments,
    output: &Output,
) -> Result<Document, ExitCode> {
    let settings = settings(input.said(Said::default()), None, sources, output)?;
    document_by(plan, input, &settings, output)
}

/// The same with settings that are known.
///
/// # Errors
/// The exit code of a run without a plan.
pub(crate) fn document_by(
    plan: Option<&OsString>,
    input: &InputArguments,
    settings: &Settings,
    output: &Output,
) -> Result<Document, ExitCode> {
    let failed = |problems: Vec<Problem>| {
        problems.iter().for_each(|problem| output.problem(problem));
        ExitCode::from(UNDECIDED)
    };
    let plan = match plan {
        Some(plan) => plan.clone(),
        None => plan_in(Path::new(".")).map_err(|error| failed(vec![Problem::plain(&error)]))?.into(),
    };
    let options = input.read_options(settings);
    let batch = discover(&[Source::from(plan)], &options).read_all(&options);
    if !batch.errors.is_empty() {
        let plain = Redactor::default();
        return Err(failed(batch.errors.iter().map(|error| Problem::new(error, None, &plain)).collect()));
    }
    let mut documents = batch.documents;
    match (documents.pop(), documents.len()) {
        (Some(document), 0) => Ok(document),
        (_, others) => Err(failed(vec![Problem::plain(&ShowError::Several { count: others + 1 })])),
    }
}
