//! Finds where a plan contradicts itself: what was cut, edited or misspelt must not pass as a smaller plan.
//!
//! The rules hold for every plan that Terraform 0.12 to 1.15 and OpenTofu write (`internal/command/jsonplan` of
//! both): each object in `planned_values` has its entry in `resource_changes`, each entry has the sides that its
//! actions imply, and an entry says the same of its object in `address` as in `type`, `name`, `mode` and
//! `module_address`. (`index` is not compared: planguard takes the key from the address.)

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use super::Plan;
use super::actions::{Actions, Verb};
use super::address::{Address, Mode};
use super::change::{Change, ResourceChange};
use super::lost::Witness;
use super::state::StateValues;
use super::value::Value;

/// One way in which a plan contradicts itself. Names addresses and keys, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// `planned_values` has a managed resource that `resource_changes` does not have.
    NotInResourceChanges {
        /// The resource.
        address: String,
    },
    /// `prior_state` has a managed resource of which a complete plan says nothing.
    NotPlanned {
        /// The resource.
        address: String,
    },
    /// The plan can be applied and has nothing to apply.
    NothingToApply,
    /// Two entries of `resource_changes` are about one object.
    Duplicate {
        /// The object.
        address: String,
    },
    /// An entry lacks a side that its actions imply, or has one that they rule out.
    Side {
        /// The object.
        address: String,
        /// The actions, joined by `+`.
        actions: String,
        /// What is wrong with the side, for example "no `after`".
        problem: SideProblem,
    },
    /// An entry of another section has a side or a mask that can be none.
    Elsewhere {
        /// The section: `resource_drift`, `deferred_changes` or `output_changes`.
        section: &'static str,
        /// The object, or the name of the output.
        address: String,
        /// What is wrong.
        problem: SideProblem,
    },
    /// An entry says one thing in its address and another in one of its fields.
    Field {
        /// The object.
        address: String,
        /// The field that differs.
        field: &'static str,
    },
    /// An object has an attribute in one section that its entry has lost.
    LostAttribute {
        /// The object.
        address: String,
        /// The attribute, or the first of several.
        attribute: String,
        /// The section that has it.
        witness: Witness,
    },
    /// `configuration` has no block from which an object could come.
    LostBlock {
        /// The object.
        address: String,
    },
}

/// What is wrong with a side of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SideProblem {
    /// The side is absent or null.
    Missing(&'static str),
    /// The side is there and the actions say that there is none.
    Unexpected(&'static str),
    /// The side is no object.
    NotAnObject(&'static str),
    /// `before` and `after` differ although nothing changes.
    Differs,
    /// The action is none that an object of this kind can have.
    Action,
    /// A mask has a value that marks nothing and clears nothing.
    NotAMask(&'static str),
}

impl fmt::Display for SideProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(side) => write!(f, "has no `{side}`"),
            Self::Unexpected(side) => write!(f, "has a `{side}`"),
            Self::NotAnObject(side) => write!(f, "has a `{side}` that is not an object"),
            Self::Differs => f.write_str("has a `before` that differs from its `after`"),
            Self::Action => f.write_str("is not a data source"),
            Self::NotAMask(mask) => write!(f, "has a value that is not a mark in its `{mask}`"),
        }
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInResourceChanges { address } => {
                write!(f, "`{address}` is in `planned_values` but not in `resource_changes`")
            }
            Self::NotPlanned { address } => {
                write!(
                    f,
                    "`{address}` is in `prior_state` but not in `resource_changes`, and the plan is complete"
                )
            }
            Self::NothingToApply => {
                f.write_str("the plan is `applyable` but has no `resource_changes` and changes no output")
            }
            Self::Duplicate { address } => write!(f, "`{address}` is in `resource_changes` twice"),
            Self::Side { address, actions, problem } => {
                write!(f, "`{address}` has the actions `{actions}` but {problem}")
            }
            Self::Elsewhere { section, address, problem } => {
                write!(f, "`{address}` in `{section}` {problem}")
            }
            Self::Field { address, field } => {
                write!(f, "the `{field}` of `{address}` does not match its address")
            }
            Self::LostAttribute { address, attribute, witness } => {
                let (section, side) = (witness.section(), witness.side());
                write!(f, "`{attribute}` of `{address}` is in `{section}` but not in its `{side}`")
            }
            Self::LostBlock { address } => {
                write!(f, "`{address}` is in `resource_changes` but its block is not in `configuration`")
            }
        }
    }
}

