//! `planguard eval`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use miette::Diagnostic;
use planguard::cost::policy_input;
use planguard::input::{Document, Source, discover};
use planguard::plan::Plan;
use planguard::plan::text::escape::for_terminal_line;
use planguard::problem::Problem;
use planguard::redact::{JsonRedactor, Redactor};
use planguard::rego::{
    Answers, BodyOutcome, BuiltinErrors, PolicyInput, QueryInput, Subject, Workspace, WorkspaceOptions,
};
use planguard::render::eval::{self as render, QueryReport};
use planguard::render::{Detail, Format};
use planguard::settings::Settings;
use rustyline::error::ReadlineError;

use crate::UNDECIDED;
use crate::args::{InputArguments, PolicyArguments, SourceArguments};
use crate::format::FormatParser;
use crate::interactive::{COMMANDS, Entry, Lines};
use crate::output::{Output, write_to_stderr};
use crate::settings::{run_variables, settings};

/// The exit code of a query that is undefined.
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
    #[arg(value_name = "QUERY", required_unless_present_any = ["interactive", "print_settings"], conflicts_with = "interactive")]
    query: Option<String>,
    /// Read queries from the terminal, one after the other
    #[arg(short, long, conflicts_with = "explain")]
    interactive: bool,
    /// Keep the history of queries in this file
    #[arg(long, value_name = "FILE", requires = "interactive")]
    history: Option<PathBuf>,

    /// The plan that becomes the input: a file, or - for standard input
    #[arg(long, value_name = "PLAN|-")]
    plan: Option<OsString>,
    /// Treat a builtin that fails as undefined, as `opa eval` does
    #[arg(long)]
    lax: bool,
    /// Explain why the rule that QUERY names is true or not, for the whole plan or for one resource change
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true, requires = "plan")]
    explain: Option<Option<String>>,
    /// The format of the answer
    #[arg(long, value_parser = FormatParser(&render::FORMATS), default_value = render::FORMATS.default().name, value_name = "FORMAT")]
    format: &'static Format<QueryReport>,

    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    sources: SourceArguments,
}

pub(crate) fn run(arguments: &EvalArguments, output: &Output) -> ExitCode {
    if arguments.interactive && arguments.plan.as_ref().is_some_and(|plan| plan == "-") {
        output.complain("the plan and the queries cannot both come from standard input (PG-EV-011)");
        return ExitCode::from(UNDECIDED);
    }
    let settings =
        match settings(arguments.input.said(arguments.policies.said()), None, &arguments.sources, output) {
            Ok(settings) => settings,
            Err(code) => return code,
        };
    let wanted = WorkspaceOptions {
        // Later queries of an interactive session may need the library.
        asked: arguments.query.clone().unwrap_or_else(|| "data.planguard.lib".to_owned()),
        ..settings.workspace_options()
    };
    let Some(session) = Session::start(arguments, &settings, &wanted, output) else {
        return ExitCode::from(UNDECIDED);
    };
    let Some(query) = &arguments.query else { return converse(session, arguments, wanted, output) };
    if let Some(address) = &arguments.explain {
        let subject = address.as_deref().map_or(Subject::Plan, Subject::Address);
        return match session.explain(query, subject, output) {
            Some(ExplanationText { text, is_whole: true }) if session.is_whole => output.finish(&text, 0),
            Some(ExplanationText { text, .. }) => output.finish(&text, UNDECIDED),
            None => ExitCode::from(UNDECIDED),
        };
    }
    let Some(answers) = session.ask(query, output) else { return ExitCode::from(UNDECIDED) };
    let code = match (session.is_whole, answers.results.is_empty()) {
        (false, _) => UNDECIDED,
        (true, true) => UNDEFINED,
        (true, false) => 0,
    };
    output.report(&session.report(&answers), arguments.format, Detail::default(), code)
}

/// The text of explanations.
struct ExplanationText {
    text: String,
    /// Whether every rule body could be explained.
    is_whole: bool,
}

/// When newly loaded policies replace those that were loaded before.
#[derive(Clone, Copy)]
enum Accept {
    /// Only if all of them were loaded.
    Whole,
    Parts,
}

