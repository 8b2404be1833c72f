//! Restricts a scan for elements with the value of a variable to the elements that have it.
//!
//! Policies look in one list for what belongs to an element of another: for each of these, the engine goes through the
//! whole list. The inserted function uses an index of the list by the compared field. As in `typed_scan.rs`, the test
//! stays in place, and no literal before it can fail, print or bind other values. The variable must have its value
//! before the scan begins.
//!
//! ```text
//! some other in input.xs; other.key == name
//! some other in __pg_of_value(input.xs, ["key"], name); other.key == name
//! ```

use planguard_rego_syntax::scope::DeclaredBy;
use planguard_rego_syntax::tree::{
    Body, Expr, ExprKind, Literal, LiteralKind, Operator, OperatorFamily, Step,
};
use planguard_rego_syntax::walk::each_body;

use super::super::super::builtins::OF_VALUE;
use super::super::edit::Edits;
use super::super::policy::Policy;
use super::typed_scan::{Element, Pass, outermost, start};

pub(in super::super) fn add<'p>(policy: &Policy<'p>, edits: &mut Edits<'p>) {
    let outermost = outermost(policy);
    let pass = Pass { policy, scopes: policy.scopes() };
    each_body(policy.module, &mut |body| {
        for (position, literal) in body.literals.iter().enumerate() {
            let Some(scan) = pass.scan(literal) else { continue };
            let Element::Named(name) = scan.element else { continue };
            if scan.key.is_some_and(|key| policy.text_of(key) != "_") {
                continue;
            }
            // A search by type has been made of it.
            if pass.types(&scan, &body.literals[position + 1..]).is_some() {
                continue;
            }
            let Some((path, value)) = wanted(&pass, body, position, name) else { continue };
            if !pass.starts_here(&scan, &body.literals[..position], outermost.contains(&start(body))) {
                continue;
            }
            edits.insert(scan.collection.start, format!("{OF_VALUE}(").as_str());
            edits.insert(scan.collection.end, format!(", [{path}], {})", policy.text_of(value)).as_str());
        }
    });
}

/// The path and the value that the elements of a scan must have, if they are compared before any other effect.
pub(super) fn wanted<'e>(
    pass: &Pass<'_, '_>,
    body: &'e Body,
    position: usize,
    name: &Expr,
) -> Option<(String, &'e Expr)> {
    for literal in &body.literals[position + 1..] {
        if !literal.withs.is_empty() {
            return None;
        }
        if let LiteralKind::Expression(expr) = &literal.kind
            && let Some((path, value)) = compared(pass, name, expr)
            && is_settled(pass, body, position, value)
        {
            return Some((path, value));
        }
        if !pass.is_harmless(literal) {
            return None;
        }
    }
    None
}

/// Splits a comparison of a field of a variable with another expression.
fn compared<'e>(pass: &Pass<'_, '_>, name: &Expr, expr: &'e Expr) -> Option<(String, &'e Expr)> {
    let ExprKind::Operation { operator: Operator::Equal | Operator::Unify, operands } = &expr.bare().kind
    else {
        return None;
    };
    let [left, right] = operands.as_slice() else { return None };
    let field = |field: &'e Expr, value: &'e Expr| {
        let ExprKind::Reference { base, steps } = &field.bare().kind else { return None };
        let keys: Option<Vec<String>> = steps
            .iter()
            .map(|step| step.key(pass.policy.text).map(|key| serde_json::Value::from(key).to_string()))
            .collect();
        pass.is_same(name, base).then_some((keys?.join(", "), value.bare()))
    };
    field(left, right).or_else(|| field(right, left))
}

/// Returns whether an expression is a variable, or a path into one, that has its value before a literal of a body.
fn is_settled(pass: &Pass<'_, '_>, body: &Body, position: usize, value: &Expr) -> bool {
    let name = match &value.kind {
        ExprKind::Name => value,
        ExprKind::Reference { base, steps }
            if steps.iter().all(|step| step.key(pass.policy.text).is_some() && !is_raw(pass, step)) =>
        {
            base
        }
        _ => return false,
    };
    let Some(declaration) = pass.scopes.declaration(name) else { return false };
    let declares = |literal: &Literal| match &literal.kind {
        LiteralKind::Declaration(names) | LiteralKind::SomeIn { patterns: names, .. } => {
            names.iter().any(|pattern| mentions(pass, pattern, name))
        }
        LiteralKind::Every { .. } | LiteralKind::Negation(_) => false,
        LiteralKind::Expression(expr) => match &expr.bare().kind {
            ExprKind::Operation { operator, operands } if operator.family() == OperatorFamily::Assignment => {
                operands.first().is_some_and(|target| mentions(pass, target, name))
            }
            _ => false,
        },
    };
    let is_declared_here = body.literals.iter().any(declares);
    match declaration.how {
        DeclaredBy::Argument => true,
        // A variable of an outer body has its value when this one is evaluated.
        DeclaredBy::SomeIn | DeclaredBy::Every | DeclaredBy::Assignment => {
            !is_declared_here || body.literals[..position].iter().any(declares)
        }
        DeclaredBy::Some | DeclaredBy::Use => false,
    }
}

