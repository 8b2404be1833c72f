//! The resource types that a guardrail names by a wildcard: those of the provider that have the attributes which it
//! tests.

use super::Guardrail;
use super::schema::fits;

/// The types of a guardrail, with those that its wildcards stand for.
pub(crate) fn expand(guardrail: &Guardrail) -> Result<Vec<String>, String> {
    let mut types = Vec::new();
    for written in &guardrail.resources {
        if written.contains('*') {
            types.extend(matching(written, guardrail)?);
        } else {
            types.push(written.clone());
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    types.retain(|name| seen.insert(name.clone()));
    Ok(types)
}

fn matching(written: &str, guardrail: &Guardrail) -> Result<Vec<String>, String> {
    let pattern = written.strip_prefix("data.").unwrap_or(written);
    let is_named = pattern.split_once('_').is_some_and(|(provider, _)| !provider.contains('*'));
    if !is_named || planguard_schemas::provider(pattern).is_none() {
        let known: Vec<&str> = planguard_schemas::provider_prefixes().collect();
        return Err(format!(
            "`{written}` stands for the types of a provider whose schema is known: one of {}",
            known.join(", ")
        ));
    }
    let candidates: Vec<String> = match written.strip_prefix("data.") {
        Some(pattern) => planguard_schemas::data_sources_beside(pattern)
            .filter(|name| is_match(pattern, name))
            .map(|name| format!("data.{name}"))
            .collect(),
        None => {
            planguard_schemas::resource_types_beside(pattern).filter(|name| is_match(pattern, name)).collect()
        }
    };
    if candidates.is_empty() {
        return Err(format!("no type is called `{written}`"));
    }
    let with_attributes: Vec<String> = candidates
        .into_iter()
        .filter(|name| guardrail.predicates().all(|predicate| fits(name, predicate)))
        .collect();
    if with_attributes.is_empty() {
        return Err(format!("no type `{written}` has the attributes that are tested"));
    }
    Ok(with_attributes)
}

/// Whether a name matches a pattern in which `*` stands for any characters.
fn is_match(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(position) = name.find(part) else { return false };
        name = &name[position + part.len()..];
    }
    name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::super::read_definitions;
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, wanted) in [
            ("aws_*", "aws_sqs_queue", true),
            ("aws_*_policy", "aws_sqs_queue_policy", true),
            ("aws_*_policy", "aws_sqs_queue", false),
            ("aws_*queue*", "aws_sqs_queue_policy", true),
            ("aws_*queue*policy", "aws_sqs_policy", false),
            ("aws_x", "aws_x", true),
        ] {
            assert_eq!(is_match(pattern, name), wanted, "{pattern} {name}");
        }
    }

    fn types(resources: &str, test: &str) -> Result<Vec<String>, String> {
        let text = format!(
            "[[guardrail]]\nid = \"aws-x\"\ntitle = \"t\"\nseverity = \"high\"\ncategory = \"exposure\"\n\
             pack = \"default\"\nresources = [{resources}]\nmessage = \"{{address}} is wrong\"\nwhy = \"w\"\n\
             remediation = \"r\"\nfail = {test}\n"
        );
        let read = read_definitions("x.toml", &text).map_err(|error| error.to_string())?;
        Ok(read.into_iter().flat_map(|definition| definition.guardrail.resources).collect())
    }

    #[test]
    fn a_wildcard_means_the_types_with_the_tested_attributes() {
        let found = types("\"aws_db_*\"", r#"{ attribute = "publicly_accessible", is = true }"#).unwrap();
        assert!(found.contains(&"aws_db_instance".to_owned()), "{found:?}");
        assert!(!found.contains(&"aws_db_subnet_group".to_owned()), "{found:?}");
        let renamed =
            r#"{ attribute = ["https_traffic_only_enabled", "enable_https_traffic_only"], is = false }"#;
        assert_eq!(types("\"azurerm_*\"", renamed).unwrap(), ["azurerm_storage_account"]);
    }

    #[test]
    fn wildcards_that_mean_nothing_are_refused() {
        let test = r#"{ attribute = "no_such_attribute", is = true }"#;
        for (resources, wanted) in [
            ("\"acme_*\"", "`acme_*` stands for the types of a provider whose schema is known"),
            ("\"*\"", "`*` stands for"),
            ("\"aws_nothing_*\"", "no type is called `aws_nothing_*`"),
            ("\"aws_*\"", "no type `aws_*` has the attributes that are tested"),
        ] {
            let error = types(resources, test).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
