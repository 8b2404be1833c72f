//! Parameters of guardrails: the values of tests that a project may set to its own.

use std::fmt;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::cause::without_ports;
use super::predicate::{AttributeTest, CidrTest, Companion, CountTest, Literal, PortRange, Predicate};
use super::quantity::Quantity;
use super::{Guardrail, Test};

/// A value of a guardrail's tests that a project may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name, in kebab case.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// The value without a setting.
    pub default: ParameterValue,
    /// Which other values let more through.
    pub weaker: Weaker,
    /// What a finding says with another value; `{address}` and `{value}` stand for what they say.
    pub message: Option<String>,
}

/// Which values of a parameter let more through than its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weaker {
    /// Smaller numbers, and lists that lack an element of the default.
    Less,
    /// Larger numbers, and lists that have an element that the default lacks.
    More,
    /// None.
    Never,
}

/// The kinds of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterKind {
    /// A number.
    Number,
    /// A list of ports and ranges of ports.
    Ports,
    /// A list of network ranges.
    Ranges,
    /// A list of texts.
    Texts,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ParameterValue {
    /// A number.
    Number(f64),
    /// Ports and ranges of ports.
    Ports(Vec<PortRange>),
    /// Network ranges, as they are written.
    Ranges(Vec<String>),
    /// Texts.
    Texts(Vec<String>),
}

impl ParameterKind {
    /// What such a value is, for people.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Ports => "a list of ports, such as [22, \"5900-5999\"]",
            Self::Ranges => "a list of network ranges, such as [\"198.18.0.0/24\"]",
            Self::Texts => "a list of strings",
        }
    }

    /// Reads a value of this kind.
    ///
    /// # Errors
    /// If it is of another kind, in words that follow the name of the parameter.
    pub fn read(self, value: &toml::Value) -> Result<ParameterValue, String> {
        let wrong = || format!("expected {}, found {value}", self.about());
        let list = || value.as_array().ok_or_else(wrong);
        match self {
            Self::Number => {
                let number = value.as_float().or_else(|| value.as_integer().map(|number| number as f64));
                number.filter(|number| number.is_finite()).map(ParameterValue::Number).ok_or_else(wrong)
            }
            Self::Ports => {
                let port = |port: &toml::Value| {
                    let text = port.as_str().map_or_else(|| port.to_string(), ToOwned::to_owned);
                    PortRange::parse(&text)
                        .ok_or_else(|| format!("{port} is neither a port nor a range of ports"))
                };
                let ports = list()?.iter().map(port).collect::<Result<Vec<_>, _>>()?;
                if ports.is_empty() {
                    return Err("the list is empty; switch the rule off instead".to_owned());
                }
                Ok(ParameterValue::Ports(ports))
            }
            Self::Ranges => list()?.iter().map(range).collect::<Result<_, _>>().map(ParameterValue::Ranges),
            Self::Texts => {
                let text = |text: &toml::Value| text.as_str().map(ToOwned::to_owned).ok_or_else(wrong);
                list()?.iter().map(text).collect::<Result<_, _>>().map(ParameterValue::Texts)
            }
        }
    }
}

/// The shortest prefix of a range that may be allowed: a shorter one is most of the internet.
const SHORTEST: u8 = 4;

fn range(value: &toml::Value) -> Result<String, String> {
    let text = value.as_str().unwrap_or_default();
    let range: IpNet = text.parse().map_err(|_| {
        format!("{value} is not a network range; write it with its prefix, such as \"198.18.0.0/24\"")
    })?;
    if range.prefix_len() < SHORTEST {
        return Err(format!("{value} is much of the internet; switch the rule off instead"));
    }
    Ok(text.to_owned())
}

impl ParameterValue {
    /// Its kind.
    pub const fn kind(&self) -> ParameterKind {
        match self {
            Self::Number(_) => ParameterKind::Number,
            Self::Ports(_) => ParameterKind::Ports,
            Self::Ranges(_) => ParameterKind::Ranges,
            Self::Texts(_) => ParameterKind::Texts,
        }
    }

    /// Whether `self` lets more through than `other` in this sense.
    fn is(&self, weaker: Weaker, other: &Self) -> bool {
        let (less, more) = match weaker {
            Weaker::Never => return false,
            Weaker::Less => (self, other),
            Weaker::More => (other, self),
        };
        match (less, more) {
            (Self::Number(less), Self::Number(more)) => less < more,
            (Self::Ports(less), Self::Ports(more)) => {
                more.iter().any(|wanted| !less.iter().any(|range| range.includes(*wanted)))
            }
            (Self::Ranges(less), Self::Ranges(more)) | (Self::Texts(less), Self::Texts(more)) => {
                more.iter().any(|text| !less.contains(text))
            }
            (Self::Number(_) | Self::Ports(_) | Self::Ranges(_) | Self::Texts(_), _) => true,
        }
    }
}

