//! `planguard eval`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use miette::Diagnostic;
use planguard::config::Config;
use planguard::input::{Document, ReadOptions, Source, discover};
use planguard::plan::{Plan, sensitive_values};
use planguard::problem::Problem;
use planguard::redact::{JsonRedactor, Redactor};
use planguard::rego::{
    Answers, BuiltinErrors, ContextOptions, Convention, Outcome, PolicyInput, QueryInput, RegoVersion,
    Subject, Workspace, WorkspaceOptions,
};
use planguard::render::query::{QueryFormat, render};
use rustyline::error::ReadlineError;

use crate::UNDECIDED;
use crate::args::{ConventionArgument, RegoVersionArgument};
use crate::interactive::{COMMANDS, Entry, Lines};
use crate::output::{Output, write_to_stderr};
use crate::settings::run_variables;

/// The query is undefined.
const UNDEFINED: u8 = 1;

pub(crate) const EVAL_HELP: &str = "\
Examples:
  planguard eval --plan plan.json 'input.resource_changes[_].address'
  planguard eval --plan plan.json -p policy 'data.main.deny'

Exit codes:
  0    the query is defined, whatever its value
  1    the query is undefined
  2    the plan, the policies or the query could not be read or evaluated; wins over 1
  130  interrupted";

#[derive(Clone, Debug, Args)]
pub(crate) struct EvalArguments {
    /// A Rego query, such as data.main.deny
    #[arg(value_name = "QUERY", required_unless_present = "interactive", conflicts_with = "interactive")]
    query: Option<String>,
    /// Ask one query after the other
    #[arg(short, long, conflicts_with = "explain")]
    interactive: bool,
    /// Keep what is entered in this file, for the next time
    #[arg(long, value_name = "FILE", requires = "interactive")]
    history: Option<PathBuf>,

    /// The plan that is the input: a file, or - for standard input
    #[arg(long, value_name = "PLAN|-")]
    plan: Option<OsString>,
    /// Load Rego policies from a file or directory (repeatable) [default: those of planguard.toml]
    #[arg(short, long, value_name = "PATH")]
    policy: Vec<PathBuf>,
    /// Load JSON or YAML documents into `data` (repeatable)
    #[arg(short, long, value_name = "PATH")]
    data: Vec<PathBuf>,
    /// Tell policies of the run: a JSON object with the keys of their input
    #[arg(long, value_name = "FILE", requires = "plan")]
    context: Option<PathBuf>,
    /// The platform in whose shape the plan is the input [default: conftest]
    #[arg(long, value_enum, default_value_t, value_name = "PLATFORM", hide_default_value = true)]
    convention: ConventionArgument,
    /// The dialect of the policies; without it each file's own
    #[arg(long, value_enum, value_name = "VERSION")]
    rego_version: Option<RegoVersionArgument>,
    /// Take a builtin that fails for undefined, as `opa eval` does
    #[arg(long)]
    lax: bool,
    /// Say why the rule that QUERY names holds or not, for the whole plan or for one resource change
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true, requires = "plan")]
    explain: Option<Option<String>>,
    /// How long the query may take
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    policy_timeout: u64,
    /// Turn a binary plan into JSON with this program (terraform or tofu)
    #[arg(long, value_name = "BIN")]
    terraform: Option<PathBuf>,
    /// The form of the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: FormatArgument,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum FormatArgument {
    /// For people
    #[default]
    Pretty,
    /// As `opa eval --format json`
    Json,
    /// The values of the expressions, a line for each result
    Values,
    /// The variables, a line for each result
    Bindings,
    /// The values without quotes, for scripts
    Raw,
}

pub(crate) fn run(arguments: &EvalArguments, output: &Output) -> ExitCode {
    if arguments.interactive && arguments.plan.as_ref().is_some_and(|plan| plan == "-") {
        output.complain("the plan and the queries cannot both come from standard input (PG-EV-011)");
        return ExitCode::from(UNDECIDED);
    }
    let Some(session) = Session::start(arguments, output) else { return ExitCode::from(UNDECIDED) };
    let Some(query) = &arguments.query else { return converse(session, arguments, output) };
    if let Some(address) = &arguments.explain {
        let subject = address.as_deref().map_or(Subject::Plan, Subject::Address);
        return match session.explain(query, subject, output) {
            Some(Explained { text, is_whole: true }) if session.is_whole => output.finish(&text, 0),
            Some(Explained { text, .. }) => output.finish(&text, UNDECIDED),
            None => ExitCode::from(UNDECIDED),
        };
    }
    let Some(answers) = session.ask(query, output) else { return ExitCode::from(UNDECIDED) };
    let code = match (session.is_whole, answers.results.is_empty()) {
        (false, _) => UNDECIDED,
        (true, true) => UNDEFINED,
        (true, false) => 0,
    };
    output.finish(&session.render(&answers, arguments, output), code)
}

