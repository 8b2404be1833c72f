//! Runs the change guards.

use std::collections::BTreeMap;

use planguard_guardrails::change::{
    AttributeRole, ChangeFinding, ChangeGuard, Changes, DRIFT_GUARD, GUARDS, OUTSIDE_GUARD, shifts,
};
use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{AttributePath, PathStep};
use planguard_threads::{self as threads, Stack};

use super::{OnDrift, PlanCheck, Usual};
use crate::enforcement::Enforcement;
use crate::finding::{
    Cause, CauseKind, Certainty, Finding, FindingRule, Origin, RuleKind, Subject, text_of_rule,
};

/// From this many resource changes on, guards are divided among threads: each looks at all of them.
const LARGE: usize = 1_000;

impl PlanCheck<'_> {
    pub(super) fn changes(&mut self) {
        let guards: Vec<_> =
            GUARDS.iter().filter(|guard| self.rules.packs.contains(&guard.info.pack)).collect();
        self.counts.rules += guards.len();
        let (plan, options) = (Changes::new(self.plan), &self.options.change);
        // Each share is one unit of work for a thread; a small plan is a single one, so that none is started.
        let share = if plan.resource_changes.len() < LARGE { guards.len().max(1) } else { 1 };
        let shares: Vec<_> = guards.chunks(share).collect();
        let found = threads::map(&shares, Stack::Plan, |guards| {
            guards.iter().map(|guard| guard.findings(&plan, options)).collect::<Vec<_>>()
        });
        let shifts: BTreeMap<String, String> = shifts(self.plan)
            .into_iter()
            .flat_map(|shift| {
                let block = shift.block;
                shift.objects.into_iter().map(move |object| (object.to_string(), block.clone()))
            })
            .collect();
        for (guard, found) in guards.into_iter().zip(found.into_iter().flatten()) {
            found.into_iter().for_each(|found| self.change(guard, found, &shifts));
        }
    }

    /// Whether a guardrail reports the same, as strictly: what was changed outside of Terraform in an attribute of an
    /// object.
    fn is_reported(&self, guard: &ChangeGuard, found: &ChangeFinding, enforcement: Enforcement) -> bool {
        let attribute = found.attribute.as_ref().and_then(AttributePath::first_key);
        guard.info.id == DRIFT_GUARD
            && found.address.as_ref().zip(attribute).is_some_and(|(address, attribute)| {
                let reported = self.drifted.get(&(address.to_string(), attribute.to_owned()));
                reported.is_some_and(|reported| *reported <= enforcement)
            })
    }

    /// The remedy of a guard that wants an attribute as it was, with its name and its value. A block is more than a value.
    fn set_again(&self, guard: &ChangeGuard, path: &AttributePath, before: &SafeText) -> Option<SafeText> {
        let rest = guard.info.remediation.strip_prefix("Set the attribute to its previous value")?;
        // What the guard says of keys is no matter of a switch.
        let names_key = path.last_key().is_some_and(|name| name.contains("key") || name.contains("kms"));
        let rest = if rest.starts_with(". To change a key") && !names_key { "." } else { rest };
        let is_value = !before.unescaped().starts_with(['[', '{', '(']);
        // An expression of the configuration has no position of a block that occurs once.
        let steps = path.0.iter().filter(|step| matches!(step, PathStep::Key(_))).cloned().collect();
        let attribute = self.redactor.path(&AttributePath(steps));
        is_value.then(|| {
            let parts = [SafeText::fixed("Set `"), attribute, SafeText::fixed(" = "), before.clone()];
            let end = Redactor::default().text(&format!("` again{rest}"));
            SafeText::concat(parts.iter().chain([&end]))
        })
    }

    /// `shifts` has the `count` list whose objects change places, by the addresses of the objects.
    fn change(&mut self, guard: &ChangeGuard, found: ChangeFinding, shifts: &BTreeMap<String, String>) {
        self.counts.undetermined += usize::from(found.certainty == Certainty::DependsOnUnknown);
        // A change is always new.
        let origin = Origin::Introduced;
        let own = found.severity.unwrap_or(guard.info.severity);
        let (severity, mut enforcement) =
            self.effect(&guard.info, own, found.certainty, origin, Usual::BySeverity);
        if guard.info.id == OUTSIDE_GUARD
            && self.options.drift == OnDrift::Deny
            && self.rules.overrides.of(&guard.info.id).is_none_or(|set| set.enforcement.is_none())
        {
            enforcement = Enforcement::Deny;
        }
        if enforcement == Enforcement::Off || self.is_reported(guard, &found, enforcement) {
            return;
        }
        let change = found
            .address
            .as_ref()
            .and_then(|address| self.by_address().object(&address.to_string(), found.deposed.as_deref()));
        let values = change.zip(found.attribute.as_ref()).map(|(change, path)| self.values(change, path));
        let values = values.unwrap_or_default();
        let source = change.and_then(|change| self.place(change, found.attribute.as_ref()));
        let shift = found.address.as_ref().and_then(|address| shifts.get(&address.to_string()));
        let is_wrong = |path: &&AttributePath| found.role == AttributeRole::Wrong && !path.is_empty();
        let of_attribute = found.attribute.as_ref().filter(is_wrong).map(|path| Cause {
            kind: match found.certainty {
                Certainty::Certain => CauseKind::Attribute,
                Certainty::DependsOnUnknown => CauseKind::Unknown { unreadable: None },
            },
            place: path.clone(),
            attribute: Some(path.clone()),
            ports: None,
        });
        let of_shift = shift.map(|block| Cause {
            kind: CauseKind::Shift(block.clone()),
            place: AttributePath::default(),
            attribute: None,
            ports: None,
        });
        let cause = of_shift.or(of_attribute);
        let remediation = match (&found.remedy, &found.attribute, &values.before) {
            (Some(remedy), _, _) => Some(Redactor::default().text(remedy)),
            (None, Some(path), Some(before)) => self.set_again(guard, path, before),
            (None, _, _) => None,
        };
        let remediation = remediation.unwrap_or_else(|| text_of_rule(&guard.info.remediation));
        let subject = found.address.map(|address| {
            change.map_or_else(
                || Subject { address: SafeText::address(&address), deposed: None, actions: None },
                |change| self.subject(change),
            )
        });
        self.findings.push(Finding {
            rule: FindingRule::new(&guard.info, RuleKind::Change),
            severity,
            enforcement,
            certainty: found.certainty,
            origin,
            subject,
            attribute: found.attribute.map(|path| self.redactor.path(&path)),
            value: values.after,
            before: values.before,
            depends_on: Vec::new(),
            message: self.redactor.sentence(&found.message),
            remediation: Some(remediation),
            location: None,
            source: source.map(Box::new),
            metadata: Vec::new(),
            waiver: None,
            approved_by: Vec::new(),
            cause,
            shares: Vec::new(),
        });
    }
}

