//! Objects of generic providers as objects of the types that guardrails know: `policies/mappings` says how.

use std::borrow::Cow;
use std::sync::OnceLock;

use planguard_guardrail_format::{Absent, Literal, MappedAttribute, Mapping, PathPattern, PatternStep};
use planguard_plan::{Mode, Number, Object, Plan, ResourceChange, Translation, Value};

use crate::engine::is_empty;
use crate::unreadable;

static ENCODED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mappings.bin"));

/// All mappings, decoded when a plan has the first object that one of them may be about.
///
/// # Panics
/// Never: the build script of the same version wrote the data, and a test decodes it.
pub fn mappings() -> &'static [Mapping] {
    static DECODED: OnceLock<Vec<Mapping>> = OnceLock::new();
    DECODED.get_or_init(|| postcard::from_bytes(ENCODED).expect("the build encoded them"))
}

/// An object of a generic type as one of a known type.
#[derive(Debug)]
pub struct Mapped<'p> {
    /// How it was mapped.
    pub mapping: &'static Mapping,
    /// The change of the known type.
    pub change: ResourceChange<'p>,
}

/// Providers whose types are generic, as their types start with them.
const GENERIC: [&str; 3] = ["azapi_", "awscc_", "kubectl_"];

/// Whether an object is one of a generic provider.
pub(crate) fn is_generic(change: &ResourceChange<'_>) -> bool {
    let name = change.address.resource_type.as_str();
    change.address.mode == Mode::Managed && GENERIC.iter().any(|prefix| name.starts_with(prefix))
}

/// The objects of a plan that are mapped, one for each mapping that is about it.
pub fn mapped<'p>(plan: &'p Plan<'p>) -> Vec<Mapped<'p>> {
    let generic = plan.each_change().filter(|change| is_generic(change));
    generic
        .flat_map(|change| {
            let about =
                mappings().iter().filter(|mapping| mapping.from.contains(&change.address.resource_type));
            about.filter_map(|mapping| Some(Mapped { mapping, change: translate(mapping, change)? }))
        })
        .collect()
}

/// The change as one of the type of a mapping; `None` if the object is of another kind, or lacks the part.
fn translate<'p>(mapping: &Mapping, change: &'p ResourceChange<'p>) -> Option<ResourceChange<'p>> {
    let sides = &change.change;
    let before = sides.before.as_deref().filter(|value| **value != Value::Null);
    let after = sides.after.as_deref().filter(|value| **value != Value::Null);
    let is_meant = |object: &Value<'_>| {
        mapping.kind.as_ref().is_none_or(|kind| {
            let written = object.get(&kind.attribute).and_then(Value::as_str).unwrap_or_default();
            written.split('@').next().unwrap_or_default().eq_ignore_ascii_case(&kind.is)
        })
    };
    if !after.or(before).is_some_and(is_meant) {
        return None;
    }
    let nothing = Value::Null;
    let before = before.map(|object| side(mapping, object, &nothing).0);
    let after = after.map(|object| side(mapping, object, sides.after_unknown.as_ref().unwrap_or(&nothing)));
    let has_part = |values: &Option<Value<'_>>| values.as_ref().is_some_and(|values| *values != Value::Null);
    let (after, unknown) = after.map_or((None, Value::Null), |(values, mask)| (Some(values), mask));
    if !has_part(&before) && !has_part(&after) {
        return None;
    }
    let of_part = |values: Option<Value<'p>>| values.filter(|values| *values != Value::Null);
    Some(change.seen_as(
        &mapping.to,
        Translation { before: of_part(before), after: of_part(after), after_unknown: unknown },
    ))
}

/// A place in what describes an object, with the mask of what is unknown there.
struct Source<'p, 'm> {
    value: Option<Value<'p>>,
    mask: &'m Value<'m>,
    is_unknown: bool,
}

