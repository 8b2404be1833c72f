//! Looks at the size of values before functions of the engine write them.
//!
//! `print` and `yaml.marshal` write a value with everything that it shares, however long that is, and the engine looks at
//! its limits only when they are done.
//!
//! ```text
//! print("tags", rc.change.after.tags)
//! print("tags", internal.written(rc.change.after.tags))
//! ```

use planguard_rego_syntax::tree::{Expr, ExprKind};
use planguard_rego_syntax::walk::each_expr;

use super::super::edit::Edits;
use super::super::policy::Policy;

/// The function that looks.
const LOOK: &str = "internal.written";

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    each_expr(policy.module, &mut |expr| {
        let ExprKind::Call { function, arguments } = &expr.kind else { return };
        let name = policy.text_of(function);
        if !matches!(name, "print" | "yaml.marshal") || policy.is_rule(name) {
            return;
        }
        for argument in arguments.iter().filter(|argument| !is_settled(policy, argument)) {
            edits.insert(argument.span.start, format!("{LOOK}(").as_str());
            edits.insert(argument.span.end, ")");
        }
    });
    edits
}

/// Whether an argument needs no look, or has it.
fn is_settled(policy: &Policy<'_>, argument: &Expr) -> bool {
    match &argument.kind {
        ExprKind::Scalar(_) => true,
        ExprKind::Call { function, .. } => policy.text_of(function) == LOOK,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn what_is_written_is_looked_at() {
        assert_pass(
            edits,
            "r if print(\"x\", x,\n[yaml.marshal(y.z)])",
            "r if print(\"x\", internal.written(x),\ninternal.written([yaml.marshal(internal.written(y.z))]))",
        );
    }

    #[test]
    fn rules_of_the_same_name_are_others() {
        let rule = "print(x) := 1\nr if print(input)";
        assert_pass(edits, rule, rule);
    }
}
