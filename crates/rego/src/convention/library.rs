//! Finds which files a policy needs, from the text of the files alone.
//!
//! Platforms that evaluate each policy by itself still let it import packages of other files. These files must be
//! known before anything is parsed, since files that do not belong together may contradict each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Dialect;
use crate::program::Program;
use crate::source::Source;
use crate::{dialect, nesting, set};

/// The package of a policy's text, joined by dots and without `data`; `None` if there is no package.
pub(crate) fn package_of(text: &str) -> Option<String> {
    for line in text.lines() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let rest = line.strip_prefix("package")?;
        if !rest.starts_with(|c: char| c.is_whitespace()) {
            return None;
        }
        let (path, _) = path(rest.trim_start());
        return (!path.is_empty()).then(|| path.join("."));
    }
    None
}

/// The name of a policy: its file's name without the extension.
pub(super) fn stem(source: &Source) -> String {
    Path::new(&source.name).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The notes on findings of a policy that is evaluated by itself.
pub(super) fn named(source: &Source) -> BTreeMap<String, String> {
    BTreeMap::from([("policy".to_owned(), stem(source))])
}

/// Parses a policy by itself and looks at its rules; `None` if it does not parse, which loading it reports.
pub(super) fn parsed<T>(source: &Source, look: impl FnOnce(&Program<'_>) -> T) -> Option<T> {
    nesting::check(source).ok()?;
    let mut alone = [source.clone()];
    set::rewrite(&mut alone, Dialect::EachFile);
    let [source] = &alone;
    let mut engine = dialect::new_engine();
    dialect::add(&mut engine, source, dialect::of(source)).ok()?;
    let modules = engine.get_modules().clone();
    Some(look(&Program::new(&modules, &alone)))
}

/// The names of a program's rules.
pub(super) fn rule_names(program: &Program<'_>) -> BTreeSet<String> {
    program.rules.iter().map(|rule| rule.name.to_owned()).collect()
}

/// Whether a file has unit tests or mocks, by its name.
pub(super) fn is_test(source: &Source) -> bool {
    let name = source.name.as_str();
    ["_test.rego", ".test.rego", "_mock.rego", ".mock.rego"].iter().any(|ending| name.ends_with(ending))
}

/// The paths below `data` that a text mentions: `data.lib.f` is `["lib", "f"]`. Comments and strings count too,
/// so that in rare cases a file is loaded that nothing needs.
pub(super) fn mentions(text: &str) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for (start, word) in text.match_indices("data") {
        let before = text[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
            continue;
        }
        let rest = &text[start + word.len()..];
        let steps = match rest.strip_prefix('.') {
            Some(rest) => path(rest).0,
            None if rest.starts_with('[') => path(rest).0,
            None => continue,
        };
        found.insert(steps);
    }
    found
}

/// The path of a rule that a query names, from `data` on: `data.lib.deny`.
pub(super) fn query(text: &str) -> Option<Vec<String>> {
    let (steps, rest) = path(text.trim());
    (rest.is_empty() && steps.len() > 2 && steps[0] == "data").then_some(steps)
}

/// A path of names and strings in brackets, and what follows it.
fn path(text: &str) -> (Vec<String>, &str) {
    let mut steps = Vec::new();
    let mut rest = text;
    loop {
        if let Some(quoted) = rest.strip_prefix("[\"") {
            let Some((step, after)) = quoted.split_once("\"]") else { return (steps, rest) };
            steps.push(step.to_owned());
            rest = after;
        } else {
            let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            if length == 0 {
                return (steps, rest);
            }
            steps.push(rest[..length].to_owned());
            rest = &rest[length..];
        }
        match rest.strip_prefix('.') {
            Some(after) => rest = after,
            None if rest.starts_with("[\"") => {}
            None => return (steps, rest),
        }
    }
}

/// The files that `policies` need among `others`, in the order of `others`. A file of a package that one of the
/// policies has itself is never needed: on these platforms, policies with the same package are independent.
pub(crate) fn needed(policies: &[Source], others: &[Source]) -> Vec<Source> {
    let own: BTreeSet<String> = policies.iter().filter_map(|source| package_of(&source.text)).collect();
    let mut pending: Vec<Vec<String>> = policies.iter().flat_map(|source| mentions(&source.text)).collect();
    let mut chosen = BTreeSet::new();
    while let Some(mention) = pending.pop() {
        for (index, other) in others.iter().enumerate() {
            if chosen.contains(&index) || is_test(other) || is_among(policies, other) {
                continue;
            }
            let Some(package) = package_of(&other.text).filter(|package| !own.contains(package)) else {
                continue;
            };
            let package: Vec<&str> = package.split('.').collect();
            let is_mentioned = package.iter().zip(&mention).all(|(left, right)| left == right);
            if is_mentioned {
                chosen.insert(index);
                pending.extend(mentions(&other.text));
            }
        }
    }
    chosen.into_iter().map(|index| others[index].clone()).collect()
}

fn is_among(policies: &[Source], source: &Source) -> bool {
    policies.iter().any(|policy| policy.name == source.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> Source {
        Source::new(name, text)
    }

    #[test]
    fn the_package_may_follow_comments() {
        assert_eq!(package_of("# package x\n\n  package a.b[\"c-d\"] # e\n").as_deref(), Some("a.b.c-d"));
        assert_eq!(package_of("packages := 1"), None);
        assert_eq!(package_of("import data.x\npackage a"), None);
        assert_eq!(package_of(""), None);
    }

    #[test]
    fn mentions_are_paths_below_data() {
        let found =
            mentions("import data.lib.net as n\nx := data[\"a\"].b[y]\nmetadata.x; input.data.z; data");
        let expected = [vec!["a", "b"], vec!["lib", "net"]];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn only_files_that_are_needed_are_found() {
        let policy = source("p.rego", "package t\nimport data.lib.net\ndeny := net.f(data.t.x)");
        let others = [
            source("a.rego", "package lib.net\nf(x) := data.base.g(x)"),
            source("b.rego", "package base\ng(x) := x"),
            source("c.rego", "package other\ng(x) := x"),
            source("d.rego", "package t\nx := 1"),
            source("e_test.rego", "package lib.net\ntest_f := 1"),
        ];
        let names: Vec<String> = needed(&[policy], &others).into_iter().map(|source| source.name).collect();
        assert_eq!(names, ["a.rego", "b.rego"]);
    }
}
