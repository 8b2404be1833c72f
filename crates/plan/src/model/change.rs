//! Resource changes: the actions on each object, and both of its sides.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use planguard_schemas::Schema;
use serde::Deserialize;

use super::PlanError;
use super::actions::Actions;
use super::address::{Address, InstanceKey, Mode};
use super::attribute_path::AttributePath;
use super::contradiction::Identity;
use super::section::{Section, SectionReader};
use super::value::Value;

/// One entry of `resource_changes`, `resource_drift` or `deferred_changes`.
#[derive(Clone, Debug)]
pub struct ResourceChange<'a> {
    /// The address.
    pub address: Address,
    /// The former address, if it is moved.
    pub previous_address: Option<Address>,
    /// The key of a deposed object, which an interrupted replacement left behind. Together with the
    /// address it identifies the object.
    pub deposed: Option<Cow<'a, str>>,
    /// The provider that manages it, for example `registry.terraform.io/hashicorp/aws`.
    pub provider_name: Option<Cow<'a, str>>,
    /// The reason of the action, if the plan gives one.
    pub action_reason: Option<ActionReason>,
    /// The actions.
    pub change: Change<'a>,
    /// The field of the entry that says something else of the object than its address, if one does.
    pub(super) mismatch: Option<&'static str>,
    /// Whether it is seen as an object of another type than its own, so that its configuration says nothing of its
    /// attributes.
    pub(super) is_translated: bool,
    /// The schema of its type, looked up when it is first asked for.
    pub(super) schema: OnceLock<Option<Schema>>,
}

/// Both sides of a change and the masks that mark unknown and sensitive values.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// The actions.
    pub actions: Actions,
    /// The object before the change; `None` if it does not exist.
    pub before: Option<Arc<Value<'a>>>,
    /// The object after the change, without unknown values; `None` if it does not exist or all
    /// of it is unknown.
    pub after: Option<Arc<Value<'a>>>,
    /// The places in `after` that are known after apply.
    pub after_unknown: Option<Value<'a>>,
    /// The sensitive places in `before`.
    pub before_sensitive: Option<Value<'a>>,
    /// The sensitive places in `after`.
    pub after_sensitive: Option<Value<'a>>,
    /// The attributes that force a replacement.
    pub replace_paths: Vec<AttributePath>,
    /// How the object is imported, if it is.
    pub importing: Option<Importing<'a>>,
    /// The configuration that Terraform generated for an imported object.
    pub generated_config: Option<Cow<'a, str>>,
    /// The provider's identity of the object before the change (Terraform 1.12).
    pub before_identity: Option<Value<'a>>,
    /// The provider's identity of the object after the change.
    pub after_identity: Option<Value<'a>>,
    /// The text of `before`.
    pub(super) before_text: Section<'a>,
    /// The text of `after`.
    pub(super) after_text: Section<'a>,
}

/// An `import` block.
#[derive(Clone, Debug)]
pub struct Importing<'a> {
    /// The identifier.
    pub id: Option<Cow<'a, str>>,
    /// Whether the identifier is known only after apply.
    pub unknown: bool,
    /// The identity object that replaces an identifier (Terraform 1.12).
    pub identity: Option<Value<'a>>,
}

/// The sides of an object, as another type has them.
#[derive(Clone, Debug)]
pub struct Translation<'a> {
    /// The values before the change.
    pub before: Option<Value<'a>>,
    /// The values after the change.
    pub after: Option<Value<'a>>,
    /// The mask of what is known only after apply.
    pub after_unknown: Value<'a>,
}

super::only_object::only_objects!(RawResourceChange, RawChange, RawImporting);

impl<'a> ResourceChange<'a> {
    /// The same change of the same object, seen as one of another resource type. If anything of the object is sensitive,
    /// all of it is.
    #[must_use]
    pub fn seen_as(&self, resource_type: &str, translation: Translation<'a>) -> Self {
        let Translation { before, after, after_unknown } = translation;
        let mask = |mask: &Option<Value<'a>>| mask.as_ref().map(|mask| Value::Bool(mask.has_true_leaf()));
        let change = &self.change;
        Self {
            address: self.address.clone(),
            previous_address: self.previous_address.clone(),
            deposed: self.deposed.clone(),
            provider_name: self.provider_name.clone(),
            action_reason: self.action_reason.clone(),
            change: Change {
                actions: change.actions.clone(),
                before: before.map(Arc::new),
                after: after.map(Arc::new),
                after_unknown: Some(after_unknown),
                before_sensitive: mask(&change.before_sensitive),
                after_sensitive: mask(&change.after_sensitive),
                replace_paths: Vec::new(),
                importing: change.importing.clone(),
                generated_config: None,
                before_identity: None,
                after_identity: None,
                before_text: Section::default(),
                after_text: Section::default(),
            },
            mismatch: None,
            is_translated: true,
            schema: OnceLock::from(planguard_schemas::resource(resource_type)),
        }
    }
}

