//! Reads the platforms' settings files, which are HCL or its JSON form, with the position of everything.

use std::path::Path;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Body, Structure};
use miette::{NamedSource, SourceSpan};

use crate::error::{ConventionError, PolicyError, PolicyText};
use crate::{files, source};

/// A settings file: attributes, and blocks with labels and attributes of their own.
pub(super) struct ConfigFile {
    pub text: PolicyText,
    pub attributes: Vec<Attribute>,
    pub blocks: Vec<Block>,
}

/// `kind "label" { … }`.
pub(super) struct Block {
    pub kind: String,
    pub labels: Vec<String>,
    pub attributes: Vec<Attribute>,
    pub at: SourceSpan,
}

/// `key = value`.
pub(super) struct Attribute {
    pub key: String,
    pub value: Scalar,
    pub at: SourceSpan,
}

/// A value; these files need only strings and booleans.
pub(super) enum Scalar {
    Text(String),
    Bool(bool),
    /// Anything else.
    Other,
}

impl ConfigFile {
    /// Reads a file: JSON if its name ends in `.json`, otherwise HCL.
    pub(super) fn read(path: &Path) -> Result<Self, PolicyError> {
        let text = files::read(path)?;
        let named: PolicyText =
            Arc::new(NamedSource::new(source::display_name(path), Arc::<str>::from(text.as_str())));
        if path.extension().is_some_and(|extension| extension == "json") {
            Self::from_json(named, &text)
        } else {
            Self::from_hcl(named, &text)
        }
    }

    fn from_hcl(text: PolicyText, hcl: &str) -> Result<Self, PolicyError> {
        let body = parse_body(hcl).map_err(|error| {
            let at = error.location().offset().min(hcl.len());
            let reason = format!("this is not HCL: {}", error.message().replace('\n', " "));
            invalid(&text, (at, usize::from(at < hcl.len())).into(), &reason, "correct the file")
        })?;
        let mut file = Self { attributes: attributes(&body), blocks: Vec::new(), text };
        for block in body.blocks() {
            file.blocks.push(Block {
                kind: block.ident.as_str().to_owned(),
                labels: block.labels.iter().map(|label| label.as_str().to_owned()).collect(),
                attributes: attributes(&block.body),
                at: span(block.ident.span()),
            });
            if let Some(inner) = block.body.blocks().next() {
                let reason = format!("a block `{}` does not belong inside another", inner.ident.as_str());
                return Err(file.invalid(span(inner.ident.span()), &reason, "remove it"));
            }
        }
        Ok(file)
    }

    /// The JSON form: `{"kind": {"label": {…}}}`, where an array of objects may replace an object.
    fn from_json(text: PolicyText, json: &str) -> Result<Self, PolicyError> {
        let root: serde_json::Value = serde_json::from_str(json).map_err(|error| {
            let start =
                json.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
            let at = (start + error.column().saturating_sub(1)).min(json.len());
            invalid(&text, (at, 0).into(), &format!("this is not JSON: {error}"), "correct the file")
        })?;
        let place = |key: &str| {
            let quoted = format!("\"{key}\"");
            json.find(&quoted).map_or((0, 0).into(), |at| (at, quoted.len()).into())
        };
        let mut file = Self { attributes: Vec::new(), blocks: Vec::new(), text };
        for (kind, value) in objects(&root) {
            if !value.is_object() && !value.is_array() {
                file.attributes.push(Attribute { key: kind.clone(), value: scalar(value), at: place(kind) });
                continue;
            }
            for (label, value) in objects(value) {
                let attributes = objects(value).map(|(key, value)| Attribute {
                    key: key.clone(),
                    value: scalar(value),
                    at: place(key),
                });
                file.blocks.push(Block {
                    kind: kind.clone(),
                    labels: vec![label.clone()],
                    attributes: attributes.collect(),
                    at: place(label),
                });
            }
        }
        Ok(file)
    }

    /// An error at a position in the file.
    pub(super) fn invalid(&self, at: SourceSpan, reason: &str, help: &str) -> PolicyError {
        invalid(&self.text, at, reason, help)
    }
}

impl Block {
    /// The attribute with this key.
    pub(super) fn attribute(&self, key: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.key == key)
    }
}

fn invalid(text: &PolicyText, at: SourceSpan, reason: &str, help: &str) -> PolicyError {
    let before = text.inner().get(..at.offset()).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    PolicyError::Convention(ConventionError::InvalidConfiguration {
        place: format!("{}:{line}", text.name()),
        reason: reason.to_owned(),
        text: Arc::clone(text),
        at,
        help: help.to_owned(),
    })
}

fn attributes(body: &Body) -> Vec<Attribute> {
    body.iter()
        .filter_map(|structure| match structure {
            Structure::Attribute(attribute) => Some(Attribute {
                key: attribute.key.as_str().to_owned(),
                value: match &attribute.value {
                    Expression::String(text) => Scalar::Text(text.as_str().to_owned()),
                    Expression::Bool(value) => Scalar::Bool(*value.value()),
                    _ => Scalar::Other,
                },
                at: span(attribute.key.span()),
            }),
            Structure::Block(_) => None,
        })
        .collect()
}

fn span(range: Option<std::ops::Range<usize>>) -> SourceSpan {
    range.map_or((0, 0).into(), |range| (range.start, range.len()).into())
}

fn objects(value: &serde_json::Value) -> impl Iterator<Item = (&String, &serde_json::Value)> {
    let several = value.as_array().into_iter().flatten();
    let maps = several.chain(value.is_object().then_some(value)).filter_map(serde_json::Value::as_object);
    maps.flatten()
}

fn scalar(value: &serde_json::Value) -> Scalar {
    match value {
        serde_json::Value::String(text) => Scalar::Text(text.clone()),
        serde_json::Value::Bool(value) => Scalar::Bool(*value),
        serde_json::Value::Null
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => Scalar::Other,
    }
}
