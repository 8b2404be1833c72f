//! Reads policy documents: JSON text, and the blocks of `aws_iam_policy_document`.
//!
//! A document in JSON text is known as a whole. In blocks any part may be known only after apply, so every part
//! of a [`Statement`] says whether it is complete.

use planguard_guardrail_format::{Effect, Truth};
use planguard_plan::{Attribute, Value, View};

use super::condition::{Condition, Conditions, Operator};
use crate::made_of;
use crate::truths::any;
use crate::unreadable::{self, Unreadable};

/// What stands in a draft of a policy for what is known only after apply.
pub const UNKNOWN: &str = "\u{f8ff}unknown\u{f8ff}";

/// The same, for what identifies one object.
pub const OF_OBJECT: &str = "\u{f8ff}object\u{f8ff}";

/// A resource with something in the place of its partition, its region and its account, where those alone are not known:
/// which ones they are is no matter of how much the rest means.
fn settled(arn: &str) -> String {
    let mut parts: Vec<&str> = arn.splitn(6, ':').collect();
    if let ["arn", partition, _, region, account, _] = parts.as_mut_slice() {
        for (part, some) in [(partition, "aws"), (region, "eu-west-1"), (account, "111122223333")] {
            if *part == UNKNOWN {
                *part = some;
            }
        }
    }
    parts.join(":")
}

pub(crate) fn is_marked(text: &str) -> bool {
    text.contains(UNKNOWN) || text.contains(OF_OBJECT)
}

/// A policy document.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Document {
    /// Its statements. Those without a known effect are left out: AWS refuses a document with one.
    pub(crate) statements: Vec<Statement>,
}

/// A statement of a policy document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    /// What it does; `None` where that is known only after apply.
    pub(crate) effect: Option<Effect>,
    /// To whom it applies: `Principal` and `NotPrincipal`.
    pub(crate) principals: Listed<Principal>,
    /// `Action` and `NotAction`.
    pub(crate) actions: Listed<String>,
    /// `Resource` and `NotResource`.
    pub(crate) resources: Listed<String>,
    /// `Condition`.
    pub(crate) conditions: Conditions,
}

/// What a statement lists under a key and under the key with `Not`. Neither is there where the policy's own place
/// says what is meant, as with the resource of a bucket policy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listed<T> {
    /// What is meant.
    pub(crate) these: Option<Values<T>>,
    /// What is not meant, all else being so.
    pub(crate) all_but: Option<Values<T>>,
}

/// Values of a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Values<T> {
    /// Those that are known.
    pub(crate) known: Vec<T>,
    /// Whether there are no others, known only after apply.
    pub(crate) complete: bool,
    /// Whether the others all begin with what identifies one object, as the ARN of a bucket with `/*` behind it.
    pub(crate) others_name_objects: bool,
}

/// Who may be meant by a statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Principal {
    /// Its kind; `None` where that is known only after apply.
    pub(crate) kind: Option<PrincipalKind>,
    /// What identifies it.
    pub(crate) id: Identifier,
}

/// An identifier of a principal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identifier {
    /// An ARN, an account, the name of a service, `*`.
    Known(String),
    /// It is known only after apply, and that of one object: no wildcard.
    OfObject,
    /// It is known only after apply.
    Unknown,
}

impl Identifier {
    /// Its text, if that is known.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::OfObject | Self::Unknown => None,
        }
    }
}

/// The kinds of principals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PrincipalKind {
    /// The bare `*`: everyone, signed in or not.
    Everyone,
    /// `AWS`: accounts, users, roles; `*` is everyone here too.
    Aws,
    /// `Service`.
    Service,
    /// `Federated`.
    Federated,
    /// `CanonicalUser`.
    CanonicalUser,
    /// A word that AWS has added since.
    Other(String),
}

