//! `planguard check`.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use chrono::Utc;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use miette::{Diagnostic, MietteDiagnostic};
use planguard::check::{CheckOptions, Details, OnErroredPlan, Rules};
use planguard::check::{Progress, run as check};
use planguard::input::{Partition, ReadOptions, Source, Terraform};
use planguard::problem::Problem;
use planguard::redact::Redactor;
use planguard::render;
use planguard::report::{EnvironmentReport, Notice, PolicyCommit, Report};
use planguard::settings::{Origin, Place, Resolution, Settings};
use planguard::waivers::Comments;

use crate::UNDECIDED;
use crate::args::{CheckArguments, GateArguments};
use crate::attest::{Asked, Attester};
use crate::found;
use crate::isolation;
use crate::output::Output;
use crate::outputs::OutputError;
use crate::partition::PartitionArgument;
use crate::settings::{printed, problems, resolution, run_variables};

pub(crate) fn run(arguments: &CheckArguments, asked: Asked, output: &Output) -> ExitCode {
    let gate = &arguments.gate;
    let part = arguments.partition.map(|PartitionArgument(part)| part);
    let resolution = resolved(gate);
    let has_policies = !resolution.settings.paths.value.is_empty();
    if has_policies
        && gate.sources.print_settings.is_none()
        && let Some(code) = isolation::by_default(&arguments.isolation, output)
    {
        return code;
    }
    if !arguments.plans.is_empty() || gate.sources.print_settings.is_some() {
        if arguments.plans.iter().any(|plan| plan == "-") && io::stdin().is_terminal() {
            output.notice(&Notice::new(
                "PG-CL-101",
                "waiting for a plan on standard input: paste its JSON, then press Ctrl-D",
            ));
        }
        return check_plans(&arguments.plans, gate, resolution, asked, None, part, output);
    }
    match found::plan_in(Path::new(".")) {
        Ok(plan) => {
            let message = format!("checking {}, the plan in the working directory", plan.display());
            output.notice(&Notice::new("PG-CL-102", &message));
            check_plans(&[plan.into_os_string()], gate, resolution, asked, None, part, output)
        }
        Err(error) => {
            output.problem(&Problem::plain(&error));
            ExitCode::from(UNDECIDED)
        }
    }
}