/// What explanations say.
struct Explained {
    text: String,
    /// Whether every body could be followed.
    is_whole: bool,
}

/// Which policies are taken in the place of others.
#[derive(Clone, Copy)]
enum Accept {
    /// Only if all of them could be loaded.
    Whole,
    Parts,
}

/// Answers until the user leaves.
fn converse(mut session: Session, arguments: &EvalArguments, output: &Output) -> ExitCode {
    let mut arguments = arguments.clone();
    let failed = |error: ReadlineError| {
        output.complain(&format!("cannot read queries: {error} (PG-EV-012)"));
        ExitCode::from(UNDECIDED)
    };
    let mut lines = match Lines::open(arguments.history.as_deref()) {
        Ok(lines) => lines,
        Err(error) => return failed(error),
    };
    loop {
        lines.know(session.workspace.rule_paths(), session.input.clone());
        let entry = match lines.next(session.redactor.texts()) {
            Ok(entry) => entry,
            Err(error) => return failed(error),
        };
        let text = match entry {
            Entry::Leave => return ExitCode::SUCCESS,
            Entry::Query(query) => {
                session.ask(&query, output).map(|answers| session.render(&answers, &arguments, output))
            }
            Entry::Explain { rule, address } => {
                let subject = address.as_deref().map_or(Subject::Plan, Subject::Address);
                session.explain(&rule, subject, output).map(|told| told.text)
            }
            Entry::Rules => Some(own_rules(&session.workspace).map(|rule| format!("{rule}\n")).collect()),
            Entry::Help => {
                Some(COMMANDS.iter().map(|(command, effect)| format!("{command:24} {effect}\n")).collect())
            }
            Entry::Unknown(line) => Some(format!("there is no command `{line}`; :help lists them\n")),
            Entry::Load(path) => {
                let mut wanted = arguments.clone();
                wanted.policy.push(PathBuf::from(path));
                let text = exchange(&mut session, &wanted, Accept::Whole, output);
                if text.is_some() {
                    arguments = wanted;
                }
                Some(text.unwrap_or_else(|| "what was loaded before stays\n".to_owned()))
            }
            // What is read again may be broken in the middle of an edit.
            Entry::Reload => Some(
                exchange(&mut session, &arguments, Accept::Parts, output)
                    .unwrap_or_else(|| "what was loaded before stays\n".to_owned()),
            ),
        };
        if let Some(text) = text
            && output.finish(&text, 0) != ExitCode::SUCCESS
        {
            return ExitCode::from(UNDECIDED);
        }
    }
}

/// Loads policies in the place of those that are loaded, and says how many rules there are now.
fn exchange(
    session: &mut Session,
    arguments: &EvalArguments,
    accept: Accept,
    output: &Output,
) -> Option<String> {
    session.reload(arguments, accept, output)?;
    Some(format!("{} rules are loaded\n", own_rules(&session.workspace).count()))
}

/// The rules that the user has loaded; those of the library are always there.
fn own_rules(workspace: &Workspace) -> impl Iterator<Item = String> {
    workspace.rule_paths().into_iter().filter(|path| !path.starts_with("data.planguard.lib."))
}

/// What queries are asked of.
struct Session {
    workspace: Workspace,
    input: QueryInput,
    redactor: JsonRedactor,
    builtin_errors: BuiltinErrors,
    /// Whether everything could be loaded.
    is_whole: bool,
}

impl Session {
    /// Loads the policies and the plan; nothing if either is unusable, which has been told.
    fn start(arguments: &EvalArguments, output: &Output) -> Option<Self> {
        let plain = Redactor::default();
        let say = |problem: &dyn Diagnostic| output.problem(&Problem::new(problem, None, &plain));
        let (workspace, is_whole) = load(arguments, output)?;
        let builtin_errors = if arguments.lax { BuiltinErrors::Lax } else { BuiltinErrors::Strict };
        let Some(plan) = &arguments.plan else {
            let (input, redactor) = (QueryInput::nothing(), JsonRedactor::default());
            return Some(Self { workspace, input, redactor, builtin_errors, is_whole });
        };
        let document = read(plan, arguments, output)?;
        let plan = Plan::parse(document.text()).map_err(|error| say(&error)).ok()?;
        let redactor = JsonRedactor::new(sensitive_values(&plan).map_err(|error| say(&error)).ok()?);
        let context =
            ContextOptions { file: arguments.context.clone(), infracost: None, environment: run_variables() };
        let name = document.origin().to_string();
        let convention = arguments.convention.chosen().unwrap_or(Convention::Conftest);
        let input = PolicyInput { name: &name, text: document.text() };
        let input = QueryInput::of_plan(input, convention, &context);
        let input = input.map_err(|errors| errors.iter().for_each(|error| say(error))).ok()?;
        Some(Self { workspace, input, redactor, builtin_errors, is_whole })
    }

