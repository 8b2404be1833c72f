//! `planguard test`.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use planguard::rego::RegoVersion;
use planguard::rego::testing::{Measure, RegoTestOptions};
use planguard::render::testing::pretty::{self, Detail};
use planguard::render::testing::{coverage, github, json, junit};
use planguard::testing::{
    CoverageReport, OnFailedCases, OnSkipped, Percentage, TestOptions, run as run_tests,
};
use regex::Regex;

use crate::UNDECIDED;
use crate::args::RegoVersionArgument;
use crate::output::{Output, write_to_stderr};
use crate::watch::watch;

pub(crate) const HELP: &str = "\
A test is
  - a rule whose name starts with test_, as for `opa test`; it passes if its value is true
  - a plan case in a file cases.toml or *.cases.toml, with the findings that are expected
  - a case beside a guardrail in a TOML file

Exit codes:
  0    all tests pass; skipped ones are listed
  1    a test failed, or tests reach less than --threshold asks for
  2    something could not be loaded or run, or there was nothing to run; wins over 1
  130  interrupted";

/// Where policies are looked for if nobody says where.
const DEFAULT_DIRECTORY: &str = "policy";

#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// Files and directories of policies and tests [default: the directory policy, or else this one]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Run the tests whose whole name, such as data.main.test_x, matches
    #[arg(short, long, value_name = "REGEX", help_heading = "Selection")]
    pub(crate) run: Option<Regex>,
    /// Pass over files and directories of this name; * and ? are wildcards (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    pub(crate) ignore: Vec<String>,

    /// Load JSON or YAML documents into the root of `data` (repeatable); those beside policies are loaded anyway
    #[arg(short, long, value_name = "PATH", help_heading = "Running")]
    pub(crate) data: Vec<PathBuf>,
    /// The dialect of the policies [default: that of each file]
    #[arg(long, value_enum, value_name = "VERSION", help_heading = "Running")]
    pub(crate) rego_version: Option<RegoVersionArgument>,
    /// How long one test may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600), help_heading = "Running")]
    pub(crate) timeout: u64,
    /// How many tests run at a time [default: the number of processors]
    #[arg(short, long, value_name = "N", help_heading = "Running")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Write what cases find into their files as what they expect, and tell what changed; Rego tests stay as they are
    #[arg(long, help_heading = "Running")]
    pub(crate) update: bool,
    /// Exit with 1 if a test is skipped
    #[arg(long, help_heading = "Running")]
    pub(crate) fail_on_skipped: bool,

    /// Measure which lines of the policies are evaluated
    #[arg(long, help_heading = "Coverage")]
    pub(crate) coverage: bool,
    /// Exit with 1 if less of the lines is evaluated; measures them
    #[arg(long, value_name = "PERCENT", help_heading = "Coverage")]
    pub(crate) threshold: Option<Percentage>,

    /// Write what is covered to this file as well; measures it
    #[arg(long, value_name = "FILE", help_heading = "Coverage")]
    pub(crate) coverage_output: Option<PathBuf>,
    /// The form of that file [default: json if it is called so, or else lcov]
    #[arg(long, value_enum, value_name = "FORM", requires = "coverage_output", help_heading = "Coverage")]
    pub(crate) coverage_format: Option<CoverageFormat>,

    /// List every test and what it prints, and every line that is not evaluated
    #[arg(short, long, help_heading = "Output")]
    pub(crate) verbose: bool,
    /// Run again whenever a file changes; Ctrl-C ends it
    #[arg(short, long, conflicts_with = "update", help_heading = "Running")]
    pub(crate) watch: bool,
    /// The form of the report
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: TestFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people
    #[default]
    Pretty,
    /// docs/test-report.schema.json describes it
    Json,
    /// JUnit XML
    Junit,
    /// Workflow commands of GitHub Actions
    Github,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CoverageFormat {
    /// A tracefile of LCOV
    Lcov,
    /// The JSON of `opa test --coverage`
    Json,
}

