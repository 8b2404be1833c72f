//! Errors of test runs.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// An error that prevented a complete test run.
#[derive(Clone, Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum TestError {
    /// No test to run.
    #[error("no test found in {searched}")]
    #[diagnostic(
        code("PG-TS-001"),
        help(
            "pass a file or directory with tests: rules in .rego files whose names start with `test_`, cases in \
             cases.toml or *.cases.toml, or cases in guardrail files"
        )
    )]
    NoTests {
        /// The paths that were searched.
        searched: String,
    },

    /// No test matches `--run`.
    #[error("none of the {tests} tests matches `{pattern}`")]
    #[diagnostic(
        code("PG-TS-002"),
        help(
            "pass --run a regular expression for whole names, such as `data.main.test_x` or \
             `policy/cases.toml: name of the case`; run `planguard test -v` to list them"
        )
    )]
    NoneMatches {
        /// The regular expression.
        pattern: String,
        /// The number of tests.
        tests: usize,
    },

    /// Every test is skipped.
    #[error("no test was run: {tests} {} skipped", if *tests == 1 { "test is" } else { "tests are" })]
    #[diagnostic(
        code("PG-TS-003"),
        help("rename the tests to run them; `todo_test_` at the start of a name skips a test")
    )]
    AllSkipped {
        /// The number of tests.
        tests: usize,
    },

    /// A file that a test run does not read.
    #[error("{} is not a policy, a case file or a document for `data`", file.display())]
    #[diagnostic(
        code("PG-TS-006"),
        help("pass policies as .rego, cases and guardrails as .toml, and documents as .json, .yaml or .yml")
    )]
    NotRead {
        /// The file.
        file: PathBuf,
    },

    /// A file that may contain cases cannot be read.
    #[error("cannot read {}: {reason}", file.display())]
    #[diagnostic(code("PG-TS-005"), help("check its permissions, or skip it with --ignore"))]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The operating system's message.
        reason: String,
    },

    /// There is no policy to measure.
    #[error("no policy to measure the coverage of")]
    #[diagnostic(code("PG-TS-004"), help("pass the directory with the policies, not only the tests"))]
    NothingToCover,
}
