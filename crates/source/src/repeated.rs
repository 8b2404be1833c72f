//! Decides which of several blocks, or of several objects in a list, became an element of the plan's list.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::Value;
use planguard_schemas::{Attribute, Block as Schema, Nesting};

use crate::body::{Block, Expression};
use crate::compare::{Comparison, Content};

/// Pairs of candidates and elements that are compared.
const MAX_PAIRS: usize = 10_000;

/// Something that makes one element, or any number of them.
#[derive(Debug)]
pub(crate) struct Candidate<'c> {
    makes: Makes,
    /// `None` if nothing is known about it.
    content: Option<Content<'c>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Makes {
    One,
    Any,
}

/// All that makes elements of one list or set, in the order of the file.
#[derive(Debug)]
pub(crate) struct Candidates<'c> {
    pub(crate) all: Vec<Candidate<'c>>,
    /// How the elements are held; `None` if no schema says.
    pub(crate) nesting: Option<Nesting>,
    /// The schema of an element.
    pub(crate) schema: Option<Schema>,
    pub(crate) otherwise: Otherwise,
    pub(crate) values: Values,
}

/// Where the values of a resource in the plan come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    /// From the configuration.
    Configuration,
    /// Some may come from the state, because `ignore_changes` keeps them.
    Mixed,
}

/// What a list has if nothing makes an element of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// Nothing.
    Empty,
    /// What the provider knows: some attributes can be written as blocks.
    Computed,
}

impl Otherwise {
    pub(crate) fn of(attribute: Option<&Attribute>) -> Self {
        match attribute {
            Some(attribute) if attribute.may_be_computed() => Self::Computed,
            Some(_) | None => Self::Empty,
        }
    }
}

impl<'c> Candidate<'c> {
    pub(crate) fn of_block(block: &'c Block) -> Self {
        let makes = if block.is_dynamic() { Makes::Any } else { Makes::One };
        Self { makes, content: block.content().map(Content::Body) }
    }

    pub(crate) fn of_value(value: &'c Expression) -> Self {
        let content = match value {
            Expression::Object(members) => Some(Content::Object(members)),
            Expression::Null
            | Expression::Bool(_)
            | Expression::Number(_)
            | Expression::Text(_)
            | Expression::List(_)
            | Expression::Reference(_)
            | Expression::Other => None,
        };
        Self { makes: Makes::One, content }
    }
}

