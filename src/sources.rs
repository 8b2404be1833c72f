//! The configuration that a plan was made of, if it is at hand: findings point to its lines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use planguard_plan::input::Origin;
use planguard_plan::{Address, Dependencies, Plan, Unseen};
use planguard_source::{Configuration, Sought, Tool, holds_configuration};

/// Where the configurations of plans are looked for. Each is read once, and only when a finding needs it.
#[derive(Debug, Default)]
pub struct Sources {
    place: SourceDirectory,
    read: Mutex<BTreeMap<PathBuf, Arc<Configuration>>>,
}

/// Where the configuration of a plan is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SourceDirectory {
    /// Nowhere.
    #[default]
    None,
    /// In this directory.
    Named(PathBuf),
    /// In the directory of the plan, or else in the working directory, if the plan was made of it.
    Inferred,
}

impl Sources {
    /// Configurations in this place.
    pub fn new(place: SourceDirectory) -> Self {
        Self { place, read: Mutex::default() }
    }

    /// The configuration of a plan; `None` if there is none at hand, or if the plan was not made of it.
    pub(crate) fn of(&self, plan: &Plan<'_>, origin: &Origin) -> Option<Arc<Configuration>> {
        let candidates = match &self.place {
            SourceDirectory::None => Vec::new(),
            SourceDirectory::Named(directory) => vec![directory.clone()],
            SourceDirectory::Inferred => {
                let beside = file_of(origin).and_then(Path::parent).map(Path::to_owned);
                let here = PathBuf::from(".");
                let beside =
                    beside.map(|beside| if beside.as_os_str().is_empty() { here.clone() } else { beside });
                beside.into_iter().chain([here]).filter(|directory| holds_configuration(directory)).collect()
            }
        };
        candidates
            .into_iter()
            .map(|directory| self.read(directory))
            .find(|configuration| is_source_of(configuration, plan))
    }

    /// What depends on what in a plan, also through what only the files of its configuration tell, if they are at hand.
    pub(crate) fn dependencies(&self, plan: &Plan<'_>, origin: &Origin) -> Dependencies {
        let Some(configuration) = self.of(plan, origin) else { return plan.dependencies() };
        let local = |module: &str, name: &str| local_references(&configuration, module, name);
        let dynamic = |address: &str| {
            let address: Option<Address> = address.parse().ok();
            address.map(|address| configuration.dynamic_references(&address)).unwrap_or_default()
        };
        plan.dependencies_with(Some(Unseen { local: &local, dynamic: &dynamic }))
    }

    /// The directory that the user named.
    pub(crate) fn named(&self) -> Option<&Path> {
        match &self.place {
            SourceDirectory::Named(directory) => Some(directory),
            SourceDirectory::None | SourceDirectory::Inferred => None,
        }
    }

    fn read(&self, directory: PathBuf) -> Arc<Configuration> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let configuration =
            read.entry(directory).or_insert_with_key(|directory| Arc::new(Configuration::read(directory)));
        Arc::clone(configuration)
    }
}

/// What a local value refers to, by the path of its module without keys and its name; `None` if the files do not tell.
pub(crate) fn local_references(
    configuration: &Configuration,
    module: &str,
    name: &str,
) -> Option<Vec<String>> {
    let calls: Vec<&str> = module.split('.').skip(1).step_by(2).collect();
    configuration.local_references(&calls, name)
}

fn file_of(origin: &Origin) -> Option<&Path> {
    match origin {
        Origin::File(path) => Some(path),
        Origin::Line { within, .. } => file_of(within),
        Origin::Stdin | Origin::Memory(_) => None,
    }
}

/// Whether every block of the root module that the plan names is in the configuration, with a call of every module. A
/// directory often holds another configuration than that of the plan, and its lines would be wrong.
fn is_source_of(configuration: &Configuration, plan: &Plan<'_>) -> bool {
    let has_block = |address: &Address| {
        let sought = Sought { address, attribute: None, after: None, tool: None };
        configuration.locate(&sought).is_some()
    };
    let root = plan.configuration.as_ref().and_then(|of_plan| of_plan.modules().first());
    let mut blocks = root.into_iter().flat_map(|root| &root.resources);
    let blocks_are_there =
        blocks.all(|block| block.address.parse().is_ok_and(|address: Address| has_block(&address)));
    let mut existing =
        plan.resource_changes.iter().filter(|change| change.exists_after()).map(|change| &change.address);
    blocks_are_there
        && existing.all(|address| {
            let has_call = || {
                [Tool::Terraform, Tool::OpenTofu]
                    .iter()
                    .any(|tool| configuration.call(address, *tool).is_some())
            };
            if address.modules.is_empty() { has_block(address) } else { has_call() }
        })
}
