//! Lints of calls that fail at run time: argument counts, types, formats and patterns.

use planguard_rego::builtins;
use planguard_rego::plan_shape::{Node, Side};
use planguard_rego_syntax::tree::{Expr, ExprKind};
use planguard_rego_syntax::walk;
use serde_json::Value;

use super::infer::{Env, Guards};
use super::model::{self, Meaning};
use super::shape::{Attribute, Shape, Types};
use super::values::kind_of_literal;
use super::{Hit, Linter, RuleId, attributes};
use crate::Lint;

/// Builtins with a pattern, and the position of the pattern.
const PATTERNS: [(&str, usize); 6] = [
    ("regex.match", 0),
    ("re_match", 0),
    ("regex.split", 0),
    ("regex.find_n", 0),
    ("regex.find_all_string_submatch_n", 0),
    ("regex.replace", 1),
];

/// Builtins whose arguments at these positions must be strings.
const STRINGS: [(&str, &[usize]); 14] = [
    ("lower", &[0]),
    ("upper", &[0]),
    ("startswith", &[0, 1]),
    ("endswith", &[0, 1]),
    ("contains", &[0, 1]),
    ("split", &[0, 1]),
    ("trim", &[0, 1]),
    ("trim_prefix", &[0, 1]),
    ("trim_suffix", &[0, 1]),
    ("trim_space", &[0]),
    ("replace", &[0, 1, 2]),
    ("regex.match", &[0, 1]),
    ("json.unmarshal", &[0]),
    ("substring", &[0]),
];

/// Functions of the library that read a list or a set, by package and name, and the position of it. With a text they hold
/// for nothing.
const COLLECTIONS: [(&str, &str, usize); 7] = [
    ("network", "is_within", 1),
    ("tags", "missing", 1),
    ("unknown", "has_unknown", 1),
    ("unknown", "is_sensitive", 1),
    ("unknown", "is_unknown", 1),
    ("unknown", "state", 1),
    ("wildcards", "matches_any", 0),
];

