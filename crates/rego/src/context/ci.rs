//! What the variables of CI systems say of a run, where a field of a platform's input has an obvious source.
//!
//! A name in one system is not that name in another: who started a run, or how its workspace is called, is taken
//! only from the platform itself. Otherwise whoever registers an administrator's name elsewhere would pass for
//! one.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

/// A CI system.
struct System {
    /// The variable that only this system sets.
    mark: &'static str,
    fields: &'static [Field],
}

/// A variable, and where its value belongs in the input.
struct Field {
    variable: &'static str,
    form: Form,
    places: &'static [&'static str],
}

/// How a value is written.
#[derive(Clone, Copy)]
enum Form {
    Text,
    /// Texts with commas between them.
    List,
    /// `true` or `false`.
    Flag,
    /// What stands before the first slash.
    Owner,
    /// What stands after the last slash.
    Name,
}

const fn field(variable: &'static str, form: Form, places: &'static [&'static str]) -> Field {
    Field { variable, form, places }
}

/// The most specific system first: a platform's own runner may itself be started from GitHub.
const SYSTEMS: [System; 5] = [
    System { mark: "TFC_RUN_ID", fields: HCP_TERRAFORM },
    System { mark: "TF_VAR_spacelift_run_id", fields: SPACELIFT },
    System { mark: "ATLANTIS_TERRAFORM_VERSION", fields: ATLANTIS },
    System { mark: "GITLAB_CI", fields: GITLAB },
    System { mark: "GITHUB_ACTIONS", fields: GITHUB },
];

/// <https://developer.hashicorp.com/terraform/cloud-docs/run/run-environment>
const HCP_TERRAFORM: &[Field] = &[
    field("TFC_RUN_ID", Form::Text, &["run.id"]),
    field("TFC_WORKSPACE_NAME", Form::Text, &["run.workspace.name"]),
    field("TFC_WORKSPACE_SLUG", Form::Owner, &["run.organization.name"]),
    field("TFC_PROJECT_NAME", Form::Text, &["run.project.name"]),
    field("TFC_CONFIGURATION_VERSION_GIT_COMMIT_SHA", Form::Text, &["run.commit_sha"]),
];

/// <https://docs.spacelift.io/concepts/configuration/environment>
const SPACELIFT: &[Field] = &[
    field("TF_VAR_spacelift_run_id", Form::Text, &["spacelift.run.id"]),
    field("TF_VAR_spacelift_run_type", Form::Text, &["spacelift.run.type"]),
    field("TF_VAR_spacelift_run_state", Form::Text, &["spacelift.run.state"]),
    field("TF_VAR_spacelift_run_trigger", Form::Text, &["spacelift.run.triggered_by"]),
    field("TF_VAR_spacelift_local_preview", Form::Flag, &["spacelift.run.based_on_local_workspace"]),
    field("TF_VAR_spacelift_commit_sha", Form::Text, &["spacelift.commit.hash", "spacelift.run.commit.hash"]),
    field("TF_VAR_spacelift_commit_branch", Form::Text, &["spacelift.commit.branch", "spacelift.run.branch"]),
    field("TF_VAR_spacelift_repository", Form::Text, &["spacelift.stack.repository"]),
    field("TF_VAR_spacelift_stack_branch", Form::Text, &["spacelift.stack.branch"]),
    field("TF_VAR_spacelift_stack_labels", Form::List, &["spacelift.stack.labels"]),
];

/// <https://www.runatlantis.io/docs/custom-workflows#native-environment-variables>
const ATLANTIS: &[Field] = &[
    field("HEAD_COMMIT", Form::Text, &["run.commit_sha", "spacelift.commit.hash"]),
    field("HEAD_BRANCH_NAME", Form::Text, &["spacelift.commit.branch"]),
    field(
        "REPO_REL_DIR",
        Form::Text,
        &["run.workspace.working_directory", "tfrun.workspace.working_directory"],
    ),
    field("BASE_REPO_NAME", Form::Text, &["spacelift.stack.repository"]),
];

/// <https://docs.gitlab.com/ci/variables/predefined_variables/>
const GITLAB: &[Field] = &[
    field("CI_COMMIT_SHA", Form::Text, &["run.commit_sha", "spacelift.commit.hash"]),
    field("CI_COMMIT_REF_NAME", Form::Text, &["spacelift.commit.branch"]),
    field("CI_COMMIT_MESSAGE", Form::Text, &["run.message", "tfrun.message", "spacelift.commit.message"]),
    field("CI_PROJECT_NAME", Form::Text, &["spacelift.stack.repository"]),
];

/// <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>
const GITHUB: &[Field] = &[
    field("GITHUB_SHA", Form::Text, &["run.commit_sha", "spacelift.commit.hash"]),
    field("GITHUB_REF_NAME", Form::Text, &["spacelift.commit.branch"]),
    // For a pull request this is the branch, where the other is the merge.
    field("GITHUB_HEAD_REF", Form::Text, &["spacelift.commit.branch"]),
    field("GITHUB_REPOSITORY", Form::Name, &["spacelift.stack.repository"]),
];

/// Variables that tell how conftest is to be run, of which Terrateam makes use.
pub(crate) const CONFTEST_POLICY: &str = "CONFTEST_POLICY";
pub(crate) const CONFTEST_NAMESPACE: &str = "CONFTEST_NAMESPACE";

/// The names of all environment variables that can say something of a run.
pub fn context_variables() -> impl Iterator<Item = &'static str> {
    let fields = SYSTEMS.iter().flat_map(|system| system.fields.iter().map(|field| field.variable));
    let marks = SYSTEMS.iter().map(|system| system.mark);
    marks.chain(fields).chain([CONFTEST_POLICY, CONFTEST_NAMESPACE])
}

