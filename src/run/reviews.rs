//! Reads reviews of a change, as GitHub, GitLab and people write them.

use std::path::Path;

use chrono::{DateTime, Utc};
use planguard_plan::text::suggest;
use serde_json::Value as Json;

use super::json::{self, Document, Mistake};
use super::{Run, RunError};

/// What somebody said of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Who.
    pub by: String,
    /// What.
    pub state: ReviewState,
    /// The commit that was reviewed.
    pub commit: Option<String>,
    /// When.
    pub at: Option<DateTime<Utc>>,
}

/// What a review says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewState {
    /// The change is approved.
    Approved,
    /// It is not.
    ChangesRequested,
    /// Somebody took the review back.
    Dismissed,
    /// Neither: an earlier review of the same person stands.
    Comment,
}

impl ReviewState {
    /// The words that name it, in upper case.
    const WORDS: [(&str, Self); 5] = [
        ("APPROVED", Self::Approved),
        ("CHANGES_REQUESTED", Self::ChangesRequested),
        ("DISMISSED", Self::Dismissed),
        ("COMMENTED", Self::Comment),
        ("PENDING", Self::Comment),
    ];
}

/// The reviews of a document, and what it says of the change.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) reviews: Vec<Review>,
    author: Option<String>,
    commit: Option<String>,
}

/// Adds the reviews of a file.
///
/// # Errors
///
/// If it cannot be read, or has another form.
pub(super) fn read(path: &Path, run: &mut Run) -> Result<(), RunError> {
    let help =
        "write the file with `gh pr view --json author,headRefOid,reviews`, or see docs/environments.md";
    let document = Document::read(path, help)?;
    let read = of(&document.value).map_err(|mistake| document.error(mistake, help))?;
    read.add_to(run);
    Ok(())
}

impl Read {
    /// Adds what it says to a run, whose own commit counts more.
    pub(super) fn add_to(self, run: &mut Run) {
        run.authors.extend(self.author);
        run.facts.commit = run.facts.commit.take().or(self.commit);
        run.reviews.extend(self.reviews);
    }
}

/// The reviews in a document: an array of reviews as GitHub's API has it, also page by page, the output of `gh pr view`,
/// or the approvals of a merge request of GitLab.
pub(super) fn of(document: &Json) -> Result<Read, Mistake> {
    let mut read = Read::default();
    match document {
        Json::Array(elements) => add(elements, "", &mut read.reviews)?,
        Json::Object(object) => {
            let mut has_list = false;
            for key in ["reviews", "approved_by"] {
                let Some(list) = object.get(key).and_then(Json::as_array) else { continue };
                has_list = true;
                add(list, key, &mut read.reviews)?;
            }
            if !has_list {
                let reason = "it has no reviews: neither an array, nor `reviews`, nor `approved_by`";
                return Err(Mistake::new(reason));
            }
            let text = |place| json::text(document, place).map(ToOwned::to_owned);
            read.author = text("author.login");
            read.commit = text("headRefOid");
        }
        other => {
            return Err(Mistake::new(format!("expected an array of reviews, found {}", json::kind(other))));
        }
    }
    if read.reviews.iter().all(|review| review.at.is_some()) {
        read.reviews.sort_by_key(|review| review.at);
    }
    Ok(read)
}

fn add(elements: &[Json], place: &str, reviews: &mut Vec<Review>) -> Result<(), Mistake> {
    for (position, element) in elements.iter().enumerate() {
        let place = format!("{place}[{position}]");
        match element {
            // One page of several.
            Json::Array(page) => add(page, &place, reviews)?,
            element => reviews.extend(review(element, &place)?),
        }
    }
    Ok(())
}

/// A review; `None` if nobody wrote it, because the account no longer exists.
fn review(element: &Json, place: &str) -> Result<Option<Review>, Mistake> {
    let wrong = |reason: String| Mistake::new(format!("`{place}`{reason}"));
    let own = |by: &str| Review { by: by.to_owned(), state: ReviewState::Approved, commit: None, at: None };
    if let Some(name) = element.as_str().map(str::trim) {
        return if name.is_empty() { Err(wrong(" is empty".to_owned())) } else { Ok(Some(own(name))) };
    }
    let Some(object) = element.as_object() else {
        return Err(wrong(format!(": expected a review, found {}", json::kind(element))));
    };
    let text = |places: &[&str]| places.iter().find_map(|place| json::text(element, place));
    let Some(by) = text(&["by", "user.login", "author.login", "user.username"]) else {
        let is_nobody = ["user", "author"].iter().any(|key| object.get(*key).is_some_and(Json::is_null));
        return if is_nobody { Ok(None) } else { Err(wrong(" does not say whose review it is".to_owned())) };
    };
    let state = match object.get("state") {
        None => ReviewState::Approved,
        Some(word) => state(word, place)?,
    };
    let at = text(&["submitted_at", "submittedAt", "approved_at"]);
    let at = at.and_then(|at| DateTime::parse_from_rfc3339(at).ok()).map(|at| at.to_utc());
    let commit = text(&["commit", "commit_id", "commit.oid"]).map(ToOwned::to_owned);
    Ok(Some(Review { state, commit, at, ..own(by) }))
}

