//! Computes the key of a set or object where another rule of the package computes keys in the same place.
//!
//! In OPA, a set or object with a fixed name is empty without solutions. Next to a rule that computes the key in its
//! place, it is one of the keys of that object and, without solutions, not there. The engine takes it for empty.
//!
//! ```text
//! g[x] contains y if { … }    g["q"] contains y if { … }
//! g[x] contains y if { … }    g[__pg1] contains y if { __pg1 := "q"; … }
//! ```

use planguard_rego_syntax::tree::{BranchKind, ExprKind, Rule, Step};

use super::super::edit::{Edits, Written};
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    for rule in &policy.module.rules {
        let ([branch], ExprKind::Reference { base, steps }) =
            (rule.branches.as_slice(), &rule.head.name.kind)
        else {
            continue;
        };
        match branch.kind {
            BranchKind::First => {}
            BranchKind::Chained | BranchKind::Else { .. } => continue,
        }
        if rule.is_default || rule.head.arguments.is_some() {
            continue;
        }
        // A value at the end of the path is there or not.
        let steps = if is_collection(rule, steps) {
            steps.as_slice()
        } else {
            &steps[..steps.len().saturating_sub(1)]
        };
        let mut path = vec![policy.text_of(base).to_owned()];
        let mut statements = Vec::new();
        let mut end = base.span.end;
        for step in steps {
            let Some(key) = step.key(policy.text) else { break };
            if policy.has_computed_keys(&path) {
                let (name, key) = (policy.fresh_name(), serde_json::Value::from(key));
                statements.push(Written::from(format!("{name} := {key}").as_str()));
                edits.replace(end..step_end(policy, step), format!("[{name}]").as_str());
            }
            path.push(key.to_owned());
            end = step_end(policy, step);
        }
        match branch.body.as_ref().and_then(|body| body.literals.first().map(|first| (body, first))) {
            Some((body, first)) => edits.before(body, first, &statements),
            None => edits.add_body(branch.span.end, policy.version, &statements),
        }
    }
    edits
}

/// Whether a rule is a set, or an object with a computed key.
fn is_collection(rule: &Rule, steps: &[Step]) -> bool {
    rule.head.key.is_some() || steps.iter().any(is_computed)
}

fn is_computed(step: &Step) -> bool {
    match step {
        Step::Field(_) => false,
        Step::Index(index) => !matches!(index.kind, ExprKind::Scalar(_)),
    }
}

/// Where a step ends, with its bracket.
fn step_end(policy: &Policy<'_>, step: &Step) -> usize {
    match step {
        Step::Field(span) => span.end,
        Step::Index(key) => {
            let closing = policy.text.get(key.span.end..).and_then(|rest| rest.find(']'));
            key.span.end + closing.map_or(0, |closing| closing + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn a_key_beside_computed_keys_is_computed() {
        assert_pass(
            edits,
            "g[x] contains y if { x := y }\ng[\"q\"] contains y if { y := 1 }",
            "g[x] contains y if { x := y }\ng[__pg1] contains y if { __pg1 := \"q\"; y := 1 }",
        );
        assert_pass(
            edits,
            "g.a.q contains 1\ng.a[x] := 1 if x := y\ng.a.p.r[y] := y if f(y)",
            "g.a[__pg1] contains 1 if { __pg1 := \"q\" }\ng.a[x] := 1 if x := y\n\
             g.a[__pg2].r[y] := y if { __pg2 := \"p\"; f(y) }",
        );
        assert_pass(
            edits,
            "g.q.z := 1 if x\ng[x] := 1 if x := y",
            "g[__pg1].z := 1 if { __pg1 := \"q\"; x }\ng[x] := 1 if x := y",
        );
    }

    #[test]
    fn other_keys_stay() {
        for rules in [
            "g.q contains 1\ng.p contains 1",
            "g.q := 1 if x\ng[x] := 1 if x := y",
            "g[x] contains y if f(x, y)",
            "g.a[x] := 1 if f(x)\ng.b contains 1",
        ] {
            assert_pass(edits, rules, rules);
        }
    }
}
