//! The table `[lints]`: levels of lints that differ from the catalogue, each with the reason.

use planguard_plan::text::suggest;
use planguard_rego_lint::{Level, Lint};
use toml::{Table, Value as Toml};

use super::value::InvalidValue;

/// The table of levels.
pub(super) const TABLE: &str = "lints";

/// An entry, as help shows it.
const EXAMPLE: &str = "write `unknown-attribute = { level = \"warning\", reason = \"…\" }`";

/// The level that a project gives a lint, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintLevel {
    /// The level.
    pub level: Level,
    /// The reason, which is not empty.
    pub reason: String,
}

/// The lint of a name or code.
pub(super) fn find(word: &str) -> Result<Lint, InvalidValue> {
    let lint = word.parse::<Lint>().map_err(|_| {
        let words = Lint::ALL.iter().flat_map(|lint| [lint.info().name, lint.info().code]);
        let near = suggest::nearest(&word.replace('_', "-"), words);
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "docs/policies/lints.md lists every lint".to_owned(),
        };
        InvalidValue { reason: format!("unknown lint `{word}`"), help: Some(help) }
    })?;
    if lint.is_refused_by_engine() {
        return Err(InvalidValue {
            reason: format!("`{word}` has no other level: the engine cannot evaluate such a policy"),
            help: Some("remove the entry, and fix the policy".to_owned()),
        });
    }
    Ok(lint)
}

impl LintLevel {
    /// Reads the value of a key.
    pub(super) fn read(value: &Toml) -> Result<Self, InvalidValue> {
        let table = value.as_table().ok_or_else(|| InvalidValue {
            help: Some(EXAMPLE.to_owned()),
            ..InvalidValue::instead(value, "a table")
        })?;
        if let Some(unknown) = table.keys().find(|key| !matches!(key.as_str(), "level" | "reason")) {
            return Err(invalid(format!("unknown key `{unknown}`; use level and reason")));
        }
        let word = text(table, "level")?;
        let level = Level::ALL.into_iter().find(|level| level.as_str() == word).ok_or_else(|| {
            let words = Level::ALL.map(Level::as_str);
            let help = suggest::nearest(&word, words)
                .or_else(|| words.into_iter().find(|known| known.starts_with(&word)));
            InvalidValue {
                reason: format!("`{word}` is not a level; use {}", words.join(", ")),
                help: help.map(|near| format!("did you mean `{near}`?")),
            }
        })?;
        let reason = text(table, "reason")?;
        if reason.trim().is_empty() {
            return Err(invalid("the reason is empty".to_owned()));
        }
        Ok(Self { level, reason })
    }

    /// The value as a settings file would have it.
    pub(super) fn to_toml(&self) -> Toml {
        let entries = [("level", self.level.as_str()), ("reason", &self.reason)];
        Toml::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect())
    }
}

fn text(table: &Table, key: &str) -> Result<String, InvalidValue> {
    let value = table.get(key).ok_or_else(|| invalid(format!("it has no {key}")))?;
    let text = value.as_str().ok_or_else(|| {
        let InvalidValue { reason, .. } = InvalidValue::instead(value, "a string");
        invalid(format!("{key}: {reason}"))
    })?;
    Ok(text.to_owned())
}

fn invalid(reason: String) -> InvalidValue {
    InvalidValue { reason, help: Some(EXAMPLE.to_owned()) }
}
