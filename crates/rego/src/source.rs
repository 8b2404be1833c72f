//! A policy file, and places in it.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use miette::{NamedSource, SourceSpan};
use planguard_plan::text::escape::hides_or_steers;
use planguard_rego_syntax::parse::{self, SyntaxError};
use planguard_rego_syntax::tree::Module;
use regorus::unstable::Span;

use super::builtins::Shared;
use super::error::{PolicyError, PolicyText};
use super::files;
use super::frontend::{self, RewriteError, Rewritten};
use super::options::RegoVersion;

/// The engine counts a tab as this many columns.
const TAB_COLUMNS: u32 = 4;

/// A policy file.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name in reports and for the engine: the path with `/`, without control characters.
    pub name: String,
    /// The author's text.
    pub text: Arc<str>,
    pub(crate) reading: RewriteResult,
    /// The dialect of its text, if it has been found out.
    pub(crate) version: Option<RegoVersion>,
    /// What the files that are loaded together say of packages, if a policy may ask.
    pub(crate) annotations: Option<Arc<Shared>>,
    /// The author's text, parsed by the first who asks.
    parsed: Arc<OnceLock<Result<Module, SyntaxError>>>,
}

/// The result of the front end.
#[derive(Clone, Debug)]
pub(crate) enum RewriteResult {
    /// The author's text is unchanged.
    AsWritten,
    Rewritten(Arc<Rewritten>),
    Failed(RewriteError),
}

/// Reads every policy below `paths`.
pub fn load(paths: &[PathBuf], errors: &mut Vec<PolicyError>) -> Vec<Source> {
    let mut sources = Vec::new();
    for path in files::find(paths, &["rego"], errors) {
        match files::read(&path) {
            Ok(text) => sources.push(Source::new(display_name(&path), text)),
            Err(error) => errors.push(error),
        }
    }
    sources
}

/// Returns a file's name for the engine's line-based messages: characters that hide text or break lines become `?`.
pub fn display_name(path: &Path) -> String {
    let name = path.to_string_lossy();
    name.chars()
        .map(|c| {
            if hides_or_steers(c) {
                '?'
            } else if c == '\\' {
                '/'
            } else {
                c
            }
        })
        .collect()
}

impl Source {
    pub(super) fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
            reading: RewriteResult::AsWritten,
            version: None,
            annotations: None,
            parsed: Arc::default(),
        }
    }

    /// Returns the author's text, parsed once for this source and its clones.
    ///
    /// # Errors
    ///
    /// The front end cannot parse it.
    pub fn module(&self) -> Result<&Module, SyntaxError> {
        self.parsed.get_or_init(|| parse::parse(&self.text)).as_ref().map_err(|error| *error)
    }

    /// Returns the ranges of the comments.
    pub fn comments(&self) -> Cow<'_, [Range<usize>]> {
        match self.module() {
            Ok(module) => Cow::Borrowed(&module.comments),
            Err(_) => Cow::Owned(frontend::comments(&self.text)),
        }
    }

    /// Returns the text for the engine.
    pub(super) fn engine_text(&self) -> &str {
        match &self.reading {
            RewriteResult::Rewritten(rewritten) => &rewritten.text,
            RewriteResult::AsWritten | RewriteResult::Failed(_) => &self.text,
        }
    }

    /// Maps an offset in the engine's text to the author's text.
    pub(super) fn original(&self, offset: usize) -> usize {
        match &self.reading {
            RewriteResult::Rewritten(rewritten) => rewritten.original(offset),
            RewriteResult::AsWritten | RewriteResult::Failed(_) => offset,
        }
    }

    /// Maps an engine's span to the author's text.
    pub(super) fn span_of(&self, span: &Span) -> SourceSpan {
        let start = self.original(span.start as usize);
        let end = self.original(span.end as usize);
        // Text added by a pass maps to the place where it was inserted.
        let least = self.text.get(start..).map_or(0, |rest| rest.chars().next().map_or(0, char::len_utf8));
        (start, end.saturating_sub(start).max(least)).into()
    }

    /// Returns the text for a diagnostic.
    pub(super) fn named(&self) -> PolicyText {
        Arc::new(NamedSource::new(&self.name, Arc::clone(&self.text)))
    }

    /// Returns the range of the word at the engine's line and column.
    pub(super) fn place(&self, line: u32, column: u32) -> Option<SourceSpan> {
        let index = usize::try_from(line.checked_sub(1)?).ok()?;
        let text = self.engine_text();
        let start_of_line = match index {
            0 => 0,
            _ => text.match_indices('\n').nth(index - 1)?.0 + 1,
        };
        let rest = text.get(start_of_line..)?;
        let line_text = rest.lines().next().unwrap_or("");
        let mut at = 1;
        let mut offset = line_text.len();
        for (position, c) in line_text.char_indices() {
            if at >= column {
                offset = position;
                break;
            }
            at += if c == '\t' { TAB_COLUMNS } else { 1 };
        }
        let in_word = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let length_of = |c: char| c.len_utf8();
        // The engine locates a reference by its last step, and a call of an added builtin by its parenthesis.
        if line_text[offset..].starts_with(['.', '(']) {
            offset -= line_text[..offset].chars().rev().take_while(in_word).map(length_of).sum::<usize>();
        }
        let place = self.original(start_of_line + offset);
        let word = self.text.get(place..)?.chars().take_while(in_word);
        let length = word.map(length_of).sum::<usize>().max(1);
        // At the end of a text there is no character to point at.
        let length = length.min(self.text.len().saturating_sub(place));
        Some((place, length).into())
    }
}

