//! Follows a value that is a copy to where it comes from.

use std::path::{Path, PathBuf};

use crate::body::Reference;
use crate::module::{Declaration, Definition, View};
use crate::place::Spot;

/// A module, and the calls that lead to it.
#[derive(Debug, Default)]
pub(crate) struct Scope<'c> {
    /// Its directory, relative to the root.
    pub(crate) directory: PathBuf,
    /// The names of the calls, joined by dots.
    key: String,
    /// The directory of each caller, and its call.
    callers: Vec<(PathBuf, &'c Definition)>,
}

impl<'c> Scope<'c> {
    /// Goes into a called module. `called` finds its directory by its key and that of the caller.
    pub(crate) fn enter(
        &mut self,
        name: &str,
        call: &'c Definition,
        called: impl FnOnce(&str, &Path) -> Option<PathBuf>,
    ) -> Option<()> {
        push_key(&mut self.key, name);
        let directory = called(&self.key, &self.directory)?;
        self.callers.push((std::mem::replace(&mut self.directory, directory), call));
        Some(())
    }

    /// What a reference in this module is a copy of, and that in turn. `view` has the blocks of a directory.
    pub(crate) fn origins(
        mut self,
        mut reference: Reference,
        view: impl Fn(&Path) -> Option<&'c View>,
    ) -> Vec<Spot> {
        let mut from = Vec::new();
        // An override file that cannot be read may set anything.
        while let Some(view) = view(&self.directory).filter(|view| !view.has_unread_override) {
            let origin = match &reference {
                Reference::Local(name) => attribute(view.locals(), name),
                Reference::Variable(name) => {
                    let variable = view.variable(name);
                    match self.callers.pop() {
                        None => variable.and_then(Definition::base).map(|base| (base.spot(), None)),
                        Some((caller, call)) => match attribute(call, name) {
                            Some(argument) => {
                                self.directory = caller;
                                Some(argument)
                            }
                            None => variable
                                .and_then(|variable| attribute(variable, "default"))
                                .map(|(default, _)| (default, None)),
                        },
                    }
                }
            };
            // Local values can refer to each other in a circle.
            let Some((spot, next)) = origin.filter(|(spot, _)| !from.contains(spot)) else { break };
            from.push(spot);
            let Some(next) = next else { break };
            reference = next;
        }
        from
    }
}

/// Appends the name of a call to the key of its module.
pub(crate) fn push_key(key: &mut String, name: &str) {
    if !key.is_empty() {
        key.push('.');
    }
    key.push_str(name);
}

/// An attribute of the blocks of one name, and what it is a copy of.
fn attribute(definition: &Definition, name: &str) -> Option<(Spot, Option<Reference>)> {
    let of_block = |declaration: &Declaration| {
        let attribute = declaration.block()?.body.attribute(name)?;
        Some((declaration.at(&attribute.at), attribute.value.reference()))
    };
    definition.all().find_map(of_block)
}
