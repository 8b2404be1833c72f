//! Policies that use up time and memory. The engine's memory limit is that of the process, so these have one of
//! their own.

#![expect(clippy::unwrap_used, reason = "a test may end in a panic")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use planguard::rego::{Evaluation, PolicyError, PolicyInput, PolicyOptions, PolicySet};

fn evaluate(policies: &Path, time_limit: Duration, memory_limit: u64) -> Evaluation {
    let options = PolicyOptions {
        paths: vec![policies.to_owned()],
        time_limit,
        memory_limit: Some(memory_limit),
        ..PolicyOptions::default()
    };
    let text = include_str!("../fixtures/policies/plan.json");
    PolicySet::load(&options).unwrap().evaluate(PolicyInput {
        name: "plan.json",
        text,
        plan: None,
        cost: None,
    })
}

/// One after the other: the second leaves a thread behind, whose memory would count against the first.
#[test]
fn time_and_memory_are_limited() {
    a_string_that_doubles_is_stopped();
    work_without_end_is_stopped_and_hides_nothing();
}

fn a_string_that_doubles_is_stopped() {
    let mut policy = "package main\n\ns0 := \"0123456789abcdef\"\n".to_owned();
    for step in 1..=40 {
        let last = step - 1;
        writeln!(policy, "s{step} := concat(\"\", [s{last}, s{last}])").unwrap();
    }
    policy.push_str("deny contains \"x\" if count(s40) > 0\n");
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("p.rego"), policy).unwrap();
    let evaluation = evaluate(directory.path(), Duration::from_secs(60), 64 << 20);
    assert!(matches!(evaluation.errors.as_slice(), [PolicyError::OutOfMemory { .. }]), "{evaluation:?}");
}

fn work_without_end_is_stopped_and_hides_nothing() {
    // Enough memory lets time be what stops the rules, and the thread that is left behind end in peace.
    let policies = Path::new("fixtures/policies/hostile");
    let evaluation = evaluate(policies, Duration::from_millis(500), 4 << 30);
    let failed = |rule: &str| {
        evaluation.errors.iter().any(|error| match error {
            PolicyError::OutOfTime { rule: failed, .. } | PolicyError::OutOfMemory { rule: failed, .. } => {
                failed == rule
            }
            PolicyError::RuleFailed { rule: failed, reason, .. } => {
                failed == rule && reason.contains("longer than")
            }
            _ => false,
        })
    };
    for rule in ["data.main.deny_range", "data.main.deny_product", "data.main.deny_width"] {
        assert!(failed(rule), "{rule}: {:?}", evaluation.errors);
    }
    let messages: Vec<&str> = evaluation.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages, ["found in spite of the others"]);
}