pub(crate) fn run(arguments: &TestArguments, output: &Output) -> ExitCode {
    if !arguments.watch {
        return run_once(arguments, output);
    }
    let mut watched = paths(arguments);
    let what = watched.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    watched.extend(arguments.data.clone());
    let ended = watch(&watched, arguments.coverage_output.as_deref(), || {
        output.clear();
        run_once(arguments, output);
        write_to_stderr(&format!("\nwatching {what}; Ctrl-C ends\n"));
    });
    if let Err(reason) = ended {
        output.complain(&format!("cannot watch for changes: {reason} (PG-CL-005)"));
    }
    ExitCode::from(UNDECIDED)
}

fn run_once(arguments: &TestArguments, output: &Output) -> ExitCode {
    let report = run_tests(&options(arguments));
    for problem in &report.problems {
        output.problem(problem);
    }
    let text = match arguments.format {
        TestFormat::Pretty => {
            let detail = if arguments.verbose { Detail::Everything } else { Detail::Failures };
            Ok(pretty::render(&report, detail, output.text_options()))
        }
        TestFormat::Json => json::render(&report).map_err(|error| error.to_string()),
        TestFormat::Junit => junit::render(&report).map_err(|error| error.to_string()),
        TestFormat::Github => Ok(github::render(&report)),
    };
    let text = match text {
        Ok(text) => text,
        Err(error) => {
            output.complain(&format!("cannot write the report: {error} (PG-CL-001)"));
            return ExitCode::from(UNDECIDED);
        }
    };
    let code = output.finish(&text, report.verdict().exit_code());
    match (&arguments.coverage_output, &report.coverage) {
        (Some(file), Some(coverage)) => match write_coverage(arguments, file, coverage) {
            Ok(()) => code,
            Err(reason) => {
                output.complain(&format!("cannot write {}: {reason} (PG-CL-001)", file.display()));
                ExitCode::from(UNDECIDED)
            }
        },
        (None, _) | (Some(_), None) => code,
    }
}

fn write_coverage(arguments: &TestArguments, file: &Path, coverage: &CoverageReport) -> Result<(), String> {
    let is_json = file.extension().is_some_and(|extension| extension == "json");
    let format = arguments.coverage_format.unwrap_or(if is_json {
        CoverageFormat::Json
    } else {
        CoverageFormat::Lcov
    });
    let text = match format {
        CoverageFormat::Lcov => coverage::lcov(coverage),
        CoverageFormat::Json => coverage::json(coverage).map_err(|error| error.to_string())?,
    };
    fs::write(file, text).map_err(|error| error.to_string())
}

fn options(arguments: &TestArguments) -> TestOptions {
    let measured = arguments.coverage || arguments.threshold.is_some() || arguments.coverage_output.is_some();
    TestOptions {
        rego: RegoTestOptions {
            paths: paths(arguments),
            data: arguments.data.clone(),
            ignore: arguments.ignore.clone(),
            version: arguments.rego_version.map(RegoVersion::from),
            time_limit: Duration::from_secs(arguments.timeout),
            measure: if measured { Measure::Coverage } else { Measure::Nothing },
        },
        run: arguments.run.clone(),
        jobs: arguments
            .jobs
            .unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)),
        threshold: arguments.threshold,
        failed_cases: if arguments.update { OnFailedCases::Update } else { OnFailedCases::Report },
        skipped: if arguments.fail_on_skipped { OnSkipped::Fail } else { OnSkipped::Accept },
    }
}

fn paths(arguments: &TestArguments) -> Vec<PathBuf> {
    if !arguments.paths.is_empty() {
        return arguments.paths.clone();
    }
    let policy = Path::new(DEFAULT_DIRECTORY);
    vec![if policy.is_dir() { policy.to_owned() } else { PathBuf::from(".") }]
}
