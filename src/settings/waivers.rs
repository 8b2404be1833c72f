//! Reads the waivers of `planguard.toml`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use chrono::NaiveDate;
use planguard_plan::text::suggest;
use toml::de::DeValue;
use toml::{Spanned, Value as Toml};

use super::SettingsError;
use super::file::{line, owned};
use super::table::Settings;
use crate::pattern::Pattern;
use crate::waivers::{Waiver, WaiverPlace};

/// The keys of a waiver, in the order in which they are usually written.
pub(crate) const KEYS: [&str; 8] =
    ["rule", "address", "environment", "reason", "owner", "ticket", "expires", "plan"];

/// What is wrong with a waiver, where, and how to put it right.
pub(super) struct Mistake {
    pub(super) at: Range<usize>,
    pub(super) reason: String,
    pub(super) help: Option<String>,
}

/// Reads the element of `[[waivers]]` of a file with this text.
///
/// # Errors
///
/// Everything that is wrong with it.
pub(super) fn read(path: &Path, text: &str, element: &Spanned<DeValue<'_>>) -> Result<Waiver, Vec<Mistake>> {
    let DeValue::Table(entries) = element.get_ref() else {
        let reason = "expected waivers to be tables, as in `[[waivers]]`".to_owned();
        return Err(vec![Mistake { at: element.span(), reason, help: None }]);
    };
    let mut mistakes = Vec::new();
    let mut texts: BTreeMap<&'static str, (String, Range<usize>)> = BTreeMap::new();
    for (name, value) in entries {
        let key = name.get_ref().as_ref();
        let Some(known) = KEYS.into_iter().find(|known| *known == key) else {
            let help = suggest::nearest(key, KEYS)
                .map_or_else(|| format!("use {}", KEYS.join(", ")), |near| format!("did you mean `{near}`?"));
            let reason = format!("unknown key `{key}` in [[waivers]]");
            mistakes.push(Mistake { at: name.span(), reason, help: Some(help) });
            continue;
        };
        let written = match owned(value) {
            Ok(Toml::String(written)) => Ok(written.trim().to_owned()),
            // A date needs no quotes.
            Ok(Toml::Datetime(moment)) if known == "expires" => Ok(moment.to_string()),
            Ok(_) => Err(format!("`{known}`: expected a string")),
            Err(reason) => Err(reason),
        };
        match written {
            Ok(written) if written.is_empty() => {
                let reason = format!("`{known}` is empty");
                mistakes.push(Mistake { at: value.span(), reason, help: None });
            }
            Ok(written) => {
                texts.insert(known, (written, value.span()));
            }
            Err(reason) => mistakes.push(Mistake { at: value.span(), reason, help: None }),
        }
    }
    for (key, help) in [
        ("rule", "name the rule, as the report does"),
        ("reason", "say why the finding is accepted; the reason is printed with the finding"),
    ] {
        if !texts.contains_key(key) && !entries.iter().any(|(name, _)| name.get_ref().as_ref() == key) {
            let reason = format!("the waiver has no `{key}`");
            mistakes.push(Mistake { at: element.span(), reason, help: Some(help.to_owned()) });
        }
    }
    let expires = texts.get("expires").and_then(|(written, at)| match written.parse::<NaiveDate>() {
        Ok(date) => Some(date),
        Err(_) => {
            let reason = format!("`expires`: `{written}` is not a date");
            let help = Some("write the last day on which the waiver counts, such as 2027-01-31".to_owned());
            mistakes.push(Mistake { at: at.clone(), reason, help });
            None
        }
    });
    if let Some((written, at)) = texts.get("plan")
        && !(written.len() == 64 && written.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        let reason = "`plan`: expected a SHA-256 of 64 hexadecimal digits".to_owned();
        let help = Some("the JSON report has the `sha256` of each plan".to_owned());
        mistakes.push(Mistake { at: at.clone(), reason, help });
    }
    let start = element.span().start;
    let mut take = |key: &str| texts.remove(key).map(|(written, _)| written);
    let rule = Pattern::new(take("rule").unwrap_or_default());
    let address = take("address").map(Pattern::new);
    if rule.matches_everything() && address.as_ref().is_some_and(Pattern::matches_everything) {
        let reason = "the waiver accepts every finding".to_owned();
        let help = Some(
            "name the rule or the resource; to see findings without denying, use --report-only".to_owned(),
        );
        mistakes.push(Mistake { at: element.span(), reason, help });
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(Waiver {
        rule,
        address,
        environment: take("environment"),
        reason: take("reason").unwrap_or_default(),
        owner: take("owner"),
        ticket: take("ticket"),
        expires,
        plan: take("plan"),
        place: WaiverPlace { file: path.to_owned(), line: line(text, start) },
    })
}

impl Settings {
    /// The waivers that lack the end that the settings require.
    pub(super) fn waivers_without_end(&self) -> impl Iterator<Item = SettingsError> {
        let is_required = self.require_waiver_expiry.value;
        self.waivers.iter().filter(move |waiver| is_required && waiver.expires.is_none()).map(|waiver| {
            SettingsError::WaiverWithoutEnd {
                file: waiver.place.file.clone(),
                line: waiver.place.line,
                rule: waiver.rule.to_string(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Said, file};
    use super::*;

    fn parse(text: &str) -> Result<Said, Vec<SettingsError>> {
        file::parse(Path::new("planguard.toml"), text)
    }

    const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF";

    #[test]
    fn every_key_is_read() {
        let text = format!(
            "[check]\nstrict = true\n\n[[waivers]]\nrule = \"aws-lb-internet-facing\"\naddress = \"module.web.aws_lb.site\"\n\
             reason = \"the shop is public\"\nowner = \"team-web\"\nticket = \"OPS-1\"\nexpires = 2027-01-31\n\
             plan = \"{DIGEST}\"\n\n[[waivers]]\nrule = \"change-*\"\nreason = \"r\"\nexpires = \"2027-02-01\"\n"
        );
        let waivers = parse(&text).unwrap().waivers;
        let [first, second] = &waivers[..] else { panic!("{waivers:?}") };
        assert_eq!(first.rule.as_str(), "aws-lb-internet-facing");
        assert_eq!(first.address.as_ref().unwrap().as_str(), "module.web.aws_lb.site");
        assert_eq!(first.reason, "the shop is public");
        assert_eq!(first.owner.as_deref(), Some("team-web"));
        assert_eq!(first.ticket.as_deref(), Some("OPS-1"));
        assert_eq!(first.expires, NaiveDate::from_ymd_opt(2027, 1, 31));
        assert_eq!(first.plan.as_deref(), Some(DIGEST));
        assert_eq!(first.place.line, 4);
        assert_eq!(second.address, None);
        assert_eq!(second.expires, NaiveDate::from_ymd_opt(2027, 2, 1));
        assert_eq!(second.place.line, 13);
    }

    #[test]
    fn mistakes_are_reported_at_their_place() {
        let rest = "reason = \"r\"\nexpires = 2027-01-31\n";
        for (keys, place, reason, help) in [
            (format!("rul = \"a\"\n{rest}"), "rul", "unknown key `rul`", "did you mean `rule`?"),
            (format!("rule = 1\n{rest}"), "1", "`rule`: expected a string", ""),
            (format!("rule = \"\"\n{rest}"), "\"\"", "`rule` is empty", ""),
            (rest.to_owned(), "[[waivers]]", "has no `rule`", "name the rule"),
            ("rule = \"a\"\nexpires = 2027-01-31\n".to_owned(), "", "has no `reason`", "say why"),
            ("rule = \"a\"\nreason = \" \"\n".to_owned(), "\" \"", "`reason` is empty", ""),
            (
                "rule = \"a\"\nreason = \"r\"\nexpires = \"soon\"\n".to_owned(),
                "\"soon\"",
                "not a date",
                "such as",
            ),
            ("rule = \"a\"\nreason = \"r\"\nexpires = 2027-02-30\n".to_owned(), "", "", ""),
            (
                "rule = \"a\"\nreason = \"r\"\nexpires = 2027-02-01T00:00:00Z\n".to_owned(),
                "2027",
                "not a date",
                "last day",
            ),
            (format!("rule = \"a\"\nplan = \"abc\"\n{rest}"), "\"abc\"", "64 hexadecimal", "sha256"),
            (format!("rule = \"*\"\naddress = \"**\"\n{rest}"), "", "accepts every finding", "name the rule"),
        ] {
            let text = format!("[[waivers]]\n{keys}");
            let errors = parse(&text).unwrap_err();
            let found = errors.iter().any(|error| {
                let SettingsError::Invalid { reason: said, help: hint, at, .. } = error else { return false };
                let there = text.get(at.offset()..at.offset() + at.len()).unwrap_or_default();
                said.contains(reason) && hint.contains(help) && there.contains(place)
            });
            assert!(found, "{text}: {errors:?}");
        }
        let errors = parse("waivers = 1\n").unwrap_err();
        assert!(errors[0].to_string().contains("[[waivers]]"), "{errors:?}");
    }

    #[test]
    fn an_end_is_required_unless_settings_say_otherwise() {
        let waiver = "[[waivers]]\nrule = \"a\"\nreason = \"r\"\n";
        let missing = |head: &str| {
            let settings = parse(&format!("{head}{waiver}")).unwrap().resolve();
            settings.waivers_without_end().map(|error| error.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(missing(""), ["planguard.toml:1: the waiver for a has no `expires`"]);
        assert_eq!(missing("[check]\nrequire-waiver-expiry = false\n"), Vec::<String>::new());
    }
}
