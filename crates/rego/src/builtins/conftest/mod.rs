//! Functions that conftest adds to OPA's: they read configuration in several formats.

mod assignments;
mod files;
mod hcl;

use regorus::Value;

use super::arguments::Arguments;
use super::{Builtin, Failure, Outcome};
use crate::yaml::{self, Booleans};

pub(crate) use files::{Files, prefer_files_in};

pub(super) const FUNCTIONS: &[Builtin] = &[Builtin { name: "parse_config", arity: 2, run: parse_config }];

/// A format of configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Yaml,
    Toml,
    Hcl,
    Ini,
    Dotenv,
}

/// The formats that conftest has and planguard has not.
const UNSUPPORTED: [&str; 16] = [
    "cue",
    "cyclonedx",
    "dockerfile",
    "edn",
    "hcl1",
    "hocon",
    "ignore",
    "jsonc",
    "jsonnet",
    "nginx",
    "properties",
    "spdx",
    "textproto",
    "vcl",
    "xml",
    "proto",
];

impl Format {
    fn named(name: &str) -> Result<Self, Failure> {
        Ok(match name {
            "json" => Self::Json,
            "yaml" => Self::Yaml,
            "toml" => Self::Toml,
            "hcl2" => Self::Hcl,
            "ini" => Self::Ini,
            "dotenv" => Self::Dotenv,
            name => {
                let known = "json, yaml, toml, hcl2, ini and dotenv are";
                return Err(Failure::Unsupported(if UNSUPPORTED.contains(&name) {
                    format!("the parser {name:?} of conftest is not supported here; {known}")
                } else {
                    format!("there is no parser {name:?}; {known} supported")
                }));
            }
        })
    }

    fn read(self, text: &str) -> Outcome {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match self {
            Self::Json => Value::from_json_str(text).map_err(|error| Failure::unsuitable(error.to_string())),
            Self::Yaml => yaml::parse(text, Booleans::Words).map_err(Failure::Unsuitable),
            Self::Toml => {
                let table: toml::Table =
                    toml::from_str(text).map_err(|error| Failure::unsuitable(error.message().to_owned()))?;
                Ok(from_toml(&toml::Value::Table(table)))
            }
            Self::Hcl => hcl::read(text),
            Self::Ini => assignments::ini(text),
            Self::Dotenv => assignments::dotenv(text),
        }
    }
}

fn from_toml(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(integer) => (*integer).into(),
        toml::Value::Float(float) => (*float).into(),
        toml::Value::Boolean(value) => (*value).into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(elements) => elements.iter().map(from_toml).collect::<Vec<_>>().into(),
        toml::Value::Table(table) => table
            .iter()
            .map(|(key, value)| (Value::from(key.as_str()), from_toml(value)))
            .collect::<std::collections::BTreeMap<_, _>>()
            .into(),
    }
}

/// `parse_config(parser, text)`: what the text says.
fn parse_config(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    Format::named(arguments.text(0)?)?.read(arguments.text(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(parser: &str, text: &str) -> serde_json::Value {
        serde_json::to_value(parse_config(&[parser.into(), text.into()]).unwrap()).unwrap()
    }

    fn json(text: &str) -> serde_json::Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn formats_say_the_same() {
        let expected = json(r#"{"a": {"b": "c"}, "m": 1}"#);
        for (parser, text) in [
            ("json", "{\"a\": {\"b\": \"c\"}, \"m\": 1}"),
            ("yaml", "a: {b: c}\nm: 1"),
            ("toml", "m = 1\n[a]\nb = \"c\""),
        ] {
            assert_eq!(parsed(parser, text), expected, "{parser}");
        }
        assert_eq!(
            parsed("toml", "a = 2024-01-02T03:04:05Z\nb = [1.5, true]"),
            json(r#"{"a": "2024-01-02T03:04:05Z", "b": [1.5, true]}"#)
        );
    }

    #[test]
    fn other_parsers_are_refused_by_name() {
        for parser in ["jsonnet", "foo", "JSON", ""] {
            let outcome = parse_config(&[parser.into(), "".into()]);
            let Err(Failure::Unsupported(reason)) = outcome else { panic!("{parser}: {outcome:?}") };
            assert!(reason.contains(&format!("{parser:?}")), "{reason}");
        }
    }

    #[test]
    fn text_that_is_not_of_the_format_is_an_error() {
        for (parser, text) in
            [("json", "{"), ("yaml", "a: ["), ("toml", "a ="), ("hcl2", "a ="), ("ini", "[a")]
        {
            let outcome = parse_config(&[parser.into(), text.into()]);
            assert!(matches!(outcome, Err(Failure::Unsuitable(_))), "{parser}: {outcome:?}");
        }
    }
}