fn state(word: &Json, place: &str) -> Result<ReviewState, Mistake> {
    let Some(word) = word.as_str() else {
        let reason = format!("`{place}.state`: expected a string, found {}", json::kind(word));
        return Err(Mistake::new(reason));
    };
    let upper = word.trim().to_ascii_uppercase();
    let known = ReviewState::WORDS.iter().find(|(known, _)| *known == upper);
    known.map(|(_, state)| *state).ok_or_else(|| {
        let words = ReviewState::WORDS.map(|(word, _)| word);
        let help = suggest::nearest(&upper, words)
            .map_or_else(|| format!("use {}", words.join(", ")), |near| format!("did you mean {near}?"));
        Mistake {
            reason: format!("`{place}.state`: `{word}` is not a state of a review"),
            help: Some(help),
            written: Some(word.to_owned()),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Who said what of which commit.
    fn read(document: &Json) -> Vec<(String, ReviewState, Option<String>)> {
        let reviews = of(document).unwrap().reviews.into_iter();
        reviews.map(|review| (review.by, review.state, review.commit)).collect()
    }

    fn approved(by: &str, commit: Option<&str>) -> (String, ReviewState, Option<String>) {
        (by.to_owned(), ReviewState::Approved, commit.map(ToOwned::to_owned))
    }

    #[test]
    fn every_form_is_read() {
        let api = json!([
            {"user": {"login": "bob"}, "state": "APPROVED", "commit_id": "abc", "submitted_at": "2026-11-01T10:00:00Z"},
            {"user": null, "state": "APPROVED", "commit_id": "abc"},
        ]);
        assert_eq!(read(&api), [approved("bob", Some("abc"))]);
        assert_eq!(read(&json!([api, []])), [approved("bob", Some("abc"))], "pages");
        let gh = json!({"author": {"login": "alice"}, "headRefOid": "abc", "reviews": [
            {"author": {"login": "bob"}, "state": "APPROVED", "submittedAt": "2026-11-01T10:00:00Z", "commit": {"oid": "abc"}},
        ]});
        assert_eq!(read(&gh), [approved("bob", Some("abc"))]);
        let said = of(&gh).unwrap();
        assert_eq!((said.author.as_deref(), said.commit.as_deref()), (Some("alice"), Some("abc")));
        let gitlab = json!({"approved": true, "approved_by": [{"user": {"username": "bob"}}]});
        assert_eq!(read(&gitlab), [approved("bob", None)]);
        let own = json!(["bob", {"by": "carol", "commit": "abc"}]);
        assert_eq!(read(&own), [approved("bob", None), approved("carol", Some("abc"))]);
    }

    #[test]
    fn reviews_are_in_the_order_of_time() {
        let review = |state: &str, at: &str| json!({"by": "bob", "state": state, "submitted_at": at});
        let document = json!([
            review("DISMISSED", "2026-11-02T00:00:00Z"),
            review("approved", "2026-11-01T23:00:00-05:00"),
        ]);
        let states: Vec<ReviewState> = read(&document).into_iter().map(|(_, state, _)| state).collect();
        assert_eq!(states, [ReviewState::Dismissed, ReviewState::Approved]);
    }

    #[test]
    fn mistakes_name_their_place() {
        for (document, reason, help) in [
            (json!(1), "expected an array of reviews, found a number", None),
            (json!({"message": "Not Found"}), "it has no reviews", None),
            (json!(["a", 1]), "`[1]`: expected a review, found a number", None),
            (json!([{"state": "APPROVED"}]), "`[0]` does not say whose review it is", None),
            (
                json!({"reviews": [{"by": "a", "state": "APROVED"}]}),
                "`reviews[0].state`: `APROVED` is not a state",
                Some("did you mean APPROVED?"),
            ),
            (
                json!([{"by": "a", "state": "x"}]),
                "`[0].state`: `x` is not a state",
                Some("use APPROVED, CHANGES_REQUESTED, DISMISSED, COMMENTED, PENDING"),
            ),
            (json!([{"by": "a", "state": 1}]), "`[0].state`: expected a string, found a number", None),
            (json!([" "]), "`[0]` is empty", None),
        ] {
            let said = of(&document).unwrap_err();
            assert!(said.reason.contains(reason), "{said:?}");
            assert_eq!(said.help.as_deref(), help);
        }
    }
}
