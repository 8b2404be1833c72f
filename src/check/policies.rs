//! Evaluates the Rego policies and converts their results to findings.

use planguard_guardrails::effective::ByHand;
use planguard_plan::input::Document;
use planguard_plan::mirrored;
use planguard_plan::problem::Problem;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_rego::{self, PolicyFinding, PolicyInput};
use planguard_rule::Severity;

use super::origins::{Changed, Origins};
use super::{CheckError, PlanCheck};
use crate::cost::policy_input;
use crate::enforcement::{Enforcement, Gate};
use crate::finding::{Certainty, Finding, FindingRule, Location, Origin, RuleKind, Subject};
use crate::report::Notice;

impl PlanCheck<'_> {
    pub(super) fn policies(&mut self, document: &Document) {
        let Some(policies) = &self.rules.policies else { return };
        let name = document.origin().to_string();
        // Where the cost cannot be told, the run is undecided already.
        let cost = if policies.reads_cost() { self.cost() } else { None };
        let written = cost.map(|cost| Ok((policy_input(&cost)?, policy_input(&cost.without_changes())?)));
        let (cost, cost_before) = match written.transpose() {
            Ok(costs) => costs.unzip(),
            Err::<_, serde_json::Error>(_) => {
                self.problem(&CheckError::Internal { plan: name.clone() });
                (None, None)
            }
        };
        let evaluation = policies.evaluate(PolicyInput {
            name: &name,
            text: document.text(),
            plan: Some(self.plan),
            cost: cost.as_deref(),
        });
        self.counts.rules += policies.rule_count();
        self.counts.exceptions +=
            evaluation.exceptions.iter().map(|exception| exception.withheld).sum::<usize>();
        for error in evaluation.errors.iter().chain(&evaluation.diagnostics) {
            // What the engine says may hold any value of the plan.
            self.problems.push(Problem::new(error, Some(self.origin), self.redactor));
        }
        for print in &evaluation.prints {
            self.notices.push(Notice::of(SafeText::fixed("print"), self.redactor.text(print)));
        }
        if !evaluation.not_told.is_empty() {
            let rules = evaluation.not_told.join(", ");
            let message =
                format!("could not tell whether a value known only after apply decides these rules: {rules}");
            self.notices.push(Notice::new("PG-CK-109", &message));
        }
        let origins = match self.options.enforcement.gate {
            Gate::All => Origins::all_new(evaluation.findings.len()),
            Gate::Introduced => {
                // What cannot be evaluated on the mirror has no finding there, so that the plan's findings stay new.
                let by_hand = ByHand::new(self.plan);
                let before = mirrored(document.text(), |address, name| by_hand.has(address, name))
                    .map_or_else(
                        |_| Vec::new(),
                        |text| {
                            let cost = cost_before.as_deref();
                            policies
                                .evaluate(PolicyInput { name: &name, text: &text, plan: None, cost })
                                .findings
                        },
                    );
                Origins::compared(&evaluation.findings, &before, |address| {
                    let resource = self.by_address().first(address)?;
                    let former = resource.previous_address.as_ref().map(ToString::to_string);
                    let names = [Some(address.to_owned()), former];
                    let is_by_hand = names.iter().flatten().any(|name| by_hand.has_some(name));
                    Some(Changed { change: &resource.change, is_by_hand })
                })
            }
        };
        for (found, origin) in evaluation.findings.into_iter().zip(origins.0) {
            self.counts.undetermined += usize::from(found.undetermined);
            let finding = self.policy_finding(found, origin);
            if finding.enforcement != Enforcement::Off {
                self.findings.push(finding);
            }
        }
    }

    fn policy_finding(&self, found: PolicyFinding, origin: Origin) -> Finding {
        let text = |text: &str| self.redactor.text(text);
        // What stands in a rule's METADATA was written before any plan; what a result holds was not.
        let of_rule = |key: &str, value: &str| {
            if found.metadata.contains_key(key) { text(value) } else { Redactor::default().text(value) }
        };
        // The author chose between deny and warn; the severity is only reported.
        let (enforcement, usual) = match found.kind {
            planguard_rego::RuleKind::Deny | planguard_rego::RuleKind::Violation => {
                (Enforcement::Deny, Severity::Medium)
            }
            planguard_rego::RuleKind::Warn => (Enforcement::Warn, Severity::Low),
        };
        let id = planguard_rego::rule_id(&found.rule);
        let set = self.rules.overrides.of(&id);
        let severity = set.and_then(|set| set.severity).unwrap_or_else(|| found.severity.unwrap_or(usual));
        let enforcement = set.and_then(|set| set.enforcement).map_or(enforcement, Enforcement::from);
        let certainty = if found.undetermined { Certainty::DependsOnUnknown } else { Certainty::Certain };
        let enforcement = self.options.enforcement.applied_to(enforcement, severity, certainty, origin);
        let is_read = |key: &str| key == "query" || key == "undetermined" && found.undetermined;
        let metadata = found.metadata.iter().filter(|(key, _)| !is_read(key)).map(|(key, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            (self.redactor.key(key), text(&value))
        });
        let subject = found.address.as_deref().map(|address| {
            self.by_address().first(address).map_or_else(
                || Subject { address: text(address), deposed: None, actions: None },
                |change| self.subject(change),
            )
        });
        let change = found.address.as_deref().and_then(|address| self.by_address().first(address));
        let source = change.and_then(|change| self.place(change, None));
        let docs_key = if found.metadata.contains_key("docs") { "docs" } else { "url" };
        let remediation = found.remediation.as_deref().map(|remediation| of_rule("remediation", remediation));
        let docs = found.docs.as_deref().map(|docs| of_rule(docs_key, docs));
        let remediation = match (remediation, docs) {
            (Some(remediation), Some(docs)) => {
                let (open, close) = (SafeText::fixed(" ("), SafeText::fixed(")"));
                Some(SafeText::concat([&remediation, &open, &docs, &close]))
            }
            (remediation, docs) => remediation.or(docs),
        };
        // Where several values decide, the first stands for them.
        let waits_for = found.waits_for.first();
        let message = match waits_for {
            // Without what it depends on, nothing else in the report says why.
            Some(value) if value.depends_on.is_empty() => SafeText::concat([
                &text(&format!("possibly: {} (`", found.message)),
                &self.redactor.path(&value.path),
                &SafeText::fixed("` is known only after apply)"),
            ]),
            Some(_) => text(&format!("possibly: {}", found.message)),
            None => text(&found.message),
        };
        // The configuration's own names.
        let mut depends_on: Vec<SafeText> = found
            .waits_for
            .iter()
            .flat_map(|waits_for| &waits_for.depends_on)
            .map(|reference| Redactor::default().text(reference))
            .collect();
        depends_on.sort();
        depends_on.dedup();
        let read_at = waits_for.and_then(|waits_for| waits_for.read_at.as_ref());
        Finding {
            rule: FindingRule {
                id: Redactor::default().text(&id),
                title: found.title.as_deref().map(|title| of_rule("title", title)),
                kind: RuleKind::Policy,
                category: None,
            },
            severity,
            enforcement,
            certainty,
            origin,
            subject,
            attribute: waits_for.map(|waits_for| self.redactor.path(&waits_for.path)),
            value: None,
            before: None,
            depends_on,
            message,
            remediation,
            location: found
                .location
                .as_ref()
                .or(read_at)
                .map(|location| Location { file: text(&location.file), line: location.line }),
            source: source.map(Box::new),
            metadata: metadata.collect(),
            waiver: None,
            approved_by: Vec::new(),
            cause: None,
            shares: Vec::new(),
        }
    }
}
