//! Reads the YAML that is the text of an attribute, such as a manifest, into values of a plan. It reads as Kubernetes
//! does: `yes` and `on` are booleans.
//!
//! Policies have a reader of their own in the crate of the Rego engine: it makes values of the engine, with all of OPA's
//! peculiarities.

use std::borrow::Cow;
use std::collections::HashMap;

use planguard_plan::{Object, Value};
use saphyr_parser::{Event, Parser, ScalarStyle};

/// The maximum depth of a document.
const NESTING: usize = 128;

/// The maximum number of values of a text, with all aliases expanded.
const VALUES: usize = 100_000;

/// The maximum number of open brackets in a text: the parser recurses on them.
const OPEN_BRACKETS: usize = 1_000;

/// The documents of a text that are mappings or lists; the line of the mistake if it is not YAML.
pub(crate) fn documents(text: &str) -> Result<Vec<Value<'static>>, usize> {
    let mut open = 0usize;
    for (line, content) in text.lines().enumerate() {
        for byte in content.bytes() {
            match byte {
                b'[' | b'{' => open += 1,
                b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
        }
        if open > OPEN_BRACKETS {
            return Err(line + 1);
        }
    }
    // What does not end is noticed behind the last line.
    let last = text.lines().count().max(1);
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.marker().line().min(last))?;
        builder.take(event).ok_or_else(|| span.start.line().min(last))?;
    }
    Ok(builder.documents)
}

#[derive(Clone)]
struct Node {
    value: Value<'static>,
    /// The number of values in it.
    size: usize,
}

enum Collection {
    Sequence(Vec<Value<'static>>),
    Mapping { members: Vec<(Cow<'static, str>, Value<'static>)>, key: Option<Value<'static>> },
}

struct Open {
    collection: Collection,
    anchor: usize,
    size: usize,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    documents: Vec<Value<'static>>,
    values: usize,
}

impl Builder {
    /// Takes an event; `None` if it asks for too much, or has a key that is no text.
    fn take(&mut self, event: Event<'_>) -> Option<()> {
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Some(()),
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor)?.clone();
                self.add(node)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                let value =
                    if is_plain { plain(&text) } else { Value::String(Cow::Owned(text.into_owned())) };
                self.finish(Node { value, size: 1 }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.enter(Collection::Sequence(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => {
                self.enter(Collection::Mapping { members: Vec::new(), key: None }, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Open { collection, anchor, size } = self.open.pop()?;
                let value = match collection {
                    Collection::Sequence(elements) => Value::Array(elements),
                    Collection::Mapping { members, .. } => Value::Object(Object::new(members)),
                };
                self.finish(Node { value, size: size + 1 }, anchor)
            }
        }
    }

    fn enter(&mut self, collection: Collection, anchor: usize) -> Option<()> {
        (self.open.len() < NESTING).then(|| self.open.push(Open { collection, anchor, size: 0 }))
    }

    fn finish(&mut self, node: Node, anchor: usize) -> Option<()> {
        // Zero means no anchor.
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.add(node)
    }

    fn add(&mut self, node: Node) -> Option<()> {
        self.values += node.size;
        if self.values > VALUES {
            return None;
        }
        let Some(open) = self.open.last_mut() else {
            if matches!(node.value, Value::Array(_) | Value::Object(_)) {
                self.documents.push(node.value);
            }
            return Some(());
        };
        open.size += node.size;
        match &mut open.collection {
            Collection::Sequence(elements) => elements.push(node.value),
            Collection::Mapping { members, key } => match key.take() {
                None => *key = Some(node.value),
                // `<<` takes over the members of another mapping that this one does not have.
                Some(Value::String(merge)) if merge == "<<" => {
                    let Value::Object(object) = node.value else { return None };
                    members.splice(0..0, object.into_members());
                }
                Some(key) => members.push((name(key)?, node.value)),
            },
        }
        Some(())
    }
}

/// JSON allows only texts as keys.
fn name(key: Value<'static>) -> Option<Cow<'static, str>> {
    match key {
        Value::String(text) => Some(text),
        Value::Bool(value) => Some(Cow::Owned(value.to_string())),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a text without quotes means.
fn plain(text: &str) -> Value<'static> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ => {
            let is_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
            match text.parse::<serde_json::Number>() {
                Ok(number) if is_number => Value::Number(number.into()),
                Ok(_) | Err(_) => Value::String(Cow::Owned(text.to_owned())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use planguard_plan::DuplicateKeys;

    use super::*;

    fn json(text: &str) -> Value<'_> {
        Value::parse(text, &DuplicateKeys::default()).unwrap()
    }

    #[test]
    fn yaml_reads_as_json_does() {
        for (yaml, wanted) in [
            ("a: 1\nb: [x, 'true', true, yes, ~]", r#"[{"a": 1, "b": ["x", "true", true, true, null]}]"#),
            ("kind: Pod\n---\nkind: Service\n---\n# nothing\n", r#"[{"kind": "Pod"}, {"kind": "Service"}]"#),
            (
                "base: &b {x: 1, y: 2}\nc:\n  <<: *b\n  y: 3",
                r#"[{"base": {"x": 1, "y": 2}, "c": {"x": 1, "y": 3}}]"#,
            ),
            ("8080: web\ntext: |\n  a\n  b\n", r#"[{"8080": "web", "text": "a\nb\n"}]"#),
            ("mode: 0644\nversion: 1.10\nname: -x", r#"[{"mode": "0644", "version": 1.10, "name": "-x"}]"#),
            ("just text", "[]"),
            ("", "[]"),
        ] {
            assert_eq!(Value::Array(documents(yaml).unwrap()), json(wanted), "{yaml}");
        }
    }

    #[test]
    fn what_is_no_yaml_is_refused_by_its_line() {
        assert_eq!(documents("a: b\nc: [1, 2"), Err(2));
        assert!(documents("a: *missing").is_err());
        let bomb: String = (1..9)
            .map(|level| {
                format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "))
            })
            .collect();
        assert!(documents(&format!("a0: &a0 [x, x, x, x, x, x, x, x, x]\n{bomb}")).is_err());
        assert!(documents(&"[".repeat(5_000)).is_err());
        assert!(documents(&"- ".repeat(500)).is_err());
    }
}
