//! Restricts `walk` to what is below a key, if the last step of the path is compared with it.
//!
//! The engine makes a list of all parts of a document with their paths, and evaluates the rest of the body for each. As in
//! `typed_scan.rs`, the test stays in place. It must follow directly, so that nothing is evaluated for fewer parts than
//! before.
//!
//! ```text
//! walk(input, [path, value]); path[count(path) - 1] == "acl"
//! [path, value] = __pg_walk_to(input, "acl")[_]; path[count(path) - 1] == "acl"
//! ```

use planguard_rego_syntax::tree::{Expr, ExprKind, Literal, LiteralKind, Operator, Rule, Scalar, Step};
use planguard_rego_syntax::walk::{each_body, each_expr};

use super::super::super::builtins::WALK_TO;
use super::super::edit::{Edits, Written};
use super::super::policy::Policy;
use super::typed_scan::{is_text, outermost, start};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    if !policy.text.contains("walk") {
        return edits;
    }
    let outermost = outermost(policy);
    for rule in &policy.module.rules {
        each_body(rule, &mut |body| {
            // A name in an inner body can have its value from an outer one.
            if !outermost.contains(&start(body)) {
                return;
            }
            for pair in body.literals.windows(2) {
                let [literal, next] = pair else { continue };
                let Some(walk) = Walk::of(policy, literal) else { continue };
                let Some(key) = walk.key(policy, next) else { continue };
                if !walk.begins_its_names(policy, rule, literal) {
                    continue;
                }
                let mut new = Written::default();
                new.push_moved(&edits.copy(&walk.pattern.span), &walk.pattern.span);
                new.push(" = ");
                new.push(WALK_TO);
                new.push("(");
                new.push_moved(&edits.copy(&walk.walked.span), &walk.walked.span);
                new.push(&format!(", {})[_]", policy.text_of(key)));
                edits.replace(literal.span.clone(), new);
            }
        });
    }
    edits
}

/// `walk(walked, [path, value])`.
struct Walk<'a> {
    walked: &'a Expr,
    pattern: &'a Expr,
    path: &'a Expr,
    value: &'a Expr,
}

impl<'a> Walk<'a> {
    fn of(policy: &Policy<'_>, literal: &'a Literal) -> Option<Self> {
        let LiteralKind::Expression(expr) = &literal.kind else { return None };
        let ExprKind::Call { function, arguments } = &expr.kind else { return None };
        let [walked, pattern] = arguments.as_slice() else { return None };
        let ExprKind::Array(parts) = &pattern.kind else { return None };
        let [path, value] = parts.as_slice() else { return None };
        let are_names = [path, value].iter().all(|part| matches!(part.kind, ExprKind::Name));
        let is_walk =
            policy.text_of(function) == "walk" && !policy.is_rule("walk") && !policy.is_import("walk");
        let is_path = matches!(walked.kind, ExprKind::Name | ExprKind::Reference { .. });
        let is_one_line = !policy.text_of(expr).contains('\n');
        let names_differ = policy.text_of(path) != policy.text_of(value);
        (are_names && is_walk && is_path && is_one_line && names_differ && literal.withs.is_empty())
            .then_some(Self { walked, pattern, path, value })
    }

    /// The text that the next literal demands of the last step of the path.
    fn key<'n>(&self, policy: &Policy<'_>, next: &'n Literal) -> Option<&'n Expr> {
        let LiteralKind::Expression(expr) = &next.kind else { return None };
        let ExprKind::Operation { operator: Operator::Equal, operands } = &expr.bare().kind else {
            return None;
        };
        let [left, right] = operands.as_slice() else { return None };
        let is_last = |expr: &Expr| self.is_last_step(policy, expr);
        match (is_last(left), is_last(right)) {
            (true, _) if is_text(right) => Some(right),
            (_, true) if is_text(left) => Some(left),
            _ => None,
        }
        .filter(|key| next.withs.is_empty() && !policy.text_of(key).contains('\n'))
    }

