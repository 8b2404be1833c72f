//! Finds the plan in a directory, for whoever does not name one.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

/// How much of a file is looked at. `format_version` is the first key of a plan.
const HEAD: u64 = 256;

/// Why there is not exactly one plan.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum NotFound {
    /// There is none.
    #[error("no plan was named, and the working directory contains none")]
    #[diagnostic(
        code("PG-CL-005"),
        help(
            "make one with `terraform plan -out=tfplan && terraform show -json tfplan > tfplan.json`, or let `planguard \
             plan` do it"
        )
    )]
    Nothing,
    /// There are several.
    #[error("no plan was named, and the working directory contains several: {}", list(paths))]
    #[diagnostic(code("PG-CL-005"), help("name the plan, or name the directory to check all of them"))]
    Several {
        /// The plans.
        paths: Vec<PathBuf>,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The only plan as JSON in a directory, not below it.
///
/// # Errors
///
/// If there is none, or there are several.
pub(crate) fn plan_in(directory: &Path) -> Result<PathBuf, NotFound> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_file() && is_plan(path)).collect();
    paths.sort();
    let shown = |path: &PathBuf| path.strip_prefix(".").map_or_else(|_| path.clone(), Path::to_owned);
    match &paths[..] {
        [] => Err(NotFound::Nothing),
        [plan] => Ok(shown(plan)),
        several => Err(NotFound::Several { paths: several.iter().map(shown).collect() }),
    }
}

/// Whether a file starts as a plan does.
fn is_plan(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    let head = String::from_utf8_lossy(&head);
    read.is_ok()
        && head.trim_start_matches('\u{feff}').trim_start().starts_with('{')
        && head.contains("\"format_version\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_must_be_exactly_one_plan() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
        write("package.json", "{\"name\": \"x\"}");
        write("main.tf", "");
        assert!(matches!(plan_in(directory.path()), Err(NotFound::Nothing)));
        write("tfplan.json", "{\"format_version\": \"1.2\"}");
        assert_eq!(plan_in(directory.path()).unwrap(), directory.path().join("tfplan.json"));
        write("old.txt", "\u{feff}{\n  \"format_version\": \"1.2\"}");
        let error = plan_in(directory.path()).unwrap_err().to_string();
        assert!(error.contains("old.txt") && error.contains("tfplan.json"), "{error}");
    }
}
