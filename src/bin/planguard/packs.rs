//! Which packs a run has, and with which parameters.

use std::collections::BTreeMap;

use miette::{Diagnostic, MietteDiagnostic};
use planguard::check::Packs;
use planguard::rego::{PackError, RegoPack, RegoPacks};

/// Looks up every name among the packs of guardrails and those of policies; one may be both. Without `builtin`, no
/// guardrail is on that is not named.
pub(crate) fn choose(
    names: &[&str],
    parameters: &BTreeMap<String, toml::Table>,
    builtin: bool,
    say: &mut dyn FnMut(&dyn Diagnostic),
) -> (Packs, RegoPacks) {
    let mut guardrails = if builtin { Packs::default() } else { Packs::none() };
    let mut policies = RegoPacks::default();
    for name in names {
        let of_guardrails = Packs::exists(name);
        if of_guardrails {
            guardrails = guardrails.with(name);
        }
        if RegoPack::find(name).is_none() {
            if !of_guardrails {
                say(&PackError::unknown(name, Packs::names()));
            }
        } else {
            let own = parameters.get(*name).cloned().unwrap_or_default();
            if let Err(errors) = policies.enable(name, own) {
                errors.iter().for_each(|error| say(error));
            }
        }
    }
    for name in parameters.keys().filter(|name| !names.contains(&name.as_str())) {
        let help = match RegoPack::find(name) {
            Some(_) => "switch it on with --pack, or in planguard.toml under [check] packs",
            None => "`planguard rules` lists the packs",
        };
        say(&MietteDiagnostic::new(format!(
            "there are parameters for the pack `{name}`, which is not switched on"
        ))
        .with_code("PG-PK-005")
        .with_help(help));
    }
    (guardrails, policies)
}
