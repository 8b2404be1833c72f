//! Replaces the target of `with` with its full path, and evaluates the replacement first.
//!
//! OPA accepts the plain name of a rule of the same package after `with`, and `as xs[_]` tries every member. The
//! replacement has the value that it has outside of the `with`; if it has none, the statement is undefined. The engine
//! resolves such a rule only by its path, unless it has a value, and a function only by the name of its call, which is its
//! path after the earlier pass; it rejects an unbound variable after `as`, evaluates a rule that is read inside as well only
//! once, and ignores a `with` whose value is undefined.
//!
//! ```text
//! deny with limit as limits[_]
//! __pg1 := limits[_]; deny with data.main.limit as __pg1
//! ```

use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Expr, ExprKind, Step, With};
use planguard_rego_syntax::walk::{each_body, outside_bodies};

use super::super::edit::{Edits, Written};
use super::super::policy::{Policy, path_text};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let scopes = policy.scopes();
    each_body(policy.module, &mut |body| {
        for literal in &body.literals {
            let mut statements = Vec::new();
            for with in &literal.withs {
                let root = with.target.root().filter(|root| scopes.declaration(root).is_none());
                if let Some(root) = root.filter(|root| policy.is_rule(policy.text_of(root))) {
                    let mut path = policy.module.package.clone();
                    path.push(policy.text_of(root).to_owned());
                    edits.replace(root.span.clone(), path_text(&path).as_str());
                }
                // One of several may hide that another is undefined.
                let is_hidden = literal.withs.len() > 1 && is_computed(scopes, &with.value);
                if has_variable_index(policy, scopes, &with.value)
                    || is_a_value(policy, scopes, with)
                    || is_hidden
                {
                    let name = policy.fresh_name();
                    let mut statement = Written::from(format!("{name} := ").as_str());
                    statement.push_moved(&edits.take(&with.value.span), &with.value.span);
                    statements.push(statement);
                    edits.replace(with.value.span.clone(), name.as_str());
                }
            }
            edits.before(body, literal, &statements);
        }
    });
    edits
}

/// Whether a replacement is looked up: it is a rule, or a path into `input` or `data`. A function is replaced by name.
fn is_a_value(policy: &Policy<'_>, scopes: &Scopes<'_>, with: &With) -> bool {
    let is_of_input = |expr: &Expr| policy.text_of(expr) == "input" || policy.text_of(expr) == "data";
    let replaces_data =
        with.target.root().is_some_and(|root| is_of_input(root) || policy.is_rule(policy.text_of(root)));
    let Some(root) = with.value.root().filter(|root| policy.is_global(scopes, root)) else { return false };
    let mut path: Vec<String> = if policy.text_of(root) == "data" {
        vec!["data".to_owned()]
    } else {
        policy.module.package.iter().cloned().chain([policy.text_of(root).to_owned()]).collect()
    };
    if let ExprKind::Reference { steps, .. } = &with.value.kind {
        for step in steps {
            let Step::Field(span) = step else { break };
            path.push(policy.text.get(span.clone()).unwrap_or("").to_owned());
        }
    }
    replaces_data && !policy.is_function(&path)
}

/// Whether a replacement is put together from parts that may be undefined.
fn is_computed(scopes: &Scopes<'_>, value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_) | ExprKind::Parenthesised(_) => {
            let mut found = false;
            outside_bodies(value, &mut |part| {
                let kind = &part.kind;
                found |= matches!(
                    kind,
                    ExprKind::Reference { .. } | ExprKind::Call { .. } | ExprKind::Operation { .. }
                );
            });
            found
        }
        ExprKind::Call { .. } | ExprKind::Operation { .. } => true,
        // Other names may be functions.
        ExprKind::Reference { base, .. } => {
            !matches!(base.kind, ExprKind::Name) || scopes.declaration(base).is_some()
        }
        ExprKind::Scalar(_) | ExprKind::Template(_) | ExprKind::Name | ExprKind::Comprehension { .. } => {
            false
        }
    }
}

fn has_variable_index(policy: &Policy<'_>, scopes: &Scopes<'_>, expr: &Expr) -> bool {
    let mut found = false;
    outside_bodies(expr, &mut |part| {
        let ExprKind::Reference { steps, .. } = &part.kind else { return };
        for step in steps {
            match step {
                Step::Field(_) => {}
                Step::Index(index) => outside_bodies(index, &mut |part| {
                    found |= matches!(part.kind, ExprKind::Name)
                        && (policy.text_of(part) == "_" || policy.is_open(scopes, part));
                }),
            }
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn rules_are_replaced_by_path() {
        assert_pass(
            edits,
            "limit := 1\nr if x with limit as 2 with input as 3",
            "limit := 1\nr if x with data.main.limit as 2 with input as 3",
        );
        assert_pass(edits, "r if x with count as 2", "r if x with count as 2");
        assert_pass(edits, "r if x with y as net.z", "r if x with y as net.z");
    }

    #[test]
    fn a_value_that_is_looked_up_is_looked_up_outside() {
        assert_pass(
            edits,
            "cfg := 1\nr if x with data.y as cfg with input as data.mock.typo",
            "cfg := 1\nr if { __pg1 := cfg; __pg2 := data.mock.typo; x with data.y as __pg1 with input as __pg2 }",
        );
        assert_pass(
            edits,
            "mock(x) := 1\nr if x with data.lib.f as mock",
            "mock(x) := 1\nr if x with data.lib.f as mock",
        );
        assert_pass(edits, "r if { y := z; x with input as y }", "r if { y := z; x with input as y }");
    }

    #[test]
    fn of_several_values_each_is_evaluated_first() {
        assert_pass(
            edits,
            "r if x with input as {\"a\": y.b} with input.c as [1]",
            "r if { __pg1 := {\"a\": y.b}; x with input as __pg1 with input.c as [1] }",
        );
        assert_pass(
            edits,
            "r if { y := z; x with input as y.b with input.c as y }",
            "r if { y := z; __pg1 := y.b; x with input as __pg1 with input.c as y }",
        );
        assert_pass(
            edits,
            "r if x with input as [][0] with input.c as 1",
            "r if { __pg1 := [][0]; x with input as __pg1 with input.c as 1 }",
        );
        assert_pass(edits, "r if x with input as {\"a\": y.b}", "r if x with input as {\"a\": y.b}");
    }

    #[test]
    fn functions_are_replaced_by_path() {
        assert_pass(
            edits,
            "f(x) := 1\nr if { x with f as 2; x with data.main.f as 3 }",
            "f(x) := 1\nr if { x with data.main.f as 2; x with data.main.f as 3 }",
        );
    }

    #[test]
    fn members_are_enumerated_first() {
        assert_pass(
            edits,
            "r if not x with input as y[_]",
            "r if { __pg1 := y[_]; not x with input as __pg1 }",
        );
        assert_pass(
            edits,
            "r if x with input as {\"a\": [y[_]]}",
            "r if { __pg1 := {\"a\": [y[_]]}; x with input as __pg1 }",
        );
        assert_pass(
            edits,
            "r if { some z in y; x with input as z.a[0] }",
            "r if { some z in y; x with input as z.a[0] }",
        );
    }
}
