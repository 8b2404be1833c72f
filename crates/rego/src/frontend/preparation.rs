//! Prepares a policy for tests and coverage: tests with the same name are renamed, cases report their start, bodies
//! report when they are true, and `http.send` can be replaced.
//!
//! ```text
//! test_x if a
//! test_x if b                                   test_x__pg_01 if b
//! test_y[case.note] if { some case in cases; f(case) }
//! test_y[case.note] if { some case in cases; internal.test_case([case.note]); f(case) }
//! deny contains x if { x := y }                 deny contains x if { x := y; internal.reached(3, 88) }
//! ```

use std::collections::{BTreeMap, BTreeSet};

use planguard_rego_syntax::tree::{
    Body, Branch, BranchKind, Expr, ExprKind, LiteralKind, Opening, Rule, Step,
};
use planguard_rego_syntax::walk::{each_body, each_expr, outside_bodies};

use super::edit::{Edits, Written};
use super::network;
use super::outline::{self, RuleForm, is_skipped_test_name};
use super::policy::Policy;

/// The changes to prepare in a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Preparation {
    /// New names of tests, by the start of the old name or of a chained body.
    pub renames: BTreeMap<usize, String>,
    /// The number of the file, if bodies report the start of their branch when they are true.
    pub measured_as: Option<usize>,
}

pub(super) fn edits<'p>(policy: &Policy<'p>, preparation: &Preparation) -> Edits<'p> {
    let mut edits = policy.edits();
    network::edit(policy, &mut edits);
    for rule in &policy.module.rules {
        let test = outline::segments(rule, policy.text)
            .into_iter()
            .enumerate()
            .find(|(_, name)| outline::is_test_name(&name.text));
        for branch in &rule.branches {
            let mut statements = BTreeMap::new();
            if let Some((index, name)) = &test
                && !is_skipped_test_name(&name.text)
                && outline::kind(rule, policy.text) == RuleForm::Object
            {
                statements.extend(case_begins(policy, &edits, rule, branch, *index));
            }
            for (before, statement) in statements {
                let Some(body) = &branch.body else { continue };
                match body.literals.get(before) {
                    Some(literal) => edits.before(body, literal, &[statement]),
                    None => edits.after(body, &[statement]),
                }
            }
            if let Some(file) = preparation.measured_as {
                let reached = |at: usize| Written::from(format!("internal.reached({file}, {at})").as_str());
                let holds = reached(branch.span.start);
                match (&branch.body, &branch.kind) {
                    (Some(body), _) => edits.after(body, &[holds]),
                    (None, BranchKind::Else { .. }) => {
                        edits.add_body(branch.span.end, policy.version, &[holds]);
                    }
                    // A rule without a body evaluates its head.
                    (None, BranchKind::First | BranchKind::Chained) => {}
                }
            }
            // The engine reports nothing from in there.
            if let (Some(file), BranchKind::Else { value: Some(value) }) =
                (preparation.measured_as, &branch.kind)
            {
                each_body(value, &mut |body| {
                    for literal in &body.literals {
                        let reached = format!("internal.reached({file}, {})", literal.span.start);
                        edits.before(body, literal, &[reached.as_str().into()]);
                    }
                });
            }
        }
        if let Some((_, name)) = test {
            rename(policy, &mut edits, rule, &name, preparation);
        }
    }
    edits
}

/// Renames the test and its chained bodies.
fn rename(
    policy: &Policy<'_>,
    edits: &mut Edits<'_>,
    rule: &Rule,
    name: &outline::Segment,
    preparation: &Preparation,
) {
    let is_quoted = policy.text.get(name.span.clone()) != Some(name.text.as_str());
    let written = |new: &str| if is_quoted { format!("\"{new}\"") } else { new.to_owned() };
    if let Some(new) = preparation.renames.get(&name.span.start) {
        edits.replace(name.span.clone(), written(new).as_str());
    }
    for branch in &rule.branches {
        let Some(new) = preparation.renames.get(&branch.span.start) else { continue };
        let (BranchKind::Chained, Some(before), Some(after)) = (
            &branch.kind,
            policy.text.get(rule.head.span.start..name.span.start),
            policy.text.get(name.span.end..rule.head.span.end),
        ) else {
            continue;
        };
        let keyword = match rule.branches.first().map(|branch| branch.opening) {
            Some(Opening::If) => "if ",
            Some(Opening::Nothing) | None => "",
        };
        let head = format!("{before}{}{after} {keyword}", written(new)).replace('\n', " ");
        edits.insert(branch.span.start, head.as_str());
    }
}

