//! Lints of unused, duplicate and unclear code.

use std::collections::{BTreeMap, BTreeSet};

use planguard_rego::metadata::Scope;
use planguard_rego_syntax::scope::DeclaredBy;
use planguard_rego_syntax::token;
use planguard_rego_syntax::tree::{ExprKind, LiteralKind, Operator};
use planguard_rego_syntax::walk;

use super::infer::{Guards, has_if, member_of};
use super::model;
use super::shape::Step;
use super::{Linter, line_of};
use crate::Lint;

pub(super) fn lint(linter: &mut Linter<'_, '_>) {
    imports(linter);
    variables(linter);
    duplicates(linter);
    conflicts(linter);
    unification(linter);
    old_syntax(linter);
    data_in_loops(linter);
    metadata(linter);
}

fn imports(linter: &mut Linter<'_, '_>) {
    let mut unused = Vec::new();
    for (index, file) in linter.project.files.iter().enumerate() {
        let mut names = BTreeSet::new();
        for rule in &file.module.rules {
            walk::each_expr(rule, &mut |expr| {
                if let ExprKind::Name = expr.kind {
                    names.insert(expr.text(file.text));
                }
            });
            let mut heads = vec![&rule.head.name];
            heads.extend(rule.head.key.as_ref());
            for head in heads {
                walk::each_expr(head, &mut |expr| {
                    if let ExprKind::Name = expr.kind {
                        names.insert(expr.text(file.text));
                    }
                });
            }
        }
        for import in file.module.imports.iter().filter(|import| import.is_of_document()) {
            if !names.contains(import.alias.as_str()) {
                unused.push((index, import.span.clone(), import.alias.clone()));
            }
        }
    }
    for (file, span, alias) in unused {
        linter.report(
            Lint::UnusedImport,
            file,
            span,
            format!("the import `{alias}` is unused"),
            "remove the import, or fix the name where it is used",
        );
    }
}

fn variables(linter: &mut Linter<'_, '_>) {
    let mut unused = Vec::new();
    for (index, file) in linter.project.files.iter().enumerate() {
        let mut uses: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, declaration) in file.scopes.uses() {
            uses.entry(declaration).or_default().push(place);
        }
        for (number, declaration) in file.scopes.declarations.iter().enumerate() {
            let places = uses.get(&number).map_or(&[][..], Vec::as_slice);
            let [place] = places else { continue };
            if declaration.name.starts_with('_')
                || in_template(file.text, declaration.name)
                || in_shared_head(file, *place, declaration.name)
            {
                continue;
            }
            let lint = match declaration.how {
                DeclaredBy::Argument => Lint::UnusedArgument,
                DeclaredBy::Assignment | DeclaredBy::Some => Lint::UnusedVariable,
                // The element may only be counted.
                DeclaredBy::SomeIn | DeclaredBy::Every | DeclaredBy::Use => continue,
            };
            let span = *place..*place + declaration.name.len();
            unused.push((lint, index, span, declaration.name.to_owned()));
        }
    }
    for (lint, file, span, name) in unused {
        // An unused message of a boolean rule is reported as `missing-contains`.
        let reported = linter.found.iter().any(|found| {
            found.lint == Lint::MissingContains
                && found.file == linter.project.files[file].name
                && found.message.contains(&format!("`{name}`"))
        });
        if !reported {
            linter.report(
                lint,
                file,
                span,
                format!("the variable `{name}` is unused"),
                "use it, rename it to `_`, or remove it",
            );
        }
    }
}

fn in_template(text: &str, name: &str) -> bool {
    text.contains("$\"") && text.contains(&format!("{{{name}"))
}

