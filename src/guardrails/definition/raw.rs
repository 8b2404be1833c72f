//! Guardrail files as people write them, before anything is checked but their keys.

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::case::Expectation;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    #[serde(default)]
    pub(super) guardrail: Vec<toml::Spanned<RawGuardrail>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGuardrail {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) severity: String,
    pub(super) category: String,
    pub(super) pack: String,
    pub(super) resources: Vec<String>,
    pub(super) when: Option<RawPredicate>,
    pub(super) fail: Option<RawPredicate>,
    pub(super) require: Option<RawPredicate>,
    pub(super) unset: Option<RawSide>,
    pub(super) unknown: Option<RawUnknown>,
    pub(super) message: String,
    pub(super) why: String,
    pub(super) remediation: String,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    #[serde(default)]
    pub(super) also: RawAlso,
    #[serde(default)]
    pub(super) cases: Vec<toml::Spanned<RawCase>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAlso {
    #[serde(default)]
    pub(super) checkov: Vec<String>,
    #[serde(default)]
    pub(super) trivy: Vec<String>,
    #[serde(default)]
    pub(super) kics: Vec<String>,
    #[serde(default)]
    pub(super) terrascan: Vec<String>,
    #[serde(default)]
    pub(super) cis: Vec<String>,
}

/// What an attribute that is not set means.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawSide {
    Fails,
    Passes,
}

/// What an attribute that is unknown means.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawUnknown {
    Fails,
    Passes,
    Undetermined,
}

/// One inline table of a predicate: exactly one kind of predicate and its arguments.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPredicate {
    pub(super) all: Option<Vec<Self>>,
    pub(super) any: Option<Vec<Self>>,
    pub(super) not: Option<Box<Self>>,
    pub(super) attribute: Option<Texts>,
    pub(super) is: Option<toml::Value>,
    #[serde(rename = "in")]
    pub(super) one_of: Option<Vec<toml::Value>>,
    pub(super) present: Option<bool>,
    pub(super) absent: Option<bool>,
    pub(super) at_least: Option<toml::Value>,
    pub(super) at_most: Option<toml::Value>,
    pub(super) longer_than: Option<toml::Value>,
    pub(super) matches: Option<String>,
    pub(super) starts_with: Option<Texts>,
    pub(super) contains: Option<toml::Value>,
    pub(super) cidr: Option<toml::Value>,
    pub(super) statement: Option<RawStatement>,
    pub(super) secret: Option<bool>,
    pub(super) literal: Option<bool>,
    pub(super) older_than: Option<String>,
    pub(super) some: Option<Texts>,
    pub(super) each: Option<Texts>,
    pub(super) document: Option<Texts>,
    #[serde(rename = "where")]
    pub(super) condition: Option<Box<Self>>,
    pub(super) ports: Option<toml::Value>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) ranges: Option<Texts>,
    pub(super) protocol: Option<String>,
    pub(super) transport: Option<String>,
    pub(super) related: Option<Texts>,
    pub(super) refers_to: Option<Texts>,
    pub(super) by: Option<String>,
    pub(super) on: Option<Texts>,
    pub(super) unset: Option<RawSide>,
    pub(super) unknown: Option<RawUnknown>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStatement {
    pub(super) effect: Option<String>,
    pub(super) principals: Option<String>,
    #[serde(default)]
    pub(super) actions: Vec<String>,
    #[serde(default)]
    pub(super) resources: Vec<String>,
    pub(super) conditions: Option<String>,
}

/// A case of a guardrail: the judged resource, and others where the guardrail looks at several.
pub(super) struct RawCase {
    pub(super) name: String,
    pub(super) expect: Expectation,
    pub(super) resource: RawCaseResource,
    pub(super) others: Vec<RawCaseResource>,
}

/// One resource of a case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawCaseResource {
    #[serde(rename = "type")]
    pub(crate) resource_type: Option<String>,
    #[serde(rename = "name")]
    pub(crate) resource_name: Option<String>,
    pub(crate) module: Option<String>,
    pub(crate) key: Option<serde_json::Value>,
    pub(crate) previous_address: Option<String>,
    pub(crate) actions: Option<Vec<String>>,
    pub(crate) before: Option<serde_json::Value>,
    pub(crate) after: Option<serde_json::Value>,
    pub(crate) unknown: Option<serde_json::Value>,
    pub(crate) sensitive: Option<serde_json::Value>,
    pub(crate) expressions: Option<serde_json::Value>,
}

impl<'de> Deserialize<'de> for RawCase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The judged resource is written in the case itself, without a table of its own.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Flat {
            name: String,
            expect: Expectation,
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
pub(super) struct Texts(pub(super) Vec<String>);

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
