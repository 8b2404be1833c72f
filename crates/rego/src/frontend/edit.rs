//! Collects edits of a policy's text that keep every line number, and maps offsets back.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use planguard_rego_syntax::token::{self, TokenKind};
use planguard_rego_syntax::tree::{Body, Enclosure, Literal, Span};

use super::super::options::RegoVersion;

/// The edits of one text.
#[derive(Debug)]
pub(super) struct Edits<'t> {
    text: &'t str,
    /// See [`planguard_rego_syntax::tree::Module::line_ends`].
    line_ends: &'t [usize],
    edits: BTreeMap<Order, Edit>,
    /// The number of edits, including those that are no longer applied.
    count: usize,
    /// The number of copied bytes.
    copied: Cell<usize>,
    /// Where a copy had an edit in the range of another.
    overlap: Cell<Option<usize>>,
    /// The starts of bodies that were put in braces.
    braced: BTreeSet<usize>,
}

#[derive(Clone, Debug)]
struct Edit {
    span: Span,
    new: Written,
}

/// The start of an edit, its rank, its end, and the number of earlier edits.
type Order = (usize, Rank, usize, usize);

/// The maximum number of copied bytes. No hand-written policy comes near it, but a long `with` is copied for every
/// argument, so a small policy could otherwise expand until it fills the memory.
const COPY_LIMIT: usize = 16 << 20;

/// Edits that cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EditError {
    /// The copied text exceeds [`COPY_LIMIT`].
    CopyLimitExceeded,
    /// Two edits change the same text, the second at this offset. A dropped edit could change what a policy decides.
    Overlap(usize),
}

/// Text written by a pass: new text, and parts that it moves.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    text: String,
    /// The starts of moved parts in the new text, and their original ranges.
    moved: Vec<(usize, Span)>,
}

impl Written {
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a text from `span`, as returned by [`Edits::take`].
    pub(super) fn push_moved(&mut self, text: &str, span: &Span) {
        self.moved.push((self.text.len(), span.clone()));
        self.text.push_str(text);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn append(&mut self, other: &Self) {
        let start = self.text.len();
        self.text.push_str(&other.text);
        self.moved.extend(other.moved.iter().map(|(at, span)| (start + at, span.clone())));
    }
}

impl From<&str> for Written {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), moved: Vec::new() }
    }
}

fn joined(statements: &[Written]) -> Written {
    let mut joined = Written::default();
    for (index, statement) in statements.iter().enumerate() {
        if index > 0 {
            joined.push("; ");
        }
        joined.append(statement);
    }
    joined
}

/// The order of insertions at one offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Opening,
    Content,
    Closing,
}

impl<'t> Edits<'t> {
    pub(super) fn new(text: &'t str, line_ends: &'t [usize]) -> Self {
        let (edits, copied, overlap) = (BTreeMap::new(), Cell::new(0), Cell::new(None));
        Self { text, line_ends, edits, count: 0, copied, overlap, braced: BTreeSet::new() }
    }

    /// Replaces a range with `new`, and keeps the line breaks of the range before it.
    pub(super) fn replace(&mut self, span: Span, new: impl Into<Written>) {
        let (old, new) = (self.text.get(span.clone()).unwrap_or(""), new.into());
        let feeds = old.matches('\n').count().saturating_sub(new.text.matches('\n').count());
        let mut written = Written::from("\n".repeat(feeds).as_str());
        written.append(&new);
        self.push(span, Rank::Content, written);
    }

    pub(super) fn insert(&mut self, at: usize, new: impl Into<Written>) {
        self.push(at..at, Rank::Content, new.into());
    }

    fn push(&mut self, span: Span, rank: Rank, new: Written) {
        self.count += 1;
        let order = (span.start, rank, span.end, self.count);
        self.edits.insert(order, Edit { span, new });
    }

    /// Adds statements before a literal of a body.
    pub(super) fn before(&mut self, body: &Body, literal: &Literal, statements: &[Written]) {
        if statements.is_empty() {
            return;
        }
        self.brace(body);
        let mut written = joined(statements);
        written.push("; ");
        self.insert(literal.span.start, written);
    }

    /// Adds statements after a literal of a body.
    pub(super) fn behind(&mut self, body: &Body, literal: &Literal, statements: &[Written]) {
        if statements.is_empty() {
            return;
        }
        self.brace(body);
        let mut written = Written::from("; ");
        written.append(&joined(statements));
        self.insert(literal.span.end, written);
    }

