//! Calls functions that `with` replaces by their full paths.
//!
//! In OPA, all names of a function refer to the same function. The engine finds a replacement only by the exact text
//! of the call, so `with data.main.f as …` does not apply to `f(x)` in `main`.
//!
//! ```text
//! f(x) := x + 1
//! deny if f(input.x) > 1
//! deny if data.main.f(input.x) > 1
//! ```

use planguard_rego_syntax::tree::ExprKind;
use planguard_rego_syntax::walk::each_expr;

use super::super::edit::Edits;
use super::super::policy::{Policy, path_text};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    each_expr(policy.module, &mut |expr| {
        let ExprKind::Call { function, .. } = &expr.kind else { return };
        let name = policy.text_of(function);
        if matches!(function.kind, ExprKind::Name) && policy.is_replaced_function(name) {
            let mut path = policy.module.package.clone();
            path.push(name.to_owned());
            edits.replace(function.span.clone(), path_text(&path).as_str());
        }
    });
    edits
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn calls_use_the_full_path() {
        assert_pass(
            edits,
            "f(x) := 1\ng(x) := f(x)\nr if g(1) with f as 2",
            "f(x) := 1\ng(x) := data.main.f(x)\nr if g(1) with f as 2",
        );
        assert_pass(
            edits,
            "f(x) := 1\nr if f(count(x)) with data.main.f as 2 with count as 3",
            "f(x) := 1\nr if data.main.f(count(x)) with data.main.f as 2 with count as 3",
        );
        assert_pass(edits, "f(x) := 1\nr if f(1) with f.x as 2", "f(x) := 1\nr if f(1) with f.x as 2");
    }
}
