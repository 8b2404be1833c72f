//! Builds lists in OPA's order, or lets the engine say that it cannot.
//!
//! The elements of a list are in the order in which the body finds them. The engine leaves `walk` for later than what
//! follows it, and reads a collection with sets and objects in it with the sets first. So `walk` becomes a list of what it
//! finds, and a collection that may have sets in its elements is looked at before it is read.
//!
//! ```text
//! [[p, x] | walk(input, [p, _]); some x in xs]
//! [[p, x] | __pg1 := __pg_walked(input); [p, _] = __pg1[_]; __pg_in_order(xs, 1); some x in xs]
//! ```

use std::cell::OnceCell;
use std::collections::HashSet;

use planguard_rego_syntax::tree::{
    Body, ComprehensionHead, Expr, ExprKind, Literal, LiteralKind, Operator, Span, Step,
};
use planguard_rego_syntax::walk::{each_expr, outside_bodies};

use super::super::super::builtins::{IN_ORDER, WALKED};
use super::super::edit::{Edits, Written};
use super::super::plain::Plain;
use super::super::policy::{Policy, modifiers};
use super::searched_head::searches;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut bodies = Vec::new();
    each_expr(policy.module, &mut |expr| {
        if let ExprKind::Comprehension { head: ComprehensionHead::Array(_), body } = &expr.kind {
            bodies.push(body);
        }
    });
    let mut pass = Pass { policy, edits: policy.edits(), plain: OnceCell::new(), walked: HashSet::new() };
    // Inner bodies first, since outer ones may move them.
    for body in bodies.into_iter().rev() {
        pass.body(body);
    }
    pass.edits
}

struct Pass<'a, 'p> {
    policy: &'a Policy<'p>,
    edits: Edits<'p>,
    /// Read for the first collection that needs it.
    plain: OnceCell<Plain<'a, 'p>>,
    /// The names for what `walk` finds in JSON, in the body that is read.
    walked: HashSet<&'p str>,
}

impl<'a, 'p> Pass<'a, 'p> {
    fn body(&mut self, body: &Body) {
        self.walked = self.walked_in(body);
        for (index, literal) in body.literals.iter().enumerate() {
            match &literal.kind {
                LiteralKind::Expression(expr) => {
                    if let Some((walked, pattern)) = self.walk(expr) {
                        self.references(body, literal, walked);
                        let after = &body.literals[index + 1..];
                        if self.is_followed(pattern, after) || !self.plain().is_json(walked) {
                            self.list(body, literal, walked, pattern);
                        }
                    } else {
                        self.references(body, literal, expr);
                    }
                }
                LiteralKind::SomeIn { collection, .. } => self.collection(body, literal, collection),
                LiteralKind::Declaration(_) | LiteralKind::Every { .. } | LiteralKind::Negation(_) => {}
            }
        }
    }

