//! `planguard runtask serve`: the arguments of the server, and how it has plans checked.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use planguard::runtask::RunTaskError;
use planguard::settings::Seconds;

use crate::output::Output;

pub(crate) const HELP: &str = "\
What follows `--` are arguments of `planguard check`, which checks each plan in a process of its own:
  PLANGUARD_HMAC_KEY=... planguard runtask serve --listen 0.0.0.0:8080 -- --policy policies

The server speaks HTTP; a proxy in front of it has the certificate. GET /healthz says that it is there. On SIGTERM it accepts
no further run, and ends when the results of the others are sent. docs/run-task.md has an example.";

/// A host, which nobody asks if there is no server.
#[cfg(feature = "serve")]
type Host = planguard::runtask::serve::AllowedHost;
#[cfg(not(feature = "serve"))]
type Host = String;

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Listen on this address
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: String,
    /// The file with the HMAC key of the run task [env: PLANGUARD_HMAC_KEY, the key itself]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The hosts of HCP Terraform or Terraform Enterprise, which get the access token of a run (repeatable)
    #[arg(long, value_name = "HOST", default_value = "app.terraform.io")]
    api_host: Vec<Host>,
    /// The hosts from which plans are downloaded, without the token (repeatable)
    #[arg(long, value_name = "HOST", default_value = "archivist.terraform.io")]
    download_host: Vec<Host>,
    /// Check so many runs at a time; further ones are answered with status 429
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    max_runs: u16,
    /// Refuse plans that are larger, in megabytes
    #[arg(long, value_name = "MB", default_value_t = 256)]
    max_size: u64,
    /// The time in which a request arrives
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    request_timeout: Seconds,
    /// The time in which a plan is fetched
    #[arg(long, value_name = "SECONDS", default_value = "120")]
    fetch_timeout: Seconds,
    /// The time in which a plan is checked, from when it starts to arrive
    #[arg(long, value_name = "SECONDS", default_value = "300")]
    check_timeout: Seconds,
    /// Arguments of `planguard check`
    #[arg(last = true, value_name = "ARGUMENT")]
    check: Vec<OsString>,
}

#[cfg(not(feature = "serve"))]
pub(crate) fn run(_arguments: &ServeArguments, output: &Output) -> ExitCode {
    refused(&RunTaskError::NotBuilt, output)
}

fn refused(error: &RunTaskError, output: &Output) -> ExitCode {
    output.problem(&planguard::problem::Problem::plain(error));
    ExitCode::from(crate::UNDECIDED)
}

#[cfg(feature = "serve")]
pub(crate) use server::run;

#[cfg(feature = "serve")]
mod server {
    use std::io::{self, Write as _};
    use std::net::TcpListener;
    use std::process::{Child, ChildStdin, Command, Stdio};
    use std::sync::Arc;
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::{Duration, Instant};
    use std::{env, thread};

    use clap::FromArgMatches as _;
    use planguard::render;
    use planguard::report::Report;
    use planguard::runtask::HMAC_KEY;
    use planguard::runtask::serve::{Checker, Hosts, Limits, PlanBody, Server, read_limited};
    use zeroize::Zeroizing;

    use super::{ExitCode, OsString, Output, RunTaskError, Seconds, ServeArguments, refused};
    use crate::args::{self, Arguments, CheckArguments};
    use crate::runtask::secret;
    use crate::{UNDECIDED, check};

    /// The most bytes of a report.
    const LARGEST_REPORT: u64 = 256 << 20;

    /// How long the results of runs may take when the server ends, beyond the time of their plan and their check: that of all
    /// attempts to send one.
    const TIME_TO_SEND: Duration = Duration::from_secs(180);

    pub(crate) fn run(arguments: &ServeArguments, output: &Output) -> ExitCode {
        let (server, listener) = match prepared(arguments, output) {
            Ok(prepared) => prepared,
            Err(code) => return code,
        };
        let server = Arc::new(server);
        if let Ok(address) = listener.local_addr() {
            output.complain(&format!("serving a run task on http://{address}"));
        }
        let accepting = Arc::clone(&server);
        let serving = thread::spawn(move || accepting.serve(&listener));
        wait_for_end(serving);
        output.complain("no further run is accepted");
        let unfinished =
            server.end(time(arguments.fetch_timeout) + time(arguments.check_timeout) + TIME_TO_SEND);
        if unfinished > 0 {
            output.complain(&format!("{unfinished} runs got no result; HCP Terraform fails them"));
            return ExitCode::from(UNDECIDED);
        }
        ExitCode::SUCCESS
    }

    /// Waits for the signal that ends the server.
    #[cfg(unix)]
    fn wait_for_end(serving: thread::JoinHandle<()>) {
        use signal_hook::consts::SIGTERM;
        use signal_hook::iterator::Signals;
        match Signals::new([SIGTERM]) {
            Ok(mut signals) => {
                crate::start::leave_termination();
                let _ = signals.forever().next();
            }
            // The signal itself ends the process.
            Err(_) => drop(serving.join()),
        }
    }

    #[cfg(not(unix))]
    fn wait_for_end(serving: thread::JoinHandle<()>) {
        drop(serving.join());
    }

    const fn time(seconds: Seconds) -> Duration {
        Duration::from_secs(seconds.get())
    }

