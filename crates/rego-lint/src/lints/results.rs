//! Lints of what deciding rules return: messages, or values that are ignored.

use planguard_plan::text::suggest;
use planguard_rego::convention::{DecidingRules, Results};
use planguard_rego_syntax::tree::{self, Body, Expr, ExprKind, LiteralKind, Operator, Rule, Scalar};
use planguard_rego_syntax::walk;
use planguard_rule::Severity;

use super::infer::member_of;
use super::model;
use super::shape::{Shape, Step};
use super::{Linter, RuleId};
use crate::Lint;

pub(super) fn lint(linter: &mut Linter<'_, '_>) {
    for id in linter.policy_rules() {
        let rule = linter.project.rule(id);
        let rules = linter.project.file(id).convention.platform().rules;
        let is_judgement = matches!(rules, DecidingRules::Judgements(_));
        if linter.project.decides(id) && !is_judgement && rule.head.arguments.is_none() {
            decision(linter, id, rule);
        }
    }
}

fn decision(linter: &mut Linter<'_, '_>, id: RuleId, rule: &Rule) {
    let text = linter.project.file(id).text;
    let name = rule.name(text).to_owned();
    let span = rule.head.span.clone();
    if let Some(member) = member_of(rule) {
        member_of_set(linter, id, rule, member);
        return;
    }
    if let ExprKind::Reference { steps, .. } = &rule.head.name.kind {
        if steps.iter().any(|step| step.key(text).is_none()) && rule.head.value.is_none() {
            let index = steps.iter().find_map(|step| match step {
                tree::Step::Index(index) => Some(index.text(text)),
                tree::Step::Field(_) => None,
            });
            linter.report(
                Lint::MissingContains,
                id.file,
                span,
                format!("`{name}` builds an object, not a set of messages"),
                format!("write `{name} contains {} if {{ … }}`", index.unwrap_or("msg")),
            );
        }
        return;
    }
    if rule.is_default {
        return;
    }
    let value = rule.head.value.as_ref();
    let says_nothing = value.is_none_or(|value| matches!(value.scalar(), Some(Scalar::Bool(_))));
    if !says_nothing {
        let value = value.map(|value| (value, value.text(text)));
        if let Some((value, written)) = value
            && (value.string().is_some() || model::is_other_scalar(value) || is_message(rule, value, text))
        {
            linter.report(
                Lint::UnusableResult,
                id.file,
                span,
                format!("`{name}` is the value `{written}`, not a set that contains it"),
                format!("write `{name} contains {written} if {{ … }}`"),
            );
        }
        return;
    }
    let bodies = || rule.branches.iter().filter_map(|branch| branch.body.as_ref());
    if let Some(message) = bodies().find_map(|body| forgotten_message(body, text)) {
        linter.report(
            Lint::MissingContains,
            id.file,
            span,
            format!("`{name}` is `true`, and `{message}` is unused"),
            format!("write `{name} contains {message} if {{ … }}`"),
        );
        return;
    }
    if bodies().next().is_some() || value.is_some() {
        linter.report(
            Lint::BooleanDecision,
            id.file,
            span,
            format!("`{name}` is a boolean, not a set of messages"),
            format!("write `{name} contains msg if {{ … }}`, with a message that names the resource"),
        );
    }
}

/// Returns whether a value is certainly a string, for instance the variable of a `sprintf`.
fn is_message(rule: &Rule, value: &Expr, text: &str) -> bool {
    let is_sprintf = |expr: &Expr| matches!(&expr.kind, ExprKind::Call { function, .. } if matches!(function.text(text), "sprintf" | "concat"));
    if is_sprintf(value) {
        return true;
    }
    let ExprKind::Name = value.kind else { return false };
    let name = value.text(text);
    let bodies = rule.branches.iter().filter_map(|branch| branch.body.as_ref());
    bodies
        .filter_map(|body| assigned(body, name, text))
        .any(|value| is_sprintf(value) || value.string().is_some())
}

