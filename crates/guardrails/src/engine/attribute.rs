//! Tests of one attribute.

use std::cmp::Ordering;

use planguard_guardrail_format::{
    AttributePredicate, AttributeTest, CidrTest, PrincipalTest, Quantity, Truth, Version,
};
use planguard_plan::{Attribute, PathStep, Value, View};
use planguard_rule::Severity;

use super::draft::Drafted;
use super::{
    Answer, Credentials, Evaluator, Evidence, Tells, Variable, cidr, compared, hard_coded, literal, place,
    policy_document, secret,
};
use crate::made_of::{self, Makings};
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
        if self.tells == Tells::Truth {
            return Answer::bare(truth);
        }
        let deciding = match (&predicate.test, truth) {
            (AttributeTest::LiteralInConfiguration, Truth::True | Truth::Unknown) => {
                self.decided_by_literals(truth, view, predicate)
            }
            _ => Vec::new(),
        };
        let place = deciding.first().cloned().unwrap_or(place);
        let attribute = place.attribute();
        let mut answer = Answer::at(truth, &place);
        // Each of several credentials has to be taken out.
        if let (Some(evidence), [_, _, ..], Truth::True) = (&mut answer.evidence, deciding.as_slice(), truth)
        {
            let names = deciding.iter().map(|place| Variable::named(&place.path().to_string()));
            evidence.element.variables = names.collect();
        }
        let is_unset = match attribute {
            Attribute::Unset => true,
            Attribute::Known(value) => literal::is_empty(value),
            Attribute::Unknown => false,
        };
        if is_unset {
            answer = answer.of_unset();
        }
        let name = place.path().first_key().filter(|_| attribute == Attribute::Unset);
        if let (Some(evidence), Some(name)) = (&mut answer.evidence, name) {
            evidence.is_unknown_to_provider = view.state().is_without(name);
        }
        if let (AttributeTest::Secret, Attribute::Unknown, Truth::Unknown, Some(evidence)) =
            (&predicate.test, attribute, truth, &mut answer.evidence)
        {
            evidence.at_most = match made_of::makings(&place) {
                Makings::Credential => None,
                Makings::Anything => Some(Severity::High),
                Makings::Harmless => Some(Severity::Low),
            };
        }
        if let (AttributeTest::Statement(test), Attribute::Unknown, Truth::Unknown, Some(evidence)) =
            (&predicate.test, attribute, truth, &mut answer.evidence)
            && matches!(test.principals, Some(PrincipalTest::Anyone))
            && self.refuses_everyone(view)
        {
            evidence.at_most = Some(Severity::Low);
        }
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
        if let (AttributeTest::Statement(test), Attribute::Unknown, Truth::True, Some(evidence)) =
            (&predicate.test, attribute, truth, &mut answer.evidence)
        {
            evidence.element.statement = self.place_in_data_source(test, &place);
        }
        if truth == Truth::True {
            answer.credentials = self.found_credentials(predicate, view, &place);
        }
        answer
    }

    /// Whether the files of the configuration write a credential into a text or a map that is known only after apply;
    /// `None` if they do not tell.
    fn has_written_credential(&self, place: &View<'_, '_>) -> Option<bool> {
        let draft = self.index.draft(place);
        let text = draft.as_deref()?.as_ref().map(Drafted::text)?;
        let holds = |value: &Value<'_>| known(&AttributeTest::Secret, value, place) == Ok(Truth::True);
        let is_in_map = crate::unreadable::json(&text).is_ok_and(|document| holds(&document));
        Some(is_in_map || holds(&Value::String(text.as_str().into())))
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
                let answers: Vec<_> =
                    places.iter().map(|place| hard_coded::is_hard_coded(place, self.index)).collect();
                if answers.contains(&Ok(Truth::True)) {
                    return Ok(Truth::True);
                }
                any(answers.into_iter().collect::<Result<Vec<_>, _>>()?)
            }
            (AttributeTest::Statement(test), Attribute::Unknown) => {
                self.statement_of_data_source(test, place)
            }
            (AttributeTest::SameAs(other), _) => match compared::are_same(place, attribute, view, other) {
                Some(truth) => truth,
                None => predicate.unset.unwrap_or(Truth::False),
            },
            (AttributeTest::DiffersFrom(other), _) => {
                match compared::are_same(place, attribute, view, other) {
                    Some(truth) => truth.negated(),
                    None => predicate.unset.unwrap_or(Truth::False),
                }
            }
            // Unknown but configured: it will be set.
            (AttributeTest::Present, Attribute::Unknown) => predicate.unknown.unwrap_or(Truth::True),
            (AttributeTest::Absent, Attribute::Unknown) => predicate.unknown.unwrap_or(Truth::False),
            (AttributeTest::Cidr(CidrTest::Any), Attribute::Unknown) if made_of::is_address(place) => {
                Truth::False
            }
            (AttributeTest::Secret, Attribute::Unknown)
                if let Some(is_written) = self.has_written_credential(place)
                    && (is_written || made_of::makings(place) == Makings::Harmless) =>
            {
                Truth::of(is_written)
            }
            (AttributeTest::Secret, Attribute::Unknown)
                if predicate.unknown.is_none() && made_of::makings(place) == Makings::Credential =>
            {
                Truth::True
            }
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
                    None => self.known(test, value, place)?,
                },
            },
            (test, Attribute::Known(value)) => self.known(test, value, place)?,
        })
    }

    fn known(
        &self,
        test: &AttributeTest,
        value: &Value<'_>,
        place: &View<'_, '_>,
    ) -> Result<Truth, Unreadable> {
        if let (AttributeTest::Statement(test), Value::String(text)) = (test, value) {
            let document = self.index.policy_document(text);
            return document
                .as_ref()
                .as_ref()
                .map_err(|unreadable| *unreadable)
                .map(|document| Truth::of(policy_document::matches(document, test) == Truth::True));
        }
        known(test, value, place)
    }

    /// The places of a predicate about literals whose answer is that of the predicate.
    fn decided_by_literals<'v, 's>(
        &self,
        truth: Truth,
        view: &View<'v, 's>,
        predicate: &AttributePredicate,
    ) -> Vec<View<'v, 's>> {
        let mut places = place::find_all(view, &predicate.paths);
        places
            .retain(|place| hard_coded::is_hard_coded(place, self.index).unwrap_or(Truth::Unknown) == truth);
        places
    }

    /// The credentials that make a test of secrets hold; none for another test.
    fn found_credentials(
        &self,
        predicate: &AttributePredicate,
        view: &View<'_, '_>,
        place: &View<'_, '_>,
    ) -> Credentials {
        match (&predicate.test, place.attribute()) {
            (AttributeTest::Secret, Attribute::Known(value)) => Credentials::within(value),
            (AttributeTest::LiteralInConfiguration, _) => {
                let places = place::find_all(view, &predicate.paths);
                let written = places
                    .iter()
                    .filter(|place| hard_coded::is_hard_coded(place, self.index) == Ok(Truth::True));
                let mut found = Credentials::default();
                written.for_each(|place| found.join(Credentials::at(place)));
                found
            }
            _ => Credentials::default(),
        }
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
                let is_such =
                    |element: &Value<'_>| element.as_str().is_some_and(|text| cidr::is_such(text, kind));
                match some_element(place, is_such) {
                    Truth::Unknown if matches!(kind, CidrTest::Any) && made_of::is_address(place) => {
                        Truth::False
                    }
                    truth => truth,
                }
            }
        },
        // Text is read once for all guardrails.
        AttributeTest::Statement(_) if literal::is_empty(value) => Truth::False,
        AttributeTest::Statement(_) => return Err(Unreadable::NotText),
        AttributeTest::Secret => match value {
            _ if secret::holds_secret(value) => Truth::True,
            Value::String(text) if is_digest(text) => {
                Truth::of(of_configuration(place).any(secret::holds_secret))
            }
            Value::String(text) if secret::is_compressed(text) => return Err(Unreadable::Compressed),
            _ => Truth::False,
        },
        AttributeTest::LiteralInConfiguration => Truth::Unknown,
        AttributeTest::OlderThan(bound) => {
            Truth::of(version(value).is_some_and(|version| version.is_before(bound)))
        }
        // Compared where both attributes are at hand.
        AttributeTest::SameAs(_) | AttributeTest::DiffersFrom(_) => Truth::Unknown,
        AttributeTest::BeforeDate(date) => compared::is_before(value, *date),
        AttributeTest::ExpiresWithin(seconds) => compared::expires_within(value, *seconds, place),
    })
}

