//! Sets that many rules add to are evaluated in parts.
//!
//! After each rule of a set, the engine merges what the rule found with all that was found before. With hundreds of rules
//! that find much, it does little else. A pass therefore gives every few rules a set of their own
//! (`passes/parted_set.rs`), and a generated policy unites them at once, in the order of the rules. A set of its own for
//! each rule would be dearer: the engine copies all names of a package for each of its files.
//!
//! The names of the parts are seen by nobody: a set that is meant by the name of its package, or whose path is replaced, is
//! left as it is.

use std::collections::{BTreeMap, BTreeSet};

use planguard_rego_syntax::resolve::{Imports, Meaning};
use planguard_rego_syntax::tree::{BranchKind, ExprKind, Module, Opening, Rule, Step};
use planguard_rego_syntax::walk::each_expr;
use regorus::Engine;
use regorus::unstable;

use super::super::builtins::UNITED;
use super::super::program::package_path;
use super::super::syntax;

/// From this number of rules on, uniting their sets takes less time than merging them one after the other.
const WORTH_PARTS: usize = 16;

/// The largest number of parts of one set.
const MOST_PARTS: usize = 64;

/// The start of the name of a part; its number and the set's own name follow.
const PART: &str = "__pg_part_";

/// The name of the policy that unites parts.
const FILE: &str = "__pg_parts";

/// The sets of all packages, and what may see their parts.
#[derive(Debug, Default)]
pub(super) struct PartedSets {
    /// Whether sets may be evaluated in parts at all.
    is_allowed: bool,
    /// The rules of each set; `None` if another rule of the name is none of a set.
    sets: BTreeMap<Vec<String>, Option<Counted>>,
    /// The paths from `data` on that stand in a policy, up to the first step that is not written out.
    mentioned: BTreeSet<Vec<String>>,
}

/// The rules of a set in the order of the files.
#[derive(Debug, Default)]
struct Counted {
    count: usize,
    /// The number of rules in the files before a file, by its number.
    before: BTreeMap<usize, usize>,
}

impl Counted {
    /// The number of the part of a file's rule, which is the `nth` that it has of the set.
    fn part(&self, file: usize, nth: usize) -> usize {
        let before = self.before.get(&file).copied().unwrap_or_default();
        (before + nth) / self.count.div_ceil(MOST_PARTS).max(1)
    }
}

impl PartedSets {
    /// Sets may be evaluated in parts.
    pub(super) fn allowed() -> Self {
        Self { is_allowed: true, ..Self::default() }
    }

    pub(super) fn are_allowed(&self) -> bool {
        self.is_allowed
    }

    /// Adds the rules of the policy that has this number, and what it mentions.
    pub(super) fn add(&mut self, file: usize, module: &Module, text: &str, imports: &Imports<'_>) {
        if !self.is_allowed {
            return;
        }
        for rule in &module.rules {
            let path: Vec<String> =
                module.package.iter().cloned().chain([rule.name(text).to_owned()]).collect();
            let counted = self.sets.entry(path).or_insert_with(|| Some(Counted::default()));
            match counted {
                Some(rules) if adds_to_a_set(rule) => {
                    rules.before.entry(file).or_insert(rules.count);
                    rules.count += 1;
                }
                Some(_) | None => *counted = None,
            }
        }
        // A reference is visited before its first name, which is no reference of its own.
        let mut bases = BTreeSet::new();
        each_expr(module, &mut |expr| {
            let (root, steps) = match &expr.kind {
                ExprKind::Name if !bases.contains(&expr.span.start) => (expr, &[][..]),
                ExprKind::Reference { base, steps } => {
                    bases.insert(base.span.start);
                    (base.as_ref(), steps.as_slice())
                }
                _ => return,
            };
            let mut path = match imports.outside(root.text(text), |_| false) {
                Meaning::Data => vec!["data".to_owned()],
                Meaning::Import(import) => import.path.clone(),
                Meaning::Input | Meaning::Local(_) | Meaning::Rule | Meaning::Open => return,
            };
            path.extend(steps.iter().map_while(|step| step.key(text)).map(str::to_owned));
            self.mentioned.insert(path);
        });
    }

    /// Returns whether the set of a package is evaluated in parts.
    pub(super) fn includes(&self, package: &[String], name: &str, replaced: &BTreeSet<Vec<String>>) -> bool {
        let path: Vec<String> = package.iter().cloned().chain([name.to_owned()]).collect();
        let Some(Some(Counted { count, .. })) = self.sets.get(&path) else { return false };
        let is_seen = (1..path.len()).any(|length| self.mentioned.contains(&path[..length]));
        let is_replaced = replaced.iter().any(|other| other.starts_with(&path) || path.starts_with(other));
        *count >= WORTH_PARTS && !is_seen && !is_replaced
    }