/// Returns whether a variable of one of several bodies is used in the head that they share, which is parsed with one
/// body only.
fn in_shared_head(file: &model::File<'_>, place: usize, name: &str) -> bool {
    let rule = file.module.rules.iter().find(|rule| {
        rule.branches.len() > 1 && rule.branches.iter().any(|branch| branch.span.contains(&place))
    });
    rule.is_some_and(|rule| {
        let mut found = false;
        let head = [&rule.head.name].into_iter().chain(&rule.head.key).chain(&rule.head.value);
        for expr in head {
            walk::each_expr(expr, &mut |inner| {
                found |= matches!(inner.kind, ExprKind::Name) && inner.text(file.text) == name;
            });
        }
        found
    })
}

/// Returns a rule's text without whitespace and comments.
fn bare(text: &str) -> String {
    let tokens = token::read(text).unwrap_or_default();
    tokens.into_iter().map(|token| format!("{} ", &text[token.span])).collect()
}

fn duplicates(linter: &mut Linter<'_, '_>) {
    let mut seen: BTreeMap<(Vec<String>, String), (usize, usize)> = BTreeMap::new();
    let mut again = Vec::new();
    for id in linter.project.ids() {
        let file = linter.project.file(id);
        let rule = linter.project.rule(id);
        let end = rule.branches.last().map_or(rule.head.span.end, |branch| branch.span.end);
        let text = bare(&file.text[rule.start..end.max(rule.head.span.end)]);
        let line = line_of(file.text, rule.head.span.start);
        let key = (file.module.package.clone(), text);
        match seen.get(&key) {
            // Files of one package that are never loaded together may contain the same helpers.
            Some((first, line)) if *first == id.file => {
                let name = rule.name(file.text).to_owned();
                again.push((id.file, rule.head.span.clone(), name, *line));
            }
            Some(_) => {}
            None => {
                seen.insert(key, (id.file, line));
            }
        }
    }
    for (file, span, name, line) in again {
        linter.report(
            Lint::DuplicateRule,
            file,
            span,
            format!("rule `{name}` is a duplicate of line {line}"),
            "remove the duplicate, or edit it as intended",
        );
    }
}

/// Reports two unconditional values of one rule: evaluating the rule is an error, as is every use of it.
fn conflicts(linter: &mut Linter<'_, '_>) {
    let mut seen: BTreeMap<(usize, String), (String, usize)> = BTreeMap::new();
    let mut hits = Vec::new();
    for id in linter.project.ids() {
        let file = linter.project.file(id);
        let rule = linter.project.rule(id);
        let head = &rule.head;
        let is_constant = !rule.is_default
            && head.arguments.is_none()
            && matches!(head.name.kind, ExprKind::Name)
            && rule.branches.iter().all(|branch| branch.body.is_none());
        let Some(value) = head.value.as_ref().filter(|_| is_constant) else { continue };
        if !matches!(value.kind, ExprKind::Scalar(_)) {
            continue;
        }
        let name = rule.name(file.text).to_owned();
        let written = value.text(file.text).to_owned();
        let line = line_of(file.text, head.span.start);
        match seen.get(&(id.file, name.clone())) {
            Some((first, line)) if *first != written => {
                hits.push((
                    id.file,
                    head.span.clone(),
                    format!("`{name}` has a different value on line {line}"),
                ));
            }
            Some(_) => {}
            None => {
                seen.insert((id.file, name), (written, line));
            }
        }
    }
    for (file, span, message) in hits {
        linter.report(Lint::DuplicateRule, file, span, message, "remove one of them, or add conditions");
    }
}

fn unification(linter: &mut Linter<'_, '_>) {
    let mut found = Vec::new();
    for id in linter.project.ids() {
        for branch in &linter.project.rule(id).branches {
            let Some(body) = &branch.body else { continue };
            walk::each_literal(body, &mut |literal| {
                if let LiteralKind::Expression(expr) = &literal.kind
                    && let ExprKind::Operation { operator: Operator::Unify, .. } = &expr.kind
                {
                    found.push((id.file, expr.span.clone()));
                }
            });
        }
    }
    for (file, span) in found {
        linter.report(
            Lint::Unification,
            file,
            span,
            "`=` may assign or compare",
            "use `:=` to assign, `==` to compare",
        );
    }
}

