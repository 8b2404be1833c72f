//! Run tasks of HCP Terraform: what it asks for at a stage of a run, and whether it is HCP that asks.
//!
//! `src/render/check/run_task.rs` writes the answer.

mod error;
mod signature;

use planguard_rule::words;
use serde::Deserialize;

pub use error::RunTaskError;
pub use signature::verify;

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

/// The keys of a payload that decide. The access token is compared, and not kept.
#[derive(Deserialize)]
struct Payload {
    payload_version: u64,
    stage: String,
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    capabilities: Capabilities,
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
    let payload: Payload = serde_json::from_slice(payload).map_err(|error| RunTaskError::Shape {
        // serde's message may quote a value: the token is one.
        line: error.line(),
        column: error.column(),
    })?;
    if payload.payload_version != VERSION {
        return Err(RunTaskError::Version { version: payload.payload_version });
    }
    if payload.access_token == TEST_TOKEN || payload.stage == TEST_STAGE {
        return Ok(Request::Test);
    }
    let stage = payload.stage.parse().map_err(|_| RunTaskError::Stage { stage: payload.stage })?;
    let outcomes = if payload.capabilities.outcomes { Outcomes::Shown } else { Outcomes::NotShown };
    Ok(Request::Task { stage, outcomes })
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
