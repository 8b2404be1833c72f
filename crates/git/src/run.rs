//! Starts `git`.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use planguard_plan::input::SIGNING_KEY;
use thiserror::Error;

/// What a call of git looks at beside the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Config {
    /// Whatever git looks at: the repository of the project that planguard runs in.
    Usual,
    /// Neither the variables that name another repository nor the settings of the machine, and no directory above: the
    /// repository that somebody names.
    OfRepository,
}

/// Variables by which whoever starts planguard, such as a hook of git, names a repository.
const REPOSITORY: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// Why git says nothing.
#[derive(Debug, Error)]
pub enum GitError {
    /// It is not installed.
    #[error("git is not installed")]
    Missing,
    /// It does not start.
    #[error("git: {0}")]
    NotStarted(std::io::Error),
    /// It ends with an error.
    #[error("git: {0}")]
    Refused(String),
}

impl From<std::io::Error> for GitError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == ErrorKind::NotFound { Self::Missing } else { Self::NotStarted(error) }
    }
}

/// A call of git in a directory.
pub(crate) fn command(directory: &Path, config: Config) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(directory)
        .env_remove(SIGNING_KEY)
        // A clone that lacks objects must not fetch them: a repository can name the program that fetches.
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_TERMINAL_PROMPT", "0")
        // An object is what its id says.
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_OPTIONAL_LOCKS", "0");
    match config {
        Config::Usual => {}
        Config::OfRepository => {
            for name in REPOSITORY {
                command.env_remove(name);
            }
            command.env("GIT_CONFIG_NOSYSTEM", "1");
            if let Some(above) = directory.canonicalize().ok().as_deref().and_then(Path::parent) {
                command.env("GIT_CEILING_DIRECTORIES", above);
            }
        }
    }
    command
}

/// Runs `git` in a directory and returns what it prints.
///
/// # Errors
///
/// If it does not start or ends with an error; with what it says.
pub fn git<A: AsRef<OsStr>>(directory: &Path, config: Config, arguments: &[A]) -> Result<Vec<u8>, GitError> {
    let output = command(directory, config).args(arguments).stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(GitError::Refused(said.trim().to_owned()))
}
