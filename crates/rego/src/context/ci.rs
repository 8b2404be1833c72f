//! The context that environment variables of a CI system or of a platform's own runner give.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::facts::{Field, Form, RunFact, Runner, States, insert};
use super::places;
use crate::convention::Convention;

/// <https://docs.gitlab.com/ci/variables/predefined_variables/>
const GITLAB: Runner = Runner {
    mark: "GITLAB_CI",
    fields: &[
        Field::fact("CI_COMMIT_SHA", Form::Text, RunFact::CommitSha),
        Field::fact("CI_COMMIT_REF_NAME", Form::Text, RunFact::Branch),
        Field::fact("CI_COMMIT_MESSAGE", Form::Text, RunFact::CommitMessage),
        Field::fact("CI_PROJECT_NAME", Form::Text, RunFact::Repository),
        Field::fact("CI_PROJECT_PATH", Form::Text, RunFact::RepositoryPath),
        Field::fact("CI_COMMIT_REF_NAME", Form::Text, RunFact::TargetBranch),
        Field::fact("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", Form::Text, RunFact::TargetBranch),
        Field::fact("CI_MERGE_REQUEST_LABELS", Form::List, RunFact::Labels),
        Field::fact("CI_COMMIT_SHA", Form::Text, RunFact::ReviewedCommit),
        // In a pipeline for merged results, CI_COMMIT_SHA is the merge.
        Field::fact("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", Form::Text, RunFact::ReviewedCommit),
    ],
};

/// <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>
const GITHUB: Runner = Runner {
    mark: "GITHUB_ACTIONS",
    fields: &[
        Field::fact("GITHUB_SHA", Form::Text, RunFact::CommitSha),
        Field::fact("GITHUB_REF_NAME", Form::Text, RunFact::Branch),
        // In a pull request this is the branch, while GITHUB_REF_NAME is the merge.
        Field::fact("GITHUB_HEAD_REF", Form::Text, RunFact::Branch),
        Field::fact("GITHUB_REPOSITORY", Form::Name, RunFact::Repository),
        Field::fact("GITHUB_REPOSITORY", Form::Text, RunFact::RepositoryPath),
        Field::fact("GITHUB_REF_NAME", Form::Text, RunFact::TargetBranch),
        Field::fact("GITHUB_BASE_REF", Form::Text, RunFact::TargetBranch),
        Field::fact("GITHUB_EVENT_PATH", Form::Text, RunFact::EventFile),
    ],
};

/// <https://learn.microsoft.com/azure/devops/pipelines/build/variables>
const AZURE: Runner = Runner {
    mark: "TF_BUILD",
    fields: &[
        Field::fact("BUILD_REPOSITORY_NAME", Form::Text, RunFact::RepositoryPath),
        Field::fact("BUILD_SOURCEBRANCH", Form::Branch, RunFact::TargetBranch),
        Field::fact("SYSTEM_PULLREQUEST_TARGETBRANCH", Form::Branch, RunFact::TargetBranch),
        // Elsewhere the commit of a pull request is a merge, which nobody reviews.
        Field::fact("SYSTEM_PULLREQUEST_SOURCECOMMITID", Form::Text, RunFact::ReviewedCommit),
    ],
};

/// <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>
const BITBUCKET: Runner = Runner {
    mark: "BITBUCKET_BUILD_NUMBER",
    fields: &[
        Field::fact("BITBUCKET_REPO_FULL_NAME", Form::Text, RunFact::RepositoryPath),
        Field::fact("BITBUCKET_BRANCH", Form::Text, RunFact::TargetBranch),
        Field::fact("BITBUCKET_PR_DESTINATION_BRANCH", Form::Text, RunFact::TargetBranch),
        Field::fact("BITBUCKET_COMMIT", Form::Text, RunFact::ReviewedCommit),
    ],
};

/// <https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables>
const JENKINS: Runner = Runner {
    mark: "JENKINS_URL",
    fields: &[
        Field::fact("BRANCH_NAME", Form::Text, RunFact::TargetBranch),
        Field::fact("CHANGE_TARGET", Form::Text, RunFact::TargetBranch),
    ],
};

/// Every runner, the most specific first: a platform's own runner may itself be started by a CI system.
fn runners() -> impl Iterator<Item = &'static Runner> {
    let platforms = Convention::ALL.into_iter().filter_map(|known| known.platform().runner.as_ref());
    platforms.chain([&GITLAB, &GITHUB, &AZURE, &BITBUCKET, &JENKINS])
}

/// The names of all environment variables that planguard reads about a run.
pub fn context_variables() -> impl Iterator<Item = &'static str> {
    let stated = runners()
        .flat_map(|runner| [runner.mark].into_iter().chain(runner.fields.iter().map(|field| field.variable)));
    let others = Convention::ALL.into_iter().flat_map(|known| known.platform().variables.iter().copied());
    stated.chain(others).chain([super::run::WORKSPACE])
}

/// What the first runner states whose mark is set, in the order of its fields.
pub(super) fn stated(environment: &BTreeMap<String, String>) -> impl Iterator<Item = (States, Json)> {
    let is_set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let runner = runners().find(|runner| is_set(runner.mark).is_some());
    let fields = runner.into_iter().flat_map(|runner| runner.fields);
    fields.filter_map(move |field| {
        let value = is_set(field.variable).and_then(|text| field.form.read(text))?;
        Some((field.states, value))
    })
}

/// The context that variables give to policies.
pub(super) fn context(environment: &BTreeMap<String, String>) -> Map<String, Json> {
    let mut context = Map::new();
    for (states, value) in stated(environment) {
        match states {
            States::Own(place) => insert(&mut context, place, &value),
            States::Fact(fact) => {
                places(fact).for_each(|place| insert(&mut context, place, &value));
            }
        }
    }
    context
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
    fn a_platform_without_context_states_facts_for_others() {
        let context = of(&[
            ("ATLANTIS_TERRAFORM_VERSION", "1.9"),
            ("HEAD_COMMIT", "abc"),
            ("HEAD_BRANCH_NAME", "feature"),
            ("REPO_REL_DIR", "live/eu"),
            ("BASE_REPO_NAME", "infra"),
        ]);
        let run = json!({"commit_sha": "abc", "workspace": {"working_directory": "live/eu"}});
        assert_eq!(context["run"], run);
        assert_eq!(context["tfrun"], json!({"workspace": {"working_directory": "live/eu"}}));
        assert_eq!(
            context["spacelift"],
            json!({"commit": {"hash": "abc", "branch": "feature"}, "stack": {"repository": "infra"}})
        );
    }

    #[test]
    fn without_a_mark_nothing_is_read() {
        assert_eq!(of(&[("GITHUB_SHA", "abc"), ("GITHUB_ACTIONS", "")]), json!({}));
    }

    #[test]
    fn names_of_people_and_workspaces_are_not_facts() {
        let facts = Convention::ALL.into_iter().flat_map(|known| known.platform().facts);
        for (fact, place) in facts {
            for name in ["created_by", "deployerUser", "author", "triggered_by", "approvers", ".name"] {
                assert!(!place.contains(name), "{fact:?}: {place}");
            }
        }
        for field in
            [&GITLAB, &GITHUB, &AZURE, &BITBUCKET, &JENKINS].into_iter().flat_map(|runner| runner.fields)
        {
            assert!(matches!(field.states, States::Fact(_)), "{}", field.variable);
        }
    }
}
