//! `planguard fixture`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use miette::{Diagnostic, MietteDiagnostic};
use planguard::check::Rules;
use planguard::fixture::{CaseHeader, Fixture, FixtureError, case_file, make, make_new};
use planguard::input::{Document, Source, discover};
use planguard::plan::Plan;
use planguard::plan::text::escape;
use planguard::problem::Problem;
use planguard::redact::Redactor;
use planguard::rego::{Namespaces, Policies};
use planguard::render::fixture::summary;
use planguard::settings::Settings;

use crate::UNDECIDED;
use crate::args::{GuardrailArguments, InputArguments, PolicyArguments, SourceArguments};
use crate::output::{Output, write_to_stderr};
use crate::settings::settings;

pub(crate) const FIXTURE_HELP: &str = "\
These are replaced: sensitive values, credentials, accounts, subscriptions, tenants, projects,
host names, e-mail addresses and public networks. The same value has the same placeholder
everywhere. Names of resources and tags are not replaced: read the fixture before you share it.

Examples:
  planguard fixture plan.json --resource aws_s3_bucket.logs --output policy/fixtures/logs
  planguard fixture plan.json -p policy > small.json
  planguard fixture --new aws_s3_bucket > plan.json

Exit codes:
  0    the fixture was written, and it has the same findings as the plan
  2    no fixture could be made, or its findings differ
  130  interrupted";

#[derive(Clone, Debug, Args)]
pub(crate) struct FixtureArguments {
    /// The plan to make a fixture from: a file, or - for standard input
    #[arg(value_name = "PLAN|-", required_unless_present_any = ["new", "print_settings"], conflicts_with = "new")]
    plan: Option<OsString>,
    /// Make a plan that creates one resource of this type, without a real plan
    #[arg(long, value_name = "TYPE", conflicts_with = "resource")]
    new: Option<String>,
    /// Keep this resource, module or block; * and ? are wildcards (repeatable) [default: all with findings]
    #[arg(short, long, value_name = "ADDRESS")]
    resource: Vec<String>,
    /// Write plan.json and cases.toml to this directory, or only the plan to standard output
    #[arg(short, long, value_name = "DIR|-", default_value = "-")]
    output: PathBuf,

    #[command(flatten)]
    guardrails: GuardrailArguments,
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    sources: SourceArguments,
}

pub(crate) fn run(arguments: &FixtureArguments, output: &Output) -> ExitCode {
    let said = arguments.input.said(arguments.guardrails.said(arguments.policies.said()));
    let settings = match settings(said, arguments.guardrails.params.clone(), &arguments.sources, output) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    match written(arguments, &settings, output) {
        Ok(code) => code,
        Err(problems) => {
            problems.iter().for_each(|problem| output.problem(problem));
            ExitCode::from(UNDECIDED)
        }
    }
}

