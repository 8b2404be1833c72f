//! Options for reading documents.

use std::path::PathBuf;
use std::time::Duration;

/// The most bytes of one document, as read and as decoded: 1 GiB. The largest
/// plans that users report are a few hundred megabytes.
pub const DEFAULT_SIZE_CAP: u64 = 1 << 30;

/// How long the conversion of a binary plan may take. Terraform starts the providers for it, which takes seconds.
pub const DEFAULT_TERRAFORM_TIMEOUT: Duration = Duration::from_secs(300);

/// The variable with the private key that signs attestations. No program that planguard starts gets it: it may run code of
/// the change under review.
pub const SIGNING_KEY: &str = "PLANGUARD_SIGNING_KEY";

/// What to do with the lines that old versions of the setup-terraform wrapper put around the JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnWrapperLines {
    /// Reject the document.
    #[default]
    Refuse,
    /// Remove the lines and add a notice.
    Strip,
}

/// The program that turns a binary plan into JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terraform {
    /// `terraform` or `tofu`.
    pub program: PathBuf,
    /// The directory of the configuration. It must be initialised, because the program needs the providers' schemas.
    /// Without one, it is the working directory, or that of the plan if only that is initialised.
    pub directory: Option<PathBuf>,
}

impl<P: Into<PathBuf>> From<P> for Terraform {
    fn from(program: P) -> Self {
        Self { program: program.into(), directory: None }
    }
}

/// How to read documents.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// What to do with lines of the setup-terraform wrapper.
    pub wrapper_lines: OnWrapperLines,
    /// What turns a binary plan into JSON; without it, binary plans are rejected.
    pub terraform: Option<Terraform>,
    /// How long that program may take for a plan; it is ended then.
    pub terraform_timeout: Duration,
    /// The most bytes that a document may have as read, decompressed or transcoded.
    pub size_cap: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            wrapper_lines: OnWrapperLines::default(),
            terraform: None,
            terraform_timeout: DEFAULT_TERRAFORM_TIMEOUT,
            size_cap: DEFAULT_SIZE_CAP,
        }
    }
}
