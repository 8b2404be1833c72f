//! `planguard fixture`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use miette::{Diagnostic, MietteDiagnostic};
use planguard::check::{Packs, Rules};
use planguard::config::Config;
use planguard::fixture::{CaseHeader, Fixture, FixtureError, Kind, case_file, make, make_new};
use planguard::guardrails::load_guardrails;
use planguard::input::{Document, OnWrapperLines, ReadOptions, Source, discover};
use planguard::plan::{Plan, sensitive_values};
use planguard::problem::Problem;
use planguard::redact::{Redactor, SafeText};
use planguard::rego::{ContextOptions, Namespaces, Policies, PolicyOptions};

use crate::UNDECIDED;
use crate::args::ConventionArgument;
use crate::output::{Output, write_to_stderr};
use crate::packs::{self, Chosen, Wanted};

pub(crate) const FIXTURE_HELP: &str = "\
What is replaced: sensitive values, credentials, accounts, subscriptions, tenants, projects,
host names, e-mail addresses and public networks. The same value has the same placeholder
everywhere. Names of resources and tags stay as they are: read the fixture before you give it
away.

Examples:
  planguard fixture plan.json --resource aws_s3_bucket.logs --output policy/fixtures/logs
  planguard fixture plan.json -p policy > small.json
  planguard fixture --new aws_s3_bucket > plan.json

Exit codes:
  0    the fixture was written, and the same is found in it
  2    no fixture could be made, or something else is found in it
  130  interrupted";

/// How many addresses are listed.
const LISTED: usize = 20;

#[derive(Clone, Debug, Args)]
pub(crate) struct FixtureArguments {
    /// The plan to make a fixture of: a file, or - for standard input
    #[arg(value_name = "PLAN|-", required_unless_present = "new", conflicts_with = "new")]
    plan: Option<OsString>,
    /// Make a plan that creates one resource of this type, for which there is no plan yet
    #[arg(long, value_name = "TYPE", conflicts_with = "resource")]
    new: Option<String>,
    /// Keep this resource, module or block; * and ? are wildcards (repeatable) [default: all with findings]
    #[arg(short, long, value_name = "ADDRESS")]
    resource: Vec<String>,
    /// Write plan.json and cases.toml to this directory, or only the plan to standard output
    #[arg(short, long, value_name = "DIR|-", default_value = "-")]
    output: PathBuf,

    /// Switch on one more pack of guardrails (repeatable)
    #[arg(long, value_name = "PACK", help_heading = "Guardrails")]
    pack: Vec<String>,
    /// Load guardrails of your own from a TOML file or a directory of them (repeatable)
    #[arg(long, value_name = "PATH", help_heading = "Guardrails")]
    guardrails: Vec<PathBuf>,
    /// Switch off all built-in guardrails
    #[arg(long, help_heading = "Guardrails")]
    no_builtin: bool,

    /// Load Rego policies from a file or directory (repeatable) [default: those of planguard.toml]
    #[arg(short, long, value_name = "PATH", help_heading = "Policies")]
    policy: Vec<PathBuf>,
    /// The platform that the policies are for
    #[arg(long, value_enum, value_name = "PLATFORM", help_heading = "Policies")]
    convention: Option<ConventionArgument>,
    /// Tell policies of the run: a JSON object with the keys of their input
    #[arg(long, value_name = "FILE", requires = "policy", help_heading = "Policies")]
    context: Option<PathBuf>,
    /// Evaluate the packages that match; * and ? are wildcards (repeatable) [default: main]
    #[arg(short, long, value_name = "PACKAGE", requires = "policy", help_heading = "Policies")]
    namespace: Vec<String>,
    /// Load JSON or YAML documents into `data` (repeatable)
    #[arg(short, long, value_name = "PATH", requires = "policy", help_heading = "Policies")]
    data: Vec<PathBuf>,

    /// Turn a binary plan into JSON with this program (terraform or tofu)
    #[arg(long, value_name = "BIN", help_heading = "Input")]
    terraform: Option<PathBuf>,
    /// Leave out the lines that old versions of the setup-terraform action put around the JSON
    #[arg(long, help_heading = "Input")]
    lenient: bool,
}

pub(crate) fn run(arguments: &FixtureArguments, output: &Output) -> ExitCode {
    match written(arguments, output) {
        Ok(code) => code,
        Err(problems) => {
            problems.iter().for_each(|problem| output.problem(problem));
            ExitCode::from(UNDECIDED)
        }
    }
}

