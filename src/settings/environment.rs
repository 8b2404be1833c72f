//! Reads settings from environment variables.

use std::collections::BTreeMap;

use planguard_plan::text::suggest;

use super::SettingsError;
use super::table::{NAMES, Said};
use crate::attestation::{PUBLIC_KEY, SIGNING_KEY};
use crate::runtask::HMAC_KEY;

/// What the variables of planguard start with.
const PREFIX: &str = "PLANGUARD_";

/// The variable that names the settings file.
pub(super) const CONFIG: &str = "PLANGUARD_CONFIG";

/// The variable that names the place of trusted settings.
pub(super) const TRUSTED: &str = "PLANGUARD_TRUSTED";

/// The variable that names the environment.
pub(super) const ENVIRONMENT: &str = "PLANGUARD_ENV";

/// The variable that names the file with reviews.
pub(super) const APPROVALS: &str = "PLANGUARD_APPROVALS";

/// The variables that say which settings count, who approved them and what signs, and are none themselves.
const PLACES: [&str; 7] = [CONFIG, TRUSTED, ENVIRONMENT, APPROVALS, SIGNING_KEY, PUBLIC_KEY, HMAC_KEY];

/// What the variables say, with what is wrong with them. An empty variable counts as unset, as CI systems leave it
/// where nothing was entered.
pub(super) fn read(variables: &BTreeMap<String, String>) -> (Said, Vec<SettingsError>) {
    let mut said = Said::default();
    let mut errors = Vec::new();
    for (variable, text) in
        variables.iter().filter(|(name, text)| name.starts_with(PREFIX) && !text.is_empty())
    {
        let error = |reason: String, help: String| SettingsError::Variable {
            variable: variable.clone(),
            reason,
            help,
        };
        match said.read_variable(variable, text) {
            Some(Ok(())) => {}
            Some(Err(invalid)) => {
                let help = invalid.help.unwrap_or_else(|| {
                    "docs/configuration.md lists every variable; unset it to use the settings files"
                        .to_owned()
                });
                errors.push(error(invalid.reason, help));
            }
            // Others may have variables of that prefix, such as PLANGUARD_VERSION; a typo is no such variable.
            None => {
                let known = NAMES.iter().map(|name| name.variable).chain(PLACES);
                let near = match variable.as_str() {
                    place if PLACES.contains(&place) => None,
                    // Too far for a typo, and not to be ignored.
                    "PLANGUARD_ENVIRONMENT" => Some(ENVIRONMENT),
                    other => suggest::nearest(other, known),
                };
                if let Some(near) = near {
                    let help = format!("did you mean `{near}`?");
                    errors.push(error("no setting has this variable".to_owned(), help));
                }
            }
        }
    }
    (said, errors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enforcement::Gate;

    fn read(variables: &[(&str, &str)]) -> (Said, Vec<SettingsError>) {
        let variables = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        super::read(&variables.collect())
    }

    #[test]
    fn variables_are_read_and_lists_are_separated_by_commas() {
        let (said, errors) = read(&[
            ("PLANGUARD_GATE", "introduced"),
            ("PLANGUARD_POLICY", "rules, more"),
            ("PLANGUARD_STRICT", "true"),
            ("PLANGUARD_FAIL_ON", ""),
            ("PLANGUARD_VERSION", "1.2.3"),
            ("PATH", "/bin"),
        ]);
        assert!(errors.is_empty(), "{errors:?}");
        let settings = said.resolve();
        assert_eq!(settings.gate.value, Gate::Introduced);
        assert_eq!(settings.paths.value, ["rules", "more"].map(std::path::PathBuf::from));
        assert!(settings.strict.value);
        assert_eq!(settings.fail_on.set(), None);
    }

    #[test]
    fn mistakes_name_the_variable() {
        for (variable, text, message, help) in [
            ("PLANGUARD_FAIL_ON", "hgih", "`hgih` is not a severity; use info", "did you mean `high`?"),
            ("PLANGUARD_STRICT", "yes", "use true or false", "docs/"),
            ("PLANGUARD_ENVIRONMENT", "a", "no setting has this", "did you mean `PLANGUARD_ENV`?"),
            ("PLANGUARD_FAIL_ONN", "low", "no setting has this", "did you mean `PLANGUARD_FAIL_ON`?"),
        ] {
            let (_, errors) = read(&[(variable, text)]);
            let [SettingsError::Variable { variable: named, reason, help: hint }] = &errors[..] else {
                panic!("{errors:?}")
            };
            assert_eq!(named, variable);
            assert!(reason.contains(message) && hint.starts_with(help), "{reason} {hint}");
        }
    }
}
