//! What environment variables say of a run to planguard itself: where the change goes, and who wrote it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value as Json;

use super::ci::stated;
use super::facts::{RunFact, States};

/// The variable by which Terraform itself selects a workspace, whatever system runs it.
pub(super) const WORKSPACE: &str = "TF_WORKSPACE";

/// What is known of a run beside its plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFacts {
    /// The workspace that was planned.
    pub workspace: Option<String>,
    /// The branch that the change is merged into; outside of a pull request, the branch that is checked out.
    pub branch: Option<String>,
    /// The repository, with its owner where that is known.
    pub repository: Option<String>,
    /// The labels of the pull request or stack.
    pub labels: Option<Vec<String>>,
    /// Who wrote the change.
    pub author: Option<String>,
    /// The commit that people review.
    pub commit: Option<String>,
    /// The file in which the system describes what started the run.
    pub event: Option<PathBuf>,
}

/// What these environment variables say of the run.
pub fn run_facts(environment: &BTreeMap<String, String>) -> RunFacts {
    let mut facts = RunFacts::default();
    let is_gitlab = environment.get("GITLAB_CI").is_some_and(|mark| !mark.is_empty());
    for (states, value) in stated(environment) {
        let States::Fact(fact) = states else { continue };
        let text = || value.as_str().map(ToOwned::to_owned);
        match fact {
            RunFact::Workspace => facts.workspace = text(),
            RunFact::TargetBranch => facts.branch = text(),
            RunFact::RepositoryPath => facts.repository = text(),
            // Where the owner is not known, the name alone is.
            RunFact::Repository => facts.repository = facts.repository.or_else(text),
            RunFact::Labels => facts.labels = Some(texts(&value)),
            RunFact::Author => facts.author = text(),
            RunFact::ReviewedCommit => facts.commit = text(),
            RunFact::EventFile => facts.event = text().map(PathBuf::from),
            RunFact::CommitSha
            | RunFact::Branch
            | RunFact::CommitMessage
            | RunFact::WorkingDirectory
            | RunFact::CostReport
            | RunFact::MonthlyCost
            | RunFact::PastMonthlyCost
            | RunFact::MonthlyCostDifference => {}
        }
    }
    if is_gitlab {
        // GitLab sets no variable where there are no labels.
        facts.labels.get_or_insert_default();
    }
    if let Some(workspace) = environment.get(WORKSPACE).filter(|workspace| !workspace.is_empty()) {
        facts.workspace = Some(workspace.clone());
    }
    facts
}

fn texts(value: &Json) -> Vec<String> {
    let elements = value.as_array().into_iter().flatten();
    elements.filter_map(Json::as_str).filter(|text| !text.is_empty()).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> RunFacts {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        run_facts(&variables.collect())
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    /// Whoever opens a pull request names its branch, and must not choose by it what the change is held to.
    #[test]
    fn the_branch_of_a_pull_request_is_the_one_it_is_merged_into() {
        let github = of(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REF_NAME", "7/merge"),
            ("GITHUB_HEAD_REF", "sandbox"),
            ("GITHUB_BASE_REF", "main"),
            ("GITHUB_REPOSITORY", "acme/infra"),
            ("GITHUB_EVENT_PATH", "/e.json"),
            ("GITHUB_SHA", "merge"),
        ]);
        let wanted = RunFacts {
            branch: some("main"),
            repository: some("acme/infra"),
            event: Some("/e.json".into()),
            ..RunFacts::default()
        };
        assert_eq!(github, wanted, "the commit of a merge is none that anybody reviewed");
        let push = of(&[("GITHUB_ACTIONS", "true"), ("GITHUB_REF_NAME", "dev"), ("GITHUB_BASE_REF", "")]);
        assert_eq!(push.branch, some("dev"));
        let gitlab = [("GITLAB_CI", "true"), ("CI_COMMIT_REF_NAME", "sandbox"), ("CI_COMMIT_SHA", "abc")];
        assert_eq!(of(&gitlab).branch, some("sandbox"));
        assert_eq!((of(&gitlab).commit, of(&gitlab).labels), (some("abc"), Some(Vec::new())));
        let merged = [
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "def"),
            ("CI_MERGE_REQUEST_LABELS", "a, b"),
        ];
        let merged = of(&[&gitlab[..], &merged[..]].concat());
        assert_eq!((merged.branch, merged.commit), (some("main"), some("def")));
        assert_eq!(merged.labels, Some(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn other_systems_name_the_target_as_well() {
        let azure = [("TF_BUILD", "True"), ("BUILD_SOURCEBRANCH", "refs/heads/release/1")];
        assert_eq!(of(&azure).branch, some("release/1"));
        let request = [
            ("BUILD_SOURCEBRANCH", "refs/pull/7/merge"),
            ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
            ("SYSTEM_PULLREQUEST_SOURCECOMMITID", "abc"),
            ("BUILD_REPOSITORY_NAME", "infra"),
        ];
        let request = of(&[&azure[..1], &request[..]].concat());
        assert_eq!((request.branch, request.commit), (some("main"), some("abc")));
        let bitbucket = [
            ("BITBUCKET_BUILD_NUMBER", "7"),
            ("BITBUCKET_BRANCH", "sandbox"),
            ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
            ("BITBUCKET_REPO_FULL_NAME", "acme/infra"),
        ];
        let facts = of(&bitbucket);
        assert_eq!((facts.branch, facts.repository), (some("main"), some("acme/infra")));
        let jenkins = [("JENKINS_URL", "https://ci"), ("BRANCH_NAME", "PR-7"), ("CHANGE_TARGET", "main")];
        assert_eq!(of(&jenkins).branch, some("main"));
    }

    #[test]
    fn atlantis_knows_the_author_and_the_workspace() {
        let atlantis = of(&[
            ("ATLANTIS_TERRAFORM_VERSION", "1.9"),
            ("WORKSPACE", "prod"),
            ("PULL_AUTHOR", "alice"),
            ("HEAD_COMMIT", "abc"),
            ("BASE_BRANCH_NAME", "main"),
            ("BASE_REPO_NAME", "infra"),
        ]);
        assert_eq!((atlantis.workspace, atlantis.author), (some("prod"), some("alice")));
        assert_eq!((atlantis.commit, atlantis.branch), (some("abc"), some("main")));
        assert_eq!((atlantis.repository, atlantis.labels), (some("infra"), None));
    }

    #[test]
    fn the_variable_of_terraform_decides_the_workspace() {
        assert_eq!(of(&[("TF_WORKSPACE", "prod"), ("WORKSPACE", "/home/jenkins")]).workspace, some("prod"));
        assert_eq!(of(&[("WORKSPACE", "/home/jenkins")]).workspace, None, "Jenkins means a directory");
        let both = [("ATLANTIS_TERRAFORM_VERSION", "1.9"), ("WORKSPACE", "dev"), ("TF_WORKSPACE", "prod")];
        assert_eq!(of(&both).workspace, some("prod"));
    }
}
