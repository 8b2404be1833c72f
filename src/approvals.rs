//! Counts who approved a change: people of the right groups who did not write it, by their latest review of its latest
//! commit.

use std::collections::{BTreeMap, BTreeSet};

use crate::run::{Review, ReviewState, Run, RunError};

/// How many people of which groups have to approve.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirement {
    /// How many.
    pub count: usize,
    /// The groups.
    pub from: Vec<String>,
    /// Their people.
    pub people: BTreeSet<String>,
}

/// The approvals of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approvals {
    /// How many are needed.
    pub needed: usize,
    /// The groups whose people may approve.
    pub from: Vec<String>,
    /// The people whose approval counts.
    pub counted: Vec<String>,
    /// Those whose review does not count, and why.
    pub not_counted: Vec<(String, NotCounted)>,
    /// Whether a commit is not known, that of the run or of an approval, so that earlier ones may count.
    pub without_commit: bool,
}

/// Why a review does not count as an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotCounted {
    /// The person wrote the change.
    Author,
    /// The person is in none of the groups.
    OtherGroup,
    /// It is about an earlier commit.
    EarlierCommit,
    /// It asks for changes.
    ChangesRequested,
    /// It was taken back.
    Dismissed,
}

impl NotCounted {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::Author, Self::OtherGroup, Self::EarlierCommit, Self::ChangesRequested, Self::Dismissed];

    /// The reason in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Author => "wrote the change",
            Self::OtherGroup => "is in none of the groups",
            Self::EarlierCommit => "reviewed an earlier commit",
            Self::ChangesRequested => "asks for changes",
            Self::Dismissed => "the review was dismissed",
        }
    }
}

/// A name as it is compared: the systems that people review on take no notice of case.
fn compared(name: &str) -> String {
    name.trim().trim_start_matches('@').to_ascii_lowercase()
}

impl Approvals {
    /// Counts the reviews of a run.
    ///
    /// # Errors
    ///
    /// If somebody's approval would count and it is not known who wrote the change.
    pub fn count(requirement: &Requirement, run: &Run) -> Result<Self, RunError> {
        let Requirement { count, from, people } = requirement;
        let mut approvals = Self { needed: *count, from: from.clone(), ..Self::default() };
        let people: BTreeSet<String> = people.iter().map(|person| compared(person)).collect();
        let authors: BTreeSet<String> = run.authors.iter().map(|author| compared(author)).collect();
        let mut latest: BTreeMap<String, &Review> = BTreeMap::new();
        for review in run.reviews.iter().filter(|review| review.state != ReviewState::Comment) {
            latest.insert(compared(&review.by), review);
        }
        for (person, review) in latest {
            let commits = run.facts.commit.as_ref().zip(review.commit.as_ref());
            let is_earlier = commits.is_some_and(|(own, reviewed)| !own.eq_ignore_ascii_case(reviewed));
            let reason = match review.state {
                ReviewState::ChangesRequested => Some(NotCounted::ChangesRequested),
                ReviewState::Dismissed => Some(NotCounted::Dismissed),
                ReviewState::Comment => continue,
                ReviewState::Approved if authors.contains(&person) => Some(NotCounted::Author),
                ReviewState::Approved if !people.contains(&person) => Some(NotCounted::OtherGroup),
                ReviewState::Approved if is_earlier => Some(NotCounted::EarlierCommit),
                ReviewState::Approved => None,
            };
            match reason {
                Some(reason) => approvals.not_counted.push((review.by.clone(), reason)),
                None => {
                    approvals.without_commit |= commits.is_none();
                    approvals.counted.push(review.by.clone());
                }
            }
        }
        if authors.is_empty() && !approvals.counted.is_empty() {
            return Err(RunError::NoAuthor { people: approvals.counted.join(", ") });
        }
        Ok(approvals)
    }

    /// How many approvals are missing.
    pub fn missing(&self) -> usize {
        self.needed.saturating_sub(self.counted.len())
    }

