//! Replaces template strings with calls of `sprintf`.
//!
//! OPA inserts the value of each expression, or `<undefined>`. The engine does not support template strings.
//!
//! ```text
//! $"{rc.address} is open"
//! sprintf("%v is open", [array.concat([__pg1 | __pg1 := rc.address], ["<undefined>"])[0]])
//! ```

use std::collections::BTreeMap;

use planguard_rego_syntax::tree::{Expr, ExprKind, TemplatePart};
use planguard_rego_syntax::walk::each_expr;

use super::super::edit::{Edits, Written};
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    // The value of a rule with several bodies is visited for each of them.
    let mut templates = BTreeMap::new();
    each_expr(policy.module, &mut |expr| {
        if let ExprKind::Template(parts) = &expr.kind {
            templates.insert(expr.span.start, (expr, parts.as_slice()));
        }
    });
    // Those inside another template come after it.
    for (template, parts) in templates.into_values().rev() {
        replace(policy, &mut edits, template, parts);
    }
    edits
}

/// Replaces a template by a call on at most as many lines.
fn replace(policy: &Policy<'_>, edits: &mut Edits<'_>, template: &Expr, parts: &[TemplatePart]) {
    let quote = if policy.text_of(template).starts_with("$`") { "`" } else { "\"" };
    let (mut format, mut values) = (String::new(), Written::default());
    for part in parts {
        match part {
            TemplatePart::Text(span) => escape(policy.text.get(span.clone()).unwrap_or(""), &mut format),
            TemplatePart::Expr(expr) => {
                format.push_str("%v");
                let name = policy.fresh_name();
                let before = if values.is_empty() { "" } else { ", " };
                values.push(&format!("{before}array.concat([{name} | {name} := "));
                values.push_moved(&edits.take(&expr.span), &expr.span);
                values.push("], [\"<undefined>\"])[0]");
            }
        }
    }
    let mut call = Written::from(format!("sprintf({quote}{format}{quote}, [").as_str());
    call.append(&values);
    call.push("])");
    edits.replace(template.span.clone(), call);
}

/// Writes a template's text as a format.
fn escape(text: &str, format: &mut String) {
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, c == '\\') {
            ('%', _) => format.push_str("%%"),
            (_, false) => format.push(c),
            (_, true) => match rest.next() {
                Some(brace @ ('{' | '}')) => format.push(brace),
                escaped => format.extend([c].into_iter().chain(escaped)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn each_expression_becomes_an_argument() {
        assert_pass(
            edits,
            r#"r := $"100% {x.a} \{b\}\n""#,
            r#"r := sprintf("100%% %v {b}\n", [array.concat([__pg1 | __pg1 := x.a], ["<undefined>"])[0]])"#,
        );
        assert_pass(edits, "r := $``", "r := sprintf(``, [])");
        assert_pass(
            edits,
            r#"r := $"{$"{"}"}"}""#,
            r#"r := sprintf("%v", [array.concat([__pg2 | __pg2 := sprintf("%v", [array.concat([__pg1 | __pg1 := "}"], ["<undefined>"])[0]])], ["<undefined>"])[0]])"#,
        );
    }

    #[test]
    fn line_numbers_are_kept() {
        assert_pass(
            edits,
            "r := $`a\n{f(x,\ny)}`\nq := 1",
            "r := \nsprintf(`a\n%v`, [array.concat([__pg1 | __pg1 := f(x, y)], [\"<undefined>\"])[0]])\nq := 1",
        );
    }
}
