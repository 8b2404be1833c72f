//! Why a check leaves the verdict undecided.

use miette::Diagnostic;
use planguard_plan::PlanError;
use planguard_plan::input::Notice;
use thiserror::Error;

/// Something that kept a check from looking at everything.
#[derive(Debug, Error, Diagnostic)]
pub enum CheckError {
    /// No plan was named, or none was found.
    #[error("no plan was checked")]
    #[diagnostic(
        code("PG-CK-001"),
        help(
            "name a plan: terraform plan -out=tfplan && terraform show -json tfplan > plan.json && planguard check plan.json"
        )
    )]
    NoPlans,

    /// Something about how the document was read is doubtful, and that is not accepted.
    #[error("{plan}: {notice}")]
    #[diagnostic(code("PG-CK-009"), help("mend the plan, or check without --strict to accept it"))]
    Doubtful {
        /// The plan.
        plan: String,
        /// What is doubtful.
        notice: Notice,
    },

    /// Nothing was evaluated.
    #[error("no rule is switched on, so nothing was checked")]
    #[diagnostic(
        code("PG-CK-008"),
        help("leave out --no-builtin, or bring rules of your own with --guardrails or --policy")
    )]
    NoRules,

    /// planguard itself failed.
    #[error("{plan}: planguard failed while checking it; this is a defect of planguard")]
    #[diagnostic(code("PG-CK-002"), help("please report it, with the version and the rules that were used"))]
    Internal {
        /// The plan.
        plan: String,
    },

    /// The document is no readable plan.
    #[error("{plan}: {source}")]
    #[diagnostic(
        code("PG-CK-003"),
        help("make the plan again: terraform plan -out=tfplan && terraform show -json tfplan > plan.json")
    )]
    Plan {
        /// The plan.
        plan: String,
        /// What is wrong with it.
        source: PlanError,
    },

    /// Planning failed, so that resources are missing.
    #[error("{plan}: planning ended with errors, so resources are missing from the plan")]
    #[diagnostic(
        code("PG-CK-004"),
        help(
            "put right what `terraform plan` reports and make the plan again, or accept the risk with --allow-errored"
        )
    )]
    Errored {
        /// The plan.
        plan: String,
    },

    /// The plan leaves out part of the configuration, and that is not accepted.
    #[error(
        "{plan}: the plan does not cover all of the configuration (-target, deferred changes or an error)"
    )]
    #[diagnostic(code("PG-CK-005"), help("plan without -target, or check without --require-complete"))]
    Incomplete {
        /// The plan.
        plan: String,
    },

    /// A condition or `check` block could not be evaluated.
    #[error("{plan}: Terraform could not evaluate the condition of {check}")]
    #[diagnostic(code("PG-CK-006"), help("put the condition right and make the plan again"))]
    ConditionError {
        /// The plan.
        plan: String,
        /// What was checked.
        check: String,
    },

    /// The plan has no list of changes, and that is not accepted.
    #[error("{plan}: the plan has no `resource_changes`, but its state has {count} resources")]
    #[diagnostic(
        code("PG-CK-010"),
        help("make the plan again without -refresh-only, or check without --strict to accept it")
    )]
    NoChanges {
        /// The plan.
        plan: String,
        /// How many resources its state has.
        count: usize,
    },

    /// Object keys stand twice, and that is not accepted.
    #[error("{plan}: {count} object keys stand twice; only the last of each was looked at")]
    #[diagnostic(
        code("PG-CK-007"),
        help("the plan was edited or merged; make it again, or check without --strict")
    )]
    DuplicateKeys {
        /// The plan.
        plan: String,
        /// How many.
        count: usize,
    },

    /// Some of what the plan changes is of no type that a rule knows, and that is not accepted.
    #[error(
        "{plan}: {unknown} of {changed} changed {} of a type that no rule knows ({types})",
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
