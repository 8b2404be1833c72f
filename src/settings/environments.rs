//! The environments of `planguard.toml`, and which of them a run is held to.

use planguard_plan::text::suggest;
use planguard_rego::RunFacts;

use super::SettingsError;
use super::origin::Origin;
use super::table::Said;
use crate::environments::{Choice, Condition, NONE, Scope, choose, described};

/// The table of environments.
pub(super) const ENVIRONMENTS: &str = "env";

/// The table of groups of people.
pub(super) const GROUPS: &str = "groups";

/// The keys of `[check]` that an environment may set.
pub(super) const CHECK_KEYS: [&str; 10] = [
    "fail-on",
    "fail-on-warn",
    "unknown",
    "gate",
    "strict",
    "require-complete",
    "require-coverage",
    "max-destroys",
    "max-destroy-percent",
    "max-risk",
];

/// The tables of an environment.
pub(super) const TABLES: [&str; 5] = ["match", "not", "rules", "approve", "cost"];

/// An environment, as `planguard.toml` says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// The runs that it is for.
    pub scope: Scope,
    /// The settings that it changes.
    pub said: Said,
    /// Where it is written.
    pub origin: Origin,
}

/// How a run chooses its environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EnvironmentChoice {
    /// Not at all: the command gives no verdict that depends on one.
    #[default]
    Never,
    /// By the name that a flag gives, or else `PLANGUARD_ENV`, or else by patterns.
    Chosen(Option<String>),
}

/// The environment of a run, and why it is that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenEnvironment {
    /// Its name.
    pub name: String,
    /// How it was chosen: `--env`, or the patterns that match.
    pub why: String,
}

/// A name that the user gives, and where.
pub(super) struct Named<'n> {
    pub(super) name: &'n str,
    pub(super) origin: Origin,
}

/// The environment of a run. `None` if the user wants none, or if none is for it.
///
/// # Errors
///
/// If no environment has the name, if several are for the run, or if what is known of the run does not say which is.
pub(super) fn of_run<'e>(
    environments: &'e [Environment],
    named: Option<&Named<'_>>,
    facts: &RunFacts,
) -> Result<Option<(&'e Environment, ChosenEnvironment)>, SettingsError> {
    let chosen = |environment: &Environment, why| ChosenEnvironment { name: environment.name.clone(), why };
    if let Some(Named { name, origin }) = named {
        if name.eq_ignore_ascii_case(NONE) {
            return Ok(None);
        }
        let found = environments.iter().find(|environment| environment.name == *name);
        return match found {
            Some(environment) => Ok(Some((environment, chosen(environment, origin.to_string())))),
            None => Err(SettingsError::UnknownEnvironment {
                name: (*name).to_owned(),
                origin: origin.to_string(),
                help: unknown_help(name, environments, &[NONE]),
            }),
        };
    }
    let listed = |positions: &[usize]| {
        let named = positions.iter().filter_map(|position| environments.get(*position));
        let named = named.map(|environment| format!("{} ({})", environment.name, environment.origin));
        named.collect::<Vec<_>>().join(", ")
    };
    match choose(environments.iter().map(|environment| &environment.scope), facts) {
        Choice::None => Ok(None),
        Choice::One(position, why) => {
            Ok(environments.get(position).map(|environment| (environment, chosen(environment, why))))
        }
        Choice::Several(positions) => Err(SettingsError::SeveralEnvironments {
            environments: listed(&positions),
            run: described(facts),
        }),
        Choice::Unknown(positions, conditions) => {
            let verb = if conditions.len() == 1 { "is" } else { "are" };
            let conditions: Vec<String> = conditions.iter().map(Condition::to_string).collect();
            let names: Vec<&str> = environments.iter().map(|environment| environment.name.as_str()).collect();
            Err(SettingsError::OpenEnvironment {
                environments: listed(&positions),
                conditions: format!("{} {verb}", conditions.join(" and ")),
                names: names.into_iter().chain([NONE]).collect::<Vec<_>>().join(", "),
            })
        }
    }
}

/// What was probably meant by a name that no environment has. `others` may be written as well.
pub(super) fn unknown_help(name: &str, environments: &[Environment], others: &[&str]) -> String {
    let names = || environments.iter().map(|environment| environment.name.as_str());
    match suggest::nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if environments.is_empty() => "the settings have no environments; add [env.NAME]".to_owned(),
        None => format!("use {}", names().chain(others.iter().copied()).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::file;
    use super::*;

    const TEXT: &str = "[env.production]\nmatch = { branch = [\"main\"] }\n[env.staging]\nmatch = { branch = [\"m*\"] }\n\
                        not = { branch = [\"main\"] }\n[env.sandbox]\nfail-on = \"high\"\n";

    fn chosen(name: Option<&str>, branch: Option<&str>) -> Result<Option<(String, String)>, String> {
        let environments = file::parse(Path::new("planguard.toml"), TEXT).unwrap().environments;
        let named = name.map(|name| Named { name, origin: Origin::Flag("--env") });
        let facts = RunFacts { branch: branch.map(ToOwned::to_owned), ..RunFacts::default() };
        let chosen = of_run(&environments, named.as_ref(), &facts).map_err(|error| error.to_string())?;
        Ok(chosen.map(|(_, ChosenEnvironment { name, why })| (name, why)))
    }

    #[test]
    fn a_name_counts_more_than_patterns() {
        let of = |name: &str, why: &str| Ok(Some((name.to_owned(), why.to_owned())));
        assert_eq!(chosen(Some("sandbox"), Some("main")), of("sandbox", "--env"));
        assert_eq!(chosen(None, Some("main")), of("production", "branch `main` matches `main`"));
        assert_eq!(chosen(None, Some("mine")), of("staging", "branch `mine` matches `m*`"));
        assert_eq!(chosen(None, Some("feature")), Ok(None));
        assert_eq!(chosen(Some("none"), Some("main")), Ok(None));
        assert_eq!(chosen(Some("none"), None), Ok(None));
    }

    #[test]
    fn what_cannot_be_told_is_an_error() {
        let open = chosen(None, None).unwrap_err();
        assert_eq!(
            open,
            "the environment of this run is open: its branch is not known, and may decide for production \
             (planguard.toml:1), staging (planguard.toml:3)"
        );
        assert!(
            chosen(Some("prodution"), None).unwrap_err().contains("no environment is called `prodution`")
        );
    }
}
