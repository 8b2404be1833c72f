//! Packs of Rego policies that are switched on by name and take parameters.

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

/// Where all packs are, from `data` on.
const PACKAGES: &str = "planguard.packs.";

/// A pack of Rego policies that is part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegoPack {
    /// What users call it: `required-tags`.
    pub name: &'static str,
    /// Its policies.
    pub file: BundledFile,
}

/// The bundled packs, ordered by name.
pub fn rego_packs() -> &'static [RegoPack] {
    &files::PACKS
}

/// Parameters that were written as TOML, as policies see them: a date is a text.
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

/// What is wrong with the choice of packs or their parameters.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum PackError {
    /// No pack is called that.
    #[error("there is no pack called `{name}`")]
    #[diagnostic(code("PG-PK-001"))]
    Unknown {
        /// The name.
        name: String,
        /// What may be meant.
        #[help]
        help: String,
    },
    /// A pack cannot do without a parameter.
    #[error("the pack `{pack}` needs the parameter `{key}`: {meaning}")]
    #[diagnostic(code("PG-PK-002"), help("`planguard rules --pack {pack}` describes the parameters"))]
    Missing {
        /// The pack.
        pack: String,
        /// The parameter, with the keys that lead to it.
        key: String,
        /// What it says.
        meaning: String,
    },
    /// A parameter that the pack does not have.
    #[error("the pack `{pack}` has no parameter `{key}`")]
    #[diagnostic(code("PG-PK-003"))]
    NoSuchParameter {
        /// The pack.
        pack: String,
        /// The parameter, with the keys that lead to it.
        key: String,
        /// What it has.
        #[help]
        help: String,
    },
    /// A parameter of another kind.
    #[error("the parameter `{key}` of the pack `{pack}` has to be {expected}")]
    #[diagnostic(code("PG-PK-004"), help("`planguard rules --pack {pack}` describes the parameters"))]
    Wrong {
        /// The pack.
        pack: String,
        /// The parameter, with the keys that lead to it.
        key: String,
        /// What it has to be.
        expected: String,
    },
}

impl PackError {
    /// No pack has that name, neither among the bundled policies nor among `others`, which are packs too.
    pub fn unknown<'n>(name: &str, others: impl IntoIterator<Item = &'n str>) -> Self {
        let mut names: Vec<&str> = rego_packs().iter().map(|pack| pack.name).chain(others).collect();
        names.sort_unstable();
        names.dedup();
        let help = match suggest::nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names.join(", ")),
        };
        Self::Unknown { name: name.to_owned(), help }
    }
}

impl RegoPack {
    /// The pack of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        rego_packs().iter().find(|pack| pack.name == name)
    }

    /// What its METADATA say: of the pack, and of each of its rules.
    pub fn outline(&self) -> Outline {
        // A test reads the METADATA of every pack.
        outline(self.file.text).unwrap_or_default()
    }

    /// The rules that decide.
    pub fn rules(&self) -> Vec<OutlinedRule> {
        let decides = |rule: &OutlinedRule| ["deny_", "warn_"].iter().any(|kind| rule.name.starts_with(kind));
        self.outline().rules.into_iter().filter(decides).collect()
    }

    /// The JSON Schema of its parameters, an object.
    pub fn parameters(&self) -> Value {
        self.outline().metadata.pointer("/custom/parameters").cloned().unwrap_or_default()
    }

    fn package(&self) -> String {
        format!("{PACKAGES}{}", self.name.replace('-', "_"))
    }
}

/// What reports and waivers call a rule: `required-tags/missing` for `deny_missing` of a bundled pack, whatever
/// precedes it in `data`, and the path itself for all other rules.
pub fn rule_id(path: &str) -> Cow<'_, str> {
    let bundled = path.strip_prefix("data.").and_then(|path| path.strip_prefix(PACKAGES));
    let Some((package, rule)) = bundled.and_then(|path| path.split_once('.')) else { return path.into() };
    match rule.split_once('_') {
        Some((_, suffix)) => format!("{}/{}", package.replace('_', "-"), suffix.replace('_', "-")).into(),
        None => package.replace('_', "-").into(),
    }
}

/// The packs of a run with their parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegoPacks(BTreeMap<&'static str, Value>);

impl RegoPacks {
    /// Switches on a pack with its parameters; those that are left out have their defaults. The last ones count.
    ///
    /// # Errors
    ///
    /// If no pack has that name, or the parameters are not those of the pack; then it stays as it was.
    pub fn enable(&mut self, name: &str, parameters: Option<Value>) -> Result<(), Vec<PackError>> {
        let Some(pack) = RegoPack::find(name) else { return Err(vec![PackError::unknown(name, [])]) };
        let parameters = parameters.unwrap_or_else(|| Value::Object(Map::new()));
        schema::check(pack.name, &pack.parameters(), &parameters)?;
        self.0.insert(pack.name, parameters);
        Ok(())
    }

    /// Whether no pack is on.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The packs as policies of conftest's convention, and what they find under `data`.
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
    fn a_rule_is_called_by_pack_and_suffix() {
        assert_eq!(rule_id("data.planguard.packs.required_tags.deny_missing"), "required-tags/missing");
        assert_eq!(rule_id("data.planguard.packs.a.warn_not_known"), "a/not-known");
        assert_eq!(rule_id("data.planguard.packs.a.deny"), "a");
        assert_eq!(rule_id("data.main.deny_x"), "data.main.deny_x");
    }

    #[test]
    fn wrong_names_and_parameters_are_told() {
        assert_eq!(codes("required-tag", json!({})), ["PG-PK-001: there is no pack called `required-tag`"]);
        let [missing] = codes("required-tags", json!({})).try_into().unwrap();
        assert!(missing.starts_with("PG-PK-002: the pack `required-tags` needs the parameter `tags`"));
        let wrong = codes("required-tags", json!({"tags": {"owner": {"values": "x"}}, "tpyes": []}));
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].starts_with("PG-PK-004: the parameter `tags.owner.values` "), "{wrong:?}");
        assert!(
            wrong[1].starts_with("PG-PK-003: the pack `required-tags` has no parameter `tpyes`"),
            "{wrong:?}"
        );
    }

    #[test]
    fn a_pack_that_is_refused_stays_off() {
        let mut packs = RegoPacks::default();
        assert!(packs.enable("required-tags", None).is_err());
        assert!(packs.is_empty());
        packs.enable("required-tags", Some(json!({"tags": {"owner": {}}}))).unwrap();
        assert!(!packs.is_empty());
    }
}