impl ResourceChange<'_> {
    /// Whether it is seen as one of another type than its own.
    pub fn is_translated(&self) -> bool {
        self.is_translated
    }

    /// Whether the object exists once the plan is applied and stays under management.
    pub fn exists_after(&self) -> bool {
        let actions = &self.change.actions;
        if actions.creates() {
            return true;
        }
        !actions.deletes() && !actions.forgets() && self.deposed.is_none()
    }

    /// The schema of its type; `None` if no known provider has the type.
    pub fn schema(&self) -> Option<&Schema> {
        let look_up = || match self.address.mode {
            Mode::Managed => planguard_schemas::resource(&self.address.resource_type),
            Mode::Data => planguard_schemas::data(&self.address.resource_type),
            Mode::Ephemeral | Mode::Action => None,
        };
        self.schema.get_or_init(look_up).as_ref()
    }

    /// Whether the object exists under management before the plan is applied.
    pub fn exists_before(&self) -> bool {
        self.change.before.as_deref().is_some_and(|before| *before != Value::Null)
    }
}

/// Why Terraform or OpenTofu chose an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionReason {
    /// An attribute cannot be updated in-place.
    ReplaceBecauseCannotUpdate,
    /// The object is tainted.
    ReplaceBecauseTainted,
    /// `-replace` was given.
    ReplaceByRequest,
    /// `replace_triggered_by` applies.
    ReplaceByTriggers,
    /// The block was removed from the configuration.
    DeleteBecauseNoResourceConfig,
    /// `count` or `for_each` was added or removed.
    DeleteBecauseWrongRepetition,
    /// `count` was reduced.
    DeleteBecauseCountIndex,
    /// The key was removed from `for_each`.
    DeleteBecauseEachKey,
    /// The module call was removed.
    DeleteBecauseNoModule,
    /// The target of a `moved` block does not exist.
    DeleteBecauseNoMoveTarget,
    /// `enabled` is false (OpenTofu).
    DeleteBecauseEnabledFalse,
    /// The data source's configuration is unknown.
    ReadBecauseConfigUnknown,
    /// The data source depends on something that changes.
    ReadBecauseDependencyPending,
    /// The data source belongs to a check.
    ReadBecauseCheckNested,
    /// `destroy = false` in the configuration or the state (OpenTofu).
    ForgotBecauseLifecycle,
    /// An unknown reason, treated like none.
    Other(String),
}

