//! Turns files, directories and standard input into documents, and rejects what is not a plan.
//!
//! [`discover`] finds what to read, [`Candidate::read`] reads one of them (in any order, on any
//! thread), and [`Discovery::conclude`] accounts for all of them: every file named or found ends up
//! as a [`Document`], as [`Skipped`] with a reason, or as an [`InputError`].

mod candidate;
mod decode;
mod depth;
mod discover;
mod document;
mod error;
mod format_version;
mod help;
mod not_json;
mod notice;
mod options;
mod origin;
mod partition;
mod position;
mod problem;
mod recognise;
mod search;
mod sha256;
mod skipped;
mod sniff;
mod source;
mod surrogates;
mod terraform;
mod text_file;
mod top_level;

pub use candidate::{Candidate, Mention, Reading};
pub use decode::{Compression, Decoding, Encoding, Producer, WrapperLines};
pub use depth::DEPTH_LIMIT;
pub use discover::{Batch, Discovery, SearchedDirectory, discover};
pub use document::Document;
pub use error::InputError;
pub use format_version::{FormatVersion, NEWEST_KNOWN};
pub use notice::Notice;
pub use options::{
    DEFAULT_SIZE_CAP, DEFAULT_TERRAFORM_TIMEOUT, OnWrapperLines, ReadOptions, SIGNING_KEY, Terraform,
};
pub use origin::Origin;
pub use partition::{NoPartition, Partition};
pub use position::Position;
pub use problem::{JsonKind, LinkTarget, Problem, SizeStage, SpecialKind, TextKind, Utf16Fault};
pub use sha256::Sha256Digest;
pub use skipped::{OtherKind, SkipReason, Skipped};
pub use source::Source;
pub use text_file::{TEXT_FILE_LIMIT, read_text_file};
pub use top_level::Section;
