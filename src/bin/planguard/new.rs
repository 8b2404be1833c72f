//! `planguard new` and `planguard init`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use planguard::plan::text::escape::for_terminal;
use planguard::problem::Problem;
use planguard::scaffold::{
    GuardrailId, Pipeline, PolicyName, ResourceType, Scaffold, ScaffoldError, guardrail, policy, project,
};

use crate::UNDECIDED;
use crate::output::Output;
use crate::words::word;

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A Rego policy with unit tests and plan cases, in the directory `policies`
    Policy {
        /// The policy's name, such as bucket_owner
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// A guardrail with cases, in the directory `guardrails`
    Guardrail {
        /// The guardrail's id, such as acme-bucket-without-owner
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
struct Place {
    /// The resource type that it checks
    #[arg(long = "type", value_name = "TYPE", default_value_t)]
    resource_type: ResourceType,
    /// Write to this directory
    #[arg(long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The project's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// The CI system [default: inferred from the repository, else github]
    #[arg(long, value_parser = word::<Pipeline>(), value_name = "CI")]
    ci: Option<Pipeline>,
}

pub(crate) fn run(arguments: &NewArguments, output: &Output) -> ExitCode {
    let (scaffold, place, next) = match &arguments.what {
        What::Policy { name, place } => {
            let name = name.parse::<PolicyName>();
            let scaffold = name.and_then(|name| Ok(policy(&name, place.resource_type.known()?)));
            (scaffold, place, "policies")
        }
        What::Guardrail { id, place } => {
            let id = id.parse::<GuardrailId>();
            let scaffold = id.and_then(|id| Ok(guardrail(&id, place.resource_type.known()?)));
            (scaffold, place, "guardrails")
        }
    };
    let next = format!("Next: planguard test {}\n", in_directory(&place.directory, next).display());
    finish(scaffold, &place.directory, &next, output)
}

pub(crate) fn init(arguments: &InitArguments, output: &Output) -> ExitCode {
    let directory = &arguments.directory;
    let pipeline = arguments.ci.unwrap_or_else(|| pipeline_of(directory));
    let mut next = "\
Next:
  planguard test policies
  planguard lint policies
  terraform plan -out=tfplan && terraform show -json tfplan | planguard check -
"
    .to_owned();
    if let Some(script) = pipeline.install_script() {
        let script = in_directory(directory, script);
        next.push_str(&format!(
            "\nNo release of planguard is published yet. The pipeline fails until {} names a commit to build\n\
             (git_url and git_rev) or, later, the archive of a release with its checksum.\n",
            script.display()
        ));
    }
    finish(Ok(project(pipeline)), directory, &next, output)
}

fn finish(
    scaffold: Result<Scaffold, ScaffoldError>,
    directory: &Path,
    next: &str,
    output: &Output,
) -> ExitCode {
    let written = scaffold.and_then(|scaffold| scaffold.write(directory).map(|()| scaffold));
    match written {
        Ok(scaffold) => {
            let mut text = String::new();
            for path in scaffold.paths() {
                text.push_str(&format!("wrote {}\n", in_directory(directory, path).display()));
            }
            text.push_str(next);
            // Paths are all that is not the program's own text.
            output.finish(&for_terminal(&text), 0)
        }
        Err(error) => {
            output.problem(&Problem::plain(&error));
            ExitCode::from(UNDECIDED)
        }
    }
}

/// The path as its user would type it.
fn in_directory(directory: &Path, path: impl AsRef<Path>) -> PathBuf {
    if directory == Path::new(".") { path.as_ref().to_owned() } else { directory.join(path) }
}

/// The CI system that the files and remotes of the repository point to.
fn pipeline_of(directory: &Path) -> Pipeline {
    let absolute = env::current_dir().unwrap_or_default().join(directory);
    let repository = absolute.ancestors().find(|ancestor| ancestor.join(".git").exists());
    let root = repository.unwrap_or(&absolute);
    let remotes = fs::read_to_string(root.join(".git/config")).unwrap_or_default();
    if root.join(".gitlab-ci.yml").exists() || remotes.contains("gitlab") {
        Pipeline::GitLab
    } else {
        Pipeline::GitHub
    }
}
