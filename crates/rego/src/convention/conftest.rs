//! conftest 0.6x (`policy/engine.go`): rules with the names deny, violation and warn decide.

use planguard_plan::text::suggest;
use regorus::Value;
use serde_json::Map;

use super::Unusable;
use super::platform::{
    DecidingRules, LintFacts, Loading, Manual, Package, PlanPlace, Platform, PolicyKinds, Results, Sign,
};
use crate::finding::{PolicyFinding, PolicyLocation};
use crate::rule::{PolicyRule, RuleKind};

pub(super) static PLATFORM: Platform = Platform {
    word: "conftest",
    title: "conftest",
    help: "packages selected by --namespace; the plan is the input",
    manual: Manual {
        recognised_by: "`package main`, or nothing else",
        loaded_together: "all directories",
        decides: DECIDES,
        levels: None,
        differences: &[],
    },
    plan: PlanPlace::Root,
    context: &[],
    configuration: &[],
    facts: &[],
    runner: None,
    variables: &[],
    packages: &[Package::exactly(PACKAGE, Sign::Strong)],
    settings: None,
    loading: Loading::Together,
    rules: DecidingRules::Conftest,
    lint: LINT,
};

/// What the manual says about the rules that decide.
const DECIDES: &str = "`deny`, `violation`, `warn`, alone or with `_name`, in the packages of `--namespace`";

/// What `lint` has to know of conftest and of platforms that run it.
pub(super) const LINT: LintFacts = LintFacts {
    results: Results::StringsAndMsg,
    kinds: PolicyKinds::Plan,
    other_rules: &[EXCEPTION],
    resource_type_rule: None,
};

/// The package that conftest evaluates if no other is named.
pub(super) const PACKAGE: &str = "main";

/// The rule that excepts other rules.
pub(crate) const EXCEPTION: &str = "exception";

/// What a rule with this name does, if it decides. Conftest ignores case when it lists rules, and so evaluates only
/// one of `deny_A` and `deny_a`; here they are two rules.
pub fn kind(name: &str) -> Option<RuleKind> {
    RuleKind::ALL.into_iter().find(|kind| suffix(name, *kind).is_some())
}

/// The part of a name after the kind, as exceptions write it: `public` of `deny_public`, nothing of `deny`.
pub(crate) fn suffix(name: &str, kind: RuleKind) -> Option<&str> {
    let rest = name.strip_prefix(kind.as_str())?;
    if rest.is_empty() {
        return Some(rest);
    }
    let suffix = rest.strip_prefix('_')?;
    let well_formed =
        suffix.split('_').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()));
    well_formed.then_some(suffix)
}

/// Words that people use for a kind and that conftest does not read.
const SYNONYMS: [(&str, RuleKind); 8] = [
    ("denial", RuleKind::Deny),
    ("denied", RuleKind::Deny),
    ("denies", RuleKind::Deny),
    ("violate", RuleKind::Violation),
    ("violates", RuleKind::Violation),
    ("warned", RuleKind::Warn),
    ("warning", RuleKind::Warn),
    ("warnings", RuleKind::Warn),
];

/// The name that the author of a rule `name` probably meant, if the name is almost one that decides.
///
/// This rather reports one name too many. Callers use it only for rules that no deciding rule needs: a helper may
/// have any name.
pub fn meant(name: &str) -> Option<String> {
    if kind(name).is_some() {
        return None;
    }
    let lower = name.to_lowercase();
    for kind in RuleKind::ALL {
        // `Deny_x`, `deny_`, `deny__x`, `denyPublic`: the right word with a wrong ending.
        if let Some(rest) = lower.strip_prefix(kind.as_str()) {
            let goes_on = name.get(kind.as_str().len()..).and_then(|rest| rest.chars().next());
            if goes_on.is_none_or(|c| c == '_' || c.is_uppercase() || c.is_numeric()) {
                return Some(join(kind, rest));
            }
        }
    }
    let (word, rest) = lower.split_once('_').unwrap_or((&lower, ""));
    let synonym = SYNONYMS.iter().find(|(synonym, _)| *synonym == word).map(|(_, kind)| *kind);
    let slip = || RuleKind::ALL.into_iter().find(|kind| suggest::distance(word, kind.as_str()) == 1);
    synonym.or_else(slip).map(|kind| join(kind, rest))
}

fn join(kind: RuleKind, rest: &str) -> String {
    let mut name = kind.as_str().to_owned();
    for part in rest.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()) {
        name.push('_');
        name.push_str(part);
    }
    name
}

/// The findings of a rule's value. An undefined value, `false` and an empty collection give none.
pub(super) fn results(rule: &PolicyRule, value: &Value) -> Vec<Result<PolicyFinding, Unusable>> {
    match value {
        Value::Undefined | Value::Bool(false) => Vec::new(),
        Value::Bool(true) => vec![Ok(finding(rule, holds(rule), Map::new()))],
        Value::Set(elements) => elements.iter_sorted().map(|element| result(rule, element)).collect(),
        Value::Array(elements) => elements.iter().map(|element| result(rule, element)).collect(),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            vec![Err(Unusable::Shape(shape(value)))]
        }
    }
}

