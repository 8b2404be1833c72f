//! What depends on what: from the references of the configuration, from `depends_on`, and from what the state recorded.
//!
//! Blocks stand for all their instances. What a plan lacks is not guessed: references that it cannot resolve (locals, if the files
//! of the configuration are not at hand, and whole objects of modules) are counted. The state helps where an object exists already; it lists what an object depends on
//! through others as well, so that only what no other way explains is taken from it.

use std::collections::{BTreeMap, BTreeSet};

use super::Plan;
use super::configuration::Configuration;
use super::references::{Resolution, Unseen};

/// An end of a dependency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DependencyEnd {
    /// A block, by its address without keys.
    Block(String),
    /// All blocks of a module and of the modules that it calls, by its path without keys.
    Module(String),
}

/// How a dependency is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provenance {
    /// An expression refers to it, perhaps through variables and outputs.
    Expression,
    /// `depends_on` names it.
    DependsOn,
    /// Only the state recorded it.
    State,
}

/// `from` depends on `to`: it is created after it, and destroyed before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// What depends.
    pub from: DependencyEnd,
    /// On what.
    pub to: DependencyEnd,
    /// How that is known.
    pub provenance: Provenance,
}

/// The dependencies of a plan.
#[derive(Clone, Debug, Default)]
pub struct Dependencies {
    /// Each pair of ends once, ordered.
    pub all: Vec<Dependency>,
    /// The references that the plan cannot resolve, with the number of blocks that have them.
    pub unresolved: BTreeMap<String, usize>,
    /// Whether the plan has a configuration; without one, only the state tells dependencies.
    pub has_configuration: bool,
}

/// Dependencies while they are collected: the strongest provenance of each pair.
#[derive(Default)]
struct Found {
    pairs: BTreeMap<(DependencyEnd, DependencyEnd), Provenance>,
    unresolved: BTreeMap<String, BTreeSet<String>>,
}

impl Found {
    fn add(&mut self, from: &DependencyEnd, to: DependencyEnd, provenance: Provenance) {
        if *from == to {
            return;
        }
        let known = self.pairs.entry((from.clone(), to)).or_insert(provenance);
        *known = provenance.min(*known);
    }

    fn unresolved(&mut self, from: &DependencyEnd, reference: String) {
        let (DependencyEnd::Block(block) | DependencyEnd::Module(block)) = from;
        self.unresolved.entry(reference).or_default().insert(block.clone());
    }
}

impl Plan<'_> {
    /// What depends on what.
    pub fn dependencies(&self) -> Dependencies {
        self.dependencies_with(None)
    }

    /// The same, through what the files of the configuration say that the plan leaves out.
    pub fn dependencies_with(&self, unseen: Option<Unseen<'_>>) -> Dependencies {
        let mut found = Found::default();
        if let Some(configuration) = &self.configuration {
            of_configuration(configuration, unseen, &mut found);
        }
        self.of_state(&mut found);
        Dependencies {
            all: found
                .pairs
                .into_iter()
                .map(|((from, to), provenance)| Dependency { from, to, provenance })
                .collect(),
            unresolved: found
                .unresolved
                .into_iter()
                .map(|(reference, blocks)| (reference, blocks.len()))
                .collect(),
            has_configuration: self.configuration.is_some(),
        }
    }

    /// What the state recorded and nothing else explains.
    fn of_state(&self, found: &mut Found) {
        let mut recorded: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        self.prior_state.each_resource(&mut |_, resource| {
            let address = resource.address.as_deref().and_then(|address| address.parse().ok());
            let Some(address) = address.map(|address: super::Address| address.configuration_address()) else {
                return;
            };
            let named = resource.depends_on.iter().flatten().map(|named| named.clone().into_owned());
            recorded.entry(address).or_default().extend(named);
        });
        let mut direct: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let pairs: Vec<(String, String)> = found
            .pairs
            .keys()
            .filter_map(|pair| match pair {
                (DependencyEnd::Block(from), DependencyEnd::Block(to)) => Some((from.clone(), to.clone())),
                (DependencyEnd::Block(_) | DependencyEnd::Module(_), _) => None,
            })
            .collect();
        for (from, to) in &pairs {
            direct.entry(from).or_default().insert(to);
        }
        let mut added = Vec::new();
        for (from, named) in &recorded {
            let own = direct.get(from.as_str());
            for to in
                named.iter().filter(|to| *to != from && !own.is_some_and(|own| own.contains(to.as_str())))
            {
                // Whether it is reached through another one that `from` depends on: the state lists those as well.
                let through = |other: &str| {
                    other != to
                        && (recorded.get(other).is_some_and(|others| others.contains(to))
                            || direct.get(other).is_some_and(|others| others.contains(to.as_str())))
                };
                let is_explained = named.iter().any(|other| through(other))
                    || own.is_some_and(|own| own.iter().any(|other| through(other)));
                if !is_explained {
                    added.push((from.clone(), to.clone()));
                }
            }
        }
        for (from, to) in added {
            found.add(&DependencyEnd::Block(from), DependencyEnd::Block(to), Provenance::State);
        }
    }
}

