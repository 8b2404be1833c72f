//! Puts a call of a v0 function named `every` into parentheses.
//!
//! In Rego v0, `every` is a name unless it is imported. The engine reads it as one, too, and prints a warning.
//!
//! ```text
//! every(xs, 1)
//! (every(xs, 1))
//! ```

use planguard_rego_syntax::tree::{KeywordUse, LiteralKind};
use planguard_rego_syntax::walk::each_literal;

use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    match policy.module.keywords {
        KeywordUse::Either | KeywordUse::AsKeywords => return edits,
        KeywordUse::AsNames => {}
    }
    each_literal(policy.module, &mut |literal| {
        let LiteralKind::Expression(expr) = &literal.kind else { return };
        let text = policy.text_of(expr);
        let rest = text.strip_prefix("every");
        if rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')) {
            edits.insert(expr.span.start, "(");
            edits.insert(expr.span.end, ")");
        }
    });
    edits
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn calls_get_parentheses() {
        assert_pass(
            edits,
            "every(x, y) { x == y }\nr { every(1, 1); every_one(1) }",
            "every(x, y) { x == y }\nr { (every(1, 1)); every_one(1) }",
        );
    }

    #[test]
    fn a_keyword_is_unchanged() {
        assert_pass(edits, "r if { every x in xs { x } }", "r if { every x in xs { x } }");
    }
}