/// Answers queries until the user leaves.
fn converse(
    mut session: Session,
    arguments: &EvalArguments,
    mut loaded: WorkspaceOptions,
    output: &Output,
) -> ExitCode {
    let failed = |error: ReadlineError| {
        output.complain(&format!("cannot read queries: {error} (PG-EV-012)"));
        ExitCode::from(UNDECIDED)
    };
    let mut lines = match Lines::open(arguments.history.as_deref()) {
        Ok(lines) => lines,
        Err(error) => return failed(error),
    };
    loop {
        lines.set_completions(session.workspace.rule_paths(), session.input.clone());
        let entry = match lines.next(session.redactor.texts()) {
            Ok(entry) => entry,
            Err(error) => return failed(error),
        };
        let text = match entry {
            Entry::Leave => return ExitCode::SUCCESS,
            Entry::Query(query) => {
                let Some(answers) = session.ask(&query, output) else { continue };
                let report = session.report(&answers);
                if output.report(&report, arguments.format, Detail::default(), 0) != ExitCode::SUCCESS {
                    return ExitCode::from(UNDECIDED);
                }
                None
            }
            Entry::Explain { rule, address } => {
                let subject = address.as_deref().map_or(Subject::Plan, Subject::Address);
                session.explain(&rule, subject, output).map(|told| told.text)
            }
            Entry::Rules => {
                Some(own_rules(&session.workspace).map(|rule| for_terminal_line(&rule) + "\n").collect())
            }
            Entry::Help => {
                Some(COMMANDS.iter().map(|(command, effect)| format!("{command:24} {effect}\n")).collect())
            }
            Entry::Unknown(line) => {
                Some(format!("there is no command `{}`; :help lists them\n", for_terminal_line(&line)))
            }
            Entry::Load(path) => {
                let mut wanted = loaded.clone();
                wanted.paths.push(PathBuf::from(path));
                let text = exchange(&mut session, &wanted, Accept::Whole, output);
                if text.is_some() {
                    loaded = wanted;
                }
                Some(text.unwrap_or_else(|| "the policies that were loaded before are kept\n".to_owned()))
            }
            // Policies that are being edited may be broken for a while.
            Entry::Reload => Some(
                exchange(&mut session, &loaded, Accept::Parts, output)
                    .unwrap_or_else(|| "the policies that were loaded before are kept\n".to_owned()),
            ),
        };
        if let Some(text) = text
            && output.finish(&text, 0) != ExitCode::SUCCESS
        {
            return ExitCode::from(UNDECIDED);
        }
    }
}

/// Replaces the loaded policies, and returns how many rules there are now.
fn exchange(
    session: &mut Session,
    wanted: &WorkspaceOptions,
    accept: Accept,
    output: &Output,
) -> Option<String> {
    session.reload(wanted, accept, output)?;
    Some(match own_rules(&session.workspace).count() {
        1 => "1 rule is loaded\n".to_owned(),
        count => format!("{count} rules are loaded\n"),
    })
}

/// The rules that the user loaded; those of the library are always there.
fn own_rules(workspace: &Workspace) -> impl Iterator<Item = String> {
    workspace.rule_paths().into_iter().filter(|path| !path.starts_with("data.planguard.lib."))
}

/// What queries are evaluated on.
struct Session {
    workspace: Workspace,
    input: QueryInput,
    redactor: JsonRedactor,
    builtin_errors: BuiltinErrors,
    /// Whether everything was loaded.
    is_whole: bool,
}

