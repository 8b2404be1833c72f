//! Places in source files: which file, which line, how precise.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The text of one file of a configuration.
///
/// The text may contain secrets; nothing here decides what of it may be printed.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    path: PathBuf,
    text: String,
    /// The first byte of every line.
    lines: Vec<usize>,
}

/// A position in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The character within the line, counted from 1.
    pub column: usize,
}

/// A range of text in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The bytes of [`SourceFile::text`]. They are within one line.
    pub span: Range<usize>,
}

/// Where a resource or one of its attributes is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The attribute, or the innermost block that certainly contains it.
    pub at: Spot,
    /// The block of the resource.
    pub block: Spot,
    /// Which of the two `at` is.
    pub precision: Precision,
    /// Where the value of the attribute comes from, if it is a copy: local values and arguments of module calls, from
    /// the nearest on, and the variable of the root module, or the default of another, at the end. It ends where a value
    /// is made of something else. Empty for a block.
    pub from: Vec<Spot>,
}

/// How much of the path a [`Place`] reflects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// The attribute or the nested block that the path names.
    Attribute,
    /// A block around it: the configuration does not set the attribute, or it is not certain which line does. Also
    /// where no attribute was asked for.
    Block,
}

impl SourceFile {
    /// Takes the bytes of a file. A byte order mark is removed; bytes that are not UTF-8, which Terraform allows in
    /// comments, are replaced by U+FFFD.
    pub(crate) fn new(path: PathBuf, bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = String::from_utf8_lossy(bytes).into_owned();
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { path, text, lines }
    }

    /// The path, relative to what the path of the configuration is relative to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a line, counted from 1, without its end; empty if there is no such line.
    pub fn line(&self, number: usize) -> &str {
        let start = number.checked_sub(1).and_then(|line| self.lines.get(line)).copied();
        let rest = start.and_then(|start| self.text.get(start..)).unwrap_or_default();
        rest.lines().next().unwrap_or_default()
    }

    /// The position of a byte of the text; beyond the end it is the end.
    pub fn position(&self, byte: usize) -> Position {
        let byte = byte.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = line.checked_sub(1).and_then(|line| self.lines.get(line)).copied().unwrap_or_default();
        let before = self.text.as_bytes().get(start..byte).unwrap_or_default();
        // A byte that continues a character is none of its own.
        let column = 1 + before.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        Position { line, column }
    }

    /// A range of the text, up to the end of its first line.
    pub(crate) fn spot(self: &Arc<Self>, span: &Range<usize>) -> Spot {
        let text = self.text.get(span.clone()).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default().trim_end();
        Spot { file: Arc::clone(self), span: span.start..span.start + first.len() }
    }
}

impl Spot {
    /// Where the range starts.
    pub fn start(&self) -> Position {
        self.file.position(self.span.start)
    }

    /// Where the range ends: the character behind its last one.
    pub fn end(&self) -> Position {
        self.file.position(self.span.end)
    }
}

impl Place {
    /// The line of [`Place::at`], counted from 1.
    pub fn line(&self) -> usize {
        self.at.start().line
    }

    /// The file of [`Place::at`].
    pub fn file(&self) -> &Path {
        self.at.file.path()
    }

    /// The same place without the attribute.
    pub(crate) fn without_attribute(self) -> Self {
        Self { at: self.block.clone(), block: self.block, precision: Precision::Block, from: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> Arc<SourceFile> {
        Arc::new(SourceFile::new(PathBuf::from("main.tf"), bytes))
    }

    #[test]
    fn columns_count_characters() {
        let file = file("a\n\té = 1\r\nb".as_bytes());
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        let equals = file.text().find('=').unwrap();
        assert_eq!(file.position(equals), Position { line: 2, column: 4 });
        assert_eq!(file.position(99), Position { line: 3, column: 2 });
    }

    #[test]
    fn lines_are_found_by_their_number() {
        let file = file(b"a\r\n\nb");
        assert_eq!([0, 1, 2, 3, 4].map(|number| file.line(number)), ["", "a", "", "b", ""]);
    }

    #[test]
    fn a_byte_order_mark_does_not_shift_the_first_line() {
        let file = file(b"\xef\xbb\xbfa = 1");
        assert_eq!(file.position(file.text().find('a').unwrap()), Position { line: 1, column: 1 });
    }

    #[test]
    fn bytes_that_are_not_utf_8_count_as_one_character() {
        let file = file(b"# \xe9t\xe9\n/* \xe9 */ a = 1");
        assert_eq!(file.position(file.text().find('a').unwrap()), Position { line: 2, column: 9 });
    }

    #[test]
    fn a_spot_ends_with_its_line() {
        let file = file(b"a = [\r\n  1\r\n]\r\n");
        let spot = file.spot(&(0..14));
        assert_eq!(
            (spot.start(), spot.end()),
            (Position { line: 1, column: 1 }, Position { line: 1, column: 6 })
        );
    }
}
