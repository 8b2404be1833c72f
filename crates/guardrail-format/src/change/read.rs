//! From the text of a table to [`ChangeTable`], with every mistake named by line and entry.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{
    ChangeTable, Empty, Group, Mark, MarkedAttribute, NamePath, OpeningLayout, Period, PeriodUnit, Ports,
    Row, SafeSetting, Sources, Switch, Unset, Worse,
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
    attribute: String,
    strong: Option<RawStrong>,
    weak: Option<Vec<String>>,
    unset: Option<RawUnset>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawStrong {
    Flag(bool),
    Words(Vec<String>),
    Word(RawPresent),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawPresent {
    Present,
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
    attribute: String,
    unit: PeriodUnit,
    zero: Option<RawZero>,
    enough: Option<f64>,
    #[serde(default)]
    worse: Worse,
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
    attribute: String,
    mark: Mark,
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
    let table = ChangeTable {
        groups: rows(raw.types, &line, |raw| {
            Ok((Some(raw.names), raw.unchecked, Group { loss: raw.loss, subject: raw.subject }))
        })
        .map_err(|(line, problem)| error(line, problem))?,
        exceptions: rows(raw.except, &line, |raw| {
            if raw.because.trim().is_empty() {
                return Err("`because` gives no reason".to_owned());
            }
            Ok((Some(raw.names), raw.unchecked, raw.because))
        })
        .map_err(|(line, problem)| error(line, problem))?,
        switches: rows(raw.switch, &line, switch).map_err(|(line, problem)| error(line, problem))?,
        periods: rows(raw.period, &line, period).map_err(|(line, problem)| error(line, problem))?,
        attributes: rows(raw.attribute, &line, |raw| {
            let attribute = name_path(&raw.attribute)?;
            Ok((raw.types, None, MarkedAttribute { attribute, mark: raw.mark }))
        })
        .map_err(|(line, problem)| error(line, problem))?,
        openings: rows(raw.opening, &line, opening).map_err(|(line, problem)| error(line, problem))?,
    };
    unique(&table).map_err(|(line, problem)| error(line, problem))?;
    Ok(table)
}

/// What a raw entry becomes: its types (`None` for every type), why they are not checked, and the entry.
type Read<T> = Result<(Option<Vec<String>>, Option<String>, T), String>;

fn rows<R, T>(
    raw: Vec<Spanned<R>>,
    line: &dyn Fn(usize) -> usize,
    read: impl Fn(R) -> Read<T>,
) -> Result<Vec<Row<T>>, (usize, String)> {
    raw.into_iter()
        .map(|spanned| {
            let line = line(spanned.span().start);
            let (types, unchecked, entry) = read(spanned.into_inner()).map_err(|problem| (line, problem))?;
            if types.as_ref().is_some_and(Vec::is_empty) {
                return Err((line, "the list of resource types is empty".to_owned()));
            }
            Ok(Row { line, types: types.unwrap_or_default(), unchecked, entry })
        })
        .collect()
}

fn switch(raw: RawSwitch) -> Read<Switch> {
    let safe = match (raw.strong, raw.weak) {
        (Some(RawStrong::Flag(flag)), None) => SafeSetting::Flag(flag),
        (Some(RawStrong::Words(words)), None) => SafeSetting::Words(words),
        (Some(RawStrong::Word(RawPresent::Present)), None) => SafeSetting::Present,
        (None, Some(words)) => SafeSetting::AllBut(words),
        (Some(_), Some(_)) | (None, None) => {
            return Err(format!("switch `{}`: give either `strong` or `weak`", raw.attribute));
        }
    };
    let unset = match (raw.unset, &safe) {
        (Some(_), SafeSetting::Present) => {
            return Err(format!(
                "switch `{}`: `unset` has no meaning with `strong = \"present\"`",
                raw.attribute
            ));
        }
        (None, SafeSetting::Present) | (Some(RawUnset::Weak), _) => Unset::Weak,
        (Some(RawUnset::Strong), _) => Unset::Strong,
        (None, _) => Unset::ProviderDecides,
    };
    Ok((raw.types, None, Switch { attribute: name_path(&raw.attribute)?, safe, unset }))
}

fn period(raw: RawPeriod) -> Read<Period> {
    let zero_is_forever = match raw.zero {
        Some(RawZero::Forever) => true,
        None => false,
    };
    let RawPeriod { types, attribute, unit, enough, worse, .. } = raw;
    Ok((types, None, Period { attribute: name_path(&attribute)?, unit, zero_is_forever, enough, worse }))
}

fn opening(raw: RawOpening) -> Read<OpeningLayout> {
    let sources = match (raw.sources, raw.resource_sources, raw.between) {
        (Some(names), None, None) => Sources::InRule(names),
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
    Ok((
        Some(raw.types),
        None,
        OpeningLayout { rules, when, sources, protocol: raw.protocol, ports, empty, object: raw.object },
    ))
}

/// A path of names alone: tables go through every element of a list, so they have no selectors.
fn name_path(text: &str) -> Result<NamePath, String> {
    PathPattern::parse(text)?
        .0
        .into_iter()
        .map(|step| match step {
            PatternStep::Key(name) => Ok(name),
            PatternStep::Select { .. } => Err(format!("`{text}`: tables have no selectors")),
        })
        .collect()
}

/// Fails where two entries are about the same thing: one of them would be without effect.
fn unique(table: &ChangeTable) -> Result<(), (usize, String)> {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let groups = table.groups.iter().map(|row| (row.line, &row.types));
    let exceptions = table.exceptions.iter().map(|row| (row.line, &row.types));
    let listed = groups.chain(exceptions).flat_map(|(line, types)| {
        types.iter().map(move |name| (line, format!("the resource type `{name}`")))
    });
    let openings = subjects("opening", &table.openings, |_| String::new());
    let switches = subjects("switch", &table.switches, |entry| entry.attribute.join("."));
    let periods = subjects("period", &table.periods, |entry| entry.attribute.join("."));
    let attributes = subjects("attribute", &table.attributes, |entry| entry.attribute.join("."));
    for (line, subject) in listed.chain(openings).chain(switches).chain(periods).chain(attributes) {
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
            [[period]]
            attribute = "days"
            unit = "days"
            zero = "forever"
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
        let own = table.facts(Some("aws_x"));
        assert!(matches!(&own.switches[0].safe, SafeSetting::AllBut(words) if words == &["NONE"]));
        assert_eq!(own.opening.unwrap().empty, Empty::OpenWithout("r".to_owned()));
        assert!(own.group.is_none());
    }

    #[test]
    fn mistakes_are_named_by_file_and_line() {
        assert!(problem("[[switch]]\nattribut = 'a'").starts_with("a.toml:2: unknown field `attribut`"));
        assert_eq!(
            problem("[[switch]]\nattribute = 'a'"),
            "a.toml:1: switch `a`: give either `strong` or `weak`"
        );
        assert_eq!(
            problem("\n[[switch]]\nattribute = 'a[b=c]'\nstrong = true"),
            "a.toml:2: `a[b=c]`: tables have no selectors"
        );
        assert_eq!(problem("[[types]]\nnames = []"), "a.toml:1: the list of resource types is empty");
    }

    #[test]
    fn a_second_entry_about_the_same_is_refused() {
        let twice = "[[types]]\nnames = ['aws_x']\n[[except]]\nnames = ['aws_x']\nbecause = 'no'";
        assert_eq!(problem(twice), "a.toml:3: the resource type `aws_x` has an entry in line 1");
        let switch = "[[switch]]\nattribute = 'a'\nstrong = true\n";
        assert_eq!(problem(&switch.repeat(2)), "a.toml:4: switch `a` of every type has an entry in line 1");
    }
}