/// Checks plans, or one part of them, and prints the report. `shown_by` converts binary plans, whatever the settings say.
pub(crate) fn check_plans(
    plans: &[OsString],
    arguments: &GateArguments,
    mut resolution: Resolution,
    asked: Asked,
    shown_by: Option<Terraform>,
    partition: Option<Partition>,
    output: &Output,
) -> ExitCode {
    let started = Instant::now();
    if let Some(code) = printed(&resolution, &arguments.sources, output) {
        return code;
    }
    if let Err(error) = arguments.outputs.examine(plans, arguments.audit.as_deref()) {
        output.problem(&Problem::plain(&error));
        return ExitCode::from(UNDECIDED);
    }
    let attester = match Attester::new(arguments, asked, plans) {
        Ok(attester) => attester,
        Err(error) => {
            output.problem(&Problem::plain(&error));
            return ExitCode::from(UNDECIDED);
        }
    };
    // The run goes on without what is wrong with the settings, so that everything else is reported too, and is
    // undecided.
    let mut problems = problems(&resolution);
    without_waivers(&mut resolution, arguments);
    let settings = &resolution.settings;
    let read = ReadOptions {
        terraform: shown_by.or_else(|| settings.terraform()),
        ..arguments.input.read_options(settings)
    };
    let mut report_problem = |diagnostic: &dyn Diagnostic| problems.push(Problem::plain(diagnostic));
    let mut rules = settings.rules(run_variables(), &mut report_problem);
    rules.baseline = settings.read_baseline(&mut report_problem);
    rules.waivers = rules.waivers.with_comments(match (arguments.no_waivers, &resolution.trusted) {
        (true, _) => Comments::NotRead,
        (false, Some(trusted)) => Comments::Untrusted(trusted.name().to_owned()),
        (false, None) => settings.comments(),
    });
    let environment = resolution.environment.as_ref();
    rules.waivers = rules.waivers.with_environment(environment.map(|environment| environment.name.clone()));
    rules.approvals.clone_from(&resolution.approvals);
    if has_flags_without_policies(settings) {
        report_problem(
            &MietteDiagnostic::new("flags for policies are set, but there are no policies")
                .with_code("PG-CL-003")
                .with_help("name policies with --policy, or in planguard.toml under [policies] paths"),
        );
    }
    let options = CheckOptions {
        errored: arguments.on_errored_plan(),
        report_only: arguments.report_only,
        partition,
        details: if arguments.outputs.has(render::check::PAGE.name) {
            Details::Wanted
        } else {
            Details::LeftOut
        },
        ..settings.check_options()
    };
    let sources: Vec<Source> = plans.iter().cloned().map(Source::from).collect();
    let bar = progress_bar();
    let mut report = check(&sources, &read, &rules, &options, &|progress| match progress {
        // Reading and checking are a step each.
        Progress::Found(files) if files > 1 => bar.set_length(2 * files as u64),
        Progress::Found(_) => bar.set_draw_target(ProgressDrawTarget::hidden()),
        Progress::Read | Progress::Checked => bar.inc(1),
    });
    bar.finish_and_clear();
    report.problems.splice(0..0, problems);
    report.notices.splice(0..0, resolution.notices.iter().cloned());
    report.notices.extend(settings.unused());
    report.trust = settings.trust(resolution.trusted.as_ref(), &rules);
    report.environment = resolution.environment.as_ref().map(EnvironmentReport::new);
    report.policy_commits = settings.policy_commits();
    report.notices.extend(report.policy_commits.iter().map(|PolicyCommit { source, commit }| {
        let message =
            format!("the policies of {} are those of commit {}", source.unescaped(), commit.unescaped());
        Notice::new("PG-CF-108", &message)
    }));
    // To write all settings out takes as long as to check a small plan.
    if arguments.audit.is_some() || arguments.outputs.has(render::check::WHOLE.name) || attester.is_some() {
        let plain = Redactor::default();
        report.settings_sha256 = Some(plain.text(&settings.sha256(&paths_shown(&resolution))));
        report.rules_sha256 =
            Some(plain.text(&rules_digest(&rules, &resolution, arguments.on_errored_plan())));
    }
    if let Some(trusted) = &resolution.trusted {
        trusted.name_in(&mut report);
    }
    report.duration = Some(started.elapsed());
    let code = print(&mut report, arguments, attester.as_ref().map(|attester| (attester, &read)), output);
    // The process ends now: to take hundreds of prepared policies apart takes as long as to parse them.
    std::mem::forget((rules, report));
    code
}

/// The settings of a check: what the arguments, the variables and the files say.
pub(crate) fn resolved(arguments: &GateArguments) -> Resolution {
    resolution(
        arguments.said(),
        arguments.guardrails.params.clone(),
        &arguments.sources,
        Place::Trusted(arguments.trusted.clone()),
        arguments.run.held(),
    )
}

/// Forgets what accepts findings, if the arguments say so.
fn without_waivers(resolution: &mut Resolution, arguments: &GateArguments) {
    if arguments.no_waivers {
        resolution.settings.waivers.clear();
        resolution.settings.baseline.value = None;
    }
}

/// Names paths of the trusted place as people would.
fn paths_shown(resolution: &Resolution) -> impl Fn(&str) -> String {
    move |text| resolution.trusted.as_ref().map_or_else(|| text.to_owned(), |trusted| trusted.shown(text))
}

/// The digest of all that decides.
fn rules_digest(rules: &Rules, resolution: &Resolution, errored: OnErroredPlan) -> String {
    rules.sha256(&resolution.settings.deciding_sha256(&paths_shown(resolution)), errored)
}

