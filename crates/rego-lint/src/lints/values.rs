//! Comparisons that never hold, or hold for less than they seem to.

use std::collections::BTreeSet;
use std::ops::Range;

use planguard_plan::text::suggest;
use planguard_rego::plan_shape::{ACTIONS, BY_TYPE, Node, Side, VERBS};
use planguard_rego_syntax::tree::{self, Expr, ExprKind, Operator};

use super::infer::{Env, Guards, outside_bodies};
use super::model::{self, operator, other_scalar, string};
use super::shape::{Place, Shape, Types};
use super::{Linter, attributes};
use crate::Lint;

/// Words that people use for actions.
const SYNONYMS: [(&str, &str); 12] = [
    ("destroy", "delete"),
    ("destroyed", "delete"),
    ("deleted", "delete"),
    ("remove", "delete"),
    ("created", "create"),
    ("add", "create"),
    ("updated", "update"),
    ("change", "update"),
    ("modify", "update"),
    ("noop", "no-op"),
    ("no_op", "no-op"),
    ("none", "no-op"),
];

/// How many letters may be wrong in the name of a type.
const SLIP: usize = 2;

struct Slip {
    lint: Lint,
    span: Range<usize>,
    message: String,
    help: String,
}

pub(super) fn lint(linter: &mut Linter<'_, '_>) {
    let sees_replacements: BTreeSet<usize> = (0..linter.project.files.len())
        .filter(|file| knows_replacements(linter.project.files[*file].text))
        .collect();
    for id in linter.policy_rules() {
        let env = linter.inference.env(id);
        let rule = linter.project.rule(id);
        let text = env.text();
        let mut about_data = false;
        let mut negated = Vec::new();
        model::each_expr_of_rule(rule, &mut |expr| {
            about_data |= string(text, expr).as_deref() == Some("data")
        });
        for branch in &rule.branches {
            if let Some(body) = &branch.body {
                model::each_literal(body, &mut |literal| {
                    if let tree::LiteralKind::Negation(expr) = &literal.kind {
                        negated.push(expr.span.clone());
                    }
                });
            }
        }
        let mut slips = Vec::new();
        env.each_body(rule, &mut |exprs, guards| {
            for (anchor, left, right) in &guards.contradictions {
                let _ = anchor;
                contradiction(exprs, text, left, right, &mut slips);
            }
            for expr in exprs {
                outside_bodies(expr, &mut |inner| {
                    let before = slips.len();
                    compare(&env, inner, guards, about_data, &mut slips);
                    let is_negated = negated.iter().any(|span| span.contains(&inner.span.start));
                    let known = sees_replacements.contains(&id.file);
                    let mut index = before;
                    while index < slips.len() {
                        let drop = slips[index].lint == Lint::MissedReplace && (is_negated || known);
                        if drop {
                            slips.remove(index);
                        } else {
                            index += 1;
                        }
                    }
                });
            }
        });
        let platform = linter.project.file(id).convention.platform();
        if platform.lint.resource_type_rule == Some(rule.name(text))
            && let Some(value) = &rule.head.value
            && let Some(name) = string(text, value)
        {
            resource_type(&env, &name, Some(value.span.clone()), about_data, &mut slips);
        }
        for slip in slips {
            linter.report(slip.lint, id.file, slip.span, slip.message, slip.help);
        }
    }
}

/// Whether a file deals with replacements somewhere: with both verbs in one list, or with deletion by membership.
fn knows_replacements(text: &str) -> bool {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    [
        "[\"delete\",\"create\"]",
        "[\"create\",\"delete\"]",
        "\"delete\"in",
        "[_]==\"delete\"",
        "[_]=\"delete\"",
    ]
    .iter()
    .any(|mark| text.contains(mark))
}

fn contradiction(exprs: &[&Expr], text: &str, left: &str, right: &str, slips: &mut Vec<Slip>) {
    for expr in exprs {
        let mut place = None;
        outside_bodies(expr, &mut |inner| {
            if string(text, inner).as_deref() == Some(right) {
                place = Some(inner.span.clone());
            }
        });
        if let Some(span) = place {
            slips.push(Slip {
                lint: Lint::NeverTrue,
                span,
                message: format!("the type cannot be `{right}` and `{left}` at once"),
                help: "write two rules, or `in {…}` with both types".to_owned(),
            });
        }
    }
}