/// Returns the name of a syntax node's file.
pub(super) fn file_of(span: &Span) -> &str {
    span.source.file()
}

/// The parts of an engine's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EngineMessage<'s> {
    pub reason: String,
    /// The source of the first location.
    pub source: Option<&'s str>,
    pub line: u32,
    pub column: u32,
}

/// Parses the engine's errors, which are text only: `--> file:line:column`, the line, and `error: reason`.
pub(super) fn read_message<'s>(message: &str, sources: &'s [Source]) -> EngineMessage<'s> {
    let reason = message
        .split_once("\nerror: ")
        .map_or(message, |(_, reason)| reason)
        .split("\n-->")
        .next()
        .unwrap_or(message)
        .trim();
    let reason = if reason.is_empty() { message.trim() } else { reason };
    let mut found = EngineMessage { reason: reason.replace('\n', " "), source: None, line: 0, column: 0 };
    for line in message.lines() {
        let Some(location) = line.trim_start().strip_prefix("--> ") else { continue };
        let mut parts = location.rsplitn(3, ':');
        let (Some(column), Some(line), Some(file)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        if let Some(source) = sources.iter().find(|source| source.name == file) {
            found.source = Some(&source.name);
            found.line = line.parse().unwrap_or(0);
            found.column = column.parse().unwrap_or(0);
            break;
        }
    }
    found
}

/// Returns the text and the place that a message names, for a diagnostic.
pub(super) fn excerpt(
    message: &EngineMessage<'_>,
    sources: &[Source],
) -> Option<(PolicyText, Option<SourceSpan>)> {
    let source = sources.iter().find(|source| Some(source.name.as_str()) == message.source)?;
    Some((source.named(), source.place(message.line, message.column)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("p.rego", text)
    }

    #[test]
    fn a_tab_counts_as_four_columns() {
        let source = source("package main\n\tdeny_é if x.y\n");
        let place = source.place(2, 5).unwrap();
        assert_eq!((place.offset(), place.len()), (14, "deny_é".len()));
        let place = source.place(2, 15).unwrap();
        assert_eq!(&source.text[place.offset()..place.offset() + place.len()], "x.y");
        assert_eq!(source.place(2, 16), Some(place), "a reference is located by its last step");
    }

    #[test]
    fn a_call_is_located_by_its_parenthesis() {
        let source = source("x := json.is_valid(y)");
        let place = source.place(1, 19).unwrap();
        assert_eq!(&source.text[place.offset()..place.offset() + place.len()], "json.is_valid");
        assert_eq!(Source::new("p.rego", "x := (y)").place(1, 6).unwrap().len(), 1);
    }

    #[test]
    fn a_place_after_the_text_is_empty_or_none() {
        let source = source("package main");
        assert_eq!(source.place(1, 99).unwrap().len(), 0);
        assert_eq!(source.place(7, 1), None);
        assert_eq!(source.place(0, 1), None);
    }

    #[test]
    fn the_engines_message_is_parsed() {
        let sources = [source("package main\n")];
        let text = "\n--> p.rego:1:9\n  |\n1 | package main\n  |         ^\nerror: unexpected\nkeyword";
        let message = read_message(text, &sources);
        assert_eq!(message.reason, "unexpected keyword");
        assert_eq!((message.source, message.line, message.column), (Some("p.rego"), 1, 9));
        let text = "\n--> p.rego:1:1\n  |\n1 | x := \"error: y\"\n  | ^\nerror: unsafe";
        assert_eq!(read_message(text, &sources).reason, "unsafe");
        let message = read_message("not a valid rule path", &sources);
        assert_eq!((message.reason.as_str(), message.source), ("not a valid rule path", None));
    }
}