/// The values of one side as the known type has them, with their mask; null if the object lacks the part.
fn side<'p>(mapping: &Mapping, object: &'p Value<'p>, mask: &Value<'_>) -> (Value<'p>, Value<'p>) {
    let whole = Source { value: Some(object.clone()), mask, is_unknown: *mask == Value::Bool(true) };
    let body = match &mapping.body {
        None => whole,
        Some(path) => described(find(&whole, path)),
    };
    if let Some(part) = &mapping.part {
        let part = find(&body, part);
        if !part.is_unknown && part.value.as_ref().is_none_or(|value| is_empty(value)) {
            return (Value::Null, Value::Null);
        }
    }
    let mut values: Vec<(Vec<&str>, Value<'p>, bool)> = Vec::new();
    for attribute in &mapping.attributes {
        let source = find(&body, &attribute.at);
        let names = attribute.to.iter().map(String::as_str).collect();
        match (source.value.filter(|value| *value != Value::Null), source.is_unknown) {
            (_, true) => values.push((names, Value::Null, true)),
            (Some(value), false) => values.push((names, called(attribute, value), false)),
            (None, false) => match (&attribute.unset, mapping.absent) {
                (_, Absent::Kept) => values.push((names, Value::Null, true)),
                (Some(unset), Absent::Unset) => values.push((names, of_literal(unset), false)),
                (None, Absent::Unset) => {}
            },
        }
    }
    nested(&values)
}

/// The object that a place describes: itself, or the first document of its text. Of a text that nobody can read, all is
/// unknown.
fn described<'p, 'm>(place: Source<'p, 'm>) -> Source<'p, 'm> {
    let Some(Value::String(text)) = &place.value else { return place };
    let documents = unreadable::documents(text).map(|documents| documents.into_iter().next().map(owned));
    match documents {
        Ok(document) => Source { value: document, ..place },
        Err(_) => Source { value: None, is_unknown: true, ..place },
    }
}

/// What a path leads to. A list of one element is the element where a name follows.
fn find<'p, 'm>(source: &Source<'p, 'm>, path: &PathPattern) -> Source<'p, 'm> {
    let mut value = source.value.as_ref();
    let mut mask = source.mask;
    let mut is_unknown = source.is_unknown;
    let first = |value: &'_ Value<'_>| matches!(value, Value::Array(elements) if elements.len() == 1);
    for step in &path.0 {
        let (PatternStep::Key(name) | PatternStep::Select { key: name, .. }) = step;
        value = value.and_then(|value| match value {
            list if first(list) => list.elements().first().and_then(|element| element.get(name)),
            value => value.get(name),
        });
        mask = match mask {
            list if first(list) => list.elements().first().and_then(|element| element.get(name)),
            mask => mask.get(name),
        }
        .unwrap_or(&Value::Null);
        is_unknown |= *mask == Value::Bool(true);
    }
    let is_unknown = is_unknown || value.is_none_or(|value| *value == Value::Null) && mask.has_true_leaf();
    Source { value: value.cloned(), mask, is_unknown }
}

/// A value as the known type calls it.
fn called<'p>(attribute: &MappedAttribute, value: Value<'p>) -> Value<'p> {
    let text = match &value {
        Value::String(text) => text.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return value,
    };
    let named = attribute.values.iter().find(|(from, _)| from.eq_ignore_ascii_case(&text));
    named.map_or(value, |(_, to)| of_literal(to))
}

fn of_literal(literal: &Literal) -> Value<'static> {
    match literal {
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Text(text) => Value::String(Cow::Owned(text.clone())),
        Literal::Number(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
    }
}

