//! Replaces a number that is beyond the range of floats.
//!
//! OPA's numbers have no limit; policies use `1e400` as a bound that nothing reaches. The engine has integers of any
//! size, but rejects them in a policy. A bound becomes the largest float, which has the same numbers on each side if it
//! counts as being before the bound; other numbers are read from a text.
//!
//! ```text
//! x < 1e400; y := 1e400
//! x <= 1.7976931348623157e308; y := to_number("1e400")
//!
//! f(1e400) := 1
//! f(__pg1) := 1 if { __pg1 == to_number("1e400") }
//! ```

use planguard_rego_syntax::tree::{Expr, ExprKind, Operator, Rule, Scalar};
use planguard_rego_syntax::walk::{Visitor, each_expr, inside_branch, inside_expr, outside_bodies};

use super::super::edit::{Edits, Written};
use super::super::policy::Policy;

/// The largest float.
const LARGEST: &str = "1.7976931348623157e308";

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let (mut edits, mut bounds) = (policy.edits(), Vec::new());
    each_expr(policy.module, &mut |expr| {
        let ExprKind::Operation { operator, operands } = &expr.kind else { return };
        let [left, right] = operands.as_slice() else { return };
        let (number, bound, operator_with_bound_right) = match (bound_of(left), bound_of(right)) {
            (None, Some(bound)) => (right, bound, *operator),
            (Some(bound), None) => (left, bound, swapped(*operator)),
            (None, None) | (Some(_), Some(_)) => return,
        };
        let Some(operator) = with_largest(operator_with_bound_right, bound) else { return };
        let operator = if std::ptr::eq(number, left) { swapped(operator) } else { operator };
        let sign = match bound {
            Bound::Upper => "",
            Bound::Lower => "-",
        };
        edits.replace(number.span.clone(), format!("{sign}{LARGEST}").as_str());
        edits.replace(left.span.end..right.span.start, format!(" {} ", text(operator)).as_str());
        bounds.push(number.span.start);
    });
    if !policy.is_rule(READ) {
        let mut others = Others { bounds: &bounds, edits: &mut edits };
        for rule in policy.module.rules.iter().filter(|rule| !rule.is_default) {
            for branch in &rule.branches {
                inside_branch(&mut others, rule, branch);
            }
        }
        for rule in policy.module.rules.iter().filter(|rule| !rule.is_default) {
            patterns(policy, rule, &mut edits);
        }
    }
    edits
}

/// Replaces the numbers in a function's arguments, where nothing is called, by variables with a condition in each body.
fn patterns<'p>(policy: &Policy<'p>, rule: &Rule, edits: &mut Edits<'p>) {
    let mut conditions = Vec::new();
    for argument in rule.head.arguments.iter().flatten() {
        outside_bodies(argument, &mut |part| {
            if let Some(number) = replaceable(part) {
                let name = policy.fresh_name();
                conditions.push(Written::from(format!("{name} == {READ}(\"{number}\")").as_str()));
                edits.replace(part.span.clone(), name.as_str());
            }
        });
    }
    for branch in &rule.branches {
        match branch.body.as_ref().and_then(|body| body.literals.first().map(|first| (body, first))) {
            Some((body, first)) => edits.before(body, first, &conditions),
            None => edits.add_body(branch.span.end, policy.version, &conditions),
        }
    }
}

/// The text of a number that the engine rejects, if it can be written out.
fn replaceable(expr: &Expr) -> Option<&str> {
    let ExprKind::Scalar(Scalar::Number(number)) = &expr.kind else { return None };
    (bound_of(expr).is_some() && is_short(number)).then_some(&**number)
}

/// The function that reads a number.
const READ: &str = "to_number";

/// Numbers beyond this are not written out.
const LARGEST_EXPONENT: u32 = 5_000;

/// Replaces the numbers that are no bounds.
struct Others<'a, 'p> {
    bounds: &'a [usize],
    edits: &'a mut Edits<'p>,
}

impl<'m> Visitor<'m> for Others<'_, '_> {
    fn expr(&mut self, expr: &'m Expr) {
        if let Some(number) = replaceable(expr).filter(|_| !self.bounds.contains(&expr.span.start)) {
            self.edits.replace(expr.span.clone(), format!("{READ}(\"{number}\")").as_str());
        }
        inside_expr(self, expr);
    }
}

/// Whether a number can be written out.
fn is_short(number: &str) -> bool {
    let exponent = number.split_once(['e', 'E']).map_or("0", |(_, exponent)| exponent);
    exponent.trim_start_matches('+').parse::<u32>().is_ok_and(|exponent| exponent <= LARGEST_EXPONENT)
}

/// The side on which a number is beyond the engine's range.
#[derive(Clone, Copy)]
enum Bound {
    Upper,
    Lower,
}

fn bound_of(expr: &Expr) -> Option<Bound> {
    let ExprKind::Scalar(Scalar::Number(number)) = &expr.kind else { return None };
    match number.parse::<f64>() {
        Ok(value) if value == f64::INFINITY => Some(Bound::Upper),
        Ok(value) if value == f64::NEG_INFINITY => Some(Bound::Lower),
        Ok(_) | Err(_) => None,
    }
}

/// Returns the comparison with the largest number that stands for one with a number beyond it, on the right.
fn with_largest(operator: Operator, bound: Bound) -> Option<Operator> {
    Some(match (operator, bound) {
        (Operator::Less | Operator::LessOrEqual, Bound::Upper) => Operator::LessOrEqual,
        (Operator::Greater | Operator::GreaterOrEqual, Bound::Upper) => Operator::Greater,
        (Operator::Less | Operator::LessOrEqual, Bound::Lower) => Operator::Less,
        (Operator::Greater | Operator::GreaterOrEqual, Bound::Lower) => Operator::GreaterOrEqual,
        _ => return None,
    })
}

/// Returns the operator for exchanged operands.
fn swapped(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        other => other,
    }
}

fn text(operator: Operator) -> &'static str {
    match operator {
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        _ => ">=",
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn a_bound_becomes_the_largest_number() {
        for (written, expected) in [
            ("x < 1e400", "x <= 1.7976931348623157e308"),
            ("x >= 1e309", "x > 1.7976931348623157e308"),
            ("x > -1e400", "x >= -1.7976931348623157e308"),
            ("x <= -1e400", "x < -1.7976931348623157e308"),
            ("1e400 > x", "1.7976931348623157e308 >= x"),
            ("1e400 <= x", "1.7976931348623157e308 < x"),
            ("-1e400 < x", "-1.7976931348623157e308 <= x"),
        ] {
            assert_pass(edits, &format!("r if {written}"), &format!("r if {expected}"));
        }
    }

    #[test]
    fn other_numbers_and_uses_are_unchanged() {
        for rule in ["r if x < 1e308", "r := 1e400000000", "f(1e308) := 1", "default r := 1e400"] {
            assert_pass(edits, rule, rule);
        }
    }

    #[test]
    fn an_argument_is_compared() {
        assert_pass(
            edits,
            "f([1e400, x], -1e400) := 1 if { x } else := 2",
            "f([__pg1, x], __pg2) := 1 if { __pg1 == to_number(\"1e400\"); __pg2 == to_number(\"-1e400\"); x } \
             else := 2 if { __pg1 == to_number(\"1e400\"); __pg2 == to_number(\"-1e400\") }",
        );
    }

    #[test]
    fn a_value_is_read_from_a_text() {
        assert_pass(edits, "r if x == 1e400", "r if x == to_number(\"1e400\")");
        assert_pass(edits, "r := -1e400 + x", "r := to_number(\"-1e400\") + x");
    }
}