/// What an entry of `resource_changes` says of its object beside the address; each may be absent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Identity<'e> {
    pub(super) module_address: Option<&'e str>,
    pub(super) mode: Option<&'e str>,
    pub(super) resource_type: Option<&'e str>,
    pub(super) name: Option<&'e str>,
}

impl Identity<'_> {
    /// The first field that does not match the address.
    pub(super) fn mismatch(self, address: &Address) -> Option<&'static str> {
        let differs = |field: Option<&str>, expected: &str| field.is_some_and(|written| written != expected);
        if differs(self.resource_type, &address.resource_type) {
            return Some("type");
        }
        if differs(self.name, &address.name) {
            return Some("name");
        }
        if differs(self.mode, address.mode.as_str()) {
            return Some("mode");
        }
        let module_differs = match self.module_address {
            None => false,
            Some(module) if address.modules.is_empty() => !module.is_empty(),
            Some(module) => module != address.module_address(),
        };
        module_differs.then_some("module_address")
    }
}

/// The addresses of which `resource_changes` and `deferred_changes` speak.
pub(super) struct Spoken<'p> {
    /// Each with the change of its current object; former addresses and deposed objects have none.
    addresses: HashMap<String, Option<&'p ResourceChange<'p>>>,
    /// Addresses of blocks whose instances are not known yet.
    blocks: HashSet<String>,
}

impl<'p> Spoken<'p> {
    pub(super) fn of(plan: &'p Plan<'p>) -> Self {
        let addresses = HashMap::with_capacity(plan.resource_changes.len());
        let mut spoken = Self { addresses, blocks: HashSet::new() };
        for resource in &plan.resource_changes {
            let known = spoken.addresses.entry(resource.address.to_string()).or_default();
            if resource.deposed.is_none() {
                *known = Some(resource);
            }
            if let Some(previous) = &resource.previous_address {
                spoken.addresses.entry(previous.to_string()).or_default();
            }
        }
        for deferred in &plan.deferred_changes {
            spoken.blocks.insert(deferred.resource_change.address.configuration_address());
        }
        spoken
    }

    /// Whether the plan speaks of an object. Terraform 0.12 writes addresses of modules' resources without the module
    /// into states, and a key can be written in several ways.
    pub(super) fn has(&self, module: &str, address: &str) -> bool {
        if self.addresses.contains_key(address) {
            return true;
        }
        let Ok(parsed) = address.parse::<Address>() else { return false };
        self.addresses.contains_key(&parsed.to_string())
            || (!module.is_empty() && self.addresses.contains_key(&format!("{module}.{address}")))
            || self.blocks.contains(&parsed.configuration_address())
    }

    /// The change of the current object of an address that is written as Terraform writes it.
    pub(super) fn current(&self, address: &str) -> Option<&'p ResourceChange<'p>> {
        *self.addresses.get(address)?
    }
}

impl Plan<'_> {
    /// Every way in which the plan contradicts itself, in the order of its sections.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let mut found = Vec::new();
        self.entries(&mut found);
        self.other_entries(&mut found);
        let spoken = Spoken::of(self);
        let is_partial = self.errored == Some(true) || self.complete == Some(false);
        let unspoken = |state: &StateValues<'_>| {
            let mut addresses = Vec::new();
            state.each_resource(&mut |module, resource| {
                let address = resource.address.as_deref().unwrap_or_default();
                if resource.is_current_managed() && !spoken.has(module, address) {
                    addresses.push(address.to_owned());
                }
            });
            addresses.into_iter()
        };
        if !is_partial {
            let planned = unspoken(&self.planned_values);
            found.extend(planned.map(|address| Contradiction::NotInResourceChanges { address }));
        }
        // Only since Terraform 1.8 does a plan say that it is complete; before, it may come from `-target`. A plan
        // of `-refresh-only` has no resource changes at all.
        if self.complete == Some(true) && !self.resource_changes.is_empty() {
            found.extend(unspoken(&self.prior_state).map(|address| Contradiction::NotPlanned { address }));
        }
        let has_nothing = !self.has_resource_changes && !self.changes_something_else();
        if has_nothing && !is_partial && self.applyable == Some(true) {
            found.push(Contradiction::NothingToApply);
        }
        self.lost(&spoken, &mut found);
        found
    }

    /// How many managed objects are in `prior_state` of a plan that has no `resource_changes` at all. A plan of
    /// `-refresh-only` looks like that, and so does one that has lost its changes.
    pub fn objects_without_changes(&self) -> usize {
        let mut count = 0;
        if !self.has_resource_changes {
            self.prior_state.each_resource(&mut |_, resource| {
                count += usize::from(resource.is_current_managed());
            });
        }
        count
    }

    /// Whether there is something to apply beside resource changes.
    fn changes_something_else(&self) -> bool {
        !self.resource_drift.is_empty()
            || !self.deferred_changes.is_empty()
            || !self.action_invocations.is_empty()
            || self.output_changes.values().any(|output| !output.actions.is_no_op())
    }

    fn entries(&self, found: &mut Vec<Contradiction>) {
        let mut objects: HashSet<(&Address, Option<&str>)> = HashSet::new();
        for resource in &self.resource_changes {
            if !objects.insert((&resource.address, resource.deposed.as_deref())) {
                found.push(Contradiction::Duplicate { address: resource.address.to_string() });
            }
            if let Some(field) = resource.mismatch {
                found.push(Contradiction::Field { address: resource.address.to_string(), field });
            }
            if let Some(problem) = resource.side_problem() {
                let actions: Vec<&str> = resource.change.actions.verbs().iter().map(Verb::as_str).collect();
                found.push(Contradiction::Side {
                    address: resource.address.to_string(),
                    actions: actions.join("+"),
                    problem,
                });
            }
        }
    }
}

