//! Holds resource types, and wildcards of them, against the provider schemas.

use std::ops::Range;

use planguard_plan::text::suggest;
use planguard_rego::glob;
use planguard_rego_syntax::tree::{Expr, ExprKind};
use planguard_rego_syntax::walk;

use super::Hit;
use super::infer::{Env, Guards};
use super::model::Origin;
use crate::Lint;

/// The number of wrong letters that still count as a typo in a resource type.
const SLIP: usize = 2;

/// Returns the strings that an expression can be or contain, with their places if they are written in it.
pub(super) fn strings(
    env: &Env<'_, '_>,
    expr: &Expr,
    guards: &Guards,
) -> Vec<(String, Option<Range<usize>>)> {
    let expr = expr.bare();
    match &expr.kind {
        ExprKind::Scalar(_) | ExprKind::Template(_) => {
            expr.string().map(|name| (name.to_owned(), Some(expr.span.clone()))).into_iter().collect()
        }
        ExprKind::Array(items) | ExprKind::Set(items) => {
            items.iter().flat_map(|item| strings(env, item, guards)).collect()
        }
        _ => {
            let shape = env.shape(expr, guards);
            shape.texts().into_iter().flatten().map(|name| (name.clone(), None)).collect()
        }
    }
}

/// Reports a type that its provider does not have. Without its place in the rule's file, `written`, it is that of the
/// same string.
pub(super) fn resource_type(
    env: &Env<'_, '_>,
    name: &str,
    written: Option<Range<usize>>,
    about_data: bool,
    hits: &mut Vec<Hit>,
) {
    let Some(provider) = planguard_schemas::provider(name) else { return };
    let is_data_source = planguard_schemas::data(name).is_some();
    if planguard_schemas::resource(name).is_some() || about_data && is_data_source {
        return;
    }
    let Some((file, span)) = written.map(|span| (env.id.file, span)).or_else(|| place_of(env, name)) else {
        return;
    };
    let types: Vec<String> = if about_data {
        planguard_schemas::data_sources_beside(name).collect()
    } else {
        planguard_schemas::resource_types_beside(name).collect()
    };
    let near = suggest::nearest(name, types.iter().map(String::as_str))
        .filter(|near| suggest::distance(name, near) <= slip(name) && !differs_in_digits(name, near));
    let what = if about_data { "resource type or data source" } else { "resource type" };
    hits.push(match near {
        _ if is_data_source => Hit {
            file,
            lint: Lint::UnlistedType,
            span,
            message: format!("`{name}` is a data source, not a resource type"),
            help: "also check that `mode` is \"data\"".to_owned(),
        },
        Some(near) => Hit {
            file,
            lint: Lint::UnknownResourceType,
            span,
            message: format!("unknown {what} `{name}`"),
            help: format!("did you mean `{near}`?"),
        },
        None => Hit {
            file,
            lint: Lint::UnlistedType,
            span,
            message: format!("provider version {} has no {what} `{name}`", provider.version),
            help: "fix the name".to_owned(),
        },
    });
}

/// How many letters of a type may be wrong: fewer in a short name, which resembles many others.
fn slip(name: &str) -> usize {
    let own = name.split_once('_').map_or(name, |(_, own)| own);
    SLIP.min(own.len() / 2)
}

/// Whether names are the same but for numbers, as those of `kubernetes_ingress_v1` and of a release to come.
fn differs_in_digits(left: &str, right: &str) -> bool {
    let letters = |name: &str| name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    letters(left) == letters(right)
}

/// Reports wildcards that match no type of their provider.
pub(super) fn type_wildcards(
    env: &Env<'_, '_>,
    pattern: &str,
    written: Option<Range<usize>>,
    about_data: bool,
    hits: &mut Vec<Hit>,
) {
    let Some(wildcard) = pattern.find(['*', '?']) else {
        return resource_type(env, pattern, written, about_data, hits);
    };
    let (front, rest) = pattern.split_at(wildcard);
    let Some(provider) = planguard_schemas::provider(front) else { return };
    let data_sources = about_data.then(|| planguard_schemas::data_sources_beside(front));
    let types: Vec<String> =
        planguard_schemas::resource_types_beside(front).chain(data_sources.into_iter().flatten()).collect();
    if types.iter().any(|name| glob::matches(pattern, name)) {
        return;
    }
    let Some((file, span)) = written.map(|span| (env.id.file, span)).or_else(|| place_of(env, pattern))
    else {
        return;
    };
    // `aws_instnce_*` and `aws_instnce*` are typos of the beginning of a type.
    let front = front.trim_end_matches('_');
    let fronts = types
        .iter()
        .flat_map(|name| name.match_indices('_').map(|(end, _)| &name[..end]).chain([name.as_str()]));
    let near = suggest::nearest(front, fronts).filter(|near| suggest::distance(front, near) <= SLIP);
    let near = near.map(|near| format!("{near}{}", &pattern[front.len()..]));
    let near = near.filter(|near| types.iter().any(|name| glob::matches(near, name)));
    hits.push(match near {
        Some(near) if rest == "*" => Hit {
            file,
            lint: Lint::UnknownResourceType,
            span,
            message: format!("no resource type matches `{pattern}`"),
            help: format!("did you mean `{near}`?"),
        },
        Some(_) | None => Hit {
            file,
            lint: Lint::UnlistedType,
            span,
            message: format!("no resource type of provider version {} matches `{pattern}`", provider.version),
            help: "fix the wildcards".to_owned(),
        },
    });
}

/// Returns the place of a string literal: in the rule, else in its file, else in another file of the author.
fn place_of(env: &Env<'_, '_>, name: &str) -> Option<(usize, Range<usize>)> {
    let files = &env.project().files;
    let own = files.get(env.id.file)?;
    // What the rules of a platform compare is reported where it is given to them.
    if own.origin != Origin::Author {
        return None;
    }
    let ids = env.project().ids();
    let rank = |id: &super::RuleId| (*id != env.id, id.file != env.id.file, files[id.file].is_test, *id);
    let mut ids: Vec<super::RuleId> = ids.filter(|id| files[id.file].origin == Origin::Author).collect();
    ids.sort_by_key(rank);
    ids.into_iter().find_map(|id| {
        let mut place = None;
        walk::each_expr(env.project().rule(id), &mut |expr| {
            if place.is_none() && expr.string() == Some(name) {
                place = Some((id.file, expr.span.clone()));
            }
        });
        place
    })
}
