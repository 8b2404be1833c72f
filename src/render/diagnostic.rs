//! Diagnostics as snippets for people. All of their texts are escaped here.

use std::fmt;
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode,
};
use planguard_plan::problem::source_text;
use planguard_plan::text::escape;

use super::colour::Colour;
use super::layout::Layout;

/// One diagnostic, with its source text where it has any. Causes and related diagnostics are not printed;
/// [`planguard_plan::problem::Problem`] has its causes in its message.
pub fn render(diagnostic: &dyn Diagnostic, layout: Layout) -> String {
    Snippets::new(layout).render(diagnostic)
}

/// Renders diagnostics one after the other. Source text that neighbours share is escaped once. It stays borrowed, so that
/// its address identifies it.
pub(super) struct Snippets<'d> {
    layout: Layout,
    last: Option<(&'d dyn SourceCode, Arc<NamedSource<String>>)>,
}

impl<'d> Snippets<'d> {
    pub(super) const fn new(layout: Layout) -> Self {
        Self { layout, last: None }
    }

    pub(super) fn render(&mut self, diagnostic: &'d dyn Diagnostic) -> String {
        let theme = match self.layout.colour {
            Colour::On => GraphicalTheme::unicode(),
            Colour::Off => GraphicalTheme::unicode_nocolor(),
        };
        // An id, a path or a command can be copied only in one piece.
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(self.layout.width)
            .with_links(false)
            .with_break_words(false)
            .with_word_separator(textwrap::WordSeparator::AsciiSpace)
            .with_word_splitter(textwrap::WordSplitter::NoHyphenation);
        let escaped = self.escaped(diagnostic);
        let mut text = String::new();
        if handler.render_report(&mut text, &escaped).is_err() {
            text = format!("{escaped}\n");
        }
        text
    }

    fn escaped(&mut self, diagnostic: &'d dyn Diagnostic) -> Escaped {
        let lines = |value: Option<Box<dyn fmt::Display + '_>>| {
            value.map(|value| escape::for_terminal(&value.to_string()))
        };
        let label = |label: LabeledSpan| {
            let text = label.label().map(escape::for_terminal_line);
            if label.primary() {
                LabeledSpan::new_primary_with_span(text, *label.inner())
            } else {
                LabeledSpan::new_with_span(text, *label.inner())
            }
        };
        Escaped {
            message: escape::for_terminal(&diagnostic.to_string()),
            code: lines(diagnostic.code()),
            help: lines(diagnostic.help()),
            severity: diagnostic.severity(),
            source: self.source(diagnostic),
            labels: diagnostic.labels().into_iter().flatten().map(label).collect(),
        }
    }

    fn source(&mut self, diagnostic: &'d dyn Diagnostic) -> Option<Arc<NamedSource<String>>> {
        let shared = diagnostic.source_code()?;
        if let Some((_, source)) = self.last.as_ref().filter(|(last, _)| std::ptr::addr_eq(*last, shared)) {
            return Some(Arc::clone(source));
        }
        let (name, text) = source_text(diagnostic)?;
        let source = Arc::new(NamedSource::new(escape::for_terminal_line(&name), escape::same_length(&text)));
        self.last = Some((shared, Arc::clone(&source)));
        Some(source)
    }
}

/// A diagnostic with escaped texts.
#[derive(Debug)]
struct Escaped {
    message: String,
    code: Option<String>,
    help: Option<String>,
    severity: Option<Severity>,
    source: Option<Arc<NamedSource<String>>>,
    labels: Vec<LabeledSpan>,
}

impl fmt::Display for Escaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Escaped {}

impl Diagnostic for Escaped {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<Severity> {
        self.severity
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source.as_ref() as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = _>>)
    }
}

#[cfg(test)]
mod tests {
    use miette::MietteDiagnostic;

    use super::*;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn nothing_in_a_diagnostic_steers_the_terminal() {
        let hostile = "a\u{1b}[2J\u{202e}b\u{200b}\u{e0041}\n::error::c ##vso[d]";
        let diagnostic = MietteDiagnostic::new(hostile)
            .with_code(hostile)
            .with_help(hostile)
            .with_label(LabeledSpan::new_primary_with_span(Some(hostile.to_owned()), (0, 1)));
        let report =
            miette::Report::new(diagnostic).with_source_code(NamedSource::new(hostile, hostile.repeat(2)));
        let text = render(report.as_ref(), PLAIN);
        assert!(!text.chars().any(|c| c != '\n' && escape::hides_or_steers(c)), "{text:?}");
        assert!(!text.contains("::error") && !text.contains("##vso["), "{text}");
        assert!(text.contains("\\u{1b}[2J") && text.contains("?[2J"), "{text}");
    }
}
