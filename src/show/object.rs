//! What a plan does with an object: the deed, why, and the attributes that differ.

use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{
    ActionReason, Address, Attribute, AttributePath, Mode, PathStep, Plan, ReplaceOrder, ResourceChange,
    ResourceState, Side,
};

use super::difference::{Attributes, Differ};
use super::entry::Entry;
use super::place::Place;

/// What is done with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is created.
    Create,
    /// It is updated in-place.
    Update,
    /// It is destroyed.
    Destroy,
    /// It is replaced.
    Replace(ReplaceOrder),
    /// A data source is read at apply.
    Read,
    /// It stays, and Terraform no longer manages it.
    Forget,
    /// It stays unmanaged, and another is created in its place.
    ForgetAndCreate,
    /// An ephemeral object is opened.
    Open,
    /// Nothing but a move or an import.
    Keep,
    /// Something that this version does not know.
    Other(SafeText),
}

impl Deed {
    /// How much a reviewer must look at it: what takes something away comes first.
    pub const fn weight(&self) -> u8 {
        match self {
            Self::Other(_) => 7,
            Self::Destroy => 6,
            Self::Replace(_) => 5,
            Self::Forget | Self::ForgetAndCreate => 4,
            Self::Update => 3,
            Self::Create => 2,
            Self::Keep => 1,
            Self::Read | Self::Open => 0,
        }
    }
}

/// An object and what is done with it.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its place among the objects of its module, which are in the order of their addresses.
    pub place: usize,
    /// The whole address.
    pub address: SafeText,
    /// The address within its module.
    pub name: SafeText,
    /// The address of its block: without keys.
    pub block: SafeText,
    /// The type of the resource or data source.
    pub resource_type: SafeText,
    /// The instance key with its brackets; empty without one.
    pub key: SafeText,
    /// The key of a deposed object.
    pub deposed: Option<SafeText>,
    /// What is done.
    pub deed: Deed,
    /// Why, as the clause behind `because`.
    pub reason: Option<SafeText>,
    /// The address before a move.
    pub moved_from: Option<SafeText>,
    /// The identifier by which it is imported.
    pub imported_by: Option<SafeText>,
    /// The attributes that differ.
    pub entries: Vec<Entry>,
    /// How many attributes stay the same.
    pub same: usize,
    /// How many attributes the provider computes at apply.
    pub computed: usize,
}

/// Whether the plan does anything with an object.
pub(crate) fn does_something(change: &ResourceChange<'_>) -> bool {
    !change.change.actions.is_no_op()
        || change.previous_address.is_some()
        || change.change.importing.is_some()
}

impl Object {
    /// Whether an object that is imported does not outlive the plan.
    pub const fn destroys_import(&self) -> bool {
        self.imported_by.is_some() && matches!(self.deed, Deed::Destroy | Deed::Replace(_))
    }

    /// Whether there was nothing before, so that the provider fills in what nobody sets.
    pub const fn is_new(&self) -> bool {
        matches!(self.deed, Deed::Create | Deed::Read | Deed::ForgetAndCreate)
    }

    pub(super) fn of(
        plan: &Plan<'_>,
        change: &ResourceChange<'_>,
        place: usize,
        redactor: &Redactor,
    ) -> Self {
        let deed = deed(change, redactor);
        let attributes = attributes(plan, change, redactor, &deed);
        let within_module = Address { modules: Vec::new(), ..change.address.clone() };
        Self {
            place,
            address: SafeText::address(&change.address),
            name: SafeText::address(&within_module),
            block: block_of(change, redactor),
            resource_type: type_of(change, redactor),
            key: change.address.key.as_ref().map(SafeText::instance_key).unwrap_or_default(),
            deposed: change.deposed.as_deref().map(|key| redactor.text(key)),
            reason: reason(change, &deed, redactor),
            moved_from: change.previous_address.as_ref().map(SafeText::address),
            imported_by: change.change.importing.as_ref().map(|importing| {
                if importing.unknown {
                    return SafeText::fixed("an identifier known after apply");
                }
                match (&importing.id, &importing.identity) {
                    (Some(id), _) => redactor.text(id),
                    (None, Some(identity)) => redactor.text(&identity.written()),
                    (None, None) => SafeText::fixed("an identifier that the plan does not tell"),
                }
            }),
            deed,
            entries: attributes.entries,
            same: attributes.same,
            computed: attributes.computed,
        }
    }
}

/// The address of the block of an object.
pub(crate) fn block_of(change: &ResourceChange<'_>, redactor: &Redactor) -> SafeText {
    redactor.text(&change.address.configuration_address())
}

/// The type of an object.
pub(crate) fn type_of(change: &ResourceChange<'_>, redactor: &Redactor) -> SafeText {
    redactor.text(&change.address.resource_type)
}

