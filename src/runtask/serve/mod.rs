//! The server of a run task: receives the requests of HCP Terraform, has plans checked, and sends the results.
//!
//! Whatever goes wrong after a request was accepted is sent as `failed`; HCP Terraform itself fails a task that gets no
//! result.

mod address;
mod hcp;
mod request;

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use planguard_plan::problem::Problem;
use ureq::http::Uri;
use zeroize::Zeroizing;

pub use address::{AllowedHost, HostError, Hosts};
use hcp::Hcp;
pub use hcp::PlanBody;
use request::{Answer, Refusal, Request};

use super::{Outcomes, RunTaskError, Task, task, verify};
use crate::render::RenderError;
use crate::render::check::{callback, callback_without_report};
use crate::report::Report;

/// The most connections that are read at a time. Each may hold a body of 1 MB.
const MOST_CONNECTIONS: usize = 64;

/// The wait after a connection could not be accepted, because the system has no more.
const WAIT_AFTER_ERROR: Duration = Duration::from_millis(100);

/// The path that only says whether the server is there.
const HEALTH: &str = "/healthz";

/// How much is done at a time, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The runs that are checked at a time.
    pub runs: usize,
    /// The time in which a request arrives.
    pub request: Duration,
    /// The time in which a plan is fetched.
    pub fetch: Duration,
    /// The most bytes of a plan.
    pub plan: u64,
}

/// Checks the plan of a run.
pub trait Checker: Send + Sync {
    /// Reads the whole plan and checks it, within a time.
    ///
    /// # Errors
    ///
    /// There is no report.
    fn check(&self, plan: &mut PlanBody) -> Result<Report, RunTaskError>;
}

/// What a server works with.
pub struct Server {
    key: Zeroizing<Vec<u8>>,
    limits: Limits,
    hcp: Hcp,
    checker: Box<dyn Checker>,
    log: Box<dyn Fn(&str) + Send + Sync>,
    state: Mutex<State>,
    less: Condvar,
}

/// What is going on.
#[derive(Default)]
struct State {
    connections: usize,
    runs: usize,
    ends: bool,
}

/// A run that counts until it is dropped.
struct Run<'s>(&'s Server);

/// A connection that counts until it is dropped.
struct Connection<'s>(&'s Server);

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.0.state().runs -= 1;
        self.0.less.notify_all();
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.0.state().connections -= 1;
    }
}

impl Server {
    /// A server with the key of its run task. `log` gets a line for each event.
    pub fn new(
        key: Zeroizing<Vec<u8>>,
        hosts: Hosts,
        limits: Limits,
        checker: Box<dyn Checker>,
        log: Box<dyn Fn(&str) + Send + Sync>,
    ) -> Self {
        let hcp = Hcp::new(hosts, limits);
        Self { key, limits, hcp, checker, log, state: Mutex::default(), less: Condvar::new() }
    }

