//! Resources that belong together: found through references in the configuration and through known names.

use std::collections::HashSet;
use std::sync::Arc;

use planguard_guardrail_format::{
    Companion, CompanionDirection, PathPattern, PatternStep, Predicate, TestId, Truth,
};
use planguard_plan::{Address, Attribute, InstanceKey, Mode, ResourceChange, ResourceState, Side, View};

use super::plan_index::{ByValue, Passed, Referrers, Tested};
use super::{Answer, Evaluator, account_wide, place};
use crate::truths::any;

/// What more resources than these have in common is tested once, and remembered.
const FEW: usize = 8;

/// The objects that belong to another one.
#[derive(Default)]
struct Belonging<'p, 's> {
    /// Those that many objects may share.
    shared: Vec<Shared<'p, 's>>,
    /// Others.
    ones: Vec<&'p ResourceChange<'p>>,
}

/// Resources that belong to an object for a reason that they have in common.
enum Shared<'p, 's> {
    /// Those of a type that refer to the same by an attribute: a group of them.
    Referrers(Arc<Referrers<'p>>, &'s str, &'s PathPattern, usize),
    /// Those of a type with a text in an attribute.
    Named(Arc<ByValue<'p>>, &'s str, &'s PathPattern, &'s str),
    /// Those of a type that act on all of an account.
    ForAll(Arc<Vec<&'p ResourceChange<'p>>>, &'s str, Option<String>),
}

impl<'p> Shared<'p, '_> {
    fn changes(&self) -> &[&'p ResourceChange<'p>] {
        match self {
            Self::Referrers(all, _, _, group) => all.groups.get(*group).map(Vec::as_slice),
            Self::Named(all, _, _, text) => all.get(text).map(Vec::as_slice),
            Self::ForAll(all, ..) => Some(all.as_slice()),
        }
        .unwrap_or_default()
    }

    fn name(&self) -> Tested {
        match self {
            Self::Referrers(_, resource_type, by, group) => {
                Tested::Group((*resource_type).to_owned(), (*by).clone(), *group)
            }
            Self::Named(_, resource_type, attribute, text) => {
                Tested::Value((*resource_type).to_owned(), (*attribute).clone(), (*text).to_owned())
            }
            Self::ForAll(_, resource_type, account) => {
                Tested::ForAll((*resource_type).to_owned(), account.clone())
            }
        }
    }
}

impl<'p> Belonging<'p, '_> {
    fn iter(&self) -> impl Iterator<Item = &'p ResourceChange<'p>> {
        self.shared
            .iter()
            .flat_map(|shared| shared.changes().iter().copied())
            .chain(self.ones.iter().copied())
    }
}