fn of_configuration<'p>(configuration: &'p Configuration<'p>, unseen: Option<Unseen<'p>>, found: &mut Found) {
    for (position, module) in configuration.modules().iter().enumerate() {
        for resource in &module.resources {
            let from = DependencyEnd::Block(resource.address.clone());
            let repetition = resource.repetition.as_ref();
            let expressions = std::iter::once(&resource.expressions)
                .chain(repetition)
                .chain(&resource.provisioner_expressions);
            for expression in expressions {
                let resolution = configuration.resolve_with(position, expression, repetition, unseen);
                add(configuration, position, resolution, Provenance::Expression, &from, found);
            }
            let hidden = unseen.map(|unseen| (unseen.dynamic)(&resource.address));
            for reference in hidden.iter().flatten() {
                let mut resolution = configuration.resolve_reference(position, reference, unseen);
                // The names that a `dynamic` block binds are no references.
                resolution
                    .unresolved
                    .retain(|name| name.starts_with("local.") || name.starts_with("module."));
                add(configuration, position, resolution, Provenance::Expression, &from, found);
            }
            of_names(configuration, position, &resource.depends_on, &from, found);
        }
        for call in &module.calls {
            let Some(called) = call.module.and_then(|called| configuration.modules().get(called)) else {
                continue;
            };
            let from = DependencyEnd::Module(called.path.clone());
            // All instances of the module wait for its number.
            if let Some(repetition) = &call.repetition {
                let resolution = configuration.resolve_with(position, repetition, None, unseen);
                add(configuration, position, resolution, Provenance::Expression, &from, found);
            }
            of_names(configuration, position, &call.depends_on, &from, found);
        }
    }
}

/// Adds what an expression or name in a module leads to.
fn add(
    configuration: &Configuration<'_>,
    module: usize,
    resolution: Resolution<'_>,
    provenance: Provenance,
    from: &DependencyEnd,
    found: &mut Found,
) {
    for resource in resolution.resources {
        found.add(from, DependencyEnd::Block(resource.address), provenance);
    }
    let path = configuration.modules().get(module).map_or("", |module| module.path.as_str());
    for reference in resolution.unresolved {
        // Every output of a module, or one that it does not have.
        match called(configuration, module, &reference) {
            Some(called) => found.add(from, DependencyEnd::Module(called), provenance),
            None => found.unresolved(from, within(path, &reference)),
        }
    }
}

