//! Ends a statement before a line that starts with a parenthesis.
//!
//! For the engine, a parenthesis after a name is a call, also on the next line.
//!
//! ```text
//! x = y
//! (x > 1)
//!
//! x = y;
//! (x > 1)
//! ```

use planguard_rego_syntax::walk::each_body;

use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    each_body(policy.module, &mut |body| {
        for (before, after) in body.literals.iter().zip(body.literals.iter().skip(1)) {
            let (end, start) = (before.span.end, after.span.start);
            let between = policy.text.get(end..start).unwrap_or("");
            let is_parenthesis = policy.text.get(start..).is_some_and(|rest| rest.starts_with('('));
            // A semicolon in a comment separates nothing.
            if is_parenthesis && !between.trim_start().starts_with(';') {
                edits.insert(end, ";");
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
    fn a_parenthesis_starts_a_statement() {
        assert_pass(
            edits,
            "r if {\n\tx = y # a; b\n\t(x > 1)\n\tcount([1 |\n\t\tx\n\t\t(y)\n\t]) > 0\n}",
            "r if {\n\tx = y; # a; b\n\t(x > 1)\n\tcount([1 |\n\t\tx;\n\t\t(y)\n\t]) > 0\n}",
        );
    }

    #[test]
    fn separated_statements_are_unchanged() {
        for rule in ["r if { x = y; (x > 1)\n count(x) }", "r if { x = y ;\n (x > 1) }"] {
            assert_pass(edits, rule, rule);
        }
    }
}