    /// Answers requests for ever.
    pub fn serve(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept() else {
                thread::sleep(WAIT_AFTER_ERROR);
                continue;
            };
            let server = Arc::clone(self);
            let is_started = thread::Builder::new().spawn(move || server.connection(&stream)).is_ok();
            if !is_started {
                (self.log)("a request was not answered: the system has no thread for it");
            }
        }
    }

    /// Accepts no further run, and waits for those that are being checked, but no longer than a time. Returns how many did
    /// not end.
    pub fn end(&self, time: Duration) -> usize {
        let end = Instant::now() + time;
        let mut state = self.state();
        state.ends = true;
        while state.runs > 0 {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.less.wait_timeout(state, left);
            state = waited.map_or_else(|error| error.into_inner().0, |(state, _)| state);
        }
        state.runs
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connection(&self, stream: &TcpStream) {
        let accepted = {
            let mut state = self.state();
            let has_room = state.connections < MOST_CONNECTIONS;
            state.connections += usize::from(has_room);
            has_room.then(|| Connection(self))
        };
        let Some(connection) = accepted else {
            request::answer(stream, Answer(503, "too many connections"), self.limits.request);
            return;
        };
        let received = request::receive(stream, self.limits.request);
        let (answer, next) = match received {
            Ok(request) => self.answer(&request),
            Err(Refusal::Gone) => return,
            Err(Refusal::Answered(answer)) => (answer, None),
        };
        request::answer(stream, answer, self.limits.request);
        if answer.0 != 200 {
            (self.log)(&format!("answered status {}: {}", answer.0, answer.1));
            request::drain(stream);
        }
        drop(connection);
        // HCP has its answer: this thread now has the time that the run has.
        if let Some((run, task, callback)) = next {
            self.run(&task, &callback);
            drop(run);
        }
    }

    /// The answer to a request, and the run to check if it is one that waits for a result.
    fn answer(&self, request: &Request) -> (Answer, Option<(Run<'_>, Task, Uri)>) {
        let refused = |status, text| (Answer(status, text), None);
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", HEALTH) if self.state().ends => return refused(503, "the server ends"),
            ("GET", HEALTH) => return (Answer(200, ""), None),
            ("POST", _) => {}
            _ => return refused(405, "send the request of a run task with POST"),
        }
        // Nothing of a body counts before it is known who wrote it.
        if verify(&self.key, &request.body, &request.signature).is_err() {
            return refused(401, "the signature is not that of the body with the key of this server");
        }
        let task = match task(&request.body) {
            Ok(Some(task)) => task,
            // HCP tests the address.
            Ok(None) => {
                (self.log)("HCP Terraform tested the address");
                return (Answer(200, ""), None);
            }
            Err(error) => {
                self.log_error("a request", &error);
                return refused(400, "this is no payload of a run task that this planguard can read");
            }
        };
        let callback = match self.hcp.callback(&task.callback) {
            Ok(callback) => callback,
            Err(error) => {
                self.log_error(&task.run_id, &error);
                return refused(400, "task_result_callback_url is not on an allowed host");
            }
        };
        let mut state = self.state();
        if state.ends {
            return refused(503, "the server ends");
        }
        if state.runs >= self.limits.runs {
            return refused(429, "too many runs are being checked");
        }
        state.runs += 1;
        drop(state);
        (Answer(200, ""), Some((Run(self), task, callback)))
    }

    /// Checks the plan of a run, and sends the result, whatever it is.
    fn run(&self, task: &Task, callback: &Uri) {
        // A panic has been reported by its place.
        let checked =
            catch_unwind(AssertUnwindSafe(|| self.checked(task))).unwrap_or(Err(RunTaskError::Internal));
        let sent = match &checked {
            Ok(report) => body(report, task.outcomes),
            Err(error) => {
                self.log_error(&task.run_id, error);
                callback_without_report(&Problem::plain(error))
            }
        };
        let sent = match sent {
            Ok(body) => self.hcp.send(callback, &task.token, &body),
            // A body of fixed texts can be written.
            Err(_) => Err(RunTaskError::Internal),
        };
        match (sent, checked) {
            (Ok(()), Ok(report)) => {
                (self.log)(&format!("{}: exit code {}", task.run_id, report.exit_code()));
            }
            (Ok(()), Err(_)) => (self.log)(&format!("{}: failed", task.run_id)),
            (Err(error), _) => self.log_error(&task.run_id, &error),
        }
    }

    fn checked(&self, task: &Task) -> Result<Report, RunTaskError> {
        let address = task.plan()?;
        let mut plan = self.hcp.plan(address, &task.token)?;
        let report = self.checker.check(&mut plan);
        // If the plan did not arrive, that is why there is no report, or a report on a part of it.
        match (plan.whole(), report) {
            (Err(error @ RunTaskError::Fetch { .. }), _) | (_, Err(error)) | (Err(error), Ok(_)) => {
                Err(error)
            }
            (Ok(()), Ok(report)) => Ok(report),
        }
    }

    fn log_error(&self, what: &str, error: &RunTaskError) {
        let code = miette::Diagnostic::code(error).map(|code| format!(" ({code})"));
        (self.log)(&format!("{what}: {error}{}", code.unwrap_or_default()));
    }
}

/// The result, or one that says that it cannot be written.
fn body(report: &Report, outcomes: Outcomes) -> Result<String, RenderError> {
    callback(report, outcomes).or_else(|_| callback_without_report(&Problem::plain(&RunTaskError::Internal)))
}

/// The whole text of a stream, up to a number of bytes.
///
/// # Errors
///
/// It cannot be read, or is longer.
pub fn read_limited(stream: impl Read, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(std::io::Error::other("it is too long")) } else { Ok(bytes) }
}
