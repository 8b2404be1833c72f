//! Which packs the command line switches on, and with which parameters.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use miette::{Diagnostic, MietteDiagnostic};
use planguard::check::Packs;
use planguard::rego::{PackError, RegoPack, RegoPacks, rego_packs, toml_parameters};
use serde_json::{Map, Value};

/// The packs of a run.
pub(crate) struct Chosen {
    pub(crate) builtin: Packs,
    pub(crate) rego: RegoPacks,
}

/// The packs that a user names, and what the user says about them.
pub(crate) struct Wanted<'a> {
    /// What is on without being asked for.
    pub(crate) builtin: Packs,
    pub(crate) names: &'a [String],
    /// Parameters by pack, from the project's configuration.
    pub(crate) configured: Map<String, Value>,
    /// A file whose parameters win.
    pub(crate) params: Option<&'a Path>,
}

/// Looks up every name among the guardrails and among the policies; one may be both.
pub(crate) fn choose(wanted: Wanted<'_>, say: &mut dyn FnMut(&dyn Diagnostic)) -> Chosen {
    let Wanted { builtin, names, configured: mut parameters, params } = wanted;
    let mut chosen = Chosen { builtin, rego: RegoPacks::default() };
    match params.map(read).transpose() {
        Ok(given) => parameters.extend(given.unwrap_or_default()),
        Err(error) => {
            say(&error);
            return chosen;
        }
    }
    for name in names {
        let of_guardrails = Packs::exists(name);
        if of_guardrails {
            chosen.builtin = chosen.builtin.with(name);
        }
        if RegoPack::find(name).is_none() {
            if !of_guardrails {
                say(&PackError::unknown(name, Packs::names()));
            }
        } else {
            let own = parameters.get(name).cloned();
            chosen.rego.enable(name, own).unwrap_or_else(|errors| errors.iter().for_each(|error| say(error)));
        }
    }
    parameters.retain(|name, _| !names.contains(name));
    for name in parameters.keys() {
        let known = rego_packs().iter().any(|pack| pack.name == name);
        let help = if known {
            "switch it on with --pack, or in planguard.toml under [check] packs"
        } else {
            "`planguard rules` lists the packs"
        };
        say(&MietteDiagnostic::new(format!("there are parameters for `{name}`, which is not switched on"))
            .with_code("PG-PK-005")
            .with_help(help));
    }
    chosen
}

/// The parameters of a configuration file as policies see them: a date is a text.
pub(crate) fn configured(packs: &BTreeMap<String, toml::Table>) -> Map<String, Value> {
    packs
        .iter()
        .map(|(name, table)| (name.clone(), toml_parameters(&toml::Value::Table(table.clone()))))
        .collect()
}

/// Reads parameters as JSON if the file is called so, and as TOML otherwise.
fn read(path: &Path) -> Result<Map<String, Value>, MietteDiagnostic> {
    let failed = |reason: String| {
        MietteDiagnostic::new(format!("cannot read the parameters in {}: {reason}", path.display()))
            .with_code("PG-PK-006")
            .with_help("write a table for each pack, as in `[required-tags.tags.owner]`")
    };
    let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    if path.extension().is_some_and(|extension| extension == "json") {
        serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
    } else {
        let tables = toml::from_str(&text);
        tables
            .map(|tables| configured(&tables))
            .map_err(|error| failed(error.to_string().trim_end().replace('\n', " ")))
    }
}
