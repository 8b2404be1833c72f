//! Tests of IAM policy documents: of JSON text, and of the data sources that build one at apply.

use planguard_guardrail_format::{
    ActionForm, ConditionTest, ConditionsTest, Pattern, PrincipalTest, StatementTest, Truth,
};
use planguard_plan::text::wildcard;
use planguard_plan::{Attribute, Mode, ResourceState, Side, Value, View};

use super::companion::is_same_instance;
use super::{Evaluator, PlanIndex, StatementPlace};
use crate::iam::{
    Comparison, Condition, Document, Listed, Operator, Principal, PrincipalKind, Statement, Values,
    is_for_anyone, is_not_narrowed,
};
use crate::truths::{all, any};
use crate::unreadable;

/// The first statement of a policy as JSON text that meets a test.
pub(super) fn place_in_text(text: &str, test: &StatementTest) -> Option<StatementPlace> {
    let document = Document::parse(text).ok()?;
    let meets = |statement: &Statement| statement_matches(&document, statement, test) == Truth::True;
    let position = document.statements.iter().position(meets)?;
    let sid = sid(text, position);
    let actions = asked_actions(document.statements.get(position)?, test);
    Some(StatementPlace { document: 0, position, of: document.statements.len(), sid, actions })
}

/// The actions of a statement that a test asks for, as they are written. `*` is no action to name.
fn asked_actions(statement: &Statement, test: &StatementTest) -> Vec<String> {
    let named = statement.actions.these.iter().flat_map(|these| &these.known);
    let is_asked =
        |named: &&String| test.actions.iter().any(|asked| wildcard::matches_in_any_case(named, asked));
    named.filter(|named| !means_everything(named)).filter(is_asked).cloned().collect()
}

/// Whether a document has a statement that meets a test.
pub(super) fn matches(document: &Document, test: &StatementTest) -> Truth {
    any(document.statements.iter().map(|statement| statement_matches(document, statement, test)))
}

fn statement_matches(document: &Document, statement: &Statement, test: &StatementTest) -> Truth {
    let effect = statement.effect.map_or(Truth::Unknown, |effect| Truth::of(effect == test.effect));
    // Most statements fail here, and some tests are long.
    if effect == Truth::False {
        return Truth::False;
    }
    all([
        effect,
        test.principals.as_ref().map_or(Truth::True, |asked| is_for(statement, asked)),
        match test.action_form {
            Some(ActionForm::AllBut) => Truth::of(statement.actions.all_but.is_some()),
            None => Truth::True,
        },
        covered(&statement.actions, &test.actions),
        covered(&statement.resources, &test.resources),
        test.resources_match.as_ref().map_or(Truth::True, |pattern| {
            let named = |values: &Values<String>| {
                let matches = |named: &String| Truth::of(pattern.is_match(named));
                // Few statements have others, and a pattern is tried on many.
                match values.others_name_objects && !may_be_of_one_object(pattern) {
                    true => values.any_wide(matches),
                    false => values.any(matches),
                }
            };
            any([
                statement.resources.these.as_ref().map_or(Truth::False, named),
                Truth::of(statement.resources.all_but.is_some()),
            ])
        }),
        match &test.conditions {
            None => Truth::True,
            Some(ConditionsTest::None) => statement.conditions.are_empty(),
            Some(ConditionsTest::Open) => is_not_narrowed(document, statement),
            Some(ConditionsTest::Some(asked)) => {
                statement.conditions.some(|condition| is_such_condition(condition, asked))
            }
            Some(ConditionsTest::Unless(asked)) => {
                any(asked.iter().map(|asked| bind(statement, asked))).negated()
            }
        },
    ])
}

/// ARNs of single objects, with what policies write behind them.
const OF_ONE_OBJECT: [&str; 9] = [
    "arn:aws:s3:::name",
    "arn:aws:s3:::name/*",
    "arn:aws:iam::111122223333:role/name",
    "arn:aws:lambda:eu-west-1:111122223333:function:name",
    "arn:aws:lambda:eu-west-1:111122223333:function:name:*",
    "arn:aws:logs:eu-west-1:111122223333:log-group:name:*",
    "arn:aws:dynamodb:eu-west-1:111122223333:table/name/*",
    "arn:aws:kms:eu-west-1:111122223333:key/name",
    "arn:aws:sqs:eu-west-1:111122223333:name",
];

