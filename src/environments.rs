//! Environments: which part of the settings a run is held to, chosen by name or by where the change goes.

use std::collections::BTreeSet;

use planguard_rego::RunFacts;
use planguard_rule::words;

use crate::pattern::Pattern;

words! {
    /// Something about a run that patterns look at.
    #[derive(PartialOrd, Ord)]
    pub enum Condition is "a condition" {
        /// The workspace that was planned.
        Workspace = "workspace",
        /// The branch that the change is merged into.
        Branch = "branch",
        /// The repository.
        Repository = "repository",
        /// A label of the pull request or stack.
        Label = "label",
    }
}

/// The name by which a user asks for no environment, whatever the patterns say.
pub const NONE: &str = "none";

/// The runs that an environment is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// For each of these conditions, one pattern has to match.
    pub wanted: Vec<(Condition, Vec<Pattern>)>,
    /// For none of these may any pattern match.
    pub excluded: Vec<(Condition, Vec<Pattern>)>,
}

/// Whether an environment is for a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is, because of this.
    Yes(String),
    /// It is not.
    No,
    /// That depends on these, which are not known of the run.
    Unknown(BTreeSet<Condition>),
}

/// Whether one of several patterns matches.
enum Match {
    Yes(String),
    No,
    Unknown,
}

impl Scope {
    /// Whether the environment is for this run. An exclusion wins. Without wanted patterns it is for no run by itself.
    pub fn fits(&self, facts: &RunFacts) -> Fit {
        let mut unknown = BTreeSet::new();
        let mut reasons = Vec::new();
        for (condition, patterns) in &self.excluded {
            match matched(*condition, patterns, facts) {
                Match::Yes(_) => return Fit::No,
                Match::No => {}
                Match::Unknown => {
                    unknown.insert(*condition);
                }
            }
        }
        for (condition, patterns) in &self.wanted {
            match matched(*condition, patterns, facts) {
                Match::Yes(reason) => reasons.push(reason),
                Match::No => return Fit::No,
                Match::Unknown => {
                    unknown.insert(*condition);
                }
            }
        }
        match (self.wanted.is_empty(), unknown.is_empty()) {
            (true, _) => Fit::No,
            (false, true) => Fit::Yes(reasons.join(", ")),
            (false, false) => Fit::Unknown(unknown),
        }
    }
}

fn matched(condition: Condition, patterns: &[Pattern], facts: &RunFacts) -> Match {
    let values: Option<&[String]> = match condition {
        Condition::Workspace => facts.workspace.as_ref().map(std::slice::from_ref),
        Condition::Branch => facts.branch.as_ref().map(std::slice::from_ref),
        Condition::Repository => facts.repository.as_ref().map(std::slice::from_ref),
        Condition::Label => facts.labels.as_deref(),
    };
    let Some(values) = values else { return Match::Unknown };
    let mut is_unknown = false;
    for value in values {
        for pattern in patterns {
            let is_match = match condition {
                Condition::Repository => of_repository(pattern, value),
                Condition::Workspace | Condition::Branch | Condition::Label => Some(pattern.matches(value)),
            };
            match is_match {
                Some(true) => return Match::Yes(format!("{condition} `{value}` matches `{pattern}`")),
                Some(false) => {}
                None => is_unknown = true,
            }
        }
    }
    if is_unknown { Match::Unknown } else { Match::No }
}

/// A pattern with a slash is for the name with its owner, another for the name alone; `None` if the owner is not known.
fn of_repository(pattern: &Pattern, repository: &str) -> Option<bool> {
    match (pattern.as_str().contains('/'), repository.rsplit_once('/')) {
        (true, None) => None,
        (true, Some(_)) | (false, None) => Some(pattern.matches(repository)),
        (false, Some((_, name))) => Some(pattern.matches(name)),
    }
}

/// The environments, by their position, of which one is for a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// None is.
    None,
    /// This one, because of that.
    One(usize, String),
    /// Several are.
    Several(Vec<usize>),
    /// One of these may be, which depends on what is not known of the run.
    Unknown(Vec<usize>, BTreeSet<Condition>),
}

/// Chooses the environment of a run by its patterns.
pub fn choose<'s>(scopes: impl Iterator<Item = &'s Scope>, facts: &RunFacts) -> Choice {
    let (mut fitting, mut open, mut conditions) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (position, scope) in scopes.enumerate() {
        match scope.fits(facts) {
            Fit::Yes(reason) => fitting.push((position, reason)),
            Fit::No => {}
            Fit::Unknown(of_scope) => {
                open.push(position);
                conditions.extend(of_scope);
            }
        }
    }
    if !open.is_empty() && fitting.len() < 2 {
        return Choice::Unknown(open, conditions);
    }
    match fitting.len() {
        0 => Choice::None,
        1 => fitting.pop().map_or(Choice::None, |(position, reason)| Choice::One(position, reason)),
        _ => Choice::Several(fitting.into_iter().map(|(position, _)| position).collect()),
    }
}

