//! The template of a guardrail.

use super::name::{GuardrailId, ResourceType};
use super::{Scaffold, fill};

const GUARDRAIL: &str = include_str!("templates/guardrail.toml");

/// Returns a guardrail for resources of one type, with cases, in `guardrails/ID.toml`.
pub fn guardrail(id: &GuardrailId, resource_type: &ResourceType) -> Scaffold {
    let values = [
        ("id", id.to_string()),
        ("type", resource_type.to_string()),
        ("attribute", resource_type.owner_attribute().to_owned()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Scaffold::default().with(format!("guardrails/{id}.toml"), fill(GUARDRAIL, &values))
}

#[cfg(test)]
mod tests {
    use planguard_guardrail_format::read_definitions;

    use super::*;

    #[test]
    fn the_guardrail_follows_the_format() {
        for resource_type in ["aws_s3_bucket", "google_storage_bucket"] {
            let scaffold = guardrail(&"acme-no-owner".parse().unwrap(), &resource_type.parse().unwrap());
            let [file] = scaffold.files.as_slice() else { panic!("{scaffold:?}") };
            let read = read_definitions("new.toml", &file.text).unwrap();
            assert_eq!(read[0].guardrail.info.id.to_string(), "acme-no-owner");
            assert_eq!(read[0].cases.len(), 4);
        }
    }
}
