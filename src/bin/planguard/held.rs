//! Which environment a run is held to, and where its approvals are.

use std::path::PathBuf;

use clap::Args;
use planguard::settings::EnvironmentChoice;

/// What a run is held to beside what its flags set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    /// How its environment is chosen.
    pub(crate) environment: EnvironmentChoice,
    /// A file with reviews.
    pub(crate) approvals: Option<PathBuf>,
}

/// Which settings a run is held to, and who approved it.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunArguments {
    /// Use the settings of this environment of planguard.toml; none stands for no environment [default: the one whose
    /// patterns match the run] [env: PLANGUARD_ENV]
    #[arg(long, value_name = "NAME", help_heading = "Verdict")]
    env: Option<String>,
    /// Count the approvals in a file with reviews, such as `gh pr view --json author,headRefOid,reviews` writes
    /// [env: PLANGUARD_APPROVALS]
    #[arg(long, value_name = "FILE", help_heading = "Verdict")]
    approvals: Option<PathBuf>,
}

impl RunArguments {
    /// What the flags say.
    pub(crate) fn held(&self) -> Held {
        Held { environment: EnvironmentChoice::Chosen(self.env.clone()), approvals: self.approvals.clone() }
    }
}
