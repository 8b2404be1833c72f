//! Collects every sensitive value in a plan.

mod credentials;
mod schema;
mod walk;
mod words;

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;

use super::address::Mode;
use super::change::{Change, ResourceChange};
use super::contradiction::Spoken;
use super::section::{Section, SectionReader};
use super::state::StateValues;
use super::value::{DuplicateKeys, Value};
use super::{Plan, PlanError};
use credentials::is_credential;
use schema::Schemas;
use walk::StateWalk;
use words::Source;

pub(crate) use words::{common_among, is_setting, names_among};

/// The texts of all leaves that a mask, a sensitive variable or a sensitive output marks, on both sides and
/// in every section; of attributes that the provider's schema calls sensitive, whether they are marked or not; and of
/// credentials and provisioners in the configuration. The leaves of a leaf that is JSON text are included, and the
/// keys of a map that is sensitive as a whole.
///
/// Ordinary words of an output or variable that also stand unmarked in the plan are left out: they are hidden where
/// they are marked, but say nothing elsewhere.
///
/// # Errors
/// `planned_values` or `prior_state` contains a mark but is invalid.
pub fn sensitive_values(plan: &Plan<'_>) -> Result<BTreeSet<String>, PlanError> {
    let mut leaves = Leaves::default();
    let deferred = plan.deferred_changes.iter().map(|deferred| &deferred.resource_change);
    for resource in plan.resource_changes.iter().chain(&plan.resource_drift).chain(deferred) {
        leaves.resource(resource);
    }
    for invocation in &plan.action_invocations {
        leaves.masked(invocation.config.as_ref(), invocation.config_sensitive.as_ref());
    }
    leaves.configuration(plan);
    let spoken = LazyCell::new(|| Spoken::of(plan));
    leaves.state(&plan.planned_values, &spoken)?;
    leaves.state(&plan.prior_state, &spoken)?;
    leaves.source = Some(Source::Variable);
    leaves.variables(plan);
    leaves.source = Some(Source::Output);
    for output in plan.output_changes.values() {
        leaves.masked(output.before.as_ref(), output.before_sensitive.as_ref());
        leaves.masked(output.after.as_ref(), output.after_sensitive.as_ref());
    }
    Ok(leaves.without_ordinary_words(plan))
}

#[derive(Default)]
struct Leaves {
    texts: BTreeSet<String>,
    /// Those that only an output or a variable makes sensitive. What an attribute holds is sensitive by itself.
    doubtful: BTreeMap<String, Source>,
    /// What is being read, if it is an output or a variable.
    source: Option<Source>,
    schemas: Schemas,
}

impl Leaves {
    fn add(&mut self, text: String) {
        match self.source {
            None => {
                self.texts.insert(text);
            }
            // A variable says more than an output that contains it.
            Some(source) => {
                let known = self.doubtful.entry(text).or_insert(source);
                *known = source.max(*known);
            }
        }
    }

    fn without_ordinary_words(mut self, plan: &Plan<'_>) -> BTreeSet<String> {
        self.doubtful.retain(|text, _| !self.texts.contains(text));
        let ordinary = words::ordinary(plan, &self.doubtful);
        self.texts.extend(self.doubtful.into_keys().filter(|text| !ordinary.contains(text)));
        self.texts
    }

    fn by_schema(&mut self, mode: Mode, type_name: &str, values: &Value<'_>) {
        let mut schemas = std::mem::take(&mut self.schemas);
        schemas.collect(mode, type_name, values, self);
        self.schemas = schemas;
    }

    fn resource(&mut self, resource: &ResourceChange<'_>) {
        let Change { before, after, before_sensitive, after_sensitive, .. } = &resource.change;
        // Most masks have the structure of the values and mark nothing.
        let marking = |mask: &Option<Value<'_>>| mask.as_ref().is_some_and(Value::has_true_leaf);
        if marking(before_sensitive) {
            self.masked(before.as_deref(), before_sensitive.as_ref());
        }
        if marking(after_sensitive) {
            self.masked(after.as_deref(), after_sensitive.as_ref());
        }
        for value in [before, after].into_iter().flatten() {
            self.by_schema(resource.address.mode, &resource.address.resource_type, value);
        }
    }

    /// The credentials of providers, and what provisioners run and connect with.
    fn configuration(&mut self, plan: &Plan<'_>) {
        let Some(configuration) = &plan.configuration else { return };
        for provider in configuration.providers() {
            self.credentials(&provider.expressions);
        }
        for resource in configuration.modules().iter().flat_map(|module| &module.resources) {
            for expressions in &resource.provisioner_expressions {
                self.credentials(expressions);
                for name in ["inline", "command", "environment", "content"] {
                    self.constants(expressions.get(name));
                }
            }
        }
    }

