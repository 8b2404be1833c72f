//! A plan's resources by type, block, reference and value, found once for all guardrails that ask.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::change::own_accounts;
use crate::iam::Document;
use crate::unreadable::Unreadable;
use planguard_guardrail_format::{PathPattern, Truth};
use planguard_plan::{
    Address, Attribute, AttributePath, Mode, ModuleStep, PathStep, Plan, Resolution, ResolvedReference,
    ResourceChange, ResourceState, Side, Value,
};

use super::draft::Drafted;
use super::{Drafts, account_wide, place};
use crate::mapped::is_generic;

/// A plan's resources by type and by block, and their references; built when a guardrail needs them, and shared by
/// threads.
pub struct PlanIndex<'p> {
    plan: &'p Plan<'p>,
    by_type: HashMap<&'p str, Vec<&'p ResourceChange<'p>>>,
    by_block: OnceLock<Blocks<'p>>,
    referrers: Memo<ReferrersKey, Referrers<'p>>,
    by_value: Memo<ReferrersKey, ByValue<'p>>,
    /// Policies by their text: many guardrails look at each.
    documents: Memo<String, Result<Document, Unreadable>>,
    /// How many objects of a type exist in a module, after the plan or before it.
    in_module: Memo<(bool, String, Vec<ModuleStep>), usize>,
    /// What the calls of modules pass on.
    passed: Memo<(usize, String), Passed>,
    own_accounts: OnceLock<BTreeSet<String>>,
    /// The resources of a type that act on all of an account, as one configuration of the provider names it.
    for_all: Memo<(String, Option<String>), Vec<&'p ResourceChange<'p>>>,
    /// What tests say of many resources together, or of one of many.
    tested: Memo<(u64, bool, Tested), Truth>,
    /// The objects of generic providers, by the provider.
    generic: OnceLock<HashMap<&'p str, Vec<&'p ResourceChange<'p>>>>,
    /// Where policies are looked for that are known only after apply.
    drafts: Option<Drafts<'p>>,
    drafted: Memo<String, Option<Drafted>>,
    /// Where local values are looked for, which a plan leaves out.
    local_values: Option<LocalValues<'p>>,
}

/// Looks for what a local value refers to, by the path of its module and its name; `None` if the files do not tell.
pub type LocalValues<'p> = Box<dyn Fn(&str, &str) -> Option<Vec<String>> + Send + Sync + 'p>;

/// Values by key, each computed when it is first needed. Who needs one that another thread computes waits for it.
struct Memo<K, V>(Mutex<HashMap<K, Arc<OnceLock<Arc<V>>>>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V> Memo<K, V> {
    fn get(&self, key: K, compute: impl FnOnce() -> V) -> Arc<V> {
        let cell = {
            let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(key).or_default())
        };
        Arc::clone(cell.get_or_init(|| Arc::new(compute())))
    }
}

type Blocks<'p> = HashMap<String, Vec<&'p ResourceChange<'p>>>;

/// The resources of one type by the known text of one of their attributes.
pub(super) type ByValue<'p> = HashMap<&'p str, Vec<&'p ResourceChange<'p>>>;

/// A side, a type and an attribute.
type ReferrersKey = (bool, String, PathPattern);

/// What a test was asked of.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Tested {
    /// The resources of the plan.
    Plan,
    /// The resources of a type in a group of those that refer to the same.
    Group(String, PathPattern, usize),
    /// The resources of a type with a text in an attribute.
    Value(String, PathPattern, String),
    /// Those of a type that act on all of an account.
    ForAll(String, Option<String>),
    /// One resource.
    One(Address),
}

/// The resources of one type, by what one of their attributes refers to.
#[derive(Default)]
pub(super) struct Referrers<'p> {
    /// The groups that refer to a block, with the key in the reference.
    pub(super) by_block: HashMap<String, Vec<(usize, Option<String>)>>,
    /// The instances of a block refer to the same, and are resolved once.
    pub(super) groups: Vec<Vec<&'p ResourceChange<'p>>>,
    /// Those with an unknown attribute whose references the configuration does not show.
    pub(super) unclear: Vec<Unclear<'p>>,
}