fn compare(env: &Env<'_, '_>, expr: &Expr, guards: &Guards, about_data: bool, slips: &mut Vec<Slip>) {
    let ExprKind::Operation { operator: kind, operands } = &expr.kind else {
        lookup(env, expr, guards, about_data, slips);
        return;
    };
    let [left, right] = operands.as_slice() else { return };
    let written = operator(env.text(), left, right);
    match kind {
        Operator::Equal | Operator::Unify => {}
        Operator::Other if written == "!=" => {}
        Operator::Other if matches!(written, "<" | "<=" | ">" | ">=") => {
            order(env, [left, right], guards, about_data, slips);
            return;
        }
        Operator::In => {
            if let Shape::Place(place) = env.shape(right, guards)
                && std::ptr::eq(place.node, &ACTIONS)
            {
                verb(env, left, slips);
            }
            if let Shape::Place(place) = env.shape(left, guards) {
                members(env, &place, right, guards, about_data, slips);
            }
            return;
        }
        Operator::Assign | Operator::Other => return,
    }
    for (one, other) in [(left, right), (right, left)] {
        if written == "!=" {
            not_any(env, expr, one, other, guards, slips);
        }
        let Shape::Place(place) = env.shape(one, guards) else { continue };
        if written == "!=" && is_wild(one, env.text()) && is_verb(&place) {
            slips.push(Slip {
                lint: Lint::NotEqualsAny,
                span: expr.span.clone(),
                message: format!("one action other than `{}` is enough", other.text(env.text())),
                help: format!(
                    "write `not {} in {}`",
                    other.text(env.text()),
                    without_wild(one.text(env.text()))
                ),
            });
        }
        if is_type(&place) && matches!(other.kind, ExprKind::Name) {
            for name in env.shape(other, guards).texts().into_iter().flatten() {
                resource_type(env, name, None, about_data, slips);
            }
        }
        value(env, &place, one, other, written, guards, about_data, slips);
    }
}

fn is_verb(place: &Place) -> bool {
    place.attributes.is_empty() && matches!(place.node, Node::Word(words) if *words == VERBS)
}

fn is_wild(expr: &Expr, text: &str) -> bool {
    expr.text(text).ends_with("[_]")
}

fn without_wild(text: &str) -> &str {
    text.strip_suffix("[_]").unwrap_or(text)
}

/// `types[rc.type]` and `object.get(weights, rc.type, 1)`, where the types are written out.
fn lookup(env: &Env<'_, '_>, expr: &Expr, guards: &Guards, about_data: bool, slips: &mut Vec<Slip>) {
    let (index, looked_in) = match &expr.kind {
        ExprKind::Reference { steps, .. } => {
            key_of_index(env, expr, steps, guards, slips);
            let Some(tree::Step::Index(index)) = steps.last() else { return };
            (index, env.follow_steps(expr, steps.len() - 1, guards).0)
        }
        ExprKind::Call { function, arguments } if function.text(env.text()) == "object.get" => {
            let [object, key, _] = arguments.as_slice() else { return };
            (key, env.shape(object, guards))
        }
        _ => return,
    };
    if env.shape(index, guards).place().is_some_and(is_type) {
        for name in looked_in.keys().iter().chain(looked_in.texts()).flatten() {
            resource_type(env, name, None, about_data, slips);
        }
    }
}

/// `input.planguard.by_type.aws_s3_bukket`.
fn key_of_index(
    env: &Env<'_, '_>,
    expr: &Expr,
    steps: &[tree::Step],
    guards: &Guards,
    slips: &mut Vec<Slip>,
) {
    for (position, step) in steps.iter().enumerate() {
        let Some(key) = model::key(env.text(), step) else { continue };
        let before = env.follow_steps(expr, position, guards).0;
        if before.place().is_some_and(|place| std::ptr::eq(place.node, &raw const BY_TYPE)) {
            resource_type(env, &key, Some(model::step_span(step)), false, slips);
        }
    }
}

fn is_type(place: &Place) -> bool {
    place.attributes.is_empty() && place.anchor.is_some() && place.text.ends_with(".type")
}

fn members(
    env: &Env<'_, '_>,
    place: &Place,
    collection: &Expr,
    guards: &Guards,
    about_data: bool,
    slips: &mut Vec<Slip>,
) {
    match &collection.kind {
        ExprKind::Items(items) => {
            for item in items {
                value(env, place, collection, item, "==", guards, about_data, slips);
            }
        }
        _ if is_type(place) => {
            let shape = env.shape(collection, guards);
            for name in shape.texts().into_iter().flatten() {
                resource_type(env, name, None, about_data, slips);
            }
        }
        _ => {}
    }
}

