//! Puts a call of a v0 function named `every` into parentheses, and ends a `some` before a line that starts with `in`.
//!
//! In Rego v0, `every` and `in` are names unless they are imported. The engine reads them as such, too, and prints a
//! warning with the line as it is written.
//!
//! ```text
//! every(xs, 1)      some x
//!                   in = 1
//! (every(xs, 1))    some x;
//!                   in = 1
//! ```

use planguard_rego_syntax::tree::{KeywordUse, LiteralKind};
use planguard_rego_syntax::walk::{each_body, each_literal};

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
    each_body(policy.module, &mut |body| {
        for pair in body.literals.windows(2) {
            let [before, after] = pair else { continue };
            let between = policy.text.get(before.span.end..after.span.start).unwrap_or("");
            let starts_with_in =
                policy.text.get(after.span.clone()).is_some_and(|text| text.starts_with("in"));
            let is_ended = between.trim_start().starts_with(';');
            if starts_with_in && !is_ended && matches!(before.kind, LiteralKind::Declaration(_)) {
                edits.insert(before.span.end, ";");
            }
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
