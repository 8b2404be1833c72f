//! The predicates without predicates of the same resource inside: tests, elements, ports, companions.

use super::super::moment::Moment;
use super::super::parameter::{ParameterKind, ParameterValue};
use super::super::path::PathPattern;
use super::super::pattern::Pattern;
use super::super::predicate::{
    AttributePredicate, AttributeTest, CidrTest, Companion, CompanionDirection, CountPredicate, CountTest,
    ElementsPredicate, Literal, PortRange, PortSource, PortsPredicate, Predicate, Quantifier, RangePredicate,
    Transport,
};
use super::super::quantity::{Quantity, Version};
use super::super::raw::{
    RawCondition, RawConditionsTest, RawPredicate, RawPrincipalKind, RawStatement, Texts,
};
use super::super::statement::{
    ActionForm, ConditionTest, ConditionsTest, Effect, PrincipalTest, StatementTest,
};
use super::super::test_id::TestId;
use super::{Context, predicate};

/// The keys of a test of one attribute.
pub(super) const KEYS: &[&str] = &[
    "attribute",
    "is",
    "in",
    "present",
    "absent",
    "at_least",
    "at_most",
    "longer_than",
    "matches",
    "starts_with",
    "contains",
    "cidr",
    "statement",
    "secret",
    "literal",
    "older_than",
    "same_as",
    "differs_from",
    "before_date",
    "expires_within",
    "unset",
    "unknown",
];

/// The keys that are a test, with the functions that read them.
type ReadTest = fn(&mut RawPredicate) -> Option<Result<AttributeTest, String>>;

const TESTS: &[(&str, ReadTest)] = &[
    ("is", |raw| raw.is.take().map(|value| literal(&value).map(AttributeTest::Is))),
    ("in", |raw| {
        raw.one_of.take().map(|values| match values.as_array() {
            Some(values) => values.iter().map(literal).collect::<Result<_, _>>().map(AttributeTest::In),
            None => Err(format!("`in` is a list, not {values}")),
        })
    }),
    ("present", |raw| raw.present.take().map(|on| only_true("present", on).map(|()| AttributeTest::Present))),
    ("absent", |raw| raw.absent.take().map(|on| only_true("absent", on).map(|()| AttributeTest::Absent))),
    ("at_least", |raw| raw.at_least.take().map(|value| quantity(&value).map(AttributeTest::AtLeast))),
    ("at_most", |raw| raw.at_most.take().map(|value| quantity(&value).map(AttributeTest::AtMost))),
    ("longer_than", |raw| {
        raw.longer_than.take().map(|value| quantity(&value).map(AttributeTest::LongerThan))
    }),
    ("matches", |raw| raw.matches.take().map(|pattern| Pattern::parse(&pattern).map(AttributeTest::Matches))),
    ("starts_with", |raw| raw.starts_with.take().map(|texts| Ok(AttributeTest::StartsWith(texts.0)))),
    ("contains", |raw| raw.contains.take().map(|value| literals(&value).map(AttributeTest::Contains))),
    ("cidr", |raw| raw.cidr.take().map(|value| cidr(&value).map(AttributeTest::Cidr))),
    ("statement", |raw| {
        raw.statement
            .take()
            .map(|value| statement(value).map(|test| AttributeTest::Statement(Box::new(test))))
    }),
    ("secret", |raw| raw.secret.take().map(|on| only_true("secret", on).map(|()| AttributeTest::Secret))),
    ("literal", |raw| {
        raw.literal.take().map(|on| only_true("literal", on).map(|()| AttributeTest::LiteralInConfiguration))
    }),
    ("older_than", |raw| raw.older_than.take().map(|text| version(&text).map(AttributeTest::OlderThan))),
    ("same_as", |raw| raw.same_as.take().map(|path| PathPattern::parse(&path).map(AttributeTest::SameAs))),
    ("differs_from", |raw| {
        raw.differs_from.take().map(|path| PathPattern::parse(&path).map(AttributeTest::DiffersFrom))
    }),
    ("before_date", |raw| raw.before_date.take().map(|date| moment(&date).map(AttributeTest::BeforeDate))),
    ("expires_within", |raw| {
        raw.expires_within.take().map(|text| match Quantity::parse(&text) {
            Some(Quantity::Seconds(seconds)) => Ok(AttributeTest::ExpiresWithin(seconds)),
            Some(Quantity::Number(_)) | None => {
                Err(format!("`expires_within` is a span of time such as \"90d\" or \"P90D\", not `{text}`"))
            }
        })
    }),
];

