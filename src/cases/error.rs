//! Errors in files of plan cases.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use planguard_guardrail_format::Contradiction;
use planguard_guardrails::GuardrailError;
use planguard_rego::PackError;
use thiserror::Error;

/// An error in a file of plan cases, with its place.
#[derive(Debug)]
pub struct CaseError {
    file: PathBuf,
    place: Option<CasePlace>,
    problem: Box<CaseProblem>,
}

#[derive(Debug)]
struct CasePlace {
    text: Arc<NamedSource<String>>,
    line: usize,
    span: Range<usize>,
}

/// The kinds of errors in a file of plan cases.
#[derive(Debug, Error, Diagnostic)]
pub enum CaseProblem {
    /// A file or directory could not be read.
    #[error("{reason}")]
    #[diagnostic(code("PG-CS-001"), help("check the path and its permissions"))]
    Unreadable {
        /// The operating system's message.
        reason: String,
    },
    /// Invalid TOML, an unknown key, or a value of the wrong type.
    #[error("{message}")]
    #[diagnostic(code("PG-CS-002"))]
    Syntax {
        /// The parser's message.
        message: String,
        /// The remedy.
        #[help]
        help: String,
    },
    /// A file without a case.
    #[error("the file has no case")]
    #[diagnostic(code("PG-CS-003"), help("add a `[[case]]` with `name`, `plan` and `findings`"))]
    NoCase,
    /// A case without a plan.
    #[error("case `{case}` has no plan")]
    #[diagnostic(
        code("PG-CS-004"),
        help("set `plan` to a file, or add resource changes as `[[case.resources]]`")
    )]
    NoPlan {
        /// The case.
        case: String,
    },
    /// A case with `plan` and a key that it excludes.
    #[error("case `{case}` has both `plan` and `{key}`")]
    #[diagnostic(code("PG-CS-005"), help("remove one of them, or split the case"))]
    BesidePlan {
        /// The case.
        case: String,
        /// The key to remove.
        key: &'static str,
    },
    /// Two cases with the same name.
    #[error("duplicate case name `{name}`")]
    #[diagnostic(code("PG-CS-006"), help("rename one of the cases"))]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A rule that does not exist.
    #[error("unknown rule `{rule}`")]
    #[diagnostic(code("PG-CS-007"))]
    UnknownRule {
        /// The rule as written.
        rule: String,
        /// A similar name, or the valid ones.
        #[help]
        help: String,
    },
    /// A built-in rule that is disabled in the file.
    #[error("rule `{rule}` is not enabled")]
    #[diagnostic(code("PG-CS-008"))]
    RuleOff {
        /// The rule.
        rule: String,
        /// How to enable it.
        #[help]
        help: String,
    },
    /// Parameters of a pack that is not enabled.
    #[error("pack `{pack}` is not enabled")]
    #[diagnostic(code("PG-CS-014"), help("add it to `packs`, or remove its parameters"))]
    PackOff {
        /// The pack.
        pack: String,
    },
    /// An unknown word.
    #[error("unknown {what} `{word}`")]
    #[diagnostic(code("PG-CS-009"))]
    UnknownWord {
        /// The word.
        word: String,
        /// The kind of word.
        what: &'static str,
        /// A similar name, or the valid ones.
        #[help]
        help: String,
    },
    /// A resource that cannot be completed.
    #[error("{problem}")]
    #[diagnostic(
        code("PG-CS-010"),
        help("use the keys of cases in guardrail files; see docs/guardrail-format.md")
    )]
    Resource {
        /// The reason.
        problem: String,
    },
    /// A resource type or an attribute that its provider does not have.
    #[error("{contradiction}")]
    #[diagnostic(code("PG-CS-015"))]
    Schema {
        /// What contradicts the provider schemas.
        contradiction: Box<Contradiction>,
        /// The name that may have been meant.
        #[help]
        help: String,
    },
    /// A file that does not exist.
    #[error("{what} not found: {}", path.display())]
    #[diagnostic(code("PG-CS-011"), help("fix the path; it is relative to the file with the cases"))]
    NoFile {
        /// The kind of file.
        what: &'static str,
        /// The resolved path.
        path: PathBuf,
    },
    /// The file could not be rewritten.
    #[error("cannot write: {reason}")]
    #[diagnostic(
        code("PG-CS-012"),
        help("check the permissions and the free disk space; the file is unchanged")
    )]
    Unwritable {
        /// The operating system's message.
        reason: String,
    },
    /// The file changed since it was read.
    #[error("the file changed while the cases ran")]
    #[diagnostic(code("PG-CS-013"), help("run the cases again; the file was not updated"))]
    Changed,
    /// An unknown pack, or invalid parameters.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Pack(PackError),
    /// Guardrails that cannot be loaded.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Guardrail(GuardrailError),
}

