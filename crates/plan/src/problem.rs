//! Errors that keep planguard from checking everything: each leaves the verdict undecided.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use crate::redact::{Redactor, SafeText};

/// A diagnostic whose texts may be printed. Source text is a policy's or a guardrail file's, never a plan's.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The stable code, for example `PG-IN-003`.
    pub code: SafeText,
    /// What happened, and where.
    pub message: SafeText,
    /// How to fix it.
    pub help: Option<SafeText>,
    /// The plan that it is about, if any.
    pub plan: Option<SafeText>,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

impl Problem {
    /// A problem from any diagnostic of the library. `redactor` is that of the plan that was being
    /// checked: an engine's message may contain its values.
    pub fn new(diagnostic: &dyn Diagnostic, plan: Option<&SafeText>, redactor: &Redactor) -> Self {
        let mut message = diagnostic.to_string();
        // The message includes the causes.
        let mut cause = diagnostic.source();
        while let Some(error) = cause {
            let next = error.to_string();
            if !message.contains(&next) {
                message = format!("{message}: {next}");
            }
            cause = error.source();
        }
        let (source, labels) = snippet(diagnostic);
        Self {
            code: diagnostic.code().map(|code| SafeText::plain(&code.to_string())).unwrap_or_default(),
            message: redactor.text(&message),
            help: diagnostic.help().map(|help| redactor.sentence(&help.to_string())),
            plan: plan.cloned(),
            source,
            labels,
        }
    }
}

impl Problem {
    /// A problem that no text of a plan is part of.
    pub fn plain(diagnostic: &dyn Diagnostic) -> Self {
        Self::new(diagnostic, None, &Redactor::default())
    }

    /// A problem as a report tells it.
    pub const fn told(
        code: SafeText,
        message: SafeText,
        help: Option<SafeText>,
        plan: Option<SafeText>,
    ) -> Self {
        Self { code, message, help, plan, source: None, labels: Vec::new() }
    }

    /// Replaces the start of paths, wherever one is named.
    pub fn rename(&mut self, from: &str, to: &str) {
        self.message = self.message.replaced(from, to);
        self.help = self.help.take().map(|help| help.replaced(from, to));
        self.source = self
            .source
            .take()
            .map(|source| NamedSource::new(source.name().replace(from, to), source.inner().clone()));
    }

    /// The code and the message, as `PG-IN-003: cannot read ...`.
    pub fn line(&self) -> SafeText {
        SafeText::concat([&self.code, &SafeText::fixed(": "), &self.message])
    }
}

/// The source text behind a diagnostic and the places in it.
fn snippet(diagnostic: &dyn Diagnostic) -> (Option<NamedSource<String>>, Vec<LabeledSpan>) {
    let Some((name, text)) = source_text(diagnostic) else { return (None, Vec::new()) };
    (Some(NamedSource::new(name, text)), diagnostic.labels().into_iter().flatten().collect())
}

/// The name and the whole text of a diagnostic's source; `None` if it has none or no label points into it.
pub fn source_text(diagnostic: &dyn Diagnostic) -> Option<(String, String)> {
    let first = diagnostic.labels()?.next()?;
    // The whole text: the span of the first label with as many lines around it as there are.
    let contents = diagnostic.source_code()?.read_span(first.inner(), usize::MAX / 2, usize::MAX / 2).ok()?;
    let text = String::from_utf8_lossy(contents.data()).into_owned();
    Some((contents.name().unwrap_or_default().to_owned(), text))
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message.for_terminal())
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code.for_terminal_line()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help.for_terminal()) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = _>>)
    }
}
