//! Adds a body to a function that has neither a body nor a value.
//!
//! In OPA it is true for all matching arguments. In v1, the engine requires a body or a value.
//!
//! ```text
//! covers("*", _)
//! covers("*", _) if true
//! ```

use super::super::super::options::RegoVersion;
use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    for rule in &policy.module.rules {
        let [branch] = rule.branches.as_slice() else { continue };
        let says_nothing = branch.body.is_none() && rule.head.value.is_none() && !rule.is_default;
        match policy.version {
            RegoVersion::V1 if says_nothing && rule.head.arguments.is_some() => {
                edits.insert(rule.head.span.end, " if true");
            }
            RegoVersion::V1 | RegoVersion::V0 => {}
        }
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn only_functions_without_body_and_value_get_a_body() {
        assert_pass(edits, "f(\"*\", _)\nf(x, x)", "f(\"*\", _) if true\nf(x, x) if true");
        for rule in ["f(x) := 1", "f(x) if x", "r contains 1", "r := f(1)"] {
            assert_pass(edits, rule, rule);
        }
    }
}
