//! The plan model, and the only reader of plan JSON.

mod actions;
mod address;
mod attribute;
mod attribute_path;
mod caller;
mod change;
mod configuration;
mod contradiction;
mod dependencies;
mod error;
mod invocation;
mod json_place;
mod lost;
mod mirror;
mod number;
mod only_object;
mod output;
mod planning;
mod provider;
mod read;
mod references;
mod release;
mod section;
mod sensitive;
mod shape;
mod shape_error;
mod state;
mod summary;
mod unknown;
mod value;

pub use actions::{Actions, ReplaceOrder, Verb};
pub use address::{Address, AddressError, InstanceKey, Mode, ModuleStep};
pub use attribute::{Attribute, Mask, ResourceState, Side, View};
pub use attribute_path::{AttributePath, PathStep};
pub use change::{ActionReason, Change, Importing, ResourceChange, Translation};
pub use configuration::{ConfigModule, ConfigResource, Configuration, ModuleCall, ProviderConfig};
pub use contradiction::{Contradiction, SideProblem};
pub use dependencies::{Dependencies, Dependency, DependencyEnd, Provenance};
pub use error::PlanError;
pub use invocation::{ActionInvocation, Check, CheckStatus, DeferredChange, RelevantAttribute};
pub use lost::Witness;
pub use mirror::mirrored;
pub use number::Number;
pub use output::{OutputChange, RootVariable};
pub use references::{Resolution, ResolvedReference, Unseen};
pub use section::Section;
pub use sensitive::sensitive_values;
pub(crate) use sensitive::{common_among, is_setting, names_among};
pub use shape_error::ShapeError;
pub use summary::ChangeSummary;
pub use unknown::{Holds, Owner, SetBy, UnknownValue};
pub use value::{DuplicateKeys, MAX_DEPTH, Object, Value, written_key};

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

use state::StateValues;

/// A plan as guardrails and reports see it. It borrows from the document's text.
#[derive(Debug)]
pub struct Plan<'a> {
    /// `format_version`, for example `1.2`.
    pub format_version: Cow<'a, str>,
    /// The version of Terraform or OpenTofu; a plan does not name the tool.
    pub terraform_version: Option<Cow<'a, str>>,
    /// The values of the root module's variables, defaults included.
    pub variables: BTreeMap<Cow<'a, str>, RootVariable<'a>>,
    /// The resource changes in the plan's order, no-ops included.
    pub resource_changes: Vec<ResourceChange<'a>>,
    /// Changes made outside of Terraform since the last apply.
    pub resource_drift: Vec<ResourceChange<'a>>,
    /// Deferred changes.
    pub deferred_changes: Vec<DeferredChange<'a>>,
    /// Provider actions that the plan invokes (Terraform 1.14), deferred ones included.
    pub action_invocations: Vec<ActionInvocation<'a>>,
    /// Changes of the root module's outputs.
    pub output_changes: BTreeMap<Cow<'a, str>, OutputChange<'a>>,
    /// Results of `check` blocks and conditions; those of `condition_results` (Terraform 1.2) too.
    pub checks: Vec<Check<'a>>,
    /// The attributes whose drift affects this plan; a hint.
    pub relevant_attributes: Vec<RelevantAttribute<'a>>,
    /// The configuration, if the plan has it.
    pub configuration: Option<Configuration<'a>>,
    /// When the plan was created, as RFC 3339.
    pub timestamp: Option<Cow<'a, str>>,
    /// Whether planning failed: then resources are missing from the plan.
    pub errored: Option<bool>,
    /// Whether there is something to apply. OpenTofu does not say.
    pub applyable: Option<bool>,
    /// Whether the plan covers all of the configuration: false after `-target`, deferral and errors.
    pub complete: Option<bool>,
    /// The number of duplicate keys; the last value of each key counts.
    pub duplicate_keys: usize,
    /// The types and values of the managed objects in `prior_state`, if the plan has no `resource_changes` at all, as a plan
    /// of `-refresh-only`.
    pub refreshed: Vec<(Cow<'a, str>, Value<'a>)>,
    /// `planned_values`.
    planned_values: StateValues<'a>,
    /// The values of `prior_state`.
    prior_state: StateValues<'a>,
    /// Whether the plan has `resource_changes`; Terraform before 1.5 leaves out an empty list.
    has_resource_changes: bool,
    /// The types of what the plan changes, found when somebody asks.
    changing: OnceLock<HashSet<String>>,
}

impl<'a> Plan<'a> {
    /// The resource changes in the plan's order. Each that is looked at counts as a step of work, so that the tests of how
    /// work grows see who goes through the plan again and again.
    pub fn each_change<'s>(
        &'s self,
    ) -> impl DoubleEndedIterator<Item = &'s ResourceChange<'a>> + Clone + use<'s, 'a> {
        self.resource_changes.iter().inspect(|_| planguard_work::steps(1))
    }

    /// Whether the plan does anything with a resource of this type.
    pub fn changes_type(&self, resource_type: &str) -> bool {
        let changing = self.changing.get_or_init(|| {
            let changed = self.each_change().filter(|change| !change.change.actions.is_no_op());
            changed.map(|change| change.address.resource_type.clone()).collect()
        });
        changing.contains(resource_type)
    }

    /// The changes made outside of Terraform, counted in the same way.
    pub fn each_drift<'s>(
        &'s self,
    ) -> impl DoubleEndedIterator<Item = &'s ResourceChange<'a>> + Clone + use<'s, 'a> {
        self.resource_drift.iter().inspect(|_| planguard_work::steps(1))
    }
}

impl Plan<'_> {
    /// The addresses that the plan has: of resources, of their blocks, and of modules. Some come more than once.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = String> {
        let deferred = self.deferred_changes.iter().map(|deferred| &deferred.resource_change);
        let changes = self.resource_changes.iter().chain(&self.resource_drift).chain(deferred);
        let of_changes = changes.flat_map(|change| [Some(&change.address), change.previous_address.as_ref()]);
        let of_objects = of_changes.flatten().flat_map(|address| {
            [address.to_string(), address.module_address(), address.configuration_address()]
        });
        let modules = self.configuration.iter().flat_map(|configuration| configuration.modules());
        let of_blocks = modules.flat_map(|module| {
            let blocks = module.resources.iter().map(|resource| resource.address.clone());
            std::iter::once(module.path.clone()).chain(blocks)
        });
        of_objects.chain(of_blocks).filter(|address| !address.is_empty())
    }
}