/// Whether a pattern may match a resource that begins with the ARN of one object. Those that look for wildcards do not.
fn may_be_of_one_object(pattern: &Pattern) -> bool {
    OF_ONE_OBJECT.iter().any(|arn| pattern.is_match(arn))
}

/// Whether a statement applies to those that a test asks for.
fn is_for(statement: &Statement, asked: &PrincipalTest) -> Truth {
    let (word, pattern) = match asked {
        PrincipalTest::Anyone => return is_for_anyone(statement),
        PrincipalTest::Nobody => {
            let Listed { these, all_but } = &statement.principals;
            let names_nobody = |values: &Option<Values<Principal>>| {
                values.as_ref().is_none_or(|values| values.known.is_empty())
            };
            let is_complete =
                [these, all_but].into_iter().flatten().all(|values: &Values<Principal>| values.complete);
            return match names_nobody(these) && names_nobody(all_but) {
                true if is_complete => Truth::True,
                true => Truth::Unknown,
                false => Truth::False,
            };
        }
        PrincipalTest::OfKind { kind, matches } => (PrincipalKind::parse(kind), matches),
    };
    statement.principals.these.as_ref().map_or(Truth::False, |values| {
        values.any(|principal: &Principal| {
            all([
                principal.kind.as_ref().map_or(Truth::Unknown, |kind| Truth::of(*kind == word)),
                match (pattern, principal.id.text()) {
                    (None, _) => Truth::True,
                    (Some(pattern), Some(id)) => Truth::of(pattern.is_match(id)),
                    (Some(pattern), None) if word == PrincipalKind::Federated => issuer(statement)
                        .map_or(Truth::Unknown, |issuer| {
                            Truth::of(pattern.is_match(&format!("oidc-provider/{issuer}")))
                        }),
                    (Some(_), None) => Truth::Unknown,
                },
            ])
        })
    })
}

/// The issuer whose tokens a statement is about, by the keys of its conditions: they begin with it, as in
/// `gitlab.com:sub`. `None` where no key does, or not all name one.
fn issuer(statement: &Statement) -> Option<&str> {
    let keys = statement.conditions.known.iter().filter_map(|condition| condition.key.as_deref());
    let mut issuers =
        keys.filter_map(|key| Some(key.rsplit_once(':')?.0).filter(|issuer| issuer.contains('.')));
    let first = issuers.next()?;
    issuers.all(|other| other == first).then_some(first)
}

/// Whether a statement covers one of the actions or resources of a test; true where the test has none.
/// `NotAction` covers everything that it does not name. A statement without resources covers none of those that a
/// test names: the policy's own place says what it is about.
fn covered(listed: &Listed<String>, asked: &[String]) -> Truth {
    if asked.is_empty() {
        return Truth::True;
    }
    any(asked.iter().map(|asked| {
        let names = |values: &Values<String>| {
            let covers = |named: &String| {
                let named = if means_everything(named) { "*" } else { named };
                // IAM compares actions without regard to case.
                Truth::of(wildcard::matches_in_any_case(named, asked))
            };
            if asked == "*" { values.any_wide(covers) } else { values.any(covers) }
        };
        let by_name = listed.these.as_ref().map_or(Truth::False, names);
        let by_exception = listed.all_but.as_ref().map_or(Truth::False, |values| names(values).negated());
        any([by_name, by_exception])
    }))
}

/// Whether a pattern is a longer spelling of `*`: `*:*`, or `arn:aws:*:*:*:*`.
fn means_everything(pattern: &str) -> bool {
    let rest = match pattern.strip_prefix("arn:") {
        Some(rest) => rest.split_once(':').map_or("", |(_, rest)| rest),
        None => pattern,
    };
    rest.contains('*') && rest.chars().all(|one| matches!(one, '*' | ':'))
}

