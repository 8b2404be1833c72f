//! Recognizes a finding from run to run: by its rule, its resource and its attribute, and by no value.

use std::collections::BTreeMap;

use planguard_plan::redact::SafeText;
use planguard_rule::RuleKind;
use sha2::{Digest as _, Sha256};

use crate::finding::Finding;

/// The fingerprints of findings that are met one after the other. Of several findings that are about the same, each has
/// its own.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints {
    seen: BTreeMap<String, usize>,
}

impl Fingerprints {
    /// The fingerprint of the next finding, as hexadecimal.
    pub(crate) fn next(&mut self, finding: &Finding) -> String {
        let identity = identity(finding);
        let occurrence = self.seen.entry(identity.clone()).or_default();
        let text = format!("{identity}\0{occurrence}");
        *occurrence += 1;
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What a finding is about, without lines, which move, and without the plan's file, whose name often is a temporary
/// one. A policy's rule reports several things of one resource, and only the message tells them apart.
fn identity(finding: &Finding) -> String {
    let text = |text: Option<&SafeText>| text.map(SafeText::unescaped).unwrap_or_default().to_owned();
    let subject = finding.subject.as_ref();
    let message = match finding.rule.kind {
        RuleKind::Policy => finding.message.unescaped(),
        RuleKind::Guardrail | RuleKind::Change => "",
    };
    [
        finding.rule.id.unescaped(),
        &text(subject.map(|subject| &subject.address)),
        &text(subject.and_then(|subject| subject.deposed.as_ref())),
        &text(finding.attribute.as_ref()),
        message,
    ]
    .join("\0")
}