    /// The names for what `walk` finds in JSON, also where this pass has listed it before.
    fn walked_in(&self, body: &Body) -> HashSet<&'p str> {
        let (mut lists, mut found) = (HashSet::new(), HashSet::new());
        for literal in &body.literals {
            let LiteralKind::Expression(expr) = &literal.kind else { continue };
            if let Some((walked, pattern)) = self.walk(expr)
                && self.plain().is_json(walked)
            {
                found.extend(self.names(pattern));
            }
            let ExprKind::Operation { operator, operands } = &expr.kind else { continue };
            let [left, right] = operands.as_slice() else { continue };
            match (operator, &right.kind) {
                (Operator::Assign, ExprKind::Call { function, arguments })
                    if self.policy.text_of(function) == WALKED
                        && arguments.iter().all(|walked| self.plain().is_json(walked)) =>
                {
                    lists.insert(self.policy.text_of(left));
                }
                (Operator::Unify, ExprKind::Reference { base, .. })
                    if lists.contains(self.policy.text_of(base)) =>
                {
                    found.extend(self.names(left));
                }
                _ => {}
            }
        }
        found
    }

    fn plain(&self) -> &Plain<'a, 'p> {
        self.plain.get_or_init(|| Plain::of(self.policy))
    }

    /// What `walk` goes through, and the pattern for what it finds.
    fn walk<'e>(&self, expr: &'e Expr) -> Option<(&'e Expr, &'e Expr)> {
        let ExprKind::Call { function, arguments } = &expr.kind else { return None };
        let [walked, pattern] = arguments.as_slice() else { return None };
        let is_walk = self.policy.text_of(function) == "walk"
            && !self.policy.is_rule("walk")
            && !self.policy.is_import("walk");
        is_walk.then_some((walked, pattern))
    }

    fn names(&self, pattern: &Expr) -> HashSet<&'p str> {
        let mut names = HashSet::new();
        outside_bodies(pattern, &mut |part| {
            if matches!(part.kind, ExprKind::Name) {
                names.insert(self.policy.text_of(part));
            }
        });
        names.remove("_");
        names
    }

    fn is_plain(&self, collection: &Expr) -> bool {
        self.walked.contains(self.policy.text_of(collection)) || self.plain().is_plain(collection)
    }

    /// Whether a later literal iterates and uses none of the names of a pattern, for which it would wait.
    fn is_followed(&self, pattern: &Expr, after: &[Literal]) -> bool {
        let names = self.names(pattern);
        after.iter().any(|literal| {
            let iterates = match &literal.kind {
                LiteralKind::SomeIn { .. } => true,
                LiteralKind::Expression(expr) => {
                    self.walk(expr).is_some() || searches(self.policy, self.policy.scopes(), expr)
                }
                LiteralKind::Declaration(_) | LiteralKind::Every { .. } | LiteralKind::Negation(_) => false,
            };
            let mut waits = false;
            literal.own_exprs().into_iter().for_each(|expr| {
                outside_bodies(expr, &mut |part| {
                    waits |= matches!(part.kind, ExprKind::Name) && names.contains(self.policy.text_of(part));
                });
            });
            iterates && !waits
        })
    }

    /// Lists what `walk` finds before it is matched.
    fn list(&mut self, body: &Body, literal: &Literal, walked: &Expr, pattern: &Expr) {
        let name = self.policy.fresh_name();
        let mut statement = Written::from(format!("{name} := {WALKED}(").as_str());
        statement.push_moved(&self.edits.take(&walked.span), &walked.span);
        statement.push(")");
        statement.push(&modifiers(&self.edits, literal));
        let mut matched = Written::default();
        matched.push_moved(&self.edits.take(&pattern.span), &pattern.span);
        matched.push(&format!(" = {name}[_]"));
        for with in &literal.withs {
            self.edits.take(&with.span);
        }
        self.edits.replace(literal.span.clone(), matched);
        self.edits.before(body, literal, &[statement]);
    }

    /// Looks at the collection of `some … in`.
    fn collection(&mut self, body: &Body, literal: &Literal, collection: &Expr) {
        if self.is_plain(collection) {
            return;
        }
        match &collection.kind {
            ExprKind::Name | ExprKind::Reference { .. } => match self.first_search(collection) {
                None => self.look(body, literal, collection.span.clone(), 1),
                Some(Search { span, levels }) => self.look(body, literal, span, levels + 1),
            },
            _ => self.wrap(collection, 1),
        }
    }

    /// Looks at the collections that references search.
    fn references(&mut self, body: &Body, literal: &Literal, expr: &Expr) {
        let mut references = Vec::new();
        outside_bodies(expr, &mut |part| {
            if let ExprKind::Reference { base, .. } = &part.kind {
                references.push((part, base));
            }
        });
        for (reference, base) in references {
            let Some(Search { span, levels }) = self.first_search(reference) else { continue };
            let is_base = span == base.span;
            if self.walked.contains(self.policy.text_of(base))
                || self.plain().is_json(base)
                || self.is_looked_at(base)
                || is_base && levels == 1 && self.is_plain(base)
            {
                continue;
            }
            match (&base.kind, is_base) {
                (ExprKind::Name | ExprKind::Reference { .. }, _) | (_, false) => {
                    self.look(body, literal, span, levels);
                }
                (_, true) => self.wrap(base, levels),
            }
        }
    }

    /// Whether this pass has written a call around a collection before.
    fn is_looked_at(&self, collection: &Expr) -> bool {
        matches!(&collection.kind, ExprKind::Call { function, .. } if self.policy.text_of(function) == IN_ORDER)
    }

    /// The first collection that a reference searches.
    fn first_search(&self, reference: &Expr) -> Option<Search> {
        let ExprKind::Reference { base, steps } = &reference.kind else { return None };
        let open = |step: &Step| matches!(step, Step::Index(index) if self.is_open(index));
        let first = steps.iter().position(open)?;
        let last = steps.iter().rposition(open)?;
        let end = match first.checked_sub(1).and_then(|before| steps.get(before)) {
            None => base.span.end,
            Some(Step::Field(span)) => span.end,
            Some(Step::Index(index)) => {
                let rest = self.policy.text.get(index.span.end..)?;
                index.span.end + rest.find(']')? + 1
            }
        };
        Some(Search { span: base.span.start..end, levels: last - first + 1 })
    }

    fn is_open(&self, index: &Expr) -> bool {
        let scopes = self.policy.scopes();
        let mut found = false;
        outside_bodies(index, &mut |part| {
            found |= matches!(part.kind, ExprKind::Name)
                && (self.policy.text_of(part) == "_" || self.policy.is_open(scopes, part));
        });
        found
    }

    fn look(&mut self, body: &Body, literal: &Literal, span: Span, levels: usize) {
        let mut statement = Written::from(format!("{IN_ORDER}(").as_str());
        statement.push_moved(&self.edits.copy(&span), &span);
        statement.push(&format!(", {levels})"));
        statement.push(&modifiers(&self.edits, literal));
        let text = statement.text();
        let is_known =
            body.literals.iter().any(|literal| self.policy.text.get(literal.span.clone()) == Some(text));
        if !is_known {
            self.edits.before(body, literal, &[statement]);
        }
    }

    fn wrap(&mut self, collection: &Expr, levels: usize) {
        let mut wrapped = Written::from(format!("{IN_ORDER}(").as_str());
        wrapped.push_moved(&self.edits.take(&collection.span), &collection.span);
        wrapped.push(&format!(", {levels})"));
        self.edits.replace(collection.span.clone(), wrapped);
    }
}

