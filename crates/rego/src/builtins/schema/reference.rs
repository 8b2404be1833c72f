//! `$id` and `$ref`: which schema a reference means.

use std::collections::{BTreeMap, HashMap};

use regorus::Value;

use super::compile::Problem;
use super::node::Draft;
use crate::builtins::Failure;

/// How deeply documents may nest.
const NESTING: usize = 250;

/// The schemas that references can mean, by their URI.
pub(super) struct Pool {
    documents: HashMap<String, Value>,
    draft: Option<Draft>,
}

impl Pool {
    /// Finds all that has an identifier; `$ref` becomes absolute on the way.
    pub(super) fn of(root: &Value, draft: Option<Draft>) -> Result<(Self, Value), Problem> {
        let mut pool = Self { documents: HashMap::new(), draft };
        let root = pool.visit(root, "", 0)?;
        pool.documents.insert(String::new(), root.clone());
        Ok((pool, root))
    }

    fn visit(&mut self, value: &Value, base: &str, depth: usize) -> Result<Value, Problem> {
        if depth > NESTING {
            let reason = format!("the schema is nested more than {NESTING} levels deep");
            return Err(Problem::Failure(Failure::TooLarge(reason)));
        }
        match value {
            Value::Array(elements) => {
                let elements: Result<Vec<Value>, Problem> =
                    elements.iter().map(|element| self.visit(element, base, depth + 1)).collect();
                Ok(elements?.into())
            }
            Value::Object(object) => {
                let id = match &value["id"] {
                    Value::Undefined => &value["$id"],
                    id => id,
                };
                let local = id.as_string().ok().map(|id| resolve(base, id));
                let inner = local.as_deref().unwrap_or(base);
                let mut visited = BTreeMap::new();
                for (key, member) in object.iter() {
                    let name = key.as_string().map(|key| key.as_ref()).unwrap_or("");
                    let member = match (name, member) {
                        ("$ref", Value::String(reference)) => resolve(inner, reference).into(),
                        // What they hold is taken literally.
                        ("const" | "enum", _) => member.clone(),
                        // The names in them are not keywords.
                        ("properties" | "dependencies" | "patternProperties", Value::Object(members)) => {
                            let mut schemas = BTreeMap::new();
                            for (key, schema) in members.iter() {
                                schemas.insert(key.clone(), self.visit(schema, inner, depth + 1)?);
                            }
                            schemas.into()
                        }
                        _ => self.visit(member, inner, depth + 1)?,
                    };
                    visited.insert(key.clone(), member);
                }
                let visited = Value::from(visited);
                if let Some(local) = local {
                    self.documents.entry(local).or_insert_with(|| visited.clone());
                }
                Ok(visited)
            }
            other => Ok(other.clone()),
        }
    }

    /// What a reference means, and the version in which it is written.
    pub(super) fn get(&self, reference: &str) -> Result<(Value, Option<Draft>), Problem> {
        if let Some(document) = self.documents.get(reference) {
            return Ok((document.clone(), self.draft));
        }
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if let Some(document) = self.documents.get(base) {
            return pointed_at(document, fragment).map(|document| (document, self.draft));
        }
        if !has_scheme(reference) {
            return Err(Problem::Invalid(format!("Reference {reference} must be canonical")));
        }
        let reason = format!("schemas elsewhere are not fetched: {reference}");
        Err(Problem::Failure(Failure::Unsupported(reason)))
    }
}

/// The part of a document that a JSON pointer means. A fragment that is none means all of it.
fn pointed_at(document: &Value, fragment: &str) -> Result<Value, Problem> {
    let pointer = unescape(fragment);
    let Some(pointer) = pointer.strip_prefix('/') else { return Ok(document.clone()) };
    let mut part = document;
    for token in pointer.split('/') {
        let token = token.replace("~1", "/").replace("~0", "~");
        let missing = match part {
            Value::Object(_) => format!("Object has no key '{token}'"),
            Value::Array(_) => format!("Invalid array index '{token}'"),
            _ => format!("Invalid token reference '{token}'"),
        };
        let found = match part {
            Value::Array(_) => token.parse::<u64>().ok().map(|index| &part[&Value::from(index)]),
            Value::Object(_) => Some(&part[token.as_str()]),
            _ => None,
        };
        part = found.filter(|found| **found != Value::Undefined).ok_or(Problem::Invalid(missing))?;
    }
    Ok(part.clone())
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = match (byte, after) {
            (b'%', [high, low, ..]) => std::str::from_utf8(&[*high, *low])
                .ok()
                .filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()))
                .and_then(|code| u8::from_str_radix(code, 16).ok()),
            _ => None,
        };
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn has_scheme(reference: &str) -> bool {
    reference.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// The reference, seen from `base` (RFC 3986, section 5.2).
fn resolve(base: &str, reference: &str) -> String {
    let base = base.split('#').next().unwrap_or("");
    let reference = reference.strip_suffix('#').unwrap_or(reference);
    if reference.is_empty() || reference.starts_with('#') {
        return format!("{base}{reference}");
    }
    if has_scheme(reference) {
        return reference.to_owned();
    }
    let (scheme, rest) = match base.split_once(':').filter(|_| has_scheme(base)) {
        Some((scheme, rest)) => (format!("{scheme}:"), rest),
        None => (String::new(), base),
    };
    if reference.starts_with("//") {
        return format!("{scheme}{reference}");
    }
    let (authority, path) = match rest.strip_prefix("//") {
        Some(after) => rest.split_at(2 + after.find('/').unwrap_or(after.len())),
        None => ("", rest),
    };
    let (path_of_reference, fragment) = reference.split_at(reference.find('#').unwrap_or(reference.len()));
    let directory = path.rfind('/').map_or("", |at| &path[..at]);
    let joined = match path_of_reference.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => format!("{}/{path_of_reference}", directory.trim_start_matches('/')),
    };
    let mut segments: Vec<&str> = Vec::new();
    for segment in joined.trim_start_matches('/').split('/') {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    format!("{scheme}{authority}/{}{fragment}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        for (base, reference, resolved) in [
            ("", "#", ""),
            ("", "#/definitions/a", "#/definitions/a"),
            ("", "a.json", "/a.json"),
            ("http://a.b/c", "#/d", "http://a.b/c#/d"),
            ("http://a.b/c#x", "d", "http://a.b/d"),
            ("http://a.b/c/d/e", "../f#g", "http://a.b/c/f#g"),
            ("http://a.b", "c", "http://a.b/c"),
            ("http://a.b/c", "/d/e", "http://a.b/d/e"),
            ("http://a.b/c", "//d/e", "http://d/e"),
            ("http://a.b/c", "https://d/e#", "https://d/e"),
        ] {
            assert_eq!(resolve(base, reference), resolved, "{reference} from {base}");
        }
    }

    #[test]
    fn fragments_are_unescaped() {
        assert_eq!(unescape("/a%25b%2f%zz%4"), "/a%b/%zz%4");
    }
}