/// What is known of a run, for a message: `workspace dev, branch main`.
pub fn described(facts: &RunFacts) -> String {
    let labels = facts.labels.as_ref().filter(|labels| !labels.is_empty()).map(|labels| labels.join(", "));
    let known = [
        (Condition::Workspace, facts.workspace.clone()),
        (Condition::Branch, facts.branch.clone()),
        (Condition::Repository, facts.repository.clone()),
        (Condition::Label, labels),
    ];
    let known: Vec<String> =
        known.into_iter().filter_map(|(condition, value)| Some(format!("{condition} {}", value?))).collect();
    if known.is_empty() { "nothing is known of it".to_owned() } else { known.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(text: &str) -> Vec<(Condition, Vec<Pattern>)> {
        text.split_whitespace()
            .map(|word| {
                let (condition, patterns) = word.split_once('=').unwrap();
                let condition = planguard_rule::Word::from_word(condition).unwrap();
                (condition, patterns.split(',').map(Pattern::new).collect())
            })
            .collect()
    }

    fn facts(text: &str) -> RunFacts {
        let mut facts = RunFacts::default();
        for word in text.split_whitespace() {
            let (condition, value) = word.split_once('=').unwrap();
            match condition {
                "workspace" => facts.workspace = Some(value.to_owned()),
                "branch" => facts.branch = Some(value.to_owned()),
                "repository" => facts.repository = Some(value.to_owned()),
                "labels" => {
                    facts.labels =
                        Some(value.split(',').filter(|l| !l.is_empty()).map(ToOwned::to_owned).collect());
                }
                other => panic!("{other}"),
            }
        }
        facts
    }

    #[test]
    fn all_conditions_have_to_hold_and_exclusions_win() {
        for (wanted, excluded, run, fit) in [
            ("workspace=prod-*", "", "workspace=prod-eu", "yes"),
            ("workspace=prod-*", "", "workspace=production", "no"),
            ("workspace=prod-*", "", "workspace=xprod-eu", "no"),
            ("workspace=a,b", "", "workspace=b", "yes"),
            ("workspace=PROD", "", "workspace=prod", "no"),
            ("branch=release/*", "", "branch=release/1/2", "yes"),
            ("workspace=a branch=main", "", "workspace=a branch=main", "yes"),
            ("workspace=a branch=main", "", "workspace=a branch=dev", "no"),
            ("workspace=a branch=main", "", "workspace=a", "unknown branch"),
            ("workspace=a branch=main", "", "branch=dev", "no"),
            ("workspace=a branch=main", "", "", "unknown workspace branch"),
            ("label=prod", "", "labels=x,prod", "yes"),
            ("label=prod", "", "labels=", "no"),
            ("label=prod", "", "", "unknown label"),
            ("repository=infra", "", "repository=acme/infra", "yes"),
            ("repository=infra", "", "repository=infra", "yes"),
            ("repository=acme/*", "", "repository=acme/infra", "yes"),
            ("repository=acme/*", "", "repository=evil/infra", "no"),
            ("repository=acme/*", "", "repository=infra", "unknown repository"),
            ("repository=acme/*,infra", "", "repository=infra", "yes"),
            ("repository=acme", "", "repository=acme/infra", "no"),
            ("branch=*", "branch=exp-*", "branch=exp-1", "no"),
            ("branch=*", "branch=exp-*", "branch=main", "yes"),
            ("branch=*", "label=sandbox", "branch=main", "unknown label"),
            ("branch=*", "label=sandbox", "branch=main labels=", "yes"),
            ("branch=*", "label=sandbox workspace=dev", "workspace=dev", "no"),
            ("", "", "branch=main", "no"),
            ("", "label=x", "branch=main", "no"),
        ] {
            let scope = Scope { wanted: patterns(wanted), excluded: patterns(excluded) };
            let said = match scope.fits(&facts(run)) {
                Fit::Yes(_) => "yes".to_owned(),
                Fit::No => "no".to_owned(),
                Fit::Unknown(conditions) => {
                    let words: Vec<String> =
                        conditions.iter().map(|condition| format!(" {condition}")).collect();
                    format!("unknown{}", words.concat())
                }
            };
            assert_eq!(said, fit, "match {wanted} not {excluded}: {run}");
        }
    }

    #[test]
    fn one_environment_is_chosen_or_the_question_is_open() {
        let scope = |wanted: &str| Scope { wanted: patterns(wanted), excluded: Vec::new() };
        let scopes = [scope("workspace=prod"), scope("branch=main"), scope("")];
        let choice = |run: &str| choose(scopes.iter(), &facts(run));
        let branch = BTreeSet::from([Condition::Branch]);
        let workspace = BTreeSet::from([Condition::Workspace]);
        assert_eq!(
            choice("workspace=prod branch=dev"),
            Choice::One(0, "workspace `prod` matches `prod`".to_owned())
        );
        assert_eq!(choice("workspace=prod branch=main"), Choice::Several(vec![0, 1]));
        assert_eq!(choice("workspace=dev branch=dev"), Choice::None);
        assert_eq!(choice("workspace=prod"), Choice::Unknown(vec![1], branch), "both may be meant");
        assert_eq!(choice("branch=dev"), Choice::Unknown(vec![0], workspace));
    }
}