fn written(arguments: &FixtureArguments, output: &Output) -> Result<ExitCode, Vec<Problem>> {
    let plain = Redactor::default();
    let arguments = &in_project(arguments)?;
    let rules = rules(arguments)?;
    let fixture = match (&arguments.new, &arguments.plan) {
        (Some(resource_type), _) => {
            make_new(resource_type, &rules).map_err(|error| vec![Problem::new(&error, None, &plain)])?
        }
        (None, plan) => of_plan(plan.clone().unwrap_or_else(|| "-".into()), arguments, &rules)?,
    };
    let code = if fixture.differing.is_empty() { 0 } else { UNDECIDED };
    if arguments.output == Path::new("-") {
        write_to_stderr(&told(&fixture));
        return Ok(output.finish(&fixture.plan, code));
    }
    let failed = |error: FixtureError| vec![Problem::new(&error, None, &plain)];
    let directory = &arguments.output;
    fs::create_dir_all(directory).map_err(|error| failed(unwritable(directory, &error)))?;
    let case = case_file(&fixture, &header(arguments), &case_name(&fixture));
    let files = [("plan.json", &fixture.plan), ("cases.toml", &case)];
    // Neither is written if one is there already.
    for (name, _) in files {
        let path = directory.join(name);
        if path.exists() {
            return Err(failed(FixtureError::Exists { path }));
        }
    }
    for (name, text) in files {
        write_new(&directory.join(name), text).map_err(failed)?;
    }
    let mut text = told(&fixture);
    let shown = plain.text(&directory.display().to_string());
    // Writing to a String does not fail.
    let _ = writeln!(text, "written to {}: plan.json and cases.toml", shown.one_line());
    Ok(output.finish(&text, code))
}

/// The arguments with what the project's configuration says where they say nothing. Packs need parameters, which a
/// case would have to repeat, so they are switched on by name only.
fn in_project(arguments: &FixtureArguments) -> Result<FixtureArguments, Vec<Problem>> {
    let mut arguments = arguments.clone();
    let here = std::env::current_dir().unwrap_or_default();
    let found =
        Config::find(&here).map_err(|error| vec![Problem::new(&error, None, &Redactor::default())])?;
    let Some(Config { check, policies, .. }) = found else { return Ok(arguments) };
    arguments.no_builtin |= check.builtin == Some(false);
    if arguments.guardrails.is_empty() {
        arguments.guardrails = check.guardrails;
    }
    if arguments.policy.is_empty() {
        arguments.policy = policies.paths;
        if arguments.data.is_empty() {
            arguments.data = policies.data;
        }
        if arguments.namespace.is_empty() {
            arguments.namespace = match policies.namespaces {
                Some(Namespaces::All) => vec!["*".to_owned()],
                Some(Namespaces::Named(names)) => names,
                None => Vec::new(),
            };
        }
    }
    Ok(arguments)
}

fn of_plan(plan: OsString, arguments: &FixtureArguments, rules: &Rules) -> Result<Fixture, Vec<Problem>> {
    let document = document(plan, arguments)?;
    // An address may hold a sensitive value in its key.
    let redactor = Plan::parse(document.text())
        .ok()
        .and_then(|plan| sensitive_values(&plan).ok())
        .map_or_else(Redactor::default, |values| Redactor::new(&values));
    make(&document, rules, &arguments.resource).map_err(|error| vec![Problem::new(&error, None, &redactor)])
}

fn unwritable(path: &Path, error: &std::io::Error) -> FixtureError {
    FixtureError::Unwritable { path: path.to_owned(), reason: error.to_string() }
}

fn write_new(path: &Path, text: &str) -> Result<(), FixtureError> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| unwritable(path, &error))
}

fn document(plan: OsString, arguments: &FixtureArguments) -> Result<Document, Vec<Problem>> {
    let options = ReadOptions {
        wrapper_lines: if arguments.lenient { OnWrapperLines::Strip } else { OnWrapperLines::Refuse },
        terraform: arguments.terraform.clone(),
        ..ReadOptions::default()
    };
    let plain = Redactor::default();
    let batch = discover(&[Source::from(plan)], &options).read_all(&options);
    if !batch.errors.is_empty() {
        return Err(batch.errors.iter().map(|error| Problem::new(error, None, &plain)).collect());
    }
    let several = batch.documents.len() > 1;
    let first = batch.documents.into_iter().next().filter(|_| !several);
    first.ok_or_else(|| {
        let error = MietteDiagnostic::new("a fixture is made of one plan").with_code("PG-FX-006");
        vec![Problem::new(&error.with_help("name the file of the plan"), None, &plain)]
    })
}