    /// `path[count(path) - 1]`.
    fn is_last_step(&self, policy: &Policy<'_>, expr: &Expr) -> bool {
        let ExprKind::Reference { base, steps } = &expr.kind else { return false };
        let [Step::Index(index)] = steps.as_slice() else { return false };
        let ExprKind::Operation { operator: Operator::Subtract, operands } = &index.kind else {
            return false;
        };
        let [count, one] = operands.as_slice() else { return false };
        let ExprKind::Call { function, arguments } = &count.kind else { return false };
        let [counted] = arguments.as_slice() else { return false };
        let is_path = |expr: &Expr| policy.text_of(expr) == policy.text_of(self.path);
        is_path(base)
            && is_path(counted)
            && policy.text_of(function) == "count"
            && !policy.is_rule("count")
            && matches!(&one.kind, ExprKind::Scalar(Scalar::Number(one)) if one.as_ref() == "1")
    }

    /// Whether no literal before the walk knows the names of its pattern: it would compare with their values.
    fn begins_its_names(&self, policy: &Policy<'_>, rule: &Rule, literal: &Literal) -> bool {
        [self.path, self.value].iter().all(|name| {
            let text = policy.text_of(name);
            let mut first = usize::MAX;
            let mut within_bodies = |expr: &Expr| {
                if matches!(expr.kind, ExprKind::Name) && policy.text_of(expr) == text {
                    first = first.min(expr.span.start);
                }
            };
            rule.branches
                .iter()
                .filter_map(|branch| branch.body.as_ref())
                .for_each(|body| each_expr(body, &mut within_bodies));
            let is_own = policy.scopes().declaration(name).is_none()
                && !policy.is_rule(text)
                && !policy.is_import(text);
            text == "_" || is_own && first >= literal.span.start
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    fn assert_left(rules: &str) {
        assert_pass(edits, rules, rules);
    }

    #[test]
    fn walk_goes_to_the_key() {
        assert_pass(
            edits,
            "r if { walk(input.a, [path, value]); path[count(path) - 1] == \"acl\"; value == 1 }",
            "r if { [path, value] = __pg_walk_to(input.a, \"acl\")[_]; path[count(path) - 1] == \"acl\"; value == 1 }",
        );
        assert_pass(
            edits,
            "deny contains p if {\n\twalk(input, [p, _])\n\t\"x\" == p[count(p) - 1]\n}",
            "deny contains p if {\n\t[p, _] = __pg_walk_to(input, \"x\")[_]\n\t\"x\" == p[count(p) - 1]\n}",
        );
    }

    #[test]
    fn other_forms_are_unchanged() {
        for body in [
            "walk(input, [path, value]); value == 1; path[count(path) - 1] == \"acl\"",
            "walk(input, [path, value]); path[count(path) - 2] == \"acl\"",
            "walk(input, [path, value]); path[count(value) - 1] == \"acl\"",
            "walk(input, [path, value]); path[count(path) - 1] != \"acl\"",
            "walk(input, [path, value]); path[count(path) - 1] == value",
            "walk(input, [path, value]); path[count(path) - 1] == \"acl\" with input as {}",
            "path := [\"a\"]; walk(input, [path, value]); path[count(path) - 1] == \"acl\"",
            "some path; walk(input, [path, value]); path[count(path) - 1] == \"acl\"",
            "f(value); walk(input, [path, value]); path[count(path) - 1] == \"acl\"",
            "walk(input, path); path[count(path) - 1] == \"acl\"",
        ] {
            assert_left(&format!("r if {{ {body} }}"));
        }
        assert_left("value := 1\nr if { walk(input, [path, value]); path[count(path) - 1] == \"acl\" }");
        assert_left("f(path) if { walk(input, [path, value]); path[count(path) - 1] == \"acl\" }");
        assert_left("walk(1, 2)\nr if { walk(input, [p, v]); p[count(p) - 1] == \"acl\" }");
    }
}
