//! The template of a project's files.

use std::path::Path;

use planguard_rule::words;

use super::name::ResourceType;
use super::{PolicyName, Scaffold, policy};

const CONFIG: &str = include_str!("templates/planguard.toml");
const GITHUB: &str = include_str!("templates/github.yml");
const GITLAB: &str = include_str!("templates/gitlab.yml");
const INSTALL: &str = include_str!("templates/install-planguard.sh");

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

impl Pipeline {
    /// The pipeline's file, and the script that installs planguard for it.
    fn files(self) -> Option<[(&'static str, &'static str); 2]> {
        match self {
            Self::GitHub => {
                Some([(".github/workflows/planguard.yml", GITHUB), (".github/install-planguard.sh", INSTALL)])
            }
            // A separate file to include, because a project has only one `.gitlab-ci.yml`.
            Self::GitLab => {
                Some([(".gitlab/planguard.yml", GITLAB), (".gitlab/install-planguard.sh", INSTALL)])
            }
            Self::None => None,
        }
    }

    /// The script in which the user states what the pipeline installs; `None` without a pipeline.
    pub fn install_script(self) -> Option<&'static Path> {
        self.files().map(|[_, (script, _)]| Path::new(script))
    }
}

/// Returns the settings, a first policy with its cases, and the files of the pipeline.
pub fn project(pipeline: Pipeline) -> Scaffold {
    let first = PolicyName::first();
    let scaffold = Scaffold::default().with("planguard.toml", CONFIG.to_owned());
    let scaffold = policy(&first, &ResourceType::default())
        .files
        .into_iter()
        .fold(scaffold, |scaffold, file| scaffold.with(file.path, file.text));
    let files = pipeline.files().into_iter().flatten();
    files.fold(scaffold, |scaffold, (path, text)| scaffold.with(path, text.to_owned()))
}
