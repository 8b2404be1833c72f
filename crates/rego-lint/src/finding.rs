//! One finding of a lint.

use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use planguard_plan::redact::SafeText;

use super::catalogue::{Level, Lint};

/// A finding of a lint, with its place in the policy.
#[derive(Clone, Debug)]
pub struct LintFinding {
    /// The lint that reports it.
    pub lint: Lint,
    /// The level that the options give the lint.
    pub(super) level: Level,
    /// The file's name, as given or discovered.
    pub file: SafeText,
    /// The byte range in the file.
    pub span: Range<usize>,
    /// The line of the first character, counted from 1.
    pub line: usize,
    /// The column of the first character, counted from 1.
    pub column: usize,
    /// The line of the last character.
    pub end_line: usize,
    /// The column after the last character.
    pub end_column: usize,
    /// The message.
    pub message: SafeText,
    /// The remedy.
    pub help: SafeText,
    /// The whole file.
    pub(super) source: Arc<NamedSource<String>>,
}

impl LintFinding {
    /// The level of its lint: that of the settings, or else that of the catalogue.
    pub const fn level(&self) -> Level {
        self.level
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
