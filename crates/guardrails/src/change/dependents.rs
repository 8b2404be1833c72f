//! Tells what depends on an object that is destroyed or replaced, and stays.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::{Dependency, DependencyEnd, Mode, Plan, ResourceChange};

/// What depends on what in a plan, turned around; read for the first object that needs it.
pub(super) struct Dependents<'p> {
    plan: &'p Plan<'p>,
    read: OnceCell<Read>,
}

struct Read {
    /// By what is depended on.
    dependents: BTreeMap<DependencyEnd, Vec<DependencyEnd>>,
    /// The blocks of which a managed object exists after the plan.
    staying: BTreeSet<String>,
}

/// A search ends here: whoever reads that a hundred things depend on an object needs no exact number.
const MOST: usize = 100;

impl<'p> Dependents<'p> {
    pub(super) fn new(plan: &'p Plan<'p>) -> Self {
        Self { plan, read: OnceCell::new() }
    }

    /// The end of a sentence about an object that goes: what depends on it, itself or through others, and stays. Empty if the
    /// plan shows nothing.
    pub(super) fn clause(&self, resource: &ResourceChange<'_>) -> String {
        let found = self.of(&resource.address.configuration_address());
        let Some(first) = found.first() else { return String::new() };
        match found.len() - 1 {
            0 => format!("; {first} depends on it"),
            more if more + 1 >= MOST => format!("; {first} and at least {more} more depend on it"),
            more => format!("; {first} and {more} more depend on it"),
        }
    }

    /// The blocks that depend on a block and stay.
    fn of(&self, block: &str) -> BTreeSet<String> {
        let read = self.read.get_or_init(|| Read::of(self.plan));
        let mut found = BTreeSet::new();
        let mut seen: BTreeSet<DependencyEnd> = ends_of(block).collect();
        let mut next: Vec<DependencyEnd> = seen.iter().cloned().collect();
        while let Some(end) = next.pop() {
            for dependent in read.dependents.get(&end).into_iter().flatten() {
                let blocks: Vec<&String> = match dependent {
                    DependencyEnd::Block(address) => read.staying.get(address).into_iter().collect(),
                    DependencyEnd::Module(path) => {
                        let within = format!("{path}.");
                        let from = read.staying.range(within.clone()..);
                        from.take_while(|address| address.starts_with(&within)).take(MOST).collect()
                    }
                };
                found.extend(blocks.into_iter().filter(|address| *address != block).cloned());
                if found.len() >= MOST || seen.len() >= MOST * MOST {
                    return found;
                }
                if seen.insert(dependent.clone()) {
                    next.push(dependent.clone());
                }
            }
        }
        found
    }
}

impl Read {
    fn of(plan: &Plan<'_>) -> Self {
        let mut dependents: BTreeMap<DependencyEnd, Vec<DependencyEnd>> = BTreeMap::new();
        for Dependency { from, to, .. } in plan.dependencies().all {
            dependents.entry(to).or_default().push(from);
        }
        let staying = plan.each_change().filter(|change| {
            change.address.mode == Mode::Managed && change.deposed.is_none() && change.exists_after()
        });
        Self { dependents, staying: staying.map(|change| change.address.configuration_address()).collect() }
    }
}

/// A block, and the modules around it, which others may name as a whole.
fn ends_of(block: &str) -> impl Iterator<Item = DependencyEnd> + use<> {
    let mut modules = Vec::new();
    let mut parts = block.split('.').peekable();
    let mut path: Vec<&str> = Vec::new();
    while parts.next_if_eq(&"module").is_some() {
        path.extend(["module", parts.next().unwrap_or_default()]);
        modules.push(DependencyEnd::Module(path.join(".")));
    }
    modules.into_iter().chain([DependencyEnd::Block(block.to_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clause(expressions: &[(&str, &str)]) -> String {
        let entry = |address: &str, actions: &str, after: &str| {
            format!(
                r#"{{"address": "{address}", "change": {{"actions": [{actions}], "before": {{}}, "after": {after}}}}}"#
            )
        };
        let mut changes = vec![entry("aws_db_instance.db", r#""delete", "create""#, "{}")];
        let mut blocks = vec![
            r#"{"address": "aws_db_instance.db", "mode": "managed", "type": "aws_db_instance", "name": "db", "expressions": {}}"#.to_owned(),
        ];
        for (name, on) in expressions {
            let gone = name.starts_with("gone");
            changes.push(entry(
                &format!("aws_x.{name}"),
                if gone { r#""delete""# } else { r#""no-op""# },
                if gone { "null" } else { "{}" },
            ));
            blocks.push(format!(
                r#"{{"address": "aws_x.{name}", "mode": "managed", "type": "aws_x", "name": "{name}",
                    "expressions": {{"of": {{"references": ["{on}.id", "{on}"]}}}}}}"#
            ));
        }
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{}], "configuration": {{"root_module": {{"resources": [{}]}}}}}}"#,
            changes.join(","),
            blocks.join(",")
        );
        let plan = Plan::parse(&text).unwrap();
        Dependents::new(&plan).clause(&plan.resource_changes[0])
    }

    #[test]
    fn what_depends_on_it_itself_or_through_others_and_stays_is_told() {
        assert_eq!(clause(&[]), "");
        assert_eq!(clause(&[("a", "aws_vpc.other")]), "");
        assert_eq!(clause(&[("a", "aws_db_instance.db")]), "; aws_x.a depends on it");
        assert_eq!(clause(&[("gone", "aws_db_instance.db")]), "");
        assert_eq!(
            clause(&[("b", "aws_db_instance.db"), ("a", "aws_x.b"), ("c", "aws_x.a")]),
            "; aws_x.a and 2 more depend on it"
        );
    }

    #[test]
    fn a_search_ends_where_nobody_counts_any_more() {
        let names: Vec<String> = (0..300).map(|number| format!("a{number:03}")).collect();
        let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "aws_db_instance.db")).collect();
        assert_eq!(clause(&all), "; aws_x.a000 and at least 99 more depend on it");
    }

    #[test]
    fn modules_around_a_block_are_ends_as_well() {
        let ends: Vec<DependencyEnd> = ends_of("module.a.module.b.aws_x.c").collect();
        assert_eq!(
            ends,
            [
                DependencyEnd::Module("module.a".to_owned()),
                DependencyEnd::Module("module.a.module.b".to_owned()),
                DependencyEnd::Block("module.a.module.b.aws_x.c".to_owned()),
            ]
        );
    }
}