/// What a call of a module passes on.
pub(super) struct Passed {
    /// The blocks that it refers to.
    pub(super) blocks: HashSet<String>,
    /// Whether it refers to something else that the configuration does not explain.
    pub(super) has_more: bool,
}

/// A resource that refers to something that the configuration does not show.
pub(super) struct Unclear<'p> {
    pub(super) change: &'p ResourceChange<'p>,
    /// Whether it refers to locals only: they can name nothing outside of its module that a variable does not.
    pub(super) is_by_local: bool,
}

/// What the configuration says of an attribute of a block.
#[derive(Clone, Copy)]
struct Expressed {
    /// The position of the group of its instances.
    group: usize,
    /// Whether it shows all that the attribute refers to.
    is_clear: bool,
    /// Whether it refers to locals only.
    is_by_local: bool,
}

impl Expressed {
    fn of(resolution: Option<&Resolution<'_>>, group: usize) -> Self {
        Self {
            group,
            is_clear: resolution.is_some_and(|found| found.unresolved.is_empty()),
            is_by_local: resolution.is_some_and(|found| {
                found.resources.is_empty()
                    && found.variables.is_empty()
                    && found.unresolved.iter().all(|reference| reference.starts_with("local."))
            }),
        }
    }
}

impl<'p> PlanIndex<'p> {
    /// Indexes the resource changes of a plan.
    pub fn new(plan: &'p Plan<'p>) -> Self {
        let mut by_type: HashMap<&str, Vec<&'p ResourceChange<'p>>> = HashMap::new();
        for change in plan.each_change().filter(|change| change.deposed.is_none()) {
            by_type.entry(change.address.resource_type.as_str()).or_default().push(change);
        }
        Self {
            plan,
            by_type,
            by_block: OnceLock::new(),
            referrers: Memo::default(),
            by_value: Memo::default(),
            documents: Memo::default(),
            in_module: Memo::default(),
            passed: Memo::default(),
            own_accounts: OnceLock::new(),
            for_all: Memo::default(),
            tested: Memo::default(),
            generic: OnceLock::new(),
            drafts: None,
            drafted: Memo::default(),
            local_values: None,
        }
    }

    /// The same, with the files of the configuration.
    #[must_use]
    pub fn with_drafts(self, drafts: Drafts<'p>) -> Self {
        Self { drafts: Some(drafts), ..self }
    }

    /// The same, with the local values of the configuration.
    #[must_use]
    pub fn with_local_values(self, local_values: LocalValues<'p>) -> Self {
        Self { local_values: Some(local_values), ..self }
    }

    /// What a local value refers to, by the path of its module and its name.
    pub(super) fn local_value(&self, module: &str, name: &str) -> Option<Vec<String>> {
        (self.local_values.as_ref()?)(module, name)
    }