impl<'p> Evaluator<'_, 'p> {
    /// Whether a companion exists that meets the condition.
    pub(super) fn companion(&self, companion: &Companion, view: &View<'_, '_>) -> Answer {
        let (belonging, unclear) = match companion.direction {
            CompanionDirection::RefersToThis => self.referring(companion, view),
            CompanionDirection::ReferredToByThis => self.referred_to(companion, view),
        };
        let side = view.state().side;
        let test = companion.test.number();
        let fulfils =
            |change: &'p ResourceChange<'p>| self.fulfils(companion.condition.as_deref(), change, side);
        if companion.at_least > 1 {
            return self.several(companion, view, &belonging, &unclear);
        }
        let of_shared = belonging.shared.iter().map(|shared| {
            let changes = shared.changes();
            let say = || any(changes.iter().filter_map(|change| fulfils(change)));
            if changes.len() > FEW { self.index.tested(test, side, shared.name(), say) } else { say() }
        });
        let certain = any(of_shared.chain(belonging.ones.iter().filter_map(|change| fulfils(change))));
        // One that may belong makes the answer unknown, whatever the others are.
        let open = || {
            let are_many = unclear.len() > FEW;
            unclear.iter().any(|change| {
                let say = || fulfils(change).unwrap_or(Truth::False);
                let one = || Tested::One(change.address.clone());
                let truth = if are_many { self.index.tested(test, side, one(), say) } else { say() };
                truth != Truth::False
            })
        };
        let may_be = certain == Truth::False && (open() || self.has_more_beside(view));
        Answer::bare(if may_be { Truth::Unknown } else { certain })
    }

    /// Whether a condition holds of a resource; `None` where it does not exist on this side.
    fn fulfils(
        &self,
        condition: Option<&Predicate>,
        change: &'p ResourceChange<'p>,
        side: Side,
    ) -> Option<Truth> {
        planguard_work::steps(1);
        let state = ResourceState::new(self.index.plan(), change, side)?;
        Some(condition.map_or(Truth::True, |one| self.predicate(one, &state.root()).truth))
    }

    /// Beside an object of a generic provider, others of the provider may be companions that no mapping knows.
    fn has_more_beside(&self, view: &View<'_, '_>) -> bool {
        let this = view.state().change;
        this.is_translated() && self.index.has_generic_beside(this)
    }

    /// Whether as many companions exist as there must be, where one is not enough.
    fn several(
        &self,
        companion: &Companion,
        view: &View<'_, '_>,
        belonging: &Belonging<'p, '_>,
        unclear: &[&'p ResourceChange<'p>],
    ) -> Answer {
        let side = view.state().side;
        let fulfils = |change| self.fulfils(companion.condition.as_deref(), change, side);
        // One can be found in several ways.
        let mut seen: HashSet<&Address> = HashSet::new();
        let (mut certainly, mut perhaps) = (0, 0);
        for change in belonging.iter() {
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
        let open = || {
            let may_belong = unclear.iter().filter(|change| !seen.contains(&change.address));
            let more = may_belong.filter(|change| fulfils(change).is_some_and(|truth| truth != Truth::False));
            more.take(companion.at_least).count() + certainly + perhaps >= companion.at_least
        };
        let may_be = certain == Truth::False && (open() || self.has_more_beside(view));
        Answer::bare(if may_be { Truth::Unknown } else { certain })
    }

    /// Whether the plan has a resource of one of these types, for which a condition holds. What a plan leaves out that
    /// covers only part of the configuration, it may have.
    pub(super) fn plan_has(
        &self,
        types: &[String],
        condition: Option<&Predicate>,
        test: &TestId,
        view: &View<'_, '_>,
    ) -> Answer {
        let plan = self.index.plan();
        let side = view.state().side;
        // Whatever asks, it is the same.
        let found = self.index.tested(test.number(), side, Tested::Plan, || {
            let all = types.iter().flat_map(|name| self.index.of_type(name));
            any(all.filter_map(|change| self.fulfils(condition, change, side)))
        });
        let is_whole = plan.complete != Some(false) && plan.deferred_changes.is_empty();
        Answer::bare(if found == Truth::False && !is_whole { Truth::Unknown } else { found })
    }

    /// Those of a type with a text in an attribute.
    fn named<'s>(
        &self,
        side: Side,
        resource_type: &'s str,
        attribute: &'s PathPattern,
        text: &'s str,
    ) -> Shared<'p, 's> {
        Shared::Named(self.index.by_value(side, resource_type, attribute), resource_type, attribute, text)
    }

    /// Those that refer to the judged resource, and those that may.
    fn referring<'s>(
        &self,
        companion: &'s Companion,
        view: &View<'s, '_>,
    ) -> (Belonging<'p, 's>, Vec<&'p ResourceChange<'p>>) {
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
                    let referrers = Arc::clone(&referrers);
                    belonging.shared.push(Shared::Referrers(referrers, resource_type, &companion.by, *group));
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
                    belonging.shared.push(self.named(state.side, resource_type, &companion.by, text));
                }
            }
            let stand_in = account_wide::stand_in(resource_type);
            if let Some(stand_in) = stand_in.filter(|stand_in| self.index.of_type(stand_in).next().is_some())
            {
                let (all, account) = self.index.for_all(stand_in, state.change);
                belonging.shared.push(Shared::ForAll(all, stand_in, account));
            }
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
        let written = match this.mode {
            Mode::Data => format!("data.{}", this.resource_type),
            Mode::Managed | Mode::Ephemeral | Mode::Action => this.resource_type.clone(),
        };
        in_module(&referring) && self.index.number_in_module(state.side, &written, &this.modules) == 1
    }

    /// Whether a local in the module of a resource can mean the judged one: it is in that module or below it, or the
    /// call of the module passes something that is it, or that the configuration does not explain.
    fn can_reach(&self, referring: &ResourceChange<'_>, state: &ResourceState<'_>) -> bool {
        let this = &state.change.address;
        let Some((called, callers)) = referring.address.modules.split_last() else { return true };
        if this.modules.starts_with(&referring.address.modules) {
            return true;
        }
        let Some(configuration) = self.index.plan().configuration.as_ref() else { return true };
        let path: Vec<String> = callers.iter().map(|step| format!("module.{}", step.name)).collect();
        let path = path.join(".");
        let caller = configuration.module(&path);
        let call = caller.and_then(|(position, caller)| Some((position, caller.call(&called.name)?)));
        let Some((caller, call)) = call else { return true };
        let passed = self.index.passed(caller, &called.name, || {
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
    fn referred_to<'s>(
        &self,
        companion: &'s Companion,
        view: &View<'s, '_>,
    ) -> (Belonging<'p, 's>, Vec<&'p ResourceChange<'p>>) {
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
                    belonging.shared.push(self.named(state.side, resource_type, on, text));
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
