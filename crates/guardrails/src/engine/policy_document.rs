//! Tests of IAM policy documents: of JSON text, and of the data sources that build one at apply.

use planguard_guardrail_format::{StatementTest, Truth};
use planguard_plan::text::wildcard;
use planguard_plan::{Attribute, Mode, ResourceState, Side, View};

use super::Evaluator;
use super::companion::is_same_instance;
use crate::iam::{Conditions, Document, Listed, Principal, PrincipalKind, Statement, Values};
use crate::unreadable::Unreadable;

/// Whether a policy as JSON text has a statement that meets a test.
///
/// # Errors
/// The text is no policy document.
pub(super) fn allows_in_text(text: &str, test: &StatementTest) -> Result<bool, Unreadable> {
    Ok(matches(&Document::parse(text)?, test) == Truth::True)
}

/// Whether a document has a statement that meets a test.
fn matches(document: &Document, test: &StatementTest) -> Truth {
    any(document.statements.iter().map(|statement| statement_matches(statement, test)))
}

fn statement_matches(statement: &Statement, test: &StatementTest) -> Truth {
    let parts = [
        statement.effect.map_or(Truth::Unknown, |effect| Truth::of(effect == test.effect)),
        if test.anyone { is_anyone(&statement.principals) } else { Truth::True },
        covered(&statement.actions, &test.actions),
        covered(&statement.resources, &test.resources),
        if test.unconditional { is_unconditional(&statement.conditions) } else { Truth::True },
    ];
    all(parts.into_iter())
}

/// Whether a statement covers one of the actions or resources of a test; true where the test has none.
/// `NotAction` covers everything that it does not name.
fn covered(listed: &Listed<String>, asked: &[String]) -> Truth {
    if asked.is_empty() {
        return Truth::True;
    }
    any(asked.iter().map(|asked| {
        let names = |values: &Values<String>| {
            any_of(values, |named| {
                // IAM compares actions without regard to case.
                Truth::of(wildcard::matches(&named.to_ascii_lowercase(), &asked.to_ascii_lowercase()))
            })
        };
        let by_name = listed.these.as_ref().map_or(Truth::False, names);
        let by_exception = listed.all_but.as_ref().map_or(Truth::False, |values| names(values).negated());
        any([by_name, by_exception].into_iter())
    }))
}

/// `Principal: "*"`, `Principal: {"AWS": "*"}`, or everyone but a few.
fn is_anyone(principals: &Listed<Principal>) -> Truth {
    let named = principals.these.as_ref().map_or(Truth::False, |values| {
        any_of(values, |principal| {
            let kind = match &principal.kind {
                Some(PrincipalKind::Everyone | PrincipalKind::Aws) => Truth::True,
                Some(
                    PrincipalKind::Service
                    | PrincipalKind::Federated
                    | PrincipalKind::CanonicalUser
                    | PrincipalKind::Other(_),
                ) => Truth::False,
                None => Truth::Unknown,
            };
            let id = principal.id.as_ref().map_or(Truth::Unknown, |id| Truth::of(id == "*"));
            all([kind, id].into_iter())
        })
    });
    let excepted = match &principals.all_but {
        None => Truth::False,
        Some(values) if values.complete => Truth::True,
        Some(_) => Truth::Unknown,
    };
    any([named, excepted].into_iter())
}

fn is_unconditional(conditions: &Conditions) -> Truth {
    match (conditions.known.is_empty(), conditions.may_have_more) {
        (false, _) => Truth::False,
        (true, true) => Truth::Unknown,
        (true, false) => Truth::True,
    }
}

/// Whether something holds of one of several values.
fn any_of<T>(values: &Values<T>, holds: impl Fn(&T) -> Truth) -> Truth {
    let rest = if values.complete { Truth::False } else { Truth::Unknown };
    any(values.known.iter().map(holds).chain([rest]))
}

