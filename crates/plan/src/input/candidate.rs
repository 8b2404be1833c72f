//! A file that may be a plan, and how it is read.

use std::fs::{File, FileType};
use std::io::{self, Read};
use std::path::Path;

use memchr::memmem;

use super::decode::{Producer, is_binary_plan, within};
use super::document::{Document, Draft};
use super::error::InputError;
use super::options::ReadOptions;
use super::origin::Origin;
use super::problem::{Problem, SizeStage, SpecialKind};
use super::sha256::Sha256Digest;
use super::skipped::{SkipReason, Skipped};
use super::terraform;

/// How a file was selected, which decides how strictly it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mention {
    /// The user named it: it must be a plan.
    Named,
    /// It was found in a directory: it may be a complete document of another kind.
    Found,
}

/// A file, or standard input, that may be a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub(super) origin: Origin,
    pub(super) mention: Mention,
}

/// The result of reading a candidate: documents, or what was made of them.
#[derive(Debug)]
pub enum Reading<D = Document> {
    /// A plan.
    Plan(D),
    /// One plan per line, each read or rejected.
    Lines(Vec<Result<D, InputError>>),
    /// A document of another kind, found in a directory.
    Skipped(Skipped),
}

impl<D> Reading<D> {
    /// Applies `work` to every document, and drops each before the next.
    pub fn map<R>(self, mut work: impl FnMut(D) -> R) -> Reading<R> {
        match self {
            Self::Plan(document) => Reading::Plan(work(document)),
            Self::Lines(lines) => Reading::Lines(lines.into_iter().map(|line| line.map(&mut work)).collect()),
            Self::Skipped(skipped) => Reading::Skipped(skipped),
        }
    }
}

impl Candidate {
    /// Where it is.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether it was named or found.
    pub const fn mention(&self) -> Mention {
        self.mention
    }

    /// How many bytes its file has; `None` for what has no size, such as a pipe.
    pub fn size(&self) -> Option<u64> {
        let metadata = self.origin.path()?.metadata().ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// Reads it whole.
    ///
    /// # Errors
    /// If it cannot be read or is not one complete plan. A complete document of another kind is an
    /// error only if the user named the file, or if it contains a plan.
    pub fn read(&self, options: &ReadOptions) -> Result<Reading, InputError> {
        let draft = self.draft(options).map_err(|problem| self.error(problem))?;
        match draft.recognise(&self.origin, options) {
            Ok(document) => Ok(Reading::Plan(document)),
            Err((Problem::Concatenated { .. }, text)) if has_plan_per_line(&text) => {
                Ok(Reading::Lines(self.lines(&text, options)))
            }
            Err((problem, text)) => match (self.mention, problem.other_kind()) {
                (Mention::Found, Some(kind)) if !mentions_resource_changes(&text) => {
                    Ok(Reading::Skipped(Skipped {
                        origin: self.origin.clone(),
                        reason: SkipReason::OtherDocument(kind),
                    }))
                }
                _ => Err(self.error(problem)),
            },
        }
    }

    fn lines(&self, text: &str, options: &ReadOptions) -> Vec<Result<Document, InputError>> {
        numbered_lines(text)
            .map(|(line, text)| {
                let origin = Origin::Line { within: Box::new(self.origin.clone()), line };
                Document::from_line(origin, text, options)
            })
            .collect()
    }

    fn error(&self, problem: Problem) -> InputError {
        InputError::new(self.origin.clone(), problem)
    }

    fn draft(&self, options: &ReadOptions) -> Result<Draft, Problem> {
        let cap = options.size_cap;
        let bytes = match &self.origin {
            Origin::Stdin => read_capped(io::stdin().lock(), 0, cap)?,
            Origin::File(path) => {
                let (file, size) = open(path, self.mention)?;
                read_capped(file, size, cap)?
            }
            Origin::Line { .. } | Origin::Memory(_) => return Err(Problem::Special(SpecialKind::Unknown)),
        };
        match (&options.terraform, self.origin.path()) {
            (Some(program), Some(path)) if path.is_file() && is_binary_plan(&bytes) => {
                let shown = Draft::decode(terraform::show(program, path, options)?, options)?;
                let sha256 = Sha256Digest::of(&bytes);
                // The program read the file once more: what it showed must be what has the fingerprint.
                if Sha256Digest::of_file(path).map_err(Problem::Unreadable)? != sha256 {
                    return Err(Problem::Changed);
                }
                let shown_sha256 = Some(shown.sha256);
                Ok(Draft { sha256, shown_sha256, producer: Producer::Terraform, ..shown })
            }
            _ => Draft::decode(bytes, options),
        }
    }
}

/// The lines that are not blank, counted from 1.
fn numbered_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty())
}

/// Whether every line looks like an object of its own, and each has a section of a plan.
fn has_plan_per_line(text: &str) -> bool {
    let sections = ["\"resource_changes\"", "\"planned_values\""];
    numbered_lines(text).all(|(_, line)| {
        line.starts_with('{')
            && line.trim_end().ends_with('}')
            && sections.iter().any(|section| memmem::find(line.as_bytes(), section.as_bytes()).is_some())
    })
}

/// An array of plans, or a plan inside another object, was meant to be a plan.
fn mentions_resource_changes(text: &str) -> bool {
    memmem::find(text.as_bytes(), b"\"resource_changes\"").is_some()
}

/// Reads to the end, or to one byte past `cap`. `size` is only an estimate: a file may grow, and a
/// pipe has no size.
fn read_capped(from: impl Read, size: u64, cap: u64) -> Result<Vec<u8>, Problem> {
    if size > cap {
        return Err(Problem::TooLarge { cap, stage: SizeStage::Read });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    from.take(cap.saturating_add(1)).read_to_end(&mut bytes).map_err(Problem::Unreadable)?;
    within(bytes, cap, SizeStage::Read)
}

/// Opens a regular file, or a pipe if the user named it (as `<(command)` in a shell does).
fn open(path: &Path, mention: Mention) -> Result<(File, u64), Problem> {
    // Before opening, because opening a device may have effects; after it, because the path may have
    // changed in between.
    check_type(path.metadata().map_err(Problem::Unreadable)?.file_type(), mention)?;
    let file = File::open(path).map_err(Problem::Unreadable)?;
    let metadata = file.metadata().map_err(Problem::Unreadable)?;
    check_type(metadata.file_type(), mention)?;
    Ok((file, metadata.len()))
}

fn check_type(file_type: FileType, mention: Mention) -> Result<(), Problem> {
    match (special_kind(file_type), mention) {
        (None, _) | (Some(SpecialKind::Fifo), Mention::Named) => Ok(()),
        (Some(kind), _) => Err(Problem::Special(kind)),
    }
}

/// The kind of a path that is not a regular file.
pub(super) fn special_kind(file_type: FileType) -> Option<SpecialKind> {
    if file_type.is_file() {
        return None;
    }
    if file_type.is_dir() {
        return Some(SpecialKind::Directory);
    }
    Some(kind_of_node(file_type))
}

#[cfg(unix)]
fn kind_of_node(file_type: FileType) -> SpecialKind {
    use std::os::unix::fs::FileTypeExt;
    if file_type.is_fifo() {
        SpecialKind::Fifo
    } else if file_type.is_socket() {
        SpecialKind::Socket
    } else if file_type.is_block_device() || file_type.is_char_device() {
        SpecialKind::Device
    } else {
        SpecialKind::Unknown
    }
}

#[cfg(not(unix))]
fn kind_of_node(_: FileType) -> SpecialKind {
    SpecialKind::Unknown
}
