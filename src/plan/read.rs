//! From the text of a document to a [`Plan`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::actions::Actions;
use super::change::{RawResourceChange, ResourceChange};
use super::configuration::Configuration;
use super::invocation::{ActionInvocation, Check, CheckStatus, DeferredChange};
use super::output::{OutputChange, RootVariable};
use super::section::{Section, SectionReader};
use super::{Plan, PlanError};

#[derive(Deserialize)]
struct RawPlan<'a> {
    #[serde(borrow)]
    format_version: Cow<'a, str>,
    #[serde(borrow)]
    terraform_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    variables: Option<BTreeMap<Cow<'a, str>, Option<RawVariable<'a>>>>,
    #[serde(borrow, default)]
    planned_values: Section<'a>,
    #[serde(borrow)]
    resource_drift: Option<Vec<RawResourceChange<'a>>>,
    #[serde(borrow)]
    resource_changes: Option<Vec<RawResourceChange<'a>>>,
    #[serde(borrow)]
    deferred_changes: Option<Vec<RawDeferred<'a>>>,
    #[serde(borrow)]
    action_invocations: Option<Vec<RawInvocation<'a>>>,
    #[serde(borrow)]
    deferred_action_invocations: Option<Vec<RawDeferredInvocation<'a>>>,
    #[serde(borrow)]
    output_changes: Option<BTreeMap<Cow<'a, str>, Option<RawOutputChange<'a>>>>,
    #[serde(borrow, default)]
    prior_state: Section<'a>,
    #[serde(borrow, default)]
    configuration: Section<'a>,
    #[serde(borrow)]
    checks: Option<Vec<RawCheck<'a>>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
    errored: Option<bool>,
    applyable: Option<bool>,
    complete: Option<bool>,
}

#[derive(Deserialize)]
struct RawVariable<'a> {
    #[serde(borrow, default)]
    value: Section<'a>,
}

#[derive(Deserialize)]
struct RawDeferred<'a> {
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    resource_change: RawResourceChange<'a>,
}

#[derive(Deserialize)]
struct RawInvocation<'a> {
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow)]
    lifecycle_action_trigger: Option<RawTrigger<'a>>,
    #[serde(borrow, default)]
    config_values: Section<'a>,
    #[serde(borrow, default)]
    config_sensitive: Section<'a>,
}

#[derive(Deserialize)]
struct RawTrigger<'a> {
    #[serde(borrow)]
    triggering_resource_address: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct RawDeferredInvocation<'a> {
    #[serde(borrow)]
    action_invocation: RawInvocation<'a>,
}

#[derive(Deserialize)]
struct RawOutputChange<'a> {
    actions: Option<Actions>,
    #[serde(borrow, default)]
    before: Section<'a>,
    #[serde(borrow, default)]
    after: Section<'a>,
    #[serde(borrow, default)]
    after_unknown: Section<'a>,
    #[serde(borrow, default)]
    before_sensitive: Section<'a>,
    #[serde(borrow, default)]
    after_sensitive: Section<'a>,
}

#[derive(Deserialize)]
struct RawCheck<'a> {
    #[serde(borrow)]
    address: Option<RawCheckAddress<'a>>,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    instances: Option<Vec<RawCheckInstance<'a>>>,
}

#[derive(Deserialize)]
struct RawCheckAddress<'a> {
    #[serde(borrow)]
    to_display: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct RawCheckInstance<'a> {
    #[serde(borrow)]
    problems: Option<Vec<RawProblem<'a>>>,
}

#[derive(Deserialize)]
struct RawProblem<'a> {
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
}

