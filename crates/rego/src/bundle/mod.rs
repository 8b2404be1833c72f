//! The bundled Rego: the library `data.planguard.lib` and packs of policies.

mod files;
mod library;
mod outline;
mod packs;
mod schema;
mod signature;
#[cfg(test)]
mod suite;

pub use library::{BundledFile, library};
pub use outline::{Outline, OutlinedRule, outline};
pub use packs::{PackError, RegoPack, RegoPacks, rego_packs, rule_id, toml_parameters};
pub use signature::{LibraryArgument, LibraryResult, LibrarySignature, Taken, signatures};

pub use library::{complete, complete_for, is_of_library, is_own};