/// Returns the expression that a body assigns to a variable.
fn assigned<'b>(body: &'b Body, name: &str, text: &str) -> Option<&'b Expr> {
    body.literals.iter().find_map(|literal| {
        let LiteralKind::Expression(expr) = &literal.kind else { return None };
        let ExprKind::Operation { operator: Operator::Assign | Operator::Unify, operands } = &expr.kind
        else {
            return None;
        };
        match operands.as_slice() {
            [left, right] if left.text(text) == name => Some(right),
            _ => None,
        }
    })
}

/// Returns the name of a message that a body builds and never uses.
fn forgotten_message<'t>(body: &Body, text: &'t str) -> Option<&'t str> {
    body.literals.iter().find_map(|literal| {
        let LiteralKind::Expression(expr) = &literal.kind else { return None };
        let ExprKind::Operation { operator: Operator::Assign | Operator::Unify, operands } = &expr.kind
        else {
            return None;
        };
        let [left, right] = operands.as_slice() else { return None };
        let ExprKind::Name = left.kind else { return None };
        let name = left.text(text);
        let is_text = right.string().is_some()
            || matches!(&right.kind, ExprKind::Call { function, .. } if function.text(text) == "sprintf")
            || matches!(&right.kind, ExprKind::Object(_));
        let mut uses = 0;
        walk::each_expr(body, &mut |expr| {
            uses += usize::from(matches!(expr.kind, ExprKind::Name) && expr.text(text) == name);
        });
        (is_text && uses == 1).then_some(name)
    })
}

/// Reports a severity that is written out and is none.
fn severity(linter: &mut Linter<'_, '_>, id: RuleId, fields: &[(Expr, Expr)], bodies: &[&Body]) {
    let text = linter.project.file(id).text;
    let written = fields.iter().filter(|(key, _)| key.string() == Some("severity")).map(|(_, value)| value);
    for value in written {
        let value = match value.kind {
            ExprKind::Name => {
                bodies.iter().find_map(|body| assigned(body, value.text(text), text)).unwrap_or(value)
            }
            _ => value,
        };
        if let Some(word) = value.string()
            && let Err(error) = word.parse::<Severity>()
        {
            let words = Severity::ALL.map(Severity::as_str);
            let near = suggest::nearest(&word.to_lowercase(), words).unwrap_or("medium");
            let help = format!("write `\"{near}\"`");
            linter.report(Lint::UnknownSeverity, id.file, value.span.clone(), error.to_string(), help);
        }
    }
}

/// The keys of a result object that planguard reads.
const KEYS: [&str; 10] = [
    "msg",
    "address",
    "resource_address",
    "resource",
    "severity",
    "title",
    "remediation",
    "docs",
    "url",
    "undetermined",
];

/// Keys that authors add for themselves and that are near one of [`KEYS`].
const OF_AUTHORS: [&str; 3] = ["resources", "urls", "message"];

/// Reports keys that are nearly one that is read, unless the right one stands beside it.
fn misspelt_keys(linter: &mut Linter<'_, '_>, id: RuleId, fields: &[(Expr, Expr)]) {
    let has = |wanted: &str| fields.iter().any(|(key, _)| key.string() == Some(wanted));
    for (key, _) in fields {
        let Some(written) = key.string() else { continue };
        if KEYS.contains(&written) || OF_AUTHORS.contains(&written) {
            continue;
        }
        if let Some(near) = suggest::nearest(written, KEYS)
            && !has(near)
        {
            let message = format!("a result has no key `{written}` that planguard reads");
            let help = format!("write `\"{near}\"`");
            linter.report(Lint::MisspeltResultKey, id.file, key.span.clone(), message, help);
        }
    }
}

/// Returns whether elements may all be texts, which are reported as one message.
fn can_be_texts(items: &[Expr]) -> bool {
    let can_be_text = |item: &Expr| match &item.bare().kind {
        ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_) | ExprKind::Comprehension { .. } => false,
        _ => !model::is_other_scalar(item) && item.string().is_none_or(|text| !text.is_empty()),
    };
    !items.is_empty() && items.iter().all(can_be_text)
}

