//! Errors of run tasks.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// Why a payload has no answer.
#[derive(Debug, Error, PartialEq, Eq, Diagnostic)]
pub enum RunTaskError {
    /// A file cannot be read.
    #[error("cannot read {}: {reason}", file.display())]
    #[diagnostic(code("PG-RT-001"), help("check the path and its permissions"))]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It is no payload.
    #[error("line {line}, column {column}: this is not the payload of a run task")]
    #[diagnostic(
        code("PG-RT-002"),
        help(
            "keep the body of the request of HCP Terraform byte for byte; it is not repeated here, since it has a token"
        )
    )]
    Shape {
        /// The line at which reading ended.
        line: usize,
        /// The column at which reading ended.
        column: usize,
    },
    /// A version that this program does not know.
    #[error("the payload has version {version}, and this planguard reads version 1")]
    #[diagnostic(code("PG-RT-003"), help("use a newer planguard"))]
    Version {
        /// The version.
        version: u64,
    },
    /// A stage that this program does not know.
    #[error(
        "the payload has the stage `{stage}`, which is none of pre_plan, post_plan, pre_apply and post_apply"
    )]
    #[diagnostic(code("PG-RT-004"), help("use a newer planguard"))]
    Stage {
        /// The stage.
        stage: String,
    },
    /// There is no plan before the plan.
    #[error("the run is at the stage pre_plan, at which there is no plan to check")]
    #[diagnostic(code("PG-RT-005"), help("attach the run task to the stage post_plan"))]
    NoPlan,
    /// HCP tests the address.
    #[error("HCP Terraform tests the address of the run task; no run waits for a result")]
    #[diagnostic(code("PG-RT-006"), help("answer status 200, and send no result"))]
    Test,
    /// There is no key.
    #[error("the key is empty, so that everybody could have signed the payload")]
    #[diagnostic(
        code("PG-RT-007"),
        help("set an HMAC key for the run task, and write it to the file that --key names")
    )]
    NoKey,
    /// It is no signature.
    #[error("the signature is not 128 hexadecimal digits")]
    #[diagnostic(
        code("PG-RT-008"),
        help(
            "use the value of the header X-TFC-Task-Signature; it is empty if the run task has no HMAC key"
        )
    )]
    SignatureShape,
    /// It is the signature of something else.
    #[error("the signature is not that of this payload with this key; do not answer it")]
    #[diagnostic(
        code("PG-RT-009"),
        help("keep the body of the request byte for byte, and compare the key with that of the run task")
    )]
    WrongSignature,
    /// The program lacks the server.
    #[error("this planguard was built without the server of run tasks")]
    #[diagnostic(
        code("PG-RT-010"),
        help(
            "build it with `cargo build --release --features serve`, or receive the requests with a server of your own (docs/run-task.md)"
        )
    )]
    NotBuilt,
    /// The address cannot be used.
    #[error("cannot listen on {address}: {reason}")]
    #[diagnostic(code("PG-RT-011"), help("name an address of this machine and a free port with --listen"))]
    Listen {
        /// The address.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// A payload leads elsewhere.
    #[error("{what} leads to {host}, which this server must not ask")]
    #[diagnostic(
        code("PG-RT-012"),
        help(
            "if this is your HCP Terraform or Terraform Enterprise, name it with --api-host, or with --download-host if plans are there"
        )
    )]
    Host {
        /// What has the address.
        what: &'static str,
        /// The host.
        host: String,
    },
    /// The arguments for `check` are those of another check.
    #[error("the arguments behind `--` {reason}")]
    #[diagnostic(
        code("PG-RT-013"),
        help("name only how plans are checked, as in `planguard runtask serve -- --policy policies`")
    )]
    Arguments {
        /// What is wrong with them.
        reason: &'static str,
    },
    /// There is no plan to check.
    #[error("cannot fetch the plan: {reason}")]
    #[diagnostic(code("PG-RT-014"), help("repeat the run; if it goes on, look at the log of the server"))]
    Fetch {
        /// What happened.
        reason: String,
    },
    /// There is no report.
    #[error("the check ended without a report: {reason}")]
    #[diagnostic(code("PG-RT-015"), help("look at the log of the server; --check-timeout allows more time"))]
    Check {
        /// What happened.
        reason: String,
    },
    /// HCP did not take the result.
    #[error("cannot send the result: {reason} (attempt {attempts}, the last one)")]
    #[diagnostic(code("PG-RT-016"), help("HCP Terraform fails the task when its time is over"))]
    Callback {
        /// How often it was sent.
        attempts: u32,
        /// What happened the last time.
        reason: String,
    },
    /// A bug.
    #[error("internal error: please report this bug")]
    #[diagnostic(code("PG-RT-017"))]
    Internal,
}
