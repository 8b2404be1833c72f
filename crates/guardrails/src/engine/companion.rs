//! Resources that belong together: found through references in the configuration and through known names.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::change::own_accounts;
use crate::iam::Document;
use crate::unreadable::Unreadable;
use planguard_guardrail_format::{Companion, CompanionDirection, PathPattern, PatternStep, Predicate, Truth};
use planguard_plan::{
    Address, Attribute, AttributePath, InstanceKey, Mode, ModuleStep, PathStep, Plan, Resolution,
    ResolvedReference, ResourceChange, ResourceState, Side, Value, View,
};

use super::draft::Drafted;
use super::{Answer, Drafts, Evaluator, account_wide, place};
use crate::mapped::is_generic;
use crate::truths::any;

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
type ByValue<'p> = HashMap<&'p str, Vec<&'p ResourceChange<'p>>>;

/// A side, a type and an attribute.
type ReferrersKey = (bool, String, PathPattern);

/// The resources of one type, by what one of their attributes refers to.
#[derive(Default)]
struct Referrers<'p> {
    /// The groups that refer to a block, with the key in the reference.
    by_block: HashMap<String, Vec<(usize, Option<String>)>>,
    /// The instances of a block refer to the same, and are resolved once.
    groups: Vec<Vec<&'p ResourceChange<'p>>>,
    /// Those with an unknown attribute whose references the configuration does not show.
    unclear: Vec<Unclear<'p>>,
}

/// What a call of a module passes on.
struct Passed {
    /// The blocks that it refers to.
    blocks: HashSet<String>,
    /// Whether it refers to something else that the configuration does not explain.
    has_more: bool,
}

/// The objects that belong to another one.
#[derive(Default)]
struct Belonging<'p> {
    /// Whole groups.
    groups: Vec<(Arc<Referrers<'p>>, usize)>,
    /// Others.
    ones: Vec<&'p ResourceChange<'p>>,
}

impl<'p> Belonging<'p> {
    fn iter(&self) -> impl Iterator<Item = &'p ResourceChange<'p>> {
        let groups = self.groups.iter().filter_map(|(referrers, group)| referrers.groups.get(*group));
        groups.flatten().chain(&self.ones).copied()
    }
}