/// What a reference searches.
struct Search {
    /// The first collection.
    span: Span,
    /// How many collections in each other, with the objects between them.
    levels: usize,
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn walk_becomes_a_list_where_something_follows() {
        assert_pass(
            edits,
            "r := [[p, x] | walk(input, [p, _]); some x in [1]]",
            "r := [[p, x] | __pg1 := __pg_walked(input); [p, _] = __pg1[_]; some x in [1]]",
        );
        assert_pass(
            edits,
            "r := [1 | walk(input.a, w) with input as {}; input.xs[i]]",
            "r := [1 | __pg1 := __pg_walked(input.a) with input as {}; w = __pg1[_]; input.xs[i]]",
        );
        for rule in [
            "r := [p | walk(input, [p, _])]",
            "r := [p | some x in [1]; walk(input, [p, _])]",
            "r := [p | walk(input, [p, v]); v[_] == 1; some x in p]",
            "r := {p | walk(input, [p, _]); some x in [1]}",
            "r if { walk(input, [p, _]); some x in [1] }",
        ] {
            assert_pass(edits, rule, rule);
        }
    }

    #[test]
    fn collections_that_may_have_sets_in_them_are_looked_at() {
        assert_pass(
            edits,
            "w contains {\"a\": x} if some x in data.xs\nr := [x | some x in w]\ns := [x | w[x]]",
            "w contains {\"a\": x} if some x in data.xs\nr := [x | __pg_in_order(w, 1); some x in w]\n\
             s := [x | __pg_in_order(w, 1); w[x]]",
        );
        assert_pass(
            edits,
            "r := [x | some x in {{1}, {}}]",
            "r := [x | some x in __pg_in_order({{1}, {}}, 1)]",
        );
        assert_pass(
            edits,
            "f(x) := [z | z := x.y[_].z[_]]",
            "f(x) := [z | __pg_in_order(x.y, 3); z := x.y[_].z[_]]",
        );
        assert_pass(
            edits,
            "f(xs) := [z | some x in g(xs); some z in xs[_] with input as 1]",
            "f(xs) := [z | some x in __pg_in_order(g(xs), 1); __pg_in_order(xs, 2) with input as 1; \
             some z in xs[_] with input as 1]",
        );
    }

    #[test]
    fn other_collections_are_not() {
        for rule in [
            "r := [x | some rc in input.xs; some x in rc.change.after.ys; x.z[_] == 1]",
            "w contains m if m := sprintf(\"%s\", [input.x])\nr := [x | some x in w]",
            "w := {\"a\", \"b\"}\nr := [x | some x in w; not input.xs[x]]",
            "w contains rc if some rc in input.xs\nr := [x | some x in w]",
            "xs := [x | some x in input.xs]\nr := [x | x := xs[_].y[_]]",
            "r := [x | some x in {y | y := input.z[_]} | {1}]",
            "r := {x | some x in {{1}, {}}}",
            "r := [x | some x in json.unmarshal(input.x)]",
            "r := [x | some x in object.get(input.x, \"y\", [])]",
            "r := [x | __pg_in_order(w, 1); some x in w]\nw contains data.x",
            "r := [p | walk(input, [p, v]); v[_].x == 1; some x in p]",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