impl Session {
    /// Loads the policies and the plan. `None` if either is unusable, after the reason was printed.
    fn start(
        arguments: &EvalArguments,
        settings: &Settings,
        wanted: &WorkspaceOptions,
        output: &Output,
    ) -> Option<Self> {
        let plain = Redactor::default();
        let say = |problem: &dyn Diagnostic| output.problem(&Problem::new(problem, None, &plain));
        let (workspace, is_whole) = load(wanted, output)?;
        let builtin_errors = if arguments.lax { BuiltinErrors::Lax } else { BuiltinErrors::Strict };
        let Some(plan) = &arguments.plan else {
            let (input, redactor) = (QueryInput::nothing(), JsonRedactor::default());
            return Some(Self { workspace, input, redactor, builtin_errors, is_whole });
        };
        let document = read(plan, arguments, settings, output)?;
        let plan = Plan::parse(document.text()).map_err(|error| say(&error)).ok()?;
        let redactor = JsonRedactor::for_plan(&plan).map_err(|error| say(&error)).ok()?;
        let context = settings.context_options(run_variables());
        let name = document.origin().to_string();
        let input = PolicyInput { name: &name, text: document.text(), plan: None, cost: None };
        let input = QueryInput::of_plan(input, settings.query_convention(), &context);
        let input = input.map_err(|errors| errors.iter().for_each(|error| say(error))).ok()?;
        let mut are_read = true;
        let costs = settings.cost_rules(None, &mut |error| {
            are_read = false;
            say(error);
        });
        if costs.imported.is_some() {
            // A report of another plan is a mistake whatever is asked.
            costs.cost(&plan, document.origin().path()).map_err(|error| say(&error)).ok()?;
        }
        if !are_read {
            return None;
        }
        let input = input.with_cost(move || {
            let plan = Plan::parse(document.text()).ok()?;
            let cost = costs.cost(&plan, document.origin().path()).ok()?;
            policy_input(&cost).ok()
        });
        Some(Self { workspace, input, redactor, builtin_errors, is_whole })
    }

    /// Reads policies and data again. `None` if that fails, after the reason was printed.
    fn reload(&mut self, wanted: &WorkspaceOptions, accept: Accept, output: &Output) -> Option<()> {
        let (workspace, is_whole) = load(wanted, output)?;
        match accept {
            Accept::Whole if !is_whole => return None,
            Accept::Whole | Accept::Parts => {}
        }
        (self.workspace, self.is_whole) = (workspace, is_whole);
        Some(())
    }

    /// The answers as they may be printed.
    fn report(&self, answers: &Answers) -> QueryReport {
        QueryReport::new(answers, &self.redactor)
    }

    /// Explains a rule. `None` if there is no explanation, after the reason was printed.
    fn explain(&self, rule: &str, subject: Subject<'_>, output: &Output) -> Option<ExplanationText> {
        let explanations = self.workspace.explain(rule, &self.input, subject);
        let explanations = explanations
            .map_err(|error| output.problem(&Problem::new(&error, None, self.redactor.texts())))
            .ok()?;
        let is_whole = explanations.iter().all(|explanation| explanation.outcome != BodyOutcome::Unexplained);
        let text = render::explain(&explanations, &self.redactor, output.layout(Detail::default()));
        Some(ExplanationText { text, is_whole })
    }

    /// Evaluates a query, and prints its output and errors. `None` if there is no answer.
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
            write_to_stderr(&format!("{}\n", self.redactor.texts().text(line).for_terminal()));
        }
        answers.diagnostics.iter().for_each(|diagnostic| say(diagnostic));
        Some(answers)
    }
}

/// Loads policies and data, and returns whether all of them were loaded. `None` if they are unusable, after the reason
/// was printed.
fn load(options: &WorkspaceOptions, output: &Output) -> Option<(Workspace, bool)> {
    let plain = Redactor::default();
    let say = |problem: &dyn Diagnostic| output.problem(&Problem::new(problem, None, &plain));
    let loaded = if options.paths.is_empty() {
        Workspace::without_policies(options)
    } else {
        Workspace::load(options)
    };
    let workspace = loaded.map_err(|errors| errors.iter().for_each(|error| say(error))).ok()?;
    workspace.problems().iter().for_each(|problem| say(problem));
    let is_whole = workspace.problems().is_empty();
    Some((workspace, is_whole))
}

/// Reads the plan, of which there must be one.
fn read(
    plan: &OsString,
    arguments: &EvalArguments,
    settings: &Settings,
    output: &Output,
) -> Option<Document> {
    let options = arguments.input.read_options(settings);
    let mut batch = discover(&[Source::from(plan.clone())], &options).read_all(&options);
    for error in &batch.errors {
        output.problem(&Problem::plain(error));
    }
    if !batch.errors.is_empty() {
        return None;
    }
    if batch.documents.len() != 1 {
        output.complain(&format!("--plan takes 1 plan, found {} (PG-EV-010)", batch.documents.len()));
        return None;
    }
    batch.documents.pop()
}
