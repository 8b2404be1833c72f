//! `planguard waive` and `planguard waivers`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{NaiveDate, Utc};
use clap::Args;
use planguard::check::run as check;
use planguard::environments::NONE;
use planguard::input::Source;
use planguard::known_rules::KnownRules;
use planguard::pattern::Pattern;
use planguard::plan::text::escape::for_terminal;
use planguard::problem::Problem;
use planguard::render::waivers::{FORMATS, WaiverList};
use planguard::render::{Detail, Format};
use planguard::report::Report;
use planguard::settings::{EnvironmentChoice, FILE_NAME, Files, Settings, settings_file};
use planguard::waivers::{Expiry, NewWaiver};

use crate::UNDECIDED;
use crate::args::{GuardrailArguments, InputArguments, PolicyArguments, SourceArguments};
use crate::format::FormatParser;
use crate::held::Held;
use crate::output::Output;
use crate::settings::{files, run_variables, settings_held};

pub(crate) const WAIVE_HELP: &str = "\
Accept a load balancer that is meant to be public:
  planguard waive aws-lb-internet-facing module.web.aws_lb.site \\
    --reason 'the shop is public' --owner team-web --expires 2027-01-31

The rule is the id in the report, or that of another tool, such as CKV_AWS_88. In RULE and ADDRESS, * stands for any
characters. An address without a key means all instances of the resource.";

#[derive(Debug, Args)]
pub(crate) struct WaiveArguments {
    /// The rule whose findings are accepted
    #[arg(value_name = "RULE")]
    rule: String,
    /// The resource whose findings are accepted; without it, findings about the whole plan
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,
    /// Accept them in this environment alone
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// Why they are accepted
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The last day on which the waiver counts, in UTC, such as 2027-01-31
    #[arg(long, value_name = "DATE", value_parser = date)]
    expires: Option<NaiveDate>,
    /// Who accepted them
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Where the decision is recorded
    #[arg(long, value_name = "ID|URL")]
    ticket: Option<String>,
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    guardrails: GuardrailArguments,
    #[command(flatten)]
    sources: SourceArguments,
}

#[derive(Debug, Args)]
pub(crate) struct WaiversArguments {
    /// Plans, to list the findings that each waiver accepts in them
    #[arg(value_name = "PLAN|DIR|-")]
    plans: Vec<OsString>,
    /// List what the waivers of this environment accept as well
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    guardrails: GuardrailArguments,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    sources: SourceArguments,
    /// The format of the list
    #[arg(long, value_parser = FormatParser(&FORMATS), default_value = FORMATS.default().name, value_name = "FORMAT", help_heading = "Output")]
    format: &'static Format<WaiverList>,
}

fn date(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| format!("`{text}` is not a date; write it as 2027-01-31"))
}

/// The environment that a flag names. Without one, waivers of no environment alone count.
fn held(environment: Option<&String>) -> Held {
    let environment =
        environment.map_or(EnvironmentChoice::Never, |name| EnvironmentChoice::Chosen(Some(name.clone())));
    Held { environment, ..Held::default() }
}

pub(crate) fn waive(arguments: &WaiveArguments, output: &Output) -> ExitCode {
    let said = arguments.guardrails.said(arguments.policies.said());
    let parameters = arguments.guardrails.params.clone();
    let settings =
        match settings_held(said, parameters, &arguments.sources, held(arguments.env.as_ref()), output) {
            Ok(settings) => settings,
            Err(code) => return code,
        };
    let mut problems = Vec::new();
    let rules = settings.rules(run_variables(), &mut |diagnostic| problems.push(Problem::plain(diagnostic)));
    problems.iter().for_each(|problem| output.problem(problem));
    let path = match files(&arguments.sources) {
        Files::Named(path) => path,
        Files::OfProject | Files::None => settings_file().unwrap_or_else(|| PathBuf::from(FILE_NAME)),
    };
    let waiver = NewWaiver {
        rule: Pattern::new(&arguments.rule),
        address: arguments.address.as_ref().map(Pattern::new),
        environment: arguments.env.clone().filter(|name| !name.eq_ignore_ascii_case(NONE)),
        reason: arguments.reason.clone(),
        owner: arguments.owner.clone(),
        ticket: arguments.ticket.clone(),
        expires: arguments.expires,
    };
    let expiry = if settings.require_waiver_expiry.value { Expiry::Required } else { Expiry::Optional };
    match waiver.add(&path, &KnownRules::of(&rules), expiry, Utc::now().date_naive()) {
        Ok(added) => {
            let text = format!("added to {}:\n\n{added}", path.display());
            output.finish(&for_terminal(&text), 0)
        }
        Err(error) => {
            output.problem(&Problem::plain(&error));
            ExitCode::from(UNDECIDED)
        }
    }
}

pub(crate) fn list(arguments: &WaiversArguments, output: &Output) -> ExitCode {
    let said = arguments.input.said(arguments.guardrails.said(arguments.policies.said()));
    let parameters = arguments.guardrails.params.clone();
    let settings =
        match settings_held(said, parameters, &arguments.sources, held(arguments.env.as_ref()), output) {
            Ok(settings) => settings,
            Err(code) => return code,
        };
    let report = report(arguments, &settings);
    report.problems.iter().for_each(|problem| output.problem(problem));
    let code = if report.problems.is_empty() { 0 } else { UNDECIDED };
    let list = WaiverList { report, has_plans: !arguments.plans.is_empty() };
    output.report(&list, arguments.format, Detail::default(), code)
}

/// What the waivers accept in the plans; without plans, the waivers alone.
fn report(arguments: &WaiversArguments, settings: &Settings) -> Report {
    let mut problems = Vec::new();
    let mut rules =
        settings.rules(run_variables(), &mut |diagnostic| problems.push(Problem::plain(diagnostic)));
    rules.waivers = rules.waivers.with_comments(settings.comments()).with_environment(arguments.env.clone());
    let mut report = if arguments.plans.is_empty() {
        Report { waivers: rules.waivers.without_plans(), ..Report::default() }
    } else {
        let sources: Vec<Source> = arguments.plans.iter().cloned().map(Source::from).collect();
        let options = settings.check_options();
        check(&sources, &arguments.input.read_options(settings), &rules, &options, &|_| {})
    };
    report.problems.splice(0..0, problems);
    report
}