fn member_of_set(linter: &mut Linter<'_, '_>, id: RuleId, rule: &Rule, member: &Expr) {
    let text = linter.project.file(id).text;
    let name = rule.name(text).to_owned();
    let bodies: Vec<&Body> = rule.branches.iter().filter_map(|branch| branch.body.as_ref()).collect();
    let value = match member.kind {
        ExprKind::Name => {
            bodies.iter().find_map(|body| assigned(body, member.text(text), text)).unwrap_or(member)
        }
        _ => member,
    };
    let results = linter.project.file(id).convention.platform().lint.results;
    let by_msg = results == Results::StringsAndMsg;
    let any = results == Results::Any;
    let unusable = match &value.kind {
        ExprKind::Array(items) | ExprKind::Set(items) if !any && !can_be_texts(items) => {
            Some("a collection".to_owned())
        }
        ExprKind::Object(fields) if by_msg => {
            let has_msg = fields.iter().any(|(key, _)| match key.string() {
                Some(key) => key == "msg",
                None => true,
            });
            (!has_msg).then(|| "an object without `msg`".to_owned())
        }
        _ if value.string().is_some_and(|text| text.is_empty()) => Some("an empty string".to_owned()),
        _ => (!any && model::is_other_scalar(value)).then(|| format!("`{}`", value.bare().text(text))),
    };
    if let Some(what) = unusable {
        linter.report(
            Lint::UnusableResult,
            id.file,
            value.span.clone(),
            format!("a result of `{name}` is {what}"),
            "return a non-empty string, or an object with a string `msg`",
        );
        return;
    }
    if let (true, ExprKind::Object(fields)) = (by_msg, &value.kind) {
        severity(linter, id, fields, &bodies);
        misspelt_keys(linter, id, fields);
    }
    if !bodies.iter().any(|body| goes_through_resources(linter, id, body)) {
        return;
    }
    if value.string().is_some() {
        linter.report(
            Lint::ConstantMessage,
            id.file,
            value.span.clone(),
            "the message is the same for every resource",
            "name the resource: `msg := sprintf(\"%s …\", [rc.address])`",
        );
    }
    let has_address = match &value.kind {
        ExprKind::Object(fields) => fields.iter().any(|(key, _)| {
            let key = key.string();
            key.is_none_or(|key| matches!(key, "address" | "resource_address" | "resource"))
        }),
        ExprKind::Call { function, .. } => !matches!(function.text(text), "sprintf" | "concat"),
        _ => value.string().is_none(),
    };
    if by_msg && !has_address {
        linter.report(
            Lint::MissingAddress,
            id.file,
            rule.head.span.clone(),
            format!("the results of `{name}` do not name their resource"),
            "return `{\"msg\": msg, \"address\": rc.address}`",
        );
    }
}

/// Returns whether a body iterates over resource changes.
fn goes_through_resources(linter: &Linter<'_, '_>, id: RuleId, body: &Body) -> bool {
    let env = linter.inference.env(id);
    let is_resource = |shape: &Shape| shape.place().is_some_and(|place| place.node.is_resource());
    body.literals.iter().any(|literal| match &literal.kind {
        LiteralKind::SomeIn { collection, .. } => {
            let shape = env.shape(collection, &Default::default());
            is_resource(&shape.step(&Step::Element(String::new())).0)
        }
        // A message cannot name an element that has no variable.
        LiteralKind::Expression(expr)
            if !matches!(
                &expr.kind,
                ExprKind::Operation { operator: Operator::Assign | Operator::Unify, .. }
            ) =>
        {
            false
        }
        LiteralKind::Expression(_) => {
            let mut found = false;
            for expr in literal.exprs() {
                walk::outside_bodies(expr, &mut |inner| {
                    if let ExprKind::Reference { steps, .. } = &inner.kind {
                        found |= steps.iter().enumerate().any(|(position, step)| {
                            matches!(step, tree::Step::Index(index) if matches!(index.kind, ExprKind::Name))
                                && is_resource(&env.follow_steps(inner, position + 1, &Default::default()).0)
                        });
                    }
                });
            }
            found
        }
        LiteralKind::Negation(_) | LiteralKind::Every { .. } | LiteralKind::Declaration(_) => false,
    })
}
