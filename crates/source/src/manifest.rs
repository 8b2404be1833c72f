//! Reads `.terraform/modules/modules.json`, which says where `init` installed the modules.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::problem::SourceError;

const PATH: &str = ".terraform/modules/modules.json";

/// The installed modules by their key: the names of the calls from the root, joined by dots.
#[derive(Debug, Default)]
pub(crate) struct Manifest(BTreeMap<String, Installed>);

/// An installed module.
#[derive(Debug, Deserialize)]
pub(crate) struct Installed {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Source", default)]
    source: String,
    #[serde(rename = "Dir")]
    pub(crate) directory: String,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "Modules", default)]
    modules: Vec<Installed>,
}

impl Manifest {
    /// Reads the manifest of a root directory; without one, nothing is installed.
    pub(crate) fn read(root: &Path, shown: &Path, problems: &mut Vec<SourceError>) -> Self {
        let reason = match fs::read(root.join(PATH)) {
            Ok(bytes) => match serde_json::from_slice::<File>(&bytes) {
                Ok(file) => {
                    return Self(
                        file.modules.into_iter().map(|module| (module.key.clone(), module)).collect(),
                    );
                }
                Err(error) => error.to_string(),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::default(),
            Err(error) => error.to_string(),
        };
        problems.push(SourceError::Manifest { path: shown.join(PATH), reason });
        Self::default()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Installed> {
        self.0.get(key)
    }
}

impl Installed {
    /// Whether it may be what a call names as its source. `init` writes addresses in full: the host of a registry, the
    /// scheme of a repository. Only addresses of registries are compared; those of others have too many forms.
    pub(crate) fn may_be(&self, source: &str) -> bool {
        let package = source.split("//").next().unwrap_or_default();
        let parts = package.split('/').count();
        let is_registry = (3..=4).contains(&parts)
            && package.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | '.'))
            && !package.starts_with("github.com/")
            && !package.starts_with("bitbucket.org/");
        !is_registry || self.source == source || self.source.ends_with(&format!("/{source}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(source: &str) -> Installed {
        Installed { key: "a".to_owned(), source: source.to_owned(), directory: "a".to_owned() }
    }

    #[test]
    fn a_registry_address_is_the_same_with_its_host() {
        let vpc = installed("registry.terraform.io/acme/vpc/aws");
        assert!(vpc.may_be("acme/vpc/aws") && vpc.may_be("registry.terraform.io/acme/vpc/aws"));
        assert!(!vpc.may_be("acme/subnet/aws"));
        let role = installed("registry.terraform.io/acme/iam/aws//modules/role");
        assert!(role.may_be("acme/iam/aws//modules/role") && !role.may_be("acme/iam/aws"));
    }

    #[test]
    fn addresses_of_repositories_are_not_compared() {
        let git = installed("git::https://github.com/acme/vpc.git?ref=v1");
        assert!(git.may_be("github.com/acme/vpc?ref=v1") && git.may_be("git@github.com:acme/vpc.git"));
    }

    #[test]
    fn a_damaged_manifest_is_a_problem() {
        let directory = tempfile::tempdir().unwrap();
        let mut problems = Vec::new();
        Manifest::read(directory.path(), Path::new("x"), &mut problems);
        assert!(problems.is_empty());
        fs::create_dir_all(directory.path().join(".terraform/modules")).unwrap();
        fs::write(directory.path().join(PATH), "{").unwrap();
        Manifest::read(directory.path(), Path::new("x"), &mut problems);
        assert!(problems[0].to_string().contains("x/.terraform/modules/modules.json"), "{problems:?}");
    }
}
