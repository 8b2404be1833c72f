//! Errors that make a verdict incomplete.

use miette::Diagnostic;
use planguard_plan::PlanError;
use planguard_plan::input::Notice;
use thiserror::Error;

/// An error that prevented a complete check.
#[derive(Debug, Error, Diagnostic)]
pub enum CheckError {
    /// No plan was given or found.
    #[error("no plan to check")]
    #[diagnostic(
        code("PG-CK-001"),
        help(
            "create and check a plan: terraform plan -out=tfplan && terraform show -json tfplan > plan.json && planguard check plan.json"
        )
    )]
    NoPlans,

    /// The document has an anomaly, and `--strict` is set.
    #[error("{plan}: {notice}")]
    #[diagnostic(code("PG-CK-009"), help("fix the plan, or accept it by removing --strict"))]
    Doubtful {
        /// The plan.
        plan: String,
        /// The anomaly.
        notice: Notice,
    },

    /// No rule is enabled.
    #[error("no rule is enabled")]
    #[diagnostic(code("PG-CK-008"), help("remove --no-builtin, or add rules with --guardrails or --policy"))]
    NoRules,

    /// planguard crashed.
    #[error("{plan}: planguard crashed while checking this plan; this is a bug in planguard")]
    #[diagnostic(code("PG-CK-002"), help("please report it, with planguard's version and the enabled rules"))]
    Internal {
        /// The plan.
        plan: String,
    },

    /// The document is not a valid plan.
    #[error("{plan}: {source}")]
    #[diagnostic(
        code("PG-CK-003"),
        help("regenerate the plan: terraform plan -out=tfplan && terraform show -json tfplan > plan.json")
    )]
    Plan {
        /// The plan.
        plan: String,
        /// The reason.
        source: PlanError,
    },

    /// Planning failed, so that resources are missing.
    #[error("{plan}: planning failed, so resources are missing from the plan")]
    #[diagnostic(
        code("PG-CK-004"),
        help(
            "fix the errors of `terraform plan` and regenerate the plan, or accept the risk with --allow-errored"
        )
    )]
    Errored {
        /// The plan.
        plan: String,
    },

    /// The plan covers only part of the configuration, and `--require-complete` is set.
    #[error(
        "{plan}: the plan does not cover the whole configuration (-target, deferred changes or an error)"
    )]
    #[diagnostic(code("PG-CK-005"), help("plan without -target, or remove --require-complete"))]
    Incomplete {
        /// The plan.
        plan: String,
    },

    /// The plan has no list of changes, and `--strict` is set.
    #[error("{plan}: the plan has no `resource_changes`, but its state has {count} resources")]
    #[diagnostic(
        code("PG-CK-010"),
        help("regenerate the plan without -refresh-only, or accept it by removing --strict")
    )]
    NoChanges {
        /// The plan.
        plan: String,
        /// The number of resources in its state.
        count: usize,
    },

    /// Objects have duplicate keys, and `--strict` is set.
    #[error("{plan}: {count} duplicate {}; only the last value was checked", if *count == 1 { "key" } else { "keys" })]
    #[diagnostic(
        code("PG-CK-007"),
        help("regenerate the plan, which was edited or merged, or accept it by removing --strict")
    )]
    DuplicateKeys {
        /// The plan.
        plan: String,
        /// The number of duplicate keys.
        count: usize,
    },

    /// The plan changes resources of types that no guardrail knows, and that is not accepted.
    #[error(
        "{plan}: {unknown} of {changed} changed {} of a type that no guardrail knows ({types})",
        match (*changed, *unknown) {
            (1, _) => "resource is",
            (_, 1) => "resources is",
            _ => "resources are",
        }
    )]
    #[diagnostic(
        code("PG-CK-011"),
        help(
            "write guardrails for these types and load them with --guardrails, or check without --require-coverage"
        )
    )]
    Uncovered {
        /// The plan.
        plan: String,
        /// How many changed resources are of an unknown type.
        unknown: usize,
        /// How many resources the plan changes.
        changed: usize,
        /// The types with their numbers.
        types: String,
    },
}
