//! Parses the text of a document into a [`Plan`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::actions::Actions;
use super::attribute_path::AttributePath;
use super::change::{RawResourceChange, ResourceChange};
use super::configuration::Configuration;
use super::invocation::{ActionInvocation, Check, CheckStatus, DeferredChange, RelevantAttribute};
use super::output::{OutputChange, RootVariable};
use super::section::{Section, SectionReader};
use super::shape::Mistyped;
use super::shape_error::ShapeError;
use super::state::{PriorState, StateValues};
use super::value::Value;
use super::{Plan, PlanError};

#[derive(Deserialize)]
struct RawPlan<'a> {
    #[serde(borrow)]
    format_version: Cow<'a, str>,
    #[serde(borrow)]
    terraform_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    variables: Option<BTreeMap<Cow<'a, str>, Option<RawVariable<'a>>>>,
    #[serde(borrow)]
    planned_values: Option<StateValues<'a>>,
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
    #[serde(borrow)]
    prior_state: Option<PriorState<'a>>,
    #[serde(borrow, default)]
    configuration: Section<'a>,
    #[serde(borrow)]
    checks: Option<Vec<RawCheck<'a>>>,
    #[serde(borrow)]
    condition_results: Option<Vec<RawCondition<'a>>>,
    #[serde(borrow)]
    relevant_attributes: Option<Vec<RawRelevant<'a>>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
    errored: Option<bool>,
    applyable: Option<bool>,
    complete: Option<bool>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
struct RawVariable<'a> {
    #[serde(borrow, default)]
    value: Section<'a>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
struct RawDeferred<'a> {
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    resource_change: RawResourceChange<'a>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
struct RawInvocation<'a> {
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    action_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    provider_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    lifecycle_action_trigger: Option<RawTrigger<'a>>,
    #[serde(borrow, default)]
    config_values: Section<'a>,
    #[serde(borrow, default)]
    config_sensitive: Section<'a>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
struct RawTrigger<'a> {
    #[serde(borrow)]
    triggering_resource_address: Option<Cow<'a, str>>,
    #[serde(borrow)]
    action_trigger_event: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
struct RawDeferredInvocation<'a> {
    #[serde(borrow)]
    action_invocation: RawInvocation<'a>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
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
#[serde(remote = "Self")]
struct RawCheck<'a> {
    #[serde(borrow)]
    address: Option<RawCheckAddress<'a>>,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    instances: Option<Vec<RawCheckInstance<'a>>>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
struct RawCondition<'a> {
    #[serde(borrow)]
    address: Option<Cow<'a, str>>,
    result: Option<bool>,
    unknown: Option<bool>,
    #[serde(borrow)]
    error_message: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
struct RawRelevant<'a> {
    #[serde(borrow)]
    resource: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    attribute: Section<'a>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
struct RawCheckAddress<'a> {
    #[serde(borrow)]
    to_display: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
struct RawCheckInstance<'a> {
    #[serde(borrow)]
    problems: Option<Vec<RawProblem<'a>>>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
struct RawProblem<'a> {
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
}

super::only_object::only_objects!(
    RawVariable,
    RawDeferred,
    RawInvocation,
    RawTrigger,
    RawDeferredInvocation,
    RawOutputChange,
    RawCheck,
    RawCondition,
    RawRelevant,
    RawCheckAddress,
    RawCheckInstance,
    RawProblem
);

