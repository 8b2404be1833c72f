//! `check --attest` and `planguard attest`: signs what a check decided.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::Utc;
use clap::Args;
use planguard::attestation::{
    AttestationError, Binary, Binding, FILE_NAME, KeySource, Lifetime, Made, SIGNING_KEY, Signer, Statement,
    Time, exposed, seal,
};
use planguard::input::{ReadOptions, Reading, Source, discover};
use planguard::plan::input::Sha256Digest;
use planguard::problem::Problem;
use planguard::render::attestation::written;
use planguard::report::{Notice, Report};
use planguard::whole_file;

use crate::args::{CheckArguments, GateArguments};
use crate::check;
use crate::output::Output;
use crate::outputs::{OutputError, examine_file};

pub(crate) const HELP: &str = "\
The same as `planguard check PLAN --attest planguard-attestation.json`: the plan is checked, and what is decided is signed.
No report on disk is ever signed, because it can be edited between the check and the signature.

  planguard attest tfplan --terraform terraform --key signing.pem
  planguard verify tfplan --attestation planguard-attestation.json --key public.pem && terraform apply tfplan

Exit codes: those of `planguard check`. A denial is signed as well; `planguard verify` refuses it.";

/// What is signed, and with what.
#[derive(Debug, Args)]
pub(crate) struct AttestArguments {
    /// Write a signed statement of the verdict to a file (docs/attest.md)
    #[arg(long, value_name = "FILE", help_heading = "Attestation")]
    pub(crate) attest: Option<PathBuf>,
    /// Sign with this private key: ed25519, PKCS#8, PEM [env: PLANGUARD_SIGNING_KEY, the key itself]
    #[arg(long, value_name = "FILE", help_heading = "Attestation")]
    pub(crate) key: Option<PathBuf>,
    /// The binary plan that the checked JSON was made of. With --terraform it is converted and compared
    #[arg(long, value_name = "FILE", help_heading = "Attestation")]
    binary: Option<PathBuf>,
    /// How long the attestation counts, 1m to 30d; no longer than the waivers that were used [default: 24h]
    #[arg(long, value_name = "TIME", help_heading = "Attestation")]
    expires_in: Option<Lifetime>,
}

impl AttestArguments {
    /// The flag that only an attestation gives a meaning.
    fn flag(&self) -> Option<&'static str> {
        let Self { attest: _, key, binary, expires_in } = self;
        [("--key", key.is_some()), ("--binary", binary.is_some()), ("--expires-in", expires_in.is_some())]
            .into_iter()
            .find_map(|(flag, is_given)| is_given.then_some(flag))
    }
}

/// `planguard attest`.
pub(crate) fn run(arguments: &CheckArguments, output: &Output) -> ExitCode {
    check::run(arguments, Asked::Always, output)
}

/// Whether a run writes an attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// If a flag says so.
    ByFlag,
    /// Because the command is about it.
    Always,
}

/// What signs the statement of a run, read before any plan is.
pub(crate) struct Attester<'a> {
    arguments: &'a AttestArguments,
    file: PathBuf,
    signer: Signer,
    exposed: Option<Notice>,
}

/// Why there will be no attestation.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum NotAttested {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Attestation(#[from] AttestationError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Output(#[from] OutputError),
}

impl<'a> Attester<'a> {
    /// What signs, if an attestation is asked for.
    ///
    /// # Errors
    ///
    /// If there is no key, or if the file is certain not to be written.
    pub(crate) fn new(
        gate: &'a GateArguments,
        asked: Asked,
        plans: &[OsString],
    ) -> Result<Option<Self>, NotAttested> {
        let arguments = &gate.attest;
        let file = match (&arguments.attest, asked) {
            (Some(file), _) => file.clone(),
            (None, Asked::Always) => PathBuf::from(FILE_NAME),
            (None, Asked::ByFlag) => match arguments.flag() {
                None => return Ok(None),
                Some(flag) => return Err(AttestationError::NotAsked { flag }.into()),
            },
        };
        let binary = arguments.binary.iter().map(|binary| binary.clone().into_os_string());
        examine_file(&file, &plans.iter().cloned().chain(binary).collect::<Vec<_>>())?;
        let is_taken = gate.outputs.writes(&file)
            || [&gate.audit, &arguments.key].into_iter().flatten().any(|other| *other == file);
        if is_taken {
            let reason = "another flag names the same file".to_owned();
            return Err(AttestationError::Unwritable { file, reason }.into());
        }
        let source =
            KeySource::choose(arguments.key.as_deref(), SIGNING_KEY).ok_or(AttestationError::NoSigningKey)?;
        Ok(Some(Self { arguments, file, signer: Signer::read(&source)?, exposed: exposed(&source) }))
    }

    /// Writes the attestation of a finished report, and says what it is worth.
    ///
    /// # Errors
    ///
    /// If there is nothing to state, or it cannot be written. There is then no new file.
    pub(crate) fn attest(&self, report: &Report, read: &ReadOptions) -> Result<Vec<Notice>, NotAttested> {
        let made = Made {
            at: Time::new(Utc::now()),
            lifetime: self.arguments.expires_in.unwrap_or(Lifetime::DEFAULT),
            binary: self.binary(report, read)?,
        };
        let statement = Statement::of(report, made)?;
        let text = seal(&statement, &self.signer)?;
        whole_file::write(&self.file, &text).map_err(|error| AttestationError::Unwritable {
            file: self.file.clone(),
            reason: error.to_string(),
        })?;
        let message = written(&statement, &self.file.display().to_string(), self.signer.id());
        Ok(self.exposed.iter().cloned().chain([Notice::new("PG-AT-102", &message)]).collect())
    }

    /// The binary plan that the pipeline names, compared with the plan that was checked if a program may convert it.
    fn binary(&self, report: &Report, read: &ReadOptions) -> Result<Option<Binary>, AttestationError> {
        let Some(file) = &self.arguments.binary else { return Ok(None) };
        let ([plan], binary) = (report.plans.as_slice(), || file.clone()) else { return Ok(None) };
        if plan.shown_sha256.is_some() {
            return Err(AttestationError::BinaryTwice { binary: binary() });
        }
        let unreadable = |reason: String| AttestationError::UnreadablePlan { file: binary(), reason };
        if read.terraform.is_none() {
            let sha256 = Sha256Digest::of_file(file).map_err(|error| unreadable(error.to_string()))?;
            return Ok(Some(Binary { sha256: sha256.into(), binding: Binding::Stated }));
        }
        let found = discover(&[Source::from(file.clone().into_os_string())], read);
        let [candidate] = &found.files[..] else { return Err(unreadable("it is not one file".to_owned())) };
        let document = match candidate.read(read) {
            Ok(Reading::Plan(document)) => document,
            Ok(Reading::Lines(_) | Reading::Skipped(_)) => {
                return Err(unreadable("it is not a binary plan".to_owned()));
            }
            Err(error) => {
                return Err(unreadable(Problem::plain(&error).message.unescaped().to_owned()));
            }
        };
        match document.shown_sha256() {
            None => Err(unreadable("it is not a binary plan".to_owned())),
            Some(shown) if shown.to_string() == plan.sha256.unescaped() => {
                Ok(Some(Binary { sha256: document.sha256().into(), binding: Binding::Compared }))
            }
            Some(_) => Err(AttestationError::OtherBinary { binary: binary() }),
        }
    }
}
