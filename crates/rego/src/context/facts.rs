//! Facts about a run, and the environment variables that state them.
//!
//! What a name means differs between systems: who started a run and what its workspace is called come only from
//! the platform itself. Otherwise anyone who registers an administrator's name elsewhere would pass for one.

use serde_json::{Map, Value as Json};

/// Something that planguard can find out about a run on any platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunFact {
    /// The commit that was planned.
    CommitSha,
    /// Its branch.
    Branch,
    /// Its message.
    CommitMessage,
    /// The name of the repository, without its owner.
    Repository,
    /// The directory of the root module in the repository.
    WorkingDirectory,
    /// The workspace that was planned. No platform's policies find it: what a name means differs between systems.
    Workspace,
    /// The branch that the change is merged into; outside of a pull request, the branch that is checked out.
    TargetBranch,
    /// The repository with its owner.
    RepositoryPath,
    /// The labels of the pull request or stack.
    Labels,
    /// Who wrote the change.
    Author,
    /// The commit that people review, where the commit that was planned is a merge of it.
    ReviewedCommit,
    /// The file in which the system describes what started the run.
    EventFile,
    /// The whole Infracost report.
    CostReport,
    /// The monthly cost after the plan is applied.
    MonthlyCost,
    /// The monthly cost before.
    PastMonthlyCost,
    /// The difference between the two.
    MonthlyCostDifference,
}

/// A system that runs planguard and says so in environment variables.
#[derive(Debug)]
pub(crate) struct Runner {
    /// The variable that only this system sets.
    pub mark: &'static str,
    /// What its variables state.
    pub fields: &'static [Field],
}

/// A variable and what it states.
#[derive(Debug)]
pub(crate) struct Field {
    /// The variable.
    pub variable: &'static str,
    /// How the value is written.
    pub form: Form,
    /// What the value is.
    pub states: States,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The value itself.
    Text,
    /// Values separated by commas.
    List,
    /// `true` or `false`.
    Flag,
    /// The name of a branch, or a reference to one.
    Branch,
    /// The part before the first slash is the value.
    Owner,
    /// The part after the last slash is the value.
    Name,
}

/// What a variable's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum States {
    /// A fact that every platform may have a place for.
    Fact(RunFact),
    /// The value at this place of the platform's own input.
    Own(&'static str),
}

impl RunFact {
    /// Whether this comes from a cost report rather than the environment.
    pub(crate) const fn is_cost(self) -> bool {
        match self {
            Self::CommitSha
            | Self::Branch
            | Self::CommitMessage
            | Self::Repository
            | Self::WorkingDirectory
            | Self::Workspace
            | Self::TargetBranch
            | Self::RepositoryPath
            | Self::Labels
            | Self::Author
            | Self::ReviewedCommit
            | Self::EventFile => false,
            Self::CostReport | Self::MonthlyCost | Self::PastMonthlyCost | Self::MonthlyCostDifference => {
                true
            }
        }
    }
}

impl Field {
    /// A variable that states a fact.
    pub(crate) const fn fact(variable: &'static str, form: Form, fact: RunFact) -> Self {
        Self { variable, form, states: States::Fact(fact) }
    }

    /// A variable of a platform that its own policies find at a place of the input.
    pub(crate) const fn own(variable: &'static str, form: Form, place: &'static str) -> Self {
        Self { variable, form, states: States::Own(place) }
    }
}

impl Runner {
    /// The places of the platform's own input that its variables fill.
    pub(crate) fn own_places(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().filter_map(|field| match field.states {
            States::Own(place) => Some(place),
            States::Fact(_) => None,
        })
    }
}

impl Form {
    /// The value in a text of this form; nothing if the text does not have the form.
    pub(super) fn read(self, text: &str) -> Option<Json> {
        Some(match self {
            Self::Text => text.into(),
            Self::List => text.split(',').map(|part| Json::from(part.trim())).collect(),
            Self::Flag => Json::Bool(text.parse().ok()?),
            Self::Branch => text.strip_prefix("refs/heads/").unwrap_or(text).into(),
            Self::Owner => text.split_once('/')?.0.into(),
            Self::Name => text.rsplit_once('/')?.1.into(),
        })
    }
}

/// Puts a value at a place such as `run.workspace.name`. A value that is in the way and no object stays.
pub(super) fn insert(object: &mut Map<String, Json>, place: &str, value: &Json) {
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
