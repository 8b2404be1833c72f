//! What a guardrail is: the data that people write in TOML, checked and made ready to evaluate.
//!
//! The build script of the built-in guardrails reads them with this crate, so it stays small: it imports
//! [`planguard_rule`] and [`planguard_schemas`], and no other crate of the project.

mod benchmark;
mod case;
mod case_file;
mod case_schema;
mod cause;
pub mod change;
mod mapping;
mod moment;
mod parameter;
mod path;
mod pattern;
mod predicate;
mod quantity;
mod raw;
mod read;
mod schema;
mod statement;
mod test_id;
mod types;

use serde::{Deserialize, Serialize};

pub use benchmark::{Benchmark, Control, ControlRules, Decided, read_benchmark};
pub use case::{Case, Expectation};
pub use case::{CaseResource, complete};
pub use case_file::is_case_file;
pub use cause::IfUnset;
pub use mapping::{Absent, MappedAttribute, MappedKind, Mapping, read_mappings};
pub use moment::Moment;
pub use parameter::{Parameter, ParameterKind, ParameterValue, Weaker};
pub use path::{PathPattern, PatternStep};
pub use pattern::Pattern;
pub use predicate::{
    ActionWord, AttributePredicate, AttributeTest, CidrTest, Companion, CompanionDirection, CountPredicate,
    CountTest, ElementsPredicate, Literal, PortRange, PortSource, PortsPredicate, Predicate, Quantifier,
    RangePredicate, Transport, Truth,
};
pub use quantity::{Quantity, Version};
pub use raw::RawCaseResource;
pub use read::{Definition, DefinitionError, DefinitionProblem, read_definitions};
pub use schema::{
    Contradiction, condition_contradictions, contradictions, predicate_contradictions, unknown_type,
};
pub use statement::{ActionForm, ConditionTest, ConditionsTest, Effect, PrincipalTest, StatementTest};
pub use test_id::TestId;

use planguard_rule::RuleInfo;

/// A guardrail that judges the state of a resource, on either side of a change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Guardrail {
    /// What it says of itself.
    pub info: RuleInfo,
    /// The resource types that it judges; a data source is written `data.TYPE`, a provider block `provider.NAME`.
    pub resources: Vec<String>,
    /// What a finding says; `{address}` stands for the resource's address, and `{ports: WORDS}` for the open ports.
    /// [`Guardrail::says`] fills them in.
    pub message: String,
    /// The kind of cause that its findings have. Findings of several rules with one cause are told as one.
    pub cause: Option<String>,
    /// How a finding differs if the attribute that decided is not set.
    pub if_unset: Option<IfUnset>,
    /// Which resources it applies to, beside their type.
    pub when: Option<Predicate>,
    /// What is wrong, or what must hold.
    pub test: Test,
    /// What of it a project may set.
    pub parameters: Vec<Parameter>,
    /// What it looks at.
    pub scope: Scope,
    /// Where it has at most one finding; `None` if it has one for each resource.
    pub once: Option<Once>,
}

/// What a guardrail looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// The state of a resource, on either side of a change.
    State,
    /// The change itself: what was, what becomes of it, and the action.
    Change,
}

/// Where a guardrail has at most one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Once {
    /// In the plan.
    Plan,
    /// In each module.
    Module,
    /// For each configuration of a provider.
    Provider,
}

/// How a guardrail tells right from wrong.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Test {
    /// It is wrong where the predicate holds.
    Fail(Predicate),
    /// It is wrong where the predicate does not hold.
    Require(Predicate),
}

impl Guardrail {
    /// The predicates of `when` and of the test.
    pub fn predicates(&self) -> impl Iterator<Item = &Predicate> {
        let (Test::Fail(test) | Test::Require(test)) = &self.test;
        self.when.iter().chain([test])
    }

    /// The provider whose resources it judges: what stands before the first underscore of the type.
    pub fn provider(&self) -> &str {
        let first = self.resources.first().map_or("", String::as_str);
        let resource_type = ["data.", "provider."].iter().find_map(|prefix| first.strip_prefix(prefix));
        resource_type.unwrap_or(first).split('_').next().unwrap_or_default()
    }
}
