//! Reads `conftest.toml` as conftest does (`docs/options.md`, `internal/commands`).

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::NamedSource;
use planguard_rego::{Namespaces, RegoVersion};
use planguard_rule::Word as _;
use toml::{Spanned, Value};

use super::file::line;
use super::origin::{Origin, Sourced};
use super::value::Chosen;
use super::{Said, SettingsError, find};

/// The name of conftest's settings file.
pub const CONFTEST_FILE_NAME: &str = "conftest.toml";

/// The directory of policies if the file names none.
const DEFAULT_POLICY: &str = "policy";

/// What `conftest.toml` says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ConftestSettings {
    /// The file.
    pub path: PathBuf,
    /// What it says about policies.
    pub said: Said,
    /// Keys that have no effect here.
    pub ignored: Vec<String>,
}

/// What a key of the file means here.
enum Meaning {
    Policy,
    Namespace,
    AllNamespaces,
    Data,
    RegoVersion,
    FailOnWarn,
    /// It changes what is denied in a way that planguard does not follow, unless it is off.
    Decides,
    /// It is about how conftest prints, or about what planguard always does.
    Nothing,
}

fn meaning(key: &str) -> Meaning {
    match key {
        "policy" => Meaning::Policy,
        "namespace" => Meaning::Namespace,
        "all-namespaces" => Meaning::AllNamespaces,
        "data" => Meaning::Data,
        "rego-version" => Meaning::RegoVersion,
        "fail-on-warn" => Meaning::FailOnWarn,
        // With any of them conftest may deny what planguard would pass.
        "combine" | "update" => Meaning::Decides,
        _ => Meaning::Nothing,
    }
}

/// Reads `conftest.toml` in a directory, if there is one.
///
/// # Errors
///
/// If it cannot be read, or sets something that planguard does not do and that changes what is denied.
pub(super) fn find(directory: &Path) -> Result<Option<ConftestSettings>, SettingsError> {
    let path = directory.join(CONFTEST_FILE_NAME);
    if !find::is_there(&path) {
        return Ok(None);
    }
    parse(&path, &find::read(&path)?).map(Some)
}

/// Reads the text of a `conftest.toml` that lies at `path`.
///
/// # Errors
///
/// As [`find`].
fn parse(path: &Path, text: &str) -> Result<ConftestSettings, SettingsError> {
    let invalid = |reason: String, at: Range<usize>| SettingsError::Conftest {
        path: path.to_owned(),
        reason,
        text: Arc::new(NamedSource::new(path.display().to_string(), text.to_owned())),
        at: at.into(),
    };
    let keys: BTreeMap<Spanned<String>, Spanned<Value>> = toml::from_str(text)
        .map_err(|error| invalid(error.message().to_owned(), error.span().unwrap_or(0..0)))?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let mut said = Said::default();
    let mut ignored = Vec::new();
    for (key, value) in &keys {
        let name = key.get_ref().to_ascii_lowercase();
        let wrong = |wanted: &str| invalid(format!("expected `{name}` to be {wanted}"), value.span());
        let texts = || texts(value.get_ref()).ok_or_else(|| wrong("a list of strings"));
        let paths = || texts().map(|texts| texts.iter().map(|text| directory.join(text)).collect::<Vec<_>>());
        let on = || value.get_ref().as_bool().ok_or_else(|| wrong("true or false"));
        let origin = Origin::File { path: path.to_owned(), line: Some(line(text, key.span().start)) };
        match meaning(&name) {
            Meaning::Policy => said.paths = Some(Sourced { value: paths()?, origin }),
            Meaning::Data => said.data = Some(Sourced { value: paths()?, origin }),
            Meaning::Namespace if said.namespaces.is_none() => {
                said.namespaces = Some(Sourced { value: Namespaces::Named(texts()?), origin });
            }
            // All namespaces are more than those that are named.
            Meaning::Namespace => {}
            Meaning::AllNamespaces => {
                if on()? {
                    said.namespaces = Some(Sourced { value: Namespaces::All, origin });
                }
            }
            Meaning::RegoVersion => {
                let version = value.get_ref().as_str().and_then(RegoVersion::from_word);
                let version = version.ok_or_else(|| wrong("\"v0\" or \"v1\""))?;
                said.rego_version = Some(Sourced { value: Chosen::Named(version), origin });
            }
            Meaning::FailOnWarn => said.fail_on_warn = Some(Sourced { value: on()?, origin }),
            Meaning::Decides => {
                let off = matches!(value.get_ref(), Value::Boolean(false))
                    || value.get_ref().as_array().is_some_and(Vec::is_empty);
                if !off {
                    let instead = match name.as_str() {
                        "combine" => {
                            "a policy sees one plan at a time; write its rules about `input`, and check all plans in one run \
                             with `planguard check DIR`"
                        }
                        _ => {
                            "planguard fetches nothing; fetch the policies in a step before, and name their directory or \
                             bundle in `policy`"
                        }
                    };
                    return Err(invalid(
                        format!("planguard does not support `{name}`: {instead}"),
                        key.span(),
                    ));
                }
            }
            Meaning::Nothing => ignored.push(name),
        }
    }
    if said.paths.as_ref().is_none_or(|paths| paths.value.is_empty()) {
        let origin = Origin::File { path: path.to_owned(), line: None };
        said.paths = Some(Sourced { value: vec![directory.join(DEFAULT_POLICY)], origin });
    }
    Ok(ConftestSettings { path: path.to_owned(), said, ignored })
}

