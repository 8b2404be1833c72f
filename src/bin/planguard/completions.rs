//! `planguard completions` and `planguard man`: what shells and `man` know of the command line.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;
use planguard::plan::text::escape::for_terminal_line;

use crate::UNDECIDED;
use crate::args::command;
use crate::output::Output;

pub(crate) const HELP: &str = "\
  planguard completions bash > /etc/bash_completion.d/planguard
  planguard completions zsh  > \"${fpath[1]}/_planguard\"
  planguard completions fish > ~/.config/fish/completions/planguard.fish";

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// The directory to write to, such as /usr/local/share/man/man1; it is created if it does not exist
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(crate) fn completions(arguments: &CompletionsArguments, output: &Output) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), "planguard", &mut script);
    output.finish(&String::from_utf8_lossy(&script), 0)
}

/// Writes a page for planguard and one for each command.
pub(crate) fn man(arguments: &ManArguments, output: &Output) -> ExitCode {
    let directory = &arguments.directory;
    // The arguments of a command are made when they are wanted.
    let mut command = command().disable_help_subcommand(true);
    command.build();
    let written = fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(command, directory));
    let shown = for_terminal_line(&directory.display().to_string());
    match written {
        Ok(()) => output.finish(&format!("wrote the pages to {shown}\n"), 0),
        Err(error) => {
            output.complain(&format!("cannot write to {shown}: {error} (PG-CL-006)"));
            ExitCode::from(UNDECIDED)
        }
    }
}
