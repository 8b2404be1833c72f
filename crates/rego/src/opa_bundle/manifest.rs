//! The manifest of a bundle, and whether its files keep to it.

use std::collections::BTreeMap;
use std::path::Path;

use planguard_rego_syntax::parse;
use regorus::Value;
use serde::Deserialize;

use super::MANIFEST;
use super::error::BundleError;
use crate::data;

/// The names of documents.
const DOCUMENTS: [&str; 3] = ["data.json", "data.yaml", "data.yml"];

/// What of a manifest decides. Its revision and metadata are its author's.
pub(super) struct Manifest {
    /// The parts of `data` that the bundle fills, as paths with `/`; the empty path is all of it.
    pub roots: Vec<String>,
}

#[derive(Deserialize)]
struct Written {
    roots: Option<Vec<String>>,
    #[serde(default)]
    wasm: Vec<serde_json::Value>,
    rego_version: Option<u64>,
    #[serde(default)]
    file_rego_versions: BTreeMap<String, u64>,
}

impl Manifest {
    pub(super) fn of(path: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<Self, BundleError> {
        let wrong = |reason: String| BundleError::Manifest { path: path.to_owned(), reason };
        let Some(text) = files.get(MANIFEST) else { return Ok(Self { roots: vec![String::new()] }) };
        let written: Written = serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
        if !written.wasm.is_empty() {
            let entry = MANIFEST.to_owned();
            return Err(BundleError::Compiled {
                path: path.to_owned(),
                kind: "compiled to WebAssembly",
                entry,
            });
        }
        if let Some(version) = written
            .rego_version
            .iter()
            .chain(written.file_rego_versions.values())
            .find(|version| **version > 1)
        {
            return Err(wrong(format!("rego_version {version} is neither 0 nor 1")));
        }
        let roots = written.roots.unwrap_or_else(|| vec![String::new()]);
        let roots: Vec<String> = roots.iter().map(|root| root.trim_matches('/').to_owned()).collect();
        for (position, root) in roots.iter().enumerate() {
            if let Some(other) = roots[..position].iter().find(|other| overlap(other, root)) {
                return Err(wrong(format!("the roots `{}` and `{}` overlap", shown(other), shown(root))));
            }
        }
        Ok(Self { roots })
    }

    /// Whether every policy and document is within the roots, and is Rego.
    pub(super) fn check_files(
        &self,
        path: &Path,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), BundleError> {
        for (entry, bytes) in files {
            let compiled = |kind| BundleError::Compiled { path: path.to_owned(), kind, entry: entry.clone() };
            let file = entry.rsplit('/').next().unwrap_or(entry);
            match file {
                file if file.ends_with(".wasm") => return Err(compiled("compiled to WebAssembly")),
                "plan.json" if file == entry => return Err(compiled("compiled to a plan")),
                "patch.json" if file == entry => return Err(compiled("a change of another bundle")),
                _ => {}
            }
            let outside = |found: &[String]| BundleError::OutsideRoots {
                path: path.to_owned(),
                entry: entry.clone(),
                found: format!("data.{}", found.join(".")).trim_end_matches('.').to_owned(),
                roots: self.roots.iter().map(|root| shown(root)).collect::<Vec<_>>().join(", "),
            };
            // What is no text or does not parse is reported by those who load it.
            let Ok(text) = std::str::from_utf8(bytes) else { continue };
            if file.ends_with(".rego") {
                let Ok(module) = parse::parse(text) else { continue };
                let package = module.package.get(1..).unwrap_or_default();
                if !self.has(package) {
                    return Err(outside(package));
                }
            } else if DOCUMENTS.contains(&file) {
                let Ok(value) = data::parse(Path::new(entry), text) else { continue };
                let mut place: Vec<String> = entry.split('/').map(str::to_owned).collect();
                place.pop();
                if let Some(found) = self.outside(&mut place, &value) {
                    return Err(outside(&found));
                }
            }
        }
        Ok(())
    }

    /// Returns whether a path is below a root.
    fn has(&self, path: &[String]) -> bool {
        self.roots
            .iter()
            .any(|root| parts(root).enumerate().all(|(at, part)| path.get(at).is_some_and(|own| own == part)))
    }

    /// The first path of a value that is not below a root.
    fn outside(&self, path: &mut Vec<String>, value: &Value) -> Option<Vec<String>> {
        if self.has(path) {
            return None;
        }
        let leads_to_root = self.roots.iter().any(|root| {
            let mut parts = parts(root);
            path.iter().all(|own| parts.next().is_some_and(|part| part == own))
        });
        match value.as_object() {
            Ok(object) if leads_to_root => object.iter_sorted().find_map(|(key, value)| {
                path.push(key.as_string().map(|key| key.to_string()).unwrap_or_default());
                let found = self.outside(path, value);
                path.pop();
                found
            }),
            Ok(_) | Err(_) => Some(path.clone()),
        }
    }
}

fn parts(root: &str) -> impl Iterator<Item = &str> {
    root.split('/').filter(|part| !part.is_empty())
}

/// Returns whether one root is the other, or above it.
pub(super) fn overlap(left: &str, right: &str) -> bool {
    parts(left).zip(parts(right)).all(|(left, right)| left == right)
}

/// A root as people read it.
pub(super) fn shown(root: &str) -> String {
    let path: Vec<&str> = std::iter::once("data").chain(parts(root)).collect();
    path.join(".")
}