impl Document {
    /// Reads JSON text. Providers write an empty text, `null` or `{}` where there is no policy.
    ///
    /// # Errors
    /// The text is no policy document.
    pub(crate) fn parse(text: &str) -> Result<Self, Unreadable> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let value = unreadable::json(text)?;
        let Some(statements) = value.get("Statement") else {
            return match value {
                Value::Null => Ok(Self::default()),
                // A version or an id alone grants nothing either.
                Value::Object(object)
                    if object.members().iter().all(|(name, _)| matches!(name.as_ref(), "Version" | "Id")) =>
                {
                    Ok(Self::default())
                }
                _ => Err(Unreadable::NoStatement),
            };
        };
        Ok(Self { statements: one_or_many(statements).iter().filter_map(Statement::read).collect() })
    }

    /// Reads a draft of JSON text, in which [`UNKNOWN`] and [`OF_OBJECT`] stand for what is known only after apply; `None`
    /// where it is not certain which statements there are, or what they do.
    pub(crate) fn of_draft(text: &str) -> Option<Self> {
        let value = unreadable::json(text).ok()?;
        let raw = one_or_many(value.get("Statement")?);
        let is_clear = |statement: &Value<'_>| {
            let conditions = statement.get("Condition").filter(|value| **value != Value::Null);
            let are_clear = |value: &Value<'_>| {
                let members = value.members();
                matches!(value, Value::Object(_))
                    && members.iter().all(|(_, keys)| matches!(keys, Value::Object(_)))
            };
            statement.get("Effect").and_then(effect).is_some() && conditions.is_none_or(are_clear)
        };
        if !raw.iter().all(is_clear) {
            return None;
        }
        let mut document = Self::parse(text).ok()?;
        for (statement, raw) in document.statements.iter_mut().zip(raw) {
            let Statement { principals, actions, resources, conditions, .. } = statement;
            let has_kinds = |key: &str| matches!(raw.get(key), Some(Value::Object(_)));
            for (values, has_kinds) in [
                (&mut principals.these, has_kinds("Principal")),
                (&mut principals.all_but, has_kinds("NotPrincipal")),
            ] {
                let known = values.iter_mut().flat_map(|values| &mut values.known);
                known.for_each(|principal| principal.forget(has_kinds));
            }
            for values in [&mut resources.these, &mut resources.all_but].into_iter().flatten() {
                values.known.iter_mut().for_each(|value| *value = settled(value));
            }
            for values in
                [actions, resources].into_iter().flat_map(|listed| [&mut listed.these, &mut listed.all_but])
            {
                values.iter_mut().for_each(Values::forget);
            }
            for condition in &mut conditions.known {
                let is_of_object = |value: &String| !is_marked(value) || value == OF_OBJECT;
                condition.others_are_of_objects = condition.values.known.iter().all(is_of_object);
                condition.values.forget();
            }
        }
        Some(document)
    }

    /// Reads the `statement` blocks of the data source `aws_iam_policy_document`; `None` where it is unknown how
    /// many there will be.
    pub(crate) fn of_blocks(statements: &View<'_, '_>) -> Option<Self> {
        let blocks = statements.elements()?;
        Some(Self { statements: blocks.iter().filter_map(Statement::of_block).collect() })
    }
}

impl Statement {
    fn read(value: &Value<'_>) -> Option<Self> {
        Some(Self {
            effect: Some(effect(value.get("Effect")?)?),
            principals: Listed::read(value, "Principal", "NotPrincipal", principals),
            actions: Listed::read(value, "Action", "NotAction", texts),
            resources: Listed::read(value, "Resource", "NotResource", texts),
            conditions: Conditions::read(value.get("Condition")),
        })
    }

    /// Whether every part of it is known.
    pub(crate) fn is_known(&self) -> bool {
        let are_known = |values: &Values<Principal>| {
            values.known.iter().all(|principal| principal.kind.is_some() && principal.id.text().is_some())
        };
        self.effect.is_some()
            && self.principals.is_complete()
            && [&self.principals.these, &self.principals.all_but].into_iter().flatten().all(are_known)
            && self.actions.is_complete()
            && self.resources.is_complete()
            && self.conditions.are_known()
    }

