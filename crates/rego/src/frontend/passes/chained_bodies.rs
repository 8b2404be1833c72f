//! Splits a rule with several bodies into one rule for each body.
//!
//! In OPA, `p { a } { b }` is short for two rules with the same head. The engine takes the second body for an `else`,
//! which is a syntax error for sets and makes a function undefined for arguments that only its second body accepts.
//!
//! ```text
//! deny[msg] { a } { b }
//! deny[msg] { a } deny[msg] { b }
//! ```

use planguard_rego_syntax::tree::{BranchKind, Opening};

use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    for rule in &policy.module.rules {
        // In OPA, a body after an `else` is invalid.
        if rule.branches.iter().any(|branch| matches!(branch.kind, BranchKind::Else { .. })) {
            continue;
        }
        let Some(first) = rule.branches.first() else { continue };
        for branch in &rule.branches {
            if matches!(branch.kind, BranchKind::Chained) {
                let head = edits.copy(&rule.head.span);
                let keyword = match first.opening {
                    Opening::If => "if ",
                    Opening::Nothing => "",
                };
                edits.insert(branch.span.start, format!("{head} {keyword}").as_str());
            }
        }
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn each_body_gets_the_head() {
        assert_pass(
            edits,
            "p contains x if { a }\n{ b } # c\n{ d }",
            "p contains x if { a }\np contains x if { b } # c\np contains x if { d }",
        );
        assert_pass(edits, "f(\n\"x\") = 1 { a } { b }", "f(\n\"x\") = 1 { a } f( \"x\") = 1 { b }");
    }

    #[test]
    fn an_else_is_unchanged() {
        for rule in ["r { a } else = 2 { b }", "r { a } else = 2 { b } { c }", "r = {1} { a }"] {
            assert_pass(edits, rule, rule);
        }
    }
}
