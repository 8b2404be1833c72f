//! `planguard merge`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use planguard::merge::{MergeError, MergeOptions, Named, OnDifferentRules, merge};
use planguard::problem::Problem;
use planguard::render;

use crate::UNDECIDED;
use crate::args::Show;
use crate::github::Annotations;
use crate::output::Output;
use crate::outputs::Outputs;
use crate::words::word;

pub(crate) const HELP: &str = "\
Divide the plans among eight jobs, and decide by all of them:
  planguard check plans/ --partition 1/8 --format json --output report-1.json    (and 2/8, …)
  planguard merge report-*.json

One report for a matrix of workspaces, of which there should be five:
  planguard merge reports/ --expect 5 --format markdown

The verdict is undecided if a part is missing, is there twice, or was made by other rules.";

#[derive(Debug, Args)]
pub(crate) struct MergeArguments {
    /// Reports of `planguard check --format json`: files, or directories with files named *.json
    #[arg(value_name = "REPORT|DIR", required = true)]
    reports: Vec<PathBuf>,
    /// Be undecided unless there are as many reports
    #[arg(long, value_name = "N", help_heading = "Verdict")]
    expect: Option<usize>,
    /// Merge reports that were made by different rules: workspaces with settings of their own
    #[arg(long, help_heading = "Verdict")]
    different_rules: bool,
    #[command(flatten)]
    outputs: Outputs,
    /// Which findings the text report shows in full
    #[arg(long, value_parser = word::<Show>(), default_value = "new", value_name = "WHICH", help_heading = "Output")]
    show: Show,
    /// Under GitHub Actions, print no annotations and write no summary of the step
    #[arg(long, help_heading = "Output")]
    no_annotations: bool,
}

pub(crate) fn run(arguments: &MergeArguments, output: &Output) -> ExitCode {
    let outputs = &arguments.outputs;
    let (mut files, mut unread) = (Vec::new(), Vec::new());
    for path in &arguments.reports {
        match files_of(path) {
            Ok(found) => files.extend(found),
            Err(error) => unread.push(error),
        }
    }
    let names: Vec<_> = files.iter().map(|file| file.clone().into_os_string()).collect();
    if let Err(error) = outputs.examine(&names, None) {
        output.problem(&Problem::plain(&error));
        return ExitCode::from(UNDECIDED);
    }
    let mut reports = Vec::new();
    for file in files {
        match read(&file) {
            Ok(report) => reports.push(report),
            Err(error) => unread.push(error),
        }
    }
    let options = MergeOptions {
        expected: arguments.expect,
        different_rules: match arguments.different_rules {
            true => OnDifferentRules::Accept,
            false => OnDifferentRules::Undecided,
        },
    };
    let mut report = merge(reports, unread, &options);
    let detail = arguments.show.detail();
    let lost = outputs.write_files(&report, output.file_layout(detail));
    report.problems.extend(lost.iter().map(|error| Problem::plain(error)));
    let annotations = if arguments.no_annotations { Annotations::Refused } else { Annotations::Wanted };
    outputs.print(&report, annotations, detail, output)
}

/// The reports that a path names: a file, or the files of a directory, by their names.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, MergeError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable =
        |error: std::io::Error| MergeError::Unreadable { file: path.to_owned(), reason: error.to_string() };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() { Err(MergeError::Nothing { directory: path.to_owned() }) } else { Ok(files) }
}

/// Reads a report.
pub(crate) fn read(file: &Path) -> Result<Named, MergeError> {
    let unreadable = |reason: String| MergeError::Unreadable { file: file.to_owned(), reason };
    let metadata = fs::metadata(file).map_err(|error| unreadable(error.to_string()))?;
    if !metadata.is_file() {
        // Reading a named pipe may never end.
        return Err(unreadable("it is not a regular file".to_owned()));
    }
    let text = fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    let report = render::check::read(&text)
        .map_err(|source| MergeError::NoReport { file: file.to_owned(), source })?;
    Ok(Named { name: file.display().to_string(), report })
}
