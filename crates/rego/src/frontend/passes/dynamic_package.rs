//! Limits a reference into all packages below a path to the rule that it names.
//!
//! In `data.checks[name].deny`, the engine evaluates every rule of every package below `data.checks`. If one of them is a
//! test that uses the rule with the reference, that is a recursion, which OPA does not have: it evaluates only the
//! rules named `deny`.
//!
//! ```text
//! run(name) := data.checks[name].deny
//! run(name) := __pg1[name] __pg1["a"] := data.checks.a.deny if true
//! ```

use std::collections::BTreeMap;

use planguard_rego_syntax::resolve::Meaning;
use planguard_rego_syntax::tree::{Expr, ExprKind, Span, Step};
use planguard_rego_syntax::walk::each_expr;

use super::super::super::options::RegoVersion;
use super::super::edit::Edits;
use super::super::policy::{Policy, path_text};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let Some(end) = policy.module.rules.last().and_then(|rule| rule.branches.last()) else { return edits };
    // The head of a rule with several bodies is visited for each of them.
    let mut found: BTreeMap<usize, Dynamic<'_>> = BTreeMap::new();
    each_expr(policy.module, &mut |expr| {
        if let Some(dynamic) = dynamic(policy, expr) {
            found.insert(expr.span.start, dynamic);
        }
    });
    let mut helpers: BTreeMap<(Vec<String>, &str), String> = BTreeMap::new();
    for Dynamic { path, before, rule } in found.into_values() {
        let name = policy.text.get(rule.clone()).unwrap_or("");
        let packages = policy.tested_packages(&path, name);
        if packages.is_empty() {
            continue;
        }
        let helper = helpers.entry((path.clone(), name)).or_insert_with(|| {
            let helper = policy.fresh_name();
            for package in packages {
                let parts = path.iter().map(String::as_str).chain([package, name]);
                let value = path_text(&parts.map(str::to_owned).collect::<Vec<_>>());
                let key = serde_json::Value::from(package);
                let text = match policy.version {
                    RegoVersion::V1 => format!(" {helper}[{key}] := {value} if true"),
                    RegoVersion::V0 => format!(" {helper}[{key}] = {value} {{ true }}"),
                };
                edits.insert(end.span.end, text.as_str());
            }
            helper
        });
        edits.replace(before, helper.as_str());
        edits.replace(rule.start - 1..rule.end, "");
    }
    edits
}

/// A reference such as `data.checks[name].deny`.
struct Dynamic<'p> {
    /// The path before the index.
    path: Vec<String>,
    /// The range of that path.
    before: Span,
    /// The range of the name after the index.
    rule: &'p Span,
}

fn dynamic<'e>(policy: &Policy<'_>, expr: &'e Expr) -> Option<Dynamic<'e>> {
    let ExprKind::Reference { base, steps } = &expr.kind else { return None };
    let Meaning::Data = policy.meaning(policy.scopes(), base) else { return None };
    let fixed = steps.iter().map_while(|step| step.key(policy.text));
    let path: Vec<String> = ["data"].into_iter().chain(fixed).map(str::to_owned).collect();
    let (Step::Index(index), Step::Field(rule)) = (steps.get(path.len() - 1)?, steps.get(path.len())?) else {
        return None;
    };
    let bracket = policy.text.get(..index.span.start)?.rfind('[')?;
    (path.len() > 1).then_some(Dynamic { path, before: expr.span.start..bracket, rule })
}

#[cfg(test)]
mod tests {
    use planguard_rego_syntax::parse::parse;

    use super::super::super::super::options::RegoVersion;
    use super::super::super::policy::{Policy, RuleNames};
    use super::edits;

    fn rewritten(text: &str, version: RegoVersion, others: &[&str]) -> String {
        let module = parse(text).unwrap();
        let mut names = RuleNames::default();
        names.add(&module, text);
        for other in others {
            names.add(&parse(other).unwrap(), other);
        }
        let policy = Policy::new(text, &module, version, &names);
        edits(&policy).apply().unwrap().map_or(text.to_owned(), |(text, _)| text)
    }

    #[test]
    fn only_the_named_rules_are_evaluated() {
        let others = [
            "package t.a\ndeny contains 1\ntest_x if true",
            "package t[\"b-c\"]\ndeny contains 2",
            "package t.d\nallow := 1",
        ];
        assert_eq!(
            rewritten("package u\nrun(n) := data.t[n].deny[_]\n", RegoVersion::V1, &others),
            "package u\nrun(n) := __pg1[n][_] __pg1[\"a\"] := data.t.a.deny if true \
             __pg1[\"b-c\"] := data.t[\"b-c\"].deny if true\n"
        );
        assert_eq!(
            rewritten("package u\nr { data.t[n].deny } { data.t[n].deny }\n", RegoVersion::V0, &others[..1]),
            "package u\nr { __pg1[n] } { __pg1[n] } __pg1[\"a\"] = data.t.a.deny { true }\n"
        );
    }

    #[test]
    fn other_references_are_unchanged() {
        let others = ["package t.a\ndeny contains 1\ntest_x if true", "package v.a\ndeny contains 1"];
        for rule in [
            "r := data.t.a.deny",
            "r := data.t[n]",
            "r := data.t[n].other",
            "r := data[n].deny",
            "r := data.v[n].deny",
            "r := input.t[n].deny",
        ] {
            let text = format!("package u\nn := 1\n{rule}\n");
            assert_eq!(rewritten(&text, RegoVersion::V1, &others), text);
        }
        let with_rule = ["package t\nx := 1", others[0]];
        let text = "package u\nr := data.t[n].deny\n";
        assert_eq!(rewritten(text, RegoVersion::V1, &with_rule), text);
    }
}
