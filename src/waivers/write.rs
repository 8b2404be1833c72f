//! Adds a waiver to a settings file, and keeps everything else of it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use miette::Diagnostic;
use thiserror::Error;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::known_rules::KnownRules;
use crate::pattern::Pattern;
use crate::whole_file;

/// A waiver that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWaiver {
    /// The rules, as in [`Waiver::rule`](super::Waiver::rule).
    pub rule: Pattern,
    /// The resources; `None` for findings about the whole plan.
    pub address: Option<Pattern>,
    /// The environment for which alone it counts.
    pub environment: Option<String>,
    /// Why the finding is accepted.
    pub reason: String,
    /// Who accepted it.
    pub owner: Option<String>,
    /// Where the decision is recorded.
    pub ticket: Option<String>,
    /// The last day on which it counts, in UTC.
    pub expires: Option<NaiveDate>,
}

/// Why a waiver cannot be added.
#[derive(Debug, Error, Diagnostic)]
pub enum WaiveError {
    /// No rule has such an id.
    #[error("no rule has the id {rule}")]
    #[diagnostic(code("PG-WV-001"), help("{help}"))]
    UnknownRule {
        /// What is written.
        rule: String,
        /// How to put it right.
        help: String,
    },
    /// The waiver would have no reason.
    #[error("the reason is empty")]
    #[diagnostic(
        code("PG-WV-002"),
        help("say why the finding is accepted; the reason is printed with the finding")
    )]
    NoReason,
    /// The waiver would have no end.
    #[error("the waiver has no end")]
    #[diagnostic(
        code("PG-WV-003"),
        help("add --expires YYYY-MM-DD, or set `require-waiver-expiry = false` under [check]")
    )]
    NoEnd,
    /// The waiver would have expired already.
    #[error("{expires} is past")]
    #[diagnostic(code("PG-WV-004"), help("name a day from today on"))]
    Past {
        /// The last day.
        expires: NaiveDate,
    },
    /// It would accept everything.
    #[error("the waiver would accept every finding")]
    #[diagnostic(
        code("PG-WV-005"),
        help("name the rule or the resource; to see findings without denying, use --report-only")
    )]
    Everything,
    /// The settings file cannot be read or written.
    #[error("cannot write {}: {reason}", path.display())]
    #[diagnostic(code("PG-WV-006"), help("check the file and its permissions; nothing was changed"))]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Whether waivers need an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// They do.
    Required,
    /// They may go without.
    Optional,
}

