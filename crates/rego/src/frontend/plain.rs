//! Tells which collections have no set within their elements, as far as the text of a policy says.
//!
//! The engine reads sets before objects, and OPA after them. A plan is JSON and has no sets at all, so that most
//! collections need no look at their elements.

use std::cell::Cell;

use planguard_rego_syntax::resolve::{Meaning, Root};
use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{BranchKind, ComprehensionHead, Expr, ExprKind, OperatorFamily};

use super::kind::{Kind, Kinds};
use super::policy::{Policy, is_generated};

/// Builtins whose result has no set in it.
const JSON: [&str; 13] = [
    "indexof_n",
    "json.filter",
    "json.unmarshal",
    "numbers.range",
    "numbers.range_step",
    "regex.find_all_string_submatch_n",
    "regex.find_n",
    "regex.split",
    "split",
    "time.clock",
    "time.date",
    "urlquery.decode_object",
    "yaml.unmarshal",
];

/// Builtins whose result is an array, or a set of texts.
const PLAIN: [&str; 6] =
    ["array.concat", "array.reverse", "array.slice", "net.cidr_expand", "net.cidr_merge", "sort"];

/// How many definitions are followed from one to the next.
const FOLLOWED: u8 = 6;

/// How many expressions are looked at for one.
const STEPS: usize = 2_000;

/// Where the variables of a policy have their values from.
pub(super) struct Plain<'a, 'p> {
    policy: &'a Policy<'p>,
    scopes: &'a Scopes<'p>,
    kinds: Kinds<'a, 'p>,
    steps: Cell<usize>,
}

impl<'a, 'p> Plain<'a, 'p> {
    pub(super) fn of(policy: &'a Policy<'p>) -> Self {
        Self { policy, scopes: policy.scopes(), kinds: Kinds::of(policy), steps: Cell::new(STEPS) }
    }

    /// Whether a collection is an array, or none of its elements or keys has a set in it.
    pub(super) fn is_plain(&self, collection: &Expr) -> bool {
        self.steps.set(STEPS);
        self.plain(collection, FOLLOWED)
    }

    /// Whether a value has no set in it.
    pub(super) fn is_json(&self, value: &Expr) -> bool {
        self.steps.set(STEPS);
        self.json(value, FOLLOWED)
    }

    fn takes_step(&self) -> bool {
        let left = self.steps.get().checked_sub(1);
        self.steps.set(left.unwrap_or(0));
        left.is_some()
    }

    fn plain(&self, collection: &Expr, left: u8) -> bool {
        if !self.takes_step() {
            return false;
        }
        match &collection.kind {
            ExprKind::Array(_) | ExprKind::Scalar(_) | ExprKind::Template(_) => true,
            ExprKind::Comprehension { head, .. } => match head {
                ComprehensionHead::Array(_) => true,
                ComprehensionHead::Set(element) => self.element(element, left),
                ComprehensionHead::Object(entry) => self.element(&entry[0], left),
            },
            ExprKind::Set(elements) => elements.iter().all(|element| self.element(element, left)),
            ExprKind::Object(fields) => fields.iter().all(|(key, _)| self.element(key, left)),
            ExprKind::Parenthesised(inner) => self.plain(inner, left),
            ExprKind::Operation { operator, operands } => {
                operator.family() != OperatorFamily::Computation
                    || operands.iter().all(|operand| self.plain(operand, left))
            }
            ExprKind::Name => self.name(collection, left, Self::plain, Self::element),
            ExprKind::Call { function, arguments } => {
                let name = self.policy.text_of(function);
                let is_plain = is_generated(name)
                    || PLAIN.contains(&name)
                    || name == "object.keys" && arguments.iter().all(|argument| self.plain(argument, left));
                self.call(name, arguments, left, Self::plain).unwrap_or(is_plain)
            }
            ExprKind::Reference { .. } => self.json(collection, left),
        }
    }

    /// Whether an element of a collection has no set in it.
    fn element(&self, element: &Expr, left: u8) -> bool {
        matches!(self.kinds.kind(element), Kind::Integer | Kind::Number | Kind::Simple)
            || self.json(element, left)
    }

