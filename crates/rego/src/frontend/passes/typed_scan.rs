//! Restricts a scan for resources of one type to the resources of that type.
//!
//! Most rules iterate over all resource changes and then test the type. The engine takes a third of a microsecond for
//! each test, that is for each resource and rule. The inserted function uses an index of resources by type. The test
//! stays in place, so the function may return too much; every resource it omits would have failed the test, and no
//! literal before the test can fail, print or bind other values.
//! ```text
//! some rc in input.resource_changes; rc.type == "x"
//! some rc in __pg_of_type(input.resource_changes, ["x"]); rc.type == "x"
//! input.resource_changes[i].type == "x"
//! __pg_of_type_by_key(input.resource_changes, ["x"])[i].type == "x"
//! ```

use std::collections::HashSet;

use planguard_rego_syntax::scope::{DeclaredBy, Scopes};
use planguard_rego_syntax::tree::{
    Body, BranchKind, Expr, ExprKind, Literal, LiteralKind, Operator, OperatorFamily, Scalar, Span, Step,
};
use planguard_rego_syntax::walk::{each_body, each_expr};

use super::super::super::builtins::{OF_TYPE, OF_TYPE_BY_KEY};
use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn add<'p>(policy: &Policy<'p>, edits: &mut Edits<'p>) {
    let outermost = outermost(policy);
    let pass = Pass { policy, scopes: policy.scopes() };
    each_body(policy.module, &mut |body| {
        let is_outermost = outermost.contains(&start(body));
        for (position, literal) in body.literals.iter().enumerate() {
            let (before, after) = (&body.literals[..position], &body.literals[position + 1..]);
            let Some(scan) = pass.scan(literal) else { continue };
            let Some(types) = pass.types(&scan, after) else { continue };
            if !pass.starts_here(&scan, before, is_outermost) {
                continue;
            }
            let function = if scan.key.is_some_and(|key| pass.policy.text_of(key) != "_") {
                OF_TYPE_BY_KEY
            } else {
                OF_TYPE
            };
            edits.insert(scan.collection.start, format!("{function}(").as_str());
            edits.insert(scan.collection.end, format!(", {types})").as_str());
        }
    });
}

/// The bodies of rules, by their start.
pub(super) fn outermost(policy: &Policy<'_>) -> HashSet<Option<usize>> {
    let branches = policy.module.rules.iter().flat_map(|rule| &rule.branches);
    branches.filter_map(|branch| branch.body.as_ref()).map(start).collect()
}

/// Bodies are identified by the start of their first literal.
pub(super) fn start(body: &Body) -> Option<usize> {
    body.literals.first().map(|literal| literal.span.start)
}

/// A literal that iterates over a collection.
pub(super) struct Scan<'a> {
    /// The collection, a constant path.
    pub(super) collection: Span,
    /// The variable or `_` for the keys, if any.
    pub(super) key: Option<&'a Expr>,
    pub(super) element: Element<'a>,
}

/// The use of the elements of a collection.
pub(super) enum Element<'a> {
    /// They are assigned to a variable.
    Named(&'a Expr),
    /// Their type is compared directly.
    Compared { types: String },
}

pub(super) struct Pass<'a, 'p> {
    pub(super) policy: &'a Policy<'p>,
    pub(super) scopes: &'a Scopes<'p>,
}

