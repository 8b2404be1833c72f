//! What a run is set up with: flags, environment variables, `planguard.toml` and `conftest.toml`, resolved once for
//! every command.
//!
//! `table` lists the settings and says what they do. `file`, `conftest` and `environment` read one source each into
//! [`Said`], with the origin of every value; flags come as [`Said`] from the command line. [`resolve`] lays one over
//! the other and gives [`Settings`]. `trust` takes all of it from a place that the change under review cannot edit, and
//! `weakening` finds what a file of the project makes weaker than the defaults.

mod approve;
mod bundles;
mod conftest;
mod cost;
mod environment;
mod environments;
mod error;
mod file;
mod find;
mod lints;
mod origin;
mod resolve;
mod rule_overrides;
mod rules;
mod schema;
mod table;
mod trust;
mod unused;
mod value;
mod waivers;
mod weakening;

pub use conftest::CONFTEST_FILE_NAME;
pub use environments::{ChosenEnvironment, Environment, EnvironmentChoice};
pub use error::SettingsError;
pub use find::{FILE_NAME, settings_file};
pub use lints::LintLevel;
pub use origin::{Origin, Sourced};
pub use resolve::{Files, Place, Resolution, Sources, resolve};
pub use schema::schema;
pub use table::{Entry, NAMES, Said, SettingName, Settings};
pub use trust::Trusted;
pub use value::{
    Amount, Approvers, Chosen, ChosenConvention, ChosenRegoVersion, Percent, Seconds, ShowProgram, namespaces,
};
pub use weakening::Weakening;
