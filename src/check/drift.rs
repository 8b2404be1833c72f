//! Tells what was changed outside of Terraform and matters: what findings report because the plan keeps it, and what the
//! plan puts back, so that somebody knows that it happened.

use std::collections::BTreeMap;

use planguard_guardrails::change::{self, ChangeFinding};
use planguard_plan::redact::SafeText;

use super::PlanCheck;
use super::guardrails::Drifted;
use crate::report::{Drift, DriftFate};

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
        all.into_values().collect()
    }
}