/// What a plan does with an object.
pub(crate) fn deed(change: &ResourceChange<'_>, redactor: &Redactor) -> Deed {
    let actions = &change.change.actions;
    if let Some(unknown) = actions.unknown().next() {
        return Deed::Other(redactor.text(unknown));
    }
    if let Some(order) = actions.replaces() {
        return Deed::Replace(order);
    }
    match (actions.creates(), actions.forgets()) {
        (true, true) => Deed::ForgetAndCreate,
        (true, false) => Deed::Create,
        (false, true) => Deed::Forget,
        (false, false) if actions.deletes() => Deed::Destroy,
        (false, false) if actions.updates() => Deed::Update,
        (false, false) if actions.reads() => Deed::Read,
        (false, false) if actions.is_no_op() => Deed::Keep,
        (false, false) => Deed::Open,
    }
}

/// The reason that the plan gives, or the attributes that force a replacement.
fn reason(change: &ResourceChange<'_>, deed: &Deed, redactor: &Redactor) -> Option<SafeText> {
    if *deed == Deed::Forget {
        return Some(SafeText::fixed("the configuration has `destroy = false` for it"));
    }
    if change.deposed.is_some() && change.action_reason.is_none() {
        return Some(SafeText::fixed("a failed replacement left it over"));
    }
    let given = change.action_reason.as_ref();
    if let Some(clause) = given.and_then(ActionReason::clause) {
        return Some(SafeText::fixed(clause));
    }
    if let Some(ActionReason::Other(word)) = given {
        return Some(redactor.text(word));
    }
    change.change.actions.replaces()?;
    let mut paths: Vec<SafeText> =
        change.change.replace_paths.iter().map(|path| redactor.path(path)).collect();
    paths.sort();
    paths.dedup();
    let tick = SafeText::fixed("`");
    let mut parts = Vec::new();
    for (position, path) in paths.iter().enumerate() {
        if position > 0 {
            parts.push(SafeText::fixed(", "));
        }
        parts.extend([tick.clone(), path.clone(), tick.clone()]);
    }
    parts.push(SafeText::fixed(match paths.len() {
        0 => return None,
        1 => " forces it",
        _ => " force it",
    }));
    Some(SafeText::concat(&parts))
}

fn attributes(plan: &Plan<'_>, change: &ResourceChange<'_>, redactor: &Redactor, deed: &Deed) -> Attributes {
    let sides = &change.change;
    let before = Place::new(sides.before.as_deref(), None, sides.before_sensitive.as_ref());
    let after =
        Place::new(sides.after.as_deref(), sides.after_unknown.as_ref(), sides.after_sensitive.as_ref());
    let is_new = match deed {
        Deed::Create | Deed::Replace(_) | Deed::ForgetAndCreate | Deed::Read => true,
        Deed::Update | Deed::Destroy | Deed::Forget | Deed::Open | Deed::Keep | Deed::Other(_) => false,
    };
    if matches!(deed, Deed::Keep | Deed::Forget) {
        return Attributes::default();
    }
    let state = ResourceState::new(plan, change, Side::After);
    // What the provider computes of an object that it updates may change, and is listed.
    let is_computed = |path: &AttributePath| {
        is_new
            && (change.address.mode == Mode::Data
                || state.as_ref().is_some_and(|state| is_left_to_provider(state, path)))
    };
    // A new object has no marks before, and one that goes away none after.
    let tells_marks = matches!(deed, Deed::Update);
    let differ =
        Differ { redactor, replace_paths: &sides.replace_paths, is_computed: &is_computed, tells_marks };
    differ.attributes(before, after, change.schema().map(|schema| schema.block))
}

/// Whether the configuration does not set an attribute that is not known.
fn is_left_to_provider(state: &ResourceState<'_>, path: &AttributePath) -> bool {
    let place = path.0.iter().fold(state.root(), |place, step| match step {
        PathStep::Key(name) => place.key(name),
        PathStep::Index(position) => place.index(*position),
    });
    place.attribute() == Attribute::Unset
}

/// The object as it was changed outside of Terraform.
pub(super) fn changed_outside(change: &ResourceChange<'_>, redactor: &Redactor) -> Attributes {
    let sides = &change.change;
    let differ = Differ { redactor, replace_paths: &[], is_computed: &|_| false, tells_marks: false };
    differ.attributes(
        Place::new(sides.before.as_deref(), None, sides.before_sensitive.as_ref()),
        Place::new(sides.after.as_deref(), sides.after_unknown.as_ref(), sides.after_sensitive.as_ref()),
        change.schema().map(|schema| schema.block),
    )
}
