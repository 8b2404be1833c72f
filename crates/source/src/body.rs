//! The bodies of blocks, whatever syntax they are written in.

use std::ops::Range;

/// What is between the braces of a block, in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) blocks: Vec<Block>,
}

/// `name = value`.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// From the name to the end of the value.
    pub(crate) at: Range<usize>,
    pub(crate) value: Expression,
    /// What it refers to, as a plan writes it: `aws_vpc.main.id`. Only of local values and in `dynamic` blocks, of which a plan
    /// does not tell that.
    pub(crate) references: Vec<String>,
}

/// `kind "label" { … }`.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) kind: String,
    pub(crate) labels: Vec<String>,
    /// The kind and the labels.
    pub(crate) header: Range<usize>,
    pub(crate) body: Body,
}

/// The value of an attribute, as far as it is written there.
#[derive(Debug)]
pub(crate) enum Expression {
    Null,
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A text without templates.
    Text(String),
    List(Vec<Self>),
    Object(Vec<Member>),
    /// Nothing but a variable of the module or a local value.
    Reference(Reference),
    /// Anything else that has to be evaluated.
    Other,
}

/// `var.NAME` or `local.NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    Variable(String),
    Local(String),
}

/// `key = value` in an object.
#[derive(Debug)]
pub(crate) struct Member {
    /// `None` for a key that has to be evaluated.
    pub(crate) key: Option<String>,
    /// From the key to the end of the value.
    pub(crate) at: Range<usize>,
    pub(crate) value: Expression,
}

impl Body {
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The blocks of a kind, and the `dynamic` blocks that make such blocks.
    pub(crate) fn blocks_of<'b>(&'b self, kind: &'b str) -> impl Iterator<Item = &'b Block> {
        self.blocks.iter().filter(move |block| block.makes(kind))
    }
}

impl Body {
    /// All references in it.
    pub(crate) fn references(&self) -> Vec<String> {
        let own = self.attributes.iter().flat_map(|attribute| &attribute.references).cloned();
        own.chain(self.blocks.iter().flat_map(|block| block.body.references())).collect()
    }
}

impl Block {
    pub(crate) fn is_dynamic(&self) -> bool {
        self.kind == "dynamic" && self.labels.len() == 1
    }

    /// Whether it is, or makes, a block of this kind.
    fn makes(&self, kind: &str) -> bool {
        self.made() == kind
    }

    /// The kind of the blocks that it is or makes.
    pub(crate) fn made(&self) -> &str {
        match self.labels.as_slice() {
            [label] if self.kind == "dynamic" => label,
            _ => &self.kind,
        }
    }

    /// The body that the block has in the end: that of `content` for a `dynamic` block, if it is written exactly once.
    pub(crate) fn content(&self) -> Option<&Body> {
        if !self.is_dynamic() {
            return Some(&self.body);
        }
        let mut contents = self.body.blocks.iter().filter(|block| block.kind == "content");
        let first = contents.next()?;
        contents.next().is_none().then_some(&first.body)
    }
}

impl Expression {
    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null
            | Self::Reference(_)
            | Self::Bool(_)
            | Self::Number(_)
            | Self::List(_)
            | Self::Object(_)
            | Self::Other => None,
        }
    }

    /// What the value is a copy of, by itself or as the only element of a list.
    pub(crate) fn reference(&self) -> Option<Reference> {
        match self {
            Self::Reference(reference) => Some(reference.clone()),
            Self::List(elements) => match elements.as_slice() {
                [Self::Reference(reference)] => Some(reference.clone()),
                _ => None,
            },
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Object(_) | Self::Other => {
                None
            }
        }
    }

    /// A text in quotes, which may be a template.
    pub(crate) fn of_quoted(text: &str) -> Self {
        if !text.contains("${") && !text.contains("%{") {
            return Self::Text(text.to_owned());
        }
        // The JSON form of a reference.
        let inside = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        inside.and_then(Reference::parse).map_or(Self::Other, Self::Reference)
    }
}

impl Reference {
    /// Reads `var.NAME` or `local.NAME`; `None` for any other text.
    fn parse(text: &str) -> Option<Self> {
        let (root, name) = text.trim().split_once('.')?;
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        if is_name { Self::new(root, name) } else { None }
    }

    pub(crate) fn new(root: &str, name: &str) -> Option<Self> {
        match root {
            "var" => Some(Self::Variable(name.to_owned())),
            "local" => Some(Self::Local(name.to_owned())),
            _ => None,
        }
    }
}
