//! A plan as a picture of boxes and arrows: modules or blocks, what is done with them, and what depends on what.

mod affected;
mod boxes;
mod fold;
mod layout;
mod reduce;
mod select;
#[cfg(test)]
mod testing;

use planguard_plan::input::Document;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{Dependencies, Plan};

pub use affected::Affected;
pub(crate) use layout::MOST_CHARACTERS;
pub use layout::{Picture, Route, Spot};

use boxes::Blocks;
use select::Shown;

use crate::show::{Deed, ShowError, origin, read};
use crate::sources::{SourceDirectory, Sources};

/// What a picture shows.
#[derive(Clone, Debug, Default)]
pub struct GraphOptions {
    /// What stands for a box.
    pub by: By,
    /// Show only what is near this block or module: an address without keys.
    pub focus: Option<String>,
    /// How many arrows away from it.
    pub hops: usize,
    /// Leave out what the plan does nothing with.
    pub changed: bool,
    /// Where the files of the configuration are: they tell what local values and `dynamic` blocks refer to.
    pub source: SourceDirectory,
}

/// What stands for a box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// Modules if the plan has some, or else blocks; so few that somebody can read the picture.
    #[default]
    Auto,
    /// Modules.
    Module,
    /// Blocks of resources and data sources.
    Block,
}

/// A picture of a plan.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The origin of the plan.
    pub origin: SafeText,
    /// The boxes, in the order of their addresses.
    pub boxes: Vec<GraphBox>,
    /// The arrows, from what depends to what it depends on.
    pub arrows: Vec<Arrow>,
    /// References that the plan cannot resolve, with the number of blocks that have them.
    pub unresolved: Vec<(SafeText, usize)>,
    /// Whether the plan has a configuration. Without one, only the state tells what depends on what.
    pub has_configuration: bool,
    /// How many boxes the options leave out.
    pub left_out: usize,
    /// What the picture is about, if that was asked for: boxes far from it are left out.
    pub focus: Option<SafeText>,
    /// Whether boxes are left out with which the plan does nothing.
    pub only_changed: bool,
    /// How many objects exist of which the plan says nothing, as one of `-refresh-only`.
    pub without_changes: usize,
    /// What has been folded, so that somebody can read the picture.
    pub folded: Option<Folded>,
    /// How many arrows are left out of the picture, because others lead the same way.
    pub implied: usize,
    /// What depends on what is destroyed or replaced.
    pub affected: Vec<Affected>,
}

/// What has been folded into fewer boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded {
    /// What would stand for a box.
    pub by: By,
    /// How many boxes there would be.
    pub whole: usize,
    /// Whether modules are folded into those that call them, or blocks into their types.
    pub is_coarser: bool,
    /// What one more box stands for, and for how many.
    pub rest: Option<(FoldedRest, usize)>,
}

/// What is folded into one box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoldedRest {
    /// What stays as it is.
    Unchanged,
    /// What matters least, with which something is done nevertheless.
    LeastNotable,
}

/// A module or block.
#[derive(Clone, Debug)]
pub struct GraphBox {
    /// Its address without keys; empty for the root module.
    pub address: SafeText,
    /// What stands for it in a picture.
    pub label: SafeText,
    /// The module that it is in, without keys; empty for the root module.
    pub module: SafeText,
    /// What it is.
    pub kind: BoxKind,
    /// How many objects it has in this plan.
    pub instances: usize,
    /// What is done with how many of them; the rest stays as it is.
    pub deeds: Vec<(Deed, usize)>,
}

impl GraphBox {
    /// What of it a reviewer must look at most; `None` if nothing is done.
    pub fn worst(&self) -> Option<&Deed> {
        self.deeds.iter().map(|(deed, _)| deed).max_by_key(|deed| deed.weight())
    }
}

/// What a box is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BoxKind {
    /// A module with all that is in it.
    Module,
    /// A block of a resource.
    Resource,
    /// A block of a data source.
    Data,
    /// All blocks of a type.
    Type,
    /// What there is no room for.
    Rest,
}

/// That something depends on something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The position of the box that depends.
    pub from: usize,
    /// The position of the box that it depends on.
    pub to: usize,
    /// How many dependencies between blocks it stands for.
    pub count: usize,
    /// Whether only the state tells of it.
    pub only_state: bool,
}

impl Graph {
    /// Draws a plan.
    ///
    /// # Errors
    /// The document is not a plan, its parts contradict each other, or nothing has the address of `focus`.
    pub fn of(document: &Document, options: &GraphOptions) -> Result<Self, ShowError> {
        let origin = origin(document);
        let (plan, redactor) = read(document, &origin)?;
        let sources = Sources::new(options.source.clone());
        if let SourceDirectory::Named(directory) = &options.source
            && sources.of(&plan, document.origin()).is_none()
        {
            return Err(ShowError::OtherSource { directory: directory.clone() });
        }
        let dependencies = sources.dependencies(&plan, document.origin());
        let blocks = Blocks::of(&plan, &dependencies, &redactor);
        let near = match &options.focus {
            Some(focus) => Some(select::near(&blocks, focus, options.hops)?),
            None => None,
        };
        let shown = Shown { by: options.by, near: near.as_ref(), changed: options.changed };
        let drawn = select::drawn(&blocks, &shown, &redactor).with(&blocks, &dependencies, &redactor, origin);
        Ok(Self {
            focus: options.focus.as_deref().map(|focus| redactor.text(focus)),
            only_changed: options.changed,
            without_changes: plan.objects_without_changes(),
            ..drawn
        })
    }

    /// The whole of a plan that was read, once by its modules and once by its blocks.
    pub(crate) fn of_plan(
        plan: &Plan<'_>,
        dependencies: &Dependencies,
        redactor: &Redactor,
        origin: &SafeText,
    ) -> (Self, Self) {
        let blocks = Blocks::of(plan, dependencies, redactor);
        let drawn = |by: By| {
            let shown = Shown { by, near: None, changed: false };
            select::drawn(&blocks, &shown, redactor).with(&blocks, dependencies, redactor, origin.clone())
        };
        (drawn(By::Auto), drawn(By::Block))
    }

    /// The picture with what is said of the whole plan.
    fn with(
        self,
        blocks: &Blocks,
        dependencies: &Dependencies,
        redactor: &Redactor,
        origin: SafeText,
    ) -> Self {
        let unresolved = dependencies.unresolved.iter();
        Self {
            affected: affected::affected(blocks, redactor),
            unresolved: unresolved.map(|(name, number)| (redactor.text(name), *number)).collect(),
            has_configuration: dependencies.has_configuration,
            origin,
            ..self
        }
    }

    /// The graph to look at: of more arrows than anybody can follow, those are left out that others imply.
    #[must_use]
    pub fn readable(&self) -> Self {
        reduce::without_implied(self)
    }

    /// Places the boxes in layers, those that depend on others above them. The same graph has the same picture, always.
    pub fn picture(&self) -> Picture {
        layout::picture(self)
    }
}