    fn of_block(block: &View<'_, '_>) -> Option<Self> {
        let effect = match block.key("effect").attribute() {
            Attribute::Unknown => None,
            // The data source's default.
            Attribute::Unset => Some(Effect::Allow),
            Attribute::Known(value) => Some(effect(value)?),
        };
        Some(Self {
            effect,
            principals: Listed::of_block(block, "principals", "not_principals", principals_of_blocks),
            actions: Listed::of_block(block, "actions", "not_actions", texts_of_list),
            resources: Listed::of_block(block, "resources", "not_resources", |list| {
                let values = texts_of_list(list);
                Values { others_name_objects: !values.complete && are_of_objects(list), ..values }
            }),
            conditions: Conditions::of_blocks(&block.key("condition")),
        })
    }
}

fn effect(value: &Value<'_>) -> Option<Effect> {
    match value.as_str()? {
        "Allow" => Some(Effect::Allow),
        "Deny" => Some(Effect::Deny),
        _ => None,
    }
}

impl<T> Listed<T> {
    fn read(statement: &Value<'_>, these: &str, all_but: &str, read: impl Fn(&Value<'_>) -> Vec<T>) -> Self {
        let values = |key: &str| statement.get(key).map(|value| Values::complete(read(value)));
        Self { these: values(these), all_but: values(all_but) }
    }

    /// Whether no values are known only after apply.
    fn is_complete(&self) -> bool {
        [&self.these, &self.all_but].into_iter().flatten().all(|values| values.complete)
    }

    /// A list without elements counts as absent, since blocks do not tell the two apart.
    fn of_block(
        block: &View<'_, '_>,
        these: &str,
        all_but: &str,
        read: impl Fn(&View<'_, '_>) -> Values<T>,
    ) -> Self {
        let values = |key: &str| {
            Some(read(&block.key(key))).filter(|values| !values.known.is_empty() || !values.complete)
        };
        Self { these: values(these), all_but: values(all_but) }
    }
}

impl<T> Values<T> {
    const fn complete(known: Vec<T>) -> Self {
        Self { known, complete: true, others_name_objects: false }
    }

    /// Nothing that is known.
    const fn unknown() -> Self {
        Self { known: Vec::new(), complete: false, others_name_objects: false }
    }

    /// Whether something holds of one of them that holds of no name of an object, whatever stands behind it.
    pub(crate) fn any_wide(&self, holds: impl Fn(&T) -> Truth) -> Truth {
        match self.others_name_objects {
            true => any(self.known.iter().map(holds)),
            false => self.any(holds),
        }
    }

    /// Whether something holds of one of them.
    pub(crate) fn any(&self, holds: impl Fn(&T) -> Truth) -> Truth {
        let rest = if self.complete { Truth::False } else { Truth::Unknown };
        any(self.known.iter().map(holds).chain([rest]))
    }
}

impl Values<String> {
    /// Leaves out what is marked as known only after apply.
    fn forget(&mut self) {
        let names_object = |value: &String| value.starts_with(OF_OBJECT) && !value.contains(UNKNOWN);
        let others_name_objects = self.known.iter().all(|value| !is_marked(value) || names_object(value));
        let all = self.known.len();
        self.known.retain(|value| !is_marked(value));
        self.complete &= self.known.len() == all;
        self.others_name_objects = !self.complete && others_name_objects;
    }
}

impl Principal {
    /// Forgets what is marked as known only after apply; without kinds, this includes the kind.
    fn forget(&mut self, has_kinds: bool) {
        let Some(text) = self.id.text().filter(|text| is_marked(text)) else { return };
        self.id = if text == OF_OBJECT { Identifier::OfObject } else { Identifier::Unknown };
        if !has_kinds {
            self.kind = None;
        }
    }

    fn known(kind: PrincipalKind, id: &str) -> Self {
        Self { kind: Some(kind), id: Identifier::Known(id.to_owned()) }
    }
}

