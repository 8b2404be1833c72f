//! Leaves out of a scan the elements that fail the conditions right after it.
//!
//! The engine takes about a microsecond for each condition and element. What is written with comparisons, paths,
//! `object.get`, functions of the library and simple functions of the policy, the inserted function tests in a fraction of that. The conditions stay
//! in place, and are evaluated for what is kept. See `builtins/filter.rs` for what is certain to fail.
//!
//! ```text
//! some rc in input.resource_changes; not rc.change.after.tags
//! some rc in __pg_filtered(input.resource_changes, "[{\"Not\":…}]"); not rc.change.after.tags
//! ```

use std::collections::{HashMap, HashSet};

use planguard_rego_syntax::tree::{
    Branch, BranchKind, Expr, ExprKind, Literal, LiteralKind, Operator, OperatorFamily, Rule, Scalar, Step,
};
use planguard_rego_syntax::walk::{each_body, each_expr};

use super::super::super::builtins::{Condition, FILTERED, Term};
use super::super::edit::Edits;
use super::super::policy::Policy;
use super::typed_scan::{Element, Pass, outermost, start};
use super::{joined_scan, library_call};

/// How deep functions that call functions are read.
const DEPTH: usize = 4;

pub(in super::super) fn add<'p>(policy: &Policy<'p>, edits: &mut Edits<'p>) {
    // Lines that no element reaches would not be covered.
    if !policy.is_only_asked_for_values() {
        return;
    }
    let outermost = outermost(policy);
    let pass = Pass { policy, scopes: policy.scopes() };
    each_body(policy.module, &mut |body| {
        for (position, literal) in body.literals.iter().enumerate() {
            let Some(scan) = pass.scan(literal) else { continue };
            let Element::Named(name) = scan.element else { continue };
            let after = &body.literals[position + 1..];
            if scan.key.is_some_and(|key| policy.text_of(key) != "_")
                || pass.types(&scan, after).is_some()
                || joined_scan::wanted(&pass, body, position, name).is_some()
                || !pass.starts_here(&scan, &body.literals[..position], outermost.contains(&start(body)))
            {
                continue;
            }
            let Some(element) = pass.scopes.index(name) else { continue };
            let mut reader = Reader {
                pass: &pass,
                known: HashMap::from([(element, Term::Element)]),
                depth: 0,
                within: Within::Element,
            };
            let conditions = reader.conditions(after);
            if conditions.is_empty() {
                continue;
            }
            let Ok(text) = serde_json::to_string(&conditions) else { continue };
            edits.insert(scan.collection.start, format!("{FILTERED}(").as_str());
            let text = serde_json::Value::from(text);
            edits.insert(scan.collection.end, format!(", {text})").as_str());
        }
    });
}

/// Reads conditions on the variables that it knows.
struct Reader<'r, 'a, 'p> {
    pass: &'r Pass<'a, 'p>,
    /// What the variables stand for, by declaration.
    known: HashMap<usize, Term>,
    depth: usize,
    within: Within,
}

/// What the conditions that are read are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// The element of the scan.
    Element,
    /// Also a member of a collection of the element, [`Term::Member`].
    Member,
}