impl NewWaiver {
    /// Adds the waiver at the end of the settings file, which is made if it does not exist. Returns the text that was
    /// added.
    ///
    /// # Errors
    ///
    /// If the waiver would not be valid on the day `today`, or the file cannot be changed. It is then as it was.
    pub fn add(
        &self,
        path: &Path,
        known: &KnownRules,
        expiry: Expiry,
        today: NaiveDate,
    ) -> Result<String, WaiveError> {
        self.validate(known, expiry, today)?;
        let failed = |reason: String| WaiveError::File { path: path.to_owned(), reason };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => String::new(),
            Err(error) => return Err(failed(error.to_string())),
        };
        let mut document: DocumentMut =
            text.parse().map_err(|error: toml_edit::TomlError| failed(error.message().to_owned()))?;
        let list = document.entry("waivers").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        let list = list.as_array_of_tables_mut().ok_or_else(|| {
            failed("`waivers` is not an array of tables; write it as `[[waivers]]`".to_owned())
        })?;
        let table = self.table();
        let mut added = DocumentMut::new();
        added.insert("waivers", Item::ArrayOfTables([table.clone()].into_iter().collect()));
        list.push(table);
        whole_file::write(path, &document.to_string()).map_err(|error| failed(error.to_string()))?;
        Ok(added.to_string())
    }

    fn validate(&self, known: &KnownRules, expiry: Expiry, today: NaiveDate) -> Result<(), WaiveError> {
        if self.rule.matches_everything() && self.address.as_ref().is_some_and(Pattern::matches_everything) {
            return Err(WaiveError::Everything);
        }
        if known.meant_by(&self.rule).is_empty() {
            let rule = self.rule.to_string();
            let help = known.nearest(&rule).map_or_else(
                || {
                    "`planguard rules` lists the built-in rules; a policy is named as in the report"
                        .to_owned()
                },
                |near| format!("did you mean {near}?"),
            );
            return Err(WaiveError::UnknownRule { rule, help });
        }
        if self.reason.trim().is_empty() {
            return Err(WaiveError::NoReason);
        }
        match self.expires {
            None if expiry == Expiry::Required => Err(WaiveError::NoEnd),
            Some(expires) if expires < today => Err(WaiveError::Past { expires }),
            None | Some(_) => Ok(()),
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        let texts = [
            ("rule", Some(self.rule.as_str())),
            ("address", self.address.as_ref().map(Pattern::as_str)),
            ("environment", self.environment.as_deref()),
            ("reason", Some(self.reason.trim())),
            ("owner", self.owner.as_deref()),
            ("ticket", self.ticket.as_deref()),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                table.insert(key, value(text));
            }
        }
        if let Some(expires) =
            self.expires.and_then(|last| last.to_string().parse::<toml_edit::Datetime>().ok())
        {
            table.insert("expires", value(expires));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Rules;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn waiver() -> NewWaiver {
        NewWaiver {
            environment: None,
            rule: Pattern::new("aws-instance-public-ip"),
            address: Some(Pattern::new("module.a[\"k\"].aws_instance.web")),
            reason: "the \"bastion\" is public".to_owned(),
            owner: Some("team".to_owned()),
            ticket: None,
            expires: Some(day("2027-01-31")),
        }
    }

    fn add(waiver: &NewWaiver, path: &Path, expiry: Expiry) -> Result<String, WaiveError> {
        waiver.add(path, &KnownRules::of(&Rules::default()), expiry, day("2027-01-31"))
    }

    #[test]
    fn it_is_added_and_comments_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("planguard.toml");
        let before = "# ours\n[check]\nfail-on = \"high\" # strict\n\n[[waivers]] # the first\nrule = \"a\"\nreason = \"r\"\n\n# last\n[policies]\npaths = []\n";
        fs::write(&path, before).unwrap();
        add(&waiver(), &path, Expiry::Required).unwrap();
        let after = fs::read_to_string(&path).unwrap();
        let added = "\n[[waivers]]\nrule = \"aws-instance-public-ip\"\naddress = 'module.a[\"k\"].aws_instance.web'\n\
                     reason = 'the \"bastion\" is public'\nowner = \"team\"\nexpires = 2027-01-31\n";
        assert!(after.contains(added), "{after}");
        assert_eq!(after.replacen(added, "", 1), before);
    }

    #[test]
    fn a_file_that_does_not_exist_is_made() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("planguard.toml");
        let added = add(&waiver(), &path, Expiry::Required).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), added);
        assert!(added.starts_with("[[waivers]]\nrule = "), "{added}");
    }

    #[test]
    fn what_would_not_be_valid_is_refused_and_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("planguard.toml");
        fs::write(&path, "[check]\n").unwrap();
        let star = || Pattern::new("*");
        for (waiver, expiry, wanted) in [
            (
                NewWaiver { rule: Pattern::new("aws-instance-pubic-ip"), ..waiver() },
                Expiry::Required,
                "no rule has",
            ),
            (NewWaiver { reason: " ".to_owned(), ..waiver() }, Expiry::Required, "reason is empty"),
            (NewWaiver { expires: None, ..waiver() }, Expiry::Required, "has no end"),
            (
                NewWaiver { expires: Some(day("2027-01-30")), ..waiver() },
                Expiry::Optional,
                "2027-01-30 is past",
            ),
            (
                NewWaiver { rule: star(), address: Some(star()), ..waiver() },
                Expiry::Optional,
                "every finding",
            ),
        ] {
            let error = add(&waiver, &path, expiry).unwrap_err();
            assert!(error.to_string().contains(wanted), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), "[check]\n");
        }
        for text in ["waivers = 1\n", "[check\n"] {
            fs::write(&path, text).unwrap();
            assert!(add(&waiver(), &path, Expiry::Required).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let without_end = NewWaiver { expires: None, rule: Pattern::new("CKV_AWS_88"), ..waiver() };
        fs::remove_file(&path).unwrap();
        assert!(add(&without_end, &path, Expiry::Optional).is_ok());
    }
}