impl Evaluator<'_, '_> {
    /// Whether the `aws_iam_policy_document` data sources behind an unknown policy have such a statement:
    /// they are read at apply, because some ARN in them is unknown, but most of them is known already.
    pub(super) fn statement_of_data_source(&self, test: &StatementTest, place: &View<'_, '_>) -> Truth {
        let state = place.state();
        let Some(found) = state.references(place.path()) else { return Truth::Unknown };
        let sources: Vec<_> = found
            .resources
            .iter()
            .flat_map(|reference| {
                let instances = self.index.of_block(&reference.address).into_iter();
                instances.map(move |change| (change, reference.key.as_deref()))
            })
            .filter(|(change, key)| {
                change.address.mode == Mode::Data
                    && change.address.resource_type == "aws_iam_policy_document"
                    && is_same_instance(&change.address, &state.change.address, *key)
            })
            .map(|(change, _)| change)
            .filter_map(|change| ResourceState::new(self.index.plan(), change, Side::After))
            .collect();
        // Other parts of the policy may add statements, so only a match is certain.
        sources
            .iter()
            .map(|source| statements_in_blocks(source, test))
            .find(|truth| *truth == Truth::True)
            .unwrap_or_else(|| {
                let whole = sources.len() == 1 && found.resources.len() == 1 && found.unresolved.is_empty();
                if whole { statements_in_blocks(&sources[0], test) } else { Truth::Unknown }
            })
    }
}

fn statements_in_blocks(source: &ResourceState<'_>, test: &StatementTest) -> Truth {
    let root = source.root();
    let inherited = ["source_policy_documents", "override_policy_documents", "source_json", "override_json"]
        .iter()
        .any(|name| !matches!(root.key(name).attribute(), Attribute::Unset));
    let Some(document) = Document::of_blocks(&root.key("statement")) else { return Truth::Unknown };
    match matches(&document, test) {
        Truth::False if inherited => Truth::Unknown,
        own => own,
    }
}

/// Whether one of several holds.
pub(super) fn any(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut all = Truth::False;
    for one in truths {
        match one {
            Truth::True => return Truth::True,
            Truth::Unknown => all = Truth::Unknown,
            Truth::False => {}
        }
    }
    all
}

fn all(truths: impl Iterator<Item = Truth>) -> Truth {
    any(truths.map(Truth::negated)).negated()
}

#[cfg(test)]
mod tests {
    use planguard_guardrail_format::Effect;

    use super::*;

    fn test(actions: &[&str], resources: &[&str], anyone: bool) -> StatementTest {
        StatementTest {
            effect: Effect::Allow,
            anyone,
            actions: actions.iter().map(ToString::to_string).collect(),
            resources: resources.iter().map(ToString::to_string).collect(),
            unconditional: anyone,
        }
    }

    fn allows_in_text(text: &str, test: &StatementTest) -> bool {
        super::allows_in_text(text, test).expect("a policy document")
    }

    #[test]
    fn only_a_star_covers_a_star() {
        let admin = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": ["*"]}}"#;
        let narrow = r#"{"Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}]}"#;
        assert!(allows_in_text(admin, &test(&["*"], &["*"], false)));
        assert!(!allows_in_text(narrow, &test(&["*"], &["*"], false)));
        assert!(allows_in_text(narrow, &test(&["S3:GetObject"], &[], false)));
    }

    #[test]
    fn all_parts_must_hold_in_one_statement() {
        let split = r#"{"Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b"},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*"}]}"#;
        assert!(!allows_in_text(split, &test(&["*"], &["*"], false)));
    }

    #[test]
    fn not_action_covers_what_it_does_not_name() {
        let except = r#"{"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}"#;
        assert!(allows_in_text(except, &test(&["s3:GetObject"], &["*"], false)));
        assert!(!allows_in_text(except, &test(&["iam:PassRole"], &["*"], false)));
    }

    #[test]
    fn anyone_is_a_star_without_condition() {
        let open = r#"{"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:*"}]}"#;
        let bound = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*",
            "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}]}"#;
        let own = r#"{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "*"}]}"#;
        assert!(allows_in_text(open, &test(&[], &[], true)));
        assert!(!allows_in_text(bound, &test(&[], &[], true)));
        assert!(!allows_in_text(own, &test(&[], &[], true)));
    }

    #[test]
    fn only_text_that_can_be_read_has_no_statement() {
        for text in ["", "null", "{}", "{\"Statement\": 1}"] {
            assert_eq!(super::allows_in_text(text, &test(&[], &[], false)), Ok(false), "{text}");
        }
        for text in ["[1]", "not json", "Statement:\n  - Effect: Allow", "{\"Statement\": [{"] {
            assert!(super::allows_in_text(text, &test(&[], &[], false)).is_err(), "{text}");
        }
    }
}
