//! Two guardrails of one type that find the same in the same attribute are one. Compares their predicates after writing
//! them in one form.

use std::collections::BTreeMap;

use planguard_guardrail_format::{AttributeTest, Guardrail, Predicate, Test};

use crate::builtins;

/// Pairs that look alike, and why they are two rules.
const DIFFERENT: &[(&str, &str, &str)] = &[];

/// What is wrong, in one form: without double negation, in order, and without what only matters where a value is unknown.
fn normal(predicate: &Predicate, negated: bool) -> String {
    let several = |word: &str, all: &[Predicate]| {
        let mut parts: Vec<String> = all.iter().map(|one| normal(one, negated)).collect();
        parts.sort();
        parts.dedup();
        if parts.len() == 1 { parts.remove(0) } else { format!("{word}({})", parts.join(", ")) }
    };
    let sign = if negated { "not " } else { "" };
    match predicate {
        Predicate::Not(inner) => normal(inner, !negated),
        Predicate::All(all) => several(if negated { "any" } else { "all" }, all),
        Predicate::Any(any) => several(if negated { "all" } else { "any" }, any),
        Predicate::Attribute(attribute) => {
            let mut paths: Vec<String> = attribute.paths.iter().map(ToString::to_string).collect();
            paths.sort();
            let (sign, test) = match (&attribute.test, negated) {
                (AttributeTest::Absent, true) => ("", "Present".to_owned()),
                (AttributeTest::Present, true) => ("", "Absent".to_owned()),
                (AttributeTest::Is(planguard_guardrail_format::Literal::Bool(value)), _) => {
                    ("", format!("Is({})", *value != negated))
                }
                (test, _) => (sign, format!("{test:?}")),
            };
            format!("{sign}{} {test}", paths.join("|"))
        }
        other => format!("{sign}{other:?}"),
    }
}

fn wrong(guardrail: &Guardrail) -> String {
    match &guardrail.test {
        Test::Fail(predicate) => normal(predicate, false),
        Test::Require(predicate) => normal(predicate, true),
    }
}

#[test]
fn two_guardrails_with_one_reason_are_one() {
    let mut by_reason: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for builtin in builtins() {
        let guardrail = builtin.definition();
        let when = guardrail.when.as_ref().map(|when| normal(when, false)).unwrap_or_default();
        let reason = format!("{} when {when}", wrong(&guardrail));
        for resource_type in &guardrail.resources {
            let key = (resource_type.clone(), reason.clone());
            by_reason.entry(key).or_default().push(builtin.id().to_owned());
        }
    }
    let is_known = |ids: &[String]| {
        DIFFERENT
            .iter()
            .any(|(one, other, why)| !why.is_empty() && ids.iter().all(|id| id == one || id == other))
    };
    let twice: Vec<String> = by_reason
        .iter()
        .filter(|(_, ids)| ids.len() > 1 && !is_known(ids))
        .map(|((resource_type, reason), ids)| format!("{resource_type}: {}\n    {reason}", ids.join(", ")))
        .collect();
    assert!(twice.is_empty(), "\n{}", twice.join("\n"));
}

#[test]
fn one_reason_has_one_form() {
    let rule = |test: &str| {
        let text = format!(
            "[[guardrail]]\nid = \"aws-x\"\ntitle = \"t\"\nseverity = \"high\"\ncategory = \"exposure\"\n\
             pack = \"default\"\nresources = [\"aws_x\"]\nmessage = \"{{address}} is wrong\"\nwhy = \"w\"\n\
             remediation = \"r\"\n{test}\n"
        );
        wrong(&planguard_guardrail_format::read_definitions("x.toml", &text).unwrap()[0].guardrail)
    };
    let a = "{ attribute = \"a\", is = true }";
    let b = "{ attribute = \"b\", present = true }";
    for (one, other) in [
        (format!("require = {a}"), "fail = { attribute = \"a\", is = false }".to_owned()),
        (format!("fail = {{ all = [{a}, {b}] }}"), format!("fail = {{ all = [{b}, {a}] }}")),
        (format!("require = {{ any = [{a}, {b}] }}"), format!("fail = {{ not = {{ any = [{b}, {a}] }} }}")),
        (format!("fail = {{ any = [{b}] }}"), "require = { attribute = \"b\", absent = true }".to_owned()),
    ] {
        assert_eq!(rule(&one), rule(&other), "{one} {other}");
    }
    assert_ne!(rule(&format!("fail = {a}")), rule(&format!("fail = {b}")));
    assert_ne!(rule(&format!("fail = {a}")), rule(&format!("require = {a}")));
}