impl Plan<'_> {
    /// What of drift, deferred changes and outputs can be no side or mask, whatever their actions are.
    fn other_entries(&self, found: &mut Vec<Contradiction>) {
        let drift = self.resource_drift.iter().map(|change| ("resource_drift", change));
        let deferred =
            self.deferred_changes.iter().map(|change| ("deferred_changes", &change.resource_change));
        for (section, resource) in drift.chain(deferred) {
            let change = &resource.change;
            if let Some(problem) = change.mask_problem().or_else(|| change.object_problem()) {
                let address = resource.address.to_string();
                found.push(Contradiction::Elsewhere { section, address, problem });
            }
        }
        for (name, output) in &self.output_changes {
            let masks = [
                ("after_unknown", &output.after_unknown),
                ("before_sensitive", &output.before_sensitive),
                ("after_sensitive", &output.after_sensitive),
            ];
            if let Some(problem) = wrong_mask(masks) {
                let address = name.as_ref().to_owned();
                found.push(Contradiction::Elsewhere { section: "output_changes", address, problem });
            }
        }
    }
}

/// The first of these masks that has something else than booleans for its leaves.
fn wrong_mask(masks: [(&'static str, &Option<Value<'_>>); 3]) -> Option<SideProblem> {
    masks.into_iter().find_map(|(name, mask)| {
        let is_mask = mask.as_ref().is_none_or(|mask| *mask == Value::Null || is_mask(mask));
        (!is_mask).then_some(SideProblem::NotAMask(name))
    })
}

impl ResourceChange<'_> {
    /// What is wrong with the sides of the change, as far as its actions tell.
    fn side_problem(&self) -> Option<SideProblem> {
        let change = &self.change;
        let problem = change.mask_problem();
        problem.or_else(|| match self.address.mode {
            Mode::Managed => change.managed_problem(),
            Mode::Data | Mode::Ephemeral | Mode::Action => change.object_problem(),
        })
    }
}

