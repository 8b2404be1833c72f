//! Makes an object pattern match only objects without other keys.
//!
//! In OPA, `{"name": x}` matches objects with exactly that key. The engine ignores keys that are not in the pattern.
//!
//! ```text
//! {"name": x} = tags[_]
//! __pg1 := tags[_]; {__pg2 | _ = __pg1[__pg2]} == {"name"}; {"name": x} = __pg1
//! ```

use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Body, Branch, Expr, ExprKind, Literal, LiteralKind, Operator, Rule, Step};
use planguard_rego_syntax::walk::{each_body, outside_bodies};

use super::super::edit::{Edits, Written};
use super::super::policy::{Policy, modifiers};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut pass = Pass { policy, scopes: policy.scopes(), edits: policy.edits() };
    each_body(policy.module, &mut |body| {
        for literal in &body.literals {
            pass.literal(body, literal);
        }
    });
    for rule in &policy.module.rules {
        pass.arguments(rule);
    }
    pass.edits
}

struct Pass<'a, 'p> {
    policy: &'a Policy<'p>,
    scopes: &'a Scopes<'p>,
    edits: Edits<'p>,
}

/// The meaning of the variables of a pattern.
#[derive(Clone, Copy)]
enum Variables {
    /// The pattern declares them. With `=`, the name of a rule would refer to the rule.
    New,
    /// The body declares them.
    Any,
}

/// Objects extracted from patterns, with the names that replace them.
type Taken<'e> = Vec<(String, &'e Expr, String)>;

impl Pass<'_, '_> {
    fn literal(&mut self, body: &Body, literal: &Literal) {
        let mut taken = Taken::new();
        match &literal.kind {
            LiteralKind::SomeIn { patterns, collection } => {
                self.indexes(collection, &mut taken);
                for pattern in patterns {
                    self.take(pattern, &mut taken);
                }
            }
            LiteralKind::Expression(expr) => {
                self.indexes(expr, &mut taken);
                match &expr.kind {
                    ExprKind::Operation { operator, operands } => {
                        if let [left, right] = operands.as_slice() {
                            let gives_values = *operator == Operator::Assign
                                || *operator == Operator::Unify && self.is_pattern(left);
                            if gives_values {
                                self.operation(body, literal, left, right);
                            }
                            if *operator == Operator::Unify && self.is_pattern(right) {
                                self.operation(body, literal, right, left);
                            }
                        }
                    }
                    ExprKind::Call { function, arguments } if self.policy.text_of(function) == "walk" => {
                        if let [_, pattern] = arguments.as_slice() {
                            self.take(pattern, &mut taken);
                        }
                    }
                    ExprKind::Call { .. }
                    | ExprKind::Scalar(_)
                    | ExprKind::Template(_)
                    | ExprKind::Name
                    | ExprKind::Parenthesised(_)
                    | ExprKind::Reference { .. }
                    | ExprKind::Array(_)
                    | ExprKind::Set(_)
                    | ExprKind::Object(_)
                    | ExprKind::Comprehension { .. } => {}
                }
            }
            LiteralKind::Every { collection, .. } => self.indexes(collection, &mut taken),
            LiteralKind::Declaration(_) | LiteralKind::Negation(_) => {}
        }
        let variables = match &literal.kind {
            LiteralKind::SomeIn { .. } => Variables::New,
            LiteralKind::Declaration(_)
            | LiteralKind::Every { .. }
            | LiteralKind::Expression(_)
            | LiteralKind::Negation(_) => Variables::Any,
        };
        let statements = self.statements(&taken, variables);
        self.edits.behind(body, literal, &statements);
    }

    /// Handles one side of `=` or `:=` that is a pattern for the other side.
    fn operation(&mut self, body: &Body, literal: &Literal, pattern: &Expr, other: &Expr) {
        let mut taken = Taken::new();
        let ExprKind::Object(fields) = &pattern.kind else {
            self.take(pattern, &mut taken);
            let statements = self.statements(&taken, Variables::Any);
            return self.edits.behind(body, literal, &statements);
        };
        for (_, value) in fields {
            self.take(value, &mut taken);
        }
        let mut statements = Vec::new();
        match &other.kind {
            // The object may bind a variable, or be compared with its value.
            ExprKind::Name => {
                let name = self.policy.text_of(other);
                if name != "_" && !self.is_tested(body, name) {
                    statements.push(self.test(name, pattern));
                }
            }
            ExprKind::Reference { .. } | ExprKind::Call { .. } => {
                let name = self.policy.fresh_name();
                let mut value = Written::from(format!("{name} := ").as_str());
                value.push_moved(&self.edits.take(&other.span), &other.span);
                value.push(&modifiers(&self.edits, literal));
                self.edits.replace(other.span.clone(), name.as_str());
                let test = self.test(&name, pattern);
                self.edits.before(body, literal, &[value, test]);
            }
            // Two object literals are matched key by key.
            ExprKind::Scalar(_)
            | ExprKind::Template(_)
            | ExprKind::Parenthesised(_)
            | ExprKind::Operation { .. }
            | ExprKind::Array(_)
            | ExprKind::Set(_)
            | ExprKind::Object(_)
            | ExprKind::Comprehension { .. } => {}
        }
        statements.extend(self.statements(&taken, Variables::Any));
        self.edits.behind(body, literal, &statements);
    }

