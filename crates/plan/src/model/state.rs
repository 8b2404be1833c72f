//! `planned_values` and `prior_state`: which objects they list, with the text of their values.
//!
//! Both are read together with the rest of the plan, so that nobody has to go through their text again, which is most
//! of a plan.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::PlanError;
use super::address::Mode;
use super::section::{Section, SectionReader};
use super::value::Value;

/// The values of a state (`internal/command/jsonstate`, `StateValues`).
#[derive(Debug, Default, Deserialize)]
#[serde(remote = "Self")]
pub(super) struct StateValues<'a> {
    #[serde(borrow)]
    outputs: Option<BTreeMap<Cow<'a, str>, StateOutput<'a>>>,
    #[serde(borrow)]
    root_module: Option<StateModule<'a>>,
}

/// `prior_state`: a state as `terraform show -json` prints it.
#[derive(Debug, Default, Deserialize)]
#[serde(remote = "Self")]
pub(super) struct PriorState<'a> {
    #[serde(borrow)]
    pub(super) values: Option<StateValues<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
pub(super) struct StateOutput<'a> {
    pub(super) sensitive: Option<bool>,
    #[serde(borrow, default)]
    pub(super) value: Section<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
struct StateModule<'a> {
    #[serde(borrow)]
    address: Option<Cow<'a, str>>,
    #[serde(borrow)]
    resources: Option<Vec<StateResource<'a>>>,
    #[serde(borrow)]
    child_modules: Option<Vec<Self>>,
}

#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
pub(super) struct StateResource<'a> {
    #[serde(borrow)]
    pub(super) address: Option<Cow<'a, str>>,
    #[serde(borrow)]
    mode: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    pub(super) resource_type: Option<Cow<'a, str>>,
    /// What it depended on when it was last applied, by addresses of blocks; also through others.
    #[serde(borrow)]
    pub(super) depends_on: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow)]
    deposed_key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) values: Section<'a>,
    #[serde(borrow, default)]
    pub(super) sensitive_values: Section<'a>,
}

super::only_object::only_objects!(StateValues, PriorState, StateOutput, StateModule, StateResource);

impl<'a> StateValues<'a> {
    pub(super) fn outputs(&self) -> impl Iterator<Item = &StateOutput<'a>> {
        self.outputs.iter().flat_map(BTreeMap::values)
    }

    /// Calls `visit` with the address of the module of every object, and with the object.
    pub(super) fn each_resource<'s>(&'s self, visit: &mut impl FnMut(&'s str, &'s StateResource<'a>)) {
        if let Some(root) = &self.root_module {
            root.each_resource(visit);
        }
    }

    /// The types and values of the managed objects.
    pub(super) fn objects(
        &self,
        reader: &SectionReader,
    ) -> Result<Vec<(Cow<'a, str>, Value<'a>)>, PlanError> {
        let mut objects = Vec::new();
        self.each_resource(&mut |_, resource| {
            if let Some(of_type) = resource.resource_type.clone().filter(|_| resource.is_current_managed()) {
                objects.push((of_type, resource.values));
            }
        });
        let values = objects
            .into_iter()
            .map(|(of_type, values)| Ok(reader.value(values)?.map(|values| (of_type, values))));
        values.filter_map(Result::transpose).collect()
    }
}

impl<'a> StateModule<'a> {
    fn each_resource<'s>(&'s self, visit: &mut impl FnMut(&'s str, &'s StateResource<'a>)) {
        let module = self.address.as_deref().unwrap_or_default();
        self.resources.iter().flatten().for_each(|resource| visit(module, resource));
        self.child_modules.iter().flatten().for_each(|module| module.each_resource(visit));
    }
}

impl StateResource<'_> {
    /// The mode; an object without one, which only an edited state has, counts as managed.
    pub(super) fn mode(&self) -> Mode {
        if self.mode.as_deref() == Some(Mode::Data.as_str()) { Mode::Data } else { Mode::Managed }
    }

    /// Whether it is said to be the current object of a resource.
    pub(super) fn is_current_managed(&self) -> bool {
        self.mode.as_deref() == Some(Mode::Managed.as_str()) && self.deposed_key.is_none()
    }
}
