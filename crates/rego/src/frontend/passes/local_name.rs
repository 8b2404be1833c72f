//! Renames a variable that has the name of a rule, an import or an outer variable.
//!
//! In OPA, `some x` hides every other `x`. The engine still resolves the name to the other `x`: it reports a use
//! before the definition or, without `in`, finds nothing and reports nothing. Variables declared by `:=`, `every` and
//! arguments are not affected.
//!
//! ```text
//! some resource in resources; resource.type == "x"
//! some resource__pg1 in resources; resource__pg1.type == "x"
//! ```

use std::collections::{BTreeMap, HashMap, HashSet};

use planguard_rego_syntax::scope::{DeclaredBy, Hides};
use planguard_rego_syntax::tree::{Body, Expr, ExprKind, Literal, LiteralKind, Operator};
use planguard_rego_syntax::walk::{each_body, each_expr, outside_bodies};

use super::super::edit::Edits;
use super::super::policy::{PREFIX, Policy};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let scopes = policy.scopes();
    let mut names = HashMap::new();
    for (index, declaration) in scopes.declarations.iter().enumerate() {
        let affected = match declaration.how {
            DeclaredBy::Some | DeclaredBy::SomeIn => {
                policy.is_rule(declaration.name)
                    || policy.is_import(declaration.name)
                    || declaration.hides == Hides::Variable
            }
            DeclaredBy::Argument | DeclaredBy::Every | DeclaredBy::Assignment | DeclaredBy::Use => false,
        };
        // OPA and the engine both reject a variable that was used earlier with another meaning.
        if affected && declaration.hides != Hides::EarlierUse {
            names.insert(index, format!("{}{}", declaration.name, policy.fresh_name()));
        }
    }
    each_body(policy.module, &mut |body| {
        // The statement that declares a name, from the last statement on.
        let mut declared: HashMap<&str, usize> = HashMap::new();
        for (index, literal) in body.literals.iter().enumerate().rev() {
            // The value of `x := …` is read before `x` is declared.
            declares(policy, literal, &mut |name| {
                declared.insert(name, index);
            });
            // What a pass has moved there was written after the declaration.
            if !declared.is_empty() && !policy.is_moved(literal) {
                inner_names(policy, body, literal, &declared, &mut edits);
            }
        }
    });
    for (place, declaration) in scopes.uses() {
        if let Some(name) = names.get(&declaration) {
            let length = scopes.declarations.get(declaration).map_or(0, |declaration| declaration.name.len());
            edits.replace(place..place + length, name.as_str());
        }
    }
    edits
}

/// Passes the names that a literal declares in its body to `see`.
fn declares<'p>(policy: &Policy<'p>, literal: &Literal, see: &mut dyn FnMut(&'p str)) {
    let patterns: &[Expr] = match &literal.kind {
        LiteralKind::Declaration(patterns) | LiteralKind::SomeIn { patterns, .. } => patterns,
        LiteralKind::Expression(expr) => match &expr.kind {
            ExprKind::Operation { operator: Operator::Assign, operands } => {
                operands.first().map_or(&[], std::slice::from_ref)
            }
            _ => &[],
        },
        LiteralKind::Every { .. } | LiteralKind::Negation(_) => &[],
    };
    for pattern in patterns {
        outside_bodies(pattern, &mut |part| {
            if matches!(part.kind, ExprKind::Name) {
                see(policy.text_of(part));
            }
        });
    }
}

/// Whether a comprehension stands for the expression of a template, which has no variables of its own.
fn stands_for_template(policy: &Policy<'_>, expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Comprehension { head, .. } => {
            head.exprs().iter().any(|head| policy.text_of(head).starts_with(PREFIX))
        }
        _ => false,
    }
}

