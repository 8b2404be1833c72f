//! Reads files of a commit, as `git` has them, into a directory of their own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use planguard_plan::input::SIGNING_KEY;
use tempfile::TempDir;

/// As many links as Linux follows before it gives up.
const MOST_LINKS: usize = 40;

/// Why files of a commit cannot be had, in words.
#[derive(Debug, thiserror::Error)]
pub(super) enum TreeError {
    /// `git` does not start, or ends with an error.
    #[error("git: {0}")]
    Git(String),
    /// A file cannot be written.
    #[error("{}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// A link leads out of the tree, or in a circle.
    #[error("{0} is a link that leads out of the commit or in a circle")]
    Link(String),
    /// A path belongs to a submodule, whose files the commit does not hold.
    #[error("{0} is a submodule, whose files the commit does not contain")]
    Submodule(String),
    /// The name of a file is not UTF-8.
    #[error("the name of {0} is not UTF-8")]
    Name(String),
}

/// Runs `git` in a directory and returns what it prints.
///
/// # Errors
///
/// If it does not start or ends with an error; with what it says.
pub(super) fn git<A: AsRef<OsStr>>(directory: &Path, arguments: &[A]) -> Result<Vec<u8>, TreeError> {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .env_remove(SIGNING_KEY)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| TreeError::Git(error.to_string()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(TreeError::Git(said.trim().to_owned()))
}

/// What a path of a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Link,
    Submodule,
}

#[derive(Debug)]
struct Entry {
    kind: Kind,
    object: String,
}

/// The files of a commit. Those that are asked for are written to a directory that lives as long as this.
#[derive(Debug)]
pub(super) struct Tree {
    entries: BTreeMap<String, Entry>,
    objects: RefCell<Objects>,
    directory: TempDir,
}

impl Tree {
    /// The files of a commit of the repository of a directory.
    ///
    /// # Errors
    ///
    /// If `git` cannot list them, or no directory can be made.
    pub(super) fn open(repository: &Path, commit: &str) -> Result<Self, TreeError> {
        let listing = git(repository, &["ls-tree", "-r", "-z", "--full-tree", commit])?;
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
            let object = words.nth(1).unwrap_or_default().to_owned();
            entries.insert(path.to_owned(), Entry { kind, object });
        }
        let directory = tempfile::Builder::new()
            .prefix("planguard-")
            .tempdir()
            .map_err(|reason| TreeError::Write { path: std::env::temp_dir(), reason })?;
        Ok(Self { entries, objects: RefCell::new(Objects::open(repository)?), directory })
    }

    /// The directory that stands for the top of the commit.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Writes the file or directory of this path, relative to the top. A path that the commit does not have writes
    /// nothing.
    ///
    /// # Errors
    ///
    /// If something below it cannot be had.
    pub(super) fn bring(&self, path: &str) -> Result<(), TreeError> {
        self.bring_to(path, path, 0)
    }

    /// Writes what lies at `path` to where `place` is in the directory.
    fn bring_to(&self, path: &str, place: &str, links: usize) -> Result<(), TreeError> {
        let Some(path) = self.resolved(path, links)? else { return Ok(()) };
        if let Some(entry) = self.entries.get(&path) {
            return self.write(&path, entry, place, links);
        }
        let below = if path.is_empty() { String::new() } else { format!("{path}/") };
        for (name, entry) in self.entries.range(below.clone()..) {
            let Some(rest) = name.strip_prefix(&below) else { break };
            let place = if place.is_empty() { rest.to_owned() } else { format!("{place}/{rest}") };
            self.write(name, entry, &place, links)?;
        }
        Ok(())
    }

    fn write(&self, name: &str, entry: &Entry, place: &str, links: usize) -> Result<(), TreeError> {
        match entry.kind {
            Kind::Submodule => return Err(TreeError::Submodule(name.to_owned())),
            Kind::Link => {
                let target = self.target(name, entry)?;
                return self.bring_to(&target, place, links + 1);
            }
            Kind::File => {}
        }
        let path = self.directory().join(place);
        if path.exists() {
            return Ok(());
        }
        let failed = |reason| TreeError::Write { path: path.clone(), reason };
        let content = self.objects.borrow_mut().read(&entry.object)?;
        fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(failed)?;
        fs::write(&path, content).map_err(failed)
    }

    /// A path without links in it; `None` if the commit has no such path.
    fn resolved(&self, path: &str, links: usize) -> Result<Option<String>, TreeError> {
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
            match self.entries.get(&current) {
                Some(entry) if entry.kind == Kind::Link => {
                    let target = self.target(&current, entry)?;
                    let whole = rest.fold(target, |whole, step| format!("{whole}/{step}"));
                    return self.resolved(&whole, links + 1);
                }
                Some(entry) if entry.kind == Kind::Submodule => {
                    return Err(TreeError::Submodule(current));
                }
                Some(_) | None => {}
            }
        }
        let below = format!("{current}/");
        let is_there = current.is_empty()
            || self.entries.contains_key(&current)
            || self.entries.range(below.clone()..).next().is_some_and(|(name, _)| name.starts_with(&below));
        Ok(is_there.then_some(current))
    }

    /// Where a link leads, relative to the top.
    fn target(&self, link: &str, entry: &Entry) -> Result<String, TreeError> {
        let leads_out = || TreeError::Link(link.to_owned());
        let content = self.objects.borrow_mut().read(&entry.object)?;
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

/// A `git cat-file` that waits for the names of objects.
#[derive(Debug)]
struct Objects {
    process: Child,
    names: ChildStdin,
    contents: BufReader<ChildStdout>,
}

impl Objects {
    fn open(repository: &Path) -> Result<Self, TreeError> {
        let failed = |error: io::Error| TreeError::Git(error.to_string());
        let mut process = Command::new("git")
            .arg("-C")
            .arg(repository)
            .args(["cat-file", "--batch"])
            .env_remove(SIGNING_KEY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let closed = || TreeError::Git("it has no standard streams".to_owned());
        let names = process.stdin.take().ok_or_else(closed)?;
        let contents = BufReader::new(process.stdout.take().ok_or_else(closed)?);
        Ok(Self { process, names, contents })
    }

    fn read(&mut self, object: &str) -> Result<Vec<u8>, TreeError> {
        let failed = |error: io::Error| TreeError::Git(error.to_string());
        writeln!(self.names, "{object}").and_then(|()| self.names.flush()).map_err(failed)?;
        let mut head = String::new();
        self.contents.read_line(&mut head).map_err(failed)?;
        // `<object> blob <size>`, or `<object> missing`.
        let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        let Some(size) = size else { return Err(TreeError::Git(head.trim_end().to_owned())) };
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
