//! Tells by the look of files which platform they are for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Convention, atlantis, digger, env0, harness, hcp, library, regula, scalr, spacelift};
use crate::error::PolicyError;
use crate::source::{self, Source};

/// How sure a sign is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    /// A package whose name may be anybody's.
    Weak,
    /// A configuration file, or a package that bears the platform's name.
    Strong,
}

/// The convention of a file or directory: conftest's unless something speaks for another.
///
/// # Errors
///
/// If several conventions fit.
pub(super) fn convention(path: &Path) -> Result<Convention, PolicyError> {
    let mut shapes: BTreeMap<Convention, (Sign, String)> = BTreeMap::new();
    let mut see = |convention, sign, why: String| {
        let seen = shapes.entry(convention).or_insert((sign, why));
        seen.0 = seen.0.max(sign);
    };
    if path.is_dir()
        && let Some(config) = hcp::config(path)
    {
        see(Convention::Hcp, Sign::Strong, format!("`{}`", file_name(&config)));
    }
    if path.is_dir()
        && let Some(config) = scalr::configs(path, &mut Vec::new()).first()
    {
        see(Convention::Scalr, Sign::Strong, format!("`{}`", file_name(config)));
    }
    // Whoever evaluates the files reports what is wrong with them.
    let sources = source::load(&[path.to_owned()], &mut Vec::new());
    let packages: Vec<(&Source, String)> = sources
        .iter()
        .filter(|source| !library::is_test(source))
        .filter_map(|source| Some((source, library::package_of(&source.text)?)))
        .collect();
    let mentioned = mentioned_by_main(&packages);
    for (_, package) in &packages {
        let Some((convention, sign)) = of_package(package) else { continue };
        // What `main` makes use of is a library, whatever it is called.
        if !mentioned.iter().any(|path| package.split('.').zip(path).all(|(left, right)| left == right)) {
            see(convention, sign, format!("`package {package}`"));
        }
    }
    if shapes.contains_key(&Convention::Conftest) {
        shapes.retain(|convention, (sign, _)| *convention == Convention::Conftest || *sign == Sign::Strong);
    }
    match shapes.len() {
        0 => Ok(Convention::Conftest),
        1 => Ok(shapes.into_keys().next().unwrap_or(Convention::Conftest)),
        _ => {
            let shapes: Vec<String> =
                shapes.iter().map(|(convention, (_, why))| format!("{convention} ({why})")).collect();
            Err(PolicyError::AmbiguousConvention { path: path.to_owned(), shapes: shapes.join(", ") })
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The convention of a configuration file, which leaves no doubt if it is named itself.
pub(super) fn of_config(path: &Path) -> Option<Convention> {
    match file_name(path).as_str() {
        _ if !path.is_file() => None,
        "policies.hcl" | "policies.json" => Some(Convention::Hcp),
        scalr::CONFIG => Some(Convention::Scalr),
        _ if atlantis::is_config(path) => Some(Convention::Atlantis),
        _ => None,
    }
}

fn of_package(package: &str) -> Option<(Convention, Sign)> {
    match package {
        "main" => Some((Convention::Conftest, Sign::Strong)),
        spacelift::PACKAGE => Some((Convention::Spacelift, Sign::Strong)),
        digger::PACKAGE => Some((Convention::Digger, Sign::Strong)),
        _ if env0::is_package(package) => Some((Convention::Env0, Sign::Strong)),
        _ if regula::is_package(package) => Some((Convention::Regula, Sign::Weak)),
        _ if harness::PACKAGES.contains(&package) => Some((Convention::Harness, Sign::Weak)),
        _ => None,
    }
}

fn mentioned_by_main(packages: &[(&Source, String)]) -> BTreeSet<Vec<String>> {
    let main = packages.iter().filter(|(_, package)| package == "main");
    main.flat_map(|(source, _)| library::mentions(&source.text)).collect()
}
