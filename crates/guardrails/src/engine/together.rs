//! Ranges of addresses that are the internet only together: its four quarters in one list, or in rules for one port.

use ipnet::IpNet;
use planguard_guardrail_format::{AttributeTest, CidrTest, Predicate, Quantifier, Truth};
use planguard_plan::{Attribute, AttributePath, View};

use super::{Answer, Evaluator, Evidence, cidr, place};
use crate::special_ranges::{addresses, cover_half_the_internet};

/// The ranges in a resource that meet everything else that a predicate asks for.
#[derive(Default)]
struct Ranges {
    nets: Vec<IpNet>,
    /// The first attribute with one of them.
    attribute: Option<AttributePath>,
}

impl Ranges {
    fn join(mut self, other: Self) -> Self {
        self.nets.extend(other.nets);
        self.attribute = self.attribute.or(other.attribute);
        self
    }
}

impl Evaluator<'_, '_> {
    /// The answer that a predicate is true of ranges that cover the internet together and not by themselves; `None` if
    /// there are no such ranges.
    pub(super) fn together(&self, predicate: &Predicate, view: &View<'_, '_>) -> Option<Answer> {
        if !asks_for_anywhere(predicate) {
            return None;
        }
        let ranges = self.ranges(predicate, view)?;
        let path = ranges.attribute?;
        let evidence = Some(Evidence::of(path));
        cover_half_the_internet(ranges.nets.iter().map(addresses))
            .then_some(Answer { evidence, ..Answer::bare(Truth::True) })
    }

    /// The ranges for which a predicate is true if each of them counts as the internet; `None` if it is not true then.
    fn ranges(&self, predicate: &Predicate, view: &View<'_, '_>) -> Option<Ranges> {
        match predicate {
            Predicate::All(all) => all
                .iter()
                .map(|one| self.ranges(one, view))
                .try_fold(Ranges::default(), |joined, ranges| Some(joined.join(ranges?))),
            Predicate::Any(any) => any.iter().filter_map(|one| self.ranges(one, view)).reduce(Ranges::join),
            Predicate::Elements(elements) if elements.quantifier == Quantifier::Some => {
                let members = place::find_first(view, &elements.paths).elements()?;
                members.iter().filter_map(|one| self.ranges(&elements.condition, one)).reduce(Ranges::join)
            }
            Predicate::Attribute(attribute)
                if matches!(attribute.test, AttributeTest::Cidr(CidrTest::Any)) =>
            {
                named(&place::find_first(view, &attribute.paths))
            }
            other => (self.predicate(other, view).truth == Truth::True).then(Ranges::default),
        }
    }
}

/// The ranges that a text or the texts of a list name; `None` if there is none.
fn named(place: &View<'_, '_>) -> Option<Ranges> {
    let nets: Vec<IpNet> = place
        .elements()?
        .iter()
        .filter_map(|element| match element.attribute() {
            Attribute::Known(value) => value.as_str().and_then(cidr::parse),
            Attribute::Unknown | Attribute::Unset => None,
        })
        .collect();
    (!nets.is_empty()).then(|| Ranges { nets, attribute: Some(place.path().clone()) })
}

/// Whether a predicate has a test `cidr = "any"`.
fn asks_for_anywhere(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::All(some) | Predicate::Any(some) => some.iter().any(asks_for_anywhere),
        Predicate::Elements(elements) => asks_for_anywhere(&elements.condition),
        Predicate::Attribute(attribute) => matches!(attribute.test, AttributeTest::Cidr(CidrTest::Any)),
        Predicate::Not(_)
        | Predicate::Document { .. }
        | Predicate::Ports(_)
        | Predicate::Range(_)
        | Predicate::Count(_)
        | Predicate::Companion(_)
        | Predicate::PlanHas { .. }
        | Predicate::Was(_)
        | Predicate::Becomes(_)
        | Predicate::Actions(_) => false,
    }
}
