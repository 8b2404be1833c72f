//! The reports that `check` writes: which formats, and where each goes.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use clap::builder::ValueParser;
use clap::error::{Error, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use miette::Diagnostic;
use planguard::plan::text::escape;
use planguard::render::{Detail, Format, Formats, Layout, RenderError, check};
use planguard::report::Report;
use planguard::whole_file;

use crate::format::FormatParser;
use crate::github::{Annotations, Step};
use crate::output::{Output, goes_to_file};

const FORMATS: &Formats<Report> = &check::FORMATS;

/// The reports of a run. Exactly one of them goes to standard output.
#[derive(Debug)]
pub(crate) struct Outputs {
    stdout: &'static Format<Report>,
    files: Vec<(&'static Format<Report>, PathBuf)>,
}

/// Why a report cannot be written to a file.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum OutputError {
    /// Its directory is missing.
    #[error("cannot write {}: the directory {} does not exist", file.display(), directory.display())]
    #[diagnostic(code("PG-CL-007"), help("create the directory first"))]
    NoDirectory { file: PathBuf, directory: PathBuf },
    /// It is a directory.
    #[error("cannot write {}: it is a directory", file.display())]
    #[diagnostic(code("PG-CL-007"), help("name a file behind --output"))]
    IsDirectory { file: PathBuf },
    /// A report is written as a whole, and an audit log is added to.
    #[error("cannot append to {}: a report is written to it", file.display())]
    #[diagnostic(code("PG-CL-007"), help("name another file behind --audit"))]
    IsReport { file: PathBuf },
    /// A plan would be lost.
    #[error("cannot write {}: it is one of the plans to check", file.display())]
    #[diagnostic(code("PG-CL-007"), help("name another file behind --output"))]
    IsPlan { file: PathBuf },
    /// The system refuses it.
    #[error("cannot write {}: {reason}", file.display())]
    #[diagnostic(code("PG-CL-007"), help("name another file behind --output"))]
    Refused { file: PathBuf, reason: io::Error },
    /// There is no text to write.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Render(#[from] RenderError),
}

impl Outputs {
    /// Whether a format is among them.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.stdout.name == name || self.files.iter().any(|(format, _)| format.name == name)
    }

    /// Whether this format is printed, and nothing is written.
    #[cfg(feature = "serve")]
    pub(crate) fn only_prints(&self, name: &str) -> bool {
        self.stdout.name == name && self.files.is_empty()
    }

    /// Whether a report goes to this file.
    pub(crate) fn writes(&self, file: &Path) -> bool {
        self.files.iter().any(|(_, path)| plain(path) == plain(file))
    }

    /// What is certain to fail later. Knowing it before plans are read saves the time of the check.
    ///
    /// # Errors
    ///
    /// The first file whose directory is missing, that is a directory itself, or that is one of these plans; or if the
    /// audit log is the file of a report.
    pub(crate) fn examine(&self, plans: &[OsString], audit: Option<&Path>) -> Result<(), OutputError> {
        if let Some(audit) = audit.filter(|audit| self.writes(audit)) {
            return Err(OutputError::IsReport { file: audit.to_owned() });
        }
        let mut files = self.files.iter().map(|(_, file)| file.as_path()).chain(audit);
        files.try_for_each(|file| examine_file(file, plans))
    }

    /// Writes the files, and returns what could not be written. A file is written as a whole or not at all.
    pub(crate) fn write_files(&self, report: &Report, layout: Layout) -> Vec<OutputError> {
        let write = |(format, file): &(&'static Format<Report>, PathBuf)| {
            let text = (format.render)(report, layout)?;
            whole_file::write(file, &text)
                .map_err(|reason| OutputError::Refused { file: file.clone(), reason })
        };
        self.files.iter().filter_map(|output| write(output).err()).collect()
    }

    /// Prints the report, and to standard error what a person has to know beside it. The text report has the problems
    /// itself. They are not printed twice: a terminal and a CI log show both streams. Only if the report goes to a file are
    /// they on standard error as well.
    pub(crate) fn print(
        &self,
        report: &Report,
        annotations: Annotations,
        detail: Detail,
        output: &Output,
    ) -> ExitCode {
        report.notices.iter().for_each(|notice| output.notice(notice));
        if !check::shows_problems(self.stdout) || goes_to_file() {
            report.problems.iter().for_each(|problem| output.problem(problem));
        }
        Step::new(annotations, self).report(report, output);
        output.report(report, self.stdout, detail, report.exit_code())
    }

    /// Pairs formats with files by their order on the command line.
    fn pair(words: Vec<Word>) -> Result<Self, String> {
        let mut pending = None;
        let mut on_stdout = Vec::new();
        let mut files: Vec<(&'static Format<Report>, PathBuf)> = Vec::new();
        for word in words {
            match word {
                Word::Format(format) => on_stdout.extend(pending.replace(format)),
                Word::Output(path) => {
                    let format = match pending.take() {
                        Some(format) => format,
                        None => by_extension(&path)?,
                    };
                    let shown = escape::for_terminal_line(&path.display().to_string());
                    if path.as_os_str() == "-" {
                        on_stdout.push(format);
                    } else if files.iter().any(|(_, other)| plain(other) == plain(&path)) {
                        return Err(format!("two reports cannot be written to {shown}"));
                    } else {
                        files.push((format, path));
                    }
                }
            }
        }
        on_stdout.extend(pending);
        match on_stdout.as_slice() {
            [] => Ok(Self { stdout: FORMATS.default(), files }),
            [format] => Ok(Self { stdout: format, files }),
            [first, second, ..] => Err(format!(
                "`--format {}` and `--format {}` cannot both go to standard output; write --output FILE behind one of \
                 them",
                first.name, second.name
            )),
        }
    }
}

/// What is certain to keep a file from being written.
///
/// # Errors
///
/// If its directory is missing, if it is a directory itself, or if it is one of these plans.
pub(crate) fn examine_file(file: &Path, plans: &[OsString]) -> Result<(), OutputError> {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
        let directory = directory.to_owned();
        return Err(OutputError::NoDirectory { file: file.to_owned(), directory });
    }
    if file.is_dir() {
        return Err(OutputError::IsDirectory { file: file.to_owned() });
    }
    let is_file = |plan: &Path| plan.is_file() && real(plan) == real(file);
    if plans.iter().any(|plan| is_file(Path::new(plan))) {
        return Err(OutputError::IsPlan { file: file.to_owned() });
    }
    Ok(())
}

