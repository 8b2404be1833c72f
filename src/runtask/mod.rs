//! Run tasks of HCP Terraform: what it asks for at a stage of a run, and whether it is HCP that asks.
//!
//! `src/render/check/run_task.rs` writes the answer.

mod error;
#[cfg(feature = "serve")]
pub mod serve;
mod signature;

use planguard_rule::words;
use serde::Deserialize;
use zeroize::Zeroizing;

pub use error::RunTaskError;
pub use signature::verify;

/// The variable with the HMAC key of a run task that is served.
pub const HMAC_KEY: &str = "PLANGUARD_HMAC_KEY";

/// The version of the payload that this program reads.
const VERSION: u64 = 1;

/// The access token of the request by which HCP tests an address. It belongs to no run.
const TEST_TOKEN: &str = "test-token";

/// The stage of that request.
const TEST_STAGE: &str = "test";

words! {
    /// The stages of a run at which a task can be.
    pub enum Stage is "a stage of a run" {
        /// Before the plan: there is none to check.
        PrePlan = "pre_plan",
        /// After the plan.
        PostPlan = "post_plan",
        /// Before the apply.
        PreApply = "pre_apply",
        /// After the apply.
        PostApply = "post_apply",
    }
}

/// Whether the run shows details of a task's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcomes {
    /// It shows outcomes with their bodies.
    Shown,
    /// It shows a message only.
    NotShown,
}

/// What a payload asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// HCP tests the address; the answer is status 200 and nothing else.
    Test,
    /// A run waits for the result of a task.
    Task {
        /// The stage of the run.
        stage: Stage,
        /// Whether the run shows outcomes.
        outcomes: Outcomes,
    },
}

/// A run that waits for the result of a task.
pub struct Task {
    /// The run.
    pub run_id: String,
    /// Its stage.
    pub stage: Stage,
    /// Whether it shows outcomes.
    pub outcomes: Outcomes,
    /// What authorizes requests about this run.
    pub token: Zeroizing<String>,
    /// The address to which the result is sent.
    pub callback: String,
    plan: Option<String>,
}

impl Task {
    /// The address of the plan's JSON.
    ///
    /// # Errors
    ///
    /// There is no plan at the stage of the run, or the payload does not say where.
    pub fn plan(&self) -> Result<&str, RunTaskError> {
        match (self.stage, &self.plan) {
            (Stage::PrePlan, _) => Err(RunTaskError::NoPlan),
            (Stage::PostPlan | Stage::PreApply | Stage::PostApply, Some(plan)) => Ok(plan),
            (Stage::PostPlan | Stage::PreApply | Stage::PostApply, None) => {
                Err(RunTaskError::Fetch { reason: "the payload has no plan_json_api_url".to_owned() })
            }
        }
    }
}

/// The keys of a payload that decide.
#[derive(Deserialize)]
struct Payload {
    payload_version: u64,
    stage: String,
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    capabilities: Capabilities,
    #[serde(default)]
    run_id: Option<String>,
    #[serde(default)]
    plan_json_api_url: Option<String>,
    #[serde(default)]
    task_result_callback_url: Option<String>,
}

#[derive(Default, Deserialize)]
struct Capabilities {
    #[serde(default)]
    outcomes: bool,
}

/// Reads a payload, and what it asks for.
///
/// # Errors
///
/// It is no payload of a run task, or one of another version or stage.
pub fn request(payload: &[u8]) -> Result<Request, RunTaskError> {
    Ok(read(payload)?.1)
}

/// The run that waits for the result of a task; none if HCP tests the address.
///
/// # Errors
///
/// Those of [`request`].
pub fn task(payload: &[u8]) -> Result<Option<Task>, RunTaskError> {
    let (payload, request) = read(payload)?;
    Ok(match request {
        Request::Test => None,
        Request::Task { stage, outcomes } => Some(Task {
            run_id: payload.run_id.unwrap_or_else(|| "a run without an id".to_owned()),
            stage,
            outcomes,
            token: Zeroizing::new(payload.access_token),
            callback: payload.task_result_callback_url.unwrap_or_default(),
            plan: payload.plan_json_api_url,
        }),
    })
}

fn read(payload: &[u8]) -> Result<(Payload, Request), RunTaskError> {
    let mut payload: Payload = serde_json::from_slice(payload).map_err(|error| RunTaskError::Shape {
        // serde's message may quote a value: the token is one.
        line: error.line(),
        column: error.column(),
    })?;
    if payload.payload_version != VERSION {
        return Err(RunTaskError::Version { version: payload.payload_version });
    }
    if payload.access_token == TEST_TOKEN || payload.stage == TEST_STAGE {
        return Ok((payload, Request::Test));
    }
    let Ok(stage) = payload.stage.parse() else {
        return Err(RunTaskError::Stage { stage: std::mem::take(&mut payload.stage) });
    };
    let outcomes = if payload.capabilities.outcomes { Outcomes::Shown } else { Outcomes::NotShown };
    Ok((payload, Request::Task { stage, outcomes }))
}

/// Whether the run shows outcomes with the result of a check, if the payload asks for one.
///
/// # Errors
///
/// Those of [`request`]; HCP tests the address; or there is no plan at the stage of the run.
pub fn outcomes_of(payload: &[u8]) -> Result<Outcomes, RunTaskError> {
    match request(payload)? {
        Request::Test => Err(RunTaskError::Test),
        Request::Task { stage: Stage::PrePlan, .. } => Err(RunTaskError::NoPlan),
        Request::Task { stage: Stage::PostPlan | Stage::PreApply | Stage::PostApply, outcomes } => {
            Ok(outcomes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Request, RunTaskError> {
        request(text.as_bytes())
    }

    #[test]
    fn payloads_are_read() {
        let task = |stage, outcomes| Ok(Request::Task { stage, outcomes });
        for (text, expected) in [
            (r#"{"payload_version": 1, "stage": "post_plan"}"#, task(Stage::PostPlan, Outcomes::NotShown)),
            (
                r#"{"payload_version": 1, "stage": "pre_apply", "capabilities": {"outcomes": true}, "run_id": "run-1"}"#,
                task(Stage::PreApply, Outcomes::Shown),
            ),
            (
                r#"{"payload_version": 1, "stage": "post_plan", "access_token": "test-token"}"#,
                Ok(Request::Test),
            ),
            (r#"{"payload_version": 1, "stage": "test"}"#, Ok(Request::Test)),
            (r#"{"payload_version": 2, "stage": "post_plan"}"#, Err(RunTaskError::Version { version: 2 })),
            (
                r#"{"payload_version": 1, "stage": "later"}"#,
                Err(RunTaskError::Stage { stage: "later".to_owned() }),
            ),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        assert_eq!(outcomes_of(br#"{"payload_version": 1, "stage": "pre_plan"}"#), Err(RunTaskError::NoPlan));
        assert_eq!(outcomes_of(br#"{"payload_version": 1, "stage": "test"}"#), Err(RunTaskError::Test));
    }

    #[test]
    fn a_token_is_in_no_message() {
        let Err(error) = of(
            r#"{"payload_version": 1, "stage": "post_plan", "access_token": "s3cr3t", "capabilities": "s3cr3t"}"#,
        ) else {
            panic!()
        };
        // Where the key stands whose value has another type, and nothing of the value.
        assert_eq!(error, RunTaskError::Shape { line: 1, column: 95 });
        assert!(!error.to_string().contains("s3cr3t"));
    }
}
