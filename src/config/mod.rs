//! `planguard.toml`: what a project decides once instead of with flags on every run.

mod conftest;
mod error;
mod find;
mod raw;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use conftest::{CONFTEST_FILE_NAME, ConftestConfig};
pub use error::ConfigError;
pub use find::FILE_NAME;

use planguard_rego::{Convention, Namespaces, RegoVersion};
use planguard_rule::Severity;

use crate::enforcement::{Gate, UnknownPolicy};

/// A project's configuration. Its paths are those of the file, seen from the working directory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The file.
    pub path: PathBuf,
    /// What decides the verdict, and the guardrails.
    pub check: CheckConfig,
    /// The Rego policies.
    pub policies: PolicyConfig,
    /// The parameters of bundled policies, by pack. What a pack takes, the pack knows.
    pub packs: BTreeMap<String, toml::Table>,
}

/// `[check]`. What is not set is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckConfig {
    /// `fail-on`: findings of this severity and above deny.
    pub fail_on: Option<Severity>,
    /// `unknown`: what undetermined outcomes do.
    pub unknown: Option<UnknownPolicy>,
    /// `gate`: which findings may deny.
    pub gate: Option<Gate>,
    /// `strict`: whether doubtful documents are refused.
    pub strict: Option<bool>,
    /// `require-complete`: whether plans must cover all of the configuration.
    pub require_complete: Option<bool>,
    /// `builtin`: whether the built-in guardrails are on.
    pub builtin: Option<bool>,
    /// `packs`: packs to switch on.
    pub packs: Vec<String>,
    /// `guardrails`: files and directories with guardrails of the project.
    pub guardrails: Vec<PathBuf>,
    /// `max-destroys`: how many objects a plan may destroy.
    pub max_destroys: Option<usize>,
    /// `max-destroy-percent`: which part of the managed objects a plan may destroy, 0 to 100.
    pub max_destroy_percent: Option<u8>,
}

/// `[policies]`. What is not set is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyConfig {
    /// `paths`: files and directories with policies.
    pub paths: Vec<PathBuf>,
    /// `convention`: the platform that the policies are for.
    pub convention: Option<Convention>,
    /// `namespaces`: the packages that are evaluated; `["*"]` for all.
    pub namespaces: Option<Namespaces>,
    /// `data`: documents for `data`.
    pub data: Vec<PathBuf>,
    /// `context`: what policies are told of the run.
    pub context: Option<PathBuf>,
    /// `infracost`: a report of costs.
    pub infracost: Option<PathBuf>,
    /// `rego-version`: the dialect.
    pub rego_version: Option<RegoVersion>,
    /// `timeout`: how many seconds one rule may take on one plan, 1 to 3600.
    pub timeout: Option<u64>,
}

impl PolicyConfig {
    /// What `other` says where this says nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let list = |own: Vec<PathBuf>, others: Vec<PathBuf>| if own.is_empty() { others } else { own };
        Self {
            paths: list(self.paths, other.paths),
            convention: self.convention.or(other.convention),
            namespaces: self.namespaces.or(other.namespaces),
            data: list(self.data, other.data),
            context: self.context.or(other.context),
            infracost: self.infracost.or(other.infracost),
            rego_version: self.rego_version.or(other.rego_version),
            timeout: self.timeout.or(other.timeout),
        }
    }
}

impl Config {
    /// Reads the configuration of the project that `directory` belongs to: the nearest `planguard.toml` in it or
    /// above it, as far as the root of its repository. Outside a repository only `directory` itself counts.
    ///
    /// # Errors
    ///
    /// See [`Config::read`].
    pub fn find(directory: &Path) -> Result<Option<Self>, ConfigError> {
        find::find(directory).map(|path| Self::read(&path)).transpose()
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or holds anything that is not configuration.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a configuration file that lies at `path`.
    ///
    /// # Errors
    ///
    /// If it holds anything that is not configuration.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        raw::parse(path, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(Path::new("team/planguard.toml"), text)
    }

    #[test]
    fn everything_is_read_and_paths_belong_to_the_file() {
        let config = parse(
            r#"
            [check]
            fail-on = "high"
            unknown = "deny"
            gate = "introduced"
            strict = true
            require-complete = false
            builtin = false
            packs = ["recovery", "required-tags"]
            guardrails = ["guardrails"]
            max-destroys = 3
            max-destroy-percent = 10

            [policies]
            paths = ["policies", "/etc/policies"]
            convention = "spacelift"
            namespaces = ["*"]
            data = ["data.yaml"]
            context = "run.json"
            infracost = "costs.json"
            rego-version = "v0"
            timeout = 30

            [packs.required-tags]
            tags = ["owner"]
            "#,
        );
        let packs = BTreeMap::from([(
            "required-tags".to_owned(),
            toml::Table::from_iter([("tags".to_owned(), toml::Value::from(vec!["owner"]))]),
        )]);
        let wanted = Config {
            path: PathBuf::from("team/planguard.toml"),
            check: CheckConfig {
                fail_on: Some(Severity::High),
                unknown: Some(UnknownPolicy::Deny),
                gate: Some(Gate::Introduced),
                strict: Some(true),
                require_complete: Some(false),
                builtin: Some(false),
                packs: vec!["recovery".to_owned(), "required-tags".to_owned()],
                guardrails: vec![PathBuf::from("team/guardrails")],
                max_destroys: Some(3),
                max_destroy_percent: Some(10),
            },
            policies: PolicyConfig {
                paths: vec![PathBuf::from("team/policies"), PathBuf::from("/etc/policies")],
                convention: Some(Convention::Spacelift),
                namespaces: Some(Namespaces::All),
                data: vec![PathBuf::from("team/data.yaml")],
                context: Some(PathBuf::from("team/run.json")),
                infracost: Some(PathBuf::from("team/costs.json")),
                rego_version: Some(RegoVersion::V0),
                timeout: Some(30),
            },
            packs,
        };
        assert_eq!(config.unwrap(), wanted);
    }

    #[test]
    fn nothing_is_set_by_an_empty_file() {
        let empty = Config { path: PathBuf::from("team/planguard.toml"), ..Config::default() };
        assert_eq!(parse("").unwrap(), empty);
    }

    #[test]
    fn what_is_no_configuration_is_told_with_its_place() {
        for (text, place, reason) in [
            ("[chekc]\n", "chekc", "unknown field `chekc`"),
            ("[check]\nfail_on = \"high\"\n", "fail_on", "unknown field `fail_on`"),
            ("[check]\nfail-on = \"hgih\"\n", "\"hgih\"", "unknown variant `hgih`"),
            ("[check]\nmax-destroy-percent = 101\n", "101", "0 to 100"),
            ("[policies]\ntimeout = 0\n", "0", "1 to 3600"),
            ("[policies]\nconvention = \"opa\"\n", "\"opa\"", "conftest"),
            ("[policies]\npaths = [1]\n", "1", "expected"),
            ("[packs]\nrequired-tags = 1\n", "1", "expected"),
            ("check = \n", "", ""),
        ] {
            let Err(ConfigError::Invalid { reason: told, at, .. }) = parse(text) else { panic!("{text}") };
            assert!(told.contains(reason), "{told}");
            assert!(text[at.offset()..at.offset() + at.len()].contains(place), "{text} {at:?}");
        }
    }
}
