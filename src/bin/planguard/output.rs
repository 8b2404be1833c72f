//! Writes to the process's streams, so that a lost report is never a pass.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::process::ExitCode;

use planguard::plan::text::escape;
use planguard::problem::Problem;
use planguard::render::{Colour, Detail, Format, Layout, diagnostic};
use planguard::report::Notice;

use crate::UNDECIDED;
use crate::args::ColorWhen;

/// Columns if there is no terminal: a log in a browser.
const DEFAULT_WIDTH: usize = 100;

/// Where and how to write.
#[derive(Clone)]
pub(crate) struct Output {
    color: ColorWhen,
}

impl Output {
    pub(crate) const fn new(color: ColorWhen) -> Self {
        Self { color }
    }

    /// The layout for standard output.
    pub(crate) fn layout(&self, detail: Detail) -> Layout {
        Layout { colour: self.colour(io::stdout().is_terminal()), width: width(), detail }
    }

    /// The layout for a file.
    pub(crate) fn file_layout(&self, detail: Detail) -> Layout {
        Layout { colour: self.colour(false), width: DEFAULT_WIDTH, detail }
    }

    fn colour(&self, terminal: bool) -> Colour {
        match self.color {
            ColorWhen::Always => Colour::On,
            ColorWhen::Never => Colour::Off,
            ColorWhen::Auto => {
                let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
                    || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
                if terminal && !unwanted { Colour::On } else { Colour::Off }
            }
        }
    }

    /// Writes the whole report and exits with `code`. If the reader closed the pipe, it has read enough and the code
    /// stands; a report that is lost for another reason leaves the run undecided.
    pub(crate) fn finish(&self, report: &str, code: u8) -> ExitCode {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(report.as_bytes()).and_then(|()| stdout.flush()) {
            Ok(()) => ExitCode::from(code),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(code),
            Err(error) => {
                self.complain(&format!("cannot write the report: {error} (PG-CL-001)"));
                ExitCode::from(UNDECIDED)
            }
        }
    }

    /// Writes a report in a format and exits with `code`, as [`Self::finish`] does.
    pub(crate) fn report<R>(&self, report: &R, format: &Format<R>, detail: Detail, code: u8) -> ExitCode {
        self.rendered(report, format, detail, code, |text| text)
    }

    /// Writes a report as [`Self::report`] does, after `change` was applied to its text.
    pub(crate) fn rendered<R>(
        &self,
        report: &R,
        format: &Format<R>,
        detail: Detail,
        code: u8,
        change: impl FnOnce(String) -> String,
    ) -> ExitCode {
        match (format.render)(report, self.layout(detail)) {
            Ok(text) => self.finish(&change(text), code),
            Err(error) => {
                self.complain(&format!("cannot write the report: {error} (PG-CL-001)"));
                ExitCode::from(UNDECIDED)
            }
        }
    }

    /// Clears the terminal, if there is one.
    pub(crate) fn clear(&self) {
        if io::stdout().is_terminal() {
            write_to_stderr("\u{1b}[2J\u{1b}[3J\u{1b}[H");
        }
    }

    /// Prints a problem to standard error.
    pub(crate) fn problem(&self, problem: &Problem) {
        let colour = self.colour(io::stderr().is_terminal());
        let layout = Layout { colour, width: width(), detail: Detail::default() };
        let mut text = diagnostic::render(problem, layout);
        // The next problem, or the report, follows on the same terminal.
        text.push('\n');
        write_to_stderr(&text);
    }

    pub(crate) fn notice(&self, notice: &Notice) {
        write_to_stderr(&format!(
            "note[{}]: {}\n",
            notice.code.for_terminal_line(),
            notice.message.for_terminal_line()
        ));
    }

    pub(crate) fn complain(&self, message: &str) {
        write_to_stderr(&format!("planguard: {}\n", escape::for_terminal(message)));
    }
}

/// Standard error is best effort: the exit code does not depend on it.
pub(crate) fn write_to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Columns of the terminal that standard output is; elsewhere `COLUMNS`, which CI systems and scripts set.
fn width() -> usize {
    if let Some((width, _)) = terminal_size::terminal_size_of(io::stdout()) {
        return usize::from(width.0);
    }
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    said.filter(|columns| *columns > 0).unwrap_or(DEFAULT_WIDTH)
}

/// Whether standard output is redirected to a file, where its reader does not see it now.
pub(crate) fn goes_to_file() -> bool {
    #[cfg(unix)]
    let stdout = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned();
    #[cfg(windows)]
    let stdout = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned();
    stdout.is_ok_and(|stdout| File::from(stdout).metadata().is_ok_and(|metadata| metadata.is_file()))
}
