//! Recognises the platform of policies by settings files and packages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Convention, Sign, conftest, library};
use crate::error::{ConventionError, PolicyError};
use crate::files;
use crate::source::{self, Source};

/// The convention of a file or directory: conftest unless something points to another one.
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
    if files::is_dir(path) {
        for convention in Convention::ALL {
            let settings = convention.platform().settings.as_ref();
            if let Some(file) = settings.and_then(|settings| (settings.in_directory)(path)) {
                see(convention, Sign::Strong, format!("`{}`", file_name(&file)));
            }
        }
    }
    // Errors in the files are reported when they are evaluated.
    let sources = source::load(&[path.to_owned()], &mut Vec::new());
    let packages: Vec<(&Source, String)> = sources
        .iter()
        .filter(|source| !library::is_test(source))
        .filter_map(|source| Some((source, library::package_of(&source.text)?)))
        .collect();
    let mentioned = mentioned_by_main(&packages);
    for (_, package) in &packages {
        let Some((convention, sign)) = of_package(package) else { continue };
        // A package that `main` uses is a library, whatever its name is.
        if !mentioned.iter().any(|path| package.split('.').zip(path).all(|(left, right)| left == right)) {
            see(convention, sign, format!("`package {package}`"));
        }
    }
    if shapes.contains_key(&Convention::CONFTEST) {
        shapes.retain(|convention, (sign, _)| *convention == Convention::CONFTEST || *sign == Sign::Strong);
    }
    match shapes.len() {
        0 => Ok(Convention::CONFTEST),
        1 => Ok(shapes.into_keys().next().unwrap_or(Convention::CONFTEST)),
        _ => {
            let shapes: Vec<String> =
                shapes.iter().map(|(convention, (_, why))| format!("{convention} ({why})")).collect();
            Err(PolicyError::Convention(ConventionError::AmbiguousConvention {
                path: path.to_owned(),
                shapes: shapes.join(", "),
            }))
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The convention of a settings file that the user names.
pub(super) fn of_config(path: &Path) -> Option<Convention> {
    let is_of = |convention: &Convention| {
        convention.platform().settings.as_ref().is_some_and(|settings| (settings.is)(path))
    };
    files::is_file(path).then(|| Convention::ALL.into_iter().find(is_of)).flatten()
}

/// The convention that a package points to.
fn of_package(name: &str) -> Option<(Convention, Sign)> {
    Convention::ALL.into_iter().find_map(|convention| {
        let mut packages = convention.platform().packages.iter();
        let package = packages.find(|package| package.sign > Sign::None && package.name.includes(name))?;
        Some((convention, package.sign))
    })
}

fn mentioned_by_main(packages: &[(&Source, String)]) -> BTreeSet<Vec<String>> {
    let main = packages.iter().filter(|(_, package)| package == conftest::PACKAGE);
    main.flat_map(|(source, _)| library::mentions(&source.text)).collect()
}
