//! Other parts of a plan: provider actions, deferred changes, results of checks.

use std::borrow::Cow;

use super::address::Address;
use super::attribute_path::AttributePath;
use super::change::ResourceChange;
use super::value::Value;

/// A provider action that the plan invokes: it changes infrastructure without a resource change.
#[derive(Clone, Debug)]
pub struct ActionInvocation<'a> {
    /// The action's address, as the plan writes it.
    pub address: Cow<'a, str>,
    /// The action's type, for example `aws_lambda_invoke`.
    pub action_type: Option<Cow<'a, str>>,
    /// The provider of the action.
    pub provider_name: Option<Cow<'a, str>>,
    /// The triggering event in Terraform's word, for example `AfterCreate`.
    pub event: Option<Cow<'a, str>>,
    /// The resource whose change triggers it; `None` if it is invoked manually.
    pub triggered_by: Option<Cow<'a, str>>,
    /// Whether the invocation is deferred to a later plan.
    pub deferred: bool,
    /// The action's configuration.
    pub config: Option<Value<'a>>,
    /// The sensitive places in the configuration.
    pub config_sensitive: Option<Value<'a>>,
}

/// A deferred change.
#[derive(Clone, Debug)]
pub struct DeferredChange<'a> {
    /// The reason in Terraform's word, for example `instance_count_unknown`.
    pub reason: Cow<'a, str>,
    /// The change as far as it is known.
    pub resource_change: ResourceChange<'a>,
}

/// An attribute that the plan depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelevantAttribute<'a> {
    /// The resource's address, as the plan writes it.
    pub resource: Cow<'a, str>,
    /// The attribute.
    pub attribute: AttributePath,
}

/// The result of a `check` block, a condition or a variable validation.
#[derive(Clone, Debug)]
pub struct Check<'a> {
    /// The address of the check, as Terraform displays it.
    pub address: Cow<'a, str>,
    /// Its status.
    pub status: CheckStatus,
    /// The messages of the failed conditions.
    pub problems: Vec<Cow<'a, str>>,
}

impl Check<'_> {
    /// The address of the resource that the check belongs to, if it belongs to one.
    pub fn resource(&self) -> Option<Address> {
        self.address.parse().ok()
    }
}

/// The status of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckStatus {
    /// All conditions passed.
    Pass,
    /// A condition failed.
    Fail,
    /// A condition could not be evaluated.
    Error,
    /// Known after apply, or an unknown word.
    Unknown,
}

impl CheckStatus {
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "pass" => Self::Pass,
            "fail" => Self::Fail,
            "error" => Self::Error,
            _ => Self::Unknown,
        }
    }
}
