//! Tests of one attribute.

use std::cmp::Ordering;

use planguard_guardrail_format::{AttributePredicate, AttributeTest, Quantity, Truth, Version};
use planguard_plan::{Attribute, PathStep, Plan, Resolution, Value, View};

use super::{Answer, Evaluator, Evidence, cidr, literal, place, policy_document, secret};
use crate::truths::any;
use crate::unreadable::Unreadable;

impl Evaluator<'_, '_> {
    pub(super) fn attribute(&self, predicate: &AttributePredicate, view: &View<'_, '_>) -> Answer {
        let place = place::find_first(view, &predicate.paths);
        let attribute = place.attribute();
        let decide = |attribute| self.decide(predicate, view, &place, attribute);
        let decided = match decide(attribute) {
            Ok(decided) => decided,
            // `unknown` says what a value means that will be known after apply; this one is not better known then.
            Err(reason) => return Answer::unreadable(&place, reason),
        };
        // With an unknown element in a known list, the test is unknown too.
        let truth = match (decided, predicate.unknown) {
            (Truth::Unknown, Some(instead)) => instead,
            (decided, _) => decided,
        };
        let truth = match truth {
            _ if place.may_be_unset() && decide(Attribute::Unset) != Ok(truth) => Truth::Unknown,
            truth => truth,
        };
        let mut answer = Answer::at(truth, &place);
        match (&mut answer.evidence, attribute) {
            (Some(evidence), Attribute::Known(value)) => describe(&predicate.test, value, &place, evidence),
            // What Terraform writes for an attribute that is not set. Whether a write-only attribute is set
            // does not show in its value.
            (Some(evidence), Attribute::Unset)
                if truth != Truth::Unknown
                    && !matches!(predicate.test, AttributeTest::LiteralInConfiguration) =>
            {
                evidence.value = Some("null".to_owned());
            }
            (Some(_), Attribute::Unset | Attribute::Unknown) | (None, _) => {}
        }
        answer
    }

    /// The test on a place that the paths of a predicate lead to, with this attribute.
    fn decide(
        &self,
        predicate: &AttributePredicate,
        view: &View<'_, '_>,
        place: &View<'_, '_>,
        attribute: Attribute<'_>,
    ) -> Result<Truth, Unreadable> {
        Ok(match (&predicate.test, attribute) {
            (AttributeTest::LiteralInConfiguration, _) => {
                let places = place::find_all(view, &predicate.paths);
                any(places.iter().map(literal_in_configuration))
            }
            (AttributeTest::Statement(test), Attribute::Unknown) => {
                self.statement_of_data_source(test, place)
            }
            // Unknown but configured: it will be set.
            (AttributeTest::Present, Attribute::Unknown) => predicate.unknown.unwrap_or(Truth::True),
            (AttributeTest::Absent, Attribute::Unknown) => predicate.unknown.unwrap_or(Truth::False),
            (_, Attribute::Unknown) => Truth::Unknown,
            (AttributeTest::Present, Attribute::Unset) => Truth::False,
            (AttributeTest::Absent, Attribute::Unset) => Truth::True,
            // What the provider will make of it is for the guardrail to say; otherwise nobody knows.
            (_, Attribute::Unset) => predicate.unset.unwrap_or_else(|| match place.is_left_to_provider() {
                true => Truth::Unknown,
                false => Truth::False,
            }),
            (test, Attribute::Known(value)) if literal::is_empty(value) => match test {
                AttributeTest::Present => Truth::False,
                AttributeTest::Absent => Truth::True,
                _ => match predicate.unset {
                    Some(truth) => truth,
                    None => known(test, value, place)?,
                },
            },
            (test, Attribute::Known(value)) => known(test, value, place)?,
        })
    }
}

