//! The blocks of a plan with what is done with their objects, and the dependencies between them.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::redact::Redactor;
use planguard_plan::{Address, Dependencies, DependencyEnd, Mode, Plan, Provenance};

use crate::show::{Deed, deed, does_something};

/// A block and its objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// The path of its module without keys.
    pub(super) module: String,
    /// Whether it is a data source.
    pub(super) is_data: bool,
    /// How many objects the plan has of it.
    pub(super) instances: usize,
    /// What is done with how many of them.
    pub(super) deeds: Vec<(Deed, usize)>,
}

/// The blocks of a plan by their addresses, and what depends on what.
pub(super) struct Blocks {
    pub(super) all: BTreeMap<String, Block>,
    /// From what depends to what it depends on. Ends that stand for modules are resolved.
    pub(super) arrows: BTreeMap<(String, String), Provenance>,
}

impl Blocks {
    pub(super) fn of(plan: &Plan<'_>, dependencies: &Dependencies, redactor: &Redactor) -> Self {
        let mut all: BTreeMap<String, Block> = BTreeMap::new();
        if let Some(configuration) = &plan.configuration {
            for module in configuration.modules() {
                for resource in &module.resources {
                    let block = all.entry(resource.address.clone()).or_default();
                    block.module.clone_from(&module.path);
                    block.is_data = resource.mode == Mode::Data;
                }
            }
        }
        for change in &plan.resource_changes {
            let address = &change.address;
            let block = all.entry(address.configuration_address()).or_default();
            block.module = module_path(address);
            block.is_data = address.mode == Mode::Data;
            block.instances += 1;
            if does_something(change) {
                let deed = deed(change, redactor);
                match block.deeds.iter_mut().find(|(known, _)| *known == deed) {
                    Some((_, number)) => *number += 1,
                    None => block.deeds.push((deed, 1)),
                }
            }
        }
        let mut arrows = resolved(&all, dependencies);
        pass_on(&all, &mut arrows);
        Self { all, arrows }
    }

    /// What depends on each block.
    pub(super) fn dependents(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut dependents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (from, to) in self.arrows.keys() {
            dependents.entry(to).or_default().push(from);
        }
        dependents
    }
}

impl Block {
    /// Whether there is something to draw: a block whose `count` is 0 has nothing.
    pub(super) const fn is_used(&self) -> bool {
        self.instances > 0 || self.is_data
    }

    /// Whether something is done with an object of it. To read a data source changes nothing.
    pub(super) fn changes(&self) -> bool {
        self.deeds.iter().any(|(deed, _)| !matches!(deed, Deed::Read | Deed::Open))
    }
}

/// What depends on a block without objects depends on what that depends on.
fn pass_on(all: &BTreeMap<String, Block>, arrows: &mut BTreeMap<(String, String), Provenance>) {
    let is_used = |address: &str| all.get(address).is_some_and(Block::is_used);
    let mut below: BTreeMap<&str, Vec<(&str, Provenance)>> = BTreeMap::new();
    for ((from, to), provenance) in arrows.iter() {
        below.entry(from).or_default().push((to, *provenance));
    }
    let mut passed: BTreeMap<(String, String), Provenance> = BTreeMap::new();
    for ((from, to), provenance) in arrows.iter().filter(|((from, to), _)| is_used(from) && !is_used(to)) {
        let mut seen = BTreeSet::from([to.as_str()]);
        let mut next = vec![(to.as_str(), *provenance)];
        while let Some((here, so_far)) = next.pop() {
            for (to, provenance) in below.get(here).into_iter().flatten() {
                // A way is known as well as its worst part.
                let provenance = so_far.max(*provenance);
                if is_used(to) && *to != from {
                    let known = passed.entry((from.clone(), (*to).to_owned())).or_insert(provenance);
                    *known = provenance.min(*known);
                } else if !is_used(to) && seen.insert(to) {
                    next.push((to, provenance));
                }
            }
        }
    }
    for (pair, provenance) in passed {
        arrows.entry(pair).or_insert(provenance);
    }
}

/// The path of a module without keys.
fn module_path(address: &Address) -> String {
    let steps: Vec<String> = address.modules.iter().map(|step| format!("module.{}", step.name)).collect();
    steps.join(".")
}

/// A block that depends on a module depends on each block in it, and each block of a module on what the module depends on.
/// Where that would be very many pairs, those of blocks that no other block of the module depends on stand for all.
fn resolved(
    all: &BTreeMap<String, Block>,
    dependencies: &Dependencies,
) -> BTreeMap<(String, String), Provenance> {
    let mut arrows: BTreeMap<(String, String), Provenance> = BTreeMap::new();
    let mut of_modules = Vec::new();
    for dependency in &dependencies.all {
        match (&dependency.from, &dependency.to) {
            (DependencyEnd::Block(from), DependencyEnd::Block(to)) => {
                if all.contains_key(from) && all.contains_key(to) {
                    arrows.insert((from.clone(), to.clone()), dependency.provenance);
                }
            }
            (DependencyEnd::Block(_) | DependencyEnd::Module(_), _) => of_modules.push(dependency),
        }
    }
    let (mut depends, mut is_needed) = (BTreeSet::new(), BTreeSet::new());
    for (from, to) in arrows.keys() {
        depends.insert(from.clone());
        is_needed.insert(to.clone());
    }
    let within = |module: &str, address: &str| {
        let path = all.get(address).map_or("", |block| block.module.as_str());
        path == module || path.strip_prefix(module).is_some_and(|rest| rest.starts_with('.'))
    };
    // The ends of an arrow within a module: the last things that it makes, or the first.
    let ends = |end: &DependencyEnd, inner: &BTreeSet<String>| -> Vec<String> {
        match end {
            DependencyEnd::Block(block) => vec![block.clone()],
            DependencyEnd::Module(module) => {
                let members: Vec<&String> = all.keys().filter(|address| within(module, address)).collect();
                let outer: Vec<String> = members
                    .iter()
                    .filter(|address| !inner.contains(**address))
                    .map(|a| (*a).clone())
                    .collect();
                if outer.is_empty() { members.into_iter().cloned().collect() } else { outer }
            }
        }
    };
    for dependency in of_modules {
        // Of what is depended on, that which nothing else needs comes last; of what depends, that which needs nothing
        // comes first.
        let (from, to) = (ends(&dependency.from, &depends), ends(&dependency.to, &is_needed));
        for from in &from {
            for to in to.iter().filter(|to| *to != from) {
                arrows.entry((from.clone(), to.clone())).or_insert(dependency.provenance);
            }
        }
    }
    arrows
}