/// The message of a rule that is only true: its title or description.
fn holds(rule: &PolicyRule) -> String {
    let described = rule.metadata.title.as_ref().or(rule.metadata.description.as_ref());
    described.cloned().unwrap_or_else(|| format!("{} is true", rule.path))
}

/// The finding of one element.
pub(super) fn result(rule: &PolicyRule, element: &Value) -> Result<PolicyFinding, Unusable> {
    match element {
        Value::String(message) if !message.is_empty() => Ok(finding(rule, message.to_string(), Map::new())),
        Value::Object(object) => {
            let entries = object.iter_sorted().filter_map(|(key, value)| {
                let key = key.as_string().ok()?.to_string();
                Some((key, serde_json::to_value(value).ok()?))
            });
            let mut metadata: Map<String, serde_json::Value> = entries.collect();
            match metadata.remove("msg") {
                Some(serde_json::Value::String(message)) if !message.is_empty() => {
                    Ok(finding(rule, message, metadata))
                }
                _ => Err(Unusable::NoMessage),
            }
        }
        Value::Set(texts) => joined(rule, element, texts.iter_sorted()),
        Value::Array(texts) => joined(rule, element, texts.iter()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => {
            Err(Unusable::Shape(shape(element)))
        }
    }
}

/// The finding of texts that are one element, as in `deny contains {msg}`. OPA counts the element; conftest ignores it.
fn joined<'v>(
    rule: &PolicyRule,
    element: &Value,
    texts: impl Iterator<Item = &'v Value>,
) -> Result<PolicyFinding, Unusable> {
    let text = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.to_string()),
        _ => None,
    };
    match texts.map(text).collect::<Option<Vec<String>>>() {
        Some(texts) if !texts.is_empty() => Ok(finding(rule, texts.join("; "), Map::new())),
        Some(_) | None => Err(Unusable::Shape(shape(element))),
    }
}