fn of_names(
    configuration: &Configuration<'_>,
    module: usize,
    names: &[std::borrow::Cow<'_, str>],
    from: &DependencyEnd,
    found: &mut Found,
) {
    for name in names {
        match called(configuration, module, name) {
            Some(called) => found.add(from, DependencyEnd::Module(called), Provenance::DependsOn),
            None => {
                let resolution = configuration.resolve_reference(module, name, None);
                add(configuration, module, resolution, Provenance::DependsOn, from, found);
            }
        }
    }
}

/// The path of the module that a reference is about as a whole, `module.m` or `module.m[0]`; `None` for another
/// reference.
fn called(configuration: &Configuration<'_>, module: usize, reference: &str) -> Option<String> {
    let rest = reference.strip_prefix("module.")?;
    let name = rest.split(['.', '[']).next()?;
    let here = configuration.modules().get(module)?;
    let called = here.call(name)?.module?;
    Some(configuration.modules().get(called)?.path.clone())
}

fn within(path: &str, reference: &str) -> String {
    if path.is_empty() { reference.to_owned() } else { format!("{path}.{reference}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(configuration: &str, state: &str) -> (Vec<String>, Vec<String>) {
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [], "configuration": {{"root_module": {configuration}}},
                "prior_state": {{"format_version": "1.0", "values": {{"root_module": {{"resources": [{state}]}}}}}}}}"#
        );
        let plan = Plan::parse(&text).unwrap();
        let dependencies = plan.dependencies();
        let end = |end: &DependencyEnd| match end {
            DependencyEnd::Block(block) => block.clone(),
            DependencyEnd::Module(module) => format!("all of {module}"),
        };
        let all = dependencies.all.iter().map(|dependency| {
            format!("{} -> {} ({:?})", end(&dependency.from), end(&dependency.to), dependency.provenance)
        });
        let unresolved = dependencies.unresolved.iter().map(|(name, number)| format!("{name} × {number}"));
        (all.collect(), unresolved.collect())
    }

    #[test]
    fn references_lead_through_variables_and_outputs() {
        let (all, unresolved) = told(
            r#"{
                "resources": [
                    {"mode": "managed", "type": "x", "name": "vpc", "expressions": {}},
                    {"mode": "managed", "type": "x", "name": "web", "expressions": {
                        "block": [{"of": {"references": ["module.app.out", "module.app"]}}],
                        "local": {"references": ["local.name"]}},
                     "depends_on": ["module.app", "x.vpc"]}],
                "module_calls": {"app": {
                    "expressions": {"network": {"references": ["x.vpc.id", "x.vpc"]}},
                    "depends_on": ["data.x.zone"],
                    "module": {
                        "variables": {"network": {}},
                        "outputs": {"out": {"expression": {"references": ["x.inner.id", "x.inner"]}}},
                        "resources": [{"mode": "managed", "type": "x", "name": "inner",
                            "expressions": {"network": {"references": ["var.network"]}},
                            "count_expression": {"references": ["local.many"]}}]}}}
            }"#,
            "",
        );
        assert_eq!(
            all,
            [
                "module.app.x.inner -> x.vpc (Expression)",
                "x.web -> module.app.x.inner (Expression)",
                "x.web -> x.vpc (DependsOn)",
                "x.web -> all of module.app (DependsOn)",
            ]
        );
        assert_eq!(unresolved, ["data.x.zone × 1", "local.name × 1", "module.app.local.many × 1"]);
    }

    #[test]
    fn files_tell_of_locals_and_dynamic_blocks() {
        let text = r#"{"format_version": "1.2", "resource_changes": [], "configuration": {"root_module": {
            "resources": [
                {"mode": "managed", "type": "x", "name": "vpc", "expressions": {}},
                {"mode": "managed", "type": "x", "name": "key", "expressions": {}},
                {"mode": "managed", "type": "x", "name": "web", "expressions": {"of": {"references": ["local.a.id", "local.a"]}}}],
            "module_calls": {"app": {
                "expressions": {"network": {"references": ["local.circle"]}},
                "module": {"variables": {"network": {}}, "resources": [
                    {"mode": "managed", "type": "x", "name": "inner", "expressions": {
                        "network": {"references": ["var.network"]}, "of": {"references": ["local.lost"]}}}]}}}}}}"#;
        let plan = Plan::parse(text).unwrap();
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        let local = |module: &str, name: &str| match (module, name) {
            ("", "a") => names(&["local.b", "var.none", "each.key"]),
            ("", "b") => names(&["x.vpc.id"]),
            ("", "circle") => names(&["local.circle", "x.key[0].arn"]),
            _ => None,
        };
        let dynamic = |address: &str| if address == "x.web" { vec!["x.key".to_owned()] } else { Vec::new() };
        let found = plan.dependencies_with(Some(Unseen { local: &local, dynamic: &dynamic }));
        let pairs: Vec<String> =
            found.all.iter().map(|pair| format!("{:?} -> {:?}", pair.from, pair.to)).collect();
        assert_eq!(
            pairs,
            [
                r#"Block("module.app.x.inner") -> Block("x.key")"#,
                r#"Block("x.web") -> Block("x.key")"#,
                r#"Block("x.web") -> Block("x.vpc")"#,
            ]
        );
        assert_eq!(found.unresolved.keys().collect::<Vec<_>>(), ["module.app.local.lost"]);
    }

    #[test]
    fn the_state_adds_what_nothing_else_explains() {
        let resource = |name: &str, on: &str| {
            format!(
                r#"{{"address": "x.{name}[0]", "mode": "managed", "type": "x", "name": "{name}", "index": 0, "values": {{}},
                    "depends_on": [{on}]}}"#
            )
        };
        let state = [
            resource("a", r#""x.b", "x.c", "x.d""#),
            resource("b", r#""x.c""#),
            resource("c", ""),
            resource("d", ""),
        ];
        let configuration = r#"{"resources": [
            {"mode": "managed", "type": "x", "name": "a", "expressions": {"of": {"references": ["x.d.id", "x.d"]}}},
            {"mode": "managed", "type": "x", "name": "d", "expressions": {}}]}"#;
        let (all, _) = told(configuration, &state.join(","));
        assert_eq!(all, ["x.a -> x.b (State)", "x.a -> x.d (Expression)", "x.b -> x.c (State)"]);
    }
}
