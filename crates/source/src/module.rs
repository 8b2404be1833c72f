//! The resources and module calls of one module, as one tool reads them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use planguard_plan::Mode;

use crate::body::{Block, Body};
use crate::directory::{self, ConfigFile, Content, Tool};
use crate::place::{SourceFile, Spot};

/// A module: the blocks of all its files.
#[derive(Debug)]
pub(crate) struct Module {
    terraform: View,
    /// `None` if OpenTofu reads the same files.
    opentofu: Option<View>,
}

/// What one tool sees of a module.
#[derive(Debug, Default)]
pub(crate) struct View {
    resources: BTreeMap<(Mode, String, String), Definition>,
    calls: BTreeMap<String, Definition>,
    variables: BTreeMap<String, Definition>,
    locals: Definition,
    /// An override file could not be read: it may define any attribute.
    pub(crate) has_unread_override: bool,
}

/// All blocks with the same name.
#[derive(Debug, Default)]
pub(crate) struct Definition {
    /// One, or the configuration is invalid.
    base: Vec<Declaration>,
    /// Those of override files; later ones win.
    overrides: Vec<Declaration>,
}

/// One block and its file.
#[derive(Clone, Debug)]
pub(crate) struct Declaration {
    file: Arc<SourceFile>,
    body: Arc<Body>,
    /// The positions of the block and of the blocks around it.
    path: Vec<usize>,
}

impl Module {
    pub(crate) fn new(files: &[ConfigFile]) -> Self {
        let opentofu = files.iter().any(ConfigFile::is_for_opentofu);
        Self {
            terraform: View::new(&directory::read_by(files, Tool::Terraform)),
            opentofu: opentofu.then(|| View::new(&directory::read_by(files, Tool::OpenTofu))),
        }
    }

    pub(crate) fn view(&self, tool: Tool) -> &View {
        match (tool, &self.opentofu) {
            (Tool::OpenTofu, Some(view)) => view,
            (Tool::OpenTofu | Tool::Terraform, _) => &self.terraform,
        }
    }

    /// Whether the tools read different files.
    pub(crate) const fn depends_on_tool(&self) -> bool {
        self.opentofu.is_some()
    }
}

impl View {
    fn new(files: &[&ConfigFile]) -> Self {
        let mut view = Self::default();
        for file in files {
            let Some(content) = &file.content else {
                view.has_unread_override |= file.is_override();
                continue;
            };
            view.add(content, &content.body.blocks, &[], file.is_override());
        }
        view
    }

    fn add(&mut self, content: &Content, blocks: &[Block], above: &[usize], is_override: bool) {
        for (position, block) in blocks.iter().enumerate() {
            let path = [above, &[position]].concat();
            let definition = match (block.kind.as_str(), block.labels.as_slice()) {
                ("resource" | "data" | "ephemeral" | "action", [resource_type, name]) => {
                    let mode = match block.kind.as_str() {
                        "data" => Mode::Data,
                        "ephemeral" => Mode::Ephemeral,
                        "action" => Mode::Action,
                        _ => Mode::Managed,
                    };
                    self.resources.entry((mode, resource_type.clone(), name.clone())).or_default()
                }
                ("module", [name]) => self.calls.entry(name.clone()).or_default(),
                ("variable", [name]) => self.variables.entry(name.clone()).or_default(),
                ("locals", []) => &mut self.locals,
                // The data source of a check is one of the module.
                ("check", [_]) => {
                    self.add(content, &block.body.blocks, &path, is_override);
                    continue;
                }
                _ => continue,
            };
            let declaration =
                Declaration { file: Arc::clone(&content.file), body: Arc::clone(&content.body), path };
            if is_override {
                definition.overrides.push(declaration);
            } else {
                definition.base.push(declaration);
            }
        }
    }

    pub(crate) fn resource(&self, mode: Mode, resource_type: &str, name: &str) -> Option<&Definition> {
        self.resources.get(&(mode, resource_type.to_owned(), name.to_owned()))
    }

    pub(crate) fn call(&self, name: &str) -> Option<&Definition> {
        self.calls.get(name)
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&Definition> {
        self.variables.get(name)
    }

    /// All `locals` blocks, each with locals of its own.
    pub(crate) const fn locals(&self) -> &Definition {
        &self.locals
    }

    pub(crate) fn calls(&self) -> impl Iterator<Item = (&str, &Definition)> {
        self.calls.iter().map(|(name, call)| (name.as_str(), call))
    }
}

impl Definition {
    /// The block that others override; `None` if there are several, or none.
    pub(crate) fn base(&self) -> Option<&Declaration> {
        match self.base.as_slice() {
            [base] => Some(base),
            _ => None,
        }
    }

    /// The blocks of override files from the one that wins on, then the others.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Declaration> {
        self.overrides.iter().rev().chain(&self.base)
    }

    /// The blocks from the one that wins to the base.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Declaration> {
        self.overrides.iter().rev().chain(self.base())
    }
}

impl Declaration {
    /// The block; `None` never happens.
    pub(crate) fn block(&self) -> Option<&Block> {
        let (last, above) = self.path.split_last()?;
        let mut blocks = &self.body.blocks;
        for position in above {
            blocks = &blocks.get(*position)?.body.blocks;
        }
        blocks.get(*last)
    }

    /// The header of the block.
    pub(crate) fn spot(&self) -> Spot {
        self.at(&self.block().map(|block| block.header.clone()).unwrap_or_default())
    }

    /// A range in its file.
    pub(crate) fn at(&self, span: &Range<usize>) -> Spot {
        self.file.spot(span)
    }
}