fn by_extension(path: &Path) -> Result<&'static Format<Report>, String> {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.and_then(|extension| FORMATS.by_extension(extension)).ok_or_else(|| {
        let shown = escape::for_terminal_line(&path.display().to_string());
        format!("`--output {shown}`: no format has this extension; write --format FORMAT before it")
    })
}

/// The path without `.`, so that two spellings of one file are equal.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|component| *component != Component::CurDir).collect()
}

/// A flag with its value.
enum Word {
    Format(&'static Format<Report>),
    Output(PathBuf),
}

impl Args for Outputs {
    fn augment_args(command: Command) -> Command {
        let format = Arg::new("format")
            .long("format")
            .value_name("FORMAT")
            .value_parser(FormatParser(FORMATS))
            .action(ArgAction::Append)
            .help("The format of the report; repeatable, each with the --output that follows it [default: text]");
        let output = Arg::new("output")
            .long("output")
            .short('o')
            .value_name("FILE|-")
            .value_parser(ValueParser::path_buf())
            .action(ArgAction::Append)
            .help(
                "Write the report of the --format before it to a file; without one, the extension names the format. - is \
                 standard output, which has the text report unless another format goes there",
            );
        [format, output].into_iter().fold(command, |command, arg| command.arg(arg.help_heading("Output")))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Outputs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let formats = matches.get_many::<&'static Format<Report>>("format").into_iter().flatten();
        let formats = formats.map(|format| Word::Format(format));
        let outputs = matches.get_many::<PathBuf>("output").into_iter().flatten();
        let outputs = outputs.map(|path| Word::Output(path.clone()));
        let places = |name| matches.indices_of(name).into_iter().flatten();
        let mut words: Vec<(usize, Word)> =
            places("format").zip(formats).chain(places("output").zip(outputs)).collect();
        words.sort_by_key(|(place, _)| *place);
        let words = words.into_iter().map(|(_, word)| word).collect();
        Self::pair(words).map_err(|reason| Error::raw(ErrorKind::ArgumentConflict, reason + "\n"))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Outputs {
        /// The outputs of a command line.
        pub(crate) fn parsed(line: &str) -> Result<Self, String> {
            let command = Self::augment_args(Command::new("check").no_binary_name(true));
            let matches =
                command.try_get_matches_from(line.split_whitespace()).map_err(|error| error.to_string())?;
            Self::from_arg_matches(&matches).map_err(|error| error.to_string())
        }
    }

    /// What goes where, as `format>file`, standard output first.
    fn parsed(line: &str) -> Result<Vec<String>, String> {
        let outputs = Outputs::parsed(line)?;
        let files = outputs.files.iter().map(|(format, path)| format!("{}>{}", format.name, path.display()));
        Ok(std::iter::once(format!("{}>-", outputs.stdout.name)).chain(files).collect())
    }

    #[test]
    fn an_output_belongs_to_the_format_before_it() {
        for (line, expected) in [
            ("", &["text>-"][..]),
            ("--format json", &["json>-"]),
            ("--format json -o a.x", &["text>-", "json>a.x"]),
            ("--output=a.json", &["text>-", "json>a.json"]),
            ("--output a.json --format json", &["json>-", "json>a.json"]),
            ("--format json --output - --output a.txt", &["json>-", "text>a.txt"]),
            ("--format json --output=a --format text --output b", &["text>-", "json>a", "text>b"]),
            ("--format json --output a --output b.json --format=text", &["text>-", "json>a", "json>b.json"]),
        ] {
            assert_eq!(parsed(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        for (line, reason) in [
            ("--format json --format text", "cannot both go to standard output"),
            ("--format json --output - --format text", "cannot both go to standard output"),
            ("--output a.unknown", "no format has this extension"),
            ("--output -", "no format has this extension"),
            ("--format json --output a --format text --output ./a", "two reports cannot be written to ./a"),
        ] {
            assert!(parsed(line).unwrap_err().contains(reason), "{line}");
        }
    }

    #[test]
    fn a_missing_directory_is_known_beforehand() {
        let directory = tempfile::tempdir().unwrap();
        let outputs =
            |path: PathBuf| Outputs { stdout: FORMATS.default(), files: vec![(FORMATS.default(), path)] };
        let missing = outputs(directory.path().join("none/a.txt")).examine(&[], None);
        assert!(matches!(missing, Err(OutputError::NoDirectory { .. })));
        let itself = outputs(directory.path().to_owned()).examine(&[], None);
        assert!(matches!(itself, Err(OutputError::IsDirectory { .. })));
        assert!(outputs(directory.path().join("a.txt")).examine(&[], None).is_ok());
        assert!(outputs(PathBuf::from("a.txt")).examine(&[], None).is_ok());
        let plan = directory.path().join("plan.json");
        fs::write(&plan, "{}").unwrap();
        let overwritten = outputs(directory.path().join("./plan.json")).examine(&[plan.into()], None);
        assert!(matches!(overwritten, Err(OutputError::IsPlan { .. })));
    }
}
