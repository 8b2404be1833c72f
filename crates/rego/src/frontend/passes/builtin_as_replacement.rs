//! Makes a function of a builtin that `with` puts in the place of another.
//!
//! The engine finds a replacement among the functions of policies only.
//!
//! ```text
//! r if f(xs) with f as count
//! r if f(xs) with f as data.main.__pg1_0 __pg1_0(__pg2) := count(__pg2)
//! ```

use std::collections::HashMap;

use planguard_rego_syntax::resolve::Meaning;
use planguard_rego_syntax::tree::{ExprKind, With};
use planguard_rego_syntax::walk::each_literal;

use super::super::super::builtins;
use super::super::edit::Edits;
use super::super::policy::{Policy, path_text};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let mut functions: HashMap<&str, String> = HashMap::new();
    for rule in &policy.module.rules {
        let mut added = String::new();
        each_literal(rule, &mut |literal| {
            for with in &literal.withs {
                let Some((builtin, arity)) = replacement(policy, with) else { continue };
                let function = functions.entry(builtin).or_insert_with(|| {
                    let name = policy.fresh_rule_name();
                    let arguments: Vec<String> = (0..arity).map(|_| policy.fresh_name()).collect();
                    let arguments = arguments.join(", ");
                    added.push_str(&format!(" {name}({arguments}) := {builtin}({arguments})"));
                    name
                });
                let mut path = policy.module.package.clone();
                path.push(function.clone());
                edits.replace(with.value.span.clone(), path_text(&path).as_str());
            }
        });
        if let Some(last) = rule.branches.last()
            && !added.is_empty()
        {
            edits.insert(last.span.end, added.as_str());
        }
    }
    edits
}

/// Returns the builtin that a `with` puts in the place of a function, and the number of its arguments.
fn replacement<'p>(policy: &Policy<'p>, with: &With) -> Option<(&'p str, usize)> {
    let is_path = matches!(with.value.kind, ExprKind::Name | ExprKind::Reference { .. });
    let root = with.value.root().filter(|_| is_path)?;
    match policy.meaning(policy.scopes(), root) {
        Meaning::Open => {}
        Meaning::Local(_) | Meaning::Input | Meaning::Data | Meaning::Import(_) | Meaning::Rule => {
            return None;
        }
    }
    let name = policy.text_of(&with.value);
    Some((name, builtins::fixed_arity(name)?))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn a_builtin_is_called_by_a_function() {
        assert_pass(
            edits,
            "f(x) := 1\nr if f(1) with f as count\ns if {\n  f(1) with f as count with upper as regex.match\n}",
            "f(x) := 1\nr if f(1) with f as data.main.__pg1_0 __pg1_0(__pg2) := count(__pg2)\n\
             s if {\n  f(1) with f as data.main.__pg1_0 with upper as data.main.__pg3_0\n} \
             __pg3_0(__pg4, __pg5) := regex.match(__pg4, __pg5)",
        );
    }

    #[test]
    fn other_replacements_are_unchanged() {
        for rule in [
            "count(x) := 1\nr if f(1) with f as count",
            "r if { lower := 1; f(1) with f as lower }",
            "r if f(1) with f as 1",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
