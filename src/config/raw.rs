//! The keys of a configuration file as they are written, and what they mean.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::NamedSource;
use planguard_rego::{Convention, Namespaces, RegoVersion};
use planguard_rule::Severity;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, de};

use super::{CheckConfig, Config, ConfigError, PolicyConfig};
use crate::enforcement::{Gate, UnknownPolicy};

/// Reads the text of a configuration file, whose paths are relative to the directory of `path`.
pub(super) fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
    let raw: Raw = toml::from_str(text).map_err(|error| ConfigError::Invalid {
        path: path.to_owned(),
        reason: error.message().to_owned(),
        text: Arc::new(NamedSource::new(path.display().to_string(), text.to_owned())),
        at: error.span().unwrap_or(0..0).into(),
    })?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let place = |path: PathBuf| directory.join(path);
    let places = |paths: Vec<PathBuf>| paths.into_iter().map(place).collect();
    let Raw { check, policies, packs } = raw;
    Ok(Config {
        path: path.to_owned(),
        check: CheckConfig {
            fail_on: check.fail_on,
            unknown: check.unknown.map(UnknownPolicy::from),
            gate: check.gate.map(Gate::from),
            strict: check.strict,
            require_complete: check.require_complete,
            builtin: check.builtin,
            packs: check.packs,
            guardrails: places(check.guardrails),
            max_destroys: check.max_destroys,
            max_destroy_percent: check.max_destroy_percent,
        },
        policies: PolicyConfig {
            paths: places(policies.paths),
            convention: policies.convention,
            namespaces: policies.namespaces.map(namespaces),
            data: places(policies.data),
            context: policies.context.map(place),
            infracost: policies.infracost.map(place),
            rego_version: policies.rego_version.map(RegoVersion::from),
            timeout: policies.timeout,
        },
        packs,
    })
}

fn namespaces(names: Vec<String>) -> Namespaces {
    if names.iter().any(|name| name == "*") { Namespaces::All } else { Namespaces::Named(names) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    #[serde(default)]
    check: RawCheck,
    #[serde(default)]
    policies: RawPolicies,
    #[serde(default)]
    packs: BTreeMap<String, toml::Table>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawCheck {
    fail_on: Option<Severity>,
    unknown: Option<RawUnknown>,
    gate: Option<RawGate>,
    strict: Option<bool>,
    require_complete: Option<bool>,
    builtin: Option<bool>,
    packs: Vec<String>,
    guardrails: Vec<PathBuf>,
    max_destroys: Option<usize>,
    #[serde(deserialize_with = "percent")]
    max_destroy_percent: Option<u8>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawPolicies {
    paths: Vec<PathBuf>,
    #[serde(deserialize_with = "convention")]
    convention: Option<Convention>,
    namespaces: Option<Vec<String>>,
    data: Vec<PathBuf>,
    context: Option<PathBuf>,
    infracost: Option<PathBuf>,
    rego_version: Option<RawRegoVersion>,
    #[serde(deserialize_with = "seconds")]
    timeout: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawUnknown {
    Deny,
    Warn,
    Ignore,
}

impl From<RawUnknown> for UnknownPolicy {
    fn from(raw: RawUnknown) -> Self {
        match raw {
            RawUnknown::Deny => Self::Deny,
            RawUnknown::Warn => Self::Warn,
            RawUnknown::Ignore => Self::Ignore,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawGate {
    All,
    Introduced,
}

impl From<RawGate> for Gate {
    fn from(raw: RawGate) -> Self {
        match raw {
            RawGate::All => Self::All,
            RawGate::Introduced => Self::Introduced,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawRegoVersion {
    V0,
    V1,
}

impl From<RawRegoVersion> for RegoVersion {
    fn from(raw: RawRegoVersion) -> Self {
        match raw {
            RawRegoVersion::V0 => Self::V0,
            RawRegoVersion::V1 => Self::V1,
        }
    }
}

fn convention<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Convention>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let known = Convention::ALL.into_iter().find(|convention| convention.as_str() == name);
    known.map(Some).ok_or_else(|| {
        let names: Vec<&str> = Convention::ALL.iter().map(|convention| convention.as_str()).collect();
        D::Error::invalid_value(de::Unexpected::Str(&name), &format!("one of {}", names.join(", ")).as_str())
    })
}

fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let number = i64::deserialize(deserializer)?;
    let percent = u8::try_from(number).ok().filter(|percent| *percent <= 100);
    percent.map(Some).ok_or_else(|| D::Error::custom(format!("{number} is no percentage; use 0 to 100")))
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = i64::deserialize(deserializer)?;
    let seconds = u64::try_from(number).ok().filter(|seconds| (1..=3600).contains(seconds));
    seconds
        .map(Some)
        .ok_or_else(|| D::Error::custom(format!("{number} is no time limit; use 1 to 3600 seconds")))
}
