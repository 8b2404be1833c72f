//! The files of a commit, with links followed as far as they stay in it.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::run::{Config, GitError, command, git};

/// As many links as Linux follows before it gives up.
const MOST_LINKS: usize = 40;

/// The most files below a path. Links can make many of few.
const MOST_FILES: usize = 200_000;

/// The largest file, far beyond any that is written by hand.
const LARGEST: usize = 64 << 20;

/// Why files of a commit cannot be had, in words.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// `git` does not start, or ends with an error.
    #[error(transparent)]
    Git(#[from] GitError),
    /// `git` ended early, or answered something else.
    #[error("git: {0}")]
    Answer(String),
    /// A link leads out of the tree, or in a circle.
    #[error("{0} is a link that leads out of the commit or in a circle")]
    Link(String),
    /// A path belongs to a submodule, whose files the commit does not hold.
    #[error("{0} is a submodule, whose files the commit does not contain")]
    Submodule(String),
    /// The name of a file is not UTF-8.
    #[error("the name of {0} is not UTF-8")]
    Name(String),
    /// There are too many files.
    #[error("{0} has more than {MOST_FILES} files")]
    TooMany(String),
    /// A file is too large.
    #[error("a file of the commit has more than {} MB", LARGEST >> 20)]
    TooLarge,
}

/// What a path of a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Link,
    Submodule,
}

/// The content of a file, by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object(String);

#[derive(Debug)]
struct Entry {
    kind: Kind,
    object: Object,
}

/// The files of a commit.
#[derive(Debug)]
pub struct Tree {
    entries: BTreeMap<String, Entry>,
    objects: Objects,
}

impl Tree {
    /// The files of a commit of the repository of a directory.
    ///
    /// # Errors
    ///
    /// If `git` cannot list them.
    pub fn open(repository: &Path, config: Config, commit: &str) -> Result<Self, TreeError> {
        let listing = git(repository, config, &["ls-tree", "-r", "-z", "--full-tree", commit])?;
        let mut entries = BTreeMap::new();
        for line in listing.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let line = std::str::from_utf8(line)
                .map_err(|_| TreeError::Name(String::from_utf8_lossy(line).into_owned()))?;
            let (head, path) = line.split_once('\t').unwrap_or_default();
            let mut words = head.split(' ');
            let kind = match words.next() {
                Some("120000") => Kind::Link,
                Some("160000") => Kind::Submodule,
                Some(_) | None => Kind::File,
            };
            let object = Object(words.nth(1).unwrap_or_default().to_owned());
            entries.insert(path.to_owned(), Entry { kind, object });
        }
        Ok(Self { entries, objects: Objects::open(repository, config)? })
    }

    /// The files at or below a path, relative to the top, by the names under which they are found; none if the commit has no
    /// such path.
    ///
    /// # Errors
    ///
    /// If something below it cannot be had.
    pub fn files(&mut self, path: &str) -> Result<BTreeMap<String, Object>, TreeError> {
        let mut found = Found { files: BTreeMap::new(), seen: 0, asked: path };
        self.find(path, path, 0, &mut found)?;
        Ok(found.files)
    }

    /// The content of a file.
    ///
    /// # Errors
    ///
    /// If `git` does not have it, or it is too large.
    pub fn read(&mut self, Object(object): &Object) -> Result<Vec<u8>, TreeError> {
        self.objects.read(object)
    }

    /// Finds what lies at `path`, for the name `place`.
    fn find(
        &mut self,
        path: &str,
        place: &str,
        links: usize,
        found: &mut Found<'_>,
    ) -> Result<(), TreeError> {
        let Some(path) = self.resolved(path, links)? else { return Ok(()) };
        let of = |entry: &Entry| (entry.kind, entry.object.clone());
        if let Some((kind, object)) = self.entries.get(&path).map(of) {
            return self.found(&path, kind, object, place.to_owned(), links, found);
        }
        let below = if path.is_empty() { String::new() } else { format!("{path}/") };
        let inside: Vec<(String, Kind, Object)> = self
            .entries
            .range(below.clone()..)
            .take_while(|(name, _)| name.starts_with(&below))
            .map(|(name, entry)| (name.clone(), entry.kind, entry.object.clone()))
            .collect();
        for (name, kind, object) in inside {
            let rest = name.strip_prefix(&below).unwrap_or(&name);
            let place = if place.is_empty() { rest.to_owned() } else { format!("{place}/{rest}") };
            self.found(&name, kind, object, place, links, found)?;
        }
        Ok(())
    }

    fn found(
        &mut self,
        name: &str,
        kind: Kind,
        object: Object,
        place: String,
        links: usize,
        found: &mut Found<'_>,
    ) -> Result<(), TreeError> {
        found.seen += 1;
        if found.seen > MOST_FILES {
            return Err(TreeError::TooMany(found.asked.to_owned()));
        }
        match kind {
            Kind::Submodule => Err(TreeError::Submodule(name.to_owned())),
            Kind::Link => {
                let target = self.target(name, &object)?;
                self.find(&target, &place, links + 1, found)
            }
            Kind::File => {
                found.files.entry(place).or_insert(object);
                Ok(())
            }
        }
    }

    /// A path without links in it; `None` if the commit has no such path.
    fn resolved(&mut self, path: &str, links: usize) -> Result<Option<String>, TreeError> {
        if links > MOST_LINKS {
            return Err(TreeError::Link(path.to_owned()));
        }
        let mut current = String::new();
        let mut rest = path.split('/').filter(|step| !step.is_empty());
        while let Some(step) = rest.next() {
            if !current.is_empty() {
                current.push('/');
            }
            current.push_str(step);
            let entry = self.entries.get(&current).map(|entry| (entry.kind, entry.object.clone()));
            match entry {
                Some((Kind::Link, object)) => {
                    let target = self.target(&current, &object)?;
                    let whole = rest.fold(target, |whole, step| format!("{whole}/{step}"));
                    return self.resolved(&whole, links + 1);
                }
                Some((Kind::Submodule, _)) => return Err(TreeError::Submodule(current)),
                Some((Kind::File, _)) | None => {}
            }
        }
        let below = format!("{current}/");
        let is_there = current.is_empty()
            || self.entries.contains_key(&current)
            || self.entries.range(below.clone()..).next().is_some_and(|(name, _)| name.starts_with(&below));
        Ok(is_there.then_some(current))
    }

    /// Where a link leads, relative to the top.
    fn target(&mut self, link: &str, object: &Object) -> Result<String, TreeError> {
        let leads_out = || TreeError::Link(link.to_owned());
        let content = self.read(object)?;
        let target = String::from_utf8(content).map_err(|_| TreeError::Name(link.to_owned()))?;
        if target.starts_with('/') {
            return Err(leads_out());
        }
        let mut steps: Vec<&str> = link.split('/').collect();
        steps.pop();
        for step in target.split('/') {
            match step {
                "" | "." => {}
                ".." => {
                    steps.pop().ok_or_else(leads_out)?;
                }
                step => steps.push(step),
            }
        }
        Ok(steps.join("/"))
    }
}