impl<'a> Plan<'a> {
    /// Reads a plan from the text of a document.
    ///
    /// # Errors
    /// The text is not JSON, or not of the plan format's shape; see [`PlanError`].
    pub fn parse(text: &'a str) -> Result<Self, PlanError> {
        let raw: RawPlan<'a> =
            serde_json::from_str(text).map_err(|error| PlanError::Json(ShapeError::of(text, error)))?;
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
        let mut checks: Vec<Check<'a>> =
            raw.checks.unwrap_or_default().into_iter().map(RawCheck::read).collect();
        checks.extend(raw.condition_results.unwrap_or_default().into_iter().map(RawCondition::read));
        let mut relevant_attributes = Vec::new();
        for relevant in raw.relevant_attributes.unwrap_or_default() {
            let steps = reader.value(relevant.attribute)?;
            relevant_attributes.push(RelevantAttribute {
                resource: relevant.resource.unwrap_or_default(),
                attribute: steps
                    .map_or_else(AttributePath::default, |steps| AttributePath::from_steps(&steps)),
            });
        }
        let configuration = reader.value(raw.configuration)?;
        let configuration = configuration.filter(|value| *value != Value::Null);
        if let Some(Mistyped { place, expected }) = configuration.as_ref().and_then(Configuration::mistyped) {
            return Err(PlanError::Shape { place, expected });
        }
        let configuration = configuration.map(Configuration::new);
        let has_resource_changes = raw.resource_changes.is_some();
        let prior_state = raw.prior_state.and_then(|state| state.values).unwrap_or_default();
        let refreshed = if has_resource_changes { Vec::new() } else { prior_state.objects(&reader)? };
        Ok(Self {
            format_version: raw.format_version,
            terraform_version: raw.terraform_version,
            variables,
            has_resource_changes,
            changing: OnceLock::new(),
            refreshed,
            resource_changes: read_changes("resource_changes", raw.resource_changes, &reader)?,
            resource_drift: read_changes("resource_drift", raw.resource_drift, &reader)?,
            deferred_changes,
            action_invocations,
            output_changes,
            checks,
            relevant_attributes,
            configuration,
            timestamp: raw.timestamp.filter(|timestamp| !timestamp.is_empty()),
            errored: raw.errored,
            applyable: raw.applyable,
            complete: raw.complete,
            duplicate_keys: reader.duplicates.count(),
            planned_values: raw.planned_values.unwrap_or_default(),
            prior_state,
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
        let (triggered_by, event) = self.lifecycle_action_trigger.map_or((None, None), |trigger| {
            (trigger.triggering_resource_address, trigger.action_trigger_event)
        });
        Ok(ActionInvocation {
            address: self.address,
            action_type: self.action_type,
            provider_name: self.provider_name,
            event,
            triggered_by,
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

impl<'a> RawCondition<'a> {
    fn read(self) -> Check<'a> {
        let status = match (self.unknown, self.result) {
            (Some(true), _) => CheckStatus::Unknown,
            (_, Some(true)) => CheckStatus::Pass,
            (_, Some(false)) => CheckStatus::Fail,
            (_, None) => CheckStatus::Unknown,
        };
        Check {
            address: self.address.unwrap_or_default(),
            status,
            problems: self.error_message.into_iter().collect(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_is_tested_field_by_field() {
        let plan = Plan::parse(r#"{"format_version": "1.2"}"#).unwrap();
        assert_eq!((plan.errored, plan.applyable, plan.complete), (None, None, None));
        assert!(plan.terraform_version.is_none() && plan.timestamp.is_none() && plan.configuration.is_none());
        assert!(plan.resource_changes.is_empty());
    }

    /// Every part that is read, and what it must be; each is tried with every other JSON type.
    const PARTS: [(&str, &[&str]); 31] = [
        ("terraform_version", &["string"]),
        ("timestamp", &["string"]),
        ("errored", &["bool"]),
        ("applyable", &["bool"]),
        ("complete", &["bool"]),
        ("variables", &["object"]),
        ("variables.v", &["object"]),
        ("planned_values", &["object"]),
        ("planned_values.root_module", &["object"]),
        ("planned_values.root_module.resources", &["array"]),
        ("planned_values.root_module.child_modules", &["array"]),
        ("prior_state", &["object"]),
        ("prior_state.values", &["object"]),
        ("prior_state.values.root_module", &["object"]),
        ("resource_changes", &["array"]),
        ("resource_changes.0", &["object"]),
        ("resource_changes.0.address", &["string"]),
        ("resource_changes.0.change", &["object"]),
        ("resource_changes.0.change.actions", &["array"]),
        ("resource_changes.0.change.importing", &["object"]),
        ("resource_changes.0.change.importing.id", &["string"]),
        ("resource_drift", &["array"]),
        ("resource_drift.0.change.importing", &["object"]),
        ("resource_drift.0.previous_address", &["string"]),
        ("deferred_changes", &["array"]),
        ("deferred_changes.0.resource_change", &["object"]),
        ("action_invocations", &["array"]),
        ("deferred_action_invocations.0.action_invocation", &["object"]),
        ("output_changes", &["object"]),
        ("output_changes.o", &["object"]),
        ("checks.0.instances", &["array"]),
    ];

    #[test]
    fn a_part_of_a_wrong_shape_is_told_with_its_place() {
        let entry = serde_json::json!({"address": "x.a", "change": {"actions": ["update"], "before": {}, "after": {}}});
        let action = serde_json::json!({"address": "action.x.a"});
        let plan = serde_json::json!({
            "format_version": "1.2", "variables": {}, "planned_values": {"root_module": {}},
            "prior_state": {"values": {"root_module": {}}}, "resource_changes": [entry], "resource_drift": [entry],
            "deferred_changes": [{"reason": "unknown", "resource_change": entry}], "action_invocations": [action],
            "deferred_action_invocations": [{"reason": "unknown", "action_invocation": action}],
            "output_changes": {}, "checks": [{"address": {"to_display": "check.a"}}],
        });
        let wrong = serde_json::json!({
            "object": {"strange": 1}, "array": [[]], "string": "x", "number": 5, "bool": true,
        });
        for (path, fits) in PARTS {
            for (kind, value) in
                wrong.as_object().unwrap().iter().filter(|(kind, _)| !fits.contains(&kind.as_str()))
            {
                let mut plan = plan.clone();
                let mut here = &mut plan;
                for step in path.split('.') {
                    here = match step.parse::<usize>() {
                        Ok(position) => &mut here[position],
                        Err(_) => {
                            if here.is_null() {
                                *here = serde_json::json!({});
                            }
                            &mut here[step]
                        }
                    };
                }
                *here = value.clone();
                let Err(error) = Plan::parse(&plan.to_string()).map(|_| ()) else {
                    panic!("{path}: {kind} is accepted");
                };
                let place = path.split('.').fold(String::new(), |place, step| match step.parse::<usize>() {
                    Ok(position) => format!("{place}[{position}]"),
                    Err(_) if place.is_empty() => step.to_owned(),
                    Err(_) => format!("{place}.{step}"),
                });
                let message = error.to_string();
                assert!(message.contains(&format!("`{place}")), "{path}: {kind}: {message}");
                assert!(!message.contains("struct"), "{path}: {kind}: {message}");
            }
        }
    }

    #[test]
    fn everything_beside_resource_changes_is_read() {
        let text = r#"{"format_version": "1.2", "errored": false, "applyable": true, "complete": false,
            "timestamp": "2026-01-01T00:00:00Z", "variables": {"v": {"value": 1}, "n": null},
            "deferred_changes": [{"reason": "unknown", "resource_change":
                {"address": "aws_x.a", "index_unknown": true, "change": {"actions": ["create"]}}}],
            "action_invocations": [{"address": "action.aws_l.x", "type": "aws_l", "provider_name": "p",
                "lifecycle_action_trigger": {"triggering_resource_address": "aws_x.a", "action_trigger_event": "AfterCreate"}}],
            "deferred_action_invocations": [{"reason": "unknown", "action_invocation": {"address": "action.aws_l.y"}}],
            "output_changes": {"o": {"actions": ["update"], "before": 1, "after": 2}, "n": null},
            "checks": [{"address": {"to_display": "check.c"}, "status": "fail",
                "instances": [{"problems": [{"message": "no"}]}]}],
            "condition_results": [{"address": "aws_x.a", "result": false, "unknown": false, "error_message": "bad"}],
            "relevant_attributes": [{"resource": "aws_x.a", "attribute": ["tags", "a"]}],
            "resource_changes": [{"address": "aws_x.b", "previous_address": "aws_x.old", "deposed": "d1",
                "provider_name": "p", "action_reason": "replace_because_tainted",
                "change": {"actions": ["delete", "create"], "before": {"a": 1}, "after": {"a": 2},
                    "replace_paths": [["a"]], "importing": {"unknown": true, "identity": {"id": "i"}},
                    "generated_config": "resource {}", "before_identity": {"id": 1}, "after_identity": {"id": 2}}}]}"#;
        let plan = Plan::parse(text).unwrap();
        assert_eq!((plan.errored, plan.applyable, plan.complete), (Some(false), Some(true), Some(false)));
        assert_eq!(plan.deferred_changes[0].resource_change.address.to_string(), "aws_x.a[*]");
        let [invoked, deferred] = &plan.action_invocations[..] else { panic!("two invocations") };
        assert_eq!(invoked.event.as_deref(), Some("AfterCreate"));
        assert!(deferred.deferred && !invoked.deferred);
        let checks: Vec<_> = plan.checks.iter().map(|check| (check.address.as_ref(), check.status)).collect();
        assert_eq!(checks, [("check.c", CheckStatus::Fail), ("aws_x.a", CheckStatus::Fail)]);
        assert_eq!(plan.relevant_attributes[0].attribute.to_string(), "tags.a");
        let change = &plan.resource_changes[0].change;
        assert_eq!(change.replace_paths[0].to_string(), "a");
        assert!(
            change
                .importing
                .as_ref()
                .is_some_and(|importing| importing.unknown && importing.identity.is_some())
        );
        assert!(change.before_identity.is_some() && change.after_identity.is_some());
        assert_eq!(
            plan.resource_changes[0].previous_address.as_ref().map(ToString::to_string).as_deref(),
            Some("aws_x.old")
        );
        assert_eq!(plan.output_changes.len(), 1);
    }

    #[test]
    fn paths_that_force_a_replacement_have_the_shape_of_the_format() {
        let read = |paths: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "resource_changes": [{{"address": "aws_x.a", "mode": "managed", "type": "aws_x",
                    "name": "a", "change": {{"actions": ["delete", "create"], "before": {{}}, "after": {{}},
                    "replace_paths": {paths}}}}}]}}"#
            );
            Plan::parse(&text)
                .map(|plan| plan.resource_changes[0].change.replace_paths.len())
                .map_err(|error| error.to_string())
        };
        assert_eq!((read("null"), read("[]"), read(r#"[["a", {"b": 1}]]"#)), (Ok(0), Ok(0), Ok(1)));
        for wrong in [r#"{"a": 1}"#, r#""x""#, r#"["a"]"#, "[null]"] {
            let error = read(wrong).unwrap_err();
            assert!(
                error.contains("`resource_changes[0].change.replace_paths` is not a list of paths"),
                "{wrong}: {error}"
            );
        }
    }

    #[test]
    fn a_configuration_of_another_shape_is_refused() {
        let place = |configuration: &str| {
            let text = format!(r#"{{"format_version": "1.2", "configuration": {configuration}}}"#);
            match Plan::parse(&text) {
                Err(PlanError::Shape { place, .. }) => Some(place),
                Err(error) => panic!("{error}"),
                Ok(_) => None,
            }
        };
        for (configuration, expected) in [
            ("[]", "configuration"),
            (r#""x""#, "configuration"),
            (r#"{"provider_config": []}"#, "configuration.provider_config"),
            (r#"{"root_module": []}"#, "configuration.root_module"),
            (r#"{"root_module": {"resources": {}}}"#, "configuration.root_module.resources"),
            (r#"{"root_module": {"resources": [null]}}"#, "configuration.root_module.resources[0]"),
            (
                r#"{"root_module": {"resources": [{"expressions": "x"}]}}"#,
                "configuration.root_module.resources[0].expressions",
            ),
            (r#"{"root_module": {"variables": {"v": []}}}"#, "configuration.root_module.variables.v"),
            (r#"{"root_module": {"outputs": 1}}"#, "configuration.root_module.outputs"),
            (r#"{"root_module": {"module_calls": ["m"]}}"#, "configuration.root_module.module_calls"),
            (
                r#"{"root_module": {"module_calls": {"m": {"module": "x"}}}}"#,
                "configuration.root_module.module_calls.m.module",
            ),
            (
                r#"{"root_module": {"module_calls": {"m": {"module": {"resources": 1}}}}}"#,
                "configuration.root_module.module_calls.m.module.resources",
            ),
        ] {
            assert_eq!(place(configuration).as_deref(), Some(expected), "{configuration}");
        }
        for configuration in [
            "null",
            "{}",
            r#"{"root_module": null}"#,
            r#"{"root_module": {"resources": null, "module_calls": {"m": {}}, "variables": {"v": null}}}"#,
        ] {
            assert_eq!(place(configuration), None, "{configuration}");
        }
    }

    #[test]
    fn what_is_missing_is_named_with_its_place() {
        let error = Plan::parse(r#"{"format_version": "1.2", "resource_changes": [{"address": "a.b"}]}"#)
            .unwrap_err();
        assert_eq!(error.to_string(), "resource_changes[0] has no `change`");
        let text =
            r#"{"format_version": "1.2", "resource_drift": [{"address": "a", "change": {"actions": []}}]}"#;
        let error = Plan::parse(text).unwrap_err();
        assert!(error.to_string().starts_with("resource_drift[0]: `a` is not a resource address"), "{error}");
    }
}