impl Change<'_> {
    /// A mask has booleans for its leaves; anything else would count as known, or as not sensitive.
    fn mask_problem(&self) -> Option<SideProblem> {
        wrong_mask([
            ("after_unknown", &self.after_unknown),
            ("before_sensitive", &self.before_sensitive),
            ("after_sensitive", &self.after_sensitive),
        ])
    }

    /// A side that is there is an object, whatever the actions.
    fn object_problem(&self) -> Option<SideProblem> {
        [("before", &self.before), ("after", &self.after)].into_iter().find_map(|(side, value)| {
            let is_object = value.as_deref().is_none_or(|value| matches!(value, Value::Object(_)));
            (!is_object).then_some(SideProblem::NotAnObject(side))
        })
    }

    fn managed_problem(&self) -> Option<SideProblem> {
        if let Some(problem) = self.object_problem() {
            return Some(problem);
        }
        let actions = &self.actions;
        if actions.reads() {
            return Some(SideProblem::Action);
        }
        let (before, after) = (self.before.is_some(), self.after.is_some());
        let wholly_unknown = self.after_unknown == Some(Value::Bool(true));
        let needs_after = actions.creates() || actions.updates();
        let needs_before = actions.deletes() || actions.updates() || actions.forgets();
        if needs_after && !after && !wholly_unknown {
            return Some(SideProblem::Missing("after"));
        }
        if needs_after && self.after_unknown.as_ref().is_none_or(|mask| *mask == Value::Null) {
            return Some(SideProblem::Missing("after_unknown"));
        }
        if needs_before && !before {
            return Some(SideProblem::Missing("before"));
        }
        if after && removes_only(actions) {
            return Some(SideProblem::Unexpected("after"));
        }
        if before && actions.creates() && !needs_before {
            return Some(SideProblem::Unexpected("before"));
        }
        // Terraform lists objects that are gone from both sides as unchanged.
        if actions.is_no_op() {
            return match (&self.before, &self.after) {
                // Both are one value where the plan writes the same text twice, which is the usual case.
                (Some(before), Some(after)) => {
                    (!Arc::ptr_eq(before, after) && before != after).then_some(SideProblem::Differs)
                }
                (Some(_), None) => Some(SideProblem::Missing("after")),
                (None, Some(_)) => Some(SideProblem::Missing("before")),
                (None, None) => None,
            };
        }
        None
    }
}

