//! Which findings of policies a plan brings, and which it finds already there.

use std::collections::HashMap;

use planguard_plan::Change;
use planguard_rego::PolicyFinding;

use crate::finding::Origin;

/// The origin of each finding, in the order of the findings.
pub(super) struct Origins(pub(super) Vec<Origin>);

/// The change of a resource.
pub(super) struct Changed<'p> {
    /// What the plan does.
    pub(super) change: &'p Change<'p>,
    /// Whether somebody changed it outside of Terraform.
    pub(super) is_by_hand: bool,
}

/// What two findings of the same failure have in common, whatever their messages say.
type Place<'f> = (&'f str, &'f str);

impl Origins {
    /// So many findings, all of them new.
    pub(super) fn all_new(count: usize) -> Self {
        Self(vec![Origin::Introduced; count])
    }

    /// Compares the findings on a plan with those on its mirror, in which nothing changes.
    ///
    /// A finding is pre-existing if the mirror has it too. Messages can contain values that the plan changes, so those
    /// of one rule on one resource that differ only in the message count as the same as long as there are no more of
    /// them than on the mirror. An unchanged resource has no new finding unless somebody changed it outside of Terraform,
    /// and a created one no pre-existing one.
    /// Without a resource that the plan has, a finding is new.
    pub(super) fn compared<'p>(
        findings: &[PolicyFinding],
        on_mirror: &[PolicyFinding],
        change_of: impl Fn(&str) -> Option<Changed<'p>>,
    ) -> Self {
        let mut messages: HashMap<(Place<'_>, &str), usize> = HashMap::new();
        let mut others: HashMap<Place<'_>, isize> = HashMap::new();
        for finding in on_mirror {
            let Some(place) = place(finding) else { continue };
            *messages.entry((place, &finding.message)).or_default() += 1;
            *others.entry(place).or_default() += 1;
        }
        let is_same: Vec<bool> = findings
            .iter()
            .map(|finding| {
                let Some(place) = place(finding) else { return false };
                let left = messages.get_mut(&(place, finding.message.as_str())).filter(|left| **left > 0);
                let is_same = left.map(|left| *left -= 1).is_some();
                // A finding with its own counterpart takes that away; any other needs one of those left.
                *others.entry(place).or_default() -= 1;
                is_same
            })
            .collect();
        let origin = |(finding, is_same): (&PolicyFinding, bool)| {
            let Some((place, Changed { change, is_by_hand })) =
                place(finding).and_then(|place| Some((place, change_of(place.1)?)))
            else {
                return Origin::Introduced;
            };
            let has_counterpart = is_same || others.get(&place).is_some_and(|left| *left >= 0);
            match (change.actions.is_no_op(), change.before.is_some()) {
                (true, _) if !is_by_hand => Origin::AlreadyThere,
                (_, true) if has_counterpart => Origin::AlreadyThere,
                (_, _) => Origin::Introduced,
            }
        };
        Self(findings.iter().zip(is_same).map(origin).collect())
    }
}

fn place(finding: &PolicyFinding) -> Option<Place<'_>> {
    Some((finding.rule.as_str(), finding.address.as_deref()?))
}
