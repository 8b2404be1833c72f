//! The table `[rules]`: the severity and enforcement of single rules, each with the reason.

use planguard_plan::text::suggest;
use planguard_rule::{Severity, Word};
use toml::{Table, Value as Toml};

use super::value::{InvalidValue, SettingValue as _};
use crate::overrides::{RuleEnforcement, RuleOverride};

/// The table of overrides.
pub(super) const TABLE: &str = "rules";

/// The keys of an entry.
const KEYS: [&str; 4] = ["enforcement", "severity", "params", "reason"];

/// An entry, as help shows it.
const EXAMPLE: &str = "write `aws-lb-internet-facing = { enforcement = \"warn\", reason = \"…\" }`";

impl RuleOverride {
    /// Reads the value of a key.
    pub(super) fn read(value: &Toml) -> Result<Self, InvalidValue> {
        let table = value.as_table().ok_or_else(|| InvalidValue {
            help: Some(EXAMPLE.to_owned()),
            ..InvalidValue::instead(value, "a table")
        })?;
        if let Some(unknown) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let help = suggest::nearest(unknown, KEYS)
                .map_or_else(|| format!("use {}", KEYS.join(", ")), |near| format!("did you mean `{near}`?"));
            return Err(InvalidValue { reason: format!("unknown key `{unknown}`"), help: Some(help) });
        }
        let reason = table.get("reason").ok_or_else(|| invalid("it has no reason"))?;
        let reason = reason.as_str().map(str::trim).filter(|reason| !reason.is_empty());
        let reason = reason.ok_or_else(|| invalid("the reason is empty or no string"))?.to_owned();
        let severity = table.get("severity").map(Severity::from_toml).transpose()?;
        let enforcement = table.get("enforcement").map(RuleEnforcement::from_toml).transpose()?;
        let parameters = match table.get("params") {
            None => Table::new(),
            Some(Toml::Table(parameters)) => parameters.clone(),
            Some(other) => return Err(InvalidValue::instead(other, "`params` to be a table")),
        };
        if severity.is_none() && enforcement.is_none() && parameters.is_empty() {
            return Err(invalid("it has neither an enforcement nor a severity nor parameters"));
        }
        Ok(Self { severity, enforcement, parameters, reason })
    }

    /// The value as a settings file would have it.
    pub(super) fn to_toml(&self) -> Toml {
        let entries = [
            ("enforcement", self.enforcement.map(|enforcement| enforcement.as_str().into())),
            ("severity", self.severity.map(|severity| Word::as_str(severity).into())),
            ("params", (!self.parameters.is_empty()).then(|| Toml::Table(self.parameters.clone()))),
            ("reason", Some(self.reason.as_str().into())),
        ];
        let entries = entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Toml::Table(entries.collect::<Table>())
    }
}

fn invalid(reason: &str) -> InvalidValue {
    InvalidValue { reason: reason.to_owned(), help: Some(EXAMPLE.to_owned()) }
}
