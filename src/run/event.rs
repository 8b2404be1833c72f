//! Reads GitHub's description of the event that started a workflow.
//!
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads>

use std::path::Path;

use serde_json::Value as Json;

use super::Run;
use super::json::{self, Document};

/// Adds what the event says. A file that cannot be read says nothing: what it would have said stays unknown.
pub(super) fn read(path: &Path, run: &mut Run) {
    if let Ok(event) = Document::read(path, "") {
        add(&event.value, run);
    }
}

fn add(event: &Json, run: &mut Run) {
    if let Some(base) = json::text(event, "merge_group.base_ref") {
        // The branch that is checked out is one of the queue, and the labels are those of several pull requests.
        run.facts.branch = Some(base.trim_start_matches("refs/heads/").to_owned());
        return;
    }
    if event.get("issue").is_some() || event.get("workflow_run").is_some() {
        // The workflow runs on the default branch, wherever the change goes that it is about.
        run.facts.branch = None;
        run.authors.extend(json::text(event, "issue.user.login").map(ToOwned::to_owned));
        run.facts.labels = labels(event.get("issue"));
        return;
    }
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
    run.facts.labels = labels(Some(pull_request));
}

/// The labels of a pull request, or of the issue that stands for it.
fn labels(of: Option<&Json>) -> Option<Vec<String>> {
    let labels = of?.get("labels")?.as_array()?;
    Some(labels.iter().filter_map(|label| json::text(label, "name")).map(ToOwned::to_owned).collect())
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

    /// A queue checks out branches of its own, and a comment starts workflows on the default branch.
    #[test]
    fn the_branch_is_the_one_that_is_merged_into_or_not_known() {
        let of = |event: Json| {
            let mut run = Run::default();
            run.facts.branch = Some("of the variable".to_owned());
            add(&event, &mut run);
            (run.facts.branch, run.facts.labels)
        };
        let queue = of(json!({"merge_group": {"base_ref": "refs/heads/main"}}));
        assert_eq!(queue, (Some("main".to_owned()), None));
        let comment =
            json!({"issue": {"user": {"login": "alice"}, "labels": [{"name": "a"}]}, "comment": {}});
        assert_eq!(of(comment), (None, Some(vec!["a".to_owned()])));
        assert_eq!(of(json!({"workflow_run": {"head_branch": "main"}})), (None, None));
        let push = of(json!({"ref": "refs/heads/dev", "pusher": {}}));
        assert_eq!(push, (Some("of the variable".to_owned()), Some(Vec::new())));
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