/// Whether a step is written over several lines.
fn is_raw(pass: &Pass<'_, '_>, step: &Step) -> bool {
    match step {
        Step::Field(_) => false,
        Step::Index(index) => pass.policy.text_of(index).contains('\n'),
    }
}

fn mentions(pass: &Pass<'_, '_>, expr: &Expr, name: &Expr) -> bool {
    pass.is_same(name, expr) || expr.children().into_iter().any(|child| mentions(pass, child, name))
}

#[cfg(test)]
mod tests {
    use planguard_rego_syntax::parse::parse;
    use proptest::prelude::*;
    use regorus::Value;

    use super::super::super::super::dialect;
    use super::super::super::super::options::RegoVersion;
    use super::super::super::edit::Edits;
    use super::super::super::policy::{Policy, RuleNames};
    use super::super::super::tests::assert_pass;
    use super::add;

    fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
        let mut edits = policy.edits();
        add(policy, &mut edits);
        edits
    }

    fn assert_scan(body: &str, expected: &str) {
        assert_pass(edits, &format!("r if {{ {body} }}"), &format!("r if {{ {expected} }}"));
    }

    #[test]
    fn a_list_is_searched_for_the_value_of_a_variable() {
        assert_scan(
            "some x in input.a; name := x.name; y := [z | some z in input.b; z.key == name]",
            "some x in input.a; name := x.name; y := [z | some z in __pg_of_value(input.b, [\"key\"], name); z.key == name]",
        );
        assert_scan(
            "some x in input.a; some y in input.b; y.mode == \"m\"; x.n[\"k\"] = y.c.d",
            "some x in input.a; some y in __pg_of_value(input.b, [\"c\", \"d\"], x.n[\"k\"]); y.mode == \"m\"; \
             x.n[\"k\"] = y.c.d",
        );
        assert_pass(
            edits,
            "f(n) := [x | x := input.a[_]; x.n == n]",
            "f(n) := [x | x := __pg_of_value(input.a, [\"n\"], n)[_]; x.n == n]",
        );
        assert_scan(
            "every x in input.a { some y in input.b; y.n == x }",
            "every x in input.a { some y in __pg_of_value(input.b, [\"n\"], x); y.n == x }",
        );
    }

    #[test]
    fn other_forms_are_unchanged() {
        for body in [
            "some y in input.b; name := 1; y.key == name",
            "some y in input.b; y.key == y.name",
            "some y in input.b; y.key == \"name\"",
            "some x in input.a; some y in x.b; y.key == x.key",
            "some x in input.a; some y in input.b; print(y); y.key == x.key",
            "some x in input.a; some y in input.b; y.key == x.key with input as {}",
            "some x in input.a; some y in input.b; y.key != x.key",
            "some x in input.a; some y in input.b; y.key == x[_]",
            "some x in input.a; some y in input.b; y.key[_] == x",
            "some x in input.a; some i, y in input.b; y.key == x",
            "some x in input.a; some y in input.b; y == x",
            "some n; some y in input.b; y.key == n; n = 1",
            "some y in input.b; y.key == z; z = 1",
            "some y in input.b; y.key == input.key",
        ] {
            let text = format!("r if {{ {body} }}");
            assert_pass(edits, &text, &text);
        }
    }

    fn answer(text: &str, input: &str) -> Option<Value> {
        let mut engine = dialect::new_engine();
        engine.add_policy("p.rego".to_owned(), text.to_owned()).unwrap();
        engine.set_input(Value::from_json_str(input).unwrap());
        engine.eval_rule("data.main.found".to_owned()).ok()
    }

    fn list() -> impl Strategy<Value = String> {
        let value = prop::sample::select(vec![
            "1",
            "1.0",
            "\"a\"",
            "\"b\"",
            "null",
            "true",
            "[\"a\"]",
            "{}",
            r#"{"k": "a"}"#,
            r#"{"k": ["a"]}"#,
        ]);
        let element = value.prop_flat_map(|value| {
            prop::sample::select(vec![format!("{{\"k\": {value}, \"n\": {value}}}"), value.to_owned()])
        });
        prop::collection::vec(element, 0..30).prop_map(|all| format!("[{}]", all.join(",")))
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: ProptestConfig::default().cases.div_ceil(4), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn results_do_not_change(
            a in list(),
            b in list(),
            field in prop::sample::select(vec!["y.k == x.k", "x.k = y.k", "y.k.k == x.k", "y.k == v; v != 1", "y.k == x"]),
            scan in prop::sample::select(vec!["some y in input.b", "y := input.b[_]", "some y in sorted"]),
        ) {
            let text = format!(
                "package main\nsorted := {{y | some y in input.b}}\n\
                 found := [[x, ys] | some x in input.a; v := x; ys := [y | {scan}; {field}]]"
            );
            let module = parse(&text).unwrap();
            let mut names = RuleNames::default();
            names.add(&module, &text);
            let policy = Policy::new(&text, &module, RegoVersion::V1, &names);
            let (new, _) = edits(&policy).apply().unwrap().unwrap();
            let input = format!("{{\"a\": {a}, \"b\": {b}}}");
            prop_assert_eq!(answer(&text, &input), answer(&new, &input), "{} on {}", new, input);
        }
    }
}
