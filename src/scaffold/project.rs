//! The template of a project's files.

use planguard_rule::words;

use super::name::ResourceType;
use super::{PolicyName, Scaffold, fill, policy};

const CONFIG: &str = include_str!("templates/planguard.toml");
const GITHUB: &str = include_str!("templates/github.yml");
const GITLAB: &str = include_str!("templates/gitlab.yml");

words! {
    /// The CI system of a project.
    pub enum Pipeline is "a CI system" {
        /// GitHub Actions.
        GitHub = "github": "GitHub Actions",
        /// GitLab CI.
        GitLab = "gitlab": "GitLab CI",
        /// No file is written for a pipeline.
        None = "none": "write no file for a pipeline",
    }
}

/// Returns the settings, a first policy with its cases, and the CI file.
pub fn project(pipeline: Pipeline) -> Scaffold {
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    let first = PolicyName::first();
    let scaffold = Scaffold::default().with("planguard.toml", CONFIG.to_owned());
    let scaffold = policy(&first, &ResourceType::default())
        .files
        .into_iter()
        .fold(scaffold, |scaffold, file| scaffold.with(file.path, file.text));
    match pipeline {
        Pipeline::GitHub => scaffold.with(".github/workflows/planguard.yml", fill(GITHUB, &version)),
        // A separate file to include, because a project has only one `.gitlab-ci.yml`.
        Pipeline::GitLab => scaffold.with(".gitlab/planguard.yml", fill(GITLAB, &version)),
        Pipeline::None => scaffold,
    }
}