    /// Reads policies and data again; nothing if that fails, which has been told.
    fn reload(&mut self, arguments: &EvalArguments, accept: Accept, output: &Output) -> Option<()> {
        let (workspace, is_whole) = load(arguments, output)?;
        match accept {
            Accept::Whole if !is_whole => return None,
            Accept::Whole | Accept::Parts => {}
        }
        (self.workspace, self.is_whole) = (workspace, is_whole);
        Some(())
    }

    fn render(&self, answers: &Answers, arguments: &EvalArguments, output: &Output) -> String {
        render(answers, arguments.format.chosen(), &self.redactor, output.text_options().width)
    }

    /// Explains a rule; nothing if there is no explanation, which has been told.
    fn explain(&self, rule: &str, subject: Subject<'_>, output: &Output) -> Option<Explained> {
        let explanations = self.workspace.explain(rule, &self.input, subject);
        let explanations = explanations
            .map_err(|error| output.problem(&Problem::new(&error, None, self.redactor.texts())))
            .ok()?;
        let is_whole = explanations.iter().all(|explanation| explanation.outcome != Outcome::Unexplained);
        let told = explanations.iter().map(|explanation| output.snippet(&explanation.told(&self.redactor)));
        Some(Explained { text: told.collect(), is_whole })
    }

    /// Asks, and tells what was printed or went wrong; nothing if there is no answer.
    fn ask(&self, query: &str, output: &Output) -> Option<Answers> {
        let say = |problem: &dyn Diagnostic| {
            output.problem(&Problem::new(problem, None, self.redactor.texts()));
        };
        let answers = self
            .workspace
            .query(query, &self.input, self.builtin_errors)
            .map_err(|error| say(&error))
            .ok()?;
        for line in &answers.prints {
            write_to_stderr(&format!("{}\n", self.redactor.texts().text(line)));
        }
        answers.diagnostics.iter().for_each(|diagnostic| say(diagnostic));
        Some(answers)
    }
}

/// Loads policies and data, and whether that is all of them; nothing if they are unusable, which has been told.
fn load(arguments: &EvalArguments, output: &Output) -> Option<(Workspace, bool)> {
    let plain = Redactor::default();
    let say = |problem: &dyn Diagnostic| output.problem(&Problem::new(problem, None, &plain));
    let config = match Config::find(&std::env::current_dir().unwrap_or_default()) {
        _ if !arguments.policy.is_empty() => Config::default(),
        Ok(config) => config.unwrap_or_default(),
        Err(error) => {
            say(&error);
            return None;
        }
    };
    let either = |named: &[PathBuf], configured: Vec<PathBuf>| {
        if named.is_empty() { configured } else { named.to_vec() }
    };
    let options = WorkspaceOptions {
        paths: either(&arguments.policy, config.policies.paths),
        data: either(&arguments.data, config.policies.data),
        version: arguments.rego_version.map(RegoVersion::from),
        time_limit: Duration::from_secs(arguments.policy_timeout),
        // Nobody knows what will be asked in a conversation.
        asked: arguments.query.clone().unwrap_or_else(|| "data.planguard.lib".to_owned()),
    };
    let loaded = if options.paths.is_empty() {
        Workspace::without_policies(&options)
    } else {
        Workspace::load(&options)
    };
    let workspace = loaded.map_err(|errors| errors.iter().for_each(|error| say(error))).ok()?;
    workspace.problems().iter().for_each(|problem| say(problem));
    let is_whole = workspace.problems().is_empty();
    Some((workspace, is_whole))
}

/// Reads the one plan.
fn read(plan: &OsString, arguments: &EvalArguments, output: &Output) -> Option<Document> {
    let options = ReadOptions { terraform: arguments.terraform.clone(), ..ReadOptions::default() };
    let mut batch = discover(&[Source::from(plan.clone())], &options).read_all(&options);
    for error in &batch.errors {
        output.problem(&Problem::new(error, None, &Redactor::default()));
    }
    if !batch.errors.is_empty() {
        return None;
    }
    if batch.documents.len() != 1 {
        output
            .complain(&format!("--plan takes one plan, and there are {} (PG-EV-010)", batch.documents.len()));
        return None;
    }
    batch.documents.pop()
}

impl FormatArgument {
    const fn chosen(self) -> QueryFormat {
        match self {
            Self::Pretty => QueryFormat::Pretty,
            Self::Json => QueryFormat::Json,
            Self::Values => QueryFormat::Values,
            Self::Bindings => QueryFormat::Bindings,
            Self::Raw => QueryFormat::Raw,
        }
    }
}
