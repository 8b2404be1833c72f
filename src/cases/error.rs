//! What is wrong with files of plan cases.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use planguard_guardrails::GuardrailError;
use planguard_rego::PackError;
use thiserror::Error;

/// A file of plan cases that cannot be used, and the place in it.
#[derive(Debug)]
pub struct CaseError {
    file: PathBuf,
    place: Option<Place>,
    problem: Box<CaseProblem>,
}

#[derive(Debug)]
struct Place {
    text: Arc<NamedSource<String>>,
    line: usize,
    span: Range<usize>,
}

/// What is wrong.
#[derive(Debug, Error, Diagnostic)]
pub enum CaseProblem {
    /// A file or directory could not be read.
    #[error("{reason}")]
    #[diagnostic(code("PG-CS-001"), help("check the path and its permissions"))]
    Unreadable {
        /// What the system says.
        reason: String,
    },
    /// Not TOML, a key that there is not, or a value of the wrong type.
    #[error("{message}")]
    #[diagnostic(code("PG-CS-002"))]
    Syntax {
        /// What the reader says.
        message: String,
        /// How to put it right.
        #[help]
        help: String,
    },
    /// A file without a case.
    #[error("there is no case")]
    #[diagnostic(code("PG-CS-003"), help("write a case: `[[case]]` with `name`, `plan` and `findings`"))]
    NoCase,
    /// A case without a plan.
    #[error("case `{case}` has no plan")]
    #[diagnostic(
        code("PG-CS-004"),
        help("name a file with `plan`, or write the resource changes as `[[case.resources]]`")
    )]
    NoPlan {
        /// The case.
        case: String,
    },
    /// A case with more than it can use.
    #[error("case `{case}` has a `plan`, so `{key}` has no place in it")]
    #[diagnostic(code("PG-CS-005"), help("leave out one of the two, or make two cases"))]
    BesidePlan {
        /// The case.
        case: String,
        /// The key that must go.
        key: &'static str,
    },
    /// Two cases of one name.
    #[error("there are two cases `{name}`")]
    #[diagnostic(code("PG-CS-006"), help("say in the name what the case shows that no other does"))]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A rule that does not exist.
    #[error("there is no rule `{rule}`")]
    #[diagnostic(code("PG-CS-007"))]
    UnknownRule {
        /// The rule as written.
        rule: String,
        /// What may be meant.
        #[help]
        help: String,
    },
    /// A built-in rule that the cases are not checked with.
    #[error("the rule `{rule}` is not switched on")]
    #[diagnostic(code("PG-CS-008"))]
    RuleOff {
        /// The rule.
        rule: String,
        /// How to switch it on.
        #[help]
        help: String,
    },
    /// A word that is none of those that are possible.
    #[error("`{word}` is not {what}")]
    #[diagnostic(code("PG-CS-009"))]
    UnknownWord {
        /// The word.
        word: String,
        /// What it should be.
        what: &'static str,
        /// What may be meant.
        #[help]
        help: String,
    },
    /// A resource that cannot be completed.
    #[error("{problem}")]
    #[diagnostic(
        code("PG-CS-010"),
        help("a resource has the keys of the cases beside a guardrail; see docs/guardrail-format.md")
    )]
    Resource {
        /// What is wrong with it.
        problem: String,
    },
    /// A file that is named and is not there.
    #[error("there is no {what} at {}", path.display())]
    #[diagnostic(code("PG-CS-011"), help("paths are relative to the file that names them"))]
    NoFile {
        /// What should be there.
        what: &'static str,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file could not be rewritten.
    #[error("cannot write: {reason}")]
    #[diagnostic(
        code("PG-CS-012"),
        help("nothing was changed; check the permissions and the space on the disk")
    )]
    Unwritable {
        /// What the system says.
        reason: String,
    },
    /// The file changed since it was read.
    #[error("the file has changed since it was read")]
    #[diagnostic(code("PG-CS-013"), help("nothing was changed; run the cases again"))]
    Changed,
    /// A pack whose parameters are not right.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Pack(PackError),
    /// Guardrails that cannot be loaded.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Guardrail(GuardrailError),
}

impl CaseError {
    /// A problem with a file as a whole.
    pub(super) fn of_file(file: &Path, problem: CaseProblem) -> Self {
        Self { file: file.to_owned(), place: None, problem: Box::new(problem) }
    }

    /// What is wrong.
    pub fn problem(&self) -> &CaseProblem {
        &self.problem
    }

    /// The line of the file, counted from 1, where there is one.
    pub fn line(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.line)
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match (&self.place, &*self.problem) {
            (Some(Place { line, .. }), problem) => write!(f, "{file}:{line}: {problem}"),
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

/// The text of a file, in which places are pointed at.
#[derive(Clone, Debug)]
pub(super) struct CaseText {
    pub(super) file: PathBuf,
    pub(super) text: Arc<NamedSource<String>>,
}

impl CaseText {
    pub(super) fn new(file: &Path, text: String) -> Self {
        let name = file.display().to_string();
        Self { file: file.to_owned(), text: Arc::new(NamedSource::new(name, text).with_language("toml")) }
    }

    /// The text itself.
    pub(super) fn as_str(&self) -> &str {
        self.text.inner()
    }

    /// The line of an offset, counted from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        let text = self.as_str().as_bytes();
        1 + text[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
    }

    /// A problem at a place.
    pub(super) fn error(&self, span: Range<usize>, problem: CaseProblem) -> CaseError {
        let place = Place { text: Arc::clone(&self.text), line: self.line(span.start), span };
        CaseError { file: self.file.clone(), place: Some(place), problem: Box::new(problem) }
    }
}