    fn json(&self, value: &Expr, left: u8) -> bool {
        if !self.takes_step() {
            return false;
        }
        match &value.kind {
            ExprKind::Scalar(_) | ExprKind::Template(_) => true,
            ExprKind::Array(elements) => elements.iter().all(|element| self.element(element, left)),
            ExprKind::Object(fields) => {
                fields.iter().all(|(key, value)| self.element(key, left) && self.element(value, left))
            }
            ExprKind::Comprehension { head: ComprehensionHead::Array(element), .. } => {
                self.element(element, left)
            }
            ExprKind::Comprehension { head: ComprehensionHead::Object(entry), .. } => {
                entry.iter().all(|part| self.element(part, left))
            }
            ExprKind::Comprehension { head: ComprehensionHead::Set(_), .. } | ExprKind::Set(_) => false,
            ExprKind::Parenthesised(inner) => self.json(inner, left),
            ExprKind::Operation { operator, .. } => operator.family() != OperatorFamily::Computation,
            ExprKind::Name => self.name(value, left, Self::json, |_, _, _| false),
            ExprKind::Call { function, arguments } => {
                self.call(self.policy.text_of(function), arguments, left, Self::json).unwrap_or(false)
            }
            ExprKind::Reference { base, .. } => match base.kind {
                ExprKind::Name if matches!(self.policy.meaning(self.scopes, base), Meaning::Data) => false,
                _ => self.json(base, left),
            },
        }
    }

    fn name(
        &self,
        name: &Expr,
        left: u8,
        holds: fn(&Self, &Expr, u8) -> bool,
        holds_for_key: fn(&Self, &Expr, u8) -> bool,
    ) -> bool {
        match self.policy.meaning(self.scopes, name) {
            Meaning::Input => true,
            Meaning::Import(import) => matches!(import.target(), (Root::Input, _)),
            Meaning::Local(declaration) => {
                let Some(left) = left.checked_sub(1) else { return false };
                let definitions = self.kinds.definitions();
                match (definitions.assigned.get(&declaration), definitions.element_of.get(&declaration)) {
                    (Some(value), None) => holds(self, value, left),
                    (None, Some(collection)) => self.json(collection, left),
                    (Some(_), Some(_)) | (None, None) => false,
                }
            }
            Meaning::Rule => self.rule(self.policy.text_of(name), left, holds, holds_for_key),
            Meaning::Data | Meaning::Open => false,
        }
    }

    /// Whether it holds for what a function returns, if it is one of the policy or has no set in its result.
    fn call(
        &self,
        name: &str,
        arguments: &[Expr],
        left: u8,
        holds: fn(&Self, &Expr, u8) -> bool,
    ) -> Option<bool> {
        if self.kinds.definitions().rules.contains_key(name) {
            return Some(self.rule(name, left, holds, |_, _, _| false));
        }
        let first = name.split('.').next().unwrap_or(name);
        if self.policy.is_rule(first) || self.policy.is_import(first) {
            return Some(false);
        }
        let hands_on = matches!(name, "object.get" | "object.remove" | "object.union");
        let is_json =
            JSON.contains(&name) || hands_on && arguments.iter().all(|argument| self.element(argument, left));
        is_json.then_some(true)
    }

    /// Whether it holds for the values of all definitions of a rule, or for the key of those that build a set.
    fn rule(
        &self,
        name: &str,
        left: u8,
        holds: fn(&Self, &Expr, u8) -> bool,
        holds_for_key: fn(&Self, &Expr, u8) -> bool,
    ) -> bool {
        let (Some(left), Some(rules)) = (left.checked_sub(1), self.kinds.definitions().rules.get(name))
        else {
            return false;
        };
        // Other files of the package may define it as well.
        if self.policy.number_of_rules(name) != rules.len() {
            return false;
        }
        rules.iter().all(|rule| {
            if !matches!(rule.head.name.kind, ExprKind::Name) {
                return false;
            }
            if let Some(key) = &rule.head.key {
                return holds_for_key(self, key, left);
            }
            let mut values = rule.branches.iter().map(|branch| match &branch.kind {
                BranchKind::First | BranchKind::Chained => rule.head.value.as_ref(),
                BranchKind::Else { value } => value.as_ref(),
            });
            values.all(|value| value.is_none_or(|value| holds(self, value, left)))
        })
    }
}
