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

use std::collections::HashMap;

use planguard_rego_syntax::scope::{DeclaredBy, Hides};

use super::super::edit::Edits;
use super::super::policy::Policy;

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
            DeclaredBy::Argument | DeclaredBy::Every | DeclaredBy::Assignment => false,
        };
        // OPA and the engine both reject a variable that was used earlier with another meaning.
        if affected && declaration.hides != Hides::EarlierUse {
            names.insert(index, format!("{}{}", declaration.name, policy.fresh_name()));
        }
    }
    for (place, declaration) in scopes.uses() {
        if let Some(name) = names.get(&declaration) {
            let length = scopes.declarations.get(declaration).map_or(0, |declaration| declaration.name.len());
            edits.replace(place..place + length, name.as_str());
        }
    }
    edits
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
