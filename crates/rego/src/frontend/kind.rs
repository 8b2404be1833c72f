//! Tells what an expression can be, as far as its text says.

use std::cell::Cell;

use planguard_rego_syntax::resolve::Meaning;
use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{
    BranchKind, ComprehensionHead, Expr, ExprKind, Operator, OperatorFamily, Rule, Scalar,
};

use super::definitions::Definitions;
use super::policy::Policy;

/// What an expression is, if it has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number without a fraction, of 64 bits or nearly.
    Integer,
    /// A number.
    Number,
    Set,
    /// An object, or an array that has a set or an object in it.
    Composite,
    /// Null, a boolean, a text, or an array of these.
    Simple,
    Anything,
}

impl Kind {
    /// What an expression is that is the one or the other.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (left, right) if left == right => left,
            (Self::Integer | Self::Number, Self::Integer | Self::Number) => Self::Number,
            _ => Self::Anything,
        }
    }
}

/// Builtins whose result is an integer.
const INTEGERS: [&str; 20] = [
    "bits.and",
    "bits.lsh",
    "bits.negate",
    "bits.or",
    "bits.rsh",
    "bits.xor",
    "ceil",
    "count",
    "floor",
    "indexof",
    "rand.intn",
    "round",
    "semver.compare",
    "strings.count",
    "time.add_date",
    "time.now_ns",
    "time.parse_duration_ns",
    "time.parse_ns",
    "time.parse_rfc3339_ns",
    "units.parse_bytes",
];

/// Builtins whose result is a truth value or a text: those that stand for operators and templates.
const SIMPLE: [&str; 7] = ["equal", "gt", "gte", "lt", "lte", "neq", "sprintf"];

/// Builtins whose result is a set.
const SETS: [&str; 7] =
    ["cast_set", "graph.reachable", "graph.reachable_paths", "intersection", "object.keys", "set", "union"];

/// How many definitions are followed from one to the next.
const FOLLOWED: u8 = 6;

/// How many expressions are looked at for one: definitions may be used often, each by many others. The longest chain of
/// operators has half as many.
const STEPS: usize = 2_000;

/// The definitions of a policy's names.
pub(super) struct Kinds<'a, 'p> {
    policy: &'a Policy<'p>,
    scopes: &'a Scopes<'p>,
    definitions: Definitions<'a, 'p>,
    /// How many more expressions are looked at for the one that is asked about.
    steps: Cell<usize>,
}

impl<'a, 'p> Kinds<'a, 'p> {
    pub(super) fn of(policy: &'a Policy<'p>) -> Self {
        let scopes = policy.scopes();
        Self { policy, scopes, definitions: Definitions::of(policy), steps: Cell::new(STEPS) }
    }

    pub(super) fn definitions(&self) -> &Definitions<'a, 'p> {
        &self.definitions
    }

    pub(super) fn kind(&self, expr: &Expr) -> Kind {
        self.steps.set(STEPS);
        self.followed(expr, FOLLOWED)
    }

