//! Lints of names: misspelt names of rules and packages, and unused rules.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::text::suggest;
use planguard_rego::convention::{Convention, DecidingRules, conftest};
use planguard_rego_syntax::tree::ExprKind;
use planguard_rego_syntax::walk;

use super::model::{self, Meaning, is_test_name, package_text};
use super::{Linter, RuleId};
use crate::Lint;

/// Returns the packages with fixed names that platforms read.
fn platform_packages() -> impl Iterator<Item = &'static str> {
    let packages = Convention::ALL.into_iter().flat_map(|known| known.platform().packages);
    packages.filter_map(|package| package.name.single())
}

pub(super) fn lint(linter: &mut Linter<'_, '_>) {
    let used = used(linter);
    let packages = packages(linter);
    misspelt_packages(linter, &packages, &used);
    unread_packages(linter, &packages, &used);
    rules(linter, &used);
    unknown_data(linter);
}

/// A package's files, and whether it has rules that decide.
#[derive(Default)]
struct Package {
    files: Vec<usize>,
    decides: bool,
}

fn packages(linter: &Linter<'_, '_>) -> BTreeMap<Vec<String>, Package> {
    let mut packages: BTreeMap<Vec<String>, Package> = BTreeMap::new();
    for (index, file) in linter.project.files.iter().enumerate() {
        packages.entry(file.module.package.clone()).or_default().files.push(index);
    }
    for id in linter.project.ids() {
        let file = linter.project.file(id);
        let name = linter.project.rule(id).name(file.text);
        let decides = linter.project.decides(id) || conftest::kind(name).is_some();
        if decides
            && !file.is_test
            && let Some(package) = packages.get_mut(&file.module.package)
        {
            package.decides = true;
        }
    }
    packages
}

/// The paths of all rules that another rule or a test uses.
struct Used {
    by_policies: BTreeSet<Vec<String>>,
    by_tests: BTreeSet<Vec<String>>,
    /// Packages that are used as a whole.
    packages: BTreeSet<Vec<String>>,
}

impl Used {
    fn holds(&self, path: &[String]) -> bool {
        self.by_policies.contains(path)
            || self.by_tests.contains(path)
            || self.packages.iter().any(|package| path.starts_with(package))
    }
}

fn used(linter: &Linter<'_, '_>) -> Used {
    let project = linter.project;
    let mut used =
        Used { by_policies: BTreeSet::new(), by_tests: BTreeSet::new(), packages: BTreeSet::new() };
    for id in project.ids() {
        let own = project.path_of(id);
        let is_test = project.is_test_rule(id);
        walk::each_expr(project.rule(id), &mut |expr| {
            if !matches!(expr.kind, ExprKind::Name | ExprKind::Reference { .. }) {
                return;
            }
            let Some(path) = project.data_path(id.file, expr) else { return };
            match project.rules_at(&path) {
                Some((_, length)) => {
                    let path = path[..length].to_vec();
                    if path == own {
                        return;
                    }
                    if is_test {
                        used.by_tests.insert(path)
                    } else {
                        used.by_policies.insert(path)
                    };
                }
                None => {
                    used.packages.insert(path);
                }
            }
        });
    }
    used
}

fn misspelt_packages(linter: &mut Linter<'_, '_>, packages: &BTreeMap<Vec<String>, Package>, used: &Used) {
    for (path, package) in packages {
        let name = package_text(path);
        if !package.decides
            || platform_packages().any(|known| known == name)
            || name.contains('.')
            || used.packages.iter().chain(&used.by_policies).any(|used| used.starts_with(path))
        {
            continue;
        }
        // Whoever selects packages without the one that this resembles does not mean that one.
        let is_meant = |known: &&str| {
            !linter.named_packages || linter.project.is_selected(&["data".to_owned(), (*known).to_owned()])
        };
        let mut near = platform_packages().filter(is_meant);
        let near = near.find(|known| suggest::distance(&name, known) <= typo_limit(known));
        let selected = linter.named_packages && linter.project.is_selected(path);
        let (Some(near), false) = (near, selected) else { continue };
        for file in &package.files {
            let span = linter.project.files[*file].module.package_span.clone();
            linter.report(
                Lint::MisspeltPackage,
                *file,
                span,
                format!("package `{name}` is not evaluated"),
                format!("did you mean `{near}`? To keep the name, pass --namespace {name}"),
            );
        }
    }
}

fn typo_limit(name: &str) -> usize {
    if name.len() > 6 { 2 } else { 1 + usize::from(name == "main") }
}

