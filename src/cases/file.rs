//! Parses a file of plan cases.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use planguard_guardrail_format::Contradiction;
use planguard_guardrails::remedy;
use planguard_plan::redact::Redactor;
use planguard_plan::text::suggest;
use planguard_rule::Severity;
use toml::Spanned;

use super::complete::{PlanParts, Unfit, UnfitProblem, complete};
use super::error::{CaseError, CaseProblem, CaseText, Written};
use super::expected::{Expected, without_data};
use super::raw::{RawCase, RawFile, RawFinding};
use super::rules::Header;
use crate::enforcement::Enforcement;
use crate::finding::Certainty;

/// A parsed and checked file of plan cases; its rules are not loaded yet.
#[derive(Debug)]
pub struct CaseFile {
    pub(super) text: CaseText,
    pub(super) header: Header,
    pub(super) cases: Vec<PlanCase>,
}

/// A case.
#[derive(Debug)]
pub(super) struct PlanCase {
    pub(super) name: String,
    /// The line of the name.
    pub(super) line: usize,
    pub(super) plan: PlanSource,
    pub(super) expected: Vec<Expected>,
    /// The codes of expected problems.
    pub(super) problems: BTreeSet<String>,
}

/// The source of a case's plan.
#[derive(Debug)]
pub(super) enum PlanSource {
    File(PathBuf),
    Completed(String),
}

impl CaseFile {
    /// Parses a file.
    ///
    /// # Errors
    /// Every error with its place; after a syntax error, only that one.
    pub fn read(path: &Path) -> Result<Self, Vec<CaseError>> {
        let text = fs::read_to_string(path).map_err(|error| {
            vec![CaseError::of_file(path, CaseProblem::Unreadable { reason: error.to_string() })]
        })?;
        let text = CaseText::new(path, text);
        let raw: RawFile = toml::from_str(text.as_str()).map_err(|error| vec![syntax(&text, &error)])?;
        let mut reader = CaseReader { text: &text, base: base(path), errors: Vec::new() };
        let (header, cases) = reader.file(raw);
        let errors = reader.errors;
        if errors.is_empty() { Ok(Self { text, header, cases }) } else { Err(errors) }
    }

    /// Returns the file's path.
    pub fn path(&self) -> &Path {
        &self.text.file
    }

    /// Returns the names of the cases in file order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.cases.iter().map(|case| case.name.as_str())
    }
}

/// Returns the directory that paths are relative to.
fn base(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Returns the TOML parser's error, with a suggestion.
fn syntax(text: &CaseText, error: &toml::de::Error) -> CaseError {
    let message = error.message().to_owned();
    // The message contains the unknown key first, and then the valid ones.
    let mut words = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field").then(|| words.next()).flatten();
    let meant = unknown.and_then(|unknown| suggest::nearest(unknown, words));
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "see docs/policies/plan-cases.md for the format".to_owned(),
    };
    text.error(error.span().unwrap_or_default(), CaseProblem::Syntax { message, help })
}

/// Converts parsed TOML to cases, and collects every error.
struct CaseReader<'r> {
    text: &'r CaseText,
    base: &'r Path,
    errors: Vec<CaseError>,
}