    /// The constants under names of credentials, at any depth.
    fn credentials(&mut self, expressions: &Value<'_>) {
        for (name, expression) in expressions.members() {
            if is_credential(name) {
                self.constants(Some(expression));
            }
            self.credentials(expression);
            // The arguments of a block in `constant_value` are values, not expressions.
            if name == "constant_value" {
                let credentials = expression.members().iter().filter(|(name, _)| is_credential(name));
                credentials.for_each(|(_, value)| self.all(value));
            }
        }
        expressions.elements().iter().for_each(|element| self.credentials(element));
    }

    fn constants(&mut self, expression: Option<&Value<'_>>) {
        let Some(expression) = expression else { return };
        match expression.get("constant_value") {
            Some(constant) => self.all(constant),
            None => {
                expression.members().iter().for_each(|(_, member)| self.constants(Some(member)));
                expression.elements().iter().for_each(|element| self.constants(Some(element)));
            }
        }
    }

    fn variables(&mut self, plan: &Plan<'_>) {
        let Some(configuration) = &plan.configuration else { return };
        for (position, module) in configuration.modules().iter().enumerate() {
            for variable in module.variables.iter().filter(|variable| variable.sensitive) {
                if let Some(default) = &variable.default {
                    self.all(default);
                }
                if position == 0 {
                    let value =
                        plan.variables.get(&variable.name).and_then(|variable| variable.value.as_ref());
                    value.into_iter().for_each(|value| self.all(value));
                }
                if let Some(call) = module.caller.and_then(|caller| configuration.call(caller)) {
                    let constant =
                        call.expressions.get(&variable.name).and_then(|value| value.get("constant_value"));
                    constant.into_iter().for_each(|value| self.all(value));
                }
            }
            for output in module.outputs.iter().filter(|output| output.sensitive) {
                let constant = output.expression.as_ref().and_then(|value| value.get("constant_value"));
                constant.into_iter().for_each(|value| self.all(value));
            }
        }
    }

