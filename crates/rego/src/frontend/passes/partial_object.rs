//! Defines an empty object for a rule with a computed key that has no solutions.
//!
//! In OPA, `p[x] contains y` and `p[x].y := z` are an empty object without solutions. In the engine they are
//! undefined, which changes the result of `count(p) == 0` and `not p.x`.
//!
//! ```text
//! open[sg] contains port if { … }
//! open[sg] contains port if { … } open[__pg1] := __pg1 if { false; __pg1 := 1 }
//! ```

use std::collections::HashSet;

use planguard_rego_syntax::tree::{ExprKind, Rule, Span, Step};

use super::super::super::options::RegoVersion;
use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let rules = || policy.module.rules.iter().filter(|rule| !rule.is_default);
    // The engine already builds an object for a rule with one computed key and a value.
    let mut objects: HashSet<&str> = HashSet::new();
    for rule in rules() {
        if let Some((prefix, Rest::Value)) = computed(policy, rule) {
            objects.insert(policy.text.get(prefix).unwrap_or(""));
        }
    }
    for rule in rules() {
        let Some((prefix, Rest::More)) = computed(policy, rule) else { continue };
        let name = policy.text.get(prefix).unwrap_or("");
        let (Some(last), true) = (rule.branches.last(), objects.insert(name)) else { continue };
        let key = policy.fresh_name();
        let condition = match policy.version {
            RegoVersion::V1 => "if ",
            RegoVersion::V0 => "",
        };
        let object = format!(" {name}[{key}] := {key} {condition}{{ false; {key} := 1 }}");
        edits.insert(last.span.end, object.as_str());
    }
    edits
}

/// The part of a rule's name after the first computed key.
enum Rest {
    /// The value.
    Value,
    /// Another key.
    More,
}

/// Returns the range of a rule's name up to its first computed key, if it has one.
fn computed(policy: &Policy<'_>, rule: &Rule) -> Option<(Span, Rest)> {
    let ExprKind::Reference { base, steps } = &rule.head.name.kind else { return None };
    let mut end = base.span.end;
    for (index, step) in steps.iter().enumerate() {
        match step {
            Step::Field(span) => end = span.end,
            Step::Index(key) if matches!(key.kind, ExprKind::Scalar(_)) => {
                let closing = policy.text.get(key.span.end..)?.find(']')?;
                end = key.span.end + closing + 1;
            }
            Step::Index(_) => {
                let is_last = index + 1 == steps.len();
                // Without a value, `p[x]` is a set in v0 and equals `p[x] := true` in v1.
                return match (is_last, &rule.head.key) {
                    (true, None) => Some((base.span.start..end, Rest::Value)),
                    (true, Some(_)) | (false, _) => Some((base.span.start..end, Rest::More)),
                };
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn an_object_is_added_after_the_first_rule() {
        assert_pass(
            edits,
            "p[x] contains y if { x }\np[x] contains z if z",
            "p[x] contains y if { x } p[__pg1] := __pg1 if { false; __pg1 := 1 }\np[x] contains z if z",
        );
        assert_pass(
            edits,
            "p.a[\"b\"][x].y := 1 if x",
            "p.a[\"b\"][x].y := 1 if x p.a[\"b\"][__pg1] := __pg1 if { false; __pg1 := 1 }",
        );
        assert_pass(edits, "p[x][y] := 1", "p[x][y] := 1 p[__pg1] := __pg1 if { false; __pg1 := 1 }");
    }

    #[test]
    fn other_objects_and_sets_are_unchanged() {
        for rule in ["p[x] := 1 if x", "p contains x if x", "p[x] { x }", "p.a contains x if x", "f(x) := 1"]
        {
            assert_pass(edits, rule, rule);
        }
        let both = "p[x].y := 1 if x\np[x] := 1 if x";
        assert_pass(edits, both, both);
    }
}