/// Whether the key and the operator of a condition are those of a test.
fn is_about(condition: &Condition, asked: &ConditionTest) -> Truth {
    let key = asked.key.as_ref().map_or(Truth::True, |asked| {
        condition.key.as_ref().map_or(Truth::Unknown, |key| Truth::of(asked.is_match(key)))
    });
    let operator = asked.operator.as_ref().map_or(Truth::True, |asked| {
        let asked = Operator::parse(asked);
        condition.operator.as_ref().map_or(Truth::Unknown, |operator| {
            Truth::of(operator.comparison == asked.comparison && operator.is_negated == asked.is_negated)
        })
    });
    all([key, operator])
}

/// Whether a condition is about a key, with one of its values.
fn is_such_condition(condition: &Condition, asked: &ConditionTest) -> Truth {
    let value = asked
        .values
        .as_ref()
        .map_or(Truth::True, |pattern| condition.values.any(|value| Truth::of(pattern.is_match(value))));
    all([is_about(condition, asked), value])
}

/// Whether a statement has a condition that leaves only requests whose key has one of certain values: one that
/// compares texts, demands the key, and names such values only.
fn bind(statement: &Statement, asked: &ConditionTest) -> Truth {
    statement.conditions.some(|condition| {
        let is_positive = condition.operator.as_ref().map_or(Truth::Unknown, |operator| {
            Truth::of(
                !operator.is_negated
                    && matches!(
                        operator.comparison,
                        Comparison::Equal | Comparison::EqualIgnoringCase | Comparison::Like
                    ),
            )
        });
        let is_fixed = |value: &String| {
            !value.contains("${") && asked.values.as_ref().is_none_or(|pattern| pattern.is_match(value))
        };
        let values = match (condition.values.known.iter().all(is_fixed), condition.values.complete) {
            (false, _) => Truth::False,
            (true, false) => Truth::Unknown,
            (true, true) => Truth::of(!condition.values.known.is_empty()),
        };
        all([is_about(condition, asked), is_positive, statement.conditions.demand_key_of(condition), values])
    })
}

/// The `Sid` of a statement of a policy as JSON text.
fn sid(text: &str, position: usize) -> Option<String> {
    let value = unreadable::json(text).ok()?;
    let statement = match value.get("Statement")? {
        Value::Array(statements) => statements.get(position)?,
        only => only,
    };
    statement.get("Sid")?.as_str().filter(|sid| !sid.is_empty()).map(ToOwned::to_owned)
}

impl Evaluator<'_, '_> {
    /// Whether the `aws_iam_policy_document` data sources behind an unknown policy have such a statement:
    /// they are read at apply, because some ARN in them is unknown, but most of them is known already.
    pub(super) fn statement_of_data_source(&self, test: &StatementTest, place: &View<'_, '_>) -> Truth {
        let Some(found) = self.index.sources_of_policy(place) else { return Truth::Unknown };
        if found.sources.is_empty() {
            return self.index.draft_with(place, test, matches);
        }
        // Other parts of the policy may add statements, so only a match is certain.
        found
            .sources
            .iter()
            .map(|source| statements_in_blocks(source, test))
            .find(|truth| *truth == Truth::True)
            .unwrap_or_else(|| match found.sources.as_slice() {
                [source] if found.are_all => statements_in_blocks(source, test),
                _ => Truth::Unknown,
            })
    }