/// A resource that refers to something that the configuration does not show.
struct Unclear<'p> {
    change: &'p ResourceChange<'p>,
    /// Whether it refers to locals only: they can name nothing outside of its module that a variable does not.
    is_by_local: bool,
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
        for change in plan.resource_changes.iter().filter(|change| change.deposed.is_none()) {
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
    pub(super) fn of_type(&self, written: &str) -> impl Iterator<Item = &'p ResourceChange<'p>> {
        let (mode, resource_type) = match written.strip_prefix("data.") {
            Some(data) => (Mode::Data, data),
            None => (Mode::Managed, written),
        };
        let changes = self.by_type.get(resource_type).cloned().unwrap_or_default();
        changes.into_iter().filter(move |change| change.address.mode == mode)
    }

    /// The instances of a block.
    pub(super) fn of_block(&self, address: &str) -> Vec<&'p ResourceChange<'p>> {
        let blocks = self.by_block.get_or_init(|| {
            let mut blocks: Blocks<'p> = HashMap::new();
            for change in self.plan.resource_changes.iter().filter(|change| change.deposed.is_none()) {
                blocks.entry(change.address.configuration_address()).or_default().push(change);
            }
            blocks
        });
        blocks.get(address).cloned().unwrap_or_default()
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

    fn referrers(&self, side: Side, resource_type: &str, by: &PathPattern) -> Arc<Referrers<'p>> {
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
    fn followed(&self, side: Side, mut references: Vec<ResolvedReference>) -> Vec<ResolvedReference> {
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
        let instance = self.of_block(&reference.address).into_iter().next();
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

    /// The resources of a type whose attribute has a known text.
    fn with_value(
        &self,
        side: Side,
        resource_type: &str,
        attribute: &PathPattern,
        text: &str,
    ) -> Vec<&'p ResourceChange<'p>> {
        let key = (side == Side::After, resource_type.to_owned(), attribute.clone());
        let index = self.by_value.get(key, || {
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
        });
        index.get(text).cloned().unwrap_or_default()
    }
}

impl<'p> Evaluator<'_, 'p> {
    /// Whether a companion exists that meets the condition.
    pub(super) fn companion(&self, companion: &Companion, view: &View<'_, '_>) -> Answer {
        let (belonging, unclear) = match companion.direction {
            CompanionDirection::RefersToThis => self.referring(companion, view),
            CompanionDirection::ReferredToByThis => self.referred_to(companion, view),
        };
        let fulfils = |change| {
            let state = ResourceState::new(self.index.plan, change, view.state().side)?;
            let condition = companion.condition.as_ref();
            Some(condition.map_or(Truth::True, |one| self.predicate(one, &state.root()).truth))
        };
        // One can be found in several ways.
        let mut seen: HashSet<&Address> = HashSet::new();
        let (mut certainly, mut perhaps) = (0, 0);
        for change in belonging.iter() {
            planguard_work::steps(1);
            if !seen.insert(&change.address) {
                continue;
            }
            match fulfils(change) {
                Some(Truth::True) => certainly += 1,
                Some(Truth::Unknown) => perhaps += 1,
                Some(Truth::False) | None => {}
            }
            if certainly >= companion.at_least {
                return Answer::bare(Truth::True);
            }
        }
        let certain = match certainly + perhaps >= companion.at_least {
            true => Truth::Unknown,
            false => Truth::False,
        };
        // One that may belong makes the answer unknown, whatever the others are.
        let open = || {
            let may_belong = unclear.iter().filter(|change| !seen.contains(&change.address));
            let more = may_belong.filter(|change| fulfils(change).is_some_and(|truth| truth != Truth::False));
            more.take(companion.at_least).count() + certainly + perhaps >= companion.at_least
        };
        // Beside an object of a generic provider, others of the provider may be companions that no mapping knows.
        let beside = || {
            let this = view.state().change;
            let provider = |change: &ResourceChange<'_>| {
                change.address.resource_type.split('_').next().map(ToOwned::to_owned)
            };
            let is_other = |one: &ResourceChange<'_>| {
                is_generic(one) && one.address != this.address && provider(one) == provider(this)
            };
            this.is_translated() && self.index.plan.resource_changes.iter().any(is_other)
        };
        let may_be = certain == Truth::False && (open() || beside());
        Answer::bare(if may_be { Truth::Unknown } else { certain })
    }

    /// Whether the plan has a resource of one of these types, for which a condition holds. What a plan leaves out that
    /// covers only part of the configuration, it may have.
    pub(super) fn plan_has(
        &self,
        types: &[String],
        condition: Option<&Predicate>,
        view: &View<'_, '_>,
    ) -> Answer {
        let plan = self.index.plan;
        let fulfils = |change| {
            let state = ResourceState::new(plan, change, view.state().side)?;
            Some(condition.map_or(Truth::True, |one| self.predicate(one, &state.root()).truth))
        };
        let found = any(types.iter().flat_map(|name| self.index.of_type(name)).filter_map(fulfils));
        let is_whole = plan.complete != Some(false) && plan.deferred_changes.is_empty();
        Answer::bare(if found == Truth::False && !is_whole { Truth::Unknown } else { found })
    }

    /// Those that refer to the judged resource, and those that may.
    fn referring(
        &self,
        companion: &Companion,
        view: &View<'_, '_>,
    ) -> (Belonging<'p>, Vec<&'p ResourceChange<'p>>) {
        let state = view.state();
        let this = &state.change.address;
        let (mut belonging, mut unclear) = (Belonging::default(), Vec::new());
        let has_keys = this.key.is_some() || this.modules.iter().any(|step| step.key.is_some());
        for resource_type in &companion.types {
            let referrers = self.index.referrers(state.side, resource_type, &companion.by);
            let block = this.configuration_address();
            for (group, key) in referrers.by_block.get(&block).into_iter().flatten() {
                // All instances mean an object that has no key.
                if !has_keys && key.is_none() {
                    belonging.groups.push((Arc::clone(&referrers), *group));
                    continue;
                }
                for change in referrers.groups.get(*group).into_iter().flatten() {
                    planguard_work::steps(1);
                    if is_same_instance(this, &change.address, key.as_deref()) {
                        belonging.ones.push(change);
                    }
                }
            }
            for on in &companion.on {
                if let Some(text) = known_text(&place::find(view, on)) {
                    let named = self.index.with_value(state.side, resource_type, &companion.by, text);
                    belonging.ones.extend(named);
                }
            }
            let for_all = account_wide::stand_in(resource_type).into_iter();
            let for_all = for_all.flat_map(|resource_type| self.index.of_type(resource_type));
            belonging.ones.extend(
                for_all.filter(|change| account_wide::in_the_same_account(state.plan, change, state.change)),
            );
            let (meant, open): (Vec<_>, Vec<_>) = referrers.unclear.iter().partition(|unclear| {
                unclear.is_by_local
                    && names_type(&companion.by, &this.resource_type)
                    && self.is_only_candidate(state, unclear.change)
            });
            belonging.ones.extend(meant.into_iter().map(|unclear| unclear.change));
            let open = open
                .into_iter()
                .filter(|unclear| !unclear.is_by_local || self.can_reach(unclear.change, state));
            unclear.extend(open.map(|unclear| unclear.change));
        }
        (belonging, unclear)
    }

    /// Whether the judged resource is all that a local in the module of another resource can mean: the only object of its
    /// type there.
    fn is_only_candidate(&self, state: &ResourceState<'_>, referring: &ResourceChange<'_>) -> bool {
        let this = &state.change.address;
        let in_module = |change: &&ResourceChange<'_>| change.address.modules == this.modules;
        let exists = |change: &&ResourceChange<'_>| match state.side {
            Side::Before => change.exists_before(),
            Side::After => change.exists_after(),
        };
        let written = match this.mode {
            Mode::Data => format!("data.{}", this.resource_type),
            Mode::Managed | Mode::Ephemeral | Mode::Action => this.resource_type.clone(),
        };
        let number = || {
            let key = (state.side == Side::After, written.clone(), this.modules.clone());
            let count = || self.index.of_type(&written).filter(in_module).filter(exists).count();
            *self.index.in_module.get(key, count)
        };
        in_module(&referring) && number() == 1
    }

    /// Whether a local in the module of a resource can mean the judged one: it is in that module or below it, or the
    /// call of the module passes something that is it, or that the configuration does not explain.
    fn can_reach(&self, referring: &ResourceChange<'_>, state: &ResourceState<'_>) -> bool {
        let this = &state.change.address;
        let Some((called, callers)) = referring.address.modules.split_last() else { return true };
        if this.modules.starts_with(&referring.address.modules) {
            return true;
        }
        let Some(configuration) = self.index.plan.configuration.as_ref() else { return true };
        let path: Vec<String> = callers.iter().map(|step| format!("module.{}", step.name)).collect();
        let path = path.join(".");
        let caller = configuration.module(&path);
        let call = caller.and_then(|(position, caller)| Some((position, caller.call(&called.name)?)));
        let Some((caller, call)) = call else { return true };
        let passed = self.index.passed.get((caller, called.name.clone()), || {
            let passed = configuration.resolve(caller, &call.expressions, call.repetition.as_ref());
            Passed {
                has_more: !passed.unresolved.is_empty(),
                blocks: passed.resources.into_iter().map(|reference| reference.address).collect(),
            }
        });
        passed.has_more || passed.blocks.contains(&this.configuration_address())
    }

    /// Those that the judged resource refers to. What it refers to outside of the plan is unclear only if
    /// the attribute is unknown; then there is no resource to look at.
    fn referred_to(
        &self,
        companion: &Companion,
        view: &View<'_, '_>,
    ) -> (Belonging<'p>, Vec<&'p ResourceChange<'p>>) {
        let state = view.state();
        let this = &state.change.address;
        let by = place::find(view, &companion.by);
        let mut belonging = Belonging::default();
        let references = state.references(by.path()).map(|found| found.resources).unwrap_or_default();
        for reference in self.index.followed(state.side, references) {
            for change in self.index.of_block(&reference.address) {
                let right_type = companion.types.iter().any(|written| {
                    written.strip_prefix("data.").unwrap_or(written) == change.address.resource_type
                        && written.starts_with("data.") == (change.address.mode == Mode::Data)
                });
                if right_type && is_same_instance(&change.address, this, reference.key.as_deref()) {
                    belonging.ones.push(change);
                }
            }
        }
        if let Some(text) = known_text(&by) {
            for resource_type in &companion.types {
                for on in &companion.on {
                    belonging.ones.extend(self.index.with_value(state.side, resource_type, on, text));
                }
            }
        }
        (belonging, Vec::new())
    }
}

