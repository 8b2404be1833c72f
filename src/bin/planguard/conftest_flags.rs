//! Flags of `conftest test` that `check` does not have: whoever writes one is told what does the same.

use std::process::ExitCode;

use clap::Args;
use miette::Diagnostic;
use planguard::problem::Problem;
use thiserror::Error;

use crate::UNDECIDED;
use crate::output::Output;

/// The flags, which no help lists.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ConftestFlags {
    #[arg(long, hide = true)]
    combine: bool,
    #[arg(long, hide = true)]
    update: bool,
}

/// Why a flag is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Diagnostic)]
enum FlagError {
    #[error("--combine is a flag of conftest: a policy of planguard sees one plan at a time")]
    #[diagnostic(
        code("PG-CL-013"),
        help("write the rules about `input`, and check all plans in one run: planguard check DIR")
    )]
    Combine,
    #[error("--update is a flag of conftest: planguard fetches nothing")]
    #[diagnostic(
        code("PG-CL-014"),
        help(
            "fetch the policies in a step before, and name their directory or bundle, or git::CLONE//DIRECTORY?ref=REF, with --policy"
        )
    )]
    Update,
}

impl ConftestFlags {
    /// Tells of the first flag that was given; `None` if there is none.
    pub(crate) fn refuse(self, output: &Output) -> Option<ExitCode> {
        let error = match self {
            Self { combine: true, .. } => FlagError::Combine,
            Self { update: true, .. } => FlagError::Update,
            Self { combine: false, update: false } => return None,
        };
        output.problem(&Problem::plain(&error));
        Some(ExitCode::from(UNDECIDED))
    }
}