    /// Data sources that were read while planning are in `prior_state` only. Values are parsed only if a search of
    /// their text finds a mark, or if the schema calls some of them sensitive and no resource change has them.
    fn state<'p>(
        &mut self,
        state: &StateValues<'_>,
        spoken: &LazyCell<Spoken<'p>, impl FnOnce() -> Spoken<'p>>,
    ) -> Result<(), PlanError> {
        for output in state.outputs() {
            if output.sensitive == Some(true) {
                self.section(output.value)?.iter().for_each(|value| self.all(value));
            }
            self.marks_within(output.value)?;
        }
        let mut resources = Vec::new();
        state.each_resource(&mut |module, resource| resources.push((module, resource)));
        for (module, resource) in resources {
            let marked = resource.sensitive_values.text().is_some_and(|mask| mask.contains("true"));
            if marked {
                let (values, mask) =
                    (self.section(resource.values)?, self.section(resource.sensitive_values)?);
                self.masked(values.as_ref(), mask.as_ref());
            }
            let mode = resource.mode();
            if let Some(type_name) = resource.resource_type.as_deref()
                && self.schemas.has_sensitive(mode, type_name)
                && (mode == Mode::Data
                    || !spoken.has(module, resource.address.as_deref().unwrap_or_default()))
                && let Some(values) = self.section(resource.values)?
            {
                self.by_schema(mode, type_name, &values);
            }
            self.marks_within(resource.values)?;
        }
        Ok(())
    }

    fn section<'v>(&self, section: Section<'v>) -> Result<Option<Value<'v>>, PlanError> {
        SectionReader::default().value(section)
    }

    /// A value may have marks of its own.
    fn marks_within(&mut self, section: Section<'_>) -> Result<(), PlanError> {
        match section.text() {
            Some(text) if memmem::find(text.as_bytes(), b"\"sensitive").is_some() => {
                StateWalk::new(self).read(text).map_err(PlanError::from)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn masked(&mut self, value: Option<&Value<'_>>, mask: Option<&Value<'_>>) {
        let (Some(value), Some(mask)) = (value, mask) else { return };
        match mask {
            Value::Bool(true) => self.all(value),
            Value::Array(masks) => {
                for (element, mask) in value.elements().iter().zip(masks) {
                    self.masked(Some(element), Some(mask));
                }
            }
            Value::Object(masks) => {
                for (key, mask) in masks.members() {
                    self.masked(value.get(key), Some(mask));
                }
            }
            Value::Bool(false) | Value::Null | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn all(&mut self, value: &Value<'_>) {
        match value {
            Value::String(text) => {
                self.add(text.clone().into_owned());
                if text.starts_with(['{', '['])
                    && let Ok(inner) = Value::parse(text, &DuplicateKeys::default())
                {
                    self.all(&inner);
                }
            }
            Value::Number(number) => number.spellings().into_iter().for_each(|spelling| {
                self.add(spelling);
            }),
            Value::Array(elements) => elements.iter().for_each(|element| self.all(element)),
            Value::Object(object) => {
                for (key, member) in object.members() {
                    // The key of a map is data; one that is made of words is most often the name of an attribute.
                    if !words::is_word(key) && !words::is_short_name(key) {
                        self.add(key.clone().into_owned());
                    }
                    self.all(member);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(plan: &str) -> Vec<String> {
        sensitive_values(&Plan::parse(plan).unwrap()).unwrap().into_iter().collect()
    }

    #[test]
    fn finds_values_in_every_section() {
        let plan = r#"{"format_version": "1.2",
            "variables": {"v": {"value": "from-variable"}, "plain": {"value": "open"}},
            "planned_values": {"outputs": {"o": {"sensitive": true, "value": ["from-output"]}}},
            "prior_state": {"values": {"root_module": {"resources": [
                {"values": {"a": "from-state", "b": "open"}, "sensitive_values": {"a": true}}]}}},
            "resource_drift": [{"address": "a.b", "change": {"actions": ["update"],
                "before": {"x": "drift-before"}, "after": {"x": "drift-after"},
                "before_sensitive": {"x": true}, "after_sensitive": true}}],
            "resource_changes": [{"address": "a.b", "change": {"actions": ["update"],
                "before": {"l": ["open", {"p": 123456}]}, "after": {"j": "{\"k\": \"inside-json\"}"},
                "before_sensitive": {"l": [false, {"p": true}]}, "after_sensitive": {"j": true}}}],
            "output_changes": {"o": {"actions": ["create"], "after": "from-output-change", "after_sensitive": true}},
            "configuration": {"root_module": {
                "variables": {"v": {"sensitive": true, "default": "from-default"}, "plain": {}},
                "module_calls": {"m": {"expressions": {"p": {"constant_value": "from-call"}},
                    "module": {"variables": {"p": {"sensitive": true}}}}}}}}"#;
        assert_eq!(
            collected(plan),
            [
                "123456",
                "drift-after",
                "drift-before",
                "from-call",
                "from-default",
                "from-output",
                "from-output-change",
                "from-state",
                "from-variable",
                "inside-json",
                "{\"k\": \"inside-json\"}",
            ]
        );
    }

    /// A plan with one resource change that marks nothing.
    fn unmarked(resource_type: &str, after: &str) -> String {
        format!(
            r#"{{"address": "{resource_type}.a", "change": {{"actions": ["create"], "after": {after}, "after_sensitive": {{}}}}}}"#
        )
    }

    #[test]
    fn finds_what_a_schema_calls_sensitive_without_marks() {
        let database = unmarked("aws_db_instance", r#"{"password": "hunter2", "engine": "postgres"}"#);
        let nested = unmarked(
            "azurerm_kubernetes_cluster",
            r#"{"service_principal": [{"client_id": "open", "client_secret": "hunter3"}]}"#,
        );
        let plan = format!(
            r#"{{"format_version": "0.1", "resource_changes": [{database}, {nested}],
            "prior_state": {{"values": {{"root_module": {{"child_modules": [{{"resources": [
                {{"mode": "data", "type": "aws_secretsmanager_secret_version",
                  "values": {{"secret_string": "hunter4", "version_id": "open"}}}}]}}]}}}}}}}}"#
        );
        assert_eq!(collected(&plan), ["hunter2", "hunter3", "hunter4"]);
    }

    /// Some providers report objects that look like states, with marks of their own.
    #[test]
    fn values_of_a_state_may_have_marks_of_their_own() {
        let plan = r#"{"format_version": "1.2", "prior_state": {"values": {
            "outputs": {"o": {"sensitive": false, "value": {"x": {"sensitive": true, "value": "in-output"}}}},
            "root_module": {"resources": [{"mode": "data", "type": "x_state", "sensitive_values": {}, "values": {
                "outputs": [{"sensitive": true, "value": "in-resource"}, {"sensitive": false, "value": "open"}]}}]}}}}"#;
        assert_eq!(collected(plan), ["in-output", "in-resource"]);
    }

    #[test]
    fn keys_of_maps_that_are_sensitive_as_a_whole_are_sensitive() {
        let plan = r#"{"format_version": "1.2", "resource_changes": [{"address": "a.b", "change": {
            "actions": ["create"], "after": {"tags": {"hunter2-key": "x", "password": "y"}},
            "after_sensitive": {"tags": true}}}]}"#;
        assert_eq!(collected(plan), ["hunter2-key", "x", "y"]);
    }

    #[test]
    fn finds_credentials_and_provisioners_of_the_configuration() {
        let plan = r#"{"format_version": "1.2", "configuration": {
            "provider_config": {"x": {"name": "x", "expressions": {
                "region": {"constant_value": "open"}, "secret_key": {"constant_value": "from-provider"},
                "login": [{"password": {"constant_value": "from-block"}}],
                "endpoints": [{"secretsmanager": {"constant_value": "http://localhost:4566"}}],
                "headers": {"constant_value": {"Authorization": "from-constant", "Accept": "open"}}}}},
            "root_module": {"resources": [{"type": "null_resource", "name": "a", "provisioners": [
                {"type": "local-exec", "expressions": {"command": {"constant_value": "login from-command"},
                    "environment": {"constant_value": {"A": "from-environment"}}, "working_dir": {"constant_value": "open"}}},
                {"type": "remote-exec", "expressions": {"inline": {"constant_value": ["from-inline"]},
                    "connection": [{"password": {"constant_value": "from-connection"}}]}}]}]}}}"#;
        let found: Vec<String> = collected(plan).into_iter().filter(|text| text.contains("from")).collect();
        let all = [
            "from-block",
            "from-connection",
            "from-constant",
            "from-environment",
            "from-inline",
            "from-provider",
            "login from-command",
        ];
        assert_eq!(found, all);
        for open in ["open", "http://localhost:4566"] {
            assert!(!collected(plan).contains(&open.to_owned()), "{open}");
        }
    }

    #[test]
    fn ordinary_words_of_outputs_and_variables_are_no_secrets() {
        let listener = unmarked("aws_lb_listener", r#"{"default_action": [{"type": "authenticate"}]}"#);
        let plan = |more: &str| {
            format!(
                r#"{{"format_version": "1.2", "resource_changes": [{listener}{more}],
                "variables": {{"v": {{"value": "sunshine"}}}},
                "configuration": {{"root_module": {{"variables": {{"v": {{"sensitive": true}}}}}}}},
                "output_changes": {{"o": {{"actions": ["create"], "after_sensitive": true,
                    "after": ["authenticate", "redirect", "elsewhere", "hunter2"]}}}}}}"#
            )
        };
        assert_eq!(collected(&plan("")), ["elsewhere", "hunter2", "sunshine"]);
        // One place at which a variable's value stands may be a copy that has lost its mark.
        let copy = format!(", {}", unmarked("aws_x", r#"{"a": "sunshine"}"#));
        assert!(collected(&plan(&copy)).contains(&"sunshine".to_owned()));
        let many = copy.replace(r#""sunshine""#, r#"["sunshine", "sunshine", "sunshine"]"#);
        assert!(!collected(&plan(&many)).contains(&"sunshine".to_owned()));
        // Places under a credential's name are no ordinary ones, however deep.
        for attributes in [
            r#"{"password": ["sunshine", "sunshine", "sunshine"]}"#,
            r#"{"password": [{"a": ["sunshine", "sunshine", "sunshine"]}]}"#,
        ] {
            let under = format!(", {}", unmarked("aws_x", attributes));
            assert!(collected(&plan(&under)).contains(&"sunshine".to_owned()), "{attributes}");
        }
        // What an attribute holds is sensitive by itself.
        let password = format!(", {}", unmarked("aws_db_instance", r#"{"password": "authenticate"}"#));
        assert!(collected(&plan(&password)).contains(&"authenticate".to_owned()));
    }

    #[test]
    fn objects_of_a_state_without_a_change_are_held_against_their_schema() {
        let state = |changes: &str| {
            format!(
                r#"{{"format_version": "1.2", "resource_changes": [{changes}], "prior_state": {{"values": {{"root_module":
                {{"resources": [{{"address": "aws_db_instance.a", "mode": "managed", "type": "aws_db_instance",
                    "values": {{"password": "hunter2", "engine": "postgres"}}, "sensitive_values": {{"tags": {{}}}}}}]}}}}}}}}"#
            )
        };
        assert_eq!(collected(&state("")), ["hunter2"]);
        // The change has the object as it was, so that nobody reads the state for it.
        let change = r#"{"address": "aws_db_instance.a", "change": {"actions": ["no-op"],
            "before": {"password": "hunter3"}, "after": {"password": "hunter3"}}}"#;
        assert_eq!(collected(&state(change)), ["hunter3"]);
    }
}
