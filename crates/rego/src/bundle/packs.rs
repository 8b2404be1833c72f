//! Packs of Rego policies that are enabled by name and take parameters.

use std::borrow::Cow;
use std::collections::BTreeMap;

use miette::Diagnostic;
use planguard_plan::text::suggest;
use serde_json::{Map, Value};
use thiserror::Error;

use super::library::BundledFile;
use super::outline::{Outline, OutlinedRule, outline};
use super::{files, schema};
use crate::convention::{Choice, Convention, Dialect, Group};
use crate::data::DataDocument;
use crate::options::{Namespaces, RegoVersion};

/// The package that contains all packs.
const PACKAGES: &str = "planguard.packs.";

/// A pack of Rego policies embedded in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegoPack {
    /// The name for users: `required-tags`.
    pub name: &'static str,
    /// The policies.
    pub file: BundledFile,
}

/// Returns the bundled packs, ordered by name.
pub fn rego_packs() -> &'static [RegoPack] {
    &files::PACKS
}

/// Converts TOML parameters to JSON; a date becomes a string.
pub fn toml_parameters(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(truth) => Value::from(*truth),
        toml::Value::Datetime(moment) => Value::from(moment.to_string()),
        toml::Value::Array(values) => values.iter().map(toml_parameters).collect(),
        toml::Value::Table(table) => {
            table.iter().map(|(key, value)| (key.clone(), toml_parameters(value))).collect()
        }
    }
}

/// An error in the selection of packs or their parameters.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum PackError {
    /// An unknown pack.
    #[error("unknown pack `{name}`")]
    #[diagnostic(code("PG-PK-001"))]
    Unknown {
        /// The name.
        name: String,
        /// A similar name, or all names.
        #[help]
        help: String,
    },
    /// A required parameter is missing.
    #[error("parameter `{key}` of pack `{pack}` is required: {meaning}")]
    #[diagnostic(code("PG-PK-002"), help("run `planguard rules --pack {pack}` for its parameters"))]
    Missing {
        /// The pack.
        pack: String,
        /// The path of the parameter.
        key: String,
        /// Its description.
        meaning: String,
    },
    /// An unknown parameter.
    #[error("pack `{pack}` has no parameter `{key}`")]
    #[diagnostic(code("PG-PK-003"))]
    NoSuchParameter {
        /// The pack.
        pack: String,
        /// The path of the parameter.
        key: String,
        /// A similar name, or all parameters.
        #[help]
        help: String,
    },
    /// An invalid value.
    #[error("parameter `{key}` of pack `{pack}` must be {expected}")]
    #[diagnostic(code("PG-PK-004"), help("run `planguard rules --pack {pack}` for its parameters"))]
    Wrong {
        /// The pack.
        pack: String,
        /// The path of the parameter.
        key: String,
        /// The expected type or value.
        expected: String,
    },
}

impl PackError {
    /// Returns the error for a name that is neither a bundled pack nor one of `others`.
    pub fn unknown<'n>(name: &str, others: impl IntoIterator<Item = &'n str>) -> Self {
        let mut names: Vec<&str> = rego_packs().iter().map(|pack| pack.name).chain(others).collect();
        names.sort_unstable();
        names.dedup();
        let help = match suggest::nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use one of {}", names.join(", ")),
        };
        Self::Unknown { name: name.to_owned(), help }
    }
}

impl RegoPack {
    /// Returns the pack with this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        rego_packs().iter().find(|pack| pack.name == name)
    }

    /// Returns the METADATA of the pack and of its rules.
    pub fn outline(&self) -> Outline {
        // A test parses the METADATA of every pack.
        outline(self.file.text).unwrap_or_default()
    }

    /// Returns the rules that decide.
    pub fn rules(&self) -> Vec<OutlinedRule> {
        let decides = |rule: &OutlinedRule| ["deny_", "warn_"].iter().any(|kind| rule.name.starts_with(kind));
        self.outline().rules.into_iter().filter(decides).collect()
    }

    /// Returns the JSON Schema of the parameters, an object.
    pub fn parameters(&self) -> Value {
        self.outline().metadata.pointer("/custom/parameters").cloned().unwrap_or_default()
    }

    fn package(&self) -> String {
        format!("{PACKAGES}{}", self.name.replace('-', "_"))
    }
}

/// Returns the id of a rule in reports and waivers: `required-tags/missing` for `deny_missing` of a bundled pack, and
/// the path for every other rule.
pub fn rule_id(path: &str) -> Cow<'_, str> {
    let bundled = path.strip_prefix("data.").and_then(|path| path.strip_prefix(PACKAGES));
    let Some((package, rule)) = bundled.and_then(|path| path.split_once('.')) else { return path.into() };
    match rule.split_once('_') {
        Some((_, suffix)) => format!("{}/{}", package.replace('_', "-"), suffix.replace('_', "-")).into(),
        None => package.replace('_', "-").into(),
    }
}