/// Conftest takes a string where it expects a list, and splits it at spaces.
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

    fn parse(text: &str) -> Result<ConftestSettings, SettingsError> {
        super::parse(Path::new("team/conftest.toml"), text)
    }

    #[test]
    fn keys_mean_what_they_mean_to_conftest() {
        let read = parse(
            "policy = [\"rules\", \"/shared\"]\nnamespace = \"main aws.*\"\ndata = [\"d\"]\nrego-version = \"v0\"\n\
             combine = false\noutput = \"tap\"\n",
        )
        .unwrap();
        assert_eq!(read.ignored, ["output"]);
        let settings = read.said.resolve();
        assert_eq!(settings.paths.value, ["team/rules", "/shared"].map(PathBuf::from));
        let names = ["main", "aws.*"].map(str::to_owned).to_vec();
        assert_eq!(settings.namespaces.value, Namespaces::Named(names));
        assert_eq!(settings.namespaces.origin.to_string(), "team/conftest.toml:2");
        assert_eq!(settings.data.value, [PathBuf::from("team/d")]);
        assert_eq!(settings.rego_version.value, Chosen::Named(RegoVersion::V0));
    }

    #[test]
    fn the_directory_is_called_policy_and_all_namespaces_are_more_than_some() {
        let settings = |text: &str| parse(text).unwrap().said.resolve();
        let all = settings("all-namespaces = true\nnamespace = [\"main\"]\n");
        assert_eq!(all.paths.value, [PathBuf::from("team/policy")]);
        assert_eq!(all.namespaces.value, Namespaces::All);
        let some = settings("all-namespaces = false\nnamespace = [\"main\"]\n");
        assert_eq!(some.namespaces.value, Namespaces::Named(vec!["main".to_owned()]));
    }

    #[test]
    fn warnings_deny_where_they_do_for_conftest() {
        for (text, wanted) in [("fail-on-warn = true\n", true), ("fail-on-warn = false\n", false)] {
            assert_eq!(parse(text).unwrap().said.resolve().fail_on_warn.value, wanted);
        }
    }

    #[test]
    fn keys_that_change_what_is_denied_are_refused() {
        for (text, wanted) in [
            ("fail-on-warn = \"yes\"", "true or false"),
            ("combine = true", "combine"),
            ("update = [\"git::https://example.com/policies\"]", "update"),
            ("policy = [1]", "a list of strings"),
            ("all-namespaces = \"yes\"", "true or false"),
            ("rego-version = \"v2\"", "v0"),
            ("policy = ", ""),
        ] {
            let Err(SettingsError::Conftest { reason, .. }) = parse(text) else { panic!("{text}") };
            assert!(reason.contains(wanted), "{reason}");
        }
    }
}
