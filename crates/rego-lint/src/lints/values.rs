//! Lints of comparisons that are never true, or less often than intended.

use std::ops::Range;

use std::collections::BTreeSet;

use planguard_plan::text::suggest;
use planguard_rego::plan_shape::{ACTIONS, Node, Side, VERBS};
use planguard_rego_syntax::tree::{self, Expr, ExprKind, Operator, OperatorFamily, Scalar};
use planguard_rego_syntax::walk;

use super::infer::{Env, Guards};
use super::shape::{Place, Shape, Types};
use super::types::{resource_type, strings};
use super::{Hit, Linter, RuleId, attributes};
use crate::Lint;

/// Other words for actions.
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
        walk::each_expr(rule, &mut |expr| about_data |= expr.string() == Some("data"));
        for branch in &rule.branches {
            if let Some(body) = &branch.body {
                walk::each_literal(body, &mut |literal| {
                    if let tree::LiteralKind::Negation(expr) = &literal.kind {
                        negated.push(expr.span.clone());
                    }
                });
            }
        }
        let mut hits = Vec::new();
        env.each_body(&mut |exprs, guards| {
            for (anchor, left, right) in &guards.contradictions {
                let _ = anchor;
                contradiction(&env, exprs, left, right, &mut hits);
            }
            for expr in exprs {
                walk::outside_bodies(expr, &mut |inner| {
                    let before = hits.len();
                    compare(&env, inner, guards, about_data, &mut hits);
                    let is_negated = negated.iter().any(|span| span.contains(&inner.span.start));
                    let known = sees_replacements.contains(&id.file);
                    let mut index = before;
                    while index < hits.len() {
                        let drop = hits[index].lint == Lint::MissedReplace && (is_negated || known);
                        if drop {
                            hits.remove(index);
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
            && let Some(name) = value.string()
        {
            resource_type(&env, name, Some(value.span.clone()), about_data, &mut hits);
        }
        // `is_on(x) if x == true` and `is_on(x) if x == "true"` are alternatives, one of which is never true.
        let is_alternative =
            |hit: &Hit| hit.lint == Lint::MixedUpType && compares_argument(linter, id, &hit.span);
        hits.retain(|hit| !is_alternative(hit));
        for hit in hits {
            linter.report_hit(hit);
        }
    }
}

/// Returns whether a comparison, of which this is one side, is with an argument of a function that is defined several
/// times.
fn compares_argument(linter: &Linter<'_, '_>, id: RuleId, side: &Range<usize>) -> bool {
    let project = linter.project;
    let rule = project.rule(id);
    let Some(arguments) = &rule.head.arguments else { return false };
    let path = project.path_of(id);
    let is_alone = rule.branches.len() == 1 && project.rules.get(&path).is_none_or(|rules| rules.len() == 1);
    let text = project.file(id).text;
    let is_argument = |expr: &Expr| {
        matches!(expr.kind, ExprKind::Name)
            && arguments.iter().any(|argument| argument.text(text) == expr.text(text))
    };
    let mut found = false;
    walk::each_expr(rule, &mut |expr| {
        if let ExprKind::Operation { operands, .. } = &expr.kind {
            found |= operands.iter().any(|operand| operand.span == *side) && operands.iter().any(is_argument);
        }
    });
    found && !is_alone
}

/// Returns whether a file handles replacements: by a list with both actions, or by testing for deletion with `in`.
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

fn contradiction(env: &Env<'_, '_>, exprs: &[&Expr], left: &str, right: &str, hits: &mut Vec<Hit>) {
    for expr in exprs {
        let mut place = None;
        walk::outside_bodies(expr, &mut |inner| {
            if inner.string() == Some(right) {
                place = Some(inner.span.clone());
            }
        });
        if let Some(span) = place {
            hits.push(Hit {
                file: env.id.file,
                lint: Lint::NeverTrue,
                span,
                message: format!("the type cannot be both `{right}` and `{left}`"),
                help: "write two rules, or `in {…}` with both types".to_owned(),
            });
        }
    }
}

fn compare(env: &Env<'_, '_>, expr: &Expr, guards: &Guards, about_data: bool, hits: &mut Vec<Hit>) {
    let ExprKind::Operation { operator: kind, operands } = &expr.kind else {
        lookup(env, expr, guards, about_data, hits);
        return;
    };
    let [left, right] = operands.as_slice() else { return };
    match kind.family() {
        OperatorFamily::Equality | OperatorFamily::Unification | OperatorFamily::Inequality => {}
        OperatorFamily::Order => {
            order(env, [left, right], guards, about_data, hits);
            return;
        }
        OperatorFamily::Membership => {
            if let Shape::Place(place) = env.shape(right, guards)
                && std::ptr::eq(place.node, &ACTIONS)
            {
                verb(env, left, hits);
            }
            if let Shape::Place(place) = env.shape(left, guards) {
                members(env, &place, right, guards, about_data, hits);
            }
            return;
        }
        OperatorFamily::Assignment | OperatorFamily::Computation => return,
    }
    for (one, other) in [(left, right), (right, left)] {
        if *kind == Operator::NotEqual {
            not_any(env, expr, one, other, guards, hits);
        }
        let Shape::Place(place) = env.shape(one, guards) else { continue };
        if *kind == Operator::NotEqual && is_wild(one, env.text()) && is_verb(&place) {
            hits.push(Hit {
                file: env.id.file,
                lint: Lint::NotEqualsAny,
                span: expr.span.clone(),
                message: format!("this is true if any action is not `{}`", other.text(env.text())),
                help: format!(
                    "write `not {} in {}`",
                    other.text(env.text()),
                    without_wild(one.text(env.text()))
                ),
            });
        }
        if place.is_resource_type() && matches!(other.kind, ExprKind::Name | ExprKind::Reference { .. }) {
            for name in env.shape(other, guards).texts().into_iter().flatten() {
                resource_type(env, name, None, about_data, hits);
            }
        }
        value(env, &place, one, other, *kind, guards, about_data, hits);
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

/// Checks `types[rc.type]` and `object.get(weights, rc.type, 1)` with constant types.
fn lookup(env: &Env<'_, '_>, expr: &Expr, guards: &Guards, about_data: bool, hits: &mut Vec<Hit>) {
    let (index, looked_in) = match &expr.kind {
        ExprKind::Reference { steps, .. } => {
            key_of_index(env, expr, steps, guards, hits);
            let Some(tree::Step::Index(index)) = steps.last() else { return };
            (index, env.follow_steps(expr, steps.len() - 1, guards).0)
        }
        ExprKind::Call { function, arguments } if function.text(env.text()) == "object.get" => {
            let [object, key, _] = arguments.as_slice() else { return };
            let looked_in = env.shape(object, guards);
            if looked_in.place().is_some_and(Place::is_by_type) {
                for (name, written) in strings(env, key, guards) {
                    resource_type(env, &name, written, about_data, hits);
                }
            }
            (key, looked_in)
        }
        _ => return,
    };
    if env.shape(index, guards).place().is_some_and(Place::is_resource_type) {
        for name in looked_in.keys().iter().chain(looked_in.texts()).flatten() {
            resource_type(env, name, None, about_data, hits);
        }
    }
}

/// `input.planguard.by_type.aws_s3_bukket`, and the same with a variable in brackets.
fn key_of_index(env: &Env<'_, '_>, expr: &Expr, steps: &[tree::Step], guards: &Guards, hits: &mut Vec<Hit>) {
    for (position, step) in steps.iter().enumerate() {
        let before = env.follow_steps(expr, position, guards).0;
        if !before.place().is_some_and(Place::is_by_type) {
            continue;
        }
        match step {
            tree::Step::Field(span) => {
                resource_type(env, &env.text()[span.clone()], Some(span.clone()), false, hits);
            }
            tree::Step::Index(index) => {
                for (name, written) in strings(env, index, guards) {
                    resource_type(env, &name, written, false, hits);
                }
            }
        }
    }
}

fn is_provider_name(place: &Place) -> bool {
    place.attributes.is_empty() && place.text.ends_with("].provider_name")
}

fn members(
    env: &Env<'_, '_>,
    place: &Place,
    collection: &Expr,
    guards: &Guards,
    about_data: bool,
    hits: &mut Vec<Hit>,
) {
    match &collection.kind {
        ExprKind::Array(items) | ExprKind::Set(items) => {
            let before = hits.len();
            let mut fits = false;
            for item in items {
                let known = hits.len();
                value(env, place, collection, item, Operator::Equal, guards, about_data, hits);
                fits |= hits.len() == known;
            }
            // `in {true, "true"}` accepts what other releases write, and one of the values can be there.
            let is_alternative = |hit: &Hit| match hit.lint {
                Lint::MixedUpType => true,
                Lint::ImpossibleValue => is_provider_name(place),
                _ => false,
            };
            let found = hits.split_off(before);
            hits.extend(found.into_iter().filter(|hit| !(fits && is_alternative(hit))));
        }
        _ if place.is_resource_type() => {
            let shape = env.shape(collection, guards);
            for name in shape.texts().into_iter().flatten() {
                resource_type(env, name, None, about_data, hits);
            }
        }
        _ => {}
    }
}

#[expect(clippy::too_many_arguments, reason = "the two sides of one comparison, and its place")]
fn value(
    env: &Env<'_, '_>,
    place: &Place,
    one: &Expr,
    other: &Expr,
    operator: Operator,
    guards: &Guards,
    about_data: bool,
    hits: &mut Vec<Hit>,
) {
    let text = env.text();
    let literal = other.string();
    let mut say = |lint, message: String, help: String| {
        hits.push(Hit { file: env.id.file, lint, span: other.span.clone(), message, help });
    };
    if std::ptr::eq(place.node, &ACTIONS) {
        if let Some(literal) = &literal {
            let help = format!("write `{literal:?} in {}`", one.text(text));
            say(Lint::ImpossibleValue, format!("`{}` is a list, never a string", one.text(text)), help);
        } else if let ExprKind::Array(items) | ExprKind::Set(items) = &other.kind {
            let verbs: Vec<Option<&str>> = items.iter().map(|item| item.string()).collect();
            for item in items {
                verb(env, item, hits);
            }
            if verbs == [Some("delete")] && operator == Operator::Equal {
                hits.push(Hit {
                    file: env.id.file,
                    lint: Lint::MissedReplace,
                    span: other.span.clone(),
                    message: "this misses replacements, which also destroy the resource".to_owned(),
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
                if first && operator == Operator::Equal && matches!(literal, Some("delete" | "create")) {
                    let help =
                        format!("write `{} in {}`", other.text(text), one.text(text).trim_end_matches("[0]"));
                    say(
                        Lint::MissedReplace,
                        "this misses replacements with the action in second position".to_owned(),
                        help,
                    );
                }
                verb(env, other, hits);
            } else if let Some(literal) = literal
                && !words.contains(&literal)
            {
                let near = suggest::nearest(literal, words.iter().copied());
                let help = match (near, literal) {
                    (_, "resource") => "the mode of managed resources is `managed`".to_owned(),
                    (Some(near), _) => format!("did you mean `{near}`?"),
                    (None, _) => format!("use one of {}", words.join(", ")),
                };
                say(Lint::ImpossibleValue, format!("`{}` is never `{literal}`", place.text), help);
            }
        }
        Node::Text if is_provider_name(place) => {
            // Terraform has used full provider addresses since 0.13.
            if let Some(literal) = literal
                && !literal.contains('/')
                && !literal.is_empty()
            {
                let help =
                    format!("compare with the full address: `endswith({}, \"/{literal}\")`", one.text(text));
                say(Lint::ImpossibleValue, format!("`{literal}` is not a provider address"), help);
            }
        }
        Node::Text if place.is_resource_type() => {
            if let Some(literal) = literal {
                resource_type(env, literal, Some(other.span.clone()), about_data, hits);
            }
        }
        _ => {
            let (Some(own), Some(given)) = (kind_of_place(place, guards, about_data), kind_of_literal(other))
            else {
                return;
            };
            if own != given {
                let help = match (own, literal) {
                    ("a boolean" | "a number", Some(literal)) => format!("write `{literal}` without quotes"),
                    ("a string", _) => format!("write `\"{}\"`", other.text(text)),
                    ("a list", _) => format!("write `{} in {}`", other.text(text), one.text(text)),
                    _ => part_of(place, one.text(text)),
                };
                let message = format!("`{}` is {own}, never equal to {given}", one.text(text));
                say(Lint::MixedUpType, message, help);
            }
        }
    }
}

/// Returns the remedy for a comparison with an object that describes a value.
fn part_of(place: &Place, written: &str) -> String {
    if matches!(place.node, Node::Expression) {
        format!("compare `{written}.constant_value`")
    } else if place.node.keys().any(|key| key == "value") {
        format!("compare `{written}.value`")
    } else {
        "compare with a value of its type".to_owned()
    }
}

/// Returns the type of the values at a place, if it is certain.
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
        Node::Text => Some("a string"),
        Node::Object(_) | Node::Map(_) | Node::MapOf(..) => Some("an object"),
        Node::Expression => Some("an object that describes an expression"),
        Node::List(_) | Node::Word(_) | Node::Any | Node::Values(_) => None,
    }
}

/// Returns the type of a literal; null is compatible with every type.
pub(super) fn kind_of_literal(expr: &Expr) -> Option<&'static str> {
    match expr.scalar()? {
        Scalar::Text(_) | Scalar::RawText(_) => Some("a string"),
        Scalar::Bool(_) => Some("a boolean"),
        Scalar::Number(_) => Some("a number"),
        Scalar::Null => None,
    }
}

/// Reports `after.engine_version < 14`: OPA orders values of different types by type.
fn order(env: &Env<'_, '_>, sides: [&Expr; 2], guards: &Guards, about_data: bool, hits: &mut Vec<Hit>) {
    let text = env.text();
    let [left, right] = sides;
    for (one, other) in [(left, right), (right, left)] {
        let Shape::Place(place) = env.shape(one, guards) else { continue };
        let own = kind_of_place(&place, guards, about_data);
        if let (Some(own), Some(given)) = (own, kind_of_literal(other))
            && own != given
        {
            let help = match own {
                "a string" => "convert it to a number: `to_number(split(…, \".\")[0])`".to_owned(),
                _ => "compare with a value of its type".to_owned(),
            };
            hits.push(Hit {
                file: env.id.file,
                lint: Lint::MixedUpType,
                span: other.span.clone(),
                message: format!(
                    "`{}` is {own}: comparing it with {given} always has the same result",
                    one.text(text)
                ),
                help,
            });
        }
    }
}

/// Reports `x != allowed[_]` where more than one string is allowed.
fn not_any(env: &Env<'_, '_>, expr: &Expr, one: &Expr, other: &Expr, guards: &Guards, hits: &mut Vec<Hit>) {
    let text = env.text();
    let ExprKind::Reference { steps, .. } = &one.kind else { return };
    // Below one key there may be fewer strings than are known for all keys.
    if steps.len() != 1 || !is_wild(one, text) {
        return;
    }
    let (list, _) = env.follow_steps(one, 0, guards);
    let Shape::Each { element, .. } = list else { return };
    let Shape::Texts(texts) = *element else { return };
    if texts.len() > 1 {
        hits.push(Hit {
            file: env.id.file,
            lint: Lint::NotEqualsAny,
            span: expr.span.clone(),
            message: format!("`{}` always differs from one of the {} values", other.text(text), texts.len()),
            help: format!("write `not {} in {}`", other.text(text), without_wild(one.text(text))),
        });
    }
}

/// Checks a string that is compared with an action.
fn verb(env: &Env<'_, '_>, expr: &Expr, hits: &mut Vec<Hit>) {
    let Some(literal) = expr.string() else { return };
    if VERBS.contains(&literal) {
        return;
    }
    let synonym = SYNONYMS.iter().find(|(word, _)| *word == literal).map(|(_, verb)| *verb);
    let help = match synonym.or_else(|| suggest::nearest(literal, VERBS)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if literal == "replace" => "a replacement has the actions `delete` and `create`".to_owned(),
        None => format!("use one of {}", VERBS.join(", ")),
    };
    let message = format!("`{literal}` is not an action");
    hits.push(Hit { file: env.id.file, lint: Lint::ImpossibleValue, span: expr.span.clone(), message, help });
}
