//! What `check` does by itself under GitHub Actions: annotations beside the lines of a pull request, and the summary of
//! the step.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use planguard::render::{Detail, RenderError, check};
use planguard::report::Report;

use crate::output::{Output, write_to_stderr};
use crate::outputs::Outputs;

/// What GitHub says of the step that planguard runs in, and the user of what he wants there.
#[derive(Debug)]
pub(crate) struct Step {
    annotates: bool,
    summary: Option<PathBuf>,
}

/// Whether the user wants what is done under GitHub Actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Annotations {
    /// He does.
    Wanted,
    /// `--no-annotations`.
    Refused,
}

impl Step {
    /// Reads the environment of the process. What the outputs do already is not done twice.
    pub(crate) fn new(wanted: Annotations, outputs: &Outputs) -> Self {
        Self::of(wanted, outputs, |name| std::env::var_os(name))
    }

    fn of(wanted: Annotations, outputs: &Outputs, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let is_here = variable("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        if !is_here || wanted == Annotations::Refused {
            return Self { annotates: false, summary: None };
        }
        let summary = variable("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from);
        Self {
            annotates: !outputs.has(check::GITHUB.name),
            summary: summary.filter(|path| !outputs.writes(path)),
        }
    }

    /// Prints the annotations, and adds to the summary. Both come on top of the reports that were asked for: if they fail,
    /// the user is told, and the exit code stands.
    ///
    /// GitHub reads commands from both streams. They go to standard error, so that a report on standard output stays as
    /// its format wants it.
    pub(crate) fn report(&self, report: &Report, output: &Output) {
        let layout = output.file_layout(Detail::default());
        if self.annotates {
            match check::annotations(report, layout) {
                Ok(commands) => write_to_stderr(&commands),
                Err(error) => output.complain(&format!("cannot write annotations: {error} (PG-CL-001)")),
            }
        }
        if let Some(file) = &self.summary {
            let added = (check::STEP_SUMMARY.render)(report, layout)
                .map_err(|error: RenderError| error.to_string())
                .and_then(|text| append(file, &text).map_err(|error| error.to_string()));
            if let Err(reason) = added {
                output.complain(&format!("cannot write the summary of the step: {reason} (PG-CL-007)"));
            }
        }
    }
}

/// Adds a text to the end of a file: earlier commands of the step have their summaries there.
fn append(file: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(file)?;
    file.write_all(format!("{text}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(wanted: Annotations, outputs: &str, actions: &str) -> (bool, bool) {
        let outputs = Outputs::parsed(outputs).unwrap();
        let step = Step::of(wanted, &outputs, |name| match name {
            "GITHUB_ACTIONS" => Some(actions.into()),
            "GITHUB_STEP_SUMMARY" => Some("summary.md".into()),
            _ => None,
        });
        (step.annotates, step.summary.is_some())
    }

    #[test]
    fn nothing_is_done_elsewhere_or_twice() {
        use Annotations::{Refused, Wanted};
        assert_eq!(step(Wanted, "", "true"), (true, true));
        assert_eq!(step(Wanted, "--format json", "true"), (true, true));
        assert_eq!(step(Wanted, "", "false"), (false, false));
        assert_eq!(step(Wanted, "", ""), (false, false));
        assert_eq!(step(Refused, "", "true"), (false, false));
        assert_eq!(step(Wanted, "--format github", "true"), (false, true));
        assert_eq!(step(Wanted, "--format github --output a", "true"), (false, true));
        assert_eq!(step(Wanted, "--output summary.md", "true"), (true, false));
    }
}
