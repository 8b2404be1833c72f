//! Mappings: how an object of a generic provider is written, and which known type it is. One file for each provider.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::path::{PathPattern, PatternStep};
use super::predicate::{CompanionDirection, Literal};
use super::raw::Texts;
use super::schema::{Place, key, known_type};
use super::{DefinitionError, DefinitionProblem, Guardrail, Predicate};

/// How objects of generic types are objects of a known type.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mapping {
    /// The generic resource types.
    pub from: Vec<String>,
    /// What selects the objects, if not all of them are meant.
    pub kind: Option<MappedKind>,
    /// The attribute whose object, or whose JSON or YAML text, describes the object; the resource itself if `None`.
    pub body: Option<PathPattern>,
    /// The part of the body that must be there, if the known type is only a part of the object.
    pub part: Option<PathPattern>,
    /// The known type.
    pub to: String,
    /// What is not written: decided by the service, or left as it is.
    pub absent: Absent,
    /// The attributes of the known type.
    pub attributes: Vec<MappedAttribute>,
}

/// An attribute that says of which kind an object is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MappedKind {
    /// The attribute.
    pub attribute: String,
    /// Its value, regardless of case; what follows on an `@` is a version.
    pub is: String,
}

/// What it means that a mapped object does not have an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absent {
    /// It is not set.
    Unset,
    /// It keeps the value that it has, which nobody knows.
    Kept,
}