impl Reader<'_, '_, '_> {
    /// The conditions up to the first literal that might do more than hold or fail.
    fn conditions(&mut self, literals: &[Literal]) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for (position, literal) in literals.iter().enumerate() {
            if !literal.withs.is_empty() {
                break;
            }
            if let Some(of) = self.search(literal) {
                conditions.push(Condition::Any(of, self.conditions(&literals[position + 1..])));
                break;
            }
            match self.condition(literal) {
                Some(condition) => conditions.push(condition),
                None if self.pass.is_harmless(literal) => {}
                None => break,
            }
        }
        conditions
    }

    /// The conditions, if all literals are some.
    fn all(&mut self, literals: &[Literal]) -> Option<Vec<Condition>> {
        let mut conditions = Vec::new();
        for (position, literal) in literals.iter().enumerate() {
            if !literal.withs.is_empty() {
                return None;
            }
            if let Some(of) = self.search(literal) {
                conditions.push(Condition::Any(of, self.all(&literals[position + 1..])?));
                break;
            }
            conditions.push(self.condition(literal)?);
        }
        Some(conditions)
    }

    /// The collection of `some x in collection` and of `x := collection[_]`. From here on the reader knows its members.
    fn search(&mut self, literal: &Literal) -> Option<Term> {
        if self.within == Within::Member {
            return None;
        }
        let (member, of) = match &literal.kind {
            LiteralKind::SomeIn { patterns, collection } => {
                let [member] = patterns.as_slice() else { return None };
                (member, self.term(collection.bare())?)
            }
            LiteralKind::Expression(expr) => {
                let ExprKind::Operation { operator, operands } = &expr.bare().kind else { return None };
                let ([member, searched], OperatorFamily::Assignment) =
                    (operands.as_slice(), operator.family())
                else {
                    return None;
                };
                let ExprKind::Reference { base, steps } = &searched.bare().kind else { return None };
                let Some((Step::Index(index), fixed)) = steps.split_last() else { return None };
                let is_any = matches!(index.kind, ExprKind::Name) && self.pass.policy.text_of(index) == "_";
                (member, is_any.then(|| self.at(base, fixed)).flatten()?)
            }
            LiteralKind::Declaration(_) | LiteralKind::Every { .. } | LiteralKind::Negation(_) => {
                return None;
            }
        };
        if !matches!(member.kind, ExprKind::Name) {
            return None;
        }
        self.known.insert(self.pass.scopes.index(member)?, Term::Member);
        self.within = Within::Member;
        Some(of)
    }

    /// What is below keys.
    fn at(&self, base: &Expr, steps: &[Step]) -> Option<Term> {
        let base = self.term(base.bare())?;
        if steps.is_empty() {
            return Some(base);
        }
        let keys: Option<Vec<String>> =
            steps.iter().map(|step| step.key(self.pass.policy.text).map(str::to_owned)).collect();
        Some(Term::At(Box::new(base), keys?))
    }

    fn condition(&mut self, literal: &Literal) -> Option<Condition> {
        match &literal.kind {
            LiteralKind::Expression(expr) => self.statement(expr.bare()),
            LiteralKind::Negation(expr) => Some(Condition::Not(Box::new(self.test(expr.bare())?))),
            LiteralKind::Declaration(_) | LiteralKind::SomeIn { .. } | LiteralKind::Every { .. } => None,
        }
    }

    fn statement(&mut self, expr: &Expr) -> Option<Condition> {
        if let ExprKind::Operation { operator, operands } = &expr.kind
            && operator.family() == OperatorFamily::Assignment
        {
            let [target, value] = operands.as_slice() else { return None };
            let declaration =
                matches!(target.kind, ExprKind::Name).then(|| self.pass.scopes.index(target)).flatten()?;
            let value = self.term(value.bare())?;
            self.known.insert(declaration, value.clone());
            return Some(Condition::Defined(value));
        }
        self.test(expr)
    }

    fn test(&mut self, expr: &Expr) -> Option<Condition> {
        match &expr.kind {
            ExprKind::Operation { operator: Operator::Equal, operands } => {
                let [left, right] = operands.as_slice() else { return None };
                Some(Condition::Equal(self.term(left.bare())?, self.term(right.bare())?))
            }
            ExprKind::Operation { operator: Operator::NotEqual, operands } => {
                let [left, right] = operands.as_slice() else { return None };
                Some(Condition::Differs(self.term(left.bare())?, self.term(right.bare())?))
            }
            ExprKind::Operation { operator: Operator::In, operands } => {
                let [value, values] = operands.as_slice() else { return None };
                let (ExprKind::Array(values) | ExprKind::Set(values)) = &values.bare().kind else {
                    return None;
                };
                let values: Option<Vec<serde_json::Value>> =
                    values.iter().map(|value| self.constant(value)).collect();
                Some(Condition::OneOf(self.term(value.bare())?, values?))
            }
            ExprKind::Call { function, arguments } => match self.term(expr) {
                Some(term) => Some(Condition::Holds(term)),
                None => self.call(function, arguments),
            },
            ExprKind::Name | ExprKind::Reference { .. } => Some(Condition::Holds(self.term(expr)?)),
            ExprKind::Scalar(_)
            | ExprKind::Template(_)
            | ExprKind::Parenthesised(_)
            | ExprKind::Operation { .. }
            | ExprKind::Array(_)
            | ExprKind::Set(_)
            | ExprKind::Object(_)
            | ExprKind::Comprehension { .. } => None,
        }
    }

    /// What a function demands that is one rule with one body and no value, all of it conditions.
    fn call(&self, function: &Expr, arguments: &[Expr]) -> Option<Condition> {
        let rule = self.called(function)?;
        let (parameters, body) = test_function(rule)?;
        let (known, arguments) = self.given(parameters, arguments)?;
        // A call is not made with an argument that has no value.
        let mut conditions: Vec<Condition> = arguments.into_iter().map(Condition::Defined).collect();
        conditions.extend(self.inside(known).all(body)?);
        Some(Condition::All(conditions))
    }

    /// The value of a function that is one rule without a body, and reads all its parameters: terms have no value if a
    /// part of them has none, as a call.
    fn answer(&self, function: &Expr, arguments: &[Expr]) -> Option<Term> {
        let (parameters, value) = value_function(self.called(function)?)?;
        let (known, _) = self.given(parameters, arguments)?;
        let mut read = HashSet::new();
        each_expr(value, &mut |part| {
            if matches!(part.kind, ExprKind::Name) {
                read.extend(self.pass.scopes.index(part));
            }
        });
        let reads_all = known.keys().all(|parameter| read.contains(parameter));
        if reads_all { self.inside(known).term(value.bare()) } else { None }
    }

    /// The only rule of a function of this policy that nothing replaces.
    fn called(&self, function: &Expr) -> Option<&Rule> {
        let policy = self.pass.policy;
        let name = policy.text_of(function);
        if !matches!(function.kind, ExprKind::Name)
            || self.pass.scopes.declaration(function).is_some()
            || self.depth >= DEPTH
            || !policy.has_one_rule(name)
            || policy.is_replaced_function(name)
            || policy.is_import(name)
        {
            return None;
        }
        policy.module.rules.iter().find(|rule| rule.name(policy.text) == name)
    }

    /// What the parameters of a function stand for in a call, and its arguments.
    fn given(&self, parameters: &[Expr], arguments: &[Expr]) -> Option<(HashMap<usize, Term>, Vec<Term>)> {
        if parameters.len() != arguments.len() {
            return None;
        }
        let arguments: Vec<Term> =
            arguments.iter().map(|argument| self.term(argument.bare())).collect::<Option<_>>()?;
        let declared = parameters.iter().map(|parameter| {
            matches!(parameter.kind, ExprKind::Name).then(|| self.pass.scopes.index(parameter)).flatten()
        });
        let known =
            declared.zip(&arguments).map(|(parameter, argument)| Some((parameter?, argument.clone())));
        Some((known.collect::<Option<_>>()?, arguments))
    }

    /// The reader of a function's body.
    fn inside(&self, known: HashMap<usize, Term>) -> Self {
        Self { pass: self.pass, known, depth: self.depth + 1, within: self.within }
    }

    fn is_object_get(&self, function: &Expr) -> bool {
        let policy = self.pass.policy;
        policy.text_of(function) == "object.get" && !policy.is_import("object") && !policy.is_rule("object")
    }

    fn term(&self, expr: &Expr) -> Option<Term> {
        let policy = self.pass.policy;
        match &expr.kind {
            ExprKind::Name => self.known.get(&self.pass.scopes.index(expr)?).cloned(),
            ExprKind::Reference { base, steps } => self.at(base, steps),
            ExprKind::Call { function, arguments } if self.is_object_get(function) => {
                let [object, key, otherwise] = arguments.as_slice() else { return None };
                let path = match &key.bare().kind {
                    // An empty path is the object itself.
                    ExprKind::Array(keys) if !keys.is_empty() => keys
                        .iter()
                        .map(|key| key.bare().string().map(str::to_owned))
                        .collect::<Option<_>>()?,
                    _ => vec![key.bare().string()?.to_owned()],
                };
                let (object, otherwise) = (self.term(object.bare())?, self.term(otherwise.bare())?);
                Some(Term::Get(Box::new(object), path, Box::new(otherwise)))
            }
            ExprKind::Call { function, arguments } => match library_call::counterpart(policy, function) {
                Some(builtin) => {
                    let arguments: Option<Vec<Term>> =
                        arguments.iter().map(|argument| self.term(argument.bare())).collect();
                    Some(Term::Answer(builtin.to_owned(), arguments?))
                }
                None => self.answer(function, arguments),
            },
            _ => self.constant(expr).map(Term::Constant),
        }
    }

    /// The value of what is written out. Numbers have forms that only the engine reads.
    fn constant(&self, expr: &Expr) -> Option<serde_json::Value> {
        match &expr.bare().kind {
            ExprKind::Scalar(Scalar::Null) => Some(serde_json::Value::Null),
            ExprKind::Scalar(Scalar::Bool(value)) => Some((*value).into()),
            ExprKind::Scalar(Scalar::Text(text) | Scalar::RawText(text)) => Some(text.as_ref().into()),
            ExprKind::Array(values) => values.iter().map(|value| self.constant(value)).collect(),
            ExprKind::Object(fields) if fields.is_empty() => Some(serde_json::json!({})),
            _ => None,
        }
    }
}

