//! `planguard test`.

use std::ffi::OsStr;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use planguard::plan::text::escape::for_terminal_line;
use planguard::rego::testing::{Measure, RegoTestOptions};
use planguard::render::{self, Detail, Format, Layout};
use planguard::settings::Settings;
use planguard::testing::{
    CoverageReport, OnFailedCases, OnSkipped, Percentage, TestOptions, TestReport, run as run_tests,
};
use regex::Regex;

use crate::UNDECIDED;
use crate::args::{PolicyArguments, SourceArguments};
use crate::format::FormatParser;
use crate::isolation::IsolationArguments;
use crate::output::{Output, write_to_stderr};
use crate::settings::settings;
use crate::watch::watch;

pub(crate) const HELP: &str = "\
A test is
  - a rule whose name starts with test_, as for `opa test`; it passes if its value is true
  - a plan case in a file cases.toml or *.cases.toml, with the expected findings
  - a case beside a guardrail in a TOML file

Exit codes:
  0    all tests pass; skipped tests are listed
  1    a test failed, or coverage is below --threshold
  2    something could not be loaded or run, or there are no tests; wins over 1
  130  interrupted";

#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// Files and directories of policies and tests [default: those of the settings, or else policy or the working
    /// directory]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Run only tests whose full name, such as data.main.test_x, matches
    #[arg(short, long, value_name = "REGEX", help_heading = "Selection")]
    run: Option<Regex>,
    /// Skip files and directories with this name; * and ? are wildcards (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    ignore: Vec<String>,

    /// How many tests run at a time [default: the number of processors]
    #[arg(short, long, value_name = "N", help_heading = "Running")]
    jobs: Option<NonZeroUsize>,
    /// Write the findings of plan cases to their files as the expected ones, and report what changed; Rego tests do
    /// not change
    #[arg(long, help_heading = "Running")]
    update: bool,
    /// Exit 1 if a test is skipped
    #[arg(long, help_heading = "Running")]
    fail_on_skipped: bool,

    /// Measure which lines of the policies are evaluated
    #[arg(long, help_heading = "Coverage")]
    coverage: bool,
    /// Exit 1 if a smaller percentage of lines is evaluated; implies --coverage
    #[arg(long, value_name = "PERCENT", help_heading = "Coverage")]
    threshold: Option<Percentage>,

    /// Also write the coverage to this file; implies --coverage
    #[arg(long, value_name = "FILE", help_heading = "Coverage")]
    coverage_output: Option<PathBuf>,
    /// The format of that file [default: json if its name ends so, else lcov]
    #[arg(long, value_parser = FormatParser(&render::coverage::FORMATS), value_name = "FORMAT", requires = "coverage_output", help_heading = "Coverage")]
    coverage_format: Option<&'static Format<CoverageReport>>,

    /// List every test with its output, and every line that is not evaluated
    #[arg(short, long, help_heading = "Output")]
    verbose: bool,
    /// Run again whenever a file changes; Ctrl-C exits
    #[arg(short, long, conflicts_with = "update", help_heading = "Running")]
    watch: bool,
    /// The format of the report
    #[arg(long, value_parser = FormatParser(&render::test::FORMATS), default_value = render::test::FORMATS.default().name, value_name = "FORMAT", help_heading = "Output")]
    format: &'static Format<TestReport>,

    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    sources: SourceArguments,
    #[command(flatten)]
    pub(crate) isolation: IsolationArguments,
}

pub(crate) fn run(arguments: &TestArguments, output: &Output) -> ExitCode {
    let said = arguments.policies.said_with(&arguments.paths);
    let settings = match settings(said, None, &arguments.sources, output) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let options = options(arguments, &settings);
    if !arguments.watch {
        return run_once(arguments, &options, output);
    }
    let mut watched = options.rego.paths.clone();
    let what = watched
        .iter()
        .map(|path| for_terminal_line(&path.display().to_string()))
        .collect::<Vec<_>>()
        .join(", ");
    watched.extend(options.rego.data.clone());
    let ended = watch(&watched, arguments.coverage_output.as_deref(), || {
        output.clear();
        run_once(arguments, &options, output);
        write_to_stderr(&format!("\nwatching {what}; Ctrl-C exits\n"));
    });
    if let Err(reason) = ended {
        output.complain(&format!("cannot watch for changes: {reason} (PG-CL-005)"));
    }
    ExitCode::from(UNDECIDED)
}

fn run_once(arguments: &TestArguments, options: &TestOptions, output: &Output) -> ExitCode {
    let report = run_tests(options);
    for problem in &report.problems {
        output.problem(problem);
    }
    let detail = if arguments.verbose { Detail::Everything } else { Detail::Failures };
    let code = output.report(&report, arguments.format, detail, report.verdict().exit_code());
    match (&arguments.coverage_output, &report.coverage) {
        (Some(file), Some(coverage)) => {
            match write_coverage(arguments.coverage_format, file, coverage, output.layout(detail)) {
                Ok(()) => code,
                Err(reason) => {
                    output.complain(&format!("cannot write {}: {reason} (PG-CL-001)", file.display()));
                    ExitCode::from(UNDECIDED)
                }
            }
        }
        (None, _) | (Some(_), None) => code,
    }
}

fn write_coverage(
    chosen: Option<&'static Format<CoverageReport>>,
    file: &Path,
    coverage: &CoverageReport,
    layout: Layout,
) -> Result<(), String> {
    let formats = &render::coverage::FORMATS;
    let extension = file.extension().and_then(OsStr::to_str);
    let format = chosen.or_else(|| formats.by_extension(extension?)).unwrap_or_else(|| formats.default());
    let text = (format.render)(coverage, layout).map_err(|error| error.to_string())?;
    fs::write(file, text).map_err(|error| error.to_string())
}

fn options(arguments: &TestArguments, settings: &Settings) -> TestOptions {
    let measured = arguments.coverage || arguments.threshold.is_some() || arguments.coverage_output.is_some();
    TestOptions {
        rego: RegoTestOptions {
            ignore: arguments.ignore.clone(),
            measure: if measured { Measure::Coverage } else { Measure::Nothing },
            ..settings.test_options()
        },
        run: arguments.run.clone(),
        jobs: arguments.jobs.unwrap_or_else(planguard_threads::count),
        threshold: arguments.threshold,
        failed_cases: if arguments.update { OnFailedCases::Update } else { OnFailedCases::Report },
        skipped: if arguments.fail_on_skipped { OnSkipped::Fail } else { OnSkipped::Accept },
    }
}