#[expect(clippy::too_many_arguments, reason = "the two sides of one comparison, and where it stands")]
fn value(
    env: &Env<'_, '_>,
    place: &Place,
    one: &Expr,
    other: &Expr,
    written: &str,
    guards: &Guards,
    about_data: bool,
    slips: &mut Vec<Slip>,
) {
    let text = env.text();
    let literal = string(text, other);
    let mut say = |lint, message: String, help: String| {
        slips.push(Slip { lint, span: other.span.clone(), message, help });
    };
    if std::ptr::eq(place.node, &ACTIONS) {
        if let Some(literal) = &literal {
            let help = format!("write `{literal:?} in {}`", one.text(text));
            say(Lint::ImpossibleValue, format!("`{}` is a list and never a text", one.text(text)), help);
        } else if let ExprKind::Items(items) = &other.kind {
            let verbs: Vec<Option<String>> = items.iter().map(|item| string(text, item)).collect();
            for item in items {
                verb(env, item, slips);
            }
            if verbs == [Some("delete".to_owned())] && written == "==" {
                slips.push(Slip {
                    lint: Lint::MissedReplace,
                    span: other.span.clone(),
                    message: "a replacement destroys too, and is another list".to_owned(),
                    help: format!("write `\"delete\" in {}`", one.text(text)),
                });
            }
        }
        return;
    }
    match place.node {
        Node::Word(words) if place.attributes.is_empty() => {
            if is_verb(place) {
                let first = one.text(text).ends_with("[0]");
                if first && written == "==" && matches!(literal.as_deref(), Some("delete" | "create")) {
                    let help =
                        format!("write `{} in {}`", other.text(text), one.text(text).trim_end_matches("[0]"));
                    say(
                        Lint::MissedReplace,
                        "a replacement may have the action as its second".to_owned(),
                        help,
                    );
                }
                verb(env, other, slips);
            } else if let Some(literal) = literal
                && !words.contains(&literal.as_str())
            {
                let near = suggest::nearest(&literal, words.iter().copied());
                let help = match (near, literal.as_str()) {
                    (_, "resource") => "resources that Terraform manages have the mode `managed`".to_owned(),
                    (Some(near), _) => format!("did you mean `{near}`?"),
                    (None, _) => format!("it is one of {}", words.join(", ")),
                };
                say(Lint::ImpossibleValue, format!("`{}` is never `{literal}`", place.text), help);
            }
        }
        Node::Text if place.text.ends_with("].provider_name") && place.attributes.is_empty() => {
            // Terraform has written the whole address since 0.13.
            if let Some(literal) = literal
                && !literal.contains('/')
                && !literal.is_empty()
            {
                let help =
                    format!("providers have whole addresses: `endswith({}, \"/{literal}\")`", one.text(text));
                say(Lint::ImpossibleValue, format!("no provider's address is `{literal}`"), help);
            }
        }
        Node::Text if is_type(place) => {
            if let Some(literal) = literal {
                resource_type(env, &literal, Some(other.span.clone()), about_data, slips);
            }
        }
        _ => {
            let (Some(own), Some(given)) =
                (kind_of_place(place, guards, about_data), kind_of_literal(text, other))
            else {
                return;
            };
            if own != given {
                let help = match (own, literal.as_deref()) {
                    ("a boolean" | "a number", Some(literal)) => format!("write `{literal}` without quotes"),
                    ("a text", _) => format!("write `\"{}\"`", other.text(text)),
                    ("a list", _) => format!("write `{} in {}`", other.text(text), one.text(text)),
                    _ => part_of(place, one.text(text)),
                };
                let message = format!("`{}` is {own} and never equal to {given}", one.text(text));
                say(Lint::MixedUpType, message, help);
            }
        }
    }
}

/// What holds the value of something that is described by an object.
fn part_of(place: &Place, written: &str) -> String {
    if matches!(place.node, Node::Expression) {
        format!("compare `{written}.constant_value`")
    } else if place.node.keys().any(|key| key == "value") {
        format!("compare `{written}.value`")
    } else {
        "compare with a value of its type".to_owned()
    }
}

/// What stands at a place for certain.
fn kind_of_place(place: &Place, guards: &Guards, about_data: bool) -> Option<&'static str> {
    match place.node {
        Node::Values(Side::After | Side::Before | Side::State)
            if !place.attributes.is_empty() && !about_data =>
        {
            let Types::OneOf(types) = guards.of(place) else { return None };
            attributes::kind(&types, place)
        }
        _ if !place.attributes.is_empty() => None,
        Node::Flag => Some("a boolean"),
        Node::Number => Some("a number"),
        Node::Text => Some("a text"),
        Node::Object(_) | Node::Map(_) | Node::MapOf(..) => Some("an object"),
        Node::Expression => Some("a description of what is written"),
        Node::List(_) | Node::Word(_) | Node::Any | Node::Values(_) => None,
    }
}

/// What is written out; whatever may be absent may be null.
fn kind_of_literal(text: &str, expr: &Expr) -> Option<&'static str> {
    match (string(text, expr), other_scalar(text, expr)) {
        (Some(_), _) => Some("a text"),
        (None, Some("true" | "false")) => Some("a boolean"),
        (None, Some("null") | None) => None,
        (None, Some(_)) => Some("a number"),
    }
}