/// An attribute of the known type.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MappedAttribute {
    /// Its path; all names but the last are blocks.
    pub to: Vec<String>,
    /// Where its value is; the whole body if empty.
    pub at: PathPattern,
    /// What values are called in the known type; others stay as they are.
    pub values: Vec<(String, Literal)>,
    /// What the service makes of it if it is not set, where that differs from the known type.
    pub unset: Option<Literal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    mapping: Vec<toml::Spanned<RawMapping>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMapping {
    from: Texts,
    kind: Option<MappedKind>,
    body: Option<String>,
    part: Option<String>,
    to: String,
    absent: Option<Absent>,
    #[serde(default)]
    same: Vec<String>,
    #[serde(default)]
    attributes: BTreeMap<String, RawAttribute>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAttribute {
    at: String,
    #[serde(default)]
    values: BTreeMap<String, toml::Value>,
    unset: Option<toml::Value>,
}

/// Reads a file of mappings. Its attributes must exist in the schemas of the known types.
///
/// # Errors
/// The first mistake in the file.
pub fn read_mappings(file: &str, text: &str) -> Result<Vec<Mapping>, DefinitionError> {
    let line = |offset: usize| 1 + text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count();
    let error = |offset: usize, problem: String| DefinitionError {
        file: file.to_owned(),
        line: line(offset.min(text.len())),
        problem: DefinitionProblem::Syntax(problem),
    };
    let raw: RawFile = toml::from_str(text)
        .map_err(|source| error(source.span().map_or(0, |span| span.start), source.message().to_owned()))?;
    let read = raw.mapping.into_iter().map(|spanned| {
        let offset = spanned.span().start;
        mapping(spanned.into_inner()).map_err(|problem| error(offset, problem))
    });
    read.collect()
}

fn mapping(raw: RawMapping) -> Result<Mapping, String> {
    let place = known_type(&raw.to).map_err(|problem| problem.to_string())?;
    let same = raw.same.into_iter().map(|name| {
        let at = PathPattern::parse(&name)?;
        Ok(MappedAttribute { to: names(&name)?, at, values: Vec::new(), unset: None })
    });
    let own = raw.attributes.into_iter().map(|(name, raw)| {
        let at = if raw.at == "." { PathPattern::default() } else { PathPattern::parse(&raw.at)? };
        let values = raw.values.into_iter().map(|(from, to)| Ok((from, literal(&to)?)));
        Ok(MappedAttribute {
            to: names(&name)?,
            at,
            values: values.collect::<Result<_, String>>()?,
            unset: raw.unset.as_ref().map(literal).transpose()?,
        })
    });
    let attributes = same.chain(own).collect::<Result<Vec<_>, String>>()?;
    for attribute in &attributes {
        walk(place.clone(), &attribute.to)?;
    }
    Ok(Mapping {
        from: raw.from.0,
        kind: raw.kind,
        body: raw.body.as_deref().map(PathPattern::parse).transpose()?,
        part: raw.part.as_deref().map(PathPattern::parse).transpose()?,
        to: raw.to,
        absent: raw.absent.unwrap_or(Absent::Unset),
        attributes,
    })
}

fn names(path: &str) -> Result<Vec<String>, String> {
    let steps = PathPattern::parse(path)?.0.into_iter().map(|step| match step {
        PatternStep::Key(name) => Ok(name),
        PatternStep::Select { .. } => Err(format!("`{path}` selects an element, and an attribute is set")),
    });
    steps.collect()
}

fn walk(mut place: Place, names: &[String]) -> Result<(), String> {
    for name in names {
        place = key(place, name).map_err(|problem| problem.to_string())?;
    }
    Ok(())
}

fn literal(value: &toml::Value) -> Result<Literal, String> {
    match value {
        toml::Value::Boolean(value) => Ok(Literal::Bool(*value)),
        toml::Value::String(text) => Ok(Literal::Text(text.clone())),
        toml::Value::Integer(number) => {
            number.to_string().parse().map(Literal::Number).map_err(|_| format!("`{number}` is not a number"))
        }
        other => Err(format!("`{other}` is neither a text, a number, true nor false")),
    }
}

impl Mapping {
    /// Whether a guardrail can judge the objects: of their attributes, it asks only for those that are mapped.
    pub fn is_enough_for(&self, guardrail: &Guardrail) -> bool {
        guardrail.predicates().all(|predicate| self.has_all(predicate, &[]))
    }

    fn has_all(&self, predicate: &Predicate, above: &[String]) -> bool {
        match predicate {
            Predicate::All(some) | Predicate::Any(some) => some.iter().all(|one| self.has_all(one, above)),
            Predicate::Not(inner) | Predicate::Was(inner) | Predicate::Becomes(inner) => {
                self.has_all(inner, above)
            }
            Predicate::Attribute(attribute) => {
                attribute.test.is_about_value()
                    && (attribute.paths.is_empty() || self.has_one(&attribute.paths, above))
            }
            Predicate::Elements(elements) => {
                self.has_one(&elements.paths, above) && self.has_all_below(&elements.condition)
            }
            Predicate::Count(count) => self.has_one(&count.paths, above),
            Predicate::Document { paths, .. } => self.has_one(paths, above),
            Predicate::Range(range) => [&range.start, &range.end]
                .into_iter()
                .all(|path| self.has_one(std::slice::from_ref(path), above)),
            Predicate::Actions(_) | Predicate::PlanHas { .. } => true,
            Predicate::Companion(companion) => match companion.direction {
                CompanionDirection::RefersToThis => true,
                CompanionDirection::ReferredToByThis => {
                    self.has_one(std::slice::from_ref(&companion.by), above)
                }
            },
            Predicate::Ports(_) => false,
        }
    }

    /// Conditions on elements: a list is mapped as a whole, and its elements are as the known type has them.
    fn has_all_below(&self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::All(some) | Predicate::Any(some) => some.iter().all(|one| self.has_all_below(one)),
            Predicate::Not(inner) => self.has_all_below(inner),
            Predicate::Attribute(attribute) => attribute.test.is_about_value(),
            Predicate::Elements(elements) => self.has_all_below(&elements.condition),
            Predicate::Count(_) | Predicate::Document { .. } | Predicate::Range(_) => true,
            Predicate::Ports(_)
            | Predicate::Companion(_)
            | Predicate::PlanHas { .. }
            | Predicate::Was(_)
            | Predicate::Becomes(_)
            | Predicate::Actions(_) => false,
        }
    }

    /// Whether one of several names is mapped, or is below what is mapped.
    fn has_one(&self, paths: &[PathPattern], above: &[String]) -> bool {
        paths.iter().any(|path| {
            let steps = path.0.iter().map_while(|step| match step {
                PatternStep::Key(name) => Some(name),
                PatternStep::Select { .. } => None,
            });
            let wanted: Vec<&String> = above.iter().chain(steps).collect();
            self.attributes.iter().any(|mapped| {
                mapped.to.len() <= wanted.len()
                    && mapped.to.iter().zip(&wanted).all(|(own, other)| own == *other)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_definitions;
    use super::*;

    const MAPPING: &str = "[[mapping]]\nfrom = \"azapi_resource\"\nkind = { attribute = \"type\", is = \"Microsoft.X/y\" }\n\
        body = \"body\"\nto = \"azurerm_storage_account\"\nsame = [\"min_tls_version\"]\n\
        attributes.\"network_rules.default_action\" = { at = \"properties.acls.defaultAction\", unset = \"Allow\" }\n";

    fn problem(text: &str) -> String {
        read_mappings("x.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn mistakes_are_named_by_their_place() {
        assert!(read_mappings("x.toml", MAPPING).is_ok());
        for (from, to, wanted) in [
            (
                "to = \"azurerm_storage_account\"",
                "to = \"azurerm_storage\"",
                "x.toml:1: no schema has the resource type",
            ),
            (
                "\"min_tls_version\"",
                "\"min_tls\"",
                "x.toml:1: no schema has `azurerm_storage_account.min_tls`",
            ),
            ("body =", "boddy =", "x.toml:4: unknown field `boddy`"),
            ("unset = \"Allow\"", "unset = []", "x.toml:1: `[]` is neither a text"),
        ] {
            let text = MAPPING.replace(from, to);
            assert!(problem(&text).contains(wanted), "{}", problem(&text));
        }
    }

    #[test]
    fn a_guardrail_applies_if_all_it_asks_for_is_mapped() {
        let mapping = &read_mappings("x.toml", MAPPING).unwrap()[0];
        let is_enough = |test: &str| {
            let text = format!(
                "[[guardrail]]\nid = \"aws-x\"\ntitle = \"t\"\nseverity = \"high\"\ncategory = \"exposure\"\n\
                 pack = \"default\"\nresources = [\"azurerm_storage_account\"]\nmessage = \"{{address}} is wrong\"\n\
                 why = \"w\"\nremediation = \"r\"\nfail = {test}\n"
            );
            mapping.is_enough_for(&read_definitions("x.toml", &text).unwrap()[0].guardrail)
        };
        for (test, wanted) in [
            ("{ attribute = \"min_tls_version\", is = \"TLS1_0\" }", true),
            ("{ attribute = [\"old\", \"min_tls_version\"], is = \"TLS1_0\" }", true),
            ("{ attribute = \"network_rules.default_action\", is = \"Allow\" }", true),
            ("{ attribute = \"network_rules\", absent = true }", false),
            ("{ attribute = \"shared_access_key_enabled\", is = true }", false),
            ("{ attribute = \"min_tls_version\", literal = true }", false),
            ("{ related = \"azurerm_storage_share\", by = \"storage_account_id\" }", true),
            ("{ refers_to = \"azurerm_resource_group\", by = \"resource_group_name\" }", false),
        ] {
            assert_eq!(is_enough(test), wanted, "{test}");
        }
    }
}
