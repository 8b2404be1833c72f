//! Replaces the output argument of a call with an assignment of its result.
//!
//! In OPA, a call with one argument more than the function has unifies its result with that argument. The engine
//! supports this for its own functions and for those of policies, but not for added builtins.
//!
//! ```text
//! sprintf("%s is open", [rc.address], msg)
//! msg = sprintf("%s is open", [rc.address])
//! ```

use planguard_rego_syntax::tree::{ExprKind, LiteralKind};
use planguard_rego_syntax::walk::each_body;

use super::super::super::builtins;
use super::super::edit::{Edits, Written};
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    each_body(policy.module, &mut |body| {
        for literal in &body.literals {
            let (LiteralKind::Expression(expr) | LiteralKind::Negation(expr)) = &literal.kind else {
                continue;
            };
            let ExprKind::Call { function, arguments } = &expr.kind else { continue };
            let name = policy.text_of(function);
            let Some((output, arguments)) = arguments.split_last() else { continue };
            if builtins::arity(name) != Some(arguments.len()) || policy.is_rule(name) {
                continue;
            }
            let mut unification = Written::default();
            unification.push_moved(&edits.take(&output.span), &output.span);
            unification.push(" = ");
            let end = arguments.last().map_or(function.span.end + 1, |last| last.span.end);
            let call = expr.span.start..end;
            unification.push_moved(&edits.take(&call), &call);
            unification.push(")");
            edits.replace(expr.span.clone(), unification);
        }
    });
    edits
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn the_last_argument_receives_the_result() {
        assert_pass(
            edits,
            "r if {\n  sprintf(\"%v\",\n [x.y], msg) with input as 1\n}",
            "r if {\n  \nmsg = sprintf(\"%v\", [x.y]) with input as 1\n}",
        );
        assert_pass(edits, "r if not plus(1, 2, 4)", "r if not 4 = plus(1, 2)");
        assert_pass(edits, "r if time.now_ns(x)", "r if x = time.now_ns()");
    }

    #[test]
    fn other_calls_are_unchanged() {
        for rule in [
            "r if plus(1, 2)",
            "r if abs(x, y)",
            "plus(a, b, c) := 1\nr if plus(1, 2, 3)",
            "r if x := plus(1, 2, 3)",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