/// The enabled packs with their parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegoPacks(BTreeMap<&'static str, Value>);

impl RegoPacks {
    /// Enables a pack with its parameters; missing ones have their defaults. A later call replaces the parameters.
    ///
    /// # Errors
    ///
    /// The pack is unknown, or its parameters are invalid; the packs then stay as they were.
    pub fn enable(&mut self, name: &str, parameters: Option<Value>) -> Result<(), Vec<PackError>> {
        let Some(pack) = RegoPack::find(name) else { return Err(vec![PackError::unknown(name, [])]) };
        let parameters = parameters.unwrap_or_else(|| Value::Object(Map::new()));
        schema::check(pack.name, &pack.parameters(), &parameters)?;
        self.0.insert(pack.name, parameters);
        Ok(())
    }

    /// Returns whether no pack is enabled.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the packs as policies of the conftest convention, and their parameters as data.
    pub(crate) fn group(&self) -> (Group, DataDocument) {
        let packs: Vec<&RegoPack> = self.0.keys().filter_map(|name| RegoPack::find(name)).collect();
        let parameters: Map<String, Value> =
            self.0.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let data = serde_json::json!({ "planguard": { "params": parameters } });
        let document =
            DataDocument { path: "parameters of packs".into(), text: data.to_string(), value: data.into() };
        let group = Group {
            convention: Convention::CONFTEST,
            sources: packs.iter().map(|pack| pack.file.source()).collect(),
            choice: Choice::Namespaces(Namespaces::Named(packs.iter().map(|pack| pack.package()).collect())),
            dialect: Dialect::Given(RegoVersion::V1),
            notes: BTreeMap::new(),
            context: Map::new(),
            optional: Vec::new(),
        };
        (group, document)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::convention::library::package_of;

    fn codes(name: &str, parameters: Value) -> Vec<String> {
        let errors = RegoPacks::default().enable(name, Some(parameters)).unwrap_err();
        errors.iter().map(|error| format!("{}: {error}", error.code().unwrap())).collect()
    }

    #[test]
    fn every_pack_is_bundled_and_describes_itself() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/rego");
        let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name != "lib");
        names.sort();
        assert_eq!(rego_packs().iter().map(|pack| pack.name).collect::<Vec<_>>(), names);
        for pack in rego_packs() {
            let outline = outline(pack.file.text).unwrap();
            assert_eq!(outline.package, pack.package());
            assert_eq!(package_of(pack.file.text), Some(outline.package.clone()));
            assert!(!outline.text("title").is_empty() && !outline.text("description").is_empty());
            schema::assert_supported(&pack.parameters());
            assert!(!pack.rules().is_empty(), "{}", pack.name);
            for rule in pack.rules() {
                for key in ["title", "description", "custom.severity", "custom.remediation"] {
                    assert!(!rule.text(key).is_empty(), "{}: {} has no {key}", pack.name, rule.name);
                }
            }
        }
    }

    #[test]
    fn the_id_of_a_rule_is_pack_and_suffix() {
        assert_eq!(rule_id("data.planguard.packs.required_tags.deny_missing"), "required-tags/missing");
        assert_eq!(rule_id("data.planguard.packs.a.warn_not_known"), "a/not-known");
        assert_eq!(rule_id("data.planguard.packs.a.deny"), "a");
        assert_eq!(rule_id("data.main.deny_x"), "data.main.deny_x");
    }

    #[test]
    fn invalid_names_and_parameters_are_reported() {
        assert_eq!(codes("required-tag", json!({})), ["PG-PK-001: unknown pack `required-tag`"]);
        let [missing] = codes("required-tags", json!({})).try_into().unwrap();
        assert!(missing.starts_with("PG-PK-002: parameter `tags` of pack `required-tags` is required"));
        let wrong = codes("required-tags", json!({"tags": {"owner": {"values": "x"}}, "tpyes": []}));
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].starts_with("PG-PK-004: parameter `tags.owner.values` "), "{wrong:?}");
        assert!(
            wrong[1].starts_with("PG-PK-003: pack `required-tags` has no parameter `tpyes`"),
            "{wrong:?}"
        );
    }

    #[test]
    fn a_pack_with_invalid_parameters_is_not_enabled() {
        let mut packs = RegoPacks::default();
        assert!(packs.enable("required-tags", None).is_err());
        assert!(packs.is_empty());
        packs.enable("required-tags", Some(json!({"tags": {"owner": {}}}))).unwrap();
        assert!(!packs.is_empty());
    }
}