impl fmt::Display for ParameterValue {
    /// As TOML would have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts =
            |texts: &[String]| texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ");
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Ports(ports) => {
                let ports: Vec<String> = ports
                    .iter()
                    .map(|port| match (port.from, port.to) {
                        (from, to) if from == to => from.to_string(),
                        (from, to) => format!("\"{from}-{to}\""),
                    })
                    .collect();
                write!(f, "[{}]", ports.join(", "))
            }
            Self::Ranges(ranges) => write!(f, "[{}]", texts(ranges)),
            Self::Texts(list) => write!(f, "[{}]", texts(list)),
        }
    }
}

impl Parameter {
    /// Whether a value lets something through that the default does not.
    pub fn is_weakened_by(&self, value: &ParameterValue) -> bool {
        value.is(self.weaker, &self.default)
    }
}

impl Guardrail {
    /// The parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Sets a parameter of the guardrail. A name that no parameter has, and a value of another kind, change nothing.
    pub fn set(&mut self, name: &str, value: &ParameterValue) {
        let Some(parameter) =
            self.parameter(name).filter(|parameter| parameter.default.kind() == value.kind())
        else {
            return;
        };
        if let Some(message) = parameter.message.as_ref().filter(|_| parameter.default != *value) {
            let message = message.replace("{value}", &value.to_string());
            self.info.title = title_of(&message).into();
            self.message = message;
        }
        let (Test::Fail(test) | Test::Require(test)) = &mut self.test;
        for predicate in self.when.iter_mut().chain([test]) {
            predicate.set(name, value);
        }
    }
}

/// The title of a message: the same without the address.
fn title_of(message: &str) -> String {
    let rest = without_ports(message).replace("{address} ", "");
    let mut letters = rest.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl Predicate {
    fn set(&mut self, name: &str, value: &ParameterValue) {
        match self {
            Self::All(all) | Self::Any(all) => all.iter_mut().for_each(|one| one.set(name, value)),
            Self::Not(inner) => inner.set(name, value),
            Self::Elements(elements) => elements.condition.set(name, value),
            Self::Document { condition, .. } => condition.set(name, value),
            Self::Companion(Companion { condition, .. }) | Self::PlanHas { condition, .. } => {
                condition.iter_mut().for_each(|condition| condition.set(name, value));
            }
            Self::Was(inner) | Self::Becomes(inner) => inner.set(name, value),
            Self::Actions(_) => {}
            Self::Count(count) => {
                count.condition.iter_mut().for_each(|condition| condition.set(name, value));
                if let (true, ParameterValue::Number(number)) =
                    (count.parameter.as_deref() == Some(name), value)
                {
                    count.test = match count.test {
                        CountTest::AtLeast(_) => CountTest::AtLeast(*number),
                        CountTest::AtMost(_) => CountTest::AtMost(*number),
                        CountTest::Is(wanted) => CountTest::Is(wanted),
                    };
                }
            }
            Self::Range(range) => {
                if let (true, ParameterValue::Ranges(ranges)) =
                    (range.parameter.as_deref() == Some(name), value)
                {
                    range.test = CidrTest::of_ranges(ranges);
                }
            }
            Self::Ports(ports) => {
                if let (true, ParameterValue::Ports(wanted)) =
                    (ports.parameter.as_deref() == Some(name), value)
                {
                    ports.wanted.clone_from(wanted);
                }
            }
            Self::Attribute(attribute) => {
                if attribute.parameter.as_deref() == Some(name) {
                    attribute.test.set(value);
                }
            }
        }
    }

    /// The names of the parameters that its tests use.
    pub(crate) fn parameters<'p>(&'p self, found: &mut Vec<&'p str>) {
        match self {
            Self::All(all) | Self::Any(all) => all.iter().for_each(|one| one.parameters(found)),
            Self::Not(inner) => inner.parameters(found),
            Self::Elements(elements) => elements.condition.parameters(found),
            Self::Document { condition, .. } => condition.parameters(found),
            Self::Companion(Companion { condition, .. }) | Self::PlanHas { condition, .. } => {
                condition.iter().for_each(|condition| condition.parameters(found));
            }
            Self::Was(inner) | Self::Becomes(inner) => inner.parameters(found),
            Self::Actions(_) => {}
            Self::Count(count) => {
                count.condition.iter().for_each(|condition| condition.parameters(found));
                found.extend(count.parameter.as_deref());
            }
            Self::Range(range) => found.extend(range.parameter.as_deref()),
            Self::Ports(ports) => found.extend(ports.parameter.as_deref()),
            Self::Attribute(attribute) => found.extend(attribute.parameter.as_deref()),
        }
    }
}

