//! Finds the files to read in the sources that the user names, and sorts the results.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::candidate::{Candidate, Reading};
use super::document::Document;
use super::error::InputError;
use super::options::ReadOptions;
use super::partition::Partition;
use super::search::Search;
use super::sha256::Sha256Digest;
use super::skipped::Skipped;
use super::source::Source;

/// The files of the sources.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The files to read, in the order of the sources; within a directory, by name.
    pub files: Vec<Candidate>,
    /// Skipped files.
    pub skipped: Vec<Skipped>,
    /// Directories and files that could not be read.
    pub errors: Vec<InputError>,
    /// Files in directories that do not look like plans.
    pub other_files: usize,
    pub(super) directories: Vec<Directory>,
    /// The places of `files` among those of all parts, if these are one part.
    positions: Option<Vec<usize>>,
}

/// A directory that the user named, with the positions of its candidates.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) path: PathBuf,
    pub(super) candidates: Vec<usize>,
    /// How many candidates other parts have.
    pub(super) elsewhere: usize,
}

/// A directory that the user named, and what was in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchedDirectory {
    /// The directory.
    pub path: PathBuf,
    /// How many of its files were read as plans or rejected. Files of other parts do not count.
    pub files: usize,
}

/// The results of reading the sources: each file named or found is in one of the lists. In the place of documents there
/// can be what was made of each.
#[derive(Debug)]
pub struct Batch<D = Document> {
    /// The plans.
    pub documents: Vec<D>,
    /// Skipped files.
    pub skipped: Vec<Skipped>,
    /// Rejected files.
    pub errors: Vec<InputError>,
    /// How many files were read as plans.
    pub plan_files: usize,
    /// How many files in directories do not look like plans.
    pub other_files: usize,
    /// The directories that were searched.
    pub directories: Vec<SearchedDirectory>,
    /// The place of each document's file among those of all parts, if the files are those of one part; otherwise empty.
    pub positions: Vec<usize>,
}

impl<D> Default for Batch<D> {
    fn default() -> Self {
        Self {
            documents: Vec::new(),
            skipped: Vec::new(),
            errors: Vec::new(),
            plan_files: 0,
            other_files: 0,
            directories: Vec::new(),
            positions: Vec::new(),
        }
    }
}

/// Expands the sources into the files to read.
///
/// In directories, files named `*.json` and `*.json.gz` are read, and every other file that looks like a plan by its
/// first bytes. Hidden directories and `node_modules` are skipped. Links are followed within what the user names; a link
/// to a plan or a directory outside of it is an error, since what it points to would not be read. A file that is found
/// twice is read once. A path that does not exist and has `*`, `?` or `[` is a pattern; what it matches is named, and it is
/// an error if that is nothing. No sources give an empty discovery: the caller decides what a run without plans means.
pub fn discover(sources: &[Source], options: &ReadOptions) -> Discovery {
    let mut search = Search::within(sources, options);
    for source in sources {
        search.source(source);
    }
    search.found
}

impl Discovery {
    /// The SHA-256 of the names and sizes of all files, by which parts recognize that they share the same files.
    pub fn files_sha256(&self) -> Sha256Digest {
        let lines =
            self.files.iter().map(|candidate| format!("{} {:?}\0", candidate.origin, candidate.size()));
        Sha256Digest::of(lines.collect::<String>().as_bytes())
    }

    /// Keeps the files of one part, and returns those of the others. What the search itself skipped and rejected belongs
    /// to the first part.
    pub fn part(self, partition: Partition) -> (Self, Vec<Candidate>) {
        let (mut files, mut positions, mut new_index) = (Vec::new(), Vec::new(), BTreeMap::new());
        let mut others = Vec::new();
        for (position, candidate) in self.files.into_iter().enumerate() {
            if partition.has(position) {
                new_index.insert(position, files.len());
                files.push(candidate);
                positions.push(position);
            } else {
                others.push(candidate);
            }
        }
        let directories = self.directories.into_iter().map(|Directory { path, candidates, elsewhere }| {
            let here: Vec<usize> =
                candidates.iter().filter_map(|position| new_index.get(position).copied()).collect();
            Directory { path, elsewhere: elsewhere + candidates.len() - here.len(), candidates: here }
        });
        let directories = directories.collect();
        let positions = Some(positions);
        let here = if partition.part() == 1 {
            Self { files, positions, directories, ..self }
        } else {
            Self { files, positions, directories, skipped: Vec::new(), errors: Vec::new(), other_files: 0 }
        };
        (here, others)
    }

