//! The settings as a JSON object.

use serde_json::{Map, Value as Json, json};

use crate::render::{Format, Layout, RenderError, json};
use crate::settings::{Origin, Settings};

pub(super) const FORMAT: Format<Settings> = Format {
    name: "json",
    former: None,
    help: "an object with a member for each setting",
    extension: "json",
    render,
};

/// `{"check.fail-on": {"value": …, "origin": {"kind": …}}}`, indented.
fn render(settings: &Settings, _: Layout) -> Result<String, RenderError> {
    let entries = settings.entries().into_iter().map(|entry| {
        let value = entry.value.and_then(|value| serde_json::to_value(value).ok());
        (entry.name, json!({ "value": value, "origin": origin(&entry.origin) }))
    });
    Ok(json::indented(&Json::Object(entries.collect::<Map<_, _>>()))?)
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
