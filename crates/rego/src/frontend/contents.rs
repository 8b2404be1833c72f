//! What a policy contains, so that passes that look for something else need not look.
//!
//! Most policies have a few scans and comparisons. To let every pass search them for what they do not have takes longer
//! than to note once what they have.

use planguard_rego_syntax::tree::{
    Expr, ExprKind, Literal, LiteralKind, Module, Operator, OperatorFamily, Scalar, Step,
};
use planguard_rego_syntax::walk::{Visitor, inside_expr, inside_literal, inside_module};

use super::ignored_body::is_more_than_true;
use super::passes::{deep_comprehension, deep_literal};
use super::policy::Policy;

/// A set of kinds of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contents(u32);

impl Contents {
    /// Every policy has it.
    pub(super) const RULES: Self = Self(1);
    /// A template string.
    pub(super) const TEMPLATES: Self = Self(1 << 1);
    /// `not`.
    pub(super) const NEGATIONS: Self = Self(1 << 2);
    /// `every`.
    pub(super) const EVERY: Self = Self(1 << 3);
    /// `some` without `in`.
    pub(super) const DECLARATIONS: Self = Self(1 << 4);
    /// `some … in`.
    pub(super) const ITERATIONS: Self = Self(1 << 5);
    /// `with`.
    pub(super) const WITHS: Self = Self(1 << 6);
    /// A literal that is a call.
    pub(super) const CALLED_LITERALS: Self = Self(1 << 7);
    /// A call of `walk`.
    pub(super) const WALKS: Self = Self(1 << 8);
    /// A call of a function that writes values.
    pub(super) const WRITERS: Self = Self(1 << 9);
    /// An operator with one operand.
    pub(super) const SIGNS: Self = Self(1 << 10);
    /// A number that is beyond the range of floats.
    pub(super) const LARGE_NUMBERS: Self = Self(1 << 11);
    /// An import of a document or package, or after a rule, or of a keyword.
    pub(super) const IMPORTS: Self = Self(1 << 12);
    /// The name `data`.
    pub(super) const DATA: Self = Self(1 << 13);
    /// An operator of numbers or sets, or of an order.
    pub(super) const COMPUTATIONS: Self = Self(1 << 14);
    /// `in` as an operator.
    pub(super) const MEMBERSHIPS: Self = Self(1 << 15);
    /// A comprehension.
    pub(super) const COMPREHENSIONS: Self = Self(1 << 16);
    /// An object that is written out.
    pub(super) const OBJECTS: Self = Self(1 << 17);
    /// An index that is neither written out nor `_`.
    pub(super) const COMPUTED_INDEXES: Self = Self(1 << 18);
    /// `_` where it is no index.
    pub(super) const WILDCARDS: Self = Self(1 << 19);
    /// A function that a `with` of some policy replaces.
    pub(super) const REPLACED: Self = Self(1 << 20);

    /// A unification of two arrays or objects that are written out.
    pub(super) const UNIFIED_ARRAYS: Self = Self(1 << 21);
    /// A literal of many brackets in each other.
    pub(super) const DEEP_LITERALS: Self = Self(1 << 22);

    /// `true` behind `not` or before `with`.
    pub(super) const IGNORED_BODIES: Self = Self(1 << 24);
    /// Many comprehensions in each other.
    pub(super) const DEEP_COMPREHENSIONS: Self = Self(1 << 25);
    /// A rule whose name is a path.
    pub(super) const PATHS: Self = Self(1 << 23);

    /// What gives a name another meaning than it has outside.
    pub(super) const NAMES: Self = Self::DECLARATIONS.or(Self::ITERATIONS).or(Self::COMPREHENSIONS);
    /// What must wait for its variables.
    pub(super) const WAITING: Self = Self::NEGATIONS.or(Self::EVERY);
    /// What finds values for variables, or asks for them.
    pub(super) const FOUND: Self = Self::CALLED_LITERALS.or(Self::OBJECTS).or(Self::WAITING);

    /// Notes what a policy contains.
    pub(super) fn of(policy: &Policy<'_>) -> Self {
        let mut reader = Reader { text: policy.text, found: Self::RULES, depth: 0, comprehensions: 0 };
        if !policy.module.imports.is_empty() {
            reader.found.add(Self::IMPORTS);
        }
        if policy.replaces_anything() {
            reader.found.add(Self::REPLACED);
        }
        if policy.module.rules.iter().any(|rule| matches!(rule.head.name.kind, ExprKind::Reference { .. })) {
            reader.found.add(Self::PATHS);
        }
        reader.read(policy.module);
        reader.found
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether they have a kind in common.
    pub(super) const fn has_any_of(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn add(&mut self, other: Self) {
        *self = self.or(other);
    }
}

struct Reader<'t> {
    text: &'t str,
    found: Contents,
    /// How many brackets of literals are open.
    depth: usize,
    /// How many comprehensions are open.
    comprehensions: usize,
}

impl Reader<'_> {
    fn read(&mut self, module: &Module) {
        inside_module(self, module);
    }