#[cfg(test)]
mod tests {
    use planguard_plan::input::Document;

    use crate::check::{CheckOptions, Rules, check_document};

    /// The remedies of a rule for a changed object.
    fn remedies(rule: &str, address: &str, before: &str, after: &str) -> Vec<String> {
        let text = format!(
            r#"{{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {{}},
                "resource_changes": [{{"address": "{address}", "change": {{"actions": ["update"], "before": {before},
                    "after": {after}, "after_unknown": {{}}}}}}]}}"#
        );
        let document = Document::from_text("plan", text).unwrap();
        let plan = check_document(&document, &Rules::default(), &CheckOptions::default()).plan.unwrap();
        let found = plan.findings.iter().filter(|finding| finding.rule.id.unescaped() == rule);
        found.filter_map(|finding| Some(finding.remediation.as_ref()?.unescaped().to_owned())).collect()
    }

    #[test]
    fn the_remedy_names_the_attribute_and_its_value() {
        let kms = |on: bool| format!(r#"{{"enable_key_rotation": {on}}}"#);
        assert_eq!(
            remedies("change-hardening-off", "aws_kms_key.a", &kms(true), &kms(false)),
            ["Set `enable_key_rotation = true` again."]
        );
        let connector = |word: &str| {
            format!(r#"{{"kafka_cluster_encryption_in_transit": [{{"encryption_type": "{word}"}}]}}"#)
        };
        let (before, after) = (connector("TLS"), connector("PLAINTEXT"));
        assert_eq!(
            remedies("change-encryption-off", "aws_mskconnect_connector.a", &before, &after),
            ["Set `kafka_cluster_encryption_in_transit.encryption_type = \"TLS\"` again."]
        );
        assert_eq!(
            remedies(
                "change-encryption-off",
                "aws_sns_topic.a",
                r#"{"kms_master_key_id": "alias/a"}"#,
                r#"{"kms_master_key_id": null}"#
            ),
            [
                "Set `kms_master_key_id = \"alias/a\"` again. To change a key, name the new key instead of disabling encryption."
            ]
        );
    }
}
