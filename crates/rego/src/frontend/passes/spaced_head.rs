//! Removes whitespace between a rule's name and its bracket, and writes raw strings in brackets as others, which OPA
//! allows and the engine rejects.
//!
//! ```text
//! deny [msg] { … }
//! deny[msg] { … }
//!
//! limits[`a b`] := 1
//! limits["a b"] := 1
//! ```

use planguard_rego_syntax::tree::{ExprKind, Scalar, Step};

use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    for rule in &policy.module.rules {
        let ExprKind::Reference { base, steps } = &rule.head.name.kind else { continue };
        let mut end = base.span.end;
        for step in steps {
            match step {
                Step::Field(span) => end = span.end,
                Step::Index(index) => {
                    let rest = policy.text.get(end..).unwrap_or("");
                    let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
                    if blanks > 0 {
                        edits.replace(end..end + blanks, "");
                    }
                    if let ExprKind::Scalar(Scalar::RawText(text)) = &index.kind {
                        let quoted = serde_json::Value::from(&**text).to_string();
                        edits.replace(index.span.clone(), quoted.as_str());
                    }
                    let closing = policy.text.get(index.span.end..).and_then(|rest| rest.find(']'));
                    end = index.span.end + closing.map_or(0, |closing| closing + 1);
                }
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
    fn whitespace_before_brackets_is_removed() {
        assert_pass(edits, "deny [msg] { msg := x }", "deny[msg] { msg := x }");
        assert_pass(edits, "p.q\t[x ] [y] = 1", "p.q[x ][y] = 1");
        assert_pass(edits, "x = [1]", "x = [1]");
    }

    #[test]
    fn raw_strings_are_quoted() {
        assert_pass(edits, "x[`a\"b`].c[`d`] := 1", "x[\"a\\\"b\"].c[\"d\"] := 1");
    }
}