impl<'a> Pass<'a, '_> {
    pub(super) fn scan(&self, literal: &'a Literal) -> Option<Scan<'a>> {
        if !literal.withs.is_empty() {
            return None;
        }
        match &literal.kind {
            LiteralKind::SomeIn { patterns, collection } => {
                let (key, value) = match patterns.as_slice() {
                    [value] => (None, value),
                    [key, value] => (Some(key), value),
                    _ => return None,
                };
                let are_names = self.is_name(value) && key.is_none_or(|key| self.is_name_or_blank(key));
                let collection = self.is_fixed(collection).then(|| collection.span.clone())?;
                are_names.then_some(Scan { collection, key, element: Element::Named(value) })
            }
            LiteralKind::Expression(expr) => self.search(expr),
            LiteralKind::Declaration(_) | LiteralKind::Every { .. } | LiteralKind::Negation(_) => None,
        }
    }

    /// Recognises `rc := input.resource_changes[i]` and `input.resource_changes[i].type == "x"`.
    fn search(&self, expr: &'a Expr) -> Option<Scan<'a>> {
        let ExprKind::Operation { operator, operands } = &expr.kind else { return None };
        let [left, right] = operands.as_slice() else { return None };
        let named = |name: &'a Expr, searched: &'a Expr| {
            let (collection, key, rest) = self.searched(searched)?;
            let is_whole = rest.is_empty() && self.is_name(name);
            is_whole.then_some(Scan { collection, key: Some(key), element: Element::Named(name) })
        };
        let compared = |searched: &'a Expr, wanted: &'a Expr| {
            let (collection, key, rest) = self.searched(searched)?;
            let [step] = rest else { return None };
            let types = self.is_type(step).then(|| self.one_type(wanted))??;
            Some(Scan { collection, key: Some(key), element: Element::Compared { types } })
        };
        match operator.family() {
            OperatorFamily::Assignment => named(left, right),
            OperatorFamily::Unification => named(left, right)
                .or_else(|| named(right, left))
                .or_else(|| compared(left, right))
                .or_else(|| compared(right, left)),
            OperatorFamily::Equality => compared(left, right).or_else(|| compared(right, left)),
            OperatorFamily::Membership
            | OperatorFamily::Inequality
            | OperatorFamily::Order
            | OperatorFamily::Computation => None,
        }
    }

    /// Splits a path with one variable index, such as `xs[i].type`, into collection, key and remaining steps.
    fn searched(&self, expr: &'a Expr) -> Option<(Span, &'a Expr, &'a [Step])> {
        let ExprKind::Reference { base, steps } = &expr.kind else { return None };
        let at = steps.iter().position(|step| !self.is_written_out(step))?;
        let (fixed, Step::Index(key)) = (&steps[..at], &steps[at]) else { return None };
        if !self.is_root(base, fixed) || !self.is_name_or_blank(key) {
            return None;
        }
        let end = match fixed.last() {
            None => base.span.end,
            Some(Step::Field(field)) => field.end,
            Some(Step::Index(index)) => {
                let after = self.policy.text.get(index.span.end..key.span.start)?;
                index.span.end + after.find(']')? + 1
            }
        };
        let is_open = self.policy.text_of(key) == "_" || self.policy.is_open(self.scopes, key);
        is_open.then_some((expr.span.start..end, key, &steps[at + 1..]))
    }

    /// Returns whether an expression has the same value throughout: the input, an import or a rule, and fields of
    /// these.
    fn is_fixed(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Name => self.is_root(expr, &[]),
            ExprKind::Reference { base, steps } => {
                self.is_root(base, steps) && steps.iter().all(|step| self.is_written_out(step))
            }
            ExprKind::Scalar(_)
            | ExprKind::Template(_)
            | ExprKind::Parenthesised(_)
            | ExprKind::Call { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Array(_)
            | ExprKind::Set(_)
            | ExprKind::Object(_)
            | ExprKind::Comprehension { .. } => false,
        }
    }

    fn is_root(&self, base: &Expr, steps: &[Step]) -> bool {
        let is_document = matches!(self.policy.text_of(base), "input" | "data");
        matches!(base.kind, ExprKind::Name)
            && self.policy.is_global(self.scopes, base)
            && !(is_document && steps.is_empty())
    }

    fn is_written_out(&self, step: &Step) -> bool {
        match step {
            Step::Field(_) => true,
            Step::Index(index) => is_text(index),
        }
    }

    fn is_name(&self, expr: &Expr) -> bool {
        self.is_name_or_blank(expr) && self.policy.text_of(expr) != "_"
    }

    fn is_name_or_blank(&self, expr: &Expr) -> bool {
        matches!(expr.kind, ExprKind::Name) && !self.policy.is_global(self.scopes, expr)
    }

    /// Returns whether a step selects the type of a resource.
    fn is_type(&self, step: &Step) -> bool {
        step.key(self.policy.text) == Some("type")
    }

    /// Returns the types that the elements of a scan must have, if they are tested before any other effect.
    pub(super) fn types(&self, scan: &Scan<'a>, after: &[Literal]) -> Option<String> {
        let name = match &scan.element {
            Element::Compared { types } => return Some(types.clone()),
            Element::Named(name) => *name,
        };
        for literal in after {
            if !literal.withs.is_empty() {
                return None;
            }
            if let LiteralKind::Expression(expr) = &literal.kind
                && let Some(types) = self.tested(name, expr)
            {
                return Some(types);
            }
            if !self.is_harmless(literal) {
                return None;
            }
        }
        None
    }

    /// Returns the types that an expression compares with the type of a variable.
    fn tested(&self, name: &Expr, expr: &Expr) -> Option<String> {
        match &expr.bare().kind {
            ExprKind::Operation { operator: Operator::Equal | Operator::Unify, operands } => {
                let [left, right] = operands.as_slice() else { return None };
                if self.is_type_of(name, left) {
                    self.one_type(right)
                } else if self.is_type_of(name, right) {
                    self.one_type(left)
                } else {
                    None
                }
            }
            ExprKind::Operation { operator: Operator::In, operands } => {
                let [value, types] = operands.as_slice() else { return None };
                if self.is_type_of(name, value) { self.several_types(types) } else { None }
            }
            // `types[rc.type]`, with a set.
            ExprKind::Reference { base, steps } => {
                let [Step::Index(index)] = steps.as_slice() else { return None };
                if self.is_type_of(name, index) { self.several_types(base) } else { None }
            }
            _ => None,
        }
    }

    fn is_type_of(&self, name: &Expr, expr: &Expr) -> bool {
        let ExprKind::Reference { base, steps } = &expr.bare().kind else { return false };
        let [step] = steps.as_slice() else { return false };
        self.is_type(step) && self.is_same(name, base)
    }

    pub(super) fn is_same(&self, name: &Expr, other: &Expr) -> bool {
        let declared = |expr| self.scopes.declaration(expr).map(std::ptr::from_ref);
        matches!(other.kind, ExprKind::Name)
            && self.policy.text_of(name) == self.policy.text_of(other)
            && declared(name) == declared(other)
    }

    fn one_type(&self, expr: &Expr) -> Option<String> {
        let expr = expr.bare();
        let is_one = is_text(expr) || self.is_argument(expr) || self.is_constant(expr);
        is_one.then(|| format!("[{}]", self.policy.text_of(expr)))
    }

    fn several_types(&self, expr: &Expr) -> Option<String> {
        let expr = expr.bare();
        let are_several = are_texts(expr) || self.is_argument(expr) || self.is_constant(expr);
        let text = self.policy.text_of(expr);
        // An expression on several lines would change line numbers.
        (are_several && !text.contains(['\n', '#'])).then(|| text.to_owned())
    }

    /// Returns whether a name is an argument of its function, which always has a value.
    fn is_argument(&self, expr: &Expr) -> bool {
        let declaration = || self.scopes.declaration(expr);
        matches!(expr.kind, ExprKind::Name)
            && declaration().is_some_and(|declaration| declaration.how == DeclaredBy::Argument)
    }

    /// Returns whether a name is a rule of this policy that contains only string literals, so evaluating it earlier,
    /// or without any resource, has no effect.
    fn is_constant(&self, expr: &Expr) -> bool {
        let name = self.policy.text_of(expr);
        if !matches!(expr.kind, ExprKind::Name) || self.scopes.declaration(expr).is_some() {
            return false;
        }
        let mut rules = self.policy.module.rules.iter().filter(|rule| rule.name(self.policy.text) == name);
        let (Some(rule), None) = (rules.next(), rules.next()) else { return false };
        let ([branch], Some(value)) = (rule.branches.as_slice(), &rule.head.value) else { return false };
        matches!(rule.head.name.kind, ExprKind::Name)
            && matches!(branch.kind, BranchKind::First)
            && branch.body.is_none()
            && rule.head.arguments.is_none()
            && rule.head.key.is_none()
            && !rule.is_default
            && (is_text(value) || are_texts(value))
    }

    /// Returns whether a literal can neither fail nor print, so it does not matter for how many resources it is
    /// evaluated.
    pub(super) fn is_harmless(&self, literal: &Literal) -> bool {
        match &literal.kind {
            LiteralKind::Declaration(_) => true,
            LiteralKind::Expression(expr) | LiteralKind::Negation(expr) => match &expr.bare().kind {
                ExprKind::Operation { operator: Operator::Equal, operands } => {
                    operands.iter().all(|operand| self.is_plain(operand))
                }
                ExprKind::Operation { operator: Operator::Assign, operands } => match operands.as_slice() {
                    [name, value] => self.is_name_or_blank(name) && self.is_plain(value),
                    _ => false,
                },
                ExprKind::Operation { operator: Operator::In, operands } => match operands.as_slice() {
                    [value, collection] => self.is_plain(value) && are_texts(collection.bare()),
                    _ => false,
                },
                ExprKind::Reference { .. } => self.is_plain(expr),
                _ => false,
            },
            LiteralKind::SomeIn { .. } | LiteralKind::Every { .. } => false,
        }
    }

    /// Returns whether an expression is a scalar, a variable, or a path into a variable or the input.
    fn is_plain(&self, expr: &Expr) -> bool {
        match &expr.bare().kind {
            ExprKind::Scalar(_) | ExprKind::Template(_) => true,
            ExprKind::Name => self.is_own(expr.bare()),
            ExprKind::Reference { base, steps } => {
                let is_plain = |step: &Step| match step {
                    Step::Field(_) => true,
                    Step::Index(index) => {
                        matches!(index.kind, ExprKind::Scalar(_))
                            || matches!(index.kind, ExprKind::Name) && self.is_own(index)
                    }
                };
                let is_input =
                    self.policy.text_of(base) == "input" && self.policy.is_global(self.scopes, base);
                matches!(base.kind, ExprKind::Name)
                    && (is_input || self.is_own(base))
                    && steps.iter().all(is_plain)
            }
            ExprKind::Array(_)
            | ExprKind::Set(_)
            | ExprKind::Parenthesised(_)
            | ExprKind::Call { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Object(_)
            | ExprKind::Comprehension { .. } => false,
        }
    }

    fn is_own(&self, name: &Expr) -> bool {
        !self.policy.is_global(self.scopes, name)
    }

    /// Returns whether this literal binds the variables of a scan. Otherwise the function would be called once for
    /// each of their values, or a literal that waits for them could be evaluated in between.
    pub(super) fn starts_here(&self, scan: &Scan<'_>, before: &[Literal], is_outermost: bool) -> bool {
        let element = match scan.element {
            Element::Named(name) => Some(name),
            Element::Compared { .. } => None,
        };
        let key = scan.key.filter(|key| self.policy.text_of(key) != "_");
        let mut is_declared = true;
        if let Some(key) = key
            && self.scopes.declaration(key).is_none_or(|declaration| declaration.how != DeclaredBy::SomeIn)
        {
            let declares = |literal: &Literal| match &literal.kind {
                LiteralKind::Declaration(names) => names.iter().any(|name| self.is_same(name, key)),
                _ => false,
            };
            is_declared =
                before.iter().any(declares) || is_outermost && self.scopes.declaration(key).is_none();
        }
        let mentions = |literal: &Literal| {
            let mut found = false;
            let mut see = |expr: &Expr| {
                let is = |name: &Expr| self.policy.text_of(name) == self.policy.text_of(expr);
                found |=
                    matches!(expr.kind, ExprKind::Name) && (element.is_some_and(is) || key.is_some_and(is));
            };
            each_expr(literal, &mut see);
            found
        };
        let is_declaration = |literal: &Literal| matches!(literal.kind, LiteralKind::Declaration(_));
        is_declared && !before.iter().any(|literal| !is_declaration(literal) && mentions(literal))
    }
}

pub(super) fn is_text(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Scalar(Scalar::Text(_) | Scalar::RawText(_)))
}

fn are_texts(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Array(items) | ExprKind::Set(items) => items.iter().all(is_text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use planguard_rego_syntax::parse::parse;
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    use regorus::Value;

    use super::super::super::super::dialect;
    use super::super::super::super::options::RegoVersion;
    use super::super::super::edit::Edits;
    use super::super::super::policy::{Policy, RuleNames};
    use super::super::super::tests::assert_pass;
    use super::add;

    fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
        let mut edits = policy.edits();
        add(policy, &mut edits);
        edits
    }

    fn assert_scan(body: &str, expected: &str) {
        assert_pass(edits, &format!("r if {{ {body} }}"), &format!("r if {{ {expected} }}"));
    }

    fn assert_left(rules: &str) {
        assert_pass(edits, rules, rules);
    }

    #[test]
    fn every_usual_form_is_found() {
        assert_scan(
            "some rc in input.resource_changes\n rc.type == \"x\"\n rc.change",
            "some rc in __pg_of_type(input.resource_changes, [\"x\"])\n rc.type == \"x\"\n rc.change",
        );
        assert_scan(
            "rc := input.resource_changes[_]; \"x\" == rc[\"type\"]",
            "rc := __pg_of_type(input.resource_changes, [\"x\"])[_]; \"x\" == rc[\"type\"]",
        );
        assert_scan(
            "rc = input[\"resource_changes\"][_]; rc.type = `x`",
            "rc = __pg_of_type(input[\"resource_changes\"], [`x`])[_]; rc.type = `x`",
        );
        assert_scan(
            "some i; rc := input.plan.resource_changes[i]; rc.type in {\"x\", \"y\"}; f(i)",
            "some i; rc := __pg_of_type_by_key(input.plan.resource_changes, {\"x\", \"y\"})[i]; \
             rc.type in {\"x\", \"y\"}; f(i)",
        );
        assert_scan(
            "some i, rc in input.resource_changes; [\"x\"][rc.type]",
            "some i, rc in __pg_of_type_by_key(input.resource_changes, [\"x\"]); [\"x\"][rc.type]",
        );
        assert_scan(
            "input.resource_changes[i].type == \"x\"; input.resource_changes[i].change",
            "__pg_of_type_by_key(input.resource_changes, [\"x\"])[i].type == \"x\"; \
             input.resource_changes[i].change",
        );
    }

    #[test]
    fn comprehensions_functions_and_rules_are_rewritten() {
        assert_pass(
            edits,
            "all := [rc | rc := input.resource_changes[_]; rc.type == \"x\"]\nr if { some rc in all; rc.type == \"x\" }",
            "all := [rc | rc := __pg_of_type(input.resource_changes, [\"x\"])[_]; rc.type == \"x\"]\n\
             r if { some rc in __pg_of_type(all, [\"x\"]); rc.type == \"x\" }",
        );
        assert_pass(
            edits,
            "f(t) := {rc | some rc in input.a; rc.type == t}",
            "f(t) := {rc | some rc in __pg_of_type(input.a, [t]); rc.type == t}",
        );
        assert_pass(
            edits,
            "types := {\"x\"}\nr if { some rc in input.a; rc.type in types }",
            "types := {\"x\"}\nr if { some rc in __pg_of_type(input.a, types); rc.type in types }",
        );
    }

    #[test]
    fn literals_without_effect_may_come_between() {
        assert_scan(
            "some rc in input.a; rc.mode == \"managed\"; not rc.deposed; a := rc.change.actions[_]; a in [\"b\"]; \
             rc.type == \"x\"",
            "some rc in __pg_of_type(input.a, [\"x\"]); rc.mode == \"managed\"; not rc.deposed; \
             a := rc.change.actions[_]; a in [\"b\"]; rc.type == \"x\"",
        );
        for between in ["print(rc)", "f(rc)", "lower(rc.type) == \"x\"", "some x in rc.a", "q", "rc.a == q"] {
            assert_left(&format!("q if 1 == 1\nr if {{ some rc in input.a; {between}; rc.type == \"x\" }}"));
        }
    }

    #[test]
    fn other_forms_are_unchanged() {
        for body in [
            "some rc in input.a; rc.type != \"x\"",
            "some rc in input.a; not rc.type == \"x\"",
            "some rc in input.a; rc.kind == \"x\"",
            "some rc in input.a; rc.type == rc.name",
            "some rc in input.a; rc.type == \"x\" with input as {}",
            "some rc in input.a with input as {}; rc.type == \"x\"",
            "some rc in input; rc.type == \"x\"",
            "some rc in input.a[_]; rc.type == \"x\"",
            "f(rc); rc = input.a[_]; rc.type == \"x\"",
            "f(i); rc := input.a[i]; rc.type == \"x\"",
            "input.a[i].mode == \"m\"; input.a[i].type == \"x\"",
            "some i; x := [1 | input.a[i].type == \"x\"]",
            "x := [1 | input.a[i].type == \"x\"]",
            "every rc in input.a { rc.type == \"x\" }",
            "not input.a[_].type == \"x\"",
            "some rc in input.a; x := [1 | rc := input.b[_]; rc.kind]; rc.type == \"x\"",
        ] {
            assert_left(&format!("r if {{ {body} }}"));
        }
        assert_left(
            "types := {\"x\"}\ntypes := {\"x\", \"y\"}\nr if { some rc in input.a; rc.type in types }",
        );
        assert_left("types := input.types\nr if { some rc in input.a; rc.type in types }");
    }

    fn rewritten(text: &str) -> Option<String> {
        let module = parse(text).unwrap();
        let mut names = RuleNames::default();
        names.add(&module, text);
        let policy = Policy::new(text, &module, RegoVersion::V1, &names);
        edits(&policy).apply().unwrap().map(|(text, _)| text)
    }

    /// Returns the value of `found` for a plan and the printed lines, or `None` if the engine fails.
    fn answer(text: &str, plan: &str) -> Option<(Value, Vec<String>)> {
        let mut engine = dialect::new_engine();
        engine.add_policy("p.rego".to_owned(), text.to_owned()).unwrap();
        engine.set_input(Value::from_json_str(plan).unwrap());
        let value = engine.eval_rule("data.main.found".to_owned()).ok()?;
        Some((value, engine.take_prints().unwrap()))
    }

    fn element() -> impl Strategy<Value = String> {
        let resource = (0..4usize, 0..3usize, 0..9usize).prop_map(|(of, mode, number)| {
            let (of, mode) = (["x", "y", "type", "z"][of], ["managed", "data", "x"][mode]);
            format!(r#"{{"type": "{of}", "mode": "{mode}", "n": {number}, "actions": ["a", "{mode}"]}}"#)
        });
        let odd = prop::sample::select(vec!["1", "null", "\"type\"", "[\"x\"]", "{}", r#"{"type": ["x"]}"#]);
        prop_oneof![8 => resource, 1 => odd.prop_map(str::to_owned)]
    }

    fn plan() -> impl Strategy<Value = String> {
        let elements =
            prop_oneof![prop::collection::vec(element(), 0..6), prop::collection::vec(element(), 14..40)];
        let collection = elements.prop_flat_map(|elements| {
            let fields: Vec<String> =
                elements.iter().enumerate().map(|(n, e)| format!("\"k{n}\": {e}")).collect();
            let (array, object) = (format!("[{}]", elements.join(",")), format!("{{{}}}", fields.join(",")));
            prop::sample::select(vec![array.clone(), array, object])
        });
        prop_oneof![
            9 => collection.prop_map(|all| format!("{{\"all\": {all}, \"types\": [\"x\", \"y\"]}}")),
            1 => prop::sample::select(vec!["{}", "{\"all\": null}", "{\"all\": 1}"]).prop_map(str::to_owned),
        ]
    }

    fn policy() -> impl Strategy<Value = String> {
        let search = prop::sample::select(vec![
            "rc := COLLECTION[_]",
            "rc := COLLECTION[i]",
            "rc = COLLECTION[i]",
            "some i; rc := COLLECTION[i]",
            "COLLECTION[i].type == TYPE; rc := COLLECTION[i]",
            "some i; COLLECTION[i][\"type\"] = TYPE; rc := COLLECTION[i]",
        ]);
        let collection = prop::sample::select(vec!["input.all", "input[\"all\"]", "all", "as_set"]);
        let between = prop::collection::vec(
            prop::sample::select(vec![
                "rc.mode == \"managed\"",
                "not rc.mode == \"data\"",
                "a := rc.actions[_]",
                "rc.actions[_] == \"a\"",
                "rc.n",
                "print(rc.n)",
                "count(rc.actions) > 0",
            ]),
            0..3,
        );
        let test = prop::sample::select(vec![
            "rc.type == TYPE",
            "TYPE == rc.type",
            "rc.type = TYPE",
            "rc.type in {\"x\", \"y\"}",
            "rc.type in types",
            "types[rc.type]",
            "rc.type in input.types",
            "rc.type != TYPE",
            "not rc.type == TYPE",
        ]);
        let named = prop::sample::select(vec!["\"x\"", "\"type\"", "t", "kind"]);
        let value = prop::sample::select(vec![
            "found := [rc | BODY]",
            "found := [[rc.n, rc] | BODY; print(rc)]",
            "found contains rc if { BODY }",
            "found := {rc.type: 1 | BODY }",
            "found := of(\"y\")\nof(t) := [rc | BODY]",
            "found := count([1 | BODY])",
            "found := [rc | COLLECTION[j]; BODY]",
            "found := [p | walk(input, [p, v]); v == 1; not any_at_all]\nany_at_all if { BODY }",
        ]);
        (search, collection, between, test, named, value).prop_map(
            |(search, collection, between, test, named, value)| {
                let mut body = vec![search];
                body.extend(between);
                body.push(test);
                let named = if named == "t" && !value.contains("of(t)") { "kind" } else { named };
                let rules = value.replace("BODY", &body.join("; "));
                let rules = rules.replace("COLLECTION", collection).replace("TYPE", named);
                format!(
                    "package main\n{rules}\ntypes := {{\"x\", \"type\"}}\nkind := \"y\"\n\
                     all := input.all\nas_set := {{e | e := input.all[_]}}\n"
                )
            },
        )
    }

    #[test]
    fn most_generated_policies_are_rewritten_and_evaluated() {
        let mut runner = TestRunner::deterministic();
        let mut compared = 0;
        for _ in 0..100 {
            let policy = policy().new_tree(&mut runner).unwrap().current();
            let plan = plan().new_tree(&mut runner).unwrap().current();
            compared += usize::from(rewritten(&policy).is_some_and(|new| answer(&new, &plan).is_some()));
        }
        assert!(compared > 30, "{compared}");
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: ProptestConfig::default().cases.div_ceil(2), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn results_do_not_change(policy in policy(), plan in plan()) {
            let Some(new) = rewritten(&policy) else { return Ok(()) };
            // If the engine fails, such as on a `some` in the second search, there is no result to keep.
            if let Some(before) = answer(&policy, &plan) {
                prop_assert_eq!(Some(before), answer(&new, &plan), "{} on {}", new, plan);
            }
            prop_assert!(rewritten(&new).is_none(), "{}", new);
        }
    }
}
