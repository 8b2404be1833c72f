//! Policy documents in the language of AWS: what they allow, and what one allows that another does not.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::text::wildcard;
use planguard_plan::{DuplicateKeys, Value};

/// A policy document.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    effect: Effect,
    principals: Patterns,
    actions: Patterns,
    resources: Patterns,
    conditions: Conditions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// What a document allows beyond another one, as far as it matters to a reviewer. One more action on one
/// more resource, both of them named, is everyday work and not among it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grant {
    /// Anyone may do something that only some might do.
    Anyone,
    /// All actions, of a service or at all, are allowed where only some were.
    AllActions,
    /// Something is allowed on all resources that was allowed on some.
    AllResources,
    /// An action is allowed with which one can give oneself more rights.
    Escalation,
    /// Somebody else may do what only others might do.
    Principal,
    /// Something is allowed that was allowed under conditions only.
    WithoutCondition,
    /// Something is no longer forbidden.
    NoLongerDenied,
}

impl Grant {
    /// What is wrong, as part of a sentence.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Anyone => "anyone is let in",
            Self::AllActions => "all actions of a service, or all there are, are allowed",
            Self::AllResources => "what was allowed on some resources is allowed on all",
            Self::Escalation => "an action is allowed that lets its holder take more rights",
            Self::Principal => "more principals are let in",
            Self::WithoutCondition => "conditions are dropped or loosened",
            Self::NoLongerDenied => "something is no longer denied",
        }
    }
}

/// Actions with which their holder can come to more rights than the policy gives, in small letters.
const ESCALATING: &[&str] = &[
    "iam:addusertogroup",
    "iam:attachgrouppolicy",
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createaccesskey",
    "iam:createloginprofile",
    "iam:createpolicyversion",
    "iam:passrole",
    "iam:putgrouppolicy",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:setdefaultpolicyversion",
    "iam:updateassumerolepolicy",
    "iam:updateloginprofile",
    "kms:creategrant",
    "kms:putkeypolicy",
    "s3:putbucketpolicy",
    "sts:assumerole",
];

/// Into how many parts a statement is taken apart at most. AWS limits a policy to some ten thousand
/// characters, which makes a few thousand parts.
const MOST_SINGLES: usize = 10_000;

impl Document {
    /// Reads a document from JSON text; `None` for text that is no such document.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let duplicates = DuplicateKeys::default();
        let value = Value::parse(text, &duplicates).ok()?;
        let statements = match value.get("Statement")? {
            Value::Array(statements) => statements.iter().filter_map(Statement::read).collect(),
            single => Statement::read(single).into_iter().collect(),
        };
        Some(Self { statements })
    }

    /// Adds the statements of another document.
    pub(super) fn extend(&mut self, other: Self) {
        self.statements.extend(other.statements);
    }

    /// What this document allows that another one does not.
    pub(super) fn grants_beyond(&self, before: &Self) -> BTreeSet<Grant> {
        let mut found = BTreeSet::new();
        for statement in self.with(Effect::Allow) {
            // Most statements stand as they stood; only the others are worth taking apart.
            if before.with(Effect::Allow).any(|old| old.covers(statement, LeftOut::Nothing)) {
                continue;
            }
            for single in statement.singles() {
                found.extend(single.grant_beyond(before));
            }
        }
        let denies = |denied: &Statement| {
            self.with(Effect::Deny).any(|statement| statement.covers(denied, LeftOut::Nothing))
        };
        let lifted = before
            .with(Effect::Deny)
            .filter(|statement| !denies(statement))
            .any(|statement| statement.singles().iter().any(|single| !denies(single)));
        if lifted {
            found.insert(Grant::NoLongerDenied);
        }
        found
    }

    /// The principals that are allowed something.
    pub(super) fn allowed_principals(&self) -> BTreeSet<&str> {
        self.with(Effect::Allow).flat_map(|statement| statement.principals.iter()).collect()
    }

    fn with(&self, effect: Effect) -> impl Iterator<Item = &Statement> {
        self.statements.iter().filter(move |statement| statement.effect == effect)
    }
}

/// Which part of two statements is left out of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeftOut {
    Nothing,
    Conditions,
    Resources,
    Principals,
}

impl Statement {
    fn read(value: &Value<'_>) -> Option<Self> {
        let effect = match value.get("Effect")?.as_str()? {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            _ => return None,
        };
        Some(Self {
            effect,
            principals: Patterns::read(value, "Principal", "NotPrincipal"),
            // Actions are compared without regard to case, as AWS does.
            actions: Patterns::read(value, "Action", "NotAction").in_small_letters(),
            resources: Patterns::read(value, "Resource", "NotResource"),
            conditions: Conditions::read(value.get("Condition")),
        })
    }