    /// The name of the part to which a file's rule adds, which is the `nth` that it has of the set.
    pub(super) fn part(&self, package: &[String], name: &str, file: usize, nth: usize) -> String {
        let path: Vec<String> = package.iter().cloned().chain([name.to_owned()]).collect();
        let counted = self.sets.get(&path).and_then(Option::as_ref);
        format!("{PART}{}_{name}", counted.map_or(0, |counted| counted.part(file, nth)))
    }
}

/// Returns whether a rule adds elements to the set of its name, and has one body.
pub(super) fn adds_to_a_set(rule: &Rule) -> bool {
    let [branch] = rule.branches.as_slice() else { return false };
    let is_set = match (&rule.head.name.kind, &rule.head.key) {
        (ExprKind::Name, Some(_)) => true,
        // `deny[message] { … }` of v0; with `if`, it is a map.
        (ExprKind::Reference { base, steps }, None) => {
            let is_v0 = branch.opening == Opening::Nothing && branch.body.is_some();
            is_v0 && matches!(base.kind, ExprKind::Name) && matches!(steps.as_slice(), [Step::Index(_)])
        }
        _ => false,
    };
    is_set
        && matches!(branch.kind, BranchKind::First)
        && !rule.is_default
        && rule.head.arguments.is_none()
        && rule.head.value.is_none()
}

/// The name of the set that a rule adds to, be it in parts or not.
pub(in super::super) fn whole(name: &str) -> &str {
    let part = || name.strip_prefix(PART)?.split_once('_');
    part().map_or(name, |(_, set)| set)
}

