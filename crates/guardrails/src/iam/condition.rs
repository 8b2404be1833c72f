//! Conditions of a statement: their operators, and whether one must hold for every request.

use planguard_guardrail_format::Truth;

use super::document::Values;
use crate::truths::{all, any};

/// Conditions of a statement, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Conditions {
    /// Those that are known, in the order of the document.
    pub(crate) known: Vec<Condition>,
    /// Whether there may be others, known only after apply.
    pub(crate) may_have_more: bool,
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    /// How the key's value is compared; `None` where that is known only after apply.
    pub(crate) operator: Option<Operator>,
    /// The key in lower case, for example `aws:sourcevpc`; empty where the operator has none, `None` where it is
    /// known only after apply.
    pub(crate) key: Option<String>,
    /// The values, of which one must match.
    pub(crate) values: Values<String>,
    /// Whether the values that are known only after apply identify one object each.
    pub(crate) others_are_of_objects: bool,
}

/// An operator with its qualifiers, for example `ForAllValues:StringNotLikeIfExists`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    /// What is compared.
    pub(crate) comparison: Comparison,
    /// Whether the condition holds where the value does not match.
    pub(crate) is_negated: bool,
    /// Of how many values of a request's key it must hold.
    pub(crate) quantifier: Quantifier,
    /// `IfExists`: it also holds for a request without the key.
    pub(crate) if_exists: bool,
}

/// What an operator compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Texts letter by letter: `StringEquals`.
    Equal,
    /// Texts without regard to case: `StringEqualsIgnoreCase`.
    EqualIgnoringCase,
    /// Texts with wildcards: `StringLike`, and both operators of ARNs.
    Like,
    /// An address with ranges.
    IpAddress,
    /// A truth.
    Bool,
    /// Whether the key is missing.
    Null,
    /// Any other, by its name in lower case: numbers, dates, binaries.
    Other(String),
}

/// Of how many values of a key a condition must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// The key has one value.
    One,
    /// `ForAnyValue`: one of several.
    Any,
    /// `ForAllValues`: each of several, which holds where there is none.
    All,
}

impl Condition {
    /// Whether every request meets it: it comes over TLS, as nearly all do, or from any address, or has any value.
    fn holds_always(&self) -> Truth {
        let Some(operator) = &self.operator else { return Truth::Unknown };
        if operator.is_negated {
            return Truth::False;
        }
        let meets_all = |value: &String| match operator.comparison {
            Comparison::Like => value == "*",
            Comparison::IpAddress => value.ends_with("/0"),
            Comparison::Bool => {
                value.eq_ignore_ascii_case("true") && self.key.as_deref() == Some("aws:securetransport")
            }
            Comparison::Equal | Comparison::EqualIgnoringCase | Comparison::Null | Comparison::Other(_) => {
                false
            }
        };
        self.values.any(|value| Truth::of(meets_all(value)))
    }
}

impl Operator {
    /// Reads an operator's name, without regard to case.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let (quantifier, rest) = match text.split_once(':') {
            Some(("foranyvalue", rest)) => (Quantifier::Any, rest),
            Some(("forallvalues", rest)) => (Quantifier::All, rest),
            Some(_) | None => (Quantifier::One, text.as_str()),
        };
        let (if_exists, name) = match rest.strip_suffix("ifexists") {
            Some(name) => (true, name),
            None => (false, rest),
        };
        let is_negated = name.contains("not");
        let comparison = match name.replacen("not", "", 1).as_str() {
            "stringequals" => Comparison::Equal,
            "stringequalsignorecase" => Comparison::EqualIgnoringCase,
            "stringlike" | "arnequals" | "arnlike" => Comparison::Like,
            "ipaddress" => Comparison::IpAddress,
            "bool" => Comparison::Bool,
            "null" => Comparison::Null,
            other => Comparison::Other(other.to_owned()),
        };
        Self { comparison, is_negated, quantifier, if_exists }
    }
}

