//! Runs the guardrails that judge the change itself.

use planguard_guardrails::change::{ChangeFinding, ChangeGuard, GUARDS};

use super::PlanCheck;
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, FindingRule, Origin, RuleKind, Subject, text_of_rule};

impl PlanCheck<'_> {
    pub(super) fn changes(&mut self) {
        for guard in GUARDS.iter().filter(|guard| self.rules.packs.contains(&guard.info.pack)) {
            self.counts.rules += 1;
            for found in (guard.check)(self.plan, &self.options.change) {
                self.change(guard, found);
            }
        }
    }

    fn change(&mut self, guard: &ChangeGuard, found: ChangeFinding) {
        self.counts.undetermined += usize::from(found.certainty == Certainty::DependsOnUnknown);
        // A change is what this plan brings, by its nature.
        let origin = Origin::Introduced;
        let enforcement = self.options.enforcement.of(guard.info.severity, found.certainty, origin);
        if enforcement == Enforcement::Off {
            return;
        }
        let subject = found.address.map(|address| {
            let address = address.to_string();
            let change = self.by_address().object(&address, found.deposed.as_deref());
            change.map_or_else(
                || Subject { address: self.redactor.text(&address), deposed: None, actions: None },
                |change| self.subject(change),
            )
        });
        self.findings.push(Finding {
            rule: FindingRule::new(&guard.info, RuleKind::Change),
            severity: guard.info.severity,
            enforcement,
            certainty: found.certainty,
            origin,
            subject,
            attribute: found.attribute.map(|path| self.redactor.text(&path.to_string())),
            value: None,
            depends_on: Vec::new(),
            message: self.redactor.text(&found.message),
            remediation: Some(text_of_rule(&guard.info.remediation)),
            location: None,
            metadata: Vec::new(),
        });
    }
}
