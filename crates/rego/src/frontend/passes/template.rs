//! Replaces template strings with calls of `sprintf`.
//!
//! OPA inserts the value of each expression, or `<undefined>`. The engine does not support template strings.
//!
//! ```text
//! $"{rc.address} is open"
//! sprintf("%v is open", [array.concat([__pg1 | __pg1 := rc.address], ["<undefined>"])[0]])
//! ```

use planguard_rego_syntax::token::{self, TokenKind};

use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    for token in token::read(policy.text).unwrap_or_default() {
        if token.kind == TokenKind::Template {
            let template = policy.text.get(token.span.clone()).unwrap_or("");
            if let Some(call) = call(policy, template) {
                edits.replace(token.span, call.as_str());
            }
        }
    }
    edits
}

/// Returns the call that replaces a template, on at most as many lines.
fn call(policy: &Policy<'_>, template: &str) -> Option<String> {
    let quote = template.get(1..2)?;
    let inner = template.get(2..template.len().checked_sub(1)?)?;
    let (mut format, mut values) = (String::new(), Vec::new());
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '%' => format.push_str("%%"),
            '\\' => {
                let escaped = rest[length..].chars().next()?;
                length += escaped.len_utf8();
                if escaped != '{' && escaped != '}' {
                    format.push('\\');
                }
                format.push(escaped);
            }
            '{' => {
                length = token::end_of_braces(rest.as_bytes(), 0).ok()?;
                let expression = rest.get(1..length - 1)?;
                let text = on_one_line(policy, expression)?;
                let name = policy.fresh_name();
                values.push(format!("array.concat([{name} | {name} := {text}], [\"<undefined>\"])[0]"));
                format.push_str("%v");
            }
            _ => format.push(c),
        }
        rest = rest.get(length..)?;
    }
    Some(format!("sprintf({quote}{format}{quote}, [{}])", values.join(", ")))
}

/// Returns the expression with its inner templates replaced.
fn on_one_line(policy: &Policy<'_>, expression: &str) -> Option<String> {
    let mut edits = Edits::new(expression, &[]);
    for token in token::read(expression).ok()? {
        if token.kind == TokenKind::Template {
            edits.replace(token.span.clone(), call(policy, expression.get(token.span)?)?.as_str());
        }
    }
    Some(edits.copy(&(0..expression.len())))
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
