//! `planguard check`.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use planguard::check::{Progress, run as check};
use planguard::input::Source;
use planguard::render::{json, text};
use planguard::report::Report;

use crate::UNDECIDED;
use crate::args::{CheckArguments, Format};
use crate::output::Output;
use crate::settings::Settings;

pub(crate) fn run(arguments: &CheckArguments, output: &Output) -> ExitCode {
    let settings = Settings::new(arguments);
    let mut problems = settings.problems().to_vec();
    let rules = settings.rules(&mut problems);
    let sources: Vec<Source> = arguments.plans.iter().cloned().map(Source::from).collect();
    let bar = progress_bar();
    let mut report =
        check(&sources, &settings.read_options(), &rules, &settings.check_options(), &|progress| {
            match progress {
                // Reading and checking are a step each.
                Progress::Found(files) if files > 1 => bar.set_length(2 * files as u64),
                Progress::Found(_) => bar.set_draw_target(ProgressDrawTarget::hidden()),
                Progress::Read | Progress::Checked => bar.inc(1),
            }
        });
    bar.finish_and_clear();
    report.problems.splice(0..0, problems);
    report.notices.splice(0..0, settings.notices().to_vec());
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
