//! How files of plan cases are named, which stand beside guardrails.

use std::path::Path;

/// The name of a file of plan cases.
const NAME: &str = "cases.toml";

/// Whether a path is named as files of plan cases are: `cases.toml` or `*.cases.toml`.
pub fn is_case_file(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
        name.strip_suffix(NAME).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    })
}