/// `after.engine_version < 14`: OPA orders values of different types by their types.
fn order(env: &Env<'_, '_>, sides: [&Expr; 2], guards: &Guards, about_data: bool, slips: &mut Vec<Slip>) {
    let text = env.text();
    let [left, right] = sides;
    for (one, other) in [(left, right), (right, left)] {
        let Shape::Place(place) = env.shape(one, guards) else { continue };
        let own = kind_of_place(&place, guards, about_data);
        if let (Some(own), Some(given)) = (own, kind_of_literal(text, other))
            && own != given
        {
            let help = match own {
                "a text" => "take the number out of it: `to_number(split(…, \".\")[0])`".to_owned(),
                _ => "compare with a value of its type".to_owned(),
            };
            slips.push(Slip {
                lint: Lint::MixedUpType,
                span: other.span.clone(),
                message: format!("`{}` is {own}: with {given} the answer is always the same", one.text(text)),
                help,
            });
        }
    }
}

/// `x != allowed[_]`, where more than one text is allowed.
fn not_any(env: &Env<'_, '_>, expr: &Expr, one: &Expr, other: &Expr, guards: &Guards, slips: &mut Vec<Slip>) {
    let text = env.text();
    let ExprKind::Reference { steps, .. } = &one.kind else { return };
    // Below a chosen key there may be fewer texts than are known of all keys.
    if steps.len() != 1 || !is_wild(one, text) {
        return;
    }
    let (list, _) = env.follow_steps(one, 0, guards);
    let Shape::Each { element, .. } = list else { return };
    let Shape::Texts(texts) = *element else { return };
    if texts.len() > 1 {
        slips.push(Slip {
            lint: Lint::NotEqualsAny,
            span: expr.span.clone(),
            message: format!("whatever `{}` is, one of {} differs from it", other.text(text), texts.len()),
            help: format!("write `not {} in {}`", other.text(text), without_wild(one.text(text))),
        });
    }
}

/// A text that stands for an action.
fn verb(env: &Env<'_, '_>, expr: &Expr, slips: &mut Vec<Slip>) {
    let Some(literal) = string(env.text(), expr) else { return };
    if VERBS.contains(&literal.as_str()) {
        return;
    }
    let synonym = SYNONYMS.iter().find(|(word, _)| *word == literal).map(|(_, verb)| *verb);
    let help = match synonym.or_else(|| suggest::nearest(&literal, VERBS)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if literal == "replace" => "a replacement has both `delete` and `create`".to_owned(),
        None => format!("an action is one of {}", VERBS.join(", ")),
    };
    let message = format!("no action is called `{literal}`");
    slips.push(Slip { lint: Lint::ImpossibleValue, span: expr.span.clone(), message, help });
}

fn resource_type(
    env: &Env<'_, '_>,
    name: &str,
    written: Option<Range<usize>>,
    about_data: bool,
    slips: &mut Vec<Slip>,
) {
    let Some(provider) = planguard_schemas::provider(name) else { return };
    let is_data_source = planguard_schemas::data(name).is_some();
    if planguard_schemas::resource(name).is_some() || about_data && is_data_source {
        return;
    }
    let span = match written {
        Some(span) => span,
        None => match place_of(env, name) {
            Some(span) => span,
            None => return,
        },
    };
    let types: Vec<String> = if about_data {
        planguard_schemas::data_sources_beside(name).collect()
    } else {
        planguard_schemas::resource_types_beside(name).collect()
    };
    let near = suggest::nearest(name, types.iter().map(String::as_str))
        .filter(|near| suggest::distance(name, near) <= SLIP);
    let what = if about_data { "resource type or data source" } else { "resource type" };
    slips.push(match near {
        _ if is_data_source => Slip {
            lint: Lint::UnlistedType,
            span,
            message: format!("`{name}` is a data source and no resource type"),
            help: "compare `mode` with \"data\" as well".to_owned(),
        },
        Some(near) => Slip {
            lint: Lint::UnknownResourceType,
            span,
            message: format!("no {what} is called `{name}`"),
            help: format!("did you mean `{near}`?"),
        },
        None => Slip {
            lint: Lint::UnlistedType,
            span,
            message: format!("version {} of the provider has no {what} `{name}`", provider.version),
            help: "correct the name".to_owned(),
        },
    });
}

/// Where the rule's file writes a text out.
fn place_of(env: &Env<'_, '_>, name: &str) -> Option<Range<usize>> {
    let file = &env.project().files[env.id.file];
    let mut place = None;
    for rule in &file.module.rules {
        model::each_expr_of_rule(rule, &mut |expr| {
            if place.is_none() && string(file.text, expr).as_deref() == Some(name) {
                place = Some(expr.span.clone());
            }
        });
    }
    place
}