impl ActionReason {
    /// The reason as the clause behind `because`; `None` for one that the attributes of a change tell, or that is not
    /// known.
    pub const fn clause(&self) -> Option<&'static str> {
        Some(match self {
            Self::ReplaceBecauseTainted => "it is tainted",
            Self::ReplaceByRequest => "`-replace` requests it",
            Self::ReplaceByTriggers => "its `replace_triggered_by` was triggered",
            Self::DeleteBecauseNoResourceConfig => "its block was removed from the configuration",
            Self::DeleteBecauseNoModule => "its module was removed from the configuration",
            Self::DeleteBecauseCountIndex => "`count` was reduced",
            Self::DeleteBecauseEachKey => "its key was removed from `for_each`",
            Self::DeleteBecauseWrongRepetition => {
                "`count` or `for_each` was added to or removed from its block"
            }
            Self::DeleteBecauseNoMoveTarget => "a `moved` block points to a block that does not exist",
            Self::DeleteBecauseEnabledFalse => "`enabled` is false",
            Self::ReadBecauseConfigUnknown => "its configuration depends on values known after apply",
            Self::ReadBecauseDependencyPending => "it depends on something that changes",
            Self::ReadBecauseCheckNested => "it belongs to a check",
            Self::ForgotBecauseLifecycle => "`destroy = false` says so",
            Self::ReplaceBecauseCannotUpdate | Self::Other(_) => return None,
        })
    }

    fn parse(word: &str) -> Self {
        match word {
            "replace_because_cannot_update" => Self::ReplaceBecauseCannotUpdate,
            "replace_because_tainted" => Self::ReplaceBecauseTainted,
            "replace_by_request" => Self::ReplaceByRequest,
            "replace_by_triggers" => Self::ReplaceByTriggers,
            "delete_because_no_resource_config" => Self::DeleteBecauseNoResourceConfig,
            "delete_because_wrong_repetition" => Self::DeleteBecauseWrongRepetition,
            "delete_because_count_index" => Self::DeleteBecauseCountIndex,
            "delete_because_each_key" => Self::DeleteBecauseEachKey,
            "delete_because_no_module" => Self::DeleteBecauseNoModule,
            "delete_because_no_move_target" => Self::DeleteBecauseNoMoveTarget,
            "delete_because_enabled_false" => Self::DeleteBecauseEnabledFalse,
            "read_because_config_unknown" => Self::ReadBecauseConfigUnknown,
            "read_because_dependency_pending" => Self::ReadBecauseDependencyPending,
            "read_because_check_nested" => Self::ReadBecauseCheckNested,
            "forgot_because_lifecycle_destroy_in_state" | "forgot_because_lifecycle_destroy_in_config" => {
                Self::ForgotBecauseLifecycle
            }
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A resource change as plan JSON writes it.
#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(super) struct RawResourceChange<'a> {
    #[serde(borrow)]
    address: Option<Cow<'a, str>>,
    #[serde(borrow)]
    previous_address: Option<Cow<'a, str>>,
    index_unknown: Option<bool>,
    #[serde(borrow)]
    deposed: Option<Cow<'a, str>>,
    #[serde(borrow)]
    provider_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    action_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    change: Option<RawChange<'a>>,
    #[serde(borrow)]
    module_address: Option<Cow<'a, str>>,
    #[serde(borrow)]
    mode: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    resource_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
struct RawChange<'a> {
    actions: Option<Actions>,
    #[serde(borrow, default)]
    before: Section<'a>,
    #[serde(borrow, default)]
    after: Section<'a>,
    #[serde(borrow, default)]
    after_unknown: Section<'a>,
    #[serde(borrow, default)]
    before_sensitive: Section<'a>,
    #[serde(borrow, default)]
    after_sensitive: Section<'a>,
    #[serde(borrow, default)]
    replace_paths: Section<'a>,
    #[serde(borrow)]
    importing: Option<RawImporting<'a>>,
    #[serde(borrow)]
    generated_config: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    before_identity: Section<'a>,
    #[serde(borrow, default)]
    after_identity: Section<'a>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
struct RawImporting<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    unknown: Option<bool>,
    #[serde(borrow, default)]
    identity: Section<'a>,
}

impl<'a> RawResourceChange<'a> {
    /// Converts the raw entry number `position` of `section`.
    pub(super) fn read(
        self,
        section: &'static str,
        position: usize,
        reader: &SectionReader,
    ) -> Result<ResourceChange<'a>, PlanError> {
        let missing = |field| PlanError::MissingField { section, position, field };
        let address = self.address.ok_or_else(|| missing("address"))?;
        let address = parse_address(&address, section, position)?;
        let change = self.change.ok_or_else(|| missing("change"))?;
        let mismatch = Identity {
            module_address: self.module_address.as_deref(),
            mode: self.mode.as_deref(),
            resource_type: self.resource_type.as_deref(),
            name: self.name.as_deref(),
        }
        .mismatch(&address);
        let mut read = ResourceChange {
            address,
            previous_address: match self.previous_address {
                Some(previous) if !previous.is_empty() => Some(parse_address(&previous, section, position)?),
                Some(_) | None => None,
            },
            deposed: self.deposed.filter(|key| !key.is_empty()),
            provider_name: self.provider_name.filter(|name| !name.is_empty()),
            action_reason: self
                .action_reason
                .filter(|reason| !reason.is_empty())
                .map(|reason| ActionReason::parse(&reason)),
            change: change.read(section, position, reader)?,
            mismatch,
            is_translated: false,
            schema: OnceLock::new(),
        };
        if self.index_unknown == Some(true) && read.address.key.is_none() {
            read.address.key = Some(InstanceKey::Unknown);
        }
        Ok(read)
    }
}

fn parse_address(text: &str, section: &'static str, position: usize) -> Result<Address, PlanError> {
    text.parse().map_err(|source| PlanError::Address { section, position, source })
}

impl<'a> RawChange<'a> {
    fn read(
        self,
        section: &'static str,
        position: usize,
        reader: &SectionReader,
    ) -> Result<Change<'a>, PlanError> {
        let before = reader.value(self.before)?.map(Arc::new);
        // The plan contains an unchanged object twice; parsing and keeping it once halves the work.
        let after = if self.before.same_text(self.after) {
            before.clone()
        } else {
            reader.value(self.after)?.map(Arc::new)
        };
        let replace_paths = match reader.value(self.replace_paths)? {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(paths)) if paths.iter().all(|path| matches!(path, Value::Array(_))) => {
                paths.iter().map(AttributePath::from_steps).collect()
            }
            Some(_) => {
                return Err(PlanError::Shape {
                    place: format!("{section}[{position}].change.replace_paths"),
                    expected: "a list of paths, each a list",
                });
            }
        };
        Ok(Change {
            // A change without a verb cannot be checked.
            actions: self
                .actions
                .filter(|actions| !actions.verbs().is_empty())
                .ok_or(PlanError::MissingField { section, position, field: "change.actions" })?,
            before: before.filter(|value| **value != Value::Null),
            after: after.filter(|value| **value != Value::Null),
            after_unknown: reader.value(self.after_unknown)?,
            before_sensitive: reader.value(self.before_sensitive)?,
            after_sensitive: reader.value(self.after_sensitive)?,
            replace_paths,
            importing: self.importing.map(|importing| importing.read(reader)).transpose()?,
            generated_config: self.generated_config,
            before_identity: reader.value(self.before_identity)?,
            after_identity: reader.value(self.after_identity)?,
            before_text: self.before,
            after_text: self.after,
        })
    }
}

impl<'a> RawImporting<'a> {
    fn read(self, reader: &SectionReader) -> Result<Importing<'a>, PlanError> {
        Ok(Importing {
            id: self.id,
            unknown: self.unknown.unwrap_or(false),
            identity: reader.value(self.identity)?,
        })
    }
}