/// The parameters and the body of a function that only holds or not.
fn test_function(rule: &Rule) -> Option<(&[Expr], &[Literal])> {
    let (parameters, branch) = simple_function(rule)?;
    let body = branch.body.as_ref()?;
    rule.head.value.is_none().then_some((parameters, body.literals.as_slice()))
}

/// The parameters and the value of a function without a body.
fn value_function(rule: &Rule) -> Option<(&[Expr], &Expr)> {
    let (parameters, branch) = simple_function(rule)?;
    branch.body.is_none().then_some((parameters, rule.head.value.as_ref()?))
}

fn simple_function(rule: &Rule) -> Option<(&[Expr], &Branch)> {
    let [branch] = rule.branches.as_slice() else { return None };
    let is_simple = matches!(rule.head.name.kind, ExprKind::Name)
        && matches!(branch.kind, BranchKind::First)
        && !rule.is_default
        && rule.head.key.is_none();
    let parameters = rule.head.arguments.as_ref()?;
    is_simple.then_some((parameters.as_slice(), branch))
}

#[cfg(test)]
mod tests {
    use planguard_rego_syntax::parse::parse;
    use proptest::prelude::*;
    use regorus::Value;

    use super::super::super::super::dialect;
    use super::super::super::super::options::RegoVersion;
    use super::super::super::policy::{Author, Policy, RuleNames};
    use super::add;