fn known(test: &AttributeTest, value: &Value<'_>, place: &View<'_, '_>) -> Result<Truth, Unreadable> {
    let some = |holds: &dyn Fn(&str) -> bool| Truth::of(value.as_str().is_some_and(holds));
    Ok(match test {
        AttributeTest::Is(expected) => Truth::of(literal::equals(value, expected)),
        AttributeTest::In(expected) => Truth::of(expected.iter().any(|one| literal::equals(value, one))),
        AttributeTest::Present => Truth::True,
        AttributeTest::Absent => Truth::False,
        AttributeTest::AtLeast(bound) => compared(value, *bound, |order| order != Ordering::Less),
        AttributeTest::AtMost(bound) => compared(value, *bound, |order| order != Ordering::Greater),
        AttributeTest::LongerThan(bound) => compared(value, *bound, |order| order == Ordering::Greater),
        AttributeTest::Matches(pattern) => some(&|text| pattern.is_match(text)),
        AttributeTest::StartsWith(prefixes) => {
            some(&|text| prefixes.iter().any(|prefix| text.starts_with(prefix.as_str())))
        }
        AttributeTest::Contains(expected) => match value {
            Value::String(text) => Truth::of(expected.iter().any(|one| match one {
                planguard_guardrail_format::Literal::Text(part) => text.contains(part.as_str()),
                planguard_guardrail_format::Literal::Bool(_)
                | planguard_guardrail_format::Literal::Number(_) => literal::equals(value, one),
            })),
            _ => some_element(place, |element| expected.iter().any(|one| literal::equals(element, one))),
        },
        AttributeTest::Cidr(kind) => match value {
            Value::String(text) => Truth::of(cidr::is_such(text, kind)),
            _ => {
                some_element(place, |element| element.as_str().is_some_and(|text| cidr::is_such(text, kind)))
            }
        },
        AttributeTest::Statement(test) => match value {
            Value::String(text) => Truth::of(policy_document::allows_in_text(text, test)?),
            empty if literal::is_empty(empty) => Truth::False,
            _ => return Err(Unreadable::NotText),
        },
        AttributeTest::Secret => match value {
            _ if secret::holds_secret(value) => Truth::True,
            Value::String(text) if secret::is_compressed(text) => return Err(Unreadable::Compressed),
            _ => Truth::False,
        },
        AttributeTest::LiteralInConfiguration => Truth::Unknown,
        AttributeTest::OlderThan(bound) => {
            Truth::of(version(value).is_some_and(|version| version.is_before(bound)))
        }
    })
}

