//! Why settings cannot be taken.

use std::path::PathBuf;
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use planguard_rego::opa_bundle::TrustError;
use thiserror::Error;

use crate::run::RunError;

/// What is wrong with a source of settings.
#[derive(Debug, Error, Diagnostic)]
pub enum SettingsError {
    /// A file cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    #[diagnostic(
        code("PG-CF-001"),
        help(
            "check the path and its permissions; the file has to be a regular file of UTF-8 text. \
             --no-config runs without settings files"
        )
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The key of bundles cannot be had.
    #[error(transparent)]
    #[diagnostic(transparent)]
    BundleKey(#[from] TrustError),
    /// A settings file is not TOML, or has an unknown key or an invalid value.
    #[error("{}: {reason}", path.display())]
    #[diagnostic(code("PG-CF-002"), help("{help}"))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// How to put it right.
        help: String,
        /// The file's text.
        #[source_code]
        text: Arc<NamedSource<String>>,
        /// Where.
        #[label("here")]
        at: SourceSpan,
    },
    /// `conftest.toml` cannot be followed.
    #[error("{}: {reason}", path.display())]
    #[diagnostic(
        code("PG-CF-003"),
        help(
            "write the settings into planguard.toml under [policies] (docs/configuration.md), or ignore settings \
             files with --no-config"
        )
    )]
    Conftest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// The file's text.
        #[source_code]
        text: Arc<NamedSource<String>>,
        /// Where.
        #[label("here")]
        at: SourceSpan,
    },
    /// An environment variable has an invalid value.
    #[error("environment variable {variable}: {reason}")]
    #[diagnostic(code("PG-CF-004"), help("{help}"))]
    Variable {
        /// The variable.
        variable: String,
        /// What is wrong.
        reason: String,
        /// How to put it right.
        help: String,
    },
    /// The place that `--trusted` names cannot be used.
    #[error("cannot take settings and policies from `{place}`: {reason}")]
    #[diagnostic(code("PG-CF-005"), help("{help}"))]
    Trusted {
        /// The place, as the user names it.
        place: String,
        /// What is wrong.
        reason: String,
        /// How to put it right.
        help: String,
    },
    /// There is no such benchmark.
    #[error("{origin}: there is no benchmark `{name}`")]
    #[diagnostic(code("PG-CF-011"), help("{help}"))]
    UnknownBenchmark {
        /// What is written.
        name: String,
        /// Where.
        origin: String,
        /// How to put it right.
        help: String,
    },
    /// Settings are for a rule that does not exist.
    #[error("{origin}: no rule has the id {rule}")]
    #[diagnostic(code("PG-CF-007"), help("{help}"))]
    UnknownRule {
        /// What is written.
        rule: String,
        /// Where.
        origin: String,
        /// How to put it right.
        help: String,
    },
    /// A parameter of a rule cannot be set.
    #[error("{origin}: rules.{rule}: {reason}")]
    #[diagnostic(code("PG-CF-010"), help("{help}"))]
    RuleParameter {
        /// The rule, as it is written.
        rule: String,
        /// Where.
        origin: String,
        /// What is wrong.
        reason: String,
        /// How to put it right.
        help: String,
    },
    /// The directory of the configuration is none.
    #[error("{} is not a directory with a configuration ({origin})", path.display())]
    #[diagnostic(
        code("PG-CF-008"),
        help("name the directory with the `.tf` files that the plan was made of, or remove the setting")
    )]
    NoSource {
        /// The path.
        path: PathBuf,
        /// Where it is set.
        origin: String,
    },
    /// A file would run a program of the project.
    #[error("{} belongs to the project, and a file of settings may not run it ({origin})", program.display())]
    #[diagnostic(
        code("PG-CF-009"),
        help(
            "name a program on the PATH, such as `terraform = \"tofu\"`, or one outside of the project; the pipeline may \
             name any with --terraform or PLANGUARD_TERRAFORM"
        )
    )]
    OwnProgram {
        /// The program.
        program: PathBuf,
        /// Where it is set.
        origin: String,
    },
    /// No environment has the name.
    #[error("no environment is called `{name}` ({origin})")]
    #[diagnostic(code("PG-EN-001"), help("{help}"))]
    UnknownEnvironment {
        /// The name.
        name: String,
        /// Who gives it.
        origin: String,
        /// How to put it right.
        help: String,
    },
    /// Several environments are for a run.
    #[error("several environments match this run: {environments}; {run}")]
    #[diagnostic(
        code("PG-EN-002"),
        help("exclude the run from all but one with `not = {{ ... }}`, or name one with --env")
    )]
    SeveralEnvironments {
        /// The environments with their lines.
        environments: String,
        /// What is known of the run.
        run: String,
    },
    /// What is known of a run does not say which environment is for it.
    #[error(
        "the environment of this run is open: its {conditions} not known, and may decide for {environments}"
    )]
    #[diagnostic(
        code("PG-EN-003"),
        help(
            "name it with --env or PLANGUARD_ENV ({names}), or state what is not known in a file for --context \
             (docs/environments.md)"
        )
    )]
    OpenEnvironment {
        /// The environments with their lines.
        environments: String,
        /// What is not known, with its verb.
        conditions: String,
        /// The names that may be given.
        names: String,
    },
    /// Something needs approval, and nobody may give it.
    #[error("{origin}: {what}, and no group may give it")]
    #[diagnostic(
        code("PG-EN-004"),
        help("name the groups whose people may approve with `from` under [approve] or [env.NAME.approve]")
    )]
    NoApprovers {
        /// What needs approval.
        what: String,
        /// Where.
        origin: String,
    },
    /// A setting about approvals contradicts another one.
    #[error("{origin}: {reason}")]
    #[diagnostic(code("PG-EN-005"), help("{help}"))]
    Approve {
        /// What is wrong.
        reason: String,
        /// Where.
        origin: String,
        /// How to put it right.
        help: String,
    },
    /// A file with approvals belongs to the project under review.
    #[error("{} approves the change and is a file of its repository, so the change can have written it", path.display())]
    #[diagnostic(
        code("PG-EN-009"),
        help("write it in the pipeline, outside of the checkout, from the system that people review on")
    )]
    OwnApprovals {
        /// The file.
        path: PathBuf,
    },
    /// The description of the run cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Run(#[from] RunError),
    /// A waiver has no end.
    #[error("{}:{line}: the waiver for {rule} has no `expires`", file.display())]
    #[diagnostic(
        code("PG-CF-006"),
        help(
            "add the last day on which it counts, such as `expires = 2027-01-31`, or set \
              `require-waiver-expiry = false` under [check]"
        )
    )]
    WaiverWithoutEnd {
        /// The file.
        file: PathBuf,
        /// The line of the waiver.
        line: usize,
        /// The rules that it means.
        rule: String,
    },
    /// The file of pack parameters cannot be read.
    #[error("cannot read pack parameters from {}: {reason}", path.display())]
    #[diagnostic(
        code("PG-PK-006"),
        help("write a table for each pack, such as `[required-tags.tags.owner]`")
    )]
    Parameters {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A pack has parameters and is not enabled.
    #[error("parameters are set for the pack `{pack}`, which is not enabled ({origin})")]
    #[diagnostic(code("PG-PK-005"), help("{help}"))]
    ParametersOfDisabledPack {
        /// The name.
        pack: String,
        /// Where the parameters are set.
        origin: String,
        /// How to put it right.
        help: &'static str,
    },
}
