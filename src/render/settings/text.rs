//! The settings for people.

use planguard_plan::text::escape;

use crate::render::{Format, Layout, RenderError};
use crate::settings::Settings;

pub(super) const FORMAT: Format<Settings> =
    Format { name: "text", former: None, help: "a line for each setting", extension: "txt", render };

/// A line for each setting, as `planguard.toml` would have it, with its origin behind it.
fn render(settings: &Settings, _: Layout) -> Result<String, RenderError> {
    let lines: Vec<(String, String)> = settings
        .entries()
        .into_iter()
        .map(|entry| {
            let value = entry.value.map_or_else(|| "(none)".to_owned(), |value| value.to_string());
            (format!("{} = {value}", entry.name), entry.origin.to_string())
        })
        .collect();
    let width = lines.iter().map(|(setting, _)| setting.chars().count()).max().unwrap_or(0);
    Ok(lines.iter().fold(String::new(), |mut text, (setting, origin)| {
        text.push_str(&escape::for_terminal_line(&format!("{setting:width$}  # {origin}")));
        text.push('\n');
        text
    }))
}
