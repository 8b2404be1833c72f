//! Errors of policies from a commit.

use miette::Diagnostic;
use planguard_git::{GitError, TreeError};
use thiserror::Error;

/// Why there are no policies of a commit.
#[derive(Debug, Error, Diagnostic)]
pub enum GitSourceError {
    /// The text names no commit.
    #[error("{source_text} is no path in a commit: {reason}")]
    #[diagnostic(
        code("PG-RG-114"),
        help("write git::REPOSITORY//DIRECTORY?ref=REF, as in git::../policies//rego?ref=v1.2.0")
    )]
    Shape {
        /// The text.
        source_text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no repository, or no git.
    #[error("{repository} cannot be used as a git repository: {reason}")]
    #[diagnostic(
        code("PG-RG-115"),
        help(
            "clone it in a step before (git clone), and name the directory of the clone; git has to be installed"
        )
    )]
    NoRepository {
        /// The repository.
        repository: String,
        /// What git says.
        reason: GitError,
    },
    /// The repository does not know the commit.
    #[error("the repository {repository} has no commit `{reference}`")]
    #[diagnostic(
        code("PG-RG-116"),
        help("fetch it first (git fetch --tags); CI systems often clone one branch with one commit")
    )]
    NoCommit {
        /// The repository.
        repository: String,
        /// The name of the commit.
        reference: String,
    },
    /// The commit does not have the path.
    #[error("the commit {commit} of {repository} has no {directory}")]
    #[diagnostic(
        code("PG-RG-117"),
        help(
            "behind `//` is a path from the top of the repository; git ls-tree -r --name-only REF lists them"
        )
    )]
    NoPath {
        /// The repository.
        repository: String,
        /// The id of the commit.
        commit: String,
        /// The path.
        directory: String,
    },
    /// The files cannot be had.
    #[error("the commit {commit} of {repository}: {reason}")]
    #[diagnostic(
        code("PG-RG-118"),
        help("check the commit out beside the project (git worktree add), and name that directory")
    )]
    Tree {
        /// The repository.
        repository: String,
        /// The id of the commit.
        commit: String,
        /// What is wrong.
        reason: TreeError,
    },
}
