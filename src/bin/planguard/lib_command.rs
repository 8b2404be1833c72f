//! `planguard lib`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use planguard::plan::text::escape::for_terminal_line;
use planguard::rego::library;

use crate::UNDECIDED;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct LibArguments {
    /// The directory to write to; it is created if it does not exist
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Overwrite files with other contents
    #[arg(long)]
    pub(crate) force: bool,
}

/// What exists where a file is to be written.
enum Present {
    Nothing,
    TheSame,
    SomethingElse,
}

/// Writes all files or none: a mix of two versions would not work.
pub(crate) fn run(arguments: &LibArguments, output: &Output) -> ExitCode {
    let mut to_write = Vec::new();
    let mut changed = Vec::new();
    for file in library() {
        let path = arguments.directory.join(file.name());
        match present(&path, file.text) {
            Ok(Present::TheSame) => {}
            Ok(Present::Nothing) => to_write.push((path, file.text)),
            Ok(Present::SomethingElse) if arguments.force => to_write.push((path, file.text)),
            Ok(Present::SomethingElse) => changed.push(path.display().to_string()),
            Err(error) => return failed(&path, &error, output),
        }
    }
    if !changed.is_empty() {
        output.complain(&format!(
            "{} with other contents; nothing was written. Use --force to overwrite (PG-CL-005)",
            match changed.as_slice() {
                [one] => format!("{one} exists"),
                all => format!("{} exist", all.join(", ")),
            }
        ));
        return ExitCode::from(UNDECIDED);
    }
    if let Err(error) = fs::create_dir_all(&arguments.directory) {
        return failed(&arguments.directory, &error, output);
    }
    for (path, text) in &to_write {
        if let Err(error) = fs::write(path, text) {
            return failed(path, &error, output);
        }
    }
    let directory = for_terminal_line(&arguments.directory.display().to_string());
    output.finish(
        &format!(
            "wrote {} of {} files to {directory}; `opa eval -d {directory}` loads `data.planguard.lib`\n",
            to_write.len(),
            library().len()
        ),
        0,
    )
}

fn present(path: &Path, text: &str) -> std::io::Result<Present> {
    match fs::read(path) {
        Ok(bytes) if bytes == text.as_bytes() => Ok(Present::TheSame),
        Ok(_) => Ok(Present::SomethingElse),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Present::Nothing),
        Err(error) => Err(error),
    }
}

fn failed(path: &Path, error: &std::io::Error, output: &Output) -> ExitCode {
    output.complain(&format!("cannot write {}: {error} (PG-CL-006)", path.display()));
    ExitCode::from(UNDECIDED)
}