    /// Handles patterns that are indexes into sets.
    fn indexes<'e>(&mut self, expr: &'e Expr, taken: &mut Taken<'e>) {
        let mut patterns = Vec::new();
        outside_bodies(expr, &mut |part| {
            if let ExprKind::Reference { steps, .. } = &part.kind {
                patterns.extend(steps.iter().filter_map(|step| match step {
                    Step::Index(index) => Some(index),
                    Step::Field(_) => None,
                }));
            }
        });
        for pattern in patterns {
            if self.is_pattern(pattern) {
                self.take(pattern, taken);
            }
        }
    }

    /// Adds the tests of a function's arguments to each of its bodies.
    fn arguments(&mut self, rule: &Rule) {
        let mut taken = Taken::new();
        for argument in rule.head.arguments.iter().flatten().filter(|_| !rule.is_default) {
            self.take(argument, &mut taken);
        }
        let mut names_rule = false;
        for (_, pattern, _) in &taken {
            outside_bodies(pattern, &mut |part| {
                let name = self.policy.text_of(part);
                names_rule |= matches!(part.kind, ExprKind::Name)
                    && (self.policy.is_rule(name) || self.policy.is_import(name));
            });
        }
        // Arguments may repeat a variable, which is declared by its first use.
        let statements = self.statements(&taken, if names_rule { Variables::New } else { Variables::Any });
        for branch in &rule.branches {
            self.of_branch(branch, &statements);
        }
    }

    fn of_branch(&mut self, branch: &Branch, statements: &[Written]) {
        // Declarations stay in front, where the pass on them puts them.
        let is_declaration = |literal: &&Literal| matches!(literal.kind, LiteralKind::Declaration(_));
        let first = |body: &'_ Body| body.literals.iter().position(|literal| !is_declaration(&literal));
        match branch.body.as_ref().map(|body| (body, first(body).and_then(|at| body.literals.get(at)))) {
            Some((body, Some(first))) => self.edits.before(body, first, statements),
            Some((body, None)) => self.edits.after(body, statements),
            None => self.edits.add_body(branch.span.end, self.policy.version, statements),
        }
    }

    /// Replaces the objects in a pattern with names.
    fn take<'e>(&mut self, pattern: &'e Expr, taken: &mut Taken<'e>) {
        match &pattern.kind {
            ExprKind::Array(items) | ExprKind::Set(items) => {
                for item in items {
                    self.take(item, taken);
                }
            }
            ExprKind::Object(fields) => {
                let name = self.policy.fresh_name();
                let place = taken.len();
                for (_, value) in fields {
                    self.take(value, taken);
                }
                let text = self.edits.take(&pattern.span);
                taken.insert(place, (name.clone(), pattern, text));
                self.edits.replace(pattern.span.clone(), name.as_str());
            }
            ExprKind::Scalar(_)
            | ExprKind::Template(_)
            | ExprKind::Name
            | ExprKind::Parenthesised(_)
            | ExprKind::Reference { .. }
            | ExprKind::Call { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Comprehension { .. } => {}
        }
    }

    fn statements(&self, taken: &Taken<'_>, variables: Variables) -> Vec<Written> {
        let mut statements = Vec::new();
        for (name, pattern, text) in taken {
            statements.push(self.test(name, pattern));
            let mut matched = Written::default();
            matched.push_moved(text, &pattern.span);
            let operator = match variables {
                Variables::New if self.has_variables(pattern) => ":=",
                Variables::New | Variables::Any => "=",
            };
            matched.push(&format!(" {operator} {name}"));
            statements.push(matched);
        }
        statements
    }

    fn has_variables(&self, object: &Expr) -> bool {
        let ExprKind::Object(fields) = &object.kind else { return false };
        let is_variable =
            |value: &Expr| matches!(value.kind, ExprKind::Name) && self.policy.text_of(value) != "_";
        fields.iter().any(|(_, value)| is_variable(value))
    }

    /// Returns a test that a value has exactly the keys of an object.
    fn test(&self, name: &str, object: &Expr) -> Written {
        let key = self.policy.fresh_name();
        let mut test = Written::from(format!("{{{key} | _ = {name}[{key}]}} == ").as_str());
        let ExprKind::Object(fields) = &object.kind else { return test };
        if fields.is_empty() {
            test.push("set()");
            return test;
        }
        for (index, (key, _)) in fields.iter().enumerate() {
            test.push(if index == 0 { "{" } else { ", " });
            test.push(&self.edits.copy(&key.span));
        }
        test.push("}");
        let is_constant = |(key, _): &(Expr, Expr)| matches!(key.kind, ExprKind::Scalar(_));
        if fields.len() > 1 && !fields.iter().all(is_constant) && !self.policy.is_rule("count") {
            // Two keys that are equal count twice in a pattern, which then matches nothing.
            test.push(&format!("; count({name}) == {}", fields.len()));
        }
        test
    }

    /// Returns whether a body already tests a variable.
    fn is_tested(&self, body: &Body, name: &str) -> bool {
        body.literals.iter().any(|literal| {
            let text = self.policy.text.get(literal.span.clone()).unwrap_or("");
            let found = text.strip_prefix('{').and_then(|rest| rest.split_once(" | _ = "));
            found.is_some_and(|(key, rest)| rest.starts_with(&format!("{name}[{key}]}} == ")))
        })
    }

    /// Returns whether an expression is an array or an object that binds variables.
    fn is_pattern(&self, expr: &Expr) -> bool {
        let mut children = match &expr.kind {
            ExprKind::Array(items) | ExprKind::Set(items) => items.iter().collect(),
            ExprKind::Object(fields) => fields.iter().map(|(_, value)| value).collect::<Vec<_>>(),
            ExprKind::Scalar(_)
            | ExprKind::Template(_)
            | ExprKind::Name
            | ExprKind::Parenthesised(_)
            | ExprKind::Reference { .. }
            | ExprKind::Call { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Comprehension { .. } => return false,
        };
        children.retain(|child| match &child.kind {
            ExprKind::Name => self.policy.text_of(child) == "_" || self.policy.is_open(self.scopes, child),
            _ => self.is_pattern(child),
        });
        !children.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn keys_are_compared_where_values_are_matched() {
        assert_pass(
            edits,
            "r if {\n  {\"n\": x, y: 1} = input.a[_] with input as 1\n}",
            "r if {\n  __pg1 := input.a[_] with input as 1; {__pg2 | _ = __pg1[__pg2]} == {\"n\", y}; count(__pg1) == 2; {\"n\": x, y: 1} = __pg1 with input as 1\n}",
        );
        assert_pass(
            edits,
            "r if { {\"n\": x} = y }",
            "r if { {\"n\": x} = y; {__pg1 | _ = y[__pg1]} == {\"n\"} }",
        );
        assert_pass(
            edits,
            "r if some i, {\"n\": x} in y",
            "r if { some i, __pg1 in y; {__pg2 | _ = __pg1[__pg2]} == {\"n\"}; {\"n\": x} := __pg1 }",
        );
        assert_pass(
            edits,
            "r if walk(y, [p, {}])",
            "r if { walk(y, [p, __pg1]); {__pg2 | _ = __pg1[__pg2]} == set(); {} = __pg1 }",
        );
    }

    #[test]
    fn objects_within_patterns_are_matched_on_their_own() {
        assert_pass(
            edits,
            "r if [{\"a\": {\"b\": x}}] = y",
            "r if { [__pg1] = y; {__pg3 | _ = __pg1[__pg3]} == {\"a\"}; {\"a\": __pg2} = __pg1; \
             {__pg4 | _ = __pg2[__pg4]} == {\"b\"}; {\"b\": x} = __pg2 }",
        );
        assert_pass(
            edits,
            "r if q[{\"n\": x}]",
            "r if { q[__pg1]; {__pg2 | _ = __pg1[__pg2]} == {\"n\"}; {\"n\": x} = __pg1 }",
        );
    }

    #[test]
    fn arguments_are_matched_in_every_body() {
        assert_pass(
            edits,
            "f({\"n\": x}) := x if x else := 2",
            "f(__pg1) := x if { {__pg2 | _ = __pg1[__pg2]} == {\"n\"}; {\"n\": x} = __pg1; x } else := 2 if \
             { {__pg2 | _ = __pg1[__pg2]} == {\"n\"}; {\"n\": x} = __pg1 }",
        );
        assert_pass(
            edits,
            "x := 1\nf({\"n\": x}) := x",
            "x := 1\nf(__pg1) := x if { {__pg2 | _ = __pg1[__pg2]} == {\"n\"}; {\"n\": x} := __pg1 }",
        );
    }

    #[test]
    fn objects_that_are_not_patterns_are_unchanged() {
        for rule in [
            "r if { msg := {\"a\": x.y} }",
            "r if { msg := {\"a\": x} }",
            "r if { x := 1; msg = {\"a\": x} }",
            "r if { {\"a\": 1} = input.x }",
            "r if { f({\"a\": x}) }",
            "r if { {\"a\": x} in y }",
            "r if { {\"a\": x} == y }",
            "f(x) := {\"a\": x}",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
