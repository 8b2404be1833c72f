//! Reads what the file of `--context` says to planguard itself, under the key `planguard`.

use std::path::Path;

use planguard_plan::text::suggest;
use serde_json::{Map, Value as Json};

use super::{Run, RunError, json, reviews};

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
    let document = json::read(path, "check the path that --context or PLANGUARD_CONTEXT names")?;
    let invalid = |reason: String, help: String| RunError::Value { path: path.to_owned(), reason, help };
    match document.get(PART) {
        None => Ok(()),
        Some(Json::Object(part)) => {
            add(part, run).map_err(|(reason, help)| invalid(reason, help.unwrap_or_else(|| HELP.to_owned())))
        }
        Some(other) => {
            let reason = format!("`{PART}`: expected an object, found {}", json::kind(other));
            Err(invalid(reason, HELP.to_owned()))
        }
    }
}

/// What is wrong, and how to put it right.
type Mistake = (String, Option<String>);

fn add(part: &Map<String, Json>, run: &mut Run) -> Result<(), Mistake> {
    for (key, value) in part {
        let place = format!("`{PART}.{key}`");
        let text = || match value {
            Json::String(text) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
            Json::String(_) => Err((format!("{place} is empty"), None)),
            other => Err((format!("{place}: expected a string, found {}", json::kind(other)), None)),
        };
        match key.as_str() {
            "workspace" => run.facts.workspace = text()?,
            "branch" => run.facts.branch = text()?,
            "repository" => run.facts.repository = text()?,
            "commit" => run.facts.commit = text()?,
            "author" => run.authors.extend(text()?),
            "labels" => run.facts.labels = Some(texts(&place, value)?),
            "approvals" => {
                let read = reviews::of(value).map_err(|reason| (format!("{place}: {reason}"), None))?;
                run.reviews.extend(read.reviews);
            }
            unknown => {
                let near = suggest::nearest(unknown, KEYS);
                let help = near.map_or_else(
                    || format!("use {}", KEYS.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err((format!("unknown key {place}"), Some(help)));
            }
        }
    }
    Ok(())
}

fn texts(place: &str, value: &Json) -> Result<Vec<String>, Mistake> {
    let texts = value.as_array().and_then(|elements| {
        elements.iter().map(|element| element.as_str().map(ToOwned::to_owned)).collect::<Option<Vec<_>>>()
    });
    texts.ok_or_else(|| (format!("{place}: expected an array of strings, found {}", json::kind(value)), None))
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
            let (said, hint) = run(part).unwrap_err();
            assert!(said.contains(reason), "{said}");
            assert_eq!(hint.as_deref(), help);
        }
    }
}
