//! Rewrites policies so that the engine takes them to mean what OPA takes them to mean.
//!
//! Each pass reads the policy and changes its text; no pass adds or removes a line, so that whatever the engine
//! says of a line is true of the author's. The order of [`PASSES`] matters: each pass can rely on what those
//! before it have done.

mod edit;
mod parse;
mod passes;
mod policy;
mod scope;
mod token;
mod tree;

use self::edit::{Edits, Shifts};
use self::policy::{Policy, RuleNames};
use self::tree::Module;
use super::options::RegoVersion;

/// What the engine gets in the place of the author's text.
#[derive(Clone, Debug)]
pub(super) struct Rewritten {
    pub text: String,
    /// What each pass has moved, in their order.
    shifts: Vec<Shifts>,
}

impl Rewritten {
    /// Where in the author's text something stands that stands at an offset of the engine's.
    pub(super) fn original(&self, offset: usize) -> usize {
        self.shifts.iter().rev().fold(offset, |offset, shifts| shifts.before(offset))
    }
}

/// The names of the rules of all policies that are loaded together.
#[derive(Debug, Default)]
pub(super) struct Known {
    rules: RuleNames,
}

/// A text that the front end could not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// Where it stopped, in bytes.
    pub offset: usize,
}

impl Known {
    /// Adds the rules of a policy, if it can be read.
    pub(super) fn add(&mut self, text: &str) {
        if let Ok(module) = parse::parse(text) {
            self.rules.add(&module, text);
        }
    }
}

type Pass = for<'a, 'p> fn(&'a Policy<'p>) -> Edits<'p>;

/// Templates first, since nothing else looks into them; then what concerns the shape of rules, then names, so
/// that the passes on bodies know what each name means. Negation comes last because it moves what the others
/// have written.
const PASSES: [Pass; 10] = [
    passes::template::edits,
    passes::spaced_head::edits,
    passes::chained_bodies::edits,
    passes::bodyless_function::edits,
    passes::import::edits,
    passes::local_name::edits,
    passes::replaced_rule::edits,
    passes::self_index::edits,
    passes::walk::edits,
    passes::negation::edits,
];

/// Rewrites a policy, or tells where it could not be read. Nothing comes back if nothing has to change.
pub(super) fn rewrite(text: &str, version: RegoVersion, known: &Known) -> Result<Option<Rewritten>, Unread> {
    let read = |text: &str| -> Result<Module, Unread> {
        parse::parse(text).map_err(|error| Unread { offset: error.offset })
    };
    let mut module = read(text)?;
    let mut rewritten = Rewritten { text: text.to_owned(), shifts: Vec::new() };
    for pass in PASSES {
        let policy = Policy::new(&rewritten.text, &module, version, &known.rules);
        if let Some((text, shifts)) = pass(&policy).apply() {
            module = read(&text)?;
            rewritten.text = text;
            rewritten.shifts.push(shifts);
        }
    }
    Ok((!rewritten.shifts.is_empty()).then_some(rewritten))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds what a pass makes of rules against what it should make of them.
    pub(super) fn assert_pass(pass: Pass, rules: &str, expected: &str) {
        let text = format!("package main\n{rules}");
        let module = parse::parse(&text).unwrap();
        let mut names = RuleNames::default();
        names.add(&module, &text);
        let policy = Policy::new(&text, &module, RegoVersion::V1, &names);
        let new = pass(&policy).apply().map_or(text.clone(), |(text, _)| text);
        assert_eq!(new, format!("package main\n{expected}"));
        assert_eq!(new.matches('\n').count(), text.matches('\n').count());
    }
}
