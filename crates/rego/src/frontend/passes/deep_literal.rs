//! Takes the inner parts of deep literals out, each into a rule of its own.
//!
//! The engine reads no more than 32 nested brackets, and reads the first element of each bracket twice: 2^n times in a
//! bracket that is n deep. What is taken out has no variables, such as a document that a test gives as the input.
//!
//! ```text
//! r := f({"a": {"b": … {"h": {"i": 1}}}})
//! r := f({"a": {"b": … data.main.__pg1_0}}) __pg1_0 := {"h": {"i": 1}}
//! ```

use planguard_rego_syntax::tree::{Expr, ExprKind, Literal, Rule};
use planguard_rego_syntax::walk::{Visitor, inside_branch, inside_expr, inside_literal};

use super::super::edit::{Edits, Written};
use super::super::policy::{Policy, path_text};

/// How deep a literal may be without being changed: the engine reads its innermost element about a thousand times.
pub(in super::super) const DEEPEST: usize = 10;

/// How deep a part is that is taken out.
const PART: usize = 6;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    // A value by default stays a literal.
    for rule in policy.module.rules.iter().filter(|rule| !rule.is_default) {
        let parts = Parts { policy, edits: &mut edits, rules: Written::default() }.of(rule);
        if let Some(last) = rule.branches.last()
            && !parts.is_empty()
        {
            edits.insert(last.span.end, parts);
        }
    }
    edits
}

struct Parts<'a, 'p> {
    policy: &'a Policy<'p>,
    edits: &'a mut Edits<'p>,
    /// The rules of the parts.
    rules: Written,
}

impl Parts<'_, '_> {
    fn of(mut self, rule: &Rule) -> Written {
        for branch in &rule.branches {
            inside_branch(&mut self, rule, branch);
        }
        self.rules
    }

    /// Returns how deep a literal without variables is. Where there are variables, looks for such literals inside.
    fn depth(&mut self, expr: &Expr) -> Option<usize> {
        match &expr.kind {
            ExprKind::Scalar(_) => Some(0),
            ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_) => {
                let children = expr.children();
                let depths: Vec<Option<usize>> = children.iter().map(|child| self.depth(child)).collect();
                let known: Vec<usize> = depths.iter().copied().flatten().collect();
                if known.len() == depths.len() {
                    return Some(1 + known.into_iter().max().unwrap_or(0));
                }
                for (child, depth) in children.into_iter().zip(depths) {
                    self.literal_of(child, depth);
                }
                None
            }
            ExprKind::Name
            | ExprKind::Template(_)
            | ExprKind::Parenthesised(_)
            | ExprKind::Reference { .. }
            | ExprKind::Call { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Comprehension { .. } => {
                inside_expr(self, expr);
                None
            }
        }
    }

    fn literal_of(&mut self, expr: &Expr, depth: Option<usize>) {
        if depth.is_some_and(|depth| depth > DEEPEST) {
            for child in expr.children() {
                self.take(child);
            }
        }
    }

    /// Takes out the parts of a literal from the inside; returns how deep what is left of it is.
    fn take(&mut self, expr: &Expr) -> usize {
        let inner = expr.children().into_iter().map(|child| self.take(child)).max();
        let Some(depth) = inner.map(|inner| inner + 1) else { return 0 };
        if depth < PART {
            return depth;
        }
        let name = self.policy.fresh_rule_name();
        self.rules.push(&format!(" {name} := "));
        self.rules.push_moved(&self.edits.take(&expr.span), &expr.span);
        let mut path = self.policy.module.package.clone();
        path.push(name);
        self.edits.replace(expr.span.clone(), path_text(&path).as_str());
        0
    }

    /// Whether a `with` replaces the package of the rules that would be added.
    fn replaces_package(&self, literal: &Literal) -> bool {
        literal.withs.iter().any(|with| {
            with.target.path(self.policy.text).is_some_and(|(root, steps)| {
                root == "data"
                    && std::iter::once(root)
                        .chain(steps)
                        .zip(&self.policy.module.package)
                        .all(|(a, b)| a == b)
            })
        })
    }
}

impl<'m> Visitor<'m> for Parts<'_, '_> {
    fn literal(&mut self, literal: &'m Literal) {
        if !self.replaces_package(literal) {
            inside_literal(self, literal);
        }
    }

    fn expr(&mut self, expr: &'m Expr) {
        let depth = self.depth(expr);
        self.literal_of(expr, depth);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    fn nested(opening: &str, closing: &str, times: usize, inner: &str) -> String {
        format!("{}{inner}{}", opening.repeat(times), closing.repeat(times))
    }

    #[test]
    fn the_parts_of_a_deep_literal_are_rules() {
        let (left, inner) = (nested("[", "]", 5, "data.main.__pg1_0"), nested("[", "]", 6, "1"));
        assert_pass(
            edits,
            &format!("r if f({})\ns := 1", nested("[", "]", 11, "1")),
            &format!("r if f({left}) __pg1_0 := {inner}\ns := 1"),
        );
        let (outer, middle) =
            (nested("{\"a\":", "}", 2, "data.main.__pg2_0"), nested("{\"a\":", "}", 6, "data.main.__pg1_0"));
        assert_pass(
            edits,
            &format!("r := [x,\n{}]", nested("{\"a\":", "}", 14, "[]")),
            &format!("r := [x,\n{outer}] __pg1_0 := {} __pg2_0 := {middle}", nested("{\"a\":", "}", 6, "[]")),
        );
    }

    #[test]
    fn other_literals_are_unchanged() {
        for rule in [
            format!("r := {}", nested("[", "]", 10, "1")),
            format!("r := {}", nested("[", "]", 20, "x")),
            format!("default r := {}", nested("[", "]", 20, "1")),
            format!("r if x with input as {} with data as 1", nested("[", "]", 20, "1")),
        ] {
            assert_pass(edits, &rule, &rule);
        }
    }
}
