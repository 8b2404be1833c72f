//! Tells what was changed outside of Terraform and matters: what findings report because the plan keeps it, and what the
//! plan puts back, so that somebody knows that it happened.

use std::collections::{BTreeMap, BTreeSet};

use planguard_guardrails::change::{self, ChangeFinding, ChangedOutside, Fate, OutsideChange};
use planguard_plan::redact::SafeText;

use super::PlanCheck;
use super::guardrails::Drifted;
use crate::report::{Drift, DriftFate};
use crate::show::Outside;

/// What change guards say behind such a finding; the section says it for all.
const OUTSIDE: &str = " (changed outside of Terraform)";

impl PlanCheck<'_> {
    /// The drift of the plan, what it keeps first.
    pub(super) fn drift(&self) -> Vec<Drift> {
        let change::Drift { kept, restored } = change::drift(self.plan);
        let mut all: BTreeMap<(DriftFate, Drifted), Drift> = BTreeMap::new();
        let mut add = |became: DriftFate, found: ChangeFinding| {
            let Some(address) = found.address else { return };
            let key =
                found.attribute.as_ref().and_then(|path| path.first_key()).unwrap_or_default().to_owned();
            let drift = Drift {
                attribute: found.attribute.as_ref().map(|path| self.redactor.path(path)),
                message: self.redactor.sentence(&found.message.replace(OUTSIDE, "")),
                address: SafeText::address(&address),
                became,
            };
            all.entry((became, (address.to_string(), key))).or_insert(drift);
        };
        kept.into_iter().for_each(|found| add(DriftFate::Kept, found));
        restored.into_iter().for_each(|found| add(DriftFate::PutBack, found));
        // What guardrails found about other attributes.
        let of_guardrails = self.drifted.keys().map(|drifted| (DriftFate::Kept, drifted, None));
        let put_back = self.put_back.iter().map(|(drifted, said)| (DriftFate::PutBack, drifted, Some(said)));
        for (became, drifted, said) in of_guardrails.chain(put_back) {
            let (address, attribute) = drifted;
            let (address, attribute) = (self.redactor.text(address), self.redactor.key(attribute));
            let changed = || {
                let parts =
                    [&address, &SafeText::fixed(" was changed: `"), &attribute, &SafeText::fixed("`")];
                SafeText::concat(parts)
            };
            all.entry((became, drifted.clone())).or_insert_with(|| Drift {
                message: said.cloned().unwrap_or_else(changed),
                attribute: Some(attribute.clone()),
                address: address.clone(),
                became,
            });
        }
        let mut all: Vec<Drift> = all.into_values().collect();
        let told: BTreeSet<SafeText> = all.iter().map(|drift| drift.address.clone()).collect();
        let unplanned =
            change::changed_outside(self.plan).into_iter().filter_map(|object| self.unplanned(&object));
        all.extend(unplanned.filter(|drift| !told.contains(&drift.address)));
        all
    }

    /// An object that was changed outside of Terraform and that the plan says nothing of, so that only this tells of it.
    fn unplanned(&self, object: &ChangedOutside<'_>) -> Option<Drift> {
        let address = SafeText::address(&object.drift.address);
        let what = match &object.what {
            OutsideChange::Deleted(fate) => {
                (*fate == Fate::Unplanned).then(|| SafeText::fixed(" was deleted"))?
            }
            OutsideChange::Attributes(attributes) => {
                let names = attributes.iter().filter(|(_, fate)| *fate == Fate::Unplanned);
                let mut parts = vec![SafeText::fixed(" was changed: ")];
                for (position, (name, _)) in names.enumerate() {
                    parts.push(SafeText::fixed(if position == 0 { "`" } else { ", `" }));
                    parts.push(self.redactor.key(name));
                    parts.push(SafeText::fixed("`"));
                }
                (parts.len() > 1).then(|| SafeText::concat(&parts))?
            }
        };
        Some(Drift {
            message: SafeText::concat([&address, &what]),
            attribute: None,
            address,
            became: DriftFate::Unplanned,
        })
    }

    /// How many objects were changed outside of Terraform: what the report tells, and what `planguard show` lists.
    pub(super) fn changed_outside(&self, told: &[Drift]) -> usize {
        let outside = Outside::of(self.plan, self.redactor);
        let listed = outside.relevant.iter().chain(&outside.others).map(|drifted| &drifted.address);
        told.iter().map(|drift| &drift.address).chain(listed).collect::<BTreeSet<_>>().len()
    }
}
