//! Searches directories for plans: follows links, skips what belongs to other programs, and looks into files.

use std::collections::{HashMap, HashSet};
use std::fs::{FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use glob::MatchOptions;
use walkdir::{DirEntry, WalkDir};

use super::candidate::{Candidate, Mention, special_kind};
use super::discover::{Directory, Discovery};
use super::error::InputError;
use super::options::ReadOptions;
use super::origin::Origin;
use super::problem::{LinkTarget, Problem};
use super::skipped::{SkipReason, Skipped};
use super::sniff::{Look, look};
use super::source::Source;

/// The state of one discovery.
pub(super) struct Search {
    pub(super) found: Discovery,
    /// Candidates by the identity of their file.
    by_place: HashMap<Place, usize>,
    /// What the user names, in its canonical form.
    named: Vec<PathBuf>,
    size_cap: u64,
}

/// The text of a path with characters that stand for others.
fn pattern(path: &Path) -> Option<&str> {
    path.to_str().filter(|text| text.contains(['*', '?', '[']))
}

#[derive(PartialEq, Eq, Hash)]
enum Place {
    Stdin,
    Path(PathBuf),
}

impl Search {
    /// A search in which links are followed to whatever is in one of the sources.
    pub(super) fn within(sources: &[Source], options: &ReadOptions) -> Self {
        let named = sources.iter().filter_map(|source| match source {
            Source::Path(path) => path.canonicalize().ok(),
            Source::Stdin => None,
        });
        Self {
            found: Discovery::default(),
            by_place: HashMap::new(),
            named: named.collect(),
            size_cap: options.size_cap,
        }
    }

    pub(super) fn source(&mut self, source: &Source) {
        match source {
            Source::Stdin => {
                self.add(Place::Stdin, Origin::Stdin, Mention::Named);
            }
            Source::Path(path) => match (path.metadata(), pattern(path)) {
                (Err(error), Some(pattern)) if error.kind() == io::ErrorKind::NotFound => {
                    self.matching(path, pattern);
                }
                (metadata, _) => self.path(path, metadata),
            },
        }
    }

    fn path(&mut self, path: &Path, metadata: io::Result<Metadata>) {
        match metadata {
            Ok(metadata) if metadata.is_dir() => self.directory(path),
            Ok(metadata) => {
                // A pipe's name may have no canonical form (`/dev/fd/63`).
                let place = if metadata.is_file() { path.canonicalize() } else { Ok(path.to_owned()) };
                match place {
                    Ok(place) => {
                        self.add(Place::Path(place), Origin::File(path.to_owned()), Mention::Named);
                    }
                    Err(error) => self.unreadable(path, error),
                }
            }
            Err(error) => self.unreadable(path, error),
        }
    }

    /// What a pattern matches is named by the user, as if a shell had expanded it.
    fn matching(&mut self, path: &Path, pattern: &str) {
        let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
        let fail = |problem| InputError::new(Origin::File(path.to_owned()), problem);
        let matches = match glob::glob_with(pattern, options) {
            Ok(matches) => matches,
            Err(error) => {
                self.found.errors.push(fail(Problem::InvalidPattern { reason: error.msg }));
                return;
            }
        };
        let mut names = Vec::new();
        let errors_before = self.found.errors.len();
        for found in matches {
            match found {
                Ok(name) => names.push(name),
                Err(error) => {
                    let path = error.path().to_owned();
                    self.unreadable(&path, error.into());
                }
            }
        }
        if names.is_empty() && self.found.errors.len() == errors_before {
            self.found.errors.push(fail(Problem::NoMatch));
        }
        self.named.extend(names.iter().filter_map(|name| name.canonicalize().ok()));
        for name in names {
            self.path(&name, name.metadata());
        }
    }

    /// Adds a candidate unless its file is in the list, and returns its position.
    fn add(&mut self, place: Place, origin: Origin, mention: Mention) -> usize {
        let next = self.found.files.len();
        let index = *self.by_place.entry(place).or_insert(next);
        match self.found.files.get_mut(index) {
            // A file that was found and is also named must be a plan.
            Some(known) if mention == Mention::Named => known.mention = Mention::Named,
            Some(_) => {}
            None => self.found.files.push(Candidate { origin, mention }),
        }
        index
    }

    fn unreadable(&mut self, path: &Path, error: io::Error) {
        self.found.errors.push(InputError::new(Origin::File(path.to_owned()), Problem::Unreadable(error)));
    }

    fn skip(&mut self, path: &Path, reason: SkipReason) {
        self.found.skipped.push(Skipped { origin: Origin::File(path.to_owned()), reason });
    }

    fn directory(&mut self, root: &Path) {
        let canonical_root = match root.canonicalize() {
            Ok(canonical) => canonical,
            Err(error) => return self.unreadable(root, error),
        };
        let errors_before = self.found.errors.len();
        let mut candidates = Vec::new();
        let mut walk = Walk::default();
        walk.walked.insert(canonical_root);
        self.walk(root, &mut walk, &mut candidates);
        // What links point to comes last, so that it is named by its own path where it has one in the directory.
        while let Some((link, target)) = walk.linked.pop() {
            if walk.walked.insert(target) {
                self.walk(&link, &mut walk, &mut candidates);
            }
        }
        // A directory that could not be searched has its error already.
        if !candidates.is_empty() || self.found.errors.len() == errors_before {
            self.found.directories.push(Directory { path: root.to_owned(), candidates, elsewhere: 0 });
        }
    }

    fn walk(&mut self, start: &Path, walk: &mut Walk, candidates: &mut Vec<usize>) {
        let mut entries = WalkDir::new(start).min_depth(1).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {
                    if let Some(reason) = reason_to_skip(&entry) {
                        self.skip(entry.path(), reason);
                        entries.skip_current_dir();
                    } else if entry.path().canonicalize().is_ok_and(|place| !walk.walked.insert(place)) {
                        entries.skip_current_dir();
                    }
                }
                Ok(entry) if entry.path_is_symlink() => candidates.extend(self.link(entry.path(), walk)),
                Ok(entry) => {
                    candidates.extend(self.file(entry.path(), entry.path().to_owned(), entry.file_type()));
                }
                Err(error) => {
                    let path = error.path().unwrap_or(start).to_owned();
                    let error = error.into_io_error().unwrap_or_else(|| io::Error::other("a loop of links"));
                    self.unreadable(&path, error);
                }
            }
        }
    }

    fn link(&mut self, path: &Path, walk: &mut Walk) -> Option<usize> {
        let target = path.canonicalize().and_then(|place| Ok((place.metadata()?.file_type(), place)));
        let (file_type, place) = match target {
            Ok(target) => target,
            Err(error) if NameKind::of(path) != NameKind::Other => {
                self.unreadable(path, error);
                return None;
            }
            Err(_) => {
                self.skip(path, SkipReason::DanglingLink);
                return None;
            }
        };
        if self.named.iter().any(|named| place.starts_with(named)) {
            if file_type.is_dir() {
                walk.linked.push((path.to_owned(), place));
                return None;
            }
            return self.file(path, place, file_type);
        }
        let target = if file_type.is_dir() {
            Some(LinkTarget::Directory)
        } else if file_type.is_file() {
            match look(&place, self.size_cap) {
                Ok(Look::Plan) => Some(LinkTarget::Plan),
                Ok(Look::Empty | Look::Binary | Look::Text) => None,
                Err(error) => {
                    self.unreadable(path, error);
                    return None;
                }
            }
        } else {
            None
        };
        match target {
            Some(target) => self.found.errors.push(InputError::new(
                Origin::File(path.to_owned()),
                Problem::LinkOutside { target, path: place },
            )),
            None => self.skip(path, SkipReason::LinkOutside),
        }
        None
    }

    /// A file at `path`, whose own place may be another.
    fn file(&mut self, path: &Path, place: PathBuf, file_type: FileType) -> Option<usize> {
        let name = NameKind::of(path);
        if let Some(kind) = special_kind(file_type) {
            match name {
                NameKind::Json | NameKind::BinaryPlan => self.skip(path, SkipReason::Special(kind)),
                NameKind::Other => self.found.other_files += 1,
            }
            return None;
        }
        let look = match name {
            // Whatever is in it, it is read.
            NameKind::Json => Ok(Look::Plan),
            NameKind::BinaryPlan | NameKind::Other => look(&place, self.size_cap),
        };
        match (look, name) {
            (Ok(Look::Plan), _) | (Ok(Look::Empty | Look::Binary), NameKind::BinaryPlan) => {}
            (Ok(Look::Text), NameKind::BinaryPlan) => {
                self.skip(path, SkipReason::TextNamedAsPlan);
                return None;
            }
            (Ok(_), NameKind::Json | NameKind::Other) => {
                self.found.other_files += 1;
                return None;
            }
            (Err(error), _) => {
                self.unreadable(path, error);
                return None;
            }
        }
        match place.canonicalize() {
            Ok(place) => Some(self.add(Place::Path(place), Origin::File(path.to_owned()), Mention::Found)),
            Err(error) => {
                self.unreadable(path, error);
                None
            }
        }
    }
}

/// The state of searching one directory that the user named.
#[derive(Default)]
struct Walk {
    /// The directories that were searched, in their canonical form: links may lead to one several times.
    walked: HashSet<PathBuf>,
    /// Links to directories, with what they point to.
    linked: Vec<(PathBuf, PathBuf)>,
}

fn reason_to_skip(directory: &DirEntry) -> Option<SkipReason> {
    let name = directory.file_name();
    if name.to_string_lossy().starts_with('.') {
        Some(SkipReason::HiddenDirectory)
    } else if name == "node_modules" {
        Some(SkipReason::InstalledPackages)
    } else {
        None
    }
}

/// The kind of a file according to its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameKind {
    Json,
    BinaryPlan,
    Other,
}

impl NameKind {
    fn of(path: &Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        if name.ends_with(".json") || name.ends_with(".json.gz") {
            Self::Json
        } else if name == "tfplan" || name.starts_with("tfplan.") || name.ends_with(".tfplan") {
            Self::BinaryPlan
        } else {
            Self::Other
        }
    }
}