/// A finding of a rule.
pub(super) fn finding(
    rule: &PolicyRule,
    message: String,
    mut metadata: Map<String, serde_json::Value>,
) -> PolicyFinding {
    let location = metadata.remove("_loc").and_then(|location| {
        Some(PolicyLocation {
            file: location.get("file")?.as_str()?.to_owned(),
            line: location.get("line").and_then(serde_json::Value::as_u64).unwrap_or(0),
        })
    });
    let text = |keys: &[&str]| {
        let found = keys.iter().find_map(|key| metadata.get(*key).and_then(serde_json::Value::as_str));
        found.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let described = &rule.metadata;
    let found = PolicyFinding {
        rule: rule.path.clone(),
        kind: rule.kind,
        package: rule.package.clone(),
        message,
        address: text(&["address", "resource_address", "resource"]),
        severity: text(&["severity"]).and_then(|word| word.parse().ok()).or(described.severity),
        title: text(&["title"]).or_else(|| described.title.clone()),
        remediation: text(&["remediation"]).or_else(|| described.remediation.clone()),
        undetermined: metadata.get("undetermined").and_then(serde_json::Value::as_bool).unwrap_or(false),
        docs: text(&["docs", "url"]).or_else(|| described.docs.clone()),
        waits_for: Vec::new(),
        location,
        defined_at: PolicyLocation { file: rule.file.clone(), line: u64::from(rule.line) },
        metadata: Map::new(),
    };
    // Conftest always reports the query of a result.
    metadata.insert("query".to_owned(), rule.path.as_str().into());
    for (key, note) in &rule.notes {
        metadata.insert(key.clone(), note.as_str().into());
    }
    PolicyFinding { metadata, ..found }
}

/// The suffixes that an `exception` rule excepts: every element of every element, as
/// `exception[_][_] == "suffix"` finds them.
pub(crate) fn excepted(value: &Value) -> Result<Vec<String>, ExceptsNothing> {
    let mut suffixes = Vec::new();
    for inner in elements(value)? {
        for suffix in elements(inner)? {
            match suffix {
                Value::String(suffix) => suffixes.push(suffix.to_string()),
                _ => return Err(ExceptsNothing),
            }
        }
    }
    Ok(suffixes)
}

/// An exception of another shape, which conftest ignores.
#[derive(Debug)]
pub(crate) struct ExceptsNothing;

fn elements(value: &Value) -> Result<Vec<&Value>, ExceptsNothing> {
    match value {
        Value::Undefined => Ok(Vec::new()),
        Value::Set(elements) => Ok(elements.iter_sorted().collect()),
        Value::Array(elements) => Ok(elements.iter().collect()),
        Value::Object(object) => Ok(object.iter_sorted().map(|(_, value)| value).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(ExceptsNothing),
    }
}

fn shape(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean in a collection",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty string",
        Value::String(_) => "a string outside of a set",
        Value::Array(_) => "an array in a collection",
        Value::Set(_) => "a set in a collection",
        Value::Object(_) => "an object outside of a set",
        Value::Undefined => "nothing",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Reading;
    use super::*;
    use crate::metadata::RuleMetadata;

    fn rule() -> PolicyRule {
        PolicyRule {
            path: "data.main.deny_x".to_owned(),
            name: "deny_x".to_owned(),
            kind: RuleKind::Deny,
            package: "main".to_owned(),
            file: "p.rego".to_owned(),
            line: 3,
            metadata: RuleMetadata::default(),
            notes: BTreeMap::new(),
            reading: Reading::Messages,
        }
    }

    fn value(json: &str) -> Value {
        Value::from_json_str(json).unwrap()
    }

    #[test]
    fn texts_in_an_element_are_one_message() {
        let value = Value::from_json_str(r#"[["a", "b"], ["c"], [], ["d", 1], [""]]"#).unwrap();
        let found: Vec<Option<String>> = results(&rule(), &value)
            .into_iter()
            .map(|result| result.ok().map(|found| found.message))
            .collect();
        assert_eq!(found, [Some("a; b".to_owned()), Some("c".to_owned()), None, None, None]);
    }

    #[test]
    fn names_are_case_sensitive() {
        for (name, expected) in [
            ("deny", Some(RuleKind::Deny)),
            ("deny_A1_b", Some(RuleKind::Deny)),
            ("violation_x", Some(RuleKind::Violation)),
            ("warn", Some(RuleKind::Warn)),
            ("denyx", None),
            ("deny_", None),
            ("deny__x", None),
            ("deny_é", None),
            ("Deny", None),
            ("warning", None),
        ] {
            assert_eq!(kind(name), expected, "{name}");
        }
    }

    #[test]
    fn typos_are_recognised() {
        for (name, expected) in [
            ("denny", Some("deny")),
            ("dney_public", Some("deny_public")),
            ("Deny", Some("deny")),
            ("DENY_public", Some("deny_public")),
            ("deny_", Some("deny")),
            ("deny__x", Some("deny_x")),
            ("denyPublic", Some("deny_public")),
            ("warning", Some("warn")),
            ("warnings_cost", Some("warn_cost")),
            ("violations", Some("violation")),
            ("violatoin", Some("violation")),
            ("denied", Some("deny")),
            ("deny_public", None),
            ("denylist", None),
            ("allowed", None),
            ("is_public", None),
            ("warnable", None),
        ] {
            assert_eq!(meant(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn strings_and_objects_are_findings() {
        let found = results(
            &rule(),
            &value(
                r#"["a", {"msg": "b", "severity": "LOW", "address": "x.y", "_loc": {"file": "f.tf", "line": 2}}]"#,
            ),
        );
        let found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
        assert_eq!(found[0].message, "a");
        assert_eq!(found[1].severity, Some(planguard_rule::Severity::Low));
        assert_eq!(found[1].address.as_deref(), Some("x.y"));
        assert_eq!(found[1].location, Some(PolicyLocation { file: "f.tf".to_owned(), line: 2 }));
        assert_eq!(found[1].metadata["query"], "data.main.deny_x");
        assert!(!found[1].metadata.contains_key("_loc"));
    }

    #[test]
    fn true_is_a_finding_and_false_is_not() {
        assert_eq!(results(&rule(), &Value::Bool(true)).len(), 1);
        assert!(results(&rule(), &Value::Bool(false)).is_empty());
        assert!(results(&rule(), &Value::Undefined).is_empty());
    }

    #[test]
    fn results_that_conftest_ignores_are_unusable() {
        for json in [r#""text""#, "1", "null", "{}", r#"[""]"#, "[1]", "[true]", "[[[\"a\"]]]"] {
            let results = results(&rule(), &value(json));
            assert!(matches!(results.as_slice(), [Err(Unusable::Shape(_))]), "{json}");
        }
        for json in ["[{}]", r#"[{"msg": 1}]"#, r#"[{"msg": ""}]"#, r#"[{"message": "a"}]"#] {
            assert_eq!(results(&rule(), &value(json)), [Err(Unusable::NoMessage)], "{json}");
        }
    }

    #[test]
    fn exceptions_are_arrays_of_suffixes() {
        assert_eq!(excepted(&value(r#"[["a", ""], ["b"]]"#)).unwrap(), ["a", "", "b"]);
        assert!(excepted(&Value::Undefined).unwrap().is_empty());
        assert!(excepted(&value(r#"["a"]"#)).is_err());
        assert!(excepted(&value("[[1]]")).is_err());
    }
}