pub(super) fn attribute(mut raw: RawPredicate, context: Context<'_>) -> Result<Predicate, String> {
    let name = raw
        .attribute
        .as_ref()
        .map_or_else(|| "the element".to_owned(), |texts| format!("`{}`", texts.0.join("`, `")));
    let parameter = take_parameter(&mut raw, context)?;
    let mut found = Vec::new();
    for (key, read) in TESTS {
        if let Some(test) = read(&mut raw) {
            found.push((*key, test?));
        }
    }
    let (_, test) = match found.len() {
        0 => return Err(format!("{name} is not tested")),
        1 => found.remove(0),
        _ => {
            let keys: Vec<&str> = found.iter().map(|(key, _)| *key).collect();
            return Err(format!("{name} has several tests: {}", keys.join(", ")));
        }
    };
    // What is absent is the very question of these tests.
    let unset = match test {
        AttributeTest::Present | AttributeTest::Absent => {
            if raw.unset.is_some() {
                return Err(format!("{name}: `unset` says nothing beside `present` or `absent`"));
            }
            None
        }
        AttributeTest::Is(_)
        | AttributeTest::In(_)
        | AttributeTest::AtLeast(_)
        | AttributeTest::AtMost(_)
        | AttributeTest::LongerThan(_)
        | AttributeTest::Matches(_)
        | AttributeTest::StartsWith(_)
        | AttributeTest::Contains(_)
        | AttributeTest::Cidr(_)
        | AttributeTest::Statement(_)
        | AttributeTest::Secret
        | AttributeTest::LiteralInConfiguration
        | AttributeTest::OlderThan(_)
        | AttributeTest::SameAs(_)
        | AttributeTest::DiffersFrom(_)
        | AttributeTest::BeforeDate(_)
        | AttributeTest::ExpiresWithin(_) => context.unset(raw.unset),
    };
    Ok(Predicate::Attribute(AttributePredicate {
        paths: raw.attribute.map_or_else(|| Ok(Vec::new()), paths)?,
        test,
        parameter,
        unset,
        unknown: context.unknown(raw.unknown),
    }))
}

pub(super) fn elements(raw: &mut RawPredicate, context: Context<'_>) -> Result<Predicate, String> {
    let (quantifier, texts, key) = match (raw.some.take(), raw.each.take()) {
        (Some(texts), _) => (Quantifier::Some, texts, "some"),
        (None, Some(texts)) => (Quantifier::Each, texts, "each"),
        (None, None) => return Err("no list is named".to_owned()),
    };
    Ok(Predicate::Elements(ElementsPredicate {
        paths: paths(texts)?,
        quantifier,
        condition: condition(raw, context, key)?,
        unset: context.unset(raw.unset),
        unknown: context.unknown(raw.unknown),
    }))
}

pub(super) fn count(mut raw: RawPredicate, context: Context<'_>) -> Result<Predicate, String> {
    let parameter = take_parameter(&mut raw, context)?;
    let texts = raw.count.take().ok_or("no list is named")?;
    let number = |key: &str, value: &toml::Value| match quantity(value) {
        Ok(Quantity::Number(number)) if number >= 0.0 && number.fract() == 0.0 => Ok(number),
        Ok(_) | Err(_) => Err(format!("`{key}` of `count` is a number of elements, not {value}")),
    };
    let test = match (&raw.is, &raw.at_least, &raw.at_most) {
        (Some(value), None, None) => CountTest::Is(number("is", value)?),
        (None, Some(value), None) => CountTest::AtLeast(number("at_least", value)?),
        (None, None, Some(value)) => CountTest::AtMost(number("at_most", value)?),
        _ => return Err("`count` needs one of `is`, `at_least` and `at_most`".to_owned()),
    };
    let condition = raw.condition.take().map(|condition| predicate(*condition, context)).transpose()?;
    Ok(Predicate::Count(CountPredicate {
        paths: paths(texts)?,
        condition: condition.map(Box::new),
        test,
        parameter,
        unset: context.unset(raw.unset),
        unknown: context.unknown(raw.unknown),
    }))
}