    /// Whether what needs approval has it. Where nobody was asked, nothing is approved.
    pub fn are_enough(&self) -> bool {
        self.needed > 0 && self.missing() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name:state@commit`.
    fn review(text: &str) -> Review {
        let (by, rest) = text.split_once(':').unwrap();
        let (state, commit) = match rest.split_once('@') {
            Some((state, commit)) => (state, Some(commit.to_owned())),
            None => (rest, None),
        };
        let state = match state {
            "ok" => ReviewState::Approved,
            "no" => ReviewState::ChangesRequested,
            "dismissed" => ReviewState::Dismissed,
            "comment" => ReviewState::Comment,
            other => panic!("{other}"),
        };
        Review { by: by.to_owned(), state, commit, at: None }
    }

    fn run(reviews: &str, commit: Option<&str>) -> Run {
        let mut run = Run { authors: BTreeSet::from(["alice".to_owned()]), ..Run::default() };
        run.reviews = reviews.split_whitespace().map(review).collect();
        run.facts.commit = commit.map(ToOwned::to_owned);
        run
    }

    fn requirement(count: usize) -> Requirement {
        let people = ["alice", "bob", "Carol"].map(ToOwned::to_owned);
        Requirement { count, from: vec!["platform".to_owned()], people: people.into() }
    }

    #[test]
    fn only_the_latest_review_of_the_right_people_counts() {
        use NotCounted::{Author, ChangesRequested, Dismissed, EarlierCommit, OtherGroup};
        for (reviews, counted, not_counted) in [
            ("", &[][..], &[][..]),
            ("bob:ok@abc", &["bob"], &[]),
            ("BOB:ok@ABC", &["BOB"], &[]),
            ("bob:ok carol:ok@abc", &["bob", "carol"], &[]),
            ("bob:ok@abc bob:ok@abc", &["bob"], &[]),
            ("bob:ok@abc Bob:ok@abc", &["Bob"], &[]),
            ("alice:ok@abc", &[], &[("alice", Author)]),
            ("Alice:ok@abc", &[], &[("Alice", Author)]),
            ("dave:ok@abc", &[], &[("dave", OtherGroup)]),
            ("bob:ok@old", &[], &[("bob", EarlierCommit)]),
            ("bob:ok@old bob:ok@abc", &["bob"], &[]),
            ("bob:ok@abc bob:no@abc", &[], &[("bob", ChangesRequested)]),
            ("bob:no@abc bob:ok@abc", &["bob"], &[]),
            ("bob:ok@abc bob:dismissed@abc", &[], &[("bob", Dismissed)]),
            ("bob:ok@abc bob:comment@abc", &["bob"], &[]),
            ("bob:ok@old bob:comment@abc", &[], &[("bob", EarlierCommit)]),
            ("bob:comment@abc", &[], &[]),
        ] {
            let approvals = Approvals::count(&requirement(1), &run(reviews, Some("abc"))).unwrap();
            assert_eq!(approvals.counted, counted, "{reviews}");
            let others: Vec<(&str, NotCounted)> =
                approvals.not_counted.iter().map(|(person, reason)| (person.as_str(), *reason)).collect();
            assert_eq!(others, not_counted, "{reviews}");
            assert_eq!(approvals.are_enough(), !counted.is_empty(), "{reviews}");
        }
    }

    #[test]
    fn as_many_are_needed_as_the_settings_say() {
        let of = |count| Approvals::count(&requirement(count), &run("bob:ok", None)).unwrap();
        assert!(of(1).are_enough());
        assert_eq!((of(3).are_enough(), of(3).missing()), (false, 2));
        assert!(!Approvals::default().are_enough(), "nobody was asked");
    }

    #[test]
    fn commits_are_compared_where_both_are_known() {
        let of = |commit| Approvals::count(&requirement(1), &run("bob:ok@abc", commit)).unwrap();
        assert!(of(None).without_commit && of(None).are_enough());
        assert!(!of(Some("abc")).without_commit);
        assert!(!of(Some("def")).are_enough());
        let named = Approvals::count(&requirement(1), &run("bob:ok", Some("abc"))).unwrap();
        assert!(named.without_commit && named.are_enough());
    }

    #[test]
    fn without_an_author_nobody_can_be_told_from_the_author() {
        let mut run = run("bob:ok@abc", None);
        run.authors.clear();
        assert!(matches!(Approvals::count(&requirement(1), &run), Err(RunError::NoAuthor { .. })));
        run.reviews = vec![review("dave:ok")];
        assert!(Approvals::count(&requirement(1), &run).is_ok(), "nothing depends on it");
    }
}
