//! Replaces operators whose operands the engine computes or orders otherwise than OPA does.
//!
//! The engine computes fractions with 53 bits, for which `0.1 + 0.2` is not 0.3, and sets come before objects. An operand
//! of another type is always an error, also where OPA has an undefined result. The functions do as OPA does. They take
//! longer, so that what can only be integers or sets keeps its operator, and so do comparisons with what can be neither a
//! set nor an object, such as a number that is written out.
//!
//! ```text
//! rc.change.after.price * 1.1
//! mul(rc.change.after.price, 1.1)
//! ```

use planguard_rego_syntax::tree::{Expr, ExprKind, Operator, OperatorFamily, Scalar};
use planguard_rego_syntax::walk::each_expr;

use super::super::edit::{Edits, Written};
use super::super::kind::{Kind, Kinds};
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut operations = Vec::new();
    each_expr(policy.module, &mut |expr| {
        if let ExprKind::Operation { operator, operands } = &expr.kind
            && let Some(function) = function(*operator)
            && let [left, right] = operands.as_slice()
        {
            operations.push((expr, *operator, function, left, right));
        }
    });
    let mut edits = policy.edits();
    if operations.is_empty() {
        return edits;
    }
    let kinds = Kinds::of(policy);
    // Inner ones first, since outer ones move them.
    for (expr, operator, function, left, right) in operations.into_iter().rev() {
        if policy.is_rule(function) || policy.is_import(function) || !differs(&kinds, operator, left, right) {
            continue;
        }
        let mut call = Written::from(format!("{function}(").as_str());
        call.push_moved(&edits.take(&left.span), &left.span);
        call.push(", ");
        call.push_moved(&edits.take(&right.span), &right.span);
        call.push(")");
        edits.replace(expr.span.clone(), call);
    }
    edits
}

/// The function that does what OPA's operator does.
fn function(operator: Operator) -> Option<&'static str> {
    Some(match operator {
        Operator::Add => "plus",
        Operator::Subtract => "minus",
        Operator::Multiply => "mul",
        Operator::Divide => "div",
        Operator::Remainder => "rem",
        Operator::Union => "or",
        Operator::Intersection => "and",
        Operator::Less => "lt",
        Operator::LessOrEqual => "lte",
        Operator::Greater => "gt",
        Operator::GreaterOrEqual => "gte",
        _ => return None,
    })
}

/// Whether the engine's operator may have another result.
fn differs(kinds: &Kinds<'_, '_>, operator: Operator, left: &Expr, right: &Expr) -> bool {
    // A number without its sign, and what an earlier pass made of a sign.
    if is_zero(left) && operator == Operator::Subtract {
        return false;
    }
    let (left, right) = (kinds.kind(left), kinds.kind(right));
    if operator.family() == OperatorFamily::Order {
        let can_be_composite = |kind| matches!(kind, Kind::Set | Kind::Composite | Kind::Anything);
        return can_be_composite(left) && can_be_composite(right);
    }
    // What is divided with a remainder is nearly always an index.
    let is_integer = |kind| matches!(kind, Kind::Integer | Kind::Anything);
    if operator == Operator::Remainder && is_integer(left) && is_integer(right) {
        return false;
    }
    // The quotient of two integers can have more bits than the engine keeps.
    let are_integers = (left, right) == (Kind::Integer, Kind::Integer) && operator != Operator::Divide;
    !are_integers && (left, right) != (Kind::Set, Kind::Set)
}

fn is_zero(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Scalar(Scalar::Number(number)) if &**number == "0")
}

#[cfg(test)]
mod tests {
    use planguard_rego_syntax::parse::parse;

    use super::super::super::policy::RuleNames;
    use super::super::super::tests::assert_pass;
    use super::*;
    use crate::options::RegoVersion;

    #[test]
    fn fractions_are_computed_by_functions() {
        assert_pass(edits, "r := 0.1 + 0.2", "r := plus(0.1, 0.2)");
        assert_pass(edits, "r := (x.a - 1) *\ny / 2", "r := \ndiv(mul((minus(x.a, 1)), y), 2)");
        assert_pass(
            edits,
            "r if { x := count(y) / 3; x * 100 > 50 }",
            "r if { x := div(count(y), 3); mul(x, 100) > 50 }",
        );
        assert_pass(edits, "r if not x.a + 1 > [y - z]", "r if not plus(x.a, 1) > [minus(y, z)]");
    }

    #[test]
    fn operands_of_unknown_types_are_left_to_functions() {
        assert_pass(edits, "r := {1} - x", "r := minus({1}, x)");
        assert_pass(edits, "r := x | (y & {1})", "r := or(x, (and(y, {1})))");
        assert_pass(edits, "r := x % 1.5", "r := rem(x, 1.5)");
    }

    #[test]
    fn integers_and_sets_keep_their_operators() {
        for rule in [
            "r := count(x) - count(y) + 1",
            "r := time.now_ns() - (24 * 3600)",
            "r if { x := count(y); z := x * 2; z + 1 > 3 }",
            "w := {1}\nr := w - {x}",
            "w contains 1 if true\nr := (w - w) | object.keys(x)",
            "r := {y | y := 1} & ({1} | {2})",
            "r := (0 - x)",
            "n := 5\nr := count(x) % n",
            "r := x % 2",
            "plus(x, y) := 1\nr := x + y",
            "names(x) := {y.name | some y in x}\nr := names(a) - names(b)",
        ] {
            assert_pass(edits, rule, rule);
        }
    }

    /// Computation by functions takes longer, which ordinary policies must not notice.
    #[test]
    fn few_of_the_packs_compute_or_order_by_functions() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/rego");
        let (mut files, mut changed) = (0, Vec::new());
        for entry in walkdir::WalkDir::new(directory).into_iter().map(Result::unwrap) {
            if entry.path().extension().is_none_or(|extension| extension != "rego") {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let module = parse(&text).unwrap();
            let mut names = RuleNames::default();
            names.add(&module, &text);
            let policy = Policy::new(&text, &module, RegoVersion::V1, &names);
            files += 1;
            if edits(&policy).apply().unwrap().is_some() {
                let name = entry.path().strip_prefix(directory).unwrap();
                changed.push(name.display().to_string());
            }
        }
        assert!(files > 20, "only {files} policies were found");
        changed.sort();
        // One compares percentages that its parameters may give with fractions, and its test joins findings; the others
        // order severities and addresses, which their arguments do not show.
        let few = [
            "blast-radius/policy.rego",
            "blast-radius/policy_test.rego",
            "lib/findings.rego",
            "lib/network.rego",
        ];
        assert_eq!(changed, few);
    }

    #[test]
    fn sets_and_objects_are_ordered_by_functions() {
        assert_pass(edits, "r if x < {}", "r if lt(x, {})");
        assert_pass(edits, "w contains 1\nr if w >= x.y", "w contains 1\nr if gte(w, x.y)");
        assert_pass(edits, "r if [{}] > [x]", "r if gt([{}], [x])");
        assert_pass(edits, "r if x.a < x.b", "r if lt(x.a, x.b)");
        assert_pass(edits, "f(a, b) if [a] <= [b, 1]", "f(a, b) if lte([a], [b, 1])");
    }

    #[test]
    fn other_comparisons_keep_their_operators() {
        for rule in [
            "r if x.a < 3",
            "r if \"b\" > x.a",
            "r if x := {} < 1",
            "r if count({1}) < count(x)",
            "r if [1, 2] < x",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