pub(super) fn range(mut raw: RawPredicate, context: Context<'_>) -> Result<Predicate, String> {
    let parameter = take_parameter(&mut raw, context)?;
    let Some(Texts(bounds)) = raw.range.take() else { return Err("no range is named".to_owned()) };
    let [start, end] = &bounds[..] else {
        return Err(
            "`range` is the attributes of the first and the last address: [\"start\", \"end\"]".to_owned()
        );
    };
    let test =
        raw.cidr.as_ref().ok_or("`range` needs `cidr`: \"any\", \"public\" or { wider_than = LENGTH }")?;
    Ok(Predicate::Range(RangePredicate {
        start: PathPattern::parse(start)?,
        end: PathPattern::parse(end)?,
        test: cidr(test)?,
        parameter,
        unset: context.unset(raw.unset),
        unknown: context.unknown(raw.unknown),
    }))
}

pub(super) fn plan_has(raw: &mut RawPredicate, context: Context<'_>) -> Result<Predicate, String> {
    let Texts(types) = raw.plan_has.take().ok_or("no type is named")?;
    if types.is_empty() {
        return Err("`plan_has` names no type".to_owned());
    }
    let condition = raw.condition.take().map(|condition| predicate(*condition, context)).transpose()?;
    Ok(Predicate::PlanHas { types, condition: condition.map(Box::new), test: TestId::default() })
}

pub(super) fn document(raw: &mut RawPredicate, context: Context<'_>) -> Result<Predicate, String> {
    let texts = raw.document.take().ok_or("no document is named")?;
    Ok(Predicate::Document {
        paths: paths(texts)?,
        condition: condition(raw, context, "document")?,
        unset: raw.unset.and_then(|own| context.unset(Some(own))),
        unknown: raw.unknown.and_then(|own| context.unknown(Some(own))),
    })
}

fn condition(raw: &mut RawPredicate, context: Context<'_>, key: &str) -> Result<Box<Predicate>, String> {
    let condition = raw.condition.take().ok_or_else(|| format!("`{key}` needs `where`"))?;
    Ok(Box::new(predicate(*condition, context)?))
}

pub(super) fn ports(mut raw: RawPredicate, context: Context<'_>) -> Result<Predicate, String> {
    let parameter = take_parameter(&mut raw, context)?;
    let source = match (&raw.from, &raw.to, &raw.ranges) {
        (Some(from), Some(to), None) => {
            PortSource::Bounds { from: PathPattern::parse(from)?, to: PathPattern::parse(to)? }
        }
        (None, None, Some(Texts(ranges))) => {
            PortSource::Ranges(ranges.iter().map(|path| PathPattern::parse(path)).collect::<Result<_, _>>()?)
        }
        _ => return Err("`ports` needs `from` and `to`, or `ranges`".to_owned()),
    };
    let transport = match raw.transport.as_deref() {
        None | Some("tcp") => Transport::Tcp,
        Some("udp") => Transport::Udp,
        Some("any") => Transport::Any,
        Some(other) => return Err(format!("`{other}` is not a transport; use tcp, udp or any")),
    };
    let wanted = raw.ports.as_ref().map_or_else(|| Ok(Vec::new()), port_ranges)?;
    Ok(Predicate::Ports(PortsPredicate {
        wanted,
        parameter,
        transport,
        source,
        protocol: raw.protocol.as_deref().map(PathPattern::parse).transpose()?,
        unset: context.unset(raw.unset),
    }))
}

