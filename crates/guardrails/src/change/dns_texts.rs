//! Records of a domain that say who may send mail in its name (SPF, DMARC) and who may issue certificates for it (CAA).

use std::collections::BTreeSet;

use planguard_plan::{AttributePath, PathStep, ResourceState, Value, View};
use planguard_rule::Severity;

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, sight};

/// The attributes with the texts of a record, by type. Older versions of a provider have another one.
const TEXTS: &[(&str, &[&[&str]])] = &[
    ("alicloud_dns_record", &[&["value"]]),
    ("aws_route53_record", &[&["records"]]),
    ("azurerm_dns_txt_record", &[&["record", "value"]]),
    ("cloudflare_dns_record", &[&["content"]]),
    ("cloudflare_record", &[&["content"], &["value"]]),
    ("digitalocean_record", &[&["value"]]),
    ("dnsimple_zone_record", &[&["value"]]),
    ("gandi_livedns_record", &[&["values"]]),
    ("google_dns_record_set", &[&["rrdatas"]]),
    ("hetznerdns_record", &[&["value"]]),
    ("linode_domain_record", &[&["target"]]),
    ("ovh_domain_zone_record", &[&["target"]]),
    ("scaleway_domain_record", &[&["data"]]),
    ("vultr_dns_record", &[&["data"]]),
];

/// The attributes with blocks of a tag and a value, by type.
const AUTHORITIES: &[(&str, &str)] =
    &[("azurerm_dns_caa_record", "record"), ("cloudflare_dns_record", "data"), ("cloudflare_record", "data")];

/// The finding for a record that allows more than before; `None` where either side is known only after apply.
pub(super) fn weakened(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let resource_type = pair.resource.address.resource_type.as_str();
    let of_type = TEXTS.iter().find(|(name, _)| *name == resource_type);
    let blocks = AUTHORITIES.iter().find(|(name, _)| *name == resource_type);
    if of_type.is_none() && blocks.is_none() {
        return None;
    }
    let read = |state: &ResourceState<'_>| {
        Record::read(state, of_type.map(|(_, paths)| *paths), blocks.map(|(_, name)| *name))
    };
    let (before, after) = (read(&pair.before)?, read(&pair.after)?);
    let (what, severity) = before.weaker(&after)?;
    let message = format!("{} {what}", pair.resource.address);
    let finding = ChangeFinding::on(pair.resource, message);
    let finding = match after.attribute {
        Some(name) => finding.at(AttributePath(vec![PathStep::Key(name.to_owned())])),
        None => finding,
    };
    Some(match severity {
        Some(severity) => finding.weighing(severity),
        None => finding,
    })
}

/// What the texts of a record say.
#[derive(Debug, Default)]
struct Record {
    attribute: Option<&'static str>,
    dmarc: Option<Dmarc>,
    spf: Option<Spf>,
    /// Who may issue certificates, and who may for all names below; `None` for everyone.
    issuers: [Option<BTreeSet<String>>; 2],
}

/// What receivers shall do with mail that fails, from the least on.
#[derive(Debug)]
struct Dmarc {
    domain: Policy,
    below: Policy,
    /// For how much of it, in percent.
    share: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Policy {
    None,
    Quarantine,
    Reject,
}

impl Policy {
    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// What a domain says of senders that it does not list, from the weakest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Spf {
    Pass,
    Neutral,
    SoftFail,
    Fail,
}

impl Spf {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "+all",
            Self::Neutral => "?all",
            Self::SoftFail => "~all",
            Self::Fail => "-all",
        }
    }
}