    /// `left` is how many more definitions are followed.
    fn followed(&self, expr: &Expr, left: u8) -> Kind {
        let Some(steps) = self.steps.get().checked_sub(1) else { return Kind::Anything };
        self.steps.set(steps);
        match &expr.kind {
            ExprKind::Scalar(Scalar::Number(number)) => match number.parse::<i64>() {
                Ok(_) => Kind::Integer,
                Err(_) => Kind::Number,
            },
            ExprKind::Scalar(Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) | Scalar::RawText(_))
            | ExprKind::Template(_) => Kind::Simple,
            ExprKind::Set(_) => Kind::Set,
            ExprKind::Object(_) => Kind::Composite,
            ExprKind::Array(elements) => self.array(elements, left),
            ExprKind::Comprehension { head, .. } => match head {
                ComprehensionHead::Set(_) => Kind::Set,
                ComprehensionHead::Object(_) => Kind::Composite,
                ComprehensionHead::Array(element) => self.array(std::slice::from_ref(element), left),
            },
            ExprKind::Parenthesised(inner) => self.followed(inner, left),
            ExprKind::Operation { operator, operands } => self.operation(*operator, operands, left),
            ExprKind::Call { function, arguments } => {
                self.call(self.policy.text_of(function), arguments, left)
            }
            ExprKind::Name => self.name(expr, left),
            ExprKind::Reference { .. } => Kind::Anything,
        }
    }

    fn array(&self, elements: &[Expr], left: u8) -> Kind {
        let kinds: Vec<Kind> = elements.iter().map(|element| self.followed(element, left)).collect();
        if kinds.iter().any(|kind| matches!(kind, Kind::Set | Kind::Composite)) {
            Kind::Composite
        } else if kinds.contains(&Kind::Anything) {
            Kind::Anything
        } else {
            Kind::Simple
        }
    }

    fn operation(&self, operator: Operator, operands: &[Expr], left: u8) -> Kind {
        if operator.family() != OperatorFamily::Computation {
            return Kind::Simple;
        }
        match operator {
            Operator::Union | Operator::Intersection => return Kind::Set,
            Operator::Divide => return Kind::Number,
            _ => {}
        }
        let kinds: Vec<Kind> = operands.iter().map(|operand| self.followed(operand, left)).collect();
        match operator {
            Operator::Subtract if kinds.contains(&Kind::Set) => Kind::Set,
            Operator::Subtract if kinds.contains(&Kind::Anything) => Kind::Anything,
            _ if kinds.iter().all(|kind| *kind == Kind::Integer) => Kind::Integer,
            _ => Kind::Number,
        }
    }

    fn call(&self, name: &str, arguments: &[Expr], left: u8) -> Kind {
        if self.definitions.rules.contains_key(name) {
            return self.rule(name, left);
        }
        let first = name.split('.').next().unwrap_or(name);
        if self.policy.is_rule(first) || self.policy.is_import(first) {
            return Kind::Anything;
        }
        let operator = match name {
            "plus" => Some(Operator::Add),
            "minus" => Some(Operator::Subtract),
            "mul" => Some(Operator::Multiply),
            "div" => Some(Operator::Divide),
            "rem" => Some(Operator::Remainder),
            "or" => Some(Operator::Union),
            "and" => Some(Operator::Intersection),
            _ => None,
        };
        if let Some(operator) = operator {
            self.operation(operator, arguments, left)
        } else if INTEGERS.contains(&name) {
            Kind::Integer
        } else if SETS.contains(&name) {
            Kind::Set
        } else if SIMPLE.contains(&name) {
            Kind::Simple
        } else {
            Kind::Anything
        }
    }

    fn name(&self, name: &Expr, left: u8) -> Kind {
        match self.policy.meaning(self.scopes, name) {
            Meaning::Local(declaration) => {
                let Some(left) = left.checked_sub(1) else { return Kind::Anything };
                self.definitions
                    .assigned
                    .get(&declaration)
                    .map_or(Kind::Anything, |value| self.followed(value, left))
            }
            Meaning::Rule => self.rule(self.policy.text_of(name), left),
            Meaning::Input | Meaning::Data | Meaning::Import(_) | Meaning::Open => Kind::Anything,
        }
    }

    fn rule(&self, name: &str, left: u8) -> Kind {
        let Some(left) = left.checked_sub(1) else { return Kind::Anything };
        let rules = self.definitions.rules.get(name).map_or(&[][..], Vec::as_slice);
        let kinds = rules.iter().map(|rule| self.defined(rule, left));
        kinds.reduce(Kind::or).unwrap_or(Kind::Anything)
    }

    /// What a rule's definition makes of its name.
    fn defined(&self, rule: &Rule, left: u8) -> Kind {
        if !matches!(rule.head.name.kind, ExprKind::Name) {
            return Kind::Anything;
        }
        if rule.head.key.is_some() {
            return Kind::Set;
        }
        let values = rule.branches.iter().map(|branch| match &branch.kind {
            BranchKind::First | BranchKind::Chained => rule.head.value.as_ref(),
            BranchKind::Else { value } => value.as_ref(),
        });
        values
            .map(|value| value.map_or(Kind::Simple, |value| self.followed(value, left)))
            .reduce(Kind::or)
            .unwrap_or(Kind::Anything)
    }
}