/// Whether a text is a SHA-1 digest: releases of the AWS provider before 6 keep user data as one.
fn is_digest(text: &str) -> bool {
    const LENGTH: usize = 40;
    text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The constants and the values of variables that the configuration makes an attribute of.
fn of_configuration<'p>(place: &View<'p, '_>) -> impl Iterator<Item = &'p Value<'p>> {
    let (state, found) = (place.state(), place.state().references(place.path()));
    let (constants, variables) = found.map(|found| (found.constants, found.variables)).unwrap_or_default();
    let plan = state.plan;
    let variables =
        variables.into_iter().filter_map(|name| plan.variables.get(name.as_str())?.value.as_ref());
    constants.into_iter().chain(variables)
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
        | AttributeTest::OlderThan(_)
        | AttributeTest::SameAs(_)
        | AttributeTest::DiffersFrom(_)
        | AttributeTest::BeforeDate(_)
        | AttributeTest::ExpiresWithin(_) => evidence.value = scalar(value),
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
        AttributeTest::Statement(test) => {
            evidence.element.statement =
                value.as_str().and_then(|text| policy_document::place_in_text(text, test));
        }
        // These may contain secrets or long texts, or nothing that helps.
        AttributeTest::Present
        | AttributeTest::Absent
        | AttributeTest::Matches(_)
        | AttributeTest::Contains(_)
        | AttributeTest::LiteralInConfiguration => {}
        AttributeTest::Secret => {
            let names = secret::names_of_secrets(value);
            evidence.element.variables = names.into_iter().map(Variable::named).collect();
        }
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
    use super::super::testing::judge;

    use crate::Outcome;

    /// A database without encryption, unless it is restored from a snapshot: what the configuration alone tells.
    #[test]
    fn what_may_be_unset_without_its_block_is_undetermined() {
        let outcome = |sections: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", {sections} "resource_changes": [{{"address": "aws_db_instance.a",
                    "change": {{"actions": ["create"], "after": {{"engine": "mysql"}},
                    "after_unknown": {{"snapshot_identifier": true}}}}}}]}}"#
            );
            judge("aws-db-instance-unencrypted", &text).0.outcome
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

    #[test]
    fn what_the_provider_does_not_have_is_no_advice() {
        let judged = |id: &str, address: &str, after: &str, unknown: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "configuration": {{"root_module": {{"resources": [{{"mode": "managed",
                    "type": "{}", "name": "a", "expressions": {{}}}}]}}}}, "resource_changes": [{{"address": "{address}",
                    "change": {{"actions": ["create"], "before": null, "after": {after}, "after_unknown": {unknown}}}}}]}}"#,
                address.trim_end_matches(".a")
            );
            judge(id, &text).0
        };
        // As release 5 of the provider writes it.
        let cluster = |more: &str| {
            format!(
                r#"{{"access_config": [], "bootstrap_self_managed_addons": true, "compute_config": [],
                    "enabled_cluster_log_types": [], "encryption_config": [], "force_update_version": null, "name": "prod",
                    "outpost_config": [], "remote_network_config": [], "storage_config": [], "tags": null,
                    "timeouts": null, "version": "1.33", "vpc_config": [{{}}], "zonal_shift_config": []{more}}}"#
            )
        };
        let unknown = r#"{"arn": true, "id": true, "kubernetes_network_config": true, "role_arn": true, "tags_all": true,
            "upgrade_policy": true}"#;
        let rule = "aws-eks-no-deletion-protection";
        let outcome = |after: &str| judged(rule, "aws_eks_cluster.a", after, unknown).outcome;
        assert_eq!(outcome(&cluster("")), Outcome::NotApplicable);
        assert_eq!(outcome(&cluster(r#", "deletion_protection": null"#)), Outcome::Fail);
        assert_eq!(outcome(r#"{"name": "prod"}"#), Outcome::Fail, "a plan by hand");
        // Another way to rotate it is there, and is told; the attribute is not.
        let secret = r#"{"description": null, "force_overwrite_replica_secret": false, "kms_key_id": null, "name": "s",
            "recovery_window_in_days": 30, "region": null, "tags": null}"#;
        let unknown = r#"{"arn": true, "id": true, "name_prefix": true, "policy": true, "replica": true, "tags_all": true}"#;
        let found = judged("aws-secret-without-rotation", "aws_secretsmanager_secret.a", secret, unknown);
        assert_eq!((found.outcome, found.evidence), (Outcome::Fail, None));
        // Of two names the one that the provider has is told.
        let namespace = r#"{"admin_user_password": null, "admin_username": "admin", "db_name": null, "iam_roles": null,
            "namespace_name": "ns", "tags": null}"#;
        let found =
            judged("aws-redshift-default-database", "aws_redshiftserverless_namespace.a", namespace, "{}");
        assert_eq!(found.evidence.unwrap().path.to_string(), "db_name");
    }

    #[test]
    fn each_literal_of_a_list_is_told() {
        let told = |expressions: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "configuration": {{"root_module": {{"resources": [{{"mode": "managed",
                    "type": "aws_vpn_connection", "name": "a", "expressions": {expressions}}}]}}}}, "resource_changes": [
                    {{"address": "aws_vpn_connection.a", "change": {{"actions": ["create"], "before": null, "after": {{
                        "tunnel1_preshared_key": "Winter2026One", "tunnel2_preshared_key": "Winter2026Two"}}}}}}]}}"#
            );
            let evidence = judge("aws-literal-credential", &text).0.evidence.unwrap();
            let names =
                evidence.element.variables.into_iter().map(|variable| variable.name).collect::<Vec<_>>();
            (evidence.path.to_string(), names)
        };
        let literal = |name: &str, value: &str| format!(r#""{name}": {{"constant_value": "{value}"}}"#);
        let first = literal("tunnel1_preshared_key", "Winter2026One");
        let second = literal("tunnel2_preshared_key", "Winter2026Two");
        let elsewhere = r#""tunnel1_preshared_key": {"references": ["data.x.y.z", "data.x.y"]}"#;
        let both = vec!["tunnel1_preshared_key".to_owned(), "tunnel2_preshared_key".to_owned()];
        assert_eq!(told(&format!("{{{first}, {second}}}")), ("tunnel1_preshared_key".to_owned(), both));
        assert_eq!(
            told(&format!("{{{elsewhere}, {second}}}")),
            ("tunnel2_preshared_key".to_owned(), Vec::new())
        );
    }

    #[test]
    fn without_a_configuration_what_is_unknown_weighs_no_more_than_what_is_not_set() {
        let severity = |configuration: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", {configuration} "resource_changes": [{{"address": "aws_instance.a",
                    "change": {{"actions": ["create"], "after": {{}}, "after_unknown": {{"metadata_options": true}}}}}}]}}"#
            );
            let (found, guardrail) = judge("aws-instance-imdsv1", &text);
            assert_eq!(found.outcome, Outcome::Undetermined);
            (found.severity(&guardrail), guardrail.if_unset.unwrap().severity, guardrail.info.severity)
        };
        let (found, unset, _) = severity("");
        assert_eq!(found, unset);
        let (found, _, own) = severity(
            r#""configuration": {"root_module": {"resources": [{"mode": "managed", "type": "aws_instance", "name": "a",
                "expressions": {"metadata_options": {"references": ["local.a"]}}}]}},"#,
        );
        assert_eq!(found, own);
    }

    #[test]
    fn what_the_provider_filled_in_is_not_set_also_once_it_is_known() {
        let severity = |address: &str, expressions: &str, variables: &str| {
            let (module, block) = match address.strip_prefix("module.m.") {
                Some(block) => (true, block),
                None => (false, address),
            };
            let resources = format!(
                r#"{{"resources": [{{"address": "{block}", "mode": "managed", "type": "aws_instance", "name": "a",
                    "expressions": {expressions}}}], "variables": {variables}}}"#
            );
            let root = if module {
                format!(r#"{{"module_calls": {{"m": {{"module": {resources}}}}}}}"#)
            } else {
                resources
            };
            let values = r#"{"metadata_options": [{"http_tokens": "optional", "http_endpoint": "enabled"}]}"#;
            let text = format!(
                r#"{{"format_version": "1.2", "configuration": {{"root_module": {root}}}, "resource_changes": [{{
                    "address": "{address}", "change": {{"actions": ["no-op"], "before": {values}, "after": {values}}}}}]}}"#
            );
            let (found, guardrail) = judge("aws-instance-imdsv1", &text);
            assert_eq!(found.outcome, Outcome::Fail);
            found.severity(&guardrail) == guardrail.info.severity
        };
        let written = r#"{"metadata_options": [{"http_tokens": {"constant_value": "optional"}}]}"#;
        assert!(severity("aws_instance.a", written, "{}"));
        assert!(!severity("aws_instance.a", "{}", "{}"));
        // A `dynamic` block may write it, and the plan does not show one.
        assert!(severity("aws_instance.a", "{}", r#"{"metadata_options": {}}"#));
        assert!(severity("module.m.aws_instance.a", "{}", "{}"));
    }
}
