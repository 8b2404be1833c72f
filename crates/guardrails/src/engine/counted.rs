//! How many elements a list has, or how many of them meet a condition.

use planguard_guardrail_format::{CountPredicate, CountTest, Truth};
use planguard_plan::{Attribute, View};

use super::{Answer, Evaluator, place};

impl Evaluator<'_, '_> {
    pub(super) fn counted(&self, count: &CountPredicate, view: &View<'_, '_>) -> Answer {
        let list = place::find_first(view, &count.paths);
        let Some(members) = list.elements() else {
            return Answer::at(count.unknown.unwrap_or(Truth::Unknown), &list);
        };
        if let (Attribute::Unset, Some(unset)) = (list.attribute(), count.unset) {
            return Answer::at(unset, &list).of_unset();
        }
        if list.is_left_to_provider() {
            return Answer::at(count.unknown.unwrap_or(Truth::Unknown), &list);
        }
        let (mut certain, mut open) = (0.0, 0.0);
        for member in &members {
            let counts = match &count.condition {
                Some(condition) => self.predicate(condition, member).truth,
                None => Truth::True,
            };
            match counts {
                Truth::True => certain += 1.0,
                Truth::Unknown => open += 1.0,
                Truth::False => {}
            }
        }
        let truth = match (holds(count.test, certain), holds(count.test, certain + open)) {
            (fewest, most) if fewest == most && !is_between(count.test, certain, certain + open) => {
                Truth::of(fewest)
            }
            _ => count.unknown.unwrap_or(Truth::Unknown),
        };
        let answer = Answer::at(truth, &list);
        if members.is_empty() { answer.of_unset() } else { answer }
    }
}

fn holds(test: CountTest, number: f64) -> bool {
    match test {
        CountTest::Is(wanted) => (number - wanted).abs() < 0.5,
        CountTest::AtLeast(bound) => number >= bound,
        CountTest::AtMost(bound) => number <= bound,
    }
}

/// Whether the number that is wanted is between the fewest and the most that there can be, and is neither.
fn is_between(test: CountTest, fewest: f64, most: f64) -> bool {
    matches!(test, CountTest::Is(wanted) if fewest < wanted && wanted < most)
}
