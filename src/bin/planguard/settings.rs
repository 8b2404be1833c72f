//! Resolves the settings of a command from its flags, the environment and the settings files.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use planguard::problem::Problem;
use planguard::redact::Redactor;
use planguard::rego::context_variables;
use planguard::render::Detail;
use planguard::settings::{Files, Place, Resolution, Said, Settings, Sources, resolve};

use crate::UNDECIDED;
use crate::args::SourceArguments;
use crate::held::Held;
use crate::output::Output;

/// Which settings files the flags name.
pub(crate) fn files(sources: &SourceArguments) -> Files {
    match (&sources.config, sources.no_config) {
        (_, true) => Files::None,
        (Some(path), false) => Files::Named(path.clone()),
        (None, false) => Files::OfProject,
    }
}

/// Resolves the settings of a command whose flags say `flags`.
pub(crate) fn resolution(
    flags: Said,
    parameters: Option<PathBuf>,
    sources: &SourceArguments,
    place: Place,
    held: Held,
) -> Resolution {
    let files = files(sources);
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    let mut resolution = resolve(Sources {
        flags,
        parameters,
        files,
        place,
        environment: held.environment,
        approvals: held.approvals,
        variables: variables.collect(),
        directory: env::current_dir().unwrap_or_default(),
    });
    // Before anything reads policies.
    resolution.verify_bundles();
    resolution
}

/// Prints the settings if the user asks for them, which ends the command.
pub(crate) fn printed(
    resolution: &Resolution,
    sources: &SourceArguments,
    output: &Output,
) -> Option<ExitCode> {
    let format = sources.print_settings?;
    problems(resolution).iter().for_each(|problem| output.problem(problem));
    let code = if resolution.errors.is_empty() { 0 } else { UNDECIDED };
    let named =
        |text: String| resolution.trusted.as_ref().map_or(text.clone(), |trusted| trusted.shown(&text));
    Some(output.rendered(&resolution.settings, format, Detail::default(), code, named))
}

/// The settings of a command that does nothing unless all sources can be read.
///
/// # Errors
///
/// The exit code with which the command ends, after what is wrong, or the settings, were printed.
pub(crate) fn settings(
    flags: Said,
    parameters: Option<PathBuf>,
    sources: &SourceArguments,
    output: &Output,
) -> Result<Settings, ExitCode> {
    settings_held(flags, parameters, sources, Held::default(), output)
}

/// The same, of a command that may name an environment.
///
/// # Errors
///
/// As [`settings`].
pub(crate) fn settings_held(
    flags: Said,
    parameters: Option<PathBuf>,
    sources: &SourceArguments,
    held: Held,
    output: &Output,
) -> Result<Settings, ExitCode> {
    let resolution = resolution(flags, parameters, sources, Place::Project, held);
    if let Some(code) = printed(&resolution, sources, output) {
        return Err(code);
    }
    resolution.notices.iter().for_each(|notice| output.notice(notice));
    if resolution.errors.is_empty() {
        return Ok(resolution.settings);
    }
    problems(&resolution).iter().for_each(|problem| output.problem(problem));
    Err(ExitCode::from(UNDECIDED))
}

/// What is wrong with the sources, ready to print.
pub(crate) fn problems(resolution: &Resolution) -> Vec<Problem> {
    let plain = Redactor::default();
    resolution.errors.iter().map(|error| Problem::new(error, None, &plain)).collect()
}

/// What the environment says of the run to policies.
pub(crate) fn run_variables() -> BTreeMap<String, String> {
    context_variables().filter_map(|name| Some((name.to_owned(), env::var(name).ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use planguard::check::CheckOptions;
    use planguard::rego::PolicyOptions;

    use crate::args::command;

    /// clap does not know the defaults behind the settings files.
    #[test]
    fn help_names_the_defaults() {
        let mut command = command();
        command.build();
        let check = command.find_subcommand("check").unwrap();
        let help = |id: &str| {
            let argument = check.get_arguments().find(|argument| argument.get_id() == id).unwrap();
            argument.get_help().unwrap().to_string()
        };
        let (check, policy) = (CheckOptions::default(), PolicyOptions::default());
        for (id, default) in [
            ("fail_on", check.enforcement.fail_on.to_string()),
            ("unknown", check.enforcement.unknown.to_string()),
            ("gate", check.enforcement.gate.to_string()),
            ("max_destroys", check.change.max_destroys.to_string()),
            ("max_destroy_percent", check.change.max_destroy_percent.to_string()),
            ("policy_timeout", policy.time_limit.as_secs().to_string()),
        ] {
            assert!(help(id).ends_with(&format!("[default: {default}]")), "{id}: {}", help(id));
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }
}