/// Whether an element meets a condition; unknown where none does and one is unknown.
fn some_element(list: &View<'_, '_>, holds: impl Fn(&Value<'_>) -> bool) -> Truth {
    let mut truth = Truth::False;
    for element in list.elements().unwrap_or_default() {
        match element.attribute() {
            Attribute::Known(value) if holds(value) => return Truth::True,
            Attribute::Unknown => truth = Truth::Unknown,
            Attribute::Known(_) | Attribute::Unset => {}
        }
    }
    truth
}

fn compared(value: &Value<'_>, bound: Quantity, accepts: impl Fn(Ordering) -> bool) -> Truth {
    let order = literal::quantity(value).and_then(|quantity| quantity.compare(bound));
    Truth::of(order.is_some_and(accepts))
}

fn version(value: &Value<'_>) -> Option<Version> {
    match value {
        Value::String(text) => Version::parse(text),
        Value::Number(number) => Version::parse(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether the configuration writes the value itself: as a constant, as an expression of constants, through variables
/// of modules, or as the default of a root variable that nobody overrode. Write-only attributes are null in the plan,
/// but their expression is in the configuration all the same.
pub(crate) fn literal_in_configuration(place: &View<'_, '_>) -> Truth {
    let state = place.state();
    if state.configuration().is_none() {
        return if place.attribute() == Attribute::Unset { Truth::False } else { Truth::Unknown };
    }
    let found = state.resolutions(place.path());
    let says_nothing = |found: &Resolution<'_>| {
        let Resolution { resources, constants, variables, unresolved } = found;
        let is_empty = resources.is_empty() && variables.is_empty() && unresolved.is_empty();
        is_empty && !constants.is_empty() && !has_text(constants)
    };
    // The plan has a value that no expression of the configuration can give: the one that does is lost.
    let is_set = matches!(place.attribute(), Attribute::Known(value) if !literal::is_empty(value));
    if is_set && place.is_given_by_configuration() && found.iter().all(says_nothing) {
        return Truth::Unknown;
    }
    any(found.iter().map(|found| is_literal(found, place)))
}

fn is_literal(found: &Resolution<'_>, place: &View<'_, '_>) -> Truth {
    let defaults: Vec<(&str, Truth)> =
        found.variables.iter().map(|name| (name.as_str(), is_default(place.state().plan, name))).collect();
    if !found.resources.is_empty() || !found.unresolved.is_empty() {
        // With other parts in it, only a part that is the credential makes it a literal one: a user's name beside
        // a random password does not.
        return any(defaults
            .iter()
            .filter(|(name, _)| is_for_credential(place, name))
            .map(|(_, truth)| *truth));
    }
    if let Some(by_element) = literal_element(place, &defaults) {
        return by_element;
    }
    // Of several variables some of which are given, those for credentials decide.
    let for_credential = |(name, _): &&(&str, Truth)| is_for_credential(place, name);
    let is_mixed = defaults.iter().any(|(_, truth)| *truth == Truth::True)
        && defaults.iter().any(|(_, truth)| *truth != Truth::True)
        && defaults.iter().any(|default| for_credential(&default));
    let counted = defaults.iter().filter(|default| !is_mixed || for_credential(default));
    let from_defaults = any(counted.map(|(_, truth)| *truth));
    // An expression that mixes a constant with a reference is not the literal itself.
    let only_constants = found.variables.is_empty()
        && match found.constants.as_slice() {
            // Terraform writes no constant for a call of a function, however constant its arguments are.
            [] => matches!(place.attribute(), Attribute::Known(value) if is_credential_text(value)),
            constants => has_text(constants),
        };
    any([from_defaults, Truth::of(only_constants)])
}

/// Whether a credential in a document is written in the configuration, by its elements: one whose name means a
/// credential is, if its text contains no value of a variable that was given. `None` without variables, without such
/// elements, and where values are not known.
fn literal_element(place: &View<'_, '_>, variables: &[(&str, Truth)]) -> Option<Truth> {
    let Attribute::Known(value) = place.attribute() else { return None };
    let given = variables.iter().filter(|(_, is_default)| *is_default != Truth::True);
    let given: Vec<&Value<'_>> = given
        .map(|(name, _)| place.state().plan.variables.get(*name).and_then(|variable| variable.value.as_ref()))
        .collect::<Option<_>>()?;
    if variables.is_empty() || variables.iter().any(|(_, is_default)| *is_default == Truth::Unknown) {
        return None;
    }
    let document = value.as_str().and_then(|text| crate::unreadable::json(text).ok());
    let mut texts = Vec::new();
    secret::named_texts(document.as_ref().unwrap_or(value), &mut texts);
    texts.retain(|text| !text.is_empty() && !secret::is_placeholder(text) && !secret::is_public(text));
    if texts.is_empty() {
        return None;
    }
    let is_given = |text: &str| given.iter().any(|value| is_made_of(text, value));
    Some(Truth::of(texts.iter().any(|text| !is_given(text))))
}

/// Whether a text contains a value, or a text in it.
fn is_made_of(text: &str, value: &Value<'_>) -> bool {
    match value {
        Value::String(part) => !part.is_empty() && text.contains(part.as_ref()),
        Value::Array(elements) => elements.iter().any(|element| is_made_of(text, element)),
        Value::Object(object) => object.members().iter().any(|(_, member)| is_made_of(text, member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a root variable is for a credential, by its name or because it is sensitive.
fn is_for_credential(place: &View<'_, '_>, name: &str) -> bool {
    let declared = place.state().plan.configuration.as_ref().and_then(|all| all.root_variable(name));
    secret::promises_credential(name) || declared.is_some_and(|variable| variable.sensitive)
}

/// Whether a value that an expression of constants makes can be a credential: some text that is neither empty, nor a
/// certificate or public key, nor a placeholder. In a JSON document, its values count.
fn is_credential_text(value: &Value<'_>) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::Array(elements) => elements.iter().any(is_credential_text),
        Value::Object(object) => object.members().iter().any(|(_, value)| is_credential_text(value)),
        Value::String(text) => match crate::unreadable::json(text) {
            Ok(document @ (Value::Array(_) | Value::Object(_))) => is_credential_text(&document),
            Ok(_) | Err(_) => {
                !text.trim().is_empty() && !secret::is_public(text) && !secret::is_placeholder(text)
            }
        },
    }
}

/// Whether the value of a root variable is its default, and the default says something. Unknown where the plan has a
/// value of a variable that it has lost the declaration of, and where it lacks the value: it is ephemeral, or lost.
fn is_default(plan: &Plan<'_>, name: &str) -> Truth {
    let value = plan.variables.get(name).and_then(|variable| variable.value.as_ref());
    let declared = plan.configuration.as_ref().and_then(|all| all.root_variable(name));
    match (declared, value) {
        (None, None) => Truth::False,
        (None, Some(_)) => Truth::Unknown,
        (Some(variable), value) => match &variable.default {
            Some(default) if has_text(&[default]) => {
                value.map_or(Truth::Unknown, |value| Truth::of(value == default))
            }
            Some(_) | None => Truth::False,
        },
    }
}

fn has_text(constants: &[&Value<'_>]) -> bool {
    constants.iter().any(|constant| !literal::is_empty(constant))
}

/// Adds the value, or the element of a list that decided, to the evidence.
fn describe(test: &AttributeTest, value: &Value<'_>, place: &View<'_, '_>, evidence: &mut Evidence) {
    if place.is_sensitive() {
        return;
    }
    match test {
        AttributeTest::Is(_)
        | AttributeTest::In(_)
        | AttributeTest::AtLeast(_)
        | AttributeTest::AtMost(_)
        | AttributeTest::LongerThan(_)
        | AttributeTest::StartsWith(_)
        | AttributeTest::OlderThan(_) => evidence.value = scalar(value),
        AttributeTest::Cidr(kind) => match value {
            Value::Array(elements) => {
                let found = elements
                    .iter()
                    .position(|element| element.as_str().is_some_and(|text| cidr::is_such(text, kind)));
                if let Some(position) = found {
                    evidence.path.0.push(PathStep::Index(position));
                    evidence.value = scalar(&elements[position]);
                }
            }
            _ => evidence.value = scalar(value),
        },
        // These may contain secrets or long texts, or nothing that helps.
        AttributeTest::Present
        | AttributeTest::Absent
        | AttributeTest::Matches(_)
        | AttributeTest::Contains(_)
        | AttributeTest::Statement(_)
        | AttributeTest::Secret
        | AttributeTest::LiteralInConfiguration => {}
    }
}

/// A short value as Terraform would write it.
fn scalar(value: &Value<'_>) -> Option<String> {
    const LONGEST: usize = 60;
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if text.chars().count() <= LONGEST => Some(format!("\"{text}\"")),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use planguard_plan::{Plan, ResourceState, Side};

    use crate::{Builtin, Outcome, PlanIndex, evaluate};

    #[test]
    fn a_literal_is_undetermined_if_the_variable_is_lost() {
        let outcome = |declared: &str, given: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "variables": {{{given}}}, "configuration": {{"root_module": {{
                    "variables": {{{declared}}}, "resources": [{{"mode": "managed", "type": "aws_db_instance",
                    "name": "a", "expressions": {{"password": {{"references": ["var.p"]}}}}}}]}}}},
                    "resource_changes": [{{"address": "aws_db_instance.a", "change": {{"actions": ["create"],
                    "after": {{"password": "hunter2-secret"}}, "after_unknown": {{}}}}}}]}}"#
            );
            let plan = Plan::parse(&text).unwrap();
            let guardrail = Builtin::for_type("aws_db_instance")
                .find(|builtin| builtin.id() == "aws-db-instance-literal-password")
                .unwrap()
                .definition();
            let state = ResourceState::new(&plan, &plan.resource_changes[0], Side::After).unwrap();
            evaluate(&guardrail, &state, &PlanIndex::new(&plan)).outcome
        };
        let (declared, given) =
            (r#""p": {"default": "hunter2-secret"}"#, r#""p": {"value": "hunter2-secret"}"#);
        assert_eq!(outcome(declared, given), Outcome::Fail);
        assert_eq!(outcome(declared, r#""p": {"value": "another"}"#), Outcome::Pass);
        assert_eq!(outcome(r#""p": {}"#, given), Outcome::Pass);
        assert_eq!(outcome("", given), Outcome::Undetermined);
        assert_eq!(outcome(declared, ""), Outcome::Undetermined);
    }

    #[test]
    fn a_literal_is_undetermined_if_its_expression_is_lost() {
        let outcome = |root: &str, after: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "configuration": {{"root_module": {root}}}, "resource_changes": [{{
                    "address": "module.m.aws_db_instance.a", "change": {{"actions": ["create"], "after": {after},
                    "after_unknown": {{}}}}}}]}}"#
            );
            let plan = Plan::parse(&text).unwrap();
            let guardrail = Builtin::for_type("aws_db_instance")
                .find(|builtin| builtin.id() == "aws-db-instance-literal-password")
                .unwrap()
                .definition();
            let state = ResourceState::new(&plan, &plan.resource_changes[0], Side::After).unwrap();
            evaluate(&guardrail, &state, &PlanIndex::new(&plan)).outcome
        };
        let root = |call: &str, block: &str| {
            format!(
                r#"{{"module_calls": {{"m": {{"expressions": {call}, "module": {{"variables": {{"p": {{}}}}, "resources": [
                    {{"mode": "managed", "type": "aws_db_instance", "name": "a", "expressions": {block}}}]}}}}}}}}"#
            )
        };
        let (call, block) =
            (r#"{"p": {"constant_value": "hunter2-secret"}}"#, r#"{"password": {"references": ["var.p"]}}"#);
        let after = r#"{"instance_class": "x", "password": "hunter2-secret"}"#;
        assert_eq!(outcome(&root(call, block), after), Outcome::Fail);
        assert_eq!(outcome(&root("{}", block), after), Outcome::Undetermined);
        assert_eq!(outcome(&root(call, "{}"), after), Outcome::Undetermined);
        let nothing = r#"{"instance_class": "x", "password": null}"#;
        assert_eq!(outcome(&root("{}", block), nothing), Outcome::Pass);
        // A call of a function whose arguments are constant.
        assert_eq!(outcome(&root(call, r#"{"password": {}}"#), after), Outcome::Fail);
    }

    #[test]
    fn the_parts_of_an_expression_decide_whether_it_is_a_literal() {
        let outcome = |expression: &str, value: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "variables": {{"username": {{"value": "admin"}},
                    "password": {{"value": "correct-horse"}}, "given_password": {{"value": "hunter22"}},
                    "host": {{"value": "db.internal"}}, "key": {{"value": "given-key"}}}},
                    "configuration": {{"root_module": {{"variables": {{"username": {{"default": "admin"}},
                    "password": {{"default": "correct-horse"}}, "given_password": {{}}, "host": {{}}, "key": {{}}}}, "resources": [
                    {{"address": "random_password.db", "mode": "managed", "type": "random_password", "name": "db", "expressions": {{}}}},
                    {{"address": "aws_secretsmanager_secret_version.a", "mode": "managed",
                    "type": "aws_secretsmanager_secret_version", "name": "a", "expressions": {{"secret_string": {expression}}}}}]}}}},
                    "resource_changes": [{{"address": "aws_secretsmanager_secret_version.a", "change": {{"actions": ["create"],
                    "after": {{"secret_string": {value}}}, "after_unknown": {{}}}}}}]}}"#
            );
            let plan = Plan::parse(&text).unwrap();
            let guardrail = Builtin::for_type("aws_secretsmanager_secret_version")
                .find(|builtin| builtin.id() == "aws-secret-literal-value")
                .unwrap()
                .definition();
            let state = ResourceState::new(&plan, &plan.resource_changes[0], Side::After).unwrap();
            evaluate(&guardrail, &state, &PlanIndex::new(&plan)).outcome
        };
        let json = |text: &str| serde_json::Value::String(text.to_owned()).to_string();
        let refer = |to: &[&str]| {
            let quoted: Vec<String> = to.iter().map(|to| format!("{to:?}")).collect();
            format!(r#"{{"references": [{}]}}"#, quoted.join(", "))
        };
        let document = json(r#"{"password":"hunter22","username":"admin"}"#);
        assert_eq!(outcome("{}", &document), Outcome::Fail);
        assert_eq!(outcome("{}", r#""Y29ycmVjdC1ob3JzZQ==""#), Outcome::Fail);
        assert_eq!(outcome(&refer(&["path.module"]), &document), Outcome::Fail);
        for placeholder in [r#"{"password":"CHANGE_ME"}"#, r#"{"password":"","port":5432}"#, "{}", "[]"] {
            assert_eq!(outcome("{}", &json(placeholder)), Outcome::Pass, "{placeholder}");
        }
        assert_eq!(outcome("{}", "null"), Outcome::Pass);
        assert_eq!(outcome("{}", &json("-----BEGIN CERTIFICATE-----\nMIIE")), Outcome::Pass);
        let random = ["random_password.db.result", "random_password.db"];
        assert_eq!(outcome(&refer(&[&random[..], &["var.username"]].concat()), "null"), Outcome::Pass);
        assert_eq!(outcome(&refer(&[&random[..], &["var.password"]].concat()), "null"), Outcome::Fail);
        assert_eq!(outcome(&refer(&["var.username", "var.given_password"]), &document), Outcome::Pass);
        let default = json(r#"{"password":"correct-horse","username":"admin"}"#);
        assert_eq!(outcome(&refer(&["var.username", "var.password"]), &default), Outcome::Fail);
        assert_eq!(outcome(&refer(&["local.secret"]), &document), Outcome::Pass);
        // A literal password beside a host that is given, and a given password beside a default user.
        let host = json(r#"{"host":"db.internal","password":"hunter22"}"#);
        assert_eq!(outcome(&refer(&["var.host"]), &host), Outcome::Fail);
        let nested = json(r#"{"host":"db.internal","auth":{"api_key":"given-key"}}"#);
        assert_eq!(outcome(&refer(&["var.username", "var.host", "var.key"]), &nested), Outcome::Pass);
        assert_eq!(outcome(&refer(&["var.username", "var.host"]), &nested), Outcome::Fail);
    }

    /// A database without encryption, unless it is restored from a snapshot: what the configuration alone tells.
    #[test]
    fn what_may_be_unset_without_its_block_is_undetermined() {
        let outcome = |sections: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", {sections} "resource_changes": [{{"address": "aws_db_instance.a",
                    "change": {{"actions": ["create"], "after": {{"engine": "mysql"}},
                    "after_unknown": {{"snapshot_identifier": true}}}}}}]}}"#
            );
            let plan = Plan::parse(&text).unwrap();
            let guardrail = Builtin::for_type("aws_db_instance")
                .find(|builtin| builtin.id() == "aws-db-instance-unencrypted")
                .unwrap()
                .definition();
            let state = ResourceState::new(&plan, &plan.resource_changes[0], Side::After).unwrap();
            evaluate(&guardrail, &state, &PlanIndex::new(&plan)).outcome
        };
        let block = |expressions: &str| {
            outcome(&format!(
                r#""configuration": {{"root_module": {{"resources": [{{"mode": "managed", "type": "aws_db_instance",
                    "name": "a", "expressions": {expressions}}}]}}}},"#
            ))
        };
        assert_eq!(block("{}"), Outcome::Fail);
        assert_eq!(
            block(r#"{"snapshot_identifier": {"references": ["data.x.y.id", "data.x.y"]}}"#),
            Outcome::Pass
        );
        assert_eq!(outcome(r#""configuration": {},"#), Outcome::Undetermined);
        assert_eq!(outcome(r#""configuration": {"root_module": {}},"#), Outcome::Undetermined);
        assert_eq!(outcome(""), Outcome::Pass);
    }
}
