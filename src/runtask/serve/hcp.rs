//! What is asked of HCP Terraform: the plan of a run, and to take the result.

use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::{Response, StatusCode, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, BodyReader};
use zeroize::Zeroizing;

use super::Limits;
use super::address::Hosts;
use crate::runtask::RunTaskError;

/// How often a plan may be elsewhere.
const MOST_REDIRECTS: usize = 3;

/// How often a result is sent, and the time of each attempt.
const ATTEMPTS: u32 = 5;
const TIME_OF_ATTEMPT: Duration = Duration::from_secs(30);

/// The wait before the second attempt; the next ones are twice as long each.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The wait until the JSON of a plan is asked for again, which HCP writes after the plan.
const WAIT_FOR_PLAN: Duration = Duration::from_secs(2);

/// A client of HCP Terraform.
pub(super) struct Hcp {
    agent: Agent,
    hosts: Hosts,
    limits: Limits,
}

impl Hcp {
    pub(super) fn new(hosts: Hosts, limits: Limits) -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            // Each address is held against the allowed hosts first, and each status has its meaning here.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("planguard/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), hosts, limits }
    }

    /// The address to which a result is sent.
    pub(super) fn callback(&self, address: &str) -> Result<Uri, RunTaskError> {
        self.hosts.of_api("task_result_callback_url", address)
    }

    /// The JSON of a plan, of which nothing is read yet.
    pub(super) fn plan(&self, address: &str, token: &str) -> Result<PlanBody, RunTaskError> {
        let failed = |reason: String| RunTaskError::Fetch { reason };
        let first = self.hosts.of_api("plan_json_api_url", address)?;
        let end = Instant::now() + self.limits.fetch;
        loop {
            let mut response = self.get(&first, Some(token), end)?;
            for _ in 0..MOST_REDIRECTS {
                if !response.status().is_redirection() {
                    break;
                }
                let location = response.headers().get("location").and_then(|value| value.to_str().ok());
                let location = location.ok_or_else(|| failed("the answer leads nowhere".to_owned()))?;
                // It has a signature of its own, and the token is for the API alone.
                response = self.get(&self.hosts.of_download(location)?, None, end)?;
            }
            let status = response.status();
            match status {
                StatusCode::OK => return Ok(PlanBody::new(response.into_body(), self.limits.plan)),
                // It is not written yet, or HCP is busy.
                StatusCode::NO_CONTENT | StatusCode::TOO_MANY_REQUESTS => {}
                status if status.is_server_error() => {}
                status => return Err(failed(format!("the answer has status {}", status.as_u16()))),
            }
            if Instant::now() + WAIT_FOR_PLAN >= end {
                return Err(failed(format!("the answer still has status {}", status.as_u16())));
            }
            thread::sleep(WAIT_FOR_PLAN);
        }
    }

    fn get(&self, uri: &Uri, token: Option<&str>, end: Instant) -> Result<Response<Body>, RunTaskError> {
        let left = end.saturating_duration_since(Instant::now());
        let mut request = self.agent.get(uri.clone()).config().timeout_global(Some(left)).build();
        if let Some(token) = token {
            let header = Zeroizing::new(format!("Bearer {token}"));
            request = request.header("Authorization", header.as_str());
        }
        request.call().map_err(|error| RunTaskError::Fetch { reason: reason(&error) })
    }

    /// Sends a result, again and again if that may help.
    pub(super) fn send(&self, callback: &Uri, token: &str, result: &str) -> Result<(), RunTaskError> {
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            let header = Zeroizing::new(format!("Bearer {token}"));
            let request = self.agent.patch(callback.clone()).config().timeout_global(Some(TIME_OF_ATTEMPT));
            let sent = request
                .build()
                .header("Authorization", header.as_str())
                .header("Content-Type", "application/vnd.api+json")
                .send(result);
            let (reason, may_help) = match sent {
                Ok(response) if response.status().is_success() => return Ok(()),
                Ok(response) => {
                    let status = response.status();
                    let may_help = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
                    (format!("the answer has status {}", status.as_u16()), may_help)
                }
                Err(error) => (reason(&error), true),
            };
            if !may_help || attempt == ATTEMPTS {
                return Err(RunTaskError::Callback { attempts: attempt, reason });
            }
            thread::sleep(wait);
            wait *= 2;
        }
        unreachable!("the last attempt returns")
    }
}

/// What went wrong, without the address: a part of it may be a secret.
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "it took too long".to_owned(),
        ureq::Error::HostNotFound => "the host is not found".to_owned(),
        // TLS refuses what it receives.
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            format!("the connection is not secure ({error})")
        }
        ureq::Error::Io(error) => format!("the connection failed ({})", error.kind()),
        ureq::Error::ConnectionFailed => "the connection failed".to_owned(),
        ureq::Error::Rustls(error) => format!("the connection is not secure ({error})"),
        ureq::Error::Tls(error) => format!("the connection is not secure ({error})"),
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
            "the answer is not one of HTTP".to_owned()
        }
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            "the proxy refused the connection".to_owned()
        }
        _ => "the request failed".to_owned(),
    }
}

/// The body with a plan, as it arrives. It remembers why it ended.
pub struct PlanBody {
    body: BodyReader<'static>,
    /// How many bytes it may still have.
    left: u64,
    largest: u64,
    end: End,
}

/// How a body ended.
enum End {
    NotYet,
    Whole,
    Failed(String),
}

impl PlanBody {
    fn new(body: Body, largest: u64) -> Self {
        // The limit here comes first: it has a message.
        let body = body.into_with_config().limit(u64::MAX).reader();
        Self { body, left: largest, largest, end: End::NotYet }
    }

    /// Whether the whole plan was read.
    ///
    /// # Errors
    ///
    /// It was not, and why.
    pub(super) fn whole(self) -> Result<(), RunTaskError> {
        match self.end {
            End::Whole => Ok(()),
            End::NotYet => Err(RunTaskError::Check { reason: "it did not read the whole plan".to_owned() }),
            End::Failed(reason) => Err(RunTaskError::Fetch { reason }),
        }
    }

    fn fail(&mut self, reason: String) -> io::Error {
        self.end = End::Failed(reason);
        io::Error::other("the plan is not whole")
    }
}

impl Read for PlanBody {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = match self.body.read(bytes) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                let reason = match error.get_ref().and_then(|error| error.downcast_ref::<ureq::Error>()) {
                    Some(error) => reason(error),
                    None => format!("the connection failed ({})", error.kind()),
                };
                return Err(self.fail(reason));
            }
        };
        if read == 0 && !bytes.is_empty() {
            self.end = End::Whole;
        }
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                let reason = format!("it has more than {} MB", self.largest >> 20);
                return Err(self.fail(reason));
            }
        }
        Ok(read)
    }
}
