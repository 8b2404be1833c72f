//! `parse_config_file` and `parse_combined_config_files`, which tests of policies may use to read their fixtures.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use regorus::{Engine, Value};

use super::Format;
use crate::builtins::arguments::Arguments;
use crate::builtins::{Failure, Lenience, Outcome};

/// How large a file may be.
const LARGEST_FILE: u64 = 16 << 20;

/// The directories from which files may be read: nothing outside of them is.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    directories: Arc<[PathBuf]>,
}

type Function = Arc<dyn Fn(&[Value]) -> Outcome + Send + Sync>;

thread_local! {
    static NEAREST: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// From now on, evaluations on this thread prefer the file of a name that is in `directory` to others: a test means the
/// file beside it.
pub(crate) fn prefer_files_in(directory: PathBuf) {
    NEAREST.set(Some(directory));
}

impl Files {
    /// Files in the directories that hold policies, and below. Paths that policies give are relative to these: the
    /// engine does not tell from which file a call comes.
    pub(crate) fn below(directories: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut directories: Vec<PathBuf> = directories.into_iter().collect();
        directories.sort();
        directories.dedup();
        Self { directories: directories.into() }
    }

    /// Lets the policies of an engine read files. Without this, both functions are unknown to it.
    ///
    /// # Errors
    ///
    /// What the engine says if it has them already.
    pub(crate) fn allow(self, engine: &mut Engine) -> Result<(), String> {
        let all = self.clone();
        let functions: [(&str, Function); 2] = [
            ("parse_config_file", Arc::new(move |arguments| self.read(Arguments(arguments).text(0)?))),
            ("parse_combined_config_files", Arc::new(move |arguments| all.read_all(&Arguments(arguments)))),
        ];
        for (name, run) in functions {
            let extension = move |arguments: Vec<Value>| match run(&arguments) {
                Ok(value) => Ok(value),
                Err(Failure::Unsuitable(_)) if Lenience::is_granted() => Ok(Value::Undefined),
                Err(failure) => Err(anyhow::Error::msg(format!("{name}: {failure}"))),
            };
            engine
                .add_extension(name.to_owned(), 1, Box::new(extension))
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// The file that a path means.
    fn find(&self, path: &str) -> Result<PathBuf, Failure> {
        let relative = Path::new(path);
        if relative.components().any(|part| matches!(part, Component::RootDir | Component::Prefix(_))) {
            return Err(Failure::Unsupported(format!("{path}: only files beside the policies are read")));
        }
        let mut found: Vec<PathBuf> = Vec::new();
        let mut outside = false;
        let nearest = NEAREST.with_borrow(Clone::clone);
        for directory in nearest.iter().chain(self.directories.iter()) {
            // Links and `..` are followed before it is decided whether the file lies inside.
            let Ok(file) = directory.join(relative).canonicalize() else { continue };
            let inside = self
                .directories
                .iter()
                .any(|directory| directory.canonicalize().is_ok_and(|directory| file.starts_with(directory)));
            outside |= !inside;
            if inside && file.is_file() && !found.contains(&file) {
                if Some(directory) == nearest.as_ref() {
                    return Ok(file);
                }
                found.push(file);
            }
        }
        match found.len() {
            1 => Ok(found.remove(0)),
            0 if outside => {
                Err(Failure::Unsupported(format!("{path}: only files beside the policies are read")))
            }
            0 => Err(Failure::unsuitable(format!("{path}: there is no such file beside the policies"))),
            _ => Err(Failure::Unsupported(format!("{path}: several directories of policies have this file"))),
        }
    }

    fn read(&self, path: &str) -> Outcome {
        let format = format_of(path)?;
        let file = self.find(path)?;
        let unreadable = |error: std::io::Error| Failure::unsuitable(format!("{path}: {error}"));
        if fs::metadata(&file).map_err(unreadable)?.len() > LARGEST_FILE {
            return Err(Failure::TooLarge(format!("{path}: the file is larger than {LARGEST_FILE} bytes")));
        }
        let text = fs::read_to_string(&file).map_err(unreadable)?;
        format.read(&text).map_err(|failure| match failure {
            Failure::Unsuitable(reason) => Failure::Unsuitable(format!("{path}: {reason}")),
            other => other,
        })
    }

    fn read_all(&self, arguments: &Arguments<'_>) -> Outcome {
        let mut all = Vec::new();
        for path in arguments.array(0)?.iter() {
            let Value::String(path) = path else {
                return Err(Failure::unsuitable("operand 1 must be an array of strings"));
            };
            let entry = [("path", path.as_ref().into()), ("contents", self.read(path)?)];
            let entry = entry.into_iter().map(|(key, value)| (Value::from(key), value));
            all.push(Value::from(entry.collect::<BTreeMap<_, _>>()));
        }
        Ok(all.into())
    }
}

/// The format by a file's name, as conftest tells it.
fn format_of(path: &str) -> Result<Format, Failure> {
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or("").to_lowercase();
    let name = name.as_str();
    if name == ".env" || name.starts_with(".env.") {
        return Ok(Format::Dotenv);
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "yml" | "yaml" => Ok(Format::Yaml),
        "tf" | "tfvars" | "hcl" => Ok(Format::Hcl),
        "env" => Ok(Format::Dotenv),
        "hcl2" => Err(Failure::Unsupported(format!("{path}: the file's ending does not tell its format"))),
        extension => Format::named(extension),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("secret.json", "{\"secret\": 1}"),
            ("policy/a.json", "{\"a\": 1}"),
            ("policy/data/b.yaml", "b: yes"),
            ("policy/main.tf", "c = 1"),
            ("other/a.json", "{\"a\": 2}"),
        ] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn text(outcome: Outcome) -> String {
        serde_json::to_string(&outcome.unwrap()).unwrap()
    }

    #[test]
    fn files_beside_policies_are_read() {
        let root = layout();
        let files = Files::below([root.path().join("policy")]);
        assert_eq!(text(files.read("a.json")), "{\"a\":1}");
        assert_eq!(text(files.read("./data/../data/b.yaml")), "{\"b\":true}");
        assert_eq!(text(files.read("main.tf")), "{\"c\":1}");
        let paths = Value::from(vec![Value::from("a.json"), Value::from("data/b.yaml")]);
        let all = files.read_all(&Arguments(&[paths]));
        assert_eq!(
            text(all),
            r#"[{"contents":{"a":1},"path":"a.json"},{"contents":{"b":true},"path":"data/b.yaml"}]"#
        );
        assert!(matches!(files.read("missing.json"), Err(Failure::Unsuitable(_))));
        assert!(matches!(files.read("a.jsonnet"), Err(Failure::Unsupported(_))));
    }

    #[test]
    fn no_other_file_is_read() {
        let root = layout();
        let files = Files::below([root.path().join("policy")]);
        let absolute = root.path().join("secret.json");
        for path in ["../secret.json", "data/../../secret.json", absolute.to_str().unwrap()] {
            assert!(matches!(files.read(path), Err(Failure::Unsupported(_))), "{path}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&absolute, root.path().join("policy/link.json")).unwrap();
            assert!(matches!(files.read("link.json"), Err(Failure::Unsupported(_))));
        }
    }

    #[test]
    fn a_name_that_means_two_files_is_refused() {
        let root = layout();
        let files = Files::below([root.path().join("policy"), root.path().join("other")]);
        assert!(matches!(files.read("a.json"), Err(Failure::Unsupported(_))));
        assert_eq!(text(files.read("main.tf")), "{\"c\":1}");
    }

    #[test]
    fn the_file_beside_a_test_is_preferred() {
        let root = layout();
        let files = Files::below([root.path().to_owned(), root.path().join("policy")]);
        prefer_files_in(root.path().join("other"));
        assert_eq!(text(files.read("a.json")), "{\"a\":2}");
        assert_eq!(text(files.read("../policy/a.json")), "{\"a\":1}");
        assert_eq!(text(files.read("main.tf")), "{\"c\":1}");
        NEAREST.set(None);
    }

    #[test]
    fn an_engine_reads_files_only_when_it_is_allowed_to() {
        let root = layout();
        let mut engine = crate::dialect::new_engine();
        let query = "x := parse_config_file(\"a.json\").a";
        assert!(engine.eval_query(query.to_owned(), false).is_err());
        Files::below([root.path().join("policy")]).allow(&mut engine).unwrap();
        let results = engine.eval_query(query.to_owned(), false).unwrap();
        assert_eq!(results.result[0].bindings["x"], Value::from(1u64));
    }
}
