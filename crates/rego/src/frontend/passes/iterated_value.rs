//! Makes sure that `some x in …` looks through a collection.
//!
//! For OPA there is nothing in a number, a boolean or a string, so that the body does not hold; think of an
//! `Action` that may be a list or a single string. The engine ends the whole rule with an error. It also takes a
//! `with` at the end to hold for all that follows in the body, so that the collection is found beforehand.
//!
//! ```text
//! some action in statement.Action; some k, v in rc.tags
//! action := statement.Action[_]; {"array", "object", "set"}[type_name(rc.tags)]; some k, v in rc.tags
//! ```

use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Expr, ExprKind, LiteralKind};

use super::super::super::builtins;
use super::super::edit::{Edits, Written};
use super::super::policy::{Policy, for_each_body, modifiers, outside_bodies};

/// What there is to look through.
const TEST: &str = "{\"array\", \"object\", \"set\"}[type_name(";

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let scopes = Scopes::of(policy.module, policy.text);
    for_each_body(policy.module, &mut |body| {
        let mut tested = Vec::new();
        for literal in &body.literals {
            tested.extend(test_of(policy, &literal.kind));
            let LiteralKind::SomeIn { patterns, collection } = &literal.kind else { continue };
            let certainty = may_be_anything(policy, &scopes, collection);
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
                    // What comes after the literal would be looked at under its `with` as well.
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

/// What the body has made sure of already.
fn test_of(policy: &Policy<'_>, kind: &LiteralKind) -> Option<String> {
    let LiteralKind::Expression(expr) = kind else { return None };
    Some(policy.text_of(expr).strip_prefix(TEST)?.strip_suffix(")]")?.to_owned())
}

enum Certainty {
    Collection,
    /// One value, of whatever type.
    OneValue,
    /// A value for each way to find one, or one that should not be found twice.
    Values,
}

fn may_be_anything(policy: &Policy<'_>, scopes: &Scopes<'_>, expr: &Expr) -> Certainty {
    match &expr.kind {
        ExprKind::Items(_) | ExprKind::Object(_) | ExprKind::Comprehension { .. } => Certainty::Collection,
        // Operators on collections yield collections, and others fail.
        ExprKind::Operation { .. } => Certainty::Collection,
        ExprKind::Parenthesised(inner) => may_be_anything(policy, scopes, inner),
        // There is never anything in these, which the engine may say.
        ExprKind::Scalar => Certainty::Collection,
        ExprKind::Name => Certainty::OneValue,
        // The list that most rules look through, in every plan.
        ExprKind::Reference { .. } if policy.text_of(expr) == "input.resource_changes" => {
            Certainty::Collection
        }
        // What a later pass writes, once this one has had its say about what is looked through.
        ExprKind::Call { function, .. }
            if matches!(policy.text_of(function), builtins::OF_TYPE | builtins::OF_TYPE_BY_KEY) =>
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
                        | ExprKind::Items(_)
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
    fn what_is_looked_through_is_tested() {
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
    fn what_is_computed_is_computed_once() {
        assert_pass(
            edits,
            "r if { some k, x in input[(k in z)] }",
            "r if { __pg1 := input[(k in z)]; {\"array\", \"object\", \"set\"}[type_name(__pg1)]; some k, x in __pg1 }",
        );
    }

    #[test]
    fn what_is_a_collection_is_not() {
        for rule in ["r if { some x in [1] }", "r if { some x in {y | y := 1} }", "r if { some x in a | b }"]
        {
            assert_pass(edits, rule, rule);
        }
    }
}