/// The position of the candidate that made an element of the plan; `None` if that is not certain. `elements` is the
/// plan's list, if it is known.
pub(crate) fn choose(
    candidates: &Candidates<'_>,
    position: usize,
    elements: Option<&[Value<'_>]>,
) -> Option<usize> {
    // A list that is known only after apply has no elements here.
    let elements = elements.filter(|elements| !elements.is_empty());
    if elements.is_some_and(|elements| position >= elements.len()) {
        return None;
    }
    match candidates.all.as_slice() {
        [Candidate { makes: Makes::Any, .. }] => {
            let elements = elements.unwrap_or_default();
            let made = Made { candidates, elements, comparison: Comparison::strict(candidates.schema) };
            let fits = elements.get(position).is_none_or(|element| made.fits(0, element));
            (candidates.otherwise == Otherwise::Empty || fits).then_some(0)
        }
        [Candidate { makes: Makes::One, .. }] => {
            (position == 0 && elements.is_none_or(|elements| elements.len() == 1)).then_some(0)
        }
        _ => {
            let elements = elements?;
            let made = Made { candidates, elements, comparison: candidates.comparison(elements)? };
            let by_order = match candidates.nesting {
                Some(Nesting::List) if made.are_in_order() => candidates.by_order(position, elements.len()),
                Some(Nesting::List | Nesting::Set | Nesting::Map | Nesting::Single) | None => None,
            };
            by_order.or_else(|| made.by_content(position))
        }
    }
}

impl<'c> Candidates<'c> {
    /// Compares with elements; `None` if they have values that nobody wrote there.
    fn comparison(&self, elements: &[Value<'_>]) -> Option<Comparison<'c>> {
        let contents = self.all.iter().enumerate();
        let contents = contents.filter_map(|(at, candidate)| Some((at, candidate.content?)));
        let comparison = Comparison::of(self.schema, contents, elements);
        match self.values {
            Values::Mixed if comparison.has_rewritten() => None,
            Values::Mixed | Values::Configuration => Some(comparison),
        }
    }

    /// By position: from the front before the first candidate that makes any number, from the end behind the last one,
    /// and between them if there is only one such candidate.
    fn by_order(&self, position: usize, count: usize) -> Option<usize> {
        let is_any = |candidate: &Candidate<'_>| candidate.makes == Makes::Any;
        let Some(first) = self.all.iter().position(is_any) else {
            return (count == self.all.len()).then_some(position);
        };
        let last = self.all.iter().rposition(is_any)?;
        let ones = self.all.iter().filter(|candidate| !is_any(candidate)).count();
        if count < ones {
            return None;
        }
        if position < first {
            return Some(position);
        }
        let behind = self.all.len() - 1 - last;
        let from_end = count.checked_sub(position + 1)?;
        if from_end < behind {
            return Some(self.all.len() - 1 - from_end);
        }
        (first == last).then_some(first)
    }
}

/// Candidates, and the elements that they made.
struct Made<'m, 'c, 'v> {
    candidates: &'m Candidates<'c>,
    elements: &'m [Value<'v>],
    comparison: Comparison<'c>,
}

impl Made<'_, '_, '_> {
    /// Whether no element speaks against the order of the file. The plan may come from a release of the provider that
    /// holds a set, or its values from the state, because changes are ignored.
    fn are_in_order(&self) -> bool {
        self.elements.iter().enumerate().all(|(position, element)| {
            let by_order = self.candidates.by_order(position, self.elements.len());
            by_order.is_none_or(|at| self.fits(at, element))
        })
    }

    /// By content: the only candidate that can have made the element. If some candidate fits no element, or some element
    /// no candidate, then the provider has changed values, and nothing is certain.
    fn by_content(&self, position: usize) -> Option<usize> {
        let (all, elements) = (&self.candidates.all, self.elements);
        // Comparing all with all takes too long beyond any reasonable number.
        if all.len() * elements.len() > MAX_PAIRS {
            return None;
        }
        let fits: Fits = elements
            .iter()
            .map(|element| (0..all.len()).filter(|at| self.fits(*at, element)).collect())
            .collect();
        let one_each =
            all.len() == elements.len() && all.iter().all(|candidate| candidate.makes == Makes::One);
        let can_have_made = |at: usize| {
            let others = |(element, fitting): (usize, &Vec<usize>)| {
                let others = fitting.iter().copied().filter(|other| *other != at);
                if element == position { vec![at] } else { others.collect() }
            };
            !one_each || all_pair_up(&fits.iter().enumerate().map(others).collect())
        };
        let every_candidate = all.iter().enumerate().all(|(at, candidate)| {
            candidate.makes == Makes::Any || fits.iter().any(|fitting| fitting.contains(&at))
        });
        let every_element = fits.iter().all(|fitting| !fitting.is_empty());
        if !every_candidate || !every_element {
            return None;
        }
        let mut possible = fits.get(position)?.iter().copied().filter(|at| can_have_made(*at));
        let only = possible.next()?;
        possible.next().is_none().then_some(only)
    }

    /// Whether nothing speaks against it that a candidate made an element.
    fn fits(&self, at: usize, element: &Value<'_>) -> bool {
        let content = self.candidates.all.get(at).and_then(|candidate| candidate.content);
        content.is_none_or(|content| !self.comparison.contradicts(at, content, element))
    }
}

/// For each element, the candidates that fit it.
type Fits = Vec<Vec<usize>>;

/// Whether every element can have a candidate of its own (a perfect matching, by augmenting paths).
fn all_pair_up(fits: &Fits) -> bool {
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    (0..fits.len()).all(|element| pair(element, fits, &mut taken, &mut BTreeSet::new()))
}

/// Gives an element a candidate; others that have theirs take another if they can.
fn pair(
    element: usize,
    fits: &Fits,
    taken: &mut BTreeMap<usize, usize>,
    visited: &mut BTreeSet<usize>,
) -> bool {
    fits.get(element).into_iter().flatten().any(|candidate| {
        if !visited.insert(*candidate) {
            return false;
        }
        let is_free = match taken.get(candidate).copied() {
            None => true,
            Some(other) => pair(other, fits, taken, visited),
        };
        if is_free {
            taken.insert(*candidate, element);
        }
        is_free
    })
}

#[cfg(test)]
mod tests;
