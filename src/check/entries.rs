//! Counts which entries of a file of prices and of `ignore-drift` are for something in the plans of a run, and tells of the
//! others: each may be a slip of the pen.

use planguard_cost::AppliedPrice;

use crate::report::Notice;

/// What the plans of a run used.
#[derive(Debug, Default)]
pub(super) struct UsedEntries {
    /// The entries of the file of prices, with the number of objects; none if no plan was priced with it.
    pub(super) own_prices: Vec<AppliedPrice>,
    /// Whether each entry of `ignore-drift` names something that a plan has.
    pub(super) may_drift: Vec<bool>,
}

/// The most entries that are named.
const MOST: usize = 3;

impl UsedEntries {
    /// Adds those of another plan.
    pub(super) fn add(&mut self, other: Self) {
        if self.own_prices.is_empty() {
            self.own_prices = other.own_prices;
        } else {
            for (own, other) in self.own_prices.iter_mut().zip(other.own_prices) {
                own.resources += other.resources;
            }
        }
        if self.may_drift.is_empty() {
            self.may_drift = other.may_drift;
        } else {
            for (own, other) in self.may_drift.iter_mut().zip(other.may_drift) {
                *own |= other;
            }
        }
    }

    /// What is told of the entries that are for nothing.
    pub(super) fn notices(&self, ignore_drift: &[String]) -> Vec<Notice> {
        let prices: Vec<&str> = self
            .own_prices
            .iter()
            .filter(|entry| entry.resources == 0)
            .map(|entry| entry.text.as_str())
            .collect();
        let drift: Vec<&str> = ignore_drift
            .iter()
            .zip(&self.may_drift)
            .filter(|(_, may_drift)| !**may_drift)
            .map(|(entry, _)| entry.as_str())
            .collect();
        let told = [
            notice("PG-CO-104", "of the file of prices", "for no object of this run", &prices),
            notice("PG-CK-110", "of `ignore-drift`", "for no object or attribute of this run", &drift),
        ];
        told.into_iter().flatten().collect()
    }
}

fn notice(code: &'static str, of: &str, what: &str, unused: &[&str]) -> Option<Notice> {
    let number = unused.len();
    let mut named: Vec<&str> = unused.iter().take(MOST).copied().collect();
    let more = format!("{} more", number.saturating_sub(MOST));
    if number > MOST {
        named.push(&more);
    }
    let entries = if number == 1 { "1 entry" } else { &format!("{number} entries") };
    let verb = if number == 1 { "is" } else { "are" };
    let message = format!("{entries} {of} {verb} {what}: {}", named.join("; "));
    (number > 0).then(|| Notice::new(code, &message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(resources: &[usize], may_drift: &[bool]) -> UsedEntries {
        let entry = |(position, resources): (usize, &usize)| AppliedPrice {
            text: format!("aws_{position}: $1 an hour"),
            note: None,
            resources: *resources,
        };
        UsedEntries {
            own_prices: resources.iter().enumerate().map(entry).collect(),
            may_drift: may_drift.to_vec(),
        }
    }

    #[test]
    fn an_entry_that_no_plan_uses_is_told() {
        let mut all = used(&[0, 1, 0], &[false, true]);
        all.add(used(&[], &[false, false]));
        all.add(used(&[2, 0, 0], &[false, false]));
        let patterns = ["aws_x.a", "aws_y.b"].map(str::to_owned);
        let told: Vec<String> = all
            .notices(&patterns)
            .iter()
            .map(|notice| format!("{} {}", notice.code.unescaped(), notice.message.unescaped()))
            .collect();
        assert_eq!(
            told,
            [
                "PG-CO-104 1 entry of the file of prices is for no object of this run: aws_2: $1 an hour",
                "PG-CK-110 1 entry of `ignore-drift` is for no object or attribute of this run: aws_x.a",
            ]
        );
        assert!(used(&[1], &[true]).notices(&patterns).is_empty());
    }
}