/// Whether an attribute by its name refers to one type, as `vpc_id` does to `aws_vpc`. A `target_resource_id` may be
/// anything.
fn names_type(by: &PathPattern, resource_type: &str) -> bool {
    let Some(PatternStep::Key(name)) = by.0.last() else { return false };
    let name = ["_id", "_arn", "_name"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    resource_type.strip_suffix(name).is_some_and(|provider| provider.ends_with('_'))
}

/// The text of an attribute, if it is known and not empty.
fn known_text<'p>(place: &View<'p, '_>) -> Option<&'p str> {
    match place.attribute() {
        Attribute::Known(value) => value.as_str().filter(|text| !text.is_empty()),
        Attribute::Unknown | Attribute::Unset => None,
    }
}

/// Whether an instance that refers to a block means this instance of it. A key in the reference decides;
/// without one, the instances are those that share the key of `count` or `for_each`.
pub(crate) fn is_same_instance(referred: &Address, referring: &Address, key: Option<&str>) -> bool {
    if let Some(key) = key {
        return referred.key.as_ref().is_none_or(|own| own.to_string() == key);
    }
    let keys = |address: &Address| -> Vec<InstanceKey> {
        address.modules.iter().map(|step| &step.key).chain([&address.key]).flatten().cloned().collect()
    };
    let (own, others) = (keys(referred), keys(referring));
    others.is_empty() || own.iter().all(|key| others.contains(key))
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
