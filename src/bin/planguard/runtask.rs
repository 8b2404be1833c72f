//! `planguard runtask`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use miette::Diagnostic;
use planguard::merge::{MergeError, MergeOptions, Named, merge};
use planguard::problem::Problem;
use planguard::redact::Redactor;
use planguard::render;
use planguard::runtask::{RunTaskError, outcomes_of, verify};
use zeroize::Zeroizing;

use crate::UNDECIDED;
use crate::merge::read;
use crate::output::Output;
use crate::serve::ServeArguments;

pub(crate) const HELP: &str = "\
Whoever receives the requests of HCP Terraform keeps the body of one byte for byte, and then:
  planguard runtask verify --key hmac.key --signature \"$X_TFC_TASK_SIGNATURE\" payload.json
  planguard check plan.json --format json --output report.json
  planguard runtask render payload.json report.json > result.json
and sends result.json with PATCH to task_result_callback_url. `planguard runtask serve` does all of this.
docs/run-task.md has the steps.";

/// A payload has a few kilobytes.
const LARGEST: u64 = 1 << 20;

#[derive(Debug, Args)]
pub(crate) struct RunTaskArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check that a request was signed with the key of the run task
    Verify {
        /// The body of the request
        #[arg(value_name = "PAYLOAD")]
        payload: PathBuf,
        /// The file with the HMAC key of the run task; a line feed at its end does not count
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The value of the header X-TFC-Task-Signature
        #[arg(long, value_name = "HEX", allow_hyphen_values = true)]
        signature: String,
    },
    /// Write the result of a check as HCP Terraform wants it: the body for the callback
    Render {
        /// The body of the request
        #[arg(value_name = "PAYLOAD")]
        payload: PathBuf,
        /// The report of `planguard check --format json` on the plan of the run
        #[arg(value_name = "REPORT")]
        report: PathBuf,
    },
    /// Serve a run task: receive requests, check the plans, send the results (with the feature `serve`)
    #[command(after_help = crate::serve::HELP)]
    Serve(ServeArguments),
}

pub(crate) fn run(arguments: &RunTaskArguments, output: &Output) -> ExitCode {
    let written = match &arguments.what {
        What::Verify { payload, key, signature } => verified(payload, key, signature),
        What::Render { payload, report } => rendered(payload, report),
        What::Serve(arguments) => return crate::serve::run(arguments, output),
    };
    match written {
        Ok(text) => output.finish(&text, 0),
        Err(error) => {
            output.problem(&Problem::new(&*error, None, &Redactor::default()));
            ExitCode::from(UNDECIDED)
        }
    }
}

fn verified(payload: &Path, key: &Path, signature: &str) -> Result<String, Box<dyn Diagnostic>> {
    verify(&secret(key)?, &bytes(payload)?, signature)?;
    Ok("the signature is that of the payload\n".to_owned())
}

/// The key in a file.
pub(crate) fn secret(file: &Path) -> Result<Zeroizing<Vec<u8>>, RunTaskError> {
    let mut secret = Zeroizing::new(bytes(file)?);
    for end in [b'\n', b'\r'] {
        if secret.last() == Some(&end) {
            secret.pop();
        }
    }
    Ok(secret)
}

/// A report of one part is not one of the plan: merged alone, it is undecided, and the answer says so.
fn rendered(payload: &Path, report: &Path) -> Result<String, Box<dyn Diagnostic>> {
    let outcomes = outcomes_of(&bytes(payload)?)?;
    let report = read(report).map_err(|error: MergeError| Box::new(error) as Box<dyn Diagnostic>)?;
    let report = match report {
        Named { report, .. } if report.part.is_none() => report,
        part => merge(vec![part], Vec::new(), &MergeOptions::default()),
    };
    Ok(render::check::callback(&report, outcomes)?)
}

fn bytes(file: &Path) -> Result<Vec<u8>, RunTaskError> {
    let unreadable = |reason: String| RunTaskError::Unreadable { file: file.to_owned(), reason };
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(unreadable("it has more than 1 MB".to_owned()));
    }
    Ok(bytes)
}