impl AttributeTest {
    fn set(&mut self, value: &ParameterValue) {
        match (&mut *self, value) {
            (
                Self::AtLeast(bound) | Self::AtMost(bound) | Self::LongerThan(bound),
                ParameterValue::Number(number),
            ) => *bound = Quantity::Number(*number),
            (Self::In(texts), ParameterValue::Texts(wanted)) => {
                *texts = wanted.iter().cloned().map(Literal::Text).collect();
            }
            (Self::Cidr(test), ParameterValue::Ranges(ranges)) => *test = CidrTest::of_ranges(ranges),
            _ => {}
        }
    }
}

impl CidrTest {
    /// The test of a parameter with these ranges.
    pub(crate) fn of_ranges(allowed: &[String]) -> Self {
        if allowed.is_empty() { Self::Any } else { Self::PublicExcept(allowed.to_vec()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_definitions;
    use super::*;

    fn file(params: &str, test: &str) -> String {
        format!(
            "[[guardrail]]\nid = \"aws-x\"\ntitle = \"t\"\nseverity = \"high\"\ncategory = \"exposure\"\n\
             pack = \"default\"\nresources = [\"aws_x\"]\nmessage = \"{{address}} is wrong\"\nwhy = \"w\"\n\
             remediation = \"r\"\nfail = {test}\n{params}"
        )
    }

    fn days(body: &str) -> String {
        format!("[guardrail.params.days]\nabout = \"a\"\nweaker = \"less\"\n{body}\n")
    }

    #[test]
    fn mistakes_in_parameters_are_named() {
        let good = "type = \"number\"\ndefault = 7";
        let test = "{ attribute = \"a\", at_most = { param = \"days\" } }";
        assert!(read_definitions("x.toml", &file(&days(good), test)).is_ok());
        for (params, test, wanted) in [
            (
                days("type = \"number\"\ndefault = \"x\""),
                test,
                "parameter `days`: `default`: expected a number, found \"x\"",
            ),
            (days("type = \"numbr\"\ndefault = 7"), test, "unknown variant `numbr`"),
            (days("type = \"number\""), test, "missing field `default`"),
            (days(good), "{ attribute = \"a\", at_most = 7 }", "no test uses the parameter `days`"),
            (
                days(good),
                "{ attribute = \"a\", at_most = { param = \"day\" } }",
                "`at_most`: no parameter is called `day`",
            ),
            (
                days(good),
                "{ attribute = \"a\", in = { param = \"days\" } }",
                "`in` takes a list of strings, and the parameter `days` is another",
            ),
            (days(&format!("{good}\nmessage = \"x\"")), test, "`message` must name the resource"),
            (days(good).replace("days", "Days"), test, "kebab case"),
            (days(good).replace("\"a\"", "\" \""), test, "`about` must say something"),
        ] {
            let error = read_definitions("x.toml", &file(&params, test)).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn what_lets_more_through_is_weaker() {
        let read = |kind: ParameterKind, text: &str| {
            let table: toml::Table = format!("v = {text}").parse().unwrap();
            kind.read(&table["v"]).unwrap()
        };
        for (kind, weaker, default, value, wanted) in [
            (ParameterKind::Number, Weaker::Less, "7", "6", true),
            (ParameterKind::Number, Weaker::Less, "7", "7.5", false),
            (ParameterKind::Number, Weaker::More, "7", "8", true),
            (ParameterKind::Ports, Weaker::Less, "[22, 23]", "[22]", true),
            (ParameterKind::Ports, Weaker::Less, "[22, 23]", "[\"20-25\"]", false),
            (ParameterKind::Texts, Weaker::Less, "[\"a\"]", "[\"b\"]", true),
            (ParameterKind::Texts, Weaker::Less, "[\"a\"]", "[\"a\", \"b\"]", false),
            (ParameterKind::Texts, Weaker::More, "[\"a\"]", "[\"a\", \"b\"]", true),
            (ParameterKind::Ranges, Weaker::Never, "[]", "[\"9.9.9.9/32\"]", false),
        ] {
            let (default, value) = (read(kind, default), read(kind, value));
            let shown = format!("{default} {value}");
            let parameter =
                Parameter { name: String::new(), about: String::new(), default, weaker, message: None };
            assert_eq!(parameter.is_weakened_by(&value), wanted, "{shown}");
        }
    }

    #[test]
    fn values_that_would_switch_a_rule_off_are_refused() {
        for (kind, text, wanted) in [
            (ParameterKind::Ports, "[]", "the list is empty"),
            (ParameterKind::Ports, "[70000]", "neither a port"),
            (ParameterKind::Ports, "22", "expected a list of ports"),
            (ParameterKind::Ranges, "[\"0.0.0.0/0\"]", "much of the internet"),
            (ParameterKind::Ranges, "[\"2000::/3\"]", "much of the internet"),
            (ParameterKind::Ranges, "[\"9.9.9.9\"]", "with its prefix"),
            (ParameterKind::Texts, "[1]", "expected a list of strings"),
            (ParameterKind::Number, "nan", "expected a number"),
        ] {
            let table: toml::Table = format!("v = {text}").parse().unwrap();
            let error = kind.read(&table["v"]).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
