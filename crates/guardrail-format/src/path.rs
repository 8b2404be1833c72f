//! Paths in guardrails: `metadata_options.http_tokens`, `database_flags[name=log_connections].value`,
//! `metadata.annotations."a.b/c"`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The way to an attribute as a guardrail writes it. A block that can stand only once is entered by its
/// name, although plans write it as a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PathPattern(pub Vec<PatternStep>);

/// One step of a [`PathPattern`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PatternStep {
    /// Into an attribute or block by name.
    Key(String),
    /// Into the one element of a list that has this value in this attribute.
    Select {
        /// The attribute of the element.
        key: String,
        /// Its value.
        value: String,
    },
}

impl PathPattern {
    /// Reads a path.
    ///
    /// # Errors
    /// An empty name, a bracket that does not close, or a selector without `=`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        for part in parts(text) {
            if let Some(quoted) = part.strip_prefix('"') {
                let name =
                    quoted.strip_suffix('"').ok_or_else(|| format!("`{text}`: `\"` does not close"))?;
                if name.is_empty() || name.contains('"') {
                    return Err(format!("`{text}`: a quoted name is not empty and has no quotes inside"));
                }
                steps.push(PatternStep::Key(name.to_owned()));
                continue;
            }
            let (name, selectors) =
                part.split_once('[').map_or((part, None), |(name, rest)| (name, Some(rest)));
            if name.is_empty() || !is_plain(name) {
                return Err(format!(
                    "`{text}` is not a path: `{name}` is not a name; a key with other characters is quoted, as in \
                     'annotations.\"a.b/c\"'"
                ));
            }
            steps.push(PatternStep::Key(name.to_owned()));
            if let Some(selector) = selectors {
                let inner =
                    selector.strip_suffix(']').ok_or_else(|| format!("`{text}`: `[` does not close"))?;
                let (key, value) =
                    inner.split_once('=').ok_or_else(|| format!("`{text}`: a selector is `[name=value]`"))?;
                steps.push(PatternStep::Select { key: key.to_owned(), value: value.to_owned() });
            }
        }
        Ok(Self(steps))
    }
}

/// Whether a name is written without quotes.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// The parts of a path: what is between dots that are neither in brackets nor in quotes.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    let mut is_quoted = false;
    text.split(move |character| {
        match character {
            '"' if depth == 0 => is_quoted = !is_quoted,
            '[' if !is_quoted => depth += 1,
            ']' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == '.' && depth == 0 && !is_quoted
    })
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                PatternStep::Key(name) => {
                    let dot = if position == 0 { "" } else { "." };
                    let quote = if is_plain(name) { "" } else { "\"" };
                    write!(f, "{dot}{quote}{name}{quote}")?;
                }
                PatternStep::Select { key, value } => write!(f, "[{key}={value}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_and_print() {
        for text in [
            "a",
            "a.b_c",
            "settings.database_flags[name=log.min].value",
            "flags[name=x]",
            "metadata.annotations.\"a.b/c:d\"",
            "\"a[b\".c",
        ] {
            assert_eq!(PathPattern::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "a..b", ".a", "a[", "a[x]", "a b", "a[x=y", "a.\"b", "a.\"\"", "a.\"b\"c", "a.b/c"] {
            assert!(PathPattern::parse(text).is_err(), "{text}");
        }
    }
}