impl PrincipalKind {
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "*" => Self::Everyone,
            "AWS" => Self::Aws,
            "Service" => Self::Service,
            "Federated" => Self::Federated,
            "CanonicalUser" => Self::CanonicalUser,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// `"*"`, a list of such texts, or `{"AWS": …, "Service": …}`.
fn principals(value: &Value<'_>) -> Vec<Principal> {
    match value {
        Value::Object(kinds) => kinds
            .members()
            .iter()
            .flat_map(|(word, ids)| {
                texts(ids).into_iter().map(|id| Principal::known(PrincipalKind::parse(word), &id))
            })
            .collect(),
        bare => texts(bare)
            .into_iter()
            .map(|id| {
                let kind = if id == "*" { PrincipalKind::Everyone } else { PrincipalKind::Aws };
                Principal::known(kind, &id)
            })
            .collect(),
    }
}

fn principals_of_blocks(blocks: &View<'_, '_>) -> Values<Principal> {
    let Some(elements) = blocks.elements() else { return Values::unknown() };
    let mut known = Vec::new();
    for block in &elements {
        let kind = match block.key("type").attribute() {
            Attribute::Known(value) => Some(PrincipalKind::parse(value.as_str().unwrap_or_default())),
            Attribute::Unknown => None,
            Attribute::Unset => Some(PrincipalKind::Other(String::new())),
        };
        let ids = texts_of_list(&block.key("identifiers"));
        known.extend(
            ids.known.into_iter().map(|id| Principal { kind: kind.clone(), id: Identifier::Known(id) }),
        );
        if !ids.complete {
            let is_of_object = are_of_objects(&block.key("identifiers"));
            let id = if is_of_object { Identifier::OfObject } else { Identifier::Unknown };
            known.push(Principal { kind, id });
        }
    }
    Values::complete(known)
}

impl Conditions {
    /// Whether every condition and every part of it is known.
    fn are_known(&self) -> bool {
        let is_known = |condition: &Condition| {
            condition.operator.is_some() && condition.key.is_some() && condition.values.complete
        };
        !self.may_have_more && self.known.iter().all(is_known)
    }

    fn read(value: Option<&Value<'_>>) -> Self {
        let mut known = Vec::new();
        let whole = value.filter(|value| !crate::engine::is_empty(value));
        for (operator, keys) in whole.map(Value::members).unwrap_or_default() {
            match keys.members() {
                [] => known.push(Condition::known(operator, "", keys)),
                members => {
                    known.extend(members.iter().map(|(key, values)| Condition::known(operator, key, values)));
                }
            }
        }
        if let Some(other) = whole.filter(|_| known.is_empty()) {
            known.push(Condition::known("", "", other));
        }
        Self { known, may_have_more: false }
    }

    fn of_blocks(blocks: &View<'_, '_>) -> Self {
        let Some(elements) = blocks.elements() else {
            return Self { known: Vec::new(), may_have_more: true };
        };
        Self { known: elements.iter().map(Condition::of_block).collect(), may_have_more: false }
    }
}

impl Condition {
    fn known(operator: &str, key: &str, values: &Value<'_>) -> Self {
        Self {
            operator: Some(Operator::parse(operator)),
            key: Some(key.to_ascii_lowercase()),
            values: Values::complete(texts(values)),
            others_are_of_objects: false,
        }
    }

    fn of_block(block: &View<'_, '_>) -> Self {
        let text = |key: &str| match block.key(key).attribute() {
            Attribute::Known(value) => Some(value.as_str().unwrap_or_default().to_owned()),
            Attribute::Unset => Some(String::new()),
            Attribute::Unknown => None,
        };
        let list = block.key("values");
        let values = texts_of_list(&list);
        Self {
            operator: text("test").map(|test| Operator::parse(&test)),
            key: text("variable").map(|key| key.to_ascii_lowercase()),
            others_are_of_objects: !values.complete && are_of_objects(&list),
            values,
        }
    }
}

fn one_or_many<'v, 'a>(value: &'v Value<'a>) -> &'v [Value<'a>] {
    match value {
        Value::Array(elements) => elements,
        single => std::slice::from_ref(single),
    }
}