/// The values and their mask as a plan has them: a block is a list of one object.
fn nested<'p>(values: &[(Vec<&str>, Value<'p>, bool)]) -> (Value<'p>, Value<'p>) {
    let mut members: Vec<(Cow<'p, str>, Value<'p>)> = Vec::new();
    let mut masks: Vec<(Cow<'p, str>, Value<'p>)> = Vec::new();
    let mut done: Vec<&str> = Vec::new();
    for (names, value, is_unknown) in values {
        let Some((name, rest)) = names.split_first() else { continue };
        if done.contains(name) {
            continue;
        }
        let owned_name = || Cow::Owned((*name).to_owned());
        if rest.is_empty() {
            members.push((owned_name(), value.clone()));
            masks.push((owned_name(), Value::Bool(*is_unknown)));
            continue;
        }
        done.push(name);
        let inside: Vec<_> = values
            .iter()
            .filter(|(names, ..)| names.len() > 1 && names.first() == Some(name))
            .map(|(names, value, is_unknown)| (names[1..].to_vec(), value.clone(), *is_unknown))
            .collect();
        let (block, mask) = nested(&inside);
        members.push((owned_name(), Value::Array(vec![block])));
        masks.push((owned_name(), Value::Array(vec![mask])));
    }
    (Value::Object(Object::new(members)), Value::Object(Object::new(masks)))
}