    /// The first statement that meets a test, of the data sources behind an unknown policy.
    pub(super) fn place_in_data_source(
        &self,
        test: &StatementTest,
        place: &View<'_, '_>,
    ) -> Option<StatementPlace> {
        let found = self.index.sources_of_policy(place)?;
        let draft = self.index.draft(place);
        let draft = draft.as_deref().and_then(Option::as_ref);
        if let Some(document) = draft.and_then(|found| found.policy.as_ref()) {
            let meets = |statement: &Statement| statement_matches(document, statement, test) == Truth::True;
            let position = document.statements.iter().position(meets)?;
            let actions = asked_actions(document.statements.get(position)?, test);
            return Some(StatementPlace {
                document: 0,
                position,
                of: document.statements.len(),
                sid: None,
                actions,
            });
        }
        found.sources.iter().enumerate().find_map(|(number, source)| {
            let blocks = source.root().key("statement");
            let document = Document::of_blocks(&blocks)?;
            let meets = |statement: &Statement| statement_matches(&document, statement, test) == Truth::True;
            let position = document.statements.iter().position(meets)?;
            let sid = match blocks.index(position).key("sid").attribute() {
                Attribute::Known(value) => {
                    value.as_str().filter(|sid| !sid.is_empty()).map(ToOwned::to_owned)
                }
                Attribute::Unknown | Attribute::Unset => None,
            };
            let actions = asked_actions(document.statements.get(position)?, test);
            Some(StatementPlace { document: number, position, of: document.statements.len(), sid, actions })
        })
    }
}

/// The `aws_iam_policy_document` data sources behind an unknown policy.
struct Sources<'p> {
    sources: Vec<ResourceState<'p>>,
    /// Whether the policy is made of one of them and nothing else.
    are_all: bool,
}

/// What a plan knows of a policy that data sources build during apply.
pub(crate) struct KnownStatements {
    /// The statements of which every part is known.
    pub(crate) document: Document,
    /// Whether the policy has no other ones.
    pub(crate) are_all: bool,
    /// Whether any of them must not be shown.
    pub(crate) are_sensitive: bool,
}

impl<'p> PlanIndex<'p> {
    /// What is known of a policy that is known only after apply; `None` where no data source behind it says anything.
    pub(crate) fn known_statements(&self, place: &View<'_, '_>) -> Option<KnownStatements> {
        let found = self.sources_of_policy(place)?;
        let mut known =
            KnownStatements { document: Document::default(), are_all: found.are_all, are_sensitive: false };
        for source in &found.sources {
            let root = source.root();
            let statements = Document::of_blocks(&root.key("statement")).filter(|_| !inherits(&root));
            let Some(Document { statements }) = statements else {
                known.are_all = false;
                continue;
            };
            let marks = source.change.change.after_sensitive.as_ref();
            known.are_sensitive |= marks.is_some_and(Value::has_true_leaf);
            known.are_all &= statements.iter().all(Statement::is_known);
            known.document.statements.extend(statements.into_iter().filter(Statement::is_known));
        }
        (!found.sources.is_empty()).then_some(known)
    }

    /// The `aws_iam_policy_document` data sources among what an attribute refers to.
    fn sources_of_policy(&self, place: &View<'_, '_>) -> Option<Sources<'p>> {
        let state = place.state();
        let found = state.references(place.path())?;
        let sources: Vec<ResourceState<'p>> = found
            .resources
            .iter()
            .flat_map(|reference| {
                let instances = self.of_block(&reference.address).iter().copied();
                instances.map(move |change| (change, reference.key.as_deref()))
            })
            .filter(|(change, key)| {
                change.address.mode == Mode::Data
                    && change.address.resource_type == "aws_iam_policy_document"
                    && is_same_instance(&change.address, &state.change.address, *key)
            })
            .map(|(change, _)| change)
            .filter_map(|change| ResourceState::new(self.plan(), change, Side::After))
            .collect();
        let are_all = sources.len() == 1 && found.resources.len() == 1 && found.unresolved.is_empty();
        Some(Sources { sources, are_all })
    }
}

fn statements_in_blocks(source: &ResourceState<'_>, test: &StatementTest) -> Truth {
    let root = source.root();
    let Some(document) = Document::of_blocks(&root.key("statement")) else { return Truth::Unknown };
    match matches(&document, test) {
        Truth::False if inherits(&root) => Truth::Unknown,
        own => own,
    }
}

