//! Which packs the command line switches on, and with which parameters.

use std::fs;
use std::path::Path;

use miette::{Diagnostic, MietteDiagnostic};
use planguard::check::Packs;
use planguard::rego::{RegoPack, RegoPacks, rego_packs};
use serde_json::{Map, Value};

use crate::args::CheckArguments;

/// The packs of a run.
pub(crate) struct Chosen {
    pub(crate) builtin: Packs,
    pub(crate) rego: RegoPacks,
}

/// Looks up every name among the guardrails and among the policies; one may be both.
pub(crate) fn choose(arguments: &CheckArguments, say: &mut dyn FnMut(&dyn Diagnostic)) -> Chosen {
    let mut chosen = Chosen {
        builtin: if arguments.no_builtin { Packs::none() } else { Packs::default() },
        rego: RegoPacks::default(),
    };
    let mut parameters = match arguments.params.as_deref().map(read).transpose() {
        Ok(parameters) => parameters.unwrap_or_default(),
        Err(error) => {
            say(&error);
            return chosen;
        }
    };
    for name in &arguments.pack {
        let of_guardrails = Packs::exists(name);
        if of_guardrails {
            chosen.builtin = chosen.builtin.with(name);
        }
        if RegoPack::find(name).is_some() || !of_guardrails {
            let own = parameters.get(name).cloned();
            chosen.rego.enable(name, own).unwrap_or_else(|errors| errors.iter().for_each(|error| say(error)));
        }
    }
    parameters.retain(|name, _| !arguments.pack.contains(name));
    for name in parameters.keys() {
        let known = rego_packs().iter().any(|pack| pack.name == name);
        let help = if known { "switch it on with --pack" } else { "`planguard rules` lists the packs" };
        say(&MietteDiagnostic::new(format!("there are parameters for `{name}`, which is not switched on"))
            .with_code("PG-PK-005")
            .with_help(help));
    }
    chosen
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
        toml::from_str(&text).map_err(|error| failed(error.to_string().trim_end().replace('\n', " ")))
    }
}