impl Conditions {
    /// Whether there is none that any request could fail.
    pub(crate) fn are_empty(&self) -> Truth {
        all(self.known.iter().map(Condition::holds_always).chain([if self.may_have_more {
            Truth::Unknown
        } else {
            Truth::True
        }]))
    }

    /// Whether a condition of some sort is among them.
    pub(crate) fn some(&self, is_such: impl Fn(&Condition) -> Truth) -> Truth {
        let rest = if self.may_have_more { Truth::Unknown } else { Truth::False };
        any(self.known.iter().map(is_such).chain([rest]))
    }

    /// Whether a condition fails for every request without its key: one with `IfExists` or `ForAllValues` holds for
    /// them, unless another condition demands the key.
    pub(crate) fn demand_key_of(&self, condition: &Condition) -> Truth {
        let Some(operator) = &condition.operator else { return Truth::Unknown };
        if operator.quantifier != Quantifier::All && !operator.if_exists {
            return Truth::True;
        }
        self.some(|other| match (&other.operator, &other.key, &condition.key) {
            (Some(null), Some(key), Some(demanded)) => Truth::of(
                null.comparison == Comparison::Null
                    && key == demanded
                    && other.values.complete
                    && other.values.known.iter().all(|value| value.eq_ignore_ascii_case("false")),
            ),
            (None, Some(key), Some(demanded)) if key != demanded => Truth::False,
            (Some(operator), ..) if operator.comparison != Comparison::Null => Truth::False,
            (None, ..) | (_, None, _) | (.., None) => Truth::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::*;

    #[test]
    fn conditions_that_every_request_meets_are_none() {
        let empty = |conditions: &str| {
            let text = format!(
                r#"{{"Statement": {{"Effect": "Allow", "Action": "*", "Condition": {conditions}}}}}"#
            );
            Document::parse(&text).unwrap().statements[0].conditions.are_empty()
        };
        for none in [
            "{}",
            r#"{"Bool": {"aws:SecureTransport": "true"}}"#,
            r#"{"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0"]}}"#,
            r#"{"StringLike": {"aws:userid": "*"}, "Bool": {"aws:SecureTransport": true}}"#,
        ] {
            assert_eq!(empty(none), Truth::True, "{none}");
        }
        for some in [
            r#"{"Bool": {"aws:SecureTransport": "false"}}"#,
            r#"{"Bool": {"aws:MultiFactorAuthPresent": "true"}}"#,
            r#"{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#,
            r#"{"StringNotLike": {"aws:userid": "*"}}"#,
            r#"{"StringEquals": {"aws:RequestedRegion": "eu-west-1"}, "Bool": {"aws:SecureTransport": true}}"#,
        ] {
            assert_eq!(empty(some), Truth::False, "{some}");
        }
    }

    #[test]
    fn operators_are_read_with_their_qualifiers() {
        let operator = Operator::parse("ForAllValues:StringNotLikeIfExists");
        assert_eq!(
            operator,
            Operator {
                comparison: Comparison::Like,
                is_negated: true,
                quantifier: Quantifier::All,
                if_exists: true
            }
        );
        for (text, comparison, is_negated) in [
            ("StringEquals", Comparison::Equal, false),
            ("stringequalsignorecase", Comparison::EqualIgnoringCase, false),
            ("ArnNotEquals", Comparison::Like, true),
            ("NotIpAddress", Comparison::IpAddress, true),
            ("Bool", Comparison::Bool, false),
            ("Null", Comparison::Null, false),
            ("NumericNotEquals", Comparison::Other("numericequals".to_owned()), true),
            ("", Comparison::Other(String::new()), false),
        ] {
            let operator = Operator::parse(text);
            assert_eq!((operator.comparison, operator.is_negated), (comparison, is_negated), "{text}");
        }
        assert_eq!(Operator::parse("ForAnyValue:StringLike").quantifier, Quantifier::Any);
    }
}