    /// Reads all candidates one after the other and sorts the results.
    pub fn read_all(self, options: &ReadOptions) -> Batch {
        let outcomes = self.files.iter().map(|candidate| candidate.read(options)).collect();
        self.conclude(outcomes)
    }

    /// Sorts the outcomes of `files`, in their order, and reports directories in
    /// which there is no plan.
    ///
    /// # Panics
    /// If there are more or fewer outcomes than files.
    pub fn conclude<D>(self, outcomes: Vec<Result<Reading<D>, InputError>>) -> Batch<D> {
        assert_eq!(outcomes.len(), self.files.len(), "one outcome for each file");
        let skipped_at: Vec<bool> =
            outcomes.iter().map(|outcome| matches!(outcome, Ok(Reading::Skipped(_)))).collect();
        let mut batch = Batch {
            documents: Vec::new(),
            skipped: self.skipped,
            errors: self.errors,
            plan_files: 0,
            other_files: self.other_files,
            directories: Vec::new(),
            positions: Vec::new(),
        };
        for (index, outcome) in outcomes.into_iter().enumerate() {
            let before = batch.documents.len();
            match outcome {
                Ok(Reading::Plan(document)) => {
                    batch.plan_files += 1;
                    batch.documents.push(document);
                }
                Ok(Reading::Lines(lines)) => {
                    batch.plan_files += 1;
                    for line in lines {
                        match line {
                            Ok(document) => batch.documents.push(document),
                            Err(error) => batch.errors.push(error),
                        }
                    }
                }
                Ok(Reading::Skipped(skipped)) => batch.skipped.push(skipped),
                Err(error) => batch.errors.push(error),
            }
            if let Some(position) = self.positions.as_ref().and_then(|positions| positions.get(index)) {
                batch.positions.extend((before..batch.documents.len()).map(|_| *position));
            }
        }
        for Directory { path, candidates, elsewhere } in self.directories {
            let is_read = |&&index: &&usize| skipped_at.get(index).is_some_and(|skipped| !skipped);
            let files = candidates.iter().filter(is_read).count();
            if files == 0 && elsewhere == 0 {
                batch.errors.push(InputError::nothing_in(path.clone()));
            }
            batch.directories.push(SearchedDirectory { path, files });
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;
    use crate::input::decode::sample_zip;
    use crate::input::origin::Origin;
    use crate::input::problem::Problem;
    use crate::input::{OtherKind, SkipReason};

    const PLAN: &str = r#"{"format_version":"1.2","resource_changes":[]}"#;

    fn tree(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn look_in(sources: &[&Path]) -> Discovery {
        let sources: Vec<Source> = sources.iter().map(|path| Source::Path(path.to_path_buf())).collect();
        discover(&sources, &ReadOptions::default())
    }

    fn names(discovery: &Discovery, root: &TempDir) -> Vec<String> {
        let relative = |origin: &Origin| {
            origin.path().unwrap().strip_prefix(root.path()).unwrap().display().to_string().replace('\\', "/")
        };
        discovery.files.iter().map(|candidate| relative(&candidate.origin)).collect()
    }

    fn reasons(skipped: &[Skipped]) -> Vec<SkipReason> {
        skipped.iter().map(|skipped| skipped.reason).collect()
    }

    #[test]
    fn takes_plans_in_order_and_counts_the_rest() {
        let root = tree(&[
            ("b/2.JSON", PLAN),
            ("b/1.json.gz", PLAN),
            ("a.json", PLAN),
            ("main.tf", ""),
            (".git/x.json", PLAN),
            ("node_modules/x.json", PLAN),
            ("tfplan", "No changes."),
            ("tfplan.json", PLAN),
        ]);
        let discovery = look_in(&[root.path()]);
        assert_eq!(names(&discovery, &root), ["a.json", "b/1.json.gz", "b/2.JSON", "tfplan.json"]);
        assert_eq!(discovery.other_files, 1);
        let skipped =
            [SkipReason::HiddenDirectory, SkipReason::InstalledPackages, SkipReason::TextNamedAsPlan];
        assert_eq!(reasons(&discovery.skipped), skipped);
    }

    #[test]
    fn patterns_name_what_they_match() {
        let root = tree(&[
            ("a/plan.json", PLAN),
            ("b/plan.json", PLAN),
            ("b/other.json", "{}"),
            ("c/d/plan.json", PLAN),
            (".hidden/plan.json", PLAN),
            ("[x].json", PLAN),
            ("x.json", PLAN),
        ]);
        let found = |pattern: &str| names(&look_in(&[&root.path().join(pattern)]), &root);
        assert_eq!(found("*/plan.json"), ["a/plan.json", "b/plan.json"]);
        assert_eq!(found("**/plan.json"), ["a/plan.json", "b/plan.json", "c/d/plan.json"]);
        assert_eq!(found("?"), ["a/plan.json", "b/other.json", "b/plan.json", "c/d/plan.json"]);
        assert_eq!(found("[ab]/p*.json"), ["a/plan.json", "b/plan.json"]);
        // A file of that name comes first.
        assert_eq!(found("[x].json"), ["[x].json"]);
        // As strict as what is named without a pattern.
        let batch = look_in(&[&root.path().join("b/o*.json")]).read_all(&ReadOptions::default());
        assert!(matches!(batch.errors[0].problem(), Problem::NoPlanKeys));
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_an_error() {
        let root = tree(&[("a/plan.json", PLAN)]);
        let error = |pattern: &str| {
            let mut found = look_in(&[&root.path().join(pattern)]);
            assert!(found.files.is_empty());
            found.errors.pop().unwrap()
        };
        assert!(matches!(error("*/tfplan.json").problem(), Problem::NoMatch));
        assert!(matches!(error("[x].json").problem(), Problem::NoMatch));
        assert!(matches!(error("a**/plan.json").problem(), Problem::InvalidPattern { .. }));
    }

    #[test]
    fn plans_are_found_under_every_name() {
        let json = ["plan.out", "plan.txt", "show.out", "tf.plan", "tfplan", "tfplan_json"];
        let root = tree(&json.map(|name| (name, PLAN)));
        let batch = look_in(&[root.path()]).read_all(&ReadOptions::default());
        assert_eq!((batch.documents.len(), batch.errors.len(), batch.plan_files), (6, 0, 6));
    }

    #[test]
    fn what_looks_like_a_plan_and_is_not_json_is_an_error() {
        let root = tree(&[("plan.json", PLAN), ("notes.txt", "not a plan"), ("tfplan.gz", "")]);
        for name in ["app.plan", "default.tfplan", "plan.bin", "planfile", "tfplan.binary"] {
            fs::write(root.path().join(name), sample_zip(&["tfplan", "tfstate"])).unwrap();
        }
        fs::write(root.path().join("lambda.zip"), sample_zip(&["main.js"])).unwrap();
        let event = r#"{"@level":"info","@message":"Terraform","@module":"terraform.ui","type":"version"}"#;
        fs::write(root.path().join("plan.log"), format!("{event}\n{event}\n")).unwrap();
        let batch = look_in(&[root.path()]).read_all(&ReadOptions::default());
        assert_eq!((batch.documents.len(), batch.plan_files, batch.other_files), (1, 1, 2));
        let count =
            |is: fn(&Problem) -> bool| batch.errors.iter().filter(|error| is(error.problem())).count();
        assert_eq!(count(|problem| matches!(problem, Problem::BinaryPlan)), 5);
        assert_eq!(count(|problem| matches!(problem, Problem::EventStream)), 1);
        // Whoever wrote it failed.
        assert_eq!(count(|problem| matches!(problem, Problem::Empty)), 1);
        assert_eq!(batch.errors.len(), 7);
    }

    #[test]
    fn one_plan_per_line_is_read_as_several_plans() {
        let bad = PLAN.replace("1.2", "9.9");
        let root = tree(&[("plans.jsonl", &format!("{PLAN}\n\n{PLAN}\n{bad}\n"))]);
        for source in [root.path().to_owned(), root.path().join("plans.jsonl")] {
            let batch = look_in(&[&source]).read_all(&ReadOptions::default());
            let lines: Vec<String> = batch
                .documents
                .iter()
                .map(|document| document.origin())
                .chain(batch.errors.iter().map(InputError::origin))
                .map(|origin| origin.to_string().rsplit('/').next().unwrap().to_owned())
                .collect();
            assert_eq!(lines, ["plans.jsonl:1", "plans.jsonl:3", "plans.jsonl:4"]);
            assert_eq!(batch.documents[1].text(), PLAN);
            assert_eq!(batch.plan_files, 1);
        }
    }

    #[test]
    fn a_file_reached_twice_is_read_once_and_as_strictly_as_it_was_named() {
        let root = tree(&[("plans/a.json", "{}"), ("plans/b.json", PLAN)]);
        let (plans, named) = (root.path().join("plans"), root.path().join("plans/../plans/a.json"));
        let discovery = look_in(&[&plans, &named, &plans]);
        assert_eq!(names(&discovery, &root), ["plans/a.json", "plans/b.json"]);
        let batch = discovery.read_all(&ReadOptions::default());
        assert_eq!((batch.documents.len(), batch.skipped.len(), batch.errors.len()), (1, 0, 1));
        assert!(matches!(batch.errors[0].problem(), Problem::NoPlanKeys));
    }

    #[test]
    fn a_directory_without_plans_is_an_error_of_its_own() {
        let root = tree(&[("a/plan.json", PLAN), ("b/package.json", "{}"), ("c/main.tf", "")]);
        let directories = ["a", "b", "c"].map(|name| root.path().join(name));
        let batch = look_in(&directories.each_ref().map(PathBuf::as_path)).read_all(&ReadOptions::default());
        assert_eq!(batch.documents.len(), 1);
        assert_eq!(reasons(&batch.skipped), [SkipReason::OtherDocument(OtherKind::Object)]);
        let barren: Vec<_> = batch.errors.iter().map(|error| error.origin().path().unwrap()).collect();
        assert_eq!(barren, [&directories[1], &directories[2]]);
        assert!(batch.errors.iter().all(|error| matches!(error.problem(), Problem::NothingFound)));
    }

    #[test]
    fn plans_gone_wrong_are_errors_even_in_a_directory() {
        let inside = format!(r#"{{"plan": {PLAN}}}"#);
        let root = tree(&[
            ("array.json", &format!("[{PLAN}]")),
            ("bare.json", r#"{"format_version":"1.0"}"#),
            ("cut.json", &PLAN[..20]),
            ("inside.json", &inside),
            ("plan.json", PLAN),
        ]);
        let batch = look_in(&[root.path()]).read_all(&ReadOptions::default());
        assert_eq!((batch.documents.len(), batch.skipped.len(), batch.errors.len()), (1, 0, 4));
    }

    #[test]
    fn other_documents_in_a_directory_are_passed_over_with_their_kind() {
        let root = tree(&[
            ("a.json", "[]"),
            ("b.json", "null"),
            ("c.json", r#"{"serial":1,"lineage":"x","version":4}"#),
            ("d.json", r#"{"format_version":"1.0","provider_schemas":{}}"#),
            ("e.json", r#"{"format_version":"1.0","valid":true,"diagnostics":[]}"#),
            ("f.json", r#"{"root_module":{}}"#),
            ("plan.json", PLAN),
        ]);
        let batch = look_in(&[root.path()]).read_all(&ReadOptions::default());
        assert!(batch.errors.is_empty());
        let kinds = [
            OtherKind::Array,
            OtherKind::Scalar,
            OtherKind::State,
            OtherKind::ProviderSchemas,
            OtherKind::Validation,
            OtherKind::Configuration,
        ];
        assert_eq!(reasons(&batch.skipped), kinds.map(SkipReason::OtherDocument));
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let discovery = look_in(&[Path::new("no/such/plan.json")]);
        assert!(matches!(discovery.errors[0].problem(), Problem::Unreadable(_)));
        assert!(discovery.files.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_within_what_is_named() {
        use std::os::unix::fs::symlink;

        let root = tree(&[
            ("outside.json", PLAN),
            ("outside.tf", ""),
            ("in/real.json", PLAN),
            ("in/sub/x.json", PLAN),
            ("in/.kept/y.json", PLAN),
        ]);
        let link = |target: &str, name: &str| symlink(target, root.path().join("in").join(name)).unwrap();
        link("../outside.json", "escape");
        link("../outside.tf", "escape.tf");
        link("real.json", "again.json");
        link("sub", "sub.json");
        link(".kept", "kept");
        link(".", "loop");
        link("..", "up");
        link("nowhere", "broken.json");
        link("nowhere", "broken.tf");
        let discovery = look_in(&[&root.path().join("in")]);
        assert_eq!(names(&discovery, &root), ["in/again.json", "in/sub/x.json", "in/kept/y.json"]);
        let skipped = [SkipReason::HiddenDirectory, SkipReason::DanglingLink, SkipReason::LinkOutside];
        assert_eq!(reasons(&discovery.skipped), skipped);
        let errors: Vec<(&str, String)> = discovery
            .errors
            .iter()
            .map(|error| {
                let name = error.origin().path().unwrap().file_name().unwrap().to_str().unwrap();
                (name, error.problem().to_string())
            })
            .collect();
        let outside = |what: &str| {
            format!("is a symbolic link to {what} outside the directory that was named, which was not read")
        };
        assert_eq!(
            errors,
            [
                ("broken.json", "cannot be read".to_owned()),
                ("escape", outside("a plan")),
                ("up", outside("a directory")),
            ]
        );
        // Whoever names the target as well has it read.
        let sources = [root.path().join("in/sub"), root.path().to_owned()];
        let discovery = look_in(&sources.each_ref().map(PathBuf::as_path));
        assert_eq!(discovery.errors.len(), 1);
        assert_eq!(names(&discovery, &root).len(), 4);
    }

    #[cfg(unix)]
    #[test]
    fn special_files_are_passed_over_when_found_and_sockets_refused_when_named() {
        use std::os::unix::net::UnixListener;

        use crate::input::SpecialKind;

        let root = tree(&[("plan.json", PLAN)]);
        let socket = root.path().join("socket.json");
        let _listener = UnixListener::bind(&socket).unwrap();
        let batch = look_in(&[root.path()]).read_all(&ReadOptions::default());
        assert_eq!(reasons(&batch.skipped), [SkipReason::Special(SpecialKind::Socket)]);
        let batch = look_in(&[&socket, Path::new("/dev/null")]).read_all(&ReadOptions::default());
        let kinds: Vec<_> = batch.errors.iter().map(|error| error.problem().to_string()).collect();
        assert_eq!(kinds, ["is a socket, not a file", "is a device, not a file"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_named_pipe_on_the_command_line_is_read() {
        let root = tempfile::tempdir().unwrap();
        let pipe = root.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::write(pipe, PLAN).unwrap()
        });
        let batch = look_in(&[&pipe]).read_all(&ReadOptions::default());
        writer.join().unwrap();
        assert_eq!(batch.documents[0].text(), PLAN);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn process_substitution_is_read() {
        use std::io::Write;
        use std::os::fd::AsRawFd;

        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(PLAN.as_bytes()).unwrap();
        drop(writer);
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let batch = look_in(&[Path::new(&path)]).read_all(&ReadOptions::default());
        assert_eq!(batch.documents[0].text(), PLAN);
        assert_eq!(batch.documents[0].origin().to_string(), path);
    }

    #[test]
    fn the_size_cap_holds_for_files() {
        let root = tree(&[("plan.json", PLAN)]);
        let read = |cap| {
            let options = ReadOptions { size_cap: cap, ..ReadOptions::default() };
            look_in(&[root.path()]).read_all(&options)
        };
        assert_eq!(read(PLAN.len() as u64).documents.len(), 1);
        assert!(matches!(read(PLAN.len() as u64 - 1).errors[0].problem(), Problem::TooLarge { .. }));
    }
}