fn old_syntax(linter: &mut Linter<'_, '_>) {
    let mut files = BTreeMap::new();
    for id in linter.project.ids() {
        let rule = linter.project.rule(id);
        let is_old = rule.branches.first().is_some_and(|branch| branch.body.is_some()) && !has_if(rule);
        if is_old || (rule.head.key.is_none() && member_of(rule).is_some()) {
            files.entry(id.file).or_insert(rule.head.span.clone());
        }
    }
    for (file, span) in files {
        linter.report(
            Lint::OldSyntax,
            file,
            span,
            "the rule uses Rego v0 syntax",
            "run `opa fmt --rego-v1`; `deny[msg] { … }` becomes `deny contains msg if { … }`",
        );
    }
}

/// Reports references to packages and documents after the iteration over resources.
fn data_in_loops(linter: &mut Linter<'_, '_>) {
    for id in linter.policy_rules() {
        let rule = linter.project.rule(id);
        let env = linter.inference.env(id);
        let mut hits = Vec::new();
        for body in rule.branches.iter().filter_map(|branch| branch.body.as_ref()) {
            let mut loops = false;
            for literal in &body.literals {
                if loops {
                    for expr in literal.exprs() {
                        walk::outside_bodies(expr, &mut |inner| {
                            if let ExprKind::Reference { .. } = inner.kind
                                && let Some(path) = linter.project.data_path(id.file, inner)
                                && linter.project.rules_at(&path).is_none()
                                && !linter.project.has_below(&path)
                            {
                                hits.push((inner.span.clone(), inner.text(env.text()).to_owned()));
                            }
                        });
                    }
                }
                loops |= iterates(&env, literal);
            }
        }
        for (span, text) in hits {
            linter.report(
                Lint::DataInLoop,
                id.file,
                span,
                format!("`{text}` is looked up for every resource"),
                "assign it to a variable before the loop, or in a rule: `limits := data.limits`",
            );
        }
    }
}

fn iterates(env: &super::infer::Env<'_, '_>, literal: &planguard_rego_syntax::tree::Literal) -> bool {
    match &literal.kind {
        LiteralKind::SomeIn { collection, .. } => {
            let shape = env.shape(collection, &Guards::default());
            shape.step(&Step::Element(String::new())).0.place().is_some()
        }
        LiteralKind::Expression(expr) => expr.text(env.text()).contains("[_]"),
        LiteralKind::Every { .. } | LiteralKind::Negation(_) | LiteralKind::Declaration(_) => false,
    }
}

fn metadata(linter: &mut Linter<'_, '_>) {
    let mut reported = BTreeSet::new();
    let mut bare = Vec::new();
    for id in linter.policy_rules() {
        let file = linter.project.file(id);
        let rule = linter.project.rule(id);
        if !linter.project.decides(id) || rule.is_default {
            continue;
        }
        let path = linter.project.path_of(id);
        let blocks = &linter.blocks[id.file];
        let line = u32::try_from(line_of(file.text, rule.start)).unwrap_or(0);
        let of_package = blocks.values().find(|(scope, _)| *scope == Scope::Package).map(|(_, block)| block);
        let own = blocks.get(&line).map(|(_, block)| block).or(of_package);
        let lacks = match own {
            None => "title and no severity",
            Some(block) if block.title.is_none() => "title",
            Some(block) if block.severity.is_none() => "severity",
            Some(_) => {
                reported.insert(path);
                continue;
            }
        };
        bare.push((id.file, rule.head.span.clone(), rule.name(file.text).to_owned(), path, lacks));
    }
    for (file, span, name, path, lacks) in bare {
        if reported.insert(path) {
            linter.report(
                Lint::MissingMetadata,
                file,
                span,
                format!("`{name}` has no {lacks}"),
                "add `# METADATA` above the rule, with `title` and `custom.severity`",
            );
        }
    }
}