/// Returns the literal before which the name of the case is known, and the statement that reports it. It is placed as
/// early as possible, so that a case that fails later is known too.
fn case_begins(
    policy: &Policy<'_>,
    edits: &Edits<'_>,
    rule: &Rule,
    branch: &Branch,
    test: usize,
) -> Option<(usize, Written)> {
    let body = branch.body.as_ref()?;
    // The first step follows the first name.
    let tail = outline::steps(rule).get(test..)?;
    let mut keys = Vec::new();
    let mut variables = BTreeSet::new();
    for step in tail {
        match step {
            Step::Field(span) => keys.push(format!("\"{}\"", policy.text.get(span.clone())?)),
            Step::Index(index) => {
                keys.push(edits.copy(&index.span));
                outside_bodies(index, &mut |expr| variables.extend(variable(policy, expr)));
            }
        }
    }
    let known = variables.into_iter().filter_map(|variable| first_literal(policy, body, variable)).max();
    let statement = format!("internal.test_case([{}])", keys.join(", "));
    Some((known.map_or(0, |index| index + 1), Written::from(statement.as_str())))
}

/// Returns the name of an expression that is a variable of the rule.
fn variable<'p>(policy: &Policy<'p>, expr: &Expr) -> Option<&'p str> {
    let name = policy.text_of(expr);
    let is_variable = matches!(expr.kind, ExprKind::Name) && !policy.is_global(policy.scopes(), expr);
    is_variable.then_some(name)
}

fn first_literal(policy: &Policy<'_>, body: &Body, variable: &str) -> Option<usize> {
    body.literals.iter().position(|literal| {
        let mut found = false;
        if !matches!(literal.kind, LiteralKind::Declaration(_)) {
            each_expr(literal, &mut |part| {
                found |= matches!(part.kind, ExprKind::Name) && policy.text_of(part) == variable;
            });
        }
        found
    })
}

#[cfg(test)]
mod tests {
    use super::super::{LoadedNames, rewrite_for_tests};
    use super::*;
    use crate::options::RegoVersion;
    use crate::source::Source;

    fn prepared(text: &str, preparation: &Preparation) -> String {
        let mut known = LoadedNames::default();
        let source = Source::new("p.rego", text);
        known.add(&source);
        let rewritten = rewrite_for_tests(&source, RegoVersion::V1, &known, preparation).unwrap();
        rewritten.map_or_else(|| text.to_owned(), |rewritten| rewritten.text)
    }

    #[test]
    fn a_case_is_reported_when_its_name_is_known() {
        let of = |rule: &str| prepared(&format!("package a\n{rule}\n"), &Preparation::default());
        let expected = "\tinternal.test_case([c.note]); c.x == 1";
        assert!(of("test_x[c.note] if {\n\tsome c in data.xs\n\tc.x == 1\n}").contains(expected));
        let expected = "if { f(n); internal.test_case([\"a\", n]) }";
        assert!(of("test_x[\"a\"][n] if f(n)").contains(expected), "{}", of("test_x[\"a\"][n] if f(n)"));
        for other in ["todo_test_x[n] if f(n)", "x[n] if f(n)", "test_x if f(n)", "test_x contains n if f(n)"]
        {
            assert!(!of(other).contains("internal"), "{other}");
        }
    }

    #[test]
    fn tests_with_the_same_name_are_renamed() {
        let text = "package a\ntest_x if a\ntest_x if b { c }\n";
        let at = |word: &str| text.rfind(word).unwrap();
        let renames = [(at("test_x"), "test_y".to_owned()), (at("{ c }"), "test_z".to_owned())];
        let preparation = Preparation { renames: renames.into(), ..Preparation::default() };
        assert!(prepared(text, &preparation).contains("test_y if b"), "{}", prepared(text, &preparation));
        assert_eq!(prepared(text, &preparation).lines().count(), 3);
    }

    #[test]
    fn bodies_report_when_they_are_true() {
        let text = "package a\nr if x\ns := 1\nt if { y } else := [z | z]\n";
        let preparation = Preparation { measured_as: Some(4), ..Preparation::default() };
        let expected = "package a\nr if { x; internal.reached(4, 12) }\ns := 1\nt if { y; internal.reached(4, 26) } \
                        else := [z | internal.reached(4, 48); z] if { internal.reached(4, 35) }\n";
        assert_eq!(prepared(text, &preparation), expected);
    }
}
