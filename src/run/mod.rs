//! What planguard knows of the run besides plans: where the change goes, who wrote it, and who approved it.
//!
//! It comes from the CI system's variables, from GitHub's description of the event, from the file that `--context` names
//! and from the reviews that `--approvals` names. Whoever may write these may choose the environment and approve the
//! change: settings of the project, which the change can edit, name none of them.

mod context;
mod event;
mod json;
mod reviews;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use miette::Diagnostic;
use planguard_rego::{RunFacts, run_facts};
use thiserror::Error;

pub use reviews::{Review, ReviewState};

/// Where the description of a run comes from.
#[derive(Clone, Debug, Default)]
pub struct RunSources {
    /// The environment variables.
    pub variables: BTreeMap<String, String>,
    /// The file that a flag or a variable names as the context of the run.
    pub context: Option<PathBuf>,
    /// The file with reviews.
    pub approvals: Option<PathBuf>,
}

/// What is known of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Where the change goes, and which commit people review.
    pub facts: RunFacts,
    /// Everybody who is said to have written the change. None of them can approve it.
    pub authors: BTreeSet<String>,
    /// The reviews, in the order in which they were written.
    pub reviews: Vec<Review>,
}

/// What is wrong with the description of a run.
#[derive(Debug, Error, Diagnostic)]
pub enum RunError {
    /// A file cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    #[diagnostic(code("PG-EN-007"), help("{help}"))]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// How to put it right.
        help: String,
    },
    /// Approvals cannot be told from the author's own.
    #[error("{people} approved, and who wrote the change is not known")]
    #[diagnostic(
        code("PG-EN-006"),
        help(
            "nobody can approve a change of their own: name the author, as `author` below `planguard` in a file for \
             --context, or write the reviews with `gh pr view --json author,headRefOid,reviews`"
        )
    )]
    NoAuthor {
        /// The people.
        people: String,
    },
    /// A value of a file is not what it has to be.
    #[error("{place}: {reason}")]
    #[diagnostic(code("PG-EN-008"), help("{help}"))]
    Value {
        /// The file, with the line if it is certain.
        place: String,
        /// Which value, and what is wrong with it.
        reason: String,
        /// How to put it right.
        help: String,
    },
}

impl Run {
    /// Reads the sources, and adds to `errors` what is wrong with them.
    pub fn read(sources: &RunSources, errors: &mut Vec<RunError>) -> Self {
        let facts = run_facts(&sources.variables);
        let mut run = Self { authors: facts.author.iter().cloned().collect(), facts, reviews: Vec::new() };
        if let Some(path) = run.facts.event.clone() {
            event::read(&path, &mut run);
        }
        if let Some(path) = &sources.context {
            context::read(path, &mut run).unwrap_or_else(|error| errors.push(error));
        }
        if let Some(path) = &sources.approvals {
            reviews::read(path, &mut run).unwrap_or_else(|error| errors.push(error));
        }
        run
    }
}