impl CaseReader<'_> {
    fn error(&mut self, span: Range<usize>, problem: CaseProblem) {
        self.errors.push(self.text.error(span, problem));
    }

    fn file(&mut self, mut raw: RawFile) -> (Header, Vec<PlanCase>) {
        let cases = std::mem::take(&mut raw.case);
        if cases.is_empty() {
            let problem = CaseProblem::NoCase;
            self.errors.push(CaseError::of_file(&self.text.file, problem));
        }
        let header = match Header::new(raw, self.base) {
            Ok(header) => header,
            Err(errors) => {
                for (span, problem) in errors {
                    self.error(span, problem);
                }
                Header::default()
            }
        };
        let mut names = BTreeSet::new();
        let cases = cases.into_iter().filter_map(|case| self.case(case, &mut names)).collect();
        (header, cases)
    }

    fn case(&mut self, raw: Spanned<RawCase>, names: &mut BTreeSet<String>) -> Option<PlanCase> {
        let raw = raw.into_inner();
        let (name_span, name) = (raw.name.span(), raw.name.into_inner());
        if !names.insert(name.clone()) {
            self.error(name_span.clone(), CaseProblem::DuplicateName { name: name.clone() });
        }
        let beside = [
            ("resources", raw.resources.as_ref().map(Spanned::span)),
            ("variables", raw.variables.as_ref().map(Spanned::span)),
            ("terraform_version", raw.terraform_version.as_ref().map(Spanned::span)),
        ];
        let plan = match (raw.plan, raw.resources) {
            (Some(plan), _) => {
                for (key, span) in beside {
                    if let Some(span) = span {
                        self.error(span, CaseProblem::BesidePlan { case: name.clone(), key });
                    }
                }
                let path = self.base.join(plan.get_ref());
                if !path.is_file() {
                    let problem = CaseProblem::NoFile { what: "plan", path: path.clone() };
                    self.error(plan.span(), problem);
                }
                Some(PlanSource::File(path))
            }
            (None, Some(resources)) => {
                let parts = PlanParts {
                    resources: resources.into_inner(),
                    variables: raw.variables.map(Spanned::into_inner).unwrap_or_default(),
                    terraform_version: raw.terraform_version.map(Spanned::into_inner),
                };
                match complete(parts) {
                    Ok(plan) => Some(PlanSource::Completed(plan)),
                    Err(unfit) => {
                        unfit.into_iter().for_each(|unfit| self.unfit(unfit));
                        None
                    }
                }
            }
            (None, None) => {
                self.error(name_span.clone(), CaseProblem::NoPlan { case: name.clone() });
                None
            }
        };
        let expected = raw.findings.into_iter().map(|finding| self.finding(finding)).collect();
        let problems = raw.problems.into_iter().map(Spanned::into_inner).collect();
        let line = self.text.line(name_span.start);
        Some(PlanCase { name, line, plan: plan?, expected, problems })
    }

    fn unfit(&mut self, Unfit { span, problem }: Unfit) {
        match problem {
            UnfitProblem::Incomplete(problem) => self.error(span, CaseProblem::Resource { problem }),
            UnfitProblem::Contradiction(contradiction) => {
                let written = match contradiction {
                    Contradiction::UnknownType { .. } => Written::Value,
                    _ => Written::Key,
                };
                let found = self.text.name_from(span.start, contradiction.name(), written);
                let help = remedy(&contradiction).unwrap_or_default();
                let span = found.unwrap_or(span);
                let contradiction = Box::new(contradiction);
                self.error(span, CaseProblem::Schema { contradiction, help });
            }
        }
    }

    fn finding(&mut self, raw: RawFinding) -> Expected {
        let severity = raw.severity.and_then(|word| {
            let words = Severity::ALL.map(Severity::as_str);
            self.word(&word, "severity", &words, |word| Severity::from_str(word).ok())
        });
        let enforcement = raw.enforcement.and_then(|word| {
            let kinds = [Enforcement::Deny, Enforcement::Warn];
            self.word(&word, "enforcement", &["deny", "warn"], |word| {
                kinds.into_iter().find(|kind| kind.as_str() == word)
            })
        });
        let certainty = raw.outcome.and_then(|word| {
            self.word(&word, "outcome", &["fail", "undetermined"], |word| match word {
                "fail" => Some(Certainty::Certain),
                "undetermined" => Some(Certainty::DependsOnUnknown),
                _ => None,
            })
        });
        Expected {
            rule: without_data(raw.rule.get_ref()).to_owned(),
            span: raw.rule.span(),
            address: raw.address.as_deref().map(|address| Redactor::default().text(address)),
            certainty: certainty.unwrap_or(Certainty::Certain),
            message: raw.message.as_deref().map(|message| Redactor::default().text(message)),
            severity,
            enforcement,
        }
    }

    /// Parses a word, or adds an error.
    fn word<T>(
        &mut self,
        written: &Spanned<String>,
        what: &'static str,
        words: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let word = written.get_ref();
        let meaning = read(word);
        if meaning.is_none() {
            self.error(written.span(), unknown_word(word, what, words));
        }
        meaning
    }
}

/// Returns the error for an unknown word.
pub(super) fn unknown_word(word: &str, what: &'static str, words: &[&str]) -> CaseProblem {
    let help = match suggest::nearest(word, words.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("use one of {}", words.join(", ")),
    };
    CaseProblem::UnknownWord { word: word.to_owned(), what, help }
}