/// Puts the default of a parameter in the place of `{ param = "NAME" }`, and returns its name.
fn take_parameter(raw: &mut RawPredicate, context: Context<'_>) -> Result<Option<String>, String> {
    // What a parameter of each kind may be the value of.
    let places = [
        ("in", &mut raw.one_of, ParameterKind::Texts),
        ("at_least", &mut raw.at_least, ParameterKind::Number),
        ("at_most", &mut raw.at_most, ParameterKind::Number),
        ("longer_than", &mut raw.longer_than, ParameterKind::Number),
        ("cidr", &mut raw.cidr, ParameterKind::Ranges),
        ("ports", &mut raw.ports, ParameterKind::Ports),
    ];
    let mut taken = None;
    for (key, value, kind) in places {
        let Some(name) = value.as_ref().and_then(|value| value.get("param")) else { continue };
        let name = name.as_str().ok_or_else(|| format!("`{key}`: `param` is the name of a parameter"))?;
        let parameter = context.parameters.iter().find(|parameter| parameter.name == name);
        let parameter = parameter.ok_or_else(|| format!("`{key}`: no parameter is called `{name}`"))?;
        if parameter.default.kind() != kind {
            return Err(format!("`{key}` takes {}, and the parameter `{name}` is another", kind.about()));
        }
        taken = Some(name.to_owned());
        *value = Some(match &parameter.default {
            ParameterValue::Number(number) => toml::Value::Float(*number),
            ParameterValue::Ports(ports) => toml::Value::Array(
                ports.iter().map(|port| toml::Value::String(format!("{}-{}", port.from, port.to))).collect(),
            ),
            ParameterValue::Ranges(ranges) if ranges.is_empty() => toml::Value::String("any".to_owned()),
            ParameterValue::Ranges(_) => {
                return Err(format!(
                    "the default of `{name}` must be empty: it is the rule without a setting"
                ));
            }
            ParameterValue::Texts(texts) => {
                toml::Value::Array(texts.iter().cloned().map(toml::Value::String).collect())
            }
        });
    }
    Ok(taken)
}

fn port_ranges(value: &toml::Value) -> Result<Vec<PortRange>, String> {
    let range = |value: &toml::Value| {
        let text = match value {
            toml::Value::Integer(port) => port.to_string(),
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        PortRange::parse(&text).ok_or_else(|| format!("`{text}` is neither a port nor a range of ports"))
    };
    match value {
        toml::Value::String(all) if all == "all" => Ok(vec![PortRange::ALL]),
        toml::Value::Array(values) if !values.is_empty() => values.iter().map(range).collect(),
        other => Err(format!("`ports` is \"all\" or a list of ports, not {other}")),
    }
}

pub(super) fn companion(raw: &mut RawPredicate, context: Context<'_>) -> Result<Predicate, String> {
    let (direction, types) = match (raw.related.take(), raw.refers_to.take()) {
        (Some(types), _) => (CompanionDirection::RefersToThis, types),
        (None, Some(types)) => (CompanionDirection::ReferredToByThis, types),
        (None, None) => return Err("no companion is named".to_owned()),
    };
    let by = raw.by.as_deref().ok_or("a companion needs `by`: the attribute that refers")?;
    let on = raw.on.take().unwrap_or_else(|| Texts(vec!["id".to_owned()]));
    let condition = raw.condition.take().map(|condition| predicate(*condition, context)).transpose()?;
    let at_least = match raw.at_least.take() {
        None => 1,
        Some(toml::Value::Integer(number)) if number > 0 => usize::try_from(number).unwrap_or(usize::MAX),
        Some(value) => {
            return Err(format!("`at_least` of a companion is a number of resources, not {value}"));
        }
    };
    Ok(Predicate::Companion(Companion {
        at_least,
        types: types.0,
        direction,
        by: PathPattern::parse(by)?,
        on: paths(on)?,
        condition: condition.map(Box::new),
        test: TestId::default(),
    }))
}

fn paths(texts: Texts) -> Result<Vec<PathPattern>, String> {
    if texts.0.is_empty() {
        return Err("an empty list names no attribute".to_owned());
    }
    if texts.0.len() == 1 && texts.0[0] == THIS {
        return Ok(Vec::new());
    }
    texts.0.iter().map(|text| PathPattern::parse(text)).collect()
}

/// The path of the element or document itself.
const THIS: &str = ".";

fn only_true(key: &str, on: bool) -> Result<(), String> {
    if on { Ok(()) } else { Err(format!("`{key}` is only ever true; use `not`")) }
}

fn literal(value: &toml::Value) -> Result<Literal, String> {
    match value {
        toml::Value::Boolean(value) => Ok(Literal::Bool(*value)),
        toml::Value::String(text) => Ok(Literal::Text(text.clone())),
        toml::Value::Integer(_) | toml::Value::Float(_) => {
            let text = value.to_string();
            text.parse().map(Literal::Number).map_err(|_| format!("`{text}` is not a number"))
        }
        toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => {
            Err(format!("`{value}` is neither a text, a number, true nor false"))
        }
    }
}

fn literals(value: &toml::Value) -> Result<Vec<Literal>, String> {
    value.as_array().map_or_else(
        || literal(value).map(|literal| vec![literal]),
        |values| values.iter().map(literal).collect(),
    )
}

fn quantity(value: &toml::Value) -> Result<Quantity, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    Quantity::parse(&text).ok_or_else(|| format!("`{text}` is neither a number nor a duration"))
}

