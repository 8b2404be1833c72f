//! Why a query has no answer.

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use crate::error::{PolicyError, PolicyText};

/// Why a query has no answer.
#[derive(Clone, Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum QueryError {
    /// A text that is no query, or that asks for what is refused.
    #[error("cannot evaluate this query: {reason}")]
    #[diagnostic(code("PG-EV-001"))]
    Invalid {
        /// What is wrong.
        reason: String,
        /// The query.
        #[source_code]
        text: PolicyText,
        /// Where.
        #[label("here")]
        at: Option<SourceSpan>,
        /// How to put it right.
        #[help]
        help: Option<String>,
    },

    /// A builtin that failed, or another error while evaluating.
    #[error("the query failed: {reason}")]
    #[diagnostic(
        code("PG-EV-002"),
        help(
            "test the value before the call; --lax takes a call that fails for undefined, as `opa eval` does"
        )
    )]
    Failed {
        /// What the engine said; this may quote values of the plan.
        reason: String,
        /// The policy or the query.
        #[source_code]
        text: Option<PolicyText>,
        /// The call.
        #[label("failed here")]
        at: Option<SourceSpan>,
    },

    /// A value that an ordinary stack might not be enough to look at.
    #[error("the value nests too deeply to be shown")]
    #[diagnostic(code("PG-EV-003"), help("ask for a part of it"))]
    TooDeep,

    /// A rule that cannot be explained because there is none.
    #[error("no rule is called `{rule}`")]
    #[diagnostic(code("PG-EV-004"))]
    NoRule {
        /// The name as given.
        rule: String,
        /// The rules that there are.
        #[help]
        help: String,
    },

    /// An address that the plan does not have.
    #[error("the plan changes no resource with the address {address}")]
    #[diagnostic(code("PG-EV-005"))]
    NoAddress {
        /// The address as given.
        address: String,
        /// How to find the right one.
        #[help]
        help: String,
    },

    /// The policies or their engine.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Policy(#[from] PolicyError),
}