    /// The statement taken apart: one principal, one action, one resource each. A statement of monstrous
    /// length stays whole, so that no plan can keep planguard busy for ever.
    fn singles(&self) -> Vec<Self> {
        let count =
            self.principals.len().saturating_mul(self.actions.len()).saturating_mul(self.resources.len());
        if count > MOST_SINGLES {
            return vec![self.clone()];
        }
        let mut singles = Vec::new();
        for principal in self.principals.singles() {
            for action in self.actions.singles() {
                for resource in self.resources.singles() {
                    singles.push(Self {
                        effect: self.effect,
                        principals: principal.clone(),
                        actions: action.clone(),
                        resources: resource,
                        conditions: self.conditions.clone(),
                    });
                }
            }
        }
        singles
    }

    /// Whether this statement says all that a single one says.
    fn covers(&self, single: &Self, left_out: LeftOut) -> bool {
        self.effect == single.effect
            && self.actions.cover(&single.actions)
            && (left_out == LeftOut::Resources || self.resources.cover(&single.resources))
            && (left_out == LeftOut::Principals || self.principals.cover(&single.principals))
            && (left_out == LeftOut::Conditions || self.conditions.are_implied_by(&single.conditions))
    }

    /// What a single allowing statement allows beyond a document, if that matters.
    fn grant_beyond(&self, before: &Document) -> Option<Grant> {
        let allowed = |left_out| before.with(Effect::Allow).any(|statement| statement.covers(self, left_out));
        if allowed(LeftOut::Nothing) {
            return None;
        }
        if self.principals.is_everything() && !self.principals.is_absent() {
            // With a condition it is anyone only as far as the condition lets them.
            return Some(if self.conditions.is_empty() { Grant::Anyone } else { Grant::Principal });
        }
        if allowed(LeftOut::Conditions) {
            return Some(Grant::WithoutCondition);
        }
        if allowed(LeftOut::Principals) {
            return Some(Grant::Principal);
        }
        if allowed(LeftOut::Resources) {
            return self.resources.is_everything().then_some(Grant::AllResources);
        }
        if self.actions.iter().any(|action| action == "*" || action.ends_with(":*"))
            || self.actions.is_exclusion()
        {
            return Some(Grant::AllActions);
        }
        let escalates = |action: &str| ESCALATING.iter().any(|known| wildcard::matches(action, known));
        self.actions.iter().any(escalates).then_some(Grant::Escalation)
    }
}

/// Patterns that a statement lists, or all but those that it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Patterns {
    These(BTreeSet<String>),
    AllBut(BTreeSet<String>),
    /// The statement does not say: the policy's own place does.
    Absent,
}

impl Patterns {
    fn read(statement: &Value<'_>, these: &str, all_but: &str) -> Self {
        match (statement.get(these), statement.get(all_but)) {
            (Some(value), _) => Self::These(texts(value)),
            (None, Some(value)) => Self::AllBut(texts(value)),
            (None, None) => Self::Absent,
        }
    }

    fn in_small_letters(self) -> Self {
        let small = |texts: BTreeSet<String>| texts.iter().map(|text| text.to_ascii_lowercase()).collect();
        match self {
            Self::These(texts) => Self::These(small(texts)),
            Self::AllBut(texts) => Self::AllBut(small(texts)),
            Self::Absent => Self::Absent,
        }
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::These(texts) => Some(texts),
            Self::AllBut(_) | Self::Absent => None,
        };
        texts.into_iter().flatten().map(String::as_str)
    }

    fn singles(&self) -> Vec<Self> {
        match self {
            Self::These(texts) => {
                texts.iter().map(|text| Self::These(BTreeSet::from([text.clone()]))).collect()
            }
            Self::AllBut(_) | Self::Absent => vec![self.clone()],
        }
    }

    /// How many patterns there are when they are looked at one by one.
    fn len(&self) -> usize {
        match self {
            Self::These(texts) => texts.len(),
            Self::AllBut(_) | Self::Absent => 1,
        }
    }

    fn is_everything(&self) -> bool {
        match self {
            Self::These(texts) => texts.contains("*"),
            Self::AllBut(_) => false,
            Self::Absent => true,
        }
    }

    fn is_absent(&self) -> bool {
        *self == Self::Absent
    }

    fn is_exclusion(&self) -> bool {
        matches!(self, Self::AllBut(_))
    }

    /// Whether these patterns match all that others match. Two exclusions compare by what they leave out.
    fn cover(&self, others: &Self) -> bool {
        match (self, others) {
            (own, _) if own.is_everything() => true,
            (Self::These(own), Self::These(others)) => {
                let wild: Vec<&String> = own.iter().filter(|pattern| pattern.contains(['*', '?'])).collect();
                others.iter().all(|other| {
                    own.contains(other) || wild.iter().any(|pattern| wildcard::matches(pattern, other))
                })
            }
            (Self::AllBut(own), Self::AllBut(others)) => own.is_subset(others),
            (Self::AllBut(own), Self::These(others)) => others.iter().all(|other| {
                !own.iter()
                    .any(|left_out| wildcard::matches(left_out, other) || wildcard::matches(other, left_out))
            }),
            (Self::These(_), Self::AllBut(_) | Self::Absent) | (Self::AllBut(_) | Self::Absent, _) => false,
        }
    }
}

