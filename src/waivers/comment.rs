//! Waivers in comments of the configuration: `# planguard:ignore aws-lb-internet-facing until 2027-01-31 the shop is public`.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use chrono::NaiveDate;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_source::{Configuration, SourceFile};

use super::Expiry;
use crate::enforcement::Enforcement;
use crate::finding::{Finding, FindingWaiver, SourceLine, WaiverState};
use crate::known_rules::KnownRules;
use crate::pattern::Pattern;
use crate::report::Notice;

/// What such a comment starts with, behind the sign of the comment.
const MARK: &str = "planguard:ignore";

/// How it is written, for messages.
const FORM: &str = "# planguard:ignore RULE until YYYY-MM-DD REASON";

/// What a run does with ignore comments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Comments {
    /// They count, with or without an end.
    Count(Expiry),
    /// They do not count, because settings are taken from this place and the change under review can edit them.
    Untrusted(String),
    /// They are not looked for.
    #[default]
    NotRead,
}

/// A comment that accepts findings on the line below it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct IgnoreComment {
    rule: Pattern,
    expires: Option<NaiveDate>,
    reason: String,
    place: Place,
    /// The line that it is about: the next one with code.
    target: usize,
}

/// The file and line of a comment.
type Place = (String, usize);

/// How often each comment of a run accepted a finding, and the notices about comments that cannot count.
#[derive(Clone, Debug, Default)]
pub(crate) struct UsedComments {
    used: BTreeMap<Place, Used>,
    notices: BTreeMap<Place, Notice>,
}

#[derive(Clone, Debug)]
struct Used {
    rule: String,
    accepted: usize,
    expired: Option<NaiveDate>,
}

impl UsedComments {
    /// Adds those of another plan.
    pub(crate) fn add(&mut self, other: Self) {
        for (place, used) in other.used {
            self.used.entry(place).and_modify(|known| known.accepted += used.accepted).or_insert(used);
        }
        self.notices.extend(other.notices);
    }

    /// What the owners of the comments should know.
    pub(crate) fn into_notices(self) -> Vec<Notice> {
        let mut notices = self.notices;
        for ((file, line), used) in self.used {
            let notice = |code, what: &str| {
                Notice::new(code, &format!("{file}:{line}: the comment that ignores {} {what}", used.rule))
            };
            let notice = match (used.expired, used.accepted) {
                (Some(last), _) => notice("PG-WV-103", &format!("expired on {last}")),
                (None, 0) => notice("PG-WV-101", "is not used: the line below it has no such finding"),
                (None, _) => continue,
            };
            notices.entry((file, line)).or_insert(notice);
        }
        notices.into_values().collect()
    }
}

impl Comments {
    /// Accepts the findings that comments of the configuration mean, on the day `today`.
    pub(crate) fn apply(
        &self,
        findings: &mut [Finding],
        configuration: &Configuration,
        known: impl FnOnce() -> KnownRules,
        today: NaiveDate,
    ) -> UsedComments {
        let mut used = UsedComments::default();
        let expiry = match self {
            Self::NotRead => return used,
            Self::Untrusted(_) => Expiry::Optional,
            Self::Count(expiry) => *expiry,
        };
        let mut comments = Vec::new();
        for file in configuration.files() {
            for (line, read) in read(file, expiry) {
                match read {
                    Ok(comment) => comments.push(comment),
                    Err(reason) => {
                        let place = (file.path().to_string_lossy().into_owned(), line);
                        let message = format!("{}:{line}: {reason}; write `{FORM}`", place.0);
                        used.notices.insert(place, Notice::new("PG-WV-105", &message));
                    }
                }
            }
        }
        if comments.is_empty() {
            return used;
        }
        if let Self::Untrusted(trusted) = self {
            for comment in comments {
                let (file, line) = &comment.place;
                let message = format!(
                    "{file}:{line}: the comment does not count, because settings are taken from {trusted}"
                );
                used.notices.insert(comment.place.clone(), Notice::new("PG-WV-106", &message));
            }
            return used;
        }
        let known = known();
        for comment in comments {
            comment.apply(findings, &known, today, &mut used);
        }
        used
    }
}

