//! One plan's text, validated as complete JSON, with its origin and its encoding.

use std::ops::Range;

use super::decode::{self, Decoded, Decoding, Encoding, Producer, WrapperLines};
use super::error::InputError;
use super::format_version::FormatVersion;
use super::notice::Notice;
use super::options::ReadOptions;
use super::origin::Origin;
use super::problem::{Problem, SizeStage};
use super::recognise::recognise;
use super::sha256::Sha256Digest;

/// A complete plan document.
///
/// Its text is one JSON object without anything around it, nested no deeper than
/// [`DEPTH_LIMIT`](super::DEPTH_LIMIT), with a supported `format_version` and at least one of
/// `planned_values` and `resource_changes`.
#[derive(Clone, Debug)]
pub struct Document {
    origin: Origin,
    text: String,
    range: Range<usize>,
    decoding: Decoding,
    format_version: FormatVersion,
    sha256: Sha256Digest,
    shown_sha256: Option<Sha256Digest>,
}

impl Document {
    /// A plan's JSON from memory, with a name for messages.
    ///
    /// # Errors
    /// If the text is not one complete plan.
    pub fn from_text(name: impl Into<String>, text: impl Into<String>) -> Result<Self, InputError> {
        Self::from_bytes(name, text.into().into_bytes(), &ReadOptions::default())
    }

    /// A plan from memory, decoded like a file: compressed, in UTF-16, and so on.
    /// `options.terraform` is not used: it needs a file.
    ///
    /// # Errors
    /// If the bytes are not one complete plan, or more than the options allow.
    pub fn from_bytes(
        name: impl Into<String>,
        bytes: Vec<u8>,
        options: &ReadOptions,
    ) -> Result<Self, InputError> {
        let origin = Origin::Memory(name.into());
        let draft = decode::within(bytes, options.size_cap, SizeStage::Read)
            .and_then(|bytes| Draft::decode(bytes, options));
        match draft.and_then(|draft| draft.recognise(&origin, options).map_err(|(problem, _)| problem)) {
            Ok(document) => Ok(document),
            Err(problem) => Err(InputError::new(origin, problem)),
        }
    }

    /// A plan that is one line of a text.
    pub(super) fn from_line(origin: Origin, line: &str, options: &ReadOptions) -> Result<Self, InputError> {
        let draft = Draft::decode(line.as_bytes().to_vec(), options);
        let read = draft.and_then(|draft| draft.recognise(&origin, options).map_err(|(problem, _)| problem));
        read.map_err(|problem| InputError::new(origin, problem))
    }

    /// Where the document came from.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The plan's JSON in UTF-8, without a byte order mark or anything else around it.
    pub fn text(&self) -> &str {
        self.text.get(self.range.clone()).unwrap_or_default()
    }

    /// How the bytes were turned into the text.
    pub const fn decoding(&self) -> Decoding {
        self.decoding
    }

    /// The version of the plan's format.
    pub const fn format_version(&self) -> FormatVersion {
        self.format_version
    }

    /// The fingerprint of the bytes as read; for a binary plan, of the plan file.
    pub const fn sha256(&self) -> Sha256Digest {
        self.sha256
    }

    /// Of a binary plan, the fingerprint of the JSON that Terraform printed for it.
    pub const fn shown_sha256(&self) -> Option<Sha256Digest> {
        self.shown_sha256
    }

    /// Warnings about how the document was read.
    pub fn notices(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        if self.format_version.is_newer_than_known() {
            notices.push(Notice::NewerFormat(self.format_version));
        }
        match self.decoding.encoding {
            Encoding::Utf16Le | Encoding::Utf16Be => notices.push(Notice::Transcoded),
            Encoding::Utf8 | Encoding::Utf8WithBom => {}
        }
        match self.decoding.wrapper_lines {
            WrapperLines::Stripped => notices.push(Notice::WrapperLinesStripped),
            WrapperLines::None => {}
        }
        notices
    }
}

/// Decoded text before it is recognised as a plan.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) decoded: Decoded,
    pub(super) sha256: Sha256Digest,
    /// Of a binary plan, the fingerprint of the JSON that Terraform printed.
    pub(super) shown_sha256: Option<Sha256Digest>,
    pub(super) producer: Producer,
}

impl Draft {
    pub(super) fn decode(bytes: Vec<u8>, options: &ReadOptions) -> Result<Self, Problem> {
        let sha256 = Sha256Digest::of(&bytes);
        let decoded = decode::decode(bytes, options.size_cap)?;
        Ok(Self { decoded, sha256, shown_sha256: None, producer: Producer::AsRead })
    }

    /// The document, or what it is instead, with its text.
    pub(super) fn recognise(
        self,
        origin: &Origin,
        options: &ReadOptions,
    ) -> Result<Document, (Problem, String)> {
        let Self { decoded, sha256, shown_sha256, producer } = self;
        let Decoded { text, start, encoding, compression } = decoded;
        match recognise(text.get(start..).unwrap_or_default(), options.wrapper_lines) {
            Ok(recognised) => Ok(Document {
                origin: origin.clone(),
                range: start + recognised.range.start..start + recognised.range.end,
                text,
                decoding: Decoding {
                    encoding,
                    compression,
                    wrapper_lines: recognised.wrapper_lines,
                    producer,
                },
                format_version: recognised.format_version,
                sha256,
                shown_sha256,
            }),
            Err(problem) => Err((problem, text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Compression, OnWrapperLines};

    const PLAN: &str = r#"{"format_version":"1.2","resource_changes":[]}"#;

    #[test]
    fn text_is_the_object_and_nothing_around_it() {
        let document = Document::from_text("a plan", format!("\u{feff}\n {PLAN}\n")).unwrap();
        assert_eq!(document.text(), PLAN);
        assert_eq!(document.origin().to_string(), "a plan");
        assert_eq!(document.decoding().encoding, Encoding::Utf8WithBom);
        assert_eq!(document.decoding().compression, Compression::None);
        assert_eq!(document.notices(), []);
    }

    #[test]
    fn the_fingerprint_is_of_the_bytes_as_read() {
        let plain = Document::from_text("a", PLAN).unwrap();
        let spaced = Document::from_text("a", format!("{PLAN}\n")).unwrap();
        assert_eq!(plain.text(), spaced.text());
        assert_ne!(plain.sha256(), spaced.sha256());
    }

    #[test]
    fn notices_tell_what_was_done() {
        let newer = Document::from_text("a", PLAN.replace("1.2", "1.7")).unwrap();
        assert_eq!(newer.notices(), [Notice::NewerFormat(newer.format_version())]);
        let options = ReadOptions { wrapper_lines: OnWrapperLines::Strip, ..ReadOptions::default() };
        let text = format!("\u{feff}[command]x\n{PLAN}");
        let bytes = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let wrapped = Document::from_bytes("a", bytes, &options).unwrap();
        assert_eq!(wrapped.notices(), [Notice::Transcoded, Notice::WrapperLinesStripped]);
        assert_eq!(wrapped.text(), PLAN);
    }

    #[test]
    fn the_size_cap_holds_for_memory_too() {
        let options = ReadOptions { size_cap: 10, ..ReadOptions::default() };
        let error = Document::from_bytes("a", PLAN.into(), &options).unwrap_err();
        assert!(matches!(error.problem(), Problem::TooLarge { cap: 10, .. }));
    }
}
