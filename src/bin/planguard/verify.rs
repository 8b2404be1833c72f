//! `planguard verify`: accepts a plan if it is the one that was checked and passed.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::Utc;
use clap::{ArgGroup, Args};
use planguard::attestation::{
    AttestationError, Expected, KeySource, Lifetime, NotAccepted, PUBLIC_KEY, PlanFile, PublicKey, Statement,
    SubjectName, Time, open,
};
use planguard::plan::input::Sha256Digest;
use planguard::problem::Problem;
use planguard::render::attestation::{accepted, refused};
use planguard::report::Notice;

use crate::UNDECIDED;
use crate::args::GateArguments;
use crate::check::{Decided, decided};
use crate::output::Output;

pub(crate) const HELP: &str = "\
In the job that applies, directly before it does:
  planguard verify tfplan --attestation planguard-attestation.json --key public.pem && terraform apply tfplan

Exit codes:
  0    accepted: this plan was checked and passed, and the attestation counts
  1    refused: the attestation does not allow to apply this plan, or is not signed by the key
  2    undecided: the plan, the key or the attestation cannot be read
  130  interrupted
Nothing but 0 may be applied.";

/// The flags of `check` that mean nothing here.
pub(crate) const HIDDEN: [&str; 14] = [
    "attest",
    "binary",
    "expires_in",
    "report_only",
    "audit",
    "format",
    "output",
    "show",
    "no_annotations",
    "terraform_timeout",
    "lenient",
    "max_size",
    "source",
    "print_settings",
];

/// The largest attestation that is read.
const LARGEST: u64 = 16 << 20;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("rules").args(["rules_sha256", "same_rules"]))]
pub(crate) struct VerifyArguments {
    /// What is to be applied: the binary plan, and beside it the JSON that was checked if you have it
    #[arg(value_name = "PLAN", required = true)]
    plans: Vec<PathBuf>,
    /// The file that `check --attest` wrote
    #[arg(long, value_name = "FILE", help_heading = "Attestation")]
    attestation: PathBuf,
    /// Refuse a check that is older, such as 90m, 24h or 7d
    #[arg(long, value_name = "TIME", help_heading = "Attestation")]
    max_age: Option<Lifetime>,
    /// Refuse a check with other rules than those with this SHA-256, which `check --attest` prints
    #[arg(long, value_name = "SHA256", value_parser = digest, help_heading = "Attestation")]
    rules_sha256: Option<String>,
    /// Refuse a check with other rules than those of the present settings and of the flags below, which have to be those of
    /// the check
    #[arg(long, help_heading = "Attestation")]
    same_rules: bool,
    #[command(flatten)]
    gate: GateArguments,
}

fn digest(text: &str) -> Result<String, String> {
    planguard::attestation::Digest::try_from(text.to_owned()).map(String::from)
}

/// What was found out.
struct Outcome {
    text: String,
    code: u8,
}

pub(crate) fn run(arguments: &VerifyArguments, output: &Output) -> ExitCode {
    match verify(arguments, output) {
        Ok(Outcome { text, code }) => output.finish(&text, code),
        Err(NotVerified::Told(code)) => code,
        Err(NotVerified::Accepting(error)) => {
            let code = match &error {
                NotAccepted::Refused(_) => planguard::verdict::Verdict::Denied.exit_code(),
                NotAccepted::Undecided(_) => UNDECIDED,
            };
            output.problem(&Problem::plain(&error));
            match &error {
                NotAccepted::Refused(refusal) => output.finish(&refused(std::slice::from_ref(refusal)), code),
                NotAccepted::Undecided(_) => ExitCode::from(code),
            }
        }
    }
}

/// Why nothing was accepted.
enum NotVerified {
    /// The reason was printed.
    Told(ExitCode),
    Accepting(NotAccepted),
}

impl<E: Into<NotAccepted>> From<E> for NotVerified {
    fn from(error: E) -> Self {
        Self::Accepting(error.into())
    }
}

fn verify(arguments: &VerifyArguments, output: &Output) -> Result<Outcome, NotVerified> {
    let source = KeySource::choose(arguments.gate.attest.key.as_deref(), PUBLIC_KEY);
    let key = PublicKey::read(&source.ok_or(AttestationError::NoPublicKey)?)?;
    let files = arguments.plans.iter().map(|plan| plan_file(plan)).collect::<Result<Vec<_>, _>>()?;
    let statement = open(&attestation(&arguments.attestation)?, &key)?;
    let rules = rules(arguments, output).map_err(NotVerified::Told)?;
    let expected = Expected {
        files: &files,
        rules: rules.as_deref(),
        max_age: arguments.max_age,
        now: Time::new(Utc::now()),
    };
    let refusals = statement.refusals(&expected);
    if refusals.is_empty() {
        if let Some(notice) = without_binary(&statement, &files) {
            output.notice(&notice);
        }
        return Ok(Outcome { text: accepted(&statement, &expected, key.id()), code: 0 });
    }
    refusals.iter().for_each(|refusal| output.problem(&Problem::plain(refusal)));
    Ok(Outcome { text: refused(&refusals), code: planguard::verdict::Verdict::Denied.exit_code() })
}

/// The digest of the rules that are expected.
fn rules(arguments: &VerifyArguments, output: &Output) -> Result<Option<String>, ExitCode> {
    if !arguments.same_rules {
        return Ok(arguments.rules_sha256.clone());
    }
    let Decided { rules_sha256, problems } = decided(&arguments.gate, output)?;
    problems.iter().for_each(|problem| output.problem(problem));
    if problems.is_empty() { Ok(Some(rules_sha256)) } else { Err(ExitCode::from(UNDECIDED)) }
}

fn plan_file(path: &Path) -> Result<PlanFile, AttestationError> {
    let sha256 = Sha256Digest::of_file(path).map_err(|error| AttestationError::UnreadablePlan {
        file: path.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(PlanFile { name: path.display().to_string(), sha256 })
}

fn attestation(path: &Path) -> Result<String, AttestationError> {
    let unreadable = |reason: String| AttestationError::Unreadable { file: path.to_owned(), reason };
    let mut text = String::new();
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    match file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))? {
        read if read as u64 > LARGEST => Err(unreadable(format!("it is larger than {LARGEST} bytes"))),
        _ => Ok(text),
    }
}

/// What to say if no file that Terraform applies is among those that were verified.
fn without_binary(statement: &Statement, files: &[PlanFile]) -> Option<Notice> {
    let has_binary = files.iter().any(|file| statement.subject_of(file) == Some(SubjectName::Binary));
    let message =
        "only the JSON of the plan was verified; `terraform apply` reads the binary plan: name it as well";
    (!has_binary).then(|| Notice::new("PG-AT-103", message))
}