/// Adds the policies that unite parts to an engine, if there are parts.
pub(in super::super) fn unite(engine: &mut Engine, modules: &[unstable::Ref<unstable::Module>]) {
    /// The text of a package, and the parts of its sets.
    type InParts<'m> = (&'m str, BTreeMap<&'m str, Vec<&'m str>>);
    let mut packages: BTreeMap<Vec<String>, InParts<'_>> = BTreeMap::new();
    for module in modules {
        for rule in &module.policy {
            let Some(head) = syntax::head(rule) else { continue };
            let (part, set) = (head.name.root, whole(head.name.root));
            if part != set {
                let package = packages.entry(package_path(module));
                let (_, sets) =
                    package.or_insert_with(|| (module.package.refr.span().text(), BTreeMap::new()));
                let parts = sets.entry(set).or_default();
                if parts.last() != Some(&part) {
                    parts.push(part);
                }
            }
        }
    }
    for (number, (package, sets)) in packages.into_values().enumerate() {
        let mut text = format!("package {package}\n");
        for (set, parts) in sets {
            text.push_str(&format!("{set} := {UNITED}([{}])\n", parts.join(", ")));
        }
        engine.set_rego_v0(false);
        // The text has nothing that the engine refuses; without it, the set would have no value, and its rule an error.
        let _ = engine.add_policy(format!("{FILE}{number}"), text);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::evaluate::PolicyInput;
    use crate::options::{Namespaces, PolicyOptions};
    use crate::set::PolicySet;

    const PLAN: &str =
        r#"{"resource_changes": [{"address": "x.a"}, {"address": "x.b"}, {"address": "y.a"}]}"#;

    fn load(policies: &[String]) -> PolicySet {
        let directory = tempfile::tempdir().unwrap();
        for (number, policy) in policies.iter().enumerate() {
            fs::write(directory.path().join(format!("{number:02}.rego")), policy).unwrap();
        }
        let paths = vec![directory.path().to_owned()];
        PolicySet::load(&PolicyOptions { paths, namespaces: Namespaces::All, ..PolicyOptions::default() })
            .unwrap()
    }

    /// Policies with one body each, and what is evaluated for the engine.
    fn policies(count: usize, more: &str) -> Vec<String> {
        let policy = |number: usize| {
            format!(
                "package main\ndeny contains message if {{\n\tsome rc in input.resource_changes\n\tprint({number})\n\t\
                 message := sprintf(\"%s %d\", [rc.address, {number} % 5])\n}}\n"
            )
        };
        (0..count).map(policy).chain([format!("package other\n{more}\n")]).collect()
    }

    fn parts(set: &PolicySet) -> usize {
        set.sources.iter().filter(|source| source.engine_text().contains(PART)).count()
    }

    fn findings(set: &PolicySet) -> (Vec<String>, Vec<String>, Vec<String>) {
        let evaluation = set.evaluate(PolicyInput { name: "plan.json", text: PLAN, plan: None, cost: None });
        let found = evaluation.findings.iter().map(|finding| finding.message.clone()).collect();
        let lines =
            evaluation.prints.iter().map(|line| line.rsplit('/').next().unwrap_or_default().to_owned());
        let errors = evaluation.errors.iter().chain(&evaluation.diagnostics);
        (found, lines.collect(), errors.map(|error| error.to_string()).collect())
    }

    #[test]
    fn a_set_in_parts_is_the_set_as_a_whole() {
        let (few, many) = (load(&policies(WORTH_PARTS - 1, "")), load(&policies(WORTH_PARTS, "")));
        assert_eq!((parts(&few), parts(&many)), (0, WORTH_PARTS));
        let (few, many) = (findings(&few), findings(&many));
        assert_eq!(few.0, many.0);
        assert_eq!(few.0.len(), 15);
        assert_eq!((few.1.as_slice(), many.1.len()), (&many.1[..WORTH_PARTS - 1], WORTH_PARTS));
        assert_eq!((few.2, many.2), (Vec::new(), Vec::new()));
        assert_eq!(load(&policies(WORTH_PARTS, "")).rules().len(), 1);
    }

    #[test]
    fn a_set_whose_parts_could_be_seen_stays_whole() {
        for (more, expected) in [
            ("x := count(data.main.deny)", WORTH_PARTS),
            ("import data.main\nx := count(main.deny)", WORTH_PARTS),
            ("x := count(data.main)", 0),
            ("import data.main\nx := main", 0),
            ("x := data.main[_]", 0),
            ("x := data[_].deny", 0),
            ("x if 1 == 1 with data.main.deny as {1}", 0),
            ("x if 1 == 1 with data.main as {}", 0),
        ] {
            let mut policies = policies(WORTH_PARTS, more);
            policies.push("package uses\ndeny contains 1 if data.other.x".to_owned());
            assert_eq!(parts(&load(&policies)), expected, "{more}");
        }
        let mut policies = policies(WORTH_PARTS, "");
        policies.push("package main\ndeny[\"a\"] := 1 if input.x".to_owned());
        assert_eq!(parts(&load(&policies)), 0);
    }

    #[test]
    fn an_error_in_a_part_is_one_of_the_set() {
        let mut policies = policies(WORTH_PARTS, "");
        policies.push("package main\ndeny contains \"x\" if to_number(\"a\") == 1".to_owned());
        let (found, _, errors) = findings(&load(&policies));
        assert_eq!(found.len(), 15);
        assert!(
            errors.len() == 1 && errors[0].starts_with("rule `data.main.deny` may have missed"),
            "{errors:?}"
        );
    }

    #[test]
    fn names_of_parts_are_read_back() {
        assert_eq!(whole("__pg_part_12_deny_all_1"), "deny_all_1");
        assert_eq!(whole("deny"), "deny");
    }

    /// What a set costs must not grow with the square of its rules, neither by what is merged after each rule nor by the
    /// names that the engine copies for each file.
    #[test]
    fn a_set_has_few_parts_of_few_rules() {
        let named = |count: usize| {
            let mut set = load(&policies(count, ""));
            let texts: Vec<String> = set
                .engine
                .get_modules()
                .iter()
                .map(|module| module.package.span.source.contents().to_string())
                .collect();
            let united: Vec<&String> = texts.iter().filter(|text| text.contains(UNITED)).collect();
            assert_eq!(united.len(), 1);
            let rules = texts.len() - 2;
            let heads = texts.iter().filter_map(|text| text.strip_prefix("package main\n__pg_part_"));
            let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
            heads.filter_map(|text| text.split_once('_')).for_each(|(part, _)| {
                *sizes.entry(part).or_default() += 1;
            });
            assert_eq!(sizes.values().sum::<usize>(), rules);
            (united[0].matches(PART).count(), sizes.into_values().max())
        };
        assert_eq!(named(WORTH_PARTS), (WORTH_PARTS, Some(1)));
        assert_eq!(named(MOST_PARTS), (MOST_PARTS, Some(1)));
        assert_eq!(named(3 * MOST_PARTS), (MOST_PARTS, Some(3)));
    }
}
