//! Compares a statement with what is to be applied.

use planguard_plan::input::Sha256Digest;

use super::error::CLOCKS;
use super::{Digest, Lifetime, Predicate, Refusal, Statement, SubjectName, Time};

/// A file that is to be applied, or that belongs to what is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFile {
    /// Its name, as it was given.
    pub name: String,
    /// The digest of its bytes.
    pub sha256: Sha256Digest,
}

/// What an attestation has to be about.
#[derive(Clone, Debug)]
pub struct Expected<'e> {
    /// The files, all of which have to be of the plan.
    pub files: &'e [PlanFile],
    /// The digest of the rules, if they have to be certain ones.
    pub rules: Option<&'e str>,
    /// How old the check may be.
    pub max_age: Option<Lifetime>,
    /// The present.
    pub now: Time,
}

impl Statement {
    /// Everything that keeps the statement from being accepted.
    pub fn refusals(&self, expected: &Expected<'_>) -> Vec<Refusal> {
        let Expected { files, rules, max_age, now } = expected;
        let Predicate { verdict, report_only, checked_at, expires_at, rules_sha256, .. } = &self.predicate;
        let several = [SubjectName::Json, SubjectName::Binary].into_iter().filter_map(|name| {
            let number = self.subject.iter().filter(|subject| subject.name == name).count();
            (number > 1).then_some(Refusal::SeveralPlans { name, number })
        });
        let other_plan = files
            .iter()
            .filter(|file| self.subject_of(file).is_none())
            .map(|file| Refusal::OtherPlan { file: file.name.clone(), found: file.sha256.to_string() });
        let age = now.get().signed_duration_since(checked_at.get());
        let of_time = [
            (now >= expires_at).then_some(Refusal::Expired { expired: *expires_at }),
            (-age > CLOCKS).then_some(Refusal::Future { made: *checked_at, now: *now }),
            max_age
                .filter(|limit| age > limit.duration())
                .map(|limit| Refusal::TooOld { made: *checked_at, limit }),
        ];
        let other_rules = rules
            .filter(|rules| *rules != rules_sha256.as_str())
            .map(|rules| Refusal::OtherRules { found: rules_sha256.to_string(), expected: rules.to_owned() });
        several
            .chain(other_plan)
            .chain(Refusal::of(*verdict))
            .chain(report_only.then_some(Refusal::ReportOnly))
            .chain(of_time.into_iter().flatten())
            .chain(other_rules)
            .collect()
    }

    /// Which file of the plan this is.
    pub fn subject_of(&self, file: &PlanFile) -> Option<SubjectName> {
        let digest = Digest::from(file.sha256);
        let subject = self.subject.iter().find(|subject| subject.digest.sha256 == digest)?;
        Some(subject.name)
    }
}

#[cfg(test)]
mod tests {
    use miette::Diagnostic as _;

    use super::super::of_report::tests::{digest, statement};
    use super::super::{SubjectDigest, Verdict};
    use super::*;

    const TEXT: &str = r#"{"format_version":"1.2","resource_changes":[]}"#;

    fn file() -> PlanFile {
        let document = planguard_plan::input::Document::from_text("a", TEXT).unwrap();
        PlanFile { name: "tfplan".to_owned(), sha256: document.sha256() }
    }

    /// A statement about the file.
    fn about_the_file() -> Statement {
        let mut statement = statement();
        statement.subject[1].digest = SubjectDigest { sha256: file().sha256.into() };
        statement
    }

    fn codes(statement: &Statement, now: &str, max_age: Option<&str>, rules: Option<&str>) -> Vec<String> {
        let files = [file()];
        let expected = Expected {
            files: &files,
            rules,
            max_age: max_age.map(|age| age.parse().unwrap()),
            now: Time::try_from(now.to_owned()).unwrap(),
        };
        statement.refusals(&expected).iter().map(|refusal| refusal.code().unwrap().to_string()).collect()
    }

    const NOW: &str = "2026-11-30T11:00:00Z";

    #[test]
    fn what_was_checked_and_passed_is_accepted() {
        let statement = about_the_file();
        assert!(codes(&statement, NOW, Some("1h"), Some(digest('c').as_str())).is_empty());
        assert_eq!(statement.subject_of(&file()), Some(SubjectName::Binary));
    }

    #[test]
    fn everything_else_is_refused_by_its_own_code() {
        let changed = |change: &dyn Fn(&mut Statement)| {
            let mut statement = about_the_file();
            change(&mut statement);
            codes(&statement, NOW, None, None)
        };
        assert_eq!(codes(&statement(), NOW, None, None), ["PG-AT-023"]);
        assert_eq!(changed(&|statement| statement.predicate.verdict = Verdict::Denied), ["PG-AT-024"]);
        assert_eq!(changed(&|statement| statement.predicate.verdict = Verdict::Undecided), ["PG-AT-025"]);
        assert_eq!(changed(&|statement| statement.predicate.report_only = true), ["PG-AT-026"]);
        let other = |statement: &mut Statement| {
            statement.subject[0].name = SubjectName::Binary;
        };
        assert_eq!(changed(&other), ["PG-AT-031"]);
        assert_eq!(codes(&about_the_file(), NOW, None, Some(digest('f').as_str())), ["PG-AT-030"]);
        assert_eq!(codes(&about_the_file(), NOW, Some("59m"), None), ["PG-AT-029"]);
    }

    #[test]
    fn the_bounds_of_time_are_exact() {
        let at = |now: &str| codes(&about_the_file(), now, None, None);
        assert!(at("2026-12-01T09:59:59Z").is_empty());
        assert_eq!(at("2026-12-01T10:00:00Z"), ["PG-AT-027"]);
        assert!(at("2026-11-30T09:55:00Z").is_empty());
        assert_eq!(at("2026-11-30T09:54:59Z"), ["PG-AT-028"]);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let mut statement = statement();
        statement.predicate.verdict = Verdict::Denied;
        let told = codes(&statement, "2027-01-01T00:00:00Z", Some("1h"), Some("x"));
        assert_eq!(told, ["PG-AT-023", "PG-AT-024", "PG-AT-027", "PG-AT-029", "PG-AT-030"]);
    }
}