fn unread_packages(linter: &mut Linter<'_, '_>, packages: &BTreeMap<Vec<String>, Package>, used: &Used) {
    if linter.named_packages {
        let unselected: Vec<_> = packages
            .iter()
            .filter(|(path, package)| package.decides && !linter.project.is_selected(path))
            .filter(|(path, _)| !is_used(path, used))
            .flat_map(|(path, package)| package.files.iter().map(|file| (package_text(path), *file)))
            .collect();
        for (name, file) in unselected {
            report_unread(linter, file, &name, "add the package with --namespace");
        }
        return;
    }
    let has_main = packages.iter().any(|(path, package)| package_text(path) == "main" && package.decides);
    if !has_main {
        return;
    }
    let beside: Vec<_> = packages
        .iter()
        .filter(|(path, package)| package.decides && package_text(path) != "main" && !is_used(path, used))
        .flat_map(|(path, package)| package.files.iter().map(|file| (package_text(path), *file)))
        .filter(|(_, file)| linter.project.files[*file].convention == Convention::CONFTEST)
        .collect();
    for (name, file) in beside {
        report_unread(linter, file, &name, "without --namespace, `check` evaluates only `main`");
    }
}

fn is_used(package: &[String], used: &Used) -> bool {
    used.by_policies.iter().chain(&used.by_tests).chain(&used.packages).any(|path| path.starts_with(package))
}

fn report_unread(linter: &mut Linter<'_, '_>, file: usize, name: &str, help: &str) {
    let read = &linter.project.files[file];
    let is_misspelt =
        linter.found.iter().any(|found| found.lint == Lint::MisspeltPackage && found.file == read.name);
    if !read.is_test && !is_misspelt {
        let span = read.module.package_span.clone();
        linter.report(
            Lint::UnreadPackage,
            file,
            span,
            format!("the rules of package `{name}` are not evaluated"),
            help,
        );
    }
}

fn rules(linter: &mut Linter<'_, '_>, used: &Used) {
    let deciding_packages: BTreeSet<Vec<String>> = linter
        .project
        .deciding
        .iter()
        .filter_map(|path| path.split_last().map(|(_, package)| package.to_vec()))
        .collect();
    let mut reported = BTreeSet::new();
    for id in linter.project.ids().collect::<Vec<_>>() {
        let file = linter.project.file(id);
        let rule = linter.project.rule(id);
        let name = rule.name(file.text).to_owned();
        let span = rule.head.name.root().map_or(rule.head.span.clone(), |root| root.span.clone());
        let path = linter.project.path_of(id);
        if file.is_test {
            if !is_test_name(&name)
                && rule.head.arguments.is_none()
                && is_near_test(&name)
                && !used.holds(&path)
            {
                let help = format!("rename it to `test_{}`", bare_test_name(&name));
                linter.report(Lint::NearMissTest, id.file, span, format!("test `{name}` is not run"), help);
            }
            continue;
        }
        if is_test_name(&name)
            || used.by_policies.contains(&path)
            || used.packages.iter().any(|p| path.starts_with(p))
        {
            continue;
        }
        let is_function = rule.head.arguments.is_some();
        if linter.project.decides(id) {
            if is_function && reported.insert(path) {
                linter.report(
                    Lint::DecisionFunction,
                    id.file,
                    span,
                    format!("`{name}` is a function and is never called"),
                    format!(
                        "write `{name} contains msg if {{ … }}`, and iterate over the resources in its body"
                    ),
                );
            }
            continue;
        }
        if path.len() > file.module.package.len() + 1 {
            continue;
        }
        if let Some(meant) = meant(linter, id, &name) {
            if reported.insert(path) {
                linter.report(
                    Lint::NearMissName,
                    id.file,
                    span,
                    format!("rule `{name}` is not evaluated"),
                    format!("rename it to `{meant}`"),
                );
            }
            continue;
        }
        let is_platform_rule = matches!(name.as_str(), "metadata" | "allow" | "main")
            || Convention::ALL.iter().any(|known| known.platform().lint.other_rules.contains(&name.as_str()))
            || name.starts_with('_')
            || name.starts_with("resource_changes");
        if deciding_packages.contains(&file.module.package)
            && !is_platform_rule
            && !rule.is_default
            && !sums_up(linter, id)
            && !used.by_tests.contains(&path)
            && reported.insert(path)
        {
            let what = if is_function { "function" } else { "rule" };
            linter.report(
                Lint::UnusedRule,
                id.file,
                span,
                format!("the {what} `{name}` is unused"),
                "use it in a rule that decides, or remove it",
            );
        }
    }
}

/// Returns whether a rule aggregates rules that decide, as `allow if count(deny) == 0` does.
fn sums_up(linter: &Linter<'_, '_>, id: RuleId) -> bool {
    let mut found = false;
    walk::each_expr(linter.project.rule(id), &mut |expr| {
        if let Some(path) = linter.project.data_path(id.file, expr)
            && let Some((_, length)) = linter.project.rules_at(&path)
        {
            found |= linter.project.deciding.contains(&path[..length]);
        }
    });
    found
}

