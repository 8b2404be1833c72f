//! From the text of a table to [`ChangeTable`], with every mistake named by line and entry.

use std::collections::BTreeMap;

use planguard_rule::Severity;
use serde::Deserialize;
use toml::Spanned;

use super::{
    Beside, ChangeTable, Direction, DocumentSwitch, Empty, Group, Mark, MarkedAttribute, NamePath,
    NamedSetting, OpeningLayout, Period, PeriodUnit, Ports, Row, SafeSetting, Sources, Switch, Tells,
    TrafficEffect, Unset, Weaker, expand,
};
use crate::path::{PathPattern, PatternStep};

/// A table that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct ChangeTableError {
    /// The file as it was named.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    #[serde(default)]
    types: Vec<Spanned<RawGroup>>,
    #[serde(default)]
    except: Vec<Spanned<RawException>>,
    #[serde(default)]
    switch: Vec<Spanned<RawSwitch>>,
    #[serde(default)]
    document: Vec<Spanned<RawDocument>>,
    #[serde(default)]
    parameter: Vec<Spanned<RawParameter>>,
    #[serde(default)]
    period: Vec<Spanned<RawPeriod>>,
    #[serde(default)]
    attribute: Vec<Spanned<RawAttribute>>,
    #[serde(default)]
    opening: Vec<Spanned<RawOpening>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    names: Vec<String>,
    loss: Option<String>,
    severity: Option<Severity>,
    #[serde(default)]
    subject: Vec<String>,
    unchecked: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawException {
    names: Vec<String>,
    because: String,
    unchecked: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSwitch {
    types: Option<Vec<String>>,
    #[serde(default)]
    except: Vec<String>,
    attribute: String,
    strong: Option<RawStrong>,
    weak: Option<Vec<String>>,
    order: Option<Vec<String>>,
    unset: Option<RawUnset>,
    #[serde(default)]
    when: BTreeMap<String, Vec<String>>,
    says: Option<String>,
    #[serde(default)]
    minor: bool,
    unchecked: Option<String>,
    severity: Option<Severity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDocument {
    types: Vec<String>,
    attribute: String,
    keys: Vec<String>,
    strong: Option<RawStrong>,
    weak: Option<Vec<String>>,
    order: Option<Vec<String>>,
    unset: Option<RawUnset>,
    says: Option<String>,
    #[serde(default)]
    minor: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawParameter {
    types: Vec<String>,
    list: Option<String>,
    names: Vec<String>,
    strong: Option<Vec<String>>,
    weak: Option<Vec<String>>,
    unset: Option<RawUnset>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawStrong {
    Flag(bool),
    Words(Vec<String>),
    Presence(RawPresence),
    Bound(RawBound),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawPresence {
    Present,
    Absent,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawBound {
    AtLeast(f64),
    AtMost(f64),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawUnset {
    Weak,
    Strong,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPeriod {
    types: Option<Vec<String>>,
    #[serde(default)]
    except: Vec<String>,
    attribute: String,
    unit: PeriodUnit,
    zero: Option<RawZero>,
    unset: Option<RawZero>,
    enough: Option<f64>,
    #[serde(default)]
    weaker: Weaker,
    factor: Option<f64>,
    #[serde(default)]
    when: BTreeMap<String, Vec<String>>,
    says: Option<String>,
    #[serde(default)]
    minor: bool,
    unchecked: Option<String>,
    severity: Option<Severity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawZero {
    Forever,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAttribute {
    types: Option<Vec<String>>,
    #[serde(default)]
    except: Vec<String>,
    attribute: String,
    mark: Mark,
    says: Option<String>,
    #[serde(default)]
    minor: bool,
    unchecked: Option<String>,
    severity: Option<Severity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOpening {
    types: Vec<String>,
    rules: Option<String>,
    #[serde(default)]
    when: BTreeMap<String, String>,
    sources: Option<Vec<String>>,
    resource_sources: Option<Vec<String>>,
    between: Option<(String, String)>,
    protocol: Option<String>,
    ports: Option<Vec<String>>,
    port_range: Option<(String, String)>,
    empty: Option<RawEmpty>,
    object: Option<String>,
    #[serde(default)]
    direction: Direction,
    #[serde(default)]
    effect: TrafficEffect,
    #[serde(default)]
    groups: Vec<String>,
    order: Option<String>,
    #[serde(default)]
    targets: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawEmpty {
    Open,
    OpenWithout(String),
}

/// Reads the table of a guard.
///
/// # Errors
/// The first mistake in the file: no TOML, an unknown key, an entry that does not say what it must, or two entries
/// about the same thing.
pub fn read_change_table(file: &str, text: &str) -> Result<ChangeTable, ChangeTableError> {
    let line = |offset: usize| {
        1 + text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
    };
    let error = |line: usize, problem: String| ChangeTableError { file: file.to_owned(), line, problem };
    let raw: RawTable = toml::from_str(text).map_err(|source| {
        error(line(source.span().map_or(0, |span| span.start)), source.message().to_owned())
    })?;
    let mut table = ChangeTable {
        groups: rows(raw.types, &line, |raw| {
            let group = Group { loss: raw.loss, severity: raw.severity, subject: raw.subject };
            Ok(Read { unchecked: raw.unchecked, ..Read::of(Some(raw.names), group) })
        })
        .map_err(|(line, problem)| error(line, problem))?,
        exceptions: rows(raw.except, &line, |raw| {
            if raw.because.trim().is_empty() {
                return Err("`because` gives no reason".to_owned());
            }
            Ok(Read { unchecked: raw.unchecked, ..Read::of(Some(raw.names), raw.because) })
        })
        .map_err(|(line, problem)| error(line, problem))?,
        switches: rows(raw.switch, &line, switch).map_err(|(line, problem)| error(line, problem))?,
        documents: rows(raw.document, &line, document).map_err(|(line, problem)| error(line, problem))?,
        parameters: rows(raw.parameter, &line, parameter).map_err(|(line, problem)| error(line, problem))?,
        periods: rows(raw.period, &line, period).map_err(|(line, problem)| error(line, problem))?,
        attributes: rows(raw.attribute, &line, |raw| {
            let attribute = pattern_path(&raw.attribute)?;
            let tells = Tells { says: raw.says, severity: severity(raw.severity, raw.minor) };
            let entry = MarkedAttribute { attribute, mark: raw.mark, tells };
            Ok(Read { except: raw.except, unchecked: raw.unchecked, ..Read::of(raw.types, entry) })
        })
        .map_err(|(line, problem)| error(line, problem))?,
        openings: rows(raw.opening, &line, opening).map_err(|(line, problem)| error(line, problem))?,
    };
    unique(&table).map_err(|(line, problem)| error(line, problem))?;
    expand::expand(&mut table).map_err(|(line, problem)| error(line, problem))?;
    Ok(table)
}

/// What a raw entry becomes.
struct Read<T> {
    /// Its types; `None` for every type.
    types: Option<Vec<String>>,
    /// The types that a pattern leaves out.
    except: Vec<String>,
    /// Why the types are not checked.
    unchecked: Option<String>,
    entry: T,
}

impl<T> Read<T> {
    const fn of(types: Option<Vec<String>>, entry: T) -> Self {
        Self { types, except: Vec::new(), unchecked: None, entry }
    }
}

fn rows<R, T>(
    raw: Vec<Spanned<R>>,
    line: &dyn Fn(usize) -> usize,
    read: impl Fn(R) -> Result<Read<T>, String>,
) -> Result<Vec<Row<T>>, (usize, String)> {
    raw.into_iter()
        .map(|spanned| {
            let line = line(spanned.span().start);
            let Read { types, except, unchecked, entry } =
                read(spanned.into_inner()).map_err(|problem| (line, problem))?;
            if types.as_ref().is_some_and(Vec::is_empty) {
                return Err((line, "the list of resource types is empty".to_owned()));
            }
            Ok(Row { line, types: types.unwrap_or_default(), except, by_name: false, unchecked, entry })
        })
        .collect()
}

fn switch(raw: RawSwitch) -> Result<Read<Switch>, String> {
    let safe = match (raw.strong, raw.weak) {
        (None, None) if raw.order.as_ref().is_some_and(|words| words.len() > 1) => {
            SafeSetting::Order(raw.order.clone().unwrap_or_default())
        }
        _ if raw.order.is_some() => {
            return Err(format!("switch `{}`: `order` stands alone, with two words or more", raw.attribute));
        }
        (Some(RawStrong::Flag(flag)), None) => SafeSetting::Flag(flag),
        (Some(RawStrong::Words(words)), None) => SafeSetting::Words(words),
        (Some(RawStrong::Presence(RawPresence::Present)), None) => SafeSetting::Present,
        (Some(RawStrong::Presence(RawPresence::Absent)), None) => SafeSetting::Absent,
        (Some(RawStrong::Bound(RawBound::AtLeast(least))), None) => SafeSetting::AtLeast(least),
        (Some(RawStrong::Bound(RawBound::AtMost(most))), None) => SafeSetting::AtMost(most),
        (None, Some(words)) => SafeSetting::AllBut(words),
        (Some(_), Some(_)) | (None, None) => {
            return Err(format!("switch `{}`: give either `strong`, `weak` or `order`", raw.attribute));
        }
    };
    let unset = match (raw.unset, &safe) {
        (Some(_), SafeSetting::Present | SafeSetting::Absent) => {
            return Err(format!(
                "switch `{}`: `unset` has no meaning where `strong` is about presence",
                raw.attribute
            ));
        }
        (None, SafeSetting::Present) | (Some(RawUnset::Weak), _) => Unset::Weak,
        (None, SafeSetting::Absent) | (Some(RawUnset::Strong), _) => Unset::Strong,
        (None, _) => Unset::ProviderDecides,
    };
    let tells = Tells { says: raw.says, severity: severity(raw.severity, raw.minor) };
    let entry =
        Switch { attribute: pattern_path(&raw.attribute)?, safe, unset, when: beside(raw.when)?, tells };
    Ok(Read { except: raw.except, unchecked: raw.unchecked, ..Read::of(raw.types, entry) })
}

/// The severity of an entry; `minor` is short for low.
fn severity(severity: Option<Severity>, is_minor: bool) -> Option<Severity> {
    severity.or_else(|| is_minor.then_some(Severity::Low))
}

fn beside(raw: BTreeMap<String, Vec<String>>) -> Result<Vec<Beside>, String> {
    raw.into_iter()
        .map(|(attribute, words)| Ok(Beside { attribute: name_path(&attribute)?, words }))
        .collect()
}

fn document(raw: RawDocument) -> Result<Read<DocumentSwitch>, String> {
    let RawDocument { types, attribute, keys, strong, weak, order, unset, says, minor } = raw;
    if keys.is_empty() {
        return Err("document: `keys` is empty".to_owned());
    }
    let of_keys = RawSwitch {
        types: Some(types),
        except: Vec::new(),
        attribute: "keys".to_owned(),
        strong,
        weak,
        order,
        unset,
        when: BTreeMap::new(),
        says,
        minor,
        unchecked: None,
        severity: None,
    };
    let read = switch(of_keys)?;
    let switch = Switch { attribute: keys, ..read.entry };
    Ok(Read::of(read.types, DocumentSwitch { document: name_path(&attribute)?, switch }))
}

fn parameter(raw: RawParameter) -> Result<Read<NamedSetting>, String> {
    let safe = match (raw.strong, raw.weak) {
        (Some(words), None) => SafeSetting::Words(words),
        (None, Some(words)) => SafeSetting::AllBut(words),
        (Some(_), Some(_)) | (None, None) => {
            return Err("parameter: give either `strong` or `weak`".to_owned());
        }
    };
    let unset = match raw.unset {
        Some(RawUnset::Weak) => Unset::Weak,
        Some(RawUnset::Strong) => Unset::Strong,
        None => Unset::ProviderDecides,
    };
    let list = raw.list.as_deref().map_or(Ok(Vec::new()), name_path)?;
    Ok(Read::of(Some(raw.types), NamedSetting { list, names: raw.names, safe, unset }))
}

fn period(raw: RawPeriod) -> Result<Read<Period>, String> {
    let is_forever = |said: Option<RawZero>| match said {
        Some(RawZero::Forever) => true,
        None => false,
    };
    let (zero_is_forever, unset_is_forever) = (is_forever(raw.zero), is_forever(raw.unset));
    let RawPeriod {
        types,
        except,
        attribute,
        unit,
        enough,
        weaker,
        factor,
        when,
        says,
        minor,
        unchecked,
        severity: own,
        ..
    } = raw;
    let tells = Tells { says, severity: severity(own, minor) };
    let attribute = pattern_path(&attribute)?;
    let when = beside(when)?;
    let entry =
        Period { attribute, unit, zero_is_forever, unset_is_forever, enough, weaker, factor, when, tells };
    Ok(Read { except, unchecked, ..Read::of(types, entry) })
}

fn opening(raw: RawOpening) -> Result<Read<OpeningLayout>, String> {
    let sources = match (raw.sources, raw.resource_sources, raw.between) {
        (Some(names), None, None) => {
            Sources::InRule(names.iter().map(|name| name_path(name)).collect::<Result<_, _>>()?)
        }
        (None, Some(names), None) => Sources::InResource(names),
        (None, None, Some((first, last))) => Sources::Between(first, last),
        _ => return Err("opening: give one of `sources`, `resource_sources` and `between`".to_owned()),
    };
    let ports = match (raw.ports, raw.port_range) {
        (None, None) => Ports::All,
        (Some(names), None) => Ports::In(names),
        (None, Some((first, last))) => Ports::Between(first, last),
        (Some(_), Some(_)) => return Err("opening: give either `ports` or `port_range`".to_owned()),
    };
    let empty = match raw.empty {
        None => Empty::Closed,
        Some(RawEmpty::Open) => Empty::Open,
        Some(RawEmpty::OpenWithout(block)) => Empty::OpenWithout(block),
    };
    let rules = raw.rules.as_deref().map_or(Ok(Vec::new()), name_path)?;
    let when = raw.when.into_iter().collect();
    let entry = OpeningLayout {
        direction: raw.direction,
        effect: raw.effect,
        rules,
        when,
        sources,
        protocol: raw.protocol,
        ports,
        empty,
        object: raw.object,
        groups: raw.groups,
        order: raw.order,
        targets: raw.targets,
    };
    Ok(Read::of(Some(raw.types), entry))
}

/// A path of names alone: tables go through every element of a list, so they have no selectors. The key of a map at its end
/// may have dots: `config["retention.ms"]`.
fn name_path(text: &str) -> Result<NamePath, String> {
    if let Some((map, key)) = text.strip_suffix("\"]").and_then(|text| text.split_once("[\"")) {
        let mut names = name_path(map)?;
        names.push(key.to_owned());
        return Ok(names);
    }
    PathPattern::parse(text)?
        .0
        .into_iter()
        .map(|step| match step {
            PatternStep::Key(name) => Ok(name),
            PatternStep::Select { .. } => Err(format!("`{text}`: tables have no selectors")),
        })
        .collect()
}

/// The same, where a name may have wildcards, and `**` in front stands for any way to the rest.
fn pattern_path(text: &str) -> Result<NamePath, String> {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '*'))
    };
    if !text.contains('*') {
        return name_path(text);
    }
    let names: NamePath = text.split('.').map(ToOwned::to_owned).collect();
    let rest = if names[0] == "**" { &names[1..] } else { &names[..] };
    match !rest.is_empty() && rest.iter().all(|name| is_name(name) && !name.contains("**")) {
        true => Ok(names),
        false => Err(format!("`{text}` is not a pattern of names")),
    }
}

/// Fails where two entries are about the same thing: one of them would be without effect.
fn unique(table: &ChangeTable) -> Result<(), (usize, String)> {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let groups = table.groups.iter().map(|row| (row.line, &row.types));
    let exceptions = table.exceptions.iter().map(|row| (row.line, &row.types));
    let listed = groups.chain(exceptions).flat_map(|(line, types)| {
        types.iter().map(move |name| (line, format!("the resource type `{name}`")))
    });
    let openings = subjects("opening", &table.openings, |entry| {
        let OpeningLayout { direction, effect, rules, .. } = entry;
        format!("{direction:?} {effect:?} {}", rules.join("."))
    });
    let of = |attribute: &NamePath, when: &[Beside]| {
        let when = when
            .iter()
            .map(|beside| format!(" where `{}` is {}", beside.attribute.join("."), beside.words.join(", ")));
        attribute.join(".") + &when.collect::<String>()
    };
    let switches = subjects("switch", &table.switches, |entry| of(&entry.attribute, &entry.when));
    let documents = subjects("document", &table.documents, |entry| {
        format!("{}: {}", entry.document.join("."), entry.switch.attribute.join("."))
    });
    let parameters = subjects("parameter", &table.parameters, |entry| entry.names.join(", "));
    let periods = subjects("period", &table.periods, |entry| of(&entry.attribute, &entry.when));
    let attributes = subjects("attribute", &table.attributes, |entry| entry.attribute.join("."));
    for (line, subject) in listed
        .chain(openings)
        .chain(switches)
        .chain(documents)
        .chain(parameters)
        .chain(periods)
        .chain(attributes)
    {
        if let Some(first) = lines.get(&subject) {
            return Err((line, format!("{subject} has an entry in line {first}")));
        }
        lines.insert(subject, line);
    }
    Ok(())
}

/// What each entry of a section is about, one for each of its types.
fn subjects<'t, T>(
    section: &'static str,
    rows: &'t [Row<T>],
    attribute: impl Fn(&T) -> String + 't,
) -> impl Iterator<Item = (usize, String)> + 't {
    rows.iter().flat_map(move |row| {
        let attribute = attribute(&row.entry);
        let every =
            row.types.is_empty().then(|| (row.line, format!("{section} `{attribute}` of every type")));
        let own = row.types.iter().map(|name| (row.line, format!("{section} `{attribute}` of `{name}`")));
        every.into_iter().chain(own).collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        read_change_table("a.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn the_key_of_a_map_may_have_dots() {
        assert_eq!(name_path(r#"a.config["retention.ms"]"#).unwrap(), ["a", "config", "retention.ms"]);
        assert!(name_path("a[name=b]").is_err());
    }

    #[test]
    fn every_section_reads() {
        let table = read_change_table(
            "a.toml",
            r#"
            [[types]]
            names = ["aws_route53_zone"]
            loss = "its records are destroyed"
            [[except]]
            names = ["aws_instance"]
            because = "its disks are resources of their own"
            [[switch]]
            attribute = "a.b"
            strong = true
            unset = "weak"
            [[switch]]
            types = ["aws_x"]
            attribute = "a.b"
            weak = ["NONE"]
            [[switch]]
            attribute = "log"
            strong = "present"
            [[parameter]]
            types = ["aws_x"]
            list = "parameter"
            names = ["ssl"]
            strong = ["on"]
            [[period]]
            attribute = "days"
            unit = "days"
            zero = "forever"
            when = { "rule.status" = ["Enabled"] }
            [[attribute]]
            attribute = "policy"
            mark = "policy-document"
            [[opening]]
            types = ["aws_x"]
            rules = "r.s"
            sources = ["cidr"]
            port_range = ["from", "to"]
            empty = { open-without = "r" }
            "#,
        )
        .unwrap();
        assert_eq!(table.types(), ["aws_route53_zone", "aws_x"]);
        let every = table.facts(None);
        assert_eq!((every.switches.len(), every.periods.len(), every.attributes.len()), (2, 1, 1));
        let status = Beside {
            attribute: vec!["rule".to_owned(), "status".to_owned()],
            words: vec!["Enabled".to_owned()],
        };
        assert_eq!(every.periods[0].when, [status]);
        let own = table.facts(Some("aws_x"));
        assert!(matches!(&own.switches[0].safe, SafeSetting::AllBut(words) if words == &["NONE"]));
        assert_eq!(own.openings[0].empty, Empty::OpenWithout("r".to_owned()));
        assert_eq!(
            (own.parameters[0].names.as_slice(), own.parameters[0].unset),
            (&["ssl".to_owned()][..], Unset::ProviderDecides)
        );
        assert!(own.group.is_none());
    }

    #[test]
    fn mistakes_are_named_by_file_and_line() {
        assert!(problem("[[switch]]\nattribut = 'a'").starts_with("a.toml:2: unknown field `attribut`"));
        assert_eq!(
            problem("[[switch]]\nattribute = 'a'"),
            "a.toml:1: switch `a`: give either `strong`, `weak` or `order`"
        );
        assert_eq!(
            problem("\n[[switch]]\nattribute = 'a[b=c]'\nstrong = true"),
            "a.toml:2: `a[b=c]`: tables have no selectors"
        );
        assert_eq!(problem("[[types]]\nnames = []"), "a.toml:1: the list of resource types is empty");
    }

    #[test]
    fn settings_are_read_in_every_form() {
        let safe = |setting: &str| {
            let text = format!("[[switch]]\nattribute = 'a'\n{setting}");
            read_change_table("a.toml", &text).unwrap().facts(None).switches.remove(0)
        };
        let absent = safe("strong = 'absent'");
        assert!(matches!(absent.safe, SafeSetting::Absent) && absent.unset == Unset::Strong);
        assert!(matches!(safe("strong = { at-least = 2 }").safe, SafeSetting::AtLeast(2.0)));
        assert!(matches!(safe("strong = { at-most = 3 }").safe, SafeSetting::AtMost(3.0)));
        assert!(
            matches!(safe("order = ['OFF', 'ON']").safe, SafeSetting::Order(words) if words == ["OFF", "ON"])
        );
        for wrong in
            ["order = ['OFF']", "order = ['OFF', 'ON']\nstrong = true", "strong = 'absent'\nunset = 'weak'"]
        {
            assert!(
                problem(&format!("[[switch]]\nattribute = 'a'\n{wrong}")).starts_with("a.toml:1: switch `a`")
            );
        }
        let weaker = |text: &str| {
            let text = format!("[[period]]\nattribute = 'a'\nunit = 'hours'\n{text}");
            read_change_table("a.toml", &text).unwrap().facts(None).periods.remove(0).weaker
        };
        assert_eq!((weaker(""), weaker("weaker = 'more'")), (Weaker::Less, Weaker::More));
    }

    #[test]
    fn a_pattern_has_names() {
        for wrong in ["**", "a.**.b", "**.", "**.a b*"] {
            let text = format!("[[switch]]\nattribute = '{wrong}'\nstrong = true");
            assert!(problem(&text).contains("is not a pattern of names"), "{wrong}");
        }
    }

    #[test]
    fn a_second_entry_about_the_same_is_refused() {
        let twice = "[[types]]\nnames = ['aws_x']\n[[except]]\nnames = ['aws_x']\nbecause = 'no'";
        assert_eq!(problem(twice), "a.toml:3: the resource type `aws_x` has an entry in line 1");
        let switch = "[[switch]]\nattribute = 'a'\nstrong = true\n";
        assert_eq!(problem(&switch.repeat(2)), "a.toml:4: switch `a` of every type has an entry in line 1");
    }
}
