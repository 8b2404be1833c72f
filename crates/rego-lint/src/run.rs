//! Runs the lints and removes the findings that comments ignore.

use std::collections::BTreeMap;
use std::sync::Arc;

use miette::NamedSource;
use planguard_plan::problem::Problem;
use planguard_plan::redact::Redactor;
use planguard_rego::Policies;

use super::catalogue::{Level, Lint};
use super::finding::LintFinding;
use super::ignore::{self, Ignore};
use super::options::{LintOptions, Strictness};
use super::report::LintReport;
use crate::lints::{Bearing, Evaluation, LintHit, Linted, lint as look};

/// Lints policies.
pub fn lint(options: &LintOptions) -> LintReport {
    report(look(options, None), options, &|_| true)
}

/// Lints policies that a check has loaded with the same options, and reports what makes its verdict doubtful: findings
/// in rules that are evaluated, and in rules that are not because of their names. Findings in tests and in rules that
/// the check does not evaluate are left out, and so are lints that are no error, here or in the catalogue, except those
/// that a check tells as warnings ([`Lint::is_told_by_check`]).
///
/// The problems of the report are those of `policies`, except those that are findings of lints.
pub fn lint_evaluated(options: &LintOptions, policies: &Policies) -> LintReport {
    let evaluation = Evaluation {
        rules: policies.evaluated(),
        problems: policies.problems().to_vec(),
        read: policies.read().clone(),
    };
    // What the settings have made pedantic is told as well.
    let options = LintOptions { strictness: Strictness::Pedantic, ..options.clone() };
    let is_error = |lint: Lint| options.level(lint) == Level::Error || lint.info().level == Level::Error;
    let is_told = |lint: Lint| lint.is_told_by_check() && options.level(lint) != Level::Pedantic;
    report(look(&options, Some(evaluation)), &options, &|lint| is_error(lint) || is_told(lint))
}

/// Reports the findings of the lints that `is_told`.
fn report(linted: Linted, options: &LintOptions, is_told: &dyn Fn(Lint) -> bool) -> LintReport {
    let plain = Redactor::default();
    let texts: BTreeMap<&str, &str> =
        linted.files.iter().map(|(name, text)| (name.as_str(), text.as_ref())).collect();
    let mut ignores: BTreeMap<&str, Vec<(Ignore, bool)>> = BTreeMap::new();
    for (name, text) in &texts {
        ignores.insert(name, ignore::read(text).into_iter().map(|ignore| (ignore, false)).collect());
    }
    let mut report = LintReport { files: texts.len(), warnings: options.warnings, ..LintReport::default() };
    let mut found = Vec::new();
    for one in &linted.found {
        let line = texts.get(one.file.as_str()).map_or(1, |text| position(text, one.span.start).0);
        let own = ignores.get_mut(one.file.as_str()).into_iter().flatten();
        let mut hit = false;
        for (ignore, used) in own {
            if ignore.line == line && ignore.lints.contains(&one.lint) {
                *used = true;
                hit = true;
            }
        }
        match one.bearing {
            Bearing::OnVerdict if hit => report.ignored += 1,
            Bearing::OnVerdict => found.push(one.clone()),
            Bearing::None => {}
        }
    }
    for (file, ignores) in &ignores {
        if !linted.bears(file) {
            continue;
        }
        for (ignore, used) in ignores {
            found.extend(of_ignore(file, ignore, *used, options));
        }
    }
    found.retain(|found| counts(found.lint, options) && is_told(found.lint));
    found.sort_by(|left, right| {
        (&left.file, left.span.start, left.lint).cmp(&(&right.file, right.span.start, right.lint))
    });
    let mut sources: BTreeMap<String, Arc<NamedSource<String>>> = BTreeMap::new();
    for one in found {
        let text = texts.get(one.file.as_str()).copied().unwrap_or("");
        let source = sources
            .entry(one.file.clone())
            .or_insert_with(|| Arc::new(NamedSource::new(&one.file, text.to_owned())));
        report.findings.push(finding(&one, options.level(one.lint), text, Arc::clone(source), &plain));
    }
    report.problems = linted.problems.iter().map(|problem| Problem::new(problem, None, &plain)).collect();
    report
}

fn counts(lint: Lint, options: &LintOptions) -> bool {
    !options.disabled.contains(&lint)
        && (options.level(lint) != Level::Pedantic || options.strictness == Strictness::Pedantic)
}

fn of_ignore(file: &str, ignore: &Ignore, used: bool, options: &LintOptions) -> Option<LintHit> {
    let found = |lint, message: String, help: &str| {
        let (file, span) = (file.to_owned(), ignore.span.clone());
        Some(LintHit { lint, file, span, message, help: help.to_owned(), bearing: Bearing::OnVerdict })
    };
    if let Some(problem) = &ignore.problem {
        return found(
            Lint::InvalidIgnore,
            format!("invalid ignore comment: {problem}"),
            "write `# planguard:ignore NAME because REASON`",
        );
    }
    // A lint that does not run has no findings to ignore.
    let looked_for = ignore.lints.iter().any(|lint| counts(*lint, options));
    (!used && looked_for)
        .then(|| found(Lint::UnusedIgnore, "the comment ignores nothing".to_owned(), "remove the comment"))
        .flatten()
}

fn finding(
    found: &LintHit,
    level: Level,
    text: &str,
    source: Arc<NamedSource<String>>,
    plain: &Redactor,
) -> LintFinding {
    let span = found.span.start.min(text.len())..found.span.end.min(text.len());
    let (line, column) = position(text, span.start);
    let (end_line, end_column) = position(text, span.end);
    LintFinding {
        lint: found.lint,
        level,
        file: plain.text(&found.file),
        span,
        line,
        column,
        end_line,
        end_column,
        message: plain.text(&found.message),
        help: plain.text(&found.help),
        source,
    }
}

/// Returns the line and column of an offset, both counted from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}