    /// Adds statements after the last literal of a body.
    pub(super) fn after(&mut self, body: &Body, statements: &[Written]) {
        if let Some(last) = body.literals.last() {
            self.behind(body, last, statements);
        }
    }

    /// Adds a body to a rule whose head ends at `at`.
    pub(super) fn add_body(&mut self, at: usize, version: RegoVersion, statements: &[Written]) {
        if statements.is_empty() {
            return;
        }
        let opening = match version {
            RegoVersion::V1 => " if { ",
            RegoVersion::V0 => " { ",
        };
        let mut body = Written::from(opening);
        body.append(&joined(statements));
        body.push(" }");
        self.insert(at, body);
    }

    /// Puts braces around a body, which otherwise takes only one literal.
    pub(super) fn brace(&mut self, body: &Body) {
        let ([literal], Enclosure::Bare) = (body.literals.as_slice(), body.enclosure) else { return };
        if self.braced.insert(literal.span.start) {
            self.push(literal.span.start..literal.span.start, Rank::Opening, "{ ".into());
            self.push(literal.span.end..literal.span.end, Rank::Closing, " }".into());
        }
    }

    /// Returns the edited text of a range on one line.
    pub(super) fn copy(&self, span: &Span) -> String {
        let mut edits: BTreeMap<Order, &Edit> = self.within(span).collect();
        let length = span.len() + edits.values().map(|edit| edit.new.text.len()).sum::<usize>();
        self.copied.set(self.copied.get().saturating_add(length));
        if self.copied.get() > COPY_LIMIT {
            return String::new();
        }
        // On one line, a semicolon replaces a separating line break that is still there.
        let first = self.line_ends.partition_point(|end| *end <= span.start);
        let replaced: Vec<Span> = edits.values().map(|edit| edit.span.clone()).collect();
        let is_replaced = |end: usize| replaced.iter().any(|span| span.start < end && end < span.end);
        let ends = self.line_ends[first..].iter().take_while(|end| **end < span.end);
        let ends = ends.filter(|end| !is_replaced(**end));
        let semicolons: Vec<Edit> = ends.map(|end| Edit { span: *end..*end, new: ";".into() }).collect();
        edits
            .extend(semicolons.iter().map(|edit| ((edit.span.start, Rank::Closing, edit.span.end, 0), edit)));
        match apply(self.text, span, edits.into_values()) {
            Ok((text, _)) => on_one_line(&text),
            Err(overlap) => {
                self.overlap.set(self.overlap.get().or(Some(overlap)));
                String::new()
            }
        }
    }

    /// As [`Edits::copy`]; the edits in the range are removed from it.
    pub(super) fn take(&mut self, span: &Span) -> String {
        let text = self.copy(span);
        let taken: Vec<Order> = self.within(span).map(|(order, _)| order).collect();
        for order in taken {
            self.edits.remove(&order);
        }
        text
    }

    fn within(&self, span: &Span) -> impl Iterator<Item = (Order, &Edit)> {
        let end = span.end;
        self.edits
            .range((span.start, Rank::Opening, 0, 0)..=(end, Rank::Closing, usize::MAX, usize::MAX))
            .filter(move |(_, edit)| edit.span.end <= end)
            .map(|(order, edit)| (*order, edit))
    }

    /// Returns the edited text and its offsets in the original, or `None` without edits.
    pub(super) fn apply(self) -> Result<Option<(String, Shifts)>, EditError> {
        if self.copied.get() > COPY_LIMIT {
            return Err(EditError::CopyLimitExceeded);
        }
        if let Some(overlap) = self.overlap.get() {
            return Err(EditError::Overlap(overlap));
        }
        if self.edits.is_empty() {
            return Ok(None);
        }
        apply(self.text, &(0..self.text.len()), self.edits.values()).map(Some).map_err(EditError::Overlap)
    }
}

/// Returns the edited text of a range with the places of the edits, or the offset of an edit in the range of another.
fn apply<'e>(
    text: &str,
    span: &Span,
    edits: impl Iterator<Item = &'e Edit>,
) -> Result<(String, Shifts), usize> {
    let (mut new, mut shifts, mut at) = (String::new(), Shifts(Vec::new()), span.start);
    for edit in edits {
        let Some(kept) = text.get(at..edit.span.start) else { return Err(edit.span.start) };
        new.push_str(kept);
        let start = new.len();
        new.push_str(&edit.new.text);
        at = edit.span.end;
        let moved = edit.new.moved.clone();
        shifts.0.push(Shift { old: edit.span.clone(), new: start..new.len(), moved });
    }
    new.push_str(text.get(at..span.end).unwrap_or(""));
    Ok((new, shifts))
}