/// Whether a data source adds statements of other documents to its own, or puts them in their place.
fn inherits(root: &View<'_, '_>) -> bool {
    ["source_policy_documents", "override_policy_documents", "source_json", "override_json"]
        .iter()
        .any(|name| !matches!(root.key(name).attribute(), Attribute::Unset))
}

#[cfg(test)]
mod tests {
    use planguard_guardrail_format::Effect;

    use super::*;

    fn test(actions: &[&str], resources: &[&str], anyone: bool) -> StatementTest {
        StatementTest {
            effect: Effect::Allow,
            principals: anyone.then_some(PrincipalTest::Anyone),
            action_form: None,
            actions: actions.iter().map(ToString::to_string).collect(),
            resources: resources.iter().map(ToString::to_string).collect(),
            resources_match: None,
            conditions: anyone.then_some(ConditionsTest::Open),
        }
    }

    fn allows_in_text(text: &str, test: &StatementTest) -> bool {
        matches(&Document::parse(text).expect("a policy document"), test) == Truth::True
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
    fn longer_spellings_of_a_star_are_one() {
        for (action, resource) in [("*:*", "*"), ("**", "arn:aws:*:*:*:*"), ("*", "arn:*:*:*:*:*")] {
            let text = format!(
                r#"{{"Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}}}"#
            );
            assert!(allows_in_text(&text, &test(&["*"], &["*"], false)), "{text}");
        }
        let buckets = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::*"}}"#;
        assert!(!allows_in_text(buckets, &test(&["*"], &["*"], false)));
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
    fn principals_of_a_kind_and_their_conditions() {
        let pattern = |text: &str| Pattern::parse(text).unwrap();
        let asked = |unless: &str| StatementTest {
            principals: Some(PrincipalTest::OfKind {
                kind: "Federated".to_owned(),
                matches: Some(pattern("oidc-provider/ci$")),
            }),
            conditions: Some(ConditionsTest::Unless(vec![ConditionTest {
                key: Some(pattern("^ci:sub$")),
                operator: None,
                values: Some(pattern(unless)),
            }])),
            ..test(&[], &[], false)
        };
        let trust = |kind: &str, condition: &str| {
            format!(
                r#"{{"Statement": {{"Effect": "Allow", "Principal": {{"{kind}": ["arn:aws:iam::1:oidc-provider/ci"]}},
                    "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {condition}}}}}"#
            )
        };
        for (condition, meets) in [
            ("{}", true),
            (r#"{"StringLike": {"ci:sub": "org/*"}}"#, false),
            (r#"{"StringLike": {"CI:SUB": ["org/a", "*/b"]}}"#, true),
            (r#"{"StringEqualsIfExists": {"ci:sub": "org/a"}}"#, true),
            (r#"{"StringNotLike": {"ci:sub": "org/a"}}"#, true),
            (r#"{"StringEquals": {"ci:aud": "org/a"}}"#, true),
            (r#"{"StringLike": {"ci:sub": "org/${aws:username}"}}"#, true),
        ] {
            assert_eq!(allows_in_text(&trust("Federated", condition), &asked("^org/")), meets, "{condition}");
        }
        assert!(!allows_in_text(&trust("AWS", "{}"), &asked("^org/")));
    }

    #[test]
    fn a_statement_without_resources_names_none() {
        let own = r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}}"#;
        assert!(allows_in_text(own, &test(&["ecr:*"], &[], true)));
        assert!(!allows_in_text(own, &test(&["ecr:*"], &["*"], true)));
        let all_but =
            r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::a"}}"#;
        assert!(allows_in_text(all_but, &test(&["s3:*"], &["arn:aws:s3:::b"], false)));
    }

    #[test]
    fn only_text_that_can_be_read_has_no_statement() {
        for text in ["", "null", "{}", "{\"Statement\": 1}"] {
            let document = Document::parse(text).expect("a policy document");
            assert_eq!(matches(&document, &test(&[], &[], false)), Truth::False, "{text}");
        }
        for text in ["[1]", "not json", "Statement:\n  - Effect: Allow", "{\"Statement\": [{"] {
            assert!(Document::parse(text).is_err(), "{text}");
        }
    }
}