pub(super) fn lint(linter: &mut Linter<'_, '_>) {
    for id in linter.project.ids().collect::<Vec<_>>() {
        let env = linter.inference.env(id);
        let is_test = linter.project.is_test_rule(id);
        let mut hits = Vec::new();
        env.each_body(&mut |exprs, guards| {
            for expr in exprs {
                walk::outside_bodies(expr, &mut |inner| {
                    if let ExprKind::Call { function, arguments } = &inner.kind {
                        call(linter, id, &env, inner, function, arguments, guards, &mut hits);
                    }
                });
            }
        });
        for hit in hits {
            let about_values = matches!(hit.lint, Lint::NullArgument | Lint::UncheckedConversion);
            if !(is_test && about_values) {
                linter.report_hit(hit);
            }
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one call, and its place")]
fn call(
    linter: &Linter<'_, '_>,
    id: RuleId,
    env: &Env<'_, '_>,
    expr: &Expr,
    function: &Expr,
    arguments: &[Expr],
    guards: &Guards,
    hits: &mut Vec<Hit>,
) {
    let text = env.text();
    let name = function.text(text);
    let mut say = |lint, span: &std::ops::Range<usize>, message: String, help: String| {
        hits.push(Hit { file: id.file, lint, span: span.clone(), message, help });
    };
    let project = linter.project;
    let own = project.function(id.file, function);
    let counts: Option<Vec<usize>> = match &own {
        Some((_, ids)) => {
            ids.iter().map(|id| project.rule(*id).head.arguments.as_ref().map(Vec::len)).collect()
        }
        None => builtins::fixed_arity(name).map(|arity| vec![arity]),
    };
    if let Some(counts) = counts
        && let Some(most) = counts.iter().max()
        && !counts.contains(&arguments.len())
        // OPA allows one more argument, which receives the result.
        && arguments.len() != most + 1
    {
        let wanted = if *most == 1 { "1 argument".to_owned() } else { format!("{most} arguments") };
        say(
            Lint::ArgumentCount,
            &expr.span,
            format!("`{name}` takes {wanted}, got {}", arguments.len()),
            "fix the number of arguments".to_owned(),
        );
        return;
    }
    if let Some(position) = wants_collection(linter, id, function)
        && let Some(argument) = arguments.get(position)
        && given(env, argument, guards) == Some("a string")
    {
        let written = argument.text(text);
        say(
            Lint::WrongArgumentType,
            &argument.span,
            format!("`{name}` reads a list or a set, and `{written}` is a string"),
            format!("write `[{written}]`"),
        );
    }
    if own.is_some() {
        return;
    }
    if name.contains('.')
        && let Some(root) = function.root()
        && let Meaning::Declared(_) = project.meaning(id.file, root)
    {
        let root = root.text(text);
        say(
            Lint::UnknownFunction,
            &function.span,
            format!("`{name}` is not a function: `{root}` is a variable"),
            format!("rename the variable `{root}`"),
        );
        return;
    }
    if name == "sprintf"
        && let [format, values] = arguments
    {
        if let (Some(written), ExprKind::Array(items) | ExprKind::Set(items)) =
            (format.string(), &values.kind)
        {
            if let Some(problem) = misfit(written, items.len()) {
                say(
                    Lint::FormatArguments,
                    &expr.span,
                    format!("the format string {problem}"),
                    "pass one argument for each verb".to_owned(),
                );
            }
        } else if model::is_other_scalar(values)
            || given(env, values, guards).is_some_and(|kind| kind != "a list")
        {
            say(
                Lint::FormatArguments,
                &values.span,
                "the second argument of `sprintf` is not an array".to_owned(),
                format!("write `[{}]`", values.text(text)),
            );
        }
    }
    if let Some((_, position)) = PATTERNS.iter().find(|(known, _)| *known == name)
        && let Some(argument) = arguments.get(*position)
        && let Some(pattern) = argument.string()
        && let Some(Err(reason)) = builtins::answer("regex.match", &[Value::from(pattern), Value::from("")])
    {
        let reason = reason.trim_start_matches("regex.match: ").to_owned();
        let help = "fix the pattern; the syntax is RE2, which has no look-around".to_owned();
        say(Lint::InvalidPattern, &argument.span, format!("invalid pattern: {reason}"), help);
        return;
    }
    for (position, argument) in arguments.iter().enumerate() {
        let wants_text = STRINGS.iter().any(|(known, places)| *known == name && places.contains(&position));
        let given = given(env, argument, guards);
        let is_wrong = match (&given, name) {
            (Some(kind), _) if wants_text => *kind != "a string",
            (Some(kind), "count") => matches!(*kind, "a number" | "a boolean"),
            (Some(kind), "to_number") => matches!(*kind, "a list" | "an object"),
            (Some(kind), "sum" | "max" | "min") => matches!(*kind, "a number" | "a boolean" | "a string"),
            _ => false,
        };
        if let (Some(kind), true) = (given, is_wrong) {
            let written = argument.text(text);
            say(
                Lint::WrongArgumentType,
                &argument.span,
                format!("`{name}` does not accept `{written}`, which is {kind}"),
                help_for(name, kind).to_owned(),
            );
        }
    }
    if name == "to_number"
        && let [argument] = arguments
        && argument.string().is_some_and(|text| text.trim().parse::<f64>().is_err())
    {
        let help = "pass a string that contains a number".to_owned();
        say(Lint::WrongArgumentType, &argument.span, "the string is not a number".to_owned(), help);
    }
    if matches!(name, "net.cidr_contains" | "net.cidr_intersects") {
        for argument in arguments.iter().take(if name == "net.cidr_contains" { 1 } else { 2 }) {
            if let Some(range) = argument.string()
                && let Some(Err(_)) =
                    builtins::answer(name, &[Value::from(range), Value::from("192.0.2.0/24")])
            {
                let help = "add the prefix length, as in `10.0.0.0/8`".to_owned();
                say(
                    Lint::WrongArgumentType,
                    &argument.span,
                    "the string is not a CIDR range".to_owned(),
                    help,
                );
            }
        }
    }
    if name == "object.get"
        && let Some(object) = arguments.first()
    {
        null_argument(env, id, linter, object, guards, &mut say);
    }
    if matches!(name, "to_number" | "json.unmarshal")
        && let [argument] = arguments
        && let Shape::Place(place) = env.shape(argument, guards)
        && !place.attributes.is_empty()
    {
        let help = match name {
            "to_number" => "check the string with `regex.match` first, or compare strings",
            _ => "check the string with `json.is_valid` first",
        };
        let message = format!("`{name}` may fail on `{}`", argument.text(text));
        say(Lint::UncheckedConversion, &expr.span, message, help.to_owned());
    }
}

/// The position of the argument of a function of the library that is a list or a set.
fn wants_collection(linter: &Linter<'_, '_>, id: RuleId, function: &Expr) -> Option<usize> {
    let path = linter.project.data_path(id.file, function)?;
    let [data @ .., package, name] = path.as_slice() else { return None };
    let known = COLLECTIONS.iter().find(|(known, of, _)| known == package && of == name);
    known.filter(|_| data == ["planguard", "lib"] || data == ["data", "planguard", "lib"]).map(|(.., at)| *at)
}

fn help_for(name: &str, kind: &str) -> &'static str {
    match (name, kind) {
        (_, "a list") => "iterate over the list with `some`, or search it with `in`",
        (_, "an object") => "pass a value of the object",
        _ => "use a function for this type, or convert the value",
    }
}

/// Returns the mismatch between a format string and the number of its arguments.
fn misfit(format: &str, count: usize) -> Option<String> {
    if format.contains("%!") {
        return None;
    }
    let arguments: Vec<Value> = (0..count).map(|_| Value::from("x")).collect();
    let printed = builtins::answer("sprintf", &[Value::from(format), Value::from(arguments)])?.ok()?;
    let printed = printed.as_str()?;
    if printed.contains("(MISSING)") || printed.contains("(BADINDEX)") {
        Some(format!("has more verbs than arguments ({count})"))
    } else if printed.contains("%!(EXTRA") {
        Some(format!("has fewer verbs than arguments ({count})"))
    } else if printed.contains("%!(NOVERB)") {
        Some("ends in a bare `%`; write `%%`".to_owned())
    } else {
        None
    }
}

/// Returns the type of an argument, if it is certain.
fn given(env: &Env<'_, '_>, argument: &Expr, guards: &Guards) -> Option<&'static str> {
    match &argument.kind {
        ExprKind::Scalar(_) | ExprKind::Template(_) => {
            return match &argument.kind {
                ExprKind::Template(_) => Some("a string"),
                _ => kind_of_literal(argument),
            };
        }
        ExprKind::Array(_) | ExprKind::Set(_) => return Some("a list"),
        _ => {}
    }
    let Shape::Place(place) = env.shape(argument, guards) else { return None };
    match place.node {
        Node::List(_) => Some("a list"),
        Node::Map(_) | Node::MapOf(..) | Node::Object(_) => Some("an object"),
        Node::Text | Node::Word(_) => Some("a string"),
        Node::Flag => Some("a boolean"),
        Node::Number => Some("a number"),
        Node::Any | Node::Expression => None,
        Node::Values(_) if place.attributes.is_empty() => Some("an object"),
        Node::Values(Side::Mask) => None,
        Node::Values(_) => {
            let Types::OneOf(types) = guards.of(&place) else { return None };
            attributes::kind(&types, &place)
        }
    }
}

/// Receives a lint, the place, the message and the remedy.
type Say<'s> = &'s mut dyn FnMut(Lint, &std::ops::Range<usize>, String, String);

/// Reports `object.get(rc.change.after.tags, …)`: an attribute that is not set is null.
fn null_argument(
    env: &Env<'_, '_>,
    id: RuleId,
    linter: &Linter<'_, '_>,
    object: &Expr,
    guards: &Guards,
    say: Say<'_>,
) {
    let ExprKind::Reference { .. } = object.kind else { return };
    let Shape::Place(place) = env.shape(object, guards) else { return };
    let Node::Values(side) = place.node else { return };
    if side == &Side::Mask || !matches!(place.attributes.last(), Some(Attribute::Key(_))) {
        return;
    }
    // A policy that tests the type handles null.
    let written = object.text(env.text());
    let mut asked = false;
    walk::each_expr(linter.project.rule(id), &mut |expr| match &expr.kind {
        ExprKind::Call { function, arguments } if function.text(env.text()) == "is_object" => {
            asked |= arguments.iter().any(|argument| argument.text(env.text()) == written);
        }
        ExprKind::Operation { operands, .. } => {
            let has = |wanted: &str| operands.iter().any(|operand| operand.text(env.text()) == wanted);
            asked |= has(written) && has("null");
        }
        _ => {}
    });
    if !asked {
        say(
            Lint::NullArgument,
            &object.span,
            format!("`{written}` is null if it is not set"),
            "pass the whole path to `object.get`, which then returns the default at any missing key: \
             `object.get(rc.change.after, [\"tags\", \"Owner\"], \"\")`"
                .to_owned(),
        );
    }
}
