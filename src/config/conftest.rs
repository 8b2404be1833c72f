//! `conftest.toml`: what conftest would do with the policies beside it (`docs/options.md`, `internal/commands`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::NamedSource;
use planguard_rego::{Namespaces, RegoVersion};
use toml::Value;

use super::{ConfigError, PolicyConfig};

/// What the file is called.
pub const CONFTEST_FILE_NAME: &str = "conftest.toml";

/// The directory that conftest takes policies from if nobody says anything.
const DEFAULT_POLICY: &str = "policy";

/// Where conftest looks for policies, and how, as its own configuration file says it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConftestConfig {
    /// The file.
    pub path: PathBuf,
    /// What it says about policies.
    pub policies: PolicyConfig,
    /// Keys that count for nothing here.
    pub ignored: Vec<String>,
}

/// What a key of the file means here.
enum Meaning {
    Policy,
    Namespace,
    AllNamespaces,
    Data,
    RegoVersion,
    /// It changes decisions in a way that planguard does not follow, unless it is off.
    Decides,
    /// It says how conftest prints, or what planguard does anyway.
    Nothing,
}

fn meaning(key: &str) -> Meaning {
    match key {
        "policy" => Meaning::Policy,
        "namespace" => Meaning::Namespace,
        "all-namespaces" => Meaning::AllNamespaces,
        "data" => Meaning::Data,
        "rego-version" => Meaning::RegoVersion,
        // All of them may deny what planguard would let pass.
        "combine" | "fail-on-warn" | "update" => Meaning::Decides,
        _ => Meaning::Nothing,
    }
}

impl ConftestConfig {
    /// Reads conftest's configuration file in a directory, if there is one.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or asks for something that planguard does not do and that decides.
    pub fn find(directory: &Path) -> Result<Option<Self>, ConfigError> {
        let path = directory.join(CONFTEST_FILE_NAME);
        if !path.is_file() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|error| ConfigError::Unreadable { path: path.clone(), reason: error.to_string() })?;
        Self::parse(&path, &text).map(Some)
    }

    /// Reads the text of a file that lies at `path`.
    ///
    /// # Errors
    ///
    /// As [`ConftestConfig::find`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let invalid = |reason: String, at: std::ops::Range<usize>| ConfigError::Conftest {
            path: path.to_owned(),
            reason,
            text: Arc::new(NamedSource::new(path.display().to_string(), text.to_owned())),
            at: at.into(),
        };
        let keys: BTreeMap<toml::Spanned<String>, toml::Spanned<Value>> = toml::from_str(text)
            .map_err(|error| invalid(error.message().to_owned(), error.span().unwrap_or(0..0)))?;
        let directory = path.parent().unwrap_or(Path::new(""));
        let mut policies = PolicyConfig::default();
        let mut ignored = Vec::new();
        for (key, value) in &keys {
            let name = key.get_ref().to_ascii_lowercase();
            let wrong = |wanted: &str| invalid(format!("`{name}` takes {wanted}"), value.span());
            let texts = || texts(value.get_ref()).ok_or_else(|| wrong("a list of texts"));
            let paths =
                || texts().map(|texts| texts.iter().map(|text| directory.join(text)).collect::<Vec<_>>());
            let on = || value.get_ref().as_bool().ok_or_else(|| wrong("true or false"));
            match meaning(&name) {
                Meaning::Policy => policies.paths = paths()?,
                Meaning::Data => policies.data = paths()?,
                Meaning::Namespace if policies.namespaces.is_none() => {
                    policies.namespaces = Some(Namespaces::Named(texts()?));
                }
                // All namespaces are more than those that are named.
                Meaning::Namespace => {}
                Meaning::AllNamespaces => {
                    if on()? {
                        policies.namespaces = Some(Namespaces::All);
                    }
                }
                Meaning::RegoVersion => {
                    policies.rego_version = Some(match value.get_ref().as_str() {
                        Some("v0") => RegoVersion::V0,
                        Some("v1") => RegoVersion::V1,
                        _ => return Err(wrong("\"v0\" or \"v1\"")),
                    });
                }
                Meaning::Decides => {
                    let off = matches!(value.get_ref(), Value::Boolean(false))
                        || value.get_ref().as_array().is_some_and(Vec::is_empty);
                    if !off {
                        let reason = format!("planguard does not do what `{name}` asks for");
                        return Err(invalid(reason, key.span()));
                    }
                }
                Meaning::Nothing => ignored.push(name),
            }
        }
        if policies.paths.is_empty() {
            policies.paths = vec![directory.join(DEFAULT_POLICY)];
        }
        Ok(Self { path: path.to_owned(), policies, ignored })
    }
}

/// Conftest takes a text where it expects a list, and splits it at spaces.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
        Value::Array(values) => values.iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ConftestConfig, ConfigError> {
        ConftestConfig::parse(Path::new("team/conftest.toml"), text)
    }

    #[test]
    fn what_conftest_would_take_is_taken() {
        let config = parse(
            "policy = [\"rules\", \"/shared\"]\nnamespace = \"main aws.*\"\ndata = [\"d\"]\nrego-version = \"v0\"\n\
             combine = false\noutput = \"tap\"\n",
        );
        let wanted = ConftestConfig {
            path: PathBuf::from("team/conftest.toml"),
            policies: PolicyConfig {
                paths: vec![PathBuf::from("team/rules"), PathBuf::from("/shared")],
                namespaces: Some(Namespaces::Named(vec!["main".to_owned(), "aws.*".to_owned()])),
                data: vec![PathBuf::from("team/d")],
                rego_version: Some(RegoVersion::V0),
                ..PolicyConfig::default()
            },
            ignored: vec!["output".to_owned()],
        };
        assert_eq!(config.unwrap(), wanted);
    }

    #[test]
    fn the_directory_is_called_policy_and_all_namespaces_are_more_than_some() {
        let config = parse("all-namespaces = true\nnamespace = [\"main\"]\n").unwrap();
        assert_eq!(config.policies.paths, [PathBuf::from("team/policy")]);
        assert_eq!(config.policies.namespaces, Some(Namespaces::All));
        let config = parse("all-namespaces = false\nnamespace = [\"main\"]\n").unwrap();
        assert_eq!(config.policies.namespaces, Some(Namespaces::Named(vec!["main".to_owned()])));
    }

    #[test]
    fn what_decides_and_is_not_done_is_refused() {
        for (text, reason) in [
            ("fail-on-warn = true", "fail-on-warn"),
            ("combine = true", "combine"),
            ("update = [\"git::https://example.com/policies\"]", "update"),
            ("policy = [1]", "a list of texts"),
            ("all-namespaces = \"yes\"", "true or false"),
            ("rego-version = \"v2\"", "v0"),
            ("policy = ", ""),
        ] {
            let Err(ConfigError::Conftest { reason: told, .. }) = parse(text) else { panic!("{text}") };
            assert!(told.contains(reason), "{told}");
        }
    }
}