/// Maps offsets in an edited text to offsets in the original.
#[derive(Clone, Debug)]
pub(super) struct Shifts(Vec<Shift>);

#[derive(Clone, Debug)]
struct Shift {
    old: Span,
    new: Span,
    /// See [`Written`].
    moved: Vec<(usize, Span)>,
}

impl Shifts {
    /// Returns the original offset. Text added by a pass maps to the place where it was inserted.
    pub(super) fn before(&self, offset: usize) -> usize {
        let index = self.0.partition_point(|shift| shift.new.start <= offset);
        match index.checked_sub(1).and_then(|index| self.0.get(index)) {
            None => offset,
            Some(shift) if offset < shift.new.end => shift.before(offset - shift.new.start),
            Some(shift) => offset - shift.new.end + shift.old.end,
        }
    }
}

impl Shift {
    /// Returns the original offset of an offset in the written text.
    fn before(&self, offset: usize) -> usize {
        let moved = self.moved.iter().rev().find(|(at, _)| *at <= offset);
        moved.map_or(self.old.start, |(at, span)| (span.start + offset - at).min(span.end))
    }
}

fn on_one_line(text: &str) -> String {
    let Ok(tokens) = token::read(text) else { return text.replace('\n', " ") };
    let mut line = String::new();
    let mut end = 0;
    for token in tokens {
        if token.span.start > end && !line.is_empty() {
            line.push(' ');
        }
        end = token.span.end;
        let text = text.get(token.span).unwrap_or("");
        if token.kind == TokenKind::RawText && text.contains('\n') {
            line.push_str(&serde_json::Value::from(text.trim_matches('`')).to_string());
        } else {
            line.push_str(text);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_keeps_line_breaks() {
        let mut edits = Edits::new("f(a.\nb, c)", &[]);
        edits.replace(2..6, "x");
        edits.insert(0, "not ");
        let (text, shifts) = edits.apply().unwrap().unwrap();
        assert_eq!(text, "not f(\nx, c)");
        assert_eq!(shifts.before(0), 0);
        assert_eq!(shifts.before(4), 0);
        assert_eq!(shifts.before(7), 2);
        assert_eq!(shifts.before(10), 8);
    }

    #[test]
    fn moved_text_maps_to_its_original_offset() {
        let mut edits = Edits::new("not f(x.y)", &[]);
        let mut statement = Written::from("z := ");
        statement.push_moved(&edits.take(&(6..9)), &(6..9));
        statement.push("; ");
        edits.replace(6..9, "z");
        edits.insert(0, statement);
        let (text, shifts) = edits.apply().unwrap().unwrap();
        assert_eq!(text, "z := x.y; not f(z)");
        assert_eq!([0, 5, 7, 9, 10, 16, 17].map(|offset| shifts.before(offset)), [0, 6, 8, 9, 0, 6, 9]);
    }

    #[test]
    fn a_copy_is_on_one_line() {
        let text = "[x | x := y # \"z\n z]\n `a\n\"`";
        let line_ends = [11];
        let mut edits = Edits::new(text, &line_ends);
        edits.replace(10..11, "w");
        assert_eq!(edits.copy(&(0..text.len())), r#"[x | x := w; z] "a\n\"""#);
        edits.take(&(0..20));
        assert_eq!(edits.apply().unwrap().map(|(text, _)| text), None);
    }

    #[test]
    fn overlapping_edits_are_an_error() {
        let mut edits = Edits::new("f(a, b)", &[]);
        edits.replace(2..6, "x");
        edits.replace(5..6, "y");
        assert!(edits.copy(&(0..7)).is_empty());
        assert_eq!(edits.apply().map(|_| ()), Err(EditError::Overlap(5)));
        let mut edits = Edits::new("f(a, b)", &[]);
        edits.replace(2..3, "x");
        edits.replace(2..3, "y");
        assert_eq!(edits.apply().map(|_| ()), Err(EditError::Overlap(2)));
    }

    #[test]
    fn copying_has_a_limit() {
        let text = "x".repeat(1 << 20);
        let edits = Edits::new(&text, &[]);
        for _ in 0..16 {
            assert_eq!(edits.copy(&(0..text.len())).len(), text.len());
        }
        assert!(edits.copy(&(0..text.len())).is_empty());
        assert_eq!(edits.apply().map(|_| ()), Err(EditError::CopyLimitExceeded));
    }
}
