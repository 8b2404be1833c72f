//! What a lint has found.

use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use planguard_plan::redact::SafeText;

use super::catalogue::{Level, Lint};

/// Something that is wrong in a policy.
#[derive(Clone, Debug)]
pub struct LintFinding {
    /// Which lint it is of.
    pub lint: Lint,
    /// The file, as it was named or found.
    pub file: SafeText,
    /// Where in the file, in bytes.
    pub span: Range<usize>,
    /// The line of the place, counted from 1.
    pub line: usize,
    /// Its column, in characters, counted from 1.
    pub column: usize,
    /// The line in which the place ends.
    pub end_line: usize,
    /// The column behind its last character.
    pub end_column: usize,
    /// What is wrong.
    pub message: SafeText,
    /// How to put it right.
    pub help: SafeText,
    /// The whole file.
    pub(super) source: Arc<NamedSource<String>>,
}

impl LintFinding {
    /// How bad it is.
    pub fn level(&self) -> Level {
        self.lint.info().level
    }
}

impl std::fmt::Display for LintFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message.for_terminal())
    }
}

impl std::error::Error for LintFinding {}

impl Diagnostic for LintFinding {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let info = self.lint.info();
        Some(Box::new(format!("{} {}", info.code, info.name)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.level() {
            Level::Error => miette::Severity::Error,
            Level::Warning => miette::Severity::Warning,
            Level::Pedantic => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(self.help.for_terminal()))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source.as_ref())
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::underline((self.span.start, self.span.len())))))
    }
}