fn moment(value: &toml::Value) -> Result<Moment, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    Moment::parse(&text).ok_or_else(|| format!("`{text}` is not a date, such as 2026-01-31"))
}

fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).ok_or_else(|| format!("`{text}` is not a version"))
}

fn cidr(value: &toml::Value) -> Result<CidrTest, String> {
    let wider_than = || value.get("wider_than")?.as_integer()?.try_into().ok();
    match value.as_str() {
        Some("any") => Ok(CidrTest::Any),
        Some("public") => Ok(CidrTest::Public),
        _ => wider_than()
            .map(CidrTest::WiderThan)
            .ok_or_else(|| "`cidr` is \"any\", \"public\" or { wider_than = LENGTH }".to_owned()),
    }
}

fn statement(raw: RawStatement) -> Result<StatementTest, String> {
    let effect = match raw.effect.as_deref() {
        None | Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        Some(other) => return Err(format!("`{other}` is not an effect; use Allow or Deny")),
    };
    let principals = raw.principals.map(principals).transpose()?;
    let conditions = raw.conditions.map(conditions).transpose()?;
    Ok(StatementTest {
        effect,
        principals,
        action_form: raw
            .not_actions
            .map(|on| only_true("not_actions", on).map(|()| ActionForm::AllBut))
            .transpose()?,
        actions: raw.actions,
        resources: raw.resources,
        resources_match: pattern(raw.resources_match)?,
        conditions,
    })
}

fn pattern(text: Option<String>) -> Result<Option<Pattern>, String> {
    text.map(|text| Pattern::parse(&text)).transpose()
}

fn principals(value: toml::Value) -> Result<PrincipalTest, String> {
    const KINDS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];
    match value {
        toml::Value::String(word) if word == "anyone" => Ok(PrincipalTest::Anyone),
        toml::Value::String(word) if word == "nobody" => Ok(PrincipalTest::Nobody),
        table @ toml::Value::Table(_) => {
            let raw: RawPrincipalKind = keys(table, "principals")?;
            if !KINDS.contains(&raw.kind.as_str()) {
                let kinds = KINDS.join(", ");
                return Err(format!("`{}` is not a kind of principals; use one of {kinds}", raw.kind));
            }
            Ok(PrincipalTest::OfKind { kind: raw.kind, matches: pattern(raw.matches)? })
        }
        other => Err(format!("`principals` is \"anyone\", \"nobody\" or {{ kind = KIND }}, not {other}")),
    }
}

fn conditions(value: toml::Value) -> Result<ConditionsTest, String> {
    let raw: RawConditionsTest = match value {
        toml::Value::String(word) if word == "none" => return Ok(ConditionsTest::None),
        toml::Value::String(word) if word == "open" => return Ok(ConditionsTest::Open),
        table @ toml::Value::Table(_) => keys(table, "conditions")?,
        other => {
            return Err(format!(
                "`conditions` is \"none\", \"open\", {{ some = … }} or {{ unless = [ … ] }}, not {other}"
            ));
        }
    };
    let condition = |raw: RawCondition| {
        Ok::<_, String>(ConditionTest {
            key: pattern(raw.key)?,
            operator: raw.operator,
            values: pattern(raw.values)?,
        })
    };
    match (raw.some, raw.unless) {
        (Some(raw), None) => condition(raw).map(ConditionsTest::Some),
        (None, Some(raw)) if !raw.is_empty() => {
            raw.into_iter().map(condition).collect::<Result<_, _>>().map(ConditionsTest::Unless)
        }
        (Some(_), Some(_)) | (None, Some(_) | None) => {
            Err("`conditions` needs either `some` or `unless`".to_owned())
        }
    }
}

/// Reads the keys of a table inside of a test.
fn keys<T: serde::de::DeserializeOwned>(table: toml::Value, name: &str) -> Result<T, String> {
    T::deserialize(table).map_err(|error| format!("`{name}`: {}", error.message()))
}
