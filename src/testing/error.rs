//! Why a test run says nothing, or not everything.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// Something that kept planguard from running what was asked for.
#[derive(Clone, Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum TestError {
    /// Nothing to run.
    #[error("no test found in {searched}")]
    #[diagnostic(
        code("PG-TS-001"),
        help(
            "a test is a rule in a .rego file whose name starts with `test_`, a case in a file cases.toml or \
             *.cases.toml, or a case beside a guardrail; name the file or directory that holds it"
        )
    )]
    NoTests {
        /// The paths that were searched.
        searched: String,
    },

    /// No test has a name that was asked for.
    #[error("no test matches `{pattern}`; there are {tests}")]
    #[diagnostic(
        code("PG-TS-002"),
        help(
            "--run takes a regular expression for whole names, such as `data.main.test_x` or \
             `policy/cases.toml: name of the case`; `planguard test -v` lists them"
        )
    )]
    NoneMatches {
        /// The regular expression.
        pattern: String,
        /// How many tests there are.
        tests: usize,
    },

    /// Every test is left for later.
    #[error("no test was run: all that were asked for, {tests}, are skipped")]
    #[diagnostic(
        code("PG-TS-003"),
        help("a test whose name starts with `todo_test_` is skipped; rename it to run it")
    )]
    AllSkipped {
        /// How many tests there are.
        tests: usize,
    },

    /// A file that was named holds nothing that a test run reads.
    #[error("{} was named, and is neither a policy nor cases nor a document for `data`", file.display())]
    #[diagnostic(
        code("PG-TS-006"),
        help("policies end in .rego, cases and guardrails in .toml, and documents in .json, .yaml or .yml")
    )]
    NotRead {
        /// The file.
        file: PathBuf,
    },

    /// A file that may hold cases cannot be read.
    #[error("cannot read {}: {reason}", file.display())]
    #[diagnostic(code("PG-TS-005"), help("check its permissions, or pass over it with --ignore"))]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },

    /// Coverage of nothing.
    #[error("there is no policy whose coverage could be measured")]
    #[diagnostic(
        code("PG-TS-004"),
        help("coverage is about policies, not about tests: name the directory that holds both")
    )]
    NothingToCover,
}