impl CaseError {
    /// Returns an error about a file as a whole.
    pub(super) fn of_file(file: &Path, problem: CaseProblem) -> Self {
        Self { file: file.to_owned(), place: None, problem: Box::new(problem) }
    }

    /// Returns the kind of error.
    pub fn problem(&self) -> &CaseProblem {
        &self.problem
    }

    /// Returns the line, counted from 1, if the error has one.
    pub fn line(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.line)
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match (&self.place, &*self.problem) {
            (Some(CasePlace { line, .. }), problem) => write!(f, "{file}:{line}: {problem}"),
            (None, CaseProblem::Unreadable { reason }) => write!(f, "cannot read {file}: {reason}"),
            (None, CaseProblem::Unwritable { reason }) => write!(f, "cannot write {file}: {reason}"),
            (None, problem) => write!(f, "{file}: {problem}"),
        }
    }
}

impl std::error::Error for CaseError {}

impl Diagnostic for CaseError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.code()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|place| place.text.as_ref() as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(
            Some("here".to_owned()),
            place.span.clone(),
        ))))
    }
}

/// The text of a file, for errors with a place.
#[derive(Clone, Debug)]
pub(super) struct CaseText {
    pub(super) file: PathBuf,
    pub(super) text: Arc<NamedSource<String>>,
}

/// How a name is written in TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// As a key.
    Key,
    /// As a value.
    Value,
}

impl CaseText {
    pub(super) fn new(file: &Path, text: String) -> Self {
        let name = file.display().to_string();
        Self { file: file.to_owned(), text: Arc::new(NamedSource::new(name, text).with_language("toml")) }
    }

    /// Returns the text.
    pub(super) fn as_str(&self) -> &str {
        self.text.inner()
    }

    /// Returns the line of an offset, counted from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        let text = self.as_str().as_bytes();
        1 + text[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
    }

    /// Returns the place of a name, from an offset to the next table. A key may be quoted.
    pub(super) fn name_from(&self, start: usize, name: &str, written: Written) -> Option<Range<usize>> {
        let rest = self.as_str().get(start..)?;
        let header = if rest.starts_with("[[") { 2 } else { 0 };
        let end = rest[header..].find("\n[[").map_or(rest.len(), |end| header + end);
        let rest = &rest[..end];
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let mut found = rest.match_indices(name).map(|(at, _)| at..at + name.len());
        let whole = |span: &Range<usize>| {
            let after = &rest[span.end..];
            let is_key = after.trim_start_matches(['"', '\'', ' ']).starts_with(['=', '.', ']']);
            !rest[..span.start].ends_with(is_part)
                && !after.starts_with(is_part)
                && is_key == (written == Written::Key)
        };
        found.find(whole).map(|span| start + span.start..start + span.end)
    }

    /// Returns an error at a place.
    pub(super) fn error(&self, span: Range<usize>, problem: CaseProblem) -> CaseError {
        let place = CasePlace { text: Arc::clone(&self.text), line: self.line(span.start), span };
        CaseError { file: self.file.clone(), place: Some(place), problem: Box::new(problem) }
    }
}
