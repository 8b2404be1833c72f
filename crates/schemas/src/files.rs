//! Reads the files of `policies/schemas`, as JSON values.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

/// What providers know: resource types, their attributes and the kinds of these.
pub struct Schemas {
    /// The kinds of types, as JSON.
    pub types: BTreeMap<String, Value>,
    /// The versions of the providers, by what the names of their types start with.
    versions: BTreeMap<String, String>,
    /// The kinds of attributes that present schemas lack, by `TYPE.PATH`.
    pub legacy: BTreeMap<String, String>,
    /// The last versions that have them.
    until: BTreeMap<String, String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Legacy {
    kind: String,
    until: String,
}

impl Schemas {
    /// Reads `*.json.gz` and `legacy.toml` of a directory.
    pub fn read(directory: &Path) -> Result<Self, Box<dyn Error>> {
        let mut types = BTreeMap::new();
        let mut versions = BTreeMap::new();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "gz") {
                continue;
            }
            let mut text = String::new();
            flate2::read::GzDecoder::new(fs::File::open(&path)?).read_to_string(&mut text)?;
            let mut schema: Value = serde_json::from_str(&text)?;
            let Value::Object(resources) = schema["resources"].take() else {
                return Err(format!("{}: no `resources`", path.display()).into());
            };
            let prefix = resources.keys().next().and_then(|name| name.split('_').next());
            let version = schema["version"].as_str().unwrap_or_default();
            versions.extend(prefix.map(|prefix| (prefix.to_owned(), version.to_owned())));
            types.extend(resources);
        }
        let legacy: BTreeMap<String, Legacy> =
            toml::from_str(&fs::read_to_string(directory.join("legacy.toml"))?)?;
        let until = legacy.iter().map(|(path, legacy)| (path.clone(), legacy.until.clone())).collect();
        let legacy = legacy.into_iter().map(|(path, legacy)| (path, legacy.kind)).collect();
        Ok(Self { types, versions, legacy, until })
    }

    /// What the names of each provider's types start with, its version, and its types in order.
    pub fn providers(&self) -> impl Iterator<Item = (&str, &str, impl Iterator<Item = (&str, &Value)>)> {
        self.versions.iter().map(|(prefix, version)| {
            let start = format!("{prefix}_");
            let types = self.types.iter().filter(move |(name, _)| name.starts_with(&start));
            (prefix.as_str(), version.as_str(), types.map(|(name, kind)| (name.as_str(), kind)))
        })
    }

    /// What present schemas lack: path, kind, and the last version that has it.
    pub fn legacy(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let of = |path: &String| self.until.get(path).map_or("", String::as_str);
        self.legacy.iter().map(move |(path, kind)| (path.as_str(), kind.as_str(), of(path)))
    }
}