/// The context of the first system whose mark is set.
pub(super) fn context(environment: &BTreeMap<String, String>) -> Map<String, Json> {
    let is_set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let mut context = Map::new();
    let Some(system) = SYSTEMS.iter().find(|system| is_set(system.mark).is_some()) else { return context };
    for field in system.fields {
        let Some(value) = is_set(field.variable).and_then(|text| value(text, field.form)) else { continue };
        for place in field.places {
            insert(&mut context, place, &value);
        }
    }
    context
}

fn value(text: &str, form: Form) -> Option<Json> {
    Some(match form {
        Form::Text => text.into(),
        Form::List => text.split(',').map(|part| Json::from(part.trim())).collect(),
        Form::Flag => Json::Bool(text.parse().ok()?),
        Form::Owner => text.split_once('/')?.0.into(),
        Form::Name => text.rsplit_once('/')?.1.into(),
    })
}

fn insert(object: &mut Map<String, Json>, place: &str, value: &Json) {
    match place.split_once('.') {
        None => {
            object.insert(place.to_owned(), value.clone());
        }
        Some((key, rest)) => {
            let inner = object.entry(key).or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(variables: &[(&str, &str)]) -> Json {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Json::from(context(&variables.collect()))
    }

    #[test]
    fn variables_go_where_platforms_have_them() {
        let context = of(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SHA", "abc"),
            ("GITHUB_REF_NAME", "7/merge"),
            ("GITHUB_HEAD_REF", "feature"),
            ("GITHUB_REPOSITORY", "acme/infra"),
        ]);
        assert_eq!(context["run"], json!({"commit_sha": "abc"}));
        assert_eq!(context["spacelift"]["commit"], json!({"hash": "abc", "branch": "feature"}));
        assert_eq!(context["spacelift"]["stack"]["repository"], "infra");
    }

    #[test]
    fn a_platforms_own_runner_comes_first() {
        let context = of(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SHA", "abc"),
            ("TF_VAR_spacelift_run_id", "r1"),
            ("TF_VAR_spacelift_stack_labels", "a, b"),
            ("TF_VAR_spacelift_local_preview", "false"),
        ]);
        assert_eq!(context["spacelift"]["stack"]["labels"], json!(["a", "b"]));
        assert_eq!(context["spacelift"]["run"]["based_on_local_workspace"], json!(false));
        assert!(context.get("run").is_none());
    }

    #[test]
    fn without_a_mark_nothing_is_read() {
        assert_eq!(of(&[("GITHUB_SHA", "abc"), ("GITHUB_ACTIONS", "")]), json!({}));
    }

    #[test]
    fn names_of_people_and_workspaces_stay_at_home() {
        for system in
            SYSTEMS.iter().filter(|system| !matches!(system.mark, "TFC_RUN_ID" | "TF_VAR_spacelift_run_id"))
        {
            for place in system.fields.iter().flat_map(|field| field.places) {
                for name in ["created_by", "deployerUser", "author", "triggered_by", "approvers", ".name"] {
                    assert!(!place.contains(name), "{}: {place}", system.mark);
                }
            }
        }
    }
}
