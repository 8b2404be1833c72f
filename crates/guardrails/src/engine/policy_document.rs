//! IAM policy documents: JSON text, or data sources that build one at apply.

use planguard_guardrail_format::{Effect, PathPattern, PatternStep, StatementTest, Truth};
use planguard_plan::text::wildcard;
use planguard_plan::{Attribute, DuplicateKeys, Mode, ResourceState, Side, Value, View};

use super::companion::is_same_instance;
use super::{Evaluator, place};

/// Whether a policy as JSON text has a statement that a test asks for. Text that is no policy has none.
pub(super) fn allows_in_text(text: &str, test: &StatementTest) -> bool {
    let duplicates = DuplicateKeys::default();
    let Ok(document) = Value::parse(text, &duplicates) else { return false };
    let Some(statements) = document.get("Statement") else { return false };
    one_or_many(statements).iter().any(|statement| statement_in_json(statement, test))
}

/// Whether an action or resource is covered by what a statement names. IAM compares actions without case.
fn covers(named: &str, asked: &str) -> bool {
    wildcard::matches(&named.to_ascii_lowercase(), &asked.to_ascii_lowercase())
}

fn one_or_many<'v, 'a>(value: &'v Value<'a>) -> &'v [Value<'a>] {
    match value {
        Value::Array(elements) => elements,
        single => std::slice::from_ref(single),
    }
}

fn statement_in_json(statement: &Value<'_>, test: &StatementTest) -> bool {
    let effect = match test.effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    let named = |key: &str, asked: &str| {
        statement.get(key).map(|value| {
            one_or_many(value).iter().filter_map(Value::as_str).any(|named| covers(named, asked))
        })
    };
    // `NotAction` covers everything that it does not name.
    let covered = |key: &str, not_key: &str, asked: &[String]| {
        asked.is_empty()
            || asked.iter().any(|asked| {
                named(key, asked).unwrap_or(false) || named(not_key, asked).is_some_and(|named| !named)
            })
    };
    statement.get("Effect").and_then(Value::as_str) == Some(effect)
        && (!test.anyone || is_anyone(statement))
        && covered("Action", "NotAction", &test.actions)
        && covered("Resource", "NotResource", &test.resources)
        && (!test.unconditional || statement.get("Condition").is_none_or(super::literal::is_empty))
}

/// `Principal: "*"`, `Principal: {"AWS": "*"}`, or an `Allow` for everyone but a few.
fn is_anyone(statement: &Value<'_>) -> bool {
    let star = |value: &Value<'_>| one_or_many(value).iter().any(|one| one.as_str() == Some("*"));
    match statement.get("Principal") {
        Some(Value::Object(principals)) => {
            ["AWS", "*"].iter().any(|key| principals.get(key).is_some_and(star))
        }
        Some(principal) => star(principal),
        None => statement.get("NotPrincipal").is_some(),
    }
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
        // Whatever else the policy is made of may add statements, so nothing short of a hit is certain.
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
    let Some(statements) = root.key("statement").elements() else { return Truth::Unknown };
    let own = any(statements.iter().map(|statement| statement_in_block(statement, test)));
    match own {
        Truth::False if inherited => Truth::Unknown,
        own => own,
    }
}

fn statement_in_block(statement: &View<'_, '_>, test: &StatementTest) -> Truth {
    let key = |name: &str| place::find(statement, &PathPattern(vec![PatternStep::Key(name.to_owned())]));
    let effect = match key("effect").attribute() {
        Attribute::Unknown => Truth::Unknown,
        // The data source's default is Allow.
        Attribute::Unset => Truth::of(test.effect == Effect::Allow),
        Attribute::Known(value) => Truth::of(match test.effect {
            Effect::Allow => value.as_str() == Some("Allow"),
            Effect::Deny => value.as_str() == Some("Deny"),
        }),
    };
    let parts = [
        effect,
        if test.anyone { anyone_in_block(&key("principals"), &key("not_principals")) } else { Truth::True },
        covered_in_block(&key("actions"), &key("not_actions"), &test.actions),
        covered_in_block(&key("resources"), &key("not_resources"), &test.resources),
        if test.unconditional { is_empty_list(&key("condition")) } else { Truth::True },
    ];
    all(parts.into_iter())
}

fn covered_in_block(named: &View<'_, '_>, not_named: &View<'_, '_>, asked: &[String]) -> Truth {
    if asked.is_empty() {
        return Truth::True;
    }
    any(asked.iter().map(|asked| {
        let by_name = any_text(named, |text| covers(text, asked));
        let by_exception = match is_empty_list(not_named) {
            Truth::True => Truth::False,
            Truth::Unknown => Truth::Unknown,
            Truth::False => any_text(not_named, |text| covers(text, asked)).negated(),
        };
        any([by_name, by_exception].into_iter())
    }))
}

fn anyone_in_block(principals: &View<'_, '_>, not_principals: &View<'_, '_>) -> Truth {
    let Some(blocks) = principals.elements() else { return Truth::Unknown };
    let named = any(blocks.iter().map(|block| {
        let aws = match block.key("type").attribute() {
            Attribute::Known(kind) => Truth::of(matches!(kind.as_str(), Some("AWS" | "*"))),
            Attribute::Unknown => Truth::Unknown,
            Attribute::Unset => Truth::False,
        };
        all([aws, any_text(&block.key("identifiers"), |text| text == "*")].into_iter())
    }));
    any([named, is_empty_list(not_principals).negated()].into_iter())
}

fn is_empty_list(list: &View<'_, '_>) -> Truth {
    list.elements().map_or(Truth::Unknown, |elements| Truth::of(elements.is_empty()))
}

fn any_text(list: &View<'_, '_>, holds: impl Fn(&str) -> bool) -> Truth {
    let Some(elements) = list.elements() else { return Truth::Unknown };
    any(elements.iter().map(|element| match element.attribute() {
        Attribute::Known(value) => Truth::of(value.as_str().is_some_and(&holds)),
        Attribute::Unknown => Truth::Unknown,
        Attribute::Unset => Truth::False,
    }))
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
    fn what_is_not_excepted_is_covered() {
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
    fn what_is_no_policy_has_no_statement() {
        for text in ["", "null", "{}", "[1]", "{\"Statement\": 1}", "not json"] {
            assert!(!allows_in_text(text, &test(&[], &[], false)), "{text}");
        }
    }
}