/// Renames the variables of comprehensions that a later statement around them declares: for OPA these are two
/// variables, for the engine one.
fn inner_names(
    policy: &Policy<'_>,
    body: &Body,
    literal: &Literal,
    declared: &HashMap<&str, usize>,
    edits: &mut Edits<'_>,
) {
    for expr in literal.exprs() {
        outside_bodies(expr, &mut |part| {
            if part.body().is_none() || stands_for_template(policy, part) {
                return;
            }
            let mut places: BTreeMap<&str, Vec<&Expr>> = BTreeMap::new();
            let mut own: HashSet<&str> = HashSet::new();
            each_expr(part, &mut |inner| {
                let text = policy.text_of(inner);
                if matches!(inner.kind, ExprKind::Name) && declared.contains_key(text) {
                    if policy.scopes().declaration(inner).is_some() {
                        own.insert(text);
                    }
                    places.entry(text).or_default().push(inner);
                }
            });
            for (text, places) in places {
                let before = declared.get(text).and_then(|declaring| body.literals.get(..*declaring));
                let is_global = policy.is_rule(text) || policy.is_import(text) || text == "input";
                if own.contains(text) || is_global || is_used(policy, before.unwrap_or_default(), text) {
                    continue;
                }
                let name = format!("{text}{}", policy.fresh_name());
                for place in places {
                    edits.replace(place.span.clone(), name.as_str());
                }
            }
        });
    }
}

/// Whether literals use a name outside of comprehensions: before its declaration, OPA and the engine both reject that.
fn is_used(policy: &Policy<'_>, literals: &[Literal], name: &str) -> bool {
    let mut found = false;
    for expr in literals.iter().flat_map(Literal::exprs) {
        outside_bodies(expr, &mut |part| {
            found |= matches!(part.kind, ExprKind::Name) && policy.text_of(part) == name;
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn every_use_of_the_variable_is_renamed() {
        assert_pass(
            edits,
            "x := 1\nr contains x.x if {\n  some x in y\n  y := [x | some x; f(x)]\n}\nq := x",
            "x := 1\nr contains x__pg1.x if {\n  some x__pg1 in y\n  y := [x__pg2 | some x__pg2; f(x__pg2)]\n}\nq := x",
        );
        assert_pass(
            edits,
            "import input.x\nr if { some i, x in y; x == i }",
            "import input.x\nr if { some i, x__pg1 in y; x__pg1 == i }",
        );
    }

    #[test]
    fn a_variable_in_the_scope_of_another_is_renamed() {
        assert_pass(edits, "f(x) := [x | some x in y.x]", "f(x) := [x__pg1 | some x__pg1 in y.x]");
        assert_pass(
            edits,
            "r if { some x; y := {x | some x} }",
            "r if { some x; y := {x__pg1 | some x__pg1} }",
        );
    }

    #[test]
    fn a_variable_of_a_comprehension_before_the_declaration_is_renamed() {
        assert_pass(
            edits,
            "r if { y := [t | t = xs[_]]; some t in [2]; f(t) }",
            "r if { y := [t__pg1 | t__pg1 = xs[_]]; some t in [2]; f(t) }",
        );
        assert_pass(
            edits,
            "r if { f([t | t = xs[_]], {t | ys[t]}); t := 2 }",
            "r if { f([t__pg1 | t__pg1 = xs[_]], {t__pg2 | ys[t__pg2]}); t := 2 }",
        );
        assert_pass(edits, "r if t := [t | t = xs[_]]", "r if t := [t__pg1 | t__pg1 = xs[_]]");
        for rule in
            ["r if { y := [t | t = xs[_]]; t = 2 }", "r if { y := [t | some t in xs]; some t in [2] }"]
        {
            assert_pass(edits, rule, rule);
        }
    }

    #[test]
    fn other_variables_keep_their_names() {
        for rule in [
            "x := 1\nr if { x := 2; x }",
            "x := 1\nf(x) := x",
            "x := 1\nr if { some y in x; y }",
            "x := 1\nr if { x; some x in [1] }",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