    fn rewritten(text: &str) -> Option<String> {
        let module = parse(text).unwrap();
        let mut names = RuleNames::of_values();
        names.add(&module, text);
        let policy = Policy::new(text, &module, RegoVersion::V1, &names);
        let mut edits = policy.edits();
        add(&policy, &mut edits);
        edits.apply().unwrap().map(|(text, _)| text)
    }

    /// The conditions in the rewritten form of a body.
    fn conditions(rules: &str) -> Option<String> {
        let new = rewritten(&format!("package main\n{rules}"))?;
        let (_, rest) = new.split_once("__pg_filtered(input.a, ")?;
        let end = rest.find("]\")")? + 2;
        serde_json::from_str(&rest[..end]).ok()
    }

    #[test]
    fn conditions_are_read_up_to_what_does_more() {
        for (body, expected) in [
            ("x.b", r#"[{"Holds":{"At":["Element",["b"]]}}]"#),
            ("not x.b; f(x)", r#"[{"Not":{"Holds":{"At":["Element",["b"]]}}}]"#),
            (
                "a := x.b; a != null; print(a); a.c",
                r#"[{"Defined":{"At":["Element",["b"]]}},{"Differs":[{"At":["Element",["b"]]},{"Constant":null}]}]"#,
            ),
            ("x.t in [\"u\", true]", r#"[{"OneOf":[{"At":["Element",["t"]]},["u",true]]}]"#),
            (
                "object.get(x, [\"a\", \"b\"], {}) == [\"c\"]",
                r#"[{"Equal":[{"Get":["Element",["a","b"],{"Constant":{}}]},{"Constant":["c"]}]}]"#,
            ),
            ("x.b[_] == 1; x.c", r#"[{"Holds":{"At":["Element",["c"]]}}]"#),
            (
                "some y in x.b; y.c; not y in [\"u\"]; y.d > 1",
                r#"[{"Any":[{"At":["Element",["b"]]},[{"Holds":{"At":["Member",["c"]]}},{"Not":{"OneOf":["Member",["u"]]}}]]}]"#,
            ),
            (
                "y := x.b[_]; y.c",
                r#"[{"Any":[{"At":["Element",["b"]]},[{"Holds":{"At":["Member",["c"]]}}]]}]"#,
            ),
            (
                "some y in x.b; y.c; some z in y.d; z.e",
                r#"[{"Any":[{"At":["Element",["b"]]},[{"Holds":{"At":["Member",["c"]]}}]]}]"#,
            ),
        ] {
            let rules = format!("r if {{ some x in input.a; {body} }}");
            let found = conditions(&rules);
            assert_eq!(found.as_deref(), Some(expected), "{body}");
        }
    }

    #[test]
    fn simple_functions_are_read() {
        let functions = "f(y, z) if { y.m == z; a := y.b; not a.c }";
        assert_eq!(
            conditions(&format!("r if {{ some x in input.a; f(x, \"k\") }}\n{functions}")).as_deref(),
            Some(
                r#"[{"All":[{"Defined":"Element"},{"Defined":{"Constant":"k"}},{"Equal":[{"At":["Element",["m"]]},{"Constant":"k"}]},{"Defined":{"At":["Element",["b"]]}},{"Not":{"Holds":{"At":[{"At":["Element",["b"]]},["c"]]}}}]}]"#
            )
        );
        for functions in [
            "f(y, z) if { y.m == z }\nf(y, z) if { y.n == z }",
            "default f(_, _) := false\nf(y, z) if { y.m == z }",
            "f(y, z) := y if { y.m == z }",
            "f(y, z) := y.m",
            "f(y, z) := \"c\"",
            "f(y, z) if { some a in y.m; some b in a; b == z }",
            "f(y, z) if { y.m == z } else := false",
            "f(y, z) if { y.m[_] == z }",
            "f(y, \"k\") if { y.m == 1 }",
            "f(y, z) if { f(y.a, z) }",
            "f(y, z) if { y.m == z }\nt if f(1, 2) with f as g\ng(x, y) if x == y",
        ] {
            let rules = format!("r if {{ some x in input.a; f(x, \"k\") }}\n{functions}");
            assert_eq!(conditions(&rules), None, "{functions}");
        }
    }

    #[test]
    fn functions_that_search_or_have_a_value_are_read() {
        for (functions, expected) in [
            (
                "f(y, z) if { some a in y.m; a == z }",
                r#"[{"All":[{"Defined":"Element"},{"Defined":{"Constant":"k"}},{"Any":[{"At":["Element",["m"]]},[{"Equal":["Member",{"Constant":"k"}]}]]}]}]"#,
            ),
            (
                "f(y, z) := object.get(y.m, \"n\", z)",
                r#"[{"Holds":{"Get":[{"At":["Element",["m"]]},["n"],{"Constant":"k"}]}}]"#,
            ),
        ] {
            let found = conditions(&format!("r if {{ some x in input.a; f(x, \"k\") }}\n{functions}"));
            assert_eq!(found.as_deref(), Some(expected), "{functions}");
        }
    }

    #[test]
    fn functions_of_the_library_are_asked() {
        let library = "package planguard.lib.changes\nis_touched(change) if change";
        let text = "package main\nimport data.planguard.lib.changes\n\
                    r if { some x in input.a; not changes.is_touched(x) }";
        let mut names = RuleNames::of_values();
        for (text, author) in [(library, Author::Planguard), (text, Author::User)] {
            let module = parse(text).unwrap();
            names.add(&module, text);
            names.add_author(&module, author);
        }
        let module = parse(text).unwrap();
        let policy = Policy::new(text, &module, RegoVersion::V1, &names);
        let mut edits = policy.edits();
        add(&policy, &mut edits);
        let new = edits.apply().unwrap().unwrap().0;
        assert!(
            new.contains(
                r#"[{\"Not\":{\"Holds\":{\"Answer\":[\"__pg_changes_is_touched\",[\"Element\"]]}}}]"#
            ),
            "{new}"
        );
    }

    #[test]
    fn other_forms_are_unchanged() {
        for body in [
            "some x in input.a; f(x); x.b",
            "some x in input.a; x.b with input as {}",
            "some x in input.a; x.b > 1",
            "some x in input.a; x.b == 1",
            "some i, x in input.a; x.b",
            "some x in input.a; some i, y in x.b; y.c",
            "some x in input.a; x.type == \"x\"; x.b",
            "some x in input.a; input.b == x.c",
        ] {
            assert_eq!(conditions(&format!("r if {{ {body} }}")), None, "{body}");
        }
    }

    fn answer(text: &str, input: &str) -> Option<(Value, Vec<String>)> {
        let mut engine = dialect::new_engine();
        engine.add_policy("p.rego".to_owned(), text.to_owned()).unwrap();
        engine.set_input(Value::from_json_str(input).unwrap());
        let value = engine.eval_rule("data.main.found".to_owned()).ok();
        value.map(|value| (value, engine.take_prints().unwrap()))
    }

    fn value() -> impl Strategy<Value = String> {
        let leaf =
            prop::sample::select(vec!["1", "\"b\"", "\"c\"", "null", "true", "false", "[]", "{}", "[\"b\"]"]);
        leaf.prop_map(str::to_owned).prop_recursive(3, 12, 3, |inner| {
            let key = prop::sample::select(vec!["a", "b", "c"]);
            prop::collection::vec((key, inner), 0..3).prop_map(|fields| {
                let fields: Vec<String> =
                    fields.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
                format!("{{{}}}", fields.join(", "))
            })
        })
    }

    fn condition() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "x.a",
            "not x.a",
            "x.a.b == \"b\"",
            "x.a != null",
            "not x.a == x.b",
            "x.a in [\"b\", null]",
            "not x.a in {\"b\"}",
            "object.get(x, \"a\", {}) == {}",
            "object.get(object.get(x, \"a\", {}), \"b\", false)",
            "y := x.a; y.b",
            "f(x)",
            "not f(x.a)",
            "g(x).c == \"b\"",
            "not g(x)",
            "h(x)",
            "not h(x.a)",
            "some m in x.a; m == \"b\"",
            "some n in x.b; not n.c; print(n)",
            "k := x.a[_]; not k.b",
            "object.get(x, [\"a\", \"b\"], \"c\") != \"c\"",
            "x == x.a",
            "x.a.b.c == [\"b\"]",
            "print(x.a)",
            "z := object.get(x, \"b\", x); not z.c",
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: ProptestConfig::default().cases.div_ceil(2), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn results_do_not_change(
            elements in prop::collection::vec(value(), 0..12),
            conditions in prop::collection::vec(condition(), 1..4),
            scan in prop::sample::select(vec!["some x in input.all", "x := input.all[_]"]),
        ) {
            let mut seen = Vec::new();
            let conditions: Vec<&str> = conditions
                .into_iter()
                .filter(|condition| {
                    let name = condition.split(" :=").next().unwrap_or("");
                    let is_new = name.len() > 1 || !seen.contains(&name);
                    seen.push(name);
                    is_new
                })
                .collect();
            let text = format!(
                "package main\nf(v) if {{ v.a; w := v.b; w != \"c\" }}\ng(v) := v.a.b\n\
                 h(v) if {{ some w in v.b; w in [\"b\", null] }}\nfound := [x | {scan}; {}]",
                conditions.join("; ")
            );
            let Some(new) = rewritten(&text) else { return Ok(()) };
            let input = format!("{{\"all\": [{}]}}", elements.join(", "));
            prop_assert_eq!(answer(&text, &input), answer(&new, &input), "{} on {}", new, input);
        }
    }
}