/// A text or a list of texts; of an object, such as `{"AWS": […]}`, the texts in its members.
fn texts(value: &Value<'_>) -> BTreeSet<String> {
    match value {
        Value::String(text) => BTreeSet::from([text.to_string()]),
        Value::Array(elements) => elements.iter().flat_map(texts).collect(),
        Value::Object(object) => object.members().iter().flat_map(|(_, value)| texts(value)).collect(),
        Value::Bool(flag) => BTreeSet::from([flag.to_string()]),
        Value::Number(number) => BTreeSet::from([number.to_string()]),
        Value::Null => BTreeSet::new(),
    }
}

/// Conditions by operator and key, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Conditions(BTreeMap<(String, String), BTreeSet<String>>);

impl Conditions {
    fn read(value: Option<&Value<'_>>) -> Self {
        let mut conditions = BTreeMap::new();
        for (operator, keys) in value.map(Value::members).unwrap_or_default() {
            for (key, values) in keys.members() {
                conditions.insert((operator.to_string(), key.to_ascii_lowercase()), texts(values));
            }
        }
        Self(conditions)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether these hold wherever others hold: each of them stands there as well, at least as narrow.
    fn are_implied_by(&self, others: &Self) -> bool {
        self.0.iter().all(|(at, values)| {
            others.0.get(at).is_some_and(|other| {
                // More values narrow a negated operator, and widen any other.
                if at.0.contains("Not") { other.is_superset(values) } else { other.is_subset(values) }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(before: &str, after: &str) -> Vec<Grant> {
        let read = |statements: &str| Document::parse(&format!(r#"{{"Statement": {statements}}}"#)).unwrap();
        read(after).grants_beyond(&read(before)).into_iter().collect()
    }

    const READ: &str = r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}"#;

    #[test]
    fn wildcards_count_and_named_actions_on_named_resources_do_not() {
        let more = r#"{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]}"#;
        assert_eq!(grants(READ, more), []);
        let all = r#"[{"Effect": "Allow", "Action": "S3:*", "Resource": "arn:aws:s3:::a/*"}]"#;
        assert_eq!(grants(READ, all), [Grant::AllActions]);
        assert_eq!(grants(all, READ), []);
        let anywhere = r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#;
        assert_eq!(grants(READ, anywhere), [Grant::AllResources]);
        let all_but = r#"{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}"#;
        assert_eq!(grants(READ, all_but), [Grant::AllActions]);
        assert_eq!(grants(all_but, READ), []);
        let pass = r#"[{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::1:role/x"}]"#;
        assert_eq!(grants(READ, pass), [Grant::Escalation]);
    }

    #[test]
    fn order_case_and_split_of_statements_mean_nothing() {
        let one = r#"[{"Effect": "Allow", "Action": ["a:X", "b:Y"], "Resource": "*"}]"#;
        let two = r#"[{"Effect": "Allow", "Action": "B:Y", "Resource": ["*"]}, {"Effect": "Allow", "Action": "a:x", "Resource": "*"}]"#;
        assert_eq!(grants(one, two), []);
        assert_eq!(grants(two, one), []);
    }

    #[test]
    fn principals_conditions_and_denials_are_compared() {
        let some = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:GetObject", "Resource": "x",
            "Condition": {"StringEquals": {"aws:SourceVpc": ["v1"]}}}"#;
        let without = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:GetObject", "Resource": "x"}"#;
        let looser = some.replace(r#"["v1"]"#, r#"["v1", "v2"]"#);
        assert_eq!(grants(some, without), [Grant::WithoutCondition]);
        assert_eq!(grants(some, &looser), [Grant::WithoutCondition]);
        assert_eq!(grants(&looser, some), []);
        assert_eq!(grants(without, &without.replace("1:root", "2:root")), [Grant::Principal]);
        assert_eq!(
            grants(without, &without.replace(r#"{"AWS": "arn:aws:iam::1:root"}"#, r#""*""#)),
            [Grant::Anyone]
        );
        let deny =
            r#"[{"Effect": "Deny", "Action": ["s3:DeleteBucket", "s3:DeleteObject"], "Resource": "*"}]"#;
        assert_eq!(grants(deny, "[]"), [Grant::NoLongerDenied]);
        assert_eq!(grants(deny, &deny.replace(r#"["s3:DeleteBucket", "s3:DeleteObject"]"#, r#""s3:*""#)), []);
    }

    #[test]
    fn a_monstrous_statement_is_judged_as_a_whole() {
        let many: Vec<String> = (0..2000).map(|n| format!(r#""a:B{n}""#)).collect();
        let statement = |more: &str| {
            format!(r#"{{"Effect": "Allow", "Action": [{0}{more}], "Resource": [{0}]}}"#, many.join(","))
        };
        assert_eq!(grants(&statement(""), &statement(r#", "c:*""#)), [Grant::AllActions]);
    }

    #[test]
    fn other_texts_are_no_documents() {
        for text in ["", "{", "[]", "{}", r#"{"Statement"}"#, "null"] {
            assert!(Document::parse(text).is_none(), "{text}");
        }
        assert!(
            Document::parse(r#"{"Statement": [3, {"Effect": "Perhaps"}]}"#).unwrap().statements.is_empty()
        );
    }
}