impl<'a> Plan<'a> {
    /// Reads a plan from the text of a document.
    ///
    /// # Errors
    /// The text is not JSON, or not of the plan format's shape; see [`PlanError`].
    pub fn parse(text: &'a str) -> Result<Self, PlanError> {
        let raw: RawPlan<'a> = serde_json::from_str(text)?;
        let reader = SectionReader::default();
        let mut variables = BTreeMap::new();
        for (name, variable) in raw.variables.unwrap_or_default() {
            let value = variable.map_or(Ok(None), |variable| reader.value(variable.value))?;
            variables.insert(name, RootVariable { value });
        }
        let mut deferred_changes = Vec::new();
        for (position, deferred) in raw.deferred_changes.unwrap_or_default().into_iter().enumerate() {
            deferred_changes.push(DeferredChange {
                reason: deferred.reason.unwrap_or(Cow::Borrowed("unknown")),
                resource_change: deferred.resource_change.read("deferred_changes", position, &reader)?,
            });
        }
        let mut action_invocations = Vec::new();
        for invocation in raw.action_invocations.unwrap_or_default() {
            action_invocations.push(invocation.read(false, &reader)?);
        }
        for deferred in raw.deferred_action_invocations.unwrap_or_default() {
            action_invocations.push(deferred.action_invocation.read(true, &reader)?);
        }
        let mut output_changes = BTreeMap::new();
        for (name, change) in raw.output_changes.unwrap_or_default() {
            if let Some(change) = change {
                output_changes.insert(name, change.read(&reader)?);
            }
        }
        let configuration = reader.value(raw.configuration)?.map(Configuration::new);
        Ok(Self {
            format_version: raw.format_version,
            terraform_version: raw.terraform_version,
            variables,
            resource_changes: read_changes("resource_changes", raw.resource_changes, &reader)?,
            resource_drift: read_changes("resource_drift", raw.resource_drift, &reader)?,
            deferred_changes,
            action_invocations,
            output_changes,
            checks: raw.checks.unwrap_or_default().into_iter().map(RawCheck::read).collect(),
            configuration,
            timestamp: raw.timestamp.filter(|timestamp| !timestamp.is_empty()),
            errored: raw.errored,
            applyable: raw.applyable,
            complete: raw.complete,
            duplicate_keys: reader.duplicates.count(),
            planned_values: raw.planned_values,
            prior_state: raw.prior_state,
        })
    }
}

fn read_changes<'a>(
    section: &'static str,
    raw: Option<Vec<RawResourceChange<'a>>>,
    reader: &SectionReader,
) -> Result<Vec<ResourceChange<'a>>, PlanError> {
    let raw = raw.unwrap_or_default();
    raw.into_iter().enumerate().map(|(position, change)| change.read(section, position, reader)).collect()
}

impl<'a> RawInvocation<'a> {
    fn read(self, deferred: bool, reader: &SectionReader) -> Result<ActionInvocation<'a>, PlanError> {
        Ok(ActionInvocation {
            address: self.address,
            triggered_by: self
                .lifecycle_action_trigger
                .and_then(|trigger| trigger.triggering_resource_address),
            deferred,
            config: reader.value(self.config_values)?,
            config_sensitive: reader.value(self.config_sensitive)?,
        })
    }
}

impl<'a> RawOutputChange<'a> {
    fn read(self, reader: &SectionReader) -> Result<OutputChange<'a>, PlanError> {
        Ok(OutputChange {
            actions: self.actions.unwrap_or_default(),
            before: reader.value(self.before)?,
            after: reader.value(self.after)?,
            after_unknown: reader.value(self.after_unknown)?,
            before_sensitive: reader.value(self.before_sensitive)?,
            after_sensitive: reader.value(self.after_sensitive)?,
        })
    }
}

impl<'a> RawCheck<'a> {
    fn read(self) -> Check<'a> {
        let problems = self
            .instances
            .unwrap_or_default()
            .into_iter()
            .flat_map(|instance| instance.problems.unwrap_or_default())
            .filter_map(|problem| problem.message)
            .collect();
        Check {
            address: self.address.and_then(|address| address.to_display).unwrap_or(Cow::Borrowed("")),
            status: CheckStatus::parse(self.status.as_deref().unwrap_or_default()),
            problems,
        }
    }
}
