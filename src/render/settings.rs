//! The resolved settings of a run, for people and for programs.

use planguard_plan::redact::Redactor;
use planguard_rule::words;
use serde_json::{Map, Value as Json, json};

use crate::settings::{Origin, Settings};

words! {
    /// The format in which settings are printed.
    #[derive(Default)]
    pub enum SettingsFormat is "a format" {
        /// A line for each setting.
        #[default]
        Text = "text",
        /// An object.
        Json = "json",
    }
}

/// The settings in a format.
pub fn render(settings: &Settings, format: SettingsFormat) -> String {
    match format {
        SettingsFormat::Text => text(settings),
        SettingsFormat::Json => json(settings),
    }
}

/// A line for each setting, as `planguard.toml` would have it, with its origin behind it.
fn text(settings: &Settings) -> String {
    let lines: Vec<(String, String)> = settings
        .entries()
        .into_iter()
        .map(|entry| {
            let value = entry.value.map_or_else(|| "(none)".to_owned(), |value| value.to_string());
            (format!("{} = {value}", entry.name), entry.origin.to_string())
        })
        .collect();
    let width = lines.iter().map(|(setting, _)| setting.chars().count()).max().unwrap_or(0);
    let plain = Redactor::default();
    lines.iter().fold(String::new(), |mut text, (setting, origin)| {
        text.push_str(&plain.text(&format!("{setting:width$}  # {origin}")).one_line());
        text.push('\n');
        text
    })
}

/// `{"check.fail-on": {"value": …, "origin": {"kind": …}}}`, indented.
fn json(settings: &Settings) -> String {
    let entries = settings.entries().into_iter().map(|entry| {
        let value = entry.value.and_then(|value| serde_json::to_value(value).ok());
        (entry.name, json!({ "value": value, "origin": origin(&entry.origin) }))
    });
    let text = Json::Object(entries.collect::<Map<_, _>>());
    format!("{text:#}\n")
}

fn origin(origin: &Origin) -> Json {
    match origin {
        Origin::Default => json!({ "kind": "default" }),
        Origin::File { path, line } => {
            json!({ "kind": "file", "file": path.to_string_lossy(), "line": line })
        }
        Origin::Variable(name) => json!({ "kind": "variable", "variable": name }),
        Origin::Flag(name) => json!({ "kind": "flag", "flag": name }),
        Origin::Added { to, by } => {
            json!({ "kind": "added", "to": self::origin(to), "by": self::origin(by) })
        }
    }
}