    /// A server that only has to accept requests. What is wrong with its rules is known now, and not at the first run.
    fn prepared(arguments: &ServeArguments, output: &Output) -> Result<(Server, TcpListener), ExitCode> {
        let failed = |error: &RunTaskError| refused(error, output);
        let key = key(arguments).map_err(|error| failed(&error))?;
        let checker = checker(arguments, output)?;
        let hosts = Hosts { api: arguments.api_host.clone(), download: arguments.download_host.clone() };
        let limits = Limits {
            runs: usize::from(arguments.max_runs),
            request: time(arguments.request_timeout),
            fetch: time(arguments.fetch_timeout),
            plan: arguments.max_size.saturating_mul(1 << 20),
        };
        let listen = |error: io::Error| RunTaskError::Listen {
            address: arguments.listen.clone(),
            reason: error.to_string(),
        };
        let listener = TcpListener::bind(&arguments.listen).map_err(|error| failed(&listen(error)))?;
        let log = output.clone();
        let log = Box::new(move |line: &str| log.complain(line));
        Ok((Server::new(key, hosts, limits, Box::new(checker), log), listener))
    }

    fn key(arguments: &ServeArguments) -> Result<Zeroizing<Vec<u8>>, RunTaskError> {
        let key = match (&arguments.key, env::var_os(HMAC_KEY)) {
            (Some(file), _) => secret(file)?,
            (None, Some(key)) => Zeroizing::new(key.into_encoded_bytes()),
            (None, None) => Zeroizing::default(),
        };
        if key.is_empty() { Err(RunTaskError::NoKey) } else { Ok(key) }
    }

    /// Checks a plan with this program in a process of its own, which a plan or a policy may end.
    struct InProcess {
        program: std::path::PathBuf,
        arguments: Vec<OsString>,
        time: Duration,
    }

    fn checker(arguments: &ServeArguments, output: &Output) -> Result<InProcess, ExitCode> {
        let own = ["--format=json", "--no-annotations", "-"].map(OsString::from);
        let all: Vec<OsString> =
            [OsString::from("check")].into_iter().chain(arguments.check.iter().cloned()).chain(own).collect();
        let matches = args::command()
            .try_get_matches_from([OsString::from("planguard")].iter().chain(&all))
            .and_then(|matches| Arguments::from_arg_matches(&matches))
            .unwrap_or_else(|error| error.exit());
        let wrong = |reason| refused(&RunTaskError::Arguments { reason }, output);
        let args::Command::Check(check) = &matches.command else {
            return Err(wrong("are not those of `planguard check`"));
        };
        fits(check).map_err(wrong)?;
        if let Some(code) = check.of_conftest.refuse(output) {
            return Err(code);
        }
        let mistakes = check::mistakes(&check.gate, output)?;
        if !mistakes.is_empty() {
            mistakes.iter().for_each(|problem| output.problem(problem));
            return Err(ExitCode::from(UNDECIDED));
        }
        let program = env::current_exe().map_err(|error| {
            refused(&RunTaskError::Check { reason: format!("this program is not found: {error}") }, output)
        })?;
        Ok(InProcess { program, arguments: all, time: time(arguments.check_timeout) })
    }

    /// Whether the arguments leave the plan and the report to the server.
    fn fits(check: &CheckArguments) -> Result<(), &'static str> {
        if check.plans != ["-"] {
            return Err("name a plan, and the plan is that of the run");
        }
        if check.partition.is_some() {
            return Err("divide the plans, and a run has one plan");
        }
        if !check.gate.outputs.only_prints(render::check::WHOLE.name) {
            return Err("ask for another report than the one for the server");
        }
        Ok(())
    }

    impl Checker for InProcess {
        fn check(&self, plan: &mut PlanBody) -> Result<Report, RunTaskError> {
            let failed = |reason: String| RunTaskError::Check { reason };
            let end = Instant::now() + self.time;
            let mut child = Command::new(&self.program)
                .args(&self.arguments)
                .env_remove(HMAC_KEY)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .map_err(|error| failed(format!("the process does not start: {error}")))?;
            let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
                return Err(RunTaskError::Internal);
            };
            let (report, arrived) = channel();
            let text = thread::scope(|scope| {
                scope.spawn(move || pass_on(plan, stdin));
                scope.spawn(move || report.send(read_limited(stdout, LARGEST_REPORT)));
                let text = arrived.recv_timeout(end.saturating_duration_since(Instant::now()));
                if !matches!(text, Ok(Ok(_))) {
                    // The threads end when the streams of the process do.
                    let _ = child.kill();
                }
                text
            });
            let status = wait(&mut child, end).map_err(|error| failed(error.to_string()))?;
            let bytes = match text {
                Ok(text) => text.map_err(|error| failed(format!("the report cannot be read: {error}")))?,
                Err(RecvTimeoutError::Timeout) => return Err(failed("it took too long".to_owned())),
                Err(RecvTimeoutError::Disconnected) => return Err(RunTaskError::Internal),
            };
            let text = String::from_utf8(bytes).map_err(|_| failed("it is no text".to_owned()))?;
            let report = render::check::read(&text).map_err(|_| failed(format!("it ended with {status}")))?;
            // The code is what everybody else goes by.
            if status.code() == Some(i32::from(report.exit_code())) {
                Ok(report)
            } else {
                Err(failed(format!("the report does not say why it ended with {status}")))
            }
        }
    }

    /// Gives a plan to the process that checks it. If the process wants no more of it, it says itself why; if the plan ends
    /// early, the plan knows.
    fn pass_on(plan: &mut PlanBody, mut stdin: ChildStdin) {
        let _ = io::copy(plan, &mut stdin).and_then(|_| stdin.flush());
    }

    /// Waits for a process that has closed its output, or was killed.
    fn wait(child: &mut Child, end: Instant) -> io::Result<std::process::ExitStatus> {
        const STEP: Duration = Duration::from_millis(10);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() >= end {
                let _ = child.kill();
                return child.wait();
            }
            thread::sleep(STEP);
        }
    }
}
