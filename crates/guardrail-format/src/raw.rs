//! Guardrail files as people write them, before anything is checked but their keys.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::Once;
use super::case::Expectation;
use super::parameter::{ParameterKind, Weaker};
use super::predicate::ActionWord;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFile {
    #[serde(default)]
    pub guardrail: Vec<toml::Spanned<RawGuardrail>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawGuardrail {
    pub id: String,
    pub title: String,
    pub severity: String,
    pub category: String,
    pub pack: String,
    pub resources: Vec<String>,
    pub when: Option<RawPredicate>,
    pub fail: Option<RawPredicate>,
    pub require: Option<RawPredicate>,
    pub unset: Option<RawSide>,
    pub unknown: Option<RawUnknown>,
    #[serde(default)]
    pub params: BTreeMap<String, RawParameter>,
    pub message: String,
    pub cause: Option<String>,
    pub if_unset: Option<RawIfUnset>,
    pub once: Option<Once>,
    pub why: String,
    pub remediation: String,
    #[serde(default)]
    pub aliases: Vec<String>,
    #[serde(default)]
    pub also: RawAlso,
    #[serde(default)]
    pub cases: Vec<toml::Spanned<RawCase>>,
}

/// How a finding differs if the attribute that decided is not set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawIfUnset {
    pub severity: String,
    pub decided_by: String,
}

/// A parameter, before its default is read as its type says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawParameter {
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    pub default: toml::Value,
    pub about: String,
    pub weaker: Weaker,
    pub message: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawAlso {
    #[serde(default)]
    pub checkov: Vec<String>,
    #[serde(default)]
    pub trivy: Vec<String>,
    #[serde(default)]
    pub kics: Vec<String>,
    #[serde(default)]
    pub terrascan: Vec<String>,
    #[serde(default)]
    pub cis: Vec<String>,
}

/// What an attribute that is not set means.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawSide {
    Fails,
    Passes,
}

/// What an attribute that is unknown means.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawUnknown {
    Fails,
    Passes,
    Undetermined,
}

/// One inline table of a predicate: exactly one kind of predicate and its arguments.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawPredicate {
    pub all: Option<Vec<Self>>,
    pub any: Option<Vec<Self>>,
    pub not: Option<Box<Self>>,
    pub attribute: Option<Texts>,
    pub is: Option<toml::Value>,
    #[serde(rename = "in")]
    pub one_of: Option<toml::Value>,
    pub present: Option<bool>,
    pub absent: Option<bool>,
    pub at_least: Option<toml::Value>,
    pub at_most: Option<toml::Value>,
    pub longer_than: Option<toml::Value>,
    pub matches: Option<String>,
    pub starts_with: Option<Texts>,
    pub contains: Option<toml::Value>,
    pub cidr: Option<toml::Value>,
    pub statement: Option<RawStatement>,
    pub secret: Option<bool>,
    pub literal: Option<bool>,
    pub older_than: Option<String>,
    pub same_as: Option<String>,
    pub differs_from: Option<String>,
    pub before_date: Option<toml::Value>,
    pub expires_within: Option<String>,
    pub some: Option<Texts>,
    pub each: Option<Texts>,
    pub count: Option<Texts>,
    pub document: Option<Texts>,
    #[serde(rename = "where")]
    pub condition: Option<Box<Self>>,
    pub ports: Option<toml::Value>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub ranges: Option<Texts>,
    pub range: Option<Texts>,
    pub protocol: Option<String>,
    pub transport: Option<String>,
    pub related: Option<Texts>,
    pub refers_to: Option<Texts>,
    pub plan_has: Option<Texts>,
    pub was: Option<Box<Self>>,
    pub becomes: Option<Box<Self>>,
    pub actions: Option<Vec<ActionWord>>,
    pub by: Option<String>,
    pub on: Option<Texts>,
    pub unset: Option<RawSide>,
    pub unknown: Option<RawUnknown>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawStatement {
    pub effect: Option<String>,
    pub principals: Option<toml::Value>,
    pub not_actions: Option<bool>,
    #[serde(default)]
    pub actions: Vec<String>,
    #[serde(default)]
    pub resources: Vec<String>,
    pub resources_match: Option<String>,
    pub conditions: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPrincipalKind {
    pub kind: String,
    pub matches: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConditionsTest {
    pub some: Option<RawCondition>,
    pub unless: Option<Vec<RawCondition>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCondition {
    pub key: Option<String>,
    pub operator: Option<String>,
    pub values: Option<String>,
}

/// A case of a guardrail: the judged resource, and others where the guardrail looks at several.
pub(crate) struct RawCase {
    pub name: String,
    pub expect: Expectation,
    pub severity: Option<String>,
    pub resource: RawCaseResource,
    pub others: Vec<RawCaseResource>,
}

/// One resource of a case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawCaseResource {
    /// Its type; that of the guardrail without it.
    #[serde(rename = "type")]
    pub resource_type: Option<String>,
    /// Its name in the configuration.
    #[serde(rename = "name")]
    pub resource_name: Option<String>,
    /// The address of its module.
    pub module: Option<String>,
    /// Its key, where it is one of several.
    pub key: Option<serde_json::Value>,
    /// The address that it is moved from.
    pub previous_address: Option<String>,
    /// What the plan does with it.
    pub actions: Option<Vec<String>>,
    /// Its values before.
    pub before: Option<serde_json::Value>,
    /// Its values after.
    pub after: Option<serde_json::Value>,
    /// Which values are known only after apply.
    pub unknown: Option<serde_json::Value>,
    /// Which values are sensitive.
    pub sensitive: Option<serde_json::Value>,
    /// Its expressions in the configuration.
    pub expressions: Option<serde_json::Value>,
}

impl<'de> Deserialize<'de> for RawCase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The judged resource is written in the case itself, without a table of its own.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Flat {
            name: String,
            expect: Expectation,
            severity: Option<String>,
            #[serde(rename = "type")]
            resource_type: Option<String>,
            #[serde(rename = "resource")]
            resource_name: Option<String>,
            module: Option<String>,
            key: Option<serde_json::Value>,
            previous_address: Option<String>,
            actions: Option<Vec<String>>,
            before: Option<serde_json::Value>,
            after: Option<serde_json::Value>,
            unknown: Option<serde_json::Value>,
            sensitive: Option<serde_json::Value>,
            expressions: Option<serde_json::Value>,
            #[serde(default)]
            others: Vec<RawCaseResource>,
        }
        let flat = Flat::deserialize(deserializer)?;
        Ok(Self {
            name: flat.name,
            expect: flat.expect,
            severity: flat.severity,
            resource: RawCaseResource {
                resource_type: flat.resource_type,
                resource_name: flat.resource_name,
                module: flat.module,
                key: flat.key,
                previous_address: flat.previous_address,
                actions: flat.actions,
                before: flat.before,
                after: flat.after,
                unknown: flat.unknown,
                sensitive: flat.sensitive,
                expressions: flat.expressions,
            },
            others: flat.others,
        })
    }
}

/// One text or a list of them.
pub(crate) struct Texts(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;
        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut access: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = access.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(TextsVisitor)
    }
}