fn written(
    arguments: &FixtureArguments,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Vec<Problem>> {
    let plain = Redactor::default();
    let rules = rules(settings)?;
    let fixture = match (&arguments.new, &arguments.plan) {
        (Some(resource_type), _) => {
            make_new(resource_type, &rules).map_err(|error| vec![Problem::new(&error, None, &plain)])?
        }
        (None, plan) => {
            let document = document(plan.clone().unwrap_or_else(|| "-".into()), arguments, settings)?;
            of_plan(&document, arguments, &rules)?
        }
    };
    let code = if fixture.differing.is_empty() { 0 } else { UNDECIDED };
    if arguments.output == Path::new("-") {
        write_to_stderr(&summary(&fixture));
        return Ok(output.finish(&escape::json(&fixture.plan), code));
    }
    let failed = |error: FixtureError| vec![Problem::new(&error, None, &plain)];
    let directory = &arguments.output;
    fs::create_dir_all(directory).map_err(|error| failed(unwritable(directory, &error)))?;
    let case = case_file(&fixture, &header(&arguments.output, settings), &case_name(&fixture));
    let files = [("plan.json", &fixture.plan), ("cases.toml", &case)];
    // Neither is written if one exists already.
    for (name, _) in files {
        let path = directory.join(name);
        if path.exists() {
            return Err(failed(FixtureError::Exists { path }));
        }
    }
    for (name, text) in files {
        write_new(&directory.join(name), text).map_err(failed)?;
    }
    let mut text = summary(&fixture);
    let shown = plain.text(&directory.display().to_string());
    // Writing to a String does not fail.
    let _ = writeln!(text, "wrote plan.json and cases.toml to {}", shown.for_terminal_line());
    Ok(output.finish(&text, code))
}

fn of_plan(
    document: &Document,
    arguments: &FixtureArguments,
    rules: &Rules,
) -> Result<Fixture, Vec<Problem>> {
    // The key of an address may contain a sensitive value.
    let redactor =
        Plan::parse(document.text()).ok().and_then(|plan| Redactor::for_plan(&plan).ok()).unwrap_or_default();
    make(document, rules, &arguments.resource).map_err(|error| vec![Problem::new(&error, None, &redactor)])
}

fn unwritable(path: &Path, error: &std::io::Error) -> FixtureError {
    FixtureError::Unwritable { path: path.to_owned(), reason: error.to_string() }
}

fn write_new(path: &Path, text: &str) -> Result<(), FixtureError> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| unwritable(path, &error))
}

fn document(
    plan: OsString,
    arguments: &FixtureArguments,
    settings: &Settings,
) -> Result<Document, Vec<Problem>> {
    let options = arguments.input.read_options(settings);
    let plain = Redactor::default();
    let batch = discover(&[Source::from(plan)], &options).read_all(&options);
    if !batch.errors.is_empty() {
        return Err(batch.errors.iter().map(|error| Problem::new(error, None, &plain)).collect());
    }
    let several = batch.documents.len() > 1;
    let first = batch.documents.into_iter().next().filter(|_| !several);
    first.ok_or_else(|| {
        let error = MietteDiagnostic::new("a fixture is made from one plan").with_code("PG-FX-006");
        vec![Problem::new(&error.with_help("name one plan file"), None, &plain)]
    })
}

fn rules(settings: &Settings) -> Result<Rules, Vec<Problem>> {
    let plain = Redactor::default();
    let mut problems = Vec::new();
    let mut report = |diagnostic: &dyn Diagnostic| problems.push(Problem::new(diagnostic, None, &plain));
    // Plan cases do not see the environment either.
    let rules = settings.rules(BTreeMap::new(), &mut report);
    // A fixture must keep what policies look at, which is not known of those that cannot be loaded.
    rules.policies.iter().flat_map(Policies::problems).for_each(|error| report(error));
    if problems.is_empty() { Ok(rules) } else { Err(problems) }
}

/// What the case is checked with, as seen from its directory.
fn header(directory: &Path, settings: &Settings) -> CaseHeader {
    let seen = |paths: &[PathBuf]| paths.iter().map(|path| from(directory, path)).collect();
    let packs = &settings.packs.value;
    let parameters = settings.parameters.iter().filter(|(pack, _)| packs.contains(pack));
    CaseHeader {
        policies: seen(&settings.paths.value),
        guardrails: seen(&settings.guardrails.value),
        packs: packs.clone(),
        parameters: parameters.map(|(pack, parameters)| (pack.clone(), parameters.value.clone())).collect(),
        builtin: settings.builtin.value,
        namespaces: match settings.namespaces.set() {
            None => Vec::new(),
            Some(Namespaces::All) => vec!["*".to_owned()],
            Some(Namespaces::Named(names)) => names.clone(),
        },
        convention: settings.convention.value.named(),
        data: seen(&settings.data.value),
        context: settings.context.value.as_deref().map(|context| from(directory, context)),
    }
}

/// The relative path from a directory to a path; the path itself if there is none.
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
        [one] => format!("the findings on {}", one.for_terminal_line()),
        several => format!("the findings on {} resources", several.len()),
    }
}
