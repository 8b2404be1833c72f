//! Reads GitHub's description of the event that started a workflow.
//!
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads>

use std::path::Path;

use serde_json::Value as Json;

use super::{Run, json};

/// Adds what the event says. A file that cannot be read says nothing: what it would have said stays unknown.
pub(super) fn read(path: &Path, run: &mut Run) {
    if let Ok(event) = json::read(path, "") {
        add(&event, run);
    }
}

fn add(event: &Json, run: &mut Run) {
    let Some(pull_request) = event.get("pull_request") else {
        // Only pull requests have labels.
        run.facts.labels.get_or_insert_default();
        return;
    };
    run.authors.extend(json::text(pull_request, "user.login").map(ToOwned::to_owned));
    if let Some(commit) = json::text(pull_request, "head.sha") {
        run.facts.commit = Some(commit.to_owned());
    }
    if let Some(branch) = json::text(pull_request, "base.ref") {
        run.facts.branch = Some(branch.to_owned());
    }
    if let Some(labels) = pull_request.get("labels").and_then(Json::as_array) {
        let names = labels.iter().filter_map(|label| json::text(label, "name"));
        run.facts.labels = Some(names.map(ToOwned::to_owned).collect());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pull_request_has_an_author_a_commit_and_labels() {
        let mut run = Run::default();
        let event = json!({"pull_request": {"user": {"login": "alice"}, "head": {"sha": "abc"},
            "base": {"ref": "main"}, "labels": [{"name": "infra"}]}});
        add(&event, &mut run);
        assert_eq!(run.authors.iter().collect::<Vec<_>>(), ["alice"]);
        assert_eq!((run.facts.commit.as_deref(), run.facts.branch.as_deref()), (Some("abc"), Some("main")));
        assert_eq!(run.facts.labels, Some(vec!["infra".to_owned()]));
    }

    #[test]
    fn another_event_has_no_labels_and_a_missing_file_says_nothing() {
        let mut run = Run::default();
        read(Path::new("/nonexistent/event.json"), &mut run);
        assert_eq!(run, Run::default());
        add(&json!({"ref": "refs/heads/main"}), &mut run);
        assert_eq!(run.facts.labels, Some(Vec::new()));
    }
}
