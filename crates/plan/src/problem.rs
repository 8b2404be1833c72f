//! What kept planguard from looking: each leaves the verdict undecided.

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
    /// How to put it right.
    pub help: Option<SafeText>,
    /// The plan that it concerns, if it concerns one.
    pub plan: Option<SafeText>,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

impl Problem {
    /// A problem from any diagnostic of the library. `redactor` is that of the plan which was being looked
    /// at; its values may stand in an engine's message.
    pub fn new(diagnostic: &dyn Diagnostic, plan: Option<&SafeText>, redactor: &Redactor) -> Self {
        let text =
            |value: Option<Box<dyn fmt::Display + '_>>| value.map(|value| redactor.text(&value.to_string()));
        let mut message = diagnostic.to_string();
        // The causes are part of what happened.
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
            code: text(diagnostic.code()).unwrap_or_default(),
            message: redactor.text(&message),
            help: text(diagnostic.help()),
            plan: plan.cloned(),
            source,
            labels,
        }
    }
}

/// The source text behind a diagnostic and the places in it.
fn snippet(diagnostic: &dyn Diagnostic) -> (Option<NamedSource<String>>, Vec<LabeledSpan>) {
    let labels: Vec<LabeledSpan> = diagnostic.labels().into_iter().flatten().collect();
    let (Some(source), Some(first)) = (diagnostic.source_code(), labels.first()) else {
        return (None, Vec::new());
    };
    // The whole text: the span of the first label with as many lines around it as there are.
    let Ok(contents) = source.read_span(first.inner(), usize::MAX / 2, usize::MAX / 2) else {
        return (None, Vec::new());
    };
    let text = String::from_utf8_lossy(contents.data()).into_owned();
    (Some(NamedSource::new(contents.name().unwrap_or_default(), text)), labels)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = _>>)
    }
}
