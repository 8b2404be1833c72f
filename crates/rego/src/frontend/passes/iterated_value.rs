//! Makes `some x in …` accept values that are not collections.
//!
//! In OPA, a number, a boolean or a string has no elements, so the body is false; an example is an `Action` that may
//! be a list or a single string. In the engine the whole rule fails with an error. The engine also applies a `with`
//! at the end to the rest of the body, so the collection is evaluated first.
//!
//! ```text
//! some action in statement.Action; some k, v in rc.tags
//! action := statement.Action[_]; {"array", "object", "set"}[type_name(rc.tags)]; some k, v in rc.tags
//! ```

use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Expr, ExprKind, LiteralKind};
use planguard_rego_syntax::walk::{each_body, outside_bodies};

use super::super::super::builtins;
use super::super::edit::{Edits, Written};
use super::super::policy::{Policy, modifiers};

/// The types of collections.
const TEST: &str = "{\"array\", \"object\", \"set\"}[type_name(";

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let scopes = policy.scopes();
    each_body(policy.module, &mut |body| {
        let mut tested = Vec::new();
        for literal in &body.literals {
            tested.extend(test_of(policy, &literal.kind));
            let LiteralKind::SomeIn { patterns, collection } = &literal.kind else { continue };
            let certainty = may_be_anything(policy, scopes, collection);
            if let ([pattern], Certainty::OneValue | Certainty::Values) = (patterns.as_slice(), &certainty)
                && matches!(pattern.kind, ExprKind::Name)
                && policy.text_of(pattern) != "_"
            {
                let mut assignment = Written::default();
                assignment.push_moved(policy.text_of(pattern), &pattern.span);
                assignment.push(" := ");
                if matches!(collection.kind, ExprKind::Name | ExprKind::Reference { .. }) {
                    edits.replace(literal.span.start..collection.span.start, assignment);
                    edits.insert(collection.span.end, "[_]");
                } else {
                    let name = policy.fresh_name();
                    let mut statement = Written::from(format!("{name} := ").as_str());
                    statement.push_moved(&edits.take(&collection.span), &collection.span);
                    statement.push(&modifiers(&edits, literal));
                    assignment.push(&format!("{name}[_]"));
                    edits.replace(literal.span.start..collection.span.end, assignment);
                    edits.before(body, literal, &[statement]);
                }
                continue;
            }
            let mut statements = Vec::new();
            let mut test = Written::from(TEST);
            match certainty {
                Certainty::Collection if literal.withs.is_empty() => continue,
                Certainty::OneValue
                    if literal.withs.is_empty() && tested.contains(&edits.copy(&collection.span)) =>
                {
                    continue;
                }
                Certainty::OneValue if literal.withs.is_empty() => {
                    test.push_moved(&edits.copy(&collection.span), &collection.span);
                }
                Certainty::Collection | Certainty::OneValue | Certainty::Values => {
                    let name = policy.fresh_name();
                    let mut statement = Written::from(format!("{name} := ").as_str());
                    statement.push_moved(&edits.take(&collection.span), &collection.span);
                    statement.push(&modifiers(&edits, literal));
                    statements.push(statement);
                    test.push(&name);
                    // Literals that follow would also be evaluated under the `with`.
                    edits.replace(collection.span.start..literal.span.end, name.as_str());
                }
            }
            test.push(")]");
            statements.push(test);
            edits.before(body, literal, &statements);
        }
    });
    edits
}

/// Returns the test that the body already contains.
fn test_of(policy: &Policy<'_>, kind: &LiteralKind) -> Option<String> {
    let LiteralKind::Expression(expr) = kind else { return None };
    Some(policy.text_of(expr).strip_prefix(TEST)?.strip_suffix(")]")?.to_owned())
}

enum Certainty {
    Collection,
    /// One value, of any type.
    OneValue,
    /// Several values, or one that should not be computed twice.
    Values,
}

fn may_be_anything(policy: &Policy<'_>, scopes: &Scopes<'_>, expr: &Expr) -> Certainty {
    match &expr.kind {
        ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_) | ExprKind::Comprehension { .. } => {
            Certainty::Collection
        }
        // Operators on collections return collections, and others fail.
        ExprKind::Operation { .. } => Certainty::Collection,
        ExprKind::Parenthesised(inner) => may_be_anything(policy, scopes, inner),
        // These have no elements; the engine reports the error.
        ExprKind::Scalar(_) | ExprKind::Template(_) => Certainty::Collection,
        ExprKind::Name => Certainty::OneValue,
        // The list that most rules iterate over is in every plan.
        ExprKind::Reference { .. } if policy.text_of(expr) == "input.resource_changes" => {
            Certainty::Collection
        }
        // Written by a later pass, which runs after this one.
        ExprKind::Call { function, .. }
            if [builtins::WALK_TO, builtins::WALKED].contains(&policy.text_of(function))
                || builtins::SCANS.contains(&policy.text_of(function)) =>
        {
            Certainty::Collection
        }
        ExprKind::Call { .. } => Certainty::Values,
        ExprKind::Reference { .. } => {
            let mut varies = false;
            outside_bodies(expr, &mut |part| {
                let is_name = matches!(part.kind, ExprKind::Name);
                varies |= matches!(
                    part.kind,
                    ExprKind::Call { .. }
                        | ExprKind::Operation { .. }
                        | ExprKind::Array(_)
                        | ExprKind::Set(_)
                        | ExprKind::Object(_)
                        | ExprKind::Comprehension { .. }
                ) || is_name && (policy.text_of(part) == "_" || policy.is_open(scopes, part));
            });
            if varies { Certainty::Values } else { Certainty::OneValue }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn collections_are_tested() {
        assert_pass(
            edits,
            "r if { some k, x in input.a }",
            "r if { {\"array\", \"object\", \"set\"}[type_name(input.a)]; some k, x in input.a }",
        );
        assert_pass(
            edits,
            "r if some [x] in input.a[_] with input as 1",
            "r if { __pg1 := input.a[_] with input as 1; {\"array\", \"object\", \"set\"}[type_name(__pg1)]; \
             some [x] in __pg1 }",
        );
    }

    #[test]
    fn a_single_name_is_assigned() {
        assert_pass(edits, "r if some x in\ninput.a[_]", "r if \nx := input.a[_][_]");
        assert_pass(edits, "r if some x in f(input.a)", "r if { __pg1 := f(input.a); x := __pg1[_] }");
    }

    #[test]
    fn an_expression_is_evaluated_once() {
        assert_pass(
            edits,
            "r if { some k, x in input[(k in z)] }",
            "r if { __pg1 := input[(k in z)]; {\"array\", \"object\", \"set\"}[type_name(__pg1)]; some k, x in __pg1 }",
        );
    }

    #[test]
    fn certain_collections_are_not_tested() {
        for rule in ["r if { some x in [1] }", "r if { some x in {y | y := 1} }", "r if { some x in a | b }"]
        {
            assert_pass(edits, rule, rule);
        }
    }
}