    pub(super) const fn drafts(&self) -> Option<&Drafts<'p>> {
        self.drafts.as_ref()
    }

    /// A document of the files, read when it is first asked for.
    pub(super) fn drafted(
        &self,
        key: String,
        read: impl FnOnce() -> Option<Drafted>,
    ) -> Arc<Option<Drafted>> {
        self.drafted.get(key, read)
    }

    /// The accounts that objects of the plan are in.
    pub(crate) fn own_accounts(&self) -> &BTreeSet<String> {
        self.own_accounts.get_or_init(|| own_accounts(self.plan))
    }

    /// A policy document of the plan, read when it is first asked for.
    pub(super) fn policy_document(&self, text: &str) -> Arc<Result<Document, Unreadable>> {
        self.documents.get(text.to_owned(), || Document::parse(text))
    }

    pub(crate) fn plan(&self) -> &'p Plan<'p> {
        self.plan
    }

    /// The resources of a type as guardrails write it: `TYPE`, or `data.TYPE` for data sources.
    pub(super) fn of_type<'s>(
        &'s self,
        written: &str,
    ) -> impl Iterator<Item = &'p ResourceChange<'p>> + use<'s, 'p> {
        let (mode, resource_type) = match written.strip_prefix("data.") {
            Some(data) => (Mode::Data, data),
            None => (Mode::Managed, written),
        };
        let changes = self.by_type.get(resource_type).map(Vec::as_slice).unwrap_or_default();
        changes.iter().copied().filter(move |change| change.address.mode == mode)
    }

    /// The instances of a block.
    pub(crate) fn of_block(&self, address: &str) -> &[&'p ResourceChange<'p>] {
        let blocks = self.by_block.get_or_init(|| {
            let mut blocks: Blocks<'p> = HashMap::new();
            for change in self.plan.each_change().filter(|change| change.deposed.is_none()) {
                blocks.entry(change.address.configuration_address()).or_default().push(change);
            }
            blocks
        });
        blocks.get(address).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a plan knows the attribute that a reference names, in every instance of its block. What a plan has no change
    /// of is known if it is a data source: that was read before.
    pub fn is_known(&self, reference: &ResolvedReference) -> bool {
        let instances = self.of_block(&reference.address);
        let name = reference.attribute.split(['.', '[']).next().unwrap_or_default();
        if instances.is_empty() {
            let is_data = reference.address.starts_with("data.") || reference.address.contains(".data.");
            return is_data && !self.plan.resource_changes.is_empty();
        }
        !name.is_empty()
            && instances.iter().all(|change| {
                let mask = change.change.after_unknown.as_ref();
                let is_unknown = mask.is_some_and(|mask| {
                    *mask == Value::Bool(true) || mask.get(name).is_some_and(Value::has_true_leaf)
                });
                let has_value = change.change.after.as_deref().is_some_and(|after| after.get(name).is_some());
                has_value && !is_unknown
            })
    }

    pub(super) fn referrers(&self, side: Side, resource_type: &str, by: &PathPattern) -> Arc<Referrers<'p>> {
        let key = (side == Side::After, resource_type.to_owned(), by.clone());
        self.referrers.get(key, || {
            let mut referrers = Referrers::default();
            let mut known: HashMap<(usize, String, AttributePath), Expressed> = HashMap::new();
            for change in self.of_type(resource_type) {
                let Some(state) = ResourceState::new(self.plan, change, side) else { continue };
                let Some((module, block)) = state.configuration() else {
                    let root = state.root();
                    if place::find(&root, by).attribute() == Attribute::Unknown {
                        referrers.unclear.push(Unclear { change, is_by_local: false });
                    }
                    continue;
                };
                let root = state.root();
                let place = place::find(&root, by);
                // Expressions have no positions, and are those of the block.
                let names = place.path().0.iter().filter(|step| matches!(step, PathStep::Key(_)));
                let key = (module, block.address.clone(), AttributePath(names.cloned().collect()));
                let expressed = *known.entry(key).or_insert_with(|| {
                    let resolution = state.references(place.path());
                    let group = referrers.groups.len();
                    referrers.groups.push(Vec::new());
                    let expressed = Expressed::of(resolution.as_ref(), group);
                    let resources = resolution.map(|found| found.resources).unwrap_or_default();
                    for ResolvedReference { address, key, .. } in self.followed(side, resources) {
                        planguard_work::steps(1);
                        referrers.by_block.entry(address).or_default().push((group, key));
                    }
                    expressed
                });
                if let Some(group) = referrers.groups.get_mut(expressed.group) {
                    group.push(change);
                }
                if place.attribute() == Attribute::Unknown && !expressed.is_clear {
                    referrers.unclear.push(Unclear { change, is_by_local: expressed.is_by_local });
                }
            }
            referrers
        })
    }

    /// References with those of the attributes that they name: what is attached to `aws_x.a.zone_id` is attached to the zone
    /// that `aws_x.a` names.
    pub(super) fn followed(
        &self,
        side: Side,
        mut references: Vec<ResolvedReference>,
    ) -> Vec<ResolvedReference> {
        /// Chains in configurations have two links, seldom three. The bound ends what names itself.
        const LONGEST: usize = 4;
        let mut from = 0;
        let mut met: HashSet<ResolvedReference> = references.iter().cloned().collect();
        for _ in 0..LONGEST {
            let next: Vec<ResolvedReference> =
                references[from..].iter().flat_map(|reference| self.passed_on(side, reference)).collect();
            from = references.len();
            references.extend(next.into_iter().filter(|next| met.insert(next.clone())));
            if from == references.len() {
                break;
            }
        }
        references
    }

    /// What the attribute that a reference names refers to itself, if it names another object. A name that is made of
    /// another object's name is no reference to that.
    fn passed_on(&self, side: Side, reference: &ResolvedReference) -> Vec<ResolvedReference> {
        let name = reference.attribute.split(['.', '[']).next().unwrap_or_default();
        let identifies = ["_id", "_ids", "_arn", "_arns"].iter().any(|ending| name.ends_with(ending));
        let instance = self.of_block(&reference.address).first().copied();
        let Some(change) = instance.filter(|change| {
            identifies || name == "bucket" && change.address.resource_type != "aws_s3_bucket"
        }) else {
            return Vec::new();
        };
        let state = ResourceState::new(self.plan, change, side);
        let path = AttributePath(vec![PathStep::Key(name.to_owned())]);
        let found = state.and_then(|state| state.references(&path));
        found.map(|found| found.resources).unwrap_or_default()
    }

    /// The resources of a type by the known text of an attribute.
    pub(super) fn by_value(
        &self,
        side: Side,
        resource_type: &str,
        attribute: &PathPattern,
    ) -> Arc<ByValue<'p>> {
        let key = (side == Side::After, resource_type.to_owned(), attribute.clone());
        self.by_value.get(key, || {
            let mut index = ByValue::default();
            for change in self.of_type(resource_type) {
                let Some(state) = ResourceState::new(self.plan, change, side) else { continue };
                if let Attribute::Known(value) = place::find(&state.root(), attribute).attribute()
                    && let Some(text) = value.as_str()
                {
                    index.entry(text).or_default().push(change);
                }
            }
            index
        })
    }

    /// The resources of a type that act on the whole account of another one, with what names the account.
    pub(super) fn for_all(
        &self,
        resource_type: &str,
        other: &ResourceChange<'_>,
    ) -> (Arc<Vec<&'p ResourceChange<'p>>>, Option<String>) {
        let account = account_wide::account_of(self.plan, other);
        let key = (resource_type.to_owned(), account.clone());
        let found = self.for_all.get(key, || {
            let all = self.of_type(resource_type);
            all.filter(|change| {
                account_wide::is_same(
                    account.as_deref(),
                    account_wide::account_of(self.plan, change).as_deref(),
                )
            })
            .collect()
        });
        (found, account)
    }

    /// What a test says of something that many ask about, computed when it is first needed.
    pub(super) fn tested(&self, test: u64, side: Side, what: Tested, say: impl FnOnce() -> Truth) -> Truth {
        *self.tested.get((test, side == Side::After, what), say)
    }

    /// How many objects of a type exist in a module on one side.
    pub(super) fn number_in_module(&self, side: Side, written: &str, modules: &[ModuleStep]) -> usize {
        let exists = |change: &&ResourceChange<'_>| match side {
            Side::Before => change.exists_before(),
            Side::After => change.exists_after(),
        };
        let key = (side == Side::After, written.to_owned(), modules.to_vec());
        let in_module = |change: &&ResourceChange<'_>| change.address.modules == modules;
        *self.in_module.get(key, || self.of_type(written).filter(in_module).filter(exists).count())
    }

    /// What a call of a module passes on, by the position of its caller and its name.
    pub(super) fn passed(&self, caller: usize, name: &str, read: impl FnOnce() -> Passed) -> Arc<Passed> {
        self.passed.get((caller, name.to_owned()), read)
    }

    /// Whether the plan has another object of a generic provider that manages the same cloud as this one.
    pub(super) fn has_generic_beside(&self, this: &ResourceChange<'_>) -> bool {
        let provider = |resource_type: &'p str| resource_type.split('_').next().unwrap_or(resource_type);
        let generic = self.generic.get_or_init(|| {
            let mut generic: HashMap<&str, Vec<&ResourceChange<'_>>> = HashMap::new();
            for change in self.plan.each_change().filter(|change| is_generic(change)) {
                generic.entry(provider(&change.address.resource_type)).or_default().push(change);
            }
            generic
        });
        let own = this.address.resource_type.split('_').next().unwrap_or_default();
        generic.get(own).is_some_and(|all| all.iter().any(|one| one.address != this.address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reference_names_is_known_unless_an_instance_lacks_it() {
        let text = r#"{"format_version": "1.2", "resource_changes": [
            {"address": "aws_x.a", "change": {"actions": ["create"], "before": null, "after": {"name": "n"},
                "after_unknown": {"arn": true}}}]}"#;
        let plan = Plan::parse(text).unwrap();
        let index = PlanIndex::new(&plan);
        let is_known = |address: &str, attribute: &str| {
            index.is_known(&ResolvedReference {
                address: address.to_owned(),
                attribute: attribute.to_owned(),
                key: None,
            })
        };
        assert!(is_known("aws_x.a", "name"));
        assert!(is_known("data.aws_y.b", "id"));
        for (address, attribute) in [("aws_x.a", "arn"), ("aws_x.a", ""), ("aws_x.b", "name")] {
            assert!(!is_known(address, attribute), "{address}.{attribute}");
        }
    }

    #[test]
    fn a_reference_to_an_attribute_that_names_another_object_leads_to_that() {
        let refers =
            |to: &str| format!(r#"{{"references": [{to:?}, "{}"]}}"#, to.rsplit_once('.').unwrap().0);
        let block = |address: &str, expressions: &str| {
            let (of_type, name) = address.split_once('.').unwrap();
            format!(
                r#"{{"address": "{address}", "mode": "managed", "type": "{of_type}", "name": "{name}", "expressions": {expressions}}}"#
            )
        };
        let blocks = [
            block("aws_zone.z", "{}"),
            block("aws_key.k", &format!(r#"{{"zone_id": {}}}"#, refers("aws_zone.z.id"))),
            block(
                "aws_bucket.b",
                &format!(
                    r#"{{"name": {}, "loop_id": {}}}"#,
                    refers("aws_zone.z.name"),
                    refers("aws_bucket.b.loop_id")
                ),
            ),
        ];
        let changes = ["aws_zone.z", "aws_key.k", "aws_bucket.b"].map(|address| {
            format!(r#"{{"address": "{address}", "change": {{"actions": ["create"], "before": null, "after": {{}}}}}}"#)
        });
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{}], "configuration": {{"root_module": {{"resources": [{}]}}}}}}"#,
            changes.join(","),
            blocks.join(",")
        );
        let plan = Plan::parse(&text).unwrap();
        let index = PlanIndex::new(&plan);
        let followed = |address: &str, attribute: &str| -> Vec<String> {
            let reference =
                ResolvedReference { address: address.to_owned(), attribute: attribute.to_owned(), key: None };
            index.followed(Side::After, vec![reference]).iter().map(ToString::to_string).collect()
        };
        assert_eq!(followed("aws_key.k", "zone_id"), ["aws_key.k.zone_id", "aws_zone.z.id"]);
        assert_eq!(followed("aws_bucket.b", "name"), ["aws_bucket.b.name"]);
        assert_eq!(followed("aws_bucket.b", "loop_id"), ["aws_bucket.b.loop_id"]);
    }
}