fn is_mask(value: &Value<'_>) -> bool {
    match value {
        Value::Bool(_) => true,
        Value::Array(elements) => elements.iter().all(is_mask),
        Value::Object(object) => object.members().iter().all(|(_, value)| is_mask(value)),
        Value::Null | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether the actions leave no object under management.
fn removes_only(actions: &Actions) -> bool {
    (actions.deletes() || actions.forgets()) && !actions.creates() && !actions.updates()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a plan of these sections.
    fn messages(sections: &str) -> Vec<String> {
        let text = format!(r#"{{"format_version": "1.2", {sections}}}"#);
        let contradictions = Plan::parse(&text).unwrap().contradictions();
        contradictions.iter().map(ToString::to_string).collect()
    }

    /// What is wrong with an entry of `resource_changes` that has these fields beside its address `aws_x.a`.
    fn entry(fields: &str) -> Option<String> {
        let entry = format!(r#""resource_changes": [{{"address": "aws_x.a", {fields}}}]"#);
        messages(&entry).into_iter().next()
    }

    fn change(actions: &str, rest: &str) -> Option<String> {
        entry(&format!(r#""change": {{"actions": {actions}, {rest}}}"#))
    }

    const CREATED: &str = r#""change": {"actions": ["create"], "after": {}, "after_unknown": {}}"#;

    #[test]
    fn drift_deferred_changes_and_outputs_have_sides_and_masks() {
        let drift = |change: &str| {
            format!(
                r#""resource_drift": [{{"address": "aws_x.a", "change": {{"actions": ["update"], {change}}}}}]"#
            )
        };
        let deferred = |change: &str| {
            let entry = format!(r#"{{"address": "aws_x.a", "change": {{"actions": ["create"], {change}}}}}"#);
            format!(r#""deferred_changes": [{{"reason": "unknown", "resource_change": {entry}}}]"#)
        };
        let output = |change: &str| {
            format!(
                r#""resource_changes": [], "output_changes": {{"o": {{"actions": ["create"], "after": 1, {change}}}}}"#
            )
        };
        for (plan, wanted) in [
            (drift(r#""before": 5"#), "`aws_x.a` in `resource_drift` has a `before` that is not an object"),
            (
                drift(r#""before": {}, "after": "x""#),
                "`aws_x.a` in `resource_drift` has a `after` that is not an object",
            ),
            (
                drift(r#""before": {}, "after": {}, "after_sensitive": {"a": "x"}"#),
                "`aws_x.a` in `resource_drift` has a value that is not a mark in its `after_sensitive`",
            ),
            (
                deferred(r#""after": [1]"#),
                "`aws_x.a` in `deferred_changes` has a `after` that is not an object",
            ),
            (
                output(r#""after_unknown": 5"#),
                "`o` in `output_changes` has a value that is not a mark in its `after_unknown`",
            ),
            (
                output(r#""after_sensitive": "true""#),
                "`o` in `output_changes` has a value that is not a mark in its `after_sensitive`",
            ),
        ] {
            assert_eq!(messages(&plan), [wanted], "{plan}");
        }
        for right in [
            drift(r#""before": {}, "after": null, "after_unknown": {}, "before_sensitive": true"#),
            deferred(r#""before": null, "after": {}, "after_unknown": true"#),
            output(r#""after_unknown": false, "before_sensitive": false, "after_sensitive": {"a": [true]}"#),
        ] {
            assert!(messages(&right).is_empty(), "{right}: {:?}", messages(&right));
        }
    }

    #[test]
    fn planned_objects_have_their_change() {
        let planned = r#""planned_values": {"root_module": {"resources": [{"address": "aws_x.a", "mode": "managed"},
            {"address": "data.aws_x.d", "mode": "data"}], "child_modules": [{"address": "module.m", "resources":
            [{"address": "module.m.aws_x.b[0]", "mode": "managed"}]}]}}"#;
        let expected = [
            "`aws_x.a` is in `planned_values` but not in `resource_changes`",
            "`module.m.aws_x.b[0]` is in `planned_values` but not in `resource_changes`",
        ];
        assert_eq!(messages(planned), expected);
        assert_eq!(messages(&format!(r#"{planned}, "resource_changes": null"#)), expected);
        let both = format!(
            r#"{planned}, "resource_changes": [{{"address": "aws_x.a", {CREATED}}},
                {{"address": "module.m.aws_x.b[0]", {CREATED}}}]"#
        );
        assert!(messages(&both).is_empty());
        for partial in [r#""errored": true"#, r#""complete": false"#] {
            assert!(messages(&format!("{planned}, {partial}")).is_empty(), "{partial}");
        }
        let deferred = r#""deferred_changes": [{"reason": "unknown", "resource_change": {"address": "aws_x.a",
            "index_unknown": true, "change": {"actions": ["create"]}}}]"#;
        assert_eq!(messages(&format!("{planned}, {deferred}")), expected[1..]);
    }

    #[test]
    fn addresses_of_old_states_are_completed_by_their_module() {
        let planned = format!(
            r#""planned_values": {{"root_module": {{"child_modules": [{{"address": "module.m", "resources":
                [{{"address": "aws_x.a", "mode": "managed"}}]}}]}}}},
                "resource_changes": [{{"address": "module.m.aws_x.a", {CREATED}}}]"#
        );
        assert!(messages(&planned).is_empty());
    }

    #[test]
    fn a_complete_plan_speaks_of_every_object() {
        let state = format!(
            r#""resource_changes": [{{"address": "aws_x.new", "previous_address": "aws_x.old", {CREATED}}}],
                "prior_state": {{"values": {{"root_module": {{"resources": [{{"address": "aws_x.old", "mode": "managed"}},
                {{"address": "aws_x.lost", "mode": "managed"}},
                {{"address": "aws_x.gone", "mode": "managed", "deposed_key": "1"}}]}}}}}}"#
        );
        assert_eq!(
            messages(&format!(r#"{state}, "complete": true"#)),
            ["`aws_x.lost` is in `prior_state` but not in `resource_changes`, and the plan is complete"]
        );
        assert!(messages(&state).is_empty(), "older plans may come from -target");
    }

    #[test]
    fn what_can_be_applied_has_something_to_apply() {
        let expected = ["the plan is `applyable` but has no `resource_changes` and changes no output"];
        assert_eq!(messages(r#""applyable": true, "planned_values": {}"#), expected);
        for rest in [
            r#""resource_changes": []"#,
            r#""output_changes": {"o": {"actions": ["update"]}}"#,
            r#""resource_drift": [{"address": "aws_x.a", "change": {"actions": ["update"]}}]"#,
            r#""errored": true"#,
        ] {
            assert!(
                messages(&format!(r#""applyable": true, "planned_values": {{}}, {rest}"#)).is_empty(),
                "{rest}"
            );
        }
    }

    #[test]
    fn objects_of_a_plan_without_changes_are_counted() {
        let count = |sections: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "planned_values": {{}}, "prior_state": {{"values": {{"root_module":
                    {{"resources": [{{"address": "aws_x.a", "mode": "managed"}}]}}}}}}{sections}}}"#
            );
            Plan::parse(&text).unwrap().objects_without_changes()
        };
        assert_eq!((count(""), count(r#", "resource_changes": []"#)), (1, 0));
    }

    #[test]
    fn no_object_is_there_twice() {
        let twice = |deposed: &str| {
            messages(&format!(
                r#""resource_changes": [{{"address": "aws_x.a", {CREATED}}},
                    {{"address": "aws_x.a"{deposed}, "change": {{"actions": ["delete"], "before": {{}}}}}}]"#
            ))
        };
        assert_eq!(twice(""), ["`aws_x.a` is in `resource_changes` twice"]);
        assert!(twice(r#", "deposed": "0a""#).is_empty());
    }

    #[test]
    fn sides_fit_their_actions() {
        let both = r#""before": {"a": 1}, "after": {"a": 2}, "after_unknown": {}"#;
        let text = |actions: &str, rest: &str| change(actions, rest).unwrap_or_default();
        for (actions, rest, problem) in [
            (r#"["create"]"#, r#""after": null, "after_unknown": {"a": true}"#, "has no `after`"),
            (r#"["create"]"#, r#""after_unknown": {}"#, "has no `after`"),
            (r#"["create"]"#, r#""after": {}"#, "has no `after_unknown`"),
            (r#"["create"]"#, r#""after": "x", "after_unknown": {}"#, "has a `after` that is not an object"),
            (r#"["create"]"#, both, "has a `before`"),
            (r#"["update"]"#, r#""after": {}, "after_unknown": {}"#, "has no `before`"),
            (r#"["update"]"#, r#""before": {}"#, "has no `after`"),
            (r#"["delete", "create"]"#, r#""after": {}, "after_unknown": {}"#, "has no `before`"),
            (r#"["delete"]"#, r#""after": null"#, "has no `before`"),
            (r#"["delete"]"#, both, "has a `after`"),
            (r#"["forget"]"#, both, "has a `after`"),
            (r#"["no-op"]"#, both, "has a `before` that differs from its `after`"),
            (r#"["no-op"]"#, r#""before": {}"#, "has no `after`"),
            (r#"["no-op"]"#, r#""after": {}"#, "has no `before`"),
            (r#"["read"]"#, r#""after": {}"#, "is not a data source"),
            (r#"["create"]"#, r#""after": {}, "after_unknown": null"#, "has no `after_unknown`"),
            (
                r#"["create"]"#,
                r#""after": {}, "after_unknown": {"a": ["x"]}"#,
                "has a value that is not a mark in its `after_unknown`",
            ),
            (
                r#"["no-op"]"#,
                r#""after_sensitive": "x""#,
                "has a value that is not a mark in its `after_sensitive`",
            ),
            (
                r#"["delete"]"#,
                r#""before": {}, "before_sensitive": {"a": null}"#,
                "has a value that is not a mark in its `before_sensitive`",
            ),
        ] {
            let found = text(actions, rest);
            assert!(found.ends_with(&format!("but {problem}")), "{actions} {rest}: {found}");
        }
        for (actions, rest) in [
            (r#"["create"]"#, r#""before": null, "after": null, "after_unknown": true"#),
            (r#"["update"]"#, both),
            (r#"["create", "delete"]"#, both),
            (r#"["delete"]"#, r#""before": {}, "after": null"#),
            (r#"["no-op"]"#, r#""before": {"a": 1}, "after": {"a":1}"#),
            (r#"["no-op"]"#, r#""before": null, "after": null"#),
            (r#"["warp"]"#, r#""after": {}"#),
        ] {
            assert_eq!(change(actions, rest), None, "{actions} {rest}");
        }
    }

    #[test]
    fn fields_say_what_the_address_says() {
        let module = |fields: &str, address: &str| {
            messages(&format!(r#""resource_changes": [{{"address": "{address}", {fields}, {CREATED}}}]"#))
                .pop()
        };
        let address = r#"module.m[0].aws_x.a[\"k\"]"#;
        let right = r#""module_address": "module.m[0]", "mode": "managed", "type": "aws_x", "name": "a""#;
        assert_eq!(module(right, address), None);
        assert_eq!(module(r#""module_address": """#, "aws_x.a"), None);
        for (right_field, wrong, field) in [
            (r#""module.m[0]""#, r#""module.m""#, "module_address"),
            (r#""module.m[0]""#, r#""""#, "module_address"),
            (r#""managed""#, r#""data""#, "mode"),
            (r#""aws_x""#, r#""aws_y""#, "type"),
            (r#""name": "a""#, r#""name": "b""#, "name"),
        ] {
            let message = module(&right.replacen(right_field, wrong, 1), address).unwrap_or_default();
            assert!(message.starts_with(&format!("the `{field}` of")), "{wrong}: {message}");
        }
        assert!(module(r#""module_address": "module.m""#, "aws_x.a").is_some());
    }
}