/// A value that borrows nothing.
fn owned(value: Value<'_>) -> Value<'static> {
    match value {
        Value::Null => Value::Null,
        Value::Bool(value) => Value::Bool(value),
        Value::Number(number) => Value::Number(number),
        Value::String(text) => Value::String(Cow::Owned(text.into_owned())),
        Value::Array(elements) => Value::Array(elements.into_iter().map(owned).collect()),
        Value::Object(object) => Value::Object(Object::new(
            object
                .into_members()
                .into_iter()
                .map(|(name, value)| (Cow::Owned(name.into_owned()), owned(value)))
                .collect(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use planguard_plan::{ResourceState, Side};

    use super::*;
    use crate::{Builtin, Outcome, PlanIndex, evaluate};

    /// The rules that judge a created object of a generic type, with what they say.
    fn judged(resource_type: &str, after: &str, unknown: &str) -> Vec<(String, Outcome)> {
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{{"address": "{resource_type}.a",
                "change": {{"actions": ["create"], "before": null, "after": {after}, "after_unknown": {unknown}}}}}],
                "configuration": {{"root_module": {{"resources": [{{"mode": "managed", "type": "{resource_type}",
                "name": "a", "expressions": {{"body": {{"references": ["random_id.a.id", "random_id.a"]}}}}}}]}}}}}}"#
        );
        let plan = Plan::parse(&text).unwrap();
        let index = PlanIndex::new(&plan);
        let mut outcomes = Vec::new();
        for mapped in mapped(&plan) {
            let state = ResourceState::new(&plan, &mapped.change, Side::After).unwrap();
            for builtin in Builtin::for_type(&mapped.mapping.to) {
                let guardrail = builtin.definition();
                if mapped.mapping.is_enough_for(&guardrail) {
                    outcomes.push((builtin.id().to_owned(), evaluate(&guardrail, &state, &index).outcome));
                }
            }
        }
        outcomes
    }

    fn outcome(all: &[(String, Outcome)], id: &str) -> Outcome {
        all.iter().find(|(own, _)| own == id).unwrap_or_else(|| panic!("{id} does not judge it: {all:?}")).1
    }

    const ACCOUNT: &str = "Microsoft.Storage/storageAccounts@2023-01-01";

    #[test]
    fn an_account_of_azapi_is_judged_as_one_of_azurerm() {
        let account =
            |properties: &str| format!(r#"{{"type": "{ACCOUNT}", "body": {{"properties": {properties}}}}}"#);
        let open = r#"{"allowBlobPublicAccess": true, "minimumTlsVersion": "TLS1_0", "supportsHttpsTrafficOnly": false}"#;
        let closed = r#"{"allowBlobPublicAccess": false, "minimumTlsVersion": "TLS1_2", "supportsHttpsTrafficOnly": true}"#;
        let ids = [
            "azure-storage-account-public-blobs",
            "azure-storage-account-old-tls",
            "azure-storage-account-plain-http",
        ];
        for (properties, wanted) in [(open, Outcome::Fail), (closed, Outcome::Pass)] {
            let all = judged("azapi_resource", &account(properties), "{}");
            ids.iter().for_each(|id| assert_eq!(outcome(&all, id), wanted, "{id}"));
            // Older releases take the body as text.
            let text =
                serde_json::json!({"type": ACCOUNT, "body": format!("{{\"properties\": {properties}}}")});
            let all = judged("azapi_resource", &text.to_string(), "{}");
            ids.iter().for_each(|id| assert_eq!(outcome(&all, id), wanted, "{id}"));
        }
    }

    #[test]
    fn what_is_unknown_or_kept_is_undetermined() {
        let id = "azure-storage-account-old-tls";
        let created = format!(r#"{{"type": "{ACCOUNT}", "body": {{"properties": {{}}}}}}"#);
        // The service allows TLS 1.0 where nobody says anything.
        assert_eq!(outcome(&judged("azapi_resource", &created, "{}"), id), Outcome::Fail);
        let mask = r#"{"body": {"properties": {"minimumTlsVersion": true}}}"#;
        assert_eq!(outcome(&judged("azapi_resource", &created, mask), id), Outcome::Undetermined);
        let hidden = format!(r#"{{"type": "{ACCOUNT}"}}"#);
        assert_eq!(
            outcome(&judged("azapi_resource", &hidden, r#"{"body": true}"#), id),
            Outcome::Undetermined
        );
        assert_eq!(outcome(&judged("azapi_update_resource", &created, "{}"), id), Outcome::Undetermined);
        let broken = format!(r#"{{"type": "{ACCOUNT}", "body": "{{"}}"#);
        assert_eq!(outcome(&judged("azapi_resource", &broken, "{}"), id), Outcome::Undetermined);
    }

    #[test]
    fn another_kind_of_object_is_not_judged() {
        for kind in
            ["Microsoft.Other/things@2023-01-01", "", "Microsoft.Storage/storageAccounts/x@2023-01-01"]
        {
            let object = format!(r#"{{"type": "{kind}", "body": {{"properties": {{}}}}}}"#);
            assert_eq!(judged("azapi_resource", &object, "{}"), []);
        }
    }

    #[test]
    fn manifests_and_parts_are_judged_as_their_types() {
        let pod = r#"{"yaml_body": "kind: Pod\nspec:\n  hostNetwork: true\n  containers:\n  - name: c\n    securityContext: {privileged: true}\n"}"#;
        let all = judged("kubectl_manifest", pod, "{}");
        assert_eq!(outcome(&all, "kubernetes-manifest-privileged"), Outcome::Fail);
        assert_eq!(outcome(&all, "kubernetes-manifest-host-network"), Outcome::Fail);
        assert_eq!(outcome(&all, "kubernetes-manifest-host-pid"), Outcome::Pass);
        let part =
            r#"{"bucket_name": "b", "public_access_block_configuration": {"block_public_acls": false}}"#;
        let all = judged("awscc_s3_bucket", part, "{}");
        assert_eq!(outcome(&all, "aws-s3-public-acls-accepted"), Outcome::Fail);
        let all = judged("awscc_s3_bucket", r#"{"bucket_name": "b"}"#, "{}");
        assert!(!all.iter().any(|(id, _)| id == "aws-s3-public-acls-accepted"), "{all:?}");
    }

    #[test]
    fn every_mapping_is_about_a_generic_provider_and_lets_guardrails_judge() {
        for mapping in mappings() {
            for from in &mapping.from {
                assert!(GENERIC.iter().any(|prefix| from.starts_with(prefix)), "{from}");
            }
            let judges = Builtin::for_type(&mapping.to).any(|one| mapping.is_enough_for(&one.definition()));
            assert!(judges, "no guardrail judges {:?} as {}", mapping.from, mapping.to);
        }
    }
}