impl IgnoreComment {
    fn apply(self, findings: &mut [Finding], known: &KnownRules, today: NaiveDate, used: &mut UsedComments) {
        let rules = known.meant_by(&self.rule);
        if rules.is_empty() {
            let (file, line) = &self.place;
            let hint = known.nearest(self.rule.as_str());
            let hint = hint.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            let message = format!("{file}:{line}: no rule has the id {}{hint}", self.rule);
            used.notices.insert(self.place, Notice::new("PG-WV-104", &message));
            return;
        }
        let plain = Redactor::default();
        let file = plain.text(&self.place.0);
        let is_target = |line: &SourceLine| line.file == file && line.line == self.target;
        let is_expired = self.expires.is_some_and(|last| last < today);
        let mut accepted = 0;
        for finding in findings.iter_mut().filter(|finding| rules.contains(finding.rule.id.unescaped())) {
            let is_meant =
                finding.source.as_ref().is_some_and(|place| is_target(&place.at) || is_target(&place.block));
            let has_waiver =
                finding.waiver.as_ref().is_some_and(|waiver| waiver.state == WaiverState::Active);
            if !is_meant || has_waiver {
                continue;
            }
            finding.waiver = Some(FindingWaiver {
                state: if is_expired { WaiverState::Expired } else { WaiverState::Active },
                reason: plain.text(&self.reason),
                owner: None,
                ticket: None,
                expires: self.expires.map(|last| plain.text(&last.to_string())),
                file: SafeText::clone(&file),
                line: self.place.1,
            });
            if !is_expired {
                finding.enforcement = Enforcement::Waived;
                accepted += 1;
            }
        }
        let expired = self.expires.filter(|_| is_expired);
        used.used.insert(self.place, Used { rule: self.rule.to_string(), accepted, expired });
    }
}

/// The comments of a file, with their lines; or what is wrong with one.
fn read(file: &SourceFile, expiry: Expiry) -> Vec<(usize, Result<IgnoreComment, String>)> {
    let path = file.path().to_string_lossy();
    // JSON has no comments.
    if path.ends_with(".json") || !file.text().contains(MARK) {
        return Vec::new();
    }
    let lines: Vec<&str> = file.text().lines().map(str::trim).collect();
    let mut found = Vec::new();
    for (position, line) in lines.iter().enumerate() {
        let Some(rest) = comment(line).and_then(|text| text.trim_start().strip_prefix(MARK)) else {
            continue;
        };
        let target = lines.iter().enumerate().skip(position + 1);
        let target = target.into_iter().find(|(_, line)| !line.is_empty() && comment(line).is_none());
        let place = (path.clone().into_owned(), position + 1);
        let read = match target {
            Some((target, _)) => parse(rest, expiry).map(|(rule, expires, reason)| IgnoreComment {
                rule,
                expires,
                reason,
                place,
                target: target + 1,
            }),
            None => Err("nothing follows the comment".to_owned()),
        };
        found.push((position + 1, read));
    }
    found
}

/// The text of a line that is a comment.
fn comment(line: &str) -> Option<&str> {
    line.strip_prefix('#').or_else(|| line.strip_prefix("//"))
}

/// Rule, end and reason, of `RULE until DATE REASON`.
fn parse(text: &str, expiry: Expiry) -> Result<(Pattern, Option<NaiveDate>, String), String> {
    let mut words = text.split_whitespace();
    let rule = words.next().ok_or("the comment names no rule")?;
    let mut rest: Vec<&str> = words.collect();
    let expires = match rest.first() {
        Some(&"until") => {
            let date = rest.get(1).copied().unwrap_or_default();
            let date = NaiveDate::from_str(date).map_err(|_| format!("`{date}` is not a date"))?;
            rest.drain(..2);
            Some(date)
        }
        Some(_) | None if expiry == Expiry::Required => return Err("the comment has no end".to_owned()),
        Some(_) | None => None,
    };
    if rest.is_empty() {
        return Err("the comment gives no reason".to_owned());
    }
    Ok((Pattern::new(rule), expires, rest.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_end_and_reason_are_read() {
        let (rule, expires, reason) =
            parse(" aws-lb-* until 2027-01-31  the shop  is public", Expiry::Required).unwrap();
        assert_eq!(rule.as_str(), "aws-lb-*");
        assert_eq!(expires, NaiveDate::from_ymd_opt(2027, 1, 31));
        assert_eq!(reason, "the shop is public");
        assert_eq!(parse(" a because", Expiry::Optional).unwrap().1, None);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, wanted) in [
            ("", "names no rule"),
            (" a", "has no end"),
            (" a because", "has no end"),
            (" a until soon x", "`soon` is not a date"),
            (" a until", "`` is not a date"),
            (" a until 2027-01-31", "gives no reason"),
        ] {
            let error = parse(text, Expiry::Required).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
        assert!(parse(" a", Expiry::Optional).unwrap_err().contains("gives no reason"));
    }
}