fn rules(arguments: &FixtureArguments) -> Result<Rules, Vec<Problem>> {
    let plain = Redactor::default();
    let mut problems = Vec::new();
    let mut say = |diagnostic: &dyn Diagnostic| problems.push(Problem::new(diagnostic, None, &plain));
    let wanted = Wanted {
        builtin: if arguments.no_builtin { Packs::none() } else { Packs::default() },
        names: &arguments.pack,
        configured: serde_json::Map::new(),
        params: None,
    };
    let Chosen { builtin, rego } = packs::choose(wanted, &mut say);
    let guardrails = load_guardrails(&arguments.guardrails).unwrap_or_else(|errors| {
        errors.iter().for_each(|error| say(error));
        Vec::new()
    });
    let policies = (!arguments.policy.is_empty() || !rego.is_empty()).then(|| {
        Policies::load(&PolicyOptions {
            paths: arguments.policy.clone(),
            packs: rego,
            convention: arguments.convention.and_then(ConventionArgument::chosen),
            // The environment has no part in it, as in the cases that the fixture is for.
            context: ContextOptions { file: arguments.context.clone(), ..ContextOptions::default() },
            namespaces: match &arguments.namespace[..] {
                [] => Namespaces::default(),
                names if names.iter().any(|name| name == "*") => Namespaces::All,
                names => Namespaces::Named(names.to_vec()),
            },
            data: arguments.data.clone(),
            ..PolicyOptions::default()
        })
    });
    // What policies would find that cannot be loaded, nobody knows; so nobody knows what they need.
    policies.iter().flat_map(Policies::problems).for_each(|error| say(error));
    if problems.is_empty() { Ok(Rules { packs: builtin, guardrails, policies }) } else { Err(problems) }
}

/// What the case is to be checked with, as seen from its directory.
fn header(arguments: &FixtureArguments) -> CaseHeader {
    let seen = |paths: &[PathBuf]| paths.iter().map(|path| from(&arguments.output, path)).collect();
    CaseHeader {
        policies: seen(&arguments.policy),
        guardrails: seen(&arguments.guardrails),
        packs: arguments.pack.clone(),
        builtin: !arguments.no_builtin,
        namespaces: arguments.namespace.clone(),
        convention: arguments
            .convention
            .and_then(ConventionArgument::chosen)
            .map(|convention| convention.to_string()),
        data: seen(&arguments.data),
        context: arguments.context.as_deref().map(|context| from(&arguments.output, context)),
    }
}

/// The way from a directory to a path; the path itself where there is none.
fn from(directory: &Path, path: &Path) -> PathBuf {
    let (Ok(directory), Ok(target)) = (fs::canonicalize(directory), fs::canonicalize(path)) else {
        return path.to_owned();
    };
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (directory.components().collect(), target.components().collect());
    let common = from.iter().zip(&to).take_while(|(left, right)| left == right).count();
    if common == 0 {
        return target;
    }
    let up = from[common..].iter().map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to[common..].iter().copied()).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

fn case_name(fixture: &Fixture) -> String {
    match &fixture.kept[..] {
        [one] => format!("what is found on {one}"),
        several => format!("what is found on {} resources", several.len()),
    }
}

/// What was kept, dropped and replaced. Never a value.
fn told(fixture: &Fixture) -> String {
    let mut text = format!("kept {} of {} objects\n", fixture.kept.len(), fixture.objects);
    let listed = fixture.kept.iter().take(LISTED);
    let mut lines: Vec<String> = listed.map(|address| format!("  {}", address.one_line())).collect();
    if fixture.kept.len() > LISTED {
        lines.push(format!("  and {} more", fixture.kept.len() - LISTED));
    }
    let counts = |counts: &std::collections::BTreeMap<Kind, usize>| {
        let counts = counts.iter().map(|(kind, count)| format!("{count} {}", kind.counted(*count)));
        counts.collect::<Vec<_>>().join(", ")
    };
    lines.push(match fixture.replaced.is_empty() {
        true => "replaced nothing".to_owned(),
        false => format!("replaced {}", counts(&fixture.replaced)),
    });
    if !fixture.spared.is_empty() {
        lines.push(format!("left as they are, because findings depend on them: {}", counts(&fixture.spared)));
    }
    if !fixture.lost.is_empty() {
        let rules: Vec<String> = fixture.lost.iter().map(SafeText::one_line).collect();
        lines.push(format!("about the whole plan, so not in the fixture: {}", rules.join(", ")));
    }
    let findings = if fixture.findings.len() == 1 { "finding" } else { "findings" };
    lines.push(format!("{} {findings} in the fixture", fixture.findings.len()));
    if !fixture.differing.is_empty() {
        let addresses: Vec<String> = fixture.differing.iter().map(SafeText::one_line).collect();
        lines.push(format!(
            "NOT THE SAME as in the plan, because a secret was replaced: {} (PG-FX-007)",
            addresses.join(", ")
        ));
    }
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}