    /// An index that is `_` is not visited.
    fn reference(&mut self, base: &Expr, steps: &[Step]) {
        self.expr(base);
        for step in steps {
            match step {
                Step::Index(index) if is_wildcard(index, self.text) => {}
                Step::Index(index) => {
                    if !matches!(index.kind, ExprKind::Scalar(_)) {
                        self.found.add(Contents::COMPUTED_INDEXES);
                    }
                    self.expr(index);
                }
                Step::Field(_) => {}
            }
        }
    }
}

impl<'m> Visitor<'m> for Reader<'_> {
    fn literal(&mut self, literal: &'m Literal) {
        match &literal.kind {
            LiteralKind::Declaration(_) => self.found.add(Contents::DECLARATIONS),
            LiteralKind::SomeIn { .. } => self.found.add(Contents::ITERATIONS),
            LiteralKind::Every { .. } => self.found.add(Contents::EVERY),
            LiteralKind::Negation(_) => self.found.add(Contents::NEGATIONS),
            LiteralKind::Expression(_) => {}
        }
        if let LiteralKind::Expression(expr) | LiteralKind::Negation(expr) = &literal.kind
            && matches!(expr.kind, ExprKind::Call { .. })
        {
            self.found.add(Contents::CALLED_LITERALS);
        }
        if !literal.withs.is_empty() {
            self.found.add(Contents::WITHS);
        }
        if is_more_than_true(literal) {
            self.found.add(Contents::IGNORED_BODIES);
        }
        inside_literal(self, literal);
    }

    fn expr(&mut self, expr: &'m Expr) {
        let brackets =
            usize::from(matches!(expr.kind, ExprKind::Object(_) | ExprKind::Array(_) | ExprKind::Set(_)));
        let comprehensions = usize::from(expr.body().is_some());
        self.depth += brackets;
        self.comprehensions += comprehensions;
        if self.comprehensions >= deep_comprehension::DEEPEST {
            self.found.add(Contents::DEEP_COMPREHENSIONS);
        }
        if self.depth >= deep_literal::DEEPEST {
            self.found.add(Contents::DEEP_LITERALS);
        }
        match &expr.kind {
            ExprKind::Name => match expr.text(self.text) {
                "data" => self.found.add(Contents::DATA),
                "_" => self.found.add(Contents::WILDCARDS),
                _ => {}
            },
            ExprKind::Template(_) => self.found.add(Contents::TEMPLATES),
            ExprKind::Scalar(Scalar::Number(number)) => {
                if number.parse::<f64>().is_ok_and(f64::is_infinite) {
                    self.found.add(Contents::LARGE_NUMBERS);
                }
            }
            ExprKind::Call { function, .. } => match function.text(self.text) {
                "walk" => self.found.add(Contents::WALKS),
                "print" | "yaml.marshal" => self.found.add(Contents::WRITERS),
                _ => {}
            },
            ExprKind::Operation { operator, operands } => {
                if operands.len() == 1 {
                    self.found.add(Contents::SIGNS);
                }
                if *operator == Operator::Unify
                    && (operands.iter().all(|operand| matches!(operand.kind, ExprKind::Array(_)))
                        || operands.iter().all(|operand| matches!(operand.kind, ExprKind::Object(_))))
                {
                    self.found.add(Contents::UNIFIED_ARRAYS);
                }
                if *operator == Operator::In {
                    self.found.add(Contents::MEMBERSHIPS);
                }
                if matches!(operator.family(), OperatorFamily::Order | OperatorFamily::Computation) {
                    self.found.add(Contents::COMPUTATIONS);
                }
            }
            ExprKind::Comprehension { .. } => self.found.add(Contents::COMPREHENSIONS),
            ExprKind::Object(_) => self.found.add(Contents::OBJECTS),
            ExprKind::Reference { base, steps } => return self.reference(base, steps),
            ExprKind::Scalar(_) | ExprKind::Parenthesised(_) | ExprKind::Array(_) | ExprKind::Set(_) => {}
        }
        inside_expr(self, expr);
        self.depth -= brackets;
        self.comprehensions -= comprehensions;
    }
}

fn is_wildcard(expr: &Expr, text: &str) -> bool {
    matches!(expr.kind, ExprKind::Name) && expr.text(text) == "_"
}

#[cfg(test)]
mod tests {
    use planguard_rego_syntax::parse;

    use super::super::policy::RuleNames;
    use super::*;
    use crate::options::RegoVersion;

    #[test]
    fn a_scan_has_little() {
        let text = "package main\ndeny contains m if {\n\tsome x in input.xs\n\tx.a[_] in [\"b\"]\n\tx.c != 1\n\
                    \tm := sprintf(\"%s\", [x.n])\n}\n";
        let module = parse::parse(text).unwrap();
        let names = RuleNames::default();
        let found = Contents::of(&Policy::new(text, &module, RegoVersion::V1, &names));
        assert_eq!(found, Contents::RULES.or(Contents::ITERATIONS).or(Contents::MEMBERSHIPS));
    }
}
