//! Errors of queries.

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use crate::error::{PolicyError, PolicyText};

/// An error of a query.
#[derive(Clone, Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum QueryError {
    /// An invalid query, or one that calls a refused function.
    #[error("cannot evaluate this query: {reason}")]
    #[diagnostic(code("PG-EV-001"))]
    Invalid {
        /// The reason.
        reason: String,
        /// The query.
        #[source_code]
        text: PolicyText,
        /// The place of the error.
        #[label("here")]
        at: Option<SourceSpan>,
        /// The remedy.
        #[help]
        help: Option<String>,
    },

    /// A failing builtin, or another error of the evaluation.
    #[error("the query failed: {reason}")]
    #[diagnostic(
        code("PG-EV-002"),
        help(
            "test the value before the call, or pass --lax to treat the call as undefined, as `opa eval` does"
        )
    )]
    Failed {
        /// The engine's message; it may quote values of the plan.
        reason: String,
        /// The policy or the query.
        #[source_code]
        text: Option<PolicyText>,
        /// The call.
        #[label("failed here")]
        at: Option<SourceSpan>,
    },

    /// A value that nests too deeply for the stack of the caller.
    #[error("the value nests too deeply to print")]
    #[diagnostic(code("PG-EV-003"), help("query a part of it"))]
    TooDeep,

    /// A value with more values in it than anybody reads, perhaps because it shares its parts.
    #[error("the value is too large to print")]
    #[diagnostic(code("PG-EV-008"), help("query a part of it, or its `count`"))]
    TooLarge,

    /// A rule to explain that does not exist.
    #[error("unknown rule `{rule}`")]
    #[diagnostic(code("PG-EV-004"))]
    NoRule {
        /// The name as given.
        rule: String,
        /// A similar name, or all names.
        #[help]
        help: String,
    },

    /// An address that is not in the plan.
    #[error("the plan has no resource change {address}")]
    #[diagnostic(code("PG-EV-005"))]
    NoAddress {
        /// The address as given.
        address: String,
        /// A similar address, or how to list them.
        #[help]
        help: String,
    },

    /// An error of the policies or the engine.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Policy(#[from] PolicyError),
}