/// A text or a list of texts. Booleans and numbers stand for their texts, as in conditions.
fn texts(value: &Value<'_>) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.to_string()],
        Value::Array(elements) => elements.iter().flat_map(texts).collect(),
        Value::Bool(flag) => vec![flag.to_string()],
        Value::Number(number) => vec![number.to_string()],
        Value::Null | Value::Object(_) => Vec::new(),
    }
}

/// Whether the elements of a list that are known only after apply identify one object each.
fn are_of_objects(list: &View<'_, '_>) -> bool {
    list.elements().is_some() && made_of::is_identity(list)
}

fn texts_of_list(list: &View<'_, '_>) -> Values<String> {
    let Some(elements) = list.elements() else { return Values::unknown() };
    let mut values = Values::complete(Vec::new());
    for element in &elements {
        match element.attribute() {
            // The data source writes `&{` for what is `${` in the document, which Terraform would interpolate.
            Attribute::Known(value) => {
                values.known.extend(value.as_str().map(|text| text.replace("&{", "${")));
            }
            Attribute::Unknown => values.complete = false,
            Attribute::Unset => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Statement {
        let mut document = Document::parse(text).unwrap();
        assert_eq!(document.statements.len(), 1);
        document.statements.remove(0)
    }

    #[test]
    fn every_part_of_a_statement_is_read() {
        let statement = only(
            r#"{"Statement": {"Effect": "Deny", "NotPrincipal": {"AWS": ["1", "2"], "Service": "ec2.amazonaws.com"},
                "Action": "s3:*", "NotResource": ["a", "b"],
                "Condition": {"Bool": {"aws:SecureTransport": false}, "StringLike": {"aws:PrincipalArn": ["x", "y"]}}}}"#,
        );
        assert_eq!(statement.effect, Some(Effect::Deny));
        assert_eq!(statement.principals.these, None);
        let excepted = statement.principals.all_but.unwrap();
        assert_eq!(excepted.known[2], Principal::known(PrincipalKind::Service, "ec2.amazonaws.com"));
        assert_eq!(statement.actions.these.unwrap().known, ["s3:*"]);
        assert_eq!(statement.resources.all_but.unwrap().known, ["a", "b"]);
        let [bool_condition, like] = statement.conditions.known.as_slice() else { panic!() };
        assert_eq!(
            (bool_condition.key.as_deref(), bool_condition.values.known.as_slice()),
            (Some("aws:securetransport"), &["false".to_owned()][..])
        );
        assert_eq!((&like.operator, like.values.known.len()), (&Some(Operator::parse("StringLike")), 2));
    }

    #[test]
    fn what_a_draft_marks_is_unknown() {
        let draft = |statement: &str| {
            let text = statement.replace('?', UNKNOWN).replace('!', OF_OBJECT);
            Document::of_draft(&format!(r#"{{"Statement": {statement}}}"#, statement = text))
        };
        let document = draft(
            r#"[{"Effect": "Allow", "Principal": {"AWS": ["*", "!"]}, "Action": ["s3:Get*", "?"], "Resource": "?/*",
                "Condition": {"ArnEquals": {"aws:SourceArn": "!"}}}, {"Effect": "Allow", "Principal": "?", "Action": "a:b"}]"#,
        )
        .unwrap();
        let [first, second] = document.statements.as_slice() else { panic!() };
        let known = &first.principals.these.as_ref().unwrap().known;
        assert_eq!((known[0].id.text(), &known[1].id), (Some("*"), &Identifier::OfObject));
        let actions = first.actions.these.as_ref().unwrap();
        assert_eq!((actions.known.as_slice(), actions.complete), (&["s3:Get*".to_owned()][..], false));
        assert!(!first.resources.these.as_ref().unwrap().complete);
        let condition = &first.conditions.known[0];
        assert!(condition.others_are_of_objects && !condition.values.complete);
        let unknown = &second.principals.these.as_ref().unwrap().known[0];
        assert_eq!((&unknown.kind, &unknown.id), (&None, &Identifier::Unknown));
        assert!(second.actions.is_complete());
        for unclear in
            [r#""?""#, r#"["?"]"#, r#"[{"Effect": "?"}]"#, r#"[{"Effect": "Allow", "Condition": "?"}]"#]
        {
            assert_eq!(draft(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn the_account_of_an_arn_decides_nothing() {
        let resources = |resource: &str| {
            let text = format!(
                r#"{{"Statement": [{{"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "{resource}"}}]}}"#
            );
            let document = Document::of_draft(&text.replace('?', UNKNOWN).replace('!', OF_OBJECT)).unwrap();
            let values = document.statements[0].resources.these.clone().unwrap();
            (values.known, values.complete, values.others_name_objects)
        };
        let known = |text: &str| (vec![text.to_owned()], true, false);
        assert_eq!(resources("arn:?:iam::?:user/*"), known("arn:aws:iam::111122223333:user/*"));
        assert_eq!(resources("arn:aws:logs:?:?:*"), known("arn:aws:logs:eu-west-1:111122223333:*"));
        assert_eq!(resources("arn:aws:iam::?:user/?"), (Vec::new(), false, false));
        assert_eq!(resources("?"), (Vec::new(), false, false));
        assert_eq!(resources("!/*"), (Vec::new(), false, true));
    }

    #[test]
    fn kinds_of_principals_are_kept_apart() {
        let kinds = |principal: &str| {
            let text = format!(r#"{{"Statement": [{{"Effect": "Allow", "Principal": {principal}}}]}}"#);
            let known = only(&text).principals.these.unwrap().known;
            known.into_iter().map(|principal| principal.kind.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(kinds(r#""*""#), [PrincipalKind::Everyone]);
        assert_eq!(kinds(r#"{"AWS": "*"}"#), [PrincipalKind::Aws]);
        assert_eq!(kinds(r#"{"Federated": "x", "CanonicalUser": "y"}"#).len(), 2);
        assert_eq!(kinds(r#"{"Robot": "x"}"#), [PrincipalKind::Other("Robot".to_owned())]);
    }

    #[test]
    fn text_that_cannot_be_read_says_why() {
        for (text, column) in [("{", 1), (r#"{"Statement"}"#, 13), (r#"{"Id": "\ud800"}"#, 15)] {
            assert_eq!(Document::parse(text), Err(Unreadable::NotJson { line: 1, column }), "{text}");
        }
        for text in ["[]", r#"{"statements": []}"#, "7"] {
            assert_eq!(Document::parse(text), Err(Unreadable::NoStatement), "{text}");
        }
        for text in ["", " \n", "{}", "null", r#"{"Version": "2012-10-17"}"#] {
            assert_eq!(Document::parse(text), Ok(Document::default()), "{text}");
        }
        let text = r#"{"Statement": [3, {"Effect": "Perhaps"}]}"#;
        assert_eq!(Document::parse(text), Ok(Document::default()));
    }

    #[test]
    fn a_condition_that_cannot_be_read_is_still_a_condition() {
        for condition in [r#""x""#, r#"{"StringEquals": {}}"#, r#"{"StringEquals": 1}"#] {
            let text = format!(r#"{{"Statement": {{"Effect": "Allow", "Condition": {condition}}}}}"#);
            assert_eq!(only(&text).conditions.known.len(), 1, "{condition}");
        }
        for condition in ["{}", "null", "[]"] {
            let text = format!(r#"{{"Statement": {{"Effect": "Allow", "Condition": {condition}}}}}"#);
            assert_eq!(only(&text).conditions.known.len(), 0, "{condition}");
        }
    }
}