/// Returns the deciding name that a rule's name resembles.
fn meant(linter: &Linter<'_, '_>, id: RuleId, name: &str) -> Option<String> {
    let file = linter.project.file(id);
    let meant = match file.convention.platform().rules {
        DecidingRules::Conftest => return near_decision(name),
        DecidingRules::Queried => return linter.project.queried(id)?.last().cloned(),
        DecidingRules::Judgements(_) => return None,
        DecidingRules::Named { .. } => {
            let kind = conftest::kind(name).map(|kind| kind.as_str().to_owned());
            kind.or_else(|| conftest::kind(&near_decision(name)?).map(|kind| kind.as_str().to_owned()))?
        }
    };
    let mut path = file.module.package.clone();
    path.push(meant.clone());
    model::is_asked(file.convention, &path).then_some(meant)
}

/// As [`conftest::meant`], with some more names that are unlikely for a helper.
fn near_decision(name: &str) -> Option<String> {
    conftest::meant(name).or_else(|| match name {
        "violations" => Some("violation".to_owned()),
        "deny_all" | "denys" => Some("deny".to_owned()),
        _ => name.strip_prefix("violations_").map(|rest| format!("violation_{rest}")),
    })
}

fn is_near_test(name: &str) -> bool {
    let (word, rest) = name.split_once('_').unwrap_or((name, ""));
    if rest.is_empty() {
        let lower = name.to_lowercase();
        return lower.strip_prefix("test").is_some_and(|rest| {
            !rest.is_empty() && name[4..].starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit())
        });
    }
    word != "test" && (suggest::distance(word, "test") <= 1 || name.ends_with("_test"))
}

fn bare_test_name(name: &str) -> String {
    if let Some(bare) = name.strip_suffix("_test") {
        return bare.to_owned();
    }
    match name.split_once('_') {
        Some((_, rest)) => rest.to_owned(),
        None => name[4..].to_lowercase(),
    }
}

fn unknown_data(linter: &mut Linter<'_, '_>) {
    let project = linter.project;
    let mut hits = Vec::new();
    let mut look = |file: usize, path: Vec<String>, span: std::ops::Range<usize>| {
        if path.len() < 2 || path[1] == "conftest" || project.documents.contains(&path[1]) {
            return;
        }
        // A path outside every loaded package may be data given at run time.
        let package = (2..=path.len())
            .rev()
            .map(|length| &path[..length])
            .find(|prefix| project.files.iter().any(|file| file.module.package.starts_with(prefix)));
        if project.rules_at(&path).is_some() || project.has_below(&path) {
            return;
        }
        // planguard provides the parameters of its packs.
        if path[1..].starts_with(&["planguard".to_owned(), "params".to_owned()]) {
            return;
        }
        let known = package.map_or(1, <[String]>::len);
        let Some(missing) = path.get(known) else { return };
        let is_package = project.files.iter().any(|file| file.module.package == path[..known]);
        let paths = project.files.iter().map(|file| &file.module.package).chain(project.rules.keys());
        let beside =
            paths.filter(|other| other.starts_with(&path[..known])).filter_map(|other| other.get(known));
        let near = suggest::nearest(missing, beside.map(String::as_str)).map(str::to_owned);
        let help = match near {
            Some(near) => format!("did you mean `{}.{near}`?", path[..known].join(".")),
            // A document may add data further down.
            None if is_package && known + 1 == path.len() => {
                "fix the name, load the policy that defines it, or pass the document with --data".to_owned()
            }
            None => return,
        };
        hits.push((
            file,
            span,
            format!("`{}` is not defined by any document or package", path.join(".")),
            help,
        ));
    };
    for (index, file) in project.files.iter().enumerate() {
        for import in &file.module.imports {
            if import.path.first().is_some_and(|root| root == "data") {
                look(index, import.path.clone(), import.span.clone());
            }
        }
    }
    for id in project.ids() {
        let text = project.file(id).text;
        let mut reported = BTreeSet::new();
        walk::each_expr(project.rule(id), &mut |expr| {
            let Some((root, steps)) = model::parts(expr) else { return };
            // Imports are checked above, and calls by the engine.
            if steps.is_empty() || !matches!(project.meaning(id.file, root), Meaning::Data(_)) {
                return;
            }
            let Some(path) = project.data_path(id.file, expr) else { return };
            let imported = project.import(id.file, root.text(text)).is_some_and(|import| {
                !project.has_below(&import.path) && project.rules_at(&import.path).is_none()
            });
            if !imported && reported.insert(path.clone()) {
                look(id.file, path, expr.span.clone());
            }
        });
    }
    for (file, span, message, help) in hits {
        // A call of an unknown function has a finding of its own.
        let known = linter.found.iter().any(|found| found.span == span && found.message == message);
        if !known {
            linter.report(Lint::UnknownData, file, span, message, help);
        }
    }
}
