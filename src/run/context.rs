//! Reads what the file of `--context` says to planguard itself, under the key `planguard`.

use std::path::Path;

use planguard_plan::text::suggest;
use serde_json::{Map, Value as Json};

use super::json::{self, Document, Mistake};
use super::{Run, RunError, reviews};

/// The key of planguard's own part.
const PART: &str = "planguard";

/// The keys of that part.
const KEYS: [&str; 7] = ["workspace", "branch", "repository", "labels", "author", "commit", "approvals"];

const HELP: &str = "docs/environments.md describes the keys below `planguard`";

/// Adds what the file says; its values count more than those of variables. What it says to policies is not looked at,
/// nor whether it is a context for them at all: they say so themselves.
///
/// # Errors
///
/// If a value is not what it has to be.
pub(super) fn read(path: &Path, run: &mut Run) -> Result<(), RunError> {
    let document = Document::read(path, "check the path that --context or PLANGUARD_CONTEXT names")?;
    let added = match document.value.get(PART) {
        None => Ok(()),
        Some(Json::Object(part)) => add(part, run),
        Some(other) => {
            Err(Mistake::new(format!("`{PART}`: expected an object, found {}", json::kind(other))))
        }
    };
    added.map_err(|mistake| document.error(mistake, HELP))
}

fn add(part: &Map<String, Json>, run: &mut Run) -> Result<(), Mistake> {
    for (key, value) in part {
        let place = format!("`{PART}.{key}`");
        let here = |reason: String| Mistake { written: Some(key.clone()), ..Mistake::new(reason) };
        let text = || match value {
            Json::String(text) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
            Json::String(_) => Err(here(format!("{place} is empty"))),
            other => Err(here(format!("{place}: expected a string, found {}", json::kind(other)))),
        };
        match key.as_str() {
            "workspace" => run.facts.workspace = text()?,
            "branch" => run.facts.branch = text()?,
            "repository" => run.facts.repository = text()?,
            "commit" => run.facts.commit = text()?,
            "author" => run.authors.extend(text()?),
            "labels" => {
                let labels = texts(value).ok_or_else(|| {
                    here(format!("{place}: expected an array of strings, found {}", json::kind(value)))
                })?;
                run.facts.labels = Some(labels);
            }
            "approvals" => {
                let read = reviews::of(value).map_err(|mistake| Mistake {
                    reason: format!("{place}: {}", mistake.reason),
                    ..mistake
                })?;
                read.add_to(run);
            }
            unknown => {
                let near = suggest::nearest(unknown, KEYS);
                let help = near.map_or_else(
                    || format!("use {}", KEYS.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(Mistake { help: Some(help), ..here(format!("unknown key {place}")) });
            }
        }
    }
    Ok(())
}

fn texts(value: &Json) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|element| element.as_str().map(ToOwned::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(part: Json) -> Result<Run, Mistake> {
        let Json::Object(part) = part else { panic!("no object") };
        let mut run = Run::default();
        run.facts.workspace = Some("of a variable".to_owned());
        add(&part, &mut run).map(|()| run)
    }

    #[test]
    fn every_key_is_read_and_wins_over_variables() {
        let part = json!({"workspace": "prod", "branch": "main", "repository": "acme/infra", "labels": ["a"],
            "author": "alice", "commit": "abc", "approvals": ["bob"]});
        let run = run(part).unwrap();
        let facts = &run.facts;
        let texts = [&facts.workspace, &facts.branch, &facts.repository, &facts.commit];
        assert_eq!(texts.map(|text| text.as_deref().unwrap()), ["prod", "main", "acme/infra", "abc"]);
        assert_eq!(run.authors.iter().collect::<Vec<_>>(), ["alice"]);
        assert_eq!(run.reviews.len(), 1);
    }

    #[test]
    fn a_line_is_named_if_it_is_certain() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.json");
        let line = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let error = read(&path, &mut Run::default()).unwrap_err().to_string();
            error.strip_prefix(&path.display().to_string()).unwrap().to_owned()
        };
        let once = line("{\n\"planguard\": {\n\"worksapce\": \"a\"}}");
        assert!(once.starts_with(":3: unknown key"), "{once}");
        let twice = line("{\"a\": \"branch\",\n\"planguard\": {\n\"branch\": 1}}");
        assert!(twice.starts_with(": `planguard.branch`"), "{twice}");
        let state = line("{\"planguard\": {\"approvals\": [\n{\"by\": \"a\", \"state\": \"APROVED\"}]}}");
        assert!(state.starts_with(":2: `planguard.approvals`: `[0].state`"), "{state}");
    }

    #[test]
    fn mistakes_name_the_key_and_what_was_probably_meant() {
        for (part, reason, help) in [
            (
                json!({"worksapce": "a"}),
                "unknown key `planguard.worksapce`",
                Some("did you mean `workspace`?"),
            ),
            (json!({"branch": 1}), "`planguard.branch`: expected a string, found a number", None),
            (json!({"branch": " "}), "`planguard.branch` is empty", None),
            (json!({"labels": "a"}), "expected an array of strings, found a string", None),
            (json!({"labels": [1]}), "expected an array of strings", None),
            (json!({"approvals": [1]}), "`planguard.approvals`: ", None),
        ] {
            let mistake = run(part).unwrap_err();
            assert!(mistake.reason.contains(reason), "{mistake:?}");
            assert_eq!(mistake.help.as_deref(), help);
        }
    }
}