impl Record {
    fn read(
        state: &ResourceState<'_>,
        paths: Option<&'static [&'static [&'static str]]>,
        blocks: Option<&'static str>,
    ) -> Option<Self> {
        let mut record = Self::default();
        let mut authorities: Vec<(String, String)> = Vec::new();
        for path in paths.unwrap_or_default() {
            for place in places(&state.root(), path) {
                let texts = texts(&place)?;
                if !texts.is_empty() {
                    record.attribute = path.first().copied();
                }
                for text in texts {
                    let text = text.trim().trim_matches('"').replace("\" \"", "");
                    record.dmarc = record.dmarc.or_else(|| dmarc(&text));
                    record.spf = record.spf.or_else(|| spf(&text));
                    authorities.extend(authority(&text));
                }
            }
        }
        if let Some(name) = blocks {
            let list = state.root().key(name);
            if matches!(sight(&list), Sight::Unknown) {
                return None;
            }
            let blocks = list.elements().filter(|all| !all.is_empty()).unwrap_or_else(|| vec![list]);
            for block in blocks {
                let text = |name: &str| match sight(&block.key(name)) {
                    Sight::Known(value) => Some(value.as_str().unwrap_or_default().to_ascii_lowercase()),
                    Sight::Unknown => None,
                    Sight::Computed | Sight::Unset => Some(String::new()),
                };
                let (tag, value) = (text("tag")?, text("value")?);
                if !tag.is_empty() {
                    record.attribute = Some(name);
                    authorities.push((tag, value));
                }
            }
        }
        let tagged = |tag: &str| -> Option<BTreeSet<String>> {
            let own = authorities.iter().filter(|(own, _)| own == tag).map(|(_, value)| issuer(value));
            let own: BTreeSet<String> = own.collect();
            (!own.is_empty()).then_some(own)
        };
        let issue = tagged("issue");
        record.issuers = [issue.clone(), tagged("issuewild").or(issue)];
        Some(record)
    }

    /// What the second one allows beyond the first one, with the severity where that is not the guard's.
    fn weaker(&self, after: &Self) -> Option<(String, Option<Severity>)> {
        self.weaker_for_mail(after).or_else(|| {
            let more = self.issuers.iter().zip(&after.issuers).find_map(|(old, new)| {
                let old = old.as_ref()?;
                let Some(new) = new else { return Some("every authority".to_owned()) };
                // An empty name is nobody.
                let gained = new.difference(old).filter(|name| !name.is_empty());
                let gained: Vec<String> = gained.map(|name| format!("`{name}`")).collect();
                (!gained.is_empty()).then(|| gained.join(", "))
            });
            Some((format!("allows certificates for its name from {}", more?), None))
        })
    }

    fn weaker_for_mail(&self, after: &Self) -> Option<(String, Option<Severity>)> {
        const LETS: &str = "lets others send mail in its name";
        if let Some(old) = &self.dmarc {
            let Some(new) = &after.dmarc else {
                return (old.domain > Policy::None)
                    .then(|| (format!("{LETS}: its DMARC policy is removed"), None));
            };
            let share = |dmarc: &Dmarc| if dmarc.domain == Policy::None { 0 } else { dmarc.share };
            let change = if new.domain < old.domain {
                format!("`p` changes from `{}` to `{}`", old.domain.as_str(), new.domain.as_str())
            } else if new.below < old.below {
                format!("`sp` changes from `{}` to `{}`", old.below.as_str(), new.below.as_str())
            } else if share(new) < share(old) && new.domain == old.domain {
                format!("`pct` changes from {} to {}", old.share, new.share)
            } else {
                return None;
            };
            return Some((format!("{LETS}: {change} in its DMARC policy"), None));
        }
        let old = self.spf?;
        let Some(new) = after.spf else {
            return (old > Spf::Neutral).then(|| (format!("{LETS}: its SPF record is removed"), None));
        };
        let change = format!("{LETS}: its SPF record changes from `{}` to `{}`", old.as_str(), new.as_str());
        // Receivers mark what fails softly; most policies of DMARC reject both.
        let severity = (new == Spf::SoftFail).then_some(Severity::Low);
        (new < old).then_some((change, severity))
    }
}

/// The texts at a place; `None` where one is known only after apply.
fn texts(place: &View<'_, '_>) -> Option<Vec<String>> {
    let known = |place: &View<'_, '_>| match sight(place) {
        Sight::Known(value) => Some(value.as_str().map(ToOwned::to_owned)),
        Sight::Unknown | Sight::Computed => None,
        Sight::Unset => Some(None),
    };
    match sight(place) {
        Sight::Known(Value::Array(_)) => {
            let texts: Option<Vec<Option<String>>> = place.elements()?.iter().map(known).collect();
            Some(texts?.into_iter().flatten().collect())
        }
        // Of two names of one attribute the provider fills in the other.
        Sight::Computed => Some(Vec::new()),
        Sight::Known(_) | Sight::Unknown | Sight::Unset => Some(known(place)?.into_iter().collect()),
    }
}

fn dmarc(text: &str) -> Option<Dmarc> {
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    if parts.next()?.replace(' ', "") != "v=dmarc1" {
        return None;
    }
    let parts: Vec<(String, String)> = parts
        .filter_map(|part| {
            part.split_once('=').map(|(tag, value)| (tag.trim().to_owned(), value.trim().to_owned()))
        })
        .collect();
    let tag = |name: &str| parts.iter().find(|(tag, _)| tag == name).map(|(_, value)| value.as_str());
    let policy = |text: &str| match text {
        "reject" => Some(Policy::Reject),
        "quarantine" => Some(Policy::Quarantine),
        "none" => Some(Policy::None),
        _ => None,
    };
    let domain = tag("p").and_then(policy)?;
    let below = tag("sp").map_or(Some(domain), policy)?;
    let share = tag("pct").map_or(Some(100), |text| text.parse().ok())?;
    Some(Dmarc { domain, below, share })
}

fn spf(text: &str) -> Option<Spf> {
    let mut words = text.split_whitespace().map(str::to_ascii_lowercase);
    if words.next()? != "v=spf1" {
        return None;
    }
    let words: Vec<String> = words.collect();
    // Another record decides.
    if words.iter().any(|word| word.starts_with("redirect=")) {
        return None;
    }
    Some(
        words
            .iter()
            .find_map(|word| match word.as_str() {
                "-all" => Some(Spf::Fail),
                "~all" => Some(Spf::SoftFail),
                "+all" | "all" => Some(Spf::Pass),
                "?all" => Some(Spf::Neutral),
                _ => None,
            })
            .unwrap_or(Spf::Neutral),
    )
}

/// The tag and the value of a text such as `0 issue "example.org"`.
fn authority(text: &str) -> Option<(String, String)> {
    let mut words = text.splitn(3, char::is_whitespace);
    words.next()?.parse::<u8>().ok()?;
    let tag = words.next()?.to_ascii_lowercase();
    let value = words.next()?.trim().trim_matches('"').to_ascii_lowercase();
    tag.starts_with("issue").then_some((tag, value))
}

/// The name of an authority without its parameters; empty for nobody.
fn issuer(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::hardening_off::GUARD;
    use super::super::testing::find_in_update;

    fn found(address: &str, attribute: &str, before: &str, after: &str) -> Vec<String> {
        let values = |value: &str| format!(r#"{{"name": "n", "{attribute}": {value}}}"#);
        let found = find_in_update(&GUARD, address, &values(before), &values(after), "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    fn text(before: &str, after: &str) -> Vec<String> {
        let value = |text: &str| format!("[{:?}, \"other\"]", text);
        found("aws_route53_record.r", "records", &value(before), &value(after))
    }

    #[test]
    fn a_policy_for_mail_that_asks_for_less_is_told() {
        let reject = "v=DMARC1; p=reject; rua=mailto:a@example.org";
        assert_eq!(
            text(reject, "v=DMARC1; p=none; rua=mailto:a@example.org"),
            [
                "aws_route53_record.r lets others send mail in its name: `p` changes from `reject` to `none` in its DMARC policy"
            ]
        );
        assert_eq!(
            text(reject, "v=DMARC1; p=reject; pct=10"),
            [
                "aws_route53_record.r lets others send mail in its name: `pct` changes from 100 to 10 in its DMARC policy"
            ]
        );
        for weaker in ["v=DMARC1; p=quarantine", "v=DMARC1; p=reject; sp=none", "nothing"] {
            assert_eq!(text(reject, weaker).len(), 1, "{weaker}");
        }
        for equal in ["v=DMARC1;p=reject", "v=DMARC1; p=reject; sp=reject; pct=100"] {
            assert_eq!(text(reject, equal), [""; 0], "{equal}");
        }
        assert_eq!(text("v=DMARC1; p=none", reject), [""; 0]);
        assert_eq!(text("v=DMARC1; p=none", "nothing"), [""; 0]);
        assert_eq!(text("v=DMARC1; p=none", "v=DMARC1; p=none; pct=5"), [""; 0]);
    }

    #[test]
    fn a_list_of_senders_that_is_less_strict_is_told() {
        assert_eq!(
            text("v=spf1 include:a.org -all", "v=spf1 include:a.org +all"),
            [
                "aws_route53_record.r lets others send mail in its name: its SPF record changes from `-all` to `+all`"
            ]
        );
        assert_eq!(text("v=spf1 ~all", "v=spf1 a mx").len(), 1);
        assert_eq!(text("v=spf1 -all", "nothing").len(), 1);
        for harmless in [
            ("v=spf1 ~all", "v=spf1 -all"),
            ("v=spf1 -all", "v=spf1 include:b.org -all"),
            ("v=spf1 a -all", "v=spf1 redirect=x.org"),
        ] {
            let expected = usize::from(harmless.1.contains("redirect"));
            assert_eq!(text(harmless.0, harmless.1).len(), expected, "{harmless:?}");
        }
    }

    #[test]
    fn authorities_that_may_issue_certificates_now_are_told() {
        let caa = |before: &str, after: &str| found("google_dns_record_set.r", "rrdatas", before, after);
        let one = r#"["0 issue \"a.org\""]"#;
        assert_eq!(
            caa(one, r#"["0 issue \"a.org\"", "0 issue \"b.org\""]"#),
            ["google_dns_record_set.r allows certificates for its name from `b.org`"]
        );
        assert_eq!(
            caa(
                r#"["0 issue \"a.org\"", "0 issuewild \";\""]"#,
                r#"["0 issue \"a.org\"", "0 issuewild \"b.org\""]"#
            )
            .len(),
            1
        );
        assert_eq!(
            caa(r#"["0 issue \"a.org\"", "0 issuewild \";\""]"#, one).len(),
            1,
            "falls back to `issue`"
        );
        assert_eq!(caa(r#"["0 issue \"a.org\"", "0 issue \"b.org\""]"#, one), [""; 0]);
        assert_eq!(caa(one, r#"["0 issue \"a.org; policy=ev\"", "0 iodef \"mailto:x@y.org\""]"#), [""; 0]);
        let block = |values: &str| format!(r#"[{{"flags": 0, "tag": "issue", "value": "a.org"}}{values}]"#);
        let more = block(r#", {"flags": 0, "tag": "issue", "value": "b.org"}"#);
        assert_eq!(found("azurerm_dns_caa_record.r", "record", &block(""), &more).len(), 1);
        assert_eq!(found("azurerm_dns_caa_record.r", "record", &more, &block("")), [""; 0]);
        let data = |value: &str| format!(r#"{{"flags": 0, "tag": "issue", "value": "{value}"}}"#);
        assert_eq!(found("cloudflare_dns_record.r", "data", &data("a.org"), &data("b.org")).len(), 1);
    }

    #[test]
    fn every_provider_writes_its_records_in_its_own_way() {
        let (strong, weak) = ("v=DMARC1; p=reject", "v=DMARC1; p=none");
        for (address, attribute, value) in [
            ("google_dns_record_set.r", "rrdatas", r#"["\"TEXT\""]"#),
            ("azurerm_dns_txt_record.r", "record", r#"[{"value": "TEXT"}]"#),
            ("cloudflare_dns_record.r", "content", r#""\"TEXT\"""#),
            ("cloudflare_record.r", "content", r#""TEXT""#),
            ("cloudflare_record.r", "value", r#""TEXT""#),
            ("digitalocean_record.r", "value", r#""TEXT""#),
        ] {
            let value = |text: &str| value.replace("TEXT", text);
            assert_eq!(found(address, attribute, &value(strong), &value(weak)).len(), 1, "{address}");
            assert_eq!(found(address, attribute, &value(weak), &value(strong)), [""; 0], "{address}");
        }
    }
}
