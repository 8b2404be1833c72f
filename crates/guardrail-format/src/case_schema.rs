//! Checks the resources of cases against the provider schemas: a case with a type or an attribute that does not exist
//! shows nothing about real plans.

use serde_json::Value;

use super::case::CaseResource;
use super::schema::{Contradiction, Place, element, key, known_type};

impl CaseResource {
    /// How the resource contradicts the schemas. A type of a provider that has no schema may have any attributes.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let place = match known_type(&self.type_as_written()) {
            Ok(place) => place,
            Err(Contradiction::UnknownProvider { .. }) => return Vec::new(),
            Err(contradiction) => return vec![contradiction],
        };
        let mut found = Vec::new();
        for values in self.values() {
            look(&place, values, &mut found);
        }
        // An expression describes a value: below its name, only blocks have names of attributes.
        for name in self.expressions() {
            found.extend(key(place.clone(), name).err());
        }
        let mut seen = Vec::new();
        found.retain(|contradiction| {
            let new = !seen.contains(contradiction);
            if new {
                seen.push(contradiction.clone());
            }
            new
        });
        found
    }
}

/// Looks at a value and at what it contains. Masks have a boolean in the place of a value.
fn look(place: &Place, value: &Value, found: &mut Vec<Contradiction>) {
    match value {
        Value::Object(fields) => {
            let inside = element(place.clone());
            for (name, value) in fields {
                match key(inside.clone(), name) {
                    Ok(place) => look(&place, value, found),
                    Err(contradiction) => found.push(contradiction),
                }
            }
        }
        Value::Array(items) => {
            let inside = element(place.clone());
            items.iter().for_each(|item| look(&inside, item, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::RawCaseResource;

    fn of(resource_type: &str, after: Value) -> Vec<String> {
        let raw = RawCaseResource {
            resource_type: Some(resource_type.to_owned()),
            after: Some(after),
            ..RawCaseResource::default()
        };
        let resource = CaseResource::new(raw, "").unwrap();
        resource.contradictions().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_schemas_have_is_accepted() {
        for (resource_type, after) in [
            ("aws_s3_bucket", json!({"bucket": "a", "arn": "b", "tags": {"any": "c"}, "timeouts": null})),
            ("aws_s3_bucket", json!({"versioning": [{"enabled": true}]})),
            ("aws_security_group", json!({"ingress": [{"cidr_blocks": ["0.0.0.0/0"]}]})),
            // Only older releases of the provider have these.
            ("azurerm_sql_server", json!({"name": "a"})),
            ("azurerm_storage_account", json!({"allow_blob_public_access": true})),
            ("data.aws_caller_identity", json!({"account_id": "1"})),
            ("kubernetes_manifest", json!({"manifest": {"kind": "Pod"}})),
            ("acme_widget", json!({"anything": [{"at": "all"}]})),
            ("data.acme_widget", json!({"anything": 1})),
            ("terraform_data", json!({"input": 1})),
        ] {
            assert_eq!(of(resource_type, after.clone()), [""; 0], "{resource_type} {after}");
        }
    }

    #[test]
    fn what_no_schema_has_is_named() {
        for (resource_type, after, wrong) in [
            ("aws_instnce", json!({"x": 1}), "no schema has the resource type `aws_instnce`"),
            ("data.aws_instnce", json!({}), "no schema has the resource type `data.aws_instnce`"),
            ("aws_caller_identity", json!({}), "no schema has the resource type `aws_caller_identity`"),
            ("aws_s3_bucket", json!({"buckett": "a"}), "no schema has `aws_s3_bucket.buckett`"),
            (
                "aws_s3_bucket",
                json!({"versioning": [{"enabled": true}, {"enbled": true}]}),
                "no schema has `aws_s3_bucket.versioning.enbled`",
            ),
            ("aws_iam_policy", json!({"policy": {"A": 1}}), "no schema has `aws_iam_policy.policy.A`"),
        ] {
            assert_eq!(of(resource_type, after.clone()), [wrong], "{resource_type} {after}");
        }
    }

    #[test]
    fn every_part_of_a_resource_is_checked_and_reported_once() {
        let wrong = || Some(json!({"wrong": true}));
        let raw = |part: fn(&mut RawCaseResource) -> &mut Option<Value>| {
            let mut raw =
                RawCaseResource { resource_type: Some("aws_s3_bucket".to_owned()), ..Default::default() };
            *part(&mut raw) = wrong();
            raw
        };
        let parts: [fn(&mut RawCaseResource) -> &mut Option<Value>; 5] = [
            |raw| &mut raw.before,
            |raw| &mut raw.after,
            |raw| &mut raw.unknown,
            |raw| &mut raw.sensitive,
            |raw| &mut raw.expressions,
        ];
        for part in parts {
            let found = CaseResource::new(raw(part), "").unwrap().contradictions();
            assert!(matches!(&found[..], [Contradiction::UnknownAttribute { name, .. }] if name == "wrong"));
        }
        let all = RawCaseResource { before: wrong(), unknown: wrong(), ..raw(|raw| &mut raw.after) };
        assert_eq!(CaseResource::new(all, "").unwrap().contradictions().len(), 1);
    }
}