/// What is found below a path.
struct Found<'p> {
    files: BTreeMap<String, Object>,
    /// How many entries were looked at, links included.
    seen: usize,
    asked: &'p str,
}

/// A `git cat-file` that waits for the names of objects.
#[derive(Debug)]
struct Objects {
    process: Child,
    names: ChildStdin,
    contents: BufReader<ChildStdout>,
}

impl Objects {
    fn open(repository: &Path, config: Config) -> Result<Self, TreeError> {
        let mut process = command(repository, config)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(GitError::from)?;
        let closed = || TreeError::Answer("it has no standard streams".to_owned());
        let names = process.stdin.take().ok_or_else(closed)?;
        let contents = BufReader::new(process.stdout.take().ok_or_else(closed)?);
        Ok(Self { process, names, contents })
    }

    fn read(&mut self, object: &str) -> Result<Vec<u8>, TreeError> {
        let failed = |error: io::Error| TreeError::Answer(error.to_string());
        writeln!(self.names, "{object}").and_then(|()| self.names.flush()).map_err(failed)?;
        let mut head = String::new();
        self.contents.read_line(&mut head).map_err(failed)?;
        // `<object> blob <size>`, or `<object> missing`.
        let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        let Some(size) = size else { return Err(TreeError::Answer(head.trim_end().to_owned())) };
        if size > LARGEST {
            // What is left of the answer does not become the next one.
            let _ = self.process.kill();
            return Err(TreeError::TooLarge);
        }
        let mut content = vec![0; size];
        self.contents.read_exact(&mut content).map_err(failed)?;
        // A line feed ends the object.
        self.contents.read_exact(&mut [0]).map_err(failed)?;
        Ok(content)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It has nothing to lose.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
