//! Paths in guardrails: `metadata_options.http_tokens`, `database_flags[name=log_connections].value`.

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
        for part in split_outside_brackets(text) {
            let (name, selectors) =
                part.split_once('[').map_or((part, None), |(name, rest)| (name, Some(rest)));
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
                return Err(format!("`{text}` is not a path: `{name}` is not a name"));
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

fn split_outside_brackets(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    text.split(move |character| {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == '.' && depth == 0
    })
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                PatternStep::Key(name) if position == 0 => f.write_str(name)?,
                PatternStep::Key(name) => write!(f, ".{name}")?,
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
        for text in ["a", "a.b_c", "settings.database_flags[name=log.min].value", "flags[name=x]"] {
            assert_eq!(PathPattern::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "a..b", ".a", "a[", "a[x]", "a b", "a[x=y"] {
            assert!(PathPattern::parse(text).is_err(), "{text}");
        }
    }
}
