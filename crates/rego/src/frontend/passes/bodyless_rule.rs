//! Adds a body to rules that have neither a body nor a value, and a literal to an empty body.
//!
//! In OPA, such a function is true for all matching arguments; in v1, the engine requires a body or a value. In v0,
//! `p[x]` is an element of a set; the engine takes it for one of an object if a `default` follows. An empty body is an empty
//! object, which holds; later passes add to bodies behind a literal.
//!
//! ```text
//! covers("*", _)             allowed["x"] default r = 1              (v0)
//! covers("*", _) if true     allowed["x"] { true } default r = 1
//! ```

use planguard_rego_syntax::tree::{ExprKind, Rule, Step};

use super::super::super::options::RegoVersion;
use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    for branch in policy.module.rules.iter().flat_map(|rule| &rule.branches) {
        let is_empty = branch.body.as_ref().is_some_and(|body| body.literals.is_empty());
        let closing = policy.text.get(branch.span.clone()).and_then(|text| text.rfind('}'));
        if let Some(closing) = closing.filter(|_| is_empty) {
            edits.insert(branch.span.start + closing, "true");
        }
    }
    for (index, rule) in policy.module.rules.iter().enumerate() {
        let [branch] = rule.branches.as_slice() else { continue };
        let says_nothing = branch.body.is_none() && rule.head.value.is_none() && !rule.is_default;
        match policy.version {
            RegoVersion::V1 if says_nothing && rule.head.arguments.is_some() => {
                edits.insert(rule.head.span.end, " if true");
            }
            RegoVersion::V0 if says_nothing && is_element(rule) => {
                if policy.module.rules.get(index + 1).is_some_and(|next| next.is_default) {
                    edits.insert(rule.head.span.end, " { true }");
                }
            }
            RegoVersion::V1 | RegoVersion::V0 => {}
        }
    }
    edits
}

fn is_element(rule: &Rule) -> bool {
    let ExprKind::Reference { steps, .. } = &rule.head.name.kind else { return false };
    rule.head.arguments.is_none() && rule.head.key.is_none() && matches!(steps.as_slice(), [Step::Index(_)])
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn an_empty_body_holds() {
        assert_pass(
            edits,
            "r := f(x) if {\n} else := 1 if { }\ns if {\"a\": 1}",
            "r := f(x) if {\ntrue} else := 1 if { true}\ns if {\"a\": 1}",
        );
    }

    #[test]
    fn only_functions_without_body_and_value_get_a_body() {
        assert_pass(edits, "f(\"*\", _)\nf(x, x)", "f(\"*\", _) if true\nf(x, x) if true");
        for rule in ["f(x) := 1", "f(x) if x", "r contains 1", "r := f(1)"] {
            assert_pass(edits, rule, rule);
        }
    }
}