/// With what a check with these arguments would decide.
pub(crate) struct Decided {
    /// The digest of its rules.
    pub(crate) rules_sha256: String,
    /// What is wrong with them.
    pub(crate) problems: Vec<Problem>,
}

/// The rules of a check with these arguments, which checks nothing.
///
/// # Errors
///
/// The exit code, if the arguments ask for something else.
pub(crate) fn decided(arguments: &GateArguments, output: &Output) -> Result<Decided, ExitCode> {
    let (resolution, rules, problems) = loaded(arguments, output)?;
    Ok(Decided { rules_sha256: rules_digest(&rules, &resolution, arguments.on_errored_plan()), problems })
}

/// What is wrong with the settings and rules of a check with these arguments, whatever the plan is.
///
/// # Errors
///
/// The exit code, if the arguments ask for something else.
#[cfg(feature = "serve")]
pub(crate) fn mistakes(arguments: &GateArguments, output: &Output) -> Result<Vec<Problem>, ExitCode> {
    let (_, rules, mut problems) = loaded(arguments, output)?;
    problems.extend(planguard::check::mistakes(&rules));
    Ok(problems)
}

fn loaded(arguments: &GateArguments, output: &Output) -> Result<(Resolution, Rules, Vec<Problem>), ExitCode> {
    let mut resolution = resolved(arguments);
    if let Some(code) = printed(&resolution, &arguments.sources, output) {
        return Err(code);
    }
    let mut problems = problems(&resolution);
    without_waivers(&mut resolution, arguments);
    let settings = &resolution.settings;
    let mut report_problem = |diagnostic: &dyn Diagnostic| problems.push(Problem::plain(diagnostic));
    let mut rules = settings.rules(run_variables(), &mut report_problem);
    rules.baseline = settings.read_baseline(&mut report_problem);
    Ok((resolution, rules, problems))
}

/// Writes the files and prints the report. Files come first: one that cannot be written leaves the run undecided, and what
/// is printed says so.
///
/// The attestation is the last file: it states the verdict with all that went wrong before.
fn print(
    report: &mut Report,
    arguments: &GateArguments,
    attester: Option<(&Attester<'_>, &ReadOptions)>,
    output: &Output,
) -> ExitCode {
    let outputs = &arguments.outputs;
    let detail = arguments.show.detail();
    let lost = outputs.write_files(report, output.file_layout(detail));
    report.problems.extend(lost.iter().map(|error| Problem::plain(error)));
    if let Some(file) = &arguments.audit
        && let Err(error) = audit(report, file)
    {
        report.problems.push(Problem::plain(&error));
    }
    if let Some((attester, read)) = attester {
        match attester.attest(report, read) {
            Ok(notices) => report.notices.extend(notices),
            Err(error) => report.problems.push(Problem::plain(&error)),
        }
    }
    outputs.print(report, arguments.annotations(), detail, output)
}

/// Appends to the audit log what the run decided. A verdict that is in no log is none.
fn audit(report: &Report, file: &Path) -> Result<(), OutputError> {
    let lines = render::audit::lines(report, Utc::now())?;
    planguard::audit::append(file, &lines)
        .map_err(|reason| OutputError::Refused { file: file.to_owned(), reason })
}

/// Whether a flag is about policies that the user does not name. Packs bring policies of their own, which none of
/// these flags is about.
fn has_flags_without_policies(settings: &Settings) -> bool {
    let is_flag = |origin: &Origin| matches!(origin, Origin::Flag(_));
    settings.paths.value.is_empty()
        && (is_flag(&settings.namespaces.origin)
            || is_flag(&settings.data.origin)
            // Environments and approvals look at it as well.
            || is_flag(&settings.context.origin) && !settings.look_at_the_run())
}

/// A progress bar, on a terminal and for more than one file.
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
