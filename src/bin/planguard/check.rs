//! `planguard check`.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use miette::Diagnostic;
use planguard::check::{CheckOptions, OnErroredPlan, OnIncompletePlan, Progress, Rules, run as check};
use planguard::enforcement::{EnforcementOptions, Gate, UnknownPolicy};
use planguard::guardrails::change::ChangeOptions;
use planguard::guardrails::load_guardrails;
use planguard::input::{OnWrapperLines, ReadOptions, Source};
use planguard::problem::Problem;
use planguard::redact::Redactor;
use planguard::rego::{
    ContextOptions, Namespaces, Policies, PolicyOptions, RegoPacks, RegoVersion, context_variables,
};
use planguard::render::{json, text};
use planguard::report::Report;

use crate::UNDECIDED;
use crate::args::{CheckArguments, Format, GateArgument, RegoVersionArgument, Unknown};
use crate::output::Output;
use crate::packs;

pub(crate) fn run(arguments: &CheckArguments, output: &Output) -> ExitCode {
    let mut problems = Vec::new();
    let rules = rules(arguments, &mut problems);
    let sources: Vec<Source> = arguments.plans.iter().cloned().map(Source::from).collect();
    let bar = progress_bar();
    let mut report =
        check(&sources, &read_options(arguments), &rules, &options(arguments), &|progress| match progress {
            // Reading and checking are a step each.
            Progress::Found(files) if files > 1 => bar.set_length(2 * files as u64),
            Progress::Found(_) => bar.set_draw_target(ProgressDrawTarget::hidden()),
            Progress::Read | Progress::Checked => bar.inc(1),
        });
    bar.finish_and_clear();
    report.problems.splice(0..0, problems);
    tell(&report, arguments.format, output)
}

fn tell(report: &Report, format: Format, output: &Output) -> ExitCode {
    for notice in &report.notices {
        output.notice(notice);
    }
    for problem in &report.problems {
        output.problem(problem);
    }
    let text = match format {
        Format::Text => text::render(report, output.text_options()),
        Format::Json => match json::render(report) {
            Ok(text) => text,
            Err(error) => {
                output.complain(&format!("cannot write the report: {error} (PG-CL-001)"));
                return ExitCode::from(UNDECIDED);
            }
        },
    };
    output.finish(&text, report.exit_code())
}

/// A bar on a terminal, where there is more than one file to wait for.
fn progress_bar() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}") {
        bar.set_style(style);
    }
    bar
}

fn options(arguments: &CheckArguments) -> CheckOptions {
    CheckOptions {
        enforcement: EnforcementOptions {
            fail_on: arguments.fail_on,
            unknown: match arguments.unknown {
                None => UnknownPolicy::DenyCritical,
                Some(Unknown::Deny) => UnknownPolicy::Deny,
                Some(Unknown::Warn) => UnknownPolicy::Warn,
                Some(Unknown::Ignore) => UnknownPolicy::Ignore,
            },
            gate: match arguments.gate {
                GateArgument::All => Gate::All,
                GateArgument::Introduced => Gate::Introduced,
            },
        },
        change: ChangeOptions {
            max_destroys: arguments.max_destroys,
            max_destroy_percent: arguments.max_destroy_percent,
        },
        errored: if arguments.allow_errored { OnErroredPlan::Accept } else { OnErroredPlan::Undecided },
        incomplete: if arguments.require_complete {
            OnIncompletePlan::Undecided
        } else {
            OnIncompletePlan::Accept
        },
        strict: arguments.strict,
        report_only: arguments.report_only,
    }
}

fn read_options(arguments: &CheckArguments) -> ReadOptions {
    ReadOptions {
        wrapper_lines: if arguments.lenient { OnWrapperLines::Strip } else { OnWrapperLines::Refuse },
        terraform: arguments.terraform.clone(),
        size_cap: arguments.max_size.saturating_mul(1 << 20),
    }
}

fn rules(arguments: &CheckArguments, problems: &mut Vec<Problem>) -> Rules {
    let plain = Redactor::default();
    let mut say = |diagnostic: &dyn Diagnostic| problems.push(Problem::new(diagnostic, None, &plain));
    let chosen = packs::choose(arguments, &mut say);
    let guardrails = load_guardrails(&arguments.guardrails).unwrap_or_else(|errors| {
        errors.iter().for_each(|error| say(error));
        Vec::new()
    });
    Rules { packs: chosen.builtin, guardrails, policies: policies(arguments, chosen.rego) }
}

fn policies(arguments: &CheckArguments, packs: RegoPacks) -> Option<Policies> {
    if arguments.policy.is_empty() && packs.is_empty() {
        return None;
    }
    let options = PolicyOptions {
        paths: arguments.policy.clone(),
        packs,
        convention: arguments.convention.chosen(),
        context: ContextOptions {
            file: arguments.context.clone(),
            infracost: arguments.infracost.clone(),
            environment: context_variables()
                .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
                .collect(),
        },
        namespaces: match (arguments.all_namespaces, arguments.namespace.is_empty()) {
            (true, _) => Namespaces::All,
            (false, true) => Namespaces::default(),
            (false, false) => Namespaces::Named(arguments.namespace.clone()),
        },
        data: arguments.data.clone(),
        version: match arguments.rego_version {
            RegoVersionArgument::V1 => RegoVersion::V1,
            RegoVersionArgument::V0 => RegoVersion::V0,
        },
        time_limit: Duration::from_secs(arguments.policy_timeout),
        ..PolicyOptions::default()
    };
    Some(Policies::load(&options))
}
